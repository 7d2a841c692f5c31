//! The client asks whether the server is there: every 60 s ± 10 %.

use std::collections::VecDeque;

use crate::input::random_bytes;
use crate::limits::HEARTBEAT_MISSES;
use crate::{Error, Misbehaviour, Random};

#[derive(Debug)]
pub(super) struct Heartbeat {
    interval_ms: u64,
    /// When the next one is sent.
    pub due: u64,
    /// Nonces without an echo, oldest first.
    pending: VecDeque<u64>,
}

impl Heartbeat {
    pub(super) fn new(seconds: u16, now: u64, random: &mut dyn Random) -> Result<Self, Error> {
        let interval_ms = u64::from(seconds).saturating_mul(1000);
        let mut heartbeat = Heartbeat { interval_ms, due: 0, pending: VecDeque::new() };
        heartbeat.schedule(now, random)?;
        Ok(heartbeat)
    }

    /// How many were missed in a row.
    pub(super) fn missed(&self) -> usize {
        self.pending.len()
    }

    /// Whether as many were missed as end a session.
    pub(super) fn is_lost(&self) -> bool {
        self.pending.len() >= HEARTBEAT_MISSES
    }

    /// The nonce of the next one, whose turn it is.
    pub(super) fn beat(&mut self, now: u64, random: &mut dyn Random) -> Result<u64, Error> {
        let nonce = u64::from_be_bytes(random_bytes(random)?);
        self.pending.push_back(nonce);
        self.schedule(now, random)?;
        Ok(nonce)
    }

    /// An echo. Those that were sent before it will have none any more: records keep their order.
    pub(super) fn echo(&mut self, nonce: u64) -> Result<(), Misbehaviour> {
        let place = self.pending.iter().position(|sent| *sent == nonce);
        let place = place.ok_or(Misbehaviour::UnknownHeartbeat)?;
        self.pending.drain(..=place);
        Ok(())
    }

    fn schedule(&mut self, now: u64, random: &mut dyn Random) -> Result<(), Error> {
        let jitter = u64::from(u16::from_be_bytes(random_bytes(random)?));
        let tenth = self.interval_ms / 10;
        let wait = tenth.saturating_mul(2).saturating_mul(jitter) >> 16;
        let least = self.interval_ms.saturating_sub(tenth);
        self.due = now.saturating_add(least).saturating_add(wait);
        Ok(())
    }
}
