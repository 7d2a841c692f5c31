//! The result type of a function that declares none, where it is plain from the body: literals,
//! constructed objects, parameters, and a few well-known calls. Everything else is asked for.

use rustc_hash::FxHashMap;
use swc_ecma_ast::{
    ArrowExpr, BinaryOp, BindingIdent, Callee, Class, Decl, Expr, Function, Lit, MemberProp, Pat,
    Prop, PropOrSpread, ReturnStmt, Stmt, TsType, UnaryOp,
};
use swc_ecma_visit::{Visit, VisitWith};

use super::{constant::property_key, types::pattern_name};
use crate::model::{
    Span,
    types::{FieldStorage, LiteralType, Member, MemberKind, Parameter, TypeExpr},
};

#[derive(Clone, Copy)]
pub enum Body<'a> {
    Block(&'a [Stmt]),
    Expr(&'a Expr),
}

/// The type of what `body` returns; `Promise` not added.
pub fn result(patterns: &[&Pat], parameters: &[Parameter], body: Body<'_>) -> Option<TypeExpr> {
    let mut scope = Scope { names: FxHashMap::default() };
    let patterns = patterns.iter().filter(|p| pattern_name(p).is_none_or(|n| n != "this"));
    for (pattern, parameter) in patterns.zip(parameters) {
        if let (Some(name), Some(ty)) = (pattern_name(pattern), &parameter.ty)
            && !parameter.rest
        {
            let may_be_undefined = parameter.optional && !matches!(pattern, Pat::Assign(_));
            scope.names.insert(
                name,
                if may_be_undefined {
                    union([ty.clone(), keyword("undefined")])
                } else {
                    ty.clone()
                },
            );
        }
    }
    match body {
        Body::Expr(expr) => scope.ty(expr, 0),
        Body::Block(statements) => {
            let mut returns = Returns::default();
            statements.visit_with(&mut returns);
            if returns.values.is_empty() {
                return Some(keyword("void"));
            }
            // Only names that are bound once are sure to have their initializer's type.
            scope.names.retain(|name, _| !returns.bound.contains_key(name));
            for statement in statements {
                let Stmt::Decl(Decl::Var(var)) = statement else { continue };
                if var.kind != swc_ecma_ast::VarDeclKind::Const {
                    continue;
                }
                for declarator in &var.decls {
                    if let (Pat::Ident(ident), Some(init)) = (&declarator.name, &declarator.init)
                        && ident.type_ann.is_none()
                        && returns.bound.get(ident.id.sym.as_str()) == Some(&1)
                        && let Some(ty) = scope.ty(init, 0)
                    {
                        scope.names.insert(ident.id.sym.to_string(), ty);
                    }
                }
            }
            let types: Option<Vec<TypeExpr>> = returns
                .values
                .iter()
                .map(|value| {
                    value
                        .as_ref()
                        .map_or_else(|| Some(keyword("undefined")), |value| scope.ty(value, 0))
                })
                .collect();
            let end = falls_through(statements).then(|| keyword("undefined"));
            Some(union(types?.into_iter().chain(end)))
        }
    }
}

struct Scope {
    names: FxHashMap<String, TypeExpr>,
}

impl Scope {
    fn ty(&self, expr: &Expr, depth: usize) -> Option<TypeExpr> {
        if depth > 32 {
            return None;
        }
        let sub = |expr: &Expr| self.ty(expr, depth + 1);
        Some(match expr {
            Expr::Lit(Lit::Str(_)) | Expr::Tpl(_) => keyword("string"),
            Expr::Lit(Lit::Num(_)) => keyword("number"),
            Expr::Lit(Lit::Bool(_)) => keyword("boolean"),
            Expr::Lit(Lit::Null(_)) => keyword("null"),
            Expr::Lit(Lit::BigInt(_)) => keyword("bigint"),
            Expr::Paren(e) => sub(&e.expr)?,
            Expr::TsConstAssertion(e) => match &*e.expr {
                Expr::Lit(Lit::Str(s)) => {
                    TypeExpr::Literal(LiteralType::String(s.value.as_str()?.to_owned()))
                }
                Expr::Lit(Lit::Bool(b)) => TypeExpr::Literal(LiteralType::Boolean(b.value)),
                _ => return None,
            },
            Expr::Await(e) => sub(&e.arg)?,
            Expr::Ident(ident) if ident.sym == "undefined" => keyword("undefined"),
            Expr::Ident(ident) => self.names.get(ident.sym.as_str())?.clone(),
            Expr::Unary(e) => match e.op {
                UnaryOp::Bang => keyword("boolean"),
                UnaryOp::TypeOf => keyword("string"),
                UnaryOp::Plus => keyword("number"),
                UnaryOp::Minus if sub(&e.arg)? == keyword("number") => keyword("number"),
                _ => return None,
            },
            Expr::Bin(e) => match e.op {
                BinaryOp::EqEq
                | BinaryOp::NotEq
                | BinaryOp::EqEqEq
                | BinaryOp::NotEqEq
                | BinaryOp::Lt
                | BinaryOp::LtEq
                | BinaryOp::Gt
                | BinaryOp::GtEq
                | BinaryOp::In
                | BinaryOp::InstanceOf => keyword("boolean"),
                BinaryOp::Add => match (sub(&e.left)?, sub(&e.right)?) {
                    (a, b) if a == keyword("string") || b == keyword("string") => keyword("string"),
                    (a, b) if a == keyword("number") && b == keyword("number") => keyword("number"),
                    _ => return None,
                },
                BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Mod | BinaryOp::Exp
                    if sub(&e.left)? == keyword("number")
                        && sub(&e.right)? == keyword("number") =>
                {
                    keyword("number")
                }
                _ => return None,
            },
            Expr::Cond(e) => union([sub(&e.cons)?, sub(&e.alt)?]),
            Expr::Array(array) if !array.elems.is_empty() => {
                let items: Option<Vec<TypeExpr>> = array
                    .elems
                    .iter()
                    .map(|item| {
                        item.as_ref().filter(|i| i.spread.is_none()).and_then(|i| sub(&i.expr))
                    })
                    .collect();
                TypeExpr::Array(Box::new(union(items?)))
            }
            Expr::Object(object) => {
                let mut members = Vec::with_capacity(object.props.len());
                for prop in &object.props {
                    let PropOrSpread::Prop(prop) = prop else { return None };
                    let (key, ty) = match &**prop {
                        Prop::Shorthand(ident) => (
                            crate::model::types::Key::Name(ident.sym.to_string()),
                            sub(&Expr::Ident(ident.clone()))?,
                        ),
                        Prop::KeyValue(pair) => (property_key(&pair.key)?, sub(&pair.value)?),
                        _ => return None,
                    };
                    members.push(Member {
                        kind: MemberKind::Property {
                            key,
                            optional: false,
                            readonly: false,
                            ty,
                            storage: FieldStorage::default(),
                        },
                        docs: None,
                        span: Span::default(),
                    });
                }
                TypeExpr::Object(members)
            }
            Expr::Call(call) => {
                let Callee::Expr(callee) = &call.callee else { return None };
                let Expr::Member(member) = &**callee else { return None };
                let MemberProp::Ident(method) = &member.prop else { return None };
                match (&*member.obj, method.sym.as_str()) {
                    (Expr::Ident(object), "randomUUID") if object.sym == "crypto" => {
                        keyword("string")
                    }
                    (Expr::Ident(object), "now") if object.sym == "Date" => keyword("number"),
                    (Expr::New(new), "toISOString") if matches!(&*new.callee, Expr::Ident(i) if i.sym == "Date") => {
                        keyword("string")
                    }
                    _ => return None,
                }
            }
            _ => return None,
        })
    }
}

fn keyword(name: &str) -> TypeExpr {
    TypeExpr::Keyword(name.to_owned())
}

fn union(types: impl IntoIterator<Item = TypeExpr>) -> TypeExpr {
    let mut distinct: Vec<TypeExpr> = Vec::new();
    for ty in types {
        if !distinct.contains(&ty) {
            distinct.push(ty);
        }
    }
    if distinct.len() == 1 { distinct.remove(0) } else { TypeExpr::Union(distinct) }
}

/// The values a function itself returns, and the names bound anywhere in it.
#[derive(Default)]
struct Returns {
    values: Vec<Option<Box<Expr>>>,
    bound: FxHashMap<String, usize>,
}

impl Visit for Returns {
    fn visit_return_stmt(&mut self, statement: &ReturnStmt) {
        self.values.push(statement.arg.clone());
    }
    fn visit_binding_ident(&mut self, ident: &BindingIdent) {
        *self.bound.entry(ident.id.sym.to_string()).or_default() += 1;
    }
    fn visit_function(&mut self, _: &Function) {}
    fn visit_arrow_expr(&mut self, _: &ArrowExpr) {}
    fn visit_class(&mut self, _: &Class) {}
    fn visit_ts_type(&mut self, _: &TsType) {}
}

/// Control may reach the end of the statements, as far as can be told from their last one.
fn falls_through(statements: &[Stmt]) -> bool {
    match statements.last() {
        Some(Stmt::Return(_) | Stmt::Throw(_)) => false,
        Some(Stmt::Block(block)) => falls_through(&block.stmts),
        Some(Stmt::If(branch)) => match &branch.alt {
            Some(alt) => {
                falls_through(std::slice::from_ref(&branch.cons))
                    || falls_through(std::slice::from_ref(alt))
            }
            None => true,
        },
        Some(Stmt::Try(attempt)) => {
            falls_through(&attempt.block.stmts)
                || attempt.handler.as_ref().is_some_and(|h| falls_through(&h.body.stmts))
        }
        _ => true,
    }
}
