//! What an import remembers of the files that it took, and how it writes articles.

use std::collections::HashMap;

use sqlx::FromRow;
use tidemark_counting::{ArticleId, UserId};
use tidemark_store::clock::Millis;

use super::articles::{ArticleFields, Status, settled, write, writer_for_byline};
use super::content_version::ContentTransaction;
use super::pictures::{Picture, insert_pictures};
use super::revisions::{self, Revision};
use super::studio::editable_in;
use super::{Database, Transaction, on_connection, on_reader};
use crate::model::article::Author;

/// An article as far as an import has to know it.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct KnownArticle {
    /// Article ID.
    pub id: ArticleId,
    /// The article's slug.
    pub slug: String,
    /// Title, as plain text.
    pub title: String,
    /// Grows with each change.
    pub version: i64,
    /// Whether it is in the bin.
    pub is_deleted: bool,
    /// Publication date.
    pub published_at: Option<Millis>,
    /// Whether it was saved in the studio.
    pub is_revised: bool,
    /// The file that it was imported from: the path below the imported folder.
    pub path: Option<String>,
    /// A hash of that file.
    pub hash: Option<String>,
    /// The article's version after that import.
    pub imported_version: Option<i64>,
}

/// An article that comes in.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'a> {
    /// The article that it is: its ID, and the version that was looked at. `None`: a new one.
    pub target: Option<(ArticleId, i64)>,
    /// Whether the article may be changed. Otherwise it only gets the addresses that it lacks.
    pub may_change: bool,
    /// The file's path below the imported folder.
    pub path: &'a str,
    /// A hash of the file.
    pub hash: &'a str,
    /// The article.
    pub fields: &'a ArticleFields,
}

/// What became of an article that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is new.
    Created,
    /// It replaced what was stored.
    Updated,
    /// It is what was stored.
    Unchanged,
    /// It differs from what is stored, which may not be changed.
    Differs,
    /// Somebody saved the article since it was looked at. Nothing was changed.
    ChangedMeanwhile,
}

impl Database {
    /// Returns all articles, deleted ones included, ordered by ID.
    pub async fn known_articles(&self) -> sqlx::Result<Vec<KnownArticle>> {
        let sql = "SELECT articles.id, articles.slug, articles.title, articles.version,
                articles.deleted_at IS NOT NULL AS is_deleted, articles.published_at,
                EXISTS (SELECT 1 FROM article_revisions WHERE article_revisions.article_id = articles.id) AS is_revised,
                article_imports.path, article_imports.hash, article_imports.version AS imported_version
             FROM articles LEFT JOIN article_imports ON article_imports.article_id = articles.id
             ORDER BY articles.id";
        on_reader!(self, pool => sqlx::query_as(sql).fetch_all(pool).await)
    }

    /// Returns all aliases, with the IDs of their articles.
    pub async fn all_aliases(&self) -> sqlx::Result<HashMap<String, ArticleId>> {
        let sql = "SELECT path, article_id FROM article_aliases";
        let rows: Vec<(String, ArticleId)> =
            on_reader!(self, pool => sqlx::query_as(sql).fetch_all(pool).await?);
        Ok(rows.into_iter().collect())
    }

    /// Returns the ID of the user for a byline, adding one who can't sign in if necessary.
    pub async fn byline_user(&self, author: &Author, now: Millis) -> sqlx::Result<UserId> {
        let mut transaction = self.begin().await?;
        let id = writer_for_byline(&mut transaction, author, now).await?;
        transaction.commit().await?;
        Ok(id)
    }

    /// Returns the name of the picture that was imported from a file with this hash.
    pub async fn imported_picture(&self, hash: &str) -> sqlx::Result<Option<String>> {
        let sql = "SELECT name FROM imported_pictures WHERE hash = ?";
        on_reader!(self, pool => sqlx::query_scalar(sql).bind(hash).fetch_optional(pool).await)
    }

    /// Adds a picture that was imported, whatever its owner's quota. Returns the name under which
    /// the file is known: another one if another import has just added it.
    pub async fn add_imported_picture(
        &self,
        picture: &Picture,
        hash: &str,
    ) -> sqlx::Result<String> {
        let mut transaction = self.begin().await?;
        let select = "SELECT name FROM imported_pictures WHERE hash = ?";
        let known: Option<String> = on_connection!(&mut transaction, connection => {
            sqlx::query_scalar(select).bind(hash).fetch_optional(connection).await?
        });
        if let Some(known) = known {
            return Ok(known);
        }
        insert_pictures(&mut transaction, std::slice::from_ref(picture)).await?;
        let insert = "INSERT INTO imported_pictures (hash, name) VALUES (?, ?)";
        on_connection!(&mut transaction, connection => {
            sqlx::query(insert).bind(hash).bind(&picture.name).execute(connection).await?;
        });
        transaction.commit().await?;
        Ok(picture.name.clone())
    }
}

/// Writes an article that comes in, and remembers its file. Returns those of its aliases that lead
/// to another article.
///
/// Never touches a view count (rule C7). The aliases that the article has stay, because old
/// addresses have to lead somewhere.
pub async fn take(
    transaction: &mut ContentTransaction,
    incoming: Incoming<'_>,
    now: Millis,
) -> sqlx::Result<(Outcome, Vec<String>)> {
    let Incoming { target, may_change, path, hash, fields } = incoming;
    let Some((id, version)) = target else {
        let article = settled(transaction, fields, None).await?;
        let lost = lost(&fields.aliases, &article.aliases);
        let (id, _) = write(transaction, None, &article, now).await?;
        remember(transaction, id, path, hash, 1).await?;
        return Ok((Outcome::Created, lost));
    };
    let Some(stored) = editable_in(transaction, id).await? else {
        return Ok((Outcome::ChangedMeanwhile, vec![]));
    };
    if stored.version != version {
        return Ok((Outcome::ChangedMeanwhile, vec![]));
    }
    let mut article = fields.clone();
    let mut aliases = stored.fields.aliases.clone();
    if !may_change {
        article.slug = stored.fields.slug.clone();
    } else if article.address() != stored.fields.address()
        && stored.fields.status == Status::Published
    {
        aliases.push(stored.fields.address());
    }
    let more = article.aliases.iter().filter(|alias| !aliases.contains(alias)).cloned();
    aliases.extend(more.collect::<Vec<_>>());
    aliases.retain(|alias| *alias != article.address());
    article.aliases = aliases;
    let article = settled(transaction, &article, Some(id)).await?;
    let lost = lost(&fields.aliases, &article.aliases);
    let changes = stored.fields.changes(&article);
    if !may_change {
        add_aliases(transaction, id, &stored.fields.aliases, &article.aliases).await?;
        // An article that was renamed here is not the same.
        let is_same =
            fields.slug == stored.fields.slug && changes.iter().all(|field| *field == "aliases");
        if is_same && stored.deleted_at.is_none() {
            remember(transaction, id, path, hash, version).await?;
            return Ok((Outcome::Unchanged, lost));
        }
        return Ok((Outcome::Differs, lost));
    }
    if changes.is_empty() && stored.deleted_at.is_none() {
        remember(transaction, id, path, hash, version).await?;
        return Ok((Outcome::Unchanged, lost));
    }
    let is_revised = is_revised(transaction, id).await?;
    if is_revised {
        let original = Revision::of(id, version, &stored.fields, None, stored.updated_at);
        revisions::add_original(transaction, &original).await?;
    }
    write(transaction, Some(id), &article, now).await?;
    if is_revised {
        let revision = Revision::of(id, version + 1, &article, None, now);
        revisions::add(transaction, &revision).await?;
    }
    remember(transaction, id, path, hash, version + 1).await?;
    Ok((Outcome::Updated, lost))
}

/// Those of the aliases that were not free.
fn lost(wanted: &[String], free: &[String]) -> Vec<String> {
    wanted.iter().filter(|alias| !free.contains(alias)).cloned().collect()
}

async fn is_revised(transaction: &mut Transaction, id: ArticleId) -> sqlx::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM article_revisions WHERE article_id = ?)";
    on_connection!(transaction, connection => sqlx::query_scalar(sql).bind(id).fetch_one(connection).await)
}

/// Adds the aliases that an article lacks.
async fn add_aliases(
    transaction: &mut Transaction,
    id: ArticleId,
    stored: &[String],
    aliases: &[String],
) -> sqlx::Result<()> {
    let next = "SELECT coalesce(max(position) + 1, 0) FROM article_aliases WHERE article_id = ?";
    let insert = "INSERT INTO article_aliases (article_id, position, path) VALUES (?, ?, ?)";
    on_connection!(transaction, connection => {
        let next: i64 = sqlx::query_scalar(next).bind(id).fetch_one(&mut *connection).await?;
        let missing = aliases.iter().filter(|alias| !stored.contains(alias));
        for (position, alias) in (next..).zip(missing) {
            sqlx::query(insert).bind(id).bind(position).bind(alias).execute(&mut *connection).await?;
        }
        Ok(())
    })
}

/// Remembers the form in which a file was imported.
async fn remember(
    transaction: &mut Transaction,
    id: ArticleId,
    path: &str,
    hash: &str,
    version: i64,
) -> sqlx::Result<()> {
    // Another article may have come from a file of this name, and the article from another file.
    let forget = "DELETE FROM article_imports WHERE path = ? OR article_id = ?";
    let insert =
        "INSERT INTO article_imports (article_id, path, hash, version) VALUES (?, ?, ?, ?)";
    on_connection!(transaction, connection => {
        sqlx::query(forget).bind(path).bind(id).execute(&mut *connection).await?;
        let query = sqlx::query(insert).bind(id).bind(path).bind(hash).bind(version);
        query.execute(connection).await.map(drop)
    })
}
