//! What has to change for the database to keep what a build wants kept.

use super::{
    description::{Class, Field, Table, Tables},
    table::Physical,
};

/// A change of one table.
pub struct Change {
    /// For people: `add the field users.age`.
    pub sentence: String,
    pub tier: Tier,
    pub sql: String,
    /// What must not be there if the change is to be made. Each is asked for only where there is
    /// none of those before it.
    pub obstacles: Vec<Obstacle>,
    /// Without it the build cannot be served.
    pub needed: bool,
}

/// What a change asks of those who make it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Tier {
    /// Nobody notices.
    Safe,
    /// It is made, and builds from before it may fail at what they read or write.
    BreaksOlderClients,
    /// It is made if the rows that exist allow it.
    DataDependent,
    /// It is made where there is nothing to lose; else a migration file says what becomes of it.
    Destructive,
}

impl Tier {
    /// As people and `--json` read it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::BreaksOlderClients => "breaks-older-clients",
            Self::DataDependent => "data-dependent",
            Self::Destructive => "destructive",
        }
    }
}

/// Rows that a change would lose or break.
pub struct Obstacle {
    /// A query of one number: how many.
    pub count: String,
    /// What they are: `{} hold a value in it`.
    pub why: String,
    pub help: String,
}

/// The changes from `existing` to `wanted`, in the order in which they are made. `gateway`: the
/// quoted name of its role. `replace`: make all functions anew.
pub fn plan(wanted: &Tables, existing: &Tables, gateway: &str, replace: bool) -> Vec<Change> {
    let mut changes = Vec::new();
    for (name, table) in existing {
        if !wanted.contains_key(name) {
            changes.push(drop_table(name, table));
        }
    }
    for (name, table) in wanted {
        match existing.get(name) {
            None => changes.push(create_table(name, table, gateway)),
            Some(old) => changes.extend(alter_table(name, old, table, gateway, replace)),
        }
    }
    changes
}

fn create_table(name: &str, table: &Table, gateway: &str) -> Change {
    let physical = Physical::new(name, table);
    let mut sql = physical.create();
    if table.owned {
        sql += &physical.add_owner_index();
    }
    if table.searched {
        sql += &physical.add_search_index();
    }
    for (field, description) in &table.fields {
        sql += &physical.add_check(field, description);
        sql += &add_indexes(&physical, field, description);
    }
    sql += &physical.functions(gateway);
    Change::new(Tier::Safe, format!("create the table {name}"), sql)
}

fn drop_table(name: &str, table: &Table) -> Change {
    let physical = Physical::new(name, table);
    let obstacle = Obstacle {
        count: live(&physical, "true"),
        why: "are in it, and no source declares it any more".to_owned(),
        help: format!("keep the interface of `{name}`, or remove its rows first"),
    };
    let sentence = format!("remove the table {name}");
    Change::new(Tier::Destructive, sentence, physical.drop()).unless(obstacle).unneeded()
}

fn alter_table(name: &str, old: &Table, new: &Table, gateway: &str, replace: bool) -> Vec<Change> {
    let physical = Physical::new(name, new);
    let mut changes = Vec::new();
    if old.key != new.key {
        let obstacle = Obstacle {
            count: live(&physical, "true"),
            why: format!("are stored under `{}`", old.key),
            help: format!(
                "keep `{}` as the primary key of `{name}`, or remove its rows first",
                old.key
            ),
        };
        let sentence = format!("make {} the primary key of {name}", new.key);
        changes.push(Change::new(Tier::Destructive, sentence, String::new()).unless(obstacle));
    }
    if old.searched != new.searched {
        let (sentence, sql) = if new.searched {
            (format!("index whole rows of {name}"), physical.add_search_index())
        } else {
            (format!("remove the index of whole rows of {name}"), physical.drop_search_index())
        };
        changes.push(Change::new(Tier::Safe, sentence, sql));
    }
    if old.owned != new.owned {
        let (sentence, mut sql) = if new.owned {
            (format!("show rows of {name} to their users only"), physical.add_owner_index())
        } else {
            (format!("show rows of {name} to all users"), physical.drop_owner_index())
        };
        for (field, description) in &old.fields {
            let kept =
                new.fields.get(field).is_some_and(|new| indexes(new) == indexes(description));
            if description.index && kept {
                sql += &physical.drop_index(field);
                sql += &physical.add_index(field, description);
            }
        }
        changes.push(Change::new(Tier::BreaksOlderClients, sentence, sql));
    }
    for (field, description) in &old.fields {
        if !new.fields.contains_key(field) {
            changes.push(remove_field(&physical, name, field, description));
        }
    }
    for (field, description) in &new.fields {
        let change = match old.fields.get(field) {
            None => Some(add_field(&physical, name, field, description)),
            Some(before) => alter_field(&physical, name, field, before, description),
        };
        changes.extend(change);
    }
    // One text for all: the functions of a table know its fields.
    if replace || old != new {
        let sql = physical.functions(gateway);
        match changes.last_mut() {
            Some(last) => last.sql += &sql,
            None => {
                changes.push(Change::new(Tier::Safe, format!("renew the functions of {name}"), sql))
            }
        }
    }
    changes
}

fn add_field(physical: &Physical<'_>, table: &str, name: &str, field: &Field) -> Change {
    let mut sql = physical.purge() + &backfill(physical, name, field);
    sql += &physical.add_check(name, field);
    sql += &add_indexes(physical, name, field);
    let tier = match (field.optional, &field.default) {
        (true, _) => Tier::Safe,
        // Builds from before make rows without it.
        (false, Some(_)) => Tier::BreaksOlderClients,
        (false, None) => Tier::DataDependent,
    };
    let change = Change::new(tier, format!("add the field {table}.{name}"), sql);
    if tier != Tier::DataDependent {
        return change;
    }
    change.unless(Obstacle {
        count: live(physical, &format!("NOT {}", Physical::readable(name, field))),
        why: "do not have it".to_owned(),
        help: format!(
            "make it optional (`{name}?`), or give it a value for rows that exist: `/** @default … */`"
        ),
    })
}

fn remove_field(physical: &Physical<'_>, table: &str, name: &str, field: &Field) -> Change {
    let sql = physical.drop_check(name) + &drop_indexes(physical, name, field);
    let sentence = format!("remove the field {table}.{name}");
    let change = Change::new(Tier::Destructive, sentence, sql).unless(Obstacle {
        count: live(physical, &Physical::holds_field(name)),
        why: "hold a value in it".to_owned(),
        help: format!("keep `{name}` in `{table}`, or remove its values first"),
    });
    // Who does not know of the field cannot make a row that has to have it.
    if field.optional { change.unneeded() } else { change }
}

fn alter_field(
    physical: &Physical<'_>,
    table: &str,
    name: &str,
    old: &Field,
    new: &Field,
) -> Option<Change> {
    if old == new {
        return None;
    }
    let mut sql = String::new();
    let mut obstacles = Vec::new();
    let mut sentence = format!("change the field {table}.{name}");
    let mut tier =
        if old.writable && !new.writable { Tier::BreaksOlderClients } else { Tier::Safe };
    if old.kinds != new.kinds || old.optional != new.optional {
        sql += &physical.purge();
        sql += &physical.drop_check(name);
        sql += &backfill(physical, name, new);
        sql += &physical.add_check(name, new);
        tier = Tier::BreaksOlderClients;
        if !admits(new, old) {
            tier = if disjoint(new, old) { Tier::Destructive } else { Tier::DataDependent };
            let mut readable = new.clone();
            readable.optional |= new.default.is_some();
            obstacles.push(Obstacle {
                count: live(physical, &format!("NOT {}", Physical::readable(name, &readable))),
                why: "do not have what it is to hold".to_owned(),
                help: format!("let `{name}` stay as it was, or change its values first"),
            });
        }
    }
    if indexes(old) != indexes(new) {
        sql += &drop_indexes(physical, name, old);
        sql += &add_indexes(physical, name, new);
    }
    if new.unique && !old.unique {
        sentence = format!("make {table}.{name} unique");
        tier = tier.max(Tier::DataDependent);
        obstacles.push(Obstacle {
            count: physical.duplicates(name, new),
            why: "have a value in it that others have too".to_owned(),
            help: format!("give each row of `{table}` a `{name}` of its own first"),
        });
    }
    Some(Change { obstacles, ..Change::new(tier, sentence, sql) })
}

/// Whether all that the old field holds may stand in the new one.
fn admits(new: &Field, old: &Field) -> bool {
    let all = new.kinds.is_empty() || (!old.kinds.is_empty() && old.kinds.is_subset(&new.kinds));
    all && (new.optional || !old.optional || new.default.is_some())
}

/// Whether no value of the old field may stand in the new one.
fn disjoint(new: &Field, old: &Field) -> bool {
    !new.kinds.is_empty() && !old.kinds.is_empty() && new.kinds.is_disjoint(&old.kinds)
}

fn backfill(physical: &Physical<'_>, name: &str, field: &Field) -> String {
    match &field.default {
        Some(default) if !field.optional => physical.backfill(name, default),
        _ => String::new(),
    }
}

/// What the indexes of a field depend on.
fn indexes(field: &Field) -> (bool, bool, Class) {
    (field.index, field.unique, field.class())
}

fn add_indexes(physical: &Physical<'_>, name: &str, field: &Field) -> String {
    let mut sql = String::new();
    if field.index {
        sql += &physical.add_index(name, field);
    }
    if field.unique {
        sql += &physical.add_unique(name, field);
    }
    sql
}

fn drop_indexes(physical: &Physical<'_>, name: &str, field: &Field) -> String {
    let mut sql = String::new();
    if field.index {
        sql += &physical.drop_index(name);
    }
    if field.unique {
        sql += &physical.drop_unique(name);
    }
    sql
}

fn live(physical: &Physical<'_>, condition: &str) -> String {
    let relation = physical.relation();
    format!("SELECT count(*) FROM {relation} WHERE _deleted_txid IS NULL AND {condition}")
}

impl Change {
    fn new(tier: Tier, sentence: String, sql: String) -> Self {
        Self { sentence, tier, sql, obstacles: Vec::new(), needed: true }
    }

    fn unless(self, obstacle: Obstacle) -> Self {
        Self { obstacles: vec![obstacle], ..self }
    }

    fn unneeded(self) -> Self {
        Self { needed: false, ..self }
    }
}
