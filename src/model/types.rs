//! TypeScript's types as they stand in the source, without positions of their own tree: what a
//! declaration file is printed from, and what wire schemas are resolved from.

use serde::{Deserialize, Serialize};

use super::{Span, perms, shape::Scalar};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum TypeExpr {
    /// `string`, `number`, `unknown`, `this`, … as written.
    Keyword(String),
    Literal(LiteralType),
    /// `Int32`; `Int64<bigint>` where `bigint` is set.
    Scalar {
        scalar: Scalar,
        bigint: bool,
    },
    /// `` `a${string}b` ``: texts (raw) around types.
    Template {
        texts: Vec<String>,
        types: Vec<TypeExpr>,
    },
    /// `User`, `ns.User`, `Page<Article>`.
    Reference {
        name: String,
        arguments: Vec<TypeExpr>,
        span: Span,
    },
    Array(Box<TypeExpr>),
    Tuple(Vec<TupleElement>),
    Object(Vec<Member>),
    Union(Vec<TypeExpr>),
    Intersection(Vec<TypeExpr>),
    Function(Box<FunctionType>),
    /// `keyof`, `readonly`, `unique`.
    Operator {
        operator: String,
        operand: Box<TypeExpr>,
    },
    Indexed {
        object: Box<TypeExpr>,
        index: Box<TypeExpr>,
    },
    Conditional {
        check: Box<TypeExpr>,
        extends: Box<TypeExpr>,
        then: Box<TypeExpr>,
        otherwise: Box<TypeExpr>,
    },
    Infer {
        name: String,
        constraint: Option<Box<TypeExpr>>,
    },
    Mapped(Box<MappedType>),
    /// `typeof config`, `typeof ns.value`.
    Query {
        name: String,
        arguments: Vec<TypeExpr>,
        span: Span,
    },
    /// `import('./types').User`.
    Import {
        specifier: String,
        qualifier: Option<String>,
        arguments: Vec<TypeExpr>,
        span: Span,
    },
    /// `x is User`, `asserts x`.
    Predicate {
        asserts: bool,
        parameter: String,
        ty: Option<Box<TypeExpr>>,
    },
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum LiteralType {
    String(String),
    /// As written, sign included.
    Number(String),
    BigInt(String),
    Boolean(bool),
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TupleElement {
    pub label: Option<String>,
    pub optional: bool,
    pub rest: bool,
    pub ty: TypeExpr,
}

/// A member of an object type or interface.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Member {
    pub kind: MemberKind,
    pub docs: Option<Docs>,
    pub span: Span,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum MemberKind {
    Property { key: Key, optional: bool, readonly: bool, ty: TypeExpr, storage: FieldStorage },
    Method { key: Key, optional: bool, signature: FunctionType },
    Getter { key: Key, ty: TypeExpr },
    Setter { key: Key, parameter: Parameter },
    Call(FunctionType),
    Construct(FunctionType),
    Index { parameter: Parameter, readonly: bool, ty: TypeExpr },
}

/// What the annotations (or `Primkey<…>`, `Perm<…>`) of a field say of its storage.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct FieldStorage {
    pub primary_key: bool,
    pub perm: Option<u8>,
    /// `@int32`: the range of the numbers in it.
    pub scalar: Option<Scalar>,
    pub index: bool,
    pub unique: bool,
}

impl FieldStorage {
    /// Something is said of a table at all.
    pub fn is_annotated(self) -> bool {
        Self { scalar: None, ..self } != Self::default()
    }

    /// Its permission lacks R: it never leaves the server.
    pub fn is_hidden(self) -> bool {
        self.perm.is_some_and(|perm| perm & perms::READ == 0)
    }
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Key {
    /// A name or a string: printed bare where it is an identifier.
    Name(String),
    Number(String),
    /// `[Symbol.iterator]`, `[key]`: the dotted name.
    Computed(String),
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FunctionType {
    pub constructor: bool,
    pub is_abstract: bool,
    pub type_parameters: Vec<TypeParameter>,
    pub parameters: Vec<Parameter>,
    pub result: Option<TypeExpr>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TypeParameter {
    pub name: String,
    /// `const`, `in`, `out`, in order.
    pub modifiers: Vec<String>,
    pub constraint: Option<TypeExpr>,
    pub default: Option<TypeExpr>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Parameter {
    /// `options` where the source destructures.
    pub name: String,
    /// Missing only where the source gives neither type nor literal default.
    pub ty: Option<TypeExpr>,
    /// `?` or a default value.
    pub optional: bool,
    pub rest: bool,
    /// `@int32`: the range of the numbers in it.
    pub scalar: Option<Scalar>,
    pub span: Span,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct MappedType {
    pub parameter: String,
    pub constraint: TypeExpr,
    pub name: Option<TypeExpr>,
    /// `readonly`, `+readonly`, `-readonly` or empty.
    pub readonly: String,
    /// `?`, `+?`, `-?` or empty.
    pub optional: String,
    pub ty: Option<TypeExpr>,
}

/// Before the path of a source, in the specifier of a [`TypeExpr::Import`] that the compiler made.
pub const MODULE_SPECIFIER: &str = "kontract:";

/// The text of a doc comment (`///` or `/** */`), without its delimiters and leading stars.
pub type Docs = String;

impl TypeExpr {
    /// Calls `visit` on this type and every type within it, outermost first.
    pub fn walk(&self, visit: &mut dyn FnMut(&TypeExpr)) {
        visit(self);
        match self {
            TypeExpr::Keyword(_) | TypeExpr::Literal(_) | TypeExpr::Scalar { .. } => {}
            TypeExpr::Template { types, .. }
            | TypeExpr::Union(types)
            | TypeExpr::Intersection(types) => {
                types.iter().for_each(|t| t.walk(visit));
            }
            TypeExpr::Reference { arguments, .. }
            | TypeExpr::Query { arguments, .. }
            | TypeExpr::Import { arguments, .. } => arguments.iter().for_each(|t| t.walk(visit)),
            TypeExpr::Array(item) => item.walk(visit),
            TypeExpr::Tuple(elements) => elements.iter().for_each(|e| e.ty.walk(visit)),
            TypeExpr::Object(members) => {
                members.iter().for_each(|m| m.walk_types(&mut |t| t.walk(visit)));
            }
            TypeExpr::Function(function) => function.walk_types(&mut |t| t.walk(visit)),
            TypeExpr::Operator { operand, .. } => operand.walk(visit),
            TypeExpr::Indexed { object, index } => {
                object.walk(visit);
                index.walk(visit);
            }
            TypeExpr::Conditional { check, extends, then, otherwise } => {
                [check, extends, then, otherwise].iter().for_each(|t| t.walk(visit));
            }
            TypeExpr::Infer { constraint, .. } => {
                if let Some(constraint) = constraint {
                    constraint.walk(visit);
                }
            }
            TypeExpr::Mapped(mapped) => {
                mapped.constraint.walk(visit);
                [&mapped.name, &mapped.ty].into_iter().flatten().for_each(|t| t.walk(visit));
            }
            TypeExpr::Predicate { ty, .. } => {
                if let Some(ty) = ty {
                    ty.walk(visit);
                }
            }
        }
    }
}

impl TypeExpr {
    /// How many types it is made of, itself included.
    pub fn size(&self) -> usize {
        let mut count = 0;
        self.walk(&mut |_| count += 1);
        count
    }

    /// Puts what `change` gives in the place of this type, or of types within it: outermost first,
    /// and what is put in is not looked into.
    pub fn replace(&mut self, change: &mut dyn FnMut(&TypeExpr) -> Option<TypeExpr>) {
        if let Some(other) = change(self) {
            *self = other;
            return;
        }
        match self {
            TypeExpr::Keyword(_) | TypeExpr::Literal(_) | TypeExpr::Scalar { .. } => {}
            TypeExpr::Template { types, .. }
            | TypeExpr::Union(types)
            | TypeExpr::Intersection(types)
            | TypeExpr::Reference { arguments: types, .. }
            | TypeExpr::Query { arguments: types, .. }
            | TypeExpr::Import { arguments: types, .. } => {
                types.iter_mut().for_each(|t| t.replace(change));
            }
            TypeExpr::Array(item) | TypeExpr::Operator { operand: item, .. } => {
                item.replace(change);
            }
            TypeExpr::Tuple(elements) => {
                elements.iter_mut().for_each(|e| e.ty.replace(change));
            }
            TypeExpr::Object(members) => {
                members.iter_mut().for_each(|m| m.replace_types(change));
            }
            TypeExpr::Function(function) => function.replace_types(change),
            TypeExpr::Indexed { object, index } => {
                object.replace(change);
                index.replace(change);
            }
            TypeExpr::Conditional { check, extends, then, otherwise } => {
                [check, extends, then, otherwise].into_iter().for_each(|t| t.replace(change));
            }
            TypeExpr::Infer { constraint, .. } => {
                constraint.iter_mut().for_each(|t| t.replace(change));
            }
            TypeExpr::Mapped(mapped) => {
                mapped.constraint.replace(change);
                [&mut mapped.name, &mut mapped.ty]
                    .into_iter()
                    .flatten()
                    .for_each(|t| t.replace(change));
            }
            TypeExpr::Predicate { ty, .. } => ty.iter_mut().for_each(|t| t.replace(change)),
        }
    }

    /// Doc comments of the members of object types, wherever they are nested in unions, arrays and
    /// the like.
    pub fn strip_docs(&mut self) {
        match self {
            TypeExpr::Object(members) => members.iter_mut().for_each(Member::strip_docs),
            TypeExpr::Array(item) | TypeExpr::Operator { operand: item, .. } => item.strip_docs(),
            TypeExpr::Union(types)
            | TypeExpr::Intersection(types)
            | TypeExpr::Reference { arguments: types, .. } => {
                types.iter_mut().for_each(TypeExpr::strip_docs);
            }
            TypeExpr::Tuple(elements) => elements.iter_mut().for_each(|e| e.ty.strip_docs()),
            _ => {}
        }
    }
}

impl Member {
    pub fn replace_types(&mut self, change: &mut dyn FnMut(&TypeExpr) -> Option<TypeExpr>) {
        match &mut self.kind {
            MemberKind::Property { ty, .. } | MemberKind::Getter { ty, .. } => ty.replace(change),
            MemberKind::Method { signature, .. }
            | MemberKind::Call(signature)
            | MemberKind::Construct(signature) => signature.replace_types(change),
            MemberKind::Setter { parameter, .. } => {
                parameter.ty.iter_mut().for_each(|t| t.replace(change));
            }
            MemberKind::Index { parameter, ty, .. } => {
                parameter.ty.iter_mut().for_each(|t| t.replace(change));
                ty.replace(change);
            }
        }
    }

    pub fn strip_docs(&mut self) {
        self.docs = None;
        if let MemberKind::Property { ty, .. }
        | MemberKind::Getter { ty, .. }
        | MemberKind::Index { ty, .. } = &mut self.kind
        {
            ty.strip_docs();
        }
    }

    /// Calls `visit` on each type that stands in the member itself.
    pub fn walk_types(&self, visit: &mut dyn FnMut(&TypeExpr)) {
        match &self.kind {
            MemberKind::Property { ty, .. } | MemberKind::Getter { ty, .. } => visit(ty),
            MemberKind::Method { signature, .. } => signature.walk_types(visit),
            MemberKind::Setter { parameter, .. } => parameter.ty.iter().for_each(visit),
            MemberKind::Call(signature) | MemberKind::Construct(signature) => {
                signature.walk_types(visit);
            }
            MemberKind::Index { parameter, ty, .. } => {
                parameter.ty.iter().for_each(&mut *visit);
                visit(ty);
            }
        }
    }
}

impl FunctionType {
    fn replace_types(&mut self, change: &mut dyn FnMut(&TypeExpr) -> Option<TypeExpr>) {
        for parameter in &mut self.type_parameters {
            parameter.constraint.iter_mut().for_each(|t| t.replace(change));
            parameter.default.iter_mut().for_each(|t| t.replace(change));
        }
        for parameter in &mut self.parameters {
            parameter.ty.iter_mut().for_each(|t| t.replace(change));
        }
        self.result.iter_mut().for_each(|t| t.replace(change));
    }

    pub fn walk_types(&self, visit: &mut dyn FnMut(&TypeExpr)) {
        walk_signature(&self.type_parameters, &self.parameters, self.result.as_ref(), visit);
    }
}

/// The types of a signature: parameters' constraints, parameters, result.
pub fn walk_signature(
    type_parameters: &[TypeParameter],
    parameters: &[Parameter],
    result: Option<&TypeExpr>,
    visit: &mut dyn FnMut(&TypeExpr),
) {
    for parameter in type_parameters {
        [&parameter.constraint, &parameter.default].into_iter().flatten().for_each(&mut *visit);
    }
    parameters.iter().filter_map(|p| p.ty.as_ref()).for_each(&mut *visit);
    result.into_iter().for_each(visit);
}
