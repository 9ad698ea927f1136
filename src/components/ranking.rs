//! The full ranking of a window, as on `/most-viewed`.

use leptos::prelude::*;

use crate::model::article::RankedArticle;
use crate::model::language::Language;
use crate::text::language;

/// A list of articles, most viewed first.
#[component]
pub fn LongRanking(articles: Vec<RankedArticle>) -> impl IntoView {
    if articles.is_empty() {
        return view! { <p class="empty">{language().text("no-views-in-period")}</p> }.into_any();
    }
    let items = articles
        .into_iter()
        .map(|article| {
            view! {
                <li>
                    <a href=format!("/articles/{}", article.slug) lang=article.language>{article.title}</a>
                    <span class="meta" data-views-of=article.id.0 data-views=article.views>
                        {language().views(article.views)}
                    </span>
                </li>
            }
        })
        .collect_view();
    view! { <ol class="ranking-long">{items}</ol> }.into_any()
}

/// Renders the list to HTML, to fill the hole in a cached page.
pub fn render_long_ranking(articles: Vec<RankedArticle>, language: Language) -> String {
    Owner::new().with(|| {
        provide_context(language);
        view! { <LongRanking articles /> }.to_html()
    })
}
