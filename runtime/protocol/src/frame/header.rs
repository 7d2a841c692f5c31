use crate::Misbehaviour;

/// Bytes of a header.
pub const HEADER: usize = 16;

const VERSION: u8 = 1;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    HandshakeInit = 0x01,
    HandshakeResponse = 0x02,
    RpcCall = 0x10,
    RpcResponse = 0x11,
    RpcError = 0x12,
    Subscribe = 0x20,
    Event = 0x21,
    Heartbeat = 0x30,
    Close = 0xFF,
}

impl Kind {
    fn of(byte: u8) -> Option<Kind> {
        Some(match byte {
            0x01 => Kind::HandshakeInit,
            0x02 => Kind::HandshakeResponse,
            0x10 => Kind::RpcCall,
            0x11 => Kind::RpcResponse,
            0x12 => Kind::RpcError,
            0x20 => Kind::Subscribe,
            0x21 => Kind::Event,
            0x30 => Kind::Heartbeat,
            0xFF => Kind::Close,
            _ => return None,
        })
    }

    /// The flags that may stand on it.
    fn flags(self) -> Flags {
        match self {
            Kind::HandshakeInit => Flags::RESUME.with(Flags::COOKIE),
            Kind::HandshakeResponse => Flags::COOKIE,
            Kind::Heartbeat | Kind::Close => Flags::PADDED,
            _ => Flags::MORE.with(Flags::PADDED),
        }
    }

    /// What a server takes of an open session.
    pub fn from_client(self) -> bool {
        matches!(self, Kind::RpcCall | Kind::Subscribe | Kind::Heartbeat | Kind::Close)
    }

    /// What a client takes of an open session.
    pub fn from_server(self) -> bool {
        use Kind::{Close, Event, Heartbeat, RpcError, RpcResponse};
        matches!(self, RpcResponse | RpcError | Event | Heartbeat | Close)
    }
}

/// The bits of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags(u16);

impl Flags {
    pub const NONE: Flags = Flags(0);
    /// An INIT with a ticket.
    pub const RESUME: Flags = Flags(1);
    /// An INIT with a cookie, or a RESPONSE that is nothing but one.
    pub const COOKIE: Flags = Flags(1 << 1);
    /// The message goes on in the next frame.
    pub const MORE: Flags = Flags(1 << 2);
    /// The plaintext ends in padding.
    pub const PADDED: Flags = Flags(1 << 3);

    /// These and those.
    #[must_use]
    pub const fn with(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }

    /// Whether all of `other` are set.
    pub const fn has(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }
}

/// The first sixteen bytes of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub kind: Kind,
    pub flags: Flags,
    /// The low half of the sequence; in handshakes zero.
    pub sequence: u32,
    /// Bytes of ciphertext.
    pub length: u32,
    /// In handshakes the static key's id, in records the epoch.
    pub reserved: [u8; 4],
}

impl Header {
    /// The header's bytes.
    pub fn encode(&self) -> [u8; HEADER] {
        let [f0, f1] = self.flags.0.to_be_bytes();
        let [s0, s1, s2, s3] = self.sequence.to_be_bytes();
        let [l0, l1, l2, l3] = self.length.to_be_bytes();
        let [r0, r1, r2, r3] = self.reserved;
        [VERSION, self.kind as u8, f0, f1, s0, s1, s2, s3, l0, l1, l2, l3, r0, r1, r2, r3]
    }

    /// Reads a header of a type that is `allowed`.
    pub fn decode(
        bytes: &[u8; HEADER],
        allowed: impl Fn(Kind) -> bool,
    ) -> Result<Header, Misbehaviour> {
        let [version, kind, f0, f1, s0, s1, s2, s3, l0, l1, l2, l3, reserved @ ..] = *bytes;
        if version != VERSION {
            return Err(Misbehaviour::WrongVersion);
        }
        let kind = Kind::of(kind).filter(|kind| allowed(*kind)).ok_or(Misbehaviour::WrongType)?;
        let flags = Flags(u16::from_be_bytes([f0, f1]));
        if !kind.flags().has(flags) {
            return Err(Misbehaviour::WrongFlags);
        }
        Ok(Header {
            kind,
            flags,
            sequence: u32::from_be_bytes([s0, s1, s2, s3]),
            length: u32::from_be_bytes([l0, l1, l2, l3]),
            reserved,
        })
    }
}
