//! The menu as a text: one item a line, its words and then its address.

use url::Url;

use crate::characters::is_storable;
use crate::whitespace::one_line;

/// Maximum number of items.
const MOST_ITEMS: usize = 20;
/// Maximum length of an item's words, in characters.
const LONGEST_LABEL: usize = 40;
/// Maximum length of an address, in characters.
const LONGEST_TARGET: usize = 1_000;

/// A link in the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MenuItem {
    /// Its words.
    pub label: String,
    /// A path of this site, or an address elsewhere.
    pub target: String,
}

/// What is wrong with a line of a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Line {line}: {problem}")]
pub struct LineError<P: std::fmt::Display> {
    /// The number of the line, from 1.
    pub line: usize,
    /// What is wrong.
    pub problem: P,
}

/// What is wrong with an item of the menu.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MenuProblem {
    /// There are more items than this.
    #[error("a menu may have at most {0} items.")]
    TooMany(usize),
    /// It is only one word.
    #[error("write the text, then the address, as in “About us /about”.")]
    NoAddress,
    /// Its text is longer than this many characters.
    #[error("the text may have at most {0} characters.")]
    TooLong(usize),
    /// Its text has a character that no page can have.
    #[error("the text contains a character that pages can't show.")]
    Unprintable,
    /// What stands where the address should be.
    #[error("{0:?} is not an address; use /about, /tags/sea or https://example.org.")]
    WrongAddress(String),
}

/// The menu as the form shows it.
pub fn menu_text(items: &[MenuItem]) -> String {
    items.iter().map(|MenuItem { label, target }| format!("{label} {target}\n")).collect()
}

/// Reads a menu.
///
/// # Errors
/// What is wrong with which line.
pub fn parse_menu(text: &str) -> Result<Vec<MenuItem>, LineError<MenuProblem>> {
    let mut items = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        let failed = |problem| LineError { line: number, problem };
        if items.len() == MOST_ITEMS {
            return Err(failed(MenuProblem::TooMany(MOST_ITEMS)));
        }
        items.push(parse_item(line).map_err(failed)?);
    }
    Ok(items)
}

fn parse_item(line: &str) -> Result<MenuItem, MenuProblem> {
    let Some((label, target)) = line.rsplit_once(char::is_whitespace) else {
        return Err(MenuProblem::NoAddress);
    };
    let label = one_line(label);
    if label.chars().nth(LONGEST_LABEL).is_some() {
        return Err(MenuProblem::TooLong(LONGEST_LABEL));
    }
    if label.chars().any(|one| one.is_control() || !is_storable(one)) {
        return Err(MenuProblem::Unprintable);
    }
    let target = address(target, LONGEST_TARGET)
        .ok_or_else(|| MenuProblem::WrongAddress(target.to_owned()))?;
    Ok(MenuItem { label, target })
}

/// An address of this site that begins with a slash, or one of another site, as a browser would
/// send it. `None` if it is neither, or longer than `longest` characters.
pub(crate) fn address(text: &str, longest: usize) -> Option<String> {
    let is_own = text.starts_with('/');
    // What a browser takes for another site.
    if is_own && (text.starts_with("//") || text.starts_with("/\\")) {
        return None;
    }
    let url = match is_own {
        true => Url::parse("http://this.site").ok()?.join(text).ok()?,
        false => Url::parse(text).ok()?,
    };
    let is_other = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none();
    let address = match is_own {
        true if url.host_str() == Some("this.site") && !url.path().starts_with("//") => {
            let part = |sign: &str, part: Option<&str>| {
                part.map(|part| format!("{sign}{part}")).unwrap_or_default()
            };
            format!("{}{}{}", url.path(), part("?", url.query()), part("#", url.fragment()))
        }
        false if is_other => url.to_string(),
        _ => return None,
    };
    address.chars().nth(longest).is_none().then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(label: &str, target: &str) -> MenuItem {
        MenuItem { label: label.into(), target: target.into() }
    }

    #[test]
    fn a_menu_is_one_item_a_line_and_reads_the_same_when_it_was_written() {
        let menu = parse_menu(
            "About us  /about\r\n\n The sea\t/tags/sea\nЖурнал https://example.org/a?b=c#d\n",
        );
        let expected = vec![
            item("About us", "/about"),
            item("The sea", "/tags/sea"),
            item("Журнал", "https://example.org/a?b=c#d"),
        ];
        assert_eq!(menu.as_ref(), Ok(&expected));
        assert_eq!(parse_menu(&menu_text(&expected)), menu);
        assert_eq!(parse_menu(""), Ok(vec![]));
        assert_eq!(
            parse_menu("Tide /tide pools").unwrap_err().to_string(),
            "Line 1: \"pools\" is not an address; use /about, /tags/sea or https://example.org."
        );
    }

    #[test]
    fn only_addresses_that_lead_somewhere_harmless_are_taken() {
        for target in [
            "about",
            "//evil.example",
            "/\\evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://",
            "/a/..//evil.example",
            "mailto:me@example.org",
            "https://me:secret@example.org",
        ] {
            assert!(parse_menu(&format!("x {target}")).is_err(), "{target}");
        }
        assert_eq!(parse_menu("x /ü?q=a#b").unwrap()[0].target, "/%C3%BC?q=a#b");
        let profile = "https://social.example/@me";
        assert_eq!(parse_menu(&format!("x {profile}")).unwrap()[0].target, profile);
    }

    #[test]
    fn a_menu_has_bounds() {
        let line = |label: usize, target: usize| {
            format!("{} /{}", "l".repeat(label), "t".repeat(target - 1))
        };
        assert!(parse_menu(&line(40, 1_000)).is_ok());
        for text in
            [line(41, 1), line(1, 1_001), "x /y\n".repeat(21), "About".into(), "a\u{1}b /c".into()]
        {
            assert!(parse_menu(&text).is_err(), "{text:.50}");
        }
        assert!(parse_menu(&"x /y\n".repeat(20)).is_ok());
    }
}
