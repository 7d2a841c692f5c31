//! The generated entry points of both sides.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use super::{
    client::renamed,
    server::{meta, routes_of},
};
use crate::{
    model::{
        SourcePath,
        app::{App, IndexEntry, Modules},
        contract::{BackendFunction, ModuleContract},
        output::Output,
    },
    pipeline::names::Layout,
    text::{
        declarations::docs,
        header,
        values::{is_identifier, string},
    },
};

/// `dist/server/index.js` and the registry it exports. `lazy`: modules are loaded when one of their
/// routes is called.
pub fn server(app: &App, modules: &Modules, lazy: bool) -> Vec<Output> {
    let mut registry = header(None);
    registry.push_str("/** Routes by name: `{ handler: (ctx, args) => result, meta: { perm, ugroup?, egroup? } }`. */\n");
    registry.push_str("export const __kontract_routes = new Map();\n");
    let mut index = header(None);
    let files: BTreeSet<&SourcePath> = app.routes.values().map(|r| &r.module).collect();
    let registry_specifier = string(&Layout::specifier("index", "__kontract"));
    if lazy {
        let _ = writeln!(index, "import {{ __kontract_lazy }} from \"kontract/runtime\";");
        let _ = writeln!(index, "import {{ __kontract_routes }} from {registry_specifier};");
        index.push_str("/** `__kontract_resolve(name)` finds a route, and loads its module the first time. */\n");
        index.push_str(
            "export const { __kontract_loaders, __kontract_resolve } = __kontract_lazy([\n",
        );
        files.iter().for_each(|file| loader(&mut index, app, &modules[*file]));
        index.push_str("], __kontract_routes);\nexport { __kontract_routes };\n");
    } else {
        for file in files {
            let specifier = Layout::specifier("index", &app.server[file].output);
            let _ = writeln!(index, "import {};", string(&specifier));
        }
        let _ = writeln!(index, "export {{ __kontract_routes }} from {registry_specifier};");
    }
    if let Some(auth) = app.auth.as_ref().and_then(|file| app.server.get(file)) {
        let specifier = string(&Layout::specifier("index", &auth.output));
        let _ = writeln!(index, "export {{ default as __kontract_auth }} from {specifier};");
    }
    vec![
        Output { path: "server/__kontract.js".to_owned(), text: registry },
        Output { path: "server/index.js".to_owned(), text: index },
    ]
}

/// The import is a literal, for bundlers and the gateway, but where it is tried again: engines
/// remember modules that failed by their addresses.
fn loader(out: &mut String, app: &App, contract: &ModuleContract) {
    let specifier = string(&Layout::specifier("index", &app.server[&contract.file].output));
    let _ = writeln!(out, "  {{\n    name: {specifier},");
    let again = format!("import(new URL({specifier} + again, import.meta.url).href)");
    let _ = writeln!(out, "    load: (again) => again === \"\" ? import({specifier}) : {again},");
    out.push_str("    routes: {\n");
    for (name, route) in routes_of(app, &contract.file) {
        let meta = meta(app, name, &contract.functions[route.function]);
        let _ = writeln!(out, "      {}: {meta},", property(name));
    }
    out.push_str("    },\n  },\n");
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
    let mut numbered: Vec<_> = api.imports.iter().map(|(import, i)| (i, import)).collect();
    numbered.sort_unstable();
    for (i, (module, exported)) in numbered {
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
    imports: BTreeMap<(&'a SourcePath, &'a str), usize>,
    root: Node<'a>,
}

enum Node<'a> {
    Route { reference: String, docs: Option<&'a str> },
    Group(BTreeMap<String, Node<'a>>),
}

impl<'a> Api<'a> {
    fn of(app: &'a App, modules: &'a Modules) -> Self {
        let mut api = Self { imports: BTreeMap::new(), root: Node::Group(BTreeMap::new()) };
        for (name, route) in &app.routes {
            let function: &BackendFunction = &modules[&route.module].functions[route.function];
            let local = function.local();
            let Some(exported) =
                app.client[&route.module].exports.get(local).and_then(|names| names.first())
            else {
                continue;
            };
            let next = api.imports.len();
            let index = *api.imports.entry((&route.module, exported)).or_insert(next);
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
    let named =
        app.routes.range(prefix.clone()..).take_while(|(name, _)| name.starts_with(&prefix));
    methods.clone().all(|f| f.route.is_none()) && named.count() == methods.count()
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
