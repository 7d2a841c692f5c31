//! Tables as the build wants them.

use kontract_runtime::config::{self as runtime, Secret};

use super::session::Environment;
use crate::{config::Options, model::diagnostic::Diagnostic};

/// What was done in the database, and how the gateway reaches it.
pub struct Applied {
    pub changes: Vec<String>,
    pub database: runtime::Database,
}

pub async fn apply(
    options: &Options,
    environment: &Environment,
    own: Option<Secret>,
) -> Result<Applied, Diagnostic> {
    let url = own.or(environment.database.clone()).unwrap_or(Secret::new(""));
    Ok(Applied {
        changes: vec![],
        database: runtime::Database {
            url,
            pool: 8,
            shared_privileges: options.serving.shared_privileges,
        },
    })
}
