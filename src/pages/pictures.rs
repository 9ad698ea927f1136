//! The page where authors upload and manage pictures.

use jiff::Timestamp;
use leptos::prelude::*;

use super::query::{page_number, query};
use crate::components::article_list::{Date, Pagination};
use crate::components::form::{FieldNotes, Notice, described_by, sent_form};
use crate::components::page::{Content, Head, LoadedPage, site};
use crate::error::Error;
use crate::server::db::pictures::ListedPicture;
use crate::server::pictures::{markdown, owner_seen_by};
use crate::server::request::forms::{PICTURE_FIELD, PICTURES};
use crate::server::request::identity::current_user;
use crate::server::request::limits::LARGEST_PICTURE;
use crate::server::state::AppState;

/// Pictures per page.
const PER_PAGE: i64 = 24;

/// `/studio/pictures`
pub async fn page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let user = current_user(&expect_context());
    let number = page_number();
    let notice = match (query("added").as_deref(), query("deleted")) {
        (Some("1"), _) => Some("Picture added. Copy its Markdown into an article."),
        (Some(_), _) => Some("Pictures added. Copy their Markdown into an article."),
        (None, Some(_)) => Some("Picture deleted."),
        (None, None) => None,
    };
    let title = format!("Pictures · {}", site().title);
    let content = async move {
        let user = user?;
        let owner = owner_seen_by(&user);
        let pictures = state.database.pictures(owner, number?, PER_PAGE).await?;
        if pictures.page > pictures.pages {
            return Err(Error::NotFound("This list has no such page.".into()));
        }
        let list = if pictures.items.is_empty() {
            view! {
                <p class="empty">
                    "No pictures yet. Choose one above. It gets an address that can't be guessed, and data from the camera, such as the location, is removed."
                </p>
            }
            .into_any()
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
                    <h1>"Pictures"</h1>
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
    let hint = format!("PNG, JPEG, GIF or WebP, up to {} MiB in total.", LARGEST_PICTURE >> 20);
    view! {
        <form class="form picture-form" method="post" action=PICTURES enctype="multipart/form-data">
            <label for=PICTURE_FIELD>"Add pictures"</label>
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
            <button type="submit" class="button button-primary">"Upload"</button>
        </form>
    }
}

#[component]
fn PictureCard(listed: ListedPicture, shows_owner: bool) -> impl IntoView {
    let ListedPicture { picture, owner } = listed;
    let address = format!("/pictures/{}", picture.name);
    let source = address.clone();
    let id = format!("markdown-{}", picture.name);
    let label = format!("Markdown for {}", picture.original_name);
    let added = Timestamp::from_millisecond(picture.created_at).unwrap_or_default();
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
                <span>{format_bytes(picture.bytes)}</span>
                <Date at=added />
                {shows_owner.then(|| view! { <span>{owner}</span> })}
            </p>
            <label class="visually-hidden" for=id.clone()>{label}</label>
            <input class="picture-markdown" id=id value=markdown(&picture) readonly />
            <details class="picture-delete">
                <summary>"Delete"<span class="visually-hidden">{format!(" {}", picture.original_name)}</span></summary>
                <form method="post" action=format!("{PICTURES}/{}/delete", picture.name)>
                    <p>"Articles that use this picture will show a broken image."</p>
                    <button type="submit" class="button button-danger">"Delete picture"</button>
                </form>
            </details>
        </li>
    }
}

/// Formats a file size for people.
fn format_bytes(bytes: i64) -> String {
    let (kib, mib) = (1024, 1024 * 1024);
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        _ if bytes < mib => format!("{} KiB", (bytes + kib / 2) / kib),
        _ => format!("{}.{} MiB", bytes / mib, bytes % mib * 10 / mib),
    }
}
