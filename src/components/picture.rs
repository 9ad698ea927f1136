//! A picture of an article, such as its cover, wherever a page shows it.

use leptos::prelude::*;
use tidemark_content::pictures::name::{FOLDER, parse, srcset};

/// An `<img>` for the address of a picture, of this blog or of another site. What the address says
/// of a picture goes into the tag: its size, its smaller copies, and a colour while it loads. None
/// of it needs a look-up.
///
/// Where the size is not known, the style sheet has to reserve the space, as in
/// `.cover:not([width])`.
#[component]
pub fn Picture(
    address: String,
    class: &'static str,
    /// How wide the picture is shown, for browsers that choose among its copies.
    sizes: &'static str,
    /// The text for readers who don't see the picture. Empty if it only decorates.
    #[prop(optional, into)]
    alt: String,
    /// Whether it is the largest picture of the first screen, which should load before others. All
    /// others load when they are nearly in sight.
    #[prop(optional)]
    is_first: bool,
) -> impl IntoView {
    let name = address.strip_prefix(FOLDER).unwrap_or_default();
    let known = parse(name).and_then(|(kind, size)| Some((kind, size?)));
    let copies = known.and_then(|(kind, size)| srcset(name, kind, size.width));
    let tint = known.and_then(|(_, size)| size.tint);
    let class = match tint {
        Some(tint) => format!("{class} {}", tint.classes()),
        None => class.to_owned(),
    };
    view! {
        <img
            class=class
            width=known.map(|(_, size)| size.width.to_string())
            height=known.map(|(_, size)| size.height.to_string())
            sizes=copies.is_some().then_some(sizes)
            srcset=copies
            loading=(!is_first).then_some("lazy")
            fetchpriority=is_first.then_some("high")
            decoding="async"
            referrerpolicy="no-referrer"
            alt=alt
            src=address
        />
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "0123456789abcdef0123456789abcdef-1200x800-9ab.jpg";

    #[test]
    fn a_picture_says_all_that_its_address_tells() {
        let address = format!("/pictures/{NAME}");
        let html = view! { <Picture address class="cover" sizes="50vw" is_first=true /> }.to_html();
        for part in [
            "class=\"cover tint-r9 tint-ga tint-bb\"",
            "width=\"1200\" height=\"800\"",
            "sizes=\"50vw\"",
            &format!(
                "/pictures/{NAME}.480.webp 480w, /pictures/{NAME}.960.webp 960w, /pictures/{NAME}.1200.webp 1200w"
            ),
            "fetchpriority=\"high\"",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
        assert!(!html.contains("loading"), "{html}");
    }

    #[test]
    fn a_picture_elsewhere_has_only_its_address() {
        let address = "https://example.com/a.png".to_owned();
        let html = view! { <Picture address class="cover" sizes="50vw" alt="A" /> }.to_html();
        assert!(html.contains("src=\"https://example.com/a.png\""), "{html}");
        assert!(html.contains("loading=\"lazy\"") && html.contains("alt=\"A\""), "{html}");
        assert!(
            !["width", "srcset", "sizes", "tint", "fetchpriority"]
                .iter()
                .any(|part| html.contains(part)),
            "{html}"
        );
    }
}
