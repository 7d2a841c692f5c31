//! `Noise_NK_25519_ChaChaPoly_SHA256` and, with a key that both sides share already,
//! `Noise_NKpsk0_25519_ChaChaPoly_SHA256` (the Noise Protocol Framework, revision 34).
//!
//! ```text
//! <- s
//! ...
//! -> [psk,] e, es
//! <- e, ee
//! ```
//!
//! In these patterns every key seals one payload, so no nonce is counted: it is always zero.

use zeroize::Zeroize;

use crate::crypto::aead::{Aead, Cipher, TAG};
use crate::crypto::exchange::{PrivateKey, PublicKey};
use crate::crypto::kdf::{expand_into, extract, sha256};
use crate::crypto::secret::{ChainingKey, HandshakeKey, ResumePsk, SplitKeys};
use crate::{Error, Misbehaviour};

/// What both sides hold after the handshake.
#[derive(Debug, Clone)]
pub struct Split {
    /// k1 ‖ k2.
    pub keys: SplitKeys,
    /// The hash of all that was said.
    pub hash: [u8; 32],
}

/// The client after its message, waiting for the server's.
#[derive(Debug, Clone)]
pub struct Initiator {
    state: Symmetric,
    ephemeral: PrivateKey,
}

impl Initiator {
    /// Writes the first message, `e ‖ AEAD(payload)`.
    pub fn start(
        prologue: &[&[u8]],
        server: &PublicKey,
        psk: Option<&ResumePsk>,
        ephemeral: PrivateKey,
        payload: &[u8],
    ) -> Result<(Initiator, Vec<u8>), Error> {
        let mut state = Symmetric::new(prologue, server, psk)?;
        let public = ephemeral.public();
        state.mix_ephemeral(&public)?;
        state.mix_key(ephemeral.agree(server)?.as_bytes())?;
        let mut message = public.0.to_vec();
        state.seal(payload, &mut message)?;
        Ok((Initiator { state, ephemeral }, message))
    }

    /// Reads the second message: the server's ephemeral key, its payload, the keys.
    pub fn finish(self, message: &[u8]) -> Result<(PublicKey, Vec<u8>, Split), Error> {
        let Initiator { mut state, ephemeral } = self;
        let (public, sealed) = ephemeral_of(message)?;
        state.mix_ephemeral(&public)?;
        state.mix_key(ephemeral.agree(&public)?.as_bytes())?;
        let payload = state.open(sealed)?;
        Ok((public, payload, state.split()?))
    }
}

/// The server after the client's message, before its own.
#[derive(Debug)]
pub struct Responder {
    state: Symmetric,
    peer: PublicKey,
}

impl Responder {
    /// Reads the first message and its payload.
    pub fn read(
        prologue: &[&[u8]],
        server: &PrivateKey,
        psk: Option<&ResumePsk>,
        message: &[u8],
    ) -> Result<(Responder, Vec<u8>), Error> {
        let mut state = Symmetric::new(prologue, &server.public(), psk)?;
        let (peer, sealed) = ephemeral_of(message)?;
        state.mix_ephemeral(&peer)?;
        state.mix_key(server.agree(&peer)?.as_bytes())?;
        let payload = state.open(sealed)?;
        Ok((Responder { state, peer }, payload))
    }

    /// The client's ephemeral key.
    pub fn peer(&self) -> PublicKey {
        self.peer
    }

    /// Writes the second message, `e ‖ AEAD(payload)`.
    pub fn answer(self, ephemeral: &PrivateKey, payload: &[u8]) -> Result<(Vec<u8>, Split), Error> {
        let Responder { mut state, peer } = self;
        let public = ephemeral.public();
        state.mix_ephemeral(&public)?;
        state.mix_key(ephemeral.agree(&peer)?.as_bytes())?;
        let mut message = public.0.to_vec();
        state.seal(payload, &mut message)?;
        Ok((message, state.split()?))
    }
}

/// Noise's symmetric state.
#[derive(Debug, Clone)]
struct Symmetric {
    chaining: ChainingKey,
    hash: [u8; 32],
    /// The key of the next payload.
    key: Option<HandshakeKey>,
    psk: bool,
}

impl Symmetric {
    fn new(
        prologue: &[&[u8]],
        server: &PublicKey,
        psk: Option<&ResumePsk>,
    ) -> Result<Symmetric, Error> {
        let name = if psk.is_some() { sha256(&[NKPSK0]) } else { *NK };
        let mut state = Symmetric {
            chaining: ChainingKey::new(name),
            hash: name,
            key: None,
            psk: psk.is_some(),
        };
        state.mix_hash(prologue);
        state.mix_hash(&[&server.0]);
        if let Some(psk) = psk {
            state.mix_key_and_hash(psk)?;
        }
        Ok(state)
    }

    fn mix_hash(&mut self, parts: &[&[u8]]) {
        let inner = [&[self.hash.as_slice()], parts].concat();
        self.hash = sha256(&inner);
    }

    /// The token `e`: with a shared key the ephemeral one is mixed into the key, too.
    fn mix_ephemeral(&mut self, public: &PublicKey) -> Result<(), Error> {
        self.mix_hash(&[&public.0]);
        if self.psk { self.mix_key(&public.0) } else { Ok(()) }
    }

    fn mix_key(&mut self, input: &[u8]) -> Result<(), Error> {
        let [chaining, key] = hkdf(&self.chaining, input)?;
        self.chaining = ChainingKey::new(chaining);
        self.key = Some(HandshakeKey::new(key));
        Ok(())
    }

    fn mix_key_and_hash(&mut self, psk: &ResumePsk) -> Result<(), Error> {
        let [chaining, mut hash, key] = hkdf(&self.chaining, psk.expose())?;
        self.chaining = ChainingKey::new(chaining);
        self.mix_hash(&[&hash]);
        hash.zeroize();
        self.key = Some(HandshakeKey::new(key));
        Ok(())
    }

    fn aead(&mut self) -> Result<Aead, Error> {
        let key = self.key.take().ok_or(Error::Cryptography)?;
        Aead::new(Cipher::ChaCha20Poly1305, key.expose())
    }

    fn seal(&mut self, payload: &[u8], message: &mut Vec<u8>) -> Result<(), Error> {
        let mut sealed = payload.to_vec();
        let tag = self.aead()?.seal([0; 12], &self.hash, &mut sealed)?;
        sealed.extend_from_slice(&tag);
        self.mix_hash(&[&sealed]);
        message.append(&mut sealed);
        Ok(())
    }

    fn open(&mut self, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let (text, tag) = sealed.split_last_chunk::<TAG>().ok_or(Misbehaviour::WrongLength)?;
        let mut payload = text.to_vec();
        self.aead()?.open([0; 12], &self.hash, &mut payload, *tag)?;
        self.mix_hash(&[sealed]);
        Ok(payload)
    }

    fn split(self) -> Result<Split, Error> {
        let mut keys = [0; 64];
        let temporary = ChainingKey::new(extract(self.chaining.expose(), &[]));
        expand_into(temporary.expose(), &[], &mut keys)?;
        let split = Split { keys: SplitKeys::new(keys), hash: self.hash };
        keys.zeroize();
        Ok(split)
    }
}

/// Noise's HKDF: `N` outputs of 32 bytes.
fn hkdf<const N: usize>(chaining: &ChainingKey, input: &[u8]) -> Result<[[u8; 32]; N], Error> {
    let temporary = ChainingKey::new(extract(chaining.expose(), input));
    let mut outputs = [[0; 32]; N];
    expand_into(temporary.expose(), &[], outputs.as_flattened_mut())?;
    Ok(outputs)
}

fn ephemeral_of(message: &[u8]) -> Result<(PublicKey, &[u8]), Error> {
    let (public, rest) = message.split_first_chunk::<32>().ok_or(Misbehaviour::WrongLength)?;
    Ok((PublicKey(*public), rest))
}

/// As long as a hash, so it is its own.
const NK: &[u8; 32] = b"Noise_NK_25519_ChaChaPoly_SHA256";
const NKPSK0: &[u8] = b"Noise_NKpsk0_25519_ChaChaPoly_SHA256";
