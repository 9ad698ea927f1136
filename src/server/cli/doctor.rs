//! Prints what the doctor found.

use serde_json::json;

use super::super::config::Config;
use super::super::doctor::{Doctor, Finding, Level};

pub(super) async fn doctor(doctor: &Doctor, config: &Config, as_json: bool) -> Result<(), String> {
    let findings = doctor.examine_all(config).await;
    match as_json {
        true => say!("{}", in_json(&findings)),
        false => show(&findings),
    }
    match count(&findings, Level::Problem) {
        0 => Ok(()),
        wrong if as_json => Err(format!("problems found: {wrong}")),
        wrong => Err(format!("problems found: {wrong}; see the lines that start with X")),
    }
}

/// Prints findings for a person.
pub(super) fn show(findings: &[Finding]) {
    for finding in findings {
        let mark = match finding.level() {
            Level::Fact => ' ',
            Level::Warning => '!',
            Level::Problem => 'X',
        };
        say!("{mark} {}", finding.text());
    }
}

/// Findings for a program.
fn in_json(findings: &[Finding]) -> serde_json::Value {
    let lines: Vec<_> = findings
        .iter()
        .map(|finding| json!({ "level": finding.level(), "text": finding.text() }))
        .collect();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "problems": count(findings, Level::Problem),
        "warnings": count(findings, Level::Warning),
        "findings": lines,
    })
}

fn count(findings: &[Finding], level: Level) -> usize {
    findings.iter().filter(|finding| finding.level() == level).count()
}
