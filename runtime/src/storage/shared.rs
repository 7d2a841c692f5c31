//! `env.shared`: a small store in memory that all calls of a tenant share. What it holds may vanish
//! at any time. A call that runs again gets the results of what it did the first time.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use rustc_hash::FxHashMap;

use super::database::lock;
use crate::{session::SessionKey, value::Value};

/// The shared state of all tenants.
#[derive(Default)]
pub struct Shared {
    tenants: Mutex<FxHashMap<String, Entries>>,
    done: Mutex<Done>,
}

/// Those of one tenant.
#[derive(Default)]
struct Entries {
    // Hashed with a secret: keys may come from callers.
    by_key: HashMap<Arc<str>, Entry>,
    /// Keys in the order in which they were made; some may be gone.
    order: VecDeque<(Arc<str>, u64)>,
    made: u64,
    size: usize,
}

struct Entry {
    value: Value,
    expires_at: Instant,
    size: usize,
    number: u64,
}

/// What recent calls have done, and with which result.
#[derive(Default)]
struct Done {
    calls: HashMap<CallKey, Vec<(Change, Outcome)>>,
    order: VecDeque<CallKey>,
}

/// A call: ids come from callers, so they count within a session only.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CallKey {
    pub session: SessionKey,
    pub claim: Arc<str>,
}

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
    TooLarge,
}

impl Shared {
    pub fn get(&self, tenant: &str, key: &str) -> Option<Value> {
        let mut tenants = lock(&self.tenants);
        tenants.get_mut(tenant)?.read(key).map(|entry| entry.value.clone())
    }

    /// Applies the `nth` change of a call, unless it was applied when the call ran before.
    pub fn apply(&self, tenant: &str, call: &CallKey, nth: usize, change: Change) -> Outcome {
        if let Some(outcome) = lock(&self.done).outcome(call, nth, &change) {
            return outcome;
        }
        let mut tenants = lock(&self.tenants);
        let outcome = tenants.entry(tenant.to_owned()).or_default().apply(change.clone());
        lock(&self.done).note(call, nth, change, outcome);
        outcome
    }
}

impl Entries {
    fn apply(&mut self, change: Change) -> Outcome {
        match change {
            Change::Set { key, value, ttl } => self.write(key, value, expiry(ttl)),
            Change::Delete { key } => {
                let present = self.read(&key).is_some();
                self.remove(&key);
                Outcome::Deleted(present)
            }
            Change::Increment { key, by, ttl } => {
                let Some(entry) = self.read(&key) else {
                    self.write(key, Value::Number(by), expiry(ttl));
                    return Outcome::Sum(by);
                };
                let Value::Number(sum) = &mut entry.value else { return Outcome::NotANumber };
                *sum += by;
                Outcome::Sum(*sum)
            }
        }
    }

    fn read(&mut self, key: &str) -> Option<&mut Entry> {
        if self.by_key.get(key)?.expires_at <= Instant::now() {
            self.remove(key);
            return None;
        }
        self.by_key.get_mut(key)
    }

    fn write(&mut self, key: Arc<str>, value: Value, expires_at: Instant) -> Outcome {
        let size = key.len() + size_of_value(&value);
        if size > MAX_VALUE {
            return Outcome::TooLarge;
        }
        let place = self.by_key.get(&key).map(|entry| entry.number);
        self.remove(&key);
        self.make_room(size);
        let number = place.unwrap_or_else(|| {
            self.made += 1;
            self.order.push_back((Arc::clone(&key), self.made));
            self.made
        });
        self.size += size;
        self.by_key.insert(key, Entry { value, expires_at, size, number });
        Outcome::Set
    }

    fn remove(&mut self, key: &str) {
        if let Some(entry) = self.by_key.remove(key) {
            self.size -= entry.size;
        }
    }

    // Keys may come from callers: without a bound they fill the memory.
    fn make_room(&mut self, size: usize) {
        let fits =
            |entries: &Self| entries.by_key.len() < MAX_ENTRIES && entries.size + size <= MAX_SIZE;
        if !fits(self) {
            let now = Instant::now();
            let Self { by_key, size, .. } = self;
            by_key.retain(|_, entry| {
                let stays = entry.expires_at > now;
                *size -= if stays { 0 } else { entry.size };
                stays
            });
        }
        while !fits(self) {
            let Some((key, number)) = self.order.pop_front() else { break };
            if self.by_key.get(&key).is_some_and(|entry| entry.number == number) {
                self.remove(&key);
            }
        }
        if self.order.len() > 2 * MAX_ENTRIES {
            let Self { by_key, order, .. } = self;
            order.retain(|(key, number)| {
                by_key.get(key).is_some_and(|entry| entry.number == *number)
            });
        }
    }
}

impl Done {
    fn outcome(&self, call: &CallKey, nth: usize, change: &Change) -> Option<Outcome> {
        let (done, outcome) = self.calls.get(call)?.get(nth)?;
        (done == change).then_some(*outcome)
    }

    fn note(&mut self, call: &CallKey, nth: usize, change: Change, outcome: Outcome) {
        if !self.calls.contains_key(call) {
            self.order.push_back(call.clone());
            if self.order.len() > MAX_CALLS {
                self.order.pop_front().map(|oldest| self.calls.remove(&oldest));
            }
        }
        let done = self.calls.entry(call.clone()).or_default();
        // A repetition that does something else goes its own way from here.
        done.truncate(nth);
        if done.len() == nth && nth < MAX_CHANGES {
            done.push((change, outcome));
        }
    }
}

fn expiry(ttl: f64) -> Instant {
    // A year is for ever: what is here vanishes with the process.
    let ttl = Duration::try_from_secs_f64(ttl).unwrap_or(LONGEST).min(LONGEST);
    Instant::now() + ttl
}

/// Roughly the bytes that a value takes up.
fn size_of_value(value: &Value) -> usize {
    size_of::<Value>()
        + match value {
            Value::String(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            Value::Array(items) | Value::Set(items) => items.iter().map(size_of_value).sum(),
            Value::Map(entries) => {
                entries.iter().map(|(key, value)| size_of_value(key) + size_of_value(value)).sum()
            }
            Value::Object(fields) => {
                fields.iter().map(|(key, value)| key.len() + size_of_value(value)).sum()
            }
            _ => 0,
        }
}

const MAX_ENTRIES: usize = 100_000;
const MAX_VALUE: usize = 1 << 20;
const MAX_SIZE: usize = 64 << 20;
const MAX_CALLS: usize = 10_000;
const MAX_CHANGES: usize = 1000;
const LONGEST: Duration = Duration::from_hours(365 * 24);

#[cfg(test)]
mod tests {
    use super::*;

    fn call(id: &str) -> CallKey {
        CallKey { session: SessionKey::new([0; 32]), claim: id.into() }
    }

    fn hit(shared: &Shared, call_id: &str, nth: usize) -> Outcome {
        let change = Change::Increment { key: "hits".into(), by: 1.0, ttl: 60.0 };
        shared.apply("main", &call(call_id), nth, change)
    }

    #[test]
    fn a_call_that_runs_again_counts_once() {
        let shared = Shared::default();
        assert_eq!(hit(&shared, "a", 0), Outcome::Sum(1.0));
        assert_eq!(hit(&shared, "b", 0), Outcome::Sum(2.0));
        assert_eq!(hit(&shared, "a", 0), Outcome::Sum(1.0));
        assert_eq!(hit(&shared, "a", 1), Outcome::Sum(3.0));
        assert_eq!(shared.get("main", "hits"), Some(Value::Number(3.0)));
        assert_eq!(shared.get("other", "hits"), None);
    }

    #[test]
    fn what_has_expired_is_gone() {
        let shared = Shared::default();
        let set = |nth, ttl| {
            let change = Change::Set { key: "a".into(), value: Value::Bool(true), ttl };
            shared.apply("main", &call("c"), nth, change)
        };
        assert_eq!(set(0, f64::INFINITY), Outcome::Set);
        assert_eq!(shared.get("main", "a"), Some(Value::Bool(true)));
        assert_eq!(set(1, 1e-9), Outcome::Set);
        std::thread::sleep(Duration::from_millis(1));
        assert_eq!(shared.get("main", "a"), None);
        let gone = shared.apply("main", &call("c"), 2, Change::Delete { key: "a".into() });
        assert_eq!(gone, Outcome::Deleted(false));
    }

    #[test]
    fn the_oldest_make_room() {
        let mut entries = Entries::default();
        for number in 0..=MAX_ENTRIES {
            entries.write(number.to_string().into(), Value::Null, expiry(60.0));
        }
        assert!(entries.read("0").is_none());
        assert!(entries.read("1").is_some());
        let large = Value::Bytes(vec![0; MAX_VALUE - 100]);
        for number in 0..100 {
            entries.write(format!("large {number}").into(), large.clone(), expiry(60.0));
        }
        assert!(entries.size <= MAX_SIZE);
        assert!(entries.read("large 99").is_some() && entries.read("large 0").is_none());
        let too_large = Value::Bytes(vec![0; MAX_VALUE]);
        assert_eq!(entries.write("x".into(), too_large, expiry(60.0)), Outcome::TooLarge);
    }
}
