//! Fetches the pictures of a blog from its old address.
//!
//! The addresses come out of a file, so they may lead anywhere. Only public addresses are asked,
//! before and after a redirect, and every picture is bounded in size and time, as is the number of
//! them.

use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use url::{Host, Url};

use super::folder::MOST_PICTURE;

/// How long a picture may take.
const LONGEST: Duration = Duration::from_secs(60);

/// How long a host may take to answer.
const LONGEST_CONNECT: Duration = Duration::from_secs(10);

/// Maximum number of redirects for a picture.
const MOST_REDIRECTS: usize = 5;

/// Maximum number of pictures for an import.
const MOST_PICTURES: usize = 50_000;

/// After so many failures in a row, the blog is taken to be gone.
const MOST_FAILURES: usize = 20;

/// Which addresses may be asked.
pub type MayAsk = fn(IpAddr) -> bool;

/// Fetches pictures.
#[derive(Debug)]
pub struct Fetcher {
    client: reqwest::Client,
    may_ask: MayAsk,
    left: AtomicUsize,
    failures: AtomicUsize,
    fetched: Option<Fetched>,
}

/// Pictures that were fetched before, in a folder. So an import does not ask again for what its
/// rehearsal has fetched.
#[derive(Debug)]
pub struct Fetched {
    folder: PathBuf,
    /// How many more bytes it may hold.
    left: AtomicU64,
}

impl Fetched {
    /// Keeps pictures in `folder`, which is made if it is missing, up to `most` bytes together with
    /// those that are in it already.
    ///
    /// # Errors
    /// The folder can't be made or read.
    pub fn new(folder: PathBuf, most: u64) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        let mut bytes = 0;
        for entry in fs::read_dir(&folder)? {
            bytes += entry?.metadata()?.len();
        }
        Ok(Self { folder, left: AtomicU64::new(most.saturating_sub(bytes)) })
    }

    fn path(&self, address: &str) -> PathBuf {
        self.folder.join(blake3::hash(address.as_bytes()).to_hex().as_str())
    }

    fn get(&self, address: &str) -> Option<Vec<u8>> {
        fs::read(self.path(address)).ok()
    }

    /// Keeps a picture if there is room. Without it, its address is asked again, which is slower
    /// and nothing else.
    fn keep(&self, address: &str, bytes: &[u8]) {
        let length = bytes.len() as u64;
        let is_room = |left: u64| left.checked_sub(length);
        if self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, is_room).is_err() {
            return;
        }
        let path = self.path(address);
        // Under another name until it is complete, because the import may be stopped.
        let part = path.with_extension("part");
        if let Err(error) = fs::write(&part, bytes).and_then(|()| fs::rename(&part, &path)) {
            tracing::warn!(error = %error, "a picture that was fetched could not be kept");
        }
    }
}

/// Why no fetcher could be made.
#[derive(Debug, thiserror::Error)]
#[error("pictures can't be fetched: {0}")]
pub struct NoFetcher(#[from] reqwest::Error);

/// Looks names up, and drops the addresses that may not be asked.
struct Guarded(MayAsk);

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let may_ask = self.0;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|one| may_ask(one.ip())).collect();
            if allowed.is_empty() {
                return Err("its host is in a private network".into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Whether an address of the web may be asked, as far as it says.
fn may_follow(url: &Url, may_ask: MayAsk) -> Result<(), &'static str> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err("its address begins with neither http nor https");
    }
    let is_allowed = match url.host() {
        Some(Host::Ipv4(address)) => may_ask(address.into()),
        Some(Host::Ipv6(address)) => may_ask(address.into()),
        // Looked up by `Guarded`.
        Some(Host::Domain(_)) => true,
        None => false,
    };
    if is_allowed { Ok(()) } else { Err("its host is in a private network") }
}

impl Fetcher {
    /// Asks only addresses that `may_ask` allows, such as [`is_public`], and none whose picture is
    /// in `fetched`.
    ///
    /// # Errors
    /// [`NoFetcher`]
    pub fn new(may_ask: MayAsk, fetched: Option<Fetched>) -> Result<Self, NoFetcher> {
        let policy = Policy::custom(move |attempt| {
            if attempt.previous().len() > MOST_REDIRECTS {
                return attempt.error("it redirects too often");
            }
            match may_follow(attempt.url(), may_ask) {
                Ok(()) => attempt.follow(),
                Err(reason) => attempt.error(reason),
            }
        });
        // Does nothing if another part has done it before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .user_agent(concat!("tidemark/", env!("CARGO_PKG_VERSION")))
            .timeout(LONGEST)
            .connect_timeout(LONGEST_CONNECT)
            .redirect(policy)
            .dns_resolver(Arc::new(Guarded(may_ask)))
            // A proxy would look the names up itself.
            .no_proxy()
            .build()?;
        let (left, failures) = (AtomicUsize::new(MOST_PICTURES), AtomicUsize::new(0));
        Ok(Self { client, may_ask, left, failures, fetched })
    }

    /// The bytes of a picture.
    ///
    /// # Errors
    /// Why there are none, in one line.
    pub(super) async fn fetch(&self, address: &str) -> Result<Vec<u8>, String> {
        if let Some(bytes) = self.fetched.as_ref().and_then(|fetched| fetched.get(address)) {
            return Ok(bytes);
        }
        if self.failures.load(Ordering::Relaxed) >= MOST_FAILURES {
            return Err(format!("not fetched, because {MOST_FAILURES} others failed in a row"));
        }
        let is_more = |left: usize| left.checked_sub(1);
        if self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, is_more).is_err() {
            return Err(format!("not fetched, because there are more than {MOST_PICTURES}"));
        }
        let url = Url::parse(address).map_err(|_| "its address can't be read".to_owned())?;
        may_follow(&url, self.may_ask)?;
        let fetched = self.get(url).await;
        match &fetched {
            Ok(bytes) => {
                self.failures.store(0, Ordering::Relaxed);
                if let Some(fetched) = &self.fetched {
                    fetched.keep(address, bytes);
                }
            }
            Err(_) => drop(self.failures.fetch_add(1, Ordering::Relaxed)),
        }
        fetched
    }

    async fn get(&self, url: Url) -> Result<Vec<u8>, String> {
        let mut response = self.client.get(url).send().await.map_err(|error| said(&error))?;
        if !response.status().is_success() {
            return Err(format!("its host answers {}", response.status()));
        }
        let most = usize::try_from(MOST_PICTURE).unwrap_or(usize::MAX);
        let mut bytes = Vec::new();
        while let Some(part) = response.chunk().await.map_err(|error| said(&error))? {
            if bytes.len() + part.len() > most {
                return Err(format!("it has more than {} MiB", MOST_PICTURE >> 20));
            }
            bytes.extend_from_slice(&part);
        }
        Ok(bytes)
    }
}

/// What lies at the bottom of an error.
fn said(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "its host does not answer in time".into();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether an address is of the public network: nothing behind it is only for this host or its
/// neighbours.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [first, second, third, _] = address.octets();
            !(first == 0
                || first >= 240
                || address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_multicast()
                || address.is_documentation()
                // Shared by providers; protocols; benchmarks.
                || (first == 100 && (64..128).contains(&second))
                || (first == 192 && second == 0 && third == 0)
                || (first == 198 && (18..20).contains(&second)))
        }
        IpAddr::V6(address) => {
            if let Some(mapped) = address.to_ipv4_mapped() {
                return is_public(mapped.into());
            }
            let segments = address.segments();
            // Only 2000::/3 is given out. Within it, 2001:db8::/32 is for documents; 2002::/16 and
            // 2001::/32 hold an IPv4 address.
            (segments[0] & 0xe000) == 0x2000
                && segments[0] != 0x2002
                && !(segments[0] == 0x2001 && matches!(segments[1], 0 | 0xdb8))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_that_were_fetched_are_kept_up_to_a_size_for_the_next_run() {
        let place = tempfile::tempdir().unwrap();
        let open = || Fetched::new(place.path().join("fetched"), 10).unwrap();
        let fetched = open();
        fetched.keep("https://a.example/a.png", b"1234567");
        fetched.keep("https://a.example/b.png", b"1234");
        assert_eq!(fetched.get("https://a.example/b.png"), None, "there is no room");
        let fetched = open();
        assert_eq!(fetched.get("https://a.example/a.png").as_deref(), Some(&b"1234567"[..]));
        fetched.keep("https://a.example/b.png", b"1234");
        assert_eq!(fetched.get("https://a.example/b.png"), None, "there is still none");
        fetched.keep("https://a.example/c.png", b"123");
        assert!(fetched.get("https://a.example/c.png").is_some());
    }

    #[test]
    fn only_the_web_is_asked() {
        for (address, is_allowed) in [
            ("https://a.example/a.png", true),
            ("http://1.1.1.1/a.png", true),
            ("http://127.0.0.1/a.png", false),
            ("http://[::1]/a.png", false),
            ("http://2130706433/a.png", false),
            ("ftp://a.example/a.png", false),
            ("file:///etc/passwd", false),
        ] {
            let url = Url::parse(address).unwrap();
            assert_eq!(may_follow(&url, is_public).is_ok(), is_allowed, "{address}");
        }
    }
}
