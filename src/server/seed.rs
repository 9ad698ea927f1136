//! Sample articles for an empty blog, and an author who can sign in.

use tidemark_content::slug::slugify;
use tidemark_store::clock::Clock;

use super::accounts;
use super::content::import::{ImportError, Report, SourceFile, import};
use super::db::Database;
use super::db::actor::Role;

/// Name of the samples' author.
pub const AUTHOR: &str = "Marina Keel";

const SAMPLES: [(&str, &str); 9] = [
    ("a-count-you-can-trust.md", include_str!("../../samples/a-count-you-can-trust.md")),
    ("chao-xi-yu-shui-wei-biao.md", include_str!("../../samples/chao-xi-yu-shui-wei-biao.md")),
    ("everything-markdown-can-do.md", include_str!("../../samples/everything-markdown-can-do.md")),
    ("first-steps.md", include_str!("../../samples/first-steps.md")),
    ("kak-more-uchit-schitat.md", include_str!("../../samples/kak-more-uchit-schitat.md")),
    ("moving-in.md", include_str!("../../samples/moving-in.md")),
    ("what-a-crash-leaves-behind.md", include_str!("../../samples/what-a-crash-leaves-behind.md")),
    ("who-is-a-visitor.md", include_str!("../../samples/who-is-a-visitor.md")),
    ("writing-for-the-web.md", include_str!("../../samples/writing-for-the-web.md")),
];

/// The result of seeding.
#[derive(Debug)]
pub struct Seeded {
    /// Number of articles created.
    pub articles: usize,
    /// The author's user name.
    pub username: String,
    /// The author's password, if the author is new. Only its hash is stored.
    pub password: Option<String>,
}

/// Adds the samples and their author. Returns `None` and does nothing if the database has articles.
///
/// # Errors
/// [`ImportError`]. Nothing was changed then, except that the author may exist.
pub async fn seed(database: &Database, clock: &Clock) -> Result<Option<Seeded>, ImportError> {
    if !database.is_empty().await? {
        return Ok(None);
    }
    let username = slugify(AUTHOR);
    let password = accounts::passwords::random_password();
    let hash = accounts::passwords::hash_password(&password)
        .map_err(|error| sqlx::Error::Protocol(error.to_string()))?;
    let is_new = database
        .add_user(&username, AUTHOR, Role::Author, Some(&hash), clock.now())
        .await?
        .is_some();
    let files = SAMPLES.map(|(path, text)| SourceFile { path: path.into(), text: text.into() });
    let report = import(database, clock, files.into(), Report::default()).await?;
    Ok(Some(Seeded { articles: report.created, username, password: is_new.then_some(password) }))
}
