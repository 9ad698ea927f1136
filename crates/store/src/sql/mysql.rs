//! Connections to MySQL or MariaDB.

use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::mysql::{
    MySqlConnectOptions, MySqlConnection, MySqlDatabaseError, MySqlPool, MySqlPoolOptions,
};
use sqlx::{ConnectOptions, Connection, Executor, MySql, Transaction};
use tokio::net::TcpStream;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::outage::Outage;
use super::{Connections, FOR_REQUEST, OpenError, reason, within};

/// The timeout for getting a connection, new or from the pool. When the server is down, a reader
/// still gets an answer, if only an error.
const TIMEOUT: Duration = Duration::from_secs(3);

/// How long to wait while another process migrates the database.
const MIGRATION_LOCK_TIMEOUT: Duration = Duration::from_secs(60);

/// The default size of the pool. Two Tidemark processes stay far below a server's default limit of
/// 151 connections.
const CONNECTIONS: u32 = 16;

/// The timeout of the ping that checks a connection before it is used.
pub(super) const READY: Duration = Duration::from_millis(500);

/// The timeout for reaching the server over TCP.
const REACH: Duration = Duration::from_secs(1);

/// Session settings for each new connection, so that nothing depends on how the server is
/// configured:
///
/// * Strings that are too long are refused, not truncated.
/// * Each statement sees everything committed before it starts. A transaction that waited for
///   another one must see what that one wrote. Under MySQL's default, REPEATABLE READ, it would
///   not.
/// * Lock waits time out after 10 seconds, as in SQLite.
/// * Lists of authors and tags are not truncated at 1024 bytes.
pub(super) const SETTINGS: &str =
    "SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION',
        SESSION innodb_lock_wait_timeout = 10, SESSION group_concat_max_len = 1048576;
    SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";

/// An open database on a MySQL or MariaDB server, used by the server profile.
#[derive(Clone, Debug)]
pub struct MySqlDatabase {
    pool: MySqlPool,
    options: Arc<MySqlConnectOptions>,
    address: Arc<str>,
    outage: Outage,
    /// How long a transaction waits for others.
    wait_timeout: Option<Duration>,
    /// Held while waiting for the lock in [`MySqlDatabase::begin_with_lock`]. The others queue here
    /// without a connection, because readers need the connections.
    turn: Arc<Mutex<()>>,
    /// Permits for transactions that may wait for rows that others have locked.
    places: Arc<Semaphore>,
}

impl MySqlDatabase {
    /// Opens the existing database at `url` (`mysql://user:password@host:port/name`), makes pooled
    /// `connections` as wanted, and runs `migrations`.
    ///
    /// # Errors
    /// An [`OpenError`], a one-line message for the operator.
    pub async fn open(
        url: &str,
        connections: impl Into<Connections>,
        migrations: &Migrator,
    ) -> Result<Self, OpenError> {
        let connections = connections.into();
        let options = MySqlConnectOptions::from_str(url)
            .map_err(|error| OpenError::ServerUrl(reason(&error)))?;
        let Some(name) = options.get_database() else {
            return Err(OpenError::ServerUrl("the database's name is missing".into()));
        };
        let address: Arc<str> = match options.get_socket() {
            Some(socket) => format!("mysql:{}/{name}", socket.display()).into(),
            None => format!("mysql://{}:{}/{name}", options.get_host(), options.get_port()).into(),
        };
        let options = options.charset("utf8mb4").timezone(String::from("+00:00"));
        let options = connections.logged(options);

        // Connect once without the pool: the pool retries until its timeout and then loses the
        // reason.
        let unreachable = |reason| OpenError::Unreachable { database: address.to_string(), reason };
        let first = tokio::time::timeout(TIMEOUT, options.connect()).await;
        let first = first
            .map_err(|_| unreachable(format!("no answer within {} seconds", TIMEOUT.as_secs())))?;
        let mut first = first.map_err(|error| refusal(&error, &address))?;

        let outage = Outage::default();
        let (before, after) = (outage.clone(), outage.clone());
        let connections = connections.most.map_or(CONNECTIONS, NonZeroU32::get);
        let pool = MySqlPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(TIMEOUT)
            // Ping each connection before handing it out, so that those from before a server
            // restart are replaced unnoticed. Skip the ping for connections from before the end of
            // an outage: if packets were lost, the server may never answer on them. The pool's own
            // test has no timeout, so it would block until the caller gives up.
            .test_before_acquire(false)
            .before_acquire(move |connection, about| {
                let is_old = before.is_older(about.age);
                Box::pin(async move {
                    let is_usable =
                        !is_old && matches!(timeout(READY, connection.ping()).await, Ok(Ok(())));
                    Ok::<_, sqlx::Error>(is_usable)
                })
            })
            // The pool also pings each connection that comes back. It would hang on a dead one and
            // never get it back.
            .after_release(move |_, about| {
                let is_useless = after.is_now() || after.is_older(about.age);
                Box::pin(async move { Ok::<_, sqlx::Error>(!is_useless) })
            })
            .after_connect(|connection, _| {
                Box::pin(async move { connection.execute(SETTINGS).await.map(drop) })
            })
            .connect_lazy_with(options.clone());
        lock_migrations(&mut first, &address).await?;
        migrations
            .run(&pool)
            .await
            .map_err(|error| OpenError::of_migration(error, address.to_string()))?;
        let _ = first.close().await;
        Ok(Self {
            pool,
            options: options.into(),
            address,
            outage,
            wait_timeout: None,
            turn: Arc::default(),
            places: Arc::new(Semaphore::new((connections / 4).max(1) as usize)),
        })
    }

    /// See [`super::AnyDatabase::for_requests`].
    #[must_use]
    pub fn for_requests(self) -> Self {
        Self { wait_timeout: Some(FOR_REQUEST), ..self }
    }

    /// Its address: the URL without user and password.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The pool for reads and writes. Each statement sees what was committed before it starts (READ
    /// COMMITTED).
    pub fn pool(&self) -> &MySqlPool {
        &self.pool
    }

    /// Like [`MySqlDatabase::pool`], but for requests: fails instead of waiting while the server is
    /// down.
    ///
    /// # Errors
    /// At once while the server is down.
    pub fn reachable(&self) -> sqlx::Result<&MySqlPool> {
        self.outage.refuse().map(|()| &self.pool)
    }

    /// Opens a connection outside the pool. Reaching the server may take a second, logging in
    /// `limit`.
    pub async fn connect(&self, limit: Duration) -> sqlx::Result<MySqlConnection> {
        let late = |_| sqlx::Error::PoolTimedOut;
        if self.options.get_socket().is_none() {
            // Try TCP first, with a short timeout. If a host does not answer, the system retries at
            // growing intervals and would notice its return late.
            let way = TcpStream::connect((self.options.get_host(), self.options.get_port()));
            timeout(REACH, way).await.map_err(late)??;
        }
        timeout(limit, self.options.connect()).await.map_err(late)?
    }

    /// Begins a transaction with `lock`, a statement that locks the rows it will write. Such
    /// transactions run one at a time, as in SQLite. Only one of this process waits for the lock;
    /// the others queue without a connection.
    ///
    /// # Errors
    /// The database's, such as a lock wait timeout after 10 seconds. For a request,
    /// [`sqlx::Error::PoolTimedOut`] after four.
    pub async fn begin_with_lock(
        &self,
        lock: &'static str,
    ) -> sqlx::Result<Transaction<'static, MySql>> {
        let locked = async {
            let _turn = self.turn.lock().await;
            let mut transaction = self.reachable()?.begin().await?;
            sqlx::query(lock).execute(&mut *transaction).await?;
            Ok::<_, sqlx::Error>(transaction)
        };
        within(self.wait_timeout, locked).await
    }

    /// Begins a transaction that may wait for rows that others have locked. At most a quarter of
    /// the connections may wait like that: a flush can lock many rows for seconds, and readers need
    /// the rest. Hold the permit as long as the transaction.
    ///
    /// # Errors
    /// The database's. For a request, [`sqlx::Error::PoolTimedOut`] after four seconds.
    pub async fn begin_waiting(
        &self,
    ) -> sqlx::Result<(OwnedSemaphorePermit, Transaction<'static, MySql>)> {
        let begun = async {
            let place =
                self.places.clone().acquire_owned().await.map_err(|_| sqlx::Error::PoolClosed)?;
            Ok::<_, sqlx::Error>((place, self.reachable()?.begin().await?))
        };
        within(self.wait_timeout, begun).await
    }

    /// How long transactions and requests wait for others. `None` means no limit.
    pub fn wait_timeout(&self) -> Option<Duration> {
        self.wait_timeout
    }

    /// Whether the database is down.
    pub fn outage(&self) -> &Outage {
        &self.outage
    }

    /// Closes all connections once their current work is done.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Waits until no other process is migrating this database. The lock lasts as long as the
/// connection.
///
/// sqlx takes a lock too, but with a negative timeout. MariaDB answers that at once, without a
/// lock.
async fn lock_migrations(connection: &mut MySqlConnection, address: &str) -> Result<(), OpenError> {
    // Lock names are global to the server and limited to 64 characters. SHA-2, because MySQL 9 has
    // no MD5() unless a component is installed.
    let is_locked = sqlx::query_scalar(
        "SELECT GET_LOCK(concat('tidemark-', left(sha2(database(), 256), 32)), ?)",
    )
    .bind(MIGRATION_LOCK_TIMEOUT.as_secs())
    .fetch_one(connection)
    .await;
    let reason = match is_locked {
        Ok(Some(1i64)) => return Ok(()),
        Ok(_) => format!(
            "another process has been migrating it for {} seconds",
            MIGRATION_LOCK_TIMEOUT.as_secs()
        ),
        Err(error) => reason(&error),
    };
    Err(OpenError::Migration { database: address.to_owned(), reason })
}

/// Maps the error of the first connection to an [`OpenError`].
fn refusal(error: &sqlx::Error, address: &str) -> OpenError {
    let (database, reason) = (address.to_owned(), reason(error));
    let server =
        error.as_database_error().and_then(|error| error.try_downcast_ref::<MySqlDatabaseError>());
    match server.map(MySqlDatabaseError::number) {
        // In this order: wrong user name or password; no access to the database; a passwordless
        // login that is not allowed; a host that is not allowed.
        Some(1045 | 1044 | 1698 | 1130) => OpenError::Denied { database, reason },
        Some(1049) => OpenError::Unknown { database },
        _ if matches!(error, sqlx::Error::Io(_) | sqlx::Error::Tls(_)) => {
            OpenError::Unreachable { database, reason }
        }
        _ => OpenError::Open { database, reason },
    }
}
