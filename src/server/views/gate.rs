//! Rule C4: only readers count. What can be told from the request alone.

use std::collections::HashMap;
use std::sync::{LazyLock, PoisonError, RwLock};

use crate::model::view::Reason;

/// How many User-Agents are remembered at most, and how long one may be, in bytes, to be remembered.
const REMEMBERED: usize = 1_000;
const LONGEST_REMEMBERED: usize = 512;

/// What was found out about User-Agents.
static KNOWN: LazyLock<RwLock<HashMap<String, bool>>> = LazyLock::new(RwLock::default);

/// Why a request with this User-Agent and these purposes does not count; `None` if a reader may be behind it.
///
/// `purposes` are the values of `Sec-Purpose` (<https://fetch.spec.whatwg.org/#sec-purpose-header>) and of its predecessor
/// `Purpose`: `prefetch`, `prefetch;prerender`, `prefetch;anonymous-client-ip`.
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

/// Whether a User-Agent is a crawler's. Most readers have one of a few, and looking through the database of crawlers costs as much
/// as all else that is done to tell a visitor.
fn is_crawler(user_agent: &str) -> bool {
    if let Some(is_crawler) = KNOWN.read().unwrap_or_else(PoisonError::into_inner).get(user_agent) {
        return *is_crawler;
    }
    // A browser always says what it is.
    let is_crawler = user_agent.trim().is_empty() || iscrawl::crawler_info(user_agent).is_some();
    if user_agent.len() <= LONGEST_REMEMBERED {
        let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(user_agent.to_owned(), is_crawler);
    }
    is_crawler
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:139.0) Gecko/20100101 Firefox/139.0";

    #[test]
    fn c4_a_browser_passes() {
        for user_agent in [
            FIREFOX,
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
            "Mozilla/5.0 (Linux; Android 9; CUBOT_X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36",
        ] {
            assert_eq!(check(user_agent, &[]), None, "{user_agent}");
        }
    }

    #[test]
    fn c4_a_crawler_does_not_count() {
        for user_agent in [
            "",
            "  ",
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
            "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
            "curl/8.5.0",
            "Wget/1.21.3",
            "python-requests/2.32.3",
            "Feedbin feed-id:1 - 1 subscribers",
            "Tiny Tiny RSS/1.11 (http://tt-rss.org/)",
            "UniversalFeedParser/4.2-pre-314-svn +http://feedparser.org/",
        ] {
            assert_eq!(check(user_agent, &[]), Some(Reason::Crawler), "{user_agent}");
        }
    }

    #[test]
    fn c4_however_many_user_agents_come_each_is_answered_right_and_few_are_remembered() {
        for number in 0..3 * REMEMBERED {
            // The second time from memory.
            for _ in 0..2 {
                assert_eq!(check(&format!("{FIREFOX} {number}"), &[]), None);
                assert_eq!(check(&format!("curl/8.5.{number}"), &[]), Some(Reason::Crawler));
            }
            assert!(KNOWN.read().unwrap().len() <= REMEMBERED);
        }
        let long = FIREFOX.to_owned() + &" x".repeat(LONGEST_REMEMBERED);
        assert_eq!(check(&long, &[]), None);
        assert!(!KNOWN.read().unwrap().contains_key(&long));
    }

    #[test]
    fn c4_a_page_fetched_before_anybody_looks_does_not_count() {
        for purpose in ["prefetch", "prefetch;prerender", "Prefetch; anonymous-client-ip", "preview"] {
            assert_eq!(check(FIREFOX, &[purpose.to_owned()]), Some(Reason::Prefetch), "{purpose}");
        }
    }
}
