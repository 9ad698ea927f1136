//! Users.

use sqlx::FromRow;

use super::Database;

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(rename_all = "lowercase")]
pub enum Role {
    /// Reads.
    Reader,
    /// Writes articles.
    Author,
    /// Everything.
    Admin,
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
    pub role: Role,
    /// A PHC string; `None` if nobody can sign in as this user.
    pub password_hash: Option<String>,
}

const COLUMNS: &str = "id, username, name, role, password_hash";

impl Database {
    /// The user of that number.
    pub async fn user(&self, id: i64) -> sqlx::Result<Option<User>> {
        let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM users WHERE id = ?"));
        sqlx::query_as(sql).bind(id).fetch_optional(self.reader()).await
    }

    /// The user who signs in with that name.
    pub async fn user_by_username(&self, username: &str) -> sqlx::Result<Option<User>> {
        let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM users WHERE username = ?"));
        sqlx::query_as(sql).bind(username).fetch_optional(self.reader()).await
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
        sqlx::query_scalar(
            "INSERT INTO users (username, name, role, password_hash, created_at) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (username) DO NOTHING RETURNING id",
        )
        .bind(username)
        .bind(name)
        .bind(role)
        .bind(password_hash)
        .bind(now)
        .fetch_optional(self.writer())
        .await
    }

    /// Sets a user's password and ends all sessions of that user: whoever stole one is out. False if there is no such user.
    pub async fn set_password(&self, username: &str, password_hash: &str) -> sqlx::Result<bool> {
        let mut transaction = self.begin().await?;
        let id: Option<i64> = sqlx::query_scalar("UPDATE users SET password_hash = ? WHERE username = ? RETURNING id")
            .bind(password_hash)
            .bind(username)
            .fetch_optional(&mut *transaction)
            .await?;
        sqlx::query("DELETE FROM sessions WHERE data ->> '$.data.user_id' = ?")
            .bind(id)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(id.is_some())
    }
}
