//! One request and its answer.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Instant,
};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Request, StatusCode,
    header::{ALLOW, CONNECTION, ORIGIN},
    request::Parts,
};
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;
use serde_json::json;
use tokio::time::{Instant as TokioInstant, timeout_at};
use uuid::Uuid;

use super::{
    accounts::Asked,
    answer::{self, Answer, CALL_ID},
    auth::{self, Action},
    dispatch::{Application, Payload},
    load::Services,
    origin::OriginPolicy,
    peers::Peer,
    ready::Readiness,
    request,
    sessions::Sessions,
};
use crate::{
    call::{Call, Form},
    config::Limits,
    failure::Failure,
};

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
    /// Answers errors with their stacks, to loopback only.
    pub development: bool,
    pub draining: AtomicBool,
    /// Calls that have arrived whole.
    pub in_flight: AtomicUsize,
}

/// A request while it is being answered.
struct Exchange<'a> {
    head: Parts,
    origin: Option<HeaderValue>,
    peer: &'a Peer,
    deadline: Instant,
    /// What the answer and the log name the call by.
    call_id: Option<String>,
    route: Option<String>,
    /// What a failure's answer says besides.
    allow: Option<&'static str>,
}

impl Host {
    /// Answers a request. Dropped when the caller has gone, which ends the call.
    pub async fn answer(&self, request: Request<Incoming>, peer: &Peer) -> Answer {
        let _served = peer.serve();
        let (head, body) = request.into_parts();
        let deadline = Instant::now() + self.limits.deadline;
        let origin = head.headers.get(ORIGIN).cloned();
        let mut exchange =
            Exchange { head, origin, peer, deadline, call_id: None, route: None, allow: None };
        let served = self.serve(&mut exchange, body).await;
        let mut answer = served.unwrap_or_else(|failure| self.refuse(&exchange, &failure));
        self.finish(&exchange, &mut answer);
        answer
    }

    async fn serve(&self, exchange: &mut Exchange<'_>, body: Incoming) -> Result<Answer, Failure> {
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
            self.origins.check(&exchange.head.headers, exchange.peer.local)?;
            let mut answer = answer::empty();
            OriginPolicy::preflight(answer.headers_mut());
            return Ok(answer);
        }
        if self.draining.load(Ordering::Relaxed) {
            return Ok(unavailable("The server is closing"));
        }
        if self.in_flight.load(Ordering::Relaxed) >= self.limits.in_flight {
            return Ok(unavailable(TOO_MANY));
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
        self.origins.check(headers, exchange.peer.local)?;
        let key = request::call_id(headers)?;
        let id = key.clone().unwrap_or_else(new_call_id);
        exchange.call_id = Some(id.clone());
        let name = decode(route)?;
        let application = self.application();
        let Some(route) = application.routes.get(&*name) else {
            let name: String = name.chars().take(100).collect();
            return Err(Failure::not_found(format!("Route {name} not found")));
        };
        exchange.route = Some(route.entry.name.clone());
        let credential = request::credential(headers)?;
        let deadline = TokioInstant::from_std(exchange.deadline);
        let arrival = exchange.peer.arrival();
        let bytes = request::body(headers, body, self.limits.body, deadline, arrival).await?;
        let Some(_in_flight) = self.admit() else { return Ok(unavailable(TOO_MANY)) };
        let payload = Payload { form: request::form(headers), bytes, abi: request::abi(headers) };
        let form = self.form(&payload)?;

        let session = self.sessions.resolve(credential, &application.auth, &id);
        let session = within(exchange.deadline, session).await?;
        let args = route.admit(&session, &payload)?;
        let keyed = key.is_some();
        let claim = key.map(|key| request::claim(&key, &route.entry.name, &payload.bytes));
        let call = Call {
            route: Arc::clone(&route.entry),
            args,
            form,
            session,
            method: "POST",
            path: route.path.clone(),
            headers: request::without_credentials(std::mem::take(&mut exchange.head.headers)),
            claim: claim.unwrap_or_else(|| id.clone()),
            keyed,
            call_id: id,
            deadline: exchange.deadline,
        };
        let reply = application.engine.call(call).await?;
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
        let Exchange { head, peer, deadline, .. } = &*exchange;
        let until = TokioInstant::from_std(*deadline);
        let mut bytes = Bytes::new();
        if action != Action::Me {
            self.origins.check(&head.headers, peer.local)?;
            let (most, arrival) = (auth::MAX_BYTES, peer.arrival());
            bytes = request::body(&head.headers, body, most, until, arrival).await?;
        }
        let Some(_in_flight) = self.admit() else { return Ok(unavailable(TOO_MANY)) };
        let application = self.application();
        let id = new_call_id();
        let asked = Asked { auth: &application.auth, call_id: &id };
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

    /// Counts a request until the guard is dropped; None where there are too many.
    fn admit(&self) -> Option<InFlight<'_>> {
        let admitted = InFlight(&self.in_flight);
        let before = self.in_flight.fetch_add(1, Ordering::Relaxed);
        (before < self.limits.in_flight).then_some(admitted)
    }

    fn refuse(&self, exchange: &Exchange<'_>, failure: &Failure) -> Answer {
        let (call_id, route) = (exchange.call_id.as_deref(), exchange.route.as_deref());
        let Failure { code, status, message, .. } = failure;
        // Internal errors and calls past their deadline were logged where it happened.
        if *status >= 500 && code != Failure::INTERNAL && *status != 504 {
            tracing::error!(target: "kontract", call_id, route, %code, status, "{message}");
        } else {
            tracing::debug!(target: "kontract", call_id, route, %code, status, "{message}");
        }
        let with_stack = self.development && exchange.peer.remote.to_canonical().is_loopback();
        let mut answer = answer::failure(failure, with_stack);
        if let Some(allow) = exchange.allow {
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
        }
        answer
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
        // The rest of a request that came too late would be taken for the next one.
        if status == StatusCode::REQUEST_TIMEOUT || self.draining.load(Ordering::Relaxed) {
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
        self.allow = Some(if method == Method::GET { "GET, HEAD" } else { "POST" });
        Err(Failure::new("INVALID_REQUEST", 405, "Method not allowed"))
    }
}

/// A request that is being answered.
struct InFlight<'a>(&'a AtomicUsize);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Waits until the deadline: a database that hangs gives no answer of its own.
async fn within<T>(
    deadline: Instant,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    timeout_at(deadline.into(), work).await.unwrap_or_else(|_| Err(Failure::timeout()))
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
fn unavailable(message: &'static str) -> Answer {
    answer::failure(&Failure::unavailable(message), false)
}

const TOO_MANY: &str = "Too many calls at the same time";
