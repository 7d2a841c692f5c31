//! Types as written → their outermost form. Fields, elements and arguments are left as they are
//! until somebody asks, so that recursive types end.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    diagnostics::{Origin, Part, too_large_type},
    fallback::Fallback,
    head::{ElementHead, Foreign, Head, Scope, Source, Thunk, TupleHead, place, way},
    lookup::{Name, exported},
};
use crate::{
    model::{
        SourcePath, Span,
        diagnostic::Diagnostic,
        shape::{Literal, Place, Scalar},
        types::{LiteralType, TypeExpr},
    },
    pipeline::gather::symbols::{Leads, Symbols},
    source::is_kontract,
    typescript,
};

pub struct Evaluator<'a> {
    pub symbols: Symbols<'a>,
    pub fallback: &'a Fallback<'a>,
    /// By key: what named types came to.
    pub declared: FxHashMap<String, Head<'a>>,
    /// Named types that are being looked up.
    pub open: FxHashSet<String>,
    work: usize,
    /// How many types are being looked into, each for the one before it.
    depth: usize,
    /// While a package's type is looked up for the project: whether it cannot be told.
    pub gave_up: Option<bool>,
    pub origin: Origin,
    pub diagnostics: Vec<Diagnostic>,
    reported: FxHashSet<(String, String, Option<SourcePath>, Span)>,
}

/// Types looked into, in one program: far more than any real one needs.
const MAX_WORK: usize = 2_000_000;
/// A type that is made of its own field (`interface A { a: A['a'] }`) has no end.
const MAX_DEPTH: usize = 4_000;
/// Members of a union while it is put together.
pub const MAX_MEMBERS: usize = 10_000;

impl<'a> Evaluator<'a> {
    pub fn new(symbols: Symbols<'a>, fallback: &'a Fallback<'a>) -> Self {
        Self {
            symbols,
            fallback,
            declared: FxHashMap::default(),
            open: FxHashSet::default(),
            work: 0,
            depth: 0,
            gave_up: None,
            origin: Origin {
                file: SourcePath::new(""),
                span: Span::default(),
                part: Part::Parameter,
            },
            diagnostics: Vec::new(),
            reported: FxHashSet::default(),
        }
    }

    /// Says it once, however many types lead there.
    pub fn report(&mut self, diagnostic: Diagnostic, at: &Place) {
        let key = (diagnostic.code.clone(), diagnostic.message.clone(), at.file.clone(), at.span);
        if self.reported.insert(key) {
            self.diagnostics.push(diagnostic);
        }
    }

    /// There is too much, which has been said: nothing is looked into any more.
    pub fn give_up(&mut self) {
        self.work = usize::MAX;
    }

    pub fn head(&mut self, thunk: &Thunk<'a>) -> Head<'a> {
        if self.work == usize::MAX {
            return Head::Refused;
        }
        self.work += 1;
        if self.work > MAX_WORK || self.depth > MAX_DEPTH {
            let diagnostic = too_large_type(
                &self.origin,
                "the types of this program are too large",
                &thunk.place,
            );
            self.report(diagnostic, &Place::default());
            self.give_up();
            return Head::Refused;
        }
        self.depth += 1;
        let head = stacker::maybe_grow(128 << 10, 4 << 20, || match &thunk.source {
            Source::Known(head) => head.clone(),
            Source::Written(ty, scope) => self.written(ty, scope, &thunk.way, &thunk.place),
            Source::Any(thunks) => {
                let heads = thunks.iter().map(|t| self.head(t)).collect();
                self.union(heads, &thunk.way, &thunk.place)
            }
            Source::All(thunks) => {
                let heads: Vec<_> = thunks.iter().map(|t| self.head(t)).collect();
                self.intersection(&heads, &thunk.way, &thunk.place)
            }
            Source::Defined(inner) => {
                let head = self.head(inner);
                self.filtered(&head, &thunk.way, |h| !matches!(h, Head::Undefined))
            }
            Source::Scaled(inner, scalar) => {
                let head = self.head(inner);
                self.scaled(&head, *scalar, &thunk.place)
            }
        });
        self.depth -= 1;
        head
    }

    pub fn thunk(
        ty: &'a TypeExpr,
        scope: &Rc<Scope<'a>>,
        way: Rc<str>,
        place: &Place,
    ) -> Thunk<'a> {
        Thunk { source: Source::Written(ty, Rc::clone(scope)), way, place: place.clone() }
    }

    /// The type of `ty`, which is written at `at` and named by `path` where it has no other name.
    pub fn written(
        &mut self,
        ty: &'a TypeExpr,
        scope: &Rc<Scope<'a>>,
        path: &Rc<str>,
        at: &Place,
    ) -> Head<'a> {
        match ty {
            TypeExpr::Keyword(name) => Self::keyword(name, at),
            TypeExpr::Literal(literal) => literal_head(literal),
            TypeExpr::Scalar { scalar, bigint: false } => Head::Number(*scalar),
            TypeExpr::Scalar { scalar, bigint: true } => Head::BigInt(*scalar),
            TypeExpr::Reference { name, arguments, span } => {
                let at = place(&scope.file, *span);
                self.reference(ty, name, arguments, scope, path, &at)
            }
            TypeExpr::Array(item) => {
                Head::Array(Rc::new(Self::thunk(item, scope, way(path, "[]"), at)))
            }
            TypeExpr::Tuple(elements) => self.tuple(elements, scope, path, at),
            TypeExpr::Object(members) => self.object_type(members, scope, path, at),
            TypeExpr::Union(types) => {
                let thunks = Self::members(types, scope, path, at);
                let heads = thunks.iter().map(|t| self.head(t)).collect();
                self.union(heads, path, at)
            }
            TypeExpr::Intersection(types) => {
                let heads: Vec<_> = types
                    .iter()
                    .enumerate()
                    .map(|(i, t)| {
                        let thunk = Self::thunk(t, scope, way(path, &format!("&{i}")), at);
                        self.head(&thunk)
                    })
                    .collect();
                self.intersection(&heads, path, at)
            }
            TypeExpr::Function(_) => foreign("Function", FUNCTION, at),
            TypeExpr::Operator { operator, operand } => match operator.as_str() {
                "readonly" => self.written(operand, scope, path, at),
                "keyof" => {
                    let operand = Self::thunk(operand, scope, way(path, "<0>"), at);
                    match self.keys(&operand) {
                        Some(heads) => self.union(heads, path, at),
                        None => self.undecided(ty, scope, path, at),
                    }
                }
                "unique" => foreign("symbol", "a `string`", at),
                _ => self.undecided(ty, scope, path, at),
            },
            TypeExpr::Indexed { object, index } => {
                let object = Self::thunk(object, scope, way(path, "<0>"), at);
                let index = Self::thunk(index, scope, way(path, "<1>"), at);
                match self.indexed(&object, &index, path, at) {
                    Some(head) => head,
                    None => self.undecided(ty, scope, path, at),
                }
            }
            TypeExpr::Mapped(mapped) => match self.mapped(mapped, scope, path, at) {
                Some(head) => head,
                None => self.undecided(ty, scope, path, at),
            },
            TypeExpr::Template { texts, types } => {
                match self.template(texts, types, scope, path, at) {
                    Some(head) => head,
                    // The pattern of a row's text holds for who writes it: TypeScript checks that.
                    None if self.origin.part == Part::Row => Head::String,
                    None => self.undecided(ty, scope, path, at),
                }
            }
            TypeExpr::Import { specifier, qualifier, arguments, span } => {
                let at = place(&scope.file, *span);
                if let (Some(module), Some(name)) = (typescript::module_of(specifier), qualifier) {
                    let found = self.answered(module, name);
                    return self.named(found, ty, name, arguments, scope, path, &at);
                }
                if let (true, Some(name)) = (is_kontract(specifier), qualifier) {
                    let found = Name::Ours(name.clone());
                    return self.named(found, ty, name, arguments, scope, path, &at);
                }
                let module = match self.symbols.leads(&scope.file, specifier) {
                    Leads::Module(module) => module,
                    // Reported where names are planned.
                    Leads::Nowhere => return Head::Refused,
                    Leads::Package => return self.undecided(ty, scope, path, &at),
                };
                let Some(qualifier) = qualifier else {
                    return self.undecided(ty, scope, path, &at);
                };
                let parts: Vec<&str> = qualifier.split('.').collect();
                let name = exported(self.symbols, &module, &parts);
                self.named(name, ty, qualifier, arguments, scope, path, &at)
            }
            TypeExpr::Predicate { asserts, .. } => {
                if *asserts {
                    Head::Undefined
                } else {
                    Head::Boolean
                }
            }
            TypeExpr::Query { name, arguments, .. } if arguments.is_empty() => {
                match self.constant(name, scope, path, at) {
                    Some(head) => head,
                    None => self.undecided(ty, scope, path, at),
                }
            }
            TypeExpr::Query { .. } | TypeExpr::Conditional { .. } | TypeExpr::Infer { .. } => {
                self.undecided(ty, scope, path, at)
            }
        }
    }

    fn keyword(name: &str, at: &Place) -> Head<'a> {
        match name {
            "string" => Head::String,
            "number" => Head::Number(Scalar::Float64),
            "boolean" => Head::Boolean,
            "bigint" => Head::BigInt(Scalar::Int64),
            "null" => Head::Null,
            "undefined" | "void" => Head::Undefined,
            "never" => Head::Never,
            "unknown" | "any" => Head::Unknown(at.clone()),
            "object" => foreign("object", "an interface, or `unknown` for any JSON data", at),
            "symbol" => foreign("symbol", "a `string`", at),
            other => foreign(other, "the name of the type", at),
        }
    }

    fn tuple(
        &mut self,
        elements: &'a [crate::model::types::TupleElement],
        scope: &Rc<Scope<'a>>,
        path: &Rc<str>,
        at: &Place,
    ) -> Head<'a> {
        let mut tuple =
            TupleHead { way: Rc::clone(path), place: at.clone(), elements: Vec::new(), rest: None };
        for element in elements {
            if tuple.rest.is_some() {
                return foreign(
                    "[...T[], U]",
                    "a tuple with its rest at the end: elements behind a rest have no position",
                    at,
                );
            }
            let segment = format!(".{}", tuple.elements.len());
            let thunk = Self::thunk(&element.ty, scope, way(path, &segment), at);
            if !element.rest {
                tuple.elements.push(ElementHead {
                    label: element.label.clone(),
                    optional: element.optional,
                    ty: thunk,
                });
                continue;
            }
            let spread = self.head(&Thunk { way: way(path, "..."), ..thunk });
            match spread {
                Head::Array(item) => tuple.rest = Some((*item).clone()),
                Head::Tuple(inner) => {
                    tuple.elements.extend(inner.elements.iter().cloned());
                    tuple.rest.clone_from(&inner.rest);
                }
                Head::Refused => return Head::Refused,
                Head::Foreign(foreign) => return Head::Foreign(foreign),
                _ => return foreign("...T", "an array or a tuple behind the dots", at),
            }
        }
        Head::Tuple(Rc::new(tuple))
    }

    /// The members of a union as written. What has no name of its own goes by what tells it from
    /// the others, not by its position, so that members may be reordered.
    fn members(
        types: &'a [TypeExpr],
        scope: &Rc<Scope<'a>>,
        path: &Rc<str>,
        at: &Place,
    ) -> Vec<Thunk<'a>> {
        let nullish = |ty: &TypeExpr| matches!(ty, TypeExpr::Keyword(k) if matches!(k.as_str(), "null" | "undefined" | "void"));
        let alone = types.iter().filter(|t| !nullish(t)).count() == 1;
        let mut labels: Vec<String> = Vec::new();
        types
            .iter()
            .map(|ty| {
                if alone {
                    return Self::thunk(ty, scope, Rc::clone(path), at);
                }
                let label = super::names::written_label(ty);
                let same = labels.iter().filter(|l| **l == label).count();
                labels.push(label.clone());
                let label = if same == 0 { label } else { format!("{label}~{}", same + 1) };
                Self::thunk(ty, scope, way(path, &format!("|{label}")), at)
            })
            .collect()
    }
}

pub fn foreign<'a>(name: &str, instead: &str, at: &Place) -> Head<'a> {
    Head::Foreign(Rc::new(Foreign {
        name: name.to_owned(),
        instead: instead.to_owned(),
        place: at.clone(),
    }))
}

pub const FUNCTION: &str = "data: functions stay where they are";

fn literal_head<'a>(literal: &LiteralType) -> Head<'a> {
    match literal {
        LiteralType::String(text) => Head::Literal(Literal::String(text.clone())),
        LiteralType::Boolean(value) => Head::Literal(Literal::Boolean(*value)),
        LiteralType::BigInt(text) => Head::Literal(Literal::BigInt { bigint: text.clone() }),
        LiteralType::Number(text) => match text.parse::<f64>() {
            Ok(value) => Head::Literal(Literal::Number(value)),
            Err(_) => Head::Number(Scalar::Float64),
        },
    }
}
