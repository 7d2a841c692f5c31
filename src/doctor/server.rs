//! The server: its version, its clock, whether it knows Kontract.

use std::time::{Duration, SystemTime};

use tokio_postgres::Client;

use super::diagnostics;
use crate::{
    migrate::{self, Problem},
    model::diagnostic::Diagnostic,
};

/// What answers, in words.
pub async fn version(client: &Client) -> Result<String, Problem> {
    migrate::check_version(client).await?;
    let row = client.query_one("SELECT current_setting('server_version')", &[]).await;
    let row = row.map_err(diagnostics::failed)?;
    Ok(format!("PostgreSQL {} answers", row.get::<_, String>(0)))
}

pub async fn is_set_up(client: &Client) -> Result<bool, Problem> {
    let row = client.query_one("SELECT to_regnamespace('kontract') IS NOT NULL", &[]).await;
    Ok(row.map_err(diagnostics::failed)?.get(0))
}

/// How far the clocks are apart, beyond what the question itself took.
pub async fn clock(client: &Client, now: fn() -> SystemTime) -> Result<Vec<Diagnostic>, Problem> {
    let before = now();
    let row =
        client.query_one("SELECT clock_timestamp()", &[]).await.map_err(diagnostics::failed)?;
    let (there, after): (SystemTime, _) = (row.get(0), now());
    let behind = there.duration_since(after).unwrap_or_default();
    let ahead = before.duration_since(there).unwrap_or_default();
    let skew = behind.max(ahead);
    Ok(if skew < TOLERATED {
        Vec::new()
    } else {
        vec![diagnostics::clocks_differ(skew, !ahead.is_zero(), skew >= UNUSABLE)]
    })
}

const TOLERATED: Duration = Duration::from_secs(2);
/// Sessions end that long before or after their time.
const UNUSABLE: Duration = Duration::from_mins(1);
