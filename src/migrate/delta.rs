//! How a schema differs from another one: what migrations are recorded as, in the lock and in the
//! database.
//!
//! A difference names what it is about, with what was there before and what is there after, so that
//! it can be taken back. Made where it has been made already it changes nothing: databases that went
//! different ways come to the same schema.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::description::{Field, Table, Tables};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Delta {
    CreateTable { table: String, to: Table },
    RemoveTable { table: String, from: Table },
    RenameTable { table: String, to: String },
    ChangeKey { table: String, from: String, to: String },
    ChangeOwned { table: String, to: bool },
    ChangeSearched { table: String, to: bool },
    AddField { table: String, field: String, to: Field },
    RemoveField { table: String, field: String, from: Field },
    RenameField { table: String, field: String, to: String },
    ChangeField { table: String, field: String, from: Field, to: Field },
}

/// What was declared to be a rename: tables and fields that had another name, by the new one.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Renames {
    pub tables: BTreeMap<String, String>,
    /// By the table's new name and the field's.
    pub fields: BTreeMap<(String, String), String>,
}

impl Renames {
    /// Those of `deltas`.
    pub fn of(deltas: &[Delta]) -> Self {
        let mut renames = Self::default();
        for delta in deltas {
            match delta {
                Delta::RenameTable { table, to } => {
                    renames.tables.insert(to.clone(), table.clone());
                }
                Delta::RenameField { table, field, to } => {
                    renames.fields.insert((table.clone(), to.clone()), field.clone());
                }
                _ => {}
            }
        }
        renames
    }
}

/// What has to be done to `from` for it to be `to`, in the order in which it is done.
pub fn diff(from: &Tables, to: &Tables, renames: &Renames) -> Vec<Delta> {
    let mut deltas = Vec::new();
    let mut from = from.clone();
    for (name, old) in &renames.tables {
        if to.contains_key(name) && !from.contains_key(name) && !to.contains_key(old) {
            push(&mut deltas, &mut from, |from| {
                from.contains_key(old)
                    .then(|| Delta::RenameTable { table: old.clone(), to: name.clone() })
            });
        }
    }
    for (name, table) in &from {
        if !to.contains_key(name) {
            deltas.push(Delta::RemoveTable { table: name.clone(), from: table.clone() });
        }
    }
    for (name, table) in to {
        match from.get(name) {
            None => deltas.push(Delta::CreateTable { table: name.clone(), to: table.clone() }),
            Some(old) => diff_table(name, old, table, renames, &mut deltas),
        }
    }
    deltas
}

fn diff_table(name: &str, old: &Table, new: &Table, renames: &Renames, deltas: &mut Vec<Delta>) {
    let table = || name.to_owned();
    let mut old = old.clone();
    let declared = renames.fields.get(&(name.to_owned(), new.key.clone()));
    if old.key != new.key && declared == Some(&old.key) && !old.fields.contains_key(&new.key) {
        let (field, to) = (old.key.clone(), new.key.clone());
        let delta = Delta::RenameField { table: table(), field, to };
        delta.apply_to(&mut old);
        deltas.push(delta);
    }
    if old.key != new.key {
        let delta = Delta::ChangeKey { table: table(), from: old.key.clone(), to: new.key.clone() };
        delta.apply_to(&mut old);
        deltas.push(delta);
    }
    if old.searched != new.searched {
        deltas.push(Delta::ChangeSearched { table: table(), to: new.searched });
    }
    if old.owned != new.owned {
        deltas.push(Delta::ChangeOwned { table: table(), to: new.owned });
    }
    for ((_, field), before) in renames.fields.iter().filter(|((of, _), _)| of == name) {
        let declared = new.fields.contains_key(field) && !new.fields.contains_key(before);
        if declared && old.fields.contains_key(before) && !old.fields.contains_key(field) {
            let delta =
                Delta::RenameField { table: table(), field: before.clone(), to: field.clone() };
            delta.apply_to(&mut old);
            deltas.push(delta);
        }
    }
    for (field, from) in &old.fields {
        if !new.fields.contains_key(field) {
            let (field, from) = (field.clone(), from.clone());
            deltas.push(Delta::RemoveField { table: table(), field, from });
        }
    }
    for (field, to) in &new.fields {
        let (field, to) = (field.clone(), to.clone());
        match old.fields.get(&field) {
            None => deltas.push(Delta::AddField { table: table(), field, to }),
            Some(from) if *from != to => {
                let from = from.clone();
                deltas.push(Delta::ChangeField { table: table(), field, from, to });
            }
            Some(_) => {}
        }
    }
}

fn push(
    deltas: &mut Vec<Delta>,
    tables: &mut Tables,
    delta: impl FnOnce(&Tables) -> Option<Delta>,
) {
    if let Some(delta) = delta(tables) {
        delta.apply(tables);
        deltas.push(delta);
    }
}

/// `tables` after all of these.
pub fn applied(tables: &Tables, deltas: &[Delta]) -> Tables {
    let mut tables = tables.clone();
    deltas.iter().for_each(|delta| delta.apply(&mut tables));
    tables
}

/// What takes these back.
pub fn inverse(deltas: &[Delta]) -> Vec<Delta> {
    deltas.iter().rev().map(Delta::inverse).collect()
}

impl Delta {
    /// Its table, by the name from before.
    pub fn table(&self) -> &str {
        match self {
            Self::CreateTable { table, .. }
            | Self::RemoveTable { table, .. }
            | Self::RenameTable { table, .. }
            | Self::ChangeKey { table, .. }
            | Self::ChangeOwned { table, .. }
            | Self::ChangeSearched { table, .. }
            | Self::AddField { table, .. }
            | Self::RemoveField { table, .. }
            | Self::RenameField { table, .. }
            | Self::ChangeField { table, .. } => table,
        }
    }

    /// Does it, where there is what it is about.
    pub fn apply(&self, tables: &mut Tables) {
        match self {
            Self::CreateTable { table, to } => {
                tables.entry(table.clone()).or_insert_with(|| to.clone());
            }
            Self::RemoveTable { table, .. } => {
                tables.remove(table);
            }
            Self::RenameTable { table, to } => {
                if !tables.contains_key(to)
                    && let Some(renamed) = tables.remove(table)
                {
                    tables.insert(to.clone(), renamed);
                }
            }
            _ => {
                if let Some(table) = tables.get_mut(self.table()) {
                    self.apply_to(table);
                }
            }
        }
    }

    fn apply_to(&self, table: &mut Table) {
        match self {
            Self::CreateTable { .. } | Self::RemoveTable { .. } | Self::RenameTable { .. } => {}
            Self::ChangeKey { from, to, .. } => table.change_key(from, to),
            Self::ChangeOwned { to, .. } => table.owned = *to,
            Self::ChangeSearched { to, .. } => table.searched = *to,
            Self::AddField { field, to, .. } => {
                if *field != table.key {
                    table.fields.insert(field.clone(), to.clone());
                }
            }
            Self::ChangeField { field, to, .. } => {
                if let Some(field) = table.fields.get_mut(field) {
                    field.clone_from(to);
                }
            }
            Self::RemoveField { field, .. } => {
                table.fields.remove(field);
            }
            Self::RenameField { field, to, .. } => {
                if *field == table.key && !table.fields.contains_key(to) {
                    to.clone_into(&mut table.key);
                } else if !table.fields.contains_key(to)
                    && let Some(renamed) = table.fields.remove(field)
                {
                    table.fields.insert(to.clone(), renamed);
                }
            }
        }
    }

    fn inverse(&self) -> Self {
        match self.clone() {
            Self::CreateTable { table, to } => Self::RemoveTable { table, from: to },
            Self::RemoveTable { table, from } => Self::CreateTable { table, to: from },
            Self::RenameTable { table, to } => Self::RenameTable { table: to, to: table },
            Self::ChangeKey { table, from, to } => Self::ChangeKey { table, from: to, to: from },
            Self::ChangeOwned { table, to } => Self::ChangeOwned { table, to: !to },
            Self::ChangeSearched { table, to } => Self::ChangeSearched { table, to: !to },
            Self::AddField { table, field, to } => Self::RemoveField { table, field, from: to },
            Self::RemoveField { table, field, from } => Self::AddField { table, field, to: from },
            Self::RenameField { table, field, to } => {
                Self::RenameField { table, field: to, to: field }
            }
            Self::ChangeField { table, field, from, to } => {
                Self::ChangeField { table, field, from: to, to: from }
            }
        }
    }
}
