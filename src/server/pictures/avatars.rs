//! Avatars: pictures of users, which are stored and served as other pictures are. Each user has at
//! most one, whatever the quota, and no article can use it.

use tidemark_content::pictures::avatar::make;

use super::{NotTaken, Pictures, SentFile, damaged_if_failed, to_its_end, unavailable};
use crate::error::Error;
use crate::server::db::users::User;

impl Pictures {
    /// Makes the middle of an uploaded picture the user's avatar, and deletes the one before.
    ///
    /// # Errors
    /// [`NotTaken::Refused`] and [`NotTaken::Failed`]. The user keeps the avatar of before then.
    pub async fn set_avatar(&self, user: &User, file: SentFile) -> Result<(), NotTaken> {
        let SentFile { name, bytes } = file;
        let made = self.avatars.run(move |is_stopped| make(&bytes, is_stopped)).await;
        let (picture, bytes) = self.named(user.id, &name, damaged_if_failed(made)?)?;
        let (pictures, actor) = (self.clone(), user.actor());
        let keep = async move {
            let failed = |error| unavailable(&error, &picture.name);
            pictures.store.put(&picture.name, bytes).await.map_err(failed)?;
            let before = pictures.database.set_avatar(actor, Some(&picture)).await?;
            pictures.delete_avatar_file(before).await;
            Ok::<_, Error>(())
        };
        Ok(to_its_end(keep).await??)
    }

    /// Deletes the user's avatar, if there is one.
    ///
    /// # Errors
    /// Those of [`Pictures::delete`].
    pub async fn remove_avatar(&self, user: &User) -> Result<(), Error> {
        let (pictures, actor) = (self.clone(), user.actor());
        let remove = async move {
            let before = pictures.database.set_avatar(actor, None).await?;
            pictures.delete_avatar_file(before).await;
            Ok(())
        };
        to_its_end(remove).await?
    }

    /// Its row is gone, so a file that is left only takes up space.
    async fn delete_avatar_file(&self, name: Option<String>) {
        let Some(name) = name else { return };
        if let Err(error) = self.store.delete(&name).await {
            tracing::error!(error = %error, picture = name, place = %self.store.place(), "the file of a former avatar could not be deleted");
        }
    }
}
