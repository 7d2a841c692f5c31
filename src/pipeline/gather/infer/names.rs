//! Names of types that travel between files.
//!
//! `User` of `src/model.ts` is `import('kontract:src/model.ts').User` on the way, and in the file
//! that it ends up in what that file calls it.

use super::{
    super::{client::exported_name, rows, symbols::Symbol},
    Inference,
};
use crate::{
    model::{
        SourcePath, Span,
        contract::{ImportKind, ModuleContract, TypeDeclarationKind},
        types::{MODULE_SPECIFIER, TypeExpr},
    },
    pipeline::names::relative,
};

impl Inference<'_> {
    /// `tsc` can import every type that it names.
    pub fn is_importable(&self, ty: &TypeExpr) -> bool {
        let mut all = true;
        ty.walk(&mut |part| {
            if let TypeExpr::Import { specifier, qualifier: Some(name), .. } = part
                && let Some(module) = specifier.strip_prefix(MODULE_SPECIFIER)
            {
                let contract = self.symbols.module(&SourcePath::new(module));
                let is_enum = contract
                    .and_then(|c| c.type_named(name))
                    .is_some_and(|d| matches!(d.kind, TypeDeclarationKind::Enum { .. }));
                all &= contract.is_some_and(|c| {
                    c.exports.iter().any(|e| e.name == *name) && (is_enum || !c.annotated)
                });
            }
        });
        all
    }

    /// In terms that mean the same everywhere.
    pub fn globalize(&self, file: &SourcePath, ty: &TypeExpr) -> Option<TypeExpr> {
        let mut ty = ty.clone();
        let mut failed = false;
        // Arguments are not looked into by `replace`: so they come first, from within.
        self.globalize_in(file, &mut ty, &mut failed);
        (!failed).then_some(ty)
    }

    fn globalize_in(&self, file: &SourcePath, ty: &mut TypeExpr, failed: &mut bool) {
        ty.replace(&mut |part| match part {
            TypeExpr::Reference { name, arguments, .. } => {
                let target = self.global_name(file, name)?;
                let mut arguments = arguments.clone();
                for argument in &mut arguments {
                    self.globalize_in(file, argument, failed);
                }
                let (specifier, qualifier) = target;
                Some(TypeExpr::Import {
                    specifier,
                    qualifier: Some(qualifier),
                    arguments,
                    span: Span::default(),
                })
            }
            TypeExpr::Query { .. } => {
                *failed = true;
                None
            }
            TypeExpr::Import { specifier, .. }
                if !specifier.starts_with(MODULE_SPECIFIER) && specifier.starts_with('.') =>
            {
                *failed = true;
                None
            }
            _ => None,
        });
    }

    fn global_name(&self, file: &SourcePath, name: &str) -> Option<(String, String)> {
        if let Some((module, declaration)) = rows::declared(self.symbols, file, name) {
            // A type of a namespace keeps the namespace's name.
            let path = match self.symbols.local(file, name.split('.').next()?)? {
                Symbol::Declared { name: first, .. } => name
                    .split_once('.')
                    .map_or(first.clone(), |(_, rest)| format!("{first}.{rest}")),
                _ => declaration.name.clone(),
            };
            return Some((format!("{MODULE_SPECIFIER}{module}"), path));
        }
        match self.symbols.local(file, name)? {
            Symbol::Package { specifier, name: ImportKind::Named(name) } => Some((specifier, name)),
            _ => None,
        }
    }

    /// With the names that `file` has for types; others are imported by `import('…')`, whose
    /// specifiers are noted. None where a type is not exported.
    pub fn localize(
        &self,
        file: &SourcePath,
        ty: &TypeExpr,
        specifiers: &mut Vec<(SourcePath, String, SourcePath)>,
    ) -> Option<TypeExpr> {
        let mut ty = ty.clone();
        let mut failed = false;
        self.localize_in(file, &mut ty, specifiers, &mut failed);
        (!failed).then_some(ty)
    }

    fn localize_in(
        &self,
        file: &SourcePath,
        ty: &mut TypeExpr,
        specifiers: &mut Vec<(SourcePath, String, SourcePath)>,
        failed: &mut bool,
    ) {
        ty.replace(&mut |part| {
            let TypeExpr::Import { specifier, qualifier: Some(name), arguments, span } = part
            else {
                return None;
            };
            let mut arguments = arguments.clone();
            for argument in &mut arguments {
                self.localize_in(file, argument, specifiers, failed);
            }
            let reference = |name: String, arguments| {
                Some(TypeExpr::Reference { name, arguments, span: Span::default() })
            };
            let Some(module) = specifier.strip_prefix(MODULE_SPECIFIER) else {
                let local = self.package_name(file, specifier, name);
                return match local {
                    Some(local) => reference(local, arguments),
                    None => Some(TypeExpr::Import {
                        specifier: specifier.clone(),
                        qualifier: Some(name.clone()),
                        arguments,
                        span: *span,
                    }),
                };
            };
            let module = SourcePath::new(module);
            if module == *file {
                return reference(name.clone(), arguments);
            }
            let (first, rest) = name
                .split_once('.')
                .map_or((name.as_str(), ""), |(first, _)| (first, &name[first.len()..]));
            if let Some(local) = self.local_name(file, &module, first) {
                return reference(format!("{local}{rest}"), arguments);
            }
            let exported =
                self.symbols.module(&module).and_then(|c: &ModuleContract| exported_name(c, first));
            let Some(exported) = exported else {
                *failed = true;
                return None;
            };
            let specifier = module_specifier(file, &module);
            specifiers.push((file.clone(), specifier.clone(), module));
            Some(TypeExpr::Import {
                specifier,
                qualifier: Some(format!("{exported}{rest}")),
                arguments,
                span: Span::default(),
            })
        });
    }

    /// What `file` calls a type of another module.
    fn local_name(&self, file: &SourcePath, module: &SourcePath, name: &str) -> Option<String> {
        self.imported(file, &Symbol::Declared { module: module.clone(), name: name.to_owned() })
    }

    fn package_name(&self, file: &SourcePath, specifier: &str, name: &str) -> Option<String> {
        let wanted = Symbol::Package {
            specifier: specifier.to_owned(),
            name: ImportKind::Named(name.to_owned()),
        };
        self.imported(file, &wanted)
    }

    fn imported(&self, file: &SourcePath, wanted: &Symbol) -> Option<String> {
        let contract = self.symbols.module(file)?;
        contract
            .imports
            .iter()
            .flat_map(|import| &import.names)
            .find(|n| self.symbols.local(file, &n.local).as_ref() == Some(wanted))
            .map(|n| n.local.clone())
    }
}

pub fn global(file: &SourcePath, name: &str) -> TypeExpr {
    TypeExpr::Import {
        specifier: format!("{MODULE_SPECIFIER}{file}"),
        qualifier: Some(name.to_owned()),
        arguments: Vec::new(),
        span: Span::default(),
    }
}
/// `src/api/users.ts`, `src/model.ts` → `../model`
fn module_specifier(from: &SourcePath, to: &SourcePath) -> String {
    let path = relative(from.as_str(), to.as_str());
    let extensions = [".d.ts", ".tsx", ".mts", ".ts"];
    extensions.iter().find_map(|e| path.strip_suffix(e)).unwrap_or(&path).to_owned()
}
