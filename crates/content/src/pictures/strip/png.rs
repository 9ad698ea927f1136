//! PNG, third edition, section 5.

use std::io::Read;

use flate2::read::{ZlibDecoder, ZlibEncoder};
use flate2::{Compression, Crc};
use image::metadata::Orientation;

use super::super::icc;
use super::{Cursor, Stripped, exif, orientation_of};

pub(super) fn strip(bytes: &[u8]) -> Option<Stripped> {
    const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
    const KNOWN_ONCE: [&[u8; 4]; 15] = [
        b"IHDR", b"PLTE", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"mDCV",
        b"cLLI", b"bKGD", b"pHYs", b"acTL", b"eXIf",
    ];
    let mut cursor = Cursor(bytes.strip_prefix(SIGNATURE)?);
    let mut orientation = Orientation::NoTransforms;
    let mut heading = None;
    let mut announced = None;
    let mut frames = 0;
    let mut seen = Vec::<[u8; 4]>::new();
    let mut head = SIGNATURE.to_vec();
    let mut rest = Vec::new();
    loop {
        let length = usize::try_from(cursor.u32_be()?).ok()?;
        let name: &[u8; 4] = cursor.take(4)?.try_into().ok()?;
        let data = cursor.take(length)?;
        let is_whole = cursor.u32_be()? == checksum(name, data);
        if !is_whole || seen.contains(name) {
            // A broken or repeated critical chunk, whose name starts with a capital letter, can't
            // be skipped.
            if name.first()?.is_ascii_uppercase() {
                return None;
            }
            continue;
        }
        match name {
            b"IHDR" => {
                let &[.., depth, colours, _, _, _] = data else { return None };
                if data.len() != 13 {
                    return None;
                }
                heading = Some((depth, colours));
                put_png_chunk(&mut head, name, data)?;
            }
            b"IEND" => {
                put_png_chunk(&mut rest, name, &[])?;
                break;
            }
            b"eXIf" => orientation = orientation_of(data),
            b"iCCP" => {
                if let Some(profile) = profile_of_png(data) {
                    put_png_chunk(&mut rest, name, &profile)?;
                }
            }
            b"acTL" if data.len() == 8 => {
                announced = Some(u64::from(u32::from_be_bytes(data.get(..4)?.try_into().ok()?)));
                put_png_chunk(&mut rest, name, data)?;
            }
            // Without an acTL before them, these belong to no animation.
            b"fcTL" | b"fdAT" if announced.is_none() => {}
            b"fcTL" if data.len() == 26 => {
                frames += 1;
                put_png_chunk(&mut rest, name, data)?;
            }
            _ if is_png_chunk(name, data, heading?) => put_png_chunk(&mut rest, name, data)?,
            _ => {}
        }
        // Remember known names only. A file can have many unknown ones, and searching them would
        // take quadratic time.
        if KNOWN_ONCE.contains(&name) {
            seen.push(*name);
        }
    }
    // Viewers show no more frames than acTL announces.
    if announced.is_some_and(|announced| announced != frames) {
        return None;
    }
    if orientation != Orientation::NoTransforms {
        put_png_chunk(&mut head, b"eXIf", &exif(orientation))?;
    }
    head.extend_from_slice(&rest);
    Some(Stripped { bytes: head, orientation, frames, passes: 1 })
}

/// Whether viewers need this chunk and its length is valid. `heading` is the bit depth and the
/// colour type.
fn is_png_chunk(name: &[u8; 4], data: &[u8], heading: (u8, u8)) -> bool {
    let (depth, colours) = heading;
    let length = data.len();
    let palette = 3usize << depth.min(8);
    match name {
        b"IDAT" => true,
        b"fdAT" => length >= 4,
        b"PLTE" => colours == 3 && length > 0 && length <= palette && length.is_multiple_of(3),
        b"tRNS" => match colours {
            0 => length == 2,
            2 => length == 6,
            3 => length * 3 <= palette,
            _ => false,
        },
        b"bKGD" => match colours {
            0 | 4 => length == 2,
            2 | 6 => length == 6,
            3 => length == 1,
            _ => false,
        },
        b"sBIT" => {
            let samples = match colours {
                0 => 1,
                2 | 3 => 3,
                4 => 2,
                6 => 4,
                _ => return false,
            };
            let most = if colours == 3 { 8 } else { depth };
            length == samples && data.iter().all(|bits| (1..=most).contains(bits))
        }
        b"cHRM" => length == 32,
        b"gAMA" | b"cICP" => length == 4,
        b"sRGB" => length == 1,
        b"mDCV" => length == 24,
        b"cLLI" => length == 8,
        b"pHYs" => length == 9,
        _ => false,
    }
}

/// The content of an iCCP chunk, with the profile cleaned and the name replaced by a neutral one.
/// Returns `None` if there is no profile to keep. Decompression stops just past the largest allowed
/// profile.
fn profile_of_png(data: &[u8]) -> Option<Vec<u8>> {
    let name = data.iter().take(80).position(|byte| *byte == 0)?;
    // After the name comes the compression method. Only one exists.
    let packed = data.get(name + 1..)?.strip_prefix(b"\0")?;
    let most = icc::LONGEST_PROFILE as u64;
    let mut profile = Vec::new();
    ZlibDecoder::new(packed).take(most + 1).read_to_end(&mut profile).ok()?;
    let profile = icc::clean(&profile)?;
    let mut chunk = b"icc\0\0".to_vec();
    ZlibEncoder::new(profile.as_slice(), Compression::default()).read_to_end(&mut chunk).ok()?;
    Some(chunk)
}

fn put_png_chunk(file: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) -> Option<()> {
    file.extend_from_slice(&u32::try_from(data.len()).ok()?.to_be_bytes());
    file.extend_from_slice(name);
    file.extend_from_slice(data);
    file.extend_from_slice(&checksum(name, data).to_be_bytes());
    Some(())
}

/// The checksum of a PNG chunk.
fn checksum(name: &[u8; 4], data: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(name);
    crc.update(data);
    crc.sum()
}
