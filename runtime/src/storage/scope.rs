//! What an attempt to serve a call does with tables: all of it in one transaction, unless the
//! function asks for transactions of its own, or for none.
//!
//! Where the function opens a transaction, what the call has read so far is compared and forgotten:
//! so no part of a call fails because of what an earlier one has written itself.

use std::{
    cell::{Cell, OnceCell, RefCell},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Instant,
};

use super::{
    call::CallStorage,
    commit::CommitError,
    retry::{Queues, Retry},
    store::Store,
};
use crate::{
    call::{Call, Reply},
    failure::Failure,
    session::Session,
};

/// The storage of one attempt to serve a call.
pub struct Scope {
    /// Tells calls apart.
    pub number: u32,
    /// The transaction that ends with the call.
    own: Rc<CallStorage>,
    /// That of `env.storage.transaction`, while its function runs.
    open: RefCell<Option<Open>>,
    /// Operations without a transaction.
    alone: OnceCell<Rc<CallStorage>>,
    /// Whether operations apply at once: of a call that asked for it, and after the call.
    at_once: Cell<bool>,
    /// Transactions that the function has opened.
    opened: Cell<u32>,
    queues: Arc<Queues>,
}

struct Open {
    storage: Rc<CallStorage>,
    claim: Arc<str>,
    retry: Retry,
}

/// What came of a transaction that the function opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// It is over; whether something was written.
    Done { wrote: bool },
    /// What it read has changed: its function runs again.
    Again,
}

impl Scope {
    pub(super) fn new(
        store: &Store,
        session: Arc<Session>,
        call_id: &str,
        claim: &str,
        at_once: bool,
    ) -> Rc<Self> {
        Rc::new(Self {
            number: LAST.fetch_add(1, Ordering::Relaxed),
            own: CallStorage::new(store, session, call_id, claim),
            open: RefCell::default(),
            alone: OnceCell::new(),
            at_once: Cell::new(at_once),
            opened: Cell::default(),
            queues: Arc::clone(&store.queues),
        })
    }

    /// What the next operation belongs to.
    pub fn current(&self) -> Rc<CallStorage> {
        if let Some(open) = &*self.open.borrow() {
            return Rc::clone(&open.storage);
        }
        if self.at_once.get() {
            return Rc::clone(self.alone.get_or_init(|| self.own.without_transaction()));
        }
        Rc::clone(&self.own)
    }

    /// What belongs to the call and to none of its transactions.
    pub(super) fn call(&self) -> &CallStorage {
        &self.own
    }

    /// `ctx.currentTxid`.
    pub fn current_txid(&self) -> i64 {
        self.own.current_txid()
    }

    /// Whether what is written now cannot be taken back.
    pub fn applies_at_once(&self) -> bool {
        self.at_once.get() && self.open.borrow().is_none()
    }

    /// Whether operations of the call's transaction still wait.
    pub fn waits(&self) -> bool {
        self.own.waits()
    }

    /// Opens a transaction of the function's own.
    pub async fn begin(&self) -> Result<(), Failure> {
        if self.open.borrow().is_some() {
            return Err(Failure::new("INTERNAL_ERROR", 500, NESTED));
        }
        // After the call, or where it has none, there is nothing to compare.
        let own = (!self.at_once.get()).then_some(&self.own);
        own.map_or(Ok(()), |own| own.check_unwritten())?;
        let number = self.opened.get() + 1;
        self.opened.set(number);
        let claim: Arc<str> = format!("{}/{number}", self.own.claim).into();
        let storage = self.own.sibling(&claim);
        *self.open.borrow_mut() = Some(Open { storage, claim, retry: Retry::new(&self.queues) });
        let compared = match own {
            Some(own) => own.compare().await,
            None => Ok(()),
        };
        if compared.is_err() {
            self.open.take();
        }
        compared
    }

    /// Ends the transaction that the function has opened: with a commit, or after `failed` with
    /// nothing written. `had_effect`: its function had one outside and must not run again.
    pub async fn end(
        &self,
        failed: bool,
        had_effect: bool,
        deadline: Instant,
    ) -> Result<Ended, Failure> {
        let open = self.open.borrow().as_ref().map(|open| Rc::clone(&open.storage));
        let storage = open.ok_or_else(Failure::internal)?;
        let wrote = !failed && storage.has_written();
        let ended = if failed { storage.verify().await } else { storage.commit().await };
        let Some(mut open) = self.open.take() else { return Err(Failure::internal()) };
        match ended {
            Ok(()) => Ok(Ended::Done { wrote }),
            // The function has failed anyway.
            Err(CommitError::Failure(_)) if failed => Ok(Ended::Done { wrote: false }),
            Err(error) => {
                open.retry.again(error, had_effect, deadline).await?;
                open.storage = self.own.sibling(&open.claim);
                *self.open.borrow_mut() = Some(open);
                Ok(Ended::Again)
            }
        }
    }

    /// Ends a call that has a reply. Where the call may be sent again the reply is kept; it is
    /// another one where the call had come before.
    pub async fn commit(&self, reply: Reply, call: Option<&Call>) -> Result<Reply, CommitError> {
        if self.open.take().is_some() {
            self.own.discard();
            let detail = "env.storage.transaction was not awaited";
            tracing::error!(target: "kontract", call_id = &*self.own.call_id, detail);
            return Err(CommitError::Failure(Failure::internal()));
        }
        let reply = if let Some(call) = call
            && let Some(keyed) = &call.keyed
        {
            self.own.commit_keyed(reply, keyed, call.items.is_some()).await?
        } else {
            self.own.commit().await?;
            reply
        };
        self.at_once.set(true);
        Ok(reply)
    }

    /// Ends a call whose function has thrown, see [`CallStorage::verify`].
    pub async fn verify(&self) -> Result<(), CommitError> {
        self.open.take();
        let verified = self.own.verify().await;
        self.at_once.set(verified.is_ok());
        verified
    }

    /// Forgets what was written: the call has failed.
    pub fn discard(&self) {
        self.open.take();
        self.own.discard();
    }
}

static LAST: AtomicU32 = AtomicU32::new(1);
const NESTED: &str = "A transaction is open already: env.storage.transaction calls cannot overlap";
