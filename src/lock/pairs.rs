//! Types of released versions beside the types of now.
//!
//! Both are walked together from the routes, so that a type is recognised by where it stands and
//! not by what it is called: one that was renamed or moved keeps what it had.

use std::collections::{BTreeMap, BTreeSet};

use super::{Lock, LockedField, Released, TypeIds, UnionTags};
use crate::{
    check::counterparts,
    model::{
        shape::{FieldIds, ObjectShape, Shape, ShapeKey, Shapes, UnionShape},
        wire::{ids_of, rest_type, wire_type},
    },
};

/// What released versions say of the types of now.
#[derive(Debug, Default)]
pub struct History {
    objects: BTreeMap<ShapeKey, Vec<PastField>>,
    unions: BTreeMap<ShapeKey, BTreeSet<(String, u8)>>,
}

#[derive(Clone, PartialEq, Debug)]
struct PastField {
    /// As it is called now, or was then if it is gone. None for the rest.
    name: Option<String>,
    ty: String,
    id: FieldIds,
}

impl History {
    pub fn of(shapes: &Shapes, lock: &Lock) -> Self {
        let mut history = Self::default();
        for (route, versions) in &lock.released {
            let Some(now) = shapes.routes.get(route) else { continue };
            for old in versions.values() {
                history.pair(old, shapes, [&now.request, &now.response]);
            }
        }
        history
    }

    /// The ids that released versions gave to the fields of an object which the lock lacks.
    pub fn ids(&self, key: &ShapeKey, object: &ObjectShape) -> TypeIds {
        let mut ids = TypeIds::default();
        let Some(past) = self.objects.get(key) else { return ids };
        let latest = |name: Option<&str>, ty: &str| {
            let same = past.iter().filter(|p| p.name.as_deref() == name && p.ty == ty);
            same.max_by_key(|p| p.id.value).map(|p| LockedField {
                id: p.id.value,
                ty: p.ty.clone(),
                state: p.id.state,
            })
        };
        for field in &object.fields {
            if let Some(entry) = latest(Some(&field.name), &wire_type(&field.slot)) {
                ids.fields.insert(field.name.clone(), entry);
            }
        }
        ids.rest = object.rest.as_ref().and_then(|rest| latest(None, &rest_type(object, rest)));
        for past in past {
            ids.removed.extend(ids_of(&past.ty, past.id.value).chain(past.id.state));
        }
        ids
    }

    pub fn tags(&self, key: &ShapeKey) -> UnionTags {
        let mut tags = UnionTags::default();
        for (label, tag) in self.unions.get(key).into_iter().flatten() {
            tags.members.insert(label.clone(), *tag);
            tags.removed.insert(*tag);
        }
        tags
    }

    /// A released version had this field under this id.
    pub fn has_field(&self, key: &ShapeKey, name: Option<&str>, id: u16) -> bool {
        self.objects.get(key).is_some_and(|past| {
            past.iter()
                .any(|p| p.name.as_deref() == name && (p.id.value == id || p.id.state == Some(id)))
        })
    }

    pub fn has_member(&self, key: &ShapeKey, label: &str, tag: u8) -> bool {
        let members = self.unions.get(key);
        members.is_some_and(|m| m.iter().any(|(known, t)| known == label && *t == tag))
    }

    fn pair<'s>(&mut self, old: &'s Released, now: &'s Shapes, routes: [&'s ShapeKey; 2]) {
        let mut queue: Vec<Pair<'s>> =
            vec![Pair::Objects(&old.request, routes[0]), Pair::Objects(&old.response, routes[1])];
        let mut seen = BTreeSet::new();
        while let Some(pair) = queue.pop() {
            if !seen.insert(pair) {
                continue;
            }
            match pair {
                Pair::Objects(old_key, new_key) => {
                    let pair = (old.objects.get(old_key), now.objects.get(new_key));
                    if let (Some(old), Some(new)) = pair {
                        self.pair_objects(old, new, new_key, &mut queue);
                    }
                }
                Pair::Unions(old_key, new_key) => {
                    let pair = (old.unions.get(old_key), now.unions.get(new_key));
                    if let (Some(old), Some(new)) = pair {
                        self.pair_unions(old, new, new_key, &mut queue);
                    }
                }
            }
        }
    }

    fn pair_objects<'s>(
        &mut self,
        old: &'s ObjectShape,
        new: &'s ObjectShape,
        key: &ShapeKey,
        queue: &mut Vec<Pair<'s>>,
    ) {
        let past = self.objects.entry(key.clone()).or_default();
        let mut add = |name: Option<String>, ty: String, id: FieldIds| {
            let field = PastField { name, ty, id };
            if !past.contains(&field) {
                past.push(field);
            }
        };
        let counterparts = counterparts(old, new);
        for field in &old.fields {
            let counterpart = counterparts.get(field.name.as_str());
            let name = counterpart.map_or(&field.name, |now| &now.name);
            add(Some(name.clone()), wire_type(&field.slot), field.id);
            if let Some(now) = counterpart {
                pair_shapes(&field.slot.shape, &now.slot.shape, queue);
            }
        }
        if let Some(rest) = &old.rest {
            add(None, rest_type(old, rest), rest.id);
            if let Some(now) = &new.rest {
                pair_shapes(&rest.slot.shape, &now.slot.shape, queue);
            }
        }
    }

    fn pair_unions<'s>(
        &mut self,
        old: &'s UnionShape,
        new: &'s UnionShape,
        key: &ShapeKey,
        queue: &mut Vec<Pair<'s>>,
    ) {
        let tags = self.unions.entry(key.clone()).or_default();
        for member in &old.members {
            tags.insert((member.label.clone(), member.tag));
            if let Some(now) = new.members.iter().find(|now| now.label == member.label) {
                pair_shapes(&member.shape, &now.shape, queue);
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Pair<'s> {
    Objects(&'s ShapeKey, &'s ShapeKey),
    Unions(&'s ShapeKey, &'s ShapeKey),
}

fn pair_shapes<'s>(old: &'s Shape, new: &'s Shape, queue: &mut Vec<Pair<'s>>) {
    match (old, new) {
        (Shape::Array(old) | Shape::Set(old), Shape::Array(new) | Shape::Set(new)) => {
            pair_shapes(&old.shape, &new.shape, queue);
        }
        (Shape::Map(old), Shape::Map(new)) => {
            pair_shapes(&old.0.shape, &new.0.shape, queue);
            pair_shapes(&old.1.shape, &new.1.shape, queue);
        }
        (Shape::Object(old), Shape::Object(new)) => queue.push(Pair::Objects(old, new)),
        (Shape::Union(old), Shape::Union(new)) => queue.push(Pair::Unions(old, new)),
        _ => {}
    }
}
