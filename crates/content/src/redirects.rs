//! Redirects as a text, as in the `_redirects` files of static hosts: one a line, the old path, the
//! new address, and a status.

use std::collections::{HashMap, HashSet};

use url::Url;

use crate::front_matter::{LONGEST_ALIAS, forms_of_address, normalize_path, tidy_path};
use crate::menu::{LineError, address};

/// Maximum number of redirects.
const MOST_REDIRECTS: usize = 1_000;
/// Maximum length of an address, in characters.
const LONGEST_TARGET: usize = 2_000;

/// What an old address leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// 301: to this address for good.
    Moved(String),
    /// 302: to this address for now.
    Found(String),
    /// 410: nowhere. What was there is gone.
    Gone,
}

/// A redirect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// The old path: decoded, with a leading slash and without a trailing one.
    pub source: String,
    /// What it leads to.
    pub destination: Destination,
}

impl Destination {
    /// The HTTP status.
    pub fn status(&self) -> i64 {
        match self {
            Destination::Moved(_) => 301,
            Destination::Found(_) => 302,
            Destination::Gone => 410,
        }
    }

    /// The address, if there is one.
    pub fn target(&self) -> Option<&str> {
        match self {
            Destination::Moved(target) | Destination::Found(target) => Some(target),
            Destination::Gone => None,
        }
    }

    /// The destination with this status and this address; `None` if they don't fit together.
    pub fn of(status: i64, target: Option<String>) -> Option<Self> {
        match (status, target) {
            (301, Some(target)) => Some(Destination::Moved(target)),
            (302, Some(target)) => Some(Destination::Found(target)),
            (410, None) => Some(Destination::Gone),
            _ => None,
        }
    }
}

/// What is wrong with a redirect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedirectProblem {
    /// There are more redirects than this.
    #[error("there may be at most {0} redirects.")]
    TooMany(usize),
    /// This path has another redirect already.
    #[error("{0} is redirected on an earlier line.")]
    Twice(String),
    /// This path leads back to itself.
    #[error("{0} leads into a loop. Point it at the address where the loop should end.")]
    Loop(String),
    /// The parts are not those of a redirect.
    #[error("write “/old /new”, “/old /new 302” or “/old 410”. Other statuses are not supported.")]
    NoRedirect,
    /// What stands where the path should be.
    #[error("{0:?} is not a path on this site, such as /old/address.")]
    WrongPath(String),
    /// The path is longer than this many characters.
    #[error("a path may have at most {0} characters.")]
    TooLong(usize),
    /// What stands where the address should be.
    #[error("{0:?} is not an address, such as /new/address or https://example.org.")]
    WrongAddress(String),
}

/// The redirects as the form shows them.
pub fn redirects_text(redirects: &[Redirect]) -> String {
    let line = |Redirect { source, destination }: &Redirect| {
        let source = encoded(source);
        match destination.target() {
            Some(target) => format!("{source} {target} {}\n", destination.status()),
            None => format!("{source} {}\n", destination.status()),
        }
    };
    redirects.iter().map(line).collect()
}

/// A path that a form can show: [`normalize_path`] makes the same of it.
fn encoded(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for one in path.chars() {
        match one {
            '%' => encoded.push_str("%25"),
            '?' => encoded.push_str("%3F"),
            '#' => encoded.push_str("%23"),
            one if one.is_whitespace() || one.is_control() => {
                let mut bytes = [0; 4];
                for byte in one.encode_utf8(&mut bytes).bytes() {
                    encoded.push_str(&format!("%{byte:02X}"));
                }
            }
            one => encoded.push(one),
        }
    }
    encoded
}

/// Reads redirects. Empty lines, and those that start with `#`, are left out.
///
/// # Errors
/// What is wrong with which line.
pub fn parse_redirects(text: &str) -> Result<Vec<Redirect>, LineError<RedirectProblem>> {
    let mut redirects = Vec::new();
    let mut lines = Vec::new();
    let mut known = HashSet::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let failed = |problem| LineError { line: number, problem };
        if redirects.len() == MOST_REDIRECTS {
            return Err(failed(RedirectProblem::TooMany(MOST_REDIRECTS)));
        }
        let redirect = parse_redirect(line).map_err(failed)?;
        if !known.insert(redirect.source.clone()) {
            return Err(failed(RedirectProblem::Twice(redirect.source)));
        }
        redirects.push(redirect);
        lines.push(number);
    }
    let table = table(&redirects);
    for (redirect, number) in redirects.iter().zip(lines) {
        if is_loop(&table, &redirect.destination, None) {
            let problem = RedirectProblem::Loop(redirect.source.clone());
            return Err(LineError { line: number, problem });
        }
    }
    Ok(redirects)
}

fn parse_redirect(line: &str) -> Result<Redirect, RedirectProblem> {
    let parts: Vec<&str> = line.split_whitespace().collect();
    let (source, target, status) = match parts.as_slice() {
        [source, "410"] => (*source, None, 410),
        [source, target] => (*source, Some(*target), 301),
        [source, target, "301"] => (*source, Some(*target), 301),
        [source, target, "302"] => (*source, Some(*target), 302),
        _ => return Err(RedirectProblem::NoRedirect),
    };
    let path = normalize_path(source);
    if !source.starts_with('/') || path == "/" || source.contains(['?', '*']) {
        return Err(RedirectProblem::WrongPath(source.to_owned()));
    }
    if path.chars().nth(LONGEST_ALIAS).is_some() {
        return Err(RedirectProblem::TooLong(LONGEST_ALIAS));
    }
    let target = match target {
        None => None,
        Some(target) => Some(
            address(target, LONGEST_TARGET)
                .ok_or_else(|| RedirectProblem::WrongAddress(target.to_owned()))?,
        ),
    };
    let destination = Destination::of(status, target);
    let destination = destination.ok_or(RedirectProblem::NoRedirect)?;
    Ok(Redirect { source: path, destination })
}

/// Redirects by their path.
pub fn table(redirects: &[Redirect]) -> HashMap<String, Destination> {
    let pairs = redirects.iter().map(|one| (one.source.clone(), one.destination.clone()));
    pairs.collect()
}

/// Where a path leads. With and without `index.html` and `.html` it is the same address, unless two
/// redirects have two of these forms.
pub fn find<'a>(table: &'a HashMap<String, Destination>, path: &str) -> Option<&'a Destination> {
    if table.is_empty() {
        return None;
    }
    forms_of_address(path).iter().find_map(|form| table.get(form))
}

/// Where the path of a request leads, or else the path in its tidied form.
pub fn look_up<'a>(table: &'a HashMap<String, Destination>, path: &str) -> Option<&'a Destination> {
    let tidied = || find(table, &tidy_path(path)?);
    find(table, &normalize_path(path)).or_else(tidied)
}

/// Whether redirects lead from `destination` back to it. Whether an address is that of the blog
/// itself is known only with `own`, the blog's address. It may have been another one when the
/// redirects were saved.
pub fn is_loop(
    table: &HashMap<String, Destination>,
    destination: &Destination,
    own: Option<&Url>,
) -> bool {
    let mut destination = destination;
    // A way without a loop has no more steps than there are redirects.
    for _ in 0..=table.len() {
        let Some(target) = destination.target().filter(|target| is_here(target, own)) else {
            return false;
        };
        match look_up(table, target) {
            Some(next) => destination = next,
            None => return false,
        }
    }
    true
}

/// Whether an address is on the blog itself.
fn is_here(target: &str, own: Option<&Url>) -> bool {
    let Some(own) = own.filter(|_| !target.starts_with('/')) else {
        return target.starts_with('/');
    };
    // Not the scheme: what serves https often redirects to it.
    Url::parse(target).is_ok_and(|there| there.host() == own.host() && there.port() == own.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(source: &str, target: &str) -> Redirect {
        Redirect { source: source.into(), destination: Destination::Moved(target.into()) }
    }

    #[test]
    fn redirects_are_one_a_line_and_read_the_same_when_they_were_written() {
        let text = "# from the old host\n/old/  /new\n\n/a%20b /ü 302\r\n/c https://example.org/d?e 301\n/gone 410\n";
        let expected = vec![
            moved("/old", "/new"),
            Redirect { source: "/a b".into(), destination: Destination::Found("/%C3%BC".into()) },
            moved("/c", "https://example.org/d?e"),
            Redirect { source: "/gone".into(), destination: Destination::Gone },
        ];
        assert_eq!(parse_redirects(text), Ok(expected.clone()));
        let odd = moved("/100% sure?#\u{a0}x", "/y");
        let all = [expected, vec![odd]].concat();
        assert_eq!(parse_redirects(&redirects_text(&all)), Ok(all));
    }

    #[test]
    fn loops_are_refused_in_whatever_form_they_are_written() {
        for (text, line) in [
            ("/a /a", 1),
            ("/a /a/", 1),
            ("/a /a.html?x#y", 1),
            ("/a /%61", 1),
            ("/x /y\n/a /b\n/b /c\n/c /a/index.html", 2),
            ("/x /a\n/a /b\n/b /a", 1),
            ("/imprint /Imprint", 1),
            ("/x /X.html", 1),
            ("/y /a\n/x/z /X//Z/?q", 2),
            ("/a /B\n/b /A.htm", 1),
        ] {
            let error = parse_redirects(text).unwrap_err();
            assert_eq!(error.line, line, "{text}: {error}");
            assert!(matches!(error.problem, RedirectProblem::Loop(_)), "{text}: {error}");
        }
        assert!(parse_redirects("/a /b\n/b /c\n/c https://example.org/a").is_ok());
    }

    #[test]
    fn a_way_back_over_the_blogs_own_address_is_a_loop() {
        let own = Url::parse("http://blog.example").unwrap();
        for (text, expected) in [
            ("/self http://blog.example/self", true),
            ("/self https://BLOG.example/Self.html#top", true),
            ("/self https://blog.example/other\n/other /self", true),
            ("/self http://blog.example:81/self", false),
            ("/self https://other.example/self", false),
            ("/self https://blog.example/", false),
            ("/Self /self", false),
        ] {
            let redirects = parse_redirects(text).unwrap();
            let (table, destination) = (table(&redirects), &redirects[0].destination);
            assert_eq!(is_loop(&table, destination, Some(&own)), expected, "{text}");
            assert!(!is_loop(&table, destination, None), "{text}");
        }
    }

    #[test]
    fn what_is_no_redirect_is_refused_with_its_line() {
        for line in [
            "/a",
            "/a /b 200",
            "/a /b 301 c",
            "a /b",
            "/ /b",
            "https://x.example/a /b",
            "/a?b /c",
            "/a/* /b",
            "/a //evil.example",
            "/a javascript:alert(1)",
            "/a /b\n/a/ /c",
            "/a /b 410",
        ] {
            let error = parse_redirects(&format!("/fine /there\n{line}")).unwrap_err();
            assert!(matches!(error.line, 2 | 3), "{line}: {error}");
        }
        let many =
            |count: usize| (0..count).map(|number| format!("/{number} /x\n")).collect::<String>();
        assert!(parse_redirects(&many(1_000)).is_ok());
        assert!(parse_redirects(&many(1_001)).unwrap_err().to_string().contains("at most 1000"));
        assert!(parse_redirects(&format!("/{} /b", "a".repeat(768))).is_err());
        assert!(parse_redirects(&format!("/a /{}", "b".repeat(2_000))).is_err());
    }

    #[test]
    fn an_address_is_found_in_the_forms_that_sites_give_it() {
        let table = table(&[moved("/a", "/b"), moved("/c.html", "/d")]);
        for path in ["/a", "/a.html", "/a/index.html"] {
            assert_eq!(find(&table, path), Some(&Destination::Moved("/b".into())), "{path}");
        }
        assert_eq!(find(&table, "/c"), Some(&Destination::Moved("/d".into())));
        assert_eq!(find(&table, "/b"), None);
    }
}
