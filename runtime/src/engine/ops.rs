//! Host operations: what the JavaScript of `runtime/js` can ask of Rust.
//!
//! While an isolate is made, the parts of the engine add their operations to one table. Their
//! JavaScript finds it as the global `__host`, takes what it needs, and nobody sees it afterwards.
//! An operation is a Rust closure; one that waits gives a promise made by [`Host::promise`] or
//! [`Host::start`].

use std::{
    cell::{Cell, RefCell},
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::{
    future::{AbortHandle, Abortable, Aborted},
    stream::{FuturesUnordered, StreamExt},
};
use rquickjs::{
    Ctx, Exception, FromJs, Function, IntoJs, Object, Persistent, Promise, Value,
    function::IntoJsFunc,
};
use rustc_hash::FxHashMap;

use super::{EngineConfig, invocation::Invocation, modules::Modules, slice::Slice};
use crate::failure::Failure;

/// The table of operations of an isolate that is being made.
pub struct Ops<'js> {
    ctx: Ctx<'js>,
    table: Object<'js>,
    host: Rc<Host>,
}

impl<'js> Ops<'js> {
    pub(super) fn new(ctx: &Ctx<'js>, host: &Rc<Host>) -> rquickjs::Result<Self> {
        let table = Object::new(ctx.clone())?;
        Ok(Self { ctx: ctx.clone(), table, host: Rc::clone(host) })
    }

    pub fn ctx(&self) -> &Ctx<'js> {
        &self.ctx
    }

    pub fn host(&self) -> &Rc<Host> {
        &self.host
    }

    /// What JavaScript finds as `__host`.
    pub fn table(&self) -> &Object<'js> {
        &self.table
    }

    /// Makes `operation` callable as `__host.<name>(…)`.
    pub fn add<Arguments>(
        &self,
        name: &str,
        operation: impl IntoJsFunc<'js, Arguments> + 'js,
    ) -> rquickjs::Result<()> {
        self.table.set(name, Function::new(self.ctx.clone(), operation)?.with_name(name)?)
    }
}

/// What the operations of one isolate share.
pub struct Host {
    config: Arc<EngineConfig>,
    slice: Rc<Slice>,
    invocation: RefCell<Option<Rc<Invocation>>>,
    pending: RefCell<FuturesUnordered<Pending>>,
    waiting: RefCell<FxHashMap<OpId, Waiting>>,
    last: Cell<u32>,
    /// The table of operations, where parts leave functions for the engine too.
    table: RefCell<Option<Persistent<Object<'static>>>>,
    modules: RefCell<Option<Rc<dyn Modules>>>,
    /// Promises that were rejected while nobody waited for them, with their reasons.
    rejections: RefCell<Vec<(Persistent<Value<'static>>, Persistent<Value<'static>>)>>,
    /// The promise of the call itself.
    forgiven: RefCell<Option<Persistent<Value<'static>>>>,
    given_up: Cell<bool>,
}

/// An operation that waits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct OpId(pub u32);

/// Whether a call is over before its operation is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hold {
    /// The isolate is not quiet while the operation waits: it would go on after the call.
    Call,
    /// What it would do does not matter after the call (the timer of a signal).
    No,
}

type Pending = Pin<Box<dyn Future<Output = (OpId, Outcome)>>>;
type Outcome = Result<Result<Done, OpError>, Aborted>;
type Done = Box<dyn for<'js> FnOnce(&Ctx<'js>) -> rquickjs::Result<Value<'js>>>;

struct Waiting {
    hold: Hold,
    abort: AbortHandle,
    resolve: Persistent<Function<'static>>,
    reject: Persistent<Function<'static>>,
}

/// An operation that is done; [`Host::settle`] tells its promise.
pub(super) struct Settled(OpId, Result<Done, OpError>);

impl Host {
    pub(super) fn new(config: Arc<EngineConfig>, slice: Rc<Slice>) -> Rc<Self> {
        Rc::new(Self {
            config,
            slice,
            invocation: RefCell::default(),
            pending: RefCell::default(),
            waiting: RefCell::default(),
            last: Cell::default(),
            table: RefCell::default(),
            modules: RefCell::default(),
            rejections: RefCell::default(),
            forgiven: RefCell::default(),
            given_up: Cell::default(),
        })
    }

    pub fn config(&self) -> &EngineConfig {
        &self.config
    }

    pub(super) fn slice(&self) -> &Rc<Slice> {
        &self.slice
    }

    /// The call that is being served; None while modules are loaded.
    pub fn invocation(&self) -> Option<Rc<Invocation>> {
        self.invocation.borrow().clone()
    }

    /// A promise of what `work` will give.
    pub fn promise<'js, T: Give>(
        &self,
        ctx: &Ctx<'js>,
        work: impl Future<Output = Result<T, OpError>> + 'static,
    ) -> rquickjs::Result<Promise<'js>> {
        self.start(ctx, Hold::Call, work).map(|(_, promise)| promise)
    }

    /// A promise of what `work` will give, and how to cancel it. The work belongs to the call that
    /// is being served and is dropped with it. Outside of a call nothing could wait for it: it throws.
    pub fn start<'js, T: Give>(
        &self,
        ctx: &Ctx<'js>,
        hold: Hold,
        work: impl Future<Output = Result<T, OpError>> + 'static,
    ) -> rquickjs::Result<(OpId, Promise<'js>)> {
        if self.invocation.borrow().is_none() {
            return Err(Exception::throw_message(ctx, OUTSIDE_OF_CALLS));
        }
        // They take memory outside of the isolate's heap.
        if self.pending.borrow().len() >= MOST_PENDING {
            return Err(Exception::throw_range(ctx, "Too many operations at the same time"));
        }
        let (promise, resolve, reject) = ctx.promise()?;
        let id = OpId(self.last.get().wrapping_add(1));
        self.last.set(id.0);
        let (abort, registration) = AbortHandle::new_pair();
        let (resolve, reject) = (Persistent::save(ctx, resolve), Persistent::save(ctx, reject));
        self.waiting.borrow_mut().insert(id, Waiting { hold, abort, resolve, reject });
        let work = Abortable::new(work, registration);
        self.pending.borrow().push(Box::pin(async move {
            let outcome = work.await.map(|done| done.map(T::give));
            (id, outcome)
        }));
        Ok((id, promise))
    }

    /// Drops an operation; its promise stays pending for ever.
    pub fn cancel(&self, id: OpId) {
        if let Some(waiting) = self.waiting.borrow_mut().remove(&id) {
            waiting.abort.abort();
        }
    }

    /// Writes to the log what happened in the call that is being served.
    pub fn log(&self, message: &str, thrown: Option<&str>) {
        let invocation = self.invocation.borrow();
        let call_id = invocation.as_ref().map(|invocation| invocation.call_id());
        let call = invocation.as_ref().and_then(|invocation| invocation.call());
        let route = call.map(|call| call.route.name.as_str());
        let error = thrown.map(|thrown| self.map_stack(thrown));
        tracing::error!(target: "kontract", call_id, route, error, "{message}");
    }

    /// Notes that a promise was rejected without, or has found, somebody who waits for it.
    pub(super) fn rejected<'js>(
        &self,
        ctx: &Ctx<'js>,
        promise: Value<'js>,
        reason: Value<'js>,
        handled: bool,
    ) {
        let promise = Persistent::save(ctx, promise);
        let mut rejections = self.rejections.borrow_mut();
        if handled {
            rejections.retain(|(rejected, _)| *rejected != promise);
        } else if self.invocation.borrow().is_some() && rejections.len() < MOST_REJECTIONS {
            rejections.push((promise, Persistent::save(ctx, reason)));
        }
    }

    /// Somebody looks at the promise when it has settled.
    pub(super) fn forgive(&self, promise: &Promise<'_>) {
        let ctx = promise.ctx();
        *self.forgiven.borrow_mut() = Some(Persistent::save(ctx, promise.as_value().clone()));
    }

    /// Writes to the log what nobody waited for. The call goes on.
    pub(super) fn log_rejections(&self, ctx: &Ctx<'_>) {
        if self.rejections.borrow().is_empty() {
            return;
        }
        let forgiven = self.forgiven.borrow().clone();
        for (promise, reason) in self.rejections.take() {
            if forgiven.as_ref() == Some(&promise) {
                continue;
            }
            if let Ok(reason) = reason.restore(ctx) {
                let thrown = self.describe(ctx, reason);
                self.log("A promise was rejected and nobody waited for it", Some(&thrown.detail));
            }
        }
    }

    /// Throws `error` in JavaScript.
    pub fn throw(&self, ctx: &Ctx<'_>, error: impl Into<OpError>) -> rquickjs::Error {
        match self.error(ctx, error.into()) {
            Ok(value) => ctx.throw(value),
            Err(thrown) => thrown,
        }
    }

    pub(super) fn set_invocation(&self, invocation: Option<Rc<Invocation>>) {
        *self.invocation.borrow_mut() = invocation;
    }

    /// A function that JavaScript left in the table.
    pub(super) fn hook<'js>(&self, ctx: &Ctx<'js>, name: &str) -> rquickjs::Result<Function<'js>> {
        self.left(ctx, name)
    }

    /// What JavaScript left in the table.
    pub(super) fn left<'js, T: FromJs<'js>>(
        &self,
        ctx: &Ctx<'js>,
        name: &str,
    ) -> rquickjs::Result<T> {
        let table = self.table.borrow().clone().ok_or(rquickjs::Error::Unknown)?;
        table.restore(ctx)?.get(name)
    }

    /// Makes `table` the one in which JavaScript leaves functions for the engine.
    pub(super) fn set_table<'js>(&self, ctx: &Ctx<'js>, table: Object<'js>) {
        *self.table.borrow_mut() = Some(Persistent::save(ctx, table));
    }

    pub(super) fn set_modules(&self, modules: Rc<dyn Modules>) {
        *self.modules.borrow_mut() = Some(modules);
    }

    /// A stack in terms of the sources.
    pub(super) fn map_stack(&self, stack: &str) -> String {
        match self.modules.borrow().as_ref() {
            Some(modules) => modules.map_stack(stack),
            None => stack.to_owned(),
        }
    }

    pub(super) fn modules(&self, ctx: &Ctx<'_>) -> rquickjs::Result<Rc<dyn Modules>> {
        let modules = self.modules.borrow().clone();
        modules.ok_or_else(|| Exception::throw_message(ctx, "no modules are loaded yet"))
    }

    /// The next operation that is done; Ready(None) when none is left.
    pub(super) fn poll_settled(&self, context: &mut Context<'_>) -> Poll<Option<Settled>> {
        loop {
            match self.pending.borrow_mut().poll_next_unpin(context) {
                Poll::Ready(Some((_, Err(Aborted)))) => {}
                Poll::Ready(Some((id, Ok(done)))) => return Poll::Ready(Some(Settled(id, done))),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// The isolate must not serve another call.
    pub(super) fn give_up(&self) {
        self.given_up.set(true);
    }

    pub(super) fn is_given_up(&self) -> bool {
        self.given_up.get()
    }

    /// Whether an operation waits that must not go on after the call.
    pub(super) fn is_holding(&self) -> bool {
        self.waiting.borrow().values().any(|waiting| waiting.hold == Hold::Call)
    }

    pub(super) fn settle(&self, ctx: &Ctx<'_>, Settled(id, done): Settled) -> rquickjs::Result<()> {
        let Some(waiting) = self.waiting.borrow_mut().remove(&id) else { return Ok(()) };
        let given = match done {
            Ok(done) => done(ctx),
            Err(error) => Err(self.throw(ctx, error)),
        };
        match given {
            Ok(value) => waiting.resolve.restore(ctx)?.call((value,)),
            Err(rquickjs::Error::Exception) => waiting.reject.restore(ctx)?.call((ctx.catch(),)),
            Err(error) => {
                let error = Exception::from_message(ctx.clone(), &error.to_string())?;
                waiting.reject.restore(ctx)?.call((error,))
            }
        }
    }

    /// Drops all that waits.
    pub(super) fn clear(&self) {
        self.waiting.borrow_mut().clear();
        self.pending.borrow_mut().clear();
        self.rejections.borrow_mut().clear();
        *self.forgiven.borrow_mut() = None;
        *self.invocation.borrow_mut() = None;
    }

    /// Gives up what must not outlive the isolate.
    pub(super) fn close(&self) {
        self.clear();
        *self.table.borrow_mut() = None;
        *self.modules.borrow_mut() = None;
    }

    fn error<'js>(&self, ctx: &Ctx<'js>, error: OpError) -> rquickjs::Result<Value<'js>> {
        let thrown = match error {
            OpError::Failure(failure) => {
                let Failure { code, status, message, path, .. } = failure;
                let arguments = (code.as_ref(), status, message.as_ref(), path);
                return self.hook(ctx, "makeError")?.call(arguments);
            }
            OpError::Error(message) => {
                return Exception::from_message(ctx.clone(), &message)?.into_js(ctx);
            }
            OpError::Type(message) => Exception::throw_type(ctx, &message),
            OpError::Range(message) => Exception::throw_range(ctx, &message),
            OpError::Dom(name, message) => Exception::throw_dom(ctx, name, &message),
        };
        match thrown {
            rquickjs::Error::Exception => Ok(ctx.catch()),
            error => Err(error),
        }
    }
}

/// What an operation fails with.
#[derive(Debug)]
pub enum OpError {
    /// An `HttpError`.
    Failure(Failure),
    /// An `Error`.
    Error(String),
    /// A `TypeError`.
    Type(String),
    /// A `RangeError`.
    Range(String),
    /// A `DOMException` of that name.
    Dom(&'static str, String),
}

impl From<Failure> for OpError {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// What an operation may end with: anything that becomes a value of any isolate.
pub trait Give: 'static {
    fn give(self) -> Done;
}

impl<T: for<'js> IntoJs<'js> + 'static> Give for T {
    fn give(self) -> Done {
        Box::new(move |ctx| self.into_js(ctx))
    }
}

/// Operations of a call that wait at the same time.
const MOST_PENDING: usize = 20_000;
/// Of one burst; a loop that makes more of them would fill the log.
const MOST_REJECTIONS: usize = 16;
const OUTSIDE_OF_CALLS: &str = "Nothing can be waited for while modules are loaded: \
     do it inside a backend function";
