//! Simulated readers who keep opening pages, each always on the same replica.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::blog::ARTICLES;
use crate::verdict::{Answer, Opened, Page, Source};

/// The number of readers per replica.
const READERS: u64 = 2;

/// The number of IP addresses that the readers share.
const ADDRESSES: u64 = 6;

/// The pause before each page. It leaves CPU time for everything else.
const READING: Duration = Duration::from_millis(30);

/// The client's timeout. The server answers every request within five seconds; the rest allows for
/// a busy machine.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Opens pages and records the answers.
struct Browser {
    urls: Vec<String>,
    agent: ureq::Agent,
    searches: AtomicU64,
    opened: Mutex<Vec<Opened>>,
}

/// The running reader threads.
pub struct Readers {
    stop: Arc<AtomicBool>,
    browser: Arc<Browser>,
    readers: Vec<JoinHandle<()>>,
}

impl Readers {
    /// Starts the readers of the replicas at `urls`.
    pub fn start(seed: u64, urls: &[String]) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(TIMEOUT))
            .build()
            .new_agent();
        let browser = Browser {
            urls: urls.to_vec(),
            agent,
            searches: AtomicU64::new(0),
            opened: Mutex::new(Vec::new()),
        };
        let (browser, stop) = (Arc::new(browser), Arc::<AtomicBool>::default());
        let mut readers = Vec::new();
        for replica in 0..urls.len() {
            for number in 0..READERS {
                let (browser, stop) = (browser.clone(), stop.clone());
                // A different random sequence from that of the readers who send views.
                let mut random =
                    StdRng::seed_from_u64(!seed ^ ((replica as u64 * READERS + number) << 32));
                readers.push(std::thread::spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        std::thread::sleep(READING);
                        let page = match random.random_range(0..3) {
                            0 => Page::Front,
                            1 => Page::Search,
                            _ => Page::Article(
                                1 + (random.random::<f64>().powi(2) * ARTICLES as f64) as i64,
                            ),
                        };
                        browser.open(replica, page, random.random_range(0..ADDRESSES));
                    }
                }));
            }
        }
        Self { stop, browser, readers }
    }

    /// Opens each page of a replica once. Succeeds if all of them are shown normally, as if no
    /// store had ever been away.
    ///
    /// # Errors
    /// The first page that wasn't, and its answer.
    pub fn try_all(&self, replica: usize) -> Result<(), String> {
        let pages = (1..=ARTICLES).map(Page::Article).chain([Page::Front, Page::Search]);
        for page in pages {
            match self.browser.open(replica, page, 0) {
                Answer::Shown(Source::Rendered | Source::Memory, _) => {}
                answer => return Err(format!("{page}: {answer:?}")),
            }
        }
        Ok(())
    }

    /// Stops the readers once each has finished its current page, and returns every page opened.
    pub fn finish(self) -> Vec<Opened> {
        self.stop.store(true, Ordering::Relaxed);
        for reader in self.readers {
            reader.join().expect("the reader finishes");
        }
        std::mem::take(&mut *self.browser.opened.lock().expect("the pages"))
    }
}

impl Browser {
    /// Opens a page as one of the addresses and records the answer.
    fn open(&self, replica: usize, page: Page, address: u64) -> Answer {
        let path = match page {
            // No search is ever repeated, so none is served from the cache.
            Page::Search => {
                format!("/search?q=article+{}", self.searches.fetch_add(1, Ordering::Relaxed))
            }
            page => page.to_string(),
        };
        let began = Instant::now();
        let answer = self.get(&format!("{}{path}", self.urls[replica]), page, address);
        let ended = Instant::now();
        let answer = match answer {
            Ok(answer) => answer,
            // The timeout may fire a moment early.
            Err(_) if ended - began + Duration::from_secs(1) >= TIMEOUT => {
                Answer::Wrong(format!("no answer within {} seconds", TIMEOUT.as_secs()))
            }
            // The process died before it answered.
            Err(_) => Answer::Nothing,
        };
        let opened = Opened { replica, page, began, ended, answer: answer.clone() };
        self.opened.lock().expect("the pages").push(opened);
        answer
    }

    fn get(&self, url: &str, page: Page, address: u64) -> Result<Answer, ureq::Error> {
        let mut answer =
            self.agent.get(url).header("x-forwarded-for", format!("192.0.2.{address}")).call()?;
        let text = answer.body_mut().read_to_string()?;
        let header = |name: &str| {
            answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
        };
        Ok(match answer.status().as_u16() {
            200 => {
                let status = header("cache-status");
                let is_hit = status.starts_with("Tidemark; hit");
                let source = match (is_hit, status.ends_with("detail=stores-away")) {
                    (true, true) => Source::MemoryWhileAway,
                    (true, false) => Source::Memory,
                    (false, true) => Source::RenderedWhileAway,
                    (false, false) => Source::Rendered,
                };
                match views_on(page, &text) {
                    Some(views) => Answer::Shown(source, views),
                    None => Answer::Wrong("served without its counts".into()),
                }
            }
            503 if header("retry-after").is_empty() => {
                Answer::Wrong("refused without Retry-After".into())
            }
            503 => Answer::Refused,
            status => Answer::Wrong(format!("status {status}")),
        })
    }
}

/// The article ids and view counts that a page shows. `None` if the counts are missing. A search
/// page shows none.
fn views_on(page: Page, html: &str) -> Option<Vec<(i64, i64)>> {
    match page {
        Page::Search => Some(Vec::new()),
        Page::Article(article) => {
            let (_, counter) = html.split_once("class=\"view-count\">")?;
            let (views, _) = counter.split_once(" view")?;
            Some(vec![(article, number(views)?)])
        }
        Page::Front => {
            let cards = html.split("class=\"card\">").skip(1).map(|card| {
                let (before, _) = card.split_once(" view")?;
                let (_, views) = before.rsplit_once('>')?;
                let (_, slug) = card.split_once("href=\"/articles/article-")?;
                let (article, _) = slug.split_once('"')?;
                Some((article.parse().ok()?, number(views)?))
            });
            cards.collect::<Option<Vec<_>>>().filter(|cards| !cards.is_empty())
        }
    }
}

/// Parses a number with thousands separators.
fn number(text: &str) -> Option<i64> {
    text.replace(',', "").parse().ok()
}
