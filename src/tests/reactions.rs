//! Likes, collects and follows: without JavaScript, through the script's requests, under
//! concurrency, and after failures.

mod author_counts;

use std::time::Duration;

use serde_json::json;
use tidemark::server::accounts;
use tidemark::server::author_counts::AuthorCounts;
use tidemark::server::content::import::{Report, SourceFile, import};
use tidemark::server::db::actor::Role;
use tidemark::server::db::reactions::Counted;
use tidemark_counting::store::Drift;
use tidemark_counting::{ArticleId, UserId};
use tidemark_store::clock::Millis;

use crate::harness::{Answer, Client, TestServer, binary, reader, source};

const PASSWORD: &str = "a-good-password";

impl TestServer {
    fn signed_in_reader(&self, username: &str) -> Client<'_> {
        self.add_user(username, PASSWORD);
        self.someone().signed_in(username, PASSWORD)
    }

    /// Gives the author of all articles a password and signs in as that author.
    fn signed_in_author(&self) -> Client<'_> {
        let hash = accounts::passwords::hash_password(PASSWORD).unwrap();
        assert!(
            self.run(accounts::set_password(
                &self.stores.database,
                &self.stores.sessions,
                "jo-doe",
                &hash
            ))
            .unwrap()
        );
        self.someone().signed_in("jo-doe", PASSWORD)
    }

    /// Adds `count` users without a password and returns their ids.
    fn users(&self, count: usize) -> Vec<UserId> {
        let add = async |index: usize| {
            let name = format!("user-{index}");
            self.database
                .add_user(&name, &name, Role::Reader, None, Millis(0))
                .await
                .unwrap()
                .unwrap()
        };
        self.run(async {
            let mut ids = Vec::new();
            for index in 0..count {
                ids.push(add(index).await);
            }
            ids
        })
    }

    /// The author counts as another process sees them.
    fn author_counts(&self) -> AuthorCounts {
        self.stores.author_counts.clone()
    }

    fn import(&self, files: Vec<SourceFile>) {
        let report =
            self.run(import(&self.database, &self.clock, files, Report::default())).unwrap();
        assert!(report.refused().is_empty(), "{report:?}");
    }

    /// An article's likes and collects according to the API.
    fn counts(&self, slug: &str) -> (i64, i64) {
        let article = self.someone().get(&format!("/api/v1/articles/{}", self.id(slug))).json();
        (article["likes"].as_i64().unwrap(), article["collects"].as_i64().unwrap())
    }
}

impl Client<'_> {
    fn put(&self, endpoint: &str, form: &str) -> Answer {
        let client = self.with("content-type", "application/x-www-form-urlencoded");
        client.request("PUT", &format!("/api/islands/{endpoint}"), form)
    }
}

/// For the button whose form goes to `action`: its label, whether it is pressed, and what a click
/// would send.
fn button(html: &str, action: &str) -> (String, bool, String) {
    let form = html
        .split(&format!("action=\"{action}\""))
        .nth(1)
        .unwrap_or_else(|| panic!("no {action} in {html}"));
    let form = form.split("</form>").next().unwrap();
    let sent = form.split(" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let is_pressed = form.contains("aria-pressed=\"true\"");
    let content = form.split("</svg>").nth(1).unwrap().split("</button>").next().unwrap();
    let mut text = String::new();
    let mut is_tag = false;
    for letter in content.chars() {
        match letter {
            '<' => is_tag = true,
            '>' => is_tag = false,
            _ if !is_tag => text.push(letter),
            _ => {}
        }
    }
    (text.split_whitespace().collect::<Vec<_>>().join(" "), is_pressed, sent)
}

#[test]
fn a_buttons_label_stays_the_same_because_aria_pressed_carries_the_state() {
    let server = TestServer::start();
    let reader = server.signed_in_reader("reader");
    for (page, reaction) in
        [("/articles/first", "like"), ("/articles/first", "collect"), ("/authors/jo-doe", "follow")]
    {
        let action = format!("{page}/{reaction}");
        let state = || {
            let (text, is_pressed, _) = button(&reader.get(page).text, &action);
            (text.replace(char::is_numeric, ""), is_pressed)
        };
        let (off, is_pressed) = state();
        assert!(!is_pressed, "{off}");
        assert_eq!(reader.post(&action, &format!("{reaction}=true")).status, 303);
        assert_eq!(state(), (off, true));
    }
}

#[test]
fn liking_and_saving_an_article_work_with_plain_forms_and_are_idempotent() {
    let server = TestServer::start();
    let reader = server.signed_in_reader("reader");
    for (field, label) in [("like", "Like"), ("collect", "Save")] {
        let action = format!("/articles/first/{field}");
        let state = || button(&reader.get("/articles/first").text, &action);
        assert_eq!(state(), (format!("{label} 0"), false, "true".into()));
        for _ in 0..2 {
            let answer = reader.post(&action, &format!("{field}=true"));
            assert_eq!(
                (answer.status, answer.header("location")),
                (303, "/articles/first"),
                "{}",
                answer.text
            );
            assert_eq!(state(), (format!("{label} 1"), true, "false".into()));
        }
        for _ in 0..2 {
            assert_eq!(reader.post(&action, &format!("{field}=false")).status, 303);
            assert_eq!(state(), (format!("{label} 0"), false, "true".into()));
        }
        assert_eq!(reader.post(&action, &format!("{field}=true")).status, 303);
    }
    assert_eq!(server.counts("first"), (1, 1));
    assert_eq!(server.counts("second"), (0, 0));
}

#[test]
fn readers_see_counts_of_reactions_but_not_who_reacted() {
    let server = TestServer::start();
    let (one, other) = (server.signed_in_reader("one"), server.signed_in_reader("other"));
    one.post("/articles/first/like", "like=true");
    one.post("/articles/first/collect", "collect=true");
    one.post("/authors/jo-doe/follow", "follow=true");
    let html = other.get("/articles/first").text;
    assert_eq!(button(&html, "/articles/first/like"), ("Like 1".into(), false, "true".into()));
    assert_eq!(button(&html, "/articles/first/collect"), ("Save 1".into(), false, "true".into()));
    let author = other.get("/authors/jo-doe").text;
    assert_eq!(
        button(&author, "/authors/jo-doe/follow"),
        ("Follow Jo Doe".into(), false, "true".into())
    );
    assert!(author.contains("1 follower<"), "{author}");
    assert!(other.get("/collects").text.contains("Nothing saved yet"));
    assert!(other.get("/following").text.contains("You aren't following anyone yet"));
    other.post("/articles/first/like", "like=true");
    assert_eq!(server.counts("first"), (2, 1));
    other.post("/articles/first/like", "like=false");
    assert_eq!(server.counts("first"), (1, 1), "a reader can undo only their own reactions");
}

#[test]
fn a_reader_who_is_not_signed_in_is_sent_to_sign_in_and_back() {
    let server = TestServer::start();
    let article = server.someone().get("/articles/first").text;
    // Like stands at the top, too.
    for (intent, count) in [("like", 2), ("collect", 1)] {
        let link = format!("href=\"/login?next=%2Farticles%2Ffirst&amp;intent={intent}\"");
        assert_eq!(article.matches(&link).count(), count, "{article}");
    }
    assert!(!article.contains("aria-pressed"), "{article}");
    let author = server.someone().get("/authors/jo-doe").text;
    assert!(
        author.contains("href=\"/login?next=%2Fauthors%2Fjo%2Ddoe&amp;intent=follow\""),
        "{author}"
    );
    for path in ["/collects", "/following"] {
        let answer = server.someone().get(path);
        assert_eq!(answer.status, 303);
        assert_eq!(answer.header("location"), format!("/login?next=%2F{}", &path[1..]));
    }
    for (path, form) in [
        ("/articles/first/like", "like=true"),
        ("/articles/first/collect", "collect=true"),
        ("/authors/jo-doe/follow", "follow=true"),
    ] {
        assert_eq!(server.someone().post(path, form).status, 401, "{path}");
    }
    for (endpoint, form) in [
        ("set-like", format!("article={}&like=true", server.id("first"))),
        ("set-collect", format!("article={}&collect=true", server.id("first"))),
        ("set-follow", "username=jo-doe&follow=true".into()),
    ] {
        let answer = server.someone().put(endpoint, &form);
        assert_eq!((answer.status, answer.json()), (401, json!("Unauthorized")), "{endpoint}");
    }
    assert_eq!(server.counts("first"), (0, 0));
}

#[test]
fn whoever_signs_in_to_like_is_told_so_and_likes_with_the_sign_in() {
    let server = TestServer::start();
    server.add_user("reader", PASSWORD);
    let id = server.id("first");
    for (intent, path, title, button) in [
        ("like", "/articles/first", "Sign in to like “Title of first”", "Sign in and like"),
        ("collect", "/articles/first", "Sign in to save “Title of first”", "Sign in and save"),
        ("follow", "/authors/jo-doe", "Sign in to follow Jo Doe", "Sign in and follow"),
    ] {
        let login = server.someone().get(&format!("/login?next={path}&intent={intent}")).text;
        assert!(login.contains(&format!("<h1>{title}</h1>")), "{login}");
        assert!(login.contains(&format!(">{button}</button>")), "{login}");
        let form = format!("username=reader&next={path}&intent={intent}&password=");
        let wrong = server.someone().post("/login", &format!("{form}wrong"));
        assert_eq!(wrong.status, 422);
        assert!(wrong.text.contains(title) && wrong.text.contains(button), "{}", wrong.text);
        let cross_site = server.someone().with("sec-fetch-site", "cross-site");
        assert_eq!(cross_site.post("/login", &format!("{form}{PASSWORD}")).status, 403);
        let count = |server: &TestServer| match intent {
            "follow" => server.number("SELECT count(*) FROM follows WHERE ? = ''", ""),
            "like" => server.counts("first").0,
            _ => server.counts("first").1,
        };
        assert_eq!(count(&server), 0, "nothing is done before the sign-in");
        for _ in 0..2 {
            let answer = server.someone().post("/login", &format!("{form}{PASSWORD}"));
            assert_eq!((answer.status, answer.header("location")), (303, path));
            assert_eq!(count(&server), 1, "{intent}");
        }
    }
    // A link alone does nothing, even for somebody who is signed in.
    let reader = server.someone().signed_in("reader", PASSWORD);
    assert_eq!(reader.post("/articles/first/like", "like=false").status, 303);
    reader.get("/login?next=/articles/first&intent=like");
    assert_eq!(server.counts("first").0, 0);
    for query in [
        "next=/articles/unpublished&intent=like",
        "next=/articles/nothing&intent=like",
        "next=//evil.example&intent=follow",
        "next=/articles/first&intent=delete",
    ] {
        let login = server.someone().get(&format!("/login?{query}")).text;
        assert!(login.contains("<h1>Sign in</h1>"), "{query}: {login}");
        let form = format!("username=reader&password={PASSWORD}&{query}");
        assert_eq!(server.someone().post("/login", &form).status, 303, "{query}");
    }
    assert_eq!(server.number("SELECT count(*) FROM likes WHERE ? = ''", ""), 0, "{id}");
}

#[test]
fn whoever_signs_up_to_like_likes_with_the_sign_up() {
    let server = TestServer::with(&[("TIDEMARK_ACCOUNTS__SIGN_UP", "open")]);
    let login = server.someone().get("/login?next=/articles/first&intent=like").text;
    let link = "/sign-up?next=%2Farticles%2Ffirst&amp;intent=like";
    assert!(login.contains(link), "{login}");
    let sign_up = server.someone().get(&link.replace("&amp;", "&")).text;
    assert!(sign_up.contains("name=\"intent\" value=\"like\""), "{sign_up}");
    let form = "username=new-one&name=New&next=/articles/first&intent=like&new_password=";
    let short = server.someone().post("/sign-up", &format!("{form}x"));
    assert!(
        short.status == 422 && short.text.contains("value=\"/articles/first\""),
        "{}",
        short.text
    );
    let answer = server.someone().post("/sign-up", &format!("{form}{PASSWORD}"));
    assert_eq!((answer.status, answer.header("location")), (303, "/articles/first"));
    assert_eq!(server.counts("first").0, 1);
}

#[test]
fn hidden_articles_cant_be_reacted_to_and_invalid_forms_are_refused() {
    let server = TestServer::start();
    server.add_user("other", PASSWORD);
    let reader = server.signed_in_reader("reader");
    for (path, form, status) in [
        ("/articles/unpublished/like", "like=true", 404),
        ("/articles/unpublished/collect", "collect=true", 404),
        ("/articles/nothing/like", "like=true", 404),
        ("/authors/nobody/follow", "follow=true", 404),
        ("/authors/reader/follow", "follow=true", 404),
        ("/articles/first/like", "like=maybe", 400),
        ("/articles/first/like", "", 400),
        ("/articles/first/collect", "like=true", 400),
        ("/authors/jo-doe/follow", "follow=1", 400),
    ] {
        assert_eq!(reader.post(path, form).status, status, "{path} {form}");
    }
    let unpublished = server.id("unpublished");
    for (endpoint, form) in [
        ("set-like", format!("article={unpublished}&like=true")),
        ("set-collect", format!("article={unpublished}&collect=true")),
        ("set-like", "article=999&like=true".into()),
        ("set-follow", "username=nobody&follow=true".into()),
        // Nobody learns which other users there are.
        ("set-follow", "username=nobody&follow=false".into()),
        ("set-follow", "username=other&follow=false".into()),
    ] {
        let answer = reader.put(endpoint, &form);
        assert!(answer.text.contains("NotFound"), "{endpoint} {form}: {answer:?}");
    }
    assert!(reader.put("set-like", "article=1&like=maybe").text.contains("BadRequest"));
    assert_eq!(reader.get("/articles/first/like").status, 405);
    // The request is refused before its body is read, so the connection can't be reused.
    let evil = reader.with("sec-fetch-site", "cross-site").with("connection", "close");
    assert_eq!(evil.post("/articles/first/like", "like=true").status, 403);
    let article = server.id("first");
    assert_eq!(evil.put("set-like", &format!("article={article}&like=true")).status, 403);
    assert_eq!(server.number("SELECT count(*) FROM likes WHERE ? = ''", ""), 0);
    assert_eq!(server.number("SELECT count(*) FROM collects WHERE ? = ''", ""), 0);
    assert_eq!(server.number("SELECT count(*) FROM follows WHERE ? = ''", ""), 0);
}

#[test]
fn a_script_gets_the_current_state_in_the_answer() {
    let server = TestServer::start();
    let (reader, other) = (server.signed_in_reader("reader"), server.signed_in_reader("other"));
    let id = server.id("first");
    let stands = |is_on: bool, count: i64| json!({ "is_on": is_on, "count": count });
    for (endpoint, what) in [
        ("set-like", format!("article={id}&like=")),
        ("set-collect", format!("article={id}&collect=")),
    ] {
        let set = |client: &Client, on: bool| client.put(endpoint, &format!("{what}{on}")).json();
        assert_eq!(set(&reader, true), stands(true, 1));
        assert_eq!(set(&reader, true), stands(true, 1));
        assert_eq!(set(&other, true), stands(true, 2));
        assert_eq!(set(&reader, false), stands(false, 1));
        assert_eq!(set(&reader, false), stands(false, 1));
    }
    let follow = |client: &Client, on: bool| {
        client.put("set-follow", &format!("username=jo-doe&follow={on}")).json()
    };
    assert_eq!(follow(&reader, true), stands(true, 1));
    assert_eq!(follow(&reader, true), stands(true, 1));
    assert_eq!(follow(&other, true), stands(true, 2));
    assert_eq!(follow(&reader, false), stands(false, 1));
    assert_eq!(server.counts("first"), (1, 1));
}

#[test]
fn the_api_has_likes_and_collects_in_lists_too() {
    let server = TestServer::start();
    let reader = server.signed_in_reader("reader");
    reader.post("/articles/first/like", "like=true");
    reader.post("/articles/second/collect", "collect=true");
    let list = server.someone().get("/api/v1/articles").json();
    let told: Vec<_> = list["articles"].as_array().unwrap().iter().collect();
    assert_eq!(
        (&told[0]["slug"], &told[0]["likes"], &told[0]["collects"]),
        (&json!("second"), &json!(0), &json!(1))
    );
    assert_eq!(
        (&told[1]["slug"], &told[1]["likes"], &told[1]["collects"]),
        (&json!("first"), &json!(1), &json!(0))
    );
    assert_eq!(server.counts("second"), (0, 1));
}

#[test]
fn c7_a_like_changes_no_article_and_editing_an_article_changes_no_like() {
    let server = TestServer::start();
    let reader = server.signed_in_reader("reader");
    let id = server.id("first");
    let article = || server.someone().get(&format!("/api/v1/articles/{id}")).json();
    server.someone().view(id);
    let before = article();
    server.clock.advance(Duration::from_secs(60));
    reader.post("/articles/first/like", "like=true");
    reader.post("/articles/first/collect", "collect=true");
    let after = article();
    assert_eq!(
        (&after["version"], &after["updated_at"]),
        (&before["version"], &before["updated_at"])
    );
    assert_eq!(after["views"], 1, "nor the views");
    server.import(vec![source("first", "", "Another text.")]);
    let changed = article();
    assert_eq!(
        (&changed["version"], &changed["likes"], &changed["collects"]),
        (&json!(2), &json!(1), &json!(1))
    );
    assert_eq!(button(&reader.get("/articles/first").text, "/articles/first/like").0, "Like 1");
}

#[test]
fn simultaneous_clicks_of_one_reader_count_once_and_the_last_one_wins() {
    let server = TestServer::start();
    let reader = server.signed_in_reader("reader");
    let id = server.id("first");
    for (endpoint, what, table) in [
        ("set-like", format!("article={id}&like="), "likes"),
        ("set-collect", format!("article={id}&collect="), "collects"),
        ("set-follow", "username=jo-doe&follow=".into(), "follows"),
    ] {
        std::thread::scope(|scope| {
            for thread in 0..6 {
                let (reader, what) = (&reader, &what);
                scope.spawn(move || {
                    for click in 0..20 {
                        let answer =
                            reader.put(endpoint, &format!("{what}{}", (thread + click) % 2 == 0));
                        assert_eq!(answer.status, 200, "{answer:?}");
                        let count = answer.json()["count"].as_i64().unwrap();
                        assert!((0..=1).contains(&count), "{endpoint}: {count}");
                    }
                });
            }
        });
        let rows = match table {
            "likes" => server.number("SELECT count(*) FROM likes WHERE ? = ''", ""),
            "collects" => server.number("SELECT count(*) FROM collects WHERE ? = ''", ""),
            _ => server.number("SELECT count(*) FROM follows WHERE ? = ''", ""),
        };
        for on in [true, false, true] {
            assert_eq!(
                reader.put(endpoint, &format!("{what}{on}")).json(),
                json!({ "is_on": on, "count": i64::from(on) })
            );
        }
        assert!(rows <= 1);
    }
    assert_eq!(server.counts("first"), (1, 1));
    assert_eq!(server.run(server.jobs.reconcile()).unwrap(), []);
}

#[test]
fn many_simultaneous_readers_are_all_counted_without_deadlocks() {
    let server = TestServer::start();
    let (articles, users) = ([server.id("first"), server.id("second")], server.users(24));
    server.run(async {
        let mut tasks = tokio::task::JoinSet::new();
        for user in &users {
            // Every click happens twice, as in a double click, and the articles come in different
            // orders.
            for click in 0..2 {
                let (database, user, mut articles) = (server.database.clone(), *user, articles);
                if user.0 % 2 == 0 {
                    articles.reverse();
                }
                tasks.spawn(async move {
                    for round in 0..5 {
                        for article in articles {
                            for counted in Counted::ALL {
                                let is_on = round % 2 == 0;
                                database
                                    .set_reaction(
                                        counted,
                                        reader(user),
                                        ArticleId(article),
                                        is_on,
                                        Millis(click),
                                    )
                                    .await
                                    .unwrap();
                            }
                        }
                    }
                    // The final state that all of them set.
                    for article in articles {
                        database
                            .set_reaction(
                                Counted::Likes,
                                reader(user),
                                ArticleId(article),
                                true,
                                Millis(click),
                            )
                            .await
                            .unwrap();
                        database
                            .set_reaction(
                                Counted::Collects,
                                reader(user),
                                ArticleId(article),
                                false,
                                Millis(click),
                            )
                            .await
                            .unwrap();
                    }
                });
            }
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        // The slower task of a double click may have run its last round after the other one's final
        // state, so set that again.
        for user in users {
            for article in articles {
                server
                    .database
                    .set_reaction(Counted::Likes, reader(user), ArticleId(article), true, Millis(0))
                    .await
                    .unwrap();
                server
                    .database
                    .set_reaction(
                        Counted::Collects,
                        reader(user),
                        ArticleId(article),
                        false,
                        Millis(0),
                    )
                    .await
                    .unwrap();
            }
        }
    });
    assert_eq!((server.counts("first"), server.counts("second")), ((24, 0), (24, 0)));
    assert_eq!(server.run(server.jobs.reconcile()).unwrap(), []);
}

#[test]
fn likes_during_a_reconcile_are_neither_lost_nor_doubled() {
    let server = TestServer::start();
    let (article, users) = (server.id("first"), server.users(40));
    // The count is wrong from the start, so that the reconcile has something to correct.
    server.execute("INSERT INTO article_stats (article_id, likes) SELECT id, 1000 FROM articles WHERE slug = 'first'");
    let drifts = server.run(async {
        let likes = async {
            for user in &users {
                server
                    .database
                    .set_reaction(
                        Counted::Likes,
                        reader(*user),
                        ArticleId(article),
                        true,
                        Millis(0),
                    )
                    .await
                    .unwrap();
                server
                    .database
                    .set_reaction(
                        Counted::Likes,
                        reader(*user),
                        ArticleId(article),
                        user.0 % 4 != 0,
                        Millis(0),
                    )
                    .await
                    .unwrap();
            }
        };
        let reconcile = async {
            let mut drifts = Vec::new();
            for _ in 0..10 {
                drifts.extend(server.database.reconcile_reactions(Counted::Likes).await.unwrap());
            }
            drifts
        };
        futures_util::future::join(likes, reconcile).await.1
    });
    assert_eq!(drifts.len(), 1, "only the earlier one: {drifts:?}");
    assert_eq!(drifts[0].kept - drifts[0].correct, 1000);
    let expected: i64 = users.iter().map(|user| i64::from(user.0 % 4 != 0)).sum();
    assert_eq!(server.counts("first").0, expected);
}

#[test]
fn a_reader_follows_an_author_and_finds_the_articles_under_following() {
    let server = TestServer::start();
    let other = source("other", "", "By somebody else.");
    server.import(vec![SourceFile { text: other.text.replace("Jo Doe", "Al Other"), ..other }]);
    let reader = server.signed_in_reader("reader");
    let author = |client: &Client| client.get("/authors/jo-doe").text;
    let html = author(&reader);
    assert!(html.contains("2 articles") && html.contains("0 followers"), "{html}");
    assert_eq!(
        button(&html, "/authors/jo-doe/follow"),
        ("Follow Jo Doe".into(), false, "true".into())
    );
    for _ in 0..2 {
        let answer = reader.post("/authors/jo-doe/follow", "follow=true");
        assert_eq!((answer.status, answer.header("location")), (303, "/authors/jo-doe"));
    }
    let html = author(&reader);
    assert!(html.contains("1 follower<"), "{html}");
    assert_eq!(
        button(&html, "/authors/jo-doe/follow"),
        ("Follow Jo Doe".into(), true, "false".into())
    );
    assert!(author(&server.someone()).contains("1 follower<"));

    let html = reader.get("/following").text;
    assert!(html.contains("Title of first") && html.contains("Title of second"), "{html}");
    let main = html.split("<main").nth(1).unwrap().split("</main>").next().unwrap();
    assert!(!main.contains("Title of other") && !main.contains("Title of unpublished"), "{main}");
    assert_eq!(
        button(&html, "/authors/jo-doe/follow"),
        ("Follow Jo Doe".into(), true, "false".into())
    );
    server.import(vec![source("draft-again", "draft = true", "text")]);
    server.execute("UPDATE articles SET deleted_at = 1 WHERE slug = 'second'");
    assert!(!reader.get("/following").text.contains("Title of second"));

    for (next, led_to) in [("/following", "/following"), ("https://evil.example/", "/")] {
        let answer = reader.post("/authors/jo-doe/follow", &format!("follow=false&next={next}"));
        assert_eq!((answer.status, answer.header("location")), (303, led_to));
    }
    assert!(reader.get("/following").text.contains("You aren't following anyone yet"));
    assert!(author(&reader).contains("0 followers"));

    // An author without published articles has no page, but can still be unfollowed.
    reader.post("/authors/al-other/follow", "follow=true");
    server.execute("UPDATE articles SET deleted_at = 1 WHERE slug = 'other'");
    let html = reader.get("/following").text;
    assert!(
        html.contains("They have no published articles.")
            && !html.contains("href=\"/authors/al-other\""),
        "{html}"
    );
    assert_eq!(button(&html, "/authors/al-other/follow").0, "Follow Al Other");
    assert_eq!(reader.post("/authors/al-other/follow", "follow=false&next=/following").status, 303);
    assert!(reader.get("/following").text.contains("You aren't following anyone yet"));
    assert_eq!(reader.post("/authors/al-other/follow", "follow=true").status, 404);
}

#[test]
fn an_author_cant_follow_themself() {
    let server = TestServer::start();
    let author = server.signed_in_author();
    let html = author.get("/authors/jo-doe").text;
    assert!(!html.contains("/authors/jo-doe/follow") && html.contains("0 followers"), "{html}");
    let answer = author.post("/authors/jo-doe/follow", "follow=true");
    assert!(
        answer.status == 400 && answer.text.contains("You can't follow yourself"),
        "{answer:?}"
    );
    assert!(author.put("set-follow", "username=jo-doe&follow=true").text.contains("BadRequest"));
    assert_eq!(server.number("SELECT count(*) FROM follows WHERE ? = ''", ""), 0);
}

#[test]
fn saved_articles_are_listed_latest_first_and_paged() {
    let server = TestServer::start();
    let reader = server.signed_in_reader("reader");
    assert!(reader.get("/collects").text.contains("Nothing saved yet"));
    server.import((0..11).map(|number| source(&format!("part-{number}"), "", "text")).collect());
    reader.post("/articles/second/collect", "collect=true");
    for number in (0..11).rev() {
        server.clock.advance(Duration::from_secs(1));
        assert_eq!(
            reader.post(&format!("/articles/part-{number}/collect"), "collect=true").status,
            303
        );
    }
    let titles = |path: &str| -> Vec<String> {
        let html = reader.get(path).text;
        let cards = html.split("class=\"card-title\"").skip(1);
        cards
            .map(|card| {
                card.split("/articles/").nth(1).unwrap().split('"').next().unwrap().to_owned()
            })
            .collect()
    };
    let first: Vec<String> = (0..10).map(|number| format!("part-{number}")).collect();
    assert_eq!(titles("/collects"), first);
    assert_eq!(titles("/collects?page=2"), ["part-10", "second"]);
    assert_eq!(reader.get("/collects?page=3").status, 404);
    server.execute("UPDATE articles SET status = 'draft' WHERE slug = 'part-0'");
    reader.post("/articles/part-1/collect", "collect=false");
    assert_eq!(titles("/collects")[0], "part-2", "neither unpublished nor unsaved articles");
    let menu = reader.get("/").text;
    assert!(menu.contains("href=\"/collects\"") && menu.contains("href=\"/following\""), "{menu}");
    assert!(!server.someone().get("/").text.contains("href=\"/collects\""));
}

#[test]
fn a_reconcile_corrects_every_reaction_count_and_the_command_names_each() {
    let server = TestServer::start();
    let reader = server.signed_in_reader("reader");
    for (path, form) in [
        ("/articles/first/like", "like=true"),
        ("/articles/first/collect", "collect=true"),
        ("/articles/second/like", "like=true"),
        ("/authors/jo-doe/follow", "follow=true"),
    ] {
        assert_eq!(reader.post(path, form).status, 303);
    }
    let followers = || server.someone().get("/authors/jo-doe").text.contains("1 follower<");
    assert!(followers());
    assert_eq!(server.run(server.jobs.reconcile()).unwrap(), []);

    let spoil = || {
        server.execute(
            "UPDATE article_stats SET likes = 41 WHERE article_id = (SELECT id FROM articles WHERE slug = 'first')",
        );
        server.execute(
            "UPDATE article_stats SET collects = 7 WHERE article_id = (SELECT id FROM articles WHERE slug = 'first')",
        );
        server.execute("DELETE FROM article_stats WHERE article_id = (SELECT id FROM articles WHERE slug = 'second')");
        if let Some(redis) = &server.redis {
            let author =
                server.number("SELECT id FROM users WHERE username = ?", "jo-doe").to_string();
            redis.command(&["ZADD", "tm:authors:followers", "5", &author]);
            redis.command(&["ZADD", "tm:authors:followers", "9", "0", "3", "nobody"]);
            redis.command(&["ZADD", "tm:authors:articles", "88", &author]);
        }
    };
    let (first, second) = (server.id("first"), server.id("second"));
    let author = server.number("SELECT id FROM users WHERE username = ?", "jo-doe");
    let drift = |cache: &str, of: String, cached, correct| Drift {
        cache: cache.into(),
        of,
        cached,
        correct,
    };
    let mut expected = vec![
        Drift::of_article("likes", ArticleId(first), 41, 1),
        Drift::of_article("likes", ArticleId(second), 0, 1),
        Drift::of_article("collects", ArticleId(first), 7, 1),
    ];
    if server.redis.is_some() {
        expected.push(drift("authors:articles", format!("author {author}"), 88, 2));
        expected.push(drift("authors:followers", "author nobody".into(), 3, 0));
        expected.push(drift("authors:followers", format!("author {author}"), 5, 1));
        expected.push(drift("authors:followers", "author 0".into(), 9, 0));
    }
    let are_right = || {
        assert_eq!((server.counts("first"), server.counts("second")), ((1, 1), (1, 0)));
        assert!(followers() && server.someone().get("/authors/jo-doe").text.contains("2 articles"));
        if let Some(redis) = &server.redis {
            let score =
                |key: &str| redis.command(&["ZSCORE", key, &author.to_string()]).trim().to_owned();
            assert_eq!(
                (score("tm:authors:articles"), score("tm:authors:followers")),
                ("2".into(), "1".into())
            );
        }
    };
    spoil();
    assert_eq!(server.run(server.jobs.reconcile()).unwrap(), expected);
    are_right();
    assert_eq!(server.run(server.jobs.reconcile()).unwrap(), [], "once is enough");

    spoil();
    if let Some(redis) = &server.redis {
        redis.command(&["DEL", "tm:authors:followers"]);
        expected.truncate(4);
    }
    let environment = [
        ("DATABASE_URL", server.config.database.url.clone()),
        ("REDIS_URL", server.config.redis.url.clone()),
        ("TIDEMARK_REDIS__SHARDS", server.config.redis.shards.to_string()),
    ];
    let output = binary().arg("reconcile").envs(environment).output().unwrap();
    let lines: String = expected.iter().map(|drift| format!("Corrected {drift}.\n")).collect();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), lines);
    assert!(
        lines.starts_with(&format!("Corrected likes of article {first} from 41 to 1.\n")),
        "{lines}"
    );
    are_right();
}
