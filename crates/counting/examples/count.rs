//! Counts page views in a program that is not a blog. Run it with
//! `cargo run -p tidemark-counting --example count`.

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;
use std::time::Duration;

use tidemark_counting::batcher::batcher;
use tidemark_counting::identifier::Identifier;
use tidemark_counting::rules::Caps;
use tidemark_counting::store::{ViewStore, sqlite::SqliteStore};
use tidemark_counting::visitor::Reader;
use tidemark_counting::{ArticleId, MIGRATIONS, Sender, ViewRequest, Views};
use tidemark_store::clock::Clock;
use tidemark_store::sql::SqliteDatabase;

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:139.0) Gecko/20100101 Firefox/139.0";

/// Records three views of page 1, two of them by the same visitor. Returns the totals.
pub async fn run(file: &Path) -> Result<HashMap<ArticleId, i64>, Box<dyn Error>> {
    let url = format!("sqlite:{}", file.display());
    let database = SqliteDatabase::open(&url, None, &MIGRATIONS.sqlite).await?;
    let (clock, window) = (Clock::System, Duration::from_secs(24 * 60 * 60));
    let caps = Caps { address: 20, network: 200, signed_in: 50 };
    let store = ViewStore::Sqlite(SqliteStore::new(database, clock.clone(), window, caps));
    // Views that arrive while a batch is being written form the next one. At most 1000 may wait.
    let (batcher, workers) = batcher(store.clone(), 1000);
    for worker in workers {
        tokio::spawn(worker.run());
    }
    let views = Views::new(Identifier::new(store.clone(), clock, window), batcher, store.clone());
    for address in ["192.0.2.1", "192.0.2.1", "192.0.2.2"] {
        let reader = Reader::new(address.parse()?, BROWSER.into());
        match views.identify(ViewRequest { reader, purposes: Vec::new() }).await? {
            Sender::Visitor(visitor, reader) => {
                let outcome = views.record(ArticleId(1), visitor, reader.as_deref()).await?;
                println!("{address}: counted: {}, total: {}", outcome.counted, outcome.views);
            }
            Sender::NoReader(reason) => println!("{address}: no reader: {reason:?}"),
        }
    }
    Ok(store.totals(&[ArticleId(1)]).await?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    println!("{:?}", run(Path::new("data/count.db")).await?);
    Ok(())
}
