//! Looks something up once for all who ask for the same at the same time.

use std::hash::Hash;

use moka::future::Cache;

use crate::error::Error;

/// Answers that are being looked up. Nothing is kept: whoever asks after an answer came gets a new
/// one. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Together<Key, Value>(Cache<Key, Value>)
where
    Key: Eq + Hash + Send + Sync + 'static,
    Value: Clone + Send + Sync + 'static;

impl<Key, Value> Default for Together<Key, Value>
where
    Key: Eq + Hash + Send + Sync + 'static,
    Value: Clone + Send + Sync + 'static,
{
    fn default() -> Self {
        Self(Cache::new(0))
    }
}

impl<Key, Value> Together<Key, Value>
where
    Key: Eq + Hash + Send + Sync + 'static,
    Value: Clone + Send + Sync + 'static,
{
    /// The answer to `key`: the one that is being looked up, or else what `look_up` finds. The
    /// look-up goes on if those who asked have gone, because others may have joined it.
    ///
    /// # Errors
    /// Those of `look_up`; [`Error::Internal`] if it panics.
    pub async fn get(
        &self,
        key: Key,
        look_up: impl Future<Output = Result<Value, Error>> + Send + 'static,
    ) -> Result<Value, Error> {
        let cache = self.0.clone();
        let asked = tokio::spawn(async move { cache.try_get_with(key, look_up).await });
        match asked.await {
            Ok(answer) => answer.map_err(|error| (*error).clone()),
            Err(error) => {
                tracing::error!(error = %error, "something could not be looked up");
                Err(Error::Internal)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::FutureExt;
    use futures_util::future::join_all;
    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn what_many_ask_at_the_same_time_is_looked_up_once_and_not_kept() {
        let (together, calls) = (Together::<&str, usize>::default(), Arc::new(AtomicUsize::new(0)));
        let gate = Arc::new(Semaphore::new(0));
        let ask = |key| {
            let (calls, gate) = (calls.clone(), gate.clone());
            together.get(key, async move {
                let number = calls.fetch_add(1, Ordering::Relaxed);
                gate.acquire().await.map_err(|_| Error::Internal)?.forget();
                match number {
                    3 => Err(Error::Unavailable),
                    number => Ok(number),
                }
            })
        };
        // The first one goes away. The others get what was begun for it.
        let mut gone = Box::pin(ask("a"));
        assert!(gone.as_mut().now_or_never().is_none());
        while calls.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        drop(gone);
        let mut many = Box::pin(join_all((0..5).map(|_| ask("a"))));
        assert!(many.as_mut().now_or_never().is_none());
        // More than needed: a look-up for each of them fails the test instead of waiting for ever.
        gate.add_permits(9);
        assert_eq!(many.await, vec![Ok(0); 5]);
        assert_eq!(ask("a").await, Ok(1), "nothing is kept");
        assert_eq!(ask("b").await, Ok(2));
        assert_eq!(ask("b").await, Err(Error::Unavailable));
    }
}
