use std::{io, path::Path};

use super::*;
use crate::{
    diagnostic::testing::{shown, snapshots},
    files::Memory,
};

fn outputs(files: &[(&str, &str)]) -> Vec<Output> {
    files.iter().map(|(path, text)| Output { path: (*path).into(), text: (*text).into() }).collect()
}

fn build(files: &Memory, outputs_: &[(&str, &str)]) -> ((usize, usize, usize), String) {
    let (written, diagnostics) = write(files, &Options::defaults("/app"), &outputs(outputs_));
    (counts(&written), shown(files, "/app", diagnostics))
}

/// How many files were written, found unchanged, and removed.
fn counts(written: &Written) -> (usize, usize, usize) {
    (written.written.len(), written.unchanged, written.removed.len())
}

/// Everything below the output folder but the list.
fn tree(files: &Memory) -> Vec<(String, String)> {
    let mut texts = files.texts();
    texts.retain(|(path, _)| path.starts_with("/app/dist") && !path.ends_with(RECORD));
    texts
}

fn empty() -> Memory {
    Memory::unix([("/app/src/a.ts", "")])
}

#[test]
fn only_what_changed_is_written_and_what_is_gone_is_removed() {
    let files = empty();
    let (written, shown) = build(&files, &[("client/a.js", "a"), ("client/deep/b.js", "b")]);
    assert_eq!((written, shown.as_str()), ((2, 0, 0), ""));
    let (written, _) = build(&files, &[("client/a.js", "a"), ("client/deep/b.js", "b")]);
    assert_eq!(written, (0, 2, 0));
    let (written, _) = build(&files, &[("client/a.js", "A"), ("server/c.js", "c")]);
    assert_eq!(written, (2, 0, 1));
    let expected = [("/app/dist/client/a.js", "A"), ("/app/dist/server/c.js", "c")];
    assert_eq!(tree(&files), expected.map(|(path, text)| (path.into(), text.into())));
    // With it went the folder it was alone in.
    assert!(!files.is_folder(Path::new("/app/dist/client/deep")));
}

#[test]
fn files_of_others_are_neither_overwritten_nor_removed() {
    let files = empty();
    files.add("/app/dist/client/a.js", "mine");
    files.add("/app/dist/notes.txt", "mine");
    let (written, shown) = build(&files, &[("client/a.js", "a"), ("client/b.js", "b")]);
    assert_eq!(written, (0, 0, 0));
    snapshots("write").bind(|| insta::assert_snapshot!("foreign_file", shown));
    assert_eq!(tree(&files).len(), 2);
    // The same bytes are as good as written.
    files.add("/app/dist/client/a.js", "a");
    assert_eq!(build(&files, &[("client/a.js", "a")]), ((0, 1, 0), String::new()));
    assert_eq!(build(&files, &[]), ((0, 0, 1), String::new()));
    assert_eq!(tree(&files), [("/app/dist/notes.txt".into(), "mine".into())]);
}

#[test]
fn an_output_changed_by_hand_is_rebuilt_but_not_removed() {
    let files = empty();
    build(&files, &[("a.js", "a"), ("b.js", "b")]);
    files.add("/app/dist/a.js", "changed");
    files.add("/app/dist/b.js", "changed");
    let (written, shown) = build(&files, &[("a.js", "a")]);
    assert_eq!(written, (1, 0, 0));
    snapshots("write").bind(|| insta::assert_snapshot!("changed_by_hand", shown));
    // It is the user's own from now on.
    assert_eq!(build(&files, &[("a.js", "a")]).1, "");
    assert_eq!(tree(&files).len(), 2);
}

#[test]
fn an_interrupted_build_loses_track_of_nothing() {
    let files = empty();
    files.fail("/app/dist/m.js", io::ErrorKind::StorageFull);
    let (written, shown) = build(&files, &[("a.js", "a"), ("m.js", "m"), ("z.js", "z")]);
    assert_eq!(written, (1, 0, 0));
    snapshots("write").bind(|| insta::assert_snapshot!("disk_full", shown));
    // The next build knows that `a.js` is its own.
    files.mend("/app/dist/m.js");
    assert_eq!(build(&files, &[("z.js", "z")]), ((1, 0, 1), String::new()));
    // And as well what it has written over.
    build(&files, &[("a.js", "a"), ("m.js", "m")]);
    files.fail("/app/dist/m.js", io::ErrorKind::StorageFull);
    for text in ["A", "B"] {
        assert_eq!(build(&files, &[("a.js", text), ("m.js", "M")]).0, (1, 0, 0));
    }
    files.mend("/app/dist/m.js");
    assert_eq!(build(&files, &[("m.js", "m")]), ((0, 1, 1), String::new()));
    assert_eq!(tree(&files), [("/app/dist/m.js".into(), "m".into())]);
}

#[test]
fn a_failed_build_removes_nothing() {
    let files = empty();
    build(&files, &[("a.js", "a")]);
    files.add("/app/dist/b.js", "mine");
    build(&files, &[("b.js", "b")]);
    assert_eq!(tree(&files).len(), 2);
}

#[test]
fn links_are_not_written_through() {
    let files = empty();
    files.add("/elsewhere/x", "");
    files.link("/app/dist", "/elsewhere");
    let out = build(&files, &[("a.js", "a")]).1;
    let files = empty();
    files.add("/app/dist/x", "");
    files.link("/app/dist/client", "../src");
    let inner = build(&files, &[("client/a.js", "a"), ("client/b.js", "b")]).1;
    let files = empty();
    files.add("/app/dist/x", "");
    files.link("/app/dist/a.js", "../src/a.ts");
    let file = build(&files, &[("a.js", "a")]).1;
    snapshots("write").bind(|| insta::assert_snapshot!("links", [out, inner, file].join("\n")));
    assert_eq!(files.read(Path::new("/app/src/a.ts")).expect("there"), b"");
}

#[test]
fn what_stands_in_the_way_is_named() {
    let files = empty();
    files.add("/app/dist/a.js/x", "");
    files.add("/app/dist/client", "");
    let paths = build(&files, &[("a.js", "a"), ("client/b.js", "b")]).1;
    let files = empty();
    files.add("/app/dist", "a file");
    let out = build(&files, &[("a.js", "a")]).1;
    snapshots("write").bind(|| insta::assert_snapshot!("in_the_way", [paths, out].join("\n")));
}

#[test]
fn a_file_may_become_a_folder_and_a_folder_a_file() {
    let files = empty();
    build(&files, &[("a", "file"), ("b/c", "file")]);
    assert_eq!(build(&files, &[("a/c", "file"), ("b", "file")]), ((2, 0, 2), String::new()));
}

#[test]
fn a_name_may_change_its_letter_case() {
    let files = Memory::windows([("C:/app/src/a.ts", "")]);
    let options = Options::defaults("C:/app");
    write(&files, &options, &outputs(&[("User.js", "u")]));
    let (written, diagnostics) = write(&files, &options, &outputs(&[("user.js", "u")]));
    assert_eq!((counts(&written), diagnostics), ((1, 0, 1), vec![]));
    assert!(files.is_file(Path::new("C:/app/dist/user.js")));
}

#[test]
fn outputs_outside_the_folder_are_refused() {
    let files = empty();
    for path in ["../a.js", "client/../../a.js", "/a.js", "a//b.js", "", "a\\b.js", "C:/a.js"] {
        let (written, diagnostics) =
            write(&files, &Options::defaults("/app"), &outputs(&[(path, "a")]));
        assert_eq!(written, Written::default());
        assert_eq!(diagnostics[0].code, "K103", "{path}");
    }
    assert_eq!(files.texts().len(), 1);
}

#[test]
fn a_list_that_was_tampered_with_removes_nothing_outside() {
    let files = empty();
    files.add("/app/precious.txt", "p");
    files.add("/elsewhere/x.js", "p");
    files.link("/app/dist/link", "/elsewhere");
    let record = Record {
        version: VERSION,
        files: ["../precious.txt", "link/x.js", "link"]
            .map(|path| (path.to_owned(), hash(b"p")))
            .into(),
        lost: false,
    };
    files.add("/app/dist/.kontract-outputs.json", serde_json::to_string(&record).expect("json"));
    let (written, _) = build(&files, &[]);
    assert_eq!(written, (0, 0, 0));
    assert!(files.is_file(Path::new("/app/precious.txt")));
    assert!(files.is_file(Path::new("/elsewhere/x.js")));
}

#[test]
fn a_list_that_is_lost_is_made_anew() {
    for text in ["{", "[]", r#"{"version":99,"files":{}}"#, ""] {
        let files = empty();
        build(&files, &[("a.js", "a"), ("b.js", "b")]);
        files.add("/app/dist/.kontract-outputs.json", text);
        let (written, shown) = build(&files, &[("a.js", "A")]);
        assert_eq!(written, (1, 0, 0));
        assert!(shown.contains("K106"), "{shown}");
        assert_eq!(build(&files, &[("a.js", "A")]), ((0, 1, 0), String::new()));
        assert_eq!(tree(&files).len(), 2);
    }
}

#[test]
fn errors_of_the_file_system_are_diagnostics() {
    let failing = |path: &str, error| {
        let files = empty();
        build(&files, &[("a.js", "a")]);
        files.fail(path, error);
        build(&files, &[("b.js", "b")]).1
    };
    let all = [
        failing("/app/dist/b.js", io::ErrorKind::PermissionDenied),
        failing("/app/dist/a.js", io::ErrorKind::PermissionDenied),
        failing("/app/dist/.kontract-outputs.json", io::ErrorKind::PermissionDenied),
        failing("/app/dist", io::ErrorKind::ReadOnlyFilesystem),
    ];
    snapshots("write").bind(|| insta::assert_snapshot!("file_system_errors", all.join("\n")));
}

#[test]
fn clean_removes_what_builds_made_and_nothing_else() {
    let files = empty();
    let options = Options::defaults("/app");
    assert_eq!(clean(&files, &options), (0, vec![]));
    build(&files, &[("client/a.js", "a"), ("server/b.js", "b")]);
    files.add("/app/dist/server/mine.txt", "mine");
    assert_eq!(clean(&files, &options), (2, vec![]));
    assert_eq!(tree(&files), [("/app/dist/server/mine.txt".into(), "mine".into())]);
    assert!(!files.is_folder(Path::new("/app/dist/client")));

    let files = empty();
    build(&files, &[("client/a.js", "a")]);
    clean(&files, &options);
    assert_eq!(files.link_kind(Path::new("/app/dist")).ok(), None);
}

#[test]
fn an_output_that_cannot_be_removed_is_tried_again() {
    let files = empty();
    build(&files, &[("a.js", "a")]);
    files.fail("/app/dist/a.js", io::ErrorKind::PermissionDenied);
    assert!(build(&files, &[("b.js", "b")]).1.contains("K107"));
    assert!(build(&files, &[("b.js", "b")]).1.contains("K107"));
    files.mend("/app/dist/a.js");
    assert_eq!(build(&files, &[("b.js", "b")]), ((0, 1, 1), String::new()));
}

#[test]
fn clean_removes_what_an_interrupted_write_left() {
    let files = empty();
    build(&files, &[("client/a.js", "a")]);
    files.add("/app/dist/client/.kontract-71-3.tmp", "half");
    files.add("/app/dist/client/.kontract-mine.tmp", "mine");
    assert_eq!(clean(&files, &Options::defaults("/app")), (1, vec![]));
    assert_eq!(tree(&files).len(), 1);
}

#[test]
fn the_types_folder_lies_among_the_sources_and_goes_with_clean() {
    let files = empty();
    let options = Options::defaults("/app");
    let types = outputs(&[("types.d.ts", "types"), ("modules/a.d.ts", "a")]);
    let (written, diagnostics) = write_types(&files, &options, &types);
    assert_eq!((counts(&written), diagnostics.len()), ((2, 0, 0), 0));
    let (written, _) = write_types(&files, &options, &types[..1]);
    assert_eq!(counts(&written), (0, 1, 1));
    assert!(files.is_file(Path::new("/app/src/.kontract/types.d.ts")));
    assert!(!files.is_folder(Path::new("/app/src/.kontract/modules")));
    build(&files, &[("client/a.js", "a")]);
    let (removed, diagnostics) = clean(&files, &options);
    assert_eq!((removed, diagnostics.len()), (2, 0));
    assert!(!files.is_folder(Path::new("/app/src/.kontract")));
    assert!(files.is_file(Path::new("/app/src/a.ts")));
}

#[test]
fn a_types_file_of_somebody_else_is_not_overwritten() {
    let files = empty();
    files.add("/app/src/.kontract/types.d.ts", "mine");
    let types = outputs(&[("types.d.ts", "types")]);
    let (written, diagnostics) = write_types(&files, &Options::defaults("/app"), &types);
    assert_eq!(written, Written::default());
    assert_eq!(diagnostics[0].code, "K105");
    assert_eq!(files.read(Path::new("/app/src/.kontract/types.d.ts")).ok(), Some(b"mine".to_vec()));
}
