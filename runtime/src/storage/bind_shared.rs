//! `env.shared` in an isolate.

use std::{cell::Cell, rc::Rc, sync::Arc};

use rquickjs::{Ctx, IntoJs, Promise, Value as Js, function::Opt};

use super::{
    Answer,
    bind::{Begun, Current, Stop, promise, value},
    shared::{CallKey, Change, Outcome},
    storable::invalid,
};
use crate::{
    engine::{
        convert::Classes,
        ops::{Give, Host, OpError, Ops},
    },
    value::Value,
};

/// How many changes an attempt to serve a call has made.
#[derive(Default)]
struct Changes(Cell<usize>);

/// A value on its way into an isolate.
pub(super) struct Kept(pub Rc<Host>, pub Option<Value>);

pub(super) fn install(ops: &Ops<'_>) -> rquickjs::Result<()> {
    add(ops, "sharedGet", |host, _, [key, ..]| {
        let current = Current::of(host)?;
        let found = current.storage.shared.get(&current.storage.session.tenant, &read_key(&key)?);
        Ok(Kept(Rc::clone(host), found))
    })?;
    add(ops, "sharedSet", |host, ctx, [key, given, options]| {
        let value = value(host, ctx, &given, "value")?;
        let change = Change::Set { key: read_key(&key)?, value, ttl: read_ttl(&options)? };
        match apply(host, change)? {
            Outcome::TooLarge => Err(invalid("value", "expected at most 1 MB").into()),
            _ => Ok(()),
        }
    })?;
    add(ops, "sharedDelete", |host, _, [key, ..]| {
        let deleted = apply(host, Change::Delete { key: read_key(&key)? })?;
        Ok(deleted == Outcome::Deleted(true))
    })?;
    add(ops, "sharedIncrement", |host, _, [key, by, options]| {
        let by = if by.is_undefined() { Some(1.0) } else { by.as_number() };
        let Some(by) = by.filter(|by| by.is_finite()) else {
            return Err(type_error("env.shared.increment: expected a finite number"));
        };
        let change = Change::Increment { key: read_key(&key)?, by, ttl: read_ttl(&options)? };
        match apply(host, change)? {
            Outcome::Sum(sum) => Ok(sum),
            _ => Err(type_error("env.shared.increment: the key does not hold a number")),
        }
    })
}

fn add<'js, T: Give>(
    ops: &Ops<'js>,
    name: &str,
    operation: impl Fn(&Rc<Host>, &Ctx<'js>, [Js<'js>; 3]) -> Begun<T> + 'js,
) -> rquickjs::Result<()> {
    let host = Rc::clone(ops.host());
    ops.add(
        name,
        move |ctx: Ctx<'js>,
              first: Opt<Js<'js>>,
              second: Opt<Js<'js>>,
              third: Opt<Js<'js>>|
              -> rquickjs::Result<Promise<'js>> {
            let given = [first, second, third]
                .map(|value| value.0.unwrap_or_else(|| Js::new_undefined(ctx.clone())));
            let done = operation(&host, &ctx, given).map(|done| Answer::Now(Ok(done)));
            promise(&host, &ctx, done)
        },
    )
}

fn apply(host: &Host, change: Change) -> Begun<Outcome> {
    let Current { invocation, storage } = Current::of(host)?;
    let changes = invocation.slot::<Changes>();
    let nth = changes.borrow().0.replace(changes.borrow().0.get() + 1);
    let call = CallKey { session: storage.session.key.clone(), claim: Arc::clone(&storage.claim) };
    Ok(storage.shared.apply(&storage.session.tenant, &call, nth, change))
}

fn read_key(key: &Js<'_>) -> Begun<Arc<str>> {
    let text = key.as_string().and_then(|key| key.to_string().ok());
    let text = text.filter(|text| text.encode_utf16().count() <= MAX_KEY);
    let fault = || invalid("key", &format!("expected text of at most {MAX_KEY} characters"));
    Ok(text.ok_or_else(fault)?.into())
}

fn read_ttl(options: &Js<'_>) -> Begun<f64> {
    let ttl: Option<Js<'_>> = options.as_object().map(|options| options.get("ttl")).transpose()?;
    match ttl.filter(|ttl| !ttl.is_undefined()) {
        None => Ok(DEFAULT_TTL),
        Some(ttl) => match ttl.as_number().filter(|ttl| *ttl > 0.0) {
            Some(ttl) => Ok(ttl),
            None => Err(type_error("env.shared: ttl is a number of seconds above 0")),
        },
    }
}

fn type_error(message: &str) -> Stop {
    Stop::Op(OpError::Type(message.to_owned()))
}

impl<'js> IntoJs<'js> for Kept {
    fn into_js(self, ctx: &Ctx<'js>) -> rquickjs::Result<Js<'js>> {
        let Self(host, value) = self;
        Classes::of(&host, ctx)?.make(ctx, &value.unwrap_or(Value::Null))
    }
}

const DEFAULT_TTL: f64 = 3600.0;
const MAX_KEY: usize = 1024;
