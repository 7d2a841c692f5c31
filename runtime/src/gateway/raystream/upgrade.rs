//! `GET /raystream`: a connection becomes a stream.

use std::sync::Arc;

use http::Request;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        handshake::server::create_response,
        protocol::{Role, WebSocketConfig},
    },
};

use super::{call::Caller, stream::Stream};
use crate::{
    failure::Failure,
    gateway::{
        answer::{self, Answer},
        http::{Exchange, Host},
        request,
    },
};

/// Answers the request; what follows on the connection is the stream's.
pub fn upgrade(host: &Arc<Host>, exchange: &mut Exchange<'_>) -> Result<Answer, Failure> {
    let Some(raystream) = &host.services.raystream else {
        return Err(Failure::not_found("Not Found"));
    };
    host.origins.check(&exchange.head.headers, exchange.link.peer.local)?;
    if !exchange.link.peer.has_room() {
        // Not logged: under load a line for each would be too much.
        let failure = Failure::not_taken("Too many streams at the same time");
        return Ok(answer::failure(&failure, false));
    }
    let mut asked = Request::new(());
    *asked.method_mut() = exchange.head.method.clone();
    *asked.version_mut() = exchange.head.version;
    asked.headers_mut().clone_from(&exchange.head.headers);
    let switching = create_response(&asked).map_err(|error| {
        Failure::new("INVALID_REQUEST", 426, format!("Expected a WebSocket: {error}"))
    })?;
    let Some(upgrade) = exchange.head.extensions.remove::<OnUpgrade>() else {
        return Err(Failure::new("INVALID_REQUEST", 426, "Expected a WebSocket"));
    };

    let most = usize::try_from(raystream.node.max_frame).unwrap_or(usize::MAX);
    let most = most.saturating_add(kontract_protocol::frame::OVERHEAD);
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER)
        .write_buffer_size(0)
        // A frame, and pongs for who does not read them.
        .max_write_buffer_size(2 * most)
        .max_message_size(Some(most))
        .max_frame_size(Some(most));
    let headers = asked.into_parts().0.headers;
    let from = request::caller(&headers, exchange.link.peer.remote);
    let caller = Caller::of(exchange, headers);
    let (host, raystream) = (Arc::clone(host), Arc::clone(raystream));
    let link = exchange.link.clone();
    tokio::spawn(async move {
        // A client that has gone meanwhile.
        let Ok(upgraded) = upgrade.await else { return };
        let io = TokioIo::new(upgraded);
        let socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
        Stream::new(host, raystream, from, caller).run(socket, link).await;
    });

    let mut answer = answer::empty();
    *answer.status_mut() = switching.status();
    *answer.headers_mut() = switching.into_parts().0.headers;
    Ok(answer)
}

/// What an idle connection holds.
const BUFFER: usize = 4 << 10;
