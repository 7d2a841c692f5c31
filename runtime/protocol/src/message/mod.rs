//! Messages: FlatBuffers tables, as `fixtures/wire/raystream.fbs` says (wire document, Messages
//! inside).

mod write;
mod read;
mod call;
mod reply;
mod subscribe;

pub use call::Call;
pub use reply::{Failure, HANDSHAKE, Item, Response};
pub use subscribe::Subscribe;

use crate::limits::MAX_PAIRS;
use crate::{Misbehaviour, Misuse};
use read::Table;
use write::{Field, table};

/// Names with values: a call's metadata, a response's headers.
pub type Pairs = Vec<(String, String)>;

/// Whether a peer takes so many.
pub(crate) fn takes(pairs: &Pairs) -> Result<(), Misuse> {
    if pairs.len() <= MAX_PAIRS { Ok(()) } else { Err(Misuse::TooManyPairs) }
}

/// Writes the body of a HEARTBEAT.
pub fn encode_heartbeat(nonce: u64) -> Vec<u8> {
    table(&[Field::U64(nonce)])
}

/// Reads the body of a HEARTBEAT.
pub fn decode_heartbeat(body: &[u8]) -> Result<u64, Misbehaviour> {
    let nonce = Table::root(body).and_then(|table| table.u64(0));
    nonce.ok_or(Misbehaviour::MalformedMessage)
}
