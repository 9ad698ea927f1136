//! The browser's files, served from a folder.

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use tidemark::server::db::actor::Role;

use crate::harness::{Answer, TestServer};

const HASH: &str = "0123456789abcdef";
const YEAR: &str = "public, max-age=31536000, immutable";
const ASK: &str = "public, no-cache";

/// A folder as the build leaves it. Each file contains text that identifies it.
fn site() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write =
        |name: &str, text: &str| fs::write(folder.path().join("pkg").join(name), text).unwrap();
    fs::create_dir(folder.path().join("pkg")).unwrap();
    let files = [
        ("reading", "js", "reading"),
        ("tidemark", "js", "js"),
        ("tidemark", "wasm", "wasm"),
        ("tidemark", "css", "css"),
    ];
    for (name, extension, text) in files {
        write(&format!("{name}.{extension}"), text);
        write(&format!("{name}.{HASH}.{extension}"), text);
        write(&format!("{name}.{HASH}.{extension}.br"), &format!("{text} in brotli"));
        write(&format!("{name}.{HASH}.{extension}.gz"), &format!("{text} in gzip"));
    }
    write("hash.txt", HASH);
    folder
}

fn server(site: &Path) -> TestServer {
    TestServer::with(&[("LEPTOS_SITE_ROOT", site.to_str().unwrap())])
}

/// Whether pages refer to the style sheet and scripts by hash, both on a page for reading and on
/// one with islands.
fn named_in_page(server: &TestServer) -> bool {
    server.add_user_with_role("writer", "a-good-password", Role::Author);
    let html = server.someone().get("/").text;
    let editor = server.someone().signed_in("writer", "a-good-password").get("/studio/new").text;
    let calls = |hash: &str| {
        let style = format!("href=\"/pkg/tidemark{hash}.css\"");
        let script = format!("<script type=\"module\" src=\"/pkg/reading{hash}.js\" nonce=\"");
        // The script receives the names of the library's two files.
        let library = format!("\"pkg\", \"tidemark{hash}\", \"tidemark{hash}\"");
        let everywhere = [&style, &script].map(|part| html.contains(part) && editor.contains(part));
        assert!(!html.contains(&library), "{html}");
        [everywhere[0], everywhere[1], editor.contains(&library)]
    };
    match (calls(&format!(".{HASH}")), calls("")) {
        ([true, true, true], [false, false, false]) => true,
        ([false, false, false], [true, true, true]) => false,
        other => panic!("{other:?}: {html} {editor}"),
    }
}

fn told(answer: &Answer) -> [&str; 4] {
    let [encoding, policy, vary] =
        ["content-encoding", "cache-control", "vary"].map(|name| answer.header(name));
    [&answer.text, encoding, policy, vary]
}

#[test]
fn hashed_files_are_cached_for_a_year_and_served_precompressed() {
    let site = site();
    let server = server(site.path());
    assert!(named_in_page(&server));
    for (accepted, text, encoding) in [
        ("gzip, deflate, br, zstd", "css in brotli", "br"),
        ("gzip", "css in gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "css in gzip", "gzip"),
        ("identity", "css", ""),
    ] {
        let answer = server
            .someone()
            .with("accept-encoding", accepted)
            .get(&format!("/pkg/tidemark.{HASH}.css"));
        assert_eq!(told(&answer), [text, encoding, YEAR, "accept-encoding"], "{accepted}");
        assert_eq!(answer.header("content-type"), "text/css");
        assert_eq!(answer.header("content-length"), text.len().to_string());
    }
    let script =
        server.someone().with("accept-encoding", "br").get(&format!("/pkg/reading.{HASH}.js"));
    assert_eq!(told(&script), ["reading in brotli", "br", YEAR, "accept-encoding"]);
    assert!(
        script.header("content-type").starts_with("text/javascript"),
        "or no browser runs it as a module"
    );
    let wasm = server.someone().get(&format!("/pkg/tidemark.{HASH}.wasm"));
    assert_eq!(
        wasm.header("content-type"),
        "application/wasm",
        "or the browser compiles it only when it is there"
    );
}

#[test]
fn files_without_a_hash_are_revalidated() {
    let site = site();
    let server = server(site.path());
    let answer = server.someone().with("accept-encoding", "br").get("/pkg/tidemark.css");
    assert_eq!(told(&answer), ["css", "", ASK, "accept-encoding"]);
    let again = server
        .someone()
        .with("if-modified-since", answer.header("last-modified"))
        .get("/pkg/tidemark.css");
    assert_eq!((again.status, again.header("cache-control")), (304, ASK));
    assert_eq!(server.someone().get("/pkg/nothing.css").status, 404);
    assert_eq!(server.someone().get(&format!("/pkg/nothing.{HASH}.css")).status, 404);
}

#[test]
fn a_browser_with_a_page_of_another_build_still_gets_scripts_and_style() {
    let site = site();
    let server = server(site.path());
    for (name, text) in [("tidemark", "js"), ("reading", "reading")] {
        let answer = server.someone().get(&format!("/pkg/{name}.fedcba9876543210.js"));
        assert_eq!((answer.status, told(&answer)), (200, [text, "", ASK, "accept-encoding"]));
    }
}

#[test]
fn pages_work_with_a_missing_hash_file_or_one_of_another_build() {
    let breakages: [fn(&Path); 5] = [
        |folder| fs::remove_file(folder.join("hash.txt")).unwrap(),
        |folder| fs::write(folder.join("hash.txt"), "../../../etc/passwd").unwrap(),
        |folder| fs::remove_file(folder.join(format!("tidemark.{HASH}.wasm"))).unwrap(),
        |folder| fs::write(folder.join("tidemark.js"), "newer").unwrap(),
        |folder| fs::write(folder.join("reading.js"), "newer").unwrap(),
    ];
    for break_it in breakages {
        let site = site();
        break_it(&site.path().join("pkg"));
        assert!(!named_in_page(&server(site.path())));
    }
}

#[test]
fn a_range_of_a_file_is_never_cut_from_its_compressed_copy() {
    let site = site();
    let server = server(site.path());
    let asked = server.someone().with("accept-encoding", "br, gzip").with("range", "bytes=1-");
    for path in ["/pkg/tidemark.css".to_owned(), format!("/pkg/tidemark.{HASH}.css")] {
        let part = asked.get(&path);
        assert_eq!((part.status, part.header("content-range")), (206, "bytes 1-2/3"), "{path}");
        assert_eq!((&*part.text, part.header("content-encoding")), ("ss", ""), "{path}");
        // `If-Range` isn't compared: the whole file is sent.
        let whole = asked.with("if-range", part.header("last-modified")).get(&path);
        assert_eq!(whole.status, 200, "{path}");
    }
}

#[test]
fn every_icon_that_a_page_names_exists() {
    let server = server(&Path::new(env!("CARGO_MANIFEST_DIR")).join("public"));
    let html = server.someone().get("/").text;
    for (link, media_type) in [
        ("<link rel=\"icon\" href=\"/favicon.ico\"", "image/x-icon"),
        ("<link rel=\"icon\" href=\"/favicon.svg\"", "image/svg+xml"),
        ("<link rel=\"apple-touch-icon\" href=\"/apple-touch-icon.png\"", "image/png"),
        ("<link rel=\"manifest\" href=\"/site.webmanifest\"", "application/manifest+json"),
    ] {
        assert!(html.contains(link), "{link}: {html}");
        let answer = server.someone().get(link.split('"').nth(3).unwrap());
        assert_eq!((answer.status, answer.header("content-type")), (200, media_type), "{link}");
    }
    let manifest = server.someone().get("/site.webmanifest").json();
    assert_eq!(manifest["name"], "Tidemark");
    for icon in manifest["icons"].as_array().unwrap() {
        let answer = server.someone().get(icon["src"].as_str().unwrap());
        assert_eq!((answer.status, answer.header("content-type")), (200, "image/png"), "{icon}");
        assert_eq!(answer.bytes[16..24], size(icon["sizes"].as_str().unwrap()), "{icon}");
    }
}

/// Width and height as encoded in a PNG header.
fn size(sizes: &str) -> [u8; 8] {
    let side: u32 = sizes.split('x').next().unwrap().parse().unwrap();
    [side.to_be_bytes(), side.to_be_bytes()].concat().try_into().unwrap()
}
