//! Errors as `application/problem+json` (RFC 9457), and the extractors that make them of bad input.

use axum::body::HttpBody;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::{HeaderValue, RETRY_AFTER};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use problem_details::ProblemDetails;

use super::limits::LARGEST_BODY;
use crate::error::{Error, RETRY_AFTER_SECONDS};

/// `axum::extract::Path`, refusing with a problem.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Error))]
pub struct Path<T>(pub T);

/// `axum::extract::Query`, refusing with a problem.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Error))]
pub struct Query<T>(pub T);

/// A body that nobody needs, read so that one that is too large is refused.
pub struct Ignored;

impl<S: Send + Sync> FromRequest<S> for Ignored {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self, Error> {
        let body = request.into_body();
        // One that announces that it is too large is refused before it is sent.
        let least = body.size_hint().lower();
        if least > LARGEST_BODY as u64 {
            return Err(Error::TooLarge);
        }
        // Whatever else stops the body from being read, there is nobody left to answer.
        if !body.is_end_stream() {
            axum::body::to_bytes(body, LARGEST_BODY).await.map_err(|_| Error::TooLarge)?;
        }
        Ok(Ignored)
    }
}

impl From<PathRejection> for Error {
    fn from(rejection: PathRejection) -> Self {
        Error::BadRequest(format!("The address is wrong. {}", rejection.body_text()))
    }
}

impl From<QueryRejection> for Error {
    fn from(rejection: QueryRejection) -> Self {
        Error::BadRequest(format!(
            "The part of the address after the question mark is wrong. {}",
            rejection.body_text()
        ))
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = problem(status, self.to_string());
        if self == Error::Unavailable {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
        }
        response
    }
}

/// An address of the API that does not exist.
pub fn unknown_route(uri: &Uri) -> Response {
    Error::NotFound(format!("There is nothing at {}.", uri.path())).into_response()
}

/// An address of the API that exists, but not for this method. The router adds `Allow`.
pub async fn wrong_method(method: Method) -> Response {
    problem(
        StatusCode::METHOD_NOT_ALLOWED,
        format!("{method} is not possible here; the header Allow says what is."),
    )
}

/// A problem.
pub fn problem(status: StatusCode, detail: String) -> Response {
    ProblemDetails::from_status_code(status).with_detail(detail).into_response()
}

/// A problem of which nothing but the status is known.
pub fn bare(status: StatusCode) -> Response {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => Error::TooLarge.into_response(),
        _ => problem(status, "This address does not take such a request.".into()),
    }
}
