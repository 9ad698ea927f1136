//! Makes smaller copies of a picture, as WebP.

use std::io::Cursor;
use std::sync::atomic::{AtomicBool, Ordering};

use fast_image_resize::{ResizeOptions, Resizer};
use image::codecs::jpeg::JpegDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder};
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};
use webp::Encoder;

use super::Kind;
use super::check::{Refusal, limits, size};
use super::name::widths;

/// The quality of copies. More makes files larger without a difference that one sees on a page.
const QUALITY: f32 = 80.0;

/// A smaller copy of a picture.
#[derive(Clone, Debug)]
pub struct Copy {
    /// In pixels, as it is shown.
    pub width: u32,
    /// The file, a WebP.
    pub bytes: Vec<u8>,
}

/// Makes the copies of a picture that was checked: without metadata, the right way up, and in
/// sRGB. Copies that would be no smaller files than the picture are left out, and there are none of
/// animations, because they would not move. This can take several seconds of CPU time. Stops soon
/// after `is_stopped` becomes true; the result means nothing then.
///
/// # Errors
/// A [`Refusal`] if the picture can't be decoded.
pub fn make(kind: Kind, bytes: &[u8], is_stopped: &AtomicBool) -> Result<Vec<Copy>, Refusal> {
    let Some((picture, orientation, profile)) = decode(kind, bytes)? else { return Ok(vec![]) };
    let is_turned = matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    );
    let shown_width = if is_turned { picture.height() } else { picture.width() };
    let mut source = picture;
    let mut copies = Vec::new();
    // The widest first, so that the others can be made from it instead of from millions of pixels.
    for width in widths(kind, shown_width).into_iter().rev() {
        if is_stopped.load(Ordering::Relaxed) {
            break;
        }
        let smaller = resized(&source, width, is_turned)?;
        // The widest copy is not turned yet, as the source of the others.
        let mut copy = smaller.clone();
        if let Some(profile) = &profile {
            convert(&mut copy, profile);
        }
        copy.apply_orientation(orientation);
        let file = encode(&copy, kind)?;
        if file.len() < bytes.len() {
            copies.push(Copy { width, bytes: file });
        }
        source = smaller;
    }
    copies.reverse();
    Ok(copies)
}

/// Decodes a picture, unless it is an animation. With its orientation and its colour profile.
fn decode(
    kind: Kind,
    bytes: &[u8],
) -> Result<Option<(DynamicImage, Orientation, Option<ColorProfile>)>, Refusal> {
    let file = Cursor::new(bytes);
    match kind {
        Kind::Png => {
            let decoder = PngDecoder::with_limits(file, limits())?;
            if decoder.is_apng()? { Ok(None) } else { pixels(decoder).map(Some) }
        }
        Kind::Jpeg => pixels(JpegDecoder::new(file)?).map(Some),
        Kind::Webp => {
            let decoder = WebPDecoder::new(file)?;
            if decoder.has_animation() { Ok(None) } else { pixels(decoder).map(Some) }
        }
        Kind::Gif => Ok(None),
    }
}

pub(super) fn pixels(
    mut decoder: impl ImageDecoder,
) -> Result<(DynamicImage, Orientation, Option<ColorProfile>), Refusal> {
    decoder.set_limits(limits())?;
    size(&decoder, 1)?;
    let orientation = decoder.orientation()?;
    let profile = decoder
        .icc_profile()?
        .and_then(|profile| ColorProfile::new_from_slice(&profile).ok())
        // The pixels are RGB, whatever the file has.
        .filter(|profile| profile.color_space == DataColorSpace::Rgb);
    let picture = DynamicImage::from_decoder(decoder)?;
    let picture = if picture.color().has_alpha() {
        DynamicImage::ImageRgba8(picture.into_rgba8())
    } else {
        DynamicImage::ImageRgb8(picture.into_rgb8())
    };
    Ok((picture, orientation, profile))
}

/// The picture with this width as it is shown.
fn resized(picture: &DynamicImage, width: u32, is_turned: bool) -> Result<DynamicImage, Refusal> {
    let (long, other) = if is_turned {
        (picture.height(), picture.width())
    } else {
        (picture.width(), picture.height())
    };
    if width == long {
        return Ok(picture.clone());
    }
    let scaled = (u64::from(other) * u64::from(width) + u64::from(long) / 2) / u64::from(long);
    let other = u32::try_from(scaled).unwrap_or(u32::MAX).max(1);
    let (new_width, new_height) = if is_turned { (other, width) } else { (width, other) };
    let mut smaller = DynamicImage::new(new_width, new_height, picture.color());
    // Lanczos, with transparency taken into account.
    Resizer::new()
        .resize(picture, &mut smaller, &ResizeOptions::new())
        .map_err(|_| Refusal::Damaged)?;
    Ok(smaller)
}

/// Converts colours to sRGB, which is what a file without a profile has. If the profile can't be
/// used, the colours stay as they are.
pub(super) fn convert(picture: &mut DynamicImage, profile: &ColorProfile) {
    let (layout, samples): (_, &mut [u8]) = match picture {
        DynamicImage::ImageRgb8(picture) => (Layout::Rgb, picture),
        DynamicImage::ImageRgba8(picture) => (Layout::Rgba, picture),
        _ => return,
    };
    let srgb = ColorProfile::new_srgb();
    let transform =
        profile.create_transform_8bit(layout, &srgb, layout, TransformOptions::default());
    if let Ok(transform) = transform {
        let before = samples.to_vec();
        if transform.transform(&before, samples).is_err() {
            samples.copy_from_slice(&before);
        }
    }
}

pub(super) fn encode(picture: &DynamicImage, kind: Kind) -> Result<Vec<u8>, Refusal> {
    let (width, height) = (picture.width(), picture.height());
    let encoder = match picture {
        DynamicImage::ImageRgb8(pixels) => Encoder::from_rgb(pixels, width, height),
        DynamicImage::ImageRgba8(pixels) => Encoder::from_rgba(pixels, width, height),
        _ => return Err(Refusal::Unsupported),
    };
    let encode = |is_lossless| {
        let file = encoder.encode_simple(is_lossless, QUALITY).map_err(|_| Refusal::TooLarge)?;
        Ok::<_, Refusal>(file.to_vec())
    };
    let lossy = encode(false)?;
    // Most PNGs are screenshots and drawings. Lossless, these have sharp letters, and are often
    // smaller too.
    if kind == Kind::Png {
        let lossless = encode(true)?;
        if lossless.len() <= lossy.len() {
            return Ok(lossless);
        }
    }
    Ok(lossy)
}

#[cfg(test)]
mod tests {
    use image::codecs::jpeg::JpegEncoder;
    use image::{ImageEncoder, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

    use super::*;

    fn noise(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| {
            let hash = x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(2_246_822_519);
            Rgb([(hash >> 8) as u8, (x * 255 / width) as u8, (y * 255 / height) as u8])
        })
    }

    fn made(kind: Kind, bytes: &[u8]) -> Vec<(u32, DynamicImage)> {
        let copies = make(kind, bytes, &AtomicBool::new(false)).unwrap();
        copies
            .into_iter()
            .map(|copy| {
                assert!(copy.bytes.len() < bytes.len());
                let format = image::guess_format(&copy.bytes).unwrap();
                assert_eq!(format, ImageFormat::WebP);
                (copy.width, image::load_from_memory(&copy.bytes).unwrap())
            })
            .collect()
    }

    #[test]
    fn copies_are_upright_and_keep_the_proportions() {
        let mut file = Vec::new();
        let mut encoder = JpegEncoder::new_with_quality(&mut file, 95);
        encoder
            .set_exif_metadata(crate::pictures::strip::exif(Orientation::Rotate90).to_vec())
            .unwrap();
        let mut picture = noise(300, 700);
        // The corner that is at the top left in the file is at the top right as shown.
        for (x, y) in (0..100).flat_map(|x| (0..100).map(move |y| (x, y))) {
            picture.put_pixel(x, y, Rgb([255, 0, 0]));
        }
        encoder.encode_image(&picture).unwrap();
        let copies = made(Kind::Jpeg, &file);
        let sizes: Vec<_> =
            copies.iter().map(|(width, copy)| (*width, copy.width(), copy.height())).collect();
        assert_eq!(sizes, [(480, 480, 206), (700, 700, 300)]);
        for (_, copy) in copies {
            let copy = copy.into_rgb8();
            let Rgb([red, green, blue]) = *copy.get_pixel(copy.width() - 10, 10);
            assert!(red > 240 && green < 16 && blue < 16, "{red} {green} {blue}");
        }
    }

    #[test]
    fn transparency_stays() {
        let picture = RgbaImage::from_fn(700, 40, |x, _| match x < 350 {
            true => Rgba([200, 10, 10, 255]),
            false => Rgba([0, 0, 0, 0]),
        });
        let mut file = Vec::new();
        let encoder = image::codecs::png::PngEncoder::new_with_quality(
            &mut file,
            image::codecs::png::CompressionType::Uncompressed,
            image::codecs::png::FilterType::NoFilter,
        );
        encoder.write_image(&picture, 700, 40, image::ExtendedColorType::Rgba8).unwrap();
        let copies = made(Kind::Png, &file);
        assert_eq!(copies.len(), 2);
        for (_, copy) in copies {
            let copy = copy.into_rgba8();
            let Rgba([red, .., alpha]) = *copy.get_pixel(10, 10);
            assert!(red > 180 && alpha == 255);
            assert_eq!(copy.get_pixel(copy.width() - 10, 10)[3], 0);
        }
    }

    #[test]
    fn colours_are_converted_to_srgb() {
        let profile = ColorProfile::new_display_p3().encode().unwrap();
        let mut file = Vec::new();
        let mut encoder = JpegEncoder::new_with_quality(&mut file, 100);
        encoder.set_icc_profile(profile).unwrap();
        encoder.encode_image(&RgbImage::from_pixel(700, 700, Rgb([200, 100, 100]))).unwrap();
        // A saturated red has higher numbers in the smaller colour space.
        let copies = make(Kind::Jpeg, &file, &AtomicBool::new(false)).unwrap();
        let copy = image::load_from_memory(&copies[0].bytes).unwrap().into_rgb8();
        let Rgb([red, green, _]) = *copy.get_pixel(100, 100);
        assert!(red > 205 && green < 99, "{red} {green}");
    }

    #[test]
    fn a_picture_beyond_the_limits_has_no_copies() {
        let mut file = Vec::new();
        JpegEncoder::new_with_quality(&mut file, 50).encode_image(&noise(64, 64)).unwrap();
        // The height in the frame's header.
        let at = file.windows(2).position(|two| two == [0xff, 0xc0]).unwrap();
        file[at + 5..at + 9].copy_from_slice(&[0xff, 0xff, 0xff, 0xff]);
        let refusal = make(Kind::Jpeg, &file, &AtomicBool::new(false)).unwrap_err();
        assert_eq!(refusal, Refusal::TooLarge);
        assert!(make(Kind::Png, b"\x89PNG", &AtomicBool::new(false)).is_err());
        let stopped = make(Kind::Jpeg, &file[..20], &AtomicBool::new(true));
        assert!(stopped.is_err());
    }
}
