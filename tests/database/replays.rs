//! The chain from nothing to now, wherever its links were recorded.

use kontract::migrate::Record;
use serde_json::{Value, json};

use crate::journey::Journey;

const NAME: &str = "jsonb_build_object('name', 'n' || i, 'age', i)";

fn first() -> Value {
    json!({ "users": { "name": "string", "age": "number" } })
}

/// What development made first, a file changed next, and a later build added to.
fn last() -> Value {
    json!({ "users": { "title": "string", "age": "string", "note": "string?" }, "tags": {} })
}

/// Of all but the rows.
async fn schema(journey: &Journey) -> String {
    let owner = journey.database.owner().await;
    let sql = "SELECT jsonb_object_agg(id, description ORDER BY id)::text FROM kontract.tables";
    owner.query_one(sql, &[]).await.unwrap().get(0)
}

/// A database of development whose tables `kontract dev` made, changed by a file at somebody's word.
async fn developed() -> Journey {
    let mut journey = Journey::begin();
    journey.record = Record::Development;
    journey.up(&first()).await.unwrap();
    journey.fill("users", 3, NAME).await;
    assert_eq!(journey.links, []);
    journey.write(
        "0001_title",
        "await db.renameField('users', 'name', 'title'); \
         await db.transform('users', (r) => ({ ...r, age: String(r.age) }))",
        "await db.renameField('users', 'title', 'name'); \
         await db.transform('users', (r) => ({ ...r, age: Number(r.age) }))",
    );
    let waits = ["K210: this migration did not run in the database"];
    assert_eq!(journey.up(&last()).await.unwrap_err(), waits);
    assert_eq!(journey.count("users", "data ? 'name'").await, 3);
    journey.record = Record::Everything;
    journey.up(&last()).await.unwrap();
    assert_eq!(journey.count("users", "data ->> 'title' = 'n' || (data ->> 'age')").await, 3);
    journey
}

#[tokio::test]
async fn what_development_made_stands_in_the_chain_before_the_file_that_changes_it() {
    let journey = developed().await;
    let names: Vec<&str> = journey.links.iter().map(|link| link.name.as_str()).collect();
    assert_eq!(names, ["0001_create_users", "0001_title"]);
    // Nothing of the file's is said to have been there before.
    let made = serde_json::to_value(&journey.links[0].changes).unwrap();
    assert_eq!(made.as_array().unwrap().len(), 1);
    assert_eq!(made[0]["to"]["fields"]["age"]["kinds"], json!(["number"]));
}

#[tokio::test]
async fn the_chain_leads_from_nothing_and_from_any_older_point_to_the_same_schema() {
    let journey = developed().await;
    let goal = schema(&journey).await;
    for record in [Record::Development, Record::Everything, Record::Nothing] {
        let mut empty = journey.cloned();
        empty.record = record;
        let done = empty.up(&last()).await.unwrap();
        assert!(done.contains(&"run 0001_title".to_owned()), "{done:?}");
        assert_eq!(schema(&empty).await, goal);
        assert_eq!(empty.links, journey.links);
        assert_eq!(empty.up(&last()).await.unwrap(), [] as [String; 0]);
        assert_eq!(empty.look(&last()).await.drift, [] as [String; 0]);
    }

    // Production, from before the file.
    let mut old = journey.cloned();
    old.links.truncate(1);
    old.remove("0001_title");
    old.up(&first()).await.unwrap();
    old.fill("users", 2, NAME).await;
    let mut old = journey.cloned_into(old);
    old.record = Record::Nothing;
    old.up(&last()).await.unwrap();
    assert_eq!(schema(&old).await, goal);
    assert_eq!(old.count("users", "data ->> 'title' = 'n' || (data ->> 'age')").await, 2);

    // Another developer, whose own database has the tables and no link.
    let mut other = Journey::begin();
    other.record = Record::Development;
    other.up(&first()).await.unwrap();
    other.fill("users", 2, NAME).await;
    let mut other = journey.cloned_into(other);
    other.record = Record::Development;
    let waits = ["K210: this migration did not run in the database"];
    assert_eq!(other.up(&last()).await.unwrap_err(), waits);
    other.record = Record::Everything;
    other.up(&last()).await.unwrap();
    assert_eq!(schema(&other).await, goal);
    assert_eq!(other.links, journey.links);
}

#[tokio::test]
async fn what_is_taken_back_in_development_waits_for_a_word_and_may_be_removed() {
    let mut journey = developed().await;
    journey.record = Record::Development;
    // The file has been edited since it ran: what it says now takes it back.
    journey.write(
        "0001_title",
        "await db.renameField('users', 'name', 'title'); \
         await db.transform('users', (r) => ({ ...r, age: `${r.age}!` }))",
        "await db.renameField('users', 'title', 'name'); \
         await db.transform('users', (r) => ({ ...r, age: parseInt(r.age) }))",
    );
    let edited = ["K201: this migration was changed after the database went through it"];
    assert_eq!(journey.up(&last()).await.unwrap_err(), edited);
    journey.down(&last()).await.unwrap();
    assert_eq!(journey.count("users", "data ->> 'name' = 'n' || (data ->> 'age')").await, 3);
    let names: Vec<&str> = journey.links.iter().map(|link| link.name.as_str()).collect();
    assert_eq!(names, ["0001_create_users"]);
    let waits = ["K210: this migration did not run in the database"];
    for _ in 0..2 {
        assert_eq!(journey.up(&last()).await.unwrap_err(), waits);
    }
    journey.remove("0001_title");
    assert_eq!(journey.up(&first()).await.unwrap(), [] as [String; 0]);
    assert_eq!(journey.links.len(), 1);
}

#[tokio::test]
async fn a_build_that_needs_no_other_schema_does_not_wait_for_a_file() {
    let mut journey = Journey::begin();
    journey.record = Record::Development;
    journey.up(&first()).await.unwrap();
    journey.fill("users", 1, NAME).await;
    journey.write("0002_shout", "await db.transform('users', () => null)", "");
    let applied = journey.with(&first(), async |order| kontract::migrate::up(order).await).await;
    let applied = applied.unwrap();
    assert_eq!(applied.waiting[0].as_str(), "migrations/0002_shout.ts");
    assert_eq!(applied.migrations, [] as [String; 0]);
    assert_eq!(journey.count("users", "true").await, 1);
}
