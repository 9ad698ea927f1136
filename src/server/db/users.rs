//! Users: their names, roles and credentials.

use jiff::tz::TimeZone;
use sqlx::FromRow;
use tidemark_content::pictures::name::FOLDER;
use tidemark_counting::UserId;
use tidemark_store::clock::Millis;

use super::actor::{Actor, Role, WriteError, lock_actor};
use super::content_version::ContentTransaction;
use super::pictures::{Picture, insert_pictures};
use super::{Database, InsertedId, Transaction, is_taken, on_connection, on_reader, on_writer};
use crate::model::article::Author;
use crate::model::page::Page;

/// A user.
#[derive(Clone, Debug, FromRow)]
pub struct User {
    /// User ID.
    pub id: UserId,
    /// The name to sign in with, and the last part of the URL of the author's page.
    pub username: String,
    /// The name in bylines.
    pub name: String,
    /// What the user may do.
    #[sqlx(try_from = "String")]
    pub role: Role,
    /// The hashed password, as a PHC string; `None` if nobody can sign in as this user.
    pub password_hash: Option<String>,
    /// Incremented when the password is changed, reset or removed. Sessions started under another
    /// number are invalid.
    pub credential: i64,
    /// A line about the user, as plain text; may be empty.
    pub about: String,
    /// The name of the picture of the user, among the stored pictures.
    pub avatar: Option<String>,
    /// The name of the user's time zone, such as `Europe/Berlin`.
    pub time_zone: String,
}

impl User {
    /// The time zone in which the user reads and gives times.
    pub fn zone(&self) -> TimeZone {
        // A zone that another version of the database of time zones had.
        TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC)
    }

    /// The user in a byline.
    pub fn author(&self) -> Author {
        Author {
            username: self.username.clone(),
            name: self.name.clone(),
            about: self.about.clone(),
            avatar: self.avatar.as_ref().map(|name| format!("{FOLDER}{name}")),
        }
    }

    /// The user as an actor, with the credential and role of now.
    pub fn actor(&self) -> Actor {
        Actor { id: self.id, credential: self.credential, role: self.role }
    }
}

/// An account to create.
#[derive(Clone, Copy, Debug)]
pub struct NewUser<'a> {
    /// The name to sign in with.
    pub username: &'a str,
    /// The name in bylines.
    pub name: &'a str,
    /// What the user may do.
    pub role: Role,
    /// The hashed password, as a PHC string.
    pub password_hash: &'a str,
}

/// Which of the names is not available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Another user has this user name.
    Username,
    /// Readers could mistake this name for that of somebody who writes here.
    Name,
}

/// Tells whether readers could mistake the new name for that of this user, who writes here. It is
/// called in the transaction that writes the name, so if two people want a name at once, only one
/// gets it.
pub type IsLike<'a> = &'a (dyn Fn(&User) -> bool + Sync);

/// SQL condition: the row of `users` may write or is in a byline. Readers may have chosen any name.
pub(super) const WRITES: &str = "(users.role <> 'reader' OR EXISTS (SELECT 1 FROM article_authors WHERE article_authors.user_id = users.id))";

const COLUMNS: &str =
    "id, username, name, role, password_hash, credential, about, avatar, time_zone";

impl Database {
    /// Returns the user with this ID.
    pub async fn user(&self, id: UserId) -> sqlx::Result<Option<User>> {
        let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM users WHERE id = ?"));
        on_reader!(self, pool => sqlx::query_as(sql).bind(id).fetch_optional(pool).await)
    }

    /// Returns the user with this user name.
    pub async fn user_by_username(&self, username: &str) -> sqlx::Result<Option<User>> {
        let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM users WHERE username = ?"));
        on_reader!(self, pool => sqlx::query_as(sql).bind(username).fetch_optional(pool).await)
    }

    /// Returns a page of all users, ordered by user name.
    pub async fn users(&self, page: i64, per_page: i64) -> sqlx::Result<Page<User>> {
        let sql = sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM users ORDER BY username LIMIT {per_page} OFFSET ?"
        ));
        let offset = (page - 1).saturating_mul(per_page).max(0);
        let (total, users) = on_reader!(self, pool => {
            let total: i64 = sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(pool).await?;
            (total, sqlx::query_as(sql).bind(offset).fetch_all(pool).await?)
        });
        Ok(Page::new(users, page, per_page, total))
    }

    /// Returns all users who may write or are in a byline.
    pub async fn writers(&self) -> sqlx::Result<Vec<User>> {
        let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM users WHERE {WRITES}"));
        on_reader!(self, pool => sqlx::query_as(sql).fetch_all(pool).await)
    }

    /// Changes the actor's name in bylines. Returns false if `is_like` holds for another user who
    /// writes here.
    ///
    /// # Errors
    /// [`WriteError`]
    pub async fn rename_user(
        &self,
        actor: Actor,
        name: &str,
        is_like: IsLike<'_>,
    ) -> Result<bool, WriteError> {
        let sql = "UPDATE users SET name = ? WHERE id = ?";
        let mut transaction = self.begin_content().await?;
        lock_actor(&mut transaction, actor).await?;
        if is_like_another(&mut transaction, is_like, Some(actor.id)).await? {
            return Ok(false);
        }
        on_connection!(&mut *transaction, connection => {
            sqlx::query(sql).bind(name).bind(actor.id).execute(connection).await?;
        });
        commit_shown(transaction, actor.id).await?;
        Ok(true)
    }

    /// Changes the line about the actor.
    ///
    /// # Errors
    /// [`WriteError`]
    pub async fn set_about(&self, actor: Actor, about: &str) -> Result<(), WriteError> {
        let sql = "UPDATE users SET about = ? WHERE id = ?";
        let mut transaction = self.begin_content().await?;
        lock_actor(&mut transaction, actor).await?;
        on_connection!(&mut *transaction, connection => {
            sqlx::query(sql).bind(about).bind(actor.id).execute(connection).await?;
        });
        Ok(commit_shown(transaction, actor.id).await?)
    }

    /// Changes the time zone of the actor.
    ///
    /// # Errors
    /// [`WriteError`]
    pub async fn set_time_zone(&self, actor: Actor, time_zone: &str) -> Result<(), WriteError> {
        let sql = "UPDATE users SET time_zone = ? WHERE id = ?";
        let mut transaction = self.begin().await?;
        lock_actor(&mut transaction, actor).await?;
        on_connection!(&mut transaction, connection => {
            sqlx::query(sql).bind(time_zone).bind(actor.id).execute(connection).await?;
        });
        Ok(transaction.commit().await?)
    }

    /// Makes `picture`, which is new, the picture of the actor, or leaves the actor without one.
    /// Deletes the row of the one before, and returns its name.
    ///
    /// # Errors
    /// [`WriteError`]
    pub async fn set_avatar(
        &self,
        actor: Actor,
        picture: Option<&Picture>,
    ) -> Result<Option<String>, WriteError> {
        let find = "SELECT avatar FROM users WHERE id = ?";
        let set = "UPDATE users SET avatar = ? WHERE id = ?";
        let delete = "DELETE FROM pictures WHERE name = ?";
        let mut transaction = self.begin_content().await?;
        lock_actor(&mut transaction, actor).await?;
        let before: Option<String> = on_connection!(&mut *transaction, connection => {
            sqlx::query_scalar(find).bind(actor.id).fetch_one(connection).await?
        });
        if let Some(picture) = picture {
            insert_pictures(&mut transaction, std::slice::from_ref(picture)).await?;
        }
        let name = picture.map(|picture| picture.name.as_str());
        on_connection!(&mut *transaction, connection => {
            sqlx::query(set).bind(name).bind(actor.id).execute(&mut *connection).await?;
            sqlx::query(delete).bind(&before).execute(connection).await.map(drop)?;
        });
        commit_shown(transaction, actor.id).await?;
        Ok(before)
    }

    /// Changes a user's role, on behalf of an administrator or of the operator (`None`). Returns
    /// false if there is no such user. Demoting an administrator deletes the invitations they made.
    ///
    /// # Errors
    /// [`WriteError`]. If two administrators demote each other at once, their transactions run one
    /// after the other, and the second is refused.
    pub async fn set_role(
        &self,
        actor: Option<Actor>,
        username: &str,
        role: Role,
    ) -> Result<bool, WriteError> {
        let mut transaction = self.begin().await?;
        if let Some(actor) = actor {
            lock_actor(&mut transaction, actor).await?;
        }
        let Some(id) = id_of(&mut transaction, username).await? else { return Ok(false) };
        let sql = "UPDATE users SET role = ? WHERE id = ?";
        on_connection!(&mut transaction, connection => {
            sqlx::query(sql).bind(role.as_str()).bind(id).execute(connection).await?;
        });
        if role < Role::Admin {
            delete_invitations(&mut transaction, id).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Removes a user's password on behalf of an administrator, so that nobody can sign in as this
    /// user until a new one is set. Returns the user's ID; `None` if there is no user with this
    /// name. Sessions and invitations end as in [`Database::set_password`].
    ///
    /// # Errors
    /// See [`Database::set_role`].
    pub async fn block_user(
        &self,
        actor: Actor,
        username: &str,
    ) -> Result<Option<UserId>, WriteError> {
        self.replace_password(Some(actor), username, None).await
    }

    /// Adds a user and returns their ID; `None` if the user name is taken.
    pub async fn add_user(
        &self,
        username: &str,
        name: &str,
        role: Role,
        password_hash: Option<&str>,
        now: Millis,
    ) -> sqlx::Result<Option<UserId>> {
        let sql = "INSERT INTO users (username, name, role, password_hash, created_at) VALUES (?, ?, ?, ?, ?)";
        let inserted = on_writer!(self, pool => {
            let user = sqlx::query(sql).bind(username).bind(name).bind(role.as_str()).bind(password_hash).bind(now);
            user.execute(pool).await.map(|result| UserId(result.inserted_id()))
        });
        match inserted {
            Ok(id) => Ok(Some(id)),
            Err(error) if is_taken(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether there is a user with a password.
    pub async fn can_anybody_sign_in(&self) -> sqlx::Result<bool> {
        let sql = "SELECT id FROM users WHERE password_hash IS NOT NULL LIMIT 1";
        let found: Option<UserId> =
            on_reader!(self, pool => sqlx::query_scalar(sql).fetch_optional(pool).await?);
        Ok(found.is_some())
    }

    /// Adds the first user who can sign in and returns their ID; `None` if there is one already. A
    /// user of this name who can't sign in, because an import brought them, becomes that user.
    pub async fn add_first_user(
        &self,
        user: NewUser<'_>,
        is_like: IsLike<'_>,
        now: Millis,
    ) -> sqlx::Result<Option<Result<UserId, Taken>>> {
        let count = "SELECT count(*) FROM users WHERE password_hash IS NOT NULL";
        let claim = "UPDATE users SET name = ?, role = ?, password_hash = ?, credential = credential + 1 WHERE id = ?";
        let mut transaction = self.begin_content().await?;
        let others: i64 = on_connection!(&mut *transaction, connection => {
            sqlx::query_scalar(count).fetch_one(connection).await?
        });
        if others > 0 {
            return Ok(None);
        }
        let known = id_of(&mut transaction, user.username).await?;
        if is_like_another(&mut transaction, is_like, known).await? {
            return Ok(Some(Err(Taken::Name)));
        }
        let id = match known {
            Some(id) => {
                on_connection!(&mut *transaction, connection => {
                    let query = sqlx::query(claim).bind(user.name).bind(user.role.as_str());
                    query.bind(user.password_hash).bind(id).execute(connection).await?;
                });
                id
            }
            None => match insert(&mut transaction, user, now).await? {
                Some(id) => id,
                None => return Ok(Some(Err(Taken::Username))),
            },
        };
        transaction.commit().await?;
        Ok(Some(Ok(id)))
    }

    /// Like [`Database::add_user`], on behalf of an administrator.
    ///
    /// # Errors
    /// [`WriteError`]
    pub async fn add_user_for(
        &self,
        actor: Actor,
        username: &str,
        name: &str,
        role: Role,
        password_hash: &str,
        now: Millis,
    ) -> Result<Option<UserId>, WriteError> {
        let mut transaction = self.begin().await?;
        lock_actor(&mut transaction, actor).await?;
        let id =
            insert(&mut transaction, NewUser { username, name, role, password_hash }, now).await?;
        if id.is_some() {
            transaction.commit().await?;
        }
        Ok(id)
    }

    /// Sets a user's password on behalf of the operator. Returns the user's ID; `None` if there is
    /// no such user.
    ///
    /// Shuts out anyone with a stolen session: the new credential number invalidates all sessions,
    /// and the user's invitations are deleted. The caller deletes the sessions from their store.
    pub async fn set_password(
        &self,
        username: &str,
        password_hash: &str,
    ) -> sqlx::Result<Option<UserId>> {
        match self.replace_password(None, username, Some(password_hash)).await {
            Ok(id) => Ok(id),
            Err(WriteError::Database(error)) => Err(error),
            // Can't happen: these concern actors, and there is none here.
            Err(WriteError::SignedOut | WriteError::Demoted) => Ok(None),
        }
    }

    /// Like [`Database::set_password`], on behalf of an administrator.
    ///
    /// # Errors
    /// [`WriteError`]
    pub async fn reset_password(
        &self,
        actor: Actor,
        username: &str,
        password_hash: &str,
    ) -> Result<Option<UserId>, WriteError> {
        self.replace_password(Some(actor), username, Some(password_hash)).await
    }

    /// Changes the actor's own password, with the same effects as [`Database::set_password`].
    /// Returns the new credential number.
    ///
    /// # Errors
    /// [`WriteError`]. If someone else changed or removed the password in the meantime, it is
    /// [`WriteError::SignedOut`], and their change stays.
    pub async fn change_password(
        &self,
        actor: Actor,
        password_hash: &str,
    ) -> Result<i64, WriteError> {
        let mut transaction = self.begin().await?;
        lock_actor(&mut transaction, actor).await?;
        renew_credential(&mut transaction, actor.id, Some(password_hash)).await?;
        transaction.commit().await?;
        Ok(actor.credential + 1)
    }

    async fn replace_password(
        &self,
        actor: Option<Actor>,
        username: &str,
        password_hash: Option<&str>,
    ) -> Result<Option<UserId>, WriteError> {
        let mut transaction = self.begin().await?;
        if let Some(actor) = actor {
            lock_actor(&mut transaction, actor).await?;
        }
        let Some(id) = id_of(&mut transaction, username).await? else { return Ok(None) };
        renew_credential(&mut transaction, id, password_hash).await?;
        transaction.commit().await?;
        Ok(Some(id))
    }
}

/// Commits a change of what a user shows of themselves. No page shows those who only read. So a
/// reader who keeps changing their name must not invalidate cached pages.
async fn commit_shown(mut transaction: ContentTransaction, user: UserId) -> sqlx::Result<()> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM users WHERE id = ? AND {WRITES}"));
    let writers: i64 = on_connection!(&mut *transaction, connection => {
        sqlx::query_scalar(sql).bind(user).fetch_one(connection).await?
    });
    if writers == 0 { transaction.commit_unseen().await } else { transaction.commit().await }
}

/// Adds a user and returns their ID; `None` if the user name is taken.
pub(super) async fn insert(
    transaction: &mut Transaction,
    NewUser { username, name, role, password_hash }: NewUser<'_>,
    now: Millis,
) -> sqlx::Result<Option<UserId>> {
    let sql = "INSERT INTO users (username, name, role, password_hash, created_at) VALUES (?, ?, ?, ?, ?)";
    let inserted = on_connection!(transaction, connection => {
        let user = sqlx::query(sql).bind(username).bind(name).bind(role.as_str()).bind(password_hash).bind(now);
        user.execute(connection).await.map(|result| UserId(result.inserted_id()))
    });
    match inserted {
        Ok(id) => Ok(Some(id)),
        Err(error) if is_taken(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether `is_like` holds for a user who writes here, other than `user`. The answer stays valid
/// until the transaction ends.
pub(super) async fn is_like_another(
    transaction: &mut Transaction,
    is_like: IsLike<'_>,
    user: Option<UserId>,
) -> sqlx::Result<bool> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM users WHERE {WRITES}"));
    let writers: Vec<User> = on_connection!(transaction, connection => {
        sqlx::query_as(sql).fetch_all(connection).await?
    });
    Ok(writers.iter().any(|writer| Some(writer.id) != user && is_like(writer)))
}

async fn id_of(transaction: &mut Transaction, username: &str) -> sqlx::Result<Option<UserId>> {
    let sql = "SELECT id FROM users WHERE username = ?";
    on_connection!(transaction, connection => sqlx::query_scalar(sql).bind(username).fetch_optional(connection).await)
}

/// Sets or removes a user's password, and invalidates the sessions and invitations made under the
/// old one.
async fn renew_credential(
    transaction: &mut Transaction,
    id: UserId,
    password_hash: Option<&str>,
) -> sqlx::Result<()> {
    let sql = "UPDATE users SET password_hash = ?, credential = credential + 1 WHERE id = ?";
    on_connection!(&mut *transaction, connection => {
        sqlx::query(sql).bind(password_hash).bind(id).execute(connection).await?;
    });
    delete_invitations(transaction, id).await
}

/// Deletes the invitations that a user made.
async fn delete_invitations(transaction: &mut Transaction, id: UserId) -> sqlx::Result<()> {
    let sql = "DELETE FROM invitations WHERE user_id = ?";
    on_connection!(transaction, connection => sqlx::query(sql).bind(id).execute(connection).await.map(drop))
}
