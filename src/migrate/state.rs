//! Whether a database is as a build needs it: asked as the gateway, which may not change it.

use kontract_runtime::manifest::Manifest;
use tokio_postgres::{Client, error::SqlState};

use super::{
    Problem,
    base::base_hash,
    description::{Tables, describe, renames},
    diagnostics,
    plan::plan,
    statements,
};

/// What a build finds.
#[derive(Debug)]
pub enum State {
    Current,
    /// What `kontract migrate up` would have to do first.
    Behind(Vec<String>),
}

/// Compares a build with the database that `client` is connected to.
pub async fn state(client: &Client, manifest: &Manifest) -> Result<State, Problem> {
    let wanted = describe(manifest).map_err(|reason| diagnostics::bad_manifest(&reason))?;
    let row = match client.query_one("SELECT base, tables::text FROM kontract.schema()", &[]).await
    {
        Ok(row) => row,
        Err(error) => {
            let missing = [
                SqlState::INVALID_SCHEMA_NAME,
                SqlState::UNDEFINED_FUNCTION,
                SqlState::UNDEFINED_COLUMN,
                SqlState::INSUFFICIENT_PRIVILEGE,
            ];
            return match error.code() {
                Some(code) if missing.contains(code) => {
                    Ok(State::Behind(vec!["make the schema of Kontract".to_owned()]))
                }
                _ => Err(diagnostics::failed(error)),
            };
        }
    };
    let existing: Tables =
        serde_json::from_str(row.get(1)).map_err(|_| diagnostics::unknown_schema())?;
    let renewed = row.get::<_, Option<String>>(0).as_deref() != Some(&base_hash());
    let changes = plan(&wanted, &existing, &renames(manifest, &existing), &[], "", false);
    let mut missing: Vec<String> =
        changes.into_iter().filter(|change| change.needed).map(|change| change.sentence).collect();
    if renewed {
        missing.insert(0, "renew the functions of Kontract".to_owned());
    }
    // The functions of another version are to be renewed first.
    if missing.is_empty() {
        let statements = statements::missing(client, manifest).await?;
        if statements > 0 {
            missing.push(format!("make {statements} statements of exec"));
        }
    }
    Ok(if missing.is_empty() { State::Current } else { State::Behind(missing) })
}
