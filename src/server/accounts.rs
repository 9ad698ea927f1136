//! Names and passwords.

mod line;
pub mod sign_up;
pub mod throttle;

use std::sync::Arc;

use tidemark_content::characters::{has_invisible, is_storable};
use tidemark_content::slug::slugify;
use tidemark_store::clock::Clock;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use self::line::{Line, Who};
use self::throttle::{Admitted, Entry, Origin, Sender, Throttle};
use super::db::Database;
use super::db::users::{Actor, User};
use super::sessions::{Sessions, SignedIn};
use super::stores::Stores;
use crate::error::Error;

/// Shortest password, in characters (NIST SP 800-63B-4, section 3.1.1.2, for a password that is not
/// the only factor: 8; we ask for a little more).
pub const SHORTEST_PASSWORD: usize = 10;

/// Longest password, in characters: room for any sentence, and a bound on what is hashed.
pub const LONGEST_PASSWORD: usize = 1_000;

/// How many characters of a password are judged: judging takes a time that grows faster than they
/// do, and whoever can't guess these can't guess more.
const LONGEST_JUDGED: usize = 40;

/// Longest name, in characters.
pub const LONGEST_NAME: usize = 80;

/// How many passwords are hashed at a time. Each takes a core and 19 MiB for a moment, and pages
/// need them too.
const AT_A_TIME: usize = 1;

/// How many browsers of a user are known at most: those in which the user signed in last.
const MOST_DEVICES: i64 = 10;

/// How long a browser is known after the last sign-in, in milliseconds.
pub const DEVICE_LASTS: i64 = 180 * 24 * 60 * 60 * 1000;

/// What is wrong with the fields of a form, each by its name; the empty name stands for the form as
/// a whole.
pub type FieldErrors = Vec<(&'static str, String)>;

/// Signs users in, and lets them change what is theirs.
#[derive(Clone, Debug)]
pub struct Accounts {
    stores: Stores,
    clock: Clock,
    throttle: Throttle,
    hashing: Arc<Semaphore>,
    line: Line,
    /// A hash of no one's password, to be verified for unknown names, so that the answer takes as
    /// long.
    decoy: Arc<str>,
}

/// What became of an attempt to sign in.
#[derive(Debug)]
pub enum Attempt {
    /// Name and password are right.
    Right(User),
    /// One of them is wrong, whichever.
    Wrong,
    /// Too many were wrong before; so many seconds have to pass.
    TooMany(i64),
}

impl Accounts {
    /// The accounts in `stores`; `clock` says when who may try again.
    pub fn new(stores: Stores, clock: Clock) -> Self {
        let throttle = match &stores.sessions {
            Sessions::Sqlite(_) => Throttle::in_memory(),
            Sessions::Redis(sessions) => Throttle::Redis(sessions.redis().clone()),
        };
        let decoy = password_auth::generate_hash(rand::random::<[u8; 16]>());
        Self {
            stores,
            clock,
            throttle,
            hashing: Arc::new(Semaphore::new(AT_A_TIME)),
            line: Line::default(),
            decoy: decoy.into(),
        }
    }

    fn database(&self) -> &Database {
        &self.stores.database
    }

    /// Whether name and password are a user's.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if too many sign-ins are waiting already, or Redis is away; the
    /// database's.
    pub async fn sign_in(
        &self,
        username: &str,
        password: String,
        sender: &Sender,
    ) -> Result<Attempt, Error> {
        let address = format!("{:016x}", sender.log_name());
        let user = self.database().user_by_username(username).await?;
        // Where the user has signed in before, it does not matter what others have guessed, nor how
        // many of them are waiting.
        let device = self.known_device(user.as_ref(), sender).await?;
        let who = if device.is_some() { Who::Known } else { Who::Stranger(sender.network()) };
        let credential =
            user.as_ref().and_then(|user| user.password_hash.as_deref()).unwrap_or_default();
        let origins = device.unwrap_or_else(|| sender.as_stranger(username, credential));
        let admitted = match self.admit(origins).await? {
            Ok(admitted) => admitted,
            Err(seconds) => {
                tracing::warn!(
                    address,
                    seconds,
                    "a sign-in has to wait after too many that failed"
                );
                return Ok(Attempt::TooMany(seconds));
            }
        };
        let is_right =
            self.unless_untried(&admitted, self.verify(who, user.as_ref(), password)).await?;
        match user.filter(|_| is_right) {
            Some(user) => {
                self.succeeded(&admitted).await?;
                tracing::info!(user = user.id, "a user signed in");
                Ok(Attempt::Right(user))
            }
            None => {
                // Without the name: people type their passwords there by mistake.
                tracing::info!(address, "a sign-in failed");
                Ok(Attempt::Wrong)
            }
        }
    }

    /// Counts an attempt, if it may be made; otherwise how many seconds it has to wait.
    ///
    /// # Errors
    /// [`Error::Unavailable`] while Redis is away.
    async fn admit(&self, origins: Vec<Origin>) -> Result<Result<Admitted, i64>, Error> {
        match self
            .throttle
            .admit(origins, self.clock.now_ms())
            .await
            .map_err(|error| unavailable(&error))?
        {
            Entry::Admitted(admitted) => Ok(Ok(admitted)),
            // Rounded up: who comes back after that must not be a moment too early.
            Entry::Wait(wait) => Ok(Err((wait + 999) / 1000)),
        }
    }

    /// Does what an attempt was admitted for. If it fails, nothing was tried, so it does not count.
    async fn unless_untried<T>(
        &self,
        admitted: &Admitted,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let result = work.await;
        if result.is_err()
            && let Err(error) = self.throttle.never_tried(admitted).await
        {
            tracing::warn!(error = %error, "an attempt that was never made stays counted");
        }
        result
    }

    async fn succeeded(&self, admitted: &Admitted) -> Result<(), Error> {
        self.throttle.succeeded(admitted).await.map_err(|error| unavailable(&error))
    }

    /// What attempts are counted by if the sender's browser is one in which this user has signed in
    /// before.
    async fn known_device(
        &self,
        user: Option<&User>,
        sender: &Sender,
    ) -> Result<Option<Vec<Origin>>, Error> {
        let Some(token) = sender.device() else { return Ok(None) };
        // Where there is no such user it is looked for as well: the answer must take as long.
        let (id, credential) = user
            .map_or((0, ""), |user| (user.id, user.password_hash.as_deref().unwrap_or_default()));
        let since = self.clock.now_ms() - DEVICE_LASTS;
        let is_known =
            self.database().is_known_device(id, &hash_of_device(token, credential), since).await?;
        Ok(is_known.then(|| sender.as_device(id, token)))
    }

    /// Remembers that a user has signed in in the sender's browser. Returns the token by which it
    /// is known from now on, which is written down nowhere; `None` if nobody can sign in as this
    /// user.
    ///
    /// # Errors
    /// The database's.
    pub async fn remember_device(
        &self,
        user: &User,
        sender: &Sender,
    ) -> Result<Option<String>, Error> {
        let Some(credential) = user.password_hash.as_deref() else { return Ok(None) };
        let is_known = self.known_device(Some(user), sender).await?.is_some();
        // One that is not known may be known to somebody who put it there.
        let token =
            sender.device().filter(|_| is_known).map_or_else(random_password, str::to_owned);
        let hash = hash_of_device(&token, credential);
        self.database().remember_device(user.id, &hash, self.clock.now_ms(), MOST_DEVICES).await?;
        Ok(Some(token))
    }

    /// Whether the password is the user's. Takes as long if there is no user, or one who can't sign
    /// in.
    async fn verify(&self, who: Who, user: Option<&User>, password: String) -> Result<bool, Error> {
        let hash = user.and_then(|user| user.password_hash.clone());
        let can_sign_in = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.decoy.to_string());
        let is_right = self
            .in_turn(who, move || password_auth::verify_password(password, &hash).is_ok())
            .await?;
        Ok(is_right && can_sign_in)
    }

    /// The turn to look at a password or to make a hash of one. Nobody else's is looked at before
    /// it is dropped.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if there are no turns any more.
    pub async fn turn(&self) -> Result<OwnedSemaphorePermit, Error> {
        self.hashing.clone().acquire_owned().await.map_err(|_| Error::Unavailable)
    }

    /// How many have a turn or wait for one.
    pub fn in_line(&self) -> usize {
        self.line.taken()
    }

    /// Does what takes a core and much memory for a moment, one at a time.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if too many are waiting already.
    async fn in_turn<T: Send + 'static>(
        &self,
        who: Who,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let place = self.line.enter(who).ok_or(Error::Unavailable)?;
        let turn = self.turn().await?;
        // The permits go with the work: it goes on when the client hangs up, and must be counted
        // until it ends.
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

    /// As [`check_password`], when it is its turn: it takes a core for a moment.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if too many are waiting already.
    async fn judge(
        &self,
        who: Who,
        password: &str,
        context: &[&str],
    ) -> Result<Result<(), String>, Error> {
        let password = password.to_owned();
        let context: Vec<String> = context.iter().map(|word| (*word).to_owned()).collect();
        let work = move || {
            let context: Vec<&str> = context.iter().map(String::as_str).collect();
            check_password(&password, &context)
        };
        self.in_turn(who, work).await
    }

    /// The PHC string of a password, which [`check_password`] has found good.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if too many are waiting already.
    async fn hash(&self, who: Who, password: String) -> Result<String, Error> {
        self.in_turn(who, move || password_auth::generate_hash(password)).await
    }

    /// Gives a user another name in bylines.
    ///
    /// # Errors
    /// The database's.
    pub async fn rename(&self, user: &User, name: &str) -> Result<Result<(), FieldErrors>, Error> {
        if let Err(error) = check_name(name) {
            return Ok(Err(vec![("name", error)]));
        }
        let is_renamed = self.database().rename_user(user.actor(), name, &is_like(name)).await?;
        Ok(if is_renamed { Ok(()) } else { Err(vec![("name", name_taken())]) })
    }

    /// Gives a user another password, and ends all sessions of that user: whoever stole one is out.
    /// `session`: what the attempts of the session that asks for it are counted by
    /// ([`Sender::as_session`]), which nobody else can use up. Returns the number of the new
    /// credential, for a new session.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] if somebody else has given the user another one, or taken it away,
    /// while this was being done; [`Error::Unavailable`] if too many are waiting already, or Redis
    /// is away; the database's.
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
        // Whoever found an open session must not find out the password with it.
        let admitted = match self.admit(session).await? {
            Ok(admitted) => admitted,
            Err(seconds) => return Ok(Err(vec![("password", try_again_in(seconds))])),
        };
        if !self.unless_untried(&admitted, self.verify(Who::Known, Some(user), current)).await? {
            return Ok(Err(vec![("password", "This is not your password.".into())]));
        }
        self.succeeded(&admitted).await?;
        if let Err(error) = self.judge(Who::Known, &new, &[&user.username, &user.name]).await? {
            return Ok(Err(vec![("new_password", error)]));
        }
        let hash = self.hash(Who::Known, new).await?;
        let credential = self.database().change_password(user.actor(), &hash).await?;
        forget_sessions(&self.stores, user.id).await;
        tracing::info!(user = user.id, "a user changed the password");
        Ok(Ok(credential))
    }

    /// Gives a user a random password, which is returned, on behalf of an administrator, and ends
    /// all sessions of that user. `None` if there is no such user.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] and [`Error::Forbidden`] if the administrator is none any more;
    /// [`Error::Unavailable`] if too many are waiting already; the database's.
    pub async fn reset_password(
        &self,
        admin: Actor,
        username: &str,
    ) -> Result<Option<String>, Error> {
        let password = random_password();
        let hash = self.hash(Who::Known, password.clone()).await?;
        let id = self.database().reset_password(admin, username, &hash).await?;
        let Some(id) = id else { return Ok(None) };
        forget_sessions(&self.stores, id).await;
        Ok(Some(password))
    }

    /// Takes a user's password away on behalf of an administrator, and ends all sessions of that
    /// user. False if there is no such user.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] and [`Error::Forbidden`] if the administrator is none any more; the
    /// database's.
    pub async fn block(&self, admin: Actor, username: &str) -> Result<bool, Error> {
        let id = self.database().block_user(admin, username).await?;
        let Some(id) = id else { return Ok(false) };
        forget_sessions(&self.stores, id).await;
        Ok(true)
    }

    /// Whether a user still has the credential of that number. Whoever begins a session asks once
    /// it is written: a change of the credential ends the sessions that are there, so one of the
    /// two finds it.
    ///
    /// # Errors
    /// The database's.
    pub async fn is_current(&self, user: i64, credential: i64) -> Result<bool, Error> {
        Ok(self.database().user(user).await?.is_some_and(|user| user.credential == credential))
    }

    /// The sessions of a user, the latest first.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if they can't be read.
    pub async fn sessions(&self, user: &User) -> Result<Vec<SignedIn>, Error> {
        let mut sessions = self.all_sessions(user.id).await?;
        // What was begun with a credential of before opens nothing.
        sessions.retain(|session| session.credential == user.credential);
        Ok(sessions)
    }

    /// Ends the sessions of a user for which `is_meant` holds.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; some may be left then.
    pub async fn end_sessions(
        &self,
        user: i64,
        is_meant: impl Fn(&SignedIn) -> bool,
    ) -> Result<(), Error> {
        for session in self.all_sessions(user).await?.iter().filter(|session| is_meant(session)) {
            self.stores.sessions.end(&session.name).await.map_err(|error| unavailable(&error))?;
        }
        Ok(())
    }

    async fn all_sessions(&self, user: i64) -> Result<Vec<SignedIn>, Error> {
        self.stores.sessions.of_user(user).await.map_err(|error| unavailable(&error))
    }
}

/// What the database has of a browser's token. With the hash of the user's password in it: when
/// that changes, whoever knew the one before has no browser that is known.
fn hash_of_device(token: &str, credential: &str) -> String {
    // A token has 24 characters always, so there is one way only to part the two.
    blake3::hash(format!("{token}{credential}").as_bytes()).to_hex().to_string()
}

fn unavailable(error: &dyn std::fmt::Display) -> Error {
    tracing::error!(error = %error, "an account could not be used now");
    Error::Unavailable
}

/// What somebody is told who has to wait.
pub fn try_again_in(seconds: i64) -> String {
    let span = match seconds {
        1 => "a second".to_owned(),
        2..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", (seconds + 59) / 60),
    };
    format!("There were too many attempts. Please try again in {span}.")
}

/// Gives a user a new password and ends all sessions of that user: whoever stole one is out. False
/// if there is no such user. It is whoever runs the program who does it.
///
/// # Errors
/// One line for a person. Nothing was changed then.
pub async fn set_password(stores: &Stores, username: &str, hash: &str) -> Result<bool, String> {
    let id =
        stores.database.set_password(username, hash).await.map_err(|error| error.to_string())?;
    let Some(id) = id else { return Ok(false) };
    forget_sessions(stores, id).await;
    Ok(true)
}

/// Deletes the sessions of a user whose credential is another one now. They open nothing any more,
/// so a Redis that is away is no reason to fail.
async fn forget_sessions(stores: &Stores, user: i64) {
    if let Err(error) = stores.sessions.end_all(user).await {
        tracing::warn!(error = %error, user, "sessions that open nothing any more could not be deleted");
    }
}

/// The PHC string of a password: Argon2id with OWASP's parameters (19 MiB, 2 iterations, 1 lane).
///
/// # Errors
/// One line that says what to change.
pub fn hash_password(password: &str) -> Result<String, String> {
    check_password(password, &[])?;
    Ok(password_auth::generate_hash(password))
}

/// Whether a text can be a password: long enough, and nothing that a guesser tries among the first
/// million, such as a well-known password, a keyboard row, or something of `context`, the words
/// that come to mind with this user.
///
/// # Errors
/// One line that says what to change.
pub fn check_password(password: &str, context: &[&str]) -> Result<(), String> {
    check_length(password)?;
    let judged = |text: &str| -> String { text.chars().take(LONGEST_JUDGED).collect() };
    let context: Vec<String> = context.iter().map(|word| judged(word)).collect();
    let context: Vec<&str> = context.iter().map(String::as_str).collect();
    if zxcvbn::zxcvbn(&judged(password), &context).score() < zxcvbn::Score::Two {
        return Err(
            "The password is too easy to guess. Three words that have nothing to do with each other are not.".into()
        );
    }
    Ok(())
}

/// Whether a password is long enough and not endless, which is told at once.
fn check_length(password: &str) -> Result<(), String> {
    match password.chars().count() {
        ..SHORTEST_PASSWORD => Err(format!(
            "The password is too short: it needs at least {SHORTEST_PASSWORD} characters."
        )),
        SHORTEST_PASSWORD..=LONGEST_PASSWORD => Ok(()),
        _ => Err(format!(
            "The password is too long: it may have at most {LONGEST_PASSWORD} characters."
        )),
    }
}

/// Whether a text can be a name.
///
/// # Errors
/// One line that says what to change.
pub fn check_name(name: &str) -> Result<(), String> {
    match name.trim().chars().count() {
        0 => Err("Please give a name.".into()),
        1..=LONGEST_NAME if has_invisible(name) => {
            Err("The name has a character that nobody sees, or that turns others around. Please type it without."
                .into())
        }
        1..=LONGEST_NAME if name.chars().all(|one| !one.is_control() && is_storable(one)) => Ok(()),
        1..=LONGEST_NAME => Err("A name is one line of text.".into()),
        _ => Err(format!("The name is too long: it may have at most {LONGEST_NAME} characters.")),
    }
}

fn name_taken() -> String {
    "Somebody who writes here has this name, or one that looks like it. Please take another.".into()
}

/// Tells of somebody who writes here whether readers would take `name` for theirs: nobody must pass
/// for them.
fn is_like(name: &str) -> impl Fn(&User) -> bool {
    let looks = looks_of(name);
    move |user: &User| look_alike(&looks, &user.name) || look_alike(&looks, &user.username)
}

/// Whether a reader would take two names for one another, however they are written (Unicode
/// Technical Standard 39).
fn look_alike(looks: &[String; 2], other: &str) -> bool {
    let other = looks_of(other);
    looks[0] == other[0] || looks[1] == other[1]
}

/// What a name looks like in small letters, and as it is written: an `I` looks like an `l`, and an
/// `i` does not.
fn looks_of(name: &str) -> [String; 2] {
    let small = |name: &str| {
        let looks: String =
            unicode_security::skeleton(&name.to_lowercase()).flat_map(char::to_lowercase).collect();
        let letters: String =
            looks.chars().filter(|character| character.is_alphanumeric()).collect();
        if letters.is_empty() { looks } else { letters }
    };
    let written: String = unicode_security::skeleton(name).collect();
    [small(name), small(&written)]
}

/// A password nobody can guess: 24 letters and digits, 142 bits.
pub fn random_password() -> String {
    use rand::Rng;
    use rand::distr::Alphanumeric;
    rand::rng().sample_iter(Alphanumeric).take(24).map(char::from).collect()
}

/// Whether a text can be a user name: 1 to 40 lower-case letters, digits and single inner hyphens,
/// because it is a part of an address.
pub fn is_username(text: &str) -> bool {
    text.len() <= 40 && !text.is_empty() && slugify(text) == text
}

/// Whether a text can be a user name.
///
/// # Errors
/// One line that says what to change.
pub fn check_username(text: &str) -> Result<(), String> {
    if is_username(text) {
        return Ok(());
    }
    let suggestion = Some(slugify(text)).filter(|slug| is_username(slug));
    Err(format!(
        "{text:?} can't be a user name: use at most 40 lower-case letters, digits and single hyphens, as in {:?}.",
        suggestion.unwrap_or_else(|| "marina-keel".into())
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_reader_would_take_for_one_another_look_the_same() {
        for other in [
            "marina keel",
            "MARINA  KEEL",
            "Маrinа Kееl",
            "Marina-Keel",
            "rnarina keel",
            "Marina Kee1",
        ] {
            assert!(look_alike(&looks_of("Marina Keel"), other), "{other}");
        }
        for other in ["Marina Kiel", "Mara Keel", "王伟", "★"] {
            assert!(!look_alike(&looks_of("Marina Keel"), other), "{other}");
        }
        assert!(!look_alike(&looks_of("王伟"), "王薇") && !look_alike(&looks_of("★"), "☂"));
    }

    #[test]
    fn a_name_has_nothing_that_nobody_sees() {
        for name in ["Jo\u{202e}eoD", "Jo\u{200b} Doe", "\u{2067}Jo", "", " ", "Jo\nDoe"] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
        assert_eq!(check_name("Zoë Ångström"), Ok(()));
    }

    /// Judging takes a time that grows faster than what is judged; the rest of a long password is
    /// not looked at.
    #[test]
    fn a_long_password_is_judged_by_its_beginning() {
        let words = "three words of no sense, such as tern, ledge and pumice";
        assert_eq!(check_password(words, &[]), Ok(()));
        assert!(check_password(&"a".repeat(LONGEST_PASSWORD), &[]).is_err());
        assert!(
            check_password(&("a".repeat(LONGEST_JUDGED) + words), &[]).is_err(),
            "it begins with what is guessed"
        );
        assert!(check_password(&"a".repeat(LONGEST_PASSWORD + 1), &[]).is_err());
    }
}
