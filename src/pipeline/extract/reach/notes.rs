//! What is noted of an expression, by what becomes of its value.

use swc_common::{Span as SwcSpan, Spanned};
use swc_ecma_ast::{
    Callee, Expr, ExprOrSpread, MemberExpr, MemberProp, ObjectPat, ObjectPatProp, OptChainBase,
    Pat, SuperProp,
};
use swc_ecma_visit::Visit;

use super::{
    PASSED, RETURNED, SPREAD, STORED, Walk,
    chains::{import_specifier, peeled, step},
};
use crate::{
    model::{
        contract::Located,
        reach::{CALL, COMPUTED, DROPPED, Held, ITERATE, Mention, Operation, Path, Reach, needed},
    },
    source::span,
};

impl Walk<'_> {
    pub fn fact(&mut self) -> &mut Reach {
        &mut self.facts[self.at.fact]
    }

    pub fn held(&mut self, expr: &Expr) -> Vec<Held> {
        self.variables.held(expr, self.at.has_this)
    }

    pub fn mention(&mut self, path: Option<Path>, at: SwcSpan) {
        let Some(path) = path else { return };
        if self.mentioned.insert((self.at.fact, path.clone())) {
            self.fact().mentions.push(Mention { path, span: span(at), arguments: Vec::new() });
        }
    }

    pub fn unseen(&mut self, what: String, at: SwcSpan) {
        let unseen = Located { value: what, span: span(at) };
        if !self.fact().unseen.contains(&unseen) {
            self.fact().unseen.push(unseen);
        }
    }

    pub fn operation(&mut self, held: &Held, name: &str, at: SwcSpan) {
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

    pub fn hold(&mut self, held: Vec<Held>) {
        let holds = &mut self.fact().holds;
        for held in held {
            if holds.len() < MAX_HELD && !holds.contains(&held) {
                holds.push(held);
            }
        }
    }

    /// They are mentioned, and where the value goes is known.
    pub fn drop(&mut self, held: &[Held], at: SwcSpan) {
        for held in held {
            if let Held::Named(path) = held {
                self.mention(path.then(DROPPED), at);
            }
        }
    }

    /// An expression whose value has a place of its own; the value.
    pub fn kept(&mut self, expr: &Expr) -> Vec<Held> {
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

    pub fn returned(&mut self, expr: &Expr) {
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
    pub fn rest(&mut self, expr: &Expr) {
        if self.held(expr).is_empty() {
            self.visit_expr(expr);
        } else {
            self.inside(expr);
        }
    }

    /// What else stands in an expression that holds something.
    pub fn inside(&mut self, expr: &Expr) {
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
                OptChainBase::Member(member) => self.member(member, false),
                OptChainBase::Call(call) => self.call(&call.callee, &call.args),
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
                if let SuperProp::Computed(computed) = &member.prop {
                    self.visit_expr(&computed.expr);
                }
            }
            _ => {}
        }
    }

    pub fn member(&mut self, member: &MemberExpr, called: bool) {
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
                    if name == "exec" && !called {
                        self.not_on_one_table(member.span);
                    }
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
    pub fn is_async_iterator(&self, prop: &MemberProp) -> bool {
        let MemberProp::Computed(computed) = prop else { return false };
        let Expr::Member(symbol) = &*computed.expr else { return false };
        symbol.prop.is_ident_with("asyncIterator")
            && self.variables.is_global(&symbol.obj, "Symbol")
    }

    pub fn call(&mut self, callee: &Expr, arguments: &[ExprOrSpread]) {
        let held = self.held(callee);
        let inner = match peeled(callee) {
            Expr::Member(member) => Some(member),
            Expr::OptChain(chain) => match &*chain.base {
                OptChainBase::Member(member) => Some(member),
                OptChainBase::Call(_) => None,
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
            match self.variables.name(&member.prop).as_deref() {
                Some("exec") => self.statement(member, arguments),
                Some("query") => self.search(member, arguments, true),
                Some("count") => self.search(member, arguments, false),
                Some("push") => self.write(member, arguments, 0),
                Some("set" | "update") => self.write(member, arguments, 1),
                _ => {}
            }
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

    pub fn arguments(&mut self, arguments: &[ExprOrSpread]) {
        for argument in arguments {
            self.argument(argument);
        }
    }

    pub fn argument(&mut self, argument: &ExprOrSpread) {
        self.role = if argument.spread.is_some() { SPREAD } else { PASSED };
        self.visit_expr(&argument.expr);
    }

    pub fn iterated(&mut self, expr: &Expr) {
        let held = self.held(expr);
        for held in &held {
            self.operation(held, ITERATE, expr.span());
        }
        self.rest(expr);
    }

    pub fn gone(&mut self, held: &[Held], at: SwcSpan, role: &str) {
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
    pub fn destructured(&mut self, pattern: &ObjectPat, held: &[Held]) {
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
                        if name == "exec" {
                            self.not_on_one_table(prop.span());
                        }
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
