//! A call on its way from the door to an isolate, and its answer on the way back.

use std::{sync::Arc, time::Instant};

use http::HeaderMap;

use crate::{codec::RouteCodec, items::Items, manifest::RouteMeta, session::Session, value::Value};

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
    /// What its writes happen once by.
    pub claim: String,
    /// Of a call whose caller chose its id, and may send it again: its answer is kept.
    pub keyed: Option<Keyed>,
    pub deadline: Instant,
    /// Of a route that streams.
    pub items: Option<Items>,
}

impl Call {
    /// When it is over.
    pub fn due(&self) -> Instant {
        self.items.as_ref().map_or(self.deadline, Items::due)
    }

    /// Whether it may run again after effects.
    pub fn may_retry(&self) -> bool {
        self.route.meta.retry && !self.items.as_ref().is_some_and(Items::have_begun)
    }
}

/// How a call that may be sent again is told from others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Keyed {
    pub request: RequestHash,
    /// Tells this arrival of the call from its repetitions.
    pub arrival: [u8; 16],
    /// It may have effects outside of its transaction: it is claimed before it runs.
    pub claims_first: bool,
}

/// The SHA-256 of what a caller asked for: a repetition asks for the same.
pub type RequestHash = [u8; 32];

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
