//! Where operators work: in the database of the environment, or in that of development.

use kontract_runtime::config::Secret;
use tokio_postgres::{Client, Transaction};

use super::diagnostics;
use crate::{
    config::Options,
    dev::{
        folder::Folder,
        postgres::{self, Server, Surroundings},
        session::Environment,
    },
    migrate::{self, Problem, identifier},
    model::diagnostic::Diagnostic,
};

pub struct Access {
    pub client: Client,
    place: Place,
}

impl Access {
    pub async fn open(
        options: &Options,
        environment: &Environment,
    ) -> Result<Self, Vec<Diagnostic>> {
        let place = Place::find(options, environment).await.map_err(|error| vec![error])?;
        let connected = migrate::connect(place.url.expose(), place.variable).await;
        let (client, _) = connected.map_err(Problem::diagnostics)?;
        Ok(Self { client, place })
    }

    pub async fn close(self) {
        drop(self.client);
        self.place.leave().await;
    }
}

/// The database that operators work in.
pub struct Place {
    pub url: Secret,
    /// Where the URL was found, for messages.
    pub variable: &'static str,
    pub is_development: bool,
    /// What was started for this command, and is stopped after it.
    started: Option<(Server, Folder)>,
}

impl Place {
    /// `KONTRACT_MIGRATE_URL`; `DATABASE_URL` where one role does all; else the project's database of
    /// development, which is started where it does not run.
    pub async fn find(options: &Options, environment: &Environment) -> Result<Self, Diagnostic> {
        let given = |url: &Secret, variable| Self {
            url: url.clone(),
            variable,
            is_development: false,
            started: None,
        };
        match (&environment.migrate, &environment.database) {
            (Some(url), _) => Ok(given(url, "KONTRACT_MIGRATE_URL")),
            (None, Some(url)) if options.serving.shared_privileges => {
                Ok(given(url, "DATABASE_URL"))
            }
            (None, Some(_)) => Err(diagnostics::no_database()),
            (None, None) => {
                let (url, started) = development(options, environment).await?;
                let (url, variable) = (Secret::new(url), "the database of development");
                Ok(Self { url, variable, is_development: true, started })
            }
        }
    }

    /// Whether there is a database to find: one that is set, or that of development.
    pub fn exists(options: &Options, environment: &Environment) -> bool {
        let shared = options.serving.shared_privileges;
        match (&environment.migrate, &environment.database) {
            (Some(_), _) => true,
            (None, Some(_)) => shared,
            (None, None) => postgres::exists(&options.project),
        }
    }

    pub async fn leave(self) {
        if let Some((server, _folder)) = self.started {
            server.stop().await;
        }
    }
}

/// A transaction as the owner of Kontract's tables.
pub async fn begin(client: &mut Client) -> Result<Transaction<'_>, Diagnostic> {
    let owner = client
        .query_opt(
            "SELECT pg_get_userbyid(n.nspowner)::text FROM pg_namespace AS n WHERE n.nspname = 'kontract'",
            &[],
        )
        .await
        .map_err(diagnostics::failed)?;
    let owner: String = owner.ok_or_else(diagnostics::not_set_up)?.get(0);
    let transaction = client.transaction().await.map_err(diagnostics::failed)?;
    let sql = format!("SET LOCAL ROLE {}", identifier(&owner));
    transaction.batch_execute(&sql).await.map_err(diagnostics::failed)?;
    Ok(transaction)
}

async fn development(
    options: &Options,
    environment: &Environment,
) -> Result<(String, Option<(Server, Folder)>), Diagnostic> {
    if let Some(running) = postgres::running(&options.project) {
        return Ok((running.url, None));
    }
    if !postgres::exists(&options.project) {
        return Err(diagnostics::no_database());
    }
    let folder = Folder::open(&options.project)?;
    let surroundings = Surroundings::of(&options.project, environment);
    let (server, _) = postgres::start(&surroundings, &folder).await?;
    Ok((server.url(), Some((server, folder))))
}
