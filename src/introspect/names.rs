//! Names of a schema as TypeScript has them.

use std::collections::BTreeSet;

/// `user_accounts` → `UserAccount`: what one row is called.
pub fn of_row(table: &str) -> String {
    pascal(&singular(table))
}

/// `order_status` → `OrderStatus`; never a number in front, never empty.
pub fn pascal(name: &str) -> String {
    let mut pascal = String::new();
    for word in name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        let mut letters = word.chars();
        pascal.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        // `USERS` is no name for a row, `userAccounts` is one.
        let shouts = word.len() > 1 && word.chars().all(|c| !c.is_ascii_lowercase());
        pascal.extend(letters.map(|c| if shouts { c.to_ascii_lowercase() } else { c }));
    }
    if pascal.is_empty() || pascal.starts_with(|c: char| c.is_ascii_digit()) {
        pascal.insert_str(0, "Row");
    }
    pascal
}

/// A name that no other declaration of the file has.
pub fn distinct(name: &str, taken: &mut BTreeSet<String>) -> String {
    let mut distinct = name.to_owned();
    if RESERVED.contains(&name) {
        distinct.push_str("Row");
    }
    let mut number = 2;
    while taken.contains(&distinct) {
        distinct = format!("{name}{number}");
        number += 1;
    }
    taken.insert(distinct.clone());
    distinct
}

/// The logical name of a table: letters, digits and `_`, at most 40.
pub fn of_table(name: &str, taken: &mut BTreeSet<String>) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let name: String = name.chars().map(plain).take(LONGEST_TABLE - 3).collect();
    let reserved = name.is_empty() || RESERVED_TABLES.contains(&name.as_str());
    let name = if reserved || name.starts_with("__") { format!("t_{name}") } else { name };
    let mut distinct = name.clone();
    let mut number = 2;
    while taken.contains(&distinct) {
        distinct = format!("{name}_{number}");
        number += 1;
    }
    taken.insert(distinct.clone());
    distinct
}

/// A property of an interface: quoted where it is no identifier.
pub fn property(name: &str) -> String {
    let name = if RESERVED_FIELDS.contains(&name) { format!("{name}_") } else { name.to_owned() };
    let start = |c: char| c.is_ascii_alphabetic() || c == '_' || c == '$';
    let plain = name.starts_with(start) && name.chars().all(|c| start(c) || c.is_ascii_digit());
    if plain { name } else { text(&name) }
}

/// A literal in single quotes.
pub fn text(value: &str) -> String {
    let json = serde_json::Value::from(value).to_string();
    let inner = &json[1..json.len() - 1];
    format!("'{}'", inner.replace("\\\"", "\"").replace('\'', "\\'"))
}

fn singular(name: &str) -> String {
    if let Some(stem) = name.strip_suffix("ies").filter(|stem| stem.len() > 1) {
        return format!("{stem}y");
    }
    for ending in ["sses", "xes", "zes", "ches", "shes"] {
        if name.ends_with(ending) {
            return name[..name.len() - 2].to_owned();
        }
    }
    match name.strip_suffix('s') {
        Some(stem) if !stem.is_empty() && !stem.ends_with(['s', 'u', 'i']) => stem.to_owned(),
        _ => name.to_owned(),
    }
}

/// What the file imports, and what a type of that name would hide.
const RESERVED: [&str; 38] = [
    "Array",
    "ArrayBuffer",
    "BigInt",
    "Blob",
    "Boolean",
    "Buffer",
    "Context",
    "Date",
    "Error",
    "Event",
    "File",
    "Function",
    "Headers",
    "Index",
    "Int32",
    "Int64",
    "Map",
    "Number",
    "Object",
    "Omit",
    "Owned",
    "Partial",
    "Perm",
    "Pick",
    "Primkey",
    "Promise",
    "Record",
    "RegExp",
    "Request",
    "Response",
    "Row",
    "Secret",
    "Set",
    "String",
    "Symbol",
    "Table",
    "URL",
    "Unique",
];
const RESERVED_TABLES: [&str; 7] =
    ["get", "transaction", "then", "constructor", "prototype", "toString", "valueOf"];
const RESERVED_FIELDS: [&str; 3] = ["_id", "_order", "__proto__"];
const LONGEST_TABLE: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_called_as_one_of_their_table() {
        for (table, row) in [
            ("users", "User"),
            ("user_accounts", "UserAccount"),
            ("categories", "Category"),
            ("addresses", "Address"),
            ("boxes", "Box"),
            ("status", "Status"),
            ("news", "New"),
            ("ORDERS", "Orders"),
            ("userAccounts", "UserAccount"),
            ("2024 sales", "Row2024Sale"),
            ("日本", "Row"),
        ] {
            assert_eq!(of_row(table), row, "{table}");
        }
        assert_eq!(property("a b'c\"\n"), "'a b\\'c\"\\n'");
    }
}
