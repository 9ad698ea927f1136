//! Documents the JSON API: an OpenAPI 3.1 description, generated from the attributes on the
//! handlers, and a page to try each operation.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::body::Bytes;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{Path, RawPathParams, RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use url::form_urlencoded;
use utoipa::openapi::{
    Content, Header, HeaderBuilder, Object, Ref, RefOr, ResponseBuilder, ResponsesBuilder, Type,
};
use utoipa::{IntoResponses, OpenApi, ToSchema};

use super::json_api;
use super::page::answer;
use crate::error::Error;
use crate::pages;
use crate::pages::api_docs::{Field, Kind, Operation};
use crate::server::request::cache::CachePolicy;
use crate::server::request::error_page::error_page;
use crate::server::request::negotiation::is_among;
use crate::server::state::AppState;

/// The address of the description.
pub const DESCRIPTION: &str = "/api/v1/openapi.json";

/// The media type of an error (RFC 9457).
pub const PROBLEM: &str = "application/problem+json";

/// An error (RFC 9457).
#[derive(ToSchema)]
pub struct Problem {
    /// The name of the status.
    pub title: String,
    /// The status.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What is wrong and what to do, in one line for people. The wording may change.
    pub detail: String,
}

/// The errors that every operation can answer with.
pub struct Refused;

impl IntoResponses for Refused {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        let problem = |description: &str| {
            let content = Content::new(Some(Ref::from_schema_name("Problem")));
            ResponseBuilder::new().description(description).content(PROBLEM, content)
        };
        let header = |kind: Type, description: &str| -> Header {
            HeaderBuilder::new()
                .schema(Some(Object::with_type(kind)))
                .description(Some(description))
                .build()
        };
        let allow = header(Type::String, "The methods that are allowed.");
        let retry_after = header(Type::Integer, "Seconds to wait before retrying.");
        ResponsesBuilder::new()
            .response("405", problem("The method is not allowed here.").header("Allow", allow))
            .response(
                "431",
                ResponseBuilder::new()
                    .description("The request line and headers are larger than 16 KiB."),
            )
            .response("500", problem("A server error; the server's log has the details."))
            .response(
                "503",
                problem("Temporarily unavailable; retrying is safe.")
                    .header("Retry-After", retry_after),
            )
            .build()
            .into()
    }
}

/// The description of the API.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tidemark",
        description = "This blog's articles and their views. No key is needed: the API shows what \
                       every reader can see. Errors are application/problem+json (RFC 9457). HEAD \
                       works wherever GET does. Unknown parameters are ignored."
    ),
    paths(
        json_api::list,
        json_api::most_viewed,
        json_api::one,
        json_api::view,
        json_api::search,
        json_api::suggest,
        describe
    ),
    components(schemas(Problem))
)]
pub struct Api;

/// The description as it is sent, and the operations that the page shows.
struct Described {
    json: Bytes,
    etag: String,
    operations: Vec<Operation>,
}

/// Generated once: it can't change while the program runs.
static DESCRIBED: LazyLock<Described> = LazyLock::new(|| {
    let description = serde_json::to_value(Api::openapi()).unwrap_or_default();
    let json = description.to_string();
    // Weak, because the same tag goes with each encoding.
    let etag = format!("W/\"{}\"", blake3::hash(json.as_bytes()).to_hex());
    Described { json: json.into(), etag, operations: operations(&description) }
});

/// This description.
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    operation_id = "describe-api",
    tag = "Description",
    responses(
        (
            status = 200,
            description = "The description (OpenAPI 3.1).",
            body = Object,
            content_type = "application/json",
            headers(
                ("ETag" = String, description = "Identifies this version."),
                ("Cache-Control" = String, description = "`public, no-cache`: revalidate each time."),
            ),
        ),
        (
            status = 304,
            description = "Unchanged: `If-None-Match` still matches.",
            headers(("ETag" = String, description = "Identifies this version.")),
        ),
        Refused,
    ),
)]
pub(super) async fn describe(headers: HeaderMap) -> Response {
    let Described { json, etag, .. } = &*DESCRIBED;
    let is_known = headers.get(IF_NONE_MATCH).is_some_and(|known| is_among(known, etag));
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(CONTENT_TYPE, "application/json")], json.clone()).into_response()
    };
    let headers = response.headers_mut();
    let (name, value) = CachePolicy::Asset.header();
    headers.insert(name, value);
    if let Ok(etag) = HeaderValue::try_from(etag) {
        headers.insert(ETAG, etag);
    }
    response
}

/// `GET /docs/api`: the page to try each operation.
pub(super) async fn page(
    state: State<AppState>,
    params: Result<RawPathParams, RawPathParamsRejection>,
    parts: Parts,
) -> Response {
    answer(state, params, parts, Box::pin(pages::api_docs::page(&DESCRIBED.operations))).await
}

/// `GET /docs/api/{operation}`: redirects a form of that page to the API's address for its fields.
///
/// A plain form can't go there by itself: it can't put a field into the path, and it sends empty
/// fields too.
pub(super) async fn send(Path(id): Path<String>, RawQuery(query): RawQuery) -> Response {
    let operation = DESCRIBED
        .operations
        .iter()
        .find(|operation| operation.id == id && operation.method == "GET");
    let Some(operation) = operation else {
        return error_page(&Error::NotFound("There is no such operation.".into()));
    };
    match filled_in(operation, query.as_deref().unwrap_or_default()) {
        Ok(address) => Redirect::to(&address).into_response(),
        Err(error) => error_page(&error),
    }
}

/// The address of an operation with these fields, as a form sends them.
///
/// # Errors
/// [`Error::BadRequest`] if a field of the path is empty.
fn filled_in(operation: &Operation, query: &str) -> Result<String, Error> {
    let mut path = operation.path.clone();
    let mut parameters = form_urlencoded::Serializer::new(String::new());
    for field in &operation.fields {
        let mut typed =
            form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| *name == field.name);
        let value = typed.next().map(|(_, value)| value).filter(|value| !value.is_empty());
        match value {
            Some(value) if field.is_in_path => {
                let encoded = utf8_percent_encode(&value, NON_ALPHANUMERIC).to_string();
                path = path.replace(&field.place(), &encoded);
            }
            Some(value) => {
                parameters.append_pair(&field.name, &value);
            }
            None if field.is_in_path => {
                return Err(Error::BadRequest("A required field is empty.".into()));
            }
            None => {}
        }
    }
    let parameters = parameters.finish();
    Ok(if parameters.is_empty() { path } else { format!("{path}?{parameters}") })
}

/// The operations of a description, sorted by path.
fn operations(description: &Value) -> Vec<Operation> {
    let empty = serde_json::Map::new();
    let paths = description["paths"].as_object().unwrap_or(&empty);
    let operations = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().into_iter().flatten();
        methods.map(move |(method, operation)| Operation {
            id: text(&operation["operationId"]),
            method: method.to_uppercase(),
            path: path.clone(),
            summary: text(&operation["summary"]),
            description: text(&operation["description"]),
            fields: operation["parameters"].as_array().into_iter().flatten().map(field).collect(),
        })
    });
    operations.collect()
}

fn field(parameter: &Value) -> Field {
    let schema = &parameter["schema"];
    let kind = match (schema["enum"].as_array(), schema["type"].as_str()) {
        (Some(choices), _) => Kind::Choice(choices.iter().map(text).collect()),
        (None, Some("integer")) => {
            Kind::Number { least: schema["minimum"].as_i64(), most: schema["maximum"].as_i64() }
        }
        (None, _) => Kind::Text { longest: schema["maxLength"].as_i64() },
    };
    Field {
        name: text(&parameter["name"]),
        is_in_path: parameter["in"] == "path",
        description: text(&parameter["description"]),
        default: schema["default"].as_i64(),
        kind,
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(id: &str) -> &'static Operation {
        DESCRIBED.operations.iter().find(|operation| operation.id == id).unwrap()
    }

    #[test]
    fn form_fields_are_built_into_an_api_address() {
        for (id, typed, expected) in [
            ("list-articles", "", "/api/v1/articles"),
            ("list-articles", "page=&per-page=&tag=&author=", "/api/v1/articles"),
            ("list-articles", "tag=a+b%26c&page=2&other=1", "/api/v1/articles?page=2&tag=a+b%26c"),
            ("list-most-viewed", "window=24h&limit=", "/api/v1/articles/most-viewed?window=24h"),
            ("get-article", "id=12", "/api/v1/articles/12"),
            ("get-article", "id=../x%3Fy%23z", "/api/v1/articles/%2E%2E%2Fx%3Fy%23z"),
            ("get-article", "id=%0D%0A", "/api/v1/articles/%0D%0A"),
            ("describe-api", "x=1", "/api/v1/openapi.json"),
        ] {
            assert_eq!(filled_in(operation(id), typed).as_deref(), Ok(expected), "{id} {typed}");
        }
        for typed in ["", "id=", "article=1"] {
            assert!(
                matches!(filled_in(operation("get-article"), typed), Err(Error::BadRequest(_))),
                "{typed}"
            );
        }
    }

    #[test]
    fn form_fields_have_the_limits_of_the_description() {
        let list = operation("list-articles");
        let names: Vec<&str> = list.fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["page", "per-page", "tag", "author", "ids", "paths"]);
        let per_page = &list.fields[1];
        assert!(
            matches!(per_page.kind, Kind::Number { least: Some(1), most: Some(100) }),
            "{per_page:?}"
        );
        assert_eq!((per_page.default, per_page.is_in_path), (Some(20), false));
        assert!(matches!(list.fields[2].kind, Kind::Text { longest: Some(255) }), "{list:?}");
        let window = &operation("list-most-viewed").fields[0];
        let windows = ["24h", "7d", "30d", "all"].map(str::to_owned).to_vec();
        assert!(matches!(&window.kind, Kind::Choice(choices) if *choices == windows), "{window:?}");
        for (name, expected) in
            [("since", ["week", "month", "year"]), ("sort", ["relevance", "date", "views"])]
        {
            let fields = &operation("search").fields;
            let field = fields.iter().find(|field| field.name == name).unwrap();
            let expected = expected.map(str::to_owned).to_vec();
            assert!(
                matches!(&field.kind, Kind::Choice(choices) if *choices == expected),
                "{field:?}"
            );
        }
        assert!(operation("record-view").fields[0].is_in_path);
        assert!(DESCRIBED.operations.iter().all(|operation| !operation.summary.is_empty()));
    }
}
