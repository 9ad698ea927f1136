//! Prints what the doctor found.

use super::super::config::Config;
use super::super::doctor::{Doctor, Finding};

pub(super) async fn doctor(doctor: &Doctor, config: &Config) -> Result<(), String> {
    let mut findings = doctor.examine(config).await;
    findings.push(doctor.examine_pictures().await);
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
