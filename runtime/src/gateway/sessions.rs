//! Who calls: tokens, the keys made of them, and the sessions that the database knows by these.

use std::{
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    hmac,
    rand::{SecureRandom, SystemRandom},
};
use rustc_hash::FxHashMap;
use tokio_postgres::Row;

use crate::{
    config::{AuthConfig, Secret},
    failure::Failure,
    session::{Session, SessionKey},
    storage::{Database, Fault, Param},
};

/// Finds sessions, and remembers them for a few seconds.
pub struct Sessions {
    key: hmac::Key,
    random: SystemRandom,
    database: Arc<Database>,
    anonymous: SessionKey,
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    found: FxHashMap<SessionKey, (Arc<Session>, Instant)>,
    /// Counts evictions: what was asked for before one may be what it evicted.
    evictions: u64,
}

impl Sessions {
    pub fn new(secret: &Secret, database: Arc<Database>) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        let anonymous = derive(&key, ANONYMOUS);
        Self { key, random: SystemRandom::new(), database, anonymous, cache: Mutex::default() }
    }

    /// A new credential: 32 random bytes as base64url.
    pub fn make_token(&self) -> Result<String, Failure> {
        let mut bytes = [0; 32];
        self.random.fill(&mut bytes).map_err(|_| {
            tracing::error!(target: "kontract", "the system has no random bytes");
            Failure::internal()
        })?;
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    pub fn key_of(&self, token: &str) -> SessionKey {
        derive(&self.key, token)
    }

    /// The session of a credential; of none the one that all calls without a login share.
    pub async fn resolve(
        &self,
        credential: Option<&str>,
        auth: &AuthConfig,
        call_id: &str,
    ) -> Result<Arc<Session>, Failure> {
        if credential.is_none() && !auth.allow_anonymous {
            return Err(Failure::unauthorized());
        }
        let key = credential.map_or_else(|| self.anonymous.clone(), |token| self.key_of(token));
        let evictions = match self.remembered(&key) {
            Ok(session) => return still_valid(session),
            Err(evictions) => evictions,
        };
        let rows = if credential.is_some() {
            self.database.rows(&SESSION, vec![(&key).into()]).await
        } else {
            let perm = Param::Int(auth.anonymous_perm.into());
            let params = vec![(&key).into(), perm, seconds(auth.session_ttl)];
            self.database.rows(&SESSION_ANONYMOUS, params).await
        };
        let rows = rows.map_err(|fault| fault.into_failure(call_id))?;
        let row = rows.first().ok_or_else(Failure::unauthorized)?;
        let session = read(row, key).map_err(|fault| fault.into_failure(call_id))?;
        let session = Arc::new(session);
        self.remember(&session, evictions);
        still_valid(session)
    }

    /// Forgets a session that has ended.
    pub fn evict(&self, key: &SessionKey) {
        let mut cache = self.cache();
        cache.evictions += 1;
        cache.found.remove(key);
    }

    /// Forgets the sessions of a user.
    pub fn evict_user(&self, user: &str) {
        let mut cache = self.cache();
        cache.evictions += 1;
        cache.found.retain(|_, (session, _)| session.owner != user);
    }

    /// The session, or how many were evicted so far.
    fn remembered(&self, key: &SessionKey) -> Result<Arc<Session>, u64> {
        let cache = self.cache();
        match cache.found.get(key) {
            Some((session, since)) if since.elapsed() < FRESH => Ok(Arc::clone(session)),
            _ => Err(cache.evictions),
        }
    }

    fn remember(&self, session: &Arc<Session>, evictions: u64) {
        let mut cache = self.cache();
        if cache.evictions != evictions {
            return;
        }
        if cache.found.len() >= MOST_REMEMBERED {
            cache.found.retain(|_, (_, since)| since.elapsed() < FRESH);
            if cache.found.len() >= MOST_REMEMBERED {
                cache.found.clear();
            }
        }
        cache.found.insert(session.key.clone(), (Arc::clone(session), Instant::now()));
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A second at least.
pub fn seconds(duration: Duration) -> Param {
    Param::Int(i32::try_from(duration.as_millis().div_ceil(1000)).unwrap_or(i32::MAX))
}

fn derive(key: &hmac::Key, token: &str) -> SessionKey {
    let tag = hmac::sign(key, token.as_bytes());
    let mut bytes = [0; 32];
    bytes.copy_from_slice(tag.as_ref());
    SessionKey::new(bytes)
}

fn still_valid(session: Arc<Session>) -> Result<Arc<Session>, Failure> {
    let lives = session.expires_at > SystemTime::now();
    lives.then_some(session).ok_or_else(Failure::unauthorized)
}

fn read(row: &Row, key: SessionKey) -> Result<Session, Fault> {
    Ok(Session {
        id: row.try_get("sid")?,
        tenant: row.try_get("tenant")?,
        owner: row.try_get("user_id")?,
        perm: u8::try_from(row.try_get::<_, i32>("perm")?).unwrap_or(0) & 0b111,
        ugroups: row.try_get("ugroups")?,
        is_anonymous: row.try_get("is_anonymous")?,
        expires_at: row.try_get("expires_at")?,
        key,
    })
}

static SESSION: LazyLock<Arc<str>> = LazyLock::new(|| "SELECT * FROM kontract.session($1)".into());
static SESSION_ANONYMOUS: LazyLock<Arc<str>> =
    LazyLock::new(|| "SELECT * FROM kontract.session_anonymous($1, $2, $3)".into());

/// No token: tokens are base64url.
const ANONYMOUS: &str = "anonymous:main";
/// How long an end of a session that another gateway brought about may go unnoticed.
const FRESH: Duration = Duration::from_secs(3);
const MOST_REMEMBERED: usize = 20_000;
