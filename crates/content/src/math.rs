//! Formulas: LaTeX in, MathML out, so that a page shows them without a script.

use std::thread;

use comrak::nodes::{AstNode, NodeHtmlBlock, NodeValue};
use math_core::{LatexToMathML, MathCoreConfig, MathDisplay};

/// The longest formula that is rendered, in bytes of LaTeX.
const LONGEST: usize = 2_000;
/// The most LaTeX that is rendered in a text, in bytes.
const MOST: usize = 100_000;
/// The deepest nesting of groups, environments and fences.
const DEEPEST: usize = 50;
/// The stack of the thread that renders formulas. The parser calls itself for each level, and a
/// chain such as `\sqrt\sqrt…` nests without any group, so only the length limits it.
const STACK: usize = 64 * 1024 * 1024;

/// The elements of a rendered formula. The sanitiser keeps them, and no others of MathML.
pub const ELEMENTS: [&str; 26] = [
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

/// The attributes of those elements that the sanitiser keeps. None of them has an address.
pub const ATTRIBUTES: [&str; 25] = [
    "accent",
    "accentunder",
    "columnspan",
    "depth",
    "display",
    "displaystyle",
    "fence",
    "form",
    "height",
    "largeop",
    "linethickness",
    "lspace",
    "mathvariant",
    "maxsize",
    "minsize",
    "movablelimits",
    "notation",
    "rowspan",
    "rspace",
    "scriptlevel",
    "separator",
    "stretchy",
    "symmetric",
    "tabindex",
    "width",
];

/// A style of the renderer, and the class that the style sheet has for it. The policy of a page
/// forbids styles.
const CLASSES: [(&str, &str); 2] = [
    ("style=\"text-align: left;justify-items: start;", "class=\"math-left\" style=\""),
    ("style=\"text-align: right;justify-items: end;", "class=\"math-right\" style=\""),
];

/// Whether [`render`] emits this class.
pub fn is_class(class: &str) -> bool {
    matches!(class, "math-left" | "math-right" | "math-source" | "math-display")
        || class.starts_with("menclose-")
}

/// A formula of a text.
struct Formula {
    latex: String,
    display: MathDisplay,
}

/// The formula in a node, if it is one.
fn formula(node: &AstNode) -> Option<Formula> {
    match &node.data().value {
        NodeValue::Math(math) => Some(Formula {
            latex: math.literal.clone(),
            display: if math.display_math { MathDisplay::Block } else { MathDisplay::Inline },
        }),
        NodeValue::CodeBlock(block) if block.info.trim() == "math" => {
            Some(Formula { latex: block.literal.clone(), display: MathDisplay::Block })
        }
        _ => None,
    }
}

/// Replaces the formulas below `root` with MathML. One that can't be rendered is shown as typed.
/// Returns whether all were rendered.
pub fn render<'a>(root: &'a AstNode<'a>) -> bool {
    let (nodes, formulas): (Vec<&AstNode>, Vec<Formula>) =
        root.descendants().filter_map(|node| Some((node, formula(node)?))).unzip();
    if formulas.is_empty() {
        return true;
    }
    let rendered = mathml(&formulas);
    for ((node, formula), mathml) in nodes.into_iter().zip(&formulas).zip(&rendered) {
        let is_block = matches!(node.data().value, NodeValue::CodeBlock(_));
        let html = mathml.clone().unwrap_or_else(|| as_typed(formula, is_block));
        node.data_mut().value = if is_block {
            NodeValue::HtmlBlock(NodeHtmlBlock { block_type: 6, literal: format!("{html}\n") })
        } else {
            NodeValue::HtmlInline(html)
        };
    }
    rendered.iter().all(Option::is_some)
}

/// Renders formulas on a thread of its own, with a stack for the deepest ones.
fn mathml(formulas: &[Formula]) -> Vec<Option<String>> {
    let render = || {
        let Ok(converter) = LatexToMathML::new(MathCoreConfig::default()) else { return vec![] };
        let mut left = MOST;
        let render_one = |formula: &Formula| {
            left = left.checked_sub(formula.latex.len())?;
            mathml_of(&converter, formula)
        };
        formulas.iter().map(render_one).collect()
    };
    let mut rendered: Vec<Option<String>> = thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, render);
        // A panic in there must not take the text with it.
        thread.ok().and_then(|thread| thread.join().ok()).unwrap_or_default()
    });
    rendered.resize(formulas.len(), None);
    rendered
}

fn mathml_of(converter: &LatexToMathML, formula: &Formula) -> Option<String> {
    let Formula { latex, display } = formula;
    if latex.len() > LONGEST || depth(latex) > DEEPEST {
        return None;
    }
    let mut mathml = converter.convert_with_local_state(latex.trim(), *display).ok()?.mathml;
    for (style, class) in CLASSES {
        mathml = mathml.replace(style, class);
    }
    // A wide one scrolls sideways, and whatever does must be reachable with the keyboard.
    let mathml =
        mathml.replacen("<math display=\"block\">", "<math display=\"block\" tabindex=\"0\">", 1);
    has_only_known_elements(&mathml).then_some(mathml)
}

/// How deep groups, environments and fences nest.
fn depth(latex: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for (at, byte) in latex.bytes().enumerate() {
        let starts = |word: &str| latex.as_bytes()[at..].starts_with(word.as_bytes());
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'\\' if starts("\\left") || starts("\\begin") => depth += 1,
            b'\\' if starts("\\right") || starts("\\end") => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Whether there is nothing but elements of a formula. A link in one would be no formula.
fn has_only_known_elements(mathml: &str) -> bool {
    mathml.split('<').skip(1).all(|tag| {
        let name = tag.trim_start_matches('/');
        let end = name.find(|character: char| !character.is_ascii_lowercase());
        ELEMENTS.contains(&&name[..end.unwrap_or(name.len())])
    })
}

/// A formula that can't be rendered.
fn as_typed(formula: &Formula, is_block: bool) -> String {
    let latex = formula.latex.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let dollars = if formula.display == MathDisplay::Block { "$$" } else { "$" };
    if is_block {
        format!("<pre><code>{latex}</code></pre>")
    } else {
        format!("<code class=\"math-source\">{dollars}{latex}{dollars}</code>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(latex: &str) -> Option<String> {
        let formula = Formula { latex: latex.into(), display: MathDisplay::Inline };
        mathml(&[formula]).pop().flatten()
    }

    #[test]
    fn usual_formulas_are_rendered() {
        for latex in [
            "x^2 + y_1",
            r"\frac{a}{b} \le \sqrt[3]{c}",
            r"\sum_{i=0}^{n} i = \frac{n(n+1)}{2}",
            r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}",
            r"\begin{cases} 1 & x > 0 \\ 0 & \text{otherwise} \end{cases}",
            r"\begin{aligned} a &= b \\ c &= d \end{aligned}",
            r"\int_0^\infty e^{-x^2}\,dx",
            r"\mathbb{R}, \mathcal{O}(n \log n), \vec{v}, \hat{x}, \overline{z}",
        ] {
            let mathml = one(latex).unwrap_or_else(|| panic!("{latex}"));
            assert!(mathml.starts_with("<math>") && mathml.ends_with("</math>"), "{mathml}");
        }
    }

    #[test]
    fn what_is_no_formula_is_left_as_typed() {
        for latex in [
            r"\nosuchcommand{x}",
            r"\frac{a}",
            "{",
            r"\href{javascript:alert(1)}{x}",
            &"x".repeat(LONGEST + 1),
            &("{".repeat(DEEPEST + 1) + &"}".repeat(DEEPEST + 1)),
        ] {
            assert_eq!(one(latex), None, "{latex}");
        }
    }

    /// Without the limits and the stack, these would end the process.
    #[test]
    fn a_formula_may_nest_as_deep_as_its_length_allows() {
        for part in [r"\sqrt", r"\frac1", r"\bm", "x^", r"\left(", "{", r"\hat", r"\begin{matrix}"]
        {
            let _ = one(&part.repeat(LONGEST / part.len()));
        }
    }

    #[test]
    fn a_text_has_a_limited_number_of_formulas() {
        let formulas: Vec<Formula> = (0..60)
            .map(|_| Formula { latex: "x+".repeat(999) + "x", display: MathDisplay::Inline })
            .collect();
        let rendered = mathml(&formulas);
        assert_eq!(rendered.iter().flatten().count(), MOST / 1_999);
    }
}
