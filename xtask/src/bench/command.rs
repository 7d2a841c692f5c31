//! The commands that are measured.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use crate::steps::Steps;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Project {
    /// An application of 1000 files.
    Generated,
    /// What npm packages ship.
    Corpus,
}

impl Project {
    /// The generated project with both spellings of annotations: nobody else reads it.
    pub const ANNOTATED: &'static str = "target/bench/annotated";

    pub fn name(self) -> &'static str {
        match self {
            Self::Generated => "generated",
            Self::Corpus => "corpus",
        }
    }

    pub fn folder(self) -> &'static str {
        match self {
            Self::Generated => "target/bench/generated",
            Self::Corpus => "target/bench/corpus",
        }
    }
}

/// The files that every tool reads.
pub struct Corpus {
    pub names: Vec<String>,
    pub bytes: u64,
}

impl Corpus {
    pub fn read(folder: &Path) -> io::Result<Self> {
        let names: Vec<String> =
            fs::read_to_string(folder.join("files.txt"))?.lines().map(str::to_owned).collect();
        let sizes: io::Result<Vec<u64>> =
            names.iter().map(|name| Ok(fs::metadata(folder.join(name))?.len())).collect();
        Ok(Self { names, bytes: sizes?.iter().sum() })
    }
}

pub struct Measured {
    pub name: &'static str,
    /// For people, from the project's folder.
    pub shown: String,
    /// Removed before each run.
    pub outputs: Vec<PathBuf>,
    program: PathBuf,
    arguments: Vec<String>,
    folder: PathBuf,
}

impl Measured {
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        // Where it is set a build may not make its lock.
        command.args(&self.arguments).current_dir(&self.folder).env_remove("CI");
        command
    }
}

pub fn commands(steps: &Steps, project: Project, files: &Corpus) -> Vec<Measured> {
    let peers = steps.path("benches/peers");
    let folder = steps.path(project.folder());
    let kontract = |name, folder: &Path, arguments: &[&str]| Measured {
        name,
        shown: format!("kontract build {}", arguments.join(" ")).trim_end().to_owned(),
        // With what was kept from the run before there would be nothing to do.
        outputs: ["dist", "node_modules/.kontract"].map(|path| folder.join(path)).into(),
        program: steps.compiler("release"),
        arguments: [&["build"], arguments].concat().into_iter().map(str::to_owned).collect(),
        folder: folder.to_owned(),
    };
    let mut commands = Vec::new();
    if project == Project::Generated {
        commands.push(kontract("kontract", &folder, &[]));
        commands.push(kontract("… not optimized", &folder, &["--no-optimize"]));
        commands.push(kontract("… and one thread", &folder, &["--no-optimize", "--threads", "1"]));
        let annotated = steps.path(Project::ANNOTATED);
        commands.push(kontract("kontract, annotations", &annotated, &[]));
        let every = ["--config", "every-file.toml"];
        commands.push(kontract("kontract, every file", &folder, &every));
        let plain = [&every[..], &["--no-optimize"]].concat();
        commands.push(kontract("… every file, not optimized", &folder, &plain));
    } else {
        commands.push(kontract("kontract, every file", &folder, &[]));
        commands.push(kontract("… not optimized", &folder, &["--no-optimize"]));
    }
    commands.push(esbuild(&peers, &folder, files));
    let legacy: &[&str] = if project == Project::Corpus { &["--legacy-decorators"] } else { &[] };
    for tool in ["oxc", "swc", "babel"] {
        commands.push(transpile(tool, &peers, &folder, legacy));
    }
    commands
}

fn esbuild(peers: &Path, folder: &Path, files: &Corpus) -> Measured {
    let flags = [
        "--outdir=out-esbuild",
        "--outbase=.",
        "--sourcemap",
        "--sources-content=false",
        "--target=es2022",
        "--jsx=automatic",
        "--log-level=error",
    ];
    let names = files.names.iter().map(String::as_str);
    Measured {
        name: "esbuild",
        shown: format!("esbuild $(cat files.txt) {}", flags.join(" ")),
        outputs: vec![folder.join("out-esbuild")],
        program: peers.join("node_modules/esbuild/bin/esbuild"),
        arguments: names.chain(flags).map(str::to_owned).collect(),
        folder: folder.to_owned(),
    }
}

fn transpile(tool: &'static str, peers: &Path, folder: &Path, legacy: &[&str]) -> Measured {
    let out = format!("out-{tool}");
    let mut arguments = vec![peers.join("transpile.mjs").display().to_string()];
    arguments.extend([tool, ".", "files.txt", &out].map(str::to_owned));
    arguments.extend(legacy.iter().map(|&flag| flag.to_owned()));
    Measured {
        name: tool,
        shown: format!("node transpile.mjs {}", arguments[1..].join(" ")),
        outputs: vec![folder.join(&out)],
        program: "node".into(),
        arguments,
        folder: folder.to_owned(),
    }
}
