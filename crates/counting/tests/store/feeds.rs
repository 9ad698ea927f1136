//! How far a log of batches has been read, in the transaction that adds what was read.

use std::collections::BTreeMap;

use tidemark_counting::sql::feeds::{Feed, Place as ReadTo};
use tidemark_counting::{ArticleId, Hour};
use tidemark_store::clock::Millis;

use super::*;

fn feed(cluster_id: &str) -> Feed {
    Feed { cluster_id: cluster_id.into(), topic: "views".into(), part: 0 }
}

fn read_to(next_offset: i64, last_batch: &str) -> ReadTo {
    ReadTo { next_offset, last_batch: last_batch.into() }
}

/// A batch of this name with these views of article 1.
fn batch(id: &str, views: i64) -> Batch {
    Batch { id: id.into(), views: BTreeMap::from([((ArticleId(1), Hour(500_000)), views)]) }
}

async fn views(ledger: &Ledger) -> i64 {
    let (_, totals) = ledger.totals_and_applied(&[ArticleId(1)], &[]).await.unwrap();
    totals.get(&ArticleId(1)).copied().unwrap_or(0)
}

#[test]
fn c5_a_place_moves_with_what_was_added_and_only_from_where_it_is() {
    runtime().block_on(async {
        let ledger = open_ledger(&SqlServer::shared().new_database()).await;
        let (feed, start) = (feed("one"), ReadTo::default());
        assert_eq!(ledger.place(&feed).await.unwrap(), start);
        let advance = async |from: &ReadTo, to: &ReadTo, batches| {
            ledger.advance(&feed, from, to, batches, Millis(0)).await.unwrap()
        };
        let first = read_to(2, "b");
        let applied = advance(&start, &first, vec![batch("a", 3), batch("b", 4)]).await.unwrap();
        assert_eq!((applied.batches, applied.views, applied.known), (2, 7, 0));
        assert_eq!(ledger.place(&feed).await.unwrap(), first);
        // Whoever starts from elsewhere adds nothing.
        for from in [start.clone(), read_to(2, "a"), read_to(1, "b")] {
            assert_eq!(advance(&from, &read_to(3, "c"), vec![batch("c", 1)]).await, None);
        }
        assert_eq!((views(&ledger).await, ledger.place(&feed).await.unwrap()), (7, first.clone()));
        // Known batches are skipped, one that comes twice among them. The first of a name counts.
        let again = vec![batch("b", 9), batch("c", 1), batch("c", 50), batch("a", 3)];
        let applied = advance(&first, &first, again).await.unwrap();
        assert_eq!((applied.batches, applied.views, applied.known), (1, 1, 3));
        // Every log has a place of its own.
        let other = Feed { cluster_id: "two".into(), ..feed.clone() };
        let applied =
            ledger.advance(&other, &start, &read_to(1, "a"), vec![batch("a", 3)], Millis(0)).await;
        assert_eq!(applied.unwrap().unwrap().known, 1);
        assert_eq!((views(&ledger).await, ledger.place(&feed).await.unwrap()), (8, first));
    });
}

#[test]
fn c5_of_readers_at_the_same_time_one_adds_and_moves_on() {
    runtime().block_on(async {
        let ledger = open_ledger(&SqlServer::shared().new_database()).await;
        let feed = feed("one");
        let mut from = ReadTo::default();
        for round in 0..5 {
            let id = format!("batch-{round}");
            let to = read_to(round + 1, &id);
            let readers =
                (0..4).map(|_| ledger.advance(&feed, &from, &to, vec![batch(&id, 1)], Millis(0)));
            let added = futures_util::future::join_all(readers).await;
            let added: Vec<_> = added.into_iter().flatten().flatten().collect();
            assert_eq!(added.iter().map(|applied| applied.views).sum::<i64>(), 1, "{added:?}");
            from = to;
        }
        assert_eq!((views(&ledger).await, ledger.place(&feed).await.unwrap()), (5, from));
    });
}
