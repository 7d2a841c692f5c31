//! Migration files, and the chain that they are links of.

use kontract::migrate::Record;
use serde_json::json;

use crate::journey::Journey;

const NAME: &str = "jsonb_build_object('name', 'n' || i, 'age', i)";

async fn people() -> Journey {
    let mut journey = Journey::begin();
    journey.up(&json!({ "users": { "name": "string", "age": "number" } })).await.unwrap();
    journey.fill("users", 3, NAME).await;
    journey
}

#[tokio::test]
async fn a_file_renames_a_field_there_and_back() {
    let mut journey = people().await;
    let (old, new) = (
        json!({ "users": { "name": "string", "age": "number" } }),
        json!({ "users": { "title": "string", "age": "number" } }),
    );
    assert_eq!(
        journey.up(&new).await,
        Err(vec![
            "K200: Cannot auto-migrate: field 'name' was removed".to_owned(),
            "K198: cannot add the field users.title: it is missing in 3 rows".to_owned()
        ])
    );
    journey.write(
        "0002_rename",
        "await db.renameField('users', 'name', 'title')",
        "await db.renameField('users', 'title', 'name')",
    );
    let done = ["run 0002_rename", "rename the field users.name to title"];
    assert_eq!(journey.up(&new).await.unwrap(), done);
    assert_eq!(
        journey.count("users", "data ->> 'title' = 'n' || id AND NOT data ? 'name'").await,
        3
    );
    let link = serde_json::to_value(&journey.links[1]).unwrap();
    let rename =
        json!([{ "type": "rename_field", "table": "users", "field": "name", "to": "title" }]);
    assert_eq!(link["changes"], rename);
    assert_eq!(link["parents"], json!(["0001_create_users"]));
    assert_eq!(journey.look(&new).await.drift, [] as [String; 0]);
    assert_eq!(journey.up(&new).await.unwrap(), [] as [String; 0]);
    let back = ["run 0002_rename", "rename the field users.title to name"];
    assert_eq!(journey.down(&old).await.unwrap(), back);
    assert_eq!(
        journey.count("users", "data ->> 'name' = 'n' || id AND NOT data ? 'title'").await,
        3
    );
    assert_eq!(journey.look(&old).await.drift, [] as [String; 0]);
}

#[tokio::test]
async fn a_file_that_went_through_a_database_must_not_change() {
    let mut journey = people().await;
    let tables = json!({ "users": { "name": "string", "age": "number" } });
    journey.write(
        "0002_shout",
        "await db.transform('users', r => ({ ...r, name: r.name + '!' }))",
        "",
    );
    journey.up(&tables).await.unwrap();
    journey.write("0002_shout", "", "");
    assert_eq!(
        journey.up(&tables).await,
        Err(vec!["K201: this migration was changed after the database went through it".to_owned()])
    );
    // One that the lock has and no database was through may change, but not where the lock may not.
    journey.links.clear();
    journey.remove("0002_shout");
    journey.write("0003_more", "", "");
    journey.record = Record::Nothing;
    assert_eq!(
        journey.up(&tables).await,
        Err(vec!["K204: this migration is not in kontract.lock.json as it is".to_owned()])
    );
}

#[tokio::test]
async fn what_a_file_gets_wrong_is_told_and_undone() {
    let mut journey = people().await;
    let tables = json!({ "users": { "name": "string", "age": "number unique" } });
    journey.up(&tables).await.unwrap();
    let before = journey.digest("users", &["name", "age"]).await;
    let cases = [
        ("throw new Error('no')", "failed: Error: no"),
        (
            "await db.transform('users', (r) => ({ ...r, age: 'x' }))",
            "K208: after the migration 3 rows of users would not hold in `age`",
        ),
        (
            "await db.transform('users', (r) => ({ ...r, age: 1 }))",
            "K208: after the migration 3 rows of users would share values of `age`",
        ),
        ("await db.transform('users', () => 5)", "was made something that is no object"),
        ("await db.transform('nobody', (r) => r)", "there is no table `nobody`: there are users"),
        (
            "await db.renameField('users', 'x', 'y')",
            "`users` has no field `x`: there are age, name",
        ),
        ("await db.updateSchema('users', { a: { type: 'Strin' } })", "`Strin` is no type"),
        (
            "await db.exec('ALTER TABLE tbl_users_abc123 RENAME COLUMN old_email TO email;')",
            "use `db.renameField(table, 'old_email', 'email')`",
        ),
        ("await db.exec('COMMIT')", "cannot end its transaction"),
        ("await db.exec('DO $$ BEGIN COMMIT; END $$')", "failed"),
        ("try { await db.exec('SELECT nothing') } catch {}", "column \"nothing\" does not exist"),
        (
            "await db.exec(\"DO $$ DECLARE t text; BEGIN SELECT ptr INTO t FROM kontract.storage; EXECUTE 'ALTER TABLE kdata.' || t || ' RENAME COLUMN _order TO o'; END $$\")",
            "the columns of kdata.tbl_users",
        ),
        ("for (;;);", "went on for too long"),
        ("await new Promise(() => {})", "waits for something that never comes"),
        ("await import('./other.js')", "a migration imports nothing"),
    ];
    for (body, message) in cases {
        // It takes half a minute to be sure.
        if body == "for (;;);" && std::env::var_os("KONTRACT_PROVE").is_none() {
            continue;
        }
        journey.write("0003_wrong", body, "");
        let wrong = journey.up(&tables).await.unwrap_err();
        let code = if message.starts_with("K208") { "K208: " } else { "K207: `up` failed" };
        assert!(wrong[0].starts_with(code) && wrong[0].contains(message), "{body}: {wrong:?}");
    }
    journey.remove("0003_wrong");
    assert_eq!(journey.up(&tables).await.unwrap(), [] as [String; 0]);
    assert_eq!(journey.digest("users", &["name", "age"]).await, before);
    assert_eq!(journey.look(&tables).await.drift, [] as [String; 0]);
}

#[tokio::test]
async fn two_branches_are_joined_by_a_link_that_comes_after_both() {
    let mut journey = people().await;
    let base = journey.links.clone();
    let mine = json!({ "users": { "name": "string", "age": "number", "mine": "string?" } });
    let theirs = json!({ "users": { "name": "string", "age": "number", "theirs": "string?" } });
    let both = json!({ "users": { "name": "string", "age": "number", "mine": "string?", "theirs": "string?" } });
    journey.up(&mine).await.unwrap();
    let my_links = journey.links.clone();

    // The other branch, on a database of its own.
    let mut other = people().await;
    other.links.clone_from(&base);
    other.write(
        "0002_theirs",
        "await db.transform('users', (r) => ({ ...r, theirs: r.name }))",
        "",
    );
    other.up(&theirs).await.unwrap();

    journey.write(
        "0002_theirs",
        "await db.transform('users', (r) => ({ ...r, theirs: r.name }))",
        "",
    );
    journey.links = my_links;
    journey.links.push(other.links[1].clone());
    let heads = "K202: the migrations of two branches stand beside each other: `0002_add_users_mine` and `0002_theirs`";
    assert_eq!(journey.up(&both).await, Err(vec![heads.to_owned()]));
    journey.merge();
    let done = ["run 0002_theirs", "add the field users.theirs"];
    assert_eq!(journey.up(&both).await.unwrap(), done);
    assert_eq!(journey.count("users", "data ->> 'theirs' = data ->> 'name'").await, 3);

    // The other database finds the same chain.
    other.links.clone_from(&journey.links);
    assert_eq!(other.up(&both).await.unwrap(), ["add the field users.mine"]);
    assert_eq!(other.look(&both).await.planned.len(), 0);
}

#[tokio::test]
async fn a_squashed_chain_serves_old_databases_and_new_ones() {
    let mut journey = people().await;
    let tables = json!({ "users": { "title": "string", "age": "number" } });
    journey.write("0002_rename", "await db.renameField('users', 'name', 'title')", "");
    journey.up(&tables).await.unwrap();
    journey.squash(&tables).await;
    assert_eq!(journey.links.len(), 1);
    assert_eq!(journey.up(&tables).await.unwrap(), [] as [String; 0]);
    assert_eq!(journey.count("users", "data ? 'title'").await, 3);
    let mut fresh = Journey::begin();
    fresh.links.clone_from(&journey.links);
    let made = ["make the functions of Kontract", "create the table users"];
    assert_eq!(fresh.up(&tables).await.unwrap(), made);
    // One that was through a part of them only must not guess.
    let mut half = people().await;
    half.links.clone_from(&journey.links);
    assert!(half.up(&tables).await.unwrap_err()[0].starts_with("K209"));
}

#[tokio::test]
async fn what_a_process_did_before_it_ended_is_found_in_the_database() {
    let mut journey = people().await;
    let tables = json!({ "users": { "name": "string", "age": "number" } });
    journey.write(
        "0002_shout",
        "await db.transform('users', r => ({ ...r, name: r.name + '!' }))",
        "",
    );
    let links = journey.links.clone();
    journey.up(&tables).await.unwrap();
    let after = std::mem::replace(&mut journey.links, links);
    assert_eq!(journey.up(&tables).await.unwrap(), [] as [String; 0]);
    assert_eq!(journey.links, after);
    assert_eq!(journey.count("users", "data ->> 'name' = 'n' || id || '!'").await, 3);
}

#[tokio::test]
async fn a_new_file_holds_what_only_a_file_can_say_and_does_none_of_it_unread() {
    let mut journey = people().await;
    let tables = json!({ "users": { "age": "string" } });
    let text = journey.create(&tables, "drop name").await;
    let lines = [
        "// migrations/0002_drop_name.ts\nimport type { Migration, MigrationDB }",
        "    // age of 'users' has another type.\n    \
             // await db.transform('users', (row) => ({ ...row, age: String(row.age) }));\n",
        "    // name is no field of 'users' any more.\n    \
             // await db.transform('users', ({ name: _, ...row }) => row);\n",
    ];
    assert!(lines.iter().all(|lines| text.contains(lines)), "{text}");
    // As it is it changes nothing.
    let refused = journey.up(&tables).await.unwrap_err();
    let name = "K200: Cannot auto-migrate: field 'name' was removed";
    assert_eq!(refused, [name, "K200: Cannot auto-migrate: type of field 'age' was changed"]);
    let read = text.replace("// await", "await");
    journey.replace("0002_drop_name", &read);
    journey.up(&tables).await.unwrap();
    assert_eq!(journey.count("users", "data = jsonb_build_object('age', id)").await, 3);
}

#[tokio::test]
async fn drift_is_told_and_left_alone() {
    let journey = people().await;
    let tables = json!({ "users": { "name": "string", "age": "number" } });
    let owner = journey.database.owner().await;
    let drift = "DO $$ DECLARE t text; c text; BEGIN
        SELECT ptr INTO t FROM kontract.storage;
        SELECT conname INTO c FROM pg_constraint WHERE conname LIKE 'check_users%' LIMIT 1;
        EXECUTE format('ALTER TABLE kdata.%I DROP CONSTRAINT %I', t, c);
        EXECUTE format('CREATE INDEX by_hand ON kdata.%I (_owner)', t);
        CREATE TABLE kdata.mine (id int);
      END $$";
    owner.batch_execute(drift).await.unwrap();
    let found = journey.look(&tables).await.drift;
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(found[0].contains("check check_users") && found[0].contains("missing"), "{found:?}");
    assert!(found[1].contains("mine") && found[3].contains("by_hand"), "{found:?}");
}

#[tokio::test]
async fn a_chain_that_cannot_be_gone_through_is_an_error() {
    let mut journey = people().await;
    let tables = json!({ "users": { "name": "string", "age": "number" } });
    journey.write("0002_shout", "const x: number = 1; return;", "");
    journey.up(&tables).await.unwrap();
    journey.remove("0002_shout");
    let mut fresh = Journey::begin();
    fresh.links.clone_from(&journey.links);
    let missing =
        "K205: migrations/0002_shout.ts is missing: it is part of the chain of migrations";
    assert_eq!(fresh.up(&tables).await, Err(vec![missing.to_owned()]));
    fresh.links.remove(0);
    let broken = "K203: the chain of migrations is broken: `0002_shout` comes after `0001_create_users`, which is not in it";
    assert_eq!(fresh.up(&tables).await, Err(vec![broken.to_owned()]));
    let mut other = people().await;
    other.write("0002_help", "}, also: async () => { await help();", "");
    other.prepend("0002_help", "import { help } from './help.js';\n");
    assert_eq!(
        other.up(&tables).await,
        Err(vec!["K206: a migration imports nothing but types".to_owned()])
    );
}

#[tokio::test]
async fn a_role_that_may_create_no_roles_goes_through_files_too() {
    let mut journey = Journey::begin();
    let name = &journey.database.name;
    let role = format!("owner_{name}");
    let make = format!("CREATE ROLE {role} LOGIN; GRANT CREATE ON DATABASE {name} TO {role}");
    journey.database.owner().await.batch_execute(&make).await.unwrap();
    journey.shared = Some(role);
    journey.up(&json!({ "users": { "name": "string", "age": "number" } })).await.unwrap();
    journey.fill("users", 3, NAME).await;
    let tables = json!({ "users": { "title": "string", "age": "string index" } });
    journey.write(
        "0002_all",
        "await db.renameField('users', 'name', 'title'); \
         await db.transform('users', (r) => ({ ...r, age: String(r.age) }))",
        "await db.transform('users', (r) => ({ ...r, age: Number(r.age) }))",
    );
    journey.up(&tables).await.unwrap();
    assert_eq!(
        journey.count("users", "data ->> 'age' = id AND data ->> 'title' = 'n' || id").await,
        3
    );
    let look = journey.look(&tables).await;
    assert_eq!((look.drift.len(), look.planned.len()), (0, 0));
    journey.down(&tables).await.unwrap();
    assert_eq!(
        journey
            .count(
                "users",
                "data ->> 'name' = 'n' || id AND jsonb_typeof(data -> 'age') = 'number'"
            )
            .await,
        3
    );
}
