//! Known XSS payloads in every field that users can write to. The browser tests load the same
//! payloads in a browser (`end2end/tests/injection.hydrate.spec.ts`); these tests parse the HTML of
//! the pages.

use proptest::prelude::*;
use serde_json::Value;
use tidemark::server::content::import::{Report, SourceFile, import};
use tidemark_content::{front_matter, markdown, sanitizer};

use crate::harness::TestServer;

fn payloads() -> Vec<String> {
    let corpus: Value =
        serde_json::from_str(include_str!("../../end2end/tests/injection.json")).unwrap();
    let texts = corpus
        .as_array()
        .unwrap()
        .iter()
        .map(|payload| payload["text"].as_str().unwrap().to_owned());
    let texts: Vec<String> = texts.collect();
    assert!(texts.len() > 100);
    texts
}

/// A start tag: its name and attributes.
#[derive(Debug)]
struct Start {
    name: String,
    attributes: Vec<(String, String)>,
}

impl Start {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// Parses start tags as the standard's tokenizer does (WHATWG HTML, 13.2.5): anything that could be
/// a tag is taken for one.
fn starts(html: &str) -> Vec<Start> {
    let mut starts = Vec::new();
    let mut rest = html;
    while let Some(position) = rest.find('<') {
        rest = &rest[position + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            continue;
        }
        if !rest.starts_with(|character: char| character.is_ascii_alphabetic()) {
            continue;
        }
        let end = rest
            .find(|character: char| character.is_ascii_whitespace() || "/>".contains(character))
            .unwrap_or(rest.len());
        let name = rest[..end].to_ascii_lowercase();
        rest = &rest[end..];
        let mut attributes = Vec::new();
        loop {
            rest = rest.trim_start_matches(|character: char| {
                character.is_ascii_whitespace() || character == '/'
            });
            if rest.is_empty() || rest.starts_with('>') {
                break;
            }
            let end = rest.char_indices().skip(1).find(|(_, character)| {
                character.is_ascii_whitespace() || "/>=".contains(*character)
            });
            let (attribute, after) = rest.split_at(end.map_or(rest.len(), |(end, _)| end));
            rest = after.trim_start();
            let mut value = "";
            if let Some(after) = rest.strip_prefix('=') {
                rest = after.trim_start();
                if let Some(quote) =
                    rest.chars().next().filter(|character| "\"'".contains(*character))
                {
                    let inside = &rest[1..];
                    let end = inside.find(quote).unwrap_or(inside.len());
                    value = &inside[..end];
                    rest = inside.get(end + 1..).unwrap_or("");
                } else {
                    let end = rest.find(|character: char| {
                        character.is_ascii_whitespace() || character == '>'
                    });
                    (value, rest) = rest.split_at(end.unwrap_or(rest.len()));
                }
            }
            attributes.push((attribute.to_ascii_lowercase(), value.to_owned()));
        }
        if matches!(name.as_str(), "script" | "style" | "title" | "textarea") {
            rest = rest.find(&format!("</{name}")).map_or("", |end| &rest[end..]);
        }
        starts.push(Start { name, attributes });
    }
    starts
}

/// The start tags in HTML, with their attributes sorted.
fn shape(html: &str) -> Vec<(String, Vec<(String, String)>)> {
    let sorted = |mut start: Start| {
        start.attributes.sort();
        (start.name, start.attributes)
    };
    starts(html).into_iter().map(sorted).collect()
}

/// The faults in HTML that an author wrote.
fn faults_in_text(html: &str) -> Vec<String> {
    const ELEMENTS: &[&str] = &[
        "a",
        "abbr",
        "acronym",
        "address",
        "area",
        "article",
        "aside",
        "audio",
        "b",
        "bdi",
        "bdo",
        "blockquote",
        "br",
        "caption",
        "center",
        "cite",
        "code",
        "col",
        "colgroup",
        "data",
        "dd",
        "del",
        "details",
        "dfn",
        "div",
        "dl",
        "dt",
        "em",
        "figcaption",
        "figure",
        "footer",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hgroup",
        "hr",
        "i",
        "img",
        "input",
        "ins",
        "kbd",
        "li",
        "map",
        "mark",
        "nav",
        "ol",
        "p",
        "picture",
        "pre",
        "progress",
        "q",
        "rp",
        "rt",
        "rtc",
        "ruby",
        "s",
        "samp",
        "section",
        "small",
        "source",
        "span",
        "strike",
        "strong",
        "sub",
        "summary",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "time",
        "tr",
        "track",
        "tt",
        "u",
        "ul",
        "var",
        "video",
        "wbr",
    ];
    // What formulas are made of.
    const MATHML: &[&str] = &[
        "math",
        "menclose",
        "mfrac",
        "mi",
        "mmultiscripts",
        "mn",
        "mo",
        "mover",
        "mpadded",
        "mphantom",
        "mprescripts",
        "mroot",
        "mrow",
        "ms",
        "mspace",
        "msqrt",
        "mstyle",
        "msub",
        "msubsup",
        "msup",
        "mtable",
        "mtd",
        "mtext",
        "mtr",
        "munder",
        "munderover",
    ];
    let mut faults = Vec::new();
    for start in starts(html) {
        if !ELEMENTS.contains(&start.name.as_str()) && !MATHML.contains(&start.name.as_str()) {
            faults.push(format!("the element {start:?}"));
        }
        if start.name == "input" && start.attribute("type") != Some("checkbox") {
            faults.push(format!("the field {start:?}"));
        }
        // A named anchor from before `id` existed. Unlike a form or a picture, no script can reach
        // it by that name.
        if start.name != "a" && start.attribute("name").is_some() {
            faults.push(format!("name in {start:?}"));
        }
        let candidates =
            start.attribute("srcset").filter(|_| ["img", "source"].contains(&start.name.as_str()));
        if start.attribute("srcset").is_some()
            && !candidates.is_some_and(|all| all.split(',').all(is_harmless))
        {
            faults.push(format!("srcset in {start:?}"));
        }
        let named = ["style", "srcdoc", "ping", "target", "formaction", "autofocus", "background"];
        // Attributes that `browser/reading.js` trusts as the program's own.
        let ours = [
            "data-article",
            "data-views-of",
            "data-total-of",
            "data-reaction",
            "data-colour-switch",
            "data-search",
        ];
        faults.extend(
            named
                .iter()
                .chain(&ours)
                .filter(|name| start.attribute(name).is_some())
                .map(|name| format!("{name} in {start:?}")),
        );
    }
    faults.extend(faults_anywhere(html));
    faults
}

/// The faults that no part of a page may have.
fn faults_anywhere(html: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for start in starts(html) {
        for (name, value) in &start.attributes {
            if name.starts_with("on") || name.contains(['<', '"', '\'']) {
                faults.push(format!("the attribute {name} in {start:?}"));
            }
            let is_address = [
                "href",
                "src",
                "action",
                "formaction",
                "poster",
                "cite",
                "data",
                "xlink:href",
                "background",
            ];
            if is_address.contains(&name.as_str()) && !is_harmless(value) {
                faults.push(format!("the address in {start:?}"));
            }
        }
    }
    faults
}

/// Whether an address is relative or has the scheme http, https, mailto or tel. Read as browsers
/// read it: without leading control characters and spaces, and without tabs and line ends anywhere.
fn is_harmless(address: &str) -> bool {
    // The sanitiser and the pages write these characters unescaped, so anything that looks like a
    // reference is one.
    let address = address.replace("&amp;", "&").replace("&colon;", ":").replace("&#58;", ":");
    let address: String = address
        .trim_start_matches(|character: char| character <= ' ')
        .replace(['\t', '\n', '\r'], "");
    match address.split_once(':') {
        Some((scheme, _)) if is_scheme(scheme) => {
            ["http", "https", "mailto", "tel"].contains(&scheme.to_ascii_lowercase().as_str())
        }
        _ => true,
    }
}

/// Whether the text before a colon is a scheme (WHATWG URL, 4.4). If not, the address is relative.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|character: char| character.is_ascii_alphabetic())
        && text
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || "+-.".contains(character))
}

/// The faults in a whole page, including the parts that its author didn't write.
fn faults_in_page(html: &str) -> Vec<String> {
    let mut faults = faults_anywhere(html);
    for start in starts(html) {
        let is_ours = match start.name.as_str() {
            "script" => start.attribute("nonce").is_some_and(|nonce| !nonce.is_empty()),
            "link" => start
                .attribute("href")
                .is_some_and(|href| href.starts_with('/') || href.starts_with("http://127.0.0.1")),
            "meta" => start.attribute("http-equiv").is_none(),
            "iframe" | "object" | "embed" | "base" | "style" | "template" | "noscript" | "xmp"
            | "plaintext" => false,
            _ => start.attribute("style").is_none(),
        };
        if !is_ours {
            faults.push(format!("{start:?}"));
        }
    }
    faults
}

#[test]
fn the_checks_detect_what_they_are_for() {
    for live in [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<img srcset=\"javascript:alert(1) 2x\">",
        "<p name=x>",
        "<img/src=x onerror=alert(1)>",
        "<p\nonclick = 'x'>",
        "<a href=\" jav\tascript:alert(1)\">x</a>",
        "<a href=javascript&colon;alert(1)>x</a>",
        "<svg><a xlink:href=\"data:text/html,x\">",
        "<form action=/login><input name=x>",
        "<p style=\"color:red\">x</p>",
        "<p title=\"&lt;\"><iframe srcdoc=x>",
        "<base href=//evil.example>",
    ] {
        assert!(!faults_in_text(live).is_empty(), "{live}");
    }
    for page in [
        "<script>alert(1)</script>",
        "<meta http-equiv=refresh content=0>",
        "<img src=x onerror=alert(1)>",
        "<iframe>",
    ] {
        assert!(!faults_in_page(page).is_empty(), "{page}");
    }
    assert_eq!(
        faults_in_text(
            "<p>a &lt;b onclick=x&gt;</p><img src=\"https://example.com/x.png\" alt=\"onerror=x\">"
        ),
        [""; 0]
    );
}

#[test]
fn nothing_in_the_corpus_survives_rendering() {
    let payloads = payloads();
    let together = payloads.join("\n\n");
    let inside = payloads.iter().map(|payload| {
        format!("> - text {payload}\n>\n> | {payload} |\n> |---|\n\n<details>\n\n{payload}\n\n</details>")
    });
    let reversed = payloads.iter().rev().cloned().collect::<Vec<_>>().join("");
    for text in payloads.iter().cloned().chain(inside).chain([together, reversed]) {
        let rendered = markdown::render(&text);
        assert_eq!(faults_in_text(&rendered.html), [""; 0], "{text}\n-> {}", rendered.html);
        // A browser parses it as the sanitiser did.
        assert_eq!(shape(&sanitizer::sanitize(&rendered.html)), shape(&rendered.html), "{text}");
    }
}

proptest! {
    #[test]
    fn nothing_in_the_corpus_survives_in_pieces(pieces in pieces()) {
        let payloads = payloads();
        let text: String = pieces.iter().map(|piece| cut(&payloads, piece)).collect();
        let html = markdown::render(&text).html;
        prop_assert_eq!(faults_in_text(&html), [""; 0], "{}", html);
        prop_assert_eq!(shape(&sanitizer::sanitize(&html)), shape(&html), "{}", html);
    }

    #[test]
    fn parsed_files_survive_a_round_trip(pieces in pieces(), yaml: bool) {
        let payloads = payloads();
        let mut lines = String::new();
        for (index, piece) in pieces.iter().enumerate() {
            let key = ["title", "description", "slug", "date", "authors", "tags", "aliases", "draft", "path"][index % 9];
            let value = cut(&payloads, piece);
            let value = match key {
                "date" => "2026-11-02".to_owned(),
                "draft" => "true".into(),
                "authors" | "tags" | "aliases" => format!("[{}, \"x\"]", toml::Value::String(value)),
                _ => toml::Value::String(value).to_string(),
            };
            lines.push_str(&if yaml { format!("{key}: {value}\n") } else { format!("{key} = {value}\n") });
        }
        let fence = if yaml { "---" } else { "+++" };
        if let Ok(source) = front_matter::parse("2026-01-31-name", &format!("{fence}\n{lines}{fence}\n{lines}")) {
            prop_assert_eq!(front_matter::parse("other", &front_matter::write(&source)), Ok(source));
        }
    }
}

/// Parts of payloads to combine: an index, a start, a length, and what follows the part.
fn pieces() -> impl Strategy<Value = Vec<(usize, usize, usize, usize)>> {
    prop::collection::vec((0..1_000_usize, 0..200_usize, 0..200_usize, 0..20_usize), 1..9)
}

fn cut(payloads: &[String], (index, start, length, glue): &(usize, usize, usize, usize)) -> String {
    const GLUE: [&str; 12] =
        ["", "\n", "\n\n", " ", "\n> ", "\n- ", "|", "`", "```\n", "\n# ", "<!--", "\n\n    "];
    let payload = &payloads[index % payloads.len()];
    let start = start % (payload.chars().count() + 1) * (index / payloads.len() % 2);
    let part: String = payload.chars().skip(start).take(*length).collect();
    format!("{part}{}", GLUE.get(*glue).unwrap_or(&""))
}

#[test]
fn no_text_in_the_corpus_runs_on_any_page() {
    let server = TestServer::start();
    let payloads = payloads();
    let quoted = |text: &str| toml::Value::String(text.into()).to_string();
    let files = payloads.iter().enumerate().map(|(index, payload)| {
        let value = quoted(payload);
        let text = format!(
            "+++\ntitle = {value}\nslug = \"x-{index}\"\ndate = 2026-11-02\ndescription = {value}\nauthors = [{value}, \"Jo Doe\"]\n\
             tags = [{value}, \"x\"]\naliases = [{value}]\n+++\n{payload}\n"
        );
        SourceFile { path: format!("x-{index}.md"), text }
    });
    let report = server
        .run(import(&server.database, &server.clock, files.collect(), Report::default()))
        .unwrap();
    // A title of nothing but whitespace is refused.
    assert!(
        report.created + report.refused().len() == payloads.len() && report.refused().len() < 3,
        "{report:?}"
    );

    let someone = server.someone();
    let mut paths: Vec<String> =
        (0..payloads.len()).map(|index| format!("/articles/x-{index}")).collect();
    paths.extend((1..=payloads.len() / 10).map(|page| format!("/?page={page}")));
    let mut articles = Vec::new();
    for page in 1..=3 {
        let list = someone.get(&format!("/api/v1/articles?per-page=100&page={page}"));
        assert_eq!(list.header("content-type"), "application/json");
        articles.extend(list.json()["articles"].as_array().unwrap().clone());
    }
    for article in &articles {
        paths.push(format!("/authors/{}", article["authors"][0]["username"].as_str().unwrap()));
        paths.push(format!("/tags/{}", article["tags"][0]["slug"].as_str().unwrap()));
    }
    let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
    for (index, payload) in payloads.iter().enumerate() {
        let payload = encode(payload);
        paths.push(format!("/search?q={payload}"));
        paths.push(match index % 7 {
            0 => format!("/tags/{payload}"),
            1 => format!("/authors/{payload}"),
            2 => format!("/articles/{payload}"),
            3 => format!("/login?next={payload}"),
            4 => format!("/most-viewed?window={payload}"),
            5 => format!("/pictures/{payload}"),
            _ => format!("/{payload}?page={payload}"),
        });
    }
    paths.sort();
    paths.dedup();
    assert!(paths.len() > 3 * payloads.len(), "{}", paths.len());
    for path in paths {
        let answer = someone.get(&path);
        // A former address redirects to its article.
        if answer.status == 301 {
            assert!(answer.header("location").starts_with("/articles/"), "{path}");
            continue;
        }
        assert!(
            answer.header("content-type").starts_with("text/html"),
            "{path}: {}",
            answer.status
        );
        assert!(answer.status < 500, "{path}: {}", answer.status);
        assert_eq!(faults_in_page(&answer.text), [""; 0], "{path}");
        if let Some((_, prose)) = answer.text.split_once("<div class=\"prose\">") {
            // The footer's class, which no author can use.
            let prose = prose.split("class=\"article-footer\"").next().unwrap();
            let prose = prose.rsplit_once("<footer").unwrap().0;
            assert_eq!(faults_in_text(prose), [""; 0], "{path}");
        }
    }
    let feed = someone.get("/feed.xml").text;
    assert!(
        starts(&feed)
            .iter()
            .all(|start| !["script", "img", "svg", "a"].contains(&start.name.as_str())),
        "{feed}"
    );
}
