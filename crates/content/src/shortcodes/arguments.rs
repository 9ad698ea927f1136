//! The name and the arguments of a shortcode or tag.

/// `name "first" second key="value"`.
pub(crate) struct Arguments {
    name: String,
    positional: Vec<String>,
    named: Vec<(String, String)>,
}

impl Arguments {
    pub fn parse(text: &str) -> Self {
        let mut words = words(text).into_iter();
        let name = words.next().map(|(_, word)| word).unwrap_or_default();
        let (mut positional, mut named) = (Vec::new(), Vec::new());
        for (key, word) in words {
            match key {
                Some(key) => named.push((key, word)),
                None => positional.push(word),
            }
        }
        Self { name, positional, named }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The arguments without a name.
    pub fn all(&self) -> &[String] {
        &self.positional
    }

    pub fn at(&self, index: usize) -> Option<&str> {
        self.positional.get(index).map(String::as_str)
    }

    pub fn get(&self, key: &str) -> Option<&str> {
        let found = self.named.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

/// The words of a text, with their keys. Quoted ones may hold spaces.
fn words(text: &str) -> Vec<(Option<String>, String)> {
    let mut words = Vec::new();
    let mut rest = text.trim_start_matches(|one: char| one.is_whitespace() || one == ',');
    while !rest.is_empty() {
        let key_end = rest.find(|one: char| !(one.is_alphanumeric() || one == '_' || one == '-'));
        let key = key_end.filter(|end| *end > 0 && rest[*end..].starts_with('='));
        let (key, value) = match key {
            Some(end) => (Some(rest[..end].to_owned()), &rest[end + 1..]),
            None => (None, rest),
        };
        let quote = value.chars().next().filter(|one| matches!(one, '"' | '\'' | '`'));
        let (word, after) = match quote {
            Some(quote) => quoted(&value[1..], quote),
            None => {
                let end = value.find(|one: char| one.is_whitespace()).unwrap_or(value.len());
                (value[..end].trim_end_matches(',').to_owned(), &value[end..])
            }
        };
        words.push((key, word));
        rest = after.trim_start_matches(|one: char| one.is_whitespace() || one == ',');
    }
    words
}

/// A text up to its closing quote, and the rest.
fn quoted(text: &str, quote: char) -> (String, &str) {
    let mut word = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' if quote != '`' => word.extend(characters.next().map(|(_, next)| next)),
            _ if character == quote => return (word, &text[at + character.len_utf8()..]),
            _ => word.push(character),
        }
    }
    (word, "")
}
