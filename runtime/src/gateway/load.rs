//! Loads a build.

use std::{fs, num::NonZero, path::Path, sync::Arc, thread};

use super::{
    accounts::Accounts,
    auth_config,
    dispatch::{self, Application},
    error::StartError,
    raystream::{self, Pin, Raystream},
};
use crate::{
    codec::Schema,
    config::Config,
    engine::{Engine, EngineConfig},
    manifest::Manifest,
    storage::{Database, Shared, Store, Tables},
};

/// What every build of an application works on.
pub struct Services {
    pub database: Arc<Database>,
    pub accounts: Arc<Accounts>,
    pub shared: Arc<Shared>,
    /// None without a static key.
    pub raystream: Option<Arc<Raystream>>,
}

impl Services {
    /// The public keys by which clients know the gateway.
    fn pins(&self) -> Option<&[Pin]> {
        self.raystream.as_ref().map(|raystream| &*raystream.pins)
    }
}

/// Reads the output folder of `kontract build` and makes isolates for it.
pub async fn application(
    dist: &Path,
    config: &Config,
    services: &Services,
) -> Result<Application, StartError> {
    let manifest = manifest(dist)?;
    raystream::check_pins(services.pins(), &manifest.pins).map_err(StartError::StaticKey)?;
    let schema = Schema::load(&manifest)
        .map_err(|reason| StartError::Build(dist.join("manifest.json"), reason))?;
    let base = config.base.as_deref().unwrap_or("/rpc");
    let routes = dispatch::routes(&manifest, &schema, base)
        .map_err(|reason| StartError::Build(dist.join("manifest.json"), reason))?;
    let tables = Tables::new(&manifest, &schema);
    let engine = engine(dist, config, services, tables).await.map_err(StartError::Application)?;
    let auth =
        auth_config::merge(&config.auth, engine.auth_config()).map_err(StartError::Application)?;
    Ok(Application { routes, auth, engine })
}

async fn engine(
    dist: &Path,
    config: &Config,
    services: &Services,
    tables: Arc<Tables>,
) -> Result<Engine, String> {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let settings = EngineConfig {
        limits: config.limits,
        variables: config.variables.clone(),
        egress: config.egress.clone(),
        development: config.development,
        threads: config.threads.unwrap_or(processors),
        store: Some(Store::new(&services.database, tables, &services.shared)),
        accounts: Some(Arc::clone(&services.accounts)),
    };
    let dist = dist.to_owned();
    let started = tokio::task::spawn_blocking(move || Engine::start(&dist, settings)).await;
    started.unwrap_or_else(|_| Err("the application could not be loaded".to_owned()))
}

fn manifest(dist: &Path) -> Result<Manifest, StartError> {
    let file = dist.join("manifest.json");
    let text = match fs::read(&file) {
        Ok(text) => text,
        Err(error) => {
            let reason = format!("cannot be read ({error}): run `kontract build` first");
            return Err(StartError::Build(file, reason));
        }
    };
    let manifest = serde_json::from_slice::<Manifest>(&text).ok();
    let understood = manifest.filter(|manifest| manifest.version == VERSION);
    understood.ok_or_else(|| {
        let reason = "not a manifest that this version understands: run `kontract build` again";
        StartError::Build(file, reason.to_owned())
    })
}

const VERSION: u32 = 1;
