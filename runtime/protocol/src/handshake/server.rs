//! The server's side of a handshake.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Established;
use super::init::Init;
use super::noise::Responder;
use super::payload::{Accepted, Hello};
use super::response::{Response, refusal};
use crate::admission::{Admission, Verdict};
use crate::cookie::CookieKeys;
use crate::crypto::aead::Cipher;
use crate::crypto::exchange::PrivateKey;
use crate::crypto::secret::NodeSecret;
use crate::input::random_bytes;
use crate::limits::{HEARTBEAT_S, MAX_FRAME, REKEY_RECORDS, SESSION_IDLE_MS, SESSIONS_PER_ADDRESS};
use crate::schedule::Keys;
use crate::ticket::Ticket;
use crate::{Error, Misbehaviour, Random, Time};

/// What all handshakes of a server share.
#[derive(Debug)]
pub struct Node {
    /// The current static key and, around a rotation, others that clients may have pinned.
    pub keys: Vec<PrivateKey>,
    pub secret: NodeSecret,
    /// What the server can, best first.
    pub ciphers: Vec<Cipher>,
    pub session_idle_ms: u64,
    pub heartbeat_s: u16,
    pub max_frame: u32,
    pub rekey_records: u32,
    pub sessions_per_address: usize,
    /// Locked for a moment at a time, never while something is computed.
    admission: Mutex<Admission>,
}

impl Node {
    /// A node with one static key, both ciphers, and the document's limits.
    pub fn new(key: PrivateKey, secret: NodeSecret) -> Node {
        Node {
            keys: vec![key],
            secret,
            ciphers: vec![Cipher::Aes256Gcm, Cipher::ChaCha20Poly1305],
            session_idle_ms: SESSION_IDLE_MS,
            heartbeat_s: HEARTBEAT_S,
            max_frame: MAX_FRAME,
            rekey_records: u32::try_from(REKEY_RECORDS).unwrap_or(u32::MAX),
            sessions_per_address: SESSIONS_PER_ADDRESS,
            admission: Mutex::default(),
        }
    }

    /// Who may begin a handshake, and which sessions there are.
    pub fn admission(&self) -> MutexGuard<'_, Admission> {
        self.admission.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The frame that answers an INIT, and what came of it.
#[derive(Debug)]
pub struct Answer {
    pub frame: Vec<u8>,
    /// A session, if there is one now. `Ok(None)`: the client is asked for a cookie. An error is
    /// for the log; the frame is the same whatever it says.
    pub outcome: Result<Option<Box<Established>>, Error>,
}

/// Answers an INIT.
pub fn answer(
    node: &Node,
    frame: &[u8],
    address: IpAddr,
    time: Time,
    random: &mut dyn Random,
) -> Answer {
    match accept(node, frame, address, time, random) {
        Ok((frame, outcome)) => Answer { frame, outcome: Ok(outcome) },
        Err(error) => Answer { frame: refusal(frame), outcome: Err(error) },
    }
}

fn accept(
    node: &Node,
    frame: &[u8],
    address: IpAddr,
    time: Time,
    random: &mut dyn Random,
) -> Result<(Vec<u8>, Option<Box<Established>>), Error> {
    let verdict = node.admission().knock(address, time.monotonic);
    if verdict == Verdict::Refuse {
        return Err(Misbehaviour::TooManyHandshakes.into());
    }
    let init = Init::read(frame)?;
    if verdict == Verdict::Cookie {
        // "checked before any Diffie–Hellman"
        let cookies = CookieKeys::at(&node.secret, time)?;
        let ephemeral = init.ephemeral()?;
        let shown = match init.cookie {
            Some(cookie) => cookies.verify(cookie, address, ephemeral)?,
            None => false,
        };
        if !shown {
            let cookie = cookies.make(address, ephemeral)?;
            return Ok((Response::Cookie(cookie).write(init.key)?, None));
        }
    }
    let key = node.keys.iter().find(|key| key.public().id() == init.key);
    let key = key.ok_or(Misbehaviour::UnknownKey)?;
    let ticket = match init.ticket {
        Some(sealed) => Some(Ticket::open(&node.secret, sealed, time)?),
        None => None,
    };
    let psk = ticket.as_ref().map(|ticket| &ticket.resume);
    let (responder, payload) = Responder::read(&[&init.prologue()?], key, psk, init.message)?;
    let hello = Hello::decode(&payload)?;
    let cipher = node.ciphers.iter().find(|cipher| hello.ciphers.contains(cipher));
    let cipher = *cipher.ok_or(Misbehaviour::NoCommonCipher)?;

    let accepted = Accepted {
        session: session_id(time, random)?,
        cipher,
        expires_ms: node.session_idle_ms,
        heartbeat_s: node.heartbeat_s,
        max_frame: node.max_frame,
        rekey_records: node.rekey_records,
    };
    let ephemeral = PrivateKey::generate(random)?;
    let peer = responder.peer();
    let (message, split) = responder.answer(&ephemeral, &accepted.encode())?;
    let keys = Keys::derive(&split, &accepted.session, &peer, &ephemeral.public())?;
    let begun = ticket.map_or(time.unix, |ticket| ticket.begun);
    let established = Established { keys, accepted, schema: hello.schema, begun };
    Ok((Response::Accepted(&message).write(init.key)?, Some(Box::new(established))))
}

/// A UUID of version 7: milliseconds, then random bits.
fn session_id(time: Time, random: &mut dyn Random) -> Result<[u8; 16], Error> {
    let [_, _, time @ ..] = time.unix.to_be_bytes();
    let [version, low, variant, rest @ ..] = random_bytes::<10>(random)?;
    let middle = [0x70 | (version & 0x0F), low, 0x80 | (variant & 0x3F)];
    let mut id = [0; 16];
    id.iter_mut().zip([time.as_slice(), &middle, &rest].concat()).for_each(|(to, from)| *to = from);
    Ok(id)
}
