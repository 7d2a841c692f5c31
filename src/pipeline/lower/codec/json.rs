//! JSON ↔ values, with the encodings of the JSON endpoint: bigint as a decimal string, Date as
//! RFC 3339, bytes as base64, Map as pairs, Set as an array, undefined as absent.

use std::fmt::Write as _;

use super::{
    decode::member,
    emit::{Emitter, Purpose, property, property_key, segment},
};
use crate::{
    model::shape::{FieldShape, ObjectKind, ObjectShape, Shape, Slot, UnionShape},
    text::values::string,
};

impl Emitter<'_> {
    pub fn json_object(&mut self, name: &str, object: &ObjectShape) {
        match object.kind {
            ObjectKind::Object => {
                let names: Vec<String> = object.fields.iter().map(|f| string(&f.name)).collect();
                let set = format!("/* @__PURE__ */ new Set([{}])", names.join(", "));
                self.constant(name, "k", &set);
                self.json_properties(name, object, "read");
                self.json_properties(name, object, "write");
            }
            ObjectKind::Tuple => {
                self.json_positions(name, object, "read");
                self.json_positions(name, object, "write");
            }
            ObjectKind::Arguments => self.json_positions(name, object, "read"),
            ObjectKind::Result | ObjectKind::Item => {
                self.begin(name, "write", "c, x, d, key");
                self.open_container("c", object);
                let field = &object.fields[0];
                let value = self.convert_slot(&field.slot, "x", "undefined", "write", true);
                self.line(&format!("return {value};"));
                self.close("}");
            }
        }
    }

    /// `patch` writes an object of which any field may be absent.
    pub fn json_properties(&mut self, name: &str, object: &ObjectShape, function: &'static str) {
        let partial = function == "patch";
        let direction = if partial { "write" } else { function };
        let optional = |field: &FieldShape| partial || optional(field);
        self.begin(name, function, "c, x, d, key");
        self.open_container("c", object);
        let only = match (self.purpose, direction) {
            (Purpose::Calls, "read") => Some("onlyDeclared"),
            (Purpose::Rows, "write") => Some("onlyStored"),
            _ => None,
        };
        if let Some(only) = only.filter(|_| object.rest.is_none()) {
            let only = self.support(only);
            let declared = self.function(name, "k");
            self.line(&format!("{only}(c, x, {declared}, d);"));
        }
        self.line("let y;");
        self.open("const o = {");
        for field in object.fields.iter().filter(|f| !optional(f)) {
            let value = format!("y = {}", property(&field.name));
            let value = self.convert_field(field, &value, direction);
            self.line(&format!("{}: {value},", property_key(&field.name)));
        }
        self.close("};");
        for field in object.fields.iter().filter(|f| optional(f)) {
            let hidden = if field.hidden { "!c.response && " } else { "" };
            let value = self.convert_slot(
                &Slot { undefined: false, ..field.slot.clone() },
                "y",
                &segment(&field.name),
                direction,
                true,
            );
            self.line(&format!(
                "if ({hidden}(y = {}) !== undefined) o{} = {value};",
                property(&field.name),
                member(&field.name)
            ));
        }
        if let Some(rest) = &object.rest {
            let rest_keys = self.support("restKeys");
            let check = self.support("checkString");
            let declared = self.function(name, "k");
            self.open(&format!("for (const name of {rest_keys}(c, x, {declared}, false, d)) {{"));
            self.line("y = x[name];");
            let slot = Slot { undefined: false, ..rest.slot.clone() };
            let value = self.convert_slot(&slot, "y", "name", direction, true);
            self.line(&format!("o[{check}(c, name, d, name)] = {value};"));
            self.close("}");
        }
        self.line("return o;");
        self.close("}");
    }

    /// A property that is always there: of a type that admits undefined it may be absent in JSON.
    fn convert_field(
        &mut self,
        field: &FieldShape,
        assigned: &str,
        direction: &'static str,
    ) -> String {
        let key = segment(&field.name);
        let mut tests: Vec<(String, String)> = Vec::new();
        if let Some(default) = &field.default {
            let text = default.to_string();
            let value = match (direction, default.is_null() && field.slot.null) {
                ("read", false) => self.read_value(&field.slot.shape, "c", &text, &key),
                _ => text,
            };
            tests.push(("undefined".to_owned(), value));
        } else if field.slot.undefined {
            tests.push(("undefined".to_owned(), "undefined".to_owned()));
        }
        if field.slot.null {
            tests.push(("null".to_owned(), "null".to_owned()));
        }
        let mut first = format!("({assigned})");
        let mut text = String::new();
        for (test, value) in &tests {
            let _ = write!(text, "{first} === {test} ? {value} : ");
            "y".clone_into(&mut first);
        }
        let value = if tests.is_empty() { assigned } else { "y" };
        text + &self.convert(&field.slot.shape, "c", value, &key, direction, nothing(&field.slot))
    }

    fn json_positions(&mut self, name: &str, object: &ObjectShape, direction: &'static str) {
        self.begin(name, direction, "c, x, d, key");
        self.open_container("c", object);
        self.line("const o = [];");
        self.line("let y;");
        let mut gaps = false;
        let gap = if direction == "read" { "pad" } else { "padNull" };
        for (i, field) in object.fields.iter().enumerate() {
            let key = i.to_string();
            if optional(field) {
                // JSON has no undefined: null stands for it where null is no value of its own.
                let mut absent = vec![format!("(y = x[{i}]) !== undefined")];
                if direction == "read" && !takes_null(&field.slot) {
                    absent.push("y !== null".to_owned());
                }
                let slot = Slot { undefined: false, ..field.slot.clone() };
                let value = self.convert_slot(&slot, "y", &key, direction, true);
                let push = if gaps {
                    let pad = self.support(gap);
                    format!("{{ {pad}(o, {i}); o.push({value}); }}")
                } else {
                    format!("o.push({value});")
                };
                self.line(&format!("if ({}) {push}", absent.join(" && ")));
                gaps = true;
            } else {
                if gaps {
                    let pad = self.support(gap);
                    self.line(&format!("{pad}(o, {i});"));
                }
                self.line(&format!("y = x[{i}];"));
                let value = match &field.default {
                    Some(default) => {
                        let text = default.to_string();
                        let value = match direction {
                            "read" if !(default.is_null() && field.slot.null) => {
                                self.read_value(&field.slot.shape, "c", &text, &key)
                            }
                            _ => text,
                        };
                        let given = self.convert_slot(&field.slot, "y", &key, direction, false);
                        format!("y === undefined ? {value} : {given}")
                    }
                    None => self.convert_slot(&field.slot, "y", &key, direction, false),
                };
                self.line(&format!("o.push({value});"));
            }
        }
        if let Some(rest) = &object.rest {
            let from = object.fields.len();
            let pad = self.support(gap);
            let value = self.convert_slot(&rest.slot, "y", "i", direction, false);
            self.line(&format!("if (x.length > {from}) {pad}(o, {from});"));
            self.open(&format!("for (let i = {from}; i < x.length; i++) {{"));
            self.line("y = x[i];");
            self.line(&format!("o.push({value});"));
            self.close("}");
        }
        self.line("return o;");
        self.close("}");
    }

    /// What becomes of `value`, a name, in a place. Where it may be absent, undefined is; elsewhere
    /// null stands for undefined.
    fn convert_slot(
        &mut self,
        slot: &Slot,
        value: &str,
        key: &str,
        direction: &'static str,
        absent: bool,
    ) -> String {
        let mut text = String::new();
        if slot.undefined {
            let written = if absent || direction == "read" { "undefined" } else { "null" };
            let _ = write!(text, "{value} === undefined ? {written} : ");
            if direction == "read" && !takes_null(slot) {
                let _ = write!(text, "{value} === null ? undefined : ");
            }
        }
        if slot.null {
            let _ = write!(text, "{value} === null ? null : ");
        }
        text + &self.convert(&slot.shape, "c", value, key, direction, nothing(slot))
    }

    pub fn read_value(&mut self, shape: &Shape, state: &str, value: &str, key: &str) -> String {
        self.convert(shape, state, value, key, "read", "undefined")
    }

    fn convert(
        &mut self,
        shape: &Shape,
        state: &str,
        value: &str,
        key: &str,
        direction: &'static str,
        nothing: &str,
    ) -> String {
        if *shape == Shape::Nothing {
            let fail = self.support("fail");
            return format!("{fail}({state}, d, {key}, {})", string(nothing));
        }
        let function = self.passage(shape, direction);
        format!("{function}({state}, {value}, d, {key})")
    }

    pub fn json_array(&mut self, name: &str, slot: &Slot) {
        for direction in ["read", "write"] {
            self.begin(name, direction, "c, x, d, key");
            let open = self.support("openArray");
            self.line(&format!("{open}(c, x, d++, key);"));
            self.line("const n = x.length, o = new Array(n);");
            self.open("for (let i = 0; i < n; i++) {");
            self.line("const y = x[i];");
            let value = self.convert_slot(slot, "y", "i", direction, false);
            self.line(&format!("o[i] = {value};"));
            self.close("}");
            self.line("return o;");
            self.close("}");
        }
    }

    pub fn json_set(&mut self, name: &str, slot: &Slot) {
        self.begin(name, "read", "c, x, d, key");
        let (open, distinct) = (self.support("openArray"), self.support("distinct"));
        self.line(&format!("{open}(c, x, d++, key);"));
        self.line("const n = x.length, o = new Set();");
        self.open("for (let i = 0; i < n; i++) {");
        self.line("const y = x[i];");
        let value = self.convert_slot(slot, "y", "i", "read", false);
        self.line(&format!("o.add({value});"));
        self.close("}");
        self.line(&format!("{distinct}(c, o, n, d);"));
        self.line("return o;");
        self.close("}");
        self.begin(name, "write", "c, x, d, key");
        let open = self.support("openSet");
        self.line(&format!("{open}(c, x, d++, key);"));
        self.line("const o = [];");
        self.line("let i = 0;");
        self.open("for (const y of x) {");
        let value = self.convert_slot(slot, "y", "i", "write", false);
        self.line(&format!("o.push({value});"));
        self.line("i++;");
        self.close("}");
        self.line("return o;");
        self.close("}");
    }

    pub fn json_map(&mut self, name: &str, key: &Slot, value: &Slot) {
        let (entry_key, entry_value) = (self.support("entryKey"), self.support("entryValue"));
        let segments = (format!("{entry_key}(i)"), format!("{entry_value}(i)"));
        self.begin(name, "read", "c, x, d, key");
        let (open, pair) = (self.support("openPairs"), self.support("openPair"));
        let distinct = self.support("distinct");
        self.line(&format!("{open}(c, x, d++, key);"));
        self.line("const n = x.length, o = new Map();");
        self.open("for (let i = 0; i < n; i++) {");
        self.line(&format!("{pair}(c, x[i], d, i);"));
        self.line("const [a, b] = x[i];");
        let a = self.convert_slot(key, "a", &segments.0, "read", false);
        let b = self.convert_slot(value, "b", &segments.1, "read", false);
        self.line(&format!("o.set({a}, {b});"));
        self.close("}");
        self.line(&format!("{distinct}(c, o, n, d);"));
        self.line("return o;");
        self.close("}");
        self.begin(name, "write", "c, x, d, key");
        let open = self.support("openMap");
        self.line(&format!("{open}(c, x, d++, key);"));
        self.line("const o = [];");
        self.line("let i = 0;");
        self.open("for (const [a, b] of x) {");
        let a = self.convert_slot(key, "a", &segments.0, "write", false);
        let b = self.convert_slot(value, "b", &segments.1, "write", false);
        self.line(&format!("o.push([{a}, {b}]);"));
        self.line("i++;");
        self.close("}");
        self.line("return o;");
        self.close("}");
    }

    pub fn json_union(&mut self, name: &str, union: &UnionShape) {
        for (direction, tag) in [("read", "jsonTag"), ("write", "tag")] {
            self.begin(name, direction, "c, x, d, key");
            let tag = self.function(name, tag);
            self.open(&format!("switch ({tag}(c, x, d, key)) {{"));
            for member in &union.members {
                let value = self.convert(&member.shape, "c", "x", "key", direction, "undefined");
                self.line(&format!("case {}: return {value};", member.tag));
            }
            self.close("}");
            self.close("}");
        }
    }
}

fn optional(field: &FieldShape) -> bool {
    field.optional || field.hidden
}

/// Null is one of its values.
fn takes_null(slot: &Slot) -> bool {
    slot.null || slot.shape == Shape::Unknown
}

fn nothing(slot: &Slot) -> &'static str {
    super::encode::nothing(slot)
}
