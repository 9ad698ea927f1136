use proptest::prelude::*;

use super::*;
use crate::links::links;

fn of(generator: Generator, text: &str) -> (String, Vec<(usize, Fate)>) {
    let reference = |file: &str| {
        let stem = file.trim_end_matches(".md").rsplit('/').next().unwrap_or_default();
        (stem == "2020-01-02-ebb" || stem == "ebb" || stem == "Ebb")
            .then(|| "/articles/ebb".to_owned())
    };
    let origin = Origin {
        generator: Some(generator),
        is_mdx: text.contains("// mdx"),
        first_line: 5,
        reference: &reference,
    };
    let (text, notes) = convert(text, &origin);
    (text, notes.into_iter().map(|note| (note.line, note.fate)).collect())
}

#[test]
fn what_has_a_counterpart_becomes_it() {
    use Generator::{Hexo, Hugo, Jekyll, Obsidian, Zola};
    for (generator, text, expected) in [
        (Hugo, "{{< figure src=\"a b.png\" alt=\"A\" >}}", "![A](<a b.png>)"),
        (
            Hugo,
            "{{< figure src=\"a.png\" caption=\"The *sea*\" link=\"/x\" />}}",
            "[![The *sea*](a.png)](/x)\n\n*The \\*sea\\**",
        ),
        (
            Hugo,
            "{{< highlight go \"linenos=table\" >}}\na := `b`\n{{< / highlight >}}",
            "```go\na := `b`\n```",
        ),
        (
            Hugo,
            "{{% youtube w7Ft2ymGmfc %}}",
            "[Video on YouTube](https://www.youtube.com/watch?v=w7Ft2ymGmfc)",
        ),
        (
            Hugo,
            "{{< gist spf13 7896402 >}}",
            "[Code on GitHub Gist](https://gist.github.com/spf13/7896402)",
        ),
        (Hugo, "[x]({{< relref \"posts/ebb.md#deep\" >}})", "[x](/articles/ebb#deep)"),
        (Hugo, "[x]({{< ref \"ebb\" >}})", "[x](/articles/ebb)"),
        (Hugo, "`{{</* youtube x */>}}`", "`{{< youtube x >}}`"),
        (Hugo, "{{< tweet user=\"a\" id=\"1\" >}}", "[Post on X](https://x.com/a/status/1)"),
        (Hugo, "{% raw %} {{ x }} {: .a}", "{% raw %} {{ x }} {: .a}"),
        (
            Jekyll,
            "{% highlight ruby linenos %}\nputs 1\n{% endhighlight %}\n",
            "```ruby\nputs 1\n```\n\n",
        ),
        (Jekyll, "[x]({% post_url 2020-01-02-ebb %})", "[x](/articles/ebb)"),
        (
            Jekyll,
            "[x]({{ site.baseurl }}{% link _posts/2020-01-02-ebb.md %})",
            "[x](/articles/ebb)",
        ),
        (Jekyll, "![a]({{ '/assets/a.png' | relative_url }})", "![a](/assets/a.png)"),
        (Jekyll, "![a]({{ site.url }}/a.png)", "![a](/a.png)"),
        (Jekyll, "{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
        (
            Jekyll,
            "```\n{% raw %}{{ x }}{% endraw %}\n{{ y }}\n```\n",
            "```\n{{ x }}\n{{ y }}\n```\n",
        ),
        (Jekyll, "{{ \"{{\" }} x {{ \"}}\" }} {{ 'it' }}", "{{ x }} it"),
        (Jekyll, "[x]({{ \"a b\" | absolute_url }})", "[x](/a b)"),
        (
            Jekyll,
            "```\n{%- raw -%}\n{{ \"x\" }}\n{%- endraw -%}\n{{ \"{{ y }}\" }} {{ z }}\n```\n",
            "```\n{{ \"x\" }}\n{{ y }} {{ z }}\n```\n",
        ),
        (
            Jekyll,
            "{% include toc.html %}{% include youtube.html id=\"x\" %}",
            "[Video on YouTube](https://www.youtube.com/watch?v=x)",
        ),
        (Jekyll, "a\n\n* TOC\n{:toc}\n\nb", "a\n\n\n\nb"),
        (Hexo, "{% asset_img \"a b.png\" The sea %}", "![The sea](<a b.png>)"),
        (Hexo, "{% codeblock lang:js a.js %}\nx\n{% endcodeblock %}", "```js\nx\n```"),
        (Hexo, "{% post_link ebb The ebb %}", "[The ebb](/articles/ebb)"),
        (Hexo, "{% blockquote Jo %}\na\nb\n{% endblockquote %}", "> a\n> b\n>\n> — Jo"),
        (Zola, "{{ youtube(id=\"x\") }}", "[Video on YouTube](https://www.youtube.com/watch?v=x)"),
        (Zola, "{{ image(src=\"a(1).png\", alt=\"hey (x)\") }}", "![hey (x)](<a(1).png>)"),
        (Zola, "{%- quote(author=\"Jo\") -%}\na\n{%- end -%}\nb", "> a\n>\n> — Jo\n\nb"),
        (
            Obsidian,
            "| [[Ebb\\|the ebb]] | ![[p.png\\|50]] ![[p.png\\|a\\|50]] |",
            "| [the ebb](/articles/ebb) | ![](p.png) ![a](p.png) |",
        ),
        (
            Obsidian,
            "![[a b.png|300]] [[Ebb|the ebb]] [[#Low tide]]",
            "![](<a b.png>) [the ebb](/articles/ebb) [Low tide](#low-tide)",
        ),
    ] {
        assert_eq!(of(generator, text), (expected.to_owned(), vec![]), "{text}");
    }
}

#[test]
fn what_means_nothing_here_stays_and_is_named_with_its_line() {
    use Generator::{Astro, Hugo, Jekyll, Obsidian, Zola};
    for (generator, text) in [
        (Hugo, "a\n{{< notice tip >}}\nb\n{{< /notice >}}"),
        (Hugo, "a\n{{< ref \"nowhere\" >}}"),
        (Hugo, "a\n{{< highlight go >}} without an end"),
        (Jekyll, "a\n{% include map.html %}"),
        (Jekyll, "a\n{{ page.title | upcase }}"),
        (Zola, "a\n{% note() %}b{% end %}"),
        (Astro, "a\n<Chart data={1} /> // mdx"),
    ] {
        let (kept, notes) = of(generator, text);
        assert_eq!((kept.as_str(), notes), (text, vec![(6, Fate::Left)]));
    }
    assert_eq!(of(Obsidian, "[[Nowhere]]"), ("Nowhere".to_owned(), vec![(5, Fate::Left)]));
    assert_eq!(of(Jekyll, "a {: .big}\nb"), ("a \nb".to_owned(), vec![(5, Fate::Changed)]));
    let mdx = "import A from './a.astro'\n\ntext // mdx\n\nimport this\n";
    let (text, notes) = of(Astro, mdx);
    assert_eq!(text, "\ntext // mdx\n\nimport this\n");
    assert_eq!(notes, [(5, Fate::Changed)]);
}

#[test]
fn code_is_left_alone() {
    for text in [
        "```\n{{< youtube x >}}\n```\n{{",
        "~~~ liquid\n{% include a.html %}\n```\n~~~",
        "`{% include a.html %}` and ``a ` {% b %}``",
        "a ` b\n\n`{% c %}`",
        "{{< open",
    ] {
        for generator in [Generator::Hugo, Generator::Jekyll] {
            assert_eq!(of(generator, text), (text.to_owned(), vec![]), "{text}");
        }
    }
}

#[test]
fn a_block_of_code_stays_in_the_list_or_the_quote_around_it() {
    use Generator::{Hexo, Hugo, Jekyll};
    for (generator, text, expected) in [
        (
            Jekyll,
            "1. Do:\n\n   {% highlight bash %}\n   cmd\n     x\n   {% endhighlight %}\n\n2. Then",
            "1. Do:\n\n   ```bash\n   cmd\n     x\n   ```\n\n\n2. Then",
        ),
        (
            Jekyll,
            "1. a\n\n\t{% highlight c %}\n\tx\n\t{% endhighlight %}\n2. b",
            "1. a\n\n   ```c\n   x\n   ```\n\n2. b",
        ),
        (
            Jekyll,
            "- {% highlight c %}\nx\n\n  y\n  {% endhighlight %} b\n  {% highlight c %}z\n  \
             {% endhighlight %}",
            "- ```c\n  x\n\n    y\n  ```\n\n  b\n\n  ```c\n  z\n  ```",
        ),
        (
            Hugo,
            "- a\n  - b\n    {{< highlight go >}}\n    x\n    {{< /highlight >}}\n- c",
            "- a\n  - b\n\n    ```go\n    x\n    ```\n\n- c",
        ),
        (
            Hexo,
            "> {% codeblock lang:js %}\n> x\n>\n> y\n> {% endcodeblock %}\n> z",
            "> ```js\n> x\n>\n> y\n> ```\n>\n> z",
        ),
        (
            Hexo,
            "- a\n\n  > b\n  > {% codeblock %}\n  >   x\n  > {% endcodeblock %}\n",
            "- a\n\n  > b\n  >\n  > ```\n  >   x\n  > ```\n  >\n",
        ),
        // Four spaces would make it code with its fences.
        (
            Jekyll,
            "a\n\n    {% highlight c %}\n    x\n    {% endhighlight %}\n\nb",
            "a\n\n```c\nx\n```\n\n\nb",
        ),
        // HTML ends only at a blank line.
        (
            Jekyll,
            "<p>a</p>\n{% highlight c %}\nx\n{% endhighlight %}\n<p>b</p>",
            "<p>a</p>\n\n```c\nx\n```\n\n<p>b</p>",
        ),
        (
            Hugo,
            "<center>\n{{< youtube x >}}\n</center>",
            "<center>\n\n[Video on YouTube](https://www.youtube.com/watch?v=x)\n\n</center>",
        ),
        (Jekyll, "a {% highlight c %}x{% endhighlight %} b", "a\n\n```c\nx\n```\n\nb"),
        (
            Jekyll,
            "* * *\n\n    {% highlight c %}\n    x\n    {% endhighlight %}",
            "* * *\n\n```c\nx\n```",
        ),
        // What is in a block of code is no list.
        (
            Jekyll,
            "```\n- a\n```\n    {% highlight c %}\n- x\n    {% endhighlight %}\n    \
             {% highlight c %}\ny\n    {% endhighlight %}",
            "```\n- a\n```\n\n```c\n- x\n```\n\n```c\ny\n```",
        ),
    ] {
        assert_eq!(of(generator, text), (expected.to_owned(), vec![]), "{text}");
    }
}

#[test]
fn a_list_goes_on_behind_a_block_of_code() {
    for text in [
        "1. Do:\n\n   {% highlight bash %}\n   cmd\n   {% endhighlight %}\n\n2. Then",
        "1. Do:\n    {% highlight bash %}\n    cmd\n    {% endhighlight %}\n2. Then",
        "1.  Do:\n\n    ```\n    {% raw %}cmd\n\n    ```\n2.  Then",
        "1. > {% blockquote %}\n   > cmd\n   > {% endblockquote %}\n2. Then",
    ] {
        let html = crate::markdown::render(&of(Generator::Jekyll, text).0).html;
        assert_eq!(html.matches("<ol").count(), 1, "{html}");
        assert_eq!(html.matches("<li>").count(), 2, "{html}");
        let (item, then) = html.split_once("Then").unwrap();
        assert!(item.contains("cmd") && item.contains("</li>"), "{html}");
        assert!(!then.contains("</pre>") && !then.contains("</blockquote>"), "{html}");
    }
}

#[test]
fn a_fence_in_an_item_ends_with_it() {
    let text = "- ```\n  {% a %}\n\n  {% b %}\n  ```\n\n- ```\n  {% raw %}c\n\n\
                {% comment %}d{% endcomment %}";
    let expected = "- ```\n  {% a %}\n\n  {% b %}\n  ```\n\n- ```\n  c\n\n";
    assert_eq!(of(Generator::Jekyll, text), (expected.to_owned(), vec![(14, Fate::Changed)]));
    let span = "```a``` {% raw %}b{% endraw %}";
    assert_eq!(of(Generator::Jekyll, span).0, "```a``` b");
}

#[test]
fn comments_are_left_out_and_named() {
    use Generator::{Hugo, Jekyll, Obsidian};
    let changed = |line| vec![(line, Fate::Changed)];
    for (generator, text, expected, notes) in [
        (Obsidian, "Text %%PIN 1234%% on", "Text  on", changed(5)),
        (Obsidian, "a %%PIN\n1234%% b", "a  b", changed(5)),
        (Obsidian, "a\n%%\nPIN\n\n```\n1234\n%%\nb", "a\nb", changed(6)),
        (Obsidian, "%% PIN\n\n1234 %% b", " b", changed(5)),
        (Obsidian, "> a\n> %%\n> PIN\n> %%\n> b", "> a\n> b", changed(6)),
        (Obsidian, "- a\n- %%PIN%%\n- b", "- a\n- \n- b", changed(6)),
        (Obsidian, "a\n\n%%\nPIN\n\n1234", "a\n\n", vec![(7, Fate::Left)]),
        (
            Jekyll,
            "a{::comment}PIN{:/comment} b{::comment}1{:/}c",
            "a bc",
            [changed(5), changed(5)].concat(),
        ),
        (Jekyll, "{::comment}\nPIN\n\n1234\n{:/comment}\na", "a", changed(5)),
        (Jekyll, "{::options toc_levels=\"1..2\" /}\na", "a", changed(5)),
        (Jekyll, "a{::nomarkdown}*b*{:/}c", "a*b*c", vec![]),
        (Jekyll, "a{% comment %} PIN {% endcomment %}c", "ac", changed(5)),
        (Hugo, "a\n{{< comment >}}\nPIN\n{{< /comment >}}\nb", "a\nb", changed(6)),
    ] {
        assert_eq!(of(generator, text), (expected.to_owned(), notes), "{text}");
    }
    let text = of(Obsidian, "%%\nPIN\n\n1234\n%%\n\nText %%PIN%% on.").0;
    assert_eq!(crate::markdown::render(&text).summary, "Text on.");
}

#[test]
fn what_only_looks_like_a_comment_stays() {
    use Generator::{Jekyll, Obsidian};
    for (generator, text, notes) in [
        (Obsidian, "`%%a%%`\n\n```\n%%b%%\n```\n", 0),
        (Obsidian, "$a %% b$ $$\n%% c\n$$ \\%%d%%", 1),
        (Obsidian, "100%% sure\n\nand 50%%", 2),
        (Jekyll, "`{::comment}a{:/}`", 0),
        (Jekyll, "a {::comment}b", 1),
        (Jekyll, "{::comment {:/comment}", 1),
        (Jekyll, "%%a%%", 0),
    ] {
        let (kept, found) = of(generator, text);
        assert_eq!((kept.as_str(), found.len()), (text, notes), "{found:?}");
        assert!(found.iter().all(|(_, fate)| *fate == Fate::Left));
    }
}

#[test]
fn a_caption_and_a_quotation_end_where_they_should() {
    use Generator::{Hexo, Hugo};
    for (generator, text, expected) in [
        (
            Hugo,
            "1. a\n\n   {{< figure src=\"a.png\" caption=\"C\nD\" >}}\n2. b",
            "1. a\n\n   ![C D](a.png)\n\n   *C D*\n\n2. b",
        ),
        (
            Hugo,
            "> {{< figure src=\"a.png\" caption=\"C\" >}}\n> b",
            "> ![C](a.png)\n>\n> *C*\n>\n> b",
        ),
        (
            Hugo,
            "| a | b |\n|---|---|\n| {{< figure src=\"a.png\" caption=\"C | D\" >}} | x |",
            "| a | b |\n|---|---|\n| ![C \\| D](a.png)<br>*C \\| D* | x |",
        ),
        (
            Hugo,
            "{{< figure src=\"a.png\" title=\"T\" caption=\"C\" attr=\"A\" attrlink=\"/x\" >}}",
            "![C](a.png)\n\n**T** *C [A](/x)*",
        ),
        (Hugo, "{{< figure src=\"a.png\" title=\"T\" >}}", "![T](a.png)\n\n*T*"),
        (Hugo, "{{< quote >}}\na\n{{< /quote >}}\nafter", "> a\n\nafter"),
        (
            Hexo,
            "{% blockquote Jo %}\na\n\nb\n{% endblockquote %}\nafter",
            "> a\n>\n> b\n>\n> — Jo\n\nafter",
        ),
        (
            Hexo,
            "- {% blockquote %}\n  [x]({% post_path ebb %})\n  {% endblockquote %}\n- b",
            "- > [x](/articles/ebb)\n\n- b",
        ),
    ] {
        assert_eq!(of(generator, text), (expected.to_owned(), vec![]), "{text}");
    }
    let quote = "a\n\n{% blockquote %}\n\nb\n{% nothing %}\n{% endblockquote %}";
    assert_eq!(of(Hexo, quote).1, [(10, Fate::Left)]);
}

#[test]
fn a_statement_of_mdx_may_have_blank_lines() {
    let of = |text: &str| of(Generator::Astro, &format!("{text}\n\ntext // mdx"));
    for text in [
        "export const m = {\n  a: [1, '}'],\n\n  b: `\n\n}`, // {\n}",
        "export const A = () => (\n  <p>don't</p>\n\n)\nexport const b = \"\\\"(\"",
        "import {\n  a,\n\n  b\n} from 'c'",
    ] {
        assert_eq!(of(text), ("\ntext // mdx".into(), vec![(5, Fate::Changed)]), "{text}");
    }
    // One that never ends does not take the article with it.
    let endless = "export const m = {";
    assert_eq!(of(endless), ("\ntext // mdx".into(), vec![(5, Fate::Changed)]));
    let (text, _) = of("a {/* PIN */}\n{/*\n\n1234 */}\nb");
    assert_eq!(text, "a \nb\n\ntext // mdx");
}

#[test]
fn callouts_and_highlights_of_obsidian_are_shown() {
    for (text, expected) in [
        ("> [!tip]- T\n> a", "> [!TIP] T\n> a"),
        (">[!question]+\n> a", "> [!NOTE] Question\n> a"),
        ("> [!faq] [[Ebb]]?\n> a", "> [!NOTE] [Ebb](/articles/ebb)?\n> a"),
        ("- a\n\n  > [!danger|wide]\n  > b", "- a\n\n  > [!CAUTION] Danger\n  > b"),
        ("> [!warning]\n> a\n> > [!Note] b", "> [!WARNING]\n> a\n> > [!NOTE] b"),
        ("> a\n> [!tip] b", "> a\n> [!tip] b"),
        ("[!tip] a", "[!tip] a"),
        (
            "a ==b `x` **c**== 这是==高亮==文字",
            "a <mark>b `x` **c**</mark> 这是<mark>高亮</mark>文字",
        ),
        ("`==a==` a == b == c ===d=== $x==y==z$", "`==a==` a == b == c ===d=== $x==y==z$"),
        ("https://a.b/?c==d==e [a](b==c==d)", "https://a.b/?c==d==e [a](b==c==d)"),
        ("==a `b== c`", "==a `b== c`"),
        ("Title\n==\n\nx ==\n==", "Title\n==\n\nx ==\n=="),
    ] {
        assert_eq!(of(Generator::Obsidian, text), (expected.to_owned(), vec![]), "{text}");
    }
    let (text, _) = of(Generator::Obsidian, "> [!faq]- Why ==this==?\n> Because.");
    let html = crate::markdown::render(&text).html;
    assert!(
        html.contains("markdown-alert-note") && html.contains("Why <mark>this</mark>?"),
        "{html}"
    );
}

/// Would take minutes if the time grew with the square of the length.
#[test]
fn nothing_takes_the_square_of_its_length() {
    use Generator::{Astro, Eleventy, Hugo, Jekyll, Obsidian, Zola};
    let of_all = ["`", "```a", "~~~", "{{", "{%", "  ", "- ", "> "];
    let tags: &[&str] =
        &["{% highlight %}", "{% highlight c %}x{% endhighlight %}", "{{ '", "{{ \"}}"];
    let items: &[&str] = &["- {% quote %}x{% endquote %}\n", "{% quote %}", "{% comment %}{%"];
    let attributes: &[&str] = &["{: ", "{::comment}", "{::comment}a{:/}", "{{ \"}}\" }}"];
    let figures: &[&str] = &["{{<", "{{< quote >}}", "{{< figure src=a.png caption=b >}}"];
    let names: &[&str] = &["[[", "![[", "%%", "%% ", "a %%\n\n", "> [!a"];
    let signs: &[&str] = &["==", "==a", "$", "$a", "$$"];
    let code: &[&str] = &["{/*", "<A ", "export {\n\n", "export a\n\n"];
    for (generator, parts) in [
        (Eleventy, tags),
        (Eleventy, items),
        (Jekyll, attributes),
        (Hugo, figures),
        (Zola, &["{{ a(", "{{ a", "{% quote() %}"]),
        (Obsidian, names),
        (Obsidian, signs),
        (Astro, code),
    ] {
        for part in parts.iter().chain(&of_all) {
            let many = part.repeat(300_000 / part.len());
            let spaces = " ".repeat(100_000);
            for text in [format!("{spaces}{many}"), format!("{many}%}}}}*/}}")] {
                let reference = |_: &str| None;
                let is_mdx = generator == Astro;
                let origin = Origin {
                    generator: Some(generator),
                    is_mdx,
                    first_line: 1,
                    reference: &reference,
                };
                let _ = convert(&text, &origin);
            }
        }
    }
}

proptest! {
    #[test]
    fn any_text_comes_through(parts in prop::collection::vec(prop::sample::select(PARTS), 0..24)) {
        let text = parts.concat();
        for generator in [
            None,
            Some(Generator::Hugo),
            Some(Generator::Zola),
            Some(Generator::Jekyll),
            Some(Generator::Obsidian),
        ] {
            for is_mdx in [false, true] {
                let reference = |_: &str| None;
                let origin = Origin { generator, is_mdx, first_line: 1, reference: &reference };
                let (converted, notes) = convert(&text, &origin);
                let last = text.matches('\n').count() + 1;
                prop_assert!(notes.iter().all(|note| (1..=last).contains(&note.line)));
                for link in links(&converted) {
                    prop_assert!(converted.get(link.range).is_some());
                }
            }
        }
    }
}

/// Pieces of texts, with everything that begins or ends something.
const PARTS: &[&str] = &[
    "{{<",
    ">}}",
    "{{%",
    "%}}",
    "{%",
    "%}",
    "{{",
    "}}",
    "{:",
    "}",
    "```",
    "~~~\n",
    "`",
    "\n",
    "\n\n",
    "é",
    "潮",
    " ",
    "\"",
    "'",
    "/*",
    "*/",
    "/",
    "highlight",
    "endraw",
    "raw",
    "figure src=a.png",
    "![[",
    "[[",
    "]]",
    "|",
    "#",
    "![a](b.png)",
    "](",
    "<img src=",
    "<",
    ">",
    "[a]: b",
    "import a from 'b'",
    "toc",
    "(",
    ")",
    "end",
    "%%",
    "==",
    "$",
    "{::comment}",
    "{::comment ",
    "{:/comment}",
    "{:/}",
    "{% highlight %}",
    "{% endhighlight %}",
    "{{< quote >}}",
    "{{< /quote >}}",
    "{{< figure src=a.png caption=b >}}",
    "[!tip]",
    "1. ",
    "    ",
    "\t",
    "export {",
    "youtube id=",
    "\\",
    "* TOC\n",
    "> ",
    "- ",
];
