//! Where a process can be made to die, and how a flush can be made wrong: for `make torture`,
//! compiled in with the feature `torture` alone. Otherwise all of this is nothing.

/// A flush that is wrong on purpose, so that the torture can be seen to notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// Redis forgets a batch before SQL has it.
    DeleteFirst,
    /// SQL does not write down which batches it has.
    NoLedger,
}

/// Marks a step of the protocol. The process ends here, as if killed, if `TORTURE_DIE_AT` names the
/// step and how many times it is reached, such as `flush-applied:2`.
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

/// Marks a step of the protocol.
#[cfg(not(feature = "torture"))]
#[inline(always)]
pub fn reach(_step: &str) {}

/// How the flush is wrong, if it is: `TORTURE_VARIANT` is `delete-first` or `no-ledger`.
#[cfg(feature = "torture")]
pub fn variant() -> Option<Variant> {
    match std::env::var("TORTURE_VARIANT").unwrap_or_default().as_str() {
        "delete-first" => Some(Variant::DeleteFirst),
        "no-ledger" => Some(Variant::NoLedger),
        _ => None,
    }
}

/// The flush is right.
#[cfg(not(feature = "torture"))]
#[inline(always)]
pub fn variant() -> Option<Variant> {
    None
}
