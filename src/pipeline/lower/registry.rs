//! The types folder, `src/.kontract`: what makes `env.storage.users` known to editors and `tsc`.
//!
//! Input: `interface User { id: string; email: Perm<string, 'R__'> }` in `src/types.ts`, and its
//! table `users`.
//! Output: `types.d.ts` with
//! ```ts
//! import type { User } from "../types.js";
//! interface Tables { users: Stored<User, "id", "email">; }
//! declare module "kontract/runtime" { interface StorageRegistry extends Tables {} }
//! declare global { const ctx: Context; const env: Env; const perms: …; }
//! ```
//! and `modules/<path>.d.ts` for types that cannot be imported from their source. [`client`] is
//! `api.d.ts`, which types `import { api } from 'kontract'`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use super::client::renamed;
use crate::{
    model::{
        SourcePath,
        app::{ImportName, Modules, Registry, RegistryRow, RegistryTable, TypesFrom, TypesModule},
        output::Output,
        types::{Key, MODULE_SPECIFIER, Member},
    },
    pipeline::names::{Layout, relative},
    text::{
        header,
        types::Printer,
        values::{key, string},
    },
};

/// What a table is whose fields are not known.
const ANY_FIELDS: &str = "  [field: string]: unknown;\n";

pub fn types(registry: &Registry, modules: &Modules, layout: &Layout) -> Vec<Output> {
    let mut outputs =
        vec![Output { path: format!("{TYPES}.d.ts"), text: storage(registry, layout) }];
    for (file, module) in &registry.modules {
        let path = layout.types_output(file);
        let text = declarations(file, module, modules, layout, &path);
        outputs.push(Output { path: format!("{path}.d.ts"), text });
    }
    outputs.sort_by(|a, b| a.path.cmp(&b.path));
    outputs
}

/// What `kontract` exports beside the package where its loader or its plugin for Vite resolves it.
pub fn client(layout: &Layout, out: &str) -> Output {
    let from = format!("{}/{API}", layout.types_folder());
    let index = string(&relative(&from, &format!("{out}/client/index.js")));
    let mut text = header(None);
    let _ = writeln!(text, "import type {{ api as routes }} from {index};\n");
    text.push_str("declare module \"kontract\" {\n  /** Every route by its name. */\n");
    text.push_str("  export const api: typeof routes;\n}\n");
    Output { path: format!("{API}.d.ts"), text }
}

/// `types.d.ts`.
fn storage(registry: &Registry, layout: &Layout) -> String {
    let names = row_names(registry);
    let mut imports: BTreeMap<&TypesFrom, BTreeSet<(String, &str)>> = BTreeMap::new();
    for (table, described) in &registry.tables {
        if let RegistryRow::Named { from, name } = &described.row {
            imports.entry(from).or_default().insert((name.clone(), &names[table]));
        }
    }
    let mut out = header(None);
    out.push_str("import type { Context } from \"kontract\";\n");
    out.push_str("import type { Env, Stored } from \"kontract/runtime\";\n");
    for (from, names) in imports {
        let names: Vec<String> = names.iter().map(|(name, local)| renamed(name, local)).collect();
        let specifier = string(&specifier(layout, TYPES, from));
        let _ = writeln!(out, "import type {{ {} }} from {specifier};", names.join(", "));
    }
    out.push('\n');
    for (table, described) in &registry.tables {
        if let RegistryRow::Generated(members) = &described.row {
            generated(&mut out, layout, table, &names[table], described, members);
        }
    }
    out.push_str("interface Tables {\n");
    for (table, described) in &registry.tables {
        let mut arguments = vec![names[table].clone(), string(&described.primary_key)];
        if !described.fixed.is_empty() {
            let fixed: Vec<String> = described.fixed.iter().map(|f| string(f)).collect();
            arguments.push(fixed.join(" | "));
        }
        let table = key(&Key::Name(table.clone()));
        let _ = writeln!(out, "  {table}: Stored<{}>;", arguments.join(", "));
    }
    out.push_str("}\n\n");
    out.push_str("declare module \"kontract/runtime\" {\n");
    out.push_str("  interface StorageRegistry extends Tables {}\n}\n\n");
    out.push_str("declare global {\n");
    out.push_str("  /** The call that is being served. */\n  const ctx: Context;\n");
    out.push_str("  /** Storage, shared state, accounts and environment variables. */\n");
    out.push_str("  const env: Env;\n");
    out.push_str("  /** The permission masks. */\n");
    out.push_str("  const perms: typeof import(\"kontract\").perms;\n}\n");
    out
}

/// The local name of each table's rows; two types of one name are told apart.
fn row_names(registry: &Registry) -> BTreeMap<String, String> {
    let mut taken: BTreeMap<String, Option<(&TypesFrom, &str)>> =
        ["Context", "Env", "Stored", "Tables"].map(|name| (name.to_owned(), None)).into();
    let mut names = BTreeMap::new();
    for (table, described) in &registry.tables {
        let local = match &described.row {
            RegistryRow::Generated(_) => format!("__kontract_generated_{table}"),
            RegistryRow::Named { from, name } => {
                let base = if name == "default" { "Row" } else { name };
                let mut local = base.to_owned();
                let mut count = 1;
                while taken.get(&local).is_some_and(|other| *other != Some((from, name))) {
                    count += 1;
                    local = format!("{base}{count}");
                }
                taken.insert(local.clone(), Some((from, name)));
                local
            }
        };
        names.insert(table.clone(), local);
    }
    names
}

fn generated(
    out: &mut String,
    layout: &Layout,
    table: &str,
    name: &str,
    described: &RegistryTable,
    members: &[Member],
) {
    let source = |written: &str| match written.strip_prefix(MODULE_SPECIFIER) {
        Some(file) => layout.source_specifier(TYPES, &SourcePath::new(file)),
        None => written.to_owned(),
    };
    let printer = Printer { specifier: &source };
    let _ = writeln!(out, "/** A row of `{table}`, as it is written: no type describes it. */");
    let _ = write!(out, "interface {name} ");
    if members.is_empty() {
        let key = key(&Key::Name(described.primary_key.clone()));
        let _ = write!(out, "{{\n  {key}: string;\n{ANY_FIELDS}}}");
    } else {
        printer.block(out, members, 0);
    }
    out.push_str("\n\n");
}

/// The declarations of one source.
fn declarations(
    file: &SourcePath,
    module: &TypesModule,
    modules: &Modules,
    layout: &Layout,
    path: &str,
) -> String {
    let import_type = |written: &str| match module.import_types.get(written) {
        Some(from) => specifier(layout, path, from),
        None => written.to_owned(),
    };
    let printer = Printer { specifier: &import_type };
    let mut out = header(Some(file.as_str()));
    for (from, names) in &module.imports {
        let specifier = string(&specifier(layout, path, from));
        let mut named = Vec::new();
        for (imported, local) in names {
            match imported {
                ImportName::Named(name) => named.push(renamed(name, local)),
                ImportName::Default => named.push(renamed("default", local)),
                ImportName::Namespace => {
                    let _ = writeln!(out, "import type * as {local} from {specifier};");
                }
            }
        }
        if !named.is_empty() {
            let _ = writeln!(out, "import type {{ {} }} from {specifier};", named.join(", "));
        }
    }
    let Some(contract) = modules.get(file) else { return out };
    for declaration in contract.types.iter().filter(|t| module.types.contains(&t.name)) {
        printer.declaration(&mut out, declaration, 0);
    }
    for value in contract.constants.iter().filter(|c| module.constants.contains(&c.name)) {
        printer.constant_declaration(&mut out, &value.name, value);
    }
    let names: Vec<&str> = module.types.iter().map(String::as_str).collect();
    let _ = writeln!(out, "export {{ {} }};", names.join(", "));
    out
}

fn specifier(layout: &Layout, from: &str, target: &TypesFrom) -> String {
    match target {
        TypesFrom::Source(file) => layout.source_specifier(from, file),
        TypesFrom::Printed(file) => Layout::specifier(from, &layout.types_output(file)),
        TypesFrom::Package(specifier) => specifier.clone(),
    }
}

const TYPES: &str = "types";
const API: &str = "api";
