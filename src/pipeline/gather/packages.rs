//! The declaration files of packages, as far as signatures reach into them. They are no modules of
//! the project: nothing is made of them.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use crate::model::{
    SourcePath,
    app::Modules,
    contract::{ModuleContract, TypeDeclarationKind},
};

/// Where declarations of packages are, and what stands in them.
pub trait Declarations {
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
        self.modules.get(file)
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
        for (from, specifier) in wanted {
            let file = declarations
                .find(&from, &specifier)
                .filter(|file| self.read(file, &specifier, declarations));
            self.targets.insert((from, specifier), file);
        }
        found_any
    }

    fn read(
        &mut self,
        file: &SourcePath,
        specifier: &str,
        declarations: &dyn Declarations,
    ) -> bool {
        if self.modules.contains_key(file) {
            return true;
        }
        if self.modules.len() >= MAX_FILES {
            return false;
        }
        let Some(mut contract) = declarations.read(file) else { return false };
        hoist(&mut contract, specifier);
        let path = file.as_str();
        let short = path.rsplit_once("node_modules/").map_or(path, |(_, short)| short);
        let taken = self.labels.values().any(|label| label == short);
        let label = if taken { path } else { short }.to_owned();
        self.labels.insert(file.clone(), label);
        self.modules.insert(file.clone(), contract);
        true
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
