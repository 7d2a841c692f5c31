//! What the client gets: for each module its stubs, the types they name, constants; and the index.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    carry::result_type,
    diagnostics::{
        api_in_client_index, client_name_taken, computed_enum, module_not_found,
        needs_declared_type, secret_constant, two_client_exports, typeof_server_value,
    },
    resolve::Resolution,
    roles::{is_declaration, output_specifiers},
    symbols::{Symbol, Symbols},
};
use crate::{
    model::{
        SourcePath, Span,
        app::{ClientIndex, ClientModule, ImportName, IndexEntry, Reexport, Route, TypeImport},
        contract::{
            Constant, ConstantValue, ExportTarget, ModuleContract, Signature, TypeDeclaration,
            TypeDeclarationKind,
        },
        diagnostic::Diagnostic,
        types::{FunctionType, Member, MemberKind, Parameter, TypeExpr, TypeParameter},
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
    fn contract(&self, file: &SourcePath) -> Option<&'a ModuleContract> {
        self.symbols.module(file)
    }

    fn entry(&mut self, file: &SourcePath) -> &mut ClientModule {
        self.modules.entry(file.clone()).or_insert_with(|| ClientModule {
            output: self.layout.client_output(file),
            ..ClientModule::default()
        })
    }

    fn route_module(&mut self, file: &SourcePath, routes: Vec<String>) {
        let Some(contract) = self.contract(file) else { return };
        self.entry(file).routes = routes;
        for function in &contract.functions {
            let local = function.class.as_deref().unwrap_or(&function.name);
            self.export_function(contract, local, function.span);
            for signature in std::iter::once(&function.signature).chain(&function.overloads) {
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
            if looks_secret(constant) {
                self.diagnostics.push(secret_constant(file, span, local));
            } else {
                self.need_constant(file, local);
            }
        }
        // `import { User } from './types'; export { User }`
        if let Some(Symbol::Declared { module, name }) = self.symbols.local(file, local)
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
    fn reexport(&mut self, file: &SourcePath, name: &str, symbol: Symbol) {
        let Symbol::Declared { module, name: local } = symbol else { return };
        if module == *file {
            return;
        }
        let Some(contract) = self.contract(&module) else { return };
        let is_route =
            contract.functions.iter().any(|f| f.class.as_deref().unwrap_or(&f.name) == local);
        let is_enum = contract
            .type_named(&local)
            .is_some_and(|t| matches!(t.kind, TypeDeclarationKind::Enum { .. }));
        let constant = contract.constant(&local);
        let exported = exported_name(contract, &local).unwrap_or_else(|| local.clone());
        if contract.type_named(&local).is_some() {
            self.need_type(&module, &local);
        } else if let Some(constant) = constant {
            if looks_secret(constant) {
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
        for import in contract.imports.iter().filter(|i| i.runtime) {
            if let Some(target) = self.symbols.target(file, &import.specifier)
                && !(self.server)(target)
                && !is_declaration(target)
            {
                self.code_module(&target.clone());
            }
        }
    }

    // ---- types ------------------------------------------------------------------------------

    fn need_type(&mut self, file: &SourcePath, name: &str) {
        let Some(declaration) = self.contract(file).and_then(|c| c.type_named(name)) else {
            return;
        };
        if self.entry(file).types.insert(name.to_owned()) {
            self.declaration(file, declaration, &mut Vec::new());
        }
    }

    fn need_constant(&mut self, file: &SourcePath, name: &str) {
        let Some(constant) = self.contract(file).and_then(|c| c.constant(name)) else { return };
        if self.entry(file).constants.insert(name.to_owned())
            && let Some(ty) = &constant.ty
        {
            self.ty(file, ty, &mut Vec::new());
        }
    }

    fn declaration(
        &mut self,
        file: &SourcePath,
        declaration: &TypeDeclaration,
        scope: &mut Vec<String>,
    ) {
        let depth = scope.len();
        self.type_parameters(file, &declaration.type_parameters, scope);
        match &declaration.kind {
            TypeDeclarationKind::Alias(ty) => self.ty(file, ty, scope),
            TypeDeclarationKind::Interface { extends, members } => {
                extends.iter().for_each(|t| self.ty(file, t, scope));
                self.members(file, members, scope);
            }
            TypeDeclarationKind::Class { extends, members } => {
                extends.iter().for_each(|t| self.ty(file, t, scope));
                self.members(file, members, scope);
            }
            TypeDeclarationKind::Enum { members, .. } => {
                if members.iter().any(|m| m.value.is_none()) {
                    self.diagnostics.push(computed_enum(file, declaration.span, &declaration.name));
                }
            }
            TypeDeclarationKind::Namespace(declarations) => {
                scope.extend(declarations.iter().map(|d| d.name.clone()));
                declarations.iter().for_each(|d| self.declaration(file, d, scope));
            }
        }
        scope.truncate(depth);
    }

    fn signature(&mut self, file: &SourcePath, signature: &Signature) {
        let mut scope = Vec::new();
        self.type_parameters(file, &signature.type_parameters, &mut scope);
        self.parameters(file, &signature.parameters, &mut scope);
        if let Some(result) = &signature.result {
            self.ty(file, result_type(result), &mut scope);
        }
    }

    fn function(&mut self, file: &SourcePath, function: &FunctionType, scope: &mut Vec<String>) {
        let depth = scope.len();
        self.type_parameters(file, &function.type_parameters, scope);
        self.parameters(file, &function.parameters, scope);
        if let Some(result) = &function.result {
            self.ty(file, result, scope);
        }
        scope.truncate(depth);
    }

    fn type_parameters(
        &mut self,
        file: &SourcePath,
        parameters: &[TypeParameter],
        scope: &mut Vec<String>,
    ) {
        scope.extend(parameters.iter().map(|p| p.name.clone()));
        for parameter in parameters {
            [&parameter.constraint, &parameter.default]
                .into_iter()
                .flatten()
                .for_each(|t| self.ty(file, t, scope));
        }
    }

    fn parameters(&mut self, file: &SourcePath, parameters: &[Parameter], scope: &mut Vec<String>) {
        parameters.iter().filter_map(|p| p.ty.as_ref()).for_each(|t| self.ty(file, t, scope));
    }

    fn members(&mut self, file: &SourcePath, members: &[Member], scope: &mut Vec<String>) {
        for member in members {
            match &member.kind {
                MemberKind::Property { ty, .. } | MemberKind::Getter { ty, .. } => {
                    self.ty(file, ty, scope);
                }
                MemberKind::Method { signature, .. } => self.function(file, signature, scope),
                MemberKind::Setter { parameter, .. } => {
                    self.parameters(file, std::slice::from_ref(parameter), scope);
                }
                MemberKind::Call(signature) | MemberKind::Construct(signature) => {
                    self.function(file, signature, scope);
                }
                MemberKind::Index { parameter, ty, .. } => {
                    self.parameters(file, std::slice::from_ref(parameter), scope);
                    self.ty(file, ty, scope);
                }
            }
        }
    }

    /// Names that `ty` mentions and that are not type parameters in `scope` are declared or imported.
    fn ty(&mut self, file: &SourcePath, ty: &TypeExpr, scope: &mut Vec<String>) {
        match ty {
            TypeExpr::Keyword(_) | TypeExpr::Literal(_) => {}
            TypeExpr::Reference { name, arguments, span } => {
                arguments.iter().for_each(|t| self.ty(file, t, scope));
                self.name(file, name, *span, scope, false);
            }
            TypeExpr::Query { name, arguments, span } => {
                arguments.iter().for_each(|t| self.ty(file, t, scope));
                self.name(file, name, *span, scope, true);
            }
            TypeExpr::Import { specifier, qualifier, arguments, span } => {
                arguments.iter().for_each(|t| self.ty(file, t, scope));
                match self.symbols.resolutions.get(file, specifier) {
                    Resolution::Module(module) => {
                        let module = module.clone();
                        if let Some(name) = qualifier.as_deref().and_then(|q| q.split('.').next()) {
                            self.need_export(&module, name);
                        }
                        self.entry(&module);
                        self.entry(file).import_types.insert(specifier.clone(), module);
                    }
                    Resolution::NotFound => {
                        self.diagnostics.push(module_not_found(file, *span, specifier));
                    }
                    _ => {}
                }
            }
            TypeExpr::Template { types, .. }
            | TypeExpr::Union(types)
            | TypeExpr::Intersection(types) => {
                types.iter().for_each(|t| self.ty(file, t, scope));
            }
            TypeExpr::Array(item) => self.ty(file, item, scope),
            TypeExpr::Tuple(elements) => elements.iter().for_each(|e| self.ty(file, &e.ty, scope)),
            TypeExpr::Object(members) => self.members(file, members, scope),
            TypeExpr::Function(function) => self.function(file, function, scope),
            TypeExpr::Operator { operand, .. } => self.ty(file, operand, scope),
            TypeExpr::Indexed { object, index } => {
                self.ty(file, object, scope);
                self.ty(file, index, scope);
            }
            TypeExpr::Conditional { check, extends, then, otherwise } => {
                let depth = scope.len();
                self.ty(file, check, scope);
                extends.walk(&mut |t| {
                    if let TypeExpr::Infer { name, .. } = t {
                        scope.push(name.clone());
                    }
                });
                self.ty(file, extends, scope);
                self.ty(file, then, scope);
                scope.truncate(depth);
                self.ty(file, otherwise, scope);
            }
            TypeExpr::Infer { constraint, .. } => {
                if let Some(constraint) = constraint {
                    self.ty(file, constraint, scope);
                }
            }
            TypeExpr::Mapped(mapped) => {
                self.ty(file, &mapped.constraint, scope);
                scope.push(mapped.parameter.clone());
                [&mapped.name, &mapped.ty]
                    .into_iter()
                    .flatten()
                    .for_each(|t| self.ty(file, t, scope));
                scope.pop();
            }
            TypeExpr::Predicate { ty, .. } => {
                if let Some(ty) = ty {
                    self.ty(file, ty, scope);
                }
            }
        }
    }

    /// `query`: the name stands behind `typeof`, so it is a value's.
    fn name(&mut self, file: &SourcePath, name: &str, span: Span, scope: &[String], query: bool) {
        let (first, rest) =
            name.split_once('.').map_or((name, None), |(first, rest)| (first, Some(rest)));
        if !query && scope.iter().any(|s| s == first) {
            return;
        }
        match self.symbols.local(file, first) {
            Some(Symbol::Declared { module, name: declared }) => {
                self.need(&module, &declared, query.then_some((file, span)));
                if module != *file {
                    let Some(exported) =
                        self.contract(&module).and_then(|c| exported_name(c, &declared))
                    else {
                        return;
                    };
                    let import = TypeImport { exported, local: first.to_owned(), namespace: false };
                    self.entry(file).imports.entry(module).or_default().insert(import);
                }
            }
            Some(Symbol::Namespace(module)) => {
                if let Some(member) = rest.and_then(|r| r.split('.').next()) {
                    self.need_export(&module, member);
                }
                self.entry(&module);
                let import = TypeImport {
                    exported: String::new(),
                    local: first.to_owned(),
                    namespace: true,
                };
                self.entry(file).imports.entry(module).or_default().insert(import);
            }
            Some(Symbol::Package { specifier, name }) => {
                let import = (ImportName::from(&name), first.to_owned());
                self.entry(file).packages.entry(specifier).or_default().insert(import);
            }
            None => {
                let import = self.contract(file).and_then(|c| {
                    c.imports.iter().find(|i| i.names.iter().any(|n| n.local == first))
                });
                if let Some(import) = import {
                    if *self.symbols.resolutions.get(file, &import.specifier)
                        == Resolution::NotFound
                    {
                        let missing = module_not_found(file, import.span, &import.specifier);
                        self.diagnostics.push(missing);
                    }
                } else if matches!(first, "HttpResp" | "Secret") {
                    let import = (ImportName::Named(first.to_owned()), first.to_owned());
                    self.entry(file)
                        .packages
                        .entry("kontract".to_owned())
                        .or_default()
                        .insert(import);
                }
            }
        }
    }

    /// A declaration of `module` is named from `query`'s place, or as a type.
    fn need(&mut self, module: &SourcePath, name: &str, query: Option<(&SourcePath, Span)>) {
        let Some(contract) = self.contract(module) else { return };
        if contract.type_named(name).is_some() {
            self.need_type(module, name);
        } else if contract.constant(name).is_some() {
            self.need_constant(module, name);
        } else if let Some((file, span)) = query
            && !contract.functions.iter().any(|f| f.class.as_deref().unwrap_or(&f.name) == name)
        {
            self.diagnostics.push(typeof_server_value(file, span, name));
        }
    }

    fn need_export(&mut self, module: &SourcePath, name: &str) {
        match self.symbols.export(module, name) {
            Some(Symbol::Declared { module: declaring, name: declared }) => {
                self.need(&declaring, &declared, None);
                self.reexport(module, name, Symbol::Declared { module: declaring, name: declared });
            }
            Some(Symbol::Namespace(_) | Symbol::Package { .. }) | None => {}
        }
    }

    /// Types and constants that are printed keep the names under which their module exports them.
    fn export_types(&mut self) {
        for (file, module) in &mut self.modules {
            let Some(contract) = self.symbols.modules.get(file) else { continue };
            for local in module.types.iter().chain(&module.constants) {
                let names: BTreeSet<String> =
                    contract.exported_names(local).map(|e| e.name.clone()).collect();
                if !names.is_empty() {
                    module.exports.entry(local.clone()).or_default().extend(names);
                }
            }
        }
    }

    // ---- index ------------------------------------------------------------------------------

    fn index(&mut self, routes: &BTreeMap<String, Route>) -> ClientIndex {
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
                let entry = &entries[0];
                self.diagnostics.push(api_in_client_index(&entry.module, entry.span));
                continue;
            }
            if let Some(entry) = self.single(&name, entries) {
                index.values.insert(name, entry);
            }
        }
        for (name, entries) in types {
            if index.values.contains_key(&name) || name == "api" {
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

/// The name under which a module exports a local declaration; not `default` if there is another.
fn exported_name(contract: &ModuleContract, local: &str) -> Option<String> {
    let mut names: Vec<&str> = contract.exported_names(local).map(|e| e.name.as_str()).collect();
    names.sort_by_key(|name| (*name == "default", *name));
    names.first().map(|name| (*name).to_owned())
}

fn is_value(contract: &ModuleContract, module: &ClientModule, local: &str) -> bool {
    contract.functions.iter().any(|f| f.class.as_deref().unwrap_or(&f.name) == local)
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
        .find(|f| f.class.as_deref().unwrap_or(&f.name) == local)
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

/// A string that is called a secret, or is written like one.
fn looks_secret(constant: &Constant) -> bool {
    let name = constant.name.to_lowercase();
    let named = [
        "secret",
        "password",
        "passwd",
        "token",
        "apikey",
        "api_key",
        "private",
        "credential",
        "dsn",
    ]
    .iter()
    .any(|part| name.contains(part));
    strings(&constant.value).iter().any(|text| {
        let opaque = text.len() >= 8 && !text.contains(char::is_whitespace);
        (named && opaque)
            || text.starts_with("-----BEGIN")
            || ["sk-", "sk_live_", "ghp_", "AKIA", "xoxb-"]
                .iter()
                .any(|p| opaque && text.starts_with(p) && text.len() >= 16)
            || text.split_once("://").is_some_and(|(_, rest)| {
                rest.split('/').next().is_some_and(|host| {
                    host.split_once('@').is_some_and(|(user, _)| user.contains(':'))
                })
            })
    })
}

fn strings(value: &ConstantValue) -> Vec<&str> {
    match value {
        ConstantValue::String(text) => vec![text],
        ConstantValue::Array(items) => items.iter().flat_map(strings).collect(),
        ConstantValue::Object(fields) => fields.iter().flat_map(|(_, v)| strings(v)).collect(),
        _ => Vec::new(),
    }
}
