//! Takes over view counts from elsewhere.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser;
use jiff::civil::Date;
use tidemark_content::counts::Format;

use super::super::content::import_counts::{
    Options, Report, checked_source, import_counts, read_counts,
};
use super::super::db::Database;
use crate::model::language::Language;

/// How many addresses without an article are printed. JSON has all.
const MOST_PRINTED: usize = 50;

/// Arguments of `tidemark import-counts`.
#[derive(Debug, Args)]
pub(super) struct ImportCountsArguments {
    /// The files of one export; their counts are summed
    #[arg(required_unless_present = "remove", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Where the views were counted, as readers see it, instead of the name of the program
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// The last day to count, such as 2026-11-27; later rows are left out
    #[arg(long, value_name = "DATE")]
    until: Option<Date>,
    /// Take the files for this format, whatever they look like
    #[arg(long, value_name = "FORMAT", value_parser = formats())]
    format: Option<Format>,
    /// Remove all counts from --source instead
    #[arg(long, requires = "source", conflicts_with_all = ["files", "until", "format"])]
    remove: bool,
    /// Change nothing and report what would happen
    #[arg(long)]
    dry_run: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

fn formats() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(Format::name)).map(|name| {
        let named = Format::ALL.into_iter().find(|format| format.name() == name);
        named.unwrap_or(Format::Plain)
    })
}

/// Imports or removes counts, and prints the report. Fails if a row could not be read, or if no
/// address belongs to an article.
pub(super) async fn take_counts(
    database: &Database,
    arguments: ImportCountsArguments,
) -> Result<(), String> {
    let ImportCountsArguments { files, source, until, format, remove, dry_run, json } = arguments;
    if remove {
        return remove_counts(database, &source.unwrap_or_default(), dry_run, json).await;
    }
    let files = files.iter().map(|path| read_counts(path)).collect::<Result<Vec<_>, _>>()?;
    let options = Options { format, source, until, is_dry_run: dry_run };
    let report =
        import_counts(database, &files, options).await.map_err(|error| error.to_string())?;
    if json {
        let text = serde_json::to_string_pretty(&report).map_err(|error| error.to_string())?;
        say!("{text}");
    } else {
        print(&report);
    }
    match report.refused.len() {
        0 if report.sources.is_empty() => Err(
            "No address in the file belongs to an article. Import the articles first, with their old addresses.".into(),
        ),
        0 => Ok(()),
        refused => Err(format!(
            "{refused} lines could not be read. The report above names them; all others were counted."
        )),
    }
}

async fn remove_counts(
    database: &Database,
    source: &str,
    is_dry_run: bool,
    json: bool,
) -> Result<(), String> {
    let source = checked_source(source)?;
    let failed = |error: sqlx::Error| error.to_string();
    let all = database.all_baselines().await.map_err(failed)?;
    let of_source = all.iter().filter(|(_, baseline)| baseline.source == source).count();
    if of_source == 0 {
        return Err(format!("There are no counts from {source}."));
    }
    if !is_dry_run {
        database.remove_baselines(&source).await.map_err(failed)?;
    }
    if json {
        let report = serde_json::json!({
            "is_dry_run": is_dry_run, "source": source, "removed": of_source,
        });
        say!("{report:#}");
    } else {
        let verb = if is_dry_run { "Would remove" } else { "Removed" };
        say!("{verb} the counts of {of_source} articles from {source}.");
    }
    Ok(())
}

/// Prints a report for people.
fn print(report: &Report) {
    if !report.skipped.is_empty() {
        let skipped: Vec<String> =
            report.skipped.iter().map(|(what, count)| format!("{what} ({count})")).collect();
        say!("Left out: {}", skipped.join(", "));
    }
    if !report.unmatched.is_empty() {
        say!("No article has these addresses:");
    }
    for unmatched in report.unmatched.iter().take(MOST_PRINTED) {
        say!("  {} ({})", unmatched.address, Language::English.views(unmatched.views));
    }
    if let Some(more) = report.unmatched.get(MOST_PRINTED..).filter(|more| !more.is_empty()) {
        let views = more.iter().fold(0_i64, |sum, one| sum.saturating_add(one.views));
        say!("  and {} more ({})", more.len(), Language::English.views(views));
    }
    if !report.refused.is_empty() {
        say!("Could not be read:");
    }
    for refused in &report.refused {
        say!("  {}, {}", refused.file, refused.problem);
    }
    let verb = if report.is_dry_run { "Would set" } else { "Set" };
    for (source, of_source) in &report.sources {
        let until = of_source.until.map(|day| format!(" until {day}")).unwrap_or_default();
        say!(
            "{verb} {} from {source}{until}: {} articles, {} of them as before.",
            Language::English.views(of_source.views),
            Language::English.number(i64::try_from(of_source.articles).unwrap_or(i64::MAX)),
            Language::English.number(i64::try_from(of_source.unchanged).unwrap_or(i64::MAX)),
        );
    }
}
