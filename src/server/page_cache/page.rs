//! A cached page: bytes with holes.

use std::collections::HashMap;
use std::convert::Infallible;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};

use axum::body::Bytes;
use axum::http::HeaderMap;
use bytes::BytesMut;
use http_body::{Body, Frame, SizeHint};
use rustc_hash::FxHasher;
use tidemark_counting::{ArticleId, UserId, Window};

use super::deflate::{Gzip, deflate};
use super::hole::{Hole, Marks, NOT_KNOWN};
use crate::model::language::Language;
use crate::server::db::counts::ArticleCounts;

/// A piece of HTML, plain and compressed.
#[derive(Clone, Debug)]
struct Piece {
    html: Bytes,
    /// Compressed on first use.
    deflated: OnceLock<Box<[u8]>>,
}

impl Piece {
    fn new(html: &str) -> Self {
        Self { html: Bytes::copy_from_slice(html.as_bytes()), deflated: OnceLock::new() }
    }

    /// How many bytes of the piece are copied into a response: none if it is large enough to share.
    fn small_len(&self) -> usize {
        if self.html.len() < WORTH_SHARING { self.html.len() } else { 0 }
    }

    fn deflated(&self) -> &[u8] {
        self.deflated.get_or_init(|| deflate(&self.html).into())
    }
}

/// A page that was rendered with marks, split into pieces and holes.
#[derive(Debug)]
pub struct RememberedPage {
    headers: HeaderMap,
    /// Each piece with the hole after it.
    pieces: Vec<(Piece, Hole)>,
    end: Piece,
    wanted: Wanted,
    /// The article whose views this page sends, if it is an article's page.
    article: Option<ArticleId>,
    /// A hash of the pieces and holes, without what fills them.
    hash: u64,
    /// The language that counts are shown in.
    language: Language,
    /// What was shown last. Shown again while the stores are unavailable.
    last: Mutex<Shown>,
}

/// What fills a page's holes as of a [`Moment`].
#[derive(Clone, Debug)]
struct Shown {
    /// The moment's number; 0 for the values from rendering.
    order: u64,
    /// Whether the moment may lack views.
    is_behind: bool,
    values: Arc<Values>,
}

/// What fills the holes that are the same in all responses. Moments that differ in nothing share
/// it.
#[derive(Debug)]
struct Values {
    /// One per hole, in order; 0 for holes that take no count.
    counts: Vec<i64>,
    rankings: Arc<RenderedRankings>,
    /// The full ranking of the page's window; empty if the page has none.
    ranking: Arc<RenderedRankings>,
    /// Made on first use: most moments differ in nothing from the one before.
    texts: OnceLock<Texts>,
}

#[derive(Debug)]
struct Texts {
    /// The counts as text; empty for holes that take none.
    counts: Vec<String>,
    /// A hash of everything that these values fill in.
    hash: u64,
}

impl Values {
    fn new(
        counts: Vec<i64>,
        rankings: Arc<RenderedRankings>,
        ranking: Arc<RenderedRankings>,
    ) -> Arc<Self> {
        Arc::new(Self { counts, rankings, ranking, texts: OnceLock::new() })
    }

    fn are_the_same(&self, other: &Self) -> bool {
        self.counts == other.counts
            && Arc::ptr_eq(&self.rankings, &other.rankings)
            && Arc::ptr_eq(&self.ranking, &other.ranking)
    }
}

/// The most viewed articles, rendered for the sidebar or for a window's page.
pub struct RenderedRankings {
    /// A hash of the HTML in the default language, which changes whenever the HTML does.
    hash: u64,
    render: Box<dyn Fn(Language) -> String + Send + Sync>,
    /// The HTML in each language that somebody has asked for, in the order of [`Language::ALL`].
    html: [OnceLock<Piece>; 3],
}

impl RenderedRankings {
    /// Renders the rankings once in each language that is asked for.
    pub fn new(render: impl Fn(Language) -> String + Send + Sync + 'static) -> Self {
        let mut hasher = DefaultHasher::new();
        let html = render(Language::default());
        html.hash(&mut hasher);
        let rendered = Self {
            hash: hasher.finish(),
            render: Box::new(render),
            html: <[OnceLock<Piece>; 3]>::default(),
        };
        let _ = rendered.html[Language::default() as usize].set(Piece::new(&html));
        rendered
    }

    fn html(&self, language: Language) -> &Piece {
        self.html[language as usize].get_or_init(|| Piece::new(&(self.render)(language)))
    }
}

impl std::fmt::Debug for RenderedRankings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("RenderedRankings").field("hash", &self.hash).finish_non_exhaustive()
    }
}

/// What a page needs to be filled, besides the sidebar's rankings.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The articles whose counts it shows.
    pub articles: Arc<[ArticleId]>,
    /// The author whose followers it shows.
    pub author: Option<UserId>,
    /// The article whose views in the last 24 hours it shows.
    pub last_day: Option<ArticleId>,
    /// The window whose full ranking it shows.
    pub window: Option<Window>,
}

/// Counts and rankings that were read together.
#[derive(Debug)]
pub struct Moment {
    /// The number of this read in this process, from 1. A later read has a higher number.
    pub order: u64,
    /// Counts of the requested articles, and maybe of others. An article without views or reactions
    /// is absent.
    pub articles: HashMap<ArticleId, ArticleCounts>,
    /// How many followers each requested author has. An author is absent if that could not be read
    /// in time.
    pub followers: HashMap<UserId, i64>,
    /// The views in the last 24 hours of each article that was asked for. An article is absent if
    /// they could not be read in time.
    pub last_day: HashMap<ArticleId, i64>,
    /// Whether views may be missing because Redis could not be read. If so, no count of views that
    /// was shown before falls (rule C6).
    pub is_behind: bool,
    /// The most viewed articles, for the sidebar.
    pub rankings: Arc<RenderedRankings>,
    /// The full ranking of each requested window.
    pub windows: HashMap<Window, Arc<RenderedRankings>>,
}

/// What fills the holes of one response.
#[derive(Clone, Debug)]
pub struct Filling {
    /// The nonce of the response's scripts.
    pub nonce: String,
    /// The current counts; `None` if the stores are unavailable.
    pub moment: Option<Arc<Moment>>,
    /// Without a moment: the views of articles that anybody was told last. No page shows fewer
    /// (rule C6).
    pub told: HashMap<ArticleId, i64>,
    /// Whether this reader's view of the page's article would count.
    pub would_count: bool,
}

/// What fills the holes of one response.
#[derive(Debug)]
pub struct FilledPage {
    /// A hash of the page and everything filled in but the nonce.
    pub hash: u64,
    values: Arc<Values>,
    nonce: String,
    would_count: &'static str,
}

impl FilledPage {
    /// What fills each of these holes.
    fn texts<'page>(
        &'page self,
        page: &'page RememberedPage,
    ) -> impl Iterator<Item = (&'page Piece, Text<'page>)> {
        let texts = &page.texts(&self.values).counts;
        page.pieces.iter().zip(texts).map(|((piece, hole), text)| {
            let text = match hole {
                Hole::Nonce => Text::Words(&self.nonce),
                Hole::WouldCount(_) => Text::Words(self.would_count),
                Hole::Rankings => Text::Rankings(self.values.rankings.html(page.language)),
                Hole::Ranking(_) => Text::Rankings(self.values.ranking.html(page.language)),
                _ => Text::Words(text),
            };
            (piece, text)
        })
    }
}

#[derive(Debug)]
enum Text<'page> {
    Words(&'page str),
    Rankings(&'page Piece),
}

impl RememberedPage {
    /// Splits a page that was rendered with `marks`. `headers` are those that all responses share.
    /// `rankings` fill the sidebar until the first [`Moment`] arrives.
    pub fn new(
        html: &str,
        marks: &Marks,
        headers: HeaderMap,
        rankings: Arc<RenderedRankings>,
        language: Language,
    ) -> Self {
        let (parts, end) = marks.split(html);
        // A fast one, because it hashes the whole text. Nobody gains by making two pages alike.
        let mut hasher = FxHasher::default();
        let (mut articles, mut author, mut article) = (Vec::new(), None, None);
        let (mut pieces, mut counts) =
            (Vec::with_capacity(parts.len()), Vec::with_capacity(parts.len()));
        let (mut window, mut last_day, mut ranking) = (None, None, String::new());
        for (text, hole, count) in parts {
            // The rendered ranking is shown until a newer one is read.
            if hole == Hole::EndOfRanking {
                ranking = text.to_owned();
                continue;
            }
            (text, hole).hash(&mut hasher);
            match hole {
                Hole::Views(id) | Hole::ViewsInWords(id) | Hole::Likes(id) | Hole::Collects(id) => {
                    articles.push(id);
                }
                Hole::Followers(id) => author = Some(id),
                Hole::LastDay(id) => last_day = Some(id),
                Hole::WouldCount(id) => article = Some(id),
                Hole::Ranking(shown) => window = Some(shown),
                Hole::Nonce | Hole::Rankings | Hole::EndOfRanking => {}
            }
            pieces.push((Piece::new(text), hole));
            counts.push(count);
        }
        end.hash(&mut hasher);
        articles.sort_unstable();
        articles.dedup();
        let ranking = Arc::new(RenderedRankings::new(move |_| ranking.clone()));
        let values = Values::new(counts, rankings, ranking);
        let shown = Shown { order: 0, is_behind: false, values };
        Self {
            headers,
            pieces,
            end: Piece::new(end),
            wanted: Wanted { articles: articles.into(), author, last_day, window },
            article,
            hash: hasher.finish(),
            language,
            last: Mutex::new(shown),
        }
    }

    /// The headers that all responses share.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// What to read before filling the page.
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// The article whose views this page sends, if it is an article's page.
    pub fn article(&self) -> Option<ArticleId> {
        self.article
    }

    /// The approximate size in memory, in bytes.
    pub fn size(&self) -> usize {
        // Compressed, text takes less than half its size.
        let size = |piece: &Piece| piece.html.len() * 3 / 2 + size_of::<(Piece, Hole, i64)>();
        self.pieces.iter().map(|(piece, _)| size(piece)).sum::<usize>()
            + size(&self.end)
            + size_of::<Self>()
    }

    /// Whether the first gzip answer would have to compress much.
    pub fn is_slow_to_compress(&self) -> bool {
        let is_slow =
            |piece: &Piece| piece.html.len() >= SLOW_TO_COMPRESS && piece.deflated.get().is_none();
        self.pieces.iter().any(|(piece, _)| is_slow(piece)) || is_slow(&self.end)
    }

    /// Compresses all pieces.
    pub fn compress(&self) {
        for piece in self.pieces.iter().map(|(piece, _)| piece).chain([&self.end]) {
            piece.deflated();
        }
    }

    /// Fills the holes. Values that are not available now stay as they were shown last.
    pub fn fill(&self, filling: &Filling) -> FilledPage {
        let values = match filling.moment.as_deref() {
            Some(moment) => self.values(moment),
            None => self.last_values(&filling.told),
        };
        // Hashed, because on a 304 the browser would keep an outdated answer.
        let would_count = self.article.is_some() && filling.would_count;
        let mut hasher = DefaultHasher::new();
        (self.hash, self.texts(&values).hash, would_count).hash(&mut hasher);
        let would_count = if would_count { "true" } else { "false" };
        FilledPage { hash: hasher.finish(), values, nonce: filling.nonce.clone(), would_count }
    }

    fn texts<'values>(&self, values: &'values Values) -> &'values Texts {
        values.texts.get_or_init(|| {
            let mut hasher = DefaultHasher::new();
            let counts = self.pieces.iter().zip(&values.counts).map(|((_, hole), count)| {
                let text = match hole {
                    Hole::Views(_) => count.to_string(),
                    Hole::ViewsInWords(_) => self.language.views(*count),
                    Hole::LastDay(_) => {
                        self.language.views_if_known(Some(*count).filter(|one| *one != NOT_KNOWN))
                    }
                    Hole::Likes(_) | Hole::Collects(_) => self.language.number(*count),
                    Hole::Followers(_) => self.language.followers(*count),
                    Hole::Nonce | Hole::WouldCount(_) | Hole::EndOfRanking => String::new(),
                    Hole::Rankings => {
                        values.rankings.hash.hash(&mut hasher);
                        String::new()
                    }
                    Hole::Ranking(_) => {
                        values.ranking.hash.hash(&mut hasher);
                        String::new()
                    }
                };
                count.hash(&mut hasher);
                text
            });
            let counts = counts.collect();
            Texts { counts, hash: hasher.finish() }
        })
    }

    /// The values that were shown last, with no fewer views than anybody was told.
    fn last_values(&self, told: &HashMap<ArticleId, i64>) -> Arc<Values> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let counts =
            self.pieces.iter().zip(&last.values.counts).map(|((_, hole), count)| match hole {
                Hole::Views(article) | Hole::ViewsInWords(article) => {
                    told.get(article).map_or(*count, |told| *told.max(count))
                }
                _ => *count,
            });
        let counts: Vec<i64> = counts.collect();
        if counts != last.values.counts {
            let Values { rankings, ranking, .. } = &*last.values;
            last.values = Values::new(counts, rankings.clone(), ranking.clone());
        }
        last.values.clone()
    }

    /// The values to show for a moment.
    ///
    /// Concurrent responses call this in any order. An earlier moment must not replace a later one,
    /// or counts would fall when an outage begins (rule C6).
    fn values(&self, moment: &Moment) -> Arc<Values> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if moment.order == last.order {
            return last.values.clone();
        }
        let counts = self.pieces.iter().zip(&last.values.counts).map(|((_, hole), before)| {
            let of =
                |article: ArticleId| moment.articles.get(&article).copied().unwrap_or_default();
            match *hole {
                Hole::Views(article) | Hole::ViewsInWords(article) => {
                    let views = of(article).views;
                    if moment.is_behind { views.max(*before) } else { views }
                }
                Hole::LastDay(article) => moment.last_day.get(&article).copied().unwrap_or(*before),
                Hole::Likes(article) => of(article).likes,
                Hole::Collects(article) => of(article).collects,
                Hole::Followers(user) => moment.followers.get(&user).copied().unwrap_or(*before),
                Hole::Nonce
                | Hole::WouldCount(_)
                | Hole::Rankings
                | Hole::Ranking(_)
                | Hole::EndOfRanking => 0,
            }
        });
        let counts = counts.collect();
        let ranking = self.wanted.window.and_then(|window| moment.windows.get(&window));
        let ranking = ranking.unwrap_or(&last.values.ranking).clone();
        let mut values = Values::new(counts, moment.rankings.clone(), ranking);
        if values.are_the_same(&last.values) {
            values = last.values.clone();
        }
        if moment.order > last.order {
            let (order, is_behind) = (moment.order, moment.is_behind);
            *last = Shown { order, is_behind, values: values.clone() };
        } else if last.is_behind {
            // The earlier moment may have views that the later one lacks.
            let both = last.values.counts.iter().zip(&values.counts);
            let counts = self.pieces.iter().zip(both).map(|((_, hole), (later, earlier))| {
                let is_views = matches!(hole, Hole::Views(_) | Hole::ViewsInWords(_));
                if is_views { *later.max(earlier) } else { *later }
            });
            let Values { rankings, ranking, .. } = &*last.values;
            last.values = Values::new(counts.collect(), rankings.clone(), ranking.clone());
        }
        values
    }

    /// The page as HTML.
    pub fn html(&self, filled: &FilledPage) -> Html {
        // Allocate the final size at once, because growing would copy again and again.
        let small = filled.texts(self).map(|(piece, text)| {
            piece.small_len()
                + match text {
                    Text::Words(words) => words.len(),
                    Text::Rankings(rankings) => rankings.small_len(),
                }
        });
        let small = small.sum::<usize>() + self.end.small_len();
        let mut html = Html { small: BytesMut::with_capacity(small), ..Html::default() };
        for (piece, text) in filled.texts(self) {
            html.add(&piece.html);
            match text {
                Text::Words(words) => html.small.extend_from_slice(words.as_bytes()),
                Text::Rankings(rankings) => html.add(&rankings.html),
            }
        }
        html.add(&self.end.html);
        html.finish()
    }

    /// The page as a gzip stream.
    pub fn gzip(&self, filled: &FilledPage) -> Vec<u8> {
        let size: usize = self.pieces.iter().map(|(piece, _)| piece.deflated().len() + 64).sum();
        let mut gzip = Gzip::with_capacity(size + self.end.deflated().len() + 4_096);
        for (piece, text) in filled.texts(self) {
            gzip.add_deflated(&piece.html, piece.deflated());
            match text {
                Text::Words(words) => gzip.add_stored(words.as_bytes()),
                Text::Rankings(rankings) => gzip.add_deflated(&rankings.html, rankings.deflated()),
            }
        }
        gzip.add_deflated(&self.end.html, self.end.deflated());
        gzip.finish()
    }
}

/// Compressing a piece of this many bytes takes milliseconds, which is too long for the runtime's
/// threads.
const SLOW_TO_COMPRESS: usize = 64 * 1_024;

/// Pieces of at least this many bytes are sent without being copied. Smaller ones are copied
/// together.
const WORTH_SHARING: usize = 4 * 1_024;

/// A page as a response body.
#[derive(Debug, Default)]
pub struct Html {
    /// The chunks still to be sent, last first.
    pieces: Vec<Bytes>,
    small: BytesMut,
    left: u64,
}

impl Html {
    fn add(&mut self, piece: &Bytes) {
        if piece.len() < WORTH_SHARING {
            self.small.extend_from_slice(piece);
            return;
        }
        self.flush();
        self.pieces.push(piece.clone());
    }

    fn flush(&mut self) {
        if !self.small.is_empty() {
            self.pieces.push(self.small.split().freeze());
        }
    }

    fn finish(mut self) -> Self {
        self.flush();
        self.left = self.pieces.iter().map(|piece| piece.len() as u64).sum();
        self.pieces.reverse();
        self
    }
}

impl Body for Html {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.pieces.pop();
        self.left -= piece.as_ref().map_or(0, |piece| piece.len() as u64);
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests;
