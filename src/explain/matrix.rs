//! All routes in a table: route × permission × group × tables.

use serde_json::{Value, json};

use crate::model::{
    app::{App, Modules},
    perms::{self, Guests},
};

/// A line of the table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    pub route: String,
    pub perm: u8,
    pub ugroup: Option<String>,
    pub egroup: Option<String>,
    pub guests: bool,
    /// With the operations as letters.
    pub tables: Vec<(String, String)>,
    /// Some of its storage could not be followed.
    pub unseen: bool,
}

/// By the routes' names.
pub fn rows(app: &App, modules: &Modules, guests: Guests) -> Vec<Row> {
    let row = |(name, route): (&String, &crate::model::app::Route)| {
        let function = &modules[&route.module].functions[route.function];
        let tables =
            route.tables.iter().map(|(table, mask)| (table.clone(), perms::letters(*mask)));
        Row {
            route: name.clone(),
            perm: route.perm,
            ugroup: function.ugroup.clone(),
            egroup: function.egroup.clone(),
            guests: guests.may_call(route.perm, function.ugroup.as_deref()),
            tables: tables.collect(),
            unseen: !route.unseen.is_empty(),
        }
    };
    app.routes.iter().map(row).collect()
}

impl Row {
    pub fn json(&self) -> Value {
        let tables: serde_json::Map<String, Value> =
            self.tables.iter().map(|(table, mask)| (table.clone(), mask.clone().into())).collect();
        json!({
            "route": self.route,
            "perm": perms::letters(self.perm),
            "ugroup": self.ugroup,
            "egroup": self.egroup,
            "guests": self.guests,
            "tables": tables,
            "unseen": self.unseen,
        })
    }

    fn cells(&self) -> [String; 5] {
        let mut tables: Vec<String> =
            self.tables.iter().map(|(table, mask)| format!("{table} {mask}")).collect();
        if self.unseen {
            tables.push("others, unseen".to_owned());
        }
        let none = || "–".to_owned();
        let caller = match &self.ugroup {
            Some(group) => group.clone(),
            None if self.guests => "guests".to_owned(),
            None => "accounts".to_owned(),
        };
        [
            self.route.clone(),
            perms::letters(self.perm),
            caller,
            self.egroup.clone().unwrap_or_else(none),
            if tables.is_empty() { none() } else { tables.join(", ") },
        ]
    }
}

/// With a line of titles; columns are as wide as they must be.
pub fn text(rows: &[Row]) -> String {
    let mut lines: Vec<[String; 5]> = vec![TITLES.map(str::to_owned)];
    lines.extend(rows.iter().map(Row::cells));
    let mut widths = [0; 5];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let padded = |line: &[String; 5]| {
        let cells: Vec<String> =
            line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    lines.iter().map(padded).collect::<Vec<_>>().join("\n")
}

const TITLES: [&str; 5] = ["route", "permission", "callers", "egroup", "tables"];
