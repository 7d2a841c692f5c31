//! Types as written → their outermost form. Fields, elements and arguments are left as they are
//! until somebody asks, so that recursive types end.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    builtin,
    diagnostics::{
        Origin, circular_type, range_of_no_number, refused_type, too_large_type, unasked_type,
        undecided_type, undeclared_type,
    },
    fallback::{Answer, Fallback},
    head::{ElementHead, Foreign, Head, Scope, Source, Thunk, TupleHead, UnionHead, place, way},
    lookup::{Found, Name, exported, lookup},
};
use crate::{
    model::{
        SourcePath, Span,
        contract::{ConstantValue, TypeDeclaration, TypeDeclarationKind},
        diagnostic::Diagnostic,
        shape::{Literal, Place, Scalar},
        types::{LiteralType, TypeExpr},
    },
    pipeline::gather::{
        resolve::Resolution,
        symbols::{Leads, Symbols},
    },
    source::is_kontract,
    typescript::{self, Failure, Question, RefusalKind},
};

pub struct Evaluator<'a> {
    pub symbols: Symbols<'a>,
    pub fallback: &'a Fallback<'a>,
    /// By key: what named types came to.
    declared: FxHashMap<String, Head<'a>>,
    /// Named types that are being looked up.
    open: FxHashSet<String>,
    work: usize,
    /// How many types are being looked into, each for the one before it.
    depth: usize,
    /// While a package's type is looked up for the project: whether it cannot be told.
    gave_up: Option<bool>,
    pub origin: Origin,
    pub diagnostics: Vec<Diagnostic>,
    reported: FxHashSet<(String, String, Option<SourcePath>, Span)>,
}

/// Types looked into, in one program: far more than any real one needs.
const MAX_WORK: usize = 2_000_000;
/// A type that is made of its own field (`interface A { a: A['a'] }`) has no end.
const MAX_DEPTH: usize = 4_000;
/// Instantiations of recursive generics that grow with each step end here.
const MAX_KEY: usize = 4_000;
const MAX_NESTING: usize = 16;
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
            origin: Origin { file: SourcePath::new(""), span: Span::default(), result: false },
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

    fn reference(
        &mut self,
        ty: &'a TypeExpr,
        name: &str,
        arguments: &'a [TypeExpr],
        scope: &Rc<Scope<'a>>,
        path: &Rc<str>,
        at: &Place,
    ) -> Head<'a> {
        if self.computes_from_value(name, arguments, scope) {
            return self.undecided(ty, scope, path, at);
        }
        let found = lookup(self.symbols, scope, name);
        self.named(found, ty, name, arguments, scope, path, at)
    }

    /// `z.infer<typeof schema>`: a package that computes a type from a value need not be read, as
    /// only TypeScript can tell.
    fn computes_from_value(
        &self,
        name: &str,
        arguments: &[TypeExpr],
        scope: &Rc<Scope<'a>>,
    ) -> bool {
        let mut queries = Vec::new();
        arguments.iter().for_each(|argument| {
            argument.walk(&mut |ty| {
                if let TypeExpr::Query { name, .. } = ty {
                    queries.push(name.clone());
                }
            });
        });
        if queries.is_empty() || queries.iter().all(|query| self.is_constant(query, scope)) {
            return false;
        }
        let first = name.split('.').next().unwrap_or(name);
        let contract = self.symbols.modules.get(&scope.file);
        let import = contract
            .and_then(|c| c.imports.iter().find(|i| i.names.iter().any(|n| n.local == first)));
        import.is_some_and(|import| {
            let resolution = self.symbols.resolutions.get(&scope.file, &import.specifier);
            *resolution == Resolution::External && !is_kontract(&import.specifier)
        })
    }

    #[expect(clippy::too_many_arguments, reason = "what is known of a name, and where it stands")]
    fn named(
        &mut self,
        found: Name<'a>,
        ty: &'a TypeExpr,
        name: &str,
        arguments: &'a [TypeExpr],
        scope: &Rc<Scope<'a>>,
        path: &Rc<str>,
        at: &Place,
    ) -> Head<'a> {
        match found {
            Name::Bound(thunk) => self.head(&thunk),
            Name::Found(found) => {
                let arguments = arguments
                    .iter()
                    .enumerate()
                    .map(|(i, t)| Self::thunk(t, scope, way(path, &format!("<{i}>")), at))
                    .collect();
                if !self.symbols.is_package(&found.file) || self.symbols.is_package(&scope.file) {
                    return self.declaration(&found, arguments, at);
                }
                // What a package computes is asked for as the project names it.
                let gave_up = self.gave_up.replace(false);
                let head = self.declaration(&found, arguments, at);
                match std::mem::replace(&mut self.gave_up, gave_up) {
                    Some(true) => self.undecided(ty, scope, path, at),
                    _ => head,
                }
            }
            Name::EnumMember(found, member) => {
                for declaration in found.declarations {
                    if let TypeDeclarationKind::Enum { members, .. } = &declaration.kind
                        && let Some(member) = members.iter().find(|m| m.name == member)
                    {
                        return enum_value(member.value.as_ref());
                    }
                }
                Head::Refused
            }
            Name::Ours(name) => self.builtin(&name, true, ty, arguments, scope, path, at),
            Name::Global => self.builtin(name, false, ty, arguments, scope, path, at),
            Name::Package => self.undecided(ty, scope, path, at),
            Name::Nowhere => Head::Refused,
            Name::NoType => self.undeclared(name, ty, scope, path, at),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "what is known of a name, and where it stands")]
    fn builtin(
        &mut self,
        name: &str,
        ours: bool,
        ty: &'a TypeExpr,
        arguments: &'a [TypeExpr],
        scope: &Rc<Scope<'a>>,
        path: &Rc<str>,
        at: &Place,
    ) -> Head<'a> {
        match builtin::head(self, name, ours, arguments, scope, path, at) {
            builtin::Known::Head(head) => head,
            builtin::Known::Undecided => self.undecided(ty, scope, path, at),
            builtin::Known::Not => self.undeclared(name, ty, scope, path, at),
        }
    }

    /// A declared type with its arguments.
    fn declaration(
        &mut self,
        found: &Found<'a>,
        arguments: Vec<Thunk<'a>>,
        at: &Place,
    ) -> Head<'a> {
        let parameters =
            found.declarations.iter().map(|d| &d.type_parameters).find(|p| !p.is_empty());
        let mut key = format!("{}#{}", self.symbols.label(&found.file), found.path);
        let mut too_long = false;
        let mut scope = Rc::new(Scope {
            file: found.file.clone(),
            namespaces: found.namespaces.clone(),
            bound: Vec::new(),
            outer: None,
        });
        if let Some(parameters) = parameters {
            let mut arguments = arguments.into_iter();
            let mut texts = Vec::new();
            for parameter in parameters {
                let path = way(&key, &format!("<{}>", parameter.name));
                let here = place(&found.file, found.declarations[0].span);
                let argument = arguments.next().unwrap_or_else(|| {
                    match parameter.default.as_ref().or(parameter.constraint.as_ref()) {
                        Some(ty) => Self::thunk(ty, &scope, path, &here),
                        None => Thunk::known(Head::Unknown(here.clone()), &path, &here),
                    }
                });
                match super::names::text(self.symbols, &argument, &found.file) {
                    Some(text) => texts.push(text),
                    None => too_long = true,
                }
                let mut bound = scope.bound.clone();
                bound.push((parameter.name.clone(), argument));
                scope = Rc::new(Scope {
                    file: scope.file.clone(),
                    namespaces: scope.namespaces.clone(),
                    bound,
                    outer: None,
                });
            }
            key = format!("{key}<{}>", texts.join(", "));
        }
        if too_long || key.len() > MAX_KEY || super::names::nesting(&key) > MAX_NESTING {
            let message = format!("the type `{}` grows with each step into it", found.path);
            let diagnostic = too_large_type(&self.origin, &message, at);
            let start = place(&found.file, found.declarations[0].span);
            self.report(diagnostic, &start);
            return Head::Refused;
        }
        if let Some(head) = self.declared.get(&key) {
            return head.clone();
        }
        if !self.open.insert(key.clone()) {
            let diagnostic = circular_type(&self.origin, &found.path, at);
            self.report(diagnostic, at);
            return Head::Refused;
        }
        let path: Rc<str> = Rc::from(key.as_str());
        let head = self.body(found, &scope, &path);
        self.open.remove(&key);
        if self.gave_up != Some(true) {
            self.declared.insert(key, head.clone());
        }
        head
    }

    fn body(&mut self, found: &Found<'a>, scope: &Rc<Scope<'a>>, path: &Rc<str>) -> Head<'a> {
        let first: &'a TypeDeclaration = found.declarations[0];
        let at = place(&found.file, first.span);
        match &first.kind {
            TypeDeclarationKind::Alias(ty) => {
                let head = self.written(ty, scope, path, &at);
                match head {
                    Head::Object(object) if object.way == *path && object.docs.is_none() => {
                        let mut object = (*object).clone();
                        object.docs.clone_from(&first.docs);
                        Head::Object(Rc::new(object))
                    }
                    head => head,
                }
            }
            TypeDeclarationKind::Enum { .. } => {
                let mut heads = Vec::new();
                for declaration in &found.declarations {
                    if let TypeDeclarationKind::Enum { members, .. } = &declaration.kind {
                        heads.extend(members.iter().map(|m| enum_value(m.value.as_ref())));
                    }
                }
                self.union(heads, path, &at)
            }
            TypeDeclarationKind::Interface { .. } | TypeDeclarationKind::Class { .. } => {
                self.object_declaration(&found.declarations, scope, path, &at)
            }
            TypeDeclarationKind::Namespace(_) => Head::Refused,
        }
    }

    /// Asks TypeScript, or says that nobody knows.
    pub fn undecided(
        &mut self,
        ty: &'a TypeExpr,
        scope: &Rc<Scope<'a>>,
        path: &Rc<str>,
        at: &Place,
    ) -> Head<'a> {
        if self.gave_up.is_some() && self.symbols.is_package(&scope.file) {
            self.gave_up = Some(true);
            return Head::Refused;
        }
        let diagnostic = match self.asked(ty, scope, path, at, true) {
            Ok(head) => return head,
            Err(Some(diagnostic)) => diagnostic,
            Err(None) => undecided_type(&self.origin, &super::names::words(ty), at),
        };
        self.report(diagnostic, at);
        Head::Refused
    }

    /// A name that nothing here declares: TypeScript may know it from somewhere else.
    fn undeclared(
        &mut self,
        name: &str,
        ty: &'a TypeExpr,
        scope: &Rc<Scope<'a>>,
        path: &Rc<str>,
        at: &Place,
    ) -> Head<'a> {
        if self.gave_up.is_some() && self.symbols.is_package(&scope.file) {
            self.gave_up = Some(true);
            return Head::Refused;
        }
        let diagnostic = match self.asked(ty, scope, path, at, false) {
            Ok(head) => return head,
            Err(Some(diagnostic)) => diagnostic,
            Err(None) => undeclared_type(&self.origin, name, at),
        };
        self.report(diagnostic, at);
        Head::Refused
    }

    /// What TypeScript says of a type, or why it says nothing. A name that is not `declared` it
    /// need not know.
    fn asked(
        &mut self,
        ty: &'a TypeExpr,
        scope: &Rc<Scope<'a>>,
        path: &Rc<str>,
        at: &Place,
        declared: bool,
    ) -> Result<Head<'a>, Option<Diagnostic>> {
        let fallback = self.fallback;
        let written = || Question::new(&scope.file, ty).words();
        let words = || written().unwrap_or_else(|| super::names::words(ty));
        Err(match fallback.resolve(ty, scope, path, at.span) {
            Answer::Type(answer) => {
                return Ok(self.written(answer, &Scope::of_file(&scope.file), path, at));
            }
            Answer::Refused(refusal) if !declared && refusal.kind == RefusalKind::Unresolved => {
                None
            }
            Answer::Refused(refusal) => Some(refused_type(&self.origin, &words(), refusal, at)),
            Answer::Unknown => match fallback.failure() {
                None | Some(Failure::NoDisk) => None,
                Some(_) if !declared => None,
                Some(failure) => Some(unasked_type(&self.origin, &words(), failure, at)),
            },
            Answer::Unaskable => None,
        })
    }

    /// A declaration that an answer of TypeScript's names: exported or not, or a helper.
    fn answered(&self, module: &str, name: &str) -> Name<'a> {
        if module.is_empty() {
            return Name::Global;
        }
        let file = SourcePath::new(module);
        match self.fallback.helper(&file, name) {
            Some(helper) => Name::Found(Found {
                file,
                path: name.to_owned(),
                namespaces: Vec::new(),
                declarations: vec![helper],
            }),
            None => lookup(self.symbols, &Scope::of_file(&file), name),
        }
    }

    /// Puts a union together: flat, without what is in it twice.
    pub fn union(&mut self, heads: Vec<Head<'a>>, path: &Rc<str>, at: &Place) -> Head<'a> {
        let mut members: Vec<Head<'a>> = Vec::new();
        let mut seen = FxHashSet::default();
        let mut own_way = None;
        let mut values = 0;
        for head in heads {
            let nullish = matches!(head, Head::Null | Head::Undefined | Head::Never);
            values += usize::from(!nullish);
            if let Head::Union(union) = &head {
                own_way = Some((Rc::clone(&union.way), union.place.clone()));
            }
            for member in head.members() {
                match member {
                    Head::Unknown(at) => return Head::Unknown(at),
                    Head::Refused => return Head::Refused,
                    member => {
                        if identity(&member).is_none_or(|id| seen.insert(id)) {
                            members.push(member);
                        }
                    }
                }
            }
            if members.len() > MAX_MEMBERS {
                let diagnostic =
                    too_large_type(&self.origin, "a union has more than 10000 members", at);
                self.report(diagnostic, at);
                return Head::Refused;
            }
        }
        match members.len() {
            0 => Head::Never,
            1 => members.remove(0),
            _ => {
                let (way, place) = own_way
                    .filter(|_| values == 1)
                    .unwrap_or_else(|| (Rc::clone(path), at.clone()));
                Head::Union(Rc::new(UnionHead { way, place, members }))
            }
        }
    }

    /// The members of a type for which `keep` holds.
    pub fn filtered(
        &mut self,
        head: &Head<'a>,
        path: &Rc<str>,
        keep: impl Fn(&Head<'a>) -> bool,
    ) -> Head<'a> {
        let Head::Union(union) = head else {
            return if keep(head) { head.clone() } else { Head::Never };
        };
        let members: Vec<Head<'a>> = union.members.iter().filter(|m| keep(m)).cloned().collect();
        let values = |members: &[Head<'a>]| {
            members.iter().filter(|m| !matches!(m, Head::Null | Head::Undefined)).count()
        };
        let same = values(&members) == values(&union.members);
        let path = if same { &union.way } else { path };
        self.union(members, path, &union.place)
    }

    /// The numbers of a type with a range; it must have some.
    fn scaled(&mut self, head: &Head<'a>, scalar: Scalar, at: &Place) -> Head<'a> {
        let mut found = false;
        let scaled = scaled(head, scalar, &mut found);
        if !found {
            let name = format!("{scalar:?}").to_lowercase();
            let diagnostic = range_of_no_number(&self.origin, &name, at);
            self.report(diagnostic, at);
        }
        scaled
    }
}

fn scaled<'a>(head: &Head<'a>, scalar: Scalar, found: &mut bool) -> Head<'a> {
    let range = match head {
        Head::Number(_) => Head::Number(scalar),
        Head::BigInt(_) if matches!(scalar, Scalar::Int64 | Scalar::Uint64) => Head::BigInt(scalar),
        // What is in it is looked at in its turn.
        Head::Array(item) => Head::Array(Rc::new((**item).clone().scaled(scalar))),
        Head::Set(item) => Head::Set(Rc::new((**item).clone().scaled(scalar))),
        Head::Literal(Literal::Number(_)) | Head::Refused => head.clone(),
        Head::Secret(inner, at) => {
            return Head::Secret(Rc::new(scaled(inner, scalar, found)), at.clone());
        }
        Head::Union(union) => {
            let members = union.members.iter().map(|m| scaled(m, scalar, found)).collect();
            return Head::Union(Rc::new(UnionHead {
                way: Rc::clone(&union.way),
                place: union.place.clone(),
                members,
            }));
        }
        other => return other.clone(),
    };
    *found = true;
    range
}

/// What tells members of a union apart cheaply; None for those that are compared by their shape.
fn identity(head: &Head<'_>) -> Option<String> {
    Some(match head {
        Head::Undefined => "undefined".to_owned(),
        Head::Null => "null".to_owned(),
        Head::Boolean => "boolean".to_owned(),
        Head::String => "string".to_owned(),
        Head::Number(scalar) => format!("number {scalar:?}"),
        Head::BigInt(scalar) => format!("bigint {scalar:?}"),
        Head::Date => "Date".to_owned(),
        Head::Bytes => "Uint8Array".to_owned(),
        Head::Literal(literal) => format!("{literal:?}"),
        Head::Object(object) => format!("object {}", object.way),
        Head::Tuple(tuple) => format!("tuple {}", tuple.way),
        Head::Array(item) => format!("array {}", item.way),
        Head::Foreign(foreign) => format!("foreign {}", foreign.name),
        _ => return None,
    })
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

fn enum_value<'a>(value: Option<&ConstantValue>) -> Head<'a> {
    match value {
        Some(ConstantValue::String(text)) => Head::Literal(Literal::String(text.clone())),
        Some(ConstantValue::Number(value)) => Head::Literal(Literal::Number(*value)),
        // Only numbers can be computed.
        _ => Head::Number(Scalar::Float64),
    }
}
