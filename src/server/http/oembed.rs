//! oEmbed (<https://oembed.com>): what other sites show for a link to an article.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use tidemark_content::front_matter::tidy_path;
use url::Url;

use crate::components::metadata::article_image;
use crate::error::Error;
use crate::server::request::cache::CachePolicy;
use crate::server::request::problem::{Query, problem};
use crate::server::state::AppState;

/// The longest address that is looked at, in bytes.
const LONGEST_ADDRESS: usize = 2_000;

/// For how many seconds others may keep the answer.
const CACHE_AGE: u32 = 300;

/// The parameters of a request.
#[derive(Deserialize)]
pub struct EmbedQuery {
    url: String,
    format: Option<String>,
    maxwidth: Option<i64>,
    maxheight: Option<i64>,
}

/// `GET /oembed?url=&format=json`: an article's title, author and picture, as type `link`. Pages
/// can't be framed, so there is nothing to embed.
pub async fn oembed(
    State(state): State<AppState>,
    Query(query): Query<EmbedQuery>,
) -> Result<Response, Error> {
    let EmbedQuery { url, format, maxwidth, maxheight } = query;
    if format.is_some_and(|format| format != "json") {
        return Ok(problem(StatusCode::NOT_IMPLEMENTED, "The only format is json.".into()));
    }
    if url.len() > LONGEST_ADDRESS {
        return Err(Error::BadRequest(
            format!("url must have at most {LONGEST_ADDRESS} bytes.").into(),
        ));
    }
    let nothing = || Error::NotFound("There is no article at this address.".into());
    let base_url = &state.config.site.base_url;
    let slug = slug(base_url, &url).ok_or_else(nothing)?;
    let article = state.articles.one_as_stored(&slug).await?.ok_or_else(nothing)?;
    let summary = article.summary;
    let site = state.site.current().await;
    let mut answer = json!({
        "version": "1.0",
        "type": "link",
        "title": summary.title,
        "provider_name": site.title,
        "provider_url": format!("{base_url}/"),
        "cache_age": CACHE_AGE,
    });
    if let Some(author) = summary.authors.first() {
        answer["author_name"] = json!(author.name);
        answer["author_url"] = json!(format!("{base_url}/authors/{}", author.username));
    }
    let image = article_image(base_url, &site.title, &summary);
    let fits = |size: i64, most: Option<i64>| most.is_none_or(|most| size <= most);
    if let Some((width, height)) =
        image.size.filter(|(width, height)| fits(*width, maxwidth) && fits(*height, maxheight))
    {
        answer["thumbnail_url"] = json!(image.address);
        answer["thumbnail_width"] = json!(width);
        answer["thumbnail_height"] = json!(height);
    }
    Ok(([CachePolicy::Feed.header()], Json(answer)).into_response())
}

/// The slug of the article with this address on this blog.
fn slug(base_url: &str, address: &str) -> Option<String> {
    let (base, url) = (Url::parse(base_url).ok()?, Url::parse(address).ok()?);
    let is_own = matches!(url.scheme(), "http" | "https")
        && url.host_str() == base.host_str()
        && url.port() == base.port();
    let path = url.path().strip_prefix(base.path().trim_end_matches('/'))?;
    let slug = tidy_path(path).filter(|_| is_own)?.strip_prefix("/articles/")?.to_owned();
    (!slug.contains('/')).then_some(slug)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_blogs_articles_have_a_slug() {
        for (address, expected) in [
            ("https://blog.example/articles/tides", Some("tides")),
            ("http://blog.example/articles/tides/?utm=1#moon", Some("tides")),
            ("https://blog.example:443/articles/Tides.html", Some("tides")),
            ("https://blog.example/articles/", None),
            ("https://blog.example/articles/a/b", None),
            ("https://blog.example/tags/tides", None),
            ("https://evil.example/articles/tides", None),
            ("https://blog.example:8443/articles/tides", None),
            ("javascript://blog.example/articles/tides", None),
            ("/articles/tides", None),
            ("", None),
        ] {
            assert_eq!(slug("https://blog.example", address).as_deref(), expected, "{address}");
        }
    }
}
