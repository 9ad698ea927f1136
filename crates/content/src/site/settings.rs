//! Reads the settings of the programs.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::Site;
use super::sections::cascades;
use crate::front_matter::value::{Node, Value, plain_key, toml, yaml};
use crate::front_matter::{Generator, Zones};

/// How much is looked at of a file with settings, in bytes.
const MOST: usize = 1 << 20;

pub(super) fn read(files: &[(String, String)], has: &impl Fn(&str) -> bool) -> Site {
    let mut notes = Vec::new();
    let mut trees = Vec::new();
    for (name, text) in files {
        let Some(ending) = name.rsplit_once('.').map(|(_, ending)| ending) else { continue };
        let text = text.trim_start_matches('\u{feff}');
        let tree = match ending {
            _ if text.len() > MOST => continue,
            "toml" => toml(text, 1),
            "json" | "yaml" | "yml" => yaml(text, 1),
            _ => continue,
        };
        match tree {
            Ok(tree) => trees.push((name.as_str(), tree)),
            Err(error) => notes.push(format!("{name}: {error}; its settings are not followed")),
        }
    }
    let named = |start: &str| files.iter().any(|(name, _)| name.starts_with(start));
    let with = |key: &str| trees.iter().any(|(_, tree)| tree.keys().any(|name| name == key));
    let is_jekyll_or_hexo = named("_config.");
    let generator = if named("hugo.") || named("config/_default/") {
        Some(Generator::Hugo)
    } else if named("config.") && with("base_url") {
        Some(Generator::Zola)
    } else if named("config.") && trees.iter().any(|(_, tree)| tree.get("baseurl").is_some()) {
        Some(Generator::Hugo)
    } else if is_jekyll_or_hexo && (has("source/_posts") || with("new_post_name")) {
        Some(Generator::Hexo)
    } else if is_jekyll_or_hexo {
        Some(Generator::Jekyll)
    } else if named("eleventy.config.") || named(".eleventy.js") {
        Some(Generator::Eleventy)
    } else if named("astro.config.") {
        Some(Generator::Astro)
    } else if named(".obsidian") {
        Some(Generator::Obsidian)
    } else {
        None
    };
    let mut site = Site { generator, notes, ..Site::default() };
    let Some(generator) = generator else { return site };
    let text =
        |key: &str| trees.iter().find_map(|(_, tree)| tree.get(key)?.as_text().map(str::to_owned));
    let folder = |key: &str, default: &str| {
        let folder = text(key).unwrap_or_else(|| default.to_owned());
        let folder = folder.trim_start_matches("./").trim_matches('/').to_owned();
        if has(&folder) { folder } else { String::new() }
    };
    site.content = match generator {
        Generator::Hugo => folder("contentdir", "content"),
        Generator::Zola => folder("", "content"),
        Generator::Hexo => folder("sourcedir", "source"),
        // Eleventy's is in code; these are usual. What is outside is no page of the site.
        Generator::Eleventy => {
            let usual = ["src", "content", "site"];
            usual.iter().find(|one| has(one)).map_or(String::new(), |one| (*one).to_owned())
        }
        Generator::Astro => folder("", "src"),
        Generator::Jekyll | Generator::Obsidian => String::new(),
    };
    // Jekyll's `baseurl` is a path, the others' an address.
    let path = |text: &str| match url::Url::parse(text) {
        Ok(url) => url.path().trim_end_matches('/').to_owned(),
        Err(_) => match text.trim_matches('/') {
            "" => String::new(),
            path => format!("/{path}"),
        },
    };
    site.base = match generator {
        Generator::Hexo => match text("root").as_deref().map(path) {
            Some(root) if !root.is_empty() => root,
            _ => text("url").as_deref().map(path).unwrap_or_default(),
        },
        _ => text("baseurl").as_deref().map(path).unwrap_or_default(),
    };
    let zone = text("timezone").filter(|name| !name.trim().is_empty());
    let zone = zone.and_then(|name| match TimeZone::get(name.trim()) {
        Ok(zone) => Some(zone),
        Err(_) => {
            site.notes.push(format!("its time zone {name:?} is not known; dates are in UTC"));
            None
        }
    });
    site.zones = Zones {
        zone: zone.unwrap_or(TimeZone::UTC),
        full_times_are_utc: generator == Generator::Jekyll,
    };
    site.language = ["defaultcontentlanguage", "defaultlanguage"].iter().find_map(|key| text(key));
    let languages = trees.iter().filter_map(|(_, tree)| tree.get("languages"));
    site.languages = languages
        .flat_map(|table| table.keys().map(str::to_owned).collect::<Vec<_>>())
        .filter(|language| Some(language) != site.language.as_ref())
        .collect();
    if generator == Generator::Hugo {
        for (_, tree) in &trees {
            let Some(languages) = tree.get("languages") else { continue };
            for language in languages.keys() {
                let own = languages.get(&plain_key(language)).and_then(|own| own.get("contentdir"));
                let Some(folder) = own.and_then(Node::as_text) else { continue };
                let folder = folder.trim_start_matches("./").trim_matches('/').to_owned();
                let is_default = site.language.as_deref().unwrap_or("en") == language;
                site.folders.push((folder, (!is_default).then(|| language.to_owned())));
            }
        }
    }
    site.has_dated_names = text("newpostname").is_some_and(|name| name.contains(":year"));
    let mut locked = HashSet::new();
    for (name, tree) in &trees {
        match generator {
            Generator::Hugo => {
                let is_own = name.starts_with("config/_default/permalinks");
                let tables = if is_own { Some(tree) } else { tree.get("permalinks") };
                site.permalinks.extend(tables.into_iter().flat_map(hugo));
                if let Some(cascade) = tree.get("cascade") {
                    site.cascades.extend(cascades(name, cascade));
                }
            }
            Generator::Jekyll => site.permalinks.extend(jekyll(tree)),
            Generator::Hexo => {
                site.permalinks.extend(for_all(tree));
                locked.extend(locked_tags(tree));
            }
            _ => {}
        }
    }
    site.locked_tags = Arc::new(locked);
    site
}

/// Hexo with hexo-blog-encrypt: the tags whose articles have a password.
fn locked_tags(tree: &Node) -> Vec<String> {
    let Some(tags) = tree.get("encrypt").and_then(|encrypt| encrypt.get("tags")) else {
        return vec![];
    };
    tags.texts().iter().map(|tag| tag.trim().to_owned()).collect()
}

/// The permalink that is for everything.
fn for_all(tree: &Node) -> Option<(String, String)> {
    Some((String::new(), tree.get("permalink")?.as_text()?.to_owned()))
}

/// Hugo: a pattern a section, since 0.131 in a table for each kind of page.
fn hugo(tables: &Node) -> Vec<(String, String)> {
    let of = |table: &Node| -> Vec<(String, String)> {
        let pattern = |key: &str| {
            let pattern = table.get(&plain_key(key))?.as_text()?.to_owned();
            Some((key.trim_matches('/').to_owned(), pattern))
        };
        table.keys().filter_map(pattern).collect()
    };
    let mut patterns = of(tables);
    patterns.extend(tables.get("page").map(of).unwrap_or_default());
    patterns
}

/// Jekyll: the permalink of everything, of collections, and of folders (`defaults`). The narrowest
/// comes first.
fn jekyll(tree: &Node) -> Vec<(String, String)> {
    let mut patterns = Vec::new();
    if let Some(Node { value: Value::List(entries), .. }) = tree.get("defaults") {
        for entry in entries {
            let scope = |key: &str| entry.get("scope")?.get(key)?.as_text().map(str::to_owned);
            let pattern = entry.get("values").and_then(|values| values.get("permalink")?.as_text());
            let Some(pattern) = pattern else { continue };
            let path = scope("path").filter(|path| !path.is_empty());
            let of_type = scope("type").map(|name| format!("_{name}"));
            patterns.push((path.or(of_type).unwrap_or_default(), pattern.to_owned()));
        }
    }
    if let Some(collections) = tree.get("collections") {
        for name in collections.keys() {
            let of = collections.get(&plain_key(name));
            if let Some(pattern) = of.and_then(|of| of.get("permalink")?.as_text()) {
                patterns.push((format!("_{name}"), pattern.to_owned()));
            }
        }
    }
    patterns.sort_by_key(|(folder, _)| std::cmp::Reverse(folder.len()));
    patterns.extend(for_all(tree));
    patterns
}

#[cfg(test)]
mod tests {
    use crate::site::Site;

    #[test]
    fn the_tags_of_hexo_that_have_a_password_are_known() {
        let text = "new_post_name: :title.md\nencrypt:\n  abstract: Locked\n  tags:\n  \
                    - {name: diary, password: pw}\n  - {name: private notes, password: pw}\n";
        let site = Site::read(&[("_config.yml".into(), text.into())], |_| false, None);
        let mut tags: Vec<&str> = site.locked_tags.iter().map(String::as_str).collect();
        tags.sort_unstable();
        assert_eq!(tags, ["diary", "private notes"]);
    }
}
