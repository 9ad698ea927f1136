//! Names and passwords.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::db::Database;
use super::db::users::User;
use super::sessions::Sessions;
use super::stores::Stores;
use crate::error::Error;

/// Shortest password, in characters (NIST SP 800-63B-4, section 3.1.1.2, for a password that is not the only factor: 8; we
/// ask for a little more).
pub const SHORTEST_PASSWORD: usize = 10;

/// How many passwords are hashed at a time. Each takes a core and 19 MiB for a moment, and pages need them too.
const AT_A_TIME: usize = 1;

/// How many more sign-ins may wait for their turn before new ones are refused.
const IN_LINE: usize = 16;

/// Signs users in.
#[derive(Clone, Debug)]
pub struct Accounts {
    database: Database,
    hashing: Arc<Semaphore>,
    line: Arc<Semaphore>,
    /// A hash of no one's password, to be verified for unknown names, so that the answer takes as long.
    decoy: Arc<str>,
}

impl Accounts {
    /// The accounts in `database`.
    pub fn new(database: Database) -> Self {
        let decoy = password_auth::generate_hash(rand::random::<[u8; 16]>());
        Self {
            database,
            hashing: Arc::new(Semaphore::new(AT_A_TIME)),
            line: Arc::new(Semaphore::new(IN_LINE)),
            decoy: decoy.into(),
        }
    }

    /// The user with that name and password; `None` if there is none, whichever of the two is wrong.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if too many sign-ins are waiting already; the database's.
    pub async fn sign_in(&self, username: &str, password: String) -> Result<Option<User>, Error> {
        let place = self.line.clone().try_acquire_owned().map_err(|_| Error::Unavailable)?;
        let user = self.database.user_by_username(username).await?;
        let hash = match user.as_ref().and_then(|user| user.password_hash.as_deref()) {
            Some(hash) => hash.to_owned(),
            None => self.decoy.to_string(),
        };
        let turn = self.hashing.clone().acquire_owned().await.map_err(|_| Error::Unavailable)?;
        // The permits go with the work: it goes on when the client hangs up, and must be counted until it ends.
        let verify = move || {
            let is_right = password_auth::verify_password(password, &hash).is_ok();
            drop((place, turn));
            is_right
        };
        let is_right = tokio::task::spawn_blocking(verify).await.map_err(|error| {
            tracing::error!(error = %error, "a password could not be verified");
            Error::Internal
        })?;
        Ok(user.filter(|user| is_right && user.password_hash.is_some()))
    }
}

/// Gives a user a new password and ends all sessions of that user: whoever stole one is out. False if there is no such user.
///
/// # Errors
/// One line for a person. The password may be changed all the same, and sessions be left; then it has to be done again.
pub async fn set_password(stores: &Stores, username: &str, hash: &str) -> Result<bool, String> {
    let id = stores.database.set_password(username, hash).await.map_err(|error| error.to_string())?;
    let Some(id) = id else { return Ok(false) };
    if let Sessions::Redis(sessions) = &stores.sessions {
        sessions.end_sessions_of(id).await.map_err(|error| {
            format!("The password is changed, but the user's sessions are not all ended ({error}). Do it again.")
        })?;
    }
    Ok(true)
}

/// The PHC string of a password: Argon2id with OWASP's parameters (19 MiB, 2 iterations, 1 lane).
///
/// # Errors
/// One line that says what to change.
pub fn hash_password(password: &str) -> Result<String, String> {
    if password.chars().count() < SHORTEST_PASSWORD {
        return Err(format!("The password is too short: it needs at least {SHORTEST_PASSWORD} characters."));
    }
    Ok(password_auth::generate_hash(password))
}

/// A password nobody can guess: 24 letters and digits, 142 bits.
pub fn random_password() -> String {
    use rand::Rng;
    use rand::distr::Alphanumeric;
    rand::rng().sample_iter(Alphanumeric).take(24).map(char::from).collect()
}

/// Whether a text can be a user name: 1 to 40 lower-case letters, digits and single inner hyphens, because it is a part of
/// an address.
pub fn is_username(text: &str) -> bool {
    text.len() <= 40 && !text.is_empty() && super::content::slug::slugify(text) == text
}
