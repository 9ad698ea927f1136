//! Prints what the doctor found.

use tidemark_store::clock::Clock;

use super::super::config::Config;
use super::super::doctor::{Doctor, Finding, examine_open_search};

pub(super) async fn doctor(doctor: &Doctor, config: &Config, clock: &Clock) -> Result<(), String> {
    let mut findings = doctor.examine(config).await;
    findings.push(doctor.examine_pictures().await);
    if let Some(open_search) = doctor.open_search() {
        findings.extend(examine_open_search(config, open_search, clock.now_ms()).await);
    }
    match show(&findings) {
        0 => Ok(()),
        wrong => Err(format!("problems found: {wrong}; see the lines that start with X")),
    }
}

/// Prints findings. Returns how many are wrong.
pub(super) fn show(findings: &[Finding]) -> usize {
    let mut wrong = 0;
    for finding in findings {
        match finding {
            Finding::Fact(text) => println!("  {text}"),
            Finding::Warning(text) => println!("! {text}"),
            Finding::Wrong(text) => {
                wrong += 1;
                println!("X {text}");
            }
        }
    }
    wrong
}
