//! Writes FlatBuffers forwards: a table before what it points to, its vtable behind both.
//!
//! The `flatbuffers` crate writes backwards and lays tables out by itself; the bytes have to be
//! those of the JavaScript codecs, hence the few lines here.

use super::{
    expected,
    fault::{Fault, Read},
    plan::{Cell, Table},
};

/// Offsets are 31 bits wide.
const MAX_BYTES: usize = 0x4000_0000;

pub struct Writer {
    out: Vec<u8>,
    /// The vtables of the tables that are open, each as it will stand.
    entries: Vec<u8>,
    /// The vtable that was written last for each kind of table.
    vtables: Vec<(u32, usize)>,
}

/// A table whose fields are being written.
#[derive(Clone, Copy)]
pub struct Open {
    at: usize,
    /// Where its vtable's entries begin.
    entries: usize,
}

impl Writer {
    pub fn new() -> Self {
        let mut out = Vec::with_capacity(256);
        out.resize(4, 0);
        Self { out, entries: Vec::with_capacity(64), vtables: Vec::with_capacity(4) }
    }

    pub fn finish(self) -> Vec<u8> {
        self.out
    }

    /// A table that the offset at `at` leads to.
    pub fn open(&mut self, at: usize, table: &Table) -> Read<Open> {
        // The first wide field stands behind the offset of the vtable.
        let width = if table.wide { 8 } else { 4 };
        let place = self.reserve(at, width, table.size)?;
        let entries = self.entries.len();
        self.entries.resize(entries + 2 * table.entries, 0);
        Ok(Open { at: place, entries })
    }

    /// Where a field goes, which is from now on present.
    #[allow(clippy::cast_possible_truncation, reason = "tables have at most 65 535 bytes")]
    pub fn cell(&mut self, open: Open, cell: Cell) -> usize {
        let entry = open.entries + 2 * usize::from(cell.id);
        if let Some(bytes) = self.entries.get_mut(entry..entry + 2) {
            bytes.copy_from_slice(&(cell.at as u16).to_le_bytes());
        }
        open.at + cell.at
    }

    /// Ends a table: its vtable is shared with the table before of the same kind and fields.
    pub fn close(&mut self, open: Open, table: &Table) -> Read<()> {
        let entries = &self.entries[open.entries..];
        let known = self.vtables.iter_mut().find(|(id, _)| *id == table.id);
        let vtable = match &known {
            Some((_, vtable))
                if self.out.get(vtable + 4..vtable + 4 + entries.len()) == Some(entries) =>
            {
                *vtable
            }
            _ => {
                self.out.resize(self.out.len().next_multiple_of(2), 0);
                let vtable = self.out.len();
                self.out.extend_from_slice(&short(4 + entries.len()));
                self.out.extend_from_slice(&short(table.size));
                self.out.extend_from_slice(entries);
                match known {
                    Some((_, known)) => *known = vtable,
                    None => self.vtables.push((table.id, vtable)),
                }
                vtable
            }
        };
        self.entries.truncate(open.entries);
        let back = offset(open.at) - offset(vtable);
        self.put(open.at, back.to_le_bytes());
        if self.out.len() > MAX_BYTES { Err(too_large()) } else { Ok(()) }
    }

    /// A vector of `count` elements of `width` bytes: where the first one goes.
    pub fn vector(&mut self, at: usize, count: usize, width: usize) -> Read<usize> {
        let length = count.checked_mul(width).filter(|length| *length < MAX_BYTES);
        let length = 4 + length.ok_or_else(too_large)?;
        let place = self.reserve(at, width.max(4), length)?;
        self.put(place, offset(count).to_le_bytes());
        Ok(place + 4)
    }

    pub fn bytes(&mut self, at: usize, bytes: &[u8]) -> Read<()> {
        let first = self.vector(at, bytes.len(), 1)?;
        self.out[first..].copy_from_slice(bytes);
        Ok(())
    }

    pub fn string(&mut self, at: usize, text: &str) -> Read<()> {
        self.bytes(at, text.as_bytes())?;
        self.out.push(0);
        Ok(())
    }

    pub fn put<const N: usize>(&mut self, at: usize, bytes: [u8; N]) {
        self.out[at..at + N].copy_from_slice(&bytes);
    }

    /// Zeros for the offset at `at` to lead to, aligned such that what stands behind their first
    /// four bytes is a multiple of `width`.
    fn reserve(&mut self, at: usize, width: usize, length: usize) -> Read<usize> {
        let place = (self.out.len() + 4).next_multiple_of(width) - 4;
        let end = place + length;
        if end > MAX_BYTES {
            return Err(too_large());
        }
        self.out.resize(end, 0);
        self.put(at, offset(place - at).to_le_bytes());
        Ok(place)
    }
}

/// Within [`MAX_BYTES`].
fn offset(bytes: usize) -> i32 {
    i32::try_from(bytes).unwrap_or(i32::MAX)
}

fn short(bytes: usize) -> [u8; 2] {
    u16::try_from(bytes).unwrap_or(u16::MAX).to_le_bytes()
}

#[cold]
fn too_large() -> Fault {
    Fault::whole(expected::TOO_LARGE)
}
