//! From the first INIT to an open session.

use super::{Client, Event, Open, State};
use crate::frame::{Frame, Kind};
use crate::handshake::Established;
use crate::handshake::client::{Attempt, Outcome};
use crate::limits::{HANDSHAKE_WAIT_MS, MAX_FRAME, REFRESH_MS, SESSION_MS};
use crate::stream::Ending;
use crate::stream::heartbeat::Heartbeat;
use crate::stream::pipe::Pipe;
use crate::stream::requests::Requests;
use crate::ticket::Pass;
use crate::{Error, Misuse, Random, Time};

impl Client {
    pub(super) fn start(&mut self, time: Time, random: &mut dyn Random) -> Result<(), Error> {
        let pin = *self.config.pins.get(self.pin).ok_or(Misuse::NotConfigured)?;
        let offer = self.config.offer.clone();
        let (attempt, frame) = Attempt::start(pin, offer, self.config.pass.clone(), random)?;
        self.wait(attempt, frame, time);
        Ok(())
    }

    fn wait(&mut self, attempt: Attempt, frame: Vec<u8>, time: Time) {
        self.frames.push_back(frame);
        self.awaited = self.awaited.saturating_add(1);
        let until = time.monotonic.saturating_add(HANDSHAKE_WAIT_MS);
        self.state = State::Waiting { attempt: Box::new(attempt), until };
    }

    pub(super) fn handle_response(
        &mut self,
        frame: &[u8],
        time: Time,
        random: &mut dyn Random,
    ) -> Result<(), Error> {
        Frame::read(frame, MAX_FRAME, |kind| kind == Kind::HandshakeResponse)?;
        self.awaited = self.awaited.saturating_sub(1);
        if self.awaited > 0 {
            return Ok(());
        }
        let State::Waiting { attempt, .. } = std::mem::replace(&mut self.state, State::Closed)
        else {
            return Ok(());
        };
        let resumes = attempt.resumes();
        match attempt.finish(frame)? {
            Outcome::Established(established) => {
                self.establish(*established, resumes, time, random)
            }
            Outcome::Again(attempt, frame) => {
                self.wait(*attempt, frame, time);
                Ok(())
            }
            // "the client makes a full handshake"
            Outcome::Refused if resumes => {
                self.config.pass = None;
                self.start(time, random)
            }
            Outcome::Refused => {
                self.pin = self.pin.saturating_add(1);
                if self.pin < self.config.pins.len() {
                    return self.start(time, random);
                }
                self.end(Ending::Refused);
                Ok(())
            }
        }
    }

    fn establish(
        &mut self,
        established: Established,
        resumed: bool,
        time: Time,
        random: &mut dyn Random,
    ) -> Result<(), Error> {
        let now = time.monotonic;
        let pass = Pass::of(&established, Vec::new());
        let Established { keys, accepted, .. } = established;
        let open = Open {
            pipe: Pipe::new(&accepted, keys.to_server, keys.to_client, now)?,
            requests: Requests::default(),
            heartbeat: Heartbeat::new(accepted.heartbeat_s, now, random)?,
            pass,
            refresh: Some(now.saturating_add(REFRESH_MS)),
            end: now.saturating_add(SESSION_MS),
        };
        self.state = State::Open(Box::new(open));
        self.events.push_back(Event::Opened { session: accepted.session, resumed });
        // The server waits for a first record, and so do its tickets.
        self.beat(time, random)
    }
}
