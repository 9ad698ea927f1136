//! Blogs that WordPress and Ghost have exported moving in.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use tidemark::server::content::import::{
    Entry, Fate, Fetched, Fetcher, Options, Report, is_public,
};

use crate::harness::{FIREFOX, TestServer, binary};
use crate::moving_in::{admin, counts, import_source, places, save};
use crate::pictures::files::png;

fn import(server: &TestServer, file: &Path) -> Report {
    import_source(server, file, Options::default(), None).unwrap()
}

/// A post of WordPress, with more elements in it.
pub struct Post<'a> {
    pub id: u32,
    pub slug: &'a str,
    pub title: &'a str,
    pub text: &'a str,
    pub more: &'a str,
}

impl Post<'_> {
    pub fn item(&self, address: &str) -> String {
        let Self { id, slug, title, text, more } = self;
        format!(
            "<item>\n<title>{title}</title><link>{address}/2020/01/{slug}/</link>\n\
             <guid isPermaLink=\"false\">{address}/?p={id}</guid><dc:creator><![CDATA[jo]]></dc:creator>\n\
             <content:encoded><![CDATA[{text}]]></content:encoded><wp:post_id>{id}</wp:post_id>\n\
             <wp:post_date_gmt>2020-01-02 11:00:00</wp:post_date_gmt><wp:post_name>{slug}</wp:post_name>\n\
             <wp:status>publish</wp:status><wp:post_type>post</wp:post_type>{more}\n</item>\n"
        )
    }
}

fn attachment(id: u32, address: &str) -> String {
    format!(
        "<item><title>a</title><wp:post_id>{id}</wp:post_id><wp:post_type>attachment</wp:post_type>\
         <wp:attachment_url>{address}</wp:attachment_url></item>\n"
    )
}

pub fn wordpress(folder: &Path, address: &str, items: &[String]) -> PathBuf {
    let file = folder.join("blog.xml");
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:wp=\"http://wordpress.org/export/1.2/\">\n<channel>\n\
         <title>Sea</title><link>{address}</link><wp:base_blog_url>{address}</wp:base_blog_url>\n\
         <wp:author><wp:author_login>jo</wp:author_login><wp:author_display_name>Jo Ebb</wp:author_display_name></wp:author>\n\
         {}</channel>\n</rss>\n",
        items.concat()
    );
    std::fs::write(&file, text).unwrap();
    file
}

const BLOG: &str = "https://a.example";

fn write_picture(folder: &Path, path: &str, width: u32) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, png(width, 10)).unwrap();
}

fn low_tide() -> [String; 6] {
    let post = Post {
        id: 12,
        slug: "low-tide",
        title: "Low tide",
        text: "See <a href=\"https://a.example/2020/01/flood/#why\">the flood</a> and <a href=\"/?p=13\">it</a>.\n\n\
               [caption id=\"x\"]<a href=\"https://a.example/wp-content/uploads/2020/01/beach.png\">\
               <img src=\"https://i0.wp.com/a.example/wp-content/uploads/2020/01/beach-300x200.png?w=300\" alt=\"B\" /></a> The beach[/caption]\n\
               <img src=\"https://a.example/wp-content/uploads/2020/01/gone.png\"><img src=\"https://other.example/x.png\">\n\n[mood \"x=1\"]",
        more: "<category domain=\"category\" nicename=\"sea\"><![CDATA[Sea]]></category>\
               <category domain=\"post_tag\" nicename=\"c\"><![CDATA[C++]]></category>\
               <wp:postmeta><wp:meta_key>_thumbnail_id</wp:meta_key><wp:meta_value>9</wp:meta_value></wp:postmeta>\
               <wp:postmeta><wp:meta_key>views</wp:meta_key><wp:meta_value>7</wp:meta_value></wp:postmeta>\
               <wp:comment><wp:comment_content>Nice</wp:comment_content></wp:comment>",
    };
    let flood = Post { id: 13, slug: "flood", title: "Flood", text: "One\ntwo", more: "" };
    let draft = Post {
        id: 14,
        slug: "",
        title: "Later",
        text: "text",
        more: "<wp:status>draft</wp:status>",
    };
    let page = Post {
        id: 15,
        slug: "about",
        title: "About",
        text: "text",
        more: "<wp:post_type>page</wp:post_type>",
    };
    let product = Post {
        id: 16,
        slug: "cup",
        title: "A cup",
        text: "text",
        more: "<wp:post_type>product</wp:post_type>",
    };
    [
        attachment(9, "https://a.example/wp-content/uploads/2020/01/cover.png"),
        post.item(BLOG),
        flood.item(BLOG),
        draft.item(BLOG),
        page.item(BLOG),
        product.item(BLOG),
    ]
}

#[test]
fn a_blog_of_wordpress_moves_in_and_the_report_says_what_is_missing() {
    let server = TestServer::start();
    let folder = tempfile::tempdir().unwrap();
    let file = wordpress(folder.path(), BLOG, &low_tide());
    write_picture(folder.path(), "uploads/2020/01/beach.png", 20);
    write_picture(folder.path(), "uploads/2020/01/cover.png", 30);
    let rehearsal = Options { is_dry_run: true, ..Options::default() };
    let before = import_source(&server, &file, rehearsal, None).unwrap();
    assert_eq!(server.run(server.database.known_articles()).unwrap().len(), 3);
    let report = import(&server, &file);
    assert_eq!(Report { is_dry_run: false, ..before }, report);
    assert_eq!((report.generator, report.with_views), (Some("WordPress"), 1));
    assert_eq!(counts(&report), [4, 0, 0, 4, 0], "{report:#?}");
    assert_eq!(
        places(&report, Fate::Left),
        [
            ("blog.xml", None),
            ("blog.xml", None),
            ("blog.xml, post 12 (low-tide)", Some(7)),
            ("blog.xml, post 12 (low-tide)", Some(7)),
        ]
    );

    let id = server.id("low-tide");
    let article = server.someone().get(&format!("/api/v1/articles/{id}")).json();
    assert_eq!(article["published_at"], "2020-01-02T11:00:00Z");
    let markdown = article["markdown"].as_str().unwrap();
    for expected in [
        "[the flood](/articles/flood#why) and [it](/articles/flood).",
        "*The beach*",
        "![](https://a.example/wp-content/uploads/2020/01/gone.png)",
        "![](https://other.example/x.png)",
    ] {
        assert!(markdown.contains(expected), "{markdown}");
    }
    let pictures: Vec<&str> = markdown
        .split(['(', ')'])
        .chain([article["cover"].as_str().unwrap()])
        .filter(|part| part.starts_with("/pictures/"))
        .collect();
    assert_eq!(pictures.len(), 3, "{markdown}");
    assert_eq!(pictures[0], pictures[1], "the small one is the large one");
    for picture in &pictures {
        let answer = server.someone().get(picture);
        assert_eq!((answer.status, answer.header("content-type")), (200, "image/png"));
    }
    let page = server.someone().get("/articles/low-tide").text;
    assert!(page.contains("Jo Ebb") && page.contains("C++") && page.contains("Sea"), "{page}");

    for old in ["/2020/01/low-tide/", "/2020/01/low-tide", "/?p=12", "/blog/?p=12", "/?x=1&p=12"] {
        let answer = server.someone().get(old);
        let location = answer.header("location");
        assert_eq!((answer.status, location), (301, "/articles/low-tide"), "{old}");
    }
    assert_eq!(admin(&server).get("/?p=12").status, 301);
    assert_eq!(server.someone().get("/?p=99").status, 200);
    assert_eq!(server.someone().get("/articles/later").status, 404);
    assert_eq!(server.someone().get("/about").status, 200);
    assert_eq!(server.someone().get("/2020/01/about/").header("location"), "/about");

    let again = import(&server, &file);
    assert_eq!(counts(&again)[..3], [0, 0, 4], "{again:#?}");
    assert_eq!(server.number("SELECT count(*) FROM pictures WHERE original_name <> ?", ""), 2);
}

#[test]
fn c7_a_post_is_known_by_its_number_whatever_changes_there_or_here() {
    let server = TestServer::start();
    let folder = tempfile::tempdir().unwrap();
    let write = |slug: &str, title: &str, text: &str| {
        let post = Post { id: 5, slug, title, text, more: "" };
        wordpress(folder.path(), BLOG, &[post.item(BLOG)])
    };
    let file = write("first-slug", "One", "old");
    assert_eq!(counts(&import(&server, &file)), [1, 0, 0, 0, 0]);
    let id = server.id("first-slug");
    assert_eq!(server.reader("192.0.2.1", FIREFOX).view(id).json()["counted"], true);
    // Title, slug, address and text change there.
    let file = write("second-slug", "Two", "new");
    assert_eq!(counts(&import(&server, &file)), [0, 1, 0, 0, 0]);
    assert_eq!(server.id("second-slug"), id);
    for old in ["/articles/first-slug", "/2020/01/first-slug/"] {
        let answer = server.someone().get(old);
        assert_eq!((answer.status, answer.header("location")), (301, "/articles/second-slug"));
    }
    // It changes here, then there too.
    save(&admin(&server), id, 2, "Two", "here", "typed here");
    assert_eq!(counts(&import(&server, &file)), [0, 0, 1, 0, 0]);
    let file = write("third-slug", "Three", "newer");
    assert_eq!(counts(&import(&server, &file)), [0, 0, 0, 1, 0]);
    let article = server.someone().get(&format!("/api/v1/articles/{id}")).json();
    assert_eq!((&article["markdown"], &article["slug"]), (&"typed here".into(), &"here".into()));
    assert_eq!(article["views"], 1);
    let options = Options { overwrite: true, ..Options::default() };
    let forced = import_source(&server, &file, options, None).unwrap();
    assert_eq!(counts(&forced), [0, 1, 0, 0, 0], "{forced:#?}");
    assert_eq!(server.id("third-slug"), id);
}

#[test]
fn posts_of_two_blogs_with_one_number_are_two_articles() {
    let server = TestServer::start();
    let folder = tempfile::tempdir().unwrap();
    for (address, slug) in [(BLOG, "one"), ("https://b.example", "other")] {
        let post = Post { id: 5, slug, title: slug, text: slug, more: "" };
        let file = wordpress(folder.path(), address, &[post.item(address)]);
        let report = import(&server, &file);
        assert_eq!(report.created, 1, "{report:#?}");
    }
    assert_ne!(server.id("one"), server.id("other"));
}

const GHOST: &str = r##"{"db":[{"meta":{"exported_on":1,"version":"5.75.0"},"data":{
"posts":[
{"id":"64a1","uuid":"0a-1","title":"Low tide","slug":"low-tide","type":"post","status":"published","visibility":"public",
"published_at":"2020-01-02T11:00:00.000Z","feature_image":"__GHOST_URL__/content/images/2020/01/cover.png","custom_excerpt":"At the beach",
"html":"<p>See <a href=\"__GHOST_URL__/flood/\">the flood</a>.</p><figure class=\"kg-card kg-image-card\"><img src=\"__GHOST_URL__/content/images/size/w600/2020/01/beach.png\" alt=\"B\"><figcaption>The beach</figcaption></figure><!--kg-card-begin: html--><div>raw</div><!--kg-card-end: html-->"},
{"id":"64a2","uuid":"0a-2","title":"Flood","slug":"flood","type":"post","status":"published","visibility":"public","published_at":"2020-01-03T11:00:00.000Z","html":"<pre><code class=\"language-rust\">fn a() {}\n</code></pre>"},
{"id":"64a3","uuid":"0a-3","title":"Members","slug":"members","type":"post","status":"published","visibility":"members","published_at":"2020-01-03T11:00:00.000Z","html":"<p>secret</p>"},
{"id":"64a4","uuid":"0a-4","title":"About","slug":"about","type":"page","status":"published","html":"<p>x</p>"}],
"tags":[{"id":"t1","name":"Sea","slug":"sea"},{"id":"t2","name":"#hidden","slug":"hash-hidden"}],
"users":[{"id":"1","name":"Jo Ebb","slug":"jo"}],
"posts_tags":[{"post_id":"64a1","tag_id":"t1","sort_order":1},{"post_id":"64a1","tag_id":"t2","sort_order":0}],
"posts_authors":[{"post_id":"64a1","author_id":"1","sort_order":0}],"settings":[]}}]}"##;

#[test]
fn a_blog_of_ghost_moves_in_and_what_was_for_members_stays_hidden() {
    let server = TestServer::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ghost");
    std::fs::write(&file, GHOST).unwrap();
    std::fs::write(folder.path().join("redirects.yaml"), "301:\n  /older/: /low-tide/\n").unwrap();
    write_picture(folder.path(), "content/images/2020/01/beach.png", 20);
    write_picture(folder.path(), "content/images/2020/01/cover.png", 30);
    let report = import(&server, &file);
    assert_eq!(report.generator, Some("Ghost"));
    assert_eq!(counts(&report), [4, 0, 0, 1, 0], "{report:#?}");
    assert_eq!(places(&report, Fate::Left), [("ghost, post 64a3 (members)", None)]);
    assert_eq!(server.someone().get("/about").status, 200);
    let id = server.id("low-tide");
    let article = server.someone().get(&format!("/api/v1/articles/{id}")).json();
    let markdown = article["markdown"].as_str().unwrap();
    assert!(
        markdown.starts_with("See [the flood](/articles/flood).\n\n![B](/pictures/"),
        "{markdown}"
    );
    assert!(markdown.ends_with("\n\n*The beach*\n\nraw\n"), "{markdown}");
    assert!(article["cover"].as_str().unwrap().starts_with("/pictures/"));
    assert_eq!(article["tags"].as_array().unwrap().len(), 1);
    for old in ["/low-tide/", "/older/"] {
        let answer = server.someone().get(old);
        assert_eq!(
            (answer.status, answer.header("location")),
            (301, "/articles/low-tide"),
            "{old}"
        );
    }
    assert_eq!(server.someone().get("/articles/members").status, 404);
    assert_eq!(counts(&import(&server, &file))[..3], [0, 0, 4]);
    std::fs::write(&file, GHOST.replace("\"slug\":\"flood\"", "\"slug\":\"tide\"")).unwrap();
    // The link to it leads to its old address now, which redirects.
    assert_eq!(counts(&import(&server, &file))[..3], [0, 2, 2]);
    assert_eq!(server.someone().get("/articles/flood").header("location"), "/articles/tide");
}

#[test]
fn a_link_to_a_file_that_ghost_keeps_is_reported() {
    let server = TestServer::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ghost.json");
    let link = r#"<p><a href=\"__GHOST_URL__/content/files/2020/01/chart.pdf\">a</a></p>"#;
    let text = GHOST.replace("<p>secret</p>", link).replace("\"members\",", "\"public\",");
    std::fs::write(&file, text).unwrap();
    let report = import(&server, &file);
    let reported: Vec<&str> = report
        .with(Fate::Left)
        .into_iter()
        .filter(|entry| entry.file.contains("64a3"))
        .map(|entry| entry.text.as_str())
        .collect();
    assert_eq!(
        reported,
        ["the file /content/files/2020/01/chart.pdf is of a kind that is not kept here"]
    );
}

/// Answers every request for a picture, and those below `/away/` with a redirect to another host.
fn pictures() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = Vec::new();
            let mut part = [0; 1024];
            while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                match stream.read(&mut part) {
                    Ok(length) if length > 0 => request.extend_from_slice(&part[..length]),
                    _ => break,
                }
            }
            let text = String::from_utf8_lossy(&request).into_owned();
            let path = text.split(' ').nth(1).unwrap_or_default();
            let (head, body) = if path.contains("/away/") {
                ("302 Found\r\nLocation: http://127.0.0.2/x.png".to_owned(), vec![])
            } else if path.contains("/gone/") {
                ("404 Not Found".to_owned(), vec![])
            } else {
                ("200 OK\r\nContent-Type: image/png".to_owned(), png(20, 10))
            };
            let head = format!(
                "HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(&[head.as_bytes(), &body].concat());
        }
    });
    port
}

#[test]
fn pictures_are_fetched_on_request_and_only_from_the_public_network() {
    let server = TestServer::start();
    let folder = tempfile::tempdir().unwrap();
    let address = format!("http://127.0.0.1:{}", pictures());
    let uploads = format!("{address}/wp-content/uploads");
    let text = format!(
        "<img src=\"{uploads}/a.png\">\n\n<img src=\"{uploads}/away/b.png\">\n\n<img src=\"{uploads}/gone/c.png\">"
    );
    let post = Post { id: 1, slug: "a", title: "A", text: &text, more: "" };
    let file = wordpress(folder.path(), &address, &[post.item(&address)]);
    let left = |report: &Report| -> Vec<String> {
        report.with(Fate::Left).into_iter().map(|entry| entry.text.clone()).collect()
    };
    let missing = left(&import(&server, &file));
    assert_eq!(missing.len(), 3);
    assert!(missing.iter().all(|text| text.contains("--fetch-pictures")), "{missing:?}");

    // As the command does it.
    let fetched = || Some(Fetched::new(folder.path().join("fetched"), 1 << 20).unwrap());
    let fetch = |may_ask: fn(IpAddr) -> bool, is_dry_run: bool| {
        let fetcher = Fetcher::new(may_ask, fetched()).unwrap();
        let options = Options { is_dry_run, ..Options::default() };
        left(&import_source(&server, &file, options, Some(&fetcher)).unwrap())
    };
    let refused = fetch(is_public, false);
    assert_eq!(refused.len(), 3);
    assert!(refused.iter().all(|text| text.contains("private network")), "{refused:?}");

    let some = fetch(|address| address == IpAddr::from(Ipv4Addr::LOCALHOST), true);
    assert_eq!(some.len(), 2, "{some:?}");
    assert!(some.iter().any(|text| text.contains("private network")), "{some:?}");
    assert!(some.iter().any(|text| text.contains("404")), "{some:?}");

    // What the rehearsal has fetched is not asked for again, so it comes in where nobody may ask.
    let some = fetch(is_public, false);
    assert_eq!(some.len(), 2, "{some:?}");
    assert!(!some.iter().any(|text| text.contains("a.png")), "{some:?}");
    let id = server.id("a");
    let article = server.someone().get(&format!("/api/v1/articles/{id}")).json();
    assert!(article["markdown"].as_str().unwrap().starts_with("![](/pictures/"), "{article}");
}

#[test]
fn a_picture_whose_address_names_no_scheme_is_fetched() {
    let server = TestServer::start();
    let folder = tempfile::tempdir().unwrap();
    let address = format!("http://127.0.0.1:{}", pictures());
    let host = address.trim_start_matches("http:");
    let text = format!("<img src=\"{host}/wp-content/uploads/a.png\">");
    let post = Post { id: 1, slug: "a", title: "A", text: &text, more: "" };
    let file = wordpress(folder.path(), &address, &[post.item(&address)]);
    let fetcher = Fetcher::new(|_| true, None).unwrap();
    let report = import_source(&server, &file, Options::default(), Some(&fetcher)).unwrap();
    assert_eq!(report.with(Fate::Left), Vec::<&Entry>::new());
    let article = server.someone().get(&format!("/api/v1/articles/{}", server.id("a"))).json();
    assert!(article["markdown"].as_str().unwrap().starts_with("![](/pictures/"), "{article}");
}

#[test]
fn what_can_not_be_read_is_refused_in_one_line_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("a.db").display());
    let post = Post { id: 1, slug: "a", title: "A", text: "text", more: "" };
    let whole =
        std::fs::read_to_string(wordpress(folder.path(), BLOG, &[post.item(BLOG)])).unwrap();
    for (text, said) in [
        (&whole[..whole.len() - 18], "not whole"),
        ("<rss version=\"2.0\"><channel></channel></rss>", "neither a folder"),
        ("{\"db\":[{\"data\":{\"posts\":7}}]}", "line 1"),
        ("", "neither a folder"),
    ] {
        let file = folder.path().join("blog.xml");
        std::fs::write(&file, text).unwrap();
        let mut command = binary();
        let output = command.env("DATABASE_URL", &url).arg("import").arg(&file).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), error.lines().count()), (Some(1), 1), "{error}");
        assert!(error.contains("blog.xml") && error.contains(said), "{error}");
    }
}

#[test]
fn only_the_public_network_is_asked() {
    for address in ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1"] {
        assert!(is_public(address.parse().unwrap()), "{address}");
    }
    for address in [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "198.18.0.1",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::1",
        "2001:db8::1",
        "ff02::1",
    ] {
        assert!(!is_public(address.parse().unwrap()), "{address}");
    }
}
