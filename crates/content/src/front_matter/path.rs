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
/// and without a trailing one.
pub fn normalize_path(path: &str) -> String {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let path = match url::Url::parse(path) {
        Ok(url) if url.has_host() => url.path().to_owned(),
        _ => path.to_owned(),
    };
    let decoded = percent_encoding::percent_decode_str(&path).decode_utf8_lossy();
    format!("/{}", decoded.trim_matches('/'))
}

/// Encodes a path so that [`normalize_path`] decodes it to `path` again.
pub(super) fn encode_path(path: &str) -> String {
    path.replace('%', "%25").replace('?', "%3F").replace('#', "%23")
}

/// The part of a path that names the article. For `a-title/index`, that is the folder.
pub(super) fn file_stem(name: &str) -> &str {
    let mut parts = name.rsplit('/');
    match (parts.next(), parts.next()) {
        (Some("index"), Some(folder)) => folder,
        (Some(stem), _) => stem,
        (None, _) => name,
    }
}

/// Splits Jekyll's `2026-01-31-a-title` into the date and the rest.
pub(super) fn split_dated_stem(stem: &str) -> (Option<String>, &str) {
    let is_date = stem.get(..10).is_some_and(|date| date.parse::<jiff::civil::Date>().is_ok());
    match stem.get(10..).and_then(|rest| rest.strip_prefix('-')) {
        Some(rest) if is_date => (Some(stem[..10].to_owned()), rest),
        _ => (None, stem),
    }
}

/// Finds a date such as `2014/12/12` anywhere in a path.
pub(super) fn date_in_path(path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').collect();
    parts.windows(3).find_map(|window| {
        let date = format!("{}-{}-{}", window[0], window[1], window[2]);
        date.parse::<jiff::civil::Date>().is_ok().then_some(date)
    })
}
