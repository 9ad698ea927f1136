//! The article editor. It is a plain form that works without JavaScript; the island adds
//! conveniences.

use axum::http::request::Parts;
use leptos::prelude::*;
use tidemark_content::difference::Differences;
use tidemark_content::front_matter::one_line_end;
use tidemark_counting::ArticleId;

use super::super::query::{param, query};
use super::status_name;
use crate::components::article_list::Time;
use crate::components::diff::Diff;
use crate::components::editor::EditorTools;
use crate::components::form::{
    Field, FieldNotes, FormErrors, Notice, described_by, sent_form, textarea_text,
};
use crate::components::page::{Content, Head, LoadedPage, site};
use crate::error::Error;
use crate::model::draft::Typed;
use crate::server::db::articles::{Kind, Status};
use crate::server::db::drafts::{DraftStamp, NEW_ARTICLE};
use crate::server::db::studio::EditableArticle;
use crate::server::request::forms::{Conflict, SentForm};
use crate::server::request::identity::current_user;
use crate::server::state::AppState;
use crate::server::studio::{
    RecoveredDraft, format_time, is_form_key, new_form_key, recovered_field,
};

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
    recovered_at: Option<i64>,
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
fn discarded(done: Option<&str>) -> Option<&'static str> {
    match done {
        Some("discarded") => Some("Unsaved changes discarded."),
        Some("kept") => {
            Some("Not discarded: these changes were made in another tab since you opened the page.")
        }
        _ => None,
    }
}

/// `/studio/new?draft=`
pub async fn new_article_page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let parts = expect_context::<Parts>();
    let sent = sent_form("/studio/new");
    let title = format!("New article · {}", site().title);
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
                <h1 class="visually-hidden">"New article"</h1>
                {notice.map(|text| view! { <Notice text /> })}
                <Editor text sent article=None now=state.clock.now().0 />
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
    let notice = match done.as_deref() {
        Some("saved") => Some("Saved."),
        Some("unchanged") => Some("There were no changes to save."),
        Some("published") => Some("Published. Readers can see it now."),
        Some("scheduled") => Some("Scheduled. Readers will see it at the time below."),
        Some("dated") => Some("Date changed. Readers see it under the new date."),
        Some("unpublished") => Some("Unpublished. Only you can see it now."),
        Some("unscheduled") => Some("No longer scheduled. It is a draft again."),
        Some("restored") => Some("Article restored."),
        Some("revision") => Some("Revision restored."),
        done => discarded(done),
    };
    let content = async move {
        let user = current_user(&parts)?;
        let id = id
            .parse()
            .map_err(|_| Error::NotFound("There is no such article, or it is not yours.".into()))?;
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
        let now = state.clock.now().0;
        let note = match conflict {
            None => None,
            Some(conflict) => {
                let why = match conflict {
                    Conflict::Changed => state.studio.last_change(&user, &article).await?,
                    Conflict::SavedBefore => "This form was saved before, as this article.".into(),
                };
                let differences =
                    state.studio.differences(stored.clone(), text.typed.clone()).await?;
                Some(view! { <ConflictNote why stored=stored.markdown differences id /> })
            }
        };
        let refused = refused.map(|sent| view! { <FormErrors sent /> }).into_iter().collect_view();
        Ok(Content::new(
            Head::new(format!("{title} · {site}")),
            view! {
                <h1 class="visually-hidden">{format!("Edit “{title}”")}</h1>
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
fn Editor(text: Text, sent: SentForm, article: Option<EditableArticle>, now: i64) -> impl IntoView {
    let Text { version, typed, key, recovered, recovered_at, others } = text;
    let action = article
        .as_ref()
        .map_or("/studio/new".to_owned(), |article| format!("/studio/{}", article.id));
    let notice = recovered_at.map(|at| {
        let (action, key) = (format!("{action}/discard"), key.clone());
        let recovered = recovered.clone();
        view! {
            <form class="notice row-form" method="post" action=action>
                <span>"Unsaved changes from " <Time at /> " were recovered."</span>
                <input type="hidden" name="form_key" value=key />
                <input type="hidden" name="recovered" value=recovered />
                <button type="submit" class="link-button">"Discard them"</button>
            </form>
        }
    });
    let others =
        (!others.is_empty()).then(|| view! { <OtherDrafts others action=action.clone() /> });
    let markdown_error = sent.error("markdown");
    let state = article.as_ref().map_or(State::Draft, |article| State::of(article, now));
    let published_at = article.as_ref().and_then(|article| article.fields.published_at);
    let schedule = sent.value("published_at").map(str::to_owned);
    let schedule = schedule
        .or_else(|| {
            let has_date = matches!(state, State::Scheduled | State::Published);
            published_at.filter(|_| has_date).map(format_time)
        })
        .unwrap_or_default();
    let id = article.as_ref().map_or(0, |article| article.id.0);
    let state_line =
        article.as_ref().map(|article| view! { <StateLine article=article.clone() now /> });
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
                <Field sent=sent.clone() name="title" label="Title" value=typed.title />
                <label for="markdown">"Text (Markdown)"</label>
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
                    label="Summary"
                    value=typed.summary
                    hint="For lists and search results. If empty, the beginning of the text is shown."
                    optional=true
                />
                <Field
                    sent=sent.clone()
                    name="tags"
                    label="Tags"
                    value=typed.tags
                    hint="Separate them with commas."
                    optional=true
                />
                <Field
                    sent=sent.clone()
                    name="series"
                    label="Series"
                    value=typed.series
                    hint="Articles with the same name here are parts of a series, in the order of their dates."
                    optional=true
                />
                <Field
                    sent=sent.clone()
                    name="slug"
                    label="Address"
                    value=typed.slug
                    hint="The part after /articles/, or after / for a page. If empty, it is made from the title."
                    optional=true
                />
                <Field
                    sent=sent.clone()
                    name="cover"
                    label="Cover picture"
                    value=typed.cover
                    hint="The address of a picture: /pictures/… or https://…"
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
                    "This is a page"
                </label>
                <p class="field-hint" id="kind-hint">
                    "For texts such as About or Imprint: without a date, and not in lists, feeds, rankings and the search."
                </p>
                <Buttons state schedule sent />
            </form>
            <EditorTools article=id version />
            <noscript>
                <p class="field-hint">
                    <a href="/studio/pictures" target="_blank">"Add pictures"</a>
                    " on their own page. With JavaScript, this page shows a preview and saves what you type."
                </p>
            </noscript>
        </div>
        {below}
    }
}

/// What can be done with an article.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Draft,
    Scheduled,
    Published,
    InTheBin,
}

impl State {
    fn of(article: &EditableArticle, now: i64) -> Self {
        let EditableArticle { deleted_at, fields, .. } = article;
        match (deleted_at, fields.status, fields.published_at) {
            (Some(_), ..) => State::InTheBin,
            (None, Status::Draft, _) => State::Draft,
            (None, Status::Published, Some(at)) if at > now => State::Scheduled,
            (None, Status::Published, _) => State::Published,
        }
    }
}

/// A user's other drafts of the article: of another tab, or of a browser that crashed.
#[component]
fn OtherDrafts(
    others: Vec<DraftStamp>,
    /// The address of the editor.
    action: String,
) -> impl IntoView {
    let items = others
        .into_iter()
        .map(|stamp| {
            let recovered = recovered_field(&stamp);
            let DraftStamp { form_key, saved_at } = stamp;
            view! {
                <li>
                    <form class="row-form" method="post" action=format!("{action}/discard")>
                        <Time at=saved_at />
                        <a href=format!("{action}?draft={form_key}")>"Open"</a>
                        <input type="hidden" name="recovered" value=recovered />
                        <button type="submit" class="link-button">"Discard"</button>
                    </form>
                </li>
            }
        })
        .collect_view();
    view! {
        <section class="notice" aria-label="Other unsaved changes">
            <p>"There are other unsaved changes of yours, perhaps in another tab:"</p>
            <ul class="other-drafts">{items}</ul>
        </section>
    }
}

/// The submit buttons.
#[component]
fn Buttons(state: State, schedule: String, sent: SentForm) -> impl IntoView {
    let is_open = state == State::Scheduled || sent.error("published_at").is_some();
    let button = |intent: &'static str, label: &'static str| {
        view! { <button type="submit" name="intent" value=intent class="button">{label}</button> }
    };
    let save = match state {
        State::Draft => "Save draft",
        State::Scheduled | State::Published => "Update",
        State::InTheBin => "Save",
    };
    let others = match state {
        State::Draft => vec![button("publish", "Publish now")],
        State::Scheduled => {
            vec![button("publish", "Publish now"), button("unpublish", "Cancel the schedule")]
        }
        State::Published => vec![button("unpublish", "Unpublish")],
        State::InTheBin => vec![],
    };
    let (summary, label) = match state {
        State::Draft => ("Publish later", "Schedule"),
        State::Scheduled => ("Publish later", "Change the time"),
        State::Published => ("Change the date", "Change the date"),
        State::InTheBin => ("", ""),
    };
    let later = (state != State::InTheBin).then(|| {
        view! {
            <details class="editor-schedule" open=is_open>
                <summary>{summary}</summary>
                <Field
                    sent
                    name="published_at"
                    label="Time (UTC)"
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
            <button type="submit" name="intent" value="save" class="button button-primary">{save}</button>
            {others}
        </div>
        {later}
    }
}

/// The article's stored state, with links to its page and revisions.
#[component]
fn StateLine(article: EditableArticle, now: i64) -> impl IntoView {
    let EditableArticle { id, version, updated_at, deleted_at, fields } = article;
    let status = status_name(fields.status, fields.published_at, deleted_at, now);
    let when = (status == "Scheduled").then_some(fields.published_at).flatten();
    let link = match status {
        "Published" if fields.kind == Kind::Page => Some("View page"),
        "Published" => Some("View article"),
        "Scheduled" => Some("See it as readers will"),
        _ => None,
    };
    let link = link.map(|label| view! { <a href=fields.address()>{label}</a> });
    view! {
        <p class="meta editor-state">
            <span class=format!("status status-{}", status.to_lowercase().replace(' ', "-"))>{status}</span>
            {when.map(|at| view! { <span>"for " <Time at /></span> })}
            <span>{format!("Version {version}, saved ")} <Time at=updated_at /></span>
            <a href=format!("/studio/{id}/revisions")>"Revisions"</a>
            {link}
        </p>
    }
}

#[component]
fn BinForm(article: EditableArticle) -> impl IntoView {
    let (action, label) = match article.deleted_at {
        None => ("bin", "Move to bin"),
        Some(_) => ("restore", "Restore"),
    };
    view! {
        <form class="editor-bin" method="post" action=format!("/studio/{}/{action}", article.id)>
            <input type="hidden" name="version" value=article.version />
            <button type="submit" class="link-button">{label}</button>
        </form>
    }
}

/// Explains an edit conflict and shows how the stored text differs from the typed one.
#[component]
fn ConflictNote(
    /// Why it could not be saved, as a sentence.
    why: String,
    stored: String,
    differences: Vec<(&'static str, Differences)>,
    id: ArticleId,
) -> impl IntoView {
    let is_text = |(label, _): &(&'static str, Differences)| *label == "Text";
    let (text, fields): (Vec<_>, Vec<_>) = differences.into_iter().partition(is_text);
    let show = |differences: Vec<(&'static str, Differences)>| {
        let fields = differences.into_iter();
        fields
            .map(|(label, differences)| view! { <h3>{label}</h3> <Diff differences /> })
            .collect_view()
    };
    let is_same = text
        .is_empty()
        .then(|| view! { <h3>"Text"</h3> <p class="diff-same">"No difference."</p> });
    let (fields, text) = (show(fields), show(text));
    view! {
        <section class="conflict" aria-labelledby="conflict-title">
            <div role="alert">
                <h2 id="conflict-title">{format!("{why} Your text is safe.")}</h2>
            </div>
            <p>
                "Your text is below, and the saved version stays as it is until you save. If you save now, your text replaces it; it stays \
                 available among the "
                <a href=format!("/studio/{id}/revisions") target="_blank">"revisions"</a>
                ". Or "
                <a href=format!("/studio/{id}") target="_blank">"open the saved version"</a>
                " in a new tab and merge the two."
            </p>
            <p>
                <del>"Saved version"</del> " and " <ins>"your text"</ins> ":"
            </p>
            {fields}
            {is_same}
            {text}
            <details>
                <summary>"Full text of the saved version"</summary>
                <textarea class="conflict-stored" rows="16" readonly aria-label="Text of the saved version">
                    {textarea_text(&stored)}
                </textarea>
            </details>
        </section>
    }
}
