//! Edits that nothing but the edited sources' own modules shows: what is printed of them is made
//! again, and nothing else is looked at. What other processes could use is left later.

use std::{collections::BTreeMap, fs, path::PathBuf};

use sha2::{Digest as _, Sha256};

use super::{Session, Task};
use crate::{
    config::Options,
    cookbook,
    files::Disk,
    hash,
    incremental::{
        Outcome, Work,
        edits::{self, Edited},
        facts::Facts,
        made::{self, find, hash_of, outputs_stand, stamp},
        manifest::{self, MANIFEST, build_hash},
        state::{Made, State},
        store::Store,
    },
    model::{
        SourcePath,
        lines::{Lines, Teller},
    },
    pipeline::{
        amend::{Amended, Beside, amend},
        threads,
        write::{
            Written,
            again::{self, Change, Text},
        },
    },
    source,
};

/// A source with another text.
struct Edit<'a> {
    path: &'a PathBuf,
    file: SourcePath,
    digest: [u8; 32],
}

impl Session {
    /// Where others told what has changed, they would have told of outputs.
    pub(super) fn outputs_stand(&mut self, options: &Options, is_told: bool) -> bool {
        let Some(good) = &mut self.good else { return false };
        is_told || outputs_stand(&options.project, &mut good.outputs).is_some()
    }

    /// Builds what files that were edited come to alone. None where that is not all.
    pub(super) fn amend(
        &mut self,
        task: &mut Task<'_>,
        paths: &[PathBuf],
        outcome: &mut Outcome,
    ) -> Option<()> {
        let Task { options, store, warnings, .. } = task;
        let (store, good) = (store.as_mut()?, self.good.as_mut()?);
        // Nobody has read what was found out about other files.
        let mut added = self.facts.is_none().then(Facts::default);
        let facts = added.as_ref().or(self.facts.as_ref())?;
        facts.count_anew();
        let unexplained = &good.unexplained;
        let mut outputs = BTreeMap::new();
        let (mut edits, mut moved) = (Vec::new(), Vec::new());
        let mut diagnostics = good.diagnostics.clone();
        for path in paths {
            let (edit, text) = read(options, path)?;
            let known = match store.slice(good.sources.get(&edit.file)?.slice?) {
                Ok(known) => known,
                Err(damaged) => {
                    good.sources.values_mut().for_each(|source| source.slice = None);
                    warnings.push(damaged);
                    return None;
                }
            };
            let said = &diagnostics;
            let beside = Beside { files: &Disk, options, recall: facts, unexplained, said };
            let amended = threads::install(options, || amend(&beside, known, &edit.file, &text));
            let Amended { known, outputs: made, said, moves, lines } = amended.ok()??;
            let mut said = said.into_iter();
            for diagnostic in &mut diagnostics {
                if diagnostic.file == edit.file {
                    *diagnostic = said.next()?;
                } else {
                    moves.follow(diagnostic, &edit.file)?;
                }
            }
            outputs.extend(made.into_iter().map(|output| (output.path, output.text)));
            if lines.moved().next().is_some() {
                moved.push((edit.file.clone(), lines));
            }
            edits.push((edit, known));
        }
        let (extracted, printed) = facts.made();
        let mut changes = changed(&options.out, outputs, &good.outputs)?;
        let pages = pages(options, &good.outputs, &moved)?;
        // Where it cannot be written, nothing is known of it.
        let mut head = good.manifest.take();
        if !changes.is_empty() || !moved.is_empty() {
            let build = build_hash(&options.out, &good.outputs, &changes);
            let made = find(&good.outputs, &format!("{}/{MANIFEST}", options.out))?;
            changes.push(if moved.is_empty() {
                manifest::change(&mut head, options, made, &build)?
            } else {
                manifest::retell(&mut head, options, made, &build, &moved)?
            });
        }
        let (written, outputs) = write(options, store, good, changes, pages)?;
        good.manifest = head;
        outcome.written = written;
        let mut sources = Vec::new();
        for (Edit { path, file, digest }, known) in edits {
            let (path, slice) = (path.clone().into_os_string(), store.add_slice(&known).ok()?);
            sources.push(Edited { path, file, digest, slice });
        }
        if let Some(added) = &mut added {
            store.add_facts(added).ok()?;
        }
        outcome.work = Work { read: sources.len(), extracted, printed };
        outcome.changed = sources.iter().map(|source| source.file.clone()).collect();
        let diagnostics = (diagnostics != good.diagnostics).then_some(diagnostics);
        let index = good.index;
        let manifest = good.manifest.clone().filter(|_| !moved.is_empty());
        let hash = String::new();
        let mut edit = edits::Edit { sources, outputs, diagnostics, manifest, hash, index };
        edit.clone().apply(good)?;
        if let Some(memory) = &mut self.memory {
            for source in &edit.sources {
                memory.forget(&source.file);
            }
        }
        good.hash = hash_of(&good.outputs, &good.migrations);
        edit.hash.clone_from(&good.hash);
        good.tell(outcome, self.settings.places);
        let kept = store.keep_edit(good, &edit);
        let edited = edit.sources.into_iter().map(|source| (source.file, source.digest));
        self.unlisted.extend(edited);
        let Task { store, warnings, .. } = task;
        self.was_kept(store.as_ref()?, kept, warnings);
        if !self.was_good() {
            outcome.changed = self.good.as_ref().map(|good| self.changed(&good.sources))?;
        }
        Some(())
    }

    /// Does what can wait for a quiet moment.
    pub fn rest(&mut self) {
        let unlisted = std::mem::take(&mut self.unlisted);
        let is_needed = !unlisted.is_empty() && self.settings.cache;
        let Some(Ok(store)) = is_needed.then(|| Store::open(&self.project)) else { return };
        // What another process has left since is newer.
        let Some(good) = self.good.as_mut().filter(|_| store.stamp() == self.left) else { return };
        let mut keep = || {
            if let Some(facts) = &mut self.facts {
                store.keep_facts(facts)?;
            }
            if !store.relist(&unlisted)? {
                return store.keep(good);
            }
            good.index = store.listed();
            let (hash, index) = (good.hash.clone(), good.index);
            store.keep_edit(good, &edits::Edit { hash, index, ..edits::Edit::default() })
        };
        // Where nothing can be left, the next build that reads everything says so.
        let kept = keep();
        self.was_kept(&store, kept, &mut Vec::new());
    }
}

fn read<'a>(options: &Options, path: &'a PathBuf) -> Option<(Edit<'a>, String)> {
    let bytes = fs::read(path).ok()?;
    let file = options.source_path(path);
    let text = source::decode(&file, &bytes).ok()?.into_string();
    Some((Edit { path, file, digest: Sha256::digest(&bytes).into() }, text))
}

/// Those of the files that are not as they were made. None where one is new.
fn changed(
    folder: &str,
    texts: impl IntoIterator<Item = (String, String)>,
    made: &[Made],
) -> Option<Vec<Change>> {
    let mut changes = Vec::new();
    for (path, text) in texts {
        let hash = hash::hex(text.as_bytes());
        if find(made, &format!("{folder}/{path}"))?.hash != hash {
            changes.push(Change { path, hash, text: Text::Whole(text) });
        }
    }
    Some(changes)
}

/// The pages of the cookbook that tell lines that have moved. None where that is not all.
fn pages(options: &Options, made: &[Made], moved: &[(SourcePath, Lines)]) -> Option<Vec<Change>> {
    let mut changes = Vec::new();
    for (file, lines) in moved {
        for teller in lines.moved() {
            let path = match teller {
                Teller::Page(path) => path.clone(),
                // So does the page of every route that it is around.
                Teller::Middleware if options.cookbook.configured => return None,
                Teller::Unseen | Teller::Middleware | Teller::Statement => continue,
            };
            let made = find(made, &format!("{}/{path}", options.cookbook.out))?;
            let text = made::read(&options.project, made)?;
            let (from, to) = lines.of(teller).next()?;
            let text = cookbook::retell(&Disk, options, &text, file, [from, to])?;
            changes.push(Change {
                path,
                hash: hash::hex(text.as_bytes()),
                text: Text::Whole(text),
            });
        }
    }
    Some(changes)
}

/// What was written, and how the outputs are from now on. None where one cannot be written.
fn write(
    options: &Options,
    store: &mut Store,
    good: &State,
    changes: Vec<Change>,
    pages: Vec<Change>,
) -> Option<(Written, Vec<Made>)> {
    let (mut written, mut made) = (Vec::new(), Vec::new());
    if !changes.is_empty() {
        store.begin().ok()?;
        let mut folders = vec![again::outputs(options, changes)?];
        if !pages.is_empty() {
            folders.push(again::pages(options, pages)?);
        }
        for again::Rewritten { outputs, record } in folders {
            written.extend(outputs.iter().map(|(path, _)| path.clone()));
            for (path, hash) in outputs.into_iter().chain([record]) {
                let stamp = stamp(&options.project, &path);
                made.push(Made { hash, stamp, ..find(&good.outputs, &path)?.clone() });
            }
        }
        store.end().ok()?;
    }
    let outputs = good.outputs.iter().filter(|made| !made.is_record).count();
    let unchanged = outputs - written.len();
    Some((Written { unchanged, written, removed: Vec::new() }, made))
}
