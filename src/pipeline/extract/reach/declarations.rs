//! The declarations of a module's top level, member by member.

use swc_ecma_ast::{
    ArrowExpr, ArrowFunctionBody, AssignExpr, AssignTarget, BindingIdent, CallExpr, Callee, Class,
    ClassMember, Constructor, Decl, DefaultDecl, Expr, Function, Ident, Key, MethodKind,
    ModuleDecl, ModuleItem, ObjectLit, ParamOrTsParamProp, Pat, Prop, PropOrSpread,
    SimpleAssignTarget, Stmt, TsModuleName, TsParamPropParam, VarDeclarator,
};
use swc_ecma_visit::{Visit, VisitWith};

use super::{
    super::takes_function,
    Place, Walk,
    chains::{Variables, peeled},
    code::root,
};
use crate::model::reach::{DROPPED, Held, Path, Reach};

/// Objects deeper inside are taken as a whole.
const MAX_INNER: usize = 4;

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

impl Walk<'_> {
    pub fn with(&mut self, name: &str, member: Option<&str>, run: impl FnOnce(&mut Self)) {
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
        self.touched.push(fact);
        let outer = self.at;
        self.at = Place { fact, assigned: outer.assigned, ..Place::default() };
        run(self);
        self.at = outer;
    }

    pub fn item(&mut self, item: &ModuleItem) {
        match item {
            ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(export)) => {
                self.declaration(&export.decl);
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
            // An object inside has members of its own: `database.users.find`.
            if let (Prop::KeyValue(pair), Some(key)) = (prop, &key)
                && let Expr::Object(inner) = peeled(&pair.value)
                && name.matches('.').count() < MAX_INNER
            {
                let inner_name = format!("{name}.{key}");
                self.object(&inner_name, inner);
                let held = Held::Named(Path::local(inner_name));
                self.with(name, Some(key), |w| w.hold(vec![held]));
                continue;
            }
            self.with(name, key.as_deref(), |w| match prop {
                Prop::Shorthand(ident) => {
                    let held = w.variables.held_by(ident, false);
                    w.drop(&held, ident.span);
                    w.hold(held);
                }
                Prop::KeyValue(pair) => {
                    pair.key.visit_with(w);
                    if let Some(own) = Own::of(peeled(&pair.value)) {
                        w.at.has_this = matches!(own, Own::Function(_));
                        w.own(&own);
                    } else {
                        let held = w.kept(&pair.value);
                        w.hold(held);
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
                        Key::Public(key) => self.variables.key(key),
                        Key::Private(name) => Some(format!("#{}", name.name)),
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
    fn visit_binding_ident(&mut self, ident: &BindingIdent) {
        self.0.push(ident.id.clone());
    }
    fn visit_expr(&mut self, _: &Expr) {}
}
