//! The connections to MySQL or MariaDB.

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
use super::{FOR_REQUEST, OpenError, reason, within};

/// How long anybody waits for a connection, a new one included: a reader gets an answer, if a sad
/// one, when the server is away.
const TIMEOUT: Duration = Duration::from_secs(3);

/// How long to wait for another process that is migrating the database.
const MIGRATION_LOCK_TIMEOUT: Duration = Duration::from_secs(60);

/// Together with the connections of a second Tidemark, far below the 151 that a server takes unless
/// told otherwise.
const CONNECTIONS: u32 = 16;

/// How long a connection may take to be ready for whoever wants it next.
pub(super) const READY: Duration = Duration::from_millis(500);

/// How long the way to the server may take.
const REACH: Duration = Duration::from_secs(1);

/// What a connection starts with, so that nothing depends on how the server is set up:
///
/// * texts that do not fit are refused, not cut;
/// * each statement sees what is committed by then: a transaction that waited for another one must
///   see what that one wrote, which under MySQL's usual REPEATABLE READ it would not;
/// * nobody waits for a lock longer than in SQLite (10 s);
/// * lists of authors and tags are not cut at 1024 bytes.
pub(super) const SETTINGS: &str =
    "SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION',
        SESSION innodb_lock_wait_timeout = 10, SESSION group_concat_max_len = 1048576;
    SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";

/// An open database of a MySQL or MariaDB server: the server profile's.
#[derive(Clone, Debug)]
pub struct MySqlDatabase {
    pool: MySqlPool,
    options: Arc<MySqlConnectOptions>,
    address: Arc<str>,
    outage: Outage,
    /// How long a transaction waits for others at most.
    wait_timeout: Option<Duration>,
    /// Whose turn it is to wait for the lock: the others wait without a connection, which readers
    /// need.
    turn: Arc<Mutex<()>>,
    /// A place for each of the few transactions that may wait for rows that others have locked.
    places: Arc<Semaphore>,
}

impl MySqlDatabase {
    /// Opens the database at `url` (`mysql://user:password@host:port/name`), which must be there,
    /// with at most so many `connections`, and brings its tables up to date with `migrations`.
    ///
    /// # Errors
    /// An [`OpenError`], which is one line for a person.
    pub async fn open(
        url: &str,
        connections: Option<NonZeroU32>,
        migrations: &Migrator,
    ) -> Result<Self, OpenError> {
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

        // The pool tries again and again until its timeout ends, and then has forgotten why.
        let unreachable = |reason| OpenError::Unreachable { database: address.to_string(), reason };
        let first = tokio::time::timeout(TIMEOUT, options.connect()).await;
        let first = first
            .map_err(|_| unreachable(format!("no answer within {} seconds", TIMEOUT.as_secs())))?;
        let mut first = first.map_err(|error| refusal(&error, &address))?;

        let outage = Outage::default();
        let (before, after) = (outage.clone(), outage.clone());
        let connections = connections.map_or(CONNECTIONS, NonZeroU32::get);
        let pool = MySqlPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(TIMEOUT)
            // Each connection is tried before it is given to somebody, so those from before a
            // restart of the server are replaced without anybody noticing. What was open before an
            // outage ended is not even tried: after packets were lost nobody may ever answer on it.
            // The pool's own test would wait for that until whoever wants the connection gives up.
            .test_before_acquire(false)
            .before_acquire(move |connection, about| {
                let is_old = before.is_older(about.age);
                Box::pin(async move {
                    let is_usable =
                        !is_old && matches!(timeout(READY, connection.ping()).await, Ok(Ok(())));
                    Ok::<_, sqlx::Error>(is_usable)
                })
            })
            // The pool tries each connection that it gets back, too, and would lose those for ever
            // on which nobody answers.
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

    /// Where it is: its URL without the user and the password.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Where everything goes. Statements see what is committed when they start (READ COMMITTED).
    pub fn pool(&self) -> &MySqlPool {
        &self.pool
    }

    /// As [`MySqlDatabase::pool`], for requests: refused while the server is away, instead of
    /// waiting for it.
    ///
    /// # Errors
    /// At once while the server is away.
    pub fn reachable(&self) -> sqlx::Result<&MySqlPool> {
        self.outage.refuse().map(|()| &self.pool)
    }

    /// A connection that is not one of the pool's, if the server takes it in time.
    pub async fn connect(&self, limit: Duration) -> sqlx::Result<MySqlConnection> {
        let late = |_| sqlx::Error::PoolTimedOut;
        if self.options.get_socket().is_none() {
            // Apart from the rest: the system asks a host that does not answer ever more seldom,
            // and would notice late that it is back.
            let way = TcpStream::connect((self.options.get_host(), self.options.get_port()));
            timeout(REACH, way).await.map_err(late)??;
        }
        timeout(limit, self.options.connect()).await.map_err(late)?
    }

    /// A transaction that begins with `lock`, a statement that locks what it will write. There is
    /// one such transaction at a time, as in SQLite.
    ///
    /// # Errors
    /// The database's; after waiting for 10 seconds, too.
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

    /// A transaction that waits for rows that others have locked. Only a quarter of the connections
    /// wait so at a time: a flush may lock many rows for seconds, and readers need the others. The
    /// place is to be kept as long as the transaction.
    ///
    /// # Errors
    /// The database's.
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

    /// How long whoever has this waits for others at most.
    pub fn wait_timeout(&self) -> Option<Duration> {
        self.wait_timeout
    }

    /// Whether it is away.
    pub fn outage(&self) -> &Outage {
        &self.outage
    }

    /// Closes all connections, after what they are doing.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Waits until no other process migrates this database. The lock lasts as long as the connection.
///
/// sqlx takes a lock too, but asks for it with a negative limit, which MariaDB answers at once and
/// without a lock.
async fn lock_migrations(connection: &mut MySqlConnection, address: &str) -> Result<(), OpenError> {
    // The name counts for the whole server and has a limit of 64 characters.
    // MySQL 9 has no MD5() unless a component is installed.
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

/// Why the server refused the first connection.
fn refusal(error: &sqlx::Error, address: &str) -> OpenError {
    let (database, reason) = (address.to_owned(), reason(error));
    let server =
        error.as_database_error().and_then(|error| error.try_downcast_ref::<MySqlDatabaseError>());
    match server.map(MySqlDatabaseError::number) {
        // Wrong name or password; no right to the database; no password where one is needed; not
        // from this host.
        Some(1045 | 1044 | 1698 | 1130) => OpenError::Denied { database, reason },
        Some(1049) => OpenError::Unknown { database },
        _ if matches!(error, sqlx::Error::Io(_) | sqlx::Error::Tls(_)) => {
            OpenError::Unreachable { database, reason }
        }
        _ => OpenError::Open { database, reason },
    }
}
