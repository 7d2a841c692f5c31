//! The server's side: none → UNCONFIRMED (10 s) → first valid record → OPEN → CLOSED.

mod answer;
mod receive;

use std::collections::VecDeque;
use std::net::IpAddr;

use super::Ending;
use super::pipe::Pipe;
use super::requests::Requests;
use crate::admission::Slot;
use crate::frame::Kind;
use crate::handshake::response::refusal;
use crate::handshake::server::{Answer, Node, answer};
use crate::limits::{INITS_PER_CONNECTION, SESSION_MS, UNCONFIRMED_MS};
use crate::message::Call;
use crate::schedule::{ToClient, ToServer};
use crate::ticket::Ticket;
use crate::{Error, Misbehaviour, Random, Time};

/// What a server learns.
#[derive(Debug)]
pub enum Event {
    /// The handshake was answered. Where there are too many half-open sessions, `evicted` must
    /// make way: its stream gets [`Server::evict`].
    Entered {
        slot: Slot,
        evicted: Option<Slot>,
    },
    /// A handshake that was refused, for the log.
    Refused(Error),
    /// The client has shown that it holds the keys.
    Opened {
        session: [u8; 16],
        schema: [u8; 32],
    },
    Call {
        sequence: u64,
        call: Call,
    },
    Subscribe {
        sequence: u64,
        topic: String,
    },
    /// Nobody waits for this call's result any more; it is answered all the same.
    Cancel {
        target: u64,
    },
    /// The subscription is to end with a final answer.
    Unsubscribe {
        target: u64,
    },
    /// More items of a stream may be sent.
    Credit {
        target: u64,
    },
    /// The last event. Nobody waits for these any more.
    Ended {
        how: Ending,
        unanswered: Vec<u64>,
    },
}

/// A session as its server sees it.
#[derive(Debug)]
pub struct Server {
    address: IpAddr,
    inits: u32,
    state: State,
    ended: bool,
    frames: VecDeque<Vec<u8>>,
    events: VecDeque<Event>,
}

#[derive(Debug)]
enum State {
    Awaiting { until: u64 },
    Unconfirmed { slot: Slot, until: u64, open: Box<Open> },
    Open(Box<Open>),
    Closed,
}

#[derive(Debug)]
struct Open {
    pipe: Pipe<ToClient, ToServer>,
    requests: Requests,
    session: [u8; 16],
    ticket: Ticket,
    /// When the client gets another ticket.
    renewal: u64,
    /// How long a client may be silent.
    patience: u64,
    heard: u64,
    end: u64,
}

impl Server {
    /// A connection from an address.
    pub fn accept(address: IpAddr, time: Time) -> Server {
        Server {
            address,
            inits: 0,
            state: State::Awaiting { until: time.monotonic.saturating_add(UNCONFIRMED_MS) },
            ended: false,
            frames: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// A frame of the client.
    pub fn handle_frame(&mut self, node: &Node, frame: &[u8], time: Time, random: &mut dyn Random) {
        match &mut self.state {
            State::Awaiting { .. } => self.handle_init(node, frame, time, random),
            State::Unconfirmed { .. } if frame.get(1) == Some(&(Kind::HandshakeInit as u8)) => {
                self.handle_init(node, frame, time, random);
            }
            State::Unconfirmed { open, .. } => {
                let received = open.pipe.receive(frame, Kind::from_client);
                let confirmed = received.and_then(|message| {
                    self.confirm(node, time, random)?;
                    self.handle_message(node, message, time, random)
                });
                if let Err(error) = confirmed {
                    // "before OPEN one constant reply"
                    if !matches!(self.state, State::Open(_)) {
                        self.frames.push_back(refusal(frame));
                    }
                    self.end(node, Ending::Failed(error));
                }
            }
            State::Open(open) => {
                let received = open.pipe.receive(frame, Kind::from_client);
                let handled =
                    received.and_then(|message| self.handle_message(node, message, time, random));
                if let Err(error) = handled {
                    self.end(node, Ending::Failed(error));
                }
            }
            State::Closed => {}
        }
    }

    /// The time that [`Server::poll_timeout`] told has come.
    pub fn handle_timeout(&mut self, node: &Node, time: Time) {
        let now = time.monotonic;
        match &self.state {
            State::Awaiting { until } | State::Unconfirmed { until, .. } if now >= *until => {
                self.end(node, Ending::HandshakeTimedOut);
            }
            State::Open(open) if now >= open.end => self.close_as(node, Ending::TooOld, time),
            State::Open(open) if now >= open.heard.saturating_add(open.patience) => {
                self.close_as(node, Ending::Lost, time);
            }
            _ => {}
        }
    }

    /// The connection has ended.
    pub fn handle_end(&mut self, node: &Node) {
        self.end(node, Ending::Truncated);
    }

    /// The session makes way before it was confirmed.
    pub fn evict(&mut self, node: &Node) {
        self.end(node, Ending::Evicted);
    }

    /// Says CLOSE, and ends.
    pub fn close(&mut self, node: &Node, time: Time) {
        self.close_as(node, Ending::Closed, time);
    }

    /// The next frame to send.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.frames.pop_front()
    }

    /// What happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Bytes of a message of the client that wait for its rest.
    pub fn held(&self) -> usize {
        match &self.state {
            State::Unconfirmed { open, .. } | State::Open(open) => open.pipe.held(),
            State::Awaiting { .. } | State::Closed => 0,
        }
    }

    /// When to call [`Server::handle_timeout`], by the monotonic clock.
    pub fn poll_timeout(&self) -> Option<u64> {
        match &self.state {
            State::Awaiting { until } | State::Unconfirmed { until, .. } => Some(*until),
            State::Open(open) => Some(open.end.min(open.heard.saturating_add(open.patience))),
            State::Closed => None,
        }
    }

    fn handle_init(&mut self, node: &Node, frame: &[u8], time: Time, random: &mut dyn Random) {
        self.inits = self.inits.saturating_add(1);
        self.abandon(node);
        let has_room = node.admission().has_room(self.address, node.sessions_per_address);
        let answered = if has_room {
            answer(node, frame, self.address, time, random)
        } else {
            let outcome = Err(Misbehaviour::TooManySessions.into());
            Answer { frame: refusal(frame), outcome }
        };
        self.frames.push_back(answered.frame);
        let until = time.monotonic.saturating_add(UNCONFIRMED_MS);
        self.state = State::Awaiting { until };
        let entered = answered.outcome.and_then(|established| {
            let Some(established) = established else { return Ok(None) };
            let (idle, now) = (node.session_idle_ms, time.monotonic);
            let ticket = Ticket::of(&established, time, idle);
            let accepted = &established.accepted;
            let keys = established.keys;
            let heartbeat_ms = u64::from(accepted.heartbeat_s).saturating_mul(1000);
            Ok(Some(Open {
                pipe: Pipe::new(accepted, keys.to_client, keys.to_server, now)?,
                requests: Requests::default(),
                session: accepted.session,
                ticket,
                renewal: now,
                // Three heartbeats, each a tenth late.
                patience: heartbeat_ms.saturating_mul(33) / 10,
                heard: now,
                end: now.saturating_add(SESSION_MS),
            }))
        });
        match entered {
            Ok(Some(open)) => {
                let (slot, evicted) = node.admission().enter(self.address);
                self.state = State::Unconfirmed { slot, until, open: Box::new(open) };
                self.events.push_back(Event::Entered { slot, evicted });
            }
            Ok(None) => {}
            Err(error) => self.events.push_back(Event::Refused(error)),
        }
        if self.inits >= INITS_PER_CONNECTION && matches!(self.state, State::Awaiting { .. }) {
            self.end(node, Ending::Failed(Misbehaviour::TooManyHandshakes.into()));
        }
    }

    fn confirm(&mut self, node: &Node, time: Time, random: &mut dyn Random) -> Result<(), Error> {
        let State::Unconfirmed { slot, .. } = &self.state else { return Ok(()) };
        if !node.admission().confirm(*slot, node.sessions_per_address) {
            self.end(node, Ending::Evicted);
            return Ok(());
        }
        if let State::Unconfirmed { open, .. } = std::mem::replace(&mut self.state, State::Closed) {
            let (session, schema) = (open.session, open.ticket.schema);
            self.state = State::Open(open);
            self.events.push_back(Event::Opened { session, schema });
        }
        self.grant(node, time, random)
    }

    /// Forgets a half-open session.
    fn abandon(&mut self, node: &Node) {
        match &self.state {
            State::Unconfirmed { slot, .. } => node.admission().abandon(*slot),
            State::Open(_) => node.admission().leave(self.address),
            State::Awaiting { .. } | State::Closed => {}
        }
    }

    fn close_as(&mut self, node: &Node, how: Ending, time: Time) {
        if let State::Open(open) = &mut self.state {
            // Where it fails the connection ends all the same, and the client takes it for cut off.
            let _ = open.pipe.close(time.monotonic, &mut self.frames);
        }
        self.end(node, how);
    }

    fn end(&mut self, node: &Node, how: Ending) {
        self.abandon(node);
        let unanswered = match std::mem::replace(&mut self.state, State::Closed) {
            State::Open(mut open) => open.requests.take(),
            _ => Vec::new(),
        };
        if !self.ended {
            self.ended = true;
            self.events.push_back(Event::Ended { how, unanswered });
        }
    }
}
