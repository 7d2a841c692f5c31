//! Builds that take over what earlier ones found out make what a clean build makes.
//!
//! Random edits are made to two copies of a project. One is built by a session of its own each
//! time, as `kontract build` is; the other by one session that lasts, which is told what changed.
//! After each step both are compared, byte for byte, with a clean build of the same sources and
//! the same lock. `KONTRACT_PROVE=1` takes far more steps.

#[path = "support/editing.rs"]
mod editing;
#[cfg(target_os = "linux")]
#[path = "support/namespace.rs"]
mod namespace;

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use kontract::{
    config::Flags,
    incremental::{Outcome, Session, Settings},
    model::diagnostic::Diagnostic,
};
use tempfile::TempDir;

use editing::{Edit, Random, VARIANTS};

/// A project on the disk.
struct Copy {
    folder: PathBuf,
}

/// What a build left, without what only the next build reads.
#[derive(PartialEq, Debug)]
struct Left {
    diagnostics: Vec<Diagnostic>,
    routes: usize,
    hash: String,
    /// Outputs, the lock, the types for editors, the pages. Empty with errors.
    files: BTreeMap<String, Vec<u8>>,
}

impl Copy {
    fn new(folder: &Path) -> Self {
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(folder.join(".git")).expect("a folder is made");
        Self { folder: folder.to_owned() }
    }

    fn write(&self, path: &str, text: &[u8]) {
        let path = self.folder.join(path);
        fs::create_dir_all(path.parent().expect("it lies in the project")).expect("it is made");
        fs::write(path, text).expect("it is written");
    }

    fn session(&self, cache: bool) -> Session {
        Session::open(Settings {
            start: self.folder.clone(),
            flags: Flags { optimize: true, ..Flags::default() },
            locked: false,
            cache,
            places: false,
            serves: false,
        })
    }

    fn left(&self, outcome: &Outcome) -> Left {
        let is_ours = |d: &Diagnostic| d.code.starts_with("K30");
        let diagnostics: Vec<Diagnostic> =
            outcome.diagnostics.iter().filter(|d| !is_ours(d)).cloned().collect();
        let mut files = BTreeMap::new();
        let Some(options) = outcome.options.as_ref().filter(|_| outcome.is_good()) else {
            return Left { diagnostics, routes: 0, hash: String::new(), files };
        };
        let mut folders = vec![options.out.clone(), "src/.kontract".to_owned()];
        folders.extend(options.cookbook.configured.then(|| options.cookbook.out.clone()));
        for folder in folders {
            read_all(&self.folder, &folder, &mut files);
        }
        files.insert("lock".to_owned(), self.lock().unwrap_or_default());
        Left { diagnostics, routes: outcome.routes, hash: outcome.hash.clone(), files }
    }

    fn lock(&self) -> Option<Vec<u8>> {
        fs::read(self.folder.join(LOCK)).ok()
    }
}

fn read_all(root: &Path, folder: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    let Ok(entries) = fs::read_dir(root.join(folder)) else { return };
    for entry in entries.map(|entry| entry.expect("it can be listed")) {
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            read_all(root, &path, files);
        } else {
            files.insert(path, fs::read(entry.path()).expect("it can be read"));
        }
    }
}

/// What a clean build makes of the sources, given a lock.
fn clean(folder: &Path, sources: &BTreeMap<String, String>, lock: Option<&[u8]>) -> Left {
    let copy = Copy::new(folder);
    for (path, text) in sources {
        copy.write(path, text.as_bytes());
    }
    if let Some(lock) = lock {
        copy.write(LOCK, lock);
    }
    let outcome = copy.session(false).build(None);
    copy.left(&outcome)
}

fn compare(what: &str, log: &[String], left: &Left, clean: &Left) {
    let history = || log[log.len().saturating_sub(8)..].join("\n  ");
    assert_eq!(left.diagnostics, clean.diagnostics, "{what}, after\n  {}", history());
    assert_eq!(left.routes, clean.routes, "{what}, after\n  {}", history());
    let paths: BTreeSet<_> = left.files.keys().chain(clean.files.keys()).collect();
    for path in paths {
        let text = |left: &Left| {
            left.files.get(path).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        };
        assert_eq!(text(left), text(clean), "{what}: {path}, after\n  {}", history());
    }
    assert_eq!(left.hash, clean.hash, "{what}, after\n  {}", history());
}

fn is_proof() -> bool {
    env::var_os("KONTRACT_PROVE").is_some()
}

fn changed_by(edits: &[Edit], folder: &Path) -> BTreeSet<PathBuf> {
    edits.iter().flat_map(Edit::paths).map(|path| folder.join(path)).collect()
}

#[test]
fn after_any_edits_builds_make_what_a_clean_build_makes() {
    let steps = if is_proof() { 2000 } else { 25 };
    let seed = env::var("KONTRACT_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(7);
    let mut random = Random::new(seed);
    let place = TempDir::new().expect("a folder is made");
    let root = place.path().canonicalize().expect("it is there");
    let apart = Copy::new(&root.join("apart"));
    let lasting = Copy::new(&root.join("lasting"));
    let mut session = lasting.session(true);
    let mut sources = BTreeMap::new();
    let mut log = Vec::new();
    for (path, texts) in VARIANTS {
        let edit = Edit::Write { path: (*path).to_owned(), text: texts[0].to_owned() };
        edit.apply(&apart.folder, &mut sources);
        edit.apply(&lasting.folder, &mut BTreeMap::new());
    }
    let mut edits = Vec::new();
    let mut good = 0;
    for step in 0..steps {
        let lock = apart.lock();
        assert_eq!(lasting.lock(), lock);
        let clean = clean(&root.join("clean"), &sources, lock.as_deref());
        let mut own = apart.session(true);
        let outcome = own.build(None);
        compare("a session of its own", &log, &apart.left(&outcome), &clean);
        if step % 2 == 0 {
            own.rest();
        }
        let hint = changed_by(&edits, &lasting.folder);
        let outcome = session.build((step % 3 != 0).then_some(&hint));
        compare("a session that lasts", &log, &lasting.left(&outcome), &clean);
        if step % 5 == 0 {
            session.rest();
        }
        assert!(!session.is_outdated(None), "it is not outdated, after {:?}", log.last());
        if outcome.is_good() {
            good += 1;
            let again = apart.session(true).build(None);
            assert_eq!(again.work.read, 0, "nothing is read again, after {:?}", log.last());
            compare("nothing new", &log, &apart.left(&again), &clean);
        }

        // What users do to outputs and the cache is not mixed with edits: a file that they made
        // theirs stays, which a clean build cannot know.
        edits = if outcome.is_good() && random.below(6) == 0 {
            vec![Edit::spoil(&mut random, &apart.folder)]
        } else if !outcome.is_good() && random.below(2) == 0 {
            Edit::mend(&sources)
        } else {
            (0..=random.below(3)).map(|_| Edit::random(&mut random, &sources)).collect()
        };
        let mut same = sources.clone();
        for edit in &edits {
            log.push(format!("{step}: {edit:?}"));
            edit.apply(&apart.folder, &mut sources);
            edit.apply(&lasting.folder, &mut same);
        }
    }
    assert!(good > steps / 4, "{good} of {steps} builds were without errors");
}

#[test]
fn after_a_build_that_was_killed_the_next_one_is_right() {
    let kills = if is_proof() { 60 } else { 4 };
    let mut random = Random::new(11);
    let place = TempDir::new().expect("a folder is made");
    let root = place.path().canonicalize().expect("it is there");
    let (project, mut sources) = unbuilt(&root);
    let kontract = || kontract(&project);
    for kill in 0..kills {
        // Every source changes, so that many outputs are written.
        for (path, text) in sources.clone() {
            if path.ends_with(".ts") {
                let text = format!("{text}// {kill}\nexport const changed{kill} = {kill};\n");
                Edit::Write { path, text }.apply(&project.folder, &mut sources);
            }
        }
        let mut child = kontract().spawn().expect("it starts");
        thread::sleep(Duration::from_millis(random.below(160) as u64));
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
        // The lock may have been written, or not.
        let clean = clean(&root.join("clean"), &sources, project.lock().as_deref());
        let status = kontract().status().expect("it runs");
        assert!(status.success());
        let outcome = project.session(true).build(None);
        compare("after a kill", &[format!("kill {kill}")], &project.left(&outcome), &clean);
        for (_, text) in sources.iter_mut().filter(|(path, _)| path.ends_with(".ts")) {
            let end = text.find("// ").unwrap_or(text.len());
            text.truncate(end);
        }
    }
}

fn kontract(project: &Copy) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kontract"));
    command.args(["build", "--no-locked"]).current_dir(&project.folder);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// What the last good build wrote.
fn outputs(project: &Copy) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for folder in ["dist", "src/.kontract"] {
        read_all(&project.folder, folder, &mut files);
    }
    files
}

#[test]
fn two_processes_at_once_do_each_other_no_harm() {
    let place = TempDir::new().expect("a folder is made");
    let root = place.path().canonicalize().expect("it is there");
    let (project, sources) = unbuilt(&root);
    let clean = clean(&root.join("clean"), &sources, None);
    let start = |_| kontract(&project).spawn().expect("it starts");
    let builds: Vec<_> = (0..4).map(start).collect();
    for mut build in builds {
        assert!(build.wait().expect("it ends").success());
    }
    let outcome = project.session(true).build(None);
    compare("at once", &[], &project.left(&outcome), &clean);

    // A process that is no more had begun to write, and left the half of a file.
    let half = project.folder.join("dist/server/.kontract-1-1.tmp");
    fs::write(&half, "half").expect("written");
    fs::write(project.folder.join("dist/server/index.js"), "half").expect("written");
    fs::write(project.folder.join("node_modules/.kontract/lock"), "1\n").expect("written");
    assert!(kontract(&project).status().expect("it runs").success());
    assert!(!half.exists());
    let outcome = project.session(true).build(None);
    compare("after it", &[], &project.left(&outcome), &clean);
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_full_disk_outputs_stay_as_they_are() {
    if namespace::has_run_in_namespaces("on_a_full_disk_outputs_stay_as_they_are") {
        return;
    }
    let (place, elsewhere) = (TempDir::new().expect("made"), TempDir::new().expect("made"));
    let root = place.path().canonicalize().expect("it is there");
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", "size=3m", "none"]).arg(&root);
    assert!(mount.status().expect("it runs").success());
    let (project, mut sources) = built(&root);
    let filler = root.join("filler");
    for (round, room) in [0, 4, 40].into_iter().enumerate() {
        for (path, text) in sources.clone() {
            if path.ends_with(".ts") {
                let text = format!("{text}export const changed{round} = {round};\n");
                Edit::Write { path, text }.apply(&project.folder, &mut sources);
            }
        }
        let before = outputs(&project);
        let (mut file, mut length) = (fs::File::create(&filler).expect("made"), 0);
        while let Ok(written) = file.write(&[0; 4096]) {
            length += written as u64;
        }
        file.set_len(length - room * 1024).expect("it is shorter");
        drop(file);
        let outcome = project.session(true).build(None);
        let error = outcome.diagnostics.iter().find(|found| found.is_error()).expect("an error");
        assert!(error.message.contains("No space left on device"), "{error:?}");
        assert!(outputs(&project) == before, "with room for {room} KB");
        let again = project.session(true).build(None);
        assert!(!again.is_good() && outputs(&project) == before, "with room for {room} KB");

        fs::remove_file(&filler).expect("removed");
        let lock = project.lock();
        let clean = clean(&elsewhere.path().join("clean"), &sources, lock.as_deref());
        let outcome = project.session(true).build(None);
        compare("with room again", &[], &project.left(&outcome), &clean);
    }
    assert!(Command::new("umount").arg(&root).status().expect("it runs").success());
}

#[test]
fn two_builds_at_once_do_each_other_no_harm() {
    let place = TempDir::new().expect("a folder is made");
    let root = place.path().canonicalize().expect("it is there");
    let (project, sources) = unbuilt(&root);
    let clean = clean(&root.join("clean"), &sources, None);
    let outcomes: Vec<Outcome> = thread::scope(|scope| {
        let builds: Vec<_> =
            (0..4).map(|_| scope.spawn(|| project.session(true).build(None))).collect();
        builds.into_iter().map(|build| build.join().expect("it ends")).collect()
    });
    for outcome in &outcomes {
        compare("at once", &[], &project.left(outcome), &clean);
    }
    let fresh = outcomes.iter().filter(|outcome| outcome.work.read > 0).count();
    assert_eq!(fresh, 1, "the others found it done");
}

const LOCK: &str = "kontract.lock.json";

/// A project of its own.
fn unbuilt(root: &Path) -> (Copy, BTreeMap<String, String>) {
    let project = Copy::new(&root.join("project"));
    let mut sources = BTreeMap::new();
    for (path, texts) in VARIANTS {
        Edit::Write { path: (*path).to_owned(), text: texts[0].to_owned() }
            .apply(&project.folder, &mut sources);
    }
    (project, sources)
}

/// A project of its own, built once.
fn built(root: &Path) -> (Copy, BTreeMap<String, String>) {
    let (project, sources) = unbuilt(root);
    let outcome = project.session(true).build(None);
    assert!(outcome.is_good(), "{:?}", outcome.diagnostics);
    (project, sources)
}

#[test]
fn an_edit_makes_anew_what_depends_on_it_and_nothing_else() {
    let place = TempDir::new().expect("a folder is made");
    let root = place.path().canonicalize().expect("it is there");
    let (project, sources) = built(&root);
    let after = |path: &str, old: &str, new: &str| {
        let text = &sources[path];
        assert!(text.contains(old));
        project.write(path, text.replacen(old, new, 1).as_bytes());
        let outcome = project.session(true).build(None);
        assert_eq!(outcome.work.extracted, 1);
        let mut written = outcome.written.written;
        written.retain(|path| !path.ends_with(".kontract-outputs.json"));
        written.sort();
        (outcome.work.printed, written)
    };
    // The body of a function: its server module. The manifest has a hash of all.
    let (printed, written) = after("src/api/users.ts", "asked for", "asked 4or");
    assert_eq!(printed, 1);
    assert_eq!(written, ["dist/manifest.json", "dist/server/api/users.js"]);
    // A type: what is made of it. Only its own module is printed again, which has an enum, too.
    let (printed, written) = after("src/types.ts", "total: number", "total: number; paid: boolean");
    assert_eq!(printed, 1);
    let of_orders = |path: &String| !path.contains("users") && !path.contains("page");
    assert!(written.iter().all(of_orders), "{written:?}");
    for path in ["dist/codec/__kontract.js", "dist/client/types.d.ts", "dist/schema/api/orders.fbs"]
    {
        assert!(written.iter().any(|written| written == path), "{path} in {written:?}");
    }
}

#[test]
fn a_cache_that_is_of_no_use_is_told_of_and_made_again() {
    let place = TempDir::new().expect("a folder is made");
    let root = place.path().canonicalize().expect("it is there");
    let (project, _) = built(&root);
    let path = |name: &str| project.folder.join("node_modules/.kontract").join(name);
    let codes_after = |name: &str, change: &dyn Fn(Vec<u8>) -> Vec<u8>| {
        let bytes = fs::read(path(name)).expect("it is there");
        fs::write(path(name), change(bytes)).expect("it is written");
        let outcome = project.session(true).build(None);
        assert!(outcome.work.read > 0, "it is built anew");
        let codes = |outcome: Outcome| -> Vec<String> {
            let codes = outcome.diagnostics.into_iter().map(|diagnostic| diagnostic.code);
            codes.filter(|code| code.starts_with("K30")).collect()
        };
        let again = project.session(true).build(None);
        assert_eq!(again.work.read, 0);
        assert!(codes(again).is_empty());
        codes(outcome)
    };
    let cut = |bytes: Vec<u8>| bytes[..bytes.len() / 2].to_vec();
    assert_eq!(codes_after("state.bin", &cut), ["K300"]);
    assert_eq!(codes_after("cache.json", &cut), ["K300"]);
    let older = |bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).expect("it is JSON");
        let version = env!("CARGO_PKG_VERSION");
        text.replace(&format!("\"version\": \"{version}\""), "\"version\": \"0.0.1\"").into_bytes()
    };
    assert_eq!(codes_after("cache.json", &older), ["K301"]);
    // These are not read while nothing changes that other files can see, or nothing at all.
    let text = fs::read_to_string(project.folder.join("src/people.ts")).expect("it is there");
    project.write("src/people.ts", format!("{text}export const more = 1;\n").as_bytes());
    assert_eq!(codes_after("facts.bin", &cut), ["K300"]);
    project.write("src/people.ts", format!("{text}export const more = 1;\n\n").as_bytes());
    assert_eq!(codes_after("slices.bin", &cut), ["K300"]);
}

#[test]
fn builds_read_nothing_but_the_source_whose_bodies_changed() {
    for lasts in [true, false] {
        read_nothing_but_the_source(lasts);
    }
}

/// `lasts`: one session builds again and again.
fn read_nothing_but_the_source(lasts: bool) {
    let place = TempDir::new().expect("a folder is made");
    let root = place.path().canonicalize().expect("it is there");
    let (project, mut sources) = built(&root);
    let mut session = project.session(true);
    let source = project.folder.join("src/api/users.ts");
    let hint = BTreeSet::from([source.clone()]);
    fs::write(project.folder.join("kontract.toml"), "[build]\nlazy = true\n").expect("written");
    sources.insert("kontract.toml".to_owned(), "[build]\nlazy = true\n".to_owned());
    assert!(session.build(None).is_good());
    let texts = ["asked 4or", "wanted by\\n", "asked for a long time, and more than once,"];
    for (round, text) in texts.iter().enumerate() {
        let edited = sources["src/api/users.ts"].replace("asked for", text);
        // Below it everything has another place.
        let edited = format!("{}{edited}", "// above\n".repeat(round));
        project.write("src/api/users.ts", edited.as_bytes());
        sources.insert("src/api/users.ts".to_owned(), edited);
        let lock = project.lock();
        if !lasts {
            session = project.session(true);
        }
        let outcome = session.build(lasts.then_some(&hint));
        let work = outcome.work;
        assert_eq!((work.read, work.extracted, work.printed), (1, 1, 1), "round {round}");
        let clean = clean(&root.join("clean"), &sources, lock.as_deref());
        compare("in place", &[text.to_string()], &project.left(&outcome), &clean);
        // Another process finds it done.
        session.rest();
        assert_eq!(project.session(true).build(None).work.read, 0);
        sources.insert("src/api/users.ts".to_owned(), VARIANTS[7].1[0].to_owned());
    }
    // What clients must not have is looked for all the same.
    let leaking = sources["src/api/users.ts"].replace("asked for", "getUser");
    project.write("src/api/users.ts", leaking.as_bytes());
    assert!(session.build(Some(&hint)).is_good(), "a route's name is no secret");
}

/// A type that others use has another field: all is built, with what the session knows of sources.
#[test]
fn a_session_that_lasts_reads_no_source_that_has_not_changed() {
    let place = TempDir::new().expect("a folder is made");
    let root = place.path().canonicalize().expect("it is there");
    let (project, mut sources) = built(&root);
    let mut edit = |field: &str| {
        let text = &sources["src/types.ts"];
        let text = text.replacen("total: number", &format!("total: number; {field}: boolean"), 1);
        project.write("src/types.ts", text.as_bytes());
        sources.insert("src/types.ts".to_owned(), text);
        sources.clone()
    };
    edit("paid");
    let mut session = project.session(true);
    let first = session.build(None);
    assert!(first.is_good());
    let hint = BTreeSet::from([project.folder.join("src/types.ts")]);
    for field in ["sent", "lost"] {
        let sources = edit(field);
        let lock = project.lock();
        let outcome = session.build(Some(&hint));
        assert_eq!(outcome.work.printed, 1);
        let others = sources.keys().filter(|path| path.ends_with(".ts")).count() - 1;
        assert!(others > 1 && outcome.work.read + others <= first.work.read);
        let clean = clean(&root.join("clean"), &sources, lock.as_deref());
        compare("in place", &[field.to_owned()], &project.left(&outcome), &clean);
    }
}

#[test]
fn warnings_follow_the_places_that_they_speak_of() {
    let place = TempDir::new().expect("a folder is made");
    let root = place.path().canonicalize().expect("it is there");
    let (project, mut sources) = built(&root);
    let text = "import { backend } from 'kontract';\n\
        export const loose = backend({}, async (value: unknown): Promise<void> => { void value; });\n";
    // The last ones allow one of the warnings, and what nobody finds.
    let allowed = "// kontract-allow K111, K999: it is a test\nexport";
    let rounds = ["", "// above\n", "/* and\nabove */ ", "", "", "// above\n", "\n"];
    for (round, above) in rounds.into_iter().enumerate() {
        let text = format!("{above}{text}")
            .replace("void value", ["void value", "void (value)"][round % 2])
            .replacen("export", if round < 4 { "export" } else { allowed }, 1);
        project.write("src/api/loose.ts", text.as_bytes());
        sources.insert("src/api/loose.ts".to_owned(), text);
        let lock = project.lock();
        let outcome = project.session(true).build(None);
        assert!(outcome.diagnostics.iter().any(|d| d.file.as_str() == "src/api/loose.ts"));
        assert_eq!(outcome.work.read == 1, ![0, 4].contains(&round), "round {round}");
        let clean = clean(&root.join("clean"), &sources, lock.as_deref());
        compare("with warnings", &[above.to_owned()], &project.left(&outcome), &clean);
        let again = project.session(true).build(None);
        compare("again", &[above.to_owned()], &project.left(&again), &clean);
    }
}

#[test]
fn lines_that_outputs_tell_follow_their_sources() {
    let place = TempDir::new().expect("a folder is made");
    let root = place.path().canonicalize().expect("it is there");
    let (project, mut sources) = built(&root);
    let bare = "[server]\nbase = \"/api/v1\"\n".to_owned();
    let orders = VARIANTS.iter().find(|(path, _)| *path == "src/api/orders.ts");
    let orders = orders.expect("it is one of them").1[2].to_owned();
    let mut session = project.session(true);
    for (path, text) in [("kontract.toml", bare), ("src/api/orders.ts", orders)] {
        project.write(path, text.as_bytes());
        sources.insert(path.to_owned(), text);
    }
    assert!(session.build(None).is_good());
    for with_pages in [false, true] {
        if with_pages {
            let text = VARIANTS[0].1[0].to_owned();
            project.write("kontract.toml", text.as_bytes());
            sources.insert("kontract.toml".to_owned(), text);
            assert!(session.build(None).is_good());
        }
        for (round, path) in
            ["src/api/orders.ts", "src/api/users.ts", "src/middleware.ts", "src/types.ts"]
                .into_iter()
                .enumerate()
        {
            let text = format!("// above\n\n{}", sources[path]);
            project.write(path, text.as_bytes());
            sources.insert(path.to_owned(), text);
            let (lock, whole) = (project.lock(), with_pages && round == 2);
            if round % 2 == 0 {
                session = project.session(true);
            }
            let outcome = session.build(None);
            assert!(outcome.is_good(), "{:?}", outcome.diagnostics);
            assert_eq!(outcome.work.read == 1, !whole, "{path}: {:?}", outcome.work);
            let clean = clean(&root.join("clean"), &sources, lock.as_deref());
            compare("lines", &[path.to_owned()], &project.left(&outcome), &clean);
            let again = project.session(true).build(None);
            assert_eq!(again.work.read, 0);
            compare("again", &[path.to_owned()], &project.left(&again), &clean);
        }
    }
}

#[test]
fn what_a_session_puts_off_to_leave_is_missed_by_no_other() {
    let place = TempDir::new().expect("a folder is made");
    let root = place.path().canonicalize().expect("it is there");
    let (project, mut sources) = built(&root);
    let mut session = project.session(true);
    let (users, types) = ("src/api/users.ts", "src/types.ts");
    let text = sources[users].clone();
    project.write(users, format!("{text}// one\n").as_bytes());
    assert!(session.build(None).is_good());
    let mut check = |path: &str, text: String, outcome: &dyn Fn() -> Outcome| {
        project.write(path, text.as_bytes());
        sources.insert(path.to_owned(), text);
        let lock = project.lock();
        let outcome = outcome();
        let clean = clean(&root.join("clean"), &sources, lock.as_deref());
        compare(path, &[], &project.left(&outcome), &clean);
        outcome.work.read
    };
    let session = std::cell::RefCell::new(session);
    let hint = BTreeSet::from([users, types].map(|path| project.folder.join(path)));
    let lasting = || session.borrow_mut().build(Some(&hint));
    let apart = || project.session(true).build(None);
    let edited = text.replace("asked for", "asked 4or");
    assert_eq!(check(users, edited.clone(), &lasting), 1);
    // The source is again what it was when something was left last, and the outputs are not.
    check(users, format!("{text}// one\n"), &apart);
    // What others have built since is no secret to the session.
    let wider = fs::read_to_string(project.folder.join(types)).expect("it is there");
    let wider = wider.replace("total: number", "total: number; paid: boolean");
    check(types, wider, &apart);
    assert_eq!(check(users, edited.clone(), &lasting), 1);
    assert_eq!(check(users, text, &lasting), 1);
    session.borrow_mut().rest();
    assert_eq!(apart().work.read, 0);
}
