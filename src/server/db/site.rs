//! What administrators have set in the browser.

use sqlx::{AssertSqlSafe, FromRow};
use tidemark_content::menu::MenuItem;
use tidemark_content::redirects::{Destination, Redirect};
use tidemark_store::clock::Millis;

use super::actor::{Actor, WriteError, lock_actor};
use super::articles::Kind;
use super::{Database, Transaction, on_connection, on_reader};
use crate::model::page::Page;

/// What administrators have set. `None` stands for what the settings file says.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct StoredSite {
    /// Grows with each change of the texts and the logo.
    pub version: i64,
    /// Grows with each change of the menu.
    pub menu_version: i64,
    /// Grows with each change of the redirects.
    pub redirects_version: i64,
    /// The blog's name.
    pub title: Option<String>,
    /// One line about the blog.
    pub description: Option<String>,
    /// The footer, in Markdown.
    pub footer: Option<String>,
    /// The name of the picture that is the logo.
    pub logo: Option<String>,
    /// The logo's width in pixels; `None` if its picture was deleted.
    pub logo_width: Option<i64>,
    /// The logo's height in pixels; `None` if its picture was deleted.
    pub logo_height: Option<i64>,
}

/// A change of the settings.
#[derive(Clone, Debug)]
pub enum SiteChange {
    /// The texts. `None` stands for what the settings file says.
    Texts {
        /// The blog's name.
        title: Option<String>,
        /// One line about the blog.
        description: Option<String>,
        /// The footer, in Markdown.
        footer: Option<String>,
    },
    /// The name of the picture that is the logo from now on; `None` removes it.
    Logo(Option<String>),
    /// The whole menu.
    Menu(Vec<MenuItem>),
    /// All redirects.
    Redirects(Vec<Redirect>),
}

impl SiteChange {
    /// Whether it is already so.
    async fn is_made(
        &self,
        stored: &StoredSite,
        transaction: &mut Transaction,
    ) -> sqlx::Result<bool> {
        Ok(match self {
            SiteChange::Texts { title, description, footer } => {
                (title, description, footer) == (&stored.title, &stored.description, &stored.footer)
            }
            SiteChange::Logo(logo) => *logo == stored.logo,
            SiteChange::Menu(items) => *items == menu_in(transaction).await?,
            SiteChange::Redirects(redirects) => *redirects == redirects_in(transaction).await?,
        })
    }

    /// The version that it goes by.
    fn version(&self, stored: &StoredSite) -> i64 {
        match self {
            SiteChange::Texts { .. } | SiteChange::Logo(_) => stored.version,
            SiteChange::Menu(_) => stored.menu_version,
            SiteChange::Redirects(_) => stored.redirects_version,
        }
    }
}

const SELECT: &str = "SELECT site_settings.version, site_settings.menu_version, site_settings.redirects_version,
        site_settings.title, site_settings.description, site_settings.footer, site_settings.logo, pictures.width AS logo_width, pictures.height AS logo_height
     FROM site_settings LEFT JOIN pictures ON pictures.name = site_settings.logo WHERE site_settings.id = 1";

impl Database {
    /// Returns what administrators have set.
    pub async fn site(&self) -> sqlx::Result<StoredSite> {
        on_reader!(self, pool => sqlx::query_as(SELECT).fetch_one(pool).await)
    }

    /// Returns the menu, in its order.
    pub async fn menu(&self) -> sqlx::Result<Vec<MenuItem>> {
        let rows: Vec<(String, String)> =
            on_reader!(self, pool => sqlx::query_as(SELECT_MENU).fetch_all(pool).await?);
        Ok(items(rows))
    }

    /// Returns the redirects, in their order.
    pub async fn redirects(&self) -> sqlx::Result<Vec<Redirect>> {
        let rows: Vec<RedirectRow> =
            on_reader!(self, pool => sqlx::query_as(SELECT_REDIRECTS).fetch_all(pool).await?);
        Ok(rows.into_iter().filter_map(redirect).collect())
    }

    /// Returns a page of all old addresses of articles, with the addresses that they lead to.
    pub async fn aliases(&self, page: i64, per_page: i64) -> sqlx::Result<Page<(String, String)>> {
        let count = "SELECT count(*) FROM article_aliases JOIN articles ON articles.id = article_aliases.article_id
             WHERE articles.deleted_at IS NULL";
        let list = AssertSqlSafe(format!(
            "SELECT article_aliases.path, articles.kind, articles.slug FROM article_aliases
             JOIN articles ON articles.id = article_aliases.article_id WHERE articles.deleted_at IS NULL
             ORDER BY article_aliases.path LIMIT {per_page} OFFSET ?"
        ));
        let offset = (page - 1).saturating_mul(per_page).max(0);
        let (total, rows): (i64, Vec<(String, String, String)>) = on_reader!(self, pool => {
            let total = sqlx::query_scalar(count).fetch_one(pool).await?;
            (total, sqlx::query_as(list).bind(offset).fetch_all(pool).await?)
        });
        let rows = rows.into_iter().map(|(path, kind, slug)| {
            let kind = Kind::try_from(kind).unwrap_or_default();
            (path, kind.address(&slug))
        });
        Ok(Page::new(rows.collect(), page, per_page, total))
    }

    /// Returns titles and addresses of up to `limit` pages that readers may read at `now`, by
    /// title.
    pub async fn pages(&self, limit: i64, now: Millis) -> sqlx::Result<Vec<MenuItem>> {
        let sql = AssertSqlSafe(format!(
            "SELECT title, slug FROM articles WHERE kind = 'page' AND status = 'published' AND published_at <= ?
                AND deleted_at IS NULL ORDER BY title, id LIMIT {limit}"
        ));
        let rows: Vec<(String, String)> =
            on_reader!(self, pool => sqlx::query_as(sql).bind(now).fetch_all(pool).await?);
        let item =
            |(label, slug): (String, String)| MenuItem { label, target: Kind::Page.address(&slug) };
        Ok(rows.into_iter().map(item).collect())
    }

    /// Changes the settings if they are still at `version`, on behalf of an administrator or of the
    /// operator (`None`). Returns false otherwise, unless they are already as wanted.
    ///
    /// # Errors
    /// [`WriteError`]
    pub async fn change_site(
        &self,
        actor: Option<Actor>,
        version: i64,
        change: &SiteChange,
    ) -> Result<bool, WriteError> {
        let mut transaction = self.begin_content().await?;
        if let Some(actor) = actor {
            lock_actor(&mut transaction, actor).await?;
        }
        let stored = site_in(&mut transaction).await?;
        if change.is_made(&stored, &mut transaction).await? {
            return Ok(true);
        }
        if change.version(&stored) != version {
            return Ok(false);
        }
        match change {
            SiteChange::Texts { title, description, footer } => {
                let sql = "UPDATE site_settings SET title = ?, description = ?, footer = ?, version = version + 1 WHERE id = 1";
                on_connection!(&mut *transaction, connection => {
                    let query = sqlx::query(sql).bind(title).bind(description).bind(footer);
                    query.execute(connection).await?;
                });
            }
            SiteChange::Logo(logo) => {
                let sql = "UPDATE site_settings SET logo = ?, version = version + 1 WHERE id = 1";
                on_connection!(&mut *transaction, connection => {
                    sqlx::query(sql).bind(logo).execute(connection).await?;
                });
            }
            SiteChange::Menu(items) => write_menu(&mut transaction, items).await?,
            SiteChange::Redirects(redirects) => {
                write_redirects(&mut transaction, redirects).await?;
            }
        }
        transaction.commit().await?;
        Ok(true)
    }
}

async fn site_in(transaction: &mut Transaction) -> sqlx::Result<StoredSite> {
    on_connection!(transaction, connection => sqlx::query_as(SELECT).fetch_one(connection).await)
}

const SELECT_MENU: &str = "SELECT label, target FROM site_menu ORDER BY position";

const SELECT_REDIRECTS: &str =
    "SELECT source, status, target FROM site_redirects ORDER BY position";

type RedirectRow = (String, i64, Option<String>);

fn items(rows: Vec<(String, String)>) -> Vec<MenuItem> {
    rows.into_iter().map(|(label, target)| MenuItem { label, target }).collect()
}

/// The redirect in a row. The table allows no others than those that this program writes.
fn redirect((source, status, target): RedirectRow) -> Option<Redirect> {
    Some(Redirect { source, destination: Destination::of(status, target)? })
}

async fn menu_in(transaction: &mut Transaction) -> sqlx::Result<Vec<MenuItem>> {
    let rows: Vec<(String, String)> = on_connection!(transaction, connection => {
        sqlx::query_as(SELECT_MENU).fetch_all(connection).await?
    });
    Ok(items(rows))
}

async fn redirects_in(transaction: &mut Transaction) -> sqlx::Result<Vec<Redirect>> {
    let rows: Vec<RedirectRow> = on_connection!(transaction, connection => {
        sqlx::query_as(SELECT_REDIRECTS).fetch_all(connection).await?
    });
    Ok(rows.into_iter().filter_map(redirect).collect())
}

async fn write_menu(transaction: &mut Transaction, items: &[MenuItem]) -> sqlx::Result<()> {
    let insert = "INSERT INTO site_menu (position, label, target) VALUES (?, ?, ?)";
    let grow = "UPDATE site_settings SET menu_version = menu_version + 1 WHERE id = 1";
    on_connection!(transaction, connection => {
        sqlx::query("DELETE FROM site_menu").execute(&mut *connection).await?;
        for (position, MenuItem { label, target }) in (1i64..).zip(items) {
            let query = sqlx::query(insert).bind(position).bind(label).bind(target);
            query.execute(&mut *connection).await?;
        }
        sqlx::query(grow).execute(connection).await.map(drop)
    })
}

async fn write_redirects(
    transaction: &mut Transaction,
    redirects: &[Redirect],
) -> sqlx::Result<()> {
    let insert =
        "INSERT INTO site_redirects (source, position, target, status) VALUES (?, ?, ?, ?)";
    let grow = "UPDATE site_settings SET redirects_version = redirects_version + 1 WHERE id = 1";
    on_connection!(transaction, connection => {
        sqlx::query("DELETE FROM site_redirects").execute(&mut *connection).await?;
        for (position, Redirect { source, destination }) in (1i64..).zip(redirects) {
            let query = sqlx::query(insert).bind(source).bind(position);
            let query = query.bind(destination.target()).bind(destination.status());
            query.execute(&mut *connection).await?;
        }
        sqlx::query(grow).execute(connection).await.map(drop)
    })
}
