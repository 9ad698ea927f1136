//! What helps an author while typing: a live preview, drafts saved automatically, pictures that are
//! pasted, dropped or chosen, and keys. The form belongs to the page and works without this island.
#![allow(missing_docs, reason = "of the arguments, which the macros make fields of")]

mod text;

use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde::{Deserialize, Serialize};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::js_sys::Date;

use self::text::{Edit, emphasise, moved, place_block, units};
use crate::api::studio::{keep_draft, preview};
use crate::draft::{KeptDraft, Typed};
use crate::error::Error;

/// Delay from a change to the preview, in milliseconds.
const PREVIEW_AFTER_MS: u32 = 300;
/// Delay from a change to saving the draft, in milliseconds. A browser crash loses about this much
/// typing.
const KEEP_AFTER_MS: u32 = 1_000;
/// Delay before retrying to save a draft, in milliseconds.
const RETRY_AFTER_MS: u32 = 3_000;

/// The `id` of the form.
const FORM: &str = "editor";
/// The `id` of the field that holds the text.
const MARKDOWN: &str = "markdown";
/// The `id` of the field that holds the form's key.
const FORM_KEY: &str = "form_key";

/// A text of the island. What is only known in the browser stands in braces: `{time}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EditorText {
    /// The name of the preview and the status line together.
    Preview,
    /// The name of the preview.
    WhatReadersSee,
    /// The button that adds pictures.
    AddPicture,
    /// The button that closes the list of problems.
    Dismiss,
    /// A draft was saved at `{time}`.
    Saved,
    /// A draft was saved at `{time}`, but the article was changed, as the sentence `{change}` says.
    SavedAfterChange,
    /// The form was saved before.
    OutOfDate,
    /// A draft was not saved, and is tried again.
    NoConnection,
    /// A draft was not saved, because the session has ended.
    SignedOut,
    /// A draft was not saved; the sentence `{reason}` says why.
    NotSaved,
    /// Why a draft that is too large was not saved.
    TooLarge,
    /// The picture `{name}` is being uploaded.
    Uploading,
    /// The picture `{name}` is in the text.
    PictureAdded,
    /// The picture `{name}` could not be uploaded; `{reason}` says why.
    PictureNotAdded,
    /// Why: the session has ended.
    SignInFirst,
    /// Why: the server can't do it at the moment.
    Unavailable,
    /// Why: no connection.
    UploadNoConnection,
    /// Why: the answer can't be read.
    UploadNotRead,
    /// Why: the answer has the status `{status}` and says nothing.
    UploadAnswered,
}

impl EditorText {
    /// All texts, in the order of their numbers.
    pub const ALL: [EditorText; 19] = [
        EditorText::Preview,
        EditorText::WhatReadersSee,
        EditorText::AddPicture,
        EditorText::Dismiss,
        EditorText::Saved,
        EditorText::SavedAfterChange,
        EditorText::OutOfDate,
        EditorText::NoConnection,
        EditorText::SignedOut,
        EditorText::NotSaved,
        EditorText::TooLarge,
        EditorText::Uploading,
        EditorText::PictureAdded,
        EditorText::PictureNotAdded,
        EditorText::SignInFirst,
        EditorText::Unavailable,
        EditorText::UploadNoConnection,
        EditorText::UploadNotRead,
        EditorText::UploadAnswered,
    ];
}

/// What the island says, in the language of the page. A list, because the code that reads a struct
/// makes the browser's library larger by a twentieth.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EditorTexts(Vec<String>);

impl EditorTexts {
    /// The texts that `text` gives.
    pub fn new(text: impl Fn(EditorText) -> String) -> Self {
        Self(EditorText::ALL.map(text).into())
    }

    fn get(&self, text: EditorText) -> String {
        self.0.get(text as usize).cloned().unwrap_or_default()
    }
}

/// The island's state. Each change gets a number; `kept` and `previewed` hold the number of the
/// last change that was saved or sent for preview.
#[derive(Clone, Copy)]
struct Editor {
    article: i64,
    version: i64,
    texts: StoredValue<EditorTexts>,
    changed: RwSignal<u64>,
    kept: RwSignal<u64>,
    previewed: RwSignal<u64>,
    is_keeping: RwSignal<bool>,
    is_previewing: RwSignal<bool>,
    is_sent: RwSignal<bool>,
    status: RwSignal<String>,
    /// Why pictures could not be added, until the author has read it.
    problems: RwSignal<Vec<String>>,
    html: RwSignal<String>,
}

/// The preview and the status line.
#[island]
pub fn EditorTools(
    /// The article's id; 0 for a new one.
    article: i64,
    /// The article's version that is being edited.
    version: i64,
    /// What it says.
    texts: EditorTexts,
) -> impl IntoView {
    let (preview, dismiss) = (texts.get(EditorText::Preview), texts.get(EditorText::Dismiss));
    let what_readers_see = texts.get(EditorText::WhatReadersSee);
    let add_picture = texts.get(EditorText::AddPicture);
    let editor = Editor {
        article,
        version,
        texts: StoredValue::new(texts),
        changed: RwSignal::new(0),
        kept: RwSignal::new(0),
        previewed: RwSignal::new(0),
        is_keeping: RwSignal::new(false),
        is_previewing: RwSignal::new(false),
        is_sent: RwSignal::new(false),
        status: RwSignal::new(String::new()),
        problems: RwSignal::new(Vec::new()),
        html: RwSignal::new(String::new()),
    };
    // Hidden until the island is hydrated: without JavaScript there is nothing to show.
    let is_alive = RwSignal::new(false);
    Effect::new(move |_| {
        is_alive.set(true);
        editor.listen();
        spawn_local(editor.follow_with_preview(0));
    });
    let choose = move |event: web_sys::Event| {
        let Some(input) =
            event.target().and_then(|target| target.dyn_into::<web_sys::HtmlInputElement>().ok())
        else {
            return;
        };
        if let Some(files) = input.files() {
            editor.add_pictures(&files);
        }
        // Without this, choosing the same file again fires no change event.
        input.set_value("");
    };
    let problems = editor.problems;
    view! {
        <section class="editor-tools" hidden=move || !is_alive.get() aria-label=preview>
            <div class="editor-bar">
                <p class="editor-status" role="status">{move || editor.status.get()}</p>
                <label class="button" for="picture-file">{add_picture}</label>
                <input
                    id="picture-file"
                    class="visually-hidden"
                    type="file"
                    accept="image/png,image/jpeg,image/gif,image/webp"
                    multiple
                    on:change=choose
                />
            </div>
            <div class="editor-problems" role="alert" hidden=move || problems.with(Vec::is_empty)>
                {move || {
                    let texts = problems.get().into_iter();
                    texts.map(|text| view! { <p class="field-error">{text}</p> }).collect_view()
                }}
                <button type="button" class="link-button" on:click=move |_| problems.update(Vec::clear)>
                    {dismiss}
                </button>
            </div>
            <div class="preview" tabindex="0" role="region" aria-label=what_readers_see inner_html=move || editor.html.get()></div>
        </section>
    }
}

impl Editor {
    fn listen(self) {
        let Some(form) = form() else { return };
        listen(&form, "input", move |_| self.change());
        listen(&form, "submit", move |_| self.is_sent.set(true));
        // Wherever the focus is, the browser's own "Save page" is not what an author wants.
        listen(&document(), "keydown", move |event| {
            if shortcut(&event).as_deref() != Some("s") {
                return;
            }
            event.prevent_default();
            if !self.is_sent.get_untracked() {
                let _ = self::form().map(|form| form.request_submit());
            }
        });
        if let Some(title) = document().get_element_by_id("title") {
            listen(&title, "keydown", |event| {
                let Some(key) = event.dyn_ref::<web_sys::KeyboardEvent>() else { return };
                // While a character is being composed, Enter belongs to the input method.
                if key.key() != "Enter" || key.is_composing() {
                    return;
                }
                event.prevent_default();
                if let Some(field) = text_field() {
                    let _ = field.focus();
                    let _ = field.set_selection_range(0, 0);
                }
            });
        }
        if let Some(text) = text_field() {
            listen(&text, "keydown", move |event| {
                let mark = match shortcut(&event).as_deref() {
                    Some("b") => "**",
                    Some("i") => "_",
                    _ => return,
                };
                event.prevent_default();
                let Some(field) = text_field() else { return };
                let (start, end) = selection(&field);
                apply(&field, &emphasise(&field.value(), start, end, mark));
                self.change();
            });
            listen(&text, "paste", move |event| {
                let data = event
                    .dyn_ref::<web_sys::ClipboardEvent>()
                    .and_then(web_sys::ClipboardEvent::clipboard_data);
                self.take(&event, data);
            });
            listen(&text, "drop", move |event| {
                let data = event
                    .dyn_ref::<web_sys::DragEvent>()
                    .and_then(web_sys::DragEvent::data_transfer);
                self.take(&event, data);
            });
        }
        let _ = window_event_listener_untyped("beforeunload", move |event| {
            let is_lost = self.changed.get_untracked() != self.kept.get_untracked()
                && !self.is_sent.get_untracked();
            if is_lost {
                event.prevent_default();
            }
        });
        // The author went back to a page whose form was sent.
        let _ = window_event_listener_untyped("pageshow", move |event| {
            let event = event.dyn_ref::<web_sys::PageTransitionEvent>();
            if event.is_some_and(web_sys::PageTransitionEvent::persisted)
                && self.is_sent.get_untracked()
            {
                self.is_sent.set(false);
                spawn_local(self.go_on());
            }
        });
    }

    /// Goes on with a form that was sent. If it was saved, the page is out of date; otherwise what
    /// is in it is kept.
    async fn go_on(self) {
        match keep_draft(self.article, self.version, value(FORM_KEY), typed()).await {
            Ok(None) => {
                let _ = window().location().reload();
            }
            _ => self.change(),
        }
    }

    /// Registers a change, and starts the save and preview loops unless they are running.
    fn change(self) {
        self.changed.update(|changed| *changed += 1);
        if !self.is_keeping.get_untracked() {
            self.is_keeping.set(true);
            spawn_local(self.keep());
        }
        if !self.is_previewing.get_untracked() {
            self.is_previewing.set(true);
            spawn_local(self.follow_with_preview(PREVIEW_AFTER_MS));
        }
    }

    /// Saves drafts until the last change is saved, or the form is submitted.
    async fn keep(self) {
        let mut delay = KEEP_AFTER_MS;
        loop {
            TimeoutFuture::new(delay).await;
            if self.is_sent.get_untracked() {
                break;
            }
            let change = self.changed.get_untracked();
            let kept = keep_draft(self.article, self.version, value(FORM_KEY), typed()).await;
            let texts = self.texts.get_value();
            let (is_done, status) = match kept {
                Ok(Some(KeptDraft { saved_at, changed })) => {
                    let text = match changed {
                        None => texts.get(EditorText::Saved),
                        Some(change) => texts
                            .get(EditorText::SavedAfterChange)
                            .replace("{change}", &change.to_string()),
                    };
                    (true, text.replace("{time}", &time_of_day(saved_at)))
                }
                Ok(None) => (true, texts.get(EditorText::OutOfDate)),
                Err(Error::Unavailable | Error::Internal) => {
                    (false, texts.get(EditorText::NoConnection))
                }
                Err(Error::Unauthorized) => (false, texts.get(EditorText::SignedOut)),
                Err(Error::TooLarge) => (
                    false,
                    texts
                        .get(EditorText::NotSaved)
                        .replace("{reason}", &texts.get(EditorText::TooLarge)),
                ),
                // The server says it in the language of the page.
                Err(error) => {
                    (false, texts.get(EditorText::NotSaved).replace("{reason}", &error.to_string()))
                }
            };
            self.status.set(status);
            if is_done {
                self.kept.set(change);
                if self.changed.get_untracked() == change {
                    break;
                }
            }
            delay = if is_done { KEEP_AFTER_MS } else { RETRY_AFTER_MS };
        }
        self.is_keeping.set(false);
    }

    /// Updates the preview until it shows the last change.
    async fn follow_with_preview(self, after_ms: u32) {
        loop {
            TimeoutFuture::new(after_ms).await;
            let change = self.changed.get_untracked();
            // If this fails, the preview stays stale until the next change. Nothing typed is lost.
            if let Ok(html) = preview(self.article, typed()).await {
                self.html.set(html);
            }
            self.previewed.set(change);
            if self.changed.get_untracked() == change {
                break;
            }
        }
        self.is_previewing.set(false);
    }

    /// Uploads pasted or dropped files. Anything else keeps its default behaviour.
    fn take(self, event: &web_sys::Event, data: Option<web_sys::DataTransfer>) {
        let Some(files) = data.and_then(|data| data.files()).filter(|files| files.length() > 0)
        else {
            return;
        };
        event.prevent_default();
        self.add_pictures(&files);
    }

    fn add_pictures(self, files: &web_sys::FileList) {
        self.problems.update(Vec::clear);
        for index in 0..files.length() {
            if let Some(file) = files.item(index) {
                spawn_local(self.add_picture(file));
            }
        }
    }

    /// Uploads a picture and inserts its Markdown. Until the upload is done, a placeholder stands
    /// in the text.
    async fn add_picture(self, file: web_sys::File) {
        let texts = self.texts.get_value();
        let name = file.name();
        let uploading = texts.get(EditorText::Uploading).replace("{name}", &name);
        let place = format!("![{}]()", uploading.replace(['[', ']'], ""));
        let inserted = insert(&place);
        self.change();
        self.status.set(uploading);
        match upload(&file, &texts).await {
            Ok(markdown) => {
                replace(&place, &markdown);
                self.status.set(texts.get(EditorText::PictureAdded).replace("{name}", &name));
            }
            Err(reason) => {
                if !replace(&inserted, "") {
                    replace(&place, "");
                }
                let problem = texts.get(EditorText::PictureNotAdded).replace("{name}", &name);
                let problem = problem.replace("{reason}", &reason);
                self.problems.update(|problems| problems.push(problem));
            }
        }
        self.change();
    }
}

fn form() -> Option<web_sys::HtmlFormElement> {
    document().get_element_by_id(FORM)?.dyn_into().ok()
}

fn text_field() -> Option<web_sys::HtmlTextAreaElement> {
    document().get_element_by_id(MARKDOWN)?.dyn_into().ok()
}

/// The value of an input.
fn value(id: &str) -> String {
    let input = document()
        .get_element_by_id(id)
        .and_then(|field| field.dyn_into::<web_sys::HtmlInputElement>().ok());
    input.map(|input| input.value()).unwrap_or_default()
}

/// The current contents of the form.
fn typed() -> Typed {
    let is_checked = |id: &str| {
        let field = document().get_element_by_id(id);
        let field = field.and_then(|field| field.dyn_into::<web_sys::HtmlInputElement>().ok());
        field.is_some_and(|field| field.checked())
    };
    Typed {
        title: value("title"),
        slug: value("slug"),
        summary: value("summary"),
        tags: value("tags"),
        series: value("series"),
        cover: value("cover"),
        is_page: is_checked("kind"),
        markdown: text_field().map(|field| field.value()).unwrap_or_default(),
    }
}

/// Adds an event listener. It is never removed, because the form lives as long as the page.
fn listen(target: &web_sys::EventTarget, event: &str, act: impl Fn(web_sys::Event) + 'static) {
    let act = Closure::<dyn Fn(web_sys::Event)>::new(act);
    let _ = target.add_event_listener_with_callback(event, act.as_ref().unchecked_ref());
    act.forget();
}

/// The letter of a shortcut with Ctrl (or Command), in lower case.
fn shortcut(event: &web_sys::Event) -> Option<String> {
    let key = event.dyn_ref::<web_sys::KeyboardEvent>()?;
    let is_shortcut = (key.ctrl_key() || key.meta_key()) && !key.alt_key() && !key.shift_key();
    is_shortcut.then(|| key.key().to_lowercase())
}

/// The hours and minutes of a time in milliseconds since 1970, where the author is.
fn time_of_day(milliseconds: i64) -> String {
    let date = Date::new(&JsValue::from_f64(milliseconds as f64));
    format!("{:02}:{:02}", date.get_hours(), date.get_minutes())
}

/// The selection in the text. The cursor is an empty one.
fn selection(field: &web_sys::HtmlTextAreaElement) -> (u32, u32) {
    let start = field.selection_start().ok().flatten().unwrap_or_else(|| units(&field.value()));
    let end = field.selection_end().ok().flatten().unwrap_or(start);
    (start, end)
}

/// Inserts a paragraph at the cursor, and nothing in the line that it is in. Returns the inserted
/// text.
fn insert(block: &str) -> String {
    let Some(field) = text_field() else { return String::new() };
    let _ = field.focus();
    let (_, cursor) = selection(&field);
    let edit = place_block(&field.value(), cursor, block);
    apply(&field, &edit);
    edit.text
}

/// Replaces the first `old` in the text with `new`, wherever it has moved to. The cursor stays
/// where it is. Returns whether `old` was there.
fn replace(old: &str, new: &str) -> bool {
    let Some(field) = text_field() else { return false };
    let value = field.value();
    let Some(at) = value.find(old) else { return false };
    let start = units(&value[..at]);
    let end = start + units(old);
    let stays = |position: u32| moved(position, start, end, units(new));
    let (from, to) = selection(&field);
    apply(&field, &Edit { start, end, text: new.to_owned(), selection: (stays(from), stays(to)) });
    true
}

/// Changes the text. While the author is in it, the change can be undone like typing.
fn apply(field: &web_sys::HtmlTextAreaElement, edit: &Edit) {
    let Edit { start, end, text, selection } = edit;
    let scroll = field.scroll_top();
    let is_active = document().active_element().as_ref() == Some(field.as_ref());
    if !is_active || !type_over(field, *start, *end, text) {
        let _ = field.set_range_text_with_start_and_end_and_mode(text, *start, *end, "preserve");
    }
    let _ = field.set_selection_range(selection.0, selection.1);
    field.set_scroll_top(scroll);
}

/// Types `text` over `start..end`, with the one command that lets the author undo it. Returns false
/// if the browser has it no more.
fn type_over(field: &web_sys::HtmlTextAreaElement, start: u32, end: u32, text: &str) -> bool {
    let Ok(page) = document().dyn_into::<web_sys::HtmlDocument>() else { return false };
    if field.set_selection_range(start, end).is_err() {
        return false;
    }
    let command = if text.is_empty() { "delete" } else { "insertText" };
    page.exec_command_with_show_ui_and_value(command, false, text).unwrap_or(false)
}

/// Uploads a picture. Returns its Markdown, or why the upload failed.
async fn upload(file: &web_sys::File, texts: &EditorTexts) -> Result<String, String> {
    let failed = |_| texts.get(EditorText::UploadNoConnection);
    let form = web_sys::FormData::new().map_err(failed)?;
    form.append_with_blob_and_filename("picture", file, &file.name()).map_err(failed)?;
    let headers = web_sys::Headers::new().map_err(failed)?;
    headers.set("accept", "application/json").map_err(failed)?;
    let options = web_sys::RequestInit::new();
    options.set_method("POST");
    options.set_body(&form);
    options.set_headers(&headers);
    let sent = window().fetch_with_str_and_init("/studio/pictures", &options);
    let response: web_sys::Response =
        JsFuture::from(sent).await.map_err(failed)?.dyn_into().map_err(failed)?;
    let answer = JsFuture::from(response.text().map_err(failed)?).await.map_err(failed)?;
    let answer: serde_json::Value = serde_json::from_str(&answer.as_string().unwrap_or_default())
        .map_err(|_| texts.get(EditorText::UploadNotRead))?;
    let text = |name: &str| answer.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
    match (response.status(), text("markdown"), text("detail")) {
        (200..300, Some(markdown), _) => Ok(markdown),
        (401, ..) => Err(texts.get(EditorText::SignInFirst)),
        (503, ..) => Err(texts.get(EditorText::Unavailable)),
        // The server says it in the language of the page.
        (_, _, Some(detail)) => Err(detail),
        _ => Err(texts
            .get(EditorText::UploadAnswered)
            .replace("{status}", &response.status().to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_arrive_under_their_numbers() {
        let texts = EditorTexts::new(|text| format!("{text:?}"));
        for text in EditorText::ALL {
            assert_eq!(texts.get(text), format!("{text:?}"));
        }
    }
}
