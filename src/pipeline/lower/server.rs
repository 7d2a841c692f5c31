//! A server module as plain JavaScript: its own code without types, and its routes.
//!
//! Input:
//! ```ts
//! export const getUser = backend({ egroup: 'api' }, async (id: string) => env.storage.users.get(id));
//! ```
//! Output:
//! ```js
//! import { env } from "kontract/runtime";
//! import { __kontract_routes } from "./__kontract.js";
//! export const getUser = async (id) => env.storage.users.get(id);
//! __kontract_routes.set("getUser", { handler: (ctx, args) => getUser(args[0]), meta: { egroup: "api", perm: 0 } });
//! ```

use std::{collections::BTreeMap, fmt::Write as _};

use swc_common::{
    DUMMY_SP, FileName, Mark, SourceMap, Span as SwcSpan, Spanned, SyntaxContext,
    comments::SingleThreadedComments, sync::Lrc,
};
use swc_ecma_ast::{
    CallExpr, Callee, Decl, DefaultDecl, ExportDefaultExpr, ExportSpecifier, Expr, Ident,
    ImportDecl, ImportNamedSpecifier, ImportPhase, ImportSpecifier, Lit, MemberProp, Module,
    ModuleDecl, ModuleItem, Number, OptChainBase, Pass, Pat, Program, Stmt, Str, UpdateExpr,
    VarDecl, VarDeclKind, VarDeclarator,
};
use swc_ecma_transforms_base::{
    fixer::fixer,
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
use swc_ecma_visit::{VisitMut, VisitMutWith};

use crate::{
    model::{
        SourcePath, Span,
        app::{App, Flavour, Modules, TypeNames},
        contract::{BackendFunction, FunctionKind, ModuleContract},
    },
    pipeline::{
        names::Layout,
        print::values::{is_identifier, string},
    },
    source::{self, Parsed, span},
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
}

/// What is done to a module beside removing its types.
pub struct Plan<'a> {
    pub file: &'a SourcePath,
    /// Specifiers as written → as printed.
    pub specifiers: &'a BTreeMap<String, String>,
    pub flavour: &'a Flavour,
    /// Imported names without a value.
    pub types: Option<&'a TypeNames>,
    /// `backend(…)` calls to be replaced by their function.
    pub unwrap: Vec<Span>,
    /// Bodies of backend functions, and the mask that `ctx.perm` is in them.
    pub masks: Vec<(Span, u8)>,
    /// The default export gets a name, so that generated code can refer to it.
    pub name_default: Option<&'static str>,
    /// Generated imports: specifier → names.
    pub imports: BTreeMap<String, Vec<String>>,
    /// Generated code. Names of the module's own in it are put in by [`Names::mention`].
    pub tail: String,
    names: Names,
}

/// The name of a nameless default export.
const DEFAULT: &str = "__kontract_default";
/// The name of the middleware list.
const MIDDLEWARE: &str = "__kontract_middleware";

impl<'a> Plan<'a> {
    /// Client code: nothing but types removed.
    pub fn code(
        file: &'a SourcePath,
        specifiers: &'a BTreeMap<String, String>,
        flavour: &'a Flavour,
    ) -> Self {
        Self {
            file,
            specifiers,
            flavour,
            types: None,
            unwrap: Vec::new(),
            masks: Vec::new(),
            name_default: None,
            imports: BTreeMap::new(),
            tail: String::new(),
            names: Names::default(),
        }
    }

    pub fn server(app: &'a App, modules: &Modules, file: &'a SourcePath) -> Self {
        let module = &app.server[file];
        let mut plan = Self::code(file, &module.specifiers, &module.flavour);
        plan.types = Some(&module.types);
        let contract = &modules[file];
        plan.unwrap = contract.functions.iter().filter(|f| f.wrapped).map(|f| f.body).collect();
        plan.masks = contract.functions.iter().map(|f| (f.body, f.perm.unwrap_or(0))).collect();
        if contract.functions.iter().any(|f| f.name == "default" && f.default_export) {
            plan.name_default = Some(DEFAULT);
        }
        plan.add_routes(app, contract, &module.output);
        if app.middleware.as_ref().is_some_and(|m| m.module == *file) && !app.chains.is_empty() {
            plan.add_chains(app, contract);
        }
        plan
    }

    fn is_type(&self, ident: &Ident) -> bool {
        self.types.is_some_and(|types| types.locals.contains(&*ident.sym))
    }

    fn reexports_type(&self, specifier: &str, name: &str) -> bool {
        self.types
            .and_then(|types| types.reexports.get(specifier))
            .is_some_and(|names| names.contains(name))
    }

    fn import(&mut self, specifier: String, name: &str) {
        let names = self.imports.entry(specifier).or_default();
        if !names.iter().any(|n| n == name) {
            names.push(name.to_owned());
        }
    }

    fn add_routes(&mut self, app: &App, contract: &ModuleContract, output: &str) {
        // In source order.
        let names = app.client.get(&contract.file).map_or(&[][..], |client| &client.routes);
        let routes: Vec<_> = names.iter().filter_map(|n| app.routes.get_key_value(n)).collect();
        if routes.is_empty() {
            return;
        }
        self.import(Layout::specifier(output, "__kontract"), "__kontract_routes");
        let undefined = if declares(contract, "undefined") { "void 0" } else { "undefined" };
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
                } else if route.null_is_undefined.get(i).copied().unwrap_or(false) {
                    write!(call, "{args}[{i}] ?? {undefined}")
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
            let meta = [("ugroup", &function.ugroup), ("egroup", &function.egroup)]
                .into_iter()
                .filter_map(|(key, value)| {
                    value.as_ref().map(|value| format!("{key}: {}, ", string(value)))
                })
                .collect::<String>();
            let _ = writeln!(
                self.tail,
                "__kontract_routes.set({}, {{ handler: ({ctx}, {args}) => {handler}, meta: {{ {meta}perm: {} }} }});",
                string(name),
                function.perm.unwrap_or(0),
            );
        }
    }

    /// One chain function per distinct set of middlewares.
    fn add_chains(&mut self, app: &App, contract: &ModuleContract) {
        self.import("kontract/runtime".to_owned(), "__kontract_chain");
        let list =
            contract.exports.iter().find(|e| e.name == "default").and_then(|e| match &e.target {
                crate::model::contract::ExportTarget::Local(name) => Some(name.clone()),
                _ => None,
            });
        let list = list.unwrap_or_else(|| {
            self.name_default = Some(MIDDLEWARE);
            MIDDLEWARE.to_owned()
        });
        let list = self.names.mention(&list);
        // Before the routes of the same file, which refer to them when they are called.
        let mut chains = String::new();
        for (indices, name) in &app.chains {
            let indices: Vec<String> = indices.iter().map(ToString::to_string).collect();
            let _ = writeln!(
                chains,
                "export const {name} = __kontract_chain({list}, [{}]);",
                indices.join(", ")
            );
        }
        self.tail.insert_str(0, &chains);
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

fn member(out: &mut String, function: &BackendFunction) {
    if is_identifier(&function.name) {
        let _ = write!(out, ".{}", function.name);
    } else {
        let _ = write!(out, "[{}]", string(&function.name));
    }
}

fn declares(contract: &ModuleContract, name: &str) -> bool {
    let mut imported = contract.imports.iter().flat_map(|i| &i.names);
    imported.any(|n| n.local == name)
        || contract.functions.iter().any(|f| f.class.is_none() && f.name == name)
        || contract.constants.iter().any(|c| c.name == name)
        || contract.values.iter().any(|v| v.name == name)
}

/// Parses the module again and applies the plan. Runs under `GLOBALS`. None where it does not
/// parse, which `extract` has reported.
pub fn lower(mut plan: Plan<'_>, text: &str) -> Option<Lowered> {
    let Parsed { mut module, comments, text: blanked, .. } = source::parse_again(plan.file, text)?;
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
        let flavour = plan.flavour;
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
    if let Program::Module(module) = &mut program {
        add_imports(module, &plan, free, free_context);
    }
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
    fixer(Some(&comments)).process(&mut program);
    let tail = plan.names.put_into(&plan.tail);
    Some(Lowered { program, comments, sources, tail })
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

fn add_imports(module: &mut Module, plan: &Plan<'_>, free: Vec<String>, context: SyntaxContext) {
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
            ImportSpecifier::Named(ImportNamedSpecifier {
                span: DUMMY_SP,
                local: Ident::new(name.into(), DUMMY_SP, context),
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

fn is_directive(item: &ModuleItem) -> bool {
    matches!(item, ModuleItem::Stmt(Stmt::Expr(statement)) if matches!(&*statement.expr, Expr::Lit(Lit::Str(_))))
}

fn text_literal(text: &str) -> Str {
    Str { span: DUMMY_SP, value: text.into(), raw: None }
}

/// The changes to a module's own code, made before types are removed.
struct Rewrite<'a> {
    plan: &'a Plan<'a>,
    unresolved: SyntaxContext,
    top_level: SyntaxContext,
    /// Names of `declare const ctx`, which is only there for the type checker.
    ambient: Vec<String>,
    /// Local names under which `ctx` is imported.
    contexts: Vec<String>,
    /// Names that a package supplies.
    free: Vec<String>,
}

/// Names that need no import in a server module → what they are imported from.
const SUPPLIED: &[(&str, &str)] = &[
    ("ctx", "kontract/runtime"),
    ("env", "kontract/runtime"),
    ("perms", "kontract/runtime"),
    ("defineMiddleware", "kontract"),
    ("mwfilter", "kontract"),
];

fn supplier(name: &str) -> Option<&'static str> {
    SUPPLIED.iter().find(|(supplied, _)| *supplied == name).map(|(_, package)| *package)
}

impl Rewrite<'_> {
    fn specifier(&self, literal: &mut Str) -> bool {
        let Some(printed) = literal.value.as_str().and_then(|s| self.plan.specifiers.get(s)) else {
            return false;
        };
        *literal = Str { span: literal.span, ..text_literal(printed) };
        true
    }

    fn is_supplied(&self, ident: &Ident) -> bool {
        supplier(&ident.sym).is_some()
            && (ident.ctxt == self.unresolved
                || (ident.ctxt == self.top_level && self.ambient.iter().any(|n| *n == *ident.sym)))
    }

    fn is_context(&self, expr: &Expr) -> bool {
        let Expr::Ident(ident) = bare(expr) else { return false };
        (ident.sym == "ctx" && self.is_supplied(ident))
            || (ident.ctxt == self.top_level && self.contexts.iter().any(|n| *n == *ident.sym))
    }

    /// `ctx.perm` in any spelling.
    fn is_own_mask(&self, expr: &Expr) -> bool {
        let (object, property) = match expr {
            Expr::Member(member) => (&member.obj, &member.prop),
            Expr::OptChain(chain) => match &*chain.base {
                OptChainBase::Member(member) => (&member.obj, &member.prop),
                OptChainBase::Call(_) => return false,
            },
            _ => return false,
        };
        let perm = match property {
            MemberProp::Ident(name) => name.sym == "perm",
            MemberProp::Computed(computed) => {
                matches!(&*computed.expr, Expr::Lit(Lit::Str(name)) if name.value == *"perm")
            }
            MemberProp::PrivateName(_) => false,
        };
        perm && self.is_context(object)
    }

    fn unwrapped(&self, call: &mut CallExpr) -> Option<Box<Expr>> {
        if !self.plan.unwrap.contains(&span(call.span)) {
            return None;
        }
        call.args.pop().map(|last| last.expr)
    }
}

impl VisitMut for Rewrite<'_> {
    fn visit_mut_module(&mut self, module: &mut Module) {
        for item in &module.body {
            if let ModuleItem::ModuleDecl(ModuleDecl::Import(import)) = item
                && import.src.value.as_str() == Some("kontract/runtime")
            {
                for specifier in &import.specifiers {
                    if let ImportSpecifier::Named(named) = specifier
                        && named
                            .imported
                            .as_ref()
                            .map_or(named.local.sym == "ctx", |n| *n.atom() == "ctx")
                    {
                        self.contexts.push(named.local.sym.to_string());
                    }
                }
            }
            if let ModuleItem::Stmt(Stmt::Decl(Decl::Var(var))) = item
                && var.declare
            {
                for declarator in &var.decls {
                    if let Pat::Ident(ident) = &declarator.name {
                        self.ambient.push(ident.id.sym.to_string());
                    }
                }
            }
        }
        module.body.retain(|item| match item {
            ModuleItem::Stmt(Stmt::Decl(Decl::Var(var))) => !var.declare,
            ModuleItem::ModuleDecl(ModuleDecl::ExportDefaultExpr(export)) => {
                !matches!(&*export.expr, Expr::Ident(ident) if self.plan.is_type(ident))
            }
            _ => true,
        });
        module.visit_mut_children_with(self);
        if let Some(name) = self.plan.name_default {
            name_default(module, name);
        }
    }

    fn visit_mut_import_decl(&mut self, import: &mut ImportDecl) {
        let is_json = import.src.value.as_str().is_some_and(|s| s.ends_with(".json"));
        if self.specifier(&mut import.src) && is_json {
            // The output is a module.
            import.with = None;
        }
        for specifier in &mut import.specifiers {
            if !self.plan.is_type(specifier.local()) {
                continue;
            }
            *specifier = ImportSpecifier::Named(ImportNamedSpecifier {
                span: specifier.span(),
                local: specifier.local().clone(),
                imported: None,
                is_type_only: true,
            });
        }
    }

    fn visit_mut_named_export(&mut self, export: &mut swc_ecma_ast::NamedExport) {
        for specifier in &mut export.specifiers {
            if let ExportSpecifier::Named(named) = specifier {
                let name = named.orig.atom();
                named.is_type_only |= match &export.src {
                    Some(source) => source
                        .value
                        .as_str()
                        .is_some_and(|source| self.plan.reexports_type(source, &name)),
                    None => {
                        self.plan.types.is_some_and(|types| types.locals.contains(name.as_str()))
                    }
                };
            }
        }
        match &mut export.src {
            Some(source) => {
                self.specifier(source);
            }
            None => export.visit_mut_children_with(self),
        }
    }

    fn visit_mut_export_all(&mut self, export: &mut swc_ecma_ast::ExportAll) {
        self.specifier(&mut export.src);
    }

    fn visit_mut_call_expr(&mut self, call: &mut CallExpr) {
        if let Callee::Import(_) = call.callee
            && let Some(argument) = call.args.first_mut()
            && let Expr::Lit(Lit::Str(literal)) = &mut *argument.expr
        {
            let is_json = literal.value.as_str().is_some_and(|s| s.ends_with(".json"));
            if self.specifier(literal) && is_json {
                call.args.truncate(1);
            }
        }
        call.visit_mut_children_with(self);
    }

    fn visit_mut_expr(&mut self, expr: &mut Expr) {
        if let Expr::Call(call) = expr
            && let Some(function) = self.unwrapped(call)
        {
            *expr = *function;
        }
        if self.is_own_mask(expr)
            && let Some((_, mask)) =
                self.plan.masks.iter().find(|(body, _)| body.contains(span(expr.span())))
        {
            let span = expr.span();
            *expr = Expr::Lit(Lit::Num(Number { span, value: f64::from(*mask), raw: None }));
            return;
        }
        expr.visit_mut_children_with(self);
    }

    /// The standard transform leaves `const Users = @entity class {}` without its name.
    fn visit_mut_var_declarator(&mut self, declarator: &mut VarDeclarator) {
        if let (Pat::Ident(name), Some(Expr::Class(class))) =
            (&declarator.name, declarator.init.as_deref_mut())
            && class.ident.is_none()
            && !class.class.decorators.is_empty()
        {
            class.ident = Some(name.id.clone());
        }
        declarator.visit_mut_children_with(self);
    }

    // What is assigned to must stay what it is.
    fn visit_mut_update_expr(&mut self, update: &mut UpdateExpr) {
        update.arg.visit_mut_children_with(self);
    }

    fn visit_mut_pat(&mut self, pat: &mut Pat) {
        match pat {
            Pat::Expr(target) => target.visit_mut_children_with(self),
            pat => pat.visit_mut_children_with(self),
        }
    }

    fn visit_mut_ident(&mut self, ident: &mut Ident) {
        if self.is_supplied(ident) {
            ident.ctxt = self.unresolved;
            if !self.free.iter().any(|n| *n == *ident.sym) {
                self.free.push(ident.sym.to_string());
            }
        }
    }

    // Types are about to go; `typeof ctx` in one is no use of it.
    fn visit_mut_ts_type(&mut self, _: &mut swc_ecma_ast::TsType) {}
}

/// The expression without parentheses and types around it.
fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Paren(paren) => bare(&paren.expr),
        Expr::TsAs(cast) => bare(&cast.expr),
        Expr::TsTypeAssertion(cast) => bare(&cast.expr),
        Expr::TsNonNull(cast) => bare(&cast.expr),
        Expr::TsSatisfies(cast) => bare(&cast.expr),
        expr => expr,
    }
}

/// `export default <expression>` → `const name = <expression>; export default name`.
fn name_default(module: &mut Module, name: &str) {
    let Some(index) = module.body.iter().position(|item| {
        matches!(
            item,
            ModuleItem::ModuleDecl(
                ModuleDecl::ExportDefaultExpr(_) | ModuleDecl::ExportDefaultDecl(_)
            )
        )
    }) else {
        return;
    };
    let ident = |span: SwcSpan| Ident::new(name.into(), span, SyntaxContext::empty());
    match &mut module.body[index] {
        ModuleItem::ModuleDecl(ModuleDecl::ExportDefaultDecl(export)) => {
            if let DefaultDecl::Fn(function) = &mut export.decl
                && function.ident.is_none()
            {
                function.ident = Some(ident(DUMMY_SP));
            }
        }
        ModuleItem::ModuleDecl(ModuleDecl::ExportDefaultExpr(export)) => {
            let at = export.span;
            let value = std::mem::replace(&mut export.expr, Box::new(Expr::Ident(ident(DUMMY_SP))));
            let declaration = VarDecl {
                span: value.span(),
                ctxt: SyntaxContext::empty(),
                kind: VarDeclKind::Const,
                declare: false,
                decls: vec![VarDeclarator {
                    span: value.span(),
                    name: Pat::Ident(ident(DUMMY_SP).into()),
                    init: Some(value),
                    definite: false,
                }],
            };
            let expr = Box::new(Expr::Ident(ident(DUMMY_SP)));
            let export = ExportDefaultExpr { span: at, expr };
            module.body.splice(
                index..=index,
                [
                    ModuleItem::Stmt(Stmt::Decl(Decl::Var(Box::new(declaration)))),
                    ModuleItem::ModuleDecl(ModuleDecl::ExportDefaultExpr(export)),
                ],
            );
        }
        _ => {}
    }
}
