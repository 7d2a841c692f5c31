//! Who calls.

use std::{sync::Arc, time::SystemTime};

/// A session, as the dispatcher sees it.
#[derive(Clone, Debug)]
pub struct Session {
    /// Not a credential.
    pub id: String,
    pub tenant: String,
    /// The user.
    pub owner: String,
    /// What the session may do: R 4, W 2, X 1.
    pub perm: u8,
    pub ugroups: Vec<String>,
    pub is_anonymous: bool,
    pub expires_at: SystemTime,
    pub key: SessionKey,
}

/// HMAC-SHA256 of a session's token under `KONTRACT_SECRET`: what the database's functions take, and
/// all that they learn of the token. It opens nothing at the HTTP door.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SessionKey(Arc<[u8; 32]>);

impl SessionKey {
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Arc::new(bytes))
    }

    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_slice()
    }
}

impl std::fmt::Debug for SessionKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SessionKey(…)")
    }
}
