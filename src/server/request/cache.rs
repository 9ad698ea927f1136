//! How long responses may be cached. Every handler names one of these policies; none writes the
//! header itself.

use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, HeaderName};

/// A caching policy.
#[derive(Clone, Copy, Debug)]
pub enum CachePolicy {
    /// Shows counts and who is signed in. Only the browser may store it, and it must revalidate
    /// each time.
    Page,
    /// Files whose names stay the same from one version to the next. A browser stores them and
    /// revalidates each time; if nothing changed, the answer is an empty 304.
    Asset,
    /// Feeds and the sitemap, which programs fetch again and again. May be up to 5 minutes old.
    Feed,
    /// The content at this address never changes. May be used for a year without revalidating.
    Immutable,
    /// Must not be stored.
    Never,
}

impl CachePolicy {
    /// The `Cache-Control` header for this policy.
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
