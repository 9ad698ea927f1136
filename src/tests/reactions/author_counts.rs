//! How many articles and followers an author has.

use std::time::Duration;

use tidemark::server::content::import::SourceFile;
use tidemark_counting::UserId;
use tidemark_counting::store::Drift;
use tidemark_servers::RedisCluster;
use tidemark_store::clock::Millis;

use crate::harness::{FIREFOX, TestServer, reader, source};

#[test]
fn followers_are_counted_correctly_while_many_follow_unfollow_and_read() {
    let server = TestServer::start();
    let (author, users) =
        (server.number("SELECT id FROM users WHERE username = ?", "jo-doe"), server.users(24));
    let expected: i64 = users.iter().map(|user| i64::from(user.0 % 2 == 0)).sum();
    server.run(async {
        let mut tasks = tokio::task::JoinSet::new();
        for user in users {
            let (database, counts) = (server.database.clone(), server.author_counts());
            tasks.spawn(async move {
                for is_on in [true, false, true, user.0 % 2 == 0] {
                    if database
                        .set_follow(reader(user), UserId(author), is_on, Millis(0))
                        .await
                        .unwrap()
                    {
                        counts.followers_changed(UserId(author)).await;
                    }
                    assert!((0..=24).contains(&counts.followers(UserId(author)).await.unwrap()));
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
    });
    assert_eq!(server.run(server.author_counts().followers(UserId(author))).unwrap(), expected);
    assert!(
        server.someone().get("/authors/jo-doe").text.contains(&format!("{expected} followers"))
    );
    assert_eq!(server.run(server.jobs.reconcile()).unwrap(), []);
}

#[test]
fn an_authors_page_counts_scheduled_articles_when_due_and_after_each_change() {
    // Direct changes in SQL must show at once, so pages aren't cached.
    let server = TestServer::with(&[("TIDEMARK_PAGES__CACHE", "0")]);
    let articles = || {
        let html = server.someone().get("/authors/jo-doe").text;
        html.split("<h1>Jo Doe</h1>")
            .nth(1)
            .unwrap()
            .split(" articles")
            .next()
            .unwrap()
            .rsplit("<p>")
            .next()
            .unwrap()
            .to_owned()
    };
    let counts = server.author_counts();
    assert_eq!(articles(), "2");
    let scheduled = source("scheduled", "", "text");
    let text = scheduled.text.replace("date = 2026-11-01", "date = 2026-11-24T12:30:00Z");
    server.import(vec![SourceFile { text, ..scheduled }]);
    server.run(counts.articles_changed());
    assert_eq!(articles(), "2", "not yet");
    if let Some(redis) = &server.redis {
        assert_eq!(redis.command(&["ZCARD", "tm:authors:articles"]).trim(), "1", "it is cached");
        let left: i64 = redis.command(&["PTTL", "tm:authors:articles"]).trim().parse().unwrap();
        assert!(
            left > 0 && left <= 30 * 60 * 1000,
            "and ends when the article is published: {left}"
        );
        // As Redis does when the TTL ends; a test can't advance its clock.
        redis.command(&["DEL", "tm:authors:articles"]);
    }
    server.clock.advance(Duration::from_secs(30 * 60));
    assert_eq!(articles(), "3");
    server.execute("UPDATE articles SET deleted_at = 1 WHERE slug = 'second'");
    server.run(counts.articles_changed());
    assert_eq!(articles(), "2");
}

#[test]
fn while_redis_is_down_an_authors_page_counts_in_sql_and_includes_earlier_changes() {
    let mut server = TestServer::of_server_profile(&[]);
    let reader = server.signed_in_reader("reader");
    assert_eq!(reader.post("/authors/jo-doe/follow", "follow=true").status, 303);
    assert_eq!(reader.post("/articles/first/like", "like=true").status, 303);
    let cookie = reader.header_named("cookie").to_owned();
    server.redis.as_mut().unwrap().kill();
    let someone = || server.reader("192.0.2.1", FIREFOX).with("cookie", &cookie);
    let author = someone().get("/authors/jo-doe");
    assert_eq!(author.status, 200);
    assert!(
        author.text.contains("2 articles") && author.text.contains("1 follower<"),
        "{}",
        author.text
    );
    let article = someone().get("/articles/first");
    assert_eq!(article.status, 200);
    assert!(
        article.text.contains("/login?next=%2Farticles%2Ffirst"),
        "nobody can be recognised: {}",
        article.text
    );
    assert_eq!(server.counts("first"), (1, 0));
}

#[test]
fn author_counts_are_cached_and_kept_current_in_a_cluster_too() {
    let cluster = RedisCluster::start();
    let server = TestServer::of_server_profile(&[("REDIS_URL", &cluster.url())]);
    let author = server.number("SELECT id FROM users WHERE username = ?", "jo-doe");
    let reader = server.signed_in_reader("reader");
    let page = || reader.get("/authors/jo-doe").text;
    assert!(page().contains("2 articles") && page().contains("0 followers"));
    reader.post("/authors/jo-doe/follow", "follow=true");
    assert!(page().contains("1 follower<"));
    // A direct change in SQL doesn't invalidate the cache, so the cached count is shown.
    server.execute("DELETE FROM follows");
    assert!(page().contains("1 follower<"));
    let drift = Drift {
        cache: "authors:followers".into(),
        of: format!("author {author}"),
        cached: 1,
        correct: 0,
    };
    assert_eq!(server.run(server.jobs.reconcile()).unwrap(), [drift]);
    assert!(page().contains("0 followers"));
}
