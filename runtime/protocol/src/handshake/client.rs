//! The client's side of a handshake.

use super::Established;
use super::init::{COOKIE, before_message, header, prologue};
use super::noise::Initiator;
use super::payload::{Accepted, Hello};
use super::response::Response;
use crate::crypto::aead::Cipher;
use crate::crypto::exchange::{PrivateKey, PublicKey};
use crate::frame::handshake_frame;
use crate::schedule::Keys;
use crate::ticket::Pass;
use crate::{Error, Misbehaviour, Misuse, Random};

/// What a client offers in every handshake.
#[derive(Debug, Clone)]
pub struct Offer {
    /// Best first.
    pub ciphers: Vec<Cipher>,
    /// SHA-256 over sorted (route, ABI hash) of the application.
    pub schema: [u8; 32],
}

/// A handshake whose INIT was written and whose answer is awaited.
#[derive(Debug)]
pub struct Attempt {
    server: PublicKey,
    offer: Offer,
    resume: Option<Pass>,
    ephemeral: PrivateKey,
    initiator: Initiator,
    cookie: bool,
}

/// What an answer means.
#[derive(Debug)]
pub enum Outcome {
    Established(Box<Established>),
    /// The server asks for the same INIT with a cookie: here they are.
    Again(Box<Attempt>, Vec<u8>),
    /// The server refuses: a ticket that it cannot open, a key that it does not have.
    Refused,
}

impl Attempt {
    /// Writes an INIT with a new ephemeral key.
    pub fn start(
        server: PublicKey,
        offer: Offer,
        resume: Option<Pass>,
        random: &mut dyn Random,
    ) -> Result<(Attempt, Vec<u8>), Error> {
        if offer.ciphers.is_empty() {
            return Err(Misuse::NotConfigured.into());
        }
        Attempt::write(server, offer, resume, PrivateKey::generate(random)?, None)
    }

    fn write(
        server: PublicKey,
        offer: Offer,
        resume: Option<Pass>,
        ephemeral: PrivateKey,
        cookie: Option<&[u8; COOKIE]>,
    ) -> Result<(Attempt, Vec<u8>), Error> {
        let ticket = resume.as_ref().map(|pass| pass.ticket.as_slice());
        let psk = resume.as_ref().map(|pass| &pass.resume);
        let hello = Hello { ciphers: offer.ciphers.clone(), schema: offer.schema }.encode()?;
        let head = header(server.id(), ticket, cookie, hello.len())?;
        let prologue = prologue(&head, ticket, cookie)?;
        let (initiator, message) =
            Initiator::start(&[&prologue], &server, psk, ephemeral.clone(), &hello)?;
        let body = [before_message(ticket, cookie)?, message].concat();
        let cookie = cookie.is_some();
        let attempt = Attempt { server, offer, resume, ephemeral, initiator, cookie };
        Ok((attempt, handshake_frame(&head, &body)))
    }

    /// Whether it resumes a session.
    pub fn resumes(&self) -> bool {
        self.resume.is_some()
    }

    /// Reads the server's answer.
    pub fn finish(self, frame: &[u8]) -> Result<Outcome, Error> {
        match Response::read(frame, self.server.id())? {
            Response::Refused => Ok(Outcome::Refused),
            Response::Cookie(_) if self.cookie => Err(Misbehaviour::CookieRepeated.into()),
            Response::Cookie(cookie) => {
                // "the client repeats INIT with the same ephemeral"
                let (attempt, frame) = Attempt::write(
                    self.server,
                    self.offer,
                    self.resume,
                    self.ephemeral,
                    Some(&cookie),
                )?;
                Ok(Outcome::Again(Box::new(attempt), frame))
            }
            Response::Accepted(message) => {
                let client = self.ephemeral.public();
                let (peer, payload, split) = self.initiator.finish(message)?;
                let accepted = Accepted::decode(&payload)?;
                if !self.offer.ciphers.contains(&accepted.cipher) {
                    return Err(Misbehaviour::CipherNotOffered.into());
                }
                let keys = Keys::derive(&split, &accepted.session, &client, &peer)?;
                let schema = self.offer.schema;
                Ok(Outcome::Established(Box::new(Established { keys, accepted, schema, begun: 0 })))
            }
        }
    }
}
