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
        FieldShape, Literal, ObjectKind, ObjectShape, Scalar, Shape, Slot, UnionMember, UnionShape,
    },
    pipeline::print::values::string,
};

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
    match shape {
        Shape::Array(slot) | Shape::Set(slot) => {
            if names.insert(plan.name(shape).to_owned()) {
                reach(plan, &slot.shape, names);
            }
        }
        Shape::Map(entry) => {
            if names.insert(plan.name(shape).to_owned()) {
                reach(plan, &entry.0.shape, names);
                reach(plan, &entry.1.shape, names);
            }
        }
        Shape::Object(key) => {
            if names.insert(plan.name(shape).to_owned())
                && let Some(object) = plan.shapes.objects.get(key)
            {
                object.fields.iter().for_each(|field| reach(plan, &field.slot.shape, names));
                object.rest.iter().for_each(|rest| reach(plan, &rest.slot.shape, names));
            }
        }
        Shape::Union(key) => {
            if names.insert(plan.name(shape).to_owned())
                && let Some(union) = plan.shapes.unions.get(key)
            {
                union.members.iter().for_each(|member| reach(plan, &member.shape, names));
            }
        }
        _ => {}
    }
}

fn members<'u>(union: &'u UnionShape, pick: impl Fn(&Shape) -> bool) -> Vec<&'u UnionMember> {
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
            let groups: [(&str, fn(&Shape, bool) -> Option<u8>); 4] = [
                ("string", as_string),
                ("number", as_number),
                ("boolean", as_boolean),
                ("bigint", as_bigint),
            ];
            for (kind, rank) in groups {
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
        let mut objects = members(union, |shape| is_object(plan, shape));
        match objects.as_slice() {
            [] => self.line("break;"),
            [only] => self.line(&format!("return {};", only.tag)),
            _ => match discriminant(plan, &objects) {
                Some((field, literals)) => {
                    self.open(&format!("switch ({}) {{", property(field)));
                    let mut all = Vec::new();
                    for (member, literals) in objects.iter().zip(&literals) {
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
                None => {
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
                        let has_rest =
                            object(plan, &member.shape).is_some_and(|o| o.rest.is_some());
                        if has_rest {
                            loose.push(format!("if ({test}) return {};", member.tag));
                        } else {
                            let has_only = self.support("hasOnly");
                            let declared = self.function(&name, "k");
                            self.line(&format!(
                                "if ({has_only}(x, {declared}) && {test}) return {};",
                                member.tag
                            ));
                            loose.push(format!("if ({test}) return {};", member.tag));
                        }
                    }
                    for line in loose {
                        self.line(&line);
                    }
                    self.line("break;");
                }
            },
        }
        self.indent_back();
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

    /// Whether a value is of a shape, as a condition; of parts, `n - 1` levels are looked into.
    fn test(&mut self, shape: &Shape, value: &str, json: bool) -> String {
        self.test_to(shape, value, json, "n - 1")
    }

    fn test_to(&mut self, shape: &Shape, value: &str, json: bool, levels: &str) -> String {
        match shape {
            Shape::Nothing => "false".to_owned(),
            Shape::Boolean => format!("typeof {value} === \"boolean\""),
            Shape::String => format!("typeof {value} === \"string\""),
            Shape::Number(Scalar::Float64 | Scalar::Float32) => {
                format!("typeof {value} === \"number\"")
            }
            Shape::Number(scalar) => {
                let (least, most) = range(*scalar);
                format!("Number.isInteger({value}) && {value} >= {least} && {value} <= {most}")
            }
            Shape::BigInt(_) if json => {
                let decimal = self.support("isDecimal");
                format!("typeof {value} === \"string\" && {decimal}({value})")
            }
            Shape::BigInt(Scalar::Uint64) => {
                format!("typeof {value} === \"bigint\" && BigInt.asUintN(64, {value}) === {value}")
            }
            Shape::BigInt(_) => {
                format!("typeof {value} === \"bigint\" && BigInt.asIntN(64, {value}) === {value}")
            }
            Shape::Date if json => {
                let parse = self.support("isDateText");
                format!("{parse}({value})")
            }
            Shape::Date => format!("{value} instanceof Date"),
            Shape::Bytes if json => {
                let base64 = self.support("isBase64");
                format!("typeof {value} === \"string\" && {base64}({value})")
            }
            Shape::Bytes => format!("{value} instanceof Uint8Array"),
            Shape::Unknown => "true".to_owned(),
            Shape::Literals(literals) => {
                if json && literals.iter().any(|l| matches!(l, Literal::BigInt { .. })) {
                    let tests: Vec<String> = literals
                        .iter()
                        .filter_map(|l| match l {
                            Literal::BigInt { bigint } => {
                                Some(format!("{value} === {}", string(bigint)))
                            }
                            _ => None,
                        })
                        .collect();
                    return format!("({})", tests.join(" || "));
                }
                let name = self.plan.name(shape).to_owned();
                format!("{}({value})", self.function(&name, "is"))
            }
            _ => {
                let name = self.plan.name(shape).to_owned();
                let function = self.function(&name, if json { "isJson" } else { "is" });
                format!("{function}({value}, {levels})")
            }
        }
    }

    fn test_slot(&mut self, slot: &Slot, value: &str, optional: bool, json: bool) -> String {
        let mut tests = Vec::new();
        if optional || slot.undefined {
            tests.push(format!("{value} === undefined"));
        }
        if slot.null || (json && slot.undefined) {
            tests.push(format!("{value} === null"));
        }
        let test = self.test(&slot.shape, value, json);
        tests.push(if test.contains("&&") { format!("({test})") } else { test });
        tests.retain(|test| test != "false");
        if tests.is_empty() { "false".to_owned() } else { tests.join(" || ") }
    }

    fn begin_test(&mut self, name: &str, json: bool) -> bool {
        let wanted = self.tested.contains(name);
        if wanted {
            self.begin(name, if json { "isJson" } else { "is" }, "x, n");
        }
        wanted
    }

    pub fn test_object(&mut self, name: &str, object: &ObjectShape) {
        for json in [false, true] {
            if !self.begin_test(name, json) {
                return;
            }
            let array = object.kind != ObjectKind::Object;
            let most = object.fields.len();
            let kind = if !array {
                "typeof x === \"object\" && x !== null && !Array.isArray(x)".to_owned()
            } else if object.rest.is_some() {
                "Array.isArray(x)".to_owned()
            } else {
                format!("Array.isArray(x) && x.length <= {most}")
            };
            self.line(&format!("if (!({kind})) return false;"));
            self.line("if (n === 0) return true;");
            self.line("let y;");
            for (i, field) in object.fields.iter().enumerate() {
                let value = if array { format!("x[{i}]") } else { property(&field.name) };
                self.line(&format!("y = {value};"));
                let slot = Slot {
                    // JSON has null where an array has a gap.
                    undefined: field.slot.undefined || (array && json && field.optional),
                    ..field.slot.clone()
                };
                let test = self.test_slot(&slot, "y", may_lack(field), json);
                self.line(&format!("if (!({test})) return false;"));
            }
            if let Some(rest) = &object.rest {
                if array {
                    let test = self.test_slot(&rest.slot, "x[i]", false, json);
                    self.line(&format!(
                        "for (let i = {most}; i < x.length; i++) if (!({test})) return false;"
                    ));
                } else {
                    let declared = self.function(name, "k");
                    let test = self.test_slot(&rest.slot, "x[name]", true, json);
                    self.line(&format!(
                        "for (const name of Object.keys(x)) if (!{declared}.has(name) && !({test})) return false;"
                    ));
                }
            }
            self.line("return true;");
            self.close("}");
        }
    }

    pub fn test_union(&mut self, name: &str, union: &UnionShape) {
        for json in [false, true] {
            if !self.begin_test(name, json) {
                return;
            }
            let tests: Vec<String> = union
                .members
                .iter()
                .map(|member| {
                    // A union is no level of its own.
                    let test = self.test_to(&member.shape, "x", json, "n");
                    if test.contains("&&") { format!("({test})") } else { test }
                })
                .collect();
            self.line(&format!("return {};", tests.join(" || ")));
            self.close("}");
        }
    }

    pub fn test_array(&mut self, name: &str, slot: &Slot) {
        for json in [false, true] {
            if !self.begin_test(name, json) {
                return;
            }
            let test = self.test_slot(slot, "y", false, json);
            self.line(&format!("return Array.isArray(x) && (n === 0 || x.every((y) => {test}));"));
            self.close("}");
        }
    }

    pub fn test_set(&mut self, name: &str, slot: &Slot) {
        for json in [false, true] {
            if !self.begin_test(name, json) {
                return;
            }
            let test = self.test_slot(slot, "y", false, json);
            let (kind, items) =
                if json { ("Array.isArray(x)", "x") } else { ("x instanceof Set", "[...x]") };
            self.line(&format!("return {kind} && (n === 0 || {items}.every((y) => {test}));"));
            self.close("}");
        }
    }

    pub fn test_map(&mut self, name: &str, key: &Slot, value: &Slot) {
        for json in [false, true] {
            if !self.begin_test(name, json) {
                return;
            }
            let a = self.test_slot(key, "a", false, json);
            let b = self.test_slot(value, "b", false, json);
            if json {
                self.line("if (!Array.isArray(x)) return false;");
                self.line(&format!(
                    "return n === 0 || x.every((y) => {{ if (!Array.isArray(y) || y.length !== 2) return false; const [a, b] = y; return ({a}) && ({b}); }});"
                ));
            } else {
                self.line(&format!(
                    "return x instanceof Map && (n === 0 || [...x].every(([a, b]) => ({a}) && ({b})));"
                ));
            }
            self.close("}");
        }
    }
}

fn may_lack(field: &FieldShape) -> bool {
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

fn range(scalar: Scalar) -> (&'static str, &'static str) {
    match scalar {
        Scalar::Int8 => ("-128", "127"),
        Scalar::Int16 => ("-32768", "32767"),
        Scalar::Int32 => ("-2147483648", "2147483647"),
        Scalar::Uint8 => ("0", "255"),
        Scalar::Uint16 => ("0", "65535"),
        Scalar::Uint32 => ("0", "4294967295"),
        Scalar::Uint64 => ("0", "9007199254740991"),
        Scalar::Int64 | Scalar::Float32 | Scalar::Float64 => {
            ("-9007199254740991", "9007199254740991")
        }
    }
}
