//! Failpoints for `make torture`: places where the process can be made to die, and ways to break a
//! flush or an index. They are compiled in only with the feature `torture`. Without it, every
//! function here is a no-op.

/// A flush or an index that is broken on purpose, to prove that tests notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// Redis deletes a batch before SQL has it.
    DeleteFirst,
    /// SQL keeps no record of the batches it has applied.
    NoLedger,
    /// Redis deletes a batch as soon as Kafka has it.
    FinishAtAck,
    /// What is read from Kafka is added without asking the ledger, and read from wherever the last
    /// reader stopped, whichever log that was.
    TrustOffset,
    /// OpenSearch numbers the versions of documents itself, so whatever is written last remains.
    InternalVersions,
}

/// Marks a step of the protocol. If `TORTURE_DIE_AT` names this step and how often it must be
/// reached, as in `flush-applied:2`, the process aborts here as if killed.
#[cfg(feature = "torture")]
pub fn reach(step: &str) {
    use std::sync::atomic::{AtomicU64, Ordering};
    static REACHED: AtomicU64 = AtomicU64::new(0);
    let wanted = std::env::var("TORTURE_DIE_AT").unwrap_or_default();
    if let Some((name, count)) = wanted.split_once(':')
        && name == step
        && count.parse() == Ok(REACHED.fetch_add(1, Ordering::SeqCst) + 1)
    {
        std::process::abort();
    }
}

/// Marks a step of the protocol. A no-op without the feature `torture`.
#[cfg(not(feature = "torture"))]
#[inline(always)]
pub fn reach(_step: &str) {}

/// How the protocols are broken, if at all: `TORTURE_VARIANT` is `delete-first`, `no-ledger`,
/// `finish-at-ack`, `trust-offset` or `internal-versions`.
#[cfg(feature = "torture")]
pub fn variant() -> Option<Variant> {
    match std::env::var("TORTURE_VARIANT").unwrap_or_default().as_str() {
        "delete-first" => Some(Variant::DeleteFirst),
        "no-ledger" => Some(Variant::NoLedger),
        "finish-at-ack" => Some(Variant::FinishAtAck),
        "trust-offset" => Some(Variant::TrustOffset),
        "internal-versions" => Some(Variant::InternalVersions),
        _ => None,
    }
}

/// Always `None` without the feature `torture`: the flush is not broken.
#[cfg(not(feature = "torture"))]
#[inline(always)]
pub fn variant() -> Option<Variant> {
    None
}
