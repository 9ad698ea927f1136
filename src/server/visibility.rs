//! Whether readers see an article, and who wrote it. Every view asks this.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tidemark_counting::{ArticleId, UserId};
use tidemark_store::clock::{Clock, Millis};

use super::db::Database;

/// TTL of a positive answer, in milliseconds. An unpublished article may still be viewed for this
/// long.
const TTL: i64 = 1_000;

/// SQL timeout for an article that was visible the last time.
const TIMEOUT: Duration = Duration::from_millis(300);

/// Caches positive answers, because popular articles are asked about with every view. Negative
/// answers are never cached, so a new article can be viewed at once. While SQL is down, articles
/// that were visible before stay visible.
#[derive(Clone, Debug)]
pub struct Visibility {
    database: Database,
    clock: Clock,
    /// The articles that were visible. Contains only articles that exist, which bounds it.
    visible: Arc<RwLock<HashMap<ArticleId, Visible>>>,
}

/// A cached answer.
#[derive(Clone, Debug)]
struct Visible {
    /// Ids of the users in its byline.
    byline: Arc<[UserId]>,
    /// The content version at the time of the answer.
    content_version: u64,
    /// When the answer expires, in milliseconds since 1970.
    until: Millis,
}

impl Visible {
    fn to(&self, user: Option<UserId>) -> Seen {
        if user.is_some_and(|user| self.byline.contains(&user)) {
            Seen::ByAuthor
        } else {
            Seen::ByReader
        }
    }
}

/// Who sees an article.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Not visible to readers.
    ByNobody,
    /// Visible; the user is not in its byline.
    ByReader,
    /// Visible; the user is in its byline.
    ByAuthor,
}

impl Visibility {
    /// Looks articles up in `database`, at the time of `clock`.
    pub fn new(database: Database, clock: Clock) -> Self {
        Self { database, clock, visible: Arc::default() }
    }

    /// Whether readers see this article now, and whether `user` is in its byline. Asks SQL if no
    /// answer is cached, or it has expired, or the content has changed since.
    ///
    /// # Errors
    /// Any database error. An article that was visible the last time is answered from the cache
    /// instead.
    pub async fn of(&self, article: ArticleId, user: Option<UserId>) -> sqlx::Result<Seen> {
        let now = self.clock.now();
        let content_version = self.database.content_version().current();
        let was_visible = {
            let visible = self.visible.read().unwrap_or_else(PoisonError::into_inner);
            let known = visible.get(&article);
            if let Some(known) = known
                && now < known.until
                && known.content_version == content_version
            {
                return Ok(known.to(user));
            }
            known.is_some()
        };
        Box::pin(self.ask(article, user, now, content_version, was_visible)).await
    }

    /// Invalidates an article, because this process has just changed it.
    pub fn forget(&self, article: ArticleId) {
        self.visible.write().unwrap_or_else(PoisonError::into_inner).remove(&article);
    }

    async fn ask(
        &self,
        article: ArticleId,
        user: Option<UserId>,
        now: Millis,
        content_version: u64,
        was_visible: bool,
    ) -> sqlx::Result<Seen> {
        let asked = self.database.byline(article, now);
        let byline = if was_visible {
            // Views are accepted while SQL is down: what was visible the last time still counts.
            match tokio::time::timeout(TIMEOUT, asked).await {
                Ok(Ok(byline)) => byline,
                Ok(Err(_)) | Err(_) => {
                    tracing::warn!(
                        article = article.0,
                        "assuming that an article is visible, because SQL does not answer"
                    );
                    self.remembered_byline(article)
                }
            }
        } else {
            asked.await?
        };
        let mut visible = self.visible.write().unwrap_or_else(PoisonError::into_inner);
        let Some(byline) = byline else {
            visible.remove(&article);
            return Ok(Seen::ByNobody);
        };
        let until = now + TTL;
        let known = Visible { byline: byline.into(), content_version, until };
        let seen = known.to(user);
        visible.insert(article, known);
        Ok(seen)
    }

    /// The byline from SQL's last answer.
    fn remembered_byline(&self, article: ArticleId) -> Option<Vec<UserId>> {
        self.visible
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&article)
            .map(|known| known.byline.to_vec())
    }
}
