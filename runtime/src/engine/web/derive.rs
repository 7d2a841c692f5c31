//! Keys from secrets: HKDF, and PBKDF2, which takes long and runs beside the isolates.

use std::{
    num::NonZeroU32,
    rc::Rc,
    sync::{Arc, LazyLock},
    thread::available_parallelism,
};

use ring::{hkdf, pbkdf2};
use rquickjs::Ctx;
use tokio::{sync::Semaphore, task::spawn_blocking};

use super::{
    bytes::Bytes,
    crypto::{failed, unknown},
};
use crate::engine::ops::{OpError, Ops};

pub fn add<'js>(ops: &Ops<'js>) -> rquickjs::Result<()> {
    let host = Rc::clone(ops.host());
    ops.add(
        "hkdf",
        move |ctx: Ctx<'js>,
              hash: String,
              secret: Bytes,
              salt: Bytes,
              info: Bytes,
              length: usize| {
            hkdf(&hash, &secret.0, &salt.0, &info.0, length)
                .map(Bytes)
                .map_err(|error| host.throw(&ctx, error))
        },
    )?;

    let host = Rc::clone(ops.host());
    ops.add(
        "pbkdf2",
        move |ctx: Ctx<'js>,
              hash: String,
              secret: Bytes,
              salt: Bytes,
              iterations: u32,
              length: usize| {
            host.promise(&ctx, pbkdf2(hash, secret.0, salt.0, iterations, length))
        },
    )
}

fn hkdf(
    hash: &str,
    secret: &[u8],
    salt: &[u8],
    info: &[u8],
    length: usize,
) -> Result<Vec<u8>, OpError> {
    let algorithm = match hash {
        "SHA-1" => hkdf::HKDF_SHA1_FOR_LEGACY_USE_ONLY,
        "SHA-256" => hkdf::HKDF_SHA256,
        "SHA-384" => hkdf::HKDF_SHA384,
        "SHA-512" => hkdf::HKDF_SHA512,
        _ => return Err(unknown(hash)),
    };
    let key = hkdf::Salt::new(algorithm, salt).extract(secret);
    let mut bytes = vec![0; length.min(255 * 64)];
    key.expand(&[info], Length(length))
        .and_then(|material| material.fill(&mut bytes))
        .map_err(|_| failed("HKDF gives at most 255 times the length of its hash"))?;
    Ok(bytes)
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

async fn pbkdf2(
    hash: String,
    secret: Vec<u8>,
    salt: Vec<u8>,
    iterations: u32,
    length: usize,
) -> Result<Bytes, OpError> {
    let (algorithm, block) = match hash.as_str() {
        "SHA-1" => (pbkdf2::PBKDF2_HMAC_SHA1, 20),
        "SHA-256" => (pbkdf2::PBKDF2_HMAC_SHA256, 32),
        "SHA-384" => (pbkdf2::PBKDF2_HMAC_SHA384, 48),
        "SHA-512" => (pbkdf2::PBKDF2_HMAC_SHA512, 64),
        _ => return Err(unknown(&hash)),
    };
    if length > LONGEST {
        return Err(failed("PBKDF2 gives at most 64 KB"));
    }
    let iterations = NonZeroU32::new(iterations).ok_or_else(|| failed("No iterations"))?;
    let rounds = u64::from(iterations.get()).saturating_mul(length.div_ceil(block) as u64);
    if rounds > MOST_ROUNDS {
        return Err(failed("PBKDF2 is limited to 10 million rounds of its hash"));
    }
    let permit = Arc::clone(&PERMITS).acquire_owned().await.map_err(|_| failed("Closed"))?;
    let derived = spawn_blocking(move || {
        let _permit = permit;
        let mut bytes = vec![0; length];
        pbkdf2::derive(algorithm, iterations, &salt, &secret, &mut bytes);
        bytes
    });
    derived.await.map(Bytes).map_err(|_| failed("PBKDF2 was not finished"))
}

/// A derivation cannot be interrupted, so that it must not take for ever.
const MOST_ROUNDS: u64 = 10_000_000;

/// Bytes, which no heap counts while they are made.
const LONGEST: usize = 64 << 10;

/// As many derivations at the same time as there are processors.
static PERMITS: LazyLock<Arc<Semaphore>> =
    LazyLock::new(|| Arc::new(Semaphore::new(available_parallelism().map_or(1, usize::from))));
