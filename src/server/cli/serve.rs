//! Serves the blog.

use std::io::Write;

use tidemark_store::clock::Clock;
use url::{Host, Url};

use super::super::config::Config;
use super::super::lifecycle::Server;
use super::signals::stop_at_signals;

pub(super) async fn serve(config: Config, clock: Clock, run_jobs: bool) -> Result<(), String> {
    let base_url = config.site.base_url.clone();
    let server = Server::build(config, clock).await.map_err(|error| error.to_string())?;
    let address = server.address().map_err(|error| error.to_string())?;
    if let Some(obstacle) = server.parts().assets.files().obstacle() {
        tracing::warn!(
            "{obstacle}, so pages have no style and no view is counted; build the site or set site.root"
        );
    }
    // Install the handlers before announcing the server. An earlier signal would kill the process.
    let stop = stop_at_signals()?;
    let serving = format!(
        "Tidemark is serving http://{address} (public address: {base_url}). Press Ctrl-C to stop."
    );
    let text = match server
        .parts()
        .accounts
        .open_setup()
        .await
        .map_err(|error| error.to_string())?
    {
        Some(token) => {
            // A server that listens on all addresses, as in a container, has none of its own.
            let has_address = is_local(&base_url) && !address.ip().is_unspecified();
            let here = if has_address { format!("http://{address}") } else { base_url };
            format!(
                "{serving}\nNobody can sign in yet. Make the administrator at {here}/setup?token={token}\n"
            )
        }
        None => format!("{serving}\n"),
    };
    // A server goes on where nobody reads what it prints.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    server.run_until_stopped(stop, run_jobs).await.map_err(|error| error.to_string())?;
    tracing::info!("stopped");
    Ok(())
}

/// Whether an address works only on this machine, as the default of `site.base-url` does. It may
/// lack the port on which the server listens.
fn is_local(base_url: &str) -> bool {
    Url::parse(base_url).is_ok_and(|url| match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn only_addresses_of_this_machine_are_local() {
        for local in ["http://127.0.0.1:3000", "http://localhost", "https://[::1]:3000/blog"] {
            assert!(is_local(local), "{local}");
        }
        for public in ["https://blog.example", "http://192.0.2.1:3000", "http://localhost.example"]
        {
            assert!(!is_local(public), "{public}");
        }
    }
}
