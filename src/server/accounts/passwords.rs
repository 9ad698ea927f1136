//! Passwords: which are good enough, and how they are hashed and generated.

use crate::message::Message;

/// Minimum password length, in characters. NIST SP 800-63B-4, section 3.1.1.2, asks for 8 where the
/// password is not the only factor; we ask for a little more.
pub const SHORTEST_PASSWORD: usize = 10;

/// Maximum password length, in characters: room for any sentence, and a bound on what is hashed.
pub const LONGEST_PASSWORD: usize = 1_000;

/// How many characters of a password zxcvbn rates. Its running time grows faster than the length,
/// and a password whose beginning can't be guessed can't be guessed as a whole.
const LONGEST_JUDGED: usize = 40;

/// Checks and hashes a password: Argon2id with OWASP's parameters (19 MiB, 2 iterations, 1 lane).
/// Returns a PHC string.
///
/// # Errors
/// What to change.
pub fn hash_password(password: &str) -> Result<String, Message> {
    check_password(password, &[])?;
    Ok(password_auth::generate_hash(password))
}

/// Checks that a password has a valid length and is not among the first million guesses, such as a
/// well-known password, a keyboard row, or one made of the words in `context`, which are those an
/// attacker would try for this user.
///
/// # Errors
/// What to change.
pub fn check_password(password: &str, context: &[&str]) -> Result<(), Message> {
    check_length(password)?;
    let judged = |text: &str| -> String { text.chars().take(LONGEST_JUDGED).collect() };
    let context: Vec<String> = context.iter().map(|word| judged(word)).collect();
    let context: Vec<&str> = context.iter().map(String::as_str).collect();
    if zxcvbn::zxcvbn(&judged(password), &context).score() < zxcvbn::Score::Two {
        return Err(Message::text("password-too-easy"));
    }
    Ok(())
}

/// Checks the length of a password, which is cheap enough to do without queueing.
pub(super) fn check_length(password: &str) -> Result<(), Message> {
    match password.chars().count() {
        ..SHORTEST_PASSWORD => {
            Err(Message::text("password-too-short").with("count", SHORTEST_PASSWORD))
        }
        SHORTEST_PASSWORD..=LONGEST_PASSWORD => Ok(()),
        _ => Err(Message::text("password-too-long").with("most", LONGEST_PASSWORD.to_string())),
    }
}

/// Generates a password that can't be guessed: 24 letters and digits, 142 bits.
pub fn random_password() -> String {
    use rand::Rng;
    use rand::distr::Alphanumeric;
    rand::rng().sample_iter(Alphanumeric).take(24).map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Only the beginning of a long password is rated, because the running time grows faster than
    /// the length.
    #[test]
    fn only_the_beginning_of_a_long_password_is_rated() {
        let words = "three words of no sense, such as tern, ledge and pumice";
        assert_eq!(check_password(words, &[]), Ok(()));
        assert!(check_password(&"a".repeat(LONGEST_PASSWORD), &[]).is_err());
        assert!(
            check_password(&("a".repeat(LONGEST_JUDGED) + words), &[]).is_err(),
            "it starts with a guessable part"
        );
        assert!(check_password(&"a".repeat(LONGEST_PASSWORD + 1), &[]).is_err());
    }
}
