//! Takes connections.

use std::{convert::Infallible, io, pin::pin, sync::Arc, time::Duration};

use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use kontract_protocol::limits::SESSIONS;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
    time::{sleep, timeout},
};

use super::{http::Host, link::Link, peers::Peers, wire::Wire};

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
    let files = most_files();
    let peers = Peers::new(MOST_CONNECTIONS.min(files), files, most_bytes, MOST_UNREAD);
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
                let (Ok(local), Ok(remote)) = (stream.local_addr(), stream.peer_addr()) else {
                    continue;
                };
                let peer = peers.enter(local.ip(), remote.ip());
                let link = Link::new(peer, phase.clone(), open.clone());
                tokio::spawn(serve(Arc::clone(&host), builder.clone(), stream, link));
            }
            Err(error) => rest(&error).await,
        }
    }
    let listener = Some(listener).filter(|_| *phase.borrow() == Phase::Retiring);
    drop(open);
    let _ = timeout(host.limits.deadline + GRACE, all_closed.recv()).await;
    listener
}

async fn serve(host: Arc<Host>, builder: http1::Builder, stream: TcpStream, mut link: Link) {
    // Answers are written whole: waiting for more to send would only delay them.
    let _ = stream.set_nodelay(true);
    let own = link.clone();
    let wire = Wire::new(stream, Arc::clone(&own.peer));
    let service = service_fn(|request: Request<Incoming>| async {
        Ok::<_, Infallible>(host.answer(request, &own).await)
    });
    let connection = builder.serve_connection(TokioIo::new(wire), service).with_upgrades();
    let mut connection = pin!(connection);
    // What breaks a connection is the peer's: it has been told, or it has gone.
    tokio::select! {
        _ = &mut connection => return,
        () = own.peer.dismissed() => return,
        () = link.closing() => {}
    }
    // A request may be on its way: it would find the connection closed.
    if timeout(LAST_REQUESTS, &mut connection).await.is_err() {
        connection.as_mut().graceful_shutdown();
        let _ = connection.await;
    }
}

/// How many connections there may be: files that the process may have open, but for some of its own.
fn most_files() -> usize {
    let wanted = MOST_CONNECTIONS + SESSIONS;
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        let all = (wanted + OTHER_FILES) as u64;
        // The usual limit is meant for programs that are older than polling.
        let raised = maximum.map_or(all, |maximum| maximum.min(all));
        if current.is_some_and(|current| current < raised) {
            let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum });
        }
        let files = getrlimit(Resource::Nofile).current.unwrap_or(all);
        let files = usize::try_from(files).unwrap_or(usize::MAX);
        (files - OTHER_FILES.min(files / 2)).min(wanted)
    }
    #[cfg(not(unix))]
    wanted
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

/// Beside streams whose clients have shown their keys.
const MOST_CONNECTIONS: usize = 8192;
/// Connections to PostgreSQL, fetches, the build.
const OTHER_FILES: usize = 256;
/// Of bodies that have not arrived whole.
const MOST_BYTES: usize = 64 << 20;
/// Of answers that their callers have not taken.
const MOST_UNREAD: usize = 256 << 20;
/// How long a connection may send nothing, or no whole head of a request.
const IDLE: Duration = Duration::from_secs(30);
/// The longest head of a request: above it the answer is 431.
const BUFFER: usize = 64 << 10;
/// For answers that are still being written.
const GRACE: Duration = Duration::from_millis(250);
/// How long requests may be on their way.
const LAST_REQUESTS: Duration = Duration::from_millis(100);
const PAUSE: Duration = Duration::from_millis(100);
