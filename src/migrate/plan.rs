//! What has to change for the database to keep what a build wants kept.

use super::{
    delta::{self, Delta, Renames},
    description::{Table, Tables},
    fields,
    table::{MAIN, Physical},
};

/// A change of one table.
#[derive(Debug)]
pub struct Change {
    /// None: the table's functions alone.
    pub delta: Option<Delta>,
    /// For people: `add the field users.age`.
    pub sentence: String,
    pub tier: Tier,
    /// For the tables of the tenant `main`.
    pub sql: String,
    /// The same for those of other tenants.
    pub elsewhere: String,
    /// The functions of the table as it is then; they follow from the schema, and are not recorded.
    pub functions: String,
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
    /// Where they stand in the way: `it is missing in {rows}`.
    pub why: String,
    pub help: String,
    /// The rows would keep what they hold, and nothing would read it.
    pub hides: bool,
    /// Of a migration that would change them: `fill_email`.
    pub name: String,
    /// Only a migration can tell what is to become of them. What happened: `field 'email' was removed`.
    pub manual: Option<String>,
}

/// The changes from `existing` to `wanted`, in the order in which they are made. `tenants`: those
/// beside `main`. `gateway`: the quoted name of its role. `replace`: make all functions anew.
pub fn plan(
    wanted: &Tables,
    existing: &Tables,
    renames: &Renames,
    tenants: &[String],
    gateway: &str,
    replace: bool,
) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    let mut now = existing.clone();
    for delta in delta::diff(existing, wanted, renames) {
        let mut made = change(MAIN, &delta, &now, wanted);
        for tenant in tenants {
            let Change { sql, obstacles, .. } = change(tenant, &delta, &now, wanted);
            made.elsewhere += &sql;
            let whose = format!("{{rows}} of the tenant {tenant}");
            made.obstacles.extend(obstacles.into_iter().map(|obstacle| {
                let why = obstacle.why.replace("{rows}", &whose);
                Obstacle { why, ..obstacle }
            }));
        }
        changes.push(made);
        delta.apply(&mut now);
    }
    // One text for all: the functions of a table know its fields.
    for (name, table) in wanted {
        let last = changes.iter_mut().rfind(|change| change.is_of(name));
        if last.is_none() && !replace {
            continue;
        }
        let functions = Physical::new(name, table).functions(gateway);
        if let Some(last) = last {
            last.functions = functions;
        } else {
            let sentence = format!("renew the functions of {name}");
            let change = Change::new(Tier::Safe, sentence, String::new());
            changes.push(Change { functions, ..change });
        }
    }
    changes
}

/// What tables of a tenant that has none are made by.
pub fn settle(tenant: &str, tables: &Tables) -> String {
    tables.iter().map(|(name, table)| create_table(tenant, name, table).sql).collect()
}

/// `now`: the tables as they are before it.
fn change(tenant: &str, delta: &Delta, now: &Tables, wanted: &Tables) -> Change {
    let name = delta.table();
    let physical = || Physical::of(tenant, name, &now[name]);
    let change = match delta {
        Delta::CreateTable { table, to } => create_table(tenant, table, to),
        Delta::RemoveTable { table, from } => remove_table(tenant, table, from),
        Delta::RenameTable { table, to } => rename_table(tenant, table, to, &now[table]),
        Delta::ChangeKey { table, from, to } => {
            change_key(&physical(), table, &now[table], from, to)
        }
        Delta::ChangeOwned { table, to } => {
            change_owned(tenant, &now[table], table, *to, &wanted[table])
        }
        Delta::ChangeSearched { table, to } => change_searched(&physical(), table, *to),
        Delta::AddField { field, to, .. } => fields::add(&physical(), name, field, to),
        Delta::RemoveField { field, from, .. } => fields::remove(&physical(), name, field, from),
        Delta::RenameField { field, to, .. } => {
            fields::rename(&physical(), name, &now[name], field, to)
        }
        Delta::ChangeField { field, from, to, .. } => {
            fields::change(&physical(), name, field, from, to)
        }
    };
    Change { delta: Some(delta.clone()), ..change }
}

fn create_table(tenant: &str, name: &str, table: &Table) -> Change {
    let physical = Physical::of(tenant, name, table);
    let sql = physical.create() + &fixtures(&physical, table);
    Change::new(Tier::Safe, format!("create the table {name}"), sql)
}

/// The checks and indexes of a table that has none.
fn fixtures(physical: &Physical<'_>, table: &Table) -> String {
    let mut sql = physical.add_order_index();
    if table.searched {
        sql += &physical.add_search_index();
    }
    for (field, description) in &table.fields {
        sql += &physical.add_check(field, description);
        sql += &fields::add_indexes(physical, field, description);
    }
    sql
}

fn remove_table(tenant: &str, name: &str, table: &Table) -> Change {
    let physical = Physical::of(tenant, name, table);
    let obstacle = Obstacle {
        count: fields::live(&physical, "true"),
        why: format!("`{name}` holds {{rows}}, and no source declares it"),
        help: format!("write `/** @renamedFrom {name} */` above the interface that it is now"),
        hides: false,
        name: format!("remove_{name}"),
        manual: Some(format!("table '{name}' was removed")),
    };
    let sentence = format!("remove the table {name}");
    Change::new(Tier::Destructive, sentence, physical.drop()).unless(obstacle).unneeded()
}

fn rename_table(tenant: &str, name: &str, to: &str, table: &Table) -> Change {
    let old = Physical::of(tenant, name, table);
    let new = Physical::of(tenant, to, table);
    let mut sql = old.drop_order_index();
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
fn change_key(physical: &Physical<'_>, name: &str, table: &Table, from: &str, to: &str) -> Change {
    let obstacle = Obstacle {
        count: fields::live(physical, "true"),
        why: format!("`{from}` is the key of {{rows}} of `{name}`"),
        help: format!(
            "write `/** @renamedFrom {from} */` above `{to}` where it is that field under another name"
        ),
        hides: false,
        name: format!("change_key_of_{name}"),
        manual: Some(format!("primary key of '{name}' was changed from '{from}' to '{to}'")),
    };
    let sentence = format!("make {to} the primary key of {name}");
    let mut sql = physical.add_order_index();
    if let Some(field) = table.fields.get(to) {
        sql += &physical.purge();
        sql += &physical.drop_check(to);
        sql += &fields::drop_indexes(physical, to, field);
        sql += &physical.change_key(from, to);
    }
    Change::new(Tier::Destructive, sentence, sql).unless(obstacle)
}

/// `wanted` has the fields whose indexes will not be made anew anyway.
fn change_owned(tenant: &str, old: &Table, name: &str, owned: bool, wanted: &Table) -> Change {
    let new = Table { owned, ..old.clone() };
    let physical = Physical::of(tenant, name, &new);
    let whose = if owned { "their users only" } else { "all users" };
    let sentence = format!("show rows of {name} to {whose}");
    let mut sql = Physical::of(tenant, name, old).drop_order_index() + &physical.add_order_index();
    for (field, description) in &old.fields {
        let same = |new: &_| fields::indexes(new) == fields::indexes(description);
        if description.index && wanted.fields.get(field).is_some_and(same) {
            sql += &physical.drop_index(field);
            sql += &physical.add_index(field, description);
        }
    }
    Change::new(Tier::BreaksOlderClients, sentence, sql)
}

fn change_searched(physical: &Physical<'_>, name: &str, searched: bool) -> Change {
    let (sentence, sql) = if searched {
        (format!("index whole rows of {name}"), physical.add_search_index())
    } else {
        (format!("remove the index of whole rows of {name}"), physical.drop_search_index())
    };
    Change::new(Tier::Safe, sentence, sql)
}

impl Change {
    pub fn new(tier: Tier, sentence: String, sql: String) -> Self {
        let (elsewhere, functions, obstacles) = (String::new(), String::new(), Vec::new());
        Self { delta: None, sentence, tier, sql, elsewhere, functions, obstacles, needed: true }
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
