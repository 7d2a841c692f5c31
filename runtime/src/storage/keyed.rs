//! Calls that their callers may send again, by an `Idempotency-Key` or the id of an encrypted call.
//! What was asked and what came of it lie in a record: who sends the call again gets the first
//! answer. A call that may have effects outside of its transaction has its record before it runs,
//! as a claim: while that says nothing of an answer, nobody else runs the call.

use std::{sync::Arc, time::Duration};

use serde::Deserialize;
use serde_json::{Value as Json, json};
use tokio::time::{timeout, timeout_at};

use super::{
    call::CallStorage,
    commit::{CommitError, Ending},
    fault::Fault,
    param::Param,
    store::Store,
};
use crate::{
    call::{Call, Keyed, Reply},
    failure::Failure,
};

/// What there is to do with a call.
pub enum Begun {
    Runs,
    /// It has been served before.
    Answered(Reply),
    /// Another arrival of it may still run, and may be waited for. What is told otherwise.
    Elsewhere(Failure),
}

impl Store {
    /// To be asked before a call runs, which claims it where that has to come first.
    pub async fn begin(&self, call: &Call) -> Result<Begun, Failure> {
        let Some(keyed) = &call.keyed else { return Ok(Begun::Runs) };
        let mut params = params_of(call);
        let statement = if keyed.claims_first {
            params.push(Param::Bytes(keyed.mark()));
            CLAIM
        } else {
            ANSWER
        };
        let known = timeout_at(call.due().into(), self.record(statement, params)).await;
        let known = known.map_err(|_| Failure::timeout())?;
        match known.map_err(|fault| fault.into_failure(&call.call_id))? {
            None => Ok(Begun::Runs),
            // Its own: the statement was sent twice, or the call given to another thread.
            Some(record) if record == keyed.mark() => Ok(Begun::Runs),
            // Items cannot be answered a second time.
            Some(record) if keyed.is_open(&record) && call.items.is_none() => {
                Ok(Begun::Elsewhere(unknown()))
            }
            Some(record) => keyed.answer(&record).map(Begun::Answered),
        }
    }

    /// The end of a call that has failed, and what it is answered. A failure is kept of a call that
    /// had a claim, since it may have had effects; any other had none, and may be served again.
    /// Meanwhile another arrival of the call may have been served.
    pub async fn fail(&self, call: &Call, failure: Failure) -> Result<Reply, Failure> {
        let Some(keyed) = &call.keyed else { return Err(failure) };
        let mut params = params_of(call);
        let told = async {
            if !keyed.claims_first {
                return self.record(ANSWER, params).await;
            }
            params.extend(["[]"; 3].map(Param::from));
            params.push(Param::Bytes(keyed.record(&failure_head(&failure), &[])));
            self.record(KEEP, params).await
        };
        match timeout(PATIENCE, told).await {
            Ok(Ok(Some(record))) if !keyed.is_own(&record) => keyed.answer(&record),
            // Without its record a call that was claimed is one of which nothing is known.
            _ => Err(failure),
        }
    }

    async fn record(&self, statement: &str, params: Vec<Param>) -> Result<Option<Vec<u8>>, Fault> {
        let rows = self.database.rows(&Arc::from(statement), params).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(row.try_get::<_, Option<&[u8]>>(0)?.map(<[u8]>::to_vec))
    }
}

impl CallStorage {
    /// Commits and keeps the reply. Some other reply where the call had been committed before.
    pub(super) async fn commit_keyed(
        &self,
        reply: Reply,
        keyed: &Keyed,
        streamed: bool,
    ) -> Result<Reply, CommitError> {
        let Some(Ending { mut params, tables, .. }) = self.ending(true)? else { return Ok(reply) };
        // Whatever was written: the record is what holds the answer.
        params[1] = Param::Text(Arc::clone(&self.claim));
        let body = reply.body.as_deref().unwrap_or_default();
        // Items are not kept.
        let head = if streamed { Json::Null } else { reply_head(&reply) };
        let record = keyed.record(&head, body);
        params.push(Param::Bytes(record.clone()));
        let done = self.send(&Arc::from(COMMIT_KEYED), params).await;
        let rows = done.map_err(|fault| self.not_committed(fault, tables))?;
        let Some(row) = rows.first() else { return Ok(reply) };
        let told = || Ok((row.try_get(0)?, row.try_get(1)?));
        let (txid, first): (Option<i64>, Option<&[u8]>) =
            told().map_err(|fault: Fault| self.not_committed(fault, Vec::new()))?;
        self.saw(txid.unwrap_or(0));
        match first {
            // Its own where the statement was sent twice.
            Some(first) if first != record => keyed.answer(first).map_err(CommitError::Failure),
            _ => Ok(reply),
        }
    }
}

/// A record is the mark, then what came of the call: `[status, headers, whether there is a body]` of
/// a reply, the object of a failure, or null where that was not kept; a line's end, the body.
impl Keyed {
    /// What was asked for, and by which arrival of the call: its claim.
    fn mark(&self) -> Vec<u8> {
        [&self.request[..], &self.arrival].concat()
    }

    /// Whether a record is the mark of an arrival, of which nothing is known yet.
    fn is_open(&self, record: &[u8]) -> bool {
        record.len() == self.mark().len() && record.starts_with(&self.request)
    }

    fn is_own(&self, record: &[u8]) -> bool {
        record.starts_with(&self.mark())
    }

    fn record(&self, head: &Json, body: &[u8]) -> Vec<u8> {
        let mut record = self.mark();
        let head = head.to_string();
        if head.len() + body.len() < MOST_KEPT {
            record.extend_from_slice(head.as_bytes());
            record.push(b'\n');
            record.extend_from_slice(body);
        } else {
            record.extend_from_slice(b"null\n");
        }
        record
    }

    /// What a call is answered that has this record.
    fn answer(&self, record: &[u8]) -> Result<Reply, Failure> {
        let (request, rest) = record.split_at_checked(self.request.len()).ok_or_else(unknown)?;
        if request != self.request {
            return Err(Failure::invalid(ANOTHER));
        }
        let came = rest.get(self.arrival.len()..).filter(|came| !came.is_empty());
        let came = came.ok_or_else(unknown)?;
        let end = came.iter().position(|byte| *byte == b'\n').ok_or_else(unknown)?;
        let (head, body) = (&came[..end], &came[end + 1..]);
        match serde_json::from_slice(head).map_err(|_| unknown())? {
            Some(Head::Reply(status, headers, has_body)) => {
                Ok(Reply { status, headers, body: has_body.then(|| body.to_vec()) })
            }
            Some(Head::Failure { code, status, message, path }) => {
                let (code, message) = (code.into(), message.into());
                Err(Failure { code, status, message, path, stack: None })
            }
            None => Err(Failure::new("CONFLICT", 409, NOT_KEPT)),
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Head {
    Reply(u16, Vec<(String, String)>, bool),
    Failure { code: String, status: u16, message: String, path: Option<String> },
}

fn reply_head(reply: &Reply) -> Json {
    json!([reply.status, reply.headers, reply.body.is_some()])
}

fn failure_head(failure: &Failure) -> Json {
    let Failure { code, status, message, path, .. } = failure;
    json!({ "code": code, "status": status, "message": message, "path": path })
}

fn params_of(call: &Call) -> Vec<Param> {
    vec![Param::from(&call.session.key), (&*call.claim).into()]
}

fn unknown() -> Failure {
    Failure::new("CONFLICT", 409, UNKNOWN)
}

const CLAIM: &str = "SELECT kontract.claim($1, $2, $3)";
const ANSWER: &str = "SELECT kontract.answer($1, $2)";
const COMMIT_KEYED: &str = "SELECT txid, first FROM kontract.commit_keyed($1, $2, $3::text::jsonb, \
     $4::text::jsonb, $5::text::jsonb, $6)";
const KEEP: &str = "SELECT first FROM kontract.commit_keyed($1, $2, $3::text::jsonb, \
     $4::text::jsonb, $5::text::jsonb, $6)";
/// Bytes of a reply.
const MOST_KEPT: usize = 64 << 10;
/// How long a call waits until its failure is kept.
const PATIENCE: Duration = Duration::from_secs(3);
const ANOTHER: &str = "Idempotency-Key: expected a key of its own: another call has had this one";
const NOT_KEPT: &str = "This call has been made before, and its answer was too large to be kept";
const UNKNOWN: &str = "This call has been made before, and was cut off: whether it took effect is \
     not known";
