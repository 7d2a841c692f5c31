//! The statements of the framework's specification (7.2.2, 7.3.1, 10.2.2, 10.3.1), run as they are
//! written there: the cases of `isolation` must be able to tell them from what isolates.

use std::{cell::Cell, collections::BTreeMap, rc::Rc};

use serde_json::{Value, json};
use tokio_postgres::Client;

/// The table, and the counter that a session's object hands transaction ids out of.
pub struct Specification {
    client: Rc<Client>,
    txid: Rc<Cell<i64>>,
}

pub struct SpecifiedCall {
    client: Rc<Client>,
    txid: i64,
}

impl Specification {
    pub async fn new(client: Client) -> Self {
        client.batch_execute(TABLE).await.unwrap();
        Self { client: Rc::new(client), txid: Rc::new(Cell::new(0)) }
    }

    pub fn begin(&self) -> SpecifiedCall {
        self.txid.set(self.txid.get() + 1);
        SpecifiedCall { client: Rc::clone(&self.client), txid: self.txid.get() }
    }
}

impl SpecifiedCall {
    pub async fn get(&self, id: &str) -> Option<Value> {
        let sql = "SELECT data::text FROM tbl_counters
                   WHERE id = $1 AND _txid < $2 AND (_deleted_txid IS NULL OR _deleted_txid >= $2)";
        let row = self.client.query_opt(sql, &[&id, &self.txid]).await.unwrap()?;
        Some(serde_json::from_str(row.get(0)).unwrap())
    }

    pub async fn query(&self, part: &Value) -> BTreeMap<String, Value> {
        // Without the condition on removed rows, which 10.3.1 forgets, nothing could be tested.
        let sql = "SELECT id, data::text FROM tbl_counters
                   WHERE data @> $1::text::jsonb AND _txid < $2 AND (_deleted_txid IS NULL OR _deleted_txid >= $2) ORDER BY _order";
        let rows = self.client.query(sql, &[&part.to_string(), &self.txid]).await.unwrap();
        rows.iter().map(|row| (row.get(0), serde_json::from_str(row.get(1)).unwrap())).collect()
    }

    pub async fn set(&self, id: &str, n: i64) {
        let sql = "INSERT INTO tbl_counters (id, data, _txid, _owner) VALUES ($1, $2::text::jsonb, $3, 'alice')
                   ON CONFLICT (id) DO UPDATE SET data = EXCLUDED.data, _txid = EXCLUDED._txid";
        self.client.execute(sql, &[&id, &json!({ "n": n }).to_string(), &self.txid]).await.unwrap();
    }

    pub async fn delete(&self, id: &str) {
        let sql =
            "UPDATE tbl_counters SET _deleted_txid = $2 WHERE id = $1 AND _deleted_txid IS NULL";
        self.client.execute(sql, &[&id, &self.txid]).await.unwrap();
    }
}

const TABLE: &str = "CREATE TABLE tbl_counters (id TEXT PRIMARY KEY, data JSONB NOT NULL, _version INT DEFAULT 1,
    _txid BIGINT DEFAULT txid_current(), _owner TEXT NOT NULL, _deleted_txid BIGINT, _order BIGSERIAL)";
