//! The holes of a cached page. The page is rendered with a mark in place of everything that differs
//! between responses, and the marks are replaced when it is sent.

use memchr::memmem;
use rand::Rng;
use tidemark_counting::{ArticleId, UserId, Window};

/// Starts a mark. A private-use character, which no keyboard types.
const BEGIN: char = '\u{E000}';

/// Ends a mark.
const END: char = '\u{E001}';

/// In a mark, the count of what was not read while the page was rendered.
pub const NOT_KNOWN: i64 = -1;

/// Something that differs between responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hole {
    /// The nonce of the response's scripts.
    Nonce,
    /// The views of the article with this id, as a number.
    Views(ArticleId),
    /// The views of the article with this id, in words, such as `12 views`.
    ViewsInWords(ArticleId),
    /// The views of the article with this id in the last 24 hours, in words.
    LastDay(ArticleId),
    /// Whether this reader's view of the article would count: `true` or `false`.
    WouldCount(ArticleId),
    /// How many readers like the article.
    Likes(ArticleId),
    /// How many readers collect the article.
    Collects(ArticleId),
    /// How many readers follow the user with this id, in words.
    Followers(UserId),
    /// The most viewed articles, in the sidebar.
    Rankings,
    /// The start of the full ranking of a window. It reaches to [`Hole::EndOfRanking`].
    Ranking(Window),
    /// The end of the full ranking of a window.
    EndOfRanking,
}

/// The marks of one rendering. They contain a random part, so nobody can have written one into an
/// article.
#[derive(Clone, Copy, Debug)]
pub struct Marks {
    secret: u128,
}

impl Marks {
    /// Marks with a new random part.
    pub fn new(random: &mut impl Rng) -> Self {
        Self { secret: random.random() }
    }

    /// The mark for a hole, along with the count at the time of rendering.
    pub fn mark(&self, hole: Hole, count: i64) -> String {
        let (kind, id) = match hole {
            Hole::Nonce => ('n', 0),
            Hole::Views(id) => ('v', id.0),
            Hole::ViewsInWords(id) => ('w', id.0),
            Hole::LastDay(id) => ('d', id.0),
            Hole::WouldCount(id) => ('q', id.0),
            Hole::Likes(id) => ('l', id.0),
            Hole::Collects(id) => ('c', id.0),
            Hole::Followers(id) => ('f', id.0),
            Hole::Rankings => ('r', 0),
            Hole::Ranking(window) => ('m', window as i64),
            Hole::EndOfRanking => ('e', 0),
        };
        format!("{}{kind}{id},{count}{END}", self.prefix())
    }

    fn prefix(&self) -> String {
        format!("{BEGIN}{:032x}", self.secret)
    }

    /// Splits a page at its marks. Returns each text with the hole after it and the count in the
    /// mark, then the text after the last hole.
    pub fn split<'page>(&self, page: &'page str) -> (Vec<(&'page str, Hole, i64)>, &'page str) {
        let prefix = self.prefix();
        let (mut parts, mut rest) = (Vec::new(), page);
        for place in memmem::find_iter(page.as_bytes(), &prefix) {
            let begin = place - (page.len() - rest.len());
            let Some((text, behind)) = rest.split_at_checked(begin) else { break };
            let mark = behind.get(prefix.len()..).unwrap_or_default();
            let Some((mark, after)) = mark.split_once(END) else { break };
            let Some((hole, count)) = parse(mark) else { break };
            parts.push((text, hole, count));
            rest = after;
        }
        (parts, rest)
    }
}

fn parse(mark: &str) -> Option<(Hole, i64)> {
    let mut characters = mark.chars();
    let kind = characters.next()?;
    let (id, count) = characters.as_str().split_once(',')?;
    let (id, count) = (id.parse().ok()?, count.parse().ok()?);
    let hole = match kind {
        'n' => Hole::Nonce,
        'v' => Hole::Views(ArticleId(id)),
        'w' => Hole::ViewsInWords(ArticleId(id)),
        'd' => Hole::LastDay(ArticleId(id)),
        'q' => Hole::WouldCount(ArticleId(id)),
        'l' => Hole::Likes(ArticleId(id)),
        'c' => Hole::Collects(ArticleId(id)),
        'f' => Hole::Followers(UserId(id)),
        'r' => Hole::Rankings,
        'm' => Hole::Ranking(Window::ALL.into_iter().find(|window| *window as i64 == id)?),
        'e' => Hole::EndOfRanking,
        _ => return None,
    };
    Some((hole, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_split_only_at_its_own_marks() {
        let marks = Marks { secret: 1 };
        let others = Marks { secret: 2 };
        let holes = [
            Hole::Nonce,
            Hole::Views(ArticleId(1)),
            Hole::ViewsInWords(ArticleId(i64::MAX)),
            Hole::LastDay(ArticleId(6)),
            Hole::WouldCount(ArticleId(5)),
            Hole::Likes(ArticleId(2)),
            Hole::Collects(ArticleId(3)),
            Hole::Followers(UserId(4)),
            Hole::Rankings,
            Hole::Ranking(Window::Month),
            Hole::EndOfRanking,
        ];
        let forged = others.mark(Hole::Nonce, 0);
        let mut page = String::new();
        for hole in holes {
            page = format!("{page}é{forged}{}", marks.mark(hole, -7));
        }
        page.push_str("the end");
        let (parts, rest) = marks.split(&page);
        assert_eq!(parts.iter().map(|(_, hole, _)| *hole).collect::<Vec<_>>(), holes);
        assert!(parts.iter().all(|(text, _, count)| *text == format!("é{forged}") && *count == -7));
        assert_eq!(rest, "the end");
    }
}
