//! A gateway with raystream on a database of its own.

use std::{fs, io, sync::Mutex, time::Duration};

use kontract_runtime::{
    codec::Schema,
    config::{self, AuthConfig, Config, Limits, Secret, Wire},
    gateway::{Gateway, Pin, StaticKeys},
    manifest::Manifest,
    value::Value,
};
use serde_json::{Map, json};
use tempfile::TempDir;
use tracing_subscriber::fmt::TestWriter;

use crate::{
    postgres::Cluster,
    support::schema::{self, Table},
};

/// What gateways of one application share.
pub struct World {
    pub folder: TempDir,
    pub keys: StaticKeys,
    url: String,
}

impl World {
    pub async fn new() -> Self {
        let _ = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::DEBUG)
            .with_ansi(false)
            .with_writer(|| Log)
            .try_init();
        let cluster = Cluster::shared();
        let url = cluster.url("postgres", &cluster.database());
        let (client, connection) =
            tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(&schema::script(TABLES)).await.unwrap();
        let keys = StaticKeys::generate(2).unwrap();
        let world = Self { folder: TempDir::new().unwrap(), keys, url };
        world.build(API, &world.keys.pins());
        world
    }

    /// Puts a build into the output folder.
    pub fn build(&self, api: &str, pins: &[Pin]) {
        let write = |path: &str, text: &str| {
            let file = self.folder.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        write("server/index.js", INDEX);
        write("server/api.js", api);
        write("manifest.json", &manifest(pins).to_string());
    }

    pub fn config(&self) -> Config {
        Config {
            dist: self.folder.path().to_owned(),
            address: "127.0.0.1:0".parse().unwrap(),
            base: None,
            json: true,
            cors: Vec::new(),
            limits: Limits::default(),
            variables: [].into(),
            egress: Vec::new(),
            database: config::Database {
                url: Secret::new(&self.url),
                pool: 4,
                shared_privileges: true,
            },
            secret: Secret::new("kX9v2mQ8sL4tR7wZ1pB6nC3dF5gH0jYa"),
            auth: AuthConfig { anonymous_perm: 7, ..AuthConfig::default() },
            wire: Wire {
                static_key: Some(self.keys.secret()),
                session_idle: Duration::from_mins(5),
                ..Wire::default()
            },
            development: false,
            threads: Some(1),
        }
    }

    pub async fn serve(&self) -> Gateway {
        self.serve_as(|_| {}).await
    }

    pub async fn serve_as(&self, change: impl FnOnce(&mut Config)) -> Gateway {
        let mut config = self.config();
        change(&mut config);
        Gateway::start(config).await.unwrap()
    }
}

/// What gateways of this process have logged.
pub fn log() -> String {
    String::from_utf8_lossy(&LOG.lock().unwrap()).into_owned()
}

/// Keeps it, and shows it where a test fails.
struct Log;

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.lock().unwrap().extend(bytes);
        io::Write::write(&mut TestWriter::new(), bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// A text as an argument: the layouts of the only argument and of a result are the same.
pub fn written(text: &str) -> Vec<u8> {
    let codec = codec("echo");
    codec.encode_response(&&Value::String(text.to_owned())).unwrap()
}

/// The text of a result.
pub fn read(bytes: &[u8]) -> String {
    match codec("echo").decode_request(bytes).unwrap().as_slice() {
        [Value::String(text)] => text.clone(),
        other => panic!("{other:?}"),
    }
}

fn codec(route: &str) -> std::sync::Arc<kontract_runtime::codec::RouteCodec> {
    let manifest: Manifest = serde_json::from_str(&manifest(&[]).to_string()).unwrap();
    Schema::load(&manifest).unwrap().route(route).unwrap()
}

fn manifest(pins: &[Pin]) -> serde_json::Value {
    let text = json!({ "name": "value", "shape": "string", "id": { "value": 0 } });
    let tables = schema::manifest(&json!({
        "counters": { "fields": [["n", { "number": "float64" }]] },
    }));
    let rows: serde_json::Value = serde_json::from_str(tables.rows.unwrap().get()).unwrap();
    let route = |name: &str| {
        let reads = matches!(name, "echo" | "about" | "counted");
        json!({
            "module": "api", "export": name, "meta": { "perm": 4, "streams": streams(name) },
            "abi": ABI, "accepts": [], "reads": reads,
        })
    };
    let shapes = |name: &str| {
        let response = if streams(name) { "item" } else { "response" };
        json!({ "ident": name, "request": "request", "response": response })
    };
    json!({
        "version": 1, "build": "", "abi": "",
        "pins": pins.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "routes": ROUTES.map(|name| (name.to_owned(), route(name))).into_iter().collect::<Map<_, _>>(),
        "tables": { "counters": {
            "primaryKey": "id", "fields": { "id": { "perm": 6 }, "n": { "perm": 6 } }, "row": "counters",
        } },
        "rows": rows,
        "wire": {
            "objects": {
                "request": { "name": "Request", "kind": "arguments", "fields": [text] },
                "response": { "name": "Response", "kind": "result", "fields": [text] },
                "item": { "name": "Item", "kind": "item", "fields": [text] },
            },
            "unions": {},
            "routes": ROUTES.map(|name| (name.to_owned(), shapes(name))).into_iter().collect::<Map<_, _>>(),
        },
    })
}

fn streams(route: &str) -> bool {
    route.starts_with("stream")
}

/// The contract of every route.
pub const ABI: &str = "sha256:api";
pub const API: &str = include_str!("api.js");
const ROUTES: [&str; 19] = [
    "echo",
    "about",
    "missing",
    "broken",
    "created",
    "nothing",
    "increment",
    "counted",
    "large",
    "wait",
    "abortions",
    "pause",
    "fetched",
    "streamNumbers",
    "streamFailing",
    "streamEndless",
    "streamMisfit",
    "streamWriting",
    "streamEnded",
];
const INDEX: &str = r#"
import * as api from "./api.js";
export const __kontract_routes = new Map();
for (const [name, value] of Object.entries(api)) {
  __kontract_routes.set(name, { handler: (ctx, args) => value(args[0]), meta: { perm: 4, streams: name.startsWith("stream") } });
}
"#;
const TABLES: &[Table<'_>] = &[Table {
    name: "counters",
    fields: r#"{"n":"number"}"#,
    readonly: &[],
    unique: &[],
    owned: false,
}];
