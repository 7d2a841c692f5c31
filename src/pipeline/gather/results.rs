//! What of a signature is no part of the data: promises, responses, type predicates.

use super::symbols::{Symbol, Symbols};
use crate::model::{SourcePath, contract::TypeDeclarationKind, types::TypeExpr};

/// `value is User` travels as what it is at run time.
pub fn without_predicate(ty: &TypeExpr) -> TypeExpr {
    match ty {
        TypeExpr::Predicate { asserts, .. } => {
            TypeExpr::Keyword(if *asserts { "void" } else { "boolean" }.to_owned())
        }
        other => other.clone(),
    }
}

/// What a client gets of a declared result: `Promise<T>` and `HttpResp<T>` are T.
pub fn result_type(declared: &TypeExpr) -> &TypeExpr {
    match declared {
        TypeExpr::Reference { name, arguments, .. }
            if matches!(name.as_str(), "Promise" | "PromiseLike" | "HttpResp")
                || name.ends_with(".HttpResp") =>
        {
            arguments.first().map_or(declared, result_type)
        }
        other => other,
    }
}

/// `value`, which is `null` or `undefined`, is one of the type's values, or may be.
pub fn admits(symbols: Symbols<'_>, home: &SourcePath, ty: &TypeExpr, value: &str) -> bool {
    admits_to(symbols, home, ty, value, 16)
}

fn admits_to(
    symbols: Symbols<'_>,
    home: &SourcePath,
    ty: &TypeExpr,
    value: &str,
    depth: usize,
) -> bool {
    if depth == 0 {
        return true;
    }
    match ty {
        TypeExpr::Keyword(name) => name == value || matches!(name.as_str(), "any" | "unknown"),
        TypeExpr::Union(types) => {
            types.iter().any(|t| admits_to(symbols, home, t, value, depth - 1))
        }
        TypeExpr::Reference { name, .. } => match symbols.local(home, name) {
            Some(Symbol::Declared { module, name }) => {
                match symbols.module(&module).and_then(|c| c.type_named(&name)).map(|d| &d.kind) {
                    Some(TypeDeclarationKind::Alias(ty)) => {
                        admits_to(symbols, &module, ty, value, depth - 1)
                    }
                    Some(_) => false,
                    None => true,
                }
            }
            Some(_) => true,
            // A well-known generic object type, or a type parameter that may be anything.
            None => !matches!(
                name.as_str(),
                "Array"
                    | "ReadonlyArray"
                    | "Record"
                    | "Partial"
                    | "Required"
                    | "Readonly"
                    | "Pick"
                    | "Omit"
                    | "NonNullable"
            ),
        },
        TypeExpr::Conditional { .. }
        | TypeExpr::Indexed { .. }
        | TypeExpr::Query { .. }
        | TypeExpr::Import { .. } => true,
        TypeExpr::Infer { .. } => true,
        _ => false,
    }
}
