//! Blocks of code: those of shortcodes, and those of WP-Syntax and plugins like it.

use crate::highlight::is_highlighted;
use crate::html_text::escaped;
use crate::language::is_short_code;
use crate::shortcodes::arguments::Arguments;

/// A block of code.
pub(super) fn code(content: &str, language: Option<&str>) -> String {
    let content = content.trim_matches('\n');
    // The visual editor has escaped the signs, the other one has not.
    match has_escapes(content) {
        true => code_block(content, language),
        false => code_block(&escaped(content), language),
    }
}

/// The block of code that a whole `<pre lang="php" line="1">` is for WP-Syntax and plugins like it.
/// They take it out of the text before it is read as HTML, so there may be any sign in it. Blocks
/// of the block editor have a class; their code is HTML.
pub(super) fn typed_code(element: &str, length: usize) -> Option<String> {
    let arguments = Arguments::parse(&element[1..length - 1]);
    let language = arguments.get("lang").filter(|language| !is_spoken(language))?;
    if arguments.get("class").is_some() {
        return None;
    }
    let content = element[length..].rsplit_once("</")?.0.trim_matches('\n').trim_end();
    // A visual editor leaves neither sign as it is.
    let is_escaped = arguments.get("escaped") == Some("true")
        || (has_escapes(content) && !content.contains(['<', '>']));
    let code = match is_escaped {
        true => content.replace('<', "&lt;").replace('>', "&gt;"),
        false => escaped(content),
    };
    Some(code_block(&code, Some(language)))
}

/// A block of code whose signs are escaped.
fn code_block(code: &str, language: Option<&str>) -> String {
    let class = language
        .map(|language| format!(" class=\"language-{}\"", escaped(language)))
        .unwrap_or_default();
    format!("\n\n<pre><code{class}>{code}</code></pre>\n\n")
}

/// Whether a visual editor has escaped the signs of a text.
fn has_escapes(text: &str) -> bool {
    ["&lt;", "&gt;", "&amp;"].iter().any(|one| text.contains(one))
}

/// Whether an attribute `lang` has a language of people, as it has in HTML. A code of two letters
/// may also be short for a language of code: `cs` is Czech and C#.
fn is_spoken(language: &str) -> bool {
    let code = language.split('-').next().unwrap_or_default();
    is_short_code(code) && !is_highlighted(language)
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn code_with_a_language_is_taken_as_it_was_typed() {
        let php = "<?php\n$lines = 5;\nif ($a->b > 1) {\n    echo \"<b>\";\n}";
        for (text, markdown) in [
            (
                format!("a\n<pre lang=\"php\" line=\"1\">\n{php}\n</pre>\nb"),
                format!("a\n\n```php\n{php}\n```\n\nb\n"),
            ),
            (
                "<pre line='1' lang='cpp'>#include <stdio.h>\nvector<int> a;</pre>".into(),
                "```cpp\n#include <stdio.h>\nvector<int> a;\n```\n".into(),
            ),
            (
                "<PRE lang=\"html\">\n\n  <p>[gallery]</p>\n\n<!-- x -->&nbsp;</PRE>".into(),
                "```html\n  <p>[gallery]</p>\n\n<!-- x -->&nbsp;\n```\n".into(),
            ),
            (
                "<pre lang=\"php\" escaped=\"true\">&lt;b&gt; &amp;amp; <i></pre>".into(),
                "```php\n<b> &amp; <i>\n```\n".into(),
            ),
            (
                "<pre lang=\"php\">if ($a &amp;&amp; $b-&gt;c)</pre>".into(),
                "```php\nif ($a && $b->c)\n```\n".into(),
            ),
            (
                "<pre lang=\"php\">$a = \"&amp;\"; $b->c</pre>".into(),
                "```php\n$a = \"&amp;\"; $b->c\n```\n".into(),
            ),
            (
                "<!-- wp:html -->\n<pre lang=\"c\">a <b></pre>\n<!-- /wp:html -->".into(),
                "```c\na <b>\n```\n".into(),
            ),
            (
                "<!-- wp:code --><pre class=\"wp-block-code\" lang=\"c\"><code>a &lt;b> &amp;amp;\
                 </code></pre><!-- /wp:code -->"
                    .into(),
                "```c\na <b> &amp;\n```\n".into(),
            ),
            ("<pre lang=\"en-GB\">a <b>b</b></pre>".into(), "<pre lang=\"en-GB\">".into()),
            ("<pre lang=\"sv\">a <b>b</b></pre>".into(), "<pre lang=\"sv\">".into()),
            ("<pre lang=\"cs\">a <b></pre>".into(), "```cs\na <b>\n```\n".into()),
            ("<pre lang=\"cs-CZ\">a <b>b</b></pre>".into(), "<pre lang=\"cs-CZ\">".into()),
        ] {
            let (found, notes) = read(&text);
            assert!(found.starts_with(&markdown), "{text}: {found}");
            assert!(notes.is_empty(), "{text}: {notes:?}");
        }
        assert!(read("<pre lang=\"php\">a <b>b").0.contains("a"));
    }
}
