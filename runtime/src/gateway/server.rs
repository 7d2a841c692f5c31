//! Takes connections.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    time::{sleep, timeout},
};

use super::http::{Ends, Host};

/// Whether connections are taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    Open,
    Closing,
    /// Another process goes on with the socket.
    Retiring,
}

/// Serves connections until `phase` says otherwise; then waits for the calls that run, as long as
/// their deadline allows. Returns the socket where another process is to have it.
pub async fn run(
    host: Arc<Host>,
    listener: TcpListener,
    mut phase: watch::Receiver<Phase>,
) -> Option<TcpListener> {
    let graceful = GracefulShutdown::new();
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(IDLE).max_buf_size(BUFFER);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = phase.wait_for(|phase| *phase != Phase::Open) => break,
        };
        match accepted {
            Ok((stream, _)) => {
                tokio::spawn(connection(
                    Arc::clone(&host),
                    builder.clone(),
                    stream,
                    graceful.watcher(),
                ));
            }
            Err(error) => rest(&error).await,
        }
    }
    let listener = Some(listener).filter(|_| *phase.borrow() == Phase::Retiring);
    let _ = timeout(host.limits.deadline + GRACE, graceful.shutdown()).await;
    listener
}

async fn connection(host: Arc<Host>, builder: http1::Builder, stream: TcpStream, watcher: Watcher) {
    let (Ok(local), Ok(remote)) = (stream.local_addr(), stream.peer_addr()) else { return };
    let ends = Ends { local: local.ip(), remote: remote.ip() };
    // Answers are written whole: waiting for more to send would only delay them.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| {
        let host = Arc::clone(&host);
        async move { Ok::<_, Infallible>(host.answer(request, ends).await) }
    });
    // What breaks a connection is the peer's: it has been told, or it has gone.
    let _ = watcher.watch(builder.serve_connection(TokioIo::new(stream), service)).await;
}

/// A connection that was given up meanwhile is no fault of the listener; without files to open
/// there is nothing to do but wait.
async fn rest(error: &io::Error) {
    let given_up = [io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionReset];
    if !given_up.contains(&error.kind()) {
        tracing::error!(target: "kontract", %error, "a connection could not be taken");
        sleep(PAUSE).await;
    }
}

/// How long a connection may send nothing, or no whole head of a request.
const IDLE: Duration = Duration::from_secs(30);
/// The longest head of a request: above it the answer is 431.
const BUFFER: usize = 64 << 10;
/// For answers that are still being written.
const GRACE: Duration = Duration::from_millis(250);
const PAUSE: Duration = Duration::from_millis(100);
