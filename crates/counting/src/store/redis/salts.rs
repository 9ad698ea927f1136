//! The salts of the days. Redis expires them by itself (rule C3).

use ::redis::{Value, cmd};

use super::RedisStore;
use super::wire::unreadable;
use crate::Day;
use crate::ViewError;
use crate::visitor::{DAY_MS, Salt};

impl RedisStore {
    /// See [`crate::store::ViewStore::salt_if_any`].
    pub async fn salt_if_any(&self, day: Day) -> Result<Option<Salt>, ViewError> {
        self.salt(day, None).await
    }

    /// See [`crate::store::ViewStore::salts`].
    pub async fn salts(
        &self,
        day: Day,
        fresh: Salt,
        yesterday: Option<Salt>,
    ) -> Result<(Salt, Option<Salt>), ViewError> {
        Ok((
            self.salt(day, Some(fresh)).await?.ok_or_else(unreadable)?,
            self.salt(day - 1, yesterday).await?,
        ))
    }

    /// The salt of a day. If there is none and one is `offered`, that becomes the salt.
    async fn salt(&self, day: Day, offered: Option<Salt>) -> Result<Option<Salt>, ViewError> {
        let key = format!("tm:salt:{day}");
        if let Some(offered) = offered {
            // Rule C3: a salt is destroyed after two days, the day itself and the next, when it is
            // yesterday's.
            let lives_for = ((day.0 + 2) * DAY_MS - self.clock.now().0).max(1);
            let mut command = cmd("SET");
            command.arg(&key).arg(&offered[..]).arg("NX").arg("PX").arg(lives_for);
            self.redis.query::<Value>(&command).await?;
        }
        let salt: Option<Vec<u8>> = self.redis.query(cmd("GET").arg(&key)).await?;
        salt.map(|salt| Salt::try_from(salt).map_err(|_| unreadable())).transpose()
    }
}
