//! Files inside the program, answered as `ServeDir` answers those of a folder.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    ACCEPT_ENCODING, ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE,
    HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE, LAST_MODIFIED, RANGE,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use http_range_header::parse_range_header;
use httpdate::HttpDate;
use percent_encoding::percent_decode_str;

use crate::server::assets::Embedded;

/// Encodings, and how the names of files in them end. Of two that a browser likes as much, the
/// first is sent.
const ENCODINGS: [(&str, &str); 3] = [("br", ".br"), ("gzip", ".gz"), ("identity", "")];

/// The file at the address of a request, if there is one. With `has_copies`, one of its compressed
/// copies where the browser takes it.
pub fn answer(find: Embedded, request: &Request, has_copies: bool) -> Option<Response> {
    let path = percent_decode_str(request.uri().path()).decode_utf8().ok()?;
    let path = path.trim_start_matches('/');
    let headers = request.headers();
    let copy = accepted(headers)
        .into_iter()
        .filter(|_| has_copies)
        .find_map(|(name, ending)| Some((name, find(&format!("{path}{ending}"))?)));
    let (encoding, file) = match copy {
        Some(found) => found,
        None => ("identity", find(path)?),
    };
    let modified = HttpDate::from(file.modified);
    let date = |name: HeaderName| headers.get(name)?.to_str().ok()?.parse::<HttpDate>().ok();
    if date(IF_UNMODIFIED_SINCE).is_some_and(|since| since < modified) {
        return Some(StatusCode::PRECONDITION_FAILED.into_response());
    }
    if date(IF_MODIFIED_SINCE).is_some_and(|since| since >= modified) {
        return Some(StatusCode::NOT_MODIFIED.into_response());
    }

    let size = file.bytes.len();
    let (status, bytes, range) = match headers.get(RANGE).and_then(|range| range.to_str().ok()) {
        None => (StatusCode::OK, file.bytes, None),
        Some(range) => match part(range, size) {
            Some((first, last)) => (
                StatusCode::PARTIAL_CONTENT,
                file.bytes.slice(first..=last),
                Some(format!("bytes {first}-{last}/{size}")),
            ),
            None => {
                let range = [(CONTENT_RANGE, format!("bytes */{size}"))];
                let mut response = (StatusCode::RANGE_NOT_SATISFIABLE, range).into_response();
                describe(response.headers_mut(), path, encoding, modified);
                return Some(response);
            }
        },
    };
    let length = bytes.len();
    let mut response = (status, Body::from(bytes)).into_response();
    let headers = response.headers_mut();
    describe(headers, path, encoding, modified);
    headers.insert(CONTENT_LENGTH, length.into());
    if let Some(range) = range.and_then(|range| range.try_into().ok()) {
        headers.insert(CONTENT_RANGE, range);
    }
    Some(response)
}

/// Sets what all answers say of a file.
fn describe(headers: &mut HeaderMap, path: &str, encoding: &'static str, modified: HttpDate) {
    let media_type = mime_guess::from_path(path).first_raw().unwrap_or("application/octet-stream");
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if encoding != "identity" {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    if let Ok(modified) = modified.to_string().try_into() {
        headers.insert(LAST_MODIFIED, modified);
    }
}

/// The first and last byte of the one range that a `Range` header asks for, if the file has it.
fn part(range: &str, size: usize) -> Option<(usize, usize)> {
    let ranges = parse_range_header(range).ok()?.validate(u64::try_from(size).ok()?).ok()?;
    let [range] = ranges.as_slice() else { return None };
    Some((usize::try_from(*range.start()).ok()?, usize::try_from(*range.end()).ok()?))
}

/// The encodings that a request accepts, the best first.
fn accepted(headers: &HeaderMap) -> Vec<(&'static str, &'static str)> {
    let codings = || {
        let values = headers.get_all(ACCEPT_ENCODING).iter();
        values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','))
    };
    let quality = |name: &str| {
        codings().find_map(|coding| {
            let (coding, quality) = coding.split_once(';').unwrap_or((coding, "q=1"));
            let is_it = coding.trim().eq_ignore_ascii_case(name);
            is_it.then(|| quality.trim().strip_prefix("q=")?.parse::<f32>().ok()).flatten()
        })
    };
    let mut accepted: Vec<_> = ENCODINGS
        .into_iter()
        .filter_map(|encoding| Some((quality(encoding.0)?, encoding)))
        .filter(|(quality, _)| *quality > 0.0)
        .collect();
    accepted.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    accepted.into_iter().map(|(_, encoding)| encoding).collect()
}
