//! Brings a blog in, for administrators: a form, the report of the rehearsal, and the progress.
//! What the importer says is in English.

use leptos::prelude::*;

use super::query::{page_number, query};
use super::settings::Tabs;
use crate::components::article_list::Pagination;
use crate::components::form::{FieldNotes, Notice, described_by, sent_form};
use crate::components::page::{Content, Head, LoadedPage, site};
use crate::error::Error;
use crate::server::content::import::{Entry, Fate};
use crate::server::db::uploads::{State, Upload};
use crate::server::importing::report::KeptReport;
use crate::server::request::forms::{IMPORT, UPLOAD_FIELD};
use crate::server::state::AppState;
use crate::text::language;

/// Lines of the report per page.
const LINES_PER_PAGE: usize = 100;

/// After how many seconds the page shows the progress anew.
const REFRESH: u32 = 3;

/// `/settings/import?page=`
pub async fn page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let title = format!("{} · {}", language().text("settings-import"), site().title);
    let number = page_number();
    let was_cancelled = query("cancelled").is_some();
    let error = sent_form(IMPORT).error(UPLOAD_FIELD);
    let error = error.or_else(|| {
        let others = ["/settings/import/start", "/settings/import/cancel"];
        others.iter().find_map(|path| sent_form(path).error(UPLOAD_FIELD))
    });
    let content = async move {
        let upload = state.importing.upload().await?;
        let most = state.importing.most() >> 20;
        let is_busy = upload
            .as_ref()
            .is_some_and(|upload| matches!(upload.state, State::Waiting | State::Running));
        let is_open = upload.as_ref().is_some_and(Upload::is_open);
        let lines = Lines::of(upload.as_ref(), number?)?;
        // What is wrong stays on the page until somebody has read it.
        let refresh = (is_busy && error.is_none()).then_some(REFRESH);
        let head = Head { refresh, ..Head::new(title) };
        let cancelled = language().text("import-cancelled");
        Ok(Content::new(
            head,
            view! {
                <div class="settings-wide">
                <h1>{language().text("settings-import")}</h1>
                <Tabs here=IMPORT />
                {(was_cancelled && upload.is_none()).then(|| view! { <Notice text=cancelled /> })}
                {is_open.then(|| error.clone()).flatten().map(|error| view! { <p class="error" role="alert">{error}</p> })}
                {upload.map(|upload| view! { <Shown upload lines /> })}
                {(!is_open).then(|| view! { <UploadForm most error /> })}
                </div>
            },
        ))
    };
    LoadedPage::of(false, content).await
}

/// The report, as far as one page shows it.
struct Lines {
    report: KeptReport,
    page: i64,
    pages: i64,
}

impl Lines {
    fn of(upload: Option<&Upload>, page: i64) -> Result<Option<Self>, Error> {
        let report = upload.and_then(|upload| upload.report.as_deref());
        let Some(mut report) =
            report.and_then(|text| serde_json::from_str::<KeptReport>(text).ok())
        else {
            return match page {
                1 => Ok(None),
                _ => Err(Error::NotFound("There is no such page.".into())),
            };
        };
        let pages = report.lines.len().div_ceil(LINES_PER_PAGE).max(1);
        let number = usize::try_from(page).unwrap_or(usize::MAX);
        if number > pages {
            return Err(Error::NotFound("There is no such page.".into()));
        }
        let lines = std::mem::take(&mut report.lines).into_iter();
        report.lines = lines.skip((number - 1) * LINES_PER_PAGE).take(LINES_PER_PAGE).collect();
        Ok(Some(Self { report, page, pages: i64::try_from(pages).unwrap_or(i64::MAX) }))
    }
}

/// The form for a file.
#[component]
fn UploadForm(most: u64, error: Option<String>) -> impl IntoView {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let hint = language().with("import-hint", [("count", most.into())]);
    view! {
        <section>
            <h2>{language().text("import-heading")}</h2>
            <p>{language().text("import-intro")}</p>
            <form class="form import-form" method="post" action=IMPORT enctype="multipart/form-data">
                <label for=UPLOAD_FIELD>{language().text("import-file")}</label>
                <input
                    id=UPLOAD_FIELD
                    name=UPLOAD_FIELD
                    type="file"
                    accept=".zip,.xml,.json"
                    required
                    aria-invalid=error.as_ref().map(|_| "true")
                    aria-describedby=described_by(UPLOAD_FIELD, &hint, error.as_deref())
                />
                <FieldNotes name=UPLOAD_FIELD hint error />
                <label class="choice">
                    <input type="checkbox" name="overwrites" value="1" />
                    " "
                    {language().text("import-overwrite")}
                </label>
                <label class="choice">
                    <input type="checkbox" name="fetches" value="1" />
                    " "
                    {language().text("import-fetch")}
                </label>
                <button type="submit" class="button button-primary">
                    {language().text("import-upload")}
                </button>
            </form>
        </section>
    }
}

/// An upload and how far it is.
#[component]
fn Shown(upload: Upload, lines: Option<Lines>) -> impl IntoView {
    let folder = upload.folder.clone();
    let size = size(upload.bytes);
    let of = [("name", (&upload.name).into()), ("size", size.into())];
    let of = match &upload.sender {
        Some(sender) => {
            let [name, size] = of;
            language().with("import-of-by", [name, size, ("sender", sender.into())])
        }
        None => language().with("import-of", of),
    };
    let overwrites = upload.overwrites.then(|| language().text("import-overwrites"));
    let fetches = upload.fetches.then(|| language().text("import-fetches"));
    let options = overwrites.into_iter().chain(fetches).reduce(two_sentences);
    let has_articles = lines.as_ref().is_some_and(|lines| lines.report.has_articles);
    let heading = heading(&upload);
    let part = match upload.state {
        State::Waiting | State::Running => view! { <Progress upload folder /> }.into_any(),
        State::Done if upload.is_confirmed => {
            let text = language().text("import-incomplete");
            let is_incomplete = lines.as_ref().is_some_and(|lines| {
                let counts = &lines.report.counts;
                counts.iter().any(|(fate, _)| matches!(fate, Fate::Left | Fate::Refused))
            });
            view! {
                <Summary report=lines.as_ref().map(|lines| lines.report.clone()) />
                {is_incomplete.then(|| view! { <p>{text}</p> })}
                <Act action="cancel" folder label="import-close-report" is_plain=true />
                <ReportLines lines />
            }
            .into_any()
        }
        State::Done => view! {
            <Summary report=lines.as_ref().map(|lines| lines.report.clone()) />
            {(!has_articles).then(|| view! { <p>{language().text("import-nothing")}</p> })}
            <div class="row-form">
                {has_articles.then(|| {
                    let folder = folder.clone();
                    view! { <Act action="start" folder label="import-start" is_plain=false /> }
                })}
                <Act action="cancel" folder label="import-cancel" is_plain=true />
            </div>
            <ReportLines lines />
        }
        .into_any(),
        State::Failed => view! {
            <p class="error" role="alert" lang="en">{upload.problem}</p>
            <Act action="cancel" folder label="import-close" is_plain=true />
        }
        .into_any(),
        State::Interrupted => {
            let text = language().text(match upload.is_confirmed {
                true => "import-stays",
                false => "import-changed-nothing",
            });
            let text = two_sentences(text, language().text("import-files-gone"));
            view! {
                {upload.problem.map(|problem| view! { <p class="error" lang="en">{problem}</p> })}
                <p>{text}</p>
                <div class="row-form">
                    <Act action="start" folder=folder.clone() label="import-go-on" is_plain=false />
                    <Act action="cancel" folder label="import-cancel" is_plain=true />
                </div>
            }
            .into_any()
        }
    };
    view! {
        <section>
            <h2>{heading}</h2>
            <p>{of}</p>
            {options.map(|options| view! { <p>{options}</p> })}
            {part}
        </section>
    }
}

fn heading(upload: &Upload) -> String {
    language().text(match (upload.state, upload.is_confirmed) {
        (State::Waiting | State::Running, false) => "import-examining",
        (State::Waiting | State::Running, true) => "import-running",
        (State::Done, false) => "import-rehearsed",
        (State::Done, true) => "import-done",
        (State::Failed, _) => "import-failed",
        (State::Interrupted, false) => "import-examination-interrupted",
        (State::Interrupted, true) => "import-interrupted",
    })
}

/// Two sentences in a paragraph. Not every language has a space between them.
fn two_sentences(first: String, second: String) -> String {
    language().with("two-sentences", [("first", first.into()), ("second", second.into())])
}

/// A size in MiB with a digit behind the point, or in KiB.
fn size(bytes: i64) -> String {
    if bytes < 1 << 20 {
        let kib = (bytes.max(0) + 1023) >> 10;
        return language().with("kibibytes", [("count", kib.into())]);
    }
    let tenths = bytes.saturating_mul(10) >> 20;
    let (whole, tenths) = (tenths / 10, tenths % 10);
    language().with("mebibytes", [("whole", whole.into()), ("tenths", tenths.into())])
}

/// How far the work is.
#[component]
fn Progress(upload: Upload, folder: String) -> impl IntoView {
    let Upload { done, total, is_confirmed, .. } = upload;
    let bar = (total > 0).then(|| {
        let so_far = [("done", done.into()), ("count", total.into())];
        view! {
            <p>
                <progress
                    class="import-progress"
                    max=total.to_string()
                    value=done.to_string()
                    aria-label=language().text("import-progress")
                ></progress>
                " "
                {language().with("import-so-far", so_far)}
            </p>
        }
    });
    let text = language().text(match (is_confirmed, total) {
        (_, 0) => "import-reads-files",
        (false, _) => "import-checks",
        (true, _) => "import-goes-on",
    });
    let text = [("first", text.into())];
    let (before, after) = language().around_with("two-sentences", "second", text);
    let label = if is_confirmed { "import-stop" } else { "import-cancel" };
    view! {
        {bar}
        <p>{before}<a href=IMPORT>{language().text("import-look-again")}</a>{after}</p>
        <Act action="cancel" folder label is_plain=true />
    }
}

/// A form with a button.
#[component]
fn Act(
    /// The last part of its path.
    action: &'static str,
    /// The upload's folder, which names it.
    folder: String,
    /// The name of the text on the button.
    label: &'static str,
    /// Whether it is not what most people want.
    is_plain: bool,
) -> impl IntoView {
    let class = if is_plain { "button" } else { "button button-primary" };
    view! {
        <form method="post" action=format!("{IMPORT}/{action}")>
            <input type="hidden" name=UPLOAD_FIELD value=folder />
            <button type="submit" class=class>{language().text(label)}</button>
        </form>
    }
}

/// What a report says in all.
#[component]
fn Summary(report: Option<KeptReport>) -> impl IntoView {
    report.map(|KeptReport { summary, remarks, counts, .. }| {
        let counts: Vec<String> = counts
            .into_iter()
            .map(|(fate, number)| {
                let count = [("fate", in_words(fate).into()), ("count", number.into())];
                language().with("import-count", count)
            })
            .collect();
        let remarks =
            remarks.into_iter().map(|remark| view! { <p lang="en">{remark}</p> }).collect_view();
        view! {
            <p lang="en">{summary}</p>
            {(!counts.is_empty()).then(|| view! { <p>{counts.join(" · ")}</p> })}
            {remarks}
        }
    })
}

/// The lines of a report.
#[component]
fn ReportLines(lines: Option<Lines>) -> impl IntoView {
    lines.map(|Lines { report: KeptReport { lines, more, .. }, page, pages }| {
        let has_lines = !lines.is_empty();
        let rows = lines.into_iter().map(|entry| view! { <Line entry /> }).collect_view();
        let more = (more > 0).then(|| {
            let text = language().with("import-lines-not-kept", [("count", more.into())]);
            view! { <p>{text}</p> }
        });
        let words = (language().text("import-lines-before"), language().text("import-lines-after"));
        view! {
            {has_lines.then(|| view! { <ul class="findings">{rows}</ul> })}
            {(pages > 1).then(|| {
                view! { <Pagination page pages path=format!("{IMPORT}?") words /> }
            })}
            {more}
        }
    })
}

/// What became of a file.
fn in_words(fate: Fate) -> String {
    language().text(match fate {
        Fate::Skipped => "import-fate-skipped",
        Fate::Created => "import-fate-created",
        Fate::Updated => "import-fate-updated",
        Fate::Changed => "import-fate-changed",
        Fate::Left => "import-fate-left",
        Fate::Refused => "import-fate-refused",
    })
}

#[component]
fn Line(entry: Entry) -> impl IntoView {
    let level = match entry.fate {
        Fate::Refused => "status status-problem",
        Fate::Left => "status status-warning",
        _ => "status",
    };
    view! {
        <li>
            <span class=level>{in_words(entry.fate)}</span>
            <span lang="en">{entry.to_string()}</span>
        </li>
    }
}
