//! raystream: encrypted calls, over a WebSocket and by POST. The protocol itself is
//! `runtime/protocol`; here are its sockets, its clock, and the way from its calls to the functions.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use kontract_protocol::{
    RandomFailed, Time,
    admission::Slot,
    handshake::server::Node,
    limits::{MAX_FRAGMENTS, MAX_FRAME_EVER},
    ticket::node_secret,
};
use ring::rand::{SecureRandom, SystemRandom};
use rustc_hash::FxHashMap;
use tokio::sync::Notify;

use super::error::StartError;
use crate::config::Config;

mod call;
mod items;
mod keys;
mod login;
mod post;
mod stream;
mod upgrade;

pub use keys::{Pin, StaticKeys, check as check_pins, check_static_key};
pub use post::post;
pub use upgrade::upgrade;

/// Where clients find it.
pub const PATH: &str = "/raystream";

/// What all sessions of a gateway share.
pub struct Raystream {
    node: Node,
    pub pins: Vec<Pin>,
    begun: Instant,
    /// What wakes half-open sessions that have to make way for others.
    half_open: Mutex<FxHashMap<Slot, Arc<Notify>>>,
}

impl Raystream {
    /// None where the gateway has no static key.
    pub fn new(config: &Config) -> Result<Option<Arc<Self>>, StartError> {
        let Some(text) = &config.wire.static_key else { return Ok(None) };
        let keys = StaticKeys::parse(text);
        let keys = keys.map_err(|reason| StartError::StaticKey(reason.to_owned()))?;
        let pins = keys.pins();
        let mut keys = keys.into_keys().into_iter();
        let Some(current) = keys.next() else { return Ok(None) };
        let mut node = Node::new(current, node_secret(config.secret.expose().as_bytes()));
        node.keys.extend(keys);
        node.session_idle_ms =
            u64::try_from(config.wire.session_idle.as_millis()).unwrap_or(u64::MAX);
        node.sessions_per_address = config.wire.sessions_per_address;
        node.max_frame = frame_for(config.limits.body);
        let (begun, half_open) = (Instant::now(), Mutex::default());
        Ok(Some(Arc::new(Self { node, pins, begun, half_open })))
    }

    fn now(&self) -> Time {
        let milliseconds = |time: u128| u64::try_from(time).unwrap_or(u64::MAX);
        Time {
            monotonic: milliseconds(self.begun.elapsed().as_millis()),
            unix: milliseconds(
                SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis(),
            ),
        }
    }

    fn half_open(&self) -> MutexGuard<'_, FxHashMap<Slot, Arc<Notify>>> {
        self.half_open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Frames are short, since whoever sends the half of one holds memory; a message may have 64 of
/// them, and holds a body with what is said about it.
fn frame_for(body: usize) -> u32 {
    let whole = body.saturating_add(ABOUT_A_BODY);
    let part = u32::try_from(whole).unwrap_or(u32::MAX).div_ceil(MAX_FRAGMENTS);
    part.clamp(SHORTEST_FRAME, MAX_FRAME_EVER)
}

fn random() -> impl FnMut(&mut [u8]) -> Result<(), RandomFailed> {
    let system = SystemRandom::new();
    move |bytes: &mut [u8]| system.fill(bytes).map_err(|_| RandomFailed)
}

const SHORTEST_FRAME: u32 = 64 << 10;
/// Metadata or headers of a message.
const ABOUT_A_BODY: usize = 64 << 10;
