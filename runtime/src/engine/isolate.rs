//! One isolate: a runtime with one context. It serves one call at a time.

use std::{
    cell::Cell,
    future::poll_fn,
    rc::Rc,
    sync::Arc,
    task::{Context as TaskContext, Poll, Waker},
    time::Instant,
};

use rquickjs::{
    Context, Ctx, Module, Object, Persistent, Promise, Runtime, Value, promise::PromiseState,
};
use tokio::time::timeout_at;

use super::{
    EngineConfig, bytecode,
    invocation::Invocation,
    library,
    modules::{self, Linker, Modules},
    ops::{Host, Ops},
    slice::{Pulse, Slice},
    web,
};
use crate::storage;

pub struct Isolate {
    // Dropped in this order: values, the context, its runtime.
    /// What the entry exports.
    application: Option<Persistent<Object<'static>>>,
    context: Context,
    runtime: Runtime,
    host: Rc<Host>,
    slice: Rc<Slice>,
    served: Cell<u32>,
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

impl Isolate {
    /// Makes an isolate with all that the host offers. The application's modules are not loaded.
    pub fn new(config: &Arc<EngineConfig>) -> Result<Self, String> {
        Self::on(config, &Arc::default())
    }

    /// The same on a thread that others watch.
    pub(super) fn on(config: &Arc<EngineConfig>, pulse: &Arc<Pulse>) -> Result<Self, String> {
        let runtime = Runtime::new().map_err(|error| error.to_string())?;
        runtime.set_memory_limit(config.limits.heap);
        runtime.set_max_stack_size(config.limits.stack);
        runtime.set_gc_threshold(GARBAGE);
        let slice = Rc::new(Slice::new(config.limits.cpu, Arc::clone(pulse)));
        let clock = Rc::clone(&slice);
        runtime.set_interrupt_handler(Some(Box::new(move || clock.is_over())));
        let context = Context::full(&runtime).map_err(|error| error.to_string())?;
        let host = Host::new(Arc::clone(config), Rc::clone(&slice));
        let rejections = Rc::clone(&host);
        runtime.set_host_promise_rejection_tracker(Some(Box::new(
            move |ctx, promise, reason, handled| {
                rejections.rejected(&ctx, promise, reason, handled);
            },
        )));
        let isolate =
            Self { application: None, context, runtime, host, slice, served: Cell::default() };
        isolate.burst(|ctx| {
            install(ctx, &isolate.host).map_err(|error| isolate.host.thrown(ctx, error).detail)
        })?;
        Ok(isolate)
    }

    pub fn host(&self) -> &Rc<Host> {
        &self.host
    }

    /// Loads the application. An error is a description of what was thrown.
    pub fn load(&mut self, modules: Rc<dyn Modules>, entry: &str) -> Result<(), String> {
        self.runtime.set_loader(Linker(Rc::clone(&modules)), Linker(Rc::clone(&modules)));
        self.host.set_modules(modules);
        let slice = self.host.config().limits.cpu;
        self.slice.set_length(LOADING * slice);
        let loading = self.burst(|ctx| match Module::import(ctx, entry) {
            Ok(promise) => Ok(Persistent::save(ctx, promise)),
            Err(error) => Err(self.host.thrown(ctx, error).detail),
        });
        if self.slice.was_exceeded() {
            return Err("loading the modules takes too long".to_owned());
        }
        let loading = loading?;
        let application = self.burst(|ctx| {
            let promise = loading.restore(ctx).map_err(|error| error.to_string())?;
            match promise.result::<Object<'_>>() {
                None => Err("a module waits for something that never comes".to_owned()),
                Some(Err(error)) => Err(self.host.thrown(ctx, error).detail),
                Some(Ok(application)) => Ok(Persistent::save(ctx, application)),
            }
        })?;
        self.slice.set_length(slice);
        self.application = Some(application);
        Ok(())
    }

    /// What `src/auth.ts` exports, as far as JSON can say it.
    pub fn auth(&self) -> Result<Option<serde_json::Value>, String> {
        let Some(application) = self.application.clone() else { return Ok(None) };
        let text = self.burst(|ctx| {
            let read = || {
                let config: Value<'_> = application.restore(ctx)?.get("__kontract_auth")?;
                let text = ctx.json_stringify(config)?;
                text.map(|text| text.to_string()).transpose()
            };
            read().map_err(|error| self.host.thrown(ctx, error).detail)
        })?;
        let config = text.map(|text| serde_json::from_str(&text)).transpose();
        config.map_err(|error| format!("src/auth.ts: {error}"))
    }

    /// Runs `body` and the jobs that follow from it, for one slice of time.
    pub fn burst<R>(&self, body: impl for<'js> FnOnce(&Ctx<'js>) -> R) -> R {
        let _running = self.slice.begin();
        self.context.with(|ctx| {
            let result = body(&ctx);
            while !self.slice.was_exceeded() && ctx.execute_pending_job() {
                self.slice.is_over();
            }
            self.host.log_rejections(&ctx);
            result
        })
    }

    /// Whether the application has filled so much of the heap that a new isolate is better. Finding
    /// out is slow: it is asked once in a while.
    pub(super) fn is_worn_out(&self) -> bool {
        let served = self.served.get().wrapping_add(1);
        self.served.set(served);
        let used = || usize::try_from(self.runtime.memory_usage().malloc_size).unwrap_or_default();
        served.is_multiple_of(INSPECTED_EVERY) && used() > self.host.config().limits.heap / 2
    }

    /// Whether JavaScript was stopped: the isolate must not be used again.
    pub fn was_interrupted(&self) -> bool {
        self.slice.was_exceeded()
    }

    /// What the entry exports.
    pub(super) fn exports<'js>(&self, ctx: &Ctx<'js>) -> rquickjs::Result<Object<'js>> {
        self.application.clone().ok_or(rquickjs::Error::Unknown)?.restore(ctx)
    }

    /// The registry of routes.
    pub(super) fn routes<'js>(&self, ctx: &Ctx<'js>) -> rquickjs::Result<Value<'js>> {
        self.exports(ctx)?.get("__kontract_routes")
    }

    /// Gives the call more time.
    pub(super) fn extend(&self, deadline: Instant) {
        self.slice.extend(deadline);
    }

    /// Says which call comes next, by its number on this thread.
    pub(super) fn serves(&self, number: u64, deadline: Instant) {
        self.slice.set_call(number, deadline);
    }

    /// Runs on until `promise` has settled.
    pub async fn settle(
        &self,
        promise: &Persistent<Promise<'static>>,
        due: impl Fn() -> Instant,
    ) -> Result<(), Ended> {
        let pends = || !self.context.with(|ctx| is_settled(&ctx, promise));
        self.go_on_while(pends, due).await
    }

    /// Runs on as long as `condition` holds. When it is due may change meanwhile.
    pub(super) async fn go_on_while(
        &self,
        condition: impl Fn() -> bool,
        due: impl Fn() -> Instant,
    ) -> Result<(), Ended> {
        loop {
            if self.slice.was_exceeded() {
                return Err(Ended::Slice);
            }
            // Operations that are always done at once would never let the clock have its say.
            let deadline = due();
            if Instant::now() >= deadline {
                return Err(Ended::Deadline);
            }
            if !condition() {
                return Ok(());
            }
            let next = poll_fn(|context| self.host.poll_settled(context));
            match timeout_at(deadline.into(), next).await {
                Err(_) => continue,
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
        !self.slice.was_exceeded()
            && !self.host.is_given_up()
            && !self.host.is_holding()
            && !self.runtime.is_job_pending()
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

fn is_settled<'js>(ctx: &Ctx<'js>, promise: &Persistent<Promise<'static>>) -> bool {
    let promise: rquickjs::Result<Promise<'js>> = promise.clone().restore(ctx);
    promise.is_ok_and(|promise| promise.state() != PromiseState::Pending)
}

/// Gives an isolate all that the host offers: each part adds its operations, then its JavaScript runs.
fn install(ctx: &Ctx<'_>, host: &Rc<Host>) -> rquickjs::Result<()> {
    let ops = Ops::new(ctx, host)?;
    host.set_table(ctx, ops.table().clone());
    ctx.globals().set("__host", ops.table().clone())?;
    web::install(&ops)?;
    library::install(&ops)?;
    modules::install(&ops)?;
    storage::install(&ops)?;
    bytecode::evaluate(ctx, "kontract:freeze", include_str!("../../js/freeze.js")).map(drop)
}

/// Bytes of the heap before cycles are looked for; making an isolate leaves few.
const GARBAGE: usize = 2 << 20;
/// How many slices the modules may take to load.
const LOADING: u32 = 10;
const INSPECTED_EVERY: u32 = 256;
