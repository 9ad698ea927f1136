//! The table of an author's articles, with their status and counts. Administrators see all
//! articles.

use axum::http::request::Parts;
use jiff::Timestamp;
use leptos::prelude::*;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tidemark_store::clock::Millis;

use super::super::query::{page_number, query};
use super::{State, StateLabel};
use crate::components::article_list::{Date, Pagination};
use crate::components::form::Notice;
use crate::components::page::{Content, Head, LoadedPage, site};
use crate::server::db::actor::Role;
use crate::server::db::articles::Kind;
use crate::server::db::studio::{Column, Shelf, TableQuery, TableRow};
use crate::server::request::identity::current_user;
use crate::server::state::AppState;
use crate::text::language;

/// Articles per page.
const PER_PAGE: i64 = 25;

/// The shelves, each with its name in URLs and the name of its label.
const SHELVES: [(Shelf, &str, &str); 5] = [
    (Shelf::All, "all", "all-articles"),
    (Shelf::Drafts, "drafts", "drafts"),
    (Shelf::Scheduled, "scheduled", "scheduled-articles"),
    (Shelf::Published, "published", "published-articles"),
    (Shelf::Bin, "bin", "bin"),
];

/// The sortable columns, each with its name in URLs, the name of its label, and whether it sorts
/// descending by default.
const COLUMNS: [(Column, &str, &str, bool); 7] = [
    (Column::Title, "title", "title", false),
    (Column::Published, "published", "published-at", true),
    (Column::Updated, "updated", "updated-at", true),
    (Column::Views, "views", "views-column", true),
    (Column::Week, "week", "views-of-week", true),
    (Column::Likes, "likes", "likes", true),
    (Column::Collects, "collects", "times-saved", true),
];

/// The view of the table that the URL asks for.
#[derive(Clone)]
struct Choice {
    shelf: (Shelf, &'static str, &'static str),
    column: (Column, &'static str, &'static str, bool),
    is_descending: bool,
    text: String,
}

impl Choice {
    /// Reads the query string. Missing or unknown values get their defaults.
    fn from_query() -> Self {
        let shelf = query("shelf").unwrap_or_default();
        let shelf = SHELVES.into_iter().find(|(_, id, _)| *id == shelf).unwrap_or(SHELVES[0]);
        let sort = query("sort").unwrap_or_default();
        let column = COLUMNS.into_iter().find(|(_, id, ..)| *id == sort).unwrap_or(COLUMNS[2]);
        let is_descending = match query("order").as_deref() {
            Some("asc") => false,
            Some("desc") => true,
            _ => column.3,
        };
        Self { shelf, column, is_descending, text: query("q").unwrap_or_default() }
    }

    fn address(&self) -> String {
        let order = if self.is_descending { "desc" } else { "asc" };
        let text = utf8_percent_encode(&self.text, NON_ALPHANUMERIC);
        format!("/studio?shelf={}&sort={}&order={order}&q={text}", self.shelf.1, self.column.1)
    }
}

/// `/studio?shelf=&sort=&order=&q=&page=`
pub async fn page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let parts = expect_context::<Parts>();
    let number = page_number();
    let choice = Choice::from_query();
    let title = format!("{} · {}", language().text("studio"), site().title);
    let notice = query("done").and_then(|done| match done.as_str() {
        "bin" => Some(language().text("moved-to-bin")),
        _ => None,
    });
    let content = async move {
        let user = current_user(&parts)?;
        let sees_all = user.role >= Role::Admin;
        let asked = TableQuery {
            author: (!sees_all).then_some(user.id),
            shelf: choice.shelf.0,
            text: choice.text.clone(),
            column: choice.column.0,
            is_descending: choice.is_descending,
            page: number?,
            per_page: PER_PAGE,
        };
        let table = state.studio.table(&asked).await?;
        let warnings = match sees_all {
            true => state.clients.notices().await?,
            false => Vec::new(),
        };
        let warnings = warnings.iter().map(|warning| language().say(warning));
        let warnings = warnings.map(|text| view! { <Notice text /> }).collect_view();
        let (pages, here, total) = (table.pages, table.page, table.total);
        let body = if total == 0 {
            view! { <Empty choice=choice.clone() /> }.into_any()
        } else {
            let now = state.clock.now();
            let rows = table
                .items
                .into_iter()
                .map(|row| view! { <Row row sees_all now /> })
                .collect_view();
            view! {
                <table class="table studio-table">
                    <thead>
                        <tr>
                            <Headings choice=choice.clone() sees_all />
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            }
            .into_any()
        };
        let path = format!("{}&", choice.address());
        Ok(Content::new(
            Head::new(title),
            view! {
                <div class="studio-head">
                    <h1>{language().text("studio")}</h1>
                    <a class="button" href="/studio/pictures">{language().text("pictures")}</a>
                    <a class="button button-primary" href="/studio/new">{language().text("new-article")}</a>
                </div>
                {warnings}
                {notice.map(|text| view! { <Notice text /> })}
                <Tools choice />
                {body}
                {(pages > 1).then(|| view! { <Pagination page=here pages path /> })}
            },
        ))
    };
    LoadedPage::of(false, content).await
}

/// The shelf tabs and the search field.
#[component]
fn Tools(choice: Choice) -> impl IntoView {
    let tabs = SHELVES
        .into_iter()
        .map(|shelf| {
            let current = (shelf.0 == choice.shelf.0).then_some("page");
            let address = Choice { shelf, ..choice.clone() }.address();
            view! {
                <li>
                    <a href=address aria-current=current>{language().text(shelf.2)}</a>
                </li>
            }
        })
        .collect_view();
    view! {
        <div class="studio-tools">
            <nav aria-label=language().text("status")>
                <ul class="tabs">{tabs}</ul>
            </nav>
            <form class="search-row" method="get" action="/studio" role="search">
                <input type="hidden" name="shelf" value=choice.shelf.1 />
                <input type="search" name="q" value=choice.text aria-label=language().text("search-titles") />
                <button type="submit" class="button">{language().text("search")}</button>
            </form>
        </div>
    }
}

#[component]
fn Headings(choice: Choice, sees_all: bool) -> impl IntoView {
    let heading = move |column: (Column, &'static str, &'static str, bool)| {
        let is_sorted = column.0 == choice.column.0;
        let is_descending = if is_sorted { !choice.is_descending } else { column.3 };
        let sort = match (is_sorted, choice.is_descending) {
            (false, _) => None,
            (true, true) => Some("descending"),
            (true, false) => Some("ascending"),
        };
        let arrow = sort.map(|sort| if sort == "descending" { " ↓" } else { " ↑" });
        let address = Choice { column, is_descending, ..choice.clone() }.address();
        view! {
            <th scope="col" aria-sort=sort>
                <a href=address>{language().text(column.2)} <span aria-hidden="true">{arrow}</span></a>
            </th>
        }
    };
    let [title, rest @ ..] = COLUMNS;
    view! {
        {heading(title)}
        {sees_all.then(|| view! { <th scope="col">{language().text("author")}</th> })}
        <th scope="col">{language().text("status")}</th>
        {rest.map(heading).collect_view()}
    }
}

fn date(time: Millis) -> Option<impl IntoView + use<>> {
    Timestamp::from_millisecond(time.0).ok().map(|at| view! { <Date at /> })
}

#[component]
fn Row(row: TableRow, sees_all: bool, now: Millis) -> impl IntoView {
    let language = language();
    let state = State::of(row.status, row.published_at, row.deleted_at, now);
    let is_page = row.kind == Kind::Page;
    let number = |label: &'static str, count: i64| {
        view! { <td class="number" data-label=language.text(label)>{language.number(count)}</td> }
    };
    let elsewhere = language.baselines(&row.baselines).map(|counts| {
        view! { <small class="elsewhere">{language.with("including", [("counts", (&counts).into())])}</small> }
    });
    view! {
        <tr>
            <th scope="row">
                <a href=format!("/studio/{}", row.id)>{row.title}</a>
            </th>
            {sees_all.then(|| view! { <td data-label=language.text("author")>{row.author}</td> })}
            <td data-label=language.text("status")>
                <StateLabel state />
                {is_page.then(|| format!(" {}", language.text("page")))}
            </td>
            <td data-label=language.text("published-at")>{row.published_at.filter(|_| !is_page).and_then(date)}</td>
            <td data-label=language.text("updated-at")>{date(row.updated_at)}</td>
            <td class="number" data-label=language.text("views-column")>
                {language.number(row.views)} {elsewhere}
            </td>
            {number("views-of-week", row.week)}
            {number("likes", row.likes)}
            {number("times-saved", row.collects)}
        </tr>
    }
}

/// The message in place of an empty table.
#[component]
fn Empty(choice: Choice) -> impl IntoView {
    let (title, advice) = match (choice.text.is_empty(), choice.shelf.0) {
        (false, _) => ("nothing-found", "no-title-matches"),
        (true, Shelf::All) => ("nothing-written", "nothing-written-advice"),
        (true, Shelf::Drafts) => ("no-drafts", "no-drafts-advice"),
        (true, Shelf::Scheduled) => ("nothing-scheduled", "nothing-scheduled-advice"),
        (true, Shelf::Published) => ("none-published", "none-published-advice"),
        (true, Shelf::Bin) => ("bin-is-empty", "bin-is-empty-advice"),
    };
    let language = language();
    view! {
        <div class="message">
            <h2>{language.text(title)}</h2>
            <p>{language.text(advice)}</p>
            <p>
                <a class="button" href="/studio/new">{language.text("write-an-article")}</a>
            </p>
        </div>
    }
}
