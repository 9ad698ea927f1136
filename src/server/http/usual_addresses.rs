//! Addresses that are nearly right: with another case, a slash too many, or the ending that pages
//! had elsewhere; and where programs look for feeds.

use tidemark_content::front_matter::tidy_path;

use super::feeds::{falls_back, usual_address};
use super::routes::is_plain_address;
use crate::error::Error;
use crate::server::state::AppState;

/// The existing address that is meant by `path`; `None` if there is none. It is never `path`
/// itself, and what it leads to is no redirect.
///
/// # Errors
/// Any database error.
pub async fn meant(state: &AppState, path: &str) -> Result<Option<String>, Error> {
    let Some(tidy) = tidy_path(path) else { return Ok(None) };
    let meant = match usual_address(&tidy) {
        Some(feed) => feed,
        None if tidy == path => return Ok(None),
        None => tidy,
    };
    let (database, now) = (&state.database, state.clock.now());
    let exists = match meant.split('/').skip(1).collect::<Vec<_>>().as_slice() {
        ["articles", slug] => database.id_of_slug(slug, now).await?.is_some(),
        ["tags", slug] => database.tag(slug, now).await?.is_some(),
        ["tags", slug, _] if falls_back(&meant) => database.tag(slug, now).await?.is_some(),
        ["authors", name] => database.author(name, now).await?.is_some(),
        ["authors", name, _] if falls_back(&meant) => database.author(name, now).await?.is_some(),
        _ => is_plain_address(&meant),
    };
    if exists {
        return Ok(Some(meant));
    }
    Ok(database.address_by_alias(&meant, now).await?.filter(|address| address != path))
}
