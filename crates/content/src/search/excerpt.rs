//! Picks the part of a text that shows why it was found, and marks the hits in it.

use std::borrow::Cow;
use std::ops::Range;

use super::analysis::{Kind, Term, terms};
use super::query::{Clause, Query};

/// How much of a text is looked at for an excerpt, in bytes. It bounds the work for a long text;
/// what is hit only behind that is shown by its beginning.
const MOST_LOOKED_AT: usize = 100_000;

/// What is shown where text was left out.
const LEFT_OUT: &str = "…";

/// Tags that stand within words and sentences. Every other tag ends one.
const INLINE: &[&str] = &[
    "a", "abbr", "acronym", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "i",
    "ins", "kbd", "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup",
    "time", "tt", "u", "var", "wbr",
];

/// A part of a text. The segments of a text follow one another without a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Plain text, to be escaped.
    pub text: String,
    /// Whether it is what the reader was looking for.
    pub is_hit: bool,
}

/// A place in a text that a clause of the query matches.
struct Hit {
    range: Range<usize>,
    clause: usize,
}

/// The whole text with the hits marked. For titles.
pub fn marked(text: &str, query: &Query) -> Vec<Segment> {
    segments(text, 0..text.len(), &hits(text, query))
}

/// The part of a text with the most hits, at most about `longest` characters. It begins and ends at
/// a word, and with `…` where text was left out. The beginning of the text if nothing is hit.
pub fn excerpt(text: &str, query: &Query, longest: usize) -> Vec<Segment> {
    let hits = hits(&text[..text.floor_char_boundary(MOST_LOOKED_AT)], query);
    let best = best_run(text, &hits, longest * 3 / 4);
    let (first, last) = match (hits.get(best.start), hits[best].last()) {
        (Some(first), Some(last)) => (first.range.start, last.range.end),
        _ => (0, 0),
    };
    let spare = longest.saturating_sub(text[first..last].chars().count());
    let start = match characters_before(text, first, spare / 3) {
        0 => 0,
        cut => text[cut..first]
            .find(char::is_whitespace)
            .map_or(cut, |space| text.len() - text[cut + space..].trim_start().len()),
    };
    let used = text[start..last].chars().count();
    let end = match characters_after(text, last, longest.saturating_sub(used)) {
        cut if cut == text.len() => cut,
        cut => text[last..cut].rfind(char::is_whitespace).map_or(cut, |space| last + space),
    };
    let mut segments = segments(text, start..end, &hits);
    let left_out = || Segment { text: LEFT_OUT.to_owned(), is_hit: false };
    if start > 0 {
        segments.insert(0, left_out());
    }
    if end < text.len() {
        segments.push(left_out());
    }
    segments
}

/// The plain text of sanitised HTML, in which every `<` begins a tag and every `>` ends one. Spaces
/// and line breaks become one space.
pub fn plain_text(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    for (number, part) in html.split('<').enumerate() {
        let after = match number {
            0 => part,
            _ => {
                let (tag, after) = part.split_once('>').unwrap_or((part, ""));
                let name = tag.trim_start_matches('/');
                let end = name.find(|character: char| !character.is_ascii_alphanumeric());
                if !INLINE.contains(&&name[..end.unwrap_or(name.len())]) {
                    text.push(' ');
                }
                after
            }
        };
        text.push_str(after);
    }
    let text = [("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&amp;", "&")]
        .iter()
        .fold(text, |text, (entity, character)| match text.contains(entity) {
            true => text.replace(entity, character),
            false => text,
        });
    let mut plain = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !plain.is_empty() {
            plain.push(' ');
        }
        plain.push_str(word);
    }
    plain
}

/// A term that is looked for, with its stem.
struct Wanted<'a> {
    term: &'a Term,
    stem: Option<Cow<'a, str>>,
    may_continue: bool,
}

impl<'a> Wanted<'a> {
    fn of(clause: &'a Clause) -> Vec<Self> {
        let last = clause.terms.len() - 1;
        let wanted = clause.terms.iter().enumerate().map(|(number, term)| Wanted {
            term,
            stem: if clause.is_phrase { None } else { term.stem() },
            may_continue: clause.may_continue && number == last,
        });
        wanted.collect()
    }

    fn matches(&self, term: &Term) -> bool {
        let wanted = &self.term.word;
        if self.may_continue && term.word.starts_with(wanted) || term.word == *wanted {
            return true;
        }
        // Stemming is slow, and changes no first letter.
        self.stem.is_some()
            && term.kind == self.term.kind
            && term.word.chars().next() == wanted.chars().next()
            && term.stem() == self.stem
    }
}

/// Where the clauses that must match do, by their beginnings.
fn hits(text: &str, query: &Query) -> Vec<Hit> {
    let clauses: Vec<Vec<Wanted>> = query.wanted().map(Wanted::of).collect();
    let terms: Vec<Term> = terms(text).collect();
    let mut hits = Vec::new();
    for at in 0..terms.len() {
        for (number, clause) in clauses.iter().enumerate() {
            let Some(found) = terms.get(at..at + clause.len()) else { continue };
            if !clause.iter().zip(found).all(|(wanted, term)| wanted.matches(term)) {
                continue;
            }
            let (Some(wanted), Some(last)) = (clause.last(), found.last()) else { continue };
            let mut range = found[0].range.start..last.range.end;
            if wanted.term.kind == Kind::Single && last.kind == Kind::Pair {
                // Of the pair, only the first character was typed.
                let first = text[last.range.clone()].chars().next().map_or(0, char::len_utf8);
                range.end = last.range.start + first;
            }
            hits.push(Hit { range, clause: number });
        }
    }
    hits
}

/// The numbers of consecutive hits that lie within `longest` characters and match the most clauses;
/// of those, the most hits, and then the first ones.
fn best_run(text: &str, hits: &[Hit], longest: usize) -> Range<usize> {
    let mut at = 0;
    let mut characters = 0;
    let places: Vec<usize> = hits
        .iter()
        .map(|hit| {
            characters += text[at..hit.range.start].chars().count();
            at = hit.range.start;
            characters
        })
        .collect();
    let clauses = hits.iter().map(|hit| hit.clause + 1).max().unwrap_or(0);
    let mut of_clause = vec![0; clauses];
    let (mut best, mut best_score) = (0..0, (0, 0));
    let mut end = 0;
    for start in 0..hits.len() {
        while end < hits.len() && (end <= start || places[end] - places[start] < longest) {
            of_clause[hits[end].clause] += 1;
            end += 1;
        }
        let score = (of_clause.iter().filter(|count| **count > 0).count(), end - start);
        if score > best_score {
            (best, best_score) = (start..end, score);
        }
        of_clause[hits[start].clause] -= 1;
    }
    best
}

/// The part `shown` of a text, with the hits marked.
fn segments(text: &str, shown: Range<usize>, hits: &[Hit]) -> Vec<Segment> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let mut inside: Vec<Range<usize>> = hits
        .iter()
        .map(|hit| hit.range.start.max(shown.start)..hit.range.end.min(shown.end))
        .filter(|range| range.start < range.end)
        .collect();
    inside.sort_unstable_by_key(|range| range.start);
    for range in inside {
        match ranges.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => ranges.push(range),
        }
    }
    let mut segments = Vec::with_capacity(ranges.len() * 2 + 1);
    let mut at = shown.start;
    let mut push = |range: Range<usize>, is_hit| {
        if !range.is_empty() {
            segments.push(Segment { text: text[range].to_owned(), is_hit });
        }
    };
    for range in ranges {
        push(at..range.start, false);
        at = range.end;
        push(range, true);
    }
    push(at..shown.end, false);
    segments
}

/// The place `count` characters before `at`, or the beginning.
fn characters_before(text: &str, at: usize, count: usize) -> usize {
    let mut before = text[..at].char_indices().rev();
    match count {
        0 => at,
        _ => before.nth(count - 1).map_or(0, |(place, _)| place),
    }
}

/// The place `count` characters behind `at`, or the end.
fn characters_after(text: &str, at: usize, count: usize) -> usize {
    text[at..].char_indices().nth(count).map_or(text.len(), |(offset, _)| at + offset)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The segments in one line, with hits in brackets.
    fn shown(segments: &[Segment]) -> String {
        let one = |segment: &Segment| match segment.is_hit {
            true => format!("[{}]", segment.text),
            false => segment.text.clone(),
        };
        segments.iter().map(one).collect()
    }

    fn mark(text: &str, query: &str) -> String {
        shown(&marked(text, &Query::parse(query)))
    }

    #[test]
    fn every_form_of_a_word_is_marked() {
        assert_eq!(mark("The Tides run", "tide running "), "The [Tides] [run]");
        assert_eq!(mark("Café <b>", "cafe "), "[Café] <b>");
        assert_eq!(mark("tide", "moon "), "tide");
    }

    #[test]
    fn a_word_that_may_go_on_is_marked_whole() {
        assert_eq!(mark("asynchronous code", "asyn"), "[asynchronous] code");
        assert_eq!(mark("asynchronous code", "asyn "), "asynchronous code");
    }

    #[test]
    fn a_phrase_is_marked_only_as_it_stands() {
        assert_eq!(mark("high tides, high tide", "\"high tide\""), "high tides, [high tide]");
        assert_eq!(mark("tide -moon moon", "tide -moon"), "[tide] -moon moon");
    }

    #[test]
    fn runs_without_spaces_are_marked_by_the_character() {
        assert_eq!(mark("测量水位和潮汐", "水位 潮汐"), "测量[水位]和[潮汐]");
        assert_eq!(mark("测量水位", "水"), "测量[水]位");
        assert_eq!(mark("潮水", "水"), "潮[水]");
        assert_eq!(mark("水位潮汐", "水位潮汐"), "[水位潮汐]");
        assert_eq!(mark("水位潮水", "水位潮汐"), "水位潮水");
    }

    #[test]
    fn an_excerpt_shows_where_most_of_the_query_is() {
        let text = format!("tide {} tide moon {}", "filler ".repeat(50), "more ".repeat(50));
        let excerpt = shown(&excerpt(&text, &Query::parse("moon tide "), 60));
        assert!(excerpt.starts_with("…filler"), "{excerpt}");
        assert!(excerpt.contains("[tide] [moon]") && excerpt.ends_with("more…"), "{excerpt}");
    }

    #[test]
    fn an_excerpt_is_not_much_longer_than_asked_for() {
        let text = "some words and the tide ".repeat(100);
        for longest in 20..200 {
            let excerpt = excerpt(&text, &Query::parse("tide"), longest);
            let characters: usize =
                excerpt.iter().map(|segment| segment.text.chars().count()).sum();
            assert!(characters <= longest + 2, "{characters} of {longest}");
        }
    }

    #[test]
    fn a_text_without_a_hit_is_shown_by_its_beginning() {
        let query = Query::parse("moon");
        assert_eq!(shown(&excerpt("one two three", &query, 9)), "one two…");
        assert_eq!(shown(&excerpt("one two", &query, 9)), "one two");
        assert!(excerpt("", &query, 9).is_empty());
    }

    #[test]
    fn html_is_read_as_a_reader_would() {
        let html = "<p>One&nbsp;<b>bo</b>ld &lt;tag&gt;</p><p>Two &amp;amp; <br>three</p>\n<pre><code><span>a</span>.b</code></pre>";
        assert_eq!(plain_text(html), "One bold <tag> Two &amp; three a.b");
    }

    proptest! {
        #[test]
        fn marking_changes_no_text(text in "\\PC{0,80}", query in "\\PC{0,20}") {
            let segments = marked(&text, &Query::parse(&query));
            let joined: String = segments.iter().map(|segment| segment.text.as_str()).collect();
            prop_assert_eq!(joined, text);
            prop_assert!(segments.iter().all(|segment| !segment.text.is_empty()));
        }

        #[test]
        fn an_excerpt_is_a_part_of_the_text(
            text in "([a-c]{1,4}|水|位|é| ){0,80}",
            query in "[a-c水位 \"]{0,12}",
            longest in 0usize..60,
        ) {
            let parts = excerpt(&text, &Query::parse(&query), longest);
            let joined: String = parts.iter().map(|segment| segment.text.as_str()).collect();
            let inside = joined.trim_matches('…');
            prop_assert!(text.contains(inside));
        }

        #[test]
        fn any_html_has_a_text(html in "\\PC{0,80}") {
            let _ = plain_text(&html);
        }
    }
}
