//! What is too large or too slow is refused or cut, and nobody waits for it.

use super::*;

/// Submits a form and asserts that `/healthz` keeps answering while the server works on it.
fn send_and_watch(studio: &Studio, author: &Client, path: &str, fields: &[(&str, &str)]) -> Answer {
    std::thread::scope(|scope| {
        let sent = scope.spawn(|| send(author, path, fields));
        let mut asked = 0;
        while !sent.is_finished() || asked == 0 {
            assert_eq!(studio.server.someone().get("/healthz").status, 200);
            asked += 1;
        }
        sent.join().unwrap()
    })
}

/// Each of these texts once took seconds to minutes, on a thread that serves pages. The test's
/// client times out after a minute.
#[test]
fn an_expensive_text_is_saved_and_pages_are_served_meanwhile() {
    let studio = Studio::open();
    let writer = studio.author("writer");
    let minified = format!("```css\n{}\n```", "a{b:c}".repeat(16_000));
    for text in [
        minified.as_str(),
        &"<ul><li>".repeat(20_000),
        &"<div>".repeat(20_000),
        &">".repeat(30_000),
        &("[^a] ".repeat(100_000) + "\n\n[^a]: b"),
        &format!("<p{}>x", " a".repeat(100_000)),
        &"&".repeat(50_000),
        &"(www.a<".repeat(20_000),
        &format!("<p>a</p><table>{}", "<br>".repeat(50_000)),
        &format!("<p><b title=\"{}\">{}", "x".repeat(7_000), "</p><p>x".repeat(20_000)),
    ] {
        let fields = form(&[("title", "Much work"), ("markdown", text), ("intent", "publish")]);
        let answer = send_and_watch(&studio, &writer, "/studio/new", &fields);
        assert_eq!(answer.status, 303, "{}: {}", &text[..20], answer.text);
        let page = answer.header("location").split('?').next().unwrap().to_owned();
        // A busy machine may take a database that answers late for one that is away.
        wait_until(&text[..20], || writer.get(&page).status == 200);
    }
    let largest = studio.server.number("SELECT max(length(html)) FROM articles WHERE ? = ''", "");
    assert!(largest < 4_000_000, "{largest} bytes");
}

#[test]
fn the_preview_tells_the_author_which_limits_a_text_exceeds() {
    let studio = Studio::open();
    let writer = studio.author("writer");
    let preview = |text: &str| {
        let fields = [("article", "0"), ("typed[title]", "x"), ("typed[markdown]", text)];
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        writer.post("/api/islands/studio-preview", &body)
    };
    assert!(!preview("text").text.contains("notice"));
    assert!(preview(&"<div>".repeat(500)).text.contains("nested more than 100 levels"));
    assert!(
        preview(&format!("```css\n{}\n```", "a{b:c}".repeat(500)))
            .text
            .contains("too long to be highlighted")
    );
    assert!(
        preview(&format!("<p title=\"{}\">x", "y".repeat(10_000))).text.contains("more than 8 KiB")
    );
    assert!(
        preview(&format!("<table>{}", "<br>".repeat(2_000))).text.contains("outside their cells")
    );
    assert!(preview(&"(www.a<".repeat(5_000)).text.contains("none is made into a link"));
}

#[test]
fn the_number_of_tags_is_checked_first() {
    let studio = Studio::open();
    let writer = studio.author("writer");
    let tags: String = (0..120_000).map(|number| format!("t{number},")).collect();
    let fields =
        form(&[("title", "Tagged"), ("markdown", "x"), ("tags", &tags), ("intent", "save")]);
    let answer = send_and_watch(&studio, &writer, "/studio/new", &fields);
    assert_eq!(answer.status, 422);
    assert!(answer.text.contains("at most 10 tags"));
    let long = "潮".repeat(100_000);
    let fields =
        form(&[("title", "Tagged"), ("markdown", "x"), ("tags", &long), ("intent", "save")]);
    assert!(send(&writer, "/studio/new", &fields).text.contains("at most 50 characters"));
}

#[test]
fn a_draft_has_the_size_limits_of_an_article() {
    let studio = Studio::open();
    let writer = studio.author("writer");
    for (field, length) in
        [("title", 3_000_000), ("slug", 121), ("summary", 501), ("tags", 2_000), ("cover", 1_001)]
    {
        let (name, text) = (format!("typed[{field}]"), "x".repeat(length));
        let fields = [("article", "0"), ("version", "0"), (name.as_str(), text.as_str())];
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        for path in ["/api/islands/studio-keep-draft", "/api/islands/studio-preview"] {
            assert_eq!(
                writer.post(path, &body).status,
                413,
                "{path} with {length} characters of {field}"
            );
        }
    }
    assert_eq!(studio.server.number("SELECT count(*) FROM article_drafts WHERE ? = ''", ""), 0);
}

#[test]
fn comparing_large_revisions_stays_within_a_budget_and_the_page_says_what_it_omits() {
    let studio = Studio::open();
    let writer = studio.author("writer");
    let text =
        |salt: u32| (0..15_000u32).map(|line| format!("{} ebb\n", line * salt)).collect::<String>();
    let (before, after) = (text(7), text(11));
    let fields = form(&[("title", "Large"), ("markdown", &before), ("intent", "save")]);
    let answer = send(&writer, "/studio/new", &fields);
    let page = answer.header("location").split('?').next().unwrap().to_owned();
    let fields = form(&[
        ("title", "Large"),
        ("slug", "large"),
        ("markdown", &after),
        ("version", "1"),
        ("intent", "save"),
    ]);
    assert_eq!(send(&writer, &page, &fields).status, 303);
    let compared = writer.get(&format!("{page}/revisions/2"));
    assert_eq!(compared.status, 200);
    assert!(compared.text.contains("are not shown: there are too many"));
    assert!(compared.text.len() < 2_000_000, "{} bytes", compared.text.len());
}

#[test]
fn old_revisions_are_pruned_but_never_the_current_one() {
    let studio = Studio::with(&[
        ("TIDEMARK_REVISIONS__PER_ARTICLE", "3"),
        ("TIDEMARK_REVISIONS__PER_USER", "4"),
    ]);
    let writer = studio.author("writer");
    let save = |id: i64, version: i64| {
        studio.server.clock.advance(Duration::from_secs(1));
        let (number, text) = (version.to_string(), format!("text {version}"));
        let fields = form(&[
            ("title", "Kept"),
            ("markdown", &text),
            ("version", &number),
            ("intent", "save"),
        ]);
        let answer = send(&writer, &format!("/studio/{id}"), &fields);
        assert_eq!(answer.status, 303, "{}", answer.text);
    };
    let first = studio.write(&writer, "First of two", "save");
    (1..=5).for_each(|version| save(first, version));
    assert_eq!(studio.row(first, "revisions"), 3);
    let list = writer.get(&format!("/studio/{first}/revisions")).text;
    assert!(
        list.contains("Version 6") && list.contains("Version 4") && !list.contains("Version 3"),
        "{list}"
    );
    assert_eq!(writer.get(&format!("/studio/{first}/revisions/5")).status, 200);
    assert_eq!(writer.get(&format!("/studio/{first}/revisions/3")).status, 404);
    studio.server.clock.advance(Duration::from_secs(1));
    let second = studio.write(&writer, "Second of two", "save");
    (1..=4).for_each(|version| save(second, version));
    assert_eq!(
        (studio.row(first, "revisions"), studio.row(second, "revisions")),
        (1, 3),
        "the oldest go"
    );
    assert_eq!(
        writer.get(&format!("/studio/{first}/revisions/6")).status,
        200,
        "the current version stays"
    );
}
