//! Values → FlatBuffers.

use super::{
    emit::{
        Emitter, admitted, element_width, entry, has_property, property, segment, table_function,
    },
    plan::{Definition, Place, Table, is_union},
};
use crate::{
    model::shape::{ObjectKind, ObjectShape, Shape, Slot, UnionShape},
    text::values::string,
};

/// Which fields of a table are present is told by bits, as far as it varies.
struct Presence {
    bits: usize,
    /// For each place: when value and state are present, as a condition; empty for always,
    /// `false` for never.
    cells: Vec<(String, String)>,
}

impl Presence {
    fn of(places: &[Place]) -> Self {
        let mut presence = Self { bits: 0, cells: Vec::new() };
        for place in places {
            let has_state = place.ids.state.is_some();
            let value = match (&place.slot.shape, absent(place), has_state) {
                (Shape::Nothing, _, _) => "false".to_owned(),
                (_, false, false) => String::new(),
                _ => presence.bit(),
            };
            let state = match (has_state, absent(place)) {
                (false, _) => "false".to_owned(),
                (true, true) => presence.bit(),
                // One of both is there.
                (true, false) if value == "false" => String::new(),
                (true, false) => format!("!({value})"),
            };
            presence.cells.push((value, state));
        }
        presence
    }

    fn bit(&mut self) -> String {
        let (word, bit) = (self.bits / 30, self.bits % 30);
        self.bits += 1;
        format!("{} & {}", mask(word), 1u32 << bit)
    }

    fn words(&self) -> usize {
        self.bits.div_ceil(30)
    }
}

fn mask(word: usize) -> String {
    if word == 0 { "m".to_owned() } else { format!("m{word}") }
}

/// `m & 4` → `m |= 4;`
fn set(condition: &str) -> String {
    condition.replace(" & ", " |= ") + ";"
}

/// It may be missing from a message.
pub fn absent(place: &Place) -> bool {
    place.optional || place.hidden || place.default.is_some()
}

impl Emitter<'_> {
    pub fn encode_table(&mut self, name: &str, definition: &Definition<'_>, table: &Table) {
        let presence = Presence::of(&table.places);
        let caches: Vec<String> =
            (0..presence.words()).map(|word| format!(", {name}_m{word} = 0")).collect();
        self.line(&format!("let {name}_s = 0, {name}_v = 0{};", caches.concat()));
        let parameters = match definition {
            Definition::Entry(..) => "w, a, b, at, d, ka, kb",
            _ => "w, x, at, d, key",
        };
        self.begin(name, "encode", parameters);
        if let Definition::Object(object) = definition {
            self.open_container("w", object);
        }
        let function = self.support(table_function(table));
        self.line(&format!("const t = {function}(w, at, {});", table.size));
        let mut locals: Vec<String> =
            (0..presence.words()).map(|word| format!("{} = 0", mask(word))).collect();
        locals.push("y".to_owned());
        self.line(&format!("let {};", locals.join(", ")));
        match definition {
            Definition::Object(object) => self.encode_fields(name, object, table, &presence),
            Definition::Item(_) => {
                self.encode_place(&table.places[0], "x", "key", &presence.cells[0]);
            }
            Definition::Entry(..) => {
                self.encode_place(&table.places[0], "a", "ka", &presence.cells[0]);
                self.encode_place(&table.places[1], "b", "kb", &presence.cells[1]);
            }
            _ => {}
        }
        self.encode_vtable(name, table, &presence);
        self.close("}");
    }

    fn encode_fields(
        &mut self,
        name: &str,
        object: &ObjectShape,
        table: &Table,
        presence: &Presence,
    ) {
        for (i, _) in object.fields.iter().enumerate() {
            let place = &table.places[i];
            let (value, key) = match object.kind {
                ObjectKind::Object => (property(&place.name), segment(&place.name)),
                ObjectKind::Result | ObjectKind::Item => ("x".to_owned(), "undefined".to_owned()),
                ObjectKind::Tuple | ObjectKind::Arguments => (format!("x[{i}]"), i.to_string()),
            };
            let present = match object.kind {
                ObjectKind::Object => has_property(&place.name),
                _ => format!("x.length > {i}"),
            };
            self.encode_field(place, &value, &key, &present, &presence.cells[i]);
        }
        if let Some(rest) = &object.rest {
            let place = &table.places[object.fields.len()];
            let at = format!("t + {}", place.value_at);
            if object.kind == ObjectKind::Object {
                self.encode_rest(name, &rest.slot, &at);
            } else {
                let from = object.fields.len();
                self.encode_elements(&rest.slot, &at, from);
            }
        }
    }

    /// A field whose value may be absent.
    fn encode_field(
        &mut self,
        place: &Place,
        value: &str,
        key: &str,
        present: &str,
        cells: &(String, String),
    ) {
        if !absent(place) {
            return self.encode_place(place, value, key, cells);
        }
        if place.hidden {
            self.open("if (!w.response) {");
        }
        self.line(&format!("y = {value};"));
        let mut begin = "if";
        if place.slot.null {
            self.open("if (y === null) {");
            self.line(&format!("w.bytes[t + {}] = 2;", place.state_at));
            self.line(&set(&cells.1));
            begin = "} else if";
        }
        if place.slot.undefined {
            let line = format!("{begin} (y === undefined) {{");
            self.branch(&line);
            self.open(&format!("if ({present}) {{"));
            self.line(&format!("w.bytes[t + {}] = 1;", place.state_at));
            self.line(&set(&cells.1));
            self.close("}");
            self.next("} else {");
        } else {
            let line = format!("{begin} (y !== undefined) {{");
            self.branch(&line);
        }
        self.encode_present(place, key, &cells.0);
        self.close("}");
        if place.hidden {
            self.close("}");
        }
    }

    /// A place that is always filled, be it by its state.
    fn encode_place(&mut self, place: &Place, value: &str, key: &str, cells: &(String, String)) {
        if place.ids.state.is_none() {
            // An expression that is not plain is evaluated once.
            return match &place.slot.shape {
                Shape::Nothing => self.encode_nothing(value, key),
                _ => self.encode_value(&place.slot.shape, value, place, key),
            };
        }
        self.line(&format!("y = {value};"));
        let mut begin = "if";
        for (admitted, test, state) in
            [(place.slot.null, "null", 2), (place.slot.undefined, "undefined", 1)]
        {
            if !admitted {
                continue;
            }
            let line = format!("{begin} (y === {test}) {{");
            self.branch(&line);
            self.line(&format!("w.bytes[t + {}] = {state};", place.state_at));
            begin = "} else if";
        }
        self.next("} else {");
        self.encode_present(place, key, &cells.0);
        self.close("}");
    }

    fn encode_present(&mut self, place: &Place, key: &str, bit: &str) {
        if place.slot.shape == Shape::Nothing {
            let fail = self.support("fail");
            let text = string(nothing(&place.slot));
            return self.line(&format!("{fail}(w, d, {key}, {text});"));
        }
        self.encode_value(&place.slot.shape, "y", place, key);
        if bit.starts_with('m') {
            self.line(&set(bit));
        }
    }

    fn encode_nothing(&mut self, value: &str, key: &str) {
        let fail = self.support("fail");
        self.line(&format!("if ({value} !== undefined) {fail}(w, d, {key}, \"undefined\");"));
    }

    fn encode_value(&mut self, shape: &Shape, value: &str, place: &Place, key: &str) {
        let at = format!("t + {}", place.value_at);
        if let Shape::Union(_) = shape {
            let name = self.plan.name(shape).to_owned();
            let function = self.function(&name, "encode");
            let line = format!("{function}(w, {value}, t + {}, {at}, d, {key});", place.type_at);
            return self.line(&line);
        }
        let function = self.passage(shape, "encode");
        self.line(&format!("{function}(w, {value}, {at}, d, {key});"));
    }

    fn encode_vtable(&mut self, name: &str, table: &Table, presence: &Presence) {
        let mut same = vec![format!("{name}_s === w.message")];
        let mut keep = vec![format!("{name}_s = w.message;")];
        for word in 0..presence.words() {
            same.push(format!("{name}_m{word} === {}", mask(word)));
            keep.push(format!("{name}_m{word} = {};", mask(word)));
        }
        self.open(&format!("if ({}) {{", same.join(" && ")));
        self.line(&format!("w.ints[t >> 2] = t - {name}_v;"));
        self.next("} else {");
        let vtable = self.support("vtable");
        self.line(&format!("const v = {vtable}(w, t, {}, {});", table.entries, table.size));
        let mut cells: Vec<(u16, String)> = Vec::new();
        for (i, place) in table.places.iter().enumerate() {
            let (value, state) =
                presence.cells.get(i).map_or((String::new(), String::new()), Clone::clone);
            cells.push((place.ids.value, cell(&value, place.value_at)));
            if is_union(&place.slot) {
                cells.push((place.ids.value.wrapping_sub(1), cell(&value, place.type_at)));
            }
            if let Some(id) = place.ids.state {
                cells.push((id, cell(&state, place.state_at)));
            }
        }
        cells.sort();
        let shorts: Vec<String> = cells
            .iter()
            .filter(|(_, value)| value != "0")
            .map(|(id, value)| format!("e[s + {}] = {value};", entry(*id) / 2))
            .collect();
        if !shorts.is_empty() {
            self.line("const e = w.shorts, s = v >> 1;");
            for line in shorts {
                self.line(&line);
            }
        }
        self.line(&format!("{} {name}_v = v;", keep.join(" ")));
        self.close("}");
    }

    fn encode_rest(&mut self, name: &str, slot: &Slot, at: &str) {
        let rest_keys = self.support("restKeys");
        let vector = self.support("vector");
        let declared = self.function(name, "k");
        let key = super::plan::string_slot();
        let entry = self.plan.entry_name(&key, slot).to_owned();
        let entry = self.function(&entry, "encode");
        self.line(&format!(
            "const rest = {rest_keys}(w, x, {declared}, {}, d), p = {vector}(w, {at}, rest.length, 4);",
            slot.undefined
        ));
        self.open("for (let i = 0; i < rest.length; i++) {");
        self.line("const name = rest[i];");
        self.line(&format!("{entry}(w, name, x[name], p + 4 * i, d, name, name);"));
        self.close("}");
    }

    pub fn encode_array(&mut self, name: &str, slot: &Slot) {
        self.begin(name, "encode", "w, x, at, d, key");
        let open = self.support("openArray");
        self.line(&format!("{open}(w, x, d++, key);"));
        self.encode_elements(slot, "at", 0);
        self.close("}");
    }

    /// The elements of the array `x` from an index on.
    fn encode_elements(&mut self, slot: &Slot, at: &str, from: usize) {
        let vector = self.support("vector");
        let width = element_width(slot);
        let count = if from == 0 {
            "x.length".to_owned()
        } else {
            format!("Math.max(x.length - {from}, 0)")
        };
        self.line(&format!("const n = {count}, p = {vector}(w, {at}, n, {width});"));
        let put = self.put_element(slot);
        let i = if from == 0 { "i".to_owned() } else { format!("i + {from}") };
        self.line(&format!(
            "for (let i = 0; i < n; i++) {put}(w, x[{i}], p + {width} * i, d, {i});"
        ));
    }

    fn put_element(&mut self, slot: &Slot) -> String {
        if slot.is_direct() {
            return self.passage(&slot.shape, "encode");
        }
        let item = self.plan.item_name(slot).to_owned();
        self.function(&item, "encode")
    }

    pub fn encode_set(&mut self, name: &str, slot: &Slot) {
        self.begin(name, "encode", "w, x, at, d, key");
        let open = self.support("openSet");
        let vector = self.support("vector");
        let changed = self.support("unchanged");
        let width = element_width(slot);
        let put = self.put_element(slot);
        self.line(&format!("{open}(w, x, d++, key);"));
        self.line(&format!("const n = x.size, p = {vector}(w, at, n, {width});"));
        self.line("let i = 0;");
        self.open("for (const y of x) {");
        self.line(&format!("if (i < n) {put}(w, y, p + {width} * i, d, i);"));
        self.line("i++;");
        self.close("}");
        self.line(&format!("{changed}(w, i, n, d);"));
        self.close("}");
    }

    pub fn encode_map(&mut self, name: &str, key: &Slot, value: &Slot) {
        self.begin(name, "encode", "w, x, at, d, key");
        let open = self.support("openMap");
        let vector = self.support("vector");
        let changed = self.support("unchanged");
        let (entry_key, entry_value) = (self.support("entryKey"), self.support("entryValue"));
        let entry = self.plan.entry_name(key, value).to_owned();
        let entry = self.function(&entry, "encode");
        self.line(&format!("{open}(w, x, d++, key);"));
        self.line(&format!("const n = x.size, p = {vector}(w, at, n, 4);"));
        self.line("let i = 0;");
        self.open("for (const [a, b] of x) {");
        self.line(&format!(
            "if (i < n) {entry}(w, a, b, p + 4 * i, d, {entry_key}(i), {entry_value}(i));"
        ));
        self.line("i++;");
        self.close("}");
        self.line(&format!("{changed}(w, i, n, d);"));
        self.close("}");
    }

    pub fn encode_union(&mut self, name: &str, union: &UnionShape) {
        self.begin(name, "encode", "w, x, q, at, d, key");
        let tag = self.function(name, "tag");
        self.line(&format!("const tag = {tag}(w, x, d, key);"));
        self.line("w.bytes[q] = tag;");
        self.open("switch (tag) {");
        for member in &union.members {
            let function = self.member_function(&member.shape, "encode");
            self.line(&format!("case {}: {function}(w, x, at, d, key); break;", member.tag));
        }
        self.close("}");
        self.close("}");
    }

    /// The function for a union's member: of an object itself, of others their wrapper's.
    pub fn member_function(&mut self, shape: &Shape, suffix: &str) -> String {
        let name = match shape {
            Shape::Object(_) => self.plan.name(shape).to_owned(),
            shape => self.plan.item_name(&Slot::of(shape.clone())).to_owned(),
        };
        self.function(&name, suffix)
    }
}

/// What may stand in a place without values.
pub fn nothing(slot: &Slot) -> &'static str {
    match admitted(slot) {
        2 => "null",
        3 => "undefined or null",
        _ => "undefined",
    }
}

fn cell(condition: &str, at: u32) -> String {
    match condition {
        "" => at.to_string(),
        "false" => "0".to_owned(),
        condition => format!("{condition} ? {at} : 0"),
    }
}
