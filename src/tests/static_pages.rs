//! Pages such as About: at the root, and in no list.

use serde_json::Value;
use tidemark::server::content::export::export_folder;
use tidemark::server::content::import::{Fate, Import, Report, SourceFile, import};
use tidemark::server::db::actor::Role;

use crate::harness::{Answer, Client, FIREFOX, TestServer};

const PASSWORD: &str = "a-good-password";

fn writer(server: &TestServer) -> Client<'_> {
    server.add_user_with_role("writer", PASSWORD, Role::Author);
    server.someone().signed_in("writer", PASSWORD)
}

fn form(title: &str, slug: &str, intent: &str) -> String {
    format!(
        "title={title}&slug={slug}&kind=page&tags=Sea&summary=&cover=&markdown=Who+wrote+this.&intent={intent}"
    )
}

/// The id in the address that a save leads to.
fn id(answer: &Answer) -> i64 {
    assert_eq!(answer.status, 303, "{}", answer.text);
    let rest = answer.header("location").trim_start_matches("/studio/");
    rest.split('?').next().unwrap().parse().unwrap()
}

#[test]
fn a_page_is_at_its_address_and_in_the_sitemap_and_in_no_list() {
    let server = TestServer::start();
    let writer = writer(&server);
    let draft = writer.post("/studio/new", &form("About", "", "save"));
    let id = id(&draft);
    let reader = server.someone();
    assert_eq!(reader.get("/about").status, 404, "a draft");
    assert_eq!(
        writer
            .post(
                &format!("/studio/{id}"),
                &format!("version=1&{}", form("About", "about", "publish"))
            )
            .status,
        303
    );
    for _ in 0..2 {
        let page = reader.get("/about");
        assert_eq!(page.status, 200);
        assert!(
            page.text.contains("<h1>About</h1>") && page.text.contains("Who wrote this."),
            "{}",
            page.text
        );
        for part in ["<time", "data-article", "/tags/sea\">Sea</a></li></ul></footer>", "min read"]
        {
            let article =
                page.text.split("<article").nth(1).unwrap().split("</article>").next().unwrap();
            assert!(!article.contains(part), "{part} in {article}");
        }
        assert!(
            page.text.contains("rel=\"canonical\" href=\"http://127.0.0.1:3000/about\""),
            "{}",
            page.text
        );
    }
    assert_eq!(reader.get("/about").header("cache-status"), "Tidemark; hit");
    assert!(
        reader
            .get("/sitemap.xml?part=articles-0")
            .text
            .contains("<loc>http://127.0.0.1:3000/about</loc>")
    );
    for list in [
        "/",
        "/feed.xml",
        "/tags/sea",
        "/search?q=wrote",
        "/most-viewed",
        "/api/v1/articles",
        "/api/v1/search?q=wrote",
    ] {
        assert!(!reader.get(list).text.contains(">About<"), "{list}");
        assert!(!reader.get(list).text.contains("Who wrote"), "{list}");
    }
    assert_eq!(reader.get("/authors/writer").status, 404, "a page makes nobody an author");
    assert_eq!(reader.get("/articles/about").status, 404);
    assert_eq!(reader.get(&format!("/api/v1/articles/{id}")).status, 404);
    let table = writer.get("/studio").text;
    assert!(table.contains(">About</a>") && table.contains(" Page"), "{table}");
    assert!(writer.get(&format!("/studio/{id}")).text.contains("href=\"/about\""));
}

#[test]
fn a_scheduled_page_can_be_seen_by_those_who_may_edit_it() {
    let server = TestServer::start();
    let writer = writer(&server);
    for (name, role) in [("other", Role::Author), ("boss", Role::Admin)] {
        server.add_user_with_role(name, PASSWORD, role);
    }
    let [other, boss] = ["other", "boss"].map(|name| server.someone().signed_in(name, PASSWORD));
    // The tests' clock shows 24 November.
    let later = format!("{}&published_at=2026-11-25T12:00", form("About", "about", "schedule"));
    id(&writer.post("/studio/new", &later));
    for client in [&writer, &boss] {
        let page = client.get("/about");
        assert_eq!(page.status, 200);
        for part in ["Who wrote this.", "Scheduled for ", "November 25, 2026, 12:00", "noindex"] {
            assert!(page.text.contains(part), "no {part} in {}", page.text);
        }
    }
    for client in [&other, &server.someone()] {
        assert_eq!(client.get("/about").status, 404);
    }
    server.clock.advance(std::time::Duration::from_secs(2 * 24 * 60 * 60));
    assert!(!writer.get("/about").text.contains("Scheduled for "));
    assert_eq!(server.someone().get("/about").status, 200);
}

#[test]
fn views_of_a_page_are_not_counted() {
    let server = TestServer::start();
    let writer = writer(&server);
    let id = id(&writer.post("/studio/new", &form("About", "about", "publish")));
    assert_eq!(server.reader("192.0.2.7", FIREFOX).view(id).status, 404);
    assert_eq!(server.counted_anywhere(), 0);
}

#[test]
fn a_page_can_have_no_address_of_the_program_and_none_of_an_article() {
    let server = TestServer::start();
    let writer = writer(&server);
    for (title, slug) in [("Search", ""), ("Anything", "studio"), ("Anything", "api")] {
        let answer = writer.post("/studio/new", &form(title, slug, "publish"));
        assert_eq!(answer.status, 422, "{title} {slug}");
        assert!(
            answer.text.contains("is Tidemark&#39;s own")
                || answer.text.contains("is Tidemark's own"),
            "{}",
            answer.text
        );
        assert!(answer.text.contains("checked"), "it is still a page: {}", answer.text);
    }
    assert_eq!(
        writer.post("/studio/new", &form("First", "first", "publish")).status,
        422,
        "an article has it"
    );
    // Files at the root stay what they are.
    std::fs::create_dir_all(server.folder.path().join("site")).unwrap();
    std::fs::write(server.folder.path().join("site/note"), "a file").unwrap();
    assert_eq!(server.someone().get("/note").text, "a file");
}

#[test]
fn old_addresses_of_a_page_lead_to_it_whatever_it_was_before() {
    let server = TestServer::start();
    let writer = writer(&server);
    let id = id(&writer.post("/studio/new", &form("About", "about", "publish")));
    let leads = |from: &str, to: &str| {
        let answer = server.someone().get(from);
        assert_eq!(
            (answer.status, answer.header("location")),
            (301, to),
            "{from}: {}",
            answer.text
        );
    };
    for path in ["/about/", "/about.html", "/about/index.html"] {
        leads(path, "/about");
    }
    let save = |version: i64, text: &str| {
        let answer = writer.post(&format!("/studio/{id}"), &format!("version={version}&{text}"));
        assert_eq!(answer.status, 303, "{}", answer.text);
    };
    save(1, &form("About", "us", "save"));
    leads("/about", "/us");
    leads("/about/", "/us");
    save(2, &form("About", "us", "save").replace("&kind=page", ""));
    assert_eq!(server.someone().get("/articles/us").status, 200);
    leads("/us", "/articles/us");
    leads("/about", "/articles/us");
    save(3, &form("About", "us", "save"));
    leads("/articles/us", "/us");
    assert_eq!(server.someone().get("/us").status, 200);
    // An older revision changes the text, and a page stays one.
    assert_eq!(writer.post(&format!("/studio/{id}/revisions/1/restore"), "version=4").status, 303);
    assert_eq!(server.someone().get("/about").status, 200);
    // The bin takes it away.
    assert_eq!(writer.post(&format!("/studio/{id}/bin"), "version=5").status, 303);
    assert_eq!(server.someone().get("/about").status, 404);
}

fn file(path: &str, text: &str) -> SourceFile {
    SourceFile { path: path.into(), text: text.into() }
}

#[test]
fn pages_come_with_an_import_and_go_with_an_export() {
    let server = TestServer::start();
    let take = |server: &TestServer, files| {
        server.run(import(&server.database, &server.clock, files, Report::default())).unwrap()
    };
    let files = || {
        vec![
            file(
                "about.md",
                "---\ntitle: About\ntype: page\naliases: [/who.html]\n---\nWho wrote this.",
            ),
            file("search.md", "---\ntitle: Search\nlayout: page\n---\nAn own search."),
            file("a-post.md", "---\ntitle: A post\ndate: 2020-01-02\n---\nText."),
        ]
    };
    let report = take(&server, files());
    assert_eq!((report.created, report.refused().len()), (2, 1), "{report:?}");
    let refused = report.entries.iter().find(|entry| entry.fate == Fate::Refused).unwrap();
    assert!(refused.file == "search.md" && refused.text.contains("/search"), "{refused:?}");
    let page = server.someone().get("/about");
    assert!(page.status == 200 && page.text.contains("Who wrote this."), "{}", page.text);
    assert_eq!(server.someone().get("/who.html").header("location"), "/about");
    let again = take(&server, files());
    assert_eq!((again.created, again.updated), (0, 0), "{again:?}");
    let folder = tempfile::tempdir().unwrap();
    server.run(export_folder(&server.database, folder.path())).unwrap();
    let text = std::fs::read_to_string(folder.path().join("about.md")).unwrap();
    assert!(text.contains("type = \"page\""), "{text}");
    let other = TestServer::start();
    let exported = vec![file("about.md", &text)];
    assert_eq!(take(&other, exported).created, 1);
    assert_eq!(other.someone().get("/about").status, 200);
}

#[test]
fn what_jekyll_hexo_and_hugo_take_for_pages_are_pages_here() {
    let server = TestServer::start();
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let page = "---\ntitle: About\n---\nWho.";
    write("jekyll/_config.yml", "title: x\n");
    write("jekyll/imprint.md", &page.replace("About", "Imprint"));
    write("jekyll/_posts/2020-01-02-a.md", "---\ntitle: A\n---\nText.");
    write(
        "hexo/_config.yml",
        "title: x\nsource_dir: source\npermalink: :year/:title/\nnew_post_name: :title.md\n",
    );
    write("hexo/source/contact/index.md", "---\ntitle: Contact\ndate: 2020-01-02\n---\nHere.");
    write("hexo/source/_posts/b.md", "---\ntitle: B\ndate: 2020-01-02\n---\nText.");
    write("hugo/hugo.toml", "title = 'x'\n");
    write("hugo/content/colophon.md", &page.replace("About", "Colophon"));
    write("hugo/content/thanks/index.md", &page.replace("About", "Thanks"));
    write("hugo/content/posts/undated.md", &page.replace("About", "Undated"));
    for site in ["jekyll", "hexo", "hugo"] {
        let import = Import::new(&server.database, &server.clock);
        let report = server.run(import.folder(&folder.path().join(site))).unwrap();
        assert_eq!(report.refused().len(), 0, "{report:?}");
    }
    for page in ["/imprint", "/contact", "/colophon", "/thanks"] {
        assert_eq!(server.someone().get(page).status, 200, "{page}");
    }
    for article in ["/articles/a", "/articles/b"] {
        assert_eq!(server.someone().get(article).status, 200, "{article}");
    }
    assert_eq!(
        server.someone().get("/undated").status,
        404,
        "an article without a date is a draft"
    );
    assert_eq!(server.someone().get("/contact/").header("location"), "/contact");
}

#[test]
fn the_preview_of_a_page_has_no_date() {
    let server = TestServer::start();
    let writer = writer(&server);
    let preview = |is_page: bool| -> String {
        let body = format!(
            "article=0&typed[title]=About&typed[slug]=&typed[summary]=&typed[tags]=&typed[cover]=&typed[is_page]={is_page}&typed[markdown]=Who"
        );
        let answer =
            writer.with("accept", "application/json").post("/api/islands/studio-preview", &body);
        assert_eq!(answer.status, 200, "{}", answer.text);
        let Value::String(html) = answer.json() else { panic!("{}", answer.text) };
        html
    };
    assert!(preview(false).contains("<time") && !preview(true).contains("<time"));
}

#[test]
fn the_doctor_warns_of_a_page_whose_address_the_program_took() {
    let server = TestServer::start();
    let writer = writer(&server);
    id(&writer.post("/studio/new", &form("About", "about", "publish")));
    id(&writer.post("/studio/new", &form("Team", "team", "publish")));
    let found = || format!("{:?}", server.run(server.doctor.examine(&server.config)));
    assert!(!found().contains("Pages: "), "{}", found());
    // As if a later version had a page of its own at this address.
    server.execute("UPDATE articles SET slug = 'archive' WHERE slug = 'team'");
    assert!(found().contains("Warning(\"Pages: /archive can't be read"), "{}", found());
}
