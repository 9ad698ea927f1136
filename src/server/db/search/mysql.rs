//! Searches in MySQL and MariaDB, which go through the terms of all articles with patterns.

use sqlx::AssertSqlSafe;
use tidemark_content::search::{Clause, Query};
use tidemark_store::clock::Millis;

use super::super::MySqlDatabase;
use super::super::articles::VISIBLE;
use super::super::baselines::total_of;
use super::conditions::{Bound, Part, bind};
use super::terms::{is_sequence, sequence};
use super::{Asked, FoundRows};
use crate::model::search::Sort;

/// How a statement begins that reads the terms of all articles: with a limit of five seconds.
/// Nobody waits for longer, and the servers go on with a statement whose client has gone. Each
/// takes the other's way of saying it for a comment.
const LIMITED: &str =
    "/*M!100100 SET STATEMENT max_statement_time = 5 FOR */ SELECT /*+ MAX_EXECUTION_TIME(5000) */";

impl Part {
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

pub(super) async fn find(database: &MySqlDatabase, asked: &Asked) -> sqlx::Result<FoundRows> {
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

pub(super) async fn suggest(
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

#[cfg(test)]
mod tests {
    use super::*;

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
