//! Who may make an account, and how: everybody, whoever has an invitation, or nobody but the
//! administrator.

use super::line::Who;
use super::throttle::Sender;
use super::{
    Accounts, FieldErrors, check_length, check_name, check_username, is_like, name_taken,
    random_password,
};
use crate::error::Error;
use crate::server::config::SignUp;
use crate::server::db::invitations::Invitation;
use crate::server::db::users::{Actor, NewUser, Role, Taken};

/// How long an invitation is good, in milliseconds.
pub const INVITATION_LASTS: i64 = 7 * 24 * 60 * 60 * 1000;

/// An account that somebody wants.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// The name to sign in with.
    pub username: String,
    /// The name in bylines; the user name if it is empty.
    pub name: String,
    /// Not hashed.
    pub password: String,
}

/// What became of an attempt to sign up.
#[derive(Debug)]
pub enum SignedUp {
    /// The number of the new user.
    User(i64),
    /// What is wrong with the form.
    Refused(FieldErrors),
    /// Too many came from there before; so many seconds have to pass.
    TooMany(i64),
}

impl Accounts {
    /// Makes an account for somebody who signs up, and returns its user's number. An invitation is
    /// used up by it. Each attempt counts as one that failed for the address that it comes from.
    ///
    /// # Errors
    /// [`Error::NotFound`] if nobody may sign up, [`Error::Forbidden`] for an invitation that is
    /// none, used up or over; [`Error::Unavailable`] if too many are waiting; the database's.
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
    ) -> Result<Result<i64, FieldErrors>, Error> {
        let now = self.clock.now_ms();
        let role = self.role_of_sign_up(who_may, invitation).await?;
        let mut errors = check(&account);
        // Judging takes a core for a moment, and the names should be some before a password is
        // compared with them.
        let password = match check_length(&account.password) {
            Ok(()) if errors.is_empty() => {
                self.judge(who, &account.password, &[&account.username, &account.name]).await?
            }
            length => length,
        };
        let name = name_of(&account);
        let is_like = is_like(&name);
        // It is looked at again when it is written. But what is refused now costs no hash, and is
        // told with what else is wrong.
        if errors.is_empty() && self.database().writers().await?.iter().any(&is_like) {
            errors.push(("name", name_taken()));
        }
        errors.extend(password.err().map(|error| ("new_password", error)));
        if !errors.is_empty() {
            return Ok(Err(errors));
        }
        let hash = self.hash(who, account.password).await?;
        let token = (who_may == SignUp::Invite).then(|| hash_of_token(invitation));
        let user = NewUser { username: &account.username, name: &name, role, password_hash: &hash };
        let made = self.database().sign_up(user, &is_like, token.as_deref(), now).await;
        let made = match made {
            // Somebody else was faster with the same invitation, or whoever made it may invite
            // nobody any more.
            Err(sqlx::Error::RowNotFound) => return Err(no_invitation()),
            made => made?,
        };
        Ok(made.map_err(|reason| match reason {
            Taken::Username => vec![("username", taken(&account.username))],
            Taken::Name => vec![("name", name_taken())],
        }))
    }

    /// The role that somebody would have who signs up now.
    ///
    /// # Errors
    /// As [`Accounts::sign_up`].
    pub async fn role_of_sign_up(&self, who_may: SignUp, invitation: &str) -> Result<Role, Error> {
        match who_may {
            SignUp::Closed => Err(Error::NotFound("Nobody can sign up here.".into())),
            SignUp::Open => Ok(Role::Reader),
            SignUp::Invite => {
                let role = self
                    .database()
                    .role_of_invitation(&hash_of_token(invitation), self.clock.now_ms())
                    .await?;
                role.ok_or_else(no_invitation)
            }
        }
    }

    /// Makes an account on behalf of an administrator, with a random password, which is returned.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] and [`Error::Forbidden`] if the administrator is none any more;
    /// [`Error::Unavailable`] if too many are waiting; the database's.
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
        let now = self.clock.now_ms();
        let id = self
            .database()
            .add_user_for(admin, username, &name_of(&account), role, &hash, now)
            .await?;
        Ok(id.map(|_| password).ok_or_else(|| vec![("username", taken(username))]))
    }

    /// Makes an invitation and returns its token, which is written down nowhere.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] and [`Error::Forbidden`] if the inviter is no administrator any
    /// more; the database's.
    pub async fn invite(&self, role: Role, inviter: Actor) -> Result<String, Error> {
        let token = random_password();
        let now = self.clock.now_ms();
        self.database()
            .add_invitation(&hash_of_token(&token), role, inviter, now, now + INVITATION_LASTS)
            .await?;
        Ok(token)
    }

    /// The invitations that are still good.
    ///
    /// # Errors
    /// The database's.
    pub async fn invitations(&self) -> Result<Vec<Invitation>, Error> {
        Ok(self.database().invitations(self.clock.now_ms()).await?)
    }
}

/// What is wrong with an account, but for its password.
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
    Error::Forbidden(
        "This invitation was used already, or is over, or never was. Ask for a new one.".into(),
    )
}

fn name_of(account: &NewAccount) -> String {
    if account.name.is_empty() { account.username.clone() } else { account.name.clone() }
}

fn taken(username: &str) -> String {
    format!("There is somebody called {username:?} already. Please take another name.")
}

/// What the database has of a token: whoever reads the database must not be able to use it.
fn hash_of_token(token: &str) -> String {
    blake3::hash(token.as_bytes()).to_hex().to_string()
}
