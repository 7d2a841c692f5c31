//! Tenants: one database, one gateway, and nothing in common.

use std::{collections::BTreeMap, rc::Rc};

use kontract::{admin::tenants, hash};
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::{
    application::{Database, key, tables},
    call::{Call, End},
    concurrency::pointer,
    exec::{build, exec},
    journey::Journey,
    project::Project,
};

/// The users of three tenants, who all have rows with the same ids.
const USERS: [&str; 3] = ["alice", "alice of acme", "alice of beta"];

async fn neighbours() -> (Database, Rc<Client>) {
    let database = Database::new().await;
    database.tenant("acme").await;
    database.tenant("beta").await;
    let gateway = Rc::new(database.gateway().await);
    for (n, user) in USERS.iter().enumerate() {
        let mut call = Call::on(&gateway, user);
        call.write("counters", "insert", "1", json!({ "n": n }));
        call.write("people", "insert", "p", json!({ "email": "e", "age": n, "role": "r" }));
        call.write("notes", "insert", "n", json!({ "text": user }));
        assert_eq!(call.commit().await, End::Committed);
    }
    (database, gateway)
}

#[tokio::test]
async fn rows_with_the_same_ids_are_each_tenants_own() {
    let (_database, gateway) = neighbours().await;
    for (n, user) in USERS.iter().enumerate() {
        let mut call = Call::on(&gateway, user);
        assert_eq!(call.get("counters", "1").await, Some(json!({ "n": n })));
        let found = call.query("people", json!({})).await;
        let row = json!({ "email": "e", "age": n, "role": "r" });
        assert_eq!(found, BTreeMap::from([("p".to_owned(), row)]));
        assert_eq!(call.count("notes", json!({})).await, 1);
        // What one writes, no other's commit has to wait for or compare.
        call.write("counters", "update", "1", json!({ "n": 10 + n }));
        call.delete("people", "p");
        assert_eq!(call.commit().await, End::Committed, "{user}");
    }
    for (n, user) in USERS.iter().enumerate() {
        let mut call = Call::on(&gateway, user);
        assert_eq!(call.get("counters", "1").await, Some(json!({ "n": 10 + n })));
        assert_eq!(call.get("people", "p").await, None);
    }
    // Taken one by one, and once for each call id: which may be the same.
    let take = "SELECT data FROM kontract.take_counters($1, 'call', false)";
    for _ in 0..2 {
        for (n, user) in USERS.iter().enumerate() {
            let row = gateway.query_one(take, &[&key(user)]).await.unwrap();
            let data: Value = serde_json::from_str(row.get(0)).unwrap();
            assert_eq!(data, json!({ "n": 10 + n }));
        }
    }
}

#[tokio::test]
async fn the_rules_of_a_table_hold_for_every_tenant() {
    let (_database, gateway) = neighbours().await;
    let refused = |code: &str, message: &str, field: Option<&str>| End::Refused {
        code: code.to_owned(),
        message: message.to_owned(),
        field: field.map(str::to_owned),
    };
    let end = async |user: &str, write: (&str, &str, &str, Value)| {
        let mut call = Call::on(&gateway, user);
        call.write(write.0, write.1, write.2, write.3);
        call.commit().await
    };
    for user in ["alice", "alice of acme"] {
        let other = user.replace("alice", "bob");
        let twice = end(user, ("people", "set", "q", json!({ "email": "e" }))).await;
        assert!(matches!(&twice, End::Refused { .. }), "{twice:?}");
        let wrong = end(user, ("counters", "set", "1", json!({ "n": "text" }))).await;
        assert!(matches!(&wrong, End::Refused { .. }), "{wrong:?}");
        let fixed = end(user, ("people", "update", "p", json!({ "role": "s" }))).await;
        assert_eq!(fixed, refused("KX403", "Field 'role' is read-only", Some("role")));
        let kept = end(user, ("people", "set", "p", json!({ "email": "f" }))).await;
        assert_eq!(kept, End::Committed);
        let mut call = Call::on(&gateway, user);
        let row = call.get("people", "p").await;
        assert_eq!(row, Some(json!({ "email": "f", "role": "r" })));
        // Rows of another user of the same tenant.
        let theirs = end(&other, ("notes", "set", "n", json!({ "text": "mine" }))).await;
        assert_eq!(theirs, refused("KX403", "Insufficient permissions", None));
        assert_eq!(Call::on(&gateway, &other).get("notes", "n").await, None);
        assert_eq!(Call::on(&gateway, &other).count("notes", json!({})).await, 0);
        assert_eq!(end(user, ("counters", "insert", "1", json!({ "n": 1 }))).await, End::Conflict);
        let mut gone = Call::on(&gateway, user);
        gone.delete("counters", "1");
        gone.write("counters", "set", "1", json!({ "n": 5 }));
        assert_eq!(gone.commit().await, End::Committed);
        // What was seen has changed meanwhile.
        let mut first = Call::on(&gateway, user);
        first.query("counters", json!({})).await;
        let mut second = Call::on(&gateway, user);
        second.write("counters", "insert", "2", json!({ "n": 2 }));
        assert_eq!(second.commit().await, End::Committed);
        first.write("counters", "update", "1", json!({ "n": 6 }));
        assert_eq!(first.commit().await, End::Conflict);
    }
}

#[tokio::test]
async fn sessions_and_accounts_are_known_at_their_tenants_hosts_only() {
    let (_database, gateway) = neighbours().await;
    let known = async |k: &[u8], host: &str| {
        let session = "SELECT tenant FROM kontract.session($1, $2)";
        gateway.query_one(session, &[&k, &host]).await.ok().map(|row| row.get::<_, String>(0))
    };
    for (user, host, tenant) in [
        ("alice", "shop.example.com", "main"),
        ("alice of acme", "acme.example.com", "acme"),
        ("alice of acme", "ACME.example.com.:8443", "acme"),
        ("alice of beta", "beta.example.com:80", "beta"),
    ] {
        assert_eq!(known(&key(user), host).await.as_deref(), Some(tenant));
        for other in USERS.iter().filter(|other| **other != user) {
            assert_eq!(known(&key(other), host).await, None, "{other} at {host}");
        }
    }
    // The same address and the same name for the shared session, thrice.
    let hosts = ["example.com", "acme.example.com", "beta.example.com"];
    let mut owners = Vec::new();
    for (n, host) in hosts.iter().enumerate() {
        let k = key(&format!("new {n}"));
        let create = "SELECT kontract.account_create('eve@example.com', 'hash', 7, $1, 60, $2)";
        let user: String = gateway.query_one(create, &[&k, host]).await.unwrap().get(0);
        let again = gateway.query_one(create, &[&key("again"), host]).await.unwrap_err();
        assert_eq!(again.code().unwrap().code(), "KX409");
        let by_email = "SELECT user_id FROM kontract.account_by_email('eve@example.com', $1)";
        let found: String = gateway.query_one(by_email, &[host]).await.unwrap().get(0);
        assert_eq!(found, user);
        let open = "SELECT tenant, own FROM kontract.session_anonymous($1, 4, 60, $2)";
        let row = gateway.query_one(open, &[&key("nobody"), host]).await.unwrap();
        let own: Vec<u8> = row.get(1);
        assert_eq!(own == key("nobody"), n == 0);
        for (m, other) in hosts.iter().enumerate() {
            assert_eq!(known(&k, other).await.is_some(), m == n);
            assert_eq!(known(&own, other).await.is_some(), m == n);
            let close = "SELECT kontract.session_close($1, $2)";
            let ended = m != n && gateway.query_one(close, &[&k, other]).await.unwrap().get(0);
            assert!(!ended);
        }
        owners.push((k, user));
    }
    let set = "SELECT kontract.set_groups($1, $2, '{admin}')";
    for (asker, own) in &owners {
        for (_, user) in owners.iter().filter(|(_, user)| user != own) {
            let done: bool = gateway.query_one(set, &[asker, user]).await.unwrap().get(0);
            assert!(!done);
        }
    }
    for (asker, own) in &owners {
        let done: bool = gateway.query_one(set, &[asker, own]).await.unwrap().get(0);
        assert!(done);
    }
}

#[tokio::test]
async fn statements_read_the_tables_of_whose_session_runs_them() {
    let (database, gateway) = neighbours().await;
    let (made, ids) = build(&[
        (
            "people",
            "SELECT id, data->>'age' AS result FROM people WHERE data->>'email' LIKE $1 || '%'",
        ),
        ("notes", "SELECT data->>'text' AS text FROM notes"),
    ]);
    database.migrate_to(&made).await.unwrap();
    let (people, notes) = (format!("people_{}", ids[0]), format!("notes_{}", ids[1]));
    for (n, user) in USERS.iter().enumerate() {
        let found = exec(&gateway, user, &people, json!(["e"])).await.unwrap();
        assert_eq!(found, json!([{ "id": "p", "result": n.to_string() }]));
        let own = exec(&gateway, user, &notes, json!([])).await.unwrap();
        assert_eq!(own, json!([{ "text": user }]));
        let bob = exec(&gateway, &user.replace("alice", "bob"), &notes, json!([])).await.unwrap();
        assert_eq!(bob, json!([]));
        // What it found is compared at the end.
        let mut call = Call::on(&gateway, user);
        call.exec("people", &ids[0], json!(["e"])).await;
        call.write("counters", "update", "1", json!({ "n": 7 }));
        assert_eq!(call.commit().await, End::Committed);
    }
    database.tenant("late").await;
    let none = exec(&gateway, "alice of late", &people, json!(["e"])).await;
    assert_eq!(none, Ok(json!([])));
    // The role that runs statements of people may read people, and nothing else of anybody.
    let role = format!("kx_people_{}", &hash::hex(database.name.as_bytes())[..8]);
    let read = "SELECT c.relname::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('kontract', 'kdata') AND c.relkind = 'r' AND has_table_privilege($1, c.oid, 'SELECT')";
    let owner = database.owner().await;
    let read: Vec<String> =
        owner.query(read, &[&role]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert!(read.len() == 4 && read.iter().all(|name| name.starts_with("tbl_people_")), "{read:?}");
}

#[tokio::test]
async fn functions_do_not_grow_in_number_with_tenants() {
    let database = Database::new().await;
    let owner = database.owner().await;
    let functions = async || -> i64 {
        let count = "SELECT count(*) FROM pg_proc WHERE pronamespace = 'kontract'::regnamespace";
        owner.query_one(count, &[]).await.unwrap().get(0)
    };
    database.tenant("t0").await;
    let before = functions().await;
    let mut client = database.owner().await;
    for n in 1..50 {
        tenants::create(&mut client, &format!("t{n}"), &[]).await.unwrap();
    }
    assert_eq!(functions().await, before);
    let tables: i64 =
        owner.query_one("SELECT count(*) FROM kontract.storage", &[]).await.unwrap().get(0);
    assert_eq!(tables, 51 * 3);
}

#[tokio::test]
async fn migrations_change_the_tables_of_every_tenant_or_of_none() {
    let mut journey = Journey::begin();
    let before = json!({ "users": { "name": "string", "age": "number" } });
    journey.up(&before).await.unwrap();
    for name in ["acme", "beta", "corp"] {
        journey.database.tenant(name).await;
    }
    let owner = journey.database.owner().await;
    let relations = async || -> Vec<String> {
        let all = "SELECT ptr FROM kontract.storage ORDER BY owner";
        owner.query(all, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    };
    for (n, relation) in relations().await.iter().enumerate() {
        let insert = format!(
            r#"INSERT INTO kdata.{relation} (id, data, _owner) VALUES ('1', '{{"name": "a b", "age": {n}}}', 'u')"#
        );
        owner.batch_execute(&insert).await.unwrap();
    }
    let rows = async || -> Vec<Value> {
        let mut rows = Vec::new();
        for relation in relations().await {
            let sql = format!("SELECT data::text FROM kdata.{relation}");
            let row = owner.query_one(&sql, &[]).await.unwrap();
            rows.push(serde_json::from_str(row.get(0)).unwrap());
        }
        rows
    };
    let first = rows().await;
    let clean = async |journey: &Journey, tables: &Value| {
        let look = journey.look(tables).await;
        assert!(look.drift.is_empty() && look.planned.is_empty(), "{look:?}");
    };
    clean(&journey, &before).await;

    let users = pointer(&owner, "users").await;
    journey.write(
        "0002_split",
        &format!(
            "await db.renameField('users', 'name', 'full');
             await db.transform('users', (row) => ({{ ...row, first: row.full.split(' ')[0] }}));
             await db.updateSchema('users', {{ first: {{ type: 'string', index: true }} }});
             await db.exec(`UPDATE kdata.{users} SET data = data || '{{\"seen\": true}}'`);"
        ),
        "await db.updateSchema('users', { first: null });
         await db.transform('users', ({ first, seen, ...row }) => row);
         await db.renameField('users', 'full', 'name');",
    );
    let after = json!({ "users": { "full": "string", "first": "string index", "age": "number", "seen": "boolean?" } });
    journey.up(&after).await.unwrap();
    let changed: Vec<Value> =
        (0..4).map(|n| json!({ "full": "a b", "first": "a", "age": n, "seen": true })).collect();
    assert_eq!(rows().await, changed);
    clean(&journey, &after).await;
    journey.down(&after).await.unwrap();
    assert_eq!(rows().await, first);

    // What the rows of one tenant do not allow is done to none.
    journey.remove("0002_split");
    journey.links.retain(|link| link.name != "0002_split");
    let acme = "SELECT ptr FROM kontract.storage WHERE owner = 'acme'";
    let acme: String = owner.query_one(acme, &[]).await.unwrap().get(0);
    let odd = format!(
        "INSERT INTO kdata.{acme} (id, data, _owner) SELECT '2', data, 'u' FROM kdata.{acme}"
    );
    owner.batch_execute(&odd).await.unwrap();
    let unique = json!({ "users": { "name": "string", "age": "number unique" } });
    let refused = journey.up(&unique).await.unwrap_err();
    let why =
        "K198: cannot make users.age unique: 2 rows of the tenant acme would share values of it";
    assert_eq!(refused, [why]);
    owner.batch_execute(&format!("DELETE FROM kdata.{acme} WHERE id = '2'")).await.unwrap();
    clean(&journey, &before).await;

    // Tables that are made, renamed and removed.
    let more = json!({ "people from=users": { "name": "string", "age": "number unique" }, "notes owned": { "text": "string" } });
    journey.up(&more).await.unwrap();
    assert_eq!(relations().await.len(), 8);
    clean(&journey, &more).await;
    let insert = "INSERT INTO kdata.%I (id, data, _owner) VALUES (''9'', ''{\"name\": \"c\", \"age\": 3}'', ''u'')";
    let twice = format!(
        "DO $$ BEGIN EXECUTE format('{insert}', (SELECT ptr FROM kontract.storage WHERE owner = 'main' AND id = 'people')); END $$"
    );
    let error = owner.batch_execute(&twice).await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "23505");
    journey.up(&before).await.unwrap_err();
    let fewer = json!({ "people": { "name": "string", "age": "number unique" } });
    journey.up(&fewer).await.unwrap();
    assert_eq!(relations().await.len(), 4);
    clean(&journey, &fewer).await;
}

#[tokio::test]
async fn an_operator_makes_shows_and_drops_tenants() {
    let database = Database::new().await;
    let project = Project::of(&database, &tables());
    let made = project.run(&["tenant", "create", "acme", "--host", "Acme.Example.com."]);
    assert_eq!(made.output, "Made acme with 3 tables, at acme.example.com\n", "{}", made.errors);
    let more = project.run(&["tenant", "create", "acme", "--host", "www.acme.com"]);
    assert_eq!(more.output, "acme is at www.acme.com, too\n", "{}", more.errors);
    for (arguments, message) in [
        (&["create", "acme"][..], "there is a tenant `acme` already"),
        (&["create", "main"], "`main` is no name for a tenant"),
        (&["create", "Acme"], "`Acme` is no name for a tenant"),
        (&["create", "beta", "--host", "acme.example.com"], "belongs to the tenant `acme`"),
        (&["create", "beta", "--host", "a b"], "`a b` is no name of a server"),
        (&["drop", "main", "--yes", "main"], "`main` is the application itself"),
        (&["drop", "beta", "--yes", "beta"], "there is no tenant `beta`"),
        (&["drop", "acme", "--yes", "acm"], "`acm` is not `acme`: nothing was changed"),
        (&["drop", "acme"], "Drop the tenant acme with 0 rows and 0 accounts"),
    ] {
        let run = project.run(&[&["tenant"], arguments].concat());
        assert!(run.errors.contains("K255") && run.errors.contains(message), "{}", run.errors);
        assert_eq!(run.code, Some(1));
    }

    project.write(
        "rows.jsonl",
        r#"{ "table": "counters", "id": "1", "owner": "u", "data": { "n": 1 } }"#,
    );
    for tenant in ["main", "acme"] {
        project.json(&["db", "seed", "rows.jsonl", "--tenant", tenant]);
    }
    let lost = project.run(&["db", "dump", "--tenant", "beta"]);
    assert!(lost.errors.contains("there is no tenant `beta`"), "{}", lost.errors);
    let line = r#"{"tenant":"acme","table":"counters","id":"1","owner":"u","data":{"n": 1}}"#;
    let dumped = project.run(&["db", "dump", "--tenant", "acme"]).output;
    assert_eq!(dumped, format!("{line}\n"));
    assert_eq!(project.run(&["db", "dump"]).output.lines().count(), 2);
    let gateway = database.gateway().await;
    for (k, host) in [("x", "acme.example.com"), ("y", "example.com")] {
        let create = "SELECT kontract.account_create('eve@example.com', 'hash', 7, $1, 60, $2)";
        gateway.query(create, &[&key(k), &host]).await.unwrap();
    }
    let listed = project.json(&["user", "list", "--tenant", "acme"]);
    assert_eq!((listed.len(), &listed[0]["tenant"]), (2, &json!("acme")));

    let listed = project.json(&["tenant", "list"]);
    let numbers = |tenant: &Value| {
        ["accounts", "tables", "rows"].map(|field| tenant[field].as_i64().unwrap())
    };
    assert_eq!((numbers(&listed[0]), numbers(&listed[1])), ([1, 3, 1], [1, 3, 1]));
    assert_eq!(listed[1]["hosts"], json!(["acme.example.com", "www.acme.com"]));
    assert!(listed[1]["bytes"].as_i64().unwrap() > 0);
    let text = project.run(&["tenant", "list"]).output;
    assert!(text.contains("acme  1 row and 1 account ("), "{text}");

    // Not even a session that is open meets a tenant that comes after it with the same name.
    database.open("acme", "left", 7).await;
    let dropped = project.run(&["tenant", "drop", "acme", "--yes", "acme"]);
    assert!(
        dropped.output.starts_with("Dropped acme: 1 row and 1 account ("),
        "{}",
        dropped.output
    );
    project.json(&["tenant", "create", "acme"]);
    let owner = database.owner().await;
    let left = "SELECT (SELECT count(*) FROM kontract.trxs WHERE owner = 'acme')
        + (SELECT count(*) FROM kontract.accounts WHERE owner = 'acme') + (SELECT count(*) FROM kontract.hosts)";
    assert_eq!(owner.query_one(left, &[]).await.unwrap().get::<_, i64>(0), 0);
    let status = project.run(&["migrate", "status"]);
    assert!(!status.output.contains("none of Kontract's"), "{}", status.output);
}
