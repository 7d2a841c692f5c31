//! Names across files: what a local name or an export stands for, through imports, re-exports and
//! `export *`.

use rustc_hash::FxHashSet;

use super::resolve::{Resolution, Resolutions};
use crate::model::{
    SourcePath,
    app::Modules,
    contract::{Export, ExportTarget, ImportKind, ModuleContract},
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
}

impl<'a> Symbols<'a> {
    pub fn module(&self, file: &SourcePath) -> Option<&'a ModuleContract> {
        self.modules.get(file)
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
        let contract = self.modules.get(file)?;
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
        match self.resolutions.get(file, specifier) {
            Resolution::Module(module) => match name {
                ImportKind::Named(name) => self.export_seen(module, name, seen),
                ImportKind::Default => self.export_seen(module, "default", seen),
                ImportKind::Namespace => Some(Symbol::Namespace(module.clone())),
            },
            Resolution::External => {
                Some(Symbol::Package { specifier: specifier.to_owned(), name: name.clone() })
            }
            Resolution::Json(_) | Resolution::Client | Resolution::NotFound => None,
        }
    }

    fn export_seen(&self, module: &SourcePath, name: &str, seen: &mut Seen) -> Option<Symbol> {
        if !seen.insert((module.clone(), name.to_owned())) {
            return None;
        }
        let contract = self.modules.get(module)?;
        if let Some(export) = contract.exports.iter().find(|e| e.name == name) {
            return self.target_of(module, export, seen);
        }
        // `export *` does not carry the default export.
        if name == "default" {
            return None;
        }
        contract.exports.iter().find_map(|export| match &export.target {
            ExportTarget::Star { specifier } => match self.resolutions.get(module, specifier) {
                Resolution::Module(next) => self.export_seen(next, name, seen),
                _ => None,
            },
            _ => None,
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
