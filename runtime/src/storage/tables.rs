//! The application's tables, as the manifest describes them.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::exec::Statement;
use crate::{
    codec::{FieldClass, RowCodec, Schema},
    failure::Failure,
    manifest::{self, Field, Manifest},
};

/// All tables, each with an index that isolates know it by.
#[derive(Debug)]
pub struct Tables {
    list: Vec<Arc<Table>>,
    by_name: FxHashMap<Arc<str>, usize>,
}

/// A table, and the statements that read it.
#[derive(Debug)]
pub struct Table {
    pub name: Arc<str>,
    pub primary_key: String,
    /// Fields without W: settable where a row is made, kept from then on.
    pub fixed: Vec<String>,
    pub codec: Arc<RowCodec>,
    pub get: Arc<str>,
    pub query: Arc<str>,
    pub count: Arc<str>,
    /// What `exec` runs, by id.
    pub statements: FxHashMap<Arc<str>, Arc<Statement>>,
    pub take: Arc<str>,
}

impl Tables {
    pub fn new(manifest: &Manifest, schema: &Schema) -> Arc<Self> {
        let list: Vec<Arc<Table>> = manifest
            .tables
            .iter()
            .filter_map(|(name, description)| {
                let mut table = Table::new(name, description, schema.row(name)?);
                let statements = manifest.statements.iter().filter(|(_, s)| s.table == *name);
                let statements = statements.map(|(id, _)| Statement::new(name, id));
                table.statements = statements.map(|s| (Arc::clone(&s.id), s)).collect();
                Some(Arc::new(table))
            })
            .collect();
        let by_name = list
            .iter()
            .enumerate()
            .map(|(index, table)| (Arc::clone(&table.name), index))
            .collect();
        Arc::new(Self { list, by_name })
    }

    pub fn index(&self, name: &str) -> Result<usize, Failure> {
        if let Some(index) = self.by_name.get(name) {
            return Ok(*index);
        }
        let spelled = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if name.is_empty() || name.len() > 40 || !spelled {
            return Err(Failure::invalid("Invalid identifier"));
        }
        Err(Failure::not_found(format!("Table {name} not found")))
    }

    pub fn get(&self, index: usize) -> Option<&Arc<Table>> {
        self.list.get(index)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Arc<Table>> {
        self.list.iter()
    }
}

impl Table {
    fn new(name: &str, description: &manifest::Table, codec: Arc<RowCodec>) -> Self {
        let manifest::Table { primary_key, fields, .. } = description;
        let fixed = |(field, Field { perm, .. }): (&String, &Field)| {
            (field != primary_key && perm & WRITE == 0).then(|| field.clone())
        };
        let call = |function: &str, arguments: &str| -> Arc<str> {
            format!(r#"SELECT * FROM kontract."{function}_{name}"({arguments})"#).into()
        };
        Self {
            name: name.into(),
            primary_key: primary_key.clone(),
            fixed: fields.iter().filter_map(fixed).collect(),
            codec,
            get: call("get", "$1, $2, $3"),
            query: call("query", "$1, $2::text::jsonb, $3, $4, $5, $6, $7, $8"),
            count: call("count", "$1, $2::text::jsonb"),
            statements: FxHashMap::default(),
            take: call("take", "$1, $2, $3"),
        }
    }

    /// How a field's values compare; None for the key, and for what is no field.
    pub fn class(&self, field: &str) -> Option<FieldClass> {
        if field == self.primary_key { None } else { self.codec.class(field) }
    }
}

pub const READ: u8 = 0b100;
pub const WRITE: u8 = 0b010;
pub const DELETE: u8 = 0b001;
