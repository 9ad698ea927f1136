//! Rule C3 as a whole: nothing that is stored or logged says who read what.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use tidemark::server::backup::archive;
use tidemark::server::content::export::export_folder;
use tidemark::server::jobs::Job;
use tidemark_counting::identifier::Identifier;
use tidemark_counting::seen::Ids;
use tidemark_counting::visitor::{Reader, day_of};
use tidemark_counting::{ArticleId, UserId};

use crate::harness::{FIREFOX, PATIENCE, TestServer};

const HOUR: Duration = Duration::from_secs(3600);
const PASSWORD: &str = "a-good-password";

/// Captures the log of this process as the program would write it.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Captures the log of all tests from now on. The subscriber is global to the process.
fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Log::default();
        let writer = log.clone();
        let logger =
            tracing_subscriber::fmt().with_ansi(false).with_max_level(tracing::Level::INFO);
        let _ = logger.with_writer(move || writer.clone()).try_init();
        log
    })
}

/// Appends the content of all files in a folder.
fn bytes_in(folder: &Path, bytes: &mut Vec<u8>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            bytes_in(&path, bytes);
        } else if path.is_file() {
            // Redis may delete a part of its append-only file once the next part is written.
            bytes.extend(std::fs::read(path).unwrap_or_default());
        }
    }
}

/// A description, and the bytes that must not be found.
struct Needle(String, Vec<u8>);

/// A hash in every encoding that a store or a log could use.
fn hash(what: &str, hash: i64) -> Vec<Needle> {
    let forms = [
        hash.to_be_bytes().to_vec(),
        hash.to_le_bytes().to_vec(),
        hash.to_string().into_bytes(),
        hash.cast_unsigned().to_string().into_bytes(),
        format!("{:016x}", hash.cast_unsigned()).into_bytes(),
        format!("{:016x}", hash.cast_unsigned().swap_bytes()).into_bytes(),
    ];
    forms.into_iter().map(|bytes| Needle(what.to_owned(), bytes)).collect()
}

/// An unkeyed hash of a text, in every encoding that was or could be used.
fn without_a_key(text: &str) -> Vec<Needle> {
    let digest: [u8; 32] = *blake3::hash(text.as_bytes()).as_bytes();
    let [a, b, c, d, e, f, g, h, ..] = digest;
    let mut needles =
        hash(&format!("the bare hash of {text}"), i64::from_le_bytes([a, b, c, d, e, f, g, h]));
    needles.push(Needle(format!("the bare hash of {text}"), digest.to_vec()));
    needles
}

fn found<'a>(needles: &'a [Needle], bytes: &[u8]) -> Vec<&'a str> {
    let is_there = |needle: &[u8]| memchr::memmem::find(bytes, needle).is_some();
    needles
        .iter()
        .filter(|Needle(_, bytes)| is_there(bytes))
        .map(|Needle(what, _)| what.as_str())
        .collect()
}

#[test]
fn c3_after_a_day_of_readers_no_stored_byte_links_a_reader_to_an_article() {
    let log = log();
    let server = TestServer::start();
    let articles = [server.id("first"), server.id("second")];
    let anonymous: Vec<(String, String)> = (0..10)
        .map(|number| {
            let address = match number {
                ..6 => format!("203.0.113.{}", 200 + number),
                _ => format!("2001:db8:77ab:{number}::42"),
            };
            (address, format!("Mozilla/5.0 Gecko Unmistakable/{number}"))
        })
        .collect();
    let signed_in: Vec<String> = (0..3).map(|number| format!("quiet-reader-{number}")).collect();
    for username in &signed_in {
        server.add_user(username, PASSWORD);
    }
    let mut clients: Vec<_> =
        anonymous.iter().map(|(address, browser)| server.reader(address, browser)).collect();
    clients.extend(
        signed_in
            .iter()
            .map(|name| server.reader("203.0.113.250", FIREFOX).signed_in(name, PASSWORD)),
    );

    // One day: everyone reads, and some type something else into the user name field, such as a
    // password.
    let mistyped = ["Correct-Horse-Battery-9", "quiet-reader-1x"];
    for hour in 0..10 {
        for (number, client) in clients.iter().enumerate() {
            let article = articles[(hour + number) % 2];
            assert_eq!(
                client
                    .get(if article == articles[0] {
                        "/articles/first"
                    } else {
                        "/articles/second"
                    })
                    .status,
                200
            );
            assert!(
                client.view(article).json()["counted"].as_bool().unwrap(),
                "reader {number} in hour {hour}"
            );
        }
        if hour % 4 == 0 {
            for name in mistyped {
                let form = format!("username={name}&password=not-the-password");
                assert_eq!(clients[hour].post("/login", &form).status, 422);
            }
        }
        server.clock.advance(HOUR);
    }

    // The identifiers that the program derived while it had the day's salt.
    let day = day_of(server.clock.now());
    let (salt, _) = server.run(server.stores.views.salts(day, [0; 32], None)).unwrap();
    let mut needles = vec![Needle("the salt".into(), salt.to_vec())];
    // These would tell which articles a reader has read.
    let mut joining = Vec::new();
    let identifier = Identifier::new(
        server.stores.views.clone(),
        server.clock.clone(),
        server.config.views.window,
    );
    let users = signed_in.iter().map(|name| {
        let id = server.number("SELECT id FROM users WHERE username = ?", name);
        Reader {
            user: Some(UserId(id)),
            ..Reader::new("203.0.113.250".parse().unwrap(), FIREFOX.into())
        }
    });
    let readers = anonymous
        .iter()
        .map(|(address, browser)| Reader::new(address.parse().unwrap(), browser.clone()));
    for reader in readers.chain(users) {
        let hashes = server.run(identifier.identify(&reader)).unwrap().today;
        let who = format!("{} {:?}", reader.address, reader.user);
        joining.extend(hash(&format!("the visitor {who}"), hashes.visitor));
        for (what, hashed) in [("address", hashes.address), ("network", hashes.network)] {
            joining.extend(
                hashed.iter().flat_map(|hashed| hash(&format!("the {what} {who}"), *hashed)),
            );
        }
        // Six bytes of it are as good as all.
        joining
            .push(Needle(format!("the visitor {who}"), hashes.visitor.to_le_bytes()[..6].to_vec()));
        let ids = articles.map(|article| Ids::of(ArticleId(article), &hashes));
        for id in ids.iter().flat_map(|ids| ids.entered()) {
            needles.push(Needle(format!("the entry of {who}"), id.bytes().to_vec()));
        }
    }

    let kept = || {
        let mut bytes = Vec::new();
        bytes_in(server.folder.path(), &mut bytes);
        if let Some(redis) = &server.redis {
            bytes_in(redis.folder(), &mut bytes);
        }
        bytes
    };
    let before = kept();
    let known = found(&needles, &before);
    assert!(known.contains(&"the salt"), "the search looks at the right files");
    assert!(known.contains(&"the entry of 203.0.113.200 None"), "and for the right bytes");

    // What must never be stored, not even on that day.
    let mut never = joining;
    never.extend(mistyped.iter().flat_map(|name| without_a_key(name)));
    never.extend(mistyped.iter().map(|name| Needle((*name).to_owned(), name.as_bytes().to_vec())));
    for (address, browser) in &anonymous {
        never
            .extend([address, browser].map(|text| Needle(text.clone(), text.clone().into_bytes())));
    }
    never.push(Needle("the address of who signed in".into(), b"203.0.113.250".to_vec()));
    never.push(Needle("the packed network".into(), [0x20, 0x01, 0x0d, 0xb8, 0x77, 0xab].to_vec()));
    assert_eq!(found(&never, &before), [""; 0]);
    let logged = log.0.lock().unwrap().clone();
    assert!(memchr::memmem::find(&logged, b"a sign-in failed").is_some(), "the log is read");
    assert_eq!(found(&never, &logged), [""; 0], "nor in the log");
    assert_eq!(
        found(&needles, &logged),
        [""; 0],
        "the log's name for an address appears nowhere else"
    );

    // Two days later. If another connection is reading the database, or Redis is still rewriting
    // its file, the next prune has to do it.
    server.job(Job::Flush);
    server.clock.advance(48 * HOUR);
    let start = Instant::now();
    let mut left;
    loop {
        server.job(Job::Prune);
        left = kept();
        if found(&needles, &left).is_empty() || start.elapsed() > PATIENCE {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    // Backups must be clean as well.
    let backup = tempfile::tempdir().unwrap();
    let exported =
        server.run(export_folder(&server.database, &backup.path().join("export"))).unwrap();
    assert_eq!(exported, 3);
    let made = backup.path().join("backup.tar.gz");
    server.run(server.jobs.backup_step(&made)).unwrap();
    // Uncompressed, so that everything in it is looked at.
    archive::read(&made, |entry| {
        left.extend(entry.bytes);
        Ok(())
    })
    .unwrap();
    bytes_in(backup.path(), &mut left);
    left.extend(log.0.lock().unwrap().iter());
    assert_eq!(found(&needles, &left), [""; 0]);
    assert_eq!(found(&never, &left), [""; 0]);
    assert!(memchr::memmem::find(&left, b"quiet-reader-0").is_some(), "accounts are kept");
}
