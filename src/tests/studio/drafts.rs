//! What was typed and not saved, and what a preview shows of it.

use super::*;

#[test]
fn unsaved_changes_are_recovered_and_can_be_discarded() {
    let studio = Studio::open();
    let writer = studio.author("writer");
    let id = studio.write(&writer, "Half", "save");
    let keep = |article: i64, version: i64, key: &str, title: &str| {
        let fields = [
            ("article", article.to_string()),
            ("version", version.to_string()),
            ("key", key.to_owned()),
            ("typed[title]", title.to_owned()),
            ("typed[slug]", "half".into()),
            ("typed[summary]", String::new()),
            ("typed[tags]", String::new()),
            ("typed[cover]", String::new()),
            ("typed[markdown]", "Typed <b>only".into()),
        ];
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        writer.post("/api/islands/studio-keep-draft", &body)
    };
    let is_kept = |answer: Answer| answer.json()["saved_at"].is_number();
    let answer = keep(id, 1, KEYS[0], "Half way");
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json()["saved_at"], studio.server.clock.now().0);
    let editor = writer.get(&format!("/studio/{id}")).text;
    for part in [
        "Unsaved changes from",
        "value=\"Half way\"",
        "Typed &lt;b&gt;only</textarea>",
        "name=\"version\" value=\"1\"",
    ] {
        assert!(editor.contains(part), "no {part} in {editor}");
    }
    assert!(
        !studio.author("boss").get(&format!("/studio/{id}")).text.contains("Typed &lt;b"),
        "it is one's own"
    );
    let other = studio.author("other");
    let body = format!("article={id}&version=1&key={}&typed[title]=x", KEYS[0]);
    let answer = other.post("/api/islands/studio-keep-draft", &body);
    assert_eq!(answer.status, 404, "{}", answer.text);
    let discarded = [("form_key", KEYS[1]), ("recovered", hidden(&editor, "recovered"))];
    let answer = send(&writer, &format!("/studio/{id}/discard"), &discarded);
    assert_eq!(answer.header("location"), format!("/studio/{id}?done=discarded"));
    assert!(writer.get(&format!("/studio/{id}")).text.contains("value=\"Half\""));
    assert!(
        !is_kept(keep(id, 1, KEYS[1], "Late")),
        "nor does a late draft of the same page return"
    );
    assert!(is_kept(keep(id, 1, KEYS[2], "Half way")));
    let fields = form(&[
        ("title", "Whole"),
        ("slug", "half"),
        ("markdown", "x"),
        ("version", "1"),
        ("form_key", KEYS[2]),
        ("intent", "save"),
    ]);
    assert_eq!(send(&writer, &format!("/studio/{id}"), &fields).status, 303);
    assert!(
        !writer.get(&format!("/studio/{id}")).text.contains("Unsaved changes"),
        "a save takes the draft with it"
    );
    assert!(!is_kept(keep(id, 1, KEYS[2], "Late")), "a late draft does not bring it back");
    assert!(!writer.get(&format!("/studio/{id}")).text.contains("Unsaved changes"));
    // Another user's save doesn't discard a draft.
    let fields = form(&[
        ("title", "Boss"),
        ("slug", "half"),
        ("markdown", "x"),
        ("version", "2"),
        ("intent", "save"),
    ]);
    assert_eq!(send(&studio.author("boss"), &format!("/studio/{id}"), &fields).status, 303);
    let answer = keep(id, 2, KEYS[3], "Mine");
    assert_eq!(answer.json()["changed"], "This article was changed by A Reader.");
    let editor = writer.get(&format!("/studio/{id}")).text;
    assert!(
        editor.contains("value=\"Mine\"") && editor.contains("name=\"version\" value=\"2\""),
        "{editor}"
    );
    assert!(is_kept(keep(0, 0, KEYS[4], "New one")));
    let editor = writer.get("/studio/new").text;
    assert!(editor.contains("value=\"New one\""));
    let fields = form(&[
        ("title", "New one"),
        ("markdown", "x"),
        ("form_key", hidden(&editor, "form_key")),
        ("recovered", hidden(&editor, "recovered")),
        ("intent", "save"),
    ]);
    assert_eq!(send(&writer, "/studio/new", &fields).status, 303);
    assert!(!writer.get("/studio/new").text.contains("value=\"New one\""));
}

#[test]
fn a_failed_save_returns_what_was_typed() {
    let studio = Studio::open();
    let writer = studio.author("writer");
    let id = studio.write(&writer, "Half", "save");
    studio.server.execute("ALTER TABLE article_revisions RENAME TO gone_revisions");
    let fields = form(&[
        ("title", "Half"),
        ("slug", "half"),
        ("markdown", "Typed </textarea><b>and kept"),
        ("version", "1"),
        ("intent", "publish"),
    ]);
    let answer = send(&writer, &format!("/studio/{id}"), &fields);
    assert_eq!(answer.status, 500);
    for part in [
        "Nothing you typed is lost",
        "Typed &lt;/textarea&gt;&lt;b&gt;and kept</textarea>",
        &format!("action=\"/studio/{id}\""),
        "name=\"intent\"",
    ] {
        assert!(answer.text.contains(part), "no {part} in {}", answer.text);
    }
    studio.server.execute("ALTER TABLE gone_revisions RENAME TO article_revisions");
    assert_eq!(
        send(&writer, &format!("/studio/{id}"), &fields).status,
        303,
        "sent again, it is taken"
    );
}

#[test]
fn the_preview_matches_the_published_page() {
    let studio = Studio::open();
    let writer = studio.author("writer");
    let text = "# One\n\n## Two\n\n## Three\n\n```rust\nfn main() {}\n```\n\n<script>x</script>[a](javascript:x)";
    let fields = form(&[
        ("title", "Pre & view"),
        ("tags", "Sea"),
        ("markdown", text),
        ("intent", "publish"),
    ]);
    assert_eq!(send(&writer, "/studio/new", &fields).status, 303);
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("article", "0"),
            ("typed[title]", "Pre & view"),
            ("typed[slug]", ""),
            ("typed[summary]", ""),
            ("typed[tags]", "Sea"),
            ("typed[cover]", ""),
            ("typed[markdown]", text),
        ])
        .finish();
    let answer = writer.post("/api/islands/studio-preview", &body);
    assert_eq!(answer.status, 200, "{}", answer.text);
    let preview: String = serde_json::from_str(&answer.text).unwrap();
    let page = studio.server.someone().get("/articles/pre-view").text;
    // The page also has the counts and the reactions.
    let part = |html: &str, from: &str, to: &str| {
        html.split_once(from)
            .unwrap_or_else(|| panic!("no {from} in {html}"))
            .1
            .split_once(to)
            .unwrap()
            .0
            .to_owned()
    };
    for (from, to) in [
        ("<h1>", "</h1>"),
        ("class=\"prose\">", "<footer"),
        ("<nav class=\"contents\"", "</nav>"),
        ("<ul class=\"tags\"", "</ul>"),
    ] {
        let [from_preview, from_page] = [&preview, &page].map(|html| {
            let html = html.replace(
                "<nav aria-labelledby=\"site-contents\" class=\"contents\"",
                "<nav class=\"contents\"",
            );
            part(
                &html.replace("<ul aria-label=\"Tags\" class=\"tags\"", "<ul class=\"tags\""),
                from,
                to,
            )
        });
        assert_eq!(from_preview, from_page, "{from}");
    }
    assert_eq!(studio.server.someone().post("/api/islands/studio-preview", &body).status, 401);
}
