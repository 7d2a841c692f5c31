use std::{fs, io};

use super::*;

#[test]
fn a_file_on_disk_is_written_once_and_left_alone_while_its_bytes_stay() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("deep/er/a.txt");
    assert!(Disk.write(&path, b"one").expect("written"));
    let before = fs::metadata(&path).expect("there").modified().expect("a time");
    assert!(!Disk.write(&path, b"one").expect("unchanged"));
    assert_eq!(fs::metadata(&path).expect("there").modified().expect("a time"), before);
    assert!(Disk.write(&path, b"two").expect("written"));
    assert_eq!(Disk.read(&path).expect("there"), b"two");
    // No temporary file stays.
    assert_eq!(Disk.list(&folder.path().join("deep/er")).expect("a folder").len(), 1);
}

#[test]
fn a_write_that_fails_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("taken");
    fs::create_dir(&path).expect("a folder");
    assert!(Disk.write(&path, b"one").is_err());
    let names: Vec<_> = Disk.list(folder.path()).expect("a folder");
    assert_eq!(names, [Entry { name: "taken".into(), kind: Kind::Folder }]);
}

#[cfg(unix)]
#[test]
fn a_link_on_disk_is_replaced_and_not_written_through() {
    let folder = tempfile::tempdir().expect("a folder");
    let (target, link) = (folder.path().join("target"), folder.path().join("link"));
    fs::write(&target, "mine").expect("written");
    std::os::unix::fs::symlink(&target, &link).expect("a link");
    assert_eq!(Disk.link_kind(&link).expect("there"), Kind::Link);
    assert_eq!(Disk.kind(&link).expect("there"), Kind::File);
    assert_eq!(Disk.read_link(&link).expect("a link"), target);
    // Even where the bytes are the same already.
    assert!(Disk.write(&link, b"mine").expect("written"));
    assert_eq!(Disk.link_kind(&link).expect("there"), Kind::File);
    assert_eq!(fs::read(&target).expect("there"), b"mine");
}

#[test]
fn memory_and_disk_answer_alike() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = Disk.canonicalize(folder.path()).expect("there");
    fs::create_dir_all(root.join("src/empty")).expect("a folder");
    fs::write(root.join("src/a.ts"), "a").expect("written");
    let root_text = root.to_str().expect("UTF-8");
    let memory = Memory::unix([(format!("{root_text}/src/a.ts"), "a")]);
    memory.add(&format!("{root_text}/src/empty/x"), "");
    memory.remove_file(&root.join("src/empty/x")).expect("there");

    for files in [&Disk as &dyn Files, &memory] {
        assert_eq!(files.read(&root.join("src/a.ts")).expect("there"), b"a");
        assert!(files.is_folder(&root.join("src")));
        assert!(files.is_file(&root.join("src/../src/a.ts")));
        let entries = files.list(&root.join("src")).expect("a folder");
        let names: Vec<_> =
            entries.iter().map(|entry| (entry.name.as_os_str(), entry.kind)).collect();
        assert_eq!(names, [("a.ts".as_ref(), Kind::File), ("empty".as_ref(), Kind::Folder)]);
        let kind = |result: io::Result<()>| result.expect_err("it fails").kind();
        assert_eq!(kind(files.read(&root.join("b")).map(drop)), io::ErrorKind::NotFound);
        assert_eq!(kind(files.read(&root.join("src")).map(drop)), io::ErrorKind::IsADirectory);
        assert_eq!(
            kind(files.read(&root.join("src/a.ts/b")).map(drop)),
            io::ErrorKind::NotADirectory
        );
        assert_eq!(kind(files.remove_folder(&root.join("src"))), io::ErrorKind::DirectoryNotEmpty);
        assert_eq!(
            kind(files.write(&root.join("src"), b"").map(drop)),
            io::ErrorKind::IsADirectory
        );
        files.remove_folder(&root.join("src/empty")).expect("empty");
        files.remove_file(&root.join("src/a.ts")).expect("there");
        assert!(files.list(&root.join("src")).expect("a folder").is_empty());
    }
}

#[test]
fn memory_follows_links_as_unix_does() {
    let files = Memory::unix([("/real/lib/a.ts", "a")]);
    files.link("/app/lib", "../real/lib");
    files.link("/app/loop", "loop");
    assert_eq!(files.read(Path::new("/app/lib/a.ts")).expect("there"), b"a");
    let real = files.canonicalize(Path::new("/app/lib/a.ts")).expect("there");
    assert_eq!(real, Path::new("/real/lib/a.ts"));
    assert!(files.read(Path::new("/app/loop")).is_err());
    assert_eq!(files.link_kind(Path::new("/app/loop")).expect("there"), Kind::Link);
    assert!(files.write(Path::new("/app/lib/b.ts"), b"b").expect("written"));
    assert_eq!(files.read(Path::new("/real/lib/b.ts")).expect("there"), b"b");
}

#[test]
fn windows_in_memory_ignores_case_and_takes_both_slashes() {
    let files = Memory::windows([(r"C:\App\Src\A.ts", "a")]);
    for path in [r"c:\app\src\a.ts", "C:/APP/src/A.TS", r"C:\App\.\Src\..\Src/A.ts"] {
        assert_eq!(files.read(Path::new(path)).expect(path), b"a");
    }
    let real = files.canonicalize(Path::new("c:/app/src/a.ts")).expect("there");
    assert_eq!(real, Path::new("C:/App/Src/A.ts"));
    files.write(Path::new("c:/app/src/a.ts"), b"b").expect("written");
    assert_eq!(files.texts().len(), 1);
}
