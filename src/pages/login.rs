//! Signing in.

use leptos::prelude::*;
use leptos_meta::Meta;

use super::query::query;
use crate::components::layout::{Layout, PageTitle};
use crate::server::state::AppState;

/// `/login`
#[component]
pub fn LoginPage() -> impl IntoView {
    let state = expect_context::<AppState>();
    let failed = query("failed").is_some();
    view! {
        <Layout sidebar=false>
            <PageTitle text=format!("Sign in · {}", state.config.site.title) />
            <Meta name="robots" content="noindex" />
            <div class="narrow">
                <h1>"Sign in"</h1>
                {failed
                    .then(|| {
                        view! {
                            <p class="error" id="sign-in-error" role="alert">
                                "The user name or the password is wrong."
                            </p>
                        }
                    })}
                <form class="form" method="post" action="/login">
                    <label for="username">"User name"</label>
                    <input
                        id="username"
                        name="username"
                        autocomplete="username"
                        autocapitalize="none"
                        spellcheck="false"
                        aria-describedby=failed.then_some("sign-in-error")
                        required
                    />
                    <label for="password">"Password"</label>
                    <input
                        id="password"
                        name="password"
                        type="password"
                        autocomplete="current-password"
                        aria-describedby=failed.then_some("sign-in-error")
                        required
                    />
                    <button type="submit" class="button button-primary">"Sign in"</button>
                </form>
            </div>
        </Layout>
    }
}
