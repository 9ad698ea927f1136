//! Queries in the language of FTS5, the full-text index of SQLite.

use std::collections::BTreeSet;

use tidemark_content::search::analysis::Term;
use tidemark_content::search::{Clause, Query};

use super::terms::{is_sequence, sequence};

/// How many parts of a word, such as `node.js`, have to stand next to each other. Those of a longer
/// one may stand anywhere: the time that FTS5 needs to look for neighbours grows with the square of
/// their number.
pub(super) const MOST_NEIGHBOURS: usize = 8;

/// A query in the language of FTS5. Terms have no quotes, so whatever a reader types is only text
/// in it.
pub(super) fn fts_expression(query: &Query) -> String {
    let wanted: Vec<String> = query.wanted().map(fts_clause).collect();
    let excluded: Vec<String> = query.excluded().map(fts_clause).collect();
    let wanted = wanted.join(" AND ");
    match excluded.is_empty() {
        true => wanted,
        false => format!("({wanted}) NOT ({})", excluded.join(" OR ")),
    }
}

pub(super) fn fts_clause(clause: &Clause) -> String {
    let star = if clause.may_continue { " *" } else { "" };
    let Some((last, before)) = clause.terms.split_last() else { return String::new() };
    if is_sequence(clause) {
        // A word is always followed by its stem, so the last stem need not be looked for.
        let sequence = format!("{} {}", sequence(before), last.word);
        return format!("\"{}\"{star}", sequence.trim_start());
    }
    let quoted = |term: &Term| format!("\"{}\"", term.indexed_form());
    let before: Vec<String> = before.iter().map(quoted).collect();
    let near = |last: String| match before.len() {
        0 => last,
        // Between two stems stand a word and perhaps a stem.
        1..MOST_NEIGHBOURS => format!("NEAR({} {last}, {})", before.join(" "), before.len() * 3),
        _ => {
            let each: BTreeSet<&str> = before.iter().map(String::as_str).chain([&*last]).collect();
            format!("({})", Vec::from_iter(each).join(" AND "))
        }
    };
    match clause.may_continue {
        true => format!("({} OR {})", near(quoted(last)), near(format!("\"{}\" *", last.word))),
        false => near(quoted(last)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expression(text: &str) -> String {
        fts_expression(&Query::parse(text))
    }

    #[test]
    fn a_query_is_written_for_fts5() {
        assert_eq!(expression("tides running "), "\"tide=\" AND \"run=\"");
        assert_eq!(expression("runn"), "(\"runn=\" OR \"runn\" *)");
        assert_eq!(expression("\"high tides\""), "\"high high= tides\"");
        assert_eq!(expression("tide -moon -\"x y\" "), "(\"tide=\") NOT (\"moon=\" OR \"x x= y\")");
        assert_eq!(expression("水位潮汐"), "\"水位 位潮 潮汐\"");
        assert_eq!(expression("水"), "\"水\" *");
        assert_eq!(expression("node.js "), "NEAR(\"node=\" \"js=\", 3)");
        assert_eq!(
            expression("node.js"),
            "(NEAR(\"node=\" \"js=\", 3) OR NEAR(\"node=\" \"js\" *, 3))"
        );
        assert_eq!(
            expression("x.b.c.d.e.f.g.h "),
            format!("NEAR({}, 21)", "\"x=\" \"b=\" \"c=\" \"d=\" \"e=\" \"f=\" \"g=\" \"h=\"")
        );
        assert_eq!(expression(&format!("{}b ", "x.".repeat(99))), "(\"b=\" AND \"x=\")");
    }
}
