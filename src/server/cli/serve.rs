//! Serves the blog.

use tidemark_store::clock::Clock;

use super::super::config::Config;
use super::super::lifecycle::Server;
use super::signals::stop_at_signals;

pub(super) async fn serve(config: Config, clock: Clock, run_jobs: bool) -> Result<(), String> {
    let base_url = config.site.base_url.clone();
    let root = config.site.root.clone();
    let server = Server::build(config, clock).await.map_err(|error| error.to_string())?;
    let address = server.address().map_err(|error| error.to_string())?;
    if !root.join("pkg").is_dir() {
        tracing::warn!(
            site.root = %root.display(),
            "the browser's files are missing, so pages have no style and no view is counted; build the site or set site.root"
        );
    }
    // Install the handlers before announcing the server. An earlier signal would kill the process.
    let stop = stop_at_signals()?;
    println!(
        "Tidemark is serving http://{address} (public address: {base_url}). Press Ctrl-C to stop."
    );
    server.run_until_stopped(stop, run_jobs).await.map_err(|error| error.to_string())?;
    tracing::info!("stopped");
    Ok(())
}
