use std::process::ExitCode;

/// Syntax trees are many small boxes, made and dropped on several threads: with the system's
/// allocator a build takes a quarter more time in user mode.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    kontract::cli::run()
}
