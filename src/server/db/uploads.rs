//! What administrators have uploaded to be imported. There is at most one at a time.

use sqlx::FromRow;
use tidemark_store::clock::Millis;

use super::actor::{Actor, WriteError, lock_actor};
use super::{Database, Transaction, on_connection, on_reader, on_writer};

/// How far an upload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// No server has begun yet.
    Waiting,
    /// A server works on it.
    Running,
    /// There is a report.
    Done,
    /// It can't be imported.
    Failed,
    /// The server that worked on it has stopped.
    Interrupted,
}

// No derive: see `articles::Status`.
impl State {
    const ALL: [State; 5] =
        [State::Waiting, State::Running, State::Done, State::Failed, State::Interrupted];

    /// The state's name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Running => "running",
            State::Done => "done",
            State::Failed => "failed",
            State::Interrupted => "interrupted",
        }
    }
}

impl TryFrom<String> for State {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let known = State::ALL.into_iter().find(|state| state.as_str() == text);
        known.ok_or_else(|| format!("{text:?} is no state of an upload"))
    }
}

/// An upload.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Upload {
    /// The name of the folder with its files, on the server that took it.
    pub folder: String,
    /// The file's name as it was sent.
    pub name: String,
    /// The file's size.
    pub bytes: i64,
    /// The name of the user who sent it; `None` if there is no such user any more.
    pub sender: Option<String>,
    /// Whether files win over what was changed here.
    pub overwrites: bool,
    /// Whether missing pictures are fetched.
    pub fetches: bool,
    /// Whether it is to be imported, and not only rehearsed.
    pub is_confirmed: bool,
    /// How far it is.
    #[sqlx(try_from = "String")]
    pub state: State,
    /// Grows each time a server begins with it.
    pub run: i64,
    /// How many articles are done.
    pub done: i64,
    /// Of how many.
    pub total: i64,
    /// When it was written last, in milliseconds since 1970.
    pub changed_at: Millis,
    /// The report of the rehearsal, or of the import, as JSON.
    pub report: Option<String>,
    /// Why it can't be imported.
    pub problem: Option<String>,
}

impl Upload {
    /// Whether another upload has to wait for it.
    pub fn is_open(&self) -> bool {
        match self.state {
            State::Waiting | State::Running => true,
            State::Done => !self.is_confirmed,
            State::Failed | State::Interrupted => false,
        }
    }
}

/// A new upload.
#[derive(Clone, Debug)]
pub struct NewUpload {
    /// See [`Upload::folder`].
    pub folder: String,
    /// See [`Upload::name`].
    pub name: String,
    /// See [`Upload::bytes`].
    pub bytes: i64,
    /// See [`Upload::overwrites`].
    pub overwrites: bool,
    /// See [`Upload::fetches`].
    pub fetches: bool,
}

/// How a server ended its work on an upload.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The state that it is in from now on.
    pub state: State,
    /// See [`Upload::report`].
    pub report: Option<String>,
    /// See [`Upload::problem`].
    pub problem: Option<String>,
}

const SELECT: &str = "SELECT uploaded_import.folder, uploaded_import.name, uploaded_import.bytes, users.name AS sender,
        uploaded_import.overwrites, uploaded_import.fetches, uploaded_import.is_confirmed, uploaded_import.state,
        uploaded_import.run, uploaded_import.done, uploaded_import.total, uploaded_import.changed_at,
        uploaded_import.report, uploaded_import.problem
     FROM uploaded_import LEFT JOIN users ON users.id = uploaded_import.user_id WHERE uploaded_import.id = 1";

const DELETE: &str = "DELETE FROM uploaded_import WHERE folder = ?";

async fn upload_in(transaction: &mut Transaction) -> sqlx::Result<Option<Upload>> {
    on_connection!(transaction, connection => sqlx::query_as(SELECT).fetch_optional(connection).await)
}

impl Database {
    /// Returns the upload, if there is one.
    pub async fn upload(&self) -> sqlx::Result<Option<Upload>> {
        on_reader!(self, pool => sqlx::query_as(SELECT).fetch_optional(pool).await)
    }

    /// Adds an upload in place of one that is finished. Returns false if another one is not.
    ///
    /// # Errors
    /// [`WriteError`]
    pub async fn add_upload(
        &self,
        actor: Actor,
        new: &NewUpload,
        now: Millis,
    ) -> Result<bool, WriteError> {
        // One transaction of this kind at a time, so nobody else adds one meanwhile.
        let mut transaction = self.begin().await?;
        lock_actor(&mut transaction, actor).await?;
        if upload_in(&mut transaction).await?.is_some_and(|upload| upload.is_open()) {
            return Ok(false);
        }
        let insert = "INSERT INTO uploaded_import (id, folder, name, bytes, user_id, overwrites, fetches, is_confirmed,
                state, run, done, total, changed_at)
             VALUES (1, ?, ?, ?, ?, ?, ?, 0, 'waiting', 0, 0, 0, ?)";
        let NewUpload { folder, name, bytes, overwrites, fetches } = new;
        on_connection!(&mut transaction, connection => {
            sqlx::query("DELETE FROM uploaded_import WHERE id = 1").execute(&mut *connection).await?;
            let query = sqlx::query(insert).bind(folder).bind(name).bind(bytes).bind(actor.id);
            query.bind(overwrites).bind(fetches).bind(now).execute(connection).await?;
        });
        transaction.commit().await?;
        Ok(true)
    }

    /// Lets an upload be imported that was rehearsed, or goes on with one that was interrupted.
    /// Returns false if it is in no such state.
    ///
    /// # Errors
    /// [`WriteError`]
    pub async fn start_upload(
        &self,
        actor: Actor,
        folder: &str,
        now: Millis,
    ) -> Result<bool, WriteError> {
        let mut transaction = self.begin().await?;
        lock_actor(&mut transaction, actor).await?;
        let known = upload_in(&mut transaction).await?.filter(|upload| upload.folder == folder);
        let is_confirmed = match known {
            Some(Upload { state: State::Done, is_confirmed: false, .. }) => true,
            Some(Upload { state: State::Interrupted, is_confirmed, .. }) => is_confirmed,
            _ => return Ok(false),
        };
        let sql = "UPDATE uploaded_import SET state = 'waiting', is_confirmed = ?, done = 0, total = 0, report = NULL,
                changed_at = ? WHERE folder = ?";
        on_connection!(&mut transaction, connection => {
            sqlx::query(sql).bind(is_confirmed).bind(now).bind(folder).execute(connection).await?;
        });
        transaction.commit().await?;
        Ok(true)
    }

    /// Forgets an upload, whatever its state. A server that works on it stops. Returns false if
    /// there is none of this name.
    ///
    /// # Errors
    /// [`WriteError`]
    pub async fn discard_upload(&self, actor: Actor, folder: &str) -> Result<bool, WriteError> {
        let mut transaction = self.begin().await?;
        lock_actor(&mut transaction, actor).await?;
        let deleted = on_connection!(&mut transaction, connection => {
            sqlx::query(DELETE).bind(folder).execute(connection).await?.rows_affected()
        });
        transaction.commit().await?;
        Ok(deleted > 0)
    }

    /// Begins with an upload that waits. Returns false if another server has begun.
    pub async fn claim_upload(&self, folder: &str, run: i64, now: Millis) -> sqlx::Result<bool> {
        let sql = "UPDATE uploaded_import SET state = 'running', run = run + 1, changed_at = ?
             WHERE folder = ? AND run = ? AND state = 'waiting'";
        let claimed = on_writer!(self, pool => {
            let query = sqlx::query(sql).bind(now).bind(folder).bind(run);
            query.execute(pool).await?.rows_affected()
        });
        Ok(claimed > 0)
    }

    /// Records the progress of a run, which is also its server's heartbeat. Returns false if the
    /// run is no longer wanted.
    pub async fn note_upload(
        &self,
        folder: &str,
        run: i64,
        (done, total): (i64, i64),
        now: Millis,
    ) -> sqlx::Result<bool> {
        let sql = "UPDATE uploaded_import SET done = ?, total = ?, changed_at = ?
             WHERE folder = ? AND run = ? AND state = 'running'";
        let noted = on_writer!(self, pool => {
            let query = sqlx::query(sql).bind(done).bind(total).bind(now).bind(folder).bind(run);
            query.execute(pool).await?.rows_affected()
        });
        Ok(noted > 0)
    }

    /// Ends a run that waits or works. Returns false if it is no longer wanted.
    pub async fn end_upload(
        &self,
        folder: &str,
        run: i64,
        ended: &Ended,
        now: Millis,
    ) -> sqlx::Result<bool> {
        let sql = "UPDATE uploaded_import SET state = ?, report = ?, problem = ?, changed_at = ?
             WHERE folder = ? AND run = ? AND state IN ('waiting', 'running')";
        let Ended { state, report, problem } = ended;
        let done = on_writer!(self, pool => {
            let query = sqlx::query(sql).bind(state.as_str()).bind(report).bind(problem).bind(now);
            query.bind(folder).bind(run).execute(pool).await?.rows_affected()
        });
        Ok(done > 0)
    }

    /// Forgets an upload that nobody has touched since `time`.
    pub async fn forget_upload(&self, folder: &str, time: Millis) -> sqlx::Result<()> {
        let sql = "DELETE FROM uploaded_import WHERE folder = ? AND changed_at < ?";
        on_writer!(self, pool => sqlx::query(sql).bind(folder).bind(time).execute(pool).await.map(drop))
    }
}
