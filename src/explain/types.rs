//! The declared types that a signature names, themselves or through others.

use std::collections::BTreeSet;

use crate::model::{
    SourcePath,
    app::{App, Modules},
    contract::{Signature, TypeDeclaration},
    types::{MODULE_SPECIFIER, TypeExpr},
};

/// Where a type is declared, and its name there.
pub type TypeName = (SourcePath, String);

/// The types that clients see behind `signature`, which stands in `file`.
pub fn reached(
    app: &App,
    modules: &Modules,
    file: &SourcePath,
    signature: &Signature,
) -> BTreeSet<TypeName> {
    let mut found = BTreeSet::new();
    let mut fresh = BTreeSet::new();
    signature.walk_types(&mut |ty| named(app, modules, file, ty, &mut fresh));
    while let Some(name) = fresh.pop_first() {
        if let Some(declaration) = declaration(modules, &name)
            && found.insert(name.clone())
        {
            let mut inner = BTreeSet::new();
            declaration.walk_types(&mut |ty| named(app, modules, &name.0, ty, &mut inner));
            fresh.extend(inner.into_iter().filter(|name| !found.contains(name)));
        }
    }
    found
}

pub fn declaration<'m>(
    modules: &'m Modules,
    (file, name): &TypeName,
) -> Option<&'m TypeDeclaration> {
    modules.get(file)?.type_named(name)
}

/// Adds what `ty` and the types within it name.
fn named(
    app: &App,
    modules: &Modules,
    file: &SourcePath,
    ty: &TypeExpr,
    found: &mut BTreeSet<TypeName>,
) {
    ty.walk(&mut |ty| match ty {
        TypeExpr::Reference { name, .. } => found.extend(app.declaring(modules, file, name)),
        TypeExpr::Import { specifier, qualifier: Some(name), .. } => {
            let module = match specifier.strip_prefix(MODULE_SPECIFIER) {
                Some(path) => Some(SourcePath::new(path)),
                None => app.client.get(file).and_then(|m| m.import_types.get(specifier)).cloned(),
            };
            found.extend(module.map(|module| (module, name.clone())));
        }
        _ => {}
    });
}
