//! Removes from HTML whatever is not allowed in a page or a feed.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::characters::without_unstorable;
use super::pictures::tags::{in_fixed_order, without_diagrams};
use super::pieces::in_pieces;
use super::{highlight, math};

/// How many times sanitising is repeated, at most, until the result is stable.
const PASSES: usize = 8;

/// Removes whatever is not allowed in a page. The result means the same to a browser as to the
/// sanitiser.
pub fn sanitize(html: &str) -> String {
    let mut cleaned = clean(html);
    // Removing something can change the meaning of the rest. `java&#8;script:` has no scheme until
    // the control character is removed, and then it is `javascript:`. Two paragraphs may nest only
    // because of a `<button>` around the inner one; without it, the first ends where the second
    // begins. So repeat until nothing changes. Nearly always, the second pass shows that nothing
    // does.
    for _ in 0..PASSES {
        let again = clean(&without_unstorable(&cleaned));
        if again == cleaned {
            break;
        }
        cleaned = again;
    }
    in_fixed_order(&cleaned, &SET).into_owned()
}

/// Sanitised HTML as a feed shows it: every address is absolute, because readers show it elsewhere,
/// and whatever only this site's style sheet and script use is left out. Colours of code take
/// several times as many bytes as the code, and the picture of a diagram as its source. `address`
/// is that of the page with this text.
pub fn for_feed(html: &str, address: &url::Url) -> String {
    let mut builder = sanitizer();
    builder
        .rm_tags(["picture", "span"])
        .rm_generic_attributes(["class"])
        .rm_tag_attributes("img", ["sizes", "srcset"])
        .rm_tag_attributes("source", ["sizes", "srcset"])
        .rm_set_tag_attribute_value("img", "loading")
        .rm_set_tag_attribute_value("img", "referrerpolicy")
        .rm_set_tag_attribute_value("pre", "tabindex")
        .rm_set_tag_attribute_value("table", "tabindex")
        .url_relative(ammonia::UrlRelative::RewriteWithBase(address.clone()));
    let html = builder.clean(&in_pieces(&without_diagrams(html))).to_string();
    in_fixed_order(&without_unstorable(&html), &SET).into_owned()
}

/// Sanitises once, in linear time.
fn clean(html: &str) -> String {
    SANITIZER.clean(&in_pieces(html)).to_string()
}

/// Classes that the renderer emits and the style sheet knows. Authors' HTML may use no others,
/// because it could imitate parts of the site.
fn is_known_class(class: &str) -> bool {
    const KNOWN: [&str; 4] = ["footnote", "markdown-alert", "task-list", "contains-task-list"];
    class == "anchor"
        || class == "diagram"
        || highlight::is_class(class)
        || math::is_class(class)
        || KNOWN.iter().any(|prefix| class.starts_with(prefix))
}

/// Ids that the site's own pages use around a text. If a text used one, a label, a link or a CSS
/// rule could hit the wrong element. A heading gets another anchor.
pub(super) const IDS_OF_SITE: [&str; 13] = [
    "how-counted",
    "q",
    "ranking-24h",
    "ranking-30d",
    "ranking-7d",
    "ranking-all",
    "rankings-title",
    "search-help",
    "site-content",
    "site-contents",
    "site-nav",
    "site-related",
    "site-texts",
];

/// Whether every address in a `srcset` would be allowed in `src`. The sanitiser checks `src` only.
fn is_harmless_srcset(value: &str) -> bool {
    value.split(',').filter_map(|candidate| candidate.split_whitespace().next()).all(|address| {
        match url::Url::parse(address) {
            Ok(url) => matches!(url.scheme(), "http" | "https"),
            // A relative address, on this site.
            Err(error) => error == url::ParseError::RelativeUrlWithoutBase,
        }
    })
}

/// Attributes that the sanitiser sets, for tags that get several. See [`in_fixed_order`].
const SET: [(&str, &[&str]); 2] = [
    ("img", &["loading", "decoding", "referrerpolicy"]),
    ("input", &["type", "disabled", "aria-label"]),
];

pub(super) static SANITIZER: LazyLock<ammonia::Builder<'static>> = LazyLock::new(sanitizer);

fn sanitizer() -> ammonia::Builder<'static> {
    let mut builder = ammonia::Builder::default();
    builder
        .add_tags([
            "address", "audio", "input", "picture", "progress", "section", "source", "tfoot",
            "track", "video",
        ])
        .add_tags(math::ELEMENTS)
        .add_generic_attributes(["id", "class", "dir"])
        .add_tag_attributes("a", ["aria-label", "name"])
        .add_tag_attributes("data", ["value"])
        .add_tag_attributes("details", ["open"])
        .add_tag_attributes("div", ["align"])
        .add_tag_attributes("img", ["align", "sizes", "srcset"])
        .add_tag_attributes("input", ["type", "checked", "disabled"])
        .add_tag_attributes("li", ["value"])
        .add_tag_attributes("ol", ["reversed", "type"])
        .add_tag_attributes("p", ["align"])
        .add_tag_attributes("progress", ["value", "max"])
        .add_tag_attributes(
            "source",
            ["height", "media", "sizes", "src", "srcset", "type", "width"],
        )
        .add_tag_attributes("span", ["aria-hidden"])
        .add_tag_attributes("time", ["datetime"])
        .add_tag_attributes("track", ["src", "kind", "srclang", "label", "default"])
        .add_tag_attributes(
            "video",
            [
                "src",
                "controls",
                "width",
                "height",
                "poster",
                "loop",
                "muted",
                "playsinline",
                "preload",
            ],
        )
        .add_tag_attributes("audio", ["src", "controls", "loop", "muted", "preload"])
        // Media that its page would have started needs controls to be started here.
        .set_tag_attribute_value("audio", "controls", "")
        .set_tag_attribute_value("video", "controls", "")
        // Whatever scrolls sideways must be reachable with the keyboard (WCAG 2.1.1).
        .set_tag_attribute_value("pre", "tabindex", "0")
        .set_tag_attribute_value("table", "tabindex", "0")
        .set_tag_attribute_value("img", "loading", "lazy")
        .set_tag_attribute_value("img", "decoding", "async")
        // The picture's host need not know which page shows it.
        .set_tag_attribute_value("img", "referrerpolicy", "no-referrer")
        // A task's checkbox is the only input allowed; any other could ask for a password.
        .set_tag_attribute_value("input", "type", "checkbox")
        .set_tag_attribute_value("input", "disabled", "")
        // The text next to the checkbox says what the task is; this says what the checkbox is.
        .set_tag_attribute_value("input", "aria-label", "Task")
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel"]))
        .link_rel(None)
        .attribute_filter(|_, attribute, value| match attribute {
            "class" => {
                let known: Vec<&str> =
                    value.split_ascii_whitespace().filter(|class| is_known_class(class)).collect();
                (!known.is_empty()).then(|| known.join(" ").into())
            }
            // Browsers do not follow it, but tools that read a page for somebody may.
            "cite" => (value.starts_with("https://") || value.starts_with("http://"))
                .then_some(value.into()),
            "id" | "name" => (!IDS_OF_SITE.contains(&value)).then_some(value.into()),
            "srcset" => is_harmless_srcset(value).then_some(value.into()),
            _ => Some(value.into()),
        });
    for element in math::ELEMENTS {
        builder.add_tag_attributes(element, math::ATTRIBUTES);
    }
    builder
}
