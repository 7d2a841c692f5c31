//! What each top-level declaration touches and mentions: operations on tables, names that it may
//! call, and uses of storage that cannot be followed.
//!
//! Input:
//! ```ts
//! const people = () => env.storage.users;
//! export async function rename(id: string, name: string) {
//!   await people().update(id, { name });
//!   log(id);
//! }
//! ```
//! Output: `people` returns the table `users`; `rename` mentions `people`, `()`, `update` and
//! `log`, `()`. What comes of it is decided by `gather`, which knows the other files.

mod chains;

use rustc_hash::{FxHashMap, FxHashSet};
use swc_common::{Span as SwcSpan, Spanned};
use swc_ecma_ast::{
    ArrowExpr, ArrowFunctionBody, AssignExpr, AssignTarget, AssignTargetPat, BinExpr, BinaryOp,
    CallExpr, Callee, Class, ClassMember, Constructor, Decl, DefaultDecl, Expr, ExprOrSpread,
    ExprStmt, ForOfStmt, Function, Ident, ImportDecl, KeyValueProp, MemberExpr, MemberProp,
    MethodKind, Module, ModuleDecl, ModuleItem, NamedExport, NewExpr, ObjectLit, ObjectPat,
    ObjectPatProp, OptCall, ParamOrTsParamProp, Pat, Prop, PropOrSpread, ReturnStmt,
    SimpleAssignTarget, SpreadElement, Stmt, TsInterfaceDecl, TsModuleName, TsParamPropParam,
    TsType, TsTypeAliasDecl, TsTypeParamDecl, TsTypeParamInstantiation, UnaryExpr, VarDecl,
    VarDeclarator, YieldExpr,
};
use swc_ecma_visit::{Visit, VisitWith};

use self::chains::{Variables, import_specifier, peeled, step};
use super::{takes_function, uses::Visitor};
use crate::{
    model::{
        contract::Located,
        reach::{CALL, COMPUTED, DROPPED, Held, ITERATE, Mention, Operation, Path, Reach, needed},
    },
    source::span,
};

/// `uses` has seen the module.
pub fn reach<'a>(module: &Module, uses: &'a Visitor<'a>) -> Vec<Reach> {
    let mut variables = Variables::new(uses);
    module.visit_with(&mut variables);
    let mut walk = Walk {
        uses,
        variables,
        facts: Vec::new(),
        index: FxHashMap::default(),
        mentioned: FxHashSet::default(),
        at: Place::default(),
        role: USED,
    };
    for item in &module.body {
        walk.item(item);
    }
    walk.facts.retain(|reach| {
        !reach.operations.is_empty()
            || !reach.mentions.is_empty()
            || !reach.unseen.is_empty()
            || !reach.holds.is_empty()
            || !reach.returns.is_empty()
    });
    walk.facts
}

struct Walk<'a> {
    uses: &'a Visitor<'a>,
    variables: Variables<'a>,
    facts: Vec<Reach>,
    index: FxHashMap<(String, Option<String>), usize>,
    /// Each name is noted once for a declaration.
    mentioned: FxHashSet<(usize, Path)>,
    at: Place,
    /// What becomes of the next expression, in words.
    role: &'static str,
}

/// What the code at hand belongs to.
#[derive(Clone, Copy, Default)]
struct Place {
    fact: usize,
    /// Functions between here and the declaration's own.
    depth: usize,
    /// `this` is the declaration's object.
    has_this: bool,
    /// What is returned here is the value of a property.
    getter: bool,
    /// The code is looked at for a second time, for the name it is assigned to.
    again: bool,
}

const USED: &str = "used as a value";
const PASSED: &str = "passed on";
const RETURNED: &str = "returned";
const STORED: &str = "stored";
const SPREAD: &str = "spread";

/// The function of a declaration.
enum Own<'e> {
    Arrow(&'e ArrowExpr),
    Function(&'e Function),
}

impl<'e> Own<'e> {
    fn of(expr: &'e Expr) -> Option<Self> {
        match expr {
            Expr::Arrow(arrow) => Some(Self::Arrow(arrow)),
            Expr::Fn(function) => Some(Self::Function(&function.function)),
            _ => None,
        }
    }
}

// Declarations.
impl Walk<'_> {
    fn with(&mut self, name: &str, member: Option<&str>, run: impl FnOnce(&mut Self)) {
        let key = (name.to_owned(), member.map(str::to_owned));
        let facts = &mut self.facts;
        let fact = *self.index.entry(key).or_insert_with(|| {
            facts.push(Reach {
                name: name.to_owned(),
                member: member.map(str::to_owned),
                ..Reach::default()
            });
            facts.len() - 1
        });
        let outer = self.at;
        self.at = Place { fact, again: outer.again, ..Place::default() };
        run(self);
        self.at = outer;
    }

    fn item(&mut self, item: &ModuleItem) {
        match item {
            ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(export)) => {
                self.declaration(&export.decl)
            }
            ModuleItem::Stmt(Stmt::Decl(decl)) => self.declaration(decl),
            ModuleItem::ModuleDecl(ModuleDecl::ExportDefaultDecl(export)) => match &export.decl {
                DefaultDecl::Fn(function) => {
                    let name = function.ident.as_ref().map_or("default", |ident| &ident.sym);
                    self.with(name, None, |w| w.own(&Own::Function(&function.function)));
                }
                DefaultDecl::Class(class) => {
                    let name = class.ident.as_ref().map_or("default", |ident| &ident.sym);
                    self.class(name, &class.class);
                }
                DefaultDecl::TsInterfaceDecl(_) => {}
            },
            ModuleItem::ModuleDecl(ModuleDecl::ExportDefaultExpr(export)) => {
                self.value("default", &export.expr);
            }
            ModuleItem::Stmt(statement) => {
                // `handlers.set('rename', rename)` makes what it names part of `handlers`.
                let mut targets = Targets { variables: &self.variables, names: Vec::new() };
                statement.visit_with(&mut targets);
                for name in targets.names {
                    self.with(&name, None, |w| statement.visit_with(w));
                }
            }
            ModuleItem::ModuleDecl(_) => {}
        }
    }

    fn declaration(&mut self, decl: &Decl) {
        match decl {
            Decl::Fn(function) => {
                self.with(&function.ident.sym, None, |w| {
                    w.own(&Own::Function(&function.function));
                });
            }
            Decl::Class(class) => self.class(&class.ident.sym, &class.class),
            Decl::Var(var) if !var.declare => {
                for declarator in &var.decls {
                    self.variable(declarator);
                }
            }
            Decl::Using(using) => {
                for declarator in &using.decls {
                    self.variable(declarator);
                }
            }
            Decl::TsEnum(decl) if !decl.declare => {
                self.with(&decl.id.sym, None, |w| decl.members.visit_with(w));
            }
            Decl::TsModule(module) if !module.declare => {
                if let TsModuleName::Ident(ident) = &module.id {
                    self.with(&ident.sym, None, |w| {
                        w.at.depth = 1;
                        module.body.visit_with(w);
                    });
                }
            }
            _ => {}
        }
    }

    fn variable(&mut self, declarator: &VarDeclarator) {
        if let Pat::Ident(ident) = &declarator.name {
            if let Some(init) = &declarator.init {
                self.value(&ident.id.sym, init);
            }
            return;
        }
        let mut bound = Bound(Vec::new());
        declarator.name.visit_with(&mut bound);
        let Some(first) = bound.0.first().map(|ident| ident.sym.to_string()) else { return };
        self.with(&first, None, |w| w.visit_var_declarator(declarator));
        for ident in bound.0 {
            let held = self.variables.made_from(&ident);
            self.with(&ident.sym, None, |w| {
                if ident.sym != first.as_str() {
                    w.mention(Path::local(first.as_str()).then(DROPPED), ident.span);
                }
                w.hold(held);
            });
        }
    }

    /// `const name = init`.
    fn value(&mut self, name: &str, init: &Expr) {
        let init = peeled(init);
        if let Some(own) = Own::of(init) {
            return self.with(name, None, |w| w.own(&own));
        }
        match init {
            Expr::Object(object) => return self.object(name, object),
            Expr::Class(class) => return self.class(name, &class.class),
            Expr::Call(call) => {
                if self.uses.extractor.names.is_call(call, "backend")
                    && takes_function(call)
                    && let Some(own) = call.args.last().and_then(|a| Own::of(peeled(&a.expr)))
                {
                    return self.with(name, None, |w| w.own(&own));
                }
                if let Some(object) = self.frozen(call) {
                    return self.object(name, object);
                }
            }
            _ => {}
        }
        self.with(name, None, |w| {
            let held = w.kept(init);
            w.hold(held);
        });
    }

    /// `Object.freeze({ … })`.
    fn frozen<'e>(&self, call: &'e CallExpr) -> Option<&'e ObjectLit> {
        let Callee::Expr(callee) = &call.callee else { return None };
        let Expr::Member(member) = &**callee else { return None };
        let is_frozen = self.variables.is_global(&member.obj, "Object")
            && (member.prop.is_ident_with("freeze") || member.prop.is_ident_with("seal"));
        match peeled(&call.args.first()?.expr) {
            Expr::Object(object) if is_frozen => Some(object),
            _ => None,
        }
    }

    /// A declaration's or member's own function.
    fn own(&mut self, own: &Own<'_>) {
        match own {
            Own::Arrow(arrow) => {
                self.parameters(arrow.params.iter());
                match &*arrow.body {
                    ArrowFunctionBody::FunctionBody(body) => body.visit_with(self),
                    ArrowFunctionBody::Expr(expr) => self.returned(expr),
                }
            }
            Own::Function(function) => {
                function.decorators.visit_with(self);
                self.parameters(function.params.iter().map(|p| &p.pat));
                function.body.visit_with(self);
            }
        }
    }

    fn parameters<'e>(&mut self, patterns: impl Iterator<Item = &'e Pat>) {
        let patterns =
            patterns.filter(|p| !matches!(p, Pat::Ident(ident) if ident.id.sym == "this"));
        let mut followed = 0;
        for (index, pattern) in patterns.enumerate() {
            if index == followed && !matches!(pattern, Pat::Rest(_) | Pat::Array(_)) {
                followed += 1;
            }
            self.variables.parameter(pattern, index);
            pattern.visit_with(self);
        }
        self.fact().parameters = Some(followed);
    }

    fn object(&mut self, name: &str, object: &ObjectLit) {
        // The declaration is known even where nothing but its members is of interest.
        self.with(name, None, |_| {});
        for prop in &object.props {
            let prop = match prop {
                PropOrSpread::Prop(prop) => &**prop,
                PropOrSpread::Spread(spread) => {
                    self.with(name, None, |w| {
                        let held = w.kept(&spread.expr);
                        w.hold(held);
                    });
                    continue;
                }
            };
            let key = match prop {
                Prop::Shorthand(ident) => Some(ident.sym.to_string()),
                Prop::KeyValue(pair) => self.variables.key(&pair.key),
                Prop::Method(method) => self.variables.key(&method.key),
                Prop::Getter(getter) => self.variables.key(&getter.key),
                Prop::Setter(setter) => self.variables.key(&setter.key),
                Prop::Assign(_) => None,
            };
            self.with(name, key.as_deref(), |w| match prop {
                Prop::Shorthand(ident) => {
                    let held = w.variables.held_by(ident, false);
                    w.drop(&held, ident.span);
                    w.hold(held);
                }
                Prop::KeyValue(pair) => {
                    pair.key.visit_with(w);
                    match Own::of(peeled(&pair.value)) {
                        Some(own) => {
                            w.at.has_this = matches!(own, Own::Function(_));
                            w.own(&own);
                        }
                        None => {
                            let held = w.kept(&pair.value);
                            w.hold(held);
                        }
                    }
                }
                Prop::Method(method) => {
                    w.at.has_this = true;
                    method.key.visit_with(w);
                    w.own(&Own::Function(&method.function));
                }
                Prop::Getter(getter) => {
                    w.at.has_this = true;
                    w.at.getter = true;
                    getter.function.body.visit_with(w);
                }
                Prop::Setter(setter) => {
                    w.at.has_this = true;
                    w.own(&Own::Function(&setter.function));
                }
                Prop::Assign(prop) => prop.value.visit_with(w),
            });
        }
    }

    fn class(&mut self, name: &str, class: &Class) {
        self.with(name, None, |w| {
            class.decorators.visit_with(w);
            if let Some(parent) = &class.super_class {
                let held = w.kept(parent);
                w.hold(held);
            }
        });
        for member in &class.body {
            match member {
                ClassMember::Constructor(constructor) => self.constructor(name, constructor),
                ClassMember::Method(method) => {
                    let key = self.variables.key(&method.key);
                    self.method(name, key.as_deref(), method.kind, &method.function);
                }
                ClassMember::PrivateMethod(method) => {
                    let key = format!("#{}", method.key.name);
                    self.method(name, Some(&key), method.kind, &method.function);
                }
                ClassMember::ClassProp(prop) => {
                    let key = self.variables.key(&prop.key);
                    self.field(name, key.as_deref(), prop.value.as_deref());
                }
                ClassMember::PrivateProp(prop) => {
                    let key = format!("#{}", prop.key.name);
                    self.field(name, Some(&key), prop.value.as_deref());
                }
                ClassMember::AutoAccessor(accessor) => {
                    let key = match &accessor.key {
                        swc_ecma_ast::Key::Public(key) => self.variables.key(key),
                        swc_ecma_ast::Key::Private(name) => Some(format!("#{}", name.name)),
                    };
                    self.field(name, key.as_deref(), accessor.value.as_deref());
                }
                ClassMember::StaticBlock(block) => self.with(name, None, |w| {
                    w.at.has_this = true;
                    block.body.visit_with(w);
                }),
                ClassMember::TsIndexSignature(_) | ClassMember::Empty(_) => {}
            }
        }
    }

    fn method(&mut self, name: &str, key: Option<&str>, kind: MethodKind, function: &Function) {
        self.with(name, key, |w| {
            w.at.has_this = true;
            w.at.getter = kind == MethodKind::Getter;
            w.own(&Own::Function(function));
        });
    }

    fn constructor(&mut self, name: &str, constructor: &Constructor) {
        for param in &constructor.params {
            if let ParamOrTsParamProp::TsParamProp(prop) = param
                && let TsParamPropParam::Assign(assign) = &prop.param
                && let Pat::Ident(ident) = &*assign.left
            {
                self.field(name, Some(&ident.id.sym), Some(&assign.right));
            }
        }
        self.with(name, None, |w| {
            w.at.has_this = true;
            for param in &constructor.params {
                if let ParamOrTsParamProp::Param(param) = param {
                    param.pat.visit_with(w);
                }
            }
            constructor.body.visit_with(w);
        });
    }

    /// Its initializer runs when an instance is made, but for the body of a function.
    fn field(&mut self, name: &str, key: Option<&str>, value: Option<&Expr>) {
        let Some(value) = value else { return };
        if let Some(own) = Own::of(peeled(value)) {
            return self.with(name, key, |w| {
                w.at.has_this = true;
                w.own(&own);
            });
        }
        let mut held = Vec::new();
        self.with(name, None, |w| {
            w.at.has_this = true;
            held = w.kept(value);
        });
        self.with(name, key, |w| w.hold(held));
    }
}

// What is noted.
impl Walk<'_> {
    fn fact(&mut self) -> &mut Reach {
        &mut self.facts[self.at.fact]
    }

    fn held(&mut self, expr: &Expr) -> Vec<Held> {
        self.variables.held(expr, self.at.has_this)
    }

    fn mention(&mut self, path: Option<Path>, at: SwcSpan) {
        let Some(path) = path else { return };
        if self.mentioned.insert((self.at.fact, path.clone())) {
            self.fact().mentions.push(Mention { path, span: span(at), arguments: Vec::new() });
        }
    }

    fn unseen(&mut self, what: String, at: SwcSpan) {
        let unseen = Located { value: what, span: span(at) };
        if !self.at.again && !self.fact().unseen.contains(&unseen) {
            self.fact().unseen.push(unseen);
        }
    }

    fn operation(&mut self, held: &Held, name: &str, at: SwcSpan) {
        match held {
            Held::Table(table) => {
                let operation =
                    Operation { table: table.clone(), name: name.to_owned(), span: span(at) };
                if !self.fact().operations.contains(&operation) {
                    self.fact().operations.push(operation);
                }
            }
            Held::Named(path) => self.mention(path.then(name), at),
            Held::Env | Held::Storage | Held::SomeTable => {}
        }
    }

    fn hold(&mut self, held: Vec<Held>) {
        let holds = &mut self.fact().holds;
        for held in held {
            if holds.len() < MAX_HELD && !holds.contains(&held) {
                holds.push(held);
            }
        }
    }

    /// They are mentioned, and where the value goes is known.
    fn drop(&mut self, held: &[Held], at: SwcSpan) {
        for held in held {
            if let Held::Named(path) = held {
                self.mention(path.then(DROPPED), at);
            }
        }
    }

    /// An expression whose value has a place of its own; the value.
    fn kept(&mut self, expr: &Expr) -> Vec<Held> {
        let held = self.held(expr);
        if held.is_empty() {
            self.role = STORED;
            self.visit_expr(expr);
        } else {
            self.drop(&held, expr.span());
            self.inside(expr);
        }
        held
    }

    fn returned(&mut self, expr: &Expr) {
        let held = self.held(expr);
        if held.is_empty() || self.at.depth > 0 {
            self.role = RETURNED;
            return self.visit_expr(expr);
        }
        self.drop(&held, expr.span());
        if self.at.getter {
            self.hold(held);
        } else {
            let returns = &mut self.fact().returns;
            for held in held {
                if returns.len() < MAX_HELD && !returns.contains(&held) {
                    returns.push(held);
                }
            }
        }
        self.inside(expr);
    }

    /// Visits an expression whose own value has been seen to.
    fn rest(&mut self, expr: &Expr) {
        if self.held(expr).is_empty() {
            self.visit_expr(expr);
        } else {
            self.inside(expr);
        }
    }

    /// What else stands in an expression that holds something.
    fn inside(&mut self, expr: &Expr) {
        match expr {
            Expr::Paren(e) => self.rest(&e.expr),
            Expr::TsAs(e) => self.rest(&e.expr),
            Expr::TsNonNull(e) => self.rest(&e.expr),
            Expr::TsSatisfies(e) => self.rest(&e.expr),
            Expr::TsTypeAssertion(e) => self.rest(&e.expr),
            Expr::TsConstAssertion(e) => self.rest(&e.expr),
            Expr::TsInstantiation(e) => self.rest(&e.expr),
            Expr::Await(e) if import_specifier(peeled(&e.arg)).is_none() => self.rest(&e.arg),
            // A name that holds storage: what it is made from has been run.
            Expr::Ident(ident)
                if self.variables.is_top_level(ident)
                    && self.variables.held_by(ident, false).iter().any(Held::is_storage) =>
            {
                self.mention(Path::local(ident.sym.to_string()).then(DROPPED), ident.span);
            }
            Expr::Member(member) => self.member(member, false),
            Expr::OptChain(chain) => match &*chain.base {
                swc_ecma_ast::OptChainBase::Member(member) => self.member(member, false),
                swc_ecma_ast::OptChainBase::Call(call) => self.call(&call.callee, &call.args),
            },
            Expr::Call(call) => {
                if let Callee::Expr(callee) = &call.callee {
                    self.call(callee, &call.args);
                }
            }
            Expr::New(new) => {
                self.rest(&new.callee);
                self.arguments(new.args.as_deref().unwrap_or_default());
            }
            Expr::Cond(e) => {
                self.visit_expr(&e.test);
                self.rest(&e.cons);
                self.rest(&e.alt);
            }
            Expr::Bin(e) => {
                self.rest(&e.left);
                self.rest(&e.right);
            }
            Expr::Seq(e) => {
                if let Some((last, first)) = e.exprs.split_last() {
                    first.iter().for_each(|e| self.visit_expr(e));
                    self.rest(last);
                }
            }
            Expr::SuperProp(member) => {
                if let swc_ecma_ast::SuperProp::Computed(computed) = &member.prop {
                    self.visit_expr(&computed.expr);
                }
            }
            _ => {}
        }
    }

    fn member(&mut self, member: &MemberExpr, called: bool) {
        let name = self.variables.name(&member.prop);
        for held in self.held(&member.obj) {
            match (&held, name.as_deref()) {
                (Held::Env, None) => {
                    self.unseen("a computed member of `env`".to_owned(), member.span);
                }
                (Held::Storage, None) => {
                    self.unseen("a computed table name".to_owned(), member.span);
                }
                (Held::Storage, Some("get")) if !called => {
                    self.unseen("`env.storage.get` is used as a value".to_owned(), member.span);
                }
                (Held::Table(_), Some(name)) if needed(name).is_some() && name != ITERATE => {
                    self.operation(&held, name, member.span);
                }
                (Held::Table(table), None) => {
                    if self.is_async_iterator(&member.prop) {
                        self.operation(&held, ITERATE, member.span);
                    } else {
                        let what = format!("a computed operation of the table `{table}`");
                        self.unseen(what, member.span);
                    }
                }
                _ => {}
            }
        }
        self.rest(&member.obj);
        if let MemberProp::Computed(computed) = &member.prop {
            self.visit_expr(&computed.expr);
        }
    }

    /// `[Symbol.asyncIterator]`.
    fn is_async_iterator(&self, prop: &MemberProp) -> bool {
        let MemberProp::Computed(computed) = prop else { return false };
        let Expr::Member(symbol) = &*computed.expr else { return false };
        symbol.prop.is_ident_with("asyncIterator")
            && self.variables.is_global(&symbol.obj, "Symbol")
    }

    fn call(&mut self, callee: &Expr, arguments: &[ExprOrSpread]) {
        let held = self.held(callee);
        let inner = match peeled(callee) {
            Expr::Member(member) => Some(member),
            Expr::OptChain(chain) => match &*chain.base {
                swc_ecma_ast::OptChainBase::Member(member) => Some(member),
                swc_ecma_ast::OptChainBase::Call(_) => None,
            },
            _ => None,
        };
        if let Some(member) = inner {
            if member.prop.is_ident_with("get")
                && self.held(&member.obj).contains(&Held::Storage)
                && self.variables.first_text(arguments).is_none()
            {
                self.unseen("a computed table name".to_owned(), member.span);
            }
            // `Array.fromAsync(env.storage.users)`
            if member.prop.is_ident_with("fromAsync")
                && self.variables.is_global(&member.obj, "Array")
                && let Some(first) = arguments.first().filter(|a| a.spread.is_none())
            {
                self.iterated(&first.expr);
                return self.arguments(&arguments[1..]);
            }
            self.member(member, true);
        } else if held.is_empty() {
            self.visit_expr(callee);
        } else {
            self.inside(callee);
        }
        let callees: Vec<Path> = held
            .iter()
            .filter_map(|held| match held {
                Held::Named(path) => path.then(CALL)?.then(DROPPED),
                _ => None,
            })
            .collect();
        if callees.is_empty() {
            return self.arguments(arguments);
        }
        // Storage that is handed to a function of the project is followed there.
        let mut given = Vec::new();
        for (index, argument) in arguments.iter().enumerate() {
            let held = self.held(&argument.expr);
            let is_followed = argument.spread.is_none()
                && held.iter().any(|held| held.is_storage() || is_parameter(held));
            if is_followed {
                given.extend(held.iter().map(|held| (index, held.clone())));
                self.drop(&held, argument.expr.span());
                self.inside(&argument.expr);
            } else {
                self.argument(argument);
            }
        }
        if !given.is_empty() {
            for path in callees {
                let mention = Mention { path, span: span(callee.span()), arguments: given.clone() };
                self.fact().mentions.push(mention);
            }
        }
    }

    fn arguments(&mut self, arguments: &[ExprOrSpread]) {
        for argument in arguments {
            self.argument(argument);
        }
    }

    fn argument(&mut self, argument: &ExprOrSpread) {
        self.role = if argument.spread.is_some() { SPREAD } else { PASSED };
        self.visit_expr(&argument.expr);
    }

    fn iterated(&mut self, expr: &Expr) {
        let held = self.held(expr);
        for held in &held {
            self.operation(held, ITERATE, expr.span());
        }
        self.rest(expr);
    }

    fn gone(&mut self, held: &[Held], at: SwcSpan, role: &str) {
        for held in held {
            match held {
                Held::Named(path) => self.mention(Some(path.clone()), at),
                Held::Table(_) | Held::Storage | Held::Env => {
                    self.unseen(format!("{} is {role}", held.in_words()), at);
                }
                // Said where it is made.
                Held::SomeTable => {}
            }
        }
    }

    /// `const { users, posts: { get } } = …`
    fn destructured(&mut self, pattern: &ObjectPat, held: &[Held]) {
        for prop in &pattern.props {
            let (name, value) = match prop {
                ObjectPatProp::KeyValue(pair) => {
                    (self.variables.key(&pair.key), Some(&*pair.value))
                }
                ObjectPatProp::Assign(prop) => (Some(prop.key.id.sym.to_string()), None),
                ObjectPatProp::Rest(rest) => {
                    self.gone(held, rest.span, SPREAD);
                    continue;
                }
            };
            for held in held {
                match (held, name.as_deref()) {
                    (Held::Table(_), Some(name)) if needed(name).is_some() => {
                        self.operation(held, name, prop.span());
                    }
                    (Held::Storage, None) => {
                        self.unseen("a computed table name".to_owned(), prop.span());
                    }
                    (Held::Storage, Some("get")) => {
                        self.unseen("`env.storage.get` is used as a value".to_owned(), prop.span());
                    }
                    _ => {}
                }
            }
            let name = name.unwrap_or_else(|| COMPUTED.to_owned());
            let inner: Vec<Held> = held.iter().filter_map(|held| step(held, &name)).collect();
            let value = match value {
                Some(Pat::Assign(assign)) => Some(&*assign.left),
                value => value,
            };
            match value {
                Some(Pat::Object(object)) => self.destructured(object, &inner),
                Some(Pat::Array(array)) => self.gone(&inner, array.span, SPREAD),
                _ => self.drop(&inner, prop.span()),
            }
        }
    }
}

/// A parameter of the declaration's own.
fn is_parameter(held: &Held) -> bool {
    matches!(held, Held::Named(path) if path.names.first().is_some_and(|name| {
        name.strip_prefix('#').is_some_and(|rest| rest.parse::<usize>().is_ok())
    }))
}

/// One declaration does not stand for more things than these.
const MAX_HELD: usize = 16;

// The code itself.
impl Visit for Walk<'_> {
    fn visit_ts_type(&mut self, _: &TsType) {}
    fn visit_ts_interface_decl(&mut self, _: &TsInterfaceDecl) {}
    fn visit_ts_type_alias_decl(&mut self, _: &TsTypeAliasDecl) {}
    fn visit_ts_type_param_decl(&mut self, _: &TsTypeParamDecl) {}
    fn visit_ts_type_param_instantiation(&mut self, _: &TsTypeParamInstantiation) {}
    fn visit_import_decl(&mut self, _: &ImportDecl) {}
    fn visit_named_export(&mut self, _: &NamedExport) {}

    fn visit_expr(&mut self, expr: &Expr) {
        let role = std::mem::replace(&mut self.role, USED);
        let held = self.held(expr);
        if held.is_empty() {
            return expr.visit_children_with(self);
        }
        self.gone(&held, expr.span(), role);
        self.inside(expr);
    }

    fn visit_ident(&mut self, ident: &Ident) {
        let held = self.variables.held_by(ident, false);
        self.gone(&held, ident.span, USED);
    }

    // Names that are bound are not used.
    fn visit_pat(&mut self, pat: &Pat) {
        match pat {
            Pat::Ident(_) => {}
            pat => pat.visit_children_with(self),
        }
    }
    fn visit_binding_ident(&mut self, _: &swc_ecma_ast::BindingIdent) {}
    fn visit_fn_decl(&mut self, function: &swc_ecma_ast::FnDecl) {
        function.function.visit_with(self);
    }
    fn visit_fn_expr(&mut self, function: &swc_ecma_ast::FnExpr) {
        function.function.visit_with(self);
    }
    fn visit_class_decl(&mut self, class: &swc_ecma_ast::ClassDecl) {
        class.class.visit_with(self);
    }
    fn visit_class_expr(&mut self, class: &swc_ecma_ast::ClassExpr) {
        class.class.visit_with(self);
    }
    fn visit_assign_pat_prop(&mut self, prop: &swc_ecma_ast::AssignPatProp) {
        prop.value.visit_with(self);
    }

    fn visit_function(&mut self, function: &Function) {
        let outer = self.at;
        self.at.depth += 1;
        self.at.has_this = false;
        function.visit_children_with(self);
        self.at = outer;
    }

    fn visit_arrow_expr(&mut self, arrow: &ArrowExpr) {
        self.at.depth += 1;
        arrow.params.visit_with(self);
        match &*arrow.body {
            ArrowFunctionBody::FunctionBody(body) => body.visit_with(self),
            ArrowFunctionBody::Expr(expr) => self.returned(expr),
        }
        self.at.depth -= 1;
    }

    fn visit_class(&mut self, class: &Class) {
        let outer = self.at;
        self.at.depth += 1;
        self.at.has_this = false;
        class.visit_children_with(self);
        self.at = outer;
    }

    fn visit_return_stmt(&mut self, statement: &ReturnStmt) {
        if let Some(value) = &statement.arg {
            self.returned(value);
        }
    }

    fn visit_expr_stmt(&mut self, statement: &ExprStmt) {
        let held = self.held(&statement.expr);
        self.drop(&held, statement.span);
        self.rest(&statement.expr);
    }

    fn visit_var_decl(&mut self, var: &VarDecl) {
        if !var.declare {
            var.visit_children_with(self);
        }
    }

    fn visit_var_declarator(&mut self, declarator: &VarDeclarator) {
        if let Some(init) = &declarator.init {
            let held = self.held(init);
            match &declarator.name {
                Pat::Ident(_) => self.drop(&held, init.span()),
                Pat::Object(object) => {
                    self.drop(&held, init.span());
                    self.destructured(object, &held);
                }
                _ => self.gone(&held, init.span(), SPREAD),
            }
            self.role = STORED;
            self.rest(init);
        }
        declarator.name.visit_with(self);
    }

    fn visit_assign_expr(&mut self, assign: &AssignExpr) {
        let held = self.held(&assign.right);
        let target = match &assign.left {
            AssignTarget::Simple(SimpleAssignTarget::Ident(ident)) => {
                self.drop(&held, assign.right.span());
                Some(&ident.id)
            }
            AssignTarget::Simple(SimpleAssignTarget::Member(member)) => {
                self.rest(&member.obj);
                if let MemberProp::Computed(computed) = &member.prop {
                    self.visit_expr(&computed.expr);
                }
                // `this.users = env.storage.users`
                if self.at.has_this
                    && matches!(&*member.obj, Expr::This(_))
                    && let Some(name) = self.variables.name(&member.prop)
                {
                    let owner = self.fact().name.clone();
                    self.drop(&held, assign.right.span());
                    self.with(&owner, Some(&name), |w| w.hold(held));
                    return self.rest(&assign.right);
                }
                self.gone(&held, assign.right.span(), STORED);
                root(&member.obj)
            }
            AssignTarget::Pat(AssignTargetPat::Object(object)) => {
                self.drop(&held, assign.right.span());
                self.destructured(object, &held);
                object.visit_with(self);
                None
            }
            left => {
                left.visit_with(self);
                self.gone(&held, assign.right.span(), STORED);
                None
            }
        };
        self.role = STORED;
        self.rest(&assign.right);
        // Who mentions the variable may call what is assigned to it.
        if let Some(target) = target
            && !self.at.again
            && self.variables.is_top_level(target)
        {
            self.with(&target.sym, None, |w| {
                w.at.again = true;
                w.at.depth = 1;
                w.hold(held);
                w.rest(&assign.right);
            });
        }
    }

    fn visit_for_of_stmt(&mut self, statement: &ForOfStmt) {
        self.iterated(&statement.right);
        statement.left.visit_with(self);
        statement.body.visit_with(self);
    }

    fn visit_yield_expr(&mut self, expr: &YieldExpr) {
        match &expr.arg {
            Some(arg) if expr.delegate => self.iterated(arg),
            arg => arg.visit_with(self),
        }
    }

    fn visit_call_expr(&mut self, call: &CallExpr) {
        match &call.callee {
            Callee::Import(_) => {
                // Without `await` in front any of the exports may be meant.
                let expr =
                    call.args.first().and_then(|_| import_specifier(&Expr::Call(call.clone())));
                let path = expr.map(|import| Path { import: Some(import), names: Vec::new() });
                self.mention(path, call.span);
                self.arguments(&call.args);
            }
            Callee::Expr(callee) => {
                let held = self.held(callee);
                self.gone(&held, callee.span(), USED);
                self.call(callee, &call.args);
            }
            Callee::Super(_) => self.arguments(&call.args),
        }
    }

    fn visit_opt_call(&mut self, call: &OptCall) {
        let held = self.held(&call.callee);
        self.gone(&held, call.callee.span(), USED);
        self.call(&call.callee, &call.args);
    }

    fn visit_new_expr(&mut self, new: &NewExpr) {
        new.callee.visit_with(self);
        self.arguments(new.args.as_deref().unwrap_or_default());
    }

    fn visit_member_expr(&mut self, member: &MemberExpr) {
        for held in self.held(&member.obj) {
            if let Held::Named(path) = held {
                self.mention(Some(path), member.span);
            }
        }
        self.member(member, false);
    }

    fn visit_prop(&mut self, prop: &Prop) {
        match prop {
            Prop::Shorthand(ident) => {
                let held = self.variables.held_by(ident, self.at.has_this);
                self.gone(&held, ident.span, STORED);
            }
            prop => prop.visit_children_with(self),
        }
    }

    fn visit_key_value_prop(&mut self, pair: &KeyValueProp) {
        pair.key.visit_with(self);
        self.role = STORED;
        self.visit_expr(&pair.value);
    }

    fn visit_expr_or_spread(&mut self, element: &ExprOrSpread) {
        self.role = if element.spread.is_some() { SPREAD } else { STORED };
        self.visit_expr(&element.expr);
    }

    fn visit_spread_element(&mut self, spread: &SpreadElement) {
        self.role = SPREAD;
        self.visit_expr(&spread.expr);
    }

    // Comparing a value does nothing with it.
    fn visit_unary_expr(&mut self, unary: &UnaryExpr) {
        let held = self.held(&unary.arg);
        self.drop(&held, unary.span);
        self.rest(&unary.arg);
    }

    fn visit_bin_expr(&mut self, bin: &BinExpr) {
        let compares = matches!(
            bin.op,
            BinaryOp::EqEq
                | BinaryOp::NotEq
                | BinaryOp::EqEqEq
                | BinaryOp::NotEqEq
                | BinaryOp::InstanceOf
                | BinaryOp::In
        );
        for side in [&bin.left, &bin.right] {
            if compares {
                let held = self.held(side);
                self.drop(&held, bin.span);
                self.rest(side);
            } else {
                self.visit_expr(side);
            }
        }
    }
}

/// `handlers` in `handlers.rename.undo`.
fn root(expr: &Expr) -> Option<&Ident> {
    match peeled(expr) {
        Expr::Ident(ident) => Some(ident),
        Expr::Member(member) => root(&member.obj),
        Expr::Call(CallExpr { callee: Callee::Expr(callee), .. }) => root(callee),
        _ => None,
    }
}

/// The names of the module's own that a top-level statement changes.
struct Targets<'v, 'a> {
    variables: &'v Variables<'a>,
    names: Vec<String>,
}

impl Targets<'_, '_> {
    fn add(&mut self, ident: Option<&Ident>) {
        if let Some(ident) = ident
            && self.variables.is_top_level(ident)
            && !self.names.iter().any(|name| *name == *ident.sym)
        {
            self.names.push(ident.sym.to_string());
        }
    }
}

impl Visit for Targets<'_, '_> {
    fn visit_assign_expr(&mut self, assign: &AssignExpr) {
        match &assign.left {
            AssignTarget::Simple(SimpleAssignTarget::Ident(ident)) => self.add(Some(&ident.id)),
            AssignTarget::Simple(SimpleAssignTarget::Member(member)) => {
                self.add(root(&member.obj));
            }
            _ => {}
        }
    }

    fn visit_call_expr(&mut self, call: &CallExpr) {
        if let Callee::Expr(callee) = &call.callee
            && let Expr::Member(member) = &**callee
        {
            match root(&member.obj) {
                Some(ident) if self.variables.is_top_level(ident) => self.add(Some(ident)),
                // `Object.assign(repository, { … })`
                _ => self.add(call.args.first().and_then(|argument| root(&argument.expr))),
            }
        }
    }
}

/// The names a pattern binds.
struct Bound(Vec<Ident>);

impl Visit for Bound {
    fn visit_binding_ident(&mut self, ident: &swc_ecma_ast::BindingIdent) {
        self.0.push(ident.id.clone());
    }
    fn visit_expr(&mut self, _: &Expr) {}
}
