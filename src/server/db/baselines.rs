//! Views that were counted elsewhere, before the articles moved here.
//!
//! They are kept apart from what is counted here and are only added where a total is shown, so
//! counting, the ledger and reconcile know nothing of them. Every process has all of them in
//! memory: a view is answered with a total while SQL is away, too. The version in SQL says when to
//! read them again.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sqlx::AssertSqlSafe;
use tidemark_counting::ArticleId;

use super::{Database, on_connection, on_reader};
use crate::model::article::Baseline;

/// Timeout of reading them all. Meanwhile nobody watches whether the database is away.
const LOAD: Duration = Duration::from_secs(2);

/// Rows per statement.
const ROWS: usize = 200;

/// SQL expression: the total of an article, to order by. `article` is the column with its id, and
/// `article_stats` is joined.
pub(super) fn total_of(article: &str) -> String {
    format!(
        "coalesce(article_stats.views, 0) + coalesce((SELECT sum(article_baselines.views)
            FROM article_baselines WHERE article_baselines.article_id = {article}), 0)"
    )
}

/// The views of all articles that were counted elsewhere, as they were read last.
#[derive(Debug, Default)]
pub struct BaselineTable {
    /// By article: the sum, and its parts.
    articles: HashMap<ArticleId, (i64, Vec<Baseline>)>,
    /// The sums with their articles, in the order of a ranking.
    ranked: Vec<(i64, ArticleId)>,
}

impl BaselineTable {
    fn new(rows: Vec<(ArticleId, Baseline)>) -> Self {
        let mut articles = HashMap::<ArticleId, (i64, Vec<Baseline>)>::new();
        for (article, baseline) in rows.into_iter().filter(|(_, baseline)| baseline.views > 0) {
            let (sum, parts) = articles.entry(article).or_default();
            *sum = sum.saturating_add(baseline.views);
            parts.push(baseline);
        }
        let mut ranked: Vec<(i64, ArticleId)> =
            articles.iter().map(|(article, (sum, _))| (*sum, *article)).collect();
        ranked.sort_unstable_by(|one, other| other.cmp(one));
        Self { articles, ranked }
    }

    /// The parts of an article's total that were counted elsewhere, by source.
    pub fn of(&self, article: ArticleId) -> &[Baseline] {
        self.articles.get(&article).map_or(&[], |(_, parts)| parts)
    }

    /// How many of an article's views were counted elsewhere.
    pub fn views(&self, article: ArticleId) -> i64 {
        self.articles.get(&article).map_or(0, |(sum, _)| *sum)
    }

    /// The articles with the most views from elsewhere, each as views and article: most views
    /// first, and newer articles first among equals.
    pub fn ranked(&self) -> &[(i64, ArticleId)] {
        &self.ranked
    }
}

/// The views from elsewhere in this process's memory. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Baselines(Arc<RwLock<Arc<BaselineTable>>>);

impl Baselines {
    /// All of them. Take it once for whatever has to agree.
    pub fn current(&self) -> Arc<BaselineTable> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// An article's total: the views that were counted here, and those from elsewhere.
    pub fn with(&self, article: ArticleId, counted: i64) -> i64 {
        counted.saturating_add(self.current().views(article))
    }

    fn replace(&self, table: BaselineTable) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(table);
    }
}

impl Database {
    /// The views from elsewhere in this process's memory.
    pub fn baselines(&self) -> &Baselines {
        &self.baselines
    }

    /// Reads all views from elsewhere into memory.
    ///
    /// # Errors
    /// Database errors; [`sqlx::Error::PoolTimedOut`] if it takes too long.
    pub async fn load_baselines(&self) -> sqlx::Result<()> {
        let read = tokio::time::timeout(LOAD, self.all_baselines());
        let rows = read.await.map_err(|_| sqlx::Error::PoolTimedOut)??;
        self.baselines.replace(BaselineTable::new(rows));
        Ok(())
    }

    /// Returns all views from elsewhere, with the IDs of their articles, by article and source.
    pub async fn all_baselines(&self) -> sqlx::Result<Vec<(ArticleId, Baseline)>> {
        let sql = "SELECT article_id, source, views, last_day FROM article_baselines
             ORDER BY article_id, source";
        let rows: Vec<(ArticleId, String, i64, Option<String>)> =
            on_reader!(self, pool => sqlx::query_as(sql).fetch_all(pool).await?);
        let rows = rows.into_iter().map(|(article, source, views, last_day)| {
            let until = last_day.and_then(|day| day.parse().ok());
            (article, Baseline { source, views, until })
        });
        Ok(rows.collect())
    }

    /// Sets views from elsewhere: each replaces the one of the same article and source. All of them
    /// are set, or none.
    ///
    /// # Errors
    /// Database errors.
    pub async fn set_baselines(&self, baselines: &[(ArticleId, Baseline)]) -> sqlx::Result<()> {
        let mut transaction = self.begin_content().await?;
        for chunk in baselines.chunks(ROWS) {
            let rows = vec!["(?, ?, ?, ?)"; chunk.len()].join(", ");
            let sql = format!(
                "REPLACE INTO article_baselines (article_id, source, views, last_day) VALUES {rows}"
            );
            on_connection!(&mut *transaction, connection => {
                let mut query = sqlx::query(AssertSqlSafe(sql));
                for (article, Baseline { source, views, until }) in chunk {
                    let until = until.map(|day| day.to_string());
                    query = query.bind(*article).bind(source).bind(*views).bind(until);
                }
                query.execute(connection).await?;
            });
        }
        on_connection!(&mut *transaction, connection => {
            sqlx::query(CHANGED).execute(connection).await?;
        });
        transaction.commit().await
    }

    /// Removes the views from a source. Returns of how many articles.
    ///
    /// # Errors
    /// Database errors.
    pub async fn remove_baselines(&self, source: &str) -> sqlx::Result<u64> {
        let sql = "DELETE FROM article_baselines WHERE source = ?";
        let mut transaction = self.begin_content().await?;
        let removed = on_connection!(&mut *transaction, connection => {
            let removed = sqlx::query(sql).bind(source).execute(&mut *connection).await?;
            sqlx::query(CHANGED).execute(connection).await?;
            removed.rows_affected()
        });
        transaction.commit().await?;
        Ok(removed)
    }
}

/// Tells servers to read them again.
const CHANGED: &str = "UPDATE content_version SET baselines = baselines + 1 WHERE id = 1";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_of_all_sources_is_added_and_ranked() {
        let baseline = |source: &str, views| Baseline { source: source.into(), views, until: None };
        let baselines = Baselines::default();
        assert_eq!(baselines.with(ArticleId(1), 5), 5);
        baselines.replace(BaselineTable::new(vec![
            (ArticleId(1), baseline("A", 3)),
            (ArticleId(1), baseline("B", 4)),
            (ArticleId(2), baseline("A", 7)),
            (ArticleId(3), baseline("A", 0)),
        ]));
        assert_eq!([1, 2, 3].map(|article| baselines.with(ArticleId(article), 5)), [12, 12, 5]);
        let table = baselines.current();
        assert_eq!(table.ranked(), [(7, ArticleId(2)), (7, ArticleId(1))]);
        assert_eq!((table.of(ArticleId(1)).len(), table.of(ArticleId(3)).len()), (2, 0));
    }
}
