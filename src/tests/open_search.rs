//! The index in OpenSearch: that it agrees with SQL whatever dies when, that it is found to differ
//! where it does, and that nobody needs it.
//!
//! Where OpenSearch can't run, these tests say so and pass.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use sqlx::Connection;
use tidemark::model::search::{SearchFilter, Since, Sort};
use tidemark::server::db::Database;
use tidemark::server::db::actor::{Actor, Role};
use tidemark::server::db::articles::{ArticleFields, Kind, Status};
use tidemark::server::db::drafts::EditorForm;
use tidemark::server::db::renderings::Rendering;
use tidemark::server::db::search::{Asked, Found};
use tidemark::server::db::studio::{Added, Saved};
use tidemark::server::doctor::{Finding, examine_open_search};
use tidemark::server::jobs::Job;
use tidemark::server::search::open_search::{Batch, Failure, OpenSearch};
use tidemark::server::search::{Answer, find_in_sql};
use tidemark_content::markdown;
use tidemark_content::search::Query;
use tidemark_counting::ArticleId;
use tidemark_servers::proxy::{Network, Proxy};
use tidemark_store::clock::Millis;
use tidemark_store::failpoint::Variant;

use crate::database::{NOW, article, tag, write};
use crate::harness::TestServer;

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
        Asked {
            query: Query::parse(text),
            filter: SearchFilter::default(),
            sort: Sort::Relevance,
            offset: 0,
            limit: 10,
            now: self.now(),
        }
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
    tokio::time::timeout(Duration::from_secs(60), search).await.expect("OpenSearch is away")
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

#[test]
fn a_search_finds_every_word_in_any_order_and_form() {
    let Some(place) = Place::shared() else { return };
    let tagged =
        |fields: ArticleFields, name: &str| ArticleFields { tags: vec![tag(name)], ..fields };
    let rust = place.add(&tagged(
        with_text(
            "rust",
            "Async functions",
            "The compiler is stable. It was running at the harbour's edge.",
        ),
        "Compilers",
    ));
    let chinese = place.add(&with_text("chinese", "潮汐与水位", "水位随着潮汐变化。"));
    let russian =
        place.add(&with_text("russian", "Приливы", "Корабли ждут прилива у самой кромки. Ёлки."));
    let japanese = place.add(&with_text("japanese", "満ち潮", "東京タワーの近くの海です。"));
    let accents = place.add(&with_text("accents", "Café", "Crème brûlée, e-mail, node.js."));
    place.step();
    for (text, expected) in [
        ("async stable", vec![rust]),
        ("STABLE Async", vec![rust]),
        ("run functions", vec![rust]),
        ("compilers", vec![rust]),
        ("harbour", vec![rust]),
        ("async unstable", vec![]),
        ("async -stable", vec![]),
        ("async -nothing", vec![rust]),
        ("\"stable async\"", vec![]),
        ("\"compiler is stable\"", vec![rust]),
        ("\"compilers is stable\"", vec![]),
        ("async comp", vec![rust]),
        ("水位 潮汐", vec![chinese]),
        ("潮汐变化", vec![chinese]),
        ("潮位", vec![]),
        ("прилив корабль", vec![russian]),
        ("елка", vec![russian]),
        ("タワー 海", vec![japanese]),
        ("cafe creme", vec![accents]),
        ("e-mail", vec![accents]),
        ("node.js", vec![accents]),
    ] {
        assert_eq!(place.ids(text), expected, "{text}");
    }
}

#[test]
fn one_wrong_letter_is_forgiven_if_nothing_else_is_found_and_the_word_is_named() {
    let Some(place) = Place::shared() else { return };
    let id = place.add(&with_text("one", "The lighthouse", "A lighthouse keeper writes."));
    let hidden = place.add(&with_text("two", "Secret", "The unmentionable."));
    let later = place.now() + 60_000;
    place.change(hidden, |fields| fields.published_at = Some(later));
    place.step();
    let find = |text: &str| {
        place.server.run(async {
            place.open_search.refresh().await.unwrap();
            let answer = answer(&place.open_search, &place.asked(text)).await;
            (answer.found.ids, answer.corrected.map(|query| query.text().to_owned()))
        })
    };
    assert_eq!(find("lighthouse"), (vec![id], None));
    assert_eq!(find("keeper lighthuose"), (vec![id], Some("keeper lighthouse".into())));
    assert_eq!(find("lightxxuse"), (vec![], None), "two letters are wrong");
    assert_eq!(find("\"lighthuose\""), (vec![], None), "quoted");
    assert_eq!(find("unmentionible"), (vec![], None), "nobody may see it yet");
}

#[test]
fn results_are_filtered_sorted_and_paged() {
    let Some(place) = Place::shared() else { return };
    const DAY: i64 = 24 * 60 * 60 * 1000;
    let now = place.now();
    let mut ids = Vec::new();
    for number in 0..6i64 {
        let (title, text) = match number {
            0 => ("Whale", "Whale, whale, whale."),
            _ => ("Other", "Once a whale."),
        };
        let fields = ArticleFields {
            published_at: Some(now - number * 10 * DAY),
            tags: if number % 2 == 0 { vec![tag("Sea")] } else { vec![] },
            ..with_text(&format!("whale-{number}"), title, text)
        };
        ids.push(place.add(&fields));
    }
    place.count(ids[3], 16_000_000);
    place.count(ids[4], 15_999_999);
    place.count(ids[5], 5);
    let future =
        ArticleFields { published_at: Some(now + 1), ..with_text("soon", "Whale", "Whale") };
    place.add(&future);
    place.step();
    let asked = place.asked("whale");
    let by = |sort| Asked { sort, ..asked.clone() };
    assert_eq!(place.find(&by(Sort::Relevance)).ids[0], ids[0], "the title weighs more");
    assert_eq!(place.find(&by(Sort::Date)).ids, ids);
    let views = [ids[3], ids[4], ids[5], ids[0], ids[1], ids[2]];
    assert_eq!(place.find(&by(Sort::Views)).ids, views, "the newest first without views");
    let page = Asked { offset: 2, limit: 2, ..by(Sort::Date) };
    let expected = Found { ids: ids[2..4].to_vec(), total: 6, is_more: false };
    assert_eq!(place.find(&page), expected);
    let filtered = |filter| place.find(&Asked { filter, ..by(Sort::Date) }).ids;
    let sea = SearchFilter { tag: Some("sea".into()), ..SearchFilter::default() };
    assert_eq!(filtered(sea), [ids[0], ids[2], ids[4]]);
    let month = SearchFilter { since: Some(Since::Month), ..SearchFilter::default() };
    assert_eq!(filtered(month), ids[..4]);
    let author = |name: &str| SearchFilter { author: Some(name.into()), ..SearchFilter::default() };
    assert_eq!(filtered(author("boss")), ids);
    assert!(filtered(author("jo-doe")).is_empty());
    let suggested = place.server.run(place.open_search.suggest("wha", 10, now)).unwrap();
    assert_eq!(suggested, [ids[0]], "not the one of tomorrow");
}

#[test]
fn nothing_that_a_reader_types_is_an_error() {
    let Some(place) = Place::shared() else { return };
    for text in [
        "\"",
        "-",
        "--",
        "\"a",
        "a\"",
        "-\"",
        "*",
        "?",
        "title:first",
        "(",
        "[a TO b]",
        "/a.*/",
        "first AND OR NOT",
        "\\",
        "{\"match_all\":{}}",
        "first~99",
        "first^99",
        "\u{0}",
        "<script>",
    ] {
        let asked = place.asked(text);
        if !asked.query.is_empty() {
            place.find(&asked);
        }
    }
    let long = "first ".repeat(10_000);
    place.find(&place.asked(&long));
    let last = Asked { offset: i64::MAX - 1, limit: i64::MAX, ..place.asked("first") };
    assert!(place.find(&last).ids.is_empty());
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

/// The result; `None` if OpenSearch is away and may be.
fn unless_away<T>(result: Result<T, Failure>, may_be_away: bool) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(Failure::Away(_)) if may_be_away => None,
        Err(failure) => panic!("{failure}"),
    }
}

/// Random changes of all kinds, with rebuilds, and with workers that die, sleep and wake up late. If
/// the node is the test's own, it dies three times, in the middle of a step or a rebuild. Returns
/// whether the index agrees with SQL after one quiet step.
fn agrees_after_schedule(
    place: &Place,
    seed: u64,
    worker: &OpenSearch,
    mut own: Option<&mut tidemark_servers::OpenSearch>,
) -> bool {
    let mut random = StdRng::seed_from_u64(seed);
    let server = &place.server;
    let mut ids: Vec<ArticleId> = (0..4)
        .map(|number| {
            let slug = format!("seed-{seed}-{number}");
            place.add(&with_text(&slug, "Title", &format!("Text {number}.")))
        })
        .collect();
    let mut asleep: Vec<Batch> = Vec::new();
    let mut is_dead = false;
    for turn in 0..60 {
        if let Some(node) = &mut own
            && turn % 10 == 9
        {
            if is_dead {
                node.restart();
                wait_until_back(place);
            } else {
                let (worker, rebuilds) = (worker.clone(), random.random_bool(0.5));
                let work = server.spawn(async move {
                    match rebuilds {
                        true => worker.rebuild().await.map(drop),
                        false => worker.step().await.map(drop),
                    }
                });
                std::thread::sleep(Duration::from_millis(random.random_range(0..30)));
                node.kill();
                unless_away(server.run(work).unwrap(), true);
            }
            is_dead = !is_dead;
        }
        let id = ids[random.random_range(0..ids.len())];
        match random.random_range(0..14) {
            0 | 1 => place.set_text(id, &format!("Text of turn {turn}.")),
            2 => place.change(id, |fields| fields.title = format!("Title of turn {turn}")),
            3 => place.change(id, |fields| fields.status = Status::Draft),
            4 => place.change(id, |fields| fields.status = Status::Published),
            5 => place.delete(id, true),
            6 => place.delete(id, false),
            7 => place.count(id, random.random_range(1..50)),
            8 => {
                let slug = format!("seed-{seed}-turn-{turn}");
                ids.push(place.add(&with_text(&slug, "New", &format!("New in turn {turn}."))));
            }
            12 => place.render_again(id, &format!("Rendered again in turn {turn}.")),
            13 => _ = unless_away(server.run(worker.rebuild()), is_dead),
            // Falls asleep with a batch, or dies with it.
            9 => asleep.extend(server.run(worker.take(ArticleId(0))).unwrap()),
            // Wakes up, or dies after writing.
            10 if !asleep.is_empty() => {
                let batch = asleep.swap_remove(random.random_range(0..asleep.len()));
                if let Some(written) = unless_away(server.run(worker.write(batch)), is_dead)
                    && random.random_bool(0.5)
                {
                    server.run(worker.forget(written)).unwrap();
                }
            }
            _ => _ = unless_away(server.run(worker.step()), is_dead),
        }
    }
    let node: &tidemark_servers::OpenSearch = match own {
        Some(node) => {
            if is_dead {
                node.restart();
                wait_until_back(place);
            }
            node
        }
        None => node(),
    };
    for batch in asleep {
        let written = server.run(worker.write(batch)).unwrap();
        server.run(worker.forget(written)).unwrap();
    }
    server.run(worker.step()).unwrap();
    server.run(worker.bring_counts()).unwrap();
    place.in_index(node) == place.in_sql()
}

#[test]
fn after_any_schedule_of_changes_and_deaths_one_quiet_step_makes_index_and_sql_agree() {
    let Some(place) = Place::shared() else { return };
    for seed in 0..6 {
        assert!(agrees_after_schedule(&place, seed, &place.open_search, None), "seed {seed}");
        place.assert_agrees(node());
    }
}

#[test]
fn after_a_schedule_in_which_opensearch_dies_too_one_quiet_step_makes_index_and_sql_agree() {
    if !tidemark_servers::OpenSearch::is_available() {
        return;
    }
    let mut node = tidemark_servers::OpenSearch::start();
    let place = Place::on(&node, &node.url());
    place.step();
    assert!(agrees_after_schedule(&place, 1, &place.open_search, Some(&mut node)));
    place.assert_agrees(&node);
}

/// Without external versions, a worker that wakes up late puts an old text back.
#[test]
fn the_schedule_notices_versions_that_opensearch_counts_itself() {
    let Some(place) = Place::shared() else { return };
    let broken = place.open_search.clone().broken(Variant::InternalVersions);
    let is_noticed = (0..6).any(|seed| !agrees_after_schedule(&place, seed, &broken, None));
    assert!(is_noticed);
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
        let back = tokio::time::timeout(Duration::from_secs(30), back).await;
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

/// OpenSearch with its security plugin answers 401 to everybody else.
#[test]
fn a_user_and_a_password_or_a_header_of_one_s_own_go_with_each_request() {
    let answer = |headers: axum::http::HeaderMap| async move {
        let sent = headers.get("authorization").and_then(|value| value.to_str().ok());
        // `reader:a secret`, in base64.
        match sent {
            Some("Basic cmVhZGVyOmEgc2VjcmV0" | "ApiKey abc") => (
                axum::http::StatusCode::OK,
                axum::Json(json!({
                    "timed_out": false,
                    "_shards": { "failed": 0 },
                    "hits": { "total": { "value": 1 }, "hits": [{ "fields": { "article": [7] } }] },
                })),
            ),
            _ => (axum::http::StatusCode::UNAUTHORIZED, axum::Json(json!({ "error": "who?" }))),
        }
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    runtime.spawn(async move { axum::serve(listener, axum::Router::new().fallback(answer)).await });
    let user = [("TIDEMARK_SEARCH__USER", "reader"), ("TIDEMARK_SEARCH__PASSWORD", "a secret")];
    let wrong = [("TIDEMARK_SEARCH__USER", "reader"), ("TIDEMARK_SEARCH__PASSWORD", "another")];
    let header = [("TIDEMARK_SEARCH__AUTHORIZATION", "ApiKey abc")];
    for (settings, is_let_in) in [(&user[..], true), (&header, true), (&wrong, false), (&[], false)]
    {
        let settings = [&[("TIDEMARK_SEARCH__URL", url.as_str())], settings].concat();
        let server = TestServer::of_server_profile(&settings);
        let open_search = server.stores.open_search.clone().unwrap();
        let asked = Asked {
            query: Query::parse("sea"),
            filter: SearchFilter::default(),
            sort: Sort::Relevance,
            offset: 0,
            limit: 10,
            now: NOW,
        };
        match server.run(open_search.find(&asked)) {
            Ok(answer) => assert!(is_let_in && answer.found.ids == [ArticleId(7)], "{settings:?}"),
            Err(Failure::Refused { status: 401, reason }) => {
                assert!(!is_let_in && reason == "who?", "{settings:?}");
            }
            Err(failure) => panic!("{failure}"),
        }
    }
}

/// OpenSearch may find a look for typing errors too expensive.
#[test]
fn a_look_for_typing_errors_that_fails_leaves_an_empty_result() {
    let answer = |axum::Json(body): axum::Json<Value>| async move {
        match body.get("suggest") {
            None => Ok(axum::Json(json!({
                "timed_out": false,
                "_shards": { "failed": 0 },
                "hits": { "total": { "value": 0 }, "hits": [] },
            }))),
            Some(_) => Err(axum::http::StatusCode::BAD_REQUEST),
        }
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let stub = axum::Router::new().fallback(answer);
    runtime.spawn(async move { axum::serve(listener, stub).await });
    let server = TestServer::of_server_profile(&[("TIDEMARK_SEARCH__URL", &url)]);
    let open_search = server.stores.open_search.clone().unwrap();
    let asked = Asked {
        query: Query::parse("mispelt"),
        filter: SearchFilter::default(),
        sort: Sort::Relevance,
        offset: 0,
        limit: 10,
        now: NOW,
    };
    let answer = server.run(open_search.find(&asked)).unwrap();
    assert_eq!((answer.found.total, answer.corrected), (0, None));
}

/// As OpenSearch answers if a rebuild deletes the index between finding and reading the articles.
#[test]
fn a_search_is_repeated_once_if_a_part_of_the_index_was_gone() {
    let searches = Arc::new(AtomicUsize::new(0));
    let answer = |counter: Arc<AtomicUsize>| async move {
        let failed = usize::from(counter.fetch_add(1, Ordering::Relaxed) != 1);
        axum::Json(json!({
            "timed_out": false,
            "_shards": { "failed": failed },
            "hits": { "total": { "value": 1 }, "hits": [{ "fields": { "article": [7] } }] },
        }))
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let counter = searches.clone();
    let stub = axum::Router::new().fallback(move || answer(counter.clone()));
    runtime.spawn(async move { axum::serve(listener, stub).await });
    let server = TestServer::of_server_profile(&[("TIDEMARK_SEARCH__URL", &url)]);
    let open_search = server.stores.open_search.clone().unwrap();
    let asked = Asked {
        query: Query::parse("sea"),
        filter: SearchFilter::default(),
        sort: Sort::Relevance,
        offset: 0,
        limit: 10,
        now: NOW,
    };
    assert_eq!(server.run(open_search.find(&asked)).unwrap().found.ids, [ArticleId(7)]);
    assert_eq!(searches.load(Ordering::Relaxed), 2);
    let failure = server.run(open_search.find(&asked)).unwrap_err();
    assert!(matches!(failure, Failure::Answer(_)), "{failure}");
    assert_eq!(searches.load(Ordering::Relaxed), 4);
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

/// The same articles in both engines: slug, title, text.
const CORPUS: [(&str, &str, &str); 11] = [
    ("tides", "High tides", "The moon *pulls* the sea."),
    ("boats", "Boats", "A boat is running on the tide."),
    ("tidal", "Tidal power", "Turbines below the bridge."),
    ("noon", "One", "high tide at noon"),
    ("phrases", "Two", "tide is high; high tides"),
    ("russian", "Приливы", "Ёж смотрит на луну."),
    ("chinese", "潮汐与水位", "我们每天测量水位，记录潮汐的变化。"),
    ("japanese", "データベース", "東京都で海の水位を測ります。"),
    ("signs", "C++ and node.js", "100% of `snake_case` -- \"quoted\""),
    ("async", "Asynchronous code", "Futures and a café."),
    ("cat", "A cat", "Categories"),
];

/// What is asked of both engines.
const QUERIES: [&str; 52] = [
    "tide",
    "TIDES high",
    "moon pull tide",
    "the moon",
    "moon boat",
    "run",
    "cafe",
    "café",
    "прилив луна",
    "ежи",
    "ёж",
    "水位",
    "水位 潮汐",
    "测量水位",
    "水位测量",
    "化",
    "京都",
    "データ",
    "ﾃﾞｰﾀ",
    "\"每天测量\"",
    "水位 -潮汐",
    "high tide",
    "\"high tide\"",
    "tide -noon",
    "high -\"high tide\"",
    "-noon",
    "c++",
    "c#",
    "node.js",
    "js",
    "snake_case",
    "case",
    "100%",
    "title:quoted",
    "quoted*",
    "NEAR(quoted",
    "quoted AND snake",
    "quoted OR nothing",
    "\"quoted",
    "quoted' ; DROP TABLE articles",
    "{title}: ^quoted",
    "asynchr",
    "code asyn",
    "asyn code",
    "cat",
    "categ",
    "tidla power",
    "tdal",
    "приллвы",
    "tidal sun",
    "tdl",
    "xyzzyx",
];

/// Where their answers differ: the query, what FTS5 finds and what OpenSearch finds, in the order of
/// [`QUERIES`]. `docs/SEARCH.md` says why.
const DIFFERENCES: &[(&str, &[&str], &[&str])] =
    &[("c#", &[], &["signs"]), ("js", &["signs"], &[]), ("case", &["signs"], &["async"])];

#[test]
fn fts5_and_opensearch_find_the_same_but_for_what_is_written_down() {
    let Some(place) = Place::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("blog.db").display());
    let sqlite = place.server.run(Database::open(&url)).unwrap();
    let mysql = place.server.database.clone();
    let found = place.server.run(async {
        for (slug, title, text) in CORPUS {
            let fields = ArticleFields {
                title: title.into(),
                markdown: text.into(),
                html: markdown::render(text).html,
                ..article(slug)
            };
            for database in [&sqlite, &mysql] {
                write(database, &fields).await;
            }
        }
        place.open_search.step().await.unwrap();
        place.open_search.refresh().await.unwrap();
        let mut found = Vec::new();
        for text in QUERIES {
            let mut both = Vec::new();
            let asked = Asked {
                query: Query::parse(text),
                filter: SearchFilter::default(),
                sort: Sort::Relevance,
                offset: 0,
                limit: 100,
                now: NOW,
            };
            let by_fts5 = find_in_sql(&sqlite, &asked).await.unwrap();
            let by_open_search = answer(&place.open_search, &asked).await;
            for (answer, database) in [(by_fts5, &sqlite), (by_open_search, &mysql)] {
                let articles = database.found_articles(&answer.found.ids, NOW).await.unwrap();
                // The server's own articles are in one of them only.
                let is_ours = |slug: &String| CORPUS.iter().any(|(ours, ..)| ours == slug);
                let mut slugs: Vec<String> =
                    articles.into_iter().map(|(article, _)| article.slug).filter(is_ours).collect();
                slugs.sort();
                both.push(slugs);
            }
            found.push((text, both));
        }
        found
    });
    let differing: Vec<(&str, Vec<String>, Vec<String>)> = found
        .into_iter()
        .filter(|(_, both)| both[0] != both[1])
        .map(|(text, both)| (text, both[0].clone(), both[1].clone()))
        .collect();
    let slugs = |slugs: &[&str]| slugs.iter().map(ToString::to_string).collect::<Vec<_>>();
    let written: Vec<(&str, Vec<String>, Vec<String>)> = DIFFERENCES
        .iter()
        .map(|(text, fts5, open_search)| (*text, slugs(fts5), slugs(open_search)))
        .collect();
    assert_eq!(differing, written);
    let page = include_str!("../../docs/SEARCH.md");
    for (text, ..) in DIFFERENCES {
        assert!(page.contains(&format!("| `{text}` |")), "docs/SEARCH.md does not say {text}");
    }
}
