//! Expressions as chains of names: what `storage`, `users` and `this.rows` stand for, through
//! variables and destructuring.
//!
//! Input: `const { storage } = env; const users = storage.get('users');`
//! Output: `users` holds the table `users`.

use rustc_hash::FxHashMap;
use swc_ecma_ast::{
    AssignExpr, AssignOp, AssignTarget, AssignTargetPat, BinaryOp, CallExpr, Callee, Expr,
    ExprOrSpread, Id, Ident, Lit, MemberExpr, MemberProp, ObjectPat, ObjectPatProp, OptChainBase,
    Pat, PropName, SimpleAssignTarget, SuperProp, TsType, TsTypeParamDecl,
    TsTypeParamInstantiation, VarDeclarator,
};
use swc_ecma_visit::{Visit, VisitWith};

use super::super::uses::Visitor;
use crate::model::{
    contract::ConstantValue,
    reach::{CALL, COMPUTED, Held, Path, called_with},
};

/// What a chain of names begins with.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Root {
    Env,
    This,
    Super,
    Import(String),
    Parameter(usize),
    Name(Id),
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Chain {
    root: Root,
    names: Vec<String>,
}

/// The variables of a module and what they are made from.
pub struct Variables<'a> {
    uses: &'a Visitor<'a>,
    sources: FxHashMap<Id, Vec<Chain>>,
    /// None while it is being found out.
    known: FxHashMap<Id, Option<Vec<Held>>>,
}

/// Longer chains, and more of them for one variable, are not followed.
const MAX_NAMES: usize = 8;
const MAX_CHAINS: usize = 16;
const MAX_DEPTH: usize = 24;

impl<'a> Variables<'a> {
    pub fn new(uses: &'a Visitor<'a>) -> Self {
        Self { uses, sources: FxHashMap::default(), known: FxHashMap::default() }
    }

    /// What an expression may stand for, as far as that is storage or a name of the module's.
    /// `has_this`: `this` is the object that the declaration at hand describes.
    pub fn held(&mut self, expr: &Expr, has_this: bool) -> Vec<Held> {
        let chains = self.chains(expr, 0);
        self.all(&chains, has_this)
    }

    pub fn held_by(&mut self, ident: &Ident, has_this: bool) -> Vec<Held> {
        let chains = self.ident(ident);
        self.all(&chains, has_this)
    }

    /// A parameter of a declaration's own function.
    pub fn parameter(&mut self, pat: &Pat, index: usize) {
        self.bind(pat, &[Chain { root: Root::Parameter(index), names: Vec::new() }]);
    }

    fn all(&mut self, chains: &[Chain], has_this: bool) -> Vec<Held> {
        let mut held = Vec::new();
        for chain in chains {
            for one in self.resolve(chain, has_this) {
                if !held.contains(&one) && held.len() < MAX_CHAINS {
                    held.push(one);
                }
            }
        }
        held
    }

    fn resolve(&mut self, chain: &Chain, has_this: bool) -> Vec<Held> {
        let mut held = match &chain.root {
            Root::Env => vec![Held::Env],
            Root::This if has_this => vec![Held::Named(Path::local("this"))],
            Root::Super if has_this => vec![Held::Named(Path::local("super"))],
            Root::This | Root::Super => Vec::new(),
            Root::Import(specifier) => {
                vec![Held::Named(Path { import: Some(specifier.clone()), names: Vec::new() })]
            }
            Root::Parameter(index) => vec![Held::Named(Path::local(format!("#{index}")))],
            Root::Name(id) => self.variable(id, has_this),
        };
        let mut names = chain.names.iter().map(String::as_str).peekable();
        while let Some(name) = names.next() {
            // `env.storage.get('users')` is two names.
            let called = names.peek().copied().filter(|next| called_with(next).is_some());
            if name == "get" && called.is_some() && held.contains(&Held::Storage) {
                names.next();
                held = held.iter().filter_map(|held| get(held, called.unwrap_or(CALL))).collect();
            } else {
                held = held.iter().filter_map(|held| step(held, name)).collect();
            }
        }
        held
    }

    fn variable(&mut self, id: &Id, has_this: bool) -> Vec<Held> {
        let is_top = id.1 == self.uses.top_level;
        let held = match self.known.get(id) {
            Some(Some(held)) => held.clone(),
            Some(None) => Vec::new(),
            None => match self.sources.get(id).cloned() {
                None => Vec::new(),
                Some(sources) => {
                    self.known.insert(id.clone(), None);
                    let held = self.all(&sources, has_this);
                    self.known.insert(id.clone(), Some(held.clone()));
                    held
                }
            },
        };
        if !is_top {
            return held;
        }
        // A name of the module's own stands for itself, so that other files see it alike.
        let storage: Vec<Held> = held.into_iter().filter(Held::is_storage).collect();
        if storage.is_empty() {
            return vec![Held::Named(Path::local(id.0.to_string()))];
        }
        storage
    }

    pub fn is_top_level(&self, ident: &Ident) -> bool {
        ident.ctxt == self.uses.top_level
    }

    pub fn is_global(&self, expr: &Expr, name: &str) -> bool {
        matches!(expr, Expr::Ident(ident) if ident.sym == name && ident.ctxt == self.uses.unresolved)
    }

    /// What the top-level name is made from, for those who import it.
    pub fn made_from(&mut self, ident: &Ident) -> Vec<Held> {
        let sources = self.sources.get(&ident.to_id()).cloned().unwrap_or_default();
        self.all(&sources, false)
    }

    fn ident(&self, ident: &Ident) -> Vec<Chain> {
        let root = if self.uses.is_context(ident, "env") {
            Root::Env
        } else if ident.ctxt == self.uses.unresolved {
            return Vec::new();
        } else {
            Root::Name(ident.to_id())
        };
        vec![Chain { root, names: Vec::new() }]
    }

    fn chains(&self, expr: &Expr, depth: usize) -> Vec<Chain> {
        if depth > MAX_DEPTH {
            return Vec::new();
        }
        let sub = |expr: &Expr| self.chains(expr, depth + 1);
        match expr {
            Expr::Ident(ident) => self.ident(ident),
            Expr::This(_) => vec![Chain { root: Root::This, names: Vec::new() }],
            Expr::Paren(e) => sub(&e.expr),
            Expr::TsAs(e) => sub(&e.expr),
            Expr::TsNonNull(e) => sub(&e.expr),
            Expr::TsSatisfies(e) => sub(&e.expr),
            Expr::TsTypeAssertion(e) => sub(&e.expr),
            Expr::TsConstAssertion(e) => sub(&e.expr),
            Expr::TsInstantiation(e) => sub(&e.expr),
            Expr::Await(e) => match import_specifier(peeled(&e.arg)) {
                Some(specifier) => {
                    vec![Chain { root: Root::Import(specifier), names: Vec::new() }]
                }
                None => sub(&e.arg),
            },
            Expr::Member(member) => self.member(member, depth),
            Expr::SuperProp(member) => {
                let name = match &member.prop {
                    SuperProp::Ident(name) => name.sym.to_string(),
                    SuperProp::Computed(_) => COMPUTED.to_owned(),
                };
                vec![Chain { root: Root::Super, names: vec![name] }]
            }
            Expr::OptChain(chain) => match &*chain.base {
                OptChainBase::Member(member) => self.member(member, depth),
                OptChainBase::Call(call) => self.call(&call.callee, &call.args, depth),
            },
            Expr::Call(CallExpr { callee: Callee::Expr(callee), args, .. }) => {
                self.call(callee, args, depth)
            }
            Expr::New(new) => sub(&new.callee),
            Expr::Cond(e) => joined(sub(&e.cons), sub(&e.alt)),
            Expr::Bin(e)
                if matches!(
                    e.op,
                    BinaryOp::NullishCoalescing | BinaryOp::LogicalOr | BinaryOp::LogicalAnd
                ) =>
            {
                joined(sub(&e.left), sub(&e.right))
            }
            Expr::Seq(e) => e.exprs.last().map(|e| sub(e)).unwrap_or_default(),
            _ => Vec::new(),
        }
    }

    fn member(&self, member: &MemberExpr, depth: usize) -> Vec<Chain> {
        if self.is_namespaced_env(member) {
            return vec![Chain { root: Root::Env, names: Vec::new() }];
        }
        let name = self.name(&member.prop).unwrap_or_else(|| COMPUTED.to_owned());
        extended(self.chains(&member.obj, depth + 1), &name)
    }

    fn call(&self, callee: &Expr, arguments: &[ExprOrSpread], depth: usize) -> Vec<Chain> {
        let chains = self.chains(callee, depth + 1);
        if chains.is_empty() {
            return chains;
        }
        let is_get = chains.iter().any(|c| c.names.last().is_some_and(|name| name == "get"));
        let text = if is_get { self.first_text(arguments) } else { None };
        extended(chains, &text.map_or_else(|| CALL.to_owned(), |text| format!("('{text}')")))
    }

    /// `k.env`, for `import * as k from 'kontract/runtime'`.
    fn is_namespaced_env(&self, member: &MemberExpr) -> bool {
        self.name(&member.prop).is_some_and(|name| name == "env")
            && matches!(&*member.obj, Expr::Ident(ident) if ident.ctxt == self.uses.top_level
                && self.uses.extractor.names.is_namespace(&ident.sym))
    }

    /// The name of a member, where it is known.
    pub fn name(&self, prop: &MemberProp) -> Option<String> {
        match prop {
            MemberProp::Ident(name) => Some(name.sym.to_string()),
            MemberProp::PrivateName(name) => Some(format!("#{}", name.name)),
            MemberProp::Computed(computed) => self.text(&computed.expr),
        }
    }

    pub fn key(&self, key: &PropName) -> Option<String> {
        match key {
            PropName::Ident(name) => Some(name.sym.to_string()),
            PropName::Str(text) => Some(text.value.as_str()?.to_owned()),
            PropName::Num(number) => Some(number.value.to_string()),
            PropName::BigInt(number) => Some(number.value.to_string()),
            PropName::Computed(computed) => self.text(&computed.expr),
        }
    }

    pub fn first_text(&self, arguments: &[ExprOrSpread]) -> Option<String> {
        arguments.first().filter(|a| a.spread.is_none()).and_then(|a| self.text(&a.expr))
    }

    fn text(&self, expr: &Expr) -> Option<String> {
        if let Expr::Lit(Lit::Str(text)) = expr {
            return Some(text.value.as_str()?.to_owned());
        }
        // Only names of the top level are constants: one inside a function may hide them.
        if let Expr::Ident(ident) = expr
            && ident.ctxt != self.uses.top_level
        {
            return None;
        }
        if !matches!(peeled(expr), Expr::Ident(_) | Expr::Lit(_) | Expr::Tpl(_)) {
            return None;
        }
        match self.uses.extractor.constants.evaluate(expr) {
            Ok(ConstantValue::String(text)) => Some(text),
            _ => None,
        }
    }

    fn bind(&mut self, pat: &Pat, chains: &[Chain]) {
        match pat {
            Pat::Ident(ident) => self.add(ident.id.to_id(), chains),
            Pat::Object(object) => self.bind_object(object, chains),
            Pat::Assign(assign) => {
                let default = self.chains(&assign.right, 0);
                let chains: Vec<Chain> = chains.iter().cloned().chain(default).collect();
                self.bind(&assign.left, &chains);
            }
            _ => {}
        }
    }

    fn bind_object(&mut self, object: &ObjectPat, chains: &[Chain]) {
        for prop in &object.props {
            match prop {
                ObjectPatProp::KeyValue(pair) => {
                    let name = self.key(&pair.key).unwrap_or_else(|| COMPUTED.to_owned());
                    self.bind(&pair.value, &extended(chains.to_vec(), &name));
                }
                ObjectPatProp::Assign(prop) => {
                    let mut chains = extended(chains.to_vec(), &prop.key.id.sym);
                    chains.extend(prop.value.as_ref().into_iter().flat_map(|e| self.chains(e, 0)));
                    self.add(prop.key.id.to_id(), &chains);
                }
                ObjectPatProp::Rest(_) => {}
            }
        }
    }

    fn add(&mut self, id: Id, chains: &[Chain]) {
        if chains.is_empty() {
            return;
        }
        let sources = self.sources.entry(id).or_default();
        for chain in chains {
            if sources.len() < MAX_CHAINS && !sources.contains(chain) {
                sources.push(chain.clone());
            }
        }
    }
}

impl Visit for Variables<'_> {
    fn visit_ts_type(&mut self, _: &TsType) {}
    fn visit_ts_type_param_decl(&mut self, _: &TsTypeParamDecl) {}
    fn visit_ts_type_param_instantiation(&mut self, _: &TsTypeParamInstantiation) {}

    fn visit_var_declarator(&mut self, declarator: &VarDeclarator) {
        if let Some(init) = &declarator.init {
            let chains = self.chains(init, 0);
            self.bind(&declarator.name, &chains);
        }
        declarator.visit_children_with(self);
    }

    fn visit_assign_expr(&mut self, assign: &AssignExpr) {
        if matches!(assign.op, AssignOp::Assign | AssignOp::NullishAssign | AssignOp::OrAssign) {
            let chains = self.chains(&assign.right, 0);
            match &assign.left {
                AssignTarget::Simple(SimpleAssignTarget::Ident(ident)) => {
                    self.add(ident.id.to_id(), &chains);
                }
                AssignTarget::Pat(AssignTargetPat::Object(object)) => {
                    self.bind_object(object, &chains);
                }
                _ => {}
            }
        }
        assign.visit_children_with(self);
    }
}

/// One name further.
pub fn step(held: &Held, name: &str) -> Option<Held> {
    match held {
        Held::Env => (name == "storage").then_some(Held::Storage),
        Held::Storage => match name {
            COMPUTED => Some(Held::SomeTable),
            "get" | "transaction" => None,
            name if called_with(name).is_some() => None,
            table => Some(Held::Table(table.to_owned())),
        },
        Held::Table(_) | Held::SomeTable => None,
        Held::Named(path) => path.then(name).map(Held::Named),
    }
}

/// `get`, called.
fn get(held: &Held, called: &str) -> Option<Held> {
    match held {
        Held::Storage => Some(match called_with(called) {
            Some(Some(table)) => Held::Table(table.to_owned()),
            _ => Held::SomeTable,
        }),
        Held::Named(path) => path.then("get")?.then(called).map(Held::Named),
        Held::Env | Held::Table(_) | Held::SomeTable => None,
    }
}

/// `import('./library')`.
pub fn import_specifier(expr: &Expr) -> Option<String> {
    let Expr::Call(CallExpr { callee: Callee::Import(_), args, .. }) = expr else { return None };
    match &*args.first()?.expr {
        Expr::Lit(Lit::Str(specifier)) => Some(specifier.value.as_str()?.to_owned()),
        _ => None,
    }
}

/// Without parentheses and types.
pub fn peeled(expr: &Expr) -> &Expr {
    let mut expr = expr;
    loop {
        expr = match expr {
            Expr::Paren(e) => &e.expr,
            Expr::TsAs(e) => &e.expr,
            Expr::TsNonNull(e) => &e.expr,
            Expr::TsSatisfies(e) => &e.expr,
            Expr::TsTypeAssertion(e) => &e.expr,
            Expr::TsConstAssertion(e) => &e.expr,
            Expr::TsInstantiation(e) => &e.expr,
            _ => return expr,
        };
    }
}

fn extended(chains: Vec<Chain>, name: &str) -> Vec<Chain> {
    chains
        .into_iter()
        .filter(|chain| chain.names.len() < MAX_NAMES)
        .map(|mut chain| {
            chain.names.push(name.to_owned());
            chain
        })
        .collect()
}

fn joined(mut first: Vec<Chain>, second: Vec<Chain>) -> Vec<Chain> {
    for chain in second {
        if first.len() < MAX_CHAINS && !first.contains(&chain) {
            first.push(chain);
        }
    }
    first
}
