//! Types as written → `TypeExpr`.

use swc_common::Spanned;
use swc_ecma_ast::{
    ArrayPat, ArrowExpr, Expr, Function, Lit, MemberProp, ObjectPat, Param, Pat, RestPat,
    TruePlusMinus, TsEntityName, TsFnOrConstructorType, TsFnParam, TsKeywordTypeKind, TsLit,
    TsThisTypeOrIdent, TsType, TsTypeAnn, TsTypeOperatorOp, TsTypeParam, TsTypeParamDecl,
    TsTypeParamInstantiation, TsTypeQueryExpr, TsUnionOrIntersectionType, UnaryOp,
};

use super::{Extractor, constant};
use crate::{
    model::{
        Span,
        shape::Scalar,
        types::{
            FunctionType, LiteralType, MappedType, Parameter, TupleElement, TypeExpr, TypeParameter,
        },
    },
    source::{AnnotationName, ScalarKind, span},
};

impl Extractor<'_> {
    pub fn ty(&self, ty: &TsType) -> TypeExpr {
        match ty {
            TsType::TsKeywordType(keyword) => {
                TypeExpr::Keyword(keyword_text(keyword.kind).to_owned())
            }
            TsType::TsThisType(_) => TypeExpr::Keyword("this".to_owned()),
            TsType::TsFnOrConstructorType(TsFnOrConstructorType::TsFnType(f)) => {
                TypeExpr::Function(Box::new(FunctionType {
                    constructor: false,
                    is_abstract: false,
                    type_parameters: self.type_parameters(f.type_params.as_deref()),
                    parameters: self.fn_params(&f.params),
                    result: Some(self.ty(&f.type_ann.type_ann)),
                }))
            }
            TsType::TsFnOrConstructorType(TsFnOrConstructorType::TsConstructorType(f)) => {
                TypeExpr::Function(Box::new(FunctionType {
                    constructor: true,
                    is_abstract: f.is_abstract,
                    type_parameters: self.type_parameters(f.type_params.as_deref()),
                    parameters: self.fn_params(&f.params),
                    result: Some(self.ty(&f.type_ann.type_ann)),
                }))
            }
            TsType::TsTypeRef(reference) => self.reference(
                entity_name(&reference.type_name),
                reference.type_params.as_deref(),
                span(reference.span),
            ),
            TsType::TsTypeQuery(query) => match &query.expr_name {
                TsTypeQueryExpr::TsEntityName(name) => TypeExpr::Query {
                    name: entity_name(name),
                    arguments: self.type_arguments(query.type_args.as_deref()),
                    span: span(query.span),
                },
                TsTypeQueryExpr::Import(import) => TypeExpr::Operator {
                    operator: "typeof".to_owned(),
                    operand: Box::new(self.import_type(import)),
                },
            },
            TsType::TsTypeLit(literal) => {
                TypeExpr::Object(self.inside(|| self.members(&literal.members)))
            }
            TsType::TsArrayType(array) => TypeExpr::Array(Box::new(self.ty(&array.elem_type))),
            TsType::TsTupleType(tuple) => TypeExpr::Tuple(
                tuple
                    .elem_types
                    .iter()
                    .map(|element| {
                        let label = element.label.as_ref().and_then(pattern_name);
                        let (optional, rest, ty) = match &*element.ty {
                            TsType::TsOptionalType(t) => (true, false, &t.type_ann),
                            TsType::TsRestType(t) => (false, true, &t.type_ann),
                            _ => (
                                matches!(&element.label, Some(Pat::Ident(i)) if i.id.optional),
                                false,
                                &element.ty,
                            ),
                        };
                        let rest = rest || matches!(element.label, Some(Pat::Rest(_)));
                        TupleElement { label, optional, rest, ty: self.ty(ty) }
                    })
                    .collect(),
            ),
            // Only inside tuples, where they are read above.
            TsType::TsOptionalType(t) => self.ty(&t.type_ann),
            TsType::TsRestType(t) => self.ty(&t.type_ann),
            TsType::TsUnionOrIntersectionType(TsUnionOrIntersectionType::TsUnionType(union)) => {
                TypeExpr::Union(union.types.iter().map(|t| self.ty(t)).collect())
            }
            TsType::TsUnionOrIntersectionType(TsUnionOrIntersectionType::TsIntersectionType(
                both,
            )) => TypeExpr::Intersection(both.types.iter().map(|t| self.ty(t)).collect()),
            TsType::TsConditionalType(t) => TypeExpr::Conditional {
                check: Box::new(self.ty(&t.check_type)),
                extends: Box::new(self.ty(&t.extends_type)),
                then: Box::new(self.ty(&t.true_type)),
                otherwise: Box::new(self.ty(&t.false_type)),
            },
            TsType::TsInferType(t) => TypeExpr::Infer {
                name: t.type_param.name.sym.to_string(),
                constraint: t.type_param.constraint.as_ref().map(|c| Box::new(self.ty(c))),
            },
            TsType::TsParenthesizedType(t) => self.ty(&t.type_ann),
            TsType::TsTypeOperator(t) => TypeExpr::Operator {
                operator: match t.op {
                    TsTypeOperatorOp::KeyOf => "keyof",
                    TsTypeOperatorOp::Unique => "unique",
                    TsTypeOperatorOp::ReadOnly => "readonly",
                }
                .to_owned(),
                operand: Box::new(self.ty(&t.type_ann)),
            },
            TsType::TsIndexedAccessType(t) => TypeExpr::Indexed {
                object: Box::new(self.ty(&t.obj_type)),
                index: Box::new(self.ty(&t.index_type)),
            },
            TsType::TsMappedType(t) => TypeExpr::Mapped(Box::new(MappedType {
                parameter: t.type_param.name.sym.to_string(),
                constraint: t
                    .type_param
                    .constraint
                    .as_ref()
                    .map_or_else(|| TypeExpr::Keyword("string".to_owned()), |c| self.ty(c)),
                name: t.name_type.as_ref().map(|t| self.ty(t)),
                readonly: modifier(t.readonly, "readonly"),
                optional: modifier(t.optional, "?"),
                ty: t.type_ann.as_ref().map(|t| self.ty(t)),
            })),
            TsType::TsLitType(literal) => match &literal.lit {
                TsLit::Number(n) => {
                    TypeExpr::Literal(LiteralType::Number(constant::number_text(n.value)))
                }
                TsLit::Str(s) => {
                    TypeExpr::Literal(LiteralType::String(s.value.to_string_lossy().into_owned()))
                }
                TsLit::Bool(b) => TypeExpr::Literal(LiteralType::Boolean(b.value)),
                TsLit::BigInt(n) => TypeExpr::Literal(LiteralType::BigInt(n.value.to_string())),
                TsLit::Tpl(template) => TypeExpr::Template {
                    texts: template.quasis.iter().map(|q| q.raw.to_string()).collect(),
                    types: template.types.iter().map(|t| self.ty(t)).collect(),
                },
            },
            TsType::TsTypePredicate(predicate) => TypeExpr::Predicate {
                asserts: predicate.asserts,
                parameter: match &predicate.param_name {
                    TsThisTypeOrIdent::TsThisType(_) => "this".to_owned(),
                    TsThisTypeOrIdent::Ident(ident) => ident.sym.to_string(),
                },
                ty: predicate.type_ann.as_ref().map(|t| Box::new(self.ty(&t.type_ann))),
            },
            TsType::TsImportType(import) => self.import_type(import),
        }
    }

    fn import_type(&self, import: &swc_ecma_ast::TsImportType) -> TypeExpr {
        TypeExpr::Import {
            specifier: import.arg.value.to_string_lossy().into_owned(),
            qualifier: import.qualifier.as_ref().map(entity_name),
            arguments: self.type_arguments(import.type_args.as_deref()),
            span: span(import.span),
        }
    }

    /// Transparent aliases such as `Primkey<T>` are T.
    fn reference(
        &self,
        name: String,
        arguments: Option<&TsTypeParamInstantiation>,
        at: Span,
    ) -> TypeExpr {
        if let (Some(meaning), Some(arguments)) = (self.names.meaning_of_path(&name), arguments)
            && let "Primkey" | "Perm" | "Index" | "Unique" = meaning
            && let Some(inner) = arguments.params.first()
        {
            return self.ty(inner);
        }
        if let Some(scalar) = self.names.meaning_of_path(&name).and_then(scalar_named) {
            let bigint = arguments.and_then(|a| a.params.first()).is_some_and(|t| {
                matches!(&**t, TsType::TsKeywordType(k) if k.kind == TsKeywordTypeKind::TsBigIntKeyword)
            });
            return TypeExpr::Scalar { scalar, bigint };
        }
        TypeExpr::Reference { name, arguments: self.type_arguments(arguments), span: at }
    }

    /// The name comes from `kontract` by import: `Int32` alone may be a global of the user's.
    pub fn is_ours(&self, name: &str) -> bool {
        name.contains('.') || self.names.is_imported(name)
    }

    pub fn type_arguments(&self, arguments: Option<&TsTypeParamInstantiation>) -> Vec<TypeExpr> {
        arguments.map(|a| a.params.iter().map(|t| self.ty(t)).collect()).unwrap_or_default()
    }

    pub fn type_parameters(&self, parameters: Option<&TsTypeParamDecl>) -> Vec<TypeParameter> {
        parameters
            .map(|p| p.params.iter().map(|p| self.type_parameter(p)).collect())
            .unwrap_or_default()
    }

    fn type_parameter(&self, parameter: &TsTypeParam) -> TypeParameter {
        let modifiers =
            [(parameter.is_const, "const"), (parameter.is_in, "in"), (parameter.is_out, "out")];
        TypeParameter {
            name: parameter.name.sym.to_string(),
            modifiers: modifiers
                .iter()
                .filter(|(set, _)| *set)
                .map(|(_, m)| (*m).to_owned())
                .collect(),
            constraint: parameter.constraint.as_ref().map(|t| self.ty(t)),
            default: parameter.default.as_ref().map(|t| self.ty(t)),
        }
    }

    pub fn annotation(&self, annotation: Option<&TsTypeAnn>) -> Option<TypeExpr> {
        annotation.map(|a| self.ty(&a.type_ann))
    }

    pub fn fn_params(&self, params: &[TsFnParam]) -> Vec<Parameter> {
        params
            .iter()
            .enumerate()
            .map(|(i, param)| match param {
                TsFnParam::Ident(ident) => Parameter {
                    name: ident.id.sym.to_string(),
                    ty: self.annotation(ident.type_ann.as_deref()),
                    optional: ident.id.optional,
                    rest: false,
                    scalar: None,
                    span: span(ident.id.span),
                },
                TsFnParam::Rest(rest) => self.rest(rest, i),
                TsFnParam::Array(ArrayPat { type_ann, optional, span: at, .. })
                | TsFnParam::Object(ObjectPat { type_ann, optional, span: at, .. }) => Parameter {
                    name: format!("arg{i}"),
                    ty: self.annotation(type_ann.as_deref()),
                    optional: *optional,
                    rest: false,
                    scalar: None,
                    span: span(*at),
                },
            })
            .collect()
    }

    fn rest(&self, rest: &RestPat, index: usize) -> Parameter {
        Parameter {
            name: pattern_name(&rest.arg).unwrap_or_else(|| format!("arg{index}")),
            ty: self.annotation(rest.type_ann.as_deref()),
            optional: false,
            rest: true,
            scalar: None,
            span: span(rest.span),
        }
    }

    /// The parameters of a function's implementation.
    pub fn parameters<'p>(&self, params: impl Iterator<Item = &'p Pat>) -> Vec<Parameter> {
        params.enumerate().map(|(i, pat)| self.parameter(pat, i)).collect()
    }

    fn parameter(&self, pat: &Pat, index: usize) -> Parameter {
        let (pat, default) = match pat {
            Pat::Assign(assign) => (&*assign.left, Some(&*assign.right)),
            pat => (pat, None),
        };
        let (ty, optional) = match pat {
            Pat::Ident(ident) => (ident.type_ann.as_deref(), ident.id.optional),
            Pat::Array(array) => (array.type_ann.as_deref(), array.optional),
            Pat::Object(object) => (object.type_ann.as_deref(), object.optional),
            Pat::Rest(rest) => return self.rest(rest, index),
            Pat::Assign(_) | Pat::Invalid(_) | Pat::Expr(_) => (None, false),
        };
        Parameter {
            name: pattern_name(pat).unwrap_or_else(|| format!("arg{index}")),
            ty: self.annotation(ty).or_else(|| default.and_then(literal_default)),
            optional: optional || default.is_some(),
            rest: false,
            scalar: None,
            span: span(pat.span()),
        }
    }

    pub fn function_type(&self, function: &Function) -> FunctionType {
        FunctionType {
            constructor: false,
            is_abstract: false,
            type_parameters: self.type_parameters(function.type_params.as_deref()),
            parameters: self.parameters(function.params.iter().map(|p: &Param| &p.pat)),
            result: self.annotation(function.return_type.as_deref()),
        }
    }

    pub fn arrow_type(&self, arrow: &ArrowExpr) -> FunctionType {
        FunctionType {
            constructor: false,
            is_abstract: false,
            type_parameters: self.type_parameters(arrow.type_params.as_deref()),
            parameters: self.parameters(arrow.params.iter()),
            result: self.annotation(arrow.return_type.as_deref()),
        }
    }
}

pub fn any() -> TypeExpr {
    TypeExpr::Keyword("any".to_owned())
}

/// An unannotated parameter or field with a literal has the literal's type.
pub fn literal_default(expr: &Expr) -> Option<TypeExpr> {
    let keyword = match expr {
        Expr::Lit(Lit::Str(_)) | Expr::Tpl(_) => "string",
        Expr::Lit(Lit::Num(_)) => "number",
        Expr::Lit(Lit::Bool(_)) => "boolean",
        Expr::Lit(Lit::BigInt(_)) => "bigint",
        Expr::Unary(unary) if matches!(unary.op, UnaryOp::Minus | UnaryOp::Plus) => {
            return literal_default(&unary.arg);
        }
        Expr::Paren(paren) => return literal_default(&paren.expr),
        _ => return None,
    };
    Some(TypeExpr::Keyword(keyword.to_owned()))
}

pub fn pattern_name(pat: &Pat) -> Option<String> {
    match pat {
        Pat::Ident(ident) => Some(ident.id.sym.to_string()),
        Pat::Rest(rest) => pattern_name(&rest.arg),
        Pat::Assign(assign) => pattern_name(&assign.left),
        _ => None,
    }
}

pub fn entity_name(name: &TsEntityName) -> String {
    match name {
        TsEntityName::Ident(ident) => ident.sym.to_string(),
        TsEntityName::TsQualifiedName(qualified) => {
            format!("{}.{}", entity_name(&qualified.left), qualified.right.sym)
        }
    }
}

/// `a.b.c` as an expression.
pub fn expression_path(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Ident(ident) => Some(ident.sym.to_string()),
        Expr::Member(member) => match &member.prop {
            MemberProp::Ident(prop) => {
                Some(format!("{}.{}", expression_path(&member.obj)?, prop.sym))
            }
            _ => None,
        },
        _ => None,
    }
}

fn modifier(sign: Option<TruePlusMinus>, text: &str) -> String {
    match sign {
        None => String::new(),
        Some(TruePlusMinus::True) => text.to_owned(),
        Some(TruePlusMinus::Plus) => format!("+{text}"),
        Some(TruePlusMinus::Minus) => format!("-{text}"),
    }
}

fn scalar_named(name: &str) -> Option<Scalar> {
    AnnotationName::all().find_map(|known| match known {
        AnnotationName::Scalar(kind) if scalar(kind).1 == name => Some(scalar(kind).0),
        _ => None,
    })
}

/// What `@int32` says, and its spelling as a type.
pub fn scalar(kind: ScalarKind) -> (Scalar, &'static str) {
    match kind {
        ScalarKind::Int8 => (Scalar::Int8, "Int8"),
        ScalarKind::Int16 => (Scalar::Int16, "Int16"),
        ScalarKind::Int32 => (Scalar::Int32, "Int32"),
        ScalarKind::Int64 => (Scalar::Int64, "Int64"),
        ScalarKind::Uint8 => (Scalar::Uint8, "Uint8"),
        ScalarKind::Uint16 => (Scalar::Uint16, "Uint16"),
        ScalarKind::Uint32 => (Scalar::Uint32, "Uint32"),
        ScalarKind::Uint64 => (Scalar::Uint64, "Uint64"),
        ScalarKind::Float32 => (Scalar::Float32, "Float32"),
        ScalarKind::Float64 => (Scalar::Float64, "Float64"),
    }
}

fn keyword_text(kind: TsKeywordTypeKind) -> &'static str {
    match kind {
        TsKeywordTypeKind::TsAnyKeyword => "any",
        TsKeywordTypeKind::TsUnknownKeyword => "unknown",
        TsKeywordTypeKind::TsNumberKeyword => "number",
        TsKeywordTypeKind::TsObjectKeyword => "object",
        TsKeywordTypeKind::TsBooleanKeyword => "boolean",
        TsKeywordTypeKind::TsBigIntKeyword => "bigint",
        TsKeywordTypeKind::TsStringKeyword => "string",
        TsKeywordTypeKind::TsSymbolKeyword => "symbol",
        TsKeywordTypeKind::TsVoidKeyword => "void",
        TsKeywordTypeKind::TsUndefinedKeyword => "undefined",
        TsKeywordTypeKind::TsNullKeyword => "null",
        TsKeywordTypeKind::TsNeverKeyword => "never",
        TsKeywordTypeKind::TsIntrinsicKeyword => "intrinsic",
    }
}
