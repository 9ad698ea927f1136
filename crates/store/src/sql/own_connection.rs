//! The connection of a task that reads again and again.
//!
//! The pool tries a connection before it is used and again when it comes back, which costs two more
//! round trips than the statement itself. A task that does one read after the other needs neither:
//! a read that fails on a connection from before is done once more on a new one, so nobody notices
//! that the server was restarted.

use std::time::{Duration, Instant};

use sqlx::mysql::MySqlConnection;
use sqlx::{Connection, Executor};
use tokio::time::timeout;

use super::mysql::{READY, SETTINGS};
use super::{AnyDatabase, MySqlDatabase};

/// How long the server may take to let the task in.
const CONNECT: Duration = Duration::from_secs(3);

/// A connection that was idle for so long is tried before it is used: a firewall may have forgotten
/// it, and then nobody would ever answer.
const IDLE: Duration = Duration::from_secs(1);

/// Runs `$read` on an [`OwnConnection`]: once more, on a new connection, if one from before failed.
#[macro_export]
macro_rules! on_own {
    ($own:expr, $connection:ident => $read:expr) => {
        match &$own.database {
            $crate::sql::AnyDatabase::Sqlite(database) => {
                let mut pooled = database.reader().acquire().await?;
                let $connection = &mut *pooled;
                $read
            }
            $crate::sql::AnyDatabase::MySql(database) => loop {
                // Not in its place while it reads: whoever gives up a read leaves an answer on the
                // way.
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

/// The connection of one task. In the embedded profile there is none to keep: the pool's cost next
/// to nothing.
#[derive(Debug)]
pub struct OwnConnection {
    /// What it reads from.
    pub database: AnyDatabase,
    /// Open, unless it was lost or is being read from. For [`on_own`](crate::on_own).
    pub open: Option<Open>,
}

impl OwnConnection {
    /// One that connects at its first read.
    pub fn new(database: AnyDatabase) -> Self {
        Self { database, open: None }
    }
}

/// An open connection. For [`on_own`](crate::on_own).
#[derive(Debug)]
pub struct Open {
    /// The connection.
    pub connection: MySqlConnection,
    opened_at: Instant,
    /// `None` before the first read.
    read_at: Option<Instant>,
}

impl Open {
    /// The one that is in its `place` and still of use, or a new one.
    ///
    /// # Errors
    /// The database's; at once while it is away.
    pub async fn take(place: &mut Option<Self>, database: &MySqlDatabase) -> sqlx::Result<Self> {
        database.outage().refuse()?;
        if let Some(mut open) = place.take()
            && open.is_usable(database).await
        {
            return Ok(open);
        }
        let mut connection = database.connect(CONNECT).await?;
        connection.execute(SETTINGS).await?;
        Ok(Self { connection, opened_at: Instant::now(), read_at: None })
    }

    async fn is_usable(&mut self, database: &MySqlDatabase) -> bool {
        if database.outage().is_older(self.opened_at.elapsed()) {
            return false;
        }
        let is_idle = self.read_at.is_some_and(|read_at| read_at.elapsed() > IDLE);
        !is_idle || matches!(timeout(READY, self.connection.ping()).await, Ok(Ok(())))
    }

    /// Whether it was opened for this read.
    pub fn is_new(&self) -> bool {
        self.read_at.is_none()
    }

    /// Puts it into its `place`, for the next read.
    pub fn put(self, place: &mut Option<Self>) {
        *place = Some(Self { read_at: Some(Instant::now()), ..self });
    }
}
