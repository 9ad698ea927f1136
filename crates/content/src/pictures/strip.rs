//! Strips a picture's file of everything but the picture: where, by whom and with what it was
//! taken, notes, previews, and anything appended. The picture is not encoded again, so it loses no
//! quality.
//!
//! Each format is a sequence of named parts. Parts that a viewer needs are copied if their length
//! is valid. All others are dropped, so unknown parts never get through. The orientation and the
//! colour profile are kept, but rebuilt without anything else. The coded pixels are copied as they
//! are.

mod gif;
mod jpeg;
mod png;
mod webp;

use image::metadata::Orientation;

use super::Kind;

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
        Kind::Jpeg => jpeg::strip(bytes),
        Kind::Png => png::strip(bytes),
        Kind::Gif => gif::strip(bytes),
        Kind::Webp => webp::strip(bytes),
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

fn number_le(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?).into())
}
