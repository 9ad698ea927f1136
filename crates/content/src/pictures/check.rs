//! Checks that a file is a picture that can be published: one of four formats, complete, and not
//! too large. The file's name and declared type are ignored.

use std::io::Cursor;
use std::sync::atomic::{AtomicBool, Ordering};

use image::codecs::gif::GifDecoder;
use image::codecs::jpeg::JpegDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::error::ImageError;
use image::metadata::Orientation;
use image::{AnimationDecoder, DynamicImage, Frames, GenericImageView, ImageDecoder, Limits};

use super::Kind;
use super::name::{Size, Tint};
use super::strip::{Stripped, strip};

/// The maximum width and height, in pixels.
pub const LONGEST_SIDE: u32 = 12_000;

/// The maximum number of pixels. Decoding takes up to 8 bytes of memory for each.
pub const MOST_PIXELS: u64 = 40_000_000;

/// The maximum number of pixels in all frames of an animation, because decoding each takes time.
pub const MOST_PIXELS_OF_ANIMATION: u64 = 400_000_000;

/// How many passes a JPEG of any size may have. Encoders use up to 12 for a photo.
const USUAL_PASSES: u64 = 16;

/// How many pixels are looked at in a row and in a column for the average colour.
const SAMPLES: u32 = 64;

/// The maximum memory for decoding a picture, in bytes.
const MOST_MEMORY: u64 = 8 * MOST_PIXELS;

/// Detects the format from the first bytes.
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
    /// The file, stripped of everything but the picture.
    pub bytes: Vec<u8>,
    /// Its size after rotation, and its colour.
    pub size: Size,
}

/// Why a file is refused. The message is meant to follow the file's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The format is not supported.
    #[error("isn't a PNG, JPEG, GIF or WebP.")]
    Unsupported,
    /// It begins like a picture, but the rest is invalid or missing.
    #[error("is damaged or cut off.")]
    Damaged,
    /// It has too many pixels.
    #[error(
        "has too many pixels: at most {LONGEST_SIDE} are allowed on each side, {} million in total, and {} million in an animation.",
        MOST_PIXELS / 1_000_000,
        MOST_PIXELS_OF_ANIMATION / 1_000_000
    )]
    TooLarge,
    /// Decoding it would take too many passes.
    #[error("has too many scans. Save it again as an ordinary JPEG.")]
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

/// Checks a whole file: strips it, then decodes what is left to the end. This can take several
/// seconds of CPU time.
///
/// # Errors
/// A [`Refusal`].
pub fn check(bytes: &[u8]) -> Result<Checked, Refusal> {
    check_until(bytes, &AtomicBool::new(false))
}

/// Like [`check`], but can be cancelled: once `is_stopped` is true, an animation stops after the
/// current frame.
///
/// # Errors
/// A [`Refusal`]. After a cancellation it means nothing.
pub fn check_until(bytes: &[u8], is_stopped: &AtomicBool) -> Result<Checked, Refusal> {
    let kind = kind_of(bytes).ok_or(Refusal::Unsupported)?;
    let Stripped { bytes, orientation, frames, passes } =
        strip(kind, bytes).ok_or(Refusal::Damaged)?;
    let Size { width, height, tint } = decode(kind, &bytes, frames, passes, is_stopped)?;
    let is_turned = matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    );
    let (width, height) = if is_turned { (height, width) } else { (width, height) };
    Ok(Checked { kind, bytes, size: Size { width, height, tint } })
}

/// Decodes everything and returns the size, before rotation.
fn decode(
    kind: Kind,
    bytes: &[u8],
    frames: u64,
    passes: u64,
    is_stopped: &AtomicBool,
) -> Result<Size, Refusal> {
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

/// What decoding may take.
pub(super) fn limits() -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    limits
}

/// Reads and checks the size in the header, before any memory is allocated for pixels.
pub(super) fn size(decoder: &impl ImageDecoder, frames: u64) -> Result<(u32, u32), Refusal> {
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 {
        return Err(Refusal::Damaged);
    }
    let is_too_large = width > LONGEST_SIDE
        || height > LONGEST_SIDE
        || pixels > MOST_PIXELS
        || pixels.saturating_mul(frames) > MOST_PIXELS_OF_ANIMATION
        || decoder.total_bytes() > MOST_MEMORY;
    if is_too_large { Err(Refusal::TooLarge) } else { Ok((width, height)) }
}

fn decode_still(decoder: impl ImageDecoder, size: (u32, u32)) -> Result<Size, Refusal> {
    let picture = DynamicImage::from_decoder(decoder)?;
    let (width, height) = size;
    Ok(Size { width, height, tint: tint(&picture) })
}

fn decode_animation(
    frames: Frames,
    size: (u32, u32),
    is_stopped: &AtomicBool,
) -> Result<Size, Refusal> {
    let mut decoded = 0u64;
    for frame in frames {
        frame?;
        if is_stopped.load(Ordering::Relaxed) {
            return Err(Refusal::Damaged);
        }
        decoded += 1;
    }
    let (width, height) = size;
    if decoded == 0 { Err(Refusal::Damaged) } else { Ok(Size { width, height, tint: None }) }
}

/// The average colour, unless the picture has transparency: the colour would be seen through it.
pub(super) fn tint(picture: &DynamicImage) -> Option<Tint> {
    let (width, height) = (picture.width(), picture.height());
    let (across, down) = (width.div_ceil(SAMPLES), height.div_ceil(SAMPLES));
    let mut sums = [0u64; 3];
    let mut count = 0;
    for y in (down / 2..height).step_by(usize::try_from(down).ok()?) {
        for x in (across / 2..width).step_by(usize::try_from(across).ok()?) {
            let [red, green, blue, alpha] = picture.get_pixel(x, y).0;
            if alpha < u8::MAX {
                return None;
            }
            for (sum, part) in sums.iter_mut().zip([red, green, blue]) {
                *sum += u64::from(part);
            }
            count += 1;
        }
    }
    let average = |sum: u64| u8::try_from(sum.checked_div(count).unwrap_or(0)).unwrap_or(u8::MAX);
    Some(Tint::of(sums.map(average)))
}
