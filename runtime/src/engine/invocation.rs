//! The call that an isolate serves, as operations see it.

use std::{
    any::{Any, TypeId},
    cell::RefCell,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use rustc_hash::FxHashMap;

/// One attempt to serve a call.
pub struct Invocation {
    call_id: String,
    deadline: Instant,
    effect: Arc<AtomicBool>,
    slots: RefCell<FxHashMap<TypeId, Rc<dyn Any>>>,
}

impl Invocation {
    pub fn new(call_id: String, deadline: Instant, effect: Arc<AtomicBool>) -> Rc<Self> {
        Rc::new(Self { call_id, deadline, effect, slots: RefCell::default() })
    }

    pub fn call_id(&self) -> &str {
        &self.call_id
    }

    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Says that the call has been noticed outside: it is never run a second time.
    pub fn effect(&self) {
        self.effect.store(true, Ordering::Release);
    }

    /// What an operation keeps for the time of the call: one value of each type.
    pub fn slot<T: Default + 'static>(&self) -> Rc<RefCell<T>> {
        let mut slots = self.slots.borrow_mut();
        let slot =
            slots.entry(TypeId::of::<T>()).or_insert_with(|| Rc::new(RefCell::new(T::default())));
        Rc::clone(slot).downcast().unwrap_or_default()
    }
}
