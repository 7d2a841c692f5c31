//! From one build's tables to the next one's.

use kontract::migrate::{Gateway, Problem};
use kontract_runtime::config::Secret;
use serde_json::{Value, json};

use crate::{
    application::{Database, connect, manifest, tables, up},
    call::{Call, End},
    concurrency::pointer,
    exec::build,
    project::Project,
};

/// What came of a change: what was made, or what stands in the way.
async fn change(database: &Database, tables: Value) -> Result<Vec<String>, Vec<String>> {
    match database.migrate(&tables).await {
        Ok(applied) => Ok(applied.changes),
        Err(problem) => Err(problem.diagnostics().into_iter().map(|d| d.message).collect()),
    }
}

#[allow(clippy::unnecessary_wraps, reason = "as `change` gives it")]
fn made(changes: &[&str]) -> Result<Vec<String>, Vec<String>> {
    Ok(changes.iter().map(|&change| change.to_owned()).collect())
}

fn refused(reasons: &[&str]) -> Result<Vec<String>, Vec<String>> {
    Err(reasons.iter().map(|&reason| reason.to_owned()).collect())
}

#[tokio::test]
async fn a_migration_can_be_repeated_and_tried() {
    let database = Database::empty();
    let tables = json!({ "users": { "name": "string" } });
    let first = ["make the functions of Kontract", "create the table users"];
    let gateway = Gateway::Login { role: database.role(), password: None };
    let tried = up(&database.url(), "URL", &gateway, &manifest(&tables), true).await;
    assert_eq!(tried.unwrap().changes, first);
    assert_eq!(change(&database, tables.clone()).await, made(&first));
    assert_eq!(change(&database, tables).await, made(&[]));
}

#[tokio::test]
async fn without_rows_every_change_is_made() {
    let database = Database::empty();
    change(&database, json!({ "users": { "name": "string", "age": "number index" } }))
        .await
        .unwrap();
    let next = json!({ "users owned": { "age": "string unique", "tags": "list" } });
    let changes = [
        "show rows of users to their users only",
        "remove the field users.name",
        "make users.age unique",
        "add the field users.tags",
    ];
    assert_eq!(change(&database, next).await, made(&changes));
    assert_eq!(change(&database, json!({})).await, made(&["remove the table users"]));
}

#[tokio::test]
async fn what_rows_hold_is_neither_lost_nor_broken() {
    let database =
        with_rows(json!({ "users": { "name": "string", "nick": "string?", "age": "number" } }))
            .await;
    let cases = [
        (json!({}), "Cannot auto-migrate: table 'users' was removed"),
        (
            json!({ "users": { "nick": "string?", "age": "number" } }),
            "Cannot auto-migrate: field 'name' was removed",
        ),
        (
            json!({ "users": { "name": "string", "nick": "string", "age": "number" } }),
            "cannot change the field users.nick: it holds something else in 1 row",
        ),
        (
            json!({ "users": { "name": "string", "nick": "string?", "age": "string" } }),
            "Cannot auto-migrate: type of field 'age' was changed",
        ),
        (
            json!({ "users": { "name": "string", "nick": "string?", "age": "number", "mail": "string" } }),
            "cannot add the field users.mail: it is missing in 2 rows",
        ),
        (
            json!({ "users": { "name": "string unique", "nick": "string?", "age": "number" } }),
            "cannot make users.name unique: 2 rows would share values of it",
        ),
        (
            json!({ "users": { "name": "string", "nick": "string?", "age": "number", "code": "string unique default=\"a\"" } }),
            "cannot add the field users.code: 2 rows would share values of it",
        ),
    ];
    for (tables, reason) in cases {
        assert_eq!(change(&database, tables).await, refused(&[reason]));
    }
    // Nothing was changed.
    let same = json!({ "users": { "name": "string", "nick": "string?", "age": "number" } });
    assert_eq!(change(&database, same).await, made(&[]));
}

#[tokio::test]
async fn what_rows_allow_is_made() {
    let database =
        with_rows(json!({ "users": { "name": "string", "nick": "string?", "age": "number" } }))
            .await;
    let wider = json!({ "users": {
        "name": "string? null", "nick": "string? index", "age": "number unique", "more": "string?", "level": "number default=3",
    } });
    change(&database, wider).await.unwrap();
    let mut call = Call::begin(&database, "alice").await;
    let row = call.get("users", "1").await.unwrap();
    assert_eq!(row["level"], json!(3));
    call.write("users", "set", "3", json!({ "age": 7, "level": 1, "name": null }));
    assert_eq!(call.commit().await, End::Committed);
}

#[tokio::test]
async fn whole_rows_have_an_index_while_they_are_searched() {
    let fields = json!({ "name": "string", "nick": "string?", "age": "number" });
    let database = with_rows(json!({ "users": fields })).await;
    let owner = database.owner().await;
    let indexes = async || {
        let sql = "SELECT count(*) FROM pg_indexes WHERE schemaname = 'kdata' AND indexdef LIKE '%USING gin (data jsonb_path_ops) WHERE%'";
        owner.query_one(sql, &[]).await.unwrap().get::<_, i64>(0)
    };
    assert_eq!(indexes().await, 0);
    let searched = change(&database, json!({ "users searched": fields })).await;
    assert_eq!(searched, made(&["index whole rows of users"]));
    assert_eq!(indexes().await, 1);
    let removed = change(&database, json!({ "users": fields })).await;
    assert_eq!(removed, made(&["remove the index of whole rows of users"]));
    assert_eq!(indexes().await, 0);
}

#[tokio::test]
async fn functions_of_another_version_are_replaced() {
    let database =
        with_rows(json!({ "users": { "name": "string", "nick": "string?", "age": "number" } }))
            .await;
    let older = "UPDATE kontract.base SET hash = 'older';
        CREATE FUNCTION kontract.get_users(k bytea, ids text[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
        CREATE FUNCTION kontract.of_old() RETURNS int LANGUAGE sql AS 'SELECT 1';";
    database.owner().await.batch_execute(older).await.unwrap();
    let same = json!({ "users": { "name": "string", "nick": "string?", "age": "number" } });
    let renewed = ["make the functions of Kontract", "renew the functions of users"];
    assert_eq!(change(&database, same).await, made(&renewed));
    let mut call = Call::begin(&database, "alice").await;
    assert!(call.get("users", "1").await.is_some());
    let old = "SELECT to_regproc('kontract.of_old') IS NULL";
    assert!(database.owner().await.query_one(old, &[]).await.unwrap().get::<_, bool>(0));
}

#[tokio::test]
async fn names_of_fields_are_never_read_as_sql() {
    let database = Database::empty();
    let odd = ["it's", "a\\b", "a\"b", "$$ ; DROP", "'{readonly}'", "{table}", "%I", "é ", "{a,b}"];
    let fields: serde_json::Map<String, Value> = odd
        .iter()
        .map(|name| ((*name).to_owned(), json!("string index unique readonly")))
        .collect();
    change(&database, json!({ "odd": fields })).await.unwrap();
    open(&database).await;
    let row: serde_json::Map<String, Value> =
        odd.iter().map(|name| ((*name).to_owned(), json!(format!("value of {name}")))).collect();
    let mut call = Call::begin(&database, "alice").await;
    call.write("odd", "set", "1", json!(row));
    assert_eq!(call.commit().await, End::Committed);
    let gateway = database.gateway().await;
    for name in odd {
        let mut call = Call::begin(&database, "alice").await;
        let found = call.query("odd", json!({ name: format!("value of {name}") })).await;
        assert_eq!(found.len(), 1, "{name}");
        let sql = "SELECT p.rows::json -> 0 -> 4 ->> $2
                   FROM kontract.query_odd($1, NULL, $2, false, NULL, NULL, 10) AS p";
        let row =
            gateway.query_one(sql, &[&crate::application::key("alice"), &name]).await.unwrap();
        assert_eq!(row.get::<_, String>(0), format!("value of {name}"));
        call.write("odd", "update", "1", json!({ name: "other" }));
        let End::Refused { field, .. } = call.commit().await else { panic!("{name} is read-only") };
        assert_eq!(field.as_deref(), Some(name));
    }
}

#[tokio::test]
async fn a_role_that_may_not_is_told_what_it_lacks() {
    let database = Database::empty();
    let owner = database.owner().await;
    let name = &database.name;
    let roles = format!(
        "CREATE ROLE plain_{name} LOGIN; CREATE ROLE maker_{name} LOGIN CREATEROLE; CREATE ROLE super_{name} LOGIN SUPERUSER;"
    );
    owner.batch_execute(&roles).await.unwrap();
    let as_role = |role: String, gateway: Gateway| {
        let url = database.cluster.url(&role, &database.name);
        let tables = manifest(&json!({ "users": { "name": "string" } }));
        async move {
            match up(&url, "KONTRACT_MIGRATE_URL", &gateway, &tables, false).await {
                Ok(applied) => applied.role,
                Err(problem) => {
                    let diagnostic = problem.diagnostics().remove(0);
                    format!("{}: {}", diagnostic.code, diagnostic.message)
                }
            }
        }
    };
    let login = |role: String| Gateway::Login { role, password: None };
    let plain = format!("plain_{name}");
    let maker = format!("maker_{name}");
    assert_eq!(
        as_role(plain.clone(), login("gate".into())).await,
        format!("K196: the role `{plain}` may not create roles")
    );
    assert_eq!(
        as_role(maker.clone(), login(maker.clone())).await,
        format!("K196: `{maker}` is to migrate and to serve: the gateway needs a role of its own")
    );
    assert_eq!(
        as_role(maker.clone(), login(format!("super_{name}"))).await,
        format!("K196: the gateway's role `super_{name}` may do more than a gateway should")
    );
    assert_eq!(
        as_role(maker.clone(), login(format!("gate_{name}"))).await,
        "K196: the role of the migration may not create schemas in this database"
    );
    owner
        .batch_execute(&format!("GRANT CREATE ON DATABASE {name} TO {maker}, {plain}"))
        .await
        .unwrap();
    // With no more than these two rights.
    assert_eq!(as_role(maker.clone(), login(format!("gate_{name}"))).await, format!("gate_{name}"));
    // Another role for the gateway is given what the first one has.
    assert_eq!(as_role(maker.clone(), login(format!("next_{name}"))).await, format!("next_{name}"));
    let gateway = connect(&database.cluster.url(&format!("next_{name}"), name)).await;
    gateway.query("SELECT * FROM kontract.schema()", &[]).await.unwrap();
    let first = connect(&database.cluster.url(&format!("gate_{name}"), name)).await;
    first.query("SELECT * FROM kontract.schema()", &[]).await.unwrap();
    let error = gateway.query("SELECT kontract.get_users('a', '{a}')", &[]).await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "KX401");
}

#[tokio::test]
async fn one_role_can_do_everything_where_privileges_are_shared() {
    let database = Database::shared().await;
    let (build, ids) = build(&[("people", "SELECT id FROM people")]);
    let applied = database.migrate_to(&build).await.unwrap();
    assert_eq!(applied.role, database.role());
    let mut project = Project::new(&tables());
    project.write("dist/manifest.json", &build.to_string());
    project.write("kontract.toml", "[database]\nprivileges = \"shared\"\n");
    let url = database.cluster.url(&database.role(), &database.name);
    project.variables.push(("DATABASE_URL", url));
    project.json(&["tenant", "create", "acme"]);
    for (tenant, user) in [("main", "alice"), ("acme", "alice of acme")] {
        database.open(tenant, user, 7).await;
        let mut call = Call::begin(&database, user).await;
        call.write("people", "insert", user, json!({ "email": "e" }));
        assert_eq!(call.commit().await, End::Committed);
        let mut call = Call::begin(&database, user).await;
        assert_eq!(call.exec("people", &ids[0], json!([])).await, json!([{ "id": user }]));
    }
    let told = project.run(&["doctor", "--privileges"]);
    assert!(told.code == Some(0) && told.errors.contains("K246"), "{}{}", told.output, told.errors);
    assert!(told.errors.contains("the claim of two tables is"), "{}", told.errors);
}

#[tokio::test]
async fn a_database_that_cannot_be_reached_is_a_clear_error() {
    let tables = manifest(&json!({}));
    let gateway = || Gateway::Login { role: "gate".to_owned(), password: Some(Secret::new("p")) };
    let database = Database::empty();
    for (url, message) in [
        ("mysql://me:secret@localhost/app".to_owned(), "KONTRACT_MIGRATE_URL cannot be used"),
        (
            "postgresql://me:secret@127.0.0.1:1/app".to_owned(),
            "PostgreSQL at 127.0.0.1:1 cannot be reached",
        ),
        (database.cluster.url("postgres", "nowhere"), "database \"nowhere\" does not exist"),
        (database.cluster.url("nobody", &database.name), "role \"nobody\" does not exist"),
    ] {
        let problem =
            up(&url, "KONTRACT_MIGRATE_URL", &gateway(), &tables, false).await.unwrap_err();
        let Problem::Unreachable(diagnostic) = problem else { panic!("{problem:?}") };
        assert!(diagnostic.message.contains(message), "{}", diagnostic.message);
        assert!(!diagnostic.message.contains("secret") && diagnostic.help.is_some());
    }
}

#[tokio::test]
async fn a_table_in_use_is_left_alone() {
    let database =
        with_rows(json!({ "users": { "name": "string", "nick": "string?", "age": "number" } }))
            .await;
    let owner = database.owner().await;
    let table = pointer(&owner, "users").await;
    owner.batch_execute(&format!("BEGIN; LOCK kdata.{table} IN SHARE MODE")).await.unwrap();
    let next = json!({ "users": { "name": "string?", "nick": "string?", "age": "number" } });
    assert_eq!(
        change(&database, next).await,
        refused(&["cannot change the field users.name: the table is in use"])
    );
}

/// Two rows: one with a nickname, both with one name.
async fn with_rows(tables: Value) -> Database {
    let database = Database::empty();
    change(&database, tables).await.unwrap();
    open(&database).await;
    let mut call = Call::begin(&database, "alice").await;
    call.write("users", "set", "1", json!({ "name": "A", "nick": "a", "age": 1 }));
    call.write("users", "set", "2", json!({ "name": "A", "age": 2 }));
    // Tombstones stand in no change's way.
    call.write("users", "set", "3", json!({ "name": "C", "age": 3 }));
    assert_eq!(call.commit().await, End::Committed);
    let mut call = Call::begin(&database, "alice").await;
    call.delete("users", "3");
    assert_eq!(call.commit().await, End::Committed);
    database
}

async fn open(database: &Database) {
    let sql = "INSERT INTO kontract.trxs (sid, owner, user_id, perm, is_anonymous, expires_at)
               VALUES (sha256($1), 'main', 'alice', 7, false, now() + interval '1 hour')";
    database.owner().await.execute(sql, &[&crate::application::key("alice")]).await.unwrap();
}
