//! The page cache. Each page is rendered once, as readers see it when they are not signed in, and
//! kept as bytes with holes for everything that differs between responses.
//!
//! - Each page is cached under the version of the content it was rendered from
//!   ([`ContentVersion`]). Every change raises the version, so a page from before a change is never
//!   served after it. A rendering that spans a change is dropped, or stored under a key that is
//!   never looked up.
//! - [`watch`] raises the version when another process makes a change and when a scheduled article
//!   is due.
//! - Counts are read for every response ([`super::counts`]); one read serves many responses.

pub mod deflate;
pub mod hole;
pub mod page;
pub mod watch;

use std::sync::Arc;

use moka::sync::Cache;
use page::{RememberedPage, RenderedRankings};
use rustc_hash::FxBuildHasher;

use super::db::content_version::ContentVersion;
use crate::model::language::Language;
use crate::model::theme::Theme;

/// The longest address that is cached, in bytes.
const LONGEST_ADDRESS: usize = 1_024;

/// A cache key: everything that the fixed part of a page depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    version: u64,
    /// Path and query, without parameters that the page ignores.
    address: Box<str>,
    theme: Option<Theme>,
    language: Language,
}

/// Caches pages up to a total size. Cheap to clone.
#[derive(Clone, Debug)]
pub struct PageCache {
    pages: Option<Cache<Key, Arc<RememberedPage>, FxBuildHasher>>,
    version: ContentVersion,
    no_rankings: Arc<RenderedRankings>,
}

impl PageCache {
    /// A cache of at most `bytes` bytes; 0 turns it off. `no_rankings` is the sidebar's content
    /// until the most viewed articles have been read.
    pub fn new(bytes: u64, version: ContentVersion, no_rankings: fn(Language) -> String) -> Self {
        let pages = (bytes > 0).then(|| {
            Cache::builder()
                .max_capacity(bytes)
                .weigher(|key: &Key, page: &Arc<RememberedPage>| {
                    u32::try_from(page.size() + key.address.len()).unwrap_or(u32::MAX)
                })
                .build_with_hasher(FxBuildHasher)
        });
        Self { pages, version, no_rankings: Arc::new(RenderedRankings::new(no_rankings)) }
    }

    /// The key for a page that is about to be rendered; `None` if it won't be cached.
    pub fn key(&self, address: &str, theme: Option<Theme>, language: Language) -> Option<Key> {
        let is_kept = self.pages.is_some() && address.len() <= LONGEST_ADDRESS;
        let version = self.version.current();
        is_kept.then(|| Key { version, address: address.into(), theme, language })
    }

    /// The sidebar's content until the most viewed articles have been read.
    pub fn no_rankings(&self) -> Arc<RenderedRankings> {
        self.no_rankings.clone()
    }

    /// The page cached under `key`.
    pub fn get(&self, key: &Key) -> Option<Arc<RememberedPage>> {
        self.pages.as_ref()?.get(key)
    }

    /// Caches a page, unless the content has changed since `key` was made. Pages of older versions
    /// are evicted when room is needed; nobody looks them up any more.
    pub fn keep(&self, key: Key, page: Arc<RememberedPage>) {
        if let Some(pages) = &self.pages
            && key.version == self.version.current()
        {
            pages.insert(key, page);
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::hole::Marks;
    use super::*;

    fn page(html: &str) -> Arc<RememberedPage> {
        let rankings = Arc::new(RenderedRankings::new(|_| String::new()));
        Arc::new(RememberedPage::new(
            html,
            &Marks::new(&mut rand::rng()),
            HeaderMap::new(),
            rankings,
            Language::English,
        ))
    }

    #[test]
    fn a_page_rendered_before_a_change_is_never_served_after_it() {
        let version = ContentVersion::default();
        let cache = PageCache::new(1 << 20, version.clone(), |_| String::new());
        let key = |cache: &PageCache| cache.key("/", None, Language::English).unwrap();
        // The rendering pauses here and goes on after the change.
        let before = key(&cache);
        version.change();
        cache.keep(before.clone(), page("old"));
        assert!(cache.get(&key(&cache)).is_none());
        assert!(cache.get(&before).is_none(), "it is not stored");
        cache.keep(key(&cache), page("new"));
        assert!(cache.get(&key(&cache)).is_some());
        version.change();
        assert!(cache.get(&key(&cache)).is_none(), "a later change drops it");
    }

    #[test]
    fn the_page_cache_stays_within_its_memory_limit() {
        let cache = PageCache::new(1 << 20, ContentVersion::default(), |_| String::new());
        let html = "x".repeat(50_000);
        for number in 0..200 {
            let key = cache.key(&format!("/search?q={number}"), None, Language::English).unwrap();
            cache.keep(key, page(&html));
        }
        let pages = cache.pages.as_ref().unwrap();
        pages.run_pending_tasks();
        assert!((1..=1 << 20).contains(&pages.weighted_size()), "{}", pages.weighted_size());
        assert!(
            cache
                .key(&format!("/search?q={}", "x".repeat(LONGEST_ADDRESS)), None, Language::English)
                .is_none(),
            "too long to keep"
        );
        assert!(
            PageCache::new(0, ContentVersion::default(), |_| String::new())
                .key("/", None, Language::English)
                .is_none(),
            "it is off"
        );
    }
}
