//! A [`Schema`] as a TypeScript module.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use super::{Column, Enum, Schema, Table, Type, names};
use crate::pipeline::gather::table_name;

/// `origin`: where the schema comes from, in words.
pub fn print(schema: &Schema, origin: &str) -> String {
    let mut taken = BTreeSet::new();
    let enums: BTreeMap<&str, String> = schema
        .enums
        .iter()
        .map(|e| (e.name.as_str(), names::distinct(&names::pascal(&e.name), &mut taken)))
        .collect();
    let mut tables = BTreeSet::new();
    let rows: BTreeMap<&str, Row> = schema
        .tables
        .iter()
        .map(|table| {
            let row =
                table.row.as_deref().map_or_else(|| names::of_row(&table.name), names::pascal);
            let row = names::distinct(&row, &mut taken);
            let table_name = names::of_table(&table.name, &mut tables);
            (table.name.as_str(), Row { name: row, table: table_name })
        })
        .collect();
    let printer = Printer { enums, rows };
    let mut body = String::new();
    for e in &schema.enums {
        body += &printer.enumeration(e);
    }
    for table in &schema.tables {
        body += &printer.table(table);
    }
    let used: Vec<&str> = IMPORTS
        .into_iter()
        .filter(|name| {
            body.contains(&format!("{name}<"))
                || *name == "Int32" && body.contains("Int32")
                || *name == "Owned" && schema.tables.iter().any(|table| table.owned)
        })
        .collect();
    format!(
        "// Tables of {}, as `kontract introspect` found them. The file is yours to change.\n\
         import type {{ {} }} from 'kontract';\n{body}",
        origin.replace(['\n', '\r'], " "),
        used.join(", ")
    )
}

/// What a table's rows and the table itself are called.
struct Row {
    name: String,
    table: String,
}

struct Printer<'a> {
    enums: BTreeMap<&'a str, String>,
    rows: BTreeMap<&'a str, Row>,
}

impl Printer<'_> {
    fn enumeration(&self, e: &Enum) -> String {
        let values: Vec<String> = e.values.iter().map(|value| names::text(value)).collect();
        let values = if values.is_empty() { "never".to_owned() } else { values.join(" | ") };
        format!("\nexport type {} = {values};\n", self.enums[e.name.as_str()])
    }

    fn table(&self, table: &Table) -> String {
        let Row { name, table: logical } = &self.rows[table.name.as_str()];
        let mut bases = Vec::new();
        bases.extend(table.owned.then(|| "Owned".to_owned()));
        bases.extend((table_name(name) != *logical).then(|| format!("Table<'{logical}'>")));
        let extends =
            if bases.is_empty() { String::new() } else { format!(" extends {}", bases.join(", ")) };
        let mut text = format!("\n{}export interface {name}{extends} {{\n", doc("", &table.notes));
        let single = match table.key.as_slice() {
            [key] => Some(key.as_str()),
            _ => None,
        };
        match single.and_then(|key| table.columns.iter().find(|column| column.name == key)) {
            Some(key) => text += &self.key(key),
            None => text += &missing_key(table),
        }
        for column in table.columns.iter().filter(|column| Some(column.name.as_str()) != single) {
            text += &self.column(column);
        }
        text + "}\n"
    }

    fn key(&self, column: &Column) -> String {
        let mut notes = column.notes.clone();
        if column.ty != Type::Text {
            notes.push(
                "A number or another type where it comes from: ids are text here.".to_owned(),
            );
        }
        notes.extend(self.reference(column));
        format!("{}  {}: Primkey<string>;\n", doc("  ", &notes), names::property(&column.name))
    }

    fn column(&self, column: &Column) -> String {
        let mut notes = column.notes.clone();
        notes.extend(self.reference(column));
        // A default is read by the compiler: last, on a line of its own.
        let default = column.default.as_ref().filter(|_| !column.optional && !column.list);
        notes.extend(default.map(|value| format!("@default {value}")));
        let mut ty =
            if column.references.is_some() { "string".to_owned() } else { self.ty(&column.ty) };
        if column.list {
            ty = if ty.contains(' ') { format!("({ty})[]") } else { format!("{ty}[]") };
        }
        if column.unique {
            ty = format!("Unique<{ty}>");
        } else if column.index {
            ty = format!("Index<{ty}>");
        }
        if is_secret(&column.name) && column.ty == Type::Text {
            ty = format!("Perm<{ty}, '_W_'>");
        } else if column.generated {
            ty = format!("Perm<{ty}, 'R__'>");
        }
        let mark = if column.optional { "?" } else { "" };
        format!("{}  {}{mark}: {ty};\n", doc("  ", &notes), names::property(&column.name))
    }

    fn reference(&self, column: &Column) -> Option<String> {
        let target = column.references.as_deref()?;
        let row = self.rows.get(target).map_or(target, |row| &row.name);
        let article = if row.starts_with(['A', 'E', 'I', 'O']) { "an" } else { "a" };
        let ids = if column.list { "Ids" } else { "The id" };
        Some(format!("{ids} of {article} {row}."))
    }

    fn ty(&self, ty: &Type) -> String {
        match ty {
            Type::Text => "string".to_owned(),
            Type::Boolean => "boolean".to_owned(),
            Type::Number => "number".to_owned(),
            Type::Int32 => "Int32".to_owned(),
            Type::Bigint => "bigint".to_owned(),
            Type::Date => "Date".to_owned(),
            Type::Bytes => "Uint8Array".to_owned(),
            Type::Json => "unknown".to_owned(),
            Type::Enum(name) => {
                self.enums.get(name.as_str()).cloned().unwrap_or("string".to_owned())
            }
        }
    }
}

/// An id for rows that have none, or one of several columns.
fn missing_key(table: &Table) -> String {
    let is_free = |name: &&str| table.columns.iter().all(|column| column.name != **name);
    let name =
        ["id", "key", "rowId", "kontractId"].into_iter().find(is_free).unwrap_or("kontractRowId");
    let note = if table.key.is_empty() {
        "There is no primary key where it comes from.".to_owned()
    } else {
        let parts: Vec<String> = table.key.iter().map(|part| format!("${{{part}}}")).collect();
        format!(
            "The primary key was {}: `{}` makes one of it.",
            table.key.join(" and "),
            parts.join(":")
        )
    };
    format!("{}  {name}: Primkey<string>;\n", doc("  ", &[note]))
}

fn doc(indent: &str, notes: &[String]) -> String {
    let lines: Vec<String> = notes
        .iter()
        .flat_map(|note| note.lines())
        .map(|line| line.trim().replace("*/", "*\u{200b}/"))
        .filter(|line| !line.is_empty())
        .collect();
    match lines.as_slice() {
        [] => String::new(),
        [line] => format!("{indent}/** {line} */\n"),
        lines => {
            let mut text = format!("{indent}/**\n");
            for line in lines {
                let _ = writeln!(text, "{indent} * {line}");
            }
            text + indent + " */\n"
        }
    }
}

/// What no client should read, by its name.
fn is_secret(name: &str) -> bool {
    let name: String = name.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    SECRETS.iter().any(|secret| name.contains(secret))
}

const IMPORTS: [&str; 7] = ["Index", "Int32", "Owned", "Perm", "Primkey", "Table", "Unique"];
const SECRETS: [&str; 6] = ["password", "passwd", "secret", "apikey", "privatekey", "accesstoken"];
