//! The first start: the token from the terminal makes the administrator.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use tidemark::server::db::actor::Role;

use crate::harness::{Answer, FIREFOX, TestServer, binary};

const PASSWORD: &str = "a-good-password";

fn open(server: &TestServer) -> String {
    server.run(server.accounts.open_setup()).unwrap().unwrap()
}

fn form(token: &str, username: &str) -> String {
    format!("token={token}&username={username}&name=The+Boss&new_password={PASSWORD}")
}

fn cookie(answer: &Answer) -> &str {
    answer.header("set-cookie").split(';').next().unwrap()
}

#[test]
fn the_printed_token_makes_the_administrator_once() {
    let server = TestServer::start();
    let token = open(&server);
    assert_eq!((token.len(), token.chars().all(|digit| digit.is_ascii_hexdigit())), (32, true));
    let page = server.someone().get(&format!("/setup?token={token}"));
    assert_eq!(page.status, 200);
    assert!(page.text.contains(&format!("value=\"{token}\"")), "{}", page.text);
    let answer = server.someone().post("/setup", &form(&token, "boss"));
    assert_eq!((answer.status, answer.header("location")), (303, "/studio"), "{}", answer.text);
    let boss = server.someone().with("cookie", cookie(&answer));
    assert_eq!(boss.get("/users").status, 200, "signed in as an administrator");
    let again = server.someone().post("/setup", &form(&token, "thief"));
    assert_eq!(again.status, 404, "{}", again.text);
    assert_eq!(server.someone().get(&format!("/setup?token={token}")).status, 404);
    server.someone().signed_in("boss", PASSWORD);
}

#[test]
fn wrong_tokens_are_throttled_and_make_nobody() {
    let server = TestServer::start();
    let token = open(&server);
    let guesser = server.reader("198.51.100.7", FIREFOX);
    let almost = format!("{}x", &token[..31]);
    for attempt in 0..20 {
        let guess = if attempt % 2 == 0 { almost.as_str() } else { "" };
        let answer = guesser.post("/setup", &form(guess, "thief"));
        assert_eq!(answer.status, 422, "attempt {attempt}");
        assert!(answer.text.contains("id=\"token-error\""), "{}", answer.text);
    }
    let answer = guesser.post("/setup", &form(&token, "thief"));
    assert_eq!((answer.status, answer.header("retry-after")), (429, "1"), "{}", answer.text);
    let users = server.number("SELECT count(*) FROM users WHERE username = ?", "thief");
    assert_eq!(users, 0);
    let elsewhere = server.someone().post("/setup", &form(&token, "boss"));
    assert_eq!(elsewhere.status, 303, "another address is not affected: {}", elsewhere.text);
}

#[test]
fn mistakes_in_the_form_are_named_and_do_not_use_up_the_token() {
    let server = TestServer::start();
    let token = open(&server);
    // More often than wrong tokens would be admitted.
    for _ in 0..22 {
        let answer = server.someone().post(
            "/setup",
            &format!("token={token}&username=Not+A+Name&name=Boss&new_password=brief"),
        );
        assert_eq!(answer.status, 422);
        for part in ["id=\"username-error\"", "id=\"new_password-error\"", &token] {
            assert!(answer.text.contains(part), "no {part} in {}", answer.text);
        }
        assert!(!answer.text.contains("brief"), "the password is not shown again");
    }
    assert_eq!(server.someone().post("/setup", &form(&token, "boss")).status, 303);
}

#[test]
fn a_blog_without_a_user_leads_its_operator_to_the_setup() {
    let mut server = TestServer::start();
    let front = "Nobody can sign in yet.";
    assert!(!server.someone().get("/").text.contains(front), "no setup is open");
    assert_eq!(server.someone().get("/setup").status, 404);
    // The command opens the setup before it serves the first page.
    server.restart();
    open(&server);
    for page in ["/", "/", "/?page=1"] {
        assert!(server.someone().get(page).text.contains(front), "{page}");
    }
    let asked = server.someone().get("/studio");
    assert_eq!(asked.header("location"), "/login?next=%2Fstudio");
    for page in ["/login", "/login?next=%2Fstudio", "/setup"] {
        let page = server.someone().get(page);
        assert!(page.text.contains("action=\"/setup\""), "{}", page.text);
    }
    // As with `tidemark user add`: it changes no content.
    server.add_user_with_role("writer", PASSWORD, Role::Author);
    assert!(!server.someone().get("/").text.contains(front));
    assert!(server.someone().get("/login").text.contains("action=\"/login\""));
    assert_eq!(server.someone().get("/setup").status, 404);
    assert_eq!(server.run(server.accounts.open_setup()).unwrap(), None);
}

#[test]
fn an_author_of_imported_articles_can_become_the_administrator() {
    let server = TestServer::start();
    let token = open(&server);
    let taken =
        server.someone().post("/setup", &form(&token, "boss").replace("The+Boss", "jo+doe"));
    assert_eq!(taken.status, 422, "somebody else would look like Jo Doe");
    assert!(taken.text.contains("id=\"name-error\""), "{}", taken.text);
    let answer =
        server.someone().post("/setup", &form(&token, "jo-doe").replace("The+Boss", "Jo+Doe"));
    assert_eq!(answer.status, 303, "{}", answer.text);
    let jo = server.someone().with("cookie", cookie(&answer));
    assert_eq!(jo.get(&format!("/studio/{}", server.id("first"))).status, 200);
    assert_eq!(jo.get("/users").status, 200);
    assert_eq!(server.number("SELECT count(*) FROM users WHERE username = ?", "jo-doe"), 1);
}

#[test]
fn of_two_simultaneous_setups_one_makes_the_administrator() {
    let server = TestServer::start();
    let token = open(&server);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let set_up = |name| server.someone().post("/setup", &form(&token, name)).status;
        let threads: Vec<_> =
            ["one", "two"].into_iter().map(|name| scope.spawn(move || set_up(name))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut sorted = statuses.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, [303, 404], "{statuses:?}");
    let admins = server.number("SELECT count(*) FROM users WHERE role = ?", "admin");
    assert_eq!(admins, 1);
}

#[test]
fn serve_prints_the_address_with_the_token_while_nobody_can_sign_in() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("blog.db").display());
    let lines = || {
        let mut child = binary()
            .arg("serve")
            .env("DATABASE_URL", &url)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        // SIGTERM would do too; the last line shows that there is no second one.
        let terminate = std::process::Command::new("kill").arg(child.id().to_string()).status();
        assert!(terminate.unwrap().success());
        let rest: Vec<String> = lines.map(Result::unwrap).collect();
        child.wait().unwrap();
        (first, rest)
    };
    let (first, rest) = lines();
    let address = first.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
    let expected = format!("Make the administrator at {address}/setup?token=");
    assert!(rest.len() == 1 && rest[0].contains(&expected), "{rest:?}");
    let token = rest[0].split("token=").nth(1).unwrap();
    assert_eq!(token.len(), 32, "{token}");
    let other = lines().1[0].split("token=").nth(1).unwrap().to_owned();
    assert_ne!(token, other, "each start has its own");
    let added = binary().args(["user", "add", "boss"]).env("DATABASE_URL", &url).output().unwrap();
    assert!(added.status.success());
    assert_eq!(lines().1, Vec::<String>::new());
}
