//! Conditions of a search in SQL, with the values of their placeholders.

use tidemark_store::clock::Millis;

use crate::model::search::SearchFilter;

/// A value of a placeholder.
#[derive(Clone, Debug)]
pub(super) enum Bound {
    Text(String),
    Number(i64),
}

/// A part of a statement, and the values of its placeholders.
#[derive(Clone, Debug, Default)]
pub(super) struct Part {
    pub sql: String,
    pub values: Vec<Bound>,
}

impl Part {
    pub(super) fn add(&mut self, sql: &str, value: Bound) {
        self.sql.push_str(sql);
        self.values.push(value);
    }

    /// The conditions of a filter, each with ` AND ` before it.
    pub(super) fn of_filter(filter: &SearchFilter, now: Millis) -> Self {
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

pub(super) use bind;
