//! `test` and `prove`.

use crate::steps::Steps;

/// A failed step does not keep the others from running, except those that need it.
pub fn test(steps: &mut Steps) {
    steps.install("tests/corpus", &["--ignore-scripts"]);
    // Before cargo's own tests run, so that they find nothing to do but test.
    let built = cargo(steps, "cargo build", &["build", "--workspace", "--locked"]);
    cargo(steps, "cargo test", &["test", "--workspace", "--locked"]);

    let package = "npm/kontract";
    let package_built = steps.install(package, &[]) && npm(steps, package, "build");
    if package_built {
        npm(steps, package, "typecheck");
        npm(steps, package, "test");
    }

    let applications = "tests/apps";
    if !built || !package_built {
        steps.fail("the applications", "they need the compiler and npm/kontract");
    } else if steps.install(applications, &[]) {
        let mut command = steps.npm(applications, &["run", "test"]);
        command.env("KONTRACT_BIN", steps.compiler("debug"));
        steps.run("npm run test in tests/apps", &mut command);
    }
}

/// The randomized tests read `KONTRACT_PROVE` for how long to go on.
pub fn prove(steps: &mut Steps) {
    steps.install("tests/corpus", &["--ignore-scripts"]);
    // Not in release: overflow checks and debug assertions find more, and linking is quick.
    let mut command = steps.cargo(["test", "--workspace", "--locked"]);
    command.env("KONTRACT_PROVE", "1");
    steps.run("cargo test with KONTRACT_PROVE", &mut command);
}

fn cargo(steps: &mut Steps, name: &str, arguments: &[&str]) -> bool {
    let mut command = steps.cargo(arguments);
    steps.run(name, &mut command)
}

fn npm(steps: &mut Steps, folder: &str, script: &str) -> bool {
    let mut command = steps.npm(folder, &["run", script]);
    steps.run(&format!("npm run {script} in {folder}"), &mut command)
}
