//! Tables as a build wants them.

use kontract_runtime::{
    config::{self as runtime, Secret},
    manifest::Manifest,
};

use serde_json::{Map, Value};

use super::session::Environment;
use crate::{
    config::Options,
    files::{Disk, Files},
    hash, lock,
    migrate::{self, Gateway, Order, Problem, Record},
    model::SourcePath,
};

/// What was done in the database, and how the gateway reaches it.
pub struct Applied {
    /// The names of the files that ran.
    pub migrations: Vec<String>,
    pub changes: Vec<String>,
    /// Files that somebody else is to run.
    pub waiting: Vec<SourcePath>,
    pub database: runtime::Database,
}

/// Changes at once what no row stands in the way of. `own` is the URL of a server that was started
/// for development; the gateway's role there, as in a database that is given without another role
/// for it, is made here, with a password that follows from the secret.
pub async fn apply(
    options: &Options,
    environment: &Environment,
    own: Option<Secret>,
    secret: &Secret,
) -> Result<Applied, Problem> {
    let manifest = migrate::read_manifest(&Disk, options)?;
    let (url, variable, given) = match (own, &environment.database, &environment.migrate) {
        (Some(own), _, _) => (own, "the database of development", None),
        (None, Some(database), Some(migrate)) => {
            (migrate.clone(), "KONTRACT_MIGRATE_URL", Some(database))
        }
        (None, Some(database), None) => (database.clone(), "DATABASE_URL", None),
        (None, None, _) => return Err(migrate::no_url("DATABASE_URL")),
    };
    let password = Secret::new(hash::of_parts(["the gateway's password", secret.expose()]));
    let shared_privileges = options.serving.shared_privileges;
    let gateway = match given {
        _ if shared_privileges => Gateway::Shared,
        Some(database) => Gateway::of(database.expose())?,
        None => Gateway::Chosen { password: Some(password.clone()) },
    };
    let applied = migrate(options, &manifest, url.expose(), variable, &gateway).await?;
    let url = match given {
        Some(database) => database.clone(),
        None if shared_privileges => url,
        None => migrate::as_role(&url, &applied.role, &password),
    };
    let pool = runtime::Database::POOL;
    let database = runtime::Database { url, pool, shared_privileges };
    let migrate::Applied { migrations, changes, waiting, .. } = applied;
    Ok(Applied { migrations, changes, waiting, database })
}

/// A hash of what [`apply`] goes by in a build: while it stays the same, there is nothing to do.
pub fn needs(options: &Options) -> Option<String> {
    let manifest = Disk.read(&options.out_folder().join("manifest.json")).ok()?;
    let mut manifest: Map<String, Value> = serde_json::from_slice(&manifest).ok()?;
    manifest.remove("build");
    let (lock, _) = lock::read(&Disk, options);
    let sources =
        migrate::read_sources(&Disk, &options.project, &options.serving.migrations).ok()?;
    let links = serde_json::to_string(&lock.migrations).ok()?;
    let manifest = Value::Object(manifest).to_string();
    let sources = sources.iter().map(|source| source.checksum.as_str());
    Some(hash::of_parts([manifest.as_str(), links.as_str()].into_iter().chain(sources)))
}

async fn migrate(
    options: &Options,
    manifest: &Manifest,
    url: &str,
    variable: &str,
    gateway: &Gateway,
) -> Result<migrate::Applied, Problem> {
    let (lock, wrong) = lock::read(&Disk, options);
    if !wrong.is_empty() {
        return Err(Problem::Refused(wrong));
    }
    let folder = &options.serving.migrations;
    let sources = migrate::read_sources(&Disk, &options.project, folder)?;
    let order = Order {
        url,
        variable,
        gateway,
        manifest,
        links: &lock.migrations,
        sources: &sources,
        folder,
        record: Record::Development,
        dry_run: false,
    };
    migrate::up(&order).await
}
