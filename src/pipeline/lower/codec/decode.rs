//! FlatBuffers → values. The decoder is the validator.

use super::{
    emit::{Emitter, admitted, element_width, entry, expected, property_key, segment},
    encode::absent,
    plan::{Definition, Place, Table, is_union, string_slot},
};
use crate::{
    model::shape::{ObjectKind, ObjectShape, Shape, Slot, UnionShape},
    text::values::string,
};

/// `cell` and the table that it looks into.
const TABLE: &str = "r, t, v, n, e";

impl Emitter<'_> {
    pub fn decode_table(&mut self, name: &str, definition: &Definition<'_>, table: &Table) {
        match definition {
            Definition::Object(object) => self.decode_object(name, object, table),
            Definition::Item(_) => {
                self.begin(name, "decode", "r, at, d, key");
                let find = self.support("findTable");
                self.open_table(&format!("{find}(r, at, d, key)"), table);
                let value = self.get_place(&table.places[0], "key");
                self.line(&format!("return {value};"));
                self.close("}");
            }
            _ => {}
        }
    }

    /// `const t = …` and what `cell` needs.
    fn open_table(&mut self, opened: &str, table: &Table) {
        self.line(&format!("const t = {opened}, v = r.vtable, n = r.entries, e = r.end;"));
        let known = entry(table.entries);
        let closed = self.support("closed");
        self.line(&format!("if (n > {known}) {closed}(r, v, n, {known}, d);"));
        self.line("let p, q, s;");
    }

    fn decode_object(&mut self, name: &str, object: &ObjectShape, table: &Table) {
        self.begin(name, "decode", "r, at, d, key");
        let open = self.support("openTable");
        self.open_table(&format!("{open}(r, at, d++, key)"), table);
        match object.kind {
            ObjectKind::Result | ObjectKind::Item => {
                let value = self.get_place(&table.places[0], "undefined");
                self.line(&format!("return {value};"));
            }
            ObjectKind::Object => self.decode_properties(name, object, table),
            ObjectKind::Tuple | ObjectKind::Arguments => self.decode_positions(object, table),
        }
        self.close("}");
    }

    fn decode_properties(&mut self, name: &str, object: &ObjectShape, table: &Table) {
        self.open("const o = {");
        let places = &table.places[..object.fields.len()];
        for place in places.iter().filter(|p| !place_optional(p)) {
            let value = self.get_place(place, &segment(&place.name));
            self.line(&format!("{}: {value},", property_key(&place.name)));
        }
        self.close("};");
        for place in places.iter().filter(|p| place_optional(p)) {
            let key = segment(&place.name);
            let (present, value) = self.get_optional(place, &key);
            let hidden = if place.hidden { "!r.response && " } else { "" };
            let access = member(&place.name);
            self.line(&format!("if ({hidden}{present}) o{access} = {value};"));
        }
        if let Some(rest) = &object.rest {
            let place = &table.places[object.fields.len()];
            self.decode_rest(name, &rest.slot, place);
        }
        self.line("return o;");
    }

    fn decode_rest(&mut self, name: &str, slot: &Slot, place: &Place) {
        let declared = self.function(name, "k");
        let cell = self.support("cell");
        let (find, rest_key) = (self.support("findVector"), self.support("restKey"));
        let find_table = self.support("findTable");
        let entry_table = Definition::Entry(string_slot(), slot);
        let Some(table) = self.plan.table(&entry_table) else { return };
        self.open(&format!("if ((p = {cell}({TABLE}, {})) !== 0) {{", entry(place.ids.value)));
        self.line(&format!("const first = {find}(r, p, 4, d, undefined), count = r.count;"));
        self.open("for (let i = 0; i < count; i++) {");
        self.open_table(&format!("{find_table}(r, first + 4 * i, d, undefined)"), &table);
        let key = self.get_place(&table.places[0], "undefined");
        self.line(&format!("const name = {rest_key}(r, o, {key}, {declared}, d);"));
        let value = self.get_place(&table.places[1], "name");
        self.line(&format!("o[name] = {value};"));
        self.close("}");
        self.close("}");
    }

    fn decode_positions(&mut self, object: &ObjectShape, table: &Table) {
        let places = &table.places[..object.fields.len()];
        let leading = places.iter().take_while(|place| !place_optional(place)).count();
        self.open("const o = [");
        for (i, place) in places[..leading].iter().enumerate() {
            let value = self.get_place(place, &i.to_string());
            self.line(&format!("{value},"));
        }
        self.close("];");
        let mut gaps = false;
        for (i, place) in places.iter().enumerate().skip(leading) {
            let key = i.to_string();
            let optional = place_optional(place);
            if optional {
                let (present, value) = self.get_optional(place, &key);
                let push = if gaps {
                    let pad = self.support("pad");
                    format!("{{ {pad}(o, {i}); o.push({value}); }}")
                } else {
                    format!("o.push({value});")
                };
                self.line(&format!("if ({present}) {push}"));
                gaps = true;
            } else {
                if gaps {
                    let pad = self.support("pad");
                    self.line(&format!("{pad}(o, {i});"));
                }
                let value = self.get_place(place, &key);
                self.line(&format!("o.push({value});"));
            }
        }
        if let Some(rest) = &object.rest {
            let place = &table.places[object.fields.len()];
            let (cell, find, pad) =
                (self.support("cell"), self.support("findVector"), self.support("pad"));
            let width = element_width(&rest.slot);
            self.open(&format!("if ((p = {cell}({TABLE}, {})) !== 0) {{", entry(place.ids.value)));
            self.line(&format!(
                "const first = {find}(r, p, {width}, d, undefined), count = r.count;"
            ));
            self.line(&format!("if (count > 0) {pad}(o, {});", object.fields.len()));
            let get = self.get_element(&rest.slot);
            self.line(&format!(
                "for (let i = 0; i < count; i++) o.push({get}(r, first + {width} * i, d, o.length));"
            ));
            self.close("}");
        }
        self.line("return o;");
    }

    /// Where a value that may be absent is, as a condition, and the value.
    fn get_optional(&mut self, place: &Place, key: &str) -> (String, String) {
        let cell = self.support("cell");
        let mut found = Vec::new();
        if place.slot.shape != Shape::Nothing {
            found.push(format!("(p = {cell}({TABLE}, {})) !== 0", entry(place.ids.value)));
        }
        if is_union(&place.slot) {
            let id = place.ids.value.wrapping_sub(1);
            found.push(format!("(q = {cell}({TABLE}, {})) !== 0", entry(id)));
        }
        if let Some(id) = place.ids.state {
            found.push(format!("(s = {cell}({TABLE}, {})) !== 0", entry(id)));
        }
        // All are looked up: the value needs them.
        let present = if let [alone] = found.as_slice() {
            alone.clone()
        } else {
            let all: Vec<&str> = found.iter().map(|f| f.trim_end_matches(" !== 0")).collect();
            format!("({}) !== 0", all.join(" | "))
        };
        let value = self.get_value(&place.slot, key);
        (present, self.with_state(place, key, value))
    }

    /// A value that has to be there, or has a default.
    fn get_place(&mut self, place: &Place, key: &str) -> String {
        let cell = self.support("cell");
        let found = format!("{cell}({TABLE}, {})", entry(place.ids.value));
        let value = match &place.slot.shape {
            Shape::Nothing => "undefined".to_owned(),
            Shape::Union(_) => {
                let kind = format!("{cell}({TABLE}, {})", entry(place.ids.value.wrapping_sub(1)));
                let name = self.plan.name(&place.slot.shape).to_owned();
                let function = self.function(&name, "decode");
                format!("{function}(r, q = {kind}, p = {found}, d, {key})")
            }
            shape => {
                let get = self.passage(shape, "decode");
                format!("{get}(r, p = {found}, d, {key})")
            }
        };
        let value = match &place.default {
            Some(default) => {
                let otherwise = self.default_value(default, &place.slot, key);
                let value = self.get_value(&place.slot, key);
                let lookups = match place.slot.shape {
                    Shape::Union(_) => {
                        let id = entry(place.ids.value.wrapping_sub(1));
                        format!("((q = {cell}({TABLE}, {id})) | (p = {found}))")
                    }
                    _ => format!("(p = {found})"),
                };
                format!("{lookups} === 0 ? {otherwise} : {value}")
            }
            None => value,
        };
        match place.ids.state {
            None => value,
            Some(id) => {
                let state = format!("s = {cell}({TABLE}, {})", entry(id));
                if place.slot.shape == Shape::Nothing {
                    let get = self.support("getState");
                    let admitted = admitted(&place.slot);
                    return format!("{get}(r, {state}, 0, {admitted}, d, {key})");
                }
                let get = self.support("getState");
                let admitted = admitted(&place.slot);
                format!("({state}) === 0 ? {value} : {get}(r, s, {found}, {admitted}, d, {key})")
            }
        }
    }

    fn with_state(&mut self, place: &Place, key: &str, value: String) -> String {
        if place.ids.state.is_none() {
            return value;
        }
        let get = self.support("getState");
        let admitted = admitted(&place.slot);
        let at = if place.slot.shape == Shape::Nothing { "0" } else { "p" };
        let state = format!("{get}(r, s, {at}, {admitted}, d, {key})");
        if place.slot.shape == Shape::Nothing {
            state
        } else {
            format!("s === 0 ? {value} : {state}")
        }
    }

    /// The value at `p`, a union's with its type at `q`.
    fn get_value(&mut self, slot: &Slot, key: &str) -> String {
        match &slot.shape {
            Shape::Nothing => "undefined".to_owned(),
            Shape::Union(_) => {
                let name = self.plan.name(&slot.shape).to_owned();
                let function = self.function(&name, "decode");
                format!("{function}(r, q, p, d, {key})")
            }
            shape => {
                let get = self.passage(shape, "decode");
                format!("{get}(r, p, d, {key})")
            }
        }
    }

    fn get_element(&mut self, slot: &Slot) -> String {
        if slot.is_direct() {
            return self.passage(&slot.shape, "decode");
        }
        let item = self.plan.item_name(slot).to_owned();
        self.function(&item, "decode")
    }

    /// A default, written in JSON, as a value. `r` serves as the state of the conversion.
    fn default_value(&mut self, default: &serde_json::Value, slot: &Slot, key: &str) -> String {
        let text = string_free(default);
        if default.is_null() && slot.null {
            return "null".to_owned();
        }
        let plain = matches!(slot.shape, Shape::Boolean | Shape::String | Shape::Number(_));
        if plain { text } else { self.read_value(&slot.shape, "r", &text, key) }
    }

    pub fn decode_array(&mut self, name: &str, slot: &Slot) {
        self.begin(name, "decode", "r, at, d, key");
        let open = self.support("openVector");
        let width = element_width(slot);
        self.line(&format!(
            "const p = {open}(r, at, {width}, d++, key), n = r.count, x = new Array(n);"
        ));
        let get = self.get_element(slot);
        self.line(&format!("for (let i = 0; i < n; i++) x[i] = {get}(r, p + {width} * i, d, i);"));
        self.line("return x;");
        self.close("}");
    }

    pub fn decode_set(&mut self, name: &str, slot: &Slot) {
        self.begin(name, "decode", "r, at, d, key");
        let open = self.support("openVector");
        let distinct = self.support("distinct");
        let width = element_width(slot);
        self.line(&format!(
            "const p = {open}(r, at, {width}, d++, key), n = r.count, x = new Set();"
        ));
        let get = self.get_element(slot);
        self.line(&format!("for (let i = 0; i < n; i++) x.add({get}(r, p + {width} * i, d, i));"));
        self.line(&format!("{distinct}(r, x, n, d);"));
        self.line("return x;");
        self.close("}");
    }

    pub fn decode_map(&mut self, name: &str, key: &Slot, value: &Slot) {
        self.begin(name, "decode", "r, at, d, key");
        let (open, find) = (self.support("openVector"), self.support("findTable"));
        let (entry_key, entry_value) = (self.support("entryKey"), self.support("entryValue"));
        let distinct = self.support("distinct");
        let entry_table = Definition::Entry(key.clone(), value);
        let Some(table) = self.plan.table(&entry_table) else { return };
        self.line(&format!(
            "const first = {open}(r, at, 4, d++, key), count = r.count, x = new Map();"
        ));
        self.open("for (let i = 0; i < count; i++) {");
        self.open_table(&format!("{find}(r, first + 4 * i, d, i)"), &table);
        let key = self.get_place(&table.places[0], &format!("{entry_key}(i)"));
        let value = self.get_place(&table.places[1], &format!("{entry_value}(i)"));
        self.line(&format!("x.set({key}, {value});"));
        self.close("}");
        self.line(&format!("{distinct}(r, x, count, d);"));
        self.line("return x;");
        self.close("}");
    }

    pub fn decode_union(&mut self, name: &str, union: &UnionShape) {
        self.begin(name, "decode", "r, q, p, d, key");
        let fail = self.support("fail");
        let shapes: Vec<String> =
            union.members.iter().map(|m| expected(self.plan, &m.shape)).collect();
        let text = string(&super::emit::one_of(shapes, "types"));
        self.line(&format!("if (q === 0 || p === 0) {fail}(r, d, key, {text});"));
        self.open("switch (r.view.getUint8(q)) {");
        for member in &union.members {
            let function = self.member_function(&member.shape, "decode");
            self.line(&format!("case {}: return {function}(r, p, d, key);", member.tag));
        }
        self.line(&format!("default: return {fail}(r, d, key, {text});"));
        self.close("}");
        self.close("}");
    }
}

/// It is a property that an object may lack; one with a default never does.
pub fn place_optional(place: &Place) -> bool {
    absent(place) && (place.default.is_none() || place.hidden)
}

/// `.name` or `["na-me"]`.
pub fn member(name: &str) -> String {
    if crate::text::values::is_identifier(name) {
        format!(".{name}")
    } else {
        format!("[{}]", string(name))
    }
}

/// JSON as a JavaScript expression.
fn string_free(value: &serde_json::Value) -> String {
    value.to_string().replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}
