//! The one error that leaves the program. What went wrong inside is logged where it is turned into
//! one of these, never sent.

use leptos::prelude::*;
use leptos::server_fn::codec::JsonEncoding;
use serde::{Deserialize, Serialize};

/// Why a request was not done, in words that may be shown to whoever asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Error {
    /// There is no such thing, or it is not for this reader.
    #[error("{0}")]
    NotFound(String),
    /// The request itself is wrong; the text says what to change.
    #[error("{0}")]
    BadRequest(String),
    /// It is for people who are signed in, and whoever asks is not.
    #[error("Please sign in first.")]
    Unauthorized,
    /// Not allowed: the request came from another site, or from somebody whose role does not reach
    /// so far.
    #[error("{0}")]
    Forbidden(String),
    /// The request's body is larger than this address takes.
    #[error("The request's body is too large.")]
    TooLarge,
    /// It cannot be done now, and trying again later is safe.
    #[error("This can't be done right now. Please try again in a moment.")]
    Unavailable,
    /// A fault of ours. The log has the details.
    #[error("Something went wrong on our side.")]
    Internal,
}

/// How long a client should wait after [`Error::Unavailable`], in seconds.
pub const RETRY_AFTER_SECONDS: u32 = 1;

impl Error {
    /// The HTTP status that stands for this error: the only place that maps one to the other.
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
    /// Gives the answer that is being made this error's status, where a server function makes it.
    pub fn set_status(&self) {
        if let Some(response) = use_context::<leptos_axum::ResponseOptions>()
            && let Ok(status) = axum::http::StatusCode::from_u16(self.status())
        {
            response.set_status(status);
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
            // In the server: a body that is no text, or that was cut off.
            ServerFnErrorErr::Deserialization(_) if cfg!(feature = "ssr") => unreadable(),
            // In the browser: no answer, or one that is not this program's, such as a proxy's while
            // the program restarts.
            ServerFnErrorErr::Request(_)
            | ServerFnErrorErr::Response(_)
            | ServerFnErrorErr::Deserialization(_) => Error::Unavailable,
            _ => Error::Internal,
        };
        // A parameter that is missing or wrong never reaches the function.
        #[cfg(feature = "ssr")]
        error.set_status();
        error
    }
}
