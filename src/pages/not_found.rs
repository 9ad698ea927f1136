//! The page for an address that leads nowhere.

use crate::components::page::LoadedPage;
use crate::error::Error;

/// Every address that no route, file or former address answers.
pub async fn page() -> LoadedPage {
    let error = Error::NotFound(
        "There is no page at this address. It may have moved, or the link has a typo.".into(),
    );
    LoadedPage::of(true, async move { Err(error) }).await
}
