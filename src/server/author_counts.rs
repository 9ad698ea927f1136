//! How many articles and followers an author has.
//!
//! The embedded profile counts in SQL. The server profile caches the counts in two sorted sets in
//! Redis, with the user id as the member and the count as the score. On a cache miss, it counts in
//! SQL and fills the cache.
//!
//! Next to each set is a change counter. After a change is committed, one script increments the
//! counter and drops the old count. A fill reads the counter before it counts in SQL, and the count
//! is added only if the counter is still the same. So a count from before a change is never cached
//! after it.
//!
//! A cached count can still be stale: while Redis is down, changes can't invalidate it, and a
//! process may die between its commit and the invalidation. A reconcile corrects that. Otherwise
//! the set expires after [`TTL`] at the latest.

use std::sync::LazyLock;

use ::redis::{RedisResult, Value, cmd, pipe};
use tidemark_counting::UserId;
use tidemark_counting::store::Drift;
use tidemark_store::clock::Clock;
use tidemark_store::redis::{Redis, Script};

use super::db::Database;

/// TTL of a set, in milliseconds. A scheduled article shortens it, because publication changes the
/// count without a write.
const TTL: i64 = 60 * 60 * 1_000;

/// Adds a missing count, unless something has changed since it was counted. The set expires with
/// its shortest-lived count.
static FILL: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if (redis.call('GET', '{' .. KEYS[1] .. '}:changes') or '0') ~= ARGV[4] then return 0 end
         local left = redis.call('PTTL', KEYS[1])
         redis.call('ZADD', KEYS[1], 'NX', ARGV[1], ARGV[2])
         if left < 0 or left > tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
         return 1",
    )
});

/// Invalidates one count, or the whole set if no member is given, and increments the change
/// counter.
static CHANGE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "redis.call('INCR', '{' .. KEYS[1] .. '}:changes')
         if ARGV[1] then return redis.call('ZREM', KEYS[1], ARGV[1]) end
         return redis.call('DEL', KEYS[1])",
    )
});

/// Removes a wrong count, unless it has changed since it was read.
static TAKE_AWAY: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1])) ~= tonumber(ARGV[2]) then return 0 end
         return redis.call('ZREM', KEYS[1], ARGV[1])",
    )
});

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counted {
    /// Visible articles with the author in their byline.
    Articles,
    /// Readers who follow the author.
    Followers,
}

impl Counted {
    const ALL: [Counted; 2] = [Counted::Articles, Counted::Followers];

    /// Key of the sorted set.
    fn key(self) -> &'static str {
        match self {
            Counted::Articles => "tm:authors:articles",
            Counted::Followers => "tm:authors:followers",
        }
    }

    /// Key of the change counter. The braces put it on the same Cluster node as the set.
    fn changes(self) -> String {
        format!("{{{}}}:changes", self.key())
    }

    /// Name in the report of a reconcile.
    fn name(self) -> &'static str {
        match self {
            Counted::Articles => "articles",
            Counted::Followers => "followers",
        }
    }
}

/// Counts articles and followers of authors. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AuthorCounts {
    database: Database,
    /// `None` in the embedded profile.
    redis: Option<Redis>,
    clock: Clock,
}

impl AuthorCounts {
    /// Counts authors in `database`; caches the counts in `redis`, if there is one.
    pub fn new(database: Database, redis: Option<Redis>, clock: Clock) -> Self {
        Self { database, redis, clock }
    }

    /// The same counts for requests ([`Database::for_requests`]).
    #[must_use]
    pub fn for_requests(self) -> Self {
        Self { database: self.database.for_requests(), ..self }
    }

    /// How many visible articles have this user in their byline.
    ///
    /// # Errors
    /// Any database error.
    pub async fn articles(&self, author: UserId) -> sqlx::Result<i64> {
        self.count(Counted::Articles, author).await
    }

    /// How many readers follow this user.
    ///
    /// # Errors
    /// Any database error.
    pub async fn followers(&self, author: UserId) -> sqlx::Result<i64> {
        self.count(Counted::Followers, author).await
    }

    /// Invalidates the article counts of all authors, because a change of byline may concern
    /// several. Call it once a write, publication, deletion or restore of articles is committed.
    /// Does nothing while Redis is down; see the module docs.
    pub async fn articles_changed(&self) {
        self.change(Counted::Articles, &[]).await;
    }

    /// Invalidates an author's follower count. Call it once a follow or unfollow is committed.
    pub async fn followers_changed(&self, author: UserId) {
        self.change(Counted::Followers, &[author.to_string().into_bytes()]).await;
    }

    async fn change(&self, counted: Counted, members: &[Vec<u8>]) {
        let Some(redis) = &self.redis else { return };
        if let Err(error) = redis.evaluate::<Value>(&CHANGE, counted.key(), members).await {
            tracing::warn!(
                error = %error,
                "an author's counts in Redis could not be invalidated; they may be stale for an hour"
            );
        }
    }

    /// Compares every cached count with SQL and corrects it.
    ///
    /// # Errors
    /// One line. Counts that were not reached stay as they are.
    pub async fn reconcile(&self) -> Result<Vec<Drift>, String> {
        let mut drifts = Vec::new();
        let Some(redis) = &self.redis else { return Ok(drifts) };
        let of_redis = |error: ::redis::RedisError| format!("Redis: {error}");
        for counted in Counted::ALL {
            let command =
                cmd("ZRANGE").arg(counted.key()).arg(0).arg(-1).arg("WITHSCORES").to_owned();
            let members: Vec<(String, f64)> = redis.query(&command).await.map_err(of_redis)?;
            for (member, _) in members {
                drifts.extend(self.correct(redis, counted, &member).await?);
            }
        }
        Ok(drifts)
    }

    async fn correct(
        &self,
        redis: &Redis,
        counted: Counted,
        member: &str,
    ) -> Result<Option<Drift>, String> {
        let of_redis = |error: ::redis::RedisError| format!("Redis: {error}");
        let differs = |(cached, correct): &(f64, i64)| *cached != *correct as f64;
        let first = self.look(redis, counted, member).await?.filter(differs);
        if first.is_none() {
            return Ok(None);
        }
        // A follow may be committed in SQL but not yet invalidated in Redis. Then the second look
        // differs.
        let second = self.look(redis, counted, member).await?;
        let Some((cached, correct)) = second.filter(|_| second == first) else { return Ok(None) };
        let arguments = [member.as_bytes().to_vec(), cached.to_string().into_bytes()];
        let taken: i64 =
            redis.evaluate(&TAKE_AWAY, counted.key(), &arguments).await.map_err(of_redis)?;
        if taken == 0 {
            return Ok(None);
        }
        if let Ok(author) = member.parse() {
            let (_, changes) =
                cached_and_changes(redis, counted, member).await.map_err(of_redis)?;
            let count =
                self.count_in_sql(counted, author).await.map_err(|error| error.to_string())?;
            let lives_for = self.lives_for(counted).await.map_err(|error| error.to_string())?;
            fill(redis, counted, [count, author.0, lives_for, changes]).await.map_err(of_redis)?;
        }
        let (cache, of) = (format!("authors:{}", counted.name()), format!("author {member}"));
        Ok(Some(Drift { cache, of, cached: cached as i64, correct }))
    }

    /// The cached count of a member and the correct one; `None` if nothing is cached.
    async fn look(
        &self,
        redis: &Redis,
        counted: Counted,
        member: &str,
    ) -> Result<Option<(f64, i64)>, String> {
        let cached = cached_and_changes(redis, counted, member).await;
        let (cached, _) = cached.map_err(|error| format!("Redis: {error}"))?;
        // A member that is no user id has a count of 0.
        let author = member.parse().unwrap_or(UserId(0));
        let correct =
            self.count_in_sql(counted, author).await.map_err(|error| error.to_string())?;
        Ok(cached.map(|cached| (cached, correct)))
    }

    async fn count(&self, counted: Counted, author: UserId) -> sqlx::Result<i64> {
        let Some(redis) = &self.redis else { return self.count_in_sql(counted, author).await };
        let member = author.to_string();
        let cached = redis.for_page(cached_and_changes(redis, counted, &member)).await;
        if let Some((Some(count), _)) = cached {
            return Ok(count as i64);
        }
        let count = self.count_in_sql(counted, author).await?;
        if let Some((_, changes)) = cached {
            let lives_for = self.lives_for(counted).await?;
            redis.for_page(fill(redis, counted, [count, author.0, lives_for, changes])).await;
        }
        Ok(count)
    }

    async fn count_in_sql(&self, counted: Counted, author: UserId) -> sqlx::Result<i64> {
        match counted {
            Counted::Articles => self.database.count_written(author, self.clock.now()).await,
            Counted::Followers => self.database.count_followers(author).await,
        }
    }

    /// TTL of a count made now, in milliseconds.
    async fn lives_for(&self, counted: Counted) -> sqlx::Result<i64> {
        let now = self.clock.now();
        Ok(match counted {
            Counted::Followers => TTL,
            Counted::Articles => {
                let next = self.database.next_publication(now).await?;
                next.map_or(TTL, |next| next.saturating_sub(now.0).clamp(1, TTL))
            }
        })
    }
}

/// Caches an author's count, unless the change counter has moved. `numbers` is `[count, author,
/// lives_for, changes]`, with `changes` read before counting.
async fn fill(redis: &Redis, counted: Counted, numbers: [i64; 4]) -> RedisResult<()> {
    let arguments = numbers.map(|number| number.to_string().into_bytes());
    redis.evaluate::<Value>(&FILL, counted.key(), &arguments).await.map(drop)
}

/// The cached count of a member, if any, and the change counter.
async fn cached_and_changes(
    redis: &Redis,
    counted: Counted,
    member: &str,
) -> RedisResult<(Option<f64>, i64)> {
    let mut pipeline = pipe();
    pipeline.zscore(counted.key(), member).get(counted.changes());
    let (cached, changes): (Option<f64>, Option<i64>) = redis.pipeline(&pipeline).await?;
    Ok((cached, changes.unwrap_or(0)))
}
