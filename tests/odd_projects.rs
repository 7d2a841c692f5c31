//! Projects that are laid out unusually, and builds that are disturbed.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use kontract::{
    config::{Flags, load},
    files::{Entry, Files, Kind, Memory},
    model::diagnostic::Diagnostic,
    pipeline::{self, write},
};
use tempfile::TempDir;

struct Project(TempDir);

impl Project {
    fn new(files: &[(&str, &str)]) -> Self {
        let project = Self(tempfile::tempdir().expect("a folder"));
        project.write(".git/HEAD", "");
        files.iter().for_each(|(path, text)| project.write(path, text));
        project
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn command(&self, folder: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kontract"));
        command.arg("build").current_dir(self.path(folder)).stdin(Stdio::null()).env_remove("CI");
        command
    }

    /// Fails with what the build printed.
    fn build(&self, folder: &str) {
        let output = self.command(folder).output().expect("it starts");
        assert!(output.status.success(), "{}", printed(&output));
    }

    /// All files of a folder with their bytes.
    fn contents(&self, folder: &str) -> Vec<(String, Vec<u8>)> {
        let mut found = Vec::new();
        collect(&self.path(folder), "", &mut found);
        found
    }
}

fn printed(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn collect(folder: &Path, prefix: &str, found: &mut Vec<(String, Vec<u8>)>) {
    let mut entries: Vec<_> = fs::read_dir(folder).expect("a folder").flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{name}/"), found);
        } else {
            found.push((name, fs::read(entry.path()).expect("readable")));
        }
    }
}

const ROUTE: &str = "import { backend } from 'kontract';\nexport const one = backend({}, async (): Promise<number> => 1);\n";

/// A route that calls `helper`, imported from `specifier`.
fn calls(specifier: &str) -> String {
    format!(
        "import {{ backend }} from 'kontract';\nimport {{ helper, type Row }} from '{specifier}';\nexport const one = backend({{}}, async (): Promise<Row> => helper());\n"
    )
}

const HELPER: &str =
    "export interface Row { id: string }\nexport function helper(): Row { return { id: 'x' }; }\n";

#[test]
fn sources_lie_where_the_patterns_say() {
    let project = Project::new(&[
        ("kontract.toml", "[build]\ninclude = ['server/**/*.ts', 'lib/*.ts', 'main.ts']\n"),
        ("server/api/users.ts", &calls("../../lib/helper")),
        ("lib/helper.ts", HELPER),
        ("main.ts", "export const main = 1;\n"),
        ("src/ignored.ts", "this is no TypeScript"),
    ]);
    project.build("");
    assert!(project.read("dist/server/server/api/users.js").contains("../../lib/helper.js"));
    assert!(project.path("dist/server/lib/helper.js").is_file());
    assert!(project.path("dist/client/server/api/users.js").is_file());
}

#[test]
fn what_is_imported_from_outside_the_patterns_comes_along() {
    let project = Project::new(&[
        ("app/src/api.ts", &calls("../../shared/helper")),
        ("shared/helper.ts", HELPER),
    ]);
    fs::create_dir_all(project.path("app/.git")).expect("made");
    project.build("app");
    assert!(project.path("app/dist/server/_outside/_up/shared/helper.js").is_file());
    assert!(project.read("app/dist/client/api.d.ts").contains("Row"));
}

#[test]
fn every_way_of_a_tsconfig_to_name_a_module_is_followed() {
    let ways: &[(&str, &str, &str)] = &[
        ("paths", r#"{ "compilerOptions": { "paths": { "@/*": ["./src/*"] } } }"#, "@/lib/helper"),
        ("baseUrl", r#"{ "compilerOptions": { "baseUrl": "./src" } }"#, "lib/helper"),
        (
            "several targets",
            r#"{ "compilerOptions": { "paths": { "@/*": ["./missing/*", "./src/lib/*"] } } }"#,
            "@/helper",
        ),
        (
            "exact path",
            r#"{ "compilerOptions": { "paths": { "helper": ["./src/lib/helper.ts"] } } }"#,
            "helper",
        ),
        ("extends", r#"{ "extends": "./config/base.json" }"#, "~/helper"),
        (
            "extends several",
            r#"{ "extends": ["./config/other.json", "./config/base.json"] }"#,
            "~/helper",
        ),
        (
            "comments",
            "{ // why\n \"compilerOptions\": { \"paths\": { \"@/*\": [\"./src/*\",], }, }, }",
            "@/lib/helper",
        ),
    ];
    for (way, tsconfig, specifier) in ways {
        let project = Project::new(&[
            ("tsconfig.json", tsconfig),
            (
                "config/base.json",
                r#"{ "compilerOptions": { "paths": { "~/*": ["../src/lib/*"] } } }"#,
            ),
            ("config/other.json", r#"{ "compilerOptions": { "strict": true } }"#),
            ("src/api.ts", &calls(specifier)),
            ("src/lib/helper.ts", HELPER),
        ]);
        let output = project.command("").output().expect("it starts");
        assert!(output.status.success(), "{way}: {}", printed(&output));
        assert!(project.read("dist/server/api.js").contains("./lib/helper.js"), "{way}");
    }
}

#[test]
fn a_broken_tsconfig_is_no_panic() {
    for tsconfig in [
        "",
        "{",
        "[]",
        "null",
        "{ \"extends\": \"./missing.json\" }",
        "{ \"extends\": \"./tsconfig.json\" }",
        "{ \"compilerOptions\": 1 }",
        "\u{0}",
    ] {
        let project = Project::new(&[
            ("tsconfig.json", tsconfig),
            ("src/api.ts", &calls("./helper")),
            ("src/helper.ts", HELPER),
        ]);
        let output = project.command("").output().expect("it starts");
        assert!(matches!(output.status.code(), Some(0..=2)), "{tsconfig}: {}", printed(&output));
    }
}

#[cfg(unix)]
#[test]
fn a_package_of_the_monorepo_is_built_in_by_its_link() {
    let project = Project::new(&[
        (
            "packages/lib/package.json",
            r#"{ "name": "@my/lib", "exports": { ".": "./src/index.ts" } }"#,
        ),
        ("packages/lib/src/index.ts", "export * from './helper';\n"),
        ("packages/lib/src/helper.ts", HELPER),
        ("packages/app/src/api.ts", &calls("@my/lib")),
        ("packages/app/kontract.toml", ""),
    ]);
    fs::create_dir_all(project.path("packages/app/node_modules/@my")).expect("made");
    std::os::unix::fs::symlink("../../../lib", project.path("packages/app/node_modules/@my/lib"))
        .expect("linked");
    project.build("packages/app");
    let api = project.read("packages/app/dist/server/api.js");
    assert!(api.contains("_outside/_up/lib/src/index.js"), "{api}");
    assert!(project.path("packages/app/dist/server/_outside/_up/lib/src/helper.js").is_file());
}

#[test]
fn files_of_one_name_and_several_extensions_do_not_overwrite_each_other() {
    let pairs = [("ts", "tsx"), ("ts", "mts"), ("tsx", "mts")];
    for (left, right) in pairs {
        let project = Project::new(&[
            (&format!("src/api.{left}"), ROUTE),
            (&format!("src/api.{right}"), &ROUTE.replace("one", "two")),
        ]);
        let output = project.command("").output().expect("it starts");
        assert_eq!(output.status.code(), Some(1), "{left} and {right}: {}", printed(&output));
    }
    let project = Project::new(&[
        ("src/api.ts", ROUTE),
        ("src/api/users.ts", &ROUTE.replace("one", "two")),
        ("src/api.d.ts", "export {};"),
    ]);
    project.build("");
    assert!(
        project.path("dist/server/api.js").is_file()
            && project.path("dist/server/api/users.js").is_file()
    );
}

#[test]
fn a_project_inside_another_keeps_to_itself() {
    let project = Project::new(&[
        ("kontract.toml", "[build]\nexclude = ['src/inner/**']\n"),
        ("src/api.ts", ROUTE),
        ("src/inner/kontract.toml", ""),
        ("src/inner/src/api.ts", &ROUTE.replace("one", "two")),
    ]);
    project.build("");
    project.build("src/inner");
    let outer = project.read("dist/manifest.json");
    assert!(outer.contains("\"one\"") && !outer.contains("\"two\""));
    assert!(project.read("src/inner/dist/manifest.json").contains("\"two\""));
    // Outputs of the inner one are no sources of the outer one.
    project.build("");
    assert_eq!(project.read("dist/manifest.json"), outer);
}

fn many_routes(project: &Project, count: usize) {
    for number in 0..count {
        project.write(
            &format!("src/api/r{number}.ts"),
            &ROUTE.replace("one", &format!("route{number}")),
        );
    }
}

#[test]
fn a_build_that_was_killed_is_finished_by_the_next() {
    let project = Project::new(&[]);
    many_routes(&project, 120);
    let clean = Project::new(&[]);
    many_routes(&clean, 120);
    clean.build("");
    let expected = clean.contents("dist");
    let mut interrupted = 0;
    for wait in 0..40 {
        let mut child = project
            .command("")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        thread::sleep(Duration::from_millis(wait * 3));
        let _ = child.kill();
        interrupted += usize::from(!child.wait().expect("it ends").success());
        // Whatever was under way, a file is whole or not there.
        if project.path("dist").is_dir() {
            for (path, bytes) in project.contents("dist") {
                let whole = expected.iter().any(|(name, text)| *name == path && *text == bytes);
                let own = path == ".kontract-outputs.json" || path.ends_with(".tmp");
                assert!(whole || own, "{path} is half written");
            }
        }
        if wait % 8 == 7 {
            project.build("");
            fs::remove_dir_all(project.path("dist")).expect("removed");
        }
    }
    assert!(interrupted > 5, "only {interrupted} builds were killed");
    project.build("");
    let found: Vec<_> =
        project.contents("dist").into_iter().filter(|(path, _)| !path.ends_with(".tmp")).collect();
    assert!(found == expected, "the rebuilt output differs");
}

#[test]
fn builds_at_the_same_time_leave_whole_files() {
    let project = Project::new(&[]);
    many_routes(&project, 40);
    project.build("");
    let expected = project.contents("dist");
    for round in 0..5 {
        fs::remove_dir_all(project.path("dist")).expect("removed");
        let builds: Vec<_> = (0..4)
            .map(|_| {
                project
                    .command("")
                    .stdout(Stdio::piped())
                    .stderr(Stdio::piped())
                    .spawn()
                    .expect("it starts")
            })
            .collect();
        for build in builds {
            let output = build.wait_with_output().expect("it ends");
            assert!(matches!(output.status.code(), Some(0 | 1)), "{}", printed(&output));
        }
        project.build("");
        assert!(project.contents("dist") == expected, "round {round}: the output differs");
    }
}

/// Changes a file each time it is read.
struct Restless {
    memory: Memory,
    reads: AtomicUsize,
    versions: Vec<Option<String>>,
}

impl Files for Restless {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if !path.ends_with("api.ts") {
            return self.memory.read(path);
        }
        let read = self.reads.fetch_add(1, Ordering::Relaxed);
        match &self.versions[read % self.versions.len()] {
            Some(text) => Ok(text.clone().into_bytes()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<bool> {
        self.memory.write(path, bytes)
    }
    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.memory.remove_file(path)
    }
    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.memory.remove_folder(path)
    }
    fn kind(&self, path: &Path) -> io::Result<Kind> {
        self.memory.kind(path)
    }
    fn link_kind(&self, path: &Path) -> io::Result<Kind> {
        self.memory.link_kind(path)
    }
    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        self.memory.read_link(path)
    }
    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        self.memory.canonicalize(path)
    }
    fn list(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        self.memory.list(folder)
    }
}

#[test]
fn a_source_that_changes_during_the_build_is_built_as_it_was_read() {
    let one = ROUTE.to_owned();
    let other =
        "// another file altogether, and a longer one: é😀\nexport const two = 2;\n".to_owned();
    let versions: [Vec<Option<String>>; 4] = [
        vec![Some(one.clone()), Some(other.clone())],
        vec![Some(one.clone()), None],
        vec![None, Some(one.clone())],
        vec![Some(one.clone()), Some(String::new())],
    ];
    for versions in versions {
        let first = versions[0].clone();
        let memory = Memory::unix([
            ("/app/.git/HEAD", ""),
            ("/app/src/api.ts", ROUTE),
            ("/app/src/b.ts", &calls("./helper").replace("one", "three")),
            ("/app/src/helper.ts", HELPER),
        ]);
        let files: Arc<dyn Files> =
            Arc::new(Restless { memory, reads: AtomicUsize::new(0), versions });
        let options = load(&*files, Path::new("/app"), &Flags::default()).expect("a project");
        let build = pipeline::build(&files, &options);
        assert!(!build.diagnostics.iter().any(Diagnostic::is_error), "{:?}", build.diagnostics);
        let api = build.outputs.iter().find(|o| o.path == "server/api.js");
        assert_eq!(api.is_some_and(|o| o.text.contains("const one = async")), first.is_some());
        let (_, diagnostics) = write::write(&*files, &options, &build.outputs);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
    }
}

#[test]
fn a_full_disk_is_an_error_and_the_next_build_recovers() {
    let memory = Memory::unix([("/app/.git/HEAD", ""), ("/app/src/api.ts", ROUTE)]);
    let files = Arc::new(memory);
    let shared: Arc<dyn Files> = files.clone();
    let options = load(&*shared, Path::new("/app"), &Flags::default()).expect("a project");
    let build = pipeline::build(&shared, &options);
    // The double refuses only what has a folder already.
    for folder in ["client", "server", "codec", "schema"] {
        files.add(&format!("/app/dist/{folder}/keep"), "");
    }
    for output in &build.outputs {
        let path = format!("/app/dist/{}", output.path);
        files.fail(&path, io::ErrorKind::StorageFull);
        let (_, diagnostics) = write::write(&*shared, &options, &build.outputs);
        assert!(diagnostics.iter().any(Diagnostic::is_error), "{path}");
        files.mend(&path);
        let (_, diagnostics) = write::write(&*shared, &options, &build.outputs);
        assert!(diagnostics.is_empty(), "{path}: {diagnostics:?}");
        for output in &build.outputs {
            let read = shared.read(Path::new(&format!("/app/dist/{}", output.path)));
            assert_eq!(read.expect("written"), output.text.as_bytes());
        }
        write::clean(&*shared, &options);
    }
}
