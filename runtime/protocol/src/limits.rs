//! Bounds on what a peer can make us keep or do (wire document, Errors and limits).

/// A frame's ciphertext, unless the server says otherwise.
pub const MAX_FRAME: u32 = 1 << 20;
/// What a server may say at most.
pub const MAX_FRAME_EVER: u32 = 16 << 20;
/// What it may say at least: messages of 64 frames must stay useful.
pub const MIN_FRAME: u32 = 4 << 10;
/// A message of several frames.
pub const MAX_MESSAGE: usize = 16 << 20;
/// Frames of one message.
pub const MAX_FRAGMENTS: u32 = 64;
/// Calls in flight in a session, and messages of a POST.
pub const MAX_CALLS: usize = 128;
/// Subscriptions of a session.
pub const MAX_SUBSCRIPTIONS: usize = 64;
/// Pairs of a call's metadata or a response's headers.
pub const MAX_PAIRS: usize = 64;

/// A sender changes its key after so many records …
pub const REKEY_RECORDS: u64 = 1 << 20;
/// … or bytes of ciphertext …
pub const REKEY_BYTES: u64 = 1 << 36;
/// … or milliseconds.
pub const REKEY_MS: u64 = 15 * 60 * 1000;
/// A receiver takes no more records under one key.
pub const EPOCH_RECORDS: u64 = 1 << 23;
/// The sequence at which a session ends.
pub const LAST_SEQUENCE: u64 = 1 << 48;

/// How long a client waits for the answer to its INIT.
pub const HANDSHAKE_WAIT_MS: u64 = 5_000;
/// How often it then tries again, with a new ephemeral key.
pub const HANDSHAKE_RETRIES: u32 = 2;
/// How long a server waits for the first record.
pub const UNCONFIRMED_MS: u64 = 10_000;
/// INITs that one connection may send: retries, cookies, tickets that were refused.
pub const INITS_PER_CONNECTION: u32 = 16;
/// Seconds between heartbeats, give or take a tenth.
pub const HEARTBEAT_S: u16 = 60;
/// Heartbeats without an echo after which the session has ended.
pub const HEARTBEAT_MISSES: usize = 3;
/// When a client is told to resume, so that there is a fresh Diffie–Hellman within the hour.
pub const REFRESH_MS: u64 = 50 * 60 * 1000;
/// When either side ends the session.
pub const SESSION_MS: u64 = 60 * 60 * 1000;

/// A ticket's life after it was made or renewed, unless configured.
pub const SESSION_IDLE_MS: u64 = 5 * 60 * 1000;
/// A ticket's life in all.
pub const TICKET_MS: u64 = 24 * 60 * 60 * 1000;
/// How long one ticket key is used; the one before it still opens.
pub const TICKET_EPOCH_MS: u64 = 12 * 60 * 60 * 1000;
/// How long one cookie key is used; the one before it still counts.
pub const COOKIE_EPOCH_MS: u64 = 2 * 60 * 1000;

/// Handshakes without a first record, on a node.
pub const UNCONFIRMED: usize = 10_000;
/// The same from one address.
pub const UNCONFIRMED_PER_ADDRESS: usize = 32;
/// From how many on a client must show that it receives at its address.
pub const COOKIES_ABOVE: usize = 500;
/// Open sessions of a node.
pub const SESSIONS: usize = 100_000;
/// The same from one address, unless configured: many people may be behind one.
pub const SESSIONS_PER_ADDRESS: usize = 2_000;
/// Handshakes a second from one address …
pub const HANDSHAKES_PER_SECOND: u64 = 20;
/// … and how many at once.
pub const HANDSHAKE_BURST: u64 = 40;
