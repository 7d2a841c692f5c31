//! The login that a call was begun with, where the call goes on for long.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Instant, SystemTime},
};

use crate::{
    failure::Failure,
    gateway::{dispatch::within, http::Host},
};

/// Looked up again every so often, and as soon as this gateway has ended any.
pub struct Login {
    host: Arc<Host>,
    credential: Option<String>,
    /// The name that the gateway was called by.
    called: String,
    call_id: String,
    /// None before the first time.
    found: Arc<Mutex<Option<Found>>>,
}

struct Found {
    at: Instant,
    /// Logins that the gateway had ended before.
    evictions: u64,
    expires_at: SystemTime,
}

impl Login {
    pub fn new(host: &Arc<Host>, credential: Option<&str>, called: &str, call_id: String) -> Self {
        Self {
            host: Arc::clone(host),
            credential: credential.map(str::to_owned),
            called: called.to_owned(),
            call_id,
            found: Arc::default(),
        }
    }

    /// Whether it needs no looking up.
    pub fn is_fresh(&self) -> bool {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.as_ref().is_some_and(|found| {
            found.at.elapsed() < self.host.login_check
                && found.evictions == self.host.sessions.evictions()
                && found.expires_at > SystemTime::now()
        })
    }

    /// Looks it up; UNAUTHORIZED where it has ended.
    pub fn renew(&self) -> impl Future<Output = Result<(), Failure>> + Send + use<> {
        let (host, found) = (Arc::clone(&self.host), Arc::clone(&self.found));
        let Self { credential, called, call_id, .. } = self;
        let (credential, called, call_id) = (credential.clone(), called.clone(), call_id.clone());
        async move {
            let (at, evictions) = (Instant::now(), host.sessions.evictions());
            let application = host.application();
            let session =
                host.sessions.resolve(credential.as_deref(), &called, &application.auth, &call_id);
            let session = within(at + host.limits.deadline, session).await?;
            let expires_at = session.expires_at;
            *found.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(Found { at, evictions, expires_at });
            Ok(())
        }
    }
}
