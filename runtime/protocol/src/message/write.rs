//! One FlatBuffers table, front to back: offset of the root, vtable, table, what it points to.

/// A field by its type; its id is its place.
pub(super) enum Field<'a> {
    Absent,
    U8(u8),
    U16(u16),
    U32(u32),
    U64(u64),
    Bytes(&'a [u8]),
    Text(&'a str),
    Pairs(&'a [(String, String)]),
}

impl Field<'_> {
    fn size(&self) -> usize {
        match self {
            Field::Absent => 0,
            Field::U8(_) => 1,
            Field::U16(_) => 2,
            Field::U64(_) => 8,
            Field::U32(_) | Field::Bytes(_) | Field::Text(_) | Field::Pairs(_) => 4,
        }
    }
}

/// A buffer whose root is the table of these fields.
pub(super) fn table(fields: &[Field<'_>]) -> Vec<u8> {
    let mut buffer = Buffer::default();
    let vtable = 4;
    let start = aligned(fields.len().saturating_mul(2).saturating_add(8), 8);
    let mut end: usize = 4;
    let mut places = Vec::with_capacity(fields.len());
    for field in fields {
        let size = field.size();
        if size == 0 {
            places.push(0);
            continue;
        }
        let place = aligned(end, size);
        places.push(place);
        end = place.saturating_add(size);
    }
    buffer.u32(start);
    buffer.u16(fields.len().saturating_mul(2).saturating_add(4));
    buffer.u16(end);
    for place in &places {
        buffer.u16(*place);
    }
    buffer.bytes.resize(start.saturating_add(end), 0);
    buffer.put(start, &length(start.saturating_sub(vtable)));
    for (field, place) in fields.iter().zip(places) {
        let at = start.saturating_add(place);
        match field {
            Field::Absent => {}
            Field::U8(value) => buffer.put(at, &[*value]),
            Field::U16(value) => buffer.put(at, &value.to_le_bytes()),
            Field::U32(value) => buffer.put(at, &value.to_le_bytes()),
            Field::U64(value) => buffer.put(at, &value.to_le_bytes()),
            Field::Bytes(bytes) => {
                buffer.point(at);
                buffer.vector(bytes);
            }
            Field::Text(text) => buffer.text(at, text),
            Field::Pairs(pairs) => buffer.pairs(at, pairs),
        }
    }
    buffer.bytes
}

#[derive(Default)]
struct Buffer {
    bytes: Vec<u8>,
}

impl Buffer {
    fn u16(&mut self, value: usize) {
        self.bytes.extend_from_slice(&u16::try_from(value).unwrap_or(u16::MAX).to_le_bytes());
    }

    fn u32(&mut self, value: usize) {
        self.bytes.extend_from_slice(&length(value));
    }

    fn put(&mut self, at: usize, value: &[u8]) {
        for (to, from) in self.bytes.iter_mut().skip(at).zip(value) {
            *to = *from;
        }
    }

    /// Lets the offset at `at` point to what is written next.
    fn point(&mut self, at: usize) {
        self.bytes.resize(aligned(self.bytes.len(), 4), 0);
        let distance = self.bytes.len().saturating_sub(at);
        self.put(at, &length(distance));
    }

    fn vector(&mut self, bytes: &[u8]) {
        self.u32(bytes.len());
        self.bytes.extend_from_slice(bytes);
    }

    fn text(&mut self, at: usize, text: &str) {
        self.point(at);
        self.vector(text.as_bytes());
        self.bytes.push(0);
    }

    fn pairs(&mut self, at: usize, pairs: &[(String, String)]) {
        self.point(at);
        self.u32(pairs.len());
        let mut offset = self.bytes.len();
        self.bytes.resize(offset.saturating_add(pairs.len().saturating_mul(4)), 0);
        for (key, value) in pairs {
            self.bytes.resize(aligned(self.bytes.len(), 4), 0);
            [8, 12, 4, 8].into_iter().for_each(|entry| self.u16(entry));
            self.point(offset);
            let entry = self.bytes.len();
            self.u32(8);
            self.bytes.resize(entry.saturating_add(12), 0);
            self.text(entry.saturating_add(4), key);
            self.text(entry.saturating_add(8), value);
            offset = offset.saturating_add(4);
        }
    }
}

fn length(value: usize) -> [u8; 4] {
    u32::try_from(value).unwrap_or(u32::MAX).to_le_bytes()
}

fn aligned(value: usize, to: usize) -> usize {
    value.checked_next_multiple_of(to).unwrap_or(value)
}
