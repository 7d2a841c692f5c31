//! `node_modules/.kontract`: what builds leave for later ones, of this process or another.
//!
//! ```text
//! cache.json   the sources, what they import and what was made of them, for people and tools
//! state.bin    what the last good build asked of the disk, and what came of it
//! edits.bin    what edits that no other file could see have changed in it since
//! facts.bin    what was found out about files
//! slices.bin   of each source what an edit of it alone has to know
//! lock         whose builds they are: locked while one runs; it names its owner while outputs
//!              are written
//! ```

use std::{
    collections::BTreeMap,
    env,
    fs::{self, File, TryLockError},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
    process, thread,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{
    diagnostics,
    edits::{self, Edit},
    facts::Facts,
    notes::Digest,
    slices::{self, At, Fresh},
    stamp::Stamp,
    state::{Source, Sources, State},
};
use crate::{
    files::{Disk, Files, is_temporary},
    hash::digits,
    model::{SourcePath, diagnostic::Diagnostic},
    pipeline::amend::Known,
};

/// A folder of builds, ours as long as this lives.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    lock: File,
}

impl Store {
    /// Waits for a build of another process to end.
    pub fn open(project: &Path) -> Result<Self, Diagnostic> {
        let folder = folder(project);
        let open = || {
            // A project that was removed stays so.
            fs::metadata(project)?;
            fs::create_dir_all(&folder)?;
            let mut options = fs::OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false).open(folder.join(LOCK))
        };
        let lock = open().map_err(|error| diagnostics::not_written(&error))?;
        let begun = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => {
                    thread::sleep(Duration::from_millis(5));
                }
                Err(TryLockError::WouldBlock) => return Err(diagnostics::busy(PATIENCE)),
                Err(TryLockError::Error(error)) => return Err(diagnostics::not_written(&error)),
            }
        }
        Ok(Self { folder, lock })
    }

    /// A build was killed while it wrote outputs.
    pub fn was_interrupted(&mut self) -> bool {
        let mut owner = String::new();
        self.lock.rewind().is_ok()
            && self.lock.read_to_string(&mut owner).is_ok()
            && !owner.is_empty()
    }

    /// From now on outputs are written.
    pub fn begin(&mut self) -> io::Result<()> {
        self.lock.rewind()?;
        self.lock.write_all(format!("{}\n", process::id()).as_bytes())
    }

    /// They are all there.
    pub fn end(&mut self) -> io::Result<()> {
        self.lock.set_len(0)
    }

    /// What builds that were killed left in the folder.
    pub fn sweep(&self) {
        sweep(&self.folder);
    }

    /// None where no build of this compiler has left anything; with what is wrong with it.
    pub fn state(&self) -> (Option<State>, Option<Diagnostic>) {
        let read = |name: &str| match fs::read(self.folder.join(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(diagnostics::damaged(name, &error.to_string())),
        };
        let found = (|| {
            let Some(state) = read(STATE)? else { return Ok(None) };
            let state = decode(&state)?.and_then(|mut state| {
                edits::apply_all(&self.folder.join(EDITS), &mut state)?;
                Some(state)
            });
            let left = state.as_ref().and_then(|state| state.index);
            if left.is_none() || self.index_stamp() != left {
                let Some(index) = read(INDEX)? else { return Ok(None) };
                check_index(&index)?;
            }
            Ok(state)
        })();
        match found {
            Ok(state) => (state, None),
            Err(diagnostic) => (None, Some(diagnostic)),
        }
    }

    pub fn facts(&self) -> (Facts, Option<Diagnostic>) {
        match Facts::read(&self.folder.join(FACTS), &identity()) {
            Ok(facts) => (facts, None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => (Facts::default(), None),
            Err(error) => {
                let reason = match error.kind() {
                    io::ErrorKind::UnexpectedEof => "it is cut off".to_owned(),
                    _ => error.to_string(),
                };
                (Facts::default(), Some(diagnostics::damaged(FACTS, &reason)))
            }
        }
    }

    /// Tells whether what lies here is what this process has left.
    pub fn stamp(&self) -> Option<[Option<Stamp>; 3]> {
        let stamp = |name: &str| {
            let metadata = fs::metadata(self.folder.join(name)).ok()?;
            Some(Stamp::of(&metadata))
        };
        let stamps = [stamp(STATE), stamp(FACTS), stamp(EDITS)];
        stamps[..2].iter().all(Option::is_some).then_some(stamps)
    }

    pub fn keep_facts(&self, facts: &mut Facts) -> io::Result<()> {
        facts.write(&self.folder.join(FACTS), &identity())
    }

    /// Adds facts to those that nobody has read.
    pub fn add_facts(&self, facts: &mut Facts) -> io::Result<()> {
        facts.add_to(&self.folder.join(FACTS), &identity())
    }

    pub fn keep_slices(&self, slices: &[Option<Fresh>]) -> io::Result<Vec<Option<At>>> {
        slices::write(&self.folder.join(SLICES), slices)
    }

    pub fn add_slice(&self, known: &Known) -> io::Result<Option<At>> {
        slices::add(&self.folder.join(SLICES), known)
    }

    pub fn slice(&self, at: At) -> Result<Known, Diagnostic> {
        let known = slices::read(&self.folder.join(SLICES), at);
        known.ok_or_else(|| diagnostics::damaged(SLICES, "its bytes have changed"))
    }

    /// The state last: without it the others count for nothing.
    pub fn keep(&self, state: &mut State) -> io::Result<()> {
        replace(&self.folder.join(INDEX), index(&state.sources).as_bytes())?;
        state.index = self.index_stamp();
        self.keep_state(state)
    }

    fn index_stamp(&self) -> Option<Stamp> {
        let metadata = fs::metadata(self.folder.join(INDEX)).ok()?;
        Some(Stamp::of(&metadata)).filter(|stamp| !stamp.is_coarse())
    }

    pub fn keep_state(&self, state: &mut State) -> io::Result<()> {
        let bytes = [VERSION.as_bytes(), b"\n", &state.encode()?].concat();
        replace(&self.folder.join(STATE), &bytes)?;
        // They were of another state, and count for nothing already.
        let _ = fs::remove_file(self.folder.join(EDITS));
        Ok(())
    }

    /// What an edit has changed in the state.
    pub fn keep_edit(&self, state: &mut State, edit: &Edit) -> io::Result<()> {
        if edit.add(&self.folder.join(EDITS), state.check)? {
            return Ok(());
        }
        self.keep_state(state)
    }

    /// Gives sources other hashes in `cache.json`; false where they are not found there.
    pub fn relist(&self, digests: &BTreeMap<SourcePath, Digest>) -> io::Result<bool> {
        let path = self.folder.join(INDEX);
        let mut index = fs::read_to_string(&path)?;
        if !digests.iter().all(|(file, digest)| relist(&mut index, file, digest).is_some()) {
            return Ok(false);
        }
        replace(&path, index.as_bytes())?;
        Ok(true)
    }

    pub fn listed(&self) -> Option<Stamp> {
        self.index_stamp()
    }

    /// There was no good build.
    pub fn forget(&self) {
        let _ = fs::remove_file(self.folder.join(STATE));
    }
}

/// Removes what builds have left for others.
pub fn clean(project: &Path) -> Result<(), Diagnostic> {
    let folder = folder(project);
    sweep(&folder);
    for name in [STATE, EDITS, INDEX, FACTS, SLICES, TYPES, CHECK, LOCK] {
        match fs::remove_file(folder.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(diagnostics::not_removed(name, &error));
            }
            _ => {}
        }
    }
    // Others may keep things here, too.
    for folder in [Some(&*folder), folder.parent()].into_iter().flatten() {
        let _ = fs::remove_dir(folder);
    }
    Ok(())
}

/// A reader finds the old bytes or the new ones.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    Disk.write(path, bytes).map(drop)
}

/// Of the compiler: another one may find out other things.
pub fn identity() -> Digest {
    let program = env::current_exe().and_then(fs::metadata).ok();
    let program = program.map(|metadata| (metadata.len(), metadata.modified().ok()));
    Sha256::digest(format!("{VERSION} {FORM} {program:?}")).into()
}

pub fn folder(project: &Path) -> PathBuf {
    project.join("node_modules").join(".kontract")
}

pub fn sweep(folder: &Path) {
    for entry in Disk.list(folder).unwrap_or_default() {
        if is_temporary(&entry.name) {
            let _ = fs::remove_file(folder.join(&entry.name));
        }
    }
}

/// `version (a line) · the state`
fn decode(bytes: &[u8]) -> Result<Option<State>, Diagnostic> {
    let damaged = |reason: &str| diagnostics::damaged(STATE, reason);
    let end = memchr::memchr(b'\n', bytes).ok_or_else(|| damaged("it is cut off"))?;
    let version = String::from_utf8_lossy(&bytes[..end]);
    if version != VERSION {
        return Err(diagnostics::other_version(&version));
    }
    // The same version, built otherwise, may have another form.
    State::decode(&bytes[end + 1..]).map_err(damaged)
}

/// `cache.json` in the specification's form (6.4.1).
#[derive(Serialize)]
struct Index<'a> {
    files: BTreeMap<&'a str, Listed<'a>>,
    version: &'static str,
}

#[derive(Serialize)]
struct Listed<'a> {
    hash: Option<String>,
    dependencies: &'a [SourcePath],
    outputs: Outputs<'a>,
}

#[derive(Serialize)]
struct Outputs<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<&'a str>,
}

fn index(sources: &Sources) -> String {
    fn listed<'a>((file, source): (&'a SourcePath, &'a Source)) -> (&'a str, Listed<'a>) {
        let Source { client, server, dependencies, digest, .. } = source;
        let outputs = Outputs { client: client.as_deref(), server: server.as_deref() };
        let hash = digest.map(|digest| format!("sha256:{}", digits(&digest)));
        (file.as_str(), Listed { hash, dependencies, outputs })
    }
    let files = sources.iter().map(listed).collect();
    let mut text =
        serde_json::to_string_pretty(&Index { files, version: VERSION }).unwrap_or_default();
    text.push('\n');
    text
}

/// No string in JSON has a line break in it, so what is found is the file's entry, and its hash the
/// first one behind it.
fn relist(index: &mut String, file: &SourcePath, digest: &Digest) -> Option<()> {
    let entry = format!("\n    {}: {{\n", serde_json::to_string(file.as_str()).ok()?);
    let at = memchr::memmem::find(index.as_bytes(), entry.as_bytes())? + entry.len();
    let at = at + index[at..].find(HASH)? + HASH.len();
    let end = at + index[at..].find('"')?;
    index.replace_range(at..end, &digits(digest));
    Some(())
}

fn check_index(bytes: &[u8]) -> Result<(), Diagnostic> {
    #[derive(Deserialize)]
    struct Index {
        version: String,
    }
    match serde_json::from_slice::<Index>(bytes) {
        Ok(Index { version }) if version == VERSION => Ok(()),
        Ok(Index { version }) => Err(diagnostics::other_version(&version)),
        Err(error) => Err(diagnostics::damaged(INDEX, &error.to_string())),
    }
}

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Of what is kept, where it changes within a version.
const FORM: u32 = 6;
/// As `cache.json` has it.
const HASH: &str = "\"hash\": \"sha256:";
const INDEX: &str = "cache.json";
const STATE: &str = "state.bin";
const EDITS: &str = "edits.bin";
const FACTS: &str = "facts.bin";
const SLICES: &str = "slices.bin";
const LOCK: &str = "lock";
/// What TypeScript has told.
pub const TYPES: &str = "types.json";
const CHECK: &str = "check.json";
/// How long a build waits for another one.
const PATIENCE: Duration = Duration::from_mins(1);
