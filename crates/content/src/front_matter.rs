//! Articles as files: Markdown with TOML, YAML or JSON front matter, as used by Hugo, Zola, Jekyll,
//! Hexo, Eleventy, Astro and Obsidian.

mod conventions;
mod date;
mod hidden;
mod keys;
mod limits;
mod names;
mod notes;
mod parse;
mod path;
mod split;
pub(crate) mod value;
mod write;

pub use conventions::{Conventions, Generator, PageRule};
pub use date::Zones;
pub(crate) use date::parse_date;
pub use hidden::Inherited;
pub use limits::{LONGEST_ALIAS, LONGEST_SERIES, MOST_ALIASES};
pub(crate) use limits::{
    LONGEST_COVER, LONGEST_MARKDOWN, LONGEST_SUMMARY, LONGEST_TITLE, MOST_KEYS,
};
pub(crate) use names::Names;
pub use notes::{Fate, Note};
pub use parse::{Found, parse, read};
pub(crate) use path::encode_path;
pub use path::{
    forms_of_address, is_picture_address, normalize_path, post_number, split_dated_stem, tidy_path,
    without_ending,
};
pub use split::has_front_matter;
pub(crate) use split::split;
pub use write::write;

/// An article as read from a file, before it is rendered.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The last part of its address.
    pub slug: String,
    /// Plain text.
    pub title: String,
    /// Plain text, if the file has a summary.
    pub summary: Option<String>,
    /// Milliseconds since 1970. Only a draft may have none.
    pub published_at: Option<i64>,
    /// When its text was changed last, if the file says so. Milliseconds since 1970.
    pub updated_at: Option<i64>,
    /// Whether it is hidden from readers.
    pub draft: bool,
    /// Names, in order. May be empty.
    pub authors: Vec<String>,
    /// Names, in order.
    pub tags: Vec<String>,
    /// Other addresses of the article, with a leading slash and without a trailing one.
    pub aliases: Vec<String>,
    /// The name of the series that it is part of.
    pub series: Option<String>,
    /// The address of the cover picture.
    pub cover: Option<String>,
    /// The language as a BCP 47 tag, if the file names it. Otherwise it is found out from the text.
    pub language: Option<String>,
    /// Whether it is a page such as About, which has no date.
    pub is_page: bool,
    /// The body.
    pub markdown: String,
}

/// Why a file can't be read, and on which line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct SourceError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, in one line.
    pub reason: String,
}

/// Converts all line endings to `\n`. Markdown allows three: `\n`, `\r\n` and `\r`.
pub fn one_line_end(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_with_more_keys_than_anybody_writes_is_refused() {
        let keys = |count: usize| (0..count).map(|number| format!("k{number}: v\n"));
        let flat =
            |count: usize| format!("---\ntitle: A\n{}---\n", keys(count).collect::<String>());
        assert!(parse("a.md", &flat(999)).is_ok());
        let refused = parse("a.md", &flat(1_000)).unwrap_err();
        assert_eq!(refused.line, 1_002, "{refused}");
        assert!(refused.reason.contains("more than 1000 keys"), "{refused}");
        let inner: String = keys(1_001).map(|line| format!("  {line}")).collect();
        assert_eq!(parse("a.md", &format!("---\nextra:\n{inner}---\n")).unwrap_err().line, 1_003);
    }

    #[test]
    fn of_a_key_that_comes_twice_the_last_value_counts() {
        let text = "---\ntitle: A\nMy-Key: 1\nmy_key: 2\nother: x\nOther: ~\n---\n";
        let values = read("a.md", text, &Conventions::default()).unwrap().values;
        let expected = [("title", "A"), ("my-key", "2"), ("my_key", "2")];
        assert_eq!(values, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }

    #[test]
    fn all_kinds_of_line_ends_survive_a_round_trip() {
        let source =
            parse("x", "+++\r\ntitle = \"x\"\rdraft = true\n+++\none\r\r\r\ntwo\rthree").unwrap();
        assert_eq!(source.markdown, "one\n\n\ntwo\nthree");
        assert_eq!(parse("x", &write(&source)), Ok(source));
    }

    #[test]
    fn a_date_that_cant_be_written_back_is_refused() {
        for date in ["-2027-01-31 12:00:00 +0100", "-000001-01-31T12:00:00Z"] {
            let error = parse("x", &format!("---\ntitle: x\ndate: {date}\n---\n")).unwrap_err();
            assert!(error.line == 3 && error.reason.contains("is not a date"), "{error}");
        }
    }

    #[test]
    fn an_address_with_the_number_of_a_post_keeps_it() {
        for (address, path) in [
            ("https://a.example/?p=12", "/?p=12"),
            ("/?x=1&p=12#top", "/?p=12"),
            ("/index.php?p=12", "/?p=12"),
            ("/a/b?p=12", "/a/b"),
            ("/?p=1a", "/"),
            ("/?page=2", "/"),
        ] {
            assert_eq!(normalize_path(address), path, "{address}");
        }
    }

    #[test]
    fn an_address_is_known_in_the_forms_that_sites_give_it() {
        for path in ["/a/b", "/a/b.html", "/a/b/index.html", "/a/b.htm", "/a/b/index.htm"] {
            let forms = forms_of_address(path);
            assert_eq!(forms[0], path);
            for form in ["/a/b", "/a/b.html", "/a/b/index.html"] {
                assert!(forms.iter().any(|one| one == form), "{path}: {forms:?}");
            }
        }
        assert_eq!(forms_of_address("/index.html")[1], "");
    }

    #[test]
    fn a_cover_has_many_forms_and_unknown_ones_are_ignored() {
        for (line, cover) in [
            ("cover = \"/a.png\"", Some("/a.png")),
            ("image = \"https://example.com/a.png\"", Some("https://example.com/a.png")),
            ("cover = { image = \"/a.png\", alt = \"x\" }", Some("/a.png")),
            ("cover = { hidden = true }", None),
            ("cover = 1", None),
            ("cover = \"a.png\"", None),
            ("image = \"javascript:alert(1)\"", None),
            ("image = \"//example.com/a.png\"", None),
            ("image = '/\\example.com/a.png'", None),
            ("image = 'https:\\\\example.com\\a.png'", None),
        ] {
            let text = format!("+++\ntitle = \"x\"\ndraft = true\n{line}\n+++\n");
            assert_eq!(parse("x", &text).unwrap().cover.as_deref(), cover, "{line}");
        }
    }

    #[test]
    fn zola_hugo_and_jekyll_files_are_read() {
        let zola = parse(
            "Cargo",
            "+++\npath = \"2014/11/20/Cargo\"\ntitle = \"Cargo\"\nauthors = [\"Alex Crichton\"]\n\
             description = \"A tool\"\naliases = [\"2014/11/20/Cargo.html\"]\n[taxonomies]\ntags = [\"Tools\"]\n+++\n\ntext\n",
        )
        .unwrap();
        assert_eq!(zola.slug, "cargo");
        assert_eq!(zola.published_at, Some(1_416_441_600_000));
        assert_eq!(zola.aliases, ["/2014/11/20/Cargo", "/2014/11/20/Cargo.html"]);
        assert_eq!(zola.tags, ["Tools"]);
        assert_eq!(zola.markdown, "text\n");

        let hugo = parse(
            "posts/my-post/index",
            "---\ntitle: My post\ndate: 2026-01-31T12:00:00+01:00\ntags: [a, b]\nauthor: Jo\ndraft: true\n---\ntext",
        )
        .unwrap();
        assert_eq!((hugo.slug.as_str(), hugo.draft), ("my-post", true));
        assert_eq!(hugo.published_at, Some(1_769_857_200_000));
        assert_eq!(
            (hugo.tags, hugo.authors),
            (vec!["a".to_owned(), "b".into()], vec!["Jo".to_owned()])
        );

        let jekyll = parse(
            "_posts/2026-01-31-hello",
            "---\nlayout: post\ntitle: \"Hello\"\nredirect_from:\n  - /old/\n---\n\ntext",
        )
        .unwrap();
        assert_eq!((jekyll.slug.as_str(), jekyll.published_at), ("hello", Some(1_769_817_600_000)));
        assert_eq!(jekyll.aliases, ["/old"]);
        let twofold = parse(
            "x",
            "---\ntitle: x\ndate: 2026-01-30\npublishDate: 2026-01-31\ndescription: d\nsummary: s\naliases: [/a/]\n\
             redirect_from: /b\n---\n",
        )
        .unwrap();
        assert_eq!(
            (twofold.summary.as_deref(), twofold.published_at),
            (Some("d"), Some(1_769_817_600_000))
        );
        assert_eq!(twofold.aliases, ["/a", "/b"]);
        let spaced = parse("x", "---\ntitle: x\ndate: 2026-01-31 12:00:00 +0100\n---\n").unwrap();
        assert_eq!(spaced.published_at, Some(1_769_857_200_000));
    }

    #[test]
    fn a_file_that_cant_be_parsed_is_refused_with_the_line() {
        for (text, line, said) in [
            ("text", 1, "front matter"),
            ("+++\ntitle = \"x\"\n", 1, "not closed"),
            ("+++\ntitle = \"x\"\ndate = 2026-13-01\n+++\n", 3, ""),
            ("+++\ntitle = 7\ndate = 1-\n+++\n", 3, ""),
            ("+++\ntitle = \"x\"\ndate = \"soon\"\n+++\n", 3, "soon"),
            ("\n---\ntitle: x\ndate: soon\n---\n", 4, "soon"),
            ("---\ntitle: x\nextra: &a [*a]\n---\n", 3, "reference"),
            ("---\n- x\n---\n", 2, "keys"),
            ("{\"title\": \"x\"", 1, "not closed"),
            ("---\ntitle: x\n  bad: [\n---\n", 3, ""),
        ] {
            let error = parse("file", text).unwrap_err();
            assert_eq!(error.line, line, "{text:?}: {error}");
            assert!(error.reason.contains(said), "{text:?}: {error}");
            assert_eq!(error.to_string().lines().count(), 1);
        }
    }

    fn found(name: &str, text: &str) -> Found {
        read(name, text, &Conventions::default()).unwrap()
    }

    #[test]
    fn keys_are_known_in_any_case_and_values_in_any_form() {
        let text = "---  \nTitle: 1984\nDate: 2014-10-1 12:00:00\nTAGS: [2020, null, c++, C#, c]\ncategory:\n\
                    Categories:\n- [one, two]\nauthor: {name: A}\ndraft:\nPublish_Date: \n...\n\ntext\n";
        let Found { source, notes, unused, categories, body_line, .. } = found("a.md", text);
        assert_eq!((source.title.as_str(), source.published_at), ("1984", Some(1_412_164_800_000)));
        assert_eq!(source.tags, ["2020", "c++", "C#", "c", "one", "two"]);
        assert_eq!(
            (source.authors, categories),
            (vec!["A".to_owned()], vec!["one".into(), "two".into()])
        );
        assert!(!source.draft && notes.is_empty() && unused.is_empty(), "{notes:?} {unused:?}");
        assert_eq!((source.markdown.as_str(), body_line), ("text\n", 13));
        let other =
            found("a.md", "---\ntitle: x\npubDatetime: 2022-09-23T15:22:00Z\nlayout: post\n---\n");
        assert_eq!(other.source.published_at, Some(1_663_946_520_000));
        assert_eq!(other.unused, ["layout"]);
    }

    #[test]
    fn tabs_are_read_where_yaml_forbids_them() {
        let text =
            "---\ntitle:\t\"x\"\ndate:\t2020-01-02\ncategories: [\n\t\"a\",\n\t\"b\"\n]\n---\ntext";
        assert_eq!(found("a.md", text).source.tags, ["a", "b"]);
    }

    #[test]
    fn json_is_front_matter_too() {
        let text = "{\n\t\"title\": \"A \\\"}\\\" \\u00e9\",\n\t\"date\": \"2020-01-02\",\n\t\"tags\": [\"a\"]\n}\n\ntext";
        let Found { source, body_line, .. } = found("a.md", text);
        assert_eq!((source.title.as_str(), source.markdown.as_str()), ("A \"}\" é", "text"));
        assert_eq!((source.tags, body_line), (vec!["a".to_owned()], 7));
    }

    #[test]
    fn a_file_without_a_title_has_its_first_heading_or_its_name() {
        let heading = found("a.md", "---\ndate: 2020-01-02\n---\n# The *tide*\n\ntext");
        assert_eq!(
            (heading.source.title.as_str(), heading.source.markdown.as_str()),
            ("The *tide*", "text")
        );
        let named = found("a.md", "---\ndate: 2020-01-02\n---\n# The tide {#top}\n\ntext");
        assert_eq!(named.source.title, "The tide", "the anchor is no part of it");
        let later = found("a.md", "---\ndate: 2020-01-02\n---\n```\n# no\n```\n## Yes\n");
        assert_eq!((later.source.title.as_str(), later.notes[0].line), ("Yes", 7));
        assert!(later.source.markdown.contains("## Yes"));
        let name = found("2017-2-5-low-tide.md", "---\n---\ntext");
        assert_eq!(
            (name.source.title.as_str(), name.source.slug.as_str()),
            ("low tide", "low-tide")
        );
        assert_eq!(name.source.published_at, Some(1_486_252_800_000));
        // A name may hold characters that no feed could carry.
        assert_eq!(found("low-\u{5}tide.md", "---\n---\ntext").source.title, "low tide");
        for found in [heading, later, name] {
            assert_eq!(found.notes.len(), 1, "{:?}", found.notes);
            assert_eq!(found.notes[0].fate, Fate::Changed);
        }
    }

    #[test]
    fn a_file_without_a_date_is_a_draft_and_says_so() {
        let Found { source, notes, .. } = found("about.md", "---\ntitle: About\n---\n");
        assert!(source.draft && source.published_at.is_none());
        assert_eq!((notes.len(), notes[0].fate), (1, Fate::Left));
        let locked = found("a.md", "---\ntitle: x\ndate: 2020-01-02\npassword: y\n---\n");
        assert!(locked.source.draft);
        assert_eq!((locked.notes.len(), locked.notes[0].line), (1, 4));
    }

    #[test]
    fn a_page_needs_no_date() {
        for line in ["type: page", "layout: Page", "Type: page"] {
            let Found { source, notes, unused, .. } =
                found("about.md", &format!("---\ntitle: About\n{line}\n---\ntext"));
            assert!(source.is_page && !source.draft, "{line}");
            assert_eq!((source.published_at, notes.len()), (Some(0), 0), "{line}: {notes:?}");
            assert!(unused.is_empty(), "{unused:?}");
        }
        let of = |page, more: &str| {
            let conventions = Conventions { page, ..Conventions::default() };
            let text = format!("---\ntitle: About\nlayout: default\n{more}---\n");
            let source = read("about.md", &text, &conventions).unwrap().source;
            (source.is_page, source.draft, source.published_at)
        };
        let day = Some(1_577_923_200_000);
        let dated = "date: 2020-01-02\n";
        assert_eq!(of(PageRule::Always, "date: 2020-01-02\ndraft: true\n"), (true, true, day));
        assert_eq!(of(PageRule::Always, "date: 2020-01-02\ntype: post\n"), (false, false, day));
        assert_eq!(of(PageRule::Undated, dated), (false, false, day));
        assert_eq!(of(PageRule::Undated, ""), (true, false, Some(0)));
        assert_eq!(of(PageRule::Never, ""), (false, true, None));
    }

    #[test]
    fn the_date_and_the_language_in_a_name_are_no_part_of_the_slug() {
        for (name, slug) in [
            ("2017-2-5-x.md", "x"),
            ("2016-10-08_a-post.markdown", "a-post"),
            ("2016-10-08.md", "2016-10-08"),
            ("posts/My Post/index.MD", "my-post"),
            ("1.0-Timeline", "1-0-timeline"),
        ] {
            assert_eq!(found(name, "---\ntitle: t\n---\n").source.slug, slug, "{name}");
        }
        let conventions = Conventions { language: Some("ar".into()), ..Conventions::default() };
        for name in ["a-post/index.ar.md", "a-post.ar.md"] {
            let found = read(name, "---\ntitle: t\n---\n", &conventions).unwrap();
            assert_eq!((found.source.slug.as_str(), found.stem.as_str()), ("a-post", "a-post"));
            assert_eq!(found.source.language.as_deref(), Some("ar"));
        }
    }

    #[test]
    fn a_permalink_that_is_a_pattern_is_no_slug() {
        for pattern in
            ["pretty", "/:year/:title/", ":year/:month/:title.html", "/p/{{ title | slug }}/"]
        {
            let text = format!("---\ntitle: t\npermalink: \"{pattern}\"\n---\n");
            let found = found("2020-01-02-name.md", &text);
            assert_eq!(
                (found.source.slug.as_str(), found.pattern.as_deref()),
                ("name", Some(pattern))
            );
            assert_eq!(found.source.aliases, [""; 0]);
        }
        let own = found("x.md", "---\ntitle: t\npermalink: /2020/a:b/name/index.html\n---\n");
        assert_eq!((own.source.slug.as_str(), own.pattern), ("name", None));
    }

    #[test]
    fn tags_in_a_text_are_split_as_their_program_does() {
        let tags = |name: &str, tags: &str, generator| {
            let conventions = Conventions { generator, ..Conventions::default() };
            let text = format!("---\ntitle: t\ntags: {tags}\n---\n");
            read(name, &text, &conventions).unwrap().source.tags
        };
        assert_eq!(tags("2020-01-02-x.md", "a b", None), ["a", "b"]);
        assert_eq!(tags("x.md", "a b", None), ["a b"]);
        assert_eq!(tags("x.md", "a b", Some(Generator::Jekyll)), ["a", "b"]);
        assert_eq!(tags("x.md", "a b", Some(Generator::Hexo)), ["a b"]);
        assert_eq!(tags("x.md", "a b, c", None), ["a b", "c"]);
        assert_eq!(tags("x.md", "", None), [""; 0]);
    }

    #[test]
    fn what_is_too_long_is_named_with_its_line() {
        let long = "x ".repeat(35_000);
        let found = found(
            "a.md",
            &format!(
                "---\ntitle: t\ndate: 2020-01-02\ndescription: {long}\naliases: [/{}]\n---\n",
                "y".repeat(768)
            ),
        );
        assert!(found.source.summary.is_some_and(|summary| summary.chars().count() <= 500));
        assert_eq!(found.source.aliases, [""; 0]);
        let lines: Vec<(usize, Fate)> =
            found.notes.iter().map(|note| (note.line, note.fate)).collect();
        assert_eq!(lines, [(4, Fate::Changed), (5, Fate::Left)]);
        for (text, line) in [
            (format!("---\ntitle: {long}\n---\n"), 2),
            (format!("---\ntitle: x\n---\n\n{}", "é".repeat(1_000_001)), 5),
        ] {
            assert_eq!(parse("a", &text).unwrap_err().line, line);
        }
    }

    #[test]
    fn hexo_leaves_the_first_fence_out_and_obsidian_both() {
        let of = |generator| Conventions { generator: Some(generator), ..Conventions::default() };
        let hexo =
            read("a.md", "title: x\ndate: 2020-01-02\n---\ntext", &of(Generator::Hexo)).unwrap();
        assert_eq!((hexo.source.title.as_str(), hexo.source.markdown.as_str()), ("x", "text"));
        let note = read("A note.md", "text", &of(Generator::Obsidian)).unwrap();
        assert_eq!((note.source.title.as_str(), note.source.markdown.as_str()), ("A note", "text"));
    }

    #[test]
    fn an_update_and_a_series_are_read_in_all_their_forms() {
        let day = Some(1_769_817_600_000);
        for line in [
            "lastmod: 2026-01-31",
            "updated: 2026-01-31",
            "last_modified_at: 2026-01-31",
            "modified: 2026-01-31",
        ] {
            let text = format!("---\ntitle: x\ndate: 2026-01-02\n{line}\n---\n");
            let Found { source, unused, .. } = found("a.md", &text);
            assert_eq!((source.updated_at, unused.len()), (day, 0), "{line}");
        }
        let finnish = found("a.md", "---\ntitle: x\nlang: fin\n---\n");
        assert_eq!(finnish.source.language.as_deref(), Some("fi"));
        let wrong = found("a.md", "---\ntitle: x\ndate: 2026-01-02\nlastmod: soon\n---\n");
        assert_eq!((wrong.source.updated_at, wrong.notes.len()), (None, 1));
        for text in [
            "---\ntitle: x\ndate: 2026-01-02\nseries: The tides\n---\n",
            "---\ntitle: x\ndate: 2026-01-02\nseries: [The tides, Other]\n---\n",
            "+++\ntitle = \"x\"\ndate = 2026-01-02\n[taxonomies]\nseries = [\"The tides\"]\n+++\n",
        ] {
            let Found { source, unused, .. } = found("a.md", text);
            assert_eq!((source.series.as_deref(), unused.len()), (Some("The tides"), 0), "{text}");
        }
        let long = "x".repeat(LONGEST_SERIES + 1);
        let long =
            found("a.md", &format!("---\ntitle: x\ndate: 2026-01-02\nseries: {long}\n---\n"));
        assert_eq!((long.source.series, long.notes.len()), (None, 1));
    }

    #[test]
    fn what_is_written_parses_back_the_same() {
        let source = Source {
            slug: "a-b".into(),
            title: "\"A\" = 'b' \\ 潮".into(),
            summary: Some("three\n+++\nlines".into()),
            published_at: Some(1_769_857_200_123),
            updated_at: Some(1_769_943_600_000),
            draft: true,
            authors: vec!["Жанна".into(), "B".into()],
            tags: vec!["one two".into()],
            aliases: vec!["/2014/a b.html".into(), "/c#/100% sure?".into()],
            series: Some("\"Tides\" & more".into()),
            cover: Some("/pictures/a.png".into()),
            language: Some("de".into()),
            is_page: false,
            markdown: "text\n\n+++\n\nmore".into(),
        };
        let page = Source { is_page: true, ..source.clone() };
        for source in [source, page] {
            assert_eq!(parse("other", &write(&source)).unwrap(), source);
        }
    }
}
