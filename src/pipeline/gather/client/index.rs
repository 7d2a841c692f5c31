//! What the client's index exports.

use std::collections::BTreeMap;

use super::Plan;
use crate::model::{
    SourcePath, Span,
    app::{ClientIndex, ClientModule, IndexEntry, Route},
    contract::{ModuleContract, TypeDeclarationKind},
};
use crate::pipeline::gather::diagnostics::{api_in_index, two_client_exports};

impl Plan<'_> {
    pub fn index(&mut self, routes: &BTreeMap<String, Route>) -> ClientIndex {
        let mut values: BTreeMap<String, Vec<IndexEntry>> = BTreeMap::new();
        let mut types: BTreeMap<String, Vec<IndexEntry>> = BTreeMap::new();
        for (file, module) in &self.modules {
            let Some(contract) = self.symbols.modules.get(file) else { continue };
            for (local, names) in &module.exports {
                let span = span_of(contract, local);
                for exported in names {
                    let name = match exported.as_str() {
                        "default" => match default_name(contract, local, routes, file) {
                            // It has its own name too, then that one is enough.
                            Some(name) if !names.contains(&name) => name,
                            _ => continue,
                        },
                        name => name.to_owned(),
                    };
                    let list =
                        if is_value(contract, module, local) { &mut values } else { &mut types };
                    let entry =
                        IndexEntry { module: file.clone(), exported: exported.clone(), span };
                    list.entry(name).or_default().push(entry);
                }
            }
            for (name, reexport) in &module.reexports {
                if name == "default" {
                    continue;
                }
                let list = if reexport.value { &mut values } else { &mut types };
                let entry = IndexEntry {
                    module: reexport.module.clone(),
                    exported: reexport.exported.clone(),
                    span: Span::default(),
                };
                list.entry(name.clone()).or_default().push(entry);
            }
        }
        let mut index = ClientIndex::default();
        for (name, entries) in values {
            if name == "api" {
                if let Some(entry) = entries.iter().find(|e| e.span != Span::default()) {
                    self.diagnostics.push(api_in_index(&entry.module, entry.span));
                }
                continue;
            }
            if let Some(entry) = self.single(&name, entries) {
                index.values.insert(name, entry);
            }
        }
        for (name, entries) in types {
            if name == "api" {
                continue;
            }
            if let Some(value) = index.values.get(&name) {
                if let Some(other) = entries.iter().find(|e| e.module != value.module) {
                    self.diagnostics.push(two_client_exports(
                        &name,
                        (&value.module, value.span),
                        (&other.module, other.span),
                    ));
                }
                continue;
            }
            if let Some(entry) = self.single(&name, entries) {
                index.types.insert(name, entry);
            }
        }
        index
    }

    /// Several modules may export one thing, but not several things under one name.
    fn single(&mut self, name: &str, mut entries: Vec<IndexEntry>) -> Option<IndexEntry> {
        // The declaration's own entry comes before re-exports, which have no place.
        entries.sort_by_key(|e| (e.span == Span::default(), e.module.clone(), e.exported.clone()));
        let first = entries.first()?.clone();
        if let Some(other) =
            entries.iter().find(|e| e.module != first.module || e.exported != first.exported)
        {
            self.diagnostics.push(two_client_exports(
                name,
                (&first.module, first.span),
                (&other.module, other.span),
            ));
            return None;
        }
        Some(first)
    }
}

fn is_value(contract: &ModuleContract, module: &ClientModule, local: &str) -> bool {
    contract.functions.iter().any(|f| f.local() == local)
        || module.constants.contains(local)
        || contract
            .type_named(local)
            .is_some_and(|t| matches!(t.kind, TypeDeclarationKind::Enum { .. }))
        || (module.code && contract.values.iter().any(|v| v.name == local))
}

fn span_of(contract: &ModuleContract, local: &str) -> Span {
    contract
        .functions
        .iter()
        .find(|f| f.class.is_none() && f.name == local)
        .map(|f| f.span)
        .or_else(|| contract.type_named(local).map(|t| t.span))
        .or_else(|| contract.constant(local).map(|c| c.span))
        .or_else(|| contract.values.iter().find(|v| v.name == local).map(|v| v.span))
        .unwrap_or_default()
}

/// A default export appears in the index under the function's name, else the route's.
fn default_name(
    contract: &ModuleContract,
    local: &str,
    routes: &BTreeMap<String, Route>,
    file: &SourcePath,
) -> Option<String> {
    if local != "default" {
        return Some(local.to_owned());
    }
    let index = contract.functions.iter().position(|f| f.name == "default")?;
    routes
        .iter()
        .find(|(name, route)| {
            route.module == *file && route.function == index && !name.contains('.')
        })
        .map(|(name, _)| name.clone())
}
