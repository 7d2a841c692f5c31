//! All of a project is built, with what earlier builds found out.

use std::{path::PathBuf, sync::Arc};

use super::{Failed, Last, Session, Task};
use crate::{
    config::Options,
    files::{Disk, Files},
    incremental::{
        Outcome, Work, diagnostics,
        facts::Facts,
        made::{hash_of, made, stands},
        manifest::Head,
        notes::Digest,
        slices,
        state::{Check, Lazy, Made, Source, Sources, State},
        store::{self, Store},
    },
    lock, migrate,
    model::{SourcePath, diagnostic::Diagnostic},
    pipeline::{
        self,
        memory::Memory,
        recall::{Key, Recall, Subject},
        write,
    },
};

impl Session {
    /// `edited`: nothing but these files has changed since the last good build.
    pub(super) fn compile(
        &mut self,
        task: &mut Task<'_>,
        edited: Option<&[PathBuf]>,
        outcome: &mut Outcome,
    ) {
        let Task { options, seen, own, settings, store, warnings } = task;
        let own = std::mem::take(own);
        if self.facts.is_none()
            && let Some(store) = &*store
        {
            let (facts, warning) = store.facts();
            warnings.extend(warning);
            self.facts = Some(facts);
        }
        let facts = self.facts.get_or_insert_default();
        facts.begin();
        let memory = self.memory.as_mut().zip(edited).and_then(|(memory, edited)| {
            let forget = |path: &PathBuf| memory.forget(&options.source_path(path));
            edited.iter().all(forget).then_some(&*memory)
        });
        if let (Some(_), Some(edited), Some(good)) = (memory, edited, &self.good) {
            seen.take_over(&good.notes, edited);
        }
        seen.disregard(own.clone());
        let files = Arc::clone(seen) as Arc<dyn Files>;
        self.rounds += 1;
        let before = self.good.as_ref().map_or(&[][..], |good| &good.outputs);
        let known = Known { facts, options, memory, outputs: before };
        let (mut program, mut built) = pipeline::build_again(&files, options, &known);
        let mut diagnostics = built.diagnostics.clone();
        let migrations = if self.settings.serves {
            migrations(&*files, options, &built.lock, &mut diagnostics)
        } else {
            Vec::new()
        };
        seen.done();
        let begun = store.as_mut().is_some_and(|store| store.begin().is_ok());
        let (written, found) = pipeline::publish(&*files, options, &built, self.settings.locked);
        diagnostics.extend(found);
        if let Some(store) = store.as_mut().filter(|_| begun) {
            let _ = store.end();
        }
        let mut sources = sources(&built, |file| seen.digest(&options.absolute(file)));
        let (notes, read) = seen.take();
        let (extracted, printed) = facts.made();
        if facts.is_damaged() {
            warnings.push(diagnostics::damaged("facts.bin", "its bytes have changed"));
        }
        outcome.work = Work { read, extracted, printed };
        outcome.changed = self.changed(&sources);
        outcome.written = written;
        (outcome.routes, outcome.modules) = (built.routes, built.modules);
        outcome.places = std::mem::take(&mut built.places);
        let leaks = std::mem::take(&mut built.leaks);
        outcome.leaks = leaks.clone();
        outcome.diagnostics.clone_from(&diagnostics);
        let stood = |path: &str| {
            let path = path.strip_prefix(&*options.out).and_then(|path| path.strip_prefix('/'));
            path.is_some_and(|path| built.standing.contains_key(path))
        };
        let outputs = made(&options.project, write::listed(&Disk, options), before, stood);
        outcome.hash = hash_of(&outputs, &migrations);
        if diagnostics.iter().any(Diagnostic::is_error) {
            let failed = Failed { notes, sources };
            self.last = Some(Last { failed: Some(failed), own });
            return;
        }
        // What TypeScript has told may depend on any text.
        let asked = notes.digest(&store::folder(&options.project).join(store::TYPES));
        if let (None, Some(store), Some(facts)) = (asked, store.as_ref(), &self.facts) {
            let before = self.good.as_ref().map(|good| &*good.sources);
            slices::keep(store, facts, &built.slices, before, &mut sources);
        }
        let good = State {
            check: Check::default(),
            settings: *settings,
            notes,
            outputs,
            modules: sources.len(),
            sources: Lazy::new(sources),
            diagnostics,
            manifest: built.outputs.last().and_then(Head::of),
            unexplained: leaks.unexplained.into_iter().collect(),
            routes: built.routes,
            hash: outcome.hash.clone(),
            migrations,
            index: None,
        };
        self.memory = Some(std::mem::take(&mut program.memory));
        // There is much of it, and nobody waits for it to go.
        rayon::spawn(move || drop((program, built)));
        self.good = Some(good);
        self.leave(store.as_ref(), warnings);
        self.last = Some(Last { failed: None, own });
    }

    /// For other processes.
    fn leave(&mut self, store: Option<&Store>, warnings: &mut Vec<Diagnostic>) {
        self.unlisted.clear();
        let (Some(store), Some(good)) = (store, &mut self.good) else { return };
        let kept = self.facts.as_mut().map_or(Ok(()), |facts| store.keep_facts(facts));
        let kept = kept.and_then(|()| store.keep(good));
        self.was_kept(store, kept, warnings);
    }
}

/// What earlier builds found out, and what they have made.
struct Known<'a> {
    facts: &'a Facts,
    options: &'a Options,
    memory: Option<&'a Memory>,
    outputs: &'a [Made],
}

impl Recall for Known<'_> {
    fn find(&self, subject: Subject, name: &str, key: &Key) -> Option<Vec<u8>> {
        self.facts.find(subject, name, key)
    }

    fn stands(&self, path: &str, hash: &str) -> bool {
        let Options { project, out, .. } = self.options;
        stands(project, self.outputs, &format!("{out}/{path}"), hash)
    }

    fn memory(&self) -> Option<&Memory> {
        self.memory
    }

    fn touch(&self, subject: Subject, name: &str) {
        self.facts.touch(subject, name);
    }

    fn keep(&self, subject: Subject, name: &str, key: &Key, found: Vec<u8>) {
        self.facts.keep(subject, name, key, found);
    }
}

fn sources(built: &pipeline::Build, digest: impl Fn(&SourcePath) -> Option<Digest>) -> Sources {
    let mut sources: Sources = built
        .dependencies
        .iter()
        .map(|(file, dependencies)| {
            let (dependencies, digest) = (dependencies.clone(), digest(file));
            let source = Source {
                digest,
                dependencies,
                role: None,
                client: None,
                server: None,
                slice: None,
            };
            (file.clone(), source)
        })
        .collect();
    for place in &built.places {
        if let Some(source) = sources.get_mut(&place.source) {
            source.role = Some(place.role);
            source.client.clone_from(&place.client);
            source.server.clone_from(&place.server);
        }
    }
    sources
}

/// The checksums of migration files, and the names of those that the lock has.
fn migrations(
    files: &dyn Files,
    options: &Options,
    lock: &lock::Lock,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<String> {
    let recorded = lock.migrations.iter().map(|link| link.name.clone());
    match migrate::read_sources(files, &options.project, &options.serving.migrations) {
        Ok(sources) => sources.into_iter().map(|source| source.checksum).chain(recorded).collect(),
        Err(problem) => {
            diagnostics.extend(problem.diagnostics());
            Vec::new()
        }
    }
}
