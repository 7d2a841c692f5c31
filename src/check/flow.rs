//! Does the reader understand everything that the writer may send?
//!
//! A request is written by the old version and read by the new one, whose decoder refuses what it
//! does not know, except what it knows to be removed. A response is written by the new version and
//! read by the old one, whose decoder ignores what it does not know.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{Change, Direction, Verdict, Version, counterparts, show};
use crate::model::{
    shape::{
        FieldShape, Literal, ObjectKind, ObjectShape, Rest, Shape, ShapeKey, Slot, UnionShape,
    },
    wire::{elements, ids_of, rest_type, wire_type},
};

/// A definition was lost, by hand or in a merge: nothing can be said, so that nobody is served.
const UNKNOWN: &str = "its definition is missing";

pub fn changes(old: Version<'_>, new: Version<'_>) -> Vec<Change> {
    let mut changes = Flow::new(Direction::Request, old, new).run(old.request, new.request);
    changes.extend(Flow::new(Direction::Response, new, old).run(new.response, old.response));
    changes
}

struct Flow<'s> {
    direction: Direction,
    writer: Version<'s>,
    reader: Version<'s>,
    /// Pairs of writer's and reader's definitions still to be looked at.
    queue: VecDeque<(Pair<'s>, String)>,
    seen: BTreeSet<Pair<'s>>,
    changes: Vec<Change>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Pair<'s> {
    Objects(&'s ShapeKey, &'s ShapeKey),
    Unions(&'s ShapeKey, &'s ShapeKey),
}

impl<'s> Flow<'s> {
    fn new(direction: Direction, writer: Version<'s>, reader: Version<'s>) -> Self {
        Self {
            direction,
            writer,
            reader,
            queue: VecDeque::new(),
            seen: BTreeSet::new(),
            changes: Vec::new(),
        }
    }

    fn run(mut self, writer: &'s ShapeKey, reader: &'s ShapeKey) -> Vec<Change> {
        self.meet(Pair::Objects(writer, reader), String::new());
        while let Some((pair, path)) = self.queue.pop_front() {
            match pair {
                Pair::Objects(writer, reader) => {
                    let objects =
                        (self.writer.objects.get(writer), self.reader.objects.get(reader));
                    match objects {
                        (Some(writer), Some(reader)) => self.objects(writer, reader, &path),
                        _ => self.breaking(&path, UNKNOWN),
                    }
                }
                Pair::Unions(writer, reader) => {
                    let unions = (self.writer.unions.get(writer), self.reader.unions.get(reader));
                    match unions {
                        (Some(writer), Some(reader)) => self.unions(writer, reader, &path),
                        _ => self.breaking(&path, UNKNOWN),
                    }
                }
            }
        }
        self.changes
    }

    /// A type that stands in many places is compared once, at the place that is met first.
    fn meet(&mut self, pair: Pair<'s>, path: String) {
        if self.seen.insert(pair) {
            self.queue.push_back((pair, path));
        }
    }

    fn objects(&mut self, writer: &'s ObjectShape, reader: &'s ObjectShape, path: &str) {
        if writer.kind != reader.kind {
            let streamed = [writer.kind, reader.kind].contains(&ObjectKind::Item);
            self.breaking(path, if streamed { STREAMED } else { REARRANGED });
            return;
        }
        let (old, new) = self.by_age(writer, reader);
        // Reader's name → writer's.
        let names: BTreeMap<&str, &str> = counterparts(old, new)
            .into_iter()
            .map(|(old, new)| self.by_age_back((old, new.name.as_str())))
            .map(|(writer, reader)| (reader, writer))
            .collect();
        let paired: BTreeSet<&str> = names.values().copied().collect();
        if self.ids_disagree(writer, reader, &names) {
            self.breaking(path, "its fields have other ids: the lock was not kept");
            return;
        }
        let removed: BTreeSet<u16> = reader.removed.iter().copied().collect();
        for (index, field) in reader.fields.iter().enumerate() {
            if !self.travels(field) {
                continue;
            }
            let path = field_path(reader, index, field, path);
            let counterpart = names.get(field.name.as_str()).and_then(|name| {
                writer.fields.iter().position(|f| f.name == **name && self.travels(f))
            });
            let Some(position) = counterpart else {
                self.only_read(field, &path);
                continue;
            };
            let written = &writer.fields[position];
            if wire_type(&written.slot) != wire_type(&field.slot) {
                self.retyped(&written.slot, &field.slot, &path);
            } else if written.id.value == field.id.value {
                if writer.kind == ObjectKind::Arguments && position != index {
                    let message = "callers of the JSON endpoint pass it at another position";
                    self.compatible(&path, message);
                }
                self.fields(written, field, &removed, &path);
            } else {
                // It was away for a while, and is another field since.
                self.only_read(field, &path);
                self.only_written(written, &removed, &path);
            }
        }
        for (index, field) in writer.fields.iter().enumerate() {
            if self.travels(field) && !paired.contains(field.name.as_str()) {
                let path = field_path(writer, index, field, path);
                self.only_written(field, &removed, &path);
            }
        }
        self.rests((writer, reader), &removed, path);
    }

    /// A hidden field never stands in a response.
    fn travels(&self, field: &FieldShape) -> bool {
        self.direction == Direction::Request || !field.hidden
    }

    /// An id means one thing to the writer and another to the reader. The lock prevents it.
    fn ids_disagree(
        &self,
        writer: &ObjectShape,
        reader: &ObjectShape,
        names: &BTreeMap<&str, &str>,
    ) -> bool {
        let mut meanings: BTreeMap<u16, (Option<&str>, u16)> = BTreeMap::new();
        for field in writer.fields.iter().filter(|field| self.travels(field)) {
            let all = ids(&wire_type(&field.slot), field.id.value, field.id.state);
            meanings.extend(all.map(|(part, id)| (id, (Some(field.name.as_str()), part))));
        }
        if let Some(rest) = &writer.rest {
            meanings.insert(rest.id.value, (None, 1));
        }
        let mut read: Vec<(u16, Option<&str>, u16)> = Vec::new();
        for field in reader.fields.iter().filter(|field| self.travels(field)) {
            let name = names.get(field.name.as_str()).copied();
            let all = ids(&wire_type(&field.slot), field.id.value, field.id.state);
            read.extend(all.map(|(part, id)| (id, Some(name.unwrap_or(NOBODY)), part)));
        }
        read.extend(reader.rest.iter().map(|rest| (rest.id.value, None, 1)));
        read.into_iter().any(|(id, name, part)| {
            meanings.get(&id).is_some_and(|meaning| *meaning != (name, part))
        })
    }

    /// Both sides know the field by one id.
    fn fields(
        &mut self,
        written: &'s FieldShape,
        read: &'s FieldShape,
        removed: &BTreeSet<u16>,
        path: &str,
    ) {
        let may_miss = written.optional || written.default.is_some();
        match (may_miss, read.optional, &read.default) {
            (true, false, None) => self.say(
                Verdict::Breaking,
                path,
                "became required: older clients may leave it out",
                "became optional: older clients rely on it",
            ),
            (true, false, Some(_)) if written.optional => self.say(
                Verdict::Defaults,
                path,
                "has a default: clients that leave it out get that",
                "became optional: older clients take their default for it",
            ),
            (false, true, _) => {
                self.say(Verdict::Compatible, path, "became optional", "is always there now");
            }
            _ => {}
        }
        if let (Some(one), Some(other)) = (&written.default, &read.default)
            && one != other
        {
            let (old, new) = self.by_age(one, other);
            self.compatible(path, &format!("its default was {old} and is {new}"));
        }
        let absent = read.optional || read.default.is_some();
        let dropped = match written.id.state {
            Some(state) => self.direction == Direction::Response || removed.contains(&state),
            None => true,
        };
        if read.id.state.is_some()
            && written.id.state.is_some()
            && read.id.state != written.id.state
        {
            self.breaking(path, "null or undefined was not one of its values for a while");
        }
        // Undefined arrives as absent where nothing else is known of it.
        let undefined_as_absent = absent && read.id.state.is_none() && dropped;
        self.nothings(&written.slot, &read.slot, undefined_as_absent, path);
        self.shapes(&written.slot.shape, &read.slot.shape, path);
    }

    /// null and undefined.
    fn nothings(&mut self, written: &Slot, read: &Slot, undefined_is_absent: bool, path: &str) {
        match (written.null, read.null) {
            (true, false) => self.say(
                Verdict::Breaking,
                path,
                "null is not accepted any more",
                "may be null now, which older clients do not expect",
            ),
            (false, true) => {
                self.say(Verdict::Compatible, path, "may be null now", "is never null now");
            }
            _ => {}
        }
        match (written.undefined, read.undefined) {
            (true, false) if !undefined_is_absent => self.say(
                Verdict::Breaking,
                path,
                "undefined is not accepted any more",
                "may be undefined now, which older clients do not expect",
            ),
            (false, true) => self.say(
                Verdict::Compatible,
                path,
                "may be undefined now",
                "is never undefined now",
            ),
            _ => {}
        }
    }

    /// A field that the writer does not know.
    fn only_read(&mut self, field: &FieldShape, path: &str) {
        if field.optional {
            self.say(
                Verdict::Compatible,
                path,
                "added; older clients leave it out",
                "removed; older clients can do without it",
            );
        } else if field.default.is_some() {
            self.say(
                Verdict::Defaults,
                path,
                "added; calls of older clients get its default",
                "removed; older clients take their default for it",
            );
        } else {
            self.say(
                Verdict::Breaking,
                path,
                "added and required: older clients do not send it",
                "removed: older clients rely on it",
            );
        }
    }

    /// A field that the reader does not know.
    fn only_written(&mut self, field: &FieldShape, removed: &BTreeSet<u16>, path: &str) {
        let ids = ids_of(&wire_type(&field.slot), field.id.value).chain(field.id.state);
        self.ignored(ids, removed, path);
    }

    fn ignored(&mut self, mut ids: impl Iterator<Item = u16>, removed: &BTreeSet<u16>, path: &str) {
        if self.direction == Direction::Request && ids.any(|id| !removed.contains(&id)) {
            self.breaking(path, "removed, and the lock does not know of it: calls are refused");
            return;
        }
        self.say(
            Verdict::Compatible,
            path,
            "removed; what older clients send is ignored",
            "added; older clients ignore it",
        );
    }

    fn rests(
        &mut self,
        (writer, reader): (&'s ObjectShape, &'s ObjectShape),
        removed: &BTreeSet<u16>,
        path: &str,
    ) {
        let path = match writer.kind {
            ObjectKind::Arguments => "args[…]".to_owned(),
            ObjectKind::Tuple => format!("{path}[…]"),
            ObjectKind::Object | ObjectKind::Result | ObjectKind::Item => format!("{path}.*"),
        };
        let ty = |object, rest: &Rest| rest_type(object, rest);
        match (&writer.rest, &reader.rest) {
            (Some(written), Some(read)) if ty(writer, written) != ty(reader, read) => {
                self.retyped(&written.slot, &read.slot, &path);
            }
            (Some(written), Some(read)) if written.id == read.id => {
                self.nothings(&written.slot, &read.slot, false, &path);
                self.shapes(&written.slot.shape, &read.slot.shape, &path);
            }
            (Some(written), _) => self.ignored([written.id.value].into_iter(), removed, &path),
            (None, Some(_)) => self.say(
                Verdict::Compatible,
                &path,
                "added; older clients leave it out",
                "removed; older clients can do without it",
            ),
            (None, None) => {}
        }
    }

    fn unions(&mut self, writer: &'s UnionShape, reader: &'s UnionShape, path: &str) {
        for member in &writer.members {
            let known = reader.members.iter().find(|known| known.label == member.label);
            let label = &member.label;
            match known {
                Some(known) if known.tag == member.tag => {
                    self.shapes(&member.shape, &known.shape, &format!("{path}<{label}>"));
                }
                Some(_) => {
                    let message = format!("`{label}` was not one of its types for a while");
                    self.breaking(path, &message);
                }
                None => self.say(
                    Verdict::Breaking,
                    path,
                    &format!("`{label}` is not accepted any more"),
                    &format!("may be `{label}` now, which older clients do not know"),
                ),
            }
        }
        for member in &reader.members {
            if !writer.members.iter().any(|known| known.label == member.label) {
                self.say(
                    Verdict::Compatible,
                    path,
                    &format!("may be `{}` now", member.label),
                    &format!("is never `{}` now", member.label),
                );
            }
        }
    }

    fn shapes(&mut self, written: &'s Shape, read: &'s Shape, path: &str) {
        match (written, read) {
            (Shape::Object(written), Shape::Object(read)) => {
                self.meet(Pair::Objects(written, read), path.to_owned());
            }
            (Shape::Union(written), Shape::Union(read)) => {
                self.meet(Pair::Unions(written, read), path.to_owned());
            }
            (Shape::Array(written), Shape::Array(read))
            | (Shape::Set(written), Shape::Set(read)) => {
                let path = format!("{path}[]");
                if elements(written) == elements(read) {
                    self.elements(written, read, &path);
                } else {
                    self.retyped(written, read, &path);
                }
            }
            (Shape::Map(written), Shape::Map(read)) => {
                self.entry_parts(&written.0, &read.0, &format!("{path}.keys()"));
                self.entry_parts(&written.1, &read.1, &format!("{path}.values()"));
            }
            (Shape::Literals(written), Shape::Literals(read)) if alike(written, read) => {
                self.literals(written, read, path);
            }
            (Shape::Literals(_), read) if wire(written) == wire(read) && is_primitive(read) => {
                let (old, new) = (self.shown_as_written(written), self.shown_as_read(read));
                let (old, new) = self.by_age(old, new);
                self.compatible(path, &format!("was {old} and is {new}"));
            }
            (written_shape, Shape::Literals(_))
                if wire(written) == wire(read) && is_primitive(written_shape) =>
            {
                self.retyped_shapes(written, read, path);
            }
            (written_shape, read_shape) if written_shape == read_shape => {}
            _ => self.retyped_shapes(written, read, path),
        }
    }

    fn elements(&mut self, written: &'s Slot, read: &'s Slot, path: &str) {
        self.nothings(written, read, false, path);
        self.shapes(&written.shape, &read.shape, path);
    }

    /// Keys and values of maps always stand in a table of their own.
    fn entry_parts(&mut self, written: &'s Slot, read: &'s Slot, path: &str) {
        if wire_type(written) == wire_type(read) {
            self.elements(written, read, path);
        } else {
            self.retyped(written, read, path);
        }
    }

    fn literals(&mut self, written: &[Literal], read: &[Literal], path: &str) {
        let without = |from: &[Literal], others: &[Literal]| {
            let left = from.iter().filter(|one| !others.contains(one));
            left.map(ToString::to_string).collect::<Vec<_>>().join(" and ")
        };
        let unknown = without(written, read);
        if !unknown.is_empty() {
            self.say(
                Verdict::Breaking,
                path,
                &format!("{unknown} is not accepted any more"),
                &format!("may be {unknown} now, which older clients do not know"),
            );
        }
        let unused = without(read, written);
        if !unused.is_empty() {
            self.say(
                Verdict::Compatible,
                path,
                &format!("may be {unused} now"),
                &format!("is never {unused} now"),
            );
        }
    }

    fn retyped(&mut self, written: &Slot, read: &Slot, path: &str) {
        let texts = (show::slot(written, self.writer), show::slot(read, self.reader));
        let (old, new) = self.by_age(texts.0, texts.1);
        self.breaking(path, &format!("was {old} and is {new}"));
    }

    fn retyped_shapes(&mut self, written: &Shape, read: &Shape, path: &str) {
        let (old, new) = self.by_age(self.shown_as_written(written), self.shown_as_read(read));
        self.breaking(path, &format!("was {old} and is {new}"));
    }

    fn shown_as_written(&self, shape: &Shape) -> String {
        show::shape(shape, self.writer)
    }

    fn shown_as_read(&self, shape: &Shape) -> String {
        show::shape(shape, self.reader)
    }

    /// (writer's, reader's) → (old, new).
    fn by_age<T>(&self, writer: T, reader: T) -> (T, T) {
        match self.direction {
            Direction::Request => (writer, reader),
            Direction::Response => (reader, writer),
        }
    }

    /// (old, new) → (writer's, reader's).
    fn by_age_back<T>(&self, (old, new): (T, T)) -> (T, T) {
        self.by_age(old, new)
    }

    fn breaking(&mut self, path: &str, message: &str) {
        self.say(Verdict::Breaking, path, message, message);
    }

    fn compatible(&mut self, path: &str, message: &str) {
        self.say(Verdict::Compatible, path, message, message);
    }

    /// In a request the new version reads, in a response the old one.
    fn say(&mut self, verdict: Verdict, path: &str, request: &str, response: &str) {
        let message = match self.direction {
            Direction::Request => request,
            Direction::Response => response,
        };
        self.changes.push(Change {
            direction: Some(self.direction),
            path: path.to_owned(),
            verdict,
            message: message.to_owned(),
        });
    }
}

/// The parts of a field with their ids: 0 a union's type, 1 the value, 2 the state.
fn ids(ty: &str, value: u16, state: Option<u16>) -> impl Iterator<Item = (u16, u16)> + use<> {
    let mut parts: Vec<(u16, u16)> = ids_of(ty, value).map(|id| (1, id)).collect();
    if let [kind, _] = parts.as_mut_slice() {
        kind.0 = 0;
    }
    parts.into_iter().chain(state.map(|id| (2, id)))
}

fn field_path(object: &ObjectShape, index: usize, field: &FieldShape, path: &str) -> String {
    let name = &field.name;
    match object.kind {
        ObjectKind::Arguments => format!("args[{index}]"),
        ObjectKind::Result | ObjectKind::Item => name.clone(),
        ObjectKind::Tuple => format!("{path}[{name}]"),
        ObjectKind::Object if is_plain(name) => format!("{path}.{name}"),
        ObjectKind::Object => format!("{path}[{}]", serde_json::Value::from(name.as_str())),
    }
}

fn is_plain(name: &str) -> bool {
    let start = |c: char| c == '_' || c == '$' || c.is_alphabetic();
    name.starts_with(start) && name.chars().all(|c| start(c) || c.is_alphanumeric())
}

fn wire(shape: &Shape) -> String {
    wire_type(&Slot::of(shape.clone()))
}

fn alike(one: &[Literal], other: &[Literal]) -> bool {
    let kind = |literals: &[Literal]| literals.first().map(std::mem::discriminant);
    kind(one) == kind(other)
}

/// Literals can be some of its values.
fn is_primitive(shape: &Shape) -> bool {
    matches!(shape, Shape::Boolean | Shape::String | Shape::Number(_) | Shape::BigInt(_))
}

const REARRANGED: &str = "an array became an object, or the other way round";
const STREAMED: &str = "a result became a stream of items, or the other way round";
/// No field is called so.
const NOBODY: &str = "\0";
