//! Manifest → plan.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{
    choice, expected,
    json::{parse, read},
    literals,
    plan::{
        Cell, DefaultValue, Elements, Entry, Field, Item, Member, Object, Place, Plan, Rest,
        RestContent, Shape, Slot, Table, Union,
    },
    shape::{
        self, FieldIds, FieldShape, ObjectKind, ObjectShape, RestShape, Scalar, Shapes, SlotShape,
        UnionShape,
    },
};

/// Shapes on their way to a plan.
pub struct Compiler<'s> {
    shapes: &'s Shapes,
    objects: FxHashMap<&'s str, usize>,
    unions: FxHashMap<&'s str, usize>,
    /// Ids of tables, by what they are known by.
    tables: FxHashMap<String, u32>,
    pub plan: Plan,
}

impl<'s> Compiler<'s> {
    /// All that the shapes define.
    pub fn new(shapes: &'s Shapes) -> Result<Self, String> {
        let indices = |keys: Vec<&'s String>| {
            keys.into_iter().enumerate().map(|(index, key)| (key.as_str(), index)).collect()
        };
        let mut compiler = Self {
            shapes,
            objects: indices(shapes.objects.keys().collect()),
            unions: indices(shapes.unions.keys().collect()),
            tables: FxHashMap::default(),
            plan: Plan::default(),
        };
        for object in shapes.objects.values() {
            let object = compiler.object(object)?;
            compiler.plan.objects.push(object);
        }
        for union in shapes.unions.values() {
            let union = compiler.union(union)?;
            compiler.plan.unions.push(union);
        }
        compiler.fill_defaults()?;
        Ok(compiler)
    }

    pub fn object_index(&self, key: &str) -> Result<usize, String> {
        let index = self.objects.get(key);
        index.copied().ok_or_else(|| format!("manifest.json has no object {key}"))
    }

    /// An object of a kind by its key.
    pub fn object_of_kind(&self, key: &str, kind: ObjectKind) -> Result<usize, String> {
        let index = self.object_index(key)?;
        if self.plan.objects[index].kind == kind {
            Ok(index)
        } else {
            Err(format!("{key} in manifest.json is no object of this kind: {kind:?}"))
        }
    }

    fn union_index(&self, key: &str) -> Result<usize, String> {
        let index = self.unions.get(key);
        index.copied().ok_or_else(|| format!("manifest.json has no union {key}"))
    }

    /// The shape of a table's rows: as it is defined, but for the key, which may be absent.
    pub fn row(&mut self, shape: &str, key: &str) -> Result<Shape, String> {
        if let Ok(index) = self.object_index(shape) {
            return self.row_object(index, key);
        }
        let mut union = self.plan.unions[self.union_index(shape)?].clone();
        for member in &mut union.members {
            let Shape::Object(index) = member.shape else {
                return Err(format!("{shape} in manifest.json is no type of rows"));
            };
            member.shape = self.row_object(index, key)?;
        }
        self.plan.unions.push(union);
        Ok(Shape::Union(self.plan.unions.len() - 1))
    }

    fn row_object(&mut self, index: usize, key: &str) -> Result<Shape, String> {
        let mut object = self.plan.objects[index].clone();
        if object.kind != ObjectKind::Object {
            return Err("a tuple is no type of rows".to_owned());
        }
        for field in object.fields.iter_mut().filter(|field| *field.name == *key) {
            field.optional = true;
            field.key = true;
        }
        self.plan.objects.push(object);
        Ok(Shape::Object(self.plan.objects.len() - 1))
    }

    fn object(&mut self, object: &'s ObjectShape) -> Result<Object, String> {
        if matches!(object.kind, ObjectKind::Result | ObjectKind::Item) && object.fields.len() != 1
        {
            return Err(format!("{} in manifest.json has not one field", object.name));
        }
        let mut fields = Vec::with_capacity(object.fields.len());
        for field in &object.fields {
            fields.push(self.field(field)?);
        }
        let mut rest = match &object.rest {
            Some(rest) => Some(self.rest(object.kind, rest)?),
            None => None,
        };
        let places = fields.iter_mut().map(|field| &mut field.place).collect();
        let mut table = lay_out(places, rest.as_mut(), &object.removed);
        table.id = self.fresh_table();
        let declared = fields.iter().map(|field| field.name.clone()).collect();
        Ok(Object { kind: object.kind, table, fields, rest, declared })
    }

    fn field(&mut self, field: &'s FieldShape) -> Result<Field, String> {
        Ok(Field {
            name: field.name.as_str().into(),
            place: self.place(&field.slot, field.id)?,
            optional: field.optional || field.hidden,
            hidden: field.hidden,
            default: None,
            inherited: is_inherited(&field.name),
            key: false,
        })
    }

    fn rest(&mut self, kind: ObjectKind, rest: &'s RestShape) -> Result<Rest, String> {
        let cell = Cell { id: rest.id.value, at: 0 };
        let content = match kind {
            ObjectKind::Object | ObjectKind::Result | ObjectKind::Item => {
                let key = SlotShape::of(shape::Shape::String);
                RestContent::Properties(self.entry(&key, &rest.slot)?)
            }
            ObjectKind::Tuple | ObjectKind::Arguments => {
                RestContent::Elements(self.elements(&rest.slot)?)
            }
        };
        Ok(Rest { cell, content })
    }

    fn place(&mut self, slot: &SlotShape, ids: FieldIds) -> Result<Place, String> {
        Ok(Place {
            slot: self.slot(slot)?,
            value: Cell { id: ids.value, at: 0 },
            tag: Cell { id: ids.value.wrapping_sub(1), at: 0 },
            state: ids.state.map(|id| Cell { id, at: 0 }),
        })
    }

    fn slot(&mut self, slot: &SlotShape) -> Result<Slot, String> {
        Ok(Slot { shape: self.shape(&slot.shape)?, null: slot.null, undefined: slot.undefined })
    }

    fn shape(&mut self, shape: &shape::Shape) -> Result<Shape, String> {
        Ok(match shape {
            shape::Shape::Nothing => Shape::Nothing,
            shape::Shape::Boolean => Shape::Boolean,
            shape::Shape::String => Shape::String,
            shape::Shape::Number(scalar) => Shape::Number(*scalar),
            shape::Shape::BigInt(scalar) => Shape::BigInt { unsigned: *scalar == Scalar::Uint64 },
            shape::Shape::Date => Shape::Date,
            shape::Shape::Bytes => Shape::Bytes,
            shape::Shape::Unknown => Shape::Unknown,
            shape::Shape::Literals(literals) => {
                Shape::Literals(Arc::new(literals::compile(literals)?))
            }
            shape::Shape::Array(slot) => Shape::Array(Arc::new(self.elements(slot)?)),
            shape::Shape::Set(slot) => Shape::Set(Arc::new(self.elements(slot)?)),
            shape::Shape::Map(entry) => Shape::Map(Arc::new(self.entry(&entry.0, &entry.1)?)),
            shape::Shape::Object(key) => Shape::Object(self.object_index(key)?),
            shape::Shape::Union(key) => Shape::Union(self.union_index(key)?),
        })
    }

    fn elements(&mut self, slot: &SlotShape) -> Result<Elements, String> {
        if slot.is_direct() {
            let slot = self.slot(slot)?;
            let width = slot.shape.width();
            return Ok(Elements::Direct(slot, width));
        }
        self.item(slot).map(Elements::Wrapped)
    }

    /// Tables around values of one slot are the same, wherever they stand.
    fn item(&mut self, slot: &SlotShape) -> Result<Item, String> {
        let (value, state) =
            if matches!(slot.shape, shape::Shape::Union(_)) { (1, 2) } else { (0, 1) };
        let mut place = self.place(slot, ids(slot, value, state))?;
        let mut table = lay_out(vec![&mut place], None, &[]);
        table.id = self.known_table(format!("item {}", text(slot)));
        Ok(Item { table, place })
    }

    fn entry(&mut self, key: &SlotShape, value: &SlotShape) -> Result<Entry, String> {
        let mut key_place = self.place(key, ids(key, 1, 2))?;
        let mut value_place = self.place(value, ids(value, 4, 5))?;
        let mut table = lay_out(vec![&mut key_place, &mut value_place], None, &[]);
        table.id = self.known_table(format!("entry {} {}", text(key), text(value)));
        Ok(Entry { table, key: key_place, value: value_place })
    }

    fn fresh_table(&mut self) -> u32 {
        let number = self.tables.len();
        self.known_table(format!("object {number}"))
    }

    fn known_table(&mut self, key: String) -> u32 {
        let next = u32::try_from(self.tables.len()).unwrap_or(u32::MAX);
        *self.tables.entry(key).or_insert(next)
    }

    fn union(&mut self, union: &'s UnionShape) -> Result<Union, String> {
        let mut members = Vec::with_capacity(union.members.len());
        for member in &union.members {
            let item = match &member.shape {
                shape::Shape::Object(_) => None,
                shape => Some(self.item(&SlotShape::of(shape.clone()))?),
            };
            members.push(Member { shape: self.shape(&member.shape)?, tag: member.tag, item });
        }
        let words =
            union.members.iter().map(|member| expected::of_shape(self.shapes, &member.shape));
        Ok(Union {
            tags: members.iter().enumerate().map(|(index, member)| (member.tag, index)).collect(),
            expected: expected::one_of(words.collect(), "types"),
            of_value: choice::compile(self.shapes, union, false)?,
            of_json: choice::compile(self.shapes, union, true)?,
            members,
        })
    }

    /// Defaults are read as JSON is, which needs all definitions.
    fn fill_defaults(&mut self) -> Result<(), String> {
        for (index, object) in self.shapes.objects.values().enumerate() {
            for (position, field) in object.fields.iter().enumerate() {
                let Some(default) = &field.default else { continue };
                let slot = self.plan.objects[index].fields[position].place.slot.clone();
                let text = default.to_string();
                let value = parse::parse(text.as_bytes())
                    .ok_or_else(|| format!("the default of {} is no JSON", field.name))
                    .and_then(|json| {
                        read::default(&self.plan, &slot, &json).map_err(|fault| {
                            let error = fault.at_root(&field.name);
                            format!("the default of {}.{}", object.name, error.message)
                        })
                    })?;
                self.plan.objects[index].fields[position].default =
                    Some(DefaultValue { value, text });
            }
        }
        Ok(())
    }
}

fn ids(slot: &SlotShape, value: u16, state: u16) -> FieldIds {
    FieldIds { value, state: (slot.null || slot.undefined).then_some(state) }
}

fn text(slot: &SlotShape) -> String {
    serde_json::to_string(slot).unwrap_or_default()
}

/// Gives each field its place: the wide ones first, where all are aligned.
fn lay_out(mut places: Vec<&mut Place>, rest: Option<&mut Rest>, other_ids: &[u16]) -> Table {
    let mut size = 4;
    let mut rest = rest.map(|rest| &mut rest.cell);
    let mut wide = false;
    for width in [8, 4, 2, 1] {
        let mut take = |cell: &mut Cell, width: usize| {
            cell.at = size;
            size += width;
        };
        for place in &mut places {
            if place.slot.shape.width() == width {
                take(&mut place.value, width);
                wide |= width == 8;
            }
            if width == 1 {
                if place.slot.shape.is_union() {
                    take(&mut place.tag, 1);
                }
                if let Some(state) = &mut place.state {
                    take(state, 1);
                }
            }
        }
        if let Some(rest) = &mut rest
            && width == 4
        {
            take(rest, width);
        }
    }
    let ids = places.iter().flat_map(|place| [Some(place.value), place.state]).flatten();
    let rest = rest.map(|cell| cell.id);
    let most = ids.map(|cell| cell.id).chain(rest).chain(other_ids.iter().copied()).max();
    Table { id: 0, size, wide, entries: most.map_or(0, |id| usize::from(id) + 1) }
}

/// Every object inherits something of this name.
pub fn is_inherited(name: &str) -> bool {
    INHERITED.contains(&name)
}

const INHERITED: &[&str] = &[
    "__defineGetter__",
    "__defineSetter__",
    "__lookupGetter__",
    "__lookupSetter__",
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "toLocaleString",
    "toString",
    "valueOf",
];
