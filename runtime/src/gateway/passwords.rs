//! Passwords as they are kept: made with Argon2id, verified in that form and in the one that
//! Workers make, where Argon2 is not to be had.

use std::{num::NonZeroU32, sync::Arc};

use argon2::{
    Argon2, Params,
    password_hash::{
        PasswordHasher, PasswordVerifier,
        phc::{Ident, PasswordHash},
    },
};
use ring::pbkdf2;
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::failure::Failure;

/// Derives keys of passwords, few at a time.
pub struct Passwords {
    /// Those that run and those that wait for their turn.
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    Wrong,
    Right,
    /// Right, and hashed in a way that is not used any more.
    Outdated,
}

impl Passwords {
    pub fn new() -> Self {
        let permits = |count| Arc::new(Semaphore::new(count));
        Self { admitted: permits(MAX_RUNNING + MAX_WAITING), running: permits(MAX_RUNNING) }
    }

    /// A hash as a PHC string: `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>`.
    pub async fn hash(&self, password: String) -> Result<String, Failure> {
        let hash = self.run(move || Argon2::default().hash_password(password.as_bytes())).await?;
        hash.map(|hash: PasswordHash| hash.to_string()).map_err(|error| {
            tracing::error!(%error, "a password could not be hashed");
            Failure::internal()
        })
    }

    /// Is it the password of this hash? Takes the same time without a hash, and then says no.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<Verdict, Failure> {
        self.run(move || {
            let verdict = verify(password.as_bytes(), hash.as_deref().unwrap_or(NOBODY));
            if hash.is_some() { verdict } else { Verdict::Wrong }
        })
        .await
    }

    // Each takes 19 MiB and a thread for some 20 ms: more at once starve everything else.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let admitted =
            Arc::clone(&self.admitted).try_acquire_owned().map_err(|_| Failure::rate_limited())?;
        let turn =
            Arc::clone(&self.running).acquire_owned().await.map_err(|_| Failure::internal())?;
        // The work goes on when the caller has gone: its permits stay with it.
        let done = spawn_blocking(move || {
            let result = work();
            drop((turn, admitted));
            result
        });
        done.await.map_err(|_| Failure::internal())
    }
}

fn verify(password: &[u8], hash: &str) -> Verdict {
    let Ok(hash) = PasswordHash::new(hash) else { return Verdict::Wrong };
    let (right, current) = if hash.algorithm == PBKDF2 {
        verify_pbkdf2(password, &hash)
    } else {
        let right = Argon2::default().verify_password(password, &hash).is_ok();
        (right, is_current(&hash))
    };
    match (right, current) {
        (false, _) => Verdict::Wrong,
        (true, true) => Verdict::Right,
        (true, false) => Verdict::Outdated,
    }
}

/// `$pbkdf2-sha256$i=<iterations>,r=<rounds>$<salt>$<hash>`: a host that caps iterations chains so
/// many rounds, each of them over the output of the one before.
fn verify_pbkdf2(password: &[u8], hash: &PasswordHash) -> (bool, bool) {
    let parameter = |name: &str| hash.params.get_decimal(name);
    let rounds = parameter("r").unwrap_or(1);
    let total = u64::from(parameter("i").unwrap_or(0)) * u64::from(rounds);
    let (Some(iterations), Some(salt), Some(expected)) =
        (parameter("i").and_then(NonZeroU32::new), &hash.salt, &hash.hash)
    else {
        return (false, false);
    };
    if rounds == 0 || total > MOST_ITERATIONS {
        return (false, false);
    }
    let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
    let mut key = password.to_vec();
    for _ in 1..rounds {
        let mut next = [0; 32];
        pbkdf2::derive(algorithm, iterations, salt.as_ref(), &key, &mut next);
        key = next.to_vec();
    }
    let right =
        pbkdf2::verify(algorithm, iterations, salt.as_ref(), &key, expected.as_bytes()).is_ok();
    (right, total >= LEAST_ITERATIONS)
}

fn is_current(hash: &PasswordHash) -> bool {
    let current = Params::default();
    hash.algorithm == ARGON2ID
        && hash.version == Some(argon2::Version::V0x13.into())
        && Params::try_from(hash).is_ok_and(|params| {
            (params.m_cost(), params.t_cost(), params.p_cost())
                == (current.m_cost(), current.t_cost(), current.p_cost())
        })
}

const ARGON2ID: Ident = Ident::new_unwrap("argon2id");
const PBKDF2: Ident = Ident::new_unwrap("pbkdf2-sha256");
const MAX_RUNNING: usize = 2;
const MAX_WAITING: usize = 64;
/// What OWASP asks for; and what a row may cost at most.
const LEAST_ITERATIONS: u64 = 600_000;
const MOST_ITERATIONS: u64 = 10_000_000;
/// What unknown users are compared with, so that they cost the same as known ones.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$a29udHJhY3Qgbm9ib2R5IQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[cfg(test)]
mod tests {
    use super::*;

    async fn verdict(password: &str, hash: &str) -> Verdict {
        Passwords::new().verify(password.to_owned(), Some(hash.to_owned())).await.expect("a turn")
    }

    #[tokio::test]
    async fn a_hash_is_its_passwords_alone() {
        let hash = Passwords::new().hash("correct horse".to_owned()).await.expect("a turn");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_eq!(verdict("correct horse", &hash).await, Verdict::Right);
        assert_eq!(verdict("wrong horse", &hash).await, Verdict::Wrong);
        assert_eq!(verdict("correct horse", "no hash").await, Verdict::Wrong);
    }

    #[tokio::test]
    async fn nobody_has_a_password() {
        assert_eq!(
            Passwords::new().verify("x".to_owned(), None).await.expect("a turn"),
            Verdict::Wrong
        );
        // Else comparing with it would cost nothing.
        assert!(is_current(&PasswordHash::new(NOBODY).expect("a hash")));
    }

    #[tokio::test]
    async fn hashes_of_other_parameters_are_right_and_outdated() {
        // From the test vectors of the Argon2 reference implementation.
        let other = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assert_eq!(verdict("password", other).await, Verdict::Outdated);
        assert_eq!(verdict("sassword", other).await, Verdict::Wrong);
    }

    #[tokio::test]
    async fn the_form_of_workers_is_verified() {
        // Python: key = b'correct horse', then six times
        // key = hashlib.pbkdf2_hmac('sha256', key, b'0123456789abcdef', 100000)
        let chained = "$pbkdf2-sha256$i=100000,r=6$MDEyMzQ1Njc4OWFiY2RlZg\
                       $W010G8GrPFkHtHhN1cO8LY3AckzdsddB8rcQddSJrLg";
        assert_eq!(verdict("correct horse", chained).await, Verdict::Right);
        assert_eq!(verdict("wrong horse", chained).await, Verdict::Wrong);
        let endless = chained.replace("r=6", "r=4000000");
        assert_eq!(verdict("correct horse", &endless).await, Verdict::Wrong);
    }

    #[tokio::test]
    async fn those_who_would_wait_too_long_are_refused() {
        let passwords = Passwords::new();
        let held = Arc::clone(&passwords.admitted)
            .try_acquire_many_owned(u32::try_from(MAX_RUNNING + MAX_WAITING).expect("few"));
        assert_eq!(passwords.hash("x".to_owned()).await, Err(Failure::rate_limited()));
        drop(held);
        assert!(passwords.hash("x".to_owned()).await.is_ok());
    }
}
