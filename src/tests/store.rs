//! The store and the batcher, without HTTP.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use tidemark::model::view::Reason;
use tidemark::server::clock::Clock;
use tidemark::server::db::SqliteDatabase;
use tidemark::server::views::ViewError;
use tidemark::server::views::batcher::batcher;
use tidemark::server::views::rules::View;
use tidemark::server::views::store::ViewStore;
use tidemark::server::views::store::sqlite::SqliteStore;
use tidemark::server::views::visitor::{Hashes, Visitor};

use crate::harness::NOON;

const WINDOW: Duration = Duration::from_secs(600);
const CAP: usize = 2;

async fn open(folder: &std::path::Path, clock: &Clock) -> ViewStore {
    let database = SqliteDatabase::open(&format!("sqlite:{}", folder.join("views.db").display())).await.unwrap();
    ViewStore::Sqlite(SqliteStore::new(database, clock.clone(), WINDOW, CAP))
}

fn clock() -> Clock {
    Clock::manual(NOON.parse::<Timestamp>().unwrap())
}

fn visitor(visitor: i64, address: i64) -> Visitor {
    Visitor { today: Hashes { visitor, address: Some(address) }, yesterday: None }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn c8_what_arrives_while_a_batch_is_written_is_the_next_batch() {
    runtime().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let (batcher, mut worker) = batcher(open(folder.path(), &clock()).await, 100);
        let mut answers: Vec<_> = (0..50)
            .map(|number| {
                let batcher = batcher.clone();
                Box::pin(async move { batcher.record(1, visitor(number, number)).await })
            })
            .collect();
        // Each view has been handed in once its future has been polled.
        for answer in &mut answers {
            assert!(futures_poll(answer).await.is_none());
        }
        assert!(worker.step().await, "one step");
        for answer in answers {
            let outcome = answer.await.unwrap();
            assert!(outcome.counted);
            assert_eq!(outcome.views, 50, "all were one batch");
        }
        drop(batcher);
        assert!(!worker.step().await, "nothing is left, and nothing can come");
    });
}

#[test]
fn c5_a_view_that_finds_the_queue_full_is_refused_and_not_dropped_in_silence() {
    runtime().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let (batcher, mut worker) = batcher(open(folder.path(), &clock()).await, 1);
        let mut first = Box::pin(batcher.record(1, visitor(1, 1)));
        assert!(futures_poll(&mut first).await.is_none());
        assert!(matches!(batcher.record(1, visitor(2, 2)).await, Err(ViewError::Busy)));
        assert!(worker.step().await);
        assert_eq!(first.await.unwrap().views, 1);
        let mut retry = Box::pin(batcher.record(1, visitor(2, 2)));
        assert!(futures_poll(&mut retry).await.is_none());
        assert!(worker.step().await);
        assert_eq!(retry.await.unwrap().views, 2, "the retry counts");
    });
}

#[test]
fn c5_a_view_without_a_worker_is_an_error_and_no_acknowledgement() {
    runtime().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let (batcher, worker) = batcher(open(folder.path(), &clock()).await, 1);
        drop(worker);
        assert!(matches!(batcher.record(1, visitor(1, 1)).await, Err(ViewError::Stopped)));
    });
}

#[test]
fn c5_a_commit_is_on_the_disk_before_it_returns() {
    // A killed process can't show this, because the system still writes what it left; a power cut would. So the settings that
    // make SQLite sync each commit are held here (https://www.sqlite.org/pragma.html#pragma_synchronous: 2 is FULL).
    runtime().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("views.db").display());
        let mut transaction = SqliteDatabase::open(&url).await.unwrap().begin().await.unwrap();
        let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut *transaction).await.unwrap();
        let journal: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut *transaction).await.unwrap();
        assert_eq!((synchronous, journal.as_str()), (2, "wal"));
    });
}

#[test]
fn c5_two_processes_on_one_database_count_a_visitor_once() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let batch: Vec<View> = (0..40).map(|number| View { article: 1, visitor: visitor(number, number) }).collect();
    runtime().block_on(async { open(folder.path(), &clock).await });
    let workers: Vec<_> = (0..2)
        .map(|_| {
            let (folder, clock, batch) = (folder.path().to_owned(), clock.clone(), batch.clone());
            std::thread::spawn(move || {
                runtime().block_on(async {
                    let store = open(&folder, &clock).await;
                    let mut counted = 0;
                    for part in batch.chunks(4) {
                        let outcomes = store.record(part).await.unwrap();
                        counted += outcomes.iter().filter(|outcome| outcome.counted).count();
                    }
                    counted
                })
            })
        })
        .collect();
    let counted: usize = workers.into_iter().map(|worker| worker.join().unwrap()).sum();
    assert_eq!(counted, 40);
    let total = runtime().block_on(async { open(folder.path(), &clock).await.total(1).await.unwrap() });
    assert_eq!(total, 40);
}

/// Polls once.
async fn futures_poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(match std::pin::Pin::new(&mut *future).poll(context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

#[derive(Clone, Debug)]
enum Action {
    Advance(u64),
    Record(Vec<(i64, i64)>),
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let action = prop_oneof![
        1 => (1u64..700).prop_map(Action::Advance),
        3 => prop::collection::vec((1i64..3, 0i64..8), 1..6).prop_map(Action::Record),
    ];
    prop::collection::vec(action, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Any sequence of batches and pauses, against the rules written the slow way.
    #[test]
    fn c2_c3_the_store_agrees_with_a_simple_model(actions in actions()) {
        runtime().block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let clock = clock();
            let store = open(folder.path(), &clock).await;
            let mut counted_at = Vec::<(i64, i64, i64)>::new();
            let mut totals = HashMap::<i64, i64>::new();
            for action in actions {
                let views = match action {
                    Action::Advance(seconds) => {
                        clock.advance(Duration::from_secs(seconds));
                        continue;
                    }
                    Action::Record(views) => views,
                };
                let now = clock.now_ms();
                let batch: Vec<View> = views
                    .iter()
                    .map(|&(article, someone)| View { article, visitor: visitor(someone, someone % 3) })
                    .collect();
                let outcomes = store.record(&batch).await.unwrap();
                let mut expected = Vec::new();
                for &(article, someone) in &views {
                    let live: Vec<_> = counted_at
                        .iter()
                        .filter(|(other, _, at)| *other == article && now < at + 600_000)
                        .collect();
                    let reason = if live.iter().any(|(_, visitor, _)| *visitor == someone) {
                        Some(Reason::Repeat)
                    } else if live.iter().filter(|(_, visitor, _)| visitor % 3 == someone % 3).count() >= CAP {
                        Some(Reason::IpCap)
                    } else {
                        counted_at.push((article, someone, now));
                        *totals.entry(article).or_default() += 1;
                        None
                    };
                    expected.push(reason);
                }
                let reasons: Vec<_> = outcomes.iter().map(|outcome| outcome.reason).collect();
                prop_assert_eq!(reasons, expected);
                for outcome in outcomes {
                    prop_assert_eq!(outcome.counted, outcome.reason.is_none());
                    prop_assert_eq!(outcome.views, totals.get(&outcome.article).copied().unwrap_or(0));
                }
            }
            Ok(())
        })?;
    }
}
