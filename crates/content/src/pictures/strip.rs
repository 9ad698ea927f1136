//! Strips a picture's file of everything but the picture: where, by whom and with what it was
//! taken, notes, previews, and anything appended. The picture is not encoded again, so it loses no
//! quality.
//!
//! Each format is a sequence of named parts. Parts that a viewer needs are copied if their length
//! is valid. All others are dropped, so unknown parts never get through. The orientation and the
//! colour profile are kept, but rebuilt without anything else. The coded pixels are copied as they
//! are.

use std::io::Read;

use flate2::read::{ZlibDecoder, ZlibEncoder};
use flate2::{Compression, Crc};
use image::metadata::Orientation;

use super::{Kind, icc};

/// A stripped picture.
#[derive(Debug)]
pub struct Stripped {
    /// The file.
    pub bytes: Vec<u8>,
    /// The orientation to show it in. The file itself says so too, and viewers obey.
    pub orientation: Orientation,
    /// The number of frames, if it is an animation.
    pub frames: u64,
    /// How often a decoder goes over the whole picture. A JPEG can have as many passes as fit in
    /// its file.
    pub passes: u64,
}

/// Strips a file. Returns `None` if its structure is invalid, so it is damaged or truncated.
pub fn strip(kind: Kind, bytes: &[u8]) -> Option<Stripped> {
    match kind {
        Kind::Jpeg => jpeg(bytes),
        Kind::Png => png(bytes),
        Kind::Gif => gif(bytes),
        Kind::Webp => webp(bytes),
    }
}

/// Reads a file from front to back.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn u16_be(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn u32_be(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    fn u32_le(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }
}

/// The smallest EXIF block: one directory with one entry, the orientation.
pub(super) fn exif(orientation: Orientation) -> [u8; 26] {
    let mut exif = *b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x01\0\0\0\0\0\0";
    exif[19] = orientation.to_exif();
    exif
}

/// The orientation in an EXIF block. Some programs also put the JPEG prefix of the block into files
/// of other formats.
fn orientation_of(exif: &[u8]) -> Orientation {
    let exif = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
    Orientation::from_exif_chunk(exif).unwrap_or(Orientation::NoTransforms)
}

/// ITU-T T.81, annex B.
fn jpeg(bytes: &[u8]) -> Option<Stripped> {
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

/// PNG, third edition, section 5.
fn png(bytes: &[u8]) -> Option<Stripped> {
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

/// GIF 89a, from section 17 on.
fn gif(bytes: &[u8]) -> Option<Stripped> {
    let mut cursor = Cursor(bytes);
    let signature = cursor.take(6)?;
    if !matches!(signature, b"GIF87a" | b"GIF89a") {
        return None;
    }
    let mut stripped = signature.to_vec();
    let screen = cursor.take(7)?;
    let (width, height) = (number_le(screen, 0)?, number_le(screen, 2)?);
    stripped.extend_from_slice(screen);
    stripped.extend_from_slice(cursor.take(colour_table(*screen.get(4)?))?);
    let mut frames = 0;
    let mut repeats = false;
    // The graphic control extension applies to whatever comes next.
    let mut control: &[u8] = &[];
    loop {
        let start = cursor.0;
        match cursor.byte()? {
            0x3b => break,
            0x2c => {
                let descriptor = cursor.take(9)?;
                // A frame must fit on the screen (section 20). Pixels outside it would be decoded
                // but never shown.
                let right = number_le(descriptor, 0)? + number_le(descriptor, 4)?;
                let bottom = number_le(descriptor, 2)? + number_le(descriptor, 6)?;
                if right > width || bottom > height {
                    return None;
                }
                cursor.take(colour_table(*descriptor.get(8)?))?;
                cursor.byte()?;
                blocks(&mut cursor)?;
                stripped.extend_from_slice(control);
                stripped.extend_from_slice(start.get(..start.len() - cursor.0.len())?);
                control = &[];
                frames += 1;
            }
            0x21 => {
                let label = cursor.byte()?;
                blocks(&mut cursor)?;
                let whole = start.get(..start.len() - cursor.0.len())?;
                match label {
                    0xf9 if whole.len() == 8 && whole.get(2) == Some(&4) => control = whole,
                    // A plain text extension. It uses up the graphic control, and no browser shows
                    // it.
                    0x01 => control = &[],
                    // The loop count of an animation. Keep only the first.
                    0xff if !repeats => {
                        if let Some(times) = repetition(whole) {
                            stripped.extend_from_slice(b"\x21\xff\x0bNETSCAPE2.0\x03\x01");
                            stripped.extend_from_slice(times);
                            stripped.push(0);
                            repeats = true;
                        }
                    }
                    _ => {}
                }
            }
            _ => return None,
        }
    }
    stripped.push(0x3b);
    Some(Stripped { bytes: stripped, orientation: Orientation::NoTransforms, frames, passes: 1 })
}

/// The two bytes of the loop count, if this whole extension is the one that holds it.
fn repetition(extension: &[u8]) -> Option<&[u8]> {
    let [0x21, 0xff, 0x0b, rest @ ..] = extension else { return None };
    let (name, rest) = rest.split_at_checked(11)?;
    let is_known = matches!(name, b"NETSCAPE2.0" | b"ANIMEXTS1.0") && rest.starts_with(&[3, 1]);
    if is_known { rest.get(2..4) } else { None }
}

fn number_le(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?).into())
}

fn colour_table(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

fn blocks(cursor: &mut Cursor) -> Option<()> {
    loop {
        match cursor.byte()? {
            0 => return Some(()),
            length => drop(cursor.take(usize::from(length))?),
        }
    }
}

/// RFC 9649.
fn webp(bytes: &[u8]) -> Option<Stripped> {
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
