//! Types that a file alone cannot tell: `extract` leaves them as references to names that no
//! source may use, and `gather` puts what they stand for in their place.

use super::{
    Span,
    types::{LiteralType, TypeExpr},
};

/// `Row<'users'>`: a row of the table.
pub const ROW: &str = "__kontract_row";
/// `Result<'ns.load'>`: what calling the function gives, `Promise` included.
pub const RESULT: &str = "__kontract_result";
/// `Awaited<T>`: T, or what it is a promise of.
pub const AWAITED: &str = "__kontract_awaited";
/// `Present<T>`: T without null and undefined.
pub const PRESENT: &str = "__kontract_present";
/// `Item<T>`: an element of the array or iterable T.
pub const ITEM: &str = "__kontract_item";
/// `Member<T, 'name'>`: a property.
pub const MEMBER: &str = "__kontract_member";
/// `Sum<A, B>`: what `+` gives.
pub const SUM: &str = "__kontract_sum";
/// `Value<'Role.Admin'>`: a constant or enum member by the name it has in the file.
pub const VALUE: &str = "__kontract_value";

/// `Given<A, B>`: B, if A can be told.
pub const GIVEN: &str = "__kontract_given";

pub fn symbolic(name: &str, arguments: Vec<TypeExpr>) -> TypeExpr {
    TypeExpr::Reference { name: name.to_owned(), arguments, span: Span::default() }
}

pub fn named(name: &str, of: &str) -> TypeExpr {
    symbolic(name, vec![text(of)])
}

pub fn text(text: &str) -> TypeExpr {
    TypeExpr::Literal(LiteralType::String(text.to_owned()))
}

/// `[]`
pub fn empty_array() -> TypeExpr {
    TypeExpr::Array(Box::new(TypeExpr::Keyword("never".to_owned())))
}

/// Which of these a type is, and its arguments.
pub fn parts(ty: &TypeExpr) -> Option<(&str, &[TypeExpr])> {
    match ty {
        TypeExpr::Reference { name, arguments, .. }
            if [ROW, RESULT, AWAITED, PRESENT, ITEM, MEMBER, SUM, VALUE, GIVEN]
                .contains(&name.as_str()) =>
        {
            Some((name, arguments))
        }
        _ => None,
    }
}

pub fn is_symbolic(ty: &TypeExpr) -> bool {
    parts(ty).is_some()
}

/// It is one of these, or holds one.
pub fn has_symbolic(ty: &TypeExpr) -> bool {
    let mut found = false;
    ty.walk(&mut |part| found |= is_symbolic(part));
    found
}

/// The text of a literal argument.
pub fn literal(ty: Option<&TypeExpr>) -> Option<&str> {
    match ty {
        Some(TypeExpr::Literal(LiteralType::String(text))) => Some(text),
        _ => None,
    }
}

/// The members of a union of these, each once.
pub fn distinct(types: impl IntoIterator<Item = TypeExpr>) -> Vec<TypeExpr> {
    let mut distinct: Vec<TypeExpr> = Vec::new();
    for ty in types {
        let parts = match ty {
            TypeExpr::Union(parts) => parts,
            ty => vec![ty],
        };
        for part in parts {
            if !distinct.contains(&part) {
                distinct.push(part);
            }
        }
    }
    // What an empty array may hold, another one says.
    if distinct.iter().any(|ty| matches!(ty, TypeExpr::Array(_)) && *ty != empty_array()) {
        distinct.retain(|ty| *ty != empty_array());
    }
    distinct
}

/// Types whose argument is what a loop over them gives.
pub const ITERABLES: &[&str] = &[
    "Array",
    "ReadonlyArray",
    "Set",
    "ReadonlySet",
    "Iterable",
    "AsyncIterable",
    "AsyncIterableIterator",
    "IterableIterator",
];
