//! What a client says in an open session.

use super::{Event, Server, State};
use crate::frame::Kind;
use crate::handshake::server::Node;
use crate::message::{Call, Subscribe, decode_heartbeat, encode_heartbeat};
use crate::record::Message;
use crate::stream::Ending;
use crate::stream::requests::Sort;
use crate::{Error, Misbehaviour, Random, Time};

impl Server {
    pub(super) fn handle_message(
        &mut self,
        node: &Node,
        message: Option<Message>,
        time: Time,
        random: &mut dyn Random,
    ) -> Result<(), Error> {
        let State::Open(open) = &mut self.state else { return Ok(()) };
        open.heard = time.monotonic;
        let Some(Message { kind, sequence, body }) = message else { return Ok(()) };
        match kind {
            Kind::RpcCall => {
                let call = Call::decode(&body)?;
                if !open.requests.has_room(Sort::Call) {
                    return Err(Misbehaviour::TooManyCalls.into());
                }
                open.requests.insert(sequence, Sort::Call, 0);
                self.events.push_back(Event::Call { sequence, call });
            }
            Kind::Subscribe => self.handle_subscribe(sequence, Subscribe::decode(&body)?)?,
            Kind::Heartbeat => {
                // "HEARTBEAT {nonce: u64}, echoed."
                let echo = encode_heartbeat(decode_heartbeat(&body)?);
                open.pipe.send(Kind::Heartbeat, &echo, time.monotonic, &mut self.frames)?;
            }
            Kind::Close if body.is_empty() => {
                self.end(node, Ending::ClosedByPeer);
                return Ok(());
            }
            _ => return Err(Misbehaviour::MalformedMessage.into()),
        }
        self.grant(node, time, random)
    }

    fn handle_subscribe(&mut self, sequence: u64, asked: Subscribe) -> Result<(), Error> {
        let State::Open(open) = &mut self.state else { return Ok(()) };
        let (target, sort) = match asked {
            Subscribe::Subscribe { topic, credit } => {
                if !open.requests.has_room(Sort::Subscription) {
                    return Err(Misbehaviour::TooManySubscriptions.into());
                }
                open.requests.insert(sequence, Sort::Subscription, credit);
                self.events.push_back(Event::Subscribe { sequence, topic });
                return Ok(());
            }
            Subscribe::Unsubscribe { target } => (target, Some(Sort::Subscription)),
            Subscribe::Cancel { target } => (target, Some(Sort::Call)),
            Subscribe::Credit { target, .. } => (target, None),
        };
        if target >= sequence {
            return Err(Misbehaviour::UnknownTarget.into());
        }
        // One that was answered meanwhile: the client did not know yet.
        let Some(request) = open.requests.get(target) else { return Ok(()) };
        if sort.is_some_and(|sort| sort != request.sort) {
            return Err(Misbehaviour::UnknownTarget.into());
        }
        self.events.push_back(match asked {
            Subscribe::Credit { n, .. } => {
                open.requests.credit(target, n);
                Event::Credit { target }
            }
            Subscribe::Unsubscribe { .. } => Event::Unsubscribe { target },
            _ => Event::Cancel { target },
        });
        Ok(())
    }
}
