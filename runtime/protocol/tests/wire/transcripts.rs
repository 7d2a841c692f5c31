//! Whole sessions byte for byte, in `fixtures/wire/transcripts.json`: with the same random bytes
//! every implementation says the same. `KONTRACT_UPDATE_VECTORS=1` writes the file anew.

use std::path::Path;

use kontract_protocol::crypto::aead::Cipher;
use kontract_protocol::handshake::client::{Attempt, Offer};
use kontract_protocol::handshake::server::Node;
use kontract_protocol::message::{Failure, Item};
use kontract_protocol::post::{Answer, Handshake, Post, finish_handshake, handshake, request};
use kontract_protocol::stream::{Client, ClientEvent, Config, Server};
use kontract_protocol::ticket::Pass;
use kontract_protocol::{Random, RandomFailed, Time};
use serde_json::{Value, json};

use crate::support::{ADDRESS, Seeded, call, hex, node, response};

const TIME: Time = Time { monotonic: 0, unix: 1_800_000_000_000 };

/// Random bytes, and a record of them.
struct Tape {
    source: Seeded,
    used: Vec<u8>,
}

impl Tape {
    fn new(seed: u64) -> Tape {
        Tape { source: Seeded(seed), used: Vec::new() }
    }
}

impl Random for Tape {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomFailed> {
        self.source.fill(bytes)?;
        self.used.extend_from_slice(bytes);
        Ok(())
    }
}

struct Stream {
    client: Client,
    server: Server,
    node: Node,
    tapes: [Tape; 2],
    frames: Vec<Value>,
    pass: Option<Pass>,
}

impl Stream {
    fn new(node: Node, ciphers: Vec<Cipher>, pass: Option<Pass>) -> Stream {
        let offer = Offer { ciphers, schema: [0x5C; 32] };
        let config = Config { pins: vec![node.keys[0].public()], offer, pass };
        let mut tapes = [Tape::new(1), Tape::new(2)];
        let client = Client::connect(config, TIME, &mut tapes[0]).unwrap();
        let server = Server::accept(ADDRESS, TIME);
        Stream { client, server, node, tapes, frames: Vec::new(), pass: None }
    }

    fn exchange(&mut self) {
        let [ours, theirs] = &mut self.tapes;
        loop {
            if let Some(frame) = self.client.poll_transmit() {
                self.frames.push(json!({ "from": "client", "bytes": hex(&frame) }));
                self.server.handle_frame(&self.node, &frame, TIME, theirs);
            } else if let Some(frame) = self.server.poll_transmit() {
                self.frames.push(json!({ "from": "server", "bytes": hex(&frame) }));
                self.client.handle_frame(&frame, TIME, ours);
            } else {
                break;
            }
        }
        while let Some(event) = self.client.poll_event() {
            if let ClientEvent::Pass(pass) = event {
                self.pass = Some(*pass);
            }
        }
    }

    /// A session that says something of every type.
    fn converse(&mut self) {
        self.exchange();
        let called = self.client.call(&call("getUser"), TIME).unwrap();
        let streamed = self.client.call(&call("list"), TIME).unwrap();
        let topic = self.client.subscribe("users", 1, TIME).unwrap();
        self.client.credit(streamed, 2, TIME).unwrap();
        self.exchange();
        self.server.respond(&response(called), TIME).unwrap();
        self.server.send(&Item { in_reply_to: streamed, item: vec![1, 2] }, TIME).unwrap();
        self.server.send(&Item { in_reply_to: topic, item: vec![3] }, TIME).unwrap();
        let failure = Failure {
            in_reply_to: streamed,
            code: "TIMEOUT".into(),
            status: 504,
            ..Failure::default()
        };
        self.server.fail(&failure, TIME).unwrap();
        self.exchange();
        self.client.cancel(topic, TIME).unwrap();
        self.exchange();
        self.server.respond(&response(topic), TIME).unwrap();
        self.client.close(TIME);
        self.exchange();
    }

    fn told(self, name: &str) -> Value {
        let [client, server] = &self.tapes;
        json!({
            "name": name, "client_random": hex(&client.used), "server_random": hex(&server.used),
            "frames": self.frames,
        })
    }
}

fn often() -> Node {
    let mut node = node();
    node.rekey_records = 3;
    node
}

fn streams() -> Vec<Value> {
    let mut told = Vec::new();
    let mut full = Stream::new(often(), vec![Cipher::ChaCha20Poly1305], None);
    full.converse();
    let pass = full.pass.clone();
    told.push(full.told("chacha20-poly1305, a new key after every third record"));
    let mut resumed = Stream::new(often(), vec![Cipher::Aes256Gcm], pass.clone());
    resumed.converse();
    let mut told_resumed = resumed.told("aes-256-gcm, resumed with the first one's ticket");
    let pass = pass.unwrap();
    told_resumed["ticket"] = json!(hex(&pass.ticket));
    told_resumed["resume_psk"] = json!(hex(pass.resume.expose()));
    told.push(told_resumed);
    let busy = node();
    for index in 0..600_u32 {
        busy.admission().enter(std::net::Ipv4Addr::from(index).into());
    }
    let mut cookie = Stream::new(busy, vec![Cipher::Aes256Gcm], None);
    cookie.exchange();
    told.push(cookie.told("a node that asks for a cookie"));
    told
}

fn post() -> Value {
    let (node, mut ours, mut theirs) = (node(), Tape::new(3), Tape::new(4));
    let offer = Offer { ciphers: vec![Cipher::ChaCha20Poly1305], schema: [0x5C; 32] };
    let (attempt, init) = Attempt::start(node.keys[0].public(), offer, None, &mut ours).unwrap();
    let (opened, outcome) = handshake(&node, &init, ADDRESS, TIME, &mut theirs);
    outcome.unwrap();
    let Handshake::Pass(pass) = finish_handshake(attempt, &opened).unwrap() else { panic!() };
    let calls = [call("getUser"), call("list")];
    let (pending, numbers, body) = request(&pass, &calls, [9; 16], &mut ours).unwrap();
    let mut post = Post::open(&node, &body, TIME, &mut theirs).unwrap();
    post.respond(response(numbers[0])).unwrap();
    post.fail(&Failure { in_reply_to: numbers[1], code: "TIMEOUT".into(), ..Failure::default() })
        .unwrap();
    let answer = post.finish().unwrap();
    assert!(
        matches!(pending.read(&answer), Ok(Answer::Replies(replies, None)) if replies.len() == 2)
    );
    json!({
        "client_random": hex(&ours.used), "server_random": hex(&theirs.used),
        "call_id": hex(&[9; 16]), "post_secret": hex(pass.post.expose()),
        "handshake": { "request": hex(&init), "response": hex(&opened) },
        "calls": { "request": hex(&body), "response": hex(&answer) },
    })
}

#[test]
fn sessions_are_the_same_byte_for_byte() {
    let made = json!({
        "inputs": {
            "server_static": hex(&[0x11; 32]), "secret": "a secret of thirty-two characters",
            "address": ADDRESS.to_string(), "unix_ms": TIME.unix, "schema": hex(&[0x5C; 32]),
        },
        "streams": streams(),
        "post": post(),
    });
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/wire/transcripts.json");
    if std::env::var_os("KONTRACT_UPDATE_VECTORS").is_some() {
        std::fs::write(&path, format!("{made:#}\n")).unwrap();
    }
    let known: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(made, known);
}
