//! What has to change for the database to keep what a build wants kept.

use super::{
    delta::{self, Delta, Renames},
    description::{Table, Tables},
    fields,
    table::Physical,
};

/// A change of one table.
#[derive(Debug)]
pub struct Change {
    /// None: the table's functions alone.
    pub delta: Option<Delta>,
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

/// Rows that a change would lose or break.
#[derive(Debug)]
pub struct Obstacle {
    /// A query of one number: how many.
    pub count: String,
    /// What they are: `{} hold a value in it`.
    pub why: String,
    pub help: String,
    /// The rows would keep what they hold, and nothing would read it.
    pub hides: bool,
    /// Where no change of the rows is obvious: what happened, and the name of a file for it.
    pub manual: Option<Manual>,
}

/// `field 'old_email' was removed`, `remove_old_email`
#[derive(Debug)]
pub struct Manual {
    pub what: String,
    pub name: String,
}

/// The changes from `existing` to `wanted`, in the order in which they are made. `gateway`: the
/// quoted name of its role. `replace`: make all functions anew.
pub fn plan(
    wanted: &Tables,
    existing: &Tables,
    renames: &Renames,
    gateway: &str,
    replace: bool,
) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    let mut now = existing.clone();
    for delta in delta::diff(existing, wanted, renames) {
        changes.push(change(&delta, &now, wanted));
        delta.apply(&mut now);
    }
    // One text for all: the functions of a table know its fields.
    for (name, table) in wanted {
        let last = changes.iter_mut().rfind(|change| change.is_of(name));
        if last.is_none() && !replace {
            continue;
        }
        let sql = Physical::new(name, table).functions(gateway);
        match last {
            Some(last) => last.sql += &sql,
            None => {
                changes.push(Change::new(
                    Tier::Safe,
                    format!("renew the functions of {name}"),
                    sql,
                ));
            }
        }
    }
    changes
}

/// `now`: the tables as they are before it.
fn change(delta: &Delta, now: &Tables, wanted: &Tables) -> Change {
    let name = delta.table();
    let change = match delta {
        Delta::CreateTable { table, to } => create_table(table, to),
        Delta::RemoveTable { table, from } => remove_table(table, from),
        Delta::RenameTable { table, to } => rename_table(table, to, &now[table]),
        Delta::ChangeKey { table, from, to } => change_key(table, &now[table], from, to),
        Delta::ChangeOwned { table, to } => change_owned(&now[table], table, *to, &wanted[table]),
        Delta::ChangeSearched { table, to } => change_searched(&now[table], table, *to),
        Delta::AddField { field, to, .. } => {
            fields::add(&Physical::new(name, &now[name]), name, field, to)
        }
        Delta::RemoveField { field, from, .. } => {
            fields::remove(&Physical::new(name, &now[name]), name, field, from)
        }
        Delta::RenameField { field, to, .. } => fields::rename(name, &now[name], field, to),
        Delta::ChangeField { field, from, to, .. } => {
            fields::change(&Physical::new(name, &now[name]), name, field, from, to)
        }
    };
    Change { delta: Some(delta.clone()), ..change }
}

fn create_table(name: &str, table: &Table) -> Change {
    let physical = Physical::new(name, table);
    let sql = physical.create() + &fixtures(&physical, table);
    Change::new(Tier::Safe, format!("create the table {name}"), sql)
}

/// The checks and indexes of a table that has none.
fn fixtures(physical: &Physical<'_>, table: &Table) -> String {
    let mut sql = String::new();
    if table.owned {
        sql += &physical.add_owner_index();
    }
    if table.searched {
        sql += &physical.add_search_index();
    }
    for (field, description) in &table.fields {
        sql += &physical.add_check(field, description);
        sql += &fields::add_indexes(physical, field, description);
    }
    sql
}

fn remove_table(name: &str, table: &Table) -> Change {
    let physical = Physical::new(name, table);
    let obstacle = Obstacle {
        count: fields::live(&physical, "true"),
        why: "are in it, and no source declares it any more".to_owned(),
        help: format!("keep the interface of `{name}`, or remove its rows first"),
        hides: false,
        manual: Some(Manual {
            what: format!("table '{name}' was removed"),
            name: format!("remove_{name}"),
        }),
    };
    let sentence = format!("remove the table {name}");
    Change::new(Tier::Destructive, sentence, physical.drop()).unless(obstacle).unneeded()
}

fn rename_table(name: &str, to: &str, table: &Table) -> Change {
    let old = Physical::new(name, table);
    let new = Physical::new(to, table);
    let mut sql = String::new();
    if table.owned {
        sql += &old.drop_owner_index();
    }
    if table.searched {
        sql += &old.drop_search_index();
    }
    for (field, description) in &table.fields {
        sql += &old.drop_check(field);
        sql += &fields::drop_indexes(&old, field, description);
    }
    sql += &old.rename(&new);
    sql += &fixtures(&new, table);
    Change::new(Tier::BreaksOlderClients, format!("rename the table {name} to {to}"), sql)
}

/// With the key's values in a field already, rows could change their keys by themselves; that others
/// hold the old ones is what nobody here knows.
fn change_key(name: &str, table: &Table, from: &str, to: &str) -> Change {
    let physical = Physical::new(name, table);
    let obstacle = Obstacle {
        count: fields::live(&physical, "true"),
        why: format!("are stored under `{from}`"),
        help: format!("keep `{from}` as the primary key of `{name}`, or remove its rows first"),
        hides: false,
        manual: Some(Manual {
            what: format!("primary key of '{name}' was changed from '{from}' to '{to}'"),
            name: format!("change_key_of_{name}"),
        }),
    };
    let sentence = format!("make {to} the primary key of {name}");
    let mut sql = String::new();
    if let Some(field) = table.fields.get(to) {
        sql += &physical.purge();
        sql += &physical.drop_check(to);
        sql += &fields::drop_indexes(&physical, to, field);
        sql += &physical.change_key(from, to);
    }
    Change::new(Tier::Destructive, sentence, sql).unless(obstacle)
}

/// `wanted` has the fields whose indexes will not be made anew anyway.
fn change_owned(old: &Table, name: &str, owned: bool, wanted: &Table) -> Change {
    let new = Table { owned, ..old.clone() };
    let physical = Physical::new(name, &new);
    let (sentence, mut sql) = if owned {
        (format!("show rows of {name} to their users only"), physical.add_owner_index())
    } else {
        (format!("show rows of {name} to all users"), physical.drop_owner_index())
    };
    for (field, description) in &old.fields {
        let same = |new: &_| fields::indexes(new) == fields::indexes(description);
        if description.index && wanted.fields.get(field).is_some_and(same) {
            sql += &physical.drop_index(field);
            sql += &physical.add_index(field, description);
        }
    }
    Change::new(Tier::BreaksOlderClients, sentence, sql)
}

fn change_searched(table: &Table, name: &str, searched: bool) -> Change {
    let physical = Physical::new(name, table);
    let (sentence, sql) = if searched {
        (format!("index whole rows of {name}"), physical.add_search_index())
    } else {
        (format!("remove the index of whole rows of {name}"), physical.drop_search_index())
    };
    Change::new(Tier::Safe, sentence, sql)
}

impl Change {
    pub fn new(tier: Tier, sentence: String, sql: String) -> Self {
        Self { delta: None, sentence, tier, sql, obstacles: Vec::new(), needed: true }
    }

    pub fn unless(mut self, obstacle: Obstacle) -> Self {
        self.obstacles.push(obstacle);
        self
    }

    pub fn unneeded(self) -> Self {
        Self { needed: false, ..self }
    }

    pub fn is_rename(&self) -> bool {
        matches!(self.delta, Some(Delta::RenameTable { .. } | Delta::RenameField { .. }))
    }

    /// Whether it leaves a table of this name.
    fn is_of(&self, name: &str) -> bool {
        match &self.delta {
            Some(Delta::RemoveTable { .. }) | None => false,
            Some(Delta::RenameTable { to, .. }) => to == name,
            Some(delta) => delta.table() == name,
        }
    }
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
