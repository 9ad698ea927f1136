//! Pages as the server sends them: status, headers and what a reader without JavaScript gets.

use tidemark::error::Error;
use tidemark::model::reaction::Reaction;
use tidemark::model::theme::{THEME_COOKIE, Theme};
use tidemark::server::content::import::{Report, SourceFile, import};
use tidemark::server::db::actor::Role;
use tidemark::server::http::routes::ROUTES;
use tidemark::server::jobs::Job;
use tidemark_content::markdown::render;
use tidemark_counting::ArticleId;

use crate::harness::{Answer, TestServer, source};
use crate::page_cache::eventually;

#[test]
fn every_page_is_complete_without_javascript() {
    let server = TestServer::start();
    for (path, parts) in [
        (
            "/",
            &["Title of first", "Title of second", "Jo Doe", "November 1, 2026", "Most viewed"][..],
        ),
        (
            "/articles/first",
            &[
                "<h1>Title of first</h1>",
                "The <em>first</em> text.",
                "1 min read",
                "0 views",
                "/tags/sea",
            ],
        ),
        ("/tags/land", &["<h1>Land</h1>", "Title of second", "href=\"/search?tag=land\""]),
        ("/tags", &["<h1>Tags</h1>", "href=\"/tags/sea\"", "Sea", "1 article<"]),
        ("/authors", &["<h1>Authors</h1>", "href=\"/authors/jo-doe\"", ">JD<", "2 articles"]),
        ("/archive", &["<h1>Archive</h1>", "November 2026", "href=\"/articles/first\""]),
        (
            "/authors/jo-doe",
            &["<h1>Jo Doe</h1>", "2 articles", "Title of first", "href=\"/search?author=jo-doe\""],
        ),
        ("/search?tag=land", &["name=\"tag\" value=\"land\"", "any tag"]),
        ("/search?q=title&tag=land", &["Title</mark> of second", "name=\"tag\" value=\"land\""]),
        (
            "/most-viewed",
            &[
                "<h1>Most viewed</h1>",
                "once per article every 10 minutes.",
                "No views in this period",
            ],
        ),
        ("/most-viewed?window=30d", &["aria-current=\"page\">30 days"]),
        (
            "/search?q=second",
            &[
                "One article contains “second”.",
                "Title of <mark>second</mark>",
                "The <mark>second</mark> text.",
            ],
        ),
        ("/search?q=%25", &["“%” contains no word to search for."]),
        ("/search?q=Texts%20SECOND", &["One article contains"]),
        ("/search?q=third", &["No article contains “third”.", "/tags/sea", "/most-viewed"]),
        ("/search", &["<h1>Search</h1>"]),
        ("/login", &["<h1>Sign in</h1>", "method=\"post\""]),
    ] {
        let answer = server.someone().get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        for part in parts {
            assert!(answer.text.contains(part), "{path} has no {part}: {}", answer.text);
        }
        assert!(answer.text.starts_with("<!DOCTYPE html>"), "{path}");
        assert!(answer.text.contains("</html>"), "{path}");
        assert_eq!(answer.text.matches("<h1").count(), 1, "{path}");
        assert_eq!(answer.text.matches("<title>").count(), 1, "{path}: {}", answer.text);
    }
    assert!(!server.someone().get("/tags/land").text.contains("Title of first"));
    for path in ["/", "/tags", "/authors", "/archive"] {
        assert!(!server.someone().get(path).text.contains("unpublished"), "{path}");
    }
    assert_eq!(server.someone().get("/archive?page=2").status, 404);
}

#[test]
fn every_article_page_has_title_and_description_even_with_a_slow_database() {
    let server = TestServer::start();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..25 {
                    let html = server.someone().get("/articles/first").text;
                    for part in [
                        "<title>Title of first · Tidemark</title>",
                        "<meta name=\"description\" content=\"The first text.\"",
                        "<meta property=\"og:title\"",
                        "rel=\"canonical\" href=\"http://127.0.0.1:3000/articles/first\"",
                    ] {
                        assert!(html.contains(part), "no {part} in {html}");
                    }
                }
            });
        }
    });
}

#[test]
fn an_unknown_address_gets_a_page_with_status_404() {
    let server = TestServer::start();
    for path in [
        "/nothing",
        "/articles/nothing",
        "/articles/unpublished",
        "/articles/first/more",
        "/tags/nothing",
        "/authors/nobody",
        "/?page=0",
        "/?page=99",
        "/?page=x",
        "/most-viewed?window=1h",
        "/pkg/nothing.js",
        "/../etc/passwd",
        &format!("/{}", "long".repeat(100)),
    ] {
        let answer = server.someone().get(path);
        assert_eq!(answer.status, 404, "{path}: {}", answer.text);
        assert!(answer.text.contains("<h1>Nothing here</h1>"), "{path}: {}", answer.text);
    }
}

#[test]
fn a_wrong_method_or_a_broken_form_gets_an_error_page() {
    let server = TestServer::start();
    let answer = server.someone().request("DELETE", "/", "");
    assert_eq!(answer.status, 405);
    assert!(answer.text.contains("<h1>Method Not Allowed</h1>"), "{}", answer.text);
    let answer = server.someone().request("POST", "/login", "username=a&password=b");
    assert_eq!(answer.status, 415, "without the form's content type");
    assert!(answer.text.contains("<h1>Unsupported Media Type</h1>"), "{}", answer.text);
    let form = server.someone().with("content-type", "application/x-www-form-urlencoded");
    let answer = form.announce("POST", "/login", 100_000);
    assert_eq!(answer.status, 413);
    assert!(answer.text.contains("<h1>Payload Too Large</h1>"), "{}", answer.text);
}

#[test]
fn when_the_database_fails_the_error_page_reveals_no_internals() {
    let server = TestServer::start();
    server.execute("ALTER TABLE article_tags RENAME TO gone_tags");
    server.execute("ALTER TABLE article_stats RENAME TO gone_stats");
    for path in ["/", "/articles/first", "/tags/sea"] {
        let answer = server.someone().get(path);
        assert_eq!(answer.status, 500, "{path}");
        assert!(answer.text.contains("<h1>Something broke</h1>"), "{path}: {}", answer.text);
        assert!(
            answer.text.contains("can't be shown right now"),
            "the sidebar of {path}: {}",
            answer.text
        );
        assert!(
            !answer.text.contains("article_stats") && !answer.text.contains("no such table"),
            "{}",
            answer.text
        );
    }
    let answer = server.someone().get("/api/v1/articles");
    assert_eq!((answer.status, answer.header("content-type")), (500, "application/problem+json"));
    assert!(!answer.text.contains("table"), "{}", answer.text);
    let answer = server.someone().view(server.id("first"));
    assert_eq!((answer.status, answer.header("retry-after")), (503, "1"), "C5: no false yes");
}

#[test]
fn a_former_address_redirects_permanently() {
    let server = TestServer::start();
    for path in
        ["/old/first.html", "/old/first.html/", "/old/first%2Ehtml", "/old/first.html?utm=x"]
    {
        let answer = server.someone().get(path);
        assert_eq!((answer.status, answer.header("location")), (301, "/articles/first"), "{path}");
    }
    let files =
        vec![source("renamed", "aliases = [\"/articles/former\", \"/tags/former\"]", "text")];
    server.run(import(&server.database, &server.clock, files, Report::default())).unwrap();
    for path in ["/articles/former", "/tags/former"] {
        let answer = server.someone().get(path);
        assert_eq!(
            (answer.status, answer.header("location")),
            (301, "/articles/renamed"),
            "{path}"
        );
    }
}

#[test]
fn every_response_has_the_security_headers() {
    let server = TestServer::start();
    for path in ["/", "/articles/first", "/nothing", "/api/v1/articles", "/feed.xml", "/healthz"] {
        let answer = server.someone().get(path);
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "strict-origin-when-cross-origin", "{path}");
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe-inline"), "{path}: {policy}");
        assert!(!answer.header("cache-control").is_empty(), "{path}");
    }
    let nonce = |answer: &Answer| {
        let policy = answer.header("content-security-policy").to_owned();
        policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned()
    };
    let (one, other) = (server.someone().get("/"), server.someone().get("/"));
    assert_ne!(nonce(&one), nonce(&other));
    // Browsers hide the `nonce` attribute from style sheets, which could leak it. So the nonce must
    // not appear in any other attribute.
    for page in [
        one.text.clone(),
        server.someone().get("/articles/first").text,
        server.someone().get("/login").text,
    ] {
        let nonce = page.split_once("nonce=\"").unwrap().1.split('"').next().unwrap();
        assert_eq!(
            page.matches(nonce).count(),
            page.matches(&format!(" nonce=\"{nonce}\"")).count(),
            "{page}"
        );
    }
    assert!(one.text.contains(&format!("nonce=\"{}\"", nonce(&one))));
    // Every script has the nonce. There are no event handlers and no inline styles.
    assert_eq!(
        one.text.matches("<script").count(),
        one.text.matches("nonce=").count(),
        "{}",
        one.text
    );
    assert!(!one.text.contains(" style=") && !one.text.contains(" onclick="));
}

#[test]
fn behind_tls_the_session_cookie_is_secure() {
    let plain = TestServer::start();
    plain.add_user("reader", "a-good-password");
    let form = |server: &TestServer| {
        let client = server.someone().with("content-type", "application/x-www-form-urlencoded");
        client
            .request("POST", "/login", "username=reader&password=a-good-password")
            .header("set-cookie")
            .to_owned()
    };
    let cookie = form(&plain);
    assert!(
        cookie.starts_with("session-")
            && cookie.contains("HttpOnly")
            && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );
    assert!(!cookie.contains("Secure"), "{cookie}");

    let secure = TestServer::with(&[("TIDEMARK_SITE__BASE_URL", "https://blog.example")]);
    secure.add_user("reader", "a-good-password");
    let cookie = form(&secure);
    assert!(
        cookie.starts_with("__Host-session-")
            && cookie.contains("Secure")
            && cookie.contains("Path=/"),
        "{cookie}"
    );
    assert!(secure.someone().get("/").header("strict-transport-security").contains("max-age"));
}

#[test]
fn signing_in_shows_the_name_and_signing_out_ends_the_session_on_the_server() {
    let server = TestServer::start();
    server.add_user("reader", "a-good-password");
    let form = server.someone().with("content-type", "application/x-www-form-urlencoded");
    for wrong in ["username=reader&password=wrong", "username=nobody&password=a-good-password"] {
        let answer = form.request("POST", "/login", wrong);
        assert_eq!(answer.status, 422);
        assert_eq!(answer.header("set-cookie"), "", "a failure creates no session");
        assert!(answer.text.contains("The user name or the password is wrong."), "{}", answer.text);
        assert!(
            !answer.text.contains("a-good-password"),
            "a password is never sent back: {}",
            answer.text
        );
    }
    let again =
        form.request("POST", "/login", "username=Re%22der&password=wrong&next=%2Fsearch").text;
    assert!(
        again.contains("value=\"Re&quot;der\"") && again.contains("value=\"/search\""),
        "input is kept: {again}"
    );
    let reader = server.someone().signed_in("reader", "a-good-password");
    assert!(reader.get("/").text.contains("A Reader"));
    let other = server.someone().signed_in("reader", "a-good-password");
    let hash = tidemark::server::accounts::passwords::hash_password("another-password").unwrap();
    assert!(
        server
            .run(tidemark::server::accounts::set_password(
                &server.stores.database,
                &server.stores.sessions,
                "reader",
                &hash
            ))
            .unwrap()
    );
    assert!(!other.get("/").text.contains("A Reader"), "a new password ends every session");
    let reader = server.someone().signed_in("reader", "another-password");
    let answer = reader.request("POST", "/logout", "");
    let forgets = answer.header("clear-site-data");
    assert_eq!((answer.status, forgets), (303, "\"storage\""), "the browser forgets what was read");
    assert!(!reader.get("/").text.contains("A Reader"), "the old cookie is invalid");
    let sessions = match &server.redis {
        None => server.number("SELECT count(*) FROM sessions WHERE ? = ''", ""),
        Some(redis) => {
            redis.command(&["KEYS", "tm:{sessions}:*"]).lines().count().try_into().unwrap()
        }
    };
    assert_eq!(sessions, 0);
}

#[test]
fn front_matter_is_shown_as_text() {
    let server = TestServer::start();
    let evil = "</title><script>x</script><meta http-equiv=refresh content=0>&lt;\\\"'";
    let file = source("evil", &format!("description = \"{evil}\"\ntags = [\"{evil}\"]"), "text");
    let file = SourceFile {
        text: file.text.replace("Title of evil", evil).replace("Jo Doe", evil),
        ..file
    };
    let report =
        server.run(import(&server.database, &server.clock, vec![file], Report::default())).unwrap();
    assert_eq!(report.created, 1, "{report:?}");
    let author = server.someone().get("/api/v1/articles?per-page=1").json();
    let of =
        |kind: &str, key: &str| author["articles"][0][kind][0][key].as_str().unwrap().to_owned();
    let (username, tag) = (of("authors", "username"), of("tags", "slug"));
    for path in [
        "/".to_owned(),
        "/articles/evil".into(),
        format!("/authors/{username}"),
        format!("/tags/{tag}"),
        format!("/search?q={}", "%3C/title%3E%3Cscript%3Ex%3C/script%3E"),
    ] {
        let answer = server.someone().get(&path);
        assert_eq!(answer.status, 200, "{path}");
        assert!(
            !answer.text.contains("<script>x") && !answer.text.contains("<meta http-equiv"),
            "{path}: {}",
            answer.text
        );
    }
    assert!(!server.someone().get("/feed.xml").text.contains("<script>x"));
    let files = vec![source("control", "", "a\u{1}b")];
    server.run(import(&server.database, &server.clock, files, Report::default())).unwrap();
    eventually(&server, "/feed.xml", |feed| feed.text.contains("&lt;p&gt;ab&lt;/p&gt;"));
}

#[test]
fn the_chosen_theme_is_in_the_first_answer() {
    let server = TestServer::start();
    let html = |cookie: &str| server.someone().with("cookie", cookie).get("/").text;
    assert!(html("theme=dark").contains("data-theme=\"dark\""));
    assert!(html("a=b; theme=light").contains("data-theme=\"light\""));
    assert!(!html("theme=\"><script>").contains("data-theme"));
    assert!(!html("a=b").contains("data-theme"));
}

#[test]
fn each_reader_gets_the_page_in_their_language_also_from_the_cache() {
    let server = TestServer::start();
    let spoken = [
        ("en-GB,en;q=0.9", "lang=\"en\"", "0 views", "No views in this period yet."),
        ("zh-CN,zh;q=0.9,en;q=0.8", "lang=\"zh-Hans\"", "0 次浏览", "这段时间还没有浏览。"),
        ("ru", "lang=\"ru\"", "0 просмотров", "За этот период просмотров ещё не было."),
        ("de", "lang=\"en\"", "0 views", "No views in this period yet."),
    ];
    for path in ["/", "/articles/first", "/archive", "/search?q=text", "/most-viewed", "/counting"]
    {
        let mut etags = Vec::new();
        for _ in 0..2 {
            for (accepted, language, views, ranking) in spoken {
                let reader = server.someone().with("accept-language", accepted);
                let page = reader.get(path);
                assert_eq!(page.status, 200, "{path}");
                let start = &page.text[..page.text.find("<head>").unwrap()];
                assert!(start.contains(language), "{path} {accepted}: {start}");
                assert!(page.text.contains(ranking), "{path} {accepted}: {}", page.text);
                let has_count = ["/", "/articles/first", "/search?q=text"].contains(&path);
                assert!(!has_count || page.text.contains(views), "{path}: {}", page.text);
                let vary = page.header("vary");
                assert!(vary.ends_with("accept-language, cookie"), "{path}: {vary}");
                if path != "/counting" {
                    etags.push((accepted, page.header("etag").to_owned()));
                }
            }
        }
        let of = |accepted: &str| etags.iter().find(|(one, _)| *one == accepted);
        assert!(path == "/counting" || of("ru").unwrap().1 != of("de").unwrap().1, "{path}");
    }
}

#[test]
fn a_reader_chooses_a_language_and_comes_back_to_the_page() {
    let server = TestServer::with(&[("TIDEMARK_SITE__LANGUAGE", "ru")]);
    assert!(server.someone().get("/").text.contains("Популярное"));
    let page = "http://127.0.0.1:3000/search?q=text&sort=views";
    let reader = server.someone().with("referer", page);
    let answer = reader.post("/language", "language=zh");
    assert_eq!((answer.status, answer.header("location")), (303, "/search?q=text&sort=views"));
    let cookie = answer.header("set-cookie");
    for part in ["language=zh", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=31536000"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let reader = server.someone().with("cookie", "language=zh").with("accept-language", "en");
    assert!(reader.get("/").text.contains("热门文章"));
    assert!(reader.get("/nothing-here").text.contains("这里什么也没有"));

    for referer in ["https://evil.example//evil.example/x", "//evil.example", "nothing", ""] {
        let answer = server.someone().with("referer", referer).post("/language", "language=en");
        let location = answer.header("location");
        assert!(location.starts_with('/') && !location.starts_with("//"), "{location}");
    }
    let form = server.someone().with("referer", "http://127.0.0.1:3000/language");
    assert_eq!(form.post("/language", "language=en").header("location"), "/");
    for body in ["language=tlh", "language=", "", "language=en%0d%0aset-cookie:a=b"] {
        let answer = server.someone().post("/language", body);
        assert_eq!((answer.status, answer.header("set-cookie")), (400, ""), "{body}");
    }
    let foreign = server.someone().with("sec-fetch-site", "cross-site");
    assert_eq!(foreign.post("/language", "language=en").status, 403);
}

#[test]
fn a_reader_of_another_language_gets_the_texts_of_the_script() {
    let server = TestServer::start();
    let page = |language: &str| server.someone().with("accept-language", language).get("/").text;
    assert!(!page("en").contains("site-texts"));
    let russian = page("ru");
    let texts = russian.split_once("id=\"site-texts\"").unwrap().1;
    let texts = texts.split_once('>').unwrap().1.split_once("</script>").unwrap().0;
    let texts: serde_json::Value = serde_json::from_str(texts).unwrap();
    assert_eq!(texts["copied"], "Скопировано");
    let script = include_str!("../../browser/reading.js");
    for name in texts.as_object().unwrap().keys() {
        let is_used = script.contains(&format!("text('{name}'"))
            || script.contains(&format!("TEXTS.{name}"))
            || name.starts_with("error-");
        assert!(is_used, "the script has no {name}");
    }
}

#[test]
fn an_articles_text_cannot_have_an_id_of_its_page() {
    let server = TestServer::start();
    for language in ["en", "ru"] {
        // The text has no headings, so all ids are the site's.
        let page = server.someone().with("accept-language", language).get("/articles/first").text;
        let ids: Vec<&str> = page
            .split(" id=\"")
            .skip(1)
            .filter_map(|rest| rest.split_once('"'))
            .map(|(id, _)| id)
            .collect();
        assert!(ids.contains(&"site-content"), "{ids:?}");
        for id in ids {
            let html = render(&format!("<p id=\"{id}\">x</p>")).html;
            assert!(!html.contains("id="), "{language}: {html}");
        }
    }
}

#[test]
fn feed_and_sitemap_list_the_articles_and_robots_names_the_sitemap() {
    let server = TestServer::with(&[("TIDEMARK_SITE__BASE_URL", "https://blog.example")]);
    let feed = server.someone().get("/feed.xml");
    assert_eq!(feed.header("content-type"), "application/atom+xml; charset=utf-8");
    assert!(feed.text.contains("https://blog.example/articles/first"), "{}", feed.text);
    assert!(feed.text.contains("The &lt;em&gt;first&lt;/em&gt; text."), "{}", feed.text);
    assert!(!feed.text.contains("unpublished"));
    let index = server.someone().get("/sitemap.xml").text;
    let part = "https://blog.example/sitemap.xml?part=articles-0";
    assert!(index.contains(&format!("<loc>{part}</loc>")), "{index}");
    let sitemap = server.someone().get("/sitemap.xml?part=articles-0").text;
    assert!(sitemap.contains("<loc>https://blog.example/articles/second</loc>"), "{sitemap}");
    assert!(server.someone().get("/robots.txt").text.contains("https://blog.example/sitemap.xml"));
}

/// Fails on anything that a strict XML parser would reject.
fn assert_well_formed(xml: &str) {
    let is_allowed = |character: char| matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert!(xml.chars().all(is_allowed), "{xml}");
    let mut reader = quick_xml::Reader::from_str(xml);
    reader.config_mut().check_end_names = true;
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("{error}: {xml}")) {
            quick_xml::events::Event::Eof => return,
            quick_xml::events::Event::GeneralRef(reference) => {
                let name = std::str::from_utf8(&reference).unwrap();
                assert!(
                    name.starts_with('#') || ["amp", "lt", "gt", "quot", "apos"].contains(&name),
                    "&{name}; {xml}"
                );
            }
            _ => {}
        }
    }
}

#[test]
fn a_feed_is_well_formed_whatever_an_article_contains() {
    let base = "https://blog.example/a&b";
    let server = TestServer::with(&[
        ("TIDEMARK_SITE__BASE_URL", base),
        ("TIDEMARK_SITE__TITLE", "One \u{8} & <two>"),
    ]);
    let evil = r"a\u0008b\uFFFFc & <d> ]]>";
    let file = source(
        "evil",
        &format!("description = \"{evil}\"\ntags = [\"{evil}\"]"),
        "Text \u{8}\u{ffff} &amp; <b>x</b>",
    );
    let file = SourceFile {
        text: file.text.replace("Title of evil", evil).replace("Jo Doe", evil),
        ..file
    };
    let report =
        server.run(import(&server.database, &server.clock, vec![file], Report::default())).unwrap();
    assert_eq!(report.created, 1, "{report:?}");
    server.add_user_with_role("boss", "a-good-password", Role::Admin);
    let boss = server.someone().signed_in("boss", "a-good-password");
    let form = "title=T%08%EF%BF%BF&slug=typed&tags=t%08&markdown=x%08%EF%BF%BF&summary=s%08&cover=&intent=publish";
    assert_eq!(boss.post("/studio/new", form).status, 303);
    for path in ["/feed.xml", "/feed.rss", "/feed.json", "/sitemap.xml?part=articles-0"] {
        let answer = server.someone().get(path);
        assert_eq!(answer.status, 200, "{path}");
        assert!(
            answer.text.contains("/articles/typed") && answer.text.contains("/articles/evil"),
            "{}",
            answer.text
        );
        match path {
            "/feed.json" => assert!(answer.json()["items"].is_array()),
            _ => assert_well_formed(&answer.text),
        }
    }
    assert_well_formed(&server.someone().get("/sitemap.xml").text);
    // Stored like this by an older version. Removing characters for the feed must not turn the rest
    // into an address that runs a script.
    server.execute(
        "UPDATE articles SET html = concat('<p>', char(11), '<a href=java', char(8), 'script:x>c</a></p>') WHERE slug = 'typed'",
    );
    server.execute("UPDATE content_version SET version = version + 1");
    eventually(&server, "/feed.xml", |feed| {
        feed.text.contains("&lt;p&gt;&lt;a&gt;c&lt;/a&gt;&lt;/p&gt;")
    });
    let feed = server.someone().get("/feed.xml").text;
    assert_well_formed(&feed);
    assert!(!feed.contains("javascript:"), "{feed}");
    let articles = server.someone().get("/api/v1/articles").json().to_string();
    assert!(articles.contains("abc & <d> ]]>"), "the rest of the text is kept: {articles}");
    assert!(
        !articles.contains("\\b") && !articles.contains('\u{ffff}'),
        "nothing of it is stored: {articles}"
    );
}

#[test]
fn an_empty_blog_says_that_nothing_is_published_yet() {
    let server = TestServer::start();
    server.execute("UPDATE articles SET deleted_at = 1");
    let answer = server.someone().get("/");
    assert_eq!(answer.status, 200);
    assert!(answer.text.contains("Nothing published yet"), "{}", answer.text);
}

#[test]
fn reading_pages_load_no_wasm_and_only_the_editor_does() {
    let server = TestServer::start();
    server.add_user_with_role("writer", "a-good-password", Role::Author);
    let (someone, writer) =
        (server.someone(), server.someone().signed_in("writer", "a-good-password"));
    let reading = [
        "/",
        "/articles/first",
        "/tags/sea",
        "/authors/jo-doe",
        "/most-viewed",
        "/search?q=text",
        "/nothing",
    ];
    for path in reading.into_iter().chain(["/login"]) {
        without_library(&someone.get(path), path);
    }
    for path in reading.into_iter().chain([
        "/account",
        "/collects",
        "/following",
        "/studio",
        "/studio/pictures",
    ]) {
        without_library(&writer.get(path), path);
    }
    let editor = writer.get("/studio/new");
    assert!(editor.text.contains("\"pkg\", \"tidemark"), "{}", editor.text);
    assert!(editor.header("content-security-policy").contains("'wasm-unsafe-eval'"));
    // Authors get the same script as readers.
    assert!(editor.text.contains("src=\"/pkg/reading."), "{}", editor.text);
}

/// Asserts that a page loads only the script for reading and that its policy allows no other.
fn without_library(answer: &Answer, path: &str) {
    let Answer { text, .. } = answer;
    // Structured data is no script, although it is in such an element.
    let data = text.matches("<script type=\"application/ld+json\"").count();
    assert_eq!(text.matches("<script").count() - data, 1, "{path}: {text}");
    assert!(text.contains("<script type=\"module\" src=\"/pkg/reading."), "{path}: {text}");
    assert!(!text.contains("wasm") && !text.contains("leptos-island"), "{path}: {text}");
    let policy = answer.header("content-security-policy");
    assert!(policy.contains("script-src 'self' 'nonce-"), "{path}: {policy}");
}

#[test]
fn the_reading_script_has_the_servers_messages_and_names() {
    let script = include_str!("../../browser/reading.js");
    for error in [Error::Unauthorized, Error::TooLarge, Error::Unavailable, Error::Internal] {
        let (name, words) = (format!("{error:?}: "), error.to_string());
        let quoted = [format!("{name}'{words}'"), format!("{name}\"{words}\"")];
        assert!(quoted.iter().any(|line| script.contains(line)), "{quoted:?}");
    }
    for theme in [Theme::Light, Theme::Dark] {
        assert!(script.contains(&format!("'{}'", theme.name())));
    }
    assert!(script.contains(&format!("`{THEME_COOKIE}=${{theme}};")));
    // The script builds its addresses: `record-view`, and `set-` followed by the kind of button.
    for route in ROUTES
        .iter()
        .filter(|route| route.method == "PUT" && route.path.starts_with("/api/islands/"))
    {
        let name = route.path.trim_start_matches("/api/islands/");
        assert!(name.starts_with("set-") || script.contains(&format!("'{name}'")), "{name}");
    }
    let reactions = [
        Reaction::Like(ArticleId(1)),
        Reaction::Collect(ArticleId(1)),
        Reaction::Follow(String::new()),
    ];
    for field in reactions.map(|reaction| reaction.field()) {
        let path = format!("/api/islands/set-{field}");
        assert!(ROUTES.iter().any(|route| route.path == path), "{path}");
    }
}

#[test]
fn the_page_about_counting_has_the_settings_and_what_was_not_counted() {
    let mut server = TestServer::with(&[("TIDEMARK_VIEWS__WINDOW", "30m")]);
    let view = format!("/api/v1/articles/{}/view", server.id("first"));
    for _ in 0..3 {
        assert_eq!(server.someone().request("PUT", &view, "").status, 200);
    }
    server.job(Job::Flush);
    let page = server.someone().get("/counting");
    assert_eq!(page.status, 200);
    for part in [
        "every 30 minutes",
        "Views counted on this blog: 1<",
        "The same reader again</th><td>2</td>",
    ] {
        assert!(page.text.contains(part), "{part}: {}", page.text);
    }
    // What the first process had gathered, it writes when it stops.
    server.restart();
    eventually(&server, "/counting", |page| {
        page.text.contains("The same reader again</th><td>2</td>")
    });
}

#[test]
fn an_article_explains_its_count_with_the_views_of_the_last_24_hours() {
    let server = TestServer::start();
    let view = format!("/api/v1/articles/{}/view", server.id("first"));
    assert_eq!(server.someone().request("PUT", &view, "").status, 200);
    server.job(Job::Flush);
    for _ in 0..2 {
        let page = server.someone().get("/articles/first");
        let explained = page.text.split_once("Last 24 hours: ").unwrap().1;
        assert!(explained.starts_with("1 view<"), "{explained:.40}");
        assert_eq!(page.text.matches("popovertarget=\"how-counted\"").count(), 2);
        assert!(page.text.contains("every 10 minutes"));
    }
}
