//! Static keys: what clients know a gateway by. The private ones are the gateway's, the public ones
//! are pinned into its clients by the build.

use std::fmt::{self, Write as _};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use kontract_protocol::crypto::exchange::{PrivateKey, PublicKey};
use ring::rand::{SecureRandom, SystemRandom};

use crate::{config::Secret, gateway::error::StartError};

/// The private keys of a gateway: the current one, then those that clients may have pinned around a
/// rotation.
#[derive(Debug)]
pub struct StaticKeys {
    texts: Vec<Secret>,
    keys: Vec<PrivateKey>,
}

impl StaticKeys {
    /// So many new keys. None where the system gives no random bytes.
    pub fn generate(count: usize) -> Option<Self> {
        let mut keys = Self { texts: Vec::new(), keys: Vec::new() };
        for _ in 0..count {
            keys.push()?;
        }
        Some(keys)
    }

    /// Reads `KONTRACT_STATIC_KEY`. An error says what is wrong with it, and nothing that it holds.
    pub fn parse(text: &Secret) -> Result<Self, &'static str> {
        let mut found = Self { texts: Vec::new(), keys: Vec::new() };
        for text in text.expose().split(',').map(str::trim) {
            let bytes = URL_SAFE_NO_PAD.decode(text).ok();
            let bytes = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
            let bytes = bytes.ok_or("holds no key: `kontract keys generate` makes one")?;
            if bytes.iter().all(|byte| *byte == bytes[0]) {
                return Err("holds an example: `kontract keys generate` makes a key");
            }
            found.take(bytes);
        }
        let mut ids: Vec<String> = found.pins().iter().map(Pin::id).collect();
        ids.sort_unstable();
        ids.dedup();
        match ids.len() {
            count if count < found.keys.len() => Err("holds the same key twice"),
            count if count > MOST => Err("holds more than four keys"),
            _ => Ok(found),
        }
    }

    /// Gives up the current key, and adds a new one behind the next.
    #[must_use]
    pub fn rotated(mut self) -> Option<Self> {
        self.texts.remove(0);
        self.keys.remove(0);
        while self.keys.len() < CURRENT_AND_NEXT {
            self.push()?;
        }
        Some(self)
    }

    /// The value of `KONTRACT_STATIC_KEY`.
    pub fn secret(&self) -> Secret {
        let texts: Vec<&str> = self.texts.iter().map(Secret::expose).collect();
        Secret::new(texts.join(","))
    }

    /// The public keys.
    pub fn pins(&self) -> Vec<Pin> {
        self.keys.iter().map(|key| Pin(key.public())).collect()
    }

    pub(super) fn into_keys(self) -> Vec<PrivateKey> {
        self.keys
    }

    fn push(&mut self) -> Option<()> {
        let mut bytes = [0; 32];
        SystemRandom::new().fill(&mut bytes).ok()?;
        self.take(bytes);
        Some(())
    }

    fn take(&mut self, bytes: [u8; 32]) {
        self.texts.push(Secret::new(URL_SAFE_NO_PAD.encode(bytes)));
        self.keys.push(PrivateKey::new(bytes));
    }
}

/// A public key, as `[wire] pin` and clients have it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pin(PublicKey);

impl Pin {
    /// Reads 44 characters of base64.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text).ok()?;
        Some(Self(PublicKey(bytes.try_into().ok()?)))
    }

    /// Names the key: the first four bytes of its SHA-256 in hexadecimal.
    pub fn id(&self) -> String {
        self.0.id().iter().fold(String::with_capacity(8), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&STANDARD.encode(self.0.0))
    }
}

/// Refuses a `KONTRACT_STATIC_KEY` with which a build that pins these keys cannot be served.
pub fn check_static_key(text: Option<&Secret>, pinned: &[String]) -> Result<(), StartError> {
    let keys = text.map(StaticKeys::parse).transpose();
    let keys = keys.map_err(|reason| StartError::StaticKey(reason.to_owned()))?;
    let pins = keys.map(|keys| keys.pins());
    check(pins.as_deref(), pinned).map_err(StartError::StaticKey)
}

/// Refuses static keys that the clients of a build do not know, and a build whose clients know some
/// where there is none.
pub fn check(keys: Option<&[Pin]>, pinned: &[String]) -> Result<(), String> {
    let current = keys.and_then(<[Pin]>::first);
    match current {
        None if pinned.is_empty() => Ok(()),
        None => Err(format!(
            "is not set, and the build's clients call by {}: set it to the private key, or take \
             `[wire] pin` away and build again",
            names(pinned)
        )),
        Some(current) if pinned.contains(&current.to_string()) => Ok(()),
        Some(current) if pinned.is_empty() => Err(format!(
            "holds the key {}, and the build pins none: put `pin = [\"{current}\"]` under `[wire]` \
             in kontract.toml and build again",
            current.id()
        )),
        Some(current) => Err(format!(
            "holds the key {}, which the build's clients do not know, but {}: put \
             `\"{current}\"` into `[wire] pin` in kontract.toml and build again, or set the key that \
             is pinned",
            current.id(),
            names(pinned)
        )),
    }
}

fn names(pinned: &[String]) -> String {
    let names: Vec<String> = pinned
        .iter()
        .map(|text| Pin::parse(text).map_or_else(|| text.clone(), |pin| pin.id()))
        .collect();
    let plural = if names.len() == 1 { "the key" } else { "the keys" };
    format!("{plural} {}", names.join(" and "))
}

/// What `kontract keys` makes.
pub const CURRENT_AND_NEXT: usize = 2;
const MOST: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_kept_as_text_and_never_shown() {
        let keys = StaticKeys::generate(CURRENT_AND_NEXT).expect("random bytes");
        let secret = keys.secret();
        let read = StaticKeys::parse(&secret).expect("what was written");
        assert_eq!(read.pins(), keys.pins());
        for text in secret.expose().split(',') {
            assert!(!format!("{read:?}").contains(text));
        }
        let pin = keys.pins()[0];
        assert_eq!(Pin::parse(&pin.to_string()), Some(pin));
        assert_eq!(pin.to_string().len(), 44);
    }

    #[test]
    fn a_rotation_makes_the_next_key_the_current_one() {
        let keys = StaticKeys::generate(CURRENT_AND_NEXT).expect("random bytes");
        let before = keys.pins();
        let after = keys.rotated().expect("random bytes").pins();
        assert_eq!((after.len(), after[0]), (2, before[1]));
        assert!(!before.contains(&after[1]));
    }

    #[test]
    fn what_holds_no_keys_is_refused() {
        let example = URL_SAFE_NO_PAD.encode([0x11; 32]);
        let keys = StaticKeys::generate(5).expect("random bytes").secret();
        let first = keys.expose().split(',').next().expect("a key").to_owned();
        for text in [
            "",
            "x",
            "AAAA",
            &example,
            &format!("{first},"),
            &format!("{first},{first}"),
            keys.expose(),
        ] {
            let refused = StaticKeys::parse(&Secret::new(text)).expect_err(text);
            assert!(text.is_empty() || !refused.contains(text));
        }
    }

    #[test]
    fn the_clients_of_a_build_must_know_the_key() {
        let keys = StaticKeys::generate(CURRENT_AND_NEXT).expect("random bytes").pins();
        let other = StaticKeys::generate(1).expect("random bytes").pins();
        let pinned: Vec<String> = keys.iter().map(ToString::to_string).collect();
        assert_eq!(check(Some(&keys), &pinned), Ok(()));
        assert_eq!(check(Some(&keys[1..]), &pinned), Ok(()));
        assert_eq!(check(None, &[]), Ok(()));
        for (keys, pinned) in [(Some(&other[..]), &pinned[..]), (None, &pinned), (Some(&keys), &[])]
        {
            let refused = check(keys, pinned).expect_err("refused");
            assert!(
                refused.contains("kontract.toml") || refused.contains("[wire] pin"),
                "{refused}"
            );
        }
    }
}
