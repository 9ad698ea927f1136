//! Taking out of a picture's file what is not the picture: where it was taken, by whom, with what, notes, previews, and whatever
//! somebody appended. The picture itself is not encoded again, so it loses nothing.
//!
//! Each format is a row of parts with names. The parts that a viewer needs are copied, all others are left out, so what nobody
//! here has heard of does not get through. Which way up a picture is stays: it is written anew, alone.

use image::metadata::Orientation;

use crate::model::picture::Kind;

/// What is left of a file.
#[derive(Debug)]
pub struct Stripped {
    /// The file.
    pub bytes: Vec<u8>,
    /// How it has to be turned to be shown. It says so itself, and viewers obey.
    pub orientation: Orientation,
    /// Of how many pictures it is made, if it moves.
    pub frames: u64,
}

/// The file without what is not the picture; `None` if its parts do not add up, so that it is damaged or cut off.
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
fn exif(orientation: Orientation) -> [u8; 26] {
    let mut exif = *b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x01\0\0\0\0\0\0";
    exif[19] = orientation.to_exif();
    exif
}

/// What an EXIF block says of the orientation; some programs put the block's JPEG heading into files of other kinds too.
fn orientation_of(exif: &[u8]) -> Orientation {
    let exif = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
    Orientation::from_exif_chunk(exif).unwrap_or(Orientation::NoTransforms)
}

/// ITU-T T.81, annex B.
fn jpeg(bytes: &[u8]) -> Option<Stripped> {
    let mut cursor = Cursor(bytes.strip_prefix(b"\xff\xd8")?);
    let mut orientation = Orientation::NoTransforms;
    let mut jfif = Vec::new();
    let mut rest = Vec::new();
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
        // Those that stand alone have no place here.
        if matches!(marker, 0x00 | 0x01 | 0xd0..=0xd8) {
            return None;
        }
        let length = usize::from(cursor.u16_be()?);
        let payload = cursor.take(length.checked_sub(2)?)?;
        match marker {
            // Frames, tables, restart intervals.
            0xc0..=0xcf | 0xdb..=0xdd => put_segment(&mut rest, marker, payload)?,
            0xda => {
                put_segment(&mut rest, marker, payload)?;
                rest.extend_from_slice(scan(&mut cursor)?);
            }
            // JFIF: its first 12 bytes say how large a pixel is, after which a preview may come.
            0xe0 if payload.starts_with(b"JFIF\0") && jfif.is_empty() => {
                let mut kept = payload.get(..12)?.to_vec();
                kept.extend_from_slice(&[0, 0]);
                put_segment(&mut jfif, marker, &kept)?;
            }
            0xe1 if payload.starts_with(b"Exif\0\0") => orientation = orientation_of(payload),
            // What the numbers mean as colours.
            0xe2 if payload.starts_with(b"ICC_PROFILE\0") => put_segment(&mut rest, marker, payload)?,
            0xee if payload.starts_with(b"Adobe") => put_segment(&mut rest, marker, payload.get(..12)?)?,
            _ => {}
        }
    }
    let mut stripped = b"\xff\xd8".to_vec();
    stripped.extend_from_slice(&jfif);
    if orientation != Orientation::NoTransforms {
        put_segment(&mut stripped, 0xe1, &[b"Exif\0\0".as_slice(), &exif(orientation)].concat())?;
    }
    stripped.extend_from_slice(&rest);
    stripped.extend_from_slice(b"\xff\xd9");
    Some(Stripped { bytes: stripped, orientation, frames: 1 })
}

fn put_segment(file: &mut Vec<u8>, marker: u8, payload: &[u8]) -> Option<()> {
    let length = u16::try_from(payload.len() + 2).ok()?;
    file.extend_from_slice(&[0xff, marker]);
    file.extend_from_slice(&length.to_be_bytes());
    file.extend_from_slice(payload);
    Some(())
}

/// The coded part of a scan: up to the next marker that does not belong to it.
fn scan<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let is_end = |pair: &[u8]| matches!(pair, [0xff, next] if !matches!(next, 0x00 | 0xd0..=0xd7 | 0xff));
    let end = cursor.0.windows(2).position(is_end)?;
    cursor.take(end)
}

/// PNG, third edition, section 5.
fn png(bytes: &[u8]) -> Option<Stripped> {
    const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
    const KEPT: [&[u8; 4]; 18] = [
        b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"mDCV",
        b"cLLI", b"bKGD", b"pHYs", b"acTL", b"fcTL", b"fdAT",
    ];
    let mut cursor = Cursor(bytes.strip_prefix(SIGNATURE)?);
    let mut orientation = Orientation::NoTransforms;
    let mut frames = 0;
    let mut head = SIGNATURE.to_vec();
    let mut rest = Vec::new();
    loop {
        let whole = cursor.0;
        let length = usize::try_from(cursor.u32_be()?).ok()?;
        let name = cursor.take(4)?;
        let data = cursor.take(length)?;
        cursor.take(4)?;
        let whole = whole.get(..length.checked_add(12)?)?;
        if name == b"fcTL" {
            frames += 1;
        }
        if name == b"eXIf" {
            orientation = orientation_of(data);
        } else if KEPT.iter().any(|kept| kept.as_slice() == name) {
            if name == b"IHDR" { &mut head } else { &mut rest }.extend_from_slice(whole);
        }
        if name == b"IEND" {
            break;
        }
    }
    if orientation != Orientation::NoTransforms {
        let chunk = [b"eXIf".as_slice(), &exif(orientation)].concat();
        head.extend_from_slice(&u32::try_from(chunk.len() - 4).ok()?.to_be_bytes());
        head.extend_from_slice(&chunk);
        head.extend_from_slice(&crc32(&chunk).to_be_bytes());
    }
    head.extend_from_slice(&rest);
    Some(Stripped { bytes: head, orientation, frames })
}

/// The checksum of PNG's chunks; for the few bytes that it is needed for, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 })
    };
    !bytes.iter().fold(u32::MAX, step)
}

/// GIF 89a, section 17 on.
fn gif(bytes: &[u8]) -> Option<Stripped> {
    let mut cursor = Cursor(bytes);
    let mut stripped = cursor.take(6)?.to_vec();
    let screen = cursor.take(7)?;
    stripped.extend_from_slice(screen);
    stripped.extend_from_slice(cursor.take(colour_table(*screen.get(4)?))?);
    // What says how the next picture is shown; it goes with what comes next.
    let mut frames = 0;
    let mut control: &[u8] = &[];
    loop {
        let start = cursor.0;
        match cursor.byte()? {
            0x3b => break,
            0x2c => {
                let descriptor = cursor.take(9)?;
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
                let name = cursor.0.get(1..12).unwrap_or_default();
                blocks(&mut cursor)?;
                let whole = start.get(..start.len() - cursor.0.len())?;
                match label {
                    0xf9 => control = whole,
                    // Text over the picture, which no browser shows.
                    0x01 => control = &[],
                    // How often an animation is repeated.
                    0xff if matches!(name, b"NETSCAPE2.0" | b"ANIMEXTS1.0") => stripped.extend_from_slice(whole),
                    _ => {}
                }
            }
            _ => return None,
        }
    }
    stripped.push(0x3b);
    Some(Stripped { bytes: stripped, orientation: Orientation::NoTransforms, frames })
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
    let mut cursor = Cursor(bytes.strip_prefix(b"RIFF")?);
    let size = usize::try_from(cursor.u32_le()?).ok()?;
    let mut cursor = Cursor(cursor.take(size)?.strip_prefix(b"WEBP")?);
    let mut orientation = Orientation::NoTransforms;
    let mut frames = 0;
    let mut chunks = Vec::new();
    while !cursor.0.is_empty() {
        let (name, payload) = chunk(&mut cursor)?;
        match name {
            b"EXIF" => orientation = orientation_of(payload),
            b"ANMF" => {
                frames += 1;
                let mut frame = payload.get(..16)?.to_vec();
                let mut parts = Cursor(payload.get(16..)?);
                while !parts.0.is_empty() {
                    let (name, payload) = chunk(&mut parts)?;
                    if matches!(name, b"VP8 " | b"VP8L" | b"ALPH") {
                        put_chunk(&mut frame, name, payload)?;
                    }
                }
                put_chunk(&mut chunks, name, &frame)?;
            }
            b"VP8X" | b"VP8 " | b"VP8L" | b"ALPH" | b"ANIM" | b"ICCP" => put_chunk(&mut chunks, name, payload)?,
            _ => {}
        }
    }
    // The extended heading says what is there: no XMP (4), and EXIF (8) only if we write it. Without that heading there is none.
    if chunks.starts_with(b"VP8X") {
        let flags = chunks.get_mut(8)?;
        *flags &= !(4 | 8);
        if orientation != Orientation::NoTransforms {
            *flags |= 8;
            put_chunk(&mut chunks, b"EXIF", &exif(orientation))?;
        }
    } else {
        orientation = Orientation::NoTransforms;
    }
    let mut stripped = b"RIFF".to_vec();
    stripped.extend_from_slice(&u32::try_from(chunks.len() + 4).ok()?.to_le_bytes());
    stripped.extend_from_slice(b"WEBP");
    stripped.extend_from_slice(&chunks);
    Some(Stripped { bytes: stripped, orientation, frames })
}

fn chunk<'a>(cursor: &mut Cursor<'a>) -> Option<(&'a [u8; 4], &'a [u8])> {
    let name = cursor.take(4)?.try_into().ok()?;
    let length = usize::try_from(cursor.u32_le()?).ok()?;
    let payload = cursor.take(length)?;
    // Some programs leave out the padding of the last one.
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
