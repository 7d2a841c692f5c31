//! Takes connections.

use std::{convert::Infallible, io, pin::pin, sync::Arc, time::Duration};

use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
    time::{sleep, timeout},
};

use super::{http::Host, peers::Peers};

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
    phase: watch::Receiver<Phase>,
) -> Option<TcpListener> {
    let mut ending = phase.clone();
    let most_bytes = MOST_BYTES.max(host.limits.body.saturating_mul(4));
    let peers = Peers::new(most_connections(), most_bytes);
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(IDLE).max_buf_size(BUFFER);
    // Kept by each connection: the last one closes the channel.
    let (open, mut all_closed) = mpsc::channel::<()>(1);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = ending.wait_for(|phase| *phase != Phase::Open) => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let (host, peers) = (Arc::clone(&host), Arc::clone(&peers));
                let serving = serve(host, peers, builder.clone(), stream, phase.clone());
                let open = open.clone();
                tokio::spawn(async move {
                    serving.await;
                    drop(open);
                });
            }
            Err(error) => rest(&error).await,
        }
    }
    let listener = Some(listener).filter(|_| *phase.borrow() == Phase::Retiring);
    drop(open);
    let _ = timeout(host.limits.deadline + GRACE, all_closed.recv()).await;
    listener
}

async fn serve(
    host: Arc<Host>,
    peers: Arc<Peers>,
    builder: http1::Builder,
    stream: TcpStream,
    mut phase: watch::Receiver<Phase>,
) {
    let (Ok(local), Ok(remote)) = (stream.local_addr(), stream.peer_addr()) else { return };
    let peer = peers.enter(local.ip(), remote.ip());
    // Answers are written whole: waiting for more to send would only delay them.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request: Request<Incoming>| async {
        Ok::<_, Infallible>(host.answer(request, &peer).await)
    });
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    // What breaks a connection is the peer's: it has been told, or it has gone.
    tokio::select! {
        _ = &mut connection => return,
        () = peer.dismissed() => return,
        _ = phase.wait_for(|phase| *phase != Phase::Open) => {}
    }
    // A request may be on its way: it would find the connection closed.
    if timeout(LAST_REQUESTS, &mut connection).await.is_err() {
        connection.as_mut().graceful_shutdown();
        let _ = connection.await;
    }
}

/// As many as the process may have files open, but for some of its own.
fn most_connections() -> usize {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        let wanted = (MOST_CONNECTIONS + OTHER_FILES) as u64;
        // The usual limit is meant for programs that are older than polling.
        let raised = maximum.map_or(wanted, |maximum| maximum.min(wanted));
        if current.is_some_and(|current| current < raised) {
            let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum });
        }
        let files = getrlimit(Resource::Nofile).current.unwrap_or(wanted);
        let files = usize::try_from(files).unwrap_or(usize::MAX);
        (files - OTHER_FILES.min(files / 2)).min(MOST_CONNECTIONS)
    }
    #[cfg(not(unix))]
    MOST_CONNECTIONS
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

const MOST_CONNECTIONS: usize = 8192;
/// Connections to PostgreSQL, fetches, the build.
const OTHER_FILES: usize = 256;
/// Of bodies that have not arrived whole.
const MOST_BYTES: usize = 64 << 20;
/// How long a connection may send nothing, or no whole head of a request.
const IDLE: Duration = Duration::from_secs(30);
/// The longest head of a request: above it the answer is 431.
const BUFFER: usize = 64 << 10;
/// For answers that are still being written.
const GRACE: Duration = Duration::from_millis(250);
/// How long requests may be on their way.
const LAST_REQUESTS: Duration = Duration::from_millis(100);
const PAUSE: Duration = Duration::from_millis(100);
