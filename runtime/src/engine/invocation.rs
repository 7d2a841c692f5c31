//! The call that an isolate serves, as operations see it.

use std::{
    any::{Any, TypeId},
    cell::{Cell, RefCell},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use rquickjs::{Persistent, Promise};
use rustc_hash::FxHashMap;

use crate::{call::Call, storage::CallStorage};

/// One attempt to serve a call.
pub struct Invocation {
    call_id: String,
    deadline: Instant,
    call: Option<Arc<Call>>,
    storage: Option<Rc<CallStorage>>,
    effect: Arc<AtomicBool>,
    aborted: Cell<bool>,
    has_signal: Cell<bool>,
    slots: RefCell<FxHashMap<TypeId, Rc<dyn Any>>>,
    /// What the function asked for besides its result.
    pub(super) answer: RefCell<Option<Answer>>,
    /// What `ctx.waitUntil` was given.
    pub(super) kept: RefCell<Vec<Persistent<Promise<'static>>>>,
}

/// Status and headers.
pub(super) type Answer = (u16, Vec<(String, String)>);

impl Invocation {
    /// An attempt that belongs to no request.
    pub fn new(call_id: String, deadline: Instant, effect: Arc<AtomicBool>) -> Rc<Self> {
        Rc::new(Self {
            call_id,
            deadline,
            call: None,
            storage: None,
            effect,
            aborted: Cell::default(),
            has_signal: Cell::default(),
            slots: RefCell::default(),
            answer: RefCell::default(),
            kept: RefCell::default(),
        })
    }

    pub(super) fn of(
        call: Arc<Call>,
        effect: Arc<AtomicBool>,
        storage: Option<Rc<CallStorage>>,
    ) -> Rc<Self> {
        let mut invocation = Self::new(call.call_id.clone(), call.deadline, effect);
        if let Some(invocation) = Rc::get_mut(&mut invocation) {
            invocation.call = Some(call);
            invocation.storage = storage;
        }
        invocation
    }

    pub fn call_id(&self) -> &str {
        &self.call_id
    }

    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    pub fn call(&self) -> Option<&Call> {
        self.call.as_deref()
    }

    /// Says that the call has been noticed outside: it is never run a second time.
    pub fn effect(&self) {
        self.effect.store(true, Ordering::Release);
    }

    pub fn had_effect(&self) -> bool {
        self.effect.load(Ordering::Acquire)
    }

    /// The call's transaction.
    pub fn storage(&self) -> Option<&Rc<CallStorage>> {
        self.storage.as_ref()
    }

    /// Whether the function has taken `ctx.signal`.
    pub(super) fn has_signal(&self) -> bool {
        self.has_signal.get()
    }

    /// Says that it has, and tells whether the signal is aborted already.
    pub(super) fn take_signal(&self) -> bool {
        self.has_signal.set(true);
        self.aborted.get()
    }

    /// Nobody waits for the call any more.
    pub(super) fn is_aborted(&self) -> bool {
        self.aborted.get()
    }

    pub(super) fn abort(&self) {
        self.aborted.set(true);
    }

    /// What an operation keeps for the time of the call: one value of each type.
    pub fn slot<T: Default + 'static>(&self) -> Rc<RefCell<T>> {
        let mut slots = self.slots.borrow_mut();
        let slot =
            slots.entry(TypeId::of::<T>()).or_insert_with(|| Rc::new(RefCell::new(T::default())));
        Rc::clone(slot).downcast().unwrap_or_default()
    }
}
