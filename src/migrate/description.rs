//! What the database must know of the tables: from a build's manifest, and kept in the database as
//! JSON (`kontract.tables`), so that the next build can be compared with it.

use std::collections::{BTreeMap, BTreeSet};

use kontract_runtime::manifest::{self, Manifest};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Problem,
    delta::Renames,
    diagnostics,
    inside::{Inside, Part},
};
use crate::{
    config::Options,
    files::Files,
    model::{
        SourcePath, perms,
        shape::{FieldShape, Literal, ObjectKind, ObjectShape, Shape, ShapeKey, Slot, UnionShape},
    },
    pipeline::gather::table_name,
};

/// By their logical names.
pub type Tables = BTreeMap<String, Table>;

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Table {
    /// The field that is the row's id.
    pub key: String,
    pub owned: bool,
    /// Values are looked for in fields that have no index: whole rows have one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub searched: bool,
    /// All but the key.
    pub fields: BTreeMap<String, Field>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Field {
    /// What it may hold; empty: any JSON.
    pub kinds: BTreeSet<Kind>,
    /// It may be absent.
    pub optional: bool,
    /// It can be changed after the row was made.
    pub writable: bool,
    pub index: bool,
    pub unique: bool,
    /// What its lists and objects hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inside: Option<Inside>,
    /// For rows that were made before the field was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
}

/// A form that values take in JSON.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Null,
    Boolean,
    Number,
    String,
    /// A string of digits.
    Bigint,
    /// A string as RFC 3339 has it.
    Date,
    /// A string in base64.
    Bytes,
    /// This text, and no other.
    Text(String),
    Array,
    Object,
}

/// How values compare: the classes of `kontract._field`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Byte by byte.
    Text,
    Number,
    /// Text of digits, as a number.
    Bigint,
    /// By containment only: lists, objects, values of several types.
    Json,
}

/// The manifest in a project's output folder.
pub fn read_manifest(files: &dyn Files, options: &Options) -> Result<Manifest, Problem> {
    let path = options.out_folder().join("manifest.json");
    let name = SourcePath::new(format!("{}/manifest.json", options.out));
    let bytes = files.read(&path).map_err(|error| diagnostics::no_manifest(&name, &error))?;
    serde_json::from_slice(&bytes).map_err(|error| diagnostics::no_manifest(&name, &error))
}

/// The tables of a build.
pub fn describe(manifest: &Manifest) -> Result<Tables, String> {
    let rows: Rows = match &manifest.rows {
        Some(rows) => serde_json::from_str(rows.get())
            .map_err(|error| format!("`rows` cannot be understood: {error}"))?,
        None => Rows::default(),
    };
    manifest
        .tables
        .iter()
        .map(|(name, table)| {
            // As the compiler checks it; the manifest may come from elsewhere.
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(plain) {
                return Err(format!("`{name}` is no name of a table"));
            }
            Ok((name.clone(), rows.table(table)))
        })
        .collect()
}

/// What the sources declare to be a rename (`/** @renamedFrom old */`), of what `existing` has.
pub fn renames(manifest: &Manifest, existing: &Tables) -> Renames {
    let mut renames = Renames::default();
    let rows = manifest.rows.as_ref().and_then(|rows| serde_json::from_str(rows.get()).ok());
    let rows: Rows = rows.unwrap_or_default();
    for (name, table) in &manifest.tables {
        for form in table.row.as_ref().map_or_else(Vec::new, |key| rows.forms(key)) {
            // The name of an interface, or that of a table.
            if let Some(old) = renamed_from(form.docs.as_deref()) {
                let is_table = existing.contains_key(old);
                let old = if is_table { old.to_owned() } else { table_name(old) };
                renames.tables.insert(name.clone(), old);
            }
            for field in &form.fields {
                if let Some(old) = renamed_from(field.docs.as_deref()) {
                    renames.fields.insert((name.clone(), field.name.clone()), old.to_owned());
                }
            }
        }
    }
    renames
}

fn renamed_from(docs: Option<&str>) -> Option<&str> {
    let mut lines = docs?.lines().filter_map(|line| line.trim().strip_prefix("@renamedFrom"));
    let old = lines.find(|rest| rest.starts_with([' ', '\t']))?;
    old.split_whitespace().next()
}

/// The shapes of rows, as the manifest has them.
#[derive(Default, Deserialize)]
struct Rows {
    #[serde(default)]
    objects: BTreeMap<ShapeKey, ObjectShape>,
    #[serde(default)]
    unions: BTreeMap<ShapeKey, UnionShape>,
}

impl Rows {
    fn table(&self, table: &manifest::Table) -> Table {
        let forms = table.row.as_ref().map_or_else(Vec::new, |key| self.forms(key));
        let fields = table.fields.iter().filter(|(name, _)| **name != table.primary_key);
        let fields = fields.map(|(name, field)| (name.clone(), self.field(name, field, &forms)));
        Table {
            key: table.primary_key.clone(),
            owned: table.owned,
            searched: table.searched,
            fields: fields.collect(),
        }
    }

    /// The objects that a row may be: one, or the members of a union.
    fn forms(&self, key: &str) -> Vec<&ObjectShape> {
        let objects = |union: &UnionShape| {
            let members = union.members.iter();
            let keys = members.filter_map(|member| match &member.shape {
                Shape::Object(key) => self.objects.get(key),
                _ => None,
            });
            keys.collect()
        };
        match self.objects.get(key) {
            Some(object) => vec![object],
            None => self.unions.get(key).map_or_else(Vec::new, objects),
        }
    }

    fn field(&self, name: &str, field: &manifest::Field, forms: &[&ObjectShape]) -> Field {
        let shapes: Vec<Option<&FieldShape>> =
            forms.iter().map(|form| form.fields.iter().find(|field| field.name == name)).collect();
        let mut part: Option<Part> = None;
        let mut absent = shapes.is_empty();
        for shape in &shapes {
            match (shape, &mut part) {
                (Some(shape), Some(part)) => part.merge(self.part(shape, &mut Vec::new())),
                (Some(shape), None) => part = Some(self.part(shape, &mut Vec::new())),
                (None, _) => absent = true,
            }
        }
        let Part { kinds, optional, inside } = part.unwrap_or_default();
        Field {
            kinds,
            inside,
            optional: optional || absent,
            writable: field.perm & perms::WRITE != 0,
            index: field.index,
            unique: field.unique,
            default: shapes.iter().flatten().find_map(|shape| shape.default.clone()),
        }
    }

    /// `open`: the definitions that this stands in, which say no more of themselves.
    fn part<'a>(&'a self, field: &'a FieldShape, open: &mut Vec<&'a str>) -> Part {
        let slot = &field.slot;
        Part { optional: field.optional || slot.undefined, ..self.value(slot, open) }
    }

    fn value<'a>(&'a self, slot: &'a Slot, open: &mut Vec<&'a str>) -> Part {
        let mut kinds = Some(BTreeSet::new());
        self.add_kinds(slot, &mut kinds);
        let inside = self.inside(&slot.shape, open);
        let inside = inside.filter(|_| kinds.is_some());
        Part { kinds: kinds.unwrap_or_default(), optional: false, inside }
    }

    fn inside<'a>(&'a self, shape: &'a Shape, open: &mut Vec<&'a str>) -> Option<Inside> {
        let items = |part: Part| Inside { items: Some(Box::new(part)), ..Inside::default() };
        match shape {
            Shape::Array(slot) | Shape::Set(slot) => Some(items(self.value(slot, open))),
            Shape::Map(slots) => {
                let mut pair = self.value(&slots.0, open);
                pair.merge(self.value(&slots.1, open));
                let kinds = BTreeSet::from([Kind::Array]);
                Some(items(Part { kinds, optional: false, inside: Some(items(pair)) }))
            }
            Shape::Object(key) | Shape::Union(key) if open.contains(&key.as_str()) => None,
            Shape::Object(key) => {
                let object = self.objects.get(key)?;
                open.push(key);
                let fields = object.fields.iter();
                let fields: BTreeMap<String, Part> = fields
                    .map(|field| {
                        let mut part = self.part(field, open);
                        part.optional |= field.default.is_some();
                        (field.name.clone(), part)
                    })
                    .collect();
                open.pop();
                if object.kind != ObjectKind::Tuple {
                    return Some(Inside { items: None, fields });
                }
                let merged = fields.into_values().reduce(|mut all, part| {
                    all.merge(part);
                    all
                });
                merged.map(items)
            }
            Shape::Union(key) => {
                open.push(key);
                let members = self.unions.get(key).map_or(&[][..], |union| &union.members);
                let found = members.iter().filter_map(|member| self.inside(&member.shape, open));
                let merged = found.reduce(|mut all, inside| {
                    all.merge(inside);
                    all
                });
                open.pop();
                merged
            }
            _ => None,
        }
    }

    /// None: any JSON.
    fn add_kinds(&self, slot: &Slot, kinds: &mut Option<BTreeSet<Kind>>) {
        let Some(found) = kinds else { return };
        if slot.null {
            found.insert(Kind::Null);
        }
        match &slot.shape {
            Shape::Nothing => {}
            Shape::Boolean => _ = found.insert(Kind::Boolean),
            Shape::String => _ = found.insert(Kind::String),
            Shape::Number(_) => _ = found.insert(Kind::Number),
            Shape::BigInt(_) => _ = found.insert(Kind::Bigint),
            Shape::Date => _ = found.insert(Kind::Date),
            Shape::Bytes => _ = found.insert(Kind::Bytes),
            Shape::Unknown => *kinds = None,
            Shape::Literals(literals) => found.extend(literals.iter().map(Kind::of_literal)),
            Shape::Array(_) | Shape::Set(_) | Shape::Map(_) => _ = found.insert(Kind::Array),
            Shape::Object(key) => {
                let tuple =
                    self.objects.get(key).is_some_and(|object| object.kind == ObjectKind::Tuple);
                found.insert(if tuple { Kind::Array } else { Kind::Object });
            }
            Shape::Union(key) => {
                for member in self.unions.get(key).iter().flat_map(|union| &union.members) {
                    self.add_kinds(&Slot::of(member.shape.clone()), kinds);
                }
            }
        }
    }
}

impl Table {
    /// How the values of fields compare, where that or an index makes a difference.
    pub fn classes(&self) -> BTreeMap<&str, Class> {
        let fields = self.fields.iter().map(|(name, field)| (name.as_str(), field.class(), field));
        let known = fields.filter(|(_, class, field)| *class != Class::Json || field.index);
        known.map(|(name, class, _)| (name, class)).collect()
    }

    /// The fields that keep the value their row was made with.
    pub fn readonly(&self) -> Vec<&str> {
        let fields = self.fields.iter().filter(|(_, field)| !field.writable);
        fields.map(|(name, _)| name.as_str()).collect()
    }
}

impl Table {
    /// Makes another field the key. The old one becomes a field, if the new one was one.
    pub fn change_key(&mut self, from: &str, to: &str) {
        if self.key != from {
            return;
        }
        if self.fields.remove(to).is_some() {
            self.fields.insert(from.to_owned(), Field::of_key());
        }
        to.clone_into(&mut self.key);
    }
}

impl Field {
    /// What a key is, when it is one no more.
    fn of_key() -> Self {
        Self {
            kinds: BTreeSet::from([Kind::String]),
            optional: false,
            writable: true,
            index: false,
            unique: false,
            inside: None,
            default: None,
        }
    }

    pub fn class(&self) -> Class {
        let mut kinds = self.kinds.iter().filter(|kind| **kind != Kind::Null);
        let Some(first) = kinds.next() else { return Class::Json };
        let form = |kind: &Kind| (kind.class(), kind.json_type());
        if kinds.all(|kind| form(kind) == form(first)) { first.class() } else { Class::Json }
    }

    /// The types of JSON that it may hold, as `jsonb_typeof` names them; empty: all.
    pub fn types(&self) -> BTreeSet<&'static str> {
        self.kinds.iter().map(Kind::json_type).collect()
    }
}

impl Kind {
    fn of_literal(literal: &Literal) -> Self {
        match literal {
            Literal::Boolean(_) => Self::Boolean,
            Literal::Number(_) => Self::Number,
            Literal::String(text) => Self::Text(text.clone()),
            Literal::BigInt { .. } => Self::Bigint,
        }
    }

    fn class(&self) -> Class {
        match self {
            Self::Boolean | Self::String | Self::Date | Self::Bytes | Self::Text(_) => Class::Text,
            Self::Number => Class::Number,
            Self::Bigint => Class::Bigint,
            Self::Array | Self::Object | Self::Null => Class::Json,
        }
    }

    fn json_type(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Number => "number",
            Self::String | Self::Bigint | Self::Date | Self::Bytes | Self::Text(_) => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

const MAX_NAME: usize = 40;
