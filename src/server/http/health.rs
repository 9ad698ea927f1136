//! Endpoints for load balancers, supervisors and Prometheus.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use tidemark_stream::road::Stream;
use tidemark_stream::status::Status;

use crate::error::Error;
use crate::server::doctor::{Health, search_health};
use crate::server::metrics::MEDIA_TYPE;
use crate::server::request::cache::CachePolicy;
use crate::server::request::problem::problem;
use crate::server::state::AppState;

/// `GET /healthz`: 200 while the process is up.
pub async fn healthz() -> impl IntoResponse {
    ([CachePolicy::Never.header()], "ok\n")
}

/// `GET /readyz`: 200 if every store answers and can be trusted, so requests may be sent here. The
/// body is `{"database":"ok"}`, with `redis` in the server profile. Nothing depends on Kafka nor on
/// OpenSearch, so `kafka` and `opensearch` say how they are and fail nothing. Otherwise 503 and a
/// problem that says which store fails.
pub async fn readyz(State(state): State<AppState>) -> Response {
    let stores = state.doctor.health().await;
    let in_words = |health: &Health| health.in_words();
    let bad: Vec<String> = stores
        .iter()
        .filter(|(_, health)| *health != Health::Good)
        .map(|(store, health)| format!("{store}: {}", in_words(health)))
        .collect();
    if bad.is_empty() {
        let mut good: HashMap<_, String> =
            stores.iter().map(|(store, health)| (*store, in_words(health).to_owned())).collect();
        if let Some(kafka) = kafka(&state) {
            let kafka = kafka.obstacle().map_or_else(
                || "ok".into(),
                |why| format!("can't be used ({why}); batches go to SQL directly"),
            );
            good.insert("kafka", kafka);
        }
        if let Some(open_search) = state.doctor.open_search() {
            good.insert("opensearch", search_health(open_search).await.to_owned());
        }
        return ([CachePolicy::Never.header()], Json(good)).into_response();
    }
    let detail = bad.join("; ");
    tracing::error!(stores = detail, "not ready");
    ([CachePolicy::Never.header()], problem(StatusCode::SERVICE_UNAVAILABLE, detail))
        .into_response()
}

/// What this process knows of Kafka, if it uses it.
fn kafka(state: &AppState) -> Option<&Status> {
    state.jobs.road().stream().map(Stream::status).filter(|status| status.is_known())
}

/// `GET /metrics`: metrics for Prometheus.
pub async fn metrics(State(state): State<AppState>) -> Result<impl IntoResponse, Error> {
    let stores = state.doctor.health().await;
    let mut up: Vec<_> =
        stores.iter().map(|(store, health)| (*store, *health != Health::Away)).collect();
    if let Some(kafka) = kafka(&state) {
        up.push(("kafka", kafka.obstacle().is_none()));
        state.metrics.kafka(&kafka.numbers());
    }
    let unflushed = match up.contains(&("redis", true)) {
        true => state.doctor.unflushed().await.ok().flatten(),
        false => None,
    };
    if let Some(open_search) = state.doctor.open_search() {
        up.push(("opensearch", !open_search.is_away()));
        if let Ok(waiting) = open_search.waiting().await {
            state.metrics.search(waiting, state.clock.now());
        }
    }
    state.metrics.now(state.counting.waiting(), &up, unflushed);
    let text = state.metrics.encode().map_err(|_| Error::Internal)?;
    Ok((
        [
            CachePolicy::Never.header(),
            (CONTENT_TYPE, axum::http::HeaderValue::from_static(MEDIA_TYPE)),
        ],
        text,
    ))
}
