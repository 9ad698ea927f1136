//! The server binary: `tidemark serve` and the other commands. It requires the feature `ssr`.

/// While a view waits to be recorded, its request is allocated on one thread and often freed on
/// another, much later. With the system allocator, that costs more than recording the view
/// (docs/measurements/what-helped.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    tidemark::server::cli::main()
}
