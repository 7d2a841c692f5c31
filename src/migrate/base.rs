//! What every database has, whatever its tables.

use tokio_postgres::{Client, Transaction};

use super::{
    Problem,
    description::Tables,
    diagnostics,
    quote::{identifier, literal},
    table,
};
use crate::hash;

/// Refuses servers that are too old.
pub async fn check_version(client: &Client) -> Result<(), Problem> {
    let version = client
        .query_one(
            "SELECT current_setting('server_version_num')::int, current_setting('server_version')",
            &[],
        )
        .await
        .map_err(diagnostics::failed)?;
    if version.get::<_, i32>(0) < OLDEST {
        return Err(diagnostics::too_old(version.get(1)));
    }
    Ok(())
}

/// Runs the text that is the same for all databases, where it is not what they have, and tells
/// whether that was so. A role that is the gateway's only now has nothing yet, and is given it.
pub async fn renew_base(transaction: &Transaction<'_>, role: &str) -> Result<bool, Problem> {
    let current = base_hash();
    let made = made_by(transaction).await?;
    let granted = transaction
        .query_one("SELECT has_schema_privilege($1::text::name, 'kontract', 'USAGE')", &[&role])
        .await
        .map_err(diagnostics::failed)?;
    if made.as_ref() == Some(&current) && granted.get(0) {
        return Ok(false);
    }
    let other = made.is_some_and(|made| made != current);
    let sql = format!(
        "{}{}DELETE FROM kontract.base; INSERT INTO kontract.base VALUES ({});",
        if other { FORGET_FUNCTIONS } else { "" },
        BASE.replace("{gateway}", &identifier(role)),
        literal(&current)
    );
    transaction.batch_execute(&sql).await.map_err(diagnostics::failed)?;
    Ok(true)
}

/// The hash of the texts that made the functions of the database, if there are any.
pub async fn made_by(transaction: &Transaction<'_>) -> Result<Option<String>, Problem> {
    let exists = "SELECT to_regclass('kontract.base') IS NOT NULL";
    if !transaction.query_one(exists, &[]).await.map_err(diagnostics::failed)?.get::<_, bool>(0) {
        return Ok(None);
    }
    let row = transaction.query_opt("SELECT hash FROM kontract.base", &[]).await;
    Ok(row.map_err(diagnostics::failed)?.map(|row| row.get(0)))
}

/// The tables as they were made.
pub async fn existing(transaction: &Transaction<'_>) -> Result<Tables, Problem> {
    let rows = transaction
        .query("SELECT id, description::text FROM kontract.tables", &[])
        .await
        .map_err(diagnostics::failed)?;
    rows.iter()
        .map(|row| {
            let table = serde_json::from_str(row.get(1));
            Ok((row.get(0), table.map_err(|_| diagnostics::unknown_schema())?))
        })
        .collect()
}

/// The tenants beside `main`.
pub async fn tenants(transaction: &Transaction<'_>) -> Result<Vec<String>, Problem> {
    let all = "SELECT name FROM kontract.tenants ORDER BY name COLLATE \"C\"";
    let rows = transaction.query(all, &[]).await.map_err(diagnostics::failed)?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Of all that a version of Kontract puts into a database, whatever the tables.
pub fn base_hash() -> String {
    hash::of_parts([BASE, table::TEMPLATE, table::FOUND, table::ORDERED, table::LINE])
}

const BASE: &str = concat!(
    include_str!("sql/base.sql"),
    include_str!("sql/sessions.sql"),
    include_str!("sql/shared.sql"),
    include_str!("sql/reading.sql"),
    include_str!("sql/tenants.sql"),
    include_str!("sql/commit.sql"),
    include_str!("sql/exec.sql"),
    include_str!("sql/privileges.sql"),
);
/// Another version's functions may have had other parameters and results.
const FORGET_FUNCTIONS: &str = "DO $$
    DECLARE made regprocedure;
    BEGIN
      FOR made IN SELECT p.oid FROM pg_proc AS p WHERE p.pronamespace = 'kontract'::regnamespace LOOP
        EXECUTE format('DROP FUNCTION %s', made);
      END LOOP;
    END $$;
    DROP TYPE IF EXISTS kontract.item;
    ";
/// PostgreSQL 14.
const OLDEST: i32 = 140_000;
