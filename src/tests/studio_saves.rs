//! Nothing that was typed in the studio is lost: saves sent twice, stale pages, several tabs,
//! dates.

use std::time::Duration;

use tidemark::server::db::actor::Role;
use tidemark::server::db::drafts::EditorForm;
use tidemark::server::jobs::Job;
use tidemark::server::studio::drafts::new_form_key;
use tidemark_counting::ArticleId;
use tidemark_store::clock::Millis;

use crate::harness::{Answer, Client};
use crate::studio::{KEYS, Studio, form, hidden, send};

const PASSWORD: &str = "a-good-password";

/// Saves the article with this title, text and version.
fn save(
    client: &Client,
    id: i64,
    title: &str,
    text: &str,
    version: i64,
    more: &[(&str, &str)],
) -> Answer {
    let (slug, version) = (title.to_lowercase(), version.to_string());
    let mut fields =
        form(&[("title", title), ("slug", &slug), ("markdown", text), ("version", &version)]);
    fields.extend(more);
    send(client, &format!("/studio/{id}"), &fields)
}

/// Stores a draft as the editor does while somebody types.
fn keep(client: &Client, article: i64, version: i64, key: &str, text: &str) -> Answer {
    let (article, version) = (article.to_string(), version.to_string());
    let fields = [
        ("article", article.as_str()),
        ("version", &version),
        ("key", key),
        ("typed[title]", "Kept"),
        ("typed[slug]", "kept"),
        ("typed[markdown]", text),
    ];
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    client.post("/api/islands/studio-keep-draft", &body)
}

/// What the page says above the editor after an action.
fn done(answer: &Answer) -> &str {
    assert_eq!(answer.status, 303, "{}", answer.text);
    answer.header("location").split_once("?done=").unwrap_or_default().1
}

fn text_of(studio: &Studio, id: i64) -> String {
    let article =
        studio.server.run(studio.server.database.editable(ArticleId(id))).unwrap().unwrap();
    article.fields.markdown
}

fn published_at(studio: &Studio, id: i64) -> Option<i64> {
    let article =
        studio.server.run(studio.server.database.editable(ArticleId(id))).unwrap().unwrap();
    article.fields.published_at.map(|at| at.0)
}

fn articles_named(studio: &Studio, title: &str) -> i64 {
    studio.server.number("SELECT count(*) FROM articles WHERE title = ?", title)
}

#[test]
fn a_save_sent_twice_is_no_conflict_with_itself() {
    let studio = Studio::open();
    let writer = studio.author("writer");
    let id = studio.write(&writer, "Twice", "save");
    for (version, intent, said) in
        [(1, "save", "saved"), (2, "publish", "published"), (3, "unpublish", "unpublished")]
    {
        let text = format!("Text {version}");
        let fields = [("intent", intent), ("form_key", KEYS[0])];
        for _ in 0..3 {
            let answer = save(&writer, id, "Twice", &text, version, &fields);
            assert_eq!(done(&answer), said, "{intent}");
            studio.server.clock.advance(Duration::from_secs(60));
        }
        assert_eq!(studio.row(id, "version"), version + 1, "{intent}: stored once");
        assert_eq!(text_of(&studio, id), text);
    }
    // Both may be under way at the same time, as after a double click.
    let fields = [("intent", "publish"), ("form_key", KEYS[1])];
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let send = || save(&writer, id, "Twice", "At once", 4, &fields);
        let sent: Vec<_> = (0..4).map(|_| scope.spawn(send)).collect();
        sent.into_iter().map(|sent| sent.join().unwrap()).collect()
    });
    assert!(answers.iter().all(|answer| done(answer) == "published"));
    assert_eq!(studio.row(id, "version"), 5);
    // Another text at an old version is a conflict as ever.
    assert_eq!(save(&writer, id, "Twice", "Other", 4, &[]).status, 409);
    assert_eq!(text_of(&studio, id), "At once");
}

#[test]
fn a_new_article_sent_twice_is_made_once() {
    let studio = Studio::open();
    let writer = studio.author("writer");
    let page = writer.get("/studio/new").text;
    let key = hidden(&page, "form_key");
    assert_ne!(key, hidden(&writer.get("/studio/new").text, "form_key"), "each form has its own");
    let fields = |text: &'static str, key| {
        form(&[("title", "Once"), ("markdown", text), ("intent", "publish"), ("form_key", key)])
    };
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let send = || send(&writer, "/studio/new", &fields("Its text", key));
        let sent: Vec<_> = (0..4).map(|_| scope.spawn(send)).collect();
        sent.into_iter().map(|sent| sent.join().unwrap()).collect()
    });
    let address = answers[0].header("location").to_owned();
    studio.server.clock.advance(Duration::from_secs(3600));
    let late = send(&writer, "/studio/new", &fields("Its text", key));
    for answer in answers.iter().chain([&late]) {
        assert_eq!((done(answer), answer.header("location")), ("published", address.as_str()));
    }
    assert_eq!(articles_named(&studio, "Once"), 1);
    let id = studio.server.id("once");
    assert_eq!(studio.row(id, "version"), 1);
    // The same form with another text makes no article and overwrites none: both texts are shown.
    let answer = send(&writer, "/studio/new", &fields("Another <b>text", key));
    assert_eq!(answer.status, 409);
    for part in [
        "This form has already been saved as this article. Your text is safe.",
        "Another &lt;b&gt;text</textarea>",
        "name=\"version\" value=\"1\"",
        &format!("action=\"/studio/{id}\""),
    ] {
        assert!(answer.text.contains(part), "no {part} in {}", answer.text);
    }
    assert_ne!(hidden(&answer.text, "form_key"), key, "the page goes on under a new key");
    assert_eq!((articles_named(&studio, "Once"), text_of(&studio, id).as_str()), (1, "Its text"));
    // Another form makes another article, and so does another author's with the same key.
    assert_eq!(done(&send(&writer, "/studio/new", &fields("Its text", KEYS[0]))), "published");
    let other = studio.author("other");
    assert_eq!(done(&send(&other, "/studio/new", &fields("Its text", key))), "published");
    assert_eq!(articles_named(&studio, "Once"), 3);
}

#[test]
fn a_corrected_form_for_a_new_article_is_still_the_same_form() {
    let studio = Studio::open();
    let writer = studio.author("writer");
    let fields = form(&[("title", ""), ("markdown", "Typed"), ("form_key", KEYS[0])]);
    let refused = send(&writer, "/studio/new", &fields);
    assert_eq!((refused.status, hidden(&refused.text, "form_key")), (422, KEYS[0]));
    assert!(
        writer.get("/studio/new").text.contains("Typed</textarea>"),
        "what was refused is a draft, so closing the page loses nothing"
    );
    let fields = form(&[("title", "Right"), ("markdown", "Typed"), ("form_key", KEYS[0])]);
    assert_eq!(done(&send(&writer, "/studio/new", &fields)), "saved");
    assert!(!writer.get("/studio/new").text.contains("Typed</textarea>"));
    // A key that this program can't have made is none.
    for key in ["", "x", &"0".repeat(33), &"A".repeat(32)] {
        let fields = form(&[("title", "Keyless"), ("markdown", "Typed"), ("form_key", key)]);
        assert_eq!(done(&send(&writer, "/studio/new", &fields)), "saved", "{key}");
        let expected = if key.is_empty() { 200 } else { 400 };
        assert_eq!(keep(&writer, 0, 0, key, "Typed").status, expected, "{key}");
    }
}

#[test]
fn every_action_checks_the_version_that_its_page_showed() {
    let studio = Studio::open();
    let (writer, boss) = (studio.author("writer"), studio.author("boss"));
    let id = studio.write(&writer, "Checked", "publish");
    let page = format!("/studio/{id}");
    let act = |client: &Client, action: &str, version: &str| {
        send(client, &format!("{page}/{action}"), &[("version", version)])
    };
    let is_in_bin = || {
        studio.server.number("SELECT count(deleted_at) FROM articles WHERE id = ?", &id.to_string())
    };
    assert_eq!(hidden(&writer.get(&page).text, "version"), "1", "the form of the bin has it too");
    assert_eq!(done(&save(&boss, id, "Checked", "New", 1, &[])), "saved");
    keep(&writer, id, 1, KEYS[0], "Typed before it was changed");
    for version in ["1", "", "x", "3"] {
        let answer = act(&writer, "bin", version);
        assert_eq!((answer.status, is_in_bin()), (409, 0), "{version}");
        let said = "This article was changed by A Reader. Look at it again before you move it";
        assert!(answer.text.contains(said), "{}", answer.text);
        assert!(answer.text.contains("New</textarea>"), "it shows what is stored now");
        assert!(answer.text.contains("other unsaved changes"), "and offers what was typed");
        assert_eq!(hidden(&answer.text, "version"), "2", "and can be pressed again");
    }
    let unpublish = save(&writer, id, "Checked", "The *text*.", 1, &[("intent", "unpublish")]);
    assert_eq!(unpublish.status, 409);
    assert_eq!(studio.server.someone().get("/articles/checked").status, 200);
    for _ in 0..2 {
        assert_eq!(done(&act(&writer, "bin", "2")), "bin", "also if it is sent twice");
    }
    assert_eq!((is_in_bin(), studio.row(id, "version")), (1, 3));
    let editor = writer.get(&page).text;
    assert!(editor.contains(">Restore<") && !editor.contains(">Publish now<"), "{editor}");
    // While one looked at the bin, somebody else restored, changed and deleted it again.
    assert_eq!(done(&act(&boss, "restore", "3")), "restored");
    assert_eq!(act(&writer, "bin", "3").status, 409);
    assert_eq!(done(&save(&boss, id, "Checked", "Newer", 4, &[])), "saved");
    assert_eq!(done(&act(&boss, "bin", "5")), "bin");
    let answer = act(&writer, "restore", "3");
    assert_eq!((answer.status, is_in_bin()), (409, 1));
    assert!(answer.text.contains("Look at it again before you restore it."), "{}", answer.text);
    for _ in 0..2 {
        assert_eq!(done(&act(&writer, "restore", "6")), "restored");
    }
    assert_eq!((is_in_bin(), studio.row(id, "version")), (0, 7));
}

#[test]
fn a_conflict_names_who_changed_the_article() {
    let studio = Studio::open();
    studio.server.add_user_with_role("chief", PASSWORD, Role::Admin);
    let (writer, chief) = (studio.author("writer"), studio.author("chief"));
    assert_eq!(chief.post("/account/name", "name=The+%3CChief%3E").status, 303);
    let id = studio.write(&writer, "Named", "save");
    assert_eq!(done(&save(&chief, id, "Named", "The chief's", 1, &[])), "saved");
    let says = |version: i64, said: &str| {
        let answer = save(&writer, id, "Named", "The writer's", version, &[("form_key", KEYS[0])]);
        assert_eq!(answer.status, 409, "{said}");
        assert!(answer.text.contains(&format!(">{said} Your text is safe.<")), "{}", answer.text);
        let kept = keep(&writer, id, version, KEYS[0], "The writer's").json();
        assert_eq!(kept["changed"], said.replace("&lt;", "<").replace("&gt;", ">"));
    };
    says(1, "This article was changed by The &lt;Chief&gt;.");
    assert_eq!(done(&save(&writer, id, "Named", "Of another tab", 2, &[])), "saved");
    says(2, "This article was changed in another tab.");
    assert_eq!(done(&send(&chief, &format!("/studio/{id}/bin"), &[("version", "3")])), "bin");
    says(3, "This article was moved to the bin.");
    assert_eq!(
        keep(&writer, id, 4, KEYS[0], "x").json()["changed"],
        serde_json::Value::Null,
        "nobody changed this version"
    );
}

#[test]
fn a_time_in_the_past_publishes_nothing_and_says_so() {
    let studio = Studio::open();
    let writer = studio.author("writer");
    let past = [("intent", "schedule"), ("published_at", "2026-11-24T12:00")];
    let mut fields = form(&[("title", "Late"), ("markdown", "text")]);
    fields.extend(past);
    let answer = send(&writer, "/studio/new", &fields);
    assert_eq!(answer.status, 422);
    let said = "That time has passed: it is 2026-11-24, 12:00 (UTC).";
    assert!(answer.text.contains(said), "{}", answer.text);
    let id = studio.write(&writer, "Late", "save");
    assert_eq!(save(&writer, id, "Late", "text", 1, &past).status, 422);
    assert_eq!((studio.row(id, "version"), published_at(&studio, id)), (1, None));
    assert_eq!(studio.server.someone().get("/articles/late").status, 404);
    // A save that was scheduled in time may be sent again later.
    let later = [("intent", "schedule"), ("published_at", "2026-11-24T12:01")];
    assert_eq!(done(&save(&writer, id, "Late", "text", 1, &later)), "scheduled");
    studio.server.clock.advance(Duration::from_secs(120));
    assert_eq!(done(&save(&writer, id, "Late", "text", 1, &later)), "dated");
    assert_eq!(studio.row(id, "version"), 2);
    // Once readers see it, its date can be corrected.
    let page = writer.get(&format!("/studio/{id}")).text;
    assert!(page.contains(">Change the date<") && page.contains("value=\"2026-11-24T12:01\""));
    let earlier = [("intent", "schedule"), ("published_at", "2020-02-29T08:00")];
    assert_eq!(done(&save(&writer, id, "Late", "text", 2, &earlier)), "dated");
    assert!(studio.server.someone().get("/articles/late").text.contains("February 29, 2020"));
}

#[test]
fn publishing_again_after_unpublishing_gives_the_date_of_that_moment() {
    let studio = Studio::open();
    let writer = studio.author("writer");
    let id = studio.write(&writer, "Again", "publish");
    let first = published_at(&studio, id).unwrap();
    assert_eq!(first, studio.server.clock.now().0);
    studio.server.clock.advance(Duration::from_secs(86_400));
    assert_eq!(done(&save(&writer, id, "Again", "text", 1, &[("intent", "publish")])), "published");
    assert_eq!(published_at(&studio, id), Some(first), "an article that readers see keeps it");
    assert_eq!(
        done(&save(&writer, id, "Again", "text", 2, &[("intent", "unpublish")])),
        "unpublished"
    );
    let body = format!("article={id}&typed[title]=Again&typed[markdown]=text");
    let preview = writer.post("/api/islands/studio-preview", &body).text;
    assert!(preview.contains("November 25, 2026"), "the preview shows the new date: {preview}");
    assert_eq!(done(&save(&writer, id, "Again", "text", 3, &[("intent", "publish")])), "published");
    assert_eq!(published_at(&studio, id), Some(studio.server.clock.now().0));
    assert!(studio.server.someone().get("/articles/again").text.contains("November 25, 2026"));
}

#[test]
fn times_are_taken_and_shown_in_the_time_zone_of_the_author() {
    let studio = Studio::open();
    let writer = studio.author("writer");
    let set = |zone: &str| writer.post("/account/time-zone", &format!("time_zone={zone}"));
    for unknown in ["Mars/Olympus", "europe/berlin", "", "../UTC"] {
        let answer = set(unknown);
        assert_eq!(answer.status, 422, "{unknown}");
        assert!(answer.text.contains("There is no such time zone"), "{}", answer.text);
    }
    let answer = set("Europe/Berlin");
    assert_eq!((answer.status, answer.header("location")), (303, "/account?changed=time-zone"));
    let account = writer.get("/account").text;
    assert!(account.contains("<option selected>Europe/Berlin</option>"), "{account}");
    let id = studio.write(&writer, "Tomorrow", "save");
    // It is noon in UTC, and one in the afternoon in Berlin.
    let past = [("intent", "schedule"), ("published_at", "2026-11-24T12:30")];
    let answer = save(&writer, id, "Tomorrow", "text", 1, &past);
    assert_eq!(answer.status, 422);
    assert!(answer.text.contains("it is 2026-11-24, 13:00 (Europe/Berlin)"), "{}", answer.text);
    let later = [("intent", "schedule"), ("published_at", "2026-11-24T13:30")];
    assert_eq!(done(&save(&writer, id, "Tomorrow", "text", 1, &later)), "scheduled");
    let half_past = studio.server.clock.now().0 + 30 * 60 * 1_000;
    assert_eq!(published_at(&studio, id), Some(half_past));
    let editor = writer.get(&format!("/studio/{id}")).text;
    for part in ["Time (Europe/Berlin)", "value=\"2026-11-24T13:30\"", "13:30 CET"] {
        assert!(editor.contains(part), "no {part} in {editor}");
    }
    assert!(writer.get("/articles/tomorrow").text.contains("November 24, 2026, 13:30 CET"));
    // A form that was open when another time zone was chosen means the one that it shows.
    assert!(editor.contains("name=\"time_zone\" value=\"Europe/Berlin\""), "{editor}");
    assert_eq!(set("Asia/Tokyo").status, 303);
    let old_tab = [
        ("intent", "schedule"),
        ("published_at", "2026-11-24T14:00"),
        ("time_zone", "Europe/Berlin"),
    ];
    assert_eq!(done(&save(&writer, id, "Tomorrow", "text", 2, &old_tab)), "scheduled");
    assert_eq!(published_at(&studio, id), Some(half_past + 30 * 60 * 1_000));
    let past = [("intent", "schedule"), ("published_at", "2026-11-24T12:30"), old_tab[2]];
    let again = save(&writer, id, "Tomorrow", "text", 3, &past).text;
    assert!(again.contains("Time (Europe/Berlin)"), "its time is in that zone: {again}");
    assert!(writer.get("/articles/tomorrow").text.contains("22:00 JST"));
    let boss = studio.author("boss");
    assert!(boss.get("/articles/tomorrow").text.contains("November 24, 2026, 13:00 UTC"));
}

#[test]
fn a_scheduled_article_can_be_seen_published_and_cancelled_by_its_authors() {
    let studio = Studio::open();
    let (writer, other, boss) =
        (studio.author("writer"), studio.author("other"), studio.author("boss"));
    let id = studio.write(&writer, "Tomorrow", "save");
    let path = "/articles/tomorrow";
    assert_eq!(writer.get(path).status, 404, "a draft has no page yet");
    let later = [("intent", "schedule"), ("published_at", "2026-11-25T12:00")];
    assert_eq!(done(&save(&writer, id, "Tomorrow", "Its *text*", 1, &later)), "scheduled");
    let editor = writer.get(&format!("/studio/{id}")).text;
    for part in [">Publish now<", ">Cancel the schedule<", ">Change the time<", path] {
        assert!(editor.contains(part), "no {part} in {editor}");
    }
    assert!(!editor.contains(">Unpublish<"), "{editor}");
    for client in [&writer, &boss] {
        let page = client.get(path);
        assert_eq!(page.status, 200);
        for part in
            ["Its <em>text</em>", "Scheduled for ", "November 25, 2026, 12:00 UTC", "noindex"]
        {
            assert!(page.text.contains(part), "no {part} in {}", page.text);
        }
        // Nothing to count or to like yet.
        assert!(!page.text.contains("data-article=") && !page.text.contains("data-reaction"));
        let data = client.get("/api/pages/article?slug=tomorrow").json();
        assert_eq!(data["content"]["is_scheduled"], true);
    }
    for client in [&other, &studio.server.someone()] {
        assert_eq!(client.get(path).status, 404);
        assert_eq!(client.get("/api/pages/article?slug=tomorrow").status, 404);
    }
    assert_eq!(writer.view(id).status, 404);
    assert_eq!(
        done(&save(&writer, id, "Tomorrow", "Its *text*", 2, &[("intent", "unpublish")])),
        "unscheduled"
    );
    assert_eq!(writer.get(path).status, 404);
    assert_eq!(done(&save(&writer, id, "Tomorrow", "Its *text*", 3, &later)), "scheduled");
    assert_eq!(
        done(&save(&writer, id, "Tomorrow", "Its *text*", 4, &[("intent", "publish")])),
        "published"
    );
    assert_eq!(published_at(&studio, id), Some(studio.server.clock.now().0));
    let page = studio.server.someone().get(path);
    assert!(page.status == 200 && !page.text.contains("Scheduled for "), "{}", page.text);
    assert!(writer.get(path).text.contains("data-article="), "it is a page like any other now");
}

#[test]
fn two_tabs_of_an_article_keep_a_draft_each() {
    let studio = Studio::open();
    let writer = studio.author("writer");
    let id = studio.write(&writer, "Kept", "save");
    let page = format!("/studio/{id}");
    let tick = || studio.server.clock.advance(Duration::from_secs(1));
    keep(&writer, id, 1, KEYS[0], "Much that was typed in the first tab.");
    tick();
    keep(&writer, id, 1, KEYS[1], "One word in the second.");
    let editor = writer.get(&page).text;
    assert!(editor.contains("One word in the second.</textarea>"), "the newest is recovered");
    let open = format!("href=\"{page}?draft={}\"", KEYS[0]);
    assert!(editor.contains("other unsaved changes") && editor.contains(&open), "{editor}");
    let first = writer.get(&format!("{page}?draft={}", KEYS[0])).text;
    assert!(first.contains("Much that was typed in the first tab.</textarea>"), "{first}");
    // The second tab is saved. The first one's text stays, is offered, and replaces nothing.
    let saved = save(&writer, id, "Kept", "Of the second tab", 1, &[("form_key", KEYS[1])]);
    assert_eq!(done(&saved), "saved");
    let after = writer.get(saved.header("location")).text;
    assert!(after.contains("Of the second tab</textarea>") && after.contains(&open), "{after}");
    let kept = keep(&writer, id, 1, KEYS[0], "Much that was typed in the first tab, and more.");
    assert_eq!(kept.json()["changed"], "This article was changed in another tab.");
    assert!(writer.get(&page).text.contains("in the first tab, and more.</textarea>"));
    // What a page showed is discarded, and what was typed since then is not.
    let shown = writer.get(&page).text;
    tick();
    keep(&writer, id, 1, KEYS[0], "Typed since.");
    let fields = [("form_key", KEYS[2]), ("recovered", hidden(&shown, "recovered"))];
    assert_eq!(done(&send(&writer, &format!("{page}/discard"), &fields)), "kept");
    let shown = writer.get(&page).text;
    assert!(shown.contains("Typed since.</textarea>"), "{shown}");
    let fields = [("form_key", KEYS[3]), ("recovered", hidden(&shown, "recovered"))];
    assert_eq!(done(&send(&writer, &format!("{page}/discard"), &fields)), "discarded");
    assert!(writer.get(&page).text.contains("Of the second tab</textarea>"));
    // A new article has as many drafts.
    keep(&writer, 0, 0, KEYS[0], "One");
    tick();
    keep(&writer, 0, 0, KEYS[4], "Other");
    let editor = writer.get("/studio/new").text;
    assert!(editor.contains("Other</textarea>"), "{editor}");
    assert!(editor.contains(&format!("href=\"/studio/new?draft={}\"", KEYS[0])), "{editor}");
}

#[test]
fn a_form_filled_from_a_draft_takes_it_along_when_it_is_saved() {
    let studio = Studio::open();
    let writer = studio.author("writer");
    let id = studio.write(&writer, "Kept", "save");
    let page = format!("/studio/{id}");
    keep(&writer, id, 1, KEYS[0], "Before the crash");
    let editor = writer.get(&page).text;
    let (key, recovered) = (hidden(&editor, "form_key"), hidden(&editor, "recovered"));
    keep(&writer, id, 1, key, "Before the crash, and after it");
    let fields = [("form_key", key), ("recovered", recovered)];
    let saved = save(&writer, id, "Kept", "Before the crash, and after it", 1, &fields);
    assert_eq!(done(&saved), "saved");
    assert!(!writer.get(&page).text.contains("nsaved changes"), "both drafts went with the save");
}

#[test]
fn a_refused_or_contested_text_is_kept_as_a_draft() {
    let studio = Studio::open();
    let (writer, boss) = (studio.author("writer"), studio.author("boss"));
    let id = studio.write(&writer, "Kept", "save");
    let page = format!("/studio/{id}");
    let answer = save(&writer, id, " ", "Without a title", 1, &[("form_key", KEYS[0])]);
    assert_eq!(answer.status, 422);
    assert!(writer.get(&page).text.contains("Without a title</textarea>"));
    assert_eq!(done(&save(&boss, id, "Kept", "The boss's", 1, &[])), "saved");
    studio.server.clock.advance(Duration::from_secs(1));
    let answer = save(&writer, id, "Kept", "Contested", 1, &[("form_key", KEYS[0])]);
    assert_eq!((answer.status, hidden(&answer.text, "form_key")), (409, KEYS[0]));
    let editor = writer.get(&page).text;
    assert!(editor.contains("Contested</textarea>"), "{editor}");
    assert_eq!(hidden(&editor, "recovered").split_once('-').unwrap().1, KEYS[0]);
    assert!(editor.contains("name=\"version\" value=\"1\""), "and it is still a conflict");
}

#[test]
fn drafts_and_used_forms_are_bounded_and_pruned() {
    let studio = Studio::open();
    let writer = studio.author("writer");
    for number in 0..12 {
        studio.server.clock.advance(Duration::from_secs(1));
        let text = format!("Draft {number}");
        assert_eq!(keep(&writer, 0, 0, &new_form_key(), &text).status, 200);
    }
    let drafts = || studio.server.number("SELECT count(*) FROM article_drafts WHERE ? = ''", "");
    assert_eq!(drafts(), 10);
    let editor = writer.get("/studio/new").text;
    assert!(editor.contains("Draft 11</textarea>"), "the newest stay: {editor}");
    assert_eq!(editor.matches("href=\"/studio/new?draft=").count(), 9);
    let id = studio.write(&writer, "Used", "save");
    let used = || studio.server.number("SELECT count(*) FROM used_forms WHERE ? = ''", "");
    studio.server.run(async {
        let database = &studio.server.database;
        let user = database.user_by_username("writer").await.unwrap().unwrap();
        for number in 0..205 {
            let form = EditorForm { key: new_form_key(), recovered: None };
            let now = studio.server.clock.now().0 + number;
            database.finish_form(user.actor(), ArticleId(id), &form, Millis(now)).await.unwrap();
        }
    });
    assert_eq!(used(), 200);
    studio.server.clock.advance(Duration::from_secs(29 * 86_400));
    studio.server.job(Job::Prune);
    assert_eq!(used(), 200);
    studio.server.clock.advance(Duration::from_secs(2 * 86_400));
    let did = studio.server.job(Job::Prune).unwrap();
    assert!(did.contains("200 used forms"), "{did}");
    assert_eq!((used(), drafts()), (0, 10), "no draft is lost by time");
}

#[test]
fn enter_in_a_field_presses_a_button_that_does_nothing() {
    let studio = Studio::open();
    let writer = studio.author("writer");
    let id = studio.write(&writer, "Entered", "publish");
    for page in ["/studio/new".to_owned(), format!("/studio/{id}")] {
        let editor = writer.get(&page).text;
        let (_, form) = editor.split_once("<form id=\"editor\"").unwrap();
        // The first submit button of a form is what Enter presses.
        let (_, first) = form.split_once("<button type=\"submit\"").unwrap();
        let (first, _) = first.split_once('>').unwrap();
        assert!(first.contains("disabled") && first.contains("hidden"), "{page}: {first}");
    }
}

#[test]
fn a_new_password_and_blocking_take_two_steps() {
    let studio = Studio::open();
    let page = studio.author("boss").get("/users").text;
    for action in ["password", "block"] {
        let (before, _) = page
            .split_once(&format!("action=\"/users/writer/{action}\""))
            .unwrap_or_else(|| panic!("no {action} in {page}"));
        let opened = before.rsplit_once("<details class=\"confirm\">").unwrap().1;
        assert!(!opened.contains("</details>"), "{action} is not inside of one: {opened}");
    }
    assert!(!page.contains("/users/boss/block"), "nobody can block themselves");
}
