//! Brings a blog in, for administrators: a form, the report of the rehearsal, and the progress.

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

/// Lines of the report per page.
const LINES_PER_PAGE: usize = 100;

/// After how many seconds the page shows the progress anew.
const REFRESH: u32 = 3;

/// `/settings/import?page=`
pub async fn page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let title = format!("Import · {}", site().title);
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
        Ok(Content::new(
            head,
            view! {
                <div class="settings-wide">
                <h1>"Import"</h1>
                <Tabs here=IMPORT />
                {(was_cancelled && upload.is_none()).then(|| view! { <Notice text="Cancelled. The uploaded files are deleted." /> })}
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
    let hint = format!(
        "A zip file with the folder of the site, or the file that WordPress (WXR) or Ghost (JSON) \
         has exported, alone or in a zip file with its pictures. Up to {most} MiB."
    );
    view! {
        <section>
            <h2>"Bring a blog in"</h2>
            <p>
                "From WordPress, Ghost, Hugo, Zola, Jekyll, Hexo, Eleventy, Astro, Obsidian or another Tidemark. First you see what would
                 happen. Nothing changes before you confirm it."
            </p>
            <form class="form import-form" method="post" action=IMPORT enctype="multipart/form-data">
                <label for=UPLOAD_FIELD>"File"</label>
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
                    " Let files win over what was changed here since, articles in the bin and settings included"
                </label>
                <label class="choice">
                    <input type="checkbox" name="fetches" value="1" />
                    " Fetch missing pictures of a WordPress or Ghost export from their old addresses"
                </label>
                <button type="submit" class="button button-primary">"Upload and examine"</button>
            </form>
        </section>
    }
}

/// An upload and how far it is.
#[component]
fn Shown(upload: Upload, lines: Option<Lines>) -> impl IntoView {
    let folder = upload.folder.clone();
    let size = size(upload.bytes);
    let of = match &upload.sender {
        Some(sender) => format!("{}, {size}, uploaded by {sender}", upload.name),
        None => format!("{}, {size}", upload.name),
    };
    let mut options = Vec::new();
    if upload.overwrites {
        options.push("Files win over what was changed here since.");
    }
    if upload.fetches {
        options.push("Missing pictures are fetched.");
    }
    let has_articles = lines.as_ref().is_some_and(|lines| lines.report.has_articles);
    let heading = heading(&upload);
    let part = match upload.state {
        State::Waiting | State::Running => view! { <Progress upload folder /> }.into_any(),
        State::Done if upload.is_confirmed => {
            let text = "What is left or refused was not imported. The uploaded files are deleted.";
            let is_incomplete = lines.as_ref().is_some_and(|lines| {
                let counts = &lines.report.counts;
                counts.iter().any(|(fate, _)| matches!(fate, Fate::Left | Fate::Refused))
            });
            view! {
                <Summary report=lines.as_ref().map(|lines| lines.report.clone()) />
                {is_incomplete.then(|| view! { <p>{text}</p> })}
                <Act action="cancel" folder label="Close this report" is_plain=true />
                <ReportLines lines />
            }
            .into_any()
        }
        State::Done => view! {
            <Summary report=lines.as_ref().map(|lines| lines.report.clone()) />
            {(!has_articles).then(|| view! { <p>"There is nothing to import in this file."</p> })}
            <div class="row-form">
                {has_articles.then(|| view! { <Act action="start" folder=folder.clone() label="Import" is_plain=false /> })}
                <Act action="cancel" folder label="Cancel" is_plain=true />
            </div>
            <ReportLines lines />
        }
        .into_any(),
        State::Failed => view! {
            <p class="error" role="alert">{upload.problem}</p>
            <Act action="cancel" folder label="Close" is_plain=true />
        }
        .into_any(),
        State::Interrupted => {
            let text = match upload.is_confirmed {
                true => "What came in stays. If you go on, the import knows it again and brings in the rest.",
                false => "Nothing was changed.",
            };
            view! {
                {upload.problem.map(|problem| view! { <p class="error">{problem}</p> })}
                <p>{text}" If it does not begin within a minute, the server with the files is gone: cancel, and upload them again."</p>
                <div class="row-form">
                    <Act action="start" folder=folder.clone() label="Go on" is_plain=false />
                    <Act action="cancel" folder label="Cancel" is_plain=true />
                </div>
            }
            .into_any()
        }
    };
    view! {
        <section>
            <h2>{heading}</h2>
            <p>{of}</p>
            {(!options.is_empty()).then(|| view! { <p>{options.join(" ")}</p> })}
            {part}
        </section>
    }
}

fn heading(upload: &Upload) -> &'static str {
    match (upload.state, upload.is_confirmed) {
        (State::Waiting | State::Running, false) => "The file is being examined",
        (State::Waiting | State::Running, true) => "The import is running",
        (State::Done, false) => "This would happen",
        (State::Done, true) => "The import is done",
        (State::Failed, _) => "The file can’t be imported",
        (State::Interrupted, false) => "The examination was interrupted",
        (State::Interrupted, true) => "The import was interrupted",
    }
}

/// A size in MiB with a digit behind the point, or in KiB.
fn size(bytes: i64) -> String {
    if bytes < 1 << 20 {
        return format!("{} KiB", (bytes.max(0) + 1023) >> 10);
    }
    let tenths = bytes.saturating_mul(10) >> 20;
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

/// How far the work is.
#[component]
fn Progress(upload: Upload, folder: String) -> impl IntoView {
    let Upload { done, total, is_confirmed, .. } = upload;
    let bar = (total > 0).then(|| {
        view! {
            <p>
                <progress class="import-progress" max=total.to_string() value=done.to_string() aria-label="Progress"></progress>
                {format!(" {done} of {total} articles")}
            </p>
        }
    });
    let text = match (is_confirmed, total) {
        (_, 0) => "The files are being read.",
        (false, _) => "Every text is read and every picture is checked. Nothing is changed.",
        (true, _) => "You can leave this page. The import goes on.",
    };
    let label = if is_confirmed { "Stop the import" } else { "Cancel" };
    view! {
        {bar}
        <p>{text}" "<a href=IMPORT>"Look again"</a></p>
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
    /// The words on the button.
    label: &'static str,
    /// Whether it is not what most people want.
    is_plain: bool,
) -> impl IntoView {
    let class = if is_plain { "button" } else { "button button-primary" };
    view! {
        <form method="post" action=format!("{IMPORT}/{action}")>
            <input type="hidden" name=UPLOAD_FIELD value=folder />
            <button type="submit" class=class>{label}</button>
        </form>
    }
}

/// What a report says in all.
#[component]
fn Summary(report: Option<KeptReport>) -> impl IntoView {
    report.map(|KeptReport { summary, remarks, counts, .. }| {
        let counts: Vec<String> = counts
            .into_iter()
            .map(|(fate, number)| format!("{}: {number}", fate.heading()))
            .collect();
        let remarks = remarks.into_iter().map(|remark| view! { <p>{remark}</p> }).collect_view();
        view! {
            <p>{summary}</p>
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
            view! { <p>{format!("{more} more lines are not kept. “tidemark import --dry-run” shows them.")}</p> }
        });
        view! {
            {has_lines.then(|| view! { <ul class="findings">{rows}</ul> })}
            {(pages > 1).then(|| view! { <Pagination page pages path=format!("{IMPORT}?") words=("← Before".to_owned(), "More →".to_owned()) /> })}
            {more}
        }
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
            <span class=level>{entry.fate.heading()}</span>
            <span>{entry.to_string()}</span>
        </li>
    }
}
