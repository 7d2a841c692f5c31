//! What a server says in an open session.

use super::{Client, Event, State};
use crate::frame::Kind;
use crate::message::{Failure, HANDSHAKE, Item, Response, decode_heartbeat};
use crate::record::Message;
use crate::stream::Ending;
use crate::ticket::Pass;
use crate::{Error, Misbehaviour};

impl Client {
    pub(super) fn handle_message(&mut self, message: &Message) -> Result<(), Error> {
        let State::Open(open) = &mut self.state else { return Ok(()) };
        let event = match message.kind {
            Kind::RpcResponse => {
                let mut response = Response::decode(&message.body)?;
                if let Some(ticket) = response.ticket.take() {
                    let pass = Pass { ticket, ..open.pass.clone() };
                    self.events.push_back(Event::Pass(Box::new(pass)));
                    if response.in_reply_to == HANDSHAKE {
                        return Ok(());
                    }
                }
                open.requests.answer(response.in_reply_to)?;
                Event::Response(response)
            }
            Kind::RpcError => {
                let failure = Failure::decode(&message.body)?;
                open.requests.answer(failure.in_reply_to)?;
                Event::Failure(failure)
            }
            Kind::Event => {
                let item = Item::decode(&message.body)?;
                match open.requests.spend(item.in_reply_to) {
                    None => return Err(Misbehaviour::UnknownReply.into()),
                    Some(false) => return Err(Misbehaviour::NoCredit.into()),
                    Some(true) => Event::Item(item),
                }
            }
            Kind::Heartbeat => return Ok(open.heartbeat.echo(decode_heartbeat(&message.body)?)?),
            Kind::Close if message.body.is_empty() => {
                self.end(Ending::ClosedByPeer);
                return Ok(());
            }
            _ => return Err(Misbehaviour::MalformedMessage.into()),
        };
        self.events.push_back(event);
        Ok(())
    }
}
