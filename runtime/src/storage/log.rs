//! The writes of a call, in the order in which they are applied.

use std::{fmt::Write as _, sync::Arc};

use serde_json::json;

use super::{
    buffer::{Data, Id},
    tables::Table,
};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    /// Makes or replaces.
    Set,
    /// Makes.
    Insert,
    /// Changes some fields of a row that is there.
    Update,
    Delete,
}

/// One write that the commit applies.
#[derive(Clone, Debug)]
pub struct Write {
    pub table: Arc<Table>,
    pub operation: Operation,
    pub id: Id,
    /// Empty for a deletion.
    pub data: Data,
}

impl Write {
    /// As `kontract.commit` takes it.
    pub fn json(&self) -> String {
        let operation = match self.operation {
            Operation::Set => "set",
            Operation::Insert => "insert",
            Operation::Update => "update",
            Operation::Delete => "delete",
        };
        let (table, id) = (&self.table.name, json!(&*self.id));
        let mut text = format!(r#"{{"t":"{table}","op":"{operation}","id":{id}"#);
        if self.operation != Operation::Delete {
            // JSON already.
            let _ = write!(text, r#","data":{}"#, self.data);
        }
        text + "}"
    }
}

/// The writes of a call, in their order, of all tables.
#[derive(Default)]
pub struct Log {
    writes: Vec<Option<Write>>,
    /// Bytes of ids and data.
    pub size: usize,
    /// Rows that the call made.
    pub fresh: i64,
}

impl Log {
    pub fn writes(&self) -> impl Iterator<Item = &Write> {
        self.writes.iter().flatten()
    }

    pub fn is_empty(&self) -> bool {
        self.writes.iter().all(Option::is_none)
    }

    pub fn get(&self, slot: usize) -> Option<&Write> {
        self.writes.get(slot)?.as_ref()
    }

    pub fn push(&mut self, table: &Arc<Table>, operation: Operation, id: &Id, data: Data) -> usize {
        self.size += id.len() + data.len() + OVERHEAD;
        let write = Write { table: Arc::clone(table), operation, id: Arc::clone(id), data };
        self.writes.push(Some(write));
        self.writes.len() - 1
    }

    pub fn replace(&mut self, slot: usize, operation: Operation, data: Data) {
        if let Some(Some(write)) = self.writes.get_mut(slot) {
            self.size = self.size - write.data.len() + data.len();
            write.operation = operation;
            write.data = data;
        }
    }

    pub fn remove(&mut self, slot: usize) {
        if let Some(write) = self.writes.get_mut(slot).and_then(Option::take) {
            self.size -= write.id.len() + write.data.len() + OVERHEAD;
        }
    }
}

/// What a write weighs besides its texts.
const OVERHEAD: usize = 64;
