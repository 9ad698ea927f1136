//! What is asked of OpenSearch. A reader's text is only ever the value of a `match`: it is never
//! parsed as a query, and no character in it has a meaning.

use serde_json::{Value, json};
use tidemark_content::search::analysis::is_unspaced;
use tidemark_content::search::{Clause, Query};
use tidemark_counting::ArticleId;
use tidemark_store::clock::Millis;

use super::client::Failure;
use crate::model::search::Sort;
use crate::server::db::search::{Asked, Found, MOST_RANKED};

/// The fields with words, and how much each weighs.
const FIELDS: [(&str, u32); 4] = [("title", 4), ("tags", 3), ("summary", 2), ("text", 1)];

/// Words in any form.
const ALL_FORMS: &[&str] = &["", ".english", ".russian", ".cjk"];

/// Words as they stand.
const AS_THEY_STAND: &[&str] = &[""];

/// How many continuations of an incomplete word are looked up.
const CONTINUATIONS: u32 = 50;

/// How many similar words are looked up for one with a typing error.
const SIMILAR: u32 = 20;

/// The shortest word in which a typing error is looked for, in characters.
const SHORTEST_TYPO: usize = 4;

/// How many parts of a word may be looked for one by one.
const MOST_RUNS: usize = 3;

/// Milliseconds per day.
const DAY: i64 = 24 * 60 * 60 * 1000;

/// Whether a typing error is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    AsTyped,
    OneError,
}

fn fields(forms: &[&str]) -> Vec<String> {
    let names = |(field, weight): &(&str, u32)| {
        let weight = *weight;
        let field = *field;
        forms.iter().map(move |form| format!("{field}{form}^{weight}")).collect::<Vec<_>>()
    };
    FIELDS.iter().flat_map(names).collect()
}

/// Whether one letter of the clause may be wrong.
fn may_have_error(clause: &Clause) -> bool {
    let letters = clause.text.chars().count();
    !clause.is_phrase
        && clause.terms.len() == 1
        && letters >= SHORTEST_TYPO
        && clause.text.chars().all(char::is_alphabetic)
        && clause.terms.iter().all(|term| term.stem().is_some())
}

/// The query for one clause.
fn clause(clause: &Clause, spelling: Spelling) -> Value {
    let runs = runs(&clause.text);
    // Each run is looked for in many fields, and OpenSearch limits how many that may be.
    if clause.is_phrase || !(2..=MOST_RUNS).contains(&runs.len()) {
        return run(clause, &clause.text, true, spelling);
    }
    let last = runs.len() - 1;
    let runs = runs.into_iter().enumerate();
    let each = runs.map(|(number, text)| run(clause, text, number == last, spelling));
    json!({ "bool": { "must": each.collect::<Vec<_>>() } })
}

/// The parts of a word that are in scripts with and without spaces, such as `SQLite` and `全文搜索`
/// in `SQLite全文搜索`. In a text, other words may stand between them.
fn runs(text: &str) -> Vec<&str> {
    let (mut runs, mut start, mut of_run) = (Vec::new(), 0, None);
    for (at, character) in text.char_indices().filter(|(_, one)| one.is_alphanumeric()) {
        let is_unspaced = is_unspaced(character);
        if of_run.is_some_and(|of_run| of_run != is_unspaced) {
            runs.push(&text[start..at]);
            start = at;
        }
        of_run = Some(is_unspaced);
    }
    runs.push(&text[start..]);
    runs
}

/// The query for a part of a clause. Only the last may continue.
fn run(clause: &Clause, text: &str, is_last: bool, spelling: Spelling) -> Value {
    // "phrase", for words too: `水位` and `node.js` are several terms, which stand together.
    let forms = if clause.is_phrase { AS_THEY_STAND } else { ALL_FORMS };
    let mut any = vec![json!({ "multi_match": {
        "query": text, "type": "phrase", "fields": fields(forms), "tie_breaker": 0.3,
    } })];
    if clause.may_continue && is_last && !clause.is_excluded {
        any.push(json!({ "multi_match": {
            "query": text, "type": "phrase_prefix", "fields": fields(AS_THEY_STAND),
            "max_expansions": CONTINUATIONS, "boost": 0.5,
        } }));
    }
    if spelling == Spelling::OneError && may_have_error(clause) {
        any.push(json!({ "multi_match": {
            "query": text, "fields": fields(AS_THEY_STAND), "fuzziness": 1, "prefix_length": 1,
            "max_expansions": SIMILAR, "boost": 0.2,
        } }));
    }
    json!({ "bool": { "should": any, "minimum_should_match": 1 } })
}

fn visible(now: Millis) -> Value {
    json!({ "range": { "published_at": { "lte": now.0 } } })
}

/// The body of a search.
pub(super) fn body(asked: &Asked, query: &Query, spelling: Spelling) -> Value {
    let mut filter = vec![json!({ "term": { "kind": "article" } }), visible(asked.now)];
    if let Some(tag) = &asked.filter.tag {
        filter.push(json!({ "term": { "tag": tag } }));
    }
    if let Some(author) = &asked.filter.author {
        filter.push(json!({ "term": { "author": author } }));
    }
    if let Some(since) = asked.filter.since {
        let from = asked.now - since.days() * DAY;
        filter.push(json!({ "range": { "published_at": { "gte": from.0 } } }));
    }
    let wanted: Vec<Value> = query.wanted().map(|wanted| clause(wanted, spelling)).collect();
    let excluded: Vec<Value> =
        query.excluded().map(|excluded| clause(excluded, Spelling::AsTyped)).collect();
    let words = json!({ "bool": { "must": wanted, "must_not": excluded, "filter": filter } });
    let newest = [json!({ "published_at": "desc" }), json!({ "article": "desc" })];
    let (query, first) = match asked.sort {
        Sort::Relevance => (words, Some(json!("_score"))),
        Sort::Date => (words, None),
        Sort::Views => {
            // The score is the count, exact up to 2^24, and 0 without one.
            let count = json!({ "has_child": {
                "type": "count", "score_mode": "max",
                "query": { "function_score": {
                    "query": { "match_all": {} },
                    "field_value_factor": { "field": "views", "missing": 0 },
                    "boost_mode": "replace",
                } },
            } });
            (json!({ "bool": { "filter": [words], "should": [count] } }), Some(json!("_score")))
        }
    };
    let offset = asked.offset.clamp(0, MOST_RANKED);
    json!({
        "query": query,
        "sort": first.into_iter().chain(newest).collect::<Vec<_>>(),
        "from": offset,
        "size": asked.limit.clamp(0, MOST_RANKED - offset),
        "track_total_hits": MOST_RANKED + 1,
        "_source": false,
        "docvalue_fields": ["article"],
        "timeout": "1500ms",
    })
}

/// Adds to the body of a search a question for the words that each of its words may have been meant
/// as.
pub(super) fn ask_for_corrections(body: &mut Value, query: &Query) {
    let mut suggest = json!({});
    for (number, clause) in query.clauses().iter().enumerate() {
        if !may_have_error(clause) || clause.is_excluded {
            continue;
        }
        for (field, _) in FIELDS {
            suggest[format!("{number} {field}")] = json!({ "text": clause.text, "term": {
                "field": field, "max_edits": 1, "prefix_length": 1, "size": 1,
                "min_word_length": SHORTEST_TYPO, "suggest_mode": "missing",
            } });
        }
    }
    body["suggest"] = suggest;
}

/// The query with each word replaced by what it may have been meant as; `None` if none is.
pub(super) fn corrected(answer: &Value, query: &Query) -> Option<Query> {
    let suggested = answer["suggest"].as_object()?;
    let meant = |number: usize| {
        // The first of several is that of the field that weighs most.
        let word = FIELDS.iter().find_map(|(field, _)| {
            suggested.get(&format!("{number} {field}"))?[0]["options"][0]["text"].as_str()
        })?;
        Some((number, word.to_owned()))
    };
    let words: Vec<(usize, String)> = (0..query.clauses().len()).filter_map(meant).collect();
    (!words.is_empty()).then(|| query.with_words(&words).complete())
}

/// The body of a search for articles whose title has words that begin as `text` ends.
pub(super) fn suggestions(text: &str, limit: i64, now: Millis) -> Value {
    json!({
        "query": { "bool": {
            "must": [{ "multi_match": {
                "query": text, "type": "bool_prefix", "operator": "and",
                "fields": ["title.typing", "title.typing._2gram", "title.typing._3gram"],
            } }],
            "filter": [{ "term": { "kind": "article" } }, visible(now)],
        } },
        "sort": ["_score", { "published_at": "desc" }, { "article": "desc" }],
        "size": limit.clamp(0, MOST_RANKED),
        "track_total_hits": MOST_RANKED + 1,
        "_source": false,
        "docvalue_fields": ["article"],
        "timeout": "1500ms",
    })
}

/// Checks that the whole index was searched. If it is deleted between finding and reading the
/// articles, the status is 200 all the same.
///
/// # Errors
/// [`Failure::Answer`] if not.
pub(super) fn is_whole(answer: &Value) -> Result<(), Failure> {
    match answer["_shards"]["failed"].as_i64() {
        Some(0) => Ok(()),
        _ => Err(Failure::Answer("a part of the index could not be searched".to_owned())),
    }
}

/// Reads the answer to a search.
///
/// # Errors
/// [`Failure::Answer`] if it is not one, or not complete.
pub(super) fn found(answer: &Value) -> Result<Found, Failure> {
    let wrong = |what: &str| Failure::Answer(what.to_owned());
    if answer["timed_out"] == true {
        return Err(wrong("the search took too long"));
    }
    is_whole(answer)?;
    let hits = &answer["hits"];
    let total = hits["total"]["value"].as_i64().ok_or_else(|| wrong("it has no total"))?;
    let list = hits["hits"].as_array().ok_or_else(|| wrong("it has no hits"))?;
    let ids = list
        .iter()
        .map(|hit| hit["fields"]["article"][0].as_i64().map(ArticleId))
        .collect::<Option<_>>();
    let ids = ids.ok_or_else(|| wrong("a hit is no article"))?;
    Ok(Found { ids, total: total.min(MOST_RANKED), is_more: total > MOST_RANKED })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::search::{SearchFilter, Since};

    fn asked(text: &str) -> Asked {
        let filter = SearchFilter {
            tag: Some("sea".into()),
            author: Some("jo".into()),
            since: Some(Since::Week),
        };
        let query = Query::parse(text);
        Asked { query, filter, sort: Sort::Relevance, offset: 0, limit: 10, now: Millis(8 * DAY) }
    }

    /// Every text of the body, as keys or values.
    fn strings(value: &Value, keys: &mut Vec<String>, values: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    keys.push(key.clone());
                    strings(value, keys, values);
                }
            }
            Value::Array(list) => list.iter().for_each(|value| strings(value, keys, values)),
            Value::String(text) => values.push(text.clone()),
            _ => {}
        }
    }

    #[test]
    fn nothing_that_a_reader_types_becomes_a_key_or_a_query_string() {
        let hostile = r#"x","query_string":{"query":"*"} title:secret AND (a OR b*) /re.*/ \u0022"#;
        let asked = asked(hostile);
        let body = body(&asked, &asked.query, Spelling::OneError);
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        strings(&body, &mut keys, &mut values);
        keys.sort();
        keys.dedup();
        for key in &keys {
            assert!(
                key.chars().all(|char| char.is_ascii_lowercase() || char == '_'),
                "{key:?} is a key"
            );
        }
        assert!(!keys.iter().any(|key| key.contains("query_string") || key == "regexp"));
        assert_eq!(body["query"]["bool"]["filter"][1]["range"]["published_at"]["lte"], 8 * DAY);
    }

    #[test]
    fn a_word_in_two_kinds_of_scripts_is_looked_for_in_parts() {
        for (text, expected) in [
            ("SQLite全文搜索", &["SQLite", "全文搜索"][..]),
            ("用SQLite搜索", &["用", "SQLite", "搜索"]),
            ("C++入门!", &["C++", "入门!"]),
            ("node.js", &["node.js"]),
            ("水位潮汐", &["水位潮汐"]),
            ("...", &["..."]),
        ] {
            assert_eq!(runs(text), expected);
        }
        let parts = |text: &str| {
            let query = Query::parse(text);
            let built = clause(&query.clauses()[0], Spelling::AsTyped);
            built["bool"]["must"].as_array().map_or(1, Vec::len)
        };
        assert_eq!(["SQLite全文搜索", "\"SQLite全文搜索\"", "a水b水"].map(parts), [2, 1, 1]);
    }

    #[test]
    fn no_page_reaches_beyond_what_is_ranked() {
        let mut asked = asked("sea");
        for (offset, limit, from, size) in [
            (0, 10, 0, 10),
            (MOST_RANKED - 5, 10, MOST_RANKED - 5, 5),
            (i64::MAX, 10, MOST_RANKED, 0),
            (-1, 10, 0, 10),
        ] {
            (asked.offset, asked.limit) = (offset, limit);
            let body = body(&asked, &asked.query, Spelling::AsTyped);
            assert_eq!((body["from"].as_i64(), body["size"].as_i64()), (Some(from), Some(size)));
        }
    }

    #[test]
    fn an_answer_that_is_not_complete_is_none() {
        let good = json!({
            "timed_out": false, "_shards": { "failed": 0 },
            "hits": { "total": { "value": 10_001 }, "hits": [{ "fields": { "article": [7] } }] },
        });
        let expected = Found { ids: vec![ArticleId(7)], total: MOST_RANKED, is_more: true };
        assert_eq!(found(&good).unwrap(), expected);
        for (pointer, value) in [
            ("/timed_out", json!(true)),
            ("/_shards/failed", json!(1)),
            ("/hits/total", json!(null)),
            ("/hits/hits", json!({})),
            ("/hits/hits/0/fields", json!({})),
        ] {
            let mut bad = good.clone();
            *bad.pointer_mut(pointer).unwrap() = value;
            assert!(found(&bad).is_err(), "{pointer}");
        }
    }
}
