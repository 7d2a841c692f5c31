//! Reads FlatBuffers from whoever sent them: every offset is checked against the buffer, and what
//! is visited may not come to more than a few times its length, so that offsets that share a target
//! multiply nothing.
//!
//! The `flatbuffers` crate verifies a whole message against a type that was known when it was
//! compiled; here types come from a manifest, and each is checked as it is read.

use super::{
    expected,
    fault::{Fault, Read},
    plan::{Cell, Table},
};

pub struct Reader<'b> {
    pub bytes: &'b [u8],
    /// Bytes that may still be visited.
    left: usize,
}

/// A table with its vtable.
#[derive(Clone, Copy)]
pub struct View {
    at: usize,
    vtable: usize,
    /// Bytes of the vtable.
    entries: usize,
    /// Bytes of the table.
    size: usize,
}

/// The elements of a vector.
#[derive(Clone, Copy)]
pub struct Vector {
    pub first: usize,
    pub count: usize,
}

impl<'b> Reader<'b> {
    pub fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, left: 4 * bytes.len() + 1024 }
    }

    /// The table that the offset at `at` leads to.
    pub fn table(&mut self, at: usize, table: &Table) -> Read<View> {
        let place = self.target(at)?;
        let back = self.i32(place)?;
        let vtable = i64::try_from(place).unwrap_or(i64::MAX) - i64::from(back);
        let vtable = usize::try_from(vtable).map_err(|_| Fault::malformed())?;
        if vtable + 4 > self.bytes.len() {
            return Err(Fault::malformed());
        }
        let view = View {
            at: place,
            vtable,
            entries: usize::from(self.u16(vtable)?),
            size: usize::from(self.u16(vtable + 2)?),
        };
        if view.entries < 4
            || !view.entries.is_multiple_of(2)
            || view.size < 4
            || vtable + view.entries > self.bytes.len()
            || place + view.size > self.bytes.len()
        {
            return Err(Fault::malformed());
        }
        self.visit(view.size + 4)?;
        self.closed(view, table)?;
        Ok(view)
    }

    /// Nobody sends a server fields that it does not know: its clients are as old as it, or older.
    fn closed(&self, view: View, table: &Table) -> Read<()> {
        for entry in (4 + 2 * table.entries..view.entries).step_by(2) {
            if self.u16(view.vtable + entry)? != 0 {
                return Err(Fault::new(expected::UNKNOWN_FIELD));
            }
        }
        Ok(())
    }

    /// Where a field is; None where it is absent.
    pub fn cell(&self, view: View, cell: Cell) -> Read<Option<usize>> {
        let entry = 4 + 2 * usize::from(cell.id);
        if entry >= view.entries {
            return Ok(None);
        }
        match usize::from(self.u16(view.vtable + entry)?) {
            0 => Ok(None),
            offset if offset < 4 || offset >= view.size => Err(Fault::whole(expected::MALFORMED)),
            offset => Ok(Some(view.at + offset)),
        }
    }

    /// The vector of elements of `width` bytes that the offset at `at` leads to.
    pub fn vector(&mut self, at: usize, width: usize) -> Read<Vector> {
        let place = self.target(at)?;
        let count = self.u32(place)? as usize;
        let length =
            count.checked_mul(width).filter(|length| *length <= self.bytes.len() - 4 - place);
        self.visit(length.ok_or_else(Fault::malformed)? + 4)?;
        Ok(Vector { first: place + 4, count })
    }

    /// The bytes of a vector of such.
    pub fn slice(&mut self, at: usize) -> Read<&'b [u8]> {
        let Vector { first, count } = self.vector(at, 1)?;
        self.bytes.get(first..first + count).ok_or_else(Fault::malformed)
    }

    /// The target of the offset at `at`, with at least 4 bytes behind it.
    fn target(&self, at: usize) -> Read<usize> {
        let place = at + self.u32(at)? as usize;
        if place + 4 > self.bytes.len() { Err(Fault::malformed()) } else { Ok(place) }
    }

    fn visit(&mut self, bytes: usize) -> Read<()> {
        self.left = self.left.checked_sub(bytes).ok_or_else(Fault::malformed)?;
        Ok(())
    }

    /// A field may lie beyond the end.
    fn array<const N: usize>(&self, at: usize) -> Read<[u8; N]> {
        match self.bytes.get(at..).and_then(|rest| rest.first_chunk()) {
            Some(bytes) => Ok(*bytes),
            None => Err(Fault::whole(expected::MALFORMED)),
        }
    }

    pub fn u8(&self, at: usize) -> Read<u8> {
        self.array(at).map(|[byte]| byte)
    }

    pub fn i8(&self, at: usize) -> Read<i8> {
        self.array(at).map(i8::from_le_bytes)
    }

    pub fn u16(&self, at: usize) -> Read<u16> {
        self.array(at).map(u16::from_le_bytes)
    }

    pub fn i16(&self, at: usize) -> Read<i16> {
        self.array(at).map(i16::from_le_bytes)
    }

    pub fn u32(&self, at: usize) -> Read<u32> {
        self.array(at).map(u32::from_le_bytes)
    }

    pub fn i32(&self, at: usize) -> Read<i32> {
        self.array(at).map(i32::from_le_bytes)
    }

    pub fn u64(&self, at: usize) -> Read<u64> {
        self.array(at).map(u64::from_le_bytes)
    }

    pub fn i64(&self, at: usize) -> Read<i64> {
        self.array(at).map(i64::from_le_bytes)
    }

    pub fn f32(&self, at: usize) -> Read<f32> {
        self.array(at).map(f32::from_le_bytes)
    }

    pub fn f64(&self, at: usize) -> Read<f64> {
        self.array(at).map(f64::from_le_bytes)
    }
}
