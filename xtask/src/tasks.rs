//! `test` and `prove`.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::{dist, steps::Steps};

/// A failed step does not keep the others from running, except those that need it.
pub fn test(steps: &mut Steps) {
    steps.install("tests/corpus", &["--ignore-scripts"]);
    steps.install("tests/postgres", &["--ignore-scripts"]);
    // Before cargo's own tests run, so that they find nothing to do but test.
    let built = cargo(steps, "cargo build", &["build", "--workspace", "--locked"]);
    cargo(steps, "cargo test", &["test", "--workspace", "--locked"]);
    let mut command = steps.cargo(["test", "--test", "database", "--locked", "isolation"]);
    steps.run(
        &format!("cargo test on PostgreSQL {NEWEST}: isolation"),
        command.env("KONTRACT_TEST_POSTGRES", NEWEST),
    );

    let package = "npm/kontract";
    let package_built = steps.install(package, &[]) && npm(steps, package, "build");
    if package_built {
        npm(steps, package, "typecheck");
        npm(steps, package, "test");
        npm(steps, package, "gateway:check");
    }

    for built_with_it in ["tests/apps", "tests/codec", "tests/vite", "tests/wire"] {
        if !built || !package_built {
            steps.fail(built_with_it, "it needs the compiler and npm/kontract");
        } else if steps.install(built_with_it, &[]) {
            npm(steps, built_with_it, "typecheck");
            npm(steps, built_with_it, "test");
            if built_with_it == "tests/apps" {
                npm(steps, built_with_it, "test:gateway");
                npm(steps, built_with_it, "test:raystream");
                npm(steps, built_with_it, "test:page");
            }
        }
    }

    let documented = "tests/cookbook";
    if !built {
        steps.fail(documented, "it needs the compiler");
    } else if steps.install(documented, &[]) {
        npm(steps, documented, "typecheck");
        npm(steps, documented, "test");
    }

    let packed = "tests/package";
    if !built || !package_built || !dist::pack_both(steps, "debug") {
        steps.fail(packed, "it needs the packages that `cargo xtask dist --debug` makes");
    } else if steps.install(packed, &[]) {
        npm(steps, packed, "typecheck");
        npm(steps, packed, "test");
    }
}

/// The randomized tests read `KONTRACT_PROVE` for how long to go on.
pub fn prove(steps: &mut Steps) {
    steps.install("tests/corpus", &["--ignore-scripts"]);
    steps.install("tests/postgres", &["--ignore-scripts"]);
    // Not in release: overflow checks and debug assertions find more, and linking is quick.
    let mut command = steps.cargo(["test", "--workspace", "--locked"]);
    command.env("KONTRACT_PROVE", "1").env("PROPTEST_CASES", "100000");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seed = now.as_secs().to_string();
    let name = format!("cargo test with KONTRACT_PROVE and PROPTEST_RNG_SEED={seed}");
    steps.run(&name, command.env("PROPTEST_RNG_SEED", seed));
    let mut command = steps.cargo(["test", "--test", "database", "--locked"]);
    steps.run(
        &format!("cargo test on PostgreSQL {NEWEST}"),
        command.env("KONTRACT_TEST_POSTGRES", NEWEST),
    );
    let package = "npm/kontract";
    if !steps.install(package, &[]) || !npm(steps, package, "build") {
        return;
    }
    let mut command = steps.npm(package, &["run", "prove"]);
    steps.run("npm run prove in npm/kontract", command.env("KONTRACT_PROVE", "1"));
    if steps.install("tests/apps", &[]) {
        for script in [
            "test:postgres",
            "test:storage",
            "test:kills",
            "test:chains",
            "test:plain",
            "test:post",
            "test:stream",
        ] {
            let mut command = steps.npm("tests/apps", &["run", script]);
            command.env("KONTRACT_BIN", steps.compiler("debug")).env("KONTRACT_PROVE", "1");
            steps.run(&format!("npm run {script} in tests/apps with KONTRACT_PROVE"), &mut command);
        }
        let mut command = steps.npm("tests/apps", &["run", "test:storage"]);
        command.env("KONTRACT_BIN", steps.compiler("debug")).env("KONTRACT_TEST_POSTGRES", NEWEST);
        let name = format!("npm run test:storage in tests/apps on PostgreSQL {NEWEST}");
        steps.run(&name, &mut command);
    }
    if steps.install("tests/codec", &[]) {
        let mut command = steps.npm("tests/codec", &["run", "test"]);
        command.env("KONTRACT_BIN", steps.compiler("debug")).env("KONTRACT_PROVE", "1");
        command.env("KONTRACT_PEER", steps.example("codec_peer"));
        steps.run("npm run test in tests/codec with KONTRACT_PROVE", &mut command);
    }
    if steps.install("tests/wire", &["--ignore-scripts"]) {
        let mut command = steps.npm("tests/wire", &["run", "test"]);
        command.env("KONTRACT_WIRE_PEER", steps.example("wire_peer")).env("KONTRACT_PROVE", "1");
        steps.run("npm run test in tests/wire with KONTRACT_PROVE", &mut command);
    }
}

fn cargo(steps: &mut Steps, name: &str, arguments: &[&str]) -> bool {
    let mut command = steps.cargo(arguments);
    steps.run(name, &mut command)
}

fn npm(steps: &mut Steps, folder: &str, script: &str) -> bool {
    let mut command = steps.npm(folder, &["run", script]);
    command.env("KONTRACT_BIN", steps.compiler("debug")).env("KONTRACT_DIST", dist::folder(steps));
    command.env("KONTRACT_PEER", steps.example("codec_peer"));
    command.env("KONTRACT_WIRE_PEER", steps.example("wire_peer"));
    steps.run(&format!("npm run {script} in {folder}"), &mut command)
}

/// The PostgreSQL that `tests/postgres` brings; other tests take the system's.
const NEWEST: &str = "18";
