//! What stands around an article's text: its neighbours, related articles, its series, the date of
//! its last change, and the direction of its language.

use tidemark::server::content::import::{Report, SourceFile, import};

use crate::harness::TestServer;
use crate::page_cache::eventually;

/// A file with a date and more lines of front matter.
fn dated(slug: &str, date: &str, more: &str, text: &str) -> SourceFile {
    let front = format!(
        "title = \"Title of {slug}\"\nslug = \"{slug}\"\ndate = {date}\nauthors = [\"Jo Doe\"]"
    );
    SourceFile { path: format!("{slug}.md"), text: format!("+++\n{front}\n{more}\n+++\n{text}\n") }
}

fn bring_in(server: &TestServer, files: Vec<SourceFile>) {
    let count = files.len();
    let report =
        server.run(import(&server.database, &server.clock, files, Report::default())).unwrap();
    assert_eq!((report.created, report.refused().len()), (count, 0), "{report:?}");
}

fn article(server: &TestServer, slug: &str) -> String {
    let answer = server.someone().get(&format!("/articles/{slug}"));
    assert_eq!(answer.status, 200, "{slug}");
    answer.text
}

/// The address of the link with this relation, if the page has one.
fn linked(page: &str, relation: &str) -> Option<String> {
    let tag = page.split('<').find(|tag| tag.contains(&format!("rel=\"{relation}\"")))?;
    Some(tag.split("href=\"").nth(1)?.split('"').next()?.to_owned())
}

#[test]
fn an_article_leads_to_the_one_before_and_after_it_and_to_related_ones() {
    let server = TestServer::start();
    bring_in(
        &server,
        vec![
            dated("old", "2026-09-01", "tags = [\"Tides\", \"Moon\"]", "a"),
            dated("middle", "2026-09-02", "tags = [\"Moon\", \"Tides\"]", "b"),
            dated("new", "2026-09-03", "tags = [\"Tides\"]", "c"),
            dated("hidden", "2026-09-02", "tags = [\"Tides\", \"Moon\"]\ndraft = true", "d"),
            dated("future", "2027-09-02", "tags = [\"Tides\", \"Moon\"]", "e"),
        ],
    );
    let page = article(&server, "middle");
    assert_eq!(linked(&page, "prev").as_deref(), Some("/articles/old"));
    assert_eq!(linked(&page, "next").as_deref(), Some("/articles/new"));
    let related = page.split("class=\"related\"").nth(1).unwrap();
    let places = ["/articles/old", "/articles/new"].map(|address| related.find(address).unwrap());
    assert!(places[0] < places[1], "who shares more tags comes first: {related}");
    assert!(!page.contains("/articles/hidden") && !page.contains("/articles/future"));
    // With one it shares the first tag alone, with the other both: no one tag says what they are.
    assert!(related.contains(">Related<"), "{related}");
    let page = article(&server, "new");
    assert!(page.contains("More about <") && page.contains("href=\"/tags/tides\""), "{page}");
    assert_eq!(linked(&article(&server, "old"), "prev"), None);
}

#[test]
fn articles_that_nobody_sees_take_no_place_among_the_related_ones() {
    let server = TestServer::start();
    let tags = "tags = [\"Tides\", \"Moon\"]";
    let mut files =
        vec![dated("one", "2026-09-01", tags, "a"), dated("two", "2026-09-02", tags, "b")];
    let drafts: Vec<String> = (0..25).map(|number| format!("draft-{number}")).collect();
    let front = format!("{tags}\ndraft = true");
    files.extend(drafts.iter().map(|slug| dated(slug, "2026-09-03", &front, "c")));
    bring_in(&server, files);
    let page = article(&server, "one");
    let related = page.split("class=\"related\"").nth(1).unwrap();
    assert!(related.contains("/articles/two"), "{related}");
}

#[test]
fn a_new_article_becomes_the_next_one_of_the_former_newest() {
    let server = TestServer::start();
    bring_in(&server, vec![dated("newest", "2026-11-02T00:00:00Z", "", "a")]);
    for _ in 0..2 {
        assert_eq!(linked(&article(&server, "newest"), "next"), None);
    }
    bring_in(&server, vec![dated("newer", "2026-11-02T01:00:00Z", "", "b")]);
    // The import runs beside the server, which notices within a second.
    eventually(&server, "/articles/newest", |answer| {
        linked(&answer.text, "next").as_deref() == Some("/articles/newer")
    });
}

#[test]
fn a_series_says_which_part_an_article_is_and_links_the_others() {
    let server = TestServer::start();
    let series = "series = \"The <tides>\"";
    bring_in(
        &server,
        vec![
            dated("two", "2026-09-02", series, "a"),
            dated("one", "2026-09-01", series, "b"),
            dated("three", "2026-09-03", series, "c"),
            dated("draft", "2026-09-04", &format!("{series}\ndraft = true"), "d"),
            dated("alone", "2026-09-05", "series = \"Alone\"", "e"),
        ],
    );
    let page = article(&server, "two");
    let text = page.replace("<!>", "");
    assert!(text.contains("Part 2 of 3 of "), "{text}");
    assert!(text.contains("The &lt;tides&gt;"), "{text}");
    let series = page.split("class=\"series\"").nth(1).unwrap().split("</nav>").next().unwrap();
    let one = series.find("/articles/one").unwrap();
    assert!(one < series.find("/articles/three").unwrap(), "{series}");
    assert!(!series.contains("/articles/draft") && !series.contains("/articles/two"), "{series}");
    assert!(!article(&server, "alone").contains("class=\"series\""));
}

#[test]
fn an_article_says_when_it_was_updated_only_if_it_was() {
    let server = TestServer::start();
    bring_in(
        &server,
        vec![
            dated("changed", "2026-09-01", "lastmod = 2026-09-20", "a"),
            dated("imported", "2026-09-01", "", "b"),
        ],
    );
    assert!(article(&server, "changed").contains("September 20, 2026"));
    assert!(!article(&server, "imported").contains("Updated"));
    let sitemap = server.someone().get("/sitemap.xml?part=articles-0").text;
    assert!(sitemap.contains("<lastmod>2026-09-20"), "{sitemap}");
    assert!(sitemap.contains("<lastmod>2026-09-01"), "{sitemap}");
}

#[test]
fn an_article_is_written_in_the_direction_of_its_language_with_formulas_and_its_share_links() {
    let server = TestServer::start();
    bring_in(
        &server,
        vec![dated("right", "2026-09-01", "lang = \"fa\"", "Let $x^2$ be.\n\n## Content\n\ntext")],
    );
    let page = article(&server, "right");
    assert!(page.contains("dir=\"rtl\"") && page.contains("lang=\"fa\""), "{page}");
    assert!(page.contains("<msup><mi>x</mi><mn>2</mn></msup>"), "{page}");
    assert_eq!(page.matches("id=\"content\"").count(), 1, "{page}");
    assert!(page.contains("href=\"mailto:?subject=Title%20of%20right&amp;body=http"), "{page}");
    assert!(page.contains("data-copy=\"http"), "{page}");
}
