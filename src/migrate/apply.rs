//! `migrate up`: one transaction, under one lock.

use kontract_runtime::manifest::Manifest;
use tokio_postgres::{Client, Transaction, error::SqlState};

use super::{
    Applied, Gateway, Problem,
    connect::connect,
    description::{Tables, describe},
    diagnostics,
    plan::{Change, plan},
    quote::{identifier, literal},
    roles, table,
};
use crate::{hash, model::diagnostic::Diagnostic};

/// Makes the database keep what a build wants kept, or tells what stands in the way. `url` is that
/// of a role which may create roles and schemas, `variable` where it was found. A dry run undoes
/// everything at the end.
pub async fn up(
    url: &str,
    variable: &str,
    gateway: &Gateway,
    manifest: &Manifest,
    dry_run: bool,
) -> Result<Applied, Problem> {
    let wanted = describe(manifest).map_err(|reason| diagnostics::bad_manifest(&reason))?;
    let (mut client, _) = connect(url, variable).await?;
    check_version(&client).await?;
    let transaction = client.transaction().await.map_err(diagnostics::failed)?;
    transaction.batch_execute(LOCK).await.map_err(|error| match error.code() {
        Some(&SqlState::LOCK_NOT_AVAILABLE) => diagnostics::already_migrating(),
        _ => diagnostics::failed(error),
    })?;
    let role = roles::prepare(&transaction, gateway).await?;
    let gateway = identifier(&role);
    let renewed = renew_base(&transaction, &gateway).await?;
    let existing = existing(&transaction).await?;
    let changes = plan(&wanted, &existing, &gateway, renewed);
    let refused = refused(&transaction, &changes).await?;
    if !refused.is_empty() {
        return Err(Problem::Refused(refused));
    }
    let mut sentences = Vec::new();
    if renewed {
        sentences.push("make the functions of Kontract".to_owned());
    }
    for change in changes {
        transaction.batch_execute(&change.sql).await.map_err(|error| match error.code() {
            Some(&SqlState::LOCK_NOT_AVAILABLE) => diagnostics::table_in_use(&change.sentence),
            _ => diagnostics::change_failed(&change.sentence, &error),
        })?;
        sentences.push(change.sentence);
    }
    let end = if dry_run { transaction.rollback().await } else { transaction.commit().await };
    end.map_err(diagnostics::failed)?;
    Ok(Applied { changes: sentences, role })
}

async fn check_version(client: &Client) -> Result<(), Problem> {
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
/// whether that was so.
async fn renew_base(transaction: &Transaction<'_>, gateway: &str) -> Result<bool, Problem> {
    let current = base_hash();
    let made = transaction
        .query_one("SELECT to_regclass('kontract.base') IS NOT NULL", &[])
        .await
        .map_err(diagnostics::failed)?;
    if made.get(0) {
        let row = transaction.query_opt("SELECT hash FROM kontract.base", &[]).await;
        let granted = transaction
            .query_one(
                "SELECT has_schema_privilege($1, 'kontract', 'USAGE')",
                &[&gateway.trim_matches('"')],
            )
            .await
            .map_err(diagnostics::failed)?;
        // A role that was given to the gateway later has nothing yet.
        if row.map_err(diagnostics::failed)?.is_some_and(|row| row.get::<_, &str>(0) == current)
            && granted.get(0)
        {
            return Ok(false);
        }
    }
    let hash = literal(&current);
    let sql = BASE.replace("{gateway}", gateway)
        + &format!("DELETE FROM kontract.base; INSERT INTO kontract.base VALUES ({hash});");
    transaction.batch_execute(&sql).await.map_err(diagnostics::failed)?;
    Ok(true)
}

async fn existing(transaction: &Transaction<'_>) -> Result<Tables, Problem> {
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

/// The changes that rows stand in the way of, explained.
async fn refused(
    transaction: &Transaction<'_>,
    changes: &[Change],
) -> Result<Vec<Diagnostic>, Problem> {
    let mut refused = Vec::new();
    for change in changes {
        for obstacle in &change.obstacles {
            let row = transaction.query_one(&obstacle.count, &[]).await;
            let rows: i64 = row.map_err(diagnostics::failed)?.get(0);
            if rows > 0 {
                refused.push(diagnostics::refused(&change.sentence, rows, obstacle));
                break;
            }
        }
    }
    Ok(refused)
}

/// Of all that a version of Kontract puts into a database, whatever the tables.
pub fn base_hash() -> String {
    hash::of_parts([BASE, table::TEMPLATE])
}

const BASE: &str = include_str!("sql/base.sql");
/// PostgreSQL 14.
const OLDEST: i32 = 140_000;
/// Whoever waits for a table in use makes all who come later wait too.
const LOCK: &str = "SET LOCAL lock_timeout = '5s'; SET LOCAL client_min_messages = 'warning';
    SELECT pg_advisory_xact_lock(hashtextextended('kontract.migrate', 0));";
