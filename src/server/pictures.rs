//! Pictures of authors: upload, store, make smaller copies, serve, delete.
//!
//! A picture's name is unguessable, and whoever knows it may see the picture. So the pictures of a
//! draft are as secret as their addresses. The bytes are in a [`PictureStore`], the metadata in
//! SQL. A picture exists once SQL has it. The bytes are written before the row and deleted after
//! it, so a crash in between leaves at most bytes that nobody can see.
//!
//! Copies are made in the background ([`copies`]). Pages name their addresses at once: until there
//! is a copy, its address answers with the picture itself.

pub mod avatars;
pub mod copies;
pub mod store;
pub mod uploads;

use std::fmt;
use std::sync::Arc;

use axum::body::Body;
use tidemark_content::pictures::Kind;
use tidemark_content::pictures::check::{
    Checked, LONGEST_SIDE, MOST_PIXELS, MOST_PIXELS_OF_ANIMATION, Refusal, check_until,
};
use tidemark_content::pictures::name::{self, FOLDER, Size};
use tidemark_counting::UserId;
use tidemark_store::clock::Clock;
use tokio::sync::Notify;

use self::store::PictureStore;
use self::uploads::Uploads;
use super::db::Database;
use super::db::actor::Role;
use super::db::pictures::Picture;
use super::db::users::User;
use super::work::Work;
use crate::error::Error;
use crate::message::Message;

/// How many pictures are checked at once. Each takes a core and much memory for a moment, and pages
/// need those too.
const AT_A_TIME: usize = 1;

/// How many more uploads may queue before new ones are refused.
const IN_LINE: usize = 8;

/// Maximum length of a stored file name, in characters.
const LONGEST_NAME: usize = 200;

/// The picture service.
#[derive(Clone, Debug)]
pub struct Pictures {
    database: Database,
    store: PictureStore,
    clock: Clock,
    quota: Quota,
    uploads: Uploads,
    work: Work,
    /// Makes avatars, apart from `work`, so that authors don't wait for readers.
    avatars: Work,
    /// Makes copies, apart from `work`, so that uploads don't wait for them.
    copying: Work,
    /// Says that there may be copies to make.
    wanted: Arc<Notify>,
}

/// What an address answers with.
#[derive(Clone, Debug)]
pub struct Found {
    /// The picture.
    pub picture: Picture,
    /// The width of the copy to send instead of the picture.
    pub copy: Option<u32>,
    /// Whether the answer stays the same for ever.
    pub is_final: bool,
}

impl Found {
    fn original(picture: Picture, is_final: bool) -> Self {
        Self { picture, copy: None, is_final }
    }

    /// The name of the file to send. The bytes under a name never change.
    pub fn file(&self) -> String {
        match self.copy {
            Some(width) => name::copy(&self.picture.name, width),
            None => self.picture.name.clone(),
        }
    }

    /// Its media type.
    pub fn media_type(&self) -> &'static str {
        if self.copy.is_some() { Kind::Webp } else { self.picture.media_type }.media_type()
    }
}

/// Limits per user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Maximum number of pictures.
    pub pictures: i64,
    /// Maximum total size in bytes.
    pub bytes: i64,
}

/// An uploaded file.
#[derive(Debug)]
pub struct SentFile {
    /// The file name as sent.
    pub name: String,
    /// The content.
    pub bytes: Vec<u8>,
}

/// Why an upload was refused. None of its files was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// A file can't be published.
    Refused {
        /// The file name.
        name: String,
        /// What is wrong with the file.
        refusal: Refusal,
    },
    /// The user's quota is exhausted.
    Full {
        /// Maximum number of pictures.
        pictures: i64,
        /// Maximum total size, in MiB.
        mib: i64,
    },
    /// Any other error.
    Failed(Error),
}

impl NotTaken {
    /// Why, for the person who sent it.
    pub fn message(&self) -> Message {
        let of = |name: &'static str, file: &String| Message::text(name).with("name", file.clone());
        let million = |pixels: u64| i64::try_from(pixels / 1_000_000).unwrap_or(i64::MAX);
        match self {
            NotTaken::Refused { name, refusal } => match refusal {
                Refusal::Unsupported => of("picture-unsupported", name),
                Refusal::Damaged => of("picture-damaged", name),
                Refusal::TooLarge => of("picture-too-large", name)
                    .with("side", i64::from(LONGEST_SIDE))
                    .with("total", million(MOST_PIXELS))
                    .with("animation", million(MOST_PIXELS_OF_ANIMATION)),
                Refusal::TooManyPasses => of("picture-too-many-passes", name),
            },
            NotTaken::Full { pictures, mib } => {
                Message::text("pictures-full").with("pictures", *pictures).with("mib", *mib)
            }
            NotTaken::Failed(error) => Message::of(error),
        }
    }
}

impl fmt::Display for NotTaken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message().fmt(formatter)
    }
}

impl std::error::Error for NotTaken {}

impl From<Error> for NotTaken {
    fn from(error: Error) -> Self {
        NotTaken::Failed(error)
    }
}

impl Pictures {
    /// Manages the pictures in `store`, with metadata in `database`.
    pub fn new(database: Database, store: PictureStore, clock: Clock, quota: Quota) -> Self {
        let (work, avatars) = (Work::new(AT_A_TIME, IN_LINE), Work::new(AT_A_TIME, IN_LINE));
        let (copying, wanted) = (Work::new(1, 0), Arc::default());
        let uploads = Uploads::default();
        Self { database, store, clock, quota, uploads, work, avatars, copying, wanted }
    }

    /// The uploads that are being received.
    pub fn uploads(&self) -> &Uploads {
        &self.uploads
    }

    /// Why no picture can be stored, if that is known already.
    pub fn obstacle(&self) -> Option<String> {
        self.store.obstacle()
    }

    /// Checks and stores files for a user: all of them or none.
    ///
    /// # Errors
    /// [`NotTaken`]
    pub async fn add(&self, user: &User, files: Vec<SentFile>) -> Result<Vec<Picture>, NotTaken> {
        let (count, bytes) = self.database.size_of_pictures(user.id).await.map_err(Error::from)?;
        // Checking strips data, so the final size is known only later. But a full quota can be
        // refused at once.
        if count >= self.quota.pictures || bytes >= self.quota.bytes {
            tracing::info!(user = user.id.0, "a user's picture quota is used up");
            return Err(self.full());
        }
        let mut added = Vec::with_capacity(files.len());
        let mut bodies = Vec::with_capacity(files.len());
        for file in files {
            let (picture, bytes) = self.checked(user.id, file).await?;
            added.push(picture);
            bodies.push(bytes);
        }
        let (pictures, user) = (self.clone(), user.clone());
        to_its_end(async move { pictures.keep(&user, added, bodies).await }).await?
    }

    /// Stores checked files for a user: all of them or none.
    async fn keep(
        &self,
        user: &User,
        added: Vec<Picture>,
        bodies: Vec<Vec<u8>>,
    ) -> Result<Vec<Picture>, NotTaken> {
        for (picture, bytes) in added.iter().zip(bodies) {
            self.store
                .put(&picture.name, bytes)
                .await
                .map_err(|error| unavailable(&error, &picture.name))?;
        }
        let Quota { pictures, bytes } = self.quota;
        if !self
            .database
            .add_pictures(user.actor(), &added, pictures, bytes)
            .await
            .map_err(Error::from)?
        {
            for picture in &added {
                if let Err(error) = self.store.delete(&picture.name).await {
                    tracing::error!(error = %error, picture = picture.name, "the file of a picture beyond the quota could not be deleted");
                }
            }
            return Err(self.full());
        }
        self.wanted.notify_one();
        Ok(added)
    }

    /// Keeps a picture of an import for the user with the ID `owner`, whatever that user's quota. A
    /// file that came in before, or out of this blog's own export, is not kept again. Returns its
    /// address.
    ///
    /// # Errors
    /// [`NotTaken::Refused`] or [`NotTaken::Failed`]
    pub async fn import(
        &self,
        owner: UserId,
        name: &str,
        bytes: Vec<u8>,
    ) -> Result<String, NotTaken> {
        let hash = blake3::hash(&bytes).to_hex().to_string();
        if let Some(known) = self.known(name, &hash).await? {
            return Ok(known);
        }
        let (picture, bytes) = self.checked(owner, SentFile { name: name.into(), bytes }).await?;
        let failed = |error| unavailable(&error, &picture.name);
        self.store.put(&picture.name, bytes).await.map_err(failed)?;
        let name =
            self.database.add_imported_picture(&picture, &hash).await.map_err(Error::from)?;
        self.wanted.notify_one();
        Ok(address(&name))
    }

    /// Checks a picture of an import without keeping it. Returns the address that it has if it came
    /// in before, or else one that it might get.
    ///
    /// # Errors
    /// See [`Pictures::import`].
    pub async fn rehearse_import(&self, name: &str, bytes: Vec<u8>) -> Result<String, NotTaken> {
        let hash = blake3::hash(&bytes).to_hex().to_string();
        if let Some(known) = self.known(name, &hash).await? {
            return Ok(known);
        }
        let (picture, _) = self.checked(UserId(0), SentFile { name: name.into(), bytes }).await?;
        Ok(address(&picture.name))
    }

    /// Keeps a picture of an import, or checks it only if the import is a rehearsal. Returns its
    /// address, or why it can't be kept.
    ///
    /// # Errors
    /// Database errors, and [`Error::Unavailable`] if the store can't be written.
    pub async fn keep_import(
        &self,
        is_dry_run: bool,
        owner: UserId,
        name: String,
        bytes: Vec<u8>,
    ) -> Result<Result<String, String>, Error> {
        let kept = match is_dry_run {
            true => self.rehearse_import(&name, bytes).await,
            false => self.import(owner, &name, bytes).await,
        };
        match kept {
            Ok(address) => Ok(Ok(address)),
            Err(NotTaken::Failed(error)) => Err(error),
            Err(refused) => Ok(Err(format!("the picture {refused}"))),
        }
    }

    /// The address of the picture that came in from a file with this hash, or that has the file's
    /// name. Names have 128 random bits, so no other file has one.
    async fn known(&self, file: &str, hash: &str) -> Result<Option<String>, Error> {
        if name::parse(file).is_some() && self.database.picture(file).await?.is_some() {
            return Ok(Some(address(file)));
        }
        Ok(self.database.imported_picture(hash).await?.map(|name| address(&name)))
    }

    /// Checks a file, and names the picture that it holds.
    async fn checked(&self, user: UserId, file: SentFile) -> Result<(Picture, Vec<u8>), NotTaken> {
        let checked = self.look_at(file.bytes).await?;
        self.named(user, &file.name, checked)
    }

    /// Names a picture that was checked, or says why it was refused.
    fn named(
        &self,
        user: UserId,
        file_name: &str,
        checked: Result<Checked, Refusal>,
    ) -> Result<(Picture, Vec<u8>), NotTaken> {
        let original_name = display_name(file_name);
        let Checked { kind, bytes, size } = checked
            .map_err(|refusal| NotTaken::Refused { name: original_name.clone(), refusal })?;
        let Size { width, height, .. } = size;
        let picture = Picture {
            name: name::compose(rand::random(), kind, size),
            user_id: user,
            media_type: kind,
            bytes: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
            width: width.into(),
            height: height.into(),
            original_name,
            created_at: self.clock.now(),
            copies: None,
        };
        Ok((picture, bytes))
    }

    fn full(&self) -> NotTaken {
        NotTaken::Full { pictures: self.quota.pictures, mib: self.quota.bytes >> 20 }
    }

    /// Checks a file in the work pool.
    async fn look_at(&self, bytes: Vec<u8>) -> Result<Result<Checked, Refusal>, Error> {
        damaged_if_failed(self.work.run(move |is_stopped| check_until(&bytes, is_stopped)).await)
    }

    /// What the address `/pictures/{text}` answers with, if there is such a picture: the picture or
    /// one of its copies.
    ///
    /// # Errors
    /// Any database error.
    pub async fn find(&self, text: &str) -> Result<Option<Found>, Error> {
        let Some((name, width)) = name::parse_copy(text) else {
            let found = self.picture(text).await?;
            return Ok(found.map(|picture| Found::original(picture, true)));
        };
        let Some(picture) = self.picture(name).await? else { return Ok(None) };
        if !copies::widths_of(&picture).contains(&width) {
            return Ok(None);
        }
        Ok(Some(match copies::made(&picture) {
            Some(made) if made.contains(&width) => {
                Found { picture, copy: Some(width), is_final: true }
            }
            // The copy would be no smaller than the picture.
            Some(_) => Found::original(picture, true),
            None => {
                self.wanted.notify_one();
                Found::original(picture, false)
            }
        }))
    }

    /// Metadata of the picture with this name, if it exists.
    async fn picture(&self, name: &str) -> Result<Option<Picture>, Error> {
        if !is_name(name) {
            return Ok(None);
        }
        Ok(self.database.picture(name).await?)
    }

    /// Opens the file to send, and returns its size in bytes. `None` if the store has lost the
    /// picture. Instead of a copy that is lost, as after a restore without copies, it opens the
    /// picture, and the copies are made again.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the store can't be read; any database error.
    pub async fn open(&self, found: Found) -> Result<Option<(Found, Body, u64)>, Error> {
        let file = found.file();
        let opened = self.store.get(&file).await.map_err(|error| unavailable(&error, &file))?;
        if let Some((body, size)) = opened {
            return Ok(Some((found, body, size)));
        }
        tracing::error!(picture = file, place = %self.store.place(), "a picture's file is missing");
        if found.copy.is_none() {
            return Ok(None);
        }
        self.database.set_copies(&found.picture.name, None).await?;
        self.wanted.notify_one();
        Box::pin(self.open(Found::original(found.picture, false))).await
    }

    /// The bytes of a picture; `None` if the store has lost them.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the store can't be read.
    pub async fn body(&self, picture: &Picture) -> Result<Option<Body>, Error> {
        let opened = self.open(Found::original(picture.clone(), false)).await?;
        Ok(opened.map(|(_, body, _)| body))
    }

    /// Deletes a picture. Users may delete their own, administrators any. Returns false if there is
    /// no such picture.
    ///
    /// # Errors
    /// Any database error. The picture still exists then.
    pub async fn delete(&self, user: &User, name: &str) -> Result<bool, Error> {
        let Some(picture) = self.picture(name).await? else { return Ok(false) };
        let (pictures, user) = (self.clone(), user.clone());
        to_its_end(async move { pictures.delete_known(&user, picture).await }).await?
    }

    async fn delete_known(&self, user: &User, picture: Picture) -> Result<bool, Error> {
        let name = picture.name.as_str();
        if !self.database.delete_picture(user.actor(), name, owner_seen_by(user)).await? {
            return Ok(false);
        }
        // The row is gone, so nobody can see the picture any more. Leftover bytes only take up
        // space.
        if let Err(error) = self.store.delete(name).await {
            tracing::error!(error = %error, picture = name, place = %self.store.place(), "the file of a deleted picture could not be deleted");
        }
        self.delete_copies(&picture).await;
        Ok(true)
    }
}

/// Does the whole of `work`, even if the client hangs up meanwhile. Otherwise files would stay for
/// which there is no row, and which no quota counts.
///
/// # Errors
/// [`Error::Internal`] if the work panics.
async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, Error> {
    tokio::spawn(work).await.map_err(|error| {
        tracing::error!(error = %error, "pictures could not be stored or deleted");
        Error::Internal
    })
}

/// A file that makes a decoder panic or time out is damaged.
fn damaged_if_failed(
    checked: Result<Result<Checked, Refusal>, Error>,
) -> Result<Result<Checked, Refusal>, Error> {
    match checked {
        Err(Error::BadRequest(_)) => Ok(Err(Refusal::Damaged)),
        checked => checked,
    }
}

/// Whose pictures a user sees in the studio: their own, or everybody's (`None`) for administrators.
pub fn owner_seen_by(user: &User) -> Option<UserId> {
    (user.role < Role::Admin).then_some(user.id)
}

/// Markdown for a picture, with the original file name as its description.
pub fn markdown(picture: &Picture) -> String {
    let stem = picture
        .original_name
        .rsplit_once('.')
        .map_or(picture.original_name.as_str(), |(stem, _)| stem);
    let words: Vec<&str> = stem
        .split(|character: char| character.is_whitespace() || "-_".contains(character))
        .collect();
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let mut description = String::new();
    for character in words.join(" ").chars() {
        if character.is_ascii_punctuation() {
            description.push('\\');
        }
        description.push(character);
    }
    format!("![{description}]({})", address(&picture.name))
}

/// The address of a picture.
fn address(name: &str) -> String {
    format!("{FOLDER}{name}")
}

/// Whether a text has the form of a name made by [`Pictures::add`]. Nothing else reaches SQL or the
/// store.
fn is_name(text: &str) -> bool {
    name::parse(text).is_some()
}

/// Cleans up a file name for display: drops folders and control characters and limits the length.
fn display_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String =
        last.chars().filter(|character| !character.is_control()).take(LONGEST_NAME).collect();
    let name = name.trim();
    if name.is_empty() { "picture".into() } else { name.to_owned() }
}

fn unavailable(error: &object_store::Error, name: &str) -> Error {
    tracing::error!(error = %error, picture = name, "the picture store failed");
    Error::Unavailable
}

#[cfg(test)]
mod tests {
    use tidemark_store::clock::Millis;

    use super::*;

    fn named(original_name: &str) -> Picture {
        Picture {
            name: "a.png".into(),
            user_id: UserId(1),
            media_type: Kind::Png,
            bytes: 1,
            width: 1,
            height: 1,
            original_name: original_name.into(),
            created_at: Millis(0),
            copies: None,
        }
    }

    #[test]
    fn the_markdown_describes_the_picture_and_no_file_name_breaks_it() {
        assert_eq!(
            markdown(&named("low_tide-at noon.jpeg")),
            "![low tide at noon](/pictures/a.png)"
        );
        assert_eq!(markdown(&named("潮.png")), "![潮](/pictures/a.png)");
        for evil in [
            "](javascript:alert(1)).png",
            "a]b[c`d*e.png",
            "<script>.png",
            "\\](x).png",
            "&#93;(x).png",
        ] {
            let html = tidemark_content::markdown::render(&markdown(&named(evil))).html;
            assert!(html.contains("src=\"/pictures/a.png\""), "{evil} became {html}");
            assert_eq!(html.matches('<').count(), 3, "{evil} became {html}");
        }
    }

    #[test]
    fn a_file_name_is_shortened_for_display() {
        assert_eq!(display_name("C:\\photos\\tide.png"), "tide.png");
        assert_eq!(display_name("../../etc/passwd"), "passwd");
        assert_eq!(display_name("a\nb\u{0}.png"), "ab.png");
        assert_eq!(display_name(""), "picture");
        assert_eq!(display_name(&"x".repeat(500)).len(), LONGEST_NAME);
    }
}
