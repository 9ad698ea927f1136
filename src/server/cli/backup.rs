//! Makes a backup, and restores one.

use std::path::PathBuf;

use clap::Args;
use tidemark_store::clock::Clock;

use super::super::backup::restore::{Restored, restore};
use super::super::jobs::{Job, Jobs};
use super::super::stores::Stores;

#[derive(Debug, Args)]
pub(super) struct RestoreArguments {
    /// The backup
    file: PathBuf,
    /// Replace the blog that is there, and drop views in Redis that may be of another blog
    #[arg(long)]
    force: bool,
}

pub(super) async fn restore_backup(
    stores: &Stores,
    jobs: &Jobs,
    clock: &Clock,
    RestoreArguments { file, force }: RestoreArguments,
) -> Result<(), String> {
    let restored = restore(stores, clock, &file, force).await.map_err(|error| error.to_string())?;
    let Restored { header, summary, dropped } = restored;
    say!("Restored {summary}, as they were at {}.", header.made_at);
    if header.program != env!("CARGO_PKG_VERSION") {
        say!(
            "The backup was made by Tidemark {}; this is {}.",
            header.program,
            env!("CARGO_PKG_VERSION")
        );
    }
    if header.schema != super::super::db::backup::schema() {
        say!("Its database was older (migration {}) and was brought up to date.", header.schema);
    }
    if dropped > 0 {
        say!("Dropped {dropped} batches of views that waited in Redis.");
    }
    // Caches are compared with what was restored. That is right later too, if Redis is away now.
    let refreshed = async {
        jobs.reconcile_step().await?;
        jobs.step(Job::Ranking).await
    };
    if let Err(error) = refreshed.await {
        say!("Cached counts are still the old ones ({error}). Run tidemark reconcile.");
    }
    if stores.open_search.is_some() {
        say!("OpenSearch still has the old articles. Run tidemark search rebuild.");
    }
    say!("Everybody has to sign in again.");
    Ok(())
}
