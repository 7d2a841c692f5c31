//! `kontract introspect`: interfaces from a schema that exists. A source is read into a [`Schema`]
//! (`prisma.rs`, `postgres.rs`), which `print.rs` writes as TypeScript.

mod diagnostics;
pub mod names;
pub mod postgres;
mod print;
pub mod prisma;

pub use diagnostics::{exists, not_read, not_written};
pub use print::print;

/// A schema, as far as interfaces can say it.
#[derive(Debug, Default, PartialEq)]
pub struct Schema {
    pub enums: Vec<Enum>,
    pub tables: Vec<Table>,
}

#[derive(Debug, PartialEq)]
pub struct Enum {
    pub name: String,
    pub values: Vec<String>,
}

#[derive(Debug, Default, PartialEq)]
pub struct Table {
    /// As the source has it; unique in the schema.
    pub name: String,
    /// What the source calls a row, where it does.
    pub row: Option<String>,
    /// What is said of it, and what interfaces cannot say.
    pub notes: Vec<String>,
    /// Users saw and changed their own rows only.
    pub owned: bool,
    /// The columns of the primary key.
    pub key: Vec<String>,
    pub columns: Vec<Column>,
}

#[derive(Debug, PartialEq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Column {
    pub name: String,
    pub ty: Type,
    pub list: bool,
    pub optional: bool,
    pub unique: bool,
    pub index: bool,
    /// Made by the database, and not to be changed.
    pub generated: bool,
    pub default: Option<serde_json::Value>,
    /// The table whose row it names.
    pub references: Option<String>,
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    Text,
    Boolean,
    Number,
    Int32,
    Bigint,
    Date,
    Bytes,
    Json,
    /// By its name in the source.
    Enum(String),
}

impl Column {
    pub fn new(name: impl Into<String>, ty: Type) -> Self {
        Self {
            name: name.into(),
            ty,
            list: false,
            optional: false,
            unique: false,
            index: false,
            generated: false,
            default: None,
            references: None,
            notes: Vec::new(),
        }
    }
}
