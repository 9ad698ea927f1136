//! The forms for what users show of themselves, the line about them and their avatar, and for
//! their time zone.

use leptos::prelude::*;

use super::avatar::Avatar;
use super::form::{Field, FieldNotes, FormErrors, described_by, sent_form};
use crate::server::accounts::{LONGEST_ABOUT, time_zones};
use crate::server::db::users::User;
use crate::server::request::forms::{AVATAR, PICTURE_FIELD};
use crate::server::request::limits::LARGEST_AVATAR;
use crate::text::language;

/// The line about the user.
#[component]
pub fn AboutForm(user: User) -> impl IntoView {
    let sent = sent_form("/account/about");
    let most = i64::try_from(LONGEST_ABOUT).unwrap_or(i64::MAX);
    let hint = language().with("about-hint", [("count", most.into())]);
    view! {
        <h2>{language().text("about-you")}</h2>
        <FormErrors sent=sent.clone() />
        <form class="form" method="post" action="/account/about">
            <Field sent name="about" label=language().text("about-label") value=user.about hint optional=true />
            <button type="submit" class="button">{language().text("change-about")}</button>
        </form>
    }
}

/// The user's time zone.
#[component]
pub fn TimeZoneForm(user: User) -> impl IntoView {
    let sent = sent_form("/account/time-zone");
    let chosen = sent.value("time_zone").map_or(user.time_zone, str::to_owned);
    let error = sent.error("time_zone");
    let options = time_zones().map(|name| {
        let is_chosen = name == chosen;
        view! { <option selected=is_chosen>{name}</option> }
    });
    let options = options.collect_view();
    let hint = language().text("time-zone-use");
    view! {
        <h2>{language().text("time-zone")}</h2>
        <FormErrors sent />
        <form class="form" method="post" action="/account/time-zone">
            <label for="time_zone">{language().text("time-zone-label")}</label>
            <select
                id="time_zone"
                name="time_zone"
                aria-invalid=error.as_ref().map(|_| "true")
                aria-describedby=described_by("time_zone", &hint, error.as_deref())
            >
                {options}
            </select>
            <FieldNotes name="time_zone" hint error />
            <button type="submit" class="button">{language().text("change-time-zone")}</button>
        </form>
    }
}

/// The user's avatar: what it is now, a form to upload another one, and one to remove it.
#[component]
pub fn AvatarForm(user: User) -> impl IntoView {
    let error = sent_form(AVATAR).error(PICTURE_FIELD);
    let most = i64::try_from(LARGEST_AVATAR >> 20).unwrap_or(i64::MAX);
    let hint = language().with("avatar-hint", [("count", most.into())]);
    let remove = user.avatar.is_some().then(|| {
        view! {
            <form method="post" action="/account/avatar/delete">
                <button type="submit" class="link-button">{language().text("remove-avatar")}</button>
            </form>
        }
    });
    view! {
        <h2>{language().text("avatar")}</h2>
        <div class="avatar-now">
            <Avatar author=user.author() />
            {remove}
        </div>
        <form class="form" method="post" action=AVATAR enctype="multipart/form-data">
            <label for=PICTURE_FIELD>{language().text("avatar-label")}</label>
            <input
                id=PICTURE_FIELD
                name=PICTURE_FIELD
                type="file"
                accept="image/png,image/jpeg,image/gif,image/webp"
                required
                aria-invalid=error.as_ref().map(|_| "true")
                aria-describedby=described_by(PICTURE_FIELD, &hint, error.as_deref())
                autofocus=error.is_some()
            />
            <FieldNotes name=PICTURE_FIELD hint error />
            <button type="submit" class="button">{language().text("upload-avatar")}</button>
        </form>
    }
}
