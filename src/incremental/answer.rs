//! Questions to the file system, and what is noted of their answers.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{compact, notes::Digest, own::Own, stamp::Stamp};
use crate::files::{Disk, Entry, Files, Kind, is_temporary};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Question {
    Read,
    Kind,
    LinkKind,
    ReadLink,
    Canonicalize,
    List,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Answer {
    #[serde(with = "compact::digest")]
    pub digest: Digest,
    /// Of the file that was read, or of the folder that was listed, if it is settled.
    pub stamp: Option<Stamp>,
    /// It stays the same as long as the folder's entries do.
    pub steady: bool,
}

impl Answer {
    /// None: it is another one; otherwise whether more is known of it now.
    pub fn check(&mut self, question: Question, path: &Path, own: &Own) -> Option<bool> {
        if let Some(stamp) = self.stamp
            && fs::metadata(path).is_ok_and(|metadata| Stamp::of(&metadata) == stamp)
        {
            return Some(false);
        }
        let now = ask(question, path, own);
        if now.digest != self.digest {
            return None;
        }
        let learned = now.stamp.is_some() || now.steady && !self.steady;
        *self = now;
        Some(learned)
    }
}

/// What the disk says now. `own` matters for what a folder holds.
pub fn ask(question: Question, path: &Path, own: &Own) -> Answer {
    match question {
        Question::Read => read(path).1,
        Question::Kind => kind(path).1,
        Question::LinkKind => link_kind(path).1,
        Question::ReadLink => path_told(&Disk.read_link(path)),
        Question::Canonicalize => path_told(&Disk.canonicalize(path)),
        Question::List => list(path, own).1,
    }
}

/// A file's bytes, and what is noted of them.
pub fn read(path: &Path) -> (io::Result<Vec<u8>>, Answer) {
    let read = || {
        let now = SystemTime::now();
        let mut file = fs::File::open(path)?;
        let metadata = file.metadata()?;
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
        io::Read::read_to_end(&mut file, &mut bytes)?;
        Ok((bytes, Some(Stamp::of(&metadata)).filter(|stamp| stamp.is_settled(now))))
    };
    match read() {
        Ok((bytes, stamp)) => {
            let digest = Sha256::digest(&bytes).into();
            (Ok(bytes), Answer { digest, stamp, steady: false })
        }
        Err(error) => {
            let answer = Answer { digest: failed(&error), stamp: None, steady: is_missing(path) };
            (Err(error), answer)
        }
    }
}

pub fn kind(path: &Path) -> (io::Result<Kind>, Answer) {
    // What a link leads to may change although its folder does not.
    let itself = Disk.link_kind(path);
    let is_link = itself.as_ref().is_ok_and(|kind| *kind == Kind::Link);
    let kind = if is_link { Disk.kind(path) } else { itself };
    let answer =
        Answer { steady: !is_link, ..told(&kind, |kind, hasher| hash_kind(*kind, hasher)) };
    (kind, answer)
}

pub fn link_kind(path: &Path) -> (io::Result<Kind>, Answer) {
    let kind = Disk.link_kind(path);
    let answer = Answer { steady: true, ..told(&kind, |kind, hasher| hash_kind(*kind, hasher)) };
    (kind, answer)
}

pub fn list(path: &Path, own: &Own) -> (io::Result<Vec<Entry>>, Answer) {
    let now = SystemTime::now();
    let metadata = fs::metadata(path).ok();
    let entries = Disk.list(path);
    let mut answer = told(&entries, |entries, hasher| {
        for entry in entries.iter().filter(|entry| is_news(path, entry, own)) {
            let name = entry.name.as_encoded_bytes();
            hasher.update(name.len().to_le_bytes());
            hasher.update(name);
            hash_kind(entry.kind, hasher);
        }
    });
    let stamp = metadata.as_ref().map(Stamp::of).filter(|stamp| stamp.is_settled(now));
    answer.stamp = stamp.filter(|_| entries.is_ok() && !own.is_deep_in(path));
    (entries, answer)
}

pub fn path_told(result: &io::Result<PathBuf>) -> Answer {
    told(result, |path, hasher| hasher.update(path.as_os_str().as_encoded_bytes()))
}

fn told<T>(result: &io::Result<T>, hash: impl FnOnce(&T, &mut Sha256)) -> Answer {
    let digest = match result {
        Ok(value) => {
            let mut hasher = Sha256::new();
            hash(value, &mut hasher);
            hasher.finalize().into()
        }
        Err(error) => failed(error),
    };
    Answer { digest, stamp: None, steady: false }
}

fn hash_kind(kind: Kind, hasher: &mut Sha256) {
    hasher.update([match kind {
        Kind::File => 1,
        Kind::Folder => 2,
        Kind::Link => 3,
        Kind::Other => 4,
    }]);
}

fn failed(error: &io::Error) -> Digest {
    Sha256::digest(format!("failed: {:?}", error.kind())).into()
}

/// Editors make and remove hidden files, which are no sources.
fn is_news(folder: &Path, entry: &Entry, own: &Own) -> bool {
    let name = entry.name.as_encoded_bytes();
    let hidden = name.starts_with(b".") && entry.kind == Kind::File;
    let counts = [&b".ts"[..], b".tsx", b".mts", b".json", b".gitignore"];
    let matters = !hidden || counts.iter().any(|end| name.ends_with(end));
    matters && !is_temporary(&entry.name) && !own.made(&folder.join(&entry.name))
}

fn is_missing(path: &Path) -> bool {
    fs::symlink_metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}
