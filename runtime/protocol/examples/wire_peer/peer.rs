//! The machines that a test speaks with.

use std::iter::from_fn;
use std::net::{IpAddr, Ipv4Addr};

use kontract_protocol::crypto::aead::Cipher;
use kontract_protocol::crypto::exchange::PrivateKey;
use kontract_protocol::handshake::client::{Attempt, Offer};
use kontract_protocol::handshake::server::Node;
use kontract_protocol::post::{
    Answer, Handshake, Pending, Post, finish_handshake, handshake, request,
};
use kontract_protocol::stream::{Client, ClientEvent, Config, Server};
use kontract_protocol::ticket::{Pass, node_secret};
use kontract_protocol::{Error, RandomFailed, Time};
use serde_json::{Value, json};

use crate::ask::{Ask, AskedCall, Hex, What, item};
use crate::show::{call, client_event, hex, reply, server_event};

type Failed = Box<dyn std::error::Error>;

/// Whatever a test asked for last.
pub struct Peer {
    node: Node,
    random: u64,
    client: Option<Client>,
    server: Option<Server>,
    pass: Option<Pass>,
    attempt: Option<Attempt>,
    pending: Option<Pending>,
    post: Option<Post>,
}

impl Default for Peer {
    fn default() -> Peer {
        Peer {
            node: node(),
            random: 0,
            client: None,
            server: None,
            pass: None,
            attempt: None,
            pending: None,
            post: None,
        }
    }
}

/// The keys that the test knows.
fn node() -> Node {
    Node::new(PrivateKey::new([0x11; 32]), node_secret(b"a secret of thirty-two characters"))
}

impl Peer {
    /// Does what is asked; an error is the test's.
    pub fn answer(&mut self, Ask { now, what }: Ask) -> Result<Value, Failed> {
        let time = Time { monotonic: now, unix: 1_800_000_000_000 + now };
        let mut state = self.random;
        let mut random = |bytes: &mut [u8]| fill(&mut state, bytes);
        let mut told = json!({});
        let mut done: Result<(), Error> = Ok(());
        match what {
            What::Seed { seed, max_frame, rekey_records } => {
                state = seed;
                self.node = node();
                (self.node.max_frame, self.node.rekey_records) = (max_frame, rekey_records);
                (self.client, self.server) = (None, None);
            }
            What::Connect { ciphers, resume } => {
                let pass = if resume { self.pass.take() } else { None };
                let pins = vec![self.node.keys.first().ok_or("no key")?.public()];
                let config = Config { pins, offer: offer(&ciphers), pass };
                self.client = Some(Client::connect(config, time, &mut random)?);
            }
            What::Accept => self.server = Some(Server::accept(ADDRESS, time)),
            What::Frames { frames } => {
                for Hex(frame) in frames {
                    if let Some(client) = &mut self.client {
                        client.handle_frame(&frame, time, &mut random);
                    }
                    if let Some(server) = &mut self.server {
                        server.handle_frame(&self.node, &frame, time, &mut random);
                    }
                }
            }
            What::Timeout => {
                if let Some(client) = &mut self.client {
                    client.handle_timeout(time, &mut random);
                }
                if let Some(server) = &mut self.server {
                    server.handle_timeout(&self.node, time);
                }
            }
            What::End => {
                if let Some(client) = &mut self.client {
                    client.handle_end();
                }
                if let Some(server) = &mut self.server {
                    server.handle_end(&self.node);
                }
            }
            What::Close => {
                if let Some(client) = &mut self.client {
                    client.close(time);
                }
                if let Some(server) = &mut self.server {
                    server.close(&self.node, time);
                }
            }
            What::Call { call } => match self.client()?.call(&call.into_call()?, time) {
                Ok(number) => told["number"] = json!(number),
                Err(error) => done = Err(error),
            },
            What::Subscribe { topic, credit } => {
                match self.client()?.subscribe(&topic, credit, time) {
                    Ok(number) => told["number"] = json!(number),
                    Err(error) => done = Err(error),
                }
            }
            What::Cancel { target } => done = self.client()?.cancel(target, time),
            What::Credit { target, n } => done = self.client()?.credit(target, n, time),
            What::Respond { response } => done = self.server()?.respond(&response.into(), time),
            What::Fail { failure } => done = self.server()?.fail(&failure.into(), time),
            What::Send { in_reply_to, item: body } => {
                done = self.server()?.send(&item(in_reply_to, body), time);
            }
            What::PostConnect { ciphers } => {
                let pin = self.node.keys.first().ok_or("no key")?.public();
                let (attempt, frame) = Attempt::start(pin, offer(&ciphers), None, &mut random)?;
                self.attempt = Some(attempt);
                told["body"] = json!(hex(&frame));
            }
            What::PostFinish { body } => {
                let attempt = self.attempt.take().ok_or("no attempt")?;
                match finish_handshake(attempt, &body.0) {
                    Ok(Handshake::Pass(pass)) => self.pass = Some(*pass),
                    Ok(other) => return Err(format!("{other:?}").into()),
                    Err(error) => done = Err(error),
                }
            }
            What::PostRequest { calls, call_id } => {
                let calls = calls.into_iter().map(AskedCall::into_call);
                let calls = calls.collect::<Result<Vec<_>, _>>()?;
                let pass = self.pass.as_ref().ok_or("no pass")?;
                let (pending, numbers, body) =
                    request(pass, &calls, call_id.array()?, &mut random)?;
                self.pending = Some(pending);
                told = json!({ "numbers": numbers, "body": hex(&body) });
            }
            What::PostRead { body } => {
                match self.pending.take().ok_or("no request")?.read(&body.0) {
                    Ok(Answer::Replies(replies, _)) => {
                        told["replies"] = replies.iter().map(reply).collect();
                    }
                    Ok(Answer::Expired) => told["expired"] = json!(true),
                    Err(error) => done = Err(error),
                }
            }
            What::PostHandshake { body } => {
                let (body, outcome) = handshake(&self.node, &body.0, ADDRESS, time, &mut random);
                told["body"] = json!(hex(&body));
                done = outcome;
            }
            What::PostOpen { body } => match Post::open(&self.node, &body.0, time, &mut random) {
                Ok(post) => {
                    let calls = post.calls.iter().map(|(number, one)| json!([number, call(one)]));
                    told["calls"] = calls.collect();
                    self.post = Some(post);
                }
                Err(error) => done = Err(error),
            },
            What::PostRespond { response } => {
                done = self.post.as_mut().ok_or("no POST")?.respond(response.into());
            }
            What::PostFail { failure } => {
                done = self.post.as_mut().ok_or("no POST")?.fail(&failure.into());
            }
            What::PostDone => {
                told["body"] = json!(hex(&self.post.take().ok_or("no POST")?.finish()?));
            }
        }
        self.random = state;
        if let Err(error) = done {
            told["error"] = json!(error.to_string());
        }
        self.drain(&mut told);
        Ok(told)
    }

    fn client(&mut self) -> Result<&mut Client, &'static str> {
        self.client.as_mut().ok_or("no client")
    }

    fn server(&mut self) -> Result<&mut Server, &'static str> {
        self.server.as_mut().ok_or("no server")
    }

    /// What the machine has to say, and when it wants to be called.
    fn drain(&mut self, told: &mut Value) {
        if let Some(client) = &mut self.client {
            told["frames"] = from_fn(|| client.poll_transmit()).map(|frame| hex(&frame)).collect();
            let events: Vec<_> = from_fn(|| client.poll_event()).collect();
            told["events"] = events.iter().map(client_event).collect();
            told["timeout"] = json!(client.poll_timeout());
            let mut passes = events.into_iter().filter_map(|event| match event {
                ClientEvent::Pass(pass) => Some(*pass),
                _ => None,
            });
            self.pass = passes.next_back().or(self.pass.take());
        } else if let Some(server) = &mut self.server {
            told["frames"] = from_fn(|| server.poll_transmit()).map(|frame| hex(&frame)).collect();
            let events = from_fn(|| server.poll_event()).map(|event| server_event(&event));
            told["events"] = events.collect();
            told["timeout"] = json!(server.poll_timeout());
        }
    }
}

fn offer(ciphers: &[u8]) -> Offer {
    let ciphers = ciphers.iter().filter_map(|number| Cipher::of(*number)).collect();
    Offer { ciphers, schema: [0x5C; 32] }
}

/// `SplitMix64`.
#[expect(clippy::unnecessary_wraps, reason = "a source of random bytes may fail")]
fn fill(state: &mut u64, bytes: &mut [u8]) -> Result<(), RandomFailed> {
    for chunk in bytes.chunks_mut(8) {
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        for (to, from) in chunk.iter_mut().zip((z ^ (z >> 31)).to_le_bytes()) {
            *to = from;
        }
    }
    Ok(())
}

const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
