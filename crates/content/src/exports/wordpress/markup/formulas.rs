//! Formulas in LaTeX, as Jetpack and the block editor write them.

use super::LONGEST_SHORTCODE;
use crate::html_text::escaped;

/// The signs of a text that is HTML, as Jetpack reads them in a formula.
pub(super) fn unescaped(text: &str) -> String {
    let signs = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#039;", "'")];
    let text = signs.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    text.replace("&#038;", "&").replace("&amp;", "&")
}

/// A formula, in the form in which the block editor keeps it.
pub(super) fn formula(latex: &str, is_display: bool) -> String {
    let display = if is_display { " display=\"block\"" } else { "" };
    format!(
        "<math{display}><annotation encoding=\"application/x-tex\">{}</annotation></math>",
        escaped(latex)
    )
}

/// A formula that may stand between signs of its own.
pub(super) fn latex(text: &str) -> String {
    let text = text.trim();
    let around =
        [("$$", "$$", true), ("\\[", "\\]", true), ("$", "$", false), ("\\(", "\\)", false)];
    let inner = around.iter().find_map(|(start, end, is_display)| {
        let inner = text.strip_prefix(start)?.strip_suffix(end)?;
        Some(formula(inner, *is_display))
    });
    inner.unwrap_or_else(|| formula(text, false))
}

/// Whether LaTeX is no formula but a whole document, or its beginning.
pub(super) fn is_document(latex: &str) -> bool {
    ["\\documentclass", "\\usepackage", "\\begin{document}"].iter().any(|one| latex.contains(one))
}

/// Jetpack's `$latex x^2$` at the start of a text: how long it is, and what it becomes. There may
/// be no tag in it, and colours and a size at its end, as in `$latex x^2&bg=ffffff&s=1$`.
pub(super) fn dollar_latex(text: &str) -> Option<(usize, String)> {
    let start = "$latex".len();
    let name = text.as_bytes().get(..start)?;
    if !name.eq_ignore_ascii_case(b"$latex") || !text[start..].starts_with([' ', '\t', '\n', '=']) {
        return None;
    }
    let mut before = b' ';
    let end = text[start..].bytes().take(LONGEST_SHORTCODE).position(|byte| {
        let is_end = byte == b'<' || (byte == b'$' && before != b'\\');
        before = byte;
        is_end
    })?;
    let end = start + end;
    let inner = text[start..end].strip_prefix('=').unwrap_or(&text[start..end]);
    if !text[end..].starts_with('$') || inner.trim().is_empty() {
        return None;
    }
    let decoded = unescaped(inner);
    let mut latex = decoded.trim();
    while let Some((before, _)) = latex.rsplit_once('&').filter(|(_, last)| is_look(last)) {
        latex = before;
    }
    Some((end + 1, formula(latex.trim(), false)))
}

/// Whether it is a colour or a size of a formula.
fn is_look(text: &str) -> bool {
    let Some((name, value)) = text.split_once('=') else { return false };
    match name {
        "fg" | "bg" => value.len() == 6 && value.bytes().all(|one| one.is_ascii_hexdigit()),
        "s" => value.parse::<i8>().is_ok(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;
    use crate::markdown::render;

    #[test]
    fn formulas_stay_formulas() {
        for (text, markdown) in [
            ("a $latex \\frac12$ b", "a $\\frac12$ b\n"),
            ("$LaTeX=[a, b]$ and $latex\na &lt; b &amp;s=2$.", "$[a, b]$ and $a < b$.\n"),
            ("<p>$latex x_1&bg=ffffff&fg=000000&s=-1$</p>", "$x_1$\n"),
            ("$latex a & b & s=2$", "$a & b & s=2$\n"),
            ("[latex s=4]e^{i \\pi} + 1 = 0[/latex], so", "$e^{i \\pi} + 1 = 0$, so\n"),
            ("[latex]\\[ x \\][/latex]", "$$x$$\n"),
            ("[latex]$x$[/latex]", "$x$\n"),
            (
                "[latex]\\documentclass{a}\n\\begin{document}[/latex]",
                "```latex\n\\documentclass{a}\n\\begin{document}\n```\n",
            ),
            (
                "<!-- wp:math -->\n<math class=\"wp-block-math\" display=\"block\"><semantics>\
                 <mrow><msup><mi>x</mi><mn>2</mn></msup></mrow>\
                 <annotation encoding=\"application/x-tex\">x^2</annotation></semantics></math>\n<!-- /wp:math -->",
                "$$x^2$$\n",
            ),
            ("<!-- wp:math {\"latex\":\"x^2 \\u003c \\\\pi\"} /-->", "$$x^2 < \\pi$$\n"),
            ("<code>$latex x$</code> <pre>$latex x$</pre>", "`$latex x$`\n\n```\n$latex x$\n```\n"),
            ("It costs ($5) or $latex x$", "It costs ($5) or $x$\n"),
        ] {
            assert_eq!(read(text), (markdown.to_owned(), vec![]), "{text}");
        }
        for text in ["$latex$ a", "$latex <b>x</b>$", "$latex x", "$latexx y$", "$latex  $"] {
            let shown = render(&read(text).0).html;
            assert!(shown.contains("$latex") && !shown.contains("<math"), "{text}: {shown}");
        }
    }
}
