//! Pictures with their captions, and what is embedded from elsewhere.

use super::{Arguments, Outcome};
use crate::whitespace::one_line;

/// The beginning of a text, for a report.
pub(super) fn short(text: &str) -> String {
    one_line(&text.chars().take(80).collect::<String>())
}

/// An address in a link: in `<>` if it has spaces.
pub(super) fn spaced(address: &str) -> String {
    let is_odd = address.contains([' ', '(', ')']);
    if is_odd { format!("<{address}>") } else { address.to_owned() }
}

pub(super) fn link(text: &str, address: &str) -> Outcome {
    Outcome::Text(format!("[{text}]({})", spaced(address)))
}

pub(super) fn youtube(id: &str) -> String {
    if id.contains("://") { id.to_owned() } else { format!("https://www.youtube.com/watch?v={id}") }
}

/// A picture with a caption and a link.
pub(super) fn figure(arguments: &Arguments) -> Outcome {
    let get = |keys: &[&str]| {
        let found = keys.iter().find_map(|key| arguments.get(key)).map(one_line);
        found.filter(|value| !value.is_empty())
    };
    let positional = || arguments.at(0).filter(|one| one.contains('.')).map(one_line);
    let source = get(&["src", "image_path", "url", "path", "image", "file"]).or_else(positional);
    let Some(source) = source.filter(|source| !source.contains("{{")) else {
        return Outcome::Unknown;
    };
    let (title, caption, attribution) = (get(&["title"]), get(&["caption"]), get(&["attr"]));
    let alt = get(&["alt"]).or_else(|| caption.clone()).or_else(|| title.clone());
    let alt = alt.or_else(|| attribution.clone()).unwrap_or_default().replace(['[', ']'], "");
    let mut picture = format!("![{alt}]({})", spaced(&source));
    if let Some(link) = get(&["link", "href"]) {
        picture = format!("[{picture}]({})", spaced(&link));
    }
    let escaped = |text: String| text.replace('*', "\\*");
    let attribution = attribution.map(|text| match get(&["attrlink"]) {
        Some(address) => format!("[{}]({})", text.replace(['[', ']'], ""), spaced(&address)),
        None => text,
    });
    let (title, caption) = match caption {
        Some(caption) => (title, Some(caption)),
        None => (None, title),
    };
    let words = [caption, attribution].into_iter().flatten().map(escaped).collect::<Vec<_>>();
    let mut parts = Vec::new();
    parts.extend(title.map(|title| format!("**{}**", escaped(title))));
    if !words.is_empty() {
        parts.push(format!("*{}*", words.join(" ")));
    }
    match parts.is_empty() {
        true => Outcome::Text(picture),
        false => Outcome::Figure { picture, caption: parts.join(" ") },
    }
}

/// What is embedded from elsewhere becomes a link to it: pages here load nothing from others.
pub(super) fn embedded(arguments: &Arguments) -> Outcome {
    let keys = ["id", "video", "url", "src"];
    let named = keys.iter().find_map(|key| arguments.get(key));
    let first = named.or(arguments.at(0));
    let is_id = |id: &str| !id.is_empty() && !id.contains([' ', '"', '<', '>', ')', '{']);
    let Some(id) = first.filter(|id| is_id(id)) else { return Outcome::Unknown };
    let elsewhere = |start: &str| {
        if id.contains("://") { id.to_owned() } else { format!("{start}{id}") }
    };
    match arguments.name() {
        "youtube" | "youtube_embed" | "youtubeid" => link("Video on YouTube", &youtube(id)),
        "vimeo" => link("Video on Vimeo", &elsewhere("https://vimeo.com/")),
        "bilibili" => link("Video on Bilibili", &elsewhere("https://www.bilibili.com/video/")),
        "gist" => {
            let path = match (named, arguments.at(1)) {
                (None, Some(second)) if !second.contains('.') => format!("{id}/{second}"),
                _ => id.to_owned(),
            };
            let address =
                if path.contains("://") { path } else { format!("https://gist.github.com/{path}") };
            link("Code on GitHub Gist", &address)
        }
        "tweet" | "x" | "twitter" => {
            let user = arguments
                .get("user")
                .or((named.is_none() && arguments.at(1).is_some()).then_some(id));
            let status = arguments.get("id").or(arguments.at(1)).unwrap_or(id);
            let address = match user {
                _ if id.contains("://") => id.to_owned(),
                Some(user) => format!("https://x.com/{user}/status/{status}"),
                None => format!("https://x.com/i/status/{status}"),
            };
            link("Post on X", &address)
        }
        "instagram" => link("Post on Instagram", &elsewhere("https://www.instagram.com/p/")),
        "jsfiddle" => link("Code on JSFiddle", &elsewhere("https://jsfiddle.net/")),
        "codepen" => link("Code on CodePen", &elsewhere("https://codepen.io/")),
        "asciinema" => link("Recording on asciinema", &elsewhere("https://asciinema.org/a/")),
        _ => Outcome::Unknown,
    }
}
