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
    CallExpr, Callee, Decl, DefaultDecl, ExportDefaultExpr, Expr, Ident, ImportDecl,
    ImportNamedSpecifier, ImportPhase, ImportSpecifier, Lit, MemberExpr, MemberProp, Module,
    ModuleDecl, ModuleItem, Number, OptChainBase, Pass, Pat, Program, Stmt, Str, VarDecl,
    VarDeclKind, VarDeclarator,
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
        app::{App, Flavour, Modules},
        contract::{BackendFunction, FunctionKind, ModuleContract},
    },
    pipeline::{
        names::Layout,
        print::values::{is_identifier, string},
    },
    source::{self, Parsed, span},
};

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
    /// `backend(…)` calls to be replaced by their function.
    pub unwrap: Vec<Span>,
    /// Bodies of backend functions, and the mask that `ctx.perm` is in them.
    pub masks: Vec<(Span, u8)>,
    /// The default export gets a name, so that generated code can refer to it.
    pub name_default: Option<&'static str>,
    /// Generated imports: specifier → names.
    pub imports: BTreeMap<String, Vec<String>>,
    pub tail: String,
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
            unwrap: Vec::new(),
            masks: Vec::new(),
            name_default: None,
            imports: BTreeMap::new(),
            tail: String::new(),
        }
    }

    pub fn server(app: &'a App, modules: &Modules, file: &'a SourcePath) -> Self {
        let module = &app.server[file];
        let mut plan = Self::code(file, &module.specifiers, &module.flavour);
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

    fn import(&mut self, specifier: String, name: &str) {
        let names = self.imports.entry(specifier).or_default();
        if !names.iter().any(|n| n == name) {
            names.push(name.to_owned());
        }
    }

    fn add_routes(&mut self, app: &App, contract: &ModuleContract, output: &str) {
        let mut routes: Vec<_> =
            app.routes.iter().filter(|(_, r)| r.module == contract.file).collect();
        routes.sort_by_key(|(_, r)| r.function);
        if routes.is_empty() {
            return;
        }
        self.import(Layout::specifier(output, "__kontract"), "__kontract_routes");
        for (name, route) in routes {
            let function = &contract.functions[route.function];
            let mut call = String::new();
            if function.kind == FunctionKind::Instance {
                self.import("kontract/runtime".to_owned(), "__kontract_instance");
            }
            callee(&mut call, function);
            call.push('(');
            for (i, parameter) in function.signature.parameters.iter().enumerate() {
                if i > 0 {
                    call.push_str(", ");
                }
                let _ = if parameter.rest {
                    write!(call, "...args.slice({i})")
                } else if route.null_is_undefined.get(i).copied().unwrap_or(false) {
                    write!(call, "args[{i}] ?? undefined")
                } else {
                    write!(call, "args[{i}]")
                };
            }
            call.push(')');
            let handler = match (&app.middleware, app.chains.get(&route.chain)) {
                (Some(middleware), Some(chain)) => {
                    if middleware.module != contract.file {
                        let target = &app.server[&middleware.module].output;
                        self.import(Layout::specifier(output, target), chain);
                    }
                    format!("{chain}(ctx, () => {call})")
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
                "__kontract_routes.set({}, {{ handler: (ctx, args) => {handler}, meta: {{ {meta}perm: {} }} }});",
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
}

/// How the generated handler names the function.
fn callee(out: &mut String, function: &BackendFunction) {
    let Some(class) = &function.class else {
        out.push_str(if function.name == "default" { DEFAULT } else { &function.name });
        return;
    };
    if function.kind == FunctionKind::Instance {
        let _ = write!(out, "__kontract_instance({class})");
    } else {
        out.push_str(class);
    }
    if is_identifier(&function.name) {
        let _ = write!(out, ".{}", function.name);
    } else {
        let _ = write!(out, "[{}]", string(&function.name));
    }
}

/// Parses the module again and applies the plan. Runs under `GLOBALS`. None where it does not
/// parse, which `extract` has reported.
pub fn lower(plan: Plan<'_>, text: &str) -> Option<Lowered> {
    let (parsed, _) = source::parse(plan.file, text);
    let Parsed { mut module, comments, text: blanked, .. } = parsed?;
    // It would have to be the first line, and nobody runs a generated module by its name.
    module.shebang = None;
    let sources: Lrc<SourceMap> = Lrc::default();
    sources.new_source_file(FileName::Custom(plan.file.to_string()).into(), text.to_owned());
    let has_decorators = memchr::memchr(b'@', blanked.as_bytes()).is_some();
    let has_accessor = memchr::memmem::find(blanked.as_bytes(), b"accessor").is_some();
    let has_using = memchr::memmem::find(blanked.as_bytes(), b"using").is_some();
    let has_jsx = [".tsx", ".jsx", ".js"].iter().any(|e| plan.file.as_str().ends_with(e));

    let (unresolved, top_level) = (Mark::new(), Mark::new());
    let mut program = Program::Module(module);
    resolver(unresolved, top_level, true).process(&mut program);
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
    let free_context = rewrite.unresolved;

    HELPERS.set(&Helpers::new(false), || {
        let flavour = plan.flavour;
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
        // `accessor x` is lowered with the standard decorators.
        if has_accessor && (flavour.legacy_decorators || !has_decorators) {
            decorator_2023_11().process(&mut program);
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
    });
    if let Program::Module(module) = &mut program {
        add_imports(module, &plan, free, free_context);
    }
    hygiene().process(&mut program);
    fixer(Some(&comments)).process(&mut program);
    Some(Lowered { program, comments, sources, tail: plan.tail })
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
        let Expr::Ident(ident) = expr else { return false };
        (ident.sym == "ctx" && self.is_supplied(ident))
            || (ident.ctxt == self.top_level && self.contexts.iter().any(|n| *n == *ident.sym))
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
        module.body.retain(|item| {
            let ModuleItem::Stmt(Stmt::Decl(Decl::Var(var))) = item else { return true };
            !var.declare
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
    }

    fn visit_mut_named_export(&mut self, export: &mut swc_ecma_ast::NamedExport) {
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
        if let Some(MemberExpr { obj, prop, span: at }) = member_of(expr)
            && is_perm(prop)
            && self.is_context(obj)
            && let Some((_, mask)) =
                self.plan.masks.iter().find(|(body, _)| body.contains(span(*at)))
        {
            let span = *at;
            *expr = Expr::Lit(Lit::Num(Number { span, value: f64::from(*mask), raw: None }));
            return;
        }
        expr.visit_mut_children_with(self);
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

/// `a.b`, `a['b']` or `a?.b`.
fn member_of(expr: &Expr) -> Option<&MemberExpr> {
    match expr {
        Expr::Member(member) => Some(member),
        Expr::OptChain(chain) => match &*chain.base {
            OptChainBase::Member(member) => Some(member),
            OptChainBase::Call(_) => None,
        },
        _ => None,
    }
}

fn is_perm(prop: &MemberProp) -> bool {
    match prop {
        MemberProp::Computed(computed) => {
            matches!(&*computed.expr, Expr::Lit(Lit::Str(s)) if s.value == "perm")
        }
        prop => prop.is_ident_with("perm"),
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
