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
            "```go\na := `b`\n```\n",
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
        (Jekyll, "a{% comment %} b {% endcomment %}c", "ac"),
        (
            Jekyll,
            "{% include toc.html %}{% include youtube.html id=\"x\" %}",
            "[Video on YouTube](https://www.youtube.com/watch?v=x)",
        ),
        (Jekyll, "a\n\n* TOC\n{:toc}\n\nb", "a\n\n\n\nb"),
        (Hexo, "{% asset_img \"a b.png\" The sea %}", "![The sea](<a b.png>)"),
        (Hexo, "{% codeblock lang:js a.js %}\nx\n{% endcodeblock %}", "```js\nx\n```\n"),
        (Hexo, "{% post_link ebb The ebb %}", "[The ebb](/articles/ebb)"),
        (Hexo, "{% blockquote Jo %}\na\nb\n{% endblockquote %}", "> a\n> b\n>\n> — Jo"),
        (Zola, "{{ youtube(id=\"x\") }}", "[Video on YouTube](https://www.youtube.com/watch?v=x)"),
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
    "youtube id=",
    "\\",
    "* TOC\n",
    "> ",
    "- ",
];
