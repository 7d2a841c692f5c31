//! Tickets: what a server must know of a channel, sealed for itself and handed to the client
//! (wire document, Tickets and resume). Any gateway with the same secret opens them.
//!
//! ```text
//! ticket = u32 BE e ‖ nonce(24) ‖ XChaCha20-Poly1305(K_ticket(e), nonce, contents, AAD = u32 BE e)
//! K_ticket(e) = HKDF(KONTRACT_SECRET, info = "ticket" ‖ u32 BE e), e = ⌊t / 12 h⌋
//! contents = post_secret(32) ‖ resume_psk(32) ‖ u8 cipher ‖ u64 BE iat ‖ u64 BE exp ‖ schema(32)
//! ```

use crate::crypto::aead::{Cipher, extended};
use crate::crypto::kdf::{expand, extract};
use crate::crypto::secret::{NodeSecret, PostSecret, ResumePsk, TicketKey};
use crate::handshake::Established;
use crate::input::random_bytes;
use crate::limits::{TICKET_EPOCH_MS, TICKET_MS};
use crate::{Error, Misbehaviour, Random, Time};

use zeroize::Zeroize;

/// What a ticket says. It proves a channel, not a person.
#[derive(Debug, Clone)]
pub struct Ticket {
    pub post: PostSecret,
    pub resume: ResumePsk,
    pub cipher: Cipher,
    /// When the first ticket of the chain was made, in Unix milliseconds: renewing and resuming
    /// keep it.
    pub begun: u64,
    /// Until when it is good, in Unix milliseconds.
    pub expires: u64,
    /// SHA-256 over the client's sorted (route, ABI hash).
    pub schema: [u8; 32],
}

/// A ticket in the hands of the client: it opens POSTs and the next stream.
#[derive(Debug, Clone)]
pub struct Pass {
    pub ticket: Vec<u8>,
    pub resume: ResumePsk,
    pub post: PostSecret,
    pub cipher: Cipher,
    /// How long the ticket is good for, from when it came.
    pub good_for_ms: u64,
    /// The longest ciphertext of a frame.
    pub max_frame: u32,
}

impl Pass {
    /// The pass of a session, with the ticket that a record brought.
    pub fn of(established: &Established, ticket: Vec<u8>) -> Pass {
        Pass {
            ticket,
            resume: established.keys.resume.clone(),
            post: established.keys.post.clone(),
            cipher: established.cipher(),
            good_for_ms: established.accepted.expires_ms,
            max_frame: established.accepted.max_frame,
        }
    }
}

impl Ticket {
    /// The ticket of a session that was opened just now.
    pub fn of(established: &Established, time: Time, idle_ms: u64) -> Ticket {
        Ticket {
            post: established.keys.post.clone(),
            resume: established.keys.resume.clone(),
            cipher: established.cipher(),
            begun: established.begun,
            expires: expiry(established.begun, time, idle_ms),
            schema: established.schema,
        }
    }

    /// The same channel for another while.
    #[must_use]
    pub fn renewed(&self, time: Time, idle_ms: u64) -> Ticket {
        Ticket { expires: expiry(self.begun, time, idle_ms), ..self.clone() }
    }

    /// Seals it under the key of the time.
    pub fn seal(
        &self,
        secret: &NodeSecret,
        time: Time,
        random: &mut dyn Random,
    ) -> Result<Vec<u8>, Error> {
        let epoch = epoch_of(time)?.to_be_bytes();
        let nonce = random_bytes::<24>(random)?;
        let (aead, short) = extended(ticket_key(secret, epoch)?.expose(), &nonce)?;
        let mut contents = [
            self.post.expose().as_slice(),
            self.resume.expose(),
            &[self.cipher.number()],
            &self.begun.to_be_bytes(),
            &self.expires.to_be_bytes(),
            &self.schema,
        ]
        .concat();
        let tag = aead.seal(short, &epoch, &mut contents)?;
        Ok([epoch.as_slice(), &nonce, &contents, &tag].concat())
    }

    /// Opens a ticket that is still good.
    pub fn open(secret: &NodeSecret, sealed: &[u8], time: Time) -> Result<Ticket, Error> {
        let (epoch, rest) = sealed.split_first_chunk::<4>().ok_or(Misbehaviour::BadTicket)?;
        let (nonce, rest) = rest.split_first_chunk::<24>().ok_or(Misbehaviour::BadTicket)?;
        let (contents, rest) =
            rest.split_first_chunk::<CONTENTS>().ok_or(Misbehaviour::BadTicket)?;
        let tag = rest.try_into().map_err(|_| Misbehaviour::BadTicket)?;
        // "current and previous accepted"
        let (now, made) = (epoch_of(time)?, u32::from_be_bytes(*epoch));
        if made != now && Some(made) != now.checked_sub(1) {
            return Err(Misbehaviour::TicketExpired.into());
        }
        let (aead, short) = extended(ticket_key(secret, *epoch)?.expose(), nonce)?;
        let mut contents = *contents;
        let opened = aead.open(short, epoch, &mut contents, tag);
        let ticket = opened
            .map_err(|_| Misbehaviour::BadTicket)
            .and_then(|()| Ticket::read(&contents).ok_or(Misbehaviour::BadTicket));
        contents.zeroize();
        let ticket = ticket?;
        if time.unix >= ticket.expires {
            return Err(Misbehaviour::TicketExpired.into());
        }
        Ok(ticket)
    }

    fn read(contents: &[u8; CONTENTS]) -> Option<Ticket> {
        let (post, rest) = contents.split_first_chunk::<32>()?;
        let (resume, rest) = rest.split_first_chunk::<32>()?;
        let ([cipher], rest) = rest.split_first_chunk::<1>()?;
        let (begun, rest) = rest.split_first_chunk::<8>()?;
        let (expires, rest) = rest.split_first_chunk::<8>()?;
        Some(Ticket {
            post: PostSecret::new(*post),
            resume: ResumePsk::new(*resume),
            cipher: Cipher::of(*cipher)?,
            begun: u64::from_be_bytes(*begun),
            expires: u64::from_be_bytes(*expires),
            schema: rest.try_into().ok()?,
        })
    }
}

/// `KONTRACT_SECRET` as keys are made of it.
pub fn node_secret(secret: &[u8]) -> NodeSecret {
    NodeSecret::new(extract(&[], secret))
}

/// "`session_idle` after last renewal, 24 h absolute"
fn expiry(begun: u64, time: Time, idle_ms: u64) -> u64 {
    time.unix.saturating_add(idle_ms).min(begun.saturating_add(TICKET_MS))
}

fn epoch_of(time: Time) -> Result<u32, Error> {
    u32::try_from(time.unix / TICKET_EPOCH_MS).map_err(|_| Error::Cryptography)
}

fn ticket_key(secret: &NodeSecret, epoch: [u8; 4]) -> Result<TicketKey, Error> {
    Ok(TicketKey::new(expand(secret.expose(), &[b"ticket", &epoch])?))
}

const CONTENTS: usize = 113;
