//! The user on whose behalf something is written, and that user's role.

use tidemark_counting::UserId;

use super::{Dialect, Transaction, on_connection};
use crate::error::Error;
use crate::message::Message;
use crate::model::language::Language;

/// What a user may do. Each role includes the permissions of the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Reads, likes, collects and follows.
    Reader,
    /// Writes articles.
    Author,
    /// May do everything.
    Admin,
}

// No derive: see `articles::Status`.
impl Role {
    /// All roles, lowest first.
    pub const ALL: [Role; 3] = [Role::Reader, Role::Author, Role::Admin];

    /// The role's name in the database, in forms and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Reader => "reader",
            Role::Author => "author",
            Role::Admin => "admin",
        }
    }
}

impl Language {
    /// The name of a role.
    pub fn role(self, role: Role) -> String {
        self.text(match role {
            Role::Reader => "role-reader",
            Role::Author => "role-author",
            Role::Admin => "role-admin",
        })
    }

    /// A role in a sentence: `an author`.
    pub fn role_in_sentence(self, role: Role) -> String {
        self.text(match role {
            Role::Reader => "a-reader",
            Role::Author => "an-author",
            Role::Admin => "an-administrator",
        })
    }
}

impl TryFrom<String> for Role {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let known = Role::ALL.into_iter().find(|role| role.as_str() == text);
        known.ok_or_else(|| format!("{text:?} is not a role"))
    }
}

/// The user on whose behalf something is written, as authorized when the request arrived. The user
/// may be blocked or demoted while the request is being processed, so each write checks the actor
/// again in its own transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor {
    /// User ID.
    pub id: UserId,
    /// The user's credential number when the request arrived.
    pub credential: i64,
    /// The user's role when the request arrived.
    pub role: Role,
}

/// Why a write on behalf of an actor failed. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The actor's password was changed, reset or removed in the meantime.
    #[error("the user's credential is another one by now")]
    SignedOut,
    /// The actor's role was lowered in the meantime.
    #[error("the user's role does not reach so far any more")]
    Demoted,
    /// A database error.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// A user who lost the right to write is told why; other errors convert like database errors.
impl From<WriteError> for Error {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::SignedOut => Error::Unauthorized,
            WriteError::Demoted => Error::Forbidden(Message::text("error-role-changed")),
            WriteError::Database(error) => error.into(),
        }
    }
}

/// Checks that the actor still has the credential and role that the request was authorized with,
/// and keeps both from changing until the transaction ends.
///
/// # Errors
/// [`WriteError`]
pub(super) async fn lock_actor(
    transaction: &mut Transaction,
    actor: Actor,
) -> Result<(), WriteError> {
    let sql = match transaction.dialect() {
        Dialect::Sqlite => "SELECT credential, role FROM users WHERE id = ?",
        // The shared lock lasts until this transaction ends. Not `FOR SHARE`, which MariaDB doesn't
        // have.
        Dialect::MySql => "SELECT credential, role FROM users WHERE id = ? LOCK IN SHARE MODE",
    };
    let found: Option<(i64, String)> = on_connection!(transaction, connection => {
        sqlx::query_as(sql).bind(actor.id).fetch_optional(connection).await?
    });
    let Some((credential, role)) = found else { return Err(WriteError::SignedOut) };
    if credential != actor.credential {
        return Err(WriteError::SignedOut);
    }
    if Role::try_from(role).is_ok_and(|role| role >= actor.role) {
        Ok(())
    } else {
        Err(WriteError::Demoted)
    }
}
