//! The tables of tenants beside `main`: made for a new one, removed with it.

use tokio_postgres::{Transaction, error::SqlState};

use super::{
    Problem, apply, base::existing, diagnostics, plan::settle, statements, table::Physical,
};

/// Gives a new tenant its tables, and returns how many.
pub async fn move_in(transaction: &Transaction<'_>, tenant: &str) -> Result<usize, Problem> {
    let tables = existing(transaction).await?;
    let sql = settle(tenant, &tables);
    transaction.batch_execute(&sql).await.map_err(diagnostics::failed)?;
    statements::admit(transaction, tenant, &tables).await?;
    Ok(tables.len())
}

/// Removes a tenant's tables with all rows.
pub async fn move_out(transaction: &Transaction<'_>, tenant: &str) -> Result<(), Problem> {
    let tables = existing(transaction).await?;
    let sql: String =
        tables.iter().map(|(name, table)| Physical::of(tenant, name, table).leave()).collect();
    transaction.batch_execute(&sql).await.map_err(|error| match error.code() {
        Some(&SqlState::LOCK_NOT_AVAILABLE) => {
            diagnostics::table_in_use(&format!("drop the tenant {tenant}"))
        }
        _ => diagnostics::failed(error),
    })
}

/// Lets no migration begin before the transaction has ended.
pub async fn hold_migrations(transaction: &Transaction<'_>) -> Result<(), Problem> {
    apply::lock(transaction).await
}
