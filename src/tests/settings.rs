//! The settings that administrators change in the browser.

use tidemark::server::db::actor::Role;
use tidemark_content::pictures::Kind;

use crate::harness::{Answer, Client, FIREFOX, TestServer};
use crate::page_cache::eventually;

const PASSWORD: &str = "a-good-password";

fn boss(server: &TestServer) -> Client<'_> {
    server.add_user_with_role("boss", PASSWORD, Role::Admin);
    server.someone().signed_in("boss", PASSWORD)
}

fn save(client: &Client, version: i64, title: &str, description: &str, footer: &str) -> Answer {
    client.post(
        "/settings",
        &format!("version={version}&title={title}&description={description}&footer={footer}"),
    )
}

#[test]
fn administrators_see_what_the_doctor_finds() {
    let server = TestServer::start();
    let page = boss(&server).get("/settings/health");
    assert_eq!((page.status, page.header("cache-control")), (200, "no-store"));
    let text = page.text;
    assert!(text.contains("Backup: none was made yet") && text.contains("Warnings: "), "{text}");
    let warning = text.find("status-warning").unwrap();
    assert!(warning < text.find("status-fine").unwrap(), "what needs somebody comes first");
    assert!(text.contains("aria-current=\"page\">Health</a>"), "{text}");
    server.add_user_with_role("ann", PASSWORD, Role::Author);
    assert_eq!(server.someone().signed_in("ann", PASSWORD).get("/settings/health").status, 403);
    let answer = server.someone().get("/settings/health");
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, "/login?next=%2Fsettings%2Fhealth")
    );
}

fn location(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.header("location"))
}

#[test]
fn a_saved_title_shows_everywhere_and_an_empty_one_is_the_files_again() {
    let server = TestServer::with(&[
        ("TIDEMARK_SITE__TITLE", "From the file"),
        ("TIDEMARK_SITE__DESCRIPTION", "As the file says"),
    ]);
    let boss = boss(&server);
    let form = boss.get("/settings").text;
    assert!(
        form.contains("“From the file”") && form.contains("name=\"version\" value=\"1\""),
        "{form}"
    );
    // Remembered with the old title.
    let reader = server.someone();
    for _ in 0..2 {
        assert!(reader.get("/").text.contains("From the file"));
    }
    let answer = save(
        &boss,
        1,
        "Low+tide",
        "About+%3Cthe%3E+sea",
        "**Imprint**+%3Cscript%3Ealert(1)%3C/script%3E",
    );
    assert_eq!(location(&answer), (303, "/settings?changed=texts"), "{}", answer.text);
    for path in ["/", "/articles/first", "/most-viewed", "/search", "/nothing", "/login"] {
        let page = reader.get(path).text;
        assert!(page.contains("Low tide") && !page.contains("From the file"), "{path}: {page}");
        assert!(
            page.contains("<strong>Imprint</strong>") && !page.contains("<script>alert"),
            "{path}: {page}"
        );
    }
    assert!(
        reader
            .get("/articles/first")
            .text
            .contains("property=\"og:site_name\" content=\"Low tide\"")
    );
    let feed = reader.get("/feed.xml").text;
    assert!(
        feed.contains("<title>Low tide</title>") && feed.contains("About &lt;the&gt; sea"),
        "{feed}"
    );
    let manifest = reader.get("/site.webmanifest").json();
    assert_eq!(
        (&manifest["name"], &manifest["description"]),
        (&"Low tide".into(), &"About <the> sea".into())
    );
    assert_eq!(location(&save(&boss, 2, "", "", "")).0, 303);
    let page = reader.get("/").text;
    assert!(page.contains("From the file") && page.contains("As the file says"), "{page}");
    assert!(!page.contains("Imprint") && !page.contains("Low tide"), "{page}");
}

#[test]
fn of_two_administrators_the_later_one_is_told_and_nothing_is_lost() {
    let server = TestServer::start();
    let boss = boss(&server);
    assert_eq!(save(&boss, 1, "One", "", "").status, 303);
    let late = save(&boss, 1, "Two", "", "Kept");
    assert_eq!(late.status, 409);
    for part in [
        "Somebody else changed the settings",
        "<dd>One</dd>",
        "value=\"Two\"",
        "Kept",
        "name=\"version\" value=\"2\"",
    ] {
        assert!(late.text.contains(part), "no {part} in {}", late.text);
    }
    assert!(server.someone().get("/").text.contains("One"));
    // Sent twice, as by a double click: that is no conflict with oneself.
    assert_eq!(save(&boss, 1, "One", "", "").status, 303);
    assert_eq!(save(&boss, 2, "Two", "", "Kept").status, 303);
    assert!(server.someone().get("/").text.contains("Two"));
}

#[test]
fn what_is_too_long_or_no_line_is_refused_beside_its_field() {
    let server = TestServer::start();
    let boss = boss(&server);
    let title = "t".repeat(81);
    let answer = save(&boss, 1, &title, "two%0Alines", &"f".repeat(2_001));
    assert_eq!(answer.status, 422);
    for field in ["title", "description", "footer"] {
        assert!(answer.text.contains(&format!("id=\"{field}-error\"")), "{field}: {}", answer.text);
    }
    assert!(answer.text.contains(&title), "what was typed is kept");
    assert_eq!(save(&boss, 1, &"t".repeat(80), &"d".repeat(300), &"f".repeat(2_000)).status, 303);
}

#[test]
fn another_process_shows_a_change_of_the_settings_within_a_second() {
    let server = TestServer::start();
    let boss = boss(&server);
    for _ in 0..2 {
        assert!(server.someone().get("/").text.contains("Tidemark"));
    }
    // As another replica does it: this server only sees the database.
    server.execute("UPDATE site_settings SET title = 'Elsewhere', version = version + 1");
    server.execute("UPDATE content_version SET version = version + 1");
    eventually(&server, "/", |page| page.text.contains("Elsewhere"));
    assert!(boss.get("/settings").text.contains("value=\"Elsewhere\""));
}

fn picture() -> Vec<u8> {
    let picture = image::RgbImage::from_pixel(64, 32, image::Rgb([10, 20, 30]));
    let mut bytes = std::io::Cursor::new(vec![]);
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn upload(client: &Client, version: i64, files: &[&[u8]]) -> Answer {
    let mut body = vec![];
    for file in files {
        body.extend(b"--x\r\ncontent-disposition: form-data; name=\"picture\"; filename=\"logo.png\"\r\n\r\n");
        body.extend(*file);
        body.extend(b"\r\n");
    }
    body.extend(b"--x--\r\n");
    client.with("content-type", "multipart/form-data; boundary=x").send(
        "POST",
        &format!("/settings/logo?version={version}"),
        &body,
    )
}

/// The address of the logo in the header of a page.
fn logo_on(page: &str) -> Option<String> {
    let mut images = page.split("<img ").skip(1).filter_map(|rest| rest.split('>').next());
    let image = images.find(|image| image.contains("site-logo"))?;
    Some(image.split("src=\"").nth(1)?.split('"').next()?.to_owned())
}

#[test]
fn an_uploaded_logo_stands_beside_the_title_until_it_is_removed() {
    let server = TestServer::start();
    let boss = boss(&server);
    assert!(!server.someone().get("/").text.contains("site-logo"));
    let answer = upload(&boss, 1, &[&picture()]);
    assert_eq!(location(&answer), (303, "/settings?changed=logo"), "{}", answer.text);
    let page = server.someone().get("/").text;
    let image = &logo_on(&page).unwrap();
    assert!(page.contains("width=\"64\" height=\"32\""), "{page}");
    assert_eq!(server.someone().get(image).header("content-type"), Kind::Png.media_type());
    let late = upload(&boss, 1, &[&picture()]);
    assert_eq!(late.status, 409, "{}", late.text);
    assert_eq!(boss.post("/settings/logo/delete", "version=1").status, 409);
    for (files, status) in [
        (vec![&b"no picture"[..]], 415),
        (vec![], 400),
        (vec![&picture()[..], &picture()[..]], 400),
    ] {
        let refused = upload(&boss, 2, &files);
        assert_eq!(refused.status, status, "{}", refused.text);
        assert!(refused.text.contains("id=\"picture-error\""), "{}", refused.text);
    }
    assert_eq!(boss.announce("POST", "/settings/logo?version=2", 11 * 1024 * 1024).status, 413);
    assert_eq!(
        location(&boss.post("/settings/logo/delete", "version=2")),
        (303, "/settings?changed=logo")
    );
    assert!(!server.someone().get("/").text.contains("site-logo"));
    assert!(boss.get("/studio/pictures").text.contains(image), "the picture stays");
}

#[test]
fn a_logo_whose_picture_was_deleted_is_no_logo() {
    let server = TestServer::start();
    let boss = boss(&server);
    assert_eq!(upload(&boss, 1, &[&picture()]).status, 303);
    let logo = logo_on(&server.someone().get("/").text).unwrap();
    let name = logo.trim_start_matches("/pictures/");
    assert_eq!(boss.post(&format!("/studio/pictures/{name}/delete"), "").status, 303);
    let page = server.reader("192.0.2.9", FIREFOX).get("/").text;
    assert!(!page.contains("site-logo"), "{page}");
    assert_eq!(save(&boss, 3, "Other", "", "").status, 303);
}

fn menu(client: &Client, version: i64, lines: &str) -> Answer {
    client.post("/settings/menu", &format!("version={version}&lines={lines}"))
}

#[test]
fn the_menu_is_in_the_header_of_every_page_in_its_order_and_marks_the_current_one() {
    let server = TestServer::start();
    let boss = boss(&server);
    for _ in 0..2 {
        assert!(!server.someone().get("/tags/sea").text.contains("The sea"));
    }
    let lines = "The+sea+%2Ftags%2Fsea%0D%0AA+%26+B+https%3A%2F%2Fexample.org%2F%40me%0D%0AFirst+%2Farticles%2Ffirst";
    assert_eq!(location(&menu(&boss, 1, lines)), (303, "/settings/menu?changed=menu"));
    for path in ["/", "/articles/first", "/nothing", "/login"] {
        let page = server.someone().get(path).text;
        let nav = page.split("aria-label=\"Site\"").nth(1).unwrap().split("</nav>").next().unwrap();
        let at =
            |part: &str| nav.find(part).unwrap_or_else(|| panic!("{path}: no {part} in {nav}"));
        assert!(at("href=\"/tags/sea\"") < at("href=\"https://example.org/@me\""), "{nav}");
        assert!(
            at("A &amp; B") < at("href=\"/articles/first\"") && at("Most viewed") > at(">First<"),
            "{nav}"
        );
        assert_eq!(
            nav.contains("href=\"/articles/first\" aria-current=\"page\""),
            path == "/articles/first",
            "{nav}"
        );
        assert_eq!(
            nav.matches("aria-current").count(),
            usize::from(path == "/articles/first"),
            "{nav}"
        );
    }
    let form = boss.get("/settings/menu").text;
    assert!(form.contains("The sea /tags/sea\nA &amp; B https://example.org/@me"), "{form}");
    assert_eq!(menu(&boss, 1, "Late+%2Flate").status, 409);
    let wrong = menu(&boss, 2, "Fine+%2Ffine%0ABad+javascript:alert(1)");
    assert!(wrong.status == 422 && wrong.text.contains("Line 2: "), "{}", wrong.text);
    assert!(wrong.text.contains("Fine /fine"), "what was typed is kept");
    // The texts have a version of their own.
    assert_eq!(save(&boss, 1, "Title", "", "").status, 303);
    assert_eq!(menu(&boss, 2, "").status, 303);
    assert!(!server.someone().get("/").text.contains("The sea"));
}

fn redirects(client: &Client, version: i64, lines: &str) -> Answer {
    let lines = lines.replace('/', "%2F").replace(' ', "+").replace('\n', "%0D%0A");
    client.post("/settings/redirects", &format!("version={version}&lines={lines}"))
}

#[test]
fn what_exists_goes_before_a_redirect_and_a_redirect_before_an_articles_old_address() {
    let server = TestServer::start();
    let boss = boss(&server);
    let leads = |path: &str| {
        let answer = server.someone().get(path);
        (answer.status, answer.header("location").to_owned())
    };
    let to = |status: u16, target: &str| (status, target.to_owned());
    assert_eq!(leads("/old/first.html"), to(301, "/articles/first"));
    let lines = "/old/first.html /tags/sea\n/articles/first /elsewhere\n/tags/lake /tags/sea 302\n/gone 410\n/away https://example.org/a?b=c";
    assert_eq!(
        location(&redirects(&boss, 1, lines)),
        (303, "/settings/redirects?changed=redirects")
    );
    assert_eq!(leads("/articles/first").0, 200, "it exists");
    assert_eq!(leads("/old/first.html"), to(301, "/tags/sea"));
    for path in ["/tags/lake", "/tags/lake/", "/tags/lake?page=2"] {
        assert_eq!(leads(path), to(302, "/tags/sea"), "{path}");
    }
    assert_eq!(leads("/away"), to(301, "https://example.org/a?b=c"));
    let gone = server.someone().get("/gone");
    assert!(gone.status == 410 && gone.text.contains("has been removed"), "{}", gone.text);
    assert_eq!(server.someone().get("/api/v1/gone").status, 404);
    assert_eq!(boss.get("/tags/lake").status, 302, "signed in, too");
    let page = boss.get("/settings/redirects").text;
    for part in [
        "/tags/lake /tags/sea 302",
        "/gone 410",
        "<td>/old/first.html</td>",
        "href=\"/articles/first\"",
    ] {
        assert!(page.contains(part), "no {part} in {page}");
    }
    assert_eq!(redirects(&boss, 2, "").status, 303);
    assert_eq!(leads("/old/first.html"), to(301, "/articles/first"));
    assert_eq!(leads("/gone").0, 404);
}

#[test]
fn a_redirect_back_to_where_somebody_is_leads_nowhere() {
    let server = TestServer::start();
    let boss = boss(&server);
    let own = &server.config.site.base_url;
    let lines = format!("/self {own}/self\n/round {own}/Trip\n/trip {own}/round\n/on {own}/tags");
    assert_eq!(redirects(&boss, 1, &lines.replace(':', "%3A")).status, 303);
    for path in ["/self", "/SELF.html", "/round", "/trip"] {
        assert_eq!(server.someone().get(path).status, 404, "{path}");
    }
    assert_eq!(server.someone().get("/on").header("location"), format!("{own}/tags"));
    let refused = redirects(&boss, 2, "/imprint /Imprint");
    assert!(refused.status == 422 && refused.text.contains("into a loop"), "{}", refused.text);
}

#[test]
fn redirects_that_loop_or_are_too_many_are_refused_and_nothing_changes() {
    let server = TestServer::start();
    let boss = boss(&server);
    assert_eq!(redirects(&boss, 1, "/a /b").status, 303);
    let looped = redirects(&boss, 2, "/x /y\n/a /b\n/b /a.html");
    assert!(
        looped.status == 422 && looped.text.contains("Line 2: /a leads into a loop"),
        "{}",
        looped.text
    );
    let many: String = (0..1_001).map(|number| format!("/{number} /x\n")).collect();
    let refused = redirects(&boss, 2, &many);
    assert!(refused.status == 422 && refused.text.contains("at most 1000"), "{}", refused.text);
    assert_eq!(redirects(&boss, 1, "/c /d").status, 409, "somebody else was faster");
    assert_eq!(server.someone().get("/a").header("location"), "/b");
    let thousand: String = (0..1_000).map(|number| format!("/{number} /x\n")).collect();
    assert_eq!(redirects(&boss, 2, &thousand).status, 303);
    assert_eq!(server.someone().get("/999").header("location"), "/x");
    assert_eq!(server.someone().get("/a").status, 404);
}
