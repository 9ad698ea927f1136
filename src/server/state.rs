//! The services, shared by all request handlers.

use std::ops::Deref;
use std::sync::Arc;

use leptos::prelude::LeptosOptions;
use tidemark_counting::sql::seen::total_in_sql;
use tidemark_counting::visitor::Reader;
use tidemark_counting::{Sender, ViewError, Views};
use tidemark_store::clock::Clock;

use super::accounts::Accounts;
use super::article_reader::Articles;
use super::articles::Totals;
use super::author_counts::AuthorCounts;
use super::config::Config;
use super::counts::Counts;
use super::db::users::WriteError;
use super::db::{Database, is_unavailable};
use super::jobs::Jobs;
use super::latest::Latest;
use super::metrics::Metrics;
use super::page_cache::PageCache;
use super::pictures::Pictures;
use super::sessions::Sessions;
use super::visibility::{Seen, Visibility};
use super::work::Work;
use crate::error::Error;
use crate::model::view::{Reason, ViewOutcome};

/// The services behind an `Arc`. Cheap to clone, because each layer a request passes through clones
/// it.
#[derive(Clone, Debug)]
pub struct AppState(Arc<Services>);

impl AppState {
    /// Shares `services`.
    pub fn new(services: Services) -> Self {
        Self(Arc::new(services))
    }
}

impl Deref for AppState {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.0
    }
}

/// All services of the running program.
#[derive(Debug)]
pub struct Services {
    /// The settings.
    pub config: Config,
    /// The time.
    pub clock: Clock,
    /// Articles and users.
    pub database: Database,
    /// Sign-in and sign-up.
    pub accounts: Accounts,
    /// How many articles and followers authors have.
    pub author_counts: AuthorCounts,
    /// Caches which articles are visible.
    pub visibility: Visibility,
    /// Caches articles for their pages.
    pub articles_to_read: Articles,
    /// Caches the lengths of article lists.
    pub totals: Totals,
    /// Counts views.
    pub views: Views,
    /// Sessions of signed-in users.
    pub sessions: Sessions,
    /// Background jobs.
    pub jobs: Jobs,
    /// Metrics for the operator.
    pub metrics: Metrics,
    /// Pictures that authors upload.
    pub pictures: Pictures,
    /// Caches rendered pages.
    pub page_cache: PageCache,
    /// The feed of the newest articles.
    pub feed: Latest,
    /// The sitemap.
    pub sitemap: Latest,
    /// Reads current counts for cached pages.
    pub counts: Counts,
    /// Runs CPU-heavy work, a few jobs at a time.
    pub work: Work,
    /// Limits concurrent searches, because each one scans every text.
    pub searches: Work,
    /// Where the browser's files are.
    pub leptos_options: LeptosOptions,
    /// The scripts of every page, split where the nonce goes.
    pub scripts: Vec<String>,
    /// The additional scripts of pages with islands, split in the same way.
    pub island_scripts: Vec<String>,
}

impl Services {
    /// Records a view, for the server function and the JSON API alike. `user` is the signed-in
    /// user.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the article is not visible to readers, [`Error::Unavailable`] if the
    /// view can't be recorded now.
    pub async fn record_view(
        &self,
        article: i64,
        user: Option<i64>,
        sender: Result<Sender, ViewError>,
    ) -> Result<ViewOutcome, Error> {
        let outcome = self.try_to_record(article, user, sender).await;
        self.metrics.view(&outcome);
        outcome
    }

    async fn try_to_record(
        &self,
        article: i64,
        user: Option<i64>,
        sender: Result<Sender, ViewError>,
    ) -> Result<ViewOutcome, Error> {
        let unavailable = |error: &dyn std::fmt::Display| {
            tracing::error!(error = %error, article, "a view could not be recorded");
            Error::Unavailable
        };
        match self.visibility.of(article, user).await.map_err(|error| unavailable(&error))? {
            Seen::ByNobody => {
                return Err(Error::NotFound(format!("There is no published article {article}.")));
            }
            Seen::ByAuthor if !self.config.views.count_authors => {
                return Box::pin(self.not_counted(article, Reason::Author)).await;
            }
            Seen::ByAuthor | Seen::ByReader => {}
        }
        match sender.map_err(|error| unavailable(&error))? {
            Sender::Visitor(visitor, reader) => {
                let outcome = self.views.record(article, visitor, reader.as_deref()).await;
                outcome.map(ViewOutcome::from).map_err(|error| unavailable(&error))
            }
            Sender::NoReader(reason) => Box::pin(self.not_counted(article, reason.into())).await,
        }
    }

    async fn not_counted(&self, article: i64, reason: Reason) -> Result<ViewOutcome, Error> {
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
    pub fn would_count(&self, article: i64, reader: &Reader, is_author: bool) -> bool {
        (!is_author || self.config.views.count_authors) && self.views.would_count(article, reader)
    }
}

/// A user who lost the right to write is told why; other errors convert like database errors.
impl From<WriteError> for Error {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::SignedOut => Error::Unauthorized,
            WriteError::Demoted => Error::Forbidden(
                "You may not do this any more: your role is another one now.".into(),
            ),
            WriteError::Database(error) => error.into(),
        }
    }
}

/// Logs a database failure. The reader gets an internal error, or is asked to retry if the database
/// could not be reached.
impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        if is_unavailable(&error) {
            tracing::error!(error = %error, "the database can't be reached");
            return Error::Unavailable;
        }
        tracing::error!(error = %error, "the database failed");
        Error::Internal
    }
}
