//! The items of a stream on their way from an isolate to the connection that sends them.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::sync::{Notify, mpsc};

use crate::failure::Failure;

/// Where a call's items go. Whoever sends them takes one from the other end when the client has
/// asked for it; until then the function waits.
#[derive(Clone)]
pub struct Items(Arc<Inner>);

struct Inner {
    /// The address of whoever asked.
    from: IpAddr,
    sender: mpsc::Sender<Bytes>,
    /// For each item.
    limit: Duration,
    state: Mutex<State>,
    begun: AtomicBool,
    stopped: Notify,
}

struct State {
    due: Instant,
    /// Since when an item waits for its reader.
    waits: Option<Instant>,
    /// Why no more items are taken.
    end: Option<Failure>,
}

impl Items {
    /// `limit` is how long the function may take for each item.
    pub fn new(from: IpAddr, limit: Duration) -> (Self, mpsc::Receiver<Bytes>) {
        let (sender, receiver) = mpsc::channel(1);
        let state = State { due: Instant::now() + limit, waits: None, end: None };
        let (state, begun, stopped) = (Mutex::new(state), AtomicBool::default(), Notify::new());
        (Self(Arc::new(Inner { from, sender, limit, state, begun, stopped })), receiver)
    }

    pub fn from(&self) -> IpAddr {
        self.0.from
    }

    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// When the call is over: its time begins anew with each item.
    pub fn due(&self) -> Instant {
        self.state().due
    }

    /// Since when an item waits for its reader.
    pub fn wait(&self) -> Option<Instant> {
        self.state().waits
    }

    /// Whether the client may have been sent an item.
    pub fn have_begun(&self) -> bool {
        self.0.begun.load(Ordering::Acquire)
    }

    /// Says that an item comes. While its reader takes none, the function's time does not pass.
    pub fn begin(&self) {
        self.0.begun.store(true, Ordering::Release);
        let now = Instant::now();
        let mut state = self.state();
        state.due = now + PATIENCE;
        state.waits = Some(now);
    }

    /// Sends an item, and waits until it is taken.
    pub async fn send(&self, item: Bytes) -> Result<(), Failure> {
        let Inner { sender, limit, stopped, .. } = &*self.0;
        // There is room again once it was taken.
        let taken = async { sender.send(item).await.is_ok() && sender.reserve().await.is_ok() };
        let taken = if self.state().end.is_some() {
            false
        } else {
            tokio::select! {
                taken = taken => taken,
                () = stopped.notified() => false,
            }
        };
        let mut state = self.state();
        state.due = Instant::now() + *limit;
        state.waits = None;
        match &state.end {
            Some(failure) => Err(failure.clone()),
            None if taken => Ok(()),
            None => Err(Failure::cancelled()),
        }
    }

    /// Ends the stream: the function learns of it where it sends its next item.
    pub fn end(&self, failure: Failure) {
        self.state().end.get_or_insert(failure);
        self.0.stopped.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long a stream waits until its reader takes the next item.
const PATIENCE: Duration = Duration::from_mins(5);
