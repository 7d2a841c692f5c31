//! A migration under way: one transaction, and what the schema is by now.

use std::{collections::BTreeSet, iter};

use tokio_postgres::{Transaction, error::SqlState};

use super::{
    Problem,
    chain::Link,
    delta::{Delta, Renames},
    description::{Table, Tables},
    diagnostics::{self, Advice},
    fields,
    plan::{Change, plan},
    quote::literal,
    table::{MAIN, Physical},
};
use crate::model::diagnostic::Diagnostic;

pub struct Work<'a> {
    pub transaction: Transaction<'a>,
    /// The quoted name of the gateway's role.
    pub gateway: String,
    pub tables: Tables,
    /// Those beside `main`: they have the same tables.
    pub tenants: Vec<String>,
    /// What was declared or done as a rename so far.
    pub renames: Renames,
    /// What was done, for people.
    pub sentences: Vec<String>,
    /// What was done since somebody took it.
    pub sql: String,
    /// Tables whose fields may hold anything until the end.
    loose: BTreeSet<String>,
    /// Those of them whose rows were written.
    written: BTreeSet<String>,
}

/// What rows may stand in the way of.
#[derive(Clone, Copy)]
pub enum Ask<'a> {
    Everything(&'a Advice<'a>),
    /// This link is taken back. Values that nothing would read any more do not count: they stay.
    Back(&'a Link),
    /// A migration file has its way; what comes of it is checked at the end.
    Nothing,
}

impl<'a> Work<'a> {
    pub fn new(
        transaction: Transaction<'a>,
        gateway: String,
        tables: Tables,
        tenants: Vec<String>,
    ) -> Self {
        Self {
            transaction,
            gateway,
            tables,
            tenants,
            renames: Renames::default(),
            sentences: Vec::new(),
            sql: String::new(),
            loose: BTreeSet::new(),
            written: BTreeSet::new(),
        }
    }

    /// Makes the schema `wanted`, or tells all that stands in the way; then the transaction is of no
    /// more use.
    pub async fn change_to(
        &mut self,
        wanted: &Tables,
        renames: &Renames,
        ask: Ask<'_>,
    ) -> Result<(), Problem> {
        let changes = plan(wanted, &self.tables, renames, &self.tenants, &self.gateway, false);
        let mut refused = Vec::new();
        for change in changes {
            refused.extend(verdict(&self.transaction, &change, ask).await?);
            // What is asked of later changes goes by the new names.
            if refused.is_empty() || change.is_rename() {
                self.execute(&change).await?;
            }
        }
        if !refused.is_empty() {
            return Err(Problem::Refused(refused));
        }
        self.tables.clone_from(wanted);
        Ok(())
    }

    /// Makes the functions of all tables anew.
    pub async fn renew(&mut self) -> Result<(), Problem> {
        let Self { tables, tenants, gateway, .. } = &*self;
        for change in plan(tables, tables, &Renames::default(), tenants, gateway, true) {
            self.execute(&change).await?;
        }
        Ok(())
    }

    async fn execute(&mut self, change: &Change) -> Result<(), Problem> {
        if let Some(delta) = &change.delta {
            self.rewrite(delta.table()).await?;
        }
        match &change.delta {
            Some(Delta::RenameTable { table, to }) => {
                if self.loose.remove(table) {
                    self.loose.insert(to.clone());
                }
                self.renames.tables.insert(to.clone(), table.clone());
            }
            Some(Delta::RenameField { table, field, to }) => {
                self.renames.fields.insert((table.clone(), to.clone()), field.clone());
            }
            _ => {}
        }
        let sql = format!("{}{}{}", change.sql, change.elsewhere, change.functions);
        self.transaction.batch_execute(&sql).await.map_err(|error| match error.code() {
            Some(&SqlState::LOCK_NOT_AVAILABLE) => diagnostics::table_in_use(&change.sentence),
            _ => diagnostics::change_failed(&change.sentence, &error),
        })?;
        self.sql += &change.sql;
        self.sentences.push(change.sentence.clone());
        Ok(())
    }

    /// Lets the fields of a table hold anything until [`Self::tighten`].
    pub async fn loosen(&mut self, name: &str) -> Result<(), Problem> {
        let Some(table) = self.tables.get(name) else { return Ok(()) };
        if !self.loose.insert(name.to_owned()) {
            return Ok(());
        }
        let mut sql = String::new();
        for physical in self.everywhere(name, table) {
            sql += &physical.purge();
            for (field, description) in &table.fields {
                sql += &physical.drop_check(field);
                sql += &fields::drop_indexes(&physical, field, description);
            }
        }
        self.transaction.batch_execute(&sql).await.map_err(|error| match error.code() {
            Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                diagnostics::table_in_use(&format!("change the rows of {name}"))
            }
            _ => diagnostics::failed(error),
        })
    }

    /// Says that a migration file wrote rows of a table that is loose.
    pub fn wrote(&mut self, name: &str) {
        self.written.insert(name.to_owned());
    }

    /// Leaves nothing of what rows were before a migration file wrote them: an index that is made
    /// reads older versions of rows too, and would fail on what is no number.
    async fn rewrite(&mut self, name: &str) -> Result<(), Problem> {
        let table = self.tables.get(name).filter(|_| self.written.remove(name));
        let Some(table) = table else { return Ok(()) };
        let sql: String = self.everywhere(name, table).map(|physical| physical.rewrite()).collect();
        self.transaction.batch_execute(&sql).await.map_err(diagnostics::failed)
    }

    /// Holds fields to their types again.
    pub async fn tighten(&mut self) -> Result<(), Problem> {
        let mut wrong: Vec<Diagnostic> = Vec::new();
        for name in std::mem::take(&mut self.loose) {
            self.rewrite(&name).await?;
            let Some(table) = self.tables.get(&name) else { continue };
            let mut sql = String::new();
            for physical in self.everywhere(&name, table) {
                for (field, description) in &table.fields {
                    let unreadable = fields::unreadable(&physical, field, description);
                    let rows = self.count(&unreadable).await?;
                    if rows > 0 {
                        wrong.push(diagnostics::left_wrong(&name, field, rows));
                        continue;
                    }
                    if description.unique {
                        let rows = self.count(&physical.duplicates(field, description)).await?;
                        if rows > 0 {
                            wrong.push(diagnostics::left_twice(&name, field, rows));
                            continue;
                        }
                    }
                    sql += &fields::backfill(&physical, field, description);
                    sql += &physical.drop_check(field);
                    sql += &fields::drop_indexes(&physical, field, description);
                    sql += &physical.add_check(field, description);
                    sql += &fields::add_indexes(&physical, field, description);
                }
            }
            if wrong.is_empty() {
                self.transaction.batch_execute(&sql).await.map_err(diagnostics::failed)?;
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(Problem::Refused(wrong)) }
    }

    /// A table of every tenant, of `main` first.
    pub fn everywhere<'t>(
        &'t self,
        name: &'t str,
        table: &'t Table,
    ) -> impl Iterator<Item = Physical<'t>> {
        let everyone = iter::once(MAIN).chain(self.tenants.iter().map(String::as_str));
        everyone.map(move |tenant| Physical::of(tenant, name, table))
    }

    pub async fn count(&self, query: &str) -> Result<i64, Problem> {
        Ok(self.transaction.query_one(query, &[]).await.map_err(diagnostics::failed)?.get(0))
    }

    /// The time by the database's clock, as RFC 3339 has it.
    pub async fn now(&self) -> Result<String, Problem> {
        let row = self.transaction.query_one(NOW, &[]).await.map_err(diagnostics::failed)?;
        Ok(row.get(0))
    }

    pub async fn remember(&self, link: &Link) -> Result<(), Problem> {
        let json = serde_json::to_string(link).unwrap_or_default();
        let sql = format!(
            "INSERT INTO kontract.migrations (name, checksum, link) VALUES ({}, {}, {}::jsonb)",
            literal(&link.name),
            literal(&link.checksum),
            literal(&json)
        );
        self.transaction.batch_execute(&sql).await.map_err(diagnostics::failed)
    }

    pub async fn forget(&self, link: &Link) -> Result<(), Problem> {
        let sql = format!("DELETE FROM kontract.migrations WHERE name = {}", literal(&link.name));
        self.transaction.batch_execute(&sql).await.map_err(diagnostics::failed)
    }
}

/// What stands in the way of a change.
pub async fn verdict(
    transaction: &Transaction<'_>,
    change: &Change,
    ask: Ask<'_>,
) -> Result<Option<Diagnostic>, Problem> {
    if matches!(ask, Ask::Nothing) {
        return Ok(None);
    }
    let table = change.delta.as_ref().map_or("", Delta::table);
    for obstacle in &change.obstacles {
        if obstacle.hides && matches!(ask, Ask::Back(_)) {
            continue;
        }
        let row = transaction.query_one(&obstacle.count, &[]).await;
        let rows: i64 = row.map_err(diagnostics::failed)?.get(0);
        if rows > 0 {
            let sentence = &change.sentence;
            return Ok(match ask {
                Ask::Everything(advice) => {
                    Some(diagnostics::refused(sentence, table, rows, obstacle, advice))
                }
                Ask::Back(link) => Some(diagnostics::not_taken_back(link, sentence, rows)),
                Ask::Nothing => None,
            });
        }
    }
    Ok(None)
}

const NOW: &str = "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')";
