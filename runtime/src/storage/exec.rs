//! `exec`: statements that the compiler has checked, run by their ids. The SQL is in the database,
//! in functions that migrations made; none is sent.

use std::{rc::Rc, sync::Arc};

use ring::digest::{SHA256, digest};
use serde_json::Value as Json;

use super::{
    call::CallStorage,
    commit::{Asked, Predicate},
    fault::Fault,
    param::Param,
    storable::{invalid, to_json},
    tables::READ,
};
use crate::{failure::Failure, value::Value};

/// A statement of a table.
#[derive(Debug)]
pub struct Statement {
    pub id: Arc<str>,
    /// The call of its function.
    pub call: Arc<str>,
}

impl Statement {
    pub fn new(table: &str, id: &str) -> Arc<Self> {
        let call = format!(r#"SELECT * FROM kontract."exec_{table}_{id}"($1, $2::text::jsonb)"#);
        Arc::new(Self { id: id.into(), call: call.into() })
    }
}

impl CallStorage {
    /// Runs a statement and gives its rows. `parameters`: an array, or undefined.
    pub async fn exec(
        self: Rc<Self>,
        table: usize,
        statement: Arc<Statement>,
        parameters: Value,
    ) -> Result<Value, Failure> {
        let this = self.for_query();
        let description = this.enter(table, READ)?;
        for turn in this.turns(table) {
            let _ = turn.lock().await;
        }
        if this.act(table, |rows, _| Ok(rows.has_written()))? {
            let name = &description.name;
            let message = format!(
                "{name}.exec() reads what is stored, and this call has written to {name}: write in \
                 env.storage.transaction(…), and call exec after it"
            );
            return Err(Failure::new("INTERNAL_ERROR", 500, message));
        }
        let parameters = given(&parameters)?;
        let params = vec![Param::from(&this.session.key), parameters.to_string().into()];
        let found = this.database.rows(&statement.call, params).await;
        let found = found.map_err(|fault| fault.into_failure(&this.call_id))?;
        let row = found.first().ok_or_else(Failure::internal)?;
        let read = || Ok((row.try_get("result")?, row.try_get("xmax")?));
        let (text, newest): (&str, i64) =
            read().map_err(|fault: Fault| fault.into_failure(&this.call_id))?;
        this.remember(table, newest, Vec::new());
        this.predict(Predicate {
            table: description,
            digest: digest(&SHA256, text.as_bytes()).as_ref().to_vec(),
            asked: Asked::Exec { statement: Arc::clone(&statement.id), given: parameters },
        });
        let rows: Json = serde_json::from_str(text).map_err(|_| Failure::internal())?;
        Ok(value(rows))
    }
}

fn given(parameters: &Value) -> Result<Json, Failure> {
    let items = match parameters {
        Value::Undefined => &[][..],
        Value::Array(items) => items,
        _ => return Err(invalid("params", "expected an array")),
    };
    let items = items.iter().enumerate().map(|(index, item)| {
        let fault =
            || invalid(&format!("params.{index}"), "expected finite numbers and valid dates");
        to_json(item).ok_or_else(fault)
    });
    Ok(Json::Array(items.collect::<Result<_, _>>()?))
}

/// What PostgreSQL gave, as an isolate has it: whole numbers that a number cannot hold are bigints.
fn value(json: Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(flag),
        Json::String(text) => Value::String(text),
        Json::Number(number) => {
            let whole = number.as_i64().map(i128::from).or(number.as_u64().map(i128::from));
            match whole {
                Some(whole) if whole.unsigned_abs() > LARGEST => Value::BigInt(whole),
                _ => Value::Number(number.as_f64().unwrap_or(f64::NAN)),
            }
        }
        Json::Array(items) => Value::Array(items.into_iter().map(value).collect()),
        Json::Object(fields) => {
            let fields = fields.into_iter().map(|(name, field)| (Arc::from(name), value(field)));
            Value::Object(fields.collect())
        }
    }
}

/// `Number.MAX_SAFE_INTEGER`.
const LARGEST: u128 = 9_007_199_254_740_991;
