#[cfg(feature = "ssr")]
fn main() -> std::process::ExitCode {
    tidemark::server::cli::main()
}

/// The browser enters through `tidemark::hydrate`.
#[cfg(not(feature = "ssr"))]
fn main() {}
