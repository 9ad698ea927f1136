//! Import and export with realistic files.

use std::path::Path;
use std::time::Duration;

use tidemark::server::content::export::export_folder;
use tidemark::server::content::import::{Fate, Report, SourceFile, import, import_folder};
use tidemark::server::content::rerender::rerender;
use tidemark::server::db::Database;
use tidemark::server::db::articles::Filter;
use tidemark::server::seed::{AUTHOR, seed};
use tidemark_counting::ArticleId;
use tidemark_store::clock::{Clock, Millis};

use crate::harness::{FIREFOX, NOON, TestServer, corpus, source};

const FAR: Millis = Millis(i64::MAX);

fn run<T>(test: impl AsyncFnOnce(Database, Clock, &Path) -> T) -> T {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let database =
            Database::open(&format!("sqlite:{}", folder.path().join("blog.db").display()))
                .await
                .unwrap();
        test(database, Clock::manual(NOON.parse().unwrap()), folder.path()).await
    })
}

fn counts(report: &Report) -> (usize, usize, usize, usize) {
    (report.created, report.updated, report.unchanged, report.refused().len())
}

/// The letters and digits that `markdown` shows, from the first one on that the HTML doesn't show
/// in the same order. Empty if nothing is missing.
fn missing(markdown: &str, html: &str) -> String {
    use comrak::nodes::NodeValue;
    let mut options = comrak::Options::default();
    options.extension.strikethrough = true;
    options.extension.table = true;
    options.extension.autolink = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.extension.alerts = true;
    let arena = comrak::Arena::new();
    let mut shown = String::new();
    for node in comrak::parse_document(&arena, markdown, &options).descendants() {
        // A picture's text is in an attribute.
        if node.ancestors().any(|ancestor| matches!(ancestor.data().value, NodeValue::Image(_))) {
            continue;
        }
        match &node.data().value {
            NodeValue::Text(text) => shown.push_str(text),
            NodeValue::Code(code) => shown.push_str(&code.literal),
            NodeValue::CodeBlock(code) => shown.push_str(&code.literal),
            NodeValue::HtmlBlock(html) => shown.push_str(&text_of(&without_tags(&html.literal))),
            _ => {}
        }
    }
    let rendered = text_of(html);
    let mut rendered = rendered.chars();
    let mut shown = shown.chars().filter(|character| character.is_alphanumeric()).peekable();
    while let Some(character) = shown.peek() {
        if !rendered.any(|other| other == *character) {
            break;
        }
        shown.next();
    }
    shown.collect()
}

/// Raw HTML without its tags and comments.
fn without_tags(html: &str) -> String {
    let (mut text, mut rest) = (String::new(), html);
    while let Some(start) = rest.find('<') {
        text.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = if rest.starts_with("<!--") { "-->" } else { ">" };
        rest = rest.find(end).map_or("", |at| &rest[at + end.len()..]);
    }
    text + rest
}

fn text_of(html: &str) -> String {
    let text = ammonia::Builder::empty().clean(html).to_string();
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", " ").replace("&amp;", "&")
}

#[test]
fn missing_content_is_detected() {
    let html = "<p>One <b>t&amp;wo</b></p>\n<p>three</p>";
    assert_eq!(missing("One **t&wo**\n\n<p>three &copy;</p>", html), "");
    assert_eq!(missing("One t&wo\n\nthree four", html), "four");
    assert_eq!(missing("One `two` *and* three", html), "andthree");
}

#[test]
fn a_real_blog_survives_import_and_export_unchanged() {
    let Some(blog) = corpus("rust-blog") else { return };
    run(async |database, clock, folder| {
        let report = import_folder(&database, &clock, &blog).await.unwrap();
        assert_eq!(counts(&report), (345, 0, 0, 0), "{:?}", report.refused());
        let again = import_folder(&database, &clock, &blog).await.unwrap();
        assert_eq!(counts(&again), (0, 0, 345, 0), "{again:?}");

        let exported = folder.join("export");
        assert_eq!(export_folder(&database, &exported).await.unwrap(), 345);
        let back = import_folder(&database, &clock, &exported).await.unwrap();
        assert_eq!(counts(&back), (0, 0, 345, 0), "{back:?}");

        let other =
            Database::open(&format!("sqlite:{}", folder.join("other.db").display())).await.unwrap();
        import_folder(&other, &clock, &exported).await.unwrap();
        assert_eq!(other.all_fields().await.unwrap().len(), 345);
        let mut here = database.all_fields().await.unwrap();
        let mut there = other.all_fields().await.unwrap();
        here.sort_by(|one, two| one.slug.cmp(&two.slug));
        there.sort_by(|one, two| one.slug.cmp(&two.slug));
        assert_eq!(here, there, "a moved blog is the same blog");

        for article in &here {
            assert_eq!(
                missing(&article.markdown, &article.html),
                "",
                "text of {} is lost",
                article.slug
            );
            assert!(!article.html.contains("<script"), "{}", article.slug);
            assert!(!article.summary.is_empty(), "{} has no summary", article.slug);
        }
        let old = database.address_by_alias("/2014/12/12/1.0-Timeline.html", FAR).await.unwrap();
        assert_eq!(old.as_deref(), Some("/articles/1-0-timeline"));
        let older = database.address_by_alias("/2014/12/12/1.0-Timeline", FAR).await.unwrap();
        assert_eq!(
            older.as_deref(),
            Some("/articles/1-0-timeline"),
            "Zola's own address leads here too"
        );
    });
}

#[test]
fn c7_rendering_again_after_an_upgrade_does_not_change_the_article() {
    let server = TestServer::start();
    let text = "Put the <script> tag first.\n\n## A <title>\n\nThe end.";
    let files = vec![source("third", "", text)];
    server.run(import(&server.database, &server.clock, files, Report::default())).unwrap();
    let id = server.id("third");
    let view = |address: &str| server.reader(address, FIREFOX).view(id).json()["views"].as_i64();
    assert_eq!(view("192.0.2.1"), Some(1));
    let article = || server.someone().get(&format!("/api/v1/articles/{id}")).json();
    let right = article();
    server.execute(
        "UPDATE articles SET html = '<p>Put the </p>', contents = '[]', reading_minutes = 9, language = 'eng' WHERE slug = 'third'",
    );
    let wrong = article();
    assert_ne!(wrong, right);
    assert_eq!(server.run(rerender(&server.database)).unwrap(), 1, "the others came out the same");
    assert_eq!(article(), right, "including version, time of change and count");
    assert_eq!(view("192.0.2.2"), Some(2));
    server.execute("UPDATE articles SET html = 'x' WHERE slug = 'third'");
    assert_eq!(server.run(rerender(&server.database)).unwrap(), 0, "it is done once");
    // An article may be saved while it is rendered.
    let stored = server.run(server.database.text_after(ArticleId(id - 1))).unwrap().unwrap();
    server
        .run(server.database.replace_rendering(
            ArticleId(id),
            stored.version + 1,
            &stored.rendering,
        ))
        .unwrap();
    server
        .run(server.database.replace_rendering(
            ArticleId(id),
            stored.version - 1,
            &stored.rendering,
        ))
        .unwrap();
    assert_eq!(server.run(server.database.text_after(ArticleId(id - 1))).unwrap(), Some(stored));
}

#[test]
fn importing_again_updates_what_differs_and_changes_no_count() {
    let server = TestServer::start();
    let id = server.id("first");
    assert_eq!(server.someone().view(id).json()["views"], 1);
    let files =
        || vec![source("first", "tags = [\"Sea\"]\naliases = [\"old/first.html\"]", "A new text.")];
    let import = |files| {
        server.run(import(&server.database, &server.clock, files, Report::default())).unwrap()
    };
    assert_eq!(counts(&import(files())), (0, 1, 0, 0));
    assert_eq!(counts(&import(files())), (0, 0, 1, 0));
    assert_eq!(server.id("first"), id);
    let article = server.someone().get(&format!("/api/v1/articles/{id}")).json();
    assert_eq!((article["views"].as_i64(), article["version"].as_i64()), (Some(1), Some(2)));
    assert_eq!(article["markdown"], "A new text.\n");
}

#[test]
fn a_file_that_cant_be_read_is_named_and_the_others_are_imported() {
    run(async |database, clock, folder| {
        let blog = folder.join("blog");
        std::fs::create_dir_all(blog.join("deeper")).unwrap();
        std::fs::write(blog.join("good.md"), source("good", "", "x").text).unwrap();
        std::fs::write(blog.join("deeper/bad.md"), "+++\ntitle = \"x\"\ndate = soon\n+++\n")
            .unwrap();
        std::fs::write(blog.join("latin1.md"), b"+++\ntitle = \"\xe9\"\n+++\n").unwrap();
        std::fs::write(blog.join("_index.md"), "not an article").unwrap();
        std::fs::write(blog.join("notes.txt"), "not an article").unwrap();
        let report = import_folder(&database, &clock, &blog).await.unwrap();
        assert_eq!(counts(&report), (1, 0, 0, 2), "{report:?}");
        let refused = report.refused();
        assert!(refused[0].starts_with("deeper/bad.md: line 3: "), "{report:?}");
        assert!(refused[1].starts_with("latin1.md: "), "{report:?}");
    });
}

#[test]
fn articles_of_one_slug_are_told_apart_by_their_dates() {
    run(async |database, clock, _| {
        let dated = |path: &str, date: &str| SourceFile {
            path: path.into(),
            text: source("survey", "", "x").text.replace("2026-11-01", date),
        };
        let files = || {
            vec![
                dated("a.md", "2016-05-09"),
                dated("b.md", "2017-05-03"),
                dated("c.md", "2017-05-03"),
            ]
        };
        let report = import(&database, &clock, files(), Report::default()).await.unwrap();
        assert_eq!(counts(&report), (3, 0, 0, 0), "{report:?}");
        let changed: Vec<&str> =
            report.with(Fate::Changed).iter().map(|entry| entry.file.as_str()).collect();
        assert_eq!(changed, ["b.md", "c.md"], "{report:?}");
        let slugs: Vec<_> =
            database.all_fields().await.unwrap().into_iter().map(|article| article.slug).collect();
        assert_eq!(
            slugs,
            ["survey", "survey-2017-05-03", "survey-2017-05-03-2"],
            "the oldest keeps the slug"
        );

        // The article that has the slug keeps it, even if an older one is imported later. A file
        // that is imported alone finds its article.
        let older = || dated("older.md", "2015-01-01");
        let all = vec![older(), dated("a.md", "2016-05-09"), dated("b.md", "2017-05-03")];
        let report = import(&database, &clock, all, Report::default()).await.unwrap();
        assert_eq!(counts(&report), (1, 0, 2, 0), "{report:?}");
        for file in [older(), dated("a.md", "2016-05-09"), dated("b.md", "2017-05-03")] {
            let report = import(&database, &clock, vec![file], Report::default()).await.unwrap();
            assert_eq!(counts(&report), (0, 0, 1, 0), "{report:?}");
        }
    });
}

#[test]
fn the_samples_are_complete_and_added_only_once() {
    run(async |database, clock, folder| {
        clock.advance(Duration::from_secs(365 * 24 * 60 * 60));
        let seeded = seed(&database, &clock).await.unwrap().unwrap();
        assert!(seeded.articles >= 8, "{seeded:?}");
        assert_eq!(seeded.password.as_deref().map(str::len), Some(24));
        assert!(
            seed(&database, &clock).await.unwrap().is_none(),
            "a blog with articles is not changed"
        );
        let author = database.user_by_username(&seeded.username).await.unwrap().unwrap();
        assert_eq!(author.name, AUTHOR);
        let articles = database.all_fields().await.unwrap();
        assert_eq!(articles.len(), seeded.articles);
        for article in &articles {
            assert_eq!(article.authors.len(), 1, "{}", article.slug);
            assert!(!article.tags.is_empty() && !article.summary.is_empty(), "{}", article.slug);
            assert!(article.published_at.unwrap() < clock.now(), "{}", article.slug);
        }
        let with =
            |part: &str| articles.iter().filter(|article| article.html.contains(part)).count();
        for part in ["<table", "<pre", "footnote", "<img"] {
            assert!(with(part) > 0, "no sample shows {part}");
        }
        let languages: Vec<&str> =
            articles.iter().map(|article| article.language.as_str()).collect();
        assert!(
            languages.contains(&"zh") && languages.contains(&"ru") && languages.contains(&"en"),
            "{languages:?}"
        );
        export_folder(&database, &folder.join("export")).await.unwrap();
        let back = import_folder(&database, &clock, &folder.join("export")).await.unwrap();
        assert_eq!(counts(&back), (0, 0, articles.len(), 0), "{back:?}");
        assert_eq!(
            database.articles(&Filter::default(), None, 1, 100, FAR).await.unwrap().items.len(),
            articles.len()
        );
    });
}
