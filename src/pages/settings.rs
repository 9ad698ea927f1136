//! The blog's settings, for administrators.

use leptos::prelude::*;
use tidemark_content::menu::menu_text;
use tidemark_content::redirects::redirects_text;

use super::query::{page_number, query};
use crate::components::article_list::Pagination;
use crate::components::form::{
    Field, FieldNotes, FormErrors, Notice, described_by, sent_form, textarea_text,
};
use crate::components::page::{Content, Head, LoadedPage, site};
use crate::model::page::Page;
use crate::model::site::{Logo, SiteInfo};
use crate::server::db::site::StoredSite;
use crate::server::request::forms::{Conflict, LOGO, PICTURE_FIELD};
use crate::server::request::limits::LARGEST_PICTURE;
use crate::server::state::AppState;

/// Old addresses per page.
const ALIASES_PER_PAGE: i64 = 50;

/// The most pages that the menu's page names.
const MOST_PAGES: i64 = 100;

/// `/settings`
pub async fn page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let info = site();
    let title = format!("Settings · {}", info.title);
    let notice = query("changed").and_then(|changed| match changed.as_str() {
        "texts" => Some("Saved. Every page shows it within a second."),
        "logo" => Some("Logo changed. Every page shows it within a second."),
        _ => None,
    });
    let (sent, logo_sent) = (sent_form("/settings"), sent_form(LOGO));
    let is_conflict = use_context::<Conflict>().is_some();
    let content = async move {
        let stored = state.site.stored().await?;
        // After a conflict, saving again is a decision, so the form gets the current version.
        let version = sent
            .value("version")
            .and_then(|version| version.parse().ok())
            .filter(|_| !is_conflict)
            .unwrap_or(stored.version);
        let logo_version = stored.version;
        let stored_now = is_conflict.then(|| view! { <Stored stored=stored.clone() /> });
        let of_file = state.site.of_file();
        let (file_title, file_description) = (of_file.title.clone(), of_file.description.clone());
        let StoredSite { title: own_title, description, footer, .. } = stored;
        let footer = sent.value("footer").map(str::to_owned).or(footer).unwrap_or_default();
        let footer_error = sent.error("footer");
        let footer_hint =
            "In Markdown, at the end of every page. If empty, the description is shown there.";
        Ok(Content::new(
            Head::new(title),
            view! {
                <div class="narrow">
                <h1>"Settings"</h1>
                <Tabs here="/settings" />
                {notice.map(|text| view! { <Notice text /> })}
                <FormErrors sent=sent.clone() />
                {stored_now}
                <form class="form" method="post" action="/settings">
                    <input type="hidden" name="version" value=version.to_string() />
                    <Field
                        sent=sent.clone()
                        name="title"
                        label="Title"
                        value=own_title.unwrap_or_default()
                        hint=of_file_hint(&file_title)
                        optional=true
                    />
                    <Field
                        sent
                        name="description"
                        label="Description"
                        value=description.unwrap_or_default()
                        hint=of_file_hint(&file_description)
                        optional=true
                    />
                    <label for="footer">"Footer"</label>
                    <textarea
                        id="footer"
                        name="footer"
                        rows="5"
                        aria-invalid=footer_error.as_ref().map(|_| "true")
                        aria-describedby=described_by("footer", footer_hint, footer_error.as_deref())
                    >
                        {textarea_text(&footer)}
                    </textarea>
                    <FieldNotes name="footer" hint=footer_hint.to_owned() error=footer_error />
                    <button type="submit" class="button button-primary">"Save"</button>
                </form>
                <LogoForm logo=SiteInfo::clone(&info).logo version=logo_version error=logo_sent.error(PICTURE_FIELD) />
                </div>
            },
        ))
    };
    LoadedPage::of(false, content).await
}

fn of_file_hint(value: &str) -> String {
    format!("If empty, it is what the settings file says: “{value}”.")
}

/// What somebody else has saved meanwhile.
#[component]
fn Stored(stored: StoredSite) -> impl IntoView {
    let StoredSite { title, description, footer, .. } = stored;
    let rows = [("Title", title), ("Description", description), ("Footer", footer)];
    let rows = rows
        .into_iter()
        .map(|(name, value)| {
            let value = value.unwrap_or_else(|| "(as in the settings file)".into());
            view! { <dt>{name}</dt> <dd>{value}</dd> }
        })
        .collect_view();
    view! {
        <div class="notice">
            <p>"Saved now, and replaced if you save again:"</p>
            <dl>{rows}</dl>
        </div>
    }
}

/// The forms that upload and remove the logo.
#[component]
fn LogoForm(logo: Option<Logo>, version: i64, error: Option<String>) -> impl IntoView {
    let hint = format!(
        "PNG, JPEG, GIF or WebP, up to {} MiB. It stands beside the title, at most 2 rem high.",
        LARGEST_PICTURE >> 20
    );
    let current = logo.map(|Logo { address, width, height }| {
        view! {
            <form class="row-form" method="post" action=format!("{LOGO}/delete")>
                <input type="hidden" name="version" value=version.to_string() />
                <img class="site-logo" src=address width=width.to_string() height=height.to_string() alt="The logo" />
                <button type="submit" class="link-button">"Remove the logo"</button>
            </form>
        }
    });
    view! {
        <section>
            <h2>"Logo"</h2>
            {error.is_some().then(|| view! { <p class="error" role="alert">"The logo was not changed."</p> })}
            {current}
            <form class="form" method="post" action=format!("{LOGO}?version={version}") enctype="multipart/form-data">
                <label for=PICTURE_FIELD>"Picture"</label>
                <input
                    id=PICTURE_FIELD
                    name=PICTURE_FIELD
                    type="file"
                    accept="image/png,image/jpeg,image/gif,image/webp"
                    required
                    aria-invalid=error.as_ref().map(|_| "true")
                    aria-describedby=described_by(PICTURE_FIELD, &hint, error.as_deref())
                />
                <FieldNotes name=PICTURE_FIELD hint error />
                <button type="submit" class="button">"Use as logo"</button>
            </form>
        </section>
    }
}

/// The links between the pages of the settings.
#[component]
pub(super) fn Tabs(here: &'static str) -> impl IntoView {
    let pages = [
        ("/settings", "General"),
        ("/settings/menu", "Menu"),
        ("/settings/redirects", "Redirects"),
        ("/settings/import", "Import"),
        ("/settings/health", "Health"),
    ];
    let items = pages
        .into_iter()
        .map(|(address, label)| {
            let current = (address == here).then_some("page");
            view! {
                <li>
                    <a href=address aria-current=current>{label}</a>
                </li>
            }
        })
        .collect_view();
    view! {
        <nav aria-label="Settings">
            <ul class="tabs">{items}</ul>
        </nav>
    }
}

/// A form with one text of many lines.
#[component]
fn LinesForm(
    /// The path it is sent to.
    action: &'static str,
    label: &'static str,
    /// What a line looks like.
    hint: &'static str,
    /// What is stored, and its version.
    stored: (String, i64),
) -> impl IntoView {
    let sent = sent_form(action);
    let (stored, version) = stored;
    let is_conflict = use_context::<Conflict>().is_some();
    // After a conflict, saving again is a decision, so the form gets the current version.
    let version = sent
        .value("version")
        .and_then(|version| version.parse().ok())
        .filter(|_| !is_conflict)
        .unwrap_or(version);
    let error = sent.error("lines");
    let text = sent.value("lines").map_or_else(|| stored.clone(), str::to_owned);
    let saved_now = is_conflict.then(|| {
        view! {
            <div class="notice">
                <p>"Saved now, and replaced if you save again:"</p>
                <pre>{stored}</pre>
            </div>
        }
    });
    view! {
        <FormErrors sent />
        {saved_now}
        <form class="form" method="post" action=action>
            <input type="hidden" name="version" value=version.to_string() />
            <label for="lines">{label}</label>
            <textarea
                id="lines"
                name="lines"
                rows="12"
                spellcheck="false"
                aria-invalid=error.as_ref().map(|_| "true")
                aria-describedby=described_by("lines", hint, error.as_deref())
            >
                {textarea_text(&text)}
            </textarea>
            <FieldNotes name="lines" hint=hint.to_owned() error />
            <button type="submit" class="button button-primary">"Save"</button>
        </form>
    }
}

fn saved_notice() -> Option<AnyView> {
    let text = "Saved. Every page follows within a second.";
    query("changed").map(|_| view! { <Notice text /> }.into_any())
}

/// `/settings/menu`
pub async fn menu_page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let title = format!("Menu · {}", site().title);
    let content = async move {
        let stored = state.site.stored().await?;
        let menu = state.database.menu().await?;
        let pages = state.database.pages(MOST_PAGES, state.clock.now()).await?;
        let hint = "One link a line: its words, and then an address, such as “About us /about”, “The sea /tags/sea” or “Code \
                    https://example.org”. They are shown in this order.";
        let known = (!pages.is_empty()).then(|| {
            view! {
                <p>"Your pages:"</p>
                <pre>{menu_text(&pages)}</pre>
            }
        });
        Ok(Content::new(
            Head::new(title),
            view! {
                <div class="narrow">
                <h1>"Menu"</h1>
                <Tabs here="/settings/menu" />
                {saved_notice()}
                <LinesForm
                    action="/settings/menu"
                    label="Links in the header"
                    hint
                    stored=(menu_text(&menu), stored.menu_version)
                />
                {known}
                </div>
            },
        ))
    };
    LoadedPage::of(false, content).await
}

/// `/settings/redirects?page=`
pub async fn redirects_page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let title = format!("Redirects · {}", site().title);
    let number = page_number();
    let content = async move {
        let stored = state.site.stored().await?;
        let redirects = state.database.redirects().await?;
        let aliases = state.database.aliases(number?, ALIASES_PER_PAGE).await?;
        let hint = "One a line: the old path, the new address, and 302 if it is for now only; “/old 410” for what is gone. What \
                    exists at an address is shown, whatever stands here; otherwise these lines go before the old \
                    addresses of articles.";
        Ok(Content::new(
            Head::new(title),
            view! {
                <div class="settings-wide">
                <h1>"Redirects"</h1>
                <Tabs here="/settings/redirects" />
                {saved_notice()}
                <LinesForm
                    action="/settings/redirects"
                    label="Redirects"
                    hint
                    stored=(redirects_text(&redirects), stored.redirects_version)
                />
                <Aliases aliases />
                </div>
            },
        ))
    };
    LoadedPage::of(false, content).await
}

/// The addresses that articles had before, as far as one page shows them.
#[component]
fn Aliases(aliases: Page<(String, String)>) -> impl IntoView {
    let Page { items, page, pages, total, .. } = aliases;
    let rows = items
        .into_iter()
        .map(|(path, address)| {
            view! {
                <tr>
                    <td>{path}</td>
                    <td>
                        <a href=address.clone()>{address.clone()}</a>
                    </td>
                </tr>
            }
        })
        .collect_view();
    (total > 0).then(|| {
        view! {
            <section>
                <h2>{format!("Old addresses of articles ({total})")}</h2>
                <p>"They came with an import, or an article was renamed. They redirect by themselves."</p>
                <div class="table-frame" tabindex="0" role="region" aria-label="Old addresses">
                    <table class="table">
                        <thead>
                            <tr>
                                <th scope="col">"Old address"</th>
                                <th scope="col">"Leads to"</th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
                {(pages > 1).then(|| view! { <Pagination page pages path="/settings/redirects?".to_owned() /> })}
            </section>
        }
    })
}
