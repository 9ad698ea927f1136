//! Plain HTML forms: how to read one, and what the page in answer to it is told.

use std::collections::HashMap;

use axum::extract::{FromRequest, RawForm, Request};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use tidemark_content::form::{SECRET, fields};
use tidemark_content::front_matter::one_line_end;

use crate::error::Error;
use crate::server::accounts::FieldErrors;
use crate::text::language;

/// The path of the form for pictures, both its page and its target.
pub const PICTURES: &str = "/studio/pictures";

/// The path of the form that uploads the logo.
pub const LOGO: &str = "/settings/logo";

/// The path of the form that uploads a user's avatar.
pub const AVATAR: &str = "/account/avatar";

/// The path of the form that uploads what is to be imported, both its page and its target.
pub const IMPORT: &str = "/settings/import";

/// The field that holds it, or names it once it is here.
pub const UPLOAD_FIELD: &str = "upload";

/// The field that holds uploaded pictures.
pub const PICTURE_FIELD: &str = "picture";

/// All fields that any form of this program has. Other fields are dropped: anybody can send
/// anything, and a page that showed it again would be as large as they like.
const FIELDS: [&str; 32] = [
    "about",
    "collect",
    "cover",
    "description",
    "follow",
    "footer",
    "form_key",
    "intent",
    "invitation",
    "kind",
    "language",
    "like",
    "lines",
    "markdown",
    "name",
    "new_password",
    "next",
    "password",
    "published_at",
    "recovered",
    "role",
    "series",
    "session",
    "slug",
    "summary",
    "tags",
    "time_zone",
    "title",
    "token",
    UPLOAD_FIELD,
    "username",
    "version",
];

/// The fields of a form. If a field was sent more than once, the last value wins.
type Values = HashMap<&'static str, String>;

/// Parses a URL-encoded form.
fn values(body: &[u8]) -> Values {
    let known = |(name, value)| Some((*FIELDS.iter().find(|field| **field == name)?, value));
    fields(body).filter_map(known).collect()
}

/// A submitted form.
#[derive(Debug)]
pub struct Form {
    parts: Parts,
    values: Values,
}

/// What a page shows of a submitted form. Empty unless the form is being shown again.
#[derive(Clone, Debug, Default)]
pub struct SentForm {
    /// The path the form was sent to. A page may have several forms.
    pub action: String,
    values: Values,
    errors: FieldErrors,
}

impl SentForm {
    /// A form that was sent to `action` and refused. Only the errors are shown again, not the
    /// values.
    pub fn refused(action: &str, errors: FieldErrors) -> Self {
        Self { action: action.to_owned(), values: HashMap::new(), errors }
    }

    /// What was typed into a field; `None` if the field was not sent.
    pub fn value(&self, field: &str) -> Option<&str> {
        debug_assert!(
            FIELDS.contains(&field) || field == PICTURE_FIELD,
            "{field} is not among FIELDS"
        );
        self.values.get(field).map(String::as_str)
    }

    /// The error for a field, if there is one, in the language of the page.
    pub fn error(&self, field: &str) -> Option<String> {
        let error = self.errors.iter().find(|(name, _)| *name == field);
        error.map(|(_, error)| language().say(error))
    }

    /// Whether there is any error.
    pub fn is_refused(&self) -> bool {
        !self.errors.is_empty()
    }
}

/// A form that could not be handled, for a reason that has nothing to do with what was typed. It is
/// returned whole, ready to be sent again.
#[derive(Clone, Debug)]
pub struct KeptForm {
    /// The path to send it to.
    pub action: String,
    /// All fields except passwords, sorted by name.
    pub fields: Vec<(&'static str, String)>,
    /// Why it could not be handled.
    pub reason: Error,
}

impl KeptForm {
    /// Reads the form from a request's parts and body.
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

/// Tells a page why a form could not be saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// What the form is about was changed after the form was opened. Both texts are shown, so that
    /// nothing is lost.
    Changed,
    /// The form was for a new article, and was saved before as this one.
    SavedBefore,
}

/// A secret that is shown once, in answer to a form, and never stored.
#[derive(Clone, Debug)]
pub enum Secret {
    /// A user's new password.
    Password {
        /// Whose password it is.
        username: String,
        /// To be passed on to the user.
        password: String,
    },
    /// An invitation to sign up.
    Invitation {
        /// The invitation's address, to be passed on.
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
    /// A field's text, with each line end (browsers send `\r\n`) as `\n`. Empty if it was not sent.
    pub fn text(&self, field: &str) -> String {
        self.value(field).map(one_line_end).unwrap_or_default()
    }

    /// A single-line field, trimmed. Empty if it was not sent.
    pub fn line(&self, field: &str) -> String {
        self.value(field).map(|value| value.trim().to_owned()).unwrap_or_default()
    }

    /// A field as a number; `None` if it is not one.
    pub fn number(&self, field: &str) -> Option<i64> {
        self.value(field)?.parse().ok()
    }

    fn value(&self, field: &str) -> Option<&str> {
        debug_assert!(FIELDS.contains(&field), "{field} is not among FIELDS");
        self.values.get(field).map(String::as_str)
    }

    /// The same form, as if it had been sent to `path`.
    ///
    /// # Errors
    /// [`Error::Internal`] if that is no path.
    pub fn sent_to(mut self, path: &str) -> Result<Self, Error> {
        self.parts.uri = path.parse().map_err(|_| Error::Internal)?;
        Ok(self)
    }

    /// The request without its body.
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// The request without its body, and what to show of the form along with `errors`: everything
    /// except passwords.
    pub fn into_sent(self, errors: FieldErrors) -> (Parts, SentForm) {
        let Self { parts, mut values } = self;
        values.retain(|name, _| !name.contains(SECRET));
        let sent = SentForm { action: parts.uri.path().to_owned(), values, errors };
        (parts, sent)
    }

    /// The request without its body, and the form to send again, because of `reason`.
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
    fn only_known_form_fields_are_kept_and_each_only_once() {
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
    fn passwords_are_not_kept_for_showing_the_form_again() {
        let (parts, ()) = axum::http::Request::post("/sign-up").body(()).unwrap().into_parts();
        let body = b"username=new&password=a&new_password=b&name=New";
        let kept = KeptForm::of_body(&parts, body, Error::Unauthorized);
        assert_eq!(kept.fields, [("name", "New".to_owned()), ("username", "new".to_owned())]);
    }
}
