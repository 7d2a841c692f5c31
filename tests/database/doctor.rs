//! `kontract doctor`

use std::time::{Duration, SystemTime};

use kontract::{
    config::Options,
    dev::session::Environment,
    doctor::{self, Patient, Report},
    files::Disk,
};
use kontract_runtime::config::Secret;
use serde_json::json;

use crate::{application::Database, pooler::Pooler, postgres::Cluster, project::Project};

async fn examine(project: &Project, now: fn() -> SystemTime) -> Report {
    let variable = |name: &str| {
        let found = project.variables.iter().find(|(variable, _)| *variable == name);
        found.map(|(_, value)| Secret::new(value.as_str()))
    };
    let environment = Environment {
        database: variable("DATABASE_URL"),
        migrate: variable("KONTRACT_MIGRATE_URL"),
        secret: variable("KONTRACT_SECRET"),
        static_key: None,
        package: None,
        path: std::ffi::OsString::new(),
    };
    let options = Options::defaults(project.path());
    let patient = Patient { options: &options, environment: &environment, files: &Disk, now };
    doctor::examine(&patient).await
}

fn messages(report: &Report) -> Vec<String> {
    let findings = report.findings.iter().filter(|finding| finding.code != "K246");
    findings.map(|finding| format!("{} {}", finding.code, finding.message)).collect()
}

/// A project in good health.
async fn healthy() -> (Database, Project) {
    let tables = json!({ "counters": { "n": "number" } });
    let database = Database::empty();
    database.migrate(&tables).await.unwrap();
    let mut project = Project::of(&database, &tables);
    project.variables.push(("KONTRACT_SECRET", "kX9v2mQ8sL4tR7wZ1pB6nC3dF5gH0jYa".to_owned()));
    (database, project)
}

#[tokio::test]
async fn what_is_wrong_is_told_with_its_cure_and_only_errors_fail() {
    let (database, mut project) = healthy().await;
    let run = project.run(&["doctor"]);
    assert_eq!(run.code, Some(0), "{}{}", run.output, run.errors);
    // PostgreSQL's own defaults.
    assert!(run.output.ends_with("It can be served, with 1 warning\n"), "{}", run.output);
    assert!(run.errors.contains("K246"), "{}", run.errors);
    let listed = project.json(&["doctor", "--privileges"]);
    let relations: Vec<_> =
        listed.iter().filter(|o| o["kind"] == "relation").map(|o| &o["object"]).collect();
    assert_eq!(relations, ["kontract.storage", "kontract.trxs"]);

    let owner = database.owner().await;
    let grant = format!(
        "CREATE TABLE public.extra (id int); GRANT SELECT ON public.extra TO {}",
        database.role()
    );
    owner.batch_execute(&grant).await.unwrap();
    let run = project.run(&["doctor", "--privileges"]);
    assert_eq!(run.code, Some(1));
    assert!(run.output.contains("! relation        public.extra: SELECT"), "{}", run.output);
    assert!(run.errors.contains("K245"), "{}", run.errors);
    assert!(run.errors.contains("REVOKE ALL ON public.extra FROM PUBLIC"), "{}", run.errors);
    owner.batch_execute("DROP TABLE public.extra").await.unwrap();

    // Errors stand before warnings.
    project.build(&json!({ "counters": { "n": "number", "at": "string" } }));
    project.variables[2].1 = "too short".to_owned();
    let run = project.run(&["doctor", "--json"]);
    let codes: Vec<String> = run
        .objects()
        .iter()
        .filter_map(|object| {
            Some(format!("{} {}", object["severity"].as_str()?, object["code"].as_str()?))
        })
        .collect();
    assert_eq!(
        (run.code, codes),
        (Some(1), vec!["error K197".into(), "error K250".into(), "warning K246".into()])
    );
    assert!(!run.output.contains("too short"));

    project.variables.clear();
    let run = project.run(&["doctor"]);
    assert!(run.code == Some(1) && run.errors.contains("no database to examine"), "{}", run.errors);
    assert!(run.errors.contains("K244"), "{}", run.errors);
    project.variables.push(("DATABASE_URL", "postgresql://me:pw@127.0.0.1:1/none".to_owned()));
    let run = project.run(&["doctor"]);
    assert!(run.code == Some(1) && run.errors.contains("cannot be reached"), "{}", run.errors);
}

#[tokio::test]
async fn clocks_that_differ_are_found() {
    let (_database, project) = healthy().await;
    assert_eq!(messages(&examine(&project, SystemTime::now).await), Vec::<String>::new());
    let ahead = examine(&project, || SystemTime::now() + Duration::from_secs(90)).await;
    assert!(
        ahead
            .findings
            .iter()
            .any(|f| f.is_error() && f.code == "K247" && f.message.contains("s ahead of"))
    );
    let behind = examine(&project, || SystemTime::now() - Duration::from_secs(10)).await;
    assert!(behind.findings.iter().any(|f| !f.is_error() && f.message.contains("s behind")));
}

#[tokio::test]
async fn ids_of_a_restored_database_are_found_and_repaired() {
    let (database, project) = healthy().await;
    let owner = database.owner().await;
    owner
        .batch_execute(
            "DO $$ BEGIN EXECUTE format('INSERT INTO kdata.%I (id, data, _owner, _txid, _deleted_txid)
               VALUES (''a'', ''{\"n\": 1}'', ''u'', 900000000000, NULL), (''b'', ''{\"n\": 1}'', ''u'', 1, 900000000001)',
               (SELECT ptr FROM kontract.storage WHERE id = 'counters')); END $$",
        )
        .await
        .unwrap();
    let found = messages(&examine(&project, SystemTime::now).await);
    assert!(
        found.len() == 1
            && found[0].starts_with("K249")
            && found[0].contains("holds the transaction id 900000000001"),
        "{found:?}"
    );
    assert_eq!(project.json(&["doctor", "--repair-ids"])[0]["summary"]["rows"], 2);
    assert_eq!(messages(&examine(&project, SystemTime::now).await), Vec::<String>::new());
}

#[tokio::test]
async fn tables_routes_and_modes_are_compared_with_what_is_there() {
    let (database, project) = healthy().await;
    let owner = database.owner().await;
    owner
        .batch_execute(
            "INSERT INTO kontract.storage (id, ptr, owner) VALUES ('lost', 'tbl_lost', 'main')",
        )
        .await
        .unwrap();
    let found = messages(&examine(&project, SystemTime::now).await);
    assert!(
        found.len() == 1
            && found[0].starts_with("K252")
            && found[0].contains("kdata.tbl_lost: it is missing"),
        "{found:?}"
    );
    owner.batch_execute("DELETE FROM kontract.storage WHERE id = 'lost'").await.unwrap();
    project.write("kontract.toml", "[database]\nprivileges = 'shared'\n");
    let run = project.run(&["doctor", "--privileges"]);
    assert!(
        run.code == Some(0) && run.errors.contains("the claim of two tables is"),
        "{}",
        run.errors
    );
}

#[tokio::test]
async fn a_pooler_of_transactions_is_noticed() {
    let (database, mut project) = healthy().await;
    let pooler = Pooler::before(Cluster::shared());
    project.variables[1].1 = pooler.url(&database.role(), &database.name);
    let found = messages(&examine(&project, SystemTime::now).await);
    assert!(
        found.len() == 1
            && found[0].starts_with("K248")
            && found[0].contains("forgets prepared statements"),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_database_without_schemas_is_told_apart() {
    let tables = json!({});
    let database = Database::empty();
    database.migrate(&tables).await.unwrap();
    let project = Project::of(&database, &tables);
    let owner = database.owner().await;
    owner.batch_execute("DROP SCHEMA kontract, kdata CASCADE").await.unwrap();
    let found = messages(&examine(&project, SystemTime::now).await);
    assert!(found.iter().any(|finding| finding.starts_with("K253")), "{found:?}");
}
