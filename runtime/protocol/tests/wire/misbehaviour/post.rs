//! Peers that misbehave in a POST.

use kontract_protocol::Error::{self, PeerMisbehaved};
use kontract_protocol::Misbehaviour::{self, *};
use kontract_protocol::handshake::server::Node;
use kontract_protocol::message::{Call, Failure, Response};
use kontract_protocol::post::{Answer, Pending, Post, request};
use kontract_protocol::stream::ClientEvent;
use kontract_protocol::ticket::Pass;
use kontract_protocol::{Misuse, Time};

use super::assert_listed;
use crate::support::{Pair, Seeded, call, response};

struct Bench {
    node: Node,
    pass: Pass,
    time: Time,
    random: Seeded,
}

impl Bench {
    fn new() -> Bench {
        let mut pair = Pair::new(71);
        pair.exchange();
        let pass = pair.client_events().into_iter().find_map(|event| match event {
            ClientEvent::Pass(pass) => Some(*pass),
            _ => None,
        });
        Bench { node: pair.node, pass: pass.unwrap(), time: pair.time, random: pair.random }
    }

    fn request(&mut self) -> (Pending, Vec<u64>, Vec<u8>) {
        request(&self.pass, &[call("a"), call("b")], [5; 16], &mut self.random).unwrap()
    }

    fn open(&mut self, body: &[u8]) -> Result<Post, Error> {
        Post::open(&self.node, body, self.time, &mut self.random)
    }

    fn answer(&mut self, body: &[u8]) -> Vec<u8> {
        let mut post = self.open(body).unwrap();
        let numbers: Vec<_> = post.calls.iter().map(|(number, _)| *number).collect();
        numbers.iter().for_each(|number| post.respond(response(*number)).unwrap());
        post.finish().unwrap()
    }
}

/// Where a request's frames begin: behind the ticket, the call id and the random bytes.
fn frames(body: &[u8]) -> usize {
    2 + usize::from(u16::from_be_bytes([body[0], body[1]])) + 32
}

type Change = (&'static str, fn(&mut Vec<u8>), Misbehaviour);

#[test]
fn a_server_opens_no_request_that_was_changed() {
    let cases: Vec<Change> = vec![
        ("nothing", Vec::clear, WrongLength),
        ("a ticket longer than all", |b| b[0] = 0xFF, WrongLength),
        ("a ticket and nothing else", |b| b.truncate(frames(b) - 10), WrongLength),
        ("a bit of the ticket", |b| b[60] ^= 1, BadTicket),
        ("the epoch before", |b| b[5] -= 1, BadTicket),
        ("the epoch after", |b| b[5] += 1, TicketExpired),
        (
            "another call id",
            |b| {
                let at = frames(b) - 32;
                b[at] ^= 1;
            },
            Unauthentic,
        ),
        (
            "other random bytes",
            |b| {
                let at = frames(b) - 1;
                b[at] ^= 1;
            },
            Unauthentic,
        ),
        ("no frame", |b| b.truncate(frames(b)), WrongLength),
        ("half a frame", |b| b.truncate(frames(b) + 30), WrongLength),
        (
            "another type",
            |b| {
                let at = frames(b) + 1;
                b[at] = 0x20;
            },
            WrongType,
        ),
        (
            "a handshake within",
            |b| {
                let at = frames(b) + 1;
                b[at] = 1;
            },
            WrongType,
        ),
        (
            "a flag that does not exist",
            |b| {
                let at = frames(b) + 2;
                b[at] = 1;
            },
            WrongFlags,
        ),
        (
            "another sequence",
            |b| {
                let at = frames(b) + 7;
                b[at] = 1;
            },
            WrongSequence,
        ),
        (
            "another epoch",
            |b| {
                let at = frames(b) + 15;
                b[at] = 1;
            },
            WrongEpoch,
        ),
        (
            "another nonce",
            |b| {
                let at = frames(b) + 16;
                b[at] = 1;
            },
            WrongNonce,
        ),
        (
            "MORE that was not sealed",
            |b| {
                let at = frames(b) + 3;
                b[at] = 4;
            },
            Unauthentic,
        ),
        (
            "a bit of a call",
            |b| {
                let at = frames(b) + 28;
                b[at] ^= 1;
            },
            Unauthentic,
        ),
        ("a bit of the last tag", |b| *b.last_mut().unwrap() ^= 1, Unauthentic),
        (
            "the first call left out",
            |b| {
                let (at, length) = (frames(b), (b.len() - frames(b)) / 2);
                b.drain(at..at + length);
            },
            WrongSequence,
        ),
        (
            "the first call twice",
            |b| {
                let (at, length) = (frames(b), (b.len() - frames(b)) / 2);
                b.copy_within(at..at + length, at + length);
            },
            WrongSequence,
        ),
        ("more behind it", |b| b.push(0), WrongLength),
    ];
    assert_listed("requests", &cases);
    for (name, change, blame) in cases {
        let mut bench = Bench::new();
        let (_, _, mut body) = bench.request();
        assert!(bench.open(&body).is_ok());
        change(&mut body);
        assert_eq!(bench.open(&body).err(), Some(PeerMisbehaved(blame)), "{name}");
        let refused = Post::refused(&body);
        assert!(refused.len() == 44 && refused[16..].iter().all(|byte| *byte == 0), "{name}");
    }
}

#[test]
fn a_client_reads_no_response_that_was_changed() {
    let cases: Vec<Change> = vec![
        ("nothing", Vec::clear, WrongLength),
        ("half of the random bytes", |b| b.truncate(16), WrongLength),
        ("other random bytes", |b| b[0] ^= 1, Unauthentic),
        ("no answer", |b| b.truncate(32), Unanswered),
        ("one answer of two", |b| b.truncate(32 + (b.len() - 32) / 2), Unanswered),
        ("an answer that was cut off", |b| b.truncate(b.len() - 1), WrongLength),
        ("a call", |b| b[33] = 0x10, WrongType),
        ("an item", |b| b[33] = 0x21, WrongType),
        ("a result as an error", |b| b[33] = 0x12, Unauthentic),
        ("another sequence", |b| b[39] = 1, WrongSequence),
        ("a bit of a result", |b| b[70] ^= 1, Unauthentic),
        (
            "the first answer twice",
            |b| {
                let length = (b.len() - 32) / 2;
                b.copy_within(32..32 + length, 32 + length);
            },
            WrongSequence,
        ),
        ("more behind it", |b| b.extend([0; 44]), WrongVersion),
    ];
    assert_listed("answers", &cases);
    for (name, change, blame) in cases {
        let mut bench = Bench::new();
        let (pending, _, body) = bench.request();
        let mut answer = bench.answer(&body);
        change(&mut answer);
        assert_eq!(pending.read(&answer).err(), Some(PeerMisbehaved(blame)), "{name}");
    }
}

#[test]
fn responses_belong_to_their_request_and_answer_each_call_once() {
    let mut bench = Bench::new();
    let (first, _, one) = bench.request();
    let (second, numbers, two) = bench.request();
    assert_ne!(one, two);
    let (to_one, to_two) = (bench.answer(&one), bench.answer(&two));
    assert_eq!(first.read(&to_two).err(), Some(PeerMisbehaved(Unauthentic)));
    assert_eq!(second.read(&to_one).err(), Some(PeerMisbehaved(Unauthentic)));
    let mut post = bench.open(&two).unwrap();
    post.respond(response(numbers[0])).unwrap();
    let twice = Failure { in_reply_to: numbers[0], ..Failure::default() };
    assert_eq!(post.fail(&twice), Err(Error::Misused(Misuse::UnknownRequest)));
    assert_eq!(post.respond(response(99)), Err(Error::Misused(Misuse::UnknownRequest)));
    assert!(post.finish().is_err());
}

#[test]
fn a_replayed_request_gives_other_bytes_to_the_same_calls() {
    let mut bench = Bench::new();
    let (pending, _, body) = bench.request();
    let (one, two) = (bench.answer(&body), bench.answer(&body));
    assert_ne!(one[..32], two[..32]);
    assert_ne!(one[60..80], two[60..80]);
    let Ok(Answer::Replies(replies, None)) = pending.read(&two) else { panic!() };
    assert_eq!(replies.len(), 2);
}

#[test]
fn a_message_without_its_last_frame_is_not_read() {
    let mut bench = Bench::new();
    bench.pass.max_frame = 4096;
    bench.node.max_frame = 4096;
    let long = Call { args: vec![0; 5000], ..call("long") };
    let calls = [long];
    let (pending, numbers, mut body) =
        request(&bench.pass, &calls, [5; 16], &mut bench.random).unwrap();
    let mut post = bench.open(&body).unwrap();
    post.respond(Response { result: vec![0; 5000], ..response(numbers[0]) }).unwrap();
    let mut answer = post.finish().unwrap();
    body.truncate(frames(&body) + 4096 + 44);
    assert_eq!(bench.open(&body).err(), Some(PeerMisbehaved(Interrupted)));
    answer.truncate(32 + 4096 + 44);
    assert_eq!(pending.read(&answer).err(), Some(PeerMisbehaved(Interrupted)));
}
