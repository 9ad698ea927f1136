//! Metadata of pictures. Their bytes are in the picture store.

use std::collections::HashMap;

use sqlx::{AssertSqlSafe, FromRow};
use tidemark_content::pictures::Kind;
use tidemark_content::pictures::name::Size;
use tidemark_counting::UserId;
use tidemark_store::clock::Millis;

use super::actor::{Actor, WriteError, lock_actor};
use super::{Database, Dialect, Transaction, on_connection, on_reader, on_writer};
use crate::model::page::Page;

/// The metadata of a picture.
#[derive(Clone, Debug, FromRow)]
pub struct Picture {
    /// The last part of its URL, and its name in the store.
    pub name: String,
    /// The owner's user ID.
    pub user_id: UserId,
    /// Its media type.
    #[sqlx(try_from = "String")]
    pub media_type: Kind,
    /// File size in bytes.
    pub bytes: i64,
    /// Width in pixels, as displayed.
    pub width: i64,
    /// Height in pixels, as displayed.
    pub height: i64,
    /// The name of the uploaded file.
    pub original_name: String,
    /// When it was uploaded, in milliseconds since 1970.
    pub created_at: Millis,
    /// The widths of its copies, separated by commas; `None` until they were made.
    pub copies: Option<String>,
}

/// How many sizes are looked up at once. A text with more pictures of older versions shows the rest
/// without a size.
const MOST_SIZES: usize = 500;

/// A picture in a list.
#[derive(Clone, Debug, FromRow)]
pub struct ListedPicture {
    /// The picture's metadata.
    #[sqlx(flatten)]
    pub picture: Picture,
    /// The owner's name.
    pub owner: String,
}

const COLUMNS: &str = "pictures.name, user_id, media_type, bytes, width, height, original_name, pictures.created_at, copies";

/// SQL condition: the picture is nobody's avatar, so articles can use it.
const FOR_ARTICLES: &str =
    "NOT EXISTS (SELECT 1 FROM users AS pictured WHERE pictured.avatar = pictures.name)";

/// Selects the number of a user's pictures for articles and their total size. The cast is for
/// MySQL, where a sum of integers is a decimal.
fn size_of_pictures(dialect: Dialect) -> String {
    let integer = dialect.integer();
    format!(
        "SELECT count(*), CAST(coalesce(sum(bytes), 0) AS {integer}) FROM pictures WHERE user_id = ? AND {FOR_ARTICLES}"
    )
}

impl Database {
    /// Returns the picture called `name`.
    pub async fn picture(&self, name: &str) -> sqlx::Result<Option<Picture>> {
        let sql = AssertSqlSafe(format!("SELECT {COLUMNS} FROM pictures WHERE name = ?"));
        on_reader!(self, pool => sqlx::query_as(sql).bind(name).fetch_optional(pool).await)
    }

    /// Returns the sizes of those of these pictures that exist. Their colours are not known.
    pub async fn sizes_of_pictures(&self, names: &[&str]) -> sqlx::Result<HashMap<String, Size>> {
        let names = &names[..names.len().min(MOST_SIZES)];
        let Some((first, others)) = names.split_first() else { return Ok(HashMap::new()) };
        let more = ", ?".repeat(others.len());
        let sql = format!("SELECT name, width, height FROM pictures WHERE name IN (?{more})");
        let rows: Vec<(String, i64, i64)> = on_reader!(self, pool => {
            let mut query = sqlx::query_as(AssertSqlSafe(sql)).bind(*first);
            for name in others {
                query = query.bind(*name);
            }
            query.fetch_all(pool).await?
        });
        let size = |(name, width, height): (String, i64, i64)| {
            let (width, height) = (u32::try_from(width).ok()?, u32::try_from(height).ok()?);
            Some((name, Size { width, height, tint: None }))
        };
        Ok(rows.into_iter().filter_map(size).collect())
    }

    /// Returns the first picture after `name`, by name, whose copies have not been made and were
    /// not begun since `since`.
    pub async fn picture_without_copies(
        &self,
        name: &str,
        since: Millis,
    ) -> sqlx::Result<Option<Picture>> {
        let sql = AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM pictures WHERE copies IS NULL AND pictures.name > ? AND coalesce(copies_begun_at, 0) <= ? \
             ORDER BY pictures.name LIMIT 1"
        ));
        on_reader!(self, pool => sqlx::query_as(sql).bind(name).bind(since).fetch_optional(pool).await)
    }

    /// Notes that the caller begins to make a picture's copies now. Returns false if they were
    /// made, or begun after `since`.
    pub async fn begin_copies(&self, name: &str, now: Millis, since: Millis) -> sqlx::Result<bool> {
        let sql = "UPDATE pictures SET copies_begun_at = ? \
                   WHERE name = ? AND copies IS NULL AND coalesce(copies_begun_at, 0) <= ?";
        let result = on_writer!(self, pool => {
            sqlx::query(sql).bind(now).bind(name).bind(since).execute(pool).await?.rows_affected()
        });
        Ok(result > 0)
    }

    /// Sets the widths of a picture's copies, or notes with `None` that they have to be made again.
    /// Returns false if the picture is gone.
    pub async fn set_copies(&self, name: &str, copies: Option<&str>) -> sqlx::Result<bool> {
        let sql = "UPDATE pictures SET copies = ?, copies_begun_at = NULL WHERE name = ?";
        let result = on_writer!(self, pool => {
            sqlx::query(sql).bind(copies).bind(name).execute(pool).await?.rows_affected()
        });
        Ok(result > 0)
    }

    /// Returns a page of the pictures for articles, newest first: those of `user`, or everybody's
    /// if that is `None`. A page past the end is empty.
    pub async fn pictures(
        &self,
        user: Option<UserId>,
        page: i64,
        per_page: i64,
    ) -> sqlx::Result<Page<ListedPicture>> {
        self.listed_pictures(user, false, page, per_page).await
    }

    /// Like [`Database::pictures`], with everybody's pictures and avatars.
    pub async fn all_pictures(
        &self,
        page: i64,
        per_page: i64,
    ) -> sqlx::Result<Page<ListedPicture>> {
        self.listed_pictures(None, true, page, per_page).await
    }

    async fn listed_pictures(
        &self,
        user: Option<UserId>,
        has_avatars: bool,
        page: i64,
        per_page: i64,
    ) -> sqlx::Result<Page<ListedPicture>> {
        let count = AssertSqlSafe(format!(
            "SELECT count(*) FROM pictures WHERE user_id = coalesce(?, user_id) AND (? OR {FOR_ARTICLES})"
        ));
        let total: i64 = on_reader!(self, pool => {
            sqlx::query_scalar(count).bind(user).bind(has_avatars).fetch_one(pool).await?
        });
        let sql = AssertSqlSafe(format!(
            "SELECT {COLUMNS}, users.name AS owner FROM pictures JOIN users ON users.id = user_id \
             WHERE user_id = coalesce(?, user_id) AND (? OR {FOR_ARTICLES}) \
             ORDER BY pictures.id DESC LIMIT {per_page} OFFSET ?"
        ));
        let offset = (page - 1).saturating_mul(per_page);
        let items = on_reader!(self, pool => {
            let query = sqlx::query_as(sql).bind(user).bind(has_avatars);
            query.bind(offset).fetch_all(pool).await?
        });
        Ok(Page::new(items, page, per_page, total))
    }

    /// Returns how many pictures a user has, and their total size in bytes.
    pub async fn size_of_pictures(&self, user: UserId) -> sqlx::Result<(i64, i64)> {
        let sql = size_of_pictures(self.dialect());
        on_reader!(self, pool => sqlx::query_as(AssertSqlSafe(sql)).bind(user).fetch_one(pool).await)
    }

    /// Adds pictures, all or none, on behalf of whoever uploaded them. Returns false if that user
    /// would end up with more than `most` pictures or more than `most_bytes` in total.
    ///
    /// # Errors
    /// [`WriteError`]
    pub async fn add_pictures(
        &self,
        actor: Actor,
        pictures: &[Picture],
        most: i64,
        most_bytes: i64,
    ) -> Result<bool, WriteError> {
        if pictures.is_empty() {
            return Ok(true);
        }
        let (_place, mut transaction) = self.begin_beside().await?;
        // Locks the user, so that two concurrent uploads can't exceed the limits together. SQLite
        // needs no lock: it has one writer at a time.
        let lock = match self.dialect() {
            Dialect::Sqlite => "SELECT id FROM users WHERE id = ?",
            Dialect::MySql => "SELECT id FROM users WHERE id = ? FOR UPDATE",
        };
        let size = size_of_pictures(self.dialect());
        let (count, bytes): (i64, i64) = on_connection!(&mut transaction, connection => {
            sqlx::query(lock).bind(actor.id).execute(&mut *connection).await?;
            sqlx::query_as(AssertSqlSafe(size)).bind(actor.id).fetch_one(&mut *connection).await?
        });
        lock_actor(&mut transaction, actor).await?;
        let more: i64 = pictures.iter().map(|picture| picture.bytes).sum();
        let count = count.saturating_add(i64::try_from(pictures.len()).unwrap_or(i64::MAX));
        if count > most || bytes.saturating_add(more) > most_bytes {
            return Ok(false);
        }
        insert_pictures(&mut transaction, pictures).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Deletes a picture owned by `user`, or by anyone if that is `None`. If it is the logo or an
    /// avatar, the site or the person has none from then on. Returns false if there is none.
    ///
    /// # Errors
    /// [`WriteError`]
    pub async fn delete_picture(
        &self,
        actor: Actor,
        name: &str,
        user: Option<UserId>,
    ) -> Result<bool, WriteError> {
        let is_logo = self.site().await?.logo.as_deref() == Some(name);
        // Pages show both, so their end is a change that readers can see.
        if is_logo || self.is_avatar(name).await? {
            let no_logo = "UPDATE site_settings SET logo = NULL, version = version + 1 WHERE id = 1 AND logo = ?";
            let no_avatar = "UPDATE users SET avatar = NULL WHERE avatar = ?";
            let mut transaction = self.begin_content().await?;
            lock_actor(&mut transaction, actor).await?;
            let is_deleted = delete_in(&mut transaction, name, user).await?;
            if is_deleted {
                on_connection!(&mut *transaction, connection => {
                    sqlx::query(no_logo).bind(name).execute(&mut *connection).await?;
                    sqlx::query(no_avatar).bind(name).execute(connection).await?;
                });
            }
            match is_deleted {
                true => transaction.commit().await?,
                false => transaction.commit_unseen().await?,
            }
            return Ok(is_deleted);
        }
        let (_place, mut transaction) = self.begin_beside().await?;
        lock_actor(&mut transaction, actor).await?;
        let is_deleted = delete_in(&mut transaction, name, user).await?;
        transaction.commit().await?;
        Ok(is_deleted)
    }

    /// Whether a picture is somebody's avatar.
    async fn is_avatar(&self, name: &str) -> sqlx::Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM users WHERE avatar = ?)";
        on_reader!(self, pool => sqlx::query_scalar(sql).bind(name).fetch_one(pool).await)
    }
}

/// Deletes the row of a picture. Returns false if there is none.
async fn delete_in(
    transaction: &mut Transaction,
    name: &str,
    user: Option<UserId>,
) -> sqlx::Result<bool> {
    let sql = "DELETE FROM pictures WHERE name = ? AND user_id = coalesce(?, user_id)";
    let deleted = on_connection!(transaction, connection => {
        sqlx::query(sql).bind(name).bind(user).execute(connection).await?.rows_affected()
    });
    Ok(deleted > 0)
}

/// Inserts the rows of pictures, at least one.
pub(super) async fn insert_pictures(
    transaction: &mut Transaction,
    pictures: &[Picture],
) -> sqlx::Result<()> {
    let rows = vec!["(?, ?, ?, ?, ?, ?, ?, ?)"; pictures.len()].join(", ");
    let sql = AssertSqlSafe(format!(
        "INSERT INTO pictures (name, user_id, media_type, bytes, width, height, original_name, created_at) VALUES {rows}"
    ));
    on_connection!(transaction, connection => {
        let mut query = sqlx::query(sql);
        for picture in pictures {
            query = query
                .bind(&picture.name)
                .bind(picture.user_id)
                .bind(picture.media_type.media_type())
                .bind(picture.bytes)
                .bind(picture.width)
                .bind(picture.height)
                .bind(&picture.original_name)
                .bind(picture.created_at);
        }
        query.execute(&mut *connection).await?;
    });
    Ok(())
}
