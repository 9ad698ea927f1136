//! Whether readers see an article, as every view has to know.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::clock::Clock;
use super::db::Database;

/// How long a yes is believed, in milliseconds. So long an article that is taken back may still be viewed.
const BELIEVED_FOR: i64 = 1_000;

/// How long SQL may take to answer about an article that was visible the last time.
const PATIENCE: Duration = Duration::from_millis(300);

/// Answers from memory where it can: a popular article is asked about with each view. A no is always asked for again, so an
/// article that is published can be viewed at once. While SQL is away, what was visible before it left still is.
#[derive(Clone, Debug)]
pub struct Visibility {
    database: Database,
    clock: Clock,
    /// The articles that were visible, and until when that is believed. Only articles that exist get in.
    visible: Arc<RwLock<HashMap<i64, i64>>>,
}

impl Visibility {
    /// Of the articles in `database`, at the time of `clock`.
    pub fn new(database: Database, clock: Clock) -> Self {
        Self { database, clock, visible: Arc::default() }
    }

    /// Whether readers see the article of that number now.
    ///
    /// # Errors
    /// The database's.
    pub async fn is_visible(&self, article: i64) -> sqlx::Result<bool> {
        let now = self.clock.now_ms();
        let believed_until = self.visible.read().unwrap_or_else(PoisonError::into_inner).get(&article).copied();
        if believed_until.is_some_and(|until| now < until) {
            return Ok(true);
        }
        Box::pin(self.ask(article, now, believed_until.is_some())).await
    }

    /// Asks again the next time, because the article has just been changed in this process.
    pub fn forget(&self, article: i64) {
        self.visible.write().unwrap_or_else(PoisonError::into_inner).remove(&article);
    }

    async fn ask(&self, article: i64, now: i64, was_visible: bool) -> sqlx::Result<bool> {
        let asked = self.database.is_visible(article, now);
        let is_visible = if was_visible {
            // Views are taken while SQL is away: what was visible the last time still counts.
            match tokio::time::timeout(PATIENCE, asked).await {
                Ok(Ok(is_visible)) => is_visible,
                Ok(Err(_)) | Err(_) => {
                    tracing::warn!(article, "taking an article for visible, because SQL does not answer");
                    true
                }
            }
        } else {
            asked.await?
        };
        let mut visible = self.visible.write().unwrap_or_else(PoisonError::into_inner);
        if is_visible {
            visible.insert(article, now.saturating_add(BELIEVED_FOR));
        } else {
            visible.remove(&article);
        }
        Ok(is_visible)
    }
}
