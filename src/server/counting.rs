//! Counts views, for the server function and the JSON API alike. The counting itself is in the
//! crate `tidemark_counting`, which knows no articles and no users.

use tidemark_counting::sql::seen::total_in_sql;
use tidemark_counting::visitor::{Key, Purpose, Reader};
use tidemark_counting::{ArticleId, Day, Sender, UserId, ViewError, Views};
use tower_sessions::SessionStore;
use tower_sessions::session::Id;

use super::clients::Clients;
use super::db::Database;
use super::metrics::Metrics;
use super::sessions::{Sessions, USER_ID};
use super::uncounted::Uncounted;
use super::visibility::{Seen, Visibility};
use crate::error::Error;
use crate::model::view::{Reason, ViewOutcome};

/// A request to count a view, as it was sent: nothing was looked up yet. It has no `Debug`, because
/// the session's id is a secret.
pub struct ViewRequest {
    /// The session that the cookie names.
    pub session: Option<Id>,
    /// The reader, whose user is not known yet, and the purposes of the request.
    pub sent: tidemark_counting::ViewRequest,
    /// Whether it came with an `X-Forwarded-For` that was not believed.
    pub is_forwarded: bool,
}

impl ViewRequest {
    /// What the crate takes, once the session's user is known.
    #[expect(clippy::boxed_local, reason = "the box is freed here, before the view waits")]
    fn by(self: Box<Self>, user: Option<UserId>) -> tidemark_counting::ViewRequest {
        let mut sent = self.sent;
        sent.reader.user = user;
        sent
    }
}

/// Who is told of views. No count depends on them.
#[derive(Clone, Debug)]
pub struct Observers {
    /// Counts them for the operator.
    pub metrics: Metrics,
    /// Looks at where they come from.
    pub clients: Clients,
    /// Adds up those that were not counted.
    pub uncounted: Uncounted,
}

/// Counts views. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Counting {
    views: Views,
    visibility: Visibility,
    sessions: Sessions,
    database: Database,
    observers: Observers,
    /// Whether views by authors in the byline count (rule C4).
    counts_authors: bool,
}

impl Counting {
    /// Counts the views of the articles in `database` that are visible.
    pub fn new(
        views: Views,
        visibility: Visibility,
        sessions: Sessions,
        database: Database,
        observers: Observers,
        counts_authors: bool,
    ) -> Self {
        Self { views, visibility, sessions, database, observers, counts_authors }
    }

    /// Records a view of an article. The request is boxed so that a view stays small while it waits
    /// for its batch, as thousands may.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the article is not visible to readers, [`Error::Unavailable`] if the
    /// view can't be recorded now.
    pub async fn record(
        &self,
        article: ArticleId,
        request: Box<ViewRequest>,
    ) -> Result<ViewOutcome, Error> {
        self.observers.clients.look(request.sent.reader.address, request.is_forwarded);
        let mut outcome = self.try_to_record(article, request).await;
        self.observers.metrics.view(&outcome);
        if let Ok(ViewOutcome { reason: Some(reason), .. }) = outcome {
            self.observers.uncounted.add(reason);
        }
        // Readers see the total (rule C6). The store knows only what was counted here.
        if let Ok(outcome) = &mut outcome {
            outcome.views = self.database.baselines().with(article, outcome.views);
        }
        outcome
    }

    async fn try_to_record(
        &self,
        article: ArticleId,
        request: Box<ViewRequest>,
    ) -> Result<ViewOutcome, Error> {
        let unavailable = |error: &dyn std::fmt::Display| {
            tracing::error!(error = %error, article = article.0, "a view could not be recorded");
            Error::Unavailable
        };
        let user = match request.session {
            Some(session) => self.user(session).await?,
            None => None,
        };
        match self.visibility.of(article, user).await.map_err(|error| unavailable(&error))? {
            Seen::ByNobody => {
                return Err(Error::NotFound(
                    format!("There is no published article {article}.").into(),
                ));
            }
            Seen::ByAuthor if !self.counts_authors => {
                return Box::pin(self.not_counted(article, Reason::Author)).await;
            }
            Seen::ByAuthor | Seen::ByReader => {}
        }
        let sender = self.views.identify(request.by(user)).await;
        match sender.map_err(|error| unavailable(&error))? {
            Sender::Visitor(visitor, reader) => {
                let outcome = self.views.record(article, visitor, reader.as_deref()).await;
                outcome.map(ViewOutcome::from).map_err(|error| unavailable(&error))
            }
            Sender::NoReader(reason) => Box::pin(self.not_counted(article, reason.into())).await,
        }
    }

    /// The id of the signed-in user. Views skip the session layer because of its cost.
    ///
    /// In the embedded profile, the session is loaded together with the user, so a session with an
    /// outdated credential is not found. The server profile does not ask SQL, because views are
    /// accepted while SQL is down. There, changing a credential deletes the user's sessions from
    /// Redis. At worst, a session that could not be deleted counts a view as the user's. That
    /// discloses nothing and grants no access.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the session can't be read: treating the user as somebody else
    /// would count a view twice.
    async fn user(&self, session: Id) -> Result<Option<UserId>, Error> {
        let session = self.sessions.load(&session).await.map_err(|error| {
            tracing::error!(error = %error, "a session could not be read");
            Error::Unavailable
        })?;
        Ok(session.and_then(|session| session.data.get(USER_ID)?.as_i64().map(UserId)))
    }

    async fn not_counted(&self, article: ArticleId, reason: Reason) -> Result<ViewOutcome, Error> {
        let totals = self.views.totals(&[article]).await;
        if totals.is_none() && reason == Reason::Author {
            // An author sees this count, and SQL's may be lower than the one on the page (rule C6).
            return Err(Error::Unavailable);
        }
        let views = match totals.unwrap_or_default().get(&article).copied() {
            Some(views) => views,
            None => total_in_sql(&self.database, article).await?,
        };
        Ok(ViewOutcome { article, views, counted: false, reason: Some(reason) })
    }

    /// Whether a view by `reader` would count now (rule C6), judged without asking a store.
    /// `is_author`: the reader is in the article's byline.
    pub fn would_count(&self, article: ArticleId, reader: &Reader, is_author: bool) -> bool {
        (!is_author || self.counts_authors) && self.views.would_count(article, reader)
    }

    /// Today's key for a purpose other than visitors.
    ///
    /// # Errors
    /// [`ViewError`] if today's salt can't be read.
    pub async fn key(&self, purpose: Purpose) -> Result<Key, ViewError> {
        self.views.key(purpose).await
    }

    /// How many views were not counted, by reason, and since which day.
    ///
    /// # Errors
    /// Database errors.
    pub async fn uncounted(&self) -> Result<(Vec<(Reason, i64)>, Day), Error> {
        Ok(self.observers.uncounted.sums().await?)
    }

    /// How many views wait to be recorded.
    pub fn waiting(&self) -> usize {
        self.views.waiting()
    }
}

impl From<tidemark_counting::ViewOutcome> for ViewOutcome {
    fn from(outcome: tidemark_counting::ViewOutcome) -> Self {
        let tidemark_counting::ViewOutcome { article, views, counted, reason } = outcome;
        Self { article, views, counted, reason: reason.map(Reason::from) }
    }
}

impl From<tidemark_counting::Reason> for Reason {
    fn from(reason: tidemark_counting::Reason) -> Self {
        match reason {
            tidemark_counting::Reason::Repeat => Reason::Repeat,
            tidemark_counting::Reason::Crawler => Reason::Crawler,
            tidemark_counting::Reason::Prefetch => Reason::Prefetch,
            tidemark_counting::Reason::IpCap => Reason::IpCap,
        }
    }
}
