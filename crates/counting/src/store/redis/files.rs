//! Rule C3: a destroyed salt must also disappear from Redis' files. The append-only file keeps
//! deleted data until it is rewritten. Redis rewrites the file by itself only once it has grown
//! enough, which may never happen.

use ::redis::{Value, cmd, from_redis_value};
use tidemark_store::redis::Info;

use super::RedisStore;
use crate::Day;
use crate::ViewError;
use crate::visitor::day_of;

/// Key that holds the day of the last rewrite and, after a space, Redis' error message if it
/// refused. One key for all nodes.
const REWRITTEN: &str = "tm:rewritten";

/// TTL of that key, in seconds.
const KEPT: i64 = 2 * 24 * 60 * 60;

/// How many days back salts are deleted. Redis has expired them already, unless its clock is wrong.
const DAYS: i64 = 7;

/// Whether deleted data may still be in the append-only files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Files {
    /// Redis keeps no append-only file.
    Off,
    /// They were rewritten today.
    Fresh,
    /// They are due for a rewrite.
    Due,
    /// A rewrite failed.
    Failed,
    /// Redis refused to rewrite them, with this message.
    Refused(String),
}

impl RedisStore {
    /// Deletes the salts that are 2 to 7 days old and then, once a day, has each node rewrite its
    /// append-only file. Returns the state before.
    ///
    /// # Errors
    /// [`ViewError::Store`]; the next call tries again.
    pub async fn destroy_salts(&self) -> Result<Files, ViewError> {
        let today = day_of(self.clock.now());
        let before = self.files().await?;
        if matches!(before, Files::Fresh | Files::Refused(_)) {
            return Ok(before);
        }
        for age in 2..=DAYS {
            let day = today - age;
            self.redis.query::<Value>(cmd("DEL").arg(format!("tm:salt:{day}"))).await?;
        }
        // A rewrite in progress began before the salts were deleted, so its file may hold them.
        if before == Files::Off || self.persistence().await?.iter().any(is_busy) {
            return Ok(before);
        }
        let mark = match self.redis.on_every_node(&cmd("BGREWRITEAOF")).await {
            Ok(_) => {
                tracing::info!(
                    "Redis writes its append-only file anew, without the salts that were destroyed"
                );
                today.to_string()
            }
            // No reply from Redis at all.
            Err(error) if error.code().is_none() => return Err(error.into()),
            // A rewrite has started in the meantime.
            Err(error) if error.to_string().contains("in progress") => return Ok(before),
            Err(error) => {
                tracing::warn!(error = %error, "Redis refuses to write its append-only file anew; destroyed salts stay in it");
                format!("{today} {error}")
            }
        };
        self.redis.query::<Value>(cmd("SET").arg(REWRITTEN).arg(mark).arg("EX").arg(KEPT)).await?;
        Ok(before)
    }

    /// The state of the append-only files.
    ///
    /// # Errors
    /// [`ViewError::Store`]
    pub async fn files(&self) -> Result<Files, ViewError> {
        let nodes = self.persistence().await?;
        let mark: Option<String> = self.redis.query(cmd("GET").arg(REWRITTEN)).await?;
        Ok(state_of(&nodes, &mark.unwrap_or_default(), day_of(self.clock.now())))
    }

    /// The persistence info of each node, including nodes without a shard, because a salt may be on
    /// one of them.
    async fn persistence(&self) -> Result<Vec<Info>, ViewError> {
        let answers = self.redis.on_every_node(cmd("INFO").arg("persistence")).await?;
        let info = |answer| -> Result<Info, ViewError> { Ok(Info::new(from_redis_value(answer)?)) };
        answers.into_iter().map(info).collect()
    }
}

/// The state on day `today`, given the nodes' info and the value of [`REWRITTEN`].
fn state_of(nodes: &[Info], mark: &str, today: Day) -> Files {
    if nodes.iter().all(|node| node.get("aof_enabled") != "1") {
        return Files::Off;
    }
    let (day, refusal) = mark.split_once(' ').unwrap_or((mark, ""));
    match (day == today.to_string(), refusal) {
        (false, _) => Files::Due,
        (true, "") if nodes.iter().any(has_failed) => Files::Failed,
        // The node restarted before the rewrite was done.
        (true, "") if nodes.iter().any(has_written_none) => Files::Due,
        (true, "") => Files::Fresh,
        (true, refusal) => Files::Refused(refusal.to_owned()),
    }
}

fn is_busy(node: &Info) -> bool {
    ["aof_rewrite_in_progress", "aof_rewrite_scheduled"].iter().any(|name| node.get(name) == "1")
}

fn has_failed(node: &Info) -> bool {
    node.get("aof_enabled") == "1"
        && !is_busy(node)
        && node.get("aof_last_bgrewrite_status") != "ok"
}

/// Whether the node has completed no rewrite since it started and none is in progress.
fn has_written_none(node: &Info) -> bool {
    node.get("aof_enabled") == "1" && !is_busy(node) && node.get("aof_rewrites") == "0"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(changes: &[(&str, &str)]) -> Info {
        let usual = [
            ("aof_enabled", "1"),
            ("aof_rewrite_in_progress", "0"),
            ("aof_rewrite_scheduled", "0"),
            ("aof_last_bgrewrite_status", "ok"),
            ("aof_rewrites", "1"),
        ];
        // `Info` uses the first line with a given name.
        Info::new(
            changes
                .iter()
                .chain(&usual)
                .map(|(name, value)| format!("{name}:{value}\r\n"))
                .collect(),
        )
    }

    #[test]
    fn c3_files_are_fresh_when_each_node_has_written_its_own_anew_today() {
        let state = |changes: &[(&str, &str)], mark: &str| {
            state_of(&[node(&[]), node(changes)], mark, Day(20_000))
        };
        assert_eq!(state(&[], "20000"), Files::Fresh);
        assert_eq!(state(&[], "19999"), Files::Due);
        assert_eq!(state(&[], ""), Files::Due);
        assert_eq!(
            state(&[], "20000 NOPERM: no permissions"),
            Files::Refused("NOPERM: no permissions".into())
        );
        assert_eq!(
            state(&[], "19999 NOPERM: no permissions"),
            Files::Due,
            "it is tried anew each day"
        );
        let failed = ("aof_last_bgrewrite_status", "err");
        assert_eq!(state(&[failed], "20000"), Files::Failed);
        assert_eq!(
            state(&[("aof_rewrites", "0")], "20000"),
            Files::Due,
            "it was started anew, and lost what it was at"
        );
        for busy in ["aof_rewrite_in_progress", "aof_rewrite_scheduled"] {
            assert_eq!(
                state(&[(busy, "1"), failed, ("aof_rewrites", "0")], "20000"),
                Files::Fresh,
                "it is at it"
            );
        }
        assert_eq!(
            state(&[("aof_enabled", "0"), failed, ("aof_rewrites", "0")], "20000"),
            Files::Fresh
        );
        assert_eq!(state_of(&[node(&[("aof_enabled", "0")])], "20000", Day(20_000)), Files::Off);
    }
}
