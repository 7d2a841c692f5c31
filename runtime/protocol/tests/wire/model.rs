//! Random schedules of two peers, with a wire that reorders, repeats, drops, cuts and changes frames.
//!
//! What is delivered is always a beginning of what was sent, in its order, each once; a frame that is
//! not the next one, or not as it was sent, ends the session that gets it, and no other does.

use kontract_protocol::Error;
use kontract_protocol::message::{Call, Failure, Item};
use kontract_protocol::stream::{ClientEvent, Ending, ServerEvent};
use proptest::prelude::*;

use crate::support::{Pair, call, response, rounds};

/// One direction of the wire.
#[derive(Default)]
struct Wire {
    sent: Vec<Vec<u8>>,
    /// How many have been delivered as they were sent.
    next: usize,
    nonces: Vec<Vec<u8>>,
}

impl Wire {
    fn take(&mut self, frame: Vec<u8>) {
        // "(key, nonce) never repeats": within a session nonces only grow.
        let nonce = frame[16..24].to_vec();
        assert!(self.nonces.last().is_none_or(|last| *last < nonce));
        self.nonces.push(nonce);
        self.sent.push(frame);
    }

    /// The next frame, or, with a `tamper` of more than 7, what an attacker makes of the wire.
    fn deliver(&mut self, tamper: u8, at: u16) -> Option<(Vec<u8>, bool)> {
        let at = usize::from(at);
        let mut frame = self.sent.get(self.next)?.clone();
        match tamper % 16 {
            8 => {
                let bit = at % (frame.len() * 8);
                frame[bit / 8] ^= 1 << (bit % 8);
            }
            9 => frame.truncate(at % frame.len()),
            10 => frame.push(0),
            11 => {
                // The frame is lost, and another comes in its place.
                frame.clone_from(self.sent.get(self.next + 1 + at % 3)?);
            }
            12 if self.next > 0 => frame.clone_from(&self.sent[at % self.next]),
            _ => {
                self.next += 1;
                return Some((frame, true));
            }
        }
        Some((frame, false))
    }
}

#[derive(Default)]
struct Model {
    asked: Vec<Vec<u8>>,
    heard: Vec<Vec<u8>>,
    answered: Vec<String>,
    learned: Vec<String>,
    open: Vec<u64>,
    client_ended: Option<Ending>,
    server_ended: Option<Ending>,
}

impl Model {
    fn drain(&mut self, pair: &mut Pair, wires: &mut [Wire; 2]) {
        while let Some(frame) = pair.client.poll_transmit() {
            wires[0].take(frame);
        }
        while let Some(frame) = pair.server.poll_transmit() {
            wires[1].take(frame);
        }
        for event in pair.server_events() {
            assert_eq!(self.server_ended, None, "{event:?} after the end");
            match event {
                ServerEvent::Call { sequence, call } => {
                    self.open.push(sequence);
                    self.heard.push(call.args);
                }
                ServerEvent::Subscribe { sequence, topic } => {
                    self.open.push(sequence);
                    self.heard.push(topic.into_bytes());
                }
                ServerEvent::Ended { how, .. } => self.server_ended = Some(how),
                _ => {}
            }
        }
        for event in pair.client_events() {
            assert_eq!(self.client_ended, None, "{event:?} after the end");
            match event {
                ClientEvent::Response(response) => {
                    self.learned.push(format!("result of {}", response.in_reply_to));
                }
                ClientEvent::Failure(failure) => {
                    self.learned.push(format!("error of {}", failure.in_reply_to));
                }
                ClientEvent::Item(item) => {
                    self.learned.push(format!("item {:?} of {}", item.item, item.in_reply_to));
                }
                ClientEvent::Ended { how, .. } => self.client_ended = Some(how),
                _ => {}
            }
        }
        assert!(self.asked.starts_with(&self.heard), "what a server hears was asked");
        assert!(self.answered.starts_with(&self.learned), "what a client learns was answered");
    }

    fn step(&mut self, pair: &mut Pair, wires: &mut [Wire; 2], (op, kind, at): (u8, u8, u16)) {
        let time = pair.time;
        let pick = |open: &[u64]| open.get(usize::from(at) % open.len().max(1)).copied();
        match op % 12 {
            0 | 1 => {
                let args = vec![kind; usize::from(at) % 9000];
                let args = [self.asked.len().to_be_bytes().as_slice(), &args].concat();
                let asked = Call { args: args.clone(), ..call("model") };
                if pair.client.call(&asked, time).is_ok() {
                    self.asked.push(args);
                }
            }
            2 => {
                let topic = format!("topic {}", self.asked.len());
                if pair.client.subscribe(&topic, u32::from(kind % 4), time).is_ok() {
                    self.asked.push(topic.into_bytes());
                }
            }
            3 | 4 => {
                let Some(target) = pick(&self.open) else { return };
                let failed =
                    Failure { in_reply_to: target, code: "X".into(), ..Failure::default() };
                let (done, what) = if kind % 2 == 0 {
                    (pair.server.respond(&response(target), time), "result")
                } else {
                    (pair.server.fail(&failed, time), "error")
                };
                if done.is_ok() {
                    self.answered.push(format!("{what} of {target}"));
                    self.open.retain(|open| *open != target);
                }
            }
            5 => {
                let Some(in_reply_to) = pick(&self.open) else { return };
                let item = Item { in_reply_to, item: vec![kind, op] };
                if pair.server.send(&item, time).is_ok() {
                    self.answered.push(format!("item {:?} of {in_reply_to}", item.item));
                }
            }
            6 => {
                let target = u64::from(at % 40);
                let _ = if kind % 2 == 0 {
                    pair.client.cancel(target, time)
                } else {
                    pair.client.credit(target, u32::from(kind), time)
                };
            }
            7 => {
                pair.time.monotonic += u64::from(at);
                pair.client.handle_timeout(pair.time, &mut pair.random);
                pair.server.handle_timeout(&pair.node, pair.time);
            }
            8 | 9 => {
                let Some((frame, genuine)) = wires[0].deliver(kind, at) else { return };
                let ended = self.server_ended;
                pair.give_server(&frame);
                self.drain(pair, wires);
                blamed(ended, self.server_ended, genuine);
            }
            _ => {
                let Some((frame, genuine)) = wires[1].deliver(kind, at) else { return };
                let ended = self.client_ended;
                pair.give_client(&frame);
                self.drain(pair, wires);
                blamed(ended, self.client_ended, genuine);
            }
        }
        self.drain(pair, wires);
    }
}

/// A frame that was tampered with ends a session, a genuine one never does as a failure.
fn blamed(before: Option<Ending>, after: Option<Ending>, genuine: bool) {
    if before.is_none() {
        let failed = matches!(after, Some(Ending::Failed(Error::PeerMisbehaved(_))));
        assert_eq!(failed, !genuine, "{after:?}");
    } else {
        assert_eq!(before, after);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: u32::try_from(rounds(96, 20_000)).unwrap(),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_is_delivered_is_a_beginning_of_what_was_sent(
        seed: u64,
        // Most deliveries are genuine, so that sessions live long enough to have something to lose.
        tampering in prop_oneof![Just(8_u8), Just(16)],
        ops in prop::collection::vec((any::<u8>(), any::<u8>(), any::<u16>()), 1..160),
    ) {
        let mut node = crate::support::node();
        node.rekey_records = 5;
        node.max_frame = 4096;
        let mut pair = Pair::with(seed, node, None);
        pair.exchange();
        pair.client_events();
        pair.server_events();
        let (mut model, mut wires) = (Model::default(), [Wire::default(), Wire::default()]);
        for (op, kind, at) in ops {
            model.step(&mut pair, &mut wires, (op, kind % tampering, at));
        }
        pair.client.handle_end();
        pair.server.handle_end(&pair.node);
        model.drain(&mut pair, &mut wires);
        prop_assert!(model.client_ended.is_some() && model.server_ended.is_some());
    }
}
