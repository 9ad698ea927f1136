//! What users show of themselves: the line about them and their avatar, and where readers see both.

use std::io::Cursor;

use image::ImageReader;
use tidemark::server::accounts;
use tidemark::server::db::actor::Role;
use tidemark::server::db::users::User;
use tidemark::server::jobs::Job;
use tidemark::server::pictures::{Pictures, SentFile};

use crate::harness::{Answer, Client, TestServer};
use crate::page_cache::eventually;
use crate::pictures::files::{
    SECRET, exif, gif, has_secret, jpeg, png, webp, with_png_chunk, with_segment,
};

const PASSWORD: &str = "a-good-password";

const LINE: &str = "Writes about <the> sea & \u{1f30a}";

/// The same as a form sends it, and as it stands in HTML.
const LINE_IN_FORM: &str = "about=Writes+about+%3Cthe%3E+sea+%26+%F0%9F%8C%8A";
const LINE_IN_HTML: &str = "Writes about &lt;the&gt; sea &amp; \u{1f30a}";

/// Where readers see the author of all articles.
const PAGES: [&str; 8] = [
    "/",
    "/articles/first",
    "/authors",
    "/authors/jo-doe",
    "/tags/sea",
    "/search?q=text",
    "/feed.json",
    "/api/v1/articles",
];

impl TestServer {
    /// Gives the author of all articles a password and signs in.
    fn author(&self) -> Client<'_> {
        let hash = accounts::passwords::hash_password(PASSWORD).unwrap();
        assert!(
            self.run(accounts::set_password(
                &self.stores.database,
                &self.stores.sessions,
                "jo-doe",
                &hash
            ))
            .unwrap()
        );
        self.someone().signed_in("jo-doe", PASSWORD)
    }

    fn reader_called(&self, username: &str) -> Client<'_> {
        self.add_user(username, PASSWORD);
        self.someone().signed_in(username, PASSWORD)
    }

    fn user(&self, username: &str) -> User {
        self.run(self.database.user_by_username(username)).unwrap().unwrap()
    }

    /// The picture service as another process has it.
    fn pictures(&self) -> Pictures {
        let (store, quota) = (self.stores.pictures.clone(), self.config.pictures.quota());
        Pictures::new(self.database.clone(), store, self.clock.clone(), quota)
    }

    fn rows_of_pictures(&self) -> i64 {
        self.number("SELECT count(*) FROM pictures WHERE ? = ''", "")
    }

    fn picture_files(&self) -> usize {
        std::fs::read_dir(self.folder.path().join("pictures")).map_or(0, Iterator::count)
    }
}

fn multipart(fields: &[(&str, &str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (field, name, bytes) in fields {
        let head = format!(
            "--frontier\r\ncontent-disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\ncontent-type: text/html\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--frontier--\r\n");
    body
}

fn upload(client: &Client, bytes: &[u8]) -> Answer {
    let form = client.with("content-type", "multipart/form-data; boundary=frontier");
    form.send("POST", "/account/avatar", &multipart(&[("picture", "me.html", bytes)]))
}

/// The address of the first avatar in a page.
fn avatar(html: &str) -> Option<&str> {
    let tag = html.split("<img").skip(1).find(|tag| tag.contains("class=\"avatar"))?;
    tag.split(" src=\"").nth(1)?.split('"').next()
}

#[test]
fn an_avatar_is_a_small_square_without_metadata_and_the_one_before_is_gone() {
    let server = TestServer::start();
    let reader = server.reader_called("reader");
    let page = reader.get("/account").text;
    assert!(avatar(&page).is_none() && page.contains(">AR<"), "{page}");
    assert!(!page.contains("Remove picture"), "{page}");
    let mut former: Option<String> = None;
    let photo = with_segment(&jpeg(400, 300), 0xe1, &[b"Exif\0\0", &exif(6)[..]].concat());
    assert!(has_secret(&photo));
    for (bytes, side) in
        [(png(31, 17), 17), (photo, 192), (gif(3), 8), (webp(200, 500), 192), (jpeg(1, 1), 1)]
    {
        let answer = upload(&reader, &bytes);
        assert_eq!(answer.header("location"), "/account?changed=avatar", "{}", answer.text);
        let page = reader.get("/account?changed=avatar").text;
        assert!(page.contains("Picture changed.") && page.contains("Remove picture"), "{page}");
        let address = avatar(&page).expect("an avatar").to_owned();
        let picture = server.someone().get(&address);
        assert_eq!((picture.status, picture.header("content-type")), (200, "image/webp"));
        assert_eq!(picture.header("cache-control"), "public, max-age=31536000, immutable");
        assert!(!has_secret(&picture.bytes), "{SECRET:?} in {address}");
        let shown = ImageReader::new(Cursor::new(&picture.bytes)).with_guessed_format().unwrap();
        let shown = shown.decode().unwrap();
        assert_eq!((shown.width(), shown.height()), (side, side));
        if let Some(former) = former.replace(address) {
            assert_eq!(server.someone().get(&former).status, 404);
        }
        assert_eq!((server.rows_of_pictures(), server.picture_files()), (1, 1));
    }
    let answer = reader.post("/account/avatar/delete", "");
    assert_eq!(answer.header("location"), "/account?changed=no-avatar");
    let page = reader.get("/account?changed=no-avatar").text;
    assert!(avatar(&page).is_none() && page.contains("Picture removed."), "{page}");
    assert_eq!(server.someone().get(&former.unwrap()).status, 404);
    assert_eq!((server.rows_of_pictures(), server.picture_files()), (0, 0));
    // Twice is as once.
    assert_eq!(reader.post("/account/avatar/delete", "").status, 303);
}

#[test]
fn what_cannot_be_an_avatar_is_refused_beside_the_field_and_changes_nothing() {
    let server = TestServer::start();
    let reader = server.reader_called("reader");
    assert_eq!(upload(&reader, &png(20, 20)).status, 303);
    let before = server.user("reader").avatar;
    let cut = jpeg(200, 200);
    for (bytes, status, said) in [
        (
            &b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>"[..],
            415,
            "isn't a PNG, JPEG, GIF or WebP",
        ),
        (b"<!doctype html><script>alert(1)</script>", 415, "isn't a PNG, JPEG, GIF or WebP"),
        (&cut[..cut.len() / 2], 400, "damaged or cut off"),
        (&crate::pictures::files::gif_of((10_000, 4_000), 11, (1, 1)), 413, "too many pixels"),
        (b"", 400, "Choose a picture first."),
    ] {
        let answer = upload(&reader, bytes);
        assert_eq!(answer.status, status, "{}", answer.text);
        assert!(answer.text.contains("id=\"picture-error\""), "{}", answer.text);
        assert!(answer.text.contains(said), "{said}: {}", answer.text);
    }
    let form = reader.with("content-type", "multipart/form-data; boundary=frontier");
    let send = |body: &[u8]| form.send("POST", "/account/avatar", body).status;
    assert_eq!(send(b"--frontier\r\nhalf"), 400);
    let mut many = vec![("other", "a.png", &b"x"[..]); 10];
    many.push(("picture", "me.png", b"x"));
    assert_eq!(send(&multipart(&many)), 400, "a picture behind too many fields is not read");
    assert_eq!(reader.post("/account/avatar", "picture=x").status, 415);
    assert_eq!(server.user("reader").avatar, before);
    assert_eq!((server.rows_of_pictures(), server.picture_files()), (1, 1));
}

#[test]
fn a_file_beyond_the_limit_is_refused_before_it_is_read_and_one_at_the_limit_is_not() {
    const MOST: usize = 5 * 1024 * 1024;
    let server = TestServer::start();
    let reader = server.reader_called("reader");
    let form = reader.with("content-type", "multipart/form-data; boundary=frontier");
    let answer = form.announce("POST", "/account/avatar", MOST + 1024 * 1024);
    assert_eq!(answer.status, 413);
    assert!(answer.text.contains("at most 5 MiB"), "{}", answer.text);
    // Without an announced length, the limit applies while reading.
    let mut noise = png(8, 8);
    noise.resize(MOST + 24 * 1024, 7);
    let chunked = form.with("transfer-encoding", "chunked");
    let body = multipart(&[("picture", "large.png", &noise)]);
    let answer = chunked.send("POST", "/account/avatar", &body);
    assert_eq!(answer.status, 413, "{}", answer.text);
    assert!(answer.text.contains("at most 5 MiB"), "{}", answer.text);
    let small = png(8, 8);
    let large = with_png_chunk(&small, b"prVt", &vec![0; MOST - small.len() - 12]);
    assert_eq!(large.len(), MOST);
    assert_eq!(upload(&reader, &large).status, 303);
}

#[test]
fn only_who_is_signed_in_changes_a_profile_and_never_from_another_site() {
    let server = TestServer::start();
    let reader = server.reader_called("reader");
    let form = |client: &Client| {
        let client = client.with("content-type", "multipart/form-data; boundary=frontier");
        client.announce("POST", "/account/avatar", 400).status
    };
    assert_eq!(form(&server.someone()), 401, "before the file is read");
    assert_eq!(server.someone().post("/account/about", "about=x").status, 401);
    let elsewhere = reader.with("sec-fetch-site", "cross-site");
    assert_eq!(form(&elsewhere), 403);
    for path in ["/account/about", "/account/avatar/delete"] {
        assert_eq!(elsewhere.post(path, "about=x").status, 403, "{path}");
    }
    let user = server.user("reader");
    assert_eq!((user.about.as_str(), user.avatar), ("", None));
    // Somebody whose password has changed since the request began.
    server.execute("UPDATE users SET credential = credential + 1 WHERE username = 'reader'");
    let file = SentFile { name: "me.png".into(), bytes: png(9, 9) };
    let user = User { credential: 0, ..server.user("reader") };
    assert!(server.run(server.pictures().set_avatar(&user, file)).is_err());
    assert_eq!(server.rows_of_pictures(), 0);
}

#[test]
fn a_line_about_a_user_has_up_to_160_characters_as_people_count_them() {
    let server = TestServer::start();
    let reader = server.reader_called("reader");
    let family = "%F0%9F%91%A9%E2%80%8D%F0%9F%91%A9%E2%80%8D%F0%9F%91%A7";
    for about in ["x".repeat(160), "e%CC%81".repeat(160), family.repeat(160), String::new()] {
        let answer = reader.post("/account/about", &format!("about={about}"));
        assert_eq!(answer.header("location"), "/account?changed=about", "{}", answer.text);
    }
    assert!(reader.get("/account?changed=about").text.contains("Line changed."));
    for about in ["x".repeat(161), format!("e{}", "%CC%81".repeat(2_000))] {
        let answer = reader.post("/account/about", &format!("about={about}"));
        assert_eq!(answer.status, 422);
        assert!(answer.text.contains("id=\"about-error\""), "{}", answer.text);
        assert!(answer.text.contains("at most 160 characters"), "{}", answer.text);
    }
    for control in ["%0A", "%09", "%7F", "%C2%85", "%E2%80%AE", "%E2%81%A6"] {
        let answer = reader.post("/account/about", &format!("about=a{control}b"));
        assert_eq!(answer.status, 422, "{control}");
        assert!(answer.text.contains("control character"), "{}", answer.text);
    }
    assert_eq!(server.user("reader").about, "");
    assert_eq!(reader.post("/account/about", LINE_IN_FORM).status, 303);
    assert_eq!(server.user("reader").about, LINE);
    let page = reader.get("/account").text;
    assert!(page.contains("Writes about &lt;the&gt; sea &amp;"), "{page}");
}

#[test]
fn readers_see_an_authors_line_and_picture_at_once_on_cached_pages_feeds_and_in_the_api() {
    let server = TestServer::start();
    let jo = server.author();
    for path in PAGES {
        let answer = server.someone().get(path);
        assert!(!answer.text.contains("/pictures/"), "{path}: {}", answer.text);
    }
    assert_eq!(jo.post("/account/about", LINE_IN_FORM).status, 303);
    for path in ["/articles/first", "/authors", "/authors/jo-doe"] {
        let page = server.someone().get(path).text;
        assert!(page.contains(LINE_IN_HTML), "{path}: {page}");
    }
    assert_eq!(upload(&jo, &png(300, 200)).status, 303);
    let address = format!("/pictures/{}", server.user("jo-doe").avatar.unwrap());
    for path in PAGES {
        let page = server.someone().get(path).text;
        assert!(page.contains(&address), "{path}: {page}");
    }
    let page = server.someone().get("/articles/first").text;
    assert_eq!(avatar(&page), Some(&*address));
    assert!(!page.contains(">JD<"), "{page}");
    let absolute = format!("http://127.0.0.1:3000{address}");
    let (_, rest) = page.split_once("<script type=\"application/ld+json\"").unwrap();
    let json = rest.split_once('>').unwrap().1.split_once("</script>").unwrap().0;
    let described: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(described["author"][0]["name"], "Jo Doe", "{json}");
    assert_eq!(described["author"][0]["image"], absolute, "{json}");
    let feed = server.someone().get("/feed.json").json();
    assert_eq!(feed["items"][0]["authors"][0]["avatar"], absolute);
    let author =
        server.someone().get("/api/v1/articles").json()["articles"][0]["authors"][0].clone();
    assert_eq!((&author["about"], &author["avatar"]), (&LINE.into(), &address.as_str().into()));
    assert_eq!(jo.post("/account/avatar/delete", "").status, 303);
    for path in PAGES {
        let page = server.someone().get(path).text;
        assert!(!page.contains(&address), "{path}: {page}");
    }
}

#[test]
fn other_processes_notice_a_change_and_that_of_a_mere_reader_drops_no_page() {
    let server = TestServer::start();
    let version = || server.number("SELECT version FROM content_version WHERE ? = ''", "");
    let before = version();
    let reader = server.reader_called("reader");
    assert_eq!(upload(&reader, &png(20, 20)).status, 303);
    assert_eq!(reader.post("/account/about", "about=x").status, 303);
    assert_eq!(reader.post("/account/avatar/delete", "").status, 303);
    assert_eq!(version(), before);
    server.someone().get("/articles/first");
    // The harness has a pool of its own, as another replica has.
    let jo = server.user("jo-doe");
    server.run(server.database.set_about(jo.actor(), "Was elsewhere")).unwrap();
    eventually(&server, "/articles/first", |answer| answer.text.contains("Was elsewhere"));
    let file = SentFile { name: "me.png".into(), bytes: png(20, 20) };
    server.run(server.pictures().set_avatar(&jo, file)).unwrap();
    eventually(&server, "/articles/first", |answer| avatar(&answer.text).is_some());
    assert_eq!(version(), before + 2);
}

#[test]
fn an_avatar_is_not_among_the_pictures_for_articles_and_no_job_deletes_it() {
    let server = TestServer::with(&[("TIDEMARK_PICTURES__PER_USER", "1")]);
    server.add_user_with_role("boss", PASSWORD, Role::Admin);
    let boss = server.someone().signed_in("boss", PASSWORD);
    assert_eq!(upload(&boss, &png(20, 20)).status, 303);
    let name = server.user("boss").avatar.unwrap();
    let address = format!("/pictures/{name}");
    assert!(boss.get("/studio/pictures").text.contains("No pictures yet"));
    let picture = boss.with("content-type", "multipart/form-data; boundary=frontier");
    let body = multipart(&[("picture", "a.png", &png(9, 9))]);
    assert_eq!(
        picture.send("POST", "/studio/pictures", &body).status,
        303,
        "it is not in the quota"
    );
    assert!(!boss.get("/studio/pictures").text.contains(&name));
    assert_eq!(upload(&boss, &png(30, 30)).status, 303, "a full quota stops no avatar");
    assert_eq!(server.someone().get(&address).status, 404);
    let name = server.user("boss").avatar.unwrap();
    let address = format!("/pictures/{name}");
    server.run(server.pictures().make_copies()).unwrap();
    for job in Job::ALL {
        server.job(job);
    }
    assert_eq!(server.someone().get(&address).status, 200);
    assert_eq!((server.rows_of_pictures(), server.picture_files()), (2, 2));
    // An administrator who deletes it by its address leaves initials, not a broken picture.
    assert_eq!(boss.post(&format!("/studio/pictures/{name}/delete"), "").status, 303);
    assert_eq!(server.user("boss").avatar, None);
    assert!(avatar(&boss.get("/account").text).is_none());
}

#[test]
fn an_articles_end_has_follow_with_and_without_a_session() {
    let server = TestServer::start();
    let (page, action) = ("/articles/first", "action=\"/authors/jo-doe/follow\"");
    let link = "href=\"/login?next=%2Fauthors%2Fjo%2Ddoe&amp;intent=follow\"";
    let stranger = server.someone().get(page).text;
    assert!(stranger.contains(link) && !stranger.contains(action), "{stranger}");
    let jo = server.author().get(page).text;
    assert!(!jo.contains(link) && !jo.contains(action), "nobody follows themselves: {jo}");
    let reader = server.reader_called("reader");
    let pressed = || {
        let html = reader.get(page).text;
        let form = html.split(action).nth(1).expect("a form").split("</form>").next().unwrap();
        assert!(form.contains("name=\"next\" value=\"/articles/first\""), "{form}");
        form.contains("aria-pressed=\"true\"")
    };
    assert!(!pressed());
    for wanted in [true, false] {
        let form = format!("follow={wanted}&next=/articles/first");
        let answer = reader.post("/authors/jo-doe/follow", &form);
        assert_eq!((answer.status, answer.header("location")), (303, page));
        assert_eq!(pressed(), wanted);
    }
}

#[test]
fn like_stands_above_and_below_an_article_in_the_same_state() {
    let server = TestServer::start();
    let page = "/articles/first";
    let link = "href=\"/login?next=%2Farticles%2Ffirst&amp;intent=like\"";
    assert_eq!(server.someone().get(page).text.matches(link).count(), 2);
    let reader = server.reader_called("reader");
    for wanted in [true, false] {
        assert_eq!(reader.post("/articles/first/like", &format!("like={wanted}")).status, 303);
        let html = reader.get(page).text;
        let forms: Vec<&str> = html
            .split("action=\"/articles/first/like\"")
            .skip(1)
            .map(|form| form.split("</form>").next().unwrap())
            .collect();
        assert_eq!(forms.len(), 2);
        assert_eq!(forms[0], forms[1]);
        assert!(forms[0].contains(&format!("aria-pressed=\"{wanted}\"")), "{}", forms[0]);
        let count = format!("<span class=\"reaction-count\">{}</span>", i32::from(wanted));
        assert_eq!(
            server.someone().get(page).text.matches(&count).count(),
            2 + usize::from(!wanted)
        );
    }
}

#[test]
fn titles_in_lists_are_in_the_language_of_their_article() {
    use tidemark::server::content::import::{Report, import};
    let server = TestServer::start();
    let file =
        crate::harness::source("tides", "tags = [\"Sea\"]\nlanguage = \"ru\"", "Вода и ветер.");
    server.run(import(&server.database, &server.clock, vec![file], Report::default())).unwrap();
    server.job(Job::Ranking);
    assert!(server.someone().view(server.id("tides")).json()["counted"].as_bool().unwrap());
    let title = "lang=\"ru\"";
    for path in ["/", "/archive", "/tags/sea", "/articles/first", "/most-viewed"] {
        eventually(&server, path, |answer| {
            let before = answer.text.split("Title of tides").next().unwrap_or_default();
            let tags = before.rsplit('<').take(2).collect::<String>();
            answer.text.contains("Title of tides") && tags.contains(title)
        });
    }
}
