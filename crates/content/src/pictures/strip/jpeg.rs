//! JPEG: ITU-T T.81, annex B.

use image::metadata::Orientation;

use super::super::icc;
use super::{Cursor, Stripped, exif, orientation_of};

pub(super) fn strip(bytes: &[u8]) -> Option<Stripped> {
    let mut cursor = Cursor(bytes.strip_prefix(b"\xff\xd8")?);
    let mut orientation = Orientation::NoTransforms;
    let mut jfif = Vec::new();
    let mut adobe = Vec::new();
    let mut profile = Vec::new();
    let mut rest = Vec::new();
    let mut has_frame = false;
    let mut passes = 0;
    loop {
        if cursor.byte()? != 0xff {
            return None;
        }
        let mut marker = cursor.byte()?;
        while marker == 0xff {
            marker = cursor.byte()?;
        }
        if marker == 0xd9 {
            break;
        }
        // Standalone markers are not allowed here.
        if matches!(marker, 0x00 | 0x01 | 0xd0..=0xd8) {
            return None;
        }
        let length = usize::from(cursor.u16_be()?);
        let payload = cursor.take(length.checked_sub(2)?)?;
        match marker {
            // Baseline, extended and progressive: the modes that browsers support. A file has one
            // frame.
            0xc0..=0xc2 => {
                let components = usize::from(*payload.get(5)?);
                if has_frame || payload.len() != 6 + 3 * components {
                    return None;
                }
                has_frame = true;
                put_segment(&mut rest, marker, payload)?;
            }
            0xc4 if are_huffman_tables(payload) => put_segment(&mut rest, marker, payload)?,
            0xdb if are_quantization_tables(payload) => put_segment(&mut rest, marker, payload)?,
            0xc4 | 0xdb => return None,
            // The restart interval.
            0xdd if payload.len() == 2 => put_segment(&mut rest, marker, payload)?,
            0xda => {
                if payload.len() != 4 + 2 * usize::from(*payload.first()?) {
                    return None;
                }
                passes += 1;
                put_segment(&mut rest, marker, payload)?;
                rest.extend_from_slice(scan(&mut cursor)?);
            }
            // JFIF: the first 12 bytes hold the pixel density. A thumbnail may follow.
            0xe0 if payload.starts_with(b"JFIF\0") && jfif.is_empty() => {
                let mut kept = payload.get(..12)?.to_vec();
                kept.extend_from_slice(&[0, 0]);
                put_segment(&mut jfif, marker, &kept)?;
            }
            0xe1 if payload.starts_with(b"Exif\0\0") => orientation = orientation_of(payload),
            // The colour profile, in numbered parts.
            0xe2 if payload.starts_with(b"ICC_PROFILE\0") => {
                profile.push((*payload.get(12)?, payload.get(14..)?));
            }
            // The colour transform, the last of 12 bytes: whether the samples are RGB.
            0xee if payload.starts_with(b"Adobe") && adobe.is_empty() => {
                let segment = [b"Adobe\0\x64\0\0\0\0".as_slice(), &[*payload.get(11)?]].concat();
                put_segment(&mut adobe, marker, &segment)?;
            }
            _ => {}
        }
    }
    let mut stripped = b"\xff\xd8".to_vec();
    stripped.extend_from_slice(&jfif);
    if orientation != Orientation::NoTransforms {
        put_segment(&mut stripped, 0xe1, &[b"Exif\0\0".as_slice(), &exif(orientation)].concat())?;
    }
    profile.sort_by_key(|(number, _)| *number);
    let profile: Vec<u8> = profile.into_iter().flat_map(|(_, part)| part.iter().copied()).collect();
    if let Some(profile) = icc::clean(&profile) {
        put_segment(
            &mut stripped,
            0xe2,
            &[b"ICC_PROFILE\0\x01\x01".as_slice(), &profile].concat(),
        )?;
    }
    stripped.extend_from_slice(&adobe);
    stripped.extend_from_slice(&rest);
    stripped.extend_from_slice(b"\xff\xd9");
    Some(Stripped { bytes: stripped, orientation, frames: 1, passes })
}

/// Whether a segment consists of Huffman tables only. Each has 17 bytes (its id, and how many codes
/// there are of each length), then the codes.
fn are_huffman_tables(mut tables: &[u8]) -> bool {
    while let Some(counts) = tables.get(1..17) {
        let codes: usize = counts.iter().map(|count| usize::from(*count)).sum();
        match tables.get(17 + codes..) {
            Some(rest) if codes <= 256 => tables = rest,
            _ => return false,
        }
    }
    tables.is_empty()
}

/// Whether a segment consists of quantization tables only. Each has a header byte, then 64 numbers
/// of one byte or two.
fn are_quantization_tables(mut tables: &[u8]) -> bool {
    while let Some(first) = tables.first() {
        let length = match first >> 4 {
            0 => 1 + 64,
            1 => 1 + 128,
            _ => return false,
        };
        match tables.get(length..) {
            Some(rest) => tables = rest,
            None => return false,
        }
    }
    true
}

fn put_segment(file: &mut Vec<u8>, marker: u8, payload: &[u8]) -> Option<()> {
    let length = u16::try_from(payload.len() + 2).ok()?;
    file.extend_from_slice(&[0xff, marker]);
    file.extend_from_slice(&length.to_be_bytes());
    file.extend_from_slice(payload);
    Some(())
}

/// The coded data of a scan, up to the next marker that does not belong to it.
fn scan<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let is_end =
        |pair: &[u8]| matches!(pair, [0xff, next] if !matches!(next, 0x00 | 0xd0..=0xd7 | 0xff));
    let end = cursor.0.windows(2).position(is_end)?;
    cursor.take(end)
}
