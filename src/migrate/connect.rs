//! A connection for migrations, and what servers they need.

use std::time::Duration;

use kontract_runtime::storage::Target;
use tokio::time::timeout;
use tokio_postgres::{Client, Config, NoTls};

use super::{Problem, diagnostics};

/// `variable`: where the URL was found, for messages.
pub async fn connect(url: &str, variable: &str) -> Result<(Client, Config), Problem> {
    let mut target =
        Target::parse(url).map_err(|reason| diagnostics::bad_url(variable, &reason))?;
    target.config.application_name("kontract migrate");
    let config = target.config.clone();
    let place = diagnostics::Place::of(&config);
    let client = timeout(PATIENCE, open(target))
        .await
        .map_err(|_| diagnostics::silent(&place))?
        .map_err(|error| diagnostics::unreachable(&place, variable, &error))?;
    Ok((client, config))
}

async fn open(target: Target) -> Result<Client, tokio_postgres::Error> {
    // A connection ends with an error when the server goes away: the client's next statement says so.
    if let Some(tls) = target.tls {
        let (client, connection) = target.config.connect(tls).await?;
        tokio::spawn(connection);
        return Ok(client);
    }
    let (client, connection) = target.config.connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

const PATIENCE: Duration = Duration::from_secs(15);
