//! Atom (RFC 4287).

use atom_syndication::{
    Category, Content, Feed as AtomFeed, FixedDateTime, Generator, Link, Person, Text,
};
use jiff::Timestamp;

use super::{Entry, Feed, Format};

pub(super) fn write(feed: &Feed) -> String {
    let link = |rel: &str, href: &str, kind: &str| Link {
        href: href.to_owned(),
        rel: rel.to_owned(),
        mime_type: Some(kind.to_owned()),
        ..Link::default()
    };
    let atom = AtomFeed {
        title: Text::plain(feed.title.clone()),
        subtitle: Some(Text::plain(feed.description.clone())),
        id: feed.page.clone(),
        updated: date(feed.updated),
        links: vec![
            link("alternate", &feed.page, "text/html"),
            link(
                "self",
                &feed.address,
                Format::Atom.content_type().split(';').next().unwrap_or_default(),
            ),
        ],
        generator: Some(Generator { value: "Tidemark".into(), ..Generator::default() }),
        entries: feed.entries.iter().map(entry).collect(),
        ..AtomFeed::default()
    };
    atom.to_string()
}

fn entry(entry: &Entry) -> atom_syndication::Entry {
    let people = entry.authors.iter().map(|author| Person {
        name: author.name.clone(),
        uri: Some(author.page.clone()),
        ..Person::default()
    });
    let categories =
        entry.tags.iter().map(|tag| Category { term: tag.clone(), ..Category::default() });
    let summary = (!entry.summary.is_empty()).then(|| Text::plain(entry.summary.clone()));
    atom_syndication::Entry {
        title: Text::plain(entry.title.clone()),
        id: entry.id.clone(),
        updated: date(entry.updated),
        published: Some(date(entry.published)),
        authors: people.collect(),
        categories: categories.collect(),
        links: vec![Link {
            href: entry.address.clone(),
            rel: "alternate".into(),
            mime_type: Some("text/html".into()),
            ..Link::default()
        }],
        summary,
        content: entry.html.as_ref().map(|html| Content {
            lang: Some(entry.language.clone()),
            content_type: Some("html".into()),
            value: Some(html.clone()),
            ..Content::default()
        }),
        ..atom_syndication::Entry::default()
    }
}

/// jiff's RFC 3339 format is one that the feed's date type can always parse.
fn date(time: Timestamp) -> FixedDateTime {
    time.to_string().parse().unwrap_or_default()
}
