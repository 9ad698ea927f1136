//! Values of settings that need more than their type says: ranges, spans of time, addresses.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de};
use tidemark_content::address;

use crate::model::language::Language;
use crate::server::schedule::Schedule;

pub(super) fn interface_language<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Language, D::Error> {
    let name = String::deserialize(deserializer)?;
    let names = Language::ALL.map(Language::name).join(", ");
    Language::from_name(&name).ok_or_else(|| de::Error::custom(format!("must be one of {names}")))
}

pub(super) fn base_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    address::base_url(&String::deserialize(deserializer)?).map_err(de::Error::custom)
}

/// The address of OpenSearch, or nothing. The message does not repeat it: it may hold a password.
pub(super) fn open_search_url<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.is_empty() || is_bare_url(&text) {
        true => Ok(text),
        false => Err(de::Error::custom(
            "it must be an address such as https://search.example:9200, without a user, which goes into search.user and \
             search.password",
        )),
    }
}

/// Whether a text is an address of the web without a user, a query and an anchor.
fn is_bare_url(text: &str) -> bool {
    text.parse().is_ok_and(|url: url::Url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    })
}

/// The address of an OpenTelemetry collector, or nothing.
pub(super) fn collector_url<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.is_empty() || is_bare_url(&text) {
        true => Ok(text),
        false => {
            Err(de::Error::custom("it must be an address such as http://localhost:4318, or empty"))
        }
    }
}

/// A part of a whole, from 0 to 1.
pub(super) fn ratio<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let ratio = f64::deserialize(deserializer)?;
    match (0.0..=1.0).contains(&ratio) {
        true => Ok(ratio),
        false => Err(de::Error::custom("it must be a number from 0 to 1")),
    }
}

/// The beginning of OpenSearch's index names: what it allows, and no character with a meaning in a
/// URL or pattern.
pub(super) fn index_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let is_allowed = |char: char| {
        char.is_ascii_lowercase() || char.is_ascii_digit() || matches!(char, '-' | '_')
    };
    let is_good = text.len() <= 100
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(is_allowed);
    match is_good {
        true => Ok(text),
        false => Err(de::Error::custom(format!(
            "{text:?} is not 1 to 100 lower-case letters, digits, hyphens and underscores that begin with a letter"
        ))),
    }
}

/// A list of networks, or a comma-separated text, because environment variables can't hold lists.
pub(super) fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        List(Vec<String>),
        Text(String),
    }
    let texts = match Form::deserialize(deserializer)? {
        Form::List(list) => list,
        Form::Text(text) => text.split(',').map(str::to_owned).collect(),
    };
    texts
        .iter()
        .map(|text| text.trim())
        .filter(|text| !text.is_empty())
        .map(|text| {
            text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).map_err(
                |_| {
                    de::Error::custom(format!(
                        "{text:?} is neither an address nor a network such as 10.0.0.0/8"
                    ))
                },
            )
        })
        .collect()
}

pub(super) fn interval<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let refuse = || {
        de::Error::custom(format!(
            "{text:?} is not a time span of at least 1s, such as 90s, 10m or 1h"
        ))
    };
    let span: jiff::SignedDuration = text.parse().map_err(|_| refuse())?;
    Duration::try_from(span).ok().filter(|span| *span >= Duration::from_secs(1)).ok_or_else(refuse)
}

/// A client timeout, at most 1 h. A longer one would only keep dead connections open.
pub(super) fn waiting_time<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Duration, D::Error> {
    let span = interval(deserializer)?;
    if span > Duration::from_secs(60 * 60) {
        return Err(de::Error::custom("the time span must be from 1s to 1h"));
    }
    Ok(span)
}

/// From when on something is slow: 1 ms to 1 h, or `off`.
pub(super) fn slow<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text == "off" {
        return Ok(None);
    }
    let (least, most) = (Duration::from_millis(1), Duration::from_secs(60 * 60));
    let span =
        text.parse().ok().and_then(|span: jiff::SignedDuration| Duration::try_from(span).ok());
    span.filter(|span| (least..=most).contains(span)).map(Some).ok_or_else(|| {
        de::Error::custom(format!("{text:?} is neither a time span from 1ms to 1h nor \"off\""))
    })
}

/// How long an import may take: 1 ms to 168 h.
pub(super) fn import_timeout<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let (least, most) = (Duration::from_millis(1), Duration::from_secs(168 * 60 * 60));
    let span =
        text.parse().ok().and_then(|span: jiff::SignedDuration| Duration::try_from(span).ok());
    span.filter(|span| (least..=most).contains(span))
        .ok_or_else(|| de::Error::custom(format!("{text:?} is no time span from 1ms to 168h")))
}

/// A window, at most 24 h, because its salt is destroyed after two days (rule C3).
pub(super) fn window<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let span = interval(deserializer)?;
    if span > Duration::from_secs(24 * 60 * 60) {
        return Err(de::Error::custom("the time span must be from 1s to 24h"));
    }
    Ok(span)
}

/// The schedule of the prune job, at most 24 h apart, because the job destroys salts after two days
/// (rule C3). It may be off where another process runs the job.
pub(super) fn prune<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Schedule, D::Error> {
    match Schedule::deserialize(deserializer)? {
        Schedule::Every(span) if span > Duration::from_secs(24 * 60 * 60) => {
            Err(de::Error::custom("the time span must be from 10ms to 24h"))
        }
        schedule => Ok(schedule),
    }
}

pub(super) fn in_range<'de, D: Deserializer<'de>, const LEAST: usize, const MOST: usize>(
    deserializer: D,
) -> Result<usize, D::Error> {
    let number = i64::deserialize(deserializer)?;
    usize::try_from(number).ok().filter(|number| (LEAST..=MOST).contains(number)).ok_or_else(|| {
        de::Error::custom(format!("{number} is not a number from {LEAST} to {MOST}"))
    })
}
