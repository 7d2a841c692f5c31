//! Rows out of a database and into one, as lines of JSON:
//! `{ "table": "users", "id": "ada", "owner": "…", "data": { … } }`, with `tenant` beside `table` where
//! it is not `main`.

use std::{
    collections::BTreeMap,
    io::{self, BufRead, Write},
    pin::pin,
};

use futures_util::TryStreamExt as _;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio_postgres::{Client, Error, Transaction, error::DbError};

use super::{access::begin, diagnostics, tenants};
use crate::{migrate::identifier, model::diagnostic::Diagnostic};

/// A row that is written out.
#[derive(Serialize)]
struct Written<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<&'a str>,
    table: &'a str,
    id: &'a str,
    owner: &'a str,
    data: &'a RawValue,
}

/// A row that is read in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    #[serde(default = "main")]
    tenant: String,
    table: String,
    id: String,
    /// The user that the row belongs to.
    #[serde(default = "system")]
    owner: String,
    data: serde_json::Map<String, serde_json::Value>,
}

impl Read {
    fn holds_nul(&self) -> bool {
        use serde_json::Value;
        fn within(value: &Value) -> bool {
            match value {
                Value::String(text) => text.contains('\0'),
                Value::Array(items) => items.iter().any(within),
                Value::Object(fields) => {
                    fields.iter().any(|(name, value)| name.contains('\0') || within(value))
                }
                _ => false,
            }
        }
        [&self.tenant, &self.table, &self.id, &self.owner].iter().any(|text| text.contains('\0'))
            || self.data.iter().any(|(name, value)| name.contains('\0') || within(value))
    }
}

/// How many rows, by table.
pub type Counts = BTreeMap<String, usize>;

/// Writes all rows of all tables, or of one tenant's: tables by tenant and name, rows as they stand in
/// them.
pub async fn dump(
    client: &mut Client,
    only: Option<&str>,
    out: &mut dyn Write,
) -> Result<Counts, Diagnostic> {
    let transaction = begin(client).await?;
    let moment = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";
    transaction.batch_execute(moment).await.map_err(diagnostics::failed)?;
    let mut counts = Counts::new();
    let places = places(&transaction).await?;
    tenants::meant(&transaction, only).await?;
    let wanted = |place: &Place| only.is_none_or(|only| place.tenant == only);
    for Place { tenant, table, ptr, .. } in places.into_iter().filter(wanted) {
        let sql = format!(
            "SELECT id, _owner, data::text FROM kdata.{} WHERE _deleted_txid IS NULL ORDER BY _order, id",
            identifier(&ptr)
        );
        let none: [&str; 0] = [];
        let rows = transaction.query_raw(&sql, none).await.map_err(diagnostics::failed)?;
        let mut rows = pin!(rows);
        let mut count = 0;
        while let Some(row) = rows.try_next().await.map_err(diagnostics::failed)? {
            let data: &str = row.get(2);
            let data = serde_json::from_str(data).map_err(|_| diagnostics::not_current())?;
            let tenant = Some(tenant.as_str()).filter(|tenant| *tenant != MAIN);
            let line = Written { tenant, table: &table, id: row.get(0), owner: row.get(1), data };
            let text = serde_json::to_string(&line).map_err(|_| diagnostics::not_current())?;
            writeln!(out, "{text}").map_err(|error| diagnostics::not_written(&error))?;
            count += 1;
        }
        *counts.entry(table).or_default() += count;
    }
    out.flush().map_err(|error| diagnostics::not_written(&error))?;
    Ok(counts)
}

/// Makes rows, or replaces those with the same id; all of them or none. `tenant`: whose they are to be,
/// whatever the lines say.
pub async fn seed(
    client: &mut Client,
    tenant: Option<&str>,
    lines: &mut dyn BufRead,
) -> Result<Counts, Diagnostic> {
    let transaction = begin(client).await?;
    let places = places(&transaction).await?;
    tenants::meant(&transaction, tenant).await?;
    let places: BTreeMap<(String, String), Place> = places
        .into_iter()
        .map(|place| ((place.tenant.clone(), place.table.clone()), place))
        .collect();
    let rules = rules(&transaction).await?;
    let mut counts = Counts::new();
    let mut batch = Batch::default();
    for (number, line) in lines.lines().enumerate() {
        let line = line.map_err(|error| diagnostics::not_read("the input", &error))?;
        if line.trim().is_empty() {
            continue;
        }
        let mut row: Read = serde_json::from_str(&line)
            .map_err(|error| diagnostics::bad_line(number + 1, &error))?;
        if row.holds_nul() {
            return Err(diagnostics::with_nul(number + 1));
        }
        let key = (tenant.map_or(row.tenant, str::to_owned), row.table);
        let Some(place) = places.get(&key) else {
            let known: Vec<&str> = places
                .keys()
                .filter(|(tenant, _)| *tenant == key.0)
                .map(|(_, table)| table.as_str())
                .collect();
            return Err(diagnostics::no_table(number + 1, &key.0, &key.1, &known));
        };
        if row.data.get(&place.key).is_some_and(|id| id.as_str() != Some(&row.id)) {
            return Err(diagnostics::other_key(number + 1, &place.key));
        }
        row.data.remove(&place.key);
        if batch.ptr != place.ptr || batch.ids.len() >= MOST_AT_ONCE || batch.ids.contains(&row.id)
        {
            batch.write(&transaction, &rules).await?;
            batch = Batch { ptr: place.ptr.clone(), first: number + 1, ..Batch::default() };
        }
        batch.ids.push(row.id);
        batch.owners.push(row.owner);
        batch.rows.push(serde_json::Value::Object(row.data).to_string());
        *counts.entry(key.1).or_default() += 1;
    }
    batch.write(&transaction, &rules).await?;
    transaction.commit().await.map_err(diagnostics::failed)?;
    Ok(counts)
}

/// Rows of one table, each id once.
#[derive(Default)]
struct Batch {
    ptr: String,
    /// The line of the first.
    first: usize,
    ids: Vec<String>,
    owners: Vec<String>,
    rows: Vec<String>,
}

impl Batch {
    async fn write(&self, transaction: &Transaction<'_>, rules: &Rules) -> Result<(), Diagnostic> {
        if self.ids.is_empty() {
            return Ok(());
        }
        let sql = format!(
            "INSERT INTO kdata.{} AS r (id, _owner, data)
             SELECT n.id, n.owner, n.data::jsonb FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS n(id, owner, data, place)
             ORDER BY n.place
             ON CONFLICT (id) DO UPDATE SET data = excluded.data, _owner = excluded._owner, _order = excluded._order,
               _txid = txid_current(), _version = r._version + 1, _deleted_txid = NULL",
            identifier(&self.ptr)
        );
        let written = transaction.execute(&sql, &[&self.ids, &self.owners, &self.rows]).await;
        written.map(drop).map_err(|error| self.explain(error, rules))
    }

    fn explain(&self, error: Error, rules: &Rules) -> Diagnostic {
        let last = self.first + self.ids.len() - 1;
        let constraint = error.as_db_error().and_then(DbError::constraint);
        match constraint.and_then(|name| rules.get(name)) {
            Some(rule) => diagnostics::bad_rows(self.first, last, rule),
            None => diagnostics::failed(error),
        }
    }
}

/// What a row that a constraint refuses is told, by the names of constraints.
type Rules = BTreeMap<String, String>;

async fn rules(transaction: &Transaction<'_>) -> Result<Rules, Diagnostic> {
    let sql = "SELECT name, id, field, expected FROM kontract.constraints";
    let rows = transaction.query(sql, &[]).await.map_err(diagnostics::failed)?;
    let rule = |row: &tokio_postgres::Row| {
        let (table, field): (&str, &str) = (row.get(1), row.get(2));
        let told = match row.get::<_, Option<&str>>(3) {
            Some(expected) => format!("{table}.{field}: expected {expected}"),
            None => format!("another row of {table} has this {field}"),
        };
        (row.get(0), told)
    };
    Ok(rows.iter().map(rule).collect())
}

/// Where the rows of a logical table are.
struct Place {
    tenant: String,
    table: String,
    ptr: String,
    /// The field that is the id.
    key: String,
}

async fn places(transaction: &Transaction<'_>) -> Result<Vec<Place>, Diagnostic> {
    let sql = "SELECT s.owner, s.id, s.ptr, t.description ->> 'key'
        FROM kontract.storage AS s JOIN kontract.tables AS t ON t.id = s.id
        ORDER BY s.owner <> 'main', s.owner COLLATE \"C\", s.id COLLATE \"C\"";
    let rows = transaction.query(sql, &[]).await.map_err(diagnostics::failed)?;
    let place = |row: &tokio_postgres::Row| Place {
        tenant: row.get(0),
        table: row.get(1),
        ptr: row.get(2),
        key: row.get(3),
    };
    Ok(rows.iter().map(place).collect())
}

/// The file or standard input (`-`).
pub fn open(path: &std::path::Path) -> io::Result<Box<dyn BufRead>> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(io::stdin().lock()));
    }
    Ok(Box::new(io::BufReader::new(std::fs::File::open(path)?)))
}

fn main() -> String {
    MAIN.to_owned()
}

fn system() -> String {
    "system".to_owned()
}

const MAIN: &str = "main";
const MOST_AT_ONCE: usize = 500;
