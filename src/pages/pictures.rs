//! The page where authors upload and manage pictures.

use jiff::Timestamp;
use leptos::prelude::*;

use super::query::{page_number, query};
use crate::components::article_list::{Date, Pagination};
use crate::components::form::{FieldNotes, Notice, described_by, sent_form};
use crate::components::page::{Content, Head, LoadedPage, site};
use crate::error::Error;
use crate::model::language::Language;
use crate::server::db::pictures::ListedPicture;
use crate::server::pictures::{markdown, owner_seen_by};
use crate::server::request::forms::{PICTURE_FIELD, PICTURES};
use crate::server::request::identity::current_user;
use crate::server::request::limits::LARGEST_PICTURE;
use crate::server::state::AppState;
use crate::text::language;

/// Pictures per page.
const PER_PAGE: i64 = 24;

/// `/studio/pictures`
pub async fn page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let user = current_user(&expect_context());
    let number = page_number();
    let language = language();
    let notice = match (query("added").as_deref(), query("deleted")) {
        (Some("1"), _) => Some(language.text("one-picture-added")),
        (Some(_), _) => Some(language.text("pictures-added")),
        (None, Some(_)) => Some(language.text("picture-deleted")),
        (None, None) => None,
    };
    let title = format!("{} · {}", language.text("pictures"), site().title);
    let content = async move {
        let user = user?;
        let owner = owner_seen_by(&user);
        let pictures = state.database.pictures(owner, number?, PER_PAGE).await?;
        if pictures.page > pictures.pages {
            return Err(Error::NotFound("This list has no such page.".into()));
        }
        let list = if pictures.items.is_empty() {
            view! { <p class="empty">{language.text("no-pictures")}</p> }.into_any()
        } else {
            let items = pictures
                .items
                .into_iter()
                .map(|listed| view! { <PictureCard listed shows_owner=owner.is_none() /> })
                .collect_view();
            view! {
                <ul class="pictures">{items}</ul>
                {(pictures.pages > 1)
                    .then(|| view! { <Pagination page=pictures.page pages=pictures.pages path=format!("{PICTURES}?") /> })}
            }
            .into_any()
        };
        Ok(Content::new(
            Head::hidden(title),
            view! {
                <header class="intro">
                    <h1>{language.text("pictures")}</h1>
                </header>
                {notice.map(|text| view! { <Notice text /> })}
                <UploadForm />
                {list}
            },
        ))
    };
    LoadedPage::of(false, content).await
}

#[component]
fn UploadForm() -> impl IntoView {
    let sent = sent_form(PICTURES);
    let error = sent.error(PICTURE_FIELD);
    let most = [("count", (LARGEST_PICTURE >> 20).into())];
    let hint = language().with("picture-hint", most);
    view! {
        <form class="form picture-form" method="post" action=PICTURES enctype="multipart/form-data">
            <label for=PICTURE_FIELD>{language().text("add-pictures")}</label>
            <input
                id=PICTURE_FIELD
                name=PICTURE_FIELD
                type="file"
                accept="image/png,image/jpeg,image/gif,image/webp"
                multiple
                required
                aria-invalid=error.as_ref().map(|_| "true")
                aria-describedby=described_by(PICTURE_FIELD, &hint, error.as_deref())
                autofocus=error.is_some()
            />
            <FieldNotes name=PICTURE_FIELD hint error />
            <button type="submit" class="button button-primary">{language().text("upload")}</button>
        </form>
    }
}

#[component]
fn PictureCard(listed: ListedPicture, shows_owner: bool) -> impl IntoView {
    let ListedPicture { picture, owner } = listed;
    let address = format!("/pictures/{}", picture.name);
    let source = address.clone();
    let id = format!("markdown-{}", picture.name);
    let language = language();
    let label = language.with("markdown-for", [("name", (&picture.original_name).into())]);
    let added = Timestamp::from_millisecond(picture.created_at.0).unwrap_or_default();
    view! {
        <li class="picture">
            <a class="picture-frame" href=address>
                <img
                    src=source
                    alt=picture.original_name.clone()
                    width=picture.width.to_string()
                    height=picture.height.to_string()
                    loading="lazy"
                />
            </a>
            <p class="picture-name">{picture.original_name.clone()}</p>
            <p class="meta">
                <span>{format!("{} × {}", picture.width, picture.height)}</span>
                <span>{format_bytes(language, picture.bytes)}</span>
                <Date at=added />
                {shows_owner.then(|| view! { <span>{owner}</span> })}
            </p>
            <label class="visually-hidden" for=id.clone()>{label}</label>
            <input class="picture-markdown" id=id value=markdown(&picture) readonly />
            <details class="picture-delete">
                <summary>{language.text("delete")}<span class="visually-hidden">{format!(" {}", picture.original_name)}</span></summary>
                <form method="post" action=format!("{PICTURES}/{}/delete", picture.name)>
                    <p>{language.text("delete-picture-warning")}</p>
                    <button type="submit" class="button button-danger">{language.text("delete-picture")}</button>
                </form>
            </details>
        </li>
    }
}

/// Formats a file size for people.
fn format_bytes(language: Language, bytes: i64) -> String {
    let (kib, mib) = (1024, 1024 * 1024);
    match bytes {
        0..1024 => language.with("bytes", [("count", bytes.into())]),
        _ if bytes < mib => {
            language.with("kibibytes", [("count", ((bytes + kib / 2) / kib).into())])
        }
        _ => {
            let (whole, tenths) = (bytes / mib, bytes % mib * 10 / mib);
            language.with("mebibytes", [("whole", whole.into()), ("tenths", tenths.into())])
        }
    }
}
