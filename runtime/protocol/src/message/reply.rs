use std::fmt;

use super::Pairs;
use super::read::Table;
use super::write::{Field, table};
use crate::Misbehaviour;

/// What the record that brings a ticket replies to: no request has this number.
pub const HANDSHAKE: u64 = u64::MAX;

/// The final answer to a request, or the end of a stream.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Response {
    /// The sequence of the request's first frame.
    pub in_reply_to: u64,
    pub status: u16,
    pub headers: Pairs,
    pub result: Vec<u8>,
    /// Another ticket of the channel, good for longer.
    pub ticket: Option<Vec<u8>>,
}

impl Response {
    pub fn encode(&self) -> Vec<u8> {
        table(&[
            Field::U64(self.in_reply_to),
            Field::U16(self.status),
            Field::Pairs(&self.headers),
            Field::Bytes(&self.result),
            self.ticket.as_deref().map_or(Field::Absent, Field::Bytes),
        ])
    }

    pub fn decode(body: &[u8]) -> Result<Response, Misbehaviour> {
        Response::read(body).ok_or(Misbehaviour::MalformedMessage)
    }

    fn read(body: &[u8]) -> Option<Response> {
        let table = Table::root(body)?;
        Some(Response {
            in_reply_to: table.u64(0)?,
            status: table.u16(1)?,
            headers: table.pairs(2)?,
            result: table.bytes(3)?.unwrap_or_default().to_vec(),
            ticket: table.bytes(4)?.map(<[u8]>::to_vec),
        })
    }
}

/// The other final answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Failure {
    pub in_reply_to: u64,
    pub code: String,
    pub message: String,
    pub status: u16,
    /// Where in the arguments the fault is.
    pub path: Option<String>,
    /// "a stack only in `dev` and only to loopback"
    pub stack: Option<String>,
}

impl Failure {
    pub fn encode(&self) -> Vec<u8> {
        table(&[
            Field::U64(self.in_reply_to),
            Field::Text(&self.code),
            Field::Text(&self.message),
            Field::U16(self.status),
            self.path.as_deref().map_or(Field::Absent, Field::Text),
            self.stack.as_deref().map_or(Field::Absent, Field::Text),
        ])
    }

    pub fn decode(body: &[u8]) -> Result<Failure, Misbehaviour> {
        Failure::read(body).ok_or(Misbehaviour::MalformedMessage)
    }

    fn read(body: &[u8]) -> Option<Failure> {
        let table = Table::root(body)?;
        Some(Failure {
            in_reply_to: table.u64(0)?,
            code: table.text(1)??.to_owned(),
            message: table.text(2)?.unwrap_or_default().to_owned(),
            status: table.u16(3)?,
            path: table.text(4)?.map(str::to_owned),
            stack: table.text(5)?.map(str::to_owned),
        })
    }
}

/// A subscription's change, or a stream's next item.
#[derive(Clone, PartialEq, Eq)]
pub struct Item {
    pub in_reply_to: u64,
    pub item: Vec<u8>,
}

impl Item {
    pub fn encode(&self) -> Vec<u8> {
        table(&[Field::U64(self.in_reply_to), Field::Bytes(&self.item)])
    }

    pub fn decode(body: &[u8]) -> Result<Item, Misbehaviour> {
        Item::read(body).ok_or(Misbehaviour::MalformedMessage)
    }

    fn read(body: &[u8]) -> Option<Item> {
        let table = Table::root(body)?;
        let item = table.bytes(1)?.unwrap_or_default().to_vec();
        Some(Item { in_reply_to: table.u64(0)?, item })
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("in_reply_to", &self.in_reply_to)
            .field("status", &self.status)
            .field("headers", &names(&self.headers))
            .field("result", &self.result.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Item")
            .field("in_reply_to", &self.in_reply_to)
            .field("item", &self.item.len())
            .finish()
    }
}

/// What may be shown of pairs.
pub(super) fn names(pairs: &Pairs) -> Vec<&str> {
    pairs.iter().map(|(name, _)| name.as_str()).collect()
}
