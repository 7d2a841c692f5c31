//! Accounts: what their sessions may do, and which groups they belong to.

use std::collections::BTreeSet;

use kontract_runtime::gateway::normalize_email;
use tokio_postgres::{Client, GenericClient, Row};

use super::{access::begin, diagnostics, tenants};
use crate::model::diagnostic::Diagnostic;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    pub id: String,
    pub email: String,
    pub tenant: String,
    pub perm: u8,
    pub groups: BTreeSet<String>,
    /// RFC 3339.
    pub created: String,
    /// How many are open.
    pub sessions: i64,
}

/// Who is meant: by id or e-mail address, in one tenant or any.
#[derive(Clone, Copy)]
pub struct Who<'a> {
    pub user: &'a str,
    pub tenant: Option<&'a str>,
}

/// What an account is to have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rights {
    pub perm: u8,
    pub groups: BTreeSet<String>,
}

/// What became of an account.
#[derive(Debug)]
pub struct Changed {
    pub before: Account,
    pub after: Account,
    /// How many sessions ended, since they had more than the account has now.
    pub ended: u64,
}

/// By e-mail address.
pub async fn list(
    client: &mut Client,
    tenant: Option<&str>,
    group: Option<&str>,
) -> Result<Vec<Account>, Diagnostic> {
    let transaction = begin(client).await?;
    tenants::meant(&transaction, tenant).await?;
    let sql = format!(
        "{ACCOUNTS} WHERE ($1::text IS NULL OR a.owner = $1) AND ($2::text IS NULL OR $2 = ANY (a.ugroups))
         ORDER BY a.email COLLATE \"C\", a.owner"
    );
    let rows = transaction.query(&sql, &[&tenant, &group]).await.map_err(diagnostics::failed)?;
    Ok(rows.iter().map(read).collect())
}

pub async fn find(client: &mut Client, who: Who<'_>) -> Result<Account, Diagnostic> {
    let transaction = begin(client).await?;
    tenants::meant(&transaction, who.tenant).await?;
    one(&transaction, who, "").await
}

/// Gives an account other rights. New sessions have what it is given; sessions that have what is
/// taken from it end.
pub async fn change(
    client: &mut Client,
    who: Who<'_>,
    rights: impl FnOnce(&Account) -> Rights,
) -> Result<Changed, Diagnostic> {
    let transaction = begin(client).await?;
    tenants::meant(&transaction, who.tenant).await?;
    // Logins wait for it, and have the new rights.
    let before = one(&transaction, who, "FOR UPDATE OF a").await?;
    let rights = rights(&before);
    for group in rights.groups.difference(&before.groups) {
        let length = group.chars().count();
        if !(1..=LONGEST_GROUP).contains(&length) || group.chars().any(char::is_control) {
            return Err(diagnostics::bad_group(group));
        }
    }
    let groups: Vec<&String> = rights.groups.iter().collect();
    transaction
        .execute(
            "UPDATE kontract.accounts SET perm = $2, ugroups = $3 WHERE id = $1",
            &[&before.id, &i32::from(rights.perm), &groups],
        )
        .await
        .map_err(diagnostics::failed)?;
    let taken = before.perm & !rights.perm != 0 || !before.groups.is_subset(&rights.groups);
    let ended = if taken {
        let sql = "DELETE FROM kontract.trxs WHERE owner = $1 AND user_id = $2";
        let gone = transaction.execute(sql, &[&before.tenant, &before.id]).await;
        gone.map_err(diagnostics::failed)?
    } else {
        0
    };
    transaction.commit().await.map_err(diagnostics::failed)?;
    let Rights { perm, groups } = rights;
    let sessions = if taken { 0 } else { before.sessions };
    let after = Account { perm, groups, sessions, ..before.clone() };
    Ok(Changed { before, after, ended })
}

async fn one(client: &impl GenericClient, who: Who<'_>, lock: &str) -> Result<Account, Diagnostic> {
    // PostgreSQL has no NUL: nobody is called so.
    if who.user.contains('\0') {
        return Err(diagnostics::no_user(&who.user.escape_debug().to_string(), who.tenant));
    }
    let sql = format!(
        "{ACCOUNTS} WHERE (a.id = $1 OR a.email = $2) AND ($3::text IS NULL OR a.owner = $3)
         ORDER BY a.owner {lock}"
    );
    let rows = client
        .query(&sql, &[&who.user, &normalize_email(who.user), &who.tenant])
        .await
        .map_err(diagnostics::failed)?;
    match rows.as_slice() {
        [] => Err(diagnostics::no_user(who.user, who.tenant)),
        [row] => Ok(read(row)),
        several => {
            let tenants: Vec<String> = several.iter().map(|row| read(row).tenant).collect();
            Err(diagnostics::several_users(who.user, &tenants))
        }
    }
}

fn read(row: &Row) -> Account {
    let groups: Vec<String> = row.get("ugroups");
    Account {
        id: row.get("id"),
        email: row.get("email"),
        tenant: row.get("owner"),
        perm: u8::try_from(row.get::<_, i32>("perm")).unwrap_or(0) & 0b111,
        groups: groups.into_iter().collect(),
        created: row.get("created"),
        sessions: row.get("sessions"),
    }
}

const ACCOUNTS: &str = r#"SELECT a.id, a.email, a.owner, a.perm, a.ugroups,
    to_char(a.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS created,
    (SELECT count(*) FROM kontract.trxs AS t
     WHERE t.owner = a.owner AND t.user_id = a.id AND t.expires_at > now()) AS sessions
    FROM kontract.accounts AS a"#;
const LONGEST_GROUP: usize = 100;
