//! Tenants: applications that share one database and one gateway, with accounts and rows of their own.

use tokio_postgres::{Client, Transaction};
use url::Host;

use super::{access::begin, diagnostics};
use crate::{
    migrate::{self, MAIN, Problem},
    model::diagnostic::Diagnostic,
};

/// A tenant, and what it keeps.
#[derive(Debug)]
pub struct Tenant {
    pub name: String,
    /// The names of the server at which its users are.
    pub hosts: Vec<String>,
    pub accounts: i64,
    pub rows: i64,
    pub tables: i64,
    /// Of its tables, on disk.
    pub bytes: i64,
    /// The same for people: `12 MB`.
    pub size: String,
}

/// What `create` did.
#[derive(Debug)]
pub struct Created {
    /// False: it was there, and got hosts.
    pub new: bool,
    pub tables: usize,
    pub hosts: Vec<String>,
}

/// Makes a tenant with its tables, or gives hosts to one.
pub async fn create(
    client: &mut Client,
    name: &str,
    hosts: &[String],
) -> Result<Created, Diagnostic> {
    let spelled =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    if !(1..=MOST_BYTES).contains(&name.len()) || !name.bytes().all(spelled) || name == MAIN {
        return Err(diagnostics::bad_tenant(name));
    }
    let hosts = hosts.iter().map(|host| plain_host(host)).collect::<Result<Vec<_>, _>>()?;
    let transaction = begin(client).await?;
    migrate::hold_migrations(&transaction).await.map_err(first)?;
    let made = "INSERT INTO kontract.tenants (name) VALUES ($1) ON CONFLICT DO NOTHING";
    let new = transaction.execute(made, &[&name]).await.map_err(diagnostics::failed)? == 1;
    if !new && hosts.is_empty() {
        return Err(diagnostics::tenant_exists(name));
    }
    let mut tables = 0;
    if new {
        // What is left of one that had the name must not be its.
        forget(&transaction, name).await?;
        tables = migrate::move_in(&transaction, name).await.map_err(first)?;
    }
    for host in &hosts {
        let sql = "INSERT INTO kontract.hosts AS h (host, tenant) VALUES ($1, $2)
                   ON CONFLICT (host) DO UPDATE SET tenant = h.tenant RETURNING h.tenant";
        let row = transaction.query_one(sql, &[host, &name]).await;
        let taken: String = row.map_err(diagnostics::failed)?.get(0);
        if taken != name {
            return Err(diagnostics::host_taken(host, &taken));
        }
    }
    transaction.commit().await.map_err(diagnostics::failed)?;
    Ok(Created { new, tables, hosts })
}

/// Where a tenant is meant, it has to be there.
pub async fn meant(transaction: &Transaction<'_>, tenant: Option<&str>) -> Result<(), Diagnostic> {
    match tenant {
        None | Some(MAIN) => Ok(()),
        Some(name) => check(transaction, name).await,
    }
}

/// All of them, `main` first.
pub async fn list(client: &mut Client) -> Result<Vec<Tenant>, Diagnostic> {
    let transaction = begin(client).await?;
    let sql = "SELECT name FROM kontract.tenants ORDER BY name COLLATE \"C\"";
    let rows = transaction.query(sql, &[]).await.map_err(diagnostics::failed)?;
    let mut tenants = vec![look(&transaction, MAIN).await?];
    for row in &rows {
        tenants.push(look(&transaction, row.get(0)).await?);
    }
    Ok(tenants)
}

/// One of those that can be removed.
pub async fn find(client: &mut Client, name: &str) -> Result<Tenant, Diagnostic> {
    let transaction = begin(client).await?;
    check(&transaction, name).await?;
    look(&transaction, name).await
}

/// Removes a tenant with its tables, accounts and sessions, and returns what it kept.
pub async fn drop(client: &mut Client, name: &str) -> Result<Tenant, Diagnostic> {
    let transaction = begin(client).await?;
    migrate::hold_migrations(&transaction).await.map_err(first)?;
    check(&transaction, name).await?;
    let dropped = look(&transaction, name).await?;
    migrate::move_out(&transaction, name).await.map_err(first)?;
    forget(&transaction, name).await?;
    let sql = "DELETE FROM kontract.tenants WHERE name = $1";
    transaction.execute(sql, &[&name]).await.map_err(diagnostics::failed)?;
    transaction.commit().await.map_err(diagnostics::failed)?;
    Ok(dropped)
}

async fn check(transaction: &Transaction<'_>, name: &str) -> Result<(), Diagnostic> {
    if name == MAIN {
        return Err(diagnostics::main_tenant());
    }
    let sql = "SELECT FROM kontract.tenants WHERE name = $1";
    let found = transaction.query_opt(sql, &[&name]).await.map_err(diagnostics::failed)?;
    found.map(|_| ()).ok_or_else(|| diagnostics::no_tenant(name))
}

async fn look(transaction: &Transaction<'_>, name: &str) -> Result<Tenant, Diagnostic> {
    let row = transaction.query_one(TENANT, &[&name]).await.map_err(diagnostics::failed)?;
    let relations: Vec<String> = row.get("relations");
    let counts: Vec<String> = relations
        .iter()
        .map(|relation| format!("(SELECT count(*) FROM {relation} WHERE _deleted_txid IS NULL)"))
        .collect();
    let sum = if counts.is_empty() { "0::bigint".to_owned() } else { counts.join(" + ") };
    let rows = transaction.query_one(&format!("SELECT {sum}"), &[]).await;
    Ok(Tenant {
        name: name.to_owned(),
        hosts: row.get("hosts"),
        accounts: row.get("accounts"),
        rows: rows.map_err(diagnostics::failed)?.get(0),
        tables: row.get("tables"),
        bytes: row.get("bytes"),
        size: row.get("size"),
    })
}

/// Removes what is a tenant's beside its tables.
async fn forget(transaction: &Transaction<'_>, name: &str) -> Result<(), Diagnostic> {
    for sql in [
        "DELETE FROM kontract.calls WHERE sid IN (SELECT sid FROM kontract.trxs WHERE owner = $1)",
        "DELETE FROM kontract.shared_changes WHERE sid IN (SELECT sid FROM kontract.trxs WHERE owner = $1)",
        "DELETE FROM kontract.shared WHERE owner = $1",
        "DELETE FROM kontract.trxs WHERE owner = $1",
        "DELETE FROM kontract.accounts WHERE owner = $1",
    ] {
        transaction.execute(sql, &[&name]).await.map_err(diagnostics::failed)?;
    }
    Ok(())
}

/// As browsers send it, without a port.
fn plain_host(text: &str) -> Result<String, Diagnostic> {
    let host = Host::parse(text.strip_suffix('.').unwrap_or(text));
    host.map(|host| host.to_string()).map_err(|_| diagnostics::bad_host(text))
}

fn first(problem: Problem) -> Diagnostic {
    let found = problem.diagnostics().into_iter().next();
    found.unwrap_or_else(diagnostics::not_current)
}

const TENANT: &str = "
SELECT ARRAY(SELECT h.host FROM kontract.hosts AS h WHERE h.tenant = $1 ORDER BY h.host COLLATE \"C\") AS hosts,
  (SELECT count(*) FROM kontract.accounts AS a WHERE a.owner = $1) AS accounts,
  count(s.id) AS tables,
  coalesce(array_agg(format('kdata.%I', s.ptr)) FILTER (WHERE s.id IS NOT NULL), '{}') AS relations,
  coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint AS bytes,
  pg_size_pretty(coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint) AS size
FROM kontract.storage AS s
JOIN pg_class AS c ON c.relname = s.ptr AND c.relnamespace = 'kdata'::regnamespace
WHERE s.owner = $1::text";
const MOST_BYTES: usize = 40;
