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
    found: FxHashMap<SessionKey, Remembered>,
    /// Those that calls without a login share, by the host that was called.
    anonymous: FxHashMap<Box<str>, Remembered>,
    /// Counts evictions: what was asked for before one may be what it evicted.
    evictions: u64,
}

struct Remembered {
    session: Arc<Session>,
    /// The database found it for this one: at another it may be unknown.
    host: Box<str>,
    since: Instant,
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

    /// The session of a credential; of none the one that all calls without a login share. `host`: the
    /// Host header, which tells whose tenant's users are meant.
    pub async fn resolve(
        &self,
        credential: Option<&str>,
        host: &str,
        auth: &AuthConfig,
        call_id: &str,
    ) -> Result<Arc<Session>, Failure> {
        if credential.is_none() && !auth.allow_anonymous {
            return Err(Failure::unauthorized());
        }
        let key = credential.map(|token| self.key_of(token));
        let evictions = match self.remembered(key.as_ref(), host) {
            Ok(session) => return still_valid(session),
            Err(evictions) => evictions,
        };
        let rows = if let Some(key) = &key {
            self.database.rows(&SESSION, vec![key.into(), host.into()]).await
        } else {
            let perm = Param::Int(auth.anonymous_perm.into());
            let key = (&self.anonymous).into();
            let params = vec![key, perm, seconds(auth.session_ttl), host.into()];
            self.database.rows(&SESSION_ANONYMOUS, params).await
        };
        let rows = rows.map_err(|fault| fault.into_failure(call_id))?;
        let row = rows.first().ok_or_else(Failure::unauthorized)?;
        let is_anonymous = key.is_none();
        let session = key.map_or_else(|| own_key(row), Ok).and_then(|key| read(row, key));
        let session = Arc::new(session.map_err(|fault| fault.into_failure(call_id))?);
        self.remember(&session, is_anonymous, host, evictions);
        still_valid(session)
    }

    /// How often sessions were forgotten because they had ended.
    pub fn evictions(&self) -> u64 {
        self.cache().evictions
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
        cache.found.retain(|_, known| known.session.owner != user);
    }

    /// The session, or how many were evicted so far.
    fn remembered(&self, key: Option<&SessionKey>, host: &str) -> Result<Arc<Session>, u64> {
        let cache = self.cache();
        let known = match key {
            Some(key) => cache.found.get(key),
            None => cache.anonymous.get(host),
        };
        match known.filter(|known| *known.host == *host && known.is_fresh()) {
            Some(known) => Ok(Arc::clone(&known.session)),
            None => Err(cache.evictions),
        }
    }

    fn remember(&self, session: &Arc<Session>, anonymous: bool, host: &str, evictions: u64) {
        let mut cache = self.cache();
        if cache.evictions != evictions {
            return;
        }
        let (session, host) = (Arc::clone(session), Box::from(host));
        if anonymous {
            make_room(&mut cache.anonymous, MOST_HOSTS);
            let known = Remembered { session, host: Box::clone(&host), since: Instant::now() };
            cache.anonymous.insert(host, known);
        } else {
            make_room(&mut cache.found, MOST_REMEMBERED);
            let known = Remembered { session, host, since: Instant::now() };
            cache.found.insert(known.session.key.clone(), known);
        }
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Remembered {
    fn is_fresh(&self) -> bool {
        self.since.elapsed() < FRESH
    }
}

fn make_room<K: Eq + std::hash::Hash>(known: &mut FxHashMap<K, Remembered>, most: usize) {
    if known.len() >= most {
        known.retain(|_, known| known.is_fresh());
        if known.len() >= most {
            known.clear();
        }
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

/// The key of the session that calls without a login share.
fn own_key(row: &Row) -> Result<SessionKey, Fault> {
    let bytes: &[u8] = row.try_get("own")?;
    let key = bytes.try_into().map(SessionKey::new);
    key.map_err(|_| Fault::Internal("the key of a session has 32 bytes".to_owned()))
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

static SESSION: LazyLock<Arc<str>> =
    LazyLock::new(|| "SELECT * FROM kontract.session($1, $2)".into());
static SESSION_ANONYMOUS: LazyLock<Arc<str>> =
    LazyLock::new(|| "SELECT * FROM kontract.session_anonymous($1, $2, $3, $4)".into());

/// No token: tokens are base64url.
const ANONYMOUS: &str = "anonymous:main";
/// How long an end of a session that another gateway brought about may go unnoticed.
const FRESH: Duration = Duration::from_secs(3);
const MOST_REMEMBERED: usize = 20_000;
/// Callers choose what they call a host.
const MOST_HOSTS: usize = 1000;
