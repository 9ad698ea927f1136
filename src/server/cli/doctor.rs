//! Prints what the doctor found.

use super::super::config::Config;
use super::super::doctor::{Finding, examine, examine_pictures};
use super::super::stores::Stores;

pub(super) async fn doctor(config: &Config, stores: &Stores) -> Result<(), String> {
    let mut findings = examine(config, &stores.database, &stores.views).await;
    findings.push(examine_pictures(&stores.pictures).await);
    let mut wrong = 0;
    for finding in &findings {
        match finding {
            Finding::Fact(text) => println!("  {text}"),
            Finding::Warning(text) => println!("! {text}"),
            Finding::Wrong(text) => {
                wrong += 1;
                println!("X {text}");
            }
        }
    }
    match wrong {
        0 => Ok(()),
        wrong => Err(format!("{wrong} of these are wrong: the lines that start with X")),
    }
}
