//! A FlatBuffers table in the bytes of a peer. Every offset is checked where it is followed, and
//! what is read costs no more than a small multiple of what came.

#![expect(
    clippy::option_option,
    reason = "the outer says whether the bytes make sense, the inner whether the field is there"
)]

use super::Pairs;
use crate::limits::MAX_PAIRS;

/// A table: `None` where bytes do not make one.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    bytes: &'a [u8],
    at: usize,
    vtable: &'a [u8],
}

impl<'a> Table<'a> {
    /// The table that a buffer is.
    pub(super) fn root(bytes: &'a [u8]) -> Option<Table<'a>> {
        Table::new(bytes, follow(bytes, 0)?)
    }

    fn new(bytes: &'a [u8], at: usize) -> Option<Table<'a>> {
        let back = i64::from(i32::from_le_bytes(*chunk(bytes, at)?));
        let vtable = usize::try_from(i64::try_from(at).ok()?.checked_sub(back)?).ok()?;
        let size = usize::from(u16::from_le_bytes(*chunk(bytes, vtable)?));
        if size < 4 || !size.is_multiple_of(2) {
            return None;
        }
        Some(Table { bytes, at, vtable: bytes.get(vtable..vtable.checked_add(size)?)? })
    }

    /// Where a field lies: `Some(None)` when it is absent.
    fn place(&self, id: usize) -> Option<Option<usize>> {
        let Some(entry) = chunk::<2>(self.vtable, id.checked_mul(2)?.checked_add(4)?) else {
            return Some(None);
        };
        match usize::from(u16::from_le_bytes(*entry)) {
            0 => Some(None),
            offset => Some(Some(self.at.checked_add(offset)?)),
        }
    }

    fn scalar<const N: usize>(&self, id: usize) -> Option<[u8; N]> {
        match self.place(id)? {
            None => Some([0; N]),
            Some(at) => chunk(self.bytes, at).copied(),
        }
    }

    pub(super) fn u8(&self, id: usize) -> Option<u8> {
        self.scalar(id).map(u8::from_le_bytes)
    }

    pub(super) fn u16(&self, id: usize) -> Option<u16> {
        self.scalar(id).map(u16::from_le_bytes)
    }

    pub(super) fn u32(&self, id: usize) -> Option<u32> {
        self.scalar(id).map(u32::from_le_bytes)
    }

    pub(super) fn u64(&self, id: usize) -> Option<u64> {
        self.scalar(id).map(u64::from_le_bytes)
    }

    /// A vector of bytes; `Some(None)` when it is absent.
    pub(super) fn bytes(&self, id: usize) -> Option<Option<&'a [u8]>> {
        match self.place(id)? {
            None => Some(None),
            Some(at) => Some(Some(vector(self.bytes, at, 1)?)),
        }
    }

    /// A text; `Some(None)` when it is absent.
    pub(super) fn text(&self, id: usize) -> Option<Option<&'a str>> {
        match self.bytes(id)? {
            None => Some(None),
            Some(bytes) => Some(Some(str::from_utf8(bytes).ok()?)),
        }
    }

    /// Names with values. Their texts may lie in one place, but together they are not longer than
    /// the buffer.
    pub(super) fn pairs(&self, id: usize) -> Option<Pairs> {
        let Some(at) = self.place(id)? else { return Some(Vec::new()) };
        let start = follow(self.bytes, at)?.checked_add(4)?;
        let count = vector(self.bytes, at, 4)?.len().checked_div(4)?;
        if count > MAX_PAIRS {
            return None;
        }
        let mut left = self.bytes.len();
        let mut pairs = Vec::with_capacity(count);
        for index in 0..count {
            let entry = start.checked_add(index.checked_mul(4)?)?;
            let pair = Table::new(self.bytes, follow(self.bytes, entry)?)?;
            let mut text = |id| {
                let bytes = pair.bytes(id)?.unwrap_or_default();
                left = left.checked_sub(bytes.len())?;
                str::from_utf8(bytes).ok().map(String::from)
            };
            pairs.push((text(0)?, text(1)?));
        }
        Some(pairs)
    }
}

/// The `N` bytes at a place.
fn chunk<const N: usize>(bytes: &[u8], at: usize) -> Option<&[u8; N]> {
    bytes.get(at..)?.first_chunk()
}

/// Where the offset at a place leads.
fn follow(bytes: &[u8], at: usize) -> Option<usize> {
    at.checked_add(usize::try_from(u32::from_le_bytes(*chunk(bytes, at)?)).ok()?)
}

/// The elements, of `size` bytes each, of the vector that the offset at a place leads to.
fn vector(bytes: &[u8], at: usize, size: usize) -> Option<&[u8]> {
    let at = follow(bytes, at)?;
    let count = usize::try_from(u32::from_le_bytes(*chunk(bytes, at)?)).ok()?;
    let start = at.checked_add(4)?;
    bytes.get(start..start.checked_add(count.checked_mul(size)?)?)
}
