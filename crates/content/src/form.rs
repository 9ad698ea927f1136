//! Parses the form fields that a browser sends (WHATWG URL, 5.1).

use super::characters::without_unstorable;

/// A field whose name contains this holds a secret: its value is never shown again.
pub const SECRET: &str = "password";

/// Each field's name and value, in order. Characters that can't be stored are removed from values,
/// except from passwords, which are compared but never shown.
pub fn fields(body: &[u8]) -> impl Iterator<Item = (String, String)> {
    url::form_urlencoded::parse(body).map(|(name, value)| {
        let value = if name.contains(SECRET) {
            value.into_owned()
        } else {
            without_unstorable(&value).into_owned()
        };
        (name.into_owned(), value)
    })
}
