//! Whether what a reader is looking for is among the first five: queries written by hand, with the
//! articles that must be found.

use std::collections::HashMap;

use tidemark::server::content::import::import_folder;
use tidemark::server::db::Database;
use tidemark::server::search::{Asked, Found, find_in_sql};
use tidemark_content::slug::slugify;
use tidemark_counting::ArticleId;
use tidemark_store::clock::{Clock, Millis};
use tokio::runtime::Runtime;

use crate::database::{NOW, write};
use crate::harness::corpus;
use crate::open_search::{Place, answer};
use crate::search::{asked, text};

/// How many of the first hits a reader looks at.
const FIRST: i64 = 5;

/// Queries over the Rust blog, each with files of which one must be among the first hits.
const ENGLISH: &[(&str, &[&str])] = &[
    ("async await stable", &["Async-await-stable"]),
    ("await beta", &["Async-await-hits-beta"]),
    ("generic associated types", &["gats-stabilization"]),
    ("GATs", &["gats-stabilization"]),
    ("const generics", &["const-generics-mvp-beta"]),
    ("non-lexical lifetimes", &["nll-by-default"]),
    ("new borrow checker", &["nll-hard-errors", "nll-by-default"]),
    ("phishing emails", &["2025-09-crates-io-phishing-campaign"]),
    (
        "malicious crates",
        &["crates.io-malicious-crates-evm-units-and-uniswap-utils", "malicious-crate-rustdecimal"],
    ),
    ("rustdecimal", &["malicious-crate-rustdecimal"]),
    ("session cookies stored", &["crates-io-security-session-cookies"]),
    ("regex denial of service", &["cve-2022-24713"]),
    ("CVE-2021-42574", &["cve-2021-42574"]),
    ("bidirectional override", &["cve-2021-42574"]),
    ("windows batch files", &["cve-2024-24576", "cve-2024-43402"]),
    ("naked function", &["stabilizing-naked-functions"]),
    (
        "undefined symbols in webassembly",
        &["changes-to-webassembly-targets-and-handling-undefined-symbols"],
    ),
    ("wasip2", &["wasip2-tier-2"]),
    ("WASI targets", &["updates-to-rusts-wasi-targets"]),
    ("musl 1.2.5", &["Updating-musl-1.2.5"]),
    ("minimum glibc", &["Increasing-glibc-kernel-requirements"]),
    ("android ndk", &["android-ndk-update-r25"]),
    ("windows 7", &["Windows-7"]),
    ("apple platform versions", &["Increasing-Apple-Version-Requirements"]),
    ("32-bit apple", &["reducing-support-for-32-bit-apple-targets"]),
    ("poisoned locks", &["lock-poisoning-survey"]),
    ("survey about debugging", &["rust-debugging-survey-2026"]),
    ("compile time survey", &["rust-compiler-performance-survey-2025"]),
    ("leadership council", &["introducing-leadership-council", "council-survey"]),
    ("trademark", &["trademark-update"]),
    ("foundation conversation", &["the-foundation-conversation"]),
    ("governance working group", &["governance-wg-announcement"]),
    ("safety critical industries", &["what-does-it-take-to-ship-rust-in-safety-critical"]),
    ("ferrocene specification", &["adopting-the-fls"]),
    ("alternative compiler", &["gccrs-an-alternative-compiler-for-rust"]),
    ("symbol mangling", &["switching-to-v0-mangling-on-nightly"]),
    ("sparse registry", &["sparse-registry-testing"]),
    ("should I commit Cargo.lock", &["committing-lockfiles"]),
    ("clean cargo cache", &["cargo-cache-cleaning"]),
    ("rustfmt let-else", &["rustfmt-supports-let-else-statements"]),
    ("rust-analyzer", &["rust-analyzer-joins-rust-org", "RLS-deprecation"]),
    ("RLS deprecated", &["RLS-deprecation"]),
    ("procedural macros", &["Procedural-Macros-in-Rust-2018"]),
    ("fearless concurrency", &["Fearless-Concurrency"]),
    ("firefox quantum", &["Fearless-Concurrency-In-Firefox-Quantum"]),
    ("zero cost abstractions with traits", &["traits"]),
    ("matching and mutation", &["Enums-match-mutation-and-moves"]),
    ("stability without stagnation", &["Stability"]),
    ("irc channel", &["Mozilla-IRC-Sunset-and-the-Rust-Channel"]),
    ("underhanded", &["Underhanded-Rust"]),
    ("cross compile with rustup", &["rustup"]),
    ("calling rust from other languages", &["Rust-Once-Run-Everywhere"]),
    ("badges keywords", &["broken-badges-and-23k-keywords"]),
    (
        "summer of code",
        &["Rust-participates-in-GSoC-2024", "gsoc-2024-results", "gsoc-2025-results"],
    ),
    ("outreachy", &["outreachy-2026-may"]),
    ("supply chain attacks", &["supply-chain-attack-on-arrayref"]),
    ("alignment of i128", &["i128-layout-update"]),
    ("impl trait captures lifetimes", &["impl-trait-capture-rules"]),
    ("async functions in traits", &["async-fn-rpit-in-traits"]),
    ("generic asociated types", &["gats-stabilization"]),
];

/// Texts of our own: slug, title, text.
const TEXTS: &[(&str, &str, &str)] = &[
    (
        "chaoxi",
        "潮汐是怎样形成的",
        "月球和太阳的引力牵动海水，使水面每天涨落两次。朔望前后形成大潮，上下弦时形成小潮。",
    ),
    (
        "shuiwei",
        "自己动手做一个水位计",
        "用超声波传感器测量河流的水位，数据每五分钟存入数据库，并在网页上画成曲线。",
    ),
    ("dengta", "灯塔的一百年", "这座灯塔建于1925年，守塔人记录了风暴、迷雾和沉船的故事。"),
    ("chuanyu", "渔船上的一天", "天还没亮，渔民就出海撒网。这一天的收获是鲭鱼和乌贼。"),
    (
        "shujuku",
        "为什么我们选择 SQLite 数据库",
        "小型博客不需要单独的服务器。SQLite 把全文搜索和事务放在一个文件里。",
    ),
    ("yibu", "异步编程入门", "Rust 的异步函数返回一个 future，由运行时调度执行，不会阻塞线程。"),
    ("beifen", "博客的备份", "每天晚上把文章和图片复制到另一台机器，并且定期演练恢复。"),
    (
        "priliv",
        "Как луна управляет приливами",
        "Притяжение луны поднимает воду океанов. В новолуние и полнолуние приливы самые высокие.",
    ),
    (
        "mayak",
        "Смотритель маяка",
        "На острове живёт смотритель. Каждый вечер он зажигает лампу и записывает погоду в журнал.",
    ),
    (
        "lodka",
        "Чиним старую лодку",
        "Сначала мы сняли краску, потом заменили сгнившие доски и заново просмолили днище.",
    ),
    (
        "rezervnye-kopii",
        "Резервные копии базы данных",
        "Копия, которую никто не пробовал восстановить, ничего не стоит. Проверяйте восстановление каждый месяц.",
    ),
    (
        "asinhronnost",
        "Асинхронное программирование",
        "Задачи ждут ответа сервера и не занимают поток. Планировщик будит их, когда приходят данные.",
    ),
    (
        "ryba",
        "Уха по-рыбацки",
        "Варим уху из окуней и щуки: рыбу чистим, картофель режем, лавровый лист кладём в конце.",
    ),
    (
        "shtorm",
        "Шторм на Белом море",
        "Ветер усилился ночью, и волны перехлёстывали через причал. К утру шторм утих.",
    ),
];

/// Queries in Chinese and Russian over [`TEXTS`].
const OTHERS: &[(&str, &[&str])] = &[
    ("潮汐", &["chaoxi"]),
    ("大潮 月球", &["chaoxi"]),
    ("水位 传感器", &["shuiwei"]),
    ("测量河流", &["shuiwei"]),
    ("守塔人", &["dengta"]),
    ("1925年 灯塔", &["dengta"]),
    ("乌贼", &["chuanyu"]),
    ("SQLite全文搜索", &["shujuku"]),
    ("异步 线程", &["yibu"]),
    ("备份 恢复", &["beifen"]),
    ("луна прилив", &["priliv"]),
    ("высокий прилив", &["priliv"]),
    ("смотрители маяков", &["mayak"]),
    ("журнал погоды", &["mayak"]),
    ("замена доски лодки", &["lodka"]),
    ("восстановление копии", &["rezervnye-kopii"]),
    ("асинхронные задачи", &["asinhronnost"]),
    ("уха из щуки", &["ryba"]),
    ("волна шторма", &["shtorm"]),
    ("ночной ветер", &["shtorm"]),
];

/// The queries for which none of the articles is among the first hits, with those hits. `find` is
/// the engine.
async fn missed(
    database: &Database,
    find: impl AsyncFn(&Asked) -> Found,
    queries: &[(&str, &[&str])],
    now: Millis,
) -> Vec<String> {
    let mut missed = Vec::new();
    for (query, expected) in queries {
        let asked = Asked { limit: FIRST, now, ..asked(query) };
        let ids = find(&asked).await.ids;
        let articles = database.found_articles(&ids, now).await.unwrap();
        let slugs: HashMap<ArticleId, String> =
            articles.into_iter().map(|(article, _)| (article.id, article.slug)).collect();
        let first: Vec<&String> = ids.iter().filter_map(|id| slugs.get(id)).collect();
        if !expected.iter().any(|name| first.iter().any(|slug| **slug == slugify(name))) {
            missed.push(format!("{query}: {first:?}"));
        }
    }
    missed
}

/// Fails if fewer than 90 % were found.
fn assert_found(queries: &[(&str, &[&str])], missed: &[String]) {
    assert!(
        missed.len() * 10 <= queries.len(),
        "{} of {} were not found:\n{}",
        missed.len(),
        queries.len(),
        missed.join("\n")
    );
    eprintln!("not found: {missed:?}");
}

fn on_sqlite(test: impl AsyncFn(Database, Clock)) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("blog.db").display());
    Runtime::new().unwrap().block_on(async {
        let database = Database::open(&url).await.unwrap();
        let clock = Clock::manual("2027-01-15T08:00:00Z".parse().unwrap());
        test(database.clone(), clock).await;
        database.close().await;
    });
}

#[test]
fn of_60_queries_in_english_nine_in_ten_find_their_article_among_the_first_five() {
    let Some(blog) = corpus("rust-blog") else { return };
    assert_eq!(ENGLISH.len(), 60);
    on_sqlite(async |database, clock| {
        import_folder(&database, &clock, &blog).await.unwrap();
        let find = async |asked: &Asked| find_in_sql(&database, asked).await.unwrap().found;
        assert_found(ENGLISH, &missed(&database, find, ENGLISH, clock.now()).await);
    });
}

#[test]
fn of_20_queries_in_chinese_and_russian_nine_in_ten_find_their_article_among_the_first_five() {
    assert_eq!(OTHERS.len(), 20);
    on_sqlite(async |database, clock| {
        for (slug, title, body) in TEXTS {
            write(&database, &text(slug, title, body)).await;
        }
        let find = async |asked: &Asked| find_in_sql(&database, asked).await.unwrap().found;
        assert_found(OTHERS, &missed(&database, find, OTHERS, clock.now()).await);
    });
}

#[test]
fn opensearch_finds_the_article_of_nine_in_ten_queries_in_english_among_the_first_five() {
    let Some(blog) = corpus("rust-blog") else { return };
    let Some(place) = Place::shared() else { return };
    let (server, now) = (&place.server, place.now());
    server.run(import_folder(&server.database, &server.clock, &blog)).unwrap();
    let find = async |asked: &Asked| answer(&place.open_search, asked).await.found;
    place.step();
    server.run(place.open_search.refresh()).unwrap();
    assert_found(ENGLISH, &server.run(missed(&server.database, find, ENGLISH, now)));
}

#[test]
fn opensearch_finds_the_article_of_nine_in_ten_queries_in_chinese_and_russian_among_the_first_five()
{
    let Some(place) = Place::shared() else { return };
    let (server, now) = (&place.server, NOW);
    for (slug, title, body) in TEXTS {
        server.run(write(&server.database, &text(slug, title, body)));
    }
    let find = async |asked: &Asked| answer(&place.open_search, asked).await.found;
    place.step();
    server.run(place.open_search.refresh()).unwrap();
    assert_found(OTHERS, &server.run(missed(&server.database, find, OTHERS, now)));
}
