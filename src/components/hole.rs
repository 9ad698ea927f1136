//! Counts on pages that may be remembered: where one goes, a page that is to be remembered has a
//! mark.

use leptos::prelude::*;

use crate::model::article::Window;
use crate::model::numbers::{format_count, format_views};
use crate::server::page_cache::hole::{Hole, Marks};

/// A count as `format` writes it.
pub fn counted(hole: Hole, count: i64, format: fn(i64) -> String) -> String {
    use_context::<Marks>().map_or_else(|| format(count), |marks| marks.mark(hole, count))
}

/// How often an article was read, in words.
pub fn views_in_words(article: i64, views: i64) -> String {
    counted(Hole::ViewsInWords(article), views, format_views)
}

/// How often an article was read, as a number.
pub fn views(article: i64, views: i64) -> String {
    counted(Hole::Views(article), views, |views| views.to_string())
}

/// Whether a view of an article by whoever gets the page would count, as an attribute has it:
/// `true` or `false`.
pub fn would_count(article: i64, would_count: bool) -> String {
    use_context::<Marks>()
        .map_or_else(|| would_count.to_string(), |marks| marks.mark(Hole::WouldCount(article), 0))
}

/// How many readers like an article.
pub fn likes(article: i64, likes: i64) -> String {
    counted(Hole::Likes(article), likes, format_count)
}

/// How many readers keep an article.
pub fn collects(article: i64, collects: i64) -> String {
    counted(Hole::Collects(article), collects, format_count)
}

/// The mark of the rankings; nothing in a page that is not to be remembered.
pub fn rankings() -> Option<String> {
    use_context::<Marks>().map(|marks| marks.mark(Hole::Rankings, 0))
}

/// The marks around the most viewed articles of a window; nothing in a page that is not to be
/// remembered.
pub fn ranking(window: Window) -> Option<(String, String)> {
    let marks = use_context::<Marks>()?;
    Some((marks.mark(Hole::Ranking(window), 0), marks.mark(Hole::EndOfRanking, 0)))
}
