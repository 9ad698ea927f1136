//! The index in OpenSearch: that it agrees with SQL whatever dies when, that it is found to differ
//! where it does, and that nobody needs it.
//!
//! Where OpenSearch can't run, these tests say so and pass.

mod queries;
mod schedule;
mod stub;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::Connection;
use tidemark::model::search::{SearchFilter, Sort};
use tidemark::server::db::actor::{Actor, Role};
use tidemark::server::db::articles::{ArticleFields, Kind, Status};
use tidemark::server::db::drafts::EditorForm;
use tidemark::server::db::renderings::Rendering;
use tidemark::server::db::search::{Asked, Found};
use tidemark::server::db::studio::{Added, Saved};
use tidemark::server::doctor::{Finding, examine_open_search};
use tidemark::server::jobs::Job;
use tidemark::server::search::Answer;
use tidemark::server::search::open_search::{Batch, Failure, OpenSearch};
use tidemark_content::search::Query;
use tidemark_counting::ArticleId;
use tidemark_servers::proxy::{Network, Proxy};
use tidemark_store::clock::Millis;

use crate::database::article;
use crate::harness::{PATIENCE, TestServer};

/// A blog that is searched with OpenSearch.
pub struct Place {
    pub server: TestServer,
    pub open_search: OpenSearch,
    index: String,
    boss: Actor,
}

/// An article or a count, as SQL has it and as the index should.
#[derive(Clone, Debug, PartialEq)]
struct Expected {
    version: i64,
    /// `None` if readers may not see it.
    words: Option<(String, String)>,
    views: i64,
}

impl Place {
    fn on(node: &tidemark_servers::OpenSearch, url: &str) -> Self {
        let index = node.new_index();
        let server = TestServer::of_server_profile(&[
            ("TIDEMARK_SEARCH__URL", url),
            ("TIDEMARK_SEARCH__INDEX", &index),
        ]);
        let boss = server.run(async {
            let database = &server.database;
            database.add_user("boss", "Boss", Role::Admin, None, Millis(0)).await.unwrap().unwrap();
            database.user_by_username("boss").await.unwrap().unwrap().actor()
        });
        let open_search = server.stores.open_search.clone().unwrap();
        Self { server, open_search, index, boss }
    }

    /// On the shared OpenSearch; `None`, with a message, if it can't run.
    pub fn shared() -> Option<Self> {
        if !tidemark_servers::OpenSearch::is_available() {
            return None;
        }
        let node = tidemark_servers::OpenSearch::shared();
        let place = Self::on(node, &node.url());
        place.step();
        Some(place)
    }

    pub fn step(&self) {
        self.server.run(self.open_search.step()).unwrap();
        self.server.run(self.open_search.bring_counts()).unwrap();
    }

    pub fn now(&self) -> Millis {
        self.server.clock.now()
    }

    fn add(&self, fields: &ArticleFields) -> ArticleId {
        let (database, form) = (&self.server.database, EditorForm::default());
        let added = database.add_article(fields, self.boss, &form, self.now());
        match self.server.run(added).unwrap() {
            Added::Done(id) => id,
            other => panic!("{other:?}"),
        }
    }

    fn change(&self, id: ArticleId, change: impl FnOnce(&mut ArticleFields)) {
        self.server.run(async {
            let database = &self.server.database;
            let stored = database.editable(id).await.unwrap().unwrap();
            let mut fields = stored.fields.clone();
            change(&mut fields);
            let now = self.now();
            let form = EditorForm::default();
            let saved =
                database.save_article(id, stored.version, &fields, self.boss, &form, now).await;
            let saved = saved.unwrap().unwrap();
            assert!(matches!(saved, Saved::Done(_) | Saved::Unchanged(_)), "{saved:?}");
        });
    }

    fn set_text(&self, id: ArticleId, text: &str) {
        self.change(id, |fields| {
            fields.markdown = text.into();
            fields.html = format!("<p>{text}</p>");
        });
    }

    /// Takes a batch with the article, and renders the article again.
    fn render_again_after_taking(&self, id: ArticleId, text: &str) -> Batch {
        self.render_again(id, "Rendered before it was taken.");
        let batch = self.server.run(self.open_search.take(ArticleId(0))).unwrap().unwrap();
        self.render_again(id, text);
        batch
    }

    /// Renders an article again, with another text, as a new version of the program may.
    fn render_again(&self, id: ArticleId, text: &str) {
        let rendering = Rendering {
            html: format!("<p>{text}</p>"),
            contents: vec![],
            reading_minutes: 1,
            language: "en".into(),
        };
        self.server.run(async {
            let database = &self.server.database;
            let version = database.editable(id).await.unwrap().unwrap().version;
            database.replace_rendering(id, version, &rendering).await.unwrap();
        });
    }

    fn delete(&self, id: ArticleId, is_deleted: bool) {
        let database = &self.server.database;
        self.server.run(async {
            let stored = database.editable(id).await.unwrap().unwrap();
            let now = self.now();
            let saved = database.set_deleted(id, stored.version, is_deleted, self.boss, now).await;
            assert!(matches!(saved, Ok(Some(Saved::Done(_) | Saved::Unchanged(_)))), "{saved:?}");
        });
    }

    /// Adds views as a flush does.
    fn count(&self, id: ArticleId, views: i64) {
        let url = self.server.config.database.url.clone();
        self.server.run(async move {
            let mut connection = sqlx::MySqlConnection::connect(&url).await.unwrap();
            let sql = "INSERT INTO article_stats (article_id, views) VALUES (?, ?)
                 ON DUPLICATE KEY UPDATE views = article_stats.views + ?";
            let query = sqlx::query(sql).bind(id).bind(views).bind(views);
            query.execute(&mut connection).await.unwrap();
        });
    }

    fn asked(&self, text: &str) -> Asked {
        asked(text, self.now())
    }

    fn find(&self, asked: &Asked) -> Found {
        self.server.run(async {
            self.open_search.refresh().await.unwrap();
            answer(&self.open_search, asked).await.found
        })
    }

    fn ids(&self, text: &str) -> Vec<ArticleId> {
        self.find(&self.asked(text)).ids
    }

    /// What SQL has, read without the program.
    fn in_sql(&self) -> BTreeMap<ArticleId, Expected> {
        let url = self.server.config.database.url.clone();
        self.server.run(async move {
            let mut connection = sqlx::MySqlConnection::connect(&url).await.unwrap();
            let sql = "SELECT articles.id, articles.version + articles.renderings,
                    articles.kind = 'article' AND articles.status = 'published'
                        AND articles.deleted_at IS NULL,
                    articles.title, articles.html, coalesce(article_stats.views, 0)
                 FROM articles LEFT JOIN article_stats ON article_stats.article_id = articles.id";
            let rows: Vec<(ArticleId, i64, bool, String, String, i64)> =
                sqlx::query_as(sql).fetch_all(&mut connection).await.unwrap();
            rows.into_iter()
                .map(|(id, version, is_visible, title, html, views)| {
                    // The tests' texts have no other tags.
                    let tags = ["<p>", "</p>", "<em>", "</em>", "<strong>", "</strong>"];
                    let text = tags.iter().fold(html, |text, tag| text.replace(tag, ""));
                    let text = text.trim().to_owned();
                    let words = is_visible.then_some((title, text));
                    (id, Expected { version, words, views })
                })
                .collect()
        })
    }

    /// What the index has, read without the program.
    fn in_index(&self, node: &tidemark_servers::OpenSearch) -> BTreeMap<ArticleId, Expected> {
        let alias = format!("/{}-articles-v1", self.index);
        node.request("POST", &format!("{alias}/_refresh"), "");
        let body = json!({ "size": 10_000, "version": true, "query": { "match_all": {} } });
        let answer = node.request("POST", &format!("{alias}/_search"), &body.to_string());
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let mut found = BTreeMap::<ArticleId, Expected>::new();
        for hit in answer["hits"]["hits"].as_array().unwrap() {
            let source = &hit["_source"];
            let id = ArticleId(source["article"].as_i64().unwrap());
            let empty = Expected { version: 0, words: None, views: 0 };
            let article = found.entry(id).or_insert(empty);
            let text = |field: &str| source[field].as_str().map(|text| text.trim().to_owned());
            if source["kind"] == "article" {
                assert_eq!(hit["_id"], format!("a{id}"));
                article.version = source["version"].as_i64().unwrap();
                article.words = text("title").zip(text("text"));
            } else {
                assert_eq!(hit["_id"], format!("c{id}"));
                article.views = source["views"].as_i64().unwrap();
            }
        }
        found
    }

    #[track_caller]
    fn assert_agrees(&self, node: &tidemark_servers::OpenSearch) {
        assert_eq!(self.in_index(node), self.in_sql());
        let waiting = self.server.run(self.open_search.waiting()).unwrap();
        assert_eq!((waiting.articles, waiting.counts), (0, 0), "nothing waits");
    }
}

/// Searches, and again if OpenSearch does not answer in time. A reader would get SQL's answer then,
/// and on a busy machine this is no failure.
pub async fn answer(open_search: &OpenSearch, asked: &Asked) -> Answer {
    let search = async {
        loop {
            match open_search.find(asked).await {
                Err(Failure::Away(_)) => tokio::time::sleep(Duration::from_millis(20)).await,
                other => return other.unwrap(),
            }
        }
    };
    tokio::time::timeout(PATIENCE, search).await.expect("OpenSearch is away")
}

/// The first ten results of a search at `now`.
fn asked(text: &str, now: Millis) -> Asked {
    Asked {
        query: Query::parse(text),
        filter: SearchFilter::default(),
        sort: Sort::Relevance,
        offset: 0,
        limit: 10,
        now,
    }
}

fn node() -> &'static tidemark_servers::OpenSearch {
    tidemark_servers::OpenSearch::shared()
}

fn with_text(slug: &str, title: &str, text: &str) -> ArticleFields {
    ArticleFields {
        title: title.into(),
        markdown: text.into(),
        html: format!("<p>{text}</p>"),
        published_at: Some(Millis(1_700_000_000_000)),
        ..article(slug)
    }
}

#[test]
fn the_first_step_makes_the_index_and_later_ones_keep_it_up_to_date() {
    let Some(place) = Place::shared() else { return };
    place.assert_agrees(node());
    let id = place.add(&with_text("tides", "Tides", "A gauge."));
    place.count(id, 3);
    place.step();
    place.assert_agrees(node());
    place.set_text(id, "Another gauge.");
    place.count(id, 2);
    place.step();
    place.assert_agrees(node());
    place.change(id, |fields| fields.status = Status::Draft);
    place.step();
    place.assert_agrees(node());
    assert!(place.ids("gauge").is_empty());
    place.change(id, |fields| fields.status = Status::Published);
    place.step();
    assert_eq!(place.ids("gauge"), [id]);
    place.change(id, |fields| fields.kind = Kind::Page);
    place.step();
    place.assert_agrees(node());
    assert!(place.ids("gauge").is_empty(), "a page is in no search");
    place.change(id, |fields| fields.kind = Kind::Article);
    place.step();
    assert_eq!(place.ids("gauge"), [id]);
    place.delete(id, true);
    place.step();
    place.assert_agrees(node());
    assert!(place.ids("gauge").is_empty());
    place.delete(id, false);
    place.step();
    place.assert_agrees(node());
    assert_eq!(place.ids("gauge"), [id]);
}

#[test]
fn the_job_writes_what_has_changed_at_once_and_counts_every_eight_seconds() {
    let Some(place) = Place::shared() else { return };
    let id = place.server.id("first");
    place.set_text(ArticleId(id), "Another text.");
    place.count(ArticleId(id), 7);
    assert_eq!(
        place.server.job(Job::Search).as_deref(),
        Some("Wrote 1 articles and 0 counts to the index.")
    );
    assert_eq!(place.server.job(Job::Search), None);
    place.server.clock.advance(Duration::from_secs(8));
    assert_eq!(
        place.server.job(Job::Search).as_deref(),
        Some("Wrote 0 articles and 1 counts to the index.")
    );
    place.assert_agrees(node());
}

/// Dies after taking, writing or forgetting: what a process leaves behind is finished by the next.
#[test]
fn whatever_step_the_worker_dies_after_the_next_one_finishes_its_work() {
    let Some(place) = Place::shared() else { return };
    let id = place.server.id("first");
    let (server, open_search) = (&place.server, &place.open_search);
    let take = || server.run(open_search.take(ArticleId(0))).unwrap().unwrap();

    place.set_text(ArticleId(id), "One.");
    drop(take());
    place.step();
    place.assert_agrees(node());

    place.set_text(ArticleId(id), "Two.");
    drop(server.run(open_search.write(take())).unwrap());
    place.set_text(ArticleId(id), "Three.");
    place.step();
    place.assert_agrees(node());

    place.set_text(ArticleId(id), "Four.");
    let written = server.run(open_search.write(take())).unwrap();
    place.set_text(ArticleId(id), "Five.");
    assert_eq!(server.run(open_search.forget(written)).unwrap(), 1);
    let waiting = server.run(open_search.waiting()).unwrap();
    assert_eq!(waiting.articles, 1, "an article that changed again stays in the queue");
    place.step();
    place.assert_agrees(node());
}

#[test]
fn a_worker_that_was_asleep_overwrites_nothing_that_is_newer() {
    let Some(place) = Place::shared() else { return };
    let id = place.server.id("first");
    let (server, open_search) = (&place.server, &place.open_search);
    place.set_text(ArticleId(id), "Old.");
    let old = server.run(open_search.take(ArticleId(0))).unwrap().unwrap();
    place.set_text(ArticleId(id), "New.");
    place.step();
    let written = server.run(open_search.write(old)).unwrap();
    server.run(open_search.forget(written)).unwrap();
    place.assert_agrees(node());
}

#[test]
fn a_worker_that_was_asleep_does_not_put_an_old_rendering_back() {
    let Some(place) = Place::shared() else { return };
    let id = ArticleId(place.server.id("first"));
    let (server, open_search) = (&place.server, &place.open_search);
    place.set_text(id, "Rendered by the old program.");
    let old = server.run(open_search.take(ArticleId(0))).unwrap().unwrap();
    place.render_again(id, "Rendered by the new program.");
    let written = server.run(open_search.write(old)).unwrap();
    server.run(open_search.forget(written)).unwrap();
    place.step();
    place.assert_agrees(node());
    // And the other way round: the new one was written first.
    let old = place.render_again_after_taking(id, "Rendered once more.");
    place.step();
    drop(server.run(open_search.write(old)).unwrap());
    place.assert_agrees(node());
}

#[test]
fn opensearch_may_die_at_any_time_and_loses_nothing() {
    if !tidemark_servers::OpenSearch::is_available() {
        return;
    }
    let mut node = tidemark_servers::OpenSearch::start();
    let place = Place::on(&node, &node.url());
    place.step();
    let id = place.server.id("first");
    for turn in 0..2 {
        place.set_text(ArticleId(id), &format!("Before death {turn}."));
        place.count(ArticleId(id), 5);
        place.step();
        place.set_text(ArticleId(id), &format!("Before death {turn}, not sent."));
        node.kill();
        let slug = format!("death-{turn}");
        place.add(&with_text(&slug, "Written meanwhile", "Nobody was there."));
        place.count(ArticleId(id), 3);
        assert!(matches!(place.server.run(place.open_search.step()), Err(Failure::Away(_))));
        node.restart();
        wait_until_back(&place);
        place.step();
        place.assert_agrees(&node);
    }
    // All its data is lost.
    node.restart_empty();
    wait_until_back(&place);
    place.server.clock.advance(Duration::from_secs(8));
    place.step();
    place.assert_agrees(&node);
}

fn wait_until_back(place: &Place) {
    place.server.run(async {
        let back = async {
            while place.open_search.condition().await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let back = tokio::time::timeout(PATIENCE, back).await;
        assert!(back.is_ok(), "OpenSearch is not used again");
    });
}

#[test]
fn a_rebuild_loses_nothing_that_is_written_meanwhile_and_pauses_no_search() {
    let Some(place) = Place::shared() else { return };
    let ids: Vec<ArticleId> = (0..150)
        .map(|number| {
            let slug = format!("many-{number}");
            place.add(&with_text(&slug, "A title", "Everywhere the same word."))
        })
        .collect();
    place.step();
    let (server, open_search) = (&place.server, &place.open_search);
    server.run(open_search.refresh()).unwrap();
    let rebuild = server.spawn({
        let open_search = open_search.clone();
        async move { open_search.rebuild().await }
    });
    let (mut turn, asked) = (0, place.asked("everywhere"));
    while !rebuild.is_finished() || turn < 20 {
        let id = ids[turn % ids.len()];
        place.set_text(id, &format!("Everywhere the same word, and turn {turn}."));
        place.count(id, 1);
        server.run(open_search.step()).unwrap();
        let found = server.run(answer(open_search, &asked)).found;
        assert!(found.total >= 140, "{} are found", found.total);
        turn += 1;
    }
    let rebuilt = server.run(rebuild).unwrap().unwrap();
    assert!(rebuilt.articles >= 150, "{rebuilt:?}");
    place.step();
    place.assert_agrees(node());
}

/// A worker that wrote to the old index only must not forget: the new one may have been copied
/// before the change.
#[test]
fn a_batch_that_missed_a_new_index_stays_in_the_queue() {
    let Some(place) = Place::shared() else { return };
    let (server, open_search) = (&place.server, &place.open_search);
    place.set_text(ArticleId(server.id("first")), "Another.");
    let batch = server.run(open_search.take(ArticleId(0))).unwrap().unwrap();
    let written = server.run(open_search.write(batch)).unwrap();
    // Another process begins a rebuild.
    make_empty_index(&place, place.now() + 5);
    assert_eq!(server.run(open_search.forget(written)).unwrap(), 0);
    assert_eq!(server.run(open_search.waiting()).unwrap().articles, 1);
    server.run(open_search.rebuild()).unwrap();
    place.assert_agrees(node());
}

/// Makes an index that writers write to, as a rebuild with this serial number does at first.
fn make_empty_index(place: &Place, serial: Millis) {
    let index = format!("{}-articles-v1-{serial}", place.index);
    let alias = format!("{}-articles-v1-write", place.index);
    let inlet = format!("{index}-in");
    let body = json!({ "aliases": { (alias): {}, (inlet): {} } });
    node().request("PUT", &format!("/{index}"), &body.to_string());
}

#[test]
fn what_a_rebuild_has_copied_is_not_sent_again() {
    let Some(place) = Place::shared() else { return };
    place.set_text(ArticleId(place.server.id("first")), "Copied.");
    place.server.run(place.open_search.rebuild()).unwrap();
    place.assert_agrees(node());
}

/// The disk is full, for instance.
#[test]
fn an_index_that_takes_nothing_ends_the_step_and_loses_nothing() {
    let Some(place) = Place::shared() else { return };
    let (server, open_search) = (&place.server, &place.open_search);
    place.set_text(ArticleId(server.id("first")), "Not taken at first.");
    let block = |is_on: bool| {
        let path = format!("/{}-articles-v1/_settings", place.index);
        let body = json!({ "index.blocks.read_only_allow_delete": is_on });
        node().request("PUT", &path, &body.to_string());
    };
    block(true);
    let failure = server.run(open_search.step()).unwrap_err();
    assert!(matches!(failure, Failure::Full(_)), "{failure}");
    assert_eq!(server.run(open_search.waiting()).unwrap().articles, 1);
    block(false);
    place.step();
    place.assert_agrees(node());
}

#[test]
fn what_is_too_large_to_be_sent_at_once_is_sent_in_parts_and_counts_do_not_wait_for_it() {
    if !tidemark_servers::OpenSearch::is_available() {
        return;
    }
    let node = tidemark_servers::OpenSearch::with(&[("http.max_content_length", "100kb")]);
    let place = Place::on(&node, &node.url());
    place.step();
    let (server, open_search) = (&place.server, &place.open_search);
    let text = |kilobytes: usize| "word ".repeat(kilobytes * 205);
    let ids: Vec<ArticleId> = (0..5)
        .map(|number| place.add(&with_text(&format!("long-{number}"), "Long", text(60).trim())))
        .collect();
    let stepped = server.run(open_search.step()).unwrap();
    assert_eq!((stepped.articles, stepped.refused), (5, 0));
    place.assert_agrees(&node);
    let longest = place.add(&with_text("longest", "Longest", text(200).trim()));
    place.count(ids[0], 7);
    server.clock.advance(Duration::from_secs(8));
    let stepped = server.run(open_search.step()).unwrap();
    assert_eq!((stepped.articles, stepped.refused, stepped.counts), (0, 1, 1));
    let waiting = server.run(open_search.waiting()).unwrap();
    assert_eq!((waiting.articles, waiting.counts), (1, 0), "it stays in the queue");
    place.set_text(longest, "Short.");
    place.step();
    place.assert_agrees(&node);
}

#[test]
fn one_process_rebuilds_at_a_time_and_what_a_dead_one_left_is_removed() {
    let Some(place) = Place::shared() else { return };
    let server = &place.server;
    // A process begins and dies.
    let url = server.config.database.url.clone();
    let now = place.now();
    server.run(async move {
        let mut connection = sqlx::MySqlConnection::connect(&url).await.unwrap();
        let sql = "UPDATE search_rebuild SET serial = ?, lease_until = ?";
        let query = sqlx::query(sql).bind(now + 5).bind(now + 90_000);
        query.execute(&mut connection).await.unwrap();
    });
    make_empty_index(&place, now + 5);
    assert!(matches!(server.run(place.open_search.rebuild()), Err(Failure::Rebuilding)));
    server.clock.advance(Duration::from_secs(91));
    server.run(place.open_search.rebuild()).unwrap();
    place.assert_agrees(node());
    let indexes = node().request("GET", &format!("/{}-*/_alias", place.index), "");
    let indexes: Value = serde_json::from_str(&indexes).unwrap();
    assert_eq!(indexes.as_object().unwrap().len(), 1, "{indexes}");
}

#[test]
fn reconcile_finds_what_differs_on_either_side() {
    let Some(place) = Place::shared() else { return };
    let (first, second) = (place.server.id("first"), place.server.id("second"));
    place.count(ArticleId(first), 5);
    place.count(ArticleId(second), 6);
    place.step();
    assert_eq!(place.server.run(place.open_search.reconcile()).unwrap().drifts, []);
    let alias = format!("/{}-articles-v1", place.index);
    let write = |id: &str, article: ArticleId, version: i64, document: Value| {
        let path = format!(
            "{alias}/_doc/{id}?routing={article}&version={version}&version_type=external_gte&refresh=true"
        );
        node().request_until_forgotten("PUT", &path, &document.to_string());
    };
    let delete = |id: &str, article: ArticleId| {
        let path = format!("{alias}/_doc/{id}?routing={article}&refresh=true");
        node().request("DELETE", &path, "");
    };
    // A deletion is forgotten at once instead of after a minute.
    node().request("PUT", &format!("{alias}/_settings"), r#"{"index.gc_deletes": "0s"}"#);
    delete(&format!("a{first}"), ArticleId(first));
    delete(&format!("c{first}"), ArticleId(first));
    delete(&format!("c{second}"), ArticleId(second));
    node().request("POST", &format!("{alias}/_refresh"), "");
    let changed = json!({
        "kind": "article", "article": second, "version": 1, "hash": "other", "title": "Wrong",
        "published_at": 1, "text": "Wrong",
    });
    write(&format!("a{second}"), ArticleId(second), 1, changed);
    let unknown = json!({ "kind": "article", "article": 4711, "version": 3, "hash": "" });
    write("a4711", ArticleId(4711), 3, unknown);
    let low = json!({
        "kind": { "name": "count", "parent": format!("a{first}") }, "article": first, "views": 2,
    });
    write(&format!("c{first}"), ArticleId(first), 2, low);
    let compared = place.server.run(place.open_search.reconcile()).unwrap();
    let drifts: Vec<String> = compared.drifts.iter().map(ToString::to_string).collect();
    assert_eq!(
        drifts,
        [
            format!("version in OpenSearch of article {first} from 0 to 1"),
            format!("version in OpenSearch of article {second} from 1 to 1"),
            "version in OpenSearch of article 4711 from 3 to 0".into(),
            format!("count in OpenSearch of article {first} from 2 to 5"),
            format!("count in OpenSearch of article {second} from 0 to 6"),
        ]
    );
    assert!(!compared.is_ahead);
    place.assert_agrees(node());
    assert_eq!(place.server.run(place.open_search.reconcile()).unwrap().drifts, []);
}

#[test]
fn an_index_that_is_ahead_of_a_restored_database_is_made_anew() {
    let Some(place) = Place::shared() else { return };
    let id = place.server.id("first");
    place.set_text(ArticleId(id), "Version two.");
    place.count(ArticleId(id), 9);
    place.step();
    for (restore, what) in [
        (
            "UPDATE articles SET version = 1, markdown = 'Restored.', html = '<p>Restored.</p>' WHERE slug = 'first'",
            "version",
        ),
        ("UPDATE article_stats SET views = 4, indexed_views = 4", "count"),
    ] {
        place.server.execute(restore);
        let compared = place.server.run(place.open_search.reconcile()).unwrap();
        assert!(compared.is_ahead && compared.rebuilt.is_some(), "{what}: {compared:?}");
        assert!(compared.drifts[0].cache.starts_with(what), "{compared:?}");
        place.step();
        place.assert_agrees(node());
    }
    // The nightly job does the same.
    place.server.execute("UPDATE article_stats SET views = 3, indexed_views = 3");
    place.server.job(Job::Reconcile).unwrap();
    place.step();
    place.assert_agrees(node());
}

#[test]
fn an_article_that_sql_no_longer_has_is_removed() {
    let Some(place) = Place::shared() else { return };
    let id = place.add(&with_text("gone", "Gone", "Removed by hand."));
    place.step();
    assert_eq!(place.ids("removed"), [id]);
    place.server.execute("DELETE FROM articles WHERE slug = 'gone'");
    place.server.run(place.open_search.reconcile()).unwrap();
    place.assert_agrees(node());
    assert!(place.ids("removed").is_empty());
}

#[test]
fn while_opensearch_is_away_saves_pages_and_counts_go_on_and_no_search_waits_for_it() {
    if !tidemark_servers::OpenSearch::is_available() {
        return;
    }
    let network = Proxy::to(node().port());
    let place = Place::on(node(), &format!("http://127.0.0.1:{}", network.port()));
    let server = &place.server;
    place.step();
    let ready = |server: &TestServer| {
        let answer = server.someone().get("/readyz");
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["opensearch"].as_str().unwrap().to_owned()
    };
    assert_eq!(ready(server), "ok");
    network.set(Network::Cut);
    let id = server.id("first");
    let since = Instant::now();
    place.set_text(ArticleId(id), "Saved meanwhile.");
    assert_eq!(server.someone().view(id).json()["views"], 1);
    assert!(server.someone().get("/articles/first").text.contains("Saved meanwhile."));
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
    let since = Instant::now();
    for _ in 0..8 {
        let answer = server.someone().get("/search?q=saved");
        assert_eq!(answer.status, 200);
        assert!(answer.text.contains("/articles/first"), "SQL answers");
    }
    assert!(since.elapsed() < Duration::from_secs(8), "{:?}", since.elapsed());
    assert_eq!(ready(server), "can't be used; SQL answers searches");
    // The jobs are another process, which has to notice it too.
    assert!(server.run(place.open_search.condition()).is_err());
    let failed = server.run(server.jobs.step(Job::Search)).unwrap_err();
    assert!(failed.contains("OpenSearch does not answer"), "{failed}");
    let metrics = server.someone().get("/metrics").text;
    assert!(metrics.contains("tidemark_store_up{store=\"opensearch\"} 0"), "{metrics}");
    assert!(metrics.contains("tidemark_search_queue 1"), "{metrics}");
    let findings = server.run(examine_open_search(&server.config, &place.open_search, place.now()));
    assert!(
        findings.iter().any(
            |finding| matches!(finding, Finding::Wrong(text) if text.contains("does not answer"))
        ),
        "{findings:?}"
    );
    network.set(Network::Well);
    wait_until_back(&place);
    place.step();
    place.assert_agrees(node());
}

#[test]
fn the_doctor_says_what_waits_for_how_long() {
    let Some(place) = Place::shared() else { return };
    let server = &place.server;
    place.set_text(ArticleId(server.id("first")), "Another.");
    let at = |now| server.run(examine_open_search(&server.config, &place.open_search, now));
    let soon = at(place.now());
    assert!(
        soon.contains(&Finding::Fact(
            "OpenSearch: 1 articles and 0 counts are still to be sent to it.".into()
        )),
        "{soon:?}"
    );
    let late = at(place.now() + 10 * 60_000);
    assert!(
        late.iter().any(
            |finding| matches!(finding, Finding::Warning(text) if text.contains("waited for 10 minutes"))
        ),
        "{late:?}"
    );
}
