//! RSS 2.0, with the elements of other vocabularies that readers look for: the text
//! (`content:encoded`), an author's name without an e-mail address (`dc:creator`), and the feed's
//! own address (`atom:link`).

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use rss::extension::Extension;
use rss::extension::dublincore::DublinCoreExtension;
use rss::{Category, Channel, Guid, Item};

use super::{Entry, Feed};

pub(super) fn write(feed: &Feed) -> String {
    let own = Extension {
        name: "atom:link".into(),
        attrs: [("href", feed.address.as_str()), ("rel", "self"), ("type", "application/rss+xml")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        ..Extension::default()
    };
    let channel = Channel {
        title: feed.title.clone(),
        link: feed.page.clone(),
        description: feed.description.clone(),
        last_build_date: date(feed.updated),
        generator: Some("Tidemark".into()),
        docs: Some("https://www.rssboard.org/rss-specification".into()),
        items: feed.entries.iter().map(item).collect(),
        extensions: BTreeMap::from([(
            "atom".to_owned(),
            BTreeMap::from([("link".to_owned(), vec![own])]),
        )]),
        namespaces: BTreeMap::from([("atom".to_owned(), "http://www.w3.org/2005/Atom".to_owned())]),
        ..Channel::default()
    };
    channel.to_string()
}

fn item(entry: &Entry) -> Item {
    let creators = entry.authors.iter().map(|author| author.name.clone()).collect();
    let category = |tag: &String| Category { name: tag.clone(), domain: None };
    Item {
        title: Some(entry.title.clone()),
        link: Some(entry.address.clone()),
        // A description is HTML.
        description: (!entry.summary.is_empty()).then(|| escaped(&entry.summary)),
        content: entry.html.clone(),
        categories: entry.tags.iter().map(category).collect(),
        guid: Some(Guid { value: entry.id.clone(), permalink: false }),
        pub_date: date(entry.published),
        dublin_core_ext: Some(DublinCoreExtension { creators, ..DublinCoreExtension::default() }),
        ..Item::default()
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A date with the name of its time zone, as RSS shows it: `Tue, 24 Nov 2026 12:00:00 GMT`.
fn date(time: Timestamp) -> Option<String> {
    DateTimePrinter::new().timestamp_to_rfc9110_string(&time).ok()
}
