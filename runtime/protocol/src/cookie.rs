//! Cookies: a client shows that it receives at its address, before the server computes anything
//! for it. `cookie = HMAC-SHA256(K_cookie, ip ‖ e_c)[0..16]`, where
//! `K_cookie(e) = HKDF(KONTRACT_SECRET, info = "cookie" ‖ u64 BE e)` and e = ⌊t / 2 min⌋.

use std::net::IpAddr;

use subtle::{Choice, ConstantTimeEq};

use crate::crypto::kdf::{expand, hmac};
use crate::crypto::secret::{CookieKey, NodeSecret};
use crate::handshake::init::COOKIE;
use crate::limits::COOKIE_EPOCH_MS;
use crate::{Error, Time};

/// The current key and the one before it.
#[derive(Debug)]
pub struct CookieKeys {
    current: CookieKey,
    previous: CookieKey,
}

impl CookieKeys {
    /// The keys of a time, the same on every gateway with this secret.
    pub fn at(secret: &NodeSecret, time: Time) -> Result<CookieKeys, Error> {
        let epoch = time.unix / COOKIE_EPOCH_MS;
        let key = |epoch: u64| {
            let info = [b"cookie".as_slice(), &epoch.to_be_bytes()];
            Ok::<_, Error>(CookieKey::new(expand(secret.expose(), &info)?))
        };
        Ok(CookieKeys { current: key(epoch)?, previous: key(epoch.saturating_sub(1))? })
    }

    /// The cookie of an address and a client's ephemeral key.
    pub fn make(&self, address: IpAddr, ephemeral: &[u8; 32]) -> Result<[u8; COOKIE], Error> {
        cookie(&self.current, address, ephemeral)
    }

    /// Whether a cookie is that of the address and the key.
    pub fn verify(
        &self,
        shown: &[u8; COOKIE],
        address: IpAddr,
        ephemeral: &[u8; 32],
    ) -> Result<bool, Error> {
        let current: Choice = cookie(&self.current, address, ephemeral)?.ct_eq(shown);
        let previous: Choice = cookie(&self.previous, address, ephemeral)?.ct_eq(shown);
        Ok((current | previous).into())
    }
}

fn cookie(key: &CookieKey, address: IpAddr, ephemeral: &[u8; 32]) -> Result<[u8; COOKIE], Error> {
    let mac = match address {
        IpAddr::V4(address) => hmac(key.expose(), &[&address.octets(), ephemeral])?,
        IpAddr::V6(address) => hmac(key.expose(), &[&address.octets(), ephemeral])?,
    };
    mac.first_chunk::<COOKIE>().copied().ok_or(Error::Cryptography)
}
