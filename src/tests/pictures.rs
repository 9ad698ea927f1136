//! Pictures: what is accepted and what isn't, what is stripped, who may do what, and both kinds of
//! stores.

mod copies;
pub mod files;
mod refused;
mod stores;

use std::collections::HashMap;
use std::io::{Cursor, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use image::codecs::gif::GifEncoder;
use image::{Frame, ImageReader, RgbaImage};
use tidemark::server::content::import::{Report, SourceFile, import};
use tidemark::server::content::rerender::rerender;
use tidemark::server::db::actor::Role;
use tidemark::server::doctor::Finding;
use tidemark::server::pictures::{Pictures, SentFile};
use tidemark_content::pictures::Kind;
use tidemark_content::pictures::check::{Refusal, check};
use tidemark_content::pictures::strip::strip;
use tidemark_store::clock::Millis;

use self::files::{
    SECRET, exif, gif, gif_of, has_secret, jpeg, packed_profile, png, profile, webp, webp_of,
    with_gif_metadata, with_png_chunk, with_segment, with_webp_metadata,
};
use crate::harness::{Answer, Client, PATIENCE, TestServer, binary, source};

const PASSWORD: &str = "a-good-password";

/// Adds an author and signs in.
fn author<'a>(server: &'a TestServer, username: &str) -> Client<'a> {
    server.add_user_with_role(username, PASSWORD, Role::Author);
    signed_in(server, username)
}

fn signed_in<'a>(server: &'a TestServer, username: &str) -> Client<'a> {
    let form = server.someone().with("content-type", "application/x-www-form-urlencoded");
    let answer =
        form.request("POST", "/login", &format!("username={username}&password={PASSWORD}"));
    assert_eq!(answer.status, 303, "{}", answer.text);
    server.someone().with("cookie", answer.header("set-cookie").split(';').next().unwrap())
}

fn multipart(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, bytes) in files {
        let head = format!(
            "--frontier\r\ncontent-disposition: form-data; name=\"picture\"; filename=\"{name}\"\r\ncontent-type: text/html\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--frontier--\r\n");
    body
}

pub fn post(client: &Client, files: &[(&str, &[u8])]) -> Answer {
    let client = client.with("content-type", "multipart/form-data; boundary=frontier");
    client.send("POST", "/studio/pictures", &multipart(files))
}

pub fn post_json(client: &Client, name: &str, bytes: &[u8]) -> Answer {
    post(&client.with("accept", "application/json"), &[(name, bytes)])
}

/// Uploads a picture, which must be accepted, and returns its address.
fn address(client: &Client, name: &str, bytes: &[u8]) -> String {
    let answer = post_json(client, name, bytes);
    assert_eq!(answer.status, 201, "{name}: {}", answer.text);
    answer.json()["url"].as_str().unwrap().to_owned()
}

#[test]
fn pictures_of_each_format_are_served_whole_with_their_media_type() {
    let server = TestServer::start();
    let jo = author(&server, "jo");
    for (kind, ending, bytes) in [
        ("image/png", ".png", png(31, 17)),
        ("image/jpeg", ".jpg", jpeg(31, 17)),
        ("image/gif", ".gif", gif(3)),
        ("image/webp", ".webp", webp(31, 17)),
    ] {
        // The file name and the media type of the upload are wrong on purpose.
        let url = address(&jo, "low_tide.html", &bytes);
        assert!(url.starts_with("/pictures/") && url.ends_with(ending), "{url}");
        let answer = server.someone().with("accept-encoding", "gzip, br").get(&url);
        assert_eq!((answer.status, answer.header("content-type")), (200, kind));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(
            answer.header("content-security-policy"),
            "default-src 'none'; sandbox; frame-ancestors 'none'"
        );
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(answer.header("content-disposition"), "inline");
        assert_eq!(answer.header("content-encoding"), "", "a picture is compressed already");
        assert_eq!(answer.header("content-length"), answer.bytes.len().to_string());
        assert_eq!(answer.header("set-cookie"), "");
        let decode = |bytes: &[u8]| {
            let reader =
                ImageReader::new(Cursor::new(bytes.to_vec())).with_guessed_format().unwrap();
            reader.decode().unwrap().into_rgba8()
        };
        assert_eq!(decode(&answer.bytes), decode(&bytes), "{kind}: not a pixel is changed");

        let head = server.someone().send("HEAD", &url, b"");
        assert_eq!(
            (head.status, head.header("content-length"), head.bytes.len()),
            (200, answer.header("content-length"), 0)
        );
        let tag = answer.header("etag");
        for known in [tag.to_owned(), format!("\"x\", W/{tag}"), "*".into()] {
            let again = server.someone().with("if-none-match", &known).get(&url);
            assert_eq!(
                (again.status, again.bytes.len(), again.header("etag")),
                (304, 0, tag),
                "{known}"
            );
        }
        assert_eq!(server.someone().with("if-none-match", "\"x\"").get(&url).status, 200);
    }
    let two: Vec<String> = (0..2).map(|_| address(&jo, "same.png", &png(3, 3))).collect();
    assert_ne!(two[0], two[1], "the address reveals nothing about the picture");
    assert_eq!(server.number("SELECT count(*) FROM pictures WHERE ? = ''", ""), 6);
}

#[test]
fn camera_metadata_is_removed_except_the_orientation() {
    let exif_segment = [b"Exif\0\0".as_slice(), &exif(6)].concat();
    let dirty_jpeg = with_segment(&jpeg(30, 20), 0xe1, &exif_segment);
    let dirty_jpeg =
        with_segment(&dirty_jpeg, 0xe1, &[b"http://ns.adobe.com/xap/1.0/\0", SECRET].concat());
    let dirty_jpeg = with_segment(&dirty_jpeg, 0xfe, SECRET);
    let dirty_jpeg = with_segment(&dirty_jpeg, 0xed, SECRET);
    let dirty_jpeg = [&dirty_jpeg, SECRET, b"<script>alert(1)</script>"].concat();
    let dirty_png = with_png_chunk(&png(30, 20), b"tEXt", &[b"Comment\0", SECRET].concat());
    let dirty_png = with_png_chunk(&dirty_png, b"eXIf", &exif(6));
    let dirty_png = with_png_chunk(&dirty_png, b"prVt", SECRET);
    let dirty_png = [&dirty_png, SECRET].concat();
    let dirty_gif = [&with_gif_metadata(&gif(2)), SECRET].concat();
    let dirty_webp = [&with_webp_metadata(&webp(30, 20), 30, 20, 6), SECRET].concat();

    let server = TestServer::start();
    let jo = author(&server, "jo");
    for (name, dirty, size) in [
        ("a.jpg", dirty_jpeg, "20 × 30"),
        ("a.png", dirty_png, "20 × 30"),
        ("a.gif", dirty_gif, "12 × 8"),
        ("a.webp", dirty_webp, "20 × 30"),
    ] {
        assert!(has_secret(&dirty), "{name}: the test tests nothing");
        let url = address(&jo, name, &dirty);
        let answer = server.someone().get(&url);
        assert!(!has_secret(&answer.bytes), "{name}");
        assert!(!answer.text.contains("<script>"), "{name}");
        assert!(jo.get("/studio/pictures").text.contains(size), "{name}: rotated as displayed");
        let turned = check(&answer.bytes).unwrap();
        let unturned = if name == "a.gif" { (12, 8) } else { (20, 30) };
        assert_eq!(
            (turned.size.width, turned.size.height),
            unturned,
            "{name} still has its orientation"
        );
        assert_eq!(turned.bytes, answer.bytes, "{name}: nothing is left to remove");
    }
}

#[test]
fn an_author_uploads_copies_and_deletes_without_javascript() {
    let server = TestServer::start();
    let jo = author(&server, "jo");
    let page = jo.get("/studio/pictures");
    assert_eq!(page.status, 200, "{}", page.text);
    for part in [
        "<h1>Pictures</h1>",
        "No pictures yet.",
        "enctype=\"multipart/form-data\"",
        "type=\"file\"",
    ] {
        assert!(page.text.contains(part), "{part}: {}", page.text);
    }
    let answer = post(&jo, &[("one_tide.png", &png(3, 2)), ("two<b>.gif", &gif(1))]);
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, "/studio/pictures?added=2"),
        "{}",
        answer.text
    );
    let page = jo.get("/studio/pictures?added=2");
    for part in [
        "Pictures added.",
        "3 × 2",
        "value=\"![one tide](/pictures/",
        "two&lt;b&gt;.gif",
        "November 24, 2026",
    ] {
        assert!(page.text.contains(part), "{part}: {}", page.text);
    }
    assert!(
        page.text.find("two&lt;b").unwrap() < page.text.find("one_tide").unwrap(),
        "newest first"
    );
    assert!(!page.text.contains(" style="), "{}", page.text);

    for (files, status, said) in [
        (&[][..], 400, "Choose a picture first."),
        (&[("", &b""[..])], 400, "Choose a picture first."),
        (&[("fine.png", &png(2, 2)), ("evil.png", b"<svg>")], 415, "evil.png isn't a PNG"),
    ] {
        let answer = post(&jo, files);
        assert_eq!(answer.status, status);
        for part in ["<h1>Pictures</h1>", said, "aria-invalid", "one_tide.png"] {
            assert!(answer.text.contains(part), "{part}: {}", answer.text);
        }
    }
    assert_eq!(
        server.number("SELECT count(*) FROM pictures WHERE ? = ''", ""),
        2,
        "a request is stored whole or not at all"
    );
    let answer = jo.with("content-type", "application/x-www-form-urlencoded").request(
        "POST",
        "/studio/pictures",
        "picture=x",
    );
    assert_eq!(answer.status, 415);
    let both = post(
        &jo.with("accept", "application/json"),
        &[("a.png", &png(2, 2)), ("b.png", &png(2, 2))],
    );
    assert_eq!(both.status, 400, "{}", both.text);

    let delete = page.text.split("action=\"").find(|part| part.contains("/delete\"")).unwrap();
    let delete = delete.split('"').next().unwrap();
    let picture = delete.trim_end_matches("/delete").replace("/studio", "");
    assert_eq!(server.someone().get(&picture).status, 200);
    let answer = jo.request("POST", delete, "");
    assert_eq!((answer.status, answer.header("location")), (303, "/studio/pictures?deleted=1"));
    assert_eq!(server.someone().get(&picture).status, 404);
    let page = jo.get("/studio/pictures?deleted=1").text;
    assert!(page.contains("Picture deleted.") && !page.contains(&picture), "{page}");
    assert_eq!(
        std::fs::read_dir(server.folder.path().join("pictures")).unwrap().count(),
        1,
        "its file is deleted too"
    );
    assert_eq!(
        jo.request("POST", delete, "").status,
        404,
        "the second time, there is nothing to delete"
    );
}

#[test]
fn a_picture_is_taken_shown_and_deleted_over_a_single_connection() {
    let server = TestServer::with(&[("TIDEMARK_DATABASE__CONNECTIONS", "1")]);
    let jo = author(&server, "jo");
    let url = address(&jo, "one.png", &png(3, 2));
    assert_eq!(server.someone().get(&url).status, 200);
    assert_eq!(jo.request("POST", &format!("/studio{url}/delete"), "").status, 303);
    assert_eq!(server.someone().get(&url).status, 404);
}

#[test]
fn many_pictures_are_shown_in_pages() {
    let server = TestServer::start();
    let jo = author(&server, "jo");
    let bytes = png(1, 1);
    for round in 0..2 {
        let files: Vec<_> = (0..13).map(|_| ("x.png", bytes.as_slice())).collect();
        assert_eq!(post(&jo, &files).status, 303, "{round}");
    }
    assert_eq!(jo.get("/studio/pictures").text.matches("class=\"picture\"").count(), 24);
    let second = jo.get("/studio/pictures?page=2");
    assert_eq!(second.text.matches("class=\"picture\"").count(), 2);
    assert!(second.text.contains("/studio/pictures?page=1"), "{}", second.text);
    for nowhere in ["3", "0", "x"] {
        assert_eq!(jo.get(&format!("/studio/pictures?page={nowhere}")).status, 404, "{nowhere}");
    }
}

#[test]
fn only_the_owner_and_an_administrator_list_and_delete_a_picture() {
    let server = TestServer::start();
    let (jo, al) = (author(&server, "jo"), author(&server, "al"));
    server.add_user_with_role("root", PASSWORD, Role::Admin);
    server.add_user_with_role("reader", PASSWORD, Role::Reader);
    let url = address(&jo, "mine.png", &png(5, 5));
    let delete = format!("/studio{url}/delete");

    assert!(!al.get("/studio/pictures").text.contains("mine.png"));
    assert_eq!(al.request("POST", &delete, "").status, 404);
    let reader = signed_in(&server, "reader");
    assert_eq!(reader.get("/studio/pictures").status, 403);
    assert_eq!(post(&reader, &[("a.png", &png(2, 2))]).status, 403);
    let answer = post_json(&reader, "a.png", &png(2, 2));
    assert_eq!((answer.status, answer.header("content-type")), (403, "application/problem+json"));
    assert_eq!(reader.request("POST", &delete, "").status, 403);
    let nobody = server.someone();
    assert_eq!(nobody.get("/studio/pictures").status, 303, "to the form to sign in");
    assert_eq!(post(&nobody, &[("a.png", &png(2, 2))]).status, 401);
    let answer = post_json(&nobody, "a.png", &png(2, 2));
    assert_eq!((answer.status, answer.header("content-type")), (401, "application/problem+json"));
    assert_eq!(nobody.request("POST", &delete, "").status, 401);
    assert_eq!(
        post(&jo.with("sec-fetch-site", "cross-site"), &[("a.png", &png(2, 2))]).status,
        403
    );
    assert_eq!(nobody.get(&url).status, 200, "anyone with the address can see it");

    let root = signed_in(&server, "root");
    let page = root.get("/studio/pictures").text;
    assert!(page.contains("mine.png") && page.contains("A Reader"), "{page}");
    assert_eq!(root.request("POST", &delete, "").status, 303);
    assert_eq!(nobody.get(&url).status, 404);
}

#[test]
fn an_unknown_picture_address_is_not_found() {
    let server = TestServer::start();
    let jo = author(&server, "jo");
    let url = address(&jo, "a.png", &png(5, 5));
    std::fs::write(server.folder.path().join("pictures/secret.png"), png(1, 1)).unwrap();
    std::fs::write(
        server.folder.path().join(format!("pictures/{}.png", "0".repeat(32))),
        png(1, 1),
    )
    .unwrap();
    for path in [
        "/pictures/secret.png".to_owned(),
        format!("/pictures/{}.png", "0".repeat(32)),
        url.replace(".png", ".jpg"),
        url.replace(".png", ""),
        url.to_uppercase().replace("/PICTURES", "/pictures"),
        "/pictures/..%2fblog.db".into(),
        "/pictures/%2e%2e%2f%2e%2e%2fetc%2fpasswd".into(),
        "/pictures/..%5cblog.db".into(),
        format!("/pictures/.%2f{}", &url["/pictures/".len()..]),
        format!("{url}%00"),
        "/pictures/".into(),
    ] {
        let answer = server.someone().get(&path);
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.header("content-type").starts_with("text/html"), "{path}");
        assert!(!answer.header("cache-control").contains("immutable"), "{path}");
        assert_eq!(
            jo.request(
                "POST",
                &format!("/studio/pictures/{}/delete", path.trim_start_matches("/pictures/")),
                ""
            )
            .status,
            404,
            "{path}"
        );
    }
}

#[test]
fn a_user_has_a_quota_of_pictures_and_bytes() {
    let server = TestServer::with(&[
        ("TIDEMARK_PICTURES__PER_USER", "3"),
        ("TIDEMARK_PICTURES__MIB_PER_USER", "1"),
    ]);
    let jo = author(&server, "jo");
    let small = png(4, 4);
    let two = [("a.png", &small[..]), ("b.png", &small[..])];
    assert_eq!(post(&jo, &two).status, 303);
    let answer = post(&jo, &two);
    assert_eq!(answer.status, 403, "all or none");
    assert!(answer.text.contains("3 pictures and 1 MiB"), "{}", answer.text);
    let url = address(&jo, "c.png", &small);
    let answer = post_json(&jo, "d.png", &small);
    assert_eq!((answer.status, answer.header("content-type")), (403, "application/problem+json"));
    assert_eq!(server.number("SELECT count(*) FROM pictures WHERE ? = ''", ""), 3);
    let kept = std::fs::read_dir(server.folder.path().join("pictures")).unwrap().count();
    assert_eq!(kept, 3, "nothing of a refused upload is left");
    assert_eq!(jo.post(&format!("/studio{url}/delete"), "").status, 303);
    let noise = RgbaImage::from_fn(600, 600, |x, y| {
        let hash = x
            .wrapping_mul(2_654_435_761)
            .wrapping_add(y.wrapping_mul(2_246_822_519))
            .wrapping_mul(3_266_489_917);
        image::Rgba(hash.to_be_bytes())
    });
    let mut large = Cursor::new(Vec::new());
    noise.write_to(&mut large, image::ImageFormat::Png).unwrap();
    let large = large.into_inner();
    assert!(large.len() > 1024 * 1024, "the test tests nothing");
    assert_eq!(post_json(&jo, "large.png", &large).status, 403, "too many bytes");
    assert_eq!(
        post_json(&author(&server, "other"), "e.png", &small).status,
        201,
        "each user has their own quota"
    );
}

#[test]
fn a_setting_stops_pages_from_loading_pictures_of_other_hosts() {
    let server = TestServer::start();
    let policy = |server: &TestServer| {
        server.someone().get("/articles/first").header("content-security-policy").to_owned()
    };
    assert!(policy(&server).contains("img-src 'self' https: data:;"));
    let server = TestServer::with(&[("TIDEMARK_PICTURES__ELSEWHERE", "false")]);
    let policy = policy(&server);
    assert!(
        policy.contains("img-src 'self' data:;") && policy.contains("media-src 'self';"),
        "{policy}"
    );
    assert!(!policy.contains("https:"), "{policy}");
}

fn pictures_of(server: &TestServer) -> Pictures {
    let (store, quota) = (server.stores.pictures.clone(), server.config.pictures.quota());
    Pictures::new(server.database.clone(), store, server.clock.clone(), quota)
}

fn add_article(server: &TestServer, file: SourceFile) {
    let report =
        server.run(import(&server.database, &server.clock, vec![file], Report::default())).unwrap();
    assert_eq!(report.created, 1, "{report:?}");
}

fn files_of(server: &TestServer) -> usize {
    // The first picture makes the folder.
    std::fs::read_dir(server.folder.path().join("pictures")).map_or(0, Iterator::count)
}
