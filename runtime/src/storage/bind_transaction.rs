//! `env.storage.transaction` and `env.afterCommit` in an isolate.

use std::rc::Rc;

use rquickjs::Ctx;

use super::{
    Answer,
    bind::{Current, Stop, promise},
    bind_shared::Changes,
    scope::Ended,
};
use crate::{
    engine::ops::{OpError, Ops},
    failure::Failure,
};

pub(super) fn install<'js>(ops: &Ops<'js>) -> rquickjs::Result<()> {
    let host = Rc::clone(ops.host());
    ops.add("transactionBegin", move |ctx: Ctx<'js>, call: u32| {
        let begun = Current::check(&host, call).map(|Current { invocation, scope, .. }| {
            invocation.mark_effects();
            invocation.slot::<Changes>().borrow().mark();
            Answer::later(async move { scope.begin().await })
        });
        promise(&host, &ctx, begun)
    })?;
    let host = Rc::clone(ops.host());
    ops.add("transactionEnd", move |ctx: Ctx<'js>, call: u32, failed: bool| {
        let begun = Current::check(&host, call).map(|Current { invocation, scope, .. }| {
            Answer::later(async move {
                let had_effect = invocation.had_effect_since_mark() && !invocation.may_retry();
                let ended = scope.end(failed, had_effect, invocation.deadline()).await?;
                match ended {
                    Ended::Done { wrote: true } => invocation.effect(),
                    Ended::Done { wrote: false } => {}
                    Ended::Again => invocation.slot::<Changes>().borrow().back(),
                }
                Ok::<_, Failure>(ended != Ended::Again)
            })
        });
        promise(&host, &ctx, begun)
    })?;
    let host = Rc::clone(ops.host());
    ops.add("afterCommitNoted", move |ctx: Ctx<'js>, call: u32| {
        let noted = Current::check(&host, call).and_then(|Current { invocation, .. }| {
            if invocation.note_hooks() {
                Ok(())
            } else {
                Err(Stop::Op(OpError::Error(OVER.to_owned())))
            }
        });
        noted.map_err(|stop| stop.throw(&host, &ctx))
    })
}

const OVER: &str = "The call has ended: env.afterCommit belongs before its end";
