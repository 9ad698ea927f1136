//! Makes the picture that stands for a person: a small square from the middle of a picture.

use std::io::Cursor;
use std::sync::atomic::AtomicBool;

use fast_image_resize::{ResizeOptions, Resizer};
use image::codecs::gif::GifDecoder;
use image::codecs::jpeg::JpegDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::{DynamicImage, GenericImageView};

use super::Kind;
use super::check::{Checked, Refusal, check_until, limits, tint};
use super::copies::{convert, encode, pixels};
use super::name::Size;

/// The longest side, in pixels: twice as many as the largest place on a page has.
pub const SIDE: u32 = 192;

/// Checks a whole file as [`check`](super::check::check) does, and makes a square WebP of its
/// middle: the right way up, in sRGB and without metadata. Of an animation it takes the first
/// picture. This can take several seconds of CPU time; `is_stopped` is as in
/// [`check_until`].
///
/// # Errors
/// A [`Refusal`].
pub fn make(bytes: &[u8], is_stopped: &AtomicBool) -> Result<Checked, Refusal> {
    let Checked { kind, bytes, .. } = check_until(bytes, is_stopped)?;
    let file = Cursor::new(&bytes);
    let (picture, orientation, profile) = match kind {
        Kind::Png => pixels(PngDecoder::with_limits(file, limits())?)?,
        Kind::Jpeg => pixels(JpegDecoder::new(file)?)?,
        Kind::Gif => pixels(GifDecoder::new(file)?)?,
        Kind::Webp => pixels(WebPDecoder::new(file)?)?,
    };
    let (width, height) = picture.dimensions();
    let side = width.min(height).min(SIDE);
    let mut square = DynamicImage::new(side, side, picture.color());
    // Lanczos, with transparency taken into account. What does not fit is cut off on both sides.
    Resizer::new()
        .resize(&picture, &mut square, &ResizeOptions::new().fit_into_destination(None))
        .map_err(|_| Refusal::Damaged)?;
    if let Some(profile) = &profile {
        convert(&mut square, profile);
    }
    square.apply_orientation(orientation);
    let size = Size { width: side, height: side, tint: tint(&square) };
    Ok(Checked { kind: Kind::Webp, bytes: encode(&square, kind)?, size })
}

#[cfg(test)]
mod tests {
    use image::codecs::jpeg::JpegEncoder;
    use image::metadata::Orientation;
    use image::{Frame, ImageEncoder, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

    use super::*;

    fn made(file: &[u8]) -> (Size, RgbaImage) {
        let Checked { kind, bytes, size } = make(file, &AtomicBool::new(false)).unwrap();
        assert_eq!(kind, Kind::Webp);
        assert_eq!(image::guess_format(&bytes).unwrap(), ImageFormat::WebP);
        let picture = image::load_from_memory(&bytes).unwrap().into_rgba8();
        assert_eq!((picture.width(), picture.height()), (size.width, size.height));
        (size, picture)
    }

    #[test]
    fn it_is_the_middle_of_the_picture_the_right_way_up() {
        // A blue square with a red top between green sides; in the file it lies on its side.
        let picture = RgbImage::from_fn(300, 900, |x, y| match (x, y) {
            (_, 0..300 | 600..) => Rgb([0, 200, 0]),
            (0..100, _) => Rgb([200, 0, 0]),
            _ => Rgb([0, 0, 200]),
        });
        let mut file = Vec::new();
        let mut encoder = JpegEncoder::new_with_quality(&mut file, 95);
        encoder
            .set_exif_metadata(crate::pictures::strip::exif(Orientation::Rotate90).to_vec())
            .unwrap();
        encoder.encode_image(&picture).unwrap();
        let (size, picture) = made(&file);
        assert_eq!((size.width, size.height), (SIDE, SIDE));
        assert!(size.tint.is_some());
        let is = |x, y, part: usize| {
            let colour = picture.get_pixel(x, y).0;
            (0..3).all(|other| (colour[other] > 120) == (other == part))
        };
        for x in [2, SIDE / 2, SIDE - 3] {
            assert!(is(x, 10, 0), "{:?}", picture.get_pixel(x, 10));
            assert!(is(x, SIDE - 10, 2), "{:?}", picture.get_pixel(x, SIDE - 10));
        }
    }

    #[test]
    fn a_small_picture_stays_as_small_and_transparency_stays() {
        let picture = RgbaImage::from_fn(40, 90, |x, _| match x < 20 {
            true => Rgba([200, 10, 10, 255]),
            false => Rgba([0, 0, 0, 0]),
        });
        let mut file = Vec::new();
        let encoder = image::codecs::png::PngEncoder::new(&mut file);
        encoder.write_image(&picture, 40, 90, image::ExtendedColorType::Rgba8).unwrap();
        let (size, picture) = made(&file);
        assert_eq!((size.width, size.height, size.tint), (40, 40, None));
        assert_eq!((picture.get_pixel(5, 20)[3], picture.get_pixel(35, 20)[3]), (255, 0));
    }

    #[test]
    fn of_an_animation_it_is_the_first_picture() {
        let mut file = Vec::new();
        let mut encoder = image::codecs::gif::GifEncoder::new(&mut file);
        for shade in [[200, 0, 0, 255], [0, 0, 200, 255]] {
            let frame = Frame::new(RgbaImage::from_pixel(250, 200, Rgba(shade)));
            encoder.encode_frame(frame).unwrap();
        }
        drop(encoder);
        let (size, picture) = made(&file);
        assert_eq!(size.width, SIDE);
        let [red, _, blue, _] = picture.get_pixel(SIDE / 2, SIDE / 2).0;
        assert!(red > 150 && blue < 80, "{red} {blue}");
    }

    #[test]
    fn what_is_no_picture_or_has_too_many_pixels_is_refused() {
        let stop = AtomicBool::new(false);
        let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>";
        assert_eq!(make(svg, &stop).unwrap_err(), Refusal::Unsupported);
        // A screen and a frame of no pixels.
        let nothing = b"GIF89a\0\0\0\0\0\0\0\x2c\0\0\0\0\0\0\0\0\0\x02\x01\x2c\0\x3b";
        assert_eq!(make(nothing, &stop).unwrap_err(), Refusal::Damaged);
        let mut file = Vec::new();
        let picture = RgbImage::new(64, 64);
        JpegEncoder::new_with_quality(&mut file, 50).encode_image(&picture).unwrap();
        assert_eq!(make(&file[..file.len() / 2], &stop).unwrap_err(), Refusal::Damaged);
        // The size in the frame's header.
        let at = file.windows(2).position(|two| two == [0xff, 0xc0]).unwrap();
        file[at + 5..at + 9].copy_from_slice(&[0xff, 0xff, 0xff, 0xff]);
        assert_eq!(make(&file, &stop).unwrap_err(), Refusal::TooLarge);
    }
}
