//! The operations behind `kontract` and `kontract/runtime`.

use std::{rc::Rc, time::SystemTime};

use rquickjs::{
    Array, BigInt, Ctx, Exception, Object, Persistent, Promise, convert::List, function::Opt,
};

use super::{
    bytecode,
    invocation::Invocation,
    modules::LIBRARY,
    ops::{Host, Ops},
    web::bytes::latin1,
};
use crate::{call::Call, failure::Failure};

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
        invocation.effect();
        host.promise(&ctx, async move {
            Ok(accounts.set_groups(&user, groups, invocation.call_id()).await?)
        })
    })?;
    bytecode::evaluate(ops.ctx(), LIBRARY, include_str!("../../js/kontract.js")).map(drop)
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
