//! Which side a module is on, and what the server is made of.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    diagnostics::{
        backend_in_client, both_sides, context_in_client, export_not_found, module_not_found,
        node_module, server_import_in_client, server_value_in_client,
    },
    resolve::{Resolution, Resolutions, Resolver},
    symbols::{Symbol, Symbols},
};
use crate::{
    config::Options,
    model::{
        SourcePath, Span,
        app::{App, Flavour, Modules, ServerModule, TypeNames},
        contract::{ExportTarget, ImportKind, ModuleContract, TypeDeclarationKind},
        diagnostic::Diagnostic,
        place::{Place, Role},
    },
    pipeline::names::Layout,
};

/// Server code by what stands in it or by the project's settings. Everything else is shared, or
/// client code where `[build] client` says so.
pub fn is_server(options: &Options, layout: &Layout, contract: &ModuleContract) -> bool {
    !contract.functions.is_empty()
        || !contract.context.is_empty()
        || contract
            .imports
            .iter()
            .any(|i| i.specifier.starts_with("node:") || i.specifier == "kontract/runtime")
        || layout.is_middleware(&contract.file)
        || layout.is_auth(&contract.file)
        || options.is_server(&contract.file)
}

/// All sources, each with its side and its modules.
pub fn places(options: &Options, layout: &Layout, app: &App, modules: &Modules) -> Vec<Place> {
    let place = |contract: &ModuleContract| {
        let source = contract.file.clone();
        let role = if options.is_client(&source) {
            Role::Client
        } else if is_server(options, layout, contract) {
            Role::Server
        } else {
            Role::Shared
        };
        let output = |folder, path: &str| format!("{}/{folder}/{path}.js", options.out);
        let client = app.client.get(&source).map(|module| output("client", &module.output));
        let server = app.server.get(&source).map(|module| output("server", &module.output));
        Place { source, role, client, server }
    };
    modules.values().map(|contract| place(contract)).collect()
}

/// The server modules and everything they load, with their specifiers as the output needs them.
pub fn server_closure(
    symbols: Symbols<'_>,
    resolver: &Resolver<'_>,
    layout: &Layout,
    roots: &BTreeSet<SourcePath>,
    diagnostics: &mut Vec<Diagnostic>,
) -> BTreeMap<SourcePath, ServerModule> {
    let mut json = BTreeSet::new();
    let mut found: BTreeSet<SourcePath> = BTreeSet::new();
    let mut queue: Vec<SourcePath> = roots.iter().cloned().collect();
    while let Some(file) = queue.pop() {
        if !found.insert(file.clone()) {
            continue;
        }
        let Some(contract) = symbols.module(&file) else { continue };
        for import in contract.imports.iter().filter(|i| i.runtime) {
            match symbols.resolutions.get(&file, &import.specifier) {
                Resolution::Module(module) if is_declaration(module) => {}
                Resolution::Module(module) => queue.push(module.clone()),
                Resolution::Json(path) => {
                    json.insert(path.clone());
                }
                Resolution::NotFound => {
                    diagnostics.push(module_not_found(&file, import.span, &import.specifier));
                }
                Resolution::External if import.specifier.starts_with("node:") => {
                    diagnostics.push(node_module(&file, import.span, &import.specifier));
                }
                Resolution::External | Resolution::Client => {}
            }
        }
        missing_exports(symbols, contract, diagnostics);
    }
    let mut modules: BTreeMap<SourcePath, ServerModule> = BTreeMap::new();
    for file in &found {
        let specifiers = output_specifiers(
            symbols.resolutions,
            layout,
            &symbols.modules[file],
            Layout::server_output,
        );
        modules.insert(
            file.clone(),
            ServerModule {
                output: layout.server_output(file),
                specifiers,
                json: false,
                flavour: resolver.flavour(file),
                types: type_names(symbols, &symbols.modules[file]),
            },
        );
    }
    for file in json {
        let output = layout.json_output(&file);
        modules.insert(
            file,
            ServerModule {
                output,
                specifiers: BTreeMap::new(),
                json: true,
                flavour: Flavour::default(),
                types: TypeNames::default(),
            },
        );
    }
    modules
}

fn type_names(symbols: Symbols<'_>, contract: &ModuleContract) -> TypeNames {
    let is_type = |symbol: Option<Symbol>| {
        let Some(Symbol::Declared { module, name }) = symbol else { return false };
        let Some(contract) = symbols.module(&module) else { return false };
        let mut kinds = contract.types.iter().filter(|t| t.name == name).peekable();
        kinds.peek().is_some()
            && kinds.all(|t| {
                matches!(
                    t.kind,
                    TypeDeclarationKind::Alias(_) | TypeDeclarationKind::Interface { .. }
                )
            })
            && !contract.functions.iter().any(|f| f.class.is_none() && f.name == name)
            && !contract.constants.iter().any(|c| c.name == name)
            && !contract.values.iter().any(|v| v.name == name)
    };
    let mut types = TypeNames::default();
    for name in contract.imports.iter().flat_map(|import| &import.names) {
        if name.name != ImportKind::Namespace
            && name.used_as_value
            && is_type(symbols.local(&contract.file, &name.local))
        {
            types.locals.insert(name.local.clone());
        }
    }
    for export in contract.exports.iter().filter(|e| !e.type_only) {
        if let ExportTarget::From { specifier, name } = &export.target
            && let Some(target) = symbols.target(&contract.file, specifier)
        {
            let name = match name {
                ImportKind::Named(name) => name,
                ImportKind::Default => "default",
                ImportKind::Namespace => continue,
            };
            if is_type(symbols.export(target, name)) {
                types.reexports.entry(specifier.clone()).or_default().insert(name.to_owned());
            }
        }
    }
    types
}

/// Specifiers as written → relative to the output, with `.js`.
pub fn output_specifiers(
    resolutions: &Resolutions,
    layout: &Layout,
    contract: &ModuleContract,
    output: fn(&Layout, &SourcePath) -> String,
) -> BTreeMap<String, String> {
    let own = output(layout, &contract.file);
    let mut specifiers = BTreeMap::new();
    for import in &contract.imports {
        let target = match resolutions.get(&contract.file, &import.specifier) {
            Resolution::Module(module) if is_declaration(module) => continue,
            Resolution::Module(module) => output(layout, module),
            Resolution::Json(json) => layout.json_output(json),
            Resolution::External | Resolution::Client | Resolution::NotFound => continue,
        };
        let printed = Layout::specifier(&own, &target);
        if printed != import.specifier {
            specifiers.insert(import.specifier.clone(), printed);
        }
    }
    specifiers
}

/// `.d.ts`: types only, nothing to load.
pub fn is_declaration(file: &SourcePath) -> bool {
    [".d.ts", ".d.mts", ".d.cts"].iter().any(|e| file.as_str().ends_with(e))
}

/// An import of a name that the other module does not have would stop the server from starting.
fn missing_exports(
    symbols: Symbols<'_>,
    contract: &ModuleContract,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for import in contract.imports.iter().filter(|i| i.runtime) {
        let Some(target) = symbols.target(&contract.file, &import.specifier) else { continue };
        if is_declaration(target) {
            continue;
        }
        for name in import.names.iter().filter(|n| n.used_as_value) {
            let wanted = match &name.name {
                ImportKind::Named(name) => name,
                ImportKind::Default => "default",
                ImportKind::Namespace => continue,
            };
            if symbols.export(target, wanted).is_none() && !opaque(symbols, target) {
                diagnostics.push(export_not_found(&contract.file, name.span, wanted, target));
            }
        }
    }
}

/// Its exports cannot all be known here: it re-exports all of a package or of a JSON file, or it
/// could not be read.
fn opaque(symbols: Symbols<'_>, module: &SourcePath) -> bool {
    let mut seen = BTreeSet::new();
    let mut queue = vec![module];
    while let Some(module) = queue.pop() {
        if !seen.insert(module) {
            continue;
        }
        let Some(contract) = symbols.module(module) else { return true };
        if contract.broken {
            return true;
        }
        for import in &contract.imports {
            match symbols.resolutions.get(module, &import.specifier) {
                Resolution::Module(next) => queue.push(next),
                Resolution::Json(_) | Resolution::Client | Resolution::NotFound => return true,
                Resolution::External if import.names.is_empty() => return true,
                Resolution::External => {}
            }
        }
    }
    false
}

/// What client code may not reach.
pub fn check_clients(
    symbols: Symbols<'_>,
    options: &Options,
    layout: &Layout,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for contract in symbols.modules.values().filter(|c| options.is_client(&c.file)) {
        if options.is_server(&contract.file) {
            diagnostics.push(both_sides(&contract.file));
            continue;
        }
        for function in &contract.functions {
            diagnostics.push(backend_in_client(&contract.file, function.span, &function.name));
        }
        for context in &contract.context {
            diagnostics.push(context_in_client(&contract.file, context.span, &context.name));
        }
        for import in contract.imports.iter().filter(|i| i.runtime) {
            if import.specifier == "kontract/runtime" || import.specifier.starts_with("node:") {
                let path = [contract.file.clone()];
                diagnostics.push(server_import_in_client(
                    &contract.file,
                    import.span,
                    &import.specifier,
                    &path,
                ));
            }
        }
    }
    let entries: Vec<SourcePath> =
        symbols.modules.keys().filter(|file| options.is_client(file)).cloned().collect();
    // Breadth first, so that the path shown is a shortest one.
    let mut from: BTreeMap<SourcePath, Option<SourcePath>> =
        entries.iter().map(|e| (e.clone(), None)).collect();
    let mut queue: std::collections::VecDeque<SourcePath> = entries.into();
    while let Some(file) = queue.pop_front() {
        let Some(contract) = symbols.module(&file) else { continue };
        let path = path_to(&from, &file);
        for import in contract.imports.iter().filter(|i| i.runtime) {
            let Some(target) = symbols.target(&file, &import.specifier) else { continue };
            if is_declaration(target) {
                continue;
            }
            let Some(target_contract) = symbols.module(target) else { continue };
            if is_server(options, layout, target_contract) && !options.is_client(target) {
                if import.names.is_empty()
                    && !reexports(contract, &import.specifier)
                    && target_contract.functions.is_empty()
                {
                    let path: Vec<SourcePath> =
                        path.iter().cloned().chain([target.clone()]).collect();
                    diagnostics.push(server_import_in_client(
                        &file,
                        import.span,
                        &import.specifier,
                        &path,
                    ));
                }
            } else if !from.contains_key(target) {
                from.insert(target.clone(), Some(file.clone()));
                queue.push_back(target.clone());
            }
            for name in import.names.iter().filter(|n| n.used_as_value) {
                let symbol = match &name.name {
                    ImportKind::Named(name) => symbols.export(target, name),
                    ImportKind::Default => symbols.export(target, "default"),
                    // The members used are not known here; the module's own role decides.
                    ImportKind::Namespace => Some(Symbol::Namespace(target.clone())),
                };
                check_symbol(
                    symbols,
                    options,
                    layout,
                    &file,
                    name.span,
                    symbol,
                    &path,
                    diagnostics,
                );
            }
        }
    }
}

fn reexports(contract: &ModuleContract, specifier: &str) -> bool {
    use crate::model::contract::ExportTarget;
    contract.exports.iter().any(|e| match &e.target {
        ExportTarget::From { specifier: s, .. } | ExportTarget::Star { specifier: s } => {
            s == specifier
        }
        _ => false,
    })
}

#[expect(clippy::too_many_arguments, reason = "one place in the walk, told apart for reading")]
fn check_symbol(
    symbols: Symbols<'_>,
    options: &Options,
    layout: &Layout,
    file: &SourcePath,
    span: Span,
    symbol: Option<Symbol>,
    path: &[SourcePath],
    diagnostics: &mut Vec<Diagnostic>,
) {
    let (module, name) = match symbol {
        Some(Symbol::Declared { module, name }) => (module, name),
        Some(Symbol::Namespace(module)) => (module, "*".to_owned()),
        Some(Symbol::Package { .. }) | None => return,
    };
    let Some(contract) = symbols.module(&module) else { return };
    if !is_server(options, layout, contract) || options.is_client(&module) {
        return;
    }
    let full: Vec<SourcePath> = path.iter().cloned().chain([module.clone()]).collect();
    if name == "*" {
        if contract.functions.is_empty() {
            diagnostics.push(server_value_in_client(file, span, &name, &module, &full, None));
        }
        return;
    }
    let is_route = contract.functions.iter().any(|f| f.local() == name);
    let is_known = !contract.functions.is_empty()
        && (contract.constants.iter().any(|c| c.name == name)
            || contract
                .type_named(&name)
                .is_some_and(|t| matches!(t.kind, TypeDeclarationKind::Enum { .. })));
    if !is_route && !is_known {
        let declared = contract.values.iter().find(|v| v.name == name).map(|v| v.span);
        let declared = declared.or_else(|| contract.constant(&name).map(|c| c.span));
        diagnostics.push(server_value_in_client(file, span, &name, &module, &full, declared));
    }
}

fn path_to(from: &BTreeMap<SourcePath, Option<SourcePath>>, file: &SourcePath) -> Vec<SourcePath> {
    let mut path = vec![file.clone()];
    let mut at = file;
    while let Some(Some(previous)) = from.get(at) {
        path.push(previous.clone());
        at = previous;
    }
    path.reverse();
    path
}
