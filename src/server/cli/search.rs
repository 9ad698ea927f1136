//! Indexes all articles again.

use tidemark_store::sql::Dialect;

use super::super::content::search_index::{self, Rest};
use super::super::db::Database;
use super::super::search::open_search::OpenSearch;

/// Indexes the words in SQL, and makes the index in OpenSearch anew, if there is one.
pub(super) async fn rebuild(
    database: &Database,
    open_search: Option<&OpenSearch>,
) -> Result<(), String> {
    let rest = match database.any().dialect() {
        Dialect::Sqlite => Rest::ForOthers,
        Dialect::MySql => Rest::None,
    };
    let indexed = search_index::rebuild(database, rest).await.map_err(|error| error.to_string())?;
    say!("Indexed the words of {indexed} articles.");
    if let Some(open_search) = open_search {
        let rebuilt = open_search.rebuild().await.map_err(|error| error.to_string())?;
        say!("OpenSearch: {rebuilt}");
    }
    Ok(())
}
