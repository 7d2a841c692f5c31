//! One stream: the protocol's machine between a WebSocket and the calls that run.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use kontract_protocol::{
    Error,
    admission::Slot,
    message::{Call, Failure as Failed, Item},
    stream::{Server, ServerEvent as Event},
};
use tokio::{
    sync::Notify,
    task::{AbortHandle, JoinError, JoinSet},
    time::{sleep_until, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Error as SocketError, Message},
};

use super::{
    Raystream,
    call::{self, Answer, Answered, Caller},
    items::Streams,
    random,
};
use crate::{
    failure::Failure,
    gateway::{http::Host, link::Link, peers::Arrival},
};

pub type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// A connection that has become a stream.
pub struct Stream {
    host: Arc<Host>,
    raystream: Arc<Raystream>,
    caller: Arc<Caller>,
    server: Server,
    calls: Calls,
    streams: Streams,
    /// The place among half-open sessions.
    slot: Option<Slot>,
    /// Wakes it when it has to make way.
    way: Arc<Notify>,
    open: bool,
    closing: bool,
    ended: bool,
}

/// Calls that run. Dropped, they end.
#[derive(Default)]
struct Calls {
    tasks: JoinSet<(u64, Answered)>,
    running: BTreeMap<u64, AbortHandle>,
}

impl Stream {
    pub fn new(host: Arc<Host>, raystream: Arc<Raystream>, from: IpAddr, caller: Caller) -> Self {
        Self {
            server: Server::accept(from, raystream.now()),
            host,
            raystream,
            caller: Arc::new(caller),
            calls: Calls::default(),
            streams: Streams::default(),
            slot: None,
            way: Arc::default(),
            open: false,
            closing: false,
            ended: false,
        }
    }

    /// Serves the stream until either side ends it. While what was said is not taken, nothing is
    /// read: so a client that does not listen has to stop talking.
    pub async fn run(mut self, mut socket: Socket, mut link: Link) {
        let peer = Arc::clone(&link.peer);
        // Until the client has shown its keys, and then for each message of several frames.
        let mut waiting: Option<Arrival<'_>> = None;
        let (mut held, mut was_open) = (0, false);
        loop {
            let before = std::mem::replace(&mut held, self.server.held());
            if held < before || self.open != was_open {
                was_open = self.open;
                waiting = None;
            }
            if !self.open || held > 0 {
                let more = if waiting.is_some() { held - before } else { held };
                waiting.get_or_insert_with(|| peer.arrival()).holds(more);
            }
            let served = waiting.is_none().then(|| peer.serve());
            let due = self.server.poll_timeout().unwrap_or_default();
            let due = self.raystream.begun + Duration::from_millis(due);
            tokio::select! {
                message = socket.next() => self.take(message),
                Some(done) = self.calls.tasks.join_next_with_id() => self.answer(done),
                (sequence, item) = self.streams.next(&self.server) => self.pass(sequence, item),
                () = sleep_until(due.into()) => {
                    self.server.handle_timeout(&self.raystream.node, self.raystream.now());
                }
                () = self.way.notified() => self.server.evict(&self.raystream.node),
                () = peer.dismissed() => self.server.evict(&self.raystream.node),
                () = link.closing(), if !self.closing => self.closing = true,
            }
            drop(served);
            self.follow();
            if self.open {
                peer.recognize();
            }
            if self.closing && self.calls.running.is_empty() {
                self.server.close(&self.raystream.node, self.raystream.now());
                self.follow();
            }
            if !self.deliver(&mut socket).await {
                self.server.handle_end(&self.raystream.node);
                self.follow();
            }
            if self.ended {
                break;
            }
        }
        let _ = timeout(LAST_WORD, socket.close(None)).await;
    }

    /// Something came of the socket.
    fn take(&mut self, message: Option<Result<Message, SocketError>>) {
        let (node, time) = (&self.raystream.node, self.raystream.now());
        match message {
            Some(Ok(Message::Binary(frame))) => {
                self.server.handle_frame(node, &frame, time, &mut random());
            }
            // The socket answers by itself.
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            _ => self.server.handle_end(node),
        }
    }

    /// Does what the protocol has found out.
    fn follow(&mut self) {
        while let Some(event) = self.server.poll_event() {
            match event {
                Event::Entered { slot, evicted } => {
                    let mut half_open = self.raystream.half_open();
                    self.slot.replace(slot).map(|before| half_open.remove(&before));
                    half_open.insert(slot, Arc::clone(&self.way));
                    if let Some(other) = evicted.and_then(|slot| half_open.remove(&slot)) {
                        other.notify_one();
                    }
                }
                Event::Opened { .. } => {
                    self.open = true;
                    self.leave_half_open();
                }
                Event::Refused(error) => {
                    tracing::debug!(target: "kontract", %error, "A handshake was refused");
                }
                Event::Call { sequence, call } => self.begin(sequence, call),
                Event::Cancel { target } => {
                    self.streams.end(target);
                    if self.calls.cancel(target) {
                        self.fail(target, Failure::cancelled());
                    }
                }
                Event::Subscribe { sequence, .. } => {
                    self.fail(sequence, Failure::not_found("Subscriptions are not served"));
                }
                Event::Unsubscribe { .. } | Event::Credit { .. } => {}
                Event::Ended { how, .. } => {
                    tracing::debug!(target: "kontract", ?how, "A stream has ended");
                    self.leave_half_open();
                    self.calls = Calls::default();
                    self.streams = Streams::default();
                    self.ended = true;
                }
            }
        }
    }

    fn begin(&mut self, sequence: u64, call: Call) {
        if self.closing {
            return self.fail(sequence, Failure::not_taken("The server is closing"));
        }
        let (host, caller) = (Arc::clone(&self.host), Arc::clone(&self.caller));
        let (items, outlet) = call::stream(&host, &caller, &call).unzip();
        if let Some(outlet) = outlet {
            self.streams.begin(sequence, outlet);
        }
        let task =
            async move { (sequence, call::serve(&host, &caller, sequence, call, items).await) };
        self.calls.running.insert(sequence, self.calls.tasks.spawn(task));
    }

    /// The client has asked for the item.
    fn pass(&mut self, sequence: u64, item: Bytes) {
        let item = Item { in_reply_to: sequence, item: item.into() };
        if let Err(error) = self.server.send(&item, self.raystream.now()) {
            self.streams.end(sequence);
            self.calls.cancel(sequence);
            let id = sequence.to_string();
            self.fail(sequence, call::unsendable(&id, &error));
        }
    }

    /// A call has ended.
    fn answer(&mut self, done: Result<(tokio::task::Id, (u64, Answered)), JoinError>) {
        let (sequence, answered) = match done {
            Ok((_, (sequence, answered))) => (sequence, answered),
            Err(error) => {
                // One that was cancelled has been answered.
                if let Some(sequence) = self.calls.by_task(error.id()) {
                    self.streams.end(sequence);
                    self.calls.running.remove(&sequence);
                    self.fail(sequence, Failure::internal());
                }
                return;
            }
        };
        self.streams.end(sequence);
        if self.calls.running.remove(&sequence).is_none() {
            return;
        }
        match answered.answer {
            Answer::Error(failure) => self.fail_as(&failure),
            Answer::Result(response) => {
                if let Err(error) = self.server.respond(&response, self.raystream.now()) {
                    let id = sequence.to_string();
                    self.fail(sequence, call::unsendable(&id, &error));
                }
            }
        }
    }

    fn fail(&mut self, sequence: u64, failure: Failure) {
        self.fail_as(&call::fail(sequence, failure, false));
    }

    fn fail_as(&mut self, failure: &Failed) {
        // A session that has ended answers nothing.
        let _: Result<(), Error> = self.server.fail(failure, self.raystream.now());
    }

    /// Writes what there is to say, as long as the client may take. False where it has not.
    async fn deliver(&mut self, socket: &mut Socket) -> bool {
        let host = Arc::clone(&self.host);
        let mut sending = pin!(self.send(socket));
        let begun = Instant::now();
        while begun.elapsed() < LONGEST_WRITE {
            match timeout(PRESSING, &mut sending).await {
                Ok(sent) => return sent.is_ok(),
                // Its calls hold places that others need.
                Err(_) if host.is_pressed() => return false,
                Err(_) => {}
            }
        }
        false
    }

    /// Writes what the protocol has to say.
    async fn send(&mut self, socket: &mut Socket) -> Result<(), SocketError> {
        let mut any = false;
        while let Some(frame) = self.server.poll_transmit() {
            socket.feed(Message::Binary(Bytes::from(frame))).await?;
            any = true;
        }
        if any { socket.flush().await } else { Ok(()) }
    }

    fn leave_half_open(&mut self) {
        if let Some(slot) = self.slot.take() {
            self.raystream.half_open().remove(&slot);
        }
    }
}

impl Calls {
    /// Ends a call. False where it has ended.
    fn cancel(&mut self, sequence: u64) -> bool {
        let task = self.running.remove(&sequence);
        task.map(|task| task.abort()).is_some()
    }

    fn by_task(&self, id: tokio::task::Id) -> Option<u64> {
        let mut running = self.running.iter();
        running.find(|(_, task)| task.id() == id).map(|(sequence, _)| *sequence)
    }
}

/// How long a client may take to read what it is sent.
const LONGEST_WRITE: Duration = Duration::from_secs(30);
/// The same while there is little room for other calls.
const PRESSING: Duration = Duration::from_secs(1);
/// For the end of the WebSocket, after the stream's own.
const LAST_WORD: Duration = Duration::from_secs(1);
