//! The ciphers of records, and XChaCha20-Poly1305 for tickets.

use std::fmt;
use std::hint::black_box;

use chacha20::{R20, hchacha};
use ring::aead::{
    AES_256_GCM, Aad, Algorithm, CHACHA20_POLY1305, LessSafeKey, Nonce, Tag, UnboundKey,
};
use zeroize::Zeroize;

use crate::{Error, Misbehaviour};

/// Bytes of a tag.
pub const TAG: usize = 16;

/// A cipher of records, by its number on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cipher {
    ChaCha20Poly1305 = 1,
    Aes256Gcm = 2,
}

impl Cipher {
    /// The cipher of a number, if there is one.
    pub fn of(number: u8) -> Option<Cipher> {
        match number {
            1 => Some(Cipher::ChaCha20Poly1305),
            2 => Some(Cipher::Aes256Gcm),
            _ => None,
        }
    }

    /// Its number on the wire.
    pub fn number(self) -> u8 {
        match self {
            Cipher::ChaCha20Poly1305 => 1,
            Cipher::Aes256Gcm => 2,
        }
    }

    fn algorithm(self) -> &'static Algorithm {
        match self {
            Cipher::ChaCha20Poly1305 => &CHACHA20_POLY1305,
            Cipher::Aes256Gcm => &AES_256_GCM,
        }
    }
}

/// A key made ready for its cipher.
pub struct Aead {
    cipher: Cipher,
    key: LessSafeKey,
}

impl Aead {
    /// Makes a key ready.
    pub fn new(cipher: Cipher, key: &[u8; 32]) -> Result<Aead, Error> {
        Ok(Aead { cipher, key: ready(cipher, key)? })
    }

    /// Encrypts `text` where it is and returns the tag.
    pub fn seal(&self, nonce: [u8; 12], aad: &[u8], text: &mut [u8]) -> Result<[u8; TAG], Error> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self.key.seal_in_place_separate_tag(nonce, Aad::from(aad), text);
        let tag = tag.map_err(|_| Error::Cryptography)?;
        tag.as_ref().try_into().map_err(|_| Error::Cryptography)
    }

    /// Decrypts `text` where it is; what it holds after an error means nothing.
    pub fn open(
        &self,
        nonce: [u8; 12],
        aad: &[u8],
        text: &mut [u8],
        tag: [u8; TAG],
    ) -> Result<(), Error> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let opened =
            self.key.open_in_place_separate_tag(nonce, Aad::from(aad), Tag::from(tag), text, 0..);
        opened.map(|_| ()).map_err(|_| Misbehaviour::Unauthentic.into())
    }
}

/// ring does not wipe its keys, so each is overwritten by a key of zeros.
impl Drop for Aead {
    fn drop(&mut self) {
        if let Ok(zeros) = ready(self.cipher, &[0; 32]) {
            self.key = zeros;
            black_box(&mut self.key);
        }
    }
}

impl fmt::Debug for Aead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aead").field("cipher", &self.cipher).finish_non_exhaustive()
    }
}

/// XChaCha20-Poly1305: a key of its own for each random nonce, then ChaCha20-Poly1305.
pub fn extended(key: &[u8; 32], nonce: &[u8; 24]) -> Result<(Aead, [u8; 12]), Error> {
    let (prefix, suffix) = nonce.split_first_chunk::<16>().ok_or(Error::Cryptography)?;
    let mut derived: [u8; 32] = hchacha::<R20>(key.into(), prefix.into()).into();
    let aead = Aead::new(Cipher::ChaCha20Poly1305, &derived);
    derived.zeroize();
    let mut rest = [0; 12];
    for (to, from) in rest.iter_mut().skip(4).zip(suffix) {
        *to = *from;
    }
    Ok((aead?, rest))
}

fn ready(cipher: Cipher, key: &[u8; 32]) -> Result<LessSafeKey, Error> {
    let key = UnboundKey::new(cipher.algorithm(), key).map_err(|_| Error::Cryptography)?;
    Ok(LessSafeKey::new(key))
}
