//! Puts the content of a backup in place of what is there.
//!
//! Counts are restored with the ledger, which says which batches of views are in them. So a batch
//! that Redis or Kafka still has is added if the backup does not have it, and never twice (rule
//! C5). That holds for a Redis that the backed-up blog has used. If another one has views waiting,
//! the restore refuses, or with `force` writes their batches into the ledger without their views,
//! in the transaction that replaces the counts.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use tidemark_counting::flush::Flusher;
use tidemark_counting::store::redis::RedisStore;
use tidemark_store::clock::Clock;
use tokio::sync::mpsc::channel;

use super::archive::{self, Entry, Header};
use super::{BackupError, Summary};
use crate::server::content::{rerender, search_index};
use crate::server::db::Database;
use crate::server::db::backup::{
    IMPORTED_PICTURES, PICTURES, Restoring, Row, TABLES, Table, schema,
};
use crate::server::pictures::store::PictureStore;
use crate::server::stores::Stores;

/// How many entries are read ahead.
const WAITING: usize = 2;

/// What a restore did.
#[derive(Clone, Debug)]
pub struct Restored {
    /// What the backup says of itself.
    pub header: Header,
    /// What it had.
    pub summary: Summary,
    /// Batches of views that were dropped, because they may be of another blog.
    pub dropped: usize,
}

/// What is in a backup, as far as it has to be known before anything is restored.
#[derive(Debug, Default)]
struct Contents {
    summary: Summary,
    pictures: HashSet<String>,
    /// The names of every Redis that its views came from.
    origins: HashSet<String>,
}

/// Restores the backup at `path` into the database and the store of pictures. With `force`, what is
/// there is replaced. Servers may run meanwhile; they show the restored blog within a second.
///
/// # Errors
/// [`BackupError`]. Then the database is as before. Pictures may have been added, which no article
/// shows.
pub async fn restore(
    stores: &Stores,
    clock: &Clock,
    path: &Path,
    force: bool,
) -> Result<Restored, BackupError> {
    let Stores { database, pictures, redis, author_counts, .. } = stores;
    let file = path.to_owned();
    let (header, contents) = blocking(move || look(&file)).await?;
    if header.schema > schema() {
        let Header { program, schema: newer, .. } = header;
        return Err(BackupError::NewSchema { program, schema: newer, known: schema() });
    }
    if !force && !database.is_untouched().await? {
        return Err(BackupError::NotEmpty);
    }
    let strange = match redis {
        Some(redis) => strange_batches(redis, clock, &contents.origins).await?,
        None => Vec::new(),
    };
    if !force && !strange.is_empty() {
        return Err(BackupError::StrangeViews(strange.len()));
    }
    restore_pictures(pictures, path).await?;
    let before = match header.schema == schema() {
        true => restore_rows(database, path, &contents, &strange, clock).await?,
        false => restore_older_rows(database, path, &header, &contents, &strange, clock).await?,
    };
    for name in before.into_iter().filter(|name| !contents.pictures.contains(name)) {
        if let Err(error) = pictures.delete(&name).await {
            tracing::warn!(error = %error, picture = name, "the file of a picture that was replaced could not be deleted");
        }
    }
    author_counts.articles_changed().await;
    search_index::index_older(database).await?;
    rerender::rerender(database).await?;
    Ok(Restored { header, summary: contents.summary, dropped: strange.len() })
}

/// Runs `work` on a thread of its own.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(BackupError::GivenUp))
}

/// Reads a whole backup, and checks that it is complete and that every entry can be restored.
fn look(path: &Path) -> Result<(Header, Contents), BackupError> {
    let mut contents = Contents::default();
    let mut named = 0;
    let header = archive::read(path, |entry| {
        match &place(&entry)? {
            Place::Picture(name) => _ = contents.pictures.insert(name.clone()),
            Place::Table(table) => {
                let part = Part::of(table, &entry)?;
                let rows = part.rows.len() as u64;
                match table.name {
                    "articles" => contents.summary.articles += rows,
                    "users" => contents.summary.users += rows,
                    PICTURES => named += rows,
                    "view_origins" => contents.origins.extend(part.texts("id")),
                    _ => {}
                }
            }
        }
        Ok(())
    })?;
    contents.summary.pictures = contents.pictures.len() as u64;
    contents.summary.missing = named.saturating_sub(contents.summary.pictures);
    Ok((header, contents))
}

/// Where an entry goes.
enum Place {
    Table(&'static Table),
    Picture(String),
}

fn place(entry: &Entry) -> Result<Place, BackupError> {
    let unknown = || BackupError::Rows(format!("{} is no part of a backup", entry.name));
    if let Some(name) = entry.name.strip_prefix("pictures/") {
        let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let is_name = !name.is_empty() && !name.starts_with('.') && name.bytes().all(is_fine);
        return is_name.then(|| Place::Picture(name.to_owned())).ok_or_else(unknown);
    }
    let name = entry.name.strip_prefix("tables/").and_then(|name| name.split('.').next());
    let table = TABLES.iter().find(|table| Some(table.name) == name);
    table.map(Place::Table).ok_or_else(unknown)
}

/// A part of a table.
#[derive(Debug)]
struct Part {
    columns: Vec<String>,
    rows: Vec<Row>,
}

impl Part {
    fn of(table: &Table, entry: &Entry) -> Result<Self, BackupError> {
        let wrong = |reason: String| BackupError::Rows(format!("{}: {reason}", table.name));
        let text = str::from_utf8(&entry.bytes).map_err(|error| wrong(error.to_string()))?;
        let mut lines = text.lines();
        let columns = serde_json::from_str(lines.next().unwrap_or_default());
        let columns: Vec<String> = columns.map_err(|error| wrong(error.to_string()))?;
        let mut rows = Vec::new();
        for line in lines {
            let row: Row = serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
            if row.len() != columns.len() {
                return Err(wrong(
                    "a row has another number of values than there are columns".into(),
                ));
            }
            rows.push(row);
        }
        Ok(Self { columns, rows })
    }

    /// The texts in a column.
    fn texts<'a>(&'a self, column: &str) -> impl Iterator<Item = String> + use<'a> {
        let place = self.columns.iter().position(|name| name == column);
        let value = move |row: &'a Row| row.get(place?)?.as_str().map(str::to_owned);
        self.rows.iter().filter_map(value)
    }

    /// Leaves out the rows whose picture is not in the backup: a row never lacks its bytes.
    fn without_missing(mut self, table: &Table, pictures: &HashSet<String>) -> Self {
        let place = self.columns.iter().position(|name| name == "name");
        if let (PICTURES | IMPORTED_PICTURES, Some(place)) = (table.name, place) {
            self.rows.retain(|row| row[place].as_str().is_some_and(|name| pictures.contains(name)));
        }
        self
    }
}

/// The batches that wait in a Redis that is in none of the backup's views. Empty if the backed-up
/// blog has used this Redis, because then the ledger tells what to do with them.
async fn strange_batches(
    redis: &RedisStore,
    clock: &Clock,
    origins: &HashSet<String>,
) -> Result<Vec<String>, BackupError> {
    if redis.origin().await?.is_some_and(|origin| origins.contains(&origin)) {
        return Ok(Vec::new());
    }
    let batches = Flusher::new(redis.clone(), clock.clone()).seal().await?;
    Ok(batches.into_iter().map(|batch| batch.id).collect())
}

/// Sends the entries of a backup that `is_wanted` through a channel to `each`.
async fn entries(
    path: &Path,
    is_wanted: impl Fn(&Place) -> bool + Send + 'static,
    mut each: impl AsyncFnMut(Place, Entry) -> Result<(), BackupError>,
) -> Result<(), BackupError> {
    let (sender, mut receiver) = channel(WAITING);
    let path = path.to_owned();
    let reading = blocking(move || {
        archive::read(&path, |entry| {
            let place = place(&entry)?;
            match is_wanted(&place) {
                true => sender.blocking_send((place, entry)).map_err(|_| BackupError::GivenUp),
                false => Ok(()),
            }
        })
    });
    let taking = async move {
        while let Some((place, entry)) = receiver.recv().await {
            each(place, entry).await?;
        }
        Ok(())
    };
    let (read, taken) = tokio::join!(reading, taking);
    // If taking failed, reading failed because of it.
    taken.and(read.map(drop))
}

async fn restore_pictures(store: &PictureStore, path: &Path) -> Result<(), BackupError> {
    let is_picture = |place: &Place| matches!(place, Place::Picture(_));
    entries(path, is_picture, async |place, entry| match place {
        Place::Picture(name) => Ok(store.put(&name, entry.bytes).await?),
        Place::Table(_) => Ok(()),
    })
    .await
}

/// Which tables a run of [`fill`] takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    All,
    /// Those that SQLite has too.
    Shared,
    Ledger,
}

/// Inserts the rows of a backup. A table or column that this kind of database does not have is left
/// out if it belongs to the ledger; any other is an error.
async fn fill(
    restoring: &mut Restoring,
    path: &Path,
    contents: &Contents,
    taken: Taken,
) -> Result<(), BackupError> {
    let is_wanted = move |place: &Place| match place {
        Place::Picture(_) => false,
        Place::Table(table) => match taken {
            Taken::All => true,
            Taken::Shared => !table.is_ledger,
            Taken::Ledger => table.is_ledger,
        },
    };
    let mut known = BTreeMap::<&str, BTreeSet<String>>::new();
    entries(path, is_wanted, async |place, entry| {
        let Place::Table(table) = place else { return Ok(()) };
        if !known.contains_key(table.name) {
            known.insert(table.name, restoring.columns(table).await?.into_iter().collect());
        }
        let columns = &known[table.name];
        if table.is_ledger && columns.is_empty() {
            return Ok(());
        }
        let part = Part::of(table, &entry)?.without_missing(table, &contents.pictures);
        // Only names that the database itself has told become part of a statement.
        if let Some(column) = part.columns.iter().find(|column| !columns.contains(*column)) {
            return Err(BackupError::Rows(format!("{} has no column {column:?}", table.name)));
        }
        Ok(restoring.insert(table, &part.columns, &part.rows).await?)
    })
    .await
}

/// A credential that no session has: greater than any that grew with changes of passwords, and
/// another one with each restore.
fn fresh_credential() -> i64 {
    (1 << 32) + i64::from(rand::random::<u32>())
}

/// Replaces all rows with those of a backup. Returns the names of the pictures that were there.
async fn restore_rows(
    database: &Database,
    path: &Path,
    contents: &Contents,
    strange: &[String],
    clock: &Clock,
) -> Result<Vec<String>, BackupError> {
    let mut restoring = database.begin_restore().await?;
    restoring.disown(strange, clock.now()).await?;
    let before = restoring.empty().await?;
    fill(&mut restoring, path, contents, Taken::All).await?;
    restoring.commit(fresh_credential()).await?;
    Ok(before)
}

/// As [`restore_rows`], for a backup of an older version. Its rows go into a file as that version
/// had it, which is then migrated like any database, and from there into the database.
async fn restore_older_rows(
    database: &Database,
    path: &Path,
    header: &Header,
    contents: &Contents,
    strange: &[String],
    clock: &Clock,
) -> Result<Vec<String>, BackupError> {
    let folder = tempfile::tempdir().map_err(|error| BackupError::file(path, &error))?;
    let url = format!("sqlite:{}", folder.path().join("older.db").display());
    let older = Database::open_older(&url, header.schema).await?;
    let mut restoring = older.begin_restore().await?;
    restoring.empty_tables().await?;
    fill(&mut restoring, path, contents, Taken::Shared).await?;
    restoring.commit_as_is().await?;
    older.close().await;

    let migrated = Database::open(&url).await?;
    let mut restoring = database.begin_restore().await?;
    restoring.disown(strange, clock.now()).await?;
    let before = restoring.empty().await?;
    let mut snapshot = migrated.snapshot().await?;
    for table in TABLES.iter().filter(|table| !table.is_ledger) {
        let columns = snapshot.columns(table).await?;
        let head = serde_json::json!(columns).to_string();
        let (parts, mut made) = channel::<String>(1);
        let read = async {
            let parts = parts;
            snapshot.read(table, &columns, &parts).await.map_err(BackupError::from)
        };
        let insert = async {
            while let Some(rows) = made.recv().await {
                let bytes = format!("{head}\n{rows}").into_bytes();
                let part = Part::of(table, &Entry { name: table.name.into(), bytes })?;
                restoring.insert(table, &part.columns, &part.rows).await?;
            }
            Ok::<_, BackupError>(())
        };
        tokio::try_join!(read, insert)?;
    }
    fill(&mut restoring, path, contents, Taken::Ledger).await?;
    restoring.commit(fresh_credential()).await?;
    drop(snapshot);
    migrated.close().await;
    Ok(before)
}
