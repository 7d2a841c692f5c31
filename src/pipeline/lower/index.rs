//! The generated entry points of both sides.

use std::{collections::BTreeMap, fmt::Write as _};

use super::client::renamed;
use crate::{
    model::{
        SourcePath,
        app::{App, IndexEntry, Modules},
        contract::BackendFunction,
        output::Output,
    },
    pipeline::names::Layout,
    text::{
        declarations::docs,
        header,
        values::{is_identifier, string},
    },
};

/// `dist/server/index.js` and the registry it exports.
pub fn server(app: &App) -> Vec<Output> {
    let mut registry = header(None);
    registry.push_str("/** Routes by name: `{ handler: (ctx, args) => result, meta: { perm, ugroup?, egroup? } }`. */\n");
    registry.push_str("export const __kontract_routes = new Map();\n");
    let mut index = header(None);
    let mut modules: Vec<&SourcePath> = app.routes.values().map(|r| &r.module).collect();
    modules.sort();
    modules.dedup();
    for module in modules {
        let _ = writeln!(
            index,
            "import {};",
            string(&Layout::specifier("index", &app.server[module].output))
        );
    }
    let _ = writeln!(
        index,
        "export {{ __kontract_routes }} from {};",
        string(&Layout::specifier("index", "__kontract"))
    );
    if let Some(auth) = app.auth.as_ref().and_then(|file| app.server.get(file)) {
        let specifier = string(&Layout::specifier("index", &auth.output));
        let _ = writeln!(index, "export {{ default as __kontract_auth }} from {specifier};");
    }
    vec![
        Output { path: "server/__kontract.js".to_owned(), text: registry },
        Output { path: "server/index.js".to_owned(), text: index },
    ]
}

/// `dist/client/index.js` and `.d.ts`: everything by name, and `api`.
pub fn client(app: &App, modules: &Modules) -> Vec<Output> {
    let mut script = header(None);
    let mut types = header(None);
    for (module, names) in by_module(app, &app.index.values) {
        let line = format!(
            "export {{ {} }} from {};\n",
            names.join(", "),
            string(&specifier(app, &module))
        );
        script.push_str(&line);
        types.push_str(&line);
    }
    for (module, names) in by_module(app, &app.index.types) {
        let _ = writeln!(
            types,
            "export type {{ {} }} from {};",
            names.join(", "),
            string(&specifier(app, &module))
        );
    }
    let api = Api::of(app, modules);
    let mut imports: BTreeMap<&SourcePath, Vec<String>> = BTreeMap::new();
    for (i, (module, exported)) in api.imports.iter().enumerate() {
        imports.entry(module).or_default().push(renamed(exported, &format!("__kontract_{i}")));
    }
    for (module, names) in imports {
        let (names, from) = (names.join(", "), string(&specifier(app, module)));
        let _ = writeln!(script, "import {{ {names} }} from {from};");
        let _ = writeln!(types, "import type {{ {names} }} from {from};");
    }
    script.push_str("/** Every route by its name. */\nexport const api = ");
    api.root.write_script(&mut script, 0);
    script.push_str(";\n");
    types.push_str("/** Every route by its name. */\nexport declare const api: ");
    api.root.write_types(&mut types, 0);
    types.push_str(";\n");
    vec![
        Output { path: "client/index.js".to_owned(), text: script },
        Output { path: "client/index.d.ts".to_owned(), text: types },
    ]
}

fn specifier(app: &App, module: &SourcePath) -> String {
    Layout::specifier("index", &app.client[module].output)
}

fn by_module(
    app: &App,
    entries: &BTreeMap<String, IndexEntry>,
) -> BTreeMap<SourcePath, Vec<String>> {
    let mut found: BTreeMap<SourcePath, Vec<String>> = BTreeMap::new();
    for (name, entry) in entries.iter().filter(|(_, e)| app.client.contains_key(&e.module)) {
        let text = renamed(&entry.exported, name);
        found.entry(entry.module.clone()).or_default().push(text);
    }
    found
}

/// `api`, flat but for services and dotted names.
struct Api<'a> {
    /// Module and exported name; `__kontract_<index>` is its name in the index.
    imports: Vec<(SourcePath, String)>,
    root: Node<'a>,
}

enum Node<'a> {
    Route { reference: String, docs: Option<&'a str> },
    Group(BTreeMap<String, Node<'a>>),
}

impl<'a> Api<'a> {
    fn of(app: &App, modules: &'a Modules) -> Self {
        let mut api = Self { imports: Vec::new(), root: Node::Group(BTreeMap::new()) };
        for (name, route) in &app.routes {
            let function: &BackendFunction = &modules[&route.module].functions[route.function];
            let local = function.local();
            let Some(exported) =
                app.client[&route.module].exports.get(local).and_then(|names| names.first())
            else {
                continue;
            };
            let import = (route.module.clone(), exported.clone());
            let index = api.imports.iter().position(|i| *i == import).unwrap_or_else(|| {
                api.imports.push(import);
                api.imports.len() - 1
            });
            // A service whose routes all have its own names is in `api` as it is.
            if let Some(class) = &function.class
                && is_whole(app, modules, &route.module, class)
            {
                let reference = format!("__kontract_{index}");
                api.root.insert(class, Node::Route { reference, docs: None });
                continue;
            }
            let member = match &function.class {
                Some(_) if is_identifier(&function.name) => format!(".{}", function.name),
                Some(_) => format!("[{}]", string(&function.name)),
                None => String::new(),
            };
            let reference = format!("__kontract_{index}{member}");
            api.root
                .insert(name, Node::Route { reference, docs: function.signature.docs.as_deref() });
        }
        api
    }
}

/// Every method of the class goes by `Class.method`, and nothing else lies under that name.
fn is_whole(app: &App, modules: &Modules, module: &SourcePath, class: &str) -> bool {
    let methods = modules[module].functions.iter().filter(|f| f.class.as_deref() == Some(class));
    let prefix = format!("{class}.");
    methods.clone().all(|f| f.route.is_none())
        && app.routes.keys().filter(|name| name.starts_with(&prefix)).count() == methods.count()
}

fn property(name: &str) -> String {
    match name {
        // Bare or as a string, it would set the prototype.
        "__proto__" => "[\"__proto__\"]".to_owned(),
        name if is_identifier(name) => name.to_owned(),
        name => string(name),
    }
}

impl<'a> Node<'a> {
    fn insert(&mut self, name: &str, route: Node<'a>) {
        let Node::Group(children) = self else { return };
        match name.split_once('.') {
            Some((first, rest)) => {
                children
                    .entry(first.to_owned())
                    .or_insert_with(|| Node::Group(BTreeMap::new()))
                    .insert(rest, route);
            }
            None => {
                children.insert(name.to_owned(), route);
            }
        }
    }

    fn write_script(&self, out: &mut String, indent: usize) {
        match self {
            Node::Route { reference, .. } => out.push_str(reference),
            Node::Group(children) => {
                out.push_str("{\n");
                for (name, child) in children {
                    let _ = write!(out, "{}{}: ", "  ".repeat(indent + 1), property(name));
                    child.write_script(out, indent + 1);
                    out.push_str(",\n");
                }
                let _ = write!(out, "{}}}", "  ".repeat(indent));
            }
        }
    }

    fn write_types(&self, out: &mut String, indent: usize) {
        match self {
            Node::Route { reference, .. } => {
                let _ = write!(out, "typeof {reference}");
            }
            Node::Group(children) => {
                out.push_str("{\n");
                for (name, child) in children {
                    if let Node::Route { docs: text, .. } = child {
                        docs(out, *text, indent + 1);
                    }
                    let _ = write!(out, "{}readonly {}: ", "  ".repeat(indent + 1), property(name));
                    child.write_types(out, indent + 1);
                    out.push_str(";\n");
                }
                let _ = write!(out, "{}}}", "  ".repeat(indent));
            }
        }
    }
}
