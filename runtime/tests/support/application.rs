//! Applications for tests of the engine: a build written by hand, and an engine that serves it.
#![allow(dead_code, reason = "each test file uses what it needs of it")]

use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use kontract_runtime::{
    call::{Call, Form, Reply, RouteEntry},
    codec::Schema,
    config::Limits,
    engine::{Engine, EngineConfig},
    failure::Failure,
    manifest::{Isolation, Manifest, RouteMeta},
    session::{Session, SessionKey},
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// An application that is served. Its routes take and return any data.
pub struct Application {
    pub folder: TempDir,
    pub engine: Engine,
    schema: Schema,
}

impl Application {
    /// Serves what `api` exports: the text of `dist/server/api.js`.
    pub fn new(api: &str) -> Self {
        Self::with(api, &[], config()).unwrap()
    }

    /// The same with other files, by their paths in the project.
    pub fn with(api: &str, files: &[(&str, &str)], config: EngineConfig) -> Result<Self, String> {
        let folder = TempDir::new().unwrap();
        let write = |path: &str, text: &str| {
            let file = folder.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        write("dist/server/index.js", INDEX);
        write("dist/server/api.js", api);
        files.iter().for_each(|(path, text)| write(path, text));
        let routes = exports(api);
        let schema = Schema::load(&manifest(&routes)).unwrap();
        let engine = Engine::start(&folder.path().join("dist"), config)?;
        Ok(Self { folder, engine, schema })
    }

    /// Calls a route with one argument.
    pub async fn call(&self, route: &str, argument: Value) -> Result<Value, Failure> {
        let reply = self.reply(self.request(route, argument)).await?;
        let body: Value = serde_json::from_slice(&reply.body.unwrap_or_default()).unwrap();
        Ok(body["result"].clone())
    }

    pub async fn reply(&self, call: Call) -> Result<Reply, Failure> {
        self.engine.call(call).await
    }

    #[allow(clippy::needless_pass_by_value, reason = "a test says what it sends")]
    pub fn request(&self, route: &str, argument: Value) -> Call {
        let codec = self.schema.route(route).unwrap();
        let args = codec.read_request(json!([argument]).to_string().as_bytes()).unwrap();
        let meta = RouteMeta {
            perm: 0,
            ugroup: None,
            egroup: None,
            isolation: Isolation::Serializable,
            retry: false,
            streams: false,
        };
        Call {
            route: Arc::new(RouteEntry { name: route.to_owned(), meta, codec }),
            args,
            form: Form::Json,
            session: Arc::new(session("user-1")),
            method: "POST",
            path: format!("/rpc/{route}"),
            headers: http::HeaderMap::new(),
            call_id: "call-1".to_owned(),
            claim: "call-1".to_owned(),
            keyed: None,
            deadline: Instant::now() + Duration::from_secs(5),
            items: None,
        }
    }
}

pub fn session(owner: &str) -> Session {
    Session {
        id: format!("session-of-{owner}"),
        tenant: "main".to_owned(),
        owner: owner.to_owned(),
        perm: 7,
        ugroups: vec!["editors".to_owned()],
        is_anonymous: false,
        expires_at: SystemTime::now() + Duration::from_mins(1),
        key: SessionKey::new([0; 32]),
    }
}

pub fn config() -> EngineConfig {
    EngineConfig {
        limits: Limits::default(),
        variables: [("REGION".to_owned(), Some("eu".to_owned()))].into(),
        egress: Vec::new(),
        development: false,
        ..EngineConfig::default()
    }
}

fn exports(api: &str) -> Vec<String> {
    let names = api.split("export ").skip(1).filter_map(|text| {
        let text = text.trim_start_matches("async ").trim_start_matches("function ");
        let text = text.trim_start_matches("const ");
        let name: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        (!name.is_empty()).then_some(name)
    });
    names.collect()
}

fn manifest(routes: &[String]) -> Manifest {
    let any = json!({ "name": "value", "shape": "unknown", "undefined": true, "id": { "value": 0, "state": 1 } });
    let wire = json!({
        "objects": {
            "request": { "name": "Request", "kind": "arguments", "fields": [any] },
            "response": { "name": "Response", "kind": "result", "fields": [any] },
        },
        "unions": {},
        "routes": routes.iter().map(|name| {
            (name.clone(), json!({ "ident": name, "request": "request", "response": "response" }))
        }).collect::<serde_json::Map<_, _>>(),
    });
    let manifest = json!({
        "version": 1, "build": "", "abi": "", "routes": {}, "tables": {}, "wire": wire,
    });
    serde_json::from_str(&manifest.to_string()).unwrap()
}

const INDEX: &str = r#"
import * as api from "./api.js";
export const __kontract_routes = new Map();
for (const [name, value] of Object.entries(api)) {
  __kontract_routes.set(name, { handler: (ctx, args) => value(args[0]), meta: { perm: 4 } });
}
"#;
