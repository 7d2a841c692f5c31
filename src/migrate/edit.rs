//! `migrate create`, `merge` and `squash`: changes of the chain and its files, without a database.

use std::{collections::BTreeSet, fmt::Write as _};

use super::{
    Problem,
    apply::Order,
    chain::{self, Chain, Link},
    delta::{self, Delta, Renames},
    description::{Tables, describe, renames},
    diagnostics,
};

/// A file that is to be written.
#[derive(Debug)]
pub struct Draft {
    /// In the project: `migrations/0006_rename_email_field.ts`
    pub path: String,
    pub text: String,
}

/// A new migration file, with what the build changes and only a file can say.
pub fn create(order: &Order<'_>, name: &str) -> Result<Draft, Problem> {
    let chain = Chain::new(order.links)?;
    chain.refuse_two_heads()?;
    let wanted = describe(order.manifest).map_err(|reason| diagnostics::bad_manifest(&reason))?;
    let schema = chain.schema();
    let changes = delta::diff(&schema, &wanted, &renames(order.manifest, &schema));
    let version = chain.next_version(order.sources);
    let path = format!("{}/{version:04}_{}.ts", order.folder, chain::plain(name));
    Ok(Draft { text: draft(&path, version, &changes), path })
}

fn draft(path: &str, version: u32, changes: &[Delta]) -> String {
    let (mut up, mut down) = (String::new(), String::new());
    for change in changes {
        let (forth, back) = hint(change);
        up += &forth;
        down += &back;
    }
    if up.is_empty() {
        up += "    // await db.renameField('users', 'old_email', 'email');\n    \
               // await db.transform('users', (row) => ({ ...row, name: String(row.name) }));\n";
    }
    let mut text = String::new();
    let _ = write!(
        text,
        "// {path}\nimport type {{ Migration, MigrationDB }} from 'kontract/migration';\n\n\
         export default {{\n  version: {version},\n\n  \
         up: async (db: MigrationDB) => {{\n{up}  }},\n\n  \
         down: async (db: MigrationDB) => {{\n{down}  }},\n}} satisfies Migration;\n"
    );
    text
}

/// Statements for what `migrate up` does not do by itself, there and back.
fn hint(change: &Delta) -> (String, String) {
    let text = |text: &str| serde_json::json!(text).to_string().replace('"', "'");
    let of = |table: &str, field: &str| (text(table), text(field));
    match change {
        Delta::RemoveField { table, field, .. } => {
            let (table, field) = of(table, field);
            (
                format!(
                    "    // Field {field} was removed. Is it another one's old name?\n    \
                     // await db.renameField({table}, {field}, '…');\n    \
                     await db.transform({table}, ({{ [{field}]: _, ...row }}) => row);\n"
                ),
                format!("    // What stood in {field} is gone: it cannot be put back.\n"),
            )
        }
        Delta::ChangeField { table, field, from, to } if from.kinds != to.kinds => {
            let (table, field) = of(table, field);
            let line = format!(
                "    await db.transform({table}, (row) => ({{ ...row, [{field}]: row[{field}] }}));\n"
            );
            (format!("    // Field {field} has another type.\n{line}"), line)
        }
        Delta::AddField { table, field, to } if !to.optional && to.default.is_none() => {
            let (table, field) = of(table, field);
            (
                format!(
                    "    // Field {field} is new: every row needs a value.\n    \
                     await db.transform({table}, (row) => ({{ ...row, [{field}]: row[{field}] }}));\n"
                ),
                format!("    await db.transform({table}, ({{ [{field}]: _, ...row }}) => row);\n"),
            )
        }
        Delta::ChangeKey { table, from, to } => {
            let line = |key: &str| {
                let (table, key) = of(table, key);
                format!(
                    "    await db.updateSchema({table}, {{ [{key}]: {{ type: 'string', primkey: true }} }});\n"
                )
            };
            (line(to), line(from))
        }
        Delta::RemoveTable { table, .. } => {
            let table = text(table);
            (
                format!(
                    "    // Table {table} was removed. null removes a row.\n    \
                     await db.transform({table}, () => null);\n"
                ),
                format!("    // The rows of {table} are gone: they cannot be put back.\n"),
            )
        }
        _ => (String::new(), String::new()),
    }
}

/// The chain with a link that comes after both branches.
pub fn merge(links: &[Link]) -> Result<Vec<Link>, Problem> {
    let mut chain = Chain::new(links)?;
    let heads = chain.heads();
    if heads.len() < 2 {
        return Err(diagnostics::one_head());
    }
    let version = chain.next_version(&[]);
    chain.push(Link::of_changes(version, "merge", heads, &latest(links), Vec::new()));
    Ok(chain.into_links())
}

/// One link in the place of the whole chain, and the files that it makes superfluous.
pub fn squash(order: &Order<'_>) -> Result<(Link, Vec<String>), Problem> {
    let chain = Chain::new(order.links)?;
    chain.refuse_two_heads()?;
    if chain.links().len() < 2 {
        return Err(diagnostics::nothing_to_squash("the chain has less than two migrations"));
    }
    if let Some(new) = order.sources.iter().find(|source| chain.get(&source.name).is_none()) {
        return Err(diagnostics::not_recorded(&new.path));
    }
    let schema = chain.schema();
    let changes = delta::diff(&Tables::new(), &schema, &Renames::default());
    let version = chain.next_version(order.sources);
    let mut link =
        Link::of_changes(version, "squash", BTreeSet::new(), &latest(order.links), changes);
    for old in chain.links() {
        link.replaces.insert(old.name.clone());
    }
    let files = chain.links().iter().filter_map(|link| link.file.clone()).collect();
    Ok((link, files))
}

/// When the newest of them was recorded: what is put together is as new.
fn latest(links: &[Link]) -> String {
    links.iter().map(|link| link.timestamp.as_str()).max().unwrap_or_default().to_owned()
}
