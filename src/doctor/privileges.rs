//! What the gateway's role may do, against what it is meant to: read two tables, call functions.

use tokio_postgres::Client;

use super::diagnostics;
use crate::{
    migrate::{Problem, identifier},
    model::diagnostic::Diagnostic,
};

/// A right that a role has, by itself, through everybody's or through another role.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reached {
    /// `relation`, `function`, `schema` …
    pub kind: String,
    /// As SQL writes it.
    pub object: String,
    /// `SELECT`
    pub rights: String,
    pub verdict: Verdict,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// What the gateway is meant to have.
    Claimed,
    /// What PostgreSQL gives everybody, and which leads to no data.
    Default,
    /// More than the claim.
    More,
}

pub async fn reach(client: &Client, role: &str) -> Result<Vec<Reached>, Problem> {
    let rows =
        client.query(include_str!("reach.sql"), &[&role]).await.map_err(diagnostics::failed)?;
    let read = |row: &tokio_postgres::Row| Reached {
        kind: row.get("kind"),
        object: row.get("object"),
        rights: row.get("rights"),
        verdict: match row.get("verdict") {
            "claimed" => Verdict::Claimed,
            "default" => Verdict::Default,
            _ => Verdict::More,
        },
    };
    Ok(rows.iter().map(read).collect())
}

/// An error for each kind of thing that is more than the claim, a warning for what everybody may.
pub fn judge(role: &str, reach: &[Reached]) -> Vec<Diagnostic> {
    if reach.is_empty() {
        return vec![diagnostics::no_role(role)];
    }
    let of = |verdict| reach.iter().filter(move |reached| reached.verdict == verdict);
    let attributes = of(Verdict::More).any(|reached| reached.kind == "attribute");
    let mut findings = Vec::new();
    let mut kinds: Vec<&str> = of(Verdict::More).map(|reached| reached.kind.as_str()).collect();
    kinds.dedup();
    for kind in kinds {
        // All else follows from what a superuser is.
        if attributes && kind != "attribute" {
            break;
        }
        let more: Vec<&Reached> =
            of(Verdict::More).filter(|reached| reached.kind == kind).collect();
        findings.push(diagnostics::more_than_claimed(role, kind, &more));
    }
    let missing = CLAIM.into_iter().find(|table| {
        !of(Verdict::Claimed).any(|reached| reached.kind == "relation" && reached.object == *table)
    });
    if let Some(table) = missing.filter(|_| findings.is_empty()) {
        findings.push(diagnostics::less_than_claimed(role, table));
    }
    let everybody: Vec<&Reached> =
        of(Verdict::Default).filter(|reached| reached.kind != "schema").collect();
    if !everybody.is_empty() && !attributes {
        findings.push(diagnostics::everybody_may(&everybody));
    }
    findings
}

impl Reached {
    /// The statement that takes it away.
    pub fn revocation(&self, role: &str) -> String {
        let from = match self.verdict {
            Verdict::Default => "FROM PUBLIC".to_owned(),
            _ => format!("FROM PUBLIC, {}", identifier(role)),
        };
        let Self { kind, object, rights, .. } = self;
        match kind.as_str() {
            "attribute" => format!("ALTER ROLE {} NO{rights}", identifier(role)),
            "role" => format!("REVOKE {} FROM {}", identifier(object), identifier(role)),
            "relation" => format!("REVOKE ALL ON {object} {from}"),
            "sequence" => format!("REVOKE ALL ON SEQUENCE {object} {from}"),
            "function" => format!("REVOKE ALL ON ROUTINE {object} {from}"),
            "schema" => format!("REVOKE {rights} ON SCHEMA {} {from}", identifier(object)),
            "database" => format!("REVOKE {rights} ON DATABASE {} {from}", identifier(object)),
            "large object" if self.verdict == Verdict::Default => {
                format!(
                    "REVOKE EXECUTE ON FUNCTION lo_creat(int), lo_create(oid), lo_from_bytea(oid, bytea) {from}"
                )
            }
            "large object" => format!("REVOKE ALL ON LARGE OBJECT {object} {from}"),
            "server" => format!("REVOKE ALL ON FOREIGN SERVER {} {from}", identifier(object)),
            "tablespace" => format!("REVOKE ALL ON TABLESPACE {} {from}", identifier(object)),
            // `of <role> in <schema>`
            _ => format!("ALTER DEFAULT PRIVILEGES … REVOKE ALL … {from}"),
        }
    }
}

const CLAIM: [&str; 2] = ["kontract.storage", "kontract.trxs"];
