//! Notices when the server does not see where its readers are: behind a proxy that it was not told
//! of, all of them seem to be at the proxy's address, and only a few of them count (rule C3).
//!
//! What a request says of its client is looked at and counted in memory, for an hour. Of addresses,
//! one hash is kept, under a key of this process. Stored is that something was noticed, and among
//! how many views.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tidemark_counting::visitor::address_bucket;
use tidemark_counting::{Hour, hour_of};
use tidemark_store::clock::{Clock, Millis};

use super::config::Config;
use super::db::Database;
use super::db::notices::StoredNotice;
use crate::message::Message;

/// How many views of an hour it takes to say that nearly all are from one address.
const LEAST_VIEWS: u32 = 50;

/// How many views of an hour it takes to say that a proxy is in front.
const LEAST_FORWARDED: u32 = 5;

/// How long a notice is shown after it was noticed last, in milliseconds.
const SHOWN: i64 = 24 * 60 * 60 * 1000;

/// An hour, in milliseconds.
const HOUR: i64 = 60 * 60 * 1000;

/// What can be noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Views come with `X-Forwarded-For` from an address that is not a trusted proxy.
    Forwarded,
    /// Nearly all views come from one address.
    OneAddress,
}

impl Kind {
    const ALL: [Kind; 2] = [Kind::Forwarded, Kind::OneAddress];

    /// Its name in SQL.
    fn name(self) -> &'static str {
        match self {
            Kind::Forwarded => "forwarded",
            Kind::OneAddress => "one-address",
        }
    }
}

/// What the views of an hour have told.
#[derive(Clone, Debug, Default)]
struct Tally {
    hour: Hour,
    views: u32,
    /// How many came with `X-Forwarded-For` that was not believed.
    forwarded: u32,
    /// The address that may have most views, as a hash; and by how many views it leads, at least,
    /// over all others together. This is the majority vote of Boyer and Moore: one address is
    /// remembered, however many there are.
    candidate: u64,
    lead: u32,
    /// What was noticed in this hour.
    noticed: Vec<Kind>,
}

impl Tally {
    fn add(&mut self, address: u64, is_forwarded: bool) {
        self.views = self.views.saturating_add(1);
        self.forwarded = self.forwarded.saturating_add(u32::from(is_forwarded));
        if self.lead == 0 {
            self.candidate = address;
        }
        match self.candidate == address {
            true => self.lead = self.lead.saturating_add(1),
            false => self.lead -= 1,
        }
    }

    /// What is so in this hour, and how many views it concerns.
    fn finding(&self) -> Option<(Kind, u32)> {
        // Anybody can send a header. If a proxy is in front, all views have it.
        let nearly_all = |part: u32| u64::from(part) * 10 >= u64::from(self.views) * 9;
        if self.forwarded >= LEAST_FORWARDED && nearly_all(self.forwarded) {
            return Some((Kind::Forwarded, self.forwarded));
        }
        let is_one = self.views >= LEAST_VIEWS && nearly_all(self.lead);
        // At least: each other view may have taken one from the lead.
        is_one.then_some((Kind::OneAddress, self.lead))
    }
}

/// Looks at where views come from. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Clients(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    database: Database,
    clock: Clock,
    key: RandomState,
    has_proxies: bool,
    /// A hash of `server.trusted-proxies`.
    setting: i64,
    cap: usize,
    tally: Mutex<Tally>,
}

impl Clients {
    /// Keeps its notices in `database`.
    pub fn new(database: Database, clock: Clock, config: &Config) -> Self {
        let proxies = &config.server.trusted_proxies;
        let text = proxies.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let [a, b, c, d, e, f, g, h, ..] = *blake3::hash(text.as_bytes()).as_bytes();
        Self(Arc::new(Inner {
            database,
            clock,
            key: RandomState::new(),
            has_proxies: !proxies.is_empty(),
            setting: i64::from_le_bytes([a, b, c, d, e, f, g, h]),
            cap: config.views.per_ip_cap,
            tally: Mutex::default(),
        }))
    }

    /// Looks at a view from `address`. `is_forwarded`: it came with an `X-Forwarded-For` that was
    /// not believed.
    pub fn look(&self, address: IpAddr, is_forwarded: bool) {
        let Inner { key, clock, tally, .. } = &*self.0;
        let (address, now) = (key.hash_one(address_bucket(address)), clock.now());
        let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
        let before = (tally.hour != hour_of(now)).then(|| {
            std::mem::replace(&mut *tally, Tally { hour: hour_of(now), ..Tally::default() })
        });
        tally.add(address, is_forwarded);
        let views = tally.views;
        let new = tally.finding().filter(|(kind, _)| !tally.noticed.contains(kind));
        if let Some((kind, _)) = new {
            tally.noticed.push(kind);
        }
        drop(tally);
        if let Some(before) = before.filter(|before| before.views >= LEAST_VIEWS) {
            tokio::spawn(self.clone().forget(before));
        }
        if let Some((kind, affected)) = new {
            let notice = StoredNotice {
                kind: kind.name().into(),
                noticed_at: now,
                views: views.into(),
                affected: affected.into(),
                setting: self.0.setting,
            };
            tokio::spawn(self.clone().tell(notice));
        }
    }

    /// Stores what was noticed, and logs it unless that was done within the last day.
    async fn tell(self, notice: StoredNotice) {
        let Inner { database, setting, .. } = &*self.0;
        let known = database.notices(*setting, notice.noticed_at - SHOWN).await;
        if !known.is_ok_and(|known| known.iter().any(|known| known.kind == notice.kind))
            && let Some(message) = self.message(&notice)
        {
            tracing::warn!("{message}");
        }
        if let Err(error) = database.write_notice(&notice).await {
            tracing::warn!(error = %error, "a notice could not be stored");
        }
    }

    /// Deletes the notices that an hour with enough views has not confirmed.
    async fn forget(self, before: Tally) {
        for kind in Kind::ALL.into_iter().filter(|kind| !before.noticed.contains(kind)) {
            let start = before.hour.0.saturating_mul(HOUR);
            if let Err(error) = self.0.database.forget_notice(kind.name(), Millis(start)).await {
                tracing::warn!(error = %error, "a notice could not be deleted");
            }
        }
    }

    /// What all processes have noticed of late, for the operator.
    ///
    /// # Errors
    /// Database errors.
    pub async fn notices(&self) -> sqlx::Result<Vec<Message>> {
        let Inner { database, clock, setting, .. } = &*self.0;
        let notices = database.notices(*setting, clock.now() - SHOWN).await?;
        Ok(notices.iter().filter_map(|notice| self.message(notice)).collect())
    }

    fn message(&self, notice: &StoredNotice) -> Option<Message> {
        let Inner { has_proxies, cap, .. } = &*self.0;
        let StoredNotice { kind, views, affected, .. } = notice;
        let kind = Kind::ALL.into_iter().find(|known| known.name() == kind)?;
        let message = Message::text(match (kind, has_proxies) {
            (Kind::Forwarded, true) => "warning-forwarded-from-unknown",
            (Kind::Forwarded, false) => "warning-forwarded-without-proxies",
            (Kind::OneAddress, _) => "warning-one-address",
        });
        let message = message.with("affected", *affected).with("views", *views);
        Some(message.with("cap", *cap))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(views: impl IntoIterator<Item = (u64, bool)>) -> Option<(Kind, u32)> {
        let mut tally = Tally::default();
        views.into_iter().for_each(|(address, is_forwarded)| tally.add(address, is_forwarded));
        tally.finding()
    }

    #[test]
    fn one_address_is_noticed_once_nearly_all_views_come_from_it() {
        let of = |many: u64, others: u64| {
            tally((0..many + others).map(|number| {
                let is_other = others > 0 && number % ((many + others) / others.max(1)) == 1;
                (if is_other { number + 7 } else { 1 }, false)
            }))
        };
        assert_eq!(of(49, 0), None, "too few to say");
        assert_eq!(of(50, 0), Some((Kind::OneAddress, 50)));
        assert!(matches!(of(98, 2), Some((Kind::OneAddress, 96))));
        assert_eq!(of(90, 10), None);
        assert_eq!(tally((0..1000).map(|number| (number, false))), None);
    }

    #[test]
    fn a_proxy_is_noticed_if_nearly_all_views_have_its_header() {
        assert_eq!(tally((0..4).map(|_| (1, true))), None, "too few to say");
        assert_eq!(tally((0..5).map(|_| (1, true))), Some((Kind::Forwarded, 5)));
        // Some readers pretend.
        assert_eq!(tally((0..100).map(|number| (number, number % 2 == 0))), None);
        assert_eq!(tally((0..100).map(|_| (1, true))), Some((Kind::Forwarded, 100)));
    }
}
