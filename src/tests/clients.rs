//! What is said when the server does not see where its readers are.

use std::time::Duration;

use tidemark::server::db::actor::Role;
use tidemark::server::doctor::Finding;
use tidemark_servers::Nginx;

use crate::harness::{FIREFOX, TestServer, wait_until};

const PASSWORD: &str = "a-good-password";

/// How many readers come, each with an address and a browser of its own.
const READERS: usize = 100;

fn without_proxies() -> TestServer {
    TestServer::with(&[("TIDEMARK_SERVER__TRUSTED_PROXIES", "")])
}

/// The doctor's warnings of where views come from.
fn warnings(server: &TestServer) -> Vec<String> {
    let findings = server.run(server.doctor.examine(&server.config));
    findings
        .into_iter()
        .filter_map(|finding| match finding {
            Finding::Warning(text) if text.contains("server.trusted-proxies") => Some(text),
            _ => None,
        })
        .collect()
}

/// Sends a view of `article` from each of the readers through nginx. Returns how many counted.
fn read(nginx: &Nginx, article: i64) -> usize {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).build().into();
    (0..READERS)
        .filter(|number| {
            let request = agent
                .put(format!("{}/api/v1/articles/{article}/view", nginx.url()))
                .header("x-test-client", format!("198.51.100.{number}"))
                // What a reader claims is nginx's to drop.
                .header("x-forwarded-for", "203.0.113.9")
                .header("user-agent", format!("{FIREFOX} Number/{number}"));
            let mut answer = request.send_empty().unwrap();
            let text = answer.body_mut().read_to_string().unwrap();
            assert_eq!(answer.status(), 200, "{text}");
            text.contains("\"counted\":true")
        })
        .count()
}

#[test]
fn c3_behind_a_proxy_that_is_not_trusted_administrators_are_warned_and_with_the_setting_all_count()
{
    if !Nginx::is_available() {
        eprintln!("skipped: nginx is not on this machine");
        return;
    }
    let server = without_proxies();
    let nginx = Nginx::in_front_of(server.url.trim_start_matches("http://"));
    assert_eq!(warnings(&server), [""; 0]);
    assert!(read(&nginx, server.id("first")) <= 5);
    wait_until("doctor warns", || !warnings(&server).is_empty());
    let told = warnings(&server).join("\n");
    assert!(told.contains("server.trusted-proxies is empty"), "{told}");
    assert!(!told.contains("198.51.100.") && !told.contains("127.0.0.1"), "{told}");

    server.add_user_with_role("ada", PASSWORD, Role::Admin);
    server.add_user_with_role("ann", PASSWORD, Role::Author);
    let ada = server.someone().signed_in("ada", PASSWORD);
    assert!(ada.get("/studio").text.contains("server.trusted-proxies is empty"));
    assert!(ada.get("/settings/health").text.contains("server.trusted-proxies is empty"));
    let ann = server.someone().signed_in("ann", PASSWORD);
    assert!(!ann.get("/studio").text.contains("trusted-proxies"), "authors can't change it");
    assert_eq!(ann.get("/settings/health").status, 403);

    // The same stores, with the setting.
    let mut set = server;
    set.config.server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    set.restart();
    let nginx = Nginx::in_front_of(set.url.trim_start_matches("http://"));
    assert_eq!(read(&nginx, set.id("second")), READERS);
    let ada = set.someone().signed_in("ada", PASSWORD);
    assert!(!ada.get("/studio").text.contains("trusted-proxies"));
    assert!(!ada.get("/settings/health").text.contains("trusted-proxies is empty"));
}

#[test]
fn nearly_all_views_from_one_address_are_told_until_an_hour_goes_without() {
    let server = TestServer::start();
    let article = server.id("first");
    for number in 0..60 {
        server.reader("192.0.2.1", &format!("{FIREFOX} Number/{number}")).view(article);
    }
    wait_until("doctor warns", || !warnings(&server).is_empty());
    assert!(warnings(&server)[0].contains("came from one address"), "{:?}", warnings(&server));
    assert!(!warnings(&server)[0].contains("192.0.2"), "no address is told");
    // In the next hour, readers come from everywhere. It is judged once it is over.
    for _ in 0..2 {
        assert_eq!(warnings(&server).len(), 1);
        server.clock.advance(Duration::from_secs(3600));
        for number in 0..60 {
            server.reader(&format!("198.51.100.{number}"), FIREFOX).view(article);
        }
    }
    wait_until("the warning is gone", || warnings(&server).is_empty());
}

#[test]
fn readers_with_addresses_of_their_own_are_nothing_to_warn_of() {
    let server = TestServer::start();
    let article = server.id("first");
    for number in 0..80 {
        server.reader(&format!("198.51.100.{number}"), FIREFOX).view(article);
    }
    // One reader pretends to be behind a proxy, to no effect and without a warning.
    let server = without_proxies();
    let article = server.id("first");
    for number in 0..20 {
        let reader = if number % 2 == 0 { server.someone() } else { server.nobody() };
        reader.with("user-agent", FIREFOX).view(article);
    }
    assert_eq!(warnings(&server), [""; 0]);
}
