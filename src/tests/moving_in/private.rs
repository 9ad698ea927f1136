//! What readers could not see at its source is not published by moving it.

use tidemark::server::content::import::{Fate, Report};

use super::{counts, import, places, site};
use crate::harness::TestServer;

/// Imports a site and returns the report with the status of each address.
fn moved(files: &[(&str, &str)], addresses: &[&str]) -> (Report, Vec<u16>) {
    let server = TestServer::start();
    let folder = tempfile::tempdir().unwrap();
    site(folder.path(), files);
    let report = import(&server, folder.path());
    let answers = addresses.iter().map(|address| server.someone().get(address).status);
    (report, answers.collect())
}

#[test]
fn the_notes_of_a_vault_are_drafts_unless_they_say_that_they_are_public() {
    let files = [
        (".obsidian/app.json", "{}"),
        ("Daily/2024-05-01.md", "Met my therapist."),
        ("Diary.md", "---\ncreated: 2024-05-01\n---\nPrivate."),
        ("Tide.md", "---\ncreated: 2024-05-01\npublish: true\n---\nFor all."),
        ("Moon.md", "---\ndate: 2024-05-02\n---\nFor all."),
    ];
    let addresses = ["/articles/2024-05-01", "/articles/diary", "/articles/tide", "/articles/moon"];
    let (report, answers) = moved(&files, &addresses);
    assert_eq!(answers, [404, 404, 200, 200], "{report:#?}");
    let left = places(&report, Fate::Left);
    assert_eq!(left, [("Daily/2024-05-01.md", Some(1)), ("Diary.md", Some(1))]);

    // The same if only a folder of it is named.
    let server = TestServer::start();
    let folder = tempfile::tempdir().unwrap();
    site(folder.path(), &files);
    let report = import(&server, &folder.path().join("Daily"));
    assert_eq!((report.created, report.with(Fate::Left).len()), (1, 1), "{report:#?}");
    assert_eq!(server.someone().get("/articles/2024-05-01").status, 404);
}

#[test]
fn posts_of_hexo_with_a_tag_that_has_a_password_are_drafts() {
    let config = "new_post_name: :title.md\nencrypt:\n  tags:\n  - {name: diary, password: pw}\n";
    let post = |tags: &str| format!("---\ntitle: A\ndate: 2020-01-02\ntags: {tags}\n---\ntext");
    let (locked, open) = (post("[diary]"), post("[sea]"));
    let files = [
        ("_config.yml", config),
        ("source/_posts/locked.md", locked.as_str()),
        ("source/_posts/open.md", open.as_str()),
    ];
    let (report, answers) = moved(&files, &["/articles/locked", "/articles/open"]);
    assert_eq!(answers, [404, 200], "{report:#?}");
    assert_eq!(places(&report, Fate::Left), [("source/_posts/locked.md", Some(4))]);
}

#[test]
fn what_hugo_hides_is_a_draft_and_resources_of_a_page_are_no_articles() {
    let dated = "---\ntitle: A\ndate: 2020-01-02\n---\ntext";
    let expired = "---\ntitle: A\ndate: 2020-01-02\nexpiryDate: 2020-02-02\n---\ntext";
    let files = [
        ("hugo.toml", "baseURL = 'https://a.example/'"),
        ("content/diary/_index.md", "---\ncascade: {draft: true}\n---\n"),
        ("content/diary/one.md", dated),
        ("content/posts/expired.md", expired),
        ("content/posts/bundle/index.md", dated),
        ("content/posts/bundle/index.de.md", dated),
        ("content/posts/bundle/other.md", dated),
        ("content/posts/bundle/deep/more.md", dated),
        ("content/posts/two.md", dated),
    ];
    let addresses = [
        "/articles/one",
        "/articles/expired",
        "/articles/bundle",
        "/articles/bundle-de",
        "/articles/other",
        "/articles/more",
        "/articles/two",
    ];
    let (report, answers) = moved(&files, &addresses);
    assert_eq!(answers, [404, 404, 200, 200, 404, 404, 200], "{report:#?}");
    assert_eq!(
        places(&report, Fate::Skipped),
        [
            ("content/diary/_index.md", None),
            ("content/posts/bundle/deep/more.md", None),
            ("content/posts/bundle/other.md", None),
        ]
    );
    assert_eq!(counts(&report), [5, 0, 0, 0, 0]);
    let changed = places(&report, Fate::Changed);
    assert!(changed.contains(&("content/diary/one.md", Some(1))), "{changed:?}");
    assert!(changed.contains(&("content/posts/expired.md", Some(4))), "{changed:?}");

    // A folder of the site is hidden by the sections above it.
    let server = TestServer::start();
    let folder = tempfile::tempdir().unwrap();
    site(folder.path(), &files);
    site(folder.path(), &[("content/diary/old/three.md", dated)]);
    let report = import(&server, &folder.path().join("content/diary/old"));
    assert_eq!(report.created, 1, "{report:#?}");
    assert_eq!(server.someone().get("/articles/three").status, 404);
}

#[test]
fn files_of_astro_whose_name_begins_with_an_underscore_are_no_articles() {
    let dated = "---\ntitle: A\ndate: 2020-01-02\n---\ntext";
    let files = [
        ("astro.config.mjs", ""),
        ("src/content/blog/_draft.md", dated),
        ("src/content/_old/two.md", dated),
        ("src/content/blog/one.md", dated),
    ];
    let (report, answers) = moved(&files, &["/articles/draft", "/articles/two", "/articles/one"]);
    assert_eq!(answers, [404, 404, 200], "{report:#?}");
    assert_eq!(
        places(&report, Fate::Skipped),
        [("src/content/_old/two.md", None), ("src/content/blog/_draft.md", None)]
    );
}

#[test]
fn a_text_of_another_tidemark_may_have_what_looks_like_a_shortcode() {
    let post = "+++\ntitle = \"A\"\ndate = 2020-01-02\n+++\n\nUse {{< x >}}.";
    let export = "{\"title\": null, \"description\": null, \"footer\": null, \"logo\": null}";
    let (report, answers) = moved(&[("a.md", post), ("site.json", export)], &["/articles/a"]);
    assert!(report.is_whole() && answers == [200], "{report:#?}");
    let (report, _) = moved(&[("a.md", post)], &[]);
    assert_eq!(places(&report, Fate::Left), [("a.md", Some(6))]);
}
