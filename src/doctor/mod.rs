//! `kontract doctor`: is everything as it has to be for an application to be served?
//!
//! [`examine`] reads top to bottom: the environment, the database's server, who the gateway is there,
//! the schema, what rows say.

use std::time::SystemTime;

use tokio_postgres::Client;

use crate::{
    config::Options,
    dev::{postgres, session::Environment},
    files::Files,
    migrate::{self, Problem},
    model::diagnostic::Diagnostic,
};

mod diagnostics;
pub mod ids;
pub mod pooler;
pub mod privileges;
mod schema;
mod secrets;
mod server;

use pooler::Pooling;
use privileges::Reached;

/// What is examined, and with which clock.
pub struct Patient<'a> {
    pub options: &'a Options,
    pub environment: &'a Environment,
    pub files: &'a dyn Files,
    pub now: fn() -> SystemTime,
}

#[derive(Debug, Default)]
pub struct Report {
    /// Each with what is to be done about it.
    pub findings: Vec<Diagnostic>,
    /// What was found to be right, in words.
    pub passed: Vec<String>,
    /// What the gateway's role may do.
    pub reach: Vec<Reached>,
}

impl Report {
    /// Takes what a check found; nothing means that it passed.
    fn add(&mut self, findings: Vec<Diagnostic>, passed: impl Into<String>) {
        if findings.is_empty() {
            self.passed.push(passed.into());
        }
        self.findings.extend(findings);
    }
}

pub async fn examine(patient: &Patient<'_>) -> Report {
    let mut report = Report::default();
    secrets::check(patient.environment, &patient.options.pins, &mut report);
    let database = match Database::reach(patient).await {
        Ok(database) => database,
        Err(findings) => {
            report.findings.extend(findings);
            return report;
        }
    };
    if let Err(problem) = examine_database(patient, &database, &mut report).await {
        report.findings.extend(problem.diagnostics());
    }
    report
}

/// Only what the gateway's role may do.
pub async fn examine_privileges(patient: &Patient<'_>) -> Report {
    let mut report = Report::default();
    let found = match Database::reach(patient).await {
        Ok(database) => check_privileges(patient, &database, &mut report).await,
        Err(findings) => {
            report.findings.extend(findings);
            return report;
        }
    };
    if let Err(problem) = found {
        report.findings.extend(problem.diagnostics());
    }
    report
}

async fn examine_database(
    patient: &Patient<'_>,
    database: &Database,
    report: &mut Report,
) -> Result<(), Problem> {
    let Database { client, operator, url, .. } = database;
    report.passed.push(server::version(client).await?);
    let skew = server::clock(client, patient.now).await?;
    report.add(skew, "the clocks of this machine and of the database agree");
    if let Some((url, variable)) = url {
        let pooling = pooler::look(url, variable).await?;
        report.add(pooler::judge(pooling), "connections go to one session each");
        if pooling == (Pooling::Transaction { keeps_statements: false }) {
            // Nothing more can be asked this way.
            return Ok(());
        }
    }
    if !server::is_set_up(client).await? {
        report.findings.push(diagnostics::not_set_up());
        return Ok(());
    }
    check_privileges(patient, database, report).await?;
    schema::check(patient, client, operator.as_ref(), report).await?;
    match operator.as_ref() {
        Some(operator) => {
            let restored = ids::newest(operator).await?;
            let findings = restored.into_iter().map(|ids| diagnostics::restored(&ids)).collect();
            report.add(findings, "transaction ids of rows lie in the past");
        }
        None => report.findings.push(diagnostics::no_operator()),
    }
    Ok(())
}

async fn check_privileges(
    patient: &Patient<'_>,
    database: &Database,
    report: &mut Report,
) -> Result<(), Problem> {
    if patient.options.serving.shared_privileges {
        report.findings.push(diagnostics::shared_privileges(&database.role));
        return Ok(());
    }
    report.reach = privileges::reach(&database.client, &database.role).await?;
    let findings = privileges::judge(&database.role, &report.reach);
    let exact = findings.iter().all(|finding| !finding.is_error());
    if exact {
        report.passed.push(format!(
            "the gateway's role {} reaches two tables, read-only, and {} functions",
            database.role,
            report.reach.iter().filter(|reached| reached.kind == "function").count()
        ));
    }
    report.findings.extend(findings);
    Ok(())
}

/// The ways into the database.
struct Database {
    /// As the gateway, or, in development, as the superuser.
    client: Client,
    /// As the role that migrates.
    operator: Option<Client>,
    /// Where the gateway connects to, and the variable that says so.
    url: Option<(String, &'static str)>,
    /// The gateway's.
    role: String,
}

impl Database {
    async fn reach(patient: &Patient<'_>) -> Result<Self, Vec<Diagnostic>> {
        let Patient { options, environment, .. } = patient;
        let Some(url) = &environment.database else {
            if environment.migrate.is_some() {
                return Err(vec![diagnostics::no_gateway_url()]);
            }
            return Self::of_development(options).await;
        };
        let url = url.expose();
        let (client, config) = connect(url, GATEWAY_URL).await?;
        let shared = options.serving.shared_privileges.then_some((url, GATEWAY_URL));
        let migrate = environment.migrate.as_ref().map(|url| (url.expose(), MIGRATE_URL));
        let operator = match migrate.or(shared) {
            Some((url, variable)) => Some(operator(connect(url, variable).await?.0).await?),
            None => None,
        };
        let role = config.get_user().unwrap_or_default().to_owned();
        Ok(Self { client, operator, url: Some((url.to_owned(), GATEWAY_URL)), role })
    }

    async fn of_development(options: &Options) -> Result<Self, Vec<Diagnostic>> {
        let Some(running) = postgres::running(&options.project) else {
            return Err(vec![diagnostics::nothing_to_examine(postgres::exists(&options.project))]);
        };
        let (client, _) = connect(&running.url, "the database of development").await?;
        let (operator, config) = connect(&running.url, "the database of development").await?;
        let role = if options.serving.shared_privileges {
            config.get_user().unwrap_or_default().to_owned()
        } else {
            migrate::chosen_role(config.get_dbname().unwrap_or_default())
        };
        Ok(Self { client, operator: Some(operator), url: None, role })
    }
}

/// Goes on as the owner of the tables, where there are any.
async fn operator(client: Client) -> Result<Client, Vec<Diagnostic>> {
    let failed = |error| diagnostics::failed(error).diagnostics();
    let row = client.query_opt(OWNER, &[]).await.map_err(failed)?;
    if let Some(row) = row {
        let sql = format!("SET ROLE {}", migrate::identifier(row.get(0)));
        client.batch_execute(&sql).await.map_err(failed)?;
    }
    Ok(client)
}

async fn connect(
    url: &str,
    variable: &str,
) -> Result<(Client, tokio_postgres::Config), Vec<Diagnostic>> {
    migrate::connect(url, variable).await.map_err(Problem::diagnostics)
}

const OWNER: &str =
    "SELECT pg_get_userbyid(n.nspowner)::text FROM pg_namespace AS n WHERE n.nspname = 'kontract'";
const GATEWAY_URL: &str = "DATABASE_URL";
const MIGRATE_URL: &str = "KONTRACT_MIGRATE_URL";
