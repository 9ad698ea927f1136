//! Names and addresses of stored pictures.
//!
//! A name says how large the picture is and what colour it has on average:
//! `0123456789abcdef0123456789abcdef-1600x900-9ab.jpg`. So whoever writes an `<img>` knows all that
//! it needs, without a look-up. Pictures with transparency have no colour. Names of older versions
//! are a key and an ending alone.
//!
//! A copy has the address of its picture, its width and `webp`:
//! `/pictures/0123456789abcdef0123456789abcdef-1600x900-9ab.jpg.480.webp`.

use super::Kind;

/// What the addresses of pictures start with.
pub const FOLDER: &str = "/pictures/";

/// The widths of copies, in pixels.
const WIDTHS: [u32; 3] = [480, 960, 1600];

/// Pictures narrower than this have no copies.
const NARROWEST: u32 = 320;

/// The length of a key, in hexadecimal digits.
const KEY_LENGTH: usize = 32;

/// What is known of a picture without reading its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// In pixels, as it is shown.
    pub width: u32,
    /// In pixels, as it is shown.
    pub height: u32,
    /// The average colour, if the picture has no transparency.
    pub tint: Option<Tint>,
}

/// A colour with four bits for each of red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tint(u16);

impl Tint {
    /// The nearest tint to a colour.
    pub fn of(colour: [u8; 3]) -> Self {
        let level = |part: u8| (u16::from(part) + 8) / 17;
        let [red, green, blue] = colour.map(level);
        Self(red << 8 | green << 4 | blue)
    }

    fn parse(text: &str) -> Option<Self> {
        (text.len() == 3 && is_hexadecimal(text))
            .then(|| u16::from_str_radix(text, 16).ok().map(Self))
            .flatten()
    }

    /// The classes that give an element this colour: one each for red, green and blue. The style
    /// sheet has 16 of each, because the content security policy forbids style attributes.
    pub fn classes(self) -> String {
        let Self(colour) = self;
        format!("tint-r{:x} tint-g{:x} tint-b{:x}", colour >> 8, colour >> 4 & 15, colour & 15)
    }
}

/// A new name.
pub fn compose(key: u128, kind: Kind, size: Size) -> String {
    let Size { width, height, tint } = size;
    let tint = tint.map(|Tint(colour)| format!("-{colour:03x}")).unwrap_or_default();
    format!("{key:032x}-{width}x{height}{tint}.{}", kind.extension())
}

/// The kind and size that a name says; the latter is `None` in names of older versions. `None` if
/// it is no name.
pub fn parse(name: &str) -> Option<(Kind, Option<Size>)> {
    let (stem, ending) = name.split_once('.')?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.extension() == ending)?;
    let mut parts = stem.split('-');
    let key = parts.next()?;
    if key.len() != KEY_LENGTH || !is_hexadecimal(key) {
        return None;
    }
    let Some(size) = parts.next() else { return Some((kind, None)) };
    let (width, height) = size.split_once('x')?;
    let (width, height) = (number(width)?, number(height)?);
    let tint = match parts.next() {
        Some(tint) => Some(Tint::parse(tint)?),
        None => None,
    };
    parts.next().is_none().then_some((kind, Some(Size { width, height, tint })))
}

/// The name and the width in the name of a copy.
pub fn parse_copy(text: &str) -> Option<(&str, u32)> {
    let (name, width) = text.strip_suffix(".webp")?.rsplit_once('.')?;
    parse(name)?;
    Some((name, number(width)?))
}

/// The name of a copy.
pub fn copy(name: &str, width: u32) -> String {
    format!("{name}.{width}.webp")
}

/// The widths of a picture's copies, in ascending order. None is wider than the picture. The widest
/// has the picture's own width, if that is one of a screen's: WebP alone saves a lot.
pub fn widths(kind: Kind, width: u32) -> Vec<u32> {
    // Most are animations, and the others are small.
    if kind == Kind::Gif || width < NARROWEST {
        return vec![];
    }
    let widest = width.min(WIDTHS[WIDTHS.len() - 1]);
    // A copy that is only a little narrower than the next is not worth its file.
    let narrower = WIDTHS.into_iter().filter(|step| step * 6 / 5 <= widest);
    narrower.chain([widest]).collect()
}

/// The `srcset` of a picture: its copies. `None` if it has none.
pub fn srcset(name: &str, kind: Kind, width: u32) -> Option<String> {
    let candidates: Vec<String> = widths(kind, width)
        .into_iter()
        .map(|width| format!("{FOLDER}{} {width}w", copy(name, width)))
        .collect();
    (!candidates.is_empty()).then(|| candidates.join(", "))
}

fn is_hexadecimal(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A number from 1 to 99,999 as [`compose`] writes it, without a sign or a zero before it.
fn number(text: &str) -> Option<u32> {
    let is_written_so = (1..=5).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && !text.starts_with('0');
    is_written_so.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn a_name_says_size_and_colour() {
        let size = Size { width: 1600, height: 9, tint: Some(Tint::of([0x99, 0xa0, 0xff])) };
        let name = compose(0xab, Kind::Jpeg, size);
        assert_eq!(name, "000000000000000000000000000000ab-1600x9-99f.jpg");
        assert_eq!(parse(&name), Some((Kind::Jpeg, Some(size))));
        let clear = Size { tint: None, ..size };
        let name = compose(1, Kind::Png, clear);
        assert_eq!(parse(&name), Some((Kind::Png, Some(clear))));
        assert_eq!(parse(&format!("{KEY}.webp")), Some((Kind::Webp, None)), "an older name");
        assert_eq!(parse_copy(&copy(&name, 480)), Some((&*name, 480)));
        assert_eq!(size.tint.unwrap().classes(), "tint-r9 tint-g9 tint-bf");
    }

    #[test]
    fn nothing_else_is_a_name() {
        for text in [
            "",
            KEY,
            "../0123456789abcdef0123456789abcdef.png",
            "0123456789ABCDEF0123456789ABCDEF.png",
            "0123456789abcdef0123456789abcde/.png",
            &format!("{KEY}.svg"),
            &format!("{KEY}.png.png"),
            &format!("{KEY}.png.480.webp"),
            &format!("{KEY}-.png"),
            &format!("{KEY}-1x.png"),
            &format!("{KEY}-0x1.png"),
            &format!("{KEY}-01x1.png"),
            &format!("{KEY}-+1x1.png"),
            &format!("{KEY}-1x1-.png"),
            &format!("{KEY}-1x1-12.png"),
            &format!("{KEY}-1x1-12G.png"),
            &format!("{KEY}-1x1-123-1.png"),
            &format!("{KEY}-123456x1.png"),
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        for text in [format!("{KEY}.webp"), format!("{KEY}.png.webp"), format!("{KEY}.png.0.webp")]
        {
            assert_eq!(parse_copy(&text), None, "{text}");
        }
    }

    #[test]
    fn no_copy_is_wider_than_its_picture() {
        for (width, expected) in [
            (319, vec![]),
            (320, vec![320]),
            (560, vec![560]),
            (600, vec![480, 600]),
            (1_000, vec![480, 1_000]),
            (1_600, vec![480, 960, 1_600]),
            (12_000, vec![480, 960, 1_600]),
        ] {
            assert_eq!(widths(Kind::Jpeg, width), expected);
        }
        assert!(widths(Kind::Gif, 2_000).is_empty());
    }
}
