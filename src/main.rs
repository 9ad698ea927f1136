//! The program: `tidemark serve` and the other commands. The browser's half has no `main`.

/// A request that waits for its view to be recorded is freed long after it was made, and often by
/// another thread: the system's allocator takes more time for that than the view itself
/// (docs/measurements/what-helped.md).
#[cfg(feature = "ssr")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[cfg(feature = "ssr")]
fn main() -> std::process::ExitCode {
    tidemark::server::cli::main()
}

/// The browser enters through `tidemark::hydrate`.
#[cfg(not(feature = "ssr"))]
fn main() {}
