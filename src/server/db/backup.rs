//! What a backup has of the database: which tables, read from one snapshot and written in one
//! transaction. Rows are lists of JSON values, the same from every kind of database.
//!
//! The columns are those that the database has, so a new one is in the next backup. A new table has
//! to be added to one of the lists below; a test fails until it is.

use futures_util::TryStreamExt;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Row as _, TypeInfo as _, ValueRef as _};
use tidemark_store::clock::Millis;
use tokio::sync::mpsc::Sender;

use super::{AnyDatabase, Database, Dialect, MIGRATIONS, OpenError, Transaction, on_connection};

/// A table of a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name, here and in the backup.
    pub name: &'static str,
    /// The columns of its primary key, by which rows are ordered.
    key: &'static str,
    /// Columns that are left out: they end sessions, or can be made again.
    without: &'static [&'static str],
    /// Whether only MySQL and MariaDB have it. A restore adds to its rows and deletes none: it is
    /// the ledger, which says what is in the counts (rule C5).
    pub is_ledger: bool,
}

const fn table(name: &'static str, key: &'static str) -> Table {
    Table { name, key, without: &[], is_ledger: false }
}

/// The tables of a backup. Each comes after those that it refers to. A restore deletes them from
/// the last to the first and then fills them from the first to the last, so those of counting are
/// in the order in which a restore and a flush that meet wait for each other and never in a circle.
pub const TABLES: &[Table] = &[
    Table { is_ledger: true, ..table("view_batches", "id") },
    Table { is_ledger: true, ..table("view_origins", "id") },
    // A restore gives everybody another credential, so that no session of before opens anything.
    Table { without: &["credential"], ..table("users", "id") },
    table("articles", "id"),
    table("article_authors", "article_id, position"),
    table("article_aliases", "path"),
    table("tags", "id"),
    table("article_tags", "article_id, position"),
    table("article_view_hours", "hour, article_id"),
    // What OpenSearch has been told is not what it will have after a restore.
    Table { without: &["indexed_views"], ..table("article_stats", "article_id") },
    table("likes", "user_id, article_id"),
    table("collects", "user_id, article_id"),
    table("follows", "user_id, author_id"),
    table("article_revisions", "article_id, version"),
    table("article_drafts", "user_id, article_id, form_key"),
    table("used_forms", "user_id, form_key"),
    // A backup has pictures as they were sent. Copies in other sizes are made again.
    Table { without: &["copies", "copies_begun_at"], ..table(PICTURES, "id") },
    table("article_renderer", "id"),
    table("article_imports", "article_id"),
    table(IMPORTED_PICTURES, "hash"),
    table("article_baselines", "article_id, source"),
    table("uncounted_views", "day, reason"),
    table("site_settings", "id"),
    table("site_menu", "position"),
    table("site_redirects", "source"),
];

/// The table with a row for each picture.
pub const PICTURES: &str = "pictures";

/// The table with a row for each picture that came with an import.
pub const IMPORTED_PICTURES: &str = "imported_pictures";

/// Tables that no backup has, and that a restore empties: what opens an account, and what is made
/// from other tables.
const EMPTIED: &[&str] = &["known_devices", "invitations", "search_documents"];

/// Of [`EMPTIED`], what only SQLite has.
const EMPTIED_IN_SQLITE: &[&str] =
    &["sessions", "search_terms", "search_titles", "article_view_windows", "ranking_hours"];

/// Of [`EMPTIED`], what only MySQL and MariaDB have.
const EMPTIED_IN_MYSQL: &[&str] = &["search_queue"];

/// Tables that no backup has, and that a restore leaves alone: who was counted, and what belongs to
/// this installation.
const LEFT_ALONE: &[&str] = &[
    "_sqlx_migrations",
    "article_write_lock",
    "content_version",
    "job_runs",
    "notices",
    "search_analysis",
    "search_rebuild",
    "search_vocabulary",
    "sqlite_sequence",
    "uploaded_import",
    "view_feeds",
    "view_seen",
    "visitor_salts",
];

/// Whether it is decided what a backup does with a table. What FTS5 keeps behind `search_terms`
/// goes with it.
pub fn is_decided(table: &str) -> bool {
    let lists = [EMPTIED, EMPTIED_IN_SQLITE, EMPTIED_IN_MYSQL, LEFT_ALONE];
    TABLES.iter().any(|known| known.name == table)
        || lists.iter().any(|list| list.contains(&table))
        || table.starts_with("search_terms_")
        || table.starts_with("search_titles_")
}

/// How many numbers are skipped after a restore. What was made after the backup is gone, but a page
/// of it may still be open somewhere. Its view, and its author's session, must not be taken for
/// those of something new.
const SKIPPED: i64 = 1_000;

/// The size of a part of a table, in bytes, beyond which the next part begins.
const PART: usize = 1 << 20;

/// How many rows one statement inserts, where there are so many.
const ROWS: usize = 50;

/// How many bytes of rows one statement may insert. A server refuses statements of more than 16 MB.
const BYTES: usize = 1 << 20;

/// The number of this program's latest migration.
pub fn schema() -> i64 {
    MIGRATIONS.sqlite.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// Everything in the database at one moment.
#[derive(Debug)]
pub struct Snapshot(Transaction);

impl Snapshot {
    /// The columns of a table that a backup has, in alphabetical order. Empty if this kind of
    /// database does not have the table.
    ///
    /// # Errors
    /// Database errors.
    pub async fn columns(&mut self, table: &Table) -> sqlx::Result<Vec<String>> {
        columns(&mut self.0, table).await
    }

    /// Sends the rows of a table: each a JSON array and a line, several lines at a time. Returns
    /// how many there are.
    ///
    /// # Errors
    /// Database errors; [`sqlx::Error::WorkerCrashed`] if nobody receives the rows.
    pub async fn read(
        &mut self,
        table: &Table,
        columns: &[String],
        parts: &Sender<String>,
    ) -> sqlx::Result<u64> {
        let (names, Table { name, key, .. }) = (columns.join(", "), table);
        let sql = format!("SELECT {names} FROM {name} ORDER BY {key}");
        let (mut part, mut count) = (String::new(), 0);
        let dialect = self.0.dialect();
        on_connection!(&mut self.0, connection => {
            let mut rows = sqlx::query(AssertSqlSafe(sql)).fetch(connection);
            while let Some(row) = rows.try_next().await? {
                let mut values = Vec::with_capacity(columns.len());
                for (index, column) in columns.iter().enumerate() {
                    let kind = kind(dialect, row.try_get_raw(index)?.type_info().name());
                    values.push(match kind {
                        Kind::Number => row.try_get_unchecked::<Option<i64>, _>(index)?.into(),
                        Kind::Text => row.try_get_unchecked::<Option<String>, _>(index)?.into(),
                        Kind::Other if row.try_get_raw(index)?.is_null() => Value::Null,
                        Kind::Other => {
                            return Err(sqlx::Error::Decode(format!("{name}.{column} is of a kind that no backup can have").into()));
                        }
                    });
                }
                part.push_str(&Value::Array(values).to_string());
                part.push('\n');
                count += 1;
                if part.len() >= PART {
                    send(parts, &mut part).await?;
                }
            }
        });
        if !part.is_empty() {
            send(parts, &mut part).await?;
        }
        Ok(count)
    }

    /// The names of all pictures.
    ///
    /// # Errors
    /// Database errors.
    pub async fn picture_names(&mut self) -> sqlx::Result<Vec<String>> {
        picture_names(&mut self.0).await
    }
}

async fn send(parts: &Sender<String>, part: &mut String) -> sqlx::Result<()> {
    parts.send(std::mem::take(part)).await.map_err(|_| sqlx::Error::WorkerCrashed)
}

async fn picture_names(transaction: &mut Transaction) -> sqlx::Result<Vec<String>> {
    let sql = "SELECT name FROM pictures ORDER BY name";
    on_connection!(transaction, connection => sqlx::query_scalar(sql).fetch_all(connection).await)
}

/// What a value is in a backup.
enum Kind {
    Number,
    Text,
    Other,
}

/// The kind of a value, by the database's name for its type. MySQL's texts that compare by their
/// bytes are called as bytes are.
fn kind(dialect: Dialect, name: &str) -> Kind {
    let is_mysql = dialect == Dialect::MySql;
    match name {
        name if name.contains("INT") || name == "BOOLEAN" => Kind::Number,
        name if name.contains("CHAR") || name.contains("TEXT") || name == "ENUM" => Kind::Text,
        name if is_mysql && (name.contains("BLOB") || name.contains("BINARY")) => Kind::Text,
        _ => Kind::Other,
    }
}

async fn columns(transaction: &mut Transaction, table: &Table) -> sqlx::Result<Vec<String>> {
    let sql = match transaction.dialect() {
        Dialect::Sqlite => "SELECT name FROM pragma_table_info(?) ORDER BY name",
        Dialect::MySql => {
            "SELECT CAST(column_name AS CHAR) FROM information_schema.columns
             WHERE table_schema = database() AND table_name = ? ORDER BY 1"
        }
    };
    let mut columns: Vec<String> = on_connection!(transaction, connection => {
        sqlx::query_scalar(sql).bind(table.name).fetch_all(connection).await?
    });
    columns.retain(|column| !table.without.contains(&column.as_str()));
    columns.sort_unstable();
    Ok(columns)
}

/// A row of a backup.
pub type Row = Vec<Value>;

/// A restore that is under way. Nobody sees anything of it before [`Restoring::commit`].
#[derive(Debug)]
pub struct Restoring {
    transaction: Transaction,
    /// The largest id of users and of articles so far.
    last_ids: [i64; 2],
}

impl Restoring {
    /// Deletes everything that a restore replaces. Returns the names of the pictures that were
    /// there.
    ///
    /// # Errors
    /// Database errors.
    pub async fn empty(&mut self) -> sqlx::Result<Vec<String>> {
        let pictures = picture_names(&mut self.transaction).await?;
        for (place, sql) in
            ["SELECT max(id) FROM users", "SELECT max(id) FROM articles"].into_iter().enumerate()
        {
            let last: Option<i64> = on_connection!(&mut self.transaction, connection => {
                sqlx::query_scalar(sql).fetch_one(connection).await?
            });
            self.last_ids[place] = last.unwrap_or(0);
        }
        let own = match self.transaction.dialect() {
            Dialect::Sqlite => EMPTIED_IN_SQLITE,
            Dialect::MySql => EMPTIED_IN_MYSQL,
        };
        for table in own.iter().chain(EMPTIED) {
            self.empty_table(table).await?;
        }
        self.empty_tables().await?;
        Ok(pictures)
    }

    /// Deletes the rows of all tables that a backup has, but for the ledger.
    ///
    /// # Errors
    /// Database errors.
    pub async fn empty_tables(&mut self) -> sqlx::Result<()> {
        for table in TABLES.iter().rev().filter(|table| !table.is_ledger) {
            // An older version may not have had it.
            if !self.columns(table).await?.is_empty() {
                self.empty_table(table.name).await?;
            }
        }
        Ok(())
    }

    async fn empty_table(&mut self, table: &str) -> sqlx::Result<()> {
        let sql = format!("DELETE FROM {table}");
        on_connection!(&mut self.transaction, connection => {
            sqlx::query(AssertSqlSafe(sql)).execute(connection).await.map(drop)
        })
    }

    /// The columns that a table has here, as [`Snapshot::columns`].
    ///
    /// # Errors
    /// Database errors.
    pub async fn columns(&mut self, table: &Table) -> sqlx::Result<Vec<String>> {
        columns(&mut self.transaction, table).await
    }

    /// Inserts rows. `columns` must be columns of the table, and each row must have as many values.
    ///
    /// # Errors
    /// Database errors.
    pub async fn insert(
        &mut self,
        table: &Table,
        columns: &[String],
        rows: &[Row],
    ) -> sqlx::Result<()> {
        let place = ["users", "articles"].iter().position(|name| *name == table.name);
        let id = columns.iter().position(|column| column == "id");
        if let (Some(place), Some(id)) = (place, id) {
            let ids = rows.iter().filter_map(|row| row.get(id).and_then(Value::as_i64));
            self.last_ids[place] = ids.fold(self.last_ids[place], i64::max);
        }
        let bytes: usize = rows.iter().flatten().filter_map(Value::as_str).map(str::len).sum();
        let at_once = if bytes > BYTES { 1 } else { ROWS };
        for rows in rows.chunks(at_once) {
            // With two texts for each table, its statements are prepared twice and not for every
            // number of rows.
            for rows in if rows.len() == at_once { rows.chunks(at_once) } else { rows.chunks(1) } {
                self.insert_at_once(table, columns, rows).await?;
            }
        }
        Ok(())
    }

    async fn insert_at_once(
        &mut self,
        table: &Table,
        columns: &[String],
        rows: &[Row],
    ) -> sqlx::Result<()> {
        let names = columns.join(", ");
        let row = format!("({})", vec!["?"; columns.len()].join(", "));
        let values = vec![row; rows.len()].join(", ");
        let Table { name, is_ledger, .. } = table;
        // Two ledgers are merged. Only MySQL and MariaDB have one.
        let ignore = if *is_ledger { "IGNORE" } else { "" };
        let sql = format!("INSERT {ignore} INTO {name} ({names}) VALUES {values}");
        on_connection!(&mut self.transaction, connection => {
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for value in rows.iter().flatten() {
                query = match value {
                    Value::Null => query.bind(None::<String>),
                    Value::Bool(flag) => query.bind(i64::from(*flag)),
                    Value::Number(number) => query.bind(number.as_i64()),
                    Value::String(text) => query.bind(text.as_str()),
                    Value::Array(_) | Value::Object(_) => query.bind(value.to_string()),
                };
            }
            query.execute(connection).await.map(drop)?;
        });
        Ok(())
    }

    /// Writes batches of views into the ledger without their views, so that no flush ever adds
    /// them. MySQL and MariaDB only; SQLite has no ledger.
    ///
    /// # Errors
    /// Database errors.
    pub async fn disown(&mut self, batches: &[String], now: Millis) -> sqlx::Result<()> {
        match &mut self.transaction {
            Transaction::Sqlite(_) => {}
            Transaction::MySql(transaction) => {
                let sql = "INSERT IGNORE INTO view_batches (id, applied_at) VALUES (?, ?)";
                for batch in batches {
                    sqlx::query(sql).bind(batch).bind(now).execute(&mut **transaction).await?;
                }
            }
        }
        Ok(())
    }

    /// Ends all sessions, skips the numbers of what was made since the backup, has processes forget
    /// what they remember, and commits. `credential` must be greater than any before and not
    /// guessable by counting.
    ///
    /// # Errors
    /// Database errors.
    pub async fn commit(mut self, credential: i64) -> sqlx::Result<()> {
        let [last_user, last_article] = self.last_ids;
        on_connection!(&mut self.transaction, connection => {
            let sql = "UPDATE users SET credential = ?";
            sqlx::query(sql).bind(credential).execute(&mut *connection).await?;
            // The backup may lack the file of a picture, and then it has no row.
            let sql = "UPDATE users SET avatar = NULL
                 WHERE avatar IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pictures WHERE pictures.name = users.avatar)";
            sqlx::query(sql).execute(&mut *connection).await?;
            // A number that was used once is never given again, even if its row is gone.
            let sql = "INSERT INTO articles (id, slug, title, summary, markdown, html, contents, reading_minutes, language,
                    author_id, status, created_at, updated_at)
                 SELECT ?, '', '', '', '', '', '', 0, '', users.id, 'draft', 0, 0 FROM users LIMIT 1";
            sqlx::query(sql).bind(last_article + SKIPPED).execute(&mut *connection).await?;
            let sql = "DELETE FROM articles WHERE id = ?";
            sqlx::query(sql).bind(last_article + SKIPPED).execute(&mut *connection).await?;
            let sql = "INSERT INTO users (id, username, name, role, created_at) VALUES (?, '', '', 'reader', 0)";
            sqlx::query(sql).bind(last_user + SKIPPED).execute(&mut *connection).await?;
            let sql = "DELETE FROM users WHERE id = ?";
            sqlx::query(sql).bind(last_user + SKIPPED).execute(&mut *connection).await?;
            let sql = "UPDATE search_analysis SET version = 0 WHERE id = 1";
            sqlx::query(sql).execute(&mut *connection).await?;
            let sql = "UPDATE content_version SET version = version + 1, baselines = baselines + 1 WHERE id = 1";
            sqlx::query(sql).execute(&mut *connection).await.map(drop)?;
        });
        self.transaction.commit().await
    }

    /// Commits rows as they are, in a file that is only on the way to the database.
    ///
    /// # Errors
    /// Database errors.
    pub async fn commit_as_is(self) -> sqlx::Result<()> {
        self.transaction.commit().await
    }
}

impl Database {
    /// Begins to read everything as it is now. Writers are not held up.
    ///
    /// # Errors
    /// Database errors.
    pub async fn snapshot(&self) -> sqlx::Result<Snapshot> {
        Ok(Snapshot(match self.any() {
            // SQLite takes the snapshot with the first read.
            AnyDatabase::Sqlite(database) => Transaction::Sqlite(database.reader().begin().await?),
            AnyDatabase::MySql(database) => {
                let begin = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";
                Transaction::MySql(database.reachable()?.begin_with(begin).await?)
            }
        }))
    }

    /// Begins a restore. Others who write wait for it.
    ///
    /// # Errors
    /// Database errors.
    pub async fn begin_restore(&self) -> sqlx::Result<Restoring> {
        let transaction = match self.any() {
            AnyDatabase::Sqlite(database) => Transaction::Sqlite(database.begin().await?),
            AnyDatabase::MySql(database) => {
                // At this level, whoever inserts into an emptied table waits. At the usual one, a
                // flush could put a row where a restored one goes.
                let begin = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION";
                let mut transaction = database.reachable()?.begin_with(begin).await?;
                let lock = "SELECT id FROM article_write_lock FOR UPDATE";
                sqlx::query(lock).execute(&mut *transaction).await?;
                Transaction::MySql(transaction)
            }
        };
        Ok(Restoring { transaction, last_ids: [0; 2] })
    }

    /// Whether there is nothing yet that a restore would replace.
    ///
    /// # Errors
    /// Database errors.
    pub async fn is_untouched(&self) -> sqlx::Result<bool> {
        let sql = "SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM articles) + (SELECT count(*) FROM pictures)
                + (SELECT count(*) FROM site_menu) + (SELECT count(*) FROM site_redirects)";
        let count: i64 =
            super::on_reader!(self, pool => sqlx::query_scalar(sql).fetch_one(pool).await)?;
        Ok(count == 0)
    }

    /// Opens a new SQLite file as the version of Tidemark with migrations up to `schema` made it.
    ///
    /// # Errors
    /// An [`OpenError`].
    pub async fn open_older(url: &str, schema: i64) -> Result<Self, OpenError> {
        let all = MIGRATIONS.sqlite.iter().filter(|migration| migration.version <= schema);
        let migrator = sqlx::migrate::Migrator::with_migrations(all.cloned().collect());
        let file = super::SqliteDatabase::open(url, None, &migrator).await?;
        Ok(AnyDatabase::Sqlite(file).into())
    }
}
