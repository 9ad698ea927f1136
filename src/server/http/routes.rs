//! The table of routes. Every route except the files is declared here once: its method, its path,
//! who may use it, and what answers it. The router is built from this table, each request is
//! checked against it, the tests walk it, and `docs/ACCESS.md` shows it. So nothing can be routed
//! without saying who may use it.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::Request;
use axum::http::Method;
use axum::middleware::{Next, from_fn};
use axum::routing::{MethodFilter, MethodRouter, on};

use super::access::hold;
use super::{
    account, api_docs, cards, feeds, function, health, import, json_api, language, live, manifest,
    oembed, page, pictures, profile, reactions, settings, sign_in, sitemap, static_page, studio,
    users,
};
use crate::pages;
use crate::server::db::actor::Role;
use crate::server::request::access::Access;
use crate::server::request::forms::{AVATAR, IMPORT, LOGO, PICTURES};
use crate::server::state::AppState;

/// A route.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// The method; GET includes HEAD.
    pub method: &'static str,
    /// The path, in the router's syntax.
    pub path: &'static str,
    /// Who may use it. Handlers check whose article it is.
    pub access: Access,
    filter: MethodFilter,
    answer: Answer,
}

/// The handler of a route, and the layers in front of it.
type Answer = (Layers, fn(MethodFilter) -> MethodRouter<AppState>);

/// The layers that a request passes before its handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layers {
    /// The layers of the site, for pages and server functions. One of them checks access.
    Site,
    /// The layers of the API, whose answers may be long.
    Api,
    /// The API without its layers, because a view must be cheap.
    View,
    /// No layers, for load balancers and Prometheus.
    Health,
}

const fn get(path: &'static str, access: Access, answer: Answer) -> Route {
    Route { method: "GET", path, access, filter: MethodFilter::GET, answer }
}

const fn post(path: &'static str, access: Access, answer: Answer) -> Route {
    Route { method: "POST", path, access, filter: MethodFilter::POST, answer }
}

const fn put(path: &'static str, access: Access, answer: Answer) -> Route {
    Route { method: "PUT", path, access, filter: MethodFilter::PUT, answer }
}

/// A handler, behind the layers of the site unless others are named.
macro_rules! handler {
    ($handler:path) => {
        handler!(Site, $handler)
    };
    ($layers:ident, $handler:path) => {
        (Layers::$layers, |method| on(method, $handler))
    };
}

/// A page from `pages/`.
macro_rules! page {
    ($($page:ident)::+) => {
        (Layers::Site, |method| {
            on(method, |state, params, parts| page::answer(state, params, parts, Box::pin(pages::$($page)::+())))
        })
    };
}

/// A server function from `api/`.
const FUNCTION: Answer = handler!(function::run);
const EVERYONE: Access = Access::Everyone;
const READER: Access = Access::AtLeast(Role::Reader);
const AUTHOR: Access = Access::AtLeast(Role::Author);
const ADMIN: Access = Access::AtLeast(Role::Admin);

/// All routes.
pub const ROUTES: &[Route] = &[
    get("/", EVERYONE, page!(home::page)),
    get("/articles/{slug}", EVERYONE, page!(article::page)),
    get("/{slug}", EVERYONE, handler!(static_page::static_page)),
    get("/most-viewed", EVERYONE, page!(most_viewed::page)),
    get("/counting", EVERYONE, page!(counting::page)),
    get("/tags", EVERYONE, page!(overviews::tags_page)),
    get("/authors", EVERYONE, page!(overviews::authors_page)),
    get("/archive", EVERYONE, page!(overviews::archive_page)),
    get("/authors/{username}", EVERYONE, page!(author::page)),
    get("/tags/{tag}", EVERYONE, page!(tag::page)),
    get("/search", EVERYONE, page!(search::page)),
    get("/feed.xml", EVERYONE, handler!(feeds::feed)),
    get("/feed.rss", EVERYONE, handler!(feeds::feed)),
    get("/feed.json", EVERYONE, handler!(feeds::feed)),
    get("/tags/{tag}/feed.xml", EVERYONE, handler!(feeds::feed)),
    get("/tags/{tag}/feed.rss", EVERYONE, handler!(feeds::feed)),
    get("/tags/{tag}/feed.json", EVERYONE, handler!(feeds::feed)),
    get("/authors/{username}/feed.xml", EVERYONE, handler!(feeds::feed)),
    get("/authors/{username}/feed.rss", EVERYONE, handler!(feeds::feed)),
    get("/authors/{username}/feed.json", EVERYONE, handler!(feeds::feed)),
    get("/articles/{slug}/card.png", EVERYONE, handler!(cards::card)),
    get("/oembed", EVERYONE, handler!(oembed::oembed)),
    get("/sitemap.xml", EVERYONE, handler!(sitemap::sitemap)),
    get("/robots.txt", EVERYONE, handler!(sitemap::robots)),
    get("/site.webmanifest", EVERYONE, handler!(manifest::manifest)),
    get("/pictures/{name}", EVERYONE, handler!(pictures::picture)),
    get("/login", EVERYONE, page!(login::page)),
    post("/login", EVERYONE, handler!(sign_in::sign_in)),
    post("/logout", EVERYONE, handler!(sign_in::sign_out)),
    post("/language", EVERYONE, handler!(language::choose_language)),
    get("/setup", EVERYONE, page!(setup::page)),
    post("/setup", EVERYONE, handler!(account::set_up)),
    put("/api/islands/record-view", EVERYONE, FUNCTION),
    get("/api/v1/articles", EVERYONE, handler!(Api, json_api::list)),
    get("/api/v1/articles/most-viewed", EVERYONE, handler!(Api, json_api::most_viewed)),
    get("/api/v1/articles/{id}", EVERYONE, handler!(Api, json_api::one)),
    put("/api/v1/articles/{id}/view", EVERYONE, handler!(View, json_api::view)),
    get("/api/v1/search", EVERYONE, handler!(Api, json_api::search)),
    get("/api/v1/search/suggest", EVERYONE, handler!(Api, json_api::suggest)),
    get("/api/counts/stream", EVERYONE, handler!(Api, live::stream)),
    get(api_docs::DESCRIPTION, EVERYONE, handler!(Api, api_docs::describe)),
    // Measures the cost of a request for a view, without the view.
    #[cfg(feature = "bench")]
    put("/api/v1/nothing", EVERYONE, handler!(View, json_api::nothing)),
    get("/docs/api", EVERYONE, handler!(api_docs::page)),
    get("/docs/api/{operation}", EVERYONE, handler!(api_docs::send)),
    get("/api/pages/home", EVERYONE, FUNCTION),
    get("/api/pages/article", EVERYONE, FUNCTION),
    get("/api/pages/tag", EVERYONE, FUNCTION),
    get("/api/pages/author", EVERYONE, FUNCTION),
    get("/api/pages/tags", EVERYONE, FUNCTION),
    get("/api/pages/authors", EVERYONE, FUNCTION),
    get("/api/pages/archive", EVERYONE, FUNCTION),
    get("/api/pages/most-viewed", EVERYONE, FUNCTION),
    get("/api/pages/search", EVERYONE, FUNCTION),
    get("/healthz", EVERYONE, handler!(Health, health::healthz)),
    get("/readyz", EVERYONE, handler!(Health, health::readyz)),
    get("/metrics", EVERYONE, handler!(Health, health::metrics)),
    get("/sign-up", EVERYONE, page!(sign_up::page)),
    post("/sign-up", EVERYONE, handler!(account::sign_up)),
    post("/articles/{slug}/like", READER, handler!(reactions::like)),
    post("/articles/{slug}/collect", READER, handler!(reactions::collect)),
    post("/authors/{username}/follow", READER, handler!(reactions::follow)),
    put("/api/islands/set-like", READER, FUNCTION),
    put("/api/islands/set-collect", READER, FUNCTION),
    put("/api/islands/set-follow", READER, FUNCTION),
    get("/collects", READER, page!(collects::page)),
    get("/following", READER, page!(following::page)),
    get("/account", READER, page!(account::page)),
    post("/account/name", READER, handler!(account::rename)),
    post("/account/about", READER, handler!(profile::set_about)),
    post("/account/time-zone", READER, handler!(profile::set_time_zone)),
    post(AVATAR, READER, handler!(profile::upload_avatar)),
    post("/account/avatar/delete", READER, handler!(profile::remove_avatar)),
    post("/account/password", READER, handler!(account::change_password)),
    post("/account/sessions/end", READER, handler!(account::end_sessions)),
    post("/api/islands/studio-preview", AUTHOR, FUNCTION),
    post("/api/islands/studio-keep-draft", AUTHOR, FUNCTION),
    get("/studio", AUTHOR, page!(studio::table::page)),
    get("/studio/new", AUTHOR, page!(studio::editor::new_article_page)),
    post("/studio/new", AUTHOR, handler!(studio::create)),
    post("/studio/new/discard", AUTHOR, handler!(studio::discard_new)),
    get("/studio/{id}", AUTHOR, page!(studio::editor::page)),
    post("/studio/{id}", AUTHOR, handler!(studio::save)),
    post("/studio/{id}/bin", AUTHOR, handler!(studio::bin)),
    post("/studio/{id}/restore", AUTHOR, handler!(studio::restore)),
    post("/studio/{id}/discard", AUTHOR, handler!(studio::discard)),
    get("/studio/{id}/revisions", AUTHOR, page!(studio::revisions::list_page)),
    get("/studio/{id}/revisions/{version}", AUTHOR, page!(studio::revisions::page)),
    post("/studio/{id}/revisions/{version}/restore", AUTHOR, handler!(studio::restore_revision)),
    get(PICTURES, AUTHOR, page!(pictures::page)),
    post(PICTURES, AUTHOR, handler!(pictures::upload)),
    post("/studio/pictures/{name}/delete", AUTHOR, handler!(pictures::delete)),
    get("/settings", ADMIN, page!(settings::page)),
    post("/settings", ADMIN, handler!(settings::save)),
    post(LOGO, ADMIN, handler!(settings::upload_logo)),
    post("/settings/logo/delete", ADMIN, handler!(settings::remove_logo)),
    get("/settings/menu", ADMIN, page!(settings::menu_page)),
    post("/settings/menu", ADMIN, handler!(settings::save_menu)),
    get("/settings/redirects", ADMIN, page!(settings::redirects_page)),
    post("/settings/redirects", ADMIN, handler!(settings::save_redirects)),
    get(IMPORT, ADMIN, page!(import::page)),
    post(IMPORT, ADMIN, handler!(import::upload)),
    post("/settings/import/start", ADMIN, handler!(import::start)),
    post("/settings/import/cancel", ADMIN, handler!(import::cancel)),
    get("/settings/health", ADMIN, page!(health::page)),
    get("/users", ADMIN, page!(users::page)),
    post("/users", ADMIN, handler!(users::add)),
    post("/users/invitations", ADMIN, handler!(users::invite)),
    post("/users/invitations/delete", ADMIN, handler!(users::delete_invitation)),
    post("/users/{username}/role", ADMIN, handler!(users::set_role)),
    post("/users/{username}/password", ADMIN, handler!(users::reset_password)),
    post("/users/{username}/block", ADMIN, handler!(users::block)),
];

/// Only the layers of the site check access, so every route without them must be for everyone.
/// Otherwise this does not compile.
const _: () = {
    let mut index = 0;
    while index < ROUTES.len() {
        let is_held = matches!(ROUTES[index].answer.0, Layers::Site);
        assert!(
            is_held || matches!(ROUTES[index].access, Access::Everyone),
            "nothing would check the user"
        );
        index += 1;
    }
};

/// Who may use a route; `None` if it is not declared.
pub fn access(method: &Method, path: &str) -> Option<Access> {
    let method = if *method == Method::HEAD { "GET" } else { method.as_str() };
    ROUTES
        .iter()
        .find(|route| route.method == method && route.path == path)
        .map(|route| route.access)
}

/// Whether `path` is an address without a parameter that everyone may open in a browser.
pub fn is_plain_address(path: &str) -> bool {
    ROUTES.iter().any(|route| {
        route.path == path
            && route.method == "GET"
            && route.answer.0 == Layers::Site
            && matches!(route.access, Access::Everyone)
            && !path.starts_with("/api/")
    })
}

/// The routes behind these layers.
pub fn handlers(layers: Layers) -> Router<AppState> {
    router(|route| route.answer.0 == layers)
}

/// The pages for everyone, to be rendered for readers who are not signed in.
pub fn pages_for_everyone() -> Router<AppState> {
    router(|route| {
        route.method == "GET"
            && route.answer.0 == Layers::Site
            && matches!(route.access, Access::Everyone)
    })
}

/// All pages by themselves, for answers that show a page at another address or with additional
/// context. Access is checked here too, so answering a form never shows a page that its sender
/// could not request.
pub static PAGES: LazyLock<Router<AppState>> = LazyLock::new(|| {
    let pages =
        ROUTES.iter().filter(|route| route.method == "GET" && route.answer.0 == Layers::Site);
    pages.fold(Router::new(), |router, route| {
        let (_, handler) = route.answer;
        router.route(route.path, held(route.access, handler(route.filter)))
    })
});

fn held<S: Clone + Send + Sync + 'static>(
    access: Access,
    page: MethodRouter<S>,
) -> MethodRouter<S> {
    page.layer(from_fn(move |request: Request, next: Next| hold(access, request, next)))
}

fn router(is_in: impl Fn(&Route) -> bool) -> Router<AppState> {
    let routes = ROUTES.iter().filter(|route| is_in(route));
    routes.fold(Router::new(), |router, route| {
        let (_, handler) = route.answer;
        router.route(route.path, handler(route.filter))
    })
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::StatusCode;
    use tower::ServiceExt;

    use super::*;
    use crate::model::article::may_be_page;
    use crate::server::db::users::User;
    use crate::server::request::identity::CurrentUser;
    use tidemark_counting::UserId;

    #[test]
    fn no_page_can_have_an_address_of_the_program() {
        for route in ROUTES.iter().filter(|route| route.path != "/{slug}") {
            let first = route.path.split('/').nth(1).unwrap_or_default();
            assert!(!may_be_page(first), "{} is not among RESERVED", route.path);
        }
        assert!(may_be_page("about") && !may_be_page("About") && !may_be_page("a.html"));
    }

    #[tokio::test]
    async fn a_page_answering_a_form_needs_the_same_role_as_when_requested() {
        let page = |access| -> Router {
            Router::new().route("/", held(access, on(MethodFilter::GET, || async { "a page" })))
        };
        for access in [EVERYONE, READER, AUTHOR, ADMIN] {
            for role in [None, Some(Role::Reader), Some(Role::Author), Some(Role::Admin)] {
                let mut request = Request::new(Body::empty());
                if let Some(role) = role {
                    let user = User {
                        id: UserId(1),
                        username: "jo".into(),
                        name: "Jo".into(),
                        role,
                        password_hash: None,
                        credential: 0,
                        about: String::new(),
                        avatar: None,
                        time_zone: "UTC".into(),
                    };
                    request.extensions_mut().insert(CurrentUser(user));
                }
                let expected = match (access, role) {
                    (Access::Everyone, _) => StatusCode::OK,
                    (Access::AtLeast(least), Some(role)) if role >= least => StatusCode::OK,
                    (Access::AtLeast(_), Some(_)) => StatusCode::FORBIDDEN,
                    (Access::AtLeast(_), None) => StatusCode::UNAUTHORIZED,
                };
                let answer = page(access).oneshot(request).await.unwrap();
                assert_eq!(answer.status(), expected, "{access:?} for {role:?}");
            }
        }
    }
}
