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
    roles, statements, table,
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
    let renewed = renew_base(&transaction, &role).await?;
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
    sentences.extend(statements::renew(&transaction, manifest, &wanted, &role).await?);
    let end = if dry_run { transaction.rollback().await } else { transaction.commit().await };
    end.map_err(diagnostics::failed)?;
    Ok(Applied { changes: sentences, role })
}

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
async fn renew_base(transaction: &Transaction<'_>, role: &str) -> Result<bool, Problem> {
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

/// The changes that rows stand in the way of, explained.
async fn refused(
    transaction: &Transaction<'_>,
    changes: &[Change],
) -> Result<Vec<Diagnostic>, Problem> {
    let mut refused = Vec::new();
    for change in changes {
        refused.extend(verdict(transaction, change).await?);
    }
    Ok(refused)
}

/// What stands in the way of a change.
pub async fn verdict(
    transaction: &Transaction<'_>,
    change: &Change,
) -> Result<Option<Diagnostic>, Problem> {
    for obstacle in &change.obstacles {
        let row = transaction.query_one(&obstacle.count, &[]).await;
        let rows: i64 = row.map_err(diagnostics::failed)?.get(0);
        if rows > 0 {
            return Ok(Some(diagnostics::refused(&change.sentence, rows, obstacle)));
        }
    }
    Ok(None)
}

/// Of all that a version of Kontract puts into a database, whatever the tables.
pub fn base_hash() -> String {
    hash::of_parts([BASE, table::TEMPLATE])
}

const BASE: &str = concat!(
    include_str!("sql/base.sql"),
    include_str!("sql/sessions.sql"),
    include_str!("sql/shared.sql"),
    include_str!("sql/reading.sql"),
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
/// Whoever waits for a table in use makes all who come later wait too.
const LOCK: &str = "SET LOCAL lock_timeout = '5s'; SET LOCAL client_min_messages = 'warning';
    SELECT pg_advisory_xact_lock(hashtextextended('kontract.migrate', 0));";
