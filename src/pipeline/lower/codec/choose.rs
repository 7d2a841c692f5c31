//! Which member of a union a value is: by `typeof`, by its class, by a field whose literals tell
//! the members apart, else by its structure, the most specific member first.
//!
//! A structure is looked into a few levels deep only: types that contain themselves would
//! otherwise cost a time that grows exponentially with the depth of a hostile value.

use std::collections::BTreeSet;

use super::{
    emit::{Emitter, expected, literal, one_of, property},
    plan::{Definition, Plan},
};
use crate::{
    model::shape::{
        FieldShape, Literal, ObjectKind, ObjectShape, Scalar, Shape, UnionMember, UnionShape,
    },
    text::values::string,
};

/// The order in which a shape takes a primitive value, in JSON or not; None where it never does.
type Rank = fn(&Shape, bool) -> Option<u8>;

const PRIMITIVES: [(&str, Rank); 4] =
    [("string", as_string), ("number", as_number), ("boolean", as_boolean), ("bigint", as_bigint)];

/// How many levels of a structure are looked into.
const LEVELS: u8 = 3;

/// The definitions that need a structural test: members that nothing else tells apart, and what
/// they are made of.
pub fn tested(plan: &Plan<'_>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for definition in plan.definitions.values() {
        let Definition::Union(union) = definition else { continue };
        let objects = members(union, |shape| is_object(plan, shape));
        if objects.len() > 1 && discriminant(plan, &objects).is_none() {
            objects.iter().for_each(|member| reach(plan, &member.shape, &mut names));
        }
        for pick in [is_array, is_json_array] {
            let arrays = members(union, |shape| pick(plan, shape));
            if arrays.len() > 1 {
                arrays.iter().for_each(|member| reach(plan, &member.shape, &mut names));
            }
        }
        for pick in [(|shape| matches!(shape, Shape::Map(_))) as fn(&Shape) -> bool, |shape| {
            matches!(shape, Shape::Set(_))
        }] {
            let same = members(union, pick);
            if same.len() > 1 {
                same.iter().for_each(|member| reach(plan, &member.shape, &mut names));
            }
        }
    }
    names
}

fn reach(plan: &Plan<'_>, shape: &Shape, names: &mut BTreeSet<String>) {
    let parts: Vec<&Shape> = match shape {
        Shape::Array(slot) | Shape::Set(slot) => vec![&slot.shape],
        Shape::Map(entry) => vec![&entry.0.shape, &entry.1.shape],
        Shape::Object(key) => plan.shapes.objects.get(key).map_or(Vec::new(), |object| {
            let slots = object.fields.iter().map(|field| &field.slot);
            slots.chain(object.rest.iter().map(|rest| &rest.slot)).map(|slot| &slot.shape).collect()
        }),
        Shape::Union(key) => {
            plan.shapes.unions.get(key).map_or(Vec::new(), |union| {
                union.members.iter().map(|member| &member.shape).collect()
            })
        }
        _ => return,
    };
    if names.insert(plan.name(shape).to_owned()) {
        parts.into_iter().for_each(|part| reach(plan, part, names));
    }
}

fn members(union: &UnionShape, pick: impl Fn(&Shape) -> bool) -> Vec<&UnionMember> {
    union.members.iter().filter(|member| pick(&member.shape)).collect()
}

fn object<'p>(plan: &'p Plan<'_>, shape: &Shape) -> Option<&'p ObjectShape> {
    match shape {
        Shape::Object(key) => plan.shapes.objects.get(key),
        _ => None,
    }
}

fn is_object(plan: &Plan<'_>, shape: &Shape) -> bool {
    object(plan, shape).is_some_and(|object| object.kind == ObjectKind::Object)
}

fn is_tuple(plan: &Plan<'_>, shape: &Shape) -> bool {
    object(plan, shape).is_some_and(|object| object.kind == ObjectKind::Tuple)
}

fn is_array(plan: &Plan<'_>, shape: &Shape) -> bool {
    matches!(shape, Shape::Array(_)) || is_tuple(plan, shape)
}

/// An array in JSON.
fn is_json_array(plan: &Plan<'_>, shape: &Shape) -> bool {
    is_array(plan, shape) || matches!(shape, Shape::Set(_) | Shape::Map(_))
}

/// A field that all members have, with other literals in each: its name, and each member's.
fn discriminant<'p>(
    plan: &'p Plan<'_>,
    members: &[&UnionMember],
) -> Option<(&'p str, Vec<&'p [Literal]>)> {
    let first = object(plan, &members.first()?.shape)?;
    first.fields.iter().find_map(|field| {
        let literals: Option<Vec<&[Literal]>> = members
            .iter()
            .map(|member| {
                let fields = &object(plan, &member.shape)?.fields;
                literals_of(fields.iter().find(|f| f.name == field.name)?)
            })
            .collect();
        let literals = literals?;
        let mut seen: Vec<&Literal> = Vec::new();
        for literal in literals.iter().copied().flatten() {
            if seen.contains(&literal) {
                return None;
            }
            seen.push(literal);
        }
        Some((field.name.as_str(), literals))
    })
}

fn literals_of(field: &FieldShape) -> Option<&[Literal]> {
    let plain = !field.optional
        && !field.hidden
        && field.default.is_none()
        && !field.slot.null
        && !field.slot.undefined;
    match &field.slot.shape {
        // In JSON a bigint is a string.
        Shape::Literals(literals)
            if plain && !literals.iter().any(|l| matches!(l, Literal::BigInt { .. })) =>
        {
            Some(literals)
        }
        _ => None,
    }
}

impl Emitter<'_> {
    /// The tag of the member that a value is: `Shape_tag` for values, `Shape_jsonTag` for JSON.
    pub fn choose(&mut self, name: &str, union: &UnionShape) {
        let shapes = union.members.iter().map(|m| expected(self.plan, &m.shape)).collect();
        let text = string(&one_of(shapes, "types"));
        for json in [false, true] {
            self.begin(name, if json { "jsonTag" } else { "tag" }, "s, x, d, key");
            self.open("switch (typeof x) {");
            for (kind, rank) in PRIMITIVES {
                let mut found: Vec<(u8, &UnionMember)> = union
                    .members
                    .iter()
                    .filter_map(|member| Some((rank(&member.shape, json)?, member)))
                    .collect();
                found.sort_by_key(|(rank, _)| *rank);
                if found.is_empty() {
                    continue;
                }
                self.open(&format!("case {}:", string(kind)));
                let mut ends = false;
                for (_, member) in found {
                    let tag = member.tag;
                    let test = match &member.shape {
                        Shape::String | Shape::Boolean | Shape::Number(Scalar::Float64) => {
                            "true".to_owned()
                        }
                        shape => self.test(shape, "x", json),
                    };
                    if test == "true" {
                        self.line(&format!("return {tag};"));
                        ends = true;
                        break;
                    }
                    self.line(&format!("if ({test}) return {tag};"));
                }
                if !ends {
                    self.line("break;");
                }
                self.indent_back();
            }
            self.choose_object(union, json);
            self.close("}");
            let fail = self.support("fail");
            self.line(&format!("return {fail}(s, d, key, {text});"));
            self.close("}");
        }
    }

    fn choose_object(&mut self, union: &UnionShape, json: bool) {
        let plan = self.plan;
        self.open("case \"object\":");
        self.line("if (x === null) break;");
        if !json {
            for member in &union.members {
                let class = match &member.shape {
                    Shape::Date => "Date",
                    Shape::Bytes => "Uint8Array",
                    _ => continue,
                };
                self.line(&format!("if (x instanceof {class}) return {};", member.tag));
            }
            let sets = members(union, |shape| matches!(shape, Shape::Set(_)));
            self.choose_by_structure("x instanceof Set", &sets, json);
            let maps = members(union, |shape| matches!(shape, Shape::Map(_)));
            self.choose_by_structure("x instanceof Map", &maps, json);
        }
        let mut arrays =
            members(
                union,
                |shape| {
                    if json { is_json_array(plan, shape) } else { is_array(plan, shape) }
                },
            );
        // A tuple says more than an array, and pairs say more than elements.
        arrays.sort_by_key(|member| match &member.shape {
            Shape::Object(_) => 0,
            Shape::Map(_) => 1,
            _ => 2,
        });
        self.choose_by_structure("Array.isArray(x)", &arrays, json);
        if arrays.is_empty() {
            self.line("if (Array.isArray(x)) break;");
        }
        let objects = members(union, |shape| is_object(plan, shape));
        match (objects.as_slice(), discriminant(plan, &objects)) {
            ([], _) => self.line("break;"),
            ([only], _) => self.line(&format!("return {};", only.tag)),
            (_, Some((field, literals))) => self.choose_by_field(&objects, field, &literals),
            (_, None) => self.choose_by_properties(&objects, json),
        }
        self.indent_back();
    }

    fn choose_by_field(&mut self, objects: &[&UnionMember], field: &str, literals: &[&[Literal]]) {
        self.open(&format!("switch ({}) {{", property(field)));
        let mut all = Vec::new();
        for (member, literals) in objects.iter().zip(literals) {
            let cases: Vec<String> =
                literals.iter().map(|l| format!("case {}:", literal(l))).collect();
            all.extend(literals.iter().map(literal));
            self.line(&format!("{} return {};", cases.join(" "), member.tag));
        }
        self.close("}");
        let (enter, fail) = (self.support("enter"), self.support("fail"));
        let text = string(&one_of(all, "values"));
        self.line(&format!("{enter}(s, d, key);"));
        self.line(&format!("return {fail}(s, d + 1, {}, {text});", string(field)));
    }

    /// The member with the most required properties that a value has all of, one that declares all
    /// the value's properties before others.
    fn choose_by_properties(&mut self, objects: &[&UnionMember], json: bool) {
        let plan = self.plan;
        let mut objects = objects.to_vec();
        objects.sort_by_key(|member| {
            let fields = object(plan, &member.shape).map_or(&[][..], |o| &o.fields);
            let required = fields.iter().filter(|f| !may_lack(f)).count();
            std::cmp::Reverse((required, fields.len()))
        });
        let suffix = if json { "isJson" } else { "is" };
        let mut loose = Vec::new();
        for member in &objects {
            let name = plan.name(&member.shape).to_owned();
            let test = format!("{}(x, {LEVELS})", self.function(&name, suffix));
            loose.push(format!("if ({test}) return {};", member.tag));
            if object(plan, &member.shape).is_some_and(|object| object.rest.is_none()) {
                let has_only = self.support("hasOnly");
                let declared = self.function(&name, "k");
                self.line(&format!(
                    "if ({has_only}(x, {declared}) && {test}) return {};",
                    member.tag
                ));
            }
        }
        loose.iter().for_each(|line| self.line(line));
        self.line("break;");
    }

    fn choose_by_structure(&mut self, class: &str, members: &[&UnionMember], json: bool) {
        match members {
            [] => {}
            [only] => self.line(&format!("if ({class}) return {};", only.tag)),
            _ => {
                self.open(&format!("if ({class}) {{"));
                for member in members {
                    let test = self.test_to(&member.shape, "x", json, &LEVELS.to_string());
                    self.line(&format!("if ({test}) return {};", member.tag));
                }
                self.line("break;");
                self.close("}");
            }
        }
    }
}

pub fn may_lack(field: &FieldShape) -> bool {
    field.optional || field.hidden || field.default.is_some()
}

/// The order in which members take a string: literals first, and in JSON, where a date and a
/// string look alike, the string last; it takes what is left.
fn as_string(shape: &Shape, json: bool) -> Option<u8> {
    match shape {
        Shape::Literals(literals) => match literals.first() {
            Some(Literal::String(_)) => Some(0),
            Some(Literal::BigInt { .. }) if json => Some(2),
            _ => None,
        },
        Shape::String => Some(1),
        Shape::Date if json => Some(3),
        Shape::BigInt(_) if json => Some(4),
        Shape::Bytes if json => Some(5),
        _ => None,
    }
}

fn as_number(shape: &Shape, _: bool) -> Option<u8> {
    match shape {
        Shape::Literals(literals) => {
            matches!(literals.first(), Some(Literal::Number(_))).then_some(0)
        }
        Shape::Number(Scalar::Float64) => Some(4),
        Shape::Number(Scalar::Float32) => Some(3),
        Shape::Number(Scalar::Int64 | Scalar::Uint64) => Some(2),
        Shape::Number(_) => Some(1),
        _ => None,
    }
}

fn as_boolean(shape: &Shape, _: bool) -> Option<u8> {
    match shape {
        Shape::Literals(literals) => {
            matches!(literals.first(), Some(Literal::Boolean(_))).then_some(0)
        }
        Shape::Boolean => Some(1),
        _ => None,
    }
}

fn as_bigint(shape: &Shape, json: bool) -> Option<u8> {
    match shape {
        _ if json => None,
        Shape::Literals(literals) => {
            matches!(literals.first(), Some(Literal::BigInt { .. })).then_some(0)
        }
        Shape::BigInt(_) => Some(1),
        _ => None,
    }
}
