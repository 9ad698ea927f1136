//! Errors as `application/problem+json` (RFC 9457), and extractors that answer bad input with one.

use axum::body::HttpBody;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::{HeaderValue, RETRY_AFTER};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use problem_details::ProblemDetails;

use super::limits::LARGEST_BODY;
use crate::error::{Error, RETRY_AFTER_SECONDS};

/// `axum::extract::Path` that rejects with a problem.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Error))]
pub struct Path<T>(pub T);

/// `axum::extract::Query` that rejects with a problem.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Error))]
pub struct Query<T>(pub T);

/// Reads a body that is not used, to refuse it if it is too large.
pub struct Ignored;

impl<S: Send + Sync> FromRequest<S> for Ignored {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self, Error> {
        let body = request.into_body();
        // If the declared length is too large, refuse before the body is sent.
        let least = body.size_hint().lower();
        if least > LARGEST_BODY as u64 {
            return Err(Error::TooLarge);
        }
        // Any other failure to read the body means that the client is gone.
        if !body.is_end_stream() {
            axum::body::to_bytes(body, LARGEST_BODY).await.map_err(|_| Error::TooLarge)?;
        }
        Ok(Ignored)
    }
}

impl From<PathRejection> for Error {
    fn from(rejection: PathRejection) -> Self {
        Error::BadRequest(format!("The address is invalid. {}", rejection.body_text()).into())
    }
}

impl From<QueryRejection> for Error {
    fn from(rejection: QueryRejection) -> Self {
        Error::BadRequest(format!("The query string is invalid. {}", rejection.body_text()).into())
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

/// The answer for an API address that does not exist.
pub fn unknown_route(uri: &Uri) -> Response {
    Error::NotFound(format!("There is nothing at {}.", uri.path()).into()).into_response()
}

/// The answer for an API address that does not support this method. The router adds `Allow`.
pub async fn wrong_method(method: Method) -> Response {
    problem(
        StatusCode::METHOD_NOT_ALLOWED,
        format!("{method} is not allowed here; the Allow header lists the methods that are."),
    )
}

/// A problem with this status and detail.
pub fn problem(status: StatusCode, detail: String) -> Response {
    ProblemDetails::from_status_code(status).with_detail(detail).into_response()
}

/// A problem for an error of a library that gave only a status.
pub fn bare(status: StatusCode) -> Response {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => Error::TooLarge.into_response(),
        _ => problem(status, "This address does not accept this kind of request.".into()),
    }
}
