//! Smaller copies of pictures.

use super::*;

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

fn make_copies(server: &TestServer) -> usize {
    server.run(pictures_of(server).make_copies()).unwrap()
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
