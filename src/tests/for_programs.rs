//! What programs read: feeds, the sitemap, metadata, oEmbed, and addresses that are nearly right.

use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::Value;
use tidemark::server::content::import::{Report, SourceFile, import};
use tidemark::server::db::actor::Role;
use tidemark::server::jobs::Job;

use crate::harness::{Answer, FIREFOX, TestServer, source, wait_until};

const BASE: &str = "http://127.0.0.1:3000";

impl TestServer {
    /// Imports articles, and waits until readers see the last one.
    fn add(&self, files: Vec<SourceFile>) {
        let slug = files.last().unwrap().path.trim_end_matches(".md").to_owned();
        let report = self.run(import(&self.database, &self.clock, files, Report::default()));
        assert!(report.unwrap().refused().is_empty());
        wait_until("readers see the last one", || {
            self.someone().get(&format!("/articles/{slug}")).status == 200
                && self.someone().get("/feed.json").text.contains(&slug)
        });
    }
}

/// The values of an element's text in an XML document, in order.
fn elements(xml: &str, name: &str) -> Vec<String> {
    let start = format!("<{name}>");
    let parts = xml.split(start.as_str()).skip(1);
    parts.map(|part| part.split_once("</").unwrap().0.to_owned()).collect()
}

/// The attribute `content` of the `<meta>` elements with a property.
fn properties(page: &Answer, name: &str) -> Vec<String> {
    let parts = page.text.split("<meta ").skip(1).map(|part| part.split('>').next().unwrap());
    let parts = parts.filter(|part| part.contains(&format!("property=\"{name}\"")));
    parts
        .map(|part| part.split("content=\"").nth(1).unwrap().split('"').next().unwrap().to_owned())
        .collect()
}

fn property(page: &Answer, name: &str) -> String {
    properties(page, name).into_iter().next().unwrap_or_default()
}

fn canonical(page: &Answer) -> Vec<&str> {
    let parts = page.text.split("<link rel=\"canonical\" href=\"").skip(1);
    parts.map(|part| part.split('"').next().unwrap()).collect()
}

#[test]
fn the_blog_each_tag_and_each_author_have_feeds_in_three_formats() {
    let server = TestServer::start();
    for (page, articles) in [
        ("", &["second", "first"][..]),
        ("/tags/land", &["second"]),
        ("/authors/jo-doe", &["second", "first"]),
    ] {
        let atom = server.someone().get(&format!("{page}/feed.xml"));
        assert_eq!(atom.header("content-type"), "application/atom+xml; charset=utf-8");
        assert_eq!(atom.text.matches("<entry>").count(), articles.len(), "{}", atom.text);
        let rss = server.someone().get(&format!("{page}/feed.rss"));
        assert_eq!(rss.header("content-type"), "application/rss+xml; charset=utf-8");
        assert_eq!(rss.text.matches("<item>").count(), articles.len(), "{}", rss.text);
        assert!(
            rss.text.contains("<pubDate>Sun, 01 Nov 2026 00:00:00 GMT</pubDate>"),
            "{}",
            rss.text
        );
        assert!(rss.text.contains("<dc:creator>Jo Doe</dc:creator>"), "{}", rss.text);
        let json = server.someone().get(&format!("{page}/feed.json"));
        assert_eq!(json.header("content-type"), "application/feed+json; charset=utf-8");
        let json = json.json();
        assert_eq!(json["version"], "https://jsonfeed.org/version/1.1");
        assert_eq!(json["feed_url"], format!("{BASE}{page}/feed.json"));
        for (number, slug) in articles.iter().enumerate() {
            let address = format!("{BASE}/articles/{slug}");
            assert_eq!(json["items"][number]["url"], address);
            assert!(atom.text.contains(&address) && rss.text.contains(&address));
        }
        let html = server.someone().get(if page.is_empty() { "/" } else { page }).text;
        for file in ["feed.xml", "feed.rss", "feed.json"] {
            assert!(html.contains(&format!("href=\"{page}/{file}\"")), "{html}");
            assert!(html.contains(&format!("href=\"/{file}\"")), "{html}");
        }
    }
    for path in ["/tags/none/feed.xml", "/authors/nobody/feed.json", "/articles/first/feed.xml"] {
        assert_eq!(server.someone().get(path).status, 404, "{path}");
    }
}

#[test]
fn an_entry_keeps_its_id_when_its_article_gets_another_address() {
    let server = TestServer::start();
    server.add_user_with_role("boss", "a-good-password", Role::Admin);
    let boss = server.someone().signed_in("boss", "a-good-password");
    let id = server.id("first");
    let form = "version=1&title=New&slug=new-name&tags=Sea&markdown=x&summary=&cover=&published_at=2026-11-01T00:00&intent=publish";
    let ids = |server: &TestServer| {
        let feed = server.someone().get("/feed.json").json();
        let ids = feed["items"].as_array().unwrap().iter().map(|item| item["id"].to_string());
        let mut ids: Vec<String> = ids.collect();
        ids.sort_unstable();
        (ids, feed.to_string())
    };
    let (before, _) = ids(&server);
    assert!(before.iter().any(|one| one.ends_with(&format!("3000/articles/{id}\""))), "{before:?}");
    let answer = boss.post(&format!("/studio/{id}"), form);
    assert_eq!(answer.status, 303, "{}", answer.text);
    let (after, feed) = ids(&server);
    assert!(feed.contains("/articles/new-name") && !feed.contains("/articles/first"), "{feed}");
    assert_eq!(after, before);
    for format in ["/feed.xml", "/feed.rss"] {
        let feed = server.someone().get(format).text;
        assert!(feed.contains(&format!("2026:3000/articles/{id}<")), "{feed}");
    }
}

#[test]
fn a_feed_is_bounded_and_an_article_that_is_too_long_for_it_has_its_summary() {
    let server = TestServer::start();
    let words = |count: usize| "twelve bytes ".repeat(count);
    let mut files = vec![source("longest", "description = \"Short\"", &words(4_000))];
    files.extend((0..30).map(|number| source(&format!("a{number}"), "", &words(600))));
    server.add(files);
    let feed = server.someone().get("/feed.json").json();
    let items = feed["items"].as_array().unwrap();
    assert!((10..=20).contains(&items.len()), "{}", items.len());
    for path in ["/feed.xml", "/feed.rss", "/feed.json"] {
        let bytes = server.someone().get(path).bytes.len();
        assert!(bytes < 140_000, "{path}: {bytes}");
    }
    server.add(vec![source("last", "description = \"Short\"", &words(4_000))]);
    let feed = server.someone().get("/feed.json").json();
    let last = feed["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["url"] == format!("{BASE}/articles/last"));
    assert_eq!(last.unwrap()["content_text"], "Short");
    let rss = server.someone().get("/feed.rss").text;
    let item = rss.split("<item>").find(|item| item.contains("/articles/last")).unwrap();
    assert!(!item.contains("content:encoded"), "{item}");
}

#[test]
fn a_feed_or_sitemap_that_did_not_change_is_not_sent_again() {
    let server = TestServer::start();
    for path in [
        "/feed.xml",
        "/tags/sea/feed.rss",
        "/feed.json",
        "/sitemap.xml",
        "/sitemap.xml?part=tags-0",
    ] {
        let first = server.someone().get(path);
        let (etag, date) = (first.header("etag"), first.header("last-modified"));
        assert!(etag.starts_with("W/\"") && date.ends_with(" GMT"), "{path}: {first:?}");
        for (name, value, expected) in [
            ("if-none-match", etag, 304),
            ("if-none-match", "W/\"other\"", 200),
            ("if-modified-since", date, 304),
            ("if-modified-since", "Sun, 01 Nov 2020 00:00:00 GMT", 200),
            ("if-modified-since", "yesterday", 200),
        ] {
            let answer = server.someone().with(name, value).get(path);
            assert_eq!(
                (answer.status, answer.header("etag")),
                (expected, etag),
                "{path} {name}: {value}"
            );
            assert_eq!(answer.text.is_empty(), expected == 304);
        }
        let both =
            server.someone().with("if-none-match", "W/\"other\"").with("if-modified-since", date);
        assert_eq!(both.get(path).status, 200, "the tag decides");
    }
    let before = server.someone().get("/feed.xml");
    server.add(vec![source("third", "", "Text")]);
    for name in [("if-none-match", "etag"), ("if-modified-since", "last-modified")] {
        let answer = server.someone().with(name.0, before.header(name.1)).get("/feed.xml");
        assert_eq!(answer.status, 200, "{name:?}");
    }
}

#[test]
fn a_feed_or_sitemap_is_sent_compressed_to_a_client_that_takes_gzip() {
    let server = TestServer::start();
    for path in ["/feed.xml", "/tags/sea/feed.rss", "/feed.json", "/sitemap.xml"] {
        let [packed, plain] = ["gzip", "identity"]
            .map(|coding| server.someone().with("accept-encoding", coding).get(path));
        let mut text = String::new();
        GzDecoder::new(&packed.bytes[..]).read_to_string(&mut text).unwrap();
        assert_eq!(text, plain.text, "{path}");
        for (answer, coding) in [(&packed, "gzip"), (&plain, "")] {
            assert_eq!(answer.header("content-encoding"), coding, "{path}");
            assert_eq!(answer.header("vary"), "accept-encoding", "{path}");
        }
        assert_eq!(packed.header("etag"), plain.header("etag"));
        assert_eq!(packed.header("content-type"), plain.header("content-type"));
        let known = server.someone().with("accept-encoding", "gzip");
        let known = known.with("if-none-match", packed.header("etag")).get(path);
        assert_eq!((known.status, known.header("vary")), (304, "accept-encoding"), "{path}");
        assert_eq!((known.header("content-encoding"), known.bytes.len()), ("", 0), "{path}");
    }
}

#[test]
fn the_sitemap_is_an_index_of_parts_with_everything_that_readers_see() {
    let server = TestServer::start();
    let index = server.someone().get("/sitemap.xml").text;
    let parts = elements(&index, "loc");
    assert_eq!(parts.len(), 4, "{index}");
    let mut addresses = Vec::new();
    for part in parts {
        let part = server.someone().get(part.strip_prefix(BASE).unwrap());
        assert_eq!(part.status, 200);
        addresses.extend(elements(&part.text, "loc"));
    }
    let expected = [
        "/",
        "/most-viewed",
        "/articles/first",
        "/articles/second",
        "/tags/sea",
        "/tags/land",
        "/authors/jo-doe",
    ];
    assert_eq!(addresses, expected.map(|path| format!("{BASE}{path}")));
    for address in addresses {
        let page = server.someone().get(address.strip_prefix(BASE).unwrap());
        assert_eq!((page.status, canonical(&page)), (200, vec![address.as_str()]));
    }
    for part in ["articles-1", "articles-x", "users-0", "articles-9999999999999999999999"] {
        assert_eq!(
            server.someone().get(&format!("/sitemap.xml?part={part}")).status,
            404,
            "{part}"
        );
    }
}

#[test]
fn addresses_that_are_nearly_right_redirect_once_to_the_page() {
    let server = TestServer::start();
    for (path, expected) in [
        ("//articles/first", "/articles/first"),
        ("/articles/First", "/articles/first"),
        ("/ARTICLES/FIRST/", "/articles/first"),
        ("/articles/first.html", "/articles/first"),
        ("/articles/First?utm=1", "/articles/first?utm=1"),
        ("/articles/first.htm?utm=1", "/articles/first?utm=1"),
        ("/articles/first/index.html", "/articles/first"),
        ("/articles/first/", "/articles/first"),
        ("/articles//first", "/articles/first"),
        ("/tags/Sea/", "/tags/sea"),
        ("/tags/sea/?page=1", "/tags/sea?page=1"),
        ("/authors/Jo-Doe", "/authors/jo-doe"),
        ("/most-viewed/", "/most-viewed"),
        ("/index.html", "/"),
        ("//", "/"),
        ("/Old/First.html/", "/articles/first"),
        ("/feed", "/feed.xml"),
        ("/feed/", "/feed.xml"),
        ("/Feed.xml", "/feed.xml"),
        ("/atom", "/feed.xml"),
        ("/atom.xml", "/feed.xml"),
        ("/index.xml", "/feed.xml"),
        ("/rss", "/feed.rss"),
        ("/rss/", "/feed.rss"),
        ("/rss.xml", "/feed.rss"),
        ("/tags/sea/rss.xml", "/tags/sea/feed.rss"),
        ("/authors/jo-doe/feed/", "/authors/jo-doe/feed.xml"),
    ] {
        let answer = server.someone().get(path);
        assert_eq!((answer.status, answer.header("location")), (301, expected), "{path}");
        assert_eq!(server.someone().get(expected).status, 200, "{path} takes one hop");
    }
    for path in [
        "/articles/Nothing",
        "//nothing",
        "//evil.example",
        "/articles/unpublished/",
        "/tags/none/rss.xml",
        "/tags/sea/X",
        "/articles/first/x",
        "/%ff/",
        "/api/v1/Articles",
    ] {
        let answer = server.someone().get(path);
        assert_eq!((answer.status, answer.header("location")), (404, ""), "{path}");
    }
    assert_eq!(server.someone().post("/articles/first/", "").status, 404, "only reading");
}

#[test]
fn c2_a_reader_who_comes_by_another_address_counts_once() {
    let server = TestServer::start();
    let (reader, id) = (server.someone(), server.id("first"));
    let target = reader.get("//articles/First/").header("location").to_owned();
    assert!(reader.get(&target).text.contains(&format!("data-article=\"{id}\"")));
    assert_eq!(server.counted_anywhere(), 0, "a redirect counts nothing");
    assert_eq!(reader.view(id).json()["counted"], true);
    assert_eq!(reader.get("/articles/first.html").status, 301);
    assert_eq!(reader.view(id).json()["reason"], "repeat");
}

#[test]
fn what_an_administrator_has_redirected_goes_before_what_is_nearly_right() {
    let server = TestServer::start();
    server.add_user_with_role("boss", "a-good-password", Role::Admin);
    let boss = server.someone().signed_in("boss", "a-good-password");
    let form = "version=1&lines=%2Ffeed+%2Fabout-feeds%0A%2Farticles%2Fold+%2Farticles%2Fsecond+302%0A%2Frss.xml+410";
    assert_eq!(boss.post("/settings/redirects", form).status, 303);
    for (path, status, location) in [
        ("/feed", 301, "/about-feeds"),
        ("/Feed/", 301, "/about-feeds"),
        ("/articles/OLD/", 302, "/articles/second"),
        ("/rss.xml", 410, ""),
        ("/atom.xml", 301, "/feed.xml"),
    ] {
        let answer = server.someone().get(path);
        assert_eq!((answer.status, answer.header("location")), (status, location), "{path}");
    }
}

#[test]
fn an_article_has_whole_metadata_for_previews_and_search_engines() {
    let server = TestServer::start();
    server.add(vec![
        SourceFile {
            text: source(
                "code",
                "tags = [\"Sea\", \"Two\"]\ndescription = \"About `code` & *more*\"",
                "Text",
            )
            .text
            .replace("Title of code", "Why `Option<T>` is *here*"),
            path: "code.md".into(),
        },
        source("covered", "cover = \"https://pictures.example/a.png\"", "Text"),
    ]);
    let page = server.someone().get("/articles/code");
    assert!(
        page.text.contains("<title>Why Option&lt;T&gt; is here · Tidemark</title>"),
        "{}",
        page.text
    );
    for (name, expected) in [
        ("og:type", "article"),
        ("og:title", "Why Option&lt;T&gt; is here"),
        ("og:description", "About code &amp; more"),
        ("og:url", "http://127.0.0.1:3000/articles/code"),
        ("og:site_name", "Tidemark"),
        ("og:image:width", "1200"),
        ("og:image:height", "630"),
        ("og:image:alt", "Why Option&lt;T&gt; is here"),
        ("article:published_time", "2026-11-01T00:00:00Z"),
        ("article:modified_time", "2026-11-01T00:00:00Z"),
        ("article:author", "http://127.0.0.1:3000/authors/jo-doe"),
    ] {
        assert_eq!(property(&page, name), expected, "{name}");
    }
    assert_eq!(properties(&page, "article:tag"), ["Sea", "Two"]);
    assert!(page.text.contains("<meta name=\"twitter:card\" content=\"summary_large_image\">"));
    assert_eq!(canonical(&page), [property(&page, "og:url")]);
    let json = json_ld(&page);
    assert_eq!(json["@type"], "BlogPosting");
    assert_eq!(json["headline"], "Why Option<T> is here");
    assert_eq!(json["author"][0]["name"], "Jo Doe");
    assert_eq!(json["keywords"][1], "Two");
    assert_eq!(json["image"]["width"], 1200);
    assert!(json.get("interactionStatistic").is_none(), "counts are in no cached text");
    let covered = server.someone().get("/articles/covered");
    assert_eq!(property(&covered, "og:image"), "https://pictures.example/a.png");
    assert_eq!(property(&covered, "og:image:width"), "", "nobody knows it");
    for (path, kind, address) in [
        ("/", "website", "/"),
        ("/?page=1&x=y", "website", "/"),
        ("/tags/sea", "website", "/tags/sea"),
        ("/authors/jo-doe?page=1", "website", "/authors/jo-doe"),
        ("/most-viewed?window=7d", "website", "/most-viewed?window=7d"),
    ] {
        let page = server.someone().get(path);
        assert_eq!(property(&page, "og:type"), kind, "{path}");
        assert_eq!(canonical(&page), [format!("{BASE}{address}")], "{path}");
    }
    for path in ["/login", "/search?q=x", "/nothing"] {
        let page = server.someone().get(path);
        assert!(canonical(&page).is_empty() && page.text.contains("noindex"), "{path}");
    }
}

/// The structured data of a page.
fn json_ld(page: &Answer) -> Value {
    let text = page.text.split("<script type=\"application/ld+json\" nonce=\"").nth(1).unwrap();
    let text = text.split_once("\">").unwrap().1.split_once("</script>").unwrap().0;
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn a_later_page_of_a_list_is_canonical_itself() {
    let server = TestServer::start();
    server.add((0..12).map(|number| source(&format!("a{number}"), "", "Text")).collect());
    for path in ["/?page=2", "/authors/jo-doe?page=2"] {
        let page = server.someone().get(path);
        assert_eq!(canonical(&page), [format!("{BASE}{path}")]);
    }
}

#[test]
fn structured_data_cannot_end_its_script_whatever_the_title_is() {
    let server = TestServer::start();
    let evil = "</script><script>alert(1)</script><!-- \\\" ]]> &lt;";
    let file = source("evil", &format!("description = \"{evil}\"\ntags = [\"{evil}\"]"), "Text");
    let text = file.text.replace("Title of evil", evil).replace("Jo Doe", evil);
    server.add(vec![SourceFile { text, ..file }]);
    let page = server.someone().get("/articles/evil");
    assert!(!page.text.contains("<script>alert"), "{}", page.text);
    assert_eq!(json_ld(&page)["headline"], "</script><script>alert(1)</script><!-- \" ]]> &lt;");
    // From memory, with another nonce.
    let again = server.someone().get("/articles/evil");
    assert_eq!(json_ld(&again), json_ld(&page));
    let nonce = |page: &Answer| {
        page.text.split("ld+json\" nonce=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    assert_ne!(nonce(&again), nonce(&page));
    assert!(again.header("content-security-policy").contains(&nonce(&again)));
    let answer = server.someone().get("/oembed?url=http://127.0.0.1:3000/articles/evil");
    assert!(answer.json()["title"].as_str().unwrap().starts_with("</script>"));
}

#[test]
fn an_article_without_a_cover_has_a_picture_that_changes_its_address_with_the_title() {
    let server = TestServer::start();
    let address = |server: &TestServer| {
        let page = server.someone().get("/articles/first");
        property(&page, "og:image").strip_prefix(BASE).unwrap().to_owned()
    };
    let first = address(&server);
    assert!(first.starts_with("/articles/first/card.png?v="), "{first}");
    let picture = server.reader("192.0.2.9", "Twitterbot/1.0").get(&first);
    assert_eq!((picture.status, picture.header("content-type")), (200, "image/png"));
    assert!(picture.header("cache-control").contains("immutable"));
    let decoded = image::load_from_memory(&picture.bytes).unwrap();
    assert_eq!((decoded.width(), decoded.height()), (1200, 630));
    let known = server.someone().with("if-none-match", picture.header("etag")).get(&first);
    assert_eq!(known.status, 304);
    let other = server.someone().get("/articles/first/card.png?v=0");
    assert_eq!((other.status, other.header("cache-control")), (200, "public, max-age=300"));
    assert_eq!(other.bytes, picture.bytes);
    for path in ["/articles/unpublished/card.png", "/articles/nothing/card.png?v=1"] {
        assert_eq!(server.someone().get(path).status, 404, "{path}");
    }
    server.add_user_with_role("boss", "a-good-password", Role::Admin);
    let boss = server.someone().signed_in("boss", "a-good-password");
    let form = "version=1&title=Another&slug=first&tags=Sea&markdown=x&summary=&cover=&published_at=2026-11-01T00:00&intent=publish";
    assert_eq!(boss.post(&format!("/studio/{}", server.id("first")), form).status, 303);
    let second = address(&server);
    assert_ne!(second, first);
    assert_ne!(server.someone().get(&second).bytes, picture.bytes);
    assert_eq!(server.counted_anywhere(), 0);
}

#[test]
fn an_article_can_be_embedded_by_oembed() {
    let server = TestServer::start();
    let page = server.someone().get("/articles/first").text;
    let link = page.split("type=\"application/json+oembed\"").nth(1).unwrap();
    let link =
        link.split("href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
    let answer = server.someone().get(link.strip_prefix(BASE).unwrap());
    assert_eq!(answer.header("content-type"), "application/json", "{}", answer.text);
    let json = answer.json();
    for (name, expected) in [
        ("version", "1.0"),
        ("type", "link"),
        ("title", "Title of first"),
        ("author_name", "Jo Doe"),
        ("author_url", "http://127.0.0.1:3000/authors/jo-doe"),
        ("provider_name", "Tidemark"),
        ("provider_url", "http://127.0.0.1:3000/"),
    ] {
        assert_eq!(json[name], expected, "{name}");
    }
    assert_eq!((&json["thumbnail_width"], &json["thumbnail_height"]), (&1200.into(), &630.into()));
    let get = |query: &str| server.someone().get(&format!("/oembed?{query}"));
    let url = "url=http%3A%2F%2F127.0.0.1%3A3000%2Farticles%2Ffirst";
    assert!(get(&format!("{url}&maxwidth=600")).json().get("thumbnail_url").is_none());
    let long = format!("url=http://127.0.0.1:3000/articles/{}", "x".repeat(2_000));
    for (query, status) in [
        (format!("{url}&format=json"), 200),
        (format!("{url}&format=xml"), 501),
        ("url=http://127.0.0.1:3000/articles/unpublished".into(), 404),
        ("url=https://elsewhere.example/articles/first".into(), 404),
        ("url=first".into(), 404),
        (long, 400),
        (String::new(), 400),
        (format!("{url}&maxwidth=x"), 400),
    ] {
        let answer = get(&query);
        assert_eq!(answer.status, status, "{query}: {}", answer.text);
        if status != 200 {
            assert_eq!(answer.header("content-type"), "application/problem+json");
        }
    }
}

#[test]
fn two_blogs_on_one_host_do_not_share_their_cookies() {
    let one = TestServer::with(&[("TIDEMARK_SITE__BASE_URL", "http://localhost:3001")]);
    let other = TestServer::with(&[("TIDEMARK_SITE__BASE_URL", "http://localhost:3002")]);
    for server in [&one, &other] {
        server.add_user("reader", "a-good-password");
    }
    // A browser sends the cookies of all ports to each.
    let session = |server: &TestServer| {
        server.someone().signed_in("reader", "a-good-password").header_named("cookie").to_owned()
    };
    let both = format!("{}; {}", session(&one), session(&other));
    for server in [&one, &other] {
        assert_eq!(server.someone().with("cookie", &both).get("/account").status, 200);
    }
    let signed_out = one.someone().with("cookie", &both).post("/logout", "");
    let cookie = signed_out.header("set-cookie").split('=').next().unwrap().to_owned();
    assert!(!session(&other).starts_with(&cookie), "{cookie}");
    assert_eq!(one.someone().with("cookie", &both).get("/account").status, 303);
    assert_eq!(other.someone().with("cookie", &both).get("/account").status, 200);
}

#[test]
fn an_update_signs_nobody_out() {
    let server = TestServer::start();
    server.add_user("reader", "a-good-password");
    let session =
        server.someone().signed_in("reader", "a-good-password").header_named("cookie").to_owned();
    let former = format!("theme=dark; session={}", session.split_once('=').unwrap().1);
    let reader = server.reader("192.0.2.7", FIREFOX).with("cookie", &former);
    assert_eq!(reader.get("/account").status, 200);
    assert!(reader.get("/").text.contains("A Reader"), "and the page is not one from memory");
}

#[test]
fn a_title_is_shown_without_the_marks_of_markdown_everywhere() {
    let server = TestServer::start();
    let titled = |slug: &str, title: &str| {
        let SourceFile { path, text } = source(slug, "tags = [\"Search\"]", "Text.");
        SourceFile { path, text: text.replace(&format!("Title of {slug}"), title) }
    };
    server.add(vec![titled("grep", "Find it with `grep *.rs`"), titled("other", "*The* other")]);
    assert_eq!(server.someone().view(server.id("grep")).status, 200);
    server.job(Job::Flush);
    for path in [
        "/",
        "/archive",
        "/articles/grep",
        "/articles/other",
        "/most-viewed",
        "/feed.xml",
        "/api/v1/articles",
    ] {
        let page = server.someone().get(path).text;
        assert!(page.contains("Find it with grep *.rs"), "{path}: {page}");
        assert!(!page.contains('`') && !page.contains("*The*"), "{path}: {page}");
    }
}
