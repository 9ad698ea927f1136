//! The article editor. It is a plain form that works without JavaScript; the island adds
//! conveniences.

use axum::http::request::Parts;
use leptos::prelude::*;
use tidemark_content::difference::Differences;
use tidemark_content::front_matter::one_line_end;

use super::super::query::{param, query};
use super::status_name;
use crate::components::article_list::Time;
use crate::components::diff::Diff;
use crate::components::editor::EditorTools;
use crate::components::form::{
    Field, FieldNotes, FormErrors, Notice, described_by, sent_form, textarea_text,
};
use crate::components::page::{Content, Head, LoadedPage};
use crate::error::Error;
use crate::model::draft::Typed;
use crate::server::db::articles::Status;
use crate::server::db::studio::EditableArticle;
use crate::server::request::forms::{Conflict, SentForm};
use crate::server::request::identity::current_user;
use crate::server::state::AppState;
use crate::server::studio::format_time;

/// The contents of the editor's fields, and where they come from.
struct Text {
    /// The version that the text is based on; 0 for a new article.
    version: i64,
    typed: Typed,
    /// When the draft was saved, in milliseconds since the Unix epoch, if the text comes from a
    /// draft.
    recovered_at: Option<i64>,
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
        markdown: sent.value("markdown").map(one_line_end).unwrap_or_default(),
    }
}

/// `/studio/new`
pub async fn new_article_page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let parts = expect_context::<Parts>();
    let sent = sent_form("/studio/new");
    let title = format!("New article · {}", state.config.site.title);
    let content = async move {
        let user = current_user(&parts)?;
        let draft = state.studio.draft(&user, 0).await?;
        let text = match (is_sent(&sent), draft) {
            (true, _) => Text { version: 0, typed: typed(&sent), recovered_at: None },
            (false, Some((_, typed, at))) => Text { version: 0, typed, recovered_at: Some(at) },
            (false, None) => Text { version: 0, typed: Typed::default(), recovered_at: None },
        };
        Ok(Content::new(
            Head::new(title),
            view! {
                <h1 class="visually-hidden">"New article"</h1>
                <Editor text sent article=None now=state.clock.now_ms() />
            },
        )
        .with_islands())
    };
    LoadedPage::of(false, content).await
}

/// `/studio/{id}`
pub async fn page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let parts = expect_context::<Parts>();
    let conflict = use_context::<Conflict>();
    let id = param("id");
    let sent = sent_form(&format!("/studio/{id}"));
    let site = state.config.site.title.clone();
    let notice = query("done").and_then(|done| match done.as_str() {
        "saved" => Some("Saved."),
        "unchanged" => Some("There were no changes to save."),
        "published" => Some("Published. Readers can see it now."),
        "scheduled" => Some("Scheduled. Readers will see it at the time below."),
        "unpublished" => Some("Unpublished. Only you can see it now."),
        "restored" => Some("Article restored."),
        "revision" => Some("Revision restored."),
        "discarded" => Some("Unsaved changes discarded."),
        _ => None,
    });
    let content = async move {
        let user = current_user(&parts)?;
        let id = id
            .parse()
            .map_err(|_| Error::NotFound("There is no such article, or it is not yours.".into()))?;
        let article = state.studio.editable(&user, id).await?;
        let stored = state.studio.typed_of(&article.fields).await?;
        let text = match (conflict, is_sent(&sent)) {
            // The author has been told of the conflict, so the form gets the current version:
            // saving again overwrites it deliberately.
            (Some(Conflict), _) => {
                Text { version: article.version, typed: typed(&sent), recovered_at: None }
            }
            (None, true) => {
                let version = sent.value("version").and_then(|version| version.parse().ok());
                Text {
                    version: version.unwrap_or(article.version),
                    typed: typed(&sent),
                    recovered_at: None,
                }
            }
            (None, false) => match state.studio.draft(&user, id).await? {
                Some((version, typed, at)) if typed != stored => {
                    Text { version, typed, recovered_at: Some(at) }
                }
                _ => Text { version: article.version, typed: stored.clone(), recovered_at: None },
            },
        };
        let title = article.fields.title.clone();
        let now = state.clock.now_ms();
        let is_conflict = conflict.is_some();
        let note = if is_conflict {
            let differences = state.studio.differences(stored.clone(), text.typed.clone()).await?;
            Some(view! { <ConflictNote stored=stored.markdown differences id /> })
        } else {
            None
        };
        Ok(Content::new(
            Head::new(format!("{title} · {site}")),
            view! {
                <h1 class="visually-hidden">{format!("Edit “{title}”")}</h1>
                {(!is_conflict).then_some(notice).flatten().map(|text| view! { <Notice text /> })}
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
    let Text { version, typed, recovered_at } = text;
    let action = article
        .as_ref()
        .map_or("/studio/new".to_owned(), |article| format!("/studio/{}", article.id));
    let discard = format!("{action}/discard");
    let recovered = recovered_at.map(|at| {
        view! {
            <form class="notice row-form" method="post" action=discard>
                <span>"Unsaved changes from " <Time at /> " were recovered."</span>
                <button type="submit" class="link-button">"Discard them"</button>
            </form>
        }
    });
    let markdown_error = sent.error("markdown").map(str::to_owned);
    let is_published =
        article.as_ref().is_some_and(|article| article.fields.status == Status::Published);
    let published_at = article.as_ref().and_then(|article| article.fields.published_at);
    let schedule = sent.value("published_at").map(str::to_owned);
    let schedule = schedule
        .or_else(|| published_at.filter(|at| *at > now).map(format_time))
        .unwrap_or_default();
    let id = article.as_ref().map_or(0, |article| article.id);
    let state_line =
        article.as_ref().map(|article| view! { <StateLine article=article.clone() now /> });
    let below = article.as_ref().map(|article| view! { <BinForm article=article.clone() /> });
    view! {
        {recovered}
        {state_line}
        <FormErrors sent=sent.clone() />
        <div class="editor">
            <form id="editor" class="form editor-form" method="post" action=action>
                <input type="hidden" name="version" value=version />
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
                    name="slug"
                    label="Address"
                    value=typed.slug
                    hint="The part after /articles/. If empty, it is made from the title."
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
                <Buttons is_published schedule sent />
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

/// The submit buttons. The first one is what Enter triggers.
#[component]
fn Buttons(is_published: bool, schedule: String, sent: SentForm) -> impl IntoView {
    let is_open = !schedule.is_empty() || sent.error("published_at").is_some();
    view! {
        <div class="editor-buttons">
            <button type="submit" name="intent" value="save" class="button button-primary">
                {if is_published { "Update" } else { "Save draft" }}
            </button>
            {if is_published {
                view! {
                    <button type="submit" name="intent" value="unpublish" class="button">"Unpublish"</button>
                }
                    .into_any()
            } else {
                view! { <button type="submit" name="intent" value="publish" class="button">"Publish now"</button> }
                    .into_any()
            }}
        </div>
        <details class="editor-schedule" open=is_open>
            <summary>"Publish later"</summary>
            <Field
                sent
                name="published_at"
                label="Time (UTC)"
                kind="datetime-local"
                value=schedule
                optional=true
            />
            <button type="submit" name="intent" value="schedule" class="button">"Schedule"</button>
        </details>
    }
}

/// The article's stored state, with links to its page and revisions.
#[component]
fn StateLine(article: EditableArticle, now: i64) -> impl IntoView {
    let EditableArticle { id, version, updated_at, deleted_at, fields } = article;
    let status = status_name(fields.status, fields.published_at, deleted_at, now);
    let when = (status == "Scheduled").then_some(fields.published_at).flatten();
    let link = (status == "Published").then(|| {
        view! { <a href=format!("/articles/{}", fields.slug)>"View article"</a> }
    });
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
            <button type="submit" class="link-button">{label}</button>
        </form>
    }
}

/// Explains an edit conflict and shows how the stored text differs from the typed one.
#[component]
fn ConflictNote(
    stored: String,
    differences: Vec<(&'static str, Differences)>,
    id: i64,
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
                <h2 id="conflict-title">"This article was changed in another tab or by someone else. Your text is safe."</h2>
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
