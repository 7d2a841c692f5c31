//! `migrate plan` and `migrate status`: found out without changing or holding anything.

use tokio_postgres::{Client, Transaction};

use super::{
    Problem,
    apply::Order,
    base::{base_hash, existing, made_by, tenants},
    chain::Chain,
    connect::connect,
    delta::{self, Renames},
    description::{Tables, describe, renames},
    diagnostics, drift,
    history::{History, check_files, history},
    plan::{Change, Tier, plan},
    quote::identifier,
    statements,
    work::{Ask, verdict},
};
use crate::model::diagnostic::Diagnostic;

/// What a database is like, beside a build and its chain.
#[derive(Debug)]
pub struct Look {
    /// The chain, and the files that are not in it yet.
    pub migrations: Vec<Step>,
    /// What `migrate up` makes besides.
    pub planned: Vec<Planned>,
    /// What is made after the files that never ran depends on what they do: nothing of it is planned.
    pub is_open: bool,
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
    pub is_file: bool,
    /// The lock does not have it yet.
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

impl Planned {
    fn safe(sentence: String) -> Self {
        Self { sentence, tier: Tier::Safe, sql: String::new(), refused: None }
    }

    fn of(Change { sentence, tier, sql, .. }: Change) -> Self {
        Self { sentence, tier, sql, refused: None }
    }
}

pub async fn look(order: &Order<'_>) -> Result<Look, Problem> {
    let wanted = describe(order.manifest).map_err(|reason| diagnostics::bad_manifest(&reason))?;
    let chain = Chain::new(order.links)?;
    chain.refuse_leftovers(order.sources)?;
    let (mut client, _) = connect(order.url, order.variable).await?;
    let transaction = reading(&mut client).await?;
    let made = made_by(&transaction).await?;
    let renewed = made.as_ref() != Some(&base_hash());
    let tables = if made.is_some() { existing(&transaction).await? } else { Tables::new() };
    let tenants = if renewed { Vec::new() } else { tenants(&transaction).await? };
    let past = history(&transaction).await?;
    check_files(order.sources, past.values())?;
    let drift = drift::drift(&transaction, &tables, &tenants).await?;
    let migrations = steps(&chain, &past, order);
    let mut planned = Vec::new();
    if renewed {
        planned.push(Planned::safe("make the functions of Kontract".to_owned()));
        let same = plan(&tables, &tables, &Renames::default(), &[], GATEWAY, true);
        planned.extend(same.into_iter().map(Planned::of));
    }
    let advice = order.advice(&chain, &tables);
    // What rows will be like after a migration, only a migration tells.
    let is_certain = migrations.iter().all(|step| step.applied.is_some());
    let mut after = tables.clone();
    for link in chain.links().iter().filter(|link| !past.contains_key(&link.name)) {
        let next = delta::applied(&after, &link.changes);
        let changes = plan(&next, &after, &Renames::of(&link.changes), &tenants, GATEWAY, false);
        planned.extend(changes.into_iter().map(Planned::of));
        after = next;
    }
    let is_open = migrations.iter().any(|step| step.new && step.applied.is_none());
    if !is_open {
        let declared = renames(order.manifest, &after);
        for change in plan(&wanted, &after, &declared, &tenants, GATEWAY, false) {
            let refused = if is_certain && can_be_asked(&change, &tables) {
                verdict(&transaction, &change, Ask::Everything(&advice)).await?
            } else {
                None
            };
            planned.push(Planned { refused, ..Planned::of(change) });
        }
        let known = if renewed { Vec::new() } else { known_statements(&transaction).await? };
        planned.extend(statements::planned(order.manifest, &known).into_iter().map(Planned::safe));
    }
    let heads = chain.heads().into_iter().collect();
    Ok(Look { migrations, planned, is_open, drift, heads })
}

async fn known_statements(transaction: &Transaction<'_>) -> Result<Vec<String>, Problem> {
    let row = transaction.query_one("SELECT kontract.statements()", &[]).await;
    Ok(row.map_err(diagnostics::failed)?.get(0))
}

/// A transaction that sees what the owner sees, and changes nothing.
async fn reading(client: &mut Client) -> Result<Transaction<'_>, Problem> {
    let transaction = client.build_transaction().read_only(true).start().await;
    let transaction = transaction.map_err(diagnostics::failed)?;
    become_owner(&transaction).await?;
    Ok(transaction)
}

/// The tables as they are before the next migration: those of the database, when it has been through
/// all that is recorded.
pub async fn base(order: &Order<'_>) -> Result<Tables, Problem> {
    let chain = Chain::new(order.links)?;
    let (mut client, _) = connect(order.url, order.variable).await?;
    let transaction = reading(&mut client).await?;
    let made = made_by(&transaction).await?;
    let tables = if made.is_some() { existing(&transaction).await? } else { Tables::new() };
    let past = history(&transaction).await?;
    let pending = chain.links().iter().filter(|link| !past.contains_key(&link.name));
    Ok(pending.fold(tables, |tables, link| delta::applied(&tables, &link.changes)))
}

/// What a build needs beyond the chain: without a database nothing can be said of rows.
pub fn compare(order: &Order<'_>) -> Result<Look, Problem> {
    let wanted = describe(order.manifest).map_err(|reason| diagnostics::bad_manifest(&reason))?;
    let chain = Chain::new(order.links)?;
    chain.refuse_leftovers(order.sources)?;
    let schema = chain.schema();
    let declared = renames(order.manifest, &schema);
    let changes = plan(&wanted, &schema, &declared, &[], GATEWAY, false);
    let migrations = steps(&chain, &History::new(), order);
    let is_open = migrations.iter().any(|step| step.new);
    let planned = changes.into_iter().filter(|_| !is_open).map(Planned::of);
    Ok(Look {
        planned: planned.collect(),
        is_open,
        migrations,
        drift: Vec::new(),
        heads: chain.heads().into_iter().collect(),
    })
}

fn steps(chain: &Chain, past: &History, order: &Order<'_>) -> Vec<Step> {
    let applied = |name: &str| past.get(name).map(|past| past.at.clone());
    let known = chain.links().iter().map(|link| Step {
        name: link.name.clone(),
        applied: applied(&link.name),
        is_file: link.file.is_some(),
        new: false,
    });
    let new = order.sources.iter().filter(|source| chain.get(&source.name).is_none());
    let new = new.map(|source| Step {
        name: source.name.clone(),
        applied: applied(&source.name),
        is_file: true,
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

/// The gateway's role in the SQL that is shown.
const GATEWAY: &str = "kontract_gateway";
