//! `exec`: statements through the validator, and what PostgreSQL makes of those that it lets pass.

use std::{collections::HashSet, env, rc::Rc};

use kontract::{
    doctor::privileges::{self, Verdict},
    hash,
    migrate::Problem,
    sql::{self, Statement},
};
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::{
    application::{Database, document, key, tables},
    call::{Call, End},
    mutation::{Random, mutate},
};

/// The table that statements of the corpus read.
fn table() -> sql::Table<'static> {
    sql::Table { name: "users", key: "key", numbers: [("age", true), ("name", false)].into() }
}

fn check(sql: &str) -> Result<Statement, Vec<sql::Fault>> {
    sql::check(sql, &table(), None)
}

fn corpus(name: &str) -> Vec<&'static str> {
    let text = match name {
        "hostile" => include_str!("exec/hostile.sql"),
        _ => include_str!("exec/legitimate.sql"),
    };
    text.lines().collect()
}

#[test]
fn hostile_statements_are_refused_each_for_its_reason() {
    let lines = corpus("hostile");
    assert!(lines.len() > 100);
    for line in lines {
        let (kind, sql) = line.split_once(' ').unwrap();
        match check(sql) {
            Ok(statement) => panic!("{sql} passed as {}", statement.sql),
            Err(faults) => {
                assert_eq!(format!("{:?}", faults[0].kind), kind, "{sql}");
                let shown = faults.iter().all(|fault| sql.get(fault.span.clone()).is_some());
                assert!(shown, "{sql}: {faults:?}");
            }
        }
    }
    let long = format!("SELECT '{}'", "x".repeat(16 << 10));
    assert_eq!(check(&long).unwrap_err()[0].kind, sql::FaultKind::TooLong);
    let deep = format!("SELECT {}1{}", "(".repeat(2000), ")".repeat(2000));
    assert!(check(&deep).is_err());
    let chain = format!("SELECT 1{}", " + 1".repeat(1000));
    assert!(check(&chain).is_ok());
}

#[tokio::test]
async fn what_is_printed_means_what_was_written() {
    let client = plain_table().await;
    let lines = corpus("legitimate");
    assert!(lines.len() > 30);
    for written in lines {
        let statement = check(written).unwrap_or_else(|faults| panic!("{written}: {faults:?}"));
        let printed = &statement.sql;
        assert_eq!(check(printed).unwrap().sql, *printed, "printed again it stays what it is");
        let written = written.trim_end_matches(';');
        let expected = rows(&client, written).await;
        assert_eq!(rows(&client, printed).await, expected, "{written}\n{printed}");
        assert!(expected.is_ok(), "{written}: {expected:?}");
    }
}

/// A statement's rows on a table with columns of its own, or why it fails.
async fn rows(client: &Client, sql: &str) -> Result<String, String> {
    let fail = |error: tokio_postgres::Error| error.as_db_error().unwrap().message().to_owned();
    let wrapped =
        format!("SELECT coalesce(jsonb_agg(to_jsonb(q.*)), '[]')::text FROM (\n{sql}\n) AS q");
    let types = client.prepare(&wrapped).await.map_err(fail)?;
    let given: Vec<String> = types
        .params()
        .iter()
        .map(|kind| match kind.name() {
            "int4" | "int8" => "'20'".to_owned(),
            "_text" => "'{a,b}'".to_owned(),
            "jsonb" => r#"'{"active": true}'"#.to_owned(),
            "timestamptz" => "'2020-03-04T00:00:00Z'".to_owned(),
            "text" => "'a'".to_owned(),
            other => panic!("{other} in {sql}"),
        })
        .collect();
    let arguments =
        if given.is_empty() { String::new() } else { format!("({})", given.join(", ")) };
    let run = format!("DEALLOCATE ALL; PREPARE s AS {wrapped}; EXECUTE s{arguments}");
    let messages = client.simple_query(&run).await.map_err(fail)?;
    let row = messages.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    Ok(row.unwrap().to_owned())
}

async fn plain_table() -> Client {
    let client = Database::empty().owner().await;
    client
        .batch_execute(
            r#"CREATE TABLE users (id text COLLATE "C" PRIMARY KEY, data jsonb NOT NULL);
            INSERT INTO users VALUES
              ('a', '{"name": "Ann", "age": 30, "city": "Oslo", "tags": ["a", "b"], "active": true, "at": "2020-03-05T10:00:00Z"}'),
              ('b', '{"name": "Bo''s", "age": 17, "city": "Rome", "tags": [], "parent": "a", "address": {"street": "S"}}'),
              ('c', '{"name": "A_x", "age": 65, "city": "Oslo", "active": true, "admin": false, "at": "2021-01-01T00:00:00Z"}')"#,
        )
        .await
        .unwrap();
    client
}

/// A build with statements, by table and SQL.
pub fn build(statements: &[(&str, &str)]) -> (Value, Vec<String>) {
    let mut document = document(&tables());
    let mut ids = Vec::new();
    for (table, sql) in statements {
        let id = hash::hex(format!("{table} {sql}").as_bytes())[..16].to_owned();
        let numbers = [("age", true), ("n", true)].into();
        let known = sql::Table { name: table, key: "id", numbers };
        // What the validator refuses is here to be refused again.
        let checked = sql::check(sql, &known, None).unwrap_or_else(|_| Statement {
            sql: (*sql).to_owned(),
            parameters: 0,
            ordered: false,
        });
        document["statements"][&id] = json!({
            "table": table, "sql": checked.sql, "parameters": checked.parameters, "ordered": checked.ordered, "at": "src/a.ts:3",
        });
        ids.push(id);
    }
    (document, ids)
}

pub async fn exec(
    client: &Client,
    user: &str,
    function: &str,
    given: Value,
) -> Result<Value, (String, String)> {
    let sql = format!("SELECT result FROM kontract.\"exec_{function}\"($1, $2::text::jsonb)");
    let row = client.query_one(&sql, &[&key(user), &given.to_string()]).await.map_err(|error| {
        let error = error.as_db_error().unwrap();
        (error.code().code().to_owned(), error.message().to_owned())
    })?;
    Ok(serde_json::from_str(row.get(0)).unwrap())
}

#[tokio::test]
async fn a_statement_sees_the_rows_that_its_caller_may_see() {
    let database = Database::new().await;
    let (build, ids) = build(&[
        (
            "people",
            "SELECT id, data->>'city' AS city FROM people WHERE (data->>'age')::int > $1 AND data @> $2::jsonb ORDER BY id",
        ),
        ("notes", "SELECT * FROM notes"),
        ("notes", "SELECT count(*) FROM notes WHERE id = ANY($1)"),
        (
            "counters",
            "SELECT sum((data->>'n')::numeric), $1::timestamptz AS at, $2 AS text FROM counters",
        ),
        ("people", "SELECT jsonb_agg(p) AS p FROM people AS p"),
    ]);
    let [old, notes, some, sum, whole] = ids.try_into().unwrap();
    database.migrate_to(&build).await.unwrap();
    let gateway = Rc::new(database.gateway().await);
    for (user, table, id, data) in [
        ("alice", "people", "a", json!({ "email": "a", "age": 40, "city": "Oslo" })),
        ("alice", "people", "b", json!({ "email": "b", "age": 50, "city": "Rome" })),
        ("alice", "people", "gone", json!({ "email": "c", "age": 60 })),
        ("alice", "notes", "mine", json!({ "text": "of alice" })),
        ("bob", "notes", "his", json!({ "text": "of bob" })),
        ("alice", "counters", "one", json!({ "n": 9_007_199_254_740_993_i64 })),
    ] {
        let mut call = Call::on(&gateway, user);
        call.write(table, "set", id, data);
        assert_eq!(call.commit().await, End::Committed);
    }
    let mut call = Call::on(&gateway, "alice");
    call.delete("people", "gone");
    call.commit().await;

    let run = async |user, table: &str, id: &str, given| {
        exec(&gateway, user, &format!("{table}_{id}"), given).await
    };
    let found = run("alice", "people", &old, json!([30, "{}"])).await.unwrap();
    assert_eq!(found, json!([{ "id": "a", "city": "Oslo" }, { "id": "b", "city": "Rome" }]));
    let found = run("reader", "people", &old, json!(["45", { "city": "Rome" }])).await.unwrap();
    assert_eq!(found, json!([{ "id": "b", "city": "Rome" }]));
    assert_eq!(run("alice", "people", &old, json!([null, "{}"])).await.unwrap(), json!([]));
    let mine = run("alice", "notes", &notes, json!([])).await.unwrap();
    assert_eq!(mine, json!([{ "id": "mine", "data": { "text": "of alice" } }]));
    let counted = run("bob", "notes", &some, json!([["mine", "his"]])).await.unwrap();
    assert_eq!(counted, json!([{ "count": 1 }]));
    let at = json!(["2020-01-02T03:04:05.000Z", "it's"]);
    let found = run("bob", "counters", &sum, at).await.unwrap();
    assert_eq!(
        found.to_string(),
        r#"[{"at":"2020-01-02T03:04:05+00:00","sum":9007199254740993,"text":"it's"}]"#
    );
    let shown = run("bob", "people", &whole, json!([])).await.unwrap();
    let columns: Vec<&String> = shown[0]["p"][0].as_object().unwrap().keys().collect();
    assert_eq!(columns, ["id", "data"], "system columns stay hidden");

    for (user, given, code, message) in [
        ("alice", json!([30]), "KX400", "params: expected 2 values"),
        ("alice", json!(["old", "{}"]), "KX400", "params.0: expected int4"),
        ("alice", json!([30, "{"]), "KX400", "params.1: expected jsonb"),
        ("nobody", json!([30, "{}"]), "KX401", "Unauthorized"),
    ] {
        let refused = run(user, "people", &old, given).await.unwrap_err();
        assert_eq!(refused, (code.to_owned(), message.to_owned()));
    }
    let owner = database.owner().await;
    owner.execute("UPDATE kontract.trxs SET perm = 3 WHERE user_id = 'bob'", &[]).await.unwrap();
    let refused = run("bob", "people", &whole, json!([])).await.unwrap_err();
    assert_eq!(refused.0, "KX403");
    let direct = format!("SELECT kontract.\"_run_notes_{notes}\"('alice', NULL)");
    let refused = gateway.query(&direct, &[]).await.unwrap_err();
    assert_eq!(refused.code().unwrap().code(), "42501", "only with a session");
}

#[tokio::test]
async fn a_commit_compares_what_a_statement_gave() {
    let database = Database::new().await;
    let (build, ids) = build(&[("people", "SELECT count(*) FROM people WHERE data->>'city' = $1")]);
    database.migrate_to(&build).await.unwrap();
    let gateway = Rc::new(database.gateway().await);
    for (city, expected) in [("Rome", End::Committed), ("Oslo", End::Conflict)] {
        let mut call = Call::on(&gateway, "alice");
        assert_eq!(call.exec("people", &ids[0], json!(["Oslo"])).await, json!([{ "count": 0 }]));
        call.write("counters", "set", city, json!({ "n": 1 }));
        let mut other = Call::on(&gateway, "bob");
        other.write("people", "set", city, json!({ "email": city, "city": city }));
        assert_eq!(other.commit().await, End::Committed);
        assert_eq!(call.commit().await, expected);
    }
}

#[tokio::test]
async fn statements_are_made_kept_and_forgotten() {
    let database = Database::new().await;
    let first = ("people", "SELECT id FROM people");
    let second = ("notes", "SELECT id FROM notes");
    let (both, ids) = build(&[first, second]);
    let applied = database.migrate_to(&both).await.unwrap();
    assert_eq!(applied.changes, ["make 1 statement of notes", "make 1 statement of people"]);
    assert_eq!(database.migrate_to(&both).await.unwrap().changes, Vec::<String>::new());
    // A gateway of the build before may still run.
    let (one, _) = build(&[first]);
    assert_eq!(database.migrate_to(&one).await.unwrap().changes, Vec::<String>::new());
    let gateway = database.gateway().await;
    let notes = format!("notes_{}", ids[1]);
    assert_eq!(exec(&gateway, "alice", &notes, json!([])).await.unwrap(), json!([]));
    let owner = database.owner().await;
    let age = "UPDATE kontract.statements SET wanted_at = now() - interval '2 days'";
    owner.batch_execute(age).await.unwrap();
    let applied = database.migrate_to(&one).await.unwrap();
    assert_eq!(applied.changes, ["forget statements of notes"]);
    let gone = exec(&gateway, "alice", &notes, json!([])).await.unwrap_err();
    assert_eq!(gone.0, "42883");
    // When the functions of Kontract are renewed, so are these.
    owner.batch_execute("UPDATE kontract.base SET hash = 'older'").await.unwrap();
    database.migrate_to(&one).await.unwrap();
    let people = format!("people_{}", ids[0]);
    assert_eq!(exec(&gateway, "alice", &people, json!([])).await.unwrap(), json!([]));
    // A table that goes takes its role with it.
    let mut without = document(&json!({ "notes owned": { "text": "string" } }));
    without["statements"] = json!({});
    database.migrate_to(&without).await.unwrap();
    let roles = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'kx_people_%'
                 AND pg_has_role('postgres', oid, 'MEMBER') AND rolname LIKE '%' || $1";
    let suffix = &hash::hex(database.name.as_bytes())[..8];
    let left: i64 = owner.query_one(roles, &[&suffix]).await.unwrap().get(0);
    assert_eq!(left, 0);
}

#[tokio::test]
async fn what_postgresql_refuses_is_told_with_its_place() {
    let database = Database::new().await;
    for (sql, reason) in [
        ("SELECT nme FROM people", "column \"nme\" does not exist"),
        ("SELECT id, data, id FROM people", "two columns are called \"id\": name one with AS"),
        ("SELECT id + 1 FROM people", "operator does not exist: text + integer"),
    ] {
        let (build, _) = build(&[("people", sql)]);
        let Err(Problem::Failed(told)) = database.migrate_to(&build).await else {
            panic!("{sql} was made");
        };
        assert_eq!((told.code.as_str(), told.file.as_str()), ("K237", "src/a.ts"));
        let message = format!("PostgreSQL refuses the SQL of `people.exec` on line 3: {reason}");
        assert_eq!(told.message, message);
    }
}

/// With the validator switched off: what the role of a table may do is to read that table.
#[tokio::test]
async fn the_role_that_runs_statements_refuses_every_kind_of_escape() {
    let database = Database::new().await;
    let owner = database.owner().await;
    let (made, _) = build(&[("people", "SELECT id FROM people")]);
    database.migrate_to(&made).await.unwrap();
    let reach = privileges::reach(&owner, &database.role()).await.unwrap();
    assert!(reach.iter().all(|reached| reached.verdict != Verdict::More), "{reach:?}");
    let ptr = async |table: &str| -> String {
        let ptr = "SELECT ptr FROM kontract.storage WHERE id = $1";
        owner.query_one(ptr, &[&table]).await.unwrap().get(0)
    };
    let (people, counters) = (ptr("people").await, ptr("counters").await);
    let role = format!("kx_people_{}", &hash::hex(database.name.as_bytes())[..8]);
    owner.batch_execute(&format!("SET ROLE \"{role}\"")).await.unwrap();
    owner.batch_execute(&format!("SELECT * FROM kdata.{people}")).await.unwrap();
    for (kind, sql) in [
        ("another table", format!("SELECT * FROM kdata.{counters}")),
        ("Kontract's sessions", "SELECT * FROM kontract.trxs".to_owned()),
        ("a write", format!("DELETE FROM kdata.{people}")),
        ("a write in WITH", format!("WITH x AS (UPDATE kdata.{people} SET id = '' RETURNING 1) SELECT * FROM x")),
        ("a lock", format!("SELECT * FROM kdata.{people} FOR UPDATE")),
        ("SQL in a text", format!("SELECT query_to_xml('SELECT * FROM kdata.{counters}', true, true, '')")),
        ("Kontract's functions", "SELECT kontract.commit(''::bytea, null, '[]', '[]', '[]')".to_owned()),
        ("files", "SELECT pg_read_file('/etc/passwd')".to_owned()),
        ("programs", format!("COPY kdata.{people} TO PROGRAM 'true'")),
        ("sequences", "SELECT nextval((SELECT oid FROM pg_class WHERE relname LIKE 'seq_people%'))".to_owned()),
        ("definitions", "CREATE TABLE kontract.x (a int)".to_owned()),
        ("temporary tables", "CREATE TEMPORARY TABLE x (a int)".to_owned()),
        ("other sessions", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres' AND pid <> pg_backend_pid()".to_owned()),
    ] {
        let error = owner.batch_execute(&sql).await.expect_err(kind);
        assert_eq!(error.code().unwrap().code(), "42501", "{kind}: {error:?}");
    }
    owner.batch_execute("RESET ROLE").await.unwrap();
    // The same through the functions, as a gateway meets it.
    let escapes = [
        format!("SELECT * FROM kdata.{counters}"),
        "SELECT sid::text FROM kontract.trxs".to_owned(),
        format!("SELECT query_to_xml('SELECT * FROM kdata.{counters}', true, true, '')::text"),
        "SELECT kontract.commit(''::bytea, null, '[]', '[]', '[]')".to_owned(),
        "SELECT pg_read_file('/etc/passwd')".to_owned(),
        format!("SELECT id FROM kdata.{people} FOR UPDATE"),
    ];
    let escapes: Vec<(&str, &str)> = escapes.iter().map(|sql| ("people", sql.as_str())).collect();
    let (escaping, ids) = build(&escapes);
    database.migrate_to(&escaping).await.unwrap();
    let gateway = database.gateway().await;
    for (id, (_, sql)) in ids.iter().zip(escapes) {
        let refused = exec(&gateway, "alice", &format!("people_{id}"), json!([])).await;
        // A function that promises to change nothing locks nothing either.
        let code = if sql.ends_with("FOR UPDATE") { "0A000" } else { "42501" };
        assert_eq!(refused.expect_err(sql).0, code, "{sql}");
    }
}

/// What the validator lets pass reads one table: asked of PostgreSQL, as the role that runs it.
#[tokio::test]
async fn mutants_that_pass_reach_one_table() {
    let prove = env::var_os("KONTRACT_PROVE").is_some();
    let (mutants, seed) = if prove { (1_000_000, 7) } else { (3_000, 7) };
    let client = plain_table().await;
    client
        .batch_execute(
            "CREATE TABLE orders (id text, data jsonb); CREATE SCHEMA kdata; ALTER TABLE users SET SCHEMA kdata;
             CREATE ROLE kx_mutants; GRANT USAGE ON SCHEMA kdata TO kx_mutants; GRANT SELECT ON kdata.users TO kx_mutants;
             SET ROLE kx_mutants; SET search_path = pg_catalog, pg_temp",
        )
        .await
        .unwrap();
    let hostile =
        corpus("hostile").into_iter().filter_map(|line| line.split_once(' ').map(|l| l.1));
    let sources: Vec<&str> = corpus("legitimate").into_iter().chain(hostile).collect();
    let mut random = Random::new(seed);
    let mut seen = HashSet::new();
    let mut passed = 0;
    for _ in 0..mutants {
        let (source, other) = (random.pick(&sources), random.pick(&sources));
        let mutant = mutate(&mut random, source.as_bytes(), other.as_bytes());
        let mutant = String::from_utf8_lossy(&mutant);
        let Ok(statement) = check(&mutant) else { continue };
        passed += 1;
        if seen.insert(statement.sql.clone()) {
            assert_reads_users_alone(&client, &mutant, &statement).await;
        }
    }
    assert!(passed > mutants / 20, "{passed} of {mutants} passed: most sources are broken");
}

async fn assert_reads_users_alone(client: &Client, mutant: &str, statement: &Statement) {
    let Statement { sql, parameters, .. } = statement;
    let given = vec!["NULL"; *parameters].join(", ");
    let given = if given.is_empty() { given } else { format!("({given})") };
    let plan = format!(
        "DEALLOCATE ALL; PREPARE s AS {BOUND} ({sql});
         EXPLAIN (VERBOSE, FORMAT JSON) EXECUTE s{given}"
    );
    match client.simple_query(&plan).await {
        Ok(messages) => {
            let plan = messages.iter().find_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
                _ => None,
            });
            let plan: Value = serde_json::from_str(plan.unwrap()).unwrap();
            let mut queue = vec![&plan];
            while let Some(node) = queue.pop() {
                if let Some(name) = node.get("Relation Name") {
                    let relation = (node["Schema"].as_str(), name.as_str());
                    assert_eq!(relation, (Some("kdata"), Some("users")), "{mutant}\n{sql}");
                }
                assert!(node["Operation"].is_null(), "{mutant}\n{sql}");
                match node {
                    Value::Array(items) => queue.extend(items),
                    Value::Object(fields) => queue.extend(fields.values()),
                    _ => {}
                }
            }
        }
        Err(error) => {
            // It may be no SQL that PostgreSQL runs: then what was written is none either.
            let error = error.as_db_error().expect("an answer of PostgreSQL");
            let (code, message) = (error.code().code(), error.message());
            assert!(
                code != "42501" && !message.starts_with("relation "),
                "{mutant}\n{sql}\n{message}"
            );
            let written = client
                .prepare(&format!("{BOUND} (\n{}\n)", mutant.trim_end_matches([';', ' '])))
                .await;
            let misprinted = written.is_ok() && error.message().starts_with("syntax error at");
            assert!(!misprinted, "{mutant}\n{sql}\n{code}: {message}");
        }
    }
}

const BOUND: &str = "WITH users AS NOT MATERIALIZED (SELECT r.id, r.data FROM kdata.users AS r)";
