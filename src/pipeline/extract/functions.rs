//! Backend functions: `@backend` before functions and methods, and `backend(…)` around them.
//!
//! Input:
//! ```ts
//! /// Finds a user.
//! @backend({ egroup: 'api-v1' }) export async function getUser(id: string): Promise<User> { … }
//! export const getUser = backend({ egroup: 'api-v1' }, async (id: string): Promise<User> => { … });
//! ```
//! Output: a `BackendFunction` each.

use swc_common::{Span as SwcSpan, Spanned};
use swc_ecma_ast::{
    Accessibility, ArrowExpr, ArrowFunctionBody, CallExpr, Class, ClassMember, ClassMethod, Expr,
    FnDecl, Function, Ident, MethodKind, ParamOrTsParamProp, Pat, ThisExpr, TsType,
};
use swc_ecma_visit::{Visit, VisitWith};

use super::{
    Extractor,
    arguments::{Backend, is_reserved_route_part},
    diagnostics::{
        Untyped, constructor_with_parameters, invalid_route_name, items_without_type, method_kind,
        misplaced_call, nameless_default, not_a_function, parameter_without_type, positional,
        reserved_name, result_without_type, this_in_function, this_in_static, wrong_kind,
    },
    infer,
};
use crate::{
    model::{
        Span,
        contract::{BackendFunction, FunctionKind, Signature},
        shape::Scalar,
        types::{FunctionType, Key, Parameter, TypeExpr},
    },
    source::{Annotation, AnnotationName, span},
};

/// What is told apart of a function, arrow or method.
struct Parts<'f> {
    ty: FunctionType,
    params: Vec<&'f Pat>,
    body: Option<infer::Body<'f>>,
    is_async: bool,
    is_generator: bool,
    class: Option<&'f str>,
}

impl Extractor<'_> {
    fn function_parts<'f>(&self, function: &'f Function) -> Parts<'f> {
        Parts {
            ty: self.function_type(function),
            params: function.params.iter().map(|p| &p.pat).collect(),
            body: function.body.as_ref().map(|b| infer::Body::Block(&b.stmts)),
            is_async: function.is_async,
            is_generator: function.is_generator,
            class: None,
        }
    }

    fn arrow_parts<'f>(&self, arrow: &'f ArrowExpr) -> Parts<'f> {
        Parts {
            ty: self.arrow_type(arrow),
            params: arrow.params.iter().collect(),
            body: Some(match &*arrow.body {
                ArrowFunctionBody::FunctionBody(body) => infer::Body::Block(&body.stmts),
                ArrowFunctionBody::Expr(expr) => infer::Body::Expr(expr),
            }),
            is_async: arrow.is_async,
            is_generator: arrow.is_generator,
            class: None,
        }
    }

    /// The `@backend` before a declaration, if there is one; other annotations there are errors.
    fn backend_annotation(
        &self,
        outer: SwcSpan,
        name: SwcSpan,
        what: &str,
    ) -> Option<(Backend, Span)> {
        let taken = self.annotations.take(outer, name);
        let mut found = None;
        for (i, annotation) in taken.iter().enumerate() {
            self.check_repeated(&taken[..i], annotation);
            if annotation.name == AnnotationName::Backend {
                let backend = self.backend(annotation.arguments.as_deref().unwrap_or_default());
                found.get_or_insert((backend, annotation.span));
            } else {
                self.misplaced(annotation, what);
            }
        }
        found
    }

    fn misplaced(&self, annotation: &Annotation, what: &str) {
        let name = annotation.name.as_str();
        let help = format!("`@{name}` stands before {}", super::belongs(annotation.name));
        self.report(wrong_kind(self.file, annotation.span, name, what, &help));
    }

    /// A function declaration, after its overloads. `outer` spans each with its `export`.
    pub fn function_declaration(
        &self,
        overloads: &[(&FnDecl, SwcSpan)],
        implementation: (&FnDecl, SwcSpan),
        default: bool,
    ) {
        let (declaration, outer) = implementation;
        let mut marked = None;
        for (declaration, outer) in overloads.iter().copied().chain([implementation]) {
            let found = self.backend_annotation(outer, declaration.ident.span, "a function");
            match (&marked, found) {
                (None, found) => marked = found,
                (Some((_, first)), Some((_, second))) => {
                    self.report(super::diagnostics::repeated(
                        self.file, second, *first, "@backend",
                    ));
                }
                (Some(_), None) => {}
            }
        }
        let Some((backend, annotation)) = marked else { return };
        let docs = overloads
            .iter()
            .map(|(_, outer)| outer.lo)
            .chain([outer.lo])
            .find_map(|lo| self.docs(lo));
        let parts = self.function_parts(&declaration.function);
        let name = declaration.ident.sym.to_string();
        self.check_this(&declaration.function);
        let function = BackendFunction {
            class: None,
            kind: FunctionKind::Function,
            default_export: default,
            overloads: overloads
                .iter()
                .map(|(overload, outer)| {
                    self.signature(
                        &self.function_parts(&overload.function),
                        overload.ident.span,
                        self.docs(outer.lo),
                    )
                })
                .collect(),
            signature: self.signature(&parts, declaration.ident.span, docs),
            span: span(declaration.ident.span),
            annotation,
            body: span(declaration.function.span),
            wrapped: false,
            route: backend.route,
            ugroup: backend.ugroup,
            egroup: backend.egroup,
            perm: backend.perm,
            isolation: backend.isolation,
            retry: backend.retry,
            name,
        };
        self.add_function(function, &parts);
    }

    /// `export default [@backend] async function [name]() {}`.
    pub fn default_function(&self, ident: Option<&Ident>, function: &Function, outer: SwcSpan) {
        // A nameless function has no name to stop at: its parameters or body come first.
        let name_span = ident.map_or_else(|| function_head_end(function), |i| i.span);
        let Some((backend, annotation)) = self.backend_annotation(outer, name_span, "a function")
        else {
            return;
        };
        self.check_this(function);
        let parts = self.function_parts(function);
        let at = ident.map_or_else(|| span(function.span), |i| span(i.span));
        if ident.is_none() && backend.route.is_none() {
            self.report(nameless_default(self.file, annotation));
        }
        let function = BackendFunction {
            name: ident.map_or_else(|| "default".to_owned(), |i| i.sym.to_string()),
            class: None,
            kind: FunctionKind::Function,
            default_export: true,
            overloads: Vec::new(),
            signature: self.signature(
                &parts,
                name_span,
                self.docs(outer.lo).or_else(|| self.docs(function.span.lo)),
            ),
            span: at,
            annotation,
            body: span(function.span),
            wrapped: false,
            route: backend.route,
            ugroup: backend.ugroup,
            egroup: backend.egroup,
            perm: backend.perm,
            isolation: backend.isolation,
            retry: backend.retry,
        };
        self.add_function(function, &parts);
    }

    /// `[export] const name = backend(…)`, or `export default backend(…)` without a name.
    pub fn wrapped_function(&self, name: Option<&Ident>, call: &CallExpr, outer: SwcSpan) {
        let at = name.map_or_else(|| span(call.callee.span()), |i| span(i.span));
        let callee = span(call.callee.span());
        let (function, options) = match call.args.as_slice() {
            [function] if function.spread.is_none() => (function, &[][..]),
            [options, function] if options.spread.is_none() && function.spread.is_none() => {
                (function, std::slice::from_ref(options))
            }
            [] => return self.report(not_a_function(self.file, callee)),
            [.., last] => {
                return self.report(positional(
                    self.file,
                    span(last.expr.span()),
                    "backend",
                    &["perm"],
                ));
            }
        };
        let mut expr = &*function.expr;
        while let Expr::Paren(paren) = expr {
            expr = &paren.expr;
        }
        let parts = match expr {
            Expr::Arrow(arrow) => {
                self.check_this(arrow);
                self.arrow_parts(arrow)
            }
            Expr::Fn(function) => {
                self.check_this(&function.function);
                self.function_parts(&function.function)
            }
            other => return self.report(not_a_function(self.file, span(other.span()))),
        };
        let backend = self.backend(options);
        if name.is_none() && backend.route.is_none() {
            self.report(nameless_default(self.file, callee));
        }
        let name_span = name.map_or(call.callee.span(), |i| i.span);
        let function = BackendFunction {
            name: name.map_or_else(|| "default".to_owned(), |i| i.sym.to_string()),
            class: None,
            kind: FunctionKind::Function,
            default_export: name.is_none(),
            overloads: Vec::new(),
            signature: self.signature(&parts, name_span, self.docs(outer.lo)),
            span: at,
            annotation: callee,
            body: span(call.span),
            wrapped: true,
            route: backend.route,
            ugroup: backend.ugroup,
            egroup: backend.egroup,
            perm: backend.perm,
            isolation: backend.isolation,
            retry: backend.retry,
        };
        self.add_function(function, &parts);
    }

    /// The `@backend` methods of a top-level class.
    pub fn methods(&self, class: &Class, name: Option<&Ident>) {
        let mut first_instance = None;
        let mut overloads: Vec<&ClassMethod> = Vec::new();
        let mut marked: Option<(Backend, Span)> = None;
        for member in &class.body {
            let (node, key) = match member {
                ClassMember::Method(m) => (m.span, m.key.span()),
                ClassMember::PrivateMethod(m) => (m.span, m.key.span),
                ClassMember::Constructor(m) => (m.span, m.key.span()),
                // Fields with storage annotations are read with the class's type.
                ClassMember::ClassProp(prop) => {
                    if let Some(Expr::Call(call)) = prop.value.as_deref()
                        && self.names.is_call(call, "backend")
                    {
                        self.report(misplaced_call(self.file, span(call.callee.span()), "backend"));
                        self.consumed.borrow_mut().insert(call.span.lo);
                    }
                    continue;
                }
                _ => continue,
            };
            if let Some(found) = self.backend_annotation(node, key, "a method") {
                match &marked {
                    None => marked = Some(found),
                    Some((_, first)) => {
                        self.report(super::diagnostics::repeated(
                            self.file, found.1, *first, "@backend",
                        ));
                    }
                }
            }
            let ClassMember::Method(method) = member else {
                if let Some((_, at)) = marked.take() {
                    let what = if matches!(member, ClassMember::Constructor(_)) {
                        "a constructor"
                    } else {
                        "a `#private` method"
                    };
                    self.report(method_kind(self.file, at, what));
                }
                continue;
            };
            if method.function.body.is_none() && !method.is_abstract {
                overloads.push(method);
                continue;
            }
            let overloads = std::mem::take(&mut overloads);
            let Some((backend, annotation)) = marked.take() else { continue };
            let mut parts = self.function_parts(&method.function);
            parts.class = name.map(|n| n.sym.as_str());
            let docs = overloads
                .iter()
                .copied()
                .chain([method])
                .find_map(|method| self.docs(method.span.lo));
            let what = match (method.kind, method.accessibility, method.is_abstract) {
                (MethodKind::Getter, ..) => Some("a getter"),
                (MethodKind::Setter, ..) => Some("a setter"),
                (_, Some(Accessibility::Private), _) => Some("a private method"),
                (_, Some(Accessibility::Protected), _) => Some("a protected method"),
                (_, _, true) => Some("an abstract method"),
                _ => None,
            };
            let method_name = method_key(method);
            let (None, Some(Key::Name(method_name)), Some(class_name)) = (what, method_name, name)
            else {
                let what = what.unwrap_or(if name.is_none() {
                    "a method of a nameless class"
                } else if method_key(method).is_some() {
                    "a method with a number for a name"
                } else {
                    "a method with a computed name"
                });
                self.report(method_kind(self.file, annotation, what));
                continue;
            };
            if !method.is_static {
                first_instance.get_or_insert(span(key));
            } else if let Some(at) = find_this(&*method.function) {
                self.report(this_in_static(self.file, at, &class_name.sym));
            }
            if backend.route.is_none() && !is_method_name(&method_name) {
                self.report(invalid_route_name(self.file, span(key), &method_name));
            }
            let function = BackendFunction {
                name: method_name,
                class: Some(class_name.sym.to_string()),
                kind: if method.is_static { FunctionKind::Static } else { FunctionKind::Instance },
                default_export: false,
                overloads: overloads
                    .iter()
                    .map(|overload| {
                        self.signature(
                            &self.function_parts(&overload.function),
                            overload.key.span(),
                            self.docs(overload.span.lo),
                        )
                    })
                    .collect(),
                signature: self.signature(&parts, key, docs),
                span: span(key),
                annotation,
                body: span(method.function.span),
                wrapped: false,
                route: backend.route,
                ugroup: backend.ugroup,
                egroup: backend.egroup,
                perm: backend.perm,
                isolation: backend.isolation,
                retry: backend.retry,
            };
            self.add_function(function, &parts);
        }
        if let (Some(method), Some(name)) = (first_instance, name) {
            for member in &class.body {
                if let ClassMember::Constructor(constructor) = member
                    && constructor.body.is_some()
                    && constructor.params.iter().any(is_required)
                {
                    self.report(constructor_with_parameters(
                        self.file,
                        span(constructor.key.span()),
                        &name.sym,
                        method,
                    ));
                }
            }
        }
    }

    fn add_function(&self, function: BackendFunction, parts: &Parts<'_>) {
        if function.route.is_none() && is_reserved_route_part(&function.name) {
            self.report(invalid_route_name(self.file, function.span, &function.name));
        }
        if parts.is_generator && !parts.is_async {
            let help = "write `async function*`, whose items are streamed, or return an array";
            self.report(wrong_kind(self.file, function.annotation, "backend", "a generator", help));
        }
        self.functions.borrow_mut().push(function);
    }

    /// A leading `this: void` is dropped; missing types are errors or inferred.
    fn signature(&self, parts: &Parts<'_>, name: SwcSpan, docs: Option<String>) -> Signature {
        let mut parameters: Vec<Parameter> = parts.ty.parameters.clone();
        for (pattern, parameter) in parts.params.iter().zip(&mut parameters) {
            parameter.scalar = self.parameter_annotations(pattern);
        }
        if parameters.first().is_some_and(|p| p.name == "this") {
            parameters.remove(0);
        }
        rename_patterns(&mut parameters);
        for parameter in &mut parameters {
            // The stub has them too, and calls `__kontract_rpc`.
            if parameter.name.starts_with("__kontract") {
                self.report(reserved_name(self.file, parameter.span, &parameter.name));
            }
            if parameter.ty.is_none() {
                let name = parameter.name.as_str();
                let what = if parameter.rest {
                    Untyped::Rest(name)
                } else if self
                    .text
                    .as_bytes()
                    .get(parameter.span.start as usize)
                    .is_some_and(|b| matches!(b, b'{' | b'['))
                {
                    Untyped::Pattern
                } else {
                    Untyped::Named(name)
                };
                self.report(parameter_without_type(self.file, parameter.span, what));
                parameter.ty = Some(unknown());
            }
        }
        let declared = match &parts.ty.result {
            // An error already.
            _ if parts.is_generator && !parts.is_async => Some(unknown()),
            None | Some(TypeExpr::Keyword(_)) if parts.is_generator => {
                self.report(items_without_type(self.file, span(name)));
                Some(unknown())
            }
            declared => declared.clone(),
        };
        let result = declared.or_else(|| {
            let inferred = parts.body.and_then(|body| {
                let subject = infer::Subject {
                    patterns: &parts.params,
                    parameters: &parameters,
                    body,
                    class: parts.class,
                };
                let ty = self.result_of(&subject);
                ty.map(|ty| if parts.is_async { infer::promise(ty) } else { ty })
            });
            if inferred.is_none() {
                let text = self
                    .text
                    .get(span(name).start as usize..span(name).end as usize)
                    .filter(|text| !text.is_empty() && text.len() <= 64);
                let text =
                    text.map_or_else(|| "the function".to_owned(), |text| format!("`{text}`"));
                self.report(result_without_type(self.file, span(name), &text));
            }
            inferred.or_else(|| Some(unknown()))
        });
        Signature { docs, type_parameters: parts.ty.type_parameters.clone(), parameters, result }
    }

    /// Before a parameter.
    fn parameter_annotations(&self, pattern: &Pat) -> Option<Scalar> {
        let at = pattern.span().with_hi(pattern.span().lo);
        let found = self.scalar_annotation(at, at);
        for annotation in self.annotations.take(at, at) {
            if !matches!(annotation.name, AnnotationName::Scalar(_)) {
                self.misplaced(annotation, "a parameter");
            }
        }
        found
    }

    fn check_this(&self, function: &impl VisitWith<FindThis>) {
        if let Some(at) = find_this(function) {
            self.report(this_in_function(self.file, at));
        }
    }
}

fn unknown() -> TypeExpr {
    TypeExpr::Keyword("unknown".to_owned())
}

fn method_key(method: &ClassMethod) -> Option<Key> {
    super::constant::property_key(&method.key)
}

/// Letters of any script: function names have them too.
fn is_method_name(name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    name.chars().all(is_part) && !name.starts_with(|c: char| c.is_numeric())
}

/// The end of `async function` in a nameless function.
fn function_head_end(function: &Function) -> SwcSpan {
    let end = function
        .params
        .first()
        .map(|p| p.span.lo)
        .or_else(|| function.body.as_ref().map(|b| b.span.lo));
    let end = end.unwrap_or(function.span.hi);
    SwcSpan::new(end, end)
}

fn is_required(param: &ParamOrTsParamProp) -> bool {
    match param {
        ParamOrTsParamProp::Param(param) => match &param.pat {
            Pat::Ident(ident) => !ident.id.optional,
            Pat::Assign(_) | Pat::Rest(_) => false,
            _ => true,
        },
        ParamOrTsParamProp::TsParamProp(prop) => match &prop.param {
            swc_ecma_ast::TsParamPropParam::Ident(ident) => !ident.id.optional,
            swc_ecma_ast::TsParamPropParam::Assign(_) => false,
        },
    }
}

/// A destructured parameter is called `input`, or `input0`, `input1` … where there are several.
fn rename_patterns(parameters: &mut [Parameter]) {
    let is_pattern = |p: &Parameter, i: usize| p.name == format!("arg{i}");
    let several = parameters.iter().enumerate().filter(|(i, p)| is_pattern(p, *i)).count() > 1;
    for i in 0..parameters.len() {
        if is_pattern(&parameters[i], i) {
            let mut name = if several { format!("input{i}") } else { "input".to_owned() };
            while parameters.iter().any(|p| p.name == name) {
                name.push('_');
            }
            parameters[i].name = name;
        }
    }
}

/// Where a function's own parameters and body say `this`.
fn find_this(function: &impl VisitWith<FindThis>) -> Option<Span> {
    let mut finder = FindThis(None);
    function.visit_children_with(&mut finder);
    finder.0.map(span)
}

/// `this` of the function itself, not of functions and classes inside it.
struct FindThis(Option<SwcSpan>);

impl Visit for FindThis {
    fn visit_this_expr(&mut self, this: &ThisExpr) {
        self.0.get_or_insert(this.span);
    }
    fn visit_function(&mut self, _: &Function) {}
    fn visit_class(&mut self, _: &Class) {}
    fn visit_ts_type(&mut self, _: &TsType) {}
}
