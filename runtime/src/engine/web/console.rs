//! `console`: lines of the log.

use std::rc::Rc;

use crate::engine::ops::Ops;

pub fn add(ops: &Ops<'_>) -> rquickjs::Result<()> {
    let host = Rc::clone(ops.host());
    ops.add("call", move || host.invocation().map(|call| call.call_id().to_owned()))?;

    let host = Rc::clone(ops.host());
    ops.add("log", move |level: String, mut text: String| {
        let call = host.invocation();
        let call_id = call.as_ref().map(|call| call.call_id());
        shorten(&mut text);
        match level.as_str() {
            "error" => tracing::error!(target: TARGET, call_id, "{text}"),
            "warn" => tracing::warn!(target: TARGET, call_id, "{text}"),
            "debug" => tracing::debug!(target: TARGET, call_id, "{text}"),
            _ => tracing::info!(target: TARGET, call_id, "{text}"),
        }
    })
}

fn shorten(text: &mut String) {
    if text.len() <= LONGEST {
        return;
    }
    let end = text.floor_char_boundary(LONGEST);
    let left = text.len() - end;
    text.truncate(end);
    text.push_str("… ");
    text.push_str(&left.to_string());
    text.push_str(" more bytes");
}

const TARGET: &str = "kontract::console";
/// Bytes of a line.
const LONGEST: usize = 64 << 10;
