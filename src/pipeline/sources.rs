//! The sources are read, what they import with them, and brought together into an app.

use std::{collections::BTreeMap, sync::Arc};

use rayon::prelude::*;

use super::{
    Program, Texts, discover,
    extract::{self, Hints, extract},
    gather::{Around, Declarations, Resolutions, Resolver, gather, infer},
    memory::{Memory, Remembered},
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
    let discovered = match recall.memory() {
        Some(memory) => memory.discovered.clone(),
        None => discover::discover(&**files, options),
    };
    let mut diagnostics = discovered.1.clone();
    let resolver = Resolver::new(files, options);
    let around = Surroundings { files: &**files, options, layout, resolver: &resolver, recall };
    let (extracted, primary_keys) = rayon::join(
        || extract_all(&around, &discovered, recall.memory(), &mut diagnostics),
        primary_keys,
    );
    let (modules, texts, resolutions, memory) = extracted;
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
    Program { app, modules, texts, dependencies, memory, diagnostics, ..Program::default() }
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
    discovered: &(Vec<SourcePath>, Vec<Diagnostic>),
    memory: Option<&Memory>,
    diagnostics: &mut Vec<Diagnostic>,
) -> (Modules, Texts, Resolutions, Memory) {
    let Surroundings { files, options, resolver, .. } = *around;
    let mut modules = Modules::new();
    let mut texts = Texts::new();
    let mut resolutions = Resolutions::default();
    let mut all = Vec::new();
    let mut fresh = discovered.0.clone();
    while !fresh.is_empty() {
        let extracted: Vec<Remembered> =
            fresh.par_iter().filter_map(|file| around.extract_one(memory, file)).collect();
        for found in extracted {
            let file = found.contract.file.clone();
            texts.insert(file.clone(), Arc::clone(&found.text));
            modules.insert(file, Arc::clone(&found.contract));
            all.push(found);
        }
        resolver.resolve(&modules, memory, &fresh, &mut resolutions);
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
    let said: Vec<Diagnostic> = all.iter().flat_map(|found| found.found.clone()).collect();
    let named = all.into_iter().map(|found| {
        let file = found.contract.file.clone();
        let specifiers = resolutions.of(&file);
        (file, Remembered { specifiers, ..found })
    });
    let now = Memory::new(discovered.clone(), named);
    // With other files a specifier may lead elsewhere.
    if memory.is_some_and(|before| !before.is_of(&now)) {
        return extract_all(around, discovered, None, diagnostics);
    }
    diagnostics.extend(said);
    infer(&mut modules, &mut resolutions, &|file| options.is_client(file), diagnostics);
    (modules, texts, resolutions, now)
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
    fn extract_one(&self, memory: Option<&Memory>, file: &SourcePath) -> Option<Remembered> {
        if let Some(known) = memory.and_then(|memory| memory.get(file)) {
            self.recall.touch(Subject::Contract, file.as_str());
            return Some(known.clone());
        }
        let (text, (contract, found)) = match discover::read(self.files, self.options, file)? {
            Ok(text) => {
                let extracted = extract_as(self.recall, self.options, self.layout, file, &text);
                (text, extracted)
            }
            Err(diagnostic) => (String::new(), (extract::empty(file), vec![diagnostic])),
        };
        let (text, contract, specifiers) = (text.into(), Arc::new(contract), Arc::default());
        Some(Remembered { text, contract, found, specifiers })
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
