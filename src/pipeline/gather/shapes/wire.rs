//! Types that are looked up → slots and shapes. Objects and unions are made once for each key;
//! what lies in them is left for later, so that depth costs no stack.

use std::{
    collections::{BTreeSet, VecDeque},
    rc::Rc,
};

use super::{
    builtin::{STREAM, unwrapped},
    diagnostics::{
        Origin, circular_type, misplaced_stream, too_large_type, type_not_carried, unchecked_type,
    },
    evaluate::Evaluator,
    head::{Head, ObjectHead, Thunk, TupleHead, property},
    names::{last_label, steps},
    secrets::Secrets,
};
use crate::model::shape::{
    FieldIds, FieldShape, Literal, ObjectKind, ObjectShape, Place, Rest, Scalar, Shape, ShapeKey,
    Shapes, Slot, UnionMember, UnionShape,
};

pub struct Wire<'a> {
    pub evaluator: Evaluator<'a>,
    pub shapes: Shapes,
    queue: VecDeque<(Pending<'a>, Origin)>,
    known: BTreeSet<ShapeKey>,
    /// Unions that are being made: `type Json = string | Json[]` holds itself.
    open: BTreeSet<ShapeKey>,
    /// Arrays, sets and maps that are being made, by the way to what they hold.
    inside: Vec<Rc<str>>,
    fields: usize,
    /// The object and field in which something is being resolved.
    pub at: (ShapeKey, String),
    /// `Secret<T>`: by object, the fields that hold one, and where it is written.
    pub secrets: Secrets,
}

/// The items that a result streams.
pub struct Items<'a> {
    pub item: Rc<Thunk<'a>>,
    /// No promise stands before them.
    pub at_once: bool,
}

enum Pending<'a> {
    Object(Rc<ObjectHead<'a>>),
    Tuple(Rc<TupleHead<'a>>),
}

/// A FlatBuffers table has room for 32 767 slots; a field takes up to three.
const MAX_FIELDS: usize = 10_000;
/// Fields of all objects of a program.
const MAX_ALL_FIELDS: usize = 100_000;
/// Deeper values are refused by every reader.
const MAX_INSIDE: usize = 64;
/// The type of a FlatBuffers union is a byte, and 0 is none.
const MAX_UNION: usize = 255;

impl<'a> Wire<'a> {
    pub fn new(evaluator: Evaluator<'a>) -> Self {
        Self {
            evaluator,
            shapes: Shapes::default(),
            queue: VecDeque::new(),
            known: BTreeSet::new(),
            open: BTreeSet::new(),
            inside: Vec::new(),
            fields: 0,
            at: (String::new(), String::new()),
            secrets: Secrets::new(),
        }
    }

    /// Makes the objects that slots have named since the last time.
    pub fn drain(&mut self) {
        while let Some((pending, origin)) = self.queue.pop_front() {
            self.evaluator.origin = origin;
            let (key, object) = match pending {
                Pending::Object(head) => (head.way.to_string(), self.object(&head)),
                Pending::Tuple(head) => (head.way.to_string(), self.tuple(&head)),
            };
            self.shapes.objects.insert(key, object);
        }
    }

    fn object(&mut self, head: &ObjectHead<'a>) -> ObjectShape {
        let key = head.way.to_string();
        let mut shape = empty(ObjectKind::Object, &head.place);
        shape.docs.clone_from(&head.docs);
        if self.too_many(head.fields.len(), &head.place) {
            return shape;
        }
        for field in &head.fields {
            self.at = (key.clone(), field.name.clone());
            let outer = self.evaluator.head(&field.ty);
            // `b?: never` says that it is absent, and so it always is.
            if field.optional && is_nothing_at_all(&outer) {
                continue;
            }
            let mut slot = self.slot_of(&outer, &field.ty.way, &field.place);
            absent(&mut slot, field.optional && field.default.is_none());
            shape.fields.push(FieldShape {
                name: field.name.clone(),
                slot,
                optional: field.optional && field.default.is_none(),
                hidden: field.hidden,
                default: field.default.clone(),
                docs: field.docs.clone(),
                id: FieldIds::default(),
                place: field.place.clone(),
            });
        }
        if let Some(rest) = &head.rest {
            self.at = (key, "*".to_owned());
            shape.rest = Some(Rest { slot: self.slot(rest), id: FieldIds::default() });
        }
        shape
    }

    fn tuple(&mut self, head: &TupleHead<'a>) -> ObjectShape {
        let mut shape = empty(ObjectKind::Tuple, &head.place);
        if self.too_many(head.elements.len(), &head.place) {
            return shape;
        }
        for (index, element) in head.elements.iter().enumerate() {
            self.at = (head.way.to_string(), index.to_string());
            let slot = self.slot(&element.ty);
            shape.fields.push(field(&index.to_string(), slot, element.optional, &head.place));
        }
        if let Some(rest) = &head.rest {
            self.at = (head.way.to_string(), "*".to_owned());
            shape.rest = Some(Rest { slot: self.slot(rest), id: FieldIds::default() });
        }
        shape
    }

    fn too_many(&mut self, count: usize, at: &Place) -> bool {
        self.fields += count;
        let what = if count > MAX_FIELDS {
            "an object has more than 10000 fields"
        } else if self.fields > MAX_ALL_FIELDS {
            "the types of this program have more than 100000 fields"
        } else {
            return false;
        };
        let diagnostic = too_large_type(&self.evaluator.origin, what, at);
        self.evaluator.report(diagnostic, at);
        if self.fields > MAX_ALL_FIELDS {
            self.evaluator.give_up();
        }
        true
    }

    pub fn slot(&mut self, thunk: &Thunk<'a>) -> Slot {
        let head = self.evaluator.head(thunk);
        self.slot_of(&head, &thunk.way, &thunk.place)
    }

    /// The items of a result that is a stream, or a promise of one. None of any other.
    pub fn items(&mut self, thunk: &Thunk<'a>) -> Option<Items<'a>> {
        let outer = self.evaluator.head(thunk);
        let at_once = matches!(outer, Head::Wrapped(STREAM, _));
        let head = unwrapped(&mut self.evaluator, outer, &thunk.way, &thunk.place, &["Promise"]);
        match head {
            Head::Wrapped(STREAM, item) => Some(Items { item, at_once }),
            _ => None,
        }
    }

    /// A result: `Promise<T>` and `HttpResp<T>` are T.
    pub fn result(&mut self, thunk: &Thunk<'a>) -> Slot {
        let head = self.evaluator.head(thunk);
        let wrappers = ["Promise", "HttpResp"];
        let head = unwrapped(&mut self.evaluator, head, &thunk.way, &thunk.place, &wrappers);
        // A function that never returns has no result.
        let head = if matches!(head, Head::Never) { Head::Undefined } else { head };
        self.slot_of(&head, &thunk.way, &thunk.place)
    }

    fn slot_of(&mut self, head: &Head<'a>, way: &Rc<str>, at: &Place) -> Slot {
        stacker::maybe_grow(128 << 10, 4 << 20, || self.slot_of_members(head, way, at))
    }

    fn slot_of_members(&mut self, head: &Head<'a>, way: &Rc<str>, at: &Place) -> Slot {
        let mut slot = Slot::of(Shape::Nothing);
        let mut members: Vec<(String, Shape)> = Vec::new();
        let heads = match head {
            Head::Never => {
                self.foreign("never", "a type that has values", at);
                return slot;
            }
            other => other.members(),
        };
        let own = match head {
            Head::Union(union) if kinds(&union.members) > 1 => Some(union.way.to_string()),
            _ => None,
        };
        if let Some(key) = &own
            && (self.open.contains(key) || self.shapes.unions.contains_key(key))
        {
            slot.null = heads.iter().any(|h| matches!(h, Head::Null));
            slot.undefined = heads.iter().any(|h| matches!(h, Head::Undefined));
            slot.shape = Shape::Union(key.clone());
            return slot;
        }
        self.open.extend(own.clone());
        for head in &heads {
            match head {
                Head::Null => slot.null = true,
                Head::Undefined => slot.undefined = true,
                head => {
                    if let Some((label, shape)) = self.shape(head, at) {
                        add(&mut members, label, shape);
                    }
                }
            }
        }
        if let Some(key) = &own {
            self.open.remove(key);
        }
        absorb(&mut members);
        if members.iter().any(|(_, shape)| *shape == Shape::Unknown) {
            // Null is among the values; undefined is none that JSON has.
            return Slot { shape: Shape::Unknown, null: false, undefined: true };
        }
        slot.shape = match members.len() {
            0 => Shape::Nothing,
            1 => members.swap_remove(0).1,
            _ => {
                let (way, place) = match head {
                    Head::Union(union) => (&union.way, &union.place),
                    _ => (way, at),
                };
                self.union(members, way, place)
            }
        };
        slot
    }

    fn union(&mut self, members: Vec<(String, Shape)>, way: &Rc<str>, at: &Place) -> Shape {
        let key = way.to_string();
        if members.len() > MAX_UNION {
            let what = "a union has more than 255 kinds of members";
            let diagnostic = too_large_type(&self.evaluator.origin, what, at);
            self.evaluator.report(diagnostic, at);
            return Shape::Nothing;
        }
        let mut labels = BTreeSet::new();
        let members = members
            .into_iter()
            .map(|(label, shape)| {
                let mut unique = label.clone();
                let mut count = 2;
                while !labels.insert(unique.clone()) {
                    unique = format!("{label}~{count}");
                    count += 1;
                }
                UnionMember { label: unique, shape, tag: 0 }
            })
            .collect();
        self.shapes.unions.entry(key.clone()).or_insert_with(|| UnionShape {
            name: String::new(),
            members,
            removed: Vec::new(),
            place: at.clone(),
        });
        Shape::Union(key)
    }

    /// A label and a shape; None where it cannot travel.
    fn shape(&mut self, head: &Head<'a>, at: &Place) -> Option<(String, Shape)> {
        let named = |label: &str, shape: Shape| Some((label.to_owned(), shape));
        match head {
            Head::Boolean => named("boolean", Shape::Boolean),
            Head::String => named("string", Shape::String),
            Head::Number(Scalar::Float64) => named("number", Shape::Number(Scalar::Float64)),
            Head::Number(scalar) => named(&scalar.name().to_lowercase(), Shape::Number(*scalar)),
            Head::BigInt(Scalar::Int64) => named("bigint", Shape::BigInt(Scalar::Int64)),
            Head::BigInt(scalar) => {
                named(&format!("bigint {}", scalar.name().to_lowercase()), Shape::BigInt(*scalar))
            }
            Head::Date => named("Date", Shape::Date),
            Head::Bytes => named("Uint8Array", Shape::Bytes),
            Head::Unknown(written) => {
                let diagnostic = unchecked_type(&self.evaluator.origin, written);
                self.evaluator.report(diagnostic, written);
                named("unknown", Shape::Unknown)
            }
            Head::Literal(literal) => {
                let label = match literal {
                    Literal::Boolean(_) => "boolean",
                    Literal::Number(_) => "number",
                    Literal::String(_) => "string",
                    Literal::BigInt { .. } => "bigint",
                };
                named(label, Shape::Literals(vec![literal.clone()]))
            }
            Head::Array(item) => {
                let slot = self.item(item)?;
                let label = format!("{}[]", slot_label(&slot));
                Some((label, Shape::Array(Box::new(slot))))
            }
            Head::Set(item) => {
                let slot = self.item(item)?;
                Some((format!("Set<{}>", slot_label(&slot)), Shape::Set(Box::new(slot))))
            }
            Head::Map(pair) => {
                let slots = (self.item(&pair.0)?, self.item(&pair.1)?);
                let label = format!("Map<{}, {}>", slot_label(&slots.0), slot_label(&slots.1));
                Some((label, Shape::Map(Box::new(slots))))
            }
            Head::Object(object) => {
                let key = object.way.to_string();
                if self.too_deep(&key, &object.place) {
                    return None;
                }
                if self.known.insert(key.clone()) {
                    let origin = self.evaluator.origin.clone();
                    self.queue.push_back((Pending::Object(Rc::clone(object)), origin));
                }
                Some((last_label(&key), Shape::Object(key)))
            }
            Head::Tuple(tuple) => {
                let key = tuple.way.to_string();
                if self.too_deep(&key, &tuple.place) {
                    return None;
                }
                if self.known.insert(key.clone()) {
                    let origin = self.evaluator.origin.clone();
                    self.queue.push_back((Pending::Tuple(Rc::clone(tuple)), origin));
                }
                Some((last_label(&key), Shape::Object(key)))
            }
            Head::Secret(inner, written) => {
                let (object, field) = self.at.clone();
                self.secrets.entry(object).or_default().push((field, written.clone()));
                let mut found = None;
                for member in inner.members() {
                    found = self.shape(&member, at);
                }
                found
            }
            Head::Wrapped("HttpResp", _) => {
                self.foreign("HttpResp", "it for a whole result only", at);
                None
            }
            Head::Wrapped(STREAM, _) => {
                let diagnostic = misplaced_stream(&self.evaluator.origin, at);
                self.evaluator.report(diagnostic, at);
                None
            }
            Head::Wrapped(..) => {
                self.foreign("Promise", "what it resolves to", at);
                None
            }
            Head::Foreign(found) => {
                self.foreign(&found.name, &found.instead, &found.place.clone());
                None
            }
            Head::Never | Head::Undefined | Head::Null | Head::Union(_) | Head::Refused => None,
        }
    }

    /// What has no name of its own lies in what does, not too deep.
    fn too_deep(&mut self, key: &str, at: &Place) -> bool {
        let too_deep = steps(key) > MAX_INSIDE;
        if too_deep {
            let what = "an object lies in more than 64 others";
            let diagnostic = too_large_type(&self.evaluator.origin, what, at);
            self.evaluator.report(diagnostic, at);
        }
        too_deep
    }

    /// What an array holds; None where that is the array itself, which has no name to go by.
    fn item(&mut self, thunk: &Thunk<'a>) -> Option<Slot> {
        if self.inside.contains(&thunk.way) {
            let name = last_label(thunk.way.trim_end_matches("[]"));
            let diagnostic = circular_type(&self.evaluator.origin, &name, &thunk.place);
            self.evaluator.report(diagnostic, &thunk.place);
            return None;
        }
        if self.inside.len() >= MAX_INSIDE {
            let what = "an array, set or map lies in more than 64 others";
            let diagnostic = too_large_type(&self.evaluator.origin, what, &thunk.place);
            self.evaluator.report(diagnostic, &thunk.place);
            return None;
        }
        self.inside.push(Rc::clone(&thunk.way));
        let slot = self.slot(thunk);
        self.inside.pop();
        Some(slot)
    }

    fn foreign(&mut self, name: &str, instead: &str, at: &Place) {
        let diagnostic = type_not_carried(&self.evaluator.origin, name, instead, at);
        self.evaluator.report(diagnostic, at);
    }
}

pub fn empty(kind: ObjectKind, at: &Place) -> ObjectShape {
    ObjectShape {
        name: String::new(),
        kind,
        fields: Vec::new(),
        rest: None,
        docs: None,
        removed: Vec::new(),
        place: at.clone(),
    }
}

/// `a?: unknown` has undefined only where it is absent: one of them is enough.
fn absent(slot: &mut Slot, optional: bool) {
    slot.undefined &= !(optional && slot.shape == Shape::Unknown);
}

pub fn field(name: &str, mut slot: Slot, optional: bool, at: &Place) -> FieldShape {
    absent(&mut slot, optional);
    FieldShape {
        name: name.to_owned(),
        slot,
        optional,
        hidden: false,
        default: None,
        docs: None,
        id: FieldIds::default(),
        place: at.clone(),
    }
}

/// How many shapes there will be at most: literals go with their primitive.
fn kinds(members: &[Head<'_>]) -> usize {
    let mut seen = BTreeSet::new();
    let mut others = 0;
    for member in members {
        match member {
            Head::Null | Head::Undefined | Head::Never | Head::Refused => {}
            Head::String | Head::Literal(Literal::String(_)) => {
                seen.insert("string");
            }
            Head::Number(_) | Head::Literal(Literal::Number(_)) => {
                seen.insert("number");
            }
            Head::Boolean | Head::Literal(Literal::Boolean(_)) => {
                seen.insert("boolean");
            }
            Head::BigInt(_) | Head::Literal(Literal::BigInt { .. }) => {
                seen.insert("bigint");
            }
            _ => others += 1,
        }
    }
    seen.len() + others
}

fn is_nothing_at_all(head: &Head<'_>) -> bool {
    matches!(head, Head::Never)
}

/// Literals of one primitive type are one member; what is there already is not added.
fn add(members: &mut Vec<(String, Shape)>, label: String, shape: Shape) {
    if let Shape::Literals(new) = &shape {
        let same = |literals: &[Literal]| {
            literals
                .first()
                .zip(new.first())
                .is_some_and(|(a, b)| std::mem::discriminant(a) == std::mem::discriminant(b))
        };
        for (_, member) in members.iter_mut() {
            if let Shape::Literals(literals) = member
                && same(literals)
            {
                literals.extend(new.iter().cloned());
                return;
            }
        }
    }
    if !members.iter().any(|(_, member)| *member == shape) {
        members.push((label, shape));
    }
}

/// `string | 'a'` is string, `true | false` is boolean, `number | Int32` is number.
fn absorb(members: &mut Vec<(String, Shape)>) {
    let has = |members: &[(String, Shape)], test: fn(&Shape) -> bool| {
        members.iter().any(|(_, shape)| test(shape))
    };
    for (_, shape) in members.iter_mut() {
        if let Shape::Literals(literals) = shape
            && literals.len() == 2
            && literals.iter().all(|l| matches!(l, Literal::Boolean(_)))
        {
            *shape = Shape::Boolean;
        }
    }
    let string = has(members, |s| *s == Shape::String);
    let boolean = has(members, |s| *s == Shape::Boolean);
    let number = has(members, |s| matches!(s, Shape::Number(_)));
    let bigint = has(members, |s| matches!(s, Shape::BigInt(_)));
    members.retain(|(_, shape)| match shape {
        Shape::Literals(literals) => match literals.first() {
            Some(Literal::String(_)) => !string,
            Some(Literal::Boolean(_)) => !boolean,
            Some(Literal::Number(_)) => !number,
            Some(Literal::BigInt { .. }) => !bigint,
            None => false,
        },
        _ => true,
    });
    // One of several ranges of numbers cannot be told from another.
    let several = members.iter().filter(|(_, s)| matches!(s, Shape::Number(_))).count() > 1;
    if several {
        let first = members.iter().position(|(_, s)| matches!(s, Shape::Number(_))).unwrap_or(0);
        members[first] = ("number".to_owned(), Shape::Number(Scalar::Float64));
        let mut index = 0;
        members.retain(|(_, shape)| {
            index += 1;
            index - 1 == first || !matches!(shape, Shape::Number(_))
        });
    }
    let mut seen = Vec::new();
    members.retain(|(_, shape)| {
        let fresh = !seen.contains(shape);
        if fresh && *shape == Shape::Boolean {
            seen.push(shape.clone());
        }
        fresh
    });
}

fn slot_label(slot: &Slot) -> String {
    let mut label = match &slot.shape {
        Shape::Nothing => String::new(),
        Shape::Boolean => "boolean".to_owned(),
        Shape::String => "string".to_owned(),
        Shape::Number(Scalar::Float64) => "number".to_owned(),
        Shape::Number(scalar) => scalar.name().to_lowercase(),
        Shape::BigInt(_) => "bigint".to_owned(),
        Shape::Date => "Date".to_owned(),
        Shape::Bytes => "Uint8Array".to_owned(),
        Shape::Unknown => "unknown".to_owned(),
        Shape::Literals(literals) => match literals.first() {
            Some(Literal::Number(_)) => "number".to_owned(),
            Some(Literal::Boolean(_)) => "boolean".to_owned(),
            Some(Literal::BigInt { .. }) => "bigint".to_owned(),
            _ => "string".to_owned(),
        },
        Shape::Array(item) => format!("{}[]", slot_label(item)),
        Shape::Set(item) => format!("Set<{}>", slot_label(item)),
        Shape::Map(pair) => format!("Map<{}, {}>", slot_label(&pair.0), slot_label(&pair.1)),
        Shape::Object(key) | Shape::Union(key) => last_label(key),
    };
    for (admitted, name) in [(slot.null, "null"), (slot.undefined, "undefined")] {
        if admitted {
            let bar = if label.is_empty() { "" } else { "|" };
            label = format!("{label}{bar}{name}");
        }
    }
    if label.contains('|') { format!("({label})") } else { label }
}

/// The way of a parameter or of a result below the route's own object.
pub fn below(key: &str, name: &str) -> Rc<str> {
    property(key, name)
}
