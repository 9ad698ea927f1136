//! Caches documents that cover many articles and are fetched often, such as feeds. Each is made
//! once per content version.

use std::sync::Arc;

use axum::body::Bytes;
use jiff::{SignedDuration, Timestamp};
use moka::sync::Cache;

use super::page_cache::deflate::gzip;
use super::together::Together;
use super::work::Work;
use crate::error::Error;

/// How many bytes all documents may have together. Those that are fetched least are dropped.
const MOST_BYTES: u64 = 32 << 20;

/// How many documents may wait for the pool. Beyond it, requests are refused.
const IN_LINE: usize = 32;

/// A document as it is sent.
#[derive(Debug, PartialEq, Eq)]
pub struct Document {
    /// The content version that it was made from.
    version: u64,
    /// The text.
    pub bytes: Bytes,
    /// The text as gzip. Compressing it for each request would take longer than all the rest.
    pub gzip: Bytes,
    /// Identifies the text. Weak, because the same tag goes with each encoding.
    pub etag: String,
    /// Since when it is as it is, in whole seconds. Later than before whenever the text changes.
    pub modified: Timestamp,
}

impl Document {
    fn new(version: u64, text: String, now: Timestamp, before: Option<&Document>) -> Self {
        let etag = format!("W/\"{}\"", &blake3::hash(text.as_bytes()).to_hex()[..32]);
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let modified = match before {
            Some(before) if before.etag == etag => before.modified,
            // The header has no fractions, so two changes within a second need two seconds.
            Some(before) => {
                let next = before.modified.checked_add(SignedDuration::from_secs(1));
                now.max(next.unwrap_or(now))
            }
            None => now,
        };
        Self { version, gzip: gzip(text.as_bytes()).into(), bytes: text.into(), etag, modified }
    }
}

/// The documents, by their addresses. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Documents {
    made: Cache<String, Arc<Document>>,
    making: Together<(String, u64), Arc<Document>>,
    work: Work,
}

impl Default for Documents {
    fn default() -> Self {
        let made = Cache::builder()
            .max_capacity(MOST_BYTES)
            .weigher(|address: &String, document: &Arc<Document>| {
                let size = document.bytes.len() + document.gzip.len() + address.len();
                u32::try_from(size).unwrap_or(u32::MAX)
            })
            .build();
        Self { made, making: Together::default(), work: Work::new(1, IN_LINE) }
    }
}

impl Documents {
    /// The pool for what takes more CPU time than a page.
    pub fn work(&self) -> &Work {
        &self.work
    }

    /// Returns the document of `version` at `address`, making it with `make` if needed. Concurrent
    /// callers wait for the same. If the database is unavailable, returns the previous document.
    ///
    /// # Errors
    /// Those of `make`.
    pub async fn get(
        &self,
        address: &str,
        version: u64,
        now: Timestamp,
        make: impl Future<Output = Result<String, Error>> + Send + 'static,
    ) -> Result<Arc<Document>, Error> {
        if let Some(document) = self.made.get(address)
            && document.version == version
        {
            return Ok(document);
        }
        let (made, work, address) = (self.made.clone(), self.work.clone(), address.to_owned());
        let key = (address.clone(), version);
        let making = async move {
            let text = make.await;
            let before = made.get(&address);
            let document = match text {
                Ok(text) => {
                    let before = before.clone();
                    work.run(move |_| Document::new(version, text, now, before.as_deref())).await
                }
                Err(error) => Err(error),
            };
            match (document, before) {
                (Ok(document), before) => {
                    let document = Arc::new(document);
                    // A slower one must not replace a later one.
                    if before.is_none_or(|before| before.version <= version) {
                        made.insert(address, document.clone());
                    }
                    Ok(document)
                }
                (Err(Error::Unavailable), Some(before)) => Ok(before),
                (Err(error), _) => Err(error),
            }
        };
        self.making.get(key, making).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Timestamp = Timestamp::constant(1_000, 0);

    #[tokio::test]
    async fn a_document_is_made_once_per_version_and_served_stale_only_during_an_outage() {
        let documents = Documents::default();
        let get = async |version, made: Result<&'static str, Error>| {
            let make = async move { made.map(str::to_owned) };
            let document = documents.get("/feed.xml", version, SECOND, make).await;
            document.map(|document| String::from_utf8(document.bytes.to_vec()).unwrap())
        };
        let text = |text: &str| Ok(text.to_owned());
        let away = || Err(Error::Unavailable);
        assert_eq!(get(1, away()).await, Err(Error::Unavailable), "there is no older one");
        assert_eq!(get(1, Ok("one")).await, text("one"));
        assert_eq!(get(1, Ok("another")).await, text("one"), "it is already made");
        assert_eq!(get(2, away()).await, text("one"));
        assert_eq!(get(2, Err(Error::Internal)).await, Err(Error::Internal));
        assert_eq!(get(2, Ok("two")).await, text("two"));
        let other = documents.get("/sitemap.xml", 2, SECOND, async { Ok("three".into()) }).await;
        assert_eq!(&other.unwrap().bytes[..], b"three");
    }

    #[tokio::test]
    async fn a_document_has_a_later_date_only_if_it_changed() {
        let documents = Documents::default();
        let get = async |version, text: &'static str| {
            let make = async move { Ok(text.to_owned()) };
            let document = documents.get("/feed.xml", version, SECOND, make).await.unwrap();
            (document.etag.clone(), document.modified.as_second())
        };
        let (one, first) = get(1, "one").await;
        assert_eq!(first, SECOND.as_second());
        assert_eq!(get(2, "one").await, (one.clone(), first));
        let (two, second) = get(3, "two").await;
        assert!(two != one && second > first);
    }

    #[tokio::test]
    async fn documents_stay_within_their_memory_limit() {
        let documents = Documents::default();
        for number in 0..100 {
            let make = async { Ok("x".repeat(1 << 20)) };
            documents.get(&format!("/tags/{number}/feed.xml"), 1, SECOND, make).await.unwrap();
        }
        documents.made.run_pending_tasks();
        assert!((1..=MOST_BYTES).contains(&documents.made.weighted_size()));
    }
}
