//! Texts, numbers and days, as counters write them.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::GzDecoder;
use jiff::civil::Date;

use super::{Fault, LARGEST_FILE, fault};

/// The text of a file: unpacked if it is gzip, in UTF-8 or UTF-16, without a byte order mark.
/// Matomo exports UTF-16, and GoatCounter gzip.
pub(super) fn text(bytes: &[u8]) -> Result<Cow<'_, str>, Fault> {
    if bytes.len() > LARGEST_FILE {
        return Err(too_large());
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return Err(fault(1, "this is a zip file; unpack it, and give the file with the pages"));
    }
    if !bytes.starts_with(b"\x1F\x8B") {
        return text_of(bytes);
    }
    Ok(Cow::Owned(text_of(&unpacked(bytes, LARGEST_FILE)?)?.into_owned()))
}

fn too_large() -> Fault {
    fault(1, format!("the file is larger than {} MB", LARGEST_FILE >> 20))
}

/// Unpacks a gzip file of at most `most` bytes.
fn unpacked(bytes: &[u8], most: usize) -> Result<Vec<u8>, Fault> {
    let mut unpacked = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let read = GzDecoder::new(bytes).take(limit).read_to_end(&mut unpacked);
    if read.is_err() {
        return Err(fault(1, "the gzip file is damaged; export it again"));
    }
    match unpacked.len() > most {
        true => Err(too_large()),
        false => Ok(unpacked),
    }
}

fn text_of(bytes: &[u8]) -> Result<Cow<'_, str>, Fault> {
    // Where a tar file says what it is.
    if bytes.get(257..262) == Some(b"ustar") {
        return Err(fault(1, "this is an archive; unpack it, and give the file with the counters"));
    }
    let utf_16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        let characters = char::decode_utf16(units);
        Cow::Owned(characters.map(|one| one.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
    };
    Ok(match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest),
        [0xFF, 0xFE, rest @ ..] => utf_16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf_16(rest, u16::from_be_bytes),
        // Somebody's editor took the mark away.
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => {
            utf_16(bytes, u16::from_le_bytes)
        }
        _ => String::from_utf8_lossy(bytes),
    })
}

/// A number of views: `1234`, `1,234`, `1.234`, `1 234`, `1'234`, `12.0`.
pub(super) fn count(text: &str) -> Option<i64> {
    let is_gap =
        |character: char| character.is_whitespace() || matches!(character, '\'' | '’' | '_');
    let text: String = text.trim().chars().filter(|character| !is_gap(*character)).collect();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number(&text) {
        return text.parse().ok();
    }
    let mut groups = text.split([',', '.']);
    let first = groups.next().filter(|first| is_number(first))?;
    let groups: Vec<&str> = groups.collect();
    if (1..=3).contains(&first.len()) && groups.iter().all(|one| one.len() == 3 && is_number(one)) {
        return format!("{first}{}", groups.concat()).parse().ok();
    }
    // What a spreadsheet makes of a whole number.
    let is_zero = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte == b'0');
    (groups.len() == 1 && groups.iter().all(is_zero)).then(|| first.parse().ok()).flatten()
}

/// A day: `2026-11-27`, `2026/11/27` or `20261127`, perhaps with a time behind it. Of a range
/// (`2026-11-01,2026-11-27`) it is the last one.
pub(super) fn day(text: &str) -> Option<Date> {
    let last = text.rsplit(',').next().unwrap_or(text).trim();
    let digits = last.get(..8).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    if let Some(digits) = digits {
        let (year, month, of_month) = (&digits[..4], &digits[4..6], &digits[6..]);
        return format!("{year}-{month}-{of_month}").parse().ok();
    }
    last.get(..10)?.replace('/', "-").parse().ok()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_packed_file_is_unpacked_up_to_a_limit() {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(b"/a,1\n").unwrap();
        let packed = encoder.finish().unwrap();
        assert_eq!(text(&packed).unwrap(), "/a,1\n");
        assert_eq!(unpacked(&packed, 5).unwrap().len(), 5);
        assert!(unpacked(&packed, 4).unwrap_err().problem.contains("256 MB"));
        assert!(text(&packed[..packed.len() / 2]).unwrap_err().problem.contains("damaged"));
    }

    #[test]
    fn a_number_may_have_separators_and_nothing_else() {
        for (text, number) in [
            ("0", 0),
            (" 12 ", 12),
            ("1,234", 1234),
            ("1.234.567", 1_234_567),
            ("1 234", 1234),
            ("1\u{A0}234", 1234),
            ("1’234", 1234),
            ("12.0", 12),
        ] {
            assert_eq!(count(text), Some(number), "{text}");
        }
        for text in ["", "-1", "1.5", "12,34", "1,2345", "twelve", "1e3", "99999999999999999999"] {
            assert_eq!(count(text), None, "{text}");
        }
    }

    #[test]
    fn a_day_is_read_in_each_form_that_counters_write() {
        let date = Date::constant(2026, 11, 27);
        for text in [
            "2026-11-27",
            "2026/11/27",
            "20261127",
            "2026-11-27T19:00:00Z",
            "2026-11-27 19:00",
            "2026-11-01,2026-11-27",
        ] {
            assert_eq!(day(text), Some(date), "{text}");
        }
        for text in ["", "yesterday", "2026-13-01", "20261399", "2026-1-1", "日日日日日日日日日日"]
        {
            assert_eq!(day(text), None, "{text}");
        }
    }
}
