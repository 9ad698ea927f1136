//! Rule C4: only readers count. This module checks what the request alone reveals.

use super::crawlers::is_crawler;
use crate::Reason;

/// Why a request with this User-Agent and these purposes does not count; `None` if it may come from
/// a reader.
///
/// `purposes` are the values of `Sec-Purpose` (<https://fetch.spec.whatwg.org/#sec-purpose-header>)
/// and of its predecessor `Purpose`: `prefetch`, `prefetch;prerender`,
/// `prefetch;anonymous-client-ip`.
pub fn check(user_agent: &str, purposes: &[String]) -> Option<Reason> {
    let speculative = |purpose: &String| {
        let purpose = purpose.to_ascii_lowercase();
        purpose.contains("prefetch") || purpose.contains("prerender") || purpose.contains("preview")
    };
    if purposes.iter().any(speculative) {
        return Some(Reason::Prefetch);
    }
    is_crawler(user_agent).then_some(Reason::Crawler)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:139.0) Gecko/20100101 Firefox/139.0";

    #[test]
    fn c4_a_browser_passes_and_a_crawler_does_not_count() {
        assert_eq!(check(FIREFOX, &[]), None);
        assert_eq!(check(FIREFOX, &["something-else".to_owned()]), None);
        assert_eq!(check("curl/8.5.0", &[]), Some(Reason::Crawler));
    }

    #[test]
    fn c4_a_page_fetched_before_anybody_looks_does_not_count() {
        for purpose in
            ["prefetch", "prefetch;prerender", "Prefetch; anonymous-client-ip", "preview"]
        {
            assert_eq!(check(FIREFOX, &[purpose.to_owned()]), Some(Reason::Prefetch), "{purpose}");
        }
    }
}
