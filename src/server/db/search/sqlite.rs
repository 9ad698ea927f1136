//! Searches in SQLite, which looks terms up in a full-text index (FTS5).

use std::collections::HashMap;

use sqlx::AssertSqlSafe;
use tidemark_content::search::{Clause, Query};
use tidemark_counting::ArticleId;
use tidemark_store::clock::Millis;

use super::super::SqliteDatabase;
use super::super::articles::VISIBLE;
use super::super::baselines::total_of;
use super::conditions::{Bound, Part, bind};
use super::fts5::{MOST_NEIGHBOURS, fts_clause, fts_expression};
use super::{Asked, FoundRows, MOST_RANKED};
use crate::model::search::Sort;

/// How many of the newest articles SQLite looks through for a phrase before it looks through all.
/// FTS5 reads where each word stands in every article that has all words of a phrase.
const NEWEST: i64 = 10_000;

/// With this many matches among the newest articles, the older ones are not searched.
const ENOUGH: i64 = 100;

/// How much a term in each column weighs: title, tags, summary, text.
const FITNESS: &str = "bm25(search_terms, 10.0, 6.0, 3.0, 1.0)";

/// How many articles with a word are counted, to find the most frequent of several.
const MOST_COUNTED: i64 = 1_000;

/// How matches are ordered by fitness in SQLite.
enum Weighing {
    /// By what FTS5 says of an expression, which has the query's words that few articles have.
    Bm25(String),
    /// Those that match by title first. Then the newest.
    Title,
}

impl Weighing {
    /// FTS5 goes through all matches of each clause before it weighs the first one. That takes long
    /// for a word that most articles have, and such a word says little about any of them. A phrase
    /// takes even longer, and says that its words are there, which is enough. So neither is
    /// weighed.
    async fn of(database: &SqliteDatabase, query: &Query) -> sqlx::Result<Self> {
        let mut rare = Vec::new();
        for clause in query.wanted() {
            let expression = fts_clause(clause);
            // To count the articles with a phrase takes as long as to look for it.
            if clause.is_phrase || clause.terms.len() > MOST_NEIGHBOURS {
                continue;
            }
            let is_run = clause.terms.len() > 1;
            if is_run || matches(database, &expression, MOST_RANKED + 1).await? <= MOST_RANKED {
                rare.push(expression);
            }
        }
        Ok(if rare.is_empty() { Self::Title } else { Self::Bm25(rare.join(" AND ")) })
    }
}

/// How many articles match an expression of FTS5, at most `most`.
async fn matches(database: &SqliteDatabase, expression: &str, most: i64) -> sqlx::Result<i64> {
    let sql = format!(
        "SELECT count(*) FROM (SELECT 1 FROM search_terms WHERE search_terms MATCH ? LIMIT {most})"
    );
    let count = sqlx::query_scalar(AssertSqlSafe(sql)).bind(expression);
    count.fetch_one(database.reader()).await
}

/// Looks for a phrase in the newest articles first, and is content with [`ENOUGH`] matches. Which
/// articles are looked through must not depend on the page, or a match would be on two pages or on
/// none.
pub(super) async fn find(database: &SqliteDatabase, asked: &Asked) -> sqlx::Result<FoundRows> {
    let is_phrase = |clause: &Clause| clause.is_phrase && clause.terms.len() > 1;
    // The most viewed and the latest may be older than the newest in the index.
    if asked.sort == Sort::Relevance && asked.query.wanted().any(is_phrase) {
        let sql = format!(
            "SELECT article_id FROM search_documents ORDER BY article_id DESC LIMIT 1 OFFSET {NEWEST}"
        );
        let older = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_optional(database.reader());
        if let Some(older) = older.await? {
            let newest = find_after(database, asked, older).await?;
            let mut total = newest.total;
            if newest.ids.is_empty() && asked.offset > 0 {
                // No row says how many match, because the part is past the end.
                let first = Asked { offset: 0, limit: 1, ..asked.clone() };
                total = find_after(database, &first, older).await?.total;
            }
            if total >= ENOUGH {
                return Ok(FoundRows { is_part: true, ..newest });
            }
        }
    }
    find_after(database, asked, ArticleId(0)).await
}

/// Finds articles whose number is greater than `older`.
async fn find_after(
    database: &SqliteDatabase,
    asked: &Asked,
    older: ArticleId,
) -> sqlx::Result<FoundRows> {
    let whole = fts_expression(&asked.query);
    let Part { sql: conditions, mut values } = Part::of_filter(&asked.filter, asked.now);
    let (mut matched, mut rest) = (whole.clone(), "");
    let (mut score, mut first) = ("0", String::new());
    match asked.sort {
        Sort::Relevance => match Weighing::of(database, &asked.query).await? {
            Weighing::Bm25(weighed) => {
                (score, first) = (FITNESS, "found.score, ".to_owned());
                if weighed != whole {
                    matched = weighed;
                    rest = " AND +search_terms.rowid IN (SELECT rowid FROM search_terms WHERE search_terms MATCH ?)";
                    values.push(Bound::Text(whole));
                }
            }
            Weighing::Title => {
                first = "found.id IN (SELECT rowid FROM search_titles
                    WHERE search_titles MATCH ? AND rowid >= (SELECT min(id) FROM found)) DESC, "
                    .to_owned();
                values.push(Bound::Text(format!("{{title}} : ({whole})")));
            }
        },
        Sort::Date => {}
        Sort::Views => first = format!("{} DESC, ", total_of("found.id")),
    }
    let (most, limit) = (MOST_RANKED + 1, asked.limit);
    let sql = format!(
        "WITH found AS MATERIALIZED (
            SELECT search_documents.article_id AS id, search_documents.published_at AS published_at, {score} AS score
            FROM search_terms CROSS JOIN search_documents ON search_documents.article_id = search_terms.rowid
            WHERE search_terms MATCH ? AND search_terms.rowid > ? AND search_documents.published_at <= ?{conditions}{rest}
            ORDER BY search_terms.rowid DESC LIMIT {most}
         )
         SELECT found.id, count(*) OVER () FROM found
         LEFT JOIN article_stats ON article_stats.article_id = found.id
         ORDER BY {first}found.published_at DESC, found.id DESC LIMIT {limit} OFFSET ?"
    );
    let query = sqlx::query_as(AssertSqlSafe(sql)).bind(matched).bind(older);
    let query = bind!(query.bind(asked.now), &values).bind(asked.offset);
    query.fetch_all(database.reader()).await.map(Vec::into)
}

pub(super) async fn suggest(
    database: &SqliteDatabase,
    query: &Query,
    limit: i64,
    now: Millis,
) -> sqlx::Result<Vec<(String, String)>> {
    let sql = format!(
        "SELECT articles.title, articles.slug FROM search_titles CROSS JOIN articles ON articles.id = search_titles.rowid
         WHERE search_titles MATCH ? AND {VISIBLE} ORDER BY search_titles.rowid DESC LIMIT {limit}"
    );
    let query = sqlx::query_as(AssertSqlSafe(sql)).bind(fts_expression(query)).bind(now);
    query.fetch_all(database.reader()).await
}

/// Which of `words` are terms of articles that readers see at `now`, and how many of these have
/// each, at most [`MOST_COUNTED`].
pub(super) async fn known(
    database: &SqliteDatabase,
    words: &[String],
    now: Millis,
) -> sqlx::Result<HashMap<String, i64>> {
    // Most candidates are no words. Words have no quotes in them.
    let sql = format!(
        "WITH known AS MATERIALIZED (
            SELECT value AS term FROM json_each(?)
            WHERE EXISTS (SELECT 1 FROM search_vocabulary WHERE search_vocabulary.term = value))
         SELECT term, (SELECT count(*) FROM (SELECT 1 FROM search_terms
            CROSS JOIN search_documents ON search_documents.article_id = search_terms.rowid
            WHERE search_terms MATCH '\"' || known.term || '\"' AND search_documents.published_at <= ?
            LIMIT {MOST_COUNTED})) FROM known"
    );
    let words = serde_json::Value::from(words).to_string();
    let known: Vec<(String, i64)> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(words)
        .bind(now)
        .fetch_all(database.reader())
        .await?;
    // The index also has the words of what is scheduled, and may have those of what was deleted.
    Ok(known.into_iter().filter(|(_, articles)| *articles > 0).collect())
}
