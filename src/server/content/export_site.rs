//! Exports what belongs to no single article: pictures, the menu, redirects and site settings.

use std::io::Write;
use std::path::Path;

use axum::body::Body;
use futures_util::StreamExt;
use serde_json::json;
use tidemark_content::menu::menu_text;
use tidemark_content::redirects::redirects_text;

use super::export::ExportError;
use crate::error::Error;
use crate::server::db::Database;
use crate::server::db::pictures::Picture;

/// How many rows of pictures are read at once.
const ROWS: i64 = 100;

/// What became of the pictures.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ExportedPictures {
    /// How many were written.
    pub written: usize,
    /// The names of those whose files the store has lost.
    pub lost: Vec<String>,
}

/// Writes all pictures, avatars too, to `static/pictures` in `folder`, where Hugo, Zola and
/// `import` find them by the addresses that they have here. No picture is in memory as a whole.
/// `body` opens one's file; `None` if it is lost.
///
/// # Errors
/// [`ExportError`]
pub async fn export_pictures(
    database: &Database,
    body: impl AsyncFn(&Picture) -> Result<Option<Body>, Error>,
    folder: &Path,
) -> Result<ExportedPictures, ExportError> {
    let folder = folder.join("static").join("pictures");
    std::fs::create_dir_all(&folder).map_err(|error| file_error(&folder, &error))?;
    let mut exported = ExportedPictures::default();
    for number in 1.. {
        let page = database.all_pictures(number, ROWS).await?;
        if page.items.is_empty() {
            break;
        }
        for listed in page.items {
            let picture = listed.picture;
            let path = folder.join(&picture.name);
            let opened = body(&picture).await;
            let Some(body) = opened.map_err(|error| file_error(&path, &error))? else {
                exported.lost.push(picture.name);
                continue;
            };
            let file = std::fs::File::create(&path);
            let mut file = file.map_err(|error| file_error(&path, &error))?;
            let mut stream = body.into_data_stream();
            while let Some(piece) = stream.next().await {
                let piece = piece.map_err(|error| file_error(&path, &error))?;
                file.write_all(&piece).map_err(|error| file_error(&path, &error))?;
            }
            exported.written += 1;
        }
    }
    Ok(exported)
}

/// Writes `menu.txt` and `redirects.txt` in `folder`, as the forms of the settings take them, and
/// `site.json` with the texts and the logo that administrators have set.
///
/// # Errors
/// [`ExportError`]
pub async fn export_site(database: &Database, folder: &Path) -> Result<(), ExportError> {
    let site = database.site().await?;
    let settings = json!({
        "title": site.title,
        "description": site.description,
        "footer": site.footer,
        "logo": site.logo.map(|name| format!("/pictures/{name}")),
    });
    for (name, text) in [
        ("menu.txt", menu_text(&database.menu().await?)),
        ("redirects.txt", redirects_text(&database.redirects().await?)),
        ("site.json", format!("{settings:#}\n")),
    ] {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(|error| file_error(&path, &error))?;
    }
    Ok(())
}

fn file_error(path: &Path, error: &dyn std::fmt::Display) -> ExportError {
    ExportError::File { path: path.display().to_string(), reason: error.to_string() }
}
