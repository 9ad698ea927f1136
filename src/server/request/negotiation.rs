//! Which encodings a client takes, and whether it already has what it asks for (RFC 9110, sections
//! 12.5.3 and 13.1.2).

use axum::http::header::ACCEPT_ENCODING;
use axum::http::{HeaderMap, HeaderValue};

/// Whether the client takes gzip. `*` stands for all codings that it does not name (RFC 9110,
/// 12.5.3).
pub fn takes_gzip(headers: &HeaderMap) -> bool {
    let takes = |wanted: &str| {
        let codings =
            headers.get_all(ACCEPT_ENCODING).iter().filter_map(|codings| codings.to_str().ok());
        codings.flat_map(|codings| codings.split(',')).find_map(|coding| {
            let (name, quality) = coding.split_once(';').unwrap_or((coding, ""));
            let quality = quality.trim().strip_prefix("q=").and_then(|text| text.parse().ok());
            name.trim().eq_ignore_ascii_case(wanted).then(|| quality.is_none_or(|q: f32| q > 0.0))
        })
    };
    takes("gzip").or_else(|| takes("*")).unwrap_or(false)
}

/// Whether `If-None-Match` names `etag`.
pub fn is_among(known: &HeaderValue, etag: &str) -> bool {
    known.to_str().is_ok_and(|known| {
        known.split(',').any(|one| matches!(one.trim(), "*") || one.trim() == etag)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_to_clients_that_accept_it() {
        for (codings, expected) in [
            ("gzip, deflate, br", true),
            ("br;q=1.0, gzip;q=0.8", true),
            ("*", true),
            ("gzip;q=0", false),
            ("gzip;q=0.0000", false),
            ("gzip;q=0, *", false),
            ("br, *;q=0", false),
            ("GZIP", true),
            ("br", false),
            ("", false),
        ] {
            assert_eq!(
                takes_gzip(&HeaderMap::from_iter([(
                    ACCEPT_ENCODING,
                    HeaderValue::from_static(codings)
                )])),
                expected,
                "{codings}"
            );
        }
    }

    #[test]
    fn one_matching_etag_of_several_is_enough() {
        for (known, expected) in [
            ("W/\"1\"", true),
            ("W/\"2\", W/\"1\"", true),
            ("*", true),
            ("W/\"11\"", false),
            ("\"1\"", false),
        ] {
            assert_eq!(is_among(&HeaderValue::from_static(known), "W/\"1\""), expected, "{known}");
        }
    }
}
