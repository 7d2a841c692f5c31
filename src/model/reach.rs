//! What code touches, declaration by declaration: the facts that the call graph is made of.

use serde::{Deserialize, Serialize};

use super::{Span, contract::Located, perms};

/// What runs with a top-level declaration, or with one member of it.
///
/// ```ts
/// export const repository = { find: (id: string) => env.storage.users.get(id) };
/// ```
/// is a `Reach` of `repository`, which is empty, and one of its member `find` with an operation.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Reach {
    /// Local name; `default` for a nameless default export.
    pub name: String,
    /// A method or property of a class or object literal. None: what runs when the declaration is
    /// called, or when its value or an instance of it is made.
    pub member: Option<String>,
    /// Of a function: how many of its parameters, from the first, are followed into it.
    pub parameters: Option<usize>,
    pub operations: Vec<Operation>,
    /// What the calls of `query` and `count` among them look for.
    pub searches: Vec<Search>,
    /// Which fields the calls of `set`, `update` and `push` among them write.
    pub writes: Vec<Write>,
    pub mentions: Vec<Mention>,
    /// Uses of storage that cannot be followed, in words: `a computed table name`.
    pub unseen: Vec<Located<String>>,
    /// What it stands for: `const repository = new Repository()` for the class, and a class for its
    /// parent too.
    pub holds: Vec<Held>,
    /// What a call of it returns, as far as that matters here.
    pub returns: Vec<Held>,
    /// Its code may do what is seen afterwards, beside the operations: a fetch, say.
    pub effects: bool,
    /// Its code may open transactions of its own.
    pub transactions: bool,
}

/// `env.storage.users.get(…)`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Operation {
    pub table: String,
    /// As written; [`ITERATE`] for `for await`.
    pub name: String,
    pub span: Span,
}

/// `env.storage.users.query({ city: 'Paris', age: { gt: 18 } }, { limit: 10 })`, as far as it is
/// written out.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Search {
    pub table: String,
    /// `query`; not `count`.
    pub lists: bool,
    /// Fields that must contain a value: `city`.
    pub contains: Vec<String>,
    /// Fields that are compared: `age`.
    pub compares: Vec<String>,
    /// There is a limit, or options that are made elsewhere.
    pub limited: bool,
    /// What is looked for, is not written out.
    pub unknown: bool,
    pub span: Span,
}

/// `env.storage.users.update(id, { role: 'admin' })`, as far as it is written out.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Write {
    pub fields: Vec<String>,
    /// It may write others: a spread, or a value that is made elsewhere.
    pub others: bool,
    /// That of the operation.
    pub span: Span,
}

/// A top-level name, or what is reached through one. Whatever is mentioned may be called.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Mention {
    pub path: Path,
    pub span: Span,
    /// Storage that is handed over, by position of the argument.
    pub arguments: Vec<(usize, Held)>,
}

/// `library.find(…).name` is `library`, `find`, [`CALL`], `name`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Path {
    /// The names are exports of this module: `import('./library')`.
    pub import: Option<String>,
    /// The first is a local name, `this`, `super`, or `#0` for the first parameter.
    pub names: Vec<String>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Held {
    Env,
    Storage,
    Table(String),
    /// A table whose name is computed.
    SomeTable,
    Named(Path),
}

/// The result of a call. Of a call with a text as its first argument: `('users')`.
pub const CALL: &str = "()";
/// A member with a computed name.
pub const COMPUTED: &str = "[]";
/// Its value goes nowhere from here.
pub const DROPPED: &str = "";
/// `for await (const user of …)`.
pub const ITERATE: &str = "iterate";

/// `('users')` → `users`; `()` → an argument that is not known; None for what is no call.
pub fn called_with(name: &str) -> Option<Option<&str>> {
    if name == CALL {
        return Some(None);
    }
    name.strip_prefix("('").and_then(|rest| rest.strip_suffix("')")).map(Some)
}

/// The permission that an operation of a table needs; None for what is no operation.
pub fn needed(operation: &str) -> Option<u8> {
    match operation {
        "get" | "getMany" | "query" | "count" | "exec" | ITERATE => Some(perms::READ),
        "set" | "update" | "push" => Some(perms::WRITE),
        "delete" | "pop" | "shift" => Some(perms::REMOVE),
        _ => None,
    }
}

impl Held {
    pub fn is_storage(&self) -> bool {
        !matches!(self, Held::Named(_))
    }

    /// For messages.
    pub fn in_words(&self) -> String {
        match self {
            Held::Env => "`env`".to_owned(),
            Held::Storage => "`env.storage`".to_owned(),
            Held::Table(table) => format!("the table `{table}`"),
            Held::SomeTable => "a table whose name is computed".to_owned(),
            Held::Named(path) => format!("`{}`", path.names.join(".")),
        }
    }
}

impl Path {
    pub fn local(name: impl Into<String>) -> Self {
        Self { import: None, names: vec![name.into()] }
    }

    /// None beyond a length that real code does not have.
    pub fn then(&self, name: &str) -> Option<Self> {
        if self.names.len() >= MAX_PATH {
            return None;
        }
        let mut path = self.clone();
        path.names.push(name.to_owned());
        Some(path)
    }
}

const MAX_PATH: usize = 8;
