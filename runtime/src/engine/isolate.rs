//! One isolate: a runtime with one context. It serves one call at a time.

use std::{
    cell::Cell,
    future::poll_fn,
    rc::Rc,
    sync::Arc,
    task::{Context as TaskContext, Poll, Waker},
    time::{Duration, Instant},
};

use rquickjs::{Context, Ctx, Persistent, Promise, Runtime, promise::PromiseState};
use tokio::time::timeout_at;

use super::{
    EngineConfig,
    invocation::Invocation,
    ops::{Host, Ops},
    web,
};

pub struct Isolate {
    // Dropped in this order: the context goes before its runtime.
    context: Context,
    runtime: Runtime,
    host: Rc<Host>,
    slice: Rc<Slice>,
}

/// Why a promise will not settle.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// JavaScript went on for too long without giving way.
    Slice,
    /// The call's time is over.
    Deadline,
    /// Nothing is left that could settle it.
    Stuck,
}

/// How long JavaScript may go on without giving way.
struct Slice {
    length: Duration,
    end: Cell<Instant>,
    /// It was exceeded: the isolate cannot be used any more.
    over: Cell<bool>,
}

impl Isolate {
    /// Makes an isolate with all that the host offers. The application's modules are not loaded.
    pub fn new(config: &Arc<EngineConfig>) -> Result<Self, String> {
        let runtime = Runtime::new().map_err(|error| error.to_string())?;
        runtime.set_memory_limit(config.limits.heap);
        runtime.set_max_stack_size(config.limits.stack);
        let slice = Rc::new(Slice {
            length: config.limits.cpu,
            end: Cell::new(Instant::now() + config.limits.cpu),
            over: Cell::new(false),
        });
        let clock = Rc::clone(&slice);
        runtime.set_interrupt_handler(Some(Box::new(move || clock.is_over())));
        let context = Context::full(&runtime).map_err(|error| error.to_string())?;
        let isolate = Self { context, runtime, host: Host::new(Arc::clone(config)), slice };
        isolate.burst(|ctx| install(ctx, &isolate.host)).map_err(|error| error.to_string())?;
        Ok(isolate)
    }

    pub fn host(&self) -> &Rc<Host> {
        &self.host
    }

    /// Runs `body` and the jobs that follow from it, for one slice of time.
    pub fn burst<R>(&self, body: impl for<'js> FnOnce(&Ctx<'js>) -> R) -> R {
        self.slice.end.set(Instant::now() + self.slice.length);
        self.context.with(|ctx| {
            let result = body(&ctx);
            while !self.slice.is_over() && ctx.execute_pending_job() {}
            result
        })
    }

    /// Runs on until `promise` has settled.
    pub async fn settle(
        &self,
        promise: &Persistent<Promise<'static>>,
        deadline: Instant,
    ) -> Result<(), Ended> {
        loop {
            if self.slice.over.get() {
                return Err(Ended::Slice);
            }
            if self.context.with(|ctx| is_settled(&ctx, promise)) {
                return Ok(());
            }
            let next = poll_fn(|context| self.host.poll_settled(context));
            match timeout_at(deadline.into(), next).await {
                Err(_) => return Err(Ended::Deadline),
                Ok(None) => return Err(Ended::Stuck),
                Ok(Some(settled)) => self.burst(|ctx| self.host.settle(ctx, settled)),
            }
            .map_err(|_| Ended::Stuck)?;
        }
    }

    /// Whether nothing of the last call can run any more.
    pub fn is_quiet(&self) -> bool {
        let mut context = TaskContext::from_waker(Waker::noop());
        while let Poll::Ready(Some(settled)) = self.host.poll_settled(&mut context) {
            if self.burst(|ctx| self.host.settle(ctx, settled)).is_err() {
                return false;
            }
        }
        !self.slice.over.get() && !self.host.is_holding() && !self.runtime.is_job_pending()
    }

    /// Makes `invocation` the one that operations belong to; None ends it.
    pub fn enter(&self, invocation: Option<Rc<Invocation>>) {
        if invocation.is_none() {
            self.host.clear();
        }
        self.host.set_invocation(invocation);
    }
}

impl Drop for Isolate {
    fn drop(&mut self) {
        self.host.close();
    }
}

impl Slice {
    fn is_over(&self) -> bool {
        if !self.over.get() && Instant::now() >= self.end.get() {
            self.over.set(true);
        }
        self.over.get()
    }
}

fn is_settled<'js>(ctx: &Ctx<'js>, promise: &Persistent<Promise<'static>>) -> bool {
    let promise: rquickjs::Result<Promise<'js>> = promise.clone().restore(ctx);
    promise.is_ok_and(|promise| promise.state() != PromiseState::Pending)
}

/// Gives an isolate all that the host offers: each part adds its operations, then its JavaScript runs.
fn install(ctx: &Ctx<'_>, host: &Rc<Host>) -> rquickjs::Result<()> {
    let ops = Ops::new(ctx, host)?;
    ctx.globals().set("__host", ops.table().clone())?;
    web::install(&ops)?;
    ctx.globals().remove("__host")
}

#[cfg(test)]
mod tests {
    use std::{sync::atomic::AtomicBool, time::Duration};

    use rquickjs::{Function, Object};

    use super::*;
    use crate::config::Limits;

    fn config() -> Arc<EngineConfig> {
        Arc::new(EngineConfig {
            limits: Limits::default(),
            variables: std::collections::BTreeMap::default(),
            egress: Vec::new(),
            development: false,
            threads: 1,
        })
    }

    #[tokio::test]
    async fn an_operation_settles_its_promise() {
        let isolate = Isolate::new(&config()).unwrap();
        let deadline = Instant::now() + Duration::from_secs(1);
        let effect = Arc::new(AtomicBool::new(false));
        isolate.enter(Some(Invocation::new("call".to_owned(), deadline, effect)));
        let host = Rc::clone(isolate.host());
        let promise = isolate
            .burst(|ctx| {
                let later = Function::new(ctx.clone(), move |ctx: Ctx<'_>, text: String| {
                    host.promise(&ctx, async move {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                        Ok(text)
                    })
                    .map(rquickjs::Promise::into_value)
                    .map(|value| Persistent::save(&ctx, value))
                })?;
                let globals: Object<'_> = ctx.globals();
                globals.set("later", later)?;
                let promise: Promise<'_> = ctx.eval("later('a').then((text) => text + 'b')")?;
                Ok::<_, rquickjs::Error>(Persistent::save(ctx, promise))
            })
            .unwrap();
        isolate.settle(&promise, deadline).await.unwrap();
        let text: String =
            isolate.burst(|ctx| promise.restore(ctx).and_then(|promise| promise.finish())).unwrap();
        assert_eq!(text, "ab");
        assert!(isolate.is_quiet());
        isolate.enter(None);
    }
}
