//! A call as a host makes it: it reads at once, keeps what it saw, and writes at its end.

use std::{collections::BTreeMap, fmt::Write as _, rc::Rc};

use kontract::hash;
use serde_json::{Value, json};
use tokio_postgres::{Client, Error};

use crate::application::{Database, key};

/// A row of a query: id, version, transaction, place in the order of insertion, data.
type Found = (String, i32, String, String, Value);

pub struct Call {
    client: Rc<Client>,
    key: Vec<u8>,
    reads: BTreeMap<(String, String), Value>,
    predicates: Vec<Value>,
    writes: Vec<Value>,
    pub id: Option<String>,
}

/// What became of a commit.
#[derive(Debug, PartialEq)]
pub enum End {
    Committed,
    Conflict,
    Refused { code: String, message: String, field: Option<String> },
}

impl Call {
    pub async fn begin(database: &Database, user: &str) -> Self {
        Self::on(&Rc::new(database.gateway().await), user)
    }

    pub fn on(client: &Rc<Client>, user: &str) -> Self {
        Self {
            client: Rc::clone(client),
            key: key(user),
            reads: BTreeMap::new(),
            predicates: Vec::new(),
            writes: Vec::new(),
            id: None,
        }
    }

    pub async fn get(&mut self, table: &str, id: &str) -> Option<Value> {
        if let Some(write) = self.writes.iter().rev().find(|w| w["t"] == table && w["id"] == id) {
            return (write["op"] != "delete").then(|| write["data"].clone());
        }
        let sql = format!("SELECT * FROM kontract.\"get_{table}\"($1, $2)");
        let rows = self.client.query(&sql, &[&self.key, &vec![id]]).await.unwrap();
        let row = rows.iter().find(|row| row.get::<_, Option<&str>>("data").is_some());
        let seen = row.map(|row| (row.get::<_, i32>("version"), row.get::<_, i64>("txid")));
        let seen = json!({ "t": table, "id": id, "v": seen.map(|s| s.0), "x": seen.map(|s| s.1) });
        // What was seen first counts: seeing something else later is a conflict.
        self.reads.entry((table.to_owned(), id.to_owned())).or_insert(seen);
        row.map(|row| serde_json::from_str(row.get("data")).unwrap())
    }

    /// Ids and rows that contain `part`, with what the call itself wrote.
    pub async fn query(&mut self, table: &str, part: Value) -> BTreeMap<String, Value> {
        let filter = json!({ "contains": part });
        let sql = format!(
            "SELECT * FROM kontract.\"query_{table}\"($1, $2::text::jsonb, NULL, false, NULL, NULL, 1000)"
        );
        let row = self.client.query_one(&sql, &[&self.key, &filter.to_string()]).await.unwrap();
        let rows: Vec<Found> = serde_json::from_str(row.get("rows")).unwrap();
        self.predicates.push(json!({
            "t": table, "kind": "query", "filter": filter, "descending": false, "take": 1000, "digest": digest(&rows),
        }));
        let mut found: BTreeMap<String, Value> =
            rows.into_iter().map(|(id, .., data)| (id, data)).collect();
        for write in self.writes.iter().filter(|write| write["t"] == table) {
            let id = write["id"].as_str().unwrap().to_owned();
            found.remove(&id);
            let matches =
                part.as_object().unwrap().iter().all(|(key, value)| write["data"][key] == *value);
            if write["op"] != "delete" && matches {
                found.insert(id, write["data"].clone());
            }
        }
        found
    }

    pub async fn count(&mut self, table: &str, part: Value) -> i64 {
        let filter = json!({ "contains": part });
        let sql = format!(
            "SELECT n, encode(digest, 'hex') FROM kontract.\"count_{table}\"($1, $2::text::jsonb)"
        );
        let row = self.client.query_one(&sql, &[&self.key, &filter.to_string()]).await.unwrap();
        let digest: String = row.get(1);
        self.predicates
            .push(json!({ "t": table, "kind": "count", "filter": filter, "digest": digest }));
        row.get(0)
    }

    pub async fn exec(&mut self, table: &str, statement: &str, given: Value) -> Value {
        let sql = format!(
            "SELECT result FROM kontract.\"exec_{table}_{statement}\"($1, $2::text::jsonb)"
        );
        let row = self.client.query_one(&sql, &[&self.key, &given.to_string()]).await.unwrap();
        let result: &str = row.get(0);
        self.predicates.push(json!({
            "t": table, "kind": "exec", "statement": statement, "given": given, "digest": hash::hex(result.as_bytes()),
        }));
        serde_json::from_str(result).unwrap()
    }

    pub fn write(&mut self, table: &str, op: &str, id: &str, data: Value) {
        self.writes.push(json!({ "t": table, "op": op, "id": id, "data": data }));
    }

    pub fn delete(&mut self, table: &str, id: &str) {
        self.writes.push(json!({ "t": table, "op": "delete", "id": id }));
    }

    pub async fn commit(self) -> End {
        match self.send().await {
            Ok(_) => End::Committed,
            Err(error) => {
                let error = error.as_db_error().expect("an answer of the server");
                let again = ["KX409", "40001", "40P01"].contains(&error.code().code());
                match error.column() {
                    None if again => End::Conflict,
                    field => End::Refused {
                        code: error.code().code().to_owned(),
                        message: error.message().to_owned(),
                        field: field.map(str::to_owned),
                    },
                }
            }
        }
    }

    /// The transaction's id; None where nothing was written.
    pub async fn send(&self) -> Result<Option<i64>, Error> {
        let sql =
            "SELECT kontract.commit($1, $2, $3::text::jsonb, $4::text::jsonb, $5::text::jsonb)";
        let reads: Vec<&Value> = self.reads.values().collect();
        let row = self
            .client
            .query_one(
                sql,
                &[
                    &self.key,
                    &self.id,
                    &json!(self.writes).to_string(),
                    &json!(reads).to_string(),
                    &json!(self.predicates).to_string(),
                ],
            )
            .await?;
        Ok(row.get(0))
    }
}

/// As `kontract._validate` has it.
fn digest(rows: &[Found]) -> String {
    let mut text = String::new();
    for (id, version, txid, ..) in rows {
        let _ = write!(text, "{version}:{txid}:{}:{id};", id.len());
    }
    hash::hex(text.as_bytes())
}
