//! Tables that rows are taken from as fast as they come.

use serde_json::json;
use tokio_postgres::Client;

use crate::{
    application::{Database, key, tables},
    call::{Call, End},
    concurrency::pointer,
};

/// Removed rows stay for an hour: whoever takes the first row must not look at all of them.
#[tokio::test]
async fn the_first_row_is_found_past_a_hundred_thousand_removed_ones() {
    let database = Database::new().await;
    let (owner, gateway) = (database.owner().await, database.gateway().await);
    let relation = format!("kdata.{}", pointer(&owner, "counters").await);
    let fill = format!(
        "INSERT INTO {relation} (id, data, _owner, _deleted_txid)
         SELECT 'gone ' || n, '{{\"n\":1}}', 'alice', txid_current() FROM generate_series(1, 100000) AS n"
    );
    owner.batch_execute(&fill).await.unwrap();
    let mut call = Call::begin(&database, "alice").await;
    for id in ["a", "b", "c"] {
        call.write("counters", "insert", id, json!({ "n": 1 }));
    }
    assert_eq!(call.commit().await, End::Committed);
    let first = format!(
        "SELECT id FROM {relation} AS r WHERE r._deleted_txid IS NULL ORDER BY r._order LIMIT 1"
    );
    // Before PostgreSQL knows how many of the rows are gone, and after.
    for (statistics, taken) in [("SELECT", "a"), ("ANALYZE", "b")] {
        owner.batch_execute(statistics).await.unwrap();
        let pages = pages_of(&owner, &first).await;
        assert!(pages < 10, "{pages} pages");
        let take = "SELECT id FROM kontract.take_counters($1, $2, false)";
        let row = gateway.query_one(take, &[&key("alice"), &taken]).await.unwrap();
        assert_eq!(row.get::<_, &str>(0), taken);
    }
    // A database of an earlier version is without the index, until it is brought up to date.
    let index = "SELECT indexname::text FROM pg_indexes WHERE indexname LIKE 'live_counters_%'";
    let name: String = owner.query_one(index, &[]).await.unwrap().get(0);
    let older = format!("DROP INDEX kdata.{name}; UPDATE kontract.base SET hash = 'older'");
    owner.batch_execute(&older).await.unwrap();
    assert!(pages_of(&owner, &first).await > 100);
    database.migrate(&tables()).await.unwrap();
    assert!(pages_of(&owner, &first).await < 10);
}

/// How many pages a query looks at.
async fn pages_of(owner: &Client, sql: &str) -> u64 {
    let plan = owner.query(&format!("EXPLAIN (ANALYZE, BUFFERS) {sql}"), &[]).await.unwrap();
    let mut lines = plan.iter().map(|line| line.get::<_, String>(0));
    let buffers = lines.find_map(|line| Some(line.split_once("Buffers: ")?.1.to_owned()));
    let counts = buffers.unwrap();
    counts
        .split('=')
        .skip(1)
        .map(|rest| rest.split(' ').next().unwrap().parse::<u64>().unwrap())
        .sum()
}
