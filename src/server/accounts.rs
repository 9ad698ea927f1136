//! Accounts: signing in, and what users change about themselves.

mod line;
pub mod names;
pub mod passwords;
pub mod setup;
pub mod sign_up;
pub mod throttle;

use std::sync::Arc;

use jiff::tz::TimeZoneDatabase;
use tidemark_content::characters::{is_control, is_storable, length};
use tidemark_counting::UserId;
use tidemark_store::clock::Clock;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use self::line::{Line, Who};
use self::names::{check_name, is_like, name_taken};
use self::passwords::{check_length, check_password, random_password};
use self::setup::SetupToken;
use self::throttle::{Admitted, Entry, Origin, Sender, Throttle};
use super::db::Database;
use super::db::actor::Actor;
use super::db::users::User;
use super::sessions::{Sessions, SignedIn};
use crate::error::Error;
use crate::message::Message;

/// Maximum length of the line about a user, in characters as people count them.
pub const LONGEST_ABOUT: usize = 160;

/// Maximum length of the line about a user, in code points: what the column holds. Several of them
/// can make up one character.
const MOST_IN_ABOUT: usize = 1_000;

/// How many passwords are hashed at once. Each hash takes a core and 19 MiB for a moment, and pages
/// need those too.
const AT_A_TIME: usize = 1;

/// Maximum number of known devices per user. Those used most recently are kept.
const MOST_DEVICES: i64 = 10;

/// How long a device stays known after its last sign-in, in milliseconds.
pub const DEVICE_LASTS: i64 = 180 * 24 * 60 * 60 * 1000;

/// Validation errors of a form, as field name and message. An empty field name stands for the whole
/// form.
pub type FieldErrors = Vec<(&'static str, Message)>;

/// Signs users in, and lets them change their accounts.
#[derive(Clone, Debug)]
pub struct Accounts {
    database: Database,
    sessions: Sessions,
    clock: Clock,
    throttle: Throttle,
    hashing: Arc<Semaphore>,
    line: Line,
    setup: SetupToken,
    /// The hash of a random password. It is verified when the user is unknown or can't sign in, so
    /// that the response takes just as long.
    decoy: Arc<str>,
}

/// The outcome of an attempt to sign in.
#[derive(Debug)]
pub enum Attempt {
    /// User name and password are right.
    Right(User),
    /// User name or password is wrong; it does not say which.
    Wrong,
    /// Throttled after too many failed attempts. The value is the wait in seconds.
    TooMany(i64),
}

impl Accounts {
    /// Signs in the users of `database`. `clock` is the time that `throttle` goes by.
    pub fn new(database: Database, sessions: Sessions, throttle: Throttle, clock: Clock) -> Self {
        let decoy = password_auth::generate_hash(rand::random::<[u8; 16]>());
        Self {
            database,
            sessions,
            clock,
            throttle,
            hashing: Arc::new(Semaphore::new(AT_A_TIME)),
            line: Line::default(),
            setup: SetupToken::default(),
            decoy: decoy.into(),
        }
    }

    /// Checks a user name and password.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if too many passwords are waiting to be hashed, or Redis is
    /// unreachable; database errors.
    pub async fn sign_in(
        &self,
        username: &str,
        password: String,
        sender: &Sender,
    ) -> Result<Attempt, Error> {
        let address = format!("{:016x}", sender.log_name());
        let user = self.database.user_by_username(username).await?;
        // On a known device, neither other people's failed attempts nor the length of their queue
        // should matter.
        let device = self.known_device(user.as_ref(), sender).await?;
        let who = if device.is_some() { Who::Known } else { Who::Stranger(sender.network()) };
        let credential =
            user.as_ref().and_then(|user| user.password_hash.as_deref()).unwrap_or_default();
        let origins = device.unwrap_or_else(|| sender.as_stranger(username, credential));
        let admitted = match self.admit(origins).await? {
            Ok(admitted) => admitted,
            Err(seconds) => {
                tracing::warn!(address, seconds, "a sign-in was throttled after too many failures");
                return Ok(Attempt::TooMany(seconds));
            }
        };
        let is_right =
            self.unless_untried(&admitted, self.verify(who, user.as_ref(), password)).await?;
        match user.filter(|_| is_right) {
            Some(user) => {
                self.succeeded(&admitted).await?;
                tracing::info!(user = user.id.0, "a user signed in");
                Ok(Attempt::Right(user))
            }
            None => {
                // Don't log the name: people type their passwords there by mistake.
                tracing::info!(address, "a sign-in failed");
                Ok(Attempt::Wrong)
            }
        }
    }

    /// Counts an attempt if it is allowed now. Otherwise returns how many seconds it has to wait.
    ///
    /// # Errors
    /// [`Error::Unavailable`] while Redis is unreachable.
    async fn admit(&self, origins: Vec<Origin>) -> Result<Result<Admitted, i64>, Error> {
        match self
            .throttle
            .admit(origins, self.clock.now())
            .await
            .map_err(|error| unavailable(&error))?
        {
            Entry::Admitted(admitted) => Ok(Ok(admitted)),
            // Rounded up, so that a client that waits this long is not a moment too early.
            Entry::Wait(wait) => Ok(Err((wait + 999) / 1000)),
        }
    }

    /// Runs the work that an attempt was admitted for. If it returns an error, nothing was tried,
    /// so the attempt is not counted.
    async fn unless_untried<T>(
        &self,
        admitted: &Admitted,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let result = work.await;
        if result.is_err()
            && let Err(error) = self.throttle.never_tried(admitted).await
        {
            tracing::warn!(error = %error, "an attempt that was never made could not be taken off the count");
        }
        result
    }

    async fn succeeded(&self, admitted: &Admitted) -> Result<(), Error> {
        self.throttle.succeeded(admitted).await.map_err(|error| unavailable(&error))
    }

    /// Returns the origins to count attempts by if the sender's browser is a known device of this
    /// user; `None` otherwise.
    async fn known_device(
        &self,
        user: Option<&User>,
        sender: &Sender,
    ) -> Result<Option<Vec<Origin>>, Error> {
        let Some(token) = sender.device() else { return Ok(None) };
        // Query the device even if there is no such user, so that the response takes as long.
        let (id, credential) = user.map_or((UserId(0), ""), |user| {
            (user.id, user.password_hash.as_deref().unwrap_or_default())
        });
        let since = self.clock.now() - DEVICE_LASTS;
        let is_known =
            self.database.is_known_device(id, &hash_of_device(token, credential), since).await?;
        Ok(is_known.then(|| sender.as_device(id, token)))
    }

    /// Makes the sender's browser a known device of the user. Returns its token, which is stored
    /// only as a hash; `None` if nobody can sign in as this user.
    ///
    /// # Errors
    /// Database errors.
    pub async fn remember_device(
        &self,
        user: &User,
        sender: &Sender,
    ) -> Result<Option<String>, Error> {
        let Some(credential) = user.password_hash.as_deref() else { return Ok(None) };
        let is_known = self.known_device(Some(user), sender).await?.is_some();
        // Don't reuse an unknown token: someone else may have planted it and know it.
        let token =
            sender.device().filter(|_| is_known).map_or_else(random_password, str::to_owned);
        let hash = hash_of_device(&token, credential);
        self.database.remember_device(user.id, &hash, self.clock.now(), MOST_DEVICES).await?;
        Ok(Some(token))
    }

    /// Whether the password is the user's. Takes just as long if there is no user or the user can't
    /// sign in.
    async fn verify(&self, who: Who, user: Option<&User>, password: String) -> Result<bool, Error> {
        let hash = user.and_then(|user| user.password_hash.clone());
        let can_sign_in = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.decoy.to_string());
        let is_right = self
            .in_turn(who, move || password_auth::verify_password(password, &hash).is_ok())
            .await?;
        Ok(is_right && can_sign_in)
    }

    /// Acquires the permit to verify or hash a password. Others wait until it is dropped.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the semaphore is closed.
    pub async fn turn(&self) -> Result<OwnedSemaphorePermit, Error> {
        self.hashing.clone().acquire_owned().await.map_err(|_| Error::Unavailable)
    }

    /// Returns how many hold a place in the queue: those waiting and the one that is running.
    pub fn in_line(&self) -> usize {
        self.line.taken()
    }

    /// Runs work that takes a core and much memory for a moment, one at a time, on a blocking
    /// thread.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the queue is full.
    async fn in_turn<T: Send + 'static>(
        &self,
        who: Who,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let place = self.line.enter(who).ok_or(Error::Unavailable)?;
        let turn = self.turn().await?;
        // The permits move into the work: it keeps running when the client disconnects, and must be
        // counted until it ends.
        let work = move || {
            let result = work();
            drop((place, turn));
            result
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| {
            tracing::error!(error = %error, "a password could not be hashed");
            Error::Internal
        })
    }

    /// Runs [`check_password`] through the queue, because it takes a core for a moment.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the queue is full.
    async fn judge(
        &self,
        who: Who,
        password: &str,
        context: &[&str],
    ) -> Result<Result<(), Message>, Error> {
        let password = password.to_owned();
        let context: Vec<String> = context.iter().map(|word| (*word).to_owned()).collect();
        let work = move || {
            let context: Vec<&str> = context.iter().map(String::as_str).collect();
            check_password(&password, &context)
        };
        self.in_turn(who, work).await
    }

    /// Hashes a password that [`check_password`] has accepted. Returns a PHC string.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the queue is full.
    async fn hash(&self, who: Who, password: String) -> Result<String, Error> {
        self.in_turn(who, move || password_auth::generate_hash(password)).await
    }

    /// Changes a user's name in bylines.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] and [`Error::Forbidden`] if the user was signed out or demoted in
    /// the meantime; database errors.
    pub async fn rename(&self, user: &User, name: &str) -> Result<Result<(), FieldErrors>, Error> {
        if let Err(error) = check_name(name) {
            return Ok(Err(vec![("name", error)]));
        }
        let is_renamed = self.database.rename_user(user.actor(), name, &is_like(name)).await?;
        Ok(if is_renamed { Ok(()) } else { Err(vec![("name", name_taken())]) })
    }

    /// Changes the line about a user.
    ///
    /// # Errors
    /// As for [`Accounts::rename`].
    pub async fn set_about(
        &self,
        user: &User,
        about: &str,
    ) -> Result<Result<(), FieldErrors>, Error> {
        if let Err(error) = check_about(about) {
            return Ok(Err(vec![("about", error)]));
        }
        self.database.set_about(user.actor(), about).await?;
        Ok(Ok(()))
    }

    /// Changes a user's time zone.
    ///
    /// # Errors
    /// As for [`Accounts::rename`].
    pub async fn set_time_zone(
        &self,
        user: &User,
        time_zone: &str,
    ) -> Result<Result<(), FieldErrors>, Error> {
        if !time_zones().any(|name| name == time_zone) {
            return Ok(Err(vec![("time_zone", Message::text("time-zone-unknown"))]));
        }
        self.database.set_time_zone(user.actor(), time_zone).await?;
        Ok(Ok(()))
    }

    /// Changes a user's password and ends all of the user's sessions, which shuts out anyone with a
    /// stolen one. Attempts are counted by `session`, the origins of the session that asks for the
    /// change ([`Sender::as_session`]), so nobody else can use them up. Returns the new credential
    /// number, for a new session.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] if someone else changed or removed the password in the meantime;
    /// [`Error::Forbidden`] if the user's role was lowered in the meantime; [`Error::Unavailable`]
    /// if the queue for hashing is full, or Redis is unreachable; database errors.
    pub async fn change_password(
        &self,
        user: &User,
        session: Vec<Origin>,
        current: String,
        new: String,
    ) -> Result<Result<i64, FieldErrors>, Error> {
        if let Err(error) = check_length(&new) {
            return Ok(Err(vec![("new_password", error)]));
        }
        // Throttled, so that someone who finds an open session can't use it to guess the password.
        let admitted = match self.admit(session).await? {
            Ok(admitted) => admitted,
            Err(seconds) => return Ok(Err(vec![("password", try_again_in(seconds))])),
        };
        if !self.unless_untried(&admitted, self.verify(Who::Known, Some(user), current)).await? {
            return Ok(Err(vec![("password", Message::text("not-current-password"))]));
        }
        self.succeeded(&admitted).await?;
        if let Err(error) = self.judge(Who::Known, &new, &[&user.username, &user.name]).await? {
            return Ok(Err(vec![("new_password", error)]));
        }
        let hash = self.hash(Who::Known, new).await?;
        let credential = self.database.change_password(user.actor(), &hash).await?;
        forget_sessions(&self.sessions, user.id).await;
        tracing::info!(user = user.id.0, "a user changed the password");
        Ok(Ok(credential))
    }

    /// Resets a user's password to a random one on behalf of an administrator, and ends all of the
    /// user's sessions. Returns the password; `None` if there is no such user.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] and [`Error::Forbidden`] if the administrator was signed out or
    /// demoted in the meantime; [`Error::Unavailable`] if the queue for hashing is full; database
    /// errors.
    pub async fn reset_password(
        &self,
        admin: Actor,
        username: &str,
    ) -> Result<Option<String>, Error> {
        let password = random_password();
        let hash = self.hash(Who::Known, password.clone()).await?;
        let id = self.database.reset_password(admin, username, &hash).await?;
        let Some(id) = id else { return Ok(None) };
        forget_sessions(&self.sessions, id).await;
        Ok(Some(password))
    }

    /// Removes a user's password on behalf of an administrator, and ends all of the user's
    /// sessions. Returns false if there is no such user.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] and [`Error::Forbidden`] if the administrator was signed out or
    /// demoted in the meantime; database errors.
    pub async fn block(&self, admin: Actor, username: &str) -> Result<bool, Error> {
        let id = self.database.block_user(admin, username).await?;
        let Some(id) = id else { return Ok(false) };
        forget_sessions(&self.sessions, id).await;
        Ok(true)
    }

    /// Whether a user still has this credential number. Check it after storing a new session: a
    /// concurrent change of the password either deletes that session or is seen by this check.
    ///
    /// # Errors
    /// Database errors.
    pub async fn is_current(&self, user: UserId, credential: i64) -> Result<bool, Error> {
        Ok(self.database.user(user).await?.is_some_and(|user| user.credential == credential))
    }

    /// Returns the sessions of a user, newest first.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if they can't be read.
    pub async fn sessions(&self, user: &User) -> Result<Vec<SignedIn>, Error> {
        let mut sessions = self.all_sessions(user.id).await?;
        // Sessions started under an older credential are invalid.
        sessions.retain(|session| session.credential == user.credential);
        Ok(sessions)
    }

    /// Ends those of a user's sessions for which `is_meant` returns true.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the store fails. Some sessions may be left then.
    pub async fn end_sessions(
        &self,
        user: UserId,
        is_meant: impl Fn(&SignedIn) -> bool,
    ) -> Result<(), Error> {
        for session in self.all_sessions(user).await?.iter().filter(|session| is_meant(session)) {
            self.sessions.end(&session.name).await.map_err(|error| unavailable(&error))?;
        }
        Ok(())
    }

    async fn all_sessions(&self, user: UserId) -> Result<Vec<SignedIn>, Error> {
        self.sessions.of_user(user).await.map_err(|error| unavailable(&error))
    }
}

/// The hash of a device token that the database stores. It covers the hash of the user's password
/// too, so changing the password makes all devices unknown.
fn hash_of_device(token: &str, credential: &str) -> String {
    // Unambiguous without a separator, because a token always has 24 characters.
    blake3::hash(format!("{token}{credential}").as_bytes()).to_hex().to_string()
}

fn unavailable(error: &dyn std::fmt::Display) -> Error {
    tracing::error!(error = %error, "an account request failed");
    Error::Unavailable
}

/// The message for someone who has to wait.
pub fn try_again_in(seconds: i64) -> Message {
    match seconds {
        ..=90 => Message::text("too-many-attempts-seconds").with("count", seconds),
        _ => Message::text("too-many-attempts-minutes").with("count", (seconds + 59) / 60),
    }
}

/// Sets a user's password on behalf of the operator, and ends all of the user's sessions, which
/// shuts out anyone with a stolen one. Returns false if there is no such user.
///
/// # Errors
/// One line for the operator. Nothing was changed.
pub async fn set_password(
    database: &Database,
    sessions: &Sessions,
    username: &str,
    hash: &str,
) -> Result<bool, String> {
    let id = database.set_password(username, hash).await.map_err(|error| error.to_string())?;
    let Some(id) = id else { return Ok(false) };
    forget_sessions(sessions, id).await;
    Ok(true)
}

/// Deletes the sessions of a user whose credential has changed. They are invalid already, so an
/// unreachable Redis is no reason to fail.
async fn forget_sessions(sessions: &Sessions, user: UserId) {
    if let Err(error) = sessions.end_all(user).await {
        tracing::warn!(error = %error, user = user.0, "sessions that are no longer valid could not be deleted");
    }
}

/// The names of all time zones that a user can have, sorted.
pub fn time_zones() -> impl Iterator<Item = String> {
    // Not those of the system, so that all servers of a blog have the same.
    let zones = TimeZoneDatabase::bundled();
    let mut names: Vec<String> = zones.available().map(|name| name.to_string()).collect();
    names.sort_unstable();
    names.into_iter()
}

/// Checks a line about a user. It may be empty.
fn check_about(about: &str) -> Result<(), Message> {
    if about.chars().any(|one| is_control(one) || !is_storable(one)) {
        return Err(Message::text("about-has-controls"));
    }
    // Counts code points first, because they are bounded by the size of the form alone.
    if about.chars().count() > MOST_IN_ABOUT || length(about) > LONGEST_ABOUT {
        let most = i64::try_from(LONGEST_ABOUT).unwrap_or(i64::MAX);
        return Err(Message::text("about-too-long").with("count", most));
    }
    Ok(())
}
