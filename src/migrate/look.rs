//! `migrate plan` and `migrate status`: found out without changing or holding anything.

use tokio_postgres::Transaction;

use super::{
    Problem,
    apply::{History, Order, check_files, history},
    base::{base_hash, existing, made_by},
    chain::{self, Chain, Link},
    connect::connect,
    delta,
    description::{Tables, describe, renames},
    diagnostics, drift,
    plan::{Change, Tier, plan},
    quote::identifier,
    work::{Ask, verdict},
};
use crate::model::diagnostic::Diagnostic;

/// What a database is like, beside a build and its chain.
#[derive(Debug)]
pub struct Look {
    /// The chain, and the files that are not in it yet.
    pub migrations: Vec<Step>,
    /// What `migrate up` makes after those.
    pub planned: Vec<Planned>,
    /// What the database has otherwise than it was made.
    pub drift: Vec<String>,
    /// More than one: `migrate merge` is needed.
    pub heads: Vec<String>,
}

/// A migration, and when the database went through it.
#[derive(Debug)]
pub struct Step {
    pub name: String,
    pub applied: Option<String>,
    /// It is a file that the lock does not have yet.
    pub new: bool,
}

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

pub async fn look(order: &Order<'_>) -> Result<Look, Problem> {
    let wanted = describe(order.manifest).map_err(|reason| diagnostics::bad_manifest(&reason))?;
    let chain = Chain::new(order.links)?;
    let (mut client, _) = connect(order.url, order.variable).await?;
    let transaction =
        client.build_transaction().read_only(true).start().await.map_err(diagnostics::failed)?;
    become_owner(&transaction).await?;
    let made = made_by(&transaction).await?;
    let renewed = made.as_ref() != Some(&base_hash());
    let tables = if made.is_some() { existing(&transaction).await? } else { Tables::new() };
    let past = history(&transaction).await?;
    check_files(order.sources, &past)?;
    let drift = drift::drift(&transaction, &tables).await?;
    let migrations = steps(&chain, &past, order);
    let is_pending = |link: &&Link| !past.contains_key(&link.name);
    let pending: Vec<&Link> = chain.links().iter().filter(is_pending).collect();
    let mut planned = Vec::new();
    if renewed {
        planned.push(Planned {
            sentence: "make the functions of Kontract".to_owned(),
            tier: Tier::Safe,
            sql: String::new(),
            refused: None,
        });
    }
    let after =
        pending.iter().fold(tables.clone(), |tables, link| delta::applied(&tables, &link.changes));
    let version = chain.next_version(order.sources);
    let next = |what: &str| format!("{}/{version:04}_{}.ts", order.folder, chain::plain(what));
    let declared = renames(order.manifest, &after);
    let changes = plan(&wanted, &after, &declared, "kontract_gateway", renewed);
    // What rows will be like after a migration, only a migration tells.
    let certain = migrations.iter().all(|step| step.applied.is_some());
    for change in changes {
        let refused = if certain && can_be_asked(&change, &tables) {
            verdict(&transaction, &change, Ask::Everything, &next).await?
        } else {
            None
        };
        let Change { sentence, tier, sql, .. } = change;
        planned.push(Planned { sentence, tier, sql, refused });
    }
    let heads = chain.heads().into_iter().collect();
    Ok(Look { migrations, planned, drift, heads })
}

/// What a build needs beyond the chain: without a database nothing can be said of rows.
pub fn compare(order: &Order<'_>) -> Result<Look, Problem> {
    let wanted = describe(order.manifest).map_err(|reason| diagnostics::bad_manifest(&reason))?;
    let chain = Chain::new(order.links)?;
    let schema = chain.schema();
    let declared = renames(order.manifest, &schema);
    let changes = plan(&wanted, &schema, &declared, "kontract_gateway", false);
    let planned = changes.into_iter().map(|change| {
        let Change { sentence, tier, sql, .. } = change;
        Planned { sentence, tier, sql, refused: None }
    });
    Ok(Look {
        migrations: steps(&chain, &History::new(), order),
        planned: planned.collect(),
        drift: Vec::new(),
        heads: chain.heads().into_iter().collect(),
    })
}

fn steps(chain: &Chain, past: &History, order: &Order<'_>) -> Vec<Step> {
    let applied = |name: &str| past.get(name).map(|past| past.at.clone());
    let links = chain.links().iter().map(|link| &link.name);
    let known = links.map(|name| Step { name: name.clone(), applied: applied(name), new: false });
    let new = order.sources.iter().filter(|source| chain.get(&source.name).is_none());
    let new = new.map(|source| Step {
        name: source.name.clone(),
        applied: applied(&source.name),
        new: true,
    });
    known.chain(new).collect()
}

/// Questions about a table or field that is to be renamed go by its new name.
fn can_be_asked(change: &Change, tables: &Tables) -> bool {
    change.delta.as_ref().is_none_or(|delta| tables.contains_key(delta.table()))
}

/// Goes on as the role that owns the schema, where there is one.
async fn become_owner(transaction: &Transaction<'_>) -> Result<(), Problem> {
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
