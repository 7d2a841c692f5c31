//! What a migration file does: `db.exec`, `db.updateSchema`, `db.renameField`, `db.transform`.

use std::iter;

use kontract_runtime::engine::script::Question;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sqlparser::{
    ast::{AlterTableOperation, Statement},
    dialect::PostgreSqlDialect,
    parser::Parser,
};
use tokio_postgres::SimpleQueryMessage;

use super::{
    Problem,
    delta::Renames,
    description::Table,
    diagnostics,
    script::Source,
    table::{MAIN, Physical},
    words,
    work::{Ask, Work},
};

/// Runs a function of a migration file within a migration.
pub async fn run(
    work: &mut Work<'_>,
    source: &Source,
    direction: &'static str,
) -> Result<(), Problem> {
    let failed = |reason: String| diagnostics::migration_failed(source, direction, &reason);
    let mut running = source.compile()?.start(direction).map_err(failed)?;
    // After a statement that failed nothing of the transaction can be kept.
    let mut broken = None;
    while let Some(Question { operation, arguments, answer }) = running.next().await {
        let result = step(work, &operation, &arguments).await.map_err(|problem| {
            let reasons = problem.diagnostics().into_iter().map(|found| {
                found
                    .help
                    .map_or(found.message.clone(), |help| format!("{}: {help}", found.message))
            });
            let reason = reasons.collect::<Vec<_>>().join("; ");
            broken.get_or_insert_with(|| reason.clone());
            reason
        });
        // A script that has ended needs no answer.
        let _ = answer.send(result.map(|value| value.to_string()));
    }
    running.end().await.map_err(failed)?;
    broken.map_or(Ok(()), |reason| Err(failed(reason)))
}

async fn step(work: &mut Work<'_>, operation: &str, arguments: &str) -> Result<Value, Problem> {
    match operation {
        "exec" => exec(work, &read::<Exec>(arguments)?.sql).await,
        "updateSchema" => {
            let UpdateSchema { table, fields } = read(arguments)?;
            update_schema(work, &table, &fields).await
        }
        "renameField" => {
            let RenameField { table, from, to } = read(arguments)?;
            rename_field(work, &table, &from, &to).await
        }
        "loosen" => {
            let OfTable { table } = read(arguments)?;
            find(work, &table)?;
            work.loosen(&table).await?;
            Ok(Value::Null)
        }
        "tenants" => Ok(json!(
            iter::once(MAIN).chain(work.tenants.iter().map(String::as_str)).collect::<Vec<_>>()
        )),
        "rows" => {
            let Page { tenant, table, after } = read(arguments)?;
            rows(work, &tenant, &table, after).await
        }
        "write" => {
            let Batch { tenant, table, rows } = read(arguments)?;
            write(work, &tenant, &table, &rows).await
        }
        other => Err(diagnostics::bad_step(&format!("there is no operation `{other}`"))),
    }
}

#[derive(Deserialize)]
struct Exec {
    sql: String,
}

#[derive(Deserialize)]
struct UpdateSchema {
    table: String,
    fields: Map<String, Value>,
}

#[derive(Deserialize)]
struct RenameField {
    table: String,
    from: String,
    to: String,
}

#[derive(Deserialize)]
struct OfTable {
    table: String,
}

#[derive(Deserialize)]
struct Page {
    tenant: String,
    table: String,
    after: Option<i64>,
}

#[derive(Deserialize)]
struct Batch {
    tenant: String,
    table: String,
    rows: Value,
}

fn read<'a, T: Deserialize<'a>>(arguments: &'a str) -> Result<T, Problem> {
    serde_json::from_str(arguments).map_err(|error| diagnostics::bad_step(&error.to_string()))
}

fn find<'a>(work: &'a Work<'_>, name: &str) -> Result<&'a Table, Problem> {
    work.tables.get(name).ok_or_else(|| diagnostics::no_table(name, work.tables.keys()))
}

/// Runs SQL as the owner of the tables, and again for those of each other tenant where it names some.
/// Rows come back as objects of texts: main's.
async fn exec(work: &mut Work<'_>, sql: &str) -> Result<Value, Problem> {
    refuse(sql)?;
    let names = |physical: Physical<'_>| sql.contains(physical.pointer());
    let used: Vec<String> = work
        .tables
        .iter()
        .filter(|(name, table)| work.everywhere(name, table).any(names))
        .map(|(name, _)| name.clone())
        .collect();
    for name in &used {
        work.loosen(name).await?;
        work.wrote(name);
    }
    let of_main = used.iter().any(|name| names(Physical::new(name, &work.tables[name])));
    let before = transaction_id(work).await?;
    let messages = work.transaction.simple_query(sql).await.map_err(diagnostics::failed)?;
    for tenant in work.tenants.iter().filter(|_| of_main) {
        let theirs = used.iter().fold(sql.to_owned(), |sql, name| {
            let table = &work.tables[name];
            let (main, own) = (Physical::new(name, table), Physical::of(tenant, name, table));
            sql.replace(main.pointer(), own.pointer())
        });
        work.transaction.batch_execute(&theirs).await.map_err(diagnostics::failed)?;
    }
    if transaction_id(work).await? != before {
        return Err(diagnostics::bad_step("a migration cannot end its transaction"));
    }
    if let Some(row) = work.transaction.query_opt(BROKEN, &[]).await.map_err(diagnostics::failed)? {
        return Err(diagnostics::columns_changed(row.get(0)));
    }
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => {
            let columns = row.columns().iter().enumerate();
            let fields =
                columns.map(|(index, column)| (column.name().to_owned(), json!(row.get(index))));
            Some(Value::Object(fields.collect()))
        }
        _ => None,
    });
    Ok(Value::Array(rows.collect()))
}

async fn transaction_id(work: &Work<'_>) -> Result<i64, Problem> {
    work.count("SELECT txid_current()").await
}

/// Fields lie in JSONB: there is no column to rename. What cannot be parsed is PostgreSQL's to judge.
fn refuse(sql: &str) -> Result<(), Problem> {
    let Ok(statements) = Parser::parse_sql(&PostgreSqlDialect {}, sql) else { return Ok(()) };
    for statement in statements {
        match statement {
            Statement::AlterTable(alter) => {
                let table = alter.name.to_string();
                let renames = alter.operations.iter().find_map(|operation| match operation {
                    AlterTableOperation::RenameColumn { old_column_name, new_column_name } => {
                        Some((old_column_name.value.as_str(), new_column_name.value.as_str()))
                    }
                    _ => None,
                });
                if let Some((from, to)) = renames
                    && (table.contains("kdata") || table.trim_matches('"').starts_with("tbl_"))
                {
                    return Err(diagnostics::rename_column(&table, from, to));
                }
            }
            Statement::Commit { .. }
            | Statement::Rollback { .. }
            | Statement::StartTransaction { .. } => {
                return Err(diagnostics::bad_step("a migration cannot end its transaction"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Declares what fields are from here on; null removes one.
async fn update_schema(
    work: &mut Work<'_>,
    name: &str,
    fields: &Map<String, Value>,
) -> Result<Value, Problem> {
    let mut table = find(work, name)?.clone();
    let mut key = None;
    for (field, value) in fields {
        if value.is_null() {
            table.fields.remove(field);
            continue;
        }
        let column = words::column(field, value)?;
        if column.primkey && *field != table.key {
            key = Some(field.clone());
        }
        if *field != table.key {
            table.fields.insert(field.clone(), column.field);
        }
    }
    work.loosen(name).await?;
    let mut wanted = work.tables.clone();
    wanted.insert(name.to_owned(), table.clone());
    work.change_to(&wanted, &Renames::default(), Ask::Nothing).await?;
    let Some(key) = key else { return Ok(Value::Null) };
    let keyless: Vec<String> =
        work.everywhere(name, &table).map(|physical| physical.keyless(&key)).collect();
    for query in keyless {
        let rows = work.count(&query).await?;
        if rows > 0 {
            return Err(diagnostics::no_key(name, &key, rows));
        }
    }
    let from = table.key.clone();
    table.change_key(&from, &key);
    wanted.insert(name.to_owned(), table);
    work.change_to(&wanted, &Renames::default(), Ask::Nothing).await?;
    Ok(Value::Null)
}

async fn rename_field(
    work: &mut Work<'_>,
    name: &str,
    from: &str,
    to: &str,
) -> Result<Value, Problem> {
    let mut table = find(work, name)?.clone();
    if table.fields.contains_key(to) || table.key == to {
        return Err(diagnostics::bad_step(&format!("`{name}` has a field `{to}` already")));
    }
    if table.key == from {
        to.clone_into(&mut table.key);
    } else if let Some(field) = table.fields.remove(from) {
        table.fields.insert(to.to_owned(), field);
    } else {
        return Err(diagnostics::no_field(name, from, table.fields.keys()));
    }
    let mut wanted = work.tables.clone();
    wanted.insert(name.to_owned(), table);
    let mut renames = Renames::default();
    renames.fields.insert((name.to_owned(), to.to_owned()), from.to_owned());
    work.change_to(&wanted, &renames, Ask::Nothing).await?;
    Ok(Value::Null)
}

async fn rows(
    work: &Work<'_>,
    tenant: &str,
    name: &str,
    after: Option<i64>,
) -> Result<Value, Problem> {
    let table = find(work, name)?;
    let relation = Physical::of(tenant, name, table).relation();
    let sql = format!(
        "SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'data', data, 'order', _order) \
         ORDER BY _order), '[]')::text FROM (SELECT id, data, _order FROM {relation} \
         WHERE _deleted_txid IS NULL AND _order > {} ORDER BY _order LIMIT {PAGE}) AS page",
        after
            .map_or_else(|| "'-9223372036854775808'::bigint".to_owned(), |after| after.to_string()),
    );
    let row = work.transaction.query_one(&sql, &[]).await.map_err(diagnostics::failed)?;
    let rows: Value = read(row.get(0))?;
    Ok(json!({ "key": table.key, "rows": rows }))
}

async fn write(
    work: &mut Work<'_>,
    tenant: &str,
    name: &str,
    rows: &Value,
) -> Result<Value, Problem> {
    let relation = Physical::of(tenant, name, find(work, name)?).relation();
    let given = "jsonb_to_recordset($1::text::jsonb) AS g(\"order\" bigint, id text, data jsonb)";
    let change = format!(
        "UPDATE {relation} AS r SET id = g.id, data = g.data, _version = _version + 1, \
         _txid = txid_current() FROM {given} WHERE r._order = g.\"order\" AND g.id IS NOT NULL"
    );
    let remove = format!(
        "DELETE FROM {relation} AS r USING {given} WHERE r._order = g.\"order\" AND g.id IS NULL"
    );
    let text = rows.to_string();
    for sql in [remove, change] {
        work.transaction.execute(&sql, &[&text]).await.map_err(diagnostics::failed)?;
    }
    work.wrote(name);
    Ok(Value::Null)
}

/// A data table that has lost one of its columns.
const BROKEN: &str = "SELECT c.relname::text FROM pg_class AS c
    WHERE c.relnamespace = 'kdata'::regnamespace AND c.relkind = 'r' AND c.relname LIKE 'tbl\\_%' AND (
      SELECT count(*) FROM pg_attribute AS a WHERE a.attrelid = c.oid AND NOT a.attisdropped AND a.attname
      IN ('id', 'data', '_version', '_txid', '_owner', '_deleted_txid', '_order')) < 7 LIMIT 1";
const PAGE: usize = 1000;
