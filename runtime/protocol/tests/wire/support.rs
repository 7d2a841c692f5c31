//! Vectors, seeded randomness, and two peers in one process.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use kontract_protocol::crypto::aead::Cipher;
use kontract_protocol::crypto::exchange::PrivateKey;
use kontract_protocol::handshake::client::Offer;
use kontract_protocol::handshake::server::Node;
use kontract_protocol::message::{Call, Response};
use kontract_protocol::stream::{Client, ClientEvent, Config, Ending, Server, ServerEvent};
use kontract_protocol::ticket::{Pass, node_secret};
use kontract_protocol::{Random, RandomFailed, Time};
use serde::de::{DeserializeOwned, Deserializer, Error as _};

/// Bytes that a fixture spells in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hex(pub Vec<u8>);

impl Hex {
    pub fn array<const N: usize>(&self) -> [u8; N] {
        self.0.as_slice().try_into().unwrap()
    }
}

impl<'de> serde::Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Hex, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digit =
            |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let bytes = text.as_bytes().chunks(2).map(|pair| match *pair {
            [high, low] => Some(digit(high)? << 4 | digit(low)?),
            _ => None,
        });
        bytes.collect::<Option<_>>().map(Hex).ok_or_else(|| D::Error::custom("not hexadecimal"))
    }
}

/// Bytes as fixtures spell them.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Reads `fixtures/wire/<name>`.
pub fn fixture<T: DeserializeOwned>(name: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/wire").join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// How often a randomized test goes round: `long` with `KONTRACT_PROVE`.
pub fn rounds(short: u64, long: u64) -> u64 {
    if std::env::var_os("KONTRACT_PROVE").is_some() { long } else { short }
}

/// Bytes that are the same in every run of a seed (`SplitMix64`).
#[derive(Debug, Clone)]
pub struct Seeded(pub u64);

impl Seeded {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).unwrap()
    }

    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.fill(&mut bytes).unwrap();
        bytes
    }
}

impl Random for Seeded {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomFailed> {
        for chunk in bytes.chunks_mut(8) {
            let word = self.next().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

/// A client and a server with a wire between them.
pub struct Pair {
    pub random: Seeded,
    pub time: Time,
    pub node: Node,
    pub client: Client,
    pub server: Server,
}

pub const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

pub fn node() -> Node {
    Node::new(PrivateKey::new([0x11; 32]), node_secret(b"a secret of thirty-two characters"))
}

pub fn config(node: &Node, pass: Option<Pass>) -> Config {
    let ciphers = vec![Cipher::ChaCha20Poly1305, Cipher::Aes256Gcm];
    let offer = Offer { ciphers, schema: [0x5C; 32] };
    Config { pins: vec![node.keys[0].public()], offer, pass }
}

impl Pair {
    pub fn new(seed: u64) -> Pair {
        Pair::with(seed, node(), None)
    }

    /// Peers that have not exchanged a frame.
    pub fn with(seed: u64, node: Node, pass: Option<Pass>) -> Pair {
        let mut random = Seeded(seed);
        let time = Time { monotonic: 1_000_000, unix: 1_800_000_000_000 };
        let client = Client::connect(config(&node, pass), time, &mut random).unwrap();
        Pair { random, time, server: Server::accept(ADDRESS, time), node, client }
    }

    /// Peers with an open session, and the events of its beginning taken away.
    pub fn open(seed: u64) -> Pair {
        let mut pair = Pair::new(seed);
        pair.exchange();
        let events = pair.client_events();
        assert!(matches!(events[..], [ClientEvent::Opened { .. }, ClientEvent::Pass(_)]));
        let events = pair.server_events();
        assert!(matches!(events[..], [ServerEvent::Entered { .. }, ServerEvent::Opened { .. }]));
        pair
    }

    /// Carries frames until there is none left.
    pub fn exchange(&mut self) {
        while self.carry_up() + self.carry_down() > 0 {}
    }

    pub fn carry_up(&mut self) -> usize {
        let frames = std::iter::from_fn(|| self.client.poll_transmit()).collect::<Vec<_>>();
        frames.iter().for_each(|frame| self.give_server(frame));
        frames.len()
    }

    pub fn carry_down(&mut self) -> usize {
        let frames = std::iter::from_fn(|| self.server.poll_transmit()).collect::<Vec<_>>();
        frames.iter().for_each(|frame| self.give_client(frame));
        frames.len()
    }

    pub fn give_server(&mut self, frame: &[u8]) {
        self.server.handle_frame(&self.node, frame, self.time, &mut self.random);
    }

    pub fn give_client(&mut self, frame: &[u8]) {
        self.client.handle_frame(frame, self.time, &mut self.random);
    }

    pub fn client_events(&mut self) -> Vec<ClientEvent> {
        std::iter::from_fn(|| self.client.poll_event()).collect()
    }

    pub fn server_events(&mut self) -> Vec<ServerEvent> {
        std::iter::from_fn(|| self.server.poll_event()).collect()
    }

    /// Lets time pass, with all that falls due meanwhile.
    pub fn wait(&mut self, milliseconds: u64) {
        let end = self.time.monotonic + milliseconds;
        loop {
            let due = [self.client.poll_timeout(), self.server.poll_timeout()];
            let next = due.into_iter().flatten().min().filter(|due| *due <= end);
            let now = next.unwrap_or(end).max(self.time.monotonic);
            self.time.unix += now - self.time.monotonic;
            self.time.monotonic = now;
            if next.is_none() {
                return;
            }
            self.client.handle_timeout(self.time, &mut self.random);
            self.server.handle_timeout(&self.node, self.time);
            self.exchange();
        }
    }
}

pub fn call(method: &str) -> Call {
    let metadata = vec![("authorization".to_owned(), "Bearer hush".to_owned())];
    Call { method: method.to_owned(), args: b"arguments".to_vec(), metadata, id: [7; 16] }
}

pub fn response(in_reply_to: u64) -> Response {
    Response { in_reply_to, status: 200, result: b"result".to_vec(), ..Response::default() }
}

/// How a client's session ended, if it has.
pub fn client_ending(events: &[ClientEvent]) -> Option<Ending> {
    events.iter().find_map(|event| match event {
        ClientEvent::Ended { how, .. } => Some(*how),
        _ => None,
    })
}

/// How a server's session ended, if it has.
pub fn server_ending(events: &[ServerEvent]) -> Option<Ending> {
    events.iter().find_map(|event| match event {
        ServerEvent::Ended { how, .. } => Some(*how),
        _ => None,
    })
}
