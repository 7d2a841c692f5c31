//! The ABI of a route: what a client and a server must agree on to understand each other.
//!
//! The hash is made of the structure alone. Types are numbered in the order in which they are met,
//! so that names, files, docs and the order of fields do not count.

use std::{collections::BTreeMap, fmt::Write as _};

use crate::{
    hash,
    model::{
        shape::{ObjectKind, ObjectShape, Shape, ShapeKey, Shapes, Slot, UnionShape},
        wire::{Definition, rest_type},
    },
};

/// None where the shapes lack the route, or something that it mentions.
pub fn abi(shapes: &Shapes, route: &str) -> Option<String> {
    let keys = shapes.routes.get(route)?;
    let request = Text::of(shapes, &keys.request, false)?;
    let response = Text::of(shapes, &keys.response, true)?;
    Some(hash::of_parts([request.as_str(), response.as_str()]))
}

struct Text<'s> {
    out: String,
    /// Objects and unions in the order in which they were met.
    numbers: BTreeMap<Definition<'s>, usize>,
    queue: Vec<Definition<'s>>,
}

impl<'s> Text<'s> {
    fn of(shapes: &'s Shapes, root: &'s ShapeKey, response: bool) -> Option<String> {
        let mut text = Self { out: String::new(), numbers: BTreeMap::new(), queue: Vec::new() };
        text.number(Definition::Object(root));
        let mut next = 0;
        while let Some(definition) = text.queue.get(next).copied() {
            match definition {
                Definition::Object(key) => text.object(shapes.objects.get(key)?, response),
                Definition::Union(key) => text.union(shapes.unions.get(key)?),
            }
            next += 1;
        }
        Some(text.out)
    }

    fn number(&mut self, definition: Definition<'s>) -> usize {
        let next = self.queue.len();
        let number = *self.numbers.entry(definition).or_insert(next);
        if number == next {
            self.queue.push(definition);
        }
        number
    }

    fn union(&mut self, union: &'s UnionShape) {
        self.out.push_str("union");
        let mut members: Vec<_> = union.members.iter().collect();
        members.sort_by_key(|member| member.tag);
        for member in members {
            let _ = write!(self.out, " {}=", member.tag);
            self.shape(&member.shape);
        }
        self.out.push('\n');
    }

    fn object(&mut self, object: &'s ObjectShape, response: bool) {
        let mut fields: Vec<_> = object.fields.iter().collect();
        self.out.push_str(match object.kind {
            ObjectKind::Object => "object",
            ObjectKind::Tuple => "tuple",
            ObjectKind::Arguments => "arguments",
            ObjectKind::Result => "result",
            ObjectKind::Item => "item",
        });
        // Positions count where there are some; fields of objects have none.
        if object.kind == ObjectKind::Object {
            fields.sort_by_key(|field| field.id.value);
        }
        for field in fields {
            // It never stands in a response.
            if response && field.hidden {
                continue;
            }
            let _ = write!(self.out, " {}", field.id.value);
            if let Some(state) = field.id.state {
                let _ = write!(self.out, "/{state}");
            }
            // Arguments have names for those who read the function only.
            if object.kind == ObjectKind::Object {
                let _ = write!(self.out, "{:?}", field.name);
            }
            if field.optional {
                self.out.push('?');
            }
            self.out.push(':');
            self.slot(&field.slot);
            if let Some(default) = &field.default {
                let _ = write!(self.out, "={default}");
            }
        }
        if let Some(rest) = &object.rest {
            let _ = write!(self.out, " …{}{}:", rest.id.value, rest_type(object, rest));
            self.slot(&rest.slot);
        }
        self.out.push('\n');
    }

    fn slot(&mut self, slot: &'s Slot) {
        self.shape(&slot.shape);
        if slot.null {
            self.out.push_str("|null");
        }
        if slot.undefined {
            self.out.push_str("|undefined");
        }
    }

    fn shape(&mut self, shape: &'s Shape) {
        match shape {
            Shape::Nothing => self.out.push_str("nothing"),
            Shape::Boolean => self.out.push_str("boolean"),
            Shape::String => self.out.push_str("string"),
            Shape::Number(scalar) => drop(write!(self.out, "number {scalar:?}")),
            Shape::BigInt(scalar) => drop(write!(self.out, "bigint {scalar:?}")),
            Shape::Date => self.out.push_str("date"),
            Shape::Bytes => self.out.push_str("bytes"),
            Shape::Unknown => self.out.push_str("unknown"),
            Shape::Literals(literals) => {
                let mut texts: Vec<String> = literals.iter().map(ToString::to_string).collect();
                texts.sort();
                self.out.push_str(&texts.join("|"));
            }
            Shape::Array(element) => self.within("array", &[element]),
            Shape::Set(element) => self.within("set", &[element]),
            Shape::Map(entry) => self.within("map", &[&entry.0, &entry.1]),
            Shape::Object(key) => {
                let number = self.number(Definition::Object(key));
                let _ = write!(self.out, "#{number}");
            }
            Shape::Union(key) => {
                let number = self.number(Definition::Union(key));
                let _ = write!(self.out, "#{number}");
            }
        }
    }

    fn within(&mut self, name: &str, slots: &[&'s Slot]) {
        self.out.push_str(name);
        self.out.push('(');
        for slot in slots {
            self.slot(slot);
            self.out.push(',');
        }
        self.out.push(')');
    }
}
