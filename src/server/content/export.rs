//! Exports articles to files.

use std::path::Path;

use tidemark_content::front_matter::{self, Source};

use crate::server::db::Database;
use crate::server::db::articles::{ArticleFields, Kind, Status};

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

fn source(article: &ArticleFields) -> Source {
    Source {
        slug: article.slug.clone(),
        title: article.title.clone(),
        summary: Some(article.summary.clone()).filter(|summary| !summary.is_empty()),
        published_at: article.published_at.map(|at| at.0),
        // An article that was not changed since needs no second date.
        updated_at: article.updated_at.filter(|at| Some(*at) > article.published_at).map(|at| at.0),
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
