//! The operations behind `kontract` and `kontract/runtime`.

use std::{rc::Rc, time::SystemTime};

use rquickjs::{
    Array, BigInt, Ctx, Exception, Object, Persistent, Promise, Value, convert::List, function::Opt,
};

use super::{
    attempt::{mismatch, too_large},
    bytecode,
    convert::{Classes, JsSource},
    invocation::Invocation,
    modules::LIBRARY,
    ops::{Host, Ops},
    web::bytes::latin1,
};
use crate::{call::Call, codec::EncodeError, failure::Failure};

/// Gives isolates the library that compiled modules import.
pub fn install<'js>(ops: &Ops<'js>) -> rquickjs::Result<()> {
    let host = Rc::clone(ops.host());
    ops.add("variables", move || -> Vec<List<(String, Option<String>)>> {
        host.config().variables.clone().into_iter().map(List).collect()
    })?;
    let host = Rc::clone(ops.host());
    ops.add("facts", move |ctx: Ctx<'js>| {
        let invocation = invocation(&host, &ctx)?;
        invocation.call().map(|call| facts(&ctx, call)).transpose()
    })?;
    let host = Rc::clone(ops.host());
    ops.add("headers", move || {
        let invocation = host.invocation();
        let call = invocation.as_ref().and_then(|invocation| invocation.call());
        call.map_or_else(Vec::new, |call| {
            let pairs = call.headers.iter();
            pairs
                .map(|(name, value)| List((name.as_str().to_owned(), latin1(value.as_bytes()))))
                .collect()
        })
    })?;
    let host = Rc::clone(ops.host());
    ops.add("currentTxid", move |ctx: Ctx<'js>| {
        let invocation = host.invocation();
        let scope = invocation.as_ref().and_then(|invocation| invocation.scope());
        BigInt::from_i64(ctx, scope.map_or(0, |scope| scope.current_txid()))
    })?;
    let host = Rc::clone(ops.host());
    ops.add("takeSignal", move || {
        host.invocation().is_none_or(|invocation| invocation.take_signal())
    })?;
    let host = Rc::clone(ops.host());
    ops.add("giveUp", move || host.give_up())?;
    let host = Rc::clone(ops.host());
    ops.add("respond", move |ctx: Ctx<'js>, status: u16, given: Array<'js>| {
        let (mut headers, mut size) = (Vec::new(), 0);
        for header in given.iter::<List<(String, String)>>() {
            let List((name, value)) = header?;
            size += name.len() + value.len();
            if size > MOST_HEADERS {
                let message = format!("HttpResp: headers of more than {MOST_HEADERS} bytes");
                return Err(Exception::throw_range(&ctx, &message));
            }
            headers.push((name, value));
        }
        *invocation(&host, &ctx)?.answer.borrow_mut() = Some((status, headers));
        Ok(())
    })?;
    let host = Rc::clone(ops.host());
    ops.add("keep", move |ctx: Ctx<'js>, work: Promise<'js>| {
        let work = Persistent::save(&ctx, work);
        invocation(&host, &ctx)?.kept.borrow_mut().push(work);
        Ok::<_, rquickjs::Error>(())
    })?;
    let host = Rc::clone(ops.host());
    ops.add("deliver", move |ctx: Ctx<'js>, item: Value<'js>| deliver(&host, &ctx, item))?;
    let host = Rc::clone(ops.host());
    ops.add("log", move |message: String, thrown: Opt<String>| {
        host.log(&message, thrown.0.as_deref());
    })?;
    let host = Rc::clone(ops.host());
    ops.add("setGroups", move |ctx: Ctx<'js>, user: String, groups: Vec<String>| {
        let invocation = invocation(&host, &ctx)?;
        let Some(accounts) = host.config().accounts.clone() else {
            let message = "This server keeps no accounts: its sessions come from elsewhere";
            return Err(
                host.throw(&ctx, Failure { message: message.into(), ..Failure::forbidden() })
            );
        };
        let asker = invocation.call().map(|call| call.session.key.clone());
        invocation.effect();
        host.promise(&ctx, async move {
            Ok(accounts.set_groups(asker.as_ref(), &user, groups, invocation.call_id()).await?)
        })
    })?;
    bytecode::evaluate(ops.ctx(), LIBRARY, include_str!("../../js/kontract.js")).map(drop)
}

/// Sends an item of the call's stream: a promise that is kept when its reader has room for it.
fn deliver<'js>(
    host: &Rc<Host>,
    ctx: &Ctx<'js>,
    item: Value<'js>,
) -> rquickjs::Result<Promise<'js>> {
    let invocation = invocation(host, ctx)?;
    let call = invocation.call();
    let Some((call, items)) = call.and_then(|call| call.items.clone().map(|items| (call, items)))
    else {
        return Err(Exception::throw_message(ctx, "The call has no stream"));
    };
    let classes = Classes::of(host, ctx)?;
    let item = call.route.codec.encode_response(&JsSource::new(item, &classes));
    let item = item.map_err(|error| match error {
        EncodeError::Thrown(error) => error,
        EncodeError::Codec(error) => Exception::throw_type(ctx, &mismatch(&error)),
    })?;
    let largest = host.config().limits.body;
    if item.len() > largest {
        return Err(Exception::throw_range(ctx, &too_large(largest)));
    }
    invocation.effect();
    items.begin();
    host.slice().extend(items.due());
    let slice = Rc::clone(host.slice());
    host.promise(ctx, async move {
        let sent = items.send(item.into()).await;
        slice.extend(items.due());
        Ok(sent?)
    })
}

fn facts<'js>(ctx: &Ctx<'js>, call: &Call) -> rquickjs::Result<Object<'js>> {
    let facts = Object::new(ctx.clone())?;
    let session = &*call.session;
    facts.set("route", call.route.name.as_str())?;
    facts.set("path", call.path.as_str())?;
    facts.set("method", call.method)?;
    facts.set("callId", call.call_id.as_str())?;
    facts.set("sid", session.id.as_str())?;
    facts.set("owner", session.owner.as_str())?;
    facts.set("tenant", session.tenant.as_str())?;
    facts.set("perm", session.perm)?;
    facts.set("ugroups", session.ugroups.clone())?;
    facts.set("isAnonymous", session.is_anonymous)?;
    facts.set("expiresAt", milliseconds(session.expires_at))?;
    Ok(facts)
}

#[allow(clippy::cast_precision_loss, reason = "milliseconds of this age are exact")]
fn milliseconds(time: SystemTime) -> f64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    since.as_millis() as f64
}

fn invocation(host: &Host, ctx: &Ctx<'_>) -> rquickjs::Result<Rc<Invocation>> {
    host.invocation().ok_or_else(|| Exception::throw_message(ctx, "There is no call"))
}

/// Bytes: clients and proxies take no more, and one text may stand in many headers.
const MOST_HEADERS: usize = 64 << 10;
