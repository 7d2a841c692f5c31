//! The known answers of `fixtures/wire`, which the implementation in TypeScript reads, too.

use kontract_protocol::crypto::aead::Cipher;
use kontract_protocol::crypto::exchange::{PrivateKey, PublicKey};
use kontract_protocol::crypto::secret::ResumePsk;
use kontract_protocol::frame::{Flags, Header, Kind, handshake_frame};
use kontract_protocol::handshake::noise::{Initiator, Responder};
use kontract_protocol::message::{
    Call, Failure, Item, Response, Subscribe, decode_heartbeat, encode_heartbeat,
};
use kontract_protocol::record::Sealer;
use kontract_protocol::schedule::{Keys, root};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::support::{Hex, fixture, hex};

#[derive(Deserialize)]
struct Known {
    inputs: Inputs,
    tests: Vec<Answers>,
}

#[derive(Deserialize)]
struct Inputs {
    server_static: Hex,
    client_ephemeral: Hex,
    server_ephemeral: Hex,
    psk: Hex,
    payload1: String,
    session_id: Hex,
    payload2_tail: Hex,
    rec0_plaintext: String,
    rec1_plaintext: String,
}

#[derive(Deserialize)]
struct Answers {
    pattern: String,
    server_pub: Hex,
    kid: Hex,
    header1: Hex,
    m1: Hex,
    m2: Hex,
    h: Hex,
    prk: Hex,
    c2s_key: Hex,
    c2s_iv: Hex,
    s2c_key: Hex,
    s2c_iv: Hex,
    resume: Hex,
    rec0: Hex,
    rec1_gcm: Hex,
    rekey_c2s: Hex,
}

#[test]
fn both_patterns_give_the_known_answers() {
    let known: Known = fixture("raystream-kat.json");
    let given = &known.inputs;
    assert_eq!(known.tests.len(), 2);
    for expected in &known.tests {
        let psk = ResumePsk::new(given.psk.array());
        let psk = expected.pattern.contains("psk0").then_some(&psk);
        let server = PrivateKey::new(given.server_static.array());
        let server_ephemeral = PrivateKey::new(given.server_ephemeral.array());
        let client_ephemeral = PrivateKey::new(given.client_ephemeral.array());
        assert_eq!(server.public(), PublicKey(expected.server_pub.array()));
        assert_eq!(server.public().id(), expected.kid.array());

        let flags = if psk.is_some() { Flags::RESUME } else { Flags::NONE };
        let length = u32::try_from(32 + given.payload1.len()).unwrap();
        let reserved = server.public().id();
        let header =
            Header { kind: Kind::HandshakeInit, flags, sequence: 0, length, reserved }.encode();
        assert_eq!(header, expected.header1.array());

        let prologue = [b"raystream-v1".as_slice(), &header];
        let (client, m1) = Initiator::start(
            &prologue,
            &server.public(),
            psk,
            client_ephemeral.clone(),
            given.payload1.as_bytes(),
        )
        .unwrap();
        assert_eq!(m1, expected.m1.0);
        assert_eq!(handshake_frame(&header, &m1).len(), 16 + 12 + 32 + given.payload1.len() + 16);
        let (responder, payload1) = Responder::read(&prologue, &server, psk, &m1).unwrap();
        assert_eq!(payload1, given.payload1.as_bytes());

        let payload2 = [given.session_id.0.as_slice(), &given.payload2_tail.0].concat();
        let (m2, server_split) = responder.answer(&server_ephemeral, &payload2).unwrap();
        assert_eq!(m2, expected.m2.0);
        let (peer, read, split) = client.finish(&m2).unwrap();
        assert_eq!((peer, read), (server_ephemeral.public(), payload2));
        assert_eq!(split.keys.expose(), server_split.keys.expose());
        assert_eq!(split.hash, expected.h.array());
        assert_eq!(server_split.hash, expected.h.array());

        assert_eq!(*root(&split).expose(), expected.prk.array());
        let session = given.session_id.array();
        let keys = Keys::derive(&split, &session, &client_ephemeral.public(), &peer).unwrap();
        assert_eq!(*keys.to_server.key.expose(), expected.c2s_key.array());
        assert_eq!(*keys.to_server.iv.expose(), expected.c2s_iv.array());
        assert_eq!(*keys.to_client.key.expose(), expected.s2c_key.array());
        assert_eq!(*keys.to_client.iv.expose(), expected.s2c_iv.array());
        assert_eq!(*keys.resume.expose(), expected.resume.array());
        assert_eq!(*keys.to_server.rekeyed().unwrap().key.expose(), expected.rekey_c2s.array());

        let mut calls = Sealer::new(Cipher::ChaCha20Poly1305, keys.to_server, 100, 0).unwrap();
        let call = calls.seal(Kind::RpcCall, Flags::NONE, given.rec0_plaintext.as_bytes(), 0);
        assert_eq!(call.unwrap(), expected.rec0.0);
        let mut answers = Sealer::new(Cipher::Aes256Gcm, keys.to_client, 100, 0).unwrap();
        answers.seal(Kind::RpcResponse, Flags::NONE, b"", 0).unwrap();
        let answer =
            answers.seal(Kind::RpcResponse, Flags::NONE, given.rec1_plaintext.as_bytes(), 0);
        assert_eq!(answer.unwrap(), expected.rec1_gcm.0);
    }
}

#[derive(Deserialize)]
struct Messages {
    tests: Vec<WrittenMessage>,
}

#[derive(Deserialize)]
struct WrittenMessage {
    table: String,
    value: Value,
    bytes: Hex,
}

#[test]
fn messages_that_flatc_wrote_are_read() {
    let written: Messages = fixture("messages.json");
    assert!(written.tests.len() >= 12);
    for message in &written.tests {
        let bytes = &message.bytes.0;
        // What this crate writes of it reads as the same.
        let (read, again) = match message.table.as_str() {
            "RpcCall" => {
                let call = Call::decode(bytes).unwrap();
                (shown_call(&call), shown_call(&Call::decode(&call.encode()).unwrap()))
            }
            "RpcResponse" => {
                let response = Response::decode(bytes).unwrap();
                let again = Response::decode(&response.encode()).unwrap();
                (shown_response(&response), shown_response(&again))
            }
            "RpcError" => {
                let failure = Failure::decode(bytes).unwrap();
                let again = Failure::decode(&failure.encode()).unwrap();
                (shown_failure(&failure), shown_failure(&again))
            }
            "Event" => {
                let item = Item::decode(bytes).unwrap();
                (shown_item(&item), shown_item(&Item::decode(&item.encode()).unwrap()))
            }
            "Subscribe" => {
                let asked = Subscribe::decode(bytes).unwrap();
                let again = Subscribe::decode(&asked.encode()).unwrap();
                (shown_subscribe(&asked), shown_subscribe(&again))
            }
            "Heartbeat" => {
                let nonce = decode_heartbeat(bytes).unwrap();
                let again = decode_heartbeat(&encode_heartbeat(nonce)).unwrap();
                (json!({ "nonce": nonce.to_string() }), json!({ "nonce": again.to_string() }))
            }
            table => panic!("{table}"),
        };
        assert_eq!(read, given(&message.value), "{}", message.table);
        assert_eq!(read, again, "{}", message.table);
    }
}

/// Without what is a table's default.
fn given(value: &Value) -> Value {
    let fields = value.as_object().unwrap().iter();
    let kept = fields.filter(|(_, value)| {
        !matches!(value, Value::Null)
            && ![json!(0), json!("0"), json!(""), json!([])].contains(value)
    });
    kept.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>().into()
}

fn pairs(pairs: &[(String, String)]) -> Value {
    pairs.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()
}

fn shown_call(call: &Call) -> Value {
    given(&json!({
        "method": call.method, "args": hex(&call.args), "metadata": pairs(&call.metadata),
        "call_id": hex(&call.id),
    }))
}

fn shown_response(response: &Response) -> Value {
    given(&json!({
        "in_reply_to": response.in_reply_to.to_string(), "status": response.status,
        "headers": pairs(&response.headers), "result": hex(&response.result),
        "ticket": response.ticket.as_deref().map(hex),
    }))
}

fn shown_failure(failure: &Failure) -> Value {
    given(&json!({
        "in_reply_to": failure.in_reply_to.to_string(), "error_code": failure.code,
        "error_message": failure.message, "status": failure.status, "path": failure.path,
        "stack_trace": failure.stack,
    }))
}

fn shown_item(item: &Item) -> Value {
    given(&json!({ "in_reply_to": item.in_reply_to.to_string(), "item": hex(&item.item) }))
}

fn shown_subscribe(asked: &Subscribe) -> Value {
    match asked {
        Subscribe::Subscribe { topic, credit } => {
            json!({ "op": "Subscribe", "topic": topic, "n": credit })
        }
        Subscribe::Unsubscribe { target } => {
            json!({ "op": "Unsubscribe", "target": target.to_string() })
        }
        Subscribe::Cancel { target } => json!({ "op": "Cancel", "target": target.to_string() }),
        Subscribe::Credit { target, n } => {
            json!({ "op": "Credit", "target": target.to_string(), "n": n })
        }
    }
}
