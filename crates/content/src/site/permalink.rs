//! The addresses that the programs give to articles.

use jiff::civil::DateTime;

use super::{Placed, Site};
use crate::front_matter::{Generator, split_dated_stem, without_ending};
use crate::slug::slugify;

/// Hugo's and Zola's names for the file of a folder.
const INDEX: &str = "index";

pub(super) fn addresses(site: &Site, article: Placed<'_>) -> Result<Vec<String>, String> {
    let found = article.found;
    if article.path.split('/').any(|part| part == "_drafts") {
        return Ok(vec![]);
    }
    let place = Place::of(site, article);
    if let Some(pattern) = &site.permalink {
        return Ok(place.expand(pattern)?.into_iter().collect());
    }
    if found.address.is_some() {
        // It is among the aliases already.
        return Ok(vec![]);
    }
    let Some(generator) = site.generator else {
        let pattern = found.pattern.as_deref().filter(|pattern| pattern.contains(':'));
        return Ok(pattern
            .map(|pattern| place.expand(pattern))
            .transpose()?
            .flatten()
            .into_iter()
            .collect());
    };
    let of_site = |folder: &str| {
        let mine = site.permalinks.iter().find(|(one, _)| {
            one.is_empty()
                || folder == one
                || folder.split('/').any(|part| part == one)
                || folder.starts_with(&format!("{one}/"))
        });
        mine.map(|(_, pattern)| pattern.clone())
    };
    let folder = place.folders.join("/");
    let pattern = found.pattern.clone();
    match generator {
        Generator::Hugo => {
            let section = place.folders.first().cloned().unwrap_or_default();
            let exact = site.permalinks.iter().find(|(one, _)| *one == section || *one == folder);
            let pattern = pattern.or_else(|| exact.map(|(_, pattern)| pattern.clone()));
            let address = match pattern {
                Some(pattern) => place.expand(&pattern)?,
                None => Some(format!("/{}/{}/", folder.to_lowercase(), place.last_of_hugo())),
            };
            Ok(address.map(|address| place.in_language(&address)).into_iter().collect())
        }
        Generator::Zola => {
            let sections: Vec<String> = place.folders.iter().map(|one| slugify(one)).collect();
            let slug = slugify(found.own_slug.as_deref().unwrap_or(&found.stem));
            let address = format!("/{}/{slug}/", sections.join("/"));
            Ok(vec![place.in_language(&address)])
        }
        Generator::Jekyll => jekyll(&place, pattern, of_site(&folder)),
        Generator::Hexo => {
            if !place.is_post {
                return Ok(vec![tidy(&format!("/{folder}/{}", place.stem_of_file))]);
            }
            let pattern = pattern.or_else(|| of_site(&folder));
            let pattern = pattern.unwrap_or_else(|| ":year/:month/:day/:title/".into());
            Ok(place.expand(&pattern)?.into_iter().collect())
        }
        Generator::Eleventy => match pattern {
            Some(pattern) => Ok(place.expand_liquid(&pattern)?.into_iter().collect()),
            None => Ok(vec![tidy(&format!("/{folder}/{}/", found.stem))]),
        },
        Generator::Astro => {
            let slug = || hyphened(&place.stem_of_file).to_lowercase();
            let last = found.own_slug.clone().unwrap_or_else(slug);
            Ok(vec![tidy(&format!("/{folder}/{last}/"))])
        }
        Generator::Obsidian => Ok(vec![]),
    }
}

/// `own` is the pattern in the file, `of_site` the one in the settings.
fn jekyll(
    place: &Place<'_>,
    own: Option<String>,
    of_site: Option<String>,
) -> Result<Vec<String>, String> {
    if !place.is_post && !place.is_in_collection {
        // A page. Its address ends in `.html` or in a slash, and both are found.
        let address = match own {
            Some(pattern) if pattern.starts_with('/') => place.expand(&pattern)?,
            _ => Some(format!("/{}/{}", place.folders.join("/"), place.stem_of_file)),
        };
        return Ok(address.map(|address| tidy(&address)).into_iter().collect());
    }
    let pattern = own.or(of_site).unwrap_or_else(|| {
        if place.is_post { "date".into() } else { "/:collection/:path:output_ext".into() }
    });
    let pattern = match pattern.as_str() {
        "date" => "/:categories/:year/:month/:day/:title:output_ext",
        "pretty" => "/:categories/:year/:month/:day/:title/",
        "ordinal" => "/:categories/:year/:y_day/:title:output_ext",
        "weekdate" => "/:categories/:year/W:week/:short_day/:title:output_ext",
        "none" => "/:categories/:title:output_ext",
        other => other,
    };
    let mut addresses: Vec<String> = place.expand(pattern)?.into_iter().collect();
    if place.categories.iter().any(|one| *one != slugify(one)) {
        // Versions differ in whether they make slugs of categories.
        let slugs = pattern.replace(":categories", ":slugified_categories");
        addresses.extend(place.expand(&slugs)?);
    }
    addresses.dedup();
    Ok(addresses)
}

/// What an address can be made of.
struct Place<'a> {
    site: &'a Site,
    article: Placed<'a>,
    /// The folders between the one for articles and the file, without the folder of a bundle.
    folders: Vec<String>,
    /// The name of the file, or of its folder if that is a bundle, with a date in it.
    stem_of_file: String,
    /// Whether it is in `_posts` or `_drafts`.
    is_post: bool,
    /// Jekyll: whether it is in a folder such as `_recipes`.
    is_in_collection: bool,
    categories: Vec<String>,
    date: Option<DateTime>,
}

impl<'a> Place<'a> {
    fn of(site: &'a Site, article: Placed<'a>) -> Self {
        let mut path = without_ending(site.below_content(article.path)).to_owned();
        if let Some(language) = article.language {
            path = path.strip_suffix(&format!(".{language}")).unwrap_or(&path).to_owned();
        }
        let is_astro = site.generator == Some(Generator::Astro);
        let path = if is_astro {
            let below = ["content/", "pages/", "data/"].iter();
            let below = below.clone().find_map(|folder| path.strip_prefix(folder));
            below.unwrap_or(&path).to_owned()
        } else {
            path
        };
        let mut folders: Vec<String> =
            path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        let mut stem = folders.pop().unwrap_or_default();
        if stem == INDEX {
            stem = folders.pop().unwrap_or_default();
        }
        let posts = folders.iter().position(|one| one == "_posts" || one == "_drafts");
        let is_in_collection =
            posts.is_none() && folders.first().is_some_and(|one| one.starts_with('_'));
        let is_jekyll = site.generator == Some(Generator::Jekyll);
        let mut categories = Vec::new();
        if let (true, Some(posts)) = (is_jekyll, posts) {
            // Folders above `_posts` are categories.
            categories.extend(folders[..posts].iter().cloned());
        }
        for one in &article.found.categories {
            let parts: Vec<&str> =
                if is_jekyll { one.split_whitespace().collect() } else { vec![one] };
            categories.extend(parts.into_iter().map(str::to_owned));
        }
        let date = article.found.source.published_at.and_then(|milliseconds| {
            let timestamp = jiff::Timestamp::from_millisecond(milliseconds).ok()?;
            Some(site.zones.zone.to_datetime(timestamp))
        });
        Self {
            site,
            article,
            folders,
            stem_of_file: stem,
            is_post: posts.is_some(),
            is_in_collection,
            categories,
            date,
        }
    }

    /// The last part of an address of Hugo.
    fn last_of_hugo(&self) -> String {
        let slug = self.article.found.own_slug.as_deref();
        slug.map_or_else(|| hugo_path(&self.stem_of_file), hugo_path)
    }

    /// Puts the language before the address of a translation.
    fn in_language(&self, address: &str) -> String {
        let language =
            self.article.language.filter(|one| Some(*one) != self.site.language.as_deref());
        tidy(&match language {
            Some(language) => format!("/{}/{address}", language.to_lowercase()),
            None => address.to_owned(),
        })
    }

    /// Replaces the words of a pattern. `None` if the article lacks what a word stands for.
    fn expand(&self, pattern: &str) -> Result<Option<String>, String> {
        if pattern.contains("{{") {
            return self.expand_liquid(pattern);
        }
        let mut address = String::new();
        let mut rest = pattern;
        while let Some(at) = rest.find(':') {
            address.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            let is_of_word = |one: char| one.is_ascii_alphanumeric() || one == '_';
            let longest = rest.find(|one| !is_of_word(one)).unwrap_or(rest.len());
            let ends = std::iter::once(longest)
                .chain(rest[..longest].rmatch_indices('_').map(|(at, _)| at));
            let mut known = None;
            for end in ends {
                if end == 0 {
                    continue;
                }
                if let Some(value) = self.value(&rest[..end]) {
                    known = Some((end, value));
                    break;
                }
            }
            match known {
                Some((end, Some(value))) => {
                    address.push_str(&value);
                    rest = &rest[end..];
                }
                Some((_, None)) => return Ok(None),
                None if longest == 0 => address.push(':'),
                None => return Err(format!(":{}", &rest[..longest])),
            }
        }
        address.push_str(rest);
        Ok(Some(tidy(&format!("/{address}"))))
    }

    /// Replaces `{{ title | slugify }}` and the like.
    fn expand_liquid(&self, pattern: &str) -> Result<Option<String>, String> {
        let mut address = String::new();
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once("{{") {
            address.push_str(before);
            let (inner, after) =
                after.split_once("}}").ok_or_else(|| "{{ without }}".to_owned())?;
            rest = after;
            let mut parts = inner.split('|').map(str::trim);
            let name = parts.next().unwrap_or_default();
            let found = self.article.found;
            let value = match name {
                "page.fileSlug" => Some(found.stem.clone()),
                "title" => Some(found.source.title.clone()),
                "slug" => found.own_slug.clone(),
                "page.date" | "date" => self.date.map(|date| date.strftime("%Y-%m-%d").to_string()),
                _ => return Err(format!("{{{{{inner}}}}}")),
            };
            let Some(mut value) = value else { return Ok(None) };
            for filter in parts {
                value = match filter {
                    "slug" | "slugify" => slugify(&value),
                    "lower" | "downcase" => value.to_lowercase(),
                    _ => return Err(format!("{{{{{inner}}}}}")),
                };
            }
            address.push_str(&value);
        }
        address.push_str(rest);
        Ok(Some(tidy(&format!("/{address}"))))
    }

    /// What a word stands for: `None` if it is no word, `Some(None)` if the article has no such
    /// thing.
    fn value(&self, word: &str) -> Option<Option<String>> {
        let found = self.article.found;
        let generator = self.site.generator;
        let time = |format: &str| Some(self.date.map(|date| date.strftime(format).to_string()));
        let dateless = || split_dated_stem(&self.stem_of_file).1.to_owned();
        let text = |text: String| Some(Some(text));
        let title = &found.source.title;
        match word {
            "year" => time("%Y"),
            "short_year" => time("%y"),
            "month" => time("%m"),
            "i_month" => time("%-m"),
            "short_month" => time("%b"),
            "long_month" => time("%B"),
            "monthname" => time("%B").map(|name| name.map(|name| name.to_lowercase())),
            "day" => time("%d"),
            "i_day" => time("%-d"),
            "y_day" => time("%j"),
            "yearday" => time("%-j"),
            "week" => time("%V"),
            "w_year" => time("%G"),
            "short_day" => time("%a"),
            "long_day" => time("%A"),
            "weekday" => time("%w"),
            "weekdayname" => time("%A").map(|name| name.map(|name| name.to_lowercase())),
            "w_day" => time("%u"),
            "hour" => time("%H"),
            "minute" => time("%M"),
            "second" => time("%S"),
            "output_ext" => text(".html".into()),
            "categories" => text(
                self.categories.iter().map(|one| one.to_lowercase()).collect::<Vec<_>>().join("/"),
            ),
            "slugified_categories" => {
                text(self.categories.iter().map(|one| slugify(one)).collect::<Vec<_>>().join("/"))
            }
            "category" if self.categories.is_empty() => text("uncategorized".into()),
            "category" => {
                text(self.categories.iter().map(|one| hyphened(one)).collect::<Vec<_>>().join("/"))
            }
            "section" => text(self.folders.first().cloned().unwrap_or_default()),
            "sections" => text(self.folders.join("/")),
            "collection" => {
                let folder = self.folders.first().map(|one| one.trim_start_matches('_'));
                text(folder.unwrap_or_default().to_owned())
            }
            "path" => {
                let below = self.folders.get(1..).unwrap_or_default().join("/");
                text(format!("{below}/{}", self.stem_of_file))
            }
            "filename" | "contentbasename" => text(hugo_path(&self.stem_of_file)),
            "slugorfilename" | "slugorcontentbasename" => text(self.last_of_hugo()),
            "basename" => text(dateless()),
            "name" if generator == Some(Generator::Hexo) => text(self.hexo_title(false)),
            "name" => text(slugify(&dateless())),
            "post_title" => text(hyphened(title).to_lowercase()),
            "title" => text(match generator {
                Some(Generator::Hugo) => hugo_path(title),
                Some(Generator::Hexo) => self.hexo_title(true),
                _ => jekyll_title(found.own_slug.as_deref().unwrap_or(&dateless())),
            }),
            "slug" => text(match (generator, &found.own_slug) {
                (Some(Generator::Hugo), Some(slug)) => hugo_path(slug),
                (Some(Generator::Hugo), None) => hugo_path(title),
                (_, Some(slug)) => slugify(slug),
                (_, None) => slugify(&dateless()),
            }),
            // Hexo takes any key of the front matter.
            _ => {
                let own = found.values.iter().find(|(key, _)| key == word);
                own.map(|(_, value)| Some(value.clone()))
            }
        }
    }

    /// Hexo's name of a post: its file's, and with its folders if `whole`.
    fn hexo_title(&self, whole: bool) -> String {
        let stem = match self.site.has_dated_names {
            true => split_dated_stem(&self.stem_of_file).1,
            false => &self.stem_of_file,
        };
        let posts = self.folders.iter().position(|one| one == "_posts" || one == "_drafts");
        let folders = posts.and_then(|at| self.folders.get(at + 1..)).unwrap_or_default();
        match whole && !folders.is_empty() {
            true => format!("{}/{stem}", folders.join("/")),
            false => stem.to_owned(),
        }
    }
}

/// A path with one slash where there are more, and `/index.html` left out.
fn tidy(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let parts = match parts.split_last() {
        Some((last, rest)) if *last == "index.html" => rest,
        _ => &parts,
    };
    format!("/{}", parts.join("/"))
}

/// Hugo's form of a part of an address.
fn hugo_path(text: &str) -> String {
    let mut path = String::new();
    for character in text.trim().to_lowercase().chars() {
        // Letters of many scripts have marks of their own, which are no letters.
        let is_mark = !character.is_ascii()
            && !character.is_whitespace()
            && !matches!(character, '\u{2000}'..='\u{206f}' | '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}');
        if character.is_ascii_alphanumeric() || "._#+~-@".contains(character) || is_mark {
            path.push(character);
        } else if character.is_whitespace() && !path.ends_with('-') {
            path.push('-');
        }
    }
    path
}

/// Jekyll's `:title`: the file's name, with most signs replaced by hyphens and its case kept.
fn jekyll_title(text: &str) -> String {
    let is_kept = |one: char| one.is_alphanumeric() || "._~!$&'()+,;=@".contains(one);
    let words: Vec<&str> = text.split(|one| !is_kept(one)).filter(|one| !one.is_empty()).collect();
    words.join("-")
}

/// Hexo's slug: signs and spaces replaced by hyphens, case and scripts kept.
fn hyphened(text: &str) -> String {
    let is_kept = |one: char| one.is_alphanumeric() || (!one.is_ascii() && !one.is_whitespace());
    let words: Vec<&str> = text.split(|one| !is_kept(one)).filter(|one| !one.is_empty()).collect();
    words.join("-")
}

#[cfg(test)]
mod tests {
    use crate::front_matter::{Conventions, read};
    use crate::site::{Placed, Site};

    /// The addresses of a file with this front matter at `path` of a site with these settings.
    fn addresses(
        settings: (&str, &str),
        path: &str,
        front: &str,
        language: Option<&str>,
    ) -> Result<Vec<String>, String> {
        let files = [(settings.0.to_owned(), settings.1.to_owned())];
        let has = |path: &str| {
            matches!(path, "content" | "source" | "source/_posts" | "src")
                && settings.0 != "_config.yaml"
        };
        let site = Site::read(&files, has, None);
        assert_eq!(site.notes, [""; 0]);
        let conventions = Conventions {
            generator: site.generator,
            zones: site.zones.clone(),
            language: language.map(str::to_owned),
            ..Conventions::default()
        };
        let found = read(path, &format!("---\ntitle: Low Tide!\n{front}\n---\ntext"), &conventions);
        let found = found.unwrap();
        site.addresses(Placed { path, found: &found, language })
    }

    #[test]
    fn every_program_gives_its_own_address() {
        let date = "date: 2020-03-04 23:30:00";
        let hugo = (
            "hugo.toml",
            "baseURL = 'https://a.example/'\ntimeZone = 'Asia/Tokyo'\n[permalinks]\nposts = '/:year/:month/:slug/'\nnotes = '/n/:contentbasename'",
        );
        let zola = ("config.toml", "base_url = 'https://a.example/blog'\ndefault_language = 'en'");
        // The test has no `source` for this name, so it is Jekyll.
        let jekyll = ("_config.yaml", "title: x");
        let hexo = ("_config.yml", "url: https://a.example\npermalink: :year/:i_month/:title/");
        let eleventy = ("eleventy.config.js", "");
        let astro = ("astro.config.mjs", "");
        for (settings, path, front, language, expected) in [
            (hugo, "content/posts/low.md", date, None, vec!["/2020/03/low-tide"]),
            (hugo, "content/posts/low/index.md", "slug: ebb", None, vec![]),
            (hugo, "content/notes/Low Water/index.md", date, None, vec!["/n/low-water"]),
            (
                hugo,
                "content/other/deep/2020-01-02-Low.md",
                date,
                None,
                vec!["/other/deep/2020-01-02-low"],
            ),
            (hugo, "content/other/a.md", "slug: ebb", None, vec!["/other/ebb"]),
            (hugo, "content/other/a.ar.md", date, Some("ar"), vec!["/ar/other/a"]),
            (
                zola,
                "content/posts/2020-03-04-Low_Tide.md",
                "",
                None,
                vec!["/posts/low-tide", "/blog/posts/low-tide"],
            ),
            (
                jekyll,
                "_posts/2020-03-04-Low-tide.md",
                "categories: a b",
                None,
                vec!["/a/b/2020/03/04/Low-tide.html"],
            ),
            (
                jekyll,
                "sea/_posts/2020-03-04-low.md",
                "permalink: pretty",
                None,
                vec!["/sea/2020/03/04/low"],
            ),
            (
                jekyll,
                "_posts/2020-03-04-low.md",
                "permalink: /:year/:title/",
                None,
                vec!["/2020/low"],
            ),
            (jekyll, "about.md", "", None, vec!["/about"]),
            (hexo, "source/_posts/deep/Low Tide.md", date, None, vec!["/2020/3/deep/Low Tide"]),
            (hexo, "source/about/index.md", "", None, vec!["/about"]),
            (eleventy, "src/posts/2020-03-04-low.md", "", None, vec!["/posts/low"]),
            (
                eleventy,
                "src/posts/low.md",
                "permalink: \"/p/{{ title | slugify }}/index.html\"",
                None,
                vec!["/p/low-tide"],
            ),
            (
                astro,
                "src/content/blog/Low Tide.md",
                "pubDate: Jan 2, 2020",
                None,
                vec!["/blog/low-tide"],
            ),
        ] {
            let given = addresses(settings, path, front, language);
            assert_eq!(
                given,
                Ok(expected.into_iter().map(str::to_owned).collect()),
                "{path} {front}"
            );
        }
    }

    #[test]
    fn a_permalink_of_the_operator_wins_and_an_unknown_word_is_named() {
        let site = Site::read(&[], |_| false, Some("/blog/:slug.html"));
        let found =
            read("a.md", "---\ntitle: x\nurl: /old\n---\n", &Conventions::default()).unwrap();
        let given = site.addresses(Placed { path: "a.md", found: &found, language: None });
        assert_eq!(given, Ok(vec!["/blog/a.html".to_owned()]));
        let site = Site::read(&[], |_| false, Some("/:mood/:slug"));
        let given = site.addresses(Placed { path: "a.md", found: &found, language: None });
        assert_eq!(given, Err(":mood".to_owned()));
    }

    #[test]
    fn jekyll_takes_the_permalink_of_the_narrowest_scope() {
        let settings = "permalink: /:title/\ndefaults:\n- scope: {path: \"\", type: posts}\n  values: {permalink: \"/p/:title/\"}\ncollections:\n  recipes: {permalink: \"/r/:name\"}\n";
        let of = |path: &str| addresses(("_config.yaml", settings), path, "date: 2020-01-02", None);
        assert_eq!(of("_posts/2020-01-02-a.md"), Ok(vec!["/p/a".to_owned()]));
        assert_eq!(of("_recipes/soup.md"), Ok(vec!["/r/soup".to_owned()]));
    }

    #[test]
    fn a_folder_may_be_a_language() {
        let settings = "baseURL = 'https://a.example/'\ndefaultContentLanguage = 'ja'\n[languages.ja]\ncontentDir = 'content/ja/'\n[languages.en]\ncontentDir = 'content/en'\n";
        let site =
            Site::read(&[("hugo.toml".into(), settings.into())], |path| path == "content", None);
        for (path, language, address) in [
            ("content/ja/entry/a.md", None, "/entry/a"),
            ("content/en/entry/a.md", Some("en"), "/en/entry/a"),
        ] {
            assert_eq!(site.language_of_folder(path), language);
            let found = read(path, "---\ntitle: x\n---\n", &Conventions::default()).unwrap();
            let placed = Placed { path, found: &found, language };
            assert_eq!(site.addresses(placed), Ok(vec![address.to_owned()]));
        }
    }
}
