//! What a search in OpenSearch finds, and where it differs from one in SQL.

use tidemark::model::search::{SearchFilter, Since, Sort};
use tidemark::server::db::Database;
use tidemark::server::db::articles::ArticleFields;
use tidemark::server::db::search::{Asked, Found};
use tidemark::server::search::find_in_sql;
use tidemark_content::markdown;

use super::{Place, answer, asked, with_text};
use crate::database::{NOW, article, tag, write};

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

/// Where their answers differ: the query, what FTS5 finds and what OpenSearch finds, in the order
/// of [`QUERIES`]. `docs/SEARCH.md` says why.
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
            let asked = Asked { limit: 100, ..asked(text, NOW) };
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
    let page = include_str!("../../../docs/SEARCH.md");
    for (text, ..) in DIFFERENCES {
        assert!(page.contains(&format!("| `{text}` |")), "docs/SEARCH.md does not say {text}");
    }
}
