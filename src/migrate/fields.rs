//! The changes of one field.

use super::{
    description::{Class, Field, Table},
    inside,
    plan::{Change, Obstacle, Tier},
    quote::literal,
    table::Physical,
};

pub fn add(physical: &Physical<'_>, table: &str, name: &str, field: &Field) -> Change {
    let mut sql = physical.purge() + &backfill(physical, name, field);
    sql += &physical.add_check(name, field);
    sql += &add_indexes(physical, name, field);
    let tier = match (field.optional, &field.default) {
        (true, _) => Tier::Safe,
        // Builds from before make rows without it.
        (false, Some(_)) => Tier::BreaksOlderClients,
        (false, None) => Tier::DataDependent,
    };
    let mut change = Change::new(tier, format!("add the field {table}.{name}"), sql);
    let obstacle = |count: String, why: &str, help: String| Obstacle {
        count,
        why: why.to_owned(),
        help,
        hides: false,
        name: format!("fill_{name}"),
        manual: None,
    };
    if tier == Tier::DataDependent {
        let without = live(physical, &format!("NOT {}", Physical::holds_field(name)));
        let help = format!(
            "make it optional (`{name}?`), give it a value for rows that exist (`/** @default … */`), \
             or say which field it was (`/** @renamedFrom … */`)"
        );
        change = change.unless(obstacle(without, "it is missing in {rows}", help));
    }
    change = change.unless(obstacle(
        unreadable(physical, name, field),
        "something else stands there in {rows}",
        format!("choose another name than `{name}`, or put values of its type there"),
    ));
    if field.unique {
        change = change.unless(twice(physical, table, name, field));
    }
    change
}

pub fn remove(physical: &Physical<'_>, table: &str, name: &str, field: &Field) -> Change {
    let sql = physical.drop_check(name) + &drop_indexes(physical, name, field);
    let sentence = format!("remove the field {table}.{name}");
    let change = Change::new(Tier::Destructive, sentence, sql).unless(Obstacle {
        count: live(physical, &Physical::holds_field(name)),
        why: format!("`{table}.{name}` holds a value in {{rows}}"),
        help: format!("write `/** @renamedFrom {name} */` above the field that it is now"),
        hides: true,
        name: format!("remove_{name}"),
        manual: Some(format!("field '{name}' was removed")),
    });
    // Who does not know of the field cannot make a row that has to have it.
    if field.optional { change.unneeded() } else { change }
}

/// A key is renamed without its rows, which do not hold its name.
pub fn rename(physical: &Physical<'_>, table: &str, old: &Table, from: &str, to: &str) -> Change {
    let mut sql = String::new();
    if let Some(field) = old.fields.get(from) {
        sql += &physical.purge();
        sql += &physical.drop_check(from);
        sql += &drop_indexes(physical, from, field);
        sql += &physical.rename_field(from, to);
        sql += &physical.add_check(to, field);
        sql += &add_indexes(physical, to, field);
    }
    Change::new(Tier::BreaksOlderClients, format!("rename the field {table}.{from} to {to}"), sql)
}

pub fn change(
    physical: &Physical<'_>,
    table: &str,
    name: &str,
    old: &Field,
    new: &Field,
) -> Change {
    let mut sql = String::new();
    let mut sentence = format!("change the field {table}.{name}");
    let narrows = old.writable && !new.writable;
    let mut tier = if narrows { Tier::BreaksOlderClients } else { Tier::Safe };
    let mut obstacles = Vec::new();
    if old.kinds != new.kinds || old.optional != new.optional || old.inside != new.inside {
        tier = Tier::BreaksOlderClients;
        sql += &physical.purge();
        sql += &physical.drop_check(name);
        sql += &backfill(physical, name, new);
        sql += &physical.add_check(name, new);
        if !admits(new, old) {
            let disjoint = disjoint(new, old);
            tier = if disjoint { Tier::Destructive } else { Tier::DataDependent };
            obstacles.push(Obstacle {
                count: unreadable(physical, name, new),
                why: if disjoint {
                    format!("`{table}.{name}` holds something else in {{rows}}")
                } else {
                    "it holds something else in {rows}".to_owned()
                },
                help: format!("let `{name}` stay as it was"),
                hides: false,
                name: format!("change_{name}"),
                manual: disjoint.then(|| format!("type of field '{name}' was changed")),
            });
        }
        obstacles.extend(lost(physical, name, old, new));
    }
    if indexes(old) != indexes(new) {
        sql += &drop_indexes(physical, name, old);
        sql += &add_indexes(physical, name, new);
    }
    if new.unique && !old.unique {
        sentence = format!("make {table}.{name} unique");
        tier = tier.max(Tier::DataDependent);
        obstacles.push(twice(physical, table, name, new));
    }
    if obstacles.iter().any(|obstacle| obstacle.manual.is_some()) {
        tier = Tier::Destructive;
    }
    Change { obstacles, ..Change::new(tier, sentence, sql) }
}

/// What stands inside of a field and is read no more.
fn lost(physical: &Physical<'_>, name: &str, old: &Field, new: &Field) -> Option<Obstacle> {
    let (Some(new), Some(old)) = (&new.inside, &old.inside) else { return None };
    let mut paths = Vec::new();
    new.lost(old, "$", &mut paths);
    let shown = paths.first()?.replace('"', "").replacen('$', name, 1);
    let held: Vec<String> = paths
        .iter()
        .map(|path| format!("jsonb_path_exists(data -> {}, {})", literal(name), literal(path)))
        .collect();
    Some(Obstacle {
        count: live(physical, &format!("({})", held.join(" OR "))),
        why: format!("`{shown}` holds a value in {{rows}}"),
        help: format!("keep `{shown}`"),
        hides: true,
        name: format!("remove_{}", shown.replace("[*]", "").replace('.', "_")),
        manual: Some(format!("field '{shown}' was removed")),
    })
}

fn twice(physical: &Physical<'_>, table: &str, name: &str, field: &Field) -> Obstacle {
    Obstacle {
        count: physical.duplicates(name, field),
        why: "{rows} would share values of it".to_owned(),
        help: format!("let `{name}` stand in several rows of `{table}`"),
        hides: false,
        name: format!("make_{name}_unique"),
        manual: None,
    }
}

/// A query of the rows that do not hold what a field is to hold, and are not given it.
pub fn unreadable(physical: &Physical<'_>, name: &str, field: &Field) -> String {
    let mut readable = field.clone();
    readable.optional |= field.default.is_some();
    live(physical, &format!("NOT {}", Physical::readable(name, &readable)))
}

/// Whether all that the old field holds may stand in the new one.
fn admits(new: &Field, old: &Field) -> bool {
    let all = new.kinds.is_empty() || (!old.kinds.is_empty() && old.kinds.is_subset(&new.kinds));
    let present = new.optional || !old.optional || new.default.is_some();
    all && present && inside::admits(new.inside.as_ref(), old.inside.as_ref())
}

/// Whether no value of the old field may stand in the new one.
fn disjoint(new: &Field, old: &Field) -> bool {
    !new.kinds.is_empty() && !old.kinds.is_empty() && new.kinds.is_disjoint(&old.kinds)
}

pub fn backfill(physical: &Physical<'_>, name: &str, field: &Field) -> String {
    match &field.default {
        Some(default) if !field.optional => physical.backfill(name, default),
        _ => String::new(),
    }
}

/// What the indexes of a field depend on.
pub fn indexes(field: &Field) -> (bool, bool, Class) {
    (field.index, field.unique, field.class())
}

pub fn add_indexes(physical: &Physical<'_>, name: &str, field: &Field) -> String {
    let mut sql = String::new();
    if field.index {
        sql += &physical.add_index(name, field);
    }
    if field.unique {
        sql += &physical.add_unique(name, field);
    }
    sql
}

pub fn drop_indexes(physical: &Physical<'_>, name: &str, field: &Field) -> String {
    let mut sql = String::new();
    if field.index {
        sql += &physical.drop_index(name);
    }
    if field.unique {
        sql += &physical.drop_unique(name);
    }
    sql
}

/// A query of one number: the rows for which `condition` holds.
pub fn live(physical: &Physical<'_>, condition: &str) -> String {
    let relation = physical.relation();
    format!("SELECT count(*) FROM {relation} WHERE _deleted_txid IS NULL AND {condition}")
}
