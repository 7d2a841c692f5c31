//! Removes what nobody will ask for again: expired sessions, old tombstones and records of calls.

use std::{sync::Arc, time::Duration};

use tokio::time::sleep;

use crate::storage::{Database, Param};

/// Never ends. Several gateways may do it at the same time.
pub async fn run(database: Arc<Database>) {
    let collect: Arc<str> = "SELECT kontract.collect($1)".into();
    loop {
        sleep(PAUSE).await;
        loop {
            let removed = match database.rows(&collect, vec![Param::Int(RETENTION)]).await {
                Ok(rows) => rows.first().and_then(|row| row.try_get::<_, i64>(0).ok()),
                Err(fault) => {
                    tracing::warn!(target: "kontract", ?fault, "old rows could not be removed");
                    None
                }
            };
            if removed.unwrap_or(0) < MANY {
                break;
            }
        }
    }
}

const PAUSE: Duration = Duration::from_mins(1);
/// Seconds. No call runs as long: none will ask for what is older.
const RETENTION: i32 = 3600;
/// So many at once say that there are more.
const MANY: i64 = 1000;
