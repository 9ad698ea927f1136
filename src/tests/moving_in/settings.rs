//! The settings of a blog move with it.

use super::*;

/// The settings of a blog: its texts, its logo, its menu and its redirects.
fn settings_of(server: &TestServer) -> (Vec<Option<String>>, String, String) {
    let site = server.run(server.database.site()).unwrap();
    let menu = server.run(server.database.menu()).unwrap();
    let redirects = server.run(server.database.redirects()).unwrap();
    let texts = vec![site.title, site.description, site.footer, site.logo];
    (texts, menu_text(&menu), redirects_text(&redirects))
}

/// Changes the settings, as the forms do.
fn set(server: &TestServer, changes: Vec<SiteChange>) {
    for change in changes {
        let site = server.run(server.database.site()).unwrap();
        let version = match change {
            SiteChange::Texts { .. } | SiteChange::Logo(_) => site.version,
            SiteChange::Menu(_) => site.menu_version,
            SiteChange::Redirects(_) => site.redirects_version,
        };
        assert!(server.run(server.database.change_site(None, version, &change)).unwrap());
    }
}

fn texts(title: &str, footer: &str) -> SiteChange {
    let set = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    SiteChange::Texts { title: set(title), description: None, footer: set(footer) }
}

#[test]
fn an_export_brings_the_settings_back_and_replaces_none_unasked() {
    let server = TestServer::start();
    let pictures = pictures_of(&server);
    server.add_user_with_role("jo", PASSWORD, Role::Author);
    let owner = server.number("SELECT id FROM users WHERE username = ?", "jo");
    let logo = server.run(pictures.import(UserId(owner), "logo.png", png(40, 20))).unwrap();
    let logo = logo.trim_start_matches("/pictures/").to_owned();
    set(
        &server,
        vec![
            texts("Low tide", "*Imprint*"),
            SiteChange::Logo(Some(logo)),
            SiteChange::Menu(parse_menu("The sea /tags/sea\nAbout /about").unwrap()),
            SiteChange::Redirects(parse_redirects("/old /new\n/away /elsewhere 302").unwrap()),
        ],
    );
    let out = tempfile::tempdir().unwrap();
    let body = async |picture: &Picture| pictures.body(picture).await;
    server.run(export_folder(&server.database, out.path())).unwrap();
    server.run(export_site(&server.database, out.path())).unwrap();
    server.run(export_pictures(&server.database, body, out.path())).unwrap();
    std::fs::write(out.path().join("likes.csv"), "address,likes\n/articles/first,3\n").unwrap();

    let other = TestServer::start();
    let rehearse = Options { is_dry_run: true, ..Options::default() };
    let before = settings_of(&other);
    let rehearsal = import_with(&other, out.path(), rehearse);
    assert_eq!(rehearsal.settings, ["title", "footer", "logo", "menu", "redirects (2)"]);
    assert_eq!(settings_of(&other), before);
    let report = import(&other, out.path());
    assert_eq!(report.settings, rehearsal.settings);
    assert!(report.is_whole(), "{report:#?}");
    assert!(report.notes.iter().any(|note| note.ends_with("account: 3")), "{report:#?}");
    let (there, mut here) = (settings_of(&server), settings_of(&other));
    assert!(here.0[3].is_some(), "the logo");
    here.0[3] = there.0[3].clone();
    assert_eq!(here, there);
    let page = other.someone().get("/").text;
    assert!(page.contains("Low tide") && page.contains("site-logo"), "{page}");
    // Nothing is left to do.
    let again = import(&other, out.path());
    assert!(again.settings.is_empty() && again.is_whole(), "{again:#?}");

    // What an administrator has set stays, and is named.
    set(
        &other,
        vec![
            texts("Mine", "*Imprint*"),
            SiteChange::Menu(parse_menu("Mine /mine").unwrap()),
            SiteChange::Redirects(parse_redirects("/old /mine\n/more /x").unwrap()),
        ],
    );
    let kept = import(&other, out.path());
    let left: Vec<&str> = places(&kept, Fate::Left).into_iter().map(|(file, _)| file).collect();
    assert_eq!(left, ["menu.txt", "redirects.txt", "site.json"], "{kept:#?}");
    assert_eq!(kept.settings, ["redirects (1)"], "what is not here is added");
    let (texts_here, menu, redirects) = settings_of(&other);
    assert_eq!((texts_here[0].as_deref(), menu.as_str()), (Some("Mine"), "Mine /mine\n"));
    assert_eq!(redirects, "/old /mine 301\n/more /x 301\n/away /elsewhere 302\n");
    let overwrite = Options { overwrite: true, ..Options::default() };
    let forced = import_with(&other, out.path(), overwrite);
    assert!(forced.is_whole(), "{forced:#?}");
    let told: Vec<String> = forced.with(Fate::Changed).iter().map(ToString::to_string).collect();
    assert!(told.iter().any(|line| line.contains("title") && line.contains("Mine")), "{told:?}");
    assert!(told.iter().any(|line| line.contains("such as /old")), "{told:?}");
    assert_eq!(settings_of(&other).0[0].as_deref(), Some("Low tide"));
    assert_eq!(settings_of(&other).1, there.1);
}

#[test]
fn settings_that_no_form_would_take_are_refused_and_the_others_come_in() {
    let server = TestServer::start();
    let folder = tempfile::tempdir().unwrap();
    let before = settings_of(&server);
    let long = "x".repeat(81);
    let json = |title: &str| {
        format!(
            "{{\"title\":\"{title}\",\"description\":\"Fine\",\"footer\":null,\"logo\":\"/pictures/../../a.png\"}}"
        )
    };
    let many: String = (0..1_001).map(|number| format!("/{number} /x\n")).collect();
    site(
        folder.path(),
        &[
            ("site.json", &json(&long)),
            ("menu.txt", "Evil javascript:alert(1)\n"),
            ("redirects.txt", &many),
        ],
    );
    let report = import(&server, folder.path());
    let refused: Vec<&str> =
        places(&report, Fate::Refused).into_iter().map(|(file, _)| file).collect();
    assert_eq!(refused, ["menu.txt", "redirects.txt", "site.json"], "{report:#?}");
    assert_eq!(places(&report, Fate::Left), [("site.json", None)], "the logo is not there");
    assert_eq!(report.settings, ["description"]);
    assert_eq!(settings_of(&server).0[1].as_deref(), Some("Fine"));

    // Together with those that are here, redirects may lead into a loop.
    set(&server, vec![SiteChange::Redirects(parse_redirects("/a /b").unwrap())]);
    site(folder.path(), &[("site.json", &json("Fine")), ("redirects.txt", "/b /a\n")]);
    let report = import(&server, folder.path());
    let refused = report.refused().join("\n");
    assert!(refused.contains("together with the redirects that are here"), "{refused}");
    assert_eq!(settings_of(&server).2, "/a /b 301\n");

    // A file of this name of another program is none of our business.
    let other = TestServer::start();
    site(folder.path(), &[("site.json", "{\"title\": \"Theirs\"}")]);
    import(&other, folder.path());
    assert_eq!(settings_of(&other), before);
}
