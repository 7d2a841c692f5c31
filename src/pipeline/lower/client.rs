//! Client modules: stubs and declarations, made from contracts and never from source text.
//!
//! Input: the contract of
//! ```ts
//! /// Finds a user.
//! @backend({ egroup: 'api' }) export async function getUser(id: string): Promise<User> { … }
//! ```
//! Output:
//! ```js
//! import { __kontract_rpc } from "kontract/client";
//! export async function getUser(id, options) {
//!   return await __kontract_rpc("getUser", [id], { egroup: "api", abi: "sha256:…", encode: …, decode: … }, options);
//! }
//! ```
//! and `declare function getUser(id: string, options?: CallOptions): Promise<User>;`

use std::{collections::BTreeMap, fmt::Write as _};

use serde::{Deserialize, Serialize};

use super::{codec, manifest::schema};
use crate::{
    model::{
        SourcePath, Span,
        app::{App, ClientModule, ImportName, Modules, Pin},
        contract::{BackendFunction, ModuleContract, Signature, TypeDeclarationKind},
        output::Output,
        types::TypeExpr,
    },
    pipeline::{
        gather::{result_type, route_name, without_predicate},
        names::Layout,
        print::{
            map::{Mapped, Marks},
            map_link, source_url,
        },
    },
    text::{
        declarations::docs,
        header,
        types::Printer,
        values::{constant, enumeration, is_identifier, key, string},
    },
};

/// The local name of a nameless default export.
const DEFAULT: &str = "__kontract_default";
/// What stubs know the application's gateway by.
const WIRE: &str = "__kontract_wire";

/// Where the stubs come from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Origins {
    /// `client/api/users`.
    pub path: String,
    pub marks: Marks,
}

impl Origins {
    /// The stubs' map. `text` is the source.
    pub fn map(&self, file: &SourcePath, out: &str, text: &str) -> Output {
        let Self { path, marks } = self;
        let source = source_url(out, path, file.as_str());
        let text = marks.map(text, &base(&format!("{path}.js")), &source);
        Output { path: format!("{path}.js.map"), text }
    }
}

/// The stubs, their map and their declarations. `text` is the source, for positions only.
pub fn stubs(
    app: &App,
    modules: &Modules,
    file: &SourcePath,
    out: &str,
    text: &str,
) -> (Vec<Output>, Origins) {
    let module = &app.client[file];
    let path = format!("client/{}", module.output);
    let mut script = Script { module, contract: &modules[file], out: Mapped::default() };
    script.write(app, file, &path);
    let Mapped { text: script, marks, .. } = script.out;
    let origins = Origins { path: path.clone(), marks };
    let outputs = vec![
        origins.map(file, out, text),
        Output { path: format!("{path}.js"), text: script },
        declarations(app, modules, file),
    ];
    (outputs, origins)
}

/// `client/__kontract.js`: by which keys clients know their gateway. None without keys, so that the
/// protocol is no part of pages that do not use it.
pub fn wire(app: &App) -> Option<Output> {
    if app.pins.is_empty() {
        return None;
    }
    let pin = |pin: &Pin| format!("{{ id: {}, key: {} }}", string(&pin.id), string(&pin.key));
    let pins: Vec<String> = app.pins.iter().map(pin).collect();
    let text = format!(
        "{}import {{ __kontract_raystream }} from \"kontract/client\";\n\
         export const wire = /* @__PURE__ */ __kontract_raystream({{ schema: {}, pins: [{}] }});\n",
        header(None),
        string(&schema(app)),
        pins.join(", "),
    );
    Some(Output { path: "client/__kontract.js".to_owned(), text })
}

fn base(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

/// The local name that generated code gives a function or class.
pub fn local_name(local: &str) -> &str {
    if local == "default" { DEFAULT } else { local }
}

/// The routes of each class, by where its first one stands.
type Services<'a> = BTreeMap<(Span, &'a str), Vec<&'a BackendFunction>>;

/// The functions of a module that stand alone, and those of each class, in source order.
fn grouped(contract: &ModuleContract) -> (Vec<&BackendFunction>, Services<'_>) {
    let mut functions = Vec::new();
    let mut services = Services::new();
    let mut first: BTreeMap<&str, Span> = BTreeMap::new();
    for function in &contract.functions {
        match &function.class {
            Some(class) => {
                let at = *first.entry(class).or_insert(function.span);
                services.entry((at, class)).or_default().push(function);
            }
            None => functions.push(function),
        }
    }
    (functions, services)
}

struct Script<'a> {
    module: &'a ClientModule,
    contract: &'a ModuleContract,
    out: Mapped,
}

impl Script<'_> {
    fn write(&mut self, app: &App, file: &SourcePath, path: &str) {
        self.out.push(&header(Some(file.as_str())));
        let (functions, services) = grouped(self.contract);
        if !functions.is_empty() || !services.is_empty() {
            let (streams, calls): (Vec<_>, Vec<_>) =
                self.module.routes.iter().partition(|route| app.shapes.streams(route));
            let used = [("__kontract_rpc", calls), ("__kontract_stream", streams)];
            let names: Vec<&str> = used
                .iter()
                .filter(|(_, routes)| !routes.is_empty())
                .map(|(name, _)| *name)
                .collect();
            self.out
                .push(&format!("import {{ {} }} from \"kontract/client\";\n", names.join(", ")));
            let codec = string(&codec::specifier(path, &self.module.output));
            self.out.push(&format!("import * as {} from {codec};\n", codec::NAMESPACE));
            if !app.pins.is_empty() {
                let wire = string(&Layout::specifier(&self.module.output, "__kontract"));
                self.out.push(&format!("import {{ wire as {WIRE} }} from {wire};\n"));
            }
        }
        let mut empty = functions.is_empty() && services.is_empty();
        for (name, reexport) in self.module.reexports.iter().filter(|(_, r)| r.value) {
            let target =
                Layout::specifier(&self.module.output, &app.client[&reexport.module].output);
            let renamed = renamed(&reexport.exported, name);
            self.out.push(&format!("export {{ {renamed} }} from {};\n", string(&target)));
            empty = false;
        }
        for declaration in
            self.contract.types.iter().filter(|t| self.module.types.contains(&t.name))
        {
            if let TypeDeclarationKind::Enum { members, .. } = &declaration.kind {
                self.out.mark(declaration.span);
                self.out.push(&format!(
                    "{}const {} = {};\n",
                    self.export(&declaration.name),
                    declaration.name,
                    enumeration(members)
                ));
                empty = false;
            }
        }
        for value in
            self.contract.constants.iter().filter(|c| self.module.constants.contains(&c.name))
        {
            // One that only a type mentions has no place at run time.
            if self.module.exports.contains_key(&value.name) {
                self.out.mark(value.span);
                self.out.push(&format!(
                    "{}const {} = {};\n",
                    self.export(&value.name),
                    value.name,
                    constant(&value.value, 0)
                ));
                empty = false;
            }
        }
        for function in functions {
            let export = self.export(&function.name);
            self.out.mark(function.span);
            let kind = if is_at_once(app, function) { "" } else { "async " };
            self.out.push(&format!("{export}{kind}function {}", local_name(&function.name)));
            self.stub(app, function, "");
            self.out.push("\n");
        }
        for ((_, class), methods) in services {
            self.out.push(&format!("{}const {class} = {{\n", self.export(class)));
            for method in methods {
                self.out.push("  ");
                self.out.mark(method.span);
                let kind = if is_at_once(app, method) { "" } else { "async " };
                self.out.push(&format!("{kind}{}", property(&method.name)));
                self.stub(app, method, "  ");
                self.out.push(",\n");
            }
            self.out.push("};\n");
        }
        let renames = self.renames();
        if !renames.is_empty() {
            self.out.push(&format!("export {{ {} }};\n", renames.join(", ")));
        } else if empty {
            self.out.push("export {};\n");
        }
        self.out.push(&map_link(&format!("{path}.js")));
    }

    /// `(id, options) { return await … }`.
    fn stub(&mut self, app: &App, function: &BackendFunction, indent: &str) {
        let parameters = &function.signature.parameters;
        // A parameter must not hide what the stub calls.
        let name = |name: &str| match name {
            "__kontract_rpc" | "__kontract_stream" | WIRE => format!("{name}0"),
            name => name.to_owned(),
        };
        let public = public_names(function);
        let mut names: Vec<String> = parameters
            .iter()
            .zip(&public)
            .map(|(p, public)| if p.rest { format!("...{}", name(public)) } else { name(public) })
            .collect();
        let arguments = names.join(", ");
        let options = options_name(&function.signature, &public).map(|name| {
            names.push(name.to_owned());
            format!(", {name}")
        });
        let mut meta = Vec::new();
        if let Some(egroup) = &function.egroup {
            meta.push(format!("egroup: {}", string(egroup)));
        }
        let name = route_name(function);
        if let (Some(route), Some(shapes)) = (app.routes.get(&name), app.shapes.routes.get(&name)) {
            let codec = format!("{}.{}", codec::NAMESPACE, shapes.ident);
            meta.push(format!("abi: {}", string(&route.abi)));
            meta.push(format!("encode: {codec}_encodeRequest, decode: {codec}_decodeResponse"));
            if route.reads {
                meta.push("reads: true".to_owned());
            }
            if !app.pins.is_empty() {
                meta.push(format!("wire: {WIRE}"));
            }
        }
        let meta =
            if meta.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", meta.join(", ")) };
        let wait = if is_at_once(app, function) { "" } else { "await " };
        let call = if app.shapes.streams(&name) { "__kontract_stream" } else { "__kontract_rpc" };
        self.out.push(&format!("({}) {{\n{indent}  return {wait}", names.join(", ")));
        self.out.mark(function.span);
        self.out.push(&format!(
            "{call}({}, [{arguments}], {meta}{});\n{indent}}}",
            string(&name),
            options.unwrap_or_default(),
        ));
    }

    /// `export `, where the local name is one of the exported ones.
    fn export(&self, local: &str) -> &'static str {
        let direct = self.module.exports.get(local).is_some_and(|names| names.contains(local))
            && local != "default";
        if direct { "export " } else { "" }
    }

    /// The exports under other names.
    fn renames(&self) -> Vec<String> {
        let (functions, services) = grouped(self.contract);
        let is_value = |local: &str| {
            functions.iter().any(|f| f.name == local)
                || services.keys().any(|(_, class)| *class == local)
                || self.module.constants.contains(local)
                || self
                    .contract
                    .type_named(local)
                    .is_some_and(|t| matches!(t.kind, TypeDeclarationKind::Enum { .. }))
        };
        let locals = self.module.exports.iter().filter(|(local, _)| is_value(local));
        locals
            .flat_map(|(local, names)| {
                names
                    .iter()
                    .filter(move |name| *name != local || local == "default")
                    .map(|name| renamed(local_name(local), name))
            })
            .collect()
    }
}

/// The call gives its stream of items itself, and no promise.
fn is_at_once(app: &App, function: &BackendFunction) -> bool {
    app.shapes.routes.get(&route_name(function)).is_some_and(|shapes| shapes.at_once)
}

fn property(name: &str) -> String {
    key(&crate::model::types::Key::Name(name.to_owned()))
}

/// `local as name`, each quoted where it is no identifier.
pub fn renamed(local: &str, name: &str) -> String {
    let quote = |name: &str| {
        if is_identifier(name) { name.to_owned() } else { string(name) }
    };
    if local == name { quote(name) } else { format!("{} as {}", quote(local), quote(name)) }
}

/// What the parameter behind the declared ones is called; none behind a rest parameter.
fn options_name(signature: &Signature, names: &[String]) -> Option<&'static str> {
    if signature.parameters.iter().any(|p| p.rest) {
        return None;
    }
    ["options", "callOptions", "kontractOptions"]
        .into_iter()
        .find(|name| !names.iter().any(|n| n == name))
}

/// What the parameters of the implementation are called on the client. Where there are overloads,
/// the names of its own are the server's.
fn public_names(function: &BackendFunction) -> Vec<String> {
    let own = &function.signature.parameters;
    if function.overloads.is_empty() {
        return own.iter().map(|p| p.name.clone()).collect();
    }
    let mut names: Vec<String> = Vec::new();
    for index in 0..own.len() {
        let declared = function.overloads.iter().find_map(|o| o.parameters.get(index));
        let mut name = declared.map_or_else(|| format!("arg{index}"), |p| p.name.clone());
        while names.contains(&name) {
            name.push('_');
        }
        names.push(name);
    }
    names
}

/// The `.d.ts` of a client module.
pub fn declarations(app: &App, modules: &Modules, file: &SourcePath) -> Output {
    let module = &app.client[file];
    let contract = &modules[file];
    let specifier = |written: &str| match module.import_types.get(written) {
        Some(target) => Layout::specifier(&module.output, &app.client[target].output),
        None => written.to_owned(),
    };
    let printer = Printer { specifier: &specifier };
    let mut out = header(Some(file.as_str()));
    let (functions, services) = grouped(contract);
    let call_options =
        imports(&mut out, app, module, contract, functions.is_empty() && services.is_empty());
    for declaration in contract.types.iter().filter(|t| module.types.contains(&t.name)) {
        printer.declaration(&mut out, &declaration.for_clients(), 0);
    }
    for value in contract.constants.iter().filter(|c| module.constants.contains(&c.name)) {
        printer.constant_declaration(&mut out, &value.name, value);
    }
    if module.code {
        for value in contract.values.iter().filter(|v| module.exports.contains_key(&v.name)) {
            let Some(ty) = &value.ty else { continue };
            let _ = writeln!(out, "declare const {}: {};", value.name, printer.ty(ty));
        }
    }
    for function in functions {
        for signature in signatures(function) {
            docs(&mut out, signature.docs.as_deref().or(function.signature.docs.as_deref()), 0);
            let _ = write!(out, "declare function {}", local_name(&function.name));
            write_signature(&mut out, app, &printer, signature, function, &call_options);
            out.push_str(";\n");
        }
    }
    for ((_, class), methods) in services {
        docs(&mut out, contract.type_named(class).and_then(|t| t.docs.as_deref()), 0);
        let _ = writeln!(out, "declare const {class}: {{");
        for method in methods {
            for signature in signatures(method) {
                docs(&mut out, signature.docs.as_deref().or(method.signature.docs.as_deref()), 1);
                let _ = write!(out, "  {}", property(&method.name));
                write_signature(&mut out, app, &printer, signature, method, &call_options);
                out.push_str(";\n");
            }
        }
        out.push_str("};\n");
    }
    for (name, reexport) in &module.reexports {
        let target = Layout::specifier(&module.output, &app.client[&reexport.module].output);
        let kind = if reexport.value { "export" } else { "export type" };
        let _ = writeln!(
            out,
            "{kind} {{ {} }} from {};",
            renamed(&reexport.exported, name),
            string(&target)
        );
    }
    for (name, target) in &module.namespaces {
        let target = Layout::specifier(&module.output, &app.client[target].output);
        let _ = writeln!(out, "export type * as {} from {};", renamed(name, name), string(&target));
    }
    let exports: Vec<String> = module
        .exports
        .iter()
        .flat_map(|(local, names)| names.iter().map(move |name| renamed(local_name(local), name)))
        .collect();
    let _ = if exports.is_empty() {
        writeln!(out, "export {{}};")
    } else {
        writeln!(out, "export {{ {} }};", exports.join(", "))
    };
    Output { path: format!("client/{}.d.ts", module.output), text: out }
}

/// The imports of a `.d.ts`; returns the name by which `CallOptions` is known there.
fn imports(
    out: &mut String,
    app: &App,
    module: &ClientModule,
    contract: &ModuleContract,
    no_routes: bool,
) -> String {
    let mut taken: Vec<&str> = contract.types.iter().map(|t| t.name.as_str()).collect();
    taken.extend(module.imports.values().flatten().map(|i| i.local.as_str()));
    taken.extend(module.packages.values().flatten().map(|(_, local)| local.as_str()));
    let call_options =
        if taken.contains(&"CallOptions") { "__kontract_CallOptions" } else { "CallOptions" };
    if !no_routes {
        let _ = writeln!(
            out,
            "import type {{ {} }} from \"kontract/client\";",
            renamed("CallOptions", call_options)
        );
    }
    for (target, names) in &module.imports {
        let specifier = string(&Layout::specifier(&module.output, &app.client[target].output));
        for name in names.iter().filter(|n| n.namespace) {
            let _ = writeln!(out, "import type * as {} from {specifier};", name.local);
        }
        let named: Vec<String> =
            names.iter().filter(|n| !n.namespace).map(|n| renamed(&n.exported, &n.local)).collect();
        if !named.is_empty() {
            let _ = writeln!(out, "import type {{ {} }} from {specifier};", named.join(", "));
        }
    }
    for (specifier, names) in &module.packages {
        let specifier = string(specifier);
        let mut named = Vec::new();
        for (name, local) in names {
            match name {
                ImportName::Namespace => {
                    let _ = writeln!(out, "import type * as {local} from {specifier};");
                }
                ImportName::Default => named.push(format!("default as {local}")),
                ImportName::Named(name) => named.push(renamed(name, local)),
            }
        }
        if !named.is_empty() {
            let _ = writeln!(out, "import type {{ {} }} from {specifier};", named.join(", "));
        }
    }
    call_options.to_owned()
}

/// Overloads appear instead of the implementation's signature.
fn signatures(function: &BackendFunction) -> impl Iterator<Item = &Signature> {
    let own = function.overloads.is_empty().then_some(&function.signature);
    function.overloads.iter().chain(own)
}

/// `signature` is an overload of `function`, or its own.
fn write_signature(
    out: &mut String,
    app: &App,
    printer: &Printer<'_>,
    signature: &Signature,
    function: &BackendFunction,
    call_options: &str,
) {
    printer.type_parameters(out, &signature.type_parameters, 0);
    out.push('(');
    let mut first = true;
    // A required parameter cannot follow an optional one in a declaration.
    let last_required = signature.parameters.iter().rposition(|p| !p.optional && !p.rest);
    for (i, parameter) in signature.parameters.iter().enumerate() {
        if !std::mem::take(&mut first) {
            out.push_str(", ");
        }
        if parameter.optional && last_required.is_some_and(|last| i < last) {
            let ty =
                parameter.ty.clone().unwrap_or_else(|| TypeExpr::Keyword("unknown".to_owned()));
            let ty = TypeExpr::Union(vec![ty, TypeExpr::Keyword("undefined".to_owned())]);
            let _ = write!(out, "{}: {}", parameter.name, printer.ty(&ty));
        } else {
            printer.parameter(out, parameter, 0);
        }
    }
    // The stub takes its options behind the implementation's parameters.
    let public = public_names(function);
    let own: Vec<String> = signature.parameters.iter().map(|p| p.name.clone()).collect();
    let taken: Vec<String> = own.iter().chain(&public).cloned().collect();
    if let (Some(_), Some(options)) =
        (options_name(signature, &own), options_name(&function.signature, &taken))
    {
        for (index, name) in public.iter().enumerate().skip(own.len()) {
            // `b?: undefined` behind an overload that has a `b` elsewhere.
            let name = if own.contains(name) { &format!("arg{index}") } else { name };
            let separator = if std::mem::take(&mut first) { "" } else { ", " };
            let _ = write!(out, "{separator}{name}?: undefined");
        }
        let _ = write!(out, "{}{options}?: {call_options}", if first { "" } else { ", " });
    }
    let result = signature
        .result
        .as_ref()
        .map_or_else(|| "unknown".to_owned(), |ty| printer.ty(&unwrapped(ty)));
    let _ = if is_at_once(app, function) {
        write!(out, "): {result}")
    } else {
        write!(out, "): Promise<{result}>")
    };
}

/// `Promise<HttpResp<T>>` is T, also where only some members of a union are.
fn unwrapped(declared: &TypeExpr) -> TypeExpr {
    match result_type(declared) {
        TypeExpr::Union(types) => {
            let mut members: Vec<TypeExpr> = Vec::new();
            for ty in types.iter().map(unwrapped) {
                if !members.contains(&ty) {
                    members.push(ty);
                }
            }
            if members.len() == 1 { members.remove(0) } else { TypeExpr::Union(members) }
        }
        other => without_predicate(other),
    }
}
