//! The command line as a shell sees it: the binary, in folders of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

struct Project {
    folder: TempDir,
}

struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Project {
    fn new(files: &[(&str, &str)]) -> Self {
        let project = Self { folder: tempfile::tempdir().expect("a folder") };
        // Nothing above it is looked at.
        project.write(".git/HEAD", "");
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kontract"));
        command.args(arguments).current_dir(self.folder.path());
        for name in ["CI", "GITHUB_ACTIONS", "NO_COLOR", "FORCE_COLOR", "RUST_BACKTRACE", "COLUMNS"]
        {
            command.env_remove(name);
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(arguments).output().expect("it starts"))
    }
}

impl Run {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    fn objects(&self) -> Vec<Value> {
        let parse = |line| serde_json::from_str(line).expect("one object a line");
        self.stdout.lines().map(parse).collect()
    }

    fn summary(&self) -> Value {
        self.objects().last().expect("a summary")["summary"].clone()
    }

    fn codes(&self) -> Vec<String> {
        let objects = self.objects();
        objects.iter().filter_map(|object| Some(object["code"].as_str()?.to_owned())).collect()
    }
}

const SHARED: (&str, &str) = ("src/shared.ts", "export const limit = 3;\n");

fn snapshots() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/cli"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}

#[test]
fn keys_are_made_changed_and_shown_only_where_that_was_asked_for() {
    let project = Project::new(&[("src/api.ts", API)]);
    assert_eq!(project.run(&["keys", "generate"]).code, Some(2));
    let made = project.run(&["keys", "generate", "--write", ".env", "--json"]);
    assert_eq!((made.code, made.stderr.as_str()), (Some(0), ""));
    let made: Value = serde_json::from_str(&made.stdout).expect("JSON");
    let env = || fs::read_to_string(project.path(".env")).expect("written");
    let secret = env().trim().strip_prefix("KONTRACT_STATIC_KEY=").expect("a key").to_owned();
    assert_eq!(secret.split(',').count(), 2);
    assert!(made.get("secret").is_none());
    let again = project.run(&["keys", "generate", "--write", ".env"]);
    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains("K331") && env().contains(&secret));

    let rotated = project.run(&["keys", "rotate", "--write", ".env"]);
    let next = made["pins"][1]["key"].as_str().expect("a key");
    assert!(rotated.stdout.starts_with(&format!("[wire]\npin = [\"{next}\", ")));
    assert!(!format!("{}{}", rotated.stdout, rotated.stderr).contains(&secret[..43]));
    let printed = project.run(&["keys", "generate", "--print"]);
    assert!(
        printed.stdout.starts_with("KONTRACT_STATIC_KEY=") && printed.stderr.contains("pin = [")
    );

    // A build pins them, and tells the gateway.
    project.write("kontract.toml", &rotated.stdout);
    assert_eq!(project.run(&["build"]).code, Some(0));
    let manifest = fs::read_to_string(project.path("dist/manifest.json")).expect("written");
    let manifest: Value = serde_json::from_str(&manifest).expect("JSON");
    assert_eq!(manifest["pins"][0], next);
    let wire = fs::read_to_string(project.path("dist/client/__kontract.js")).expect("written");
    assert!(wire.contains(next) && wire.contains(manifest["abi"].as_str().expect("a hash")));
    let stub = fs::read_to_string(project.path("dist/client/api.js")).expect("written");
    assert!(stub.contains("import { wire as __kontract_wire } from \"./__kontract.js\";"));
    assert!(stub.contains("wire: __kontract_wire }"));
}

const API: &str = "import { backend } from 'kontract';\nexport const one = backend(async (): Promise<number> => 1);\n";

#[test]
fn help_shows_examples_and_exit_codes() {
    let project = Project::new(&[]);
    for (name, arguments) in [
        ("help", &["--help"][..]),
        ("help_build", &["build", "--help"]),
        ("help_build", &["help", "build"]),
        ("help_check", &["check", "--help"]),
        ("help_clean", &["clean", "--help"]),
        ("help_cookbook", &["cookbook", "--help"]),
        ("help_dev", &["dev", "--help"]),
        ("help_explain", &["explain", "--help"]),
        ("help_init", &["init", "--help"]),
        ("help_keys_generate", &["keys", "generate", "--help"]),
        ("help_keys_rotate", &["keys", "rotate", "--help"]),
        ("help_watch", &["watch", "--help"]),
        ("help_migrate_up", &["migrate", "up", "--help"]),
        ("help_serve", &["serve", "--help"]),
    ] {
        let run = project.run(arguments);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
        assert!(run.stdout.contains("Exit codes:"));
        snapshots().bind(|| insta::assert_snapshot!(name, run.stdout));
    }
}

#[test]
fn the_version_is_the_crates() {
    let run = Project::new(&[]).run(&["--version"]);
    assert_eq!(run.code, Some(0));
    assert_eq!(run.stdout, format!("kontract {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn wrong_usage_is_explained_and_exits_with_2() {
    let project = Project::new(&[SHARED]);
    let cases = [
        (&[][..], "Usage: kontract <COMMAND>"),
        (&["biuld"], "a similar subcommand exists: 'build'"),
        (&["build", "--jsno"], "--json"),
        (&["build", "--threads", "0"], "0"),
        (&["build", "--threads", "many"], "many"),
        (&["build", "a", "b"], "unexpected argument 'b'"),
        (&["build", "nowhere"], "there is no folder"),
        (&["build", "--config", "nowhere.toml"], "there is no configuration file"),
        (&["build", "src", "--config", "kontract.toml"], "cannot be used with"),
        (&["build", "--out", "../x"], "outside the project"),
        (&["build", "--out", "src"], "sources lie in it"),
    ];
    for (arguments, expected) in cases {
        let run = project.run(arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains(expected), "{arguments:?}: {}", run.stderr);
        assert_eq!(run.stdout, "", "{arguments:?}");
    }
}

#[test]
fn an_unknown_key_is_shown_with_what_was_meant() {
    let project =
        Project::new(&[SHARED, ("kontract.toml", "[build]\nuot = \"build\" # the folder\n")]);
    for command in ["build", "clean"] {
        let run = project.run(&[command]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
        snapshots().bind(|| insta::assert_snapshot!("unknown_key", run.stderr));
    }
    // Found from a folder below, too.
    let run = project.run(&["build", "src"]);
    snapshots().bind(|| insta::assert_snapshot!("unknown_key", run.stderr));
    let run = project.run(&["build", "--json"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(2), ""));
    let object = &run.objects()[0];
    assert_eq!(object["code"], "K092");
    assert_eq!((&object["line"], &object["column"]), (&2.into(), &1.into()));
}

#[test]
fn a_build_says_in_one_line_what_it_did() {
    let project = Project::new(&[SHARED]);
    let run = project.run(&["build"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert!(run.stdout.starts_with("Built 0 routes in 1 module: "), "{}", run.stdout);
    assert!(run.stdout.ends_with(" ms); no function is marked `@backend`\n"), "{}", run.stdout);
    assert_eq!(run.stdout.lines().count(), 1);
    assert!(project.path("dist/.kontract-outputs.json").is_file());

    let run = project.run(&["build", "--quiet"]);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (Some(0), "", ""));

    let run = project.run(&["build", "--json", "--threads", "1"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let summary = run.summary();
    let keys: Vec<&String> = summary.as_object().expect("an object").keys().collect();
    let expected = [
        "routes",
        "modules",
        "written",
        "unchanged",
        "removed",
        "read",
        "extracted",
        "printed",
        "errors",
        "warnings",
        "milliseconds",
    ];
    assert_eq!(keys, expected);
    assert_eq!((&summary["modules"], &summary["written"]), (&1.into(), &0.into()));
}

#[test]
fn the_output_folder_can_be_chosen() {
    let project = Project::new(&[("app/src/a.ts", "export {};\n")]);
    let run = project.run(&["build", "app", "--out", "build/out"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(project.path("app/build/out/.kontract-outputs.json").is_file());
    let run = project.run(&["clean", "app", "--out", "build/out"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(!project.path("app/build/out").exists());
}

#[test]
fn clean_removes_the_outputs_and_leaves_the_rest() {
    let project = Project::new(&[SHARED, ("dist/mine.txt", "mine")]);
    assert_eq!(project.run(&["build"]).code, Some(0));
    let run = project.run(&["clean"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert!(run.stdout.starts_with("Removed "), "{}", run.stdout);
    let left: Vec<_> = fs::read_dir(project.path("dist")).expect("there").flatten().collect();
    assert_eq!(left.len(), 1);
    let run = project.run(&["clean", "--json"]);
    assert_eq!(run.summary()["removed"], 0);
}

#[test]
fn a_project_without_sources_is_an_error_and_writes_nothing() {
    let project = Project::new(&[("lib/a.ts", "")]);
    let run = project.run(&["build"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    snapshots().bind(|| insta::assert_snapshot!("no_sources", run.stderr));
    assert!(!project.path("dist").exists());
    let run = project.run(&["build", "--json"]);
    assert_eq!(run.code, Some(1));
    assert_eq!(run.summary()["errors"], 1);
}

#[test]
fn files_of_others_in_the_output_folder_stop_the_build() {
    let project = Project::new(&[SHARED]);
    fs::create_dir_all(project.path("dist/.kontract-outputs.json")).expect("made");
    let run = project.run(&["build", "--json"]);
    assert_eq!(run.code, Some(1));
    assert_eq!(run.codes(), ["K106"]);
}

#[test]
fn odd_names_build_like_others() {
    let project = Project::new(&[]);
    let names: &[&str] = if cfg!(windows) {
        &["a b.ts", "a'b.ts", "a#b.ts", "a%20b.ts", "😀.ts", "[id].ts"]
    } else {
        &["a b.ts", "a'b\".ts", "a\nb.ts", "a#b.ts", "a%20b.ts", "😀.ts", "[id].ts", "a:b.ts"]
    };
    for name in names {
        project.write(&format!("src/{name}"), "export const x = 1;\n");
    }
    let run = project.run(&["build", "--json"]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    assert_eq!(run.summary()["modules"], names.len());
}

#[test]
fn github_gets_annotations_with_paths_of_the_repository() {
    let project = Project::new(&[
        ("packages/app/src/a.ts", "export {};\n"),
        ("packages/app/kontract.toml", "[build]\nuot = 1\n"),
    ]);
    let mut command = project.command(&["build", "packages/app"]);
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_WORKSPACE", project.folder.path());
    let run = Run::of(command.output().expect("it starts"));
    assert_eq!(run.code, Some(2));
    snapshots().bind(|| insta::assert_snapshot!("github", run.stdout));
    assert!(run.stderr.contains("did you mean `out`?"));
}

#[test]
fn colour_is_for_terminals_and_for_those_who_force_it() {
    let project = Project::new(&[]);
    assert!(!project.run(&["build"]).stderr.contains('\u{1b}'));
    let run = |name: &str, other: &str| {
        let mut command = project.command(&["build"]);
        Run::of(command.env(name, "1").env(other, "1").output().expect("it starts"))
    };
    assert!(run("FORCE_COLOR", "X").stderr.contains("\u{1b}["));
    assert!(!run("FORCE_COLOR", "NO_COLOR").stderr.contains('\u{1b}'));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let project = Project::new(&[SHARED]);
    for arguments in [&["build"][..], &["build", "--json"], &["--help"], &["clean"]] {
        let mut child = project
            .command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        drop(child.stdout.take());
        let run = Run::of(child.wait_with_output().expect("it ends"));
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{arguments:?}");
    }
    let mut child = project.command(&["biuld"]).stderr(Stdio::piped()).spawn().expect("it starts");
    drop(child.stderr.take());
    assert_eq!(child.wait().expect("it ends").code(), Some(2));
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_printed_is_a_failure() {
    let project = Project::new(&[SHARED]);
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("it exists");
    let mut command = project.command(&["build", "--json"]);
    let run = Run::of(command.stdout(full).output().expect("it starts"));
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("the output cannot be printed"), "{}", run.stderr);
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn links_that_lead_back_or_nowhere_are_skipped_with_a_warning() {
        let project = Project::new(&[SHARED, ("src/deep/a.ts", "export {};\n")]);
        symlink("..", project.path("src/deep/up")).expect("a link");
        symlink("self.ts", project.path("src/self.ts")).expect("a link");
        symlink("nowhere.ts", project.path("src/gone.ts")).expect("a link");
        symlink("shared.ts", project.path("src/again.ts")).expect("a link");
        let run = project.run(&["build", "--json"]);
        assert_eq!(run.code, Some(0), "{}", run.stdout);
        assert_eq!(run.codes(), ["K100", "K100", "K100"]);
        assert_eq!(run.summary()["modules"], 2);
    }

    #[test]
    fn a_folder_that_cannot_be_read_is_an_error() {
        let project = Project::new(&[SHARED, ("src/secret/a.ts", "export {};\n")]);
        let secret = project.path("src/secret");
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o000)).expect("changed");
        let may_read_anyway = fs::read_dir(&secret).is_ok();
        let run = project.run(&["build", "--json"]);
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o755)).expect("changed");
        if may_read_anyway {
            // An administrator: nothing is unreadable.
            assert_eq!((run.code, &run.summary()["modules"]), (Some(0), &2.into()));
        } else {
            assert_eq!((run.code, run.codes()), (Some(1), vec!["K099".to_owned()]));
        }
    }

    #[test]
    fn an_output_folder_that_is_a_link_is_refused() {
        let project = Project::new(&[SHARED]);
        let elsewhere = tempfile::tempdir().expect("a folder");
        symlink(elsewhere.path(), project.path("dist")).expect("a link");
        let run = project.run(&["build", "--json"]);
        assert_eq!((run.code, run.codes()), (Some(1), vec!["K103".to_owned()]));
        assert_eq!(fs::read_dir(elsewhere.path()).expect("there").count(), 0);
    }

    #[test]
    fn files_may_come_and_go_during_builds() {
        let project = Project::new(&[SHARED]);
        let folder = project.path("src/busy");
        let stop = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    let _ = fs::create_dir_all(folder.join("deep"));
                    for name in ["a.ts", "deep/b.ts", "c.css"] {
                        let _ = fs::write(folder.join(name), "export {};\n");
                    }
                    let _ = fs::remove_dir_all(&folder);
                }
            });
            for _ in 0..15 {
                let run = project.run(&["build", "--json"]);
                assert!(matches!(run.code, Some(0 | 1)), "{:?} {}", run.code, run.stderr);
                assert_eq!(run.stderr, "");
            }
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
        });
    }

    #[test]
    fn a_current_folder_that_is_gone_is_said_so() {
        let project = Project::new(&[("gone/x", "")]);
        let mut command = Command::new("sh");
        command
            .args(["-c", "cd gone && rm -r ../gone && exec \"$0\" build"])
            .arg(env!("CARGO_BIN_EXE_kontract"))
            .current_dir(project.folder.path());
        let run = Run::of(command.output().expect("it starts"));
        assert_eq!(run.code, Some(2));
        assert!(run.stderr.contains("folder"), "{}", run.stderr);
    }
}

#[test]
fn a_leak_report_is_written_where_the_caller_says_or_the_build_fails() {
    let project = Project::new(&[("app/src/a.ts", "export {};\n")]);
    let run = project.run(&["build", "app", "--leak-report", "report.json"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let report = fs::read_to_string(project.path("report.json")).expect("written");
    serde_json::from_str::<Value>(&report).expect("JSON");
    let run = project.run(&["build", "app", "--leak-report", "app", "--json"]);
    assert_eq!((run.code, run.codes()), (Some(1), vec!["K104".to_owned()]));
}

const USERS: &str = "\
export interface User { id: string; name: string }
@backend() export async function load(id: string): Promise<User | null> {
  return await env.storage.users.get(id);
}
@backend() export async function save(user: User): Promise<void> {
  await env.storage.users.set(user.id, user);
}
";

impl Project {
    /// A project whose first version is released as `v1.json`.
    fn released() -> Self {
        let project = Self::new(&[("src/users.ts", USERS)]);
        assert_eq!(project.run(&["build"]).code, Some(0));
        fs::copy(project.path("dist/manifest.json"), project.path("v1.json")).expect("copied");
        let run = project.run(&["check", "--against", "v1.json", "--release"]);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
        project
    }

    fn change(&self, from: &str, to: &str) {
        assert!(USERS.contains(from));
        self.write("src/users.ts", &USERS.replace(from, to));
    }

    fn lock(&self) -> String {
        fs::read_to_string(self.path("kontract.lock.json")).expect("a lock")
    }

    fn accepts(&self, route: &str) -> usize {
        let text = fs::read_to_string(self.path("dist/manifest.json")).expect("a manifest");
        let manifest: Value = serde_json::from_str(&text).expect("JSON");
        manifest["routes"][route]["accepts"].as_array().expect("a list").len()
    }
}

#[test]
fn a_project_that_was_found_above_is_named() {
    let project = Project::new(&[("kontract.toml", ""), ("src/users.ts", USERS), ("new/x", "")]);
    let run = project.run(&["check", "new", "--no-types"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "No errors\n"));
    assert!(run.stderr.starts_with("The project is "), "{}", run.stderr);
    for arguments in [&["check"][..], &["check", "new", "--quiet"], &["check", "new", "--json"]] {
        let arguments = &[arguments, &["--no-types"]].concat();
        assert_eq!(project.run(arguments).stderr, "", "{arguments:?}");
    }
}

#[test]
fn check_finds_errors_and_writes_nothing() {
    let project = Project::new(&[("src/users.ts", USERS)]);
    let run = project.run(&["check", "--no-types"]);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (Some(0), "No errors\n", ""));
    project.write("src/users.ts", &USERS.replace("id: string)", "id)"));
    let run = project.run(&["check", "--json"]);
    assert_eq!(run.code, Some(1));
    assert!(!run.codes().is_empty());
    assert!(!project.path("dist").exists());
    assert!(!project.path("kontract.lock.json").exists());
}

/// What is installed as `typescript`: its version, and its code.
#[test]
fn where_types_cannot_be_checked_it_is_said_why() {
    let project = Project::new(&[("src/users.ts", USERS)]);
    let cases = [
        (None, "K320"),
        (Some(("4.9.5", "")), "K320"),
        (Some(("5.9.9", "throw new TypeError('no typescript here');")), "K322"),
        (Some(("5.9.9", "process.exit(0);")), "K322"),
        (Some(("7.0.9", "")), "K322"),
        (Some(("8.0.0", "")), "K322"),
    ];
    for (installed, code) in cases {
        if let Some((version, text)) = installed {
            let manifest = format!("{{ \"version\": \"{version}\", \"main\": \"index.js\" }}");
            project.write("node_modules/typescript/package.json", &manifest);
            project.write("node_modules/typescript/index.js", text);
        }
        let run = project.run(&["check", "--json"]);
        assert_eq!((run.code, run.codes()), (Some(1), vec![code.to_owned()]), "{installed:?}");
    }
    let run =
        Run::of(project.command(&["check", "--json"]).env("PATH", "").output().expect("runs"));
    assert_eq!((run.code, run.codes()), (Some(1), vec!["K321".to_owned()]));
    assert!(!project.path("dist").exists());
}

#[test]
fn check_tells_which_clients_can_be_served() {
    let project = Project::released();
    let lock = project.lock();
    let check = ["check", "--against", "v1.json"];
    let run = project.run(&check);
    assert_eq!(run.code, Some(0));
    snapshots().bind(|| insta::assert_snapshot!("check_unchanged", run.stdout));

    project.change("name: string", "name: string; nick?: string");
    let run = project.run(&check);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    snapshots().bind(|| insta::assert_snapshot!("check_compatible", run.stdout));
    assert_eq!(project.run(&["build"]).code, Some(0));
    assert_eq!((project.accepts("load"), project.accepts("save")), (2, 2));

    project.write("src/more.ts", "@backend() export async function more(): Promise<void> {}\n");
    project.change("name: string", "name: string; age: number");
    let run = project.run(&check);
    assert_eq!((run.code, run.stderr.as_str()), (Some(1), ""));
    snapshots().bind(|| insta::assert_snapshot!("check_breaking", run.stdout));
    let run = project.run(&[&check[..], &["--quiet"]].concat());
    assert_eq!(run.code, Some(1));
    snapshots().bind(|| insta::assert_snapshot!("check_breaking_quiet", run.stdout));
    let run = project.run(&[&check[..], &["--json"]].concat());
    assert_eq!((run.code, run.stderr.as_str()), (Some(1), ""));
    snapshots().bind(|| insta::assert_snapshot!("check_breaking_json", run.stdout));
    assert_eq!(run.summary()["breaking"], 1);
    // The build itself is none of its business.
    assert_eq!(project.run(&["build"]).code, Some(0));
    assert_eq!((project.accepts("load"), project.accepts("save")), (2, 1));
    assert!(project.lock().contains("\"released\": {"));
    assert_ne!(project.lock(), lock);
}

#[test]
fn check_refuses_what_is_no_manifest_and_records_nothing_of_it() {
    let project = Project::released();
    let lock = project.lock();
    let cases =
        [("none.json", "K140", 2), ("kontract.lock.json", "K141", 1), ("src/users.ts", "K141", 1)];
    for (path, code, exit) in cases {
        let run = project.run(&["check", "--against", path, "--release", "--json"]);
        assert_eq!((run.code, run.codes()), (Some(exit), vec![code.to_owned()]), "{path}");
    }
    let run = project.run(&["check", "--release"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("--against"), "{}", run.stderr);
    // Nor where the sources are wrong.
    project.change("id: string)", "id)");
    let run = project.run(&["check", "--against", "v1.json", "--release"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    assert_eq!(project.lock(), lock);
}

#[test]
fn where_ci_is_set_the_lock_must_not_change() {
    let project = Project::new(&[("src/users.ts", USERS)]);
    let run = |ci: &str, arguments: &[&str]| {
        Run::of(project.command(arguments).env("CI", ci).output().expect("it starts"))
    };
    for arguments in [&["build", "--json"][..], &["check", "--json", "--no-types"]] {
        let refused = run("true", arguments);
        assert_eq!((refused.code, refused.codes()), (Some(1), vec!["K136".to_owned()]));
        assert!(!project.path("dist").exists());
    }
    let refused = project.run(&["build", "--locked", "--json"]);
    assert_eq!((refused.code, refused.codes()), (Some(1), vec!["K136".to_owned()]));
    for (ci, arguments) in [
        ("true", &["build", "--no-locked"][..]),
        ("true", &["build", "--locked=false"]),
        ("false", &["build"]),
        ("", &["build"]),
    ] {
        let _ = fs::remove_file(project.path("kontract.lock.json"));
        assert_eq!(run(ci, arguments).code, Some(0), "{arguments:?}");
    }
    // It is up to date now.
    assert_eq!(run("true", &["build"]).code, Some(0));
    assert_eq!(run("1", &["check", "--no-types"]).code, Some(0));
    assert_eq!(project.run(&["build", "--locked", "--no-locked"]).code, Some(2));
}

#[test]
fn with_errors_the_lock_stays_as_it_is() {
    let project = Project::released();
    let lock = project.lock();
    project.change("name: string", "name: Missing");
    assert_eq!(project.run(&["build"]).code, Some(1));
    assert_eq!(project.lock(), lock);
    // A lock that cannot be understood is an error beside those of the sources.
    project.write("kontract.lock.json", &lock.replace("{ \"id\"", "{ id"));
    let run = project.run(&["build", "--json"]);
    assert_eq!(run.code, Some(1));
    assert!(run.codes().contains(&"K132".to_owned()), "{:?}", run.codes());
    assert!(run.codes().len() > 1);
}

#[cfg(unix)]
#[test]
fn the_lock_keeps_its_mode_and_a_protected_one_is_not_replaced() {
    use std::os::unix::fs::PermissionsExt;
    let project = Project::released();
    let path = project.path("kontract.lock.json");
    let set = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("changed");
    set(0o640);
    project.change("name: string", "name: string; age?: number");
    assert_eq!(project.run(&["build"]).code, Some(0));
    let mode = fs::metadata(&path).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    set(0o444);
    project.change("name: string", "name: string; size?: number");
    let lock = project.lock();
    let run = project.run(&["build", "--json"]);
    assert_eq!((run.code, run.codes()), (Some(1), vec!["K138".to_owned()]));
    assert_eq!(project.lock(), lock);
    // Nothing is left beside it, and the outputs are those of the last good build.
    let names: Vec<_> = fs::read_dir(project.folder.path()).expect("a folder").collect();
    assert!(names.iter().flatten().all(|e| !e.file_name().to_string_lossy().ends_with(".tmp")));
    let manifest = fs::read_to_string(project.path("dist/manifest.json")).expect("there");
    assert!(!manifest.contains("\"size\""));
}

const DOCUMENTED: (&str, &str) = (
    "src/users.ts",
    "import { backend } from 'kontract';
import { env } from 'kontract/runtime';
export interface User { id: string; name: string; role?: string }
/** Creates a user. */
export const createUser = backend({ ugroup: 'admin' }, async (name: string): Promise<string> => {
  return env.storage.users.push({ name });
});
",
);

#[test]
fn explain_tells_what_routes_do_and_what_a_change_does() {
    let project = Project::new(&[DOCUMENTED]);
    assert_eq!(project.run(&["build"]).code, Some(0));
    let built = fs::read(project.path("dist/manifest.json")).expect("a manifest");
    let told = project.run(&["explain", "createUser", "--json"]);
    assert_eq!(told.code, Some(0));
    let entry = &told.objects()[0];
    assert_eq!(entry["line"], 5);
    assert_eq!(entry["tables"]["users"]["operations"][0], "push");
    assert_eq!(entry["writes"]["users"][0], "name");
    assert!(project.run(&["explain"]).stdout.contains("createUser  _W_         admin"));

    project.write(DOCUMENTED.0, &DOCUMENTED.1.replace("{ name })", "{ name, role: 'guest' })"));
    let difference = project.run(&["explain", "--diff", "dist/manifest.json"]);
    assert_eq!(difference.stdout, "createUser now writes users.role\n");
    assert_eq!(fs::read(project.path("dist/manifest.json")).expect("a manifest"), built);

    let unknown = project.run(&["explain", "createUsr", "--json"]);
    assert_eq!((unknown.code, unknown.codes()), (Some(2), vec!["K273".to_owned()]));
    let missing = project.run(&["explain", "--diff", "nowhere.json", "--json"]);
    assert_eq!((missing.code, missing.codes()), (Some(1), vec!["K140".to_owned()]));
}

#[test]
fn the_cookbook_is_written_by_its_command_and_by_builds_that_are_told_to() {
    let project = Project::new(&[DOCUMENTED]);
    let run = project.run(&["cookbook", "--json"]);
    assert_eq!((run.code, run.summary()["written"].as_u64()), (Some(0), Some(3)));
    let page = fs::read_to_string(project.path("docs/api/createUser.md")).expect("a page");
    assert!(page.contains("Creates a user."));
    assert!(!project.path("dist").exists());
    assert_eq!(project.run(&["clean"]).code, Some(0));
    assert!(!project.path("docs/api").exists());

    assert_eq!(project.run(&["build"]).code, Some(0));
    assert!(!project.path("docs/api").exists());
    project.write("kontract.toml", "[cookbook]\nout = \"pages\"\n");
    assert_eq!(project.run(&["build"]).code, Some(0));
    assert!(project.path("pages/createUser.md").exists());
    project.write("kontract.toml", "");
    project.write("docs/api/index.md", "mine");
    assert_eq!(project.run(&["cookbook", "--json"]).codes(), ["K105"]);
    project.write("kontract.toml", "[cookbook]\nout = \"dist/pages\"\n");
    assert_eq!(project.run(&["cookbook"]).code, Some(2));
}
