//! Builds picture files from parts with valid lengths and checksums, and strips them. Random bytes
//! rarely get past the first checksum; these files reach every kind of part. All notes that were
//! put in must be gone, and stripping must be idempotent.
//!
//! The input is a byte for the format. Then each part has a byte for its name, a byte for its
//! length, and that many bytes.
#![no_main]

use flate2::Crc;
use libfuzzer_sys::fuzz_target;
use tidemark_content::pictures::Kind;
use tidemark_content::pictures::strip::strip;

/// Something that a camera or a program might have written.
const NOTE: &[u8] = b"taken by jo@example.com at 52.5163N 13.3777E";

/// Parts that hold a note and nothing a viewer needs.
const PNG_NOTES: [&[u8; 4]; 5] = [b"tEXt", b"zTXt", b"iTXt", b"tIME", b"prVt"];
const PNG_PARTS: [&[u8; 4]; 20] = [
    b"IDAT", b"PLTE", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"bKGD",
    b"pHYs", b"acTL", b"fcTL", b"fdAT", b"eXIf", b"IHDR", b"IEND", b"LoSt",
];
const WEBP_NOTES: [&[u8; 4]; 2] = [b"XMP ", b"note"];
const WEBP_PARTS: [&[u8; 4]; 8] = [b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP", b"EXIF"];
const JPEG_NOTES: [u8; 3] = [0xfe, 0xed, 0xef];
const JPEG_PARTS: [u8; 16] =
    [0xda, 0xc0, 0xc1, 0xc2, 0xc4, 0xdb, 0xdd, 0xe0, 0xe1, 0xe2, 0xee, 0xd9, 0xc3, 0xda, 0xda, 0x01];

/// Splits the input into parts: the number of the name, and the payload.
fn parts(mut input: &[u8]) -> Vec<(usize, &[u8])> {
    let mut parts = Vec::new();
    while let [name, length, rest @ ..] = input {
        let (payload, rest) = rest.split_at(rest.len().min(usize::from(*length)));
        parts.push((usize::from(*name), payload));
        input = rest;
    }
    parts
}

/// Pads or cuts the payload to the length that such a part has, so the fuzzer need not find it.
fn as_long_as(payload: &[u8], length: usize) -> Vec<u8> {
    let mut fitted = payload.to_vec();
    fitted.resize(length, 1);
    fitted
}

fn png(parts: &[(usize, &[u8])]) -> Vec<u8> {
    fn put(file: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
        let mut checksum = Crc::new();
        checksum.update(name);
        checksum.update(data);
        file.extend_from_slice(&(data.len() as u32).to_be_bytes());
        file.extend_from_slice(name);
        file.extend_from_slice(data);
        file.extend_from_slice(&checksum.sum().to_be_bytes());
    }
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    put(&mut file, b"IHDR", &as_long_as(parts.first().map_or(&[][..], |(_, payload)| *payload), 13));
    for (number, payload) in parts {
        put(&mut file, PNG_NOTES[number % PNG_NOTES.len()], NOTE);
        let name = PNG_PARTS[number % PNG_PARTS.len()];
        let length = match name {
            b"cHRM" => 32,
            b"fcTL" => 26,
            b"mDCV" => 24,
            b"pHYs" => 9,
            b"acTL" | b"cLLI" => 8,
            b"gAMA" | b"cICP" => 4,
            _ => payload.len(),
        };
        put(&mut file, name, &as_long_as(payload, length));
    }
    put(&mut file, b"IEND", NOTE);
    file
}

fn jpeg(parts: &[(usize, &[u8])]) -> Vec<u8> {
    fn put(file: &mut Vec<u8>, marker: u8, payload: &[u8]) {
        file.extend_from_slice(&[0xff, marker]);
        file.extend_from_slice(&(payload.len() as u16 + 2).to_be_bytes());
        file.extend_from_slice(payload);
    }
    let mut file = b"\xff\xd8".to_vec();
    for (number, payload) in parts {
        put(&mut file, JPEG_NOTES[number % JPEG_NOTES.len()], NOTE);
        let marker = JPEG_PARTS[number % JPEG_PARTS.len()];
        match marker {
            0xda => {
                // One component, then its coded data, in which 0xff is followed by a zero.
                put(&mut file, marker, &as_long_as(&[1, 1, 0, 0, 63, 0], 6));
                for byte in *payload {
                    file.extend_from_slice(if *byte == 0xff { &[0xff, 0][..] } else { std::slice::from_ref(byte) });
                }
            }
            0xc0..=0xc2 => {
                let components = payload.first().map_or(1, |byte| byte % 4);
                let mut frame = as_long_as(payload, 6 + 3 * usize::from(components));
                frame[5] = components;
                put(&mut file, marker, &frame);
            }
            0xe0 => put(&mut file, marker, &[&b"JFIF\0"[..], *payload, NOTE].concat()),
            0xe1 => put(&mut file, marker, &[&b"Exif\0\0"[..], *payload, NOTE].concat()),
            0xe2 => put(&mut file, marker, &[&b"ICC_PROFILE\0"[..], *payload].concat()),
            0xee => put(&mut file, marker, &[&b"Adobe"[..], &as_long_as(payload, 7), NOTE].concat()),
            _ => put(&mut file, marker, payload),
        }
    }
    file.extend_from_slice(b"\xff\xd9");
    file
}

fn gif(parts: &[(usize, &[u8])]) -> Vec<u8> {
    /// A block, and the empty one that ends the list.
    fn put(file: &mut Vec<u8>, block: &[u8]) {
        if !block.is_empty() {
            file.push(block.len() as u8);
            file.extend_from_slice(block);
        }
        file.push(0);
    }
    // A screen of 255 by 255 pixels, without a colour table.
    let mut file = b"GIF89a\xff\0\xff\0\0\0\0".to_vec();
    for (number, payload) in parts {
        file.extend_from_slice(b"\x21\xfe");
        put(&mut file, NOTE);
        match number % 6 {
            0 | 1 => {
                // A picture of one pixel.
                file.extend_from_slice(b"\x2c\0\0\0\0\x01\0\x01\0\0\x02");
                put(&mut file, payload);
            }
            2 => {
                file.extend_from_slice(b"\x21\xf9");
                put(&mut file, &as_long_as(payload, 4));
            }
            3 => {
                file.extend_from_slice(b"\x21\xff\x0bNETSCAPE2.0");
                put(&mut file, payload);
            }
            4 => {
                file.extend_from_slice(b"\x21\xff\x0bXMP DataXMP");
                put(&mut file, NOTE);
            }
            _ => {
                file.extend_from_slice(b"\x21\x01");
                put(&mut file, payload);
            }
        }
    }
    file.push(0x3b);
    file
}

fn webp(parts: &[(usize, &[u8])]) -> Vec<u8> {
    fn put(file: &mut Vec<u8>, name: &[u8; 4], payload: &[u8]) {
        file.extend_from_slice(name);
        file.extend_from_slice(&(payload.len() as u32).to_le_bytes());
        file.extend_from_slice(payload);
        if payload.len() % 2 == 1 {
            file.push(0);
        }
    }
    let mut chunks = b"WEBP".to_vec();
    for (number, payload) in parts {
        let name = WEBP_PARTS[number % WEBP_PARTS.len()];
        match name {
            b"VP8X" => put(&mut chunks, name, &as_long_as(payload, 10)),
            b"ANIM" => put(&mut chunks, name, &as_long_as(payload, 6)),
            b"ANMF" => {
                let mut frame = as_long_as(payload, 16);
                put(&mut frame, WEBP_NOTES[number % WEBP_NOTES.len()], NOTE);
                put(&mut frame, b"VP8L", payload);
                put(&mut chunks, name, &frame);
            }
            _ => put(&mut chunks, name, payload),
        }
        put(&mut chunks, WEBP_NOTES[number % WEBP_NOTES.len()], NOTE);
    }
    let mut file = b"RIFF".to_vec();
    file.extend_from_slice(&(chunks.len() as u32).to_le_bytes());
    file.extend_from_slice(&chunks);
    file
}

fuzz_target!(|input: &[u8]| {
    let Some((first, rest)) = input.split_first() else { return };
    let parts = parts(rest);
    let kind = Kind::ALL[usize::from(*first) % Kind::ALL.len()];
    let mut file = match kind {
        Kind::Png => png(&parts),
        Kind::Jpeg => jpeg(&parts),
        Kind::Gif => gif(&parts),
        Kind::Webp => webp(&parts),
    };
    // Something appended to the file.
    file.extend_from_slice(NOTE);
    let Some(stripped) = strip(kind, &file) else { return };
    // A note may stay if the fuzzer wrote it into the coded pixels.
    let is_in_the_input = input.contains(&b'@');
    let is_left = stripped.bytes.windows(NOTE.len()).any(|window| window == NOTE);
    assert!(is_in_the_input || !is_left, "{kind:?}: a note is still there");
    let again = strip(kind, &stripped.bytes).expect("what is left is whole");
    assert!(again.bytes == stripped.bytes, "{kind:?}: there was something left to take out");
    assert_eq!((again.frames, again.passes), (stripped.frames, stripped.passes));
});
