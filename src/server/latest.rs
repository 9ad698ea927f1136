//! Caches texts that cover all articles and are fetched often, such as the feed. Each is built once
//! per content version.

use axum::body::Bytes;
use tokio::sync::Mutex;

use crate::error::Error;

/// The latest text, with the content version that it was built from.
#[derive(Debug, Default)]
pub struct Latest(Mutex<Option<(u64, Bytes)>>);

impl Latest {
    /// Returns the text of `version`, building it with `make` if needed. Concurrent callers wait
    /// for the same build. If the database is unavailable, returns the previous text. That matters
    /// only until the outage is noticed: from then on, `http/read_timeout.rs` refuses the request
    /// first.
    ///
    /// # Errors
    /// Those of `make`.
    pub async fn get(
        &self,
        version: u64,
        make: impl Future<Output = Result<String, Error>>,
    ) -> Result<Bytes, Error> {
        let mut latest = self.0.lock().await;
        if let Some((of, text)) = &*latest
            && *of == version
        {
            return Ok(text.clone());
        }
        match (make.await, &*latest) {
            (Ok(text), _) => {
                let text = Bytes::from(text);
                *latest = Some((version, text.clone()));
                Ok(text)
            }
            (Err(Error::Unavailable), Some((_, text))) => Ok(text.clone()),
            (Err(error), _) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_text_is_made_once_per_version_and_served_stale_only_during_an_outage() {
        let latest = Latest::default();
        let never = async { panic!("it is already made") };
        let unavailable = async || Err(Error::Unavailable);
        assert_eq!(
            latest.get(1, unavailable()).await,
            Err(Error::Unavailable),
            "there is no older text to serve"
        );
        assert_eq!(latest.get(1, async { Ok("one".into()) }).await, Ok("one".into()));
        assert_eq!(latest.get(1, never).await, Ok("one".into()));
        assert_eq!(latest.get(2, unavailable()).await, Ok("one".into()));
        assert_eq!(latest.get(2, async { Err(Error::Internal) }).await, Err(Error::Internal));
        assert_eq!(latest.get(2, async { Ok("two".into()) }).await, Ok("two".into()));
    }
}
