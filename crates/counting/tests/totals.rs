//! Reading totals from SQL, on both databases.

use std::collections::HashMap;

use tidemark_counting::sql::seen::{total_in_sql, totals_in_sql};
use tidemark_counting::{ArticleId, MIGRATIONS};
use tidemark_servers::SqlServer;
use tidemark_store::on_writer;
use tidemark_store::sql::AnyDatabase;

/// Runs a statement for which the crate has no function.
async fn execute(database: &AnyDatabase, sql: &'static str) -> sqlx::Result<()> {
    on_writer!(database, pool => sqlx::query(sql).execute(pool).await.map(drop))
}

#[tokio::test]
async fn totals_are_those_of_the_articles_that_were_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    for url in [
        format!("sqlite:{}", folder.path().join("views.db").display()),
        SqlServer::shared().new_database(),
    ] {
        eprintln!("on {url}");
        let database = AnyDatabase::open(&url, None, &MIGRATIONS).await.unwrap();
        execute(
            &database,
            "INSERT INTO article_stats (article_id, views) VALUES (1, 10), (2, 20), (3000, 30)",
        )
        .await
        .unwrap();
        assert_eq!(total_in_sql(&database, ArticleId(2)).await.unwrap(), 20);
        assert_eq!(total_in_sql(&database, ArticleId(4)).await.unwrap(), 0);
        assert_eq!(totals_in_sql(&database, &[]).await.unwrap(), HashMap::new());
        assert_eq!(
            totals_in_sql(&database, &[ArticleId(2)]).await.unwrap(),
            HashMap::from([(ArticleId(2), 20)])
        );
        assert_eq!(
            totals_in_sql(&database, &[1, 2, 4, 2, 5].map(ArticleId)).await.unwrap(),
            HashMap::from([(ArticleId(1), 10), (ArticleId(2), 20)])
        );
        let many: Vec<ArticleId> = (1..=5_000).map(ArticleId).collect();
        assert_eq!(
            totals_in_sql(&database, &many).await.unwrap(),
            HashMap::from(
                [(1, 10), (2, 20), (3000, 30)].map(|(article, views)| (ArticleId(article), views))
            )
        );
        database.close().await;
    }
}
