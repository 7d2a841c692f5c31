//! The compiler, from sources to outputs, stage by stage.

pub mod names;
pub mod discover;
pub mod extract;
pub mod gather;
pub mod lower;
pub mod print;
pub mod leaks;
pub mod write;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use rayon::prelude::*;
use swc_common::{GLOBALS, Globals};

use self::{
    extract::{Hints, extract},
    gather::{Around, Declarations, Resolutions, Resolver, gather, infer},
    names::Layout,
    write::Written,
};
use crate::{
    config::Options,
    files::Files,
    lock::{self, Lock},
    model::{
        SourcePath,
        app::{App, Modules},
        contract::ModuleContract,
        diagnostic::Diagnostic,
        output::Output,
        shape::Shapes,
    },
    source::STACK_BYTES,
    typescript::Installed,
};

/// The sources as they were read, once: they may change while the build runs.
type Texts = BTreeMap<SourcePath, String>;

/// What a build makes of the sources. Nothing is written yet.
#[derive(Debug, Default)]
pub struct Build {
    pub diagnostics: Vec<Diagnostic>,
    /// Empty where there are errors.
    pub outputs: Vec<Output>,
    /// The lock as it has to be from now on.
    pub lock: Lock,
    /// For editors and `tsc`, relative to `.kontract` in the source root.
    pub types: Vec<Output>,
    pub leaks: leaks::Report,
    pub routes: usize,
    pub modules: usize,
}

/// Source → contracts → app → outputs.
pub fn build(files: &Arc<dyn Files>, options: &Options) -> Build {
    match threads(options) {
        Ok(threads) => threads.install(|| build_here(files, options)),
        Err(error) => Build { diagnostics: vec![no_threads(&error)], ..Build::default() },
    }
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
    if let Err(diagnostic) = lock::write(files, options, &build.lock, locked) {
        return (Written::default(), vec![diagnostic]);
    }
    let (written, mut diagnostics) = write::write(files, options, &build.outputs);
    if failed(&diagnostics) {
        return (written, diagnostics);
    }
    let (types, found) = write::write_types(files, options, &build.types);
    diagnostics.extend(found);
    (written.and(types), diagnostics)
}

/// Walks over syntax trees recurse, and the parser admits trees that need this much.
fn threads(options: &Options) -> Result<rayon::ThreadPool, rayon::ThreadPoolBuildError> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads.unwrap_or(0))
        .stack_size(STACK_BYTES)
        .build()
}

#[cold]
fn no_threads(error: &rayon::ThreadPoolBuildError) -> Diagnostic {
    Diagnostic::error(
        "K081",
        &SourcePath::new(""),
        None,
        format!("the compiler's threads cannot be started: {error}"),
    )
    .help("try `--threads 1`, or raise the limits on memory and processes")
}

fn build_here(files: &Arc<dyn Files>, options: &Options) -> Build {
    let layout = Layout::new(options);
    let (lock, mut diagnostics) = lock::read(&**files, options);
    let (mut app, modules, texts, found) = gather_all(files, options, &layout, &lock);
    diagnostics.extend(found);
    let (lock, found) = lock::assign(&mut app, &lock);
    diagnostics.extend(found);
    let mut build =
        Build { routes: app.routes.len(), modules: modules.len(), lock, ..Build::default() };
    if !diagnostics.iter().any(Diagnostic::is_error) {
        let (outputs, invalid) = outputs(&**files, options, &app, &modules, &texts);
        let (report, mut found) = leaks::scan(&app, &modules, &outputs);
        found.extend(invalid);
        if !found.iter().any(Diagnostic::is_error) {
            build.outputs = outputs;
            build.types = lower::registry::types(&app.registry, &modules, &layout);
        }
        diagnostics.extend(found);
        build.leaks = report;
    }
    build.diagnostics = diagnostics;
    build
}

/// What travels, before the lock gives ids: for tests.
pub fn shapes(files: &Arc<dyn Files>, options: &Options) -> (Shapes, Vec<Diagnostic>) {
    let here = || {
        let layout = Layout::new(options);
        let (app, _, _, diagnostics) = gather_all(files, options, &layout, &Lock::default());
        (app.shapes, diagnostics)
    };
    match threads(options) {
        Ok(threads) => threads.install(here),
        Err(error) => (Shapes::default(), vec![no_threads(&error)]),
    }
}

/// Sources → app.
fn gather_all(
    files: &Arc<dyn Files>,
    options: &Options,
    layout: &Layout,
    lock: &Lock,
) -> (App, Modules, Texts, Vec<Diagnostic>) {
    let (sources, mut diagnostics) = discover::discover(&**files, options);
    let resolver = Resolver::new(files, options);
    let (modules, texts, resolutions) =
        extract_all(&**files, options, layout, &resolver, sources, &mut diagnostics);
    let around = Around {
        options,
        layout,
        resolver: &resolver,
        declarations: &OnDisk { files: &**files, options, resolver: &resolver },
        typescript: &Installed { files: &**files, options, layout, texts: &texts },
        primary_keys: &lock.primary_keys(),
    };
    let (app, modules, found) = gather(&around, modules, resolutions);
    diagnostics.extend(found);
    (app, modules, texts, diagnostics)
}

/// Extracts the sources and what they import from outside the include patterns.
fn extract_all(
    files: &dyn Files,
    options: &Options,
    layout: &Layout,
    resolver: &Resolver<'_>,
    sources: Vec<SourcePath>,
    diagnostics: &mut Vec<Diagnostic>,
) -> (Modules, Texts, Resolutions) {
    let mut modules = Modules::new();
    let mut texts = Texts::new();
    let mut resolutions = Resolutions::default();
    let mut fresh = sources;
    while !fresh.is_empty() {
        let extracted: Vec<(ModuleContract, String, Vec<Diagnostic>)> =
            fresh.par_iter().filter_map(|file| extract_one(files, options, layout, file)).collect();
        for (contract, text, found) in extracted {
            diagnostics.extend(found);
            texts.insert(contract.file.clone(), text);
            modules.insert(contract.file.clone(), contract);
        }
        resolver.resolve(&modules, &fresh, &mut resolutions);
        fresh = resolutions
            .modules(&fresh)
            .filter(|file| !modules.contains_key(file))
            .cloned()
            .collect();
        fresh.sort();
        fresh.dedup();
        // A file that could not be read is not tried again.
        fresh.retain(|file| files.is_file(&options.absolute(file)));
    }
    infer(&mut modules, &mut resolutions, &|file| options.is_client(file), diagnostics);
    (modules, texts, resolutions)
}

/// The declaration files of packages.
struct OnDisk<'a> {
    files: &'a dyn Files,
    options: &'a Options,
    resolver: &'a Resolver<'a>,
}

impl Declarations for OnDisk<'_> {
    fn find(&self, from: &SourcePath, specifier: &str) -> Option<SourcePath> {
        self.resolver.declaration(from, specifier)
    }

    /// What is wrong in a package is no concern of the project's, unless it is missed.
    fn read(&self, file: &SourcePath) -> Option<ModuleContract> {
        let text = discover::read(self.files, self.options, file)?.ok()?;
        Some(extract(file, &text, Hints::default()).0)
    }
}

/// None for a file that vanished since it was found.
fn extract_one(
    files: &dyn Files,
    options: &Options,
    layout: &Layout,
    file: &SourcePath,
) -> Option<(ModuleContract, String, Vec<Diagnostic>)> {
    let hints = Hints {
        middleware: layout.is_middleware(file),
        server: options.is_server(file) || layout.is_auth(file),
    };
    match discover::read(files, options, file)? {
        Ok(text) => {
            let (contract, found) = extract(file, &text, hints);
            Some((contract, text, found))
        }
        Err(diagnostic) => Some((extract::empty(file), String::new(), vec![diagnostic])),
    }
}

fn outputs(
    files: &dyn Files,
    options: &Options,
    app: &App,
    modules: &Modules,
    texts: &Texts,
) -> (Vec<Output>, Vec<Diagnostic>) {
    let invalid = Mutex::new(Vec::new());
    let text = |file: &SourcePath| texts.get(file).map_or("", String::as_str);
    let json = |file: &SourcePath| match discover::read(files, options, file) {
        Some(text) => text,
        None => Ok(String::new()),
    };
    let server: Vec<(&SourcePath, _)> = app.server.iter().collect();
    let mut outputs: Vec<Output> = server
        .par_iter()
        .flat_map_iter(|(file, module)| {
            if module.json {
                let module =
                    json(file).and_then(|text| lower::json::module(file, &module.output, &text));
                return match module {
                    Ok(output) => vec![output],
                    Err(diagnostic) => {
                        invalid.lock().unwrap_or_else(PoisonError::into_inner).push(diagnostic);
                        Vec::new()
                    }
                };
            }
            let path = format!("server/{}", module.output);
            print_code(options, lower::server::Plan::server(app, modules, file), &path, text(file))
        })
        .collect();
    let client: Vec<(&SourcePath, _)> = app.client.iter().collect();
    outputs.par_extend(client.par_iter().flat_map_iter(|(file, module)| {
        if module.code {
            let path = format!("client/{}", module.output);
            let plan = lower::server::Plan::code(file, &module.specifiers, &module.flavour);
            let mut printed = print_code(options, plan, &path, text(file));
            printed.push(lower::client::declarations(app, modules, file));
            return printed;
        }
        lower::client::stubs(app, modules, file, &options.out, text(file))
    }));
    outputs.extend(lower::index::server(app));
    outputs.extend(lower::index::client(app, modules));
    outputs.extend(lower::codec::codecs(app));
    outputs.extend(lower::codec::rows(app));
    outputs.extend(lower::schema::schemas(app));
    let package = files.read(&options.project.join("package.json")).unwrap_or_default();
    let package = lower::openapi::Package::parse(&package);
    outputs.extend(lower::openapi::openapi(app, modules, &package, options.base.as_deref()));
    outputs.sort_by(|a, b| a.path.cmp(&b.path));
    let manifest = lower::manifest::manifest(app, modules, &outputs, texts);
    outputs.push(manifest);
    (outputs, invalid.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn print_code(
    options: &Options,
    plan: lower::server::Plan<'_>,
    path: &str,
    text: &str,
) -> Vec<Output> {
    let file = plan.file;
    GLOBALS.set(&Globals::new(), || {
        let Some(lowered) = lower::server::lower(plan, text) else { return Vec::new() };
        let source = print::source_url(&options.out, path, file.as_str());
        print::server::print(&lowered, &format!("{path}.js"), file.as_str(), &source).into()
    })
}
