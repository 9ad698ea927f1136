//! The server binary: `tidemark serve` and the other commands. The browser build has no `main`.

/// While a view waits to be recorded, its request is allocated on one thread and often freed on
/// another, much later. With the system allocator, that costs more than recording the view
/// (docs/measurements/what-helped.md).
#[cfg(feature = "ssr")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[cfg(feature = "ssr")]
fn main() -> std::process::ExitCode {
    tidemark::server::cli::main()
}

/// The browser starts in `tidemark::hydrate`.
#[cfg(not(feature = "ssr"))]
fn main() {}
