//! `POST /raystream`: handshakes and calls without a stream, which any gateway answers.

use std::sync::Arc;

use futures_util::future::join_all;
use http::header::CONTENT_TYPE;
use hyper::body::Incoming;
use kontract_protocol::{
    Error,
    post::{Post, handshake, is_handshake},
};
use tokio::time::Instant;

use super::{
    ABOUT_A_BODY,
    call::{self, Answer as Final, Answered, Caller},
    random,
};
use crate::{
    failure::Failure,
    gateway::{
        answer::{self, Answer},
        http::{Exchange, Host},
        request::{self, FRAMES_TYPE},
    },
};

/// Answers a request. Dropped when the caller has gone, which ends its calls.
pub async fn post(
    host: &Arc<Host>,
    exchange: &mut Exchange<'_>,
    body: Incoming,
) -> Result<Answer, Failure> {
    let Some(raystream) = &host.services.raystream else {
        return Err(Failure::not_found("Not Found"));
    };
    let peer = &exchange.link.peer;
    let headers = &exchange.head.headers;
    host.origins.check(headers, peer.local)?;
    // Of another type, browsers would send it across origins without asking first.
    if headers.get(CONTENT_TYPE).is_none_or(|value| value != FRAMES_TYPE) {
        let expected = format!("body: expected the content type {FRAMES_TYPE}");
        return Err(Failure::new("INVALID_REQUEST", 415, expected));
    }
    let (most, deadline) = (host.limits.body + ABOUT_A_BODY, Instant::from_std(exchange.deadline));
    let body = request::body(headers, body, most, deadline, peer.arrival()).await?;

    let (node, time, mut random) = (&raystream.node, raystream.now(), random());
    let from = request::caller(headers, peer.remote);
    if is_handshake(&body) {
        let (frames, outcome) = handshake(node, &body, from, time, &mut random);
        if let Err(error) = outcome {
            tracing::debug!(target: "kontract", %from, %error, "A handshake was refused");
        }
        return Ok(answer::frames(frames));
    }
    let mut post = match Post::open(node, &body, time, &mut random) {
        Ok(post) => post,
        Err(error) => {
            tracing::debug!(target: "kontract", %from, %error, "A request was refused");
            return Ok(answer::frames(Post::refused(&body)));
        }
    };
    let headers = std::mem::take(&mut exchange.head.headers);
    let caller = Caller::of(exchange, headers);
    let calls = std::mem::take(&mut post.calls);
    let calls =
        calls.into_iter().map(|(number, call)| call::serve(host, &caller, number, call, None));
    let answered = join_all(calls).await;
    let written = answered.into_iter().try_for_each(|answered| write(&mut post, answered));
    written.and_then(|()| post.finish()).map(answer::frames).map_err(|error| {
        tracing::error!(target: "kontract", %error, "A request could not be answered");
        Failure::internal()
    })
}

fn write(post: &mut Post, answered: Answered) -> Result<(), Error> {
    match answered.answer {
        Final::Error(failure) => post.fail(&failure),
        Final::Result(response) => {
            let number = response.in_reply_to;
            post.respond(response).or_else(|error| {
                let failure = call::unsendable(&number.to_string(), &error);
                post.fail(&call::fail(number, failure, false))
            })
        }
    }
}
