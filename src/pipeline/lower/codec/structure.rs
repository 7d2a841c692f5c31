//! Whether a value is of a shape, asked where nothing but its structure tells the members of a
//! union apart: `User_is(x, n)` for values, `User_isJson(x, n)` for JSON, `n` levels deep.

use super::{
    choose::may_lack,
    emit::{Emitter, property},
};
use crate::{
    model::shape::{Literal, ObjectKind, ObjectShape, Scalar, Shape, Slot, UnionShape},
    text::values::string,
};

impl Emitter<'_> {
    /// Whether a value is of a shape, as a condition; of parts, `n - 1` levels are looked into.
    pub fn test(&mut self, shape: &Shape, value: &str, json: bool) -> String {
        self.test_to(shape, value, json, "n - 1")
    }

    pub fn test_to(&mut self, shape: &Shape, value: &str, json: bool, levels: &str) -> String {
        match shape {
            Shape::Nothing => "false".to_owned(),
            Shape::Boolean => format!("typeof {value} === \"boolean\""),
            Shape::String => format!("typeof {value} === \"string\""),
            Shape::Number(scalar) => match scalar.integers() {
                Some((least, most)) => {
                    format!("Number.isInteger({value}) && {value} >= {least} && {value} <= {most}")
                }
                None => format!("typeof {value} === \"number\""),
            },
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
