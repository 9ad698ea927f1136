//! What a picture's file must be: one of four kinds, whole, and small enough to be shown. The name
//! and the type that came with it are not asked.

use std::io::Cursor;
use std::sync::atomic::{AtomicBool, Ordering};

use image::codecs::gif::GifDecoder;
use image::codecs::jpeg::JpegDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::error::ImageError;
use image::metadata::Orientation;
use image::{AnimationDecoder, DynamicImage, Frames, ImageDecoder, Limits};

use super::Kind;
use super::strip::{Stripped, strip};

/// The widest and highest that a picture may be, in pixels.
pub const LONGEST_SIDE: u32 = 12_000;

/// The most pixels that a picture may have. While it is looked at, each takes up to 8 bytes of
/// memory.
pub const MOST_PIXELS: u64 = 40_000_000;

/// The most pixels that all pictures of an animation may have together: looking at each takes time.
pub const MOST_PIXELS_OF_ANIMATION: u64 = 400_000_000;

/// How often a decoder may go over a picture of any size: encoders make up to 12 passes of a photo.
const USUAL_PASSES: u64 = 16;

/// The most memory that looking at a picture may take, in bytes.
const MOST_MEMORY: u64 = 8 * MOST_PIXELS;

/// The kind that a file begins like.
fn kind_of(bytes: &[u8]) -> Option<Kind> {
    match image::guess_format(bytes).ok()? {
        image::ImageFormat::Png => Some(Kind::Png),
        image::ImageFormat::Jpeg => Some(Kind::Jpeg),
        image::ImageFormat::Gif => Some(Kind::Gif),
        image::ImageFormat::WebP => Some(Kind::Webp),
        _ => None,
    }
}

/// A picture that can be published.
#[derive(Debug)]
pub struct Checked {
    /// Its kind.
    pub kind: Kind,
    /// The file, without what is not the picture.
    pub bytes: Vec<u8>,
    /// In pixels, as it is shown.
    pub width: u32,
    /// In pixels, as it is shown.
    pub height: u32,
}

/// Why a file is not taken. It follows the file's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is of no kind that is taken.
    #[error("is no picture of a kind that is taken here: PNG, JPEG, GIF or WebP.")]
    Unsupported,
    /// It begins like a picture and is none to its end.
    #[error("is damaged or cut off.")]
    Damaged,
    /// It has too many pixels.
    #[error(
        "has too many pixels: at most {LONGEST_SIDE} are taken on each side, {} million in all, and {} million in an animation.",
        MOST_PIXELS / 1_000_000,
        MOST_PIXELS_OF_ANIMATION / 1_000_000
    )]
    TooLarge,
    /// Decoding it would go over it too often.
    #[error("comes in too many passes. Saved again as a usual JPEG it can be taken.")]
    TooManyPasses,
}

impl From<ImageError> for Refusal {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Limits(_) => Refusal::TooLarge,
            _ => Refusal::Damaged,
        }
    }
}

/// Looks at a whole file: takes out what is not the picture, and decodes what is left to its end.
/// This takes up to some seconds of a core.
///
/// # Errors
/// A [`Refusal`].
pub fn check(bytes: &[u8]) -> Result<Checked, Refusal> {
    check_until(bytes, &AtomicBool::new(false))
}

/// As [`check`]; when `is_stopped` becomes true because nobody waits for it any more, it ends with
/// the next frame of an animation.
///
/// # Errors
/// A [`Refusal`], whatever it is when nobody waits.
pub fn check_until(bytes: &[u8], is_stopped: &AtomicBool) -> Result<Checked, Refusal> {
    let kind = kind_of(bytes).ok_or(Refusal::Unsupported)?;
    let Stripped { bytes, orientation, frames, passes } =
        strip(kind, bytes).ok_or(Refusal::Damaged)?;
    let (width, height) = decode(kind, &bytes, frames, passes, is_stopped)?;
    let is_turned = matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    );
    let (width, height) = if is_turned { (height, width) } else { (width, height) };
    Ok(Checked { kind, bytes, width, height })
}

/// Decodes everything and says how large it is.
fn decode(
    kind: Kind,
    bytes: &[u8],
    frames: u64,
    passes: u64,
    is_stopped: &AtomicBool,
) -> Result<(u32, u32), Refusal> {
    let file = Cursor::new(bytes);
    match kind {
        Kind::Png => {
            let decoder = PngDecoder::with_limits(file, limits())?;
            let size = size(&decoder, frames)?;
            if decoder.is_apng()? {
                decode_animation(decoder.apng()?.into_frames(), size, is_stopped)
            } else {
                decode_still(decoder, size)
            }
        }
        Kind::Jpeg => {
            let mut decoder = JpegDecoder::new(file)?;
            decoder.set_limits(limits())?;
            let size = size(&decoder, frames)?;
            let pixels = u64::from(size.0) * u64::from(size.1);
            if passes > USUAL_PASSES && pixels.saturating_mul(passes) > MOST_PIXELS_OF_ANIMATION {
                return Err(Refusal::TooManyPasses);
            }
            decode_still(decoder, size)
        }
        Kind::Gif => {
            let mut decoder = GifDecoder::new(file)?;
            decoder.set_limits(limits())?;
            let size = size(&decoder, frames)?;
            decode_animation(decoder.into_frames(), size, is_stopped)
        }
        Kind::Webp => {
            let mut decoder = WebPDecoder::new(file)?;
            decoder.set_limits(limits())?;
            let size = size(&decoder, frames)?;
            if decoder.has_animation() {
                decode_animation(decoder.into_frames(), size, is_stopped)
            } else {
                decode_still(decoder, size)
            }
        }
    }
}

fn limits() -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    limits
}

/// How large the picture says it is, before any memory is taken for it.
fn size(decoder: &impl ImageDecoder, frames: u64) -> Result<(u32, u32), Refusal> {
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    let is_too_large = width > LONGEST_SIDE
        || height > LONGEST_SIDE
        || pixels > MOST_PIXELS
        || pixels.saturating_mul(frames) > MOST_PIXELS_OF_ANIMATION
        || decoder.total_bytes() > MOST_MEMORY;
    if is_too_large { Err(Refusal::TooLarge) } else { Ok((width, height)) }
}

fn decode_still(decoder: impl ImageDecoder, size: (u32, u32)) -> Result<(u32, u32), Refusal> {
    DynamicImage::from_decoder(decoder)?;
    Ok(size)
}

fn decode_animation(
    frames: Frames,
    size: (u32, u32),
    is_stopped: &AtomicBool,
) -> Result<(u32, u32), Refusal> {
    let mut decoded = 0u64;
    for frame in frames {
        frame?;
        if is_stopped.load(Ordering::Relaxed) {
            return Err(Refusal::Damaged);
        }
        decoded += 1;
    }
    if decoded == 0 { Err(Refusal::Damaged) } else { Ok(size) }
}
