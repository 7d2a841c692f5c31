//! A project whose schema changes, with its migrations and its database.

use std::{fs, path::PathBuf};

use kontract::{
    files::Disk,
    migrate::{self, Applied, Gateway, Link, Look, Order, Problem, Record},
};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    application::{Database, manifest},
    concurrency::pointer,
};

pub struct Journey {
    pub database: Database,
    folder: TempDir,
    pub links: Vec<Link>,
    pub record: Record,
    /// A role that does everything: `privileges = "shared"`.
    pub shared: Option<String>,
}

pub type Outcome = Result<Vec<String>, Vec<String>>;

impl Journey {
    pub fn begin() -> Self {
        let database = Database::empty();
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("migrations")).unwrap();
        Self { database, folder, links: Vec::new(), record: Record::Everything, shared: None }
    }

    /// The same repository, checked out beside an empty database.
    pub fn cloned(&self) -> Self {
        self.cloned_into(Self::begin())
    }

    /// The same repository, checked out where `other` has its database.
    pub fn cloned_into(&self, other: Self) -> Self {
        for entry in fs::read_dir(self.folder.path().join("migrations")).unwrap() {
            let entry = entry.unwrap();
            let copy = other.folder.path().join("migrations").join(entry.file_name());
            fs::copy(entry.path(), copy).unwrap();
        }
        Self { links: self.links.clone(), ..other }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("migrations/{name}.ts"))
    }

    /// A migration file with two bodies.
    pub fn write(&self, name: &str, up: &str, down: &str) {
        let version: u32 = name[..4].parse().unwrap();
        let text = format!(
            "import {{ Migration }} from 'kontract/migration';\n\
             export default {{\n  version: {version},\n  up: async (db: MigrationDB) => {{ {up} }},\n  \
             down: async (db: MigrationDB) => {{ {down} }},\n}} satisfies Migration;\n"
        );
        fs::write(self.path(name), text).unwrap();
    }

    pub fn prepend(&self, name: &str, text: &str) {
        let rest = fs::read_to_string(self.path(name)).unwrap();
        fs::write(self.path(name), text.to_owned() + &rest).unwrap();
    }

    pub fn replace(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    pub async fn up(&mut self, tables: &Value) -> Outcome {
        let applied = self.with(tables, async |order| migrate::up(order).await).await;
        self.outcome(applied)
    }

    /// What the last link becomes undone of; `tables` are those of the build that is there.
    pub async fn down(&mut self, tables: &Value) -> Outcome {
        let applied = self.with(tables, async |order| migrate::down(order, 1).await).await;
        self.outcome(applied)
    }

    pub async fn look(&self, tables: &Value) -> Look {
        self.with(tables, async |order| migrate::look(order).await).await.unwrap()
    }

    pub fn merge(&mut self) {
        self.links = migrate::merge(&self.links).unwrap();
    }

    pub async fn squash(&mut self, tables: &Value) {
        let squashed = self.with(tables, async |order| migrate::squash(order)).await;
        let (link, files) = squashed.unwrap();
        self.links = vec![link];
        for file in files {
            fs::remove_file(self.folder.path().join(file)).unwrap();
        }
    }

    pub async fn create(&self, tables: &Value, name: &str) -> String {
        let draft = self.with(tables, async |order| {
            migrate::create(order, name, Some(migrate::base(order).await?))
        });
        let draft = draft.await.unwrap();
        fs::write(self.folder.path().join(&draft.path), &draft.text).unwrap();
        draft.text
    }

    pub async fn with<T>(
        &self,
        tables: &Value,
        work: impl AsyncFnOnce(&Order<'_>) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let sources = migrate::read_sources(&Disk, self.folder.path(), "migrations")?;
        let role = self.shared.as_deref().unwrap_or("postgres");
        let url = self.database.cluster.url(role, &self.database.name);
        let gateway = if self.shared.is_some() {
            Gateway::Shared
        } else {
            Gateway::Login { role: self.database.role(), password: None }
        };
        work(&Order {
            url: &url,
            variable: "KONTRACT_MIGRATE_URL",
            gateway: &gateway,
            manifest: &manifest(tables),
            links: &self.links,
            sources: &sources,
            folder: "migrations",
            record: self.record,
            dry_run: false,
        })
        .await
    }

    fn outcome(&mut self, applied: Result<Applied, Problem>) -> Outcome {
        match applied {
            Ok(applied) => {
                self.links = applied.links;
                let ran = applied.migrations.into_iter().map(|name| format!("run {name}"));
                Ok(ran.chain(applied.changes).collect())
            }
            Err(problem) => Err(problem
                .diagnostics()
                .into_iter()
                .map(|found| format!("{}: {}", found.code, found.message))
                .collect()),
        }
    }

    /// Rows 1 to `count`, with the data that an expression of SQL makes of their number `i`.
    pub async fn fill(&self, table: &str, count: u32, data: &str) {
        let owner = self.database.owner().await;
        let table = pointer(&owner, table).await;
        let sql = format!(
            "INSERT INTO kdata.{table} (id, data, _owner) \
             SELECT i::text, {data}, 'alice' FROM generate_series(1, {count}) AS i"
        );
        owner.batch_execute(&sql).await.unwrap();
    }

    /// How many live rows satisfy a condition of SQL.
    pub async fn count(&self, table: &str, condition: &str) -> i64 {
        let owner = self.database.owner().await;
        let table = pointer(&owner, table).await;
        let sql = format!(
            "SELECT count(*) FROM kdata.{table} WHERE _deleted_txid IS NULL AND {condition}"
        );
        owner.query_one(&sql, &[]).await.unwrap().get(0)
    }

    /// Of all rows' ids and values in these fields.
    pub async fn digest(&self, table: &str, fields: &[&str]) -> Option<String> {
        let owner = self.database.owner().await;
        let table = pointer(&owner, table).await;
        let sql = format!(
            "SELECT md5(string_agg(id || (SELECT coalesce(jsonb_object_agg(k, v), '{{}}') \
             FROM jsonb_each(data) AS e(k, v) WHERE k = ANY($1))::text, ',' ORDER BY id)) \
             FROM kdata.{table} WHERE _deleted_txid IS NULL"
        );
        owner.query_one(&sql, &[&fields]).await.unwrap().get(0)
    }
}
