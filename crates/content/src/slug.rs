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

/// The slug of a tag. Unlike [`slugify`], it tells `c`, `c++`, `c#` and `.net` apart.
pub fn tag_slug(name: &str) -> String {
    let mut spelled = String::with_capacity(name.len());
    let mut before = None;
    let mut characters = name.trim().chars().peekable();
    while let Some(character) = characters.next() {
        let follows_word = before.is_some_and(|one: char| one.is_alphanumeric() || one == '+');
        let leads_word = characters.peek().is_some_and(|one| one.is_alphanumeric());
        match character {
            '+' if follows_word => spelled.push_str(" plus "),
            // `#tag` is a tag as it is written in a text.
            '#' if follows_word => spelled.push_str(" sharp "),
            '.' if leads_word && before.is_none_or(char::is_whitespace) => spelled.push_str("dot"),
            _ => spelled.push(character),
        }
        before = Some(character);
    }
    slugify(&spelled)
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

    #[test]
    fn tags_that_differ_by_a_sign_have_slugs_that_differ() {
        for (name, slug) in [
            ("C", "c"),
            ("C++", "c-plus-plus"),
            ("c#", "c-sharp"),
            (".NET", "dotnet"),
            ("asp.net", "asp-net"),
            ("node.js", "node-js"),
            ("#tide", "tide"),
            ("g++ 4", "g-plus-plus-4"),
            ("+", ""),
            ("Sea and sky", "sea-and-sky"),
        ] {
            assert_eq!(tag_slug(name), slug, "{name}");
        }
    }
}
