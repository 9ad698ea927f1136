//! Plain HTML forms: reading one, and what a page is told of a form that it answers.

use std::collections::HashMap;

use axum::extract::{FromRequest, RawForm, Request};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};

use crate::error::Error;
use crate::server::accounts::FieldErrors;
use crate::server::content::characters::without_unstorable;
use crate::server::content::front_matter::one_line_end;

/// The fields that are never sent back into a page.
const SECRET: &str = "password";

/// Where the form with pictures is, and where it goes.
pub const PICTURES: &str = "/studio/pictures";

/// The field of a form that brings pictures.
pub const PICTURE_FIELD: &str = "picture";

/// A form as it was sent.
#[derive(Debug)]
pub struct Form {
    parts: Parts,
    values: HashMap<String, String>,
}

/// What a page shows of a form that was sent: nothing, unless it is shown again.
#[derive(Clone, Debug, Default)]
pub struct SentForm {
    /// The path that it was sent to: a page may have several forms.
    pub action: String,
    values: HashMap<String, String>,
    errors: FieldErrors,
}

impl SentForm {
    /// A form that was sent to `action` and refused, of which nothing is shown again but the errors.
    pub fn refused(action: &str, errors: Vec<(&'static str, String)>) -> Self {
        Self { action: action.to_owned(), values: HashMap::new(), errors }
    }

    /// What was typed into a field; `None` if nothing was sent.
    pub fn value(&self, field: &str) -> Option<&str> {
        self.values.get(field).map(String::as_str)
    }

    /// What is wrong with a field.
    pub fn error(&self, field: &str) -> Option<&str> {
        self.errors.iter().find(|(name, _)| *name == field).map(|(_, error)| error.as_str())
    }

    /// Whether anything is wrong.
    pub fn is_refused(&self) -> bool {
        !self.errors.is_empty()
    }
}

/// A form that could not be taken, for a reason that has nothing to do with what was typed: it comes back whole, to be sent again.
#[derive(Clone, Debug)]
pub struct KeptForm {
    /// Where it goes.
    pub action: String,
    /// Its fields, but passwords.
    pub fields: Vec<(String, String)>,
    /// Why it was not taken.
    pub reason: Error,
}

impl KeptForm {
    /// The form that a request of these parts and this body brings.
    pub fn of_body(parts: &Parts, body: &[u8], reason: Error) -> Self {
        Self::new(parts, url::form_urlencoded::parse(body).into_owned(), reason)
    }

    fn new(parts: &Parts, fields: impl IntoIterator<Item = (String, String)>, reason: Error) -> Self {
        let fields = fields.into_iter().filter(|(name, _)| !name.contains(SECRET)).collect();
        Self { action: parts.uri.path().to_owned(), fields, reason }
    }
}

/// Tells the editor that somebody has saved since the form was opened.
#[derive(Clone, Copy, Debug)]
pub struct Conflict;

/// What is shown once, in answer to a form, and is written down nowhere.
#[derive(Clone, Debug)]
pub enum Secret {
    /// The password of the user of that name.
    Password {
        /// Whose.
        username: String,
        /// To be passed on.
        password: String,
    },
    /// The address at which somebody makes an account.
    Invitation {
        /// To be passed on.
        address: String,
    },
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let request = Request::from_parts(parts.clone(), body);
        let RawForm(bytes) = RawForm::from_request(request, state).await.map_err(IntoResponse::into_response)?;
        let values = url::form_urlencoded::parse(&bytes).into_owned().map(|(name, value)| {
            // A password is compared, never shown.
            let value = if name.contains(SECRET) { value } else { without_unstorable(&value).into_owned() };
            (name, value)
        });
        let values = values.collect();
        Ok(Self { parts, values })
    }
}

impl Form {
    /// A field as it was sent, with the line ends of this program; empty if it was not. Browsers send `\r\n` for each line end.
    pub fn text(&self, field: &str) -> String {
        self.values.get(field).map(|value| one_line_end(value)).unwrap_or_default()
    }

    /// A field of one line, without the space around it; empty if it was not sent.
    pub fn line(&self, field: &str) -> String {
        self.values.get(field).map(|value| value.trim().to_owned()).unwrap_or_default()
    }

    /// A number; `None` if the field is none.
    pub fn number(&self, field: &str) -> Option<i64> {
        self.values.get(field)?.parse().ok()
    }

    /// The request without its body.
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// The request without its body, and what its page shows of the form when it is shown again with `errors`: all but passwords.
    pub fn into_sent(self, errors: FieldErrors) -> (Parts, SentForm) {
        let Self { parts, mut values } = self;
        values.retain(|name, _| !name.contains(SECRET));
        let sent = SentForm { action: parts.uri.path().to_owned(), values, errors };
        (parts, sent)
    }

    /// The request without its body, and the form as it is kept because it could not be taken.
    pub fn into_kept(self, reason: Error) -> (Parts, KeptForm) {
        let Self { parts, values } = self;
        let kept = KeptForm::new(&parts, values, reason);
        (parts, kept)
    }
}
