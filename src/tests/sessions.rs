//! Sessions: both stores agree with a simple model, and a password change ends everything that was
//! begun with the old password.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Barrier, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;
use tidemark::server::accounts;
use tidemark::server::db::actor::{Actor, Role, WriteError};
use tidemark::server::db::drafts::{Draft, EditorForm};
use tidemark::server::db::pictures::Picture;
use tidemark::server::db::reactions::Counted;
use tidemark::server::db::users::User;
use tidemark::server::db::{AnyDatabase, Database};
use tidemark::server::sessions::{
    CREDENTIAL, DatabaseSessionStore, MOST_SESSIONS, RedisSessionStore, STARTED_AT, SessionName,
    Sessions, USER_AGENT, USER_ID, instant, millis,
};
use tidemark_content::pictures::Kind;
use tidemark_counting::UserId;
use tidemark_servers::{Redis as RedisServer, RedisCluster};
use tidemark_store::clock::{Clock, Millis};
use tidemark_store::redis::Redis;
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};

use crate::database::{NOW, article, on_both};
use crate::harness::{Answer, Client, FIREFOX, NOON, TestServer, is_server_profile};

const PASSWORD: &str = "a-good-password";

/// How long the model's sessions last, in milliseconds.
const LASTS: i64 = 100_000;

/// The model's users.
const USERS: [UserId; 2] = [UserId(1), UserId(2)];

fn clock() -> Clock {
    Clock::manual(NOON.parse::<Timestamp>().unwrap())
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap()
}

/// A session that starts now.
fn new_session(user: UserId, clock: &Clock) -> Record {
    let now = clock.now().0;
    let data = [
        (USER_ID, json!(user)),
        (CREDENTIAL, json!(0)),
        (STARTED_AT, json!(now)),
        (USER_AGENT, json!("Some/1")),
    ];
    Record {
        id: Id::default(),
        data: data
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect::<HashMap<_, _>>(),
        expiry_date: instant(Millis(now + LASTS)).unwrap(),
    }
}

/// An empty SQLite store with both users.
async fn sqlite_sessions(folder: &std::path::Path, clock: &Clock) -> Sessions {
    let database =
        tidemark::server::db::open_sqlite(&format!("sqlite:{}", folder.join("blog.db").display()))
            .await
            .unwrap();
    for user in USERS {
        let name = format!("user-{user}");
        let added = Database::from(AnyDatabase::Sqlite(database.clone()))
            .add_user(&name, &name, Role::Reader, None, Millis(0))
            .await;
        assert_eq!(added.unwrap(), Some(user));
    }
    Sessions::Sqlite(DatabaseSessionStore::new(database, clock.clone()))
}

fn redis_sessions(url: &str, clock: &Clock) -> Sessions {
    Sessions::Redis(RedisSessionStore::new(Redis::new(url).unwrap(), clock.clone()))
}

/// Runs a test on an empty store of each kind, including a Redis Cluster.
fn on_each(test: impl AsyncFn(Sessions, Clock)) {
    let folder = tempfile::tempdir().unwrap();
    let (redis, cluster) = (RedisServer::start(), RedisCluster::start());
    runtime().block_on(async {
        let clock = clock();
        eprintln!("on SQLite");
        test(sqlite_sessions(folder.path(), &clock).await, clock.clone()).await;
        for url in [redis.url(), cluster.url()] {
            eprintln!("on {url}");
            test(redis_sessions(&url, &clock), clock.clone()).await;
        }
    });
}

#[derive(Clone, Debug)]
enum Action {
    /// Starts a session of a user.
    Begin(UserId),
    /// Saves a session again, even if it has ended since.
    Save(Index),
    End(Index),
    EndAll(UserId),
    Advance(u64),
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let action = prop_oneof![
        12 => (1i64..3).prop_map(|user| Action::Begin(UserId(user))),
        4 => any::<Index>().prop_map(Action::Save),
        4 => any::<Index>().prop_map(Action::End),
        2 => (1i64..3).prop_map(|user| Action::EndAll(UserId(user))),
        4 => (1u64..60).prop_map(Action::Advance),
    ];
    prop::collection::vec(action, 1..40)
}

/// A session in the model.
struct Known {
    record: Record,
    user: UserId,
    is_ended: bool,
}

/// Applies a sequence of actions to a store and to a list. After each action, loads and lists all
/// sessions and compares; reading must not change anything.
async fn agrees_with_the_model(
    sessions: Sessions,
    clock: Clock,
    actions: Vec<Action>,
) -> Result<(), TestCaseError> {
    let mut all = Vec::<Known>::new();
    for action in actions {
        match action {
            Action::Begin(user) => {
                let mut record = new_session(user, &clock);
                sessions.create(&mut record).await.unwrap();
                all.push(Known { record, user, is_ended: false });
            }
            Action::Save(_) | Action::End(_) if all.is_empty() => {}
            Action::Save(index) => sessions.save(&index.get(&all).record).await.unwrap(),
            Action::End(index) => {
                let number = index.index(all.len());
                sessions.delete(&all[number].record.id).await.unwrap();
                all[number].is_ended = true;
            }
            Action::EndAll(user) => {
                sessions.end_all(user).await.unwrap();
                all.iter_mut()
                    .filter(|known| known.user == user)
                    .for_each(|known| known.is_ended = true);
            }
            Action::Advance(seconds) => clock.advance(Duration::from_secs(seconds)),
        }
        let is_alive =
            |known: &Known| !known.is_ended && millis(known.record.expiry_date) > clock.now();
        for known in &all {
            let found = sessions.load(&known.record.id).await.unwrap();
            prop_assert_eq!(found, is_alive(known).then(|| known.record.clone()));
        }
        for user in USERS {
            let listed = sessions.of_user(user).await.unwrap();
            let listed: BTreeSet<SessionName> =
                listed.into_iter().map(|session| session.name).collect();
            let expected = all.iter().filter(|known| known.user == user && is_alive(known));
            let expected: BTreeSet<SessionName> =
                expected.map(|known| SessionName::of(&known.record.id)).collect();
            prop_assert_eq!(listed, expected);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_sessions_in_sqlite_agree_with_a_simple_model(actions in actions()) {
        let folder = tempfile::tempdir().unwrap();
        runtime().block_on(async {
            let clock = clock();
            agrees_with_the_model(sqlite_sessions(folder.path(), &clock).await, clock, actions).await
        })?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_sessions_in_redis_agree_with_a_simple_model(actions in actions()) {
        // No other test uses this Redis, so each case can empty it.
        static REDIS: OnceLock<RedisServer> = OnceLock::new();
        let redis = REDIS.get_or_init(RedisServer::start);
        redis.command(&["FLUSHALL"]);
        runtime().block_on(async {
            let clock = clock();
            agrees_with_the_model(redis_sessions(&redis.url(), &clock), clock, actions).await
        })?;
    }
}

#[test]
fn one_session_too_many_ends_the_users_oldest_and_no_other_users() {
    on_each(async |sessions, clock| {
        let mut other = new_session(USERS[1], &clock);
        sessions.create(&mut other).await.unwrap();
        let mut begun = Vec::new();
        for _ in 0..MOST_SESSIONS + 3 {
            clock.advance(Duration::from_secs(1));
            let mut record = new_session(USERS[0], &clock);
            sessions.create(&mut record).await.unwrap();
            begun.push(record);
        }
        let listed = sessions.of_user(USERS[0]).await.unwrap();
        assert_eq!(i64::try_from(listed.len()).unwrap(), MOST_SESSIONS);
        for (number, record) in begun.iter().enumerate() {
            assert_eq!(
                sessions.load(&record.id).await.unwrap().is_some(),
                number >= 3,
                "session {number}"
            );
        }
        assert!(sessions.load(&other.id).await.unwrap().is_some());
    });
}

/// Starts a session as a request does, which saves it once more with the answer.
async fn begin(sessions: Sessions, mut record: Record) -> Id {
    sessions.create(&mut record).await.unwrap();
    sessions.save(&record).await.unwrap();
    record.id
}

#[test]
fn ending_all_sessions_ends_those_that_start_meanwhile_too() {
    on_each(async |sessions, clock| {
        for round in 0..5 {
            let mut tasks = tokio::task::JoinSet::new();
            for _ in 0..8 {
                tasks.spawn(begin(sessions.clone(), new_session(USERS[0], &clock)));
            }
            sessions.end_all(USERS[0]).await.unwrap();
            let ids = tasks.join_all().await;
            let mut alive = BTreeSet::new();
            for id in &ids {
                if sessions.load(id).await.unwrap().is_some() {
                    alive.insert(SessionName::of(id));
                }
            }
            let listed = sessions.of_user(USERS[0]).await.unwrap();
            let listed: BTreeSet<SessionName> =
                listed.into_iter().map(|session| session.name).collect();
            assert_eq!(listed, alive, "in round {round}, what is alive is in the list");
            sessions.end_all(USERS[0]).await.unwrap();
            for id in &ids {
                assert!(sessions.load(id).await.unwrap().is_none());
            }
        }
    });
}

fn sign_in(client: &Client, username: &str, password: &str) -> Answer {
    client.post("/login", &format!("username={username}&password={password}"))
}

/// A server with the administrators boss and other, and the author writer.
fn server_with_users(settings: &[(&str, &str)]) -> TestServer {
    let server = TestServer::with(settings);
    server.add_user_with_role("boss", PASSWORD, Role::Admin);
    server.add_user_with_role("other", PASSWORD, Role::Admin);
    server.add_user_with_role("writer", PASSWORD, Role::Author);
    server
}

impl TestServer {
    /// The number of stored sessions of a user.
    fn sessions_of(&self, username: &str) -> usize {
        let user = self.run(self.database.user_by_username(username)).unwrap().unwrap();
        self.run(self.stores.sessions.of_user(user.id)).unwrap().len()
    }

    /// Sends requests that check a password, and runs `act` after they have loaded what they need
    /// and before any of them checks the password. Returns their answers.
    fn answers_around(
        &self,
        requests: &[&(dyn Fn() -> Answer + Sync)],
        act: impl FnOnce(),
    ) -> Vec<Answer> {
        let turn = self.run(self.accounts.turn()).unwrap();
        std::thread::scope(|scope| {
            let threads: Vec<_> = requests.iter().map(|request| scope.spawn(request)).collect();
            while self.accounts.in_line() < requests.len() {
                assert!(
                    !threads.iter().any(std::thread::ScopedJoinHandle::is_finished),
                    "a request did not get to the password"
                );
                std::thread::yield_now();
            }
            act();
            drop(turn);
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        })
    }
}

#[test]
fn a_sign_in_during_a_password_change_leaves_no_session() {
    for how in ["block", "reset", "change"] {
        let server = server_with_users(&[]);
        let boss = server.someone().signed_in("boss", PASSWORD);
        let before = server.someone().signed_in("writer", PASSWORD);
        let [first, second, third] =
            [1, 2, 3].map(|number| server.reader(&format!("198.51.100.{number}"), FIREFOX));
        let writer = server.run(server.database.user_by_username("writer")).unwrap().unwrap();
        let hash = accounts::passwords::hash_password("another-password").unwrap();
        let requests: [&(dyn Fn() -> Answer + Sync); 3] = [
            &|| sign_in(&first, "writer", PASSWORD),
            &|| sign_in(&second, "writer", PASSWORD),
            &|| sign_in(&third, "writer", PASSWORD),
        ];
        let answers = server.answers_around(&requests, || match how {
            "block" => assert_eq!(
                boss.post("/users/writer/block", "").header("location"),
                "/users?changed=blocked"
            ),
            // The same call as the form makes once the new password is hashed.
            "reset" => assert!(
                server
                    .run(accounts::set_password(
                        &server.stores.database,
                        &server.stores.sessions,
                        "writer",
                        &hash
                    ))
                    .unwrap()
            ),
            _ => assert_eq!(
                server.run(server.database.change_password(writer.actor(), &hash)).unwrap(),
                1
            ),
        });
        for answer in answers {
            assert_eq!(answer.status, 422, "{how}: {}", answer.text);
            assert!(
                answer.text.contains("The user name or the password is wrong."),
                "{how}: {}",
                answer.text
            );
            assert_eq!(answer.header("set-cookie"), "", "{how}");
        }
        assert_eq!(before.get("/account").status, 303, "{how}: earlier sessions have ended");
        if how != "change" {
            assert_eq!(server.sessions_of("writer"), 0, "{how}");
        }
        assert_eq!(boss.get("/account").status, 200, "{how}: no other user is affected");
        assert_eq!(
            sign_in(&server.someone(), "writer", "another-password").status == 303,
            how != "block",
            "{how}"
        );
    }
}

#[test]
fn however_sign_ins_race_with_a_password_change_one_session_is_left() {
    for round in 0..4 {
        let server = server_with_users(&[]);
        let writer = server.someone().signed_in("writer", PASSWORD);
        let barrier = Barrier::new(4);
        let cookies: Vec<String> = std::thread::scope(|scope| {
            let sign_ins: Vec<_> = (0..3)
                .map(|number| {
                    let (server, barrier) = (&server, &barrier);
                    scope.spawn(move || {
                        let client = server.reader(&format!("198.51.100.{number}"), FIREFOX);
                        barrier.wait();
                        let answer = sign_in(&client, "writer", PASSWORD);
                        answer.header("set-cookie").split(';').next().unwrap_or_default().to_owned()
                    })
                })
                .collect();
            barrier.wait();
            let body = format!("password={PASSWORD}&new_password=another-password");
            let changed = writer.post("/account/password", &body);
            assert_eq!(changed.header("location"), "/account?changed=password", "{}", changed.text);
            sign_ins.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        for cookie in cookies {
            assert_eq!(
                server.someone().with("cookie", &cookie).get("/account").status,
                303,
                "round {round}"
            );
        }
        assert_eq!(server.sessions_of("writer"), 1, "round {round}: the session that changed it");
    }
}

#[test]
fn a_user_blocked_while_changing_the_password_stays_blocked() {
    let server = server_with_users(&[]);
    let boss = server.someone().signed_in("boss", PASSWORD);
    let writer = server.someone().signed_in("writer", PASSWORD);
    let body = format!("password={PASSWORD}&new_password=another-password");
    let answers = server.answers_around(&[&|| writer.post("/account/password", &body)], || {
        assert_eq!(boss.post("/users/writer/block", "").status, 303);
    });
    assert_eq!(answers[0].status, 401, "{}", answers[0].text);
    assert_eq!(sign_in(&server.someone(), "writer", "another-password").status, 422);
    assert_eq!(server.sessions_of("writer"), 0);
}

#[test]
fn of_two_simultaneous_sign_ups_with_similar_names_one_gets_an_account() {
    let server = server_with_users(&[("TIDEMARK_ACCOUNTS__SIGN_UP", "invite")]);
    let boss = server.run(server.database.user_by_username("boss")).unwrap().unwrap();
    let [first, second] = ["Marina Keel", "Маrinа Kee1"].map(|name| {
        let invitation = server.run(server.accounts.invite(Role::Author, boss.actor())).unwrap();
        url::form_urlencoded::Serializer::new(String::new())
            .append_pair("invitation", &invitation)
            .append_pair("name", name)
            .append_pair("new_password", "three words and a tern")
            .finish()
    });
    let sign_up = |username: &str, body: &str| {
        server.someone().post("/sign-up", &format!("username={username}&{body}"))
    };
    let requests: [&(dyn Fn() -> Answer + Sync); 2] =
        [&|| sign_up("marina", &first), &|| sign_up("other-one", &second)];
    // Both pass the first check for similar names before either name is stored.
    let answers = server.answers_around(&requests, || {});
    let refused: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 422).collect();
    assert_eq!(refused.len(), 1, "{answers:?}");
    assert!(refused[0].text.contains("one that looks like it"), "{}", refused[0].text);
    assert_eq!(answers.iter().filter(|answer| answer.status == 303).count(), 1, "{answers:?}");
    let invitations = server.run(server.accounts.invitations()).unwrap();
    assert_eq!(invitations.len(), 1, "the refused user still has the invitation");
}

#[test]
fn of_two_simultaneous_renames_to_similar_names_one_succeeds() {
    on_both(async |database| {
        let mut actors = Vec::new();
        for username in ["ann", "ben"] {
            database.add_user(username, username, Role::Author, Some("$hash"), NOW).await.unwrap();
            actors.push(database.user_by_username(username).await.unwrap().unwrap().actor());
        }
        let is_like = |user: &User| user.name.starts_with("Marina");
        let (one, other) = tokio::join!(
            database.rename_user(actors[0], "Marina Keel", &is_like),
            database.rename_user(actors[1], "Marina Kee1", &is_like),
        );
        assert_eq!(u8::from(one.unwrap()) + u8::from(other.unwrap()), 1);
        // A user may keep their own name.
        let named =
            database.writers().await.unwrap().into_iter().find(|user| is_like(user)).unwrap();
        assert!(database.rename_user(named.actor(), "Marina Keel", &is_like).await.unwrap());
    });
}

#[test]
fn an_administrator_who_loses_the_role_cant_finish_an_action() {
    let server = server_with_users(&[]);
    let other = server.someone().signed_in("other", PASSWORD);
    let demote =
        || assert!(server.run(server.database.set_role(None, "other", Role::Author)).unwrap());
    let requests: [&(dyn Fn() -> Answer + Sync); 2] =
        [&|| other.post("/users/writer/password", ""), &|| {
            other.post("/users", "username=new&name=New&role=admin")
        }];
    for answer in server.answers_around(&requests, demote) {
        assert_eq!(answer.status, 403, "{}", answer.text);
        assert!(!answer.text.contains("class=\"secret\""), "{}", answer.text);
    }
    assert!(server.run(server.database.user_by_username("new")).unwrap().is_none());
    assert_eq!(
        sign_in(&server.someone(), "writer", PASSWORD).status,
        303,
        "the password is unchanged"
    );
    assert_eq!(other.get("/account").status, 200, "the session continues with the new role");
    assert_eq!(other.get("/users").status, 403);
}

#[test]
fn a_session_of_an_old_credential_is_invalid_even_if_it_could_not_be_deleted() {
    let server = server_with_users(&[]);
    let writer = server.someone().signed_in("writer", PASSWORD);
    writer.post("/articles/first/like", "like=true");
    assert!(writer.get("/articles/first").text.contains("A Reader"));
    let id = server.id("first");
    assert_eq!(writer.view(id).json()["views"], 1);
    server.execute("UPDATE users SET credential = credential + 1 WHERE username = 'writer'");
    assert_eq!(server.sessions_of("writer"), 1);
    for path in ["/account", "/studio", "/collects"] {
        assert_eq!(writer.get(path).status, 303, "{path}");
    }
    let article = writer.get("/articles/first").text;
    assert!(
        !article.contains("A Reader") && !article.contains("aria-pressed=\"true\""),
        "{article}"
    );
    for (path, body) in [
        ("/articles/first/like", "like=false"),
        ("/account/name", "name=Somebody"),
        ("/account/about", "about=Somebody"),
        ("/studio/new", "title=Title&markdown=Text&intent=publish"),
    ] {
        assert_eq!(writer.post(path, body).status, 401, "{path}");
    }
    // The server profile counts without asking SQL, which may be unreachable.
    let view = writer.view(id).json();
    assert_eq!(view["counted"], !is_server_profile(), "it counts as an anonymous view: {view}");
    let again = server.someone().signed_in("writer", PASSWORD);
    let account = again.get("/account").text;
    assert_eq!(
        account.matches("class=\"session-browser\"").count(),
        1,
        "an invalid session is not listed: {account}"
    );
    assert_eq!(again.post("/account/sessions/end", "session=others").status, 303);
    assert_eq!(server.sessions_of("writer"), 1, "it can still be ended");
}

#[test]
fn the_store_never_holds_a_cookies_value() {
    let server = server_with_users(&[]);
    let writer = server.someone().signed_in("writer", PASSWORD);
    let cookie = writer.header_named("cookie").split_once('=').unwrap().1.to_owned();
    let id: Id = cookie.parse().unwrap();
    let mut stored = Vec::new();
    match &server.redis {
        None => {
            for name in ["blog.db", "blog.db-wal"] {
                stored.extend(std::fs::read(server.folder.path().join(name)).unwrap_or_default());
            }
        }
        Some(redis) => {
            let keys = redis.command(&["KEYS", "tm:{sessions}:*"]);
            for key in keys.lines().filter(|key| !key.contains(":of:")) {
                stored.extend(redis.command(&["GET", key]).into_bytes());
            }
            stored.extend(keys.into_bytes());
        }
    }
    let has = |part: &[u8]| stored.windows(part.len()).any(|window| window == part);
    let name = SessionName::of(&id);
    assert!(has(name.as_str().as_bytes()), "it is there");
    assert!(
        !has(cookie.as_bytes()) && !has(id.0.to_string().as_bytes()) && !has(&id.0.to_le_bytes())
    );
    for thief in [name.as_str(), &name.as_str()[..22]] {
        let thief = server.someone().with("cookie", &format!("session={thief}"));
        assert_eq!(thief.get("/account").status, 303);
    }
}

#[test]
fn an_invitation_ends_when_its_creator_may_no_longer_invite() {
    let server = server_with_users(&[("TIDEMARK_ACCOUNTS__SIGN_UP", "invite")]);
    let boss = server.someone().signed_in("boss", PASSWORD);
    let invite = || {
        let other = server.someone().signed_in("other", PASSWORD);
        let page = other.post("/users/invitations", "role=admin").text;
        let token = &page[page.find("/sign-up?invitation=").unwrap() + 20..];
        token[..24].to_owned()
    };
    let body =
        |token: &str| format!("username=new&name=&new_password={PASSWORD}&invitation={token}");
    let is_refused = |token: &str| {
        let page = server.someone().get(&format!("/sign-up?invitation={token}"));
        let form = server.someone().post("/sign-up", &body(token));
        (page.status, form.status) == (403, 403)
    };
    let give_back = || {
        assert!(server.run(server.database.set_role(None, "other", Role::Admin)).unwrap());
        let hash = accounts::passwords::hash_password(PASSWORD).unwrap();
        assert!(
            server
                .run(accounts::set_password(
                    &server.stores.database,
                    &server.stores.sessions,
                    "other",
                    &hash
                ))
                .unwrap()
        );
    };
    for (path, form) in [
        ("/users/other/role", "role=author"),
        ("/users/other/block", ""),
        ("/users/other/password", ""),
    ] {
        let token = invite();
        assert_eq!(server.someone().get(&format!("/sign-up?invitation={token}")).status, 200);
        assert!(boss.post(path, form).status < 400, "{path}");
        assert!(is_refused(&token), "{path}");
        give_back();
        assert!(is_refused(&token), "{path}: regaining the role does not revive it");
    }
    // However the inviter lost the rights.
    for lost in [
        "UPDATE users SET role = 'author' WHERE username = 'other'",
        "UPDATE users SET password_hash = NULL WHERE username = 'other'",
    ] {
        let token = invite();
        server.execute(lost);
        assert!(is_refused(&token), "{lost}");
        assert!(!boss.get("/users").text.contains("name=\"invitation\""), "it is not listed");
        give_back();
    }
    // Also for someone who has already submitted the form.
    let token = invite();
    let sign_up = || server.someone().post("/sign-up", &body(&token));
    let answers = server.answers_around(&[&sign_up], || {
        assert_eq!(boss.post("/users/other/block", "").status, 303);
    });
    assert_eq!(answers[0].status, 403, "{}", answers[0].text);
    assert!(server.run(server.database.user_by_username("new")).unwrap().is_none());
}

#[test]
fn two_administrators_who_demote_each_other_at_once_leave_one() {
    let server = server_with_users(&[]);
    let [boss, other] = ["boss", "other"].map(|name| server.someone().signed_in(name, PASSWORD));
    let at_once = |action: &str, form: &str| {
        let barrier = Barrier::new(2);
        let ask = |client: &Client, username: &str| {
            barrier.wait();
            client.post(&format!("/users/{username}/{action}"), form).status
        };
        std::thread::scope(|scope| {
            let first = scope.spawn(|| ask(&boss, "other"));
            let second = ask(&other, "boss");
            (first.join().unwrap(), second)
        })
    };
    let is_admin = |username: &str| {
        let user = server.run(server.database.user_by_username(username)).unwrap().unwrap();
        user.role == Role::Admin && user.password_hash.is_some()
    };
    for round in 0..8 {
        let answers = at_once("role", "role=reader");
        assert!(matches!(answers, (303, 403) | (403, 303)), "round {round}: {answers:?}");
        assert_eq!(
            (is_admin("boss"), is_admin("other")),
            (answers.0 == 303, answers.1 == 303),
            "round {round}"
        );
        for name in ["boss", "other"] {
            assert!(server.run(server.database.set_role(None, name, Role::Admin)).unwrap());
        }
    }
    let answers = at_once("block", "");
    assert!(matches!(answers, (303, 401) | (401, 303)), "{answers:?}");
    assert_eq!((is_admin("boss"), is_admin("other")), (answers.0 == 303, answers.1 == 303));
}

/// Tries every write that is made on behalf of a user and returns each result.
async fn written(database: &Database, actor: Actor) -> Vec<(&'static str, Result<(), WriteError>)> {
    let article_id =
        database.articles(&Default::default(), None, 1, 1, NOW).await.unwrap().items[0].id;
    let author = database.user_by_username("jo-doe").await.unwrap().unwrap();
    let form = EditorForm::default();
    let draft = Draft { form_key: String::new(), version: 1, fields: "{}".into(), saved_at: NOW };
    let picture = Picture {
        name: format!("{:032x}.png", actor.credential),
        user_id: actor.id,
        media_type: Kind::Png,
        bytes: 1,
        width: 1,
        height: 1,
        original_name: "tide.png".into(),
        created_at: NOW,
        copies: None,
    };
    let stored = database.editable(article_id).await.unwrap().unwrap();
    let (version, fields) = (stored.version, stored.fields);
    vec![
        (
            "add_article",
            database.add_article(&article("another"), actor, &form, NOW).await.map(drop),
        ),
        (
            "save_article",
            database.save_article(article_id, version, &fields, actor, &form, NOW).await.map(drop),
        ),
        (
            "set_deleted",
            database.set_deleted(article_id, version, false, actor, NOW).await.map(drop),
        ),
        ("keep_draft", database.keep_draft(actor, article_id, &draft).await.map(drop)),
        ("discard_draft", database.discard_draft(actor, article_id, &form, NOW).await.map(drop)),
        ("finish_form", database.finish_form(actor, article_id, &form, NOW).await),
        (
            "set_reaction",
            database.set_reaction(Counted::Likes, actor, article_id, true, NOW).await.map(drop),
        ),
        ("set_follow", database.set_follow(actor, author.id, true, NOW).await.map(drop)),
        (
            "add_pictures",
            database
                .add_pictures(actor, std::slice::from_ref(&picture), 100, i64::MAX)
                .await
                .map(drop),
        ),
        ("delete_picture", database.delete_picture(actor, &picture.name, None).await.map(drop)),
        ("rename_user", database.rename_user(actor, "Somebody Else", &|_| false).await.map(drop)),
        (
            "add_invitation",
            database.add_invitation("hash", Role::Author, actor, NOW, NOW + 1).await,
        ),
        ("delete_invitation", database.delete_invitation(actor, "hash").await),
        (
            "add_user_for",
            database.add_user_for(actor, "new", "New", Role::Reader, "$hash", NOW).await.map(drop),
        ),
        ("set_role", database.set_role(Some(actor), "new", Role::Author).await.map(drop)),
        ("reset_password", database.reset_password(actor, "new", "$new").await.map(drop)),
        ("block_user", database.block_user(actor, "new").await.map(drop)),
        ("change_password", database.change_password(actor, "$new").await.map(drop)),
    ]
}

#[test]
fn nothing_is_written_for_a_user_blocked_or_demoted_meanwhile() {
    on_both(async |database| {
        crate::database::write(&database, &article("first")).await;
        let id = database
            .add_user("ann", "Ann", Role::Admin, Some("$hash"), NOW)
            .await
            .unwrap()
            .unwrap();
        let before = database.user(id).await.unwrap().unwrap().actor();
        assert!(database.set_role(None, "ann", Role::Reader).await.unwrap());
        for (what, result) in written(&database, before).await {
            assert!(matches!(result, Err(WriteError::Demoted)), "{what}: {result:?}");
        }
        assert!(database.set_role(None, "ann", Role::Admin).await.unwrap());
        assert_eq!(database.set_password("ann", "$another").await.unwrap(), Some(id));
        for (what, result) in written(&database, before).await {
            assert!(matches!(result, Err(WriteError::SignedOut)), "{what}: {result:?}");
        }
        let user = database.user(id).await.unwrap().unwrap();
        assert_eq!((user.name.as_str(), user.password_hash.as_deref()), ("Ann", Some("$another")));
        assert!(database.user_by_username("new").await.unwrap().is_none());
        // The same writes succeed for a user who has the rights.
        for (what, result) in written(&database, user.actor()).await {
            assert!(result.is_ok(), "{what}: {result:?}");
        }
    });
}

#[test]
fn only_a_password_change_changes_the_credential() {
    on_both(async |database| {
        let boss = database
            .add_user("boss", "Boss", Role::Admin, Some("$hash"), NOW)
            .await
            .unwrap()
            .unwrap();
        let boss = database.user(boss).await.unwrap().unwrap().actor();
        let id = database
            .add_user("ann", "Ann", Role::Reader, Some("$hash"), NOW)
            .await
            .unwrap()
            .unwrap();
        let ann = async || database.user(id).await.unwrap().unwrap();
        assert_eq!(ann().await.credential, 0);
        assert!(database.set_role(Some(boss), "ann", Role::Author).await.unwrap());
        database.rename_user(ann().await.actor(), "Ann Bell", &|_| false).await.unwrap();
        assert_eq!(ann().await.credential, 0, "a role change applies at once to every session");
        assert_eq!(database.change_password(ann().await.actor(), "$1").await.unwrap(), 1);
        assert_eq!(database.reset_password(boss, "ann", "$2").await.unwrap(), Some(id));
        assert_eq!(database.block_user(boss, "ann").await.unwrap(), Some(id));
        assert_eq!((ann().await.credential, ann().await.password_hash), (3, None));
        assert_eq!(database.set_password("ann", "$3").await.unwrap(), Some(id));
        assert_eq!(ann().await.credential, 4);
        assert_eq!(database.block_user(boss, "nobody").await.unwrap(), None);
    });
}
