//! `dist/server/__kontract_rows.js`: how hosts in JavaScript store rows, as the gateway does by the
//! manifest's `rows`. No other output imports it.
//!
//! Input: the table `notes` of
//! ```ts
//! interface Note { id: string; text: string; born?: Date }
//! ```
//! Output:
//! ```js
//! export function Note_read(c, x, d, key) { … }
//! export function Note_write(c, x, d, key) { … }
//! export function Note_patch(c, x, d, key) { … }
//! export const __kontract_rows = {
//!   notes: rowCodec("notes", { text: "text", born: "text" }, undefined, Note_read, Note_write, [Note_patch]),
//! };
//! ```

use std::collections::{BTreeMap, BTreeSet};

use super::{
    choose,
    emit::{Emitter, Purpose, property_key},
    plan::{Definition, Plan},
};
use crate::{
    model::{
        app::{App, Table},
        output::Output,
        shape::{Literal, ObjectShape, Shape, ShapeKey, Shapes},
    },
    text::{header, values::string},
};

/// The output's name, and its export's.
const ROWS: &str = "__kontract_rows";

/// Input: the shapes of rows. None where no table has rows of a known type.
pub fn rows(app: &App) -> Option<Output> {
    let mut shapes = app.rows.clone();
    // Tags tell members apart here only: nothing of them is stored.
    for union in shapes.unions.values_mut() {
        for (tag, member) in (1..).zip(&mut union.members) {
            member.tag = tag;
        }
    }
    let roots: Vec<(&String, Shape)> = app
        .tables
        .iter()
        .filter_map(|(name, table)| Some((name, row(&mut shapes, name, table)?)))
        .collect();
    if roots.is_empty() {
        return None;
    }
    let plan = Plan::new(&shapes);
    let tested = choose::tested(&plan);
    let mut emitter = Emitter::new(&plan, &tested, Purpose::Rows);
    let codecs: Vec<String> =
        roots.iter().map(|(name, shape)| emitter.row_codec(name, shape)).collect();
    emitter.wanted_definitions();
    emitter.open(&format!("export const {ROWS} = {{"));
    codecs.iter().for_each(|codec| emitter.line(codec));
    emitter.close("};");
    let text = format!("{}{}{}", header(None), emitter.support_import(), emitter.out);
    Some(Output { path: format!("server/{ROWS}.js"), text })
}

/// The shape of a table's rows, with the key as a field that may be absent.
fn row(shapes: &mut Shapes, name: &str, table: &Table) -> Option<Shape> {
    let key = table.shape.as_ref()?;
    if shapes.objects.contains_key(key) {
        return Some(Shape::Object(row_object(shapes, name, table, key)?));
    }
    let mut union = shapes.unions.get(key)?.clone();
    for member in &mut union.members {
        let Shape::Object(object) = &member.shape else { return None };
        member.shape = Shape::Object(row_object(shapes, name, table, object)?);
    }
    let own = own_key(name, key);
    shapes.unions.insert(own.clone(), union);
    Some(Shape::Union(own))
}

fn row_object(shapes: &mut Shapes, name: &str, table: &Table, key: &ShapeKey) -> Option<ShapeKey> {
    let mut object = shapes.objects.get(key)?.clone();
    for field in object.fields.iter_mut().filter(|field| field.name == table.primary_key) {
        field.optional = true;
    }
    let own = own_key(name, key);
    shapes.objects.insert(own.clone(), object);
    Some(own)
}

/// It stands before others, so that rows have the plain names.
fn own_key(table: &str, key: &ShapeKey) -> ShapeKey {
    format!("({table}) {key}")
}

impl Emitter<'_> {
    /// The codec of a table's rows, and the functions that change some fields of them.
    fn row_codec(&mut self, table: &str, shape: &Shape) -> String {
        let plan = self.plan;
        let forms: Vec<(&Shape, &ObjectShape)> = match shape {
            Shape::Union(key) => plan.shapes.unions[key]
                .members
                .iter()
                .filter_map(|member| Some((&member.shape, object(plan, &member.shape)?)))
                .collect(),
            shape => object(plan, shape).map(|object| (shape, object)).into_iter().collect(),
        };
        let mut patches = Vec::new();
        for (shape, object) in &forms {
            let name = plan.name(shape).to_owned();
            self.json_properties(&name, object, "patch");
            patches.push(self.function(&name, "patch"));
        }
        let objects: Vec<&ObjectShape> = forms.iter().map(|(_, object)| *object).collect();
        let fields: Vec<String> = classes(plan, &objects)
            .iter()
            .map(|(field, class)| format!("{}: \"{class}\"", property_key(field)))
            .collect();
        let rest = objects.iter().any(|object| object.rest.is_some());
        let name = plan.name(shape).to_owned();
        let (read, write) = (self.function(&name, "read"), self.function(&name, "write"));
        format!(
            "{}: {}({}, {{ {} }}, {}, {read}, {write}, [{}]),",
            property_key(table),
            self.support("rowCodec"),
            string(table),
            fields.join(", "),
            if rest { "\"mixed\"" } else { "undefined" },
            patches.join(", ")
        )
    }

    /// The definitions whose functions are called, and those that they call.
    fn wanted_definitions(&mut self) {
        let plan = self.plan;
        let mut done = BTreeSet::new();
        let mut called = std::mem::take(&mut self.shared);
        while let Some(function) = called.pop_first() {
            let name = function.rsplit_once('_').map_or("", |(name, _)| name);
            let Some((name, definition)) = plan.definitions.get_key_value(name) else { continue };
            if !self.defined.contains(&function) && done.insert(name) {
                self.row_definition(name, definition);
                called.append(&mut self.shared);
            }
        }
    }

    fn row_definition(&mut self, name: &str, definition: &Definition<'_>) {
        match definition {
            Definition::Literals(literals) => self.literals(name, literals),
            Definition::Object(object) => {
                self.json_object(name, object);
                self.test_object(name, object);
            }
            Definition::Union(union) => {
                self.choose(name, union);
                self.json_union(name, union);
                self.test_union(name, union);
            }
            Definition::Array(slot) => {
                self.json_array(name, slot);
                self.test_array(name, slot);
            }
            Definition::Set(slot) => {
                self.json_set(name, slot);
                self.test_set(name, slot);
            }
            Definition::Map(key, value) => {
                self.json_map(name, key, value);
                self.test_map(name, key, value);
            }
            Definition::Item(_) | Definition::Entry(..) => {}
        }
    }
}

/// How the values of each field compare: as text, as numbers, as bigints; composite ones by what
/// they contain; mixed ones are of several kinds.
fn classes<'p>(plan: &'p Plan<'_>, forms: &[&'p ObjectShape]) -> BTreeMap<&'p str, &'static str> {
    let mut classes = BTreeMap::new();
    for form in forms {
        for field in &form.fields {
            merge(&mut classes, &field.name, class(plan, &field.slot.shape));
        }
    }
    for form in forms.iter().filter(|form| form.rest.is_some()) {
        for (name, class) in &mut classes {
            if !form.fields.iter().any(|field| field.name == **name) {
                *class = MIXED;
            }
        }
    }
    classes
}

fn merge<'n>(classes: &mut BTreeMap<&'n str, &'static str>, name: &'n str, class: &'static str) {
    let known = classes.entry(name).or_insert(class);
    if *known != class {
        *known = MIXED;
    }
}

fn class(plan: &Plan<'_>, shape: &Shape) -> &'static str {
    match shape {
        Shape::String | Shape::Date | Shape::Boolean => "text",
        Shape::Number(_) => "number",
        Shape::BigInt(_) => "bigint",
        Shape::Literals(literals) => match literals.first() {
            Some(Literal::Number(_)) => "number",
            Some(Literal::BigInt { .. }) => "bigint",
            _ => "text",
        },
        Shape::Bytes | Shape::Array(_) | Shape::Set(_) | Shape::Map(_) | Shape::Object(_) => {
            "composite"
        }
        Shape::Union(key) => {
            let members = plan.shapes.unions.get(key).map_or(&[][..], |union| &union.members);
            let mut classes = members.iter().map(|member| class(plan, &member.shape));
            let first = classes.next().unwrap_or(MIXED);
            if classes.all(|class| class == first) { first } else { MIXED }
        }
        Shape::Nothing | Shape::Unknown => MIXED,
    }
}

fn object<'p>(plan: &'p Plan<'_>, shape: &Shape) -> Option<&'p ObjectShape> {
    match shape {
        Shape::Object(key) => plan.shapes.objects.get(key),
        _ => None,
    }
}

const MIXED: &str = "mixed";
