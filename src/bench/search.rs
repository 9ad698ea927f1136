//! What a search costs in a large blog, and how fast articles are indexed.

use std::fmt::Write;
use std::time::Instant;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tidemark::model::article::Author;
use tidemark::server::content::search_index::rebuild;
use tidemark::server::db::Database;
use tidemark::server::db::articles::{ArticleFields, Kind, Status, write};
use tidemark_servers::{Redis, SqlServer};
use tidemark_store::clock::Millis;
use tokio::runtime::Runtime;

use crate::Profile;
use crate::client::{connect, request, start, stop};

const ARTICLES: usize = 100_000;
/// Without a search engine, the server profile is for smaller blogs.
const ARTICLES_IN_SQL: usize = 5_000;
/// Words of a text: about 5.4 kB.
const WORDS: usize = 900;
/// Different words.
const VOCABULARY: usize = 50_000;
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

    fn one(&mut self) -> &str {
        let rank = (VOCABULARY as f64).powf(self.random.random::<f64>());
        &self.words[(rank as usize - 1).min(VOCABULARY - 1)]
    }

    /// A query of this kind.
    fn query(&mut self, kind: &str, number: usize) -> String {
        match kind {
            "one word" => self.one().to_owned(),
            "two words" => self.several(2),
            "a phrase" => format!("\"{}\"", self.several(2)),
            "a beginning" => self.one()[..2 + number % 3].to_owned(),
            "a typing error" => format!("{}q", self.one()),
            _ => self.several(3),
        }
    }

    fn several(&mut self, count: usize) -> String {
        let mut text = String::new();
        for _ in 0..count {
            let _ = write!(text, "{} ", self.one());
        }
        text.trim_end().to_owned()
    }
}

fn article(number: usize, words: &mut Words) -> ArticleFields {
    let text = words.several(WORDS);
    ArticleFields {
        kind: Kind::Article,
        slug: format!("article-{number}"),
        title: words.several(5),
        summary: words.several(20),
        html: format!("<p>{text}</p>"),
        markdown: text,
        contents: vec![],
        reading_minutes: 4,
        language: "en".into(),
        status: Status::Published,
        published_at: Some(1_600_000_000_000 + number as i64 * 1_000),
        updated_at: None,
        authors: vec![Author::named("jo", "Jo")],
        tags: vec![],
        series: None,
        aliases: vec![],
        cover: None,
    }
}

/// Fills a blog, indexes it again, and searches it over HTTP, one search after the other. No two
/// are the same, so none is answered from memory.
pub fn large_blog(profile: Profile) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let redis = (profile == Profile::Server).then(Redis::start);
    let (articles, settings) = match &redis {
        None => {
            let url = format!("sqlite:{}", folder.path().join("blog.db").display());
            (ARTICLES, vec![("DATABASE_URL", url)])
        }
        Some(redis) => {
            let url = SqlServer::shared().new_database();
            (ARTICLES_IN_SQL, vec![("DATABASE_URL", url), ("REDIS_URL", redis.url())])
        }
    };
    let runtime = Runtime::new().expect("a runtime");
    let mut words = Words::new();
    println!("{profile:?} profile, {articles} articles of {WORDS} words:");
    runtime.block_on(fill(&settings[0].1, articles, &mut words));
    let (server, address) = start(folder.path(), &settings);
    runtime.block_on(async {
        let mut connection = connect(address).await;
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
                let body = request(&mut connection, "GET", &path, 1).await;
                times.push(start.elapsed().as_secs_f64() * 1e3);
                assert!(
                    body.contains("\"hits\"") || body.contains("\"suggestions\""),
                    "void: {body}"
                );
            }
            times.sort_by(f64::total_cmp);
            let (median, p99) = (times[SEARCHES / 2], times[SEARCHES * 99 / 100]);
            println!("  {kind}: median {median:.1} ms, p99 {p99:.1} ms");
        }
    });
    stop(server);
}

/// Saves the articles, indexes them again, and prints how many a second.
async fn fill(url: &str, articles: usize, words: &mut Words) {
    let database = Database::open(url).await.expect("the database opens");
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
    let start = Instant::now();
    let indexed = rebuild(&database).await.expect("indexed");
    let again = indexed as f64 / start.elapsed().as_secs_f64();
    println!("  saved {saved:.0} a second, indexed again {again:.0} a second");
    database.close().await;
}
