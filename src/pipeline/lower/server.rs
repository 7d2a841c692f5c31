//! A server module as plain JavaScript: its own code without types, and its routes.
//!
//! Input:
//! ```ts
//! export const getUser = backend({ egroup: 'api' }, async (id: string) => env.storage.users.get(id));
//! ```
//! Output:
//! ```js
//! import { env } from "kontract/runtime";
//! import * as __kontract_codec from "../codec/users.js";
//! import { __kontract_routes } from "./__kontract.js";
//! export const getUser = async (id) => env.storage.users.get(id);
//! __kontract_routes.set("getUser", { handler: (ctx, args) => getUser(args[0]), meta: { egroup: "api", perm: 0 }, codec: __kontract_codec.getUser_codec });
//! ```

use std::{collections::BTreeMap, fmt::Write as _};

use serde::{Deserialize, Serialize};
use swc_common::{
    DUMMY_SP, FileName, Mark, SourceMap, SyntaxContext, comments::SingleThreadedComments, sync::Lrc,
};
use swc_ecma_ast::{
    Decl, Expr, Ident, ImportDecl, ImportNamedSpecifier, ImportPhase, ImportSpecifier,
    ImportStarAsSpecifier, Lit, Module, ModuleDecl, ModuleItem, Pass, Pat, Program, Stmt, Str,
    VarDeclarator,
};
use swc_ecma_transforms_base::{
    helpers::{HELPERS, Helpers, inject_helpers},
    hygiene::hygiene,
    resolver,
};
use swc_ecma_transforms_proposal::{
    decorator_2023_11::decorator_2023_11, decorators::decorators,
    explicit_resource_management::explicit_resource_management,
};
use swc_ecma_transforms_react::{Options as ReactOptions, Runtime, react};
use swc_ecma_transforms_typescript::{Config as TypeScriptConfig, typescript};
use swc_ecma_visit::VisitMutWith;

use super::{
    chains::{self, Chains},
    codec,
    rewrite::{Rewrite, supplier},
};
use crate::{
    model::{
        SourcePath, Span,
        app::{App, Flavour, Modules, Route, TypeNames},
        contract::{BackendFunction, FunctionKind, Isolation, ModuleContract},
    },
    pipeline::names::Layout,
    source::{self, Parsed},
    text::values::{is_identifier, string},
};

use super::{accessors::Accessors, fields::AssignedFields, namespaces, own_names::Names};

/// A module ready to be printed. Needs the `Globals` it was lowered under.
pub struct Lowered {
    pub program: Program,
    pub comments: SingleThreadedComments,
    /// Holds the source as it is in the file, so that columns are counted right.
    pub sources: Lrc<SourceMap>,
    /// Generated text behind the module's own code.
    pub tail: String,
    /// Names that the tail mentions.
    pub kept: Vec<String>,
    /// Which entries of the middlewares' list stand in the chains.
    pub inlined: Vec<bool>,
}

/// What is done to a module beside removing its types. With the module's text it decides what is
/// printed.
#[derive(Clone, Debug, Hash, Serialize, Deserialize)]
pub struct Plan {
    pub file: SourcePath,
    /// Specifiers as written → as printed.
    pub specifiers: BTreeMap<String, String>,
    pub flavour: Flavour,
    /// Imported names without a value.
    pub types: Option<TypeNames>,
    /// `backend(…)` calls to be replaced by their function.
    pub unwrap: Vec<Span>,
    /// Bodies of backend functions, and the mask that `ctx.perm` is in them.
    pub masks: Vec<(Span, u8)>,
    /// Arguments of `exec`, and the ids that take their places.
    pub statements: BTreeMap<Span, String>,
    /// The default export gets a name, so that generated code can refer to it.
    pub name_default: Option<String>,
    /// Generated imports: specifier → names, or `* as name`.
    pub imports: BTreeMap<String, Vec<String>>,
    /// The middlewares' list and what is made of it.
    chains: Option<(String, Chains)>,
    /// Generated code. Names of the module's own in it are put in by [`Names::mention`].
    pub tail: String,
    names: Names,
}

/// The name of a nameless default export.
const DEFAULT: &str = "__kontract_default";
/// The name of the middleware list.
const MIDDLEWARE: &str = "__kontract_middleware";

impl Plan {
    /// Client code: nothing but types removed.
    pub fn code(
        file: &SourcePath,
        specifiers: &BTreeMap<String, String>,
        flavour: &Flavour,
    ) -> Self {
        Self {
            file: file.clone(),
            specifiers: specifiers.clone(),
            flavour: flavour.clone(),
            types: None,
            unwrap: Vec::new(),
            masks: Vec::new(),
            statements: BTreeMap::new(),
            name_default: None,
            imports: BTreeMap::new(),
            chains: None,
            tail: String::new(),
            names: Names::default(),
        }
    }

    pub fn server(app: &App, modules: &Modules, file: &SourcePath) -> Self {
        let module = &app.server[file];
        let mut plan = Self::code(file, &module.specifiers, &module.flavour);
        plan.types = Some(module.types.clone());
        let contract = &modules[file];
        plan.unwrap = contract.functions.iter().filter(|f| f.wrapped).map(|f| f.body).collect();
        plan.masks = routes_of(app, file)
            .map(|(_, route)| (contract.functions[route.function].body, route.perm))
            .collect();
        for (id, statement) in &app.statements {
            let calls = statement.calls.iter().filter(|(caller, _)| caller == file);
            plan.statements.extend(calls.map(|(_, argument)| (*argument, id.clone())));
        }
        if contract.functions.iter().any(|f| f.name == "default" && f.default_export) {
            plan.name_default = Some(DEFAULT.to_owned());
        }
        plan.add_routes(app, contract, &module.output);
        if app.middleware.as_ref().is_some_and(|m| m.module == *file) && !app.chains.is_empty() {
            plan.add_chains(app, contract);
        }
        plan
    }

    /// None where a place has not moved to a known one.
    pub fn move_spans(&mut self, to: &dyn Fn(Span) -> Option<Span>) -> Option<()> {
        let bodies = self.masks.iter_mut().map(|(body, _)| body);
        let chains = self.chains.iter_mut().flat_map(|(_, chains)| &mut chains.entries);
        for span in self.unwrap.iter_mut().chain(bodies).chain(chains.flatten()) {
            *span = to(*span)?;
        }
        let statements = std::mem::take(&mut self.statements).into_iter();
        self.statements =
            statements.map(|(span, id)| Some((to(span)?, id))).collect::<Option<_>>()?;
        Some(())
    }

    pub fn is_type(&self, ident: &Ident) -> bool {
        self.types.as_ref().is_some_and(|types| types.locals.contains(&*ident.sym))
    }

    pub fn reexports_type(&self, specifier: &str, name: &str) -> bool {
        self.types
            .as_ref()
            .and_then(|types| types.reexports.get(specifier))
            .is_some_and(|names| names.contains(name))
    }

    fn import(&mut self, specifier: String, name: &str) {
        let names = self.imports.entry(specifier).or_default();
        if !names.iter().any(|n| n == name) {
            names.push(name.to_owned());
        }
    }

    fn kept(&self) -> Vec<String> {
        let imported = self.imports.values().flatten().map(|name| local_name(name));
        imported.chain(self.names.printed()).map(str::to_owned).collect()
    }

    fn add_routes(&mut self, app: &App, contract: &ModuleContract, output: &str) {
        let routes: Vec<_> = routes_of(app, &contract.file).collect();
        if routes.is_empty() {
            return;
        }
        self.import(Layout::specifier(output, "__kontract"), "__kontract_routes");
        if let Some(client) = app.client.get(&contract.file) {
            let codec = codec::specifier(&format!("server/{output}"), &client.output);
            self.import(codec, &format!("* as {}", codec::NAMESPACE));
        }
        for (name, route) in routes {
            let function = &contract.functions[route.function];
            let mut call = String::new();
            if function.kind == FunctionKind::Instance {
                self.import("kontract/runtime".to_owned(), "__kontract_instance");
            }
            let root = function.local();
            // The handler's parameters must not hide what it calls.
            let (ctx, args) = match root {
                "ctx" | "args" => ("__kontract_ctx", "__kontract_args"),
                _ => ("ctx", "args"),
            };
            self.callee(&mut call, function);
            call.push('(');
            for (i, parameter) in function.signature.parameters.iter().enumerate() {
                if i > 0 {
                    call.push_str(", ");
                }
                let _ = if parameter.rest {
                    write!(call, "...{args}.slice({i})")
                } else {
                    write!(call, "{args}[{i}]")
                };
            }
            call.push(')');
            let handler = match (&app.middleware, app.chains.get(&route.chain)) {
                (Some(middleware), Some(chain)) => {
                    if middleware.module != contract.file {
                        let target = &app.server[&middleware.module].output;
                        self.import(Layout::specifier(output, target), chain);
                    }
                    format!("{chain}({ctx}, () => {call})")
                }
                _ => call,
            };
            let _ = writeln!(
                self.tail,
                "__kontract_routes.set({}, {{ handler: ({ctx}, {args}) => {handler}, meta: {}{} }});",
                string(name),
                meta(app, name, function),
                codec_of(app, name),
            );
        }
    }

    fn add_chains(&mut self, app: &App, contract: &ModuleContract) {
        let list =
            contract.exports.iter().find(|e| e.name == "default").and_then(|e| match &e.target {
                crate::model::contract::ExportTarget::Local(name) => Some(name.clone()),
                _ => None,
            });
        let list = list.unwrap_or_else(|| {
            self.name_default = Some(MIDDLEWARE.to_owned());
            MIDDLEWARE.to_owned()
        });
        let entries = contract.middleware.iter().flatten().map(|entry| entry.function).collect();
        let sets = app.chains.iter().map(|(set, name)| (set.clone(), name.clone())).collect();
        self.chains = Some((self.names.mention(&list), Chains { entries, sets }));
    }

    /// How the generated handler names the function.
    fn callee(&mut self, out: &mut String, function: &BackendFunction) {
        let Some(class) = &function.class else {
            let name = if function.name == "default" { DEFAULT } else { &function.name };
            out.push_str(&self.names.mention(name));
            return;
        };
        let class = self.names.mention(class);
        if function.kind == FunctionKind::Instance {
            let _ = write!(out, "__kontract_instance({class})");
        } else {
            out.push_str(&class);
        }
        member(out, function);
    }
}

/// What a route requires of a call: `{ egroup: "api", perm: 4 }`.
pub fn meta(app: &App, route: &str, function: &BackendFunction) -> String {
    let mut text = String::from("{ ");
    for (key, value) in [("ugroup", &function.ugroup), ("egroup", &function.egroup)] {
        if let Some(value) = value {
            let _ = write!(text, "{key}: {}, ", string(value));
        }
    }
    if function.isolation == Isolation::None {
        text.push_str("isolation: \"none\", ");
    }
    if function.retry {
        text.push_str("retry: true, ");
    }
    if app.shapes.streams(route) {
        text.push_str("streams: true, ");
    }
    let perm = app.routes.get(route).map_or(0, |route| route.perm);
    let _ = write!(text, "perm: {perm} }}");
    text
}

/// In source order.
pub fn routes_of<'a>(
    app: &'a App,
    file: &SourcePath,
) -> impl Iterator<Item = (&'a String, &'a Route)> {
    let names = app.client.get(file).map_or(&[][..], |client| &client.routes);
    names.iter().filter_map(|name| app.routes.get_key_value(name))
}

fn member(out: &mut String, function: &BackendFunction) {
    if is_identifier(&function.name) {
        let _ = write!(out, ".{}", function.name);
    } else {
        let _ = write!(out, "[{}]", string(&function.name));
    }
}

/// `, codec: __kontract_codec.getUser_codec`.
fn codec_of(app: &App, route: &str) -> String {
    let shapes = app.shapes.routes.get(route);
    shapes.map_or_else(String::new, |shapes| {
        format!(", codec: {}.{}_codec", codec::NAMESPACE, shapes.ident)
    })
}

/// Parses the module again and applies the plan. Runs under `GLOBALS`. None where it does not
/// parse, which `extract` has reported.
pub fn lower(mut plan: Plan, text: &str) -> Option<Lowered> {
    let Parsed { mut module, comments, text: blanked, .. } = source::parse_again(&plan.file, text)?;
    // It would have to be the first line, and nobody runs a generated module by its name.
    module.shebang = None;
    let sources: Lrc<SourceMap> = Lrc::default();
    sources.new_source_file(FileName::Custom(plan.file.to_string()).into(), text.to_owned());
    let has_decorators = memchr::memchr(b'@', blanked.as_bytes()).is_some();
    let has_using = memchr::memmem::find(blanked.as_bytes(), b"using").is_some();
    let has_accessors = memchr::memmem::find(blanked.as_bytes(), b"accessor").is_some();
    let has_jsx = [".tsx", ".jsx", ".js"].iter().any(|e| plan.file.as_str().ends_with(e));

    let (unresolved, top_level) = (Mark::new(), Mark::new());
    let mut program = Program::Module(module);
    resolver(unresolved, top_level, true).process(&mut program);
    if let Program::Module(module) = &mut program {
        namespaces::join(module);
    }
    let mut rewrite = Rewrite {
        plan: &plan,
        unresolved: SyntaxContext::empty().apply_mark(unresolved),
        top_level: SyntaxContext::empty().apply_mark(top_level),
        ambient: Vec::new(),
        contexts: Vec::new(),
        free: Vec::new(),
    };
    program.visit_mut_with(&mut rewrite);
    let free = std::mem::take(&mut rewrite.free);
    let (free_context, own_context) = (rewrite.unresolved, rewrite.top_level);
    plan.names.plant(&mut program, own_context);

    HELPERS.set(&Helpers::new(false), || {
        let flavour = &plan.flavour;
        // The legacy transform knows no accessor fields, the standard one needs them.
        if has_accessors && flavour.legacy_decorators {
            program.visit_mut_with(&mut Accessors::default());
        }
        if has_decorators {
            if flavour.legacy_decorators {
                decorators(swc_ecma_transforms_proposal::decorators::Config {
                    legacy: true,
                    emit_metadata: flavour.decorator_metadata,
                    use_define_for_class_fields: flavour.define_fields,
                })
                .process(&mut program);
            } else {
                decorator_2023_11().process(&mut program);
            }
        }
        if has_accessors && !flavour.legacy_decorators {
            program.visit_mut_with(&mut Accessors::default());
        }
        typescript(
            TypeScriptConfig {
                native_class_properties: flavour.define_fields,
                ..TypeScriptConfig::default()
            },
            unresolved,
            top_level,
        )
        .process(&mut program);
        if !flavour.define_fields {
            program.visit_mut_with(&mut AssignedFields);
        }
        if has_using {
            explicit_resource_management().process(&mut program);
        }
        if has_jsx {
            let options = ReactOptions {
                runtime: Some(Runtime::Automatic),
                import_source: flavour.jsx_import_source.clone().map(Into::into),
                ..ReactOptions::default()
            };
            react(sources.clone(), Some(&comments), options, top_level, unresolved)
                .process(&mut program);
        }
        inject_helpers(unresolved).process(&mut program);
        if has_using {
            join_helper(&mut program, "_SuppressedError");
        }
    });
    // Only the transforms that make names of their own can make two things share one. Where none
    // ran, every name is the user's, and renaming takes a time that grows with the square of the
    // scopes.
    let makes_names = has_decorators
        || has_using
        || has_accessors
        || has_jsx
        || !plan.flavour.define_fields
        || ["enum", "namespace", "module"]
            .iter()
            .any(|word| memchr::memmem::find(blanked.as_bytes(), word.as_bytes()).is_some());
    if makes_names {
        hygiene().process(&mut program);
    }
    plan.names.harvest(&mut program);
    let mut inlined = Vec::new();
    if let Some((list, chains)) = plan.chains.take() {
        let added = chains::add(&mut program, &chains, &plan.names.put_into(&list));
        added.imports.iter().for_each(|name| plan.import("kontract/runtime".to_owned(), name));
        inlined = added.inlined;
    }
    if let Program::Module(module) = &mut program {
        add_imports(module, &plan, free, free_context);
    }
    let (tail, kept) = (plan.names.put_into(&plan.tail), plan.kept());
    Some(Lowered { program, comments, sources, tail, kept, inlined })
}

/// The helpers' transform gives a variable beside a helper another identity than the helper's
/// references to it, so that it would be renamed and they not.
fn join_helper(program: &mut Program, name: &str) {
    let Program::Module(module) = program else { return };
    let helpers = SyntaxContext::empty().apply_mark(HELPERS.with(Helpers::mark));
    for item in &mut module.body {
        if let ModuleItem::Stmt(Stmt::Decl(Decl::Var(var))) = item
            && var.span.is_dummy()
            && let [VarDeclarator { name: Pat::Ident(ident), .. }] = &mut *var.decls
            && ident.id.sym == name
        {
            ident.id.ctxt = helpers;
        }
    }
}

fn add_imports(module: &mut Module, plan: &Plan, free: Vec<String>, context: SyntaxContext) {
    let mut imports: BTreeMap<&str, Vec<(String, SyntaxContext)>> = BTreeMap::new();
    for name in free {
        let package = supplier(&name).unwrap_or("kontract/runtime");
        imports.entry(package).or_default().push((name, context));
    }
    for (specifier, names) in &plan.imports {
        let list = imports.entry(specifier).or_default();
        list.extend(names.iter().map(|name| (name.clone(), SyntaxContext::empty())));
    }
    let directives = module.body.iter().take_while(|item| is_directive(item)).count();
    let items = imports.into_iter().map(|(specifier, mut names)| {
        names.sort();
        let specifiers = names.into_iter().map(|(name, context)| {
            let local = Ident::new(local_name(&name).into(), DUMMY_SP, context);
            if name.starts_with(NAMESPACE) {
                return ImportSpecifier::Namespace(ImportStarAsSpecifier { span: DUMMY_SP, local });
            }
            ImportSpecifier::Named(ImportNamedSpecifier {
                span: DUMMY_SP,
                local,
                imported: None,
                is_type_only: false,
            })
        });
        ModuleItem::ModuleDecl(ModuleDecl::Import(ImportDecl {
            span: DUMMY_SP,
            specifiers: specifiers.collect(),
            src: Box::new(text_literal(specifier)),
            type_only: false,
            with: None,
            phase: ImportPhase::Evaluation,
        }))
    });
    let items: Vec<ModuleItem> = items.collect();
    module.body.splice(directives..directives, items);
}

/// What [`Plan::imports`] says of a namespace.
const NAMESPACE: &str = "* as ";

fn local_name(import: &str) -> &str {
    import.strip_prefix(NAMESPACE).unwrap_or(import)
}

fn is_directive(item: &ModuleItem) -> bool {
    matches!(item, ModuleItem::Stmt(Stmt::Expr(statement)) if matches!(&*statement.expr, Expr::Lit(Lit::Str(_))))
}

pub fn text_literal(text: &str) -> Str {
    Str { span: DUMMY_SP, value: text.into(), raw: None }
}
