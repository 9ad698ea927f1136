//! Simulated readers. Each views an article and retries until the view is acknowledged.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::blog::ARTICLES;

const READERS: u64 = 8;
/// How long a reader keeps retrying its current view once everything is healthy again. A healthy
/// blog answers in milliseconds.
const LAST_ANSWER: Duration = Duration::from_secs(120);
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:139.0) Gecko/20100101 Firefox/139.0";

/// What one reader was told about one view.
#[derive(Clone, Debug)]
pub struct View {
    pub article: i64,
    /// How often the answer said that the view was counted.
    pub counted: u64,
    /// When the view was first sent.
    pub sent: Instant,
    /// The first acknowledgement, either as counted or as a repeat.
    pub acknowledged: Option<Acknowledged>,
}

/// When a view was acknowledged.
#[derive(Clone, Copy, Debug)]
pub struct Acknowledged {
    /// When the request was sent.
    pub asked: Instant,
    /// When its answer was recorded.
    pub at: Instant,
}

/// The running reader threads.
pub struct Load {
    stop: Arc<AtomicBool>,
    give_up: Arc<AtomicBool>,
    views: Arc<Mutex<HashMap<u64, View>>>,
    requests: Arc<AtomicU64>,
    readers: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts the readers. Each request goes to a random one of the replicas at `urls`.
    pub fn start(seed: u64, urls: &[String]) -> Self {
        let load = Self {
            stop: Arc::default(),
            give_up: Arc::default(),
            views: Arc::default(),
            requests: Arc::default(),
            readers: Vec::new(),
        };
        let next = Arc::new(AtomicU64::new(1));
        let readers = (0..READERS)
            .map(|number| {
                let (stop, give_up) = (load.stop.clone(), load.give_up.clone());
                let (views, requests, next) =
                    (load.views.clone(), load.requests.clone(), next.clone());
                let (urls, mut random) =
                    (urls.to_vec(), StdRng::seed_from_u64(seed ^ (number << 32)));
                std::thread::spawn(move || {
                    let agent = ureq::Agent::config_builder()
                        .http_status_as_error(false)
                        .timeout_global(Some(Duration::from_millis(1_500)))
                        .build()
                        .new_agent();
                    while !stop.load(Ordering::Relaxed) {
                        // Leave CPU time for the processes that die and restart.
                        std::thread::sleep(Duration::from_millis(4));
                        let visitor = next.fetch_add(1, Ordering::Relaxed);
                        // Skewed towards popular articles, like real traffic.
                        let article = 1 + (random.random::<f64>().powi(2) * ARTICLES as f64) as i64;
                        views.lock().expect("the views").insert(
                            visitor,
                            View { article, counted: 0, sent: Instant::now(), acknowledged: None },
                        );
                        // Some readers ask again after the acknowledgement, as after a page reload.
                        let mut more = u32::from(random.random_ratio(1, 5));
                        while !give_up.load(Ordering::Relaxed) {
                            requests.fetch_add(1, Ordering::Relaxed);
                            let url = &urls[random.random_range(0..urls.len())];
                            let asked = Instant::now();
                            let Some(is_counted) = put(&agent, url, article, visitor) else {
                                std::thread::sleep(Duration::from_millis(20));
                                continue;
                            };
                            let mut views = views.lock().expect("the views");
                            if let Some(view) = views.get_mut(&visitor) {
                                view.counted += u64::from(is_counted);
                                let acknowledged = Acknowledged { asked, at: Instant::now() };
                                view.acknowledged.get_or_insert(acknowledged);
                            }
                            drop(views);
                            if more == 0 {
                                break;
                            }
                            more -= 1;
                        }
                    }
                })
            })
            .collect();
        Self { readers, ..load }
    }

    /// Stops the readers once each has finished its current view. Returns all views and the number
    /// of requests. A view that isn't acknowledged in time keeps `acknowledged: None`.
    pub fn finish(self) -> (Vec<View>, u64) {
        self.stop.store(true, Ordering::Relaxed);
        let deadline = Instant::now() + LAST_ANSWER;
        while self.readers.iter().any(|reader| !reader.is_finished()) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        self.give_up.store(true, Ordering::Relaxed);
        for reader in self.readers {
            reader.join().expect("the reader finishes");
        }
        let views = self.views.lock().expect("the views").values().cloned().collect();
        (views, self.requests.load(Ordering::Relaxed))
    }
}

/// Sends one view. Returns whether it was counted, or `None` if it wasn't acknowledged.
fn put(agent: &ureq::Agent, url: &str, article: i64, visitor: u64) -> Option<bool> {
    let [.., a, b, c] = visitor.to_be_bytes();
    let request = agent
        .put(format!("{url}/api/v1/articles/{article}/view"))
        .header("user-agent", FIREFOX)
        .header("x-forwarded-for", format!("10.{a}.{b}.{c}"));
    let mut answer = request.send_empty().ok()?;
    if answer.status() != 200 {
        return None;
    }
    let body: serde_json::Value = answer.body_mut().read_json().ok()?;
    body["counted"].as_bool()
}
