//! What every request handler can reach.

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRef;
use leptos::prelude::LeptosOptions;

use super::accounts::Accounts;
use super::clock::Clock;
use super::config::Config;
use super::db::sessions::DatabaseSessionStore;
use super::db::{Database, is_unavailable};
use super::views::{ViewRequest, Views};
use super::visibility::Visibility;
use crate::error::Error;
use crate::model::view::ViewOutcome;

/// The parts of the running program, shared: a request's way through the layers copies this many times.
#[derive(Clone, Debug)]
pub struct AppState(Arc<Services>);

impl AppState {
    /// Shares the parts.
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

/// The parts of the running program.
#[derive(Debug)]
pub struct Services {
    /// The settings.
    pub config: Config,
    /// The time.
    pub clock: Clock,
    /// Articles and users.
    pub database: Database,
    /// Who is signed in.
    pub sessions: DatabaseSessionStore,
    /// Sign-in.
    pub accounts: Accounts,
    /// Which articles can be viewed.
    pub visibility: Visibility,
    /// Counting.
    pub views: Views,
    /// Where the browser's files are.
    pub leptos_options: LeptosOptions,
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos_options.clone()
    }
}

impl Services {
    /// Records that someone reads an article: what the server function and the JSON API both do.
    ///
    /// # Errors
    /// [`Error::NotFound`] if readers do not see the article, [`Error::Unavailable`] if it can't be recorded now.
    pub async fn record_view(&self, article: i64, request: &ViewRequest) -> Result<ViewOutcome, Error> {
        let unavailable = |error: &dyn std::fmt::Display| {
            tracing::error!(error = %error, article, "a view could not be recorded");
            Error::Unavailable
        };
        let is_visible = self.visibility.is_visible(article).await;
        if !is_visible.map_err(|error| unavailable(&error))? {
            return Err(Error::NotFound(format!("There is no published article {article}.")));
        }
        self.views.record(article, request).await.map_err(|error| unavailable(&error))
    }
}

/// A failure of the database is ours: the log has it, the reader gets an apology, or is asked to come again if there was only no
/// way to the database.
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
