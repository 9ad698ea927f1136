//! Makes smaller copies of stored pictures, one picture at a time, in the background.
//!
//! A process notes in SQL that it begins with a picture, writes the files, and then notes which
//! there are. So each picture has one maker among all processes. If the maker dies, another one
//! begins anew after [`LONGEST`]; it writes the same files.

use std::time::Duration;

use tidemark_content::pictures::copies::{Copy, make};
use tidemark_content::pictures::name;
use tidemark_store::clock::Millis;
use tokio_util::sync::CancellationToken;

use super::{Pictures, unavailable};
use crate::error::Error;
use crate::server::db::pictures::Picture;

/// After this time, whoever began to make copies is taken for dead. Making them is cut off long
/// before.
const LONGEST: Duration = Duration::from_secs(10 * 60);

/// How often to look for pictures that another process has stored.
const PAUSE: Duration = Duration::from_secs(30);

/// The widths that copies of a picture may have, whether or not they were made.
pub fn widths_of(picture: &Picture) -> Vec<u32> {
    let width = u32::try_from(picture.width).unwrap_or(0);
    name::widths(picture.media_type, width)
}

/// The widths of the copies of a picture, if they were made.
pub fn made(picture: &Picture) -> Option<Vec<u32>> {
    let widths = picture.copies.as_ref()?.split(',');
    Some(widths.filter_map(|width| width.parse().ok()).collect())
}

impl Pictures {
    /// Makes the copies that are missing, now and whenever there may be new ones, until `stop` is
    /// cancelled.
    pub async fn make_copies_until_stopped(self, stop: CancellationToken) {
        while let Some(result) = stop.run_until_cancelled(self.make_copies()).await {
            match result {
                Ok(0) => {}
                Ok(pictures) => tracing::info!(pictures, "smaller copies of pictures were made"),
                Err(error) => {
                    tracing::warn!(error = %error, "smaller copies of pictures could not be made; it is tried again");
                }
            }
            let wanted = tokio::time::timeout(PAUSE, self.wanted.notified());
            if stop.run_until_cancelled(wanted).await.is_none() {
                return;
            }
        }
    }

    /// Makes the copies of all pictures that have none, and returns of how many it made them. Can
    /// be cut off anywhere.
    ///
    /// # Errors
    /// The store's or the database's; the next call goes on.
    pub async fn make_copies(&self) -> Result<usize, Error> {
        let longest = i64::try_from(LONGEST.as_millis()).unwrap_or(i64::MAX);
        let (mut last, mut count) = (String::new(), 0);
        loop {
            let now = self.clock.now();
            let since = Millis(now.0.saturating_sub(longest));
            let next = self.database.picture_without_copies(&last, since).await?;
            let Some(picture) = next else { return Ok(count) };
            if self.database.begin_copies(&picture.name, now, since).await? {
                self.make_copies_of(&picture).await?;
                count += 1;
            }
            last = picture.name;
        }
    }

    async fn make_copies_of(&self, picture: &Picture) -> Result<(), Error> {
        let name = &picture.name;
        let copies = if widths_of(picture).is_empty() {
            vec![]
        } else {
            let read = self.store.read(name).await.map_err(|error| unavailable(&error, name))?;
            match read {
                Some(bytes) => self.copies_of(picture, bytes.into()).await?,
                // Lost, and logged when somebody asks for it.
                None => vec![],
            }
        };
        let mut widths = Vec::with_capacity(copies.len());
        for Copy { width, bytes } in copies {
            let file = name::copy(name, width);
            self.store.put(&file, bytes).await.map_err(|error| unavailable(&error, &file))?;
            widths.push(width.to_string());
        }
        if !self.database.set_copies(name, Some(&widths.join(","))).await? {
            // The picture was deleted meanwhile.
            self.delete_copies(picture).await;
        }
        Ok(())
    }

    /// Makes copies of a picture; none if it can't be decoded. It was decoded when it was uploaded,
    /// but that may have been an older version.
    async fn copies_of(&self, picture: &Picture, bytes: Vec<u8>) -> Result<Vec<Copy>, Error> {
        let kind = picture.media_type;
        let copies = self.copying.run(move |is_stopped| make(kind, &bytes, is_stopped)).await;
        match copies {
            Ok(Ok(copies)) => Ok(copies),
            // A decoder that panics or runs out of time is another way to be damaged.
            Ok(Err(_)) | Err(Error::BadRequest(_)) => {
                tracing::warn!(
                    picture = picture.name,
                    "a picture can't be decoded, so it has no smaller copies"
                );
                Ok(vec![])
            }
            Err(error) => Err(error),
        }
    }

    /// Deletes the files of a picture's copies.
    pub(super) async fn delete_copies(&self, picture: &Picture) {
        for width in widths_of(picture) {
            let file = name::copy(&picture.name, width);
            if let Err(error) = self.store.delete(&file).await {
                tracing::error!(error = %error, picture = file, place = %self.store.place(), "the copy of a deleted picture could not be deleted");
            }
        }
    }
}
