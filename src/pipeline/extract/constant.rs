//! Constants: what the compiler can evaluate without running anything.

use rustc_hash::{FxHashMap, FxHashSet};
use swc_common::Spanned;
use swc_ecma_ast::{
    BinaryOp, Decl, Expr, Lit, MemberProp, Module, ModuleDecl, ModuleItem, Pat, Prop, PropName,
    PropOrSpread, Stmt, TsType, UnaryOp, VarDeclKind,
};

use super::names::Names;
use crate::{
    model::{Span, contract::ConstantValue, perms, types::Key},
    source::span,
};

/// The `const`s of a module's top level, by name.
pub struct Constants<'a> {
    names: &'a Names,
    initializers: FxHashMap<&'a str, &'a Expr>,
    /// The types that the constants declare, where they do.
    declared: FxHashMap<&'a str, &'a TsType>,
}

pub enum NotConstant {
    Unknown(Span),
    UnknownPerm { name: String, span: Span },
}

/// Larger values are data, not constants; they stay where they are.
const MAX_NODES: usize = 4096;

impl<'a> Constants<'a> {
    pub fn of(module: &'a Module, names: &'a Names) -> Self {
        let mut initializers = FxHashMap::default();
        let mut declared = FxHashMap::default();
        for item in &module.body {
            let (ModuleItem::Stmt(Stmt::Decl(Decl::Var(var)))
            | ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(swc_ecma_ast::ExportDecl {
                decl: Decl::Var(var),
                ..
            }))) = item
            else {
                continue;
            };
            if var.kind == VarDeclKind::Const && !var.declare {
                for declarator in &var.decls {
                    if let (Pat::Ident(ident), Some(init)) = (&declarator.name, &declarator.init) {
                        initializers.insert(ident.id.sym.as_str(), &**init);
                        if let Some(annotation) = &ident.type_ann {
                            declared.insert(ident.id.sym.as_str(), &*annotation.type_ann);
                        }
                    }
                }
            }
        }
        Self { names, initializers, declared }
    }

    pub fn evaluate(&self, expr: &Expr) -> Result<ConstantValue, NotConstant> {
        self.value(expr, 0, &mut 0)
    }

    pub fn initializer(&self, name: &str) -> Option<&'a Expr> {
        self.initializers.get(name).copied()
    }

    /// Follows names, parentheses, `as const` and `satisfies` to the expression they stand for.
    pub fn peel<'e>(&self, expr: &'e Expr) -> &'e Expr
    where
        'a: 'e,
    {
        let mut expr = expr;
        for _ in 0..32 {
            expr = match expr {
                Expr::Paren(e) => &e.expr,
                Expr::TsAs(e) => &e.expr,
                Expr::TsConstAssertion(e) => &e.expr,
                Expr::TsSatisfies(e) => &e.expr,
                Expr::TsNonNull(e) => &e.expr,
                Expr::TsTypeAssertion(e) => &e.expr,
                Expr::Ident(ident) => match self.initializers.get(ident.sym.as_str()) {
                    Some(init) => init,
                    None => return expr,
                },
                _ => return expr,
            };
        }
        expr
    }

    /// The types that a constant's parts are given, by `as` or where they are declared: its own
    /// type follows from these, and not from its value.
    pub fn given_types<'e>(&self, expr: &'e Expr) -> Vec<&'e TsType>
    where
        'a: 'e,
    {
        let mut types = Vec::new();
        let mut queue = vec![expr];
        let mut seen = FxHashSet::default();
        while let Some(expr) = queue.pop() {
            match expr {
                Expr::Paren(e) => queue.push(&e.expr),
                Expr::TsAs(e) => types.push(&*e.type_ann),
                Expr::TsTypeAssertion(e) => types.push(&*e.type_ann),
                Expr::TsConstAssertion(e) => queue.push(&e.expr),
                Expr::TsSatisfies(e) => queue.push(&e.expr),
                Expr::Ident(ident) => {
                    self.queue_name(&ident.sym, &mut seen, &mut types, &mut queue);
                }
                Expr::Array(array) => {
                    queue.extend(array.elems.iter().flatten().map(|item| &*item.expr));
                }
                Expr::Object(object) => {
                    for prop in &object.props {
                        match prop {
                            PropOrSpread::Prop(prop) => match &**prop {
                                Prop::KeyValue(pair) => queue.push(&pair.value),
                                Prop::Shorthand(ident) => {
                                    self.queue_name(&ident.sym, &mut seen, &mut types, &mut queue);
                                }
                                _ => {}
                            },
                            PropOrSpread::Spread(_) => {}
                        }
                    }
                }
                _ => {}
            }
        }
        types
    }

    fn queue_name<'e>(
        &self,
        name: &str,
        seen: &mut FxHashSet<&'e str>,
        types: &mut Vec<&'e TsType>,
        queue: &mut Vec<&'e Expr>,
    ) where
        'a: 'e,
    {
        let Some((name, init)) = self.initializers.get_key_value(name) else { return };
        if !seen.insert(name) {
            return;
        }
        match self.declared.get(name) {
            Some(ty) => types.push(ty),
            None => queue.push(init),
        }
    }

    fn value(
        &self,
        expr: &Expr,
        depth: usize,
        nodes: &mut usize,
    ) -> Result<ConstantValue, NotConstant> {
        let unknown = || NotConstant::Unknown(span(expr.span()));
        *nodes += 1;
        if depth > 64 || *nodes > MAX_NODES {
            return Err(unknown());
        }
        let mut sub = |expr: &Expr| self.value(expr, depth + 1, nodes);
        match expr {
            Expr::Lit(lit) => literal(lit).ok_or_else(unknown),
            Expr::Tpl(template) if template.exprs.is_empty() => {
                let text = template
                    .quasis
                    .first()
                    .and_then(|q| q.cooked.as_ref()?.as_str().map(str::to_owned));
                text.map(ConstantValue::String).ok_or_else(unknown)
            }
            Expr::Paren(e) => sub(&e.expr),
            Expr::TsAs(e) => sub(&e.expr),
            Expr::TsConstAssertion(e) => sub(&e.expr),
            Expr::TsSatisfies(e) => sub(&e.expr),
            Expr::TsTypeAssertion(e) => sub(&e.expr),
            Expr::Unary(unary) => match (unary.op, sub(&unary.arg)?) {
                (UnaryOp::Minus, ConstantValue::Number(n)) => Ok(ConstantValue::Number(-n)),
                (UnaryOp::Plus, ConstantValue::Number(n)) => Ok(ConstantValue::Number(n)),
                (UnaryOp::Minus, ConstantValue::BigInt(n)) if !n.starts_with('-') => {
                    Ok(ConstantValue::BigInt(format!("-{n}")))
                }
                _ => Err(unknown()),
            },
            Expr::Bin(binary) if binary.op == BinaryOp::BitOr => {
                match (sub(&binary.left)?, sub(&binary.right)?) {
                    (ConstantValue::Number(a), ConstantValue::Number(b)) => {
                        match (mask(a), mask(b)) {
                            (Some(a), Some(b)) => Ok(ConstantValue::Number(f64::from(a | b))),
                            _ => Err(unknown()),
                        }
                    }
                    _ => Err(unknown()),
                }
            }
            Expr::Member(member) if self.names.is_reference(&member.obj, "perms") => {
                let name = match &member.prop {
                    MemberProp::Ident(ident) => ident.sym.to_string(),
                    MemberProp::Computed(computed) => match sub(&computed.expr)? {
                        ConstantValue::String(name) => name,
                        _ => return Err(unknown()),
                    },
                    MemberProp::PrivateName(_) => return Err(unknown()),
                };
                match perms::by_name(&name) {
                    Some(mask) => Ok(ConstantValue::Number(f64::from(mask))),
                    None => Err(NotConstant::UnknownPerm { name, span: span(member.prop.span()) }),
                }
            }
            Expr::Ident(ident) if ident.sym == "undefined" => Ok(ConstantValue::Undefined),
            Expr::Ident(ident) => match self.initializers.get(ident.sym.as_str()) {
                Some(init) => sub(init).map_err(|error| match error {
                    NotConstant::Unknown(_) => unknown(),
                    error @ NotConstant::UnknownPerm { .. } => error,
                }),
                None => Err(unknown()),
            },
            Expr::Array(array) => {
                let mut items = Vec::with_capacity(array.elems.len());
                for item in &array.elems {
                    match item {
                        Some(item) if item.spread.is_none() => items.push(sub(&item.expr)?),
                        _ => return Err(unknown()),
                    }
                }
                Ok(ConstantValue::Array(items))
            }
            Expr::Object(object) => {
                let mut fields = Vec::with_capacity(object.props.len());
                for prop in &object.props {
                    let PropOrSpread::Prop(prop) = prop else { return Err(unknown()) };
                    match &**prop {
                        Prop::KeyValue(pair) => {
                            let key = property_key(&pair.key).ok_or_else(unknown)?;
                            fields.push((key, sub(&pair.value)?));
                        }
                        Prop::Shorthand(ident) => {
                            fields.push((
                                Key::Name(ident.sym.to_string()),
                                sub(&Expr::Ident(ident.clone()))?,
                            ));
                        }
                        _ => return Err(unknown()),
                    }
                }
                Ok(ConstantValue::Object(fields))
            }
            _ => Err(unknown()),
        }
    }
}

fn literal(lit: &Lit) -> Option<ConstantValue> {
    Some(match lit {
        Lit::Str(s) => ConstantValue::String(s.value.as_str()?.to_owned()),
        Lit::Bool(b) => ConstantValue::Boolean(b.value),
        Lit::Null(_) => ConstantValue::Null,
        Lit::Num(n) => ConstantValue::Number(n.value),
        Lit::BigInt(n) => ConstantValue::BigInt(n.value.to_string()),
        Lit::Regex(_) | Lit::JSXText(_) => return None,
    })
}

/// The bits of an integer that `|` can take.
pub fn mask(n: f64) -> Option<i32> {
    #[expect(clippy::cast_possible_truncation, reason = "checked to be an integer in range")]
    (n.fract() == 0.0 && (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&n))
        .then_some(n as i32)
}

pub fn property_key(key: &PropName) -> Option<Key> {
    Some(match key {
        PropName::Ident(ident) => Key::Name(ident.sym.to_string()),
        PropName::Str(s) => Key::Name(s.value.as_str()?.to_owned()),
        PropName::Num(n) => Key::Number(number_text(n.value)),
        PropName::Computed(_) | PropName::BigInt(_) => return None,
    })
}

/// A number as JavaScript writes it, near enough for keys and literal types: integers without a
/// fraction, everything else by Rust's shortest round-trip form.
pub fn number_text(n: f64) -> String {
    format!("{n}")
}
