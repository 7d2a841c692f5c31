//! Both halves of a session's records, and the frames that wait to be sent.

use std::collections::VecDeque;

use crate::frame::{Flags, Frame, Kind};
use crate::handshake::payload::Accepted;
use crate::record::{Assembly, Message, Opener, Sealer, fragments};
use crate::schedule::Traffic;
use crate::{Error, Misuse};

#[derive(Debug)]
pub(super) struct Pipe<Out, In> {
    sealer: Sealer<Out>,
    opener: Opener<In>,
    assembly: Assembly,
    max_frame: u32,
}

impl<Out, In> Pipe<Out, In> {
    pub(super) fn new(
        accepted: &Accepted,
        out: Traffic<Out>,
        incoming: Traffic<In>,
        now: u64,
    ) -> Result<Self, Error> {
        let records = u64::from(accepted.rekey_records);
        Ok(Pipe {
            sealer: Sealer::new(accepted.cipher, out, records, now)?,
            opener: Opener::new(accepted.cipher, incoming)?,
            assembly: Assembly::default(),
            max_frame: accepted.max_frame,
        })
    }

    /// Seals a message into as many frames as it takes; returns the sequence of the first.
    pub(super) fn send(
        &mut self,
        kind: Kind,
        body: &[u8],
        now: u64,
        frames: &mut VecDeque<Vec<u8>>,
    ) -> Result<u64, Error> {
        let first = self.sealer.next();
        for (flags, part) in fragments(body, self.max_frame)? {
            frames.push_back(self.sealer.seal(kind, flags, part, now)?);
        }
        Ok(first)
    }

    /// Whether a message of this length can be sent.
    pub(super) fn takes(&self, body: &[u8]) -> Result<(), Misuse> {
        fragments(body, self.max_frame).map(|_| ())
    }

    /// Says that nothing will follow.
    pub(super) fn close(&mut self, now: u64, frames: &mut VecDeque<Vec<u8>>) -> Result<(), Error> {
        frames.push_back(self.sealer.seal(Kind::Close, Flags::NONE, &[], now)?);
        Ok(())
    }

    /// Bytes of an incoming message that wait for its rest.
    pub(super) fn held(&self) -> usize {
        self.assembly.held()
    }

    /// Opens the next frame; returns the message that it completes.
    pub(super) fn receive(
        &mut self,
        bytes: &[u8],
        allowed: impl Fn(Kind) -> bool,
    ) -> Result<Option<Message>, Error> {
        let frame = Frame::read(bytes, self.max_frame, allowed)?;
        let sequence = self.opener.next();
        let plaintext = self.opener.open(&frame)?;
        Ok(self.assembly.take(frame.header, sequence, plaintext)?)
    }
}
