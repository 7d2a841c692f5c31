//! `edits.bin`: what edits that no other file could see have changed in the state beside it.
//!
//! ```text
//! the state's SHA-256 (8 bytes of it) · edits: length (u32) · SHA-256 (8 bytes of it) · bytes
//! ```

use std::{
    ffi::OsString,
    fs,
    io::{self, Seek, SeekFrom, Write},
    path::Path,
};

use serde::{Deserialize, Serialize};

use super::{
    made::found,
    manifest::Head,
    notes::Digest,
    slices::At,
    stamp::Stamp,
    state::{Check, Made, State, check},
};
use crate::model::{SourcePath, diagnostic::Diagnostic};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Edit {
    pub sources: Vec<Edited>,
    /// The outputs that changed with them.
    pub outputs: Vec<Made>,
    /// All that is to be said of the project, where other places are to be told now.
    pub diagnostics: Option<Vec<Diagnostic>>,
    /// Where more of the manifest has changed than its end.
    pub manifest: Option<Head>,
    /// Of all outputs.
    pub hash: String,
    /// Of `cache.json`.
    pub index: Option<Stamp>,
}

/// A source with another text.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Edited {
    pub path: OsString,
    pub file: SourcePath,
    pub digest: Digest,
    pub slice: Option<At>,
}

impl Edit {
    /// None where the state knows nothing of what was edited.
    pub fn apply(self, state: &mut State) -> Option<()> {
        let Self { sources, outputs, diagnostics, manifest, hash, index } = self;
        if !sources.is_empty() {
            let known = &mut *state.sources;
            for Edited { path, file, digest, slice } in sources {
                state.notes.reread(Path::new(&path), digest);
                let source = known.get_mut(&file)?;
                (source.digest, source.slice) = (Some(digest), slice);
            }
        }
        for output in outputs {
            let path = output.path.clone();
            *found(&mut state.outputs, &path)? = output;
        }
        if let Some(diagnostics) = diagnostics {
            state.diagnostics = diagnostics;
        }
        if manifest.is_some() {
            state.manifest = manifest;
        }
        (state.hash, state.index) = (hash, index);
        Some(())
    }

    /// Behind those of the same state; false where there are so many that all should be written
    /// anew.
    pub fn add(&self, path: &Path, state: Check) -> io::Result<bool> {
        let (known, end) = read(path, state)?;
        if known.len() >= ENOUGH {
            return Ok(false);
        }
        let edit = postcard::to_allocvec(self).map_err(io::Error::other)?;
        let mut bytes = if end == 0 { state.to_vec() } else { Vec::new() };
        bytes.extend(u32::try_from(edit.len()).map_err(io::Error::other)?.to_le_bytes());
        bytes.extend(check(&edit));
        bytes.extend(edit);
        let mut options = fs::OpenOptions::new();
        let mut file = options.create(true).truncate(false).write(true).open(path)?;
        // What is of another state, or of a build that was killed.
        file.set_len(end)?;
        file.seek(SeekFrom::Start(end))?;
        file.write_all(&bytes)?;
        Ok(true)
    }
}

/// What has been edited since the state was kept. None where that cannot be told.
pub fn apply_all(path: &Path, state: &mut State) -> Option<()> {
    let (edits, _) = read(path, state.check).ok()?;
    edits.into_iter().try_for_each(|edit| edit.apply(state))
}

/// The edits of a state, as far as they are whole, and where they end.
fn read(path: &Path, state: Check) -> io::Result<(Vec<Edit>, u64)> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    let mut edits = Vec::new();
    let Some(mut rest) = bytes.strip_prefix(&state) else { return Ok((edits, 0)) };
    while let Some((edit, next)) = read_one(rest) {
        edits.push(edit);
        rest = next;
    }
    Ok((edits, (bytes.len() - rest.len()) as u64))
}

fn read_one(bytes: &[u8]) -> Option<(Edit, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (expected, rest) = rest.split_first_chunk::<8>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (edit, rest) = rest.split_at_checked(length)?;
    (check(edit) == *expected).then_some(())?;
    Some((postcard::from_bytes(edit).ok()?, rest))
}

/// So many edits are read as fast as written anew.
const ENOUGH: usize = 500;
