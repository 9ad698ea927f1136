//! The JSON API: its answers and its errors.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tidemark::server::http::api_docs::DESCRIPTION;
use tidemark::server::http::json_api::PREFIX;
use tidemark::server::http::routes::ROUTES;

use crate::harness::{Answer, FIREFOX, TestServer};

fn assert_problem(answer: &Answer, status: u16, said: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/problem+json", "{answer:?}");
    let problem = answer.json();
    assert_eq!(problem["status"], status, "{problem}");
    assert!(problem["title"].is_string(), "{problem}");
    assert!(
        problem["detail"].as_str().unwrap_or_default().contains(said),
        "{problem} does not contain {said:?}"
    );
}

#[test]
fn a_server_function_without_its_parameters_gets_a_bad_request() {
    let server = TestServer::start();
    for path in ["/api/pages/article", "/api/pages/tag?page=1", "/api/pages/author?name=x"] {
        let answer = server.someone().get(path);
        assert_eq!(
            (answer.status, answer.text.contains("BadRequest")),
            (400, true),
            "{path}: {}",
            answer.text
        );
    }
    let answer = server.someone().request("PUT", "/api/islands/record-view", "");
    assert_eq!(answer.status, 400, "{}", answer.text);
    assert_eq!(server.someone().get("/api/pages/article?slug=nothing").status, 404);
    assert_eq!(server.someone().get("/api/pages/home?page=x").status, 404);
}

#[test]
fn every_reading_page_has_a_server_function_that_returns_what_it_shows() {
    let server = TestServer::start();
    for (path, at, expected) in [
        ("/api/pages/home", "/content/articles/items/0/slug", "second"),
        (
            "/api/pages/article?slug=first",
            "/content/article/html",
            "<p>The <em>first</em> text.</p>\n",
        ),
        ("/api/pages/tag?tag=land", "/content/tag/name", "Land"),
        ("/api/pages/author?username=jo-doe", "/content/author/name", "Jo Doe"),
        ("/api/pages/most-viewed?window=7d", "/content/ranking/window", "7d"),
        ("/api/pages/tags", "/content/tags/0/0/slug", "land"),
        ("/api/pages/authors", "/content/authors/0/0/username", "jo-doe"),
        ("/api/pages/archive", "/content/articles/items/0/slug", "second"),
        ("/api/pages/search?q=second", "/content/hits/items/0/slug", "second"),
    ] {
        let answer = server.someone().get(path).json();
        assert_eq!(answer.pointer(at), Some(&json!(expected)), "{path}: {answer}");
        // The page of the ranking has it once.
        let has_sidebar = !path.starts_with("/api/pages/most-viewed");
        let sidebar = answer.pointer("/frame/sidebar/Rankings/0/window");
        assert_eq!(sidebar.is_some(), has_sidebar, "{path}: {answer}");
    }
}

#[test]
fn a_list_has_its_page_and_everything_a_reader_may_see() {
    let server = TestServer::start();
    let answer = server.someone().get("/api/v1/articles?page=1&per-page=1").json();
    assert_eq!(
        (&answer["page"], &answer["pages"], &answer["total"]),
        (&json!(1), &json!(2), &json!(2))
    );
    let article = &answer["articles"][0];
    assert_eq!(article["slug"], "second", "on the same day, the later one comes first");
    assert_eq!(
        article["tags"],
        json!([{ "slug": "sea", "name": "Sea" }, { "slug": "land", "name": "Land" }])
    );
    assert_eq!(
        article["authors"],
        json!([{ "username": "jo-doe", "name": "Jo Doe", "about": "", "avatar": null }])
    );
    assert_eq!(article["published_at"], "2026-11-01T00:00:00Z");
    assert_eq!(
        (&article["views"], &article["likes"], &article["collects"]),
        (&json!(0), &json!(0), &json!(0))
    );
    assert!(article.get("html").is_none());
}

#[test]
fn a_list_can_be_filtered_by_tag_or_author() {
    let server = TestServer::start();
    let total = |query: &str| {
        server.someone().get(&format!("/api/v1/articles?{query}")).json()["total"].clone()
    };
    assert_eq!(total("tag=sea"), 2);
    assert_eq!(total("tag=land"), 1);
    assert_eq!(total("tag=none"), 0);
    assert_eq!(total("author=jo-doe"), 2);
    assert_eq!(total("author=nobody&tag=sea"), 0);
    assert_eq!(server.someone().get("/api/v1/articles?page=9").json()["articles"], json!([]));
}

#[test]
fn many_articles_are_looked_up_at_once_by_number_or_path() {
    let server = TestServer::start();
    let (first, second) = (server.id("first"), server.id("second"));
    let unpublished = server.id("unpublished");
    assert_eq!(server.someone().view(first).json()["counted"], true);
    let get = |query: &str| server.someone().get(&format!("/api/v1/articles?{query}"));
    let slugs = |query: &str| {
        let articles = get(query).json()["articles"].as_array().unwrap().clone();
        articles.iter().map(|one| one["slug"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(slugs(&format!("ids={second},{first}")), ["second", "first"]);
    assert_eq!(slugs(&format!("ids={first},999999,{unpublished},{first}")), ["first"]);
    assert_eq!(
        slugs("paths=/articles/second,/articles/nothing,/articles/first"),
        ["second", "first"]
    );
    assert_eq!(slugs(&format!("ids={second}&paths=%2Farticles%2Ffirst")), ["second", "first"]);
    assert_eq!(slugs("ids=999999"), [""; 0]);
    let answer = get(&format!("ids={first}")).json();
    assert_eq!(answer["articles"][0]["views"], 1, "with the count of this moment");
    assert_eq!(
        (&answer["page"], &answer["pages"], &answer["total"]),
        (&json!(1), &json!(1), &json!(1))
    );
    let hundred = |one: &str, count: usize| vec![one; count].join(",");
    assert_eq!(get(&format!("ids={}", hundred("9007199254740991", 100))).status, 200);
    assert_eq!(get(&format!("paths={}", hundred("/articles/first", 100))).status, 200);
    for (query, said) in [
        ("ids=".to_owned(), "ids"),
        ("ids=1,".into(), "ids"),
        ("ids=x".into(), "ids"),
        ("ids=-1".into(), "ids"),
        ("ids=%2B1".into(), "ids"),
        ("ids=0".into(), "ids"),
        ("ids=99999999999999999999".into(), "ids"),
        (format!("ids={}", hundred("1", 101)), "100"),
        ("paths=".into(), "paths"),
        ("paths=first".into(), "paths"),
        ("paths=/articles/".into(), "paths"),
        ("paths=/articles/a/b".into(), "paths"),
        (format!("paths=/articles/{}", "x".repeat(256)), "paths"),
        (format!("paths={}", hundred("/articles/a", 101)), "100"),
        (format!("ids={first}&page=0"), "page"),
    ] {
        assert_problem(&get(&query), 400, said);
    }
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
fn every_bad_request_gets_a_problem_that_explains_it() {
    let server = TestServer::start();
    let reader = server.someone();
    assert_problem(&reader.get("/api/v1/articles/999"), 404, "999");
    assert_problem(
        &reader.get(&format!("/api/v1/articles/{}", server.id("unpublished"))),
        404,
        "published",
    );
    assert_problem(&reader.get("/api/v1/articles/one"), 400, "one");
    assert_problem(&reader.get("/api/v1/articles/99999999999999999999"), 400, "9999");
    assert_problem(&reader.get("/api/v1/articles?page=0"), 400, "page");
    assert_problem(&reader.get("/api/v1/articles?page=x"), 400, "page");
    assert_problem(&reader.get("/api/v1/articles?page=-1"), 400, "page");
    assert_problem(&reader.get("/api/v1/articles?page=1000000001"), 400, "page");
    assert_problem(&reader.get("/api/v1/articles?page=1&page=2"), 400, "page");
    assert_problem(&reader.get("/api/v1/articles?per-page=101"), 400, "per-page");
    assert_problem(&reader.get(&format!("/api/v1/articles?tag={}", "x".repeat(256))), 400, "tag");
    assert_problem(
        &reader.get(&format!("/api/v1/articles?author={}", "%F0%9F%8C%8A".repeat(256))),
        400,
        "author",
    );
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
    assert_eq!(server.someone().view(id).json()["views"], 1, "this is the first view");
    let script = server.someone().with("content-type", "application/x-www-form-urlencoded");
    assert_problem(&script.announce("PUT", "/api/islands/record-view", 20_000), 413, "too large");
    assert_eq!(
        server.reader("192.0.2.8", "Mozilla/5.0 Gecko").request("PUT", &path, "{}").json()["views"],
        2
    );
}

#[test]
fn health_and_readiness_are_reported() {
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
            let client = server
                .someone()
                .with(name, value)
                .with("content-type", "application/x-www-form-urlencoded");
            let answer =
                client.request(method, &path, &format!("article={id}&username=a&password=b"));
            assert_eq!(answer.status, 403, "{method} {path} with {name}: {value} was {answer:?}");
        }
    }
    assert_eq!(server.counted_anywhere(), 0);
}

#[test]
fn any_text_within_the_limit_works_as_a_tag_or_author_filter() {
    let server = TestServer::start();
    let longest = "%F0%9F%8C%8A".repeat(255);
    for value in
        ["", "%00", "a%00b", "%FF", "%ED%A0%80", "'%22;--", "%25", "%E2%80%AE", longest.as_str()]
    {
        for name in ["tag", "author"] {
            let answer =
                server.someone().get(&format!("/api/v1/articles?{name}={value}&other={value}"));
            assert_eq!(
                (answer.status, &answer.json()["total"]),
                (200, &json!(0)),
                "{name}={value}"
            );
        }
    }
    for value in
        ["%00", "%FF", "%2F", "1%2Fview", "%2B", "1e3", "1.0", "null", "9223372036854775808"]
    {
        assert_problem(
            &server.someone().get(&format!("/api/v1/articles/{value}")),
            400,
            "address is invalid",
        );
        let view = format!("/api/v1/articles/{value}/view");
        assert_problem(&server.someone().request("PUT", &view, ""), 400, "address is invalid");
    }
    for value in ["0", "-1", "9007199254740991", "9223372036854775807"] {
        assert_problem(&server.someone().get(&format!("/api/v1/articles/{value}")), 404, value);
    }
}

#[test]
fn an_api_address_refuses_other_methods_and_lists_its_own() {
    let server = TestServer::start();
    let id = server.id("first");
    for (path, allowed) in [
        ("/api/v1/articles".to_owned(), "GET"),
        ("/api/v1/articles/most-viewed".to_owned(), "GET"),
        (format!("/api/v1/articles/{id}"), "GET"),
        (format!("/api/v1/articles/{id}/view"), "PUT"),
        (DESCRIPTION.to_owned(), "GET"),
    ] {
        for method in ["GET", "PUT", "POST", "DELETE", "OPTIONS", "PATCH", "TRACE"] {
            if method == allowed {
                continue;
            }
            let answer = server.someone().request(method, &path, "");
            assert_problem(&answer, 405, method);
            let told: BTreeSet<&str> = answer.header("allow").split(',').map(str::trim).collect();
            let expected = if allowed == "GET" {
                BTreeSet::from(["GET", "HEAD"])
            } else {
                BTreeSet::from([allowed])
            };
            assert_eq!(told, expected, "{method} {path}");
        }
    }
    assert_eq!(server.counted_anywhere(), 0);
}

#[test]
fn an_unknown_api_address_gets_a_problem_even_if_the_database_is_down() {
    let server = TestServer::start();
    server.execute("ALTER TABLE article_aliases RENAME TO gone");
    assert_problem(&server.someone().get("/api/v1/nothing"), 404, "/nothing");
}

/// The OpenAPI description, and its operations by method and path.
fn described(server: &TestServer) -> (Value, Vec<(String, String, Value)>) {
    let description = server.someone().get(DESCRIPTION).json();
    let mut operations = Vec::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            operations.push((method.to_uppercase(), path.clone(), operation.clone()));
        }
    }
    (description, operations)
}

#[test]
fn the_description_has_every_api_route_and_nothing_else() {
    let server = TestServer::start();
    let (_, operations) = described(&server);
    let described: BTreeSet<String> =
        operations.iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    let routes = ROUTES
        .iter()
        .filter(|route| route.path.starts_with(PREFIX) && route.path != "/api/v1/nothing");
    let routes: BTreeSet<String> =
        routes.map(|route| format!("{} {}", route.method, route.path)).collect();
    assert_eq!(described, routes);
}

#[test]
fn the_description_is_complete_openapi_3_1() {
    let server = TestServer::start();
    let (description, operations) = described(&server);
    assert_eq!(description["openapi"], "3.1.0");
    assert_eq!(description["info"]["version"], env!("CARGO_PKG_VERSION"));
    let text = description.to_string();
    let references: Vec<&str> =
        text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(references.len() > 10, "{references:?}");
    for reference in references {
        assert!(description.pointer(reference).is_some(), "{reference} leads nowhere");
    }
    let ids: BTreeSet<&str> =
        operations.iter().filter_map(|(.., told)| told["operationId"].as_str()).collect();
    assert_eq!(ids.len(), operations.len(), "each has an id of its own: {ids:?}");
    for (method, path, told) in &operations {
        let name = format!("{method} {path}");
        assert!(!told["summary"].as_str().unwrap().is_empty(), "{name}");
        let places = path.matches('{').count();
        let parameters = told["parameters"].as_array().cloned().unwrap_or_default();
        assert_eq!(
            parameters.iter().filter(|parameter| parameter["in"] == "path").count(),
            places,
            "{name}"
        );
        for parameter in &parameters {
            assert!(!parameter["description"].as_str().unwrap().is_empty(), "{name}: {parameter}");
            assert_eq!(parameter["required"], parameter["in"] == "path", "{name}: {parameter}");
        }
        let responses = told["responses"].as_object().unwrap();
        for status in ["200", "405", "500", "503"] {
            assert!(responses.contains_key(status), "{name} does not list {status}");
        }
        for (status, response) in responses {
            assert!(!response["description"].as_str().unwrap().is_empty(), "{name}: {status}");
            let types: Vec<&String> = response["content"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, _)| name)
                .collect();
            let expected: &[&str] = match status.as_str() {
                "200" => &["application/json"],
                "304" | "431" => &[],
                _ => &["application/problem+json"],
            };
            assert_eq!(types, expected, "{name}: {status}");
        }
        assert!(responses["405"]["headers"]["Allow"].is_object(), "{name}");
        assert!(responses["503"]["headers"]["Retry-After"].is_object(), "{name}");
    }
}

#[test]
fn the_limits_in_the_description_are_enforced() {
    let server = TestServer::start();
    let (_, operations) = described(&server);
    let mut tried = 0;
    for (_, path, told) in operations.iter().filter(|(_, path, _)| !path.contains('{')) {
        for parameter in told["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap();
            let schema = &parameter["schema"];
            let mut values = Vec::new();
            if let (Some(least), Some(most)) =
                (schema["minimum"].as_i64(), schema["maximum"].as_i64())
            {
                values.extend(
                    [(least, 200), (most, 200), (least - 1, 400), (most + 1, 400)].map(with_text),
                );
            }
            if let Some(longest) = schema["maxLength"].as_u64() {
                let longest = usize::try_from(longest).unwrap();
                values.extend([("x".repeat(longest), 200), ("x".repeat(longest + 1), 400)]);
            }
            for choice in schema["enum"].as_array().into_iter().flatten() {
                let choice = choice.as_str().unwrap();
                values.extend([(choice.to_owned(), 200), (format!("{choice}x"), 400)]);
            }
            if let Some(pattern) = schema["pattern"].as_str() {
                // A list: so many of the longest items, and one more or a longer one.
                let item = match name {
                    "ids" => "9".repeat(16),
                    _ => format!("/articles/{}", "x".repeat(255)),
                };
                let list = |count: usize| vec![item.as_str(); count].join(",");
                assert!(pattern.ends_with("){0,99}$"), "{pattern}");
                // The longest list of paths does not fit into a request.
                let most = if name == "ids" { 100 } else { 50 };
                let short = vec!["/articles/x"; 101].join(",");
                values.extend([
                    (list(most), 200),
                    (if name == "ids" { list(101) } else { short }, 400),
                    (format!("{item}1"), 400),
                    (String::new(), 400),
                ]);
            }
            assert!(!values.is_empty(), "{path}: {parameter} has no limits");
            for (value, expected) in values {
                let answer = server.someone().get(&format!("{path}?{name}={value}"));
                assert_eq!(answer.status, expected, "{path}?{name}={value}: {}", answer.text);
                tried += 1;
            }
        }
    }
    assert!(tried > 20, "{tried}");
}

fn with_text((value, status): (i64, u16)) -> (String, u16) {
    (value.to_string(), status)
}

/// The ways in which a value violates a schema of the description, one line each. `at` is the
/// value's JSON pointer.
fn differences(description: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut found = mismatches(description, schema, value, at);
    let known = properties(description, schema);
    let unknown =
        value.as_object().into_iter().flatten().filter(|(name, _)| !known.contains(name.as_str()));
    if !known.is_empty() {
        found.extend(unknown.map(|(name, _)| format!("{at}/{name} is not described")));
    }
    found
}

/// The names of a schema's properties, including those from `allOf`.
fn properties<'a>(description: &'a Value, schema: &'a Value) -> BTreeSet<&'a str> {
    let schema = followed(description, schema);
    let own = schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    let parts = schema["allOf"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|part| properties(description, part));
    own.chain(parts).collect()
}

/// The schema, or the one that it refers to.
fn followed<'a>(description: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => description.pointer(reference.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}

/// As [`differences`], but unknown properties are allowed.
fn mismatches(description: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let schema = followed(description, schema);
    let mut found = Vec::new();
    for part in schema["allOf"].as_array().into_iter().flatten() {
        found.extend(mismatches(description, part, value, at));
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let fits = |choice: &&Value| mismatches(description, choice, value, at).is_empty();
        if choices.iter().filter(fits).count() != 1 {
            found.push(format!("{at}: {value} is not as one of {schema}"));
        }
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(name) => vec![name.as_str()],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => vec![],
    };
    let own = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if !types.is_empty() && !types.contains(&own) {
        found.push(format!("{at}: {value} is not {types:?}"));
    }
    if schema["enum"].as_array().is_some_and(|choices| !choices.contains(value)) {
        found.push(format!("{at}: {value} is none of {}", schema["enum"]));
    }
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.get(name).is_none() {
            found.push(format!("{at}/{name} is missing"));
        }
    }
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(value) = value.get(name) {
            found.extend(differences(description, schema, value, &format!("{at}/{name}")));
        }
    }
    for (index, value) in value.as_array().into_iter().flatten().enumerate() {
        found.extend(differences(description, &schema["items"], value, &format!("{at}/{index}")));
    }
    found
}

#[test]
fn api_answers_match_the_description() {
    let server = TestServer::start();
    let id = server.id("first");
    let (description, operations) = described(&server);
    let reader = server.reader("192.0.2.1", FIREFOX);
    let (one, view) = ("/api/v1/articles/{id}", "/api/v1/articles/{id}/view");
    for (method, path, address, status) in [
        ("GET", "/api/v1/articles", "/api/v1/articles".to_owned(), 200),
        ("GET", "/api/v1/articles", "/api/v1/articles?page=9".to_owned(), 200),
        ("GET", "/api/v1/articles", "/api/v1/articles?page=0".to_owned(), 400),
        ("GET", one, format!("/api/v1/articles/{id}"), 200),
        ("GET", one, "/api/v1/articles/one".to_owned(), 400),
        ("GET", one, "/api/v1/articles/999".to_owned(), 404),
        // A counted view, then a repeat.
        ("PUT", view, format!("/api/v1/articles/{id}/view"), 200),
        ("PUT", view, format!("/api/v1/articles/{id}/view"), 200),
        ("PUT", view, "/api/v1/articles/999/view".to_owned(), 404),
        (
            "GET",
            "/api/v1/articles/most-viewed",
            "/api/v1/articles/most-viewed?window=24h".to_owned(),
            200,
        ),
        ("GET", DESCRIPTION, DESCRIPTION.to_owned(), 200),
    ] {
        let answer = reader.request(method, &address, "");
        assert_eq!(answer.status, status, "{method} {address}: {answer:?}");
        let (_, _, told) =
            operations.iter().find(|(its, at, _)| its == method && at == path).unwrap();
        let response = &told["responses"][status.to_string().as_str()];
        let schema = &response["content"][answer.header("content-type")]["schema"];
        assert!(
            schema.is_object(),
            "{method} {address}: {} is not described",
            answer.header("content-type")
        );
        let found = differences(&description, schema, &answer.json(), "");
        assert!(found.is_empty(), "{method} {address}:\n{}\n{}", found.join("\n"), answer.text);
        for (name, _) in response["headers"].as_object().into_iter().flatten() {
            assert!(!answer.header(name).is_empty(), "{method} {address} has no {name}");
        }
    }
}

#[test]
fn answers_that_do_not_match_the_description_are_detected() {
    let description = json!({ "a": { "type": "object", "required": ["n"], "properties": { "n": { "type": "integer" } } } });
    let either = json!({ "oneOf": [{ "type": "null" }, { "$ref": "#/a" }] });
    for (schema, value, expected) in [
        (json!({ "$ref": "#/a" }), json!({ "n": 1 }), ""),
        (json!({ "$ref": "#/a" }), json!({ "n": "1" }), "/n: \"1\" is not [\"integer\"]"),
        (json!({ "$ref": "#/a" }), json!({}), "/n is missing"),
        (json!({ "$ref": "#/a" }), json!({ "n": 1, "m": 2 }), "/m is not described"),
        (
            json!({ "allOf": [{ "$ref": "#/a" }, { "properties": { "m": {} } }] }),
            json!({ "n": 1, "m": 2 }),
            "",
        ),
        (either.clone(), json!(null), ""),
        (either, json!(1), "is not as one of"),
        (json!({ "items": { "enum": ["x"] } }), json!(["x", "y"]), "/1: \"y\" is none of"),
    ] {
        let found = differences(&description, &schema, &value, "").join("\n");
        assert!(
            found.contains(expected) && found.is_empty() == expected.is_empty(),
            "{value}: {found}"
        );
    }
}

#[test]
fn the_description_is_not_sent_again_to_a_client_that_has_it() {
    let server = TestServer::start();
    let first = server.someone().get(DESCRIPTION);
    assert_eq!((first.status, first.header("content-type")), (200, "application/json"));
    assert_eq!(first.header("cache-control"), "public, no-cache");
    let etag = first.header("etag");
    assert!(etag.starts_with("W/\""), "{etag}");
    let again = server.someone().with("if-none-match", etag).get(DESCRIPTION);
    assert_eq!((again.status, again.text.as_str(), again.header("etag")), (304, "", etag));
    assert_eq!(again.header("cache-control"), "public, no-cache");
    let other = server.someone().with("if-none-match", "W/\"other\"").get(DESCRIPTION);
    assert_eq!((other.status, other.text), (200, first.text));
}

#[test]
fn the_api_page_has_a_form_for_each_operation() {
    let server = TestServer::start();
    let answer = server.someone().get("/docs/api");
    assert_eq!(answer.status, 200);
    assert!(answer.text.contains("/api-docs.js"), "{}", answer.text);
    let (_, operations) = described(&server);
    for (method, path, told) in operations {
        let id = told["operationId"].as_str().unwrap();
        for part in [
            format!("<code>{method} {path}</code>"),
            format!("action=\"/docs/api/{id}\""),
            format!("data-method=\"{method}\""),
            format!("data-path=\"{path}\""),
        ] {
            assert!(answer.text.contains(&part), "{part} is not in {}", answer.text);
        }
        for parameter in told["parameters"].as_array().into_iter().flatten() {
            let label = format!("<label for=\"{id}-{}\">", parameter["name"].as_str().unwrap());
            assert!(answer.text.contains(&label), "{label} is not in {}", answer.text);
        }
    }
    // Only a script can send a PUT.
    let view = answer.text.split("action=\"/docs/api/record-view\"").nth(1).unwrap();
    let tag = view.split('>').next().unwrap();
    assert!(tag.contains(" hidden"), "{tag}");
}

#[test]
fn without_javascript_a_form_of_the_api_page_leads_to_the_answer() {
    let server = TestServer::start();
    let id = server.id("first");
    let asked = format!("id={id}");
    for (form, typed, expected) in [
        (
            "list-articles",
            "page=&per-page=1&tag=sea&author=",
            "/api/v1/articles?per-page=1&tag=sea".to_owned(),
        ),
        ("list-most-viewed", "window=&limit=", "/api/v1/articles/most-viewed".to_owned()),
        ("get-article", asked.as_str(), format!("/api/v1/articles/{id}")),
        ("describe-api", "", DESCRIPTION.to_owned()),
    ] {
        let answer = server.someone().get(&format!("/docs/api/{form}?{typed}"));
        assert_eq!((answer.status, answer.header("location")), (303, expected.as_str()), "{form}");
        assert_eq!(server.someone().get(&expected).status, 200, "{form}");
    }
    for (form, status) in [
        ("get-article?id=", 400),
        ("get-article", 400),
        ("record-view?id=1", 404),
        ("nothing", 404),
        ("%FF", 400),
        ("get-article?id=//evil.example", 303),
    ] {
        let answer = server.someone().get(&format!("/docs/api/{form}"));
        assert_eq!(answer.status, status, "{form}: {}", answer.text);
        assert!(
            !answer.header("location").contains("//"),
            "{form} leads to {}",
            answer.header("location")
        );
    }
}

#[test]
fn the_api_manual_names_every_operation_and_every_reason() {
    let server = TestServer::start();
    let manual = include_str!("../../docs/API.md");
    let (description, operations) = described(&server);
    for (method, path, _) in operations {
        assert!(manual.contains(&format!("| `{method} {path}` |")), "{method} {path}");
    }
    let reasons = description["components"]["schemas"]["Reason"]["enum"].as_array().unwrap();
    assert!(reasons.len() > 3, "{reasons:?}");
    for reason in reasons {
        assert!(manual.contains(&format!("| `{}` |", reason.as_str().unwrap())), "{reason}");
    }
}
