//! `kontract watch`

mod show;

use std::{future::pending, io, path::PathBuf, process::ExitStatus};

use clap::Args;
use serde_json::Value;
use tokio::{sync::mpsc::UnboundedReceiver, task::JoinSet};

use self::show::Show;
use super::{
    Common, Locked, Outcome, absolute,
    signals::Signals,
    terminal::{Terminal, warn},
    wait_for,
};
use crate::{
    config::{self, Flags},
    files::Disk,
    incremental::Settings,
    watch::{
        command::Command,
        diagnostics,
        follower::{Event, Follower},
        requests::{self, Refusal, Request, Wish},
    },
};

#[derive(Debug, Args)]
pub struct WatchArguments {
    #[command(flatten)]
    common: Common,
    /// Command to start after the first good build, and anew whenever outputs change
    #[arg(long, value_name = "command")]
    exec: Option<String>,
    /// Look for changes in intervals, where the system does not tell of them
    #[arg(long)]
    poll: bool,
    /// Optimize server code, as `kontract build` does
    #[arg(long)]
    optimize: bool,
    #[command(flatten)]
    locked: Locked,
}

pub fn run(arguments: &WatchArguments) -> Outcome {
    let mut terminal = arguments.common.terminal();
    let outcome = wait_for(watch(arguments, &mut terminal));
    terminal.finish(outcome)
}

async fn watch(arguments: &WatchArguments, terminal: &mut Terminal) -> Outcome {
    let common = &arguments.common;
    let flags = Flags {
        config: common.config.as_deref().map(absolute),
        out: common.out.clone(),
        optimize: arguments.optimize,
        development: true,
        ..Flags::default()
    };
    let start = absolute(&common.folder);
    let project = match config::find(&Disk, &start, &flags) {
        Ok(project) => project.folder,
        Err(diagnostics) => {
            terminal.diagnostics(&Disk, &start, diagnostics);
            return Outcome::Usage;
        }
    };
    let mut signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(error) => {
            warn(&format!("kontract: {error}"));
            return Outcome::Failure;
        }
    };
    let settings = Settings {
        start,
        flags,
        locked: arguments.locked.is_set(),
        cache: true,
        places: arguments.common.json,
        serves: false,
    };
    let requests = if common.json { requests::listen(io::stdin()).map(Some) } else { Ok(None) };
    let follower = Follower::start(settings, project.clone(), arguments.poll);
    let (requests, follower) = match (requests, follower) {
        (Ok(requests), Ok(follower)) => (requests, follower),
        (Err(error), _) | (_, Err(error)) => {
            let diagnostic = diagnostics::no_thread(&error);
            terminal.diagnostics(&Disk, &project, vec![diagnostic]);
            return Outcome::Failure;
        }
    };
    let mut run = Run {
        show: Show::new(terminal, project.clone()),
        project,
        follower,
        requests,
        exec: arguments.exec.as_deref(),
        command: None,
        settling: 0,
        lifts: JoinSet::new(),
        for_programs: common.json,
    };
    let ended = tokio::select! {
        ended = run.follow() => ended,
        () = signals.next() => Outcome::Success,
    };
    run.show.stopping();
    tokio::select! {
        () = run.stop() => {}
        () = signals.insist() => {}
    }
    ended
}

struct Run<'a> {
    show: Show<'a>,
    project: PathBuf,
    follower: Follower,
    /// None: nobody may ask.
    requests: Option<UnboundedReceiver<Result<Request, Refusal>>>,
    exec: Option<&'a str>,
    command: Option<Command>,
    /// How many wait for a build.
    settling: usize,
    lifts: JoinSet<Value>,
    for_programs: bool,
}

impl Run<'_> {
    /// May be dropped at any moment.
    async fn follow(&mut self) -> Outcome {
        let mut is_open = true;
        loop {
            let is_busy = self.settling > 0 || !self.lifts.is_empty() || !self.show.has_begun();
            if !is_open && !is_busy || self.show.is_broken() {
                return Outcome::Success;
            }
            tokio::select! {
                event = self.follower.next() => match event {
                    Some(event) => self.take(event).await,
                    None => return Outcome::Failure,
                },
                request = next_of(&mut self.requests), if is_open => match request {
                    Some(request) => self.answer(request),
                    None => is_open = false,
                },
                Some(lifted) = self.lifts.join_next() => {
                    if let Ok(answer) = lifted {
                        self.show.object(&answer);
                    }
                }
                status = ended(&mut self.command) => {
                    self.show.command_ended(self.exec.unwrap_or_default(), status);
                }
            }
        }
    }

    async fn take(&mut self, event: Event) {
        match event {
            Event::Built(outcome) => {
                let is_good = outcome.is_good();
                let written = &outcome.written;
                let changed = !written.written.is_empty() || !written.removed.is_empty();
                let is_first_good = !self.show.was_good_once();
                self.show.built(*outcome);
                if is_good && (changed || is_first_good) {
                    self.restart().await;
                }
            }
            Event::Settled(id) => {
                self.settling -= 1;
                self.show.settled(&id);
            }
            Event::Polling(reason) => self.show.polling(&reason),
        }
    }

    fn answer(&mut self, request: Result<Request, Refusal>) {
        match request {
            Ok(Request { id, wish: Wish::Settle }) => {
                self.settling += 1;
                self.follower.settle(id);
            }
            Ok(Request { id, wish: Wish::Lift { file, text } }) => {
                let project = self.project.clone();
                let lift = move || requests::lift(&id, &project, &file, text.as_deref());
                self.lifts.spawn_blocking(lift);
            }
            Err(refusal) => self.show.object(&refusal),
        }
    }

    async fn restart(&mut self) {
        let Some(line) = self.exec else { return };
        self.stop().await;
        match Command::start(line, &self.project, self.for_programs) {
            Ok(command) => {
                self.command = Some(command);
                self.show.command_started(line);
            }
            Err(error) => self.show.failed(diagnostics::command_not_started(line, &error)),
        }
    }

    async fn stop(&mut self) {
        if let Some(command) = &mut self.command {
            command.stop().await;
        }
        self.command = None;
    }
}

async fn next_of<T>(channel: &mut Option<UnboundedReceiver<T>>) -> Option<T> {
    match channel {
        Some(channel) => channel.recv().await,
        None => pending().await,
    }
}

async fn ended(command: &mut Option<Command>) -> io::Result<ExitStatus> {
    match command {
        Some(command) => command.ended().await,
        None => pending().await,
    }
}

pub const EXAMPLES: &str = "\
Examples:
  kontract watch                           build the current folder's project, and follow it
  kontract watch --exec 'node server.mjs'  run a server of one's own with the newest outputs
  kontract watch --poll                    on network drives, which do not tell of changes
  kontract watch --json                    for other programs: events, and answers to requests

With errors nothing is written, and the command runs on. To start it anew, it and all that it
started are asked to end with SIGTERM, and killed after three seconds.

With `--json` watching ends when standard input does. The README says what may be asked there.

Exit codes:
  0  asked to end    1  watching failed    2  wrong arguments, or there is no such project";
