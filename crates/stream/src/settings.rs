//! How to reach Kafka.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

/// The largest record that is sent, in bytes. A batch that is larger goes to SQL directly. `init`
/// makes a topic that takes records of this size.
pub const LARGEST_RECORD: usize = 8 * 1024 * 1024;

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Security {
    /// Not at all.
    Plaintext,
    /// TLS.
    Tls,
    /// A user name and a password, without TLS.
    SaslPlaintext,
    /// A user name and a password, over TLS.
    SaslTls,
}

impl Security {
    fn has_tls(self) -> bool {
        matches!(self, Security::Tls | Security::SaslTls)
    }

    fn has_sasl(self) -> bool {
        matches!(self, Security::SaslPlaintext | Security::SaslTls)
    }

    /// Its name in the client's settings.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Security::Plaintext => "plaintext",
            Security::Tls => "ssl",
            Security::SaslPlaintext => "sasl_plaintext",
            Security::SaslTls => "sasl_ssl",
        }
    }
}

/// How the password is shown to Kafka.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Mechanism {
    /// As it is. Use it over TLS only.
    #[serde(rename = "plain")]
    Plain,
    /// SCRAM with SHA-256.
    #[serde(rename = "scram-sha-256")]
    ScramSha256,
    /// SCRAM with SHA-512.
    #[serde(rename = "scram-sha-512")]
    ScramSha512,
}

impl Mechanism {
    /// Its name in the client's settings.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Mechanism::Plain => "PLAIN",
            Mechanism::ScramSha256 => "SCRAM-SHA-256",
            Mechanism::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

/// How to reach the topic.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// Addresses of brokers, as `HOST:PORT`, separated by commas.
    pub brokers: String,
    /// The topic's name.
    pub topic: String,
    /// How the connection is protected.
    pub security: Security,
    /// The user name, with SASL.
    pub username: String,
    /// The password, with SASL.
    pub password: String,
    /// How the password is shown, with SASL.
    pub mechanism: Mechanism,
    /// A file with the certificates that are trusted, with TLS; empty for the system's.
    pub ca: PathBuf,
    /// How long a batch may be on its way through Kafka before it goes to SQL directly.
    pub patience: Duration,
    /// After how long a batch that was sent and did not arrive is sent again.
    pub resend: Duration,
}

// Not derived, because of the password.
impl std::fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Settings")
            .field("brokers", &self.brokers)
            .field("topic", &self.topic)
            .field("security", &self.security)
            .finish_non_exhaustive()
    }
}

impl Settings {
    /// Checks what can be checked without Kafka.
    ///
    /// # Errors
    /// One line that names the setting and says what to do.
    pub fn check(&self) -> Result<(), String> {
        let is_address = |address: &str| {
            address.trim().rsplit_once(':').is_some_and(|(host, port)| {
                !host.is_empty()
                    && !host.contains('/')
                    && port.parse::<u16>().is_ok_and(|port| port > 0)
            })
        };
        if let Some(wrong) = self.brokers.split(',').find(|address| !is_address(address)) {
            return Err(format!(
                "kafka.brokers: {wrong:?} is not HOST:PORT; separate several brokers by commas"
            ));
        }
        let is_name = |name: &str| {
            (1..=249).contains(&name.len())
                && !matches!(name, "." | "..")
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        };
        if !is_name(&self.topic) {
            return Err(format!(
                "kafka.topic: {:?} is no name for a topic; use up to 249 letters, digits, dots, hyphens and underscores",
                self.topic
            ));
        }
        let has_user = !self.username.is_empty() || !self.password.is_empty();
        if self.security.has_sasl() && (self.username.is_empty() || self.password.is_empty()) {
            return Err("kafka.security asks for SASL, which needs kafka.username and \
                        kafka.password"
                .into());
        }
        if !self.security.has_sasl() && has_user {
            return Err("kafka.username and kafka.password are set, but kafka.security sends \
                        neither; set it to sasl-tls"
                .into());
        }
        if !self.security.has_tls() && !self.ca.as_os_str().is_empty() {
            return Err("kafka.ca is set, but kafka.security uses no TLS; set it to tls or \
                        sasl-tls"
                .into());
        }
        let needs_openssl = self.security.has_tls()
            || (self.security.has_sasl() && self.mechanism != Mechanism::Plain);
        if needs_openssl && !cfg!(feature = "tls") {
            return Err(
                "kafka.security and kafka.mechanism ask for TLS or SCRAM, which this build \
                        can't do with Kafka; build it with --features kafka-tls"
                    .into(),
            );
        }
        if !self.ca.as_os_str().is_empty() && !self.ca.is_file() {
            return Err(format!("kafka.ca: there is no file {:?}", self.ca));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            brokers: "one:9092, [::1]:9093".into(),
            topic: "tidemark.views".into(),
            security: Security::Plaintext,
            username: String::new(),
            password: String::new(),
            mechanism: Mechanism::Plain,
            ca: PathBuf::new(),
            patience: Duration::from_secs(30),
            resend: Duration::from_secs(10),
        }
    }

    fn refusal(settings: Settings) -> String {
        let error = settings.check().unwrap_err();
        assert!(error.lines().count() == 1 && !error.contains("secret"), "{error}");
        error
    }

    #[test]
    fn settings_that_fit_together_are_taken() {
        assert_eq!(settings().check(), Ok(()));
        let user = Settings {
            security: Security::SaslPlaintext,
            username: "jo".into(),
            password: "secret".into(),
            ..settings()
        };
        assert_eq!(user.check(), Ok(()));
        assert!(!format!("{user:?}").contains("secret"));
    }

    #[test]
    fn a_setting_that_does_not_fit_is_named() {
        let brokers = |brokers: &str| refusal(Settings { brokers: brokers.into(), ..settings() });
        for wrong in ["", "here", "here:", "here:0", "here:70000", "http://here:9092", "a:1,,b:2"] {
            assert!(brokers(wrong).contains("kafka.brokers"), "{wrong}");
        }
        for wrong in ["", "..", "a b", "views/1", &"a".repeat(250)] {
            let settings = Settings { topic: wrong.into(), ..settings() };
            assert!(refusal(settings).contains("kafka.topic"), "{wrong}");
        }
        let sasl = Settings { security: Security::SaslPlaintext, ..settings() };
        assert!(refusal(sasl).contains("kafka.username"));
        let user = Settings { username: "jo".into(), password: "secret".into(), ..settings() };
        assert!(refusal(user).contains("kafka.security"));
        assert!(refusal(Settings { ca: "ca.pem".into(), ..settings() }).contains("kafka.ca"));
    }

    #[cfg(not(feature = "tls"))]
    #[test]
    fn a_build_without_tls_says_so() {
        let tls = Settings { security: Security::Tls, ..settings() };
        assert!(refusal(tls).contains("--features kafka-tls"));
        let scram = Settings {
            security: Security::SaslPlaintext,
            username: "jo".into(),
            password: "secret".into(),
            mechanism: Mechanism::ScramSha512,
            ..settings()
        };
        assert!(refusal(scram).contains("--features kafka-tls"));
    }
}
