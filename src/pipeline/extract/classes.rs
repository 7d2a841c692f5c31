//! Classes as values, for the declarations of shared modules that are sent to clients as code.
//!
//! Input: `class Box<T> { static made = 0; constructor(readonly value: T) {} }`
//! Output: the type `{ new <T>(value: T): Box<T>; made: number }`.

use swc_ecma_ast::{
    Class, ClassMember, Ident, MethodKind, ParamOrTsParamProp, Pat, TsParamPropParam,
};

use super::{Extractor, constant, declarations::is_public, types::literal_default};
use crate::{
    model::types::{FieldStorage, FunctionType, Member, MemberKind, TypeExpr},
    source::span,
};

impl Extractor<'_> {
    /// A class as a value: its constructor and its public static members. None where a type is
    /// missing, or comes from a parent.
    pub fn class_value(&self, class: &Class, ident: &Ident) -> Option<TypeExpr> {
        let mut parameters = class.super_class.is_none().then(Vec::new);
        let mut members = Vec::new();
        for member in &class.body {
            let (kind, at) = match member {
                ClassMember::Constructor(constructor) if constructor.body.is_some() => {
                    let patterns: Option<Vec<Pat>> = constructor
                        .params
                        .iter()
                        .map(|param| match param {
                            ParamOrTsParamProp::Param(param) => Some(param.pat.clone()),
                            ParamOrTsParamProp::TsParamProp(prop) => match &prop.param {
                                TsParamPropParam::Ident(ident) => Some(Pat::Ident(ident.clone())),
                                TsParamPropParam::Assign(assign) => {
                                    Some(Pat::Assign(assign.clone()))
                                }
                            },
                        })
                        .collect();
                    parameters = Some(self.parameters(patterns?.iter()));
                    continue;
                }
                ClassMember::ClassProp(prop) if prop.is_static && is_public(prop.accessibility) => {
                    let ty = match &prop.type_ann {
                        Some(t) => self.ty(&t.type_ann),
                        None => prop.value.as_deref().and_then(literal_default)?,
                    };
                    let kind = MemberKind::Property {
                        key: constant::property_key(&prop.key)?,
                        optional: prop.is_optional,
                        readonly: prop.readonly,
                        ty,
                        storage: FieldStorage::default(),
                    };
                    (kind, prop.span)
                }
                ClassMember::Method(method)
                    if method.is_static && is_public(method.accessibility) =>
                {
                    let signature = self.function_type(&method.function);
                    if method.kind != MethodKind::Method
                        || signature.result.is_none()
                        || signature.parameters.iter().any(|p| p.ty.is_none())
                    {
                        return None;
                    }
                    let key = constant::property_key(&method.key)?;
                    (MemberKind::Method { key, optional: false, signature }, method.span)
                }
                _ => continue,
            };
            members.push(Member { kind, docs: None, span: span(at) });
        }
        let parameters = parameters?;
        if parameters.iter().any(|p| p.ty.is_none()) {
            return None;
        }
        let type_parameters = self.type_parameters(class.type_params.as_deref());
        let arguments = type_parameters.iter().map(|p| TypeExpr::Reference {
            name: p.name.clone(),
            arguments: Vec::new(),
            span: span(ident.span),
        });
        let instance = TypeExpr::Reference {
            name: ident.sym.to_string(),
            arguments: arguments.collect(),
            span: span(ident.span),
        };
        let construct = FunctionType {
            constructor: true,
            is_abstract: class.is_abstract,
            type_parameters,
            parameters,
            result: Some(instance),
        };
        if members.is_empty() {
            return Some(TypeExpr::Function(Box::new(construct)));
        }
        let kind = MemberKind::Construct(construct);
        members.insert(0, Member { kind, docs: None, span: span(class.span) });
        Some(TypeExpr::Object(members))
    }
}
