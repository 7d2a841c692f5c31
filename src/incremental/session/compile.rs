//! All of a project is built, with what earlier builds found out.

use std::sync::Arc;

use super::{Failed, Last, Session, Task};
use crate::{
    config::Options,
    files::{Disk, Files},
    incremental::{
        Outcome, Work, diagnostics,
        made::{hash_of, made},
        manifest::Head,
        notes::Digest,
        slices,
        state::{Check, Lazy, Source, Sources, State},
        store::{self, Store},
    },
    lock, migrate,
    model::{SourcePath, diagnostic::Diagnostic},
    pipeline::{self, write},
};

impl Session {
    pub(super) fn compile(&mut self, task: &mut Task<'_>, outcome: &mut Outcome) {
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
        seen.disregard(own.clone());
        let files = Arc::clone(seen) as Arc<dyn Files>;
        self.rounds += 1;
        let (program, mut built) = pipeline::build_again(&files, options, facts);
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
        let outputs = made(&options.project, write::listed(&Disk, options));
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
