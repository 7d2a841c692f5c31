//! The declaration files of packages, as far as signatures reach into them. They are no modules of
//! the project: nothing is made of them.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use rayon::prelude::*;

use crate::model::{
    SourcePath,
    app::Modules,
    contract::{ModuleContract, TypeDeclarationKind},
};

/// Where declarations of packages are, and what stands in them.
pub trait Declarations: Sync {
    /// The declaration file that `specifier` means in `from`.
    fn find(&self, from: &SourcePath, specifier: &str) -> Option<SourcePath>;
    fn read(&self, file: &SourcePath) -> Option<ModuleContract>;
}

/// What has been read so far, and what somebody looked for in vain since.
#[derive(Default)]
pub struct Packages {
    modules: Modules,
    targets: BTreeMap<(SourcePath, String), Option<SourcePath>>,
    labels: BTreeMap<SourcePath, String>,
    wanted: RefCell<BTreeSet<(SourcePath, String)>>,
}

pub enum Target<'a> {
    Module(&'a SourcePath),
    /// It has no declarations.
    None,
    /// It is not read yet.
    Wanted,
}

/// Files in one program: a package that has more is no source of data types.
const MAX_FILES: usize = 4_000;

impl Packages {
    pub fn module(&self, file: &SourcePath) -> Option<&ModuleContract> {
        self.modules.get(file).map(|contract| &**contract)
    }

    pub fn target(&self, from: &SourcePath, specifier: &str) -> Target<'_> {
        match self.targets.get(&(from.clone(), specifier.to_owned())) {
            Some(Some(file)) => Target::Module(file),
            Some(None) => Target::None,
            None => {
                self.wanted.borrow_mut().insert((from.clone(), specifier.to_owned()));
                Target::Wanted
            }
        }
    }

    /// What a file of a package is called in keys: `zod/v4/core.d.ts`, wherever it is installed.
    pub fn label(&self, file: &SourcePath) -> Option<&str> {
        self.labels.get(file).map(String::as_str)
    }

    /// Reads what was looked for; false where that was nothing.
    pub fn load(&mut self, declarations: &dyn Declarations) -> bool {
        let wanted = std::mem::take(&mut *self.wanted.borrow_mut());
        let found_any = !wanted.is_empty();
        let files: Vec<_> = wanted
            .into_par_iter()
            .map(|(from, specifier)| {
                let file = declarations.find(&from, &specifier);
                (from, specifier, file)
            })
            .collect();
        let fresh: BTreeMap<&SourcePath, &String> = files
            .iter()
            .filter_map(|(_, specifier, file)| Some((file.as_ref()?, specifier)))
            .filter(|(file, _)| !self.modules.contains_key(*file))
            .take(MAX_FILES.saturating_sub(self.modules.len()))
            .collect();
        let read: Vec<ModuleContract> = fresh
            .into_par_iter()
            .filter_map(|(file, specifier)| {
                let mut contract = declarations.read(file)?;
                hoist(&mut contract, specifier);
                Some(contract)
            })
            .collect();
        read.into_iter().for_each(|contract| self.add(contract));
        for (from, specifier, file) in files {
            let file = file.filter(|file| self.modules.contains_key(file));
            self.targets.insert((from, specifier), file);
        }
        found_any
    }

    fn add(&mut self, contract: ModuleContract) {
        let path = contract.file.as_str();
        let short = path.rsplit_once("node_modules/").map_or(path, |(_, short)| short);
        let taken = self.labels.values().any(|label| label == short);
        let label = if taken { path } else { short }.to_owned();
        self.labels.insert(contract.file.clone(), label);
        self.modules.insert(contract.file.clone(), contract.into());
    }
}

/// `declare module 'name' { … }`: what is in it belongs to the file, which holds nothing else.
fn hoist(contract: &mut ModuleContract, specifier: &str) {
    let quoted = format!("{specifier:?}");
    let inner: Vec<_> = contract
        .types
        .iter()
        .filter(|d| d.name == quoted)
        .filter_map(|d| match &d.kind {
            TypeDeclarationKind::Namespace(inner) => Some(inner.clone()),
            _ => None,
        })
        .flatten()
        .collect();
    contract.types.extend(inner);
}
