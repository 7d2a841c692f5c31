//! What the client gets: for each module its stubs, the types they name, constants; and the index.

mod index;
mod secrets;
mod types;

use std::collections::{BTreeMap, BTreeSet};

use self::secrets::{holds_secret, looks_secret};
use super::{
    diagnostics::{client_name_taken, needs_declared_type, secret_constant},
    roles::{is_declaration, output_specifiers},
    symbols::{Symbol, Symbols},
};
use crate::{
    model::{
        SourcePath, Span,
        app::{ClientIndex, ClientModule, Reexport, Route},
        contract::{ExportTarget, ModuleContract, TypeDeclarationKind},
        diagnostic::Diagnostic,
    },
    pipeline::names::Layout,
};

pub struct Plan<'a> {
    symbols: Symbols<'a>,
    layout: &'a Layout,
    server: &'a dyn Fn(&SourcePath) -> bool,
    modules: BTreeMap<SourcePath, ClientModule>,
    diagnostics: Vec<Diagnostic>,
}

pub fn plan(
    symbols: Symbols<'_>,
    layout: &Layout,
    routes: &BTreeMap<String, Route>,
    server: &dyn Fn(&SourcePath) -> bool,
    diagnostics: &mut Vec<Diagnostic>,
) -> (BTreeMap<SourcePath, ClientModule>, ClientIndex) {
    let mut plan =
        Plan { symbols, layout, server, modules: BTreeMap::new(), diagnostics: Vec::new() };
    let mut by_module: BTreeMap<&SourcePath, Vec<(usize, &String)>> = BTreeMap::new();
    for (name, route) in routes {
        by_module.entry(&route.module).or_default().push((route.function, name));
    }
    for (file, mut routes) in by_module {
        routes.sort_unstable();
        plan.route_module(file, routes.into_iter().map(|(_, name)| name.clone()).collect());
    }
    for (file, contract) in symbols.modules {
        if contract.annotated && !server(file) && !is_declaration(file) {
            plan.annotated_module(file, contract);
        }
    }
    plan.export_types();
    let index = plan.index(routes);
    diagnostics.append(&mut plan.diagnostics);
    (plan.modules, index)
}

impl<'a> Plan<'a> {
    pub fn contract(&self, file: &SourcePath) -> Option<&'a ModuleContract> {
        self.symbols.module(file)
    }

    pub fn entry(&mut self, file: &SourcePath) -> &mut ClientModule {
        self.modules.entry(file.clone()).or_insert_with(|| ClientModule {
            output: self.layout.client_output(file),
            ..ClientModule::default()
        })
    }

    fn route_module(&mut self, file: &SourcePath, routes: Vec<String>) {
        let Some(contract) = self.contract(file) else { return };
        self.entry(file).routes = routes;
        for function in &contract.functions {
            let local = function.local();
            self.export_function(contract, local, function.span);
            // Behind overloads, what the implementation takes is the server's own.
            let own = function.overloads.is_empty().then_some(&function.signature);
            for signature in function.overloads.iter().chain(own) {
                self.signature(file, signature);
            }
        }
        for export in &contract.exports {
            match &export.target {
                ExportTarget::Local(local) => self.exported_local(contract, local, export.span),
                ExportTarget::From { .. } => {
                    if let Some(symbol) = self.symbols.export(file, &export.name) {
                        self.reexport(file, &export.name, symbol);
                    }
                }
                ExportTarget::Star { specifier } => {
                    let Some(target) = self.symbols.target(file, specifier) else { continue };
                    for (name, symbol) in self.symbols.exports(target) {
                        if name != "default" && !contract.exports.iter().any(|e| e.name == name) {
                            self.reexport(file, &name, symbol);
                        }
                    }
                }
                ExportTarget::Expression => {}
            }
        }
    }

    /// A stub goes by the exported names of its function; an unexported function by its own.
    fn export_function(&mut self, contract: &ModuleContract, local: &str, span: Span) {
        let names: BTreeSet<String> =
            contract.exported_names(local).map(|e| e.name.clone()).collect();
        let names = if names.is_empty() {
            if let Some(other) = contract.exports.iter().find(|e| e.name == local) {
                self.diagnostics.push(client_name_taken(&contract.file, span, local, other.span));
            }
            BTreeSet::from([local.to_owned()])
        } else {
            names
        };
        self.entry(&contract.file).exports.insert(local.to_owned(), names);
    }

    fn exported_local(&mut self, contract: &ModuleContract, local: &str, span: Span) {
        let file = &contract.file;
        // The type of a class comes with what names it: its members may be the server's own.
        if contract
            .type_named(local)
            .is_some_and(|t| t.entity || !matches!(t.kind, TypeDeclarationKind::Class { .. }))
        {
            self.need_type(file, local);
        }
        if let Some(constant) = contract.constant(local) {
            if looks_secret(constant) || holds_secret(self.symbols, file, constant) {
                self.diagnostics.push(secret_constant(file, span, local));
            } else {
                self.need_constant(file, local);
            }
        }
        // `import { User } from './types'; export { User }`
        let imported = contract.imports.iter().flat_map(|i| &i.names).any(|n| n.local == local);
        if imported
            && let Some(Symbol::Declared { module, name }) = self.symbols.local(file, local)
            && module != *file
        {
            let exported =
                contract.exported_names(local).map(|e| e.name.clone()).collect::<Vec<_>>();
            for name_here in exported {
                self.reexport(
                    file,
                    &name_here,
                    Symbol::Declared { module: module.clone(), name: name.clone() },
                );
            }
        }
    }

    /// `name` of `file` is something another module declares.
    pub fn reexport(&mut self, file: &SourcePath, name: &str, symbol: Symbol) {
        let Symbol::Declared { module, name: local } = symbol else { return };
        if module == *file {
            return;
        }
        let Some(contract) = self.contract(&module) else { return };
        let is_route = contract.functions.iter().any(|f| f.local() == local);
        let is_enum = contract
            .type_named(&local)
            .is_some_and(|t| matches!(t.kind, TypeDeclarationKind::Enum { .. }));
        let constant = contract.constant(&local);
        let exported = exported_name(contract, &local).unwrap_or_else(|| local.clone());
        if contract.type_named(&local).is_some() {
            self.need_type(&module, &local);
        } else if let Some(constant) = constant {
            if looks_secret(constant) || holds_secret(self.symbols, &module, constant) {
                return;
            }
            self.need_constant(&module, &local);
        } else if !is_route {
            // Other values of shared modules are imported from those by who needs them.
            return;
        }
        let value = is_route || is_enum || constant.is_some();
        self.entry(file).reexports.insert(name.to_owned(), Reexport { module, exported, value });
    }

    /// A shared file that no bundler can read: its types and constants, or all its code.
    fn annotated_module(&mut self, file: &SourcePath, contract: &ModuleContract) {
        self.entry(file);
        for export in &contract.exports {
            if let ExportTarget::Local(local) = &export.target {
                if contract.type_named(local).is_some() {
                    self.need_type(file, local);
                }
                if contract.constant(local).is_some() {
                    self.need_constant(file, local);
                }
            }
        }
        let has_code =
            contract.values.iter().any(|v| contract.exported_names(&v.name).next().is_some());
        if has_code {
            self.code_module(file);
        }
    }

    /// The module's code goes to the client, with the shared modules it loads.
    fn code_module(&mut self, file: &SourcePath) {
        let Some(contract) = self.contract(file) else { return };
        if self.entry(file).code {
            return;
        }
        let specifiers = output_specifiers(
            self.symbols.resolutions,
            self.layout,
            contract,
            Layout::client_output,
        );
        let entry = self.entry(file);
        entry.code = true;
        entry.specifiers = specifiers;
        // Helpers are loaded by code only: nobody imports them by name or needs their types.
        if !contract.annotated {
            self.code_imports(file, contract);
            return;
        }
        for value in &contract.values {
            if contract.exported_names(&value.name).next().is_none() {
                continue;
            }
            match &value.ty {
                Some(ty) => self.ty(file, ty, &mut Vec::new()),
                None => self.diagnostics.push(needs_declared_type(file, value.span, &value.name)),
            }
            let names = contract.exported_names(&value.name).map(|e| e.name.clone()).collect();
            self.entry(file).exports.insert(value.name.clone(), names);
        }
        for constant in &contract.constants {
            if contract.exported_names(&constant.name).next().is_some() {
                self.need_constant(file, &constant.name);
            }
        }
        self.code_imports(file, contract);
    }

    fn code_imports(&mut self, file: &SourcePath, contract: &ModuleContract) {
        for import in contract.imports.iter().filter(|i| i.runtime) {
            if let Some(target) = self.symbols.target(file, &import.specifier)
                && !(self.server)(target)
                && !is_declaration(target)
            {
                self.code_module(&target.clone());
            }
        }
    }
}

/// The name under which a module exports a local declaration; not `default` if there is another.
pub fn exported_name(contract: &ModuleContract, local: &str) -> Option<String> {
    let mut names: Vec<&str> = contract.exported_names(local).map(|e| e.name.as_str()).collect();
    names.sort_by_key(|name| (*name == "default", *name));
    names.first().map(|name| (*name).to_owned())
}
