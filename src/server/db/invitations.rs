//! Invitations to make an account.

use sqlx::FromRow;

use super::users::Role;
use super::{Database, InsertedId, is_taken};

/// An invitation that is still good.
#[derive(Clone, Debug, FromRow)]
pub struct Invitation {
    /// A hash of the token; whoever has the token has the invitation.
    pub token_hash: String,
    /// What its user will be.
    #[sqlx(try_from = "String")]
    pub role: Role,
    /// Who invites.
    pub inviter: String,
    /// Until when, in milliseconds since 1970.
    pub expires_at: i64,
}

impl Database {
    /// Adds an invitation.
    pub async fn add_invitation(
        &self,
        token_hash: &str,
        role: Role,
        inviter: i64,
        now: i64,
        expires_at: i64,
    ) -> sqlx::Result<()> {
        let sql = "INSERT INTO invitations (token_hash, role, user_id, created_at, expires_at) VALUES (?, ?, ?, ?, ?)";
        on_writer!(self, pool => {
            let query = sqlx::query(sql).bind(token_hash).bind(role.as_str()).bind(inviter).bind(now).bind(expires_at);
            query.execute(pool).await.map(drop)
        })
    }

    /// The invitations that are good at `now`, the latest first.
    pub async fn invitations(&self, now: i64) -> sqlx::Result<Vec<Invitation>> {
        let sql = "SELECT invitations.token_hash, invitations.role, users.name AS inviter, invitations.expires_at
             FROM invitations JOIN users ON users.id = invitations.user_id
             WHERE invitations.expires_at > ? ORDER BY invitations.created_at DESC, invitations.token_hash";
        on_reader!(self, pool => sqlx::query_as(sql).bind(now).fetch_all(pool).await)
    }

    /// The role that an invitation gives; `None` if it is not good at `now`.
    pub async fn role_of_invitation(&self, token_hash: &str, now: i64) -> sqlx::Result<Option<Role>> {
        let sql = "SELECT role FROM invitations WHERE token_hash = ? AND expires_at > ?";
        let role: Option<String> = on_reader!(self, pool => {
            sqlx::query_scalar(sql).bind(token_hash).bind(now).fetch_optional(pool).await?
        });
        role.map(|role| Role::try_from(role).map_err(|error| sqlx::Error::Decode(error.into()))).transpose()
    }

    /// Takes an invitation back.
    pub async fn delete_invitation(&self, token_hash: &str) -> sqlx::Result<()> {
        let sql = "DELETE FROM invitations WHERE token_hash = ?";
        on_writer!(self, pool => sqlx::query(sql).bind(token_hash).execute(pool).await.map(drop))
    }

    /// Deletes the invitations that ended by `now`.
    pub async fn prune_invitations(&self, now: i64) -> sqlx::Result<u64> {
        let sql = "DELETE FROM invitations WHERE expires_at <= ?";
        on_writer!(self, pool => sqlx::query(sql).bind(now).execute(pool).await.map(|done| done.rows_affected()))
    }

    /// Adds a user who signs up, and uses the invitation up with it if there is one. `None` if the name is taken; then the invitation
    /// is still good.
    ///
    /// # Errors
    /// [`sqlx::Error::RowNotFound`] if somebody else has just used the invitation.
    pub async fn sign_up(
        &self,
        username: &str,
        name: &str,
        role: Role,
        password_hash: &str,
        token_hash: Option<&str>,
        now: i64,
    ) -> sqlx::Result<Option<i64>> {
        let mut transaction = self.begin().await?;
        let insert = "INSERT INTO users (username, name, role, password_hash, created_at) VALUES (?, ?, ?, ?, ?)";
        let delete = "DELETE FROM invitations WHERE token_hash = ?";
        let id = on_connection!(&mut transaction, connection => {
            if let Some(token_hash) = token_hash
                && sqlx::query(delete).bind(token_hash).execute(&mut *connection).await?.rows_affected() == 0
            {
                return Err(sqlx::Error::RowNotFound);
            }
            let user = sqlx::query(insert).bind(username).bind(name).bind(role.as_str()).bind(password_hash).bind(now);
            match user.execute(connection).await {
                Ok(result) => result.inserted_id(),
                Err(error) if is_taken(&error) => return Ok(None),
                Err(error) => return Err(error),
            }
        });
        transaction.commit().await?;
        Ok(Some(id))
    }
}
