//! Permission, users, unique values, and errors that are caught.

use std::rc::Rc;

use kontract_runtime::{
    failure::Failure,
    storage::{CallStorage, Query},
    value::Value,
};

use crate::world::{NONE, World, increment, local, rows, run};

#[tokio::test]
async fn an_error_that_is_caught_leaves_the_transaction_usable() {
    local(async {
        let world = World::new().await;
        let session = world.session("ada", 7).await;
        let users = world.table("users");
        run(&world, &session, async |call: Rc<CallStorage>| {
            let missing = call.update(users, "1".into(), r#"{"age":1}"#.into()).await;
            assert_eq!(missing.unwrap_err(), Failure::not_found("Row not found in table users"));
            call.push(users, Some("1".into()), r#"{"name":"Ada","email":"a@b"}"#.into()).await?;
            let again = call.push(users, Some("1".into()), r#"{"name":"Eve"}"#.into()).await;
            assert_eq!(again.unwrap_err(), Failure::conflict());
            call.update(users, "1".into(), r#"{"age":36}"#.into()).await
        })
        .await
        .unwrap();
        run(&world, &session, async |call: Rc<CallStorage>| {
            let fixed = Failure::permission_denied("Field 'email' is read-only");
            let update = call.update(users, "1".into(), r#"{"email":"x"}"#.into()).await;
            assert_eq!(update.unwrap_err(), fixed);
            let set = call.set(users, "1".into(), r#"{"name":"A","email":"x"}"#.into()).await;
            assert_eq!(set.unwrap_err(), fixed);
            // What is left out is kept.
            call.set(users, "1".into(), r#"{"name":"Countess"}"#.into()).await
        })
        .await
        .unwrap();
        let read = run(&world, &session, async |call| call.get(users, "1".into()).await).await;
        assert_eq!(&*read.unwrap().unwrap().data, r#"{"name": "Countess", "email": "a@b"}"#);
    })
    .await;
}

#[tokio::test]
async fn a_value_that_must_be_unique_is_named() {
    local(async {
        let world = World::new().await;
        let session = world.session("ada", 7).await;
        let users = world.table("users");
        let push = async |call: Rc<CallStorage>| {
            call.push(users, None, r#"{"name":"Ada","tag":"one"}"#.into()).await
        };
        run(&world, &session, push).await.unwrap();
        let taken = run(&world, &session, push).await.unwrap_err();
        assert_eq!((taken.status, taken.path.as_deref()), (409, Some("users.tag")));
        assert_eq!(taken.message, "Another row of users has this tag");
    })
    .await;
}

#[tokio::test]
async fn rows_of_an_owned_table_are_their_users_alone() {
    local(async {
        let world = World::new().await;
        let (ada, bob) = (world.session("ada", 7).await, world.session("bob", 7).await);
        let notes = world.table("notes");
        run(&world, &ada, async |call: Rc<CallStorage>| {
            call.set(notes, "1".into(), r#"{"text":"hers"}"#.into()).await
        })
        .await
        .unwrap();
        let denied = Failure::insufficient_permissions();
        run(&world, &bob, async |call: Rc<CallStorage>| {
            assert_eq!(call.get(notes, "1".into()).await?, None);
            assert_eq!(
                rows(Query::new(&call, notes, &Value::Undefined, &Value::Undefined)).await,
                NONE
            );
            let update = call.update(notes, "1".into(), r#"{"text":"his"}"#.into()).await;
            assert_eq!(update.unwrap_err(), denied);
            assert_eq!(call.delete(notes, "1".into()).await.unwrap_err(), denied);
            let push = call.push(notes, Some("1".into()), r#"{"text":"his"}"#.into()).await;
            assert_eq!(push.unwrap_err(), denied);
            Ok(())
        })
        .await
        .unwrap();
        let set = run(&world, &bob, async |call: Rc<CallStorage>| {
            call.set(notes, "1".into(), r#"{"text":"his"}"#.into()).await
        })
        .await;
        assert_eq!(set.unwrap_err(), denied);
    })
    .await;
}

#[tokio::test]
async fn permission_is_what_an_operation_needs_and_no_more() {
    local(async {
        let world = World::new().await;
        let all = world.session("ada", 7).await;
        let counters = world.table("counters");
        for id in ["a", "b", "c"] {
            run(&world, &all, async |call| increment(&call, counters, id).await).await.unwrap();
        }
        let (reader, writer, remover) =
            (world.session("r", 4).await, world.session("w", 2).await, world.session("x", 1).await);
        let update = async |call: Rc<CallStorage>| {
            call.update(counters, "a".into(), r#"{"n":7}"#.into()).await
        };
        run(&world, &writer, update).await.unwrap();
        let refused = run(&world, &reader, update).await.unwrap_err();
        assert_eq!(refused, Failure::permission_denied("Cannot write table counters"));
        let delete = async |call: Rc<CallStorage>| call.delete(counters, "a".into()).await;
        assert!(run(&world, &remover, delete).await.unwrap());
        let popped = run(&world, &remover, async |call| call.pop(counters).await).await.unwrap();
        assert_eq!(&*popped.unwrap().id, "c");
        let refused = run(&world, &writer, async |call| call.shift(counters).await).await;
        assert_eq!(
            refused.unwrap_err(),
            Failure::permission_denied("Cannot delete table counters")
        );
        let get = async |call: Rc<CallStorage>| call.get(counters, "b".into()).await;
        let refused = run(&world, &remover, get).await.unwrap_err();
        assert_eq!(refused, Failure::permission_denied("Cannot read table counters"));
    })
    .await;
}
