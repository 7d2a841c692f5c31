//! The end of a call's transaction: one statement that compares what the call has read with what
//! is, and applies what it wrote.

use std::{
    fmt::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Value as Json, json};

use tokio::time::sleep;
use tokio_postgres::Row;

use super::{
    call::{CallStorage, State},
    fault::Fault,
    log::Write,
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

/// What a commit is to do.
pub(super) struct Ending {
    pub writes: bool,
    /// Of `kontract.commit`.
    pub params: Vec<Param>,
    /// The indices of the tables that the call has used.
    pub tables: Vec<usize>,
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
        let Some(Ending { writes, params, tables }) = self.ending(false)? else { return Ok(()) };
        let done = if writes {
            self.send_commit(params).await
        } else {
            self.database.rows(&Arc::from(COMMIT), params).await
        };
        let rows = done.map_err(|fault| self.not_committed(fault, tables))?;
        let txid = rows.first().and_then(|row| row.try_get(0).ok()?);
        self.saw(txid.unwrap_or(0));
        Ok(())
    }

    /// What a commit is to do; None where there is nothing to write or to compare, unless a record
    /// is wanted `always`.
    pub(super) fn ending(&self, always: bool) -> Result<Option<Ending>, CommitError> {
        let mut state = self.state.borrow_mut();
        if state.over {
            return Ok(None);
        }
        state.over = true;
        if state.waits() {
            let detail = "an operation on a table was not awaited";
            tracing::error!(target: "kontract", call_id = &*self.call_id, detail);
            return Err(CommitError::Failure(Failure::internal()));
        }
        let writes = !state.log.is_empty();
        if state.stale {
            return Err(CommitError::Conflict { tables: used(&state), taken: None });
        }
        let needed = always || writes || state.reads > 1;
        Ok(needed.then(|| Ending { writes, params: self.params(&state), tables: used(&state) }))
    }

    /// Compares what was read so far, and forgets it.
    pub(super) async fn compare(&self) -> Result<(), Failure> {
        let params = {
            let state = self.state.borrow();
            if state.stale {
                return Err(Failure::conflict());
            }
            (state.reads > 1).then(|| self.params(&state))
        };
        if let Some(params) = params {
            let compared = self.database.rows(&Arc::from(COMMIT), params).await;
            // What the call goes on to do does not count.
            self.state.borrow_mut().stale |= matches!(compared, Err(Fault::Conflict));
            compared.map_err(|fault| fault.into_failure(&self.call_id))?;
        }
        *self.state.borrow_mut() = State::default();
        Ok(())
    }

    /// Refuses where the call has written, or waits for an operation.
    pub(super) fn check_unwritten(&self) -> Result<(), Failure> {
        let state = self.state.borrow();
        let told = if state.waits() {
            NOT_AWAITED
        } else if state.log.is_empty() {
            return Ok(());
        } else {
            UNCOMMITTED
        };
        Err(Failure::new("INTERNAL_ERROR", 500, told))
    }

    pub(super) fn has_written(&self) -> bool {
        !self.state.borrow().log.is_empty()
    }

    fn params(&self, state: &State) -> Vec<Param> {
        let writes = !state.log.is_empty();
        vec![
            Param::from(&self.session.key),
            if writes { Param::Text(Arc::clone(&self.claim)) } else { Param::Null },
            Param::from(list(state.log.writes().map(Write::json))),
            Param::from(reads_of(state)),
            Param::from(predicates_of(state)),
        ]
    }

    pub(super) fn not_committed(&self, fault: Fault, tables: Vec<usize>) -> CommitError {
        match fault {
            Fault::Conflict => CommitError::Conflict { tables, taken: None },
            Fault::Violated(fault) => self.not_committed(*fault, tables),
            fault @ Fault::Taken { .. } => {
                let taken = Some(fault.into_failure(&self.call_id));
                CommitError::Conflict { tables, taken }
            }
            fault => CommitError::Failure(fault.into_failure(&self.call_id)),
        }
    }

    /// Commits writes, and has words for a rule that does not hold.
    pub(super) async fn send_commit(&self, params: Vec<Param>) -> Result<Vec<Row>, Fault> {
        match self.send(&Arc::from(COMMIT_BARE), params.clone()).await {
            Err(Fault::Violated(_)) => self.send(&Arc::from(COMMIT), params).await,
            done => done,
        }
    }

    /// Sends a statement that is applied once however often it arrives, until it is known what came
    /// of it.
    pub(super) async fn send(
        &self,
        statement: &Arc<str>,
        params: Vec<Param>,
    ) -> Result<Vec<Row>, Fault> {
        let start = Instant::now();
        let (mut attempts, mut lost) = (0, false);
        loop {
            attempts += 1;
            let fault = match self.database.rows_once(statement, params.clone()).await {
                Ok(rows) => return Ok(rows),
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

/// The indices of the tables that a call has used.
fn used(state: &State) -> Vec<usize> {
    let used = state.rows.iter().enumerate().filter(|(_, rows)| rows.is_some());
    used.map(|(index, _)| index).collect()
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

const COMMIT: &str =
    "SELECT kontract.commit($1, $2, $3::text::jsonb, $4::text::jsonb, $5::text::jsonb)";
const COMMIT_BARE: &str =
    "SELECT kontract.commit_bare($1, $2, $3::text::jsonb, $4::text::jsonb, $5::text::jsonb)";
const NOT_AWAITED: &str = "Await what was begun before env.storage.transaction";
const UNCOMMITTED: &str = "This call has written outside of env.storage.transaction before: \
     write in transactions only, or in none";
const ATTEMPTS: usize = 3;
const PAUSE: Duration = Duration::from_millis(20);
/// How long a call waits to be told what came of its commit.
const PATIENCE: Duration = Duration::from_secs(3);
