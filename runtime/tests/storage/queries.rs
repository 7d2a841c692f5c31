//! Queries, with what the call has written.

use std::rc::Rc;

use kontract_runtime::{
    storage::{CallStorage, CommitError, Query},
    value::Value,
};

use crate::world::{NONE, World, increment, local, object, rows, run};

#[tokio::test]
async fn a_query_merges_what_the_call_wrote() {
    local(async {
        let world = World::new().await;
        let session = world.session("ada", 7).await;
        let users = world.table("users");
        run(&world, &session, async |call: Rc<CallStorage>| {
            for (id, age) in [("a", 30), ("b", 10), ("c", 20), ("d", 40)] {
                call.set(users, id.into(), format!(r#"{{"age":{age}}}"#).into()).await?;
            }
            call.set(users, "none".into(), "{}".into()).await
        })
        .await
        .unwrap();
        let call = world.call(&session);
        call.set(users, "a".into(), r#"{"age":25}"#.into()).await.unwrap();
        call.push(users, Some("new".into()), r#"{"age":15}"#.into()).await.unwrap();
        call.delete(users, "c".into()).await.unwrap();
        let adults = object([("age", object([("gte", Value::Number(15.0))]))]);
        let ids = async |options: Value| {
            let found = rows(Query::new(&call, users, &adults, &options)).await;
            found.iter().map(|row| row.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(ids(Value::Undefined).await, ["a", "d", "new"]);
        let by_age = || ("orderBy", Value::String("age".to_owned()));
        assert_eq!(ids(object([by_age()])).await, ["new", "a", "d"]);
        let downwards = object([("age", Value::String("desc".to_owned()))]);
        assert_eq!(ids(object([("orderBy", downwards)])).await, ["d", "a", "new"]);
        assert_eq!(ids(object([by_age(), ("limit", Value::Number(2.0))])).await, ["new", "a"]);
        let all = Query::new(&call, users, &Value::Undefined, &object([by_age()]));
        let first = all.unwrap().page().await.unwrap();
        let ids: Vec<&str> = first.iter().map(|placed| &*placed.row.id).collect();
        assert_eq!(ids, ["none", "b", "new", "a", "d"]);
        call.commit().await.unwrap();
        let read = run(&world, &session, async |call| {
            Ok(rows(Query::new(&call, users, &adults, &Value::Undefined)).await)
        });
        assert_eq!(
            read.await.unwrap(),
            [r#"a {"age": 25}"#, r#"d {"age": 40}"#, r#"new {"age": 15}"#]
        );
    })
    .await;
}

#[tokio::test]
async fn cursors_continue_page_by_page_over_rows_of_every_kind() {
    local(async {
        let world = World::new().await;
        let session = world.session("ada", 7).await;
        let users = world.table("users");
        run(&world, &session, async |call: Rc<CallStorage>| {
            for (id, age) in [("a", "1"), ("b", "2"), ("c", "2"), ("d", "null"), ("e", "-1.5")] {
                call.set(users, id.into(), format!(r#"{{"age":{age}}}"#).into()).await?;
            }
            call.set(users, "f".into(), "{}".into()).await
        })
        .await
        .unwrap();
        for (direction, expected) in [("asc", "dfeabc"), ("desc", "cbaefd")] {
            let call = world.call(&session);
            let mut seen = String::new();
            let mut cursor = None;
            for _ in 0..10 {
                let order = object([("age", Value::String(direction.to_owned()))]);
                let mut options = vec![("orderBy", order), ("limit", Value::Number(1.0))];
                options.extend(cursor.take().map(|cursor| ("cursor", Value::String(cursor))));
                let mut query =
                    Query::new(&call, users, &Value::Undefined, &object(options)).unwrap();
                let page = query.page().await.unwrap();
                let Some(last) = page.last() else { break };
                seen.push_str(&last.row.id);
                cursor = Some(query.order().encode_cursor(&last.place));
            }
            assert_eq!(seen, expected, "{direction}");
            call.commit().await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn a_phantom_is_a_conflict() {
    local(async {
        let world = World::new().await;
        let session = world.session("ada", 7).await;
        let counters = world.table("counters");
        let call = world.call(&session);
        let found = rows(Query::new(&call, counters, &Value::Undefined, &Value::Undefined)).await;
        assert_eq!(found, NONE);
        run(&world, &session, async |call| increment(&call, counters, "a").await).await.unwrap();
        call.set(counters, "b".into(), r#"{"n":1}"#.into()).await.unwrap();
        assert!(matches!(call.commit().await, Err(CommitError::Conflict { .. })));
    })
    .await;
}

#[tokio::test]
async fn iteration_goes_over_more_than_one_page() {
    local(async {
        let world = World::new().await;
        let session = world.session("ada", 7).await;
        let counters = world.table("counters");
        run(&world, &session, async |call: Rc<CallStorage>| {
            for n in 0..1203 {
                call.push(counters, None, format!(r#"{{"n":{n}}}"#).into()).await?;
            }
            Ok(())
        })
        .await
        .unwrap();
        let call = world.call(&session);
        let found = rows(Query::new(&call, counters, &Value::Undefined, &Value::Undefined)).await;
        let numbers = found.iter().map(|row| row.split(' ').next_back().unwrap().to_owned());
        let expected = (0..1203).map(|n| format!("{n}}}"));
        assert!(numbers.eq(expected));
        call.commit().await.unwrap();
    })
    .await;
}
