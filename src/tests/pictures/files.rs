//! Picture files, with metadata as cameras and programs write it.

use std::io::Cursor;

use image::codecs::gif::GifEncoder;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::webp::WebPEncoder;
use image::{Frame, ImageFormat, Rgba, RgbaImage};

/// Metadata that must not be published.
pub const SECRET: &[u8] = b"N 54 19.5 E 10 08.2 Canon of Jo";

pub fn pixels(width: u32, height: u32) -> RgbaImage {
    RgbaImage::from_fn(width, height, |x, y| {
        Rgba([(x * 7) as u8, (y * 5) as u8, (x ^ y) as u8, 255])
    })
}

pub fn png(width: u32, height: u32) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    pixels(width, height).write_to(&mut file, ImageFormat::Png).unwrap();
    file.into_inner()
}

pub fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let rgb = image::DynamicImage::from(pixels(width, height)).into_rgb8();
    JpegEncoder::new_with_quality(&mut file, 90).encode_image(&rgb).unwrap();
    file
}

pub fn gif(frames: usize) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = GifEncoder::new(&mut file);
    encoder.set_repeat(image::codecs::gif::Repeat::Infinite).unwrap();
    encoder.encode_frames((0..frames).map(|_| Frame::new(pixels(12, 8)))).unwrap();
    drop(encoder);
    file
}

pub fn webp(width: u32, height: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let picture = pixels(width, height);
    WebPEncoder::new_lossless(&mut file)
        .encode(&picture, width, height, image::ExtendedColorType::Rgba8)
        .unwrap();
    file
}

/// EXIF as a camera writes it: an orientation, and [`SECRET`] as the artist.
pub fn exif(orientation: u8) -> Vec<u8> {
    let mut exif = b"II\x2a\0\x08\0\0\0\x02\0".to_vec();
    exif.extend_from_slice(&[0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]);
    // The artist tag; its text comes last.
    exif.extend_from_slice(&[0x3b, 0x01, 2, 0, SECRET.len() as u8, 0, 0, 0, 38, 0, 0, 0]);
    exif.extend_from_slice(&[0; 4]);
    exif.extend_from_slice(SECRET);
    exif
}

/// The JPEG with a segment right after its start.
pub fn with_segment(jpeg: &[u8], marker: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xff, marker], &length, payload, &jpeg[2..]].concat()
}

/// The PNG with a chunk right after its header.
pub fn with_png_chunk(png: &[u8], name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let chunk = [name.as_slice(), data].concat();
    let mut crc = u32::MAX;
    for byte in &chunk {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 };
        }
    }
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    [&png[..33], &length, &chunk, &(!crc).to_be_bytes(), &png[33..]].concat()
}

/// Turns a simple WebP into an extended one with EXIF and XMP chunks.
pub fn with_webp_metadata(webp: &[u8], width: u32, height: u32, orientation: u8) -> Vec<u8> {
    let mut chunks = b"VP8X\x0a\0\0\0\x0c\0\0\0".to_vec();
    chunks.extend_from_slice(&(width - 1).to_le_bytes()[..3]);
    chunks.extend_from_slice(&(height - 1).to_le_bytes()[..3]);
    chunks.extend_from_slice(&webp[12..]);
    for (name, mut data) in [(b"EXIF", exif(orientation)), (b"XMP ", SECRET.to_vec())] {
        chunks.extend_from_slice(name);
        chunks.extend_from_slice(&u32::try_from(data.len()).unwrap().to_le_bytes());
        if data.len() % 2 == 1 {
            data.push(0);
        }
        chunks.extend_from_slice(&data);
    }
    [b"RIFF".as_slice(), &u32::try_from(chunks.len() + 4).unwrap().to_le_bytes(), b"WEBP", &chunks]
        .concat()
}

/// A WebP whose container claims one size and whose bitstream another.
pub fn webp_of(said: (u32, u32), size: (u16, u16), is_animation: bool) -> Vec<u8> {
    let chunk = |name: &[u8; 4], payload: &[u8]| -> Vec<u8> {
        [name.as_slice(), &u32::try_from(payload.len()).unwrap().to_le_bytes(), payload].concat()
    };
    let said = [&(said.0 - 1).to_le_bytes()[..3], &(said.1 - 1).to_le_bytes()[..3]].concat();
    let (width, height) = (size.0.to_le_bytes(), size.1.to_le_bytes());
    let picture =
        chunk(b"VP8 ", &[b"\x30\x01\0\x9d\x01\x2a".as_slice(), &width, &height, &[0; 6]].concat());
    let flags = if is_animation { 2_u8 } else { 0 };
    let heading = chunk(b"VP8X", &[[flags, 0, 0, 0].as_slice(), &said].concat());
    let pictures = if is_animation {
        let frame = [[0_u8; 6].as_slice(), &said, &[0; 4], &picture].concat();
        [chunk(b"ANIM", &[0; 6]), chunk(b"ANMF", &frame)].concat()
    } else {
        picture
    };
    let chunks = [heading, pictures].concat();
    [b"RIFF".as_slice(), &u32::try_from(chunks.len() + 4).unwrap().to_le_bytes(), b"WEBP", &chunks]
        .concat()
}

/// The GIF with a comment and XMP before its frames.
pub fn with_gif_metadata(gif: &[u8]) -> Vec<u8> {
    let table = if gif[10] & 0x80 == 0 { 0 } else { 3 << ((gif[10] & 7) + 1) };
    let (head, rest) = gif.split_at(13 + table);
    let comment = [b"\x21\xfe", &[SECRET.len() as u8][..], SECRET, b"\0"].concat();
    let xmp = [b"\x21\xff\x0bXMP DataXMP", &[SECRET.len() as u8][..], SECRET, b"\0"].concat();
    [head, &comment, &xmp, rest].concat()
}

/// A GIF of one colour with the given screen size and `frames` frames of another size.
pub fn gif_of(screen: (u16, u16), frames: usize, size: (u16, u16)) -> Vec<u8> {
    let mut file = b"GIF89a".to_vec();
    file.extend_from_slice(&screen.0.to_le_bytes());
    file.extend_from_slice(&screen.1.to_le_bytes());
    // A palette of two colours.
    file.extend_from_slice(&[0x80, 0, 0, 0, 0, 0, 255, 255, 255]);
    for _ in 0..frames {
        file.extend_from_slice(&[0x2c, 0, 0, 0, 0]);
        file.extend_from_slice(&size.0.to_le_bytes());
        file.extend_from_slice(&size.1.to_le_bytes());
        // Minimum code size 2; clear, a pixel, end.
        file.extend_from_slice(&[0, 2, 2, 0x44, 0x01, 0]);
    }
    file.push(0x3b);
    file
}

/// A colour profile of a screen, with an extra tag `note`.
pub fn profile(note: &[u8]) -> Vec<u8> {
    let primary =
        [b"XYZ \0\0\0\0".as_slice(), &[0, 0, 0x6f, 0xa2, 0, 0, 0x38, 0xf5, 0, 0, 3, 0x90]].concat();
    let curve = b"curv\0\0\0\0\0\0\0\x01\x02\x33\0\0".to_vec();
    let names: [&[u8; 4]; 7] = [b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC", b"note"];
    let mut header = vec![0; 128];
    header[8] = 2;
    header[12..24].copy_from_slice(b"mntrRGB XYZ ");
    header[36..40].copy_from_slice(b"acsp");
    let mut directory = 7u32.to_be_bytes().to_vec();
    let mut values = Vec::new();
    for name in names {
        let value = match name {
            b"note" => note.to_vec(),
            name if name.ends_with(b"XYZ") => primary.clone(),
            _ => curve.clone(),
        };
        directory.extend_from_slice(name);
        directory
            .extend_from_slice(&u32::try_from(128 + 4 + 84 + values.len()).unwrap().to_be_bytes());
        directory.extend_from_slice(&u32::try_from(value.len()).unwrap().to_be_bytes());
        values.extend_from_slice(&value);
    }
    [header, directory, values].concat()
}

/// The data of a PNG's iCCP chunk: a name and the compressed profile.
pub fn packed_profile(profile: &[u8]) -> Vec<u8> {
    use std::io::Read;

    let mut chunk = b"icc\0\0".to_vec();
    let mut packed = flate2::read::ZlibEncoder::new(profile, flate2::Compression::fast());
    packed.read_to_end(&mut chunk).unwrap();
    chunk
}

pub fn has_secret(bytes: &[u8]) -> bool {
    bytes.windows(SECRET.len()).any(|window| window == SECRET)
}
