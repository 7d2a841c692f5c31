//! The end of a call's transaction: one statement that compares what the call has read with what
//! is, and applies what it wrote.

use std::{
    fmt::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Value as Json, json};

use tokio::time::sleep;

use super::{
    call::{CallStorage, State},
    fault::Fault,
    log::{Log, Operation},
    param::Param,
    tables::Table,
};
use crate::failure::Failure;

/// Why a call's transaction was not committed.
#[derive(Clone, Debug)]
pub enum CommitError {
    /// What the call saw has changed: it may run again.
    Conflict {
        /// Indices of the tables that the call used, for the queue of repeated calls.
        tables: Vec<usize>,
        /// What the caller is told if it was for a value that must be unique.
        taken: Option<Failure>,
    },
    Failure(Failure),
}

/// What a query or a count has told the call.
pub struct Predicate {
    pub table: Arc<Table>,
    /// What the answer was.
    pub digest: Vec<u8>,
    pub asked: Asked,
}

/// What PostgreSQL was asked.
pub enum Asked {
    Rows(Question),
    /// How many rows this filter finds.
    Count(Json),
    /// A statement of `exec`, with its parameters.
    Exec {
        statement: Arc<str>,
        given: Json,
    },
}

/// What `kontract.query_<table>` was asked.
pub struct Question {
    pub filter: Json,
    pub order_by: Option<String>,
    pub descending: bool,
    pub after: Option<String>,
    pub after_ord: Option<i64>,
    pub take: i32,
}

impl CallStorage {
    /// Ends the transaction of a call that has failed: nothing is written, but a failure that came
    /// of reads at different moments is none, and the call may run again.
    pub async fn verify(&self) -> Result<(), CommitError> {
        self.state.borrow_mut().forget_writes();
        self.commit().await
    }

    /// Ends the call's transaction. A call that only read at one moment is done without a statement.
    pub async fn commit(&self) -> Result<(), CommitError> {
        let (params, writes, tables) = {
            let mut state = self.state.borrow_mut();
            if state.over {
                return Ok(());
            }
            state.over = true;
            if state.waits() {
                let detail = "an operation on a table was not awaited";
                tracing::error!(target: "kontract", call_id = &*self.call_id, detail);
                return Err(CommitError::Failure(Failure::internal()));
            }
            let writes = !state.log.is_empty();
            let used = state.rows.iter().enumerate().filter(|(_, rows)| rows.is_some());
            let tables: Vec<usize> = used.map(|(index, _)| index).collect();
            if state.stale {
                return Err(CommitError::Conflict { tables, taken: None });
            }
            if !writes && state.reads <= 1 {
                return Ok(());
            }
            let params = vec![
                Param::from(&self.session.key),
                if writes { Param::Text(Arc::clone(&self.claim)) } else { Param::Null },
                Param::from(writes_of(&state.log)),
                Param::from(reads_of(&state)),
                Param::from(predicates_of(&state)),
            ];
            (params, writes, tables)
        };
        match self.send(params, writes).await {
            Ok(txid) => {
                let mut state = self.state.borrow_mut();
                state.newest = state.newest.max(txid.unwrap_or(0));
                Ok(())
            }
            Err(Fault::Conflict) => Err(CommitError::Conflict { tables, taken: None }),
            Err(fault @ Fault::Taken { .. }) => {
                let taken = Some(fault.into_failure(&self.call_id));
                Err(CommitError::Conflict { tables, taken })
            }
            Err(fault) => Err(CommitError::Failure(fault.into_failure(&self.call_id))),
        }
    }

    /// Sends the commit until it is known what came of it: it is applied once, however often it
    /// arrives.
    async fn send(&self, params: Vec<Param>, writes: bool) -> Result<Option<i64>, Fault> {
        let statement: Arc<str> = STATEMENT.into();
        if !writes {
            let compared = self.database.rows(&statement, params).await;
            return compared.map(|_| None);
        }
        let start = Instant::now();
        let (mut attempts, mut lost) = (0, false);
        loop {
            attempts += 1;
            let fault = match self.database.rows_once(&statement, params.clone()).await {
                Ok(rows) => return Ok(rows.first().and_then(|row| row.try_get(0).ok()?)),
                Err(fault) => fault,
            };
            lost |= matches!(fault, Fault::Lost);
            match fault {
                // It may have been applied before the connection was lost.
                Fault::Lost | Fault::Unavailable if lost && start.elapsed() < PATIENCE => {
                    sleep(PAUSE).await;
                }
                Fault::Cancelled | Fault::Stale if attempts < ATTEMPTS => {}
                fault => return Err(fault),
            }
        }
    }
}

fn writes_of(log: &Log) -> String {
    list(log.writes().map(|write| {
        let operation = match write.operation {
            Operation::Set => "set",
            Operation::Insert => "insert",
            Operation::Update => "update",
            Operation::Delete => "delete",
        };
        let mut text = format!(
            r#"{{"t":"{}","op":"{operation}","id":{}"#,
            write.table.name,
            json!(&*write.id)
        );
        if write.operation != Operation::Delete {
            // JSON already.
            let _ = write!(text, r#","data":{}"#, write.data);
        }
        text + "}"
    }))
}

fn reads_of(state: &State) -> String {
    list(state.rows.iter().flatten().flat_map(|rows| {
        rows.observed().map(|(id, stored)| {
            let (version, txid) = (stored.map(|row| row.version), stored.map(|row| row.txid));
            json!({ "t": &*rows.table().name, "id": &**id, "v": version, "x": txid }).to_string()
        })
    }))
}

fn predicates_of(state: &State) -> String {
    list(state.predicates.iter().map(|Predicate { table, digest, asked }| {
        let digest = digest.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        let predicate = match asked {
            Asked::Rows(question) => json!({
                "t": &*table.name,
                "kind": "query",
                "filter": question.filter,
                "order_by": question.order_by,
                "descending": question.descending,
                "after": question.after,
                "after_ord": question.after_ord,
                "take": question.take,
                "digest": digest,
            }),
            Asked::Count(filter) => {
                json!({ "t": &*table.name, "kind": "count", "filter": filter, "digest": digest })
            }
            Asked::Exec { statement, given } => json!({
                "t": &*table.name,
                "kind": "exec",
                "statement": &**statement,
                "given": given,
                "digest": digest,
            }),
        };
        predicate.to_string()
    }))
}

fn list(items: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", items.into_iter().collect::<Vec<_>>().join(","))
}

const STATEMENT: &str =
    "SELECT kontract.commit($1, $2, $3::text::jsonb, $4::text::jsonb, $5::text::jsonb)";
const ATTEMPTS: usize = 3;
const PAUSE: Duration = Duration::from_millis(20);
/// How long a call waits to be told what came of its commit.
const PATIENCE: Duration = Duration::from_secs(3);
