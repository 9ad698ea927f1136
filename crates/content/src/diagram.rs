//! Draws diagrams that are written in Mermaid, so that readers need no script.
//!
//! A diagram becomes a picture whose address holds the whole SVG. Browsers run no script in a
//! picture and load nothing from it, so nothing in an SVG can harm a page.
//!
//! What the drawing takes is not bounded by the length of its source: one line of a Gantt chart can
//! have it go through ten thousand million days. So a program has each diagram drawn by a process
//! with limits ([`draw_with`]).

use std::hash::{BuildHasher, RandomState};
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{LazyLock, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use comrak::nodes::{AstNode, NodeHtmlBlock, NodeValue};
use merman::svg::SvgPipeline;
use merman::{
    Engine, MermaidConfig, OperationControl, RenderOutput, RenderRequest, Renderer, SvgRequest,
};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::html_text::{escaped, text_of};
use super::whitespace::one_line;

/// The longest diagram, in bytes as typed.
pub const LONGEST: usize = 20_000;
/// The most diagrams of a text.
const MOST: usize = 50;
/// The most that the addresses of all diagrams of a text may take, in bytes.
pub const MOST_BYTES: usize = 500_000;
/// How long all diagrams of a text may take. One of fifty boxes takes some milliseconds, so this
/// ends only what is hostile, also where the machine has much else to do. It is shorter than others
/// wait for their turn to render.
const TIMEOUT: Duration = Duration::from_secs(8);
/// How often it is looked whether a text's rendering was stopped, while a diagram is drawn.
const STEP: Duration = Duration::from_millis(20);
/// The stack of the thread that draws. The library nests at most 256 levels.
const STACK: usize = 32 * 1024 * 1024;
/// The longest alternative text, in bytes.
const LONGEST_ALTERNATIVE: usize = 400;

/// What has a meaning in an address or in HTML.
const ENCODED: &AsciiSet = &CONTROLS.add(b'"').add(b'#').add(b'%').add(b'&').add(b'<').add(b'>');

/// Draws in shades of grey, which stay readable when a dark page inverts them, with labels as text,
/// which every program that shows SVG knows. Authors can't choose another theme, which would be
/// readable on one kind of page only.
static RENDERER: LazyLock<Renderer> = LazyLock::new(|| {
    let settings = MermaidConfig::from_value(serde_json::json!({
        "theme": "neutral",
        "look": "classic",
        "fontFamily": "sans-serif",
        "securityLevel": "strict",
        "secure": [
            "secure", "securityLevel", "startOnLoad", "maxTextSize", "suppressErrorRendering",
            "maxEdges", "themeCSS", "theme", "themeVariables", "darkMode", "look",
        ],
    }));
    Renderer::new().with_engine(Engine::new().with_site_config(settings))
});

/// What starts the process that draws a diagram.
static DRAWING: OnceLock<fn() -> Command> = OnceLock::new();

/// Has each diagram drawn by a process that `command` starts. The process gets the source on its
/// standard input, and is to limit its own time and memory, call [`draw`], and write what it
/// returns to its standard output. Until this is called, diagrams are drawn in this process.
pub fn draw_with(command: fn() -> Command) {
    // A second call changes nothing.
    let _ = DRAWING.set(command);
}

/// The SVG of a diagram, or `None` if it can't be drawn. Takes as long as a hostile author wants.
pub fn draw(source: &str) -> Option<String> {
    let draw = || {
        let request =
            SvgRequest { pipeline: Some(SvgPipeline::resvg_safe()), ..SvgRequest::default() };
        let control = OperationControl::new().with_deadline(TIMEOUT);
        let output = RENDERER.render(RenderRequest::svg(source, control, request)).ok()?;
        let RenderOutput::Svg(Some(output)) = output else { return None };
        // Labels were measured with another font than the reader's, whose letters may be wider.
        Some(output.svg().replace("overflow:hidden", "overflow:visible"))
    };
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, draw).ok()?;
        // A panic in there must not take the text with it.
        thread.join().ok()?
    })
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
    let mut diagrams = Diagrams::default();
    let (mut left, deadline) = (MOST_BYTES, Instant::now() + TIMEOUT);
    // If authors knew the placeholders, they could write them into their texts.
    let secret = RandomState::new();
    let sources = root.descendants().filter_map(|node| Some((node, source(node)?)));
    for (number, (node, source)) in sources.enumerate() {
        let svg = (number < MOST && source.len() <= LONGEST)
            .then(|| svg(&source, deadline, is_stopped))
            .flatten();
        let picture = svg.and_then(|svg| {
            let (width, height) = size(&svg)?;
            // For what shows the picture by itself.
            let own_size = format!("width=\"{width}\" height=\"{height}\"");
            let svg = svg.replacen("width=\"100%\"", &own_size, 1);
            let address = format!("data:image/svg+xml,{}", utf8_percent_encode(&svg, ENCODED));
            left = left.checked_sub(address.len())?;
            Some((address, labels(&svg), width, height))
        });
        let Some((address, alternative, width, height)) = picture else {
            diagrams.is_some_left = true;
            continue;
        };
        let half = |part: u8| secret.hash_one((number, part));
        let placeholder = format!("/diagrams/{:016x}{:016x}", half(0), half(1));
        let source = escaped(&source);
        // Who can't see the picture has the source.
        let literal = format!(
            "<figure class=\"diagram\">\n<img src=\"{placeholder}\" alt=\"{alternative}\" width=\"{width:.0}\" height=\"{height:.0}\">\n\
             <details><summary>Mermaid</summary><pre><code>{source}</code></pre></details>\n</figure>\n"
        );
        node.data_mut().value = NodeValue::HtmlBlock(NodeHtmlBlock { block_type: 6, literal });
        diagrams.drawn.push(Diagram { placeholder, address });
    }
    diagrams
}

/// Puts the pictures into the sanitised page.
pub fn insert(html: String, diagrams: &[Diagram]) -> String {
    let mut page = String::with_capacity(html.len());
    let mut rest = html.as_str();
    for Diagram { placeholder, address } in diagrams {
        // Missing if the page is shown as typed.
        let Some((before, after)) = rest.split_once(placeholder.as_str()) else { continue };
        page.push_str(before);
        page.push_str(address);
        rest = after;
    }
    page.push_str(rest);
    page
}

/// The source of the diagram in a node, if it is one.
fn source(node: &AstNode) -> Option<String> {
    let data = node.data();
    let NodeValue::CodeBlock(block) = &data.value else { return None };
    let language = block.info.split([',', ' ', '{', '[', ':']).next()?;
    (language == "mermaid").then(|| block.literal.clone())
}

/// Draws a diagram, unless the time is over or `is_stopped` becomes true.
fn svg(source: &str, deadline: Instant, is_stopped: &AtomicBool) -> Option<String> {
    let goes_on = || !is_stopped.load(Ordering::Relaxed) && Instant::now() < deadline;
    if !goes_on() {
        return None;
    }
    match DRAWING.get() {
        Some(command) => drawn_by(command(), source, goes_on),
        None => draw(source),
    }
}

/// Has a process draw a diagram, and kills it if it `goes_on` no longer.
fn drawn_by(mut process: Command, source: &str, goes_on: impl Fn() -> bool) -> Option<String> {
    process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut process = process
        .spawn()
        .inspect_err(|error| tracing::warn!(%error, "no process could be started for a diagram"))
        .ok()?;
    let (input, output) = (process.stdin.take(), process.stdout.take());
    let (sender, svg) = channel();
    let (svg, ()) = thread::scope(|scope| {
        scope.spawn(move || {
            let mut svg = String::new();
            let largest = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX);
            let read = output.map(|output| output.take(largest).read_to_string(&mut svg));
            // Nobody waits for it after the process was killed.
            let _ = sender.send(read.and_then(Result::ok).map(|_| svg));
        });
        // A pipe has room for the longest source, so this does not wait. The process may be dead.
        let _ = input.map(|mut input| input.write_all(source.as_bytes()));
        let svg = loop {
            match svg.recv_timeout(STEP) {
                Ok(svg) => break svg,
                Err(RecvTimeoutError::Timeout) if goes_on() => {}
                Err(_) => break None,
            }
        };
        // Also ends the thread, which reads until the process is gone.
        (svg, _ = process.kill().and_then(|()| process.wait()))
    });
    // A process that reached a limit has written nothing, or not all.
    svg.filter(|svg| svg.trim_end().ends_with("</svg>"))
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
        let label = one_line(&text_of(text));
        if !label.is_empty() && !labels.contains(&label) {
            labels.push(label);
        }
    }
    let mut alternative = String::new();
    for label in labels {
        let separator = if alternative.is_empty() { "" } else { ", " };
        if alternative.len() + separator.len() + label.len() > LONGEST_ALTERNATIVE {
            alternative.push_str(separator);
            alternative.push('…');
            break;
        }
        alternative.push_str(separator);
        alternative.push_str(&label);
    }
    alternative.replace('"', "&quot;")
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
        assert!(
            page.contains("%3Csvg id=%22merman%22 width=%22") && !page.contains("100%25"),
            "{page}"
        );
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
        let source = "pie\n \"A\" : 1";
        let (later, is_stopped) = (Instant::now() + TIMEOUT, AtomicBool::new(false));
        assert!(svg(source, later, &is_stopped).is_some());
        assert!(svg(source, Instant::now(), &is_stopped).is_none(), "the time is over");
        is_stopped.store(true, Ordering::Relaxed);
        assert!(svg(source, later, &is_stopped).is_none());
    }

    #[test]
    fn a_process_draws_and_is_killed_when_it_does_not_end() {
        let shell = |script: &str| {
            let mut shell = Command::new("sh");
            shell.args(["-c", script]);
            shell
        };
        let always = || true;
        let drawn = |script| drawn_by(shell(script), "pie", always);
        assert_eq!(drawn("echo \"<svg>$(cat)</svg>\"").as_deref(), Some("<svg>pie</svg>\n"));
        assert_eq!(drawn("echo '<svg>'"), None, "it stopped in the middle");
        assert_eq!(drawn("exit 1"), None);
        assert_eq!(drawn("yes '</svg>'"), None, "it writes without end");
        assert_eq!(drawn_by(Command::new("/no/such/program"), "pie", always), None);
        assert_eq!(drawn_by(shell("exec sleep 600"), "pie", || false), None);
    }

    #[test]
    fn what_an_author_writes_is_never_taken_for_a_picture() {
        let source = "pie\n \"A\" : 1";
        let guess = format!("/diagrams/{}", blake3::hash(source.as_bytes()).to_hex());
        let text = format!("[{guess}]({guess})\n{}{guess}", fenced(source));
        assert_eq!(rendered(&text).html.matches("data:image").count(), 1);
        // Nor what stands in a picture that was put in before.
        let diagram = |placeholder: &str, address: &str| Diagram {
            placeholder: placeholder.into(),
            address: address.into(),
        };
        let diagrams = [diagram("/a", "data:/b/b"), diagram("/b", "data:")];
        assert_eq!(
            insert("<img src=\"/a\"> /b".into(), &diagrams),
            "<img src=\"data:/b/b\"> data:"
        );
    }

    #[test]
    fn an_alternative_text_that_is_too_long_ends_after_a_whole_label() {
        let label = |text: &str| format!("<text x=\"1\">{text}</text>");
        let long = "x".repeat(LONGEST_ALTERNATIVE + 1);
        assert_eq!(labels(&label(&long)), "…");
        assert_eq!(
            labels(&format!("{}{}", label("a &amp; b, c"), label(&long))),
            "a &amp; b, c, …"
        );
    }

    #[test]
    fn every_diagram_has_the_theme_that_dark_pages_invert() {
        let source = "flowchart LR\n A --> B";
        let dark = format!(
            "%%{{init: {{\"theme\": \"dark\", \"themeVariables\": {{\"lineColor\": \"#f00\"}}}}}}%%\n{source}"
        );
        assert_eq!(draw(&dark), draw(source));
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
