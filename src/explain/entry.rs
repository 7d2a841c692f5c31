//! One route: where it is, who may call it, what runs around it, what it touches, what travels.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{
    types::{TypeName, declaration, reached},
    words,
};
use crate::{
    diagnostic::{position::LineIndex, render::plural},
    model::{
        app::{App, Modules, Route, SOME_FIELDS},
        contract::{BackendFunction, Middleware, Signature},
        perms::{self, Guests},
        reach::needed,
        types::MODULE_SPECIFIER,
    },
    pipeline::{
        Program,
        gather::{result_type, without_predicate},
    },
    text::types::Printer,
};

/// A route with all that it refers to.
pub struct Entry<'p> {
    pub name: &'p str,
    pub route: &'p Route,
    pub function: &'p BackendFunction,
    /// Where the function stands, from 1.
    pub line: usize,
    /// What wraps it, outermost first.
    pub chain: Vec<Wrap<'p>>,
    /// Its stub, relative to the output folder.
    pub client: Option<String>,
    /// The declared types that travel, printed.
    pub types: BTreeMap<TypeName, String>,
    /// Its result is a stream of items.
    pub streams: bool,
    /// No promise stands before them.
    pub at_once: bool,
    guests: Guests,
}

/// A middleware around a route.
pub struct Wrap<'p> {
    pub module: &'p str,
    pub line: usize,
    pub middleware: &'p Middleware,
}

impl<'p> Entry<'p> {
    pub fn of(program: &'p Program, name: &str, guests: Guests) -> Option<Self> {
        let Program { app, modules, texts, .. } = program;
        let (name, route) = app.routes.get_key_value(name)?;
        let function = &modules[&route.module].functions[route.function];
        let line = |file, offset: u32| {
            let text = texts.get(file).map_or("", |text| &**text);
            LineIndex::new(text).position(text, offset as usize).line
        };
        let chain = app.middleware.iter().flat_map(|file| {
            let entries = route.chain.iter().filter_map(|index| file.entries.get(*index));
            entries.map(|middleware| Wrap {
                module: file.module.as_str(),
                line: line(&file.module, middleware.span.start),
                middleware,
            })
        });
        Some(Self {
            name,
            route,
            function,
            line: line(&route.module, function.span.start),
            chain: chain.collect(),
            client: app.client.get(&route.module).map(|m| format!("client/{}.js", m.output)),
            types: types(app, modules, route, &function.signature),
            streams: app.shapes.streams(name),
            at_once: app.shapes.routes.get(name).is_some_and(|shapes| shapes.at_once),
            guests,
        })
    }

    /// As a client calls it: `(name: string, email?: string): Promise<User>`.
    pub fn signature(&self) -> String {
        let signature = &self.function.signature;
        let printer = Printer { specifier: &as_written };
        let mut text = String::new();
        printer.type_parameters(&mut text, &signature.type_parameters, 0);
        text.push('(');
        for (i, parameter) in signature.parameters.iter().enumerate() {
            if i > 0 {
                text.push_str(", ");
            }
            printer.parameter(&mut text, parameter, 0);
        }
        let result = signature.result.as_ref().map_or_else(
            || "unknown".to_owned(),
            |ty| printer.ty(&without_predicate(result_type(ty))),
        );
        text + &if self.at_once { format!("): {result}") } else { format!("): Promise<{result}>") }
    }

    /// For people. `out` is the output folder.
    pub fn text(&self, out: &str) -> String {
        let mut lines = vec![self.name.to_owned()];
        let mut say = |label: &str, text: &str| {
            for (index, line) in text.lines().enumerate() {
                let label = if index == 0 { label } else { "" };
                lines.push(format!("  {label:WIDTH$}{line}").trim_end().to_owned());
            }
        };
        say("source", &format!("{}:{}", self.route.module, self.line));
        say("signature", &self.signature());
        say("permission", &perms::letters(self.route.perm));
        say("callers", &self.callers());
        say("egroup", self.function.egroup.as_deref().unwrap_or("none"));
        let chain: Vec<String> = self
            .chain
            .iter()
            .enumerate()
            .map(|(i, wrap)| {
                let Wrap { module, line, middleware } = wrap;
                format!("{}. {module}:{line}  {}", i + 1, words::filter(&middleware.filter))
            })
            .collect();
        say(
            "middlewares",
            if chain.is_empty() { "none".to_owned() } else { chain.join("\n") }.as_str(),
        );
        let tables: Vec<String> = self
            .route
            .tables
            .keys()
            .map(|table| format!("{table}  {}", self.operations(table)))
            .collect();
        say(
            "tables",
            if tables.is_empty() { "none".to_owned() } else { tables.join("\n") }.as_str(),
        );
        if !self.route.unseen.is_empty() {
            let unseen: Vec<String> = self
                .route
                .unseen
                .iter()
                .map(|unseen| format!("{}: {}", unseen.file, unseen.what))
                .collect();
            say("unseen", &unseen.join("\n"));
        }
        let types: Vec<String> = self.types.keys().map(key).collect();
        say("types", if types.is_empty() { "none".to_owned() } else { types.join("\n") }.as_str());
        say("ABI", &self.route.abi);
        let older = self.route.accepts.len().saturating_sub(1);
        if older > 0 {
            say("", &format!("clients of {} are served too", plural(older, "older version")));
        }
        if let Some(client) = &self.client {
            say("client", &format!("{out}/{client}"));
        }
        lines.join("\n")
    }

    pub fn callers(&self) -> String {
        match &self.function.ugroup {
            Some(group) => format!("accounts of the group {group}"),
            None if self.guests.may_call(self.route.perm, None) => {
                "everybody, guests too".to_owned()
            }
            None => "accounts".to_owned(),
        }
    }

    /// `reads (get, query), writes name (update)`
    pub fn operations(&self, table: &str) -> String {
        let names = self.route.operations.get(table);
        let parts: Vec<String> = [perms::READ, perms::WRITE, perms::REMOVE]
            .into_iter()
            .filter_map(|bit| {
                let names: Vec<&str> = names?
                    .iter()
                    .map(String::as_str)
                    .filter(|name| needed(name) == Some(bit))
                    .collect();
                let verb = words::verbs(bit).first().copied()?;
                let fields = match self.route.writes.get(table) {
                    Some(fields) if bit == perms::WRITE => written(fields),
                    _ => String::new(),
                };
                (!names.is_empty()).then(|| format!("{verb}{fields} ({})", names.join(", ")))
            })
            .collect();
        parts.join(", ")
    }

    /// The manifest's entry, with what it refers to in the place of references.
    pub fn json(&self, program: &Program, manifest: &Value, out: &str) -> Value {
        let mut fields = Map::new();
        fields.insert("route".to_owned(), self.name.into());
        let middleware = |index: &usize| manifest["middleware"][*index].clone();
        for (key, value) in manifest["routes"][self.name].as_object().into_iter().flatten() {
            let value = match key.as_str() {
                "chain" => self.route.chain.iter().map(middleware).collect(),
                "tables" => self.tables_json(program),
                _ => value.clone(),
            };
            fields.insert(key.clone(), value);
            if key == "module" {
                fields.insert("line".to_owned(), self.line.into());
            }
        }
        fields.insert("guests".to_owned(), self.is_for_guests().into());
        fields.insert(
            "types".to_owned(),
            self.types.iter().map(|(name, text)| (key(name), text.clone())).collect(),
        );
        if let Some(client) = &self.client {
            fields.insert("client".to_owned(), format!("{out}/{client}").into());
        }
        fields.into()
    }

    fn is_for_guests(&self) -> bool {
        self.guests.may_call(self.route.perm, self.function.ugroup.as_deref())
    }

    fn tables_json(&self, program: &Program) -> Value {
        let tables = self.route.tables.iter().map(|(name, mask)| {
            let mut value = json!({
                "access": perms::letters(*mask),
                "operations": self.route.operations.get(name),
            });
            if let Some(table) = program.app.tables.get(name) {
                value["primaryKey"] = table.primary_key.clone().into();
                value["owned"] = table.owned.into();
            }
            (name.clone(), value)
        });
        Value::Object(tables.collect())
    }
}

/// Specifiers of the compiler's own without their mark.
pub fn as_written(specifier: &str) -> String {
    specifier.strip_prefix(MODULE_SPECIFIER).unwrap_or(specifier).to_owned()
}

fn types(
    app: &App,
    modules: &Modules,
    route: &Route,
    signature: &Signature,
) -> BTreeMap<TypeName, String> {
    let printer = Printer { specifier: &as_written };
    let names = reached(app, modules, &route.module, signature);
    let printed = names.into_iter().filter_map(|name| {
        let mut text = String::new();
        printer.declaration(&mut text, &declaration(modules, &name)?.without_docs(), 0);
        Some((name, text.trim_end().to_owned()))
    });
    printed.collect()
}

/// `src/model.ts#User`
fn key((module, name): &TypeName) -> String {
    format!("{module}#{name}")
}

/// ` name, role`
fn written(fields: &BTreeSet<String>) -> String {
    let named: Vec<&str> =
        fields.iter().map(String::as_str).filter(|field| *field != SOME_FIELDS).collect();
    match (named.is_empty(), fields.contains(SOME_FIELDS)) {
        (true, _) => String::new(),
        (false, true) => format!(" {} and others", named.join(", ")),
        (false, false) => format!(" {}", named.join(", ")),
    }
}

const WIDTH: usize = 13;
