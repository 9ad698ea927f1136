//! Articles are rendered when they are saved. After an update that renders better, those that were
//! saved before are rendered again.

use tidemark_content::markdown::{self, Rendered};

use crate::model::article::Heading;
use crate::server::db::Database;
use crate::server::db::renderings::{RenderedText, Rendering};

/// Grows by one with each change of what is made of a text.
const VERSION: i64 = 2;

/// Renders every article that an older version of the program rendered, one at a time, and returns
/// how many came out otherwise. What was cut off begins anew the next time; what others do at the
/// same time does no harm.
///
/// # Errors
/// Any database error; the next start goes on.
pub async fn rerender(database: &Database) -> sqlx::Result<usize> {
    if database.renderer().await? >= VERSION {
        return Ok(0);
    }
    let (mut last, mut changed) = (0, 0);
    while let Some(RenderedText { id, version, markdown, rendering }) =
        database.text_after(last).await?
    {
        last = id;
        // Rendering takes a core for some milliseconds, and requests need the runtime's threads.
        match tokio::task::spawn_blocking(move || markdown::render(&markdown)).await {
            Ok(Rendered { html, contents, reading_minutes, language, .. }) => {
                let contents = contents.into_iter().map(Heading::from).collect();
                let new = Rendering { html, contents, reading_minutes, language };
                if new != rendering {
                    database.replace_rendering(id, version, &new).await?;
                    changed += 1;
                }
            }
            Err(error) => {
                tracing::error!(article = id, error = %error, "an article could not be rendered again")
            }
        }
    }
    database.set_renderer(VERSION).await?;
    Ok(changed)
}
