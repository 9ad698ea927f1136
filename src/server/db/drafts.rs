//! Drafts: what people have typed in the editor and not saved yet. Each open form of the editor has
//! a key, under which its draft is kept, and which is good for one save.

use sqlx::FromRow;
use tidemark_counting::{ArticleId, UserId};
use tidemark_store::clock::Millis;

use super::actor::{Actor, WriteError, lock_actor};
use super::{Database, Dialect, Transaction, on_connection, on_reader, on_writer};

/// Stands for the ID of an article that has not been saved yet.
pub const NEW_ARTICLE: ArticleId = ArticleId(0);

/// Maximum number of drafts that a user has of one article. The oldest ones are dropped.
const MOST_DRAFTS: i64 = 10;
/// Maximum number of used forms that are remembered per user. The oldest ones are forgotten.
const MOST_USED: i64 = 200;

/// An editor form that has not been submitted.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Draft {
    /// The key of the form in which it was typed.
    pub form_key: String,
    /// The article version that it is based on; 0 for an article that was never saved.
    pub version: i64,
    /// The form's fields, as a JSON object.
    pub fields: String,
    /// When the draft was stored, in milliseconds since 1970.
    pub saved_at: Millis,
}

/// A draft without its text.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct DraftStamp {
    /// The key of the form in which it was typed.
    pub form_key: String,
    /// When the draft was stored, in milliseconds since 1970.
    pub saved_at: Millis,
}

/// What an editor form says of itself when it is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EditorForm {
    /// The form's key. A form without one has an empty key, which is never used up.
    pub key: String,
    /// The draft that the form was filled from, as it was then.
    pub recovered: Option<DraftStamp>,
}

impl Database {
    /// Lists a user's drafts for an article ([`NEW_ARTICLE`]: a new one), newest first.
    pub async fn drafts(&self, user: UserId, article: ArticleId) -> sqlx::Result<Vec<DraftStamp>> {
        let sql =
            "SELECT form_key, saved_at FROM article_drafts WHERE user_id = ? AND article_id = ?
                   ORDER BY saved_at DESC, form_key";
        on_reader!(self, pool => sqlx::query_as(sql).bind(user).bind(article).fetch_all(pool).await)
    }

    /// Returns the draft that a user typed for an article ([`NEW_ARTICLE`]: a new one) in the form
    /// `key`.
    pub async fn draft(
        &self,
        user: UserId,
        article: ArticleId,
        key: &str,
    ) -> sqlx::Result<Option<Draft>> {
        let sql = "SELECT form_key, version, fields, saved_at FROM article_drafts
                   WHERE user_id = ? AND article_id = ? AND form_key = ?";
        on_reader!(self, pool => {
            sqlx::query_as(sql).bind(user).bind(article).bind(key).fetch_optional(pool).await
        })
    }

    /// Stores the draft of a form. Returns false if the form was saved or discarded since: a late
    /// request must not bring back a draft that is done with.
    ///
    /// # Errors
    /// [`WriteError`]
    pub async fn keep_draft(
        &self,
        actor: Actor,
        article: ArticleId,
        draft: &Draft,
    ) -> Result<bool, WriteError> {
        let user = actor.id;
        let mut transaction = self.begin().await?;
        lock_actor(&mut transaction, actor).await?;
        if use_of(&mut transaction, user, &draft.form_key).await?.is_some() {
            return Ok(false);
        }
        let upsert = match self.dialect() {
            Dialect::Sqlite => {
                "INSERT INTO article_drafts (user_id, article_id, form_key, version, fields, saved_at)
                 VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (user_id, article_id, form_key) DO UPDATE
                 SET version = excluded.version, fields = excluded.fields, saved_at = excluded.saved_at"
            }
            Dialect::MySql => {
                "REPLACE INTO article_drafts (user_id, article_id, form_key, version, fields, saved_at)
                 VALUES (?, ?, ?, ?, ?, ?)"
            }
        };
        let last = "SELECT saved_at FROM article_drafts WHERE user_id = ? AND article_id = ?
                    ORDER BY saved_at DESC LIMIT 1 OFFSET ?";
        let forget = "DELETE FROM article_drafts
                    WHERE user_id = ? AND article_id = ? AND saved_at <= ? AND form_key <> ?";
        on_connection!(&mut transaction, connection => {
            let query = sqlx::query(upsert).bind(user).bind(article).bind(&draft.form_key);
            let query = query.bind(draft.version).bind(&draft.fields).bind(draft.saved_at);
            query.execute(&mut *connection).await?;
            let last = sqlx::query_scalar(last).bind(user).bind(article).bind(MOST_DRAFTS);
            let last: Option<i64> = last.fetch_optional(&mut *connection).await?;
            if let Some(last) = last {
                let query = sqlx::query(forget).bind(user).bind(article).bind(last);
                query.bind(&draft.form_key).execute(connection).await?;
            }
        });
        transaction.commit().await?;
        Ok(true)
    }

    /// Discards the text of a form for an article ([`NEW_ARTICLE`]: a new one): its draft, and the
    /// one that it was filled from. Returns false if the latter has changed since; then that one is
    /// kept.
    ///
    /// # Errors
    /// [`WriteError`]
    pub async fn discard_draft(
        &self,
        actor: Actor,
        article: ArticleId,
        form: &EditorForm,
        now: Millis,
    ) -> Result<bool, WriteError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM article_drafts
                   WHERE user_id = ? AND article_id = ? AND form_key = ?)";
        let mut transaction = self.begin().await?;
        lock_actor(&mut transaction, actor).await?;
        finish(&mut transaction, actor.id, article, form, None, now).await?;
        let mut is_kept = false;
        if let Some(recovered) = &form.recovered {
            is_kept = on_connection!(&mut transaction, connection => {
                let query = sqlx::query_scalar(sql).bind(actor.id).bind(article);
                query.bind(&recovered.form_key).fetch_one(connection).await?
            });
        }
        transaction.commit().await?;
        Ok(!is_kept)
    }

    /// Finishes a form whose text is stored as this article already.
    ///
    /// # Errors
    /// [`WriteError`]
    pub async fn finish_form(
        &self,
        actor: Actor,
        article: ArticleId,
        form: &EditorForm,
        now: Millis,
    ) -> Result<(), WriteError> {
        let mut transaction = self.begin().await?;
        lock_actor(&mut transaction, actor).await?;
        finish(&mut transaction, actor.id, article, form, Some(article), now).await?;
        Ok(transaction.commit().await?)
    }

    /// Whether the user's form with this key was saved or discarded: `Some` with the article that
    /// it was saved as, if it was saved.
    pub async fn use_of_form(
        &self,
        user: UserId,
        key: &str,
    ) -> sqlx::Result<Option<Option<ArticleId>>> {
        on_reader!(self, pool => {
            sqlx::query_scalar(USE).bind(user).bind(key).fetch_optional(pool).await
        })
    }

    /// Forgets the forms that were used before `time`. Returns how many.
    pub async fn prune_used_forms(&self, time: Millis) -> sqlx::Result<u64> {
        let sql = "DELETE FROM used_forms WHERE used_at < ?";
        on_writer!(self, pool => {
            sqlx::query(sql).bind(time).execute(pool).await.map(|done| done.rows_affected())
        })
    }
}

const USE: &str = "SELECT article_id FROM used_forms WHERE user_id = ? AND form_key = ?";

/// Like [`Database::use_of_form`], within a transaction.
pub(super) async fn use_of(
    transaction: &mut Transaction,
    user: UserId,
    key: &str,
) -> sqlx::Result<Option<Option<ArticleId>>> {
    on_connection!(transaction, connection => {
        sqlx::query_scalar(USE).bind(user).bind(key).fetch_optional(connection).await
    })
}

/// Deletes the draft of a form for an article ([`NEW_ARTICLE`]: a new one), and the draft that the
/// form was filled from, unless that has changed since. The form is used up by this; `saved_as` is
/// the article that holds its text now.
pub(super) async fn finish(
    transaction: &mut Transaction,
    user: UserId,
    article: ArticleId,
    form: &EditorForm,
    saved_as: Option<ArticleId>,
    now: Millis,
) -> sqlx::Result<()> {
    let delete = "DELETE FROM article_drafts
                  WHERE user_id = ? AND article_id = ? AND form_key = ? AND saved_at <= ?";
    let upsert = match transaction.dialect() {
        Dialect::Sqlite => {
            "INSERT INTO used_forms (user_id, form_key, article_id, used_at) VALUES (?, ?, ?, ?)
             ON CONFLICT (user_id, form_key) DO UPDATE
             SET article_id = excluded.article_id, used_at = excluded.used_at"
        }
        Dialect::MySql => {
            "REPLACE INTO used_forms (user_id, form_key, article_id, used_at) VALUES (?, ?, ?, ?)"
        }
    };
    let last =
        "SELECT used_at FROM used_forms WHERE user_id = ? ORDER BY used_at DESC LIMIT 1 OFFSET ?";
    let forget = "DELETE FROM used_forms WHERE user_id = ? AND used_at <= ? AND form_key <> ?";
    let recovered = form.recovered.iter().map(|draft| (&draft.form_key, draft.saved_at));
    on_connection!(transaction, connection => {
        for (key, time) in std::iter::once((&form.key, Millis(i64::MAX))).chain(recovered) {
            let query = sqlx::query(delete).bind(user).bind(article).bind(key).bind(time);
            query.execute(&mut *connection).await?;
        }
        if form.key.is_empty() {
            return Ok(());
        }
        let query = sqlx::query(upsert).bind(user).bind(&form.key).bind(saved_as).bind(now);
        query.execute(&mut *connection).await?;
        let last = sqlx::query_scalar(last).bind(user).bind(MOST_USED);
        let last: Option<i64> = last.fetch_optional(&mut *connection).await?;
        if let Some(last) = last {
            let query = sqlx::query(forget).bind(user).bind(last).bind(&form.key);
            query.execute(connection).await?;
        }
        Ok(())
    })
}
