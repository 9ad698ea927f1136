//! Concurrent readers: no request holds a connection while it waits for another one.

use std::sync::Barrier;
use std::time::Duration;

use tidemark::server::content::import::{Report, import};
use tidemark::server::db::actor::Role;
use tidemark::server::http::routes::{ROUTES, Route};
use tidemark::server::jobs::Job;

use crate::access::address;
use crate::harness::{Client, TestServer, source};

const PASSWORD: &str = "a-good-password";

/// The number of concurrent requests.
const AT_ONCE: usize = 8;

/// Sends [`AT_ONCE`] equal requests at the same time and returns their statuses.
fn statuses(client: &Client, method: &str, path: &str) -> Vec<u16> {
    let barrier = Barrier::new(AT_ONCE);
    std::thread::scope(|scope| {
        let ask = || {
            barrier.wait();
            client.request(method, path, "").status
        };
        let requests: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(ask)).collect();
        requests.into_iter().map(|request| request.join().unwrap()).collect()
    })
}

#[test]
fn every_page_answers_eight_readers_at_once_over_a_single_connection() {
    let server = TestServer::with(&[
        ("TIDEMARK_ACCOUNTS__SIGN_UP", "open"),
        ("TIDEMARK_DATABASE__CONNECTIONS", "1"),
    ]);
    for role in Role::ALL {
        server.add_user_with_role(role.as_str(), PASSWORD, role);
    }
    // A stream of counts has no end.
    let is_page = |route: &&Route| route.method == "GET" && route.path != "/api/counts/stream";
    let reads: Vec<&Route> = ROUTES.iter().filter(is_page).collect();
    assert!(reads.len() > 20, "{reads:?}");
    for role in [None, Some(Role::Reader), Some(Role::Author), Some(Role::Admin)] {
        let client = match role {
            None => server.someone(),
            Some(role) => server.someone().signed_in(role.as_str(), PASSWORD),
        };
        for route in &reads {
            let path = address(&server, route);
            let who = role.map_or("signed out", Role::as_str);
            for status in statuses(&client, "GET", &path) {
                // Pictures that don't exist and other authors' articles give 404, and so does the
                // setup of a blog with users. There is no page either.
                let may_lack = path.ends_with("none.png")
                    || path.starts_with("/studio/")
                    || matches!(path.as_str(), "/setup" | "/no-such-page");
                assert!(
                    matches!(status, 200 | 303 | 403) || (status == 404 && may_lack),
                    "{who}: {path} gives {status}"
                );
            }
        }
    }
}

/// Forms that lack everything, so that a new route is asked without anybody thinking of it.
#[test]
fn every_write_answers_eight_senders_at_once_over_a_single_connection() {
    let server = TestServer::with(&[
        ("TIDEMARK_ACCOUNTS__SIGN_UP", "open"),
        ("TIDEMARK_DATABASE__CONNECTIONS", "1"),
    ]);
    server.add_user_with_role("boss", PASSWORD, Role::Admin);
    let writes: Vec<&Route> = ROUTES.iter().filter(|route| route.method != "GET").collect();
    assert!(writes.len() > 30, "{writes:?}");
    for route in writes {
        // Anew each time, because some of them end the session. A wrong password is forgiven by then.
        server.clock.advance(Duration::from_secs(60));
        let boss = server.someone().signed_in("boss", PASSWORD);
        let path = address(&server, route);
        for client in [server.someone(), boss] {
            let client = client.with("content-type", "application/x-www-form-urlencoded");
            for status in statuses(&client, route.method, &path) {
                assert!(status < 500, "{} {path} gives {status}", route.method);
            }
        }
    }
}

#[test]
fn every_write_and_every_job_needs_one_connection_at_a_time() {
    let server = TestServer::with(&[("TIDEMARK_DATABASE__CONNECTIONS", "1")]);
    server.add_user_with_role("boss", PASSWORD, Role::Admin);
    let boss = server.someone().signed_in("boss", PASSWORD);
    let id = server.id("first");
    let fields = "title=Other&slug=first&tags=Sea&markdown=Its+text&summary=&cover=&intent=save";
    for (path, form) in [
        (
            "/studio/new".to_owned(),
            "title=New&slug=new&tags=Sea&markdown=text&summary=&cover=&intent=publish".to_owned(),
        ),
        (format!("/studio/{id}"), format!("version=1&{fields}")),
        ("/articles/first/like".into(), "like=true".into()),
        ("/articles/first/collect".into(), "collect=true".into()),
        ("/authors/jo-doe/follow".into(), "follow=true".into()),
        (format!("/studio/{id}/bin"), "version=2".into()),
        (format!("/studio/{id}/restore"), "version=3".into()),
        ("/account/name".into(), "name=Another+Name".into()),
        ("/account/about".into(), "about=Somebody".into()),
        ("/account/avatar/delete".into(), String::new()),
    ] {
        let answer = boss.post(&path, &form);
        assert_eq!(answer.status, 303, "{path}: {}", answer.text);
    }
    assert_eq!(server.someone().view(id).status, 200);
    let files = vec![source("imported", "tags = [\"Sea\"]", "text")];
    let report =
        server.run(import(&server.database, &server.clock, files, Report::default())).unwrap();
    assert_eq!(report.created, 1, "{report:?}");
    for job in Job::ALL {
        server.job(job);
    }
}
