use std::net::IpAddr;

use super::Line;
use crate::crypto::kdf::sha256;
use crate::frame::{Flags, Kind};
use crate::handshake::init::take_prefixed;
use crate::handshake::response::refusal;
use crate::handshake::server::{Node, answer};
use crate::input::random_bytes;
use crate::limits::MAX_CALLS;
use crate::message::{Call, Failure, HANDSHAKE, Response, takes};
use crate::record::Sealer;
use crate::ticket::Ticket;
use crate::{Error, Misbehaviour, Misuse, Random, Time};

/// Answers a handshake. The body is what the client gets; an error is for the log.
pub fn handshake(
    node: &Node,
    body: &[u8],
    address: IpAddr,
    time: Time,
    random: &mut dyn Random,
) -> (Vec<u8>, Result<(), Error>) {
    let answered = answer(node, body, address, time, random);
    let mut frame = answered.frame;
    let granted = answered.outcome.and_then(|established| {
        let Some(established) = established else { return Ok(()) };
        let ticket = Ticket::of(&established, time, node.session_idle_ms);
        let ticket = Some(ticket.seal(&node.secret, time, random)?);
        let response = Response { in_reply_to: HANDSHAKE, ticket, ..Response::default() };
        let cipher = established.cipher();
        let mut sealer = Sealer::new(cipher, established.keys.to_client, 1, time.monotonic)?;
        let record =
            sealer.seal(Kind::RpcResponse, Flags::NONE, &response.encode(), time.monotonic)?;
        frame.extend(record);
        Ok(())
    });
    match granted {
        Ok(()) => (frame, Ok(())),
        Err(error) => (refusal(body), Err(error)),
    }
}

/// A request that was opened, and the response that grows as its calls are answered.
pub struct Post {
    /// The calls, by the numbers that their answers name.
    pub calls: Vec<(u64, Call)>,
    /// What the client's application hashes to.
    pub schema: [u8; 32],
    open: Vec<u64>,
    line: Line,
    max_frame: u32,
    renewed: Option<Vec<u8>>,
    body: Vec<u8>,
}

impl Post {
    /// Opens a request. Whatever the error, the response is [`Post::refused`].
    pub fn open(
        node: &Node,
        request: &[u8],
        time: Time,
        random: &mut dyn Random,
    ) -> Result<Post, Error> {
        let (sealed, rest) = take_prefixed(request).ok_or(Misbehaviour::WrongLength)?;
        let (call_id, rest) = rest.split_first_chunk::<16>().ok_or(Misbehaviour::WrongLength)?;
        let (fresh, frames) = rest.split_first_chunk::<16>().ok_or(Misbehaviour::WrongLength)?;
        let ticket = Ticket::open(&node.secret, sealed, time)?;
        let keys = (&ticket.post, ticket.cipher);
        let line = Line::request(keys, sealed, call_id, fresh)?;
        let messages = line.open(frames, node.max_frame, |kind| kind == Kind::RpcCall)?;
        if messages.is_empty() || messages.len() > MAX_CALLS {
            return Err(Misbehaviour::WrongLength.into());
        }
        let mut calls = Vec::with_capacity(messages.len());
        for message in messages {
            calls.push((message.sequence, Call::decode(&message.body)?));
        }
        let server_random = random_bytes::<32>(random)?;
        let line = Line::response(keys, &sha256(&[request]), &server_random)?;
        let left = ticket.expires.saturating_sub(time.unix);
        let renewed = if left < node.session_idle_ms / 2 {
            let ticket = ticket.renewed(time, node.session_idle_ms);
            Some(ticket.seal(&node.secret, time, random)?)
        } else {
            None
        };
        Ok(Post {
            open: calls.iter().map(|(number, _)| *number).collect(),
            calls,
            schema: ticket.schema,
            line,
            max_frame: node.max_frame,
            renewed,
            body: server_random.to_vec(),
        })
    }

    /// The response to a request that cannot be opened: "one constant reply".
    pub fn refused(request: &[u8]) -> Vec<u8> {
        refusal(request)
    }

    /// Answers a call with a result.
    pub fn respond(&mut self, mut response: Response) -> Result<(), Error> {
        takes(&response.headers)?;
        if response.ticket.is_none() {
            response.ticket = self.renewed.take();
        }
        self.answer(Kind::RpcResponse, response.in_reply_to, &response.encode())
    }

    /// Answers a call with an error.
    pub fn fail(&mut self, failure: &Failure) -> Result<(), Error> {
        self.answer(Kind::RpcError, failure.in_reply_to, &failure.encode())
    }

    /// The body of the response, when every call has its answer.
    pub fn finish(self) -> Result<Vec<u8>, Error> {
        if self.open.is_empty() { Ok(self.body) } else { Err(Misuse::UnknownRequest.into()) }
    }

    fn answer(&mut self, kind: Kind, number: u64, message: &[u8]) -> Result<(), Error> {
        let place = self.open.iter().position(|open| *open == number);
        let place = place.ok_or(Misuse::UnknownRequest)?;
        self.line.seal(kind, message, self.max_frame, &mut self.body)?;
        self.open.swap_remove(place);
        Ok(())
    }
}
