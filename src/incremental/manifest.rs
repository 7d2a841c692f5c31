//! The manifest, where nothing of it changes but the hash of its build.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use sha2::{
    Digest as _, Sha256,
    digest::common::hazmat::{SerializableState, SerializedState},
};

use super::{
    made::{read, stamp},
    state::Made,
};
use crate::{
    config::Options,
    hash,
    model::{SourcePath, lines::Lines, output::Output},
    pipeline::{
        lower::manifest,
        write::again::{Change, Text},
    },
};

/// What a manifest holds before the hash of its build: some megabytes in a large project.
#[derive(Clone, Serialize, Deserialize)]
pub struct Head {
    at: u64,
    #[serde(with = "midway")]
    hasher: Sha256,
}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head").field("at", &self.at).finish_non_exhaustive()
    }
}

impl Head {
    /// None where this is no manifest.
    pub fn of(output: &Output) -> Option<Self> {
        (output.path == MANIFEST).then_some(())?;
        Some(Self::before(&output.text, manifest::build_of(&output.text)?.0))
    }

    fn before(text: &str, at: usize) -> Self {
        Self { at: at as u64, hasher: Sha256::new_with_prefix(&text[..at]) }
    }

    /// None where it is not as it was made.
    fn read(options: &Options, made: &Made) -> Option<Self> {
        let text = read(&options.project, made)?;
        Some(Self::before(&text, manifest::build_of(&text)?.0))
    }

    /// Of the whole manifest.
    fn hash(&self, end: &str) -> String {
        hash::digits(&self.hasher.clone().chain_update(end).finalize())
    }
}

/// The manifest with the hash of another build. None where it is not as it was made.
pub fn change(
    head: &mut Option<Head>,
    options: &Options,
    made: &Made,
    build: &str,
) -> Option<Change> {
    let is_known = made.stamp.is_some() && made.stamp == stamp(&options.project, &made.path);
    let known = head.take().filter(|_| is_known);
    let read = || Head::read(options, made);
    let head = head.insert(known.or_else(read)?);
    let end = manifest::end(build);
    let (path, hash) = (MANIFEST.to_owned(), head.hash(&end));
    Some(Change { path, hash, text: Text::End { at: head.at, text: end } })
}

/// The manifest where lines of sources have moved, besides.
pub fn retell(
    head: &mut Option<Head>,
    options: &Options,
    made: &Made,
    build: &str,
    moved: &[(SourcePath, Lines)],
) -> Option<Change> {
    let mut text = read(&options.project, made)?;
    for (file, lines) in moved {
        text = manifest::retell(&text, file, lines)?;
    }
    let at = manifest::build_of(&text)?.0;
    text.replace_range(at.., &manifest::end(build));
    let hash = head.insert(Head::before(&text, at)).hash(&text[at..]);
    Some(Change { path: MANIFEST.to_owned(), hash, text: Text::Whole(text) })
}

/// Of all outputs but the manifest, where some have changed.
pub fn build_hash(out: &str, made: &[Made], changes: &[Change]) -> String {
    let fresh: BTreeMap<&str, &str> =
        changes.iter().map(|change| (&*change.path, &*change.hash)).collect();
    let hashes = made.iter().filter(|made| !made.is_record).filter_map(|made| {
        let path = made.path.strip_prefix(out)?.strip_prefix('/')?;
        let hash = fresh.get(path).copied().unwrap_or(&made.hash);
        (path != MANIFEST).then_some((path, hash))
    });
    manifest::build_hash(hashes)
}

pub const MANIFEST: &str = "manifest.json";

/// A hash that is not finished.
mod midway {
    use super::{
        Deserialize, Deserializer, Error, SerializableState, SerializedState, Serializer, Sha256,
    };

    pub fn serialize<S: Serializer>(hasher: &Sha256, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&SerializableState::serialize(hasher))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Sha256, D::Error> {
        let bytes = <&[u8]>::deserialize(deserializer)?;
        let state = SerializedState::<Sha256>::try_from(bytes).map_err(Error::custom)?;
        SerializableState::deserialize(&state).map_err(Error::custom)
    }
}
