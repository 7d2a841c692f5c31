//! Accounts: registration, login, groups.

use std::{
    net::IpAddr,
    sync::{Arc, LazyLock},
    time::Instant,
};

use rustc_hash::FxHashSet;
use serde::Serialize;

use super::{
    email,
    passwords::{Passwords, Verdict},
    sessions::{Sessions, seconds},
    throttle::Throttle,
};
use crate::{
    config::AuthConfig,
    failure::Failure,
    session::SessionKey,
    storage::{Database, Fault, Param},
};

/// The accounts that the database keeps.
pub struct Accounts {
    database: Arc<Database>,
    sessions: Arc<Sessions>,
    passwords: Passwords,
    // Whoever guesses from one address must not lock the account's owner out elsewhere.
    per_address: Throttle,
    per_account: Throttle,
    /// Accounts and sessions that an address makes.
    openings: Throttle,
}

/// A session that was opened.
#[derive(Serialize)]
pub struct Login {
    pub token: String,
    pub owner: String,
}

/// What a user is told of himself.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserView {
    pub owner: String,
    pub email: Option<String>,
    pub is_anonymous: bool,
    pub perm: i32,
    pub ugroups: Vec<String>,
}

/// What every question to the database comes with.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The Host header: tells whose tenant's accounts are meant.
    pub host: &'a str,
    pub auth: &'a AuthConfig,
    pub call_id: &'a str,
}

impl Accounts {
    pub fn new(database: Arc<Database>, sessions: Arc<Sessions>) -> Self {
        Self {
            database,
            sessions,
            passwords: Passwords::new(),
            per_address: Throttle::new(10),
            per_account: Throttle::new(100),
            openings: Throttle::new(100),
        }
    }

    /// Makes an account and opens its first session. `from` is the network address that asks for it.
    pub async fn register(
        &self,
        email: &str,
        password: String,
        from: IpAddr,
        asked: Asked<'_>,
    ) -> Result<Login, Failure> {
        let address = email::parse(email)?;
        check_password(&password)?;
        self.openings.attempt(&from.to_string(), Instant::now())?;
        let hash = self.passwords.hash(password).await?;
        let (token, key) = self.new_session()?;
        let params = vec![
            address.into(),
            hash.into(),
            Param::Int(asked.auth.user_perm.into()),
            key,
            seconds(asked.auth.session_ttl),
            asked.host.into(),
        ];
        match self.database.rows_once(&ACCOUNT_CREATE, params).await {
            Ok(rows) => Ok(Login { token, owner: user_id(rows.first(), asked)? }),
            Err(Fault::Conflict | Fault::Taken { .. }) => {
                let message = "This e-mail address has an account already";
                Err(Failure { message: message.into(), ..Failure::conflict() })
            }
            Err(fault) => Err(fault.into_failure(asked.call_id)),
        }
    }

    /// Opens a session of an account.
    pub async fn login(
        &self,
        email: &str,
        password: String,
        from: IpAddr,
        asked: Asked<'_>,
    ) -> Result<Login, Failure> {
        let address = email::normalize(email);
        if email::is_too_long(&address) {
            return Err(Failure::unauthorized());
        }
        let (attempt, now) = (format!("{from} {address}"), Instant::now());
        self.per_address.attempt(&attempt, now)?;
        self.per_account.attempt(&address, now)?;
        // PostgreSQL has no NUL: nobody is called so.
        let is_name = !address.contains('\0');
        let found = if is_name { self.account(&address, asked).await? } else { None };
        let (owner, hash) = found.unzip();
        let verdict = self.passwords.verify(password.clone(), hash.clone()).await?;
        let (Some(owner), Verdict::Right | Verdict::Outdated) = (owner, verdict) else {
            return Err(Failure::unauthorized());
        };
        self.per_address.succeed(&attempt);
        self.per_account.succeed(&address);
        if verdict == Verdict::Outdated {
            let renewed = self.passwords.hash(password).await?;
            let params = vec![owner.as_str().into(), hash.into(), renewed.into()];
            self.rows(&ACCOUNT_REHASH, params, asked).await?;
        }
        let (token, key) = self.new_session()?;
        let params = vec![key, owner.as_str().into(), seconds(asked.auth.session_ttl)];
        self.rows(&SESSION_OPEN, params, asked).await?;
        Ok(Login { token, owner })
    }

    /// Opens a session without an account.
    pub async fn anonymous(&self, from: IpAddr, asked: Asked<'_>) -> Result<Login, Failure> {
        if !asked.auth.allow_anonymous {
            return Err(Failure::unauthorized());
        }
        self.openings.attempt(&from.to_string(), Instant::now())?;
        let (token, key) = self.new_session()?;
        let perm = Param::Int(asked.auth.anonymous_perm.into());
        let params = vec![key, perm, seconds(asked.auth.session_ttl), asked.host.into()];
        let rows = self.rows(&SESSION_GUEST, params, asked).await?;
        Ok(Login { token, owner: user_id(rows.first(), asked)? })
    }

    pub async fn logout(&self, token: Option<&str>, asked: Asked<'_>) -> Result<(), Failure> {
        let key = self.key_of(token)?;
        let rows = self.rows(&SESSION_CLOSE, vec![(&key).into(), asked.host.into()], asked).await;
        self.sessions.evict(&key);
        let ended = rows?.first().map(|row| row.try_get::<_, bool>(0)).transpose();
        match ended.map_err(|error| Fault::from(error).into_failure(asked.call_id))? {
            Some(true) => Ok(()),
            _ => Err(Failure::unauthorized()),
        }
    }

    pub async fn me(&self, token: Option<&str>, asked: Asked<'_>) -> Result<UserView, Failure> {
        let key = self.key_of(token)?;
        let rows = self.rows(&ME, vec![(&key).into(), asked.host.into()], asked).await?;
        let row = rows.first().ok_or_else(Failure::unauthorized)?;
        let view = || {
            Ok(UserView {
                owner: row.try_get("user_id")?,
                email: row.try_get("email")?,
                is_anonymous: row.try_get("is_anonymous")?,
                perm: row.try_get("perm")?,
                ugroups: row.try_get("ugroups")?,
            })
        };
        view().map_err(|fault: Fault| fault.into_failure(asked.call_id))
    }

    /// Replaces a user's groups and ends the user's sessions, which hold the former ones. Who asks is
    /// of the same tenant.
    pub async fn set_groups(
        &self,
        asker: Option<&SessionKey>,
        user: &str,
        mut groups: Vec<String>,
        call_id: &str,
    ) -> Result<(), Failure> {
        if user.contains('\0') || groups.iter().any(|group| group.contains('\0')) {
            return Err(Failure::invalid("setGroups: expected text without NUL"));
        }
        let mut seen = FxHashSet::default();
        groups.retain(|group| seen.insert(group.clone()));
        let groups = Param::Texts(groups.into_iter().map(Into::into).collect());
        let rows = self.database.rows(&SET_GROUPS, vec![asker.into(), user.into(), groups]).await;
        self.sessions.evict_user(user);
        let rows = rows.map_err(|fault| fault.into_failure(call_id))?;
        match rows.first().map(|row| row.try_get::<_, bool>(0)) {
            Some(Ok(true)) => Ok(()),
            Some(Err(error)) => Err(Fault::from(error).into_failure(call_id)),
            _ => Err(Failure::not_found("User not found")),
        }
    }

    async fn account(
        &self,
        address: &str,
        asked: Asked<'_>,
    ) -> Result<Option<(String, String)>, Failure> {
        let rows =
            self.rows(&ACCOUNT_BY_EMAIL, vec![address.into(), asked.host.into()], asked).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let found = row.try_get("user_id").and_then(|user| Ok((user, row.try_get("hash")?)));
        found.map(Some).map_err(|error| Fault::from(error).into_failure(asked.call_id))
    }

    fn key_of(&self, token: Option<&str>) -> Result<SessionKey, Failure> {
        token.map(|token| self.sessions.key_of(token)).ok_or_else(Failure::unauthorized)
    }

    fn new_session(&self) -> Result<(String, Param), Failure> {
        let token = self.sessions.make_token()?;
        let key = (&self.sessions.key_of(&token)).into();
        Ok((token, key))
    }

    async fn rows(
        &self,
        sql: &Arc<str>,
        params: Vec<Param>,
        asked: Asked<'_>,
    ) -> Result<Vec<tokio_postgres::Row>, Failure> {
        let rows = self.database.rows(sql, params).await;
        rows.map_err(|fault| fault.into_failure(asked.call_id))
    }
}

fn user_id(row: Option<&tokio_postgres::Row>, asked: Asked<'_>) -> Result<String, Failure> {
    let id = row.ok_or(Fault::Internal("no user was made".to_owned()));
    id.and_then(|row| Ok(row.try_get(0)?)).map_err(|fault| fault.into_failure(asked.call_id))
}

/// Counted in UTF-16 units, as other hosts do.
fn check_password(password: &str) -> Result<(), Failure> {
    match password.encode_utf16().count() {
        8..=1024 => Ok(()),
        _ => Err(Failure::invalid("password: expected 8 to 1024 characters").at("password")),
    }
}

macro_rules! statement {
    ($name:ident, $sql:literal) => {
        static $name: LazyLock<Arc<str>> = LazyLock::new(|| $sql.into());
    };
}
statement!(ACCOUNT_CREATE, "SELECT kontract.account_create($1, $2, $3, $4, $5, $6)");
statement!(ACCOUNT_BY_EMAIL, "SELECT * FROM kontract.account_by_email($1, $2)");
statement!(ACCOUNT_REHASH, "SELECT kontract.account_rehash($1, $2, $3)");
statement!(SESSION_OPEN, "SELECT kontract.session_open($1, $2, $3)");
statement!(SESSION_GUEST, "SELECT kontract.session_guest($1, $2, $3, $4)");
statement!(SESSION_CLOSE, "SELECT kontract.session_close($1, $2)");
statement!(SET_GROUPS, "SELECT kontract.set_groups($1, $2, $3)");
statement!(ME, "SELECT * FROM kontract.me($1, $2)");
