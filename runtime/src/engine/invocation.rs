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

use crate::{call::Call, storage::Scope};

/// One attempt to serve a call.
pub struct Invocation {
    call_id: String,
    deadline: Instant,
    call: Option<Arc<Call>>,
    scope: Option<Rc<Scope>>,
    effect: Arc<AtomicBool>,
    /// Effects of this attempt, and how many there were when it opened a transaction.
    effects: Cell<(u32, u32)>,
    hooks: Cell<Hooks>,
    aborted: Cell<bool>,
    has_signal: Cell<bool>,
    slots: RefCell<FxHashMap<TypeId, Rc<dyn Any>>>,
    /// What the function asked for besides its result.
    pub(super) answer: RefCell<Option<Answer>>,
    /// What `ctx.waitUntil` was given.
    pub(super) kept: RefCell<Vec<Persistent<Promise<'static>>>>,
}

/// What `env.afterCommit` was given.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Hooks {
    #[default]
    None,
    Some,
    /// The call has ended.
    Over,
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
            scope: None,
            effect,
            effects: Cell::default(),
            hooks: Cell::default(),
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
        scope: Option<Rc<Scope>>,
    ) -> Rc<Self> {
        let mut invocation = Self::new(call.call_id.clone(), call.deadline, effect);
        if let Some(invocation) = Rc::get_mut(&mut invocation) {
            invocation.call = Some(call);
            invocation.scope = scope;
        }
        invocation
    }

    pub fn call_id(&self) -> &str {
        &self.call_id
    }

    pub fn deadline(&self) -> Instant {
        self.call.as_ref().map_or(self.deadline, |call| call.due())
    }

    pub fn call(&self) -> Option<&Call> {
        self.call.as_deref()
    }

    /// Says that the call has been noticed outside: it is never run a second time.
    pub fn effect(&self) {
        self.effect.store(true, Ordering::Release);
        let (effects, mark) = self.effects.get();
        self.effects.set((effects.saturating_add(1), mark));
    }

    pub fn had_effect(&self) -> bool {
        self.effect.load(Ordering::Acquire)
    }

    /// A transaction of its own begins: what it does may be done again, not what came before.
    pub fn mark_effects(&self) {
        let (effects, _) = self.effects.get();
        self.effects.set((effects, effects));
    }

    pub fn had_effect_since_mark(&self) -> bool {
        let (effects, mark) = self.effects.get();
        effects != mark
    }

    /// Whether the route allows it to run again after effects.
    pub fn may_retry(&self) -> bool {
        self.call.as_ref().is_some_and(|call| call.may_retry())
    }

    /// Notes that something is to be done after the commit; false when the call has ended.
    pub fn note_hooks(&self) -> bool {
        let ended = self.hooks.get() == Hooks::Over;
        if !ended {
            self.hooks.set(Hooks::Some);
        }
        !ended
    }

    /// Whether something is to be done now that the call has ended.
    pub(super) fn take_hooks(&self) -> bool {
        self.hooks.replace(Hooks::Over) == Hooks::Some
    }

    /// What the call does with tables.
    pub fn scope(&self) -> Option<&Rc<Scope>> {
        self.scope.as_ref()
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
