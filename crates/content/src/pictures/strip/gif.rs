//! GIF 89a, from section 17 on.

use image::metadata::Orientation;

use super::{Cursor, Stripped, number_le};

pub(super) fn strip(bytes: &[u8]) -> Option<Stripped> {
    let mut cursor = Cursor(bytes);
    let signature = cursor.take(6)?;
    if !matches!(signature, b"GIF87a" | b"GIF89a") {
        return None;
    }
    let mut stripped = signature.to_vec();
    let screen = cursor.take(7)?;
    let (width, height) = (number_le(screen, 0)?, number_le(screen, 2)?);
    stripped.extend_from_slice(screen);
    stripped.extend_from_slice(cursor.take(colour_table(*screen.get(4)?))?);
    let mut frames = 0;
    let mut repeats = false;
    // The graphic control extension applies to whatever comes next.
    let mut control: &[u8] = &[];
    loop {
        let start = cursor.0;
        match cursor.byte()? {
            0x3b => break,
            0x2c => {
                let descriptor = cursor.take(9)?;
                // A frame must fit on the screen (section 20). Pixels outside it would be decoded
                // but never shown.
                let right = number_le(descriptor, 0)? + number_le(descriptor, 4)?;
                let bottom = number_le(descriptor, 2)? + number_le(descriptor, 6)?;
                if right > width || bottom > height {
                    return None;
                }
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
                blocks(&mut cursor)?;
                let whole = start.get(..start.len() - cursor.0.len())?;
                match label {
                    0xf9 if whole.len() == 8 && whole.get(2) == Some(&4) => control = whole,
                    // A plain text extension. It uses up the graphic control, and no browser shows
                    // it.
                    0x01 => control = &[],
                    // The loop count of an animation. Keep only the first.
                    0xff if !repeats => {
                        if let Some(times) = repetition(whole) {
                            stripped.extend_from_slice(b"\x21\xff\x0bNETSCAPE2.0\x03\x01");
                            stripped.extend_from_slice(times);
                            stripped.push(0);
                            repeats = true;
                        }
                    }
                    _ => {}
                }
            }
            _ => return None,
        }
    }
    stripped.push(0x3b);
    Some(Stripped { bytes: stripped, orientation: Orientation::NoTransforms, frames, passes: 1 })
}

/// The two bytes of the loop count, if this whole extension is the one that holds it.
fn repetition(extension: &[u8]) -> Option<&[u8]> {
    let [0x21, 0xff, 0x0b, rest @ ..] = extension else { return None };
    let (name, rest) = rest.split_at_checked(11)?;
    let is_known = matches!(name, b"NETSCAPE2.0" | b"ANIMEXTS1.0") && rest.starts_with(&[3, 1]);
    if is_known { rest.get(2..4) } else { None }
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
