//! Tables as a build wants them.

use kontract_runtime::{
    config::{self as runtime, Secret},
    manifest::Manifest,
};

use super::session::Environment;
use crate::{
    config::Options,
    files::Disk,
    hash,
    lock::{self, Lock},
    migrate::{self, Gateway, Order, Problem, Record},
};

/// What was done in the database, and how the gateway reaches it.
pub struct Applied {
    pub changes: Vec<String>,
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
        None => Gateway::Chosen { password: password.clone() },
    };
    let applied = migrate(options, &manifest, url.expose(), variable, &gateway).await?;
    let url = match given {
        Some(database) => database.clone(),
        None if shared_privileges => url,
        None => migrate::as_role(&url, &applied.role, &password),
    };
    let pool = runtime::Database::POOL;
    let database = runtime::Database { url, pool, shared_privileges };
    Ok(Applied { changes: applied.changes, database })
}

/// Runs migration files too, and remembers those in the lock; what needs no file is not remembered,
/// since many builds follow each other.
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
    let mut applied = migrate::up(&Order {
        url,
        variable,
        gateway,
        manifest,
        links: &lock.migrations,
        sources: &sources,
        folder,
        record: Record::Files,
        dry_run: false,
    })
    .await?;
    let migrations = std::mem::take(&mut applied.links);
    let lock = Lock { migrations, ..lock };
    lock::write(&Disk, options, &lock, false).map_err(Problem::Failed)?;
    Ok(applied)
}
