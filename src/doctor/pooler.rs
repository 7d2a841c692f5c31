//! Whether a pooler stands before the database, and what it keeps.

use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::diagnostics;
use crate::{
    migrate::{self, Problem},
    model::diagnostic::Diagnostic,
};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pooling {
    /// A connection is a session.
    None,
    /// A connection is lent a session for each transaction: what one sets, the next does not see.
    Transaction {
        /// Statements that were prepared are known in every session.
        keeps_statements: bool,
    },
}

/// While another connection holds a transaction, a pooler has to lend this one another session.
pub async fn look(url: &str, variable: &str) -> Result<Pooling, Problem> {
    let (client, _) = migrate::connect(url, variable).await?;
    let (other, _) = migrate::connect(url, variable).await?;
    for _ in 0..ATTEMPTS {
        let statement = client.prepare("SELECT 1").await.map_err(diagnostics::failed)?;
        let first = backend(&client).await?;
        other.batch_execute("BEGIN").await.map_err(diagnostics::failed)?;
        backend(&other).await?;
        // Nothing makes a session of one's own wait for another's.
        let second = timeout(PATIENCE, backend(&client)).await;
        let same = matches!(&second, Ok(Ok(second)) if *second == first);
        let keeps_statements = same
            || second.is_err()
            || timeout(PATIENCE, client.query(&statement, &[]))
                .await
                .is_ok_and(|rows| rows.is_ok());
        other.batch_execute("ROLLBACK").await.map_err(diagnostics::failed)?;
        if !same {
            return Ok(Pooling::Transaction { keeps_statements });
        }
    }
    Ok(Pooling::None)
}

pub fn judge(pooling: Pooling) -> Vec<Diagnostic> {
    match pooling {
        Pooling::None => Vec::new(),
        Pooling::Transaction { keeps_statements: true } => vec![diagnostics::pooled()],
        Pooling::Transaction { keeps_statements: false } => {
            vec![diagnostics::pooled_without_statements()]
        }
    }
}

/// In the simple protocol, which every pooler passes on.
async fn backend(client: &Client) -> Result<Option<String>, Problem> {
    let messages =
        client.simple_query("SELECT pg_backend_pid()").await.map_err(diagnostics::failed)?;
    Ok(messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    }))
}

const ATTEMPTS: usize = 3;
const PATIENCE: Duration = Duration::from_secs(2);
