use std::fmt;

use super::read::Table;
use super::write::{Field, table};
use super::{Pairs, reply::names};
use crate::Misbehaviour;

/// A call of a route.
#[derive(Clone, PartialEq, Eq)]
pub struct Call {
    pub method: String,
    /// The arguments as the route's codec wrote them; verified there before any is read.
    pub args: Vec<u8>,
    /// `authorization`, `abi`, `egroup`, `trace-id`, `timeout`.
    pub metadata: Pairs,
    /// Names the call for whoever sends it again.
    pub id: [u8; 16],
}

impl Call {
    pub fn encode(&self) -> Vec<u8> {
        table(&[
            Field::Text(&self.method),
            Field::Bytes(&self.args),
            Field::Pairs(&self.metadata),
            Field::Bytes(&self.id),
        ])
    }

    pub fn decode(body: &[u8]) -> Result<Call, Misbehaviour> {
        Call::read(body).ok_or(Misbehaviour::MalformedMessage)
    }

    fn read(body: &[u8]) -> Option<Call> {
        let table = Table::root(body)?;
        Some(Call {
            method: table.text(0)??.to_owned(),
            args: table.bytes(1)?.unwrap_or_default().to_vec(),
            metadata: table.pairs(2)?,
            id: table.bytes(3)??.try_into().ok()?,
        })
    }
}

/// Without arguments and values of metadata: among them are credentials.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("method", &self.method)
            .field("args", &self.args.len())
            .field("metadata", &names(&self.metadata))
            .finish_non_exhaustive()
    }
}
