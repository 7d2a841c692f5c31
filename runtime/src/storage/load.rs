//! How a call learns of rows: together where it can, and once.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use futures_util::{
    FutureExt as _,
    future::{LocalBoxFuture, Shared},
};

use super::{
    buffer::{Base, Id, Stored},
    call::{CallStorage, State},
    fault::Fault,
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
        let State { rows, reads, held, .. } = &mut *state;
        *reads += 1;
        let Some(rows) = self.rows_of(rows, table) else { return Ok(()) };
        for row in &found {
            let (xmax, known) = read(row).map_err(|fault| fault.into_failure(&self.call_id))?;
            self.saw(xmax);
            if let Some((id, base)) = known {
                *held += base.size();
                rows.learn(id, base);
            }
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
        self.saw(newest);
    }
}

/// A row of `get_<table>`: id, data, version, txid, ord, xmax.
fn read(row: &tokio_postgres::Row) -> Result<(i64, Option<(Id, Base)>), Fault> {
    let xmax = row.try_get(5)?;
    let Some(id) = row.try_get::<_, Option<&str>>(0)? else { return Ok((xmax, None)) };
    let base = match row.try_get::<_, Option<&str>>(1)? {
        None => Base::Foreign,
        Some(_) => Base::Present(Rc::new(read_stored(row)?)),
    };
    Ok((xmax, Some((id.into(), base))))
}

/// What every function that reads a table says of a row, behind its id: data, version, txid, ord.
pub(super) fn read_stored(row: &tokio_postgres::Row) -> Result<Stored, Fault> {
    Ok(Stored {
        data: row.try_get::<_, &str>(1)?.into(),
        version: row.try_get(2)?,
        txid: row.try_get(3)?,
        order: row.try_get(4)?,
    })
}

/// Bytes of rows that a call may hold.
const MAX_HELD: usize = 64 << 20;
/// Bytes of rows that queries may leave behind for operations to come.
const MAX_REMEMBERED: usize = 8 << 20;
