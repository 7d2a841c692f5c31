//! Random bytes, digests, HMAC and AES-GCM.

use std::rc::Rc;

use ring::{
    aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    digest, hmac,
    rand::{SecureRandom, SystemRandom},
};
use rquickjs::Ctx;

use super::bytes::Bytes;
use crate::engine::ops::{OpError, Ops};

pub fn add<'js>(ops: &Ops<'js>) -> rquickjs::Result<()> {
    add_random(ops)?;

    let host = Rc::clone(ops.host());
    ops.add("digest", move |ctx: Ctx<'js>, hash: String, data: Bytes| {
        let algorithm = digest_of(&hash).map_err(|error| host.throw(&ctx, error))?;
        Ok::<_, rquickjs::Error>(Bytes(digest::digest(algorithm, &data.0).as_ref().to_vec()))
    })?;

    let host = Rc::clone(ops.host());
    ops.add("sign", move |ctx: Ctx<'js>, hash: String, secret: Bytes, data: Bytes| {
        let algorithm = hmac_of(&hash).map_err(|error| host.throw(&ctx, error))?;
        let key = hmac::Key::new(algorithm, &secret.0);
        Ok::<_, rquickjs::Error>(Bytes(hmac::sign(&key, &data.0).as_ref().to_vec()))
    })?;

    let host = Rc::clone(ops.host());
    ops.add(
        "verify",
        move |ctx: Ctx<'js>, hash: String, secret: Bytes, signature: Bytes, data: Bytes| {
            let algorithm = hmac_of(&hash).map_err(|error| host.throw(&ctx, error))?;
            let key = hmac::Key::new(algorithm, &secret.0);
            Ok::<_, rquickjs::Error>(hmac::verify(&key, &data.0, &signature.0).is_ok())
        },
    )?;

    let host = Rc::clone(ops.host());
    ops.add("seal", move |ctx: Ctx<'js>, key: Bytes, iv: Bytes, extra: Bytes, data: Bytes| {
        seal(&key.0, &iv.0, &extra.0, data.0).map(Bytes).map_err(|error| host.throw(&ctx, error))
    })?;

    let host = Rc::clone(ops.host());
    ops.add("open", move |ctx: Ctx<'js>, key: Bytes, iv: Bytes, extra: Bytes, data: Bytes| {
        open(&key.0, &iv.0, &extra.0, data.0).map(Bytes).map_err(|error| host.throw(&ctx, error))
    })
}

/// `random(length)`.
pub fn add_random<'js>(ops: &Ops<'js>) -> rquickjs::Result<()> {
    let host = Rc::clone(ops.host());
    ops.add("random", move |ctx: Ctx<'js>, length: usize| {
        let mut bytes = vec![0; length.min(MOST_RANDOM)];
        match SystemRandom::new().fill(&mut bytes) {
            Ok(()) => Ok(Bytes(bytes)),
            Err(_) => Err(host.throw(&ctx, failed("The system gave no random bytes"))),
        }
    })
}

fn seal(key: &[u8], iv: &[u8], extra: &[u8], mut data: Vec<u8>) -> Result<Vec<u8>, OpError> {
    let (key, nonce) = aes(key, iv)?;
    key.seal_in_place_append_tag(nonce, Aad::from(extra), &mut data)
        .map_err(|_| failed("The data cannot be encrypted"))?;
    Ok(data)
}

fn open(key: &[u8], iv: &[u8], extra: &[u8], mut data: Vec<u8>) -> Result<Vec<u8>, OpError> {
    let (key, nonce) = aes(key, iv)?;
    let length = key
        .open_in_place(nonce, Aad::from(extra), &mut data)
        .map_err(|_| failed("The data cannot be decrypted"))?
        .len();
    data.truncate(length);
    Ok(data)
}

fn aes(key: &[u8], iv: &[u8]) -> Result<(LessSafeKey, Nonce), OpError> {
    let algorithm = if key.len() == 16 { &AES_128_GCM } else { &AES_256_GCM };
    let key = UnboundKey::new(algorithm, key).map_err(|_| failed("The key is not valid"))?;
    let nonce = Nonce::try_assume_unique_for_key(iv).map_err(|_| failed("The iv is not valid"))?;
    Ok((LessSafeKey::new(key), nonce))
}

fn digest_of(hash: &str) -> Result<&'static digest::Algorithm, OpError> {
    match hash {
        "SHA-1" => Ok(&digest::SHA1_FOR_LEGACY_USE_ONLY),
        "SHA-256" => Ok(&digest::SHA256),
        "SHA-384" => Ok(&digest::SHA384),
        "SHA-512" => Ok(&digest::SHA512),
        _ => Err(unknown(hash)),
    }
}

fn hmac_of(hash: &str) -> Result<hmac::Algorithm, OpError> {
    match hash {
        "SHA-1" => Ok(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        "SHA-256" => Ok(hmac::HMAC_SHA256),
        "SHA-384" => Ok(hmac::HMAC_SHA384),
        "SHA-512" => Ok(hmac::HMAC_SHA512),
        _ => Err(unknown(hash)),
    }
}

pub fn failed(message: &str) -> OpError {
    OpError::Dom("OperationError", message.to_owned())
}

pub fn unknown(hash: &str) -> OpError {
    OpError::Dom("NotSupportedError", format!("'{hash}' is not supported"))
}

const MOST_RANDOM: usize = 65536;
