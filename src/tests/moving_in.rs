//! Whole sites moving in: their pictures, their old addresses, what they changed since, and what
//! was changed here.

mod model;
mod private;
mod settings;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::BoxFuture;
use proptest::prelude::*;
use tidemark::server::content::export::export_folder;
use tidemark::server::content::export_site::{ExportedPictures, export_pictures, export_site};
use tidemark::server::content::import::{Fate, Fetcher, Import, ImportError, Options, Report};
use tidemark::server::db::Database;
use tidemark::server::db::actor::{Actor, Role};
use tidemark::server::db::drafts::EditorForm;
use tidemark::server::db::pictures::Picture;
use tidemark::server::db::site::SiteChange;
use tidemark::server::pictures::Pictures;
use tidemark_content::menu::{menu_text, parse_menu};
use tidemark_content::redirects::{parse_redirects, redirects_text};
use tidemark_counting::{ArticleId, UserId};
use tidemark_store::clock::{Clock, Millis};

use crate::exports::{Post, wordpress};
use crate::harness::{Client, FIREFOX, NOON, TestServer, binary};
use crate::import_page::articles;
use crate::pictures::files::png;

const PASSWORD: &str = "a-good-password";

/// Writes the files of a site.
fn site(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

fn import_with(server: &TestServer, folder: &Path, options: Options) -> Report {
    import_source(server, folder, options, None).unwrap()
}

fn pictures_of(server: &TestServer) -> Pictures {
    Pictures::new(
        server.database.clone(),
        server.stores.pictures.clone(),
        server.clock.clone(),
        server.config.pictures.quota(),
    )
}

/// Imports a folder or an export, with its pictures.
pub fn import_source(
    server: &TestServer,
    source: &Path,
    options: Options,
    fetcher: Option<&Fetcher>,
) -> Result<Report, ImportError> {
    let pictures = pictures_of(server);
    let is_dry_run = options.is_dry_run;
    let keep = |owner: UserId, name: String, bytes: Vec<u8>| -> BoxFuture<'_, _> {
        Box::pin(pictures.keep_import(is_dry_run, owner, name, bytes))
    };
    let import = Import {
        options,
        keep_picture: Some(&keep),
        fetcher,
        ..Import::new(&server.database, &server.clock)
    };
    server.run(import.source(source))
}

fn import(server: &TestServer, folder: &Path) -> Report {
    import_with(server, folder, Options::default())
}

/// New, updated and unchanged articles, and things left and files refused.
pub fn counts(report: &Report) -> [usize; 5] {
    let of = |fate| report.with(fate).len();
    [report.created, report.updated, report.unchanged, of(Fate::Left), of(Fate::Refused)]
}

/// The files with this fate, with their lines.
pub fn places(report: &Report, fate: Fate) -> Vec<(&str, Option<usize>)> {
    report.with(fate).into_iter().map(|entry| (entry.file.as_str(), entry.line)).collect()
}

pub fn admin(server: &TestServer) -> Client<'_> {
    server.add_user_with_role("admin", PASSWORD, Role::Admin);
    server.someone().signed_in("admin", PASSWORD)
}

/// Saves an article in the studio.
pub fn save(client: &Client, id: i64, version: i64, title: &str, slug: &str, markdown: &str) {
    let version = version.to_string();
    let fields = [
        ("version", version.as_str()),
        ("intent", "save"),
        ("title", title),
        ("slug", slug),
        ("summary", ""),
        ("tags", ""),
        ("cover", ""),
        ("markdown", markdown),
    ];
    let encode =
        |value: &str| -> String { value.bytes().map(|byte| format!("%{byte:02X}")).collect() };
    let body: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let form = client.with("content-type", "application/x-www-form-urlencoded");
    let answer = form.request("POST", &format!("/studio/{id}"), &body.join("&"));
    assert_eq!(answer.status, 303, "{}", answer.text);
}

const HUGO: [(&str, &str); 9] = [
    (
        "hugo.toml",
        "baseURL = 'https://a.example/blog/'\ntimeZone = 'Asia/Tokyo'\n[permalinks]\nposts = '/:year/:month/:slug/'\n",
    ),
    (
        "content/posts/low-tide/index.md",
        "---\nTitle: Low tide\nDate: 2020-03-01 08:00:00\nCategories: [Sea]\ntags: [c++, c, 2020]\n\
         cover: {image: cover.png}\naliases: [/old/low]\nslug: ebb\n---\n\
         ![The beach](beach.png)\n\n<img src=\"/img/sky.png\">\n\nSee [the flood]({{< relref \"flood.md#why\" >}}).\n",
    ),
    (
        "content/posts/low-tide/index.ar.md",
        "---\ntitle: الجزر\ndate: 2020-03-01 08:00:00\n---\nالبحر ينحسر عن الشاطئ.\n",
    ),
    (
        "content/posts/flood.md",
        "---\ntitle: Flood\ndate: 2020-03-02\n---\n{{< youtube abc >}}\n\n{{< mood >}}\n\n![](gone.png)\n",
    ),
    (
        "content/posts/2021-1-2-draft.md",
        "+++\ntitle = 'Later'\ndraft = true\ndate = 2021-01-02\n+++\ntext\n",
    ),
    ("content/posts/_index.md", "---\ntitle: Posts\n---\n"),
    ("content/about.md", "---\ntitle: About\n---\nHello.\n"),
    ("content/notes.org", "* A note\n"),
    ("content/posts/broken.md", "---\ntitle: x\ndate: soon\n---\n"),
];

fn hugo(folder: &Path) {
    site(folder, &HUGO);
    std::fs::write(folder.join("content/posts/low-tide/beach.png"), png(20, 10)).unwrap();
    std::fs::write(folder.join("content/posts/low-tide/cover.png"), png(30, 10)).unwrap();
    std::fs::create_dir_all(folder.join("static/img")).unwrap();
    std::fs::write(folder.join("static/img/sky.png"), png(20, 10)).unwrap();
}

#[test]
fn a_site_moves_in_with_its_pictures_and_its_addresses_and_the_report_says_what_is_missing() {
    let server = TestServer::start();
    let folder = tempfile::tempdir().unwrap();
    hugo(folder.path());
    let report = import(&server, folder.path());
    assert_eq!(report.generator, Some("Hugo"));
    assert_eq!(counts(&report), [5, 0, 0, 2, 2], "{report:#?}");
    assert_eq!(
        places(&report, Fate::Left),
        [("content/posts/flood.md", Some(7)), ("content/posts/flood.md", Some(9))]
    );
    assert_eq!(
        places(&report, Fate::Refused),
        [("content/notes.org", None), ("content/posts/broken.md", Some(3))]
    );
    assert_eq!(places(&report, Fate::Skipped), [("content/posts/_index.md", None)]);
    assert!(!report.is_whole());

    let id = server.id("ebb");
    let article = server.someone().get(&format!("/api/v1/articles/{id}")).json();
    assert_eq!(article["published_at"], "2020-02-29T23:00:00Z", "the zone is the site's");
    let markdown = article["markdown"].as_str().unwrap();
    assert!(markdown.contains("](/articles/flood#why)"), "{markdown}");
    let pictures: Vec<&str> = markdown
        .split(['(', ')', '"'])
        .chain([article["cover"].as_str().unwrap()])
        .filter(|part| part.starts_with("/pictures/"))
        .collect();
    assert_eq!(pictures.len(), 3, "{markdown}");
    assert_eq!(pictures[0], pictures[1], "the same file is kept once");
    for picture in &pictures {
        let answer = server.someone().get(picture);
        assert_eq!((answer.status, answer.header("content-type")), (200, "image/png"));
    }
    let tags: Vec<&str> = article["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag["slug"].as_str().unwrap())
        .collect();
    assert_eq!(tags, ["c-plus-plus", "c", "2020", "sea"]);

    let arabic = server.someone().get("/articles/low-tide-ar");
    assert_eq!(arabic.status, 200);
    assert!(arabic.text.contains("lang=\"ar\""), "{}", arabic.text);
    for (old, new) in [
        ("/2020/03/ebb", "ebb"),
        ("/2020/03/ebb/", "ebb"),
        ("/2020/03/ebb/index.html", "ebb"),
        ("/2020/03/ebb.html", "ebb"),
        ("/2020/03/%65bb/", "ebb"),
        ("/blog/2020/03/ebb/", "ebb"),
        ("/old/low", "ebb"),
        ("/2020/03/flood/", "flood"),
    ] {
        let answer = server.someone().get(old);
        let expected = format!("/articles/{new}");
        assert_eq!((answer.status, answer.header("location")), (301, expected.as_str()), "{old}");
    }
    assert_eq!(server.someone().get("/articles/draft").status, 404);
    assert!(server.someone().get("/about").text.contains("Hello."), "it is a page");

    let again = import(&server, folder.path());
    assert_eq!(counts(&again)[..3], [0, 0, 5], "{again:#?}");
    assert_eq!(server.number("SELECT count(*) FROM pictures WHERE original_name <> ?", ""), 2);
}

#[test]
fn a_rehearsal_says_the_same_and_changes_nothing() {
    let server = TestServer::start();
    let folder = tempfile::tempdir().unwrap();
    hugo(folder.path());
    let rehearsal = || {
        let options = Options { is_dry_run: true, ..Options::default() };
        import_with(&server, folder.path(), options)
    };
    let before = rehearsal();
    let users = "SELECT count(*) FROM users WHERE username <> ?";
    let pictures = "SELECT count(*) FROM pictures WHERE original_name <> ?";
    assert_eq!(server.run(server.database.known_articles()).unwrap().len(), 3);
    assert_eq!((server.number(users, ""), server.number(pictures, "")), (1, 0));
    let real = import(&server, folder.path());
    assert_eq!(Report { is_dry_run: false, ..before }, real);
    assert_eq!(counts(&rehearsal())[..3], [0, 0, 5]);
}

#[test]
fn a_rehearsal_knows_old_addresses_that_two_files_want_however_far_apart_they_are() {
    let server = TestServer::start();
    let folder = tempfile::tempdir().unwrap();
    for number in 0..70 {
        let alias = if number % 69 == 0 { "/wanted".to_owned() } else { format!("/old/{number}") };
        let text = format!(
            "---\ntitle: Post {number}\ndate: 2020-01-02\naliases: [{alias}, {alias}/]\n---\ntext\n"
        );
        site(folder.path(), &[(&format!("{number:02}.md"), &text)]);
    }
    let options = Options { is_dry_run: true, ..Options::default() };
    let before = import_with(&server, folder.path(), options);
    assert_eq!(places(&before, Fate::Left), [("69.md", None)], "{before:#?}");
    let real = import(&server, folder.path());
    assert_eq!(Report { is_dry_run: false, ..before }, real);
}

#[test]
fn an_unchanged_file_undoes_no_edit_and_brings_nothing_back_from_the_bin() {
    let server = TestServer::start();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let text = format!("---\ntitle: {name}\ndate: 2020-01-02\n---\n{text}\n");
        site(folder.path(), &[(&format!("{name}.md"), &text)]);
    };
    for name in ["edited", "binned", "both", "same"] {
        file(name, "old");
    }
    assert_eq!(counts(&import(&server, folder.path())), [4, 0, 0, 0, 0]);
    let client = admin(&server);
    let text = |slug: &str| {
        let id = server.id(slug);
        server.someone().get(&format!("/api/v1/articles/{id}")).json()["markdown"].clone()
    };
    for name in ["edited", "both"] {
        save(&client, server.id(name), 1, name, name, "typed here");
    }
    let binned = server.id("binned");
    server
        .execute("UPDATE articles SET deleted_at = 1, version = version + 1 WHERE slug = 'binned'");

    let unchanged = import(&server, folder.path());
    assert_eq!(counts(&unchanged), [0, 0, 4, 0, 0], "{unchanged:#?}");
    assert_eq!(text("edited"), "typed here");
    assert_eq!(server.someone().get(&format!("/api/v1/articles/{binned}")).status, 404);

    for name in ["both", "binned", "same"] {
        file(name, "new");
    }
    let changed = import(&server, folder.path());
    assert_eq!(counts(&changed), [0, 1, 1, 2, 0], "{changed:#?}");
    assert_eq!(places(&changed, Fate::Left), [("binned.md", None), ("both.md", None)]);
    assert_eq!((text("both"), text("same")), ("typed here".into(), "new\n".into()));

    // Once both say the same, there is nothing to bring together.
    file("both", "typed here");
    save(&client, server.id("both"), 2, "both", "both", "typed here\n");
    let settled = import(&server, folder.path());
    assert_eq!(places(&settled, Fate::Left), [("binned.md", None)], "{settled:#?}");

    let options = Options { overwrite: true, ..Options::default() };
    let forced = import_with(&server, folder.path(), options);
    assert_eq!(counts(&forced), [0, 2, 2, 0, 0], "{forced:#?}");
    assert_eq!((text("edited"), text("binned")), ("old\n".into(), "new\n".into()));
    let revisions = server.run(server.database.revisions(ArticleId(server.id("edited")))).unwrap();
    assert!(
        revisions.iter().any(|revision| revision.markdown == "typed here"),
        "it can be restored"
    );
}

#[test]
fn c7_an_article_that_is_renamed_there_or_here_stays_one_and_keeps_its_count() {
    let server = TestServer::start();
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, front: &str, text: &str| {
        let text = format!("---\ndate: 2020-01-02\n{front}\n---\n{text}\n");
        site(folder.path(), &[(path, &text)]);
    };
    write("a.md", "title: One\nslug: uno", "text");
    write("b.md", "title: Two\nurl: /there/two", "text");
    assert_eq!(counts(&import(&server, folder.path())), [2, 0, 0, 0, 0]);
    let (one, two) = (server.id("uno"), server.id("two"));
    for (number, id) in [(1, one), (2, two), (3, two)] {
        let reader = server.reader(&format!("192.0.2.{number}"), FIREFOX);
        assert_eq!(reader.view(id).json()["counted"], true);
    }
    // Another slug there.
    write("a.md", "title: One\nslug: primo", "text");
    // Another file there, with the same address.
    std::fs::remove_file(folder.path().join("b.md")).unwrap();
    write("deep/c.md", "title: Two and more\nurl: /there/two", "text");
    let report = import(&server, folder.path());
    assert_eq!(counts(&report), [0, 2, 0, 0, 0], "{report:#?}");
    assert_eq!((server.id("primo"), server.id("two")), (one, two));
    let old = server.someone().get("/articles/uno");
    assert_eq!((old.status, old.header("location")), (301, "/articles/primo"));

    // Another slug here. The files stay as they are, and then one changes.
    let client = admin(&server);
    save(&client, two, 2, "Two and more", "zwei", "text\n");
    assert_eq!(counts(&import(&server, folder.path())), [0, 0, 2, 0, 0]);
    write("deep/c.md", "title: Two and more\nurl: /there/two", "another text");
    assert_eq!(counts(&import(&server, folder.path())), [0, 0, 1, 1, 0]);
    assert_eq!(server.id("zwei"), two);
    let views =
        |id: i64| server.someone().get(&format!("/api/v1/articles/{id}")).json()["views"].clone();
    assert_eq!((views(one), views(two)), (1.into(), 2.into()));
}

#[test]
fn what_is_exported_comes_into_an_empty_blog_with_pictures_and_addresses() {
    let server = TestServer::start();
    let folder = tempfile::tempdir().unwrap();
    let post = "---\ntitle: Tide\ndate: 2020-01-02\ntags: [sea]\naliases: [/old/tide.html]\n\
                cover: /img/sky.png\n---\nLook: ![sky](/img/sky.png)";
    site(
        folder.path(),
        &[("tide.md", post), ("about.md", "---\ntitle: About\ntype: page\n---\nWho.")],
    );
    std::fs::create_dir_all(folder.path().join("static/img")).unwrap();
    std::fs::write(folder.path().join("static/img/sky.png"), png(20, 10)).unwrap();
    assert_eq!(import(&server, folder.path()).created, 2);

    let out = tempfile::tempdir().unwrap();
    let pictures = pictures_of(&server);
    let body = async |picture: &Picture| pictures.body(picture).await;
    server.run(export_folder(&server.database, out.path())).unwrap();
    server.run(export_site(&server.database, out.path())).unwrap();
    let exported = server.run(export_pictures(&server.database, body, out.path())).unwrap();
    assert_eq!((exported.written, exported.lost.len()), (1, 0), "{exported:?}");

    let other = TestServer::start();
    let report = import(&other, out.path());
    assert!(report.created == 2 && report.is_whole(), "{report:?}");
    let without_pictures = |server: &TestServer| {
        let articles = server.run(server.database.all_fields()).unwrap();
        let listed = server.run(server.database.pictures(None, 1, 10)).unwrap().items;
        assert_eq!(listed.len(), 1);
        let address = format!("/pictures/{}", listed[0].picture.name);
        assert_eq!(server.someone().get(&address).status, 200);
        let mut kept = Vec::new();
        for one in articles {
            let tags: Vec<_> = one.tags.into_iter().map(|tag| tag.name).collect();
            kept.push(
                format!(
                    "{:?} {} {} {:?} {:?} {tags:?} {:?} {}",
                    one.kind,
                    one.slug,
                    one.title,
                    one.published_at,
                    one.cover,
                    one.aliases,
                    one.markdown
                )
                .replace(&address, "PICTURE"),
            );
        }
        kept.sort();
        kept
    };
    let kept = without_pictures(&other);
    assert_eq!(without_pictures(&server), kept);
    assert_eq!(kept.concat().matches("PICTURE").count(), 2, "{kept:?}");
    assert_eq!(other.someone().get("/old/tide.html").header("location"), "/articles/tide");

    // The same blog has all of it already, and knows its picture by the name of the file alone.
    let again = import(&server, out.path());
    assert_eq!((again.created, again.updated), (0, 0), "{again:?}");
    assert_eq!(without_pictures(&server), kept);
    let name = std::fs::read_dir(out.path().join("static/pictures")).unwrap().next().unwrap();
    let name = name.unwrap().file_name().into_string().unwrap();
    let taken = server.run(pictures.import(UserId(0), &name, png(5, 5))).unwrap();
    assert_eq!(taken, format!("/pictures/{name}"));

    // A picture whose file is gone is named, and the others still come out.
    let lost = server.run(server.database.pictures(None, 1, 10)).unwrap().items.remove(0);
    let name = lost.picture.name;
    server.run(server.stores.pictures.delete(&name)).unwrap();
    let exported = server.run(export_pictures(&server.database, body, out.path())).unwrap();
    assert_eq!(exported, ExportedPictures { written: 0, lost: vec![name] });
}

#[test]
fn addresses_with_escapes_in_them_lead_to_pictures_and_articles() {
    let server = TestServer::start();
    let folder = tempfile::tempdir().unwrap();
    let text = "![x](/my\\_photo.png) <img src=\"/q&amp;a.png\"> [b](b.md#x\\)y)";
    let post = |text: &str| format!("---\ntitle: A\ndate: 2020-01-02\n---\n{text}\n");
    site(folder.path(), &[("a.md", &post(text)), ("b.md", &post("text"))]);
    std::fs::write(folder.path().join("my_photo.png"), png(20, 10)).unwrap();
    std::fs::write(folder.path().join("q&a.png"), png(30, 10)).unwrap();
    let report = import(&server, folder.path());
    assert_eq!(counts(&report), [2, 0, 0, 0, 0], "{report:?}");
    let article = server.someone().get(&format!("/api/v1/articles/{}", server.id("a"))).json();
    let markdown = article["markdown"].as_str().unwrap();
    for part in ["![x](/pictures/", "<img src=\"/pictures/", "[b](/articles/b#x%29y)"] {
        assert!(markdown.contains(part), "{markdown}");
    }
}

#[test]
fn an_import_looks_before_each_file_and_article_whether_it_is_stopped() {
    let server = TestServer::start();
    let folder = tempfile::tempdir().unwrap();
    let post = |number: usize| format!("---\ntitle: Post {number}\ndate: 2020-01-02\n---\ntext\n");
    for number in 0..40 {
        site(folder.path(), &[(&format!("{number}.md"), &post(number))]);
    }
    let before = articles(&server);
    let import_until = |most: usize| {
        let looks = AtomicUsize::new(0);
        let is_stopped = || looks.fetch_add(1, Ordering::Relaxed) == most;
        let import =
            Import { is_stopped: &is_stopped, ..Import::new(&server.database, &server.clock) };
        (server.run(import.folder(folder.path())), looks.into_inner())
    };
    // While files are read, while they are understood, and while the first group is converted.
    for most in [0, 39, 40, 79, 80, 111] {
        let (stopped, looks) = import_until(most);
        assert!(matches!(stopped, Err(ImportError::Stopped)), "{most}: {stopped:?}");
        assert_eq!((looks, articles(&server)), (most + 1, before), "{most}");
    }
    assert!(matches!(import_until(112).0, Err(ImportError::Stopped)));
    assert_eq!(articles(&server), before + 32, "what came in stays");
    let (report, looks) = import_until(usize::MAX);
    assert_eq!((counts(&report.unwrap()), looks), ([8, 0, 32, 0, 0], 120));
}

#[test]
fn files_of_two_blogs_with_one_name_are_two_articles() {
    let server = TestServer::start();
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    site(one.path(), &[("hello.md", "---\ntitle: Hello\nslug: a\ndate: 2020-01-02\n---\ntext\n")]);
    site(
        other.path(),
        &[("hello.md", "---\ntitle: Welcome\nslug: b\ndate: 2021-01-02\n---\nother\n")],
    );
    assert_eq!(counts(&import(&server, one.path())), [1, 0, 0, 0, 0]);
    assert_eq!(counts(&import(&server, other.path())), [1, 0, 0, 0, 0]);
    assert_ne!(server.id("a"), server.id("b"));
}

#[test]
fn what_was_written_here_is_not_replaced_by_a_file_of_its_name() {
    let server = TestServer::start();
    let folder = tempfile::tempdir().unwrap();
    let client = admin(&server);
    save(&client, server.id("first"), 1, "Mine", "first", "mine");
    site(folder.path(), &[("posts/first.md", "---\ntitle: Theirs\ndate: 2020-01-02\n---\ntext\n")]);
    let report = import(&server, folder.path());
    assert_eq!(counts(&report), [1, 0, 0, 0, 0], "{report:#?}");
    assert_eq!(places(&report, Fate::Changed), [("posts/first.md", None)]);
    assert!(server.someone().get("/articles/first").text.contains("Mine"));
    assert!(server.someone().get("/articles/first-2020-01-02").text.contains("Theirs"));
}

#[test]
fn what_no_database_could_take_is_named_and_sinks_nothing_else() {
    let server = TestServer::start();
    let folder = tempfile::tempdir().unwrap();
    let date = "date: 2020-01-02";
    let summary = format!(
        "---\ntitle: Summary\n{date}\ndescription: {}\n---\ntext\n",
        "word ".repeat(14_000)
    );
    let alias =
        format!("---\ntitle: Alias\n{date}\naliases: [\"/{}\"]\n---\ntext\n", "é".repeat(768));
    let text = format!("---\ntitle: Text\n{date}\n---\n{}\n", "word ".repeat(400_000));
    let author = format!("---\ntitle: Author\n{date}\nauthor: {}\n---\ntext\n", "A".repeat(70_000));
    let fine = format!("---\ntitle: Fine\n{date}\n---\ntext\n");
    let files = [
        ("summary.md", summary),
        ("alias.md", alias),
        ("text.md", text),
        ("author.md", author),
        ("fine.md", fine),
    ];
    for (path, text) in &files {
        site(folder.path(), &[(path, text)]);
    }
    std::fs::write(folder.path().join("latin.md"), b"---\ntitle: \xe9\n---\n").unwrap();
    let report = import(&server, folder.path());
    assert_eq!(counts(&report), [4, 0, 0, 2, 2], "{:?}", report.refused());
    assert_eq!(places(&report, Fate::Changed), [("summary.md", Some(4))]);
    assert_eq!(places(&report, Fate::Left), [("alias.md", Some(4)), ("author.md", Some(4))]);
    assert_eq!(places(&report, Fate::Refused), [("latin.md", None), ("text.md", Some(5))]);
}

#[test]
fn the_command_reports_in_words_and_in_json_and_fails_if_anything_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let (blog, url) =
        (folder.path().join("blog"), format!("sqlite:{}", folder.path().join("a.db").display()));
    site(&blog, &HUGO);
    let run = |arguments: &[&str]| {
        let mut command = binary();
        command.env("DATABASE_URL", &url);
        command
            .env("TIDEMARK_PICTURES__URL", format!("file:{}", folder.path().join("p").display()));
        command.arg("import").arg(&blog).args(arguments).output().unwrap()
    };
    let dry = run(&["--dry-run", "--json"]);
    assert_eq!(dry.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&dry.stdout).unwrap();
    assert_eq!((&report["created"], &report["is_dry_run"]), (&5.into(), &true.into()));
    let broken = report["entries"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["fate"] == "refused" && one["line"] == 3);
    assert_eq!(broken.unwrap()["file"], "content/posts/broken.md");
    let real = run(&[]);
    let text = String::from_utf8(real.stdout).unwrap();
    assert_eq!(real.status.code(), Some(1));
    assert!(text.contains("content/posts/broken.md: line 3: \"soon\""), "{text}");
    assert!(text.contains("made with Hugo: 5 new, 0 updated"), "{text}");
    assert_eq!(String::from_utf8(real.stderr).unwrap().lines().count(), 1);
    for path in [
        "content/notes.org",
        "content/posts/broken.md",
        "content/about.md",
        "content/posts/flood.md",
        "content/posts/low-tide/index.md",
    ] {
        std::fs::remove_file(blog.join(path)).unwrap();
    }
    assert_eq!(run(&[]).status.code(), Some(0));
}

#[test]
fn views_and_saves_are_answered_while_an_import_runs() {
    let server = TestServer::start();
    let folder = tempfile::tempdir().unwrap();
    for number in 0..300 {
        let text = format!(
            "---\ntitle: Post {number}\ndate: 2020-01-02\n---\n{}\n",
            "A word. ".repeat(500)
        );
        site(folder.path(), &[(&format!("{number}.md"), &text)]);
    }
    let client = admin(&server);
    let (database, clock) = (server.database.clone(), server.clock.clone());
    let path = folder.path().to_owned();
    let importing =
        server.spawn(async move { Import::new(&database, &clock).folder(&path).await.unwrap() });
    let (id, mut saves) = (server.id("first"), 0);
    while !importing.is_finished() || saves == 0 {
        let reader = server.reader(&format!("198.51.100.{}", saves % 250), FIREFOX);
        assert_eq!(reader.view(id).status, 200);
        saves += 1;
        save(&client, id, saves, "First", "first", &format!("save {saves}"));
    }
    assert_eq!(counts(&server.run(importing).unwrap()), [300, 0, 0, 0, 0]);
}
