//! The outputs of a build, and whether they still are as it made them.

use std::{collections::BTreeMap, fs, path::Path, time::SystemTime};

use rayon::prelude::*;

use super::{stamp::Stamp, state::Made};
use crate::{hash, pipeline::write::Listed};

/// Of all outputs, and of what databases go through.
pub fn hash_of(made: &[Made], migrations: &[String]) -> String {
    let hashes = made.iter().flat_map(|made| [made.path.as_str(), &made.hash]);
    hash::of_parts(hashes.chain(migrations.iter().map(String::as_str)))
}

/// What lies in the folders of outputs after a build, by path. `stood` tells what it has not
/// touched, of `before`: who did may have done so since.
pub fn made(
    project: &Path,
    listed: BTreeMap<String, Listed>,
    before: &[Made],
    stood: impl Fn(&str) -> bool + Sync,
) -> Vec<Made> {
    let stamped = |(path, Listed { hash, is_record }): (String, Listed)| {
        if stood(&path)
            && let Some(made) = find(before, &path).filter(|made| made.hash == hash)
        {
            return made.clone();
        }
        let stamp = stamp(project, &path);
        Made { path, hash, stamp, is_record }
    };
    listed.into_par_iter().map(stamped).collect()
}

/// Of an output that was just written.
pub fn stamp(project: &Path, path: &str) -> Option<Stamp> {
    let metadata = fs::symlink_metadata(project.join(path)).ok();
    metadata.as_ref().map(Stamp::of).filter(|stamp| !stamp.is_coarse())
}

/// Whether a file is as it was made, without a look at its bytes.
pub fn stands(project: &Path, outputs: &[Made], path: &str, hash: &str) -> bool {
    find(outputs, path).is_some_and(|made| {
        made.hash == hash && made.stamp.is_some() && made.stamp == stamp(project, path)
    })
}

/// None where it is not as it was made.
pub fn read(project: &Path, made: &Made) -> Option<String> {
    let text = String::from_utf8(fs::read(project.join(&made.path)).ok()?).ok()?;
    (hash::hex(text.as_bytes()) == made.hash).then_some(text)
}

pub fn find<'a>(made: &'a [Made], path: &str) -> Option<&'a Made> {
    let at = made.binary_search_by(|made| made.path.as_str().cmp(path)).ok()?;
    Some(&made[at])
}

pub fn found<'a>(made: &'a mut [Made], path: &str) -> Option<&'a mut Made> {
    let at = made.binary_search_by(|made| made.path.as_str().cmp(path)).ok()?;
    Some(&mut made[at])
}

/// None where one is not as it was made; otherwise of how many more is known now.
pub fn outputs_stand(project: &Path, outputs: &mut [Made]) -> Option<usize> {
    let stands = |made: &mut Made| {
        let path = project.join(&made.path);
        let metadata = fs::symlink_metadata(&path).ok().filter(fs::Metadata::is_file)?;
        let stamp = Stamp::of(&metadata);
        if made.stamp == Some(stamp) {
            return Some(0);
        }
        let now = SystemTime::now();
        (hash::hex(&fs::read(&path).ok()?) == made.hash).then_some(())?;
        made.stamp = Some(stamp).filter(|stamp| stamp.is_settled(now));
        Some(usize::from(made.stamp.is_some()))
    };
    outputs.par_iter_mut().map(stands).try_reduce(|| 0, |one, other| Some(one + other))
}
