use std::process::ExitCode;

fn main() -> ExitCode {
    kontract::cli::run()
}
