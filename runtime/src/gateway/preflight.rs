//! What is looked at in the database before calls are taken.

use std::sync::Arc;

use super::error::StartError;
use crate::storage::{Database, Fault};

/// Refuses roles that may do more than a gateway's must, unless the operator says that it is so.
pub async fn check(database: &Arc<Database>, shared_privileges: bool) -> Result<(), StartError> {
    let rows = database.rows(&Arc::from(ROLE), Vec::new()).await.map_err(unreachable)?;
    let row = rows.first().ok_or_else(|| unreachable(Fault::Lost))?;
    let read =
        || Ok((row.try_get::<_, String>("role")?, row.try_get("power")?, row.try_get("is_made")?));
    let (role, power, is_made): (_, Option<String>, bool) = read().map_err(unreachable)?;
    if !is_made {
        return Err(StartError::Schema(
            "the database has not been set up for Kontract: run `kontract migrate up`".to_owned(),
        ));
    }
    match power {
        Some(power) if !shared_privileges => Err(StartError::Role(format!(
            "the role `{role}` of DATABASE_URL {power}: use the gateway's role, which `kontract \
             migrate up` makes, or say `[database] privileges = \"shared\"` where one role has to \
             do for all"
        ))),
        _ => Ok(()),
    }
}

fn unreachable(fault: Fault) -> StartError {
    let reason = match fault {
        Fault::Refused(failure) => failure.to_string(),
        Fault::Internal(detail) => detail,
        _ => "it cannot be reached (the reason is in the log)".to_owned(),
    };
    StartError::Database(format!("the database of DATABASE_URL: {reason}"))
}

/// What the role may do that a gateway's must not.
const ROLE: &str = "
SELECT current_user::text AS role, n.oid IS NOT NULL AS is_made,
  CASE WHEN r.rolsuper THEN 'is a superuser'
       WHEN r.rolbypassrls THEN 'passes row-level security by'
       WHEN pg_has_role(n.nspowner, 'MEMBER') THEN 'owns the tables' END AS power
FROM pg_catalog.pg_roles AS r LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = 'kontract'
WHERE r.rolname = current_user";
