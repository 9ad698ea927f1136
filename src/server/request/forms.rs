//! Plain HTML forms: reading one, and what a page is told of a form that it answers.

use std::collections::HashMap;

use axum::extract::{FromRequest, RawForm, Request};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use tidemark_content::form::{SECRET, fields};
use tidemark_content::front_matter::one_line_end;

use crate::error::Error;
use crate::server::accounts::FieldErrors;

/// Where the form with pictures is, and where it goes.
pub const PICTURES: &str = "/studio/pictures";

/// The field of a form that brings pictures.
pub const PICTURE_FIELD: &str = "picture";

/// Every field that a form of this program has. What is sent under another name is not kept:
/// anybody may send anything, and a page that showed it again would be as large as they like.
const FIELDS: [&str; 20] = [
    "collect",
    "cover",
    "follow",
    "intent",
    "invitation",
    "like",
    "markdown",
    "name",
    "new_password",
    "next",
    "password",
    "published_at",
    "role",
    "session",
    "slug",
    "summary",
    "tags",
    "title",
    "username",
    "version",
];

/// The fields of a form, each once: of several the last one counts.
type Values = HashMap<&'static str, String>;

/// The fields of a form that a browser has encoded.
fn values(body: &[u8]) -> Values {
    let known = |(name, value)| Some((*FIELDS.iter().find(|field| **field == name)?, value));
    fields(body).filter_map(known).collect()
}

/// A form as it was sent.
#[derive(Debug)]
pub struct Form {
    parts: Parts,
    values: Values,
}

/// What a page shows of a form that was sent: nothing, unless it is shown again.
#[derive(Clone, Debug, Default)]
pub struct SentForm {
    /// The path that it was sent to: a page may have several forms.
    pub action: String,
    values: Values,
    errors: FieldErrors,
}

impl SentForm {
    /// A form that was sent to `action` and refused, of which nothing is shown again but the
    /// errors.
    pub fn refused(action: &str, errors: Vec<(&'static str, String)>) -> Self {
        Self { action: action.to_owned(), values: HashMap::new(), errors }
    }

    /// What was typed into a field; `None` if nothing was sent.
    pub fn value(&self, field: &str) -> Option<&str> {
        debug_assert!(
            FIELDS.contains(&field) || field == PICTURE_FIELD,
            "{field} is not among FIELDS"
        );
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

/// A form that could not be taken, for a reason that has nothing to do with what was typed: it
/// comes back whole, to be sent again.
#[derive(Clone, Debug)]
pub struct KeptForm {
    /// Where it goes.
    pub action: String,
    /// Its fields, but passwords, in the order of their names.
    pub fields: Vec<(&'static str, String)>,
    /// Why it was not taken.
    pub reason: Error,
}

impl KeptForm {
    /// The form that a request of these parts and this body brings.
    pub fn of_body(parts: &Parts, body: &[u8], reason: Error) -> Self {
        Self::new(parts, values(body), reason)
    }

    fn new(parts: &Parts, values: Values, reason: Error) -> Self {
        let mut fields: Vec<_> =
            values.into_iter().filter(|(name, _)| !name.contains(SECRET)).collect();
        fields.sort_unstable();
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
        let RawForm(bytes) =
            RawForm::from_request(request, state).await.map_err(IntoResponse::into_response)?;
        Ok(Self { parts, values: values(&bytes) })
    }
}

impl Form {
    /// A field as it was sent, with the line ends of this program; empty if it was not. Browsers
    /// send `\r\n` for each line end.
    pub fn text(&self, field: &str) -> String {
        self.value(field).map(one_line_end).unwrap_or_default()
    }

    /// A field of one line, without the space around it; empty if it was not sent.
    pub fn line(&self, field: &str) -> String {
        self.value(field).map(|value| value.trim().to_owned()).unwrap_or_default()
    }

    /// A number; `None` if the field is none.
    pub fn number(&self, field: &str) -> Option<i64> {
        self.value(field)?.parse().ok()
    }

    fn value(&self, field: &str) -> Option<&str> {
        debug_assert!(FIELDS.contains(&field), "{field} is not among FIELDS");
        self.values.get(field).map(String::as_str)
    }

    /// The request without its body.
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// The request without its body, and what its page shows of the form when it is shown again
    /// with `errors`: all but passwords.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_fields_that_a_form_has_are_kept_and_each_once() {
        let many = "a&".repeat(1_000_000)
            + &"title=1&".repeat(1_000)
            + "title=Last+one&%74ags=Sea&other=x";
        let values = values(many.as_bytes());
        assert_eq!(
            values,
            HashMap::from([("title", "Last one".to_owned()), ("tags", "Sea".to_owned())])
        );
    }

    #[test]
    fn no_password_is_kept_to_be_shown() {
        let (parts, ()) = axum::http::Request::post("/sign-up").body(()).unwrap().into_parts();
        let body = b"username=new&password=a&new_password=b&name=New";
        let kept = KeptForm::of_body(&parts, body, Error::Unauthorized);
        assert_eq!(kept.fields, [("name", "New".to_owned()), ("username", "new".to_owned())]);
    }
}
