//! Uploads that administrators import: first rehearsed, then imported once somebody has read the
//! report. The work runs in the background, one upload at a time.
//!
//! SQL has the state of an upload ([`uploads`](super::db::uploads)); its files are in a folder of
//! the server that took it. Every server polls SQL, and the one that has the files does the work.
//! It reports its progress every second. When it is silent for too long, the upload is interrupted,
//! and somebody may resume it: whatever came in is recognised, so nothing is imported twice.

pub mod report;
mod source;
mod unpack;

use std::collections::HashSet;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, UNIX_EPOCH};

use futures_util::future::BoxFuture;
use tidemark_counting::UserId;
use tidemark_store::clock::{Clock, Millis};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use self::report::{KeptReport, LONGEST_REMARK, cut};
use self::source::{open, safe_name};
use self::unpack::Bounds;
use super::author_counts::AuthorCounts;
use super::config;
use super::content::import::{
    Advice, Fetched, Fetcher, Import, ImportError, Options, Report, is_public,
};
use super::db::Database;
use super::db::uploads::{Ended, NewUpload, State, Upload};
use super::db::users::User;
use super::pictures::Pictures;
use crate::error::Error;
use crate::message::Message;

/// How often a server looks whether there is something to do.
const INTERVAL: Duration = Duration::from_secs(2);

/// How often a server says how far it is.
const PROGRESS: Duration = Duration::from_secs(1);

/// How long a server may be silent before it counts as stopped, in milliseconds.
const LONGEST_SILENCE: i64 = 60_000;

/// How long an upload is kept that nobody works on or confirms, in milliseconds.
const LASTS: i64 = 24 * 60 * 60 * 1000;

/// Maximum number of entries in a zip file, and of files in a folder.
const MOST_ENTRIES: usize = 200_000;

/// The unpacked files of an upload may take up this many times its maximum size.
const MOST_GROWTH: u64 = 4;

/// Imports uploads. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Importing {
    database: Database,
    pictures: Pictures,
    author_counts: AuthorCounts,
    clock: Clock,
    folder: PathBuf,
    most: u64,
    timeout: Duration,
    /// One upload at a time arrives, because each may fill much of a disk.
    turn: Arc<Semaphore>,
    /// The name of the folder that is being filled.
    arriving: Arc<Mutex<Option<String>>>,
    /// The names of the folders that this process has taken and not deleted.
    taken: Arc<Mutex<HashSet<String>>>,
    wanted: Arc<Notify>,
}

/// Why an upload is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// Another one has to be finished or cancelled before.
    Busy,
    /// It is larger than so many MiB.
    TooLarge(u64),
    /// There is no room, or the folder can't be written.
    Store(String),
}

impl NotTaken {
    /// Why, for the person who sent it.
    pub fn message(&self) -> Message {
        match self {
            NotTaken::Busy => Message::text("import-busy"),
            NotTaken::TooLarge(most) => Message::text("import-too-large")
                .with("count", i64::try_from(*most).unwrap_or(i64::MAX)),
            NotTaken::Store(error) => {
                Message::text("import-not-stored").with("error", error.clone())
            }
        }
    }
}

impl fmt::Display for NotTaken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message().fmt(formatter)
    }
}

impl std::error::Error for NotTaken {}

/// A place for an upload that arrives. Whatever is in it is deleted unless it is taken.
#[derive(Debug)]
pub struct Arrival {
    name: String,
    folder: PathBuf,
    path: PathBuf,
    most: u64,
    is_taken: bool,
    arriving: Arc<Mutex<Option<String>>>,
    _turn: OwnedSemaphorePermit,
}

impl Arrival {
    /// Where the file goes.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The largest size it may have, in bytes.
    pub fn most(&self) -> u64 {
        self.most
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        *self.arriving.lock().unwrap_or_else(PoisonError::into_inner) = None;
        if !self.is_taken {
            delete(&self.folder);
        }
    }
}

/// Deletes a folder. What can't be deleted is tried again later.
fn delete(folder: &Path) {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            let folder = folder.display();
            tracing::warn!(error = %error, %folder, "the files of an upload could not be deleted");
        }
        _ => {}
    }
}

impl Importing {
    /// Imports into `database`, which is that of commands: an import may wait longer than a
    /// request.
    pub fn new(
        database: Database,
        pictures: Pictures,
        author_counts: AuthorCounts,
        clock: Clock,
        settings: &config::Import,
    ) -> Self {
        Self {
            database,
            pictures,
            author_counts,
            clock,
            folder: settings.folder.clone(),
            most: settings.most(),
            timeout: settings.timeout,
            turn: Arc::new(Semaphore::new(1)),
            arriving: Arc::default(),
            taken: Arc::default(),
            wanted: Arc::default(),
        }
    }

    /// The largest size that an upload may have, in bytes.
    pub fn most(&self) -> u64 {
        self.most
    }

    /// Prepares for an upload of a file with this name.
    ///
    /// # Errors
    /// [`NotTaken`], or a database error.
    pub async fn begin(&self, name: &str) -> Result<Result<Arrival, NotTaken>, Error> {
        let Ok(turn) = self.turn.clone().try_acquire_owned() else {
            return Ok(Err(NotTaken::Busy));
        };
        if self.database.upload().await?.is_some_and(|upload| upload.is_open()) {
            return Ok(Err(NotTaken::Busy));
        }
        let folder_name = format!("{:032x}", rand::random::<u128>());
        let folder = self.folder.join(&folder_name);
        let source = folder.join("source");
        *self.arriving.lock().unwrap_or_else(PoisonError::into_inner) = Some(folder_name.clone());
        let arrival = Arrival {
            path: source.join(safe_name(name)),
            name: folder_name,
            folder,
            most: self.most,
            is_taken: false,
            arriving: self.arriving.clone(),
            _turn: turn,
        };
        Ok(match fs::create_dir_all(&source).and_then(|()| only_for_owner(&arrival.folder)) {
            Ok(()) => Ok(arrival),
            Err(error) => Err(NotTaken::Store(error.to_string())),
        })
    }

    /// Takes an upload that has arrived, and lets it be rehearsed.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] and [`Error::Forbidden`] if the administrator was signed out or
    /// demoted in the meantime; database errors.
    pub async fn take(
        &self,
        admin: &User,
        mut arrival: Arrival,
        bytes: u64,
        (overwrites, fetches): (bool, bool),
    ) -> Result<Result<(), NotTaken>, Error> {
        let name = arrival.path.file_name().map(|name| name.to_string_lossy().into_owned());
        let new = NewUpload {
            folder: arrival.name.clone(),
            name: name.unwrap_or_default(),
            bytes: i64::try_from(bytes).unwrap_or(i64::MAX),
            overwrites,
            fetches,
        };
        let now = self.clock.now();
        if !self.database.add_upload(admin.actor(), &new, now).await? {
            return Ok(Err(NotTaken::Busy));
        }
        arrival.is_taken = true;
        // Once there is a row, so that nobody takes it for one that was cancelled.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).insert(new.folder);
        drop(arrival);
        self.wanted.notify_one();
        Ok(Ok(()))
    }

    /// The upload, if there is one.
    ///
    /// # Errors
    /// Database errors.
    pub async fn upload(&self) -> Result<Option<Upload>, Error> {
        Ok(self.database.upload().await?)
    }

    /// Lets an upload be imported, or go on. Returns false if it is in no state for that.
    ///
    /// # Errors
    /// As for [`Importing::take`].
    pub async fn start(&self, admin: &User, folder: &str) -> Result<bool, Error> {
        let now = self.clock.now();
        let is_started = self.database.start_upload(admin.actor(), folder, now).await?;
        self.wanted.notify_one();
        Ok(is_started)
    }

    /// Forgets an upload. If it is being imported, what came in stays. Returns false if there is no
    /// such upload.
    ///
    /// # Errors
    /// As for [`Importing::take`].
    pub async fn cancel(&self, admin: &User, folder: &str) -> Result<bool, Error> {
        let is_deleted = self.database.discard_upload(admin.actor(), folder).await?;
        self.wanted.notify_one();
        Ok(is_deleted)
    }

    /// Does what there is to do until `stop` is cancelled.
    pub async fn run_until_stopped(self, stop: CancellationToken) {
        loop {
            if !self.database.outage().is_now()
                && let Err(error) = self.step(&stop).await
            {
                tracing::warn!(error = %error, "it could not be checked whether there is something to import");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.wanted.notified() => {}
                () = tokio::time::sleep(INTERVAL) => {}
            }
        }
    }

    /// Looks once whether there is something to do, and does it.
    ///
    /// # Errors
    /// Database errors. What was begun is interrupted.
    async fn step(&self, stop: &CancellationToken) -> sqlx::Result<()> {
        let now = self.clock.now();
        // Cloned before the row is read, so that an upload taken in between is not deleted.
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let upload = self.database.upload().await?;
        let folder = upload.as_ref().map(|upload| upload.folder.clone());
        let (own, known) = (self.clone(), folder.clone());
        let leftovers = move || own.delete_leftovers(known.as_deref(), &taken);
        let _ = tokio::task::spawn_blocking(leftovers).await;
        let (Some(upload), Some(folder)) = (upload, folder) else { return Ok(()) };
        let is_here = self.folder.join(&folder).is_dir();
        match upload.state {
            State::Waiting if is_here => {
                if self.database.claim_upload(&folder, upload.run, now).await? {
                    let run = upload.run + 1;
                    self.work(Upload { run, ..upload }, stop).await?;
                }
            }
            State::Waiting | State::Running if upload.changed_at < now - LONGEST_SILENCE => {
                let ended = interrupted();
                self.database.end_upload(&folder, upload.run, &ended, now).await?;
            }
            State::Waiting | State::Running => {}
            State::Done | State::Failed | State::Interrupted => {
                if upload.changed_at < now - LASTS {
                    self.database.forget_upload(&folder, now - LASTS).await?;
                }
                // Nobody needs the files any more.
                let is_over = upload.state == State::Failed
                    || (upload.state == State::Done && upload.is_confirmed);
                if is_over && is_here {
                    let folder = self.folder.join(folder);
                    let _ = tokio::task::spawn_blocking(move || delete(&folder)).await;
                }
            }
        }
        Ok(())
    }

    /// Deletes what no upload needs any more: at once what this process has taken, and other
    /// folders after a day. The place may be shared with other servers, and a file may be arriving
    /// at one.
    fn delete_leftovers(&self, known: Option<&str>, taken: &HashSet<String>) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let now = self.clock.now();
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_ours = name.len() == 32 && name.bytes().all(|one| one.is_ascii_hexdigit());
            if !is_ours || known == Some(&name) || self.is_arriving(&name) {
                continue;
            }
            let changed = entry.metadata().and_then(|metadata| metadata.modified());
            let changed = changed.ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
            let age = changed
                .map_or(0, |at| now - Millis(i64::try_from(at.as_millis()).unwrap_or(i64::MAX)));
            if taken.contains(&name) || age > LASTS {
                delete(&entry.path());
                self.taken.lock().unwrap_or_else(PoisonError::into_inner).remove(&name);
            }
        }
    }

    fn is_arriving(&self, name: &str) -> bool {
        let arriving = self.arriving.lock().unwrap_or_else(PoisonError::into_inner);
        arriving.as_deref() == Some(name)
    }

    /// Rehearses or imports an upload, and writes down what became of it.
    async fn work(&self, upload: Upload, stop: &CancellationToken) -> sqlx::Result<()> {
        let progress = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let unwanted = stop.child_token();
        let began = Instant::now();
        // On a thread of its own, because files are read and texts converted between its waits.
        let mut working = {
            let (own, upload) = (self.clone(), upload.clone());
            let (progress, unwanted) = (progress.clone(), unwanted.clone());
            let runtime = tokio::runtime::Handle::current();
            tokio::task::spawn_blocking(move || {
                let is_late = || began.elapsed() >= own.timeout;
                let is_stopped = || unwanted.is_cancelled() || is_late();
                let work = own.import(&upload, &progress, &is_stopped);
                let work = tokio::time::timeout(own.timeout, work);
                match runtime.block_on(unwanted.run_until_cancelled(work)) {
                    // What stopped between two waits has failed for that reason.
                    Some(Ok(Err(_))) if unwanted.is_cancelled() => Worked::Unwanted,
                    Some(Ok(Err(_))) if is_late() => Worked::TookTooLong,
                    Some(Ok(Err(problem))) => Worked::Failed(problem),
                    Some(Ok(Ok(report))) => Worked::Done(report),
                    Some(Err(_)) => Worked::TookTooLong,
                    None => Worked::Unwanted,
                }
            })
        };
        let Upload { folder, run, .. } = &upload;
        let mut steps = tokio::time::interval(PROGRESS);
        let worked = loop {
            tokio::select! {
                worked = &mut working => break worked,
                _ = steps.tick() => {
                    let [done, total] = progress.each_ref().map(|number| {
                        i64::try_from(number.load(Ordering::Relaxed)).unwrap_or(i64::MAX)
                    });
                    let now = self.clock.now();
                    let noted = self.database.note_upload(folder, *run, (done, total), now).await;
                    // A database that is away stops the import by itself.
                    if let Ok(false) = noted {
                        unwanted.cancel();
                    }
                }
            }
        };
        self.author_counts.articles_changed().await;
        let failed = |problem: String| Ended {
            state: State::Failed,
            report: None,
            problem: Some(cut(&problem, LONGEST_REMARK)),
        };
        let ended = match worked {
            Ok(Worked::Done(report)) => Ended {
                state: State::Done,
                report: serde_json::to_string(&KeptReport::of(&report, &upload.name)).ok(),
                problem: None,
            },
            Ok(Worked::Failed(Problem { text, may_go_on: true })) => {
                Ended { state: State::Interrupted, ..failed(text) }
            }
            Ok(Worked::Failed(Problem { text, .. })) => failed(text),
            Ok(Worked::TookTooLong) => failed(format!(
                "It took longer than {:#}. What came in stays. For the rest, use “tidemark import” \
                 on the server, or set import.timeout.",
                jiff::SignedDuration::try_from(self.timeout).unwrap_or_default()
            )),
            Ok(Worked::Unwanted) => interrupted(),
            Err(error) => {
                tracing::error!(error = %error, "an upload could not be imported");
                failed("Something in it can't be processed. This is a bug in Tidemark.".into())
            }
        };
        let now = self.clock.now();
        if !self.database.end_upload(folder, *run, &ended, now).await? {
            // Somebody has cancelled it.
            let is_gone = self.database.upload().await?.is_none_or(|one| one.folder != *folder);
            let path = self.folder.join(folder);
            if is_gone {
                let _ = tokio::task::spawn_blocking(move || delete(&path)).await;
            }
        }
        self.wanted.notify_one();
        Ok(())
    }

    /// # Errors
    /// Why nothing, or not all, could be imported.
    async fn import(
        &self,
        upload: &Upload,
        progress: &[AtomicUsize; 2],
        is_stopped: &(dyn Fn() -> bool + Sync),
    ) -> Result<Report, Problem> {
        let folder = self.folder.join(&upload.folder);
        let path = folder.join("source").join(&upload.name);
        let bytes = self.most.saturating_mul(MOST_GROWTH);
        let bounds = Bounds { entries: MOST_ENTRIES, bytes };
        let (source, left) = open(&folder, &path, bounds, is_stopped)?;
        let is_dry_run = !upload.is_confirmed;
        let fetcher = match upload.fetches {
            true => {
                let fetched = Fetched::new(folder.join("fetched"), bytes);
                let fetched = fetched.map_err(|error| {
                    Problem::from(format!("Pictures can't be fetched: {error}."))
                })?;
                let fetcher = Fetcher::new(is_public, Some(fetched));
                Some(fetcher.map_err(|error| Problem::from(error.to_string()))?)
            }
            false => None,
        };
        let keep = |owner: UserId, name: String, bytes: Vec<u8>| -> BoxFuture<'_, _> {
            Box::pin(self.pictures.keep_import(is_dry_run, owner, name, bytes))
        };
        let report_progress = |done: usize, total: usize| {
            progress[0].store(done, Ordering::Relaxed);
            progress[1].store(total, Ordering::Relaxed);
        };
        let options = Options {
            is_dry_run,
            overwrite: upload.overwrites,
            is_whole: true,
            advice: Advice::Page,
            ..Options::default()
        };
        let import = Import {
            options,
            keep_picture: Some(&keep),
            fetcher: fetcher.as_ref(),
            progress: &report_progress,
            is_stopped,
            // Readers need the other half of the cores.
            threads: std::thread::available_parallelism().map_or(1, usize::from) / 2,
            ..Import::new(&self.database, &self.clock)
        };
        let mut report = import.source(&source).await.map_err(|error| {
            // The paths of this server are nobody's business.
            let text = error.to_string().replace(&format!("{}/", source.display()), "");
            Problem {
                text: format!("{}.", text.replace(&source.display().to_string(), &upload.name)),
                may_go_on: matches!(error, ImportError::Database(_) | ImportError::Pictures(_)),
            }
        })?;
        report.entries.splice(0..0, left);
        Ok(report)
    }
}

/// What became of the work on an upload.
enum Worked {
    Done(Report),
    Failed(Problem),
    TookTooLong,
    /// It was cancelled, or the server stops.
    Unwanted,
}

/// Why an upload could not be imported.
#[derive(Debug)]
struct Problem {
    /// In a sentence or two.
    text: String,
    /// Whether it may work later.
    may_go_on: bool,
}

impl From<String> for Problem {
    fn from(text: String) -> Self {
        Self { text, may_go_on: false }
    }
}

fn interrupted() -> Ended {
    Ended { state: State::Interrupted, report: None, problem: None }
}

/// Lets only the user who runs the program look into a folder: drafts may be in it.
fn only_for_owner(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        Ok(())
    }
}
