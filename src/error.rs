//! The one error type that leaves the program. Internal errors are logged where they are converted
//! to it, and never sent.

use leptos::prelude::*;
use leptos::server_fn::codec::JsonEncoding;
use serde::{Deserialize, Serialize};

use crate::message::Message;

/// Why a request failed. The messages are safe to show to the client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Error {
    /// It does not exist, or this reader may not see it.
    #[error("{0}")]
    NotFound(Message),
    /// The request is invalid. The text says what to change.
    #[error("{0}")]
    BadRequest(Message),
    /// The request needs a signed-in user.
    #[error("Please sign in first.")]
    Unauthorized,
    /// The request came from another site, or the user's role does not allow it.
    #[error("{0}")]
    Forbidden(Message),
    /// The request's body exceeds the limit of this route.
    #[error("The request's body is too large.")]
    TooLarge,
    /// A temporary failure. The request is safe to retry.
    #[error("This can't be done right now. Please try again in a moment.")]
    Unavailable,
    /// A bug or a failure on the server. The details are in the log.
    #[error("Something went wrong on our side.")]
    Internal,
}

/// The `Retry-After` that is sent with [`Error::Unavailable`], in seconds.
pub const RETRY_AFTER_SECONDS: u32 = 1;

impl Error {
    /// The HTTP status of this error. Nothing else maps errors to statuses.
    pub fn status(&self) -> u16 {
        match self {
            Error::BadRequest(_) => 400,
            Error::Unauthorized => 401,
            Error::Forbidden(_) => 403,
            Error::NotFound(_) => 404,
            Error::TooLarge => 413,
            Error::Internal => 500,
            Error::Unavailable => 503,
        }
    }
}

#[cfg(feature = "ssr")]
impl Error {
    /// The same error, with its message in the words of a language.
    #[must_use]
    pub fn in_words(self, language: crate::model::language::Language) -> Self {
        match self {
            Error::NotFound(message) => Error::NotFound(language.say(&message).into()),
            Error::BadRequest(message) => Error::BadRequest(language.say(&message).into()),
            Error::Forbidden(message) => Error::Forbidden(language.say(&message).into()),
            other => other,
        }
    }

    /// Sets this error's status on the response, if called within a server function.
    pub fn set_status(&self) {
        if let Some(response) = use_context::<leptos_axum::ResponseOptions>()
            && let Ok(status) = axum::http::StatusCode::from_u16(self.status())
        {
            response.set_status(status);
        }
    }
}

impl Message {
    /// Why a request failed.
    pub fn of(error: &Error) -> Self {
        match error {
            Error::NotFound(message) | Error::BadRequest(message) | Error::Forbidden(message) => {
                message.clone()
            }
            Error::Unauthorized => Self::text("error-unauthorized"),
            Error::TooLarge => Self::text("error-too-large"),
            Error::Unavailable => Self::text("error-unavailable"),
            Error::Internal => Self::text("error-internal"),
        }
    }
}

fn unreadable() -> Error {
    Error::BadRequest("The request's parameters could not be read.".into())
}

impl FromServerFnError for Error {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        let error = match error {
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => unreadable(),
            // On the server: the body is not valid text, or was cut off.
            ServerFnErrorErr::Deserialization(_) if cfg!(feature = "ssr") => unreadable(),
            // In the browser: there is no response, or it isn't ours, such as a proxy's while the
            // server restarts.
            ServerFnErrorErr::Request(_)
            | ServerFnErrorErr::Response(_)
            | ServerFnErrorErr::Deserialization(_) => Error::Unavailable,
            _ => Error::Internal,
        };
        // If parameters are missing or invalid, the function is never called and can't set the
        // status.
        #[cfg(feature = "ssr")]
        error.set_status();
        error
    }
}
