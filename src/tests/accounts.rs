//! Accounts from a user's point of view: forms, sessions, roles, all without JavaScript.

use std::time::Duration;

use tidemark::server::db::actor::Role;
use tidemark::server::jobs::Job;

use crate::harness::{Answer, Client, FIREFOX, TestServer};

const PASSWORD: &str = "a-good-password";

fn sign_in(client: &Client, username: &str, password: &str) -> Answer {
    client.post("/login", &format!("username={username}&password={password}"))
}

/// A client at 198.51.100.7, shared by a guesser and others, as in an office.
fn guesser(server: &TestServer) -> Client<'_> {
    server.reader("198.51.100.7", FIREFOX)
}

/// Guesses a user's password until the throttle refuses the next attempt.
fn guess_until_refused(client: &Client, username: &str) {
    for attempt in 0..5 {
        assert_eq!(sign_in(client, username, "wrong").status, 422, "attempt {attempt}");
    }
    assert_eq!(sign_in(client, username, "wrong").status, 429);
}

/// The device cookie that a sign-in sets.
fn device_of(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.text);
    answer.device_cookie().split(';').next().unwrap().to_owned()
}

#[test]
fn wrong_guesses_throttle_the_guessed_user_longer_each_time_and_no_other_user() {
    let server = TestServer::start();
    server.add_user("reader", PASSWORD);
    server.add_user("other", PASSWORD);
    let here = guesser(&server);
    guess_until_refused(&here, "reader");
    let answer = sign_in(&here, "reader", PASSWORD);
    assert_eq!((answer.status, answer.header("retry-after")), (429, "1"), "{}", answer.text);
    assert!(
        answer.text.contains("Too many attempts. Please try again in 1 second."),
        "{}",
        answer.text
    );
    assert!(answer.text.contains("value=\"reader\""), "input is kept");
    assert_eq!(sign_in(&here, "other", PASSWORD).status, 303, "another account is not affected");
    assert_eq!(
        sign_in(&server.someone(), "reader", PASSWORD).status,
        303,
        "nor is the owner at another address"
    );
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(sign_in(&here, "reader", "wrong").status, 422);
    assert_eq!(sign_in(&here, "reader", "wrong").header("retry-after"), "2", "twice as long");
    server.clock.advance(Duration::from_secs(2));
    assert_eq!(sign_in(&here, "reader", PASSWORD).status, 303);
    for attempt in 0..5 {
        assert_eq!(
            sign_in(&here, "reader", "wrong").status,
            422,
            "the throttle starts over, attempt {attempt}"
        );
    }
}

#[test]
fn an_address_that_guesses_is_throttled_and_another_one_is_not() {
    let server = TestServer::start();
    server.add_user("reader", PASSWORD);
    let guesser = guesser(&server);
    for attempt in 0..20 {
        assert_eq!(
            sign_in(&guesser, &format!("nobody-{attempt}"), "wrong").status,
            422,
            "attempt {attempt}"
        );
    }
    assert_eq!(sign_in(&guesser, "reader", PASSWORD).status, 429);
    assert_eq!(sign_in(&server.someone(), "reader", PASSWORD).status, 303);
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(
        sign_in(&guesser, "reader", PASSWORD).status,
        303,
        "after waiting, another attempt is allowed"
    );
    if let Some(redis) = &server.redis {
        let keys = redis.command(&["KEYS", "tm:attempts:*"]);
        assert!(
            !keys.contains("198.51.100.7") && !keys.contains("nobody"),
            "no address or user name is stored: {keys}"
        );
    }
}

#[test]
fn a_48_that_guesses_from_many_of_its_addresses_is_throttled() {
    let server = TestServer::start();
    server.add_user("reader", PASSWORD);
    for attempt in 0..100 {
        let guesser = server.reader(&format!("2001:db8:1:{attempt:x}::1"), FIREFOX);
        assert_eq!(
            sign_in(&guesser, &format!("nobody-{attempt}"), "wrong").status,
            422,
            "attempt {attempt}"
        );
    }
    assert_eq!(
        sign_in(&server.reader("2001:db8:1:ffff::1", FIREFOX), "reader", PASSWORD).status,
        429
    );
    assert_eq!(sign_in(&server.reader("2001:db8:2::1", FIREFOX), "reader", PASSWORD).status, 303);
}

#[test]
fn simultaneous_attempts_do_not_bypass_the_throttle() {
    let server = TestServer::start();
    server.add_user("reader", PASSWORD);
    let answers: Vec<u16> = std::thread::scope(|scope| {
        let attempt = || sign_in(&guesser(&server), "reader", "wrong").status;
        let threads: Vec<_> = (0..12).map(|_| scope.spawn(attempt)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(answers.iter().filter(|status| **status == 422).count(), 5, "{answers:?}");
    assert_eq!(answers.iter().filter(|status| **status == 429).count(), 7, "{answers:?}");
}

#[test]
fn an_attempt_refused_for_lack_of_capacity_is_not_counted() {
    let server = TestServer::start();
    let attempt = |number: usize| {
        sign_in(
            &server.reader(&format!("198.51.100.{number}"), FIREFOX),
            &format!("nobody-{number}"),
            "wrong",
        )
        .status
    };
    // More concurrent attempts than may queue.
    let answers: Vec<(usize, u16)> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..40).map(|number| scope.spawn(move || (number, attempt(number)))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(answers.iter().all(|(_, status)| matches!(status, 422 | 503)), "{answers:?}");
    for (number, _) in answers.iter().filter(|(_, status)| *status == 503).take(2) {
        for retry in 0..5 {
            assert_eq!(attempt(*number), 422, "{number}, attempt {retry}: none was used up");
        }
        assert_eq!(attempt(*number), 429);
    }
}

#[test]
fn a_known_browser_can_sign_in_whatever_others_guess() {
    let server = TestServer::start();
    server.add_user("reader", PASSWORD);
    server.add_user("other", PASSWORD);
    // At the same address as the guesser.
    let here = guesser(&server);
    let device = device_of(&sign_in(&here, "reader", PASSWORD));
    let others = device_of(&sign_in(&here, "other", PASSWORD));
    let known = here.with("cookie", &device);
    guess_until_refused(&here, "reader");
    assert_eq!(sign_in(&known, "reader", PASSWORD).status, 303);
    assert_eq!(
        sign_in(&here, "reader", PASSWORD).status,
        429,
        "without the cookie, the attempt is throttled"
    );
    for planted in ["device=", "device=aaaaaaaaaaaaaaaaaaaaaaaa", "device=%00", others.as_str()] {
        assert_eq!(
            sign_in(&here.with("cookie", planted), "reader", PASSWORD).status,
            429,
            "{planted}"
        );
    }
    // Not even a throttled address keeps a known browser out.
    for attempt in 0..20 {
        sign_in(&here, &format!("nobody-{attempt}"), "wrong");
    }
    assert_eq!(sign_in(&here, "other", PASSWORD).status, 429);
    let again = sign_in(&known, "reader", PASSWORD);
    assert_eq!(device_of(&again), device, "it stays known by the same token");
    // A stolen device cookie doesn't allow more guesses.
    guess_until_refused(&known, "reader");
    server.clock.advance(Duration::from_secs(15 * 60));
    assert_eq!(sign_in(&known, "reader", PASSWORD).status, 303);
}

#[test]
fn the_known_browser_cookie_is_sent_only_to_sign_in_and_the_last_ten_are_stored_as_hashes() {
    let server = TestServer::start();
    server.add_user("reader", PASSWORD);
    let answer = sign_in(&server.someone(), "reader", PASSWORD);
    for part in ["device-", "HttpOnly", "SameSite=Lax", "Path=/login", "Max-Age=15552000"] {
        assert!(answer.device_cookie().contains(part), "no {part} in {}", answer.device_cookie());
    }
    assert!(!answer.device_cookie().contains("Secure"));
    let token = device_of(&answer).split_once('=').unwrap().1.to_owned();
    assert_eq!(token.len(), 24);
    let stored = "SELECT count(*) FROM known_devices WHERE token_hash = ?";
    assert_eq!(server.number(stored, &token), 0, "the stored value can't be used to sign in");
    for _ in 0..12 {
        server.clock.advance(Duration::from_secs(1));
        sign_in(&server.someone(), "reader", PASSWORD);
    }
    assert_eq!(server.number("SELECT count(*) FROM known_devices WHERE ? = ''", ""), 10);
    server.clock.advance(Duration::from_secs(180 * 24 * 3600));
    server.job(Job::Prune);
    assert_eq!(server.number("SELECT count(*) FROM known_devices WHERE ? = ''", ""), 0);
    let secure = TestServer::with(&[("TIDEMARK_SITE__BASE_URL", "https://blog.example")]);
    secure.add_user("reader", PASSWORD);
    let answer = sign_in(&secure.someone(), "reader", PASSWORD);
    assert!(
        answer.device_cookie().starts_with("__Secure-device-")
            && answer.device_cookie().contains("; Secure")
    );
    assert_eq!(
        sign_in(&server.someone(), "reader", "wrong").device_cookie(),
        "",
        "none for a failure"
    );
}

#[test]
fn guesses_by_others_do_not_stop_a_signed_in_user_from_changing_the_password() {
    let server = TestServer::start();
    server.add_user("reader", PASSWORD);
    let reader = server.someone().signed_in("reader", PASSWORD);
    let left_open = server.someone().signed_in("reader", PASSWORD);
    guess_until_refused(&guesser(&server), "reader");
    // Nor do guesses in another open session of the same user.
    for attempt in 0..5 {
        let answer =
            left_open.post("/account/password", "password=wrong&new_password=another-password");
        assert!(
            answer.text.contains("That is not your current password."),
            "attempt {attempt}: {}",
            answer.text
        );
    }
    let answer = left_open
        .post("/account/password", "password=a-good-password&new_password=another-password");
    assert!(answer.text.contains("Too many attempts"), "{}", answer.text);
    let answer =
        reader.post("/account/password", "password=a-good-password&new_password=another-password");
    assert_eq!((answer.status, answer.header("location")), (303, "/account?changed=password"));
    assert_eq!(sign_in(&server.someone(), "reader", "another-password").status, 303);
}

/// Checking or hashing a password occupies a core for a moment. The test holds the turn for that,
/// so a request that gets as far as the password hangs.
#[test]
fn a_throttled_sign_in_is_refused_before_the_password_is_checked() {
    let server = TestServer::with(&[("TIDEMARK_ACCOUNTS__SIGN_UP", "open")]);
    server.add_user("reader", PASSWORD);
    let reader = server.someone().signed_in("reader", PASSWORD);
    let change = || reader.post("/account/password", "password=wrong&new_password=1234567890");
    for attempt in 0..5 {
        assert!(change().text.contains("That is not your current password."), "attempt {attempt}");
    }
    let newcomer = server.reader("198.51.100.8", FIREFOX);
    let sign_up = || newcomer.post("/sign-up", "username=new&new_password=1234567890");
    let tried = (0..100).take_while(|_| sign_up().status == 422).count();
    assert!((1..100).contains(&tried), "{tried}");
    guess_until_refused(&guesser(&server), "reader");
    let turn = server.run(server.accounts.turn()).unwrap();
    assert!(change().text.contains("Too many attempts"));
    assert_eq!(sign_up().status, 429);
    assert_eq!(sign_in(&guesser(&server), "reader", "wrong").status, 429);
    drop(turn);
}

#[test]
fn a_new_password_resets_the_throttle_of_the_user_and_forgets_all_known_browsers() {
    let server = TestServer::start();
    server.add_user_with_role("boss", PASSWORD, Role::Admin);
    server.add_user("reader", PASSWORD);
    let boss = server.someone().signed_in("boss", PASSWORD);
    let here = guesser(&server);
    let device = device_of(&sign_in(&here, "reader", PASSWORD));
    guess_until_refused(&here, "reader");
    let page = boss.post("/users/reader/password", "").text;
    let secret = &page[page.find("class=\"secret\">").unwrap() + 15..];
    let password = secret[..secret.find('<').unwrap()].to_owned();
    guess_until_refused(&here, "reader");
    assert_eq!(
        sign_in(&here.with("cookie", &device), "reader", &password).status,
        429,
        "the token was bound to the old password"
    );
    let page = boss.post("/users/reader/password", "").text;
    let secret = &page[page.find("class=\"secret\">").unwrap() + 15..];
    let password = secret[..secret.find('<').unwrap()].to_owned();
    let answer = sign_in(&here, "reader", &password);
    let reader = here.with("cookie", answer.header("set-cookie").split(';').next().unwrap());
    let body = format!("password={password}&new_password=another-password");
    let changed = reader.post("/account/password", &body);
    guess_until_refused(&here, "reader");
    let known = here.with("cookie", &device_of(&changed));
    assert_eq!(
        sign_in(&known, "reader", "another-password").status,
        303,
        "the browser that changed it stays known"
    );
}

#[test]
fn signing_in_creates_a_new_session_id_and_returns_to_the_page() {
    let server = TestServer::start();
    server.add_user("reader", PASSWORD);
    let answer = server.someone().get("/account");
    assert_eq!((answer.status, answer.header("location")), (303, "/login?next=%2Faccount"));
    let form = server.someone().get("/login?next=%2Faccount").text;
    assert!(form.contains("name=\"next\" value=\"/account\""), "{form}");
    let body = format!("username=reader&password={PASSWORD}&next=%2Faccount");
    let answer = server.someone().post("/login", &body);
    assert_eq!((answer.status, answer.header("location")), (303, "/account"));
    let first = answer.header("set-cookie").split(';').next().unwrap().to_owned();
    let again = sign_in(&server.someone().with("cookie", &first), "reader", PASSWORD);
    let second = again.header("set-cookie").split(';').next().unwrap();
    assert_ne!(first, second);
    assert_eq!(
        server.someone().with("cookie", &first).get("/account").status,
        303,
        "the old id is invalid"
    );
    let page = server.someone().with("cookie", second).get("/account");
    assert_eq!(
        (page.status, page.header("cache-control")),
        (200, "no-store"),
        "nothing of it stays in the browser"
    );
    let elsewhere = server
        .someone()
        .post("/login", &format!("username=reader&password={PASSWORD}&next=%2F%2Fevil.example%2F"));
    assert_eq!(elsewhere.header("location"), "/", "never to another site");
}

#[test]
fn a_user_sees_and_ends_their_own_sessions() {
    let server = TestServer::start();
    server.add_user("reader", PASSWORD);
    server.add_user("other", PASSWORD);
    let here = server.reader("192.0.2.1", "Here/1.0").signed_in("reader", PASSWORD);
    let there = server.reader("192.0.2.2", "There/<b>1.0").signed_in("reader", PASSWORD);
    let third = server.reader("192.0.2.3", "Third/1.0").signed_in("reader", PASSWORD);
    let stranger = server.reader("192.0.2.4", "Stranger/1.0").signed_in("other", PASSWORD);
    let page = here.get("/account").text;
    for part in [
        "Here/1.0",
        "There/&lt;b&gt;1.0",
        "Third/1.0",
        "This browser",
        "November 24, 2026, 12:00 UTC",
    ] {
        assert!(page.contains(part), "no {part} in {page}");
    }
    assert!(!page.contains("Stranger/1.0"));
    let cookie = there.header_named("cookie").split_once('=').unwrap().1.to_owned();
    assert!(!page.contains(&cookie), "the cookie's value is not shown");
    // The page's forms in order: one for each of the two other sessions.
    let handle = |page: &str, before: &str| {
        let after = &page[page.find(before).unwrap()..];
        let value = &after[after.find("name=\"session\" value=\"").unwrap() + 22..];
        value[..value.find('"').unwrap()].to_owned()
    };
    let there_handle = handle(&page, "There/");
    assert_eq!(
        stranger.post("/account/sessions/end", &format!("session={there_handle}")).status,
        303
    );
    assert_eq!(there.get("/account").status, 200, "a user can't end another user's session");
    let answer = here.post("/account/sessions/end", &format!("session={there_handle}"));
    assert_eq!((answer.status, answer.header("location")), (303, "/account?changed=sessions"));
    assert_eq!(there.get("/account").status, 303);
    assert_eq!((here.get("/account").status, third.get("/account").status), (200, 200));
    assert_eq!(here.post("/account/sessions/end", "session=").status, 400, "none is named");
    assert_eq!(here.post("/account/sessions/end", "session=others").status, 303);
    assert_eq!((here.get("/account").status, third.get("/account").status), (200, 303));
    assert_eq!(stranger.get("/account").status, 200);
}

#[test]
fn a_user_changes_name_and_password() {
    let server = TestServer::start();
    server.add_user("reader", PASSWORD);
    let reader = server.someone().signed_in("reader", PASSWORD);
    let other = server.someone().signed_in("reader", PASSWORD);
    let answer = reader.post("/account/name", &format!("name={}", "x".repeat(81)));
    assert_eq!(answer.status, 422);
    assert!(
        answer.text.contains("id=\"name-error\"") && answer.text.contains("at most 80 characters"),
        "{}",
        answer.text
    );
    assert!(answer.text.contains(&"x".repeat(81)), "input is kept");
    assert_eq!(reader.post("/account/name", "name=Rea+D%C3%A9r").status, 303);
    let page = reader.get("/account?changed=name").text;
    assert!(page.contains("Rea Dér") && page.contains("Name changed."), "{page}");
    for (body, field, said) in [
        (
            "password=wrong-password&new_password=another-password",
            "password-error",
            "That is not your current password.",
        ),
        (
            "password=wrong-password&new_password=1234567890",
            "password-error",
            "That is not your current password.",
        ),
        (
            "password=a-good-password&new_password=short",
            "new_password-error",
            "at least 10 characters",
        ),
        (
            "password=a-good-password&new_password=1234567890",
            "new_password-error",
            "too easy to guess",
        ),
        (
            "password=a-good-password&new_password=readerreader",
            "new_password-error",
            "too easy to guess",
        ),
    ] {
        let answer = reader.post("/account/password", body);
        assert_eq!(answer.status, 422, "{body}");
        assert!(
            answer.text.contains(&format!("id=\"{field}\"")) && answer.text.contains(said),
            "{}",
            answer.text
        );
        assert!(!answer.text.contains("another-password"), "passwords are never sent back");
    }
    let answer =
        reader.post("/account/password", "password=a-good-password&new_password=another-password");
    assert_eq!((answer.status, answer.header("location")), (303, "/account?changed=password"));
    let reader =
        server.someone().with("cookie", answer.header("set-cookie").split(';').next().unwrap());
    assert_eq!(reader.get("/account").status, 200, "the session that changed it stays signed in");
    assert_eq!(other.get("/account").status, 303, "all other sessions are over");
    assert_eq!(sign_in(&server.someone(), "reader", PASSWORD).status, 422);
    assert_eq!(sign_in(&server.someone(), "reader", "another-password").status, 303);
}

#[test]
fn a_form_sent_after_the_session_ended_can_be_sent_again() {
    let server = TestServer::start();
    server.add_user("reader", PASSWORD);
    let answer = server.someone().post("/account/name", "name=Long+%3Cb%3Ename%0D%0Asecond+line");
    assert_eq!(answer.status, 401);
    for part in
        ["You are signed out", "action=\"/account/name\"", "Long &lt;b&gt;name\r\nsecond line"]
    {
        let found = answer.text.contains(part) || answer.text.contains(&part.replace("\r\n", "\n"));
        assert!(found, "no {part} in {}", answer.text);
    }
}

#[test]
fn closed_sign_up_accepts_nobody() {
    let server = TestServer::start();
    assert_eq!(server.someone().get("/sign-up").status, 404);
    assert!(!server.someone().get("/login").text.contains("/sign-up"));
    assert_eq!(
        server.someone().post("/sign-up", "username=new&new_password=a-good-password").status,
        404
    );
}

#[test]
fn open_sign_up_makes_everybody_a_reader() {
    let server = TestServer::with(&[("TIDEMARK_ACCOUNTS__SIGN_UP", "open")]);
    assert!(server.someone().get("/login").text.contains("href=\"/sign-up\""));
    let page = server.someone().get("/sign-up");
    assert!(page.status == 200 && page.text.contains("You will be a reader"), "{}", page.text);
    let answer = server.someone().post("/sign-up", "username=New+One&name=&new_password=short");
    assert_eq!(answer.status, 422);
    for part in ["username-error", "as in \"new-one\"", "new_password-error", "value=\"New One\""] {
        assert!(answer.text.contains(part), "no {part} in {}", answer.text);
    }
    let answer = server
        .someone()
        .post("/sign-up", "username=new&name=Ne+Wone&new_password=a-good-password&role=admin");
    assert_eq!((answer.status, answer.header("location")), (303, "/"));
    let new =
        server.someone().with("cookie", answer.header("set-cookie").split(';').next().unwrap());
    let account = new.get("/account").text;
    assert!(account.contains("Ne Wone") && account.contains(">reader<"), "{account}");
    let taken = server.someone().post("/sign-up", "username=new&new_password=a-good-password");
    assert!(taken.status == 422 && taken.text.contains("is taken"), "{}", taken.text);
}

#[test]
fn an_invitation_creates_one_account_with_its_role() {
    let server = TestServer::with(&[("TIDEMARK_ACCOUNTS__SIGN_UP", "invite")]);
    server.add_user_with_role("boss", PASSWORD, Role::Admin);
    let boss = server.someone().signed_in("boss", PASSWORD);
    assert_eq!(server.someone().get("/sign-up").status, 403, "without an invitation");
    let invite = || {
        let page = boss.post("/users/invitations", "role=author").text;
        let token = &page[page.find("/sign-up?invitation=").unwrap() + 20..];
        token[..24].to_owned()
    };
    let token = invite();
    assert!(!boss.get("/users").text.contains(&token), "it is shown only once");
    let page = server.someone().get(&format!("/sign-up?invitation={token}")).text;
    assert!(page.contains("You will be an author") && page.contains(&token), "{page}");
    let body = |username: &str, token: &str| {
        format!("username={username}&name=&new_password=a-good-password&invitation={token}")
    };
    let taken = server.someone().post("/sign-up", &body("boss", &token));
    assert_eq!(taken.status, 422, "{}", taken.text);
    let answer = server.someone().post("/sign-up", &body("new", &token));
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, "/"),
        "a refused attempt does not use it up"
    );
    assert_eq!(
        server.someone().post("/sign-up", &body("another", &token)).status,
        403,
        "it is used up"
    );
    let token = invite();
    server.clock.advance(Duration::from_secs(7 * 24 * 3600));
    assert_eq!(
        server.someone().post("/sign-up", &body("late", &token)).status,
        403,
        "it has expired"
    );
    let token = invite();
    let page = boss.get("/users").text;
    let hash = &page[page.find("name=\"invitation\" value=\"").unwrap() + 25..][..64];
    assert_eq!(boss.post("/users/invitations/delete", &format!("invitation={hash}")).status, 303);
    assert_eq!(
        server.someone().post("/sign-up", &body("late", &token)).status,
        403,
        "it was revoked"
    );
}

#[test]
fn an_administrator_adds_changes_and_blocks_accounts() {
    let server = TestServer::start();
    server.add_user_with_role("boss", PASSWORD, Role::Admin);
    server.add_user("reader", PASSWORD);
    let boss = server.someone().signed_in("boss", PASSWORD);
    let reader = server.someone().signed_in("reader", PASSWORD);
    assert_eq!(reader.get("/users").status, 403);
    assert_eq!(reader.post("/users/reader/role", "role=admin").status, 403);
    let page = boss.post("/users", "username=writer&name=Wri+Ter&role=author").text;
    let secret = &page[page.find("class=\"secret\">").unwrap() + 15..];
    let password = secret[..secret.find('<').unwrap()].to_owned();
    assert_eq!(sign_in(&server.someone(), "writer", &password).status, 303);
    let again = boss.post("/users", "username=writer&name=Wri+Ter&role=author");
    assert!(again.status == 422 && again.text.contains("username-error"), "{}", again.text);
    assert_eq!(boss.post("/users", "username=writer2&role=king").status, 422);
    assert_eq!(
        boss.post("/users/reader/role", "role=author").header("location"),
        "/users?changed=role"
    );
    assert!(reader.get("/account").text.contains(">author<"), "at once, in every session");
    assert_eq!(boss.post("/users/boss/role", "role=reader").status, 403, "not one's own");
    assert_eq!(boss.post("/users/nobody/role", "role=reader").status, 404);
    assert_eq!(boss.post("/users/reader/block", "").header("location"), "/users?changed=blocked");
    assert_eq!(reader.get("/account").status, 303, "the sessions are over");
    assert_eq!(sign_in(&server.someone(), "reader", PASSWORD).status, 422);
    assert_eq!(boss.post("/users/boss/block", "").status, 403);
    let page = boss.post("/users/reader/password", "").text;
    let secret = &page[page.find("class=\"secret\">").unwrap() + 15..];
    let password = secret[..secret.find('<').unwrap()].to_owned();
    assert_eq!(sign_in(&server.someone(), "reader", &password).status, 303);
}

#[test]
fn nobody_can_impersonate_an_author() {
    let server = TestServer::with(&[("TIDEMARK_ACCOUNTS__SIGN_UP", "open")]);
    server.add_user("reader", PASSWORD);
    let reader = server.someone().signed_in("reader", PASSWORD);
    // The author of the test articles.
    for name in ["Jo Doe", "jo  doe", "J\u{43e} D\u{43e}e", "Jo D0e", "jo-doe"] {
        let body =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("name", name).finish();
        let answer = reader.post("/account/name", &body);
        assert_eq!(answer.status, 422, "{name}");
        assert!(answer.text.contains("one that looks like it"), "{name}");
        let body = format!("username=new&new_password=a-good-password&{body}");
        let answer = server.someone().post("/sign-up", &body);
        assert!(answer.status == 422 && answer.text.contains("one that looks like it"), "{name}");
    }
    let answer = reader.post("/account/name", "name=Jo%E2%80%AEeoD");
    assert!(answer.status == 422 && answer.text.contains("is invisible"), "{}", answer.text);
    assert_eq!(reader.post("/account/name", "name=Jo+Deer").status, 303);
}
