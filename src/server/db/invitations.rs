//! Invitations to sign up.

use sqlx::{AssertSqlSafe, FromRow};
use tidemark_counting::UserId;
use tidemark_store::clock::Millis;

use super::actor::{Actor, Role, WriteError, lock_actor};
use super::users::{self, IsLike, NewUser, Taken};
use super::{Database, on_connection, on_reader, on_writer};

/// A valid invitation.
#[derive(Clone, Debug, FromRow)]
pub struct Invitation {
    /// A hash of the token. Whoever has the token can use the invitation.
    pub token_hash: String,
    /// The role that the new user gets.
    #[sqlx(try_from = "String")]
    pub role: Role,
    /// The name of the user who made it.
    pub inviter: String,
    /// When it expires, in milliseconds since 1970.
    pub expires_at: Millis,
}

/// The valid invitations: unexpired, and made by an administrator who can still sign in. The
/// placeholder is the time.
const GOOD: &str = "invitations JOIN users ON users.id = invitations.user_id
     WHERE users.role = 'admin' AND users.password_hash IS NOT NULL AND invitations.expires_at > ?";

/// Why somebody could not sign up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSignedUp {
    /// The invitation is not valid or does not grant this role: it has just been used, or its maker
    /// may no longer invite anyone.
    Invitation,
    /// One of the names is not available.
    Taken(Taken),
}

impl Database {
    /// Adds an invitation.
    ///
    /// # Errors
    /// [`WriteError`]
    pub async fn add_invitation(
        &self,
        token_hash: &str,
        role: Role,
        inviter: Actor,
        now: Millis,
        expires_at: Millis,
    ) -> Result<(), WriteError> {
        let sql = "INSERT INTO invitations (token_hash, role, user_id, created_at, expires_at) VALUES (?, ?, ?, ?, ?)";
        let mut transaction = self.begin().await?;
        lock_actor(&mut transaction, inviter).await?;
        on_connection!(&mut transaction, connection => {
            let query = sqlx::query(sql).bind(token_hash).bind(role.as_str()).bind(inviter.id).bind(now);
            query.bind(expires_at).execute(connection).await?;
        });
        Ok(transaction.commit().await?)
    }

    /// Returns the invitations that are valid at `now`, newest first.
    pub async fn invitations(&self, now: Millis) -> sqlx::Result<Vec<Invitation>> {
        let sql = AssertSqlSafe(format!(
            "SELECT invitations.token_hash, invitations.role, users.name AS inviter, invitations.expires_at FROM {GOOD}
             ORDER BY invitations.created_at DESC, invitations.token_hash"
        ));
        on_reader!(self, pool => sqlx::query_as(sql).bind(now).fetch_all(pool).await)
    }

    /// Returns the role that an invitation grants; `None` if it is not valid at `now`.
    pub async fn role_of_invitation(
        &self,
        token_hash: &str,
        now: Millis,
    ) -> sqlx::Result<Option<Role>> {
        let sql = AssertSqlSafe(format!(
            "SELECT invitations.role FROM {GOOD} AND invitations.token_hash = ?"
        ));
        let role: Option<String> = on_reader!(self, pool => {
            sqlx::query_scalar(sql).bind(now).bind(token_hash).fetch_optional(pool).await?
        });
        role.map(|role| Role::try_from(role).map_err(|error| sqlx::Error::Decode(error.into())))
            .transpose()
    }

    /// Revokes an invitation on behalf of an administrator.
    ///
    /// # Errors
    /// [`WriteError`]
    pub async fn delete_invitation(
        &self,
        actor: Actor,
        token_hash: &str,
    ) -> Result<(), WriteError> {
        let sql = "DELETE FROM invitations WHERE token_hash = ?";
        let mut transaction = self.begin().await?;
        lock_actor(&mut transaction, actor).await?;
        on_connection!(&mut transaction, connection => {
            sqlx::query(sql).bind(token_hash).execute(connection).await?;
        });
        Ok(transaction.commit().await?)
    }

    /// Deletes the invitations that expired by `now`. Returns how many.
    pub async fn prune_invitations(&self, now: Millis) -> sqlx::Result<u64> {
        let sql = "DELETE FROM invitations WHERE expires_at <= ?";
        on_writer!(self, pool => sqlx::query(sql).bind(now).execute(pool).await.map(|done| done.rows_affected()))
    }

    /// Adds a user who signs up, and deletes the invitation used for it, if any. If a name is
    /// taken, or `is_like` holds for somebody who writes here, the invitation stays valid.
    ///
    /// # Errors
    /// Database errors. The inner result says why nobody was added.
    pub async fn sign_up(
        &self,
        user: NewUser<'_>,
        is_like: IsLike<'_>,
        token_hash: Option<&str>,
        now: Millis,
    ) -> sqlx::Result<Result<UserId, NotSignedUp>> {
        let mut transaction = self.begin().await?;
        if let Some(token_hash) = token_hash {
            let select = AssertSqlSafe(format!(
                "SELECT count(*) FROM {GOOD} AND invitations.token_hash = ? AND invitations.role = ?"
            ));
            let delete = "DELETE FROM invitations WHERE token_hash = ?";
            on_connection!(&mut transaction, connection => {
                let good = sqlx::query_scalar(select).bind(now).bind(token_hash).bind(user.role.as_str());
                let good: i64 = good.fetch_one(&mut *connection).await?;
                let deleted = sqlx::query(delete).bind(token_hash).execute(connection).await?.rows_affected();
                if good == 0 || deleted == 0 {
                    return Ok(Err(NotSignedUp::Invitation));
                }
            });
        }
        if users::is_like_another(&mut transaction, is_like, None).await? {
            return Ok(Err(NotSignedUp::Taken(Taken::Name)));
        }
        let Some(id) = users::insert(&mut transaction, user, now).await? else {
            return Ok(Err(NotSignedUp::Taken(Taken::Username)));
        };
        transaction.commit().await?;
        Ok(Ok(id))
    }
}
