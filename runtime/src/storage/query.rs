//! Queries: pages of PostgreSQL's rows, with the call's own writes merged into them.

use std::{
    borrow::Cow,
    collections::{HashSet, VecDeque},
    rc::Rc,
    sync::Arc,
};

use ring::digest::{Context, SHA256};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    buffer::{Base, Data, Id, Stored, object},
    call::{CallStorage, Row, Turn},
    commit::{Asked, Predicate, Question},
    fault::Fault,
    filter::Filter,
    order::{Order, Place},
    param::Param,
    storable::invalid,
    tables::{DELETE, READ, Table},
};
use crate::{failure::Failure, value::Value};

/// The rows of a query, as they were when the first of them was asked for.
pub struct Query {
    storage: Rc<CallStorage>,
    table: usize,
    description: Arc<Table>,
    permission: u8,
    filter: Filter,
    order: Order,
    /// How many rows are still wanted.
    remaining: Option<u64>,
    /// PostgreSQL's rows behind this place have not been read.
    after: Option<Place>,
    own: Option<Own>,
    done: bool,
}

/// A row and where it stands.
#[derive(Clone, PartialEq, Debug)]
pub struct Placed {
    pub row: Row,
    pub place: Place,
}

/// A row of `query_<table>`: id, version, transaction, place in the order of insertion, data. What may be
/// greater than JSON's numbers is text.
#[derive(Deserialize)]
struct Told<'a>(
    #[serde(borrow)] Cow<'a, str>,
    i32,
    #[serde(borrow)] Cow<'a, str>,
    #[serde(borrow)] Cow<'a, str>,
    #[serde(borrow)] &'a RawValue,
);

/// What the call had written when the query began.
struct Own {
    /// Rows of which PostgreSQL's version does not count.
    hidden: HashSet<Id>,
    /// Rows that are found, in the query's order.
    rows: VecDeque<Placed>,
}

impl Query {
    /// `options`: an object with `limit`, `cursor` and `orderBy`, or undefined.
    pub fn new(
        storage: &Rc<CallStorage>,
        table: usize,
        filter: &Value,
        options: &Value,
    ) -> Result<Self, Failure> {
        let storage = &storage.for_query();
        let description = storage.enter(table, READ)?;
        let option = |name: &str| match options {
            Value::Object(fields) => fields.iter().find(|(key, _)| **key == *name).map(|(_, v)| v),
            _ => None,
        };
        let filter = Filter::parse(&description, filter)?;
        let remaining = option("limit").map(parse_limit).transpose()?;
        let order = Order::parse(&description, option("orderBy").unwrap_or(&Value::Undefined))?;
        let cursor = option("cursor").filter(|cursor| **cursor != Value::Null);
        let after = cursor.map(|cursor| order.decode_cursor(cursor)).transpose()?;
        Ok(Self {
            storage: Rc::clone(storage),
            table,
            description,
            permission: READ,
            filter,
            order,
            remaining,
            after,
            own: None,
            done: false,
        })
    }

    /// The first row in the order of insertion, or the last, to be taken away.
    fn end(storage: &Rc<CallStorage>, table: usize, last: bool) -> Result<Self, Failure> {
        Ok(Self {
            storage: Rc::clone(storage),
            table,
            description: storage.enter(table, DELETE)?,
            permission: DELETE,
            filter: Filter::default(),
            order: Order { field: None, descending: last },
            remaining: Some(1),
            after: None,
            own: None,
            done: false,
        })
    }

    pub fn table(&self) -> &Arc<Table> {
        &self.description
    }

    pub fn order(&self) -> &Order {
        &self.order
    }

    /// The next rows; none when there are no more.
    pub async fn page(&mut self) -> Result<Vec<Placed>, Failure> {
        self.storage.enter(self.table, self.permission)?;
        if self.own.is_none() {
            self.start(self.storage.turns(self.table)).await?;
        }
        let mut page = Vec::new();
        while page.is_empty() && !self.done && self.remaining != Some(0) {
            page = self.next_page().await?;
        }
        if let Some(remaining) = &mut self.remaining {
            page.truncate(usize::try_from(*remaining).unwrap_or(usize::MAX));
            *remaining -= page.len() as u64;
        }
        Ok(page)
    }

    /// Finds among the rows that the call has written those that count.
    async fn start(&mut self, turns: Vec<Turn>) -> Result<(), Failure> {
        for turn in turns {
            let _ = turn.lock().await;
        }
        self.storage.know_written(self.table, self.permission).await?;
        let mut rows = Vec::new();
        let mut hidden = HashSet::default();
        self.storage.act(self.table, |known, _| {
            for (id, written) in known.written_in_order() {
                hidden.insert(Arc::clone(id));
                let Some(data) = &written.data else { continue };
                let fields = object(data);
                if self.filter.matches(id, &fields) {
                    let place = self.order.place(id, &fields, known.order(id, written));
                    rows.push(Placed {
                        row: Row { id: Arc::clone(id), data: Rc::clone(data) },
                        place,
                    });
                }
            }
            Ok(())
        })?;
        if let Some(after) = &self.after {
            rows.retain(|row| self.order.compare(&row.place, after).is_gt());
        }
        rows.sort_by(|left, right| self.order.compare(&left.place, &right.place));
        self.own = Some(Own { hidden, rows: rows.into() });
        Ok(())
    }

    async fn next_page(&mut self) -> Result<Vec<Placed>, Failure> {
        let hidden = self.own.as_ref().map_or(0, |own| own.hidden.len());
        let wanted = self.remaining.and_then(|wanted| usize::try_from(wanted).ok());
        let take = wanted.map_or(PAGE, |wanted| wanted.saturating_add(hidden).min(PAGE));
        let stored = self.read(take).await?;
        self.done = stored.len() < take;
        if let Some(last) = stored.last() {
            self.after = Some(last.place.clone());
        }
        let Some(own) = &mut self.own else { return Ok(stored) };
        let mut merged = Vec::with_capacity(stored.len());
        for placed in stored {
            while own
                .rows
                .front()
                .is_some_and(|row| self.order.compare(&row.place, &placed.place).is_lt())
            {
                merged.extend(own.rows.pop_front());
            }
            if !own.hidden.contains(&placed.row.id) {
                merged.push(placed);
            }
        }
        if self.done {
            merged.extend(own.rows.drain(..));
        }
        Ok(merged)
    }

    /// Reads a page of PostgreSQL's rows and remembers what it was.
    async fn read(&self, take: usize) -> Result<Vec<Placed>, Failure> {
        let storage = &self.storage;
        let key =
            self.after.as_ref().and_then(|place| place.key.as_ref()).map(super::order::Key::text);
        let question = Question {
            filter: self.filter.normal_form(),
            order_by: self.order.field().map(str::to_owned),
            descending: self.order.descending,
            after: key,
            after_ord: self.after.as_ref().map(|place| place.order),
            take: i32::try_from(take).unwrap_or(i32::MAX),
        };
        let params = vec![
            Param::from(&storage.session.key),
            question.filter.to_string().into(),
            question.order_by.clone().into(),
            Param::Flag(question.descending),
            question.after.clone().into(),
            question.after_ord.map_or(Param::Null, Param::Long),
            Param::Int(question.take),
            Param::Int(self.permission.into()),
        ];
        let found = storage.database.rows(&self.description.query, params).await;
        let found = found.map_err(|fault| fault.into_failure(&storage.call_id))?;
        let row = found.first().ok_or_else(Failure::internal)?;
        let read = || Ok((row.try_get(0)?, row.try_get(1)?));
        let (rows, newest): (&str, i64) =
            read().map_err(|fault: Fault| fault.into_failure(&storage.call_id))?;
        let rows: Vec<Told<'_>> = serde_json::from_str(rows).map_err(|_| Failure::internal())?;
        let mut digest = Context::new(&SHA256);
        let mut placed = Vec::with_capacity(rows.len());
        let mut bases = Vec::with_capacity(rows.len());
        for Told(id, version, txid, order, data) in rows {
            let (id, data): (Id, Data) = (id.into(), data.get().into());
            let (txid, order) = (whole(&txid)?, whole(&order)?);
            digest.update(format!("{version}:{txid}:{}:{id};", id.len()).as_bytes());
            let place = self.order.place_of(&id, &data, order);
            let row = Row { id: Arc::clone(&id), data: Rc::clone(&data) };
            placed.push(Placed { row, place });
            bases.push((id, Base::Present(Rc::new(Stored { version, txid, order, data }))));
        }
        storage.remember(self.table, newest, bases);
        storage.predict(Predicate {
            table: Arc::clone(&self.description),
            digest: digest.finish().as_ref().to_vec(),
            asked: Asked::Rows(question),
        });
        Ok(placed)
    }
}

impl CallStorage {
    /// Takes the last row away.
    pub async fn pop(self: Rc<Self>, table: usize) -> Result<Option<Row>, Failure> {
        self.take(table, true).await
    }

    /// Takes the first row away.
    pub async fn shift(self: Rc<Self>, table: usize) -> Result<Option<Row>, Failure> {
        self.take(table, false).await
    }

    /// Where there is no transaction a query has one of its own, which is not compared: its pages
    /// are statements, each as true as the moment it was read.
    pub(super) fn for_query(self: &Rc<Self>) -> Rc<Self> {
        if self.at_once.is_some() { self.sibling(&self.claim) } else { Rc::clone(self) }
    }

    /// How many rows a filter finds.
    pub async fn count(self: Rc<Self>, table: usize, filter: Value) -> Result<usize, Failure> {
        let this = self.for_query();
        let description = this.enter(table, READ)?;
        let filter = Filter::parse(&description, &filter)?;
        for turn in this.turns(table) {
            let _ = turn.lock().await;
        }
        this.know_written(table, READ).await?;
        let params = vec![Param::from(&this.session.key), filter.normal_form().to_string().into()];
        let found = this.database.rows(&description.count, params).await;
        let found = found.map_err(|fault| fault.into_failure(&this.call_id))?;
        let row = found.first().ok_or_else(Failure::internal)?;
        let read = || Ok((row.try_get("n")?, row.try_get("digest")?, row.try_get("xmax")?));
        let (stored, digest, newest): (i64, _, _) =
            read().map_err(|fault: Fault| fault.into_failure(&this.call_id))?;
        this.remember(table, newest, Vec::new());
        this.predict(Predicate {
            table: description,
            digest,
            asked: Asked::Count(filter.normal_form()),
        });
        let stored = usize::try_from(stored).unwrap_or(0);
        this.act(table, |rows, _| {
            Ok((stored + rows.count_own(&filter)).saturating_sub(rows.count_replaced(&filter)))
        })
    }

    async fn take(self: &Rc<Self>, table: usize, last: bool) -> Result<Option<Row>, Failure> {
        if self.at_once.is_some() {
            return Rc::clone(self).take_now(table, last).await;
        }
        // Of two at the same time the second sees what the first has left.
        let taking = Id::from(TAKING);
        let turn = self.turn(table, Arc::clone(&taking));
        let mut before = self.turns(table);
        before.retain(|other| !Rc::ptr_eq(other, &turn));
        let taken = {
            let _turn = turn.lock().await;
            self.take_end(table, last, before).await
        };
        self.end_turn(table, &taking, &turn);
        taken
    }

    async fn take_end(
        self: &Rc<Self>,
        table: usize,
        last: bool,
        before: Vec<Turn>,
    ) -> Result<Option<Row>, Failure> {
        let mut query = Query::end(self, table, last)?;
        query.start(before).await?;
        let Some(found) = query.page().await?.pop() else { return Ok(None) };
        self.delete(table, Arc::clone(&found.row.id)).await?;
        Ok(Some(found.row))
    }
}

fn whole(digits: &str) -> Result<i64, Failure> {
    digits.parse().map_err(|_| Failure::internal())
}

fn parse_limit(limit: &Value) -> Result<u64, Failure> {
    match limit {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // whole, not negative
        Value::Number(number) if number.fract() == 0.0 && *number >= 0.0 => Ok(*number as u64),
        _ => Err(invalid("limit", "expected a whole number, not negative")),
    }
}

const PAGE: usize = 500;
/// No row's id: those have no NUL.
const TAKING: &str = "\0";
