//! The route table.

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::{ParamSegment, SsrMode, StaticSegment};

use crate::pages::account::AccountPage;
use crate::pages::article::ArticlePage;
use crate::pages::author::AuthorPage;
use crate::pages::collects::CollectsPage;
use crate::pages::following::FollowingPage;
use crate::pages::home::HomePage;
use crate::pages::login::LoginPage;
use crate::pages::most_viewed::MostViewedPage;
use crate::pages::not_found::NotFoundPage;
use crate::pages::pictures::PicturesPage;
use crate::pages::search::SearchPage;
use crate::pages::sign_up::SignUpPage;
use crate::pages::studio::editor::{EditorPage, NewArticlePage};
use crate::pages::studio::revisions::{RevisionPage, RevisionsPage};
use crate::pages::studio::table::StudioPage;
use crate::pages::tag::TagPage;
use crate::pages::users::UsersPage;

/// All pages. Each is rendered whole before its first byte is sent, because the status depends on what is found.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <FlatRoutes fallback=NotFoundPage>
                <Route path=StaticSegment("") view=HomePage ssr=SsrMode::Async />
                <Route path=(StaticSegment("articles"), ParamSegment("slug")) view=ArticlePage ssr=SsrMode::Async />
                <Route path=StaticSegment("most-viewed") view=MostViewedPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("authors"), ParamSegment("username")) view=AuthorPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("tags"), ParamSegment("tag")) view=TagPage ssr=SsrMode::Async />
                <Route path=StaticSegment("search") view=SearchPage ssr=SsrMode::Async />
                <Route
                    path=(StaticSegment("studio"), StaticSegment("pictures"))
                    view=PicturesPage
                    ssr=SsrMode::Async
                />
                <Route path=StaticSegment("collects") view=CollectsPage ssr=SsrMode::Async />
                <Route path=StaticSegment("following") view=FollowingPage ssr=SsrMode::Async />
                <Route path=StaticSegment("login") view=LoginPage ssr=SsrMode::Async />
                <Route path=StaticSegment("sign-up") view=SignUpPage ssr=SsrMode::Async />
                <Route path=StaticSegment("account") view=AccountPage ssr=SsrMode::Async />
                <Route path=StaticSegment("studio") view=StudioPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("studio"), StaticSegment("new")) view=NewArticlePage ssr=SsrMode::Async />
                <Route path=(StaticSegment("studio"), ParamSegment("id")) view=EditorPage ssr=SsrMode::Async />
                <Route
                    path=(StaticSegment("studio"), ParamSegment("id"), StaticSegment("revisions"))
                    view=RevisionsPage
                    ssr=SsrMode::Async
                />
                <Route
                    path=(StaticSegment("studio"), ParamSegment("id"), StaticSegment("revisions"), ParamSegment("version"))
                    view=RevisionPage
                    ssr=SsrMode::Async
                />
                <Route path=StaticSegment("users") view=UsersPage ssr=SsrMode::Async />
            </FlatRoutes>
        </Router>
    }
}
