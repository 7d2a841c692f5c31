//! A connection of the operator's: to the database of the environment, or to that of development.

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
    /// What was started for this command, and is stopped after it.
    started: Option<(Server, Folder)>,
}

impl Access {
    /// `KONTRACT_MIGRATE_URL`; `DATABASE_URL` where one role does all; else the project's database of
    /// development, which is started where it does not run.
    pub async fn open(
        options: &Options,
        environment: &Environment,
    ) -> Result<Self, Vec<Diagnostic>> {
        let shared = options.serving.shared_privileges;
        let (url, variable, started) = match (&environment.migrate, &environment.database) {
            (Some(url), _) => (url.expose().to_owned(), "KONTRACT_MIGRATE_URL", None),
            (None, Some(url)) if shared => (url.expose().to_owned(), "DATABASE_URL", None),
            (None, Some(_)) => return Err(vec![diagnostics::no_database()]),
            (None, None) => {
                let (url, started) =
                    development(options, environment).await.map_err(|error| vec![error])?;
                (url, "the database of development", started)
            }
        };
        let connected = migrate::connect(&url, variable).await;
        let (client, _) = connected.map_err(Problem::diagnostics)?;
        Ok(Self { client, started })
    }

    pub async fn close(self) {
        drop(self.client);
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
