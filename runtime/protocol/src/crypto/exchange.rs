//! X25519: static keys of servers, ephemeral keys of handshakes.

use std::fmt;

use x25519_dalek::{PublicKey as Point, SharedSecret, StaticSecret};

use super::kdf::sha256;
use crate::input::random_bytes;
use crate::{Error, Misbehaviour, Random};

/// A public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(pub [u8; 32]);

impl PublicKey {
    /// The first four bytes of the key's SHA-256, by which frames name a static key.
    pub fn id(&self) -> [u8; 4] {
        let [a, b, c, d, ..] = sha256(&[&self.0]);
        [a, b, c, d]
    }
}

/// A private key, with its public one.
#[derive(Clone)]
pub struct PrivateKey {
    secret: StaticSecret,
    public: PublicKey,
}

impl PrivateKey {
    /// The key of these bytes.
    pub fn new(bytes: [u8; 32]) -> PrivateKey {
        let secret = StaticSecret::from(bytes);
        let public = PublicKey(Point::from(&secret).to_bytes());
        PrivateKey { secret, public }
    }

    /// A key for one handshake.
    pub fn generate(random: &mut dyn Random) -> Result<PrivateKey, Error> {
        Ok(PrivateKey::new(random_bytes(random)?))
    }

    /// The key that the other side is told.
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// What both sides compute. "Every Diffie–Hellman output is checked non-zero."
    pub fn agree(&self, peer: &PublicKey) -> Result<SharedSecret, Error> {
        let shared = self.secret.diffie_hellman(&Point::from(peer.0));
        if shared.was_contributory() { Ok(shared) } else { Err(Misbehaviour::WeakKey.into()) }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey").field("id", &self.public.id()).finish_non_exhaustive()
    }
}
