//! `kontract dev` as a shell sees it, with a real PostgreSQL.
#![cfg(unix)]

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{Shutdown, TcpListener},
    os::unix::{fs::PermissionsExt, net::UnixStream},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use nix::sys::signal::{Signal, kill};
use serde_json::{Value, json};

#[path = "dev/database.rs"]
mod database;
#[path = "dev/migrations.rs"]
mod migrations;
#[path = "support/development.rs"]
mod development;

use development::{PATIENCE, Project, call, post};

fn plain() -> Project {
    Project::new(&[("src/api.ts", &greeting("Hello"))])
}

/// One whose users may write.
fn with_notes() -> Project {
    Project::new(&[
        ("src/api.ts", &greeting("Hello")),
        ("src/notes.ts", &notes("")),
        ("kontract.toml", "[auth]\nperm = { anonymous = \"RWX\" }\n"),
    ])
}

fn greet(url: &str) -> String {
    let (status, body) = call(url, "greet", r#"["Ada"]"#).expect("an answer");
    assert_eq!(status, 200, "{body}");
    body["result"].as_str().expect("a text").to_owned()
}

fn greeting(word: &str) -> String {
    format!(
        "@backend()\nexport async function greet(name: string): Promise<string> {{\n  \
         return `{word}, ${{name}}`;\n}}\n\
         @backend()\nexport async function slow(): Promise<string> {{\n  \
         await new Promise((resolve) => setTimeout(resolve, 300));\n  return '{word}';\n}}\n"
    )
}

/// Rows of a table, with or without a field that must be there.
fn notes(required: &str) -> String {
    format!(
        "export interface Note {{ @primkey id: string; text: string; {required} }}\n\
         @backend()\nexport async function write(id: string, text: string): Promise<void> {{\n  \
         await env.storage.notes.set(id, {{ text }} as Note);\n}}\n\
         @backend()\nexport async function read(id: string): Promise<string> {{\n  \
         return (await env.storage.notes.get(id))?.text ?? '';\n}}\n"
    )
}

#[test]
fn an_edit_is_served_by_the_same_address() {
    let project = plain();
    let dev = project.start(&["--port", "0"]);
    let url = dev.url();
    assert_eq!(greet(&url), "Hello, Ada");
    project.write("src/api.ts", &greeting("Welcome"));
    dev.wait_for("reloaded");
    assert_eq!(greet(&url), "Welcome, Ada");
    dev.stop();
    assert_eq!(project.processes(), []);
}

#[test]
fn what_another_build_has_written_is_served() {
    let project = plain();
    let dev = project.start(&["--port", "0"]);
    let url = dev.url();
    dev.signal(Signal::SIGSTOP);
    project.write("src/api.ts", &greeting("Welcome"));
    assert!(project.run(&["build"]).status.success());
    dev.signal(Signal::SIGCONT);
    dev.wait_for("reloaded");
    assert_eq!(greet(&url), "Welcome, Ada");
    dev.stop();
}

#[test]
fn calls_survive_every_reload() {
    let project = plain();
    let dev = project.start(&["--port", "0"]);
    let url = dev.url();
    let done = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = ["greet", "slow", "slow"]
        .into_iter()
        .map(|route| {
            let (url, done) = (url.clone(), Arc::clone(&done));
            let arguments = if route == "greet" { r#"["Ada"]"# } else { "[]" };
            thread::spawn(move || {
                let mut answers = 0;
                while !done.load(Ordering::Relaxed) {
                    let (status, body) = call(&url, route, arguments).expect("an answer");
                    assert_eq!(status, 200, "{body}");
                    answers += 1;
                }
                answers
            })
        })
        .collect();
    let mut before = "Hello";
    for word in ["One", "Two", "Three"] {
        let in_flight = {
            let url = url.clone();
            thread::spawn(move || call(&url, "slow", "[]").expect("an answer").1)
        };
        thread::sleep(Duration::from_millis(50));
        project.write("src/api.ts", &greeting(word));
        dev.wait_for("reloaded");
        assert_eq!(greet(&url), format!("{word}, Ada"));
        let answer = in_flight.join().expect("no failure");
        assert_eq!(answer["result"], before, "{answer}");
        before = word;
    }
    done.store(true, Ordering::Relaxed);
    for caller in callers {
        assert!(caller.join().expect("no failure") > 0);
    }
    dev.stop();
}

#[test]
fn a_build_with_errors_leaves_the_last_good_one() {
    let project = plain();
    let dev = project.start(&["--port", "0"]);
    let url = dev.url();
    project.write("src/api.ts", "@backend()\nexport async function greet( {\n");
    assert_eq!(dev.wait_for("failed")["errors"], 1);
    assert_eq!(greet(&url), "Hello, Ada");
    project.write("src/api.ts", &greeting("Corrected"));
    dev.wait_for("reloaded");
    assert_eq!(greet(&url), "Corrected, Ada");
    dev.stop();
}

#[test]
fn a_module_that_throws_when_it_is_loaded_leaves_the_last_good_one() {
    let project = plain();
    let dev = project.start(&["--port", "0"]);
    let url = dev.url();
    project.write("src/api.ts", &format!("{}\nthrow new Error('at once');", greeting("Never")));
    project.write("src/notes.ts", &notes(""));
    let refusal = dev.wait_for("K188");
    assert!(refusal["message"].as_str().expect("a text").contains("at once"), "{refusal}");
    assert_eq!(dev.wait_for("not-served")["serving"], true);
    assert_eq!(greet(&url), "Hello, Ada");
    // What cannot be loaded changes nothing.
    project.write("src/api.ts", &format!("{}\nthrow new Error('again');", greeting("Never")));
    let mut refusal = dev.wait_for("K188");
    while !refusal["message"].as_str().expect("a text").contains("again") {
        refusal = dev.wait_for("K188");
    }
    let plan = project.run(&["migrate", "plan"]).stdout;
    let plan = String::from_utf8(plan).expect("text");
    assert!(plan.contains("create the table notes"), "{plan}");
    dev.stop();
}

#[test]
fn rows_outlive_a_run_that_was_killed() {
    let project = with_notes();
    let dev = project.start(&["--port", "0"]);
    let url = dev.url();
    assert_eq!(call(&url, "write", r#"["a","kept"]"#).expect("an answer").0, 200);
    dev.signal(Signal::SIGKILL);
    dev.end();

    let dev = project.start(&["--port", "0"]);
    let database = dev.wait_for("database");
    assert!(database["notes"].to_string().contains("left behind"), "{database}");
    let (_, body) = call(&dev.url(), "read", r#"["a"]"#).expect("an answer");
    assert_eq!(body["result"], "kept");
    dev.stop();
}

#[test]
fn a_change_that_rows_stand_in_the_way_of_is_explained() {
    let project = with_notes();
    let dev = project.start(&["--port", "0"]);
    let url = dev.url();
    assert_eq!(call(&url, "write", r#"["a","old"]"#).expect("an answer").0, 200);
    project.write("src/notes.ts", &notes("size: number;"));
    let refusal = dev.wait_for("K198");
    assert!(refusal["message"].as_str().expect("a text").contains("size"), "{refusal}");
    let (_, body) = call(&url, "read", r#"["a"]"#).expect("an answer");
    assert_eq!(body["result"], "old");
    project.write("src/notes.ts", &notes("size?: number;"));
    dev.wait_for("reloaded");
    let (_, body) = call(&url, "read", r#"["a"]"#).expect("an answer");
    assert_eq!(body["result"], "old");
    dev.stop();
}

#[test]
fn a_database_that_dies_is_started_again() {
    let project = with_notes();
    let dev = project.start(&["--port", "0"]);
    let url = dev.url();
    assert_eq!(call(&url, "write", r#"["a","kept"]"#).expect("an answer").0, 200);
    let first = project.postgres();
    kill(first, Signal::SIGKILL).expect("it runs");
    dev.wait_for("database-ended");
    let begun = Instant::now();
    loop {
        match call(&url, "read", r#"["a"]"#) {
            Ok((200, body)) => {
                assert_eq!(body["result"], "kept");
                break;
            }
            answer => assert!(begun.elapsed() < PATIENCE, "{answer:?}"),
        }
        thread::sleep(Duration::from_millis(50));
    }
    // The first one's sessions may have answered still.
    while !project.data().join("postmaster.pid").exists() {
        assert!(begun.elapsed() < PATIENCE);
        thread::sleep(Duration::from_millis(20));
    }
    assert_ne!(project.postgres(), first);
    dev.stop();
    assert_eq!(project.processes(), []);
}

#[test]
fn nothing_stays_when_the_database_hangs() {
    let project = plain();
    let dev = project.start(&["--port", "0"]);
    dev.url();
    kill(project.postgres(), Signal::SIGSTOP).expect("it runs");
    dev.stop();
    assert_eq!(project.processes(), []);
}

#[test]
fn a_second_signal_does_not_wait() {
    let project = plain();
    let dev = project.start(&["--port", "0"]);
    dev.url();
    let postgres = project.postgres();
    kill(postgres, Signal::SIGSTOP).expect("it runs");
    dev.signal(Signal::SIGINT);
    dev.wait_for("stopping");
    // A package manager's copy of the first one.
    dev.signal(Signal::SIGINT);
    thread::sleep(Duration::from_millis(1200));
    let begun = Instant::now();
    dev.signal(Signal::SIGINT);
    dev.end();
    assert!(begun.elapsed() < Duration::from_secs(1));
    // The system may have done so: nobody looks after its process group any more.
    let _ = kill(postgres, Signal::SIGCONT);
    let begun = Instant::now();
    while !project.processes().is_empty() {
        assert!(begun.elapsed() < PATIENCE);
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_database_that_is_given_is_used() {
    let host = plain();
    let server = host.start(&["--port", "0"]);
    server.url();
    let socket = host.data().to_string_lossy().replace('/', "%2F");
    let migrate = format!("postgresql://postgres@{socket}/postgres");
    let gateway = format!("postgresql://gate:secret@{socket}/postgres");
    let given = [("DATABASE_URL", migrate.as_str())];
    let both = [("DATABASE_URL", gateway.as_str()), ("KONTRACT_MIGRATE_URL", migrate.as_str())];
    for variables in [&given[..], &both[..]] {
        let project = with_notes();
        let dev = project.start_with(&["--port", "0"], variables);
        let url = dev.url();
        assert_eq!(call(&url, "write", r#"["a","given"]"#).expect("an answer").0, 200);
        assert!(!project.data().exists());
        dev.stop();
    }
    server.stop();

    let project = plain();
    let dev = project.start_with(&["--port", "0"], &[("DATABASE_URL", &gateway)]);
    let refusal = dev.wait_for("K195").to_string();
    let (status, errors) = dev.end();
    assert_eq!(status.code(), Some(1));
    assert!(!refusal.contains("secret") && !errors.contains("secret"), "{refusal} {errors}");
}

#[test]
fn a_project_is_served_once() {
    let project = plain();
    let dev = project.start(&["--port", "0"]);
    let url = dev.url();
    let second = project.start(&["--port", "0"]);
    second.wait_for("K182");
    assert_eq!(second.end().0.code(), Some(1));
    assert_eq!(greet(&url), "Hello, Ada");
    dev.stop();
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let project = plain();
    let dev = project.start(&["--port", &port]);
    let refusal = dev.wait_for("K188");
    let message = refusal["message"].as_str().expect("a text");
    assert!(message.contains(&port) && message.contains("--port"), "{message}");
    assert_eq!(dev.end().0.code(), Some(1));
    assert_eq!(project.processes(), []);
}

#[test]
fn new_settings_are_served_at_once() {
    let project = plain();
    let dev = project.start(&["--port", "0"]);
    let url = dev.url();
    assert_eq!(post(&url, "/api/greet", r#"["Ada"]"#).expect("an answer").0, 404);
    project.write("kontract.toml", "[server]\nbase = \"/api\"\n");
    assert_eq!(dev.url(), url);
    let (status, body) = post(&url, "/api/greet", r#"["Ada"]"#).expect("an answer");
    assert_eq!(status, 200, "{body}");
    project.write("kontract.toml", "[server]\nbase = 7\n");
    dev.wait_for("failed");
    assert_eq!(greet(&url), "Hello, Ada");
    dev.stop();
}

#[test]
fn a_command_asks_the_compiler_that_runs() {
    let project = plain();
    // As a copy of the project would have it.
    let open = project.path().join(".kontract/dev/compiler");
    fs::create_dir_all(&open).expect("a folder");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).expect("ours");
    let script = "echo \"$KONTRACT_COMPILER\" > socket; exec sleep 60";
    let dev = project.start(&["--port", "0", "--", "sh", "-c", script]);
    dev.url();
    let mut socket = String::new();
    let begun = Instant::now();
    while !socket.ends_with('\n') {
        assert!(begun.elapsed() < PATIENCE);
        thread::sleep(Duration::from_millis(10));
        socket = fs::read_to_string(project.path().join("socket")).unwrap_or_default();
    }
    let socket = Path::new(socket.trim());
    let folder = fs::metadata(socket.parent().expect("a folder")).expect("there");
    assert_eq!(folder.permissions().mode() & 0o777, 0o700);

    // Each is told of the last build, and answered by its own numbers.
    let mut clients = [(); 2].map(|()| {
        let stream = UnixStream::connect(socket).expect("it listens");
        let mut lines = BufReader::new(stream.try_clone().expect("ours")).lines();
        let mut next = move || -> Value {
            let line = lines.next().expect("it goes on").expect("a line");
            serde_json::from_str(&line).expect("JSON")
        };
        let built = next();
        assert_eq!((&built["event"], &built["ok"]), (&json!("built"), &json!(true)));
        assert_eq!(built["modules"][0]["source"], "src/api.ts");
        (stream, next)
    });
    project.write("src/api.ts", &greeting("Welcome"));
    for (stream, _) in &mut clients {
        stream.write_all(b"{\"id\":1,\"request\":\"settle\"}\n").expect("it listens");
    }
    for (_, next) in &mut clients {
        let built = next();
        assert_eq!(built["changed"], json!(["src/api.ts"]), "{built}");
        assert!(built.get("modules").is_none(), "they are as they were");
        assert_eq!(next(), json!({ "id": 1, "event": "settled", "ok": true }));
    }
    let (stream, next) = &mut clients[1];
    let lift = json!({ "id": "a", "request": "lift", "file": "src/b.ts", "text": "let b;" });
    writeln!(stream, "{lift}\nnonsense").expect("it listens");
    let mut answers = [next(), next()];
    answers.sort_by_key(|answer| answer["event"].to_string());
    assert_eq!(answers[0], json!({ "id": "a", "event": "lifted", "text": "let b;" }));
    assert_eq!(answers[1]["event"], "refused");
    // One that goes is missed by nobody.
    let [(gone, _), _] = clients;
    gone.shutdown(Shutdown::Both).expect("ours");
    project.write("src/api.ts", &greeting("Good day"));
    dev.wait_for("reloaded");
    dev.stop();
    assert!(!socket.exists());
    assert_eq!(project.processes(), []);
}

#[test]
fn a_command_runs_beside_it_and_decides_how_it_ends() {
    let project = plain();
    let script = "echo \"$KONTRACT_URL\" > url; exit 7";
    let dev = project.start(&["--port", "0", "--", "sh", "-c", script]);
    let url = dev.url();
    assert_eq!(dev.end().0.code(), Some(7));
    let told = fs::read_to_string(project.path().join("url")).expect("written");
    assert_eq!(told.trim(), url);
    assert_eq!(project.processes(), []);

    let dev = project.start(&["--port", "0", "--", "sleep", "60"]);
    dev.url();
    dev.stop();
    assert_eq!(project.processes(), []);

    let dev = project.start(&["--port", "0", "--", "no-such-program"]);
    dev.wait_for("K189");
    assert_eq!(dev.end().0.code(), Some(1));
    assert_eq!(project.processes(), []);
}

#[test]
fn changes_are_found_without_the_systems_help() {
    let project = plain();
    let dev = project.start(&["--port", "0", "--poll"]);
    let url = dev.url();
    project.write("src/api.ts", &greeting("Found"));
    dev.wait_for("reloaded");
    assert_eq!(greet(&url), "Found, Ada");
    dev.stop();
}
