//! `kontract.lock.json`: what must not change between builds although nothing in the sources says
//! it: the ids of fields on the wire, the tags of unions, primary keys, and what was released.
//!
//! The lock is an input of a build, and an output: [`assign`] answers with the lock as it has to
//! be from now on, and the command line writes it after a build without errors.

mod abi;
mod assign;
mod diagnostics;
mod file;
mod merge;
mod pairs;
mod tables;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use self::{
    abi::abi,
    assign::{assign, assign_shapes},
    file::{NAME, print, read, read_with_text, text, write, write_new},
    merge::{replace, resolved},
};
use crate::{
    check::Version,
    migrate::Link,
    model::{
        shape::{ObjectShape, ShapeKey, Shapes, UnionShape},
        wire::{Definition, reached},
    },
};

#[derive(Clone, PartialEq, Debug, Default)]
pub struct Lock {
    /// The ids of the fields of each object that travels.
    pub types: BTreeMap<ShapeKey, TypeIds>,
    /// The tags of the members of each union.
    pub unions: BTreeMap<ShapeKey, UnionTags>,
    pub tables: BTreeMap<String, LockedTable>,
    /// What databases go through: `crate::migrate` keeps it.
    pub migrations: Vec<Link>,
    /// Route → ABI hash → what travelled in that version.
    pub released: BTreeMap<String, BTreeMap<String, Released>>,
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TypeIds {
    #[serde(deserialize_with = "file::unique")]
    pub fields: BTreeMap<String, LockedField>,
    /// Of the values under other keys, or behind the last position.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rest: Option<LockedField>,
    /// Ids that nothing may have again.
    pub removed: BTreeSet<u16>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedField {
    /// Of the value. A union's type has the id before it.
    pub id: u16,
    /// What [`crate::model::wire::wire_type`] says of it: a field of another type gets another id.
    #[serde(rename = "type")]
    pub ty: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<u16>,
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UnionTags {
    /// By label.
    #[serde(deserialize_with = "file::unique")]
    pub members: BTreeMap<String, u8>,
    /// Tags that nothing may have again.
    pub removed: BTreeSet<u8>,
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LockedTable {
    /// The name of the rows' type, where they have one.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub ty: Option<String>,
    /// What the table is called in the database.
    #[serde(default)]
    pub ptr: String,
    /// The first field, unless one is marked. It stays so when fields are reordered.
    pub primary_key: String,
    /// Rows are private to their user.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub owned: bool,
    #[serde(default, deserialize_with = "file::unique")]
    pub schema: BTreeMap<String, LockedColumn>,
    /// Of all the above.
    pub hash: String,
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools, reason = "each says another thing")]
pub struct LockedColumn {
    /// As TypeScript.
    #[serde(rename = "type")]
    pub ty: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub primkey: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// Missing: readable and writable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub perm: Option<u8>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub index: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unique: bool,
}

/// The part of [`Shapes`] that one version of one route reaches, without docs.
#[derive(Clone, PartialEq, Debug)]
pub struct Released {
    pub request: ShapeKey,
    pub response: ShapeKey,
    pub objects: BTreeMap<ShapeKey, ObjectShape>,
    pub unions: BTreeMap<ShapeKey, UnionShape>,
}

impl Lock {
    /// By table.
    pub fn primary_keys(&self) -> BTreeMap<String, String> {
        let tables = self.tables.iter();
        tables.map(|(name, table)| (name.clone(), table.primary_key.clone())).collect()
    }

    /// Records the routes of a contract as released, each under the hash that its clients send.
    pub fn release(&mut self, shapes: &Shapes, abi: impl Fn(&str) -> Option<String>) {
        for route in shapes.routes.keys() {
            if let (Some(hash), Some(released)) = (abi(route), Released::of(shapes, route)) {
                self.released.entry(route.clone()).or_default().insert(hash, released);
            }
        }
    }
}

impl Released {
    /// None where the shapes do not have the route, or not all that it mentions.
    pub fn of(shapes: &Shapes, route: &str) -> Option<Self> {
        let keys = shapes.routes.get(route)?;
        let mut released = Self {
            request: keys.request.clone(),
            response: keys.response.clone(),
            objects: BTreeMap::new(),
            unions: BTreeMap::new(),
        };
        for definition in reached(shapes, [&keys.request, &keys.response])? {
            match definition {
                Definition::Object(key) => {
                    let mut object = shapes.objects.get(key)?.clone();
                    object.docs = None;
                    object.fields.iter_mut().for_each(|field| field.docs = None);
                    released.objects.insert(key.clone(), object);
                }
                Definition::Union(key) => {
                    released.unions.insert(key.clone(), shapes.unions.get(key)?.clone());
                }
            }
        }
        Some(released)
    }

    pub fn version(&self) -> Version<'_> {
        Version {
            request: &self.request,
            response: &self.response,
            objects: &self.objects,
            unions: &self.unions,
        }
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
