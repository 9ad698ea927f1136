//! What a search costs in a large blog, and how fast articles are indexed.

use std::fmt::Write;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tidemark::model::article::Author;
use tidemark::server::config;
use tidemark::server::content::rerender::rerender;
use tidemark::server::content::search_index::{Rest, rebuild};
use tidemark::server::db::articles::{ArticleFields, Kind, Status, write};
use tidemark::server::db::{AnyDatabase, Database};
use tidemark::server::search::open_search::OpenSearch as Index;
use tidemark_servers::{OpenSearch, Redis, SqlServer};
use tidemark_store::clock::{Clock, Millis};
use tokio::io::BufReader;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use crate::client::{connect, request, start, stop};

const ARTICLES: usize = 100_000;
/// Without a search engine, the server profile is for smaller blogs.
const ARTICLES_IN_SQL: usize = 1_000;
/// The heap of OpenSearch, in MB.
const HEAP: u32 = 2_048;
/// Words of a text: about 5.4 kB.
const WORDS: usize = 900;
/// Different words.
const VOCABULARY: usize = 50_000;
/// How many of the most frequent words nobody looks for: so many English ones a search ignores.
const COMMON: usize = 40;
/// Counts that are awaited in the index.
const COUNTS: u64 = 20;
/// Searches of each kind.
const SEARCHES: usize = 1_000;

/// Makes words that are as unevenly spread as those of a language: the tenth is a tenth as frequent
/// as the first.
struct Words {
    random: StdRng,
    words: Vec<String>,
}

impl Words {
    fn new() -> Self {
        let mut random = StdRng::seed_from_u64(1);
        let word = |_| -> String {
            let letters = random.random_range(4..11);
            (0..letters).map(|_| char::from(random.random_range(b'a'..=b'z'))).collect()
        };
        let words = (0..VOCABULARY).map(word).collect();
        Self { random, words }
    }

    /// A word of a text, as its number in the order of frequency.
    fn rank(&mut self) -> usize {
        let rank = (VOCABULARY as f64).powf(self.random.random::<f64>());
        (rank as usize - 1).min(VOCABULARY - 1)
    }

    /// A word that somebody looks for.
    fn wanted(&mut self) -> &str {
        let rank = std::iter::repeat_with(|| self.rank()).find(|rank| *rank >= COMMON);
        &self.words[rank.unwrap_or(COMMON)]
    }

    /// A query of this kind.
    fn query(&mut self, kind: &str, number: usize) -> String {
        match kind {
            "one word" => self.wanted().to_owned(),
            "two words" => format!("{} {}", self.wanted().to_owned(), self.wanted()),
            "a phrase" => format!("\"{}\"", self.text(2)),
            "a beginning" => self.wanted()[..2 + number % 3].to_owned(),
            "a typing error" => format!("{}q", self.wanted()),
            _ => {
                let two = self.query("two words", number);
                format!("{two} {}", self.wanted())
            }
        }
    }

    fn text(&mut self, count: usize) -> String {
        let mut text = String::new();
        for _ in 0..count {
            let rank = self.rank();
            let _ = write!(text, "{} ", self.words[rank]);
        }
        text.trim_end().to_owned()
    }
}

fn article(number: usize, words: &mut Words) -> ArticleFields {
    let text = words.text(WORDS);
    ArticleFields {
        kind: Kind::Article,
        slug: format!("article-{number}"),
        title: words.text(5),
        summary: words.text(20),
        html: format!("<p>{text}</p>"),
        markdown: text,
        contents: vec![],
        reading_minutes: 4,
        language: "en".into(),
        status: Status::Published,
        published_at: Some(Millis(1_600_000_000_000 + number as i64 * 1_000)),
        updated_at: None,
        authors: vec![Author::named("jo", "Jo")],
        tags: vec![],
        series: None,
        aliases: vec![],
        cover: None,
    }
}

/// What answers searches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// SQLite's FTS5, in the embedded profile.
    Sqlite,
    /// MariaDB, in the server profile.
    MariaDb,
    /// OpenSearch, in the server profile.
    OpenSearch,
}

/// Fills a blog, indexes it again, and searches it over HTTP, one search after the other. No two
/// are the same, so none is answered from memory.
pub fn large_blog(engine: Engine) {
    if engine == Engine::OpenSearch && !OpenSearch::is_available() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let redis = (engine != Engine::Sqlite).then(Redis::start);
    let node = (engine == Engine::OpenSearch).then(|| OpenSearch::with_heap(HEAP));
    let articles = if engine == Engine::MariaDb { ARTICLES_IN_SQL } else { ARTICLES };
    let mut settings = match &redis {
        None => {
            vec![("DATABASE_URL", format!("sqlite:{}", folder.path().join("blog.db").display()))]
        }
        Some(redis) => {
            vec![("DATABASE_URL", SqlServer::shared().new_database()), ("REDIS_URL", redis.url())]
        }
    };
    if let Some(node) = &node {
        settings.push(("TIDEMARK_SEARCH__URL", node.url()));
        // So that the time of a view is about that of its flush.
        settings.push(("TIDEMARK_JOBS__FLUSH", "100ms".into()));
    }
    let runtime = Runtime::new().expect("a runtime");
    let mut words = Words::new();
    println!("{engine:?}, {articles} articles of {WORDS} words:");
    runtime.block_on(fill(&settings[0].1, articles, &mut words));
    if let Some(node) = &node {
        runtime.block_on(send_all(&settings[0].1, node.url()));
    }
    let (server, address) = start(folder.path(), &settings);
    runtime.block_on(async {
        let mut connection = connect(address).await;
        while node.is_some()
            && !request(&mut connection, "GET", "/metrics", 1)
                .await
                .contains("tidemark_search_queue 0\n")
        {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        search(&mut connection, &mut words).await;
        if let Some(node) = &node {
            counts_arrive(&mut connection, node).await;
        }
        if engine == Engine::Sqlite {
            merge(&settings[0].1).await;
            search(&mut connection, &mut words).await;
        }
    });
    stop(server);
    if engine != Engine::OpenSearch {
        runtime.block_on(index_again(&settings[0].1));
    }
}

/// Searches in each way, and prints how long that takes.
async fn search(connection: &mut BufReader<TcpStream>, words: &mut Words) {
    for (kind, path) in [
        ("one word", "search?q="),
        ("two words", "search?q="),
        ("three words, newest first", "search?sort=date&q="),
        ("a phrase", "search?q="),
        ("a beginning", "search/suggest?q="),
        ("a typing error", "search?q="),
    ] {
        let mut times: Vec<f64> = Vec::new();
        for number in 0..SEARCHES {
            let query = words.query(kind, number).replace(' ', "+").replace('"', "%22");
            let start = Instant::now();
            let path = format!("/api/v1/{path}{query}");
            let body = request(connection, "GET", &path, 1).await;
            times.push(start.elapsed().as_secs_f64() * 1e3);
            let is_answer = body.contains("\"hits\"") || body.contains("\"suggestions\"");
            // An answer by SQL would be the figure of another engine.
            let is_fallback = body.contains("\"is_fallback\":true");
            assert!(is_answer && !is_fallback, "void: {body}");
        }
        times.sort_by(f64::total_cmp);
        let (median, p99) = (times[SEARCHES / 2], times[SEARCHES * 99 / 100]);
        println!("  {kind}: median {median:.1} ms, p99 {p99:.1} ms");
    }
}

/// Merges the index as each night's job does, and prints how long that takes and for how long a
/// save waits for it at most.
async fn merge(url: &str) {
    let database = Database::open(url).await.expect("the database opens");
    let (start, mut longest) = (Instant::now(), Duration::ZERO);
    loop {
        let part = Instant::now();
        let is_more = database.merge_search_index(false).await.expect("merged");
        longest = longest.max(part.elapsed());
        if !is_more {
            break;
        }
    }
    let took = start.elapsed().as_secs_f64();
    println!("  merged in {took:.0} s, at most {} ms at a time", longest.as_millis());
    database.close().await;
}

/// Makes the index in OpenSearch, and prints how many articles a second.
async fn send_all(database: &str, url: String) {
    let database = Database::open(database).await.expect("the database opens");
    let AnyDatabase::MySql(server) = database.any() else { panic!("OpenSearch is for MariaDB") };
    let settings = config::Search {
        url,
        index: "tidemark".into(),
        user: String::new(),
        password: String::new(),
        authorization: String::new(),
    };
    let index = Index::new(&settings, server.clone(), Clock::System).expect("the settings");
    let start = Instant::now();
    let rebuilt = index.rebuild().await.expect("the index is made");
    let rate = rebuilt.articles as f64 / start.elapsed().as_secs_f64();
    println!("  sent {rate:.0} a second to OpenSearch, into an empty index");
    database.close().await;
}

/// Views articles, and prints how long it takes at most until the index has their counts.
async fn counts_arrive(connection: &mut BufReader<TcpStream>, node: &OpenSearch) {
    let mut longest = Duration::ZERO;
    for article in 1..=COUNTS {
        let body =
            request(connection, "PUT", &format!("/api/v1/articles/{article}/view"), article).await;
        assert!(body.contains("\"counted\":true"), "void: {body}");
        let start = Instant::now();
        let query = format!(
            r#"{{"query":{{"bool":{{"filter":[{{"term":{{"kind":"count"}}}},{{"term":{{"article":{article}}}}}]}}}}}}"#
        );
        while !node.request("POST", "/tidemark-articles-v1/_search", &query).contains("\"views\":1")
        {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        longest = longest.max(start.elapsed());
    }
    println!("  a count is in the index after {:.1} s at most", longest.as_secs_f64());
}

/// Saves the articles and prints how many a second.
async fn fill(url: &str, articles: usize, words: &mut Words) {
    let database = Database::open(url).await.expect("the database opens");
    // Otherwise, the server would render all articles again while it is measured.
    rerender(&database).await.expect("an empty blog is up to date");
    let start = Instant::now();
    for first in (0..articles).step_by(100) {
        let mut transaction = database.begin_content().await.expect("a transaction");
        for number in first..first + 100 {
            write(&mut transaction, None, &article(number, words), Millis(0))
                .await
                .expect("written");
        }
        transaction.commit().await.expect("committed");
    }
    let saved = articles as f64 / start.elapsed().as_secs_f64();
    println!("  saved {saved:.0} a second");
    database.close().await;
}

/// Indexes all articles again, and prints how many a second.
async fn index_again(url: &str) {
    let database = Database::open(url).await.expect("the database opens");
    let start = Instant::now();
    let indexed = rebuild(&database, Rest::None).await.expect("indexed");
    let again = indexed as f64 / start.elapsed().as_secs_f64();
    println!("  indexed again {again:.0} a second");
    database.close().await;
}
