//! What one source file says, as far as other files and the outputs need to know: the result of
//! `extract`. It holds no syntax tree and depends on nothing but the file's text, so it can be
//! kept between builds.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Serialize};

use super::{
    SourcePath, Span,
    reach::Reach,
    statement::SqlCall,
    types::{Docs, Key, Member, MemberKind, Parameter, TypeExpr, TypeParameter, walk_signature},
};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ModuleContract {
    pub file: SourcePath,
    /// It has errors, so that more may stand in it than is said here.
    pub broken: bool,
    /// Kontract's annotations were lifted out of this file, so that no other tool can read it.
    pub annotated: bool,
    pub imports: Vec<Import>,
    pub exports: Vec<Export>,
    pub functions: Vec<BackendFunction>,
    pub types: Vec<TypeDeclaration>,
    pub constants: Vec<Constant>,
    /// Top-level values that cannot be evaluated: functions, classes, `let`, calls, ….
    pub values: Vec<Value>,
    /// Free uses of `ctx` and `env`.
    pub context: Vec<ContextUse>,
    /// `env.storage.<table>`, first use of each.
    pub tables: Vec<TableUse>,
    /// What is written into tables, where its type can be told.
    pub inserts: Vec<Insert>,
    /// What each top-level declaration touches and mentions; those that do neither are left out.
    pub reach: Vec<Reach>,
    pub statements: Vec<SqlCall>,
    /// What calling its functions gives, by the name they have in the file: `load`, `Service.find`.
    /// Missing: what cannot be told.
    pub results: BTreeMap<String, FunctionResult>,
    /// The entries of `defineMiddleware([...])`.
    pub middleware: Option<Vec<Middleware>>,
    /// String literals of at least six characters in code (not in types), sorted: what the leak
    /// scan looks for in client files. Filled for modules that are evidently server code.
    pub strings: Vec<String>,
}

/// An `import` declaration, `import()`, or the source of an `export … from`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Import {
    pub specifier: String,
    pub span: Span,
    pub names: Vec<ImportedName>,
    /// The module is loaded at run time: a side-effect import, `import()`, `export … from`, or one
    /// of its names is used as a value.
    pub runtime: bool,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ImportedName {
    pub local: String,
    pub name: ImportKind,
    pub used_as_value: bool,
    pub span: Span,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ImportKind {
    Named(String),
    Default,
    Namespace,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Export {
    /// `default` for the default export; empty for `export *`.
    pub name: String,
    pub target: ExportTarget,
    pub type_only: bool,
    pub span: Span,
}

/// What `export = name` is called among the exports.
pub const EXPORT_ASSIGNMENT: &str = "=";

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ExportTarget {
    /// A declaration or import of this module, by local name.
    Local(String),
    /// `export { imported as name } from 'specifier'`, `export * as name from`.
    From { specifier: String, name: ImportKind },
    /// `export * from 'specifier'`.
    Star { specifier: String },
    /// `export default <expression>` that is not a name.
    Expression,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FunctionKind {
    Function,
    Static,
    Instance,
}

/// How a call's operations on tables belong together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Isolation {
    #[default]
    Serializable,
    /// Each applies at once, by itself.
    None,
}

/// A function marked `@backend`, or wrapped in `backend(…)`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct BackendFunction {
    /// Local name of the function or method; `default` for a nameless default export.
    pub name: String,
    /// Local name of the class of a method.
    pub class: Option<String>,
    pub kind: FunctionKind,
    /// Declared by `export default`.
    pub default_export: bool,
    /// `name`, where the annotation renames the route.
    pub route: Option<String>,
    pub ugroup: Option<String>,
    pub egroup: Option<String>,
    pub perm: Option<u8>,
    pub isolation: Isolation,
    /// The call may run again after a conflict although it had effects outside.
    pub retry: bool,
    pub signature: Signature,
    /// The overload signatures before the implementation.
    pub overloads: Vec<Signature>,
    /// The function's name, for messages and maps.
    pub span: Span,
    /// The annotation from `@` to the end of its arguments, or the callee of `backend(…)`.
    pub annotation: Span,
    /// The whole function, or the whole call `backend(…)`.
    pub body: Span,
    /// The plain spelling: `body` is a call to be replaced by its last argument.
    pub wrapped: bool,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Signature {
    pub docs: Option<Docs>,
    pub type_parameters: Vec<TypeParameter>,
    pub parameters: Vec<Parameter>,
    /// As declared or inferred, `Promise` not yet unwrapped.
    pub result: Option<TypeExpr>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TypeDeclaration {
    pub name: String,
    pub kind: TypeDeclarationKind,
    pub type_parameters: Vec<TypeParameter>,
    pub docs: Option<Docs>,
    pub span: Span,
    /// A field or the declaration itself carries a storage annotation.
    pub entity: bool,
    pub storage: TypeStorage,
}

/// What the annotations of a type (or its parents `Owned`, `Table<'people'>`) say of its table.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct TypeStorage {
    /// The table's name, where it is not the plural of the type's.
    pub table: Option<Located<String>>,
    /// Where it is marked: rows are private to their user.
    pub owned: Option<Span>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum TypeDeclarationKind {
    Alias(TypeExpr),
    /// `extends` are references.
    Interface {
        extends: Vec<TypeExpr>,
        members: Vec<Member>,
    },
    /// The public instance side of a class, as a type.
    Class {
        extends: Option<TypeExpr>,
        members: Vec<Member>,
    },
    Enum {
        members: Vec<EnumMember>,
        is_const: bool,
    },
    /// `export namespace N { … }`: its type declarations.
    Namespace(Vec<TypeDeclaration>),
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct EnumMember {
    pub name: String,
    /// None: computed at run time.
    pub value: Option<ConstantValue>,
    pub docs: Option<Docs>,
}

/// A top-level `const` (or enum, in `types`) whose value the compiler knows.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Constant {
    pub name: String,
    pub value: ConstantValue,
    /// The declared type; otherwise the type of the literal is printed.
    pub ty: Option<TypeExpr>,
    /// Types that parts of the value are given: `{ key: KEY as Secret<string> }`.
    pub given: Vec<TypeExpr>,
    /// `as const`: printed with `readonly` and literal types.
    pub as_const: bool,
    pub docs: Option<Docs>,
    pub span: Span,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum ConstantValue {
    Undefined,
    Null,
    Boolean(bool),
    Number(f64),
    BigInt(String),
    String(String),
    Array(Vec<ConstantValue>),
    Object(Vec<(Key, ConstantValue)>),
}

impl ConstantValue {
    /// A text, or all texts of an array.
    pub fn texts(&self) -> Option<Vec<String>> {
        match self {
            Self::String(text) => Some(vec![text.clone()]),
            Self::Array(items) => items
                .iter()
                .map(|item| match item {
                    Self::String(text) => Some(text.clone()),
                    _ => None,
                })
                .collect(),
            _ => None,
        }
    }

    pub fn field(&self, name: &str) -> Option<&Self> {
        let Self::Object(fields) = self else { return None };
        let named = |key: &Key| matches!(key, Key::Name(key) if key == name);
        fields.iter().rev().find(|(key, _)| named(key)).map(|(_, value)| value)
    }
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Value {
    pub name: String,
    pub span: Span,
    /// As declared: of a function all of whose types are, or of an annotated variable.
    pub ty: Option<TypeExpr>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ContextUse {
    /// `ctx` or `env`.
    pub name: String,
    pub span: Span,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TableUse {
    pub table: String,
    pub span: Span,
}

/// What a function gives, declared or told from its body, `Promise` not unwrapped.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FunctionResult {
    pub ty: TypeExpr,
    /// The names of its type parameters.
    pub type_parameters: Vec<String>,
}

/// `env.storage.todos.push({ text })`, or `set`, or `update`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Insert {
    pub table: String,
    /// `unknown` where it cannot be told.
    pub ty: TypeExpr,
    /// `update`: fields of a row.
    pub partial: bool,
    pub span: Span,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Middleware {
    pub filter: Filter,
    pub span: Span,
    /// Its function, where that is written in this file.
    pub function: Option<Span>,
}

/// Which routes a middleware wraps: all given fields must hold; none given: all routes.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Filter {
    pub prefixurl: Option<Located<String>>,
    pub egroup: Option<Located<String>>,
    pub endpoints: Option<Vec<Located<String>>>,
    /// Values that stand elsewhere; `gather` puts them in.
    pub named: Vec<NamedFilter>,
}

/// A part of a filter that is a name: `groups.admin`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct NamedFilter {
    pub part: FilterPart,
    pub path: String,
    pub span: Span,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FilterPart {
    Whole,
    Prefixurl,
    Egroup,
    Endpoints,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Located<T> {
    pub value: T,
    pub span: Span,
}

impl BackendFunction {
    /// The module's name for it: the function's own, or its class's.
    pub fn local(&self) -> &str {
        self.class.as_deref().unwrap_or(&self.name)
    }
}

impl Signature {
    pub fn walk_types(&self, visit: &mut dyn FnMut(&TypeExpr)) {
        walk_signature(&self.type_parameters, &self.parameters, self.result.as_ref(), visit);
    }
}

impl TypeDeclaration {
    /// Calls `visit` on each type that stands in the declaration itself.
    pub fn walk_types(&self, visit: &mut dyn FnMut(&TypeExpr)) {
        walk_signature(&self.type_parameters, &[], None, visit);
        match &self.kind {
            TypeDeclarationKind::Alias(ty) => visit(ty),
            TypeDeclarationKind::Interface { extends, members } => {
                extends.iter().for_each(&mut *visit);
                members.iter().for_each(|m| m.walk_types(visit));
            }
            TypeDeclarationKind::Class { extends, members } => {
                extends.iter().for_each(&mut *visit);
                members.iter().for_each(|m| m.walk_types(visit));
            }
            TypeDeclarationKind::Enum { .. } => {}
            TypeDeclarationKind::Namespace(declarations) => {
                declarations.iter().for_each(|d| d.walk_types(visit));
            }
        }
    }
}

impl TypeDeclaration {
    /// Without doc comments: what changes when the type does.
    #[must_use]
    pub fn without_docs(&self) -> Self {
        let mut bare = self.clone();
        bare.strip_docs();
        bare
    }

    /// As a client sees it: a field without R may be sent, and never comes back.
    #[must_use]
    pub fn for_clients(&self) -> Cow<'_, Self> {
        let hidden = |m: &Member| matches!(&m.kind, MemberKind::Property { storage, .. } if storage.is_hidden());
        let (TypeDeclarationKind::Interface { members, .. }
        | TypeDeclarationKind::Class { members, .. }
        | TypeDeclarationKind::Alias(TypeExpr::Object(members))) = &self.kind
        else {
            return Cow::Borrowed(self);
        };
        if !members.iter().any(hidden) {
            return Cow::Borrowed(self);
        }
        let mut declaration = self.clone();
        if let TypeDeclarationKind::Interface { members, .. }
        | TypeDeclarationKind::Class { members, .. }
        | TypeDeclarationKind::Alias(TypeExpr::Object(members)) = &mut declaration.kind
        {
            for member in members {
                if let MemberKind::Property { optional, storage, .. } = &mut member.kind {
                    *optional |= storage.is_hidden();
                }
            }
        }
        Cow::Owned(declaration)
    }

    fn strip_docs(&mut self) {
        self.docs = None;
        match &mut self.kind {
            TypeDeclarationKind::Alias(ty) => ty.strip_docs(),
            TypeDeclarationKind::Interface { members, .. }
            | TypeDeclarationKind::Class { members, .. } => {
                members.iter_mut().for_each(Member::strip_docs);
            }
            TypeDeclarationKind::Enum { members, .. } => {
                members.iter_mut().for_each(|m| m.docs = None);
            }
            TypeDeclarationKind::Namespace(declarations) => {
                declarations.iter_mut().for_each(Self::strip_docs);
            }
        }
    }
}

impl ModuleContract {
    pub fn type_named(&self, name: &str) -> Option<&TypeDeclaration> {
        self.types.iter().find(|t| t.name == name)
    }

    pub fn constant(&self, name: &str) -> Option<&Constant> {
        self.constants.iter().find(|c| c.name == name)
    }

    /// The exported names of a local one.
    pub fn exported_names<'a>(&'a self, local: &'a str) -> impl Iterator<Item = &'a Export> {
        self.exports
            .iter()
            .filter(move |e| matches!(&e.target, ExportTarget::Local(l) if l == local))
    }
}
