//! HKDF and HMAC with SHA-256.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroize;

use crate::Error;

/// SHA-256 of the parts one after the other.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// HKDF-Extract. The caller wraps the key in its type.
pub fn extract(salt: &[u8], secret: &[u8]) -> [u8; 32] {
    let (mut output, _) = Hkdf::<Sha256>::extract(Some(salt), secret);
    let key = output.into();
    output.zeroize();
    key
}

/// HKDF-Expand. The caller wraps the key in its type.
pub fn expand<const N: usize>(key: &[u8; 32], info: &[&[u8]]) -> Result<[u8; N], Error> {
    let mut output = [0; N];
    expand_into(key, info, &mut output)?;
    Ok(output)
}

/// HKDF-Expand into a buffer of at most 8160 bytes.
pub fn expand_into(key: &[u8; 32], info: &[&[u8]], output: &mut [u8]) -> Result<(), Error> {
    let hkdf = Hkdf::<Sha256>::from_prk(key).map_err(|_| Error::Cryptography)?;
    hkdf.expand_multi_info(info, output).map_err(|_| Error::Cryptography)
}

/// HMAC-SHA-256 of the parts one after the other.
pub fn hmac(key: &[u8], parts: &[&[u8]]) -> Result<[u8; 32], Error> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| Error::Cryptography)?;
    for part in parts {
        mac.update(part);
    }
    Ok(mac.finalize().into_bytes().into())
}
