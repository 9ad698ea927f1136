//! Addresses that are nearly right: with another case, a slash too many, or the ending that pages had
//! elsewhere; and where programs look for feeds.

use tidemark_content::front_matter::normalize_path;

use super::feeds::{falls_back, usual_address};
use super::routes::is_plain_address;
use crate::error::Error;
use crate::server::state::AppState;

/// The existing address that is meant by `path`; `None` if there is none. It is never `path` itself,
/// and what it leads to is no redirect.
///
/// # Errors
/// Any database error.
pub async fn meant(state: &AppState, path: &str) -> Result<Option<String>, Error> {
    let Some(tidy) = tidy(path) else { return Ok(None) };
    let meant = match usual_address(&tidy) {
        Some(feed) => feed,
        None if tidy == path => return Ok(None),
        None => tidy,
    };
    let (database, now) = (&state.database, state.clock.now());
    let exists = match meant.split('/').skip(1).collect::<Vec<_>>().as_slice() {
        ["articles", slug] => database.id_of_slug(slug, now).await?.is_some(),
        ["tags", slug] => database.tag(slug, now).await?.is_some(),
        ["tags", slug, _] if falls_back(&meant) => database.tag(slug, now).await?.is_some(),
        ["authors", name] => database.author(name, now).await?.is_some(),
        ["authors", name, _] if falls_back(&meant) => database.author(name, now).await?.is_some(),
        _ => is_plain_address(&meant),
    };
    if exists {
        return Ok(Some(meant));
    }
    Ok(database.address_by_alias(&meant, now).await?.filter(|address| address != path))
}

/// `path` in lower case, with single slashes and none at its end, without `index.html` and `.html`.
/// `None` if it has characters that no address of this program has. The result stays as it is if it
/// is tidied again.
pub fn tidy(path: &str) -> Option<String> {
    let mut path = normalize_path(path).to_ascii_lowercase();
    // Each round makes it shorter.
    loop {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let shorter = match parts.as_slice() {
            [] => String::new(),
            [folders @ .., "index.html" | "index.htm"] => folders.join("/"),
            parts => {
                let joined = parts.join("/");
                let plain = joined.strip_suffix(".html").or(joined.strip_suffix(".htm"));
                plain.map_or_else(|| joined.clone(), str::to_owned)
            }
        };
        let shorter = format!("/{shorter}");
        if shorter == path {
            break;
        }
        path = shorter;
    }
    let is_known = |one: char| one.is_ascii_alphanumeric() || matches!(one, '/' | '-' | '_' | '.');
    path.chars().all(is_known).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_tidied_once_and_for_all() {
        for (path, expected) in [
            ("//articles/x", Some("/articles/x")),
            ("/articles/X", Some("/articles/x")),
            ("/articles/x.html", Some("/articles/x")),
            ("/articles/x/index.html", Some("/articles/x")),
            ("/articles/x/", Some("/articles/x")),
            ("/articles//x//", Some("/articles/x")),
            ("/articles/x.html.html", Some("/articles/x")),
            ("/index.html/index.htm", Some("/")),
            ("//", Some("/")),
            ("/articles/%78", Some("/articles/x")),
            ("//evil.example/a", Some("/evil.example/a")),
            ("/a b", None),
            ("/a%0d%0ab", None),
            ("/\\evil.example", None),
            ("/潮汐", None),
        ] {
            let tidied = tidy(path);
            assert_eq!(tidied.as_deref(), expected, "{path}");
            if let Some(tidied) = tidied {
                assert_eq!(tidy(&tidied).as_ref(), Some(&tidied), "{path}");
            }
        }
    }
}
