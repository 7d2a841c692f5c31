//! What timers and the timeouts of signals wait for.

use std::{rc::Rc, time::Duration};

use rquickjs::{Ctx, convert::List};

use crate::engine::ops::{Hold, OpId, Ops};

pub fn add<'js>(ops: &Ops<'js>) -> rquickjs::Result<()> {
    let host = Rc::clone(ops.host());
    ops.add("sleep", move |ctx: Ctx<'js>, milliseconds: f64, holds: bool| {
        let hold = if holds { Hold::Call } else { Hold::No };
        let time = Duration::try_from_secs_f64(milliseconds / 1000.0).unwrap_or(Duration::MAX);
        let (id, promise) = host.start(&ctx, hold, async move {
            tokio::time::sleep(time).await;
            Ok(())
        })?;
        Ok::<_, rquickjs::Error>(List((id.0, promise)))
    })?;
    add_cancel(ops)
}

/// `cancel(id)`: drops an operation; its promise stays pending.
pub fn add_cancel(ops: &Ops<'_>) -> rquickjs::Result<()> {
    let host = Rc::clone(ops.host());
    ops.add("cancel", move |id: u32| host.cancel(OpId(id)))
}
