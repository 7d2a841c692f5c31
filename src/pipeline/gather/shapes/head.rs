//! Types on their way from the source to the wire: as written, with what their names mean, and
//! looked up as far as their outermost form.

use std::rc::Rc;

use serde_json::Value;

use crate::model::{
    SourcePath, Span,
    contract::TypeDeclaration,
    shape::{Literal, Place, Scalar},
    types::{Docs, TypeExpr},
};

/// A type that is not looked into yet. Recursive types end here.
#[derive(Clone)]
pub struct Thunk<'a> {
    pub source: Source<'a>,
    /// The way to it, which names the object or union that it may turn out to be:
    /// `src/types.ts#User.address`.
    pub way: Rc<str>,
    /// Where it is written.
    pub place: Place,
}

#[derive(Clone)]
pub enum Source<'a> {
    Written(&'a TypeExpr, Rc<Scope<'a>>),
    Known(Head<'a>),
    All(Rc<[Thunk<'a>]>),
    Any(Rc<[Thunk<'a>]>),
    /// `T` without undefined.
    Defined(Rc<Thunk<'a>>),
    /// A number or bigint of the type, wherever it stands in it, has this range.
    Scaled(Rc<Thunk<'a>>, Scalar),
}

/// What names mean where a type is written.
pub struct Scope<'a> {
    pub file: SourcePath,
    /// The namespaces around it, outermost first, each with its name.
    pub namespaces: Vec<(String, &'a [TypeDeclaration])>,
    /// Type parameters.
    pub bound: Vec<(String, Thunk<'a>)>,
    /// Of a mapped type's parameter: the scope around it.
    pub outer: Option<Rc<Scope<'a>>>,
}

impl<'a> Scope<'a> {
    pub fn of_file(file: &SourcePath) -> Rc<Self> {
        Rc::new(Self { file: file.clone(), namespaces: Vec::new(), bound: Vec::new(), outer: None })
    }

    pub fn bound(&self, name: &str) -> Option<&Thunk<'a>> {
        let own = self.bound.iter().find(|(n, _)| n == name).map(|(_, thunk)| thunk);
        own.or_else(|| self.outer.as_ref()?.bound(name))
    }

    /// With one more type parameter.
    pub fn with(self: &Rc<Self>, name: &str, thunk: Thunk<'a>) -> Rc<Self> {
        Rc::new(Self {
            file: self.file.clone(),
            namespaces: self.namespaces.clone(),
            bound: vec![(name.to_owned(), thunk)],
            outer: Some(Rc::clone(self)),
        })
    }
}

/// The outermost form of a type. Cheap to copy.
#[derive(Clone)]
pub enum Head<'a> {
    Never,
    Undefined,
    Null,
    Boolean,
    String,
    Number(Scalar),
    BigInt(Scalar),
    Date,
    Bytes,
    /// `unknown`, `any`.
    Unknown(Place),
    Literal(Literal),
    Array(Rc<Thunk<'a>>),
    Set(Rc<Thunk<'a>>),
    Map(Rc<(Thunk<'a>, Thunk<'a>)>),
    Tuple(Rc<TupleHead<'a>>),
    Object(Rc<ObjectHead<'a>>),
    Union(Rc<UnionHead<'a>>),
    /// `Promise<T>`, `HttpResp<T>`, `AsyncIterable<T>`: T, at the outside of a result.
    Wrapped(&'static str, Rc<Thunk<'a>>),
    Secret(Rc<Head<'a>>, Place),
    /// What cannot travel. Not an error before it does: `Omit` may remove it.
    Foreign(Rc<Foreign>),
    /// What is wrong with it has been reported.
    Refused,
}

pub struct Foreign {
    /// `RegExp`, `Function`.
    pub name: String,
    /// In words.
    pub instead: String,
    pub place: Place,
}

pub struct TupleHead<'a> {
    pub way: Rc<str>,
    pub place: Place,
    pub elements: Vec<ElementHead<'a>>,
    pub rest: Option<Thunk<'a>>,
}

#[derive(Clone)]
pub struct ElementHead<'a> {
    pub label: Option<String>,
    pub optional: bool,
    pub ty: Thunk<'a>,
}

#[derive(Clone)]
pub struct ObjectHead<'a> {
    pub way: Rc<str>,
    pub place: Place,
    pub docs: Option<Docs>,
    /// No name twice.
    pub fields: Vec<FieldHead<'a>>,
    /// Values under all other keys.
    pub rest: Option<Thunk<'a>>,
}

#[derive(Clone)]
pub struct FieldHead<'a> {
    pub name: String,
    /// It is written as a number: `{ 0: string }`.
    pub numeric: bool,
    pub ty: Thunk<'a>,
    pub optional: bool,
    pub hidden: bool,
    pub default: Option<Value>,
    pub docs: Option<Docs>,
    pub place: Place,
}

pub struct UnionHead<'a> {
    pub way: Rc<str>,
    pub place: Place,
    /// No unions among them.
    pub members: Vec<Head<'a>>,
}

impl<'a> Thunk<'a> {
    pub fn known(head: Head<'a>, way: &Rc<str>, place: &Place) -> Self {
        Self { source: Source::Known(head), way: Rc::clone(way), place: place.clone() }
    }

    /// The same type with undefined among its values.
    pub fn or_undefined(self) -> Self {
        let undefined = Self::known(Head::Undefined, &self.way, &self.place);
        let (way, place) = (Rc::clone(&self.way), self.place.clone());
        Self { source: Source::Any(Rc::from([self, undefined])), way, place }
    }

    pub fn defined(self) -> Self {
        let (way, place) = (Rc::clone(&self.way), self.place.clone());
        Self { source: Source::Defined(Rc::new(self)), way, place }
    }

    pub fn scaled(self, scalar: Scalar) -> Self {
        let (way, place) = (Rc::clone(&self.way), self.place.clone());
        Self { source: Source::Scaled(Rc::new(self), scalar), way, place }
    }
}

impl<'a> Head<'a> {
    /// What a secret holds.
    pub fn peeled(self) -> Self {
        match self {
            Head::Secret(inner, _) => (*inner).clone().peeled(),
            other => other,
        }
    }

    /// The members of a union, or the type alone; none of `never`.
    pub fn members(&self) -> Vec<Head<'a>> {
        match self {
            Head::Union(union) => union.members.clone(),
            Head::Never => Vec::new(),
            other => vec![other.clone()],
        }
    }
}

pub fn way(base: &str, segment: &str) -> Rc<str> {
    Rc::from(format!("{base}{segment}"))
}

/// The way to a property.
pub fn property(base: &str, name: &str) -> Rc<str> {
    let plain =
        !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$');
    if plain { way(base, &format!(".{name}")) } else { way(base, &format!("[{name:?}]")) }
}

pub fn place(file: &SourcePath, span: Span) -> Place {
    Place { file: Some(file.clone()), span }
}
