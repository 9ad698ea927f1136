//! Pages such as About, at the root of the site.

use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request, State};
use axum::response::Response;

use super::files::file_or_not_found;
use super::page;
use crate::model::article::may_be_page;
use crate::pages;
use crate::server::request::error_page::error_page;
use crate::server::state::AppState;

/// `GET /{slug}`: the page with this slug, also before its time for those who may edit it, or else
/// the file or the 404 at this address.
pub async fn static_page(
    State(state): State<AppState>,
    params: Result<RawPathParams, RawPathParamsRejection>,
    mut request: Request,
) -> Response {
    // An address that is not valid UTF-8 is no page's.
    let slug = params.iter().flatten().map(|(_, slug)| slug).find(|slug| may_be_page(slug));
    if let Some(slug) = slug {
        match state.database.page(slug, state.clock.now()).await {
            Ok(Some(article)) => {
                let (parts, _) = request.into_parts();
                let page = Box::pin(pages::static_page::page(article));
                return page::answer(State(state), params, parts, page).await;
            }
            Ok(None) => {}
            Err(error) => return error_page(&error.into()),
        }
        let (parts, body) = request.into_parts();
        match state.reading.scheduled_page(&parts, slug).await {
            Ok(Some(article)) => {
                let page = Box::pin(pages::static_page::scheduled(article));
                return page::answer(State(state), params, parts, page).await;
            }
            Ok(None) => request = Request::from_parts(parts, body),
            Err(error) => return error_page(&error),
        }
    }
    file_or_not_found(State(state), request).await
}
