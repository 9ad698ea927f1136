//! What finds articles.

use tidemark_store::clock::Millis;

use super::Finding;
use crate::server::config::Config;
use crate::server::db::search_queue::Waiting;
use crate::server::search::open_search::{Condition, OpenSearch};

/// Up to how many articles a search in MySQL or MariaDB is fast enough (docs/SEARCH.md).
const MOST_IN_SQL: i64 = 1_000;

/// Says that SQL looks words up, and whether that is fine for so many articles.
pub(super) fn found_in_sql(articles: i64) -> Finding {
    let text = format!("Search: each search reads the words of all {articles} articles in SQL");
    match articles > MOST_IN_SQL {
        true => Finding::Warning(format!(
            "{text}, which is fine for up to {MOST_IN_SQL}. Set search.url to an OpenSearch."
        )),
        false => Finding::Fact(format!("{text}, and two run at a time.")),
    }
}

/// How long an article may wait for OpenSearch before something is wrong, in milliseconds.
const LONG_WAIT: i64 = 5 * 60 * 1000;

/// Whether OpenSearch can be searched, for `/readyz`.
pub async fn search_health(open_search: &OpenSearch) -> &'static str {
    match open_search.condition().await {
        Ok(condition) if condition.has_index => "ok",
        Ok(_) => "has no index yet; SQL answers searches",
        Err(_) => "can't be used; SQL answers searches",
    }
}

/// Checks OpenSearch, and what waits for it at `now`.
pub async fn examine_open_search(
    config: &Config,
    open_search: &OpenSearch,
    now: Millis,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let waiting = match open_search.condition().await {
        Ok(Condition { version, has_index, is_rebuilding, waiting }) => {
            findings.push(match is_known_open_search(&version) {
                true => Finding::Fact(format!("OpenSearch: answers; version {version}.")),
                false => Finding::Warning(format!(
                    "OpenSearch: answers; version {version}. Tidemark is made for 2.19 and 3."
                )),
            });
            if is_rebuilding {
                findings.push(Finding::Fact("OpenSearch: its index is being rebuilt.".into()));
            }
            if !has_index {
                findings.push(Finding::Warning(
                    "OpenSearch: it has no index of this blog yet, so SQL answers searches. The job search makes one, or tidemark search \
                     rebuild does."
                        .into(),
                ));
            }
            Some(waiting)
        }
        Err(error) => {
            findings.push(Finding::Wrong(format!(
                "{error}. SQL answers searches until it does; pages, saves and counts do not need it."
            )));
            open_search.waiting().await.ok()
        }
    };
    if let Some(Waiting { articles, since, counts }) = waiting {
        let age = now - since.unwrap_or(now);
        let text = format!(
            "OpenSearch: {articles} articles and {counts} counts are still to be sent to it"
        );
        findings.push(match age > LONG_WAIT {
            true => Finding::Warning(format!(
                "{text}; the oldest has waited for {} minutes. `tidemark jobs` shows why.",
                age / 60_000
            )),
            false => Finding::Fact(format!("{text}.")),
        });
    }
    if config.jobs.search.is_off() {
        findings.push(Finding::Warning(
            "jobs.search is off: what is changed here can't be found in OpenSearch until another process sends it. Let one run the job."
                .into(),
        ));
    }
    if config.search.url.starts_with("http://")
        && !config.search.url.contains("127.0.0.1")
        && !config.search.url.contains("localhost")
    {
        findings.push(Finding::Warning(
            "search.url is not https: scheduled articles, what readers search for, and the password travel in the clear.".into(),
        ));
    }
    findings
}

/// Whether searches were tried with this version of OpenSearch.
fn is_known_open_search(version: &str) -> bool {
    let mut parts = version.split('.').map_while(|part| part.parse::<u32>().ok());
    matches!((parts.next(), parts.next()), (Some(2), Some(19..)) | (Some(3), _))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_articles_without_a_search_engine_are_a_warning() {
        assert!(matches!(found_in_sql(MOST_IN_SQL), Finding::Fact(_)));
        assert!(matches!(found_in_sql(MOST_IN_SQL + 1), Finding::Warning(_)));
    }

    #[test]
    fn other_versions_of_open_search_are_warned_of() {
        for (version, is_known) in [
            ("2.19.0", true),
            ("2.20.1", true),
            ("3.8.0", true),
            ("2.18.9", false),
            ("1.3.20", false),
            ("4.0.0", false),
            ("unknown", false),
        ] {
            assert_eq!(is_known_open_search(version), is_known, "{version}");
        }
    }
}
