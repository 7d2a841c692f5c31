//! What a database has otherwise than Kontract made it. It is told, and nothing is done about it.

use std::{collections::BTreeSet, iter};

use tokio_postgres::Transaction;

use super::{
    Problem,
    description::Tables,
    diagnostics,
    table::{MAIN, Physical},
};

/// Each difference, for people: `the check of a field of users is missing: check_users_1a2b3c4d`.
/// `tenants`: those beside `main`.
pub async fn drift(
    transaction: &Transaction<'_>,
    tables: &Tables,
    tenants: &[String],
) -> Result<Vec<String>, Problem> {
    let mut drift = Vec::new();
    let rows = transaction.query(CATALOGUE, &[]).await.map_err(diagnostics::failed)?;
    let all: BTreeSet<(String, String, String)> =
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    let mut expected = BTreeSet::new();
    let everyone = || iter::once(MAIN).chain(tenants.iter().map(String::as_str));
    let all_tables = tables.iter().flat_map(|table| everyone().map(move |tenant| (tenant, table)));
    for (tenant, (name, table)) in all_tables {
        let physical = Physical::of(tenant, name, table);
        let mut expect = |kind: &str, object: &str| {
            let found = (physical.pointer().to_owned(), kind.to_owned(), object.to_owned());
            if !all.contains(&found) {
                drift.push(format!("the {kind} {object} of {name} is missing"));
            }
            expected.insert(found);
        };
        expect("table", physical.pointer());
        let (checks, indexes) = physical.objects();
        checks.iter().for_each(|check| expect("check", check));
        indexes.iter().for_each(|index| expect("index", index));
        COLUMNS.iter().for_each(|column| expect("column", column));
    }
    for (table, kind, object) in all.difference(&expected) {
        drift.push(match kind.as_str() {
            "table" => format!("the table kdata.{table} is none of Kontract's"),
            _ => format!("the {kind} {object} of kdata.{table} is none of Kontract's"),
        });
    }
    Ok(drift)
}

const COLUMNS: [&str; 7] = ["id", "data", "_version", "_txid", "_owner", "_deleted_txid", "_order"];
/// Checks and indexes that every table has since it was made go without names of their own.
const CATALOGUE: &str = "
    WITH data AS (
      SELECT c.oid, c.relname::text AS name FROM pg_class AS c
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
      WHERE n.nspname = 'kdata' AND c.relkind IN ('r', 'p')
    )
    SELECT name, 'table', name FROM data
    UNION ALL
    SELECT d.name, 'column', a.attname::text FROM data AS d JOIN pg_attribute AS a ON a.attrelid = d.oid
    WHERE a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT d.name, 'check', k.conname::text FROM data AS d JOIN pg_constraint AS k ON k.conrelid = d.oid
    WHERE k.contype = 'c' AND k.convalidated
    AND k.conname !~ '_data_check\\d*$'
    UNION ALL
    SELECT d.name, 'index', i.relname::text FROM data AS d JOIN pg_index AS x ON x.indrelid = d.oid
    JOIN pg_class AS i ON i.oid = x.indexrelid
    WHERE x.indisvalid AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = x.indexrelid)";
