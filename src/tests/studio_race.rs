//! Authors save while readers read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tidemark::server::db::actor::Role;
use tidemark::server::db::drafts::EditorForm;
use tidemark::server::db::studio::Saved;
use tidemark::server::jobs::Job;
use tidemark_counting::rules::View;
use tidemark_counting::store::Recorded;
use tidemark_counting::visitor::{Hashes, Visitor, day_of};
use tidemark_counting::{ArticleId, Day};

use crate::harness::TestServer;

const SAVES: u64 = 1_000;
const EDITORS: u64 = 4;
const VIEWS: i64 = 100_000;
const BATCH: i64 = 500;

fn visitor(day: Day, number: i64) -> Visitor {
    Visitor {
        day,
        today: Hashes { visitor: number, address: None, network: None, is_session: false },
        yesterday: None,
    }
}

#[test]
fn c7_a_thousand_saves_and_a_hundred_thousand_views_at_the_same_time_lose_nothing() {
    let server = TestServer::start();
    server.add_user_with_role("boss", "a-good-password", Role::Admin);
    let id = server.id("first");
    let day = day_of(server.clock.now());
    let conflicts = Arc::new(AtomicU64::new(0));
    let texts = server.run(async {
        let database = &server.database;
        let boss = database.user_by_username("boss").await.unwrap().unwrap();
        // The editors race. Whoever loses sees a conflict and saves again on top of the stored
        // version.
        let save = async |editor: u64| {
            let mut texts = Vec::new();
            for number in 0..SAVES / EDITORS {
                let text = format!("Save {number} of editor {editor}");
                let mut stored = database.editable(ArticleId(id)).await.unwrap().unwrap();
                loop {
                    let mut fields = stored.fields.clone();
                    fields.markdown = text.clone();
                    let saved = database
                        .save_article(
                            ArticleId(id),
                            stored.version,
                            &fields,
                            boss.actor(),
                            &EditorForm::default(),
                            server.clock.now(),
                        )
                        .await;
                    match saved.unwrap().unwrap() {
                        Saved::Done(version) => {
                            texts.push((version, text));
                            break;
                        }
                        Saved::Conflict(other) => {
                            conflicts.fetch_add(1, Ordering::Relaxed);
                            stored = *other;
                        }
                        other => panic!("{other:?}"),
                    }
                }
            }
            texts
        };
        let view = async || {
            let mut counted = 0;
            for first in (0..VIEWS).step_by(BATCH as usize) {
                let batch: Vec<View> = (first..first + BATCH)
                    .map(|number| View { article: ArticleId(id), visitor: visitor(day, number) })
                    .collect();
                let outcomes = server.stores.views.record(&batch).await.unwrap();
                counted += i64::try_from(
                    outcomes
                        .into_iter()
                        .filter_map(Recorded::outcome)
                        .filter(|outcome| outcome.counted)
                        .count(),
                )
                .unwrap();
                // Let saves and views alternate even if each is fast.
                tokio::task::yield_now().await;
            }
            counted
        };
        let (a, b, c, d, counted) = tokio::join!(save(0), save(1), save(2), save(3), view());
        assert_eq!(counted, VIEWS, "every view of another visitor counts");
        [a, b, c, d].concat()
    });
    server.job(Job::Flush);
    let number = |sql: &'static str| server.number(sql, &id.to_string());
    assert_eq!(
        number("SELECT views FROM article_stats WHERE article_id = ?"),
        VIEWS,
        "the count is exact"
    );
    assert_eq!(texts.len() as u64, SAVES);
    assert!(conflicts.load(Ordering::Relaxed) > 0, "the editors conflicted");
    // Every acknowledged save has a version, and the text under that version is the one that was
    // saved.
    let revisions = server.run(server.database.revisions(ArticleId(id))).unwrap();
    assert_eq!(revisions.len() as u64, SAVES + 1, "and what was there before");
    for (version, text) in texts {
        let revision = revisions.iter().find(|revision| revision.version == version).unwrap();
        assert_eq!(revision.markdown, text);
    }
    assert_eq!(
        number("SELECT version FROM articles WHERE id = ?"),
        1 + i64::try_from(SAVES).unwrap()
    );
    let stored = server.run(server.database.editable(ArticleId(id))).unwrap().unwrap();
    assert_eq!(stored.fields.markdown, revisions[0].markdown, "the last save is stored");
    // Views leave the article unchanged.
    server.clock.advance(std::time::Duration::from_secs(60));
    let batch: Vec<View> = (VIEWS..VIEWS + BATCH)
        .map(|number| View { article: ArticleId(id), visitor: visitor(day, number) })
        .collect();
    server.run(server.stores.views.record(&batch)).unwrap();
    server.job(Job::Flush);
    assert_eq!(number("SELECT views FROM article_stats WHERE article_id = ?"), VIEWS + BATCH);
    let after = server.run(server.database.editable(ArticleId(id))).unwrap().unwrap();
    assert_eq!(after, stored, "neither updated_at nor version nor anything else");
}
