//! Finding articles by their words, on every kind of database, and what the page and the API show.

use std::collections::HashMap;

use serde_json::json;
use tidemark::model::article::{Author, Tag};
use tidemark::model::search::{SearchFilter, Since, Sort};
use tidemark::server::content::search_index::{Rest, index_older, rebuild, reconcile};
use tidemark::server::db::articles::{ArticleFields, Status};
use tidemark::server::db::{AnyDatabase, Database};
use tidemark::server::jobs::Job;
use tidemark::server::search::{Asked, find_in_sql};
use tidemark_content::markdown;
use tidemark_content::search::Query;
use tidemark_content::search::analysis::indexed;
use tidemark_counting::ArticleId;

use crate::database::{NOW, article, execute, on_both, write};
use crate::harness::{TestServer, is_server_profile};

const DAY: i64 = 24 * 60 * 60 * 1000;

pub fn asked(text: &str) -> Asked {
    Asked {
        query: Query::parse(text),
        filter: SearchFilter::default(),
        sort: Sort::Relevance,
        offset: 0,
        limit: 100,
        now: NOW,
    }
}

/// The slugs of what is found, in order.
pub async fn slugs(database: &Database, asked: &Asked) -> Vec<String> {
    let answer = find_in_sql(database, asked).await.unwrap();
    assert_eq!(answer.found.total, i64::try_from(answer.found.ids.len()).unwrap());
    let articles = database.found_articles(&answer.found.ids, asked.now).await.unwrap();
    let slugs: HashMap<ArticleId, String> =
        articles.into_iter().map(|(article, _)| (article.id, article.slug)).collect();
    answer.found.ids.iter().map(|id| slugs[id].clone()).collect()
}

async fn found(database: &Database, text: &str) -> Vec<String> {
    let mut slugs = slugs(database, &asked(text)).await;
    slugs.sort();
    slugs
}

/// An article with this title and text.
pub fn text(slug: &str, title: &str, text: &str) -> ArticleFields {
    ArticleFields {
        title: title.into(),
        markdown: text.into(),
        html: markdown::render(text).html,
        ..article(slug)
    }
}

#[tokio::test]
async fn a_word_that_most_articles_have_must_match_and_does_not_weigh() {
    assert_eq!((indexed("sea"), indexed("mud")), ("sea sea=".into(), "mud mud=".into()));
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("blog.db").display());
    let database = Database::open(&url).await.unwrap();
    // More than are ranked. The two after them are older.
    for sql in [
        "INSERT INTO search_documents (article_id, published_at, hash)
         WITH RECURSIVE numbers (number) AS (
             SELECT 100 UNION ALL SELECT number + 1 FROM numbers WHERE number < 10200)
         SELECT number, number, 0 FROM numbers",
        "INSERT INTO search_documents (article_id, published_at, hash) VALUES (1, 1, 0), (2, 2, 0)",
        "INSERT INTO search_terms (rowid, title, tags, summary, text)
         SELECT article_id, CASE article_id WHEN 5000 THEN 'sea sea=' ELSE '' END, '', '',
            CASE article_id WHEN 1 THEN 'mud mud= mud mud= sea sea='
                WHEN 2 THEN 'sea sea= mud mud=' ELSE 'sea sea=' END
         FROM search_documents",
        "INSERT INTO search_titles (rowid, title, tags) VALUES (5000, 'sea sea=', '')",
    ] {
        execute(&database, sql).await;
    }
    let find = async |text: &str| {
        let answer = find_in_sql(&database, &Asked { limit: 3, ..asked(text) }).await.unwrap();
        let ids: Vec<i64> = answer.found.ids.iter().map(|id| id.0).collect();
        (ids, answer.found.total, answer.found.is_more)
    };
    // By title, and then the newest.
    assert_eq!(find("sea").await, (vec![5_000, 10_200, 10_199], 10_000, true));
    // The one that says more about mud, although it is older.
    assert_eq!(find("sea mud").await, (vec![1, 2], 2, false));
    assert_eq!(find("mud -sea").await, (vec![], 0, false));
    // One letter is wrong, and there is a word for it.
    assert_eq!(find("mudd sea").await, (vec![1, 2], 2, false));
}

#[tokio::test]
async fn a_phrase_is_looked_for_in_older_articles_unless_many_newer_ones_have_it() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("blog.db").display());
    let database = Database::open(&url).await.unwrap();
    // Articles 1 to 100 are older than the newest 10,000. Of these, every 50th has the sea's mud.
    for sql in [
        "INSERT INTO search_documents (article_id, published_at, hash)
         WITH RECURSIVE numbers (number) AS (
             SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 10100)
         SELECT number, number, 0 FROM numbers",
        "INSERT INTO search_terms (rowid, title, tags, summary, text)
         SELECT article_id, '', '', '', CASE WHEN article_id IN (7, 8) OR article_id % 50 = 25
            THEN 'sea sea= mud mud= ' ELSE 'mud mud= sea sea= ' END || CASE WHEN article_id IN (7, 5000)
            THEN 'rock rock= pool pool=' ELSE 'pool pool= rock rock=' END
         FROM search_documents",
    ] {
        execute(&database, sql).await;
    }
    let find = async |text: &str, sort: Sort, offset: i64| {
        let asked = Asked { offset, limit: 2, sort, ..asked(text) };
        let found = find_in_sql(&database, &asked).await.unwrap().found;
        let ids: Vec<i64> = found.ids.iter().map(|id| id.0).collect();
        (ids, found.total, found.is_more)
    };
    let mud = "\"sea mud\"";
    // What is looked through, and so the total, is the same on each page, also past the end.
    for (offset, expected) in [(0, vec![10_075, 10_025]), (198, vec![175, 125]), (200, vec![])] {
        assert_eq!(find(mud, Sort::Relevance, offset).await, (expected, 200, true), "{offset}");
    }
    for (offset, expected) in [(0, vec![10_075, 10_025]), (202, vec![8, 7]), (204, vec![])] {
        assert_eq!(find(mud, Sort::Date, offset).await, (expected, 204, false), "{offset}");
    }
    assert_eq!(find("\"rock pool\"", Sort::Relevance, 0).await, (vec![5_000, 7], 2, false));
}

#[tokio::test]
async fn a_typing_error_is_corrected_by_words_that_readers_see() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("blog.db").display());
    let database = Database::open(&url).await.unwrap();
    write(&database, &text("visible", "Visible", "A lighthouse.")).await;
    for slug in ["next", "later"] {
        let scheduled = ArticleFields {
            published_at: Some(NOW + DAY),
            ..text(slug, "Scheduled", "A lightshouse of quillfordia.")
        };
        write(&database, &scheduled).await;
    }
    let corrected = async |text: &str| {
        let answer = find_in_sql(&database, &asked(text)).await.unwrap();
        answer.corrected.map(|query| query.text().to_owned())
    };
    assert_eq!(corrected("lightxhouse ").await.as_deref(), Some("lighthouse"));
    assert_eq!(corrected("quillfordix ").await, None);
}

#[test]
fn every_word_must_match_in_any_form_and_order() {
    on_both(async |database| {
        write(&database, &text("tides", "High tides", "The moon *pulls* the sea.")).await;
        write(&database, &text("boats", "Boats", "A boat is running on the tide.")).await;
        write(&database, &text("приливы", "Приливы", "Ёж смотрит на луну.")).await;
        for (text, expected) in [
            ("tide", &["boats", "tides"] as &[&str]),
            ("TIDES high", &["tides"]),
            ("moon pull tide", &["tides"]),
            ("the moon", &["tides"]),
            ("moon boat", &[]),
            ("run", &["boats"]),
            ("café", &[]),
            ("прилив луна", &["приливы"]),
            ("ежи", &["приливы"]),
        ] {
            assert_eq!(found(&database, text).await, expected, "{text}");
        }
    });
}

#[test]
fn chinese_and_japanese_are_found_without_spaces() {
    on_both(async |database| {
        write(&database, &text("chinese", "潮汐与水位", "我们每天测量水位，记录潮汐的变化。"))
            .await;
        write(&database, &text("japanese", "データベース", "東京都で海の水位を測ります。")).await;
        for (text, expected) in [
            ("水位", &["chinese", "japanese"] as &[&str]),
            ("水位 潮汐", &["chinese"]),
            ("测量水位", &["chinese"]),
            ("水位测量", &[]),
            ("化", &["chinese"]),
            ("京都", &["japanese"]),
            ("データ", &["japanese"]),
            ("ﾃﾞｰﾀ", &["japanese"]),
            ("\"每天测量\"", &["chinese"]),
            ("水位 -潮汐", &["japanese"]),
        ] {
            assert_eq!(found(&database, text).await, expected, "{text}");
        }
    });
}

#[test]
fn a_phrase_stands_as_it_is_and_a_minus_leaves_out() {
    on_both(async |database| {
        write(&database, &text("one", "One", "high tide at noon")).await;
        write(&database, &text("two", "Two", "tide is high; high tides")).await;
        write(&database, &text("three", "High", "Tide")).await;
        for (text, expected) in [
            ("high tide", &["one", "three", "two"] as &[&str]),
            ("\"high tide\"", &["one"]),
            ("tide -noon", &["three", "two"]),
            ("high -\"high tide\"", &["three", "two"]),
            ("-noon", &["one"]),
        ] {
            assert_eq!(found(&database, text).await, expected, "{text}");
        }
    });
}

#[test]
fn what_looks_like_syntax_is_text() {
    on_both(async |database| {
        write(&database, &text("signs", "C++ and node.js", "100% of `snake_case` -- \"quoted\""))
            .await;
        for (text, expected) in [
            ("c++", &["signs"] as &[&str]),
            ("c#", &[]),
            ("node.js", &["signs"]),
            ("snake_case", &["signs"]),
            ("100%", &["signs"]),
            ("title:quoted", &[]),
            ("quoted*", &["signs"]),
            ("NEAR(quoted", &[]),
            ("quoted AND snake", &["signs"]),
            ("quoted OR nothing", &[]),
            ("\"quoted", &["signs"]),
            ("quoted' ; DROP TABLE articles", &[]),
            ("{title}: ^quoted", &[]),
            ("%", &[]),
            ("_", &[]),
        ] {
            let asked = asked(text);
            match asked.query.is_empty() {
                true => assert!(expected.is_empty(), "{text}"),
                false => assert_eq!(found(&database, text).await, expected, "{text}"),
            }
        }
    });
}

#[test]
fn the_last_word_may_be_a_beginning_if_nothing_has_it_whole() {
    on_both(async |database| {
        write(&database, &text("async", "Asynchronous code", "Futures")).await;
        write(&database, &text("cat", "A cat", "Categories")).await;
        write(&database, &text("category", "A category", "Text")).await;
        assert_eq!(found(&database, "asynchr").await, ["async"]);
        assert_eq!(found(&database, "code asyn").await, ["async"]);
        assert_eq!(found(&database, "asyn code").await, [""; 0]);
        assert_eq!(found(&database, "cat").await, ["cat"], "not the category too");
        let titles = database.suggest(&Query::parse("cat"), 10, NOW).await.unwrap();
        let titles: Vec<&str> = titles.iter().map(|one| one.title.as_str()).collect();
        assert_eq!(titles, ["A category", "A cat"], "newest first");
        assert!(database.suggest(&Query::parse("futu"), 10, NOW).await.unwrap().is_empty());
    });
}

#[test]
fn one_typing_error_is_corrected_where_the_engine_can() {
    on_both(async |database| {
        write(&database, &text("tidal", "Tidal power", "The moon")).await;
        write(&database, &text("приливы", "Приливы", "Луна")).await;
        for (typed, corrected) in
            [("tidla power", "tidal power"), ("tdal", "tidal"), ("приллвы", "приливы")]
        {
            let answer = find_in_sql(&database, &asked(typed)).await.unwrap();
            let instead = answer.corrected.map(|query| query.text().to_owned());
            match database.any() {
                AnyDatabase::Sqlite(_) => {
                    assert_eq!(instead.as_deref(), Some(corrected));
                    assert_eq!(answer.found.total, 1);
                }
                AnyDatabase::MySql(_) => assert_eq!((instead, answer.found.total), (None, 0)),
            }
        }
        for typed in ["tidal sun", "tdl", "power -moon", "xyzzyx"] {
            let answer = find_in_sql(&database, &asked(typed)).await.unwrap();
            assert_eq!((answer.corrected, answer.found.total), (None, 0), "{typed}");
        }
    });
}

#[test]
fn a_title_weighs_more_than_a_text() {
    on_both(async |database| {
        for slug in ["text-1", "text-2", "text-3"] {
            write(&database, &text(slug, "Something else", "Here the moon is only mentioned."))
                .await;
        }
        let old =
            ArticleFields { published_at: Some(NOW - 100 * DAY), ..text("title", "Moon", "Text") };
        write(&database, &old).await;
        assert_eq!(slugs(&database, &asked("moon")).await, ["title", "text-3", "text-2", "text-1"]);
    });
}

#[test]
fn what_is_found_is_filtered_sorted_and_paged() {
    on_both(async |database| {
        for (slug, days, tag, author) in [
            ("old", 400, "Sea", "Jo Doe"),
            ("year", 300, "Sea", "Mo Roe"),
            ("month", 20, "Land", "Jo Doe"),
            ("week", 3, "Land", "Mo Roe"),
        ] {
            let fields = ArticleFields {
                published_at: Some(NOW - days * DAY),
                tags: vec![Tag { slug: tag.to_lowercase(), name: tag.into() }],
                authors: vec![Author::named(author.to_lowercase().replace(' ', "-"), author)],
                ..text(slug, "Tides", "Text")
            };
            write(&database, &fields).await;
        }
        let views = "INSERT INTO article_stats (article_id, views) SELECT id, CASE slug WHEN 'year' THEN 9 ELSE 2 END FROM articles";
        execute(&database, views).await;
        let filtered =
            async |filter, sort| slugs(&database, &Asked { filter, sort, ..asked("tide") }).await;
        let all = SearchFilter::default;
        assert_eq!(filtered(all(), Sort::Date).await, ["week", "month", "year", "old"]);
        assert_eq!(filtered(all(), Sort::Views).await, ["year", "week", "month", "old"]);
        let tag = SearchFilter { tag: Some("land".into()), ..all() };
        assert_eq!(filtered(tag.clone(), Sort::Relevance).await, ["week", "month"]);
        let author = SearchFilter { author: Some("mo-roe".into()), ..all() };
        assert_eq!(filtered(author.clone(), Sort::Relevance).await, ["week", "year"]);
        let both = SearchFilter { author: author.author, ..tag };
        assert_eq!(filtered(both, Sort::Relevance).await, ["week"]);
        for (since, expected) in [
            (Since::Week, &["week"] as &[&str]),
            (Since::Month, &["week", "month"]),
            (Since::Year, &["week", "month", "year"]),
        ] {
            let filter = SearchFilter { since: Some(since), ..all() };
            assert_eq!(filtered(filter, Sort::Relevance).await, expected);
        }
        for (offset, expected) in [(0, 2), (2, 2), (3, 1), (4, 0), (i64::MAX, 0)] {
            let part = Asked { offset, limit: 2, sort: Sort::Date, ..asked("tide") };
            let found = database.find(&part).await.unwrap();
            assert_eq!((found.ids.len(), found.total, found.is_more), (expected, 4, false));
        }
        let tags = database.popular_tags(1, NOW).await.unwrap();
        assert_eq!(tags[0].slug, "land", "of equals, the first in the alphabet");
    });
}

#[test]
fn only_what_readers_may_see_is_found() {
    on_both(async |database| {
        let first = text("first", "Tides", "Text");
        let draft = ArticleFields { status: Status::Draft, published_at: None, ..first.clone() };
        write(&database, &draft).await;
        assert_eq!(found(&database, "tide").await, [""; 0], "a draft");
        write(&database, &first).await;
        assert_eq!(found(&database, "tide").await, ["first"], "published");
        write(&database, &ArticleFields { title: "Boats".into(), ..first.clone() }).await;
        assert_eq!(found(&database, "tide").await, [""; 0], "it has another title now");
        assert_eq!(found(&database, "boat").await, ["first"]);
        write(&database, &ArticleFields { published_at: Some(NOW + 1), ..first.clone() }).await;
        assert_eq!(found(&database, "tide").await, [""; 0], "scheduled");
        let later = Asked { now: NOW + 1, ..asked("tide") };
        assert_eq!(slugs(&database, &later).await, ["first"], "its time has come");
        write(&database, &draft).await;
        assert_eq!(slugs(&database, &later).await, [""; 0], "unpublished");
        write(&database, &first).await;
        assert_eq!(found(&database, "tide").await, ["first"], "and published again");
        assert!(database.suggest(&Query::parse("tid"), 9, NOW - DAY).await.unwrap().is_empty());
    });
}

#[test]
fn a_reconcile_finds_and_corrects_what_differs() {
    on_both(async |database| {
        for slug in ["one", "two", "three"] {
            write(&database, &text(slug, "Tides", "Text")).await;
        }
        assert_eq!(reconcile(&database).await.unwrap(), (vec![], 0));
        execute(&database, "UPDATE articles SET title = 'Boats' WHERE slug = 'one'").await;
        execute(&database, "UPDATE articles SET status = 'draft' WHERE slug = 'two'").await;
        execute(
            &database,
            "DELETE FROM search_documents WHERE article_id = (SELECT id FROM articles WHERE slug = 'three')",
        )
        .await;
        let (differed, orphans) = reconcile(&database).await.unwrap();
        assert_eq!(differed.len(), 3);
        // In SQLite, the terms are in another table than what says that they are there.
        let is_sqlite = matches!(database.any(), AnyDatabase::Sqlite(_));
        assert_eq!(orphans, u64::from(is_sqlite));
        assert_eq!(found(&database, "boat").await, ["one"]);
        assert_eq!(found(&database, "tide").await, ["three"]);
        assert_eq!(reconcile(&database).await.unwrap(), (vec![], 0));

        if is_sqlite {
            for lost in ["DELETE FROM search_terms", "DELETE FROM search_titles"] {
                execute(&database, lost).await;
                assert_eq!(reconcile(&database).await.unwrap().0.len(), 2, "{lost}");
                assert_eq!(found(&database, "tide").await, ["three"], "{lost}");
                let suggested = database.suggest(&Query::parse("tid"), 9, NOW).await.unwrap();
                assert_eq!(suggested.len(), 1, "{lost}");
                assert_eq!(reconcile(&database).await.unwrap(), (vec![], 0), "{lost}");
            }
        }
    });
}

/// How many parts each index in SQLite has.
async fn parts(database: &Database) -> Vec<i64> {
    let AnyDatabase::Sqlite(sqlite) = database.any() else { panic!("not SQLite") };
    let sql = "SELECT count(DISTINCT segid) FROM search_terms_idx
        UNION ALL SELECT count(DISTINCT segid) FROM search_titles_idx";
    sqlx::query_scalar(sql).fetch_all(sqlite.reader()).await.unwrap()
}

/// Each word is looked up in each part of an index.
#[tokio::test]
async fn what_saves_add_to_the_index_is_merged() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("blog.db").display());
    let database = Database::open(&url).await.unwrap();
    for number in 0..7 {
        write(&database, &text(&format!("article-{number}"), "Tides", "Text")).await;
    }
    let before = parts(&database).await;
    assert!(before.iter().all(|parts| *parts > 2), "{before:?}");
    assert_eq!(reconcile(&database).await.unwrap(), (vec![], 0));
    let after = parts(&database).await;
    assert!(after.iter().zip(&before).all(|(after, before)| after < before), "{after:?}");
    assert_eq!(found(&database, "tide").await.len(), 7);

    assert_eq!(rebuild(&database, Rest::None).await.unwrap(), 7);
    assert_eq!(parts(&database).await, [1, 1]);
    assert_eq!(found(&database, "tide").await.len(), 7);
    assert!(!database.merge_search_index(true).await.unwrap(), "there is nothing to merge");
}

#[test]
fn articles_from_before_the_search_are_indexed_once() {
    on_both(async |database| {
        write(&database, &text("first", "Tides", "Text")).await;
        execute(&database, "DELETE FROM search_documents").await;
        if matches!(database.any(), AnyDatabase::Sqlite(_)) {
            execute(&database, "DELETE FROM search_terms").await;
        }
        assert_eq!(index_older(&database).await.unwrap(), 0, "an empty blog began complete");
        execute(&database, "UPDATE search_analysis SET version = 0").await;
        assert_eq!(index_older(&database).await.unwrap(), 1);
        assert_eq!(found(&database, "tide").await, ["first"]);
        assert_eq!(index_older(&database).await.unwrap(), 0);
        assert_eq!(rebuild(&database, Rest::None).await.unwrap(), 1);
        assert_eq!(found(&database, "tide").await, ["first"]);
    });
}

#[test]
fn the_api_finds_what_the_page_finds() {
    let server = TestServer::start();
    let someone = server.someone();
    let answer = someone.get("/api/v1/search?q=second&per-page=1").json();
    assert_eq!(answer["total"], 1, "{answer}");
    let hit = &answer["hits"][0];
    assert_eq!(hit["slug"], "second");
    let segments = json!([
        { "text": "Title of ", "is_hit": false },
        { "text": "second", "is_hit": true },
    ]);
    assert_eq!(hit["title_segments"], segments);
    assert_eq!(hit["excerpt"][1], json!({ "text": "second", "is_hit": true }));
    let nothing = someone.get("/api/v1/search?q=%21").json();
    assert_eq!((&nothing["total"], &nothing["pages"]), (&json!(0), &json!(1)));
    let past = someone.get("/api/v1/search?q=text&page=7").json();
    assert_eq!((&past["total"], past["hits"].as_array().unwrap().len()), (&json!(2), 0));
    let filtered = someone.get("/api/v1/search?q=text&tag=land&author=jo-doe&since=month").json();
    assert_eq!(filtered["total"], 1, "{filtered}");
    for wrong in ["page=0", "per-page=101", "sort=x", "since=never", "page=x"] {
        let answer = someone.get(&format!("/api/v1/search?q=text&{wrong}"));
        assert_eq!(answer.status, 400, "{wrong}: {answer:?}");
    }
    let suggestions = someone.get("/api/v1/search/suggest?q=title+sec").json();
    let expected = json!({ "suggestions": [{ "title": "Title of second", "slug": "second" }] });
    assert_eq!(suggestions, expected);
    assert_eq!(someone.get("/api/v1/search/suggest").json(), json!({ "suggestions": [] }));
}

#[test]
fn a_beginning_is_marked_only_if_no_whole_word_was_found() {
    let server = TestServer::start();
    let marked = |text: &str| {
        let answer = server.someone().get(&format!("/api/v1/search?q={text}")).json();
        let segments = answer["hits"][0]["title_segments"].as_array().unwrap().clone();
        let is_hit = |segment: &&serde_json::Value| segment["is_hit"] == true;
        segments.iter().filter(is_hit).map(|segment| segment["text"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(marked("sec"), ["second"]);
    assert_eq!(marked("title+seconds"), ["Title", "second"]);
}

#[test]
fn current_counts_stand_beside_what_is_found() {
    let server = TestServer::start();
    let id = server.id("second");
    let before = server.someone().get("/search?q=second");
    assert!(before.text.contains("0 views"), "{}", before.text);
    assert_eq!(server.someone().view(id).json()["views"], 1);
    let found = server.someone().get("/api/v1/search?q=second");
    assert_eq!(found.json()["hits"][0]["views"], 1, "{}", found.text);
    let after = server.someone().get("/search?q=second");
    assert!(after.text.contains("1 view<"), "{}", after.text);
}

#[test]
fn a_search_by_views_or_time_is_never_remembered() {
    let server = TestServer::start();
    for (path, kept) in [
        ("/search?q=text", true),
        ("/search?q=text&tag=sea&sort=date", true),
        ("/search?q=text&sort=views", false),
        ("/search?q=text&since=week", false),
    ] {
        let status = |_| server.someone().get(path).header("cache-status").to_owned();
        let [first, second] = [1, 2].map(status);
        match kept {
            true => {
                assert!(first.ends_with("stored") && second.ends_with("hit"), "{first} {second}");
            }
            false => assert!(first.ends_with("bypass") && second == first, "{first} {second}"),
        }
    }
    server.execute("INSERT INTO article_stats (article_id, views) SELECT id, 5 FROM articles WHERE slug = 'first'");
    let page = server.someone().get("/search?q=text&sort=views").text;
    let place = |slug: &str| page.find(&format!("href=\"/articles/{slug}\"")).unwrap();
    assert!(place("first") < place("second"), "{page}");
}

#[test]
fn a_filter_stays_in_every_link_of_the_page_and_can_be_taken_away() {
    let server = TestServer::start();
    let page = server.someone().get("/search?q=%22the%22+text&tag=sea&since=year&sort=date").text;
    assert!(page.contains("2 articles contain"), "{page}");
    assert!(page.contains("name=\"tag\" value=\"sea\""), "{page}");
    assert!(
        page.contains("href=\"/search?q=%22the%22+text&amp;since=year&amp;sort=date\""),
        "{page}"
    );
    assert!(page.contains("<option value=\"year\" selected"), "{page}");
    // A form sends its empty fields too.
    let page = server.someone().get("/search?q=text&tag=&author=&since=&sort=").text;
    assert!(page.contains("2 articles contain") && !page.contains("Only with"), "{page}");
    let nothing = server.someone().get("/search?q=text&tag=nowhere").text;
    assert!(nothing.contains("Look in all articles"), "{nothing}");
}

#[test]
fn a_typing_error_is_answered_with_what_was_meant() {
    let server = TestServer::start();
    let page = server.someone().get("/search?q=secnod").text.replace("<!>", "");
    match is_server_profile() {
        true => assert!(page.contains("No article contains “secnod”."), "{page}"),
        false => {
            assert!(page.contains("No article contains “secnod”. <a href=\"/search?q=second\">One article contains “second”.</a>"), "{page}");
            assert!(page.contains("Title of <mark>second</mark>"), "{page}");
        }
    }
}

#[test]
fn a_reconcile_reports_what_the_search_lacked() {
    let server = TestServer::start();
    assert_eq!(server.job(Job::Reconcile).as_deref(), Some("All cached counts are correct."));
    server.execute("UPDATE articles SET title = 'Boats' WHERE slug = 'first'");
    let said = server.job(Job::Reconcile).unwrap();
    assert!(said.contains("search entry of article"), "{said}");
    assert!(server.someone().get("/search?q=boat").text.contains("One article contains"));
}

#[test]
fn an_index_that_is_behind_shows_nothing_that_readers_may_not_see() {
    let server = TestServer::start();
    let hits = |server: &TestServer| {
        let found = server.someone().get("/api/v1/search?q=first").json();
        found["hits"].as_array().unwrap().len()
    };
    assert_eq!(hits(&server), 1);
    // Past the program, so the index does not hear of it.
    server.execute("UPDATE articles SET status = 'draft' WHERE slug = 'first'");
    assert_eq!(hits(&server), 0);
    server.execute(
        "UPDATE articles SET status = 'published', published_at = 99999999999999 WHERE slug = 'first'",
    );
    assert_eq!(hits(&server), 0, "it is scheduled");
}
