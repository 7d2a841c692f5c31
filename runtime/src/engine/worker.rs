//! One isolate thread: serves the calls it is given, each in an isolate of its own.

use std::{
    rc::Rc,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rustc_hash::FxHashMap;
use tokio::{
    runtime,
    sync::{mpsc, oneshot},
    task::LocalSet,
    time::sleep,
};

use super::{
    EngineConfig,
    attempt::{self, Fault},
    clock::ThreadId,
    invocation::Invocation,
    isolate::Ended,
    modules::Bundle,
    pool::{Lease, Pool},
    slice::Pulse,
};
use crate::{
    call::{Call, Reply},
    failure::Failure,
    manifest::Isolation,
    storage::{Begun, Store},
};

/// A thread, as those see it who give it calls. It ends when nobody does any more.
pub struct Worker {
    work: mpsc::UnboundedSender<Work>,
    desk: Arc<Desk>,
    pub pulse: Arc<Pulse>,
    pub thread: ThreadId,
}

/// Where a thread's calls wait for their answers.
#[derive(Default)]
struct Desk {
    answers: Mutex<FxHashMap<u64, (Arc<Call>, Answer)>>,
    load: AtomicUsize,
}

/// A call for a thread.
pub struct Work {
    pub number: u64,
    pub call: Arc<Call>,
    pub effect: Arc<AtomicBool>,
    /// Closed when nobody waits for the answer any more.
    pub gone: oneshot::Receiver<()>,
}

/// Says once whether the thread can serve.
pub type Ready = std::sync::mpsc::Receiver<Result<(), String>>;
type Answer = oneshot::Sender<Result<Reply, Failure>>;

impl Worker {
    /// Starts a thread, which says when its first isolate is ready, or why there is none.
    pub fn start(
        config: &Arc<EngineConfig>,
        bundle: &Arc<Bundle>,
        alive: mpsc::Sender<()>,
    ) -> Result<(Arc<Self>, Ready), String> {
        let (work, given) = mpsc::unbounded_channel();
        let (tell, ready) = std::sync::mpsc::channel();
        let (introduce, introduced) = std::sync::mpsc::channel();
        let (desk, pulse) = (Arc::<Desk>::default(), Arc::<Pulse>::default());
        let shared =
            (Arc::clone(config), Arc::clone(bundle), Arc::clone(&pulse), Arc::clone(&desk));
        let stack = config.limits.stack + STACK;
        let thread = thread::Builder::new().name("kontract-isolates".to_owned()).stack_size(stack);
        thread
            .spawn(move || {
                let (config, bundle, pulse, desk) = shared;
                if introduce.send(ThreadId::current()).is_ok() {
                    let pool = Pool::new(&config, &bundle, &pulse);
                    let store = config.store.as_ref().map(Store::with_own_connections);
                    Thread { pool, store, pulse, desk }.run(given, &tell);
                }
                drop(alive);
            })
            .map_err(|error| format!("a thread could not be started: {error}"))?;
        let thread = introduced.recv().map_err(|_| "a thread could not be started".to_owned())?;
        Ok((Arc::new(Self { work, desk, pulse, thread }), ready))
    }

    /// Calls that were given and not answered.
    pub fn load(&self) -> usize {
        self.desk.load.load(Ordering::Relaxed)
    }

    /// Gives the thread a call. Its answer is closed if the thread is given up.
    pub fn give(&self, work: Work) -> oneshot::Receiver<Result<Reply, Failure>> {
        let (answer, answered) = oneshot::channel();
        let number = work.number;
        self.desk.answers().insert(number, (Arc::clone(&work.call), answer));
        self.desk.load.fetch_add(1, Ordering::Relaxed);
        if self.work.send(work).is_err() {
            self.desk.take(number);
        }
        answered
    }

    /// Gives the thread up: the call `stuck` has timed out, the others may be given elsewhere.
    pub fn abandon(&self, stuck: u64) {
        self.pulse.abandon();
        self.thread.yield_to_others();
        if let Some((call, answer)) = self.desk.take(stuck) {
            let (call_id, route) = (&*call.call_id, &*call.route.name);
            tracing::error!(
                target: "kontract", call_id, route,
                "JavaScript does not give way: its thread was given up"
            );
            // Whoever waited may have gone.
            let _ = answer.send(Err(Failure::timeout()));
        }
        let others = std::mem::take(&mut *self.desk.answers());
        self.desk.load.fetch_sub(others.len(), Ordering::Relaxed);
    }
}

impl Desk {
    fn answers(&self) -> std::sync::MutexGuard<'_, FxHashMap<u64, (Arc<Call>, Answer)>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, number: u64) -> Option<(Arc<Call>, Answer)> {
        let answer = self.answers().remove(&number);
        if answer.is_some() {
            self.load.fetch_sub(1, Ordering::Relaxed);
        }
        answer
    }
}

/// An answer that somebody waits for: it is an error if a panic keeps it from being given.
struct Owed<'a> {
    desk: &'a Desk,
    number: u64,
}

impl Drop for Owed<'_> {
    fn drop(&mut self) {
        if let Some((_, answer)) = self.desk.take(self.number) {
            let _ = answer.send(Err(Failure::internal()));
        }
    }
}

/// The thread itself.
struct Thread {
    pool: Pool,
    store: Option<Store>,
    pulse: Arc<Pulse>,
    desk: Arc<Desk>,
}

impl Thread {
    fn run(
        self,
        mut given: mpsc::UnboundedReceiver<Work>,
        tell: &std::sync::mpsc::Sender<Result<(), String>>,
    ) {
        let runtime = match runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                // Whoever started the thread may not wait for it.
                let _ = tell.send(Err(error.to_string()));
                return;
            }
        };
        let warm = self.pool.warm();
        let failed = warm.is_err();
        let _ = tell.send(warm);
        if failed {
            return;
        }
        let this = Rc::new(self);
        let calls = LocalSet::new();
        calls.block_on(&runtime, async {
            while let Some(work) = given.recv().await {
                if this.pulse.is_abandoned() {
                    return;
                }
                tokio::task::spawn_local(Rc::clone(&this).serve(work));
            }
        });
        if !this.pulse.is_abandoned() {
            // Calls and the work they left behind; both are bounded.
            runtime.block_on(calls);
        }
    }

    async fn serve(self: Rc<Self>, mut work: Work) {
        let _owed = Owed { desk: &self.desk, number: work.number };
        let place = tokio::select! {
            biased;
            () = left(&mut work.gone) => Err(Failure::timeout()),
            place = self.pool.streams.enter(&work.call) => place,
        };
        let place = match place {
            Ok(place) => place,
            Err(failure) => return self.answer(work.number, Err(failure)),
        };
        let mut retry = self.store.as_ref().map(Store::retry);
        let (mut begun, mut pause) = (false, SHORTEST_PAUSE);
        // Half of its time a call waits for another arrival of it.
        let now = Instant::now();
        let patience = now + work.call.deadline.saturating_duration_since(now) / 2;
        let (lease, invocation, outcome) = loop {
            let taken = tokio::select! {
                biased;
                () = left(&mut work.gone) => Err(Failure::timeout()),
                taken = self.pool.take(work.call.deadline, place.as_ref()) => taken,
            };
            let lease = match taken {
                Ok(lease) => lease,
                Err(failure) => return self.answer(work.number, Err(failure)),
            };
            // Whoever leaves the queue has asked the database for nothing.
            if !begun {
                match self.begin(&work.call).await {
                    Ok(Begun::Runs) => begun = true,
                    Ok(Begun::Answered(reply)) => {
                        self.pool.give_back(lease);
                        return self.answer(work.number, Ok(reply));
                    }
                    Ok(Begun::Elsewhere(failure)) => {
                        self.pool.give_back(lease);
                        if Instant::now() >= patience {
                            return self.answer(work.number, Err(failure));
                        }
                        sleep(pause).await;
                        pause = LONGEST_PAUSE.min(pause * 2);
                        continue;
                    }
                    Err(failure) => {
                        self.pool.give_back(lease);
                        return self.answer(work.number, Err(failure));
                    }
                }
            }
            let isolate = &lease.isolate;
            let invocation = self.invocation(&work);
            isolate.serves(work.number, work.call.deadline);
            isolate.enter(Some(Rc::clone(&invocation)));
            let outcome = attempt::run(isolate, &invocation, &work.call, &mut work.gone).await;
            match (attempt::end(isolate, &invocation, outcome).await, &mut retry) {
                (Err(Fault::Commit(error)), Some(retry)) => {
                    let had_effect = invocation.had_effect() && !work.call.may_retry();
                    // What an attempt that does not count has begun goes no further.
                    if invocation.kept.borrow().is_empty() {
                        self.release(lease, invocation).await;
                    }
                    let again = retry.again(error, had_effect, work.call.due()).await;
                    if let Err(failure) = again {
                        return self.answer(work.number, self.fail(&work.call, failure).await);
                    }
                }
                (outcome, _) => break (lease, invocation, outcome),
            }
        };
        let isolate = &lease.isolate;
        let usable = !matches!(&outcome, Err(fault) if fault.is_fatal());
        let timed_out = matches!(&outcome, Err(Fault::Ended(Ended::Deadline)));
        let succeeded = outcome.is_ok();
        let answer = match outcome {
            Ok(reply) => Ok(reply),
            Err(fault) => self.fail(&work.call, fault.failure(isolate, &invocation)).await,
        };
        self.answer(work.number, answer);
        if timed_out {
            attempt::abort(isolate, &invocation);
        }
        if succeeded {
            attempt::committed(isolate, &invocation);
        }
        if usable {
            self.release(lease, invocation).await;
        }
        if !self.pulse.is_abandoned()
            && let Err(error) = self.pool.warm()
        {
            tracing::error!(target: "kontract", error, "An isolate could not be made");
        }
    }

    fn invocation(&self, work: &Work) -> Rc<Invocation> {
        let call = &work.call;
        let at_once = call.route.meta.isolation == Isolation::None;
        let scope = self
            .store
            .as_ref()
            .map(|store| store.scope(&call.session, &call.call_id, &call.claim, at_once));
        Invocation::of(Arc::clone(call), Arc::clone(&work.effect), scope)
    }

    async fn begin(&self, call: &Call) -> Result<Begun, Failure> {
        let Some(store) = &self.store else { return Ok(Begun::Runs) };
        store.begin(call).await
    }

    async fn fail(&self, call: &Call, failure: Failure) -> Result<Reply, Failure> {
        match &self.store {
            Some(store) => store.fail(call, failure).await,
            None => Err(failure),
        }
    }

    /// Waits for what the call has left behind, and keeps the isolate if it can be used again.
    async fn release(&self, lease: Lease<'_>, invocation: Rc<Invocation>) {
        let usable = attempt::outlast(&lease.isolate, &invocation).await;
        if usable && !lease.isolate.is_worn_out() {
            lease.isolate.enter(None);
            drop(invocation);
            self.pool.give_back(lease);
        }
    }

    fn answer(&self, number: u64, answer: Result<Reply, Failure>) {
        if let Some((_, waiting)) = self.desk.take(number) {
            // Whoever waited may have gone.
            let _ = waiting.send(answer);
        }
    }
}

/// Waits until nobody waits for the answer any more.
async fn left(gone: &mut oneshot::Receiver<()>) {
    if !gone.is_terminated() {
        let _ = gone.await;
    }
}

/// Between two looks at a call that runs elsewhere.
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// Beside the JavaScript's own: what Rust needs around it.
const STACK: usize = 2 << 20;
