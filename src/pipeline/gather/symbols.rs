//! Names across files: what a local name or an export stands for, through imports, re-exports and
//! `export *`.

use rustc_hash::FxHashSet;

use super::{
    packages::{Packages, Target},
    resolve::{Resolution, Resolutions},
};
use crate::{
    model::{
        SourcePath,
        app::Modules,
        contract::{EXPORT_ASSIGNMENT, Export, ExportTarget, ImportKind, ModuleContract},
    },
    source::is_kontract,
};

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Symbol {
    /// Declared at the top level of a module, under this local name.
    Declared { module: SourcePath, name: String },
    /// All exports of a module.
    Namespace(SourcePath),
    /// Something of a package.
    Package { specifier: String, name: ImportKind },
}

#[derive(Clone, Copy)]
pub struct Symbols<'a> {
    pub modules: &'a Modules,
    pub resolutions: &'a Resolutions,
    /// Where declarations of packages matter; otherwise they are names of packages.
    pub packages: Option<&'a Packages>,
}

/// Where a specifier leads.
pub enum Leads {
    Module(SourcePath),
    Package,
    Nowhere,
}

impl<'a> Symbols<'a> {
    pub fn module(&self, file: &SourcePath) -> Option<&'a ModuleContract> {
        let own = self.modules.get(file).map(|contract| &**contract);
        own.or_else(|| self.packages?.module(file))
    }

    pub fn is_package(&self, file: &SourcePath) -> bool {
        !self.modules.contains_key(file)
    }

    /// What a file is called in the keys of shapes.
    pub fn label(&self, file: &SourcePath) -> String {
        let label = self.packages.and_then(|packages| packages.label(file));
        label.unwrap_or(file.as_str()).to_owned()
    }

    pub fn leads(&self, file: &SourcePath, specifier: &str) -> Leads {
        match self.resolutions.get(file, specifier) {
            Resolution::Module(module) => Leads::Module(module.clone()),
            Resolution::External if is_kontract(specifier) => Leads::Package,
            Resolution::External => {
                match self.packages.map(|packages| packages.target(file, specifier)) {
                    Some(Target::Module(module)) => Leads::Module(module.clone()),
                    Some(Target::Wanted) => Leads::Nowhere,
                    Some(Target::None) | None => Leads::Package,
                }
            }
            Resolution::Json(_) | Resolution::Client | Resolution::NotFound => Leads::Nowhere,
        }
    }

    pub fn target(&self, file: &SourcePath, specifier: &str) -> Option<&'a SourcePath> {
        match self.resolutions.get(file, specifier) {
            Resolution::Module(module) => Some(module),
            _ => None,
        }
    }

    /// None: a global, or an import that leads nowhere.
    pub fn local(&self, file: &SourcePath, name: &str) -> Option<Symbol> {
        self.local_seen(file, name, &mut FxHashSet::default())
    }

    /// What `module` exports as `name`.
    pub fn export(&self, module: &SourcePath, name: &str) -> Option<Symbol> {
        self.export_seen(module, name, &mut FxHashSet::default())
    }

    fn local_seen(&self, file: &SourcePath, name: &str, seen: &mut Seen) -> Option<Symbol> {
        let contract = self.module(file)?;
        if declares(contract, name) {
            return Some(Symbol::Declared { module: file.clone(), name: name.to_owned() });
        }
        let (import, imported) = contract.imports.iter().find_map(|import| {
            import.names.iter().find(|n| n.local == name).map(|n| (import, n))
        })?;
        self.from(file, &import.specifier, &imported.name, seen)
    }

    fn from(
        &self,
        file: &SourcePath,
        specifier: &str,
        name: &ImportKind,
        seen: &mut Seen,
    ) -> Option<Symbol> {
        match self.leads(file, specifier) {
            Leads::Module(module) => match name {
                ImportKind::Named(name) => self.export_seen(&module, name, seen),
                ImportKind::Default => self.export_seen(&module, "default", seen),
                ImportKind::Namespace => Some(Symbol::Namespace(module)),
            },
            Leads::Package => {
                Some(Symbol::Package { specifier: specifier.to_owned(), name: name.clone() })
            }
            Leads::Nowhere => None,
        }
    }

    fn export_seen(&self, module: &SourcePath, name: &str, seen: &mut Seen) -> Option<Symbol> {
        if !seen.insert((module.clone(), name.to_owned())) {
            return None;
        }
        let contract = self.module(module)?;
        if let Some(export) = contract.exports.iter().find(|e| e.name == name) {
            return self.target_of(module, export, seen);
        }
        // `export *` does not carry the default export.
        if name == "default" {
            let assigned = contract.exports.iter().find(|e| e.name == EXPORT_ASSIGNMENT)?;
            return self.target_of(module, assigned, seen);
        }
        // A declaration file exports all that it declares, as long as it does not say otherwise.
        if self.is_package(module) && declares(contract, name) {
            return Some(Symbol::Declared { module: module.clone(), name: name.to_owned() });
        }
        let stars = || {
            contract.exports.iter().filter_map(|export| match &export.target {
                ExportTarget::Star { specifier } => Some(specifier),
                _ => None,
            })
        };
        let found = stars().find_map(|specifier| match self.leads(module, specifier) {
            Leads::Module(next) => self.export_seen(&next, name, seen),
            _ => None,
        });
        // What no file exports is the compiler's own package's.
        found.or_else(|| {
            let specifier = stars().find(|specifier| is_kontract(specifier))?;
            let name = ImportKind::Named(name.to_owned());
            Some(Symbol::Package { specifier: specifier.clone(), name })
        })
    }

    fn target_of(&self, module: &SourcePath, export: &Export, seen: &mut Seen) -> Option<Symbol> {
        match &export.target {
            ExportTarget::Local(local) => self.local_seen(module, local, seen),
            ExportTarget::From { specifier, name } => self.from(module, specifier, name, seen),
            ExportTarget::Expression => {
                Some(Symbol::Declared { module: module.clone(), name: "default".to_owned() })
            }
            ExportTarget::Star { .. } => None,
        }
    }

    /// The names a module exports, `export *` followed, each with what it stands for; sorted.
    pub fn exports(&self, module: &SourcePath) -> Vec<(String, Symbol)> {
        let mut names = Vec::new();
        self.export_names(module, true, &mut FxHashSet::default(), &mut names);
        names.sort();
        names.dedup();
        names
            .into_iter()
            .filter_map(|name| self.export(module, &name).map(|symbol| (name, symbol)))
            .collect()
    }

    fn export_names(
        &self,
        module: &SourcePath,
        own: bool,
        seen: &mut FxHashSet<SourcePath>,
        names: &mut Vec<String>,
    ) {
        if !seen.insert(module.clone()) {
            return;
        }
        let Some(contract) = self.modules.get(module) else { return };
        for export in &contract.exports {
            match &export.target {
                ExportTarget::Star { specifier } => {
                    if let Resolution::Module(next) = self.resolutions.get(module, specifier) {
                        self.export_names(next, false, seen, names);
                    }
                }
                _ if own || export.name != "default" => names.push(export.name.clone()),
                _ => {}
            }
        }
    }
}

type Seen = FxHashSet<(SourcePath, String)>;

pub fn declares(contract: &ModuleContract, name: &str) -> bool {
    contract.types.iter().any(|t| t.name == name)
        || contract.functions.iter().any(|f| f.class.is_none() && f.name == name)
        || contract.constants.iter().any(|c| c.name == name)
        || contract.values.iter().any(|v| v.name == name)
}
