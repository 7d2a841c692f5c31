//! One request and its answer.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Request, StatusCode,
    header::{ALLOW, CONNECTION, ORIGIN},
    request::Parts,
};
use hyper::body::{Body as _, Incoming};
use percent_encoding::percent_decode_str;
use serde_json::json;
use tokio::time::Instant as TokioInstant;
use uuid::Uuid;

use super::{
    accounts::Asked,
    answer::{self, Answer, CALL_ID},
    auth::{self, Action},
    dispatch::{Application, Asked as AskedCall, Payload, within},
    link::Link,
    load::Services,
    origin::OriginPolicy,
    raystream,
    ready::Readiness,
    request,
    sessions::Sessions,
};
use crate::{call::Form, config::Limits, failure::Failure};

/// What serves requests.
pub struct Host {
    pub application: RwLock<Arc<Application>>,
    pub sessions: Arc<Sessions>,
    pub origins: OriginPolicy,
    pub readiness: Readiness,
    pub services: Services,
    pub limits: Limits,
    /// A second prefix of the routes beside `/rpc`.
    pub base: Option<String>,
    /// Whether calls in JSON are answered.
    pub json: bool,
    /// After which the login of a stream is looked up again.
    pub login_check: Duration,
    /// Answers errors with their stacks, to loopback only.
    pub development: bool,
    pub draining: AtomicBool,
    /// Calls that have arrived whole.
    pub in_flight: Arc<AtomicUsize>,
}

/// A request while it is being answered.
pub struct Exchange<'a> {
    pub head: Parts,
    origin: Option<HeaderValue>,
    pub link: &'a Link,
    pub deadline: Instant,
    /// What the answer and the log name the call by.
    call_id: Option<String>,
    route: Option<String>,
    /// Where an error came from may be told.
    pub sees_stacks: bool,
    /// What a failure's answer says besides.
    allow: Option<&'static str>,
}

impl Host {
    /// Answers a request. Dropped when the caller has gone, which ends the call.
    pub async fn answer(self: &Arc<Self>, request: Request<Incoming>, link: &Link) -> Answer {
        let _served = link.peer.serve();
        let (head, body) = request.into_parts();
        let deadline = Instant::now() + self.limits.deadline;
        let origin = head.headers.get(ORIGIN).cloned();
        let sees_stacks =
            self.development && request::caller(&head.headers, link.peer.remote).is_loopback();
        let (call_id, route, allow) = (None, None, None);
        let mut exchange =
            Exchange { head, origin, link, deadline, call_id, route, sees_stacks, allow };
        let served = self.serve(&mut exchange, body).await;
        let mut answer = served.unwrap_or_else(|failure| refuse(&exchange, &failure));
        self.finish(&exchange, &mut answer);
        let length = answer.body().size_hint().exact().unwrap_or_default();
        link.peer.owe(usize::try_from(length).unwrap_or_default());
        answer
    }

    async fn serve(
        self: &Arc<Self>,
        exchange: &mut Exchange<'_>,
        body: Incoming,
    ) -> Result<Answer, Failure> {
        request::check_host(&exchange.head)?;
        let uri = exchange.head.uri.clone();
        let path = uri.path();
        match path {
            "/health" => {
                exchange.only(&Method::GET)?;
                return Ok(answer::json(200, &json!({ "status": "ok" })));
            }
            "/ready" => {
                exchange.only(&Method::GET)?;
                return Ok(self.ready().await);
            }
            _ => {}
        }
        if exchange.head.method == Method::OPTIONS {
            self.origins.check(&exchange.head.headers, exchange.link.peer.local)?;
            let mut answer = answer::empty();
            OriginPolicy::preflight(answer.headers_mut());
            return Ok(answer);
        }
        if self.draining.load(Ordering::Relaxed) {
            return Ok(not_taken("The server is closing"));
        }
        if self.is_full() {
            return Ok(not_taken(TOO_MANY));
        }
        if path == raystream::PATH && self.services.raystream.is_some() {
            return match exchange.head.method {
                Method::GET => raystream::upgrade(self, exchange),
                Method::POST => raystream::post(self, exchange, body).await,
                _ => Err(exchange.not_allowed("GET, POST")),
            };
        }
        if let Some(route) = self.route_of(path) {
            exchange.only(&Method::POST)?;
            return self.call(exchange, route, body).await;
        }
        if let Some(action) = path.strip_prefix("/auth/").and_then(Action::find) {
            exchange.only(&action.method())?;
            return self.auth(exchange, action, body).await;
        }
        Err(Failure::not_found("Not Found"))
    }

    /// The part of the path after `/rpc/`, or after the base.
    fn route_of<'a>(&self, path: &'a str) -> Option<&'a str> {
        let below = |base: &str| path.strip_prefix(base)?.strip_prefix('/');
        self.base.as_deref().and_then(below).or_else(|| below("/rpc"))
    }

    async fn call(
        &self,
        exchange: &mut Exchange<'_>,
        route: &str,
        body: Incoming,
    ) -> Result<Answer, Failure> {
        let Parts { headers, .. } = &exchange.head;
        self.origins.check(headers, exchange.link.peer.local)?;
        let key = request::call_id(headers)?;
        let id = key.clone().unwrap_or_else(new_call_id);
        exchange.call_id = Some(id.clone());
        let application = self.application();
        let route = application.route(&decode(route)?)?;
        exchange.route = Some(route.entry.name.clone());
        let credential = request::credential(headers)?.map(str::to_owned);
        let deadline = TokioInstant::from_std(exchange.deadline);
        let arrival = exchange.link.peer.arrival();
        let bytes = request::body(headers, body, self.limits.body, deadline, arrival).await?;
        let Some(_in_flight) = self.admit() else { return Ok(not_taken(TOO_MANY)) };
        let abi = request::abi(headers).map(str::to_owned);
        let payload = Payload { form: request::form(headers), bytes, abi: abi.as_deref() };
        let form = self.form(&payload)?;
        let asked = AskedCall {
            payload,
            form,
            credential,
            host: request::host(headers).to_owned(),
            id,
            key,
            headers: std::mem::take(&mut exchange.head.headers),
            deadline: exchange.deadline,
            items: None,
        };
        let reply = application.serve(&self.sessions, route, asked).await?;
        answer::reply(reply, form).map_err(|reason| {
            let (call_id, route) = (exchange.call_id.as_deref(), exchange.route.as_deref());
            tracing::error!(target: "kontract", call_id, route, %reason, "HttpResp");
            Failure::internal()
        })
    }

    /// The form that the answer will have.
    fn form(&self, payload: &Payload<'_>) -> Result<Form, Failure> {
        match payload.form {
            None if !payload.bytes.is_empty() => Err(Failure::invalid(
                "body: expected the content type application/json or application/x-kontract",
            )),
            Some(Form::Binary) => Ok(Form::Binary),
            _ if self.json => Ok(Form::Json),
            _ => Err(Failure::new("INVALID_REQUEST", 415, "This server answers no calls in JSON")),
        }
    }

    async fn auth(
        &self,
        exchange: &mut Exchange<'_>,
        action: Action,
        body: Incoming,
    ) -> Result<Answer, Failure> {
        let Exchange { head, link, deadline, .. } = &*exchange;
        let peer = &link.peer;
        let until = TokioInstant::from_std(*deadline);
        let mut bytes = Bytes::new();
        if action != Action::Me {
            self.origins.check(&head.headers, peer.local)?;
            let (most, arrival) = (auth::MAX_BYTES, peer.arrival());
            bytes = request::body(&head.headers, body, most, until, arrival).await?;
        }
        let Some(_in_flight) = self.admit() else { return Ok(not_taken(TOO_MANY)) };
        let application = self.application();
        let id = new_call_id();
        let host = request::host(&head.headers);
        let asked = Asked { host, auth: &application.auth, call_id: &id };
        let from = request::caller(&head.headers, peer.remote);
        let accounts = &self.services.accounts;
        let served = auth::serve(accounts, action, &head.headers, &bytes, from, asked);
        let served = within(*deadline, served).await;
        exchange.call_id = Some(id);
        served
    }

    async fn ready(&self) -> Answer {
        if self.draining.load(Ordering::Relaxed) {
            return answer::json(503, &json!({ "status": "closing" }));
        }
        if self.readiness.is_ready().await {
            answer::json(200, &json!({ "status": "ready" }))
        } else {
            answer::json(503, &json!({ "status": "no database" }))
        }
    }

    /// Whether there is no room for another call.
    fn is_full(&self) -> bool {
        self.in_flight.load(Ordering::Relaxed) >= self.limits.in_flight
    }

    /// Whether there is little.
    pub fn is_pressed(&self) -> bool {
        self.in_flight.load(Ordering::Relaxed) >= self.limits.in_flight.div_ceil(4) * 3
    }

    /// Counts a request until the guard is dropped; None where there are too many.
    pub fn admit(&self) -> Option<InFlight> {
        let admitted = InFlight(Arc::clone(&self.in_flight));
        let before = self.in_flight.fetch_add(1, Ordering::Relaxed);
        (before < self.limits.in_flight).then_some(admitted)
    }

    /// What every answer says.
    fn finish(&self, exchange: &Exchange<'_>, answer: &mut Answer) {
        let status = answer.status();
        let headers: &mut HeaderMap = answer.headers_mut();
        self.origins.describe(exchange.origin.as_ref(), headers);
        let id = exchange.call_id.as_deref();
        if let Some(id) = id.and_then(|id| HeaderValue::from_str(id).ok()) {
            headers.insert(CALL_ID, id);
        }
        if is_last(status, self.draining.load(Ordering::Relaxed)) {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
    }

    pub fn application(&self) -> Arc<Application> {
        Arc::clone(&self.application.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Exchange<'_> {
    fn only(&mut self, method: &Method) -> Result<(), Failure> {
        let asked = &self.head.method;
        if asked == method || (asked == Method::HEAD && method == Method::GET) {
            return Ok(());
        }
        Err(self.not_allowed(if method == Method::GET { "GET, HEAD" } else { "POST" }))
    }

    fn not_allowed(&mut self, allow: &'static str) -> Failure {
        self.allow = Some(allow);
        Failure::new("INVALID_REQUEST", 405, "Method not allowed")
    }
}

/// A request that is being answered.
pub struct InFlight(Arc<AtomicUsize>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn refuse(exchange: &Exchange<'_>, failure: &Failure) -> Answer {
    let (call_id, route) = (exchange.call_id.as_deref(), exchange.route.as_deref());
    log(failure, call_id, route);
    let mut answer = answer::failure(failure, exchange.sees_stacks);
    if let Some(allow) = exchange.allow {
        answer.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    }
    answer
}

/// Whether the connection ends behind the answer.
fn is_last(status: StatusCode, draining: bool) -> bool {
    match status {
        // It says `Connection: upgrade`, and the stream ends by itself.
        StatusCode::SWITCHING_PROTOCOLS => false,
        // The rest of a request that came too late would be taken for the next one.
        StatusCode::REQUEST_TIMEOUT => true,
        _ => draining,
    }
}

/// Writes a failure to the log.
pub fn log(failure: &Failure, call_id: Option<&str>, route: Option<&str>) {
    let Failure { code, status, message, .. } = failure;
    // Internal errors and calls past their deadline were logged where it happened.
    if *status >= 500 && code != Failure::INTERNAL && *status != 504 {
        tracing::error!(target: "kontract", call_id, route, %code, status, "{message}");
    } else {
        tracing::debug!(target: "kontract", call_id, route, %code, status, "{message}");
    }
}

fn new_call_id() -> String {
    Uuid::new_v4().to_string()
}

/// As `decodeURIComponent` does.
fn decode(name: &str) -> Result<std::borrow::Cow<'_, str>, Failure> {
    let mut parts = name.split('%').skip(1);
    let well_formed = parts.all(|part| {
        part.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    });
    let decoded = well_formed.then(|| percent_decode_str(name).decode_utf8().ok()).flatten();
    decoded.ok_or_else(|| Failure::invalid("path: expected a route's name"))
}

// Not logged: under load a line for each would be too much.
fn not_taken(message: &'static str) -> Answer {
    answer::failure(&Failure::not_taken(message), false)
}

pub const TOO_MANY: &str = "Too many calls at the same time";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closing_gateway_says_so_but_to_streams() {
        assert!(is_last(StatusCode::OK, true) && !is_last(StatusCode::OK, false));
        assert!(is_last(StatusCode::REQUEST_TIMEOUT, false));
        assert!(!is_last(StatusCode::SWITCHING_PROTOCOLS, true));
    }
}
