//! Syntax highlighting. Everything that depends on the highlighter is in this file and at the end
//! of `style/tidemark.css`.

use std::sync::LazyLock;

use giallo::{
    HighlightOptions, HtmlRenderer, PLAIN_GRAMMAR_NAME, Registry, RenderOptions, ThemeVariant,
};

/// Both themes have a contrast of at least 4.5 to 1, as WCAG 2.2 AA requires.
const LIGHT_THEME: &str = "github-light-high-contrast";
const DARK_THEME: &str = "github-dark-high-contrast";

/// The prefix of the classes that carry colours.
const CLASS_PREFIX: &str = "code-";
/// The prefix of the highlighter's other classes.
const OTHER_PREFIX: &str = "giallo";

/// The longest line that is highlighted, in bytes, because the time grows with the square of a
/// line's length. Longer lines are usually generated code.
const LONGEST_LINE: usize = 500;
/// The most work for one block of code: the sum of the squares of its lines' lengths in bytes. The
/// slowest grammars take a second per million; 1,000 lines of handwritten code are about 2 million.
const MOST_WORK_OF_BLOCK: usize = 2_500_000;
/// The same for all blocks of a text together.
const MOST_WORK: usize = 5_000_000;

/// The longest language that is written above a block, in bytes.
const LONGEST_LABEL: usize = 30;
/// The highest number of a first line.
const MOST_LINE_NUMBER: isize = 1_000_000;

static REGISTRY: LazyLock<Option<Registry>> = LazyLock::new(|| match Registry::builtin() {
    Ok(mut registry) => {
        registry.link_grammars();
        Some(registry)
    }
    Err(error) => {
        tracing::error!(%error, "code is not highlighted: the grammars can't be read");
        None
    }
});

/// How much work is left for highlighting the rest of a text.
#[derive(Debug)]
pub struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self(MOST_WORK)
    }
}

/// A highlighted block of code.
#[derive(Debug, PartialEq)]
pub struct Highlighted {
    /// A `<pre>` with spans whose classes are in the style sheet.
    pub html: String,
    /// False if part of it is left plain, because highlighting it would be too much work.
    pub is_whole: bool,
}

/// Highlights a block of code. `info` is the info string after the fence. The work is deducted from
/// `budget`. Returns `None` if the highlighter fails.
pub fn highlighted(info: &str, code: &str, budget: &mut Budget) -> Option<Highlighted> {
    let registry = REGISTRY.as_ref()?;
    // The language is the first word: ```rust,ignore and ```rust {1,3} are Rust.
    let named = info.split([',', ' ', '{', '[', ':']).next().unwrap_or_default();
    let mut language = if registry.contains_grammar(named) { named } else { PLAIN_GRAMMAR_NAME };
    let is_too_long = |line: &str| line.len() > LONGEST_LINE;
    let (mut has_long_lines, mut is_whole) = (false, true);
    if language != PLAIN_GRAMMAR_NAME {
        let work = work_of(code);
        has_long_lines = code.lines().any(is_too_long);
        is_whole = !has_long_lines;
        if work > MOST_WORK_OF_BLOCK || work > budget.0 {
            (language, has_long_lines, is_whole) = (PLAIN_GRAMMAR_NAME, false, false);
        } else {
            budget.0 -= work;
        }
    }
    let parsed = |language: &str, code: &str| {
        let theme = ThemeVariant::Dual { light: LIGHT_THEME, dark: DARK_THEME };
        registry
            .highlight(code, &HighlightOptions::new(language, theme).fallback_to_plain(true))
            .ok()
    };
    let block = if has_long_lines {
        // Give the grammar an empty line for each line that is too long, and put the plain text
        // back afterwards.
        let short: Vec<&str> =
            code.split('\n').map(|line| if is_too_long(line) { "" } else { line }).collect();
        let mut block = parsed(language, &short.join("\n"))?;
        let plain = parsed(PLAIN_GRAMMAR_NAME, code)?.tokens;
        for ((tokens, plain), line) in block.tokens.iter_mut().zip(plain).zip(code.split('\n')) {
            if is_too_long(line) {
                *tokens = plain;
            }
        }
        block
    } else {
        parsed(language, code)?
    };
    let renderer =
        HtmlRenderer { css_class_prefix: Some(CLASS_PREFIX.into()), ..HtmlRenderer::default() };
    let pre = renderer.render(&block, &render_options(&info[named.len()..]));
    let label = label(named).map(|label| format!("<p class=\"code-label\">{label}</p>\n"));
    let html = format!("<div class=\"code-frame\">\n{}{pre}</div>", label.unwrap_or_default());
    Some(Highlighted { html, is_whole })
}

/// What is written above a block: the language as typed, unless it is none.
fn label(language: &str) -> Option<&str> {
    let is_name = language
        .chars()
        .all(|character| character.is_ascii_alphanumeric() || "+-#._".contains(character));
    match language {
        "" | "text" | "txt" | "plain" | "plaintext" => None,
        // One that can't be drawn.
        "mermaid" => Some("Diagram (Mermaid)"),
        language => (is_name && language.len() <= LONGEST_LABEL).then_some(language),
    }
}

/// The options after the language, in the forms of Zola (`linenos,linenostart=7`), Hugo
/// (`{linenos=table,linenostart=7}`), VitePress (`:line-numbers`) and others (`showLineNumbers`).
fn render_options(options: &str) -> RenderOptions {
    let mut render = RenderOptions::default();
    for option in options.split([',', ' ', '{', '}', ':', '\t']) {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let value = value.trim_matches('"');
        match name.to_ascii_lowercase().as_str() {
            "linenos" | "line-numbers" | "showlinenumbers" => {
                render.show_line_numbers = value != "false";
            }
            "linenostart" | "startline" => {
                let start =
                    value.parse().ok().filter(|start| (0..=MOST_LINE_NUMBER).contains(start));
                render.line_number_start = start.unwrap_or(1);
            }
            _ => {}
        }
    }
    render
}

/// The work of highlighting a block, not counting lines that are too long.
fn work_of(code: &str) -> usize {
    let lengths = code.lines().map(str::len).filter(|length| *length <= LONGEST_LINE);
    // Even an empty line costs something.
    lengths.map(|length| length * length + 100).fold(0, usize::saturating_add)
}

/// Whether code in this language is highlighted. Case does not matter.
pub fn is_highlighted(language: &str) -> bool {
    REGISTRY.as_ref().is_some_and(|registry| registry.contains_grammar(language))
}

/// Whether [`highlighted`] emits this class.
pub fn is_class(class: &str) -> bool {
    class.starts_with(CLASS_PREFIX) || class.starts_with(OTHER_PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_highlighted_with_classes_that_the_sanitiser_keeps() {
        let Highlighted { html, is_whole } =
            highlighted("rust,ignore", "fn main() {}\n", &mut Budget::default()).unwrap();
        assert!(
            is_whole && html.contains("<pre class=\"giallo code-l-code code-d-code\""),
            "{html}"
        );
        assert!(html.contains("<span class=\"code-l-"), "{html}");
        let classes = html.split("class=\"").skip(1).filter_map(|rest| rest.split('"').next());
        for class in classes.flat_map(str::split_whitespace) {
            assert!(is_class(class), "{class}");
        }
        assert!(!html.contains("style="), "the policy of a page forbids it: {html}");
    }

    #[test]
    fn all_code_in_a_text_shares_one_highlighting_budget() {
        let line = format!("let a = \"{}\";\n", "b".repeat(400));
        let (block, mut budget) = (line.repeat(10), Budget::default());
        let whole = std::iter::from_fn(|| highlighted("rust", &block, &mut budget));
        let count = whole.take(20).take_while(|block| block.is_whole).count();
        assert_eq!(count, MOST_WORK / work_of(&block));
    }

    /// The style sheet for highlighted code. On screens it is dark for readers whose system prefers
    /// it, unless they chose a theme (`data-theme`).
    fn highlight_css() -> String {
        let registry = REGISTRY.as_ref().unwrap();
        let (light, dark) =
            registry.generate_dual_css(LIGHT_THEME, DARK_THEME, CLASS_PREFIX).unwrap();
        format!(
            "{}\n{light}\n@media screen and (prefers-color-scheme: dark) {{ :root:not([data-theme=\"light\"]) {{\n{dark}\n}} }}\n\
             @media screen {{ :root[data-theme=\"dark\"] {{\n{dark}\n}} }}\n",
            giallo::GIALLO_CSS
        )
    }

    #[test]
    fn the_style_sheet_ends_with_the_colours_of_highlighted_code() {
        const MARKER: &str = "/* Highlighted code, until the end: generated, see crates/content/src/highlight.rs. */\n";
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../style/tidemark.css");
        let style = std::fs::read_to_string(path).unwrap();
        let (by_hand, generated) = style.split_once(MARKER).unwrap();
        if std::env::var_os("UPDATE_STYLE").is_some() {
            std::fs::write(path, [by_hand, MARKER, &highlight_css()].concat()).unwrap();
        } else {
            assert_eq!(
                generated,
                highlight_css(),
                "run this test with UPDATE_STYLE=1 to regenerate the style sheet"
            );
        }
    }
}
