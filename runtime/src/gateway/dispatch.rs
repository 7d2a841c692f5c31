//! One build of an application, who may call which of its routes, and how a call that was read is
//! served, whichever way it came.

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use http::HeaderMap;
use rustc_hash::FxHashMap;
use tokio::time::timeout_at;
use uuid::Uuid;

use super::{request, sessions::Sessions};
use crate::{
    call::{Call, Form, Keyed, Reply, RouteEntry},
    codec::Schema,
    config::AuthConfig,
    engine::Engine,
    failure::Failure,
    items::Items,
    manifest::Manifest,
    session::Session,
    value::Value,
};

/// A build that is being served.
pub struct Application {
    pub routes: FxHashMap<String, Route>,
    pub auth: AuthConfig,
    pub engine: Engine,
}

pub struct Route {
    pub entry: Arc<RouteEntry>,
    /// What `ctx.path` says.
    pub path: String,
    /// Nothing that it does is seen afterwards: it may run any number of times.
    pub reads: bool,
    /// What it does is undone where its transaction is not committed.
    contained: bool,
    /// The hashes of the contracts that are still served.
    accepts: Vec<String>,
}

/// Arguments as they came.
pub struct Payload<'a> {
    /// None for a body of no known type, which must be empty.
    pub form: Option<Form>,
    pub bytes: Bytes,
    /// The hash of the contract that the caller was built with.
    pub abi: Option<&'a str>,
}

/// A call that has arrived whole.
pub struct Asked<'a> {
    pub payload: Payload<'a>,
    /// Of the answer.
    pub form: Form,
    pub credential: Option<String>,
    /// The name that the server was called by.
    pub host: String,
    /// What the answer and the log name the call by.
    pub id: String,
    /// The id that the caller chose, who may send the call again.
    pub key: Option<String>,
    /// The request's, with its credentials.
    pub headers: HeaderMap,
    pub deadline: Instant,
    /// Where items can be sent to, of a caller who takes some.
    pub items: Option<Items>,
}

impl Application {
    /// Finds the route of a name.
    pub fn route(&self, name: &str) -> Result<&Route, Failure> {
        self.routes.get(name).ok_or_else(|| {
            let name: String = name.chars().take(100).collect();
            Failure::not_found(format!("Route {name} not found"))
        })
    }

    /// Serves a call: session, permission, contract, arguments, function. Dropped when the caller
    /// has gone, which ends the call.
    pub async fn serve(
        &self,
        sessions: &Sessions,
        route: &Route,
        asked: Asked<'_>,
    ) -> Result<Reply, Failure> {
        let Asked { payload, form, credential, host, id, key, headers, deadline, items } = asked;
        let session = sessions.resolve(credential.as_deref(), &host, &self.auth, &id);
        let session = within(deadline, session).await?;
        let args = route.admit(&session, &payload)?;
        let streams = route.entry.meta.streams;
        if streams && items.is_none() {
            return Err(Failure::streams(&route.entry.name));
        }
        let has_login = credential.is_some();
        let keyed =
            |key: String| request::keyed(&key, has_login, &route.entry.name, &payload.bytes);
        let (claim, request) = key.map(keyed).unzip();
        let arrival = Uuid::new_v4().into_bytes();
        let keyed =
            request.map(|request| Keyed { request, arrival, claims_first: !route.contained });
        let call = Call {
            route: Arc::clone(&route.entry),
            args,
            form,
            session,
            method: "POST",
            path: route.path.clone(),
            headers: request::without_credentials(headers),
            claim: claim.unwrap_or_else(|| id.clone()),
            keyed,
            call_id: id,
            deadline,
            items: items.filter(|_| streams),
        };
        self.engine.call(call).await
    }
}

/// The routes of a build by name; `base` is what their paths begin with.
pub fn routes(
    manifest: &Manifest,
    schema: &Schema,
    base: &str,
) -> Result<FxHashMap<String, Route>, String> {
    let routes = manifest.routes.iter().map(|(name, route)| {
        let codec =
            schema.route(name).ok_or_else(|| format!("it has no shapes for the route {name}"))?;
        let entry = RouteEntry { name: name.clone(), meta: route.meta.clone(), codec };
        let mut accepts = route.accepts.clone();
        accepts.push(route.abi.clone());
        let path = format!("{base}/{name}");
        let (reads, contained) = (route.reads, route.reads || route.contained);
        Ok((name.clone(), Route { entry: Arc::new(entry), path, reads, contained, accepts }))
    });
    routes.collect()
}

impl Route {
    /// Permission and group, then the contract, then the arguments: whoever may not call costs
    /// little and learns nothing of the route's types.
    pub fn admit(&self, session: &Session, payload: &Payload<'_>) -> Result<Vec<Value>, Failure> {
        let meta = &self.entry.meta;
        if session.perm & meta.perm != meta.perm {
            return Err(Failure::insufficient_permissions());
        }
        if meta.ugroup.as_ref().is_some_and(|group| !session.ugroups.contains(group)) {
            return Err(Failure::forbidden());
        }
        self.check_contract(payload)?;
        self.read_arguments(payload)
    }

    fn check_contract(&self, payload: &Payload<'_>) -> Result<(), Failure> {
        match payload.abi {
            Some(abi) if self.accepts.iter().any(|accepted| accepted == abi) => Ok(()),
            Some(_) => Err(Failure::stale_client(&self.entry.name)),
            // Bytes mean nothing without the contract they were written by; JSON names its fields.
            None if payload.form == Some(Form::Binary) => {
                Err(Failure::invalid("x-kontract-abi: expected the hash of the client's contract"))
            }
            None => Ok(()),
        }
    }

    fn read_arguments(&self, payload: &Payload<'_>) -> Result<Vec<Value>, Failure> {
        let codec = &self.entry.codec;
        let read = match payload.form {
            Some(Form::Binary) => codec.decode_request(&payload.bytes),
            _ => codec.read_request(&payload.bytes),
        };
        read.map_err(Failure::from)
    }
}

/// Waits until the deadline: a database that hangs gives no answer of its own.
pub async fn within<T>(
    deadline: Instant,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    timeout_at(deadline.into(), work).await.unwrap_or_else(|_| Err(Failure::timeout()))
}
