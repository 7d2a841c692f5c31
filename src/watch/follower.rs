//! The thread that builds a project, waits for changes, and builds it again.

use std::{
    io, mem,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{
    changes::{Changes, Hints},
    diagnostics,
};
use crate::{
    incremental::{Outcome, Session, Settings},
    model::diagnostic::Diagnostic,
    source::STACK_BYTES,
};

/// Follows a project as long as it lives.
#[derive(Debug)]
pub struct Follower {
    wakes: Sender<Wake>,
    events: UnboundedReceiver<Event>,
}

#[derive(Debug)]
pub enum Event {
    /// The first build, and later ones of something else than the one before.
    Built(Box<Outcome>),
    /// Whatever was on the disk when this was asked has been built.
    Settled(Value),
    /// The system does not tell of changes, for this reason: they are looked for in intervals.
    Polling(Diagnostic),
}

enum Wake {
    Told(notify::Result<notify::Event>),
    Settle(Value),
    Stop,
}

impl Follower {
    /// `project` is its folder, as the settings lead there. `poll`: do not rely on the system.
    pub fn start(settings: Settings, project: PathBuf, poll: bool) -> io::Result<Self> {
        let (wakes, woken) = channel();
        let (sender, events) = unbounded_channel();
        let own = wakes.clone();
        thread::Builder::new().name("follower".to_owned()).stack_size(STACK_BYTES).spawn(
            move || {
                let session = Session::open(settings);
                let (events, changes) = (sender, None);
                let asked = Vec::new();
                let work = Work { session, project, events, woken, changes, asked, covered: None };
                work.run((!poll).then_some(own));
            },
        )?;
        Ok(Self { wakes, events })
    }

    /// What happened next. None: a build failed in a way that has been told, and none will come.
    /// May be dropped before.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    /// Has the disk looked at without waiting for a hint.
    pub fn settle(&self, ask: Value) {
        // Where nobody listens `next` tells.
        let _ = self.wakes.send(Wake::Settle(ask));
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let _ = self.wakes.send(Wake::Stop);
    }
}

/// What the thread has.
struct Work {
    session: Session,
    project: PathBuf,
    events: UnboundedSender<Event>,
    woken: Receiver<Wake>,
    /// None: there will be no hints.
    changes: Option<Changes>,
    /// Who waits to hear that what is on the disk has been built.
    asked: Vec<Value>,
    /// Which of the session's rounds the folders that are watched go by.
    covered: Option<usize>,
}

/// Nobody wants to know any more.
struct Stopped;

impl Work {
    /// `wakes`: how the system is to tell of changes; None: it is not asked to.
    fn run(mut self, wakes: Option<Sender<Wake>>) {
        let _ = self.follow(wakes);
    }

    fn follow(&mut self, wakes: Option<Sender<Wake>>) -> Result<(), Stopped> {
        let first = self.session.build(None);
        self.tell(Event::Built(Box::new(first)))?;
        if let Some(wakes) = wakes {
            match Changes::listen(wakes, Wake::Told) {
                Ok(changes) => self.changes = Some(changes),
                Err(error) => self.give_up(&error)?,
            }
        }
        self.cover()?;
        loop {
            self.wait()?;
            let hints = self.hints();
            self.look(&hints)?;
            for ask in mem::take(&mut self.asked) {
                self.tell(Event::Settled(ask))?;
            }
            self.cover()?;
        }
    }

    /// Ends when it is time to look: some moments after a hint, after an interval, or at once
    /// where somebody asks.
    fn wait(&mut self) -> Result<(), Stopped> {
        if !self.asked.is_empty() {
            return Ok(());
        }
        let Some(changes) = &mut self.changes else {
            match self.woken.recv_timeout(INTERVAL) {
                Ok(Wake::Settle(ask)) => self.asked.push(ask),
                Ok(Wake::Told(_)) | Err(RecvTimeoutError::Timeout) => self.session.rest(),
                Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected) => return Err(Stopped),
            }
            return Ok(());
        };
        let mut wake = match self.woken.recv_timeout(REST) {
            Err(RecvTimeoutError::Timeout) => {
                self.session.rest();
                self.woken.recv().map_err(|_| Stopped)?
            }
            woken => woken.map_err(|_| Stopped)?,
        };
        let begun = Instant::now();
        loop {
            match wake {
                Wake::Told(told) => changes.note(told),
                Wake::Settle(ask) => self.asked.push(ask),
                Wake::Stop => return Err(Stopped),
            }
            // A program that writes all the time must not keep us from looking.
            if begun.elapsed() > LONGEST_WAIT {
                return Ok(());
            }
            let patience = if !self.asked.is_empty() {
                Duration::ZERO
            } else if changes.hints().are_many() {
                QUIET_OF_MANY
            } else if changes.hints().is_one_whole_file() {
                QUIET_OF_ONE
            } else {
                QUIET
            };
            wake = match self.woken.recv_timeout(patience) {
                Ok(next) => next,
                Err(RecvTimeoutError::Timeout) => return Ok(()),
                Err(RecvTimeoutError::Disconnected) => return Err(Stopped),
            };
        }
    }

    /// What may have changed. What somebody asks about may have before the system tells.
    fn hints(&mut self) -> Hints {
        let hints = self.changes.as_mut().map_or_else(Hints::anything, Changes::take);
        if self.asked.is_empty() { hints } else { Hints::anything() }
    }

    /// Builds what changed, if anything did.
    fn look(&mut self, hints: &Hints) -> Result<bool, Stopped> {
        if !self.session.is_outdated(hints.paths()) {
            return Ok(false);
        }
        let mut outcome = self.session.build(hints.paths());
        let begun = Instant::now();
        while !outcome.is_good() && begun.elapsed() < LONGEST_WAIT {
            self.listen(QUIET_OF_ERRORS)?;
            let hints = self.hints();
            if !self.session.is_outdated(hints.paths()) {
                break;
            }
            let mut changed = outcome.changed;
            outcome = self.session.build(hints.paths());
            changed.append(&mut outcome.changed);
            changed.sort();
            changed.dedup();
            outcome.changed = changed;
        }
        self.tell(Event::Built(Box::new(outcome)))?;
        Ok(true)
    }

    /// Notes what is said within this time.
    fn listen(&mut self, time: Duration) -> Result<(), Stopped> {
        let end = Instant::now() + time;
        loop {
            match self.woken.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(Wake::Told(told)) => {
                    if let Some(changes) = &mut self.changes {
                        changes.note(told);
                    }
                }
                Ok(Wake::Settle(ask)) => self.asked.push(ask),
                Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected) => return Err(Stopped),
                Err(RecvTimeoutError::Timeout) => return Ok(()),
            }
        }
    }

    /// Has the folders watched that the last build went by. What happened in them before they
    /// were watched is built now.
    fn cover(&mut self) -> Result<(), Stopped> {
        while let Some(changes) = &mut self.changes {
            let round = Some(self.session.rounds());
            if self.covered == round && !changes.folders_moved() {
                break;
            }
            self.covered = round;
            let mut folders = self.session.folders(&self.project);
            if !self.project.is_dir() {
                // It may be made again.
                folders.extend(self.project.ancestors().find(|f| f.is_dir()).map(Path::to_owned));
            }
            match changes.cover(folders) {
                Ok(fresh) if fresh.is_empty() => break,
                Ok(fresh) => {
                    if !self.look(&Hints::of(fresh))? {
                        break;
                    }
                }
                Err(error) => self.give_up(&error)?,
            }
        }
        Ok(())
    }

    fn give_up(&mut self, error: &notify::Error) -> Result<(), Stopped> {
        self.changes = None;
        self.tell(Event::Polling(diagnostics::no_hints(error)))
    }

    fn tell(&self, event: Event) -> Result<(), Stopped> {
        self.events.send(event).map_err(|_| Stopped)
    }
}

/// Editors empty a file before they fill it …
const QUIET: Duration = Duration::from_millis(20);
/// … and version control writes many.
const QUIET_OF_MANY: Duration = Duration::from_millis(150);
/// Most systems tell when a file is what it was to become.
const QUIET_OF_ONE: Duration = Duration::from_millis(2);
/// What is wrong may be half of what somebody is about to write.
const QUIET_OF_ERRORS: Duration = Duration::from_millis(60);
const LONGEST_WAIT: Duration = Duration::from_secs(2);
const INTERVAL: Duration = Duration::from_millis(500);
/// After which nobody is in the midst of something.
const REST: Duration = Duration::from_secs(1);
