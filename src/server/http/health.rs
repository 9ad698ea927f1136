//! Questions of load balancers and supervisors.

use axum::extract::State;
use axum::response::IntoResponse;

use super::cache::CachePolicy;
use crate::error::Error;
use crate::server::state::AppState;

/// `GET /healthz`: the process is up.
pub async fn healthz() -> impl IntoResponse {
    ([CachePolicy::Never.header()], "ok\n")
}

/// `GET /readyz`: the database answers, so requests may be sent here.
pub async fn readyz(State(state): State<AppState>) -> Result<impl IntoResponse, Error> {
    state.database.ping().await.map_err(|error| {
        tracing::error!(error = %error, "not ready: the database does not answer");
        Error::Unavailable
    })?;
    Ok(([CachePolicy::Never.header()], "ready\n"))
}
