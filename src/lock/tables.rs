//! Tables as the lock records them.

use std::collections::BTreeMap;

use super::{LockedColumn, LockedTable};
use crate::{
    hash, migrate,
    model::{app::Table, perms},
    text::types::Printer,
};

pub fn tables(tables: &BTreeMap<String, Table>) -> BTreeMap<String, LockedTable> {
    let specifier = |written: &str| written.to_owned();
    let printer = Printer { specifier: &specifier };
    let lock = |name: &str, table: &Table| {
        let columns = table.fields.iter().map(|(name, field)| {
            let column = LockedColumn {
                ty: printer.ty(&field.ty),
                primkey: *name == table.primary_key,
                optional: field.optional,
                perm: (field.perm != perms::FIELD_DEFAULT).then_some(field.perm),
                index: field.index,
                unique: field.unique,
            };
            (name.clone(), column)
        });
        let mut locked = LockedTable {
            ty: table.row.as_ref().map(|(_, name)| name.clone()),
            ptr: migrate::pointer(name),
            primary_key: table.primary_key.clone(),
            owned: table.owned,
            schema: columns.collect(),
            hash: String::new(),
        };
        let schema = serde_json::to_string(&locked.schema).unwrap_or_default();
        let owned = if locked.owned { "owned" } else { "" };
        locked.hash = hash::of_parts([locked.primary_key.as_str(), owned, schema.as_str()]);
        locked
    };
    tables.iter().map(|(name, table)| (name.clone(), lock(name, table))).collect()
}
