//! The types of expressions.

use swc_ecma_ast::{
    AssignOp, BinaryOp, CallExpr, Callee, Expr, Ident, Lit, MemberProp, ObjectLit, OptChainBase,
    Prop, PropOrSpread, UnaryOp,
};

use super::{
    Walk,
    scope::{Name, Scope},
};
use crate::{
    model::{
        Span, symbolic,
        types::{FieldStorage, Key, LiteralType, Member, MemberKind, TupleElement, TypeExpr},
    },
    pipeline::extract::constant::property_key,
    source::span,
};

impl Walk<'_> {
    pub fn ty(&self, scope: &Scope, expr: &Expr) -> Option<TypeExpr> {
        self.ty_to(scope, expr, MAX_DEPTH)
    }

    pub fn ty_to(&self, scope: &Scope, expr: &Expr, depth: usize) -> Option<TypeExpr> {
        let depth = depth.checked_sub(1)?;
        self.fuel.set(self.fuel.get().checked_sub(1)?);
        let sub = |expr: &Expr| self.ty_to(scope, expr, depth);
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
            Expr::TsAs(e) => self.extractor.ty(&e.type_ann),
            Expr::TsTypeAssertion(e) => self.extractor.ty(&e.type_ann),
            Expr::TsSatisfies(e) => sub(&e.expr)?,
            Expr::TsNonNull(e) => present(sub(&e.expr)?),
            Expr::Await(e) => awaited(sub(&e.arg)?),
            Expr::Ident(ident) => self.name(scope, ident)?,
            Expr::Unary(e) => match e.op {
                UnaryOp::Bang | UnaryOp::Delete => keyword("boolean"),
                UnaryOp::TypeOf => keyword("string"),
                UnaryOp::Void => keyword("undefined"),
                UnaryOp::Plus => keyword("number"),
                UnaryOp::Minus | UnaryOp::Tilde if sub(&e.arg)? == keyword("number") => {
                    keyword("number")
                }
                _ => return None,
            },
            Expr::Update(e) if sub(&e.arg)? == keyword("number") => keyword("number"),
            Expr::Assign(e) if e.op == AssignOp::Assign => sub(&e.right)?,
            Expr::Seq(e) => sub(e.exprs.last()?)?,
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
                BinaryOp::Add => sum(sub(&e.left)?, sub(&e.right)?)?,
                BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Mod | BinaryOp::Exp => {
                    // Both are numbers or both are bigints, or it would not compile.
                    let sides = [sub(&e.left), sub(&e.right)];
                    if !sides.contains(&Some(keyword("number"))) {
                        return None;
                    }
                    keyword("number")
                }
                BinaryOp::NullishCoalescing | BinaryOp::LogicalOr => {
                    union([present(sub(&e.left)?), sub(&e.right)?])
                }
                BinaryOp::LogicalAnd => match (sub(&e.left)?, sub(&e.right)?) {
                    (left, right) if left == right && left == keyword("boolean") => left,
                    _ => return None,
                },
                _ => return None,
            },
            Expr::Cond(e) => {
                let (mut then, mut otherwise) = (scope.clone(), scope.clone());
                then.narrow(&e.test, true);
                otherwise.narrow(&e.test, false);
                union([self.ty_to(&then, &e.cons, depth)?, self.ty_to(&otherwise, &e.alt, depth)?])
            }
            Expr::Array(array) if array.elems.is_empty() => symbolic::empty_array(),
            Expr::Array(array) => {
                let items = array.elems.iter().map(|element| {
                    let element = element.as_ref()?;
                    let ty = sub(&element.expr)?;
                    if element.spread.is_some() { item(&ty) } else { Some(ty) }
                });
                let items: Option<Vec<TypeExpr>> = items.collect();
                TypeExpr::Array(Box::new(union(items?)))
            }
            Expr::Object(object) => self.object(scope, object, false)?,
            Expr::Member(e) => {
                if let Some(ty) = self.context(scope, expr) {
                    return Some(ty);
                }
                match &e.prop {
                    MemberProp::Ident(name) => member(&sub(&e.obj)?, &name.sym)?,
                    _ => return None,
                }
            }
            Expr::OptChain(e) => match &*e.base {
                OptChainBase::Member(base) => {
                    let MemberProp::Ident(name) = &base.prop else { return None };
                    let of = sub(&base.obj)?;
                    let value = member(&present(of.clone()), &name.sym)?;
                    if present(of.clone()) == of && !symbolic::is_symbolic(&of) {
                        value
                    } else {
                        union([value, keyword("undefined")])
                    }
                }
                OptChainBase::Call(_) => return None,
            },
            Expr::Call(call) => self.call(scope, call, depth)?,
            Expr::New(new) => self.constructed(scope, new)?,
            _ => return None,
        })
    }

    fn name(&self, scope: &Scope, ident: &Ident) -> Option<TypeExpr> {
        match scope.get(&ident.sym) {
            Name::Type(ty) => Some(ty.clone()),
            Name::EmptyArray => {
                let pushed = self.pushed.get(ident.sym.as_str())?;
                let types: Option<Vec<TypeExpr>> = pushed.iter().cloned().collect();
                let types = types.filter(|types| !types.is_empty())?;
                Some(TypeExpr::Array(Box::new(union(types))))
            }
            Name::Outside if ident.sym == "undefined" => Some(keyword("undefined")),
            Name::Outside if ident.sym == "NaN" || ident.sym == "Infinity" => {
                Some(keyword("number"))
            }
            Name::Outside => Some(symbolic::named(symbolic::VALUE, &ident.sym)),
            Name::Unknown => None,
        }
    }

    /// `lenient`: what cannot be told is unknown.
    pub fn object(&self, scope: &Scope, object: &ObjectLit, lenient: bool) -> Option<TypeExpr> {
        let mut members: Vec<Member> = Vec::with_capacity(object.props.len());
        let mut add = |member: Member| {
            members.retain(|m| key_of(m) != key_of(&member));
            members.push(member);
        };
        for prop in &object.props {
            let (key, ty) = match prop {
                PropOrSpread::Spread(spread) => {
                    // Of a type with a name, its fields are not known here.
                    let TypeExpr::Object(spread) = self.ty(scope, &spread.expr)? else {
                        return None;
                    };
                    spread.into_iter().for_each(&mut add);
                    continue;
                }
                PropOrSpread::Prop(prop) => match &**prop {
                    Prop::Shorthand(ident) => {
                        (Key::Name(ident.sym.to_string()), self.name(scope, ident))
                    }
                    Prop::KeyValue(pair) => (property_key(&pair.key)?, self.ty(scope, &pair.value)),
                    _ => return None,
                },
            };
            let ty = match ty {
                Some(ty) => ty,
                None if lenient => keyword("unknown"),
                None => return None,
            };
            add(Member {
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
        Some(TypeExpr::Object(members))
    }

    fn constructed(&self, scope: &Scope, new: &swc_ecma_ast::NewExpr) -> Option<TypeExpr> {
        let Expr::Ident(ident) = &*new.callee else { return None };
        if !scope.is_outside(&ident.sym) {
            return None;
        }
        let arguments = self.extractor.type_arguments(new.type_args.as_deref());
        let reference = |name: &str, arguments| TypeExpr::Reference {
            name: name.to_owned(),
            arguments,
            span: span(ident.span),
        };
        match (ident.sym.as_str(), arguments.len()) {
            ("Date" | "Uint8Array" | "URL", 0) => Some(reference(&ident.sym, Vec::new())),
            ("Map", 2) | ("Set", 1) => Some(reference(&ident.sym, arguments)),
            // What it is said to hold decides, and not what it is given.
            (_, 1) if self.extractor.names.is(&ident.sym, "HttpResp") => {
                Some(reference(&ident.sym, arguments))
            }
            _ if self.extractor.names.is(&ident.sym, "HttpResp") => {
                let data = self.ty(scope, &new.args.as_ref()?.first()?.expr)?;
                Some(reference(&ident.sym, vec![data]))
            }
            _ => None,
        }
    }
}

fn key_of(member: &Member) -> Option<&Key> {
    match &member.kind {
        MemberKind::Property { key, .. } => Some(key),
        _ => None,
    }
}

/// `receiver.name(…)`
pub fn method(call: &CallExpr) -> Option<(&Expr, &str)> {
    let Callee::Expr(callee) = &call.callee else { return None };
    let Expr::Member(member) = &**callee else { return None };
    let MemberProp::Ident(name) = &member.prop else { return None };
    Some((&member.obj, &name.sym))
}

pub fn keyword(name: &str) -> TypeExpr {
    TypeExpr::Keyword(name.to_owned())
}

pub fn promise(ty: TypeExpr) -> TypeExpr {
    symbolic::symbolic("Promise", vec![awaited(ty)])
}

pub fn awaited(ty: TypeExpr) -> TypeExpr {
    match ty {
        TypeExpr::Reference { name, mut arguments, .. }
            if matches!(name.as_str(), "Promise" | "PromiseLike") && arguments.len() == 1 =>
        {
            awaited(arguments.remove(0))
        }
        TypeExpr::Union(types) => union(types.into_iter().map(awaited)),
        ty => match symbolic::parts(&ty) {
            Some((symbolic::RESULT | symbolic::ITEM | symbolic::MEMBER | symbolic::PRESENT, _)) => {
                symbolic::symbolic(symbolic::AWAITED, vec![ty])
            }
            _ => ty,
        },
    }
}

/// Without null and undefined.
pub fn present(ty: TypeExpr) -> TypeExpr {
    without(without(ty, "null"), "undefined")
}

/// Without `null` or `undefined`.
pub fn without(ty: TypeExpr, excluded: &str) -> TypeExpr {
    match ty {
        TypeExpr::Union(types) => {
            let left: Vec<TypeExpr> = types
                .into_iter()
                .filter(|ty| *ty != keyword(excluded))
                .map(|ty| without(ty, excluded))
                .collect();
            if left.is_empty() { keyword("never") } else { union(left) }
        }
        ty => match symbolic::parts(&ty) {
            Some((symbolic::ROW | symbolic::SUM | symbolic::PRESENT, _)) | None => ty,
            // Which of the two it may be is not known yet.
            Some(_) => symbolic::symbolic(symbolic::PRESENT, vec![ty]),
        },
    }
}

/// The element of an array or iterable.
pub fn item(ty: &TypeExpr) -> Option<TypeExpr> {
    match ty {
        TypeExpr::Array(item) => Some((**item).clone()),
        TypeExpr::Tuple(elements) if elements.iter().all(|e| !e.rest && !e.optional) => {
            Some(union(elements.iter().map(|e| e.ty.clone())))
        }
        TypeExpr::Operator { operator, operand } if operator == "readonly" => item(operand),
        TypeExpr::Keyword(name) if name == "string" => Some(keyword("string")),
        TypeExpr::Reference { name, arguments, .. }
            if symbolic::ITERABLES.contains(&name.as_str()) && arguments.len() == 1 =>
        {
            arguments.first().cloned()
        }
        TypeExpr::Reference { name, arguments, .. } if name == TABLE => {
            symbolic::literal(arguments.first()).map(|table| symbolic::named(symbolic::ROW, table))
        }
        // An alias may be one.
        TypeExpr::Reference { .. } => Some(symbolic::symbolic(symbolic::ITEM, vec![ty.clone()])),
        _ => None,
    }
}

/// A property.
pub fn member(ty: &TypeExpr, name: &str) -> Option<TypeExpr> {
    if let Some((symbolic::VALUE, arguments)) = symbolic::parts(ty) {
        let of = symbolic::literal(arguments.first())?;
        return Some(symbolic::named(symbolic::VALUE, &format!("{of}.{name}")));
    }
    match ty {
        TypeExpr::Reference { name: of, arguments, .. } if of == TABLE => {
            arguments.is_empty().then(|| symbolic::named(TABLE, name))
        }
        TypeExpr::Object(members) => members.iter().find_map(|member| match &member.kind {
            MemberKind::Property { key: Key::Name(key), ty, optional, .. } if key == name => {
                let ty = ty.clone();
                Some(if *optional { union([ty, keyword("undefined")]) } else { ty })
            }
            _ => None,
        }),
        TypeExpr::Array(_) | TypeExpr::Tuple(_) if name == "length" => Some(keyword("number")),
        TypeExpr::Keyword(kind) if kind == "string" && name == "length" => Some(keyword("number")),
        TypeExpr::Union(types) => {
            let members: Option<Vec<TypeExpr>> = types.iter().map(|t| member(t, name)).collect();
            Some(union(members?))
        }
        TypeExpr::Reference { .. } | TypeExpr::Intersection(_) | TypeExpr::Import { .. } => {
            Some(symbolic::symbolic(symbolic::MEMBER, vec![ty.clone(), symbolic::text(name)]))
        }
        _ => None,
    }
}

fn sum(left: TypeExpr, right: TypeExpr) -> Option<TypeExpr> {
    let (string, number) = (keyword("string"), keyword("number"));
    if left == string || right == string {
        Some(string)
    } else if left == number && right == number {
        Some(number)
    } else if symbolic::is_symbolic(&left) || symbolic::is_symbolic(&right) {
        Some(symbolic::symbolic(symbolic::SUM, vec![left, right]))
    } else {
        None
    }
}

pub fn union(types: impl IntoIterator<Item = TypeExpr>) -> TypeExpr {
    let mut distinct = symbolic::distinct(types);
    if distinct.len() == 1 { distinct.remove(0) } else { TypeExpr::Union(distinct) }
}

pub fn tuple(types: Vec<TypeExpr>) -> TypeExpr {
    let element = |ty| TupleElement { label: None, optional: false, rest: false, ty };
    TypeExpr::Tuple(types.into_iter().map(element).collect())
}

/// A table as a value, or all of them: known while a function is read, never left.
pub const TABLE: &str = "__kontract_table";

/// Deeper expressions are asked for.
const MAX_DEPTH: usize = 32;
