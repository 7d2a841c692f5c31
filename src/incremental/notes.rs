//! What a build asked of the file system, what it was told, and whether it would be told the same
//! now.
//!
//! Most answers follow from two things that one look at a file or folder tells: a file whose stamp
//! is the same has the same bytes, and a folder whose stamp is the same has the same entries, so
//! that what was missing in it is missing still. All other questions are asked again.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
    fs, io,
    ops::Bound,
    path::{Path, PathBuf},
    time::SystemTime,
};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    answer::{Answer, Question, ask},
    compact,
    own::Own,
    stamp::Stamp,
};

/// SHA-256.
pub type Digest = [u8; 32];

/// The answers about what lies in a folder.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Folder {
    state: State,
    #[serde(with = "compact::answers")]
    answers: Answers,
}

pub type Answers = BTreeMap<(OsString, Question), Answer>;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
enum State {
    /// A folder with this stamp, which is settled.
    Settled(Stamp),
    Missing,
    /// Nothing follows from it.
    Unknown,
}

/// By folder.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Notes(BTreeMap<OsString, Folder>);

/// What has become of the answers.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Verdict {
    /// Questions with another answer.
    pub changed: Vec<(PathBuf, Question)>,
    /// How many of the others can be told faster the next time.
    pub learned: usize,
}

impl Notes {
    /// Where answers about the path are kept.
    pub fn place(path: &Path) -> (OsString, OsString) {
        match (path.parent(), path.file_name()) {
            (Some(folder), Some(name)) if !folder.as_os_str().is_empty() => {
                (folder.as_os_str().to_owned(), name.to_owned())
            }
            _ => (OsString::new(), path.as_os_str().to_owned()),
        }
    }

    /// Has to be called before the first question about anything in the folder is asked.
    pub fn open(&mut self, folder: &OsStr) {
        if !self.0.contains_key(folder) {
            let state = state(Path::new(folder));
            self.0.insert(folder.to_owned(), Folder { state, answers: BTreeMap::new() });
        }
    }

    /// The first answer counts: a later one that differs is of a file that changed meanwhile.
    pub fn add(&mut self, path: &Path, question: Question, answer: Answer) {
        let (folder, name) = Self::place(path);
        self.open(&folder);
        if let Some(folder) = self.0.get_mut(&folder) {
            folder.answers.entry((name, question)).or_insert(answer);
        }
    }

    /// Takes over what other notes say, but for the bytes of these files; what is said here already
    /// counts.
    pub fn take_over(&mut self, others: &Self, outdated: &[PathBuf]) {
        let outdated: BTreeSet<_> = outdated.iter().map(|path| Self::place(path)).collect();
        for (path, folder) in &others.0 {
            let own = self
                .0
                .entry(path.clone())
                .or_insert_with(|| Folder { state: folder.state, answers: BTreeMap::new() });
            for ((name, question), answer) in &folder.answers {
                let is_outdated =
                    *question == Question::Read && outdated.contains(&(path.clone(), name.clone()));
                if !is_outdated {
                    let asked = (name.clone(), *question);
                    own.answers.entry(asked).or_insert_with(|| answer.clone());
                }
            }
        }
    }

    /// The file has become another one, by the compiler's own doing: one with this digest, or
    /// none at all.
    pub fn replace(&mut self, path: &Path, written: Option<Digest>) {
        let (folder, name) = Self::place(path);
        let Some(folder) = self.0.get_mut(&folder) else { return };
        for ((of, asked), answer) in &mut folder.answers {
            if *of != name {
                continue;
            }
            *answer = match written {
                Some(digest) if *asked == Question::Read => {
                    Answer { digest, stamp: None, steady: false }
                }
                _ => ask(*asked, path, &Own::default()),
            };
        }
    }

    /// The file has other bytes now.
    pub fn reread(&mut self, path: &Path, digest: Digest) {
        let (folder, name) = Self::place(path);
        let Some(folder) = self.0.get_mut(&folder) else { return };
        if let Some(answer) = folder.answers.get_mut(&(name, Question::Read)) {
            *answer = Answer { digest, stamp: None, steady: false };
        }
    }

    /// The digest of a file that was read.
    pub fn digest(&self, path: &Path) -> Option<Digest> {
        let (folder, name) = Self::place(path);
        let answer = self.0.get(&folder)?.answers.get(&(name, Question::Read))?;
        Some(answer.digest)
    }

    /// Compares all answers, or those that `hint` may be of importance to, with what the disk says.
    pub fn check(&mut self, own: &Own, hint: Option<&BTreeSet<PathBuf>>) -> Verdict {
        let concerned = hint.map(|paths| self.concerned(paths));
        let verdicts = self.0.par_iter_mut().map(|(path, folder)| {
            if concerned.as_ref().is_some_and(|concerned| !concerned.contains(path)) {
                return Verdict::default();
            }
            folder.check(Path::new(path), own)
        });
        verdicts.reduce(Verdict::default, Verdict::and)
    }

    /// The folders where a change would be one of an answer; outside of the project, only those of
    /// files that are there.
    pub fn folders(&self, project: &Path, own: &Own) -> BTreeSet<PathBuf> {
        let mut folders = BTreeSet::new();
        for (folder, Folder { answers, .. }) in &self.0 {
            for (name, question) in answers.keys() {
                let path = Path::new(folder).join(name);
                if own.holds(&path) {
                    continue;
                }
                if *question == Question::List && path.is_dir() {
                    folders.insert(path.clone());
                }
                let mut above = path.ancestors().skip(1);
                let folder = if path.starts_with(project) {
                    above
                        .find(|folder| folder.is_dir())
                        .filter(|folder| folder.starts_with(project))
                } else {
                    above.next().filter(|_| *question == Question::Read && path.is_file())
                };
                folders.extend(folder.map(Path::to_owned));
            }
        }
        folders
    }

    /// The folders with answers about these paths, about what lies in them, and about the folders
    /// that they lie in.
    fn concerned(&self, paths: &BTreeSet<PathBuf>) -> BTreeSet<OsString> {
        let mut found = BTreeSet::new();
        for path in paths {
            let above = path.ancestors().skip(1).take(2).map(Path::as_os_str);
            found.extend(above.filter(|folder| self.0.contains_key(*folder)).map(OsStr::to_owned));
            found.insert(OsString::new());
            let from = (Bound::Included(path.as_os_str()), Bound::Unbounded);
            let below = self.0.range::<OsStr, _>(from).map(|(folder, _)| folder);
            // In the order of bytes, `a-b` comes between `a` and `a/b`.
            let prefix = path.as_os_str().as_encoded_bytes();
            let below = below.take_while(|folder| folder.as_encoded_bytes().starts_with(prefix));
            found.extend(below.filter(|folder| Path::new(folder).starts_with(path)).cloned());
        }
        found
    }
}

impl Folder {
    fn check(&mut self, path: &Path, own: &Own) -> Verdict {
        let now = state(path);
        let is_same = now == self.state && now != State::Unknown
            || now == State::Missing && self.state == State::Missing;
        let learned = usize::from(now != self.state);
        let mut verdict = Verdict { learned, ..Verdict::default() };
        if own.holds(path) {
            return verdict;
        }
        let held: Vec<&OsStr> = own.folders_in(path).collect();
        for ((name, question), answer) in &mut self.answers {
            if is_same && answer.steady || held.contains(&&**name) {
                continue;
            }
            let path = path.join(name);
            match answer.check(*question, &path, own) {
                Some(learned) => verdict.learned += usize::from(learned),
                None => verdict.changed.push((path, *question)),
            }
        }
        // What another state says of answers that do not hold any more is wrong.
        self.state = if verdict.changed.is_empty() { now } else { State::Unknown };
        verdict
    }
}

impl Verdict {
    pub fn is_same(&self) -> bool {
        self.changed.is_empty()
    }

    fn and(mut self, other: Self) -> Self {
        self.changed.extend(other.changed);
        Self { learned: self.learned + other.learned, ..self }
    }
}

fn state(folder: &Path) -> State {
    if folder.as_os_str().is_empty() {
        return State::Unknown;
    }
    let now = SystemTime::now();
    match fs::metadata(folder) {
        Ok(metadata) if metadata.is_dir() => {
            let stamp = Stamp::of(&metadata);
            if stamp.is_settled(now) { State::Settled(stamp) } else { State::Unknown }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => State::Missing,
        _ => State::Unknown,
    }
}
