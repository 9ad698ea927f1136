//! The addresses and tags of articles when several authors want them.

use super::*;

#[test]
fn after_a_slug_changes_the_old_address_redirects() {
    let studio = Studio::open();
    let writer = studio.author("writer");
    let id = studio.write(&writer, "Moving", "publish");
    let page = format!("/studio/{id}");
    let save = |version: &str, slug: &str| {
        let fields = [
            ("title", "Moving"),
            ("slug", slug),
            ("markdown", "text"),
            ("version", version),
            ("intent", "save"),
        ];
        let answer = send(&writer, &page, &form(&fields));
        assert_eq!(answer.status, 303, "{}", answer.text);
    };
    save("1", "moved");
    let old = studio.server.someone().get("/articles/moving");
    assert_eq!((old.status, old.header("location")), (301, "/articles/moved"));
    save("2", "moving");
    assert_eq!(studio.server.someone().get("/articles/moving").status, 200);
    assert_eq!(
        studio.server.someone().get("/articles/moved").header("location"),
        "/articles/moving"
    );
}

#[test]
fn an_old_address_stays_with_its_article_unless_who_wants_it_may_edit_that() {
    let studio = Studio::open();
    let (writer, other, boss) =
        (studio.author("writer"), studio.author("other"), studio.author("boss"));
    let id = studio.write(&writer, "Tides", "publish");
    let renamed = [
        ("title", "Tides"),
        ("slug", "all-tides"),
        ("markdown", "text"),
        ("version", "1"),
        ("intent", "save"),
    ];
    assert_eq!(send(&writer, &format!("/studio/{id}"), &form(&renamed)).status, 303);
    let leads_to = || studio.server.someone().get("/articles/tides").header("location").to_owned();
    let new = |slug: &'static str| {
        form(&[("title", "Mine"), ("slug", slug), ("markdown", "text"), ("intent", "publish")])
    };
    let refused = send(&other, "/studio/new", &new("tides"));
    assert_eq!(refused.status, 422, "{}", refused.text);
    let id = studio.write(&other, "Mine", "publish");
    let taken = [
        ("title", "Mine"),
        ("slug", "tides"),
        ("markdown", "text"),
        ("version", "1"),
        ("intent", "save"),
    ];
    let refused = send(&other, &format!("/studio/{id}"), &form(&taken));
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert_eq!(leads_to(), "/articles/all-tides");
    for (author, text) in [(&writer, "of the same author"), (&boss, "of an administrator")] {
        let answer = send(author, "/studio/new", &new("tides"));
        // The first of them takes it.
        let is_first = text == "of the same author";
        assert_eq!(answer.status, if is_first { 303 } else { 422 }, "{text}: {}", answer.text);
    }
    assert_eq!(studio.server.someone().get("/articles/tides").status, 200);
}

#[test]
fn a_tag_has_the_name_of_what_was_published_first() {
    let studio = Studio::open();
    let (writer, other) = (studio.author("writer"), studio.author("other"));
    let tagged = |title: &'static str, tags: &'static str, intent: &'static str| {
        form(&[("title", title), ("tags", tags), ("markdown", "text"), ("intent", intent)])
    };
    for (author, title, tags, intent) in [
        (&other, "Draft", "cLiMaTe", "save"),
        (&writer, "First", "Climate", "publish"),
        (&other, "Second", "CLIMATE", "publish"),
    ] {
        assert_eq!(send(author, "/studio/new", &tagged(title, tags, intent)).status, 303);
    }
    let page = studio.server.someone().get("/tags/climate").text;
    assert!(page.contains(">Climate<") && !page.contains("CLIMATE"), "{page}");
}
