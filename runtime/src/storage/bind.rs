//! `env.storage` and `env.shared` in an isolate: the operations that `runtime/js/storage.js` calls.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use rquickjs::{Ctx, IntoJs, Promise, Value as Js, function::Opt};

use super::{
    Answer, CallStorage, Row, Scope,
    bind_shared::Kept,
    buffer::Id,
    query::{Placed, Query},
    storable::{Refused, copy, invalid},
    tables::Table,
};
use crate::{
    codec::{EncodeError, RowText},
    engine::{
        bytecode,
        convert::{Classes, JsSource},
        invocation::Invocation,
        ops::{Give, Host, OpError, Ops},
    },
    failure::Failure,
    value::Value,
};

/// Gives an isolate `env.storage` and `env.shared`.
pub fn install(ops: &Ops<'_>) -> rquickjs::Result<()> {
    calls(ops)?;
    rows(ops)?;
    queries(ops)?;
    super::bind_transaction::install(ops)?;
    super::bind_shared::install(ops)?;
    let source = include_str!("../../js/storage.js");
    bytecode::evaluate(ops.ctx(), "kontract:storage", source).map(drop)
}

/// The call that an operation belongs to.
pub(super) struct Current {
    pub invocation: Rc<Invocation>,
    pub scope: Rc<Scope>,
    /// What the next operation belongs to.
    pub storage: Rc<CallStorage>,
}

/// The queries of a call, by number.
#[derive(Default)]
struct Queries(Vec<Rc<RefCell<Opened>>>);

struct Opened {
    /// None while a page is read.
    query: Option<Query>,
    page: Vec<Placed>,
}

/// What an operation fails with, before it is a promise.
pub(super) enum Stop {
    Op(OpError),
    Thrown(rquickjs::Error),
}

pub(super) type Begun<T> = Result<T, Stop>;

impl Current {
    /// The call that is being served.
    pub fn of(host: &Host) -> Begun<Self> {
        let outside = || Stop::Op(OpError::Error(OUTSIDE.to_owned()));
        let invocation = host.invocation().ok_or_else(outside)?;
        let scope = Rc::clone(invocation.scope().ok_or_else(outside)?);
        let storage = scope.current();
        Ok(Self { invocation, scope, storage })
    }

    /// The same, for an operation of something that call `number` took.
    pub fn check(host: &Host, number: u32) -> Begun<Self> {
        let current = Self::of(host)?;
        if current.scope.number != number {
            return Err(Stop::Op(OpError::Error(FOREIGN.to_owned())));
        }
        Ok(current)
    }
}

fn calls<'js>(ops: &Ops<'js>) -> rquickjs::Result<()> {
    let host = Rc::clone(ops.host());
    ops.add("storageCall", move |ctx: Ctx<'js>| {
        let current = Current::of(&host).map_err(|stop| stop.throw(&host, &ctx))?;
        Ok::<_, rquickjs::Error>(current.scope.number)
    })?;
    let host = Rc::clone(ops.host());
    ops.add("storageCheck", move |ctx: Ctx<'js>, call: u32| {
        Current::check(&host, call).map(drop).map_err(|stop| stop.throw(&host, &ctx))
    })?;
    let host = Rc::clone(ops.host());
    ops.add("tableNames", move || -> Vec<String> {
        let tables = host.config().store.iter().flat_map(|store| store.tables.iter());
        tables.map(|table| table.name.to_string()).collect()
    })?;
    let host = Rc::clone(ops.host());
    ops.add("tableOf", move |ctx: Ctx<'js>, name: Js<'js>| {
        let name = name.as_string().and_then(|name| name.to_string().ok()).unwrap_or_default();
        let index = Current::of(&host)
            .and_then(|current| Ok(current.storage.tables.index(&name)?))
            .map_err(|stop| stop.throw(&host, &ctx))?;
        Ok::<_, rquickjs::Error>(index)
    })
}

/// An operation on a table that is being begun.
struct Scene<'a, 'js> {
    ctx: &'a Ctx<'js>,
    host: &'a Rc<Host>,
    storage: &'a Rc<CallStorage>,
    index: usize,
    table: &'a Arc<Table>,
}

fn rows<'js>(ops: &Ops<'js>) -> rquickjs::Result<()> {
    add(ops, "rowGet", |scene, id, _| {
        let shown = scene.shown();
        Ok(scene.storage.get(scene.index, scene.id(&id)?).map(shown))
    })?;
    add(ops, "rowGetMany", |scene, ids, _| {
        let Some(ids) = ids.as_array() else {
            return Err(invalid(&scene.table.name, "expected an array of ids").into());
        };
        let (mut wanted, mut size) = (Vec::<Id>::new(), 0);
        for id in ids.iter::<Js<'js>>() {
            let id = scene.id(&id?)?;
            size += id.len();
            if size > MOST_WANTED {
                return Err(invalid(&scene.table.name, "expected fewer ids").into());
            }
            wanted.push(id);
        }
        let gets: Vec<_> =
            wanted.into_iter().map(|id| scene.storage.get(scene.index, id)).collect();
        let shown = scene.shown();
        Ok(Answer::all(gets).map(|rows| rows.into_iter().map(shown).collect::<Vec<_>>()))
    })?;
    add(ops, "rowSet", |scene, id, value| {
        let id = scene.id(&id)?;
        let data = scene.data(&id, &value, false)?;
        Ok(scene.storage.set(scene.index, id, data))
    })?;
    add(ops, "rowUpdate", |scene, id, value| {
        let id = scene.id(&id)?;
        let patch = scene.data(&id, &value, true)?;
        Ok(scene.storage.update(scene.index, id, patch))
    })?;
    add(ops, "rowDelete", |scene, id, _| Ok(scene.storage.delete(scene.index, scene.id(&id)?)))?;
    add(ops, "rowPush", |scene, value, _| {
        let RowText { key, data } = scene.row(&value, false)?;
        let id = key.map(|key| check_id(scene.table, key)).transpose()?;
        let pushed = scene.storage.push(scene.index, id, data.into());
        Ok(pushed.map(|id| id.to_string()))
    })?;
    add(ops, "rowPop", |scene, _, _| {
        let shown = scene.shown();
        Ok(Answer::later(Rc::clone(scene.storage).pop(scene.index)).map(shown))
    })?;
    add(ops, "rowShift", |scene, _, _| {
        let shown = scene.shown();
        Ok(Answer::later(Rc::clone(scene.storage).shift(scene.index)).map(shown))
    })?;
    add(ops, "rowExec", |scene, statement, parameters| {
        let id = statement.as_string().and_then(|id| id.to_string().ok()).unwrap_or_default();
        let Some(statement) = scene.table.statements.get(&*id) else {
            return Err(Stop::Op(OpError::Error(UNKNOWN.to_owned())));
        };
        let parameters = scene.value(&parameters, "params")?;
        let host = Rc::clone(scene.host);
        let run = Rc::clone(scene.storage).exec(scene.index, Arc::clone(statement), parameters);
        Ok(Answer::later(run).map(move |rows| Kept(Rc::clone(&host), Some(rows))))
    })?;
    add(ops, "rowCount", |scene, filter, _| {
        let filter = scene.value(&filter, "filter")?;
        Ok(Answer::later(Rc::clone(scene.storage).count(scene.index, filter)))
    })
}

fn queries<'js>(ops: &Ops<'js>) -> rquickjs::Result<()> {
    let host = Rc::clone(ops.host());
    ops.add(
        "queryOpen",
        move |ctx: Ctx<'js>, call: u32, index: usize, filter: Js<'js>, options: Js<'js>| {
            open(&host, &ctx, call, index, &filter, &options)
                .map_err(|stop| stop.throw(&host, &ctx))
        },
    )?;
    let host = Rc::clone(ops.host());
    ops.add("queryPage", move |ctx: Ctx<'js>, call: u32, query: usize| {
        let begun = Current::check(&host, call).and_then(|current| {
            let opened = current.query(query)?;
            let taken = opened.borrow_mut().query.take();
            let mut query = taken.ok_or_else(Failure::internal)?;
            let host = Rc::clone(&host);
            Ok(Answer::later(async move {
                let page = query.page().await;
                let table = Arc::clone(query.table());
                let mut opened = opened.borrow_mut();
                opened.query = Some(query);
                opened.page = page?;
                let rows = opened.page.iter().map(|placed| placed.row.clone()).map(Some);
                let shown = |row| Shown { host: Rc::clone(&host), table: Arc::clone(&table), row };
                Ok(rows.map(shown).collect::<Vec<_>>())
            }))
        });
        promise(&host, &ctx, begun)
    })?;
    let host = Rc::clone(ops.host());
    ops.add("queryCursor", move |ctx: Ctx<'js>, call: u32, query: usize, row: usize| {
        let cursor = Current::check(&host, call).and_then(|current| {
            let opened = current.query(query)?;
            let opened = opened.borrow();
            let place = opened.page.get(row).map(|placed| &placed.place);
            Ok(opened
                .query
                .as_ref()
                .zip(place)
                .map(|(query, place)| query.order().encode_cursor(place)))
        });
        cursor.map_err(|stop| stop.throw(&host, &ctx))
    })
}

/// Begins a query and gives its number.
fn open<'js>(
    host: &Rc<Host>,
    ctx: &Ctx<'js>,
    call: u32,
    index: usize,
    filter: &Js<'js>,
    options: &Js<'js>,
) -> Begun<usize> {
    let current = Current::check(host, call)?;
    let filter = value(host, ctx, filter, "filter")?;
    let options = value(host, ctx, options, "options")?;
    let query = Query::new(&current.storage, index, &filter, &options)?;
    let queries = current.invocation.slot::<Queries>();
    let Queries(opened) = &mut *queries.borrow_mut();
    opened.push(Rc::new(RefCell::new(Opened { query: Some(query), page: Vec::new() })));
    Ok(opened.len() - 1)
}

/// Adds an operation on a table: JavaScript calls it with the call's number, the table's and up to
/// two values, and gets a promise.
fn add<'js, T: Give>(
    ops: &Ops<'js>,
    name: &str,
    operation: impl Fn(Scene<'_, 'js>, Js<'js>, Js<'js>) -> Begun<Answer<T>> + 'js,
) -> rquickjs::Result<()> {
    let host = Rc::clone(ops.host());
    let changes = CHANGES.contains(&name);
    ops.add(
        name,
        move |ctx: Ctx<'js>, call: u32, index: usize, first: Opt<Js<'js>>, second: Opt<Js<'js>>| {
            let undefined = || Js::new_undefined(ctx.clone());
            let (first, second) =
                (first.0.unwrap_or_else(undefined), second.0.unwrap_or_else(undefined));
            let begun = Current::check(&host, call).and_then(|current| {
                let Current { invocation, scope, storage } = current;
                if changes && scope.applies_at_once() {
                    invocation.effect();
                }
                let table = storage.tables.get(index);
                let table = table.ok_or_else(|| Failure::not_found("Table not found"))?;
                let scene = Scene { ctx: &ctx, host: &host, storage: &storage, index, table };
                operation(scene, first, second)
            });
            promise(&host, &ctx, begun)
        },
    )
}

/// A promise of what an operation comes to.
pub(super) fn promise<'js, T: Give>(
    host: &Rc<Host>,
    ctx: &Ctx<'js>,
    begun: Begun<Answer<T>>,
) -> rquickjs::Result<Promise<'js>> {
    let done = match begun {
        Ok(Answer::Later(work)) => {
            return host.promise(ctx, async move { work.await.map_err(OpError::Failure) });
        }
        Ok(Answer::Now(done)) => done.map_err(Stop::from),
        Err(stop) => Err(stop),
    };
    let (promise, resolve, reject) = ctx.promise()?;
    match done.map(|done| done.give()(ctx)) {
        Ok(Ok(value)) => resolve.call::<_, ()>((value,))?,
        Ok(Err(error)) => reject.call::<_, ()>((Stop::Thrown(error).value(host, ctx)?,))?,
        Err(stop) => reject.call::<_, ()>((stop.value(host, ctx)?,))?,
    }
    Ok(promise)
}

impl<'js> Scene<'_, 'js> {
    fn id(&self, id: &Js<'js>) -> Begun<Id> {
        match id.as_string().map(rquickjs::String::to_string) {
            Some(Ok(id)) => check_id(self.table, id),
            _ => Err(self.bad_key("expected text").into()),
        }
    }

    /// A row's fields; a key among them must be the row's own.
    fn data(&self, id: &Id, value: &Js<'js>, partial: bool) -> Begun<Rc<str>> {
        let RowText { key, data } = self.row(value, partial)?;
        if key.is_some_and(|key| *key != **id) {
            return Err(self.bad_key("expected the id that the row is stored under").into());
        }
        Ok(data.into())
    }

    fn row(&self, value: &Js<'js>, partial: bool) -> Begun<RowText> {
        let classes = Classes::of(self.host, self.ctx)?;
        let source = JsSource::new(value.clone(), &classes);
        self.table.codec.write(&source, partial).map_err(|error| match error {
            EncodeError::Codec(fault) => Stop::from(Failure::from(fault)),
            EncodeError::Thrown(thrown) => Stop::Thrown(thrown),
        })
    }

    fn value(&self, given: &Js<'js>, path: &str) -> Begun<Value> {
        value(self.host, self.ctx, given, path)
    }

    fn shown(&self) -> impl Fn(Option<Row>) -> Shown + 'static {
        let (host, table) = (Rc::clone(self.host), Arc::clone(self.table));
        move |row| Shown { host: Rc::clone(&host), table: Arc::clone(&table), row }
    }

    fn bad_key(&self, fault: &str) -> Failure {
        invalid(&key_path(self.table), fault)
    }
}

impl Current {
    fn query(&self, number: usize) -> Begun<Rc<RefCell<Opened>>> {
        let queries = self.invocation.slot::<Queries>();
        let opened = queries.borrow().0.get(number).map(Rc::clone);
        Ok(opened.ok_or_else(Failure::internal)?)
    }
}

/// A row on its way into an isolate.
struct Shown {
    host: Rc<Host>,
    table: Arc<Table>,
    row: Option<Row>,
}

impl<'js> IntoJs<'js> for Shown {
    fn into_js(self, ctx: &Ctx<'js>) -> rquickjs::Result<Js<'js>> {
        let Some(Row { id, data }) = self.row else { return Ok(Js::new_null(ctx.clone())) };
        let row = self.table.codec.read(&id, data.as_bytes()).map_err(|fault| {
            // It was written by an earlier version, or by somebody else.
            let message =
                format!("A row of {} is not of its type: {}", self.table.name, fault.message);
            self.host.throw(ctx, OpError::Error(message))
        })?;
        Classes::of(&self.host, ctx)?.make(ctx, &row)
    }
}

impl Stop {
    pub fn throw(self, host: &Host, ctx: &Ctx<'_>) -> rquickjs::Error {
        match self {
            Self::Op(error) => host.throw(ctx, error),
            Self::Thrown(error) => error,
        }
    }

    fn value<'js>(self, host: &Host, ctx: &Ctx<'js>) -> rquickjs::Result<Js<'js>> {
        match self.throw(host, ctx) {
            rquickjs::Error::Exception => Ok(ctx.catch()),
            error => Err(error),
        }
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Op(OpError::Failure(failure))
    }
}

impl From<rquickjs::Error> for Stop {
    fn from(error: rquickjs::Error) -> Self {
        Self::Thrown(error)
    }
}

impl From<Refused<rquickjs::Error>> for Stop {
    fn from(refused: Refused<rquickjs::Error>) -> Self {
        match refused {
            Refused::Failure(failure) => failure.into(),
            Refused::Type(message) => Self::Op(OpError::Type(message)),
            Refused::Thrown(error) => Self::Thrown(error),
        }
    }
}

/// A copy of a value of the isolate.
pub(super) fn value<'js>(host: &Host, ctx: &Ctx<'js>, value: &Js<'js>, path: &str) -> Begun<Value> {
    let classes = Classes::of(host, ctx)?;
    Ok(copy(&JsSource::new(value.clone(), &classes), path)?)
}

fn check_id(table: &Table, id: String) -> Begun<Id> {
    if id.contains('\0') {
        return Err(invalid(&key_path(table), "expected text without NUL").into());
    }
    if id.len() > LONGEST_ID {
        let fault = format!("expected at most {LONGEST_ID} bytes");
        return Err(invalid(&key_path(table), &fault).into());
    }
    Ok(id.into())
}

fn key_path(table: &Table) -> String {
    format!("{}.{}", table.name, table.primary_key)
}

/// Operations that cannot be taken back where they apply at once.
const CHANGES: [&str; 6] = ["rowSet", "rowUpdate", "rowDelete", "rowPush", "rowPop", "rowShift"];
/// Bytes of an id: PostgreSQL's indices hold no long ones.
const LONGEST_ID: usize = 1024;
/// Bytes of the ids that are read at once: one text may be many of them.
const MOST_WANTED: usize = 16 << 20;
const UNKNOWN: &str = "exec() runs the SQL that the compiler has seen: call it as \
     `env.storage.<table>.exec('SELECT …', […])`, and build with `kontract`";
const OUTSIDE: &str = "`env` is only available while a backend function is being called. \
     Code that runs when a module is loaded cannot use it.";
const FOREIGN: &str =
    "A table belongs to the call that took it: take it from env.storage in every call";
