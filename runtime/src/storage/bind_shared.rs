//! `env.shared` in an isolate.

use std::{cell::Cell, rc::Rc, sync::Arc};

use futures_util::{FutureExt as _, future::LocalBoxFuture};
use rquickjs::{Ctx, IntoJs, Promise, Value as Js, function::Opt};

use super::{
    bind::{Begun, Current, Stop, promise, value},
    shared::{Change, Outcome, size_of_value},
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
pub(super) struct Changes {
    count: Cell<i32>,
    /// How many there were when a transaction was opened.
    mark: Cell<i32>,
}

impl Changes {
    pub fn mark(&self) {
        self.mark.set(self.count.get());
    }

    /// The transaction's function runs again.
    pub fn back(&self) {
        self.count.set(self.mark.get());
    }

    fn next(&self) -> i32 {
        self.count.replace(self.count.get() + 1)
    }
}

/// What an operation comes to.
type Work<T> = LocalBoxFuture<'static, Result<T, OpError>>;

/// A value on its way into an isolate.
pub(super) struct Kept(pub Rc<Host>, pub Option<Value>);

pub(super) fn install(ops: &Ops<'_>) -> rquickjs::Result<()> {
    add(ops, "sharedGet", |host, _, [key, ..]| {
        let Current { storage, .. } = Current::of(host)?;
        let (key, host) = (read_key(&key)?, Rc::clone(host));
        Ok(async move { Ok(Kept(host, storage.shared_get(key).await?)) }.boxed_local())
    })?;
    add(ops, "sharedSet", |host, ctx, [key, given, options]| {
        let value = value(host, ctx, &given, "value")?;
        if size_of_value(&value) > MOST_HELD {
            return Err(invalid("value", "expected at most 1 MB").into());
        }
        let change = Change::Set { key: read_key(&key)?, value, ttl: read_ttl(&options)? };
        apply(host, change, |_| Ok(()))
    })?;
    add(ops, "sharedDelete", |host, _, [key, ..]| {
        let change = Change::Delete { key: read_key(&key)? };
        apply(host, change, |outcome| Ok(outcome == Outcome::Deleted(true)))
    })?;
    add(ops, "sharedIncrement", |host, _, [key, by, options]| {
        let by = if by.is_undefined() { Some(1.0) } else { by.as_number() };
        let Some(by) = by.filter(|by| by.is_finite()) else {
            return Err(type_error("env.shared.increment: expected a finite number"));
        };
        let change = Change::Increment { key: read_key(&key)?, by, ttl: read_ttl(&options)? };
        apply(host, change, |outcome| match outcome {
            Outcome::Sum(sum) => Ok(sum),
            _ => Err(OpError::Type(NOT_A_NUMBER.to_owned())),
        })
    })
}

fn add<'js, T: Give>(
    ops: &Ops<'js>,
    name: &str,
    operation: impl Fn(&Rc<Host>, &Ctx<'js>, [Js<'js>; 3]) -> Begun<Work<T>> + 'js,
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
            match operation(&host, &ctx, given) {
                Ok(work) => host.promise(&ctx, work),
                Err(stop) => promise::<()>(&host, &ctx, Err(stop)),
            }
        },
    )
}

/// Makes the next change of the call.
fn apply<T>(
    host: &Host,
    change: Change,
    read: impl FnOnce(Outcome) -> Result<T, OpError> + 'static,
) -> Begun<Work<T>> {
    let Current { invocation, scope, .. } = Current::of(host)?;
    let nth = invocation.slot::<Changes>().borrow().next();
    Ok(async move { read(scope.call().shared_change(nth, change).await?) }.boxed_local())
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
const MOST_HELD: usize = 1 << 20;
const NOT_A_NUMBER: &str = "env.shared.increment: the key does not hold a number";
