//! Whether the database is as the build needs it, and what an application's users can call.

use std::collections::BTreeSet;

use kontract_runtime::manifest::Manifest;
use tokio_postgres::Client;

use super::{Patient, Report, diagnostics};
use crate::{
    migrate::{self, Problem, State},
    model::{diagnostic::Diagnostic, perms},
};

pub async fn check(
    patient: &Patient<'_>,
    client: &Client,
    operator: Option<&Client>,
    report: &mut Report,
) -> Result<(), Problem> {
    let manifest = match migrate::read_manifest(patient.files, patient.options) {
        Ok(manifest) => Some(manifest),
        Err(problem) => {
            report.findings.extend(problem.diagnostics());
            None
        }
    };
    if let Some(manifest) = &manifest {
        let pending = match migrate::state(client, manifest).await? {
            State::Current => Vec::new(),
            State::Behind(missing) => vec![migrate::behind(&missing)],
        };
        report.add(pending, "the database is as the build needs it");
    }
    let Some(operator) = operator else { return Ok(()) };
    report.add(check_tables(operator).await?, "every logical table has its rows' table");
    if let Some(manifest) = &manifest {
        let unreachable = check_routes(patient, operator, manifest).await?;
        report.add(unreachable, "every route can be called by somebody");
    }
    Ok(())
}

/// What `storage` names must be there, with the columns that Kontract needs.
async fn check_tables(operator: &Client) -> Result<Vec<Diagnostic>, Problem> {
    let rows = operator.query(TABLES, &[]).await.map_err(diagnostics::failed)?;
    Ok(rows
        .iter()
        .map(|row| diagnostics::broken_table(row.get(0), row.get(1), row.get(2)))
        .collect())
}

/// Routes that ask for more than any account has.
async fn check_routes(
    patient: &Patient<'_>,
    operator: &Client,
    manifest: &Manifest,
) -> Result<Vec<Diagnostic>, Problem> {
    let rows = operator
        .query("SELECT DISTINCT perm & 7, ugroups FROM kontract.accounts", &[])
        .await
        .map_err(diagnostics::failed)?;
    let auth = &patient.options.serving.auth;
    let mut masks = BTreeSet::from([auth.user_perm, auth.anonymous_perm]);
    let mut groups = BTreeSet::new();
    for row in &rows {
        masks.insert(u8::try_from(row.get::<_, i32>(0)).unwrap_or(0));
        groups.extend(row.get::<_, Vec<String>>(1));
    }
    let mut findings = Vec::new();
    for (name, route) in &manifest.routes {
        let needed = route.meta.perm;
        if !masks.iter().any(|mask| mask & needed == needed) {
            findings.push(diagnostics::nobody_may(name, &perms::letters(needed)));
        }
        if let Some(group) = route.meta.ugroup.as_ref().filter(|group| !groups.contains(*group)) {
            findings.push(diagnostics::nobody_in(name, group));
        }
    }
    Ok(findings)
}

const TABLES: &str = "
SELECT s.id, s.ptr, CASE WHEN c.oid IS NULL THEN 'it is missing'
  ELSE 'it lacks ' || string_agg(w.name, ', ' ORDER BY w.name) FILTER (WHERE a.attname IS NULL) END
FROM kontract.storage AS s
LEFT JOIN pg_class AS c ON c.relname = s.ptr AND c.relnamespace = to_regnamespace('kdata')
CROSS JOIN unnest('{id,data,_version,_txid,_owner,_deleted_txid,_order}'::text[]) AS w(name)
LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = w.name AND NOT a.attisdropped
GROUP BY s.owner, s.id, s.ptr, c.oid HAVING count(a.attname) < 7
UNION ALL
SELECT t.id, t.ptr, 'storage does not name it' FROM kontract.tables AS t
WHERE NOT EXISTS (SELECT FROM kontract.storage AS s WHERE s.id = t.id AND s.ptr = t.ptr)
ORDER BY 1, 2";
