//! The compiler of a run. The command that runs beside the gateway may ask it, too, so that no
//! second one builds the same project: over a socket that nobody else may reach it speaks as
//! `kontract watch --json` does over standard input and output. Who comes is told of the last build
//! first, with all modules.

use std::{
    fs,
    future::pending,
    io,
    os::unix::{
        fs::{DirBuilderExt, PermissionsExt},
        net::UnixStream,
    },
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    net::UnixListener,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::{JoinHandle, spawn_blocking},
    time::sleep,
};

use crate::{
    incremental::{Outcome, Settings},
    model::{diagnostic::Diagnostic, place::Place},
    watch::{
        follower::{Event, Follower},
        requests::{self, Refusal, Request, Wish},
    },
};

mod client;

use client::Client;

#[derive(Debug)]
pub struct Compiler {
    events: UnboundedReceiver<Event>,
    work: JoinHandle<()>,
    /// None: nobody else can ask.
    socket: Option<PathBuf>,
}

impl Compiler {
    /// `folder` is where the socket may be; None: nobody will ask.
    pub fn start(
        settings: Settings,
        project: PathBuf,
        poll: bool,
        folder: Option<&Path>,
    ) -> io::Result<Self> {
        let follower = Follower::start(settings, project.clone(), poll)?;
        // Without one others have to build for themselves.
        let (listener, socket) = folder.and_then(|folder| listen(folder).ok()).unzip();
        let (sender, events) = unbounded_channel();
        let (asks, asked) = unbounded_channel();
        let work = Work {
            project,
            follower,
            listener,
            events: sender,
            asks,
            asked,
            clients: Vec::new(),
            last: None,
            places: Vec::new(),
        };
        Ok(Self { events, work: tokio::spawn(work.run()), socket })
    }

    /// As [`Follower::next`], but for what others asked.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    pub fn socket(&self) -> Option<&Path> {
        self.socket.as_deref()
    }
}

impl Drop for Compiler {
    fn drop(&mut self) {
        self.work.abort();
        if let Some(socket) = &self.socket {
            let _ = fs::remove_file(socket);
        }
    }
}

struct Work {
    project: PathBuf,
    follower: Follower,
    listener: Option<UnixListener>,
    events: UnboundedSender<Event>,
    asks: UnboundedSender<(usize, Result<Request, Refusal>)>,
    asked: UnboundedReceiver<(usize, Result<Request, Refusal>)>,
    /// Those that came, in this order; None for one that has gone.
    clients: Vec<Option<Client>>,
    /// The last build, as it was told, and what was to be said of it.
    last: Option<(Value, Vec<Diagnostic>)>,
    /// Of the last good build.
    places: Vec<Place>,
}

impl Work {
    async fn run(mut self) {
        loop {
            tokio::select! {
                event = self.follower.next() => {
                    let Some(event) = event else { return };
                    if self.take(event).is_none() {
                        return;
                    }
                }
                stream = accept(self.listener.as_ref()) => {
                    // One that cannot be served finds its connection closed.
                    let _ = self.welcome(stream);
                }
                Some((client, request)) = self.asked.recv() => self.answer(client, request),
            }
        }
    }

    /// None: nobody wants to know any more.
    fn take(&mut self, event: Event) -> Option<()> {
        match event {
            Event::Settled(ask) => {
                let client = ask["client"].as_u64().and_then(|client| usize::try_from(client).ok());
                let is_good = self.last.as_ref().is_some_and(|(last, _)| last["ok"] == true);
                let told = json!({ "id": ask["id"], "event": "settled", "ok": is_good });
                self.tell(client?, told);
                return Some(());
            }
            Event::Built(ref outcome) => self.built(outcome),
            Event::Polling(_) => {}
        }
        self.events.send(event).ok()
    }

    fn built(&mut self, outcome: &Outcome) {
        if !outcome.is_news(self.last.as_ref().map(|(_, diagnostics)| &**diagnostics)) {
            return;
        }
        let is_good = outcome.is_good();
        let was_bad = self.last.as_ref().is_some_and(|(last, _)| last["ok"] == false);
        let mut told = requests::built(&self.project, outcome, is_good && was_bad);
        self.last = Some((told.clone(), outcome.diagnostics.clone()));
        if is_good && outcome.places != self.places {
            self.places.clone_from(&outcome.places);
            told["modules"] = json!(self.places);
        }
        for client in 0..self.clients.len() {
            self.tell(client, told.clone());
        }
    }

    fn welcome(&mut self, stream: UnixStream) -> io::Result<()> {
        let number = self.clients.len();
        let mut asked = requests::listen(stream.try_clone()?)?;
        let client = Client::over(stream)?;
        let asks = self.asks.clone();
        tokio::spawn(async move {
            while let Some(request) = asked.recv().await {
                let _ = asks.send((number, request));
            }
        });
        if let Some((last, _)) = &self.last {
            let mut told = last.clone();
            if !self.places.is_empty() {
                told["modules"] = json!(self.places);
            }
            client.tell(told);
        }
        self.clients.push(Some(client));
        Ok(())
    }

    fn answer(&mut self, client: usize, request: Result<Request, Refusal>) {
        match request {
            Ok(Request { id, wish: Wish::Settle }) => {
                self.follower.settle(json!({ "client": client, "id": id }));
            }
            Ok(Request { id, wish: Wish::Lift { file, text } }) => {
                let Some(client) = self.clients.get(client).cloned().flatten() else { return };
                let project = self.project.clone();
                spawn_blocking(move || {
                    client.tell(requests::lift(&id, &project, &file, text.as_deref()));
                });
            }
            Err(refusal) => self.tell(client, refusal),
        }
    }

    fn tell(&mut self, client: usize, told: Value) {
        let Some(place) = self.clients.get_mut(client) else { return };
        if place.as_ref().is_some_and(|client| !client.tell(told)) {
            *place = None;
        }
    }
}

/// A socket in a folder that nobody else may enter. What is left of an earlier run is removed.
fn listen(folder: &Path) -> io::Result<(UnixListener, PathBuf)> {
    let folder = folder.join("compiler");
    match fs::DirBuilder::new().mode(0o700).create(&folder) {
        // It may have come by another way than an earlier run. Nobody can change what is another's.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if !fs::symlink_metadata(&folder)?.is_dir() {
                return Err(error);
            }
            fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
        }
        made => made?,
    }
    let path = folder.join("socket");
    let _ = fs::remove_file(&path);
    Ok((UnixListener::bind(&path)?, path))
}

async fn accept(listener: Option<&UnixListener>) -> UnixStream {
    let Some(listener) = listener else { return pending().await };
    loop {
        let accepted = listener.accept().await.and_then(|(stream, _)| stream.into_std());
        if let Ok(stream) = accepted
            && stream.set_nonblocking(false).is_ok()
        {
            return stream;
        }
        // Without files to open there is nothing else to do.
        sleep(REST).await;
    }
}

const REST: Duration = Duration::from_millis(100);
