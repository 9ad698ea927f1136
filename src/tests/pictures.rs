//! Pictures: what is accepted and what isn't, what is stripped, who may do what, and both kinds of
//! stores.

pub mod files;

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
fn data_hidden_in_overlong_parts_is_removed() {
    let mut looped = gif(2);
    let at = looped.windows(11).position(|window| window == b"NETSCAPE2.0").unwrap() + 11;
    let hidden = [&[SECRET.len() as u8][..], SECRET].concat();
    looped.splice(at + 4..at + 4, hidden);
    let profile = profile(SECRET);
    for (name, dirty) in [
        ("reserved marker", with_segment(&jpeg(8, 8), 0xc8, SECRET)),
        (
            "colour profile of a JPEG",
            with_segment(
                &jpeg(8, 8),
                0xe2,
                &[b"ICC_PROFILE\0\x01\x01".as_slice(), &profile].concat(),
            ),
        ),
        (
            "Adobe's segment",
            with_segment(
                &jpeg(8, 8),
                0xee,
                &[b"Adobe\0\x64\0\0\0\0\x01".as_slice(), SECRET].concat(),
            ),
        ),
        ("sBIT", with_png_chunk(&png(8, 8), b"sBIT", &[&[8u8, 8, 8, 8][..], SECRET].concat())),
        (
            "pHYs",
            with_png_chunk(
                &png(8, 8),
                b"pHYs",
                &[&[0u8, 0, 0, 1, 0, 0, 0, 1, 0][..], SECRET].concat(),
            ),
        ),
        ("colour of a background", with_png_chunk(&png(8, 8), b"bKGD", SECRET)),
        ("a frame of no animation", with_png_chunk(&png(8, 8), b"fdAT", SECRET)),
        ("a palette of no use", with_png_chunk(&png(8, 8), b"PLTE", &SECRET[..30])),
        ("repetitions of a GIF", looped),
    ] {
        let found = check(&dirty).unwrap_or_else(|refusal| panic!("{name} {refusal}"));
        let secret = &SECRET[..30];
        assert!(
            dirty.windows(secret.len()).any(|window| window == secret),
            "{name}: the test tests nothing"
        );
        assert!(!found.bytes.windows(secret.len()).any(|window| window == secret), "{name}");
        let again = check(&found.bytes).unwrap();
        assert_eq!(again.bytes, found.bytes, "{name}: nothing is left to remove");
    }
    // The profile is compressed, so it has to be decompressed to be checked.
    let found = check(&with_png_chunk(&png(8, 8), b"iCCP", &packed_profile(&profile))).unwrap();
    let at = found.bytes.windows(4).position(|window| window == b"iCCP").expect("its colours stay");
    let mut unpacked = Vec::new();
    flate2::read::ZlibDecoder::new(&found.bytes[at + 4 + 5..]).read_to_end(&mut unpacked).unwrap();
    assert!(!has_secret(&unpacked) && unpacked.windows(4).any(|window| window == b"rTRC"));
}

/// The cost follows from the headers, as pixels and passes, so a file can be refused without
/// decoding it.
#[test]
fn a_picture_that_costs_more_than_it_shows_is_refused_before_it_is_decoded() {
    assert_eq!(check(&gif_of((1, 1), 380, (8000, 8000))).unwrap_err(), Refusal::Damaged);
    assert_eq!(check(&gif_of((10_000, 4_000), 11, (1, 1))).unwrap_err(), Refusal::TooLarge);
    assert_eq!(
        check(&gif_of((2, 1), 1, (1, 2))).unwrap_err(),
        Refusal::Damaged,
        "one row below the screen"
    );
    // A WebP decoder uses the size in the bitstream, not the one in the container.
    for is_animation in [false, true] {
        let is_taken = |said, size| strip(Kind::Webp, &webp_of(said, size, is_animation)).is_some();
        assert!(is_taken((64, 48), (64, 48)), "the test tests nothing");
        assert!(
            !is_taken((1, 1), (16_383, 16_383))
                && !is_taken((64, 48), (64, 49))
                && !is_taken((64, 48), (65, 48))
        );
        assert_eq!(
            check(&webp_of((1, 1), (16_383, 16_383), is_animation)).unwrap_err(),
            Refusal::Damaged
        );
    }
    let lossless = webp(40, 30);
    let said = |width, height| {
        check(&with_webp_metadata(&lossless, width, height, 1)).map(|found| found.size.width)
    };
    assert_eq!((said(40, 30), said(40, 31)), (Ok(40), Err(Refusal::Damaged)));
    // A profile that decompresses to 20 MB of zeros. Decompression stops at the longest valid
    // length, and the profile is dropped.
    let packed = packed_profile(&vec![0; 20_000_000]);
    let found = check(&with_png_chunk(&png(8, 8), b"iCCP", &packed)).unwrap();
    assert!(!found.bytes.windows(4).any(|window| window == b"iCCP"));
    let jpeg = jpeg(600, 600);
    let scan = jpeg.windows(2).position(|window| window == [0xff, 0xda]).unwrap();
    let mut many = jpeg[..jpeg.len() - 2].to_vec();
    for _ in 0..2_000 {
        many.extend_from_slice(&jpeg[scan..scan + 14]);
        many.extend_from_slice(&[0, 0]);
    }
    many.extend_from_slice(&[0xff, 0xd9]);
    assert_eq!(check(&many).unwrap_err(), Refusal::TooManyPasses);
}

#[test]
fn an_incomplete_picture_is_refused_in_one_clear_line() {
    let server = TestServer::start();
    let jo = author(&server, "jo");
    let whole = [png(40, 30), jpeg(40, 30), gif(2), webp(40, 30)];
    let mut files: Vec<(String, Vec<u8>, u16, &str)> = vec![
        (
            "page.png".into(),
            b"<!DOCTYPE html><script>alert(1)</script>".to_vec(),
            415,
            "PNG, JPEG, GIF or WebP",
        ),
        (
            "x.svg".into(),
            b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec(),
            415,
            "PNG, JPEG, GIF or WebP",
        ),
        ("x.jpg".into(), b"%PDF-1.7\n".to_vec(), 415, "PNG, JPEG, GIF or WebP"),
        ("x.gif".into(), b"PK\x03\x04rest of a zip".to_vec(), 415, "PNG, JPEG, GIF or WebP"),
        ("empty.png".into(), vec![], 415, "PNG, JPEG, GIF or WebP"),
        (
            "html.gif".into(),
            b"GIF89a/*<html><script>alert(1)</script>*/=1;".to_vec(),
            400,
            "damaged",
        ),
        ("noise.png".into(), [&png(9, 9)[..8], &[7; 500]].concat(), 400, "damaged"),
    ];
    for (index, bytes) in whole.iter().enumerate() {
        for part in [12, bytes.len() / 2, bytes.len() - 1] {
            files.push((format!("cut-{index}-{part}"), bytes[..part].to_vec(), 400, "damaged"));
        }
    }
    // A few bytes that would decode to 40 GB.
    let mut bomb = png(1, 1);
    bomb[16..24].copy_from_slice(&[0, 1, 0x86, 0xa0, 0, 1, 0x86, 0xa0]);
    files.push(("bomb.png".into(), with_right_heading(bomb), 413, "too many pixels"));
    let mut wide = png(1, 1);
    wide[16..24].copy_from_slice(&[0, 0, 0x2e, 0xe0, 0, 0, 0x0d, 0x06]);
    files.push(("wide.png".into(), with_right_heading(wide), 413, "too many pixels"));
    for (name, bytes, status, said) in &files {
        let answer = post_json(&jo, name, bytes);
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (*status, "application/problem+json"),
            "{name}: {}",
            answer.text
        );
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(
            detail.starts_with(name.as_str()) && detail.contains(said) && !detail.contains('\n'),
            "{name}: {detail}"
        );
    }
    assert_eq!(server.number("SELECT count(*) FROM pictures WHERE ? = ''", ""), 0);
    assert!(!server.folder.path().join("pictures").exists(), "nothing of a refused file is stored");
}

/// Corrects the checksum of a PNG's header.
fn with_right_heading(png: Vec<u8>) -> Vec<u8> {
    let heading: Vec<u8> = png[16..29].to_vec();
    let whole = with_png_chunk(&png, b"IHDR", &heading);
    [&whole[..8], &whole[33..58], &png[33..]].concat()
}

#[test]
fn an_animation_with_too_many_pixels_is_refused() {
    let mut file = Vec::new();
    let mut encoder = GifEncoder::new_with_speed(&mut file, 30);
    let blank = RgbaImage::new(4000, 4000);
    for _ in 0..2 {
        encoder.encode_frame(Frame::new(blank.clone())).unwrap();
    }
    drop(encoder);
    // Repeat the second frame: many pixels in few bytes.
    let end = file.len() - 1;
    let first = file.windows(2).position(|pair| pair == b"\x21\xf9").unwrap();
    let one = file[first..end].to_vec();
    let mut many = file[..first].to_vec();
    for _ in 0..13 {
        many.extend_from_slice(&one);
    }
    many.push(0x3b);
    assert_eq!(check(&many).unwrap_err(), Refusal::TooLarge);
}

#[test]
fn a_picture_that_is_too_large_is_refused_before_it_is_read() {
    let server = TestServer::start();
    let jo = author(&server, "jo");
    let form = jo.with("content-type", "multipart/form-data; boundary=frontier");
    let answer = form.announce("POST", "/studio/pictures", 11 * 1024 * 1024);
    assert_eq!(answer.status, 413);
    assert!(answer.text.contains("up to 10 MiB"), "{}", answer.text);
    let answer = form.with("accept", "application/json").announce(
        "POST",
        "/studio/pictures",
        11 * 1024 * 1024,
    );
    assert_eq!((answer.status, answer.header("content-type")), (413, "application/problem+json"));
    assert!(answer.text.contains("up to 10 MiB"), "{}", answer.text);
    // Without an announced length, the limit applies while reading. Send only slightly too much:
    // the server then closes the connection, and a client that is still sending might not see the
    // answer.
    let mut noise = png(8, 8);
    noise.resize(10 * 1024 * 1024 + 24 * 1024, 7);
    let chunked = form.with("accept", "application/json").with("transfer-encoding", "chunked");
    let answer = chunked.send("POST", "/studio/pictures", &multipart(&[("large.png", &noise)]));
    assert_eq!(answer.status, 413, "{}", answer.text);
    // Exactly the limit is accepted.
    let small = png(8, 8);
    let padding = 10 * 1024 * 1024 - small.len() - 12;
    let large = with_png_chunk(&small, b"prVt", &vec![0; padding]);
    assert_eq!(large.len(), 10 * 1024 * 1024);
    assert_eq!(post_json(&jo, "large.png", &large).status, 201);
    // The limit of other addresses is unchanged.
    let form = server.someone().with("content-type", "application/x-www-form-urlencoded");
    assert_eq!(form.announce("POST", "/login", 100_000).status, 413);
    assert_eq!(jo.announce("POST", "/studio/pictures/x/delete", 5 * 1024 * 1024).status, 413);
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
fn a_failing_store_or_database_leaves_no_visible_picture() {
    let server = TestServer::start();
    let jo = author(&server, "jo");
    let url = address(&jo, "a.png", &png(5, 5));
    // A file where the folder should be makes every write fail, even if the tests run as root.
    let folder = server.folder.path().join("pictures");
    std::fs::rename(&folder, server.folder.path().join("away")).unwrap();
    std::fs::write(&folder, "in the way").unwrap();
    let answer = post_json(&jo, "b.png", &png(5, 5));
    assert_eq!((answer.status, answer.header("retry-after")), (503, "1"), "{}", answer.text);
    assert_eq!(post(&jo, &[("b.png", &png(5, 5))]).status, 503);
    assert!(
        matches!(server.run(server.doctor.examine_pictures()), Finding::Wrong(text) if text.contains("pictures.url"))
    );
    assert_ne!(server.someone().get(&url).status, 200);
    assert_eq!(server.number("SELECT count(*) FROM pictures WHERE ? = ''", ""), 1);
    std::fs::remove_file(&folder).unwrap();
    std::fs::rename(server.folder.path().join("away"), &folder).unwrap();
    assert!(
        matches!(server.run(server.doctor.examine_pictures()), Finding::Fact(text) if text.contains("which is writable"))
    );
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "the doctor's probe is gone");

    server.execute("ALTER TABLE pictures RENAME TO gone_pictures");
    assert_eq!(post_json(&jo, "b.png", &png(5, 5)).status, 500);
    let answer = server.someone().get(&url);
    assert_eq!(answer.status, 500);
    assert!(!answer.text.contains("gone") && !answer.text.contains("table"), "{}", answer.text);
    server.execute("ALTER TABLE gone_pictures RENAME TO pictures");
    assert_eq!(server.someone().get(&url).status, 200);
    std::fs::remove_file(folder.join(&url["/pictures/".len()..])).unwrap();
    assert_eq!(server.someone().get(&url).status, 404, "bytes that are lost");
    assert_eq!(
        jo.request("POST", &format!("/studio{url}/delete"), "").status,
        303,
        "and can be deleted all the same"
    );
}

/// A minimal S3 server. It keeps objects in memory and refuses unsigned requests.
#[derive(Default)]
struct S3 {
    objects: Mutex<HashMap<String, Vec<u8>>>,
    is_down: AtomicBool,
    refused: AtomicUsize,
}

impl S3 {
    fn start() -> (Arc<Self>, String, tokio::runtime::Runtime) {
        let s3 = Arc::new(Self::default());
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let service = axum::Router::new().fallback(answer_as_s3).with_state(s3.clone());
        runtime.spawn(async move { axum::serve(listener, service).await });
        (s3, url, runtime)
    }

    fn keys(&self) -> Vec<String> {
        self.objects.lock().unwrap().keys().cloned().collect()
    }
}

async fn answer_as_s3(
    State(s3): State<Arc<S3>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let signature = headers.get("authorization").map_or("", |value| value.to_str().unwrap());
    let is_signed = signature.starts_with("AWS4-HMAC-SHA256 Credential=the-key/")
        && signature.contains("/north-1/s3/aws4_request")
        && signature.contains("Signature=")
        && headers.contains_key("x-amz-date");
    if !is_signed {
        s3.refused.fetch_add(1, Ordering::Relaxed);
        return StatusCode::FORBIDDEN.into_response();
    }
    if s3.is_down.load(Ordering::Relaxed) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let key = uri.path().to_owned();
    let mut objects = s3.objects.lock().unwrap();
    match method {
        Method::PUT => {
            objects.insert(key, body.to_vec());
            [("etag", "\"1\"")].into_response()
        }
        Method::GET | Method::HEAD => match objects.get(&key) {
            Some(bytes) => {
                let headers =
                    [("etag", "\"1\""), ("last-modified", "Tue, 24 Nov 2026 12:00:00 GMT")];
                (headers, bytes.clone()).into_response()
            }
            None => StatusCode::NOT_FOUND.into_response(),
        },
        Method::DELETE => {
            objects.remove(&key);
            StatusCode::NO_CONTENT.into_response()
        }
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
}

#[test]
fn pictures_can_be_stored_in_an_s3_bucket() {
    let (s3, endpoint, _runtime) = S3::start();
    let server = TestServer::with(&[
        ("TIDEMARK_PICTURES__URL", "s3://tidemark/blog/pictures"),
        ("AWS_ACCESS_KEY_ID", "the-key"),
        ("AWS_SECRET_ACCESS_KEY", "the-secret"),
        ("AWS_REGION", "north-1"),
        ("AWS_ENDPOINT_URL", &endpoint),
        ("AWS_ALLOW_HTTP", "true"),
    ]);
    assert!(!format!("{:?}", server.config).contains("the-secret"));
    assert!(
        matches!(server.run(server.doctor.examine_pictures()), Finding::Fact(text) if text.contains("s3://tidemark/blog/pictures"))
    );
    assert!(s3.keys().is_empty(), "the doctor's probe is gone");
    let jo = author(&server, "jo");
    let exif_segment = [b"Exif\0\0".as_slice(), &exif(1)].concat();
    let url = address(&jo, "a.jpg", &with_segment(&jpeg(30, 20), 0xe1, &exif_segment));
    assert_eq!(s3.keys(), [format!("/tidemark/blog{url}")]);
    let answer = server.someone().get(&url);
    assert_eq!((answer.status, answer.header("content-type")), (200, "image/jpeg"));
    assert_eq!(answer.header("content-length"), answer.bytes.len().to_string());
    assert_eq!(check(&answer.bytes).unwrap().size.width, 30);
    assert!(!has_secret(&answer.bytes));

    s3.is_down.store(true, Ordering::Relaxed);
    assert_eq!(server.someone().get(&url).status, 503);
    let answer = post_json(&jo, "b.png", &png(5, 5));
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (503, "application/problem+json"),
        "{}",
        answer.text
    );
    assert!(matches!(server.run(server.doctor.examine_pictures()), Finding::Wrong(_)));
    assert_eq!(server.number("SELECT count(*) FROM pictures WHERE ? = ''", ""), 1);
    assert_eq!(server.someone().get("/articles/first").status, 200, "articles go without it");

    s3.is_down.store(false, Ordering::Relaxed);
    assert_eq!(jo.request("POST", &format!("/studio{url}/delete"), "").status, 303);
    assert!(s3.keys().is_empty());
    assert_eq!(server.someone().get(&url).status, 404);
    assert_eq!(s3.refused.load(Ordering::Relaxed), 0, "every request is signed");
}

#[test]
fn doctor_says_where_pictures_are_stored() {
    let folder = tempfile::tempdir().unwrap();
    let run = |pictures: &std::path::Path| {
        let mut command = binary();
        command.env("DATABASE_URL", format!("sqlite:{}", folder.path().join("blog.db").display()));
        command.env("TIDEMARK_PICTURES__URL", format!("file:{}", pictures.display())).arg("doctor");
        command.output().unwrap()
    };
    let good = run(&folder.path().join("new/pictures"));
    assert!(good.status.success(), "{good:?}");
    assert!(
        String::from_utf8_lossy(&good.stdout).contains("new/pictures, which is writable"),
        "{good:?}"
    );
    let bad = run(&folder.path().join("blog.db/pictures"));
    assert!(!bad.status.success(), "{bad:?}");
    assert!(String::from_utf8_lossy(&bad.stdout).contains("X Pictures: the folder "), "{bad:?}");
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

/// A photo-like picture: of each size, a JPEG is larger than its WebP.
fn photo(width: u32, height: u32) -> Vec<u8> {
    let pixels = image::RgbImage::from_fn(width, height, |x, y| {
        let wave = (f64::from(x) / 9.0).sin() + (f64::from(y) / 7.0).cos();
        image::Rgb([(120.0 + 60.0 * wave) as u8, (x * 255 / width) as u8, (y * 255 / height) as u8])
    });
    let mut file = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut file, 95)
        .encode_image(&pixels)
        .unwrap();
    file
}

/// The addresses in a `srcset`, with the width each says.
fn candidates(html: &str) -> Vec<(String, u32)> {
    let (_, rest) = html.split_once(" srcset=\"").expect("a srcset");
    let srcset = rest.split_once('"').unwrap().0;
    let candidate = |candidate: &str| {
        let (address, width) = candidate.trim().split_once(' ').unwrap();
        (address.to_owned(), width.strip_suffix('w').unwrap().parse().unwrap())
    };
    srcset.split(',').map(candidate).collect()
}

fn pictures_of(server: &TestServer) -> Pictures {
    let (store, quota) = (server.stores.pictures.clone(), server.config.pictures.quota());
    Pictures::new(server.database.clone(), store, server.clock.clone(), quota)
}

fn make_copies(server: &TestServer) -> usize {
    server.run(pictures_of(server).make_copies()).unwrap()
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

#[test]
fn an_upload_whose_client_hangs_up_leaves_no_file_without_a_row() {
    let server = TestServer::start();
    author(&server, "jo");
    let pictures = pictures_of(&server);
    server.run(async {
        let user = server.database.user_by_username("jo").await.unwrap().unwrap();
        let files = (0..5).map(|_| SentFile { name: "a.png".into(), bytes: png(4, 4) }).collect();
        let mut adding = Box::pin(pictures.add(&user, files));
        while files_of(&server) == 0 {
            let _ = (&mut adding).now_or_never();
            tokio::task::yield_now().await;
        }
        drop(adding);
        let has_rows = async {
            while server.database.size_of_pictures(user.id).await.unwrap().0 < 5 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, has_rows).await.unwrap();
    });
    assert_eq!(files_of(&server), 5);
}

#[test]
fn a_user_with_many_slow_uploads_leaves_room_for_others() {
    let server = TestServer::start();
    let (jo, other) = (author(&server, "jo"), author(&server, "other"));
    let slow: Vec<_> = (0..20).map(|_| begun(&jo)).collect();
    for _ in 0..5 {
        assert_eq!(post_json(&other, "a.png", &png(4, 4)).status, 201);
    }
    drop(slow);
    assert_eq!(post_json(&jo, "a.png", &png(4, 4)).status, 201);
}

/// An upload that never ends.
fn begun(client: &Client) -> TcpStream {
    let mut connection = TcpStream::connect(client.address()).unwrap();
    write!(
        connection,
        "POST /studio/pictures HTTP/1.1\r\nhost: x\r\ncookie: {}\r\nsec-fetch-site: same-origin\r\n\
         content-type: multipart/form-data; boundary=x\r\ncontent-length: 1000\r\n\r\n--x\r\n",
        client.header_named("cookie")
    )
    .unwrap();
    connection
}

#[test]
fn each_address_in_a_srcset_answers_before_and_after_copies_are_made() {
    let server = TestServer::start();
    let jo = author(&server, "jo");
    let original = photo(1_200, 800);
    let url = address(&jo, "tide.jpg", &original);
    assert!(url.contains("-1200x800-"), "{url}");
    add_article(&server, source("wide", &format!("cover = \"{url}\""), &format!("![Tide]({url})")));
    let page = server.someone().get("/articles/wide").text;
    let (cover, prose) = page.split_once("class=\"prose\"").unwrap();
    let cover = &cover[cover.rfind("<img").expect("a cover")..];
    for part in [
        "width=\"1200\" height=\"800\"",
        "fetchpriority=\"high\"",
        "decoding=\"async\"",
        "class=\"cover tint-r",
    ] {
        assert!(cover.contains(part), "{part} in {cover}");
    }
    for part in ["width=\"1200\"", "height=\"800\"", "loading=\"lazy\"", "class=\"tint-r"] {
        assert!(prose.contains(part), "{part} in {prose}");
    }
    assert!(!page.contains("style=\""), "the policy forbids it");
    let expected: Vec<_> =
        [480, 960, 1_200].map(|width| (format!("{url}.{width}.webp"), width)).into();
    assert_eq!(candidates(cover), expected);
    assert_eq!(candidates(prose), expected);

    for (address, _) in &expected {
        let answer = server.someone().get(address);
        assert_eq!((answer.status, answer.header("content-type")), (200, "image/jpeg"));
        assert_eq!(answer.header("cache-control"), "public, no-cache", "it will be the copy soon");
        let tag = answer.header("etag").to_owned();
        assert_eq!(server.someone().with("if-none-match", &tag).get(address).status, 304);
    }
    assert_eq!(make_copies(&server), 1);
    assert_eq!(make_copies(&server), 0, "once");
    assert_eq!(files_of(&server), 4);
    for (address, width) in &expected {
        let answer = server.someone().get(address);
        assert_eq!((answer.status, answer.header("content-type")), (200, "image/webp"));
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(answer.header("content-length"), answer.bytes.len().to_string());
        assert!(answer.bytes.len() < original.len());
        let copy = image::load_from_memory(&answer.bytes).unwrap();
        assert_eq!((copy.width(), copy.height()), (*width, width * 2 / 3));
        let head = server.someone().send("HEAD", address, b"");
        assert_eq!((head.status, head.bytes.len()), (200, 0));
        assert_eq!(head.header("content-length"), answer.header("content-length"));
        let tag = answer.header("etag");
        assert_eq!(server.someone().with("if-none-match", tag).get(address).status, 304);
    }
    let whole = server.someone().get(&url);
    assert_eq!(whole.bytes.len(), original.len());
    for width in [0, 1, 479, 481, 1_600, 99_999] {
        assert_eq!(server.someone().get(&format!("{url}.{width}.webp")).status, 404, "{width}");
    }
    assert_eq!(server.someone().get(&format!("{url}.480.webp.480.webp")).status, 404);

    assert_eq!(jo.post(&format!("/studio{url}/delete"), "").status, 303);
    assert_eq!(files_of(&server), 0, "the copies go with their picture");
    for (address, _) in &expected {
        assert_eq!(server.someone().get(address).status, 404);
    }
}

#[test]
fn pictures_for_which_a_copy_is_no_gain_are_sent_themselves() {
    let server = TestServer::start();
    let jo = author(&server, "jo");
    let moving = gif(3);
    let small = photo(100, 80);
    let mut flat = Cursor::new(Vec::new());
    RgbaImage::new(700, 700).write_to(&mut flat, image::ImageFormat::Png).unwrap();
    for (name, file) in [("a.gif", moving), ("b.jpg", small)] {
        let url = address(&jo, name, &file);
        assert_eq!(make_copies(&server), 1, "{name}: noted");
        assert_eq!(server.someone().get(&format!("{url}.480.webp")).status, 404, "{name}");
    }
    let url = address(&jo, "c.png", flat.get_ref());
    assert!(url.ends_with("-700x700.png"), "a transparent picture has no colour: {url}");
    make_copies(&server);
    let answer = server.someone().get(&format!("{url}.700.webp"));
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
}

#[test]
fn copies_whose_maker_died_are_made_again() {
    let server = TestServer::start();
    let jo = author(&server, "jo");
    let url = address(&jo, "tide.jpg", &photo(700, 400));
    let name = &url["/pictures/".len()..];
    // Another process begins, and dies.
    let now = server.clock.now().0;
    assert!(server.run(server.database.begin_copies(name, Millis(now), Millis(now))).unwrap());
    assert_eq!(make_copies(&server), 0, "one makes them");
    assert_eq!(
        server.someone().get(&format!("{url}.480.webp")).header("content-type"),
        "image/jpeg"
    );
    server.clock.advance(std::time::Duration::from_secs(10 * 60));
    assert_eq!(make_copies(&server), 1);
    assert_eq!(
        server.someone().get(&format!("{url}.480.webp")).header("content-type"),
        "image/webp"
    );

    // As after a restore without copies.
    std::fs::remove_file(server.folder.path().join(format!("pictures/{name}.480.webp"))).unwrap();
    let answer = server.someone().get(&format!("{url}.480.webp"));
    assert_eq!((answer.status, answer.header("content-type")), (200, "image/jpeg"));
    assert_eq!(answer.header("cache-control"), "public, no-cache");
    assert_eq!(make_copies(&server), 1);
    assert_eq!(
        server.someone().get(&format!("{url}.480.webp")).header("content-type"),
        "image/webp"
    );
}

#[test]
fn a_stored_file_that_cannot_be_decoded_has_no_copies() {
    let server = TestServer::start();
    let jo = author(&server, "jo");
    let url = address(&jo, "tide.jpg", &photo(700, 400));
    let file = server.folder.path().join(&url[1..]);
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..300]).unwrap();
    assert_eq!(make_copies(&server), 1);
    assert_eq!(make_copies(&server), 0, "it is not tried for ever");
    assert_eq!(files_of(&server), 1);
    assert_eq!(server.someone().get(&format!("{url}.480.webp")).bytes.len(), 300);
}

#[test]
fn a_picture_of_an_older_version_gets_its_size_when_a_text_is_rendered() {
    let server = TestServer::start();
    let jo = author(&server, "jo");
    let url = address(&jo, "tide.jpg", &photo(700, 400));
    let older = "0123456789abcdef0123456789abcdef.jpg";
    std::fs::rename(
        server.folder.path().join(&url[1..]),
        server.folder.path().join(format!("pictures/{older}")),
    )
    .unwrap();
    server.execute("UPDATE pictures SET name = '0123456789abcdef0123456789abcdef.jpg'");
    add_article(&server, source("old", "", &format!("![Tide](/pictures/{older})")));
    let article = format!("/api/v1/articles/{}", server.id("old"));
    let html = || server.someone().get(&article).json()["html"].as_str().unwrap().to_owned();
    assert!(!html().contains("srcset"));
    server.execute("UPDATE article_renderer SET version = 1");
    server.run(rerender(&server.database)).unwrap();
    let html = html();
    assert!(html.contains("width=\"700\"") && html.contains("height=\"400\""), "{html}");
    assert_eq!(candidates(&html)[0], (format!("/pictures/{older}.480.webp"), 480));
    assert_eq!(make_copies(&server), 1);
    let answer = server.someone().get(&format!("/pictures/{older}.480.webp"));
    assert_eq!((answer.status, answer.header("content-type")), (200, "image/webp"));
}
