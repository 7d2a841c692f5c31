//! What all calls of an application need of storage.

use std::{rc::Rc, sync::Arc};

use super::{CallStorage, Database, Queues, Retry, Scope, Shared, Tables};
use crate::session::Session;

/// An application's tables with the connections to them.
#[derive(Clone)]
pub struct Store {
    pub database: Arc<Database>,
    pub tables: Arc<Tables>,
    pub queues: Arc<Queues>,
    pub shared: Arc<Shared>,
}

impl Store {
    pub fn new(database: &Arc<Database>, tables: Arc<Tables>, shared: &Arc<Shared>) -> Self {
        let queues = Queues::new(&tables);
        Self { database: Arc::clone(database), tables, queues, shared: Arc::clone(shared) }
    }

    /// The same with connections of its own: a connection lives on the runtime that opened it.
    #[must_use]
    pub fn with_own_connections(&self) -> Self {
        Self { database: self.database.another(), ..self.clone() }
    }

    /// The storage of one attempt to serve a call. What it writes happens once per `claim`.
    pub fn call(&self, session: &Arc<Session>, call_id: &str, claim: &str) -> Rc<CallStorage> {
        CallStorage::new(self, Arc::clone(session), call_id, claim)
    }

    /// The same, for all that the call does.
    pub fn scope(
        &self,
        session: &Arc<Session>,
        call_id: &str,
        claim: &str,
        at_once: bool,
    ) -> Rc<Scope> {
        Scope::new(self, Arc::clone(session), call_id, claim, at_once)
    }

    /// The repetitions of one call.
    pub fn retry(&self) -> Retry {
        Retry::new(&self.queues)
    }
}
