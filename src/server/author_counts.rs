//! How many articles and followers an author has.
//!
//! In the embedded profile SQL is asked. In the server profile Redis keeps the counts in two sorted
//! sets, a user's number being the member and the count its score, so that an author's page counts
//! nothing: what is missing there is counted in SQL and added.
//!
//! Beside each set is a number that grows with each change, after the change is committed and in
//! the same step that takes the old count away. Whoever counts in SQL reads the number first, and
//! what was counted is added only if the number is still the same: so a count of before a change is
//! never added after it.
//!
//! A cached count can be wrong all the same: while Redis is away nobody can tell it of a change,
//! and a process may die between its commit and telling. That lasts until a reconcile, but no
//! longer than [`TTL`], after which Redis drops the set.

use std::sync::LazyLock;

use ::redis::{RedisResult, Value, cmd, pipe};
use tidemark_counting::store::{Drift, ViewStore};
use tidemark_store::clock::Clock;
use tidemark_store::redis::{Redis, Script};

use super::db::Database;

/// How long a set is believed, in milliseconds. A scheduled article ends it sooner: readers see one
/// more by time alone.
const TTL: i64 = 60 * 60 * 1_000;

/// Adds a count that is missing, if nothing has changed since it was counted. The set ends when the
/// first of its counts has to.
static FILL: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if (redis.call('GET', '{' .. KEYS[1] .. '}:changes') or '0') ~= ARGV[4] then return 0 end
         local left = redis.call('PTTL', KEYS[1])
         redis.call('ZADD', KEYS[1], 'NX', ARGV[1], ARGV[2])
         if left < 0 or left > tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
         return 1",
    )
});

/// Takes a count away, or all of them if none is named, because it has changed.
static CHANGE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "redis.call('INCR', '{' .. KEYS[1] .. '}:changes')
         if ARGV[1] then return redis.call('ZREM', KEYS[1], ARGV[1]) end
         return redis.call('DEL', KEYS[1])",
    )
});

/// Takes a count away, if it is still the one that was found to be wrong.
static TAKE_AWAY: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1])) ~= tonumber(ARGV[2]) then return 0 end
         return redis.call('ZREM', KEYS[1], ARGV[1])",
    )
});

/// What is counted of an author.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counted {
    /// Articles that readers see.
    Articles,
    /// Readers who follow.
    Followers,
}

impl Counted {
    const ALL: [Counted; 2] = [Counted::Articles, Counted::Followers];

    /// The sorted set.
    fn key(self) -> &'static str {
        match self {
            Counted::Articles => "tm:authors:articles",
            Counted::Followers => "tm:authors:followers",
        }
    }

    /// The number that grows with each change. The braces keep it on the set's node in a Cluster.
    fn changes(self) -> String {
        format!("{{{}}}:changes", self.key())
    }

    /// What a reconcile calls it.
    fn name(self) -> &'static str {
        match self {
            Counted::Articles => "articles",
            Counted::Followers => "followers",
        }
    }
}

/// Tells how many articles and followers authors have. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AuthorCounts {
    database: Database,
    /// The server profile's.
    redis: Option<Redis>,
    clock: Clock,
}

impl AuthorCounts {
    /// The counts of the authors in `database`, cached in the Redis of `store` if it has one.
    pub fn new(database: Database, store: &ViewStore, clock: Clock) -> Self {
        let redis = match store {
            ViewStore::Sqlite(_) => None,
            ViewStore::Redis(store) => Some(store.redis.clone()),
        };
        Self { database, redis, clock }
    }

    /// How many articles that readers see have the user of that number in their byline.
    ///
    /// # Errors
    /// The database's.
    pub async fn articles(&self, author: i64) -> sqlx::Result<i64> {
        self.count(Counted::Articles, author).await
    }

    /// How many readers follow the user of that number.
    ///
    /// # Errors
    /// The database's.
    pub async fn followers(&self, author: i64) -> sqlx::Result<i64> {
        self.count(Counted::Followers, author).await
    }

    /// To be called after articles were written, published, deleted or restored, when that is
    /// committed: what is cached of all authors' articles is dropped, because a byline may have
    /// lost somebody too. A Redis that is away hears nothing of it; see the module.
    pub async fn articles_changed(&self) {
        self.change(Counted::Articles, &[]).await;
    }

    /// To be called after somebody began or ceased to follow the user of that number, when that is
    /// committed.
    pub async fn followers_changed(&self, author: i64) {
        self.change(Counted::Followers, &[author.to_string().into_bytes()]).await;
    }

    async fn change(&self, counted: Counted, members: &[Vec<u8>]) {
        let Some(redis) = &self.redis else { return };
        if let Err(error) = redis.evaluate::<Value>(&CHANGE, counted.key(), members).await {
            tracing::warn!(
                error = %error,
                "Redis did not hear that an author's counts have changed; they may be old for an hour"
            );
        }
    }

    /// Compares every cached count with SQL and corrects it.
    ///
    /// # Errors
    /// One line. What was not reached is left as it was.
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
        // Somebody may have followed in SQL, and be about to say so to Redis. Then a second look
        // sees something else.
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
            fill(redis, counted, [count, author, lives_for, changes]).await.map_err(of_redis)?;
        }
        let (cache, of) = (format!("authors:{}", counted.name()), format!("author {member}"));
        Ok(Some(Drift { cache, of, cached: cached as i64, correct }))
    }

    /// What is cached under a member, and what should be; `None` if nothing is.
    async fn look(
        &self,
        redis: &Redis,
        counted: Counted,
        member: &str,
    ) -> Result<Option<(f64, i64)>, String> {
        let cached = cached_and_changes(redis, counted, member).await;
        let (cached, _) = cached.map_err(|error| format!("Redis: {error}"))?;
        // What is no user's number counts nothing.
        let author = member.parse().unwrap_or(0);
        let correct =
            self.count_in_sql(counted, author).await.map_err(|error| error.to_string())?;
        Ok(cached.map(|cached| (cached, correct)))
    }

    async fn count(&self, counted: Counted, author: i64) -> sqlx::Result<i64> {
        let Some(redis) = &self.redis else { return self.count_in_sql(counted, author).await };
        let member = author.to_string();
        let cached = redis.for_page(cached_and_changes(redis, counted, &member)).await;
        if let Some((Some(count), _)) = cached {
            return Ok(count as i64);
        }
        let count = self.count_in_sql(counted, author).await?;
        if let Some((_, changes)) = cached {
            let lives_for = self.lives_for(counted).await?;
            redis.for_page(fill(redis, counted, [count, author, lives_for, changes])).await;
        }
        Ok(count)
    }

    async fn count_in_sql(&self, counted: Counted, author: i64) -> sqlx::Result<i64> {
        match counted {
            Counted::Articles => self.database.count_written(author, self.clock.now_ms()).await,
            Counted::Followers => self.database.count_followers(author).await,
        }
    }

    /// For how many milliseconds a count of this moment may be right.
    async fn lives_for(&self, counted: Counted) -> sqlx::Result<i64> {
        let now = self.clock.now_ms();
        Ok(match counted {
            Counted::Followers => TTL,
            Counted::Articles => {
                let next = self.database.next_publication(now).await?;
                next.map_or(TTL, |next| next.saturating_sub(now).clamp(1, TTL))
            }
        })
    }
}

/// Adds `[count, author, lives_for, changes]`: an author's count, which was counted when there had
/// been so many changes.
async fn fill(redis: &Redis, counted: Counted, numbers: [i64; 4]) -> RedisResult<()> {
    let arguments = numbers.map(|number| number.to_string().into_bytes());
    redis.evaluate::<Value>(&FILL, counted.key(), &arguments).await.map(drop)
}

/// The count that is cached under a member, and how many changes there have been.
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
