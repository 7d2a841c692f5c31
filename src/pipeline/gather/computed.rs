//! What TypeScript said of types → the contracts, where clients could not compute them.
//!
//! ```ts
//! // Input: `schema` and `z` are the server's
//! type NewUser = z.infer<typeof schema>;
//! // Output
//! type NewUser = { name: string; owner: import('./owner').Owner };
//! ```

use std::collections::BTreeMap;

use super::{
    resolve::{Resolution, Resolutions},
    symbols::{Symbol, Symbols},
};
use crate::{
    model::{
        SourcePath,
        app::Modules,
        contract::{ModuleContract, TypeDeclaration, TypeDeclarationKind},
        types::TypeExpr,
    },
    typescript::{Answers, Question, module_of},
};

/// Types that are computed from values, or by packages, are replaced by what they come to; the
/// others stay as they are written.
pub fn settle(
    mut modules: Modules,
    mut resolutions: Resolutions,
    answers: &Answers,
) -> (Modules, Resolutions) {
    let mut changed: BTreeMap<SourcePath, ModuleContract> = BTreeMap::new();
    for file in answers.files() {
        let Some(contract) = modules.get(file) else { continue };
        let symbols = Symbols { modules: &modules, resolutions: &resolutions, packages: None };
        let mut contract = ModuleContract::clone(contract);
        replace(&mut contract, &mut |ty| {
            if !is_foreign(symbols, file, ty) {
                return None;
            }
            let mut answer = answers.get(&Question::new(file, ty))?.ok()?.clone();
            answer.replace(&mut |ty| local(file, ty));
            Some(answer)
        });
        for helper in answers.helpers(file) {
            let mut helper = helper.clone();
            declaration(&mut helper, &mut |ty| {
                let mut ty = ty.clone();
                ty.replace(&mut |ty| local(file, ty));
                Some(ty)
            });
            contract.types.push(helper);
        }
        changed.insert(file.clone(), contract);
    }
    for (file, contract) in changed {
        let mut note = |ty: &TypeExpr| {
            ty.walk(&mut |ty| {
                if let TypeExpr::Import { specifier, .. } = ty
                    && let Some(module) = module_of(specifier)
                {
                    let module = Resolution::Module(SourcePath::new(module));
                    resolutions.insert(&file, specifier.clone(), module);
                }
            });
        };
        contract.types.iter().for_each(|declaration| declaration.walk_types(&mut note));
        for function in &contract.functions {
            let signatures = function.overloads.iter().chain([&function.signature]);
            signatures.for_each(|signature| signature.walk_types(&mut note));
        }
        modules.insert(file, contract.into());
    }
    (modules, resolutions)
}

/// It depends on a value, or it is something that a package or TypeScript computes.
fn is_foreign(symbols: Symbols<'_>, file: &SourcePath, ty: &TypeExpr) -> bool {
    let mut queries = false;
    ty.walk(&mut |ty| queries |= matches!(ty, TypeExpr::Query { .. }));
    queries
        || match ty {
            TypeExpr::Reference { name, .. } => {
                let first = name.split('.').next().unwrap_or(name);
                !matches!(symbols.local(file, first), Some(Symbol::Declared { .. }))
            }
            TypeExpr::Import { specifier, .. } => symbols.target(file, specifier).is_none(),
            _ => false,
        }
}

/// An answer's names as `file` has them.
fn local(file: &SourcePath, ty: &TypeExpr) -> Option<TypeExpr> {
    let TypeExpr::Import { specifier, qualifier: Some(name), arguments, span } = ty else {
        return None;
    };
    let module = module_of(specifier);
    let own = module.is_none_or(|module| module.is_empty() || module == file.as_str());
    own.then(|| {
        let mut arguments = arguments.clone();
        arguments.iter_mut().for_each(|argument| argument.replace(&mut |ty| local(file, ty)));
        TypeExpr::Reference { name: name.clone(), arguments, span: *span }
    })
}

fn replace(contract: &mut ModuleContract, with: &mut dyn FnMut(&TypeExpr) -> Option<TypeExpr>) {
    contract.types.iter_mut().for_each(|d| declaration(d, with));
    for function in &mut contract.functions {
        for signature in function.overloads.iter_mut().chain([&mut function.signature]) {
            let types = signature.parameters.iter_mut().filter_map(|p| p.ty.as_mut());
            types.chain(&mut signature.result).for_each(|ty| ty.replace(with));
        }
    }
    for value in &mut contract.values {
        value.ty.iter_mut().for_each(|ty| ty.replace(with));
    }
    for constant in &mut contract.constants {
        constant.ty.iter_mut().for_each(|ty| ty.replace(with));
    }
}

fn declaration(
    declared: &mut TypeDeclaration,
    with: &mut dyn FnMut(&TypeExpr) -> Option<TypeExpr>,
) {
    match &mut declared.kind {
        TypeDeclarationKind::Alias(ty) => ty.replace(with),
        TypeDeclarationKind::Interface { extends, members } => {
            extends.iter_mut().for_each(|ty| ty.replace(with));
            members.iter_mut().for_each(|member| member.replace_types(with));
        }
        TypeDeclarationKind::Class { extends, members } => {
            extends.iter_mut().for_each(|ty| ty.replace(with));
            members.iter_mut().for_each(|member| member.replace_types(with));
        }
        TypeDeclarationKind::Enum { .. } => {}
        TypeDeclarationKind::Namespace(inner) => {
            inner.iter_mut().for_each(|d| declaration(d, with));
        }
    }
}
