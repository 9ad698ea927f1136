//! Drafts: what people have typed in the editor and not saved yet.

use sqlx::FromRow;

use super::users::{Actor, WriteError, hold};
use super::{Database, Dialect, Transaction, on_connection, on_reader};

/// An editor form that has not been submitted.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Draft {
    /// The article version that it is based on; 0 for an article that was never saved.
    pub version: i64,
    /// The form's fields, as a JSON object.
    pub fields: String,
    /// When the draft was stored, in milliseconds since 1970.
    pub saved_at: i64,
}

impl Database {
    /// Returns a user's draft for an article (0: a new article).
    pub async fn draft(&self, user: i64, article: i64) -> sqlx::Result<Option<Draft>> {
        let sql = "SELECT version, fields, saved_at FROM article_drafts WHERE user_id = ? AND article_id = ?";
        on_reader!(self, pool => sqlx::query_as(sql).bind(user).bind(article).fetch_optional(pool).await)
    }

    /// Stores a user's draft for an article. Returns false if the same user has saved the article
    /// since: a late request must not bring back a draft that saving has deleted. If someone else
    /// has saved since, that is a conflict, and the draft is stored: then it matters all the more.
    ///
    /// # Errors
    /// [`WriteError`]
    pub async fn keep_draft(
        &self,
        actor: Actor,
        article: i64,
        draft: &Draft,
    ) -> Result<bool, WriteError> {
        let user = actor.id;
        let mut transaction = self.begin().await?;
        hold(&mut transaction, actor).await?;
        let saved = "SELECT EXISTS (SELECT 1 FROM article_revisions WHERE article_id = ? AND user_id = ? AND version > ?)";
        let upsert = match self.dialect() {
            Dialect::Sqlite => {
                "INSERT INTO article_drafts (user_id, article_id, version, fields, saved_at) VALUES (?, ?, ?, ?, ?)
                 ON CONFLICT (user_id, article_id) DO UPDATE
                 SET version = excluded.version, fields = excluded.fields, saved_at = excluded.saved_at"
            }
            Dialect::MySql => {
                "REPLACE INTO article_drafts (user_id, article_id, version, fields, saved_at) VALUES (?, ?, ?, ?, ?)"
            }
        };
        on_connection!(&mut transaction, connection => {
            let saved = sqlx::query_scalar(saved).bind(article).bind(user).bind(draft.version);
            if saved.fetch_one(&mut *connection).await? {
                return Ok(false);
            }
            let query = sqlx::query(upsert).bind(user).bind(article).bind(draft.version).bind(&draft.fields);
            query.bind(draft.saved_at).execute(connection).await?;
        });
        transaction.commit().await?;
        Ok(true)
    }

    /// Deletes a user's draft for an article.
    ///
    /// # Errors
    /// [`WriteError`]
    pub async fn delete_draft(&self, actor: Actor, article: i64) -> Result<(), WriteError> {
        let mut transaction = self.begin().await?;
        hold(&mut transaction, actor).await?;
        delete(&mut transaction, actor.id, article).await?;
        Ok(transaction.commit().await?)
    }
}

/// Deletes a user's draft for an article.
pub(super) async fn delete(
    transaction: &mut Transaction,
    user: i64,
    article: i64,
) -> sqlx::Result<()> {
    let sql = "DELETE FROM article_drafts WHERE user_id = ? AND article_id = ?";
    on_connection!(transaction, connection => {
        sqlx::query(sql).bind(user).bind(article).execute(connection).await.map(drop)
    })
}
