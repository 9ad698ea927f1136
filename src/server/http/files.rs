//! Static files (scripts, style sheet, icons), and the 404 for addresses without one.
//!
//! The build gives scripts and style sheet a second name with a hash, which browsers cache without
//! revalidating, and puts compressed copies beside them (`scripts/site/finish.mjs`). The plain
//! names stay, for pages that don't know the hash. They also serve browsers that still show a page
//! of another build: an unknown hash falls back to the plain name.
//!
//! There is no `ETag`. `Last-Modified` tells whether a file changed, and is the same for all its
//! encodings.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT_ENCODING, HeaderValue, IF_RANGE, RANGE, VARY};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tower::ServiceExt;
use tower_http::services::ServeDir;

use super::json_api;
use super::page::not_found;
use crate::server::assets::{FOLDER, HASHED, is_hash};
use crate::server::request::cache::CachePolicy;
use crate::server::request::problem::unknown_route;
use crate::server::state::AppState;

/// The plain address for one with a hash: `/pkg/tidemark.js` for
/// `/pkg/tidemark.0123456789abcdef.js`.
fn plain_address(path: &str) -> Option<Uri> {
    let (rest, extension) =
        path.strip_prefix('/')?.strip_prefix(FOLDER)?.strip_prefix('/')?.rsplit_once('.')?;
    let (name, hash) = rest.rsplit_once('.')?;
    let is_hashed = HASHED.contains(&(name, extension)) && is_hash(hash);
    is_hashed.then(|| Uri::try_from(format!("/{FOLDER}/{name}.{extension}")).ok()).flatten()
}

/// Whether the address is that of a font, whose name has a hash (`scripts/fonts.py`).
fn is_font(path: &str) -> bool {
    let stem = path.strip_prefix("/fonts/").and_then(|name| name.strip_suffix(".woff2"));
    stem.and_then(|stem| stem.rsplit_once('.')).is_some_and(|(_, hash)| is_hash(hash))
}

/// Answers what no route does: with a file of the site, or with a 404.
pub async fn file_or_not_found(State(state): State<AppState>, request: Request) -> Response {
    if request.uri().path().starts_with(json_api::PREFIX) {
        return unknown_route(request.uri());
    }
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        let (uri, headers) = (request.uri().clone(), request.headers().clone());
        if let Some(file) = file(&state.assets.options().site_root, &uri, &headers).await {
            return file;
        }
    }
    not_found(state, request.into_parts().0).await
}

/// The file at `uri`, if there is one.
async fn file(root: &str, uri: &Uri, headers: &HeaderMap) -> Option<Response> {
    let files = ServeDir::new(root).append_index_html_on_directories(false);
    let Some(plain) = plain_address(uri.path()) else {
        let policy = if is_font(uri.path()) { CachePolicy::Immutable } else { CachePolicy::Asset };
        return serve(files, uri, headers, policy).await;
    };
    let compressed = files.clone().precompressed_br().precompressed_gzip();
    match serve(compressed, uri, headers, CachePolicy::Immutable).await {
        Some(file) => Some(file),
        None => serve(files, &plain, headers, CachePolicy::Asset).await,
    }
}

async fn serve(
    files: ServeDir,
    uri: &Uri,
    headers: &HeaderMap,
    policy: CachePolicy,
) -> Option<Response> {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = uri.clone();
    request.headers_mut().clone_from(headers);
    let headers = request.headers_mut();
    // `If-Range` is not evaluated, so send the whole file.
    if headers.contains_key(IF_RANGE) {
        headers.remove(RANGE);
    }
    // Ranges of a file and of its compressed copy don't fit together, so only the file itself is
    // sent in ranges.
    if headers.contains_key(RANGE) {
        headers.remove(ACCEPT_ENCODING);
    }
    let mut response = files.oneshot(request).await.ok()?.into_response();
    // A name that the file system rejects as too long is not a failure: there is no such file.
    if matches!(response.status(), StatusCode::NOT_FOUND | StatusCode::INTERNAL_SERVER_ERROR) {
        return None;
    }
    let headers = response.headers_mut();
    let (name, value) = policy.header();
    headers.insert(name, value);
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hashed_scripts_and_styles_get_a_different_address() {
        for (path, expected) in [
            ("/pkg/tidemark.0123456789abcdef.js", Some("/pkg/tidemark.js")),
            ("/pkg/tidemark.0123456789abcdef.wasm", Some("/pkg/tidemark.wasm")),
            ("/pkg/reading.0123456789abcdef.js", Some("/pkg/reading.js")),
            ("/pkg/reading.0123456789abcdef.css", None),
            ("/pkg/other.0123456789abcdef.js", None),
            ("/pkg/tidemark.css", None),
            ("/pkg/tidemark.0123456789abcde.css", None),
            ("/pkg/tidemark.0123456789ABCDEF.css", None),
            ("/pkg/tidemark.0123456789abcdef.png", None),
            ("/images/tidemark.0123456789abcdef.css", None),
            ("/pkg/0123456789abcdef.css", None),
            ("/pkgs/tidemark.0123456789abcdef.css", None),
            ("/fonts/figtree.0123456789abcdef.woff2", None),
            ("", None),
        ] {
            assert_eq!(
                plain_address(path).map(|uri| uri.to_string()).as_deref(),
                expected,
                "{path}"
            );
        }
    }

    /// The style sheet names the fonts, and a browser keeps them for ever.
    #[test]
    fn the_fonts_are_small_and_the_style_sheet_names_each() {
        let css = include_str!("../../../style/tidemark.css");
        let (mut total, mut count) = (0, 0);
        for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/public/fonts")).unwrap()
        {
            let file = file.unwrap();
            let address = format!("/fonts/{}", file.file_name().to_str().unwrap());
            if address.ends_with(".txt") {
                continue;
            }
            assert!(is_font(&address) && css.contains(&format!("url(\"{address}\")")), "{address}");
            let bytes = std::fs::read(file.path()).unwrap();
            total += bytes.len();
            count += 1;
        }
        assert_eq!(css.matches("url(\"/fonts/").count(), count);
        assert!(total <= 40_000, "{total} bytes");
    }
}
