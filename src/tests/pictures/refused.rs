//! What is no picture, or costs more than it shows, is refused.

use super::*;

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
