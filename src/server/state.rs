//! What every request handler can reach.

use std::sync::Arc;

use axum::extract::FromRef;
use leptos::prelude::LeptosOptions;

use super::accounts::Accounts;
use super::clock::Clock;
use super::config::Config;
use super::db::Database;
use super::views::{ViewRequest, Views};
use crate::error::Error;
use crate::model::view::ViewOutcome;

/// The parts of the running program.
#[derive(Clone, Debug)]
pub struct AppState {
    /// The settings.
    pub config: Arc<Config>,
    /// The time.
    pub clock: Clock,
    /// Articles and users.
    pub database: Database,
    /// Sign-in.
    pub accounts: Accounts,
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

impl AppState {
    /// Records that someone reads an article: what the server function and the JSON API both do.
    ///
    /// # Errors
    /// [`Error::NotFound`] if readers do not see the article, [`Error::Unavailable`] if it can't be recorded now.
    pub async fn record_view(&self, article: i64, request: &ViewRequest) -> Result<ViewOutcome, Error> {
        let unavailable = |error: &dyn std::fmt::Display| {
            tracing::error!(error = %error, article, "a view could not be recorded");
            Error::Unavailable
        };
        let is_visible = self.database.is_visible(article, self.clock.now_ms()).await;
        if !is_visible.map_err(|error| unavailable(&error))? {
            return Err(Error::NotFound(format!("There is no published article {article}.")));
        }
        self.views.record(article, request).await.map_err(|error| unavailable(&error))
    }
}

/// A failure of the database is ours: the log has it, the reader gets an apology.
impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        tracing::error!(error = %error, "the database failed");
        Error::Internal
    }
}
