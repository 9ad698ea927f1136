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
use crate::text::language;

/// Old addresses per page.
const ALIASES_PER_PAGE: i64 = 50;

/// The most pages that the menu's page names.
const MOST_PAGES: i64 = 100;

/// `/settings`
pub async fn page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let info = site();
    let title = format!("{} · {}", language().text("settings"), info.title);
    let notice = query("changed").and_then(|changed| match changed.as_str() {
        "texts" => Some(language().text("settings-saved")),
        "logo" => Some(language().text("logo-changed")),
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
        let footer_hint = language().text("site-footer-hint");
        Ok(Content::new(
            Head::new(title),
            view! {
                <div class="narrow">
                <h1>{language().text("settings")}</h1>
                <Tabs here="/settings" />
                {notice.map(|text| view! { <Notice text /> })}
                <FormErrors sent=sent.clone() />
                {stored_now}
                <form class="form" method="post" action="/settings">
                    <input type="hidden" name="version" value=version.to_string() />
                    <Field
                        sent=sent.clone()
                        name="title"
                        label=language().text("site-title")
                        value=own_title.unwrap_or_default()
                        hint=of_file_hint(&file_title)
                        optional=true
                    />
                    <Field
                        sent
                        name="description"
                        label=language().text("site-description")
                        value=description.unwrap_or_default()
                        hint=of_file_hint(&file_description)
                        optional=true
                    />
                    <label for="footer">{language().text("site-footer")}</label>
                    <textarea
                        id="footer"
                        name="footer"
                        rows="5"
                        aria-invalid=footer_error.as_ref().map(|_| "true")
                        aria-describedby=described_by("footer", &footer_hint, footer_error.as_deref())
                    >
                        {textarea_text(&footer)}
                    </textarea>
                    <FieldNotes name="footer" hint=footer_hint error=footer_error />
                    <button type="submit" class="button button-primary">{language().text("save-changes")}</button>
                </form>
                <LogoForm logo=SiteInfo::clone(&info).logo version=logo_version error=logo_sent.error(PICTURE_FIELD) />
                </div>
            },
        ))
    };
    LoadedPage::of(false, content).await
}

fn of_file_hint(value: &str) -> String {
    language().with("of-file-hint", [("value", value.into())])
}

/// What somebody else has saved meanwhile.
#[component]
fn Stored(stored: StoredSite) -> impl IntoView {
    let StoredSite { title, description, footer, .. } = stored;
    let rows = [
        (language().text("site-title"), title),
        (language().text("site-description"), description),
        (language().text("site-footer"), footer),
    ];
    let rows = rows
        .into_iter()
        .map(|(name, value)| {
            let value = value.unwrap_or_else(|| language().text("as-in-file"));
            view! { <dt>{name}</dt> <dd>{value}</dd> }
        })
        .collect_view();
    view! {
        <div class="notice">
            <p>{language().text("replaced-if-saved")}</p>
            <dl>{rows}</dl>
        </div>
    }
}

/// The forms that upload and remove the logo.
#[component]
fn LogoForm(logo: Option<Logo>, version: i64, error: Option<String>) -> impl IntoView {
    let hint = language().with("logo-hint", [("count", (LARGEST_PICTURE >> 20).into())]);
    let current = logo.map(|Logo { address, width, height }| {
        view! {
            <form class="row-form" method="post" action=format!("{LOGO}/delete")>
                <input type="hidden" name="version" value=version.to_string() />
                <img class="site-logo" src=address width=width.to_string() height=height.to_string() alt=language().text("the-logo") />
                <button type="submit" class="link-button">{language().text("remove-logo")}</button>
            </form>
        }
    });
    view! {
        <section>
            <h2>{language().text("logo")}</h2>
            {error.is_some().then(|| view! { <p class="error" role="alert">{language().text("logo-not-changed")}</p> })}
            {current}
            <form class="form" method="post" action=format!("{LOGO}?version={version}") enctype="multipart/form-data">
                <label for=PICTURE_FIELD>{language().text("logo-picture")}</label>
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
                <button type="submit" class="button">{language().text("use-as-logo")}</button>
            </form>
        </section>
    }
}

/// The links between the pages of the settings.
#[component]
pub(super) fn Tabs(here: &'static str) -> impl IntoView {
    let pages = [
        ("/settings", "settings-general"),
        ("/settings/menu", "settings-menu"),
        ("/settings/redirects", "settings-redirects"),
        ("/settings/import", "settings-import"),
        ("/settings/health", "settings-health"),
    ];
    let items = pages
        .into_iter()
        .map(|(address, label)| {
            let current = (address == here).then_some("page");
            view! {
                <li>
                    <a href=address aria-current=current>{language().text(label)}</a>
                </li>
            }
        })
        .collect_view();
    view! {
        <nav aria-label=language().text("settings")>
            <ul class="tabs">{items}</ul>
        </nav>
    }
}

/// A form with one text of many lines.
#[component]
fn LinesForm(
    /// The path it is sent to.
    action: &'static str,
    label: String,
    /// What a line looks like.
    hint: String,
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
                <p>{language().text("replaced-if-saved")}</p>
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
                aria-describedby=described_by("lines", &hint, error.as_deref())
            >
                {textarea_text(&text)}
            </textarea>
            <FieldNotes name="lines" hint error />
            <button type="submit" class="button button-primary">{language().text("save-changes")}</button>
        </form>
    }
}

fn saved_notice() -> Option<AnyView> {
    let text = language().text("settings-lines-saved");
    query("changed").map(|_| view! { <Notice text /> }.into_any())
}

/// `/settings/menu`
pub async fn menu_page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let title = format!("{} · {}", language().text("settings-menu"), site().title);
    let content = async move {
        let stored = state.site.stored().await?;
        let menu = state.database.menu().await?;
        let pages = state.database.pages(MOST_PAGES, state.clock.now()).await?;
        let hint = language().text("menu-hint");
        let known = (!pages.is_empty()).then(|| {
            view! {
                <p>{language().text("menu-pages")}</p>
                <pre>{menu_text(&pages)}</pre>
            }
        });
        Ok(Content::new(
            Head::new(title),
            view! {
                <div class="narrow">
                <h1>{language().text("settings-menu")}</h1>
                <Tabs here="/settings/menu" />
                {saved_notice()}
                <LinesForm
                    action="/settings/menu"
                    label=language().text("menu-links")
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
    let title = format!("{} · {}", language().text("settings-redirects"), site().title);
    let number = page_number();
    let content = async move {
        let stored = state.site.stored().await?;
        let redirects = state.database.redirects().await?;
        let aliases = state.database.aliases(number?, ALIASES_PER_PAGE).await?;
        let hint = language().text("redirects-hint");
        Ok(Content::new(
            Head::new(title),
            view! {
                <div class="settings-wide">
                <h1>{language().text("settings-redirects")}</h1>
                <Tabs here="/settings/redirects" />
                {saved_notice()}
                <LinesForm
                    action="/settings/redirects"
                    label=language().text("settings-redirects")
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
                <h2>{language().with("old-addresses-of-articles", [("count", total.into())])}</h2>
                <p>{language().text("old-addresses-come-from")}</p>
                <div class="table-frame" tabindex="0" role="region" aria-label=language().text("old-addresses")>
                    <table class="table">
                        <thead>
                            <tr>
                                <th scope="col">{language().text("old-address")}</th>
                                <th scope="col">{language().text("old-address-leads-to")}</th>
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
