//! The contracts of all files → the whole program. Cheap, and always run: files are not read
//! here, but for module resolution.

mod client;
mod computed;
mod diagnostics;
mod filters;
mod infer;
mod lints;
mod packages;
mod registry;
mod reach;
mod resolve;
mod results;
mod roles;
mod routes;
mod rows;
mod shapes;
mod searches;
mod statements;
mod symbols;
mod tables;

use std::collections::{BTreeMap, BTreeSet};

use self::{diagnostics::TYPEOF_SERVER_VALUE, symbols::Symbols};
pub use self::{
    infer::infer,
    packages::Declarations,
    resolve::{Resolution, Resolutions, Resolver},
    results::{result_type, without_predicate},
    roles::places,
    routes::route_name,
    tables::table_name,
};
use crate::{
    config::Options,
    model::{
        SourcePath,
        app::{App, MiddlewareFile, Modules},
        diagnostic::Diagnostic,
    },
    pipeline::names::Layout,
    typescript::{self, Program, TypeScript},
};

/// What the stage needs beside the contracts.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    pub options: &'a Options,
    pub layout: &'a Layout,
    pub resolver: &'a Resolver<'a>,
    pub declarations: &'a dyn Declarations,
    pub typescript: &'a dyn TypeScript,
    /// Those of earlier builds, by table.
    pub primary_keys: &'a BTreeMap<String, String>,
}

/// What only TypeScript can tell is asked of it; the contracts come back with its answers in them.
pub fn gather(
    around: &Around<'_>,
    modules: Modules,
    resolutions: Resolutions,
) -> (App, Modules, Vec<Diagnostic>) {
    let Around { options, layout, resolver, declarations, primary_keys, .. } = *around;
    let mut diagnostics = Vec::new();
    let symbols = Symbols { modules: &modules, resolutions: &resolutions, packages: None };
    let server_side: BTreeSet<SourcePath> = modules
        .values()
        .filter(|c| roles::is_server(options, layout, c))
        .map(|c| c.file.clone())
        .collect();
    let roots = server_side.iter().filter(|file| !options.is_client(file)).cloned().collect();
    let server = roles::server_closure(symbols, resolver, layout, &roots, &mut diagnostics);
    roles::check_clients(symbols, options, layout, &mut diagnostics);

    let mut routes = routes::routes(&modules, &mut diagnostics);
    let middleware =
        modules.values().find(|c| layout.is_middleware(&c.file)).and_then(|contract| {
            let entries = contract.middleware.as_ref()?;
            let entries = filters::settle(symbols, &contract.file, entries, &mut diagnostics);
            Some(MiddlewareFile { module: contract.file.clone(), entries })
        });
    if let Some(middleware) = &middleware {
        routes::match_middleware(
            &mut routes,
            &modules,
            middleware,
            options.base.as_deref(),
            &mut diagnostics,
        );
    }
    let chains: BTreeMap<Vec<usize>, String> = routes
        .values()
        .filter(|route| !route.chain.is_empty())
        .map(|route| {
            let indices: Vec<String> = route.chain.iter().map(ToString::to_string).collect();
            (route.chain.clone(), format!("__chain_{}", indices.join("_")))
        })
        .collect();
    let file = middleware.as_ref().map(|middleware| &middleware.module);
    let is_client = |file: &SourcePath| options.is_client(file);
    let early_registry = || {
        let mut said_later = Vec::new();
        let symbols = Symbols { modules: &modules, resolutions: &resolutions, packages: None };
        let tables = tables::tables(symbols, &is_client, primary_keys, &mut said_later);
        registry::registry(symbols, &tables)
    };
    let program = Program { modules: &modules, registry: &early_registry };
    let mut told = shapes::Told::default();
    let mut found = Vec::new();
    let plain = routes.clone();
    let ((), shapes) = rayon::join(
        || {
            let symbols = Symbols { modules: &modules, resolutions: &resolutions, packages: None };
            reach::reach(symbols, file, &mut routes, &mut diagnostics);
        },
        || {
            let symbols = Symbols { modules: &modules, resolutions: &resolutions, packages: None };
            let ask = |questions: &_| around.typescript.ask(&program, questions);
            shapes::shapes(symbols, &plain, declarations, &ask, &mut told, &mut found)
        },
    );
    diagnostics.append(&mut found);
    // What rows need of TypeScript is asked while the sources are as it knows them.
    let ask = |questions: &_| around.typescript.ask(&program, questions);
    let mut tables = tables::tables(symbols, &is_client, primary_keys, &mut found);
    let (mut rows, mut keys) =
        shapes::rows(symbols, &tables, &shapes, declarations, Some(&ask), &mut told, &mut found);
    let is_told = !told.is_silent();
    let (modules, resolutions) = computed::settle(modules, resolutions, &told.answers);
    let symbols = Symbols { modules: &modules, resolutions: &resolutions, packages: None };
    if is_told {
        found.clear();
        tables = tables::tables(symbols, &is_client, primary_keys, &mut found);
        (rows, keys) =
            shapes::rows(symbols, &tables, &shapes, declarations, None, &mut told, &mut found);
    }
    diagnostics.append(&mut found);
    for (name, key) in keys {
        if let Some(table) = tables.get_mut(&name) {
            table.shape = Some(key);
        }
    }
    let is_server = |file: &SourcePath| server_side.contains(file);
    let (mut client, index) = client::plan(symbols, layout, &routes, &is_server, &mut diagnostics);
    // What TypeScript could not tell has been named.
    if diagnostics.iter().any(typescript::is_unanswered) {
        diagnostics.retain(|d| d.code != TYPEOF_SERVER_VALUE);
    }
    for (file, module) in client.iter_mut().filter(|(_, m)| m.code) {
        module.flavour = resolver.flavour(file);
    }
    let registry = registry::registry(symbols, &tables);
    let auth = modules.keys().find(|file| layout.is_auth(file)).cloned();
    let mut app = App {
        routes,
        middleware,
        chains,
        tables,
        shapes,
        rows,
        statements: BTreeMap::new(),
        server,
        client,
        index,
        pins: Vec::new(),
        auth,
        registry,
    };
    searches::searches(&mut app, &modules, &mut diagnostics);
    lints::lints(&app, &modules, options.guests(), &mut diagnostics);
    statements::statements(&mut app, &modules, &mut diagnostics);
    (app, modules, diagnostics)
}
