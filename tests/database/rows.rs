//! What single operations do.

use std::cmp::Ordering;

use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::{
    application::{Database, key},
    call::{Call, End},
    concurrency::pointer,
};

#[tokio::test]
async fn a_row_counts_its_versions_and_comes_back_with_the_next() {
    let database = Database::new().await;
    for (n, op) in [(1, "insert"), (2, "set"), (3, "update")] {
        write(&database, "alice", "counters", op, "a", json!({ "n": n })).await;
    }
    let owner = database.owner().await;
    let gateway = database.gateway().await;
    assert_eq!(version(&gateway, "a").await, Some(3));
    let mut call = Call::begin(&database, "alice").await;
    call.delete("counters", "a");
    assert_eq!(call.commit().await, End::Committed);
    assert_eq!(version(&gateway, "a").await, None);
    write(&database, "bob", "counters", "set", "a", json!({ "n": 5 })).await;
    assert_eq!(version(&gateway, "a").await, Some(5));
    let sql = format!("SELECT _owner FROM kdata.{}", pointer(&owner, "counters").await);
    assert_eq!(owner.query_one(&sql, &[]).await.unwrap().get::<_, &str>(0), "bob");
}

#[tokio::test]
async fn what_is_gone_or_there_already_is_a_conflict() {
    let database = Database::new().await;
    write(&database, "alice", "counters", "insert", "a", json!({ "n": 1 })).await;
    for (op, id) in [("insert", "a"), ("update", "b"), ("delete", "b")] {
        let mut call = Call::begin(&database, "alice").await;
        call.write("counters", op, id, json!({ "n": 2 }));
        assert_eq!(call.commit().await, End::Conflict, "{op}");
    }
}

#[tokio::test]
async fn new_rows_stand_in_the_order_in_which_they_were_written() {
    let database = Database::new().await;
    let mut call = Call::begin(&database, "alice").await;
    for id in ["c", "a", "b"] {
        call.write("counters", "insert", id, json!({ "n": 1 }));
    }
    assert_eq!(call.commit().await, End::Committed);
    let mut call = Call::begin(&database, "alice").await;
    // Removed and made again: the last.
    call.delete("counters", "c");
    call.write("counters", "set", "c", json!({ "n": 2 }));
    assert_eq!(call.commit().await, End::Committed);
    let gateway = database.gateway().await;
    assert_eq!(ids(&gateway, "counters", json!({}), None, false).await, ["a", "b", "c"]);
    assert_eq!(ids(&gateway, "counters", json!({}), None, true).await, ["c", "b", "a"]);
}

#[tokio::test]
async fn a_commit_that_is_sent_twice_happens_once() {
    let database = Database::new().await;
    let mut call = Call::begin(&database, "alice").await;
    call.id = Some("call".to_owned());
    call.get("counters", "a").await;
    call.write("counters", "insert", "a", json!({ "n": 1 }));
    let first = call.send().await.unwrap();
    assert!(first.is_some());
    assert_eq!(call.send().await.unwrap(), first);
    // Of another session it is another call.
    let mut call = Call::begin(&database, "bob").await;
    call.id = Some("call".to_owned());
    call.write("counters", "update", "a", json!({ "n": 2 }));
    assert_ne!(call.send().await.unwrap(), first);
}

#[tokio::test]
async fn a_user_sees_and_changes_his_own_rows_of_an_owned_table() {
    let database = Database::new().await;
    write(&database, "alice", "notes", "set", "a", json!({ "text": "hers" })).await;
    let mut call = Call::begin(&database, "bob").await;
    assert_eq!(call.get("notes", "a").await, None);
    assert!(call.query("notes", json!({})).await.is_empty());
    assert_eq!(call.count("notes", json!({})).await, 0);
    assert_eq!(call.commit().await, End::Committed);
    for op in ["set", "insert", "update", "delete"] {
        let mut call = Call::begin(&database, "bob").await;
        call.write("notes", op, "a", json!({ "text": "his" }));
        let refused = refusal(call.commit().await);
        assert_eq!(
            refused,
            ("KX403".to_owned(), "Insufficient permissions".to_owned(), None),
            "{op}"
        );
    }
    // Its id tells who asks that the row is not his.
    let rows = database
        .gateway()
        .await
        .query("SELECT id, data FROM kontract.get_notes($1, '{a}')", &[&key("bob")])
        .await
        .unwrap();
    assert_eq!(rows[0].get::<_, Option<&str>>(0), Some("a"));
    assert_eq!(rows[0].get::<_, Option<&str>>(1), None);
}

#[tokio::test]
async fn sessions_need_the_permission_of_each_operation() {
    let database = Database::new().await;
    write(&database, "alice", "counters", "set", "a", json!({ "n": 1 })).await;
    for (op, message) in
        [("set", "Cannot write table counters"), ("delete", "Cannot delete table counters")]
    {
        let mut call = Call::begin(&database, "reader").await;
        call.get("counters", "a").await;
        call.write("counters", op, "a", json!({ "n": 2 }));
        assert_eq!(refusal(call.commit().await), ("KX403".into(), message.into(), None));
    }
    let gateway = database.gateway().await;
    let error = |sql: &'static str, user: &'static str| {
        let gateway = &gateway;
        async move {
            let error = gateway.query(sql, &[&key(user)]).await.unwrap_err();
            let error = error.as_db_error().unwrap();
            (error.code().code().to_owned(), error.message().to_owned())
        }
    };
    let unauthorized = ("KX401".to_owned(), "Unauthorized".to_owned());
    assert_eq!(error("SELECT kontract.get_counters($1, '{a}')", "nobody").await, unauthorized);
    assert_eq!(error("SELECT kontract.count_counters($1, '{}')", "nobody").await, unauthorized);
    assert_eq!(
        error("SELECT kontract.commit($1, NULL, '[]', '[]', '[]')", "nobody").await,
        unauthorized
    );
    assert_eq!(
        error("SELECT kontract.get_counters($1, '{a}', 2)", "reader").await,
        ("KX403".to_owned(), "Cannot write table counters".to_owned())
    );
    assert_eq!(
        error(r#"SELECT kontract.commit($1, NULL, '[{"t":"nowhere","op":"set","id":"a","data":{}}]', '[]', '[]')"#, "alice").await,
        ("KX404".to_owned(), "Table nowhere not found".to_owned())
    );
    assert_eq!(
        error(
            r#"SELECT kontract.commit($1, NULL, '[{"op":"set","id":"a","data":{}}]', '[]', '[]')"#,
            "alice"
        )
        .await
        .0,
        "KX404"
    );
}

#[tokio::test]
async fn constraints_name_the_field_that_they_are_about() {
    let database = Database::new().await;
    write(&database, "alice", "people", "set", "a", json!({ "email": "a@x", "role": "chief" }))
        .await;
    write(&database, "alice", "people", "set", "b", json!({ "email": "b@x" })).await;
    let cases = [
        (
            "set",
            "c",
            json!({ "email": "a@x" }),
            "KX409",
            "Another row of people has this email",
            "email",
        ),
        ("set", "c", json!({ "age": 1 }), "KX400", "people.email: expected string", "email"),
        (
            "set",
            "c",
            json!({ "email": "c@x", "age": "old" }),
            "KX400",
            "people.age: expected number",
            "age",
        ),
        ("update", "a", json!({ "role": "nobody" }), "KX403", "Field 'role' is read-only", "role"),
        (
            "set",
            "b",
            json!({ "email": "b@x", "role": "nobody" }),
            "KX403",
            "Field 'role' is read-only",
            "role",
        ),
    ];
    for (op, id, data, code, message, field) in cases {
        let mut call = Call::begin(&database, "alice").await;
        call.write("people", op, id, data);
        let wanted = (code.to_owned(), message.to_owned(), Some(field.to_owned()));
        assert_eq!(refusal(call.commit().await), wanted);
    }
    let mut call = Call::begin(&database, "alice").await;
    // Of many different characters, since PostgreSQL compresses what repeats itself.
    let long: String =
        (0..20_000_u32).filter_map(|n| char::from_u32(0x4e00 + n * 7919 % 20_000)).collect();
    call.write("people", "set", "c", json!({ "email": long }));
    let (code, message, _) = refusal(call.commit().await);
    assert_eq!(
        (code.as_str(), message.as_str()),
        ("KX400", "A value is too long for the index of its field")
    );
    // What is not sent stays; what is unique in a removed row is free.
    write(&database, "alice", "people", "set", "a", json!({ "email": "new@x" })).await;
    let mut call = Call::begin(&database, "alice").await;
    assert_eq!(call.get("people", "a").await, Some(json!({ "email": "new@x", "role": "chief" })));
    call.delete("people", "b");
    call.write("people", "insert", "a2", json!({ "email": "b@x" }));
    assert_eq!(call.commit().await, End::Committed);
}

#[tokio::test]
async fn filters_take_what_they_say() {
    let database = Database::new().await;
    let rows = [
        json!({ "email": "a", "age": 9, "city": "Bern", "tags": ["x", "y"] }),
        json!({ "email": "b", "age": 10, "city": null, "tags": ["y"] }),
        json!({ "email": "c", "age": 10.5, "city": "Basel" }),
        json!({ "email": "d", "city": "bern", "free": "10", "other": [1] }),
        json!({ "email": "e'\\$$", "age": 100, "city": "Ber", "free": 10, "big": "9007199254740993" }),
    ];
    for (place, row) in rows.iter().enumerate() {
        write(&database, "alice", "people", "set", &place.to_string(), row.clone()).await;
    }
    let gateway = database.gateway().await;
    let cases = [
        (json!({}), "01234"),
        (json!({ "contains": { "city": "Bern" } }), "0"),
        (json!({ "contains": { "city": null } }), "1"),
        (json!({ "contains": { "age": 10 } }), "1"),
        (json!({ "contains": { "tags": ["y"] } }), "01"),
        (json!({ "contains": { "email": "e'\\$$" } }), "4"),
        (json!({ "where": [["age", "gt", "number", 9]] }), "124"),
        (json!({ "where": [["age", "gte", "number", 9], ["age", "lt", "number", 10.5]] }), "01"),
        (json!({ "where": [["city", "startsWith", "text", "Ber"]] }), "04"),
        (json!({ "where": [["city", "startsWith", "text", "B%"]] }), ""),
        (json!({ "where": [["city", "lte", "text", "Ber"]] }), "24"),
        (json!({ "where": [["city", "in", "any", ["Bern", null]]] }), "01"),
        (json!({ "where": [["age", "in", "any", [9, "10", 100]]] }), "04"),
        (json!({ "where": [[null, "in", "any", ["1", "3", 4]]] }), "13"),
        (json!({ "where": [[null, "gt", "text", "2"]] }), "34"),
        (json!({ "where": [["free", "in", "any", [10]]] }), "4"),
        (json!({ "where": [["other", "in", "any", [1]]] }), ""),
        (json!({ "where": [["free", "gt", "number", 1]] }), "4"),
        (json!({ "where": [["free", "gt", "text", "1"]] }), "3"),
        (json!({ "where": [["big", "gt", "bigint", "9007199254740992"]] }), "4"),
        (json!({ "where": [["free", "gt", "bigint", "1"]] }), "3"),
        (
            json!({ "where": [["city", "gt", "text", "' OR true --"], ["x' OR true --", "in", "any", [1]]] }),
            "",
        ),
    ];
    for (filter, expected) in cases {
        let found = ids(&gateway, "people", filter.clone(), None, false).await.concat();
        assert_eq!(found, expected, "{filter}");
        let sql = "SELECT n FROM kontract.count_people($1, $2::text::jsonb)";
        let row = gateway.query_one(sql, &[&key("alice"), &filter.to_string()]).await.unwrap();
        assert_eq!(row.get::<_, i64>(0), i64::try_from(expected.len()).unwrap(), "{filter}");
    }
}

#[tokio::test]
async fn pages_follow_each_other_in_every_order() {
    let database = Database::new().await;
    let mut call = Call::begin(&database, "alice").await;
    for n in 0..60_u32 {
        let mut row = json!({ "email": format!("e{n}") });
        if n % 5 != 0 {
            row["age"] = json!(f64::from(n * 7 % 11) / 2.0);
        }
        if n % 4 != 0 {
            row["city"] = if n % 3 == 0 {
                Value::Null
            } else {
                json!(["b", "B", "ab", "é"][n as usize % 4])
            };
        }
        call.write("people", "insert", &format!("{n:02}"), row);
    }
    assert_eq!(call.commit().await, End::Committed);
    let gateway = database.gateway().await;
    for order in [None, Some("age"), Some("city"), Some("email")] {
        for descending in [false, true] {
            let whole = ids(&gateway, "people", json!({}), order, descending).await;
            assert_eq!(whole.len(), 60);
            assert_sorted(&gateway, order, descending).await;
            for size in [1, 7] {
                let paged = pages(&gateway, order, descending, size).await;
                assert_eq!(paged, whole, "{order:?} {descending} by {size}");
            }
        }
    }
}

/// What is asked most has plans that are kept: they must find what a query finds that is planned when it
/// is asked, and read an index however small the table was when they were made.
#[tokio::test]
async fn plans_that_are_kept_find_the_same_by_an_index() {
    let database = Database::new().await;
    let owner = database.owner().await;
    let find = |table: &str, (filter, order, descending, after): &Question| {
        let order = order.map_or("NULL".to_owned(), |order| format!("'{order}'"));
        let after = after.map_or("NULL".to_owned(), |after| after.to_string());
        let given = format!("'{filter}'::jsonb, {order}, {descending}");
        let relation = format!(
            "(SELECT 'kdata.' || s.ptr FROM kontract.storage AS s WHERE s.owner = 'main' AND s.id = '{table}')::regclass"
        );
        let caller = if table == "notes" { "'alice'" } else { "NULL" };
        let classes =
            format!("(SELECT t.classes FROM kontract.tables AS t WHERE t.id = '{table}')");
        (
            format!("kontract._find_{table}('alice', {given}, {after}, 7, told)"),
            format!(
                "kontract._query('{table}', {relation}, {caller}, {classes}, {given}, NULL, {after}, 7, told)"
            ),
        )
    };
    let mut questions: Vec<(&str, Question)> = Vec::new();
    for descending in [false, true] {
        for after in [None, Some(9)] {
            questions.push(("people", (json!({}), None, descending, after)));
            questions.push(("notes", (json!({}), None, descending, after)));
            for part in
                [json!({ "city": "b" }), json!({ "age": 2 }), json!({ "age": 2, "role": "r0" })]
            {
                let filter = json!({ "contains": part });
                questions.push(("people", (filter, None, descending, after)));
            }
        }
        for order in ["age", "city"] {
            questions.push(("people", (json!({}), Some(order), descending, None)));
        }
        for part in
            [json!({ "city": "b" }), json!({ "email": "e7" }), json!({ "age": 2, "role": "r0" })]
        {
            for order in ["", "age", "email", "role"] {
                let filter = json!({ "contains": part });
                questions.push(("people", (filter, Some(order), descending, None)));
            }
        }
    }
    let scans = "SELECT coalesce(sum(seq_scan), 0)::bigint FROM pg_stat_xact_all_tables WHERE schemaname = 'kdata'";
    for grown in [false, true] {
        if grown {
            for (user, others) in [("alice", 0), ("bob", 100)] {
                let mut call = Call::begin(&database, user).await;
                for n in others..others + 60_u32 {
                    let mut row =
                        json!({ "email": format!("e{n}"), "role": format!("r{}", n % 2) });
                    if n % 5 != 0 {
                        row["age"] = json!(n * 7 % 4);
                    }
                    if n % 4 != 0 {
                        row["city"] = if n % 3 == 0 {
                            Value::Null
                        } else {
                            json!(["b", "B"][n as usize % 2])
                        };
                    }
                    call.write("people", "insert", &format!("{n:02}"), row);
                    call.write("notes", "insert", &format!("{n:02}"), json!({ "text": "a" }));
                }
                assert_eq!(call.commit().await, End::Committed);
            }
        }
        for (table, question) in &questions {
            let (kept, planned) = find(table, question);
            for told in [false, true] {
                let sql =
                    |call: &str| format!("SELECT {}", call.replace("told", &told.to_string()));
                // Within one transaction, so that no counter is reset in between.
                owner.batch_execute("BEGIN").await.unwrap();
                let before: i64 = owner.query_one(scans, &[]).await.unwrap().get(0);
                let kept: Option<String> = owner.query_one(&sql(&kept), &[]).await.unwrap().get(0);
                let after: i64 = owner.query_one(scans, &[]).await.unwrap().get(0);
                assert_eq!(after, before, "{table} {question:?}");
                let planned: String = owner.query_one(&sql(&planned), &[]).await.unwrap().get(0);
                owner.batch_execute("COMMIT").await.unwrap();
                assert_eq!(planned.is_empty(), !grown, "{table} {question:?}");
                assert_eq!(kept, Some(planned), "{table} {question:?}");
            }
        }
    }
}

/// Filter, order, whether descending, and the place to continue after.
type Question = (Value, Option<&'static str>, bool, Option<i64>);

#[tokio::test]
async fn tombstones_and_records_of_calls_are_collected_when_they_are_old() {
    let database = Database::new().await;
    write(&database, "alice", "counters", "set", "a", json!({ "n": 1 })).await;
    let mut call = Call::begin(&database, "alice").await;
    call.id = Some("call".to_owned());
    call.delete("counters", "a");
    assert_eq!(call.commit().await, End::Committed);
    let gateway = database.gateway().await;
    let owner = database.owner().await;
    let collect = || async {
        let row = gateway.query_one("SELECT kontract.collect(0)", &[]).await.unwrap();
        row.get::<_, i64>(0)
    };
    // Transactions of other tests hold the horizon back for as long as they run.
    let passed = "SELECT bool_and(_deleted_txid < txid_snapshot_xmin(txid_current_snapshot()))
                  FROM kdata.TABLE";
    let passed = passed.replace("TABLE", &pointer(&owner, "counters").await);
    for _ in 0..200 {
        if owner.query_one(&passed, &[]).await.unwrap().get(0) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(collect().await, 0);
    // As if two hours had passed.
    let age = "UPDATE kontract.marks SET at = at - interval '2 hours';
               UPDATE kontract.calls SET at = at - interval '2 hours';";
    owner.batch_execute(age).await.unwrap();
    assert_eq!(collect().await, 2);
    assert_eq!(collect().await, 0);
}

/// The rows' order as the server sorts them must be the one that is promised.
async fn assert_sorted(gateway: &Client, order: Option<&str>, descending: bool) {
    let sql = found(
        "q.value -> 4 ->> $2, (q.value ->> 3)::bigint",
        "people($1, NULL, $2, $3, NULL, NULL, 1000)",
    );
    let rows = gateway.query(&sql, &[&key("alice"), &order, &descending]).await.unwrap();
    let numbers = order == Some("age");
    let mut keys: Vec<(Option<f64>, Option<String>, i64)> = rows
        .iter()
        .map(|row| {
            let text: Option<String> = row.get(0);
            let number = text.as_ref().filter(|_| numbers).map(|text| text.parse().unwrap());
            (number, text.filter(|_| !numbers), row.get(1))
        })
        .collect();
    if descending {
        keys.reverse();
    }
    // None, which stands for null and absent, is less than any value; texts compare by bytes.
    assert!(keys.is_sorted_by(|a, b| a.partial_cmp(b).is_some_and(Ordering::is_lt)), "{order:?}");
}

async fn pages(gateway: &Client, order: Option<&str>, descending: bool, size: i32) -> Vec<String> {
    let sql = found(
        "q.value ->> 0, q.value -> 4 ->> $2, (q.value ->> 3)::bigint",
        "people($1, '{}', $2, $3, $4, $5, $6)",
    );
    let mut found = Vec::new();
    let mut after: (Option<String>, Option<i64>) = (None, None);
    for _ in 0..100 {
        let rows = gateway
            .query(&sql, &[&key("alice"), &order, &descending, &after.0, &after.1, &size])
            .await
            .unwrap();
        for row in &rows {
            found.push(row.get(0));
            after = (row.get(1), row.get(2));
        }
        if found.len() % usize::try_from(size).unwrap() != 0 || rows.is_empty() {
            return found;
        }
    }
    panic!("pages without end")
}

async fn ids(
    gateway: &Client,
    table: &str,
    filter: Value,
    order: Option<&str>,
    descending: bool,
) -> Vec<String> {
    let sql =
        found("q.value ->> 0", &format!("{table}($1, $2::text::jsonb, $3, $4, NULL, NULL, 1000)"));
    let rows = gateway
        .query(&sql, &[&key("alice"), &filter.to_string(), &order, &descending])
        .await
        .unwrap();
    rows.iter().filter_map(|row| row.get(0)).collect()
}

/// The statement for something of each row that a query finds, in their order.
fn found(what: &str, query: &str) -> String {
    format!(
        "SELECT {what} FROM kontract.query_{query} AS p,
         json_array_elements(p.rows::json) WITH ORDINALITY AS q ORDER BY q.ordinality"
    )
}

async fn version(gateway: &Client, id: &str) -> Option<i32> {
    let sql = "SELECT version FROM kontract.get_counters($1, $2)";
    gateway.query_one(sql, &[&key("alice"), &vec![id]]).await.unwrap().get(0)
}

async fn write(database: &Database, user: &str, table: &str, op: &str, id: &str, data: Value) {
    let mut call = Call::begin(database, user).await;
    call.write(table, op, id, data);
    assert_eq!(call.commit().await, End::Committed, "{op} {id}");
}

fn refusal(end: End) -> (String, String, Option<String>) {
    match end {
        End::Refused { code, message, field } => (code, message, field),
        other => panic!("{other:?}"),
    }
}
