use super::read::Table;
use super::write::{Field, table};
use crate::Misbehaviour;

/// What SUBSCRIBE asks for. `target` is the sequence of a call or of a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subscribe {
    /// Changes of a topic, as many as `credit` at first.
    Subscribe { topic: String, credit: u32 },
    /// No more changes; the subscription is answered like a call that has ended.
    Unsubscribe { target: u64 },
    /// A call is not waited for any more; it is answered all the same.
    Cancel { target: u64 },
    /// As many more items of a stream, or changes.
    Credit { target: u64, n: u32 },
}

impl Subscribe {
    pub fn encode(&self) -> Vec<u8> {
        let (op, target, n, topic) = match self {
            Subscribe::Subscribe { topic, credit } => (0, 0, *credit, Field::Text(topic)),
            Subscribe::Unsubscribe { target } => (1, *target, 0, Field::Absent),
            Subscribe::Cancel { target } => (2, *target, 0, Field::Absent),
            Subscribe::Credit { target, n } => (3, *target, *n, Field::Absent),
        };
        table(&[Field::U8(op), Field::U64(target), Field::U32(n), topic])
    }

    pub fn decode(body: &[u8]) -> Result<Subscribe, Misbehaviour> {
        Subscribe::read(body).ok_or(Misbehaviour::MalformedMessage)
    }

    fn read(body: &[u8]) -> Option<Subscribe> {
        let table = Table::root(body)?;
        let (target, n) = (table.u64(1)?, table.u32(2)?);
        Some(match table.u8(0)? {
            0 => Subscribe::Subscribe { topic: table.text(3)??.to_owned(), credit: n },
            1 => Subscribe::Unsubscribe { target },
            2 => Subscribe::Cancel { target },
            3 => Subscribe::Credit { target, n },
            _ => return None,
        })
    }
}
