//! The fields of a form as a browser sends it (WHATWG URL, 5.1).

use super::characters::without_unstorable;

/// What the names of fields that are never shown again have in them.
pub const SECRET: &str = "password";

/// Each field with its value, in order. No value has a character that can't be stored, but for
/// passwords: they are compared and never shown.
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
