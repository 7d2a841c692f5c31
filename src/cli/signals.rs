//! Asks to end: Ctrl-C, and what process managers send.

use std::{
    io,
    time::{Duration, Instant},
};

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

pub struct Signals {
    #[cfg(unix)]
    kinds: [Signal; 3],
}

impl Signals {
    /// From now on these signals do not end the process by themselves.
    #[cfg(unix)]
    pub fn listen() -> io::Result<Self> {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let [interrupt, terminate, hangup] = kinds.map(signal);
        Ok(Self { kinds: [interrupt?, terminate?, hangup?] })
    }

    #[cfg(not(unix))]
    #[allow(clippy::unnecessary_wraps, reason = "it can fail elsewhere")]
    pub fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    /// The next signal.
    #[cfg(unix)]
    pub async fn next(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.kinds;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }

    #[cfg(not(unix))]
    pub async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// The wish to end at once. Package managers pass on a signal that the terminal has sent to
    /// all.
    pub async fn insist(&mut self) {
        let first = Instant::now();
        while first.elapsed() < SAME_WISH {
            self.next().await;
        }
    }
}

const SAME_WISH: Duration = Duration::from_secs(1);
