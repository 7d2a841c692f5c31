//! The storage of one call: a transaction that holds no connection. Reads run at once and are
//! remembered, writes wait in a buffer; the commit compares and applies them in one statement.
//!
//! An operation does what it can when it is called, and the rest when its future is polled: so
//! operations see the effects of those called before, and `get`s that are called together travel
//! together.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    future::Future,
    rc::Rc,
    sync::Arc,
};

use futures_util::{
    FutureExt as _,
    future::{LocalBoxFuture, try_join_all},
};
use rustc_hash::FxHashMap;
use tokio::sync::Mutex as AsyncMutex;
use uuid::Uuid;

use super::{
    at_once::AtOnce,
    buffer::{Base, Data, Id, Rows, View},
    commit::Predicate,
    database::Database,
    load::Batch,
    log::{Log, Operation},
    shared::Shared,
    store::Store,
    tables::{DELETE, READ, Table, Tables, WRITE},
};
use crate::{failure::Failure, session::Session};

/// One transaction, or operations without any.
pub struct CallStorage {
    pub(super) database: Arc<Database>,
    pub(super) tables: Arc<Tables>,
    pub(super) shared: Arc<Shared>,
    pub(super) session: Arc<Session>,
    pub(super) call_id: Arc<str>,
    pub(super) claim: Arc<str>,
    /// The newest transaction that the call could see; its own once it has committed.
    newest: Rc<Cell<i64>>,
    /// Operations apply at once.
    pub(super) at_once: Option<AtOnce>,
    pub(super) state: RefCell<State>,
}

/// A row as it is shown: its fields are the text of a JSON object without the key.
#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    pub id: Id,
    pub data: Data,
}

#[derive(Default)]
pub(super) struct State {
    /// By the tables' indices.
    pub rows: Vec<Option<Rows>>,
    pub log: Log,
    pub predicates: Vec<Predicate>,
    /// Statements that read.
    pub reads: usize,
    pub over: bool,
    /// What was read at different times does not agree.
    pub stale: bool,
    /// Bytes of rows that are remembered.
    pub held: usize,
    /// Loads that have not been sent yet, by table and permission.
    pub batches: FxHashMap<(usize, u8), Batch>,
    /// Operations on rows that wait: those called later wait behind them.
    turns: HashMap<(usize, Id), Turn>,
}

pub(super) type Turn = Rc<AsyncMutex<()>>;

/// What an operation comes to.
pub enum Answer<T> {
    Now(Result<T, Failure>),
    /// Nothing happens before it is polled.
    Later(LocalBoxFuture<'static, Result<T, Failure>>),
}

impl<T: 'static> Answer<T> {
    pub(super) fn later(work: impl Future<Output = Result<T, Failure>> + 'static) -> Self {
        Self::Later(work.boxed_local())
    }

    pub(super) fn map<R: 'static>(self, map: impl FnOnce(T) -> R + 'static) -> Answer<R> {
        match self {
            Self::Now(done) => Answer::Now(done.map(map)),
            Self::Later(work) => Answer::later(async move { work.await.map(map) }),
        }
    }

    /// What several operations come to that were begun together.
    pub(super) fn all(answers: Vec<Self>) -> Answer<Vec<T>> {
        Answer::later(try_join_all(answers.into_iter().map(Self::into_future)))
    }
}

impl<T: 'static> IntoFuture for Answer<T> {
    type Output = Result<T, Failure>;
    type IntoFuture = LocalBoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        match self {
            Self::Now(result) => std::future::ready(result).boxed_local(),
            Self::Later(work) => work,
        }
    }
}

/// What an operation must know before it can act.
#[derive(Clone, Copy)]
enum Need {
    Nothing,
    /// The row, be it the call's own.
    View(u8),
    /// The row as PostgreSQL has it.
    Base(u8),
}

impl State {
    pub fn forget_writes(&mut self) {
        self.log = Log::default();
        self.turns.clear();
    }

    /// Whether operations still wait.
    pub fn waits(&self) -> bool {
        !self.turns.is_empty()
    }
}

impl CallStorage {
    pub(super) fn new(
        store: &Store,
        session: Arc<Session>,
        call_id: &str,
        claim: &str,
    ) -> Rc<Self> {
        Rc::new(Self {
            database: Arc::clone(&store.database),
            tables: Arc::clone(&store.tables),
            shared: Arc::clone(&store.shared),
            session,
            call_id: call_id.into(),
            claim: claim.into(),
            newest: Rc::default(),
            at_once: None,
            state: RefCell::default(),
        })
    }

    /// Another transaction of the same call.
    pub(super) fn sibling(&self, claim: &Arc<str>) -> Rc<Self> {
        self.like(Arc::clone(claim), None)
    }

    pub(super) fn like(&self, claim: Arc<str>, at_once: Option<AtOnce>) -> Rc<Self> {
        Rc::new(Self {
            database: Arc::clone(&self.database),
            tables: Arc::clone(&self.tables),
            shared: Arc::clone(&self.shared),
            session: Arc::clone(&self.session),
            call_id: Arc::clone(&self.call_id),
            claim,
            newest: Rc::clone(&self.newest),
            at_once,
            state: RefCell::default(),
        })
    }

    /// `ctx.currentTxid`.
    pub fn current_txid(&self) -> i64 {
        self.newest.get()
    }

    pub(super) fn saw(&self, txid: i64) {
        self.newest.set(self.newest.get().max(txid));
    }

    /// Whether operations still wait.
    pub fn waits(&self) -> bool {
        self.state.borrow().waits()
    }

    pub fn get(self: &Rc<Self>, table: usize, id: Id) -> Answer<Option<Row>> {
        if let Some(reader) = self.reader() {
            return reader.get(table, id);
        }
        if let Err(failure) = self.enter(table, READ) {
            return Answer::Now(Err(failure));
        }
        let waits = self.state.borrow().turns.contains_key(&(table, Arc::clone(&id)));
        if waits || self.view(table, &id) != View::Unknown {
            let key = Arc::clone(&id);
            return self.on_row(table, id, Need::View(READ), move |rows, log| {
                Ok(rows.show(log, &key).map(|data| Row { id: key, data }))
            });
        }
        let load = self.load(table, Arc::clone(&id), READ);
        let storage = Rc::clone(self);
        Answer::later(async move {
            load.await?;
            // As it was when it was asked for: writes that came later are not seen.
            storage.act(table, |rows, _| Ok(rows.show_base(&id).map(|data| Row { id, data })))
        })
    }

    /// Makes or replaces a row.
    pub fn set(self: &Rc<Self>, table: usize, id: Id, data: Data) -> Answer<()> {
        if self.at_once.is_some() {
            let write = Rc::clone(self).write_now(table, Operation::Set, id, data);
            return Answer::later(write).map(drop);
        }
        let entered = self.enter(table, WRITE);
        let need = match &entered {
            Ok(table) if !table.fixed.is_empty() => Need::View(WRITE),
            _ => Need::Nothing,
        };
        let key = Arc::clone(&id);
        self.on_entered(entered, table, id, need, move |rows, log| rows.set(log, &key, data))
    }

    /// Changes the fields of a row that `patch`, a JSON object, has.
    pub fn update(self: &Rc<Self>, table: usize, id: Id, patch: Data) -> Answer<()> {
        if self.at_once.is_some() {
            let storage = Rc::clone(self);
            return Answer::later(async move {
                let write = Rc::clone(&storage).write_now(table, Operation::Update, id, patch);
                if write.await? { Ok(()) } else { Err(storage.row_not_found(table)) }
            });
        }
        let entered = self.enter(table, WRITE);
        let key = Arc::clone(&id);
        self.on_entered(entered, table, id, Need::View(WRITE), move |rows, log| {
            rows.update(log, &key, &patch)
        })
    }

    /// Removes a row and tells whether there was one.
    pub fn delete(self: &Rc<Self>, table: usize, id: Id) -> Answer<bool> {
        if self.at_once.is_some() {
            let nothing = Data::from("");
            return Answer::later(Rc::clone(self).write_now(table, Operation::Delete, id, nothing));
        }
        let entered = self.enter(table, DELETE);
        let key = Arc::clone(&id);
        self.on_entered(entered, table, id, Need::Base(DELETE), move |rows, log| {
            rows.delete(log, &key)
        })
    }

    /// Makes a row, under a new id where none is given.
    pub fn push(self: &Rc<Self>, table: usize, id: Option<Id>, data: Data) -> Answer<Id> {
        let entered = self.enter(table, WRITE);
        let (id, need) = match id {
            Some(id) => (id, Need::View(WRITE)),
            None => (Uuid::new_v4().to_string().into(), Need::Nothing),
        };
        let key = Arc::clone(&id);
        if self.at_once.is_some() {
            let write = Rc::clone(self).write_now(table, Operation::Insert, id, data);
            return Answer::later(async move {
                if write.await? { Ok(key) } else { Err(Failure::conflict()) }
            });
        }
        self.on_entered(entered, table, id, need, move |rows, log| {
            if matches!(need, Need::Nothing) {
                rows.learn(Arc::clone(&key), Base::Absent);
            }
            rows.insert(log, &key, data).map(|()| key)
        })
    }

    /// Forgets what was written: the call has failed.
    pub fn discard(&self) {
        *self.state.borrow_mut() = State { over: true, ..State::default() };
    }

    fn row_not_found(&self, table: usize) -> Failure {
        let name = self.tables.get(table).map_or("", |table| &table.name);
        Failure::not_found(format!("Row not found in table {name}"))
    }

    /// Checks that the call may go on, and may do this with the table.
    pub(super) fn enter(&self, table: usize, need: u8) -> Result<Arc<Table>, Failure> {
        if self.state.borrow().over {
            return Err(Failure::new("INTERNAL_ERROR", 500, OVER));
        }
        let Some(table) = self.tables.get(table) else {
            return Err(Failure::not_found("Table not found"));
        };
        if self.session.perm & need != need {
            let operation = match need {
                READ => "read",
                WRITE => "write",
                _ => "delete",
            };
            let message = format!("Cannot {operation} table {}", table.name);
            return Err(Failure::permission_denied(message));
        }
        Ok(Arc::clone(table))
    }

    pub(super) fn act<T>(
        &self,
        table: usize,
        act: impl FnOnce(&mut Rows, &mut Log) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut state = self.state.borrow_mut();
        let State { rows, log, .. } = &mut *state;
        let Some(rows) = self.rows_of(rows, table) else {
            return Err(Failure::not_found("Table not found"));
        };
        let done = act(rows, log)?;
        if log.size > MAX_WRITTEN {
            return Err(Failure::invalid(format!(
                "A call writes at most {} MB",
                MAX_WRITTEN >> 20
            )));
        }
        Ok(done)
    }

    pub(super) fn rows_of<'r>(
        &self,
        rows: &'r mut Vec<Option<Rows>>,
        table: usize,
    ) -> Option<&'r mut Rows> {
        let description = self.tables.get(table)?;
        if rows.len() <= table {
            rows.resize_with(table + 1, || None);
        }
        Some(rows.get_mut(table)?.get_or_insert_with(|| Rows::new(Arc::clone(description))))
    }

    fn view(&self, table: usize, id: &str) -> View {
        self.act(table, |rows, _| Ok(rows.view(id))).unwrap_or(View::Unknown)
    }

    fn on_entered<T: 'static>(
        self: &Rc<Self>,
        entered: Result<Arc<Table>, Failure>,
        table: usize,
        id: Id,
        need: Need,
        act: impl FnOnce(&mut Rows, &mut Log) -> Result<T, Failure> + 'static,
    ) -> Answer<T> {
        match entered {
            Err(failure) => Answer::Now(Err(failure)),
            Ok(_) => self.on_row(table, id, need, act),
        }
    }

    /// Acts on a row once what is needed is known, after the operations on it that wait already.
    fn on_row<T: 'static>(
        self: &Rc<Self>,
        table: usize,
        id: Id,
        need: Need,
        act: impl FnOnce(&mut Rows, &mut Log) -> Result<T, Failure> + 'static,
    ) -> Answer<T> {
        let key = (table, Arc::clone(&id));
        let waits = self.state.borrow().turns.contains_key(&key);
        if !waits && self.knows(table, &id, need) {
            return Answer::Now(self.act(table, act));
        }
        let turn = self.turn(table, Arc::clone(&id));
        let storage = Rc::clone(self);
        Answer::later(async move {
            let done = {
                let _turn = turn.lock().await;
                storage.know(table, &id, need).await.and_then(|()| storage.act(table, act))
            };
            storage.end_turn(table, &id, &turn);
            done
        })
    }

    fn knows(&self, table: usize, id: &str, need: Need) -> bool {
        match need {
            Need::Nothing => true,
            Need::View(_) => self.view(table, id) != View::Unknown,
            Need::Base(_) => {
                self.act(table, |rows, _| Ok(rows.base(id).is_some())).unwrap_or(false)
            }
        }
    }

    async fn know(self: &Rc<Self>, table: usize, id: &Id, need: Need) -> Result<(), Failure> {
        match need {
            Need::View(permission) | Need::Base(permission) if !self.knows(table, id, need) => {
                self.load(table, Arc::clone(id), permission).await
            }
            _ => Ok(()),
        }
    }

    /// What an operation waits behind and lets others wait behind it.
    pub(super) fn turn(&self, table: usize, id: Id) -> Turn {
        Rc::clone(self.state.borrow_mut().turns.entry((table, id)).or_default())
    }

    pub(super) fn end_turn(&self, table: usize, id: &Id, turn: &Turn) {
        // The map's and the caller's: nobody else waits.
        if Rc::strong_count(turn) == 2 {
            self.state.borrow_mut().turns.remove(&(table, Arc::clone(id)));
        }
    }

    pub(super) fn predict(&self, predicate: Predicate) {
        self.state.borrow_mut().predicates.push(predicate);
    }

    /// The operations on rows of a table that wait.
    pub(super) fn turns(&self, table: usize) -> Vec<Turn> {
        let state = self.state.borrow();
        let mut turns: Vec<(&Id, &Turn)> = state
            .turns
            .iter()
            .filter(|((of, _), _)| *of == table)
            .map(|((_, id), turn)| (id, turn))
            .collect();
        turns.sort_by_key(|(id, _)| Arc::clone(id));
        turns.into_iter().map(|(_, turn)| Rc::clone(turn)).collect()
    }
}

const OVER: &str =
    "The call has ended, and its transaction with it: take tables from env.storage before";
const MAX_WRITTEN: usize = 16 << 20;
