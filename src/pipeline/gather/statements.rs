//! The SQL of `exec`: checked, and as it is run.
//!
//! Input: the calls of `exec` that `extract` saw.
//! Output: statements by their ids, each with the places of its calls.

use std::collections::BTreeMap;

use crate::{
    hash,
    model::{
        SourcePath,
        app::{App, Modules, Statement, Table},
        diagnostic::Diagnostic,
        shape::{Shape, Shapes},
        statement::SqlCall,
    },
    sql::{self, Fault, FaultKind},
};

/// Fills `statements`, once tables and rows are known.
pub fn statements(app: &mut App, modules: &Modules, diagnostics: &mut Vec<Diagnostic>) {
    let mut statements: BTreeMap<String, Statement> = BTreeMap::new();
    for (file, contract) in modules {
        for call in &contract.statements {
            // Without one its name has been refused.
            let Some(table) = app.tables.get(&call.table) else { continue };
            let description = describe(&call.table, table, &app.rows);
            match sql::check(&call.sql, &description, call.given.as_deref()) {
                Ok(sql::Statement { sql, parameters, ordered }) => {
                    let id = hash::hex(format!("{}\n{sql}", call.table).as_bytes());
                    let id = id[..ID_LENGTH].to_owned();
                    let table = call.table.clone();
                    let statement =
                        Statement { table, sql, parameters, ordered, calls: Vec::new() };
                    let statement = statements.entry(id).or_insert(statement);
                    statement.calls.push((file.clone(), call.argument));
                }
                Err(faults) => {
                    let faults = faults.iter().map(|fault| diagnostic(file, call, fault));
                    diagnostics.extend(faults);
                }
            }
        }
    }
    app.statements = statements;
}

fn describe<'a>(name: &'a str, table: &'a Table, rows: &'a Shapes) -> sql::Table<'a> {
    let shape = table.shape.as_ref().and_then(|key| rows.objects.get(key));
    let fields = shape.iter().flat_map(|shape| &shape.fields);
    let numbers = fields.map(|field| {
        let is_number = matches!(field.slot.shape, Shape::Number(_) | Shape::BigInt(_));
        (field.name.as_str(), is_number)
    });
    sql::Table { name, key: &table.primary_key, numbers: numbers.collect() }
}

#[cold]
fn diagnostic(file: &SourcePath, call: &SqlCall, fault: &Fault) -> Diagnostic {
    let code = match fault.kind {
        FaultKind::Unreadable => "K222",
        FaultKind::TooLong => "K223",
        FaultKind::NotOneSelect => "K224",
        FaultKind::OtherRelation => "K225",
        FaultKind::Qualified => "K226",
        FaultKind::NotAllowed => "K227",
        FaultKind::Function => "K228",
        FaultKind::Operator => "K229",
        FaultKind::Type => "K230",
        FaultKind::Spelling => "K231",
        FaultKind::Parameters => "K232",
        FaultKind::Shadowing => "K233",
        FaultKind::TextAgainstNumber => "K234",
        FaultKind::UnknownColumn => "K235",
        FaultKind::KeyInData => "K236",
    };
    let diagnostic = Diagnostic::error(code, file, Some(call.place(&fault.span)), &fault.message)
        .label(fault.label)
        .help(&fault.help);
    if call.argument.contains(call.text) {
        return diagnostic;
    }
    diagnostic.related(file, call.argument, "run here")
}

/// Of a name's 63 bytes, 40 are a table's.
const ID_LENGTH: usize = 16;
