//! A connection, as whoever serves it sees it.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use super::{peers::Peer, server::Phase};

/// One connection, from when it was taken to when the last that was begun on it has ended.
#[derive(Clone)]
pub struct Link {
    pub peer: Arc<Peer>,
    phase: watch::Receiver<Phase>,
    /// Dropped with the connection: the server waits for the last one.
    _open: mpsc::Sender<()>,
}

impl Link {
    pub fn new(peer: Arc<Peer>, phase: watch::Receiver<Phase>, open: mpsc::Sender<()>) -> Self {
        Self { peer, phase, _open: open }
    }

    /// Resolves when no new calls are taken any more.
    pub async fn closing(&mut self) {
        // Whoever sends the phases has ended otherwise.
        let _ = self.phase.wait_for(|phase| *phase != Phase::Open).await;
    }
}
