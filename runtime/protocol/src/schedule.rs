//! The key schedule: from the handshake to the keys of both directions (wire document, Key
//! schedule). Each direction has types of its own, so that neither can be used for the other.

use std::fmt;
use std::marker::PhantomData;

use crate::Error;
use crate::crypto::exchange::PublicKey;
use crate::crypto::kdf::{expand, extract};
use crate::crypto::secret::{Exporter, PostSecret, Prk, ResumePsk, TrafficIv, TrafficKey};
use crate::handshake::noise::Split;

/// From the client to the server.
#[derive(Debug, Clone, Copy)]
pub enum ToServer {}
/// From the server to the client.
#[derive(Debug, Clone, Copy)]
pub enum ToClient {}

/// Key, IV and epoch of one direction.
pub struct Traffic<Direction> {
    pub key: TrafficKey,
    pub iv: TrafficIv,
    pub epoch: u32,
    direction: PhantomData<Direction>,
}

impl<Direction> Traffic<Direction> {
    fn new(key: TrafficKey, iv: TrafficIv, epoch: u32) -> Self {
        Traffic { key, iv, epoch, direction: PhantomData }
    }

    /// The keys of the next epoch.
    pub fn rekeyed(&self) -> Result<Self, Error> {
        let key =
            TrafficKey::new(expand(self.key.expose(), &[&prefixed(b"raystream-v1 rekey key")])?);
        let iv = TrafficIv::new(expand(self.key.expose(), &[&prefixed(b"raystream-v1 rekey iv")])?);
        let epoch = self.epoch.checked_add(1).ok_or(Error::Cryptography)?;
        Ok(Traffic::new(key, iv, epoch))
    }
}

impl<Direction> fmt::Debug for Traffic<Direction> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traffic").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

/// All keys of a session.
#[derive(Debug)]
pub struct Keys {
    pub to_server: Traffic<ToServer>,
    pub to_client: Traffic<ToClient>,
    pub resume: ResumePsk,
    pub exporter: Exporter,
    pub post: PostSecret,
}

impl Keys {
    /// Derives them from what both sides of a handshake hold.
    pub fn derive(
        split: &Split,
        session: &[u8; 16],
        client: &PublicKey,
        server: &PublicKey,
    ) -> Result<Keys, Error> {
        let prk = root(split);
        let context =
            [prefixed(session), prefixed(&client.0), prefixed(&server.0), prefixed(&split.hash)]
                .concat();
        let d = Derivation { prk, context };
        Ok(Keys {
            to_server: Traffic::new(
                TrafficKey::new(d.of("c2s key")?),
                TrafficIv::new(d.of("c2s iv")?),
                0,
            ),
            to_client: Traffic::new(
                TrafficKey::new(d.of("s2c key")?),
                TrafficIv::new(d.of("s2c iv")?),
                0,
            ),
            resume: ResumePsk::new(d.of("resume")?),
            exporter: Exporter::new(d.of("exporter")?),
            post: PostSecret::new(d.of("post")?),
        })
    }
}

/// `PRK = HKDF-Extract(salt = "raystream-v1", k1 ‖ k2)`.
pub fn root(split: &Split) -> Prk {
    Prk::new(extract(b"raystream-v1", split.keys.expose()))
}

/// `LP(x) = u16 BE length ‖ x`, of what is shorter than 64 KiB.
pub(crate) fn prefixed(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes(), bytes].concat()
}

struct Derivation {
    prk: Prk,
    context: Vec<u8>,
}

impl Derivation {
    /// `D(label, n) = HKDF-Expand(PRK, LP("raystream-v1 " ‖ label) ‖ ctx, n)`.
    fn of<const N: usize>(&self, label: &str) -> Result<[u8; N], Error> {
        let label = prefixed(format!("raystream-v1 {label}").as_bytes());
        expand(self.prk.expose(), &[&label, &self.context])
    }
}
