//! The HTML document around every page: head, scripts and content security policy.

use std::sync::LazyLock;

use axum::http::request::Parts;
use leptos::nonce::Nonce;
use leptos::prelude::*;
use leptos::tachys::html::InertElement;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::components::layout::Layout;
use crate::components::page::{self, Content, Head, Preview, PreviewImage, site};
use crate::model::pages::Frame;
use crate::model::theme::Theme;
use crate::server::assets::{READING, Scripts};
use crate::server::state::AppState;
use crate::text::language;

/// The feeds of the blog, and of each tag and author: their file, their type, their name.
const FEEDS: [(&str, &str, &str); 3] = [
    ("feed.xml", "application/atom+xml", "Atom"),
    ("feed.rss", "application/rss+xml", "RSS"),
    ("feed.json", "application/feed+json", "JSON Feed"),
];

/// The font of everything but texts, which pages load before the style sheet names it. A font that
/// comes late is not shown.
const FONT: &str = "/fonts/figtree-normal.cd8b849758b80630.woff2";

/// The font of texts.
const FONT_OF_TEXTS: &str = "/fonts/faustina-normal.f533d998c48a565d.woff2";

/// Renders a page to HTML. Its scripts carry `nonce`.
pub fn document(frame: Frame, content: Content, theme: Option<Theme>, nonce: &str) -> String {
    let state = expect_context::<AppState>();
    let Content { head, view, has_islands, may_be_kept: _ } = content;
    let is_text = head.is_text || head.preview.is_some();
    let islands =
        has_islands.then(|| InertElement::new(state.assets.scripts().islands.join(nonce)));
    view! {
        <!DOCTYPE html>
        <html lang=language().tag() data-theme=theme.map(Theme::name)>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <link rel="stylesheet" href=state.assets.options().css_path() />
                <PreloadedFont address=FONT />
                {is_text.then(|| view! { <PreloadedFont address=FONT_OF_TEXTS /> })}
                {InertElement::new(state.assets.scripts().every_page.join(nonce))}
                <link rel="icon" href="/favicon.ico" sizes="32x32" />
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <link rel="apple-touch-icon" href="/apple-touch-icon.png" />
                <link rel="manifest" href="/site.webmanifest" />
                {islands}
                <HeadTags head nonce=nonce.to_owned() />
                {language().script_texts().map(|texts| view! {
                    <script type="application/json" id="site-texts" nonce=nonce.to_owned() inner_html=texts></script>
                })}
            </head>
            <body>
                <Layout frame>{view}</Layout>
            </body>
        </html>
    }
    .to_html()
}

#[component]
fn PreloadedFont(address: &'static str) -> impl IntoView {
    // Browsers load fonts without cookies, and only a preload that does the same is used.
    view! { <link rel="preload" r#as="font" type="font/woff2" crossorigin="anonymous" href=address /> }
}

/// A page's metadata. Whatever is not about one page in particular is about the blog.
#[component]
fn HeadTags(head: Head, nonce: String) -> impl IntoView {
    let (state, site) = (expect_context::<AppState>(), site());
    let base_url = &state.config.site.base_url;
    let Head {
        title,
        description,
        canonical,
        is_hidden,
        preview,
        feed,
        embed,
        json_ld,
        refresh,
        is_text: _,
    } = head;
    let canonical = canonical.or_else(|| {
        let address = || page::canonical(base_url, &expect_context::<Parts>());
        (!is_hidden).then(address)
    });
    let previews = canonical.clone().map(|address| {
        let is_article = preview.as_ref().is_some_and(Preview::is_article);
        let kind = if is_article { "article" } else { "website" };
        let preview =
            preview.unwrap_or_else(|| Preview { title: title.clone(), ..Preview::default() });
        let about = description.clone().unwrap_or_else(|| site.description.clone());
        let card = if preview.image.is_some() { "summary_large_image" } else { "summary" };
        let image = preview.image.unwrap_or_else(|| PreviewImage {
            address: format!("{base_url}/icon-512.png"),
            size: Some((512, 512)),
            alt: site.title.clone(),
        });
        let (width, height) = image.size.unzip();
        let mut properties = vec![
            ("og:type", kind.to_owned()),
            ("og:title", preview.title),
            ("og:description", about),
            ("og:url", address),
            ("og:site_name", site.title.clone()),
            ("og:image", image.address),
        ];
        properties.extend(width.map(|width| ("og:image:width", width.to_string())));
        properties.extend(height.map(|height| ("og:image:height", height.to_string())));
        properties.push(("og:image:alt", image.alt));
        properties.extend(preview.published_at.map(|at| ("article:published_time", at)));
        properties.extend(preview.modified_at.map(|at| ("article:modified_time", at)));
        properties.extend(preview.authors.into_iter().map(|one| ("article:author", one.address)));
        properties.extend(preview.tags.into_iter().map(|tag| ("article:tag", tag)));
        let tags = properties.into_iter().map(|(name, content)| {
            view! { <meta /> }.attr("property", name).attr("content", content)
        });
        let tags = tags.collect_view();
        view! { {tags} <meta name="twitter:card" content=card /> }
    });
    let feeds = feed.into_iter().chain([(String::new(), site.title.clone())]);
    let feeds = feeds.flat_map(|(path, title)| {
        FEEDS.map(|(file, kind, format)| {
            let (title, address) = (format!("{title} ({format})"), format!("{path}/{file}"));
            view! { <link rel="alternate" type=kind title=title href=address /> }
        })
    });
    let embed = embed.map(|(address, title)| {
        let address = utf8_percent_encode(&address, NON_ALPHANUMERIC);
        let address = format!("{base_url}/oembed?url={address}&format=json");
        view! { <link rel="alternate" type="application/json+oembed" title=title href=address /> }
    });
    let json_ld = json_ld.map(|json| {
        view! { <script type="application/ld+json" nonce=nonce inner_html=json></script> }
    });
    view! {
        <title>{title}</title>
        {refresh.map(|seconds| view! { <meta http-equiv="refresh" content=seconds.to_string() /> })}
        {previews}
        {description.map(|description| view! { <meta name="description" content=description /> })}
        {canonical.map(|canonical| view! { <link rel="canonical" href=canonical /> })}
        {is_hidden.then(|| view! { <meta name="robots" content="noindex" /> })}
        {feeds.collect_view()}
        {embed}
        {json_ld}
    }
}

/// The script tags of pages.
pub fn scripts(options: &LeptosOptions) -> Scripts {
    Scripts { every_page: reading_scripts(options), islands: island_scripts(options) }
}

/// The script tags of every page, split where the nonce goes: `reading.js`, and cargo-leptos's live
/// reload when that is running.
fn reading_scripts(options: &LeptosOptions) -> Vec<String> {
    // The output name is the crate's name plus the hash, and every file of the build has the same
    // hash.
    let hash = options.output_name.strip_prefix(env!("CARGO_PKG_NAME")).unwrap_or_default();
    let address = format!("/{}/{READING}{hash}.js", options.site_pkg_dir);
    around_nonce(|nonce| {
        let reload = view! { <AutoReload options=options.clone() /> }.to_html();
        format!("<script type=\"module\" src=\"{address}\" nonce=\"{nonce}\"></script>{reload}")
    })
}

/// The script tag of pages with islands, split where the nonce goes. It loads the WebAssembly
/// library and hydrates the islands.
///
/// Leptos also preloads the library. That is left out: the text does not need it, and on a phone's
/// connection the preload delayed the text (docs/measurements/lighthouse.md). Without it, the
/// script loads the library once the page is there.
fn island_scripts(options: &LeptosOptions) -> Vec<String> {
    around_nonce(|_| {
        let library = view! { <HydrationScripts options=options.clone() islands=true /> }.to_html();
        library.find("<script").map_or_else(String::new, |start| library[start..].to_owned())
    })
}

/// Renders HTML with a nonce and splits it at each place where the nonce stands.
fn around_nonce(render: impl FnOnce(&str) -> String) -> Vec<String> {
    let nonce = Nonce::new();
    let html = Owner::new().with(|| {
        provide_context(nonce.clone());
        render(&nonce)
    });
    html.split(&*nonce).map(str::to_owned).collect()
}

/// The content security policy of a page. It allows the site's own files and the scripts that carry
/// this response's nonce, and WebAssembly only on pages with islands. Authors link to pictures
/// elsewhere, so those are allowed from anywhere over TLS (`shows_elsewhere`) unless a setting
/// forbids it.
pub fn page_policy(nonce: &str, has_islands: bool, shows_elsewhere: bool) -> String {
    let wasm = if has_islands { " 'wasm-unsafe-eval'" } else { "" };
    let elsewhere = if shows_elsewhere { " https:" } else { "" };
    // cargo-leptos's live reload uses a WebSocket on another port.
    static IS_WATCHED: LazyLock<bool> =
        LazyLock::new(|| std::env::var_os("LEPTOS_WATCH").is_some());
    let reload = if *IS_WATCHED { " ws:" } else { "" };
    format!(
        "default-src 'none'; script-src 'self'{wasm} 'nonce-{nonce}'; style-src 'self'; img-src 'self'{elsewhere} data:; \
         media-src 'self'{elsewhere}; connect-src 'self'{reload}; font-src 'self'; manifest-src 'self'; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preloaded_fonts_are_those_of_the_style_sheet() {
        let css = include_str!("../style/tidemark.css");
        for address in [FONT, FONT_OF_TEXTS] {
            assert!(css.contains(&format!("url(\"{address}\")")), "{address}");
        }
    }
}
