//! Types as written → `TypeExpr`.

use swc_common::Spanned;
use swc_ecma_ast::{
    Accessibility, ArrayPat, ArrowExpr, Class, ClassMember, Decl, Expr, Function, Lit, MemberProp,
    MethodKind, ModuleDecl, ModuleItem, ObjectPat, Param, ParamOrTsParamProp, Pat, RestPat, Stmt,
    TruePlusMinus, TsEntityName, TsEnumDecl, TsEnumMemberId, TsExprWithTypeArgs,
    TsFnOrConstructorType, TsFnParam, TsInterfaceDecl, TsKeywordTypeKind, TsLit, TsModuleDecl,
    TsModuleName, TsNamespaceBody, TsParamPropParam, TsThisTypeOrIdent, TsType, TsTypeAliasDecl,
    TsTypeAnn, TsTypeElement, TsTypeOperatorOp, TsTypeParam, TsTypeParamDecl,
    TsTypeParamInstantiation, TsTypeQueryExpr, TsUnionOrIntersectionType, UnaryOp,
};

use super::{
    Extractor, constant,
    diagnostics::{not_available, unreadable_field, wrapper_in_inner_type, wrong_kind},
};
use crate::{
    model::{
        Span,
        contract::{ConstantValue, EnumMember, TypeDeclaration, TypeDeclarationKind},
        perms,
        types::{
            FieldStorage, FunctionType, Key, LiteralType, MappedType, Member, MemberKind,
            Parameter, TupleElement, TypeExpr, TypeParameter,
        },
    },
    source::{AnnotationName, span},
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
        if arguments.is_none()
            && let Some(meaning) = self.names.meaning_of_path(&name)
            && let Some(base) = scalar_base(meaning)
            && self.is_ours(&name)
        {
            self.report(not_available(
                self.file,
                at,
                &format!("`{name}`"),
                &format!("write `{base}`; ranges are not checked yet"),
            ));
            return TypeExpr::Keyword(base.to_owned());
        }
        TypeExpr::Reference { name, arguments: self.type_arguments(arguments), span: at }
    }

    /// The name comes from `kontract` by import: `Int32` alone may be a global of the user's.
    fn is_ours(&self, name: &str) -> bool {
        name.contains('.') || self.names.is_imported(name)
    }

    fn type_arguments(&self, arguments: Option<&TsTypeParamInstantiation>) -> Vec<TypeExpr> {
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

    fn annotation(&self, annotation: Option<&TsTypeAnn>) -> Option<TypeExpr> {
        annotation.map(|a| self.ty(&a.type_ann))
    }

    fn fn_params(&self, params: &[TsFnParam]) -> Vec<Parameter> {
        params
            .iter()
            .enumerate()
            .map(|(i, param)| match param {
                TsFnParam::Ident(ident) => Parameter {
                    name: ident.id.sym.to_string(),
                    ty: self.annotation(ident.type_ann.as_deref()),
                    optional: ident.id.optional,
                    rest: false,
                    span: span(ident.id.span),
                },
                TsFnParam::Rest(rest) => self.rest(rest, i),
                TsFnParam::Array(ArrayPat { type_ann, optional, span: at, .. })
                | TsFnParam::Object(ObjectPat { type_ann, optional, span: at, .. }) => Parameter {
                    name: format!("arg{i}"),
                    ty: self.annotation(type_ann.as_deref()),
                    optional: *optional,
                    rest: false,
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

    // ---- members -----------------------------------------------------------------------------

    /// Reads what lies inside another type or a namespace: no rows of a table.
    fn inside<T>(&self, read: impl FnOnce() -> T) -> T {
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
    fn field_annotations(&self, node: swc_common::Span, name: swc_common::Span) -> FieldStorage {
        let mut storage = FieldStorage::default();
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
                    self.later(annotation, "leave it out: reads are not faster yet, but right");
                }
                AnnotationName::Unique => {
                    self.later(annotation, "check for an existing row in the function");
                }
                AnnotationName::Scalar(_) => {
                    self.later(annotation, "leave it out; ranges are not checked yet");
                }
                other => self.report(wrong_kind(
                    self.file,
                    annotation.span,
                    other.as_str(),
                    "a field",
                    "fields take `@primkey` and `@perm(perms.R__)`",
                )),
            }
        }
        if let (Some(mask), Some(at)) =
            (storage.perm, taken.iter().find(|a| a.name == AnnotationName::Perm))
        {
            self.check_readable(mask, at.span);
        }
        storage
    }

    /// `Primkey<…>`, `Perm<…, 'R__'>` around a field's type.
    fn field_wrappers(&self, ty: &TsType, storage: &mut FieldStorage) {
        let TsType::TsTypeRef(reference) = ty else { return };
        let name = entity_name(&reference.type_name);
        let Some(arguments) = reference.type_params.as_deref() else { return };
        let at = span(reference.span);
        match self.names.meaning_of_path(&name) {
            Some(wrapper @ ("Primkey" | "Perm")) if self.inner.get() => {
                self.report(wrapper_in_inner_type(self.file, at, wrapper));
            }
            Some("Primkey") => storage.primary_key = true,
            Some("Perm") => {
                let mask = arguments.params.get(1).map(|t| match &**t {
                    TsType::TsLitType(literal) => match &literal.lit {
                        TsLit::Str(s) => {
                            s.value.as_str().map(|s| (s.to_owned(), span(s_span(&literal.lit))))
                        }
                        _ => None,
                    },
                    _ => None,
                });
                match mask {
                    Some(Some((mask, at))) => match perms::by_name(&mask) {
                        Some(mask) => {
                            storage.perm = Some(mask);
                            self.check_readable(mask, at);
                        }
                        None => self.report(super::diagnostics::unknown_perm(self.file, at, &mask)),
                    },
                    _ => self.report(super::diagnostics::not_constant(
                        self.file,
                        at,
                        "the mask in `Perm<…, 'R__'>`",
                    )),
                }
            }
            Some("Index") => {
                self.report(not_available(
                    self.file,
                    at,
                    "`Index<…>`",
                    "leave it out: reads are not faster yet, but right",
                ));
            }
            Some("Unique") => {
                self.report(not_available(
                    self.file,
                    at,
                    "`Unique<…>`",
                    "check for an existing row in the function",
                ));
            }
            _ => return,
        }
        if let Some(inner) = arguments.params.first() {
            self.field_wrappers(inner, storage);
        }
    }

    fn check_readable(&self, mask: u8, at: Span) {
        if mask & perms::READ == 0 {
            self.report(unreadable_field(self.file, at));
        }
    }

    // ---- declarations ------------------------------------------------------------------------

    /// `outer` spans the declaration with its `export`.
    pub fn interface(
        &self,
        interface: &TsInterfaceDecl,
        outer: swc_common::Span,
    ) -> TypeDeclaration {
        let annotated =
            !self.inner.get() && self.type_annotations(outer, interface.id.span, "an interface");
        let mut extends = Vec::new();
        for parent in &interface.extends {
            self.storage_parent(parent);
            if let Some(parent) = self.parent(parent) {
                extends.push(parent);
            }
        }
        let members = self.members(&interface.body.body);
        TypeDeclaration {
            name: interface.id.sym.to_string(),
            entity: annotated || has_storage(&members),
            kind: TypeDeclarationKind::Interface { extends, members },
            type_parameters: self.type_parameters(interface.type_params.as_deref()),
            docs: self.docs(outer.lo),
            span: span(interface.id.span),
        }
    }

    fn parent(&self, parent: &TsExprWithTypeArgs) -> Option<TypeExpr> {
        let name = expression_path(&parent.expr)?;
        if self.is_storage_parent(&name) {
            return None;
        }
        Some(TypeExpr::Reference {
            name,
            arguments: self.type_arguments(parent.type_args.as_deref()),
            span: span(parent.span),
        })
    }

    fn is_storage_parent(&self, name: &str) -> bool {
        self.is_ours(name) && matches!(self.names.meaning_of_path(name), Some("Owned" | "Table"))
    }

    fn storage_parent(&self, parent: &TsExprWithTypeArgs) {
        if let Some(name) =
            expression_path(&parent.expr).filter(|name| self.is_storage_parent(name))
        {
            let instead = if name.ends_with("Owned") {
                "compare a field with `ctx.owner` in the functions"
            } else {
                "name the type after its table: `User` is kept in `users`"
            };
            self.report(not_available(self.file, span(parent.span), &format!("`{name}`"), instead));
        }
    }

    /// Annotations before an interface or class.
    fn type_annotations(
        &self,
        outer: swc_common::Span,
        name: swc_common::Span,
        what: &str,
    ) -> bool {
        let taken = self.annotations.take(outer, name);
        for (i, annotation) in taken.iter().enumerate() {
            self.check_repeated(&taken[..i], annotation);
            match &annotation.name {
                AnnotationName::Owned => {
                    self.later(annotation, "compare a field with `ctx.owner` in the functions");
                }
                AnnotationName::Table => self
                    .later(annotation, "name the type after its table: `User` is kept in `users`"),
                AnnotationName::Backend => self.report(wrong_kind(
                    self.file,
                    annotation.span,
                    "backend",
                    what,
                    "write it before each function or method that clients may call",
                )),
                other => self.report(wrong_kind(
                    self.file,
                    annotation.span,
                    other.as_str(),
                    what,
                    "interfaces and classes take `@owned` and `@table(\"…\")`",
                )),
            }
        }
        !taken.is_empty()
    }

    pub fn alias(&self, alias: &TsTypeAliasDecl, outer: swc_common::Span) -> TypeDeclaration {
        let ty = match &*alias.type_ann {
            TsType::TsTypeLit(literal) => TypeExpr::Object(self.members(&literal.members)),
            ty => self.ty(ty),
        };
        let entity = matches!(&ty, TypeExpr::Object(members) if has_storage(members));
        TypeDeclaration {
            name: alias.id.sym.to_string(),
            kind: TypeDeclarationKind::Alias(ty),
            type_parameters: self.type_parameters(alias.type_params.as_deref()),
            docs: self.docs(outer.lo),
            span: span(alias.id.span),
            entity,
        }
    }

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

    pub fn namespace(
        &self,
        module: &TsModuleDecl,
        outer: swc_common::Span,
    ) -> Option<TypeDeclaration> {
        let (TsModuleName::Ident(id), Some(TsNamespaceBody::TsModuleBlock(block))) =
            (&module.id, &module.body)
        else {
            return None;
        };
        let declarations = block.body.iter().filter_map(|item| match item {
            ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(export)) => {
                self.type_declaration(&export.decl, export.span)
            }
            ModuleItem::Stmt(Stmt::Decl(decl)) => self.type_declaration(decl, decl.span()),
            _ => None,
        });
        let declarations = self.inside(|| declarations.collect());
        Some(TypeDeclaration {
            name: id.sym.to_string(),
            kind: TypeDeclarationKind::Namespace(declarations),
            type_parameters: Vec::new(),
            docs: self.docs(outer.lo),
            span: span(id.span),
            entity: false,
        })
    }

    pub fn type_declaration(
        &self,
        decl: &Decl,
        outer: swc_common::Span,
    ) -> Option<TypeDeclaration> {
        match decl {
            Decl::TsInterface(interface) => Some(self.interface(interface, outer)),
            Decl::TsTypeAlias(alias) => Some(self.alias(alias, outer)),
            Decl::TsEnum(decl) => Some(self.enumeration(decl, outer)),
            Decl::TsModule(module) => self.namespace(module, outer),
            Decl::Class(class) => Some(self.class(&class.class, &class.ident, outer)),
            Decl::Fn(_) | Decl::Var(_) | Decl::Using(_) => None,
        }
    }

    /// The public instance side of a class.
    pub fn class(
        &self,
        class: &Class,
        ident: &swc_ecma_ast::Ident,
        outer: swc_common::Span,
    ) -> TypeDeclaration {
        let annotated = !self.inner.get() && self.type_annotations(outer, ident.span, "a class");
        let mut members = Vec::new();
        for member in &class.body {
            match member {
                ClassMember::ClassProp(prop) => {
                    let mut storage = self.field_annotations(prop.span, prop.key.span());
                    if !is_public(prop.accessibility) || prop.is_static {
                        continue;
                    }
                    let Some(key) = constant::property_key(&prop.key) else { continue };
                    let ty = match &prop.type_ann {
                        Some(t) => {
                            self.field_wrappers(&t.type_ann, &mut storage);
                            self.ty(&t.type_ann)
                        }
                        None => prop.value.as_deref().and_then(literal_default).unwrap_or_else(any),
                    };
                    members.push(Member {
                        kind: MemberKind::Property {
                            key,
                            optional: prop.is_optional,
                            readonly: prop.readonly,
                            ty,
                            storage,
                        },
                        docs: self.docs(prop.span.lo),
                        span: span(prop.span),
                    });
                }
                ClassMember::Method(method)
                    if is_public(method.accessibility) && !method.is_static =>
                {
                    let Some(key) = constant::property_key(&method.key) else { continue };
                    let kind = match method.kind {
                        MethodKind::Method => {
                            let mut signature = self.function_type(&method.function);
                            if signature.result.is_none() {
                                signature.result = Some(any());
                            }
                            MemberKind::Method { key, optional: method.is_optional, signature }
                        }
                        MethodKind::Getter => MemberKind::Getter {
                            key,
                            ty: self
                                .annotation(method.function.return_type.as_deref())
                                .unwrap_or_else(any),
                        },
                        MethodKind::Setter => continue,
                    };
                    members.push(Member {
                        kind,
                        docs: self.docs(method.span.lo),
                        span: span(method.span),
                    });
                }
                ClassMember::Constructor(constructor) => {
                    for param in &constructor.params {
                        let ParamOrTsParamProp::TsParamProp(prop) = param else { continue };
                        let TsParamPropParam::Ident(ident) = &prop.param else { continue };
                        if is_public(prop.accessibility) {
                            members.push(Member {
                                kind: MemberKind::Property {
                                    key: Key::Name(ident.id.sym.to_string()),
                                    optional: ident.id.optional,
                                    readonly: prop.readonly,
                                    ty: self
                                        .annotation(ident.type_ann.as_deref())
                                        .unwrap_or_else(any),
                                    storage: FieldStorage::default(),
                                },
                                docs: self.docs(prop.span.lo),
                                span: span(prop.span),
                            });
                        }
                    }
                }
                _ => {}
            }
        }
        let extends = class.super_class.as_deref().and_then(expression_path).map(|name| {
            TypeExpr::Reference {
                name,
                arguments: self.type_arguments(class.super_type_params.as_deref()),
                span: span(class.span),
            }
        });
        TypeDeclaration {
            name: ident.sym.to_string(),
            entity: annotated || has_storage(&members),
            kind: TypeDeclarationKind::Class { extends, members },
            type_parameters: self.type_parameters(class.type_params.as_deref()),
            docs: self.docs(outer.lo),
            span: span(ident.span),
        }
    }
}

impl Extractor<'_> {
    /// A class as a value: its constructor and its public static members. None where a type is
    /// missing, or comes from a parent.
    pub fn class_value(&self, class: &Class, ident: &swc_ecma_ast::Ident) -> Option<TypeExpr> {
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

fn s_span(lit: &TsLit) -> swc_common::Span {
    lit.span()
}

fn is_public(accessibility: Option<Accessibility>) -> bool {
    matches!(accessibility, None | Some(Accessibility::Public))
}

fn is_enum_value(value: &ConstantValue) -> bool {
    matches!(value, ConstantValue::Number(_) | ConstantValue::String(_))
}

fn has_storage(members: &[Member]) -> bool {
    members.iter().any(|m| {
        matches!(&m.kind, MemberKind::Property { storage, .. } if storage.primary_key || storage.perm.is_some())
    })
}

fn any() -> TypeExpr {
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
fn expression_path(expr: &Expr) -> Option<String> {
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

fn expression_key(expr: &Expr, computed: bool) -> Option<Key> {
    match expr {
        Expr::Ident(ident) if !computed => Some(Key::Name(ident.sym.to_string())),
        Expr::Lit(Lit::Str(s)) => Some(Key::Name(s.value.as_str()?.to_owned())),
        Expr::Lit(Lit::Num(n)) => Some(Key::Number(constant::number_text(n.value))),
        _ => expression_path(expr).map(Key::Computed),
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

/// What a scalar annotation type is to TypeScript.
fn scalar_base(name: &str) -> Option<&'static str> {
    match name {
        "Int8" | "Int16" | "Int32" | "Uint8" | "Uint16" | "Uint32" | "Float32" | "Float64" => {
            Some("number")
        }
        "Int64" | "Uint64" => Some("bigint"),
        _ => None,
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
