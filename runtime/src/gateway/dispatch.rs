//! One build of an application, and who may call which of its routes.

use std::sync::Arc;

use bytes::Bytes;
use rustc_hash::FxHashMap;

use crate::{
    call::{Form, RouteEntry},
    codec::Schema,
    config::AuthConfig,
    engine::Engine,
    failure::Failure,
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
        Ok((name.clone(), Route { entry: Arc::new(entry), path, accepts }))
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
