//! Where a command works: a project that has been built, and its database.

use std::io;

use kontract_runtime::manifest::Manifest;
use serde_json::json;

use super::told;
use crate::{
    admin::access::Place,
    cli::{Outcome, environment, terminal::Terminal},
    config::Options,
    dev::{folder::Folder, session::Environment},
    diagnostic::render::plural,
    files::{Disk, Files},
    lock::{self, Lock},
    migrate::{self, Gateway, Link, Look, Order, Problem, Record, Source},
    model::SourcePath,
};

pub struct Site {
    pub terminal: Terminal,
    pub options: Options,
    build: Build,
    environment: Environment,
    /// Once it was asked for.
    place: Option<Place>,
}

struct Build {
    manifest: Manifest,
    lock: Lock,
    sources: Vec<Source>,
}

impl Build {
    fn read(options: &Options) -> Result<Self, Problem> {
        let manifest = migrate::read_manifest(&Disk, options)?;
        let (lock, wrong) = lock::read(&Disk, options);
        if !wrong.is_empty() {
            return Err(Problem::Refused(wrong));
        }
        let folder = &options.serving.migrations;
        let sources = migrate::read_sources(&Disk, &options.project, folder)?;
        Ok(Self { manifest, lock, sources })
    }
}

impl Site {
    pub fn new(terminal: Terminal, options: Options) -> Result<Self, (Terminal, Options, Problem)> {
        match Build::read(&options) {
            Ok(build) => {
                let environment = environment::read();
                Ok(Self { terminal, options, build, environment, place: None })
            }
            Err(problem) => Err((terminal, options, problem)),
        }
    }

    /// Ends what was started for the command.
    pub async fn leave(&mut self) {
        if let Some(place) = self.place.take() {
            place.leave().await;
        }
    }

    pub async fn create(&mut self, name: &str, dry_run: bool) -> Result<Outcome, Problem> {
        self.find_place_if_any().await?;
        let order = self.order(&Gateway::Shared);
        let base = if self.place.is_some() { Some(migrate::base(&order).await?) } else { None };
        let draft = migrate::create(&order, name, base)?;
        if dry_run {
            self.terminal.part(draft.text.trim_end(), &json!({ "text": draft.text }), true);
            let object = json!({ "created": draft.path, "dryRun": true });
            self.terminal.summary(&format!("Would be created: {}", draft.path), &object);
            return Ok(Outcome::Success);
        }
        let path = self.options.project.join(&draft.path);
        Disk.write(&path, draft.text.as_bytes())
            .map_err(|error| migrate::not_written(&SourcePath::new(draft.path.clone()), &error))?;
        self.terminal
            .summary(&format!("Created: {}", draft.path), &json!({ "created": draft.path }));
        self.terminal
            .tell("Write what it is to do; `kontract migrate up --dry-run` tries it, `up` runs it");
        Ok(Outcome::Success)
    }

    pub async fn plan(&mut self) -> Result<Outcome, Problem> {
        let look = self.look().await?;
        Ok(told::plan(&mut self.terminal, &self.options, self.place.as_ref(), look))
    }

    pub async fn status(&mut self) -> Result<Outcome, Problem> {
        let look = self.look().await?;
        Ok(told::status(&mut self.terminal, self.place.as_ref(), &look))
    }

    pub async fn up(&mut self, dry_run: bool, locked: bool) -> Result<Outcome, Problem> {
        self.find_place().await?;
        let gateway = self.gateway()?;
        let record = if locked { Record::Nothing } else { Record::Everything };
        let applied = migrate::up(&Order { record, dry_run, ..self.order(&gateway) }).await?;
        told::applied(&mut self.terminal, "Running migration", &applied, dry_run);
        if !dry_run {
            if !locked {
                self.record(&applied.links)?;
            }
            Folder::tell_migrated(&self.options.project);
        }
        told::up(&mut self.terminal, self.place.as_ref(), &applied, dry_run);
        Ok(Outcome::Success)
    }

    pub async fn down(&mut self, steps: usize, dry_run: bool) -> Result<Outcome, Problem> {
        self.find_place().await?;
        let gateway = self.gateway()?;
        let is_development = self.place.as_ref().is_some_and(|place| place.is_development);
        let record = if is_development { Record::Development } else { Record::Everything };
        let order = Order { record, dry_run, ..self.order(&gateway) };
        let applied = migrate::down(&order, steps).await?;
        told::applied(&mut self.terminal, "Rolling back migration", &applied, dry_run);
        if !dry_run && is_development {
            self.record(&applied.links)?;
            Folder::tell_migrated(&self.options.project);
        }
        told::down(&mut self.terminal, self.place.as_ref(), &applied, dry_run);
        Ok(Outcome::Success)
    }

    pub fn squash(&mut self, dry_run: bool) -> Result<Outcome, Problem> {
        let (link, files) = migrate::squash(&self.order(&Gateway::Shared))?;
        let count = link.replaces.len();
        let object = json!({
            "squash": link.name, "replaces": count, "removed": files, "dryRun": dry_run,
        });
        let (all, name) = (plural(count, "migration"), link.name.clone());
        if dry_run {
            for file in &files {
                self.terminal.part(&format!("  remove {file}"), &json!({ "remove": file }), false);
            }
            self.terminal.summary(&format!("{all} would become {name}"), &object);
            return Ok(Outcome::Success);
        }
        let sentence = format!("{all} became {name}");
        self.record(&[link])?;
        let mut kept = Vec::new();
        for file in files {
            match Disk.remove_file(&self.options.project.join(&file)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    kept.push(migrate::not_removed(&SourcePath::new(file), &name, &error));
                }
                _ => {}
            }
        }
        if !kept.is_empty() {
            return Err(Problem::Refused(kept));
        }
        self.terminal.summary(&sentence, &object);
        Ok(Outcome::Success)
    }

    async fn look(&mut self) -> Result<Look, Problem> {
        self.find_place_if_any().await?;
        let order = self.order(&Gateway::Shared);
        if self.place.is_some() { migrate::look(&order).await } else { migrate::compare(&order) }
    }

    async fn find_place(&mut self) -> Result<(), Problem> {
        let place = Place::find(&self.options, &self.environment).await.map_err(Problem::Failed)?;
        self.place = Some(place);
        Ok(())
    }

    /// Where no database is set and none was made for development, there is none.
    async fn find_place_if_any(&mut self) -> Result<(), Problem> {
        if Place::exists(&self.options, &self.environment) {
            self.find_place().await
        } else {
            Ok(())
        }
    }

    fn order<'o>(&'o self, gateway: &'o Gateway) -> Order<'o> {
        let place = self.place.as_ref();
        Order {
            url: place.map_or("", |place| place.url.expose()),
            variable: place.map_or("", |place| place.variable),
            gateway,
            manifest: &self.build.manifest,
            links: &self.build.lock.migrations,
            sources: &self.build.sources,
            folder: &self.options.serving.migrations,
            record: Record::Everything,
            dry_run: false,
        }
    }

    /// Writes the chain into the lock.
    fn record(&mut self, links: &[Link]) -> Result<(), Problem> {
        let lock = Lock { migrations: links.to_vec(), ..self.build.lock.clone() };
        if lock::write(&Disk, &self.options, &lock, false).map_err(Problem::Failed)? {
            let object = json!({ "updated": lock::NAME });
            self.terminal.part(&format!("Updated {}", lock::NAME), &object, false);
        }
        Ok(())
    }

    fn gateway(&self) -> Result<Gateway, Problem> {
        if self.options.serving.shared_privileges {
            return Ok(Gateway::Shared);
        }
        // There `kontract dev` gives it a password.
        if self.place.as_ref().is_some_and(|place| place.is_development) {
            return Ok(Gateway::Chosen { password: None });
        }
        let url = self.environment.database.as_ref();
        Gateway::of(url.ok_or_else(|| migrate::no_url("DATABASE_URL"))?.expose())
    }
}
