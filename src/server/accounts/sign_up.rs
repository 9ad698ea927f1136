//! Signing up: open to everyone, by invitation, or closed, so that only administrators add
//! accounts.

use tidemark_counting::UserId;

use super::line::Who;
use super::names::{check_name, check_username, is_like, name_taken, quotable};
use super::passwords::{check_length, random_password};
use super::throttle::Sender;
use super::{Accounts, FieldErrors};
use crate::error::Error;
use crate::message::Message;
use crate::server::config::SignUp;
use crate::server::db::actor::{Actor, Role};
use crate::server::db::invitations::{Invitation, NotSignedUp};
use crate::server::db::users::{IsLike, NewUser, Taken};

/// How long an invitation is valid, in milliseconds.
pub const INVITATION_LASTS: i64 = 7 * 24 * 60 * 60 * 1000;

/// An account to be created.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// The name to sign in with.
    pub username: String,
    /// The name in bylines. If it is empty, the user name is used.
    pub name: String,
    /// The password in plain text.
    pub password: String,
}

/// The outcome of an attempt to sign up.
#[derive(Debug)]
pub enum SignedUp {
    /// The ID of the new user.
    User(UserId),
    /// What is wrong with the form.
    Refused(FieldErrors),
    /// Throttled after too many attempts from this address. The value is the wait in seconds.
    TooMany(i64),
}

impl Accounts {
    /// Creates an account for somebody who signs up, which uses up the invitation. Every attempt
    /// counts against the address that it comes from.
    ///
    /// # Errors
    /// [`Error::NotFound`] if signing up is closed; [`Error::Forbidden`] for an invitation that is
    /// unknown, used or expired; [`Error::Unavailable`] if the queue for hashing is full, or Redis
    /// is unreachable; database errors.
    pub async fn sign_up(
        &self,
        who_may: SignUp,
        invitation: &str,
        account: NewAccount,
        sender: &Sender,
    ) -> Result<SignedUp, Error> {
        self.role_of_sign_up(who_may, invitation).await?;
        let admitted = match self.admit(sender.as_address()).await? {
            Ok(admitted) => admitted,
            Err(seconds) => return Ok(SignedUp::TooMany(seconds)),
        };
        let who = Who::Stranger(sender.network());
        let made = self
            .unless_untried(&admitted, self.try_to_sign_up(who_may, invitation, account, who))
            .await?;
        Ok(made.map_or_else(SignedUp::Refused, SignedUp::User))
    }

    async fn try_to_sign_up(
        &self,
        who_may: SignUp,
        invitation: &str,
        account: NewAccount,
        who: Who,
    ) -> Result<Result<UserId, FieldErrors>, Error> {
        let now = self.clock.now();
        let role = self.role_of_sign_up(who_may, invitation).await?;
        let (username, name) = (account.username.clone(), name_of(&account));
        let is_like = is_like(&name);
        let hash = match self.hash_of(who, account, &is_like).await? {
            Ok(hash) => hash,
            Err(errors) => return Ok(Err(errors)),
        };
        let token = (who_may == SignUp::Invite).then(|| hash_of_token(invitation));
        let user = NewUser { username: &username, name: &name, role, password_hash: &hash };
        match self.database.sign_up(user, &is_like, token.as_deref(), now).await? {
            Ok(id) => Ok(Ok(id)),
            Err(NotSignedUp::Invitation) => Err(no_invitation()),
            Err(NotSignedUp::Taken(taken)) => Ok(Err(refused(taken, &username))),
        }
    }

    /// Validates an account and returns the hash of its password, or all that is wrong with it.
    /// `is_like` says whose name readers could mistake the new one for.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the queue for hashing is full; database errors.
    pub(super) async fn hash_of(
        &self,
        who: Who,
        account: NewAccount,
        is_like: IsLike<'_>,
    ) -> Result<Result<String, FieldErrors>, Error> {
        let mut errors = check(&account);
        // Rating takes a core for a moment, and it needs valid names to compare the password with.
        let password = match check_length(&account.password) {
            Ok(()) if errors.is_empty() => {
                self.judge(who, &account.password, &[&account.username, &account.name]).await?
            }
            length => length,
        };
        // Checked again in the transaction that adds the user. Refusing it now saves a hash, and
        // lets the form show all its errors at once.
        if errors.is_empty() && self.database.writers().await?.iter().any(is_like) {
            errors.push(("name", name_taken()));
        }
        errors.extend(password.err().map(|error| ("new_password", error)));
        if !errors.is_empty() {
            return Ok(Err(errors));
        }
        Ok(Ok(self.hash(who, account.password).await?))
    }

    /// Returns the role of somebody who signs up now.
    ///
    /// # Errors
    /// [`Error::NotFound`] and [`Error::Forbidden`] as for [`Accounts::sign_up`]; database errors.
    pub async fn role_of_sign_up(&self, who_may: SignUp, invitation: &str) -> Result<Role, Error> {
        match who_may {
            SignUp::Closed => Err(Error::NotFound(Message::text("sign-up-closed"))),
            SignUp::Open => Ok(Role::Reader),
            SignUp::Invite => {
                let role = self
                    .database
                    .role_of_invitation(&hash_of_token(invitation), self.clock.now())
                    .await?;
                role.ok_or_else(no_invitation)
            }
        }
    }

    /// Creates an account on behalf of an administrator, and returns its random password.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] and [`Error::Forbidden`] if the administrator was signed out or
    /// demoted in the meantime; [`Error::Unavailable`] if the queue for hashing is full; database
    /// errors.
    pub async fn add(
        &self,
        admin: Actor,
        username: &str,
        name: &str,
        role: Role,
    ) -> Result<Result<String, FieldErrors>, Error> {
        let password = random_password();
        let account = NewAccount {
            username: username.to_owned(),
            name: name.to_owned(),
            password: password.clone(),
        };
        let errors = check(&account);
        if !errors.is_empty() {
            return Ok(Err(errors));
        }
        let hash = self.hash(Who::Known, password.clone()).await?;
        let now = self.clock.now();
        let id = self
            .database
            .add_user_for(admin, username, &name_of(&account), role, &hash, now)
            .await?;
        Ok(id.map(|_| password).ok_or_else(|| vec![("username", taken(username))]))
    }

    /// Creates an invitation and returns its token, which is stored only as a hash.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] and [`Error::Forbidden`] if the inviter was signed out or demoted in
    /// the meantime; database errors.
    pub async fn invite(&self, role: Role, inviter: Actor) -> Result<String, Error> {
        let token = random_password();
        let now = self.clock.now();
        self.database
            .add_invitation(&hash_of_token(&token), role, inviter, now, now + INVITATION_LASTS)
            .await?;
        Ok(token)
    }

    /// Returns the valid invitations.
    ///
    /// # Errors
    /// Database errors.
    pub async fn invitations(&self) -> Result<Vec<Invitation>, Error> {
        Ok(self.database.invitations(self.clock.now()).await?)
    }
}

/// Validates an account, except for its password.
fn check(account: &NewAccount) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if let Err(error) = check_username(&account.username) {
        errors.push(("username", error));
    }
    if let Err(error) = check_name(&name_of(account)) {
        errors.push(("name", error));
    }
    errors
}

fn no_invitation() -> Error {
    Error::Forbidden(Message::text("no-invitation"))
}

/// The name in bylines that an account asks for.
pub(super) fn name_of(account: &NewAccount) -> String {
    if account.name.is_empty() { account.username.clone() } else { account.name.clone() }
}

/// The error of a form whose name is not available.
pub(super) fn refused(reason: Taken, username: &str) -> FieldErrors {
    match reason {
        Taken::Username => vec![("username", taken(username))],
        Taken::Name => vec![("name", name_taken())],
    }
}

fn taken(username: &str) -> Message {
    Message::text("user-name-taken").with("name", quotable(username))
}

/// The hash of a token that the database stores, so that a leaked database contains no usable
/// invitation.
fn hash_of_token(token: &str) -> String {
    blake3::hash(token.as_bytes()).to_hex().to_string()
}
