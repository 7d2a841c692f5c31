//! `kontract migrate up`, killed wherever it may be, and two at once.

use std::{
    env, fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use serde_json::{Value, json};

use crate::{
    application::{Database, document},
    journey::Journey,
};

const SHOUT: &str = "export default {
  version: 2,
  up: async (db) => {
    await db.renameField('users', 'name', 'title');
    await db.transform('users', (row) => ({ ...row, title: row.title + '!' }));
  },
  down: async (db) => {},
};";

/// Stands before PostgreSQL and lets so many of a client's statements pass; then it kills the client.
struct Gate {
    port: u16,
    passed: Arc<AtomicUsize>,
    client: Arc<Mutex<Option<Child>>>,
}

impl Gate {
    fn open(server: u16, allowed: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let passed = Arc::new(AtomicUsize::new(0));
        let client: Arc<Mutex<Option<Child>>> = Arc::default();
        let (count, killed) = (Arc::clone(&passed), Arc::clone(&client));
        thread::spawn(move || {
            let (mut near, _) = listener.accept().unwrap();
            let mut far = TcpStream::connect(("127.0.0.1", server)).unwrap();
            let (mut answers, mut back) = (far.try_clone().unwrap(), near.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut answers, &mut back));
            let mut first = true;
            while let Some(message) = message(&mut near, first) {
                // A question about TLS comes before the first message, and looks like one.
                let opens = first;
                first = first && message[4..] == TLS;
                // `Query` and `Execute`.
                let is_statement = !opens && matches!(message[0], b'Q' | b'E');
                if is_statement && count.fetch_add(1, Ordering::Relaxed) >= allowed {
                    if let Some(child) = killed.lock().unwrap().as_mut() {
                        child.kill().unwrap();
                    }
                    break;
                }
                far.write_all(&message).unwrap();
            }
            let _ = far.shutdown(std::net::Shutdown::Both);
        });
        Self { port, passed, client }
    }
}

/// A message of PostgreSQL's protocol. The first has no type.
fn message(stream: &mut TcpStream, first: bool) -> Option<Vec<u8>> {
    let mut head = vec![0; if first { 4 } else { 5 }];
    stream.read_exact(&mut head).ok()?;
    let length = u32::from_be_bytes(head[head.len() - 4..].try_into().unwrap()) as usize;
    let mut body = vec![0; length - 4];
    stream.read_exact(&mut body).ok()?;
    head.extend(body);
    Some(head)
}

const TLS: [u8; 4] = 80_877_103_u32.to_be_bytes();

fn up(folder: &Path, migrator: &str, gateway: &str) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kontract"));
    command.args(["migrate", "up", "--no-locked", "--json"]).current_dir(folder);
    command.env("KONTRACT_MIGRATE_URL", migrator).env("DATABASE_URL", gateway);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn build(folder: &Path, tables: &Value) {
    fs::create_dir_all(folder.join("dist")).unwrap();
    fs::write(folder.join("dist/manifest.json"), document(tables).to_string()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_is_killed_did_nothing_and_can_be_repeated() {
    let database = Database::empty();
    let folder = tempfile::tempdir().unwrap();
    let gateway = database.cluster.url(&database.role(), &database.name);
    build(folder.path(), &json!({ "users": { "name": "string" } }));
    let first = up(folder.path(), &database.url(), &gateway).wait_with_output().unwrap();
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stdout));
    let owner = database.owner().await;
    let table = crate::concurrency::pointer(&owner, "users").await;
    let fill = format!(
        "INSERT INTO kdata.{table} (id, data, _owner) \
         SELECT i::text, jsonb_build_object('name', 'n' || i), 'alice' FROM generate_series(1, 20) AS i"
    );
    owner.batch_execute(&fill).await.unwrap();

    build(
        folder.path(),
        &json!({ "users": { "title": "string unique", "age": "number default=1" } }),
    );
    fs::create_dir(folder.path().join("migrations")).unwrap();
    fs::write(folder.path().join("migrations/0002_shout.ts"), SHOUT).unwrap();
    let server: u16 =
        database.url().rsplit(':').next().unwrap().split('/').next().unwrap().parse().unwrap();
    let untouched = format!(
        "SELECT count(*) FROM kdata.{table} WHERE data = jsonb_build_object('name', 'n' || id)"
    );
    // Every boundary under KONTRACT_PROVE, else some of them.
    let step = if env::var_os("KONTRACT_PROVE").is_some() { 1 } else { 7 };
    let mut killed = 0;
    for allowed in (1..).step_by(step) {
        let gate = Gate::open(server, allowed);
        let url = database.url().replace(&format!(":{server}/"), &format!(":{}/", gate.port));
        *gate.client.lock().unwrap() = Some(up(folder.path(), &url, &gateway));
        // It ends by itself or by the gate.
        loop {
            thread::sleep(std::time::Duration::from_millis(5));
            let mut client = gate.client.lock().unwrap();
            if client.as_mut().unwrap().try_wait().unwrap().is_some() {
                break;
            }
        }
        let output = gate.client.lock().unwrap().take().unwrap().wait_with_output().unwrap();
        if output.status.success() {
            assert!(gate.passed.load(Ordering::Relaxed) <= allowed + 1);
            break;
        }
        killed += 1;
        assert!(allowed < 2000, "{}", String::from_utf8_lossy(&output.stdout));
        let rows: i64 = owner.query_one(&untouched, &[]).await.unwrap().get(0);
        assert_eq!(rows, 20, "after {allowed} statements");
    }
    assert!(killed > 2, "it was killed {killed} times");
    let done = format!(
        "SELECT count(*) FROM kdata.{table} WHERE data = jsonb_build_object('title', 'n' || id || '!', 'age', 1)"
    );
    assert_eq!(owner.query_one(&done, &[]).await.unwrap().get::<_, i64>(0), 20);
    let lock = fs::read_to_string(folder.path().join("kontract.lock.json")).unwrap();
    assert!(lock.contains("\"name\": \"0002_shout\""), "{lock}");
}

#[tokio::test]
async fn of_two_migrators_one_waits_and_finds_nothing_to_do() {
    let mut journey = Journey::begin();
    let tables = json!({ "users": { "name": "string" } });
    journey.up(&tables).await.unwrap();
    journey.fill("users", 5, "jsonb_build_object('name', 'n')").await;
    journey.write(
        "0002_shout",
        "await db.transform('users', (r) => ({ ...r, name: r.name + '!' }))",
        "",
    );
    let run = || journey.with(&tables, async |order| kontract::migrate::up(order).await);
    let (one, other) = tokio::join!(run(), run());
    let ran = [one.unwrap().migrations.len(), other.unwrap().migrations.len()];
    assert_eq!(ran.iter().sum::<usize>(), 1, "{ran:?}");
    assert_eq!(journey.count("users", "data ->> 'name' = 'n!'").await, 5);
}
