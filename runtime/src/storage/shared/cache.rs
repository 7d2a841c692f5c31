//! What was read of the shared state a moment ago.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use rustc_hash::FxHashMap;

use crate::value::Value;

/// The caches of all tenants.
#[derive(Default)]
pub struct Tenants(pub(super) Mutex<FxHashMap<String, Cache>>);

/// That of one tenant.
#[derive(Default)]
pub struct Cache {
    // Hashed with a secret: keys may come from callers.
    by_key: HashMap<Arc<str>, Entry>,
    /// Keys in the order in which they were kept; some may be gone.
    order: VecDeque<Arc<str>>,
    size: usize,
    /// Counts changes: what was read before one is not kept after it.
    pub changes: u64,
}

pub struct Entry {
    /// None: there was nothing.
    pub value: Option<Value>,
    until: Instant,
}

impl Entry {
    /// A value that has so much time left.
    pub fn new(value: Option<Value>, left: Duration) -> Self {
        Self { value, until: Instant::now() + left.min(FRESH) }
    }

    pub fn absent() -> Self {
        Self::new(None, FRESH)
    }

    fn size(&self) -> usize {
        self.value.as_ref().map_or(0, size_of_value)
    }
}

impl Cache {
    pub fn read(&self, key: &str) -> Option<&Entry> {
        self.by_key.get(key).filter(|entry| Instant::now() < entry.until)
    }

    pub fn keep(&mut self, key: Arc<str>, entry: Entry) {
        self.remove(&key);
        self.size += key.len() + entry.size();
        self.by_key.insert(Arc::clone(&key), entry);
        self.order.push_back(key);
        // Keys may come from callers: without a bound they fill the memory.
        while self.order.len() > MAX_ENTRIES || self.size > MAX_SIZE {
            let Some(oldest) = self.order.pop_front() else { break };
            self.remove(&oldest);
        }
    }

    /// Somebody changes it.
    pub fn forget(&mut self, key: &str) {
        self.changes += 1;
        self.remove(key);
    }

    fn remove(&mut self, key: &str) {
        if let Some(entry) = self.by_key.remove(key) {
            self.size -= key.len() + entry.size();
        }
    }
}

/// Roughly the bytes that a value takes up.
pub fn size_of_value(value: &Value) -> usize {
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

/// How long a value is believed that another gateway may have changed.
const FRESH: Duration = Duration::from_secs(1);
const MAX_ENTRIES: usize = 20_000;
const MAX_SIZE: usize = 16 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_make_room() {
        let mut cache = Cache::default();
        let kept = |value| Entry::new(Some(value), Duration::from_mins(1));
        for number in 0..=MAX_ENTRIES {
            cache.keep(number.to_string().into(), kept(Value::Null));
        }
        assert!(cache.read("0").is_none());
        assert!(cache.read("1").is_some());
        for number in 0..100 {
            cache.keep(format!("large {number}").into(), kept(Value::Bytes(vec![0; 1 << 20])));
        }
        assert!(cache.size <= MAX_SIZE);
        assert!(cache.read("large 99").is_some() && cache.read("large 0").is_none());
    }

    #[test]
    fn what_changes_or_expires_is_read_again() {
        let mut cache = Cache::default();
        cache.keep("a".into(), Entry::absent());
        assert!(cache.read("a").is_some());
        cache.forget("a");
        assert!(cache.read("a").is_none() && cache.changes == 1);
        cache.keep("a".into(), Entry::new(Some(Value::Null), Duration::ZERO));
        assert!(cache.read("a").is_none());
    }
}
