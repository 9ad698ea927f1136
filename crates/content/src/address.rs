//! The address of a site, as typed into a settings file.

use url::Url;

/// Parses the address and returns it without a trailing slash. The result can be put before a path
/// anywhere in a page.
///
/// # Errors
/// What is wrong with it, in one line. The message never contains a password from the address.
pub fn base_url(text: &str) -> Result<String, String> {
    let url = Url::parse(text).map_err(|error| {
        format!("{text:?} is not an address such as https://blog.example: {error}")
    })?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(format!("{text:?} must start with http:// or https:// and name a host"));
    }
    // The URL parser encodes or drops these characters, so check the text as typed.
    let is_odd = |character: char| {
        character.is_whitespace() || character.is_control() || "\"'<>\\^`{|}".contains(character)
    };
    // Check the parsed URL too: in a host name, the parser decodes what was encoded.
    let has_odd = text.contains(is_odd) || url.as_str().contains(is_odd);
    let is_more = url.query().is_some() || url.fragment().is_some() || has_odd;
    if is_more || !url.username().is_empty() || url.password().is_some() {
        // The message does not repeat the address, because it may hold a password.
        return Err(
            "must be an address without a user name, a ?, a #, a space and a quote, such as https://blog.example"
                .into(),
        );
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::base_url;

    #[test]
    fn a_parsed_address_parses_again_to_itself() {
        assert_eq!(base_url("https://blog.example/a/").as_deref(), Ok("https://blog.example/a"));
        for odd in ["http:/%60h", "http://%7Ch", "https://blog.example/`"] {
            assert!(base_url(odd).is_err(), "{odd}");
        }
    }
}
