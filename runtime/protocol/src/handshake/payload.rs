//! What the two messages of a handshake carry.

use super::init::take_prefixed;
use crate::crypto::aead::Cipher;
use crate::limits::{MAX_FRAME_EVER, MIN_FRAME};
use crate::{Error, Misbehaviour, Misuse};

/// What a client says first. It can be replayed, so it holds no credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// What the client can, best first; of numbers that are unknown here nothing is kept.
    pub ciphers: Vec<Cipher>,
    /// SHA-256 over sorted (route, ABI hash); informs, never refuses.
    pub schema: [u8; 32],
}

impl Hello {
    /// `u8 version=1; u8 n; n × u8 cipher; 32 B schema; u16 pad_len; padding to ≥ 256 B`
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        let count = u8::try_from(self.ciphers.len()).map_err(|_| Misuse::NotConfigured)?;
        let mut bytes = vec![VERSION, count];
        bytes.extend(self.ciphers.iter().map(|cipher| cipher.number()));
        bytes.extend_from_slice(&self.schema);
        let padding = LEAST.saturating_sub(bytes.len().saturating_add(2));
        let length = u16::try_from(padding).map_err(|_| Misuse::NotConfigured)?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.resize(bytes.len().saturating_add(padding), 0);
        Ok(bytes)
    }

    /// Reads it.
    pub fn decode(bytes: &[u8]) -> Result<Hello, Misbehaviour> {
        Hello::parts(bytes).ok_or(Misbehaviour::MalformedPayload)
    }

    fn parts(bytes: &[u8]) -> Option<Hello> {
        let ([version, count], rest) = bytes.split_first_chunk::<2>()?;
        let (ciphers, rest) = rest.split_at_checked(usize::from(*count))?;
        let (schema, rest) = rest.split_first_chunk::<32>()?;
        let (_, rest) = take_prefixed(rest)?;
        let whole = *version == VERSION && rest.is_empty() && bytes.len() >= LEAST;
        let ciphers = ciphers.iter().filter_map(|number| Cipher::of(*number)).collect();
        whole.then_some(Hello { ciphers, schema: *schema })
    }
}

/// What a server answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// A UUID of version 7; not secret.
    pub session: [u8; 16],
    pub cipher: Cipher,
    /// How long the ticket is good for, from now: there are no clocks on the wire.
    pub expires_ms: u64,
    pub heartbeat_s: u16,
    /// The longest ciphertext of a frame, in both directions.
    pub max_frame: u32,
    /// After how many records a sender changes its key.
    pub rekey_records: u32,
}

impl Accepted {
    /// `session_id(16); u8 cipher; u64 expires_ms; u16 heartbeat_s; u32 max_frame;
    /// u32 rekey_records; u16 len ‖ ticket; u8 accepted_epoch = 0`
    ///
    /// The ticket is empty: it holds keys that depend on the hash of this very payload. It follows
    /// in a record (see [`Grant`](crate::message::Reply::grant)).
    pub fn encode(&self) -> Vec<u8> {
        [
            self.session.as_slice(),
            &[self.cipher.number()],
            &self.expires_ms.to_be_bytes(),
            &self.heartbeat_s.to_be_bytes(),
            &self.max_frame.to_be_bytes(),
            &self.rekey_records.to_be_bytes(),
            &NO_TICKET,
            &[FIRST_EPOCH],
        ]
        .concat()
    }

    /// Reads it.
    pub fn decode(bytes: &[u8]) -> Result<Accepted, Misbehaviour> {
        Accepted::parts(bytes).ok_or(Misbehaviour::MalformedPayload)
    }

    fn parts(bytes: &[u8]) -> Option<Accepted> {
        let (session, rest) = bytes.split_first_chunk::<16>()?;
        let ([cipher], rest) = rest.split_first_chunk::<1>()?;
        let (expires, rest) = rest.split_first_chunk::<8>()?;
        let (heartbeat, rest) = rest.split_first_chunk::<2>()?;
        let (max_frame, rest) = rest.split_first_chunk::<4>()?;
        let (rekey_records, rest) = rest.split_first_chunk::<4>()?;
        let (no_ticket, rest) = rest.split_first_chunk::<2>()?;
        let accepted = Accepted {
            session: *session,
            cipher: Cipher::of(*cipher)?,
            expires_ms: u64::from_be_bytes(*expires),
            heartbeat_s: u16::from_be_bytes(*heartbeat),
            max_frame: u32::from_be_bytes(*max_frame),
            rekey_records: u32::from_be_bytes(*rekey_records),
        };
        let sound = *no_ticket == NO_TICKET
            && rest == [FIRST_EPOCH]
            && accepted.heartbeat_s > 0
            && accepted.rekey_records > 0
            && (MIN_FRAME..=MAX_FRAME_EVER).contains(&accepted.max_frame);
        sound.then_some(accepted)
    }
}

const VERSION: u8 = 1;
const FIRST_EPOCH: u8 = 0;
const NO_TICKET: [u8; 2] = [0, 0];
/// Bytes of the first payload at least, so that an answer is not much longer than its question.
const LEAST: usize = 256;
