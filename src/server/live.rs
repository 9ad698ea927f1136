//! Live counts: tells open pages when the views of their articles rise.
//!
//! A page opens one stream for all articles on it. Once a second, one question to the stores
//! covers the articles of all streams together, and each stream is sent only what rose. So an open
//! stream costs memory and nothing else while nothing is viewed. The stores are shared, so views
//! that other replicas counted arrive too.
//!
//! Articles that readers can't see are never sent, and no count is sent that is lower than one
//! that was sent before (rule C6).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{Stream, stream};
use tidemark_counting::{ArticleId, Views};
use tidemark_store::clock::Clock;
use tidemark_store::sql::OwnConnection;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::db::Database;
use super::db::counts::counts;
use crate::error::Error;

/// How many articles one stream may be about.
pub const MOST_ARTICLES: usize = 100;

/// How often the stores are asked.
const INTERVAL: Duration = Duration::from_secs(1);

/// Timeout of reading all counts, after which the next step tries again.
const TIMEOUT: Duration = Duration::from_secs(2);

/// After how many steps each stream gets a comment, so that a client that is gone is noticed and
/// proxies keep the stream open: nginx does for 60 seconds. Comments are most of what idle streams
/// cost.
const STEPS_TO_COMMENT: u64 = 50;

/// After how many steps a tenth of all streams gets its comments. Many at once cost less than a few
/// each second, because threads that have slept have to be woken for them.
const STEPS_TO_COMMENTS: u64 = 5;
const GROUPS: u64 = STEPS_TO_COMMENT / STEPS_TO_COMMENTS;

/// After how many steps a stream ends. The page then opens another one.
const STEPS_TO_END: u64 = 60 * 60;

/// How many messages may wait for a client. A stream with more of them ends.
const BACKLOG: usize = 8;

/// Which part of all connections may be streams: half, so that pages always have the rest. The
/// streams of one address may be an eighth: half of the connections that it may have.
const PART_OF_ALL: usize = 2;
const PART_OF_AN_ADDRESS: usize = 8;

/// How many streams one address may always have. Together with the pages of as many tabs they fit
/// into the least number of connections of an address.
const LEAST_OF_AN_ADDRESS: usize = 8;

/// Who opens a stream: an IPv4 address or an IPv6 /64.
type Address = [u8; 8];

/// What a stream sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// The views of articles, by id.
    Views(BTreeMap<ArticleId, i64>),
    /// Nothing: the stream is still open.
    Comment,
}

/// The open streams. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Live(Arc<Mutex<Open>>);

#[derive(Debug, Default)]
struct Open {
    streams: HashMap<u64, OpenStream>,
    articles: HashMap<ArticleId, Watched>,
    addresses: HashMap<Address, usize>,
    /// The number of the last stream.
    last: u64,
    /// How many steps there have been.
    steps: u64,
    /// How many connections the server may have.
    connections: usize,
    is_stopped: bool,
}

#[derive(Debug)]
struct OpenStream {
    articles: BTreeSet<ArticleId>,
    address: Address,
    sender: Sender<Message>,
    /// How many steps there have been since it was opened.
    steps: u64,
}

/// An article that open streams are about.
#[derive(Debug, Default)]
struct Watched {
    streams: BTreeSet<u64>,
    /// The highest count so far; `None` until readers are known to see the article.
    views: Option<i64>,
}

impl Open {
    fn remove(&mut self, number: u64) {
        let Some(stream) = self.streams.remove(&number) else { return };
        for article in &stream.articles {
            if let Some(watched) = self.articles.get_mut(article) {
                watched.streams.remove(&number);
                if watched.streams.is_empty() {
                    self.articles.remove(article);
                }
            }
        }
        if let Some(count) = self.addresses.get_mut(&stream.address) {
            *count -= 1;
            if *count == 0 {
                self.addresses.remove(&stream.address);
            }
        }
    }

    /// Forgets articles that readers can't see. Otherwise a stranger could have the stores asked
    /// for a hundred thousand ids every second.
    fn forget(&mut self, articles: impl Iterator<Item = ArticleId>) {
        for article in articles {
            let Some(watched) = self.articles.remove(&article) else { continue };
            for number in watched.streams {
                if let Some(stream) = self.streams.get_mut(&number) {
                    stream.articles.remove(&article);
                }
            }
        }
    }

    /// Sends what rose to the streams that show it, and everything known to new streams.
    fn send(&mut self, views: &HashMap<ArticleId, i64>) {
        let mut messages = BTreeMap::<u64, BTreeMap<ArticleId, i64>>::new();
        for (article, views) in views {
            let Some(watched) = self.articles.get_mut(article) else { continue };
            if watched.views.is_some_and(|known| *views <= known) {
                continue;
            }
            watched.views = Some(*views);
            for number in &watched.streams {
                messages.entry(*number).or_default().insert(*article, *views);
            }
        }
        self.steps += 1;
        let is_time = self.steps.is_multiple_of(STEPS_TO_COMMENTS);
        let group = is_time.then_some(self.steps / STEPS_TO_COMMENTS % GROUPS);
        let mut ended = Vec::new();
        for (number, stream) in &mut self.streams {
            let mut message = messages.remove(number).unwrap_or_default();
            if stream.steps == 0 {
                let known = stream
                    .articles
                    .iter()
                    .filter_map(|article| Some((*article, self.articles.get(article)?.views?)));
                message.extend(known);
            }
            stream.steps += 1;
            if stream.steps >= STEPS_TO_END {
                ended.push(*number);
                continue;
            }
            let message = match message.is_empty() {
                false => Message::Views(message),
                true if group == Some(number % GROUPS) => Message::Comment,
                true => continue,
            };
            if stream.sender.try_send(message).is_err() {
                ended.push(*number);
            }
        }
        for number in ended {
            self.remove(number);
        }
    }
}

impl Live {
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets how many connections the server may have. Streams get a part of them; none before.
    pub fn share(&self, connections: usize) {
        self.lock().connections = connections;
    }

    /// How many streams are open.
    pub fn streams(&self) -> usize {
        self.lock().streams.len()
    }

    /// Opens a stream about `articles`.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if there are too many streams, of this address or of all, or if the
    /// server is stopping.
    pub fn open(
        &self,
        articles: BTreeSet<ArticleId>,
        address: Address,
    ) -> Result<impl Stream<Item = Message> + Send + use<>, Error> {
        let mut open = self.lock();
        let of_address = open.addresses.get(&address).copied().unwrap_or_default();
        let most_of_address = (open.connections / PART_OF_AN_ADDRESS).max(LEAST_OF_AN_ADDRESS);
        if open.is_stopped
            || of_address >= most_of_address
            || open.streams.len() >= open.connections / PART_OF_ALL
        {
            return Err(Error::Unavailable);
        }
        open.last += 1;
        let number = open.last;
        *open.addresses.entry(address).or_default() += 1;
        for article in &articles {
            open.articles.entry(*article).or_default().streams.insert(number);
        }
        let (sender, receiver) = channel(BACKLOG);
        open.streams.insert(number, OpenStream { articles, address, sender, steps: 0 });
        drop(open);
        let place = Place { live: self.clone(), number };
        Ok(stream::unfold((receiver, place), async |(mut receiver, place)| {
            let message = Receiver::recv(&mut receiver).await?;
            Some((message, (receiver, place)))
        }))
    }
}

/// The place of a stream, given back when its client is gone.
struct Place {
    live: Live,
    number: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.live.lock().remove(self.number);
    }
}

/// Asks the stores for the counts of all streams.
#[derive(Debug)]
pub struct LiveReader {
    live: Live,
    views: Views,
    database: Database,
    connection: OwnConnection,
    clock: Clock,
    /// The version of the content for which it is known that readers see the articles.
    content_version: u64,
}

impl LiveReader {
    /// Reads for the streams of `live`.
    pub fn new(live: Live, views: Views, database: Database, clock: Clock) -> Self {
        let connection = OwnConnection::new(database.any().clone());
        Self { live, views, database, connection, clock, content_version: 0 }
    }

    /// Asks once, and sends what rose.
    pub async fn step(&mut self) {
        let (mut known, mut new) = (Vec::new(), Vec::new());
        let content_version = self.database.content_version().current();
        let may_be_hidden = content_version != self.content_version;
        {
            let open = self.live.lock();
            if open.streams.is_empty() {
                return;
            }
            for (article, watched) in &open.articles {
                let is_known = watched.views.is_some() && !may_be_hidden;
                let list = if is_known { &mut known } else { &mut new };
                list.push(*article);
            }
        }
        let views = match self.database.outage().is_now() {
            true => None,
            // Errors were logged where they occurred.
            false => tokio::time::timeout(TIMEOUT, self.read(known, &new))
                .await
                .ok()
                .and_then(Result::ok),
        };
        let mut open = self.live.lock();
        if let Some(views) = &views {
            self.content_version = content_version;
            open.forget(new.into_iter().filter(|article| !views.contains_key(article)));
        }
        open.send(&views.unwrap_or_default());
    }

    /// The views of `articles`, and of those of `new` that readers see.
    async fn read(
        &mut self,
        mut articles: Vec<ArticleId>,
        new: &[ArticleId],
    ) -> Result<HashMap<ArticleId, i64>, Error> {
        if !new.is_empty() {
            articles.extend(self.database.names(new, self.clock.now()).await?.into_keys());
        }
        let mut views = self.views.totals(&articles).await.unwrap_or_default();
        let missing: Vec<ArticleId> =
            articles.iter().copied().filter(|article| !views.contains_key(article)).collect();
        let stored = counts(&mut self.connection, &missing).await?;
        for article in missing {
            views.insert(article, stored.get(&article).map_or(0, |counts| counts.views));
        }
        for (article, views) in &mut views {
            *views = self.database.baselines().with(*article, *views);
        }
        Ok(views)
    }

    /// Asks once a second until `stop` is cancelled, and then ends all streams.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut steps = tokio::time::interval(INTERVAL);
        steps.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(steps.tick()).await.is_some() {
            if stop.run_until_cancelled(self.step()).await.is_none() {
                break;
            }
        }
        let mut open = self.live.lock();
        let connections = open.connections;
        *open = Open { is_stopped: true, connections, ..Open::default() };
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::{FutureExt, StreamExt};

    use super::*;

    fn live(connections: usize) -> Live {
        let live = Live::default();
        live.share(connections);
        live
    }

    fn counts<C: FromIterator<(ArticleId, i64)>>(views: &[(i64, i64)]) -> C {
        views.iter().map(|(article, views)| (ArticleId(*article), *views)).collect()
    }

    fn views(views: &[(i64, i64)]) -> Message {
        Message::Views(counts(views))
    }

    #[test]
    fn a_stream_gets_what_is_known_first_and_then_only_what_rises() {
        let live = live(100);
        let mut one = pin!(live.open([1, 2, 3].map(ArticleId).into(), [1; 8]).unwrap());
        let mut next =
            || one.next().now_or_never().flatten().filter(|message| *message != Message::Comment);
        assert_eq!(next(), None);
        for (read, expected) in [
            (&[(1, 5), (2, 0)][..], Some(views(&[(1, 5), (2, 0)]))),
            (&[(1, 5), (2, 0)], None),
            (&[(1, 6), (2, 0), (9, 1)], Some(views(&[(1, 6)]))),
            (&[(1, 4)], None),
            (&[(1, 6)], None),
            (&[], None),
        ] {
            live.lock().send(&counts(read));
            assert_eq!(next(), expected, "{read:?}");
        }
        let mut other = pin!(live.open([1, 3].map(ArticleId).into(), [1; 8]).unwrap());
        live.lock().send(&HashMap::new());
        assert_eq!(other.next().now_or_never().flatten(), Some(views(&[(1, 6)])));
    }

    #[test]
    fn articles_that_nobody_sees_are_forgotten_and_the_stream_goes_on() {
        let live = live(100);
        let mut stream = pin!(live.open([1, 2].map(ArticleId).into(), [1; 8]).unwrap());
        live.lock().forget([2, 3].map(ArticleId).into_iter());
        assert_eq!(live.lock().articles.keys().collect::<Vec<_>>(), [&ArticleId(1)]);
        live.lock().send(&counts(&[(1, 5), (2, 5)]));
        assert_eq!(stream.next().now_or_never().flatten(), Some(views(&[(1, 5)])));
        live.lock().remove(1);
        assert!(live.lock().articles.is_empty(), "nothing is kept");
    }

    #[test]
    fn an_idle_stream_gets_comments_and_ends_after_an_hour() {
        let live = live(100);
        let mut stream = pin!(live.open([ArticleId(1)].into(), [1; 8]).unwrap());
        let (mut comments, mut has_ended) = (0, false);
        for _ in 0..STEPS_TO_END {
            live.lock().send(&HashMap::new());
            while let Some(next) = stream.next().now_or_never() {
                match next {
                    Some(message) => comments += u64::from(message == Message::Comment),
                    None => {
                        has_ended = true;
                        break;
                    }
                }
            }
        }
        assert_eq!((comments, has_ended), (STEPS_TO_END / STEPS_TO_COMMENT, true));
        assert_eq!(live.streams(), 0);
    }

    #[test]
    fn a_client_that_takes_nothing_loses_its_stream() {
        let live = live(100);
        let _stream = live.open([ArticleId(1)].into(), [1; 8]).unwrap();
        for count in 0..=BACKLOG {
            assert_eq!(live.streams(), 1);
            live.lock().send(&counts(&[(1, i64::try_from(count).unwrap())]));
        }
        assert_eq!(live.streams(), 0);
    }

    #[test]
    fn an_address_and_all_together_have_a_limited_number_of_streams() {
        let live = live(40);
        let open = |address: u8| live.open([ArticleId(1)].into(), [address; 8]);
        let mut streams: Vec<_> = (0..LEAST_OF_AN_ADDRESS).map(|_| open(1).unwrap()).collect();
        assert!(open(1).is_err(), "its share is used up");
        streams.extend((0..LEAST_OF_AN_ADDRESS).map(|_| open(2).unwrap()));
        streams.extend((0..4).map(|_| open(3).unwrap()));
        assert!(open(3).is_err(), "20 are half of all connections");
        streams.clear();
        assert!(open(1).is_ok());
        let open = live.lock();
        assert_eq!((open.articles.len(), open.addresses.len()), (0, 0), "nothing is kept");
    }
}
