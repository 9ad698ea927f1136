//! Pages under readers who come at the same time: none waits for another one's connection.

use std::sync::Barrier;

use tidemark::server::db::users::Role;
use tidemark::server::http::routes::{ROUTES, Route};

use crate::access::address;
use crate::harness::{Client, TestServer};

const PASSWORD: &str = "a-good-password";

/// How many requests come at the same time.
const AT_ONCE: usize = 8;

/// Sends the same request eight times at once, and says which statuses came back.
fn statuses(client: &Client, path: &str) -> Vec<u16> {
    let barrier = Barrier::new(AT_ONCE);
    std::thread::scope(|scope| {
        let ask = || {
            barrier.wait();
            client.get(path).status
        };
        let requests: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(ask)).collect();
        requests.into_iter().map(|request| request.join().unwrap()).collect()
    })
}

#[test]
fn every_page_answers_eight_readers_at_once_over_a_single_connection() {
    let server = TestServer::with(&[("TIDEMARK_ACCOUNTS__SIGN_UP", "open"), ("TIDEMARK_DATABASE__CONNECTIONS", "1")]);
    for role in Role::ALL {
        server.add_user_with_role(role.as_str(), PASSWORD, role);
    }
    let reads: Vec<&Route> = ROUTES.iter().filter(|route| route.method == "GET").collect();
    assert!(reads.len() > 20, "{reads:?}");
    for role in [None, Some(Role::Reader), Some(Role::Author), Some(Role::Admin)] {
        let client = match role {
            None => server.someone(),
            Some(role) => server.someone().signed_in(role.as_str(), PASSWORD),
        };
        for route in &reads {
            let path = address(&server, route);
            let who = role.map_or("signed out", Role::as_str);
            for status in statuses(&client, &path) {
                // What nobody has, or what is somebody else's, is not there.
                let may_lack = path.ends_with("none.png") || path.starts_with("/studio/");
                assert!(
                    matches!(status, 200 | 303 | 403) || (status == 404 && may_lack),
                    "{who}: {path} gives {status}"
                );
            }
        }
    }
}
