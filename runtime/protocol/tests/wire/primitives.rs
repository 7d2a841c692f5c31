//! The primitives against the RFCs and Project Wycheproof, the patterns against Noise's vectors.

use kontract_protocol::crypto::aead::{Aead, Cipher, extended};
use kontract_protocol::crypto::exchange::{PrivateKey, PublicKey};
use kontract_protocol::crypto::kdf::{expand_into, extract, hmac};
use kontract_protocol::crypto::secret::ResumePsk;
use kontract_protocol::handshake::noise::{Initiator, Responder};
use kontract_protocol::{Error, Misbehaviour};
use serde::Deserialize;

use crate::support::{Hex, fixture};

#[derive(Deserialize)]
struct File<T> {
    tests: Vec<T>,
}

#[derive(Deserialize)]
struct AeadTest {
    id: u32,
    key: Hex,
    iv: Hex,
    aad: Hex,
    msg: Hex,
    ct: Hex,
    tag: Hex,
    valid: bool,
}

fn aead(name: &str, least: usize, with: impl Fn(&AeadTest) -> (Aead, [u8; 12])) {
    let file: File<AeadTest> = fixture(name);
    assert!(file.tests.len() >= least, "{name}: {} tests", file.tests.len());
    for test in &file.tests {
        let (aead, nonce) = with(test);
        let mut text = test.ct.0.clone();
        let opened = aead.open(nonce, &test.aad.0, &mut text, test.tag.array());
        assert_eq!(opened.is_ok(), test.valid, "{name} {}", test.id);
        if test.valid {
            assert_eq!(text, test.msg.0, "{name} {}", test.id);
            let tag = aead.seal(nonce, &test.aad.0, &mut text).unwrap();
            assert_eq!((text, tag), (test.ct.0.clone(), test.tag.array()), "{name} {}", test.id);
        } else {
            assert_eq!(opened, Err(Error::PeerMisbehaved(Misbehaviour::Unauthentic)));
        }
    }
}

#[test]
fn the_ciphers_agree_with_wycheproof() {
    let plain = |cipher| {
        move |test: &AeadTest| (Aead::new(cipher, &test.key.array()).unwrap(), test.iv.array())
    };
    aead("wycheproof/chacha20-poly1305.json", 200, plain(Cipher::ChaCha20Poly1305));
    aead("wycheproof/aes-256-gcm.json", 60, plain(Cipher::Aes256Gcm));
    aead("wycheproof/xchacha20-poly1305.json", 200, |test| {
        extended(&test.key.array(), &test.iv.array()).unwrap()
    });
}

#[derive(Deserialize)]
struct ExchangeTest {
    id: u32,
    private: Hex,
    public: Hex,
    shared: Hex,
    zero: bool,
}

#[test]
fn x25519_agrees_with_wycheproof_and_refuses_a_shared_secret_of_zeros() {
    let file: File<ExchangeTest> = fixture("wycheproof/x25519.json");
    assert!(file.tests.len() > 500);
    assert!(file.tests.iter().any(|test| test.zero));
    for test in &file.tests {
        let key = PrivateKey::new(test.private.array());
        let agreed = key.agree(&PublicKey(test.public.array()));
        if test.zero {
            let weak = Some(Error::PeerMisbehaved(Misbehaviour::WeakKey));
            assert_eq!(agreed.err(), weak, "{}", test.id);
        } else {
            assert_eq!(agreed.unwrap().as_bytes(), test.shared.0.as_slice(), "{}", test.id);
        }
    }
}

#[derive(Deserialize)]
struct HkdfTest {
    id: u32,
    ikm: Hex,
    salt: Hex,
    info: Hex,
    size: usize,
    okm: Hex,
    valid: bool,
}

#[derive(Deserialize)]
struct HmacTest {
    id: u32,
    key: Hex,
    msg: Hex,
    tag: Hex,
    valid: bool,
}

#[test]
fn hkdf_and_hmac_agree_with_wycheproof() {
    let file: File<HkdfTest> = fixture("wycheproof/hkdf-sha256.json");
    assert!(file.tests.len() > 80);
    for test in &file.tests {
        let mut okm = vec![0; test.size];
        let expanded = expand_into(&extract(&test.salt.0, &test.ikm.0), &[&test.info.0], &mut okm);
        assert_eq!(expanded.is_ok(), test.valid, "{}", test.id);
        assert!(!test.valid || okm == test.okm.0, "{}", test.id);
    }
    let file: File<HmacTest> = fixture("wycheproof/hmac-sha256.json");
    assert!(file.tests.len() > 80);
    for test in &file.tests {
        let tag = hmac(&test.key.0, &[&test.msg.0]).unwrap();
        assert_eq!(tag.as_slice() == test.tag.0, test.valid, "{}", test.id);
    }
}

#[derive(Deserialize)]
struct Rfcs {
    x25519: Vec<RfcExchange>,
    x25519_iterated: Iterated,
    chacha20_poly1305: Vec<RfcAead>,
    hkdf_sha256: Vec<RfcHkdf>,
    hmac_sha256: Vec<RfcHmac>,
}

#[derive(Deserialize)]
struct RfcExchange {
    private: Hex,
    public: Hex,
    shared: Hex,
}

#[derive(Deserialize)]
struct Iterated {
    start: Hex,
    after_1: Hex,
    after_1000: Hex,
}

#[derive(Deserialize)]
struct RfcAead {
    key: Hex,
    iv: Hex,
    aad: Hex,
    msg: Hex,
    ct: Hex,
    tag: Hex,
}

#[derive(Deserialize)]
struct RfcHkdf {
    ikm: Hex,
    salt: Hex,
    info: Hex,
    prk: Hex,
    okm: Hex,
}

#[derive(Deserialize)]
struct RfcHmac {
    key: Hex,
    msg: Hex,
    tag: Hex,
}

#[test]
fn the_primitives_agree_with_their_rfcs() {
    let rfcs: Rfcs = fixture("rfc.json");
    for test in &rfcs.x25519 {
        let shared = PrivateKey::new(test.private.array()).agree(&PublicKey(test.public.array()));
        assert_eq!(shared.unwrap().as_bytes(), test.shared.0.as_slice());
    }
    let (mut k, mut u) = (rfcs.x25519_iterated.start.array(), rfcs.x25519_iterated.start.array());
    for round in 1..=1000 {
        let shared = *PrivateKey::new(k).agree(&PublicKey(u)).unwrap().as_bytes();
        (k, u) = (shared, k);
        if round == 1 {
            assert_eq!(k, rfcs.x25519_iterated.after_1.array());
        }
    }
    assert_eq!(k, rfcs.x25519_iterated.after_1000.array());
    for test in &rfcs.chacha20_poly1305 {
        let aead = Aead::new(Cipher::ChaCha20Poly1305, &test.key.array()).unwrap();
        let mut text = test.msg.0.clone();
        let tag = aead.seal(test.iv.array(), &test.aad.0, &mut text).unwrap();
        assert_eq!((text, tag), (test.ct.0.clone(), test.tag.array()));
    }
    for test in &rfcs.hkdf_sha256 {
        let prk = extract(&test.salt.0, &test.ikm.0);
        assert_eq!(prk, test.prk.array());
        let mut okm = vec![0; test.okm.0.len()];
        expand_into(&prk, &[&test.info.0], &mut okm).unwrap();
        assert_eq!(okm, test.okm.0);
    }
    for test in &rfcs.hmac_sha256 {
        assert_eq!(hmac(&test.key.0, &[&test.msg.0]).unwrap(), test.tag.array());
    }
}

#[derive(Deserialize)]
struct NoiseTest {
    pattern: String,
    prologue: Hex,
    psk: Option<Hex>,
    client_ephemeral: Hex,
    server_static: Hex,
    server_public: Hex,
    server_ephemeral: Hex,
    hash: Option<Hex>,
    messages: Vec<NoiseMessage>,
}

#[derive(Deserialize)]
struct NoiseMessage {
    payload: Hex,
    ciphertext: Hex,
}

#[test]
fn the_handshakes_agree_with_the_vectors_of_noise() {
    let file: File<NoiseTest> = fixture("noise.json");
    assert_eq!(file.tests.iter().filter(|test| test.psk.is_some()).count(), 1);
    for test in &file.tests {
        assert_eq!(test.pattern.contains("NKpsk0"), test.psk.is_some());
        let psk = test.psk.as_ref().map(|psk| ResumePsk::new(psk.array()));
        let server = PrivateKey::new(test.server_static.array());
        let public = PublicKey(test.server_public.array());
        assert_eq!(server.public(), public);
        let [first, second, transport @ ..] = test.messages.as_slice() else { panic!() };
        let prologue = [test.prologue.0.as_slice()];
        let ephemeral = PrivateKey::new(test.client_ephemeral.array());
        let (client, m1) =
            Initiator::start(&prologue, &public, psk.as_ref(), ephemeral, &first.payload.0)
                .unwrap();
        assert_eq!(m1, first.ciphertext.0);
        let (responder, payload) = Responder::read(&prologue, &server, psk.as_ref(), &m1).unwrap();
        assert_eq!(payload, first.payload.0);
        let ephemeral = PrivateKey::new(test.server_ephemeral.array());
        let (m2, split) = responder.answer(&ephemeral, &second.payload.0).unwrap();
        assert_eq!(m2, second.ciphertext.0);
        let (_, payload, same) = client.finish(&m2).unwrap();
        assert_eq!((payload, same.hash), (second.payload.0.clone(), split.hash));
        assert!(test.hash.as_ref().is_none_or(|hash| split.hash == hash.array()));
        // Noise's own transport: k1 from the client, k2 from the server, nonces counted.
        let (k1, k2) = split.keys.expose().split_at(32);
        for (index, message) in transport.iter().enumerate() {
            let key = if index % 2 == 0 { k1 } else { k2 };
            let aead = Aead::new(Cipher::ChaCha20Poly1305, key.try_into().unwrap()).unwrap();
            let mut nonce = [0; 12];
            nonce[4] = u8::try_from(index / 2).unwrap();
            let mut text = message.payload.0.clone();
            let tag = aead.seal(nonce, &[], &mut text).unwrap();
            text.extend(tag);
            assert_eq!(text, message.ciphertext.0);
        }
    }
}
