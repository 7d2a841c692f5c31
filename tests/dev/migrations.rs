//! A schema that changes while `kontract dev` runs, and `kontract migrate` beside it.

use std::fs;

use serde_json::{Value, json};

use crate::{
    call,
    development::{Dev, Project},
};

const SETTINGS: &str = "[auth]\nperm = { anonymous = \"RWX\" }\n";

/// Notes whose text is called so.
fn notes(field: &str) -> String {
    format!(
        "export interface Note {{ @primkey id: string; {field}: string }}\n\
         @backend()\nexport async function write(id: string, value: string): Promise<void> {{\n  \
         await env.storage.notes.set(id, {{ {field}: value }} as Note);\n}}\n\
         @backend()\nexport async function read(id: string): Promise<string> {{\n  \
         return (await env.storage.notes.get(id))?.{field} ?? '';\n}}\n"
    )
}

fn begin() -> (Project, Dev, String) {
    let project = Project::new(&[("src/notes.ts", &notes("text")), ("kontract.toml", SETTINGS)]);
    let dev = project.start(&["--port", "0"]);
    let url = dev.url();
    assert_eq!(call(&url, "write", r#"["a","kept"]"#).expect("an answer").0, 200);
    (project, dev, url)
}

fn read(url: &str) -> Value {
    call(url, "read", r#"["a"]"#).expect("an answer").1["result"].clone()
}

/// How `kontract migrate` ended, and what it printed.
fn migrate(project: &Project, arguments: &[&str]) -> (bool, String) {
    let run = project.run(&[&["migrate"], arguments].concat());
    let text = [run.stdout, run.stderr].concat();
    (run.status.success(), String::from_utf8(text).expect("text"))
}

/// As the lock has them.
fn migrations(project: &Project) -> Value {
    let lock = fs::read(project.path().join("kontract.lock.json")).expect("a lock");
    serde_json::from_slice::<Value>(&lock).expect("JSON")["migrations"].take()
}

/// Takes the draft of `create` at its word.
fn approve(project: &Project, path: &str, line: &str) {
    let draft = fs::read_to_string(project.path().join(path)).expect("a draft");
    assert!(draft.contains(&format!("// {line}")), "{draft}");
    project.write(path, &draft.replace(&format!("// {line}"), line));
}

const FILE: &str = "migrations/0002_rename_text.ts";
const RENAME: &str = "await db.renameField('notes', 'text', 'body');";
const BACK: &str = "await db.renameField('notes', 'body', 'text');";

#[test]
fn a_change_that_would_lose_values_goes_by_a_file_that_somebody_has_read() {
    let (project, dev, url) = begin();
    project.write("src/notes.ts", &notes("body"));
    let refusal = dev.wait_for("K200");
    let told = refusal.to_string();
    for part in ["'text'", "in 1 row", "@renamedFrom text", "migrate create remove_text", "0002_"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert_eq!(refusal["file"], "src/notes.ts");
    assert_eq!(dev.wait_for("not-served")["serving"], true);
    assert_eq!(read(&url), "kept");

    let (good, told) = migrate(&project, &["create", "rename_text"]);
    assert!(good && told.contains(&format!("Created: {FILE}")), "{told}");
    assert_eq!(dev.wait_for("K210")["file"], FILE);
    // Unread, it neither runs by itself nor loses anything when it does.
    let (good, told) = migrate(&project, &["up"]);
    assert!(!good && told.contains("Cannot auto-migrate: field 'text' was removed"), "{told}");
    assert_eq!(read(&url), "kept");

    approve(&project, FILE, RENAME);
    approve(&project, FILE, BACK);
    let (good, told) = migrate(&project, &["plan"]);
    assert!(good && told.contains("run the migration 0002_rename_text"), "{told}");
    let (good, told) = migrate(&project, &["up"]);
    assert!(good && told.contains("rename the field notes.text to body"), "{told}");
    dev.wait_for("reloaded");
    assert_eq!(read(&url), "kept");

    // Taken back, it does not come again by itself.
    let (good, told) = migrate(&project, &["down"]);
    assert_eq!(told.matches("rename the field").count(), 1, "{told}");
    assert!(good && told.contains("Took back 1 migration"), "{told}");
    dev.wait_for("K210");
    project.write("src/more.ts", "@backend()\nexport async function more(): Promise<void> {}\n");
    dev.wait_for("K210");
    assert!(migrate(&project, &["up"]).0);
    dev.wait_for("reloaded");
    assert_eq!(read(&url), "kept");
    dev.stop();

    // The database is started for the command alone.
    let (good, told) = migrate(&project, &["status"]);
    let applied = ["0001_create_notes", "0002_rename_text", "of development is as the build needs"];
    assert!(good && applied.iter().all(|line| told.contains(line)), "{told}");
    assert_eq!(project.processes(), []);

    // Another checkout.
    let clone = Project::new(&[("src/notes.ts", &notes("body")), ("kontract.toml", SETTINGS)]);
    for path in [FILE, "kontract.lock.json"] {
        clone.write(path, &fs::read_to_string(project.path().join(path)).expect("there"));
    }
    let dev = clone.start(&["--port", "0"]);
    assert_eq!(dev.wait_for("schema")["migrations"], json!(["0002_rename_text"]));
    let url = dev.url();
    assert_eq!(call(&url, "write", r#"["a","new"]"#).expect("an answer").0, 200);
    assert_eq!(read(&url), "new");
    dev.stop();
    assert_eq!(migrations(&clone), migrations(&project));
}

#[test]
fn a_file_that_a_build_does_not_need_waits_beside_it() {
    let (project, dev, url) = begin();
    let lose = "export default { version: 2, up: (db) => db.transform('notes', () => null), \
                down: async () => {} };";
    project.write("migrations/0002_lose.ts", lose);
    let told = dev.wait_for("K210");
    assert_eq!(
        (told["severity"].as_str(), told["file"].as_str()),
        (Some("warning"), Some("migrations/0002_lose.ts"))
    );
    dev.wait_for("reloaded");
    assert_eq!(read(&url), "kept");
    // A lock that does not change is no news: the command tells by itself.
    assert!(migrate(&project, &["up"]).0);
    assert_eq!(read(&url), "");
    fs::remove_file(project.path().join("migrations/0002_lose.ts")).expect("removed");
    project.write("migrations/0003_later.ts", "export default {");
    dev.wait_for("K210");
    dev.stop();
}
