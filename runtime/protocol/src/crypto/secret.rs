//! Keys as types: each is wiped when dropped, shows nothing when printed, and fits one use.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

macro_rules! secrets {
    ($($(#[$doc:meta])* $name:ident: $length:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Zeroize, ZeroizeOnDrop)]
        pub struct $name([u8; $length]);

        impl $name {
            /// Takes the bytes of a key that was made elsewhere.
            pub fn new(bytes: [u8; $length]) -> Self {
                $name(bytes)
            }

            /// The bytes, for a primitive or a known answer. They belong into no log.
            pub fn expose(&self) -> &[u8; $length] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}

secrets! {
    /// Seals one payload of a handshake.
    HandshakeKey: 32;
    /// Noise's chaining key.
    ChainingKey: 32;
    /// The output of Noise's `Split()`, k1 ‖ k2.
    SplitKeys: 64;
    /// The root of a session's keys.
    Prk: 32;
    /// Seals the records of one direction.
    TrafficKey: 32;
    /// What a record's nonce is combined with.
    TrafficIv: 12;
    /// Proves, in a resumed handshake, that a client had the channel of its ticket.
    ResumePsk: 32;
    /// For other protocols that bind themselves to a session.
    Exporter: 32;
    /// The root of the keys of sessionless POSTs.
    PostSecret: 32;
    /// What HKDF extracts of `KONTRACT_SECRET`, which all gateways share.
    NodeSecret: 32;
    /// Seals tickets for twelve hours.
    TicketKey: 32;
    /// Makes cookies.
    CookieKey: 32;
}
