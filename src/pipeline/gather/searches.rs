//! What routes look for in tables: where an index over whole rows helps, and which queries anybody
//! can make long.
//!
//! Input: `env.storage.users.query({ city })`, where `city` has no index.
//! Output: `users` is searched; K260 where the route needs no account and there is no limit.

use rustc_hash::FxHashSet;

use crate::model::{
    SourcePath, Span,
    app::{App, Modules, Route, Table},
    contract::BackendFunction,
    diagnostic::Diagnostic,
    perms,
    reach::Search,
};

pub fn searches(app: &mut App, modules: &Modules, diagnostics: &mut Vec<Diagnostic>) {
    let mut told = FxHashSet::default();
    for (name, route) in &app.routes {
        let is_public = is_public(route, &modules[&route.module].functions[route.function]);
        for (file, search) in &route.searches {
            let Some(table) = app.tables.get_mut(&search.table) else { continue };
            let has_index = has_index(table, search);
            table.searched |=
                !has_index && search.contains.iter().any(|field| is_field(table, field));
            let unbounded = search.lists && !search.limited && !search.unknown && !has_index;
            if is_public && unbounded && told.insert((file.clone(), search.span)) {
                diagnostics.push(unlimited(file, search.span, name, &search.table));
            }
        }
    }
}

/// Anybody may call it: without an account, where sessions have what they have by default.
fn is_public(route: &Route, function: &BackendFunction) -> bool {
    function.ugroup.is_none() && route.perm & !perms::READ == 0
}

/// Whether few rows need be looked at: those of one user, or those that an index finds.
fn has_index(table: &Table, search: &Search) -> bool {
    let named = || search.contains.iter().chain(&search.compares);
    let indexed = |name: &String| {
        *name == table.primary_key
            || table.fields.get(name).is_some_and(|field| field.index || field.unique)
    };
    table.owned || named().any(indexed)
}

fn is_field(table: &Table, name: &str) -> bool {
    table.fields.contains_key(name) && name != table.primary_key
}

#[cold]
fn unlimited(file: &SourcePath, span: Span, route: &str, table: &str) -> Diagnostic {
    let message = format!("`{route}` needs no account and may read all rows of `{table}`");
    Diagnostic::warning("K260", file, Some(span), message)
        .label("no `limit`, and no field with an index in the filter")
        .help("give it `{ limit: 100 }`, say, and a `cursor` to go on from; or mark a field of the filter `@index`")
}
