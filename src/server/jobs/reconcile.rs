//! Compares caches with their source and corrects them.

use tidemark_counting::ViewError;
use tidemark_counting::store::Drift;

use super::super::content::search_index;
use super::super::reactions;
use super::{Job, Jobs};

impl Jobs {
    /// Compares all cached counts with their source, corrects them, and returns what differed.
    ///
    /// # Errors
    /// [`ViewError::Store`]. Counts that were not reached stay as they are.
    pub async fn reconcile(&self) -> Result<Vec<Drift>, ViewError> {
        let mut drifts = self.store.reconcile().await?;
        drifts.extend(reactions::reconcile(&self.database).await?);
        drifts.extend(self.author_counts.reconcile().await.map_err(ViewError::Store)?);
        let (differed, orphans) = search_index::reconcile(&self.database).await?;
        let entries = |article| Drift::of_article("search entry", article, 0, 1);
        drifts.extend(differed.into_iter().map(entries));
        if orphans > 0 {
            let orphans = i64::try_from(orphans).unwrap_or(i64::MAX);
            let (cache, of) = ("search entries".to_owned(), "no article".to_owned());
            drifts.push(Drift { cache, of, cached: orphans, correct: 0 });
        }
        if let Some(open_search) = &self.open_search {
            // Everything else is right whether or not OpenSearch answers.
            match open_search.reconcile().await {
                Ok(compared) => drifts.extend(compared.drifts),
                Err(error) => {
                    tracing::warn!(error = %error, "the index could not be compared with SQL");
                }
            }
        }
        for Drift { cache, of, cached, correct } in &drifts {
            tracing::warn!(
                cache,
                of,
                cached,
                correct,
                "a cached count had drifted; it is corrected"
            );
        }
        Ok(drifts)
    }

    /// Runs [`Job::Reconcile`] once, like [`Jobs::step`]. Returns the counts that were corrected.
    ///
    /// # Errors
    /// As for [`Jobs::step`].
    pub async fn reconcile_step(&self) -> Result<Vec<Drift>, String> {
        self.noted(Job::Reconcile, self.reconcile(), |drifts| Some(describe(drifts))).await
    }
}

/// Sums up a reconcile in one line.
pub fn describe(drifts: &[Drift]) -> String {
    let Some(first) = drifts.first() else { return "All cached counts are correct.".into() };
    let others = match drifts.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more, listed in the log"),
    };
    format!("Corrected {first}{others}.")
}
