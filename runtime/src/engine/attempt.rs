//! One attempt to serve a call in an isolate.

use std::{rc::Rc, sync::Arc, time::Instant};

use rquickjs::{Ctx, Persistent, Promise, Value};
use tokio::{
    sync::oneshot,
    time::{sleep_until, timeout_at},
};

use super::{
    convert::{Classes, JsSource},
    invocation::Invocation,
    isolate::{Ended, Isolate},
    thrown::Thrown,
};
use crate::{
    call::{Call, Form, Reply},
    codec::{CodecError, EncodeError},
    failure::Failure,
    storage::CommitError,
    value::Source as _,
};

/// Why there is no reply.
#[derive(Debug)]
pub enum Fault {
    Ended(Ended),
    Thrown(Thrown),
    /// What the function returned cannot be sent.
    Result(String),
    /// The transaction was not committed.
    Commit(CommitError),
}

/// Calls the function. `gone` is closed when nobody waits for the answer any more.
pub async fn run(
    isolate: &Isolate,
    invocation: &Rc<Invocation>,
    call: &Arc<Call>,
    gone: &mut oneshot::Receiver<()>,
) -> Result<Reply, Fault> {
    let started = isolate.burst(|ctx| {
        start(ctx, isolate, call).map_err(|error| Fault::Thrown(isolate.host().thrown(ctx, error)))
    });
    if isolate.was_interrupted() {
        return Err(Fault::Ended(Ended::Slice));
    }
    let started = started?;
    let mut left = false;
    let settled = loop {
        let settling = async {
            match isolate.settle(&started, || call.due()).await {
                // Its abort may be what the function waits for.
                Err(Ended::Stuck) if invocation.has_signal() => {
                    sleep_until(call.due().into()).await;
                    Err(Ended::Deadline)
                }
                settled => settled,
            }
        };
        tokio::select! {
            biased;
            settled = settling => break settled,
            _ = &mut *gone, if !left => {
                left = true;
                abort(isolate, invocation);
            }
        }
    };
    settled.map_err(Fault::Ended)?;
    let reply = isolate.burst(|ctx| finish(ctx, isolate, invocation, call, started));
    // Getters of the result may have run for too long.
    if isolate.was_interrupted() { Err(Fault::Ended(Ended::Slice)) } else { reply }
}

/// Ends the call's transaction: only a call that has a reply writes, and what a function threw is
/// told only if what it had read was true at one moment.
pub async fn end(
    isolate: &Isolate,
    invocation: &Invocation,
    outcome: Result<Reply, Fault>,
) -> Result<Reply, Fault> {
    let Some(scope) = invocation.scope() else { return outcome };
    let ended = async {
        match outcome {
            Ok(reply) => {
                // What is given to ctx.waitUntil may have begun something that belongs to the call.
                if scope.waits() && !invocation.kept.borrow().is_empty() {
                    let waits = || scope.waits();
                    let awaited = isolate.go_on_while(waits, || invocation.deadline()).await;
                    awaited.map_err(Fault::Ended)?;
                }
                scope.commit(reply, invocation.call()).await.map_err(Fault::Commit)
            }
            Err(fault @ Fault::Thrown(_)) => match scope.verify().await {
                Err(CommitError::Failure(_)) | Ok(()) => Err(fault),
                Err(conflict) => Err(Fault::Commit(conflict)),
            },
            Err(fault) => {
                scope.discard();
                Err(fault)
            }
        }
    };
    let timed = timeout_at(invocation.deadline().into(), ended).await;
    timed.unwrap_or(Err(Fault::Ended(Ended::Deadline)))
}

/// Begins what `env.afterCommit` was given: it goes on as what `ctx.waitUntil` is given does.
pub fn committed(isolate: &Isolate, invocation: &Invocation) {
    if !invocation.take_hooks() {
        return;
    }
    isolate.burst(|ctx| {
        let begun = isolate.host().hook(ctx, "committed").and_then(|run| run.call::<_, ()>(()));
        if let Err(error) = begun {
            let thrown = isolate.host().thrown(ctx, error);
            isolate.host().log("env.afterCommit failed", Some(&thrown.detail));
        }
    });
}

/// Aborts the call's signal. Those who listen to it are part of the call.
pub fn abort(isolate: &Isolate, invocation: &Invocation) {
    invocation.abort();
    isolate.burst(|ctx| {
        let aborted = isolate.host().hook(ctx, "abort").and_then(|abort| abort.call::<_, ()>(()));
        if let Err(error) = aborted {
            let thrown = isolate.host().thrown(ctx, error);
            isolate.host().log("A listener of ctx.signal failed", Some(&thrown.detail));
        }
    });
}

/// Goes on with what `ctx.waitUntil` was given, for as long again as a call may take. Tells whether
/// the isolate can serve another call.
pub async fn outlast(isolate: &Isolate, invocation: &Invocation) -> bool {
    let end = Instant::now() + isolate.host().config().limits.deadline;
    isolate.extend(end);
    loop {
        let Some(work) = invocation.kept.borrow_mut().pop() else { break };
        if let Err(ended) = isolate.settle(&work, || end).await {
            if ended != Ended::Stuck {
                isolate.host().log("Work given to ctx.waitUntil did not finish in time", None);
            }
            return false;
        }
    }
    isolate.is_quiet()
}

fn start(
    ctx: &Ctx<'_>,
    isolate: &Isolate,
    call: &Call,
) -> rquickjs::Result<Persistent<Promise<'static>>> {
    let host = isolate.host();
    let classes = Classes::of(host, ctx)?;
    let args = rquickjs::Array::new(ctx.clone())?;
    for (index, value) in call.args.iter().enumerate() {
        args.set(index, classes.make(ctx, value)?)?;
    }
    let arguments = (isolate.routes(ctx)?, call.route.name.as_str(), args);
    let promise: Promise<'_> = host.hook(ctx, "serve")?.call(arguments)?;
    // Its rejection is looked at when the function has ended.
    host.forgive(&promise);
    Ok(Persistent::save(ctx, promise))
}

fn finish(
    ctx: &Ctx<'_>,
    isolate: &Isolate,
    invocation: &Invocation,
    call: &Call,
    started: Persistent<Promise<'static>>,
) -> Result<Reply, Fault> {
    let host = isolate.host();
    let thrown = |error| Fault::Thrown(host.thrown(ctx, error));
    let result = started.restore(ctx).map_err(thrown)?.result::<Value<'_>>();
    let mut result = result.ok_or(Fault::Ended(Ended::Stuck))?.map_err(thrown)?;
    if call.items.is_some() {
        return Ok(Reply { status: 200, headers: Vec::new(), body: None });
    }
    let classes = Classes::of(host, ctx).map_err(thrown)?;
    if result.is_object() && !JsSource::new(result.clone(), &classes).is_plain() {
        let unwrap = host.hook(ctx, "unwrap").map_err(thrown)?;
        result = unwrap.call((result,)).map_err(thrown)?;
    }
    let (status, headers) = invocation.answer.take().unwrap_or((200, Vec::new()));
    if status == 204 || (300..400).contains(&status) {
        return Ok(Reply { status, headers, body: None });
    }
    let source = JsSource::new(result, &classes);
    let codec = &call.route.codec;
    let body = match call.form {
        Form::Binary => codec.encode_response(&source),
        Form::Json => codec.write_response(&source),
    };
    let body = body.map_err(|error| match error {
        EncodeError::Thrown(error) => thrown(error),
        EncodeError::Codec(error) => Fault::Result(mismatch(&error)),
    })?;
    let largest = host.config().limits.body;
    if body.len() > largest {
        return Err(Fault::Result(too_large(largest)));
    }
    Ok(Reply { status, headers, body: Some(body) })
}

/// A result that is not what its function declares.
pub fn mismatch(error: &CodecError) -> String {
    format!("the result does not match its declared type: {}", error.message)
}

pub fn too_large(largest: usize) -> String {
    format!("The result is larger than {largest} bytes")
}

impl Fault {
    /// Whether the isolate has become useless: interrupted, or out of memory.
    pub fn is_fatal(&self) -> bool {
        match self {
            Fault::Ended(_) => true,
            Fault::Thrown(thrown) => thrown.detail.starts_with("InternalError"),
            Fault::Result(_) | Fault::Commit(_) => false,
        }
    }

    /// What the caller is told; the rest goes to the log.
    pub fn failure(self, isolate: &Isolate, invocation: &Invocation) -> Failure {
        let host = isolate.host();
        let (failure, detail) = match self {
            Fault::Ended(Ended::Deadline) => return Failure::timeout(),
            Fault::Commit(CommitError::Failure(failure)) => return failure,
            Fault::Commit(CommitError::Conflict { taken, .. }) => {
                return taken.unwrap_or_else(Failure::conflict);
            }
            Fault::Ended(Ended::Slice) => {
                let limit = host.config().limits.cpu.as_millis();
                (
                    Failure::timeout(),
                    format!("JavaScript ran for more than {limit} ms without giving way"),
                )
            }
            Fault::Ended(Ended::Stuck) => {
                (Failure::timeout(), "The function waits for something that never comes".to_owned())
            }
            Fault::Result(detail) => (Failure::internal(), detail),
            Fault::Thrown(Thrown { failure, detail }) => {
                (failure.unwrap_or_else(Failure::internal), host.map_stack(&detail))
            }
        };
        // Other failures were made for the caller, or are logged where they are answered.
        // A caller who has gone may be why the function failed.
        let matters = failure.code == Failure::INTERNAL || failure.status == 504;
        if matters && !invocation.is_aborted() {
            host.log("The call failed", Some(&detail));
        }
        let stack = host.config().development.then_some(detail);
        Failure { stack, ..failure }
    }
}
