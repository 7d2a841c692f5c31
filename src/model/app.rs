//! The whole program, as `gather` understands it: everything the outputs are made from, with
//! names resolved across files and nothing left to look up.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use super::{
    SourcePath, Span,
    contract::{ExportTarget, ImportKind, Middleware, ModuleContract},
    reach::Search,
    shape::{ShapeKey, Shapes},
    types::{Member, TypeExpr},
};

/// The contracts of all files, by path.
pub type Modules = BTreeMap<SourcePath, Arc<ModuleContract>>;

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// Eight hexadecimal digits.
    pub id: String,
    /// 44 characters of base64.
    pub key: String,
}

#[derive(Debug, Default)]
pub struct App {
    pub routes: BTreeMap<String, Route>,
    pub middleware: Option<MiddlewareFile>,
    /// Distinct sets of middlewares that wrap a route, and the name of their chain function.
    pub chains: BTreeMap<Vec<usize>, String>,
    pub tables: BTreeMap<String, Table>,
    /// What travels.
    pub shapes: Shapes,
    /// What tables keep: definitions of their own, without ids.
    pub rows: Shapes,
    /// What `exec` runs, by id.
    pub statements: BTreeMap<String, Statement>,
    pub server: BTreeMap<SourcePath, ServerModule>,
    pub client: BTreeMap<SourcePath, ClientModule>,
    pub index: ClientIndex,
    /// `src/auth.ts`.
    pub auth: Option<SourcePath>,
    /// The public keys by which clients know a gateway, the current one first.
    pub pins: Vec<Pin>,
    /// What `.kontract/types.d.ts` is made from.
    pub registry: Registry,
}

/// The types of storage, for editors and `tsc`.
#[derive(Debug, Default)]
pub struct Registry {
    pub tables: BTreeMap<String, RegistryTable>,
    /// Types that `tsc` cannot import from where they are declared, by source.
    pub modules: BTreeMap<SourcePath, TypesModule>,
}

#[derive(Debug)]
pub struct RegistryTable {
    pub row: RegistryRow,
    pub primary_key: String,
    /// Fields that are settable when a row is made and not later.
    pub fixed: Vec<String>,
}

#[derive(Debug)]
pub enum RegistryRow {
    /// The exported name in that module; the local one in a module of [`Registry::modules`].
    Named { from: TypesFrom, name: String },
    /// No type describes it: its fields. Modules in `import('…')` are named by [`MODULE_SPECIFIER`](super::types::MODULE_SPECIFIER).
    Generated(Vec<Member>),
}

/// Where a file of the types folder takes a type from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum TypesFrom {
    Source(SourcePath),
    /// A module of [`Registry::modules`].
    Printed(SourcePath),
    Package(String),
}

/// Declarations of one source, printed again without annotations.
#[derive(Debug, Default)]
pub struct TypesModule {
    /// Local names of the types, and of the constants that `typeof` names.
    pub types: BTreeSet<String>,
    pub constants: BTreeSet<String>,
    pub imports: BTreeMap<TypesFrom, BTreeSet<(ImportName, String)>>,
    /// `import('./types').User`: specifier as written → where from.
    pub import_types: BTreeMap<String, TypesFrom>,
}

#[derive(Clone, Debug)]
pub struct Route {
    pub module: SourcePath,
    /// Index into the module's `functions`.
    pub function: usize,
    /// Indices of the middlewares that wrap it, outermost first.
    pub chain: Vec<usize>,
    /// What the annotation asks for, or else what the route's storage operations need.
    pub perm: u8,
    /// The tables that the route's call graph touches, each with the operations as a mask.
    pub tables: BTreeMap<String, u8>,
    /// The operations on each, by name.
    pub operations: BTreeMap<String, BTreeSet<String>>,
    /// The fields of each that it writes; [`SOME_FIELDS`] where they are not written out.
    pub writes: BTreeMap<String, BTreeSet<String>>,
    /// What its call graph looks for in them, with the file of each call.
    pub searches: Vec<(SourcePath, Search)>,
    /// Storage that it may touch beside them: what the compiler could not follow.
    pub unseen: Vec<Unseen>,
    /// Nothing that the compiler saw in it, or may have missed, has an effect: it may be run any
    /// number of times.
    pub reads: bool,
    /// Whatever effects it may have are in the transaction of its call: where that is not committed
    /// there were none.
    pub contained: bool,
    /// Identifies what travels: `sha256:…`.
    pub abi: String,
    /// The hashes of released versions that it can serve, its own among them; sorted.
    pub accepts: Vec<String>,
}

/// In the place of fields' names: any of them.
pub const SOME_FIELDS: &str = "*";

/// A statement of `exec`.
#[derive(Debug)]
pub struct Statement {
    pub table: String,
    /// As it is run, with the table under its logical name.
    pub sql: String,
    pub parameters: usize,
    /// Its rows come in an order of its own.
    pub ordered: bool,
    /// The arguments that name it.
    pub calls: Vec<(SourcePath, Span)>,
}

/// A use of storage that cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unseen {
    pub file: SourcePath,
    pub span: Span,
    /// `a table name that is computed`.
    pub what: String,
}

#[derive(Debug)]
pub struct MiddlewareFile {
    pub module: SourcePath,
    pub entries: Vec<Middleware>,
}

#[derive(Debug)]
pub struct Table {
    /// The interface or class of its rows: where it is declared, and its name.
    pub row: Option<(SourcePath, String)>,
    pub primary_key: String,
    pub fields: BTreeMap<String, Field>,
    /// Declaration order of `fields`.
    pub order: Vec<String>,
    /// Rows are private to their user.
    pub owned: bool,
    /// Values are looked for in fields that have no index.
    pub searched: bool,
    /// The definition of its rows in [`App::rows`].
    pub shape: Option<ShapeKey>,
}

#[derive(Debug)]
pub struct Field {
    pub ty: TypeExpr,
    pub optional: bool,
    pub perm: u8,
    pub index: bool,
    /// No two rows hold the same value.
    pub unique: bool,
}

/// A module of `dist/server`.
#[derive(Debug)]
pub struct ServerModule {
    /// Path below `dist/server` without extension: `api/users`.
    pub output: String,
    /// Specifiers as written → as printed, where they differ.
    pub specifiers: BTreeMap<String, String>,
    pub json: bool,
    pub flavour: Flavour,
    pub types: TypeNames,
}

/// Imported names that stand for types only, where the import itself does not say so: alone, the
/// module cannot be told from one that imports values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TypeNames {
    /// Local names of imports.
    pub locals: BTreeSet<String>,
    /// `export { User } from './types'`: specifier → names.
    pub reexports: BTreeMap<String, BTreeSet<String>>,
}

/// What the tsconfig of a module says of the code to be made from it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Flavour {
    /// `experimentalDecorators`; otherwise the standard ones.
    pub legacy_decorators: bool,
    /// `emitDecoratorMetadata`.
    pub decorator_metadata: bool,
    /// `useDefineForClassFields` is not switched off.
    pub define_fields: bool,
    /// `jsxImportSource`; React's otherwise.
    pub jsx_import_source: Option<String>,
}

/// A module of `dist/client`.
#[derive(Debug, Default)]
pub struct ClientModule {
    /// Path below `dist/client` without extension.
    pub output: String,
    /// It is client code and goes out stripped, not as stubs.
    pub code: bool,
    /// For `code`: specifiers as written → as printed.
    pub specifiers: BTreeMap<String, String>,
    pub flavour: Flavour,
    /// Types and constants of other client modules that declarations here name.
    pub imports: BTreeMap<SourcePath, BTreeSet<TypeImport>>,
    /// The same from packages, by specifier.
    pub packages: BTreeMap<String, BTreeSet<(ImportName, String)>>,
    /// `import('./types').User`: specifier as written → module.
    pub import_types: BTreeMap<String, SourcePath>,
    /// Types declared here that are printed.
    pub types: BTreeSet<String>,
    /// Constants declared here that are printed.
    pub constants: BTreeSet<String>,
    /// Local name → exported names. Routes, services, types and constants.
    pub exports: BTreeMap<String, BTreeSet<String>>,
    /// Things other client modules declare: exported name → (module, its exported name).
    pub reexports: BTreeMap<String, Reexport>,
    /// `export * as name from` of types: name → all exports of that module.
    pub namespaces: BTreeMap<String, SourcePath>,
    /// Routes of this module, in the order of the source.
    pub routes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TypeImport {
    pub exported: String,
    pub local: String,
    /// `import type * as local`; `exported` is empty.
    pub namespace: bool,
}

/// `ImportKind` with an order, for sorted output.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ImportName {
    Named(String),
    Default,
    Namespace,
}

impl From<&ImportKind> for ImportName {
    fn from(kind: &ImportKind) -> Self {
        match kind {
            ImportKind::Named(name) => Self::Named(name.clone()),
            ImportKind::Default => Self::Default,
            ImportKind::Namespace => Self::Namespace,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reexport {
    pub module: SourcePath,
    pub exported: String,
    /// A route, service or constant, which exists at run time.
    pub value: bool,
}

/// `dist/client/index`: exported name → where from.
#[derive(Debug, Default)]
pub struct ClientIndex {
    pub values: BTreeMap<String, IndexEntry>,
    pub types: BTreeMap<String, IndexEntry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexEntry {
    pub module: SourcePath,
    pub exported: String,
    pub span: Span,
}

impl App {
    /// The module and name of the type that `name` stands for in a client module.
    pub fn declaring(
        &self,
        modules: &Modules,
        file: &SourcePath,
        name: &str,
    ) -> Option<(SourcePath, String)> {
        let module = self.client.get(file)?;
        let (first, rest) =
            name.split_once('.').map_or((name, None), |(first, rest)| (first, Some(rest)));
        if module.types.contains(first) || module.constants.contains(first) {
            return Some((file.clone(), first.to_owned()));
        }
        let (target, import) = module.imports.iter().find_map(|(target, names)| {
            names.iter().find(|n| n.local == first).map(|n| (target, n))
        })?;
        let exported = if import.namespace { rest?.split('.').next()? } else { &import.exported };
        let contract = modules.get(target)?;
        if let Some(reexport) = self.client.get(target).and_then(|m| m.reexports.get(exported)) {
            return Some((
                reexport.module.clone(),
                local_of(modules.get(&reexport.module)?, &reexport.exported),
            ));
        }
        Some((target.clone(), local_of(contract, exported)))
    }
}

/// The local name behind an exported one.
fn local_of(contract: &ModuleContract, exported: &str) -> String {
    let export = contract.exports.iter().find(|e| e.name == exported);
    match export.map(|e| &e.target) {
        Some(ExportTarget::Local(local)) => local.clone(),
        _ => exported.to_owned(),
    }
}
