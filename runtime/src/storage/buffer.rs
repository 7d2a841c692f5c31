//! What a call knows of a table's rows, and what it has written to them. Writes wait here until
//! the call commits; reads of the same call see them.

use std::{
    collections::{HashMap, HashSet},
    rc::Rc,
    sync::Arc,
};

use serde_json::{Map, Value as Json};

use super::{
    filter::Filter,
    log::{Log, Operation, Write},
    tables::Table,
};
use crate::failure::Failure;

/// A row's id.
pub type Id = Arc<str>;
/// A row's fields but for the key, as the text of a JSON object.
pub type Data = Rc<str>;

/// A row as PostgreSQL has it.
#[derive(Clone, PartialEq, Debug)]
pub struct Stored {
    pub version: i32,
    pub txid: i64,
    /// Its place in the order of insertion.
    pub order: i64,
    pub data: Data,
}

/// What is known of a row before the call's own writes.
#[derive(Clone, PartialEq, Debug)]
pub enum Base {
    Absent,
    /// Another user's: it cannot be seen, and not be written either.
    Foreign,
    Present(Rc<Stored>),
}

impl Base {
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Present(left), Self::Present(right)) => {
                (left.version, left.txid) == (right.version, right.txid)
            }
            _ => self == other,
        }
    }

    /// Bytes of its data.
    pub fn size(&self) -> usize {
        match self {
            Self::Present(stored) => stored.data.len(),
            Self::Absent | Self::Foreign => 0,
        }
    }
}

/// A row as the call sees it.
#[derive(Clone, PartialEq, Debug)]
pub enum View {
    Unknown,
    Absent,
    Foreign,
    Present(Data),
}

/// A row that the call has written.
#[derive(Clone, Debug)]
pub struct Written {
    /// None: deleted.
    pub data: Option<Data>,
    /// Counts the rows that the call made.
    fresh: i64,
    /// Where its last write stands in the log; none where it needs no write any more.
    slot: usize,
    /// An earlier write of the log deletes the row that was there.
    replaces: bool,
}

/// One table in the eyes of a call. Ids may come from callers, so they are hashed with a secret, here
/// as wherever there are many of them.
pub struct Rows {
    table: Arc<Table>,
    known: HashMap<Id, Base>,
    /// Rows whose state the call has been told of: it must not have changed when it commits.
    observed: HashSet<Id>,
    written: HashMap<Id, Written>,
}

impl Rows {
    pub fn new(table: Arc<Table>) -> Self {
        Self {
            table,
            known: HashMap::default(),
            observed: HashSet::default(),
            written: HashMap::default(),
        }
    }

    pub fn base(&self, id: &str) -> Option<&Base> {
        self.known.get(id)
    }

    pub fn learn(&mut self, id: Id, base: Base) {
        self.known.entry(id).or_insert(base);
    }

    pub fn observe(&mut self, id: &Id) {
        if !self.observed.contains(id) {
            self.observed.insert(Arc::clone(id));
        }
    }

    /// What the call has been told of rows; None of one that was not there for it.
    pub fn observed(&self) -> impl Iterator<Item = (&Id, Option<&Stored>)> {
        self.observed.iter().filter_map(|id| match self.known.get(id)? {
            Base::Present(stored) => Some((id, Some(&**stored))),
            Base::Absent | Base::Foreign => Some((id, None)),
        })
    }

    /// Whether the call has written to the table.
    pub fn has_written(&self) -> bool {
        !self.written.is_empty()
    }

    /// Rows that were written without a look at what was there.
    pub fn written_blindly(&self) -> Vec<Id> {
        let unknown = |(id, written): &(&Id, &Written)| {
            written.data.is_some() && !self.known.contains_key(*id)
        };
        let mut ids: Vec<Id> =
            self.written.iter().filter(unknown).map(|(id, _)| Arc::clone(id)).collect();
        ids.sort();
        ids
    }

    /// How many rows that the call has written a filter finds.
    pub fn count_own(&self, filter: &Filter) -> usize {
        let found = |(id, written): &(&Id, &Written)| {
            written.data.as_ref().is_some_and(|data| filter.matches(id, &object(data)))
        };
        self.written.iter().filter(found).count()
    }

    /// How many of the rows that the call has written it finds as they were before.
    pub fn count_replaced(&mut self, filter: &Filter) -> usize {
        let ids: Vec<Id> = self.written.keys().cloned().collect();
        let mut count = 0;
        for id in ids {
            let Some(Base::Present(stored)) = self.known.get(&id) else { continue };
            count += usize::from(filter.matches(&id, &object(&stored.data)));
            self.observe(&id);
        }
        count
    }

    pub fn table(&self) -> &Arc<Table> {
        &self.table
    }

    pub fn written_in_order(&self) -> Vec<(&Id, &Written)> {
        let mut written: Vec<_> = self.written.iter().collect();
        written.sort_unstable_by_key(|(_, written)| written.fresh);
        written
    }

    pub fn view(&self, id: &str) -> View {
        match (self.written.get(id), self.known.get(id)) {
            (Some(Written { data: Some(data), .. }), _) => View::Present(Rc::clone(data)),
            (Some(Written { data: None, .. }), _) => View::Absent,
            (None, Some(Base::Present(stored))) => View::Present(Rc::clone(&stored.data)),
            (None, Some(Base::Absent)) => View::Absent,
            (None, Some(Base::Foreign)) => View::Foreign,
            (None, None) => View::Unknown,
        }
    }

    /// The row for the call's eyes.
    pub fn show(&mut self, log: &Log, id: &Id) -> Option<Data> {
        let own = self.written.get(id).map(|written| log.get(written.slot));
        // What a row is after `update` came in part from the row before.
        let blind =
            own.is_some_and(|write| write.is_none_or(|write| write.operation != Operation::Update));
        if !blind {
            self.observe(id);
        }
        match self.view(id) {
            View::Present(data) => Some(data),
            View::Absent | View::Foreign | View::Unknown => None,
        }
    }

    /// The row as it was before the call's own writes.
    pub fn show_base(&mut self, id: &Id) -> Option<Data> {
        self.observe(id);
        match self.known.get(id) {
            Some(Base::Present(stored)) => Some(Rc::clone(&stored.data)),
            _ => None,
        }
    }

    /// Makes or replaces a row.
    pub fn set(&mut self, log: &mut Log, id: &Id, data: Data) -> Result<(), Failure> {
        let data = match self.view(id) {
            View::Foreign => return Err(Failure::insufficient_permissions()),
            View::Present(present) if !self.table.fixed.is_empty() => {
                self.observe(id);
                text(&keep_fixed(&self.table, &object(&present), object(&data))?)
            }
            _ => data,
        };
        self.put(log, id, Operation::Set, data);
        Ok(())
    }

    /// Makes a row that was not there.
    pub fn insert(&mut self, log: &mut Log, id: &Id, data: Data) -> Result<(), Failure> {
        match self.view(id) {
            View::Foreign => Err(Failure::insufficient_permissions()),
            View::Present(_) => {
                self.observe(id);
                Err(Failure::conflict())
            }
            View::Absent | View::Unknown => {
                self.put(log, id, Operation::Insert, data);
                Ok(())
            }
        }
    }

    /// Changes the fields of a row that `patch` has.
    pub fn update(&mut self, log: &mut Log, id: &Id, patch: &str) -> Result<(), Failure> {
        let present = match self.view(id) {
            View::Present(present) => object(&present),
            View::Foreign => return Err(Failure::insufficient_permissions()),
            View::Absent | View::Unknown => {
                self.observe(id);
                let message = format!("Row not found in table {}", self.table.name);
                return Err(Failure::not_found(message));
            }
        };
        let patch = object(patch);
        let merged = merge(present.clone(), patch.clone());
        let merged = text(&keep_fixed(&self.table, &present, merged)?);
        let Some(written) = self.written.get_mut(id) else {
            let slot = log.push(&self.table, Operation::Update, id, text(&patch));
            self.record(log, id, merged, slot, false);
            return Ok(());
        };
        let (operation, data) = match log.get(written.slot) {
            Some(Write { operation: Operation::Update, data, .. }) => {
                (Operation::Update, text(&merge(object(data), patch)))
            }
            Some(Write { operation, .. }) => (*operation, Rc::clone(&merged)),
            None => (Operation::Set, Rc::clone(&merged)),
        };
        log.replace(written.slot, operation, data);
        written.data = Some(merged);
        Ok(())
    }

    /// Removes a row; false where there is none.
    pub fn delete(&mut self, log: &mut Log, id: &Id) -> Result<bool, Failure> {
        match self.view(id) {
            View::Foreign => return Err(Failure::insufficient_permissions()),
            View::Absent | View::Unknown => {
                self.observe(id);
                return Ok(false);
            }
            View::Present(_) => {}
        }
        let before = self.written.remove(id);
        if let Some(written) = &before {
            log.remove(written.slot);
        }
        let replaces = before.as_ref().is_some_and(|written| written.replaces);
        let stored = matches!(self.known.get(id), Some(Base::Present(_)));
        if replaces || stored {
            let slot = if replaces {
                usize::MAX
            } else {
                log.push(&self.table, Operation::Delete, id, Rc::from(""))
            };
            let deleted = Written { data: None, fresh: 0, slot, replaces: true };
            self.written.insert(Arc::clone(id), deleted);
        }
        Ok(true)
    }

    /// Where a row that the call has written stands in the order of insertion: where it stood, or
    /// behind all that PostgreSQL has.
    pub fn order(&self, id: &str, written: &Written) -> i64 {
        match self.known.get(id) {
            Some(Base::Present(stored)) if !written.replaces => stored.order,
            _ => FRESH + written.fresh,
        }
    }

    fn put(&mut self, log: &mut Log, id: &Id, operation: Operation, data: Data) {
        let slot = self.written.get(id).map(|written| written.slot);
        match slot.and_then(|slot| log.get(slot)).map(|write| write.operation) {
            Some(before @ (Operation::Set | Operation::Insert)) => {
                log.replace(slot.unwrap_or_default(), before, Rc::clone(&data));
                self.rewrite(id, data);
            }
            Some(Operation::Update) => {
                log.replace(slot.unwrap_or_default(), Operation::Set, Rc::clone(&data));
                self.rewrite(id, data);
            }
            Some(Operation::Delete) | None => {
                let replaces = self.written.contains_key(id);
                let operation = if replaces { Operation::Set } else { operation };
                let slot = log.push(&self.table, operation, id, Rc::clone(&data));
                self.record(log, id, data, slot, replaces);
            }
        }
    }

    fn rewrite(&mut self, id: &Id, data: Data) {
        if let Some(written) = self.written.get_mut(id) {
            written.data = Some(data);
        }
    }

    fn record(&mut self, log: &mut Log, id: &Id, data: Data, slot: usize, replaces: bool) {
        log.fresh += 1;
        let written = Written { data: Some(data), fresh: log.fresh, slot, replaces };
        self.written.insert(Arc::clone(id), written);
    }
}

/// The fields of a row. What is stored is an object: the codec wrote it, and a CHECK holds it.
pub fn object(data: &str) -> Map<String, Json> {
    serde_json::from_str(data).unwrap_or_default()
}

fn text(fields: &Map<String, Json>) -> Data {
    serde_json::to_string(fields).unwrap_or_default().into()
}

fn merge(mut fields: Map<String, Json>, patch: Map<String, Json>) -> Map<String, Json> {
    fields.extend(patch);
    fields
}

/// A field without W keeps the value that its row was made with.
fn keep_fixed(
    table: &Table,
    present: &Map<String, Json>,
    mut wanted: Map<String, Json>,
) -> Result<Map<String, Json>, Failure> {
    for field in &table.fixed {
        match (present.get(field), wanted.get(field)) {
            (Some(kept), None) => {
                wanted.insert(field.clone(), kept.clone());
            }
            (Some(kept), Some(given)) if same(kept, given) => {}
            (_, None) => {}
            (_, Some(_)) => {
                let message = format!("Field '{field}' is read-only");
                return Err(Failure::permission_denied(message));
            }
        }
    }
    Ok(wanted)
}

/// Are the values the same in JSONB, where 1 and 1.0 are one number?
pub fn same(left: &Json, right: &Json) -> bool {
    match (left, right) {
        (Json::Number(left), Json::Number(right)) => left.as_f64() == right.as_f64(),
        (Json::Array(left), Json::Array(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Json::Object(left), Json::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(key, value)| right.get(key).is_some_and(|other| same(value, other)))
        }
        _ => left == right,
    }
}

/// Greater than any identity that PostgreSQL gives.
const FRESH: i64 = 1 << 62;
