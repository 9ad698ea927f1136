//! Texts that are made of all articles and fetched again and again, such as the feed: each is made
//! once for each version of the content.

use axum::body::Bytes;
use tokio::sync::Mutex;

use crate::error::Error;

/// A text as it was made last, with the version of the content that it was made of.
#[derive(Debug, Default)]
pub struct Latest(Mutex<Option<(u64, Bytes)>>);

impl Latest {
    /// The text of `version`, which `make` makes if nobody has yet. Whoever asks meanwhile waits
    /// for that. If the database does not answer, it is the text that was made last; once that is
    /// noticed, `http/read_timeout.rs` refuses before anybody asks here.
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
    async fn a_text_is_made_once_a_version_and_outlives_an_outage_but_no_other_failure() {
        let latest = Latest::default();
        let never = async { panic!("it is made already") };
        let unavailable = async || Err(Error::Unavailable);
        assert_eq!(
            latest.get(1, unavailable()).await,
            Err(Error::Unavailable),
            "there is none to be shown"
        );
        assert_eq!(latest.get(1, async { Ok("one".into()) }).await, Ok("one".into()));
        assert_eq!(latest.get(1, never).await, Ok("one".into()));
        assert_eq!(latest.get(2, unavailable()).await, Ok("one".into()));
        assert_eq!(latest.get(2, async { Err(Error::Internal) }).await, Err(Error::Internal));
        assert_eq!(latest.get(2, async { Ok("two".into()) }).await, Ok("two".into()));
    }
}
