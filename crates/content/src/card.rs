//! Draws the picture that link previews show for an article without a cover: its title above the
//! tide, with the blog's name.
//!
//! The letters come from subsets of Inter with Latin, Greek and Cyrillic, and of Noto Sans SC with
//! the 3,755 usual characters of simplified Chinese (`fonts/`). There is no shaping, which these
//! need not. Instead of a title with other letters, the picture has the blog's name, because boxes
//! in place of letters would be worse.

use std::io::Cursor;
use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, GlyphId, PxScale, ScaleFont, point};
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ImageEncoder, Rgb, RgbImage};
use unicode_normalization::UnicodeNormalization;

use crate::whitespace::one_line;

/// Width in pixels, as link previews want it.
pub const WIDTH: u32 = 1_200;

/// Height in pixels.
pub const HEIGHT: u32 = 630;

/// Changes when the same texts give another picture.
pub const DESIGN: u32 = 1;

/// The longest text that is looked at, in characters.
const LONGEST: usize = 300;

/// The space left of the texts, and right of them.
const MARGIN: f32 = 84.0;

/// Where the title begins, from the top.
const TOP: f32 = 84.0;

/// The lowest point of the title. The tide is below it.
const BOTTOM: f32 = 440.0;

/// The heights of a line that are tried for the title, largest first.
const SIZES: [f32; 5] = [104.0, 88.0, 76.0, 66.0, 58.0];

const PAPER: Rgb<u8> = Rgb([0xfb, 0xfa, 0xf7]);
const INK: Rgb<u8> = Rgb([0x1c, 0x24, 0x26]);
const TIDE: Rgb<u8> = Rgb([0x0b, 0x5f, 0x6b]);

/// Letters are taken from the first font that has them.
static FONTS: LazyLock<Vec<FontRef<'static>>> = LazyLock::new(|| {
    let files: [&[u8]; 2] = [
        include_bytes!("../fonts/Inter-SemiBold.ttf"),
        include_bytes!("../fonts/NotoSansSC-SemiBold.ttf"),
    ];
    files.into_iter().filter_map(|file| FontRef::try_from_slice(file).ok()).collect()
});

/// The letter, with its font; `None` if no font has it.
fn glyph(one: char) -> Option<(&'static FontRef<'static>, GlyphId)> {
    let glyphs = FONTS.iter().map(|font| (font, font.glyph_id(one)));
    glyphs.into_iter().find(|(_, id)| *id != GlyphId(0))
}

/// The picture for a title and the name of a blog, as PNG. Takes some tens of milliseconds of CPU
/// time. `None` if it can't be encoded.
pub fn draw(title: &str, site: &str) -> Option<Vec<u8>> {
    let mut picture = RgbImage::from_pixel(WIDTH, HEIGHT, PAPER);
    tide(&mut picture);
    let (title, site) = match (drawable(title), drawable(site)) {
        // Without its title, the name is what there is to say.
        (None, site) => (site, None),
        both => both,
    };
    if let Some(title) = title {
        let (size, lines) = fitted(&title);
        for (number, line) in (1_u8..).zip(&lines) {
            let baseline = TOP - size * 0.2 + size * f32::from(number);
            write(&mut picture, line, baseline, size, INK);
        }
    }
    if let Some(site) = site {
        write(&mut picture, &shortened(site, 52.0), 580.0, 52.0, PAPER);
    }
    let mut bytes = Cursor::new(Vec::new());
    PngEncoder::new_with_quality(&mut bytes, CompressionType::Default, FilterType::Adaptive)
        .write_image(&picture, WIDTH, HEIGHT, image::ExtendedColorType::Rgb8)
        .ok()?;
    Some(bytes.into_inner())
}

/// The text in one line, as far as the fonts have it. `None` if they lack a letter, or if nothing
/// is left.
fn drawable(text: &str) -> Option<String> {
    let has = |one: char| glyph(one).is_some();
    let text: String = text.nfc().take(LONGEST).collect();
    let text = one_line(&text);
    if text.chars().any(|one| one.is_alphabetic() && !has(one)) {
        return None;
    }
    // What is not a letter, such as an emoji, can be left out.
    let kept: String = text.chars().filter(|one| has(*one)).collect();
    let kept = one_line(&kept);
    (!kept.is_empty()).then_some(kept)
}

/// The width of a letter in pixels.
fn advance(one: char, size: f32) -> f32 {
    glyph(one).map_or(0.0, |(font, id)| font.as_scaled(PxScale::from(size)).h_advance(id))
}

fn width(text: &str, size: f32) -> f32 {
    text.chars().map(|one| advance(one, size)).sum()
}

/// The title in lines, with the largest size at which it fits.
fn fitted(title: &str) -> (f32, Vec<String>) {
    let mut last = (SIZES[0], Vec::new());
    for size in SIZES {
        let (lines, is_whole_words) = wrapped(title, size);
        let height = size * f32::from(u8::try_from(lines.len()).unwrap_or(u8::MAX));
        last = (size, lines);
        if is_whole_words && height <= BOTTOM - TOP {
            return last;
        }
    }
    let (size, mut lines) = last;
    // Whole and small, so the conversion is exact.
    let most = ((BOTTOM - TOP) / size) as usize;
    if lines.len() > most {
        lines.truncate(most);
        if let Some(line) = lines.last_mut() {
            *line = shortened(format!("{line}…"), size);
        }
    }
    (size, lines)
}

/// Breaks a text into lines between words, and within a word that is wider than a line. Says
/// whether all words are whole. Chinese has no spaces, and breaks anywhere.
fn wrapped(text: &str, size: f32) -> (Vec<String>, bool) {
    let most = WIDTH as f32 - 2.0 * MARGIN;
    let (mut lines, mut is_whole_words) = (vec![String::new()], true);
    for word in text.split(' ') {
        let line = lines.pop().unwrap_or_default();
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if width(&longer, size) <= most {
            lines.push(longer);
            continue;
        }
        if !line.is_empty() {
            lines.push(line);
        }
        let mut rest = String::new();
        for one in word.chars() {
            rest.push(one);
            if width(&rest, size) > most && rest.chars().count() > 1 {
                rest.pop();
                is_whole_words &= !one.is_alphabetic() || is_chinese(one);
                lines.push(std::mem::take(&mut rest));
                rest.push(one);
            }
        }
        lines.push(rest);
    }
    (lines, is_whole_words)
}

fn is_chinese(one: char) -> bool {
    matches!(one, '\u{2e80}'..='\u{9fff}')
}

/// The text, cut at its end to the width of a line.
fn shortened(text: String, size: f32) -> String {
    let most = WIDTH as f32 - 2.0 * MARGIN;
    if width(&text, size) <= most {
        return text;
    }
    let mut text = text.trim_end_matches('…').to_owned();
    while text.pop().is_some() {
        let shorter = format!("{}…", text.trim_end());
        if width(&shorter, size) <= most {
            return shorter;
        }
    }
    text
}

/// Writes a line at the left margin.
fn write(picture: &mut RgbImage, line: &str, baseline: f32, size: f32, ink: Rgb<u8>) {
    let scale = PxScale::from(size);
    let mut x = MARGIN;
    for one in line.chars() {
        let Some((font, id)) = glyph(one) else { continue };
        let outlined = font.outline_glyph(id.with_scale_and_position(scale, point(x, baseline)));
        x += advance(one, size);
        let Some(outlined) = outlined else { continue };
        let bounds = outlined.px_bounds();
        outlined.draw(|dx, dy, coverage| {
            blend(picture, bounds.min.x + dx as f32, bounds.min.y + dy as f32, ink, coverage);
        });
    }
}

/// Fills the lower part with two waves.
fn tide(picture: &mut RgbImage) {
    for (height, length, shift, opacity) in [(478.0, 190.0, 1.2, 0.35), (506.0, 150.0, 0.0, 1.0)] {
        for x in 0..WIDTH {
            let x = x as f32;
            let surface: f32 = height + 14.0 * (x / length + shift).sin();
            let from = surface.floor();
            // The first pixel is covered in part, which makes the line smooth.
            blend(picture, x, from, TIDE, opacity * (1.0 - surface.fract()));
            for y in from as u32 + 1..HEIGHT {
                blend(picture, x, y as f32, TIDE, opacity);
            }
        }
    }
}

/// Mixes a colour into a pixel; does nothing outside of the picture.
fn blend(picture: &mut RgbImage, x: f32, y: f32, colour: Rgb<u8>, coverage: f32) {
    if x < 0.0 || y < 0.0 {
        return;
    }
    let Some(pixel) = picture.get_pixel_mut_checked(x as u32, y as u32) else { return };
    let coverage = coverage.clamp(0.0, 1.0);
    for (below, above) in pixel.0.iter_mut().zip(colour.0) {
        let mixed = f32::from(*below) * (1.0 - coverage) + f32::from(above) * coverage;
        *below = mixed.round() as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_a_small_png_of_the_right_size_whatever_the_texts_are() {
        let long = "word ".repeat(1_000);
        let one_word = "x".repeat(1_000);
        for (title, site) in [
            ("A count you can trust", "Tidemark"),
            ("Как море учит считать", "Прилив"),
            ("潮汐与水位标", "潮"),
            ("مد وجزر", "Tidemark"),
            ("", ""),
            ("\u{202e}\u{0}\u{feff}🌊", "🌊"),
            (&long, &long),
            (&one_word, &one_word),
        ] {
            let bytes = draw(title, site).unwrap();
            let picture = image::load_from_memory(&bytes).unwrap();
            assert_eq!((picture.width(), picture.height()), (WIDTH, HEIGHT));
            assert!(bytes.len() < 200_000, "{}", bytes.len());
        }
        assert_ne!(draw("One", "Tidemark"), draw("Two", "Tidemark"));
    }

    #[test]
    fn a_title_without_all_of_its_letters_is_left_out_and_an_emoji_alone_is_not_missed() {
        assert_eq!(drawable(" Tides  🌊 and\nmoons ").as_deref(), Some("Tides and moons"));
        assert_eq!(drawable("e\u{301}té").as_deref(), Some("été"));
        assert_eq!(drawable("Прилив").as_deref(), Some("Прилив"));
        assert_eq!(drawable("The 潮汐：水位").as_deref(), Some("The 潮汐：水位"));
        assert_eq!(drawable("Tide is مد"), None);
        assert_eq!(drawable("🌊"), None);
    }

    #[test]
    fn a_title_is_as_large_as_fits_and_is_cut_only_at_the_smallest_size() {
        let (size, lines) = fitted("Tides");
        assert_eq!((size, lines), (SIZES[0], vec!["Tides".to_owned()]));
        for title in ["word ".repeat(60), "x".repeat(300), "a longer title ".repeat(6)] {
            let (size, lines) = fitted(title.trim());
            let height = size * lines.len() as f32;
            assert!(height <= BOTTOM - TOP, "{title}: {lines:?}");
            let most = WIDTH as f32 - 2.0 * MARGIN;
            assert!(lines.iter().all(|line| width(line, size) <= most), "{lines:?}");
        }
        let (size, lines) = fitted(&"潮汐与水位标".repeat(4));
        assert!(size == SIZES[0] && lines.len() == 2, "Chinese may break anywhere: {lines:?}");
        assert!(fitted(&"word ".repeat(60)).1.last().unwrap().ends_with('…'));
    }
}
