//! Finds articles by their words, which [`search_index`](super::search_index) keeps.
//!
//! SQLite looks them up in a full-text index (FTS5). MySQL and MariaDB go through the terms of all
//! articles, because the full-text indexes of the two differ in what they take for a word.

use std::collections::{BTreeSet, HashMap};

use sqlx::{AssertSqlSafe, FromRow};
use tidemark_content::markdown::plain_line;
use tidemark_content::search::analysis::{Kind, Term, push};
use tidemark_content::search::spelling::neighbours;
use tidemark_content::search::{Clause, Query};
use tidemark_counting::ArticleId;
use tidemark_store::clock::Millis;

use super::articles::{FROM, SummaryRow, VISIBLE, summary_columns};
use super::baselines::total_of;
use super::{AnyDatabase, Database, MySqlDatabase, SqliteDatabase, on_reader};
use crate::model::article::{ArticleSummary, Tag};
use crate::model::search::{SearchFilter, Sort, Suggestion};

/// How many matches are ranked at most. Beyond that, only those are considered that were written
/// last.
pub const MOST_RANKED: i64 = 10_000;

/// How many of the newest articles SQLite looks through for a phrase before it looks through all.
/// FTS5 reads where each word stands in every article that has all words of a phrase.
const NEWEST: i64 = 10_000;

/// With this many matches among the newest articles, the older ones are not searched.
const ENOUGH: i64 = 100;

/// How many parts of a word, such as `node.js`, have to stand next to each other. Those of a longer
/// one may stand anywhere: the time that FTS5 needs to look for neighbours grows with the square of
/// their number.
const MOST_NEIGHBOURS: usize = 8;

/// How many mistyped words of a query are corrected at most.
const MOST_CORRECTED: usize = 3;

/// How much a term in each column weighs: title, tags, summary, text.
const FITNESS: &str = "bm25(search_terms, 10.0, 6.0, 3.0, 1.0)";

/// What a search asks an engine.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What to look for; not empty.
    pub query: Query,
    /// Which articles to look at.
    pub filter: SearchFilter,
    /// The order.
    pub sort: Sort,
    /// How many matches to skip.
    pub offset: i64,
    /// How many to return, at most.
    pub limit: i64,
    /// The time, in milliseconds since 1970. What is published later is not found.
    pub now: Millis,
}

/// What an engine found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The ids of the asked part of the matches, in order.
    pub ids: Vec<ArticleId>,
    /// How many articles match, at most [`MOST_RANKED`]; fewer if only the newest were looked
    /// through.
    pub total: i64,
    /// Whether more match than that.
    pub is_more: bool,
}

/// A part of the matches of a search in SQL.
#[derive(Clone, Debug, Default)]
struct FoundRows {
    ids: Vec<ArticleId>,
    /// How many articles match, at most one more than [`MOST_RANKED`].
    total: i64,
    /// Whether only the newest articles were looked through.
    is_part: bool,
}

impl From<Vec<(ArticleId, i64)>> for FoundRows {
    fn from(rows: Vec<(ArticleId, i64)>) -> Self {
        let total = rows.first().map_or(0, |(_, total)| *total);
        Self { ids: rows.into_iter().map(|(id, _)| id).collect(), total, is_part: false }
    }
}

/// A value of a placeholder.
#[derive(Clone, Debug)]
enum Bound {
    Text(String),
    Number(i64),
}

/// A part of a statement, and the values of its placeholders.
#[derive(Clone, Debug, Default)]
struct Part {
    sql: String,
    values: Vec<Bound>,
}

impl Part {
    fn add(&mut self, sql: &str, value: Bound) {
        self.sql.push_str(sql);
        self.values.push(value);
    }

    /// The conditions of a filter, each with ` AND ` before it.
    fn of_filter(filter: &SearchFilter, now: Millis) -> Self {
        let mut part = Self::default();
        if let Some(tag) = &filter.tag {
            let sql = " AND search_documents.article_id IN (SELECT article_tags.article_id FROM article_tags
                JOIN tags ON tags.id = article_tags.tag_id WHERE tags.slug = ?)";
            part.add(sql, Bound::Text(tag.clone()));
        }
        if let Some(author) = &filter.author {
            let sql = " AND search_documents.article_id IN (SELECT article_authors.article_id FROM article_authors
                JOIN users ON users.id = article_authors.user_id WHERE users.username = ?)";
            part.add(sql, Bound::Text(author.clone()));
        }
        if let Some(since) = filter.since {
            let earliest = now - since.days() * 24 * 60 * 60 * 1000;
            part.add(" AND search_documents.published_at >= ?", Bound::Number(earliest.0));
        }
        part
    }

    /// The condition that the terms of a query are in `column`, with ` AND ` before each part.
    fn of_query(query: &Query, column: &str) -> Self {
        let mut part = Self::default();
        for clause in query.clauses() {
            part.sql.push_str(if clause.is_excluded { " AND NOT (" } else { " AND (" });
            part.add_clause(clause, column);
            part.sql.push(')');
        }
        part
    }

    /// The condition that a clause matches in `column`.
    fn add_clause(&mut self, clause: &Clause, column: &str) {
        let mut add = |between: &str, pattern: String| {
            self.add(&format!("{between}{column} LIKE ?"), Bound::Text(pattern));
        };
        if is_sequence(clause) {
            let end = if clause.may_continue { "" } else { " " };
            add("", format!("% {}{end}%", sequence(&clause.terms)));
            return;
        }
        for (number, term) in clause.terms.iter().enumerate() {
            let between = if number == 0 { "" } else { " AND " };
            let whole = format!("% {} %", term.indexed_form());
            if clause.may_continue && number + 1 == clause.terms.len() {
                add(&format!("{between}("), whole);
                add(" OR ", format!("% {}%", term.word));
                self.sql.push(')');
                return;
            }
            add(between, whole);
        }
    }
}

/// Binds the values of a part to a query.
macro_rules! bind {
    ($query:expr, $values:expr) => {{
        let mut query = $query;
        for value in $values {
            query = match value {
                Bound::Text(text) => query.bind(text),
                Bound::Number(number) => query.bind(*number),
            };
        }
        query
    }};
}

/// Whether the terms of a clause have to follow one another as they are: those of a phrase, and
/// those without other forms.
fn is_sequence(clause: &Clause) -> bool {
    clause.is_phrase || clause.terms.iter().all(|term| term.stem().is_none())
}

/// Terms as the index has them, one behind the other. The last one is stored without its stem if it
/// may go on, which is so only for terms without one.
fn sequence(terms: &[Term]) -> String {
    let mut sequence = String::new();
    for term in terms {
        push(&mut sequence, term);
    }
    sequence
}

/// A query in the language of FTS5. Terms have no quotes, so whatever a reader types is only text
/// in it.
fn fts_expression(query: &Query) -> String {
    let wanted: Vec<String> = query.wanted().map(fts_clause).collect();
    let excluded: Vec<String> = query.excluded().map(fts_clause).collect();
    let wanted = wanted.join(" AND ");
    match excluded.is_empty() {
        true => wanted,
        false => format!("({wanted}) NOT ({})", excluded.join(" OR ")),
    }
}

fn fts_clause(clause: &Clause) -> String {
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
async fn find_in_sqlite(database: &SqliteDatabase, asked: &Asked) -> sqlx::Result<FoundRows> {
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

/// How a statement begins that reads the terms of all articles: with a limit of five seconds.
/// Nobody waits for longer, and the servers go on with a statement whose client has gone. Each
/// takes the other's way of saying it for a comment.
const LIMITED: &str =
    "/*M!100100 SET STATEMENT max_statement_time = 5 FOR */ SELECT /*+ MAX_EXECUTION_TIME(5000) */";

async fn find_in_mysql(database: &MySqlDatabase, asked: &Asked) -> sqlx::Result<FoundRows> {
    let filter = Part::of_filter(&asked.filter, asked.now);
    let terms = Part::of_query(&asked.query, "search_documents.terms");
    let conditions = filter.sql + &terms.sql;
    let mut order = Part::default();
    match asked.sort {
        Sort::Relevance => {
            for clause in asked.query.wanted() {
                order.sql.push_str(if order.sql.is_empty() { "(" } else { " + (" });
                order.add_clause(clause, "search_documents.title");
                order.sql.push(')');
            }
            order.sql.push_str(" DESC, ");
        }
        Sort::Date => {}
        Sort::Views => {
            order.sql = format!("{} DESC, ", total_of("search_documents.article_id"));
        }
    }
    let Part { sql: order, values } = order;
    let limit = asked.limit;
    let sql = format!(
        "{LIMITED} search_documents.article_id, count(*) OVER () FROM search_documents
         LEFT JOIN article_stats ON article_stats.article_id = search_documents.article_id
         WHERE search_documents.published_at <= ?{conditions}
         ORDER BY {order}search_documents.published_at DESC, search_documents.article_id DESC LIMIT {limit} OFFSET ?"
    );
    let query = sqlx::query_as(AssertSqlSafe(sql)).bind(asked.now);
    let query = bind!(bind!(bind!(query, &filter.values), &terms.values), &values);
    query.bind(asked.offset).fetch_all(database.reachable()?).await.map(Vec::into)
}

async fn suggest_from_sqlite(
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

async fn suggest_from_mysql(
    database: &MySqlDatabase,
    query: &Query,
    limit: i64,
    now: Millis,
) -> sqlx::Result<Vec<(String, String)>> {
    let Part { sql: conditions, values } = Part::of_query(query, "search_documents.title");
    let sql = format!(
        "{LIMITED} articles.title, articles.slug FROM search_documents JOIN articles ON articles.id = search_documents.article_id
         WHERE {VISIBLE}{conditions} ORDER BY search_documents.article_id DESC LIMIT {limit}"
    );
    let query = bind!(sqlx::query_as(AssertSqlSafe(sql)).bind(now), &values);
    query.fetch_all(database.reachable()?).await
}

/// How many articles with a word are counted, to find the most frequent of several.
const MOST_COUNTED: i64 = 1_000;

/// Which of `words` are terms of articles that readers see at `now`, and how many of these have
/// each, at most [`MOST_COUNTED`].
async fn known_in_sqlite(
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

#[derive(FromRow)]
struct FoundRow {
    #[sqlx(flatten)]
    summary: SummaryRow,
    html: String,
}

impl Database {
    /// Finds a part of the articles that match, as SQL knows them.
    pub async fn find(&self, asked: &Asked) -> sqlx::Result<Found> {
        let FoundRows { ids, mut total, mut is_part } = self.find_rows(asked).await?;
        if ids.is_empty() && asked.offset > 0 {
            // No row says how many match, because the part is past the end.
            let first = Asked { offset: 0, limit: 1, ..asked.clone() };
            FoundRows { total, is_part, .. } = self.find_rows(&first).await?;
        }
        let is_more = is_part || total > MOST_RANKED;
        Ok(Found { ids, total: total.min(MOST_RANKED), is_more })
    }

    async fn find_rows(&self, asked: &Asked) -> sqlx::Result<FoundRows> {
        match self.any() {
            AnyDatabase::Sqlite(database) => find_in_sqlite(database, asked).await,
            AnyDatabase::MySql(database) => find_in_mysql(database, asked).await,
        }
    }

    /// The titles of up to `limit` articles visible at `now` that match by title and tags, newest
    /// first.
    pub async fn suggest(
        &self,
        query: &Query,
        limit: i64,
        now: Millis,
    ) -> sqlx::Result<Vec<Suggestion>> {
        let rows = match self.any() {
            AnyDatabase::Sqlite(database) => suggest_from_sqlite(database, query, limit, now).await,
            AnyDatabase::MySql(database) => suggest_from_mysql(database, query, limit, now).await,
        };
        let suggestion =
            |(title, slug): (String, String)| Suggestion { title: plain_line(&title), slug };
        Ok(rows?.into_iter().map(suggestion).collect())
    }

    /// The query with the words that no article visible at `now` has replaced by ones that differ
    /// by one typing error; `None` if there is nothing to replace. MySQL keeps no list of words to
    /// look in.
    pub async fn corrected(&self, query: &Query, now: Millis) -> sqlx::Result<Option<Query>> {
        let AnyDatabase::Sqlite(database) = self.any() else { return Ok(None) };
        let mut words = Vec::new();
        for (number, clause) in query.clauses().iter().enumerate() {
            let [term] = clause.terms.as_slice() else { continue };
            let is_word = matches!(term.kind, Kind::Latin | Kind::Cyrillic);
            if clause.is_excluded || !is_word || words.len() == MOST_CORRECTED {
                continue;
            }
            if !known_in_sqlite(database, &[term.indexed_form()], now).await?.is_empty() {
                continue;
            }
            let known = known_in_sqlite(database, &neighbours(term), now).await?;
            // The most frequent one; of those, the first in the alphabet.
            let best = known
                .into_iter()
                .max_by(|(a, often), (b, other)| often.cmp(other).then_with(|| b.cmp(a)));
            match best {
                Some((word, _)) => words.push((number, word)),
                None => return Ok(None),
            }
        }
        Ok((!words.is_empty()).then(|| query.with_words(&words)))
    }

    /// Those of the articles `ids` that are visible at `now`, each with the beginning of its text's
    /// HTML, which is enough for an excerpt, in no particular order.
    pub async fn found_articles(
        &self,
        ids: &[ArticleId],
        now: Millis,
    ) -> sqlx::Result<Vec<(ArticleSummary, String)>> {
        if ids.is_empty() {
            return Ok(vec![]);
        }
        let columns = summary_columns(self.dialect());
        let others = ", ?".repeat(ids.len() - 1);
        let sql = format!(
            "SELECT {columns}, substr(articles.html, 1, 200000) AS html {FROM} WHERE {VISIBLE} AND articles.id IN (?{others})"
        );
        let rows: Vec<FoundRow> = on_reader!(self, pool => {
            let mut query = sqlx::query_as(AssertSqlSafe(sql)).bind(now);
            for id in ids {
                query = query.bind(*id);
            }
            query.fetch_all(pool).await?
        });
        let baselines = self.baselines().current();
        let found =
            rows.into_iter().map(|row| Ok((row.summary.into_summary(&baselines)?, row.html)));
        found.collect()
    }

    /// The tags of the most articles visible at `now`, at most `limit`.
    pub async fn popular_tags(&self, limit: i64, now: Millis) -> sqlx::Result<Vec<Tag>> {
        let sql = format!(
            "SELECT tags.slug, tags.name FROM tags JOIN article_tags ON article_tags.tag_id = tags.id
             JOIN search_documents ON search_documents.article_id = article_tags.article_id
             WHERE search_documents.published_at <= ?
             GROUP BY tags.id, tags.slug, tags.name ORDER BY count(*) DESC, tags.slug LIMIT {limit}"
        );
        let rows: Vec<(String, String)> = on_reader!(self, pool => {
            sqlx::query_as(AssertSqlSafe(sql)).bind(now).fetch_all(pool).await?
        });
        Ok(rows.into_iter().map(|(slug, name)| Tag { slug, name }).collect())
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

    #[test]
    fn a_query_is_written_as_patterns() {
        let part = Part::of_query(&Query::parse("tides \"a b\" 水位 -moon runn"), "c");
        assert_eq!(
            part.sql,
            " AND (c LIKE ?) AND (c LIKE ?) AND (c LIKE ?) AND NOT (c LIKE ?) AND ((c LIKE ? OR c LIKE ?))"
        );
        let text = |value: &Bound| match value {
            Bound::Text(text) => text.clone(),
            Bound::Number(_) => panic!("a number"),
        };
        let values: Vec<String> = part.values.iter().map(text).collect();
        assert_eq!(
            values,
            ["% tide= %", "% a a= b b= %", "% 水位 %", "% moon= %", "% runn= %", "% runn%"]
        );
    }
}
