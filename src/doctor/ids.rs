//! Transaction ids of a database that was restored from a dump: a new server counts from the
//! beginning, so that rows seem to come from the future until it has caught up.

use tokio_postgres::{Client, Error, GenericClient};

use super::diagnostics;
use crate::{
    admin::{access::begin, diagnostics as admin},
    migrate::{Problem, identifier},
    model::diagnostic::Diagnostic,
};

/// Where ids stand that no transaction has had.
#[derive(Debug, PartialEq, Eq)]
pub struct Restored {
    pub table: String,
    pub newest: i64,
    pub current: i64,
}

/// The table with the newest id, if that is newer than the server's next.
pub async fn newest(operator: &Client) -> Result<Option<Restored>, Problem> {
    let mut found: Option<Restored> = None;
    for (table, columns) in places(operator).await.map_err(diagnostics::failed)? {
        let newest: Vec<String> = columns.iter().map(|column| format!("max({column})")).collect();
        let sql = format!(
            "SELECT greatest({}), txid_snapshot_xmax(txid_current_snapshot()) FROM {table}",
            newest.join(", ")
        );
        let row = operator.query_one(&sql, &[]).await.map_err(diagnostics::failed)?;
        let (newest, current): (Option<i64>, i64) = (row.get(0), row.get(1));
        let Some(newest) = newest.filter(|newest| *newest >= current) else { continue };
        if found.as_ref().is_none_or(|found| found.newest < newest) {
            found = Some(Restored { table, newest, current });
        }
    }
    Ok(found)
}

/// Gives everything that seems to come from the future the id of a transaction of now, and returns
/// how many rows that were.
pub async fn repair(client: &mut Client) -> Result<u64, Diagnostic> {
    let transaction = begin(client).await?;
    let mut changed = 0;
    for (table, columns) in places(&transaction).await.map_err(admin::failed)? {
        let set: Vec<String> = columns
            .iter()
            .map(|column| format!("{column} = least({column}, txid_current())"))
            .collect();
        let newer: Vec<String> =
            columns.iter().map(|column| format!("{column} > txid_current()")).collect();
        let sql = format!("UPDATE {table} SET {} WHERE {}", set.join(", "), newer.join(" OR "));
        changed += transaction.execute(&sql, &[]).await.map_err(admin::failed)?;
    }
    transaction.commit().await.map_err(admin::failed)?;
    Ok(changed)
}

/// Tables with the columns that hold ids.
async fn places(client: &impl GenericClient) -> Result<Vec<(String, Vec<&'static str>)>, Error> {
    let rows = client.query(TABLES, &[]).await?;
    let mut places: Vec<(String, Vec<&'static str>)> = rows
        .iter()
        .map(|row| {
            let table = format!("kdata.{}", identifier(row.get(0)));
            (table, vec!["_txid", "_deleted_txid"])
        })
        .collect();
    places.extend([
        ("kontract.calls".to_owned(), vec!["txid"]),
        ("kontract.marks".to_owned(), vec!["txid"]),
        ("kontract.trxs".to_owned(), vec!["create_txid"]),
    ]);
    Ok(places)
}

const TABLES: &str = "SELECT DISTINCT c.relname::text FROM kontract.storage AS s JOIN pg_class AS c
    ON c.relname = s.ptr AND c.relnamespace = 'kdata'::regnamespace ORDER BY 1";
