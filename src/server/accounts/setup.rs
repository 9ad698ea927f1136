//! The first start: whoever reads the server's terminal makes the administrator.

use std::sync::{Arc, Mutex, PoisonError};

use super::Accounts;
use super::line::Who;
use super::names::is_like;
use super::sign_up::{NewAccount, SignedUp, name_of, refused};
use super::throttle::Sender;
use crate::error::Error;
use crate::message::Message;
use crate::server::db::actor::Role;
use crate::server::db::users::{NewUser, User};

/// The hash of the token with which the administrator is made. Empty once somebody can sign in, and
/// in processes that don't serve.
///
/// Comparing two hashes takes the same time wherever they differ.
#[derive(Clone, Debug, Default)]
pub(super) struct SetupToken(Arc<Mutex<Option<blake3::Hash>>>);

impl SetupToken {
    fn get(&self) -> Option<blake3::Hash> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, hash: Option<blake3::Hash>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = hash;
    }
}

impl Accounts {
    /// Opens the setup if nobody can sign in yet, and returns its token: 128 random bits in 32 hex
    /// digits, of which only a hash is kept. Each process has its own.
    ///
    /// # Errors
    /// Database errors.
    pub async fn open_setup(&self) -> Result<Option<String>, Error> {
        if self.database.can_anybody_sign_in().await? {
            return Ok(None);
        }
        let token = format!("{:032x}", rand::random::<u128>());
        self.setup.set(Some(blake3::hash(token.as_bytes())));
        Ok(Some(token))
    }

    /// Whether the administrator can be made now. Costs nothing once somebody can sign in.
    ///
    /// # Errors
    /// Database errors.
    pub async fn is_setup_open(&self) -> Result<bool, Error> {
        if self.setup.get().is_none() {
            return Ok(false);
        }
        if self.database.can_anybody_sign_in().await? {
            self.setup.set(None);
            return Ok(false);
        }
        Ok(true)
    }

    /// Makes the administrator. A user who came with an import, and can't sign in, becomes the
    /// administrator if the account has that user's name. Only wrong tokens count against the
    /// address that they come from.
    ///
    /// # Errors
    /// [`Error::NotFound`] once somebody can sign in; [`Error::Unavailable`] if the queue for
    /// hashing is full, or Redis is unreachable; database errors.
    pub async fn set_up(
        &self,
        token: &str,
        account: NewAccount,
        sender: &Sender,
    ) -> Result<SignedUp, Error> {
        if !self.is_setup_open().await? {
            return Err(no_setup());
        }
        let admitted = match self.admit(sender.as_address()).await? {
            Ok(admitted) => admitted,
            Err(seconds) => return Ok(SignedUp::TooMany(seconds)),
        };
        let sent = blake3::hash(token.as_bytes());
        if !self.setup.get().is_some_and(|hash| hash == sent) {
            let address = format!("{:016x}", sender.log_name());
            tracing::warn!(address, "a setup with a wrong token was refused");
            return Ok(SignedUp::Refused(vec![("token", wrong_token())]));
        }
        self.succeeded(&admitted).await?;
        let name = name_of(&account);
        let username = account.username.clone();
        let looks = is_like(&name);
        let is_like = |user: &User| user.username != username && looks(user);
        let hash = match self.hash_of(Who::Known, account, &is_like).await? {
            Ok(hash) => hash,
            Err(errors) => return Ok(SignedUp::Refused(errors)),
        };
        let user =
            NewUser { username: &username, name: &name, role: Role::Admin, password_hash: &hash };
        match self.database.add_first_user(user, &is_like, self.clock.now()).await? {
            None => Err(no_setup()),
            Some(Ok(id)) => {
                self.setup.set(None);
                tracing::info!(user = id.0, "the administrator was made");
                Ok(SignedUp::User(id))
            }
            Some(Err(reason)) => Ok(SignedUp::Refused(refused(reason, &username))),
        }
    }
}

/// The answer once somebody can sign in.
pub fn no_setup() -> Error {
    Error::NotFound(Message::text("setup-is-done"))
}

fn wrong_token() -> Message {
    Message::text("wrong-setup-token")
}
