//! Step 2 of the flush: makes sure that the seal is on Redis' disk.
//!
//! With `appendfsync everysec`, Redis begins a sync within two seconds after any moment at which
//! none is in progress. So if no sync is in progress two seconds or more after such a moment, the
//! sync that covers the seal has finished. While Redis writes a snapshot or rewrites its
//! append-only file, it may sync differently or not at all; the batches then wait for the next
//! flush.

use std::time::Duration;

use tidemark_store::redis::Info;

use crate::ViewError;

/// With `appendfsync everysec`, the longest time between a write and the start of its sync, if no
/// other sync is in progress.
const SYNC_BEGINS_WITHIN: Duration = Duration::from_secs(2);

/// How often Redis is polled for a sync in progress, and how many times.
const POLL: Duration = Duration::from_millis(20);
const POLLS: usize = 250;

/// Whether this Redis keeps no append-only file, so that there is nothing to wait for.
pub fn is_off(info: &Info) -> bool {
    info.get("aof_enabled") != "1"
}

/// Waits until everything the nodes had written by the time of `seals` is on their disks. `seals`
/// holds each node's info at its seal; `ask` fetches a node's current info by its index. Returns
/// for each node whether it is synced.
///
/// # Errors
/// Those of `ask`.
pub async fn wait<F, A>(seals: &[&Info], ask: F) -> Result<Vec<bool>, ViewError>
where
    F: Fn(usize) -> A,
    A: Future<Output = Result<Info, ViewError>>,
{
    let mut synced = Vec::with_capacity(seals.len());
    for (index, seal) in seals.iter().enumerate() {
        synced.push(is_off(seal) || wait_while_syncing(seal, || ask(index)).await?);
    }
    tokio::time::sleep(SYNC_BEGINS_WITHIN).await;
    for (index, seal) in seals.iter().enumerate() {
        // Skip nodes that never paused in the first wait. A pause now may be the one before the
        // sync that is due.
        if let Some(is_synced) =
            synced.get_mut(index).filter(|is_synced| **is_synced && !is_off(seal))
        {
            *is_synced = wait_while_syncing(seal, || ask(index)).await?;
        }
    }
    Ok(synced)
}

/// Waits until no sync is in progress. Returns false if that takes too long, the last write failed,
/// the server was replaced or restarted, a snapshot is being written, or the file is being or has
/// been rewritten.
async fn wait_while_syncing<A>(seal: &Info, ask: impl Fn() -> A) -> Result<bool, ViewError>
where
    A: Future<Output = Result<Info, ViewError>>,
{
    let mut quiet = 0;
    for _ in 0..POLLS {
        let info = ask().await?;
        let is_same =
            ["run_id", "aof_rewrites"].iter().all(|name| info.get(name) == seal.get(name));
        let is_child_running = ["aof_rewrite_in_progress", "rdb_bgsave_in_progress"]
            .iter()
            .any(|name| info.get(name) == "1");
        if !is_same || is_child_running || info.get("aof_last_write_status") != "ok" {
            return Ok(false);
        }
        // Ask twice: after Redis itself was paused, it may answer the first question before it
        // starts a sync that is due.
        quiet = if info.get("aof_pending_bio_fsync") == "0" { quiet + 1 } else { 0 };
        if quiet == 2 {
            return Ok(true);
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::time::Instant;

    use super::*;

    fn info(changes: &[(&str, &str)]) -> Info {
        let usual = [
            ("run_id", "one"),
            ("aof_enabled", "1"),
            ("aof_rewrites", "0"),
            ("aof_rewrite_in_progress", "0"),
            ("rdb_bgsave_in_progress", "0"),
            ("aof_last_write_status", "ok"),
            ("aof_pending_bio_fsync", "0"),
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

    /// The syncs of a Redis with `everysec`: when each began and ended, in milliseconds after the
    /// seal.
    #[derive(Debug)]
    struct Disk {
        syncs: Vec<(i64, i64)>,
        /// A pause of the whole process, from and to. Questions asked during it are answered at its
        /// end, and a sync that falls due begins only then.
        pause: (i64, i64),
    }

    impl Disk {
        /// The first sync begins at `first`, before the seal. Each pair says how long a sync takes
        /// and how long after its end the next one begins.
        fn new(first: i64, takes_and_delays: &[(i64, i64)], pause: (i64, i64)) -> Self {
            let (mut at, mut syncs) = (first, Vec::new());
            for (takes, delay) in takes_and_delays {
                syncs.push((at, at + takes));
                at += takes + delay;
                if (pause.0..pause.1).contains(&at) {
                    // Not immediately: a waiting question may be answered first.
                    at = pause.1 + 10;
                }
            }
            Self { syncs, pause }
        }

        /// When the seal is on disk: at the end of the first sync that began after it.
        fn has_seal_at(&self) -> i64 {
            self.syncs.iter().find(|(begin, _)| *begin >= 0).map_or(i64::MAX, |(_, end)| *end)
        }

        async fn ask(&self, seal: Instant) -> Result<Info, ViewError> {
            let now = i64::try_from(seal.elapsed().as_millis()).unwrap();
            if (self.pause.0..self.pause.1).contains(&now) {
                tokio::time::sleep(Duration::from_millis(
                    u64::try_from(self.pause.1 - now).unwrap(),
                ))
                .await;
            }
            let now = i64::try_from(seal.elapsed().as_millis()).unwrap();
            let is_syncing = self.syncs.iter().any(|(begin, end)| (*begin..*end).contains(&now));
            Ok(info(if is_syncing { &[("aof_pending_bio_fsync", "1")] } else { &[] }))
        }
    }

    /// A runtime whose clock advances by itself when every task is waiting.
    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap()
    }

    proptest! {
        /// Holds whatever the disk does and whenever Redis pauses.
        #[test]
        fn c5_a_seal_is_taken_for_synced_only_when_it_is(
            first in -3_000i64..0,
            syncs in prop::collection::vec((prop_oneof![0i64..100, 0i64..7_000], prop_oneof![0i64..2_000, Just(2_000)]), 40),
            pause in (0i64..6_000, prop_oneof![Just(0i64), 0i64..6_000]),
        ) {
            let disk = Disk::new(first, &syncs, (pause.0, pause.0 + pause.1));
            let (synced, at) = runtime().block_on(async {
                let seal = Instant::now();
                let synced = wait(&[&info(&[])], |_| disk.ask(seal)).await.unwrap();
                (synced, i64::try_from(seal.elapsed().as_millis()).unwrap())
            });
            prop_assert!(!synced[0] || disk.has_seal_at() <= at, "synced at {}, said so at {at}", disk.has_seal_at());
        }
    }

    #[test]
    fn c5_a_seal_is_synced_when_a_slow_disk_is_done_and_waits_for_the_next_flush_if_it_takes_too_long()
     {
        let after = |disk: &Disk| {
            runtime().block_on(async {
                let seal = Instant::now();
                (wait(&[&info(&[])], |_| disk.ask(seal)).await.unwrap(), seal.elapsed().as_secs())
            })
        };
        let disk = Disk::new(-100, &[(4_000, 1_900), (3_000, 60_000)], (0, 0));
        assert_eq!(after(&disk), (vec![true], 8));
        // The sync in progress at the seal ends only after the first wait. The sync that covers the
        // seal would begin after the second.
        let disk = Disk::new(-2, &[(5_023, 2_000), (3_000, 60_000)], (0, 0));
        assert_eq!(after(&disk).0, [false]);
    }

    #[test]
    fn c5_a_seal_is_not_taken_for_synced_by_another_server_or_while_the_file_is_rewritten() {
        let after = |later: &'static [(&'static str, &'static str)]| {
            runtime().block_on(wait(&[&info(&[])], async |_| Ok(info(later)))).unwrap()
        };
        assert_eq!(after(&[]), [true]);
        for later in [
            &[("run_id", "another")],
            &[("aof_rewrites", "1")],
            &[("aof_rewrite_in_progress", "1")],
            &[("rdb_bgsave_in_progress", "1")],
            &[("aof_last_write_status", "err")],
            &[("aof_pending_bio_fsync", "1")],
        ] {
            assert_eq!(after(later), [false], "{later:?}");
        }
    }

    #[test]
    fn c5_a_shard_without_a_file_waits_for_nothing_and_the_others_for_their_own() {
        let seals = [info(&[("aof_enabled", "0")]), info(&[]), info(&[("run_id", "other")])];
        let synced =
            runtime().block_on(wait(
                &[&seals[0], &seals[1], &seals[2]],
                async |index| match index {
                    0 => Err(ViewError::Store("asked".into())),
                    1 => Ok(info(&[])),
                    _ => Ok(info(&[("aof_pending_bio_fsync", "1")])),
                },
            ));
        assert_eq!(synced.unwrap(), [true, true, false]);
    }
}
