//! Makes rankings end with the current hour.

use tidemark_counting::ViewError;
use tidemark_counting::store::ViewStore;

use super::{Jobs, Summary};

impl Jobs {
    pub(super) async fn refresh_rankings(&self) -> Result<Summary, ViewError> {
        match &self.store {
            ViewStore::Sqlite(store) => {
                let is_changed = store.refresh_rankings().await?;
                Ok(is_changed.then(|| "Rankings end with the current hour now.".into()))
            }
            ViewStore::Redis(store) => {
                let built = store.refresh_rankings().await?;
                Ok((built > 0).then(|| format!("Built the rankings of {built} shards.")))
            }
        }
    }
}
