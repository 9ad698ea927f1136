//! Names and user names: which may be had, and which could be mistaken for another.

use tidemark_content::characters::{has_invisible, is_storable};
use tidemark_content::slug::slugify;

use crate::message::Message;
use crate::server::db::users::User;

/// Maximum name length, in characters.
pub const LONGEST_NAME: usize = 80;

/// Checks that a text can be a name.
///
/// # Errors
/// What to change.
pub fn check_name(name: &str) -> Result<(), Message> {
    match name.trim().chars().count() {
        0 => Err(Message::text("name-missing")),
        1..=LONGEST_NAME if has_invisible(name) => Err(Message::text("name-is-invisible")),
        1..=LONGEST_NAME if name.chars().all(|one| !one.is_control() && is_storable(one)) => Ok(()),
        1..=LONGEST_NAME => Err(Message::text("name-of-one-line")),
        _ => Err(Message::text("name-too-long").with("count", LONGEST_NAME)),
    }
}

pub(super) fn name_taken() -> Message {
    Message::text("name-taken")
}

/// A text as part of a message on one line, with control characters as escapes.
pub(in crate::server) fn quotable(text: &str) -> String {
    let quoted = format!("{text:?}");
    let inner = quoted.strip_prefix('"').and_then(|quoted| quoted.strip_suffix('"'));
    inner.unwrap_or_default().to_owned()
}

/// Returns a predicate on users who write here: whether readers could mistake `name` for theirs.
/// Nobody may impersonate them.
pub(super) fn is_like(name: &str) -> impl Fn(&User) -> bool {
    let looks = looks_of(name);
    move |user: &User| look_alike(&looks, &user.name) || look_alike(&looks, &user.username)
}

/// Whether a reader could mistake one name for the other, whatever characters they are written in
/// (Unicode Technical Standard 39).
fn look_alike(looks: &[String; 2], other: &str) -> bool {
    let other = looks_of(other);
    looks[0] == other[0] || looks[1] == other[1]
}

/// The skeleton of a name in lower case, and of the name as written. Both are needed: an `I` looks
/// like an `l`, and an `i` does not.
fn looks_of(name: &str) -> [String; 2] {
    let small = |name: &str| {
        let looks: String =
            unicode_security::skeleton(&name.to_lowercase()).flat_map(char::to_lowercase).collect();
        let letters: String =
            looks.chars().filter(|character| character.is_alphanumeric()).collect();
        if letters.is_empty() { looks } else { letters }
    };
    let written: String = unicode_security::skeleton(name).collect();
    [small(name), small(&written)]
}

/// Whether a text can be a user name: 1 to 40 lower-case letters, digits and single inner hyphens,
/// because it is part of a URL.
pub fn is_username(text: &str) -> bool {
    text.len() <= 40 && !text.is_empty() && slugify(text) == text
}

/// Checks that a text can be a user name.
///
/// # Errors
/// What to change.
pub fn check_username(text: &str) -> Result<(), Message> {
    if is_username(text) {
        return Ok(());
    }
    let suggestion = Some(slugify(text)).filter(|slug| is_username(slug));
    let example = suggestion.unwrap_or_else(|| "marina-keel".into());
    Err(Message::text("no-user-name").with("text", quotable(text)).with("example", example))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn easily_confused_names_look_alike() {
        for other in [
            "marina keel",
            "MARINA  KEEL",
            "Маrinа Kееl",
            "Marina-Keel",
            "rnarina keel",
            "Marina Kee1",
        ] {
            assert!(look_alike(&looks_of("Marina Keel"), other), "{other}");
        }
        for other in ["Marina Kiel", "Mara Keel", "王伟", "★"] {
            assert!(!look_alike(&looks_of("Marina Keel"), other), "{other}");
        }
        assert!(!look_alike(&looks_of("王伟"), "王薇") && !look_alike(&looks_of("★"), "☂"));
    }

    #[test]
    fn a_name_has_no_invisible_characters() {
        for name in ["Jo\u{202e}eoD", "Jo\u{200b} Doe", "\u{2067}Jo", "", " ", "Jo\nDoe"] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
        assert_eq!(check_name("Zoë Ångström"), Ok(()));
    }
}
