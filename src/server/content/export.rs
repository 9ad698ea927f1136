//! Exports articles to files.

use std::collections::BTreeSet;
use std::path::Path;

use tidemark_content::front_matter::{self, Source};
use tidemark_content::pictures::name::{self, FOLDER};
use tidemark_content::redirects::redirects_text;

use crate::server::db::Database;
use crate::server::db::articles::{ArticleFields, Kind, Status};
use crate::server::pictures::store::PictureStore;

/// Why an export failed.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The folder or a file can't be written.
    #[error("{path}: {reason}")]
    File {
        /// Its path.
        path: String,
        /// The system's message.
        reason: String,
    },
    /// A picture can't be read.
    #[error("The picture {name} could not be read: {reason}")]
    Picture {
        /// Its name.
        name: String,
        /// The store's message.
        reason: String,
    },
    /// The views can't be read.
    #[error("The views could not be read: {0}")]
    Views(String),
    /// The database failed.
    #[error("The articles could not be read: {0}")]
    Database(#[from] sqlx::Error),
}

/// Writes every article that is not in the bin, including drafts, to `slug.md` in `folder`, in the
/// format that `import` reads. Returns the number of articles.
///
/// # Errors
/// [`ExportError`]
pub async fn export_folder(database: &Database, folder: &Path) -> Result<usize, ExportError> {
    let failed = |path: &Path, error: std::io::Error| ExportError::File {
        path: path.display().to_string(),
        reason: error.to_string(),
    };
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    let articles = database.all_fields().await?;
    for article in &articles {
        let path = folder.join(format!("{}.md", article.slug));
        std::fs::write(&path, front_matter::write(&source(article)))
            .map_err(|error| failed(&path, error))?;
    }
    Ok(articles.len())
}

/// Writes the pictures that articles show to `static/pictures` in `folder`. `import`, Hugo and Zola
/// find them there by the addresses in the texts. Returns how many there are, and the names of those
/// that the store does not have.
///
/// # Errors
/// [`ExportError`]
pub async fn export_pictures(
    database: &Database,
    store: &PictureStore,
    folder: &Path,
) -> Result<(usize, Vec<String>), ExportError> {
    let articles = database.all_fields().await?;
    let texts = articles.iter().flat_map(|article| {
        [article.markdown.as_str(), article.cover.as_deref().unwrap_or_default()]
    });
    let names: BTreeSet<&str> = texts.flat_map(pictures_in).collect();
    let pictures = folder.join("static/pictures");
    let failed = |path: &Path, error: std::io::Error| ExportError::File {
        path: path.display().to_string(),
        reason: error.to_string(),
    };
    if !names.is_empty() {
        std::fs::create_dir_all(&pictures).map_err(|error| failed(&pictures, error))?;
    }
    let (mut count, mut missing) = (0, Vec::new());
    for name in names {
        let bytes = store.bytes(name).await.map_err(|error| ExportError::Picture {
            name: name.to_owned(),
            reason: error.to_string(),
        })?;
        let Some(bytes) = bytes else {
            missing.push(name.to_owned());
            continue;
        };
        let path = pictures.join(name);
        std::fs::write(&path, bytes).map_err(|error| failed(&path, error))?;
        count += 1;
    }
    Ok((count, missing))
}

/// The names of this blog's pictures in a text.
fn pictures_in(text: &str) -> impl Iterator<Item = &str> {
    text.split(FOLDER).skip(1).filter_map(|rest| {
        let is_part = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '.');
        let end = rest.find(|char| !is_part(char)).unwrap_or(rest.len());
        let name = rest[..end].trim_end_matches('.');
        name::parse(name).map(|_| name)
    })
}

/// Writes the redirects of the blog to `redirects.txt` in `folder`, as the settings page takes them,
/// if there are any.
///
/// # Errors
/// [`ExportError`]
pub async fn export_redirects(database: &Database, folder: &Path) -> Result<(), ExportError> {
    let redirects = database.redirects().await?;
    if redirects.is_empty() {
        return Ok(());
    }
    let path = folder.join("redirects.txt");
    std::fs::write(&path, redirects_text(&redirects)).map_err(|error| ExportError::File {
        path: path.display().to_string(),
        reason: error.to_string(),
    })
}

fn source(article: &ArticleFields) -> Source {
    Source {
        slug: article.slug.clone(),
        title: article.title.clone(),
        summary: Some(article.summary.clone()).filter(|summary| !summary.is_empty()),
        published_at: article.published_at,
        // An article that was not changed since needs no second date.
        updated_at: article.updated_at.filter(|at| Some(*at) > article.published_at),
        draft: article.status == Status::Draft,
        authors: article.authors.iter().map(|author| author.name.clone()).collect(),
        tags: article.tags.iter().map(|tag| tag.name.clone()).collect(),
        aliases: article.aliases.clone(),
        series: article.series.clone(),
        cover: article.cover.clone(),
        language: Some(article.language.clone()),
        is_page: article.kind == Kind::Page,
        markdown: article.markdown.clone(),
    }
}
