//! Draws diagrams that are written in Mermaid, so that readers need no script.
//!
//! A diagram becomes a picture whose address holds the whole SVG. Browsers run no script in a
//! picture and load nothing from it, so nothing in an SVG can harm a page.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use comrak::nodes::{AstNode, NodeHtmlBlock, NodeValue};
use merman::svg::SvgPipeline;
use merman::{
    Engine, MermaidConfig, OperationControl, RenderOutput, RenderRequest, Renderer, SvgRequest,
};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::markdown::{escaped, text_of};

/// The longest diagram, in bytes as typed.
const LONGEST: usize = 20_000;
/// The most diagrams of a text.
const MOST: usize = 50;
/// The most that all diagrams of a text may add to its HTML, in bytes.
const MOST_BYTES: usize = 2_000_000;
/// How long all diagrams of a text may take. One of fifty boxes takes some milliseconds.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The stack of the thread that draws. The library nests at most 256 levels.
const STACK: usize = 32 * 1024 * 1024;
/// The longest alternative text, in bytes.
const LONGEST_ALTERNATIVE: usize = 400;

/// What has a meaning in an address or in HTML.
const ENCODED: &AsciiSet = &CONTROLS.add(b'"').add(b'#').add(b'%').add(b'&').add(b'<').add(b'>');

/// Draws in shades of grey, which stay readable when a dark page inverts them, with labels as text,
/// which every program that shows SVG knows.
static RENDERER: LazyLock<Renderer> = LazyLock::new(|| {
    let settings = MermaidConfig::from_value(serde_json::json!({
        "theme": "neutral",
        "look": "classic",
        "fontFamily": "sans-serif",
        "securityLevel": "strict",
    }));
    Renderer::new().with_engine(Engine::new().with_site_config(settings))
});

/// A picture of a diagram.
struct Picture {
    svg: String,
    /// In pixels.
    width: f64,
    height: f64,
}

/// A picture that [`insert`] puts into the page.
pub struct Diagram {
    /// Stands for the address until the page is sanitised, which allows no such address.
    placeholder: String,
    address: String,
}

/// What became of the diagrams of a text.
#[derive(Default)]
pub struct Diagrams {
    /// Those that were drawn.
    pub drawn: Vec<Diagram>,
    /// Whether the others are shown as typed.
    pub is_some_left: bool,
}

/// Replaces the diagrams below `root` with pictures. One that can't be drawn is left as code.
pub fn render<'a>(root: &'a AstNode<'a>, is_stopped: &AtomicBool) -> Diagrams {
    let (nodes, sources): (Vec<&AstNode>, Vec<String>) =
        root.descendants().filter_map(|node| Some((node, source(node)?))).unzip();
    let mut diagrams = Diagrams::default();
    if sources.is_empty() {
        return diagrams;
    }
    for ((node, source), picture) in
        nodes.into_iter().zip(&sources).zip(pictures(&sources, is_stopped))
    {
        let Some(Picture { svg, width, height }) = picture else {
            diagrams.is_some_left = true;
            continue;
        };
        let placeholder = format!("/diagrams/{}", blake3::hash(source.as_bytes()).to_hex());
        let (alternative, source) = (labels(&svg), escaped(source));
        // Who can't see the picture has the source.
        let literal = format!(
            "<figure class=\"diagram\">\n<img src=\"{placeholder}\" alt=\"{alternative}\" width=\"{width:.0}\" height=\"{height:.0}\">\n\
             <details><summary>Mermaid</summary><pre><code>{source}</code></pre></details>\n</figure>\n"
        );
        node.data_mut().value = NodeValue::HtmlBlock(NodeHtmlBlock { block_type: 6, literal });
        let address = format!("data:image/svg+xml,{}", utf8_percent_encode(&svg, ENCODED));
        diagrams.drawn.push(Diagram { placeholder, address });
    }
    diagrams
}

/// Puts the pictures into the sanitised page.
pub fn insert(mut html: String, diagrams: &[Diagram]) -> String {
    for Diagram { placeholder, address } in diagrams {
        html = html.replace(placeholder, address);
    }
    html
}

/// The source of the diagram in a node, if it is one.
fn source(node: &AstNode) -> Option<String> {
    let data = node.data();
    let NodeValue::CodeBlock(block) = &data.value else { return None };
    let language = block.info.split([',', ' ', '{', '[', ':']).next()?;
    (language == "mermaid").then(|| block.literal.clone())
}

/// Draws diagrams on a thread of its own, with a stack for the deepest ones.
fn pictures(sources: &[String], is_stopped: &AtomicBool) -> Vec<Option<Picture>> {
    let draw = || {
        let (start, mut left) = (Instant::now(), MOST_BYTES);
        let draw_one = |source: &String| {
            if is_stopped.load(Ordering::Relaxed) {
                return None;
            }
            let picture = picture(source, TIMEOUT.checked_sub(start.elapsed())?)?;
            left = left.checked_sub(picture.svg.len())?;
            Some(picture)
        };
        sources.iter().take(MOST).map(draw_one).collect()
    };
    let mut pictures: Vec<Option<Picture>> = thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, draw);
        // A panic in there must not take the text with it.
        thread.ok().and_then(|thread| thread.join().ok()).unwrap_or_default()
    });
    pictures.resize_with(sources.len(), || None);
    pictures
}

fn picture(source: &str, timeout: Duration) -> Option<Picture> {
    if source.len() > LONGEST {
        return None;
    }
    let request = SvgRequest { pipeline: Some(SvgPipeline::resvg_safe()), ..SvgRequest::default() };
    let control = OperationControl::new().with_deadline(timeout);
    let output = RENDERER.render(RenderRequest::svg(source, control, request)).ok()?;
    let RenderOutput::Svg(Some(output)) = output else { return None };
    // Labels were measured with another font than the reader's, whose letters may be wider.
    let svg = output.svg().replace("overflow:hidden", "overflow:visible");
    let (width, height) = size(&svg)?;
    Some(Picture { svg, width, height })
}

/// The size that an SVG's view box says.
fn size(svg: &str) -> Option<(f64, f64)> {
    let (view_box, _) = svg.split_once("viewBox=\"")?.1.split_once('"')?;
    let mut numbers = view_box.split_whitespace().skip(2).map(str::parse::<f64>);
    let (width, height) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    let is_size = |side: f64| (1.0..=100_000.0).contains(&side);
    (is_size(width) && is_size(height)).then_some((width, height))
}

/// The texts in an SVG, each once, as an attribute of HTML has them.
fn labels(svg: &str) -> String {
    let mut labels: Vec<String> = Vec::new();
    for text in svg.split("<text").skip(1) {
        let Some((text, _)) = text.split_once("</text>") else { continue };
        let Some((_, text)) = text.split_once('>') else { continue };
        let label = text_of(text).split_whitespace().collect::<Vec<_>>().join(" ");
        if !label.is_empty() && !labels.contains(&label) {
            labels.push(label);
        }
    }
    let mut all = labels.join(", ");
    if all.len() > LONGEST_ALTERNATIVE {
        let end = all.floor_char_boundary(LONGEST_ALTERNATIVE);
        // Not in the middle of a label, which could be the middle of a reference to a character.
        all.truncate(all[..end].rfind(", ").unwrap_or(0));
        all.push_str(", …");
    }
    all.replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markdown::{Note, render as rendered};

    fn fenced(source: &str) -> String {
        format!("Before\n\n```mermaid\n{source}\n```\n\nAfter\n")
    }

    #[test]
    fn a_diagram_is_a_picture_with_its_labels_and_its_source() {
        let page = rendered(&fenced("flowchart LR\n A[Sea & shore] -->|yes| B[\"潮汐 <3\"]"));
        assert_eq!(page.notes, []);
        for part in [
            "<figure class=\"diagram\">",
            "src=\"data:image/svg+xml,%3Csvg ",
            "alt=\"yes, Sea &amp; shore, 潮汐 &lt;3\"",
            "<summary>Mermaid</summary>",
            "A[Sea &amp; shore] --&gt;|yes| B",
        ] {
            assert!(page.html.contains(part), "{part} in {}", page.html);
        }
        assert!(!page.html.contains("/diagrams/"), "{}", page.html);
    }

    #[test]
    fn a_feed_has_the_source_only() {
        let html = rendered(&fenced("pie\n \"A\" : 1")).html;
        let address = url::Url::parse("https://blog.example/articles/a").unwrap();
        let feed = crate::sanitizer::for_feed(&html, &address);
        assert!(!feed.contains("<img") && !feed.contains("data:"), "{feed}");
        assert!(feed.contains("<pre><code>pie\n \"A\" : 1\n</code></pre>"), "{feed}");
        assert!(feed.contains("After"), "{feed}");
    }

    #[test]
    fn the_size_of_a_diagram_is_known_before_it_is_shown() {
        let page = rendered(&fenced("pie\n \"Dogs\" : 3\n \"Cats\" : 1")).html;
        let side = |name: &str| -> u32 {
            page.split_once(&format!(" {name}=\""))
                .unwrap()
                .1
                .split_once('"')
                .unwrap()
                .0
                .parse()
                .unwrap()
        };
        assert!(side("width") > 100 && side("height") > 100, "{page}");
    }

    #[test]
    fn the_kinds_of_diagrams_that_authors_use_are_drawn() {
        for source in [
            "graph TD; A-->B;",
            "flowchart LR\n subgraph one\n A([Round]) --> B{Is it?}\n end",
            "sequenceDiagram\n Reader->>Server: GET /\n Server-->>Reader: 200",
            "classDiagram\n Animal <|-- Duck\n Animal : +int age",
            "stateDiagram-v2\n [*] --> Still\n Still --> [*]",
            "erDiagram\n CUSTOMER ||--o{ ORDER : places",
            "gantt\n dateFormat YYYY-MM-DD\n A task :a1, 2026-01-01, 30d",
            "pie title Pets\n \"Dogs\" : 386",
            "gitGraph\n commit\n branch b\n commit",
            "mindmap\n root\n  one\n  two",
            "timeline\n 2025 : One\n 2026 : Two",
            "journey\n title Day\n section Work\n Read: 5: Me",
            "quadrantChart\n x-axis Low --> High\n A: [0.3, 0.6]",
            "xychart-beta\n x-axis [a, b]\n bar [1, 2]",
            "---\ntitle: Named\n---\nflowchart LR\n A --> B",
            "%%{init: {\"theme\": \"dark\"}}%%\nflowchart LR\n A --> B",
        ] {
            let page = rendered(&fenced(source));
            assert!(page.notes.is_empty() && page.html.contains("data:image/svg"), "{source}");
        }
    }

    #[test]
    fn a_diagram_that_cannot_be_drawn_is_shown_as_code() {
        let deep =
            format!("stateDiagram-v2\n{} a{}", "state s {\n".repeat(1_000), "\n}".repeat(1_000));
        let long = format!("flowchart TD\n A[{}]", "x".repeat(LONGEST));
        for source in ["flowchart TD\n A -->\n ]]", "no such diagram", "", &deep, &long] {
            let page = rendered(&fenced(source));
            assert_eq!(page.notes.first(), Some(&Note::DiagramIsSource), "{source:.40}");
            assert!(!page.html.contains("<img"), "{source:.40}");
            assert!(page.html.contains("Diagram (Mermaid)") && page.html.contains("After"));
        }
    }

    #[test]
    fn a_text_has_so_many_diagrams_and_no_more() {
        let pictures = |count: usize| {
            let page = rendered(&fenced("pie\n \"A\" : 1").repeat(count));
            (page.html.matches("<img").count(), page.notes.len())
        };
        assert_eq!(pictures(MOST), (MOST, 0));
        assert_eq!(pictures(MOST + 1), (MOST, 1));
    }

    #[test]
    fn diagrams_stop_with_the_text() {
        let never = AtomicBool::new(true);
        let sources = ["pie\n \"A\" : 1".to_owned()];
        assert!(pictures(&sources, &never).iter().all(Option::is_none));
    }

    #[test]
    fn nothing_in_a_diagram_becomes_a_part_of_the_page() {
        for source in [
            "flowchart LR\n A[\"<img src=x onerror=alert(1)>\"] --> B[\"</text><script>alert(1)</script>\"]",
            "flowchart LR\n A --> B\n click A \"javascript:alert(1)\"",
            "flowchart LR\n A[\"x &quot; onload=&quot;alert(1)\"]",
            "sequenceDiagram\n A->>B: \" onerror=\"alert(1)",
        ] {
            let html = rendered(&fenced(source)).html;
            let picture =
                html.split_once("<img ").map_or("", |(_, after)| after.split_once('>').unwrap().0);
            let names = picture.split("=\"").count() - 1;
            // src, alt, width, height, loading, decoding and referrerpolicy
            assert_eq!(names, 7, "{picture}");
            assert!(!html.contains("<script") && !html.contains(" href=\""), "{html}");
        }
    }
}
