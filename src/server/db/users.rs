//! Users.

use sqlx::FromRow;

use super::{Database, InsertedId, SqliteDatabase, is_taken};
use crate::model::page::Page;

/// What a user may do; each role may all that those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Reads.
    Reader,
    /// Writes articles.
    Author,
    /// Everything.
    Admin,
}

// Not derived: see `articles::Status`.
impl Role {
    /// All of them, the least first.
    pub const ALL: [Role; 3] = [Role::Reader, Role::Author, Role::Admin];

    /// Its name in the database, in forms and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Reader => "reader",
            Role::Author => "author",
            Role::Admin => "admin",
        }
    }
}

impl Role {
    /// As a sentence has it: "an author".
    pub fn with_article(self) -> &'static str {
        match self {
            Role::Reader => "a reader",
            Role::Author => "an author",
            Role::Admin => "an administrator",
        }
    }
}

impl TryFrom<String> for Role {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let known = Role::ALL.into_iter().find(|role| role.as_str() == text);
        known.ok_or_else(|| format!("{text:?} is no role of a user"))
    }
}

/// A user.
#[derive(Clone, Debug, FromRow)]
pub struct User {
    /// The user's number.
    pub id: i64,
    /// The name to sign in with, and in the address of the author's page.
    pub username: String,
    /// The name in bylines.
    pub name: String,
    /// What the user may do.
    #[sqlx(try_from = "String")]
    pub role: Role,
    /// A PHC string; `None` if nobody can sign in as this user.
    pub password_hash: Option<String>,
}

const COLUMNS: &str = "id, username, name, role, password_hash";

impl Database {
    /// The user of that number.
    pub async fn user(&self, id: i64) -> sqlx::Result<Option<User>> {
        let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM users WHERE id = ?"));
        on_reader!(self, pool => sqlx::query_as(sql).bind(id).fetch_optional(pool).await)
    }

    /// The user who signs in with that name.
    pub async fn user_by_username(&self, username: &str) -> sqlx::Result<Option<User>> {
        let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM users WHERE username = ?"));
        on_reader!(self, pool => sqlx::query_as(sql).bind(username).fetch_optional(pool).await)
    }

    /// A page of all users, by user name.
    pub async fn users(&self, page: i64, per_page: i64) -> sqlx::Result<Page<User>> {
        let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM users ORDER BY username LIMIT ? OFFSET ?"));
        let offset = (page - 1).saturating_mul(per_page).max(0);
        let (total, users) = on_reader!(self, pool => {
            let total: i64 = sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(pool).await?;
            (total, sqlx::query_as(sql).bind(per_page).bind(offset).fetch_all(pool).await?)
        });
        Ok(Page::new(users, page, per_page, total))
    }

    /// Gives a user another name in bylines.
    pub async fn rename_user(&self, id: i64, name: &str) -> sqlx::Result<()> {
        let sql = "UPDATE users SET name = ? WHERE id = ?";
        let mut transaction = self.begin_content().await?;
        on_connection!(&mut *transaction, connection => {
            sqlx::query(sql).bind(name).bind(id).execute(connection).await?;
        });
        transaction.commit().await
    }

    /// Gives a user another role; false if there is no such user.
    pub async fn set_role(&self, username: &str, role: Role) -> sqlx::Result<bool> {
        if self.user_by_username(username).await?.is_none() {
            return Ok(false);
        }
        let sql = "UPDATE users SET role = ? WHERE username = ?";
        on_writer!(self, pool => sqlx::query(sql).bind(role.as_str()).bind(username).execute(pool).await.map(|_| true))
    }

    /// Takes a user's password away, so that nobody can sign in as this user until there is a new one.
    pub async fn remove_password(&self, id: i64) -> sqlx::Result<()> {
        let sql = "UPDATE users SET password_hash = NULL WHERE id = ?";
        on_writer!(self, pool => sqlx::query(sql).bind(id).execute(pool).await.map(drop))
    }

    /// Adds a user; `None` if the name is taken.
    pub async fn add_user(
        &self,
        username: &str,
        name: &str,
        role: Role,
        password_hash: Option<&str>,
        now: i64,
    ) -> sqlx::Result<Option<i64>> {
        let sql = "INSERT INTO users (username, name, role, password_hash, created_at) VALUES (?, ?, ?, ?, ?)";
        let inserted = on_writer!(self, pool => {
            let user = sqlx::query(sql).bind(username).bind(name).bind(role.as_str()).bind(password_hash).bind(now);
            user.execute(pool).await.map(|result| result.inserted_id())
        });
        match inserted {
            Ok(id) => Ok(Some(id)),
            Err(error) if is_taken(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sets a user's password and says which user that is; `None` if there is no such user.
    ///
    /// Whoever stole a session must be out now. SQLite has the sessions, and they end in the same transaction; in the server
    /// profile the caller ends them.
    pub async fn set_password(&self, username: &str, password_hash: &str) -> sqlx::Result<Option<i64>> {
        match self {
            Database::Sqlite(database) => set_password_and_end_sessions(database, username, password_hash).await,
            Database::MySql(database) => {
                // Two steps, because the statement does not say whom it changed; a user's number and name stay as they are.
                let id = sqlx::query_scalar("SELECT id FROM users WHERE username = ?")
                    .bind(username)
                    .fetch_optional(database.pool())
                    .await?;
                sqlx::query("UPDATE users SET password_hash = ? WHERE id = ?")
                    .bind(password_hash)
                    .bind(id)
                    .execute(database.pool())
                    .await?;
                Ok(id)
            }
        }
    }
}

async fn set_password_and_end_sessions(
    database: &SqliteDatabase,
    username: &str,
    password_hash: &str,
) -> sqlx::Result<Option<i64>> {
    let mut transaction = database.begin().await?;
    let id: Option<i64> = sqlx::query_scalar("UPDATE users SET password_hash = ? WHERE username = ? RETURNING id")
        .bind(password_hash)
        .bind(username)
        .fetch_optional(&mut *transaction)
        .await?;
    sqlx::query("DELETE FROM sessions WHERE data ->> '$.data.user_id' = ?").bind(id).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(id)
}
