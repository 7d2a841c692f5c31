//! A project and what its last build knew of it.

mod amend;
mod compile;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use sha2::{Digest as _, Sha256};

use super::{
    Outcome,
    answer::Question,
    diagnostics,
    facts::Facts,
    made::outputs_stand,
    notes::{Digest, Notes},
    own::Own,
    seen::Seen,
    stamp::Stamp,
    state::{Source, Sources, State},
    store::{self, Store},
};
use crate::{
    config::{self, Flags, Options},
    files::Disk,
    lock,
    model::{SourcePath, diagnostic::Diagnostic},
    pipeline::{memory::Memory, names::Layout, write},
};

/// What does not change while a session lasts.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Settings {
    /// Where the project is looked for.
    pub start: PathBuf,
    pub flags: Flags,
    /// `kontract.lock.json` must not change.
    pub locked: bool,
    /// What is known is kept on the disk, for other processes.
    pub cache: bool,
    /// What is told of a build tells of each source: [`Outcome::places`].
    pub places: bool,
    /// The application is served: what its database goes through is a part of the build.
    pub serves: bool,
}

/// Builds a project again and again.
#[derive(Debug)]
pub struct Session {
    settings: Settings,
    /// None: nothing has been built yet.
    last: Option<Last>,
    /// The last good build, of this process or another.
    good: Option<State>,
    facts: Option<Facts>,
    /// Of the sources, as `good` knows them.
    memory: Option<Memory>,
    /// What was left for other processes.
    left: Option<[Option<Stamp>; 3]>,
    /// Sources that `cache.json` has as they were before.
    unlisted: BTreeMap<SourcePath, Digest>,
    /// How many builds asked the disk for everything.
    rounds: usize,
    /// Whose builds these are.
    project: PathBuf,
}

/// The last build of the session.
#[derive(Debug)]
struct Last {
    /// None: `Session::good` was the last one.
    failed: Option<Failed>,
    own: Own,
}

/// A build with errors.
#[derive(Debug)]
struct Failed {
    notes: Notes,
    sources: Sources,
}

/// How the project stands to its last good build.
enum Standing {
    Done,
    /// Only the texts of these files are others.
    Edited(Vec<PathBuf>),
    Outdated,
}

/// A build under way.
struct Task<'a> {
    options: &'a Options,
    seen: &'a Arc<Seen>,
    own: Own,
    /// Of the settings that do not stand in files.
    settings: Digest,
    store: Option<Store>,
    /// About what earlier builds left.
    warnings: Vec<Diagnostic>,
}

impl Session {
    pub fn open(settings: Settings) -> Self {
        let project = PathBuf::new();
        Self {
            settings,
            last: None,
            good: None,
            facts: None,
            memory: None,
            left: None,
            unlisted: BTreeMap::new(),
            rounds: 0,
            project,
        }
    }

    /// Builds what is on the disk now, settings included; with errors what lies in the output
    /// folder stays. `hint`: the paths of all that may have changed since the session's last
    /// build; None: anything may have.
    pub fn build(&mut self, hint: Option<&BTreeSet<PathBuf>>) -> Outcome {
        let begun = Instant::now();
        let seen = Arc::<Seen>::default();
        let mut outcome = Outcome::default();
        match config::load(&*seen, &self.settings.start, &self.settings.flags) {
            Ok(options) => self.build_with(options, &seen, hint, &mut outcome),
            Err(diagnostics) => {
                let failed = Failed { notes: seen.take().0, sources: BTreeMap::new() };
                self.rounds += 1;
                self.last = Some(Last { failed: Some(failed), own: Own::default() });
                outcome.diagnostics = diagnostics;
            }
        }
        outcome.time = begun.elapsed();
        outcome
    }

    /// Whether a build would see something else now. `hint` as for [`Self::build`].
    pub fn is_outdated(&mut self, hint: Option<&BTreeSet<PathBuf>>) -> bool {
        let Some(last) = &mut self.last else { return true };
        let notes = match (&mut last.failed, &mut self.good) {
            (Some(failed), _) => &mut failed.notes,
            (None, Some(good)) => &mut good.notes,
            (None, None) => return true,
        };
        !notes.check(&last.own, hint).is_same()
    }

    /// While it stays the same, [`Self::folders`] do.
    pub fn rounds(&self) -> usize {
        self.rounds
    }

    /// Where something must happen for it to be outdated.
    pub fn folders(&self, project: &Path) -> BTreeSet<PathBuf> {
        let Some(last) = &self.last else { return BTreeSet::new() };
        let failed = last.failed.as_ref().map(|failed| &failed.notes);
        let notes = failed.or(self.good.as_ref().map(|good| &good.notes));
        notes.map(|notes| notes.folders(project, &last.own)).unwrap_or_default()
    }

    fn build_with(
        &mut self,
        options: Options,
        seen: &Arc<Seen>,
        hint: Option<&BTreeSet<PathBuf>>,
        outcome: &mut Outcome,
    ) {
        let mut warnings = Vec::new();
        let store = self.store(&options, &mut warnings);
        if self.project != options.project {
            (self.good, self.facts, self.memory, self.left) = (None, None, None, None);
            self.project.clone_from(&options.project);
        }
        // What others have built, no hint was about.
        let hint = if self.remember(store.as_ref(), &mut warnings) { None } else { hint };
        let settings = self.settings_digest(&options);
        let own = own(&options);
        let mut task = Task { options: &options, seen, own, settings, store, warnings };
        if task.store.as_mut().is_some_and(Store::was_interrupted) {
            write::sweep(&Disk, &options);
            store::sweep(&options.project);
            self.compile(&mut task, None, outcome);
        } else {
            let standing = self.standing(&task, hint, outcome);
            let done = match &standing {
                Standing::Done => true,
                Standing::Edited(paths) => {
                    self.outputs_stand(&options, hint.is_some() && self.was_good())
                        && self.amend(&mut task, paths, outcome).is_some()
                }
                Standing::Outdated => false,
            };
            match standing {
                _ if done => self.last = Some(Last { failed: None, own: task.own }),
                Standing::Edited(paths) => self.compile(&mut task, Some(&paths), outcome),
                Standing::Done | Standing::Outdated => self.compile(&mut task, None, outcome),
            }
        }
        outcome.diagnostics.splice(0..0, task.warnings);
        outcome.options = Some(options);
    }

    /// None where nothing is to be left, or can be.
    fn store(&self, options: &Options, warnings: &mut Vec<Diagnostic>) -> Option<Store> {
        let opened = self.settings.cache.then(|| Store::open(&options.project))?;
        opened.map_err(|warning| warnings.push(warning)).ok()
    }

    /// Takes over what another process has left, if it has.
    fn remember(&mut self, store: Option<&Store>, warnings: &mut Vec<Diagnostic>) -> bool {
        let Some(store) = store else { return false };
        store.sweep();
        let lies_there = store.stamp();
        if self.last.is_some() && lies_there == self.left {
            return false;
        }
        let (state, warning) = store.state();
        warnings.extend(warning);
        match &mut self.facts {
            // What this process knows of files holds whatever others have built.
            Some(facts) => facts.unlog(),
            // With nothing good to go by, nothing is gone by.
            None if state.is_none() => self.facts = Some(Facts::default()),
            None => {}
        }
        (self.good, self.memory) = (state, None);
        self.rounds += 1;
        self.left = lies_there;
        self.unlisted.clear();
        true
    }

    /// The session's last build was.
    fn was_good(&self) -> bool {
        self.last.as_ref().is_some_and(|last| last.failed.is_none())
    }

    /// Whether all is as it was when the last good build ended. Then that is the outcome.
    fn standing(
        &mut self,
        task: &Task<'_>,
        hint: Option<&BTreeSet<PathBuf>>,
        outcome: &mut Outcome,
    ) -> Standing {
        let Task { options, own, settings, store, .. } = task;
        // The report needs the whole of a build.
        if options.leak_report.is_some() {
            return Standing::Outdated;
        }
        // A hint tells what has changed since the session's last build.
        let hint = hint.filter(|_| self.was_good());
        let Some(good) = &mut self.good else { return Standing::Outdated };
        if good.settings != *settings {
            return Standing::Outdated;
        }
        let verdict = good.notes.check(own, hint);
        if !verdict.is_same() {
            let texts_only = verdict.changed.iter().all(|(_, asked)| *asked == Question::Read);
            let paths = verdict.changed.into_iter().map(|(path, _)| path);
            return if texts_only { Standing::Edited(paths.collect()) } else { Standing::Outdated };
        }
        let Some(learned) = outputs_stand(&options.project, &mut good.outputs) else {
            return Standing::Outdated;
        };
        // To hash a few files again is cheaper than to write all that is known.
        let is_much = verdict.learned + learned > WORTH_KEEPING;
        if let Some(store) = store.as_ref().filter(|_| is_much)
            && store.keep_state(good).is_ok()
        {
            self.left = store.stamp();
        }
        if let Some(good) = &self.good {
            if self.last.is_some() {
                outcome.changed = self.changed(&good.sources);
            }
            outcome.written.unchanged = good.outputs.iter().filter(|made| !made.is_record).count();
            good.tell(outcome, self.settings.places);
        }
        Standing::Done
    }

    fn was_kept(&mut self, store: &Store, kept: io::Result<()>, warnings: &mut Vec<Diagnostic>) {
        self.left = store.stamp();
        if let Err(error) = kept {
            store.forget();
            self.left = None;
            warnings.push(diagnostics::not_written(&error));
        }
    }

    /// Of all settings that do not stand in files.
    fn settings_digest(&self, options: &Options) -> Digest {
        let Settings { flags, locked, serves, .. } = &self.settings;
        let Flags { config, out, leak_report: _, threads: _, optimize, development } = flags;
        let project = &options.project;
        let settings =
            format!("{:?}", (project, config, out, optimize, development, locked, serves));
        let mut hasher = Sha256::new();
        hasher.update(store::identity());
        hasher.update(settings);
        hasher.finalize().into()
    }

    /// Sources that are not what they were in the session's last build.
    fn changed(&self, now: &Sources) -> Vec<SourcePath> {
        let Some(last) = &self.last else { return Vec::new() };
        let failed = last.failed.as_ref().map(|failed| &failed.sources);
        let Some(before) = failed.or(self.good.as_ref().map(|good| &*good.sources)) else {
            return now.keys().cloned().collect();
        };
        let digest = |source: Option<&Source>| source.map(|source| source.digest);
        let fresh =
            now.iter().filter(|(file, source)| digest(before.get(file)) != digest(Some(source)));
        let gone = before.keys().filter(|file| !now.contains_key(file));
        let mut changed: Vec<SourcePath> =
            fresh.map(|(file, _)| file).chain(gone).cloned().collect();
        changed.sort();
        changed
    }
}

/// How much is learned before it is written down.
const WORTH_KEEPING: usize = 64;

/// What builds write.
fn own(options: &Options) -> Own {
    let types = Layout::new(options).types_folder();
    let folders =
        vec![options.out_folder(), options.project.join(types), store::folder(&options.project)];
    let files = [lock::NAME, &options.cookbook.out].map(|name| options.project.join(name));
    Own { folders, files: files.into() }
}
