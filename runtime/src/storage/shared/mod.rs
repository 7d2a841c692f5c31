//! `env.shared`: a small store that all calls of a tenant share, on whichever gateway. It lies in
//! PostgreSQL; what was read a moment ago is in memory too. What it holds may vanish at any time.
//!
//! A change is done once for a call: one that runs again gets the results of what it did the first
//! time.

mod cache;
mod text;

use std::{sync::Arc, time::Duration};

use ring::digest::{SHA256, digest};

use self::cache::{Cache, Entry};
use super::{call::CallStorage, database::lock, fault::Fault, param::Param};
use crate::{failure::Failure, value::Value};

/// What of the shared state is in memory, of all tenants.
pub type Shared = cache::Tenants;
pub(super) use self::cache::size_of_value;

/// What a call does to the shared state.
#[derive(Clone, PartialEq, Debug)]
pub enum Change {
    Set { key: Arc<str>, value: Value, ttl: f64 },
    Delete { key: Arc<str> },
    Increment { key: Arc<str>, by: f64, ttl: f64 },
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Outcome {
    Set,
    Deleted(bool),
    Sum(f64),
    NotANumber,
}

impl CallStorage {
    pub(super) async fn shared_get(&self, key: Arc<str>) -> Result<Option<Value>, Failure> {
        let tenant = &*self.session.tenant;
        let changes = {
            let mut tenants = lock(&self.shared.0);
            let cache: &mut Cache = tenants.entry(tenant.to_owned()).or_default();
            if let Some(entry) = cache.read(&key) {
                return Ok(entry.value.clone());
            }
            cache.changes
        };
        let params = vec![Param::from(&self.session.key), Param::Text(Arc::clone(&key))];
        let found = self.database.rows(&Arc::from(GET), params).await;
        let found = found.map_err(|fault| fault.into_failure(&self.call_id))?;
        let entry = match found.first() {
            None => Entry::absent(),
            Some(row) => {
                let read = || Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
                let (held, number, left): (Option<&str>, Option<f64>, f64) =
                    read().map_err(|fault: Fault| fault.into_failure(&self.call_id))?;
                let value = held.and_then(text::read).or(number.map(Value::Number));
                Entry::new(value, Duration::try_from_secs_f64(left).unwrap_or_default())
            }
        };
        let value = entry.value.clone();
        let mut tenants = lock(&self.shared.0);
        if let Some(cache) = tenants.get_mut(tenant).filter(|cache| cache.changes == changes) {
            cache.keep(key, entry);
        }
        Ok(value)
    }

    /// Makes the `nth` change of the call, unless it was made when the call ran before.
    pub(super) async fn shared_change(&self, nth: i32, change: Change) -> Result<Outcome, Failure> {
        let Statement { operation, key, held, number, ttl } = Statement::of(&change);
        let same = format!("{operation} {key} {held:?} {number:?}");
        let params = vec![
            Param::from(&self.session.key),
            Param::Text(Arc::clone(&self.claim)),
            Param::Int(nth),
            Param::Bytes(digest(&SHA256, same.as_bytes()).as_ref().to_vec()),
            operation.into(),
            Param::Text(Arc::clone(&key)),
            held.into(),
            number.map_or(Param::Null, Param::Double),
            Param::Double(ttl.min(LONGEST)),
        ];
        let done = self.send(&Arc::from(CHANGE), params).await;
        if let Some(cache) = lock(&self.shared.0).get_mut(&*self.session.tenant) {
            cache.forget(&key);
        }
        let done = done.map_err(|fault| fault.into_failure(&self.call_id))?;
        let row = done.first().ok_or_else(Failure::internal)?;
        let read = || Ok((row.try_get(0)?, row.try_get(1)?));
        let (held, sum): (bool, Option<f64>) =
            read().map_err(|fault: Fault| fault.into_failure(&self.call_id))?;
        Ok(match change {
            Change::Set { .. } => Outcome::Set,
            Change::Delete { .. } => Outcome::Deleted(held),
            Change::Increment { .. } => sum.map_or(Outcome::NotANumber, Outcome::Sum),
        })
    }
}

/// What `kontract.shared_change` is told of a change.
struct Statement {
    operation: &'static str,
    key: Arc<str>,
    held: Option<String>,
    number: Option<f64>,
    ttl: f64,
}

impl Statement {
    fn of(change: &Change) -> Self {
        match change {
            Change::Set { key, value, ttl } => {
                let (held, number) = match value {
                    Value::Number(number) => (None, Some(*number)),
                    value => (Some(text::write(value)), None),
                };
                Self { operation: "set", key: Arc::clone(key), held, number, ttl: *ttl }
            }
            Change::Delete { key } => Self {
                operation: "delete",
                key: Arc::clone(key),
                held: None,
                number: None,
                ttl: 0.0,
            },
            Change::Increment { key, by, ttl } => Self {
                operation: "increment",
                key: Arc::clone(key),
                held: None,
                number: Some(*by),
                ttl: *ttl,
            },
        }
    }
}

const GET: &str = "SELECT held, number, left_over FROM kontract.shared_get($1, $2)";
const CHANGE: &str =
    "SELECT done, sum FROM kontract.shared_change($1, $2, $3, $4, $5, $6, $7, $8, $9)";
/// Seconds. A year is for ever.
const LONGEST: f64 = 365.0 * 24.0 * 3600.0;
