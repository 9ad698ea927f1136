//! What goes over the wire: the arguments of the scripts, and what they answer.

use std::collections::HashSet;

use ::redis::{FromRedisValue, RedisError, Value, from_redis_value};

use super::seen::{Id, Seen};
use crate::ViewError;
use crate::flush::OLDEST;
use crate::rules::View;
use crate::visitor::Hashes;

impl From<::redis::ParsingError> for ViewError {
    fn from(error: ::redis::ParsingError) -> Self {
        RedisError::from(error).into()
    }
}

impl From<RedisError> for ViewError {
    fn from(error: RedisError) -> Self {
        ViewError::Store(format!("Redis: {error}"))
    }
}

/// The id of a new batch: the time, which tells its age, and a random part, which makes it unique.
pub(super) fn generation_id(now: i64, random: u64) -> String {
    format!("{now}-{random:016x}")
}

/// Whether a batch is so old that the ledger may have forgotten it, so that it is unknown whether
/// SQL has its views.
pub(crate) fn is_undecided(id: &str, now: i64) -> bool {
    let began_at: Option<i64> = id.split_once('-').and_then(|(time, _)| time.parse().ok());
    began_at.is_none_or(|began_at| began_at < now - OLDEST)
}

/// An article's visitor in the dedup log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ids {
    /// The id that the visitor is looked up by.
    pub(super) own: Id,
    /// The id under the network, if a cap applies to it.
    pub(super) network: Option<Id>,
    /// The id under the address, if a cap applies to it and `own` is not that id already.
    pub(super) address: Option<Id>,
}

impl Ids {
    pub(super) fn of(article: i64, hashes: Hashes) -> Self {
        Self {
            own: Id::new(article, hashes),
            network: Id::of_network(article, hashes),
            address: Id::of_address(article, hashes),
        }
    }
}

/// Appends a view in the format that `record.lua` reads.
pub(super) fn pack(
    view: &View,
    ids: Ids,
    articles: &[i64],
    seen: &Seen,
    now: i64,
    packed: &mut Vec<u8>,
) {
    let (mut is_repeat, mut live) = seen.find(ids.own, now);
    let yesterday = view.visitor.yesterday.map(|hashes| Ids::of(view.article, hashes));
    if let Some(yesterday) = yesterday {
        let (was_counted, visitors) = seen.find(yesterday.own, now);
        is_repeat = is_repeat || was_counted;
        live += visitors;
    }
    let is_anonymous = view.visitor.today.address.is_some();
    // The day's lowest three bits.
    let day = u8::try_from(view.visitor.day.rem_euclid(8)).unwrap_or(0);
    let flags = [
        is_anonymous,
        yesterday.is_some(),
        is_repeat,
        ids.network.is_some(),
        ids.address.is_some(),
    ];
    packed.push(flags.iter().rev().fold(day, |bits, flag| 2 * bits + u8::from(*flag)));
    // Lua indices start at 1. A batch is far smaller than the limit of 65,535.
    let article = articles.binary_search(&view.article).map_or(0, |index| index + 1);
    packed.extend_from_slice(&u16::try_from(article).unwrap_or(0).to_be_bytes());
    packed.extend_from_slice(&u16::try_from(live).unwrap_or(u16::MAX).to_be_bytes());
    packed.extend_from_slice(&ids.own.bytes());
    if let Some(yesterday) = yesterday {
        packed.extend_from_slice(&yesterday.own.bytes());
    }
    let networks = (ids.network, yesterday.and_then(|yesterday| yesterday.network));
    let addresses = (ids.address, yesterday.and_then(|yesterday| yesterday.address));
    for (today, before) in [networks, addresses] {
        let Some(today) = today else { continue };
        let live = [Some(today), before]
            .into_iter()
            .flatten()
            .map(|id| seen.find(id, now).1)
            .sum::<usize>();
        packed.extend_from_slice(&u16::try_from(live).unwrap_or(u16::MAX).to_be_bytes());
        packed.extend_from_slice(&today.origin());
        if yesterday.is_some() {
            packed.extend_from_slice(&before.map_or([0; 6], Id::origin));
        }
    }
}

/// The next value of a script's answer.
pub(super) fn next<T: FromRedisValue>(
    answer: &mut impl Iterator<Item = Value>,
) -> Result<T, ViewError> {
    Ok(from_redis_value(answer.next().ok_or_else(unreadable)?)?)
}

/// A number as a script argument.
pub(super) fn number(number: i64) -> Vec<u8> {
    number.to_string().into_bytes()
}

/// A set as script arguments: its size, then its members.
pub(super) fn set(members: &HashSet<String>) -> impl Iterator<Item = Vec<u8>> {
    let count = number(i64::try_from(members.len()).unwrap_or(i64::MAX));
    std::iter::once(count).chain(members.iter().map(|member| member.clone().into_bytes()))
}

pub(super) fn unreadable() -> ViewError {
    ViewError::Store("Redis: an answer that can't be read".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::visitor::DAY_MS;

    #[test]
    fn c5_a_batch_is_undecided_once_the_ledger_may_have_forgotten_it() {
        // After 29 days: the ledger keeps a batch for 30 days, and clocks may differ.
        let began_at = 1_800_000_000_000;
        let oldest = 29 * DAY_MS;
        let id = generation_id(began_at, 7);
        assert!(!is_undecided(&id, began_at + oldest));
        assert!(is_undecided(&id, began_at + oldest + 1));
        assert!(is_undecided("no time", began_at));
    }
}
