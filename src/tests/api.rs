//! The JSON API: what it answers, and how it refuses.

use serde_json::json;

use crate::harness::{Answer, TestServer};

fn assert_problem(answer: &Answer, status: u16, said: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/problem+json", "{answer:?}");
    let problem = answer.json();
    assert_eq!(problem["status"], status, "{problem}");
    assert!(problem["title"].is_string(), "{problem}");
    assert!(problem["detail"].as_str().unwrap_or_default().contains(said), "{problem} does not say {said:?}");
}

#[test]
fn a_server_function_without_its_parameters_says_that_the_request_is_wrong() {
    let server = TestServer::start();
    for path in ["/api/pages/article", "/api/pages/tag?page=1", "/api/pages/author?name=x"] {
        let answer = server.someone().get(path);
        assert_eq!((answer.status, answer.text.contains("BadRequest")), (400, true), "{path}: {}", answer.text);
    }
    let answer = server.someone().request("PUT", "/api/islands/record-view", "");
    assert_eq!(answer.status, 400, "{}", answer.text);
    assert_eq!(server.someone().get("/api/pages/article?slug=nothing").status, 404);
    assert_eq!(server.someone().get("/api/pages/home?page=x").status, 404);
}

#[test]
fn every_page_for_reading_stands_as_a_function_that_answers_what_it_shows() {
    let server = TestServer::start();
    for (path, at, expected) in [
        ("/api/pages/home", "/content/articles/items/0/slug", "second"),
        ("/api/pages/article?slug=first", "/content/article/html", "<p>The <em>first</em> text.</p>\n"),
        ("/api/pages/tag?tag=land", "/content/tag/name", "Land"),
        ("/api/pages/author?username=jo-doe", "/content/author/name", "Jo Doe"),
        ("/api/pages/most-viewed?window=7d", "/content/ranking/window", "7d"),
        ("/api/pages/search?q=second", "/content/articles/items/0/slug", "second"),
    ] {
        let answer = server.someone().get(path).json();
        assert_eq!(answer.pointer(at), Some(&json!(expected)), "{path}: {answer}");
        assert!(answer.pointer("/frame/sidebar/Rankings/0/window").is_some(), "{path}: {answer}");
    }
}

#[test]
fn a_list_has_its_page_and_all_that_a_reader_may_know() {
    let server = TestServer::start();
    let answer = server.someone().get("/api/v1/articles?page=1&per-page=1").json();
    assert_eq!((&answer["page"], &answer["pages"], &answer["total"]), (&json!(1), &json!(2), &json!(2)));
    let article = &answer["articles"][0];
    assert_eq!(article["slug"], "second", "of one day the one that came later is first");
    assert_eq!(article["tags"], json!([{ "slug": "sea", "name": "Sea" }, { "slug": "land", "name": "Land" }]));
    assert_eq!(article["authors"], json!([{ "username": "jo-doe", "name": "Jo Doe" }]));
    assert_eq!(article["published_at"], "2026-11-01T00:00:00Z");
    assert_eq!((&article["views"], &article["likes"], &article["collects"]), (&json!(0), &json!(0), &json!(0)));
    assert!(article.get("html").is_none());
}

#[test]
fn a_list_can_be_of_a_tag_or_an_author() {
    let server = TestServer::start();
    let total = |query: &str| server.someone().get(&format!("/api/v1/articles?{query}")).json()["total"].clone();
    assert_eq!(total("tag=sea"), 2);
    assert_eq!(total("tag=land"), 1);
    assert_eq!(total("tag=none"), 0);
    assert_eq!(total("author=jo-doe"), 2);
    assert_eq!(total("author=nobody&tag=sea"), 0);
    assert_eq!(server.someone().get("/api/v1/articles?page=9").json()["articles"], json!([]));
}

#[test]
fn an_article_has_its_text() {
    let server = TestServer::start();
    let article = server.someone().get(&format!("/api/v1/articles/{}", server.id("first"))).json();
    assert_eq!(article["markdown"], "The *first* text.\n");
    assert_eq!(article["html"], "<p>The <em>first</em> text.</p>\n");
    assert_eq!(article["version"], 1);
}

#[test]
fn every_bad_request_gets_a_problem_that_says_what_is_wrong() {
    let server = TestServer::start();
    let reader = server.someone();
    assert_problem(&reader.get("/api/v1/articles/999"), 404, "999");
    assert_problem(&reader.get(&format!("/api/v1/articles/{}", server.id("unpublished"))), 404, "published");
    assert_problem(&reader.get("/api/v1/articles/one"), 400, "one");
    assert_problem(&reader.get("/api/v1/articles/99999999999999999999"), 400, "9999");
    assert_problem(&reader.get("/api/v1/articles?page=0"), 400, "page");
    assert_problem(&reader.get("/api/v1/articles?page=x"), 400, "page");
    assert_problem(&reader.get("/api/v1/articles?page=-1"), 400, "page");
    assert_problem(&reader.get("/api/v1/articles?per-page=101"), 400, "per-page");
    assert_problem(&reader.get("/api/v1/articles?per-page=0"), 400, "per-page");
    assert_problem(&reader.get("/api/v1/articles/most-viewed?window=1h"), 400, "24h");
    assert_problem(&reader.get("/api/v1/articles/most-viewed?limit=0"), 400, "limit");
    assert_problem(&reader.get("/api/v1/articles/most-viewed?limit=1000"), 400, "limit");
    assert_problem(&reader.get("/api/v1/nothing"), 404, "/nothing");
    assert_problem(&reader.get("/api/v1"), 404, "");
    assert_problem(&reader.request("PUT", "/api/v1/articles/x/view", ""), 400, "x");
    assert_problem(&reader.request("PUT", "/api/v1/articles/999/view", ""), 404, "999");
    let wrong_method = reader.request("DELETE", "/api/v1/articles/1", "");
    assert_problem(&wrong_method, 405, "DELETE");
    assert!(wrong_method.header("allow").contains("GET"), "{wrong_method:?}");
    assert_problem(&reader.get("/api/v1/articles/1/view"), 405, "GET");
}

#[test]
fn a_body_that_is_too_large_is_refused_and_nothing_is_counted() {
    let server = TestServer::start();
    let id = server.id("first");
    let path = format!("/api/v1/articles/{id}/view");
    assert_problem(&server.someone().announce("PUT", &path, 20_000), 413, "too large");
    assert_eq!(server.someone().view(id).json()["views"], 1, "this view is the first");
    let script = server.someone().with("content-type", "application/x-www-form-urlencoded");
    assert_problem(&script.announce("PUT", "/api/islands/record-view", 20_000), 413, "too large");
    assert_eq!(server.reader("192.0.2.8", "Mozilla/5.0 Gecko").request("PUT", &path, "{}").json()["views"], 2);
}

#[test]
fn health_and_readiness_are_told() {
    let server = TestServer::start();
    for path in ["/healthz", "/readyz"] {
        let answer = server.someone().get(path);
        assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"), "{path}");
    }
    server.execute("ALTER TABLE articles RENAME TO gone");
    assert_problem(&server.someone().get("/readyz"), 503, "database: does not answer");
    assert_eq!(server.someone().get("/healthz").status, 200, "the process itself is well");
}

#[test]
fn every_write_from_another_site_is_refused() {
    let server = TestServer::start();
    let id = server.id("first");
    let routes = [
        ("PUT", format!("/api/v1/articles/{id}/view")),
        ("PUT", "/api/islands/record-view".into()),
        ("POST", "/login".into()),
        ("POST", "/logout".into()),
    ];
    for (method, path) in routes {
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://evil.example"),
            ("origin", "null"),
        ] {
            let client = server.someone().with(name, value).with("content-type", "application/x-www-form-urlencoded");
            let answer = client.request(method, &path, &format!("article={id}&username=a&password=b"));
            assert_eq!(answer.status, 403, "{method} {path} with {name}: {value} was {answer:?}");
        }
    }
    assert_eq!(server.counted_anywhere(), 0);
}
