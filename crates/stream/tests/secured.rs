//! Brokers that ask who is there. They do at the address through the proxy; the other one stays
//! open, for the broker itself.

use super::*;

/// A broker that asks for a user and a password at the address through its proxy.
fn kafka_with_users(protocol: &str, more: &[(&str, &str)]) -> Kafka {
    let protocols = format!("CLIENTS:PLAINTEXT,PROXY:{protocol},CONTROLLER:PLAINTEXT");
    let mut settings = vec![
        ("listener.security.protocol.map", protocols.as_str()),
        ("listener.name.proxy.sasl.enabled.mechanisms", "PLAIN"),
        (
            "listener.name.proxy.plain.sasl.jaas.config",
            "org.apache.kafka.common.security.plain.PlainLoginModule required \
             user_tidemark=\"a secret\";",
        ),
    ];
    settings.extend(more);
    Kafka::with(&settings)
}

/// Sends views with these settings, and with another password, which must not do.
fn views_travel(secured: Settings) {
    runtime().block_on(async {
        let mut blog = Blog::new(secured.brokers.clone(), secured.topic.clone()).await;
        assert_eq!(secured.check(), Ok(()));
        blog.settings = secured;
        blog.stream = blog.another();
        assert!(init(&blog.settings).await.unwrap(), "the topic is made");
        blog.view(0..3, 1..=ARTICLES).await;
        let flushed = blog.stream.flush_all(&blog.flusher()).await.unwrap();
        assert_eq!((flushed.views, flushed.sent, flushed.arrived), (15, 2, 2), "{flushed}");

        blog.settings.password = "another".into();
        blog.stream = blog.another();
        blog.view(3..4, 1..=ARTICLES).await;
        let flushed = blog.send().await;
        assert_eq!((flushed.sent, flushed.travelling, flushed.views), (0, 2, 0), "{flushed}");
        assert!(blog.stream.status().obstacle().is_some());
        assert!(init(&blog.settings).await.is_err());
        blog.clock.advance(PATIENCE);
        assert_eq!(blog.send().await.views, ARTICLES, "directly");
        assert_eq!((blog.in_sql().await, blog.unflushed().await), (20, Unflushed::default()));
    });
}

fn with_password(kafka: &Kafka, security: Security) -> Settings {
    Settings {
        security,
        username: "tidemark".into(),
        password: "a secret".into(),
        ..settings(kafka.address_through_proxy(), kafka.new_topic())
    }
}

#[test]
fn c5_a_broker_may_ask_for_a_user_and_a_password() {
    if !Kafka::is_available() {
        return;
    }
    let kafka = kafka_with_users("SASL_PLAINTEXT", &[]);
    views_travel(with_password(&kafka, Security::SaslPlaintext));
}

/// `cargo test -p tidemark-stream --features tls`, which compiles OpenSSL.
#[cfg(feature = "tls")]
mod tls {
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use super::*;

    fn openssl(folder: &Path, arguments: &str) {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        let output = Command::new("openssl").current_dir(folder).args(&arguments).output();
        let output = output.expect("openssl is installed");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }

    /// Makes an authority, and a key with a certificate that it has signed for 127.0.0.1. Returns
    /// the files with the authority's certificate, and with the key and its certificate.
    fn certificates(folder: &Path) -> (PathBuf, PathBuf) {
        std::fs::write(folder.join("names"), "subjectAltName=IP:127.0.0.1").unwrap();
        openssl(
            folder,
            "req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=ca -keyout ca.key -out ca.pem",
        );
        openssl(folder, "req -newkey rsa:2048 -nodes -subj /CN=kafka -keyout key.pem -out request");
        openssl(
            folder,
            "x509 -req -in request -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -extfile names -out own.pem",
        );
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        std::fs::write(folder.join("broker.pem"), read("key.pem") + &read("own.pem")).unwrap();
        (folder.join("ca.pem"), folder.join("broker.pem"))
    }

    #[test]
    fn c5_a_broker_may_ask_for_a_password_over_tls() {
        let Some((kafka, authority, _folder)) = kafka_over_tls("PLAIN") else { return };
        let secured = with_password(&kafka, Security::SaslTls);
        assert!(runtime().block_on(init(&secured)).is_err(), "nobody vouches for the broker");
        views_travel(Settings { ca: authority, ..secured });
    }

    #[test]
    fn c5_a_broker_may_ask_for_a_password_by_scram() {
        let mechanisms = "SCRAM-SHA-256,SCRAM-SHA-512";
        let Some((kafka, authority, _folder)) = kafka_over_tls(mechanisms) else { return };
        kafka.add_scram_user("tidemark", "a secret");
        for mechanism in [Mechanism::ScramSha256, Mechanism::ScramSha512] {
            let secured = with_password(&kafka, Security::SaslTls);
            views_travel(Settings { ca: authority.clone(), mechanism, ..secured });
        }
    }

    /// A broker that asks for a user, a password and TLS at the address through its proxy, and the
    /// file with the authority that vouches for it; `None` if Kafka can't run.
    fn kafka_over_tls(mechanisms: &str) -> Option<(Kafka, PathBuf, tempfile::TempDir)> {
        if !Kafka::is_available() {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let (authority, own) = certificates(folder.path());
        let own = own.display().to_string();
        let scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;";
        let kafka = kafka_with_users(
            "SASL_SSL",
            &[
                ("listener.name.proxy.sasl.enabled.mechanisms", mechanisms),
                ("listener.name.proxy.scram-sha-256.sasl.jaas.config", scram),
                ("listener.name.proxy.scram-sha-512.sasl.jaas.config", scram),
                ("listener.name.proxy.ssl.keystore.type", "PEM"),
                ("listener.name.proxy.ssl.keystore.location", &own),
            ],
        );
        Some((kafka, authority, folder))
    }
}
