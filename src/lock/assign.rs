//! Ids for everything that travels.
//!
//! What the lock knows keeps its id; what is new gets the next one; an id that is given up is
//! never given again. So reordering, adding and removing fields leave the others where they were.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::{
    Lock, LockedField, TypeIds, UnionTags, abi, diagnostics, diagnostics::Holder, pairs::History,
    tables,
};
use crate::{
    check::{Verdict, Version, only_renamed, verdict},
    model::{
        app::App,
        diagnostic::Diagnostic,
        shape::{FieldIds, ObjectKind, ObjectShape, Place, ShapeKey, Shapes, UnionShape},
        wire::{ids_of, rest_type, wire_type},
    },
};

/// Gives every field and union member its id, every route its ABI hash and what it accepts;
/// returns the lock as it has to be from now on.
pub fn assign(app: &mut App, lock: &Lock) -> (Lock, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let (types, unions) = assign_shapes(&mut app.shapes, lock, &mut diagnostics);
    let App { shapes, routes, .. } = app;
    routes.par_iter_mut().for_each(|(name, route)| {
        if let Some(abi) = abi(shapes, name) {
            route.accepts = accepts(shapes, name, &abi, lock);
            route.abi = abi;
        }
    });
    let tables = tables::tables(&app.tables);
    let (migrations, released) = (lock.migrations.clone(), lock.released.clone());
    (Lock { types, unions, tables, migrations, released }, diagnostics)
}

/// The hash itself, and those of released versions whose clients can be served.
fn accepts(shapes: &Shapes, route: &str, abi: &str, lock: &Lock) -> Vec<String> {
    let mut accepts = vec![abi.to_owned()];
    let released = lock.released.get(route).into_iter().flatten();
    if let Some(now) = Version::of(shapes, route) {
        let served = released
            .filter(|(hash, old)| *hash != abi && verdict(old.version(), now) != Verdict::Breaking);
        accepts.extend(served.map(|(hash, _)| hash.clone()));
    }
    accepts.sort();
    accepts
}

type Assigned = (BTreeMap<ShapeKey, TypeIds>, BTreeMap<ShapeKey, UnionTags>);

pub fn assign_shapes(
    shapes: &mut Shapes,
    lock: &Lock,
    diagnostics: &mut Vec<Diagnostic>,
) -> Assigned {
    let history = History::of(shapes, lock);
    let moved = moved(&lock.types, &shapes.objects);
    let mut types = BTreeMap::new();
    for (key, object) in &mut shapes.objects {
        let known = lock.types.get(key).or_else(|| lock.types.get(moved.get(key)?));
        let ids = match known {
            Some(known) => assign_object(key, object, known, Some(&history), diagnostics),
            None => assign_object(key, object, &history.ids(key, object), None, diagnostics),
        };
        types.insert(key.clone(), ids);
    }
    let moved = self::moved(&lock.unions, &shapes.unions);
    let mut unions = BTreeMap::new();
    for (key, union) in &mut shapes.unions {
        let known = lock.unions.get(key).or_else(|| lock.unions.get(moved.get(key)?));
        let tags = match known {
            Some(known) => assign_union(key, union, known, Some(&history), diagnostics),
            None => assign_union(key, union, &history.tags(key), None, diagnostics),
        };
        unions.insert(key.clone(), tags);
    }
    (types, unions)
}

/// New key → old key, where a definition's file was moved: exactly one of its name is gone, and
/// exactly one of its name is new.
fn moved<O, N>(
    old: &BTreeMap<ShapeKey, O>,
    new: &BTreeMap<ShapeKey, N>,
) -> BTreeMap<ShapeKey, ShapeKey> {
    fn by_name<'k>(
        keys: impl Iterator<Item = &'k ShapeKey>,
    ) -> BTreeMap<String, Vec<&'k ShapeKey>> {
        let mut names: BTreeMap<String, Vec<&ShapeKey>> = BTreeMap::new();
        for key in keys {
            names.entry(name_in(key)).or_default().push(key);
        }
        names
    }
    let gone = by_name(old.keys().filter(|key| !new.contains_key(*key)));
    let fresh = by_name(new.keys().filter(|key| !old.contains_key(*key)));
    let pairs = fresh.into_iter().filter_map(|(name, fresh)| {
        match (fresh.as_slice(), gone.get(&name)?.as_slice()) {
            ([fresh], [gone]) => Some(((*fresh).clone(), (*gone).clone())),
            _ => None,
        }
    });
    pairs.collect()
}

/// A key without its files: `src/a.ts#Page<src/b.ts#User>` → `Page<User>`.
fn name_in(key: &ShapeKey) -> String {
    let mut parts = key.split('#').rev();
    let mut name = parts.next().unwrap_or_default().to_owned();
    for before in parts {
        let file = before.rfind(['<', ' ']).map_or(0, |at| at + 1);
        name.insert_str(0, &before[..file]);
    }
    name
}

/// `history` is given where `known` comes from the lock itself, which a merge may have spoilt.
fn assign_object(
    key: &ShapeKey,
    object: &mut ObjectShape,
    known: &TypeIds,
    history: Option<&History>,
    diagnostics: &mut Vec<Diagnostic>,
) -> TypeIds {
    let names = locked_names(object, known);
    let slots: Vec<Wanted> = wanted(object);
    let entries: Vec<Option<&LockedField>> = slots
        .iter()
        .map(|slot| match &slot.name {
            Some(name) => known.fields.get(names.get(name.as_str()).copied().unwrap_or(name)),
            None => known.rest.as_ref(),
        })
        .map(|entry| entry.filter(|entry| is_possible(entry)))
        .collect();

    // The value and the state of a field are kept or lost apart.
    let mut claims = Vec::new();
    for (slot, entry) in slots.iter().zip(&entries) {
        let Some(entry) = entry.filter(|entry| entry.ty == slot.ty) else { continue };
        let released = |id| match history {
            Some(history) => history.has_field(key, slot.name.as_deref(), id),
            None => true,
        };
        claims.push(Claim {
            slot: slot.index,
            state: false,
            ids: ids_of(&entry.ty, entry.id).collect(),
            released: released(entry.id),
        });
        if let Some(id) = entry.state.filter(|_| slot.state) {
            claims.push(Claim {
                slot: slot.index,
                state: true,
                ids: vec![id],
                released: released(id),
            });
        }
    }
    let outcomes = settle(&claims, &known.removed);
    if history.is_some() {
        for (claim, outcome) in claims.iter().zip(&outcomes) {
            let Some(holder) = outcome else { continue };
            let subject = (slots[claim.slot].shown(), &slots[claim.slot].place);
            let holder = match holder {
                Lost::To(other) => {
                    let other = &claims[*other];
                    let slot = &slots[other.slot];
                    Holder::Other {
                        name: slot.shown(),
                        place: &slot.place,
                        released: other.released,
                    }
                }
                Lost::Removed => Holder::Removed,
            };
            diagnostics.push(diagnostics::one_id(&object.name, subject, &holder, claim.released));
        }
    }

    let mut ids: Vec<Ids> = slots.iter().map(|_| Ids::default()).collect();
    let mut used = BTreeSet::new();
    for (claim, outcome) in claims.iter().zip(&outcomes) {
        if outcome.is_none() {
            used.extend(claim.ids.iter().copied());
            let value = claim.ids.last().copied();
            let ids = &mut ids[claim.slot];
            *(if claim.state { &mut ids.state } else { &mut ids.value }) = value;
        }
    }
    let all = known.fields.values().chain(&known.rest);
    let all = all.flat_map(|entry| ids_of(&entry.ty, entry.id).chain(entry.state));
    let mut next =
        Counter::after(all.chain(known.removed.iter().copied()).filter(|id| *id <= MOST_FIELDS));
    for (slot, ids) in slots.iter().zip(&mut ids) {
        if ids.value.is_none() {
            if slot.ty == "union" {
                used.insert(next.take());
            }
            ids.value = Some(next.take());
        }
        if slot.state && ids.state.is_none() {
            ids.state = Some(next.take());
        }
        used.extend(ids.value.into_iter().chain(ids.state));
    }
    if next.exceeds(MOST_FIELDS) {
        let place = &object.place;
        diagnostics.push(diagnostics::too_many("fields", MOST_FIELDS, &object.name, place));
    }

    let mut assigned = TypeIds { removed: next.all_but(0, &used), ..TypeIds::default() };
    object.removed = assigned.removed.iter().copied().collect();
    for (slot, ids) in slots.into_iter().zip(ids) {
        let field = FieldIds { value: ids.value.unwrap_or_default(), state: ids.state };
        let entry = LockedField { id: field.value, ty: slot.ty, state: field.state };
        let Some(name) = slot.name else {
            object.rest.iter_mut().for_each(|rest| rest.id = field);
            assigned.rest = Some(entry);
            continue;
        };
        object.fields[slot.index].id = field;
        assigned.fields.insert(name, entry);
    }
    assigned
}

fn assign_union(
    key: &ShapeKey,
    union: &mut UnionShape,
    known: &UnionTags,
    history: Option<&History>,
    diagnostics: &mut Vec<Diagnostic>,
) -> UnionTags {
    let mut claims = Vec::new();
    for (index, member) in union.members.iter().enumerate() {
        let Some(tag) = known.members.get(&member.label).copied().filter(|tag| *tag > 0) else {
            continue;
        };
        let released = history.is_none_or(|h| h.has_member(key, &member.label, tag));
        claims.push(Claim { slot: index, state: false, ids: vec![tag.into()], released });
    }
    let removed: BTreeSet<u16> = known.removed.iter().map(|tag| u16::from(*tag)).collect();
    let outcomes = settle(&claims, &removed);
    let mut tags: Vec<Option<u16>> = vec![None; union.members.len()];
    let mut used = BTreeSet::new();
    for (claim, outcome) in claims.iter().zip(&outcomes) {
        let shown = |claim: &Claim| format!("`{}`", union.members[claim.slot].label);
        let holder = match outcome {
            None => {
                used.extend(&claim.ids);
                tags[claim.slot] = claim.ids.last().copied();
                continue;
            }
            Some(Lost::Removed) => Holder::Removed,
            Some(Lost::To(other)) => {
                let other = &claims[*other];
                Holder::Other { name: shown(other), place: &union.place, released: other.released }
            }
        };
        if history.is_some() {
            let subject = (shown(claim), &union.place);
            diagnostics.push(diagnostics::one_id(&union.name, subject, &holder, claim.released));
        }
    }
    let known_tags = known.members.values().chain(&known.removed).map(|tag| u16::from(*tag));
    let mut next = Counter::after(known_tags.chain([0]));
    for tag in &mut tags {
        used.insert(*tag.get_or_insert_with(|| next.take()));
    }
    if next.exceeds(u8::MAX.into()) {
        let place = &union.place;
        diagnostics.push(diagnostics::too_many("members", u8::MAX.into(), &union.name, place));
    }
    let small = |tag: u16| u8::try_from(tag).unwrap_or(u8::MAX);
    let removed: BTreeSet<u8> = next.all_but(1, &used).into_iter().map(small).collect();
    let mut assigned = UnionTags { removed, ..UnionTags::default() };
    union.removed = assigned.removed.iter().copied().collect();
    for (member, tag) in union.members.iter_mut().zip(tags) {
        member.tag = small(tag.unwrap_or_default());
        assigned.members.insert(member.label.clone(), member.tag);
    }
    assigned
}

/// The names in the lock of parameters that have other ones now. Nothing says which position an
/// old parameter had but its id, and ids are given in the order of the positions.
fn locked_names<'k>(object: &ObjectShape, known: &'k TypeIds) -> BTreeMap<String, &'k String> {
    if object.kind != ObjectKind::Arguments {
        return BTreeMap::new();
    }
    let mut old: Vec<(&String, &LockedField)> = known.fields.iter().collect();
    old.sort_by_key(|(_, entry)| entry.id);
    let old_names: Vec<&str> = old.iter().map(|(name, _)| name.as_str()).collect();
    let new_names: Vec<&str> = object.fields.iter().map(|field| field.name.as_str()).collect();
    if !only_renamed(&old_names, &new_names) {
        return BTreeMap::new();
    }
    let pairs = object.fields.iter().zip(old);
    let renamed = pairs.filter(|(field, (_, entry))| wire_type(&field.slot) == entry.ty);
    renamed.map(|(field, (name, _))| (field.name.clone(), name)).collect()
}

/// A field, or the rest.
struct Wanted {
    index: usize,
    /// None for the rest.
    name: Option<String>,
    ty: String,
    state: bool,
    place: Place,
}

impl Wanted {
    fn shown(&self) -> String {
        match &self.name {
            Some(name) => format!("`{name}`"),
            None => "the rest".to_owned(),
        }
    }
}

fn wanted(object: &ObjectShape) -> Vec<Wanted> {
    let fields = object.fields.iter().enumerate().map(|(index, field)| Wanted {
        index,
        name: Some(field.name.clone()),
        ty: wire_type(&field.slot),
        state: field.slot.null || field.slot.undefined,
        place: field.place.clone(),
    });
    let rest = object.rest.iter().map(|rest| Wanted {
        index: object.fields.len(),
        name: None,
        ty: rest_type(object, rest),
        state: false,
        place: object.place.clone(),
    });
    fields.chain(rest).collect()
}

/// An entry that no build has written is as good as none.
fn is_possible(entry: &LockedField) -> bool {
    entry.id <= MOST_FIELDS
        && entry.state.is_none_or(|state| state <= MOST_FIELDS)
        && (entry.ty != "union" || entry.id > 0)
}

#[derive(Default)]
struct Ids {
    value: Option<u16>,
    state: Option<u16>,
}

/// What the lock gives to a field or member that exists.
struct Claim {
    slot: usize,
    state: bool,
    ids: Vec<u16>,
    released: bool,
}

enum Lost {
    /// To the claim with this index.
    To(usize),
    Removed,
}

/// Who keeps an id that is claimed twice: what was released, then what comes first. None for each
/// claim that is kept.
fn settle(claims: &[Claim], removed: &BTreeSet<u16>) -> Vec<Option<Lost>> {
    let mut order: Vec<usize> = (0..claims.len()).collect();
    order.sort_by_key(|index| !claims[*index].released);
    let mut taken: BTreeMap<u16, usize> = BTreeMap::new();
    let mut outcomes: Vec<Option<Lost>> = claims.iter().map(|_| None).collect();
    for index in order {
        let claim = &claims[index];
        if let Some(other) = claim.ids.iter().find_map(|id| taken.get(id)) {
            outcomes[index] = Some(Lost::To(*other));
        } else if !claim.released && claim.ids.iter().any(|id| removed.contains(id)) {
            outcomes[index] = Some(Lost::Removed);
        } else {
            taken.extend(claim.ids.iter().map(|id| (*id, index)));
        }
    }
    outcomes
}

/// Gives ids that were never given.
struct Counter(u32);

impl Counter {
    fn after(ids: impl Iterator<Item = u16>) -> Self {
        Self(ids.max().map_or(0, |last| u32::from(last) + 1))
    }

    fn take(&mut self) -> u16 {
        let id = u16::try_from(self.0).unwrap_or(u16::MAX);
        self.0 += 1;
        id
    }

    fn exceeds(&self, most: u16) -> bool {
        self.0 > u32::from(most) + 1
    }

    /// Ids that were given and are not used: FlatBuffers has no gaps.
    fn all_but(&self, first: u16, used: &BTreeSet<u16>) -> BTreeSet<u16> {
        let end = u16::try_from(self.0).unwrap_or(u16::MAX);
        (first..end).filter(|id| !used.contains(id)).collect()
    }
}

/// A vtable has 16 bits for its size: two bytes for each field after the first four.
const MOST_FIELDS: u16 = 32_764;
