//! Whether readers see an article, and whose it is, as every view has to know.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tidemark_store::clock::Clock;

use super::db::Database;

/// How long a yes is believed, in milliseconds. So long an article that is taken back may still be
/// viewed.
const TTL: i64 = 1_000;

/// How long SQL may take to answer about an article that was visible the last time.
const TIMEOUT: Duration = Duration::from_millis(300);

/// Answers from memory where it can: a popular article is asked about with each view. A no is
/// always asked for again, so an article that is published can be viewed at once. While SQL is
/// away, what was visible before it left still is.
#[derive(Clone, Debug)]
pub struct Visibility {
    database: Database,
    clock: Clock,
    /// The articles that were visible. Only articles that exist get in.
    visible: Arc<RwLock<HashMap<i64, Visible>>>,
}

/// What is known of a visible article.
#[derive(Clone, Debug)]
struct Visible {
    /// The users in its byline.
    byline: Arc<[i64]>,
    /// The version of the content from which that is.
    content_version: u64,
    /// Until when it is believed, in milliseconds.
    until: i64,
}

impl Visible {
    fn to(&self, user: Option<i64>) -> Seen {
        if user.is_some_and(|user| self.byline.contains(&user)) {
            Seen::ByAuthor
        } else {
            Seen::ByReader
        }
    }
}

/// Whether somebody sees an article, and as whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Readers do not see it.
    ByNobody,
    /// Readers see it, and this one is no author of it.
    ByReader,
    /// Readers see it, and this one stands in its byline.
    ByAuthor,
}

impl Visibility {
    /// Of the articles in `database`, at the time of `clock`.
    pub fn new(database: Database, clock: Clock) -> Self {
        Self { database, clock, visible: Arc::default() }
    }

    /// Whether readers see the article of that number now, and whether `user` is one of its
    /// authors. An article that is not remembered, or was before the content changed, is asked for.
    ///
    /// # Errors
    /// The database's.
    pub async fn of(&self, article: i64, user: Option<i64>) -> sqlx::Result<Seen> {
        let now = self.clock.now_ms();
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

    /// Asks again the next time, because the article has just been changed in this process.
    pub fn forget(&self, article: i64) {
        self.visible.write().unwrap_or_else(PoisonError::into_inner).remove(&article);
    }

    async fn ask(
        &self,
        article: i64,
        user: Option<i64>,
        now: i64,
        content_version: u64,
        was_visible: bool,
    ) -> sqlx::Result<Seen> {
        let asked = self.database.byline(article, now);
        let byline = if was_visible {
            // Views are taken while SQL is away: what was visible the last time still counts.
            match tokio::time::timeout(TIMEOUT, asked).await {
                Ok(Ok(byline)) => byline,
                Ok(Err(_)) | Err(_) => {
                    tracing::warn!(
                        article,
                        "taking an article for visible, because SQL does not answer"
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
        let until = now.saturating_add(TTL);
        let known = Visible { byline: byline.into(), content_version, until };
        let seen = known.to(user);
        visible.insert(article, known);
        Ok(seen)
    }

    /// Who stood in the byline when SQL answered last.
    fn remembered_byline(&self, article: i64) -> Option<Vec<i64>> {
        self.visible
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&article)
            .map(|known| known.byline.to_vec())
    }
}
