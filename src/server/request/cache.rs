//! How long answers may be kept: every handler names one of these, none writes a header.

use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, HeaderName};

/// A caching policy.
#[derive(Clone, Copy, Debug)]
pub enum CachePolicy {
    /// Shows counts, and who is signed in: kept by nobody else, and asked for again each time.
    Page,
    /// Files that keep their names from one version to the next: a browser keeps them and asks each
    /// time whether they changed; without a change the answer is an empty 304.
    Asset,
    /// Feeds and the sitemap, which programs fetch again and again: up to 5 minutes old.
    Feed,
    /// What is at the address never changes: kept for a year without asking.
    Immutable,
    /// Must never be kept.
    Never,
}

impl CachePolicy {
    /// The header that says so.
    pub fn header(self) -> (HeaderName, HeaderValue) {
        let value = match self {
            CachePolicy::Page => "private, no-cache",
            CachePolicy::Asset => "public, no-cache",
            CachePolicy::Feed => "public, max-age=300",
            CachePolicy::Immutable => "public, max-age=31536000, immutable",
            CachePolicy::Never => "no-store",
        };
        (CACHE_CONTROL, HeaderValue::from_static(value))
    }
}
