//! Slugs: the names in addresses.

/// The longest slug made from a title, in bytes. It keeps addresses readable and far below the
/// limits of servers and file systems.
const LONGEST: usize = 120;

/// Turns `text` in any script into lower-case ASCII letters, digits and single hyphens. Returns an
/// empty string if nothing can be transliterated.
pub fn slugify(text: &str) -> String {
    let ascii = deunicode::deunicode(text).to_ascii_lowercase();
    let words: Vec<&str> = ascii
        .split(|character: char| !character.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let mut slug = words.join("-");
    slug.truncate(LONGEST);
    slug.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_resembles_its_text() {
        assert_eq!(slugify("Announcing Rust 1.0"), "announcing-rust-1-0");
        assert_eq!(slugify("  C'est l'été! "), "c-est-l-ete");
        assert_eq!(slugify("潮汐"), "chao-xi");
        assert_eq!(slugify("Прилив"), "priliv");
        assert_eq!(slugify("—"), "");
        assert!(slugify(&"long ".repeat(100)).len() <= LONGEST);
    }
}
