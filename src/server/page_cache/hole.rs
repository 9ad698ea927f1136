//! What a remembered page leaves open: it is rendered with a mark in each such place, and filled in
//! as it is sent.

use rand::Rng;

use crate::model::article::Window;

/// A character that no keyboard has; marks begin with it.
const BEGIN: char = '\u{E000}';

/// Marks end with it.
const END: char = '\u{E001}';

/// Something that differs from one answer to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hole {
    /// The nonce of the answer's scripts.
    Nonce,
    /// How often the article of that number was read, as a number.
    Views(i64),
    /// The same in words, as in `12 views`.
    ViewsInWords(i64),
    /// Whether a view of the article by whoever gets the page would count: `true` or `false`.
    WouldCount(i64),
    /// How many readers like the article.
    Likes(i64),
    /// How many readers keep the article.
    Collects(i64),
    /// How many readers follow the user of that number, in words.
    Followers(i64),
    /// The most viewed articles, beside the content.
    Rankings,
    /// The most viewed articles of a window, at length. They are there until
    /// [`Hole::EndOfRanking`].
    Ranking(Window),
    /// Where the most viewed articles of a window end.
    EndOfRanking,
}

/// How a page that is to be remembered is rendered: with marks that nobody can have written into an
/// article, because they have a random part.
#[derive(Clone, Copy, Debug)]
pub struct Marks {
    secret: u128,
}

impl Marks {
    /// Marks with a new random part.
    pub fn new(random: &mut impl Rng) -> Self {
        Self { secret: random.random() }
    }

    /// The mark of a hole, with the count that it was rendered with.
    pub fn mark(&self, hole: Hole, count: i64) -> String {
        let (kind, id) = match hole {
            Hole::Nonce => ('n', 0),
            Hole::Views(id) => ('v', id),
            Hole::ViewsInWords(id) => ('w', id),
            Hole::WouldCount(id) => ('q', id),
            Hole::Likes(id) => ('l', id),
            Hole::Collects(id) => ('c', id),
            Hole::Followers(id) => ('f', id),
            Hole::Rankings => ('r', 0),
            Hole::Ranking(window) => ('m', window as i64),
            Hole::EndOfRanking => ('e', 0),
        };
        format!("{}{kind}{id},{count}{END}", self.prefix())
    }

    fn prefix(&self) -> String {
        format!("{BEGIN}{:032x}", self.secret)
    }

    /// A page's text around its holes: each text with the hole behind it and the count in its mark,
    /// and the rest.
    pub fn split<'page>(&self, page: &'page str) -> (Vec<(&'page str, Hole, i64)>, &'page str) {
        let prefix = self.prefix();
        let (mut parts, mut rest) = (Vec::new(), page);
        while let Some((text, behind)) = rest.split_once(prefix.as_str()) {
            let Some((mark, after)) = behind.split_once(END) else { break };
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
        'v' => Hole::Views(id),
        'w' => Hole::ViewsInWords(id),
        'q' => Hole::WouldCount(id),
        'l' => Hole::Likes(id),
        'c' => Hole::Collects(id),
        'f' => Hole::Followers(id),
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
    fn a_page_is_split_at_its_own_marks_and_at_no_others() {
        let marks = Marks { secret: 1 };
        let others = Marks { secret: 2 };
        let holes = [
            Hole::Nonce,
            Hole::Views(1),
            Hole::ViewsInWords(i64::MAX),
            Hole::WouldCount(5),
            Hole::Likes(2),
            Hole::Collects(3),
            Hole::Followers(4),
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
