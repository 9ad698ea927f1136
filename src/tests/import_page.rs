//! Imports in the browser: upload, report, confirm, and what may go wrong on the way.

use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tidemark::server::db::actor::Role;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::harness::{Answer, Client, PATIENCE, TestServer};
use crate::moving_in::admin;
use crate::pictures::files::png;

const PASSWORD: &str = "a-good-password";
const PAGE: &str = "/settings/import";

fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A site with an article that has a picture, and a file that is no article.
pub fn site() -> Vec<u8> {
    let post = "---\ntitle: Low tide\ndate: 2020-03-01\n---\n![The beach](beach.png)\n";
    let broken = "---\ntitle: x\ndate: soon\n---\n";
    zip_of(&[
        ("blog/hugo.toml", b"baseURL = 'https://a.example/'\n"),
        ("blog/content/posts/low-tide/index.md", post.as_bytes()),
        ("blog/content/posts/low-tide/beach.png", &png(20, 10)),
        ("blog/content/posts/broken.md", broken.as_bytes()),
        ("blog/static/inner.zip", &zip_of(&[("a.md", b"---\ntitle: Inner\n---\n")])),
    ])
}

fn form(fields: &[&str], name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for field in fields {
        let part = format!("--x\r\ncontent-disposition: form-data; name=\"{field}\"\r\n\r\n1\r\n");
        body.extend(part.into_bytes());
    }
    let head = format!(
        "--x\r\ncontent-disposition: form-data; name=\"upload\"; filename=\"{name}\"\r\n\r\n"
    );
    body.extend(head.into_bytes());
    body.extend(bytes);
    body.extend(b"\r\n--x--\r\n");
    body
}

pub fn upload_with(client: &Client, fields: &[&str], name: &str, bytes: &[u8]) -> Answer {
    let client = client.with("content-type", "multipart/form-data; boundary=x");
    client.send("POST", PAGE, &form(fields, name, bytes))
}

pub fn upload(client: &Client, name: &str, bytes: &[u8]) -> Answer {
    upload_with(client, &[], name, bytes)
}

/// The page once the server has nothing more to do.
pub fn settled(client: &Client) -> String {
    let start = Instant::now();
    loop {
        let page = client.get(PAGE).text;
        if !page.contains("http-equiv=\"refresh\"") {
            return page;
        }
        assert!(start.elapsed() < PATIENCE, "{page}");
        std::thread::yield_now();
    }
}

/// The name of the upload that a page is about.
fn folder(page: &str) -> String {
    let field = page.split("name=\"upload\" value=\"").nth(1);
    field.unwrap_or_else(|| panic!("{page}")).split('"').next().unwrap().to_owned()
}

pub fn act(client: &Client, action: &str, page: &str) -> Answer {
    client.post(&format!("{PAGE}/{action}"), &format!("upload={}", folder(page)))
}

fn location(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.header("location"))
}

/// Everything in the folder of uploads.
fn kept(server: &TestServer) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(server.folder.path().join("imports"));
    entries.map(|all| all.map(|one| one.unwrap().path()).collect()).unwrap_or_default()
}

/// Waits until no file of an upload is left.
fn assert_nothing_is_kept(server: &TestServer) {
    let start = Instant::now();
    while !kept(server).is_empty() {
        assert!(start.elapsed() < PATIENCE, "{:?}", kept(server));
        std::thread::yield_now();
    }
}

pub fn articles(server: &TestServer) -> i64 {
    server.number("SELECT count(*) FROM articles WHERE slug <> ?", "")
}

#[test]
fn a_site_is_examined_first_and_comes_in_once_somebody_confirms_it() {
    let server = TestServer::start();
    let admin = admin(&server);
    let empty = admin.get(PAGE).text;
    assert!(empty.contains("enctype=\"multipart/form-data\"") && empty.contains("512 MiB"));
    assert!(empty.contains("aria-current=\"page\">Import</a>"), "{empty}");
    let before = articles(&server);
    assert_eq!(location(&upload(&admin, "blog.zip", &site())), (303, PAGE));

    let page = settled(&admin);
    for part in [
        "What would happen",
        "Would import from blog.zip, made with Hugo: 1 new, 0 updated, 0 unchanged, 0 left, 1 refused.",
        "Refused: 1 · New: 1",
        "content/posts/broken.md: line 3: &quot;soon&quot;",
        "content/posts/low-tide/index.md: it is /articles/low-tide",
        ">Import</button>",
    ] {
        assert!(
            page.contains(part) || page.contains(&part.replace("&quot;", "\"")),
            "no {part} in {page}"
        );
    }
    assert!(!page.contains("multipart/form-data"), "one at a time");
    assert_eq!(articles(&server), before, "nothing has changed");
    assert_eq!(kept(&server).len(), 1);

    assert_eq!(location(&act(&admin, "start", &page)), (303, PAGE));
    let done = settled(&admin);
    assert!(done.contains("The import is done"), "{done}");
    assert!(done.contains("Imported from blog.zip, made with Hugo: 1 new"), "{done}");
    assert_eq!(articles(&server), before + 1);
    let article = server.someone().get("/articles/low-tide").text;
    assert!(article.contains("/pictures/"), "{article}");
    assert_nothing_is_kept(&server);
    // A double click.
    assert_eq!(act(&admin, "start", &page).status, 409);

    // Again: nothing comes twice.
    assert_eq!(location(&upload(&admin, "blog.zip", &site())), (303, PAGE));
    let page = settled(&admin);
    assert!(page.contains("0 new, 0 updated, 1 unchanged"), "{page}");
    assert_eq!(location(&act(&admin, "cancel", &page)), (303, "/settings/import?cancelled=1"));
    assert!(admin.get("/settings/import?cancelled=1").text.contains("Cancelled."));
    assert_nothing_is_kept(&server);
    assert_eq!(articles(&server), before + 1);
}

#[test]
fn exports_of_wordpress_and_ghost_come_in_alone_or_with_their_pictures() {
    let server = TestServer::start();
    let admin = admin(&server);
    let wxr = r#"<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:wp="http://wordpress.org/export/1.2/"><channel><title>T</title><link>https://old.example</link><wp:wxr_version>1.2</wp:wxr_version><wp:base_site_url>https://old.example</wp:base_site_url><wp:base_blog_url>https://old.example</wp:base_blog_url>
<item><title>From WordPress</title><link>https://old.example/from-wordpress/</link><dc:creator>jo</dc:creator><content:encoded><![CDATA[<p>Look: <img src="https://old.example/wp-content/uploads/2020/01/sky.png" /></p>]]></content:encoded><excerpt:encoded></excerpt:encoded><wp:post_id>7</wp:post_id><wp:post_date_gmt>2020-01-02 03:04:05</wp:post_date_gmt><wp:post_name>from-wordpress</wp:post_name><wp:status>publish</wp:status><wp:post_type>post</wp:post_type></item></channel></rss>"#;
    let ghost = r#"{"db":[{"meta":{"exported_on":1,"version":"5.0.0"},"data":{"posts":[{"id":"1","uuid":"u","title":"From Ghost","slug":"from-ghost","html":"<p>Boo.</p>","status":"published","type":"post","visibility":"public","published_at":"2020-01-02T03:04:05.000Z","updated_at":"2020-01-02T03:04:05.000Z"}],"users":[],"tags":[],"posts_tags":[],"posts_authors":[],"settings":[]}}]}"#;
    for (name, bytes, slug, told) in [
        ("ghost.json", ghost.as_bytes().to_vec(), "from-ghost", "made with Ghost: 1 new"),
        (
            "wordpress.zip",
            zip_of(&[
                ("export/blog.xml", wxr.as_bytes()),
                ("export/uploads/2020/01/sky.png", &png(20, 10)),
                ("__MACOSX/export/._blog.xml", b"x"),
            ]),
            "from-wordpress",
            "made with WordPress: 1 new",
        ),
    ] {
        assert_eq!(location(&upload(&admin, name, &bytes)), (303, PAGE));
        let page = settled(&admin);
        assert!(page.contains(told), "{name}: {page}");
        assert_eq!(location(&act(&admin, "start", &page)), (303, PAGE));
        let done = settled(&admin);
        assert!(done.contains("The import is done"), "{name}: {done}");
        assert_eq!(server.someone().get(&format!("/articles/{slug}")).status, 200);
    }
    assert!(server.someone().get("/articles/from-wordpress").text.contains("/pictures/"));
    assert_eq!(upload(&admin, "blog.xml", wxr.as_bytes()).status, 303);
    let page = settled(&admin);
    assert!(page.contains("Left: 1") && page.contains("is not in the folder of uploads"), "{page}");
}

#[test]
fn what_is_no_blog_or_too_large_or_a_bomb_is_refused_in_words_and_nothing_is_kept() {
    let server = TestServer::with(&[("TIDEMARK_IMPORT__MIB", "1")]);
    let admin = admin(&server);
    let large = vec![b'x'; (1 << 20) + 100];
    let answer = upload(&admin, "large.zip", &large);
    assert_eq!(answer.status, 413);
    assert!(answer.text.contains("up to 1 MiB"), "{}", answer.text);
    let announced = admin.with("content-type", "multipart/form-data; boundary=x").announce(
        "POST",
        PAGE,
        2 << 20,
    );
    assert_eq!(announced.status, 413);
    for (name, bytes, status) in [("", &b"x"[..], 400), ("empty.zip", b"", 400)] {
        let answer = upload(&admin, name, bytes);
        assert_eq!(answer.status, status);
        assert!(answer.text.contains("id=\"upload-error\""), "{}", answer.text);
    }
    assert_eq!(admin.post(PAGE, "upload=x").status, 415);
    assert_nothing_is_kept(&server);

    let bomb = zip_of(&[("a.md", &vec![0; 5 << 20])]);
    let mut evil = zip_of(&[("xxxxxxx.md", b"---\ntitle: x\n---\n")]);
    while let Some(at) = evil.windows(7).position(|one| one == b"xxxxxxx") {
        evil[at..at + 7].copy_from_slice(b"../../a");
    }
    for (name, bytes, part) in [
        ("a.zip", bomb, "zip bomb"),
        ("a.zip", evil, "leads out of the folder"),
        ("a.zip", b"PK\x03\x04nonsense".to_vec(), "damaged"),
        ("a.xml", b"<html></html>".to_vec(), "neither a zip file with a site nor an export"),
        ("a.xml", b"<?xml version=\"1.0\"?><rss xmlns:wp=\"http://wordpress.org/export/1.2/\"><channel><wp:wxr_version>1.2</wp:wxr_version><item>".to_vec(), "a.xml"),
    ] {
        assert_eq!(location(&upload(&admin, name, &bytes)), (303, PAGE));
        let page = settled(&admin);
        assert!(page.contains("can’t be imported") && page.contains(part), "no {part} in {page}");
        let place = server.folder.path().display().to_string();
        assert!(!page.contains(&place), "no path of the server is shown: {page}");
        assert!(page.contains("multipart/form-data"), "another may follow");
    }
    assert_nothing_is_kept(&server);
    assert_eq!(articles(&server), 3);
}

#[test]
fn a_long_report_has_pages_and_what_was_refused_is_on_the_first() {
    let server = TestServer::start();
    let admin = admin(&server);
    let fine = "---\ntitle: Fine\ndate: 2020-01-02\n---\ntext\n";
    let names: Vec<String> = (0..120).map(|number| format!("{number:03}.md")).collect();
    let mut files: Vec<(&str, &[u8])> =
        names.iter().map(|name| (name.as_str(), fine.as_bytes())).collect();
    files.push(("zzz.md", b"---\ntitle: x\ndate: soon\n---\n"));
    files.push(("<script>alert(1)</script>.org", b"x"));
    assert_eq!(upload(&admin, "blog.zip", &zip_of(&files)).status, 303);
    let first = settled(&admin);
    for part in ["Page 1 of 2", "zzz.md: line 3", "&lt;script&gt;alert(1)", "Refused: 2"] {
        assert!(first.contains(part), "no {part} in {first}");
    }
    assert!(!first.contains("<script>alert"), "{first}");
    let last = admin.get("/settings/import?page=2");
    assert!(last.status == 200 && last.text.contains("Page 2 of 2"), "{}", last.text);
    assert!(last.text.contains(">Import</button>"), "it can be confirmed from every page");
    for page in ["3", "0", "x"] {
        assert_eq!(admin.get(&format!("/settings/import?page={page}")).status, 404, "{page}");
    }
}

/// A zip file with 300 posts.
fn large_site() -> Vec<u8> {
    let posts: Vec<(String, String)> = (0..300)
        .map(|number| {
            let text = "A word. ".repeat(200);
            let post = format!("---\ntitle: Post {number}\ndate: 2020-01-02\n---\n{text}\n");
            (format!("{number}.md"), post)
        })
        .collect();
    let files: Vec<(&str, &[u8])> =
        posts.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    zip_of(&files)
}

#[test]
fn an_import_that_takes_too_long_ends_and_says_what_to_do() {
    let server = TestServer::with(&[("TIDEMARK_IMPORT__TIMEOUT", "1ms")]);
    let admin = admin(&server);
    assert_eq!(upload(&admin, "blog.zip", &large_site()).status, 303);
    let page = settled(&admin);
    assert!(page.contains("It took longer than 1ms."), "{page}");
    assert!(page.contains("set import.timeout"), "{page}");
    assert_nothing_is_kept(&server);
}

#[test]
fn an_import_that_is_stopped_keeps_what_came_in_and_none_of_the_files() {
    let server = TestServer::start();
    let admin = admin(&server);
    assert_eq!(upload(&admin, "blog.zip", &large_site()).status, 303);
    let page = settled(&admin);
    assert_eq!(act(&admin, "start", &page).status, 303);
    let start = Instant::now();
    while articles(&server) == 3 {
        assert!(start.elapsed() < PATIENCE, "{}", admin.get(PAGE).text);
    }
    // However far it is.
    assert_eq!(act(&admin, "cancel", &page).status, 303);
    assert_nothing_is_kept(&server);
    let came_in = articles(&server);
    assert!((4..=303).contains(&came_in), "{came_in}");
    assert!(admin.get(PAGE).text.contains("multipart/form-data"), "another may follow");
    assert_eq!(articles(&server), came_in, "nothing comes after that");
}

#[test]
fn of_two_administrators_the_later_one_waits_and_neither_confirms_what_was_not_seen() {
    let server = TestServer::start();
    let admin = admin(&server);
    server.add_user_with_role("other", PASSWORD, Role::Admin);
    let other = server.someone().signed_in("other", PASSWORD);
    assert_eq!(upload(&admin, "one.zip", &site()).status, 303);
    let late = upload(&other, "two.zip", &site());
    assert_eq!(late.status, 409, "{}", late.text);
    assert!(late.text.contains("Another upload is not finished yet"), "{}", late.text);
    let page = settled(&other);
    assert!(page.contains("one.zip"), "{page}");
    // The other one cancels it and uploads another file meanwhile.
    assert_eq!(act(&other, "cancel", &page).status, 303);
    assert_eq!(upload(&other, "two.zip", &site()).status, 303);
    settled(&other);
    let refused = act(&admin, "start", &page);
    assert_eq!(refused.status, 409);
    assert!(refused.text.contains("two.zip"), "{}", refused.text);
    assert_eq!(articles(&server), 3, "nothing came in");
    // An author has no part in it.
    server.add_user_with_role("ann", PASSWORD, Role::Author);
    let ann = server.someone().signed_in("ann", PASSWORD);
    assert_eq!((ann.get(PAGE).status, upload(&ann, "a.zip", &site()).status), (403, 403));
    let stranger = admin.with("sec-fetch-site", "cross-site");
    assert_eq!(upload(&stranger, "a.zip", &site()).status, 403);
}

/// Sets what SQL says of the upload, as a server that was killed leaves it.
pub fn left_by_a_killed_server(server: &TestServer) {
    server.execute("UPDATE uploaded_import SET state = 'running', run = run + 1, is_confirmed = 1");
}

#[test]
fn an_import_whose_server_has_died_can_go_on_and_nothing_comes_twice() {
    let mut server = TestServer::start();
    let first = admin(&server);
    assert_eq!(upload(&first, "blog.zip", &site()).status, 303);
    settled(&first);
    left_by_a_killed_server(&server);
    server.restart();
    let again = server.someone().signed_in("admin", PASSWORD);
    let page = again.get(PAGE).text;
    assert!(page.contains("The import is running"), "it may be another server: {page}");
    server.clock.advance(Duration::from_secs(61));
    let page = settled(&again);
    assert!(page.contains("The import was interrupted"), "{page}");
    assert_eq!(location(&act(&again, "start", &page)), (303, PAGE));
    let done = settled(&again);
    assert!(done.contains("The import is done") && done.contains("1 new"), "{done}");
    assert_eq!(articles(&server), 4);
}

#[test]
fn an_upload_that_nobody_confirms_is_deleted_after_a_day() {
    let server = TestServer::start();
    let admin = admin(&server);
    assert_eq!(upload(&admin, "blog.zip", &site()).status, 303);
    settled(&admin);
    assert_eq!(kept(&server).len(), 1);
    // Files that no row names, as of a server that died while a file arrived.
    let stray = server.folder.path().join("imports/0123456789abcdef0123456789abcdef");
    std::fs::create_dir_all(stray.join("source")).unwrap();
    let other = server.folder.path().join("imports/mine");
    std::fs::create_dir_all(&other).unwrap();
    // Far beyond the times of the files, which are those of this machine.
    server.clock.advance(Duration::from_secs(20 * 365 * 24 * 60 * 60));
    let start = Instant::now();
    while stray.exists() || kept(&server).len() > 1 {
        assert!(start.elapsed() < PATIENCE, "{:?}", kept(&server));
        std::thread::yield_now();
    }
    assert!(Path::new(&other).exists(), "what somebody else has put there stays");
    let upload = server.run(server.database.upload()).unwrap();
    assert_eq!(upload, None);
}

#[test]
fn another_server_without_the_files_leaves_the_work_to_the_one_that_has_them() {
    let server = TestServer::start();
    let admin = admin(&server);
    assert_eq!(upload(&admin, "blog.zip", &site()).status, 303);
    let page = settled(&admin);
    // The files are elsewhere.
    let here = kept(&server).remove(0);
    let elsewhere = server.folder.path().join("elsewhere");
    std::fs::rename(&here, &elsewhere).unwrap();
    assert_eq!(act(&admin, "start", &page).status, 303);
    assert!(admin.get(PAGE).text.contains("The import is running"));
    server.clock.advance(Duration::from_secs(61));
    let page = settled(&admin);
    assert!(page.contains("the server with the files is gone"), "{page}");
    std::fs::rename(&elsewhere, &here).unwrap();
    assert_eq!(act(&admin, "start", &page).status, 303);
    assert!(settled(&admin).contains("The import is done"));
}
