//! What is old goes, and nothing else does.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use crate::{
    application::{Database, key},
    call::Call,
    concurrency::pointer,
};

#[tokio::test]
async fn tombstones_and_records_go_after_their_time_and_what_is_used_stays() {
    let database = Database::new().await;
    let (owner, gateway) = (database.owner().await, database.gateway().await);
    let table = pointer(&owner, "counters").await;
    let collect = async || {
        let row = gateway.query_one("SELECT kontract.collect(1)", &[]).await.unwrap();
        row.get::<_, i64>(0)
    };
    let ids = async || {
        let sql = format!("SELECT id FROM kdata.{table} ORDER BY id");
        let rows = owner.query(&sql, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect::<Vec<String>>()
    };
    let delete = async |id: &str| {
        let mut call = Call::begin(&database, "alice").await;
        call.delete("counters", id);
        call.id = Some(format!("delete {id}"));
        call.send().await.unwrap();
    };
    let mut call = Call::begin(&database, "alice").await;
    for id in ["kept", "old", "older", "recent", "revived"] {
        call.write("counters", "insert", id, json!({ "n": 1 }));
    }
    call.send().await.unwrap();
    for id in ["old", "older", "revived"] {
        delete(id).await;
    }
    let mut call = Call::begin(&database, "alice").await;
    call.write("counters", "set", "revived", json!({ "n": 2 }));
    call.send().await.unwrap();
    for (nth, ttl) in [(0, 0.0), (1, 600.0)] {
        let set = "SELECT kontract.shared_change($1, 'call', $2, '', 'set', $3, 'true', NULL, $4)";
        gateway.query(set, &[&key("alice"), &nth, &format!("key {nth}"), &ttl]).await.unwrap();
    }
    // Other databases of the server may have transactions that began before.
    let past = format!(
        "SELECT txid_snapshot_xmin(txid_current_snapshot()) > max(_deleted_txid) FROM kdata.{table}"
    );
    while !owner.query_one(&past, &[]).await.unwrap().get::<_, bool>(0) {
        sleep(Duration::from_millis(10)).await;
    }
    // What has expired goes at once; of the rest it is only noted when it was.
    assert_eq!(collect().await, 1);
    let past = "UPDATE kontract.marks SET at = at - interval '61 minutes';
        UPDATE kontract.calls SET at = at - interval '61 minutes' WHERE call_id <> 'delete older';
        UPDATE kontract.shared_changes SET at = at - interval '61 minutes' WHERE nth = 0";
    owner.batch_execute(past).await.unwrap();
    delete("recent").await;
    // Two rows, two records of calls, one of a change.
    assert_eq!(collect().await, 5);
    assert_eq!(ids().await, ["kept", "recent", "revived"]);
    assert_eq!(collect().await, 0);
    let left = "SELECT string_agg(call_id, ', ' ORDER BY call_id) FROM kontract.calls";
    let left: String = owner.query_one(left, &[]).await.unwrap().get(0);
    assert_eq!(left, "delete older, delete recent");
    let left = "SELECT string_agg(key, ', ') FROM kontract.shared";
    assert_eq!(owner.query_one(left, &[]).await.unwrap().get::<_, String>(0), "key 1");
    // A row that is made again begins anew, and a call that saw it before has a conflict.
    let mut call = Call::begin(&database, "alice").await;
    call.write("counters", "insert", "old", json!({ "n": 3 }));
    call.send().await.unwrap();
    let version = format!("SELECT _version FROM kdata.{table} WHERE id = 'old'");
    assert_eq!(owner.query_one(&version, &[]).await.unwrap().get::<_, i32>(0), 1);
}
