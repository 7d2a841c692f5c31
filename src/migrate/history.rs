//! The migrations that a database went through.

use std::collections::BTreeMap;

use tokio_postgres::Transaction;

use super::{Problem, chain::Link, diagnostics, script::Source};

/// A migration that a database went through.
#[derive(Debug)]
pub struct Past {
    pub place: i64,
    pub at: String,
    pub link: Link,
}

/// By name.
pub type History = BTreeMap<String, Past>;

pub async fn history(transaction: &Transaction<'_>) -> Result<History, Problem> {
    let exists = "SELECT to_regclass('kontract.migrations') IS NOT NULL";
    let row = transaction.query_one(exists, &[]).await.map_err(diagnostics::failed)?;
    if !row.get::<_, bool>(0) {
        return Ok(History::new());
    }
    let rows = transaction.query(HISTORY, &[]).await.map_err(diagnostics::failed)?;
    rows.iter()
        .map(|row| {
            let link: Link =
                serde_json::from_str(row.get(2)).map_err(|_| diagnostics::unknown_schema())?;
            Ok((link.name.clone(), Past { place: row.get(0), at: row.get(1), link }))
        })
        .collect()
}

/// What a database went through must not be changed afterwards.
pub fn check_files<'a>(
    sources: &[Source],
    past: impl IntoIterator<Item = &'a Past>,
) -> Result<(), Problem> {
    let edited: Vec<_> = past
        .into_iter()
        .filter_map(|past| {
            let source = sources.iter().find(|source| source.name == past.link.name)?;
            (source.checksum != past.link.checksum).then(|| diagnostics::edited(&source.path))
        })
        .collect();
    if edited.is_empty() { Ok(()) } else { Err(Problem::Refused(edited)) }
}

const HISTORY: &str = "SELECT place,
    to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), link::text
    FROM kontract.migrations";
