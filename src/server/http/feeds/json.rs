//! JSON Feed 1.1 (<https://www.jsonfeed.org/version/1.1/>).

use serde_json::{Value, json};

use super::{Entry, Feed, Person};

pub(super) fn write(feed: &Feed) -> String {
    let items: Vec<Value> = feed.entries.iter().map(item).collect();
    json!({
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "description": feed.description,
        "home_page_url": feed.page,
        "feed_url": feed.address,
        "items": items,
    })
    .to_string()
}

fn item(entry: &Entry) -> Value {
    let authors = entry.authors.iter().map(|Person { name, page, avatar }| {
        let mut author = json!({ "name": name, "url": page });
        if let Some(avatar) = avatar {
            author["avatar"] = json!(avatar);
        }
        author
    });
    let mut item = json!({
        "id": entry.id,
        "url": entry.address,
        "title": entry.title,
        "date_published": entry.published.to_string(),
        "date_modified": entry.updated.to_string(),
        "authors": authors.collect::<Vec<_>>(),
        "tags": entry.tags,
        "language": entry.language,
    });
    // Each item must have its content in one of two forms.
    let (name, text) = match &entry.html {
        Some(html) => ("content_html", html),
        None => ("content_text", &entry.summary),
    };
    item[name] = json!(text);
    if !entry.summary.is_empty() {
        item["summary"] = json!(entry.summary);
    }
    if let Some(image) = &entry.image {
        item["image"] = json!(image);
    }
    item
}
