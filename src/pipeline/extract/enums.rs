//! Enums, with the values of their members.

use swc_ecma_ast::{Expr, MemberProp, TsEnumDecl, TsEnumMemberId, UnaryOp};

use super::{Extractor, constant};
use crate::{
    model::contract::{
        ConstantValue, EnumMember, TypeDeclaration, TypeDeclarationKind, TypeStorage,
    },
    source::span,
};

impl Extractor<'_> {
    pub fn enumeration(&self, decl: &TsEnumDecl, outer: swc_common::Span) -> TypeDeclaration {
        let mut next = Some(0.0);
        let mut known: Vec<(String, ConstantValue)> = Vec::new();
        let members = decl
            .members
            .iter()
            .map(|member| {
                let name = match &member.id {
                    TsEnumMemberId::Ident(ident) => ident.sym.to_string(),
                    TsEnumMemberId::Str(s) => s.value.to_string_lossy().into_owned(),
                };
                let value = match &member.init {
                    None => next.map(ConstantValue::Number),
                    Some(init) => self.enum_value(init, &decl.id.sym, &known),
                };
                next = match &value {
                    Some(ConstantValue::Number(n)) => Some(n + 1.0),
                    _ => None,
                };
                if let Some(value) = &value {
                    known.push((name.clone(), value.clone()));
                }
                EnumMember { name, value, docs: self.docs(member.span.lo) }
            })
            .collect();
        TypeDeclaration {
            name: decl.id.sym.to_string(),
            kind: TypeDeclarationKind::Enum { members, is_const: decl.is_const },
            type_parameters: Vec::new(),
            docs: self.docs(outer.lo),
            span: span(decl.id.span),
            entity: false,
            storage: TypeStorage::default(),
        }
    }

    /// Enum members may name earlier ones and combine numbers: `All = Read | Write`, `1 << 2`.
    fn enum_value(
        &self,
        init: &Expr,
        name: &str,
        known: &[(String, ConstantValue)],
    ) -> Option<ConstantValue> {
        use swc_ecma_ast::BinaryOp as Op;
        let earlier =
            |member: &str| known.iter().find(|(k, _)| k == member).map(|(_, v)| v.clone());
        match init {
            Expr::Paren(e) => self.enum_value(&e.expr, name, known),
            Expr::Ident(ident) => earlier(&ident.sym)
                .or_else(|| self.constants.evaluate(init).ok())
                .filter(is_enum_value),
            Expr::Member(member) if matches!(&*member.obj, Expr::Ident(i) if i.sym == name) => {
                match &member.prop {
                    MemberProp::Ident(prop) => earlier(&prop.sym),
                    _ => None,
                }
            }
            Expr::Bin(binary) => {
                let left = self.enum_value(&binary.left, name, known)?;
                let right = self.enum_value(&binary.right, name, known)?;
                let (ConstantValue::Number(a), ConstantValue::Number(b)) = (&left, &right) else {
                    return match (left, right) {
                        (ConstantValue::String(a), ConstantValue::String(b))
                            if binary.op == Op::Add =>
                        {
                            Some(ConstantValue::String(a + &b))
                        }
                        _ => None,
                    };
                };
                let (a, b) = (*a, *b);
                let bits = |f: fn(i32, i32) -> i32| {
                    Some(f64::from(f(constant::mask(a)?, constant::mask(b)?)))
                };
                Some(ConstantValue::Number(match binary.op {
                    Op::Add => a + b,
                    Op::Sub => a - b,
                    Op::Mul => a * b,
                    Op::Div => a / b,
                    Op::BitOr => bits(|a, b| a | b)?,
                    Op::BitAnd => bits(|a, b| a & b)?,
                    Op::BitXor => bits(|a, b| a ^ b)?,
                    Op::LShift => bits(|a, b| a.wrapping_shl(b.cast_unsigned()))?,
                    Op::RShift => bits(|a, b| a.wrapping_shr(b.cast_unsigned()))?,
                    _ => return None,
                }))
            }
            Expr::Unary(unary) if unary.op == UnaryOp::Tilde => {
                match self.enum_value(&unary.arg, name, known)? {
                    ConstantValue::Number(n) => {
                        Some(ConstantValue::Number(f64::from(!constant::mask(n)?)))
                    }
                    _ => None,
                }
            }
            _ => self.constants.evaluate(init).ok().filter(is_enum_value),
        }
    }
}

fn is_enum_value(value: &ConstantValue) -> bool {
    matches!(value, ConstantValue::Number(_) | ConstantValue::String(_))
}
