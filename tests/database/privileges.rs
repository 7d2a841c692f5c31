//! What the gateway's role can reach, by the catalogue; and what the server's log holds.

use kontract::{
    doctor::privileges::{self, Verdict},
    migrate::{self, Gateway, State},
};
use kontract_runtime::config::Secret;

use crate::{
    application::{Database, connect, key, manifest, tables, up},
    postgres::Cluster,
};

#[tokio::test]
async fn the_gateway_reaches_two_tables_and_the_functions_it_calls() {
    let database = Database::new().await;
    database.tenant("acme").await;
    let owner = database.owner().await;
    let reach = privileges::reach(&owner, &database.role()).await.unwrap();
    let list = |kind: &str| {
        let found = reach.iter().filter(|r| r.kind == kind && r.verdict != Verdict::Default);
        found.map(|r| format!("{}: {}", r.object, r.rights)).collect::<Vec<String>>()
    };
    assert_eq!(list("relation"), ["kontract.storage: SELECT", "kontract.trxs: SELECT"]);
    let mut functions: Vec<String> = [
        "account_by_email",
        "account_create",
        "account_rehash",
        "answer",
        "claim",
        "collect",
        "commit",
        "commit_bare",
        "commit_keyed",
        "me",
        "schema",
        "session",
        "session_anonymous",
        "session_close",
        "session_guest",
        "session_open",
        "set_groups",
        "statements",
        "shared_change",
        "shared_get",
    ]
    .map(str::to_owned)
    .to_vec();
    for table in ["counters", "notes", "people"] {
        functions
            .extend(["count", "get", "query", "take"].map(|prefix| format!("{prefix}_{table}")));
    }
    functions.sort();
    let name = |function: String| {
        let name = function.split('(').next().unwrap().trim_start_matches("kontract.");
        name.to_owned()
    };
    assert_eq!(list("function").into_iter().map(name).collect::<Vec<_>>(), functions);
    assert_eq!(list("schema"), ["kontract: USAGE"]);
    // Nothing that every role may do from the start, as far as a database can take it back.
    let of_database = reach.iter().filter(|reached| reached.kind == "database");
    assert_eq!(of_database.map(|reached| reached.rights.as_str()).collect::<Vec<_>>(), ["CONNECT"]);
    // Everything it may call runs as the owner, with its search path pinned; nobody else may.
    assert!(reach.iter().all(|reached| reached.verdict != Verdict::More), "{reach:?}");
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
        let reach = privileges::reach(&database.owner().await, &database.role()).await.unwrap();
        let creates =
            reach.iter().filter(|reached| ["CREATE", "TEMPORARY"].contains(&&*reached.rights));
        let kinds = creates.filter(|reached| ["database", "schema"].contains(&&*reached.kind));
        kinds
            .map(|reached| format!("{}: {}", reached.kind, reached.rights))
            .collect::<Vec<String>>()
    };
    for (owns, left) in [(true, vec![]), (false, vec!["schema: CREATE", "database: TEMPORARY"])] {
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
        let gateway = Gateway::Chosen { password: Some(password.clone()) };
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

#[tokio::test]
async fn one_more_grant_is_found_whatever_it_is() {
    let database = Database::new().await;
    let owner = database.owner().await;
    let role = database.role();
    owner
        .batch_execute(
            "CREATE TABLE public.orders (id int, secret text); CREATE SEQUENCE public.numbers;
             CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1';
             REVOKE ALL ON FUNCTION public.mine() FROM PUBLIC;
             SELECT lo_create(4711)",
        )
        .await
        .unwrap();
    let more = async || {
        let reach = privileges::reach(&owner, &role).await.unwrap();
        let findings = privileges::judge(&role, &reach);
        findings.into_iter().find(kontract::model::diagnostic::Diagnostic::is_error)
    };
    assert!(more().await.is_none());
    let group = format!("group_{}", database.name);
    owner.batch_execute(&format!("CREATE ROLE {group}")).await.unwrap();
    let mut missed = Vec::new();
    for (grant, revoke) in [
        ("GRANT SELECT (id) ON public.orders TO {role}", "REVOKE ALL ON public.orders FROM {role}"),
        ("GRANT SELECT ON public.orders TO PUBLIC", "REVOKE ALL ON public.orders FROM PUBLIC"),
        (
            "GRANT TRIGGER ON kdata.{counters} TO {role}",
            "REVOKE ALL ON kdata.{counters} FROM {role}",
        ),
        ("GRANT UPDATE ON kontract.trxs TO {role}", "REVOKE UPDATE ON kontract.trxs FROM {role}"),
        (
            "GRANT SELECT ON kontract.accounts TO {role}",
            "REVOKE ALL ON kontract.accounts FROM {role}",
        ),
        (
            "GRANT SELECT ON pg_catalog.pg_authid TO {role}",
            "REVOKE ALL ON pg_catalog.pg_authid FROM {role}",
        ),
        (
            "GRANT USAGE ON SEQUENCE public.numbers TO {role}",
            "REVOKE ALL ON SEQUENCE public.numbers FROM {role}",
        ),
        (
            "GRANT EXECUTE ON FUNCTION public.mine() TO {role}",
            "REVOKE ALL ON FUNCTION public.mine() FROM {role}",
        ),
        (
            "GRANT EXECUTE ON FUNCTION kontract._conflict() TO {role}",
            "REVOKE ALL ON FUNCTION kontract._conflict() FROM {role}",
        ),
        (
            "GRANT EXECUTE ON FUNCTION kontract.me(bytea, text) TO PUBLIC",
            "REVOKE ALL ON FUNCTION kontract.me(bytea, text) FROM PUBLIC",
        ),
        (
            "ALTER FUNCTION kontract.me(bytea, text) RESET search_path",
            "ALTER FUNCTION kontract.me(bytea, text) SET search_path = pg_catalog, pg_temp",
        ),
        (
            "GRANT EXECUTE ON FUNCTION pg_read_file(text) TO {role}",
            "REVOKE ALL ON FUNCTION pg_read_file(text) FROM {role}",
        ),
        ("GRANT CREATE ON SCHEMA public TO {role}", "REVOKE CREATE ON SCHEMA public FROM {role}"),
        ("GRANT USAGE ON SCHEMA kdata TO {role}", "REVOKE ALL ON SCHEMA kdata FROM {role}"),
        (
            "GRANT CREATE ON DATABASE {database} TO {role}",
            "REVOKE CREATE ON DATABASE {database} FROM {role}",
        ),
        (
            "GRANT SELECT ON LARGE OBJECT 4711 TO {role}",
            "REVOKE ALL ON LARGE OBJECT 4711 FROM {role}",
        ),
        ("GRANT {group} TO {role}", "REVOKE {group} FROM {role}"),
        ("GRANT pg_read_all_data TO {role}", "REVOKE pg_read_all_data FROM {role}"),
        ("ALTER ROLE {role} BYPASSRLS", "ALTER ROLE {role} NOBYPASSRLS"),
        ("ALTER ROLE {role} CREATEDB", "ALTER ROLE {role} NOCREATEDB"),
        (
            "ALTER TABLE kontract.trxs DISABLE ROW LEVEL SECURITY",
            "ALTER TABLE kontract.trxs ENABLE ROW LEVEL SECURITY",
        ),
        (
            "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {role}",
            "ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM {role}",
        ),
    ] {
        let counters: String = owner
            .query_one("SELECT ptr FROM kontract.storage WHERE id = 'counters'", &[])
            .await
            .unwrap()
            .get(0);
        let fill = |sql: &str| {
            sql.replace("{role}", &role)
                .replace("{group}", &group)
                .replace("{database}", &database.name)
                .replace("{counters}", &counters)
        };
        owner.batch_execute(&fill(grant)).await.unwrap();
        let found = more().await;
        if found.as_ref().and_then(|found| found.help.clone()).is_none_or(|help| help.is_empty()) {
            missed.push(grant);
        }
        owner.batch_execute(&fill(revoke)).await.unwrap();
        let left = more().await;
        assert!(left.is_none(), "{revoke}: {left:?}");
    }
    assert_eq!(missed, Vec::<&str>::new());
}
