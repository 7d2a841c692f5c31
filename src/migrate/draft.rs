//! `migrate create`: a file with what a build changes and only a file can say. All of it stands in
//! comments: what nobody has read changes no row.

use std::fmt::Write as _;

use serde_json::json;

use super::{
    Problem,
    apply::Order,
    chain::{self, Chain},
    delta::{self, Delta},
    description::{Field, Kind, Tables, describe, renames},
    diagnostics,
};

/// A file that is to be written.
#[derive(Debug)]
pub struct Draft {
    /// In the project: `migrations/0006_rename_email_field.ts`
    pub path: String,
    pub text: String,
}

/// `base`: the tables that the file begins with; None: those of the chain.
pub fn create(order: &Order<'_>, name: &str, base: Option<Tables>) -> Result<Draft, Problem> {
    let chain = Chain::new(order.links)?;
    chain.refuse_leftovers(order.sources)?;
    chain.refuse_two_heads()?;
    let wanted = describe(order.manifest).map_err(|reason| diagnostics::bad_manifest(&reason))?;
    let base = base.unwrap_or_else(|| chain.schema());
    let version = chain.next_file(order.sources, &base);
    let changes = delta::diff(&base, &wanted, &renames(order.manifest, &base));
    let path = format!("{}/{version:04}_{}.ts", order.folder, chain::plain(name));
    Ok(Draft { text: text(&path, version, &changes), path })
}

fn text(path: &str, version: u32, changes: &[Delta]) -> String {
    let hints: Vec<Hint> = changes.iter().filter_map(|change| hint(change, changes)).collect();
    let (mut up, mut down) = (String::new(), String::new());
    for Hint { what, forth, back } in hints {
        let _ = writeln!(up, "    // {what}");
        forth.iter().for_each(|line| _ = writeln!(up, "    // {line}"));
        back.iter().for_each(|line| _ = writeln!(down, "    // {line}"));
    }
    if up.is_empty() {
        up += "    // await db.renameField('users', 'old_email', 'email');\n    \
               // await db.transform('users', (row) => ({ ...row, name: String(row.name) }));\n";
    }
    format!(
        "// {path}\nimport type {{ Migration, MigrationDB }} from 'kontract/migration';\n\n\
         export default {{\n  version: {version},\n\n  \
         up: async (db: MigrationDB) => {{\n{up}  }},\n\n  \
         down: async (db: MigrationDB) => {{\n{down}  }},\n}} satisfies Migration;\n"
    )
}

/// Statements for what `migrate up` does not do by itself, there and back.
struct Hint {
    what: String,
    forth: Vec<String>,
    back: Vec<String>,
}

fn hint(change: &Delta, all: &[Delta]) -> Option<Hint> {
    let table = quoted(change.table());
    let transform = |row: &str| format!("await db.transform({table}, {row});");
    Some(match change {
        Delta::RemoveField { field, .. } => {
            let (name, without) = (quoted(field), transform(&without(field)));
            let what = format!("{field} is no field of {table} any more.");
            let Some(new) = added(all, change.table()) else {
                let back =
                    vec![format!("The values of {field} are gone: they cannot be put back.")];
                return Some(Hint { what, forth: vec![without], back });
            };
            let renamed = quoted(new);
            Hint {
                what: format!("{what} Is it {new} now, or are its values to go?"),
                forth: vec![format!("await db.renameField({table}, {name}, {renamed});"), without],
                back: vec![format!("await db.renameField({table}, {renamed}, {name});")],
            }
        }
        Delta::ChangeField { field, from, to, .. } if from.kinds != to.kinds => Hint {
            what: format!("{field} of {table} has another type."),
            forth: vec![transform(&with(field, &converted(field, to)))],
            back: vec![transform(&with(field, &converted(field, from)))],
        },
        Delta::AddField { field, to, .. } if !to.optional && to.default.is_none() => Hint {
            what: format!("{field} of {table} is new: what is it in rows that are there?"),
            forth: vec![transform(&with(field, "'…'"))],
            back: vec![transform(&without(field))],
        },
        Delta::ChangeKey { from, to, .. } => {
            let key = |field: &str| {
                let field = property(field);
                format!(
                    "await db.updateSchema({table}, {{ {field}: {{ type: 'string', primkey: true }} }});"
                )
            };
            Hint {
                what: format!("{to} is the key of {table}."),
                forth: vec![key(to)],
                back: vec![key(from)],
            }
        }
        Delta::RemoveTable { table: name, .. } => Hint {
            what: format!("{name} is no table any more."),
            forth: vec![transform("() => null")],
            back: vec![format!("The rows of {name} are gone: they cannot be put back.")],
        },
        _ => return None,
    })
}

/// A field of the same table that is new.
fn added<'a>(changes: &'a [Delta], of: &str) -> Option<&'a str> {
    changes.iter().find_map(|change| match change {
        Delta::AddField { table, field, .. } if table == of => Some(field.as_str()),
        _ => None,
    })
}

/// `(row) => ({ ...row, age: Number(row.age) })`
fn with(field: &str, value: &str) -> String {
    format!("(row) => ({{ ...row, {}: {value} }})", property(field))
}

/// `({ age: _, ...row }) => row`
fn without(field: &str) -> String {
    format!("({{ {}: _, ...row }}) => row", property(field))
}

fn converted(field: &str, to: &Field) -> String {
    let value =
        if is_plain(field) { format!("row.{field}") } else { format!("row[{}]", quoted(field)) };
    let texts = |kind: &Kind| matches!(kind, Kind::String | Kind::Bigint);
    match to.kinds.iter().find(|kind| **kind != Kind::Null) {
        Some(Kind::Number) => format!("Number({value})"),
        Some(Kind::Boolean) => format!("Boolean({value})"),
        Some(kind) if texts(kind) => format!("String({value})"),
        _ => value,
    }
}

fn property(field: &str) -> String {
    if is_plain(field) { field.to_owned() } else { quoted(field) }
}

fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '$');
    name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit())
}

fn quoted(text: &str) -> String {
    let json = json!(text).to_string();
    if text.contains(['\'', '"']) { json } else { json.replace('"', "'") }
}
