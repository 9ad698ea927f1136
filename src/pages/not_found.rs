//! The 404 page.

use crate::components::page::LoadedPage;
use crate::error::Error;
use crate::message::Message;

/// Shown for every URL that matches no route, no file and no former article URL.
pub async fn page() -> LoadedPage {
    let error = Error::NotFound(Message::text("error-not-found"));
    LoadedPage::of(true, async move { Err(error) }).await
}
