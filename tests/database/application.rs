//! A database with the tables of a small application.

use kontract::{
    admin::tenants,
    migrate::{self, Applied, Gateway, Order, Problem, Record},
};
use kontract_runtime::{config::Secret, manifest::Manifest};
use serde_json::{Value, json};
use tokio_postgres::{Client, NoTls};

use crate::postgres::Cluster;

pub struct Database {
    pub cluster: &'static Cluster,
    pub name: String,
    /// `privileges = "shared"`: the gateway's role is the one that migrates.
    shared: bool,
}

impl Database {
    /// An empty one.
    pub fn empty() -> Self {
        let cluster = Cluster::shared();
        Self { cluster, name: cluster.database(), shared: false }
    }

    /// An empty one of a role that may make no roles, and has to do for everything.
    pub async fn shared() -> Self {
        let database = Self { shared: true, ..Self::empty() };
        let (name, role) = (&database.name, database.role());
        let make = format!("CREATE ROLE {role} LOGIN; GRANT CREATE ON DATABASE {name} TO {role}");
        database.owner().await.batch_execute(&make).await.unwrap();
        database
    }

    /// One with the tables of [`tables`], and a session for each user that tests speak of.
    pub async fn new() -> Self {
        Self::empty().filled().await
    }

    /// With tables and sessions.
    pub async fn filled(self) -> Self {
        self.migrate(&tables()).await.unwrap();
        for user in ["alice", "bob"] {
            self.open("main", user, 7).await;
        }
        self.open("main", "reader", 4).await;
        self
    }

    /// A tenant beside `main`, at `<name>.example.com`, with sessions for `alice of <name>` and
    /// `bob of <name>`.
    pub async fn tenant(&self, name: &str) {
        let host = format!("{name}.example.com");
        tenants::create(&mut self.owner().await, name, &[host]).await.unwrap();
        for user in ["alice", "bob"] {
            self.open(name, &format!("{user} of {name}"), 7).await;
        }
    }

    /// A session.
    pub async fn open(&self, tenant: &str, user: &str, perm: i32) {
        let open = "INSERT INTO kontract.trxs (sid, owner, user_id, perm, is_anonymous, expires_at)
            VALUES (sha256($1), $2, $3, $4, false, now() + interval '1 hour')";
        self.owner().await.execute(open, &[&key(user), &tenant, &user, &perm]).await.unwrap();
    }

    pub fn url(&self) -> String {
        self.cluster.url("postgres", &self.name)
    }

    pub fn role(&self) -> String {
        format!("gate_{}", self.name)
    }

    pub async fn migrate(&self, tables: &Value) -> Result<Applied, Problem> {
        self.migrate_to(&document(tables)).await
    }

    /// To the manifest of a build.
    pub async fn migrate_to(&self, build: &Value) -> Result<Applied, Problem> {
        let build = serde_json::from_value(build.clone()).unwrap();
        if self.shared {
            let url = self.cluster.url(&self.role(), &self.name);
            return up(&url, "DATABASE_URL", &Gateway::Shared, &build, false).await;
        }
        let gateway =
            Gateway::Login { role: self.role(), password: Some(Secret::new("gate's secret")) };
        up(&self.url(), "KONTRACT_MIGRATE_URL", &gateway, &build, false).await
    }

    /// As the superuser.
    pub async fn owner(&self) -> Client {
        connect(&self.url()).await
    }

    /// As the gateway.
    pub async fn gateway(&self) -> Client {
        connect(&self.cluster.url(&self.role(), &self.name)).await
    }
}

/// Migrates without a chain of migrations.
pub async fn up(
    url: &str,
    variable: &str,
    gateway: &Gateway,
    manifest: &Manifest,
    dry_run: bool,
) -> Result<Applied, Problem> {
    let (links, sources, record) = (&[], &[], Record::Nothing);
    let folder = "migrations";
    migrate::up(&Order {
        url,
        variable,
        gateway,
        manifest,
        links,
        sources,
        folder,
        record,
        dry_run,
    })
    .await
}

pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// k of a user's session.
pub fn key(user: &str) -> Vec<u8> {
    format!("the key of {user}").into_bytes()
}

/// The tables that most tests use. Fields by table: `{ "users": { "email": "string unique", "age": "number? index" } }`. Beside a
/// shape and `?` there may be `index`, `unique`, `readonly` and `null`; beside a table `owned` or `searched`.
pub fn tables() -> Value {
    json!({
        "counters": { "n": "number" },
        "people": { "email": "string unique", "age": "number? index", "city": "string? null index", "role": "string? readonly", "tags": "list? index" },
        "notes owned": { "text": "string" },
    })
}

pub fn manifest(tables: &Value) -> Manifest {
    serde_json::from_value(document(tables)).unwrap()
}

/// A manifest as a build writes it. `people from=users` was another table, a field with `from=old`
/// another field; a field may be an object of fields.
pub fn document(tables: &Value) -> Value {
    let mut described = json!({});
    let mut objects = json!({});
    for (name, fields) in tables.as_object().unwrap() {
        let words: Vec<&str> = name.split(' ').collect();
        let (name, owned) = (words[0], words.contains(&"owned"));
        let key = words.iter().find_map(|word| word.strip_prefix("key=")).unwrap_or("id");
        let mut entries = json!({ key: { "perm": 6 } });
        let mut shapes = vec![json!({ "name": key, "shape": "string", "id": { "value": 0 } })];
        for (field, written) in fields.as_object().unwrap() {
            let words: Vec<&str> = written.as_str().unwrap_or("object").split(' ').collect();
            let has = |word: &str| words.contains(&word);
            let entry = json!({
                "perm": if has("readonly") { 4 } else { 6 }, "index": has("index"), "unique": has("unique"),
            });
            if field != key {
                entries[field] = entry;
                shapes.push(shape(name, field, written, &mut objects));
            }
        }
        objects[name] = json!({ "name": name, "kind": "object", "fields": shapes });
        if let Some(old) = words.iter().find_map(|word| word.strip_prefix("from=")) {
            objects[name]["docs"] = json!(format!("Rows.\n@renamedFrom {old}"));
        }
        described[name] =
            json!({ "primaryKey": key, "owned": owned, "fields": entries, "row": name });
        if words.contains(&"searched") {
            described[name]["searched"] = json!(true);
        }
    }
    json!({
        "version": 1, "build": "", "abi": "", "routes": {}, "tables": described,
        "wire": { "objects": {}, "unions": {}, "routes": {} }, "rows": { "objects": objects, "unions": {} },
    })
}

fn shape(of: &str, field: &str, written: &Value, objects: &mut Value) -> Value {
    let words: Vec<&str> = written.as_str().unwrap_or("object").split(' ').collect();
    let shape = match words[0].trim_end_matches('?') {
        "number" => json!({ "number": "float64" }),
        "list" => json!({ "array": { "shape": "string" } }),
        "bigint" => json!({ "bigint": "int64" }),
        "object" => {
            let key = format!("{of}.{field}");
            let fields = written.as_object().unwrap().iter();
            let inner: Vec<Value> =
                fields.map(|(name, written)| shape(&key, name, written, objects)).collect();
            objects[&key] = json!({ "name": key, "kind": "object", "fields": inner });
            json!({ "object": key })
        }
        other => json!(other),
    };
    let mut shape = json!({
        "name": field, "shape": shape, "null": words.contains(&"null"),
        "optional": words[0].ends_with('?'), "id": { "value": 0 },
    });
    if let Some(default) = words.iter().find_map(|word| word.strip_prefix("default=")) {
        shape["default"] = serde_json::from_str(default).unwrap();
    }
    if let Some(old) = words.iter().find_map(|word| word.strip_prefix("from=")) {
        shape["docs"] = json!(format!("@renamedFrom {old}"));
    }
    shape
}
