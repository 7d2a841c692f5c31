//! What of a signature is no part of the data: promises, responses, type predicates.

use crate::model::types::TypeExpr;

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
