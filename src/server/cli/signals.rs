//! Stops at SIGTERM and Ctrl-C.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that is cancelled on SIGTERM or SIGINT.
pub(super) fn stop_at_signals() -> Result<CancellationToken, String> {
    let signals = signal(SignalKind::terminate())
        .and_then(|terminate| Ok((terminate, signal(SignalKind::interrupt())?)));
    let (terminate, interrupt) =
        signals.map_err(|error| format!("Can't handle signals: {error}"))?;
    let stop = CancellationToken::new();
    tokio::spawn(stop_at_signal(terminate, interrupt, stop.clone()));
    Ok(stop)
}

/// Cancels `stop` on SIGTERM or SIGINT. A second signal exits at once.
async fn stop_at_signal(mut terminate: Signal, mut interrupt: Signal, stop: CancellationToken) {
    for attempt in 0.. {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        if attempt > 0 {
            std::process::exit(1);
        }
        tracing::info!("stopping: finishing accepted requests");
        stop.cancel();
    }
}
