//! Adds articles: from files, and samples.

use std::path::PathBuf;

use tidemark_store::clock::Clock;

use super::super::content::import::import_folder;
use super::super::db::Database;
use super::super::seed::seed;

pub(super) async fn import(
    database: &Database,
    clock: &Clock,
    folder: PathBuf,
) -> Result<(), String> {
    let report =
        import_folder(database, clock, &folder).await.map_err(|error| error.to_string())?;
    for failure in &report.failed {
        eprintln!("{failure}");
    }
    println!(
        "Imported from {}: {} new, {} updated, {} unchanged, {} not read.",
        folder.display(),
        report.created,
        report.updated,
        report.unchanged,
        report.failed.len()
    );
    match report.failed.len() {
        0 if report.created + report.updated + report.unchanged == 0 => {
            Err(format!("There are no Markdown files (*.md) in {}.", folder.display()))
        }
        0 => Ok(()),
        count => Err(format!(
            "{count} of the files could not be read; they are listed above. The others were imported."
        )),
    }
}

pub(super) async fn seed_samples(database: &Database, clock: &Clock) -> Result<(), String> {
    match seed(database, clock).await.map_err(|error| error.to_string())? {
        None => println!("The blog already has articles, so nothing was added."),
        Some(seeded) => {
            println!("Added {} sample articles.", seeded.articles);
            if let Some(password) = seeded.password {
                println!(
                    "Their author can sign in at /login with the user name {} and the password",
                    seeded.username
                );
                println!("    {password}");
                println!(
                    "It won't be shown again; `tidemark user passwd {}` sets a new one.",
                    seeded.username
                );
            }
        }
    }
    Ok(())
}
