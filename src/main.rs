use std::process::ExitCode;

/// Syntax trees are many small boxes, made and dropped on several threads. `benches/README.md` has
/// the figures against the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    kontract::cli::run()
}
