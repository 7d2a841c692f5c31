//! The tasks of this repository: `cargo xtask --help`.
#![allow(clippy::print_stderr, clippy::print_stdout, reason = "a command for contributors")]

use std::{env, process::ExitCode};

mod steps;
mod bench;
mod demo;
mod dist;
mod tasks;

use steps::Steps;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let names: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut steps = Steps::new();
    match names.as_slice() {
        ["test"] => tasks::test(&mut steps),
        ["prove"] => tasks::prove(&mut steps),
        ["bench", filter @ ..] => bench::bench(&mut steps, filter),
        ["demo"] => demo::demo(&mut steps),
        ["dist", arguments @ ..] => dist::dist(&mut steps, arguments),
        ["--help" | "-h" | "help"] => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprint!("{HELP}");
            return ExitCode::from(2);
        }
    }
    steps.finish()
}

const HELP: &str = "\
Tasks of this repository

Usage: cargo xtask <task>

Tasks:
  test            every test: the compiler, the npm package, the applications
  prove           the long forms of the randomized tests
  bench [--rounds <n>] [generated|corpus|codec|gateway|storage|chain]
                  the compiler beside esbuild, oxc, SWC and Babel, and the codecs
                  beside JSON, zod, typia and others: see benches/README.md
  demo            build the compiler and serve the conduit application on port 8787 (or $PORT)
  dist [--debug]  the packages `kontract` and `@kontract/<this platform>`, as tarballs with their
                  checksums in target/dist

Examples:
  cargo xtask test
  cargo xtask bench --rounds 3 generated
  PORT=9000 cargo xtask demo

Exit codes: 0 all steps succeeded, 1 a step failed, 2 wrong arguments
";
