//! Constants that should not go to clients.

use rustc_hash::FxHashSet;

use crate::{
    model::{
        SourcePath,
        contract::{Constant, ConstantValue, ImportKind, TypeDeclarationKind},
        types::{Member, MemberKind, TypeExpr},
    },
    pipeline::gather::symbols::{Symbol, Symbols},
    source::is_kontract,
};

/// A string that is called a secret, or is written like one.
pub fn looks_secret(constant: &Constant) -> bool {
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

/// A type that it or a part of it is given has a `Secret` in it, by any name.
pub fn holds_secret(symbols: Symbols<'_>, file: &SourcePath, constant: &Constant) -> bool {
    let mut seen = FxHashSet::default();
    let types = constant.ty.iter().chain(&constant.given);
    let mut queue: Vec<(SourcePath, &TypeExpr)> = types.map(|ty| (file.clone(), ty)).collect();
    while let Some((file, ty)) = queue.pop() {
        let mut names = Vec::new();
        ty.walk(&mut |part| {
            if let TypeExpr::Reference { name, .. } = part {
                names.push(name.clone());
            }
        });
        for name in names {
            let (first, member) = name.split_once('.').unwrap_or((&name, ""));
            match symbols.local(&file, first) {
                Some(Symbol::Package { specifier, name }) if is_kontract(&specifier) => {
                    let named = match &name {
                        ImportKind::Named(name) => name,
                        ImportKind::Namespace | ImportKind::Default => member,
                    };
                    if named == "Secret" {
                        return true;
                    }
                }
                Some(Symbol::Declared { module, name })
                    if seen.insert((module.clone(), name.clone())) =>
                {
                    let declared = symbols.module(&module).and_then(|c| c.type_named(&name));
                    match declared.map(|declaration| &declaration.kind) {
                        Some(TypeDeclarationKind::Alias(ty)) => queue.push((module, ty)),
                        Some(TypeDeclarationKind::Interface { members, .. }) => {
                            let types = members.iter().filter_map(required);
                            queue.extend(types.map(|ty| (module.clone(), ty)));
                        }
                        _ => {}
                    }
                }
                _ => {}
            }
        }
    }
    false
}

/// Of a field that every value of the type has.
fn required(member: &Member) -> Option<&TypeExpr> {
    match &member.kind {
        MemberKind::Property { optional: false, ty, .. } => Some(ty),
        _ => None,
    }
}

fn strings(value: &ConstantValue) -> Vec<&str> {
    match value {
        ConstantValue::String(text) => vec![text],
        ConstantValue::Array(items) => items.iter().flat_map(strings).collect(),
        ConstantValue::Object(fields) => fields.iter().flat_map(|(_, v)| strings(v)).collect(),
        _ => Vec::new(),
    }
}
