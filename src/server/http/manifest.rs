//! The web manifest, for readers who install the blog as an app.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use serde_json::json;

use crate::server::request::cache::CachePolicy;
use crate::server::state::AppState;

/// `GET /site.webmanifest`: the blog's name and icons, for readers who install it as an app.
pub async fn manifest(State(state): State<AppState>) -> impl IntoResponse {
    let site = state.site.current().await;
    let icon = |size: u32, purpose: &str| {
        let address = format!("/icon-{size}.png");
        json!({ "src": address, "sizes": format!("{size}x{size}"), "type": "image/png", "purpose": purpose })
    };
    let manifest = json!({
        "name": site.title,
        "description": site.description,
        "id": "/",
        "start_url": "/",
        "scope": "/",
        "display": "minimal-ui",
        "background_color": "#fbfaf7",
        "theme_color": "#fbfaf7",
        "icons": [icon(192, "any"), icon(512, "any"), icon(512, "maskable")],
    });
    (
        [(CONTENT_TYPE, "application/manifest+json")],
        [CachePolicy::Feed.header()],
        manifest.to_string(),
    )
}
