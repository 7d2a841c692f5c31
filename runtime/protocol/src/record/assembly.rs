//! Messages of several frames: every frame but the last has MORE, and all have one type.

use super::unpad;
use crate::frame::{Flags, Header, Kind};
use crate::limits::{MAX_FRAGMENTS, MAX_MESSAGE};
use crate::{Misbehaviour, Misuse};

/// A message that has arrived whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub kind: Kind,
    /// The sequence of its first frame, by which answers name it.
    pub sequence: u64,
    pub body: Vec<u8>,
}

/// What has arrived of a message so far.
#[derive(Debug, Default)]
pub struct Assembly {
    begun: Option<Begun>,
}

#[derive(Debug)]
struct Begun {
    message: Message,
    fragments: u32,
}

impl Assembly {
    /// Takes the plaintext of the next frame; returns the message that it completes. Between the
    /// frames of a message only CLOSE may come.
    pub fn take(
        &mut self,
        header: Header,
        sequence: u64,
        plaintext: Vec<u8>,
    ) -> Result<Option<Message>, Misbehaviour> {
        let body =
            if header.flags.has(Flags::PADDED) { unpad(&plaintext)?.to_vec() } else { plaintext };
        let kind = header.kind;
        let begun = match self.begun.take() {
            None => Begun { message: Message { kind, sequence, body }, fragments: 1 },
            Some(_) if kind == Kind::Close => {
                Begun { message: Message { kind, sequence, body }, fragments: 1 }
            }
            Some(begun) if begun.message.kind != kind => return Err(Misbehaviour::Interrupted),
            Some(mut begun) => {
                begun.message.body.extend_from_slice(&body);
                begun.fragments = begun.fragments.saturating_add(1);
                begun
            }
        };
        if begun.message.body.len() > MAX_MESSAGE {
            return Err(Misbehaviour::MessageTooLong);
        }
        if !header.flags.has(Flags::MORE) {
            return Ok(Some(begun.message));
        }
        // The frame that completes the message counts, too.
        if begun.fragments >= MAX_FRAGMENTS {
            return Err(Misbehaviour::TooManyFragments);
        }
        self.begun = Some(begun);
        Ok(None)
    }

    /// Bytes of a message that wait for its rest.
    pub fn held(&self) -> usize {
        self.begun.as_ref().map_or(0, |begun| begun.message.body.len())
    }

    /// Whether nothing waits for its rest.
    pub fn is_empty(&self) -> bool {
        self.begun.is_none()
    }
}

/// Divides a message into the plaintexts of its frames, each with its flags.
pub fn fragments(message: &[u8], max_frame: u32) -> Result<Vec<(Flags, &[u8])>, Misuse> {
    let size = usize::try_from(max_frame).unwrap_or(usize::MAX).max(1);
    let count = message.len().div_ceil(size).max(1);
    let most = usize::try_from(MAX_FRAGMENTS).unwrap_or(usize::MAX);
    if message.len() > MAX_MESSAGE || count > most {
        return Err(Misuse::MessageTooLong);
    }
    if message.is_empty() {
        return Ok(vec![(Flags::NONE, message)]);
    }
    let last = count.saturating_sub(1);
    let flags = |index| if index == last { Flags::NONE } else { Flags::MORE };
    Ok(message.chunks(size).enumerate().map(|(index, part)| (flags(index), part)).collect())
}
