//! Many calls at once.

use std::{future::Future, rc::Rc, time::Duration};

use serde_json::json;
use tokio::task::{JoinSet, LocalSet};

use crate::{
    application::Database,
    call::{Call, End},
};

#[tokio::test]
async fn increments_of_one_row_are_all_counted() {
    let database = Rc::new(Database::new().await);
    write(&database, "counters", "set", "hot", json!({ "n": 0 })).await;
    each_of_eight(&database, |database, _| async move {
        let client = Rc::new(database.gateway().await);
        for _ in 0..50 {
            // A hot row: whoever loses tries again, with more patience each time.
            let mut attempt = 0;
            loop {
                let mut call = Call::on(&client, "alice");
                let n = call.get("counters", "hot").await.unwrap()["n"].as_i64().unwrap();
                call.write("counters", "set", "hot", json!({ "n": n + 1 }));
                match call.commit().await {
                    End::Committed => break,
                    End::Conflict => attempt += 1,
                    refused @ End::Refused { .. } => panic!("{refused:?}"),
                }
                tokio::time::sleep(Duration::from_millis(attempt)).await;
            }
        }
    })
    .await;
    let mut call = Call::begin(&database, "alice").await;
    assert_eq!(call.get("counters", "hot").await, Some(json!({ "n": 400 })));
}

#[tokio::test]
async fn writers_of_different_rows_never_conflict() {
    for rows in [100, 100_000] {
        let database = Rc::new(Database::new().await);
        fill_people(&database, rows).await;
        each_of_eight(&database, |database, writer| async move {
            let client = Rc::new(database.gateway().await);
            for turn in 0..25 {
                let mut call = Call::on(&client, "alice");
                // The index on `age` is what serializable transactions would conflict on.
                let id = format!("p{}", writer * 12 + turn % 12);
                let mut row = call.get("people", &id).await.unwrap();
                row["age"] = json!(turn);
                call.write("people", "set", &id, row);
                assert_eq!(call.commit().await, End::Committed, "{id}");
            }
        })
        .await;
    }
}

#[tokio::test]
async fn crosswise_reads_and_writes_never_deadlock() {
    let database = Rc::new(Database::new().await);
    for id in ["a", "b", "c"] {
        write(&database, "counters", "set", id, json!({ "n": 0 })).await;
        write(&database, "notes", "set", id, json!({ "text": "" })).await;
    }
    let committed = each_of_eight(&database, |database, writer| async move {
        let client = Rc::new(database.gateway().await);
        let mut committed = 0;
        for turn in 0..40 {
            let mut call = Call::on(&client, "alice");
            let mut ids = ["a", "b", "c"];
            ids.rotate_left((writer + turn) % 3);
            if writer % 2 == 0 {
                ids.reverse();
            }
            let tables = if turn % 2 == 0 { ["counters", "notes"] } else { ["notes", "counters"] };
            call.get(tables[0], ids[0]).await;
            call.query(tables[1], json!({})).await;
            let fresh = format!("{}-{turn}", ids[0]);
            for id in [ids[1], ids[2], &fresh] {
                for table in tables {
                    let row = json!({ "n": turn, "text": "" });
                    let field = if table == "notes" { "text" } else { "n" };
                    call.write(table, "set", id, json!({ field: row[field] }));
                }
            }
            committed += usize::from(call.commit().await == End::Committed);
        }
        committed
    })
    .await;
    assert!(committed.iter().sum::<usize>() > 0);
    no_deadlock(&database).await;
}

#[tokio::test]
async fn insertions_of_the_same_rows_in_opposite_orders_never_deadlock() {
    let database = Rc::new(Database::new().await);
    each_of_eight(&database, |database, writer| async move {
        let client = Rc::new(database.gateway().await);
        for turn in 0..40 {
            let mut ids: Vec<String> = (0..4).map(|n| format!("{turn}-{n}")).collect();
            if writer % 2 == 0 {
                ids.reverse();
            }
            let mut call = Call::on(&client, "alice");
            for id in ids {
                call.write("counters", "set", &id, json!({ "n": writer }));
            }
            assert_eq!(call.commit().await, End::Committed);
        }
    })
    .await;
    no_deadlock(&database).await;
    // Each set of four is one writer's.
    let owner = database.owner().await;
    let mixed = "SELECT count(*) FROM (SELECT split_part(id, '-', 1) FROM kdata.TABLE GROUP BY 1
                 HAVING count(DISTINCT data) > 1 OR count(*) <> 4) AS m";
    let mixed = mixed.replace("TABLE", &pointer(&owner, "counters").await);
    assert_eq!(owner.query_one(&mixed, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn what_eight_push_is_popped_once_each() {
    let database = Rc::new(Database::new().await);
    each_of_eight(&database, |database, writer| async move {
        let client = Rc::new(database.gateway().await);
        for turn in 0..50 {
            let mut call = Call::on(&client, "alice");
            call.write("counters", "insert", &format!("{writer}-{turn}"), json!({ "n": turn }));
            assert_eq!(call.commit().await, End::Committed);
        }
    })
    .await;
    let popped = each_of_eight(&database, |database, writer| async move {
        let client = Rc::new(database.gateway().await);
        let mut mine = Vec::new();
        let mut attempt = 0;
        loop {
            let mut call = Call::on(&client, "alice");
            let Some(id) = last(&client).await else { return mine };
            // Whoever was faster has made it absent.
            if call.get("counters", &id).await.is_none() {
                continue;
            }
            call.delete("counters", &id);
            match call.commit().await {
                End::Committed => mine.push(id),
                End::Conflict => attempt += 1,
                refused @ End::Refused { .. } => panic!("{refused:?}"),
            }
            tokio::time::sleep(Duration::from_millis((attempt + writer as u64) % 5)).await;
        }
    })
    .await;
    let mut ids: Vec<String> = popped.into_iter().flatten().collect();
    assert_eq!(ids.len(), 400);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 400);
}

async fn last(client: &tokio_postgres::Client) -> Option<String> {
    let sql = "SELECT p.rows::json #>> '{0,0}'
               FROM kontract.query_counters($1, NULL, NULL, true, NULL, NULL, 1, 1) AS p";
    client.query_one(sql, &[&crate::application::key("alice")]).await.unwrap().get(0)
}

/// Runs eight at once and returns what they gave, in their order.
async fn each_of_eight<T, F>(
    database: &Rc<Database>,
    work: impl Fn(Rc<Database>, usize) -> F,
) -> Vec<T>
where
    T: 'static,
    F: Future<Output = T> + 'static,
{
    let local = LocalSet::new();
    let mut tasks = JoinSet::new();
    for writer in 0..8 {
        let task = work(Rc::clone(database), writer);
        tasks.spawn_local_on(async move { (writer, task.await) }, &local);
    }
    let all = local.run_until(tasks.join_all());
    let all = tokio::time::timeout(Duration::from_mins(2), all).await;
    let mut all = all.expect("nobody waits for ever");
    all.sort_by_key(|(writer, _)| *writer);
    all.into_iter().map(|(_, result)| result).collect()
}

async fn write(database: &Database, table: &str, op: &str, id: &str, data: serde_json::Value) {
    let mut call = Call::begin(database, "alice").await;
    call.write(table, op, id, data);
    assert_eq!(call.commit().await, End::Committed);
}

/// Rows `p0`, `p1`, …
pub async fn fill_people(database: &Database, rows: i32) {
    let owner = database.owner().await;
    let table = pointer(&owner, "people").await;
    let sql = format!(
        "INSERT INTO kdata.{table} (id, data, _owner)
         SELECT 'p' || i, jsonb_build_object('email', 'e' || i, 'age', i % 100), 'alice' FROM generate_series(0, $1 - 1) AS i"
    );
    owner.execute(&sql, &[&rows]).await.unwrap();
    owner.batch_execute(&format!("ANALYZE kdata.{table}")).await.unwrap();
}

/// The physical name of a table.
pub async fn pointer(owner: &tokio_postgres::Client, table: &str) -> String {
    let sql = "SELECT ptr FROM kontract.storage WHERE owner = 'main' AND id = $1";
    owner.query_one(sql, &[&table]).await.unwrap().get(0)
}

async fn no_deadlock(database: &Database) {
    let sql = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    // Counted when a session ends or is idle.
    tokio::time::sleep(Duration::from_millis(1200)).await;
    let count: i64 = database.owner().await.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(count, 0, "{}", database.cluster.log());
}
