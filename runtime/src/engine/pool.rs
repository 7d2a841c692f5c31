//! The isolates of one thread.

use std::{cell::RefCell, rc::Rc, sync::Arc, time::Instant};

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout_at,
};

use super::{
    EngineConfig,
    isolate::Isolate,
    modules::Bundle,
    slice::Pulse,
    streams::{Place, Streams},
};
use crate::failure::Failure;

pub struct Pool {
    config: Arc<EngineConfig>,
    bundle: Arc<Bundle>,
    pulse: Arc<Pulse>,
    /// Ready for a call. The last one is taken first: its memory is warm.
    idle: RefCell<Vec<Isolate>>,
    room: Semaphore,
    /// Half as many, besides: no stream holds a call up.
    pub streams: Streams,
}

/// An isolate that serves a call. Dropped, it is gone.
pub struct Lease<'a> {
    pub isolate: Isolate,
    _room: Option<SemaphorePermit<'a>>,
}

impl Pool {
    pub fn new(config: &Arc<EngineConfig>, bundle: &Arc<Bundle>, pulse: &Arc<Pulse>) -> Self {
        Self {
            config: Arc::clone(config),
            bundle: Arc::clone(bundle),
            pulse: Arc::clone(pulse),
            idle: RefCell::default(),
            room: Semaphore::new(config.limits.isolates.max(1)),
            streams: Streams::new(
                config.limits.isolates.div_ceil(2).max(1),
                config.limits.stream_idle,
            ),
        }
    }

    /// An isolate, as soon as there is room for one; that of a stream has its place.
    pub async fn take(
        &self,
        deadline: Instant,
        place: Option<&Place<'_>>,
    ) -> Result<Lease<'_>, Failure> {
        let room = if place.is_none() {
            let room = timeout_at(deadline.into(), self.room.acquire());
            let Ok(Ok(room)) = room.await else { return Err(Failure::timeout()) };
            Some(room)
        } else {
            None
        };
        let idle = self.idle.borrow_mut().pop();
        let isolate = match idle {
            Some(isolate) => isolate,
            None => self.make().map_err(|error| {
                tracing::error!(target: "kontract", error, "An isolate could not be made");
                Failure::internal()
            })?,
        };
        Ok(Lease { isolate, _room: room })
    }

    /// Keeps the isolate of a call that is over.
    pub fn give_back(&self, lease: Lease<'_>) {
        self.idle.borrow_mut().push(lease.isolate);
    }

    /// Makes an isolate ahead of its call.
    pub fn warm(&self) -> Result<(), String> {
        if self.idle.borrow().is_empty() && self.room.available_permits() > 0 {
            let isolate = self.make()?;
            self.idle.borrow_mut().push(isolate);
        }
        Ok(())
    }

    fn make(&self) -> Result<Isolate, String> {
        let mut isolate = Isolate::on(&self.config, &self.pulse)?;
        isolate.load(Rc::new(Arc::clone(&self.bundle)), self.bundle.entry())?;
        Ok(isolate)
    }
}
