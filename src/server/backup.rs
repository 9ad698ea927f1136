//! Backups: one file with everything that makes the blog, and nothing that says who read what or
//! that opens an account by itself. The same file restores both profiles.
//!
//! A restore replaces the blog in one transaction. What it does about views that Redis still has is
//! in [`restore`].

pub mod archive;
pub mod restore;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tidemark_counting::ViewError;
use tidemark_store::clock::{Clock, Millis};
use tokio::sync::mpsc::{Sender, channel};

use self::archive::{Entry, FORMAT, Header};
use super::db::backup::{TABLES, schema};
use super::db::{Database, OpenError};
use super::pictures::store::PictureStore;

/// How many entries wait to be compressed. A picture may have 10 MiB.
const WAITING: usize = 2;

/// What the names of files begin with that the job makes.
const PREFIX: &str = "tidemark-";

/// What the names of files end with that the job makes.
const SUFFIX: &str = ".tar.gz";

/// Why a backup can't be made or restored, in one line for a person.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The file, or its folder.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The file is no complete backup.
    #[error("{} is not a complete backup of Tidemark: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file is in a format that this program does not know.
    #[error(
        "{} was made by Tidemark {program}, in a newer format than this version ({}) knows. Restore it with that version.",
        path.display(), env!("CARGO_PKG_VERSION")
    )]
    NewFormat {
        /// The file.
        path: PathBuf,
        /// The version of the program that made it.
        program: String,
    },
    /// The backup has tables or columns that this program does not know.
    #[error(
        "The backup was made by Tidemark {program}, whose database is newer (migration {schema}) than that of this version ({}, migration {known}). Restore it with that version.",
        env!("CARGO_PKG_VERSION")
    )]
    NewSchema {
        /// The version of the program that made it.
        program: String,
        /// Its latest migration.
        schema: i64,
        /// This program's latest migration.
        known: i64,
    },
    /// Something would be replaced.
    #[error(
        "There is a blog in this database already. With --force it is replaced, with all articles, users and counts; make a backup of it \
         first."
    )]
    NotEmpty,
    /// Redis has views that the backup knows nothing of.
    #[error(
        "Redis has {0} batches of views that wait for SQL, and it is not a Redis that the backed-up blog has used, so they may be of \
         another blog. Use an empty Redis, or drop these views with --force."
    )]
    StrangeViews(usize),
    /// Rows that can't be written or read.
    #[error("The backup's rows can't be used: {0}")]
    Rows(String),
    /// Nobody waits for it any more.
    #[error("The backup was cancelled before it was complete")]
    GivenUp,
    /// SQL.
    #[error("The database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The file for a backup of an older version.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store of pictures.
    #[error("Pictures failed: {0}")]
    Pictures(#[from] object_store::Error),
    /// Redis.
    #[error(transparent)]
    Views(#[from] ViewError),
}

impl BackupError {
    fn file(path: &Path, error: &std::io::Error) -> Self {
        BackupError::File { path: path.into(), reason: error.to_string() }
    }

    fn damaged(path: &Path, reason: impl std::fmt::Display) -> Self {
        BackupError::Damaged { path: path.into(), reason: reason.to_string() }
    }
}

/// What a backup has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Articles, whatever their status.
    pub articles: u64,
    /// Users.
    pub users: u64,
    /// Pictures whose bytes are in it.
    pub pictures: u64,
    /// Pictures that the database names and the store does not have.
    pub missing: u64,
}

impl std::fmt::Display for Summary {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Summary { articles, users, pictures, missing } = self;
        write!(formatter, "{articles} articles, {users} users and {pictures} pictures")?;
        match missing {
            0 => Ok(()),
            missing => write!(formatter, " ({missing} more pictures have no file)"),
        }
    }
}

/// Writes everything to the file `path`, and reads it back. Views must have been flushed before:
/// the backup has the counts of SQL.
///
/// # Errors
/// [`BackupError`]; a file that was at `path` is still there.
pub async fn back_up(
    database: &Database,
    pictures: &PictureStore,
    clock: &Clock,
    path: &Path,
) -> Result<Summary, BackupError> {
    let header = Header {
        format: FORMAT,
        program: env!("CARGO_PKG_VERSION").into(),
        schema: schema(),
        made_at: Timestamp::from_millisecond(clock.now().0).unwrap_or_default().to_string(),
    };
    let (sender, entries) = channel(WAITING);
    let path = path.to_owned();
    let writing = tokio::task::spawn_blocking(move || archive::write(&path, &header, entries));
    let collected = collect(database, pictures, &sender).await;
    if collected.is_ok() {
        let _ = sender.send(None).await;
    }
    drop(sender);
    let written = writing.await.unwrap_or(Err(BackupError::GivenUp));
    // If writing failed, collecting failed because of it.
    match (collected, written) {
        (collected, Ok(()) | Err(BackupError::GivenUp)) => collected,
        (_, Err(error)) => Err(error),
    }
}

async fn collect(
    database: &Database,
    pictures: &PictureStore,
    sender: &Sender<Option<Entry>>,
) -> Result<Summary, BackupError> {
    let mut summary = Summary::default();
    let mut snapshot = database.snapshot().await?;
    for table in TABLES {
        let columns = snapshot.columns(table).await?;
        if columns.is_empty() {
            continue;
        }
        let head = format!("{}\n", serde_json::json!(columns));
        let (parts, made) = channel::<String>(1);
        let send = async {
            // Dropped at the end, so that the other future ends too.
            let mut made = made;
            let mut number = 0;
            while let Some(part) = made.recv().await {
                number += 1;
                let name = format!("tables/{}.{number}.jsonl", table.name);
                let bytes = [head.as_bytes(), part.as_bytes()].concat();
                if sender.send(Some(Entry { name, bytes })).await.is_err() {
                    break;
                }
            }
        };
        let read = async {
            let parts = parts;
            snapshot.read(table, &columns, &parts).await
        };
        let (count, ()) = tokio::join!(read, send);
        match table.name {
            "articles" => summary.articles = count?,
            "users" => summary.users = count?,
            _ => _ = count?,
        }
    }
    let names = snapshot.picture_names().await?;
    // Pictures may take long, and SQL keeps old rows for as long as a snapshot is open.
    drop(snapshot);
    for name in names {
        // One that was deleted since the snapshot is missing.
        let Some(bytes) = pictures.bytes(&name).await? else {
            summary.missing += 1;
            continue;
        };
        summary.pictures += 1;
        let entry = Entry { name: format!("pictures/{name}"), bytes };
        if sender.send(Some(entry)).await.is_err() {
            return Err(BackupError::GivenUp);
        }
    }
    Ok(summary)
}

/// The name of the file that the job makes at `now`.
pub fn file_name(now: Millis) -> String {
    let now = Timestamp::from_millisecond(now.0).unwrap_or_default();
    format!("{PREFIX}{}{SUFFIX}", now.strftime("%Y-%m-%d-%H%M%S"))
}

/// Deletes the oldest files in `folder` that the job has made, but for the newest `keep`. Returns
/// how many were deleted. Other files are left alone.
///
/// # Errors
/// [`BackupError::File`]
pub fn delete_old(folder: &Path, keep: usize) -> Result<usize, BackupError> {
    let wrong = |error: std::io::Error| BackupError::file(folder, &error);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(wrong)? {
        names.extend(entry.map_err(wrong)?.file_name().into_string());
    }
    names.retain(|name| name.starts_with(PREFIX));
    let (mut names, mut partial): (Vec<String>, Vec<String>) =
        names.into_iter().partition(|name| name.ends_with(SUFFIX));
    // They are named by their time.
    names.sort_unstable();
    let (old, kept) = names.split_at(names.len().saturating_sub(keep));
    // What is older than that and not complete is of a process that died.
    partial
        .retain(|name| name.ends_with(".partial") && kept.first().is_some_and(|kept| name < kept));
    for name in old.iter().chain(&partial) {
        match std::fs::remove_file(folder.join(name)) {
            // Another process deletes too.
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(wrong(error)),
            _ => {}
        }
    }
    Ok(old.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_backups_are_deleted_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let day = 24 * 60 * 60 * 1000;
        let names: Vec<String> = (0..5).map(|number| file_name(Millis(number * day))).collect();
        let died = format!("{}.7.partial", names[1]);
        for name in
            names.iter().chain([&died]).map(String::as_str).chain(["mine.tar.gz", "tidemark.db"])
        {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        assert_eq!(names[1], "tidemark-1970-01-02-000000.tar.gz");
        assert_eq!(delete_old(folder.path(), 2).unwrap(), 3);
        assert_eq!(delete_old(folder.path(), 2).unwrap(), 0);
        let mut left: Vec<String> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort_unstable();
        assert_eq!(left, ["mine.tar.gz", names[3].as_str(), names[4].as_str(), "tidemark.db"]);
    }
}
