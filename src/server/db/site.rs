//! What administrators have set in the browser.

use sqlx::FromRow;

use super::users::{Actor, WriteError, hold};
use super::{Database, Transaction, on_connection, on_reader};

/// What administrators have set. `None` stands for what the settings file says.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct StoredSite {
    /// Grows with each change.
    pub version: i64,
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
}

impl SiteChange {
    /// Whether `stored` already says so.
    fn is_made(&self, stored: &StoredSite) -> bool {
        match self {
            SiteChange::Texts { title, description, footer } => {
                (title, description, footer) == (&stored.title, &stored.description, &stored.footer)
            }
            SiteChange::Logo(logo) => *logo == stored.logo,
        }
    }
}

const SELECT: &str = "SELECT site_settings.version, site_settings.title, site_settings.description, site_settings.footer,
        site_settings.logo, pictures.width AS logo_width, pictures.height AS logo_height
     FROM site_settings LEFT JOIN pictures ON pictures.name = site_settings.logo WHERE site_settings.id = 1";

impl Database {
    /// Returns what administrators have set.
    pub async fn site(&self) -> sqlx::Result<StoredSite> {
        on_reader!(self, pool => sqlx::query_as(SELECT).fetch_one(pool).await)
    }

    /// Changes the settings if they are still at `version`. Returns false otherwise, unless they
    /// are already as wanted.
    ///
    /// # Errors
    /// [`WriteError`]
    pub async fn change_site(
        &self,
        actor: Actor,
        version: i64,
        change: &SiteChange,
    ) -> Result<bool, WriteError> {
        let mut transaction = self.begin_content().await?;
        hold(&mut transaction, actor).await?;
        let stored = site_in(&mut transaction).await?;
        if change.is_made(&stored) {
            return Ok(true);
        }
        if stored.version != version {
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
        }
        transaction.commit().await?;
        Ok(true)
    }
}

async fn site_in(transaction: &mut Transaction) -> sqlx::Result<StoredSite> {
    on_connection!(transaction, connection => sqlx::query_as(SELECT).fetch_one(connection).await)
}
