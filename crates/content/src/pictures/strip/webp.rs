//! WebP: RFC 9649.

use image::metadata::Orientation;

use super::super::icc;
use super::{Cursor, Stripped, exif, number_le, orientation_of};

pub(super) fn strip(bytes: &[u8]) -> Option<Stripped> {
    // Flags in the VP8X header.
    const ANIMATION: u8 = 2;
    const EXIF: u8 = 8;
    const ALPHA: u8 = 16;
    const PROFILE: u8 = 32;
    let mut cursor = Cursor(bytes.strip_prefix(b"RIFF")?);
    let size = usize::try_from(cursor.u32_le()?).ok()?;
    let mut cursor = Cursor(cursor.take(size)?.strip_prefix(b"WEBP")?);
    let mut orientation = Orientation::NoTransforms;
    let mut heading: Option<[u8; 10]> = None;
    let mut profile = None;
    let mut frames = 0;
    let mut seen = Vec::<[u8; 4]>::new();
    let mut chunks = Vec::new();
    while !cursor.0.is_empty() {
        let (name, payload) = chunk(&mut cursor)?;
        if name != b"ANMF" && seen.contains(name) {
            continue;
        }
        let is_animation = heading.is_some_and(|heading| heading[0] & ANIMATION != 0);
        match name {
            b"EXIF" => orientation = orientation_of(payload),
            // It must come first.
            b"VP8X" if seen.is_empty() => heading = Some(payload.try_into().ok()?),
            b"VP8X" => return None,
            b"ICCP" => profile = icc::clean(payload),
            b"ANIM" if is_animation && payload.len() == 6 => put_chunk(&mut chunks, name, payload)?,
            b"ANMF" if is_animation => {
                frames += 1;
                put_chunk(&mut chunks, name, &webp_frame(payload)?)?;
            }
            b"VP8 " | b"VP8L" if !is_animation && !seen.iter().any(is_webp_picture) => {
                let size = webp_size(name, payload)?;
                if heading.is_some_and(|heading| sides_le(&heading[4..]) != Some(size)) {
                    return None;
                }
                put_chunk(&mut chunks, name, payload)?;
            }
            b"ALPH" if !is_animation && heading.is_some() => put_chunk(&mut chunks, name, payload)?,
            _ => {}
        }
        if matches!(name, b"EXIF" | b"VP8X" | b"ICCP" | b"ANIM" | b"VP8 " | b"VP8L" | b"ALPH") {
            seen.push(*name);
        }
    }
    let mut head = Vec::new();
    if let Some(mut heading) = heading {
        // Keep the flags for animation and transparency. The others must match what is written
        // below.
        heading[0] &= ANIMATION | ALPHA;
        heading[1..4].fill(0);
        if profile.is_some() {
            heading[0] |= PROFILE;
        }
        if orientation != Orientation::NoTransforms {
            heading[0] |= EXIF;
            put_chunk(&mut chunks, b"EXIF", &exif(orientation))?;
        }
        put_chunk(&mut head, b"VP8X", &heading)?;
        if let Some(profile) = profile {
            put_chunk(&mut head, b"ICCP", &profile)?;
        }
    } else {
        // Only a file with a VP8X header can have EXIF.
        orientation = Orientation::NoTransforms;
    }
    head.extend_from_slice(&chunks);
    let mut stripped = b"RIFF".to_vec();
    stripped.extend_from_slice(&u32::try_from(head.len() + 4).ok()?.to_le_bytes());
    stripped.extend_from_slice(b"WEBP");
    stripped.extend_from_slice(&head);
    Some(Stripped { bytes: stripped, orientation, frames, passes: 1 })
}

/// A frame of an animation: a header of 16 bytes, transparency, and a picture.
fn webp_frame(payload: &[u8]) -> Option<Vec<u8>> {
    let mut frame = payload.get(..16)?.to_vec();
    let sides = sides_le(payload.get(6..)?);
    // Only two bits of the last header byte are defined.
    *frame.last_mut()? &= 3;
    let mut parts = Cursor(payload.get(16..)?);
    let (mut has_picture, mut has_alpha) = (false, false);
    while !parts.0.is_empty() {
        let (name, payload) = chunk(&mut parts)?;
        if is_webp_picture(name) && !has_picture {
            if webp_size(name, payload) != sides {
                return None;
            }
            has_picture = true;
            put_chunk(&mut frame, name, payload)?;
        } else if name == b"ALPH" && !has_alpha && !has_picture {
            has_alpha = true;
            put_chunk(&mut frame, name, payload)?;
        }
    }
    Some(frame)
}

/// The width and height in the picture's own header, in pixels. The decoder allocates memory by
/// these, and only notices afterwards if the container says otherwise. So 268 megapixels could pass
/// as one.
fn webp_size(name: &[u8; 4], picture: &[u8]) -> Option<(u32, u32)> {
    match name {
        b"VP8 " => {
            let sides = picture.get(3..)?.strip_prefix(b"\x9d\x01\x2a")?;
            Some((number_le(sides, 0)? & 0x3fff, number_le(sides, 2)? & 0x3fff))
        }
        b"VP8L" => {
            let bits =
                u32::from_le_bytes(picture.strip_prefix(b"\x2f")?.get(..4)?.try_into().ok()?);
            Some(((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1))
        }
        _ => None,
    }
}

/// Reads a width and a height. Each is stored in three bytes, minus one.
fn sides_le(bytes: &[u8]) -> Option<(u32, u32)> {
    let side = |at: usize| -> Option<u32> {
        let [low, middle, high]: [u8; 3] = bytes.get(at..at + 3)?.try_into().ok()?;
        Some(u32::from_le_bytes([low, middle, high, 0]) + 1)
    };
    Some((side(0)?, side(3)?))
}

fn is_webp_picture(name: &[u8; 4]) -> bool {
    matches!(name, b"VP8 " | b"VP8L")
}

fn chunk<'a>(cursor: &mut Cursor<'a>) -> Option<(&'a [u8; 4], &'a [u8])> {
    let name = cursor.take(4)?.try_into().ok()?;
    let length = usize::try_from(cursor.u32_le()?).ok()?;
    let payload = cursor.take(length)?;
    // Some programs omit the padding of the last chunk.
    if length % 2 == 1 && !cursor.0.is_empty() {
        cursor.take(1)?;
    }
    Some((name, payload))
}

fn put_chunk(file: &mut Vec<u8>, name: &[u8; 4], payload: &[u8]) -> Option<()> {
    file.extend_from_slice(name);
    file.extend_from_slice(&u32::try_from(payload.len()).ok()?.to_le_bytes());
    file.extend_from_slice(payload);
    if payload.len() % 2 == 1 {
        file.push(0);
    }
    Some(())
}
