//! Colour profiles (ICC.1:2022), reduced to what they say about colours.
//!
//! A profile has room for names, notes and anything else. So it is rebuilt from the few numbers
//! that define a screen's profile: three primaries and three curves, or one curve for grey. A
//! profile of any other kind is dropped. The picture is then shown as sRGB, like one without a
//! profile.

/// The largest profile that is read, in bytes. Those of screens and cameras take a few kilobytes.
pub const LONGEST_PROFILE: usize = 1024 * 1024;

/// The maximum number of points in a curve.
const MOST_POINTS: usize = 4096;

/// The largest absolute value of a primary, a white point or a curve parameter, as ICC encodes it:
/// 65,536 is 1.0.
const LARGEST: i32 = 16 * 65_536;

/// D50, the reference white of all profiles.
const D50: [u8; 12] = [0, 0, 0xf6, 0xd6, 0, 1, 0, 0, 0, 0, 0xd3, 0x2d];

/// Rebuilds a profile with the same colours and nothing else. Returns `None` if its kind is not
/// supported.
pub fn clean(profile: &[u8]) -> Option<Vec<u8>> {
    let header = profile.get(..128)?;
    let class = header.get(12..16)?;
    let space = header.get(16..20)?;
    let is_known = matches!(class, b"mntr" | b"scnr" | b"spac")
        && header.get(20..24)? == b"XYZ "
        && header.get(36..40)? == b"acsp";
    if profile.len() > LONGEST_PROFILE || !is_known {
        return None;
    }
    let is_fourth = match *header.get(8)? {
        2 => false,
        4 => true,
        _ => return None,
    };
    let needed: &[&[u8; 4]] = match space {
        b"RGB " => &[b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC"],
        b"GRAY" => &[b"kTRC"],
        _ => return None,
    };
    let mut tags: Vec<(&[u8; 4], Vec<u8>)> =
        vec![(b"desc", name(is_fourth)), (b"cprt", copyright(is_fourth))];
    for &name in needed {
        tags.push((name, value(profile, name)?));
    }
    let optional: [&[u8; 4]; 2] = [b"wtpt", b"chad"];
    for name in optional {
        if let Some(value) = value(profile, name) {
            tags.push((name, value));
        }
    }
    write(header, class, space, is_fourth, &tags)
}

fn write(
    header: &[u8],
    class: &[u8],
    space: &[u8],
    is_fourth: bool,
    tags: &[(&[u8; 4], Vec<u8>)],
) -> Option<Vec<u8>> {
    let mut directory = u32::try_from(tags.len()).ok()?.to_be_bytes().to_vec();
    let mut values: Vec<u8> = Vec::new();
    let mut written: Vec<(&[u8], usize)> = Vec::new();
    let first = 128 + 4 + 12 * tags.len();
    for (name, value) in tags {
        // The three curves are often identical, so store each value once.
        let offset = match written.iter().find(|(other, _)| *other == value.as_slice()) {
            Some((_, offset)) => *offset,
            None => {
                let offset = first + values.len();
                values.extend_from_slice(value);
                values.resize(values.len().next_multiple_of(4), 0);
                written.push((value.as_slice(), offset));
                offset
            }
        };
        directory.extend_from_slice(name.as_slice());
        directory.extend_from_slice(&u32::try_from(offset).ok()?.to_be_bytes());
        directory.extend_from_slice(&u32::try_from(value.len()).ok()?.to_be_bytes());
    }
    let mut clean = u32::try_from(first + values.len()).ok()?.to_be_bytes().to_vec();
    clean.extend_from_slice(&[0; 4]);
    clean.extend_from_slice(if is_fourth { &[4, 0x20, 0, 0] } else { &[2, 0x40, 0, 0] });
    clean.extend_from_slice(class);
    clean.extend_from_slice(space);
    clean.extend_from_slice(b"XYZ ");
    // The creation date: always 1 January 2000.
    clean.extend_from_slice(&[0x07, 0xd0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]);
    clean.extend_from_slice(b"acsp");
    clean.extend_from_slice(&[0; 24]);
    // The rendering intent, one of four.
    clean.extend_from_slice(&[0, 0, 0, header.get(67)? & 3]);
    clean.extend_from_slice(&D50);
    clean.resize(128, 0);
    clean.extend_from_slice(&directory);
    clean.extend_from_slice(&values);
    Some(clean)
}

/// Reads one tag of a profile, without anything that does not belong to it. Returns `None` if the
/// value is missing or implausible.
fn value(profile: &[u8], name: &[u8; 4]) -> Option<Vec<u8>> {
    let count = usize::try_from(number(profile, 128)?).ok()?;
    // Profiles of screens have about ten tags.
    let tag = (0..count.min(100))
        .map(|index| 132 + 12 * index)
        .find(|&at| profile.get(at..at + 4) == Some(name.as_slice()))?;
    let offset = usize::try_from(number(profile, tag + 4)?).ok()?;
    let value = profile.get(offset..)?;
    match name {
        b"rTRC" | b"gTRC" | b"bTRC" | b"kTRC" => curve(value),
        b"chad" => numbers(value, b"sf32", 8, 9),
        _ => numbers(value, b"XYZ ", 8, 3),
    }
}

fn curve(value: &[u8]) -> Option<Vec<u8>> {
    match value.get(..4)? {
        b"curv" => {
            let points =
                usize::try_from(number(value, 8)?).ok().filter(|points| *points <= MOST_POINTS)?;
            let curve = value.get(12..12 + 2 * points)?;
            let heights: Vec<u16> = curve
                .chunks_exact(2)
                .filter_map(|pair| Some(u16::from_be_bytes(pair.try_into().ok()?)))
                .collect();
            // A real curve never falls. Hidden text would.
            if !heights.is_sorted() {
                return None;
            }
            Some([b"curv\0\0\0\0".as_slice(), value.get(8..12)?, curve].concat())
        }
        b"para" => {
            let kind = u16::from_be_bytes(value.get(8..10)?.try_into().ok()?);
            let parameters = *[1, 3, 4, 5, 7].get(usize::from(kind))?;
            let mut clean = numbers(value, b"para", 12, parameters)?;
            clean.get_mut(8..10)?.copy_from_slice(&kind.to_be_bytes());
            Some(clean)
        }
        _ => None,
    }
}

/// Reads `count` numbers of 4 bytes from `start` on, and returns them behind the header of their
/// type. Refuses absurdly large numbers.
fn numbers(value: &[u8], kind: &[u8; 4], start: usize, count: usize) -> Option<Vec<u8>> {
    if value.get(..4)? != kind {
        return None;
    }
    let body = value.get(start..start + 4 * count)?;
    let are_small = body.chunks_exact(4).all(|four| {
        let number = <[u8; 4]>::try_from(four).map(i32::from_be_bytes);
        number.is_ok_and(|number| (-LARGEST..=LARGEST).contains(&number))
    });
    let mut clean = kind.to_vec();
    clean.resize(start, 0);
    clean.extend_from_slice(body);
    are_small.then_some(clean)
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

/// The required name of a profile, as short as possible.
fn name(is_fourth: bool) -> Vec<u8> {
    if is_fourth {
        return one_letter();
    }
    let mut name = b"desc\0\0\0\0\0\0\0\x02c\0".to_vec();
    name.resize(12 + 2 + 8 + 3 + 67, 0);
    name
}

/// The required copyright notice, as short as possible.
fn copyright(is_fourth: bool) -> Vec<u8> {
    if is_fourth { one_letter() } else { b"text\0\0\0\0c\0".to_vec() }
}

/// A text of one letter in one language, in the format of version 4.
fn one_letter() -> Vec<u8> {
    b"mluc\0\0\0\0\0\0\0\x01\0\0\0\x0cenUS\0\0\0\x02\0\0\0\x1c\0c".to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A screen's profile, with `more` both as an unknown tag and in the unused part of the header.
    fn profile(more: &[u8]) -> Vec<u8> {
        let primary =
            [b"XYZ \0\0\0\0".as_slice(), &[0, 0, 0x6f, 0xa2, 0, 0, 0x38, 0xf5, 0, 0, 3, 0x90]]
                .concat();
        let curve = b"curv\0\0\0\0\0\0\0\x01\x02\x33\0\0".to_vec();
        let names: [&[u8; 4]; 7] = [b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC", b"note"];
        let mut header = vec![0; 128];
        header[8] = 2;
        header[12..24].copy_from_slice(b"mntrRGB XYZ ");
        header[36..40].copy_from_slice(b"acsp");
        let taken = more.len().min(28);
        header[100..100 + taken].copy_from_slice(&more[..taken]);
        let mut directory = 7u32.to_be_bytes().to_vec();
        let mut values = Vec::new();
        for name in names {
            let value = match name {
                b"note" => more.to_vec(),
                name if name.ends_with(b"XYZ") => primary.clone(),
                _ => curve.clone(),
            };
            directory.extend_from_slice(name);
            directory.extend_from_slice(
                &u32::try_from(128 + 4 + 84 + values.len()).unwrap().to_be_bytes(),
            );
            directory.extend_from_slice(&u32::try_from(value.len()).unwrap().to_be_bytes());
            values.extend_from_slice(&value);
        }
        [header, directory, values].concat()
    }

    #[test]
    fn a_colour_profile_keeps_its_colours_and_nothing_else() {
        let note = b"a note of 28 bytes or more, N 54 19.5";
        let clean = clean(&profile(note)).unwrap();
        assert!(!clean.windows(12).any(|window| window == &note[..12]));
        assert_eq!(number(&clean, 0), u32::try_from(clean.len()).ok());
        for name in [b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC"] {
            assert_eq!(value(&clean, name), value(&profile(note), name), "{name:?}");
        }
        assert_eq!(super::clean(&clean).as_ref(), Some(&clean), "nothing is left to remove");
    }

    #[test]
    fn an_invalid_colour_profile_is_dropped() {
        let whole = profile(b"note");
        for length in 0..whole.len() - 4 {
            let _ = clean(&whole[..length]);
        }
        assert_eq!(clean(b"no profile"), None);
        let mut text_for_a_primary = whole.clone();
        let at =
            text_for_a_primary.windows(4).position(|window| window == [0, 0, 0x6f, 0xa2]).unwrap();
        text_for_a_primary[at..at + 12].copy_from_slice(b"N 54 19.5 E ");
        assert_eq!(clean(&text_for_a_primary), None);
    }
}
