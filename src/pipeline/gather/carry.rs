//! Whether the types of a signature can travel as JSON.

use rustc_hash::FxHashSet;

use super::{
    diagnostics::type_not_carried,
    symbols::{Symbol, Symbols},
};
use crate::model::{
    SourcePath, Span,
    contract::{BackendFunction, TypeDeclarationKind},
    diagnostic::Diagnostic,
    types::{LiteralType, Member, MemberKind, TypeExpr},
};

/// Global types that JSON has no form for, and what to use instead.
const UNCARRIED: &[(&[&str], &str)] = &[
    (&["Date"], "an ISO 8601 string: `string`"),
    (&["Map", "ReadonlyMap", "WeakMap"], "a `Record<string, …>` or an array of pairs"),
    (&["Set", "ReadonlySet", "WeakSet"], "an array"),
    (
        &[
            "Uint8Array",
            "Uint8ClampedArray",
            "Int8Array",
            "Uint16Array",
            "Int16Array",
            "Uint32Array",
            "Int32Array",
            "Float32Array",
            "Float64Array",
            "BigInt64Array",
            "BigUint64Array",
            "ArrayBuffer",
            "SharedArrayBuffer",
            "DataView",
            "Buffer",
            "Blob",
            "File",
            "FormData",
        ],
        "a base64 `string`",
    ),
    (
        &[
            "AsyncIterable",
            "AsyncIterableIterator",
            "AsyncGenerator",
            "AsyncIterator",
            "ReadableStream",
            "Iterable",
            "IterableIterator",
            "Iterator",
            "Generator",
        ],
        "an array: streaming results are not available yet",
    ),
    (&["BigInt", "bigint"], "a decimal `string`, or a `number`"),
    (&["symbol", "Symbol"], "a `string`"),
    (&["Function"], "data: functions stay where they are"),
    (&["RegExp"], "its source as a `string`"),
    (&["Error", "Promise"], "a plain object"),
];

pub fn check(
    symbols: Symbols<'_>,
    file: &SourcePath,
    function: &BackendFunction,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut check = Check { symbols, seen: FxHashSet::default(), found: Vec::new() };
    for parameter in &function.signature.parameters {
        if let Some(ty) = &parameter.ty {
            check.at(file, parameter.span, ty, false);
        }
    }
    if let Some(result) = &function.signature.result {
        check.at(file, function.span, result_type(result), true);
    }
    diagnostics.append(&mut check.found);
}

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

struct Check<'a> {
    symbols: Symbols<'a>,
    seen: FxHashSet<(SourcePath, String)>,
    found: Vec<Diagnostic>,
}

/// Where the signature is, and where the type at hand is written.
#[derive(Clone, Copy)]
struct Place<'p> {
    file: &'p SourcePath,
    span: Span,
    /// It is the result that is at hand.
    result: bool,
    written: Option<(&'p SourcePath, Span)>,
}

impl Check<'_> {
    fn at(&mut self, file: &SourcePath, span: Span, ty: &TypeExpr, result: bool) {
        self.ty(Place { file, span, result, written: None }, file, ty);
    }

    /// `home` is the file in which `ty` is written.
    fn ty(&mut self, place: Place<'_>, home: &SourcePath, ty: &TypeExpr) {
        match ty {
            TypeExpr::Keyword(name) => self.global(place, name),
            TypeExpr::Literal(LiteralType::BigInt(_)) => self.global(place, "bigint"),
            TypeExpr::Function(_) => self.global(place, "Function"),
            TypeExpr::Reference { name, arguments, .. } => {
                for argument in arguments {
                    self.ty(place, home, argument);
                }
                self.reference(place, home, name);
            }
            TypeExpr::Object(members) => self.members(place, home, members, true),
            TypeExpr::Array(item) => self.ty(place, home, item),
            TypeExpr::Tuple(elements) => elements.iter().for_each(|e| self.ty(place, home, &e.ty)),
            TypeExpr::Union(types) | TypeExpr::Intersection(types) => {
                types.iter().for_each(|t| self.ty(place, home, t));
            }
            // `readonly` and `keyof` of a type hold no other values; the rest is computed by
            // TypeScript and checked with the wire schemas.
            TypeExpr::Operator { operator, operand } if operator == "readonly" => {
                self.ty(place, home, operand);
            }
            TypeExpr::Mapped(mapped) => {
                if let Some(ty) = &mapped.ty {
                    self.ty(place, home, ty);
                }
            }
            _ => {}
        }
    }

    fn reference(&mut self, place: Place<'_>, home: &SourcePath, name: &str) {
        let first = name.split('.').next().unwrap_or(name);
        let symbol = match (self.symbols.local(home, first), name.split_once('.')) {
            (Some(Symbol::Namespace(module)), Some((_, rest))) => {
                self.symbols.export(&module, rest)
            }
            (symbol, _) => symbol,
        };
        match symbol {
            None => self.global(place, name),
            Some(Symbol::Declared { module, name }) => {
                if !self.seen.insert((module.clone(), name.clone())) {
                    return;
                }
                let Some(declaration) =
                    self.symbols.module(&module).and_then(|c| c.type_named(&name))
                else {
                    return;
                };
                let place = Place { written: Some((&module, declaration.span)), ..place };
                match &declaration.kind {
                    TypeDeclarationKind::Alias(ty) => self.ty(place, &module, ty),
                    TypeDeclarationKind::Interface { extends, members } => {
                        extends.iter().for_each(|t| self.ty(place, &module, t));
                        self.members(place, &module, members, true);
                    }
                    // Methods of a class do not travel; its fields do.
                    TypeDeclarationKind::Class { extends, members } => {
                        extends.iter().for_each(|t| self.ty(place, &module, t));
                        self.members(place, &module, members, false);
                    }
                    TypeDeclarationKind::Enum { .. } | TypeDeclarationKind::Namespace(_) => {}
                }
            }
            Some(Symbol::Namespace(_) | Symbol::Package { .. }) => {}
        }
    }

    fn members(&mut self, place: Place<'_>, home: &SourcePath, members: &[Member], methods: bool) {
        for member in members {
            let place = Place { written: place.written.map(|_| (home, member.span)), ..place };
            match &member.kind {
                MemberKind::Property { ty, .. }
                | MemberKind::Getter { ty, .. }
                | MemberKind::Index { ty, .. } => {
                    self.ty(place, home, ty);
                }
                MemberKind::Method { .. } | MemberKind::Call(_) | MemberKind::Construct(_)
                    if methods =>
                {
                    self.global(place, "Function");
                }
                _ => {}
            }
        }
    }

    fn global(&mut self, place: Place<'_>, name: &str) {
        let Some((_, instead)) = UNCARRIED.iter().find(|(names, _)| names.contains(&name)) else {
            return;
        };
        let Place { file, span, result, written } = place;
        self.found.push(type_not_carried(file, span, name, instead, written, result));
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
