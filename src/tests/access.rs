//! Access control: every role on every route, and no write from another site.

use std::path::Path;

use axum::http::Method;
use leptos::server_fn::axum::server_fn_paths;
use tidemark::server::db::actor::Role;
use tidemark::server::http::router::undeclared;
use tidemark::server::http::routes::{ROUTES, Route};
use tidemark::server::request::access::Access;

use crate::harness::{Answer, Client, FIREFOX, TestServer};

const PASSWORD: &str = "a-good-password";

/// An address of a route, with things that exist. Users are the exception, so that nobody gets
/// blocked while a test goes through the table.
pub fn address(server: &TestServer, route: &Route) -> String {
    let query = match route.path {
        "/api/pages/article" => "?slug=first",
        "/api/pages/tag" => "?tag=sea",
        "/api/pages/author" => "?username=jo-doe",
        "/search" | "/api/pages/search" => "?q=text",
        "/oembed" => "?url=http://127.0.0.1:3000/articles/first",
        _ => "",
    };
    let path = route
        .path
        .replace("/{slug}", if route.path == "/{slug}" { "/no-such-page" } else { "/{slug}" })
        .replace("/authors/{username}", "/authors/jo-doe")
        .replace("/articles/{slug}", "/articles/first")
        .replace("{tag}", "sea")
        .replace("{username}", "nobody")
        .replace("/studio/pictures/{name}", "/studio/pictures/none.png")
        .replace("{name}", "none.png")
        .replace("{version}", "1")
        .replace("{operation}", "list-articles")
        .replace("{id}", &server.id("first").to_string());
    path + query
}

fn send(client: &Client, server: &TestServer, route: &Route) -> (u16, String) {
    let client = match route.method {
        "GET" => client.clone(),
        _ => client.with("content-type", "application/x-www-form-urlencoded"),
    };
    let answer = client.request(route.method, &address(server, route), "");
    (answer.status, answer.header("location").to_owned())
}

#[test]
fn every_role_reaches_exactly_what_the_table_says() {
    let server = TestServer::with(&[("TIDEMARK_ACCOUNTS__SIGN_UP", "open")]);
    for role in Role::ALL {
        server.add_user_with_role(role.as_str(), PASSWORD, role);
    }
    for role in [None, Some(Role::Reader), Some(Role::Author), Some(Role::Admin)] {
        let sign_in = || match role {
            None => server.someone(),
            Some(role) => server.someone().signed_in(role.as_str(), PASSWORD),
        };
        let mut client = sign_in();
        for route in ROUTES {
            // Some routes end the session.
            if role.is_some() && client.get("/account").status != 200 {
                client = sign_in();
            }
            let (status, location) = send(&client, &server, route);
            let who = role.map_or("somebody", Role::as_str);
            let told = format!("{who}: {} {} gives {status} {location}", route.method, route.path);
            let may = match route.access {
                Access::Everyone => true,
                Access::AtLeast(least) => role.is_some_and(|role| role >= least),
            };
            match (may, role, route.method) {
                (true, ..) => {
                    assert!(!matches!(status, 401 | 403 | 405) && status < 500, "{told}");
                    assert!(!location.starts_with("/login"), "{told}");
                }
                (false, None, "GET") => {
                    assert!(status == 303 && location.starts_with("/login?next="), "{told}");
                }
                (false, None, _) => assert_eq!(status, 401, "{told}"),
                (false, Some(_), _) => assert_eq!(status, 403, "{told}"),
            }
        }
    }
}

#[test]
fn writes_from_another_site_are_refused() {
    let server = TestServer::with(&[("TIDEMARK_ACCOUNTS__SIGN_UP", "open")]);
    server.add_user_with_role("boss", PASSWORD, Role::Admin);
    let boss = server.someone().signed_in("boss", PASSWORD);
    let writes: Vec<&Route> = ROUTES.iter().filter(|route| route.method != "GET").collect();
    assert!(writes.len() > 10, "{writes:?}");
    for route in writes {
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://evil.example"),
            ("origin", "null"),
        ] {
            let (status, _) = send(&boss.with(name, value), &server, route);
            assert_eq!(status, 403, "{} {} with {name}: {value}", route.method, route.path);
        }
    }
    assert_eq!(boss.get("/account").status, 200, "still signed in");
}

#[test]
fn every_server_function_is_in_the_table_and_every_row_is_served() {
    assert!(server_fn_paths().count() > 5);
    let missing = undeclared(server_fn_paths());
    assert!(missing.is_empty(), "{missing:?} is not in the table");
    // A route missing from the table is noticed.
    assert_eq!(undeclared([("/new", Method::GET)]), [(Method::GET, "/new".to_owned())]);
    let server = TestServer::start();
    for route in ROUTES {
        let (status, _) = send(&server.someone(), &server, route);
        assert_ne!(
            status, 405,
            "{} {} is in the table and is not served",
            route.method, route.path
        );
    }
}

/// The headers of an answer, without those that differ each time or only frame the body.
fn told(answer: &Answer) -> Vec<(String, String)> {
    let headers = answer
        .headers
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "date" | "transfer-encoding"));
    headers
        .map(|(name, value)| {
            let value = value.to_str().unwrap();
            let value = match value.split_once("'nonce-") {
                Some((before, after)) => [before, after.split_once('\'').unwrap().1].concat(),
                None => value.to_owned(),
            };
            (name.to_string(), value)
        })
        .collect()
}

#[test]
fn head_is_answered_like_get_without_the_body() {
    let server = TestServer::start();
    server.add_user_with_role("boss", PASSWORD, Role::Admin);
    let boss = server.someone().signed_in("boss", PASSWORD);
    let reads =
        ROUTES.iter().filter(|route| route.method == "GET").map(|route| address(&server, route));
    let others = [
        "/nothing",
        "/api/v1/nothing",
        "/api/islands/nothing",
        "/old/first.html",
        "/logout",
        "/pkg/tidemark.css",
    ];
    for path in reads.chain(others.map(str::to_owned)) {
        for client in [server.someone(), boss.clone()] {
            // The first answer may say that the page wasn't cached yet.
            client.get(&path);
            let [get, head] = ["GET", "HEAD"].map(|method| client.request(method, &path, ""));
            assert_eq!((head.status, told(&head)), (get.status, told(&get)), "{path}");
            assert_eq!(head.text, "", "{path}");
        }
    }
}

#[test]
fn a_method_not_in_the_table_is_refused_and_the_allowed_ones_are_listed() {
    let server = TestServer::start();
    let answer = server.reader("192.0.2.1", FIREFOX).request("DELETE", "/login", "");
    assert_eq!((answer.status, answer.header("allow")), (405, "GET,POST"));
}

#[test]
fn the_documented_table_matches_the_code() {
    let documented: Vec<&str> = include_str!("../../docs/ACCESS.md")
        .lines()
        .skip_while(|line| *line != "| method | path | who may |")
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    let expected: Vec<String> = ROUTES
        .iter()
        .map(|route| format!("| {} | `{}` | {} |", route.method, route.path, route.access.name()))
        .collect();
    assert_eq!(
        documented,
        expected,
        "docs/ACCESS.md should have these rows:\n{}",
        expected.join("\n")
    );
}

#[test]
fn every_test_named_on_the_access_page_exists() {
    let page = include_str!("../../docs/ACCESS.md");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut names = 0;
    for name in
        page.split('`').skip(1).step_by(2).filter(|text| text.contains("::") && !text.contains(' '))
    {
        let (module, test) = name.rsplit_once("::").unwrap();
        let module = module.replace("::", "/");
        let folders = [
            "src/tests",
            "src/server/http",
            "src/server/request",
            "src/server",
            "crates/content/src",
        ];
        let files = folders.map(|folder| root.join(folder).join(format!("{module}.rs")));
        let text =
            files.iter().find_map(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
        assert!(text.contains(&format!("fn {test}()")), "{name} is not there");
        names += 1;
    }
    assert!(names > 20, "{names}");
}
