//! Slows down guessing and flooding: so many attempts of a name within a minute, then 429 until it
//! is over.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::failure::Failure;

pub struct Throttle {
    limit: u32,
    // Hashed with a secret: names come from callers.
    attempts: Mutex<HashMap<String, Attempts>>,
}

struct Attempts {
    count: u32,
    end: Instant,
}

impl Throttle {
    pub fn new(limit: u32) -> Self {
        Self { limit, attempts: Mutex::default() }
    }

    /// Counts an attempt; an error after too many.
    pub fn attempt(&self, name: &str, now: Instant) -> Result<(), Failure> {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        match attempts.get_mut(name) {
            Some(entry) if entry.end > now => {
                if entry.count >= self.limit {
                    return Err(Failure::rate_limited());
                }
                entry.count += 1;
            }
            _ => {
                make_room(&mut attempts, now);
                attempts.insert(name.to_owned(), Attempts { count: 1, end: now + WINDOW });
            }
        }
        Ok(())
    }

    /// Forgets the attempts: this one was right.
    pub fn succeed(&self, name: &str) {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

/// Names come from callers: there is no end of them.
fn make_room(attempts: &mut HashMap<String, Attempts>, now: Instant) {
    if attempts.len() < MAX_NAMES {
        return;
    }
    attempts.retain(|_, entry| entry.end > now);
    if attempts.len() >= MAX_NAMES {
        let oldest = attempts.iter().min_by_key(|(_, entry)| entry.end);
        if let Some(name) = oldest.map(|(name, _)| name.clone()) {
            attempts.remove(&name);
        }
    }
}

const WINDOW: Duration = Duration::from_mins(1);
const MAX_NAMES: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_attempts_are_let_through_within_a_minute() {
        let (throttle, start) = (Throttle::new(2), Instant::now());
        let attempt = |name, seconds| throttle.attempt(name, start + Duration::from_secs(seconds));
        assert_eq!(attempt("ada", 0), Ok(()));
        assert_eq!(attempt("ada", 1), Ok(()));
        assert_eq!(attempt("ada", 59), Err(Failure::rate_limited()));
        assert_eq!(attempt("grace", 59), Ok(()));
        assert_eq!(attempt("ada", 60), Ok(()));
    }

    #[test]
    fn a_success_starts_anew() {
        let (throttle, start) = (Throttle::new(1), Instant::now());
        assert_eq!(throttle.attempt("ada", start), Ok(()));
        throttle.succeed("ada");
        assert_eq!(throttle.attempt("ada", start), Ok(()));
        assert_eq!(throttle.attempt("ada", start), Err(Failure::rate_limited()));
    }

    #[test]
    fn names_without_end_forget_the_oldest() {
        let (throttle, start) = (Throttle::new(1), Instant::now());
        assert_eq!(throttle.attempt("first", start), Ok(()));
        let later = start + Duration::from_secs(1);
        for name in 0..MAX_NAMES {
            assert_eq!(throttle.attempt(&format!("name {name}"), later), Ok(()));
        }
        assert_eq!(throttle.attempt("first", later), Ok(()));
    }
}
