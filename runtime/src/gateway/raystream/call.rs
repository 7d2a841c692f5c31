//! A call of the protocol: what its metadata says is what the headers of an HTTP request say, and
//! from there it goes the same way.

use std::{
    fmt::{self, Write as _},
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use http::{HeaderMap, HeaderName, HeaderValue};
use kontract_protocol::message::{Call, Failure as Failed, Response};

use super::{items::Outlet, login::Login};
use crate::{
    call::{Form, Reply},
    failure::Failure,
    gateway::{
        answer,
        dispatch::{Asked, Payload},
        http::{Exchange, Host, InFlight, TOO_MANY, log},
        request,
    },
    items::Items,
};

/// Who calls, as far as the connection tells.
pub struct Caller {
    /// The address.
    from: IpAddr,
    /// Of the request that brought the calls, or the stream.
    headers: HeaderMap,
    /// Where an error came from may be told.
    sees_stacks: bool,
}

/// The final answer to a call. The guard counts it until it is on its way.
pub struct Answered {
    pub answer: Answer,
    pub _in_flight: Option<InFlight>,
}

pub enum Answer {
    Result(Response),
    Error(Failed),
}

impl Caller {
    /// `headers`: those of the exchange.
    pub fn of(exchange: &Exchange<'_>, headers: HeaderMap) -> Self {
        let from = request::caller(&headers, exchange.link.peer.remote);
        Self { from, headers, sees_stacks: exchange.sees_stacks }
    }
}

/// Serves a call. Dropped when the caller has given it up, which ends it. `items` is where
/// those of a stream go.
pub async fn serve(
    host: &Host,
    caller: &Caller,
    number: u64,
    call: Call,
    items: Option<Items>,
) -> Answered {
    let id = id_of(&call);
    // What is no route's name is the caller's own, and may be long.
    let application = host.application();
    let route = application.route(&call.method).ok().map(|route| Arc::clone(&route.entry));
    let in_flight = host.admit();
    let answer = if in_flight.is_none() {
        // Not logged: under load a line for each would be too much.
        Err(Failure::not_taken(TOO_MANY))
    } else {
        let served = run(host, caller, &id, call, items).await;
        let answer = served
            .and_then(|reply| respond(number, reply).map_err(|reason| unsendable(&id, &reason)));
        let name = route.as_ref().map(|route| &*route.name);
        answer.inspect_err(|failure| log(failure, Some(&id), name))
    };
    let answer = match answer {
        Ok(response) => Answer::Result(response),
        Err(failure) => Answer::Error(fail(number, failure, caller.sees_stacks)),
    };
    Answered { answer, _in_flight: in_flight }
}

async fn run(
    host: &Host,
    caller: &Caller,
    id: &str,
    mut call: Call,
    items: Option<Items>,
) -> Result<Reply, Failure> {
    let application = host.application();
    let route = application.route(&call.method)?;
    if call.args.len() > host.limits.body {
        return Err(request::too_large(host.limits.body));
    }
    let bytes = std::mem::take(&mut call.args).into();
    let mut headers = caller.headers.clone();
    if let Some(trace) = said(&call, "trace-id") {
        headers.insert(TRACE, trace_id(trace)?);
    }
    let credential = credential(&call, &headers)?;
    let deadline = time_of(host, &call)?;
    let asked = Asked {
        payload: Payload { form: Some(Form::Binary), bytes, abi: said(&call, "abi") },
        form: Form::Binary,
        credential: credential.map(str::to_owned),
        host: request::host(&headers).to_owned(),
        id: id.to_owned(),
        // What only reads may be answered anew.
        key: (!route.reads).then(|| id.to_owned()),
        headers,
        deadline: Instant::now() + deadline,
        items,
    };
    application.serve(&host.sessions, route, asked).await
}

/// An error in the place of an answer with headers or of a length that cannot be.
pub fn unsendable(call_id: &str, reason: &dyn fmt::Display) -> Failure {
    tracing::error!(target: "kontract", call_id, %reason, "The answer cannot be sent");
    Failure::internal()
}

pub fn fail(number: u64, failure: Failure, sees_stacks: bool) -> Failed {
    let Failure { code, status, message, path, stack } = failure;
    Failed {
        in_reply_to: number,
        code: code.into_owned(),
        message: message.into_owned(),
        status,
        path,
        stack: stack.filter(|_| sees_stacks),
    }
}

fn respond(number: u64, reply: Reply) -> Result<Response, String> {
    let (status, headers) = answer::head(&reply)?;
    let latin = |value: &HeaderValue| value.as_bytes().iter().copied().map(char::from).collect();
    let headers = headers.iter().map(|(name, value)| (name.to_string(), latin(value))).collect();
    let result = reply.body.unwrap_or_default();
    Ok(Response { in_reply_to: number, status: status.as_u16(), headers, result, ticket: None })
}

/// The call's id as an `Idempotency-Key` would say it.
fn id_of(call: &Call) -> String {
    call.id.iter().fold(String::with_capacity(32), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn trace_id(text: &str) -> Result<HeaderValue, Failure> {
    let value = HeaderValue::from_str(text).ok().filter(|_| request::is_name(text));
    value.ok_or_else(|| {
        Failure::invalid("trace-id: expected at most 128 letters, digits and . _ : -")
    })
}

/// How long the call may take; one that streams, for each item.
fn time_of(host: &Host, call: &Call) -> Result<Duration, Failure> {
    let said = said(call, "timeout").map(milliseconds).transpose()?;
    Ok(said.map_or(host.limits.deadline, |longest| longest.min(host.limits.deadline)))
}

/// Where the items of a call go that streams, and where they come out.
pub fn stream(host: &Arc<Host>, caller: &Caller, call: &Call) -> Option<(Items, Outlet)> {
    let application = host.application();
    application.route(&call.method).ok().filter(|route| route.entry.meta.streams)?;
    // What is wrong with the time or the credential is said by the answer.
    let limit = time_of(host, call).unwrap_or(host.limits.deadline);
    let credential = credential(call, &caller.headers).unwrap_or_default();
    let login = Login::new(host, credential, request::host(&caller.headers), id_of(call));
    let (items, received) = Items::new(caller.from, limit);
    Some((items.clone(), Outlet::new(items, received, login)))
}

/// The token that the call carries; that of the cookie which came with the connection where it has
/// none.
fn credential<'a>(call: &'a Call, headers: &'a HeaderMap) -> Result<Option<&'a str>, Failure> {
    match said(call, "authorization") {
        Some(text) => request::bearer(text).map(Some).ok_or_else(Failure::unauthorized),
        None => request::cookie(headers),
    }
}

/// What the call's metadata says of itself.
fn said<'a>(call: &'a Call, key: &str) -> Option<&'a str> {
    call.metadata.iter().find(|(name, _)| name == key).map(|(_, text)| &**text)
}

fn milliseconds(text: &str) -> Result<Duration, Failure> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits {
        return Err(Failure::invalid("timeout: expected milliseconds"));
    }
    // More digits than fit are as long as can be.
    Ok(Duration::from_millis(text.parse().unwrap_or(u64::MAX)))
}

const TRACE: HeaderName = HeaderName::from_static("x-trace-id");
