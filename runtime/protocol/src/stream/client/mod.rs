//! The client's side: IDLE → INIT → WAIT (5 s, 2 retries with a new ephemeral) → OPEN → CLOSED.

mod connect;
mod receive;

use std::collections::VecDeque;

use super::Ending;
use super::heartbeat::Heartbeat;
use super::pipe::Pipe;
use super::requests::{Requests, Sort};
use crate::crypto::exchange::PublicKey;
use crate::frame::Kind;
use crate::handshake::client::{Attempt, Offer};
use crate::limits::HANDSHAKE_RETRIES;
use crate::message::{Call, Failure, Item, Response, Subscribe, encode_heartbeat, takes};
use crate::schedule::{ToClient, ToServer};
use crate::ticket::Pass;
use crate::{Error, Misuse, Random, Time};

/// What a client knows before it connects.
#[derive(Debug, Clone)]
pub struct Config {
    /// The pinned keys of the server, the current one first.
    pub pins: Vec<PublicKey>,
    pub offer: Offer,
    /// What an earlier session left, to resume it.
    pub pass: Option<Pass>,
}

/// What a client learns.
#[derive(Debug)]
pub enum Event {
    /// Calls can be made.
    Opened {
        session: [u8; 16],
        resumed: bool,
    },
    /// What opens POSTs and the next stream; each is better than the ones before it.
    Pass(Box<Pass>),
    Response(Response),
    Failure(Failure),
    Item(Item),
    /// So many heartbeats in a row had no echo: one is worth a line in a log, after two it is time
    /// to reconnect.
    Missed(usize),
    /// It is time to resume, for a fresh Diffie–Hellman.
    Refresh,
    /// The last event. What these requests did is unknown.
    Ended {
        how: Ending,
        unanswered: Vec<u64>,
    },
}

/// A session as its client sees it.
#[derive(Debug)]
pub struct Client {
    config: Config,
    /// Which pin is tried.
    pin: usize,
    retries: u32,
    /// INITs whose answers are under way. They come in order, so only the last one counts.
    awaited: u32,
    state: State,
    ended: bool,
    frames: VecDeque<Vec<u8>>,
    events: VecDeque<Event>,
}

#[derive(Debug)]
enum State {
    Waiting { attempt: Box<Attempt>, until: u64 },
    Open(Box<Open>),
    Closed,
}

#[derive(Debug)]
struct Open {
    pipe: Pipe<ToServer, ToClient>,
    requests: Requests,
    heartbeat: Heartbeat,
    /// All that a pass holds but its ticket.
    pass: Pass,
    refresh: Option<u64>,
    end: u64,
}

impl Client {
    /// Writes the first INIT.
    pub fn connect(config: Config, time: Time, random: &mut dyn Random) -> Result<Client, Error> {
        let mut client = Client {
            config,
            pin: 0,
            retries: 0,
            awaited: 0,
            state: State::Closed,
            ended: false,
            frames: VecDeque::new(),
            events: VecDeque::new(),
        };
        client.start(time, random)?;
        Ok(client)
    }

    /// A frame of the server.
    pub fn handle_frame(&mut self, frame: &[u8], time: Time, random: &mut dyn Random) {
        let handled = match &mut self.state {
            State::Waiting { .. } => self.handle_response(frame, time, random),
            State::Open(open) => match open.pipe.receive(frame, Kind::from_server) {
                Ok(Some(message)) => self.handle_message(&message),
                Ok(None) => Ok(()),
                Err(error) => Err(error),
            },
            State::Closed => Ok(()),
        };
        if let Err(error) = handled {
            self.end(Ending::Failed(error));
        }
    }

    /// The time that [`Client::poll_timeout`] told has come.
    pub fn handle_timeout(&mut self, time: Time, random: &mut dyn Random) {
        if let Err(error) = self.timeout(time, random) {
            self.end(Ending::Failed(error));
        }
    }

    /// The connection has ended.
    pub fn handle_end(&mut self) {
        self.end(Ending::Truncated);
    }

    /// The next frame to send.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.frames.pop_front()
    }

    /// What happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When to call [`Client::handle_timeout`], by the monotonic clock.
    pub fn poll_timeout(&self) -> Option<u64> {
        match &self.state {
            State::Waiting { until, .. } => Some(*until),
            State::Open(open) => {
                let soonest = open.heartbeat.due.min(open.end);
                Some(open.refresh.map_or(soonest, |refresh| refresh.min(soonest)))
            }
            State::Closed => None,
        }
    }

    /// Makes a call; its number is what answers reply to.
    pub fn call(&mut self, call: &Call, time: Time) -> Result<u64, Error> {
        takes(&call.metadata)?;
        self.request(Kind::RpcCall, Sort::Call, 0, &call.encode(), time)
    }

    /// Subscribes to a topic, for so many changes at first.
    pub fn subscribe(&mut self, topic: &str, credit: u32, time: Time) -> Result<u64, Error> {
        let body = Subscribe::Subscribe { topic: topic.to_owned(), credit }.encode();
        self.request(Kind::Subscribe, Sort::Subscription, credit, &body, time)
    }

    /// Gives a call or a subscription up; its final answer still comes.
    pub fn cancel(&mut self, target: u64, time: Time) -> Result<(), Error> {
        let request = self.open()?.requests.get(target).ok_or(Misuse::UnknownRequest)?;
        let body = match request.sort {
            Sort::Call => Subscribe::Cancel { target },
            Sort::Subscription => Subscribe::Unsubscribe { target },
        };
        self.send(Kind::Subscribe, &body.encode(), time).map(|_| ())
    }

    /// Asks for more items of a stream, or more changes.
    pub fn credit(&mut self, target: u64, n: u32, time: Time) -> Result<(), Error> {
        if !self.open()?.requests.credit(target, n) {
            return Err(Misuse::UnknownRequest.into());
        }
        self.send(Kind::Subscribe, &Subscribe::Credit { target, n }.encode(), time).map(|_| ())
    }

    /// Says CLOSE, and ends.
    pub fn close(&mut self, time: Time) {
        self.close_as(Ending::Closed, time);
    }

    fn timeout(&mut self, time: Time, random: &mut dyn Random) -> Result<(), Error> {
        let now = time.monotonic;
        match &mut self.state {
            State::Waiting { until, .. } if now >= *until => {
                if self.retries >= HANDSHAKE_RETRIES {
                    self.end(Ending::HandshakeTimedOut);
                    return Ok(());
                }
                self.retries = self.retries.saturating_add(1);
                self.start(time, random)
            }
            State::Open(open) => {
                if now >= open.end {
                    self.close_as(Ending::TooOld, time);
                    return Ok(());
                }
                if open.refresh.is_some_and(|refresh| now >= refresh) {
                    open.refresh = None;
                    self.events.push_back(Event::Refresh);
                }
                if now < open.heartbeat.due {
                    return Ok(());
                }
                if open.heartbeat.is_lost() {
                    self.close_as(Ending::Lost, time);
                    return Ok(());
                }
                let missed = open.heartbeat.missed();
                if missed > 0 {
                    self.events.push_back(Event::Missed(missed));
                }
                self.beat(time, random)
            }
            State::Waiting { .. } | State::Closed => Ok(()),
        }
    }

    fn beat(&mut self, time: Time, random: &mut dyn Random) -> Result<(), Error> {
        let nonce = self.open()?.heartbeat.beat(time.monotonic, random)?;
        self.send(Kind::Heartbeat, &encode_heartbeat(nonce), time).map(|_| ())
    }

    fn request(
        &mut self,
        kind: Kind,
        sort: Sort,
        credit: u32,
        body: &[u8],
        time: Time,
    ) -> Result<u64, Error> {
        if !self.open()?.requests.has_room(sort) {
            return Err(match sort {
                Sort::Call => Misuse::TooManyCalls.into(),
                Sort::Subscription => Misuse::TooManySubscriptions.into(),
            });
        }
        let sequence = self.send(kind, body, time)?;
        self.open()?.requests.insert(sequence, sort, credit);
        Ok(sequence)
    }

    fn open(&mut self) -> Result<&mut Open, Error> {
        match &mut self.state {
            State::Open(open) => Ok(open),
            _ => Err(Misuse::NotOpen.into()),
        }
    }

    fn send(&mut self, kind: Kind, body: &[u8], time: Time) -> Result<u64, Error> {
        let State::Open(open) = &mut self.state else { return Err(Misuse::NotOpen.into()) };
        open.pipe.takes(body)?;
        let sent = open.pipe.send(kind, body, time.monotonic, &mut self.frames);
        if let Err(error) = sent {
            self.end(Ending::Failed(error));
        }
        sent
    }

    fn close_as(&mut self, how: Ending, time: Time) {
        if let State::Open(open) = &mut self.state {
            // Where it fails the connection ends all the same, and the server takes it for cut off.
            let _ = open.pipe.close(time.monotonic, &mut self.frames);
        }
        self.end(how);
    }

    fn end(&mut self, how: Ending) {
        let unanswered = match std::mem::replace(&mut self.state, State::Closed) {
            State::Open(mut open) => open.requests.take(),
            State::Waiting { .. } | State::Closed => Vec::new(),
        };
        if !self.ended {
            self.ended = true;
            self.events.push_back(Event::Ended { how, unanswered });
        }
    }
}
