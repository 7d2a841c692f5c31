//! The application's tables, as the manifest describes them.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::{failure::Failure, manifest::Manifest};

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
    pub classes: FxHashMap<String, Class>,
    pub get: Arc<str>,
    pub query: Arc<str>,
    pub count: Arc<str>,
}

/// How a field's values compare.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// Texts, dates and booleans: by code points.
    Text,
    Number,
    /// Texts of digits.
    BigInt,
    /// Values of several kinds: they are told apart where they are compared.
    Mixed,
    /// Objects only: they have no order.
    Composite,
}

impl Tables {
    /// `class` tells what the fields' types are: of a table by name, of a field by name.
    pub fn new(manifest: &Manifest, class: impl Fn(&str, &str) -> Class) -> Arc<Self> {
        let list: Vec<Arc<Table>> = manifest
            .tables
            .iter()
            .map(|(name, description)| {
                let fields = description.fields.iter().filter(|(f, _)| **f != description.primary_key);
                let fixed = fields
                    .clone()
                    .filter(|(_, field)| field.perm & WRITE == 0)
                    .map(|(name, _)| name.clone())
                    .collect();
                let classes = fields.map(|(f, _)| (f.clone(), class(name, f))).collect();
                Arc::new(Table {
                    primary_key: description.primary_key.clone(),
                    fixed,
                    classes,
                    get: format!("SELECT * FROM kontract.get_{name}($1, $2, $3)").into(),
                    query: format!(
                        "SELECT * FROM kontract.query_{name}($1, $2::text::jsonb, $3, $4, $5, $6, $7, $8)"
                    )
                    .into(),
                    count: format!("SELECT * FROM kontract.count_{name}($1, $2::text::jsonb)")
                        .into(),
                    name: name.as_str().into(),
                })
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

    pub fn len(&self) -> usize {
        self.list.len()
    }
}

pub const READ: u8 = 0b100;
pub const WRITE: u8 = 0b010;
pub const DELETE: u8 = 0b001;
