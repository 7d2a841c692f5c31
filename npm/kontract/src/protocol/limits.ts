/** Bounds on what a peer can make us keep or do (wire document, Errors and limits). */

/** A frame's ciphertext, unless the server says otherwise. */
export const MAX_FRAME = 1 << 20;
/** What a server may say at most. */
export const MAX_FRAME_EVER = 16 << 20;
/** What it may say at least: messages of 64 frames must stay useful. */
export const MIN_FRAME = 4 << 10;
/** A message of several frames. */
export const MAX_MESSAGE = 16 << 20;
/** Frames of one message. */
export const MAX_FRAGMENTS = 64;
/** Calls in flight in a session, and messages of a POST. */
export const MAX_CALLS = 128;
/** Subscriptions of a session. */
export const MAX_SUBSCRIPTIONS = 64;
/** Pairs of a call's metadata or a response's headers. */
export const MAX_PAIRS = 64;

/** A sender changes its key after so many records … */
export const REKEY_RECORDS = 1 << 20;
/** … or bytes of ciphertext … */
export const REKEY_BYTES = 2 ** 36;
/** … or milliseconds. */
export const REKEY_MS = 15 * 60 * 1000;
/** A receiver takes no more records under one key. */
export const EPOCH_RECORDS = 1 << 23;
/** The sequence at which a session ends. */
export const LAST_SEQUENCE = 2 ** 48;

/** How long a client waits for the answer to its INIT. */
export const HANDSHAKE_WAIT_MS = 5_000;
/** How often it then tries again, with a new ephemeral key. */
export const HANDSHAKE_RETRIES = 2;
/** How long a server waits for the first record. */
export const UNCONFIRMED_MS = 10_000;
/** INITs that one connection may send: retries, cookies, tickets that were refused. */
export const INITS_PER_CONNECTION = 16;
/** Seconds between heartbeats, give or take a tenth. */
export const HEARTBEAT_S = 60;
/** Heartbeats without an echo after which the session has ended. */
export const HEARTBEAT_MISSES = 3;
/** When a client is told to resume, so that there is a fresh Diffie–Hellman within the hour. */
export const REFRESH_MS = 50 * 60 * 1000;
/** When either side ends the session. */
export const SESSION_MS = 60 * 60 * 1000;

/** A ticket's life after it was made or renewed, unless configured. */
export const SESSION_IDLE_MS = 5 * 60 * 1000;
/** A ticket's life in all. */
export const TICKET_MS = 24 * 60 * 60 * 1000;
/** How long one ticket key is used; the one before it still opens. */
export const TICKET_EPOCH_MS = 12 * 60 * 60 * 1000;
/** How long one cookie key is used; the one before it still counts. */
export const COOKIE_EPOCH_MS = 2 * 60 * 1000;

/** Handshakes without a first record, on a node. */
export const UNCONFIRMED = 10_000;
/** The same from one address. */
export const UNCONFIRMED_PER_ADDRESS = 32;
/** From how many on a client must show that it receives at its address. */
export const COOKIES_ABOVE = 500;
/** Open sessions of a node. */
export const SESSIONS = 100_000;
/** The same from one address, unless configured: many people may be behind one. */
export const SESSIONS_PER_ADDRESS = 2_000;
/** Handshakes a second from one address … */
export const HANDSHAKES_PER_SECOND = 20;
/** … and how many at once. */
export const HANDSHAKE_BURST = 40;
