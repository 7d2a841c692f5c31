//! `dist/manifest.json`: the contract of a build, for hosts and for tools.

mod lines;

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde_json::{Map, Value, json};

use super::pretty::{self, nested};
use crate::{
    diagnostic::position::LineIndex,
    hash::of_parts as hash,
    model::{
        SourcePath,
        app::{App, Modules, Route, Statement, Unseen},
        contract::{Filter, Isolation, Located},
        output::Output,
        perms,
        shape::Shapes,
        types::{MODULE_SPECIFIER, Parameter},
    },
    pipeline::{
        Texts,
        gather::{result_type, without_predicate},
    },
    text::types::Printer,
};

pub use self::lines::retell;

/// The version of the manifest's form.
const VERSION: u32 = 1;
const BEFORE_BUILD: &str = "\n  \"build\": \"";
const AFTER_BUILD: &str = "\"\n}\n";

/// `build` is the hash of all other outputs. `texts` are the sources, `inlined` the
/// middlewares that stand in their chains.
pub fn manifest(
    app: &App,
    modules: &Modules,
    build: &str,
    texts: &Texts,
    inlined: &[bool],
) -> Output {
    let specifier =
        |written: &str| written.strip_prefix(MODULE_SPECIFIER).unwrap_or(written).to_owned();
    let printer = Printer { specifier: &specifier };
    let routes: Vec<(&String, String)> = app
        .routes
        .par_iter()
        .map(|(name, r)| {
            let value = route(modules, &printer, r, app.shapes.streams(name), texts);
            (name, nested(&value, 2))
        })
        .collect();
    let middleware: Vec<Value> = app
        .middleware
        .iter()
        .flat_map(|file| {
            let source = texts.get(&file.module).map_or("", |text| &**text);
            let lines = LineIndex::new(source);
            file.entries
                .iter()
                .enumerate()
                .map(|(index, entry)| {
                    json!({
                        "module": file.module.as_str(),
                        "line": lines.position(source, entry.span.start as usize).line,
                        "filter": filter(&entry.filter),
                        "inline": inlined.get(index).copied().unwrap_or_default(),
                    })
                })
                .collect::<Vec<_>>()
        })
        .collect();
    let tables: Map<String, Value> = app
        .tables
        .iter()
        .map(|(name, table)| {
            let fields: Map<String, Value> = table
                .order
                .iter()
                .filter_map(|field| table.fields.get(field).map(|f| (field, f)))
                .map(|(name, field)| {
                    let mut value = json!({ "type": printer.ty(&field.ty), "perm": field.perm });
                    if field.optional {
                        value["optional"] = true.into();
                    }
                    for (key, set) in [("index", field.index), ("unique", field.unique)] {
                        if set {
                            value[key] = true.into();
                        }
                    }
                    (name.clone(), value)
                })
                .collect();
            let mut value = json!({
                "type": table.row.as_ref().map_or_else(
                    || format!("__kontract_generated_{name}"),
                    |(_, row)| row.clone(),
                ),
                "primaryKey": table.primary_key,
                "fields": fields,
                "owned": table.owned,
            });
            if table.searched {
                value["searched"] = true.into();
            }
            if let Some(key) = &table.shape {
                value["row"] = key.clone().into();
            }
            (name.clone(), value)
        })
        .collect();
    let mut manifest = vec![
        ("generator", nested(&"kontract build", 1).into()),
        ("version", nested(&VERSION, 1).into()),
        ("abi", nested(&schema(app), 1).into()),
    ];
    if !app.pins.is_empty() {
        let pins: Vec<&str> = app.pins.iter().map(|pin| &*pin.key).collect();
        manifest.push(("pins", nested(&pins, 1).into()));
    }
    manifest.push(("routes", pretty::object(routes, 1)));
    manifest.push(("middleware", nested(&middleware, 1).into()));
    manifest.push(("tables", nested(&tables, 1).into()));
    manifest.push(("types", nested(&types(app, modules, &printer), 1).into()));
    let Shapes { objects, unions, routes } = &app.shapes;
    let wire = [
        ("objects", pretty::map(objects, 2)),
        ("unions", pretty::map(unions, 2)),
        ("routes", pretty::map(routes, 2)),
    ];
    manifest.push(("wire", pretty::object(wire, 1)));
    if !app.tables.is_empty() {
        let Shapes { objects, unions, .. } = &app.rows;
        let rows = [("objects", pretty::map(objects, 2)), ("unions", pretty::map(unions, 2))];
        manifest.push(("rows", pretty::object(rows, 1)));
    }
    if !app.statements.is_empty() {
        let statements = app.statements.iter().map(|(id, s)| (id.clone(), statement(s, texts)));
        manifest.push(("statements", nested(&Value::Object(statements.collect()), 1).into()));
    }
    manifest.push(("build", nested(&build, 1).into()));
    Output { path: "manifest.json".to_owned(), text: pretty::object(manifest, 0).into_text("\n") }
}

/// Where the hash of the build begins, and what it is: it comes last, so that a build that changes
/// nothing else replaces the end of the file.
pub fn build_of(manifest: &str) -> Option<(usize, &str)> {
    let at = manifest.rfind(BEFORE_BUILD)? + BEFORE_BUILD.len();
    Some((at, manifest[at..].strip_suffix(AFTER_BUILD)?))
}

/// The end of a manifest, from the hash of the build.
pub fn end(build: &str) -> String {
    format!("{build}{AFTER_BUILD}")
}

/// Identifies what travels of all routes: `sha256:…`.
pub fn schema(app: &App) -> String {
    hash(app.routes.iter().flat_map(|(name, route)| [name.as_str(), route.abi.as_str()]))
}

/// Of all other outputs, by path, each with its SHA-256 in hexadecimal.
pub fn build_hash<'a>(outputs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    hash(outputs.flat_map(|(path, hash)| [path, hash]))
}

fn route(
    modules: &Modules,
    printer: &Printer<'_>,
    route: &Route,
    streams: bool,
    texts: &Texts,
) -> Value {
    let function = &modules[&route.module].functions[route.function];
    let signature = &function.signature;
    let mut meta = Map::new();
    meta.insert("perm".to_owned(), route.perm.into());
    for (key, value) in [("ugroup", &function.ugroup), ("egroup", &function.egroup)] {
        if let Some(value) = value {
            meta.insert(key.to_owned(), value.clone().into());
        }
    }
    if function.isolation == Isolation::None {
        meta.insert("isolation".to_owned(), "none".into());
    }
    if function.retry {
        meta.insert("retry".to_owned(), true.into());
    }
    if streams {
        meta.insert("streams".to_owned(), true.into());
    }
    let params: Vec<Value> = signature.parameters.iter().map(|p| parameter(printer, p)).collect();
    let result = signature
        .result
        .as_ref()
        .map_or_else(|| "unknown".to_owned(), |ty| printer.ty(&without_predicate(result_type(ty))));
    let mut value = Map::new();
    value.insert("module".to_owned(), route.module.as_str().into());
    let export = match &function.class {
        Some(class) => format!("{class}.{}", function.name),
        None => function.name.clone(),
    };
    value.insert("export".to_owned(), export.into());
    value.insert("kind".to_owned(), serde_json::to_value(function.kind).unwrap_or_default());
    if let Some(docs) = &signature.docs {
        value.insert("doc".to_owned(), docs.clone().into());
    }
    value.insert("meta".to_owned(), meta.into());
    value.insert("params".to_owned(), params.into());
    value.insert("result".to_owned(), result.into());
    value.insert("chain".to_owned(), route.chain.clone().into());
    let tables: Map<String, Value> = route
        .tables
        .iter()
        .map(|(table, mask)| (table.clone(), perms::letters(*mask).into()))
        .collect();
    value.insert("tables".to_owned(), tables.into());
    if !route.writes.is_empty() {
        let writes = serde_json::to_value(&route.writes).unwrap_or_default();
        value.insert("writes".to_owned(), writes);
    }
    if !route.unseen.is_empty() {
        value.insert("unseen".to_owned(), unseen(&route.unseen, texts).into());
    }
    if route.reads {
        value.insert("reads".to_owned(), true.into());
    } else if route.contained {
        value.insert("contained".to_owned(), true.into());
    }
    value.insert("abi".to_owned(), route.abi.clone().into());
    value.insert("accepts".to_owned(), route.accepts.clone().into());
    value.into()
}

/// `at` is for people: where the first call stands.
fn statement(statement: &Statement, texts: &Texts) -> Value {
    let at = statement.calls.first().map(|(file, argument)| {
        let text = texts.get(file).map_or("", |text| &**text);
        let line = LineIndex::new(text).position(text, argument.start as usize).line;
        format!("{file}:{line}")
    });
    json!({
        "table": statement.table,
        "sql": statement.sql,
        "parameters": statement.parameters,
        "ordered": statement.ordered,
        "at": at,
    })
}

/// `src/library.ts:12: a computed table name`, each once.
fn unseen(unseen: &[Unseen], texts: &Texts) -> Vec<Value> {
    let mut lines: Vec<(&SourcePath, usize, &str)> = Vec::new();
    for unseen in unseen {
        let text = texts.get(&unseen.file).map_or("", |text| &**text);
        let line = LineIndex::new(text).position(text, unseen.span.start as usize).line;
        lines.push((&unseen.file, line, &unseen.what));
    }
    lines.dedup();
    lines.iter().map(|(file, line, what)| format!("{file}:{line}: {what}").into()).collect()
}

fn parameter(printer: &Printer<'_>, parameter: &Parameter) -> Value {
    json!({
        "name": parameter.name,
        "type": parameter.ty.as_ref().map_or_else(|| "unknown".to_owned(), |ty| printer.ty(ty)),
        "optional": parameter.optional,
        "rest": parameter.rest,
    })
}

fn filter(filter: &Filter) -> Value {
    let text =
        |value: &Option<Located<String>>| value.as_ref().map(|v| Value::String(v.value.clone()));
    let mut fields = Map::new();
    if let Some(prefix) = text(&filter.prefixurl) {
        fields.insert("prefixurl".to_owned(), prefix);
    }
    if let Some(group) = text(&filter.egroup) {
        fields.insert("egroup".to_owned(), group);
    }
    if let Some(endpoints) = &filter.endpoints {
        fields.insert("endpoints".to_owned(), endpoints.iter().map(|e| e.value.clone()).collect());
    }
    fields.into()
}

/// Every type that clients see, by `module#name`, as declared.
fn types(app: &App, modules: &Modules, printer: &Printer<'_>) -> BTreeMap<String, String> {
    let mut types = BTreeMap::new();
    for (file, module) in &app.client {
        for declaration in modules[file].types.iter().filter(|t| module.types.contains(&t.name)) {
            let bare = declaration.without_docs();
            let mut text = String::new();
            printer.declaration(&mut text, &bare, 0);
            types.insert(format!("{file}#{}", declaration.name), text.trim_end().to_owned());
        }
    }
    types
}
