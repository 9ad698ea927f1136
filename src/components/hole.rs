//! Values that differ between responses of a cached page, such as counts. If the page is rendered
//! for the cache, these functions return a mark, which is replaced when the page is sent. Otherwise
//! they return the value.

use leptos::prelude::*;
use tidemark_counting::{ArticleId, Window};

use crate::model::language::Language;
use crate::server::page_cache::hole::{Hole, Marks, NOT_KNOWN};
use crate::text::language;

/// A count formatted with `format`.
pub fn counted(hole: Hole, count: i64, format: fn(Language, i64) -> String) -> String {
    use_context::<Marks>()
        .map_or_else(|| format(language(), count), |marks| marks.mark(hole, count))
}

/// An article's view count in words.
pub fn views_in_words(article: ArticleId, views: i64) -> String {
    counted(Hole::ViewsInWords(article), views, Language::views)
}

/// An article's view count as a plain number.
pub fn views(article: ArticleId, views: i64) -> String {
    counted(Hole::Views(article), views, |_, views| views.to_string())
}

/// An article's views in the last 24 hours, in words; `None` if they could not be read.
pub fn last_day(article: ArticleId, views: Option<i64>) -> String {
    use_context::<Marks>().map_or_else(
        || language().views_if_known(views),
        |marks| marks.mark(Hole::LastDay(article), views.unwrap_or(NOT_KNOWN)),
    )
}

/// Whether this reader's view of the article would count, `true` or `false`, for an attribute.
pub fn would_count(article: ArticleId, would_count: bool) -> String {
    use_context::<Marks>()
        .map_or_else(|| would_count.to_string(), |marks| marks.mark(Hole::WouldCount(article), 0))
}

/// An article's number of likes.
pub fn likes(article: ArticleId, likes: i64) -> String {
    counted(Hole::Likes(article), likes, Language::number)
}

/// An article's number of collects.
pub fn collects(article: ArticleId, collects: i64) -> String {
    counted(Hole::Collects(article), collects, Language::number)
}

/// The mark for the sidebar's rankings; `None` if the page isn't rendered for the cache.
pub fn rankings() -> Option<String> {
    use_context::<Marks>().map(|marks| marks.mark(Hole::Rankings, 0))
}

/// The marks before and after a window's ranking; `None` if the page isn't rendered for the cache.
pub fn ranking(window: Window) -> Option<(String, String)> {
    let marks = use_context::<Marks>()?;
    Some((marks.mark(Hole::Ranking(window), 0), marks.mark(Hole::EndOfRanking, 0)))
}
