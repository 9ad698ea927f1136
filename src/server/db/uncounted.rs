//! How many views were not counted.

use std::collections::HashMap;

use tidemark_counting::Day;
use tidemark_store::sql::Dialect;

use super::{Database, on_connection, on_reader};
use crate::model::view::Reason;

impl Database {
    /// Adds to the views of `day` that were not counted, by reason.
    ///
    /// # Errors
    /// Database errors.
    pub async fn add_uncounted(&self, day: Day, views: &HashMap<Reason, i64>) -> sqlx::Result<()> {
        let upsert = match self.dialect() {
            Dialect::Sqlite => {
                "INSERT INTO uncounted_views (day, reason, views) VALUES (?, ?, ?)
                 ON CONFLICT (day, reason) DO UPDATE SET views = views + excluded.views"
            }
            Dialect::MySql => {
                "INSERT INTO uncounted_views (day, reason, views)
                 SELECT given.day, given.reason, given.views FROM (SELECT ? AS day, ? AS reason, ? AS views) AS given
                 ON DUPLICATE KEY UPDATE views = uncounted_views.views + given.views"
            }
        };
        let mut transaction = self.begin().await?;
        // In the same order everywhere, so that processes wait for each other and never in a
        // circle.
        for reason in Reason::ALL {
            let Some(views) = views.get(&reason) else { continue };
            on_connection!(&mut transaction, connection => {
                let query = sqlx::query(upsert).bind(day).bind(reason.name()).bind(views);
                query.execute(connection).await?;
            });
        }
        transaction.commit().await
    }

    /// How many views were not counted, by the name of the reason, and since which day.
    ///
    /// # Errors
    /// Database errors.
    pub async fn uncounted(&self) -> sqlx::Result<Vec<(String, i64, Day)>> {
        let sql = "SELECT reason, CAST(sum(views) AS SIGNED), min(day) FROM uncounted_views GROUP BY reason";
        on_reader!(self, pool => sqlx::query_as(sql).fetch_all(pool).await)
    }
}
