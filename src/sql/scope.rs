//! Which relations a statement names, and whether `relation.column` is a column of one: otherwise
//! PostgreSQL would look for a table of its own, or for a function that takes the row.
//!
//! The tree holds nothing but what [`grammar`](super::grammar) knows, and its names are as
//! PostgreSQL reads them.

use std::ops::Range;

use serde_json::Value;

use super::{
    allowed,
    fault::{Fault, FaultKind},
    position::Lines,
    walk::{is_absent, variant},
};

pub fn check(tree: &Value, sql: &str, lines: &Lines<'_>, table: &str) -> Vec<Fault> {
    let mut scope = Scope { sql, lines, table, faults: Vec::new() };
    scope.query(&tree["Query"], &Around::default());
    scope.faults
}

struct Scope<'a> {
    sql: &'a str,
    lines: &'a Lines<'a>,
    table: &'a str,
    faults: Vec<Fault>,
}

/// What a part of the statement sees.
#[derive(Clone, Default)]
struct Around {
    /// Named by WITH, the innermost last.
    queries: Vec<Relation>,
    /// Named by FROM, the innermost last.
    relations: Vec<Relation>,
}

#[derive(Clone)]
struct Relation {
    name: String,
    columns: Vec<String>,
}

impl Scope<'_> {
    /// The columns of its rows, as far as they have names that are known.
    fn query(&mut self, node: &Value, around: &Around) -> Vec<String> {
        let mut around = around.clone();
        for query in items(&node["with"]["cte_tables"]) {
            let name = text(&query["alias"]["name"]);
            if name == self.table {
                self.fault(
                    FaultKind::Shadowing,
                    &query["alias"]["name"],
                    format!("`{name}` would hide the table"),
                    "a name of the table's",
                    "give it another name",
                );
            }
            let columns = self.query(&query["query"], &around);
            around.queries.push(named(&query["alias"], columns));
        }
        let mut inner = around.clone();
        let columns = self.set(&node["body"], &mut inner);
        for part in ["order_by", "limit_clause", "fetch"] {
            self.expressions(&node[part], &inner);
        }
        columns
    }

    /// `around`: of a SELECT it is what its expressions see, afterwards.
    fn set(&mut self, node: &Value, around: &mut Around) -> Vec<String> {
        match variant(node) {
            Some("Select") => self.select(&node["Select"], around),
            Some("Query") => self.query(&node["Query"], around),
            Some("SetOperation") => {
                let operation = &node["SetOperation"];
                let columns = self.set(&operation["left"], &mut around.clone());
                self.set(&operation["right"], &mut around.clone());
                columns
            }
            _ => {
                self.expressions(node, around);
                let rows = items(&node["Values"]["rows"]);
                let width = rows.first().map_or(0, |row| items(&row["content"]).len());
                (1..=width).map(|number| format!("column{number}")).collect()
            }
        }
    }

    fn select(&mut self, node: &Value, around: &mut Around) -> Vec<String> {
        let outer = around.relations.len();
        for source in items(&node["from"]) {
            self.source(source, around);
        }
        for (part, value) in node.as_object().into_iter().flatten() {
            if part != "from" {
                self.expressions(value, around);
            }
        }
        if items(&node["projection"]).is_empty() {
            self.fault(
                FaultKind::NotAllowed,
                node,
                "a SELECT without columns",
                "nothing is selected",
                "name what is wanted",
            );
        }
        let mut columns = Vec::new();
        for item in items(&node["projection"]) {
            match variant(item) {
                Some("Wildcard") => {
                    let relations = around.relations[outer..].iter();
                    columns.extend(relations.flat_map(|relation| relation.columns.clone()));
                }
                Some("QualifiedWildcard") => {
                    let name = &item["QualifiedWildcard"][0]["ObjectName"];
                    let parts: Vec<&Value> =
                        items(name).iter().map(|part| &part["Identifier"]).collect();
                    match find(around, text(parts.first().copied().unwrap_or(&Value::Null))) {
                        Some(relation) => columns.extend(relation.columns.clone()),
                        None => self.unknown_relation(name),
                    }
                }
                Some("ExprWithAlias") => {
                    columns.push(text(&item["ExprWithAlias"]["alias"]).to_owned());
                }
                _ => columns.extend(name_of(&item["UnnamedExpr"])),
            }
        }
        columns
    }

    /// An element of FROM with what is joined to it.
    fn source(&mut self, node: &Value, around: &mut Around) {
        self.relation(&node["relation"], around);
        for join in items(&node["joins"]) {
            self.relation(&join["relation"], around);
        }
        for join in items(&node["joins"]) {
            self.expressions(&join["join_operator"], around);
        }
    }

    fn relation(&mut self, node: &Value, around: &mut Around) {
        let Some(form) = variant(node) else { return };
        let held = &node[form];
        let alias = &held["alias"];
        match form {
            "Table" if is_absent(&held["args"]) => {
                let name = text(&held["name"][0]["Identifier"]);
                let query = around.queries.iter().rev().find(|query| query.name == name);
                let columns = match query {
                    Some(query) => query.columns.clone(),
                    None if name == self.table => COLUMNS.map(str::to_owned).to_vec(),
                    None => {
                        self.other(&held["name"], name);
                        Vec::new()
                    }
                };
                let relation = if alias.is_null() {
                    Relation { name: name.to_owned(), columns }
                } else {
                    named(alias, columns)
                };
                around.relations.push(relation);
            }
            "Derived" => {
                let columns = self.query(&held["subquery"], around);
                around.relations.push(named(alias, columns));
            }
            "NestedJoin" => {
                let outer = around.relations.len();
                self.source(&held["table_with_joins"], around);
                if !alias.is_null() {
                    let joined = around.relations.split_off(outer);
                    let columns = joined.into_iter().flat_map(|relation| relation.columns);
                    around.relations.push(named(alias, columns.collect()));
                }
            }
            _ => {
                let function = match form {
                    "UNNEST" => "unnest",
                    _ => text(&held["name"][0]["Identifier"]),
                };
                self.expressions(held, around);
                let Some(columns) = allowed::columns_of(function) else {
                    return self.fault(
                        FaultKind::Function,
                        node,
                        format!("the function `{function}` gives no rows"),
                        "in the place of a table",
                        "call it in an expression",
                    );
                };
                let name = if alias.is_null() { function } else { text(&alias["name"]) };
                // A nameless column goes by the name of the relation.
                let mut columns: Vec<String> = columns
                    .iter()
                    .map(|column| if *column == function { name } else { column })
                    .map(str::to_owned)
                    .collect();
                if held["with_ordinality"] == Value::Bool(true) {
                    columns.push("ordinality".to_owned());
                }
                let relation = Relation { name: name.to_owned(), columns };
                let renamed = named(alias, relation.columns.clone());
                around.relations.push(if alias.is_null() { relation } else { renamed });
            }
        }
    }

    /// What stands in expressions: queries, and names with dots.
    fn expressions(&mut self, node: &Value, around: &Around) {
        match node {
            Value::Array(items) => items.iter().for_each(|item| self.expressions(item, around)),
            Value::Object(fields) if fields.contains_key("body") && fields.contains_key("with") => {
                self.query(node, around);
            }
            Value::Object(fields) => {
                if let Some(parts) = fields.get("CompoundIdentifier") {
                    return self.column(parts, around);
                }
                fields.values().for_each(|value| self.expressions(value, around));
            }
            _ => {}
        }
    }

    fn column(&mut self, parts: &Value, around: &Around) {
        let names: Vec<&str> = items(parts).iter().map(text).collect();
        let [relation, column] = names[..] else {
            return self.fault(
                FaultKind::Qualified,
                parts,
                format!("`{}` names a schema", names.join(".")),
                "qualified name",
                "write `table.column`, or the column alone",
            );
        };
        match find(around, relation) {
            None => self.unknown_relation(parts),
            Some(found) if !found.columns.iter().any(|known| known == column) => {
                let known: Vec<String> =
                    found.columns.iter().map(|column| format!("`{column}`")).collect();
                let message = format!("`{relation}` has no column `{column}`");
                let help = if known.is_empty() {
                    "give its columns names with AS".to_owned()
                } else {
                    format!("it has {}; fields are `data->>'field'`", known.join(", "))
                };
                self.fault(FaultKind::UnknownColumn, parts, message, "no such column", help);
            }
            Some(_) => {}
        }
    }

    #[cold]
    fn other(&mut self, at: &Value, name: &str) {
        let message =
            format!("`exec` of `{}` reads `{}` alone, not `{name}`", self.table, self.table);
        let help =
            format!("call `exec` on `env.storage.{name}`, and join the rows in the function");
        self.fault(FaultKind::OtherRelation, at, message, "another table", help);
    }

    #[cold]
    fn unknown_relation(&mut self, at: &Value) {
        let message = "nothing of this name stands in FROM";
        let help = "give the table an alias in FROM, or use its name";
        self.fault(FaultKind::UnknownColumn, at, message, "unknown name", help);
    }

    #[cold]
    fn fault(
        &mut self,
        kind: FaultKind,
        at: &Value,
        message: impl Into<String>,
        label: &'static str,
        help: impl Into<String>,
    ) {
        let span: Range<usize> = self.lines.extent(at).unwrap_or(0..self.sql.len());
        self.faults.push(Fault::new(kind, span, message, label, help));
    }
}

fn find<'r>(around: &'r Around, name: &str) -> Option<&'r Relation> {
    around.relations.iter().rev().find(|relation| relation.name == name)
}

/// A relation under the name, and with the names of columns, that an alias gives it.
fn named(alias: &Value, mut columns: Vec<String>) -> Relation {
    for (index, column) in items(&alias["columns"]).iter().enumerate() {
        let name = text(&column["name"]).to_owned();
        match columns.get_mut(index) {
            Some(known) => *known = name,
            None => columns.push(name),
        }
    }
    Relation { name: text(&alias["name"]).to_owned(), columns }
}

/// What PostgreSQL calls a column that is not named.
fn name_of(expression: &Value) -> Option<String> {
    match variant(expression)? {
        "Identifier" => Some(text(&expression["Identifier"]).to_owned()),
        "CompoundIdentifier" => {
            items(&expression["CompoundIdentifier"]).last().map(|last| text(last).to_owned())
        }
        "Nested" => name_of(&expression["Nested"]),
        "Cast" => name_of(&expression["Cast"]["expr"]),
        "Function" => Some(text(&expression["Function"]["name"][0]["Identifier"]).to_owned()),
        _ => None,
    }
}

fn items(list: &Value) -> &[Value] {
    list.as_array().map_or(&[], Vec::as_slice)
}

/// The text of a name.
fn text(name: &Value) -> &str {
    name["value"].as_str().unwrap_or_default()
}

const COLUMNS: [&str; 2] = ["id", "data"];
