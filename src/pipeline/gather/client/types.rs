//! Which types and constants the client needs, followed from the signatures of its stubs.

use std::collections::BTreeSet;

use super::{Plan, exported_name};
use crate::model::{
    SourcePath, Span,
    app::{ImportName, TypeImport},
    contract::{Signature, TypeDeclaration, TypeDeclarationKind},
    types::{FunctionType, Member, MemberKind, Parameter, TypeExpr, TypeParameter},
};
use crate::pipeline::gather::{
    diagnostics::{computed_enum, module_not_found, typeof_server_value},
    resolve::Resolution,
    results::result_type,
    symbols::Symbol,
};

impl Plan<'_> {
    pub fn need_type(&mut self, file: &SourcePath, name: &str) {
        let Some(declaration) = self.contract(file).and_then(|c| c.type_named(name)) else {
            return;
        };
        if self.entry(file).types.insert(name.to_owned()) {
            self.declaration(file, declaration, &mut Vec::new());
        }
    }

    pub fn need_constant(&mut self, file: &SourcePath, name: &str) {
        let Some(constant) = self.contract(file).and_then(|c| c.constant(name)) else { return };
        if self.entry(file).constants.insert(name.to_owned())
            && let Some(ty) = &constant.ty
        {
            self.ty(file, ty, &mut Vec::new());
        }
    }

    pub fn declaration(
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

    pub fn signature(&mut self, file: &SourcePath, signature: &Signature) {
        let mut scope = Vec::new();
        self.type_parameters(file, &signature.type_parameters, &mut scope);
        self.parameters(file, &signature.parameters, &mut scope);
        if let Some(result) = &signature.result {
            self.ty(file, result_type(result), &mut scope);
        }
    }

    pub fn function(
        &mut self,
        file: &SourcePath,
        function: &FunctionType,
        scope: &mut Vec<String>,
    ) {
        let depth = scope.len();
        self.type_parameters(file, &function.type_parameters, scope);
        self.parameters(file, &function.parameters, scope);
        if let Some(result) = &function.result {
            self.ty(file, result, scope);
        }
        scope.truncate(depth);
    }

    pub fn type_parameters(
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

    pub fn parameters(
        &mut self,
        file: &SourcePath,
        parameters: &[Parameter],
        scope: &mut Vec<String>,
    ) {
        parameters.iter().filter_map(|p| p.ty.as_ref()).for_each(|t| self.ty(file, t, scope));
    }

    pub fn members(&mut self, file: &SourcePath, members: &[Member], scope: &mut Vec<String>) {
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
    pub fn ty(&mut self, file: &SourcePath, ty: &TypeExpr, scope: &mut Vec<String>) {
        match ty {
            TypeExpr::Keyword(_) | TypeExpr::Literal(_) | TypeExpr::Scalar { .. } => {}
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
                        if let Some(path) = qualifier {
                            self.need_member(&module, path);
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
    pub fn name(
        &mut self,
        file: &SourcePath,
        name: &str,
        span: Span,
        scope: &[String],
        query: bool,
    ) {
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
                    // A value that is written where a type belongs has no client module.
                    if !self.modules.contains_key(&module) {
                        return;
                    }
                    let import = TypeImport { exported, local: first.to_owned(), namespace: false };
                    self.entry(file).imports.entry(module).or_default().insert(import);
                }
            }
            Some(Symbol::Namespace(module)) => {
                if let Some(path) = rest {
                    self.need_member(&module, path);
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
    pub fn need(&mut self, module: &SourcePath, name: &str, query: Option<(&SourcePath, Span)>) {
        let Some(contract) = self.contract(module) else { return };
        if contract.type_named(name).is_some() {
            self.need_type(module, name);
        } else if contract.constant(name).is_some() {
            self.need_constant(module, name);
        } else if let Some((file, span)) = query
            && !contract.functions.iter().any(|f| f.local() == name)
        {
            self.diagnostics.push(typeof_server_value(file, span, name));
        }
    }

    /// `path` is what follows a module's own name: `User`, `models.User`.
    fn need_member(&mut self, module: &SourcePath, path: &str) {
        let (name, rest) =
            path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
        match (self.symbols.export(module, name), rest) {
            (Some(Symbol::Namespace(target)), Some(rest)) => {
                self.entry(&target);
                self.entry(module).namespaces.insert(name.to_owned(), target.clone());
                self.need_member(&target, rest);
            }
            _ => self.need_export(module, name),
        }
    }

    pub fn need_export(&mut self, module: &SourcePath, name: &str) {
        match self.symbols.export(module, name) {
            Some(Symbol::Declared { module: declaring, name: declared }) => {
                self.need(&declaring, &declared, None);
                self.reexport(module, name, Symbol::Declared { module: declaring, name: declared });
            }
            Some(Symbol::Namespace(_) | Symbol::Package { .. }) | None => {}
        }
    }

    /// Types and constants that are printed keep the names under which their module exports them.
    pub fn export_types(&mut self) {
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
}
