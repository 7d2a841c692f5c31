//! Operations without a transaction: each is one statement that applies at once. Nothing is
//! remembered, so nothing can conflict.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
};

use super::{
    buffer::{Data, Id},
    call::{CallStorage, Row},
    fault::Fault,
    log::{Operation, Write},
    param::Param,
    tables::{DELETE, WRITE},
};
use crate::failure::Failure;

/// What such operations have in common.
#[derive(Default)]
pub(super) struct AtOnce {
    /// Changes so far. Each has a claim of its own, so that it happens once however often it is sent.
    changes: Cell<u32>,
    /// What reads that are asked for together are asked with.
    reader: RefCell<Option<Rc<CallStorage>>>,
}

impl CallStorage {
    /// The same without a transaction.
    pub(super) fn without_transaction(&self) -> Rc<Self> {
        self.like(Arc::clone(&self.claim), Some(AtOnce::default()))
    }

    /// What a single read is done with, where there is no transaction.
    pub(super) fn reader(&self) -> Option<Rc<Self>> {
        let mut reader = self.at_once.as_ref()?.reader.borrow_mut();
        let fits = |reader: &Rc<Self>| !reader.state.borrow().batches.is_empty();
        Some(match reader.take().filter(fits) {
            Some(found) => Rc::clone(reader.insert(found)),
            None => Rc::clone(reader.insert(self.sibling(&self.claim))),
        })
    }

    /// Writes a row; false where a condition does not hold: `Update` and `Delete` need a row,
    /// `Insert` needs none.
    pub(super) async fn write_now(
        self: Rc<Self>,
        table: usize,
        operation: Operation,
        id: Id,
        data: Data,
    ) -> Result<bool, Failure> {
        let need = if operation == Operation::Delete { DELETE } else { WRITE };
        let table = self.enter(table, need)?;
        let write = Write { table, operation, id, data };
        let params = vec![
            Param::from(&self.session.key),
            self.next_claim(),
            format!("[{}]", write.json()).into(),
            "[]".into(),
            "[]".into(),
        ];
        match self.send_commit(params).await {
            Ok(rows) => {
                let txid = rows.first().and_then(|row| row.try_get(0).ok()?);
                self.saw(txid.unwrap_or(0));
                Ok(true)
            }
            // Nothing was compared: only the write's own condition can have failed.
            Err(Fault::Conflict) => Ok(false),
            Err(Fault::Violated(fault)) if matches!(*fault, Fault::Conflict) => Ok(false),
            Err(fault) => Err(fault.into_failure(&self.call_id)),
        }
    }

    /// Takes the first or the last row away that nobody else is taking.
    pub(super) async fn take_now(
        self: Rc<Self>,
        table: usize,
        last: bool,
    ) -> Result<Option<Row>, Failure> {
        let table = self.enter(table, DELETE)?;
        let params = vec![Param::from(&self.session.key), self.next_claim(), Param::Flag(last)];
        let taken = self.send(&table.take, params).await;
        let taken = taken.map_err(|fault| fault.into_failure(&self.call_id))?;
        let row = taken.first().ok_or_else(Failure::internal)?;
        let read = || Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
        let (id, data, txid): (Option<&str>, Option<&str>, i64) =
            read().map_err(|fault: Fault| fault.into_failure(&self.call_id))?;
        self.saw(txid);
        Ok(id.zip(data).map(|(id, data)| Row { id: id.into(), data: data.into() }))
    }

    fn next_claim(&self) -> Param {
        let number = self.at_once.as_ref().map_or(0, |at_once| {
            at_once.changes.set(at_once.changes.get() + 1);
            at_once.changes.get()
        });
        format!("{}.{number}", self.claim).into()
    }
}
