//! Keeps the words of articles complete. Normally, an article is indexed when it is saved.

use std::time::Instant;

use tidemark_counting::ArticleId;

use crate::server::db::Database;

/// Version of the analysis that makes terms of texts. Increment it with each change of its output,
/// and have a migration set it for blogs without articles.
const VERSION: i64 = 2;

/// How many articles are indexed in one transaction. Others who write wait for it.
const AT_A_TIME: i64 = 20;

/// Indexes all articles if an older version made their terms, or none did. Returns how many there
/// are. A run that was interrupted starts over. Concurrent edits and other processes that do the
/// same are harmless.
///
/// # Errors
/// Any database error. The next start tries again.
pub async fn index_older(database: &Database) -> sqlx::Result<usize> {
    match database.search_analysis().await? {
        VERSION.. => Ok(0),
        _ => rebuild(database, Rest::None).await,
    }
}

/// What a rebuild does between its steps, each of which keeps others from writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Nothing: in one process, writers take turns.
    None,
    /// Waits as long as the step took. Writers of another process don't get a turn otherwise:
    /// SQLite lets them try again now and then.
    ForOthers,
}

impl Rest {
    async fn after(self, start: Instant) {
        if self == Self::ForOthers {
            tokio::time::sleep(start.elapsed()).await;
        }
    }
}

/// Indexes all articles again. Searches go on meanwhile. Returns how many there are.
///
/// # Errors
/// Any database error.
pub async fn rebuild(database: &Database, rest: Rest) -> sqlx::Result<usize> {
    database.match_search_index().await?;
    let (mut last, mut indexed) = (ArticleId(0), 0);
    loop {
        let ids = database.ids_after(last, AT_A_TIME).await?;
        let Some(end) = ids.last() else { break };
        last = *end;
        let start = Instant::now();
        database.index_articles(&ids, true).await?;
        indexed += ids.len();
        rest.after(start).await;
    }
    let (mut is_whole, mut start) = (true, Instant::now());
    while database.merge_search_index(is_whole).await? {
        is_whole = false;
        rest.after(start).await;
        start = Instant::now();
    }
    // Remembered pages of searches show what was found before.
    if indexed > 0 {
        database.begin_content().await?.commit().await?;
    }
    database.set_search_analysis(VERSION).await?;
    Ok(indexed)
}

/// Compares the index with all articles and corrects it. Merges what saves have added to it since
/// the last time. Returns the ids of the articles that
/// differed, and how many entries belonged to none.
///
/// # Errors
/// Any database error.
pub async fn reconcile(database: &Database) -> sqlx::Result<(Vec<ArticleId>, u64)> {
    let orphans = database.match_search_index().await?;
    let (mut last, mut differed) = (ArticleId(0), Vec::new());
    loop {
        let ids = database.ids_after(last, AT_A_TIME).await?;
        let Some(end) = ids.last() else { break };
        last = *end;
        differed.extend(database.index_articles(&ids, false).await?);
    }
    while database.merge_search_index(false).await? {}
    if orphans > 0 || !differed.is_empty() {
        database.begin_content().await?.commit().await?;
    }
    Ok((differed, orphans))
}
