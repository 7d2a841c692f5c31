//! `slices.bin`: of each source what makes its own outputs again after an edit that no other file
//! can see. The state says where; what it does not point at counts for nothing.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    facts::Facts,
    state::{Check, Sources, check},
    store::Store,
};
use crate::{
    model::{SourcePath, contract::ModuleContract, diagnostic::Diagnostic},
    pipeline::{
        amend::Known,
        recall::Subject,
        slice::{Slice, Slices},
    },
};

/// Where a slice lies.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct At {
    offset: u64,
    length: u32,
    /// Of its SHA-256.
    check: Check,
}

/// `extracted` as it is kept among the facts.
fn encode(extracted: &[u8], slice: &Slice) -> Option<Vec<u8>> {
    let slice = postcard::to_allocvec(slice).ok()?;
    Some([extracted, &slice].concat())
}

/// For edits that no other file can see. Without them all is built. `before`: sources of which the
/// file has slices already.
pub fn keep(
    store: &Store,
    facts: &Facts,
    slices: &Slices,
    before: Option<&Sources>,
    sources: &mut Sources,
) {
    let fresh = |file: &SourcePath| {
        let slice = encode(&facts.used(Subject::Contract, file.as_str())?, slices.get(file)?)?;
        let before = before.and_then(|before| before.get(file)?.slice);
        Some(Fresh { known: before.filter(|at| at.is_of(&slice)), slice })
    };
    let files: Vec<&SourcePath> = sources.keys().collect();
    let fresh: Vec<Option<Fresh>> = files.par_iter().map(|file| fresh(file)).collect();
    let places = store.keep_slices(&fresh).unwrap_or_default();
    for (source, at) in sources.values_mut().zip(places) {
        source.slice = at;
    }
}

/// A slice of the last build.
pub struct Fresh {
    slice: Vec<u8>,
    /// Where it lies already.
    known: Option<At>,
}

/// Adds what the file does not have; a file of which most counts for nothing is replaced.
pub fn write(path: &Path, slices: &[Option<Fresh>]) -> io::Result<Vec<Option<At>>> {
    let length = |fresh: &Fresh| fresh.slice.len() as u64;
    let needed: u64 = slices.iter().flatten().map(length).sum();
    let added: u64 = slices.iter().flatten().filter(|f| f.known.is_none()).map(length).sum();
    let end = slices.iter().flatten().filter_map(|fresh| fresh.known).map(At::end).max();
    let lies_there = fs::metadata(path).map_or(0, |metadata| metadata.len());
    let is_of_use = end.is_some_and(|end| end <= lies_there) && lies_there + added <= 2 * needed;
    let start = if is_of_use { lies_there } else { 0 };
    let mut bytes = Vec::new();
    let mut places = Vec::new();
    for slice in slices {
        let known = slice.as_ref().and_then(|slice| slice.known).filter(|_| is_of_use);
        places.push(known.or_else(|| {
            let slice = &slice.as_ref()?.slice;
            let at = At::of(start + bytes.len() as u64, slice)?;
            bytes.extend(slice);
            Some(at)
        }));
    }
    if is_of_use {
        fs::OpenOptions::new().append(true).open(path)?.write_all(&bytes)?;
    } else {
        super::store::replace(path, &bytes)?;
    }
    Ok(places)
}

pub fn add(path: &Path, known: &Known) -> io::Result<Option<At>> {
    let extracted = postcard::to_allocvec(&(&known.contract, &known.found));
    let Some(slice) = encode(&extracted.map_err(io::Error::other)?, &known.slice) else {
        return Ok(None);
    };
    let mut file = fs::OpenOptions::new().append(true).open(path)?;
    let at = At::of(file.seek(SeekFrom::End(0))?, &slice);
    file.write_all(&slice)?;
    Ok(at)
}

/// None where it is not there any more.
pub fn read(path: &Path, at: At) -> Option<Known> {
    let mut file = File::open(path).ok()?;
    file.seek(SeekFrom::Start(at.offset)).ok()?;
    let mut bytes = Vec::new();
    file.take(at.length.into()).read_to_end(&mut bytes).ok()?;
    (At::of(at.offset, &bytes)? == at).then_some(())?;
    let (extracted, rest) = postcard::take_from_bytes(&bytes).ok()?;
    let (contract, found): (ModuleContract, Vec<Diagnostic>) = extracted;
    Some(Known { contract, found, slice: postcard::from_bytes(rest).ok()? })
}

impl At {
    fn is_of(&self, slice: &[u8]) -> bool {
        Self::of(self.offset, slice).as_ref() == Some(self)
    }

    fn end(self) -> u64 {
        self.offset + u64::from(self.length)
    }

    fn of(offset: u64, slice: &[u8]) -> Option<Self> {
        Some(Self { offset, length: u32::try_from(slice.len()).ok()?, check: check(slice) })
    }
}
