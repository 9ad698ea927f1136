//! How many connections there may be: as many as are configured, and as open files allow.

use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::server::config::Config;

/// The default for the most connections at the same time. Each may take some ten kilobytes of
/// memory.
const MOST_CONNECTIONS: usize = 10_000;

/// How many files the program opens besides database and client connections: the log, the listener,
/// Redis, network connections for pictures.
const OWN_FILES: u64 = 64;

/// How many files one database connection needs. SQLite opens the data, the write-ahead log and the
/// locks.
const FILES_OF_A_DATABASE_CONNECTION: u64 = 3;

/// How many database connections there are if the setting is 0.
const DATABASE_CONNECTIONS: u64 = 16;

/// How many files one client connection may need: its socket, and the script or picture being sent.
const FILES_OF_A_CONNECTION: u64 = 2;

/// Limits on what clients may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most connections at the same time; at least one.
    pub connections: usize,
    /// How long to wait for a request's head, for more of its body, or for the client to take more
    /// of the response.
    pub timeout: Duration,
    /// How long to wait for the next request on a connection.
    pub keep_alive: Duration,
}

impl Limits {
    /// The configured limits, as far as the limit of open files allows. Raises that limit for this
    /// process if the system permits.
    pub fn of(config: &Config) -> Self {
        let server = &config.server;
        let database = match config.database.connections {
            0 => DATABASE_CONNECTIONS,
            connections => u64::try_from(connections).unwrap_or(u64::MAX),
        };
        let wanted = if server.connections == 0 { MOST_CONNECTIONS } else { server.connections };
        let files = raise_open_files(files_for(wanted, database));
        let connections = wanted.min(connections_within(files, database));
        if connections < server.connections {
            tracing::warn!(
                "server.connections is {}, but the limit of {files} open files leaves room for {connections}; raise it (ulimit -n, or \
                 LimitNOFILE= of systemd)",
                server.connections
            );
        }
        tracing::info!(connections, open_files = files, "maximum number of connections");
        Self { connections, timeout: server.timeout, keep_alive: server.keep_alive }
    }
}

/// How many open files this many client and database connections need.
fn files_for(connections: usize, database: u64) -> u64 {
    let connections =
        u64::try_from(connections).unwrap_or(u64::MAX).saturating_mul(FILES_OF_A_CONNECTION);
    OWN_FILES
        .saturating_add(database.saturating_mul(FILES_OF_A_DATABASE_CONNECTION))
        .saturating_add(connections)
}

/// How many client connections this many open files allow; at least one.
fn connections_within(files: u64, database: u64) -> usize {
    let rest = files.saturating_sub(files_for(0, database)) / FILES_OF_A_CONNECTION;
    usize::try_from(rest).unwrap_or(usize::MAX).max(1)
}

/// Raises this process's limit of open files to `wanted`, as far as the system permits, and returns
/// the limit. The initial limit is often low, for the sake of old programs that can't handle large
/// file descriptors.
fn raise_open_files(wanted: u64) -> u64 {
    let limit = getrlimit(Resource::Nofile);
    // `None` means unlimited.
    let Some(current) = limit.current else { return u64::MAX };
    let possible = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    if possible <= current {
        return current;
    }
    let raised = Rlimit { current: Some(possible), maximum: limit.maximum };
    if setrlimit(Resource::Nofile, raised).is_ok() { possible } else { current }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_open_file_limit_caps_the_connections() {
        assert_eq!(connections_within(256, 16), 72);
        assert_eq!(connections_within(files_for(MOST_CONNECTIONS, 16), 16), MOST_CONNECTIONS);
        assert_eq!(connections_within(10, 1_000), 1);
        assert!(connections_within(u64::MAX, 16) > MOST_CONNECTIONS);
    }
}
