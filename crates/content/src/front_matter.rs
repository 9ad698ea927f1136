//! Articles as files: Markdown with TOML or YAML front matter, as used by Zola, Hugo and Jekyll.

mod parse;
mod path;
mod write;

pub use parse::parse;
pub use path::{is_picture_address, normalize_path};
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
    /// Whether it is hidden from readers.
    pub draft: bool,
    /// Names, in order. May be empty.
    pub authors: Vec<String>,
    /// Names, in order.
    pub tags: Vec<String>,
    /// Other addresses of the article, with a leading slash and without a trailing one.
    pub aliases: Vec<String>,
    /// The address of the cover picture.
    pub cover: Option<String>,
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
            ("+++\ntitle = \"x\"\n", 1, "no end"),
            ("+++\ntitle = \"x\"\ndate = 2026-13-01\n+++\n", 3, ""),
            ("+++\ntitle = 7\n+++\n", 2, "string"),
            ("+++\ndate = 2026-01-01\n+++\n", 1, "title"),
            ("+++\ntitle = \"x\"\n+++\n", 1, "date"),
            ("+++\ntitle = \"x\"\ndate = \"soon\"\n+++\n", 3, "soon"),
            ("---\ntitle: x\ntags: {a: b}\n---\n", 3, ""),
            ("---\ntitle: x\n  bad: [\n---\n", 3, ""),
        ] {
            let error = parse("file", text).unwrap_err();
            assert_eq!(error.line, line, "{text:?}: {error}");
            assert!(error.reason.contains(said), "{text:?}: {error}");
            assert_eq!(error.to_string().lines().count(), 1);
        }
    }

    #[test]
    fn what_is_written_parses_back_the_same() {
        let source = Source {
            slug: "a-b".into(),
            title: "\"A\" = 'b' \\ 潮".into(),
            summary: Some("three\n+++\nlines".into()),
            published_at: Some(1_769_857_200_123),
            draft: true,
            authors: vec!["Жанна".into(), "B".into()],
            tags: vec!["one two".into()],
            aliases: vec!["/2014/a b.html".into(), "/c#/100% sure?".into()],
            cover: Some("/pictures/a.png".into()),
            markdown: "text\n\n+++\n\nmore".into(),
        };
        assert_eq!(parse("other", &write(&source)).unwrap(), source);
    }
}
