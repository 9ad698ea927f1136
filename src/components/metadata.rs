//! Metadata of articles, for search engines and link previews.

use jiff::Timestamp;
use serde_json::{Value, json};
use tidemark_content::card;
use tidemark_content::front_matter::is_picture_address;
use tidemark_content::pictures::name;

use super::page::{Head, Preview, PreviewImage, Profile};
use crate::model::article::{Article, ArticleSummary, Author};
use crate::model::site::SiteInfo;
use crate::server::cards::Cards;

/// The head of an article's page.
pub fn article_head(base_url: &str, site: &SiteInfo, article: &Article) -> Head {
    let summary = &article.summary;
    let title = summary.title.clone();
    let description = summary.summary.clone();
    let address = format!("{base_url}/articles/{}", summary.slug);
    let image = article_image(base_url, &site.title, summary);
    // An article may be scheduled long after its last change.
    let modified_at = article.updated_at.max(summary.published_at);
    let authors: Vec<Profile> = summary
        .authors
        .iter()
        .map(|Author { username, name, avatar, .. }| Profile {
            name: name.clone(),
            address: format!("{base_url}/authors/{username}"),
            image: avatar.as_deref().map(|avatar| absolute(base_url, avatar)),
        })
        .collect();
    let tags: Vec<String> = summary.tags.iter().map(|tag| tag.name.clone()).collect();
    let mut posting = json!({
        "@context": "https://schema.org",
        "@type": "BlogPosting",
        "headline": title,
        "url": address,
        "mainEntityOfPage": address,
        "datePublished": date(summary.published_at),
        "dateModified": date(modified_at),
        "inLanguage": summary.language,
        "author": authors.iter().map(person).collect::<Vec<_>>(),
        "image": image_object(&image),
        "publisher": { "@type": "Organization", "name": site.title, "url": format!("{base_url}/") },
    });
    if !description.is_empty() {
        posting["description"] = json!(description);
    }
    if !tags.is_empty() {
        posting["keywords"] = json!(tags);
    }
    Head {
        title: format!("{title} · {}", site.title),
        description: (!description.is_empty()).then_some(description),
        preview: Some(Preview {
            title: title.clone(),
            published_at: Some(date(summary.published_at)),
            modified_at: Some(date(modified_at)),
            authors,
            tags,
            image: Some(image),
        }),
        embed: Some((address.clone(), title)),
        canonical: Some(address),
        json_ld: Some(in_script(&posting)),
        ..Head::default()
    }
}

/// The picture that link previews show for an article: its cover, or else one that is drawn.
pub fn article_image(base_url: &str, site: &str, summary: &ArticleSummary) -> PreviewImage {
    let alt = summary.title.clone();
    // Older versions of the program accepted cover URLs that browsers reject.
    match summary.cover.as_deref().filter(|cover| is_picture_address(cover)) {
        Some(cover) => {
            let name = cover.strip_prefix(name::FOLDER).unwrap_or_default();
            let size = name::parse(name).and_then(|(_, size)| size);
            let size = size.map(|size| (i64::from(size.width), i64::from(size.height)));
            PreviewImage { address: absolute(base_url, cover), size, alt }
        }
        None => {
            let version = Cards::version(&alt, site);
            let address = format!("{base_url}/articles/{}/card.png?v={version}", summary.slug);
            let size = Some((i64::from(card::WIDTH), i64::from(card::HEIGHT)));
            PreviewImage { address, size, alt }
        }
    }
}

/// Link previews need absolute addresses.
pub fn absolute(base_url: &str, address: &str) -> String {
    match address.starts_with('/') {
        true => format!("{base_url}{address}"),
        false => address.to_owned(),
    }
}

fn person(Profile { name, address, image }: &Profile) -> Value {
    let mut person = json!({ "@type": "Person", "name": name, "url": address });
    if let Some(image) = image {
        person["image"] = json!(image);
    }
    person
}

fn image_object(PreviewImage { address, size, .. }: &PreviewImage) -> Value {
    let mut image = json!({ "@type": "ImageObject", "url": address });
    if let Some((width, height)) = size {
        image["width"] = json!(width);
        image["height"] = json!(height);
    }
    image
}

/// Whole seconds, because some programs can't read fractions.
fn date(time: Timestamp) -> String {
    Timestamp::from_second(time.as_second()).unwrap_or(time).to_string()
}

/// JSON for the inside of a `<script>`, where nothing may end the element or begin a comment.
fn in_script(value: &Value) -> String {
    let escape = |text: String, one: char| text.replace(one, &format!("\\u{:04x}", u32::from(one)));
    ['<', '>', '&', '\u{2028}', '\u{2029}'].into_iter().fold(value.to_string(), escape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_in_a_script_means_the_same_and_cannot_end_it() {
        let evil = "</script><!--<script>]]>&amp;\u{2028}\u{2029}\"\\";
        let value = json!({ evil: evil });
        let text = in_script(&value);
        assert!(!text.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
