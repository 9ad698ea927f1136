//! Static files (scripts, style sheet, icons), and the 404 for addresses without one. They are in a
//! folder, or inside the program (`embedded_files`); the answers are the same.
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

use super::page::not_found;
use super::{embedded_files, json_api};
use crate::server::assets::{FOLDER, Files, HASHED, is_hash};
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
        if let Some(file) = file(state.assets.files(), &uri, &headers).await {
            return file;
        }
    }
    not_found(state, request.into_parts().0).await
}

/// The file at `uri`, if there is one.
async fn file(files: &Files, uri: &Uri, headers: &HeaderMap) -> Option<Response> {
    let Some(plain) = plain_address(uri.path()) else {
        let policy = if is_font(uri.path()) { CachePolicy::Immutable } else { CachePolicy::Asset };
        return serve(files, uri, headers, policy).await;
    };
    match serve(files, uri, headers, CachePolicy::Immutable).await {
        Some(file) => Some(file),
        None => serve(files, &plain, headers, CachePolicy::Asset).await,
    }
}

async fn serve(
    files: &Files,
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
    // Only files with a hash have compressed copies.
    let has_copies = matches!(policy, CachePolicy::Immutable);
    let mut response = match files {
        Files::Embedded(find) => embedded_files::answer(*find, &request, has_copies)?,
        Files::Folder(root) => {
            let folder = ServeDir::new(root).append_index_html_on_directories(false);
            let folder = match has_copies {
                true => folder.precompressed_br().precompressed_gzip(),
                false => folder,
            };
            folder.oneshot(request).await.ok()?.into_response()
        }
    };
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
    use std::time::{Duration, SystemTime};

    use axum::body::{Bytes, to_bytes};
    use axum::http::HeaderName;

    use super::*;
    use crate::server::assets::EmbeddedFile;

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

    const CHANGED: Duration = Duration::from_secs(1_764_000_000);

    /// Paths and contents.
    const FILES: [(&str, &str); 5] = [
        ("pkg/tidemark.css", "style"),
        ("pkg/tidemark.0123456789abcdef.css", "style"),
        ("pkg/tidemark.0123456789abcdef.css.br", "style in brotli"),
        ("pkg/tidemark.0123456789abcdef.css.gz", "style in gzip"),
        ("tide gauge.svg", "<svg/>"),
    ];

    fn find(path: &str) -> Option<EmbeddedFile> {
        let (_, text) = FILES.into_iter().find(|(name, _)| *name == path)?;
        Some(EmbeddedFile {
            bytes: Bytes::from_static(text.as_bytes()),
            modified: SystemTime::UNIX_EPOCH + CHANGED,
        })
    }

    /// Status, headers and body.
    type Told = Option<(StatusCode, HeaderMap, Bytes)>;

    async fn ask(files: &Files, path: &str, headers: &[(&'static str, &str)]) -> Told {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        let (parts, body) = file(files, &path.parse().unwrap(), &headers).await?.into_parts();
        Some((parts.status, parts.headers, to_bytes(body, 1_000).await.unwrap()))
    }

    #[tokio::test]
    async fn a_program_with_its_files_inside_answers_as_one_with_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("pkg")).unwrap();
        for (path, text) in FILES {
            let path = folder.path().join(path);
            std::fs::write(&path, text).unwrap();
            let file = std::fs::File::options().append(true).open(path).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + CHANGED).unwrap();
        }
        let (folder, inside) = (Files::Folder(folder.path().to_owned()), Files::Embedded(find));
        let hashed = "/pkg/tidemark.0123456789abcdef.css";
        let (same, earlier) = ("Mon, 24 Nov 2025 16:00:00 GMT", "Mon, 24 Nov 2025 15:59:59 GMT");
        for (path, headers, status) in [
            ("/pkg/tidemark.css", &[][..], 200),
            ("/pkg/tidemark.css", &[("accept-encoding", "br")], 200),
            ("/tide%20gauge.svg", &[], 200),
            (hashed, &[], 200),
            (hashed, &[("accept-encoding", "gzip, deflate, br, zstd")], 200),
            (hashed, &[("accept-encoding", "gzip")], 200),
            (hashed, &[("accept-encoding", "br;q=0, gzip;q=0.5")], 200),
            (hashed, &[("accept-encoding", "br;q=0.5, identity")], 200),
            (hashed, &[("accept-encoding", "br;q=0.5, gzip;q=0.9")], 200),
            (hashed, &[("accept-encoding", "GZIP ; q=1.0")], 200),
            (hashed, &[("accept-encoding", "*")], 200),
            (hashed, &[("accept-encoding", "br;q=nonsense, gzip")], 200),
            (hashed, &[("accept-encoding", "br"), ("if-modified-since", same)], 304),
            (hashed, &[("if-modified-since", earlier)], 200),
            (hashed, &[("if-modified-since", "yesterday")], 200),
            (hashed, &[("if-unmodified-since", earlier)], 412),
            (hashed, &[("if-unmodified-since", same)], 200),
            (hashed, &[("accept-encoding", "br"), ("range", "bytes=1-2")], 206),
            (hashed, &[("range", "bytes=-2")], 206),
            (hashed, &[("range", "bytes=9-")], 416),
            (hashed, &[("range", "nonsense")], 416),
            (hashed, &[("range", "bytes=1-2"), ("if-range", same)], 200),
            ("/pkg/tidemark.fedcba9876543210.css", &[("accept-encoding", "br")], 200),
            ("/pkg/tidemark.js", &[], 404),
            ("/pkg", &[], 404),
            ("/", &[], 404),
            ("/%00", &[], 404),
            ("/%ff", &[], 404),
            ("/pkg/../pkg/tidemark.css", &[], 404),
            ("/..%2f..%2fetc/passwd", &[], 404),
        ] {
            let expected = ask(&folder, path, headers).await;
            let told = expected.as_ref().map_or(404, |(status, ..)| status.as_u16());
            assert_eq!(told, status, "{path} {headers:?}");
            assert_eq!(ask(&inside, path, headers).await, expected, "{path} {headers:?}");
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
