//! A module outside of the application, run once in an isolate of its own: a migration. What it asks
//! of its host comes out as [`Question`]s, for whoever started it to answer.

use std::{
    rc::Rc,
    sync::{Arc, atomic::AtomicBool},
    thread,
    time::{Duration, Instant},
};

use rquickjs::{
    Ctx, Exception, Function, Module, Object, Persistent, Promise, Value, module::Declared,
};
use tokio::sync::{mpsc, oneshot};

use super::{
    EngineConfig, bytecode,
    invocation::Invocation,
    isolate::{Ended, Isolate},
    modules::{Kind, Modules, SourceMaps},
    ops::OpError,
};
use crate::config::Limits;

/// JavaScript that imports nothing.
#[derive(Clone, Debug)]
pub struct Script {
    /// As stacks call it.
    pub name: String,
    pub source: String,
    /// Its source map, with `name`'s last part as the source; empty: there is none.
    pub map: Vec<u8>,
}

/// What a script waits for.
#[derive(Debug)]
pub struct Question {
    pub operation: String,
    /// JSON.
    pub arguments: String,
    /// Takes the JSON of the result, or what the script is to see thrown.
    pub answer: oneshot::Sender<Result<String, String>>,
}

/// A script that is running. Dropped, it gets no more answers and ends.
#[derive(Debug)]
pub struct Running {
    questions: mpsc::Receiver<Question>,
    ended: oneshot::Receiver<Result<(), String>>,
}

impl Script {
    /// Calls a function of what the script exports as its default, with `db`.
    pub fn start(self, function: &'static str) -> Result<Running, String> {
        let (ask, questions) = mpsc::channel(1);
        let (end, ended) = oneshot::channel();
        let limits = Limits { heap: HEAP, cpu: SLICE, deadline: PATIENCE, ..Limits::default() };
        let stack = 4 * limits.stack;
        let work = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let result = runtime
                .map_err(|error| error.to_string())
                .and_then(|runtime| runtime.block_on(run(&self, function, limits, ask)));
            let _ = end.send(result);
        };
        let thread = thread::Builder::new().name("kontract-script".to_owned()).stack_size(stack);
        thread.spawn(work).map_err(|error| format!("a thread could not be started: {error}"))?;
        Ok(Running { questions, ended })
    }
}

impl Running {
    /// The next question; None when the script has ended.
    pub async fn next(&mut self) -> Option<Question> {
        self.questions.recv().await
    }

    /// How the script ended.
    pub async fn end(self) -> Result<(), String> {
        self.ended.await.unwrap_or_else(|_| Err("the engine has given up".to_owned()))
    }
}

async fn run(
    script: &Script,
    function: &'static str,
    limits: Limits,
    ask: mpsc::Sender<Question>,
) -> Result<(), String> {
    let config = Arc::new(EngineConfig { limits, ..EngineConfig::default() });
    let mut isolate = Isolate::new(&config)?;
    isolate.load(Rc::new(Alone::new(script.clone())), &script.name)?;
    let deadline = Instant::now() + PATIENCE;
    let invocation =
        Invocation::new("migration".to_owned(), deadline, Arc::<AtomicBool>::default());
    isolate.enter(Some(invocation));
    let promise = isolate.burst(|ctx| {
        begin(ctx, &isolate, function, ask)
            .map_err(|error| isolate.host().thrown(ctx, error).detail)
    })?;
    let settled = isolate.settle(&promise, || deadline).await;
    let result = match settled {
        Ok(()) => isolate.burst(|ctx| {
            let promise = promise.restore(ctx).map_err(|error| error.to_string())?;
            match promise.result::<Value<'_>>() {
                Some(Err(error)) => Err(isolate.host().thrown(ctx, error).detail),
                _ => Ok(()),
            }
        }),
        Err(Ended::Slice) => Err("it ran for too long without waiting for anything".to_owned()),
        Err(Ended::Deadline) => Err("it took too long".to_owned()),
        Err(Ended::Stuck) => Err("it waits for something that never comes".to_owned()),
    };
    isolate.enter(None);
    result.map_err(|reason| isolate.host().map_stack(&reason))
}

fn begin<'js>(
    ctx: &Ctx<'js>,
    isolate: &Isolate,
    function: &'static str,
    ask: mpsc::Sender<Question>,
) -> rquickjs::Result<Persistent<Promise<'static>>> {
    let driver = bytecode::evaluate(ctx, "kontract:migration", DRIVER)?;
    let driver: Function<'js> = driver.get("default")?;
    let host = Rc::clone(isolate.host());
    let ask = move |ctx: Ctx<'js>, operation: String, arguments: String| {
        let ask = ask.clone();
        host.promise(&ctx, async move {
            let (answer, answered) = oneshot::channel();
            let gone = || OpError::Error("The migration was given up".to_owned());
            let question = Question { operation, arguments, answer };
            ask.send(question).await.map_err(|_| gone())?;
            answered.await.map_err(|_| gone())?.map_err(OpError::Error)
        })
    };
    let application: Object<'js> = isolate.exports(ctx)?;
    let migration: Value<'js> = application.get("default")?;
    let promise: Promise<'js> =
        driver.call((Function::new(ctx.clone(), ask)?, migration, function))?;
    Ok(Persistent::save(ctx, promise))
}

/// The one module there is.
struct Alone {
    script: Script,
    maps: SourceMaps,
}

impl Alone {
    fn new(mut script: Script) -> Self {
        let mut maps = SourceMaps::default();
        maps.insert(script.name.as_str().into(), std::mem::take(&mut script.map));
        Self { script, maps }
    }
}

impl Modules for Alone {
    fn resolve(&self, _: Kind, base: &str, specifier: &str) -> Result<Arc<str>, String> {
        if base.is_empty() {
            return Ok(specifier.into());
        }
        Err("a migration imports nothing, since what it imports may change after it ran".to_owned())
    }

    fn module<'js>(&self, ctx: &Ctx<'js>, _: &str) -> rquickjs::Result<Module<'js, Declared>> {
        Module::declare(ctx.clone(), self.script.name.as_str(), self.script.source.as_str())
    }

    fn script<'js>(&self, ctx: &Ctx<'js>, id: &str) -> rquickjs::Result<Value<'js>> {
        Err(Exception::throw_message(ctx, &format!("'{id}' is an ES module")))
    }

    fn map_stack(&self, stack: &str) -> String {
        self.maps.map_stack(stack)
    }
}

const DRIVER: &str = include_str!("../../js/migration.js");
const HEAP: usize = 512 << 20;
const SLICE: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_hours(6);
