//! The sources are read, what they import with them, and brought together into an app.

use std::{collections::BTreeMap, sync::Arc};

use rayon::prelude::*;

use super::{
    Program, Texts, discover,
    extract::{self, Hints, extract},
    gather::{Around, Declarations, Resolutions, Resolver, gather, infer},
    names::Layout,
    recall::{Recall, Subject, key, recalled},
};
use crate::{
    config::Options,
    files::Files,
    model::{SourcePath, app::Modules, contract::ModuleContract, diagnostic::Diagnostic},
    typescript::Installed,
};

/// Sources → app. `primary_keys`: those of earlier builds, by table.
pub fn gather_all(
    files: &Arc<dyn Files>,
    options: &Options,
    layout: &Layout,
    primary_keys: impl FnOnce() -> BTreeMap<String, String> + Send,
    recall: &dyn Recall,
) -> Program {
    let (sources, mut diagnostics) = discover::discover(&**files, options);
    let resolver = Resolver::new(files, options);
    let around = Surroundings { files: &**files, options, layout, resolver: &resolver, recall };
    let ((modules, texts, resolutions), primary_keys) =
        rayon::join(|| extract_all(&around, sources, &mut diagnostics), primary_keys);
    let dependencies = modules
        .keys()
        .map(|file| {
            let mut found: Vec<SourcePath> =
                resolutions.modules(std::slice::from_ref(file)).cloned().collect();
            found.sort();
            found.dedup();
            (file.clone(), found)
        })
        .collect();
    let needed = Around {
        options,
        layout,
        resolver: &resolver,
        declarations: &around,
        typescript: &Installed { files: &**files, options, layout, texts: &texts },
        primary_keys: &primary_keys,
    };
    let (app, modules, found) = gather(&needed, modules, resolutions);
    diagnostics.extend(found);
    Program { app, modules, texts, dependencies, diagnostics, ..Program::default() }
}

/// Where sources come from, and what is known of them.
struct Surroundings<'a> {
    files: &'a dyn Files,
    options: &'a Options,
    layout: &'a Layout,
    resolver: &'a Resolver<'a>,
    recall: &'a dyn Recall,
}

/// Extracts the sources and what they import from outside the include patterns.
fn extract_all(
    around: &Surroundings<'_>,
    sources: Vec<SourcePath>,
    diagnostics: &mut Vec<Diagnostic>,
) -> (Modules, Texts, Resolutions) {
    let Surroundings { files, options, resolver, .. } = *around;
    let mut modules = Modules::new();
    let mut texts = Texts::new();
    let mut resolutions = Resolutions::default();
    let mut fresh = sources;
    while !fresh.is_empty() {
        let extracted: Vec<(ModuleContract, String, Vec<Diagnostic>)> =
            fresh.par_iter().filter_map(|file| around.extract_one(file)).collect();
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
impl Declarations for Surroundings<'_> {
    fn find(&self, from: &SourcePath, specifier: &str) -> Option<SourcePath> {
        self.resolver.declaration(from, specifier)
    }

    /// What is wrong in a package is no concern of the project's, unless it is missed.
    fn read(&self, file: &SourcePath) -> Option<ModuleContract> {
        let text = discover::read(self.files, self.options, file)?.ok()?;
        Some(extract_again(self.recall, file, &text, Hints::default()).0)
    }
}

impl Surroundings<'_> {
    /// None for a file that vanished since it was found.
    fn extract_one(&self, file: &SourcePath) -> Option<(ModuleContract, String, Vec<Diagnostic>)> {
        match discover::read(self.files, self.options, file)? {
            Ok(text) => {
                let (contract, found) =
                    extract_as(self.recall, self.options, self.layout, file, &text);
                Some((contract, text, found))
            }
            Err(diagnostic) => Some((extract::empty(file), String::new(), vec![diagnostic])),
        }
    }
}

/// Extracts a source of the project.
pub fn extract_as(
    recall: &dyn Recall,
    options: &Options,
    layout: &Layout,
    file: &SourcePath,
    text: &str,
) -> (ModuleContract, Vec<Diagnostic>) {
    extract_again(recall, file, text, hints(options, layout, file))
}

fn hints(options: &Options, layout: &Layout, file: &SourcePath) -> Hints {
    Hints {
        middleware: layout.is_middleware(file),
        server: options.is_server(file) || layout.is_auth(file),
    }
}

fn extract_again(
    recall: &dyn Recall,
    file: &SourcePath,
    text: &str,
    hints: Hints,
) -> (ModuleContract, Vec<Diagnostic>) {
    let key = key((file, text, hints));
    recalled(recall, Subject::Contract, file.as_str(), &key, || extract(file, text, hints))
}
