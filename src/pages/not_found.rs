//! The 404 page.

use crate::components::page::LoadedPage;
use crate::error::Error;

/// Shown for every URL that matches no route, no file and no former article URL.
pub async fn page() -> LoadedPage {
    let error = Error::NotFound(
        "There is no page at this address. It may have moved, or the link has a typo.".into(),
    );
    LoadedPage::of(true, async move { Err(error) }).await
}
