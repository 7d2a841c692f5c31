//! What a migration would do, found out without changing or holding anything.

use kontract_runtime::manifest::Manifest;
use tokio_postgres::Transaction;

use super::{
    Problem,
    apply::{base_hash, existing, made_by, verdict},
    connect::connect,
    description::{Tables, describe},
    diagnostics,
    plan::{Tier, plan},
    quote::identifier,
};
use crate::model::diagnostic::Diagnostic;

/// A change that `migrate up` would make, or refuse.
#[derive(Debug)]
pub struct Planned {
    /// For people: `add the field users.age`.
    pub sentence: String,
    pub tier: Tier,
    pub sql: String,
    /// Why it would be refused.
    pub refused: Option<Diagnostic>,
}

/// Compares a build with a database. `variable`: where `url` was found.
pub async fn look(url: &str, variable: &str, manifest: &Manifest) -> Result<Vec<Planned>, Problem> {
    let wanted = describe(manifest).map_err(|reason| diagnostics::bad_manifest(&reason))?;
    let (mut client, _) = connect(url, variable).await?;
    let transaction =
        client.build_transaction().read_only(true).start().await.map_err(diagnostics::failed)?;
    become_owner(&transaction).await?;
    let made = made_by(&transaction).await?;
    let renewed = made.as_ref() != Some(&base_hash());
    let existing = if made.is_some() { existing(&transaction).await? } else { Tables::new() };
    let mut planned = Vec::new();
    if renewed {
        planned.push(Planned {
            sentence: "make the functions of Kontract".to_owned(),
            tier: Tier::Safe,
            sql: String::new(),
            refused: None,
        });
    }
    for change in plan(&wanted, &existing, "kontract_gateway", renewed) {
        let refused = verdict(&transaction, &change).await?;
        let (sentence, tier, sql) = (change.sentence, change.tier, change.sql);
        planned.push(Planned { sentence, tier, sql, refused });
    }
    Ok(planned)
}

/// Goes on as the role that owns the schema, where there is one.
pub async fn become_owner(transaction: &Transaction<'_>) -> Result<(), Problem> {
    let owner = "SELECT pg_get_userbyid(nspowner)::text, pg_has_role(nspowner, 'USAGE')
                 FROM pg_namespace WHERE nspname = 'kontract'";
    let row = transaction.query_opt(owner, &[]).await.map_err(diagnostics::failed)?;
    let Some(row) = row else { return Ok(()) };
    let owner: String = row.get(0);
    if !row.get::<_, bool>(1) {
        return Err(diagnostics::not_owner("that migrates", &owner));
    }
    let sql = format!("SET LOCAL ROLE {}", identifier(&owner));
    transaction.batch_execute(&sql).await.map_err(diagnostics::failed)
}
