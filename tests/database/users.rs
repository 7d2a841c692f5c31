//! `kontract user`

use serde_json::json;
use tokio_postgres::Client;

use crate::{
    application::{Database, key},
    project::Project,
};

async fn register(gateway: &Client, email: &str, session: &str) -> String {
    let sql = "SELECT kontract.account_create($1, 'a hash', 4, $2, 3600)";
    gateway.query_one(sql, &[&email, &key(session)]).await.unwrap().get(0)
}

async fn is_open(gateway: &Client, session: &str) -> bool {
    gateway.query("SELECT kontract.session($1)", &[&key(session)]).await.is_ok()
}

#[tokio::test]
async fn rights_count_from_the_next_login_and_end_with_their_revocation() {
    let tables = json!({ "counters": { "n": "number" } });
    let database = Database::empty();
    database.migrate(&tables).await.unwrap();
    let project = Project::of(&database, &tables);
    let gateway = database.gateway().await;
    let ada = register(&gateway, "ada@example.com", "ada 1").await;
    register(&gateway, "bob@example.com", "bob 1").await;

    let granted = &project.json(&[
        "user",
        "grant",
        "Ada@Example.com",
        "--perm",
        "_WX",
        "--group",
        "admin",
        "--group",
        "author",
    ])[0]["summary"];
    assert_eq!(granted["account"]["perm"], "RWX");
    assert_eq!(granted["account"]["ugroups"], json!(["admin", "author"]));
    assert_eq!((&granted["before"]["perm"], &granted["ended"]), (&json!("R__"), &json!(0)));
    let rights = |session: &'static str| {
        let gateway = &gateway;
        async move {
            let sql = "SELECT perm, ugroups FROM kontract.session($1)";
            let row = gateway.query_one(sql, &[&key(session)]).await.unwrap();
            (row.get::<_, i32>(0), row.get::<_, Vec<String>>(1))
        }
    };
    assert_eq!(rights("ada 1").await, (4, vec![]));
    gateway
        .query("SELECT kontract.session_open($1, $2, 3600)", &[&key("ada 2"), &ada])
        .await
        .unwrap();
    assert_eq!(rights("ada 2").await, (7, vec!["admin".to_owned(), "author".to_owned()]));

    // By id; and the sessions of nobody else end.
    let revoked = project.run(&["user", "revoke", &ada, "--group", "admin", "--perm", "__X"]);
    assert_eq!(
        revoked.output,
        "ada@example.com  RW_  author\nEnded 2 sessions: the user has to log in again\n"
    );
    assert!(!is_open(&gateway, "ada 1").await && !is_open(&gateway, "ada 2").await);
    assert!(is_open(&gateway, "bob 1").await);

    project.json(&["user", "groups", "ada@example.com", "editor"]);
    assert_eq!(project.run(&["user", "groups", "ada@example.com"]).output, "editor\n");
    let listed = project.run(&["user", "list"]);
    assert_eq!(listed.output, "ada@example.com  RW_  editor\nbob@example.com  R__\n2 accounts\n");
    assert_eq!(project.json(&["user", "list", "--group", "editor"]).len(), 2);
    project.json(&["user", "groups", "ada@example.com", "--none"]);
    assert_eq!(project.run(&["user", "groups", "ada@example.com", "-q"]).output, "\n");
}

#[tokio::test]
async fn who_cannot_be_found_or_changed_is_told() {
    let tables = json!({});
    let database = Database::empty();
    let mut project = Project::of(&database, &tables);
    let refused = |project: &Project, arguments: &[&str], code, needle: &str| {
        let run = project.run(arguments);
        assert!(
            run.code == Some(code) && run.errors.contains(needle),
            "{arguments:?}: {}",
            run.errors
        );
    };
    refused(&project, &["user", "list"], 1, "K241");
    database.migrate(&tables).await.unwrap();
    refused(&project, &["user", "groups", "eve@example.com"], 1, "K243");
    refused(&project, &["user", "grant", "eve@example.com"], 2, "--perm <RWX>|--group <name>");
    refused(&project, &["user", "grant", "eve@example.com", "--perm", "wrx"], 2, "RW_");
    let gateway = database.gateway().await;
    register(&gateway, "ada@example.com", "ada").await;
    refused(
        &project,
        &["user", "grant", "ada@example.com", "--group", "a\nb"],
        1,
        "no name of a group",
    );
    database.tenant("acme").await;
    let owner = database.owner().await;
    owner
        .batch_execute("INSERT INTO kontract.accounts (owner, email, hash, perm) VALUES ('acme', 'ada@example.com', '', 4)")
        .await
        .unwrap();
    refused(&project, &["user", "groups", "ada@example.com"], 1, "2 tenants: acme, main");
    let chosen =
        project.json(&["user", "grant", "ada@example.com", "--tenant", "acme", "--group", "staff"]);
    assert_eq!(chosen[0]["summary"]["account"]["tenant"], "acme");
    // The gateway's role may not.
    project.variables[0].1 = project.variables[1].1.clone();
    refused(&project, &["user", "list"], 1, "K242");
    refused(&project, &["user", "list"], 1, "KONTRACT_MIGRATE_URL is to name the role");
    project.variables.clear();
    refused(&project, &["user", "list"], 1, "K240");
}
