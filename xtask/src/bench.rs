//! `bench`: the compiler beside other tools, over the same files in the same run.
//!
//! Every round runs every command once, so that what else the machine does meets them alike.
//! Medians are shown. Each command starts without outputs, with the sources in the system's cache.

mod command;
mod measure;
mod table;

use std::{fs, process::Command};

use self::command::{Corpus, Project, commands};
use crate::steps::Steps;

const ROUNDS: usize = 7;

pub fn bench(steps: &mut Steps, arguments: &[&str]) {
    let (rounds, filter) = match arguments {
        ["--rounds", rounds, filter @ ..] => match rounds.parse() {
            Ok(rounds) if rounds > 0 => (rounds, filter),
            _ => return steps.fail("bench", "--rounds takes a number"),
        },
        filter => (ROUNDS, filter),
    };
    if !prepare(steps) {
        return;
    }
    for project in [Project::Generated, Project::Corpus] {
        let wanted = filter.is_empty() || filter.iter().any(|name| project.name().contains(name));
        if wanted && make(steps, project) {
            run(steps, project, rounds);
        }
    }
    if filter.is_empty() || filter.contains(&"codec") {
        codecs(steps);
    }
    if filter.is_empty() || filter.contains(&"protocol") {
        protocol(steps);
    }
    if filter.is_empty() || filter.contains(&"cookbook") {
        run_script(steps, "measure the cookbook", "cookbook/run.mjs");
    }
    if (filter.is_empty() || filter.contains(&"incremental"))
        && with_package(steps, "benches/incremental")
    {
        run_script(steps, "measure builds after builds", "incremental/run.mjs");
    }
    let [calls, tables, chains] =
        ["gateway", "storage", "chain"].map(|name| filter.is_empty() || filter.contains(&name));
    if (calls || tables || chains) && peers_on_postgres(steps) {
        if calls {
            on_postgres(steps, "measure the gateway", "run.mjs", rounds);
        }
        if tables {
            on_postgres(steps, "measure operations on tables", "storage/run.mjs", rounds);
        }
        if chains {
            on_postgres(steps, "measure chains of middlewares", "chain/run.mjs", rounds);
        }
    }
}

fn run_script(steps: &mut Steps, what: &str, script: &str) {
    let mut command = Command::new("node");
    command.arg(steps.path("benches").join(script));
    command.env("KONTRACT_BIN", steps.compiler("release"));
    steps.run(what, &mut command);
}

/// Builds the npm package, and installs those of a folder whose scripts use it.
fn with_package(steps: &mut Steps, folder: &str) -> bool {
    let package = "npm/kontract";
    let mut build = steps.npm(package, &["run", "build"]);
    steps.install(package, &[])
        && steps.run("npm run build in npm/kontract", &mut build)
        && steps.install(folder, &["--ignore-scripts"])
}

/// What `kontract serve` and `TableProxy` on PostgreSQL are measured beside.
fn peers_on_postgres(steps: &mut Steps) -> bool {
    let folder = "benches/gateway";
    if !with_package(steps, folder) {
        return false;
    }
    let mut generate = Command::new("npx");
    generate.args(["prisma", "generate"]).current_dir(steps.path(folder));
    // It would download an engine that generating does not need.
    generate.env("PRISMA_SCHEMA_ENGINE_BINARY", "/bin/true").env("CHECKPOINT_DISABLE", "1");
    steps.run("generate Prisma's client", &mut generate)
}

fn on_postgres(steps: &mut Steps, what: &str, script: &str, rounds: usize) {
    let mut command = Command::new("node");
    let script = steps.path("benches/gateway").join(script);
    command.arg(script).args(["--rounds", &rounds.to_string()]);
    command.env("KONTRACT_BIN", steps.compiler("release"));
    steps.run(what, &mut command);
}

/// raystream beside TLS in Rust, then in TypeScript, in Node and in Chromium.
fn protocol(steps: &mut Steps) {
    let manifest = steps.path("benches/protocol/Cargo.toml");
    let mut command = steps.cargo(["run", "--release", "--locked", "--manifest-path"]);
    command.arg(manifest).arg("--target-dir").arg(steps.target().join("protocol-bench"));
    steps.run("measure raystream", &mut command);
    if with_package(steps, "benches/protocol") {
        run_script(steps, "measure raystream in TypeScript", "protocol/run.mjs");
    }
}

/// The generated codecs, in Node, beside other encodings and validators.
fn codecs(steps: &mut Steps) {
    if with_package(steps, "benches/codec") {
        run_script(steps, "measure the codecs", "codec/run.mjs");
    }
}

/// The compiler in release, and the tools it is compared with.
fn prepare(steps: &mut Steps) -> bool {
    let mut compiler = steps.cargo(["build", "--release", "--locked", "--bin", "kontract"]);
    if !steps.run("build the compiler", &mut compiler) || !steps.install("benches/peers", &[]) {
        return false;
    }
    // Replaces the start script in Node by the program itself, as a usual installation does.
    let mut esbuild = Command::new("node");
    esbuild.arg("node_modules/esbuild/install.js").current_dir(steps.path("benches/peers"));
    steps.run("install esbuild's program", &mut esbuild)
}

fn make(steps: &mut Steps, project: Project) -> bool {
    if project == Project::Corpus && !steps.install("tests/corpus", &["--ignore-scripts"]) {
        return false;
    }
    let folder = steps.path(project.folder());
    let mut command = Command::new("node");
    match project {
        Project::Generated => {
            command.arg(steps.path("benches/generate.mjs")).arg(&folder);
            let mut annotated = Command::new("node");
            annotated
                .arg(steps.path("benches/generate.mjs"))
                .arg(steps.path(Project::ANNOTATED))
                .args(["--spelling", "both"]);
            if !steps.run("make the annotated project", &mut annotated) {
                return false;
            }
        }
        Project::Corpus => {
            command
                .arg(steps.path("benches/corpus.mjs"))
                .arg(&folder)
                .arg(steps.compiler("release"));
        }
    }
    steps.run(&format!("make the {} project", project.name()), &mut command)
}

fn run(steps: &mut Steps, project: Project, rounds: usize) {
    let name = format!("measure the {} project", project.name());
    let files = match Corpus::read(&steps.path(project.folder())) {
        Ok(files) => files,
        Err(error) => return steps.fail(&name, &format!("files.txt: {error}")),
    };
    println!("\n── {name}: {} files, {} bytes, {rounds} rounds", files.names.len(), files.bytes);
    let commands = commands(steps, project, &files);
    for command in &commands {
        println!("{:<26} {}", command.name, command.shown);
    }
    let mut measured = vec![Vec::new(); commands.len()];
    // The first round only warms the caches.
    for round in 0..=rounds {
        for (command, runs) in commands.iter().zip(&mut measured) {
            for folder in &command.outputs {
                let _ = fs::remove_dir_all(folder);
            }
            match measure::run(&mut command.command()) {
                Ok(run) if round > 0 => runs.push(run),
                Ok(_) => {}
                Err(error) => return steps.fail(&name, &format!("{}: {error}", command.name)),
            }
        }
    }
    print!("{}", table::table(&commands, &measured));
}
