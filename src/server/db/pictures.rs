//! Metadata of pictures. Their bytes are in the picture store.

use sqlx::{AssertSqlSafe, FromRow};
use tidemark_content::pictures::Kind;

use super::users::{Actor, WriteError, hold};
use super::{Database, Dialect, Transaction, on_connection, on_reader};
use crate::model::page::Page;

/// The metadata of a picture.
#[derive(Clone, Debug, FromRow)]
pub struct Picture {
    /// The last part of its URL, and its name in the store.
    pub name: String,
    /// The owner's user ID.
    pub user_id: i64,
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
    pub created_at: i64,
}

/// A picture in a list.
#[derive(Clone, Debug, FromRow)]
pub struct ListedPicture {
    /// The picture's metadata.
    #[sqlx(flatten)]
    pub picture: Picture,
    /// The owner's name.
    pub owner: String,
}

const COLUMNS: &str =
    "pictures.name, user_id, media_type, bytes, width, height, original_name, pictures.created_at";

/// Selects the number of a user's pictures and their total size. The cast is for MySQL, where a sum
/// of integers is a decimal.
fn size_of_pictures(dialect: Dialect) -> String {
    let integer = dialect.integer();
    format!(
        "SELECT count(*), CAST(coalesce(sum(bytes), 0) AS {integer}) FROM pictures WHERE user_id = ?"
    )
}

impl Database {
    /// Returns the picture called `name`.
    pub async fn picture(&self, name: &str) -> sqlx::Result<Option<Picture>> {
        let sql = AssertSqlSafe(format!("SELECT {COLUMNS} FROM pictures WHERE name = ?"));
        on_reader!(self, pool => sqlx::query_as(sql).bind(name).fetch_optional(pool).await)
    }

    /// Returns a page of pictures, newest first: those of `user`, or everybody's if that is `None`.
    /// A page past the end is empty.
    pub async fn pictures(
        &self,
        user: Option<i64>,
        page: i64,
        per_page: i64,
    ) -> sqlx::Result<Page<ListedPicture>> {
        let total: i64 = {
            let sql = "SELECT count(*) FROM pictures WHERE user_id = coalesce(?, user_id)";
            on_reader!(self, pool => sqlx::query_scalar(sql).bind(user).fetch_one(pool).await)?
        };
        let sql = AssertSqlSafe(format!(
            "SELECT {COLUMNS}, users.name AS owner FROM pictures JOIN users ON users.id = user_id \
             WHERE user_id = coalesce(?, user_id) ORDER BY pictures.id DESC LIMIT {per_page} OFFSET ?"
        ));
        let offset = (page - 1).saturating_mul(per_page);
        let items = on_reader!(self, pool => {
            sqlx::query_as(sql).bind(user).bind(offset).fetch_all(pool).await
        })?;
        Ok(Page::new(items, page, per_page, total))
    }

    /// Returns how many pictures a user has, and their total size in bytes.
    pub async fn size_of_pictures(&self, user: i64) -> sqlx::Result<(i64, i64)> {
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
        hold(&mut transaction, actor).await?;
        let more: i64 = pictures.iter().map(|picture| picture.bytes).sum();
        let count = count.saturating_add(i64::try_from(pictures.len()).unwrap_or(i64::MAX));
        if count > most || bytes.saturating_add(more) > most_bytes {
            return Ok(false);
        }
        insert_pictures(&mut transaction, pictures).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Deletes a picture owned by `user`, or by anyone if that is `None`. If it is the logo, the
    /// site has none from then on. Returns false if there is none.
    ///
    /// # Errors
    /// [`WriteError`]
    pub async fn delete_picture(
        &self,
        actor: Actor,
        name: &str,
        user: Option<i64>,
    ) -> Result<bool, WriteError> {
        // Every page shows the logo, so its end is a change that readers can see.
        if self.site().await?.logo.as_deref() == Some(name) {
            let sql = "UPDATE site_settings SET logo = NULL, version = version + 1 WHERE id = 1 AND logo = ?";
            let mut transaction = self.begin_content().await?;
            hold(&mut transaction, actor).await?;
            let is_deleted = delete_in(&mut transaction, name, user).await?;
            if is_deleted {
                on_connection!(&mut *transaction, connection => {
                    sqlx::query(sql).bind(name).execute(connection).await?;
                });
            }
            transaction.commit().await?;
            return Ok(is_deleted);
        }
        let (_place, mut transaction) = self.begin_beside().await?;
        hold(&mut transaction, actor).await?;
        let is_deleted = delete_in(&mut transaction, name, user).await?;
        transaction.commit().await?;
        Ok(is_deleted)
    }
}

/// Deletes the row of a picture. Returns false if there is none.
async fn delete_in(
    transaction: &mut Transaction,
    name: &str,
    user: Option<i64>,
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
