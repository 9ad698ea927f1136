//! Paths and addresses: in front matter, of aliases and pictures, and what a file's own path says.

/// Whether a text can be the address of a picture: a path on this site, or an `https:` URL, as the
/// content security policy requires.
pub fn is_picture_address(text: &str) -> bool {
    // Browsers treat a backslash as a slash, so `/\host` names a host.
    let is_path = text.starts_with('/') && !text.starts_with("//");
    let is_elsewhere =
        url::Url::parse(text).is_ok_and(|url| url.scheme() == "https" && url.has_host());
    let is_odd =
        |character: char| character.is_control() || character.is_whitespace() || character == '\\';
    (is_path || is_elsewhere) && !text.chars().any(is_odd)
}

/// The form in which aliases are stored and looked up: only the path, decoded, with a leading slash
/// and without a trailing one. WordPress also has addresses such as `/?p=123`, which keep the
/// number.
pub fn normalize_path(path: &str) -> String {
    let number = path.split_once('?').and_then(|(_, query)| post_number(query));
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let path = match url::Url::parse(path) {
        Ok(url) if url.has_host() => url.path().to_owned(),
        _ => path.to_owned(),
    };
    let decoded = percent_encoding::percent_decode_str(&path).decode_utf8_lossy();
    match (decoded.trim_matches('/'), number) {
        ("" | "index.php", Some(number)) => format!("/?p={number}"),
        (path, _) => format!("/{path}"),
    }
}

/// `path` in lower case, with single slashes and none at its end, without `index.html` and `.html`.
/// `None` if it has characters that no address of Tidemark has. The result stays as it is if it
/// is tidied again.
pub fn tidy_path(path: &str) -> Option<String> {
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

/// The number of the post that a query of WordPress names: `p=123`.
pub fn post_number(query: &str) -> Option<&str> {
    let query = query.split('#').next().unwrap_or_default();
    let number = query.split('&').find_map(|part| part.strip_prefix("p="))?;
    let is_number =
        (1..=20).contains(&number.len()) && number.bytes().all(|one| one.is_ascii_digit());
    is_number.then_some(number)
}

/// The forms in which a site may have had the page at `path`: with and without `index.html` and
/// `.html`. The path itself comes first. It has no slash at its end, as from [`normalize_path`].
pub fn forms_of_address(path: &str) -> [String; 4] {
    let folder = path.strip_suffix("/index.html").or(path.strip_suffix("/index.htm"));
    let plain = folder.unwrap_or(path);
    let plain = plain.strip_suffix(".html").or(plain.strip_suffix(".htm")).unwrap_or(plain);
    [path.to_owned(), plain.to_owned(), format!("{plain}.html"), format!("{plain}/index.html")]
}

/// Encodes a path so that [`normalize_path`] decodes it to `path` again.
pub(crate) fn encode_path(path: &str) -> String {
    path.replace('%', "%25").replace('?', "%3F").replace('#', "%23")
}

/// The endings of files that hold an article.
const ENDINGS: [&str; 8] = ["md", "markdown", "mdown", "mkd", "mkdn", "mdx", "html", "htm"];

/// A path without the ending of a file that holds an article.
pub fn without_ending(path: &str) -> &str {
    match path.rsplit_once('.') {
        Some((rest, ending)) if ENDINGS.iter().any(|one| one.eq_ignore_ascii_case(ending)) => rest,
        _ => path,
    }
}

/// The part of a path that names the article. For `a-title/index`, that is the folder.
pub(super) fn file_stem(name: &str) -> &str {
    let mut parts = name.rsplit('/');
    match (parts.next(), parts.next()) {
        (Some(index), Some(folder)) if index == "index" || index.starts_with("index.") => folder,
        (Some(stem), _) => stem,
        (None, _) => name,
    }
}

/// Splits Jekyll's `2026-01-31-a-title`, Zola's `2026-01-31_a-title` and `2026-1-31-a-title` into
/// the date and the rest. A name that is nothing but a date is both.
pub fn split_dated_stem(stem: &str) -> (Option<String>, &str) {
    let mut parts = stem.splitn(3, '-');
    let (Some(year), Some(month), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return (None, stem);
    };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (day, rest) = rest.split_at(digits);
    let Some(date) = date_of(year, month, day) else { return (None, stem) };
    match rest.strip_prefix(['-', '_', ' ']) {
        Some(rest) if !rest.is_empty() => (Some(date), rest),
        None if rest.is_empty() => (Some(date), stem),
        _ => (None, stem),
    }
}

/// Finds a date such as `2014/12/12` anywhere in a path.
pub(super) fn date_in_path(path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').collect();
    parts.windows(3).find_map(|window| date_of(window[0], window[1], window[2]))
}

/// `2026-01-31`, if the parts are a date.
fn date_of(year: &str, month: &str, day: &str) -> Option<String> {
    let is_number = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_date = year.len() == 4 && is_number(year, 4) && is_number(month, 2) && is_number(day, 2);
    let date = format!("{year}-{month:0>2}-{day:0>2}");
    (is_date && date.parse::<jiff::civil::Date>().is_ok()).then_some(date)
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
            let tidied = tidy_path(path);
            assert_eq!(tidied.as_deref(), expected, "{path}");
            if let Some(tidied) = tidied {
                assert_eq!(tidy_path(&tidied).as_ref(), Some(&tidied), "{path}");
            }
        }
    }
}
