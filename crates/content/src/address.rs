//! The address of a site, as somebody types it into a file of settings.

use url::Url;

/// The address without a slash at its end, as it can stand before a path anywhere in a page.
///
/// # Errors
/// What is wrong with it, in one line. A password in it is not repeated.
pub fn base_url(text: &str) -> Result<String, String> {
    let url = Url::parse(text).map_err(|error| {
        format!("{text:?} is not an address such as https://blog.example: {error}")
    })?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(format!("{text:?} must start with http:// or https:// and name a host"));
    }
    // Encoded or left out when an address is read, so they are looked for in what was typed.
    let is_odd = |character: char| {
        character.is_whitespace() || character.is_control() || "\"'<>\\^`{|}".contains(character)
    };
    // And the other way round: in a host's name what was encoded is not any more.
    let has_odd = text.contains(is_odd) || url.as_str().contains(is_odd);
    let is_more = url.query().is_some() || url.fragment().is_some() || has_odd;
    if is_more || !url.username().is_empty() || url.password().is_some() {
        // There may be a password in it, so it is not repeated.
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
    fn an_address_that_is_taken_is_taken_again_as_it_came_out() {
        assert_eq!(base_url("https://blog.example/a/").as_deref(), Ok("https://blog.example/a"));
        for odd in ["http:/%60h", "http://%7Ch", "https://blog.example/`"] {
            assert!(base_url(odd).is_err(), "{odd}");
        }
    }
}
