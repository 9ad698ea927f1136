//! HTTP to OpenSearch: bounded in time and size, and not at all while it is known to be away.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, StatusCode, redirect};
use serde_json::Value;
use tidemark_store::breaker::{Breaker, State};

use super::super::super::config;

/// How long a connection may take to open.
const CONNECT: Duration = Duration::from_secs(1);

/// How long an idle connection is kept.
const IDLE: Duration = Duration::from_secs(60);

/// How many idle connections are kept.
const MOST_IDLE: usize = 16;

/// The longest reason that is repeated in a message, in characters.
const LONGEST_REASON: usize = 300;

/// Who waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// A reader, who gets an answer from SQL instead.
    Reader,
    /// A background job.
    Job,
}

impl Patience {
    fn longest(self) -> Duration {
        match self {
            Patience::Reader => Duration::from_secs(2),
            Patience::Job => Duration::from_secs(30),
        }
    }

    /// The size of the largest answer that is read, in bytes.
    fn most(self) -> usize {
        match self {
            Patience::Reader => 1 << 20,
            Patience::Job => 32 << 20,
        }
    }
}

/// Why something could not be done, in one line.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It does not answer, or not in time.
    #[error("OpenSearch does not answer: {0}")]
    Away(String),
    /// It answers with an error.
    #[error("OpenSearch refuses a request ({status}): {reason}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What OpenSearch says.
        reason: String,
    },
    /// It answers, but can't take documents now, for instance because its disk is full.
    #[error("OpenSearch takes no documents now: {0}")]
    Full(String),
    /// Its answer is too large, or not what was asked for.
    #[error("OpenSearch's answer can't be understood: {0}")]
    Answer(String),
    /// There is no index yet, or no more.
    #[error("OpenSearch has no index of this blog; `tidemark search rebuild` makes one")]
    NoIndex,
    /// Another process rebuilds the index.
    #[error("another process is rebuilding the index")]
    Rebuilding,
    /// The database failed.
    #[error("the database failed: {0}")]
    Sql(#[from] sqlx::Error),
}

/// A client of one OpenSearch. Clones share its connections and what is known about it.
#[derive(Clone, Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    base: String,
    authorization: Option<HeaderValue>,
    breaker: Breaker,
}

/// The body of a request.
pub(super) enum Body {
    None,
    Json(Value),
    /// One JSON value per line.
    Lines(String),
}

impl Client {
    /// A client with these settings. Connects when it is first used.
    ///
    /// # Errors
    /// One line that says which setting is wrong.
    pub fn new(settings: &config::Search) -> Result<Self, String> {
        // Fails if a default is already installed, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(MOST_IDLE)
            .build()
            .map_err(|error| format!("search.url can't be used: {error}"))?;
        let base = settings.url.trim_end_matches('/').to_owned();
        let authorization = match (settings.user.as_str(), settings.authorization.as_str()) {
            ("", "") => None,
            ("", authorization) => {
                let mut value = HeaderValue::from_str(authorization)
                    .map_err(|_| "search.authorization can't be sent in a header".to_owned())?;
                value.set_sensitive(true);
                Some(value)
            }
            (user, _) => {
                let request = http.get(&base).basic_auth(user, Some(&settings.password)).build();
                let request = request.map_err(|error| format!("search.url: {error}"))?;
                request.headers().get(AUTHORIZATION).cloned()
            }
        };
        Ok(Self { http, base, authorization, breaker: Breaker::new("opensearch") })
    }

    /// Whether asking is pointless.
    pub fn is_away(&self) -> bool {
        self.breaker.is_away()
    }

    /// Sends a request and returns the JSON of the answer. `path` starts with a slash.
    ///
    /// # Errors
    /// [`Failure::Away`], at once while that is known; [`Failure::Refused`]; [`Failure::Answer`].
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: Body,
        patience: Patience,
    ) -> Result<Value, Failure> {
        if self.is_away() {
            return Err(Failure::Away("it did not a moment ago".into()));
        }
        let (status, bytes) = match self.send(method, path, body, patience).await {
            Ok(answer) => answer,
            Err(Failure::Away(reason)) => {
                let client = self.clone();
                self.breaker.note(State::Away, move || {
                    let client = client.clone();
                    async move { client.probe().await }
                });
                return Err(Failure::Away(reason));
            }
            Err(other) => return Err(other),
        };
        let value: Result<Value, _> = match bytes.is_empty() {
            true => Ok(Value::Null),
            false => serde_json::from_slice(&bytes),
        };
        if status.is_success() {
            return value.map_err(|error| Failure::Answer(error.to_string()));
        }
        let reason = value.ok().as_ref().and_then(reason).unwrap_or_else(|| "no reason".into());
        Err(Failure::Refused { status: status.as_u16(), reason })
    }

    /// As [`Client::call`], but `None` for 404.
    pub async fn find(
        &self,
        method: Method,
        path: &str,
        body: Body,
        patience: Patience,
    ) -> Result<Option<Value>, Failure> {
        match self.call(method, path, body, patience).await {
            Err(Failure::Refused { status: 404, .. }) => Ok(None),
            other => other.map(Some),
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Body,
        patience: Patience,
    ) -> Result<(StatusCode, Vec<u8>), Failure> {
        let mut request =
            self.http.request(method, format!("{}{path}", self.base)).timeout(patience.longest());
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        request = match body {
            Body::None => request,
            Body::Json(value) => {
                request.header(CONTENT_TYPE, "application/json").body(value.to_string())
            }
            Body::Lines(lines) => request.header(CONTENT_TYPE, "application/x-ndjson").body(lines),
        };
        let away = |error: reqwest::Error| Failure::Away(describe(error));
        let mut response = request.send().await.map_err(away)?;
        let status = response.status();
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(away)? {
            if bytes.len() + chunk.len() > patience.most() {
                return Err(Failure::Answer(format!("it has more than {} bytes", patience.most())));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok((status, bytes))
    }

    /// Whether it is back. Any answer will do: a refusal is for whoever asks next to report.
    async fn probe(&self) -> State {
        match self.send(Method::GET, "/", Body::None, Patience::Reader).await {
            Err(Failure::Away(_)) => State::Away,
            _ => State::Well,
        }
    }
}

/// The error and what caused it, without the URL.
fn describe(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return "it takes too long".into();
    }
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text = error.to_string();
        cause = error.source();
    }
    text
}

/// OpenSearch's reason for an error, on one line.
pub(super) fn reason(answer: &Value) -> Option<String> {
    let error = answer.get("error")?;
    let text = [&error["root_cause"][0]["reason"], &error["reason"], error]
        .into_iter()
        .find_map(Value::as_str)?;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(line.chars().take(LONGEST_REASON).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_reason_is_one_line_whatever_shape_the_error_has() {
        let said = |answer| reason(&answer);
        assert_eq!(said(json!({ "error": "alias [x]\n missing" })).unwrap(), "alias [x] missing");
        assert_eq!(said(json!({ "error": { "reason": "one" } })).unwrap(), "one");
        let nested = json!({ "error": { "root_cause": [{ "reason": "two" }], "reason": "one" } });
        assert_eq!(said(nested).unwrap(), "two");
        assert_eq!(said(json!({ "error": "x".repeat(1_000) })).unwrap().len(), LONGEST_REASON);
        assert_eq!(said(json!({ "took": 1 })), None);
    }
}
