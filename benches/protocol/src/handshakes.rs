//! Handshakes, full and resumed: both sides, and the server's side by itself.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use kontract_protocol::crypto::aead::Cipher;
use kontract_protocol::crypto::exchange::PrivateKey;
use kontract_protocol::handshake::Established;
use kontract_protocol::handshake::client::{Attempt, Offer, Outcome};
use kontract_protocol::handshake::server::{Node, answer};
use kontract_protocol::limits::SESSION_IDLE_MS;
use kontract_protocol::ticket::{Pass, Ticket, node_secret};
use kontract_protocol::{RandomFailed, Time};
use ring::rand::{SecureRandom, SystemRandom};
use rustls::CipherSuite;

use crate::tls::Configs;
use crate::{Contender, medians};

const TIMES: u32 = 300;

pub fn measure() {
    println!("Handshakes a second on one core\n");
    println!("| | raystream | rustls (ECDSA P-256) | CPU : rustls |\n|---|--:|--:|--:|");
    for (name, resume) in [("full", false), ("resumed", true)] {
        for (side, server_only) in [("both sides", false), ("the server", true)] {
            let times = medians(&mut [raystream(resume, server_only), tls(resume, server_only)]);
            let [ours, theirs] = times[..] else { continue };
            println!(
                "| {name}, {side} | {:.0} | {:.0} | {:.2} |",
                1e9 / ours,
                1e9 / theirs,
                ours / theirs
            );
        }
    }
    println!();
}

/// The two ends of a session.
pub fn established(cipher: Cipher) -> (Established, Established) {
    let (client, server, _) = Shaker::new(cipher).shake(None);
    (client, server)
}

fn raystream(resume: bool, server_only: bool) -> Contender<'static> {
    let mut shaker = Shaker::new(Cipher::ChaCha20Poly1305);
    let pass = resume.then(|| shaker.pass());
    Contender::part(TIMES, move || {
        let started = Instant::now();
        let (_, _, server) = shaker.shake(pass.clone());
        if server_only { server } else { started.elapsed() }
    })
}

fn tls(resume: bool, server_only: bool) -> Contender<'static> {
    let configs = Configs::new(CipherSuite::TLS13_CHACHA20_POLY1305_SHA256, resume);
    configs.connect().shake();
    Contender::part(TIMES, move || {
        let started = Instant::now();
        let mut tls = configs.connect();
        let server = tls.shake();
        if server_only { server } else { started.elapsed() }
    })
}

struct Shaker {
    node: Node,
    offer: Offer,
    time: Time,
}

impl Shaker {
    fn new(cipher: Cipher) -> Shaker {
        let key = PrivateKey::generate(&mut random).unwrap();
        let node = Node::new(key, node_secret(b"a secret of thirty-two characters"));
        let time = Time { monotonic: 1_000_000, unix: 1_800_000_000_000 };
        Shaker { node, offer: Offer { ciphers: vec![cipher], schema: [0; 32] }, time }
    }

    /// What a session leaves to its client.
    fn pass(&mut self) -> Pass {
        let (client, server, _) = self.shake(None);
        let ticket = Ticket::of(&server, self.time, SESSION_IDLE_MS);
        let sealed = ticket.seal(&self.node.secret, self.time, &mut random).unwrap();
        Pass::of(&client, sealed)
    }

    /// Returns both ends, and what the server took for its own.
    fn shake(&mut self, pass: Option<Pass>) -> (Established, Established, Duration) {
        // No address may begin more than some in a second.
        self.time.monotonic += 1000;
        let pin = self.node.keys[0].public();
        let (attempt, init) = Attempt::start(pin, self.offer.clone(), pass, &mut random).unwrap();
        let started = Instant::now();
        let address = Ipv4Addr::LOCALHOST.into();
        let answer = answer(&self.node, &init, address, self.time, &mut random);
        let took = started.elapsed();
        let server = answer.outcome.unwrap().unwrap();
        let Outcome::Established(client) = attempt.finish(&answer.frame).unwrap() else {
            panic!("the server refused");
        };
        (*client, *server, took)
    }
}

/// Of the system.
pub fn random(bytes: &mut [u8]) -> Result<(), RandomFailed> {
    SystemRandom::new().fill(bytes).map_err(|_| RandomFailed)
}
