//! How a call learns of rows: together where it can, and once.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use futures_util::{
    FutureExt as _,
    future::{LocalBoxFuture, Shared},
};

use super::{
    buffer::{Base, Id, Stored},
    call::{CallStorage, State},
    param::Param,
};
use crate::failure::Failure;

pub(super) type Load = Shared<LocalBoxFuture<'static, Result<(), Failure>>>;

/// Rows that are asked for in one statement, which has not been sent yet.
pub(super) struct Batch {
    ids: Rc<RefCell<Vec<Id>>>,
    load: Load,
}

impl CallStorage {
    /// Asks PostgreSQL for a row, together with others that are asked for before this is polled.
    pub(super) fn load(self: &Rc<Self>, table: usize, id: Id, permission: u8) -> Load {
        let key = (table, permission);
        let mut state = self.state.borrow_mut();
        if let Some(batch) = state.batches.get(&key) {
            batch.ids.borrow_mut().push(id);
            return batch.load.clone();
        }
        let ids = Rc::new(RefCell::new(vec![id]));
        let storage = Rc::downgrade(self);
        let load = {
            let ids = Rc::clone(&ids);
            async move {
                let Some(storage) = storage.upgrade() else { return Ok(()) };
                storage.state.borrow_mut().batches.remove(&key);
                let ids = ids.take();
                storage.fetch(table, ids, permission).await
            }
        }
        .boxed_local()
        .shared();
        state.batches.insert(key, Batch { ids, load: load.clone() });
        load
    }

    async fn fetch(&self, table: usize, ids: Vec<Id>, permission: u8) -> Result<(), Failure> {
        let statement = match self.tables.get(table) {
            Some(table) => Arc::clone(&table.get),
            None => return Err(Failure::not_found("Table not found")),
        };
        let params = vec![
            Param::from(&self.session.key),
            Param::Texts(ids.clone()),
            Param::Int(permission.into()),
        ];
        let found = self.database.rows(&statement, params).await;
        let found = found.map_err(|fault| fault.into_failure(&self.call_id))?;
        let mut state = self.state.borrow_mut();
        let State { rows, reads, newest, held, .. } = &mut *state;
        *reads += 1;
        let Some(rows) = self.rows_of(rows, table) else { return Ok(()) };
        // id, data, version, txid, ord, xmax
        for row in &found {
            *newest = (*newest).max(row.get(5));
            let Some(id) = row.get::<_, Option<&str>>(0) else { continue };
            let base = match row.get::<_, Option<&str>>(1) {
                None => Base::Foreign,
                Some(data) => {
                    *held += data.len();
                    Base::Present(Rc::new(Stored {
                        version: row.get(2),
                        txid: row.get(3),
                        order: row.get(4),
                        data: data.into(),
                    }))
                }
            };
            rows.learn(id.into(), base);
        }
        for id in ids {
            rows.learn(id, Base::Absent);
        }
        if *held > MAX_HELD {
            return Err(Failure::invalid(format!(
                "A call holds at most {} MB of rows",
                MAX_HELD >> 20
            )));
        }
        Ok(())
    }

    /// Makes sure that of all rows that the call has written it is known whether they were there.
    pub(super) async fn know_written(
        self: &Rc<Self>,
        table: usize,
        permission: u8,
    ) -> Result<(), Failure> {
        let unknown = self.act(table, |rows, _| Ok(rows.written_blindly()))?;
        let loads: Vec<Load> =
            unknown.into_iter().map(|id| self.load(table, id, permission)).collect();
        for load in loads {
            load.await?;
        }
        Ok(())
    }

    /// Keeps the rows that a query has read, so that they need not be read again to be changed.
    pub(super) fn remember(&self, table: usize, newest: i64, found: Vec<(Id, Base)>) {
        let mut state = self.state.borrow_mut();
        let State { rows, held, stale, .. } = &mut *state;
        let Some(rows) = self.rows_of(rows, table) else { return };
        for (id, base) in found {
            match rows.base(&id) {
                Some(known) => *stale |= !known.is_same(&base),
                None if *held < MAX_REMEMBERED => {
                    *held += base.size();
                    rows.learn(id, base);
                }
                None => {}
            }
        }
        state.reads += 1;
        state.newest = state.newest.max(newest);
    }
}

/// Bytes of rows that a call may hold.
const MAX_HELD: usize = 64 << 20;
/// Bytes of rows that queries may leave behind for operations to come.
const MAX_REMEMBERED: usize = 8 << 20;
