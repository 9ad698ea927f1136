//! A dedicated connection for a task that reads all the time.
//!
//! The pool pings a connection when it comes back, and one to MySQL before each use as well. Each
//! ping is a round trip on top of the statement: to the server, or to the thread that SQLite runs
//! on. A task that does one read after another can skip them. If a read fails on a connection to
//! MySQL that was used before, [`on_own`](crate::on_own) retries it once on a new one. So a server
//! restart goes unnoticed.

use std::time::{Duration, Instant};

use sqlx::mysql::MySqlConnection;
use sqlx::pool::PoolConnection;
use sqlx::{Connection, Executor, Sqlite};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::mysql::{READY, SETTINGS};
use super::{AnyDatabase, MySqlDatabase, within};

/// The timeout for logging in, and again for the session's settings.
const CONNECT: Duration = Duration::from_secs(3);

/// A connection that was idle for longer than this is pinged before it is used: a firewall may have
/// dropped it silently, and a read on it would hang.
const IDLE: Duration = Duration::from_secs(1);

/// Runs `$read` on an [`OwnConnection`]. If it fails on a reused connection to MySQL, runs it again
/// on a new one.
///
/// The connection is out of its place while it reads. If the read fails or is cancelled, its answer
/// may still come, so the connection must not be used again. One to SQLite goes back to its pool
/// then, which waits for that answer.
#[macro_export]
macro_rules! on_own {
    ($own:expr, $connection:ident => $read:expr) => {
        match &$own.database {
            $crate::sql::AnyDatabase::Sqlite(database) => {
                let mut open = match $own.sqlite.take() {
                    Some(open) => open,
                    None => database.held().acquire().await?,
                };
                let $connection = &mut *open;
                let read = $read;
                $own.sqlite = Some(open);
                read
            }
            $crate::sql::AnyDatabase::MySql(database) => loop {
                let mut open = $crate::sql::Open::take(&mut $own.open, database).await?;
                let read: sqlx::Result<_> = async {
                    let $connection = &mut open.connection;
                    Ok($read)
                }
                .await;
                match read {
                    Ok(read) => {
                        open.put(&mut $own.open);
                        break read;
                    }
                    Err(error) if open.is_new() => return Err(error),
                    Err(_) => {}
                }
            },
        }
    };
}

/// The dedicated connection of one task.
#[derive(Debug)]
pub struct OwnConnection {
    /// The database to read from.
    pub database: AnyDatabase,
    /// Where the connection to MySQL is between reads. For [`on_own`](crate::on_own).
    pub open: Place,
    /// The connection to the SQLite file between reads. For [`on_own`](crate::on_own).
    pub sqlite: Option<PoolConnection<Sqlite>>,
}

impl OwnConnection {
    /// A connection that is opened at the first read.
    pub fn new(database: AnyDatabase) -> Self {
        Self { database, open: Place::default(), sqlite: None }
    }
}

/// Where a connection to MySQL is between reads. For [`on_own`](crate::on_own).
#[derive(Debug, Default)]
pub struct Place {
    /// The open connection, unless it was lost or is reading.
    open: Option<Open>,
    /// The connection that is being opened. This continues when the read is cancelled. Otherwise a
    /// task whose reads time out before a connection is open would never get one, and MySQL blocks
    /// a host that keeps giving up.
    opening: Option<Opening>,
}

/// A task that opens a connection. It stops when this is dropped.
#[derive(Debug)]
struct Opening {
    task: JoinHandle<sqlx::Result<Open>>,
    began_at: Instant,
}

impl Opening {
    fn begin(database: &MySqlDatabase) -> Self {
        let task = tokio::spawn(Open::connect(database.clone()));
        Self { task, began_at: Instant::now() }
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An open connection to MySQL. For [`on_own`](crate::on_own).
#[derive(Debug)]
pub struct Open {
    /// The connection itself.
    pub connection: MySqlConnection,
    opened_at: Instant,
    /// `None` before the first read.
    read_at: Option<Instant>,
}

impl Open {
    /// Takes the connection out of its `place` if it is still usable, or opens a new one.
    ///
    /// # Errors
    /// The database's. Fails at once while the database is down.
    pub async fn take(place: &mut Place, database: &MySqlDatabase) -> sqlx::Result<Self> {
        database.outage().refuse()?;
        if let Some(mut open) = place.open.take()
            && open.is_usable(database).await
        {
            return Ok(open);
        }
        let is_older = |began_at: Instant| database.outage().is_older(began_at.elapsed());
        // Begin again after an outage: if packets were lost, the server may never answer.
        drop(place.opening.take_if(|opening| is_older(opening.began_at)));
        loop {
            let is_new = place.opening.is_none();
            let opening = place.opening.get_or_insert_with(|| Opening::begin(database));
            let opened = (&mut opening.task).await.unwrap_or(Err(sqlx::Error::WorkerCrashed));
            place.opening = None;
            if is_new {
                return opened;
            }
            // A cancelled read began it. It may have failed or gone stale since.
            if let Ok(mut open) = opened
                && open.is_usable(database).await
            {
                return Ok(open);
            }
        }
    }

    async fn connect(database: MySqlDatabase) -> sqlx::Result<Self> {
        let mut connection = database.connect(CONNECT).await?;
        within(Some(CONNECT), connection.execute(SETTINGS)).await?;
        Ok(Self { connection, opened_at: Instant::now(), read_at: None })
    }

    async fn is_usable(&mut self, database: &MySqlDatabase) -> bool {
        if database.outage().is_older(self.opened_at.elapsed()) {
            return false;
        }
        let is_idle = self.read_at.unwrap_or(self.opened_at).elapsed() > IDLE;
        !is_idle || matches!(timeout(READY, self.connection.ping()).await, Ok(Ok(())))
    }

    /// Whether no read has used it yet.
    pub fn is_new(&self) -> bool {
        self.read_at.is_none()
    }

    /// Puts the connection back into its `place` for the next read.
    pub fn put(self, place: &mut Place) {
        place.open = Some(Self { read_at: Some(Instant::now()), ..self });
    }
}
