//! What a server says in an open session.

use super::{Open, Server, State};
use crate::frame::Kind;
use crate::handshake::server::Node;
use crate::message::{Failure, HANDSHAKE, Item, Response, takes};
use crate::{Error, Misuse, Random, Time};

impl Server {
    /// Answers a request with a result. The answer is final.
    pub fn respond(&mut self, response: &Response, time: Time) -> Result<(), Error> {
        takes(&response.headers)?;
        self.finish(Kind::RpcResponse, response.in_reply_to, &response.encode(), time)
    }

    /// Answers a request with an error. The answer is final.
    pub fn fail(&mut self, failure: &Failure, time: Time) -> Result<(), Error> {
        self.finish(Kind::RpcError, failure.in_reply_to, &failure.encode(), time)
    }

    /// Sends an item of a stream, or a change, for which the client has given credit.
    pub fn send(&mut self, item: &Item, time: Time) -> Result<(), Error> {
        let body = item.encode();
        let open = self.open()?;
        open.pipe.takes(&body)?;
        match open.requests.spend(item.in_reply_to) {
            None => Err(Misuse::UnknownRequest.into()),
            Some(false) => Err(Misuse::NoCredit.into()),
            Some(true) => self.write(Kind::Event, &body, time),
        }
    }

    /// How many items a request may still be sent.
    pub fn credit(&self, sequence: u64) -> u32 {
        match &self.state {
            State::Open(open) => open.requests.get(sequence).map_or(0, |request| request.credit),
            _ => 0,
        }
    }

    /// Gives the client a ticket, the first one or one that is good for longer.
    pub(super) fn grant(
        &mut self,
        node: &Node,
        time: Time,
        random: &mut dyn Random,
    ) -> Result<(), Error> {
        let State::Open(open) = &mut self.state else { return Ok(()) };
        if time.monotonic < open.renewal {
            return Ok(());
        }
        open.renewal = time.monotonic.saturating_add(node.session_idle_ms / 2);
        open.ticket = open.ticket.renewed(time, node.session_idle_ms);
        let ticket = Some(open.ticket.seal(&node.secret, time, random)?);
        let response = Response { in_reply_to: HANDSHAKE, ticket, ..Response::default() };
        self.write(Kind::RpcResponse, &response.encode(), time)
    }

    fn finish(&mut self, kind: Kind, request: u64, body: &[u8], time: Time) -> Result<(), Error> {
        let open = self.open()?;
        open.pipe.takes(body)?;
        if !open.requests.finish(request) {
            return Err(Misuse::UnknownRequest.into());
        }
        self.write(kind, body, time)
    }

    fn write(&mut self, kind: Kind, body: &[u8], time: Time) -> Result<(), Error> {
        let State::Open(open) = &mut self.state else { return Err(Misuse::NotOpen.into()) };
        open.pipe.send(kind, body, time.monotonic, &mut self.frames).map(|_| ())
    }

    fn open(&mut self) -> Result<&mut Open, Error> {
        match &mut self.state {
            State::Open(open) => Ok(open),
            _ => Err(Misuse::NotOpen.into()),
        }
    }
}
