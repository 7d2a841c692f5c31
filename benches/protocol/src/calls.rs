//! What raystream adds to a call with 1 KB of arguments and 1 KB of result, on an open stream and
//! by POST.

use std::hint::black_box;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use kontract_protocol::Time;
use kontract_protocol::crypto::aead::Cipher;
use kontract_protocol::crypto::exchange::PrivateKey;
use kontract_protocol::handshake::client::Offer;
use kontract_protocol::handshake::server::Node;
use kontract_protocol::message::{Call, Response};
use kontract_protocol::stream::{Client, Config, Server, ServerEvent};
use kontract_protocol::ticket::node_secret;

use crate::handshakes::random;
use crate::{Contender, medians};

const TIMES: u32 = 10_000;
const TIME: Time = Time { monotonic: 1_000_000, unix: 1_800_000_000_000 };

pub fn measure() {
    println!("A call of 1 KB with an answer of 1 KB on an open stream\n");
    println!("| | both sides, µs | the server, µs |\n|---|--:|--:|");
    for (cipher, name) in
        [(Cipher::ChaCha20Poly1305, "ChaCha20-Poly1305"), (Cipher::Aes256Gcm, "AES-256-GCM")]
    {
        let [both, server] = [false, true].map(|server_only| stream(cipher, server_only));
        let [both, server] = medians(&mut [both, server])[..] else { continue };
        println!("| {name} | {:.2} | {:.2} |", both / 1e3, server / 1e3);
    }
    println!();
}

fn stream(cipher: Cipher, server_only: bool) -> Contender<'static> {
    let node = Node::new(
        PrivateKey::generate(&mut random).unwrap(),
        node_secret(b"a secret of thirty-two characters"),
    );
    let offer = Offer { ciphers: vec![cipher], schema: [0; 32] };
    let config = Config { pins: vec![node.keys[0].public()], offer, pass: None };
    let mut client = Client::connect(config, TIME, &mut random).unwrap();
    let mut server = Server::accept(Ipv4Addr::LOCALHOST.into(), TIME);
    exchange(&mut client, &mut server, &node);
    let call = Call {
        method: "getArticle".to_owned(),
        args: vec![0x5A; 1024],
        metadata: vec![("abi".to_owned(), format!("sha256:{}", "0".repeat(64)))],
        id: [7; 16],
    };
    Contender::part(TIMES, move || {
        let started = Instant::now();
        client.call(&call, TIME).unwrap();
        let took = exchange(&mut client, &mut server, &node);
        if server_only { took } else { started.elapsed() }
    })
}

/// Carries frames until there is none left; every call is answered. Returns what the server took.
fn exchange(client: &mut Client, server: &mut Server, node: &Node) -> Duration {
    let mut took = Duration::ZERO;
    loop {
        let up: Vec<_> = std::iter::from_fn(|| client.poll_transmit()).collect();
        let started = Instant::now();
        up.iter().for_each(|frame| server.handle_frame(node, frame, TIME, &mut random));
        while let Some(event) = server.poll_event() {
            if let ServerEvent::Call { sequence, call } = black_box(event) {
                let result = call.args;
                let answer =
                    Response { in_reply_to: sequence, status: 200, result, ..Response::default() };
                server.respond(&answer, TIME).unwrap();
            }
        }
        let down: Vec<_> = std::iter::from_fn(|| server.poll_transmit()).collect();
        took += started.elapsed();
        down.iter().for_each(|frame| client.handle_frame(frame, TIME, &mut random));
        while let Some(event) = client.poll_event() {
            black_box(event);
        }
        if up.is_empty() && down.is_empty() {
            return took;
        }
    }
}
