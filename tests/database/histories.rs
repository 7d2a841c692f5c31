//! Histories of schemas, gone through on tables with rows, back, and through again: no value is lost.
//! A few rows here; 100 000 under `KONTRACT_PROVE=1`.

use std::env;

use serde_json::{Value, json};

use crate::journey::Journey;

/// A version of the sources: the fields of `users`, and the bodies of a migration file if it needs one.
struct Version {
    tables: Value,
    file: Option<(&'static str, &'static str)>,
}

fn version(tables: Value) -> Version {
    Version { tables, file: None }
}

fn with_file(tables: Value, up: &'static str, down: &'static str) -> Version {
    Version { tables, file: Some((up, down)) }
}

/// `data` makes the rows of the first version; what they hold at the end satisfies `holds`.
async fn history(data: &str, versions: &[Version], holds: &str) {
    let rows = if env::var_os("KONTRACT_PROVE").is_some() { 100_000 } else { 40 };
    let mut journey = Journey::begin();
    journey.up(&versions[0].tables).await.unwrap();
    journey.fill(&table(&versions[0]), rows, data).await;
    let mut digests = vec![digest(&journey, &versions[0]).await];
    let mut links = vec![journey.links.len()];
    for (index, version) in versions.iter().enumerate().skip(1) {
        if let Some((up, down)) = version.file {
            journey.write(&format!("{:04}_step", index + 100), up, down);
        }
        journey.up(&version.tables).await.unwrap_or_else(|wrong| panic!("{index}: {wrong:?}"));
        digests.push(digest(&journey, version).await);
        links.push(journey.links.len());
    }
    let last = &versions[versions.len() - 1];
    assert_eq!(journey.count(&table(last), holds).await, i64::from(rows), "{holds}");
    assert_eq!(journey.look(&last.tables).await.drift, [] as [String; 0]);
    for index in (0..versions.len() - 1).rev() {
        for _ in links[index]..links[index + 1] {
            journey
                .down(&versions[index].tables)
                .await
                .unwrap_or_else(|wrong| panic!("back to {index}: {wrong:?}"));
        }
        assert_eq!(digest(&journey, &versions[index]).await, digests[index], "back at {index}");
        assert_eq!(journey.look(&versions[index].tables).await.drift, [] as [String; 0]);
    }
    journey.up(&last.tables).await.unwrap_or_else(|wrong| panic!("again: {wrong:?}"));
    assert_eq!(digest(&journey, last).await, digests[digests.len() - 1], "at the end again");
    assert_eq!(journey.look(&last.tables).await.planned.len(), 0);
}

/// The name of a version's first table.
fn table(version: &Version) -> String {
    let name = version.tables.as_object().unwrap().keys().next().unwrap();
    name.split(' ').next().unwrap().to_owned()
}

async fn digest(journey: &Journey, version: &Version) -> Option<String> {
    let fields = version.tables.as_object().unwrap().values().next().unwrap();
    let fields: Vec<&str> = fields.as_object().unwrap().keys().map(String::as_str).collect();
    journey.digest(&table(version), &fields).await
}

macro_rules! histories {
    ($($name:ident: $data:literal, [$($version:expr),+ $(,)?], $holds:literal;)+) => {$(
        #[tokio::test]
        async fn $name() {
            history($data, &[$($version),+], $holds).await;
        }
    )+};
}

histories! {
    an_optional_field_is_added: "jsonb_build_object('name', 'n' || i)", [
        version(json!({ "users": { "name": "string" } })),
        version(json!({ "users": { "name": "string", "nick": "string?" } })),
    ], "data ->> 'name' = 'n' || id";
    a_required_field_with_a_default_is_added: "jsonb_build_object('name', 'n' || i)", [
        version(json!({ "users": { "name": "string" } })),
        version(json!({ "users": { "name": "string", "level": "number default=3" } })),
    ], "data -> 'level' = '3'";
    a_required_field_is_filled_by_a_file: "jsonb_build_object('name', 'n' || i)", [
        version(json!({ "users": { "name": "string" } })),
        with_file(json!({ "users": { "name": "string", "mail": "string unique" } }),
            "await db.transform('users', (r) => ({ ...r, mail: r.name + '@example.org' }))",
            "await db.transform('users', ({ mail, ...r }) => r)"),
    ], "data ->> 'mail' = 'n' || id || '@example.org'";
    a_field_without_values_is_removed: "jsonb_build_object('name', 'n' || i)", [
        version(json!({ "users": { "name": "string", "nick": "string? index" } })),
        version(json!({ "users": { "name": "string" } })),
    ], "data ->> 'name' = 'n' || id";
    a_field_with_values_is_put_elsewhere_by_a_file: "jsonb_build_object('name', 'n' || i, 'nick', 'k' || i)", [
        version(json!({ "users": { "name": "string", "nick": "string" } })),
        with_file(json!({ "users": { "name": "string", "old": { "nick": "string" } } }),
            "await db.transform('users', ({ nick, ...r }) => ({ ...r, old: { nick } }))",
            "await db.transform('users', ({ old, ...r }) => ({ ...r, nick: old.nick }))"),
    ], "data #>> '{old,nick}' = 'k' || id";
    a_field_may_hold_more: "jsonb_build_object('age', i)", [
        version(json!({ "users": { "age": "number" } })),
        version(json!({ "users": { "age": "number? null index" } })),
    ], "data ->> 'age' = id";
    a_field_of_numbers_becomes_one_of_texts: "jsonb_build_object('age', i)", [
        version(json!({ "users": { "age": "number index" } })),
        with_file(json!({ "users": { "age": "string index" } }),
            "await db.transform('users', (r) => ({ ...r, age: 'a' + r.age }))",
            "await db.transform('users', (r) => ({ ...r, age: Number(r.age.slice(1)) }))"),
    ], "data ->> 'age' = 'a' || id";
    a_field_is_renamed_in_the_source: "jsonb_build_object('old_email', 'e' || i)", [
        version(json!({ "users": { "old_email": "string unique" } })),
        version(json!({ "users": { "email": "string unique from=old_email" } })),
    ], "data ->> 'email' = 'e' || id AND NOT data ? 'old_email'";
    a_field_is_renamed_and_may_hold_more: "jsonb_build_object('a', 'e' || i)", [
        version(json!({ "users": { "a": "string" } })),
        version(json!({ "users": { "b": "string? null from=a" } })),
        version(json!({ "users": { "c": "string? null from=b", "d": "number default=1" } })),
    ], "data ->> 'c' = 'e' || id AND data -> 'd' = '1'";
    a_field_is_renamed_by_a_file: "jsonb_build_object('old_email', 'e' || i)", [
        version(json!({ "users": { "old_email": "string index" } })),
        with_file(json!({ "users": { "email": "string index" } }),
            "await db.renameField('users', 'old_email', 'email'); await db.updateSchema('users', { email: { type: 'string', perm: 0b100, index: true } })",
            "await db.renameField('users', 'email', 'old_email')"),
    ], "data ->> 'email' = 'e' || id";
    a_field_is_split: "jsonb_build_object('name', 'A' || i || ' B' || i)", [
        version(json!({ "users": { "name": "string" } })),
        with_file(json!({ "users": { "first": "string", "last": "string" } }),
            "await db.transform('users', ({ name, ...r }) => { const [first, last] = name.split(' '); return { ...r, first, last }; })",
            "await db.transform('users', ({ first, last, ...r }) => ({ ...r, name: first + ' ' + last }))"),
    ], "data ->> 'first' = 'A' || id AND data ->> 'last' = 'B' || id";
    fields_are_joined_by_sql: "jsonb_build_object('first', 'A' || i, 'last', 'B' || i)", [
        version(json!({ "users": { "first": "string", "last": "string" } })),
        with_file(json!({ "users": { "name": "string" } }),
            "const [{ ptr }] = await db.exec(\"SELECT ptr FROM kontract.storage WHERE id = 'users'\"); await db.transform('users', () => undefined); await db.exec(`UPDATE kdata.${ptr} SET data = jsonb_build_object('name', (data ->> 'first') || ' ' || (data ->> 'last'))`)",
            "await db.transform('users', ({ name, ...r }) => ({ ...r, first: name.split(' ')[0], last: name.split(' ')[1] }))"),
    ], "data ->> 'name' = 'A' || id || ' B' || id";
    an_index_comes_and_goes: "jsonb_build_object('age', i, 'tags', jsonb_build_array('t' || i))", [
        version(json!({ "users": { "age": "number", "tags": "list" } })),
        version(json!({ "users": { "age": "number index", "tags": "list index" } })),
        version(json!({ "users": { "age": "number", "tags": "list index" } })),
    ], "data ->> 'age' = id";
    values_become_unique: "jsonb_build_object('mail', 'm' || i)", [
        version(json!({ "users": { "mail": "string" } })),
        version(json!({ "users": { "mail": "string unique" } })),
    ], "data ->> 'mail' = 'm' || id";
    values_that_rows_share_are_told_apart_by_a_file: "jsonb_build_object('mail', 'm' || i / 2)", [
        version(json!({ "users": { "mail": "string" } })),
        with_file(json!({ "users": { "mail": "string unique" } }),
            "await db.transform('users', (r) => ({ ...r, mail: r.mail + '#' + r.id }))",
            "await db.transform('users', (r) => ({ ...r, mail: r.mail.split('#')[0] }))"),
    ], "data ->> 'mail' LIKE '%#' || id";
    permissions_change: "jsonb_build_object('role', 'r' || i)", [
        version(json!({ "users": { "role": "string" } })),
        version(json!({ "users": { "role": "string readonly" } })),
        version(json!({ "users owned": { "role": "string readonly index" } })),
    ], "data ->> 'role' = 'r' || id";
    the_primary_key_changes: "jsonb_build_object('email', 'e' || i, 'age', i)", [
        version(json!({ "users": { "email": "string unique", "age": "number" } })),
        with_file(json!({ "users key=email": { "id": "string", "age": "number" } }),
            "await db.updateSchema('users', { email: { type: 'string', primkey: true } })",
            "await db.updateSchema('users', { id: { type: 'string', primkey: true } })"),
    ], "id = 'e' || (data ->> 'age') AND data ->> 'id' = data ->> 'age'";
    the_primary_key_gets_another_name: "jsonb_build_object('age', i)", [
        version(json!({ "users": { "age": "number" } })),
        with_file(json!({ "users key=key": { "age": "number" } }),
            "await db.renameField('users', 'id', 'key')", "await db.renameField('users', 'key', 'id')"),
    ], "data ->> 'age' = id";
    a_table_is_renamed: "jsonb_build_object('age', i, 'name', 'n' || i)", [
        version(json!({ "users owned": { "age": "number index", "name": "string unique" } })),
        version(json!({ "people owned from=users": { "age": "number index", "name": "string unique" } })),
        version(json!({ "humans from=people": { "age": "number index", "name": "string? unique" } })),
    ], "data ->> 'name' = 'n' || id";
    what_is_inside_of_a_field_changes: "jsonb_build_object('address', jsonb_build_object('city', 'c' || i, 'zip', i))", [
        version(json!({ "users": { "address": { "city": "string", "zip": "number" } } })),
        with_file(json!({ "users": { "address": { "city": "string", "zip": "string" } } }),
            "await db.transform('users', (r) => ({ ...r, address: { ...r.address, zip: String(r.address.zip) } }))",
            "await db.transform('users', (r) => ({ ...r, address: { ...r.address, zip: Number(r.address.zip) } }))"),
        version(json!({ "users": { "address": { "city": "string", "zip": "string?", "street": "string?" } } })),
    ], "data #> '{address,zip}' = to_jsonb(id)";
    an_optional_field_becomes_required: "jsonb_build_object('nick', 'k' || i)", [
        version(json!({ "users": { "nick": "string?" } })),
        version(json!({ "users": { "nick": "string" } })),
    ], "data ->> 'nick' = 'k' || id";
}

#[tokio::test]
async fn what_would_be_lost_inside_of_a_field_needs_a_file() {
    let mut journey = Journey::begin();
    let old = json!({ "users": { "address": { "city": "string", "zip": "number" } } });
    journey.up(&old).await.unwrap();
    journey
        .fill(
            "users",
            2,
            "jsonb_build_object('address', jsonb_build_object('city', 'c', 'zip', i))",
        )
        .await;
    for (address, reason) in [
        (json!({ "city": "string" }), "K200: Cannot auto-migrate: field 'address.zip' was removed"),
        (
            json!({ "city": "string", "zip": "string" }),
            "K198: cannot change the field users.address: it holds something else in 2 rows",
        ),
        (
            json!({ "city": "string", "zip": "number", "street": "string" }),
            "K198: cannot change the field users.address: it holds something else in 2 rows",
        ),
    ] {
        let wrong = journey.up(&json!({ "users": { "address": address } })).await;
        assert_eq!(wrong, Err(vec![reason.to_owned()]));
    }
}
