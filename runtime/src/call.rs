//! A call on its way from the door to an isolate, and its answer on the way back.

use std::{sync::Arc, time::Instant};

use http::HeaderMap;

use crate::{codec::RouteCodec, manifest::RouteMeta, session::Session, value::Value};

/// The two forms of a call; its answer has the form that the request had.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    Binary,
    Json,
}

/// A route that can be called.
pub struct RouteEntry {
    pub name: String,
    pub meta: RouteMeta,
    pub codec: Arc<RouteCodec>,
}

/// A call whose caller may make it, its arguments read and checked.
#[derive(Clone)]
pub struct Call {
    pub route: Arc<RouteEntry>,
    pub args: Vec<Value>,
    pub form: Form,
    pub session: Arc<Session>,
    pub method: &'static str,
    /// `/rpc/<route>`, or `<base>/<route>` where there is a base.
    pub path: String,
    /// The request's, without its credentials: what handlers see, they may log.
    pub headers: HeaderMap,
    /// Letters, digits and `. _ : -`, 128 at most.
    pub call_id: String,
    /// What its writes happen once by: the call id, bound to the arguments where the caller chose it.
    pub claim: String,
    /// The caller chose the call's id and may send it again: its answer is kept.
    pub keyed: bool,
    pub deadline: Instant,
}

/// What a function answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// 200 to 599.
    pub status: u16,
    /// As the function gave them: not checked yet.
    pub headers: Vec<(String, String)>,
    /// In the form of the call; None for an answer without a body by its status.
    pub body: Option<Vec<u8>>,
}
