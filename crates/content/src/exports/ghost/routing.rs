//! Where posts were: the pattern of addresses in `routes.yaml`, and the redirects.

use serde::Deserialize;

use super::super::MOST_ITEMS;
use super::schema::Loose;
use crate::front_matter::normalize_path;

/// The pattern of the collection that has all posts, or else of the first one.
pub(super) fn permalink_of_routes(text: &str) -> Option<String> {
    let mut patterns = text.lines().filter_map(|line| {
        let pattern = line.trim().strip_prefix("permalink:")?;
        Some(pattern.trim().trim_matches(['"', '\'']).to_owned())
    });
    patterns.next_back().filter(|pattern| pattern.contains("slug"))
}

/// The redirects of `redirects.json` or `redirects.yaml`: paths from and to. Patterns can't be
/// followed and are in `notes`.
pub(super) fn redirects(text: &str, notes: &mut Vec<String>) -> Vec<(String, String)> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Redirect {
        from: Loose,
        to: Loose,
    }
    let given: Vec<(String, String)> = match text.trim_start().starts_with('[') {
        true => match serde_json::from_str::<Vec<Redirect>>(text) {
            Ok(all) => all.into_iter().map(|one| (one.from.0, one.to.0)).collect(),
            Err(error) => {
                notes.push(format!("the redirects can't be read: {error}"));
                vec![]
            }
        },
        false => text
            .lines()
            .filter(|line| line.starts_with([' ', '\t']) && !line.trim().starts_with('#'))
            .filter_map(|line| {
                let (from, to) = line.trim().split_once(": ")?;
                let plain = |text: &str| text.trim().trim_matches(['"', '\'']).to_owned();
                Some((plain(from), plain(to)))
            })
            .collect(),
    };
    let mut found = Vec::new();
    let mut patterns = 0;
    for (from, to) in given.into_iter().take(MOST_ITEMS) {
        let from = from.trim_start_matches('^').trim_end_matches('$').replace("\\/", "/");
        let from = from.trim_end_matches("/?").replace("\\.", ".").replace("\\-", "-");
        let is_pattern = from.contains(['*', '(', ')', '[', '+', '|', '\\', '^', '$', '?'])
            || !from.starts_with('/')
            || to.contains('$');
        match is_pattern {
            true => patterns += 1,
            false => found.push((normalize_path(&from), normalize_path(&to))),
        }
    }
    if patterns > 0 {
        notes.push(format!("{patterns} redirects are patterns, which can't be followed here"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_are_read_from_json_and_the_pattern_from_the_routes() {
        let mut notes = Vec::new();
        let json = "[{\"from\":\"^\\\\/old\\\\/?$\",\"to\":\"/new/\",\"permanent\":true},{\"from\":\"/a(.*)\",\"to\":\"/b\"}]";
        assert_eq!(redirects(json, &mut notes), [("/old".to_owned(), "/new".to_owned())]);
        assert_eq!(notes.len(), 1);
        let routes =
            "routes:\n\ncollections:\n  /:\n    permalink: /blog/{slug}/\n    template: index\n";
        assert_eq!(permalink_of_routes(routes).as_deref(), Some("/blog/{slug}/"));
    }
}
