//! Renders stored articles again after an update of the renderer. Normally, an article is rendered
//! when it is saved.

use tidemark_content::markdown::{self, Rendered};
use tidemark_content::pictures::tags;
use tidemark_counting::ArticleId;

use crate::model::article::Heading;
use crate::server::db::Database;
use crate::server::db::renderings::{RenderedText, Rendering};

/// Version of the renderer. Increment it with each change of its output.
const VERSION: i64 = 5;

/// Renders every article that an older version rendered, one at a time, and returns how many
/// changed. A run that was interrupted starts over. Concurrent edits and other processes that do
/// the same are harmless.
///
/// # Errors
/// Any database error. The next start tries again.
pub async fn rerender(database: &Database) -> sqlx::Result<usize> {
    if database.renderer().await? >= VERSION {
        return Ok(0);
    }
    let (mut last, mut changed) = (ArticleId(0), 0);
    while let Some(RenderedText { id, version, markdown, rendering }) =
        database.text_after(last).await?
    {
        last = id;
        // Rendering blocks for some milliseconds, and requests need the runtime's threads.
        match tokio::task::spawn_blocking(move || markdown::render(&markdown)).await {
            Ok(Rendered { html, contents, reading_minutes, language, .. }) => {
                let html = with_sizes(database, html).await?;
                let contents = contents.into_iter().map(Heading::from).collect();
                // A file may have named the language. Only what was once detected has three
                // letters.
                let language = if rendering.language.len() == 3 {
                    language
                } else {
                    rendering.language.clone()
                };
                let new = Rendering { html, contents, reading_minutes, language };
                if new != rendering {
                    database.replace_rendering(id, version, &new).await?;
                    changed += 1;
                }
            }
            Err(error) => {
                tracing::error!(article = id.0, error = %error, "an article could not be rendered again");
            }
        }
    }
    database.set_renderer(VERSION).await?;
    Ok(changed)
}

/// Adds to rendered HTML the sizes of pictures that older versions stored, whose names don't say
/// them. Rarely needs the database.
///
/// # Errors
/// Any database error.
pub async fn with_sizes(database: &Database, html: String) -> sqlx::Result<String> {
    let names = tags::names_without_size(&html);
    if names.is_empty() {
        return Ok(html);
    }
    let sizes = database.sizes_of_pictures(&names).await?;
    Ok(tags::with_sizes(&html, |name| sizes.get(name).copied()).into_owned())
}
