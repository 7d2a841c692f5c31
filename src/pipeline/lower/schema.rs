//! `dist/schema/<module>.fbs`: the FlatBuffers schema of what the routes of a module take and give.
//!
//! Input: `interface User { id: string; email?: string | null }`
//! Output:
//! ```fbs
//! table User {
//!   id: string (id: 0);
//!   email: string (id: 1);
//!   email_state: ubyte = null (id: 2);
//! }
//! ```
//! Ids come from the lock and are never used twice; one that nothing has any more is a field
//! marked `deprecated`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use rayon::prelude::*;

use super::codec::{
    self,
    plan::{Definition, Place, Plan, string_slot},
};
use crate::{
    model::{
        app::App,
        output::Output,
        shape::{Literal, ObjectKind, ObjectShape, Shape, Shapes, Slot, UnionShape},
    },
    text::header,
};

pub fn schemas(app: &App) -> Vec<Output> {
    generate(&app.shapes, &codec::modules(app))
}

pub fn generate(shapes: &Shapes, modules: &BTreeMap<String, Vec<String>>) -> Vec<Output> {
    let plan = Plan::new(shapes);
    let names = table_names(&plan);
    modules
        .par_iter()
        .map(|(output, routes)| {
            let mut schema = Schema { plan: &plan, names: &names, found: BTreeSet::new() };
            let mut roots = Vec::new();
            for route in routes.iter().filter_map(|route| shapes.routes.get(route)) {
                for key in [&route.request, &route.response] {
                    let name = plan.object_name(key).to_owned();
                    schema.reach(&name);
                    roots.push(name);
                }
            }
            let text = schema.text(&roots);
            Output { path: format!("schema/{output}.fbs"), text }
        })
        .collect()
}

/// Definitions → names that `flatc` takes, none twice. Case alone does not tell two apart.
fn table_names(plan: &Plan<'_>) -> BTreeMap<String, String> {
    let mut taken: BTreeSet<String> = BTreeSet::from(["removed".to_owned(), NAMESPACE.to_owned()]);
    let mut names = BTreeMap::new();
    for name in plan.definitions.keys() {
        names.insert(name.clone(), unique(&identifier(name), &mut taken));
    }
    names
}

struct Schema<'a> {
    plan: &'a Plan<'a>,
    names: &'a BTreeMap<String, String>,
    /// Definitions that the routes reach.
    found: BTreeSet<String>,
}

impl Schema<'_> {
    fn reach(&mut self, name: &str) {
        if !self.found.insert(name.to_owned()) {
            return;
        }
        let plan = self.plan;
        match plan.definitions.get(name) {
            Some(Definition::Object(object)) => {
                for field in &object.fields {
                    self.reach_shape(&field.slot.shape);
                }
                match &object.rest {
                    Some(rest) if object.kind == ObjectKind::Object => {
                        self.reach(plan.entry_name(&string_slot(), &rest.slot));
                    }
                    Some(rest) => self.reach_element(&rest.slot),
                    None => {}
                }
            }
            Some(Definition::Union(union)) => {
                for member in &union.members {
                    match &member.shape {
                        Shape::Object(_) => self.reach_shape(&member.shape),
                        shape => self.reach(plan.item_name(&Slot::of(shape.clone()))),
                    }
                }
            }
            Some(Definition::Item(slot)) => self.reach_shape(&slot.shape),
            Some(Definition::Entry(key, value)) => {
                self.reach_shape(&key.shape);
                self.reach_shape(&value.shape);
            }
            Some(
                Definition::Array(_)
                | Definition::Set(_)
                | Definition::Map(..)
                | Definition::Literals(_),
            )
            | None => {}
        }
    }

    fn reach_shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Array(slot) | Shape::Set(slot) => self.reach_element(slot),
            Shape::Map(entry) => self.reach(self.plan.entry_name(&entry.0, &entry.1)),
            Shape::Object(_) | Shape::Union(_) => self.reach(self.plan.name(shape)),
            _ => {}
        }
    }

    fn reach_element(&mut self, slot: &Slot) {
        if slot.is_direct() {
            self.reach_shape(&slot.shape);
        } else {
            self.reach(self.plan.item_name(slot));
        }
    }

    fn text(&self, roots: &[String]) -> String {
        let mut out = header(None);
        let _ = writeln!(out, "namespace {NAMESPACE};");
        let definitions: Vec<(&String, &Definition<'_>)> = self
            .found
            .iter()
            .filter_map(|name| self.plan.definitions.get_key_value(name))
            .collect();
        let unions = definitions.iter().filter_map(|(_, d)| match d {
            Definition::Union(union) => Some(*union),
            _ => None,
        });
        if unions.clone().any(|union| !union.removed.is_empty()) {
            out.push_str("\n/// Stands for what a union could hold in an earlier version.\ntable Removed {}\n");
        }
        for union in unions {
            self.union(&mut out, union);
        }
        for (name, definition) in definitions {
            if matches!(definition, Definition::Union(_)) {
                continue;
            }
            if let Some(table) = self.plan.table(definition) {
                let object = match definition {
                    Definition::Object(object) => Some(*object),
                    _ => None,
                };
                self.table(&mut out, name, object, &table.places, table.entries);
            }
        }
        if let Some(root) = roots.first() {
            let _ = write!(out, "\nroot_type {};\n", self.names[root]);
        }
        out
    }

    fn union(&self, out: &mut String, union: &UnionShape) {
        let mut members: BTreeMap<u8, String> = BTreeMap::new();
        for member in &union.members {
            let name = match &member.shape {
                Shape::Object(_) => self.plan.name(&member.shape),
                shape => self.plan.item_name(&Slot::of(shape.clone())),
            };
            members.insert(member.tag, self.names[name].clone());
        }
        for tag in &union.removed {
            members.entry(*tag).or_insert_with(|| format!("Removed{tag}: Removed"));
        }
        let _ = write!(out, "\nunion {} {{", self.names[&union.name]);
        for (tag, name) in members {
            let _ = write!(out, "\n  {name} = {tag},");
        }
        out.push_str("\n}\n");
    }

    fn table(
        &self,
        out: &mut String,
        name: &str,
        object: Option<&ObjectShape>,
        places: &[Place],
        entries: u16,
    ) {
        out.push('\n');
        if let Some(docs) = object.and_then(|object| object.docs.as_ref()) {
            comment(out, docs, "");
        }
        let _ = writeln!(out, "table {} {{", self.names[name]);
        let mut taken = BTreeSet::new();
        let mut lines: BTreeMap<u16, String> = BTreeMap::new();
        // Values first, so that their names are as close to the source as can be.
        let names: Vec<String> = places
            .iter()
            .map(|place| {
                let name = identifier(&place.name);
                let name = unique(&name, &mut taken);
                if matches!(place.slot.shape, Shape::Union(_)) {
                    taken.insert(format!("{name}_type").to_lowercase());
                }
                name
            })
            .collect();
        for (i, place) in places.iter().enumerate() {
            let (name, id) = (&names[i], place.ids.value);
            let mut line = String::new();
            let docs = object.and_then(|object| object.fields.get(i)?.docs.as_ref());
            if let Some(docs) = docs {
                comment(&mut line, docs, "  ");
            }
            let rest = object.is_some_and(|object| i == object.fields.len());
            let ty = match (rest, object) {
                (true, Some(object)) => self.rest(object),
                _ => self.field(&place.slot.shape),
            };
            if place.slot.shape == Shape::Nothing {
                let _ = writeln!(line, "  {name}: ubyte (id: {id}, deprecated);");
            } else {
                let default = if is_scalar(&place.slot.shape) { " = null" } else { "" };
                let flex =
                    if !rest && place.slot.shape == Shape::Unknown { ", flexbuffer" } else { "" };
                let _ = writeln!(line, "  {name}: {ty}{default} (id: {id}{flex});");
            }
            lines.insert(id, line);
            if matches!(place.slot.shape, Shape::Union(_)) {
                // Its type has the id before it, which `flatc` gives it.
                lines.insert(id.wrapping_sub(1), String::new());
            }
            if let Some(id) = place.ids.state {
                let name = unique(&format!("{name}_state"), &mut taken);
                lines.insert(id, format!("  {name}: ubyte = null (id: {id});\n"));
            }
        }
        for id in 0..entries {
            lines.entry(id).or_insert_with(|| {
                let name = unique(&format!("removed_{id}"), &mut taken);
                format!("  {name}: ubyte (id: {id}, deprecated);\n")
            });
        }
        lines.values().for_each(|line| out.push_str(line));
        out.push_str("}\n");
    }

    fn rest(&self, object: &ObjectShape) -> String {
        match &object.rest {
            Some(rest) if object.kind == ObjectKind::Object => {
                format!("[{}]", self.names[self.plan.entry_name(&string_slot(), &rest.slot)])
            }
            Some(rest) => self.vector(&rest.slot),
            None => String::new(),
        }
    }

    fn vector(&self, slot: &Slot) -> String {
        if slot.is_direct() {
            format!("[{}]", self.field(&slot.shape))
        } else {
            format!("[{}]", self.names[self.plan.item_name(slot)])
        }
    }

    fn field(&self, shape: &Shape) -> String {
        match shape {
            Shape::Nothing => "ubyte".to_owned(),
            Shape::Array(slot) | Shape::Set(slot) => self.vector(slot),
            Shape::Map(entry) => {
                format!("[{}]", self.names[self.plan.entry_name(&entry.0, &entry.1)])
            }
            Shape::Object(_) | Shape::Union(_) => self.names[self.plan.name(shape)].clone(),
            shape => shape.plain_type().unwrap_or_default().to_owned(),
        }
    }
}

fn is_scalar(shape: &Shape) -> bool {
    match shape {
        Shape::Boolean | Shape::Number(_) | Shape::BigInt(_) | Shape::Date => true,
        Shape::Literals(literals) => !matches!(literals.first(), Some(Literal::String(_)) | None),
        _ => false,
    }
}

fn comment(out: &mut String, docs: &str, indent: &str) {
    for line in docs.lines() {
        let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let _ = writeln!(out, "{}", format!("{indent}/// {line}").trim_end());
    }
}

/// ASCII letters, digits and `_`, and no word of the schema language.
fn identifier(name: &str) -> String {
    let mut text: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if !text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        text.insert(0, '_');
    }
    if WORDS.contains(&text.as_str()) {
        text.push('_');
    }
    text
}

fn unique(name: &str, taken: &mut BTreeSet<String>) -> String {
    let mut unique = name.to_owned();
    let mut number = 2;
    while !taken.insert(unique.to_lowercase()) {
        unique = format!("{name}_{number}");
        number += 1;
    }
    unique
}

const NAMESPACE: &str = "kontract";

/// What the schema language keeps for itself.
const WORDS: &[&str] = &[
    "attribute",
    "bool",
    "byte",
    "double",
    "enum",
    "false",
    "file_extension",
    "file_identifier",
    "float",
    "float32",
    "float64",
    "include",
    "inf",
    "infinity",
    "int",
    "int16",
    "int32",
    "int64",
    "int8",
    "long",
    "namespace",
    "nan",
    "native_include",
    "null",
    "root_type",
    "rpc_service",
    "short",
    "string",
    "struct",
    "table",
    "true",
    "ubyte",
    "uint",
    "uint16",
    "uint32",
    "uint64",
    "uint8",
    "ulong",
    "union",
    "ushort",
];
