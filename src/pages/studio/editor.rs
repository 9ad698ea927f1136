//! The article editor. It is a plain form that works without JavaScript; the island adds
//! conveniences.

use axum::http::request::Parts;
use jiff::tz::TimeZone;
use leptos::prelude::*;
use tidemark_content::difference::Differences;
use tidemark_content::front_matter::one_line_end;
use tidemark_counting::ArticleId;
use tidemark_store::clock::Millis;

use super::super::query::{param, query};
use super::{State, StateLabel};
use crate::components::article_list::Time;
use crate::components::diff::Diff;
use crate::components::form::{
    Field, FieldNotes, FormErrors, Notice, described_by, sent_form, textarea_text,
};
use crate::components::page::{Content, Head, LoadedPage, site};
use crate::draft::Typed;
use crate::editor::{EditorText, EditorTexts, EditorTools};
use crate::message::Message;
use crate::model::language::Language;
use crate::server::db::articles::Kind;
use crate::server::db::drafts::{DraftStamp, NEW_ARTICLE};
use crate::server::db::studio::EditableArticle;
use crate::server::request::forms::{Conflict, SentForm};
use crate::server::request::identity::{current_user, zone};
use crate::server::state::AppState;
use crate::server::studio::drafts::{RecoveredDraft, is_form_key, new_form_key, recovered_field};
use crate::server::studio::form::format_time;
use crate::server::studio::no_article;
use crate::text::language;

/// The contents of the editor's fields, and where they come from.
struct Text {
    /// The version that the text is based on; 0 for a new article.
    version: i64,
    typed: Typed,
    /// The form's key.
    key: String,
    /// The field that names the draft that the form was filled from; empty if there was none.
    recovered: String,
    /// When that draft was stored, in milliseconds since the Unix epoch. Only while the form shows
    /// it for the first time.
    recovered_at: Option<Millis>,
    /// The user's other drafts of this article.
    others: Vec<DraftStamp>,
}

impl Text {
    /// The stored text, or an empty form.
    fn stored(version: i64, typed: Typed, others: Vec<DraftStamp>) -> Self {
        let (key, recovered) = (new_form_key(), String::new());
        Self { version, typed, key, recovered, recovered_at: None, others }
    }

    /// A form that was sent and is shown again.
    fn sent(version: i64, key: String, sent: &SentForm) -> Self {
        let recovered = sent.value("recovered").unwrap_or_default().to_owned();
        Self { version, typed: typed(sent), key, recovered, recovered_at: None, others: vec![] }
    }

    /// A draft.
    fn draft(
        RecoveredDraft { stamp, version, typed }: RecoveredDraft,
        others: Vec<DraftStamp>,
    ) -> Self {
        Self {
            version,
            typed,
            key: new_form_key(),
            recovered: recovered_field(&stamp),
            recovered_at: Some(stamp.saved_at),
            others,
        }
    }
}

/// The contents of a submitted form that is shown again.
fn typed(sent: &SentForm) -> Typed {
    let value = |name: &str| sent.value(name).unwrap_or_default().to_owned();
    Typed {
        title: value("title"),
        slug: value("slug"),
        summary: value("summary"),
        tags: value("tags"),
        cover: value("cover"),
        series: value("series"),
        is_page: value("kind") == "page",
        markdown: sent.value("markdown").map(one_line_end).unwrap_or_default(),
    }
}

/// What was done with the text of a form that the page was opened from.
fn discarded(done: Option<&str>) -> Option<String> {
    match done {
        Some("discarded") => Some(language().text("done-discarded")),
        Some("kept") => Some(language().text("done-kept")),
        _ => None,
    }
}

/// What the page's island says. It is made here, because the browser has no texts of its own.
fn editor_texts(language: Language) -> EditorTexts {
    EditorTexts::new(|text| match text {
        EditorText::Preview => language.text("preview"),
        EditorText::WhatReadersSee => language.text("what-readers-see"),
        EditorText::AddPicture => language.text("add-picture"),
        EditorText::Dismiss => language.text("dismiss"),
        EditorText::Saved => language.with("draft-saved", [("time", "{time}".into())]),
        EditorText::SavedAfterChange => language.with(
            "draft-saved-after-change",
            [("time", "{time}".into()), ("change", "{change}".into())],
        ),
        EditorText::OutOfDate => language.text("page-out-of-date"),
        EditorText::NoConnection => language.text("draft-no-connection"),
        EditorText::SignedOut => language.text("draft-signed-out"),
        EditorText::NotSaved => language.with("draft-not-saved", [("reason", "{reason}".into())]),
        EditorText::TooLarge => language.text("error-too-large"),
        EditorText::Uploading => language.with("uploading", [("name", "{name}".into())]),
        EditorText::PictureAdded => language.with("picture-was-added", [("name", "{name}".into())]),
        EditorText::PictureNotAdded => language
            .with("picture-not-added", [("name", "{name}".into()), ("reason", "{reason}".into())]),
        EditorText::SignInFirst => language.text("error-unauthorized"),
        EditorText::Unavailable => language.text("error-unavailable"),
        EditorText::UploadNoConnection => language.text("upload-no-connection"),
        EditorText::UploadNotRead => language.text("upload-not-read"),
        EditorText::UploadAnswered => {
            language.with("upload-answered", [("status", "{status}".into())])
        }
    })
}

/// `/studio/new?draft=`
pub async fn new_article_page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let parts = expect_context::<Parts>();
    let sent = sent_form("/studio/new");
    let language = language();
    let title = format!("{} · {}", language.text("new-article"), site().title);
    let (wanted, notice) = (query("draft"), discarded(query("done").as_deref()));
    let content = async move {
        let user = current_user(&parts)?;
        let text = if is_sent(&sent) {
            // The key stays: the form is good for one article, also after a correction.
            let key = sent.value("form_key").filter(|key| is_form_key(key));
            let key = key.map_or_else(new_form_key, str::to_owned);
            Text::sent(0, key, &sent)
        } else {
            let empty = Typed::default();
            match state.studio.draft(&user, NEW_ARTICLE, wanted.as_deref(), 0, &empty).await? {
                (Some(draft), others) => Text::draft(draft, others),
                (None, others) => Text::stored(0, empty, others),
            }
        };
        Ok(Content::new(
            Head::new(title),
            view! {
                <h1 class="visually-hidden">{language.text("new-article")}</h1>
                {notice.map(|text| view! { <Notice text /> })}
                <Editor text sent article=None now=state.clock.now() />
            },
        )
        .with_islands())
    };
    LoadedPage::of(false, content).await
}

/// `/studio/{id}?draft=`
pub async fn page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let parts = expect_context::<Parts>();
    let conflict = use_context::<Conflict>();
    let id = param("id");
    let sent = sent_form(&format!("/studio/{id}"));
    let refused = ["bin", "restore"].map(|action| sent_form(&format!("/studio/{id}/{action}")));
    let site = site().title.clone();
    let (wanted, done) = (query("draft"), query("done"));
    let language = language();
    let notice = match done.as_deref() {
        Some("saved") => Some(language.text("done-saved")),
        Some("unchanged") => Some(language.text("done-unchanged")),
        Some("published") => Some(language.text("done-published")),
        Some("scheduled") => Some(language.text("done-scheduled")),
        Some("dated") => Some(language.text("done-dated")),
        Some("unpublished") => Some(language.text("done-unpublished")),
        Some("unscheduled") => Some(language.text("done-unscheduled")),
        Some("restored") => Some(language.text("done-restored")),
        Some("revision") => Some(language.text("done-revision")),
        done => discarded(done),
    };
    let content = async move {
        let user = current_user(&parts)?;
        let id = id.parse().map_err(|_| no_article())?;
        let article = state.studio.editable(&user, id).await?;
        let stored = state.studio.typed_of(&article.fields).await?;
        let text = if is_sent(&sent) {
            let key = sent.value("form_key").unwrap_or_default();
            let key = state.studio.key_for_again(&user, key).await?;
            let version = match conflict {
                // The author has been told of the conflict, so the form gets the current version:
                // saving again overwrites it deliberately.
                Some(_) => None,
                None => sent.value("version").and_then(|version| version.parse().ok()),
            };
            Text::sent(version.unwrap_or(article.version), key, &sent)
        } else {
            // In answer to an action, the page shows its result. A draft that was begun before it
            // is only offered.
            let is_answer = done.is_some() || refused.iter().any(SentForm::is_refused);
            let least = if is_answer { article.version } else { 0 };
            match state.studio.draft(&user, id, wanted.as_deref(), least, &stored).await? {
                (Some(draft), others) => Text::draft(draft, others),
                (None, others) => Text::stored(article.version, stored.clone(), others),
            }
        };
        let title = article.fields.title.clone();
        let now = state.clock.now();
        let note = match conflict {
            None => None,
            Some(conflict) => {
                let why = match conflict {
                    Conflict::Changed => state.studio.last_change(&user, &article).await?,
                    Conflict::SavedBefore => Message::text("saved-before"),
                };
                let why = Message::text("text-is-safe").with("change", why);
                let why = language.say(&why);
                let differences =
                    state.studio.differences(language, stored.clone(), text.typed.clone()).await?;
                Some(view! { <ConflictNote why stored=stored.markdown differences id /> })
            }
        };
        let heading = language.with("edit-article", [("title", (&title).into())]);
        let refused = refused.map(|sent| view! { <FormErrors sent /> }).into_iter().collect_view();
        Ok(Content::new(
            Head::new(format!("{title} · {site}")),
            view! {
                <h1 class="visually-hidden">{heading}</h1>
                {notice.filter(|_| conflict.is_none()).map(|text| view! { <Notice text /> })}
                {refused}
                {note}
                <Editor text sent article=Some(article) now />
            },
        )
        .with_islands())
    };
    LoadedPage::of(false, content).await
}

fn is_sent(sent: &SentForm) -> bool {
    sent.value("markdown").is_some()
}

#[component]
fn Editor(
    text: Text,
    sent: SentForm,
    article: Option<EditableArticle>,
    now: Millis,
) -> impl IntoView {
    let Text { version, typed, key, recovered, recovered_at, others } = text;
    let action = article
        .as_ref()
        .map_or("/studio/new".to_owned(), |article| format!("/studio/{}", article.id));
    let language = language();
    let notice = recovered_at.map(|at| {
        let (before, after) = language.around("changes-recovered", "time");
        let (action, key) = (format!("{action}/discard"), key.clone());
        let recovered = recovered.clone();
        view! {
            <form class="notice row-form" method="post" action=action>
                <span>{before} <Time at /> {after}</span>
                <input type="hidden" name="form_key" value=key />
                <input type="hidden" name="recovered" value=recovered />
                <button type="submit" class="link-button">{language.text("discard-them")}</button>
            </form>
        }
    });
    let others =
        (!others.is_empty()).then(|| view! { <OtherDrafts others action=action.clone() /> });
    let markdown_error = sent.error("markdown");
    let state = article.as_ref().map_or(State::Draft, |article| state_of(article, now));
    let published_at = article.as_ref().and_then(|article| article.fields.published_at);
    // A form that is shown again keeps the time zone of its time.
    let sent_zone = sent.value("time_zone").and_then(|name| TimeZone::get(name).ok());
    let zone = sent_zone.or_else(|| with_context::<Parts, _>(zone)).unwrap_or(TimeZone::UTC);
    let zone_name = zone.iana_name().unwrap_or("UTC").to_owned();
    let schedule = sent.value("published_at").map(str::to_owned);
    let schedule = schedule
        .or_else(|| {
            let has_date = matches!(state, State::Scheduled | State::Published);
            published_at.filter(|_| has_date).map(|at| format_time(at, &zone))
        })
        .unwrap_or_default();
    let id = article.as_ref().map_or(0, |article| article.id.0);
    let state_line =
        article.as_ref().map(|article| view! { <StateLine article=article.clone() now /> });
    let (before, after) = language.around("pictures-without-script", "link");
    let below = article.as_ref().map(|article| view! { <BinForm article=article.clone() /> });
    view! {
        {notice}
        {others}
        {state_line}
        <FormErrors sent=sent.clone() />
        <div class="editor">
            <form id="editor" class="form editor-form" method="post" action=action>
                // What Enter in a field would press: nothing. A finished title is not a save.
                <button type="submit" hidden disabled></button>
                <input type="hidden" name="version" value=version />
                <input type="hidden" id="form_key" name="form_key" value=key />
                <input type="hidden" name="recovered" value=recovered />
                <input type="hidden" name="time_zone" value=zone_name />
                <Field sent=sent.clone() name="title" label=language.text("title") value=typed.title />
                <label for="markdown">{language.text("text-in-markdown")}</label>
                <textarea
                    id="markdown"
                    name="markdown"
                    rows="24"
                    spellcheck="true"
                    aria-invalid=markdown_error.as_ref().map(|_| "true")
                    aria-describedby=described_by("markdown", "", markdown_error.as_deref())
                >
                    {textarea_text(&typed.markdown)}
                </textarea>
                <FieldNotes name="markdown" hint=String::new() error=markdown_error />
                <Field
                    sent=sent.clone()
                    name="summary"
                    label=language.text("summary")
                    value=typed.summary
                    hint=language.text("summary-hint")
                    optional=true
                />
                <Field
                    sent=sent.clone()
                    name="tags"
                    label=language.text("tags")
                    value=typed.tags
                    hint=language.text("tags-hint")
                    optional=true
                />
                <Field
                    sent=sent.clone()
                    name="series"
                    label=language.text("series")
                    value=typed.series
                    hint=language.text("series-hint")
                    optional=true
                />
                <Field
                    sent=sent.clone()
                    name="slug"
                    label=language.text("address")
                    value=typed.slug
                    hint=language.text("address-hint")
                    optional=true
                />
                <Field
                    sent=sent.clone()
                    name="cover"
                    label=language.text("cover-picture")
                    value=typed.cover
                    hint=language.text("cover-hint")
                    optional=true
                />
                <label class="choice">
                    <input
                        type="checkbox"
                        id="kind"
                        name="kind"
                        value="page"
                        checked=typed.is_page
                        aria-describedby="kind-hint"
                    />
                    {language.text("this-is-a-page")}
                </label>
                <p class="field-hint" id="kind-hint">
                    {language.text("page-hint")}
                </p>
                <Buttons state schedule zone sent />
            </form>
            <EditorTools article=id version texts=editor_texts(language) />
            <noscript>
                <p class="field-hint">
                    {before}
                    <a href="/studio/pictures" target="_blank">{language.text("add-pictures")}</a>
                    {after}
                </p>
            </noscript>
        </div>
        {below}
    }
}

fn state_of(article: &EditableArticle, now: Millis) -> State {
    let EditableArticle { deleted_at, fields, .. } = article;
    State::of(fields.status, fields.published_at, *deleted_at, now)
}

/// A user's other drafts of the article: of another tab, or of a browser that crashed.
#[component]
fn OtherDrafts(
    others: Vec<DraftStamp>,
    /// The address of the editor.
    action: String,
) -> impl IntoView {
    let language = language();
    let items = others
        .into_iter()
        .map(|stamp| {
            let recovered = recovered_field(&stamp);
            let DraftStamp { form_key, saved_at } = stamp;
            view! {
                <li>
                    <form class="row-form" method="post" action=format!("{action}/discard")>
                        <Time at=saved_at />
                        <a href=format!("{action}?draft={form_key}")>{language.text("open")}</a>
                        <input type="hidden" name="recovered" value=recovered />
                        <button type="submit" class="link-button">{language.text("discard")}</button>
                    </form>
                </li>
            }
        })
        .collect_view();
    view! {
        <section class="notice" aria-label=language.text("other-changes")>
            <p>{language.text("other-changes-sentence")}</p>
            <ul class="other-drafts">{items}</ul>
        </section>
    }
}

/// The submit buttons.
#[component]
fn Buttons(state: State, schedule: String, zone: TimeZone, sent: SentForm) -> impl IntoView {
    let is_open = state == State::Scheduled || sent.error("published_at").is_some();
    let language = language();
    let button = |intent: &'static str, label: &'static str| {
        view! { <button type="submit" name="intent" value=intent class="button">{language.text(label)}</button> }
    };
    let save = match state {
        State::Draft => "save-draft",
        State::Scheduled | State::Published => "update",
        State::InTheBin => "save-article",
    };
    let others = match state {
        State::Draft => vec![button("publish", "publish-now")],
        State::Scheduled => {
            vec![button("publish", "publish-now"), button("unpublish", "cancel-schedule")]
        }
        State::Published => vec![button("unpublish", "unpublish")],
        State::InTheBin => vec![],
    };
    let (summary, label) = match state {
        State::Draft => ("publish-later", "schedule"),
        State::Scheduled => ("publish-later", "change-time"),
        State::Published => ("change-date", "change-date"),
        State::InTheBin => ("", ""),
    };
    let later = (state != State::InTheBin).then(|| {
        let summary = language.text(summary);
        view! {
            <details class="editor-schedule" open=is_open>
                <summary>{summary}</summary>
                <Field
                    sent
                    name="published_at"
                    label=language.with("time-in-zone", [("zone", zone.iana_name().unwrap_or("UTC").into())])
                    hint=language.text("time-zone-hint")
                    kind="datetime-local"
                    value=schedule
                    optional=true
                />
                {button("schedule", label)}
            </details>
        }
    });
    view! {
        <div class="editor-buttons">
            <button type="submit" name="intent" value="save" class="button button-primary">{language.text(save)}</button>
            {others}
        </div>
        {later}
    }
}

/// The article's stored state, with links to its page and revisions.
#[component]
fn StateLine(article: EditableArticle, now: Millis) -> impl IntoView {
    let language = language();
    let state = state_of(&article, now);
    let EditableArticle { id, version, updated_at, fields, .. } = article;
    let when = fields.published_at.filter(|_| state == State::Scheduled).map(|at| {
        let (before, after) = language.around("scheduled-at", "time");
        view! { <span>{before} <Time at /> {after}</span> }
    });
    let link = match state {
        State::Published if fields.kind == Kind::Page => Some("view-page"),
        State::Published => Some("view-article"),
        State::Scheduled => Some("view-scheduled"),
        State::Draft | State::InTheBin => None,
    };
    let link = link.map(|label| view! { <a href=fields.address()>{language.text(label)}</a> });
    let (before, after) =
        language.around_with("version-saved", "time", [("version", version.into())]);
    view! {
        <p class="meta editor-state">
            <StateLabel state />
            {when}
            <span>{before} <Time at=updated_at /> {after}</span>
            <a href=format!("/studio/{id}/revisions")>{language.text("revisions")}</a>
            {link}
        </p>
    }
}

#[component]
fn BinForm(article: EditableArticle) -> impl IntoView {
    let (action, label) = match article.deleted_at {
        None => ("bin", "move-to-bin"),
        Some(_) => ("restore", "restore"),
    };
    view! {
        <form class="editor-bin" method="post" action=format!("/studio/{}/{action}", article.id)>
            <input type="hidden" name="version" value=article.version />
            <button type="submit" class="link-button">{language().text(label)}</button>
        </form>
    }
}

/// Explains an edit conflict and shows how the stored text differs from the typed one.
#[component]
fn ConflictNote(
    /// Why it could not be saved, in sentences.
    why: String,
    stored: String,
    differences: Vec<(&'static str, Differences)>,
    id: ArticleId,
) -> impl IntoView {
    let language = language();
    let is_text = |(label, _): &(&'static str, Differences)| *label == "text";
    let (text, fields): (Vec<_>, Vec<_>) = differences.into_iter().partition(is_text);
    let show = |differences: Vec<(&'static str, Differences)>| {
        let fields = differences.into_iter();
        fields
            .map(|(label, differences)| {
                view! { <h3>{language.text(label)}</h3> <Diff differences /> }
            })
            .collect_view()
    };
    let is_same = text.is_empty().then(|| {
        view! {
            <h3>{language.text("text")}</h3>
            <p class="diff-same">{language.text("no-difference")}</p>
        }
    });
    let (fields, text) = (show(fields), show(text));
    let below = language.around("conflict-below", "link");
    let merge = language.around("conflict-merge", "link");
    view! {
        <section class="conflict" aria-labelledby="conflict-title">
            <div role="alert">
                <h2 id="conflict-title">{why}</h2>
            </div>
            <p>
                {below.0}
                <a href=format!("/studio/{id}/revisions") target="_blank">{language.text("revisions-in-sentence")}</a>
                {below.1}
                {merge.0}
                <a href=format!("/studio/{id}") target="_blank">{language.text("open-saved-version")}</a>
                {merge.1}
            </p>
            <p>
                <del>{language.text("saved-version")}</del>
                {language.text("and")}
                <ins>{language.text("your-text")}</ins>
                {language.text("colon")}
            </p>
            {fields}
            {is_same}
            {text}
            <details>
                <summary>{language.text("full-text-of-saved")}</summary>
                <textarea class="conflict-stored" rows="16" readonly aria-label=language.text("text-of-saved")>
                    {textarea_text(&stored)}
                </textarea>
            </details>
        </section>
    }
}
