//! Exports counts: views that were counted here, those from elsewhere, and likes.

use std::path::Path;

use tidemark_content::counts::{self, Line};
use tidemark_counting::ArticleId;
use tidemark_counting::store::ViewStore;

use super::export::ExportError;
use crate::server::db::Database;

/// Writes `counts.csv` in `folder`, with a line for the views of each article that were counted
/// here, until the day `today`, and one for each source of others; and `likes.csv` with how many
/// readers like which article. Nothing reads the latter: a like belongs to an account.
///
/// # Errors
/// [`ExportError`], or the error of the store of views as text.
pub async fn export_counts(
    database: &Database,
    views: &ViewStore,
    today: jiff::civil::Date,
    folder: &Path,
) -> Result<(), ExportError> {
    let articles = database.known_articles().await?;
    let articles: Vec<_> = articles.into_iter().filter(|article| !article.is_deleted).collect();
    let ids: Vec<ArticleId> = articles.iter().map(|article| article.id).collect();
    // What Redis has not brought to SQL yet is in its totals.
    let mut counted = database.counted(&ids).await?;
    counted
        .extend(views.totals(&ids).await.map_err(|error| ExportError::Views(error.to_string()))?);
    let baselines = database.all_baselines().await?;
    let liked = database.likes_of_all().await?;
    let mut lines = Vec::new();
    let mut likes = Vec::new();
    for article in articles {
        let address = format!("/articles/{}", article.slug);
        let views = counted.get(&article.id).copied().unwrap_or(0);
        let (here, until) = (None, Some(today));
        lines.push(Line { address: address.clone(), views, source: here, until });
        if let Some(number) = liked.get(&article.id) {
            likes.push((address.clone(), *number));
        }
        let first = baselines.partition_point(|(id, _)| *id < article.id);
        let own = baselines[first..].iter().take_while(|(id, _)| *id == article.id);
        lines.extend(own.map(|(_, baseline)| Line {
            address: address.clone(),
            views: baseline.views,
            source: Some(baseline.source.clone()),
            until: baseline.until,
        }));
    }
    for (name, text) in
        [("counts.csv", counts::write(&lines)), ("likes.csv", counts::write_likes(&likes))]
    {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(|error| ExportError::File {
            path: path.display().to_string(),
            reason: error.to_string(),
        })?;
    }
    Ok(())
}
