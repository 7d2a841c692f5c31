//! The tables of a database, by its catalogue. Nothing is changed in it.

use std::{collections::BTreeMap, fmt};

use serde_json::Value;
use tokio_postgres::{Client, Row};

use super::{Column, Enum, Schema, Table, Type, diagnostics};
use crate::{admin::diagnostics::failed, model::diagnostic::Diagnostic};

/// `schemas`: those that are meant; none: all but the server's, Kontract's and Supabase's own.
pub async fn read(client: &mut Client, schemas: &[String]) -> Result<Schema, Diagnostic> {
    let transaction = client.build_transaction().read_only(true).start().await.map_err(failed)?;
    let rows = async |sql: &str| transaction.query(sql, &[&schemas]).await.map_err(failed);
    let columns = rows(&format!("{RELATIONS} {COLUMNS}")).await?;
    let constraints = rows(&format!("{RELATIONS} {CONSTRAINTS}")).await?;
    let indexes = rows(&format!("{RELATIONS} {INDEXES}")).await?;
    let policies = rows(&format!("{RELATIONS} {POLICIES}")).await?;
    let tables =
        rows(&format!("{RELATIONS} SELECT oid, schema, name, comment, rls FROM relations")).await?;
    let enums = rows(&format!("{RELATIONS} {ENUMS}")).await?;
    if tables.is_empty() {
        return Err(diagnostics::no_tables());
    }
    let names = names(&tables);
    let enums: BTreeMap<u32, Enum> = enums
        .iter()
        .map(|row| (row.get("oid"), Enum { name: row.get("name"), values: row.get("labels") }))
        .collect();
    let mut schema = Schema::default();
    for row in &tables {
        let oid: u32 = row.get("oid");
        let of = |rows: &'_ [Row]| -> Vec<usize> {
            rows.iter()
                .enumerate()
                .filter(|(_, row)| row.get::<_, u32>("oid") == oid)
                .map(|(i, _)| i)
                .collect()
        };
        let mut table = Table { name: names[&oid].clone(), ..Table::default() };
        table.notes.extend(row.get::<_, Option<String>>("comment"));
        for index in of(&columns) {
            table.columns.push(column(&columns[index], &enums));
        }
        for index in of(&constraints) {
            constrain(&mut table, &constraints[index], &names);
        }
        for index in of(&indexes) {
            mark_index(&mut table, &indexes[index]);
        }
        let policies: Vec<&Row> = of(&policies).into_iter().map(|index| &policies[index]).collect();
        if row.get("rls") {
            let (owned, notes) = protection(&policies);
            table.owned = owned;
            table.notes.extend(notes);
        }
        schema.tables.push(table);
    }
    schema.enums = enums.into_values().collect();
    Ok(schema)
}

/// The name of each table: with its schema where two are called the same.
fn names(tables: &[Row]) -> BTreeMap<u32, String> {
    tables
        .iter()
        .map(|row| {
            let (schema, name): (&str, &str) = (row.get("schema"), row.get("name"));
            let others = tables.iter().filter(|other| other.get::<_, &str>("name") == name).count();
            let name = if others > 1 { format!("{schema}_{name}") } else { name.to_owned() };
            (row.get("oid"), name)
        })
        .collect()
}

fn column(row: &Row, enums: &BTreeMap<u32, Enum>) -> Column {
    let kind: &str = row.get("type");
    let mut notes: Vec<String> = row.get::<_, Option<String>>("comment").into_iter().collect();
    let ty = match kind {
        "bool" => Type::Boolean,
        "int2" | "int4" => Type::Int32,
        "int8" => Type::Bigint,
        "float4" | "float8" => Type::Number,
        "timestamp" | "timestamptz" => Type::Date,
        "bytea" => Type::Bytes,
        "json" | "jsonb" => Type::Json,
        "text" | "varchar" | "bpchar" | "uuid" | "citext" | "name" => Type::Text,
        _ => match enums.get(&row.get("enum")) {
            Some(e) => Type::Enum(e.name.clone()),
            None if row.get::<_, &str>("category") == "C" => Type::Json,
            None => {
                notes.push(format!("{kind} where it comes from, as text here."));
                Type::Text
            }
        },
    };
    let mut column = Column::new(row.get::<_, String>("column"), ty);
    column.list = row.get("list");
    column.optional = !row.get::<_, bool>("required");
    column.generated = row.get("generated");
    if let Some(default) = row.get::<_, Option<String>>("default").filter(|_| !column.optional) {
        match literal(&default, &column.ty) {
            Some(value) if !column.list => column.default = Some(value),
            _ => notes.push(format!("Filled in with `{default}` where it comes from.")),
        }
    }
    column.notes = notes;
    column
}

/// `'draft'::order_status` → "draft"; None: no constant.
fn literal(default: &str, ty: &Type) -> Option<Value> {
    let text = default.strip_prefix('\'').and_then(|rest| {
        let end = rest.replace("''", "\0\0").find('\'')?;
        let tail = &rest[end + 1..];
        (tail.is_empty() || tail.starts_with("::")).then(|| rest[..end].replace("''", "'"))
    });
    match ty {
        Type::Text | Type::Enum(_) => text.map(Value::from),
        Type::Boolean => default.parse().ok().map(Value::Bool),
        Type::Int32 => default.parse::<i32>().ok().map(Value::from),
        Type::Number => default.parse::<f64>().ok().map(Value::from),
        _ => None,
    }
}

fn constrain(table: &mut Table, row: &Row, names: &BTreeMap<u32, String>) {
    let columns: Vec<String> = row.get("columns");
    let kind: i8 = row.get("kind");
    match (u8::try_from(kind).map(char::from), columns.as_slice()) {
        (Ok('p'), _) => table.key = columns,
        (Ok('f'), [name]) => {
            let target = names.get(&row.get("target"));
            let Some(column) = table.columns.iter_mut().find(|column| column.name == *name) else {
                return;
            };
            match target {
                Some(target) if row.get("to_key") => column.references = Some(target.clone()),
                _ => column.notes.push(format!(
                    "Refers to {} where it comes from.",
                    row.get::<_, &str>("target_name")
                )),
            }
        }
        _ => table.notes.push(format!("Where it comes from: {}", row.get::<_, &str>("definition"))),
    }
}

fn mark_index(table: &mut Table, row: &Row) {
    let columns: Vec<String> = row.get("columns");
    let unique: bool = row.get("unique");
    let column = match columns.as_slice() {
        [name] if row.get("plain") => table.columns.iter_mut().find(|column| column.name == *name),
        _ => None,
    };
    match column {
        Some(column) if unique => column.unique = true,
        Some(column) => column.index = true,
        None => {
            table.notes.push(format!("Where it comes from: {}", row.get::<_, &str>("definition")));
        }
    }
}

/// Row-level security has no counterpart but `Owned`, permissions and what functions check. Tells
/// whether it comes to `Owned`, and what there is to say.
fn protection(policies: &[&Row]) -> (bool, Vec<String>) {
    let policies: Vec<Policy> = policies.iter().map(|row| Policy::of(row)).collect();
    let mut notes = vec![match owner(&policies) {
        Some(column) => format!(
            "Policies showed rows to the user in `{column}` only: `Owned` shows them to whoever wrote them."
        ),
        None => "Rows were protected by policies, which are not carried over: extend `Owned`, or check in functions.".to_owned(),
    }];
    notes.extend(policies.iter().map(Policy::to_string));
    (owner(&policies).is_some(), notes)
}

struct Policy {
    name: String,
    command: String,
    permissive: bool,
    using: Option<String>,
    check: Option<String>,
}

impl Policy {
    fn of(row: &Row) -> Self {
        Self {
            name: row.get("name"),
            command: row.get("command"),
            permissive: row.get("permissive"),
            using: row.get("using"),
            check: row.get("check"),
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} for {}", self.name, self.command)?;
        if let Some(using) = &self.using {
            write!(f, ": using {using}")?;
        }
        if let Some(check) = &self.check {
            write!(f, ": with check {check}")?;
        }
        Ok(())
    }
}

/// The column of the user that all policies compare with who asks.
fn owner(policies: &[Policy]) -> Option<&str> {
    let shown = |policy: &&Policy| matches!(policy.command.as_str(), "SELECT" | "ALL");
    let column = own(policies.iter().find(shown)?.using.as_deref()?)?;
    let only_own = |policy: &Policy| {
        let mut conditions = policy.using.iter().chain(&policy.check);
        policy.permissive && conditions.all(|condition| own(condition) == Some(column))
    };
    policies.iter().all(only_own).then_some(column)
}

/// `(auth.uid() = user_id)`, as PostgreSQL prints it, either way round: `user_id`.
fn own(condition: &str) -> Option<&str> {
    let inside = condition.strip_prefix('(')?.strip_suffix(')')?;
    let (left, right) = inside.split_once(" = ")?;
    let is_caller = |side: &str| {
        let side = side.strip_suffix("::text").unwrap_or(side);
        let side = side.strip_prefix('(').and_then(|side| side.strip_suffix(')')).unwrap_or(side);
        matches!(side.trim(), "auth.uid()" | "SELECT auth.uid() AS uid")
    };
    let column = match (is_caller(left), is_caller(right)) {
        (true, false) => right,
        (false, true) => left,
        _ => return None,
    };
    let column = column.trim_matches('"');
    let plain = |letter: char| letter.is_alphanumeric() || letter == '_';
    (!column.is_empty() && column.chars().all(plain)).then_some(column)
}

/// What all queries begin with. $1: the schemas that are meant.
const RELATIONS: &str = "WITH relations AS (
  SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name, obj_description(c.oid, 'pg_class') AS comment,
         c.relrowsecurity AS rls
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND CASE WHEN cardinality($1::text[]) > 0 THEN n.nspname = ANY ($1)
        ELSE n.nspname !~ '^(pg_|_)' AND n.nspname <> ALL ('{information_schema,kontract,kdata,auth,storage,realtime,extensions,graphql,graphql_public,vault,pgsodium,pgsodium_masks,supabase_functions,supabase_migrations,net,cron,pgbouncer}') END
    AND c.relname <> ALL ('{_prisma_migrations,schema_migrations,knex_migrations,knex_migrations_lock,__drizzle_migrations}')
    AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
  ORDER BY n.nspname COLLATE \"C\", c.relname COLLATE \"C\"
)";
const COLUMNS: &str = "
SELECT r.oid, a.attname::text AS column, a.attnotnull OR t.typnotnull AS required, e.typname::text AS type,
  e.typcategory::text AS category, CASE WHEN e.typtype = 'e' THEN e.oid ELSE 0 END AS enum,
  b.typcategory = 'A' AS list, a.attgenerated <> '' OR a.attidentity = 'a' AS generated,
  pg_get_expr(d.adbin, d.adrelid) AS default, col_description(r.oid, a.attnum) AS comment
FROM relations AS r JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type AS t ON t.oid = a.atttypid
JOIN pg_type AS b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
JOIN pg_type AS e ON e.oid = CASE WHEN b.typcategory = 'A' THEN b.typelem ELSE b.oid END
LEFT JOIN pg_attrdef AS d ON d.adrelid = r.oid AND d.adnum = a.attnum AND a.attgenerated = ''
ORDER BY r.oid, a.attnum";
const CONSTRAINTS: &str = "
SELECT r.oid, c.contype AS kind, c.confrelid AS target, coalesce(c.confrelid::regclass::text, '') AS target_name,
  pg_get_constraintdef(c.oid) AS definition,
  ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY AS k(n, place)
        JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum = k.n ORDER BY k.place) AS columns,
  coalesce(c.confkey = (SELECT p.conkey FROM pg_constraint AS p WHERE p.conrelid = c.confrelid AND p.contype = 'p'), false) AS to_key
FROM relations AS r JOIN pg_constraint AS c ON c.conrelid = r.oid AND c.contype IN ('p', 'f', 'c', 'x')
ORDER BY r.oid, c.contype <> 'p', c.conname";
const INDEXES: &str = "
SELECT r.oid, i.indisunique AS unique, pg_get_indexdef(i.indexrelid) AS definition,
  i.indpred IS NULL AND i.indexprs IS NULL AND m.amname IN ('btree', 'hash') AS plain,
  ARRAY(SELECT a.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(n, place)
        JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum = k.n WHERE k.place <= i.indnkeyatts ORDER BY k.place) AS columns
FROM relations AS r JOIN pg_index AS i ON i.indrelid = r.oid AND NOT i.indisprimary
JOIN pg_class AS x ON x.oid = i.indexrelid JOIN pg_am AS m ON m.oid = x.relam
ORDER BY r.oid, x.relname";
const POLICIES: &str = "
SELECT r.oid, p.polname::text AS name, p.polpermissive AS permissive,
  CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END AS command,
  pg_get_expr(p.polqual, p.polrelid) AS using, pg_get_expr(p.polwithcheck, p.polrelid) AS check
FROM relations AS r JOIN pg_policy AS p ON p.polrelid = r.oid ORDER BY r.oid, p.polname";
const ENUMS: &str = "
SELECT t.oid, t.typname::text AS name,
  ARRAY(SELECT e.enumlabel::text FROM pg_enum AS e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) AS labels
FROM pg_type AS t WHERE t.typtype = 'e' AND t.oid IN (
  SELECT coalesce(nullif(y.typelem, 0), y.oid) FROM relations AS r
  JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type AS x ON x.oid = a.atttypid
  JOIN pg_type AS y ON y.oid = CASE WHEN x.typtype = 'd' THEN x.typbasetype ELSE x.oid END)
ORDER BY t.typname COLLATE \"C\", t.oid";

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    #[test]
    fn conditions_on_the_user_are_told_from_all_others() {
        for (condition, column) in [
            ("(auth.uid() = user_id)", Some("user_id")),
            ("(user_id = auth.uid())", Some("user_id")),
            ("(( SELECT auth.uid() AS uid) = owner)", Some("owner")),
            ("((auth.uid())::text = \"user\")", Some("user")),
            ("true", None),
            ("(auth.uid() = auth.uid())", None),
            ("((auth.uid() = user_id) OR is_public)", None),
            ("(auth.uid() <> user_id)", None),
            ("(auth.uid() = ( SELECT t.boss FROM teams t))", None),
        ] {
            assert_eq!(own(condition), column, "{condition}");
        }
    }

    #[test]
    fn rows_are_owned_where_every_policy_says_so() {
        let policy = |command: &str, permissive, using: Option<&str>, check: Option<&str>| Policy {
            name: "p".to_owned(),
            command: command.to_owned(),
            permissive,
            using: using.map(str::to_owned),
            check: check.map(str::to_owned),
        };
        let own = Some("(auth.uid() = user_id)");
        let other = Some("(auth.uid() = editor)");
        let all = policy("ALL", true, own, own);
        assert_eq!(owner(&[]), None);
        assert_eq!(owner(std::slice::from_ref(&all)), Some("user_id"));
        let split = [policy("SELECT", true, own, None), policy("INSERT", true, None, own)];
        assert_eq!(owner(&split), Some("user_id"));
        for more in [
            policy("SELECT", true, Some("true"), None),
            policy("UPDATE", true, other, None),
            policy("SELECT", false, own, None),
        ] {
            assert_eq!(owner(&[policy("ALL", true, own, own), more]), None);
        }
        // Nobody sees them then.
        assert_eq!(owner(&[policy("INSERT", true, None, own)]), None);
    }
}
