//! The compiler, from sources to outputs, stage by stage.

pub mod names;
pub mod recall;
pub mod memory;
pub mod discover;
pub mod extract;
pub mod gather;
pub mod lower;
pub mod optimize;
pub mod print;
pub mod leaks;
mod printer;
pub mod slice;
pub mod amend;
pub mod write;
pub mod threads;
mod outputs;
mod sources;

use std::{collections::BTreeMap, sync::Arc};

use kontract_runtime::gateway as runtime;
use rayon::{iter::Either, prelude::*};
use swc_common::{GLOBALS, Globals};

use self::{
    memory::Memory,
    names::Layout,
    outputs::{Outputs, outputs},
    recall::{Nothing, Recall},
    slice::Slices,
    sources::gather_all,
    write::Written,
};
use crate::{
    config::Options,
    cookbook,
    diagnostic::allow::{Allowed, allowed},
    files::Files,
    lock::{self, Lock},
    model::{
        SourcePath,
        app::{App, Modules, Pin},
        diagnostic::Diagnostic,
        output::{Hashes, Output},
        place::Place,
        shape::Shapes,
    },
};

/// The sources as they were read, once: they may change while the build runs.
pub type Texts = BTreeMap<SourcePath, Arc<str>>;

/// What the sources come to, before anything is made of it.
#[derive(Debug, Default)]
pub struct Program {
    pub app: App,
    pub modules: Modules,
    pub texts: Texts,
    /// The modules that each one imports.
    pub dependencies: BTreeMap<SourcePath, Vec<SourcePath>>,
    /// For the next build.
    pub memory: Memory,
    /// The lock as it has to be from now on.
    pub lock: Lock,
    /// What stands in the lock's file, and whether that says the same.
    pub locked: Option<(String, bool)>,
    pub diagnostics: Vec<Diagnostic>,
    /// What comments allow.
    pub hushed: Vec<Diagnostic>,
}

/// What a build makes of the sources. Nothing is written yet.
#[derive(Debug, Default)]
pub struct Build {
    pub diagnostics: Vec<Diagnostic>,
    /// Empty where there are errors.
    pub outputs: Vec<Output>,
    /// The hash of each of them.
    pub hashes: Vec<String>,
    /// Outputs that an earlier build has written, as this one would.
    pub standing: Hashes,
    /// The lock as it has to be from now on.
    pub lock: Lock,
    /// What stands in the lock's file, and whether that says the same.
    pub locked: Option<(String, bool)>,
    /// For editors and `tsc`, relative to `.kontract` in the source root.
    pub types: Vec<Output>,
    /// The cookbook, relative to its folder; None where the project has none.
    pub pages: Option<Vec<Output>>,
    pub leaks: leaks::Report,
    /// Of every source.
    pub slices: Slices,
    pub routes: usize,
    pub modules: usize,
    /// The modules that each source imports.
    pub dependencies: BTreeMap<SourcePath, Vec<SourcePath>>,
    /// Every source; empty where there are errors.
    pub places: Vec<Place>,
}

/// Source → contracts → app → outputs.
pub fn build(files: &Arc<dyn Files>, options: &Options) -> Build {
    build_again(files, options, &Nothing).1
}

/// The same, with what earlier builds found out. The program is without its diagnostics and its
/// lock.
pub fn build_again(
    files: &Arc<dyn Files>,
    options: &Options,
    recall: &dyn Recall,
) -> (Program, Build) {
    let here = || {
        let program = program_here(files, options, recall);
        complete_here(files, options, program, recall)
    };
    threads::install(options, here).unwrap_or_else(|diagnostic| {
        let build = Build { diagnostics: vec![*diagnostic], ..Build::default() };
        (Program::default(), build)
    })
}

/// Source → contracts → app, for commands that tell of it.
pub fn program(files: &Arc<dyn Files>, options: &Options) -> Program {
    threads::install(options, || program_here(files, options, &Nothing))
        .unwrap_or_else(|found| Program { diagnostics: vec![*found], ..Program::default() })
}

/// A build, and what it was made from: the program without its diagnostics and its lock.
pub fn build_with_program(files: &Arc<dyn Files>, options: &Options) -> (Program, Build) {
    build_again(files, options, &Nothing)
}

/// The manifest that a build of the program would write, but for the hash of its outputs.
pub fn manifest(options: &Options, program: &Program) -> Output {
    let Program { app, modules, texts, .. } = program;
    let inlined = || {
        let file = &app.middleware.as_ref()?.module;
        let plan = lower::server::Plan::server(app, modules, file);
        let text = texts.get(file)?;
        GLOBALS.set(&Globals::new(), || Some(lower::server::lower(plan, text)?.inlined))
    };
    let inlined = threads::install(options, inlined).ok().flatten().unwrap_or_default();
    lower::manifest::manifest(
        app,
        modules,
        &lower::manifest::build_hash([].into_iter()),
        texts,
        &inlined,
    )
}

/// Puts what a build made on the disk: the lock first, since outputs whose ids nobody remembers are
/// worse than none. With errors nothing is written.
pub fn publish(
    files: &dyn Files,
    options: &Options,
    build: &Build,
    locked: bool,
) -> (Written, Vec<Diagnostic>) {
    let failed = |diagnostics: &[Diagnostic]| diagnostics.iter().any(Diagnostic::is_error);
    if failed(&build.diagnostics) {
        return (Written::default(), Vec::new());
    }
    let text = || lock::text(files, options).ok().flatten();
    let known = build.locked.as_ref().filter(|(known, _)| Some(known) == text().as_ref());
    let kept = match known {
        Some((_, true)) => Ok(false),
        Some((_, false)) if !locked => lock::write_new(files, options, &build.lock),
        _ => lock::write(files, options, &build.lock, locked),
    };
    if let Err(diagnostic) = kept {
        return (Written::default(), vec![diagnostic]);
    }
    let (written, mut diagnostics) = write::write_beside(files, options, build);
    if failed(&diagnostics) {
        return (written, diagnostics);
    }
    let (types, found) = write::write_types(files, options, &build.types);
    diagnostics.extend(found);
    let written = written.and(types);
    let Some(pages) = &build.pages else { return (written, diagnostics) };
    let (pages, found) = write::write_pages(files, options, pages);
    diagnostics.extend(found);
    (written.and(pages), diagnostics)
}

fn complete_here(
    files: &Arc<dyn Files>,
    options: &Options,
    mut program: Program,
    recall: &dyn Recall,
) -> (Program, Build) {
    let mut diagnostics = std::mem::take(&mut program.diagnostics);
    let Program { app, modules, .. } = &program;
    let mut build = Build { routes: app.routes.len(), modules: modules.len(), ..Build::default() };
    if !diagnostics.iter().any(Diagnostic::is_error) {
        let Outputs { made, hashes, standing, mut slices, found: invalid } =
            outputs(&**files, options, &program, recall);
        let (report, mut found) = leaks::scan(app, modules, &made, &hashes, recall);
        found.extend(invalid);
        if !found.iter().any(Diagnostic::is_error) {
            (build.outputs, build.hashes, build.standing) = (made, hashes, standing);
            build.standing.extend(standing_too(&mut build.outputs, &mut build.hashes, recall));
            let layout = Layout::new(options);
            build.places = gather::places(options, &layout, app, modules);
            build.types = lower::registry::types(&app.registry, modules, &layout);
            build.types.push(lower::registry::client(&layout, &options.out));
            let wanted = options.cookbook.configured;
            let cookbook = wanted.then(|| cookbook::cookbook(&**files, options, &program));
            slice::complete(&mut slices, &program, cookbook.as_ref());
            build.slices = slices;
            build.pages = cookbook.map(|cookbook| cookbook.pages);
        }
        diagnostics.extend(found);
        build.leaks = report;
    }
    build.diagnostics = diagnostics;
    build.dependencies = std::mem::take(&mut program.dependencies);
    build.lock = std::mem::take(&mut program.lock);
    build.locked = program.locked.take();
    (program, build)
}

/// Takes out what earlier builds have made and written, but for the manifest, which comes last.
fn standing_too(
    outputs: &mut Vec<Output>,
    hashes: &mut Vec<String>,
    recall: &dyn Recall,
) -> Hashes {
    let last = outputs.len().saturating_sub(1);
    let stands = |(at, (output, hash)): (usize, (Output, String))| {
        let stands = at < last && recall.stands(&output.path, &hash);
        if stands { Either::Left((output.path, hash)) } else { Either::Right((output, hash)) }
    };
    let all: Vec<_> = std::mem::take(outputs).into_iter().zip(std::mem::take(hashes)).collect();
    let (standing, fresh): (Vec<_>, Vec<_>) = all.into_par_iter().enumerate().partition_map(stands);
    (*outputs, *hashes) = fresh.into_iter().unzip();
    standing.into_iter().collect()
}

fn program_here(files: &Arc<dyn Files>, options: &Options, recall: &dyn Recall) -> Program {
    let layout = Layout::new(options);
    let mut read = None;
    let primary_keys = || read.insert(lock::read_with_text(&**files, options)).0.primary_keys();
    let mut program = gather_all(files, options, &layout, primary_keys, recall);
    let (lock, text, diagnostics) = read.unwrap_or_default();
    program.diagnostics.splice(0..0, diagnostics);
    let pin = |pin: &runtime::Pin| Pin { id: pin.id(), key: pin.to_string() };
    program.app.pins = options.pins.iter().map(pin).collect();
    let (assigned, found) = lock::assign(&mut program.app, &lock);
    let stays = assigned == lock;
    program.diagnostics.extend(found);
    let texts = program.texts.iter().map(|(file, text)| (file, &**text));
    let Allowed { said, hushed } = allowed(texts, std::mem::take(&mut program.diagnostics));
    (program.diagnostics, program.hushed) = (said, hushed);
    Program { lock: assigned, locked: text.map(|text| (text, stays)), ..program }
}

/// What travels, before the lock gives ids: for tests.
pub fn shapes(files: &Arc<dyn Files>, options: &Options) -> (Shapes, Vec<Diagnostic>) {
    let here = || {
        let layout = Layout::new(options);
        let program = gather_all(files, options, &layout, BTreeMap::new, &Nothing);
        (program.app.shapes, program.diagnostics)
    };
    threads::install(options, here)
        .unwrap_or_else(|diagnostic| (Shapes::default(), vec![*diagnostic]))
}
