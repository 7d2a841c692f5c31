//! What the gateway's role can reach, by the catalogue; and what the server's log holds.

use kontract::migrate::{self, Gateway, State};
use kontract_runtime::config::Secret;

use crate::{
    application::{Database, connect, key, manifest, tables, up},
    postgres::Cluster,
};

#[tokio::test]
async fn the_gateway_reaches_two_tables_and_the_functions_it_calls() {
    let database = Database::new().await;
    let owner = database.owner().await;
    let list = |sql: &'static str| {
        let (owner, role) = (&owner, database.role());
        async move {
            let rows = owner.query(sql, &[&role]).await.unwrap();
            rows.iter().map(|row| row.get(0)).collect::<Vec<String>>()
        }
    };
    assert_eq!(list(RELATIONS).await, ["kontract.storage: SELECT", "kontract.trxs: SELECT"],);
    let mut functions: Vec<String> = [
        "account_by_email",
        "account_create",
        "account_rehash",
        "collect",
        "commit",
        "me",
        "schema",
        "session",
        "session_anonymous",
        "session_close",
        "session_guest",
        "session_open",
        "set_groups",
    ]
    .map(str::to_owned)
    .to_vec();
    for table in ["counters", "notes", "people"] {
        functions.extend(["count", "get", "query"].map(|prefix| format!("{prefix}_{table}")));
    }
    functions.sort();
    assert_eq!(list(FUNCTIONS).await, functions);
    assert_eq!(list(SCHEMAS).await, ["kontract"]);
    // Nothing that every role may do from the start, as far as a database can take it back.
    assert_eq!(list(CREATES).await, Vec::<String>::new());
    // Everything it may call runs as the owner, with its search path pinned; nobody else may.
    assert_eq!(list(LOOSE).await, Vec::<String>::new());
    // Rows of the two tables are those of the session that is named, and none without one.
    let gateway = database.gateway().await;
    let seen =
        "SELECT (SELECT count(*) FROM kontract.trxs), (SELECT count(*) FROM kontract.storage)";
    let row = gateway.query_one(seen, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (0, 0));
    let session = "SELECT set_config('kontract.k', encode($1, 'hex'), true)";
    gateway.batch_execute("BEGIN").await.unwrap();
    gateway.query(session, &[&key("alice")]).await.unwrap();
    let row = gateway.query_one(seen, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (1, 3));
    gateway.batch_execute("ROLLBACK").await.unwrap();
    for sql in [
        "UPDATE kontract.trxs SET perm = 7",
        "INSERT INTO kontract.storage VALUES ('a', 'b', 'c', 7)",
        "SELECT * FROM kontract.accounts",
        "SELECT kontract._allow('a', 1, 1)",
        "CREATE TABLE kontract.mine (a int)",
        "CREATE TABLE public.mine (a int)",
        "CREATE TEMPORARY TABLE mine (a int)",
        "CREATE SCHEMA mine",
        "SET ROLE postgres",
    ] {
        let error = gateway.batch_execute(sql).await.unwrap_err();
        assert_eq!(error.code().unwrap().code(), "42501", "{sql}");
    }
}

#[tokio::test]
async fn what_everybody_may_is_taken_back_by_an_owner_and_left_alone_by_others() {
    let creates = async |database: &Database| {
        let rows = database.owner().await.query(CREATES, &[&database.role()]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect::<Vec<String>>()
    };
    for (owns, left) in [(true, vec![]), (false, vec!["the database: TEMPORARY", "public: CREATE"])]
    {
        let database = Database::empty();
        let (name, role) = (&database.name, format!("migrator_of_{}", database.name));
        // As every database was before PostgreSQL 15.
        let ready = format!(
            "CREATE ROLE {role} LOGIN CREATEROLE; GRANT CREATE ON SCHEMA public TO PUBLIC; {}",
            if owns {
                format!("ALTER DATABASE {name} OWNER TO {role}")
            } else {
                format!("GRANT CREATE ON DATABASE {name} TO {role}")
            }
        );
        database.owner().await.batch_execute(&ready).await.unwrap();
        let url = database.cluster.url(&role, name);
        let gateway = Gateway::Login { role: database.role(), password: None };
        for _ in 0..2 {
            up(&url, "URL", &gateway, &manifest(&tables()), false).await.unwrap();
        }
        assert_eq!(creates(&database).await, left);
    }
}

#[tokio::test]
async fn no_password_is_in_the_servers_log() {
    let cluster = Cluster::start(&["log_statement=all", "log_parameter_max_length=-1"]);
    let url = cluster.url("postgres", "postgres");
    for password in ["first secret", "second secret"] {
        let password = Secret::new(password);
        let gateway = Gateway::Chosen { password: password.clone() };
        let applied = up(&url, "URL", &gateway, &manifest(&tables()), false).await.unwrap();
        let as_gateway = migrate::as_role(&Secret::new(url.as_str()), &applied.role, &password);
        let gateway = connect(as_gateway.expose()).await;
        gateway.query("SELECT kontract.session_anonymous($1, 7, 60)", &[&key("x")]).await.unwrap();
    }
    let log = cluster.log();
    assert!(log.contains("session_anonymous") && log.contains("SCRAM-SHA-256"));
    assert!(!log.contains("secret"), "{log}");
}

#[tokio::test]
async fn a_gateway_tells_what_a_database_lacks() {
    let database = Database::empty();
    let wanted = manifest(&tables());
    let none = migrate::state(&database.owner().await, &wanted).await.unwrap();
    assert!(matches!(none, State::Behind(_)));
    database.migrate(&serde_json::json!({ "counters": { "n": "number" } })).await.unwrap();
    let gateway = database.gateway().await;
    let State::Behind(missing) = migrate::state(&gateway, &wanted).await.unwrap() else {
        panic!("a build needs its tables");
    };
    assert_eq!(missing, ["create the table notes", "create the table people"]);
    database.migrate(&tables()).await.unwrap();
    assert!(matches!(migrate::state(&gateway, &wanted).await.unwrap(), State::Current));
    // A build from before a table was made is served too.
    let older = manifest(&serde_json::json!({ "counters": { "n": "number" } }));
    assert!(matches!(migrate::state(&gateway, &older).await.unwrap(), State::Current));
}

const RELATIONS: &str = "SELECT n.nspname || '.' || c.relname || ': ' || string_agg(p.name, ' ' ORDER BY p.name)
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace,
         unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) AS p(name)
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_toast'
      AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND (has_table_privilege($1::text, c.oid, p.name)
           OR p.name IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES') AND has_any_column_privilege($1::text, c.oid, p.name))
    GROUP BY n.nspname, c.relname ORDER BY 1";
const FUNCTIONS: &str = "SELECT p.proname::text FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND has_function_privilege($1::text, p.oid, 'EXECUTE')
      AND has_schema_privilege($1::text, n.oid, 'USAGE') ORDER BY p.proname COLLATE \"C\"";
const SCHEMAS: &str = "SELECT n.nspname::text FROM pg_namespace AS n
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'public') AND n.nspname !~ '^pg_'
      AND has_schema_privilege($1::text, n.oid, 'USAGE') ORDER BY 1";
const CREATES: &str =
    "SELECT 'the database: ' || p.name FROM unnest('{CREATE,TEMPORARY}'::text[]) AS p(name)
    WHERE has_database_privilege($1::text, current_database(), p.name)
    UNION ALL SELECT n.nspname || ': CREATE' FROM pg_namespace AS n
    WHERE n.nspname !~ '^pg_(toast_)?temp' AND has_schema_privilege($1::text, n.oid, 'CREATE')";
const LOOSE: &str =
    "SELECT p.proname::text FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
    WHERE n.nspname = 'kontract' AND (
      has_function_privilege('public', p.oid, 'EXECUTE')
      OR has_function_privilege($1::text, p.oid, 'EXECUTE') AND NOT (
        p.prosecdef AND p.proconfig = '{\"search_path=pg_catalog, pg_temp\"}'
        AND pg_get_userbyid(p.proowner) LIKE 'kontract_owner_%'))";
