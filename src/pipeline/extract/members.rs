//! The members of object types and interfaces, and what annotations say of fields.

use swc_common::Spanned;
use swc_ecma_ast::{Expr, Lit, TsLit, TsType, TsTypeElement};

use super::{
    Extractor, constant,
    diagnostics::{two_ranges, wrapper_in_inner_type, wrong_kind},
    types::{any, entity_name, expression_path, scalar},
};
use crate::{
    model::{
        perms,
        shape::Scalar,
        types::{FieldStorage, FunctionType, Key, Member, MemberKind},
    },
    source::{AnnotationName, span},
};

impl Extractor<'_> {
    /// Reads what lies inside another type or a namespace: no rows of a table.
    pub fn inside<T>(&self, read: impl FnOnce() -> T) -> T {
        let before = self.inner.replace(true);
        let found = read();
        self.inner.set(before);
        found
    }

    pub fn members(&self, members: &[TsTypeElement]) -> Vec<Member> {
        members.iter().filter_map(|member| self.member(member)).collect()
    }

    fn member(&self, member: &TsTypeElement) -> Option<Member> {
        let kind = match member {
            TsTypeElement::TsPropertySignature(p) => {
                let mut storage = self.field_annotations(p.span, p.key.span());
                let ty = p.type_ann.as_ref().map_or_else(any, |t| {
                    self.field_wrappers(&t.type_ann, &mut storage);
                    self.ty(&t.type_ann)
                });
                MemberKind::Property {
                    key: expression_key(&p.key, p.computed)?,
                    optional: p.optional,
                    readonly: p.readonly,
                    ty,
                    storage,
                }
            }
            TsTypeElement::TsMethodSignature(m) => MemberKind::Method {
                key: expression_key(&m.key, m.computed)?,
                optional: m.optional,
                signature: FunctionType {
                    constructor: false,
                    is_abstract: false,
                    type_parameters: self.type_parameters(m.type_params.as_deref()),
                    parameters: self.fn_params(&m.params),
                    result: self.annotation(m.type_ann.as_deref()),
                },
            },
            TsTypeElement::TsGetterSignature(g) => MemberKind::Getter {
                key: expression_key(&g.key, g.computed)?,
                ty: self.annotation(g.type_ann.as_deref()).unwrap_or_else(any),
            },
            TsTypeElement::TsSetterSignature(s) => MemberKind::Setter {
                key: expression_key(&s.key, s.computed)?,
                parameter: self.fn_params(std::slice::from_ref(&s.param)).pop()?,
            },
            TsTypeElement::TsCallSignatureDecl(c) => MemberKind::Call(FunctionType {
                constructor: false,
                is_abstract: false,
                type_parameters: self.type_parameters(c.type_params.as_deref()),
                parameters: self.fn_params(&c.params),
                result: self.annotation(c.type_ann.as_deref()),
            }),
            TsTypeElement::TsConstructSignatureDecl(c) => MemberKind::Construct(FunctionType {
                constructor: true,
                is_abstract: false,
                type_parameters: self.type_parameters(c.type_params.as_deref()),
                parameters: self.fn_params(&c.params),
                result: self.annotation(c.type_ann.as_deref()),
            }),
            TsTypeElement::TsIndexSignature(i) => MemberKind::Index {
                parameter: self.fn_params(&i.params).into_iter().next()?,
                readonly: i.readonly,
                ty: self.annotation(i.type_ann.as_deref()).unwrap_or_else(any),
            },
        };
        Some(Member { kind, docs: self.docs(member.span().lo), span: span(member.span()) })
    }

    /// `@primkey`, `@perm(…)` and the like before a field.
    pub fn field_annotations(
        &self,
        node: swc_common::Span,
        name: swc_common::Span,
    ) -> FieldStorage {
        let mut storage =
            FieldStorage { scalar: self.scalar_annotation(node, name), ..FieldStorage::default() };
        if self.inner.get() {
            // They stay, and are reported as attached to the wrong thing.
            return storage;
        }
        let taken = self.annotations.take(node, name);
        for (i, annotation) in taken.iter().enumerate() {
            self.check_repeated(&taken[..i], annotation);
            match &annotation.name {
                AnnotationName::Primkey => {
                    self.no_arguments(annotation);
                    storage.primary_key = true;
                }
                AnnotationName::Perm => storage.perm = self.field_perm(annotation).or(storage.perm),
                AnnotationName::Index => {
                    self.no_arguments(annotation);
                    storage.index = true;
                }
                AnnotationName::Unique => {
                    self.no_arguments(annotation);
                    storage.unique = true;
                }
                AnnotationName::Scalar(_) => {}
                other => self.report(wrong_kind(
                    self.file,
                    annotation.span,
                    other.as_str(),
                    "a field",
                    "fields take `@primkey`, `@perm(perms.R__)`, `@index`, `@unique` and `@int32`",
                )),
            }
        }
        storage
    }

    /// `@int32` and the like before a field or parameter.
    pub fn scalar_annotation(
        &self,
        node: swc_common::Span,
        name: swc_common::Span,
    ) -> Option<Scalar> {
        if self.annotations.is_empty() {
            return None;
        }
        let is_scalar = |name| matches!(name, AnnotationName::Scalar(_));
        let taken = self.annotations.take_some(node, name, is_scalar);
        for annotation in &taken {
            self.no_arguments(annotation);
        }
        if let [first, second, ..] = taken.as_slice()
            && first.name != second.name
        {
            let name = format!("@{}", second.name.as_str());
            self.report(two_ranges(self.file, second.span, first.span, &name));
        }
        taken.first().and_then(|annotation| match annotation.name {
            AnnotationName::Scalar(kind) => Some(scalar(kind).0),
            _ => None,
        })
    }

    /// `Primkey<…>`, `Perm<…, 'R__'>` around a field's type.
    pub fn field_wrappers(&self, ty: &TsType, storage: &mut FieldStorage) {
        let TsType::TsTypeRef(reference) = ty else { return };
        let name = entity_name(&reference.type_name);
        let Some(arguments) = reference.type_params.as_deref() else { return };
        let at = span(reference.span);
        match self.names.meaning_of_path(&name) {
            Some(wrapper @ ("Primkey" | "Perm" | "Index" | "Unique")) if self.inner.get() => {
                self.report(wrapper_in_inner_type(self.file, at, wrapper));
            }
            Some("Primkey") => storage.primary_key = true,
            Some("Perm") => {
                let mask = arguments.params.get(1).map(|t| match &**t {
                    TsType::TsLitType(literal) => match &literal.lit {
                        TsLit::Str(s) => {
                            s.value.as_str().map(|s| (s.to_owned(), span(literal.lit.span())))
                        }
                        _ => None,
                    },
                    _ => None,
                });
                match mask {
                    Some(Some((mask, at))) => match perms::by_name(&mask) {
                        Some(mask) => storage.perm = Some(mask),
                        None => self.report(super::diagnostics::unknown_perm(self.file, at, &mask)),
                    },
                    _ => self.report(super::diagnostics::not_constant(
                        self.file,
                        at,
                        "the mask in `Perm<…, 'R__'>`",
                    )),
                }
            }
            Some("Index") => storage.index = true,
            Some("Unique") => storage.unique = true,
            _ => return,
        }
        if let Some(inner) = arguments.params.first() {
            self.field_wrappers(inner, storage);
        }
    }
}

pub fn has_storage(members: &[Member]) -> bool {
    members
        .iter()
        .any(|m| matches!(&m.kind, MemberKind::Property { storage, .. } if storage.is_annotated()))
}

fn expression_key(expr: &Expr, computed: bool) -> Option<Key> {
    match expr {
        Expr::Ident(ident) if !computed => Some(Key::Name(ident.sym.to_string())),
        Expr::Lit(Lit::Str(s)) => Some(Key::Name(s.value.as_str()?.to_owned())),
        Expr::Lit(Lit::Num(n)) => Some(Key::Number(constant::number_text(n.value))),
        _ => expression_path(expr).map(Key::Computed),
    }
}
