use super::*;
use crate::{
    config::{Flags, load},
    diagnostic::testing::{shown, snapshots},
    files::{Disk, Memory},
};

fn options(files: &dyn Files) -> Options {
    load(files, Path::new("/app"), &Flags::default()).expect("the configuration is right")
}

fn sources(files: &Memory) -> Vec<String> {
    let (sources, diagnostics) = discover(files, &options(files));
    assert_eq!(diagnostics, []);
    sources.iter().map(ToString::to_string).collect()
}

fn diagnostics(files: &Memory) -> String {
    shown(files, "/app", discover(files, &options(files)).1)
}

fn app(paths: &[&str]) -> Memory {
    Memory::unix(paths.iter().map(|path| (format!("/app/{path}"), "")))
}

#[test]
fn the_default_takes_typescript_below_src() {
    let files = app(&[
        "src/b.ts",
        "src/a/c.tsx",
        "src/a/d.mts",
        "src/a.d.ts",
        "src/a.test.ts",
        "src/a.spec.tsx",
        "src/style.css",
        "src/node_modules/x/index.ts",
        "src/.hidden/a.ts",
        "src/.#b.ts",
        "src/.kontract/types.ts",
        "dist/client/a.ts",
        "other.ts",
    ]);
    assert_eq!(sources(&files), ["src/a/c.tsx", "src/a/d.mts", "src/b.ts"]);
}

#[test]
fn the_output_folder_is_never_read_even_below_the_sources() {
    let files = app(&["src/a.ts", "src/out/client/a.ts"]);
    files.add("/app/kontract.toml", "build.out = 'src/out'");
    assert_eq!(sources(&files), ["src/a.ts"]);
}

#[test]
fn a_pattern_that_spells_a_dot_finds_hidden_files() {
    let files = app(&["src/a.ts", ".config/b.ts"]);
    files.add("/app/kontract.toml", "build.include = ['src', '.config']");
    assert_eq!(sources(&files), [".config/b.ts", "src/a.ts"]);
}

#[test]
fn odd_names_are_names_like_others() {
    let names =
        ["a b.ts", "a'b\".ts", "a\nb.ts", "a#b.ts", "a%20b.ts", "😀.ts", "[id].ts", "$x.ts"];
    let files = Memory::unix(names.map(|name| (format!("/app/src/{name}"), "")));
    let mut expected = names.map(|name| format!("src/{name}"));
    expected.sort();
    assert_eq!(sources(&files), expected);
}

#[test]
fn gitignore_files_hide_sources_and_inner_ones_decide() {
    let files = app(&[
        "src/a.ts",
        "src/generated/b.ts",
        "src/api/generated/c.ts",
        "src/api/keep.gen.ts",
        "src/api/drop.gen.ts",
        "src/named/d.gen.ts",
    ]);
    files.add("/app/.gitignore", "\u{feff}generated/\n*.gen.ts\n[broken\n");
    files.add("/app/src/api/.gitignore", "!keep.gen.ts\n");
    files.add("/app/kontract.toml", "build.include = ['src', 'src/named/d.gen.ts']");
    assert_eq!(sources(&files), ["src/a.ts", "src/api/keep.gen.ts", "src/named/d.gen.ts"]);
}

#[test]
fn gitignore_files_above_the_project_count_within_its_repository() {
    let files = Memory::unix([
        ("/.gitignore", "*.ts"),
        ("/repository/.git/HEAD", ""),
        ("/repository/.gitignore", "*.gen.ts\n/app/src/secret.ts"),
        ("/repository/app/src/a.ts", ""),
        ("/repository/app/src/a.gen.ts", ""),
        ("/repository/app/src/secret.ts", ""),
    ]);
    let names = |files: &Memory| {
        let (sources, _) = discover(files, &Options::defaults("/repository/app"));
        sources.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(names(&files), ["src/a.ts"]);
    // A project in an ignored folder would otherwise be empty.
    files.add("/repository/.gitignore", "/app/\n*.gen.ts\n");
    assert_eq!(names(&files), ["src/a.gen.ts", "src/a.ts", "src/secret.ts"]);
}

#[test]
fn excluded_folders_are_not_even_read() {
    let files = app(&["src/a.ts", "src/old/b.ts"]);
    files.fail("/app/src/old", io::ErrorKind::PermissionDenied);
    files.add("/app/kontract.toml", "build.exclude = ['src/old']");
    assert_eq!(sources(&files), ["src/a.ts"]);
}

#[test]
fn files_behind_links_are_found_once() {
    let files = app(&["src/a.ts", "src/lib/b.ts"]);
    files.add("/shared/c.ts", "");
    files.link("/app/src/0.ts", "a.ts");
    files.link("/app/src/0lib", "lib");
    files.link("/app/src/shared", "../../shared");
    files.link("/app/src/shared2", "/shared");
    assert_eq!(sources(&files), ["src/a.ts", "src/lib/b.ts", "src/shared/c.ts"]);
}

#[test]
fn links_that_lead_back_end_the_walk_with_a_warning() {
    let files = app(&["src/a.ts", "src/lib/b.ts"]);
    files.link("/app/src/lib/up", "..");
    files.link("/app/src/project", "/app");
    files.link("/app/src/self.ts", "self.ts");
    files.link("/app/src/gone.ts", "nowhere.ts");
    files.link("/app/src/gone.css", "nowhere.css");
    let (sources, _) = discover(&files, &options(&files));
    assert_eq!(sources, ["src/a.ts", "src/lib/b.ts"].map(SourcePath::new));
    snapshots("discover").bind(|| insta::assert_snapshot!("links", diagnostics(&files)));
}

#[test]
fn links_that_cross_do_not_multiply_the_walk() {
    let files = app(&["src/a.ts"]);
    // Each of 20 folders links twice to the next: a million paths.
    for step in 0..20 {
        files.add(&format!("/graph/{step}/f{step}.ts"), "");
        files.link(&format!("/graph/{step}/left"), &format!("/graph/{}", step + 1));
        files.link(&format!("/graph/{step}/right"), &format!("/graph/{}", step + 1));
    }
    files.add("/graph/20/end.ts", "");
    files.link("/app/src/graph", "/graph/0");
    assert_eq!(sources(&files).len(), 22);
}

#[test]
fn a_folder_that_cannot_be_read_is_an_error() {
    let files = app(&["src/a.ts", "src/secret/b.ts"]);
    files.fail("/app/src/secret", io::ErrorKind::PermissionDenied);
    // The walk sees its name, but neither what it is nor what is in it.
    let (sources, _) = discover(&files, &options(&files));
    assert_eq!(sources, [SourcePath::new("src/a.ts")]);
    snapshots("discover").bind(|| insta::assert_snapshot!("unreadable", diagnostics(&files)));
}

#[test]
fn two_sources_of_one_output_are_an_error() {
    let files =
        app(&["src/User.ts", "src/user.ts", "src/a.ts", "src/a.tsx", "src/b/index.ts", "src/b.ts"]);
    snapshots("discover").bind(|| insta::assert_snapshot!("same_output", diagnostics(&files)));
}

#[test]
fn patterns_that_match_nothing_are_reported() {
    let files = app(&["src/a.ts"]);
    files.add("/app/kontract.toml", "build.include = ['src', 'scr/**']");
    let empty = app(&["lib/a.ts"]);
    snapshots("discover").bind(|| {
        insta::assert_snapshot!("unmatched_include", diagnostics(&files));
        insta::assert_snapshot!("no_sources", diagnostics(&empty));
    });
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_no_import_can_spell_are_an_error() {
    use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt};
    let folder = tempfile::tempdir().expect("a folder");
    let project = Disk.canonicalize(folder.path()).expect("there");
    fs::create_dir(project.join("src")).expect("a folder");
    for name in [&b"a.ts"[..], b"b\xff.ts", b"c\\d.ts"] {
        fs::write(project.join("src").join(OsStr::from_bytes(name)), "").expect("written");
    }
    let (sources, diagnostics) = discover(&Disk, &Options::defaults(&project));
    assert_eq!(sources, [SourcePath::new("src/a.ts")]);
    let shown = shown(&Disk, project.to_str().expect("UTF-8"), diagnostics);
    snapshots("discover").bind(|| insta::assert_snapshot!("unusable_names", shown));
}

#[cfg(unix)]
#[test]
fn pipes_are_not_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let project = Disk.canonicalize(folder.path()).expect("there");
    std::fs::create_dir(project.join("src")).expect("a folder");
    std::fs::write(project.join("src/a.ts"), "").expect("written");
    let made = std::process::Command::new("mkfifo").arg(project.join("src/pipe.ts")).status();
    assert!(made.is_ok_and(|status| status.success()));
    let (sources, diagnostics) = discover(&Disk, &Options::defaults(&project));
    assert_eq!((sources, diagnostics), (vec![SourcePath::new("src/a.ts")], vec![]));
}
