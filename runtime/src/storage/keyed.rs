//! Calls that their callers may send again, by an `Idempotency-Key`: the answer of the first is kept
//! beside the record of its commit, and is the answer of all.

use std::sync::Arc;

use super::{
    call::CallStorage,
    commit::{CommitError, Ending},
    fault::Fault,
    param::Param,
    store::Store,
};
use crate::{call::Reply, failure::Failure, session::Session};

impl Store {
    /// The answer of a call that has been served before, if it was kept.
    pub async fn answer(
        &self,
        session: &Session,
        call_id: &str,
        claim: &str,
    ) -> Result<Option<Reply>, Failure> {
        let params = vec![Param::from(&session.key), claim.into()];
        let found = self.database.rows(&Arc::from(ANSWER), params).await;
        let found = found.map_err(|fault| fault.into_failure(call_id))?;
        Ok(found.first().and_then(|row| row.try_get::<_, Option<&[u8]>>(0).ok()?).and_then(read))
    }
}

impl CallStorage {
    /// Commits and keeps the reply. Some other reply where the call had been committed before.
    pub(super) async fn commit_keyed(&self, reply: &Reply) -> Result<Option<Reply>, CommitError> {
        let Some(Ending { mut params, tables, .. }) = self.ending(true)? else { return Ok(None) };
        // Whatever was written: the record is what holds the answer.
        params[1] = Param::Text(Arc::clone(&self.claim));
        let kept = text(reply);
        params.push(if kept.len() <= MOST_KEPT { Param::Bytes(kept) } else { Param::Null });
        let done = self.send(&Arc::from(COMMIT_KEYED), params).await;
        let rows = done.map_err(|fault| self.not_committed(fault, tables))?;
        let Some(row) = rows.first() else { return Ok(None) };
        let told = || Ok((row.try_get(0)?, row.try_get(1)?));
        let (txid, first): (Option<i64>, Option<&[u8]>) =
            told().map_err(|fault: Fault| self.not_committed(fault, Vec::new()))?;
        self.saw(txid.unwrap_or(0));
        Ok(first.and_then(read))
    }
}

/// `[status, headers, whether there is a body]`, a line's end, the body.
fn text(reply: &Reply) -> Vec<u8> {
    let head = serde_json::json!([reply.status, reply.headers, reply.body.is_some()]);
    let mut text = head.to_string().into_bytes();
    text.push(b'\n');
    text.extend_from_slice(reply.body.as_deref().unwrap_or_default());
    text
}

fn read(text: &[u8]) -> Option<Reply> {
    let end = text.iter().position(|byte| *byte == b'\n')?;
    let (status, headers, has_body) = serde_json::from_slice(&text[..end]).ok()?;
    let body = if has_body { Some(text[end + 1..].to_vec()) } else { None };
    Some(Reply { status, headers, body })
}

const ANSWER: &str = "SELECT kontract.answer($1, $2)";
const COMMIT_KEYED: &str = "SELECT txid, first FROM kontract.commit_keyed($1, $2, $3::text::jsonb, \
     $4::text::jsonb, $5::text::jsonb, $6)";
/// Bytes of an answer.
const MOST_KEPT: usize = 64 << 10;
